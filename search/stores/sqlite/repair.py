"""Damaged values of an archive's file, put right as far as they can be."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from search.addresses import article_key
from search.records import Article, Passage, day_of
from search.stores import links, notes
from search.stores.base import Entry, analysed
from search.stores.ledger import (
    ORIGIN,
    TOMBSTONE,
    Tombstone,
    origin_of,
    record_of,
    tombstone_of,
)
from search.stores.records import Record
from search.stores.sqlite.file import FORMAT
from search.stores.sqlite.records import insert_record, insert_terms, values_of
from search.stores.sqlite.rows import forms_of, insert
from search.stores.sqlite.values import (
    ARTICLE_COLUMNS,
    Damage,
    article_of,
    number,
    profile_of,
    spans_and_vectors,
    strings,
    text,
)
from search.text.detection import detect
from search.text.languages import LANGUAGES

_KINDS = frozenset({TOMBSTONE, ORIGIN, notes.KIND, links.KIND})


def mend(connection: sqlite3.Connection) -> list[str]:
    """Put damaged values right, within the caller's transaction; what was wrong.

    What cannot be known again is left unknown: a list empty, a date open. Articles whose vectors
    are damaged lose them and count as shallow, so that ``songngu deepen`` makes them anew. What an
    archive says of its encoder, and link records, have commands of their own.
    """
    strict, connection.text_factory = connection.text_factory, _text_or_bytes
    try:
        wrong = [*_mend_meta(connection), *_mend_records(connection)]
        dimension = _dimension(connection)
        for (row,) in connection.execute("SELECT row FROM articles ORDER BY row").fetchall():
            wrong += _mend_article(connection, row, dimension)
    finally:
        connection.text_factory = strict
    return wrong


def _text_or_bytes(raw: bytes) -> str | bytes:
    """Text as it is, and bytes for what is in no encoding, which is as wrong as a BLOB."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


def _mend_meta(connection: sqlite3.Connection) -> list[str]:
    wrong = []
    known = dict(connection.execute("SELECT key, value FROM meta").fetchall())
    followed = True
    for statement, what in (
        ("DELETE FROM removals WHERE typeof(row) != 'integer'", "the row of an article is no row"),
        (
            "DELETE FROM passages WHERE article NOT IN (SELECT row FROM articles)",
            "a passage belongs to no article",
        ),
    ):
        if connection.execute(statement).rowcount:
            wrong.append(what)
            followed = False
    if not followed or not isinstance(known.get("archive"), str):
        if followed:
            wrong.append("its archive is missing")
        # Whatever is derived from it is made anew.
        _set_meta(connection, "archive", uuid.uuid4().hex)
    if not str(known.get("format")).isdecimal():
        wrong.append("its format is no number")
        _set_meta(connection, "format", str(FORMAT))
    return wrong


def _mend_records(connection: sqlite3.Connection) -> list[str]:
    """Put what is kept beside the articles right, and the index of its terms.

    Of a takedown its name is enough; what else cannot be read can be found or made again.
    """
    wrong = []
    connection.execute("CREATE TEMP TABLE terms_before AS SELECT * FROM record_terms")
    connection.execute("DELETE FROM record_terms")
    rows = connection.execute("SELECT rowid, kind, key, value, terms, data FROM records").fetchall()
    for row, kind, key, value, terms, data in rows:
        what = f"the {kind} record of {key}"
        try:
            if kind not in _KINDS:
                raise Damage(f"{what} is of no kind that there is")
            text(key, f"{what}: its key")
            record = Record(kind, key, values_of(value), data)
            borne = strings(terms, f"{what}: its terms")
            if not isinstance(data, bytes):
                raise Damage(f"{what} has other data than it must")
            if kind == TOMBSTONE:
                if key not in tombstone_of(record).names:
                    raise Damage(f"{what} bears other names")
            elif kind == ORIGIN:
                origin_of(key)
            insert_terms(connection, kind, key, borne)
        except (Damage, ValueError, TypeError, KeyError, RecursionError) as damage:
            wrong.append(str(damage) if isinstance(damage, Damage) else f"{what} ({damage})")
            connection.execute("DELETE FROM records WHERE rowid = ?", (row,))
            for name in _names(value) or ([_as_text(key)] if kind == TOMBSTONE else []):
                _keep_takedown(connection, name, value)
    lost = "SELECT * FROM terms_before EXCEPT SELECT * FROM record_terms"
    if connection.execute(lost).fetchall():  # all: a table that is being read cannot be dropped
        wrong.append("a record is found by what it does not bear")
    connection.execute("DROP TABLE terms_before")
    return wrong


def _names(value: Any) -> list[str]:
    """The names of what a record says was taken down; only takedowns have any."""
    names = _readable(value).get("names")
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def _readable(value: Any) -> Mapping[str, Any]:
    try:
        return values_of(value)
    except (ValueError, TypeError, RecursionError):
        return {}


def _keep_takedown(connection: sqlite3.Connection, name: str, value: Any) -> None:
    values = _readable(value)
    stone = Tombstone((name,), _as_text(values.get("reason")), _as_text(values.get("at")))
    record = record_of(name, stone)
    there = "SELECT 1 FROM records WHERE kind = ? AND key = ?"
    if not connection.execute(there, (record.kind, record.key)).fetchone():
        insert_record(connection, record)


def _mend_article(connection: sqlite3.Connection, row: int, dimension: int | None) -> list[str]:
    """Put one article right; nothing is written where nothing is wrong."""
    query = f"SELECT words, day, hash, key, shallow, {ARTICLE_COLUMNS} FROM articles WHERE row = ?"  # noqa: S608
    words, day, hash_, key, shallow, *columns = connection.execute(query, (row,)).fetchone()
    wrong = []

    def sound(check: Callable[[], Any]) -> Any:
        try:
            return check()
        except Damage as damage:
            wrong.append(str(damage))
            return None

    article = sound(lambda: article_of(columns))
    if article is None:
        article, words = _mended(columns), None
    whose = f"article {article.id}: its"
    if wrong or sound(lambda: text(words, f"{whose} words")) is None:
        words = analysed(article).words
    sound(lambda: number(shallow, f"{whose} mark of being shallow"))
    if hash_ != article.content_hash and not wrong:
        wrong.append(f"{whose} content is not what its hash says")
    if day != article.day and not wrong:
        wrong.append(f"{whose} day is not that of its date")
    passages = connection.execute(
        "SELECT position, start, stop, vector FROM passages WHERE article = ? ORDER BY position",
        (row,),
    ).fetchall()
    made = None  # where nobody knows how long a vector is, none can be kept
    if dimension is not None:
        made = sound(lambda: spans_and_vectors(passages, dimension, f"article {article.id}"))
    if wrong:
        spans, vectors = made or spans_and_vectors([], dimension or 1, whose)
        entry = Entry(
            article,
            tuple(Passage(*span) for span in spans.tolist()),
            vectors,
            forms_of(article, words),
            shallow=bool(shallow) or made is None,
        )
        connection.execute("DELETE FROM articles WHERE row = ?", (row,))
        insert(connection, entry)
    elif key != article_key(article.url):
        values = (article_key(article.url), row)
        connection.execute("UPDATE articles SET key = ? WHERE row = ?", values)
    return wrong


def _mended(columns: Sequence[Any]) -> Article:
    """An article of which some column is damaged."""
    id_, lang, title, lead, body, date, url, source, authors, section, tags, captions = columns
    article = Article(
        id=id_ if isinstance(id_, str) else uuid.uuid4().hex,
        lang=lang if lang in LANGUAGES else detect(f"{_as_text(title)}\n{_as_text(body)}").lang,
        title=_as_text(title),
        lead=_as_text(lead),
        text=_as_text(body),
        url=_known(url),
        source=_known(source),
        authors=_list(authors),
        section=_known(section),
        tags=_list(tags),
        captions=_list(captions),
    )
    try:
        return replace(article, date=_known(date)) if day_of(_known(date)) else article
    except ValueError:
        return article


def _as_text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").replace("\0", "")
    return "" if value is None else str(value)


def _known(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _list(value: Any) -> tuple[str, ...]:
    try:
        return strings(value, "")
    except Damage:
        return ()


def _dimension(connection: sqlite3.Connection) -> int | None:
    """Of the archive's vectors; None where its profile is damaged, and all are to be made anew."""
    found = connection.execute("SELECT value FROM meta WHERE key = 'profile'").fetchone()
    try:
        return profile_of(found[0]).encoder.dimension if found else None
    except Damage:
        return None


def _set_meta(connection: sqlite3.Connection, key: str, value: str) -> None:
    connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))
