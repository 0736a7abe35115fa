"""What a story is to a draft, on cases worked out by hand."""

import numpy as np
import pytest

from search.ranking.nearness import (
    FEATURES,
    KINDS,
    NearnessModel,
    Surroundings,
    TextPrint,
    features,
    in_the_same_words,
    usual_nearness,
    whole_of,
)
from search.ranking.relevance import Regression

DISTRICTS = "Phú Tân,Châu Thành,Tri Tôn,Thoại Sơn,Chợ Mới,An Phú,Tịnh Biên,Châu Phú".split(",")
STORY = " ".join(f"Huyện {name} đã gặt xong {len(name) * 7} héc ta lúa." for name in DISTRICTS)


def test_nearness_is_the_way_from_usual_to_identity():
    vectors = np.array([[1, 0], [0, 1], [1, 0]], np.float32)
    around = Surroundings(vectors, np.array([0.5, 0.5, 0.5]), np.array([0.5, 0.5]))
    near = around.nearness(np.array([[1, 0]], np.float32))
    np.testing.assert_allclose(near, [1, -1, 1])


def test_what_is_usual_stands_behind_the_first():
    assert usual_nearness([0.9] * 10 + [0.6] * 30, None) == pytest.approx(0.6)
    assert usual_nearness([0.9] * 12, None) == pytest.approx(0.9)
    assert usual_nearness([], None) == 0
    # A small archive has little that is near.
    assert usual_nearness([0.9, 0.3, 0.3], 0.75) == pytest.approx(0.79)


def test_the_whole_weighs_its_parts():
    whole = whole_of(np.array([[1, 0], [0, 1]], np.float32), np.array([0.5, 0.5]))
    np.testing.assert_allclose(whole, [2**-0.5, 2**-0.5])


def test_features_by_name():
    draft = TextPrint.of("vi", "Ông Lương Tam Quang đến Oslo.")
    story = TextPrint.of("en", "Mr Luong Tam Quang came to Oslo.")
    values = features(np.array([0.2, 0.8, 0.4]), np.array([0.75, 0.25]), draft, story, across=True)
    named = dict(zip(FEATURES, values, strict=True))
    assert named["cover"] == pytest.approx(0.35)
    assert (named["top"], named["whole"], named["across"]) == (0.8, 0.4, 1.0)
    assert 0 < named["names share"] == named["across names"] <= 1


def test_the_same_words():
    story = TextPrint.of("vi", STORY)
    assert in_the_same_words(TextPrint.of("vi", STORY), story)
    cut = " ".join(STORY.split(". ")[:5])
    assert in_the_same_words(TextPrint.of("vi", cut), story)
    assert in_the_same_words(TextPrint.of("vi", f"{STORY} Thêm một câu nữa ở cuối bài."), story)
    assert not in_the_same_words(TextPrint.of("en", STORY), story)
    assert not in_the_same_words(TextPrint.of("vi", STORY.replace("đã gặt xong", "mới cấy")), story)
    # A line that is in many stories makes none of them the same.
    assert not in_the_same_words(TextPrint.of("vi", STORY[:40]), story)


def test_two_days_of_one_template_are_two_stories():
    prices = "Giá vàng miếng tại cửa hàng {} sáng nay là {} triệu đồng một lượng, nhích nhẹ."
    days = [
        " ".join(prices.format(name, base + n) for n, name in enumerate(DISTRICTS))
        for base in (1000, 2000)
    ]
    one, other = (TextPrint.of("vi", day) for day in days)
    assert in_the_same_words(one, one)
    assert not in_the_same_words(one, other)


def test_judging():
    weights = np.zeros(len(FEATURES))
    weights[0] = 10.0
    least = {"own": 0.5, "across": 0.9}
    model = NearnessModel(
        Regression(-5.0, weights, FEATURES),
        Regression(-2.0, weights, FEATURES),
        {"event": least, "background": least},
    )
    values = np.zeros((6, len(FEATURES)))
    values[:, 0] = [0.9, 0.9, 0.3, 0.0, 0.55, 0.35]
    values[4:, FEATURES.index("across")] = 1.0
    judged = model.judge(values, [True, *[False] * 5])
    assert [rank for rank, _ in judged] == [0, 1, 2, len(KINDS), 2, len(KINDS)]
    assert judged[3][1] == 0


def test_the_model_that_ships_is_monotone():
    """What speaks for a story never speaks against it."""
    model = NearnessModel.bundled()
    for regression in (model.event, model.background):
        weights = dict(zip(FEATURES, regression.coefficients, strict=True))
        assert all(weights[name] >= 0 for name in FEATURES if name != "across")
    assert model.least.keys() == {"event", "background"}
    assert all(0 < p < 1 for least in model.least.values() for p in least.values())
