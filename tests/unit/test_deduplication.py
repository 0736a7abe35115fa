"""One hit for all copies of a story: which one, and where."""

from search.ranking.deduplication import first_reports, one_of_each
from search.records import Link, Scored


def scored(*ids):
    return [Scored(id_, 1.0 - i / 10, "match") for i, id_ in enumerate(ids)]


LINKS = {
    "b": Link(None, "g", 1, 2),
    "c": Link(None, "g", 0, 2),
    "d": Link(None, "g", 2, 2),
    "e": Link("x", "e"),
}


def shown(ids):
    return [(s.id, round(s.relevance, 1)) for s in one_of_each(scored(*ids), LINKS)]


def test_the_first_published_takes_the_best_place_of_its_group():
    assert shown("abecd") == [("a", 1.0), ("c", 0.9), ("e", 0.8)]


def test_of_those_that_were_found_the_first_stands():
    assert shown("dab") == [("b", 1.0), ("a", 0.9)]
    assert shown("d") == [("d", 1.0)]


def test_it_takes_the_best_zone_and_keeps_its_own_day():
    best = Scored("b", 0.9, "match", day=9)
    first = Scored("c", 0.1, "related", day=3)
    assert one_of_each([best, first], LINKS) == [Scored("c", 0.9, "match", day=3)]


def test_without_links_nothing_changes():
    assert shown("axe") == [("a", 1.0), ("x", 0.9), ("e", 0.8)]
    assert one_of_each([], {}) == []


def left(sets, links, dates):
    return {lang: [s.id for s in some] for lang, some in first_reports(sets, links, dates).items()}


def test_of_copies_and_counterparts_the_first_report_stays():
    sets = {"vi": scored("a", "b", "c"), "en": scored("x", "y", "z")}
    links = {
        "a": Link("x", "g", 0, 1),
        "b": Link("x", "g", 1, 1),  # a copy of a
        "x": Link("a", "x"),
        "y": Link("c", "y"),
        "c": Link("y", "c"),
    }
    dates = {
        "a": "2025-01-02T08:00:00+07:00",
        "b": "2025-01-03",
        "x": "2025-01-02T00:59:00+00:00",  # a minute before
        "c": "2025-02-01",
        "y": None,
    }
    assert left(sets, links, dates) == {"vi": ["c"], "en": ["x", "z"]}
    # Without x among what was found, a is the first.
    assert left({"vi": sets["vi"]}, links, dates) == {"vi": ["a", "c"]}


def test_the_first_report_takes_the_best_place_of_its_tellings():
    best, first = Scored("a", 0.9, "match"), Scored("x", 0.2, "related")
    others = [Scored("y", 0.5, "match"), first]
    links = {"a": Link("x", "a"), "x": Link("a", "x")}
    dates = {"a": "2025-01-02", "x": "2025-01-01"}
    assert first_reports({"vi": [best], "en": others}, links, dates) == {
        "vi": [],
        "en": [Scored("x", 0.9, "match"), others[0]],
    }


def test_without_dates_the_most_relevant_stays():
    sets = {"vi": [Scored("a", 0.5, "match")], "en": [Scored("x", 0.6, "match")]}
    links = {"a": Link("x", "a"), "x": Link("a", "x")}
    assert left(sets, links, {}) == {"vi": [], "en": ["x"]}


def test_copies_are_one_story_where_only_a_copy_of_the_counterpart_was_found():
    sets = {"vi": scored("a"), "en": scored("y")}
    links = {"a": Link("x", "a"), "y": Link("a", "x", 1, 1)}
    dates = {"a": "2025-01-02", "y": "2025-01-03"}
    assert left(sets, links, dates) == {"vi": ["a"], "en": []}
