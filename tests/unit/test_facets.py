"""Facets and the histogram count all matches, and what is unknown as unknown."""

from datetime import date

import pytest

from search.facets import count_facets, histogram, wider
from search.records import ResultSet, Scored
from search.stores.base import Outline


def story(id_, day=None, zone="match"):
    number = date.fromisoformat(day).toordinal() if day else 0
    return Scored(id_, 0.5, zone, day=number)


def outline(id_, lang, source=None, section=None, authors=()):
    return id_, Outline(id_, lang, None, source, section, authors)


FOUND = ResultSet(
    {
        "vi": [
            story("a", "2024-12-31"),
            story("b", "2025-01-01"),
            story("c"),
            story("r", "2020-01-01", "related"),
        ],
        "en": [story("x", "2025-03-05"), story("y", "2025-03-05")],
    },
    {},
)
OUTLINES = dict(
    [
        outline("a", "vi", "Báo Một", "Thể thao", ("Hòa", "Ann Lee")),
        outline("b", "vi", "Báo Một", "thể thao", ("Hoà",)),
        outline("c", "vi", None, None, ()),
        outline("r", "vi", "Báo Ba"),
        outline("x", "en", "Báo Hai", "The thao", ("ANN LEE", "Ann Lee")),
        # "y" was deleted a moment ago
    ]
)


def counts(values):
    return [(one.value, one.count) for one in values]


def test_every_match_is_counted_once_and_the_unknown_last():
    facets = count_facets(FOUND, OUTLINES)
    assert facets.total == 5
    assert facets.languages == {"vi": 3, "en": 2}
    assert counts(facets.sources) == [("Báo Một", 2), ("Báo Hai", 1), (None, 2)]
    assert counts(facets.years) == [("2024", 1), ("2025", 3), (None, 1)]
    assert counts(facets.months) == [("2024-12", 1), ("2025-01", 1), ("2025-03", 2), (None, 1)]
    for name in ("sources", "sections", "years", "months"):
        assert sum(one.count for one in getattr(facets, name)) == facets.total


def test_names_are_one_where_the_filters_find_them_as_one():
    facets = count_facets(FOUND, OUTLINES)
    assert counts(facets.sections) == [("Thể thao", 3), (None, 2)]
    assert counts(facets.authors) == [("Ann Lee", 2), ("Hoà", 2), (None, 2)]


def test_a_value_has_the_language_of_its_stories():
    facets = count_facets(FOUND, OUTLINES)
    assert [one.lang for one in facets.sources] == ["vi", "en", None]
    assert facets.sections[0].lang is None


def test_facets_as_json():
    assert count_facets(FOUND, OUTLINES).to_json() == {
        "total": 5,
        "languages": {"vi": 3, "en": 2},
        "sources": [
            {"value": "Báo Một", "count": 2},
            {"value": "Báo Hai", "count": 1},
            {"value": None, "count": 2},
        ],
        "sections": [{"value": "Thể thao", "count": 3}, {"value": None, "count": 2}],
        "authors": [
            {"value": "Ann Lee", "count": 2},
            {"value": "Hoà", "count": 2},
            {"value": None, "count": 2},
        ],
        "years": [
            {"value": "2024", "count": 1},
            {"value": "2025", "count": 3},
            {"value": None, "count": 1},
        ],
        "months": [
            {"value": "2024-12", "count": 1},
            {"value": "2025-01", "count": 1},
            {"value": "2025-03", "count": 2},
            {"value": None, "count": 1},
        ],
    }


def days(*written):
    return ResultSet({"vi": [story(str(n), day) for n, day in enumerate(written)]}, {})


def periods(found, **wanted):
    return [(bar.period, bar.count) for bar in histogram(found, **wanted).bars]


def test_the_span_decides_the_step():
    assert histogram(days("2025-01-31", "2025-04-02")).step == "day"
    assert histogram(days("2025-01-31", "2025-04-03")).step == "month"
    assert histogram(days("2023-01-31", "2025-12-01")).step == "month"
    assert histogram(days("2023-01-31", "2026-01-01")).step == "year"
    assert histogram(days("2025-03-04"), first="2025-01-01", last="2025-12-31").step == "month"


def test_bars_have_no_gaps_and_the_unknown_is_counted():
    drawn = histogram(days("2024-12-31", "2025-02-28", "2025-02-01", None), step="month")
    assert [(b.period, b.first, b.last, b.count) for b in drawn.bars] == [
        ("2024-12", "2024-12-01", "2024-12-31", 1),
        ("2025-01", "2025-01-01", "2025-01-31", 0),
        ("2025-02", "2025-02-01", "2025-02-28", 2),
    ]
    assert drawn.unknown == 1
    assert drawn.to_json() == {
        "step": "month",
        "bars": [
            {"period": "2024-12", "from": "2024-12-01", "to": "2024-12-31", "count": 1},
            {"period": "2025-01", "from": "2025-01-01", "to": "2025-01-31", "count": 0},
            {"period": "2025-02", "from": "2025-02-01", "to": "2025-02-28", "count": 2},
        ],
        "unknown": 1,
    }


def test_bars_stay_within_the_days_that_were_asked_for():
    drawn = histogram(
        days("2025-02-15", "2025-06-03"), first="2025-01-10", last="2025-06-05", step="month"
    )
    assert [bar.period for bar in drawn.bars] == [f"2025-0{n}" for n in range(1, 7)]
    assert (drawn.bars[0].first, drawn.bars[0].last) == ("2025-01-10", "2025-01-31")
    assert (drawn.bars[-1].first, drawn.bars[-1].last) == ("2025-06-01", "2025-06-05")


def test_one_absurd_date_makes_no_thousand_bars():
    found = days("0001-01-01", "2025-03-04", "9999-12-31")
    assert periods(found) == [("0001", 1), ("2025", 1), ("9999", 1)]
    assert histogram(found).bars[-1].last == "9999-12-31"
    assert periods(found, step="month")[-1] == ("9999-12", 1)
    assert periods(found, step="day")[-1] == ("9999-12-31", 1)


def test_nothing_has_no_bars():
    assert histogram(days(None, None)).bars == ()
    assert histogram(days(None, None)).unknown == 2
    assert histogram(days()).to_json() == {"step": "year", "bars": [], "unknown": 0}


@pytest.mark.parametrize(
    ("span", "zoomed_out"),
    [
        (("2025-03-04", "2025-03-04"), ("2025-03-01", "2025-03-31")),
        (("2024-02-01", "2024-02-29"), ("2024-01-01", "2024-12-31")),
        (("2025-03-04", "2025-05-04"), ("2025-01-01", "2025-12-31")),
        (("2025-01-01", "2025-12-31"), (None, None)),
        (("2024-12-31", "2025-01-01"), (None, None)),
        (("2024-12-31", None), (None, None)),
        (("9999-12-01", "9999-12-31"), (None, None)),
    ],
)
def test_zooming_out(span, zoomed_out):
    assert wider(*span) == zoomed_out
