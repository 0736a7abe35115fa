"""The embedded store's tables, and their rows to articles and back."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np

from search.addresses import article_key
from search.encoders.base import FloatArray
from search.records import Article
from search.stores.base import Entry, analysed
from search.stores.sqlite.values import (
    ARTICLE_COLUMNS,
    Damage,
    article_of,
    day,
    language,
    number,
    optional_text,
    spans_and_vectors,
    text,
)
from search.stores.sqlite.vector_index import ArticleRow, VectorBatch
from search.stores.sqlite.word_index import WordRow
from search.text.languages import Forms

BATCH = 500
"""Rows that are read at once."""

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE articles (                     -- what is long comes last: the rest is read without it
    row INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used twice
    id TEXT NOT NULL UNIQUE,
    lang TEXT NOT NULL,
    date TEXT,
    day INTEGER,                            -- proleptic ordinal of date
    url TEXT,
    key TEXT,                               -- canonical form of url
    source TEXT,
    hash TEXT NOT NULL,
    shallow INTEGER NOT NULL DEFAULT 0,     -- 1: has only its first passage
    section TEXT,
    title TEXT NOT NULL,
    authors TEXT NOT NULL,                  -- JSON lists
    tags TEXT NOT NULL,
    captions TEXT NOT NULL,
    lead TEXT NOT NULL,
    text TEXT NOT NULL,
    words TEXT NOT NULL                     -- compounds or stems, costly to find again
);
CREATE INDEX articles_key ON articles(key) WHERE key IS NOT NULL;
CREATE TABLE passages (
    article INTEGER NOT NULL REFERENCES articles(row) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    start INTEGER NOT NULL,
    stop INTEGER NOT NULL,
    vector BLOB NOT NULL,                   -- float32, little-endian
    PRIMARY KEY (article, position)
);
CREATE TABLE removals (number INTEGER PRIMARY KEY AUTOINCREMENT, row INTEGER NOT NULL);
CREATE TRIGGER note_removal AFTER DELETE ON articles BEGIN
    INSERT INTO removals (row) VALUES (old.row);
END;
CREATE TABLE records (                      -- what is kept beside the articles
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,                    -- a JSON object
    terms TEXT NOT NULL,                    -- a JSON list
    data BLOB NOT NULL,
    PRIMARY KEY (kind, key)
);
CREATE TABLE record_terms (                 -- the records by their terms
    kind TEXT NOT NULL,
    term TEXT NOT NULL,
    key TEXT NOT NULL,
    PRIMARY KEY (kind, term, key)
) WITHOUT ROWID;
"""

CURSOR = (
    "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'articles'), 0),"
    " coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'removals'), 0),"
    " coalesce((SELECT max(row) FROM articles), 0),"
    " coalesce((SELECT id || ' ' || hash FROM articles ORDER BY row DESC LIMIT 1), '')"
)
"""The numbers of an ``IndexCursor``."""


def insert(connection: sqlite3.Connection, entry: Entry) -> None:
    """Write an article anew, under a new row number."""
    a = entry.article
    connection.execute("DELETE FROM articles WHERE id = ?", (a.id,))
    lists = [json.dumps(values, ensure_ascii=False) for values in (a.authors, a.tags, a.captions)]
    row = connection.execute(
        f"INSERT INTO articles ({ARTICLE_COLUMNS}, day, hash, words, key, shallow)"  # noqa: S608
        f" VALUES ({','.join('?' * 17)})",
        (
            *(a.id, a.lang, a.title, a.lead, a.text, a.date, a.url, a.source),
            *(lists[0], a.section, lists[1], lists[2], a.day, a.content_hash, entry.forms.words),
            *(article_key(a.url), entry.shallow),
        ),
    ).lastrowid
    connection.executemany(
        "INSERT INTO passages VALUES (?, ?, ?, ?, ?)",
        [
            (row, p.position, p.start, p.end, vector.astype("<f4").tobytes())
            for p, vector in zip(entry.passages, entry.vectors, strict=True)
        ],
    )


def remove(connection: sqlite3.Connection, ids: Sequence[str]) -> int:
    """Remove articles; how many were there."""
    query = "DELETE FROM articles WHERE id = ?"
    return sum(connection.execute(query, (id_,)).rowcount for id_ in dict.fromkeys(ids))


def select_in(
    connection: sqlite3.Connection, query: str, values: Sequence[str], *fixed: object
) -> Iterator[tuple[Any, ...]]:
    """Rows of a query with "IN (*)" for values of any number, each value once.

    Args:
        fixed: Values of what the query asks for before these.
    """
    remaining = iter(dict.fromkeys(values))
    while batch := list(islice(remaining, BATCH)):
        marks = ",".join("?" * len(batch))
        yield from connection.execute(query.replace("*", marks), (*fixed, *batch)).fetchall()


def forms_of(article: Article, words: Any) -> Forms:
    """An article's analysed text; only its words are kept."""
    kept = text(words, f"article {article.id}: its words")
    return analysed(article, words=kept)


def vectors_in(
    connection: sqlite3.Connection, ids: Sequence[str], dimension: int
) -> dict[str, FloatArray]:
    """The model's own vectors of those of the ids that are kept, by position."""
    query = (
        "SELECT a.id, p.position, p.start, p.stop, p.vector"
        " FROM articles a JOIN passages p ON p.article = a.row"
        " WHERE a.id IN (*) ORDER BY p.article, p.position"
    )
    kept: dict[str, list[Sequence[Any]]] = {}
    for id_, *passage in select_in(connection, query, ids):
        kept.setdefault(str(id_), []).append(passage)
    return {
        id_: spans_and_vectors(passages, dimension, f"article {id_}")[1]
        for id_, passages in kept.items()
    }


def vector_batch(
    connection: sqlite3.Connection,
    articles: Sequence[ArticleRow],
    dimension: int,
) -> VectorBatch:
    """Passages of articles whose row numbers ascend, with nothing else between them."""
    passages = connection.execute(
        "SELECT article, position, start, stop, vector FROM passages"
        " WHERE article BETWEEN ? AND ? ORDER BY article, position",
        (articles[0][0], articles[-1][0]),
    ).fetchall()
    owners = np.array([passage[0] for passage in passages], np.int64)
    rows = np.array([article[0] for article in articles], np.int64)
    if not np.isin(owners, rows).all():
        raise Damage("a passage belongs to no article")
    try:
        spans, vectors = spans_and_vectors([p[1:] for p in passages], dimension, "an article")
    except Damage:
        for row, id_, *_ in articles:  # which it is
            own = [p[1:] for p in passages if p[0] == row]
            spans_and_vectors(own, dimension, f"article {id_}")
        raise
    return VectorBatch(
        articles=articles,
        counts=np.searchsorted(owners, rows, "right") - np.searchsorted(owners, rows),
        spans=spans,
        vectors=vectors,
    )


def article_rows(connection: sqlite3.Connection, after: int) -> Iterator[list[ArticleRow]]:
    """What the vector index needs of the articles in higher rows, in batches."""
    cursor = connection.execute(
        "SELECT row, id, lang, day, source FROM articles WHERE row > ? ORDER BY row", (after,)
    )
    while batch := cursor.fetchmany(BATCH):
        yield [
            (
                row,
                text(id_, "the id of an article"),
                language(lang, f"article {id_}: its language"),
                day(published, f"article {id_}: its day"),
                optional_text(source, f"article {id_}: its source"),
            )
            for row, id_, lang, published, source in batch
        ]


def removed_rows(connection: sqlite3.Connection, after: int) -> list[int]:
    """Rows whose removal has a higher number."""
    rows = connection.execute("SELECT row FROM removals WHERE number > ?", (after,))
    return [number(row, "the row of an article that is gone") for (row,) in rows]


def word_rows(connection: sqlite3.Connection, after: int) -> Iterator[WordRow]:
    """What the word index needs of the articles in higher rows."""
    columns = f"row, words, day, {ARTICLE_COLUMNS}"
    cursor = connection.execute(
        f"SELECT {columns} FROM articles WHERE row > ? ORDER BY row",  # noqa: S608
        (after,),
    )
    while batch := cursor.fetchmany(BATCH):
        for row, words, published, *columns_of_article in batch:
            article = article_of(columns_of_article)
            yield WordRow(
                row,
                article.lang,
                day(published, f"article {article.id}: its day"),
                article.source,
                forms_of(article, words),
            )
