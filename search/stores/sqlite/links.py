"""Link records of the embedded store: tables of their own beside the articles, in the same file."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeVar

import numpy as np

from search.encoders.base import FloatArray
from search.stores.links import Link, LinkCounts, LinkRecord, VectorBlock
from search.stores.sqlite.ledger import select_in
from search.stores.sqlite.values import Damage, profile_of, spans_and_vectors

_BLOCK = 1024

_COLUMNS = (
    "id, lang, hash, model, date, keys, vector, near, story, place, copies, matched, counterpart,"
    " score"
)

_LINK_COLUMNS = "id, counterpart, story, place, copies"

T = TypeVar("T")

_Opener = Callable[[], AbstractContextManager[sqlite3.Connection]]


class EmbeddedLinks:
    """Link records in an archive's SQLite file; see ``search.stores.links.LinkStore``.

    Args:
        reading: Gives this thread's connection.
        writing: The same, within one transaction.
    """

    def __init__(self, reading: _Opener, writing: _Opener) -> None:
        self._reading = reading
        self._writing = writing

    def links(self, ids: Sequence[str]) -> dict[str, Link]:
        """What is known of those of the ids that were linked."""
        return dict(self._select(_LINK_COLUMNS, "id", ids, of=_link))

    def records(self, ids: Sequence[str]) -> dict[str, LinkRecord]:
        """The records of those of the ids that have one."""
        return {record.id: record for record in self._select(_COLUMNS, "id", ids, of=_record)}

    def put(self, records: Sequence[LinkRecord]) -> None:
        """Keep records in one transaction, each in place of the one of the same id."""
        if not records:
            return
        with self._writing() as connection:
            for record in records:
                _remove(connection, record.id)
                _insert(connection, record)

    def remove(self, ids: Sequence[str]) -> None:
        """Take records out as they are."""
        if not ids:
            return
        with self._writing() as connection:
            for id_ in ids:
                _remove(connection, id_)

    def members(self, groups: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """The ids in each of the groups, by ascending place."""
        found: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for id_, link in self._select(_LINK_COLUMNS, "story", groups, of=_link):
            found[link.group].append((link.place, id_))
        return {story: tuple(id_ for _, id_ in sorted(rows)) for story, rows in found.items()}

    def partners(self, ids: Sequence[str]) -> tuple[str, ...]:
        """Ids of the records whose counterpart is one of the ids."""
        return tuple(id_ for id_, _ in self._select(_LINK_COLUMNS, "counterpart", ids, of=_link))

    def sharing(self, keys: Sequence[int], *, most: int) -> dict[int, tuple[str, ...]]:
        """For each key that is known, the ids of up to ``most`` records that have it."""
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
                block = _block(rows)
            yield block
            after = block.ids[-1]

    def lead_vectors(self, ids: Sequence[str]) -> dict[str, FloatArray]:
        """The archive's own vector of the first passage of those articles that have one."""
        query = (
            "SELECT id, position, start, stop, vector FROM articles JOIN passages ON article = row"
            " AND position = 0 WHERE id IN (*)"
        )
        found: dict[str, FloatArray] = {}
        with self._reading() as connection:
            [profile] = connection.execute(
                "SELECT value FROM meta WHERE key = 'profile'"
            ).fetchone()
            dimension = profile_of(profile).encoder.dimension
            for id_, *passage in select_in(connection, query, ids):
                _, [found[id_]] = spans_and_vectors([passage], dimension, f"article {id_}")
        return found

    def pending(self, model: str) -> list[str]:
        """Ids of articles without a record of their present content by this model."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT articles.id FROM articles LEFT JOIN links ON links.id = articles.id"
                " AND links.hash = articles.hash AND links.model = ?"
                " WHERE links.id IS NULL ORDER BY articles.id",
                (model,),
            )
            return [id_ for (id_,) in rows]

    def orphans(self) -> list[str]:
        """Ids of records whose article is gone."""
        query = "SELECT id FROM links WHERE id NOT IN (SELECT id FROM articles) ORDER BY id"
        with self._reading() as connection:
            return [id_ for (id_,) in connection.execute(query)]

    def counts(self) -> LinkCounts:
        """Count what is kept."""
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
        with self._writing() as connection:
            connection.execute("DELETE FROM links")
            connection.execute("DELETE FROM link_keys")

    def _select(
        self, columns: str, key: str, values: Sequence[str], *, of: Callable[[Sequence[Any]], T]
    ) -> list[T]:
        """What is made of the rows whose ``key`` is one of the values."""
        query = f"SELECT {columns} FROM links WHERE {key} IN (*)"  # noqa: S608
        with self._reading() as connection:
            return [of(row) for row in select_in(connection, query, values)]


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
        with _undamaged(id_):
            numbers = np.frombuffer(keys, "<i8").tolist()
        connection.executemany(
            "DELETE FROM link_keys WHERE key = ? AND link = ?", [(key, row) for key in numbers]
        )


def _link(row: Sequence[Any]) -> tuple[str, Link]:
    """The id and the link in a row of ``_LINK_COLUMNS``."""
    id_, counterpart, story, place, copies = row
    with _undamaged(id_):
        other = None if counterpart is None else _text(counterpart)
        return _text(id_), Link(other, _text(story), int(place), int(copies))


def _record(row: Sequence[Any]) -> LinkRecord:
    """The record in a row of ``_COLUMNS``."""
    id_, lang, hash_, model, date, keys, vector, near, story, place, copies, *rest = row
    matched, counterpart, score = rest
    with _undamaged(id_):
        return LinkRecord(
            id=_text(id_),
            lang=_text(lang),
            hash=_text(hash_),
            model=_text(model),
            date=None if date is None else _text(date),
            keys=tuple(np.frombuffer(keys, "<i8").tolist()),
            vector=_floats(vector),
            near=float(near),
            group=_text(story),
            place=int(place),
            copies=int(copies),
            matched=bool(int(matched)),
            counterpart=None if counterpart is None else _text(counterpart),
            score=float(score),
        )


def _block(rows: Sequence[Any]) -> VectorBlock:
    """The vectors in rows of id, vector and nearness."""
    with _undamaged(f"{rows[0][0]} or one of the {len(rows)} behind it"):
        if len({len(vector) for _, vector, _ in rows}) > 1:
            raise ValueError("vectors of several lengths")
        return VectorBlock(
            ids=tuple(_text(id_) for id_, _, _ in rows),
            vectors=_floats(b"".join(vector for _, vector, _ in rows)).reshape(len(rows), -1),
            near=np.array([near for _, _, near in rows], np.float32),
        )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


def _floats(raw: bytes) -> FloatArray:
    found = np.frombuffer(raw, "<f2").astype(np.float32)
    if not np.isfinite(found).all():
        raise ValueError("no numbers")
    return found


@contextmanager
def _undamaged(whose: str) -> Iterator[None]:
    """Say whose record it is that cannot be read."""
    try:
        yield
    except (ValueError, TypeError, OverflowError) as error:
        raise Damage(f"the link record of {whose} ({error})", command="link --again") from error
