"""The model of relevance: features, monotone, fitted, kept."""

import json

import numpy as np
import pytest

from search.ranking.profile import RankingProfile, profile_for
from search.ranking.relevance import (
    FEATURES,
    MONOTONE,
    QueryFacts,
    Regression,
    background,
    features,
    fit_regression,
)
from search.stores.base import Stories

FACTS = QueryFacts(articles=1000, words=2)
SHIPPED = "35d47fc0df16072e"


def stories(cosines, *, words=None, shares=None, nearest=None):
    cosines = np.array(cosines, np.float64).reshape(len(cosines), -1)
    count = len(cosines)
    return Stories(
        ids=tuple(f"a{n}" for n in range(count)),
        days=np.zeros(count, np.int64),
        words=np.zeros(count) if words is None else np.array(words, np.float64),
        shares=np.zeros((count, 4)) if shares is None else np.array(shares, np.float64),
        cosines=cosines,
        nearest=tuple(np.sort(column[~np.isnan(column)])[::-1] for column in cosines.T)
        if nearest is None
        else nearest,
    )


def column(values, name):
    return values[:, FEATURES.index(name)]


def test_the_background_is_behind_the_twentieth():
    assert background(np.array([0.9] * 20 + [0.5] * 80 + [0.1] * 100)) == pytest.approx(0.5)
    assert background(np.array([0.9, 0.5])) == pytest.approx(0.5)
    assert background(np.zeros(0)) == 0.0


def test_the_background_of_a_short_list_is_drawn_towards_what_is_usual():
    assert background(np.array([0.9]), 0.7) == pytest.approx(0.7)
    assert background(np.array([0.9, 0.76]), 0.7) == pytest.approx(0.71)
    assert background(np.zeros(0), 0.7) == pytest.approx(0.7)
    many = np.array([0.9] * 20 + [0.5] * 80)
    assert background(many, 0.7) == pytest.approx((80 * 0.5 + 5 * 0.7) / 85)


def test_features_say_how_far_a_story_stands_out():
    values = features(stories([0.9, 0.8, 0.6, 0.6]), FACTS)
    assert values.shape == (4, len(FEATURES))
    assert column(values, "lift").tolist() == pytest.approx([0.3, 0.2, 0.0, 0.0])
    assert column(values, "lift share").tolist() == pytest.approx([1, 2 / 3, 0, 0])


def test_a_story_without_a_vector_is_no_nearer_than_the_background():
    values = features(stories([0.9, 0.5, float("nan")], words=[0, 0, 3]), FACTS)
    assert column(values, "lift")[2] == pytest.approx(0)
    assert column(values, "words share").tolist() == [0, 0, 1]
    assert np.isfinite(values).all()


def test_without_vectors_only_words_count():
    found = stories([0.9], words=[2.0], shares=[[1, 0.5, 0, 1]])
    found = Stories(found.ids, found.days, found.words, found.shares, np.zeros((1, 0)), ())
    values = features(found, FACTS)
    assert column(values, "cosine")[0] == 0
    assert column(values, "held")[0] == 1
    assert column(values, "in title")[0] == 0.5


def test_no_stories_have_no_features():
    empty = Stories(
        (), np.zeros(0, np.int64), np.zeros(0), np.zeros((0, 4)), np.zeros((0, 1)), (np.zeros(0),)
    )
    assert features(empty, FACTS).shape == (0, len(FEATURES))


def test_a_fitted_model_finds_what_tells_and_never_counts_it_against_a_story():
    rng = np.random.default_rng(3)
    values = rng.random((2000, len(FEATURES)))
    telling, against = FEATURES.index("lift"), FEATURES.index("held")
    odds = 8 * values[:, telling] - 4 - 3 * values[:, against]
    labels = (rng.random(2000) < 1 / (1 + np.exp(-odds))).astype(float)
    model = fit_regression(values, labels, np.ones(2000), used=FEATURES, penalty=1e-4)
    assert model.coefficients[telling] == pytest.approx(8, abs=2)
    assert model.coefficients[against] == 0  # it would be negative
    found = model.probabilities(values)
    assert found[labels > 0].mean() > found[labels == 0].mean() + 0.2
    assert found.mean() == pytest.approx(labels.mean(), abs=0.02)  # calibrated


def test_labels_between_count_in_part():
    values = np.zeros((100, len(FEATURES)))
    model = fit_regression(values, np.full(100, 0.3), np.ones(100), used=["lift"], penalty=1e-3)
    assert model.probabilities(values)[0] == pytest.approx(0.3, abs=0.01)


@pytest.mark.parametrize("mode", ["hybrid", "words", "meaning"])
@pytest.mark.parametrize("kind", ["own", "across"])
def test_more_of_what_speaks_for_a_story_never_makes_it_less_likely(mode, kind):
    model = profile_for(SHIPPED).relevance[mode][kind]
    assert all(model.coefficients[FEATURES.index(name)] >= 0 for name in MONOTONE)
    assert (model.coefficients != 0).any()


def test_a_model_is_kept_as_json():
    model = Regression(-1.5, np.arange(len(FEATURES), dtype=np.float64))
    again = Regression.from_json(json.loads(json.dumps(model.to_json())))
    assert again.intercept == -1.5
    assert again.coefficients.tolist() == model.coefficients.tolist()
    with pytest.raises(ValueError, match="no features called colour"):
        Regression.from_json({"intercept": 0, "colour": 1})


def test_a_profile_is_kept_as_json():
    shipped = profile_for(SHIPPED)
    again = RankingProfile.from_json(json.loads(json.dumps(shipped.to_json())))
    assert again.to_json() == shipped.to_json()
    assert 0 < again.related < again.match < 1
