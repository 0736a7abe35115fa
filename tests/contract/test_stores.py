"""What every store must do; see search.stores.base.Store."""

from __future__ import annotations

import threading
import unicodedata
from dataclasses import replace

import numpy as np
import pytest
from support.entries import DIMENSION, PROFILE, entry, unit

from search.encoders.base import EncoderIdentity
from search.errors import ArchiveMismatchError, ArchiveMissingError
from search.records import Article, Filters, Passage
from search.stores.base import (
    ArchiveProfile,
    Entry,
    Kept,
    NearestLookup,
    Outline,
    Phrase,
    Scope,
    Store,
    Term,
    WordLookup,
    analysed,
    hashes_of,
    shallow_ids,
)
from search.stores.ledger import Ledger, Tombstone
from search.text.languages import exact_tokens, fold, normalise

VI = Scope("vi")
HALF = 5e-4
"""What a cosine may lose to half precision."""


def ids(candidates):
    return [candidate.id for candidate in candidates]


def words(store, text, *, field="exact", k=10, scope=VI):
    """Ids found for the tokens of a text in one field."""
    tokens = exact_tokens(text) if field == "exact" else list(map(fold, exact_tokens(text)))
    [found] = store.find([WordLookup(scope, tuple(Term(field, t) for t in tokens), k)])
    return ids(found)


def filled(store, *entries):
    report = store.upsert(entries)
    assert report.failures == ()
    store.flush()
    return store


def test_is_a_store(store):
    assert isinstance(store, Store)


def test_a_missing_archive_is_named(missing_store):
    assert missing_store.profile() is None
    with pytest.raises(ArchiveMissingError, match="songngu index"):
        missing_store.find([WordLookup(VI, (Term("exact", "a"),), 1)])
    with pytest.raises(ArchiveMissingError):
        missing_store.upsert([entry("a", "một", unit(1))])


def test_creating_twice_keeps_the_archive(store):
    filled(store, entry("a", "một", unit(1)))
    store.create(PROFILE)
    assert store.profile() == PROFILE
    assert words(store, "một") == ["a"]


def test_another_encoder_is_refused(store):
    other = EncoderIdentity("other", "1", DIMENSION, ("", ""), "another fingerprint")
    with pytest.raises(ArchiveMismatchError, match="reembed"):
        store.create(ArchiveProfile(other))
    with pytest.raises(ArchiveMismatchError, match="reembed"):
        store.create(replace(PROFILE, text_version=PROFILE.text_version + 1))


def test_vectors_of_another_length_are_refused(store):
    filled(store, entry("a", "một", unit(1)))
    short = np.ones(DIMENSION - 1, np.float32)
    with pytest.raises(ArchiveMismatchError):
        store.find([NearestLookup(VI, short, 1)])
    wrong = entry("b", "hai", unit(1))
    with pytest.raises(ArchiveMismatchError):
        store.upsert([replace(wrong, vectors=wrong.vectors[:, 1:])])


def test_articles_come_back_whole(store):
    article = Article(
        id="ý/1 %",
        lang="vi",
        text="Đoạn một.\n\nĐoạn hai 😀.",
        title="Tiêu đề",
        lead="Tóm tắt",
        date="2025-09-24T08:30:00+07:00",
        url="https://bao.example/a?b=c",
        source="Báo",
        authors=("Lê A", "Trần B"),
        section="Thời sự",
        tags=("một", "hai"),
        captions=("Ảnh.",),
    )
    forms = analysed(article)
    spans = (Passage(0, 0, 7), Passage(1, 7, 20))
    given = Entry(article, spans, np.array([unit(1), unit(0, 1)]), forms)
    filled(store, given)
    assert store.articles(["ý/1 %", "none"]) == {"ý/1 %": article}
    assert hashes_of(store, ["ý/1 %", "none"]) == {"ý/1 %": article.content_hash}
    [back] = store.entries()
    assert (back.article, back.passages, back.forms) == (article, spans, forms)
    np.testing.assert_allclose(back.vectors, given.vectors, atol=1e-6)


def test_an_article_without_passages_is_found_by_words(store):
    filled(store, entry("a", "một"))
    assert words(store, "một") == ["a"]
    assert store.find([NearestLookup(VI, unit(1), 5)]) == [[]]
    [back] = store.entries()
    assert back.vectors.shape == (0, DIMENSION)


def test_writing_again_replaces(store):
    filled(store, entry("a", "cũ", unit(1)), entry("b", "khác", unit(0, 1)))
    filled(store, entry("a", "mới", unit(0, 0, 1)))
    filled(store, entry("a", "mới", unit(0, 0, 1)))
    assert words(store, "cũ") == []
    assert words(store, "mới") == ["a"]
    [found] = store.find([NearestLookup(VI, unit(0, 0, 1), 5)])
    assert ids(found) == ["a", "b"]
    assert found[0].score == pytest.approx(1.0, abs=1e-3)
    assert sum(store.stats().articles.values()) == 2


def test_the_last_of_equal_ids_in_one_batch_is_kept(store):
    filled(store, entry("a", "cũ", unit(1)), entry("a", "mới", unit(1)))
    assert words(store, "mới cũ") == ["a"]
    assert store.articles(["a"])["a"].text == "mới"


def test_deleting(store):
    filled(store, entry("a", "một", unit(1)), entry("b", "một", unit(0, 1)))
    assert store.delete(["a", "unknown", "a"]) == 1
    store.flush()
    assert words(store, "một") == ["b"]
    assert ids(store.find([NearestLookup(VI, unit(1), 5)])[0]) == ["b"]
    assert store.delete(["a"]) == 0
    assert hashes_of(store, ["a", "b"]).keys() == {"b"}


def test_what_is_gone_takes_no_room_among_the_candidates(store):
    """Shorter stories with a word come before a longer one; once deleted or rewritten, no more."""
    crowd = [entry(f"c{i:03}", "mưa" + " gió" * (i % 60), unit(1)) for i in range(300)]
    filled(store, *crowd, entry("long", "mưa" + " nắng" * 200, unit(0, 1)))
    assert "long" not in words(store, "mưa", k=100)
    store.delete([e.article.id for e in crowd[:100]])
    filled(store, *(entry(e.article.id, "gió", unit(1)) for e in crowd[100:200]))
    filled(store, *(replace(e, shallow=True) for e in crowd[200:]))  # written again as it is
    Ledger(store).withdraw([e.article.id for e in crowd[200:]], "/tin")
    store.flush()
    assert words(store, "mưa", k=1) == words(store, "mưa", k=100) == ["long"]
    assert len(words(store, "gió", k=200)) == 100


def test_word_scores_order_hits(store):
    filled(
        store,
        entry("once", "mưa gió gió gió gió gió", unit(1)),
        entry("twice", "mưa mưa gió gió gió gió", unit(1)),
        entry("never", "nắng nắng nắng nắng nắng nắng", unit(1)),
    )
    [found] = store.find([WordLookup(VI, (Term("exact", "mưa"),), 10)])
    assert ids(found) == ["twice", "once"]
    assert found[0].score > found[1].score > 0


def test_word_scores_are_lucenes(store):
    """BM25 by hand: k1 = 1.2, b = 0.75, idf = ln(1 + (N − n + 0.5)/(n + 0.5)), no factor k1 + 1."""
    filled(store, entry("a", "mưa gió", unit(1)), entry("b", "nắng nắng nắng nắng", unit(1)))
    [found] = store.find([WordLookup(VI, (Term("exact", "mưa", 2.0),), 10)])
    idf = np.log(1 + (2 - 1 + 0.5) / (1 + 0.5))
    expected = 2.0 * idf * 1 / (1 + 1.2 * (1 - 0.75 + 0.75 * 2 / 3))
    assert found[0].score == pytest.approx(expected, rel=1e-4)


def test_boosts_add_up_over_fields(store):
    filled(store, entry("a", "Hà Nội", unit(1), title="Hà Nội"), entry("b", "Huế", unit(1)))
    one, two = (
        store.find([WordLookup(VI, terms, 5)])[0][0].score
        for terms in (
            (Term("exact", "hà"),),
            (Term("exact", "hà"), Term("exact", "hà", 0.0), Term("title", "ha", 3.0)),
        )
    )
    assert two > one


def test_ties_break_by_id_even_at_the_last_place(store):
    filled(store, *(entry(f"a{i:02}", "mưa", unit(1)) for i in (5, 3, 9, 1, 7, 2)))
    assert words(store, "mưa", k=3) == ["a01", "a02", "a03"]
    assert ids(store.find([NearestLookup(VI, unit(1), 3)])[0]) == ["a01", "a02", "a03"]


def test_k_above_the_number_of_articles(store):
    filled(store, entry("a", "mưa", unit(1)))
    assert words(store, "mưa", k=1000) == ["a"]
    assert ids(store.find([NearestLookup(VI, unit(1), 1000)])[0]) == ["a"]


def test_cosines_and_the_best_passage(store):
    filled(
        store,
        entry("a", "đoạn một đoạn hai", unit(1, 1), unit(0, 0, 1)),
        entry("b", "đoạn ba đoạn bốn", unit(0, 1), unit(0, 1, 2)),
    )
    [found] = store.find([NearestLookup(VI, unit(0, 0, 1), 10)])
    assert ids(found) == ["a", "b"]
    assert found[0].score == pytest.approx(1.0, abs=5e-3)
    assert found[1].score == pytest.approx(2 / np.sqrt(5), abs=5e-3)
    assert found[0].passage == Passage(1, 8, 17)
    assert found[1].passage is not None
    assert found[1].passage.position == 1


def test_cosines_may_be_negative(store):
    filled(store, entry("a", "một", unit(-1)))
    [[found]] = store.find([NearestLookup(VI, unit(1), 1)])
    assert found.score == pytest.approx(-1.0, abs=5e-3)


def test_languages_are_apart(store):
    filled(store, entry("v", "an", unit(1)), entry("e", "an apple", unit(1), lang="en"))
    assert words(store, "an") == ["v"]
    assert words(store, "an", scope=Scope("en")) == ["e"]
    assert ids(store.find([NearestLookup(Scope("en"), unit(1), 5)])[0]) == ["e"]


def test_filters_apply_before_k(store):
    filled(
        store,
        entry("a", "mưa mưa mưa", unit(1), date="2025-01-01", source="X"),
        entry("b", "mưa gió gió gió gió", unit(1, 1), date="2025-06-30T23:30:00+07:00", source="Y"),
        entry("c", "mưa gió gió gió gió gió gió", unit(0, 1), source="Y"),
    )
    for filters, expected in (
        (Filters(date_from="2025-02-01"), ["b"]),
        (Filters(date_from="2025-06-30", date_to="2025-06-30"), ["b"]),
        (Filters(date_to="2025-02-01"), ["a"]),
        (Filters(sources=("Y",)), ["b", "c"]),
        (Filters(sources=("X", "Y"), date_from="2020-01-01"), ["a", "b"]),
        (Filters(sources=("Z",)), []),
    ):
        scope = Scope("vi", filters)
        assert words(store, "mưa", k=len(expected) or 1, scope=scope) == expected
        nearest = store.find([NearestLookup(scope, unit(1), len(expected) or 1)])[0]
        assert ids(nearest) == expected


def test_only_these_ids(store):
    filled(store, *(entry(f"a{i}", "mưa " * (i + 1), unit(1, i)) for i in range(6)))
    scope = Scope("vi", ids=("a1", "a4", "unknown"))
    assert sorted(words(store, "mưa", scope=scope)) == ["a1", "a4"]
    [found] = store.find([NearestLookup(scope, unit(1), 10)])
    assert ids(found) == ["a1", "a4"]
    assert found[1].score == pytest.approx(1 / np.sqrt(17), abs=1e-4)
    assert store.find([WordLookup(Scope("vi", ids=()), (Term("exact", "mưa"),), 5)]) == [[]]


def test_phrases_and_exclusions(store):
    filled(
        store,
        entry("a", "Cảnh sát Na Uy ở Oslo", unit(1)),
        entry("b", "Na Uy: cảnh sát ở Bergen", unit(1, 1)),
        entry("c", "Sát cảnh", unit(1, 2)),
    )
    near = Phrase("exact", ("cảnh", "sát", "na"))
    loose = Phrase("folded", ("canh", "sat"))
    assert words(store, "cảnh", scope=Scope("vi", phrases=(near,))) == ["a"]
    assert words(store, "cảnh", scope=Scope("vi", phrases=(loose,))) == ["a", "b"]
    without = Scope("vi", phrases=(loose,), excluded=(Phrase("folded", ("oslo",)),))
    assert words(store, "cảnh", scope=without) == ["b"]
    assert ids(store.find([NearestLookup(without, unit(1), 5)])[0]) == ["b"]
    excluded = Scope("vi", excluded=(loose,))
    assert ids(store.find([NearestLookup(excluded, unit(1), 5)])[0]) == ["c"]
    assert words(store, "cảnh", scope=excluded) == ["c"]
    [only] = store.find([WordLookup(Scope("vi", phrases=(loose,)), (), 5)])
    assert [(c.id, c.score) for c in only] == [("a", 0.0), ("b", 0.0)]


def test_a_lookup_without_terms_finds_nothing(store):
    filled(store, entry("a", "mưa", unit(1)))
    assert store.find([WordLookup(VI, (), 5)]) == [[]]
    assert store.find([]) == []


def test_vietnamese_marks(store):
    nfd = unicodedata.normalize("NFD", "Thủ đô Hà Nội")
    filled(
        store,
        entry("hanoi", unicodedata.normalize("NFC", nfd), unit(1)),
        entry("danang", "Đà Nẵng", unit(1)),
        entry("duong", "ông Dương", unit(1)),
        entry("street", "con đường", unit(1)),
        entry("old", "toà án", unit(1)),
        entry("new", "tòa án", unit(1)),
    )
    assert words(store, "ha noi", field="folded") == ["hanoi"]
    assert words(store, "da nang", field="folded") == ["danang"]
    assert words(store, normalise(nfd)) == ["hanoi"]
    assert words(store, "đường") == ["street"]
    assert words(store, "duong", field="folded") == ["duong", "street"]
    assert words(store, "toà") == words(store, "tòa") == ["new", "old"]


def test_compounds_and_stems(store):
    filled(
        store,
        entry("vi", "hợp tác quốc tế", unit(1)),
        entry("en", "Ministers were cooperating", unit(1), lang="en"),
    )
    assert words(store, "quốc_tế", field="words") == []
    [found] = store.find([WordLookup(VI, (Term("words", "quốc_tế"),), 5)])
    assert ids(found) == ["vi"]
    [found] = store.find([WordLookup(Scope("en"), (Term("words", "minist"),), 5)])
    assert ids(found) == ["en"]


@pytest.mark.parametrize(
    "text",
    ['"', "a:b AND (c", "*", "\\", "😀😀", "x" * 5000, "' OR 1=1", "[1 TO 2]", "a\u0000b", "\\u"],
)
def test_odd_characters_never_raise(store, text):
    filled(store, entry("a", "mưa", unit(1)))
    tokens = (*exact_tokens(text), text[:200] or "x")
    terms = tuple(Term("exact", token) for token in tokens)
    scope = Scope("vi", Filters(sources=(text,)))
    assert store.find([WordLookup(scope, terms, 5)]) == [[]]
    phrase = Scope("vi", phrases=(Phrase("exact", tokens),))
    assert store.find([WordLookup(phrase, terms, 5)]) == [[]]


def test_long_and_odd_articles_are_kept(store):
    texts = ["x" * 100_000, "mưa " * 50_000, "😀 " * 100, "א ב ג", "\\ \" ' % _ :"]
    filled(store, *(entry(f"a{i}", text, unit(1)) for i, text in enumerate(texts)))
    kept = store.articles([f"a{i}" for i in range(len(texts))])
    assert [kept[f"a{i}"].text for i in range(len(texts))] == texts


def test_stats(store):
    filled(
        store,
        entry("a", "một", unit(1), unit(0, 1), date="2025-01-02", source="X"),
        entry("b", "hai", unit(1), date="2024-05-06T10:00:00+07:00", source="X"),
        entry("c", "three", unit(1), lang="en"),
    )
    stats = store.stats()
    assert stats.articles == {"vi": 2, "en": 1}
    assert stats.passages == 4
    assert stats.sources == {"X": 2, "": 1}
    assert (stats.date_first, stats.date_last) == ("2024-05-06", "2025-01-02")
    assert stats.months == {"": 1, "2024-05": 1, "2025-01": 1}
    assert (stats.shallow, stats.tombstones) == (0, 0)
    assert stats.bytes_used > 0
    store.upsert([replace(entry("c", "three", unit(1), lang="en"), shallow=True)])
    store.flush()
    assert store.stats().shallow == 1


def test_entries_come_by_ascending_id(store):
    filled(store, *(entry(f"{i:04}", f"bài {i}", unit(1, i)) for i in range(1100, 0, -1)))
    assert [e.article.id for e in store.entries()] == [f"{i:04}" for i in range(1, 1101)]


def test_another_process_sees_what_was_flushed(store, make_store):
    other = make_store()
    filled(store, entry("a", "mưa", unit(1)))
    assert words(other, "mưa") == ["a"]
    filled(store, entry("b", "mưa", unit(1)))
    store.delete(["a"])
    store.flush()
    assert words(other, "mưa") == ["b"]


def test_readers_never_see_half_an_article(store, make_store):
    """Every version of the article has its number in text and vector; they must agree."""
    filled(store, entry("a", "n0", unit(1, 0)))
    wrong, stop = [], threading.Event()

    def read():
        reader = make_store()
        while not stop.is_set():
            [by_words, nearest] = reader.find(
                [
                    WordLookup(VI, tuple(Term("exact", f"n{i}") for i in range(20)), 5),
                    NearestLookup(VI, unit(1, 0), 5),
                ]
            )
            if len(by_words) > 1 or len(nearest) > 1:
                wrong.append((by_words, nearest))

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for i in range(1, 20):
        filled(store, entry("a", f"n{i}", unit(1, i)))
    stop.set()
    for reader in readers:
        reader.join()
    assert not wrong
    assert words(store, "n19") == ["a"]


def test_rebuilding_swaps_at_the_end(store, make_store):
    filled(store, entry("a", "một", unit(1)), entry("b", "hai", unit(0, 1)))
    reader = make_store()
    new = replace(PROFILE, encoder=replace(PROFILE.encoder, fingerprint="new", dimension=4))
    vectors = np.eye(4, dtype=np.float32)
    with store.rebuild(new) as generation:
        for id_, text, row in (("a", "một", 1), ("b", "hai", 0)):
            fresh = entry(id_, text, unit(1))
            generation.upsert([replace(fresh, vectors=vectors[row : row + 1])])
        generation.flush()
        assert ids(reader.find([NearestLookup(VI, unit(1), 5)])[0]) == ["a", "b"]
        assert reader.profile() == PROFILE
    assert reader.profile() == new
    assert words(reader, "một hai") == ["a", "b"]
    assert ids(reader.find([NearestLookup(VI, vectors[0], 5)])[0]) == ["b", "a"]
    with pytest.raises(ArchiveMismatchError):
        reader.find([NearestLookup(VI, unit(1), 5)])
    assert shallow_ids(store) == []


def test_a_failed_rebuild_changes_nothing(store, make_store):
    filled(store, entry("a", "cũ", unit(1)))

    def break_off():
        with store.rebuild(PROFILE) as generation:
            generation.upsert([entry("a", "mới", unit(1))])
            raise RuntimeError("midway")

    with pytest.raises(RuntimeError, match="midway"):
        break_off()
    reader = make_store()
    assert words(reader, "cũ") == ["a"]
    assert reader.profile() == PROFILE


def stone(*names, reason="theo yêu cầu", at="2026-01-02T03:04:05+00:00"):
    return Tombstone(names, reason, at)


def test_articles_in_short(store):
    filled(store, entry("b", "hai", unit(1)), replace(entry("a", "một", unit(1)), shallow=True))
    hashes = hashes_of(store, ["a", "b"])
    a, b = Kept("a", hashes["a"], shallow=True), Kept("b", hashes["b"])
    assert store.kept(["a", "b", "unknown"]) == {"a": a, "b": b}
    assert list(store.listing()) == [a, b]
    assert [e.shallow for e in store.entries()] == [True, False]


def test_articles_without_their_text(store):
    known = replace(
        entry("a", "một", unit(1)).article,
        date="2025-09-24T08:30:00+07:00",
        source="Báo Sóng",
        section="Biển",
        authors=("Lê Thị Bé",),
    )
    filled(store, replace(entry("a", "một", unit(1)), article=known), entry("b", "hai", unit(1)))
    outlines = store.outlines(["a", "b", "unknown"])
    assert outlines.keys() == {"a", "b"}
    assert outlines["a"] == Outline(
        "a", "vi", "2025-09-24T08:30:00+07:00", "Báo Sóng", "Biển", ("Lê Thị Bé",), known.title
    )
    assert (outlines["b"].date, outlines["b"].section, outlines["b"].authors) == (None, None, ())


def test_articles_by_their_address(store):
    key = "https://bao.example/tin"
    assert store.ids_at([key]) == {}
    report = store.upsert(
        [
            entry("b", "hai", unit(1), url="http://www.bao.example/tin/?utm_source=x#top"),
            entry("a", "một", unit(1), url="https://m.bao.example/tin"),
            entry("c", "ba", unit(1), url="https://bao.example/tin?id=3"),
            entry("d", "bốn", unit(1), url="https://bao.example/"),
        ]
    )
    assert report.taken == (("a", "b"),)
    assert report.written == ("b", "c", "d")
    assert store.ids_at([key, f"{key}?id=3", "https://bao.example/", "x"]) == {
        key: "b",
        f"{key}?id=3": "c",
    }
    # Who moves to another address leaves its own to others.
    store.upsert([entry("b", "hai", unit(1), url="https://bao.example/khac")])
    assert store.ids_at([key]) == {}
    assert store.upsert([entry("a", "một", unit(1), url=key)]).written == ("a",)
    assert store.ids_at([key, "https://bao.example/khac"]) == {
        key: "a",
        "https://bao.example/khac": "b",
    }


def test_shallow_articles_come_newest_first(store):
    days = {"x": "2025-01-01", "y": None, "z": "2025-03-01T10:00:00+07:00", "w": "2025-01-01"}
    store.upsert([replace(entry(i, "tin", unit(1), date=d), shallow=True) for i, d in days.items()])
    store.upsert([entry("deep", "tin", unit(1), date="2025-02-01")])
    assert shallow_ids(store) == ["z", "w", "x", "y"]
    store.upsert([entry("w", "tin", unit(1), date="2025-01-01")])
    assert shallow_ids(store) == ["z", "x", "y"]


def test_only_what_is_as_it_was_read_is_replaced(store):
    filled(store, entry("a", "một", unit(1)), entry("b", "hai", unit(1)))
    was = hashes_of(store, ["a", "b"])
    store.upsert([entry("a", "đổi", unit(1))])
    new = [entry(id_, "mới", unit(0, 1)) for id_ in ("a", "b", "c")]
    report = store.upsert(new, replacing={**was, "c": "gone"})
    assert (report.written, report.failures) == (("b",), ())
    assert sorted(report.outdated) == ["a", "c"]
    store.flush()
    assert words(store, "đổi") == ["a"]
    assert words(store, "mới") == ["b"]


def test_sources_and_what_they_have_brought(store):
    filled(store, *(entry(id_, "tin", unit(1)) for id_ in "abcd"))
    Ledger(store).bring(["a", "b", "gone"], "/tin/hà nội")
    Ledger(store).bring(["b", "c"], "/tin")
    Ledger(store).bring(["b"], "/tin")
    Ledger(store).bring(["d"], "/tin2")
    assert Ledger(store).brought("/tin") == ["a", "b", "c"]
    assert Ledger(store).brought("/tin/hà nội") == ["a", "b"]
    assert Ledger(store).brought("/ti") == []
    assert Ledger(store).origins(["a", "b", "x"]) == {
        "a": ("/tin/hà nội",),
        "b": ("/tin", "/tin/hà nội"),
    }
    store.upsert([entry("a", "tin khác", unit(1))])
    assert Ledger(store).brought("/tin/hà nội") == ["a", "b"]


def test_what_no_source_holds_any_more_is_removed(store):
    filled(store, *(entry(id_, "tin", unit(1)) for id_ in "abc"))
    Ledger(store).bring(["a", "b"], "/tin/một")
    Ledger(store).bring(["b"], "/khác")
    assert Ledger(store).withdraw(["a", "b"], "/tin") == 1
    store.flush()
    assert words(store, "tin") == ["b", "c"]
    assert Ledger(store).brought("/tin") == []
    assert Ledger(store).brought("/khác") == ["b"]
    assert Ledger(store).withdraw(["b"], "/khác") == 1
    store.upsert([entry("a", "tin", unit(1))])
    assert Ledger(store).origins(["a", "b"]) == {}


def test_what_was_taken_down_stays_out(store, make_store):
    url = "https://bao.example/tin"
    filled(
        store,
        entry("a", "mưa", unit(1), url=f"{url}?utm_source=x"),
        entry("b", "mưa", unit(1)),
        entry("c", "mưa", unit(1), url="https://bao.example/khac"),
    )
    assert Ledger(store).bar([stone(url), stone("b", "https://bao.example/b")]) == 2
    assert words(make_store(), "mưa") == ["c"]
    [nearest] = store.find([NearestLookup(VI, unit(1), 5)])
    assert ids(nearest) == ["c"]
    again = [
        entry("a", "mưa", unit(1), url=url),
        entry("other", "mưa", unit(1), url=f"{url}#top"),
        entry("b", "mưa", unit(1)),
        entry("d", "mưa", unit(1), url="https://bao.example/d"),
    ]
    report = make_store().upsert(again)
    assert (report.written, report.failures) == (("d",), ())
    assert sorted(report.barred) == ["a", "b", "other"]
    store.flush()
    assert words(store, "mưa") == ["c", "d"]
    assert Ledger(store).tombstones(["b", "c"]) == {"b": stone("b", "https://bao.example/b")}
    assert Ledger(store).tombstones().keys() == {url, "b", "https://bao.example/b"}
    assert store.stats().tombstones == 3
    assert Ledger(store).lift(["https://bao.example/b", "unknown"]) == 1
    assert Ledger(store).tombstones(["b"]) == {}
    assert store.upsert(again).barred == ("a", "other")


def test_streaming_what_passes_the_filters(store):
    filled(
        store,
        entry("c", "ba", unit(1), date="2025-03-01", source="X"),
        entry("a", "một", unit(1), date="2025-01-01", source="Y"),
        entry("b", "two", unit(1), lang="en", date="2025-02-01T23:00:00+07:00", source="X"),
        entry("d", "bốn", unit(1)),
    )
    for lang, filters, expected in (
        (None, None, "abcd"),
        ("vi", None, "acd"),
        (None, Filters(date_from="2025-02-01"), "bc"),
        (None, Filters(date_to="2025-02-01"), "ab"),
        ("vi", Filters(sources=("X",)), "c"),
        (None, Filters(sources=("X", "Y"), date_from="2025-01-01"), "abc"),
    ):
        assert "".join(a.id for a in store.stream(lang=lang, filters=filters)) == expected


def test_vectors_of_the_encoder_before_are_refused(store, make_store):
    """A run that began before everything was embedded anew cannot mix its vectors in."""
    filled(store, entry("a", "tin", unit(1)))
    other = make_store()
    new = replace(PROFILE, encoder=replace(PROFILE.encoder, fingerprint="new"))
    with store.rebuild(new) as generation:
        generation.upsert([entry("a", "tin", unit(0, 1))], made=new)
    with pytest.raises(ArchiveMismatchError, match="reembed"):
        other.upsert([entry("b", "tin", unit(1))], made=PROFILE)
    store.flush()
    assert words(store, "tin") == ["a"]
    assert other.upsert([entry("b", "tin", unit(1))], made=new).written == ("b",)


def test_an_unfinished_rebuild_goes_on(store, make_store):
    filled(store, *(entry(id_, "cũ", unit(1)) for id_ in "abc"))
    new = replace(PROFILE, encoder=replace(PROFILE.encoder, fingerprint="new"))

    def break_off(profile, *given):
        with make_store().rebuild(profile) as generation:
            found = [kept.id for kept in generation.listing()]
            generation.upsert([entry(id_, "cũ", unit(0, 1)) for id_ in given])
            generation.flush()
            raise RuntimeError(found)

    with pytest.raises(RuntimeError, match=r"\[\]"):
        break_off(new, "a")
    with pytest.raises(RuntimeError, match=r"\['a'\]"):
        break_off(new, "b")
    assert words(make_store(), "cũ") == ["a", "b", "c"]
    with store.rebuild(new, fresh=True) as generation:
        assert list(generation.listing()) == []
        generation.upsert([entry(id_, "cũ", unit(0, 1)) for id_ in "abc"])
    assert store.profile() == new
    with pytest.raises(RuntimeError, match=r"\[\]"):
        break_off(PROFILE, "a")
    with store.rebuild(replace(PROFILE, text_version=99)) as generation:
        assert list(generation.listing()) == []  # of another profile: begun anew


def test_what_changes_while_everything_is_embedded_again(store, make_store):
    filled(store, *(entry(id_, "tin", unit(1)) for id_ in ("same", "changed", "gone")))
    Ledger(store).bring(["same", "late"], "/tin")
    new = replace(PROFILE, encoder=replace(PROFILE.encoder, fingerprint="new"))
    with store.rebuild(new) as generation:
        generation.upsert([entry(id_, "tin", unit(0, 1)) for id_ in ("same", "changed", "gone")])
        beside = make_store()
        beside.upsert([entry("changed", "tin đổi", unit(1)), entry("late", "tin muộn", unit(1))])
        Ledger(beside).bar([stone("gone")])
    store.flush()
    assert sorted(words(store, "tin")) == ["changed", "late", "same"]
    assert words(store, "đổi muộn") == ["changed", "late"]
    [nearest] = store.find([NearestLookup(VI, unit(0, 1), 5)])
    assert ids(nearest) == ["same"]
    assert shallow_ids(store) == ["changed", "late"]
    assert Ledger(store).brought("/tin") == ["late", "same"]
    assert store.upsert([entry("gone", "tin", unit(1))]).barred == ("gone",)


def directed(*values):
    """A direction of language as a profile keeps it."""
    return replace(PROFILE, direction=tuple(unit(*values).tolist()))


def test_the_language_is_taken_out_where_vectors_are_compared(missing_store):
    """With the direction (1, 0, …) taken out, only the rest of a vector counts."""
    missing_store.create(directed(1))
    filled(
        missing_store,
        entry("near", "một", unit(0.9, 0.3, 0.1)),
        entry("far", "hai", unit(0.1, 0.1, 0.9)),
    )
    [found] = missing_store.find([NearestLookup(VI, unit(0, 1), 10, with_vectors=True)])
    assert ids(found) == ["near", "far"]
    expected = 0.3 / np.hypot(0.3, 0.1)
    assert found[0].score == pytest.approx(expected, abs=HALF)
    np.testing.assert_allclose(found[0].vector, unit(0, 0.3, 0.1), atol=HALF)
    [found] = missing_store.find([NearestLookup(VI, unit(0, 1), 10)])
    assert found[0].vector is None


def test_the_models_own_vectors_are_kept(missing_store):
    missing_store.create(directed(1))
    vectors = [unit(0.9, 0.3, 0.1), unit(0.2, 0.1, 0.9), unit(1)]
    filled(missing_store, entry("a", "một hai ba bốn", *vectors), entry("b", "năm"))
    found = missing_store.vectors(["a", "b", "unknown"])
    np.testing.assert_allclose(found["a"], vectors, atol=1e-6)
    assert len(found.get("b", ())) == 0
    [first, *_] = missing_store.entries()
    np.testing.assert_allclose(first.vectors, vectors, atol=1e-6)


def test_another_direction_is_refused(store):
    with pytest.raises(ArchiveMismatchError, match="reembed"):
        store.create(directed(0, 1))


def test_sizes_count_each_language(store):
    assert sum(store.sizes().values()) == 0
    filled(store, entry("a", "một", unit(1)), entry("b", "one", unit(1), lang="en"))
    filled(store, entry("c", "hai", unit(1)))
    store.delete(["a"])
    store.flush()
    assert {lang: n for lang, n in store.sizes().items() if n} == {"vi": 1, "en": 1}
