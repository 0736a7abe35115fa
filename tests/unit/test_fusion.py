"""The pure functions of ranking, on cases worked out by hand."""

import numpy as np
import pytest
from search.ranking.fusion import Scored, background, feedback_weight, fuse, guard, merge

from search.encoders.language_direction import put_together, take_apart
from search.ranking.profile import RankingProfile


def test_fusion_adds_weighted_scores():
    ranked = fuse({"a": 10.0, "b": 5.0}, {"b": 0.9, "c": 0.85}, {}, word_weight=0.01)
    assert [(s.id, pytest.approx(s.score)) for s in ranked] == [
        ("b", 0.95),
        ("c", 0.85),
        ("a", 0.1),
    ]
    assert ranked[2].cosine is None
    assert ranked[1].words == 0.0


def test_fusion_breaks_ties_by_id():
    assert [s.id for s in fuse({}, {"b": 0.5, "a": 0.5}, {}, word_weight=1)] == ["a", "b"]


def scored(*ids):
    return [Scored(id_, 0.0, 0.0, 0.0) for id_ in ids]


def test_the_best_of_each_list_stays_among_the_first_ten():
    ranked = scored(*"abcdefghijklm")
    assert [s.id for s in guard(ranked, ["m"])] == list("abcdefghimjkl")
    assert [s.id for s in guard(ranked, ["c", "unknown"])] == list("abcdefghijklm")


def test_merging_takes_turns():
    vi = [("v1", 0.9), ("v2", 0.5)]
    en = [("e1", 0.95), ("e2", 0.4), ("e3", 0.3)]
    assert merge([vi, en]) == ["e1", "v1", "v2", "e2", "e3"]
    assert merge([vi, []]) == ["v1", "v2"]


def test_the_background_needs_a_long_list():
    assert background([0.9] * 11) is None
    assert background([0.9] * 20 + [0.5] * 40) == pytest.approx(0.5)
    assert background([0.9] * 6 + [0.5] * 6) == pytest.approx(0.5)


def test_language_is_projected_out():
    profile = RankingProfile(direction=np.array([1, 0, 0], np.float32))
    free = profile.language_free(np.array([[0.6, 0.8, 0]], np.float32))
    np.testing.assert_allclose(free, [[0, 1, 0]], atol=1e-6)
    plain = RankingProfile().language_free(np.array([[0.6, 0.8]], np.float32))
    np.testing.assert_allclose(plain, [[0.6, 0.8]])


def test_a_vector_that_is_all_language_is_left_alone():
    profile = RankingProfile(direction=np.array([1, 0], np.float32))
    vectors = np.array([[1, 0]], np.float32)
    np.testing.assert_allclose(profile.language_free(vectors), vectors)


def test_a_vector_is_taken_apart_and_put_together():
    rng = np.random.default_rng(5)
    vectors = rng.normal(size=(20, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    direction = vectors[0]
    free, languages = take_apart(vectors[1:], direction)
    assert free.dtype == languages.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(free, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(free @ direction, 0, atol=1e-6)
    np.testing.assert_allclose(put_together(free, languages, direction), vectors[1:], atol=1e-6)
    assert take_apart(vectors[:0], direction)[0].shape == (0, 8)
    same, none = take_apart(vectors, ())
    assert same is vectors
    assert put_together(same, none, ()) is vectors


def test_a_story_tells_more_the_further_it_stands_out():
    def weight(*scores):
        return feedback_weight(scores, weight=0.5, least=0.04, full=0.08)

    assert weight(0.9, 0.8, 0.8, 0.8, 0.1) == pytest.approx(0.5)
    assert weight(0.86, 0.8, 0.8, 0.8) == pytest.approx(0.25)
    assert weight(0.83, 0.8) == 0.0
    assert weight(0.9) == 0.0
    assert weight() == 0.0
