"""Archives of the format before: read as they are, brought up to date in place when written to."""

from __future__ import annotations

import json
import sqlite3

import numpy as np
import pytest
from support.entries import PROFILE, entry, unit

from search.errors import StoreError
from search.languages import LANGUAGES
from search.stores import elasticsearch_bodies as bodies
from search.stores.base import NearestLookup, Scope, Term, Tombstone, WordLookup
from search.stores.embedded import EmbeddedStore

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


def write_format_1_to(client, name):
    body = bodies.index_body(PROFILE)
    body["mappings"]["_meta"] = {bodies.META: PROFILE.to_json()}
    properties = body["mappings"]["properties"]
    new = ["key", "shallow", bodies.made_field(PROFILE)]
    for field in new:
        del properties[field]
    for lang in LANGUAGES:
        forms = properties[lang]["properties"]
        properties[lang] = {"properties": {n: f for n, f in forms.items() if n != "pairs"}}
    client.indices.create(index=f"{name}-000001", aliases={name: {}}, **body)
    for e in ENTRIES:
        source = {k: v for k, v in bodies.document(e, PROFILE).items() if k not in new}
        del source[e.article.lang]["pairs"]
        client.index(index=name, id=e.article.id, document=source, refresh=True)


@pytest.fixture
def old(make_store, request):
    """An archive of format 1."""
    store = make_store()
    if isinstance(store, EmbeddedStore):
        write_format_1(store.location)
    else:
        write_format_1_to(store._writing, store._name)
    return store


def test_it_is_read_as_it_is(old):
    word = WordLookup(Scope("vi"), (Term("exact", "tin"),), 5)
    by_words, nearest = old.find([word, NearestLookup(Scope("vi"), unit(0, 0, 1), 1)])
    assert sorted(c.id for c in by_words) == ["a", "b", "c"]
    assert [c.id for c in nearest] == ["b"]
    assert old.articles(["a"])["a"] == ENTRIES[0].article
    assert old.stats().articles == {"vi": 3}


def test_it_is_brought_up_to_date_when_it_is_written_to(old, make_store):
    assert old.upsert([entry("d", "tin bốn", unit(1))]).written == ("d",)
    store = make_store()
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
    assert [kept.id for kept in make_store().listing()] == ["b", "c", "d"]


def test_one_of_a_newer_format_is_refused(make_store):
    store = make_store()
    store.create(PROFILE)
    if isinstance(store, EmbeddedStore):
        with sqlite3.connect(store.location) as connection:
            connection.execute("UPDATE meta SET value = '99' WHERE key = 'format'")
        connection.close()
    else:
        meta = {bodies.META: PROFILE.to_json() | {"format": 99}}
        store._writing.indices.put_mapping(index=store._name, meta=meta)
    with pytest.raises(StoreError, match="newer version"):
        make_store().upsert([entry("a", "tin", unit(1))])


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
