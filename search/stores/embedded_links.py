"""Link records of the embedded store: tables of their own beside the articles, in the same file."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from typing import Any

import numpy as np

from search.encoders.base import FloatArray
from search.stores.links import Link, LinkCounts, LinkRecord, VectorBlock

_BATCH = 500
_BLOCK = 1024

_TABLES = """
CREATE TABLE links (
    row INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    lang TEXT NOT NULL,
    hash TEXT NOT NULL,
    model TEXT NOT NULL,
    date TEXT,
    keys BLOB NOT NULL,                     -- int64, ascending
    vector BLOB NOT NULL,                   -- float16, little-endian
    near REAL NOT NULL,
    story TEXT NOT NULL,                    -- the group of copies
    place INTEGER NOT NULL,
    copies INTEGER NOT NULL,
    matched INTEGER NOT NULL,
    counterpart TEXT,
    score REAL NOT NULL
);
CREATE INDEX links_by_story ON links (story);
CREATE INDEX links_by_counterpart ON links (counterpart) WHERE counterpart IS NOT NULL;
CREATE INDEX links_to_match ON links (lang, id) WHERE NOT matched;
CREATE TABLE link_keys (
    key INTEGER NOT NULL,
    link INTEGER NOT NULL,                  -- row
    PRIMARY KEY (key, link)
) WITHOUT ROWID;
"""

_COLUMNS = (
    "id, lang, hash, model, date, keys, vector, near, story, place, copies, matched, counterpart,"
    " score"
)

_Opener = Callable[[], AbstractContextManager[sqlite3.Connection]]


class EmbeddedLinks:
    """Link records in an archive's SQLite file; see ``search.stores.links.LinkStore``.

    The tables come into being with the first record: archives of older versions need no upgrade.

    Args:
        reading: Gives this thread's connection.
        writing: The same, within one transaction.
    """

    def __init__(self, reading: _Opener, writing: _Opener) -> None:
        self._reading = reading
        self._writing = writing

    def links(self, ids: Sequence[str]) -> dict[str, Link]:
        """What is known of those of the ids that were linked."""
        rows = self._select("id, counterpart, story, place, copies", "id", ids)
        return {row[0]: Link(*row[1:]) for row in rows}

    def records(self, ids: Sequence[str]) -> dict[str, LinkRecord]:
        """The records of those of the ids that have one."""
        return {row[0]: _record(row) for row in self._select(_COLUMNS, "id", ids)}

    def put(self, records: Sequence[LinkRecord]) -> None:
        """Keep records in one transaction, each in place of the one of the same id."""
        if not records:
            return
        with self._writing() as connection:
            if not _there(connection):
                for statement in _TABLES.split(";\n"):
                    connection.execute(statement)
            for record in records:
                _remove(connection, record.id)
                _insert(connection, record)

    def remove(self, ids: Sequence[str]) -> None:
        """Take records out as they are."""
        if not ids or not self._exists():
            return
        with self._writing() as connection:
            for id_ in ids:
                _remove(connection, id_)

    def members(self, groups: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """The ids in each of the groups, by ascending place."""
        found: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for story, place, id_ in self._select("story, place, id", "story", groups):
            found[story].append((place, id_))
        return {story: tuple(id_ for _, id_ in sorted(rows)) for story, rows in found.items()}

    def partners(self, ids: Sequence[str]) -> tuple[str, ...]:
        """Ids of the records whose counterpart is one of the ids."""
        return tuple(row[0] for row in self._select("id", "counterpart", ids))

    def sharing(self, keys: Sequence[int], *, most: int) -> dict[int, tuple[str, ...]]:
        """For each key that is known, the ids of up to ``most`` records that have it."""
        if not self._exists():
            return {}
        found = {}
        query = (
            "SELECT id FROM link_keys JOIN links ON links.row = link_keys.link"
            " WHERE key = ? ORDER BY links.row LIMIT ?"
        )
        with self._reading() as connection:
            for key in dict.fromkeys(keys):
                if ids := tuple(id_ for (id_,) in connection.execute(query, (key, most))):
                    found[key] = ids
        return found

    def vectors(self, lang: str, *, model: str, unmatched: bool = False) -> Iterator[VectorBlock]:
        """Vectors by one model of all that stand for a group, streamed by ascending id."""
        if not self._exists():
            return
        after = ""
        query = (
            "SELECT id, vector, near FROM links WHERE id > ? AND lang = ? AND model = ?"
            " AND place = 0 AND length(vector) > 0"
        )
        query += " AND NOT matched" if unmatched else ""
        query += " ORDER BY id LIMIT ?"
        while True:
            with self._reading() as connection:
                found = connection.execute(query, (after, lang, model, _BLOCK))
                rows = found.fetchall()
            if not rows:
                return
            yield VectorBlock(
                ids=tuple(row[0] for row in rows),
                vectors=_floats(b"".join(row[1] for row in rows)).reshape(len(rows), -1),
                near=np.array([row[2] for row in rows], np.float32),
            )
            after = rows[-1][0]

    def lead_vectors(self, ids: Sequence[str]) -> dict[str, FloatArray]:
        """The archive's own vector of the first passage of those articles that have one."""
        joined = "articles JOIN passages ON article = row AND position = 0"
        rows = self._select("id, vector", "id", ids, joined, optional=False)
        return {id_: np.frombuffer(vector, "<f4").astype(np.float32) for id_, vector in rows}

    def pending(self, model: str) -> list[str]:
        """Ids of articles without a record of their present content by this model."""
        with self._reading() as connection:
            if not _there(connection):
                return [id_ for (id_,) in connection.execute("SELECT id FROM articles ORDER BY id")]
            rows = connection.execute(
                "SELECT articles.id FROM articles LEFT JOIN links ON links.id = articles.id"
                " AND links.hash = articles.hash AND links.model = ?"
                " WHERE links.id IS NULL ORDER BY articles.id",
                (model,),
            )
            return [id_ for (id_,) in rows]

    def orphans(self) -> list[str]:
        """Ids of records whose article is gone."""
        if not self._exists():
            return []
        query = "SELECT id FROM links WHERE id NOT IN (SELECT id FROM articles) ORDER BY id"
        with self._reading() as connection:
            return [id_ for (id_,) in connection.execute(query)]

    def counts(self) -> LinkCounts:
        """Count what is kept."""
        if not self._exists():
            return LinkCounts()
        with self._reading() as connection:
            linked, paired, groups, copies, unmatched = connection.execute(
                "SELECT count(*), coalesce(sum(place = 0 AND counterpart IS NOT NULL), 0),"
                " coalesce(sum(place = 0 AND copies > 0), 0), coalesce(sum(place > 0), 0),"
                " coalesce(sum(place = 0 AND NOT matched), 0)"
                " FROM links"
            ).fetchone()
        return LinkCounts(linked, paired // 2, groups, copies, unmatched)

    def clear(self) -> None:
        """Take every record out."""
        if self._exists():
            with self._writing() as connection:
                connection.execute("DELETE FROM links")
                connection.execute("DELETE FROM link_keys")

    def _exists(self) -> bool:
        with self._reading() as connection:
            return _there(connection)

    def _select(
        self,
        columns: str,
        key: str,
        values: Sequence[Any],
        table: str = "links",
        *,
        optional: bool = True,
    ) -> list[tuple[Any, ...]]:
        """Rows whose ``key`` is one of the values; none where the tables are not there yet."""
        rows: list[tuple[Any, ...]] = []
        remaining = iter(dict.fromkeys(values))
        with self._reading() as connection:
            if optional and not _there(connection):
                return []
            while batch := list(islice(remaining, _BATCH)):
                marks = ",".join("?" * len(batch))
                query = f"SELECT {columns} FROM {table} WHERE {key} IN ({marks})"  # noqa: S608
                rows += connection.execute(query, batch).fetchall()
        return rows


def _there(connection: sqlite3.Connection) -> bool:
    query = "SELECT 1 FROM sqlite_master WHERE name = 'links'"
    return connection.execute(query).fetchone() is not None


def _insert(connection: sqlite3.Connection, record: LinkRecord) -> None:
    keys = np.array(sorted(set(record.keys)), "<i8")
    values = (
        *(record.id, record.lang, record.hash, record.model, record.date, keys.tobytes()),
        *(record.vector.astype("<f2").tobytes(), record.near, record.group, record.place),
        *(record.copies, record.matched, record.counterpart, record.score),
    )
    marks = ",".join("?" * len(values))
    row = connection.execute(
        f"INSERT INTO links ({_COLUMNS}) VALUES ({marks})",  # noqa: S608
        values,
    ).lastrowid
    connection.executemany(
        "INSERT INTO link_keys VALUES (?, ?)", [(key, row) for key in keys.tolist()]
    )


def _remove(connection: sqlite3.Connection, id_: str) -> None:
    found = connection.execute("DELETE FROM links WHERE id = ? RETURNING row, keys", (id_,))
    for row, keys in found.fetchall():
        connection.executemany(
            "DELETE FROM link_keys WHERE key = ? AND link = ?",
            [(key, row) for key in np.frombuffer(keys, "<i8").tolist()],
        )


def _record(row: Sequence[Any]) -> LinkRecord:
    id_, lang, hash_, model, date, keys, vector, near, story, place, copies, *rest = row
    matched, counterpart, score = rest
    return LinkRecord(
        id=id_,
        lang=lang,
        hash=hash_,
        model=model,
        date=date,
        keys=tuple(np.frombuffer(keys, "<i8").tolist()),
        vector=_floats(vector),
        near=near,
        group=story,
        place=place,
        copies=copies,
        matched=bool(matched),
        counterpart=counterpart,
        score=score,
    )


def _floats(raw: bytes) -> FloatArray:
    return np.frombuffer(raw, "<f2").astype(np.float32)
