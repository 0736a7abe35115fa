"""What makes two articles one story, on cases worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from indexer.linking.counterparts import NEIGHBOURS, days_apart, fit, surroundings
from indexer.linking.pairs import neighbours
from search.ranking.profile import LinkingConstants, RankingProfile, profile_for
from search.records import Article
from search.stores.links import VectorBlock
from search.text.overlap import in_common, marks

CONSTANTS = LinkingConstants(
    usual=0.5, marks=0.01, share=0.1, day=0.001, most_days=14, undated=0.02, least=0.05
)


def article(text, title="", **fields):
    return Article(id="a", lang="vi", title=title, text=text, **fields)


def test_surroundings_leave_the_nearest_out():
    cosines = np.array([[0.9, *[0.7] * NEIGHBOURS]], np.float32)
    np.testing.assert_allclose(surroundings(cosines, 0.5), [0.7], rtol=1e-6)


def test_missing_neighbours_are_as_usual():
    np.testing.assert_allclose(surroundings(np.array([[0.9]], np.float32), 0.5), [0.5])
    few = surroundings(np.array([[0.9, 0.8, 0.6]], np.float32), 0.5)
    np.testing.assert_allclose(few, [(0.8 + 0.6 + 8 * 0.5) / 10], rtol=1e-6)


def test_marks_are_names_and_numbers_in_folded_spelling():
    found = marks("Ông Lương Tam Quang đến Oslo ngày 24/9, ký 3.500 bản. Sau đó về.")
    assert found == {
        "ong": 0.3,
        "luong": 1.0,
        "ong luong": 1.0,
        "tam": 0.3,
        "luong tam": 1.0,
        "quang": 1.0,
        "tam quang": 1.0,
        "oslo": 0.3,
        "24": 0.3,
        "3500": 1.0,
    }  # "Sau" is a function word, and 9 says nothing
    english = marks("Minister Luong Tam Quang signed 3,500 copies in Oslo.")
    weight, share = in_common(found, english)
    assert weight == pytest.approx(5.6)  # luong, quang, two pairs, 3500; tam, oslo
    assert 0 < share <= 1


def test_nothing_in_common():
    assert in_common({}, {}) == (0, 0)
    assert in_common({"a": 1.0}, {"b": 0.3}) == (0, 0)


def test_the_score_is_a_sum():
    assert fit(0.04, (math.e - 1, 0.5), 3, CONSTANTS) == pytest.approx(0.04 + 0.01 + 0.05 - 0.003)
    assert fit(0.04, (0.0, 0.0), None, CONSTANTS) == pytest.approx(0.02)
    assert fit(0.04, (0.0, 0.0), 14, CONSTANTS) == pytest.approx(0.026)
    assert fit(0.9, (9.0, 1.0), 15, CONSTANTS) == -math.inf


def test_days_apart():
    one, other = article("x", date="2025-03-01"), article("y", date="2025-02-27T23:00:00+07:00")
    assert days_apart(one, other) == 2
    assert days_apart(one, article("z")) is None


def test_neighbours_across_blocks_equal_those_of_one():
    chance = np.random.default_rng(3)
    rows = chance.standard_normal((40, 8)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    near = np.linspace(0, 1, 40, dtype=np.float32)
    ids = tuple(f"e{i:02}" for i in range(40))

    def blocks(size):
        for start in range(0, 40, size):
            part = slice(start, start + size)
            yield VectorBlock(ids[part], rows[part], near[part])

    asked = VectorBlock(("v0", "v1"), rows[[5, 7]], near[:2])
    whole = neighbours(asked, blocks(40), CONSTANTS)
    for size in (1, 3, 17):
        parts = neighbours(asked, blocks(size), CONSTANTS)
        np.testing.assert_array_equal(parts.places, whole.places)
        np.testing.assert_allclose(parts.near, whole.near, atol=1e-6)
    assert whole.places[:, 0].tolist() == [5, 7]
    cosines = np.sort(rows[[5, 7]] @ rows.T, axis=1)[:, ::-1]
    np.testing.assert_allclose(whole.near, cosines[:, 1:11].mean(axis=1), atol=1e-6)
    alone = neighbours(asked, [], CONSTANTS)
    assert alone.places.shape == (2, 0)
    np.testing.assert_allclose(alone.near, [0.5, 0.5])


def test_only_fitted_encoders_have_constants():
    assert RankingProfile().linking is None
    assert profile_for("of no encoder").linking is None
