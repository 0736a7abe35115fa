"""What may answer a query is found whole, alike in every store, and with all that ranking asks."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from support.entries import entry, unit

from search.records import Filters
from search.stores.base import Phrase, Scope, StoryLookup, Term, WordGroup

NONE = np.zeros((0, 3), np.float32)


def word(token, weight=1.0, field="folded"):
    return WordGroup((Term(field, token),), weight)


def lookup(words, vectors=NONE, *, nearest=2, enough=0.5, **scope):
    return StoryLookup(
        Scope("en", **scope),
        tuple(Term("folded", token) for token in words),
        (
            tuple(word(token) for token in words),
            tuple(word(token, field="title") for token in words),
            tuple(word(token, field="opening") for token in words),
            tuple(word(f"{a}_{b}", field="pairs") for a, b in pairwise(words)),
        ),
        enough,
        vectors,
        nearest,
    )


@pytest.fixture
def filled(store):
    store.upsert(
        [
            entry("a", "Oslo harbour", unit(0, 0, 1), lang="en", date="2025-01-02"),
            entry("b", "Oslo fjord and harbour", unit(0, 1), lang="en", title="Oslo"),
            entry("c", "A long walk in the hills", unit(1), lang="en", date="2025-01-03"),
            entry("d", "A walk", unit(1, 0.1), lang="en"),
            entry("x", "Oslo harbour", unit(1), lang="vi"),
        ]
    )
    store.flush()
    return store


def test_found_by_words_or_meaning_each_story_has_everything(filled):
    found = filled.stories(lookup(["oslo", "harbour"], np.stack([unit(1)])))
    assert found.ids == ("a", "b", "c", "d")
    assert found.shares[:, 0].tolist() == pytest.approx([1, 1, 0, 0])
    assert found.shares[:, 1].tolist() == pytest.approx([0, 0.5, 0, 0])
    assert found.shares[:, 2].tolist() == pytest.approx([1, 1, 0, 0])
    assert found.shares[:, 3].tolist() == pytest.approx([1, 0, 0, 0])
    assert (found.words > 0).tolist() == [True, True, False, False]
    expected = [unit(1) @ v for v in (unit(0, 0, 1), unit(0, 1), unit(1), unit(1, 0.1))]
    assert found.cosines[:, 0].tolist() == pytest.approx(expected, abs=1e-3)
    assert found.nearest[0].tolist() == pytest.approx(sorted(expected, reverse=True)[:2], abs=1e-3)
    assert (found.days > 0).tolist() == [True, False, True, False]


def test_all_that_hold_enough_are_found_and_no_others(filled):
    assert filled.stories(lookup(["oslo", "fjord", "walk"], enough=0.6)).ids == ("b",)
    assert filled.stories(lookup(["oslo", "fjord", "walk"], enough=0.3)).ids == ("a", "b", "c", "d")
    assert filled.stories(lookup(["nothing"])).ids == ()


def test_a_word_counts_as_its_best_form(filled):
    forms = WordGroup((Term("folded", "oslo"), Term("folded", "fjord", 0.4)), 2.0)
    only = WordGroup((Term("folded", "nowhere"), Term("folded", "fjord", 0.4)), 2.0)
    asked = StoryLookup(Scope("en"), (), ((forms,), (only,)), 0.1, NONE, 0)
    found = filled.stories(asked)
    assert found.ids == ("a", "b")
    assert found.shares.tolist() == [pytest.approx([1, 0]), pytest.approx([1, 0.4])]


def test_by_meaning_alone(filled):
    found = filled.stories(lookup([], np.stack([unit(1), unit(1)])))
    assert found.ids == ("c", "d")
    assert found.cosines[0].tolist() == pytest.approx([1, 1], abs=1e-3)
    assert [len(nearest) for nearest in found.nearest] == [2, 2]


def test_each_vector_finds_its_own(filled):
    found = filled.stories(lookup(["none"], np.stack([unit(1), unit(0, 0, 1)]), nearest=1))
    assert set(found.ids) == {"a", "c"}
    assert found.cosines.shape == (2, 2)
    assert found.cosines[0].tolist() == pytest.approx([0, 1], abs=1e-3)


def test_filters_phrases_and_exclusions_hold(filled):
    vectors = np.stack([unit(1)])
    dated = lookup(["oslo"], vectors, nearest=9, filters=Filters("2025-01-01", "2025-01-02"))
    assert filled.stories(dated).ids == ("a",)
    phrase = (Phrase("folded", ("oslo", "harbour")),)
    assert filled.stories(lookup(["walk"], vectors, phrases=phrase)).ids == ("a",)
    excluded = lookup(["oslo"], vectors, nearest=9, excluded=phrase)
    assert filled.stories(excluded).ids == ("b", "c", "d")


def test_named_stories_have_everything_too(filled):
    found = filled.stories(lookup(["oslo"], np.stack([unit(1)]), ids=("d", "a", "zz")))
    assert found.ids == ("a", "d")
    assert found.shares[:, 0].tolist() == pytest.approx([1, 0])
    assert np.isfinite(found.cosines).all()
    assert filled.stories(lookup(["oslo"], ids=("d", "a", "zz"))).ids == ("a", "d")


def test_a_story_without_passages_is_found_by_words(filled):
    filled.upsert([entry("e", "Oslo harbour", lang="en")])
    filled.flush()
    found = filled.stories(lookup(["oslo", "harbour"], np.stack([unit(1)]), nearest=9))
    assert len(found.nearest[0]) == 4
    assert "e" in found.ids
    assert np.isnan(found.cosines[found.ids.index("e"), 0])


def test_more_than_a_page_of_stories_is_found_whole(store):
    store.upsert([entry(f"n{n:04}", f"harbour number {n}", lang="en") for n in range(1500)])
    store.flush()
    assert len(store.stories(lookup(["harbour"])).ids) == 1500


def test_authors_and_sections_filter_whatever_is_looked_for(store):
    store.upsert(
        [
            entry("a", "Oslo harbour", unit(1), lang="en", authors=("Ann Lee", "Bob Ray")),
            entry("b", "Oslo harbour", unit(1), lang="en", authors=("Lee Ray",), section="Sport"),
            entry("c", "Cảng Oslo", unit(1), authors=("Lê Thị Hòa",), section="Thể thao"),
        ]
    )
    store.flush()

    def found(lang="en", **filters):
        asked = lookup(["oslo"], np.stack([unit(1)]), nearest=9, filters=Filters(**filters))
        asked = replace(asked, scope=replace(asked.scope, lang=lang))
        streamed = [a.id for a in store.stream(lang=lang, filters=Filters(**filters))]
        ids = list(store.stories(asked).ids)
        assert ids == streamed
        return ids

    assert found(authors=("ann lee",)) == ["a"]
    assert found(authors=("Lee",)) == ["a", "b"]
    assert found(authors=("Lee Bob",)) == []  # two authors are not one
    assert found(authors=("Lee",), sections=("SPORT",)) == ["b"]
    assert found(sections=("the thao", "sport")) == ["b"]
    assert found("vi", authors=("le thi hoa",)) == ["c"]
    assert found("vi", sections=("thể thao",)) == ["c"]
    either = Filters(authors=("Lee", "hòa"))
    assert [a.id for a in store.stream(filters=either)] == ["a", "b", "c"]


def test_everything_that_the_scope_allows_can_be_found(filled):
    def found(**scope):
        asked = replace(lookup([], **scope), terms=(), shares=((),), everything=True)
        stories = filled.stories(asked)
        assert len(stories.days) == len(stories.ids)
        return "".join(stories.ids)

    assert found() == "abcd"
    assert found(filters=Filters("2025-01-03")) == "c"
    assert found(filters=Filters(sources=("nobody",))) == ""
    nothing = replace(lookup([]), terms=(), shares=((),))
    assert filled.stories(nothing).ids == ()


def test_of_too_many_the_newest_are_found(filled, monkeypatch):
    for module in ("sqlite.lookups", "elasticsearch.bodies"):
        monkeypatch.setattr(f"search.stores.{module}.MOST_FOUND", 3)
    asked = replace(lookup([]), terms=(), shares=((),), everything=True)
    found = filled.stories(asked)
    assert found.ids == ("a", "b", "c")  # of unknown date, the lowest id
    assert found.days.tolist()[1] == 0
    assert found.days.tolist()[2] > found.days.tolist()[0]
