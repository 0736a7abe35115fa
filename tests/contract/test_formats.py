"""Archives of the format before: read as they are, brought up to date in place when written to."""

from __future__ import annotations

import json
import sqlite3

import numpy as np
import pytest
from support.entries import PROFILE, entry, unit

from search.errors import StoreError
from search.stores.base import NearestLookup, Scope, Term, Tombstone, WordLookup
from search.stores.elasticsearch.indices import META
from search.stores.sqlite.store import EmbeddedStore

ENTRIES = [
    entry("a", "tin một", unit(1), url="https://www.bao.example/a?utm_source=x"),
    entry("b", "tin hai", unit(0, 1), unit(0, 0, 1)),
    entry("c", "tin ba", unit(1, 1), url="https://bao.example/"),
]

FORMAT_1 = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE articles (
    row INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, lang TEXT NOT NULL,
    title TEXT NOT NULL, lead TEXT NOT NULL, text TEXT NOT NULL, date TEXT, day INTEGER, url TEXT,
    source TEXT, authors TEXT NOT NULL, section TEXT, tags TEXT NOT NULL, captions TEXT NOT NULL,
    hash TEXT NOT NULL, words TEXT NOT NULL
);
CREATE TABLE passages (
    article INTEGER NOT NULL REFERENCES articles(row) ON DELETE CASCADE, position INTEGER NOT NULL,
    start INTEGER NOT NULL, stop INTEGER NOT NULL, vector BLOB NOT NULL,
    PRIMARY KEY (article, position)
);
CREATE TABLE removals (number INTEGER PRIMARY KEY AUTOINCREMENT, row INTEGER NOT NULL);
CREATE TRIGGER note_removal AFTER DELETE ON articles BEGIN
    INSERT INTO removals (row) VALUES (old.row);
END;
"""


def write_format_1(path):
    with sqlite3.connect(path) as connection:
        connection.executescript(FORMAT_1)
        for key, value in (("format", "1"), ("archive", "x"), ("profile", PROFILE.to_json())):
            text = value if isinstance(value, str) else json.dumps(value)
            connection.execute("INSERT INTO meta VALUES (?, ?)", (key, text))
        for e in ENTRIES:
            a = e.article
            row = connection.execute(
                "INSERT INTO articles (id, lang, title, lead, text, url, authors, tags, captions,"
                " hash, words) VALUES (?, ?, ?, ?, ?, ?, '[]', '[]', '[]', ?, ?)",
                (a.id, a.lang, a.title, a.lead, a.text, a.url, a.content_hash, e.forms.words),
            ).lastrowid
            for p, vector in zip(e.passages, e.vectors, strict=True):
                values = (row, p.position, p.start, p.end, vector.tobytes())
                connection.execute("INSERT INTO passages VALUES (?, ?, ?, ?, ?)", values)
    connection.close()


@pytest.fixture
def old(tmp_path):
    """An archive of format 1."""
    store = EmbeddedStore(tmp_path / "news.db")
    write_format_1(store.location)
    yield store
    store.close()


def test_it_is_read_as_it_is(old):
    word = WordLookup(Scope("vi"), (Term("exact", "tin"),), 5)
    by_words, nearest = old.find([word, NearestLookup(Scope("vi"), unit(0, 0, 1), 1)])
    assert sorted(c.id for c in by_words) == ["a", "b", "c"]
    assert [c.id for c in nearest] == ["b"]
    assert old.articles(["a"])["a"] == ENTRIES[0].article
    assert old.stats().articles == {"vi": 3}


def test_it_is_brought_up_to_date_when_it_is_written_to(old):
    assert old.upsert([entry("d", "tin bốn", unit(1))]).written == ("d",)
    store = EmbeddedStore(old.location)
    assert store.ids_at(["https://bao.example/a"]) == {"https://bao.example/a": "a"}
    assert store.shallow() == []
    [by_pair] = store.find([WordLookup(Scope("vi"), (Term("pairs", "tin_hai"),), 5)])
    assert [c.id for c in by_pair] == ["b"]
    for before, after in zip(ENTRIES, store.entries(), strict=False):
        assert (after.article, after.passages, after.forms) == (
            before.article,
            before.passages,
            before.forms,
        )
        np.testing.assert_allclose(after.vectors, before.vectors, atol=1e-6)
    store.bring(["a"], "/tin")
    assert store.bar([Tombstone(("https://bao.example/a",), "", "2026-01-01")]) == 1
    store.flush()
    assert [kept.id for kept in EmbeddedStore(old.location).listing()] == ["b", "c", "d"]


def test_one_of_another_format_is_refused(make_store):
    store = make_store()
    store.create(PROFILE)
    if isinstance(store, EmbeddedStore):
        with sqlite3.connect(store.location) as connection:
            connection.execute("UPDATE meta SET value = '99' WHERE key = 'format'")
        connection.close()
        wrong = "newer version"
    else:
        client, alias = store._writing, store._name
        [index] = client.indices.get_mapping(index=alias).values()
        meta = index["mappings"]["_meta"]
        client.indices.put_mapping(index=alias, meta={META: meta[META] | {"format": 99}})
        wrong = "another version"
    with pytest.raises(StoreError, match=wrong):
        make_store().upsert([entry("a", "tin", unit(1))])
    if not isinstance(store, EmbeddedStore):
        with pytest.raises(StoreError, match=wrong):
            make_store().stats()
        client.indices.put_mapping(index=alias, meta=meta)


def test_an_old_file_that_cannot_be_written_can_be_searched(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    write_format_1(folder / "news.db")
    (folder / "news.db").chmod(0o400)
    folder.chmod(0o500)
    store = EmbeddedStore(folder / "news.db")
    try:
        word = WordLookup(Scope("vi"), (Term("exact", "tin"),), 5)
        assert len(store.find([word])[0]) == 3
        assert store.articles(["a"])["a"] == ENTRIES[0].article
    finally:
        store.close()
        folder.chmod(0o700)
