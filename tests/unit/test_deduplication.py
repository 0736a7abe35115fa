"""One hit for all copies of a story: which one, and where."""

from search.ranking.deduplication import one_of_each
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
