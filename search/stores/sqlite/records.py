"""Records beside the articles in an archive's SQLite file, with an index of their terms."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

from search.stores.records import Part, Record
from search.stores.sqlite.rows import select_in
from search.stores.sqlite.values import MEND, Damage, strings, text

_PAGE = 1_024
_MENDS = {"link": "link --again"}

_Opener = Callable[[], AbstractContextManager[sqlite3.Connection]]


class EmbeddedRecords:
    """See ``search.stores.records.Records``.

    Args:
        reading: Gives this thread's connection to an archive that is there.
        writing: The same, within one transaction; within another one of the thread, a part of it.
    """

    def __init__(self, reading: _Opener, writing: _Opener) -> None:
        self._reading = reading
        self._writing = writing

    def get(self, kind: str, keys: Sequence[str], *, only: Part | None = None) -> dict[str, Record]:
        """Those of the keys that there are."""
        query = f"SELECT {_columns(only)} FROM records WHERE kind = ? AND key IN (*)"  # noqa: S608
        with self._reading() as connection:
            found = [_record(kind, row) for row in select_in(connection, query, keys, kind)]
        return {record.key: record for record in found}

    def put(self, records: Sequence[Record]) -> None:
        """Keep records in one transaction, each in place of the one of its kind and key."""
        if not records:
            return
        with self._writing() as connection:
            for record in records:
                _remove(connection, record)
                insert_record(connection, record)

    def remove(self, records: Sequence[Record]) -> None:
        """Take records out."""
        if not records:
            return
        with self._writing() as connection:
            for record in records:
                _remove(connection, record)

    def scan(
        self, kind: str, *, prefix: str = "", term: str | None = None, only: Part | None = None
    ) -> Iterator[Record]:
        """Those whose key begins so and that have the term, by ascending key, in pages."""
        table, asked = "records WHERE", [kind]
        if term is not None:
            table, asked = (
                "record_terms JOIN records USING (kind, key) WHERE term = ? AND",
                [
                    term,
                    kind,
                ],
            )
        query = f"SELECT {_columns(only)} FROM {table} kind = ? AND key >= ? ORDER BY key LIMIT ?"  # noqa: S608
        first = prefix
        while True:
            with self._reading() as connection:
                rows = connection.execute(query, (*asked, first, _PAGE)).fetchall()
                page = [_record(kind, row) for row in rows]
            for record in page:
                if not record.key.startswith(prefix):
                    return
                yield record
            if len(page) < _PAGE:
                return
            first = f"{page[-1].key}\0"  # the next key that there can be

    def holders(
        self, kind: str, terms: Sequence[str], *, most: int | None = None
    ) -> dict[str, tuple[str, ...]]:
        """For each term that is known, the keys of up to ``most`` records that have it."""
        query = "SELECT key FROM record_terms WHERE kind = ? AND term = ? ORDER BY key LIMIT ?"
        limit = -1 if most is None else most
        found = {}
        with self._reading() as connection:
            for term in dict.fromkeys(terms):
                if rows := connection.execute(query, (kind, term, limit)).fetchall():
                    found[term] = tuple(
                        text(key, "the key of a record", command=_mend(kind)) for (key,) in rows
                    )
        return found

    def count(self, kind: str, term: str | None = None) -> int:
        """How many there are, of those that have a term."""
        query, asked = "SELECT count(*) FROM records WHERE kind = ?", [kind]
        if term is not None:
            query = "SELECT count(*) FROM record_terms WHERE kind = ? AND term = ?"
            asked = [kind, term]
        with self._reading() as connection:
            return int(connection.execute(query, asked).fetchone()[0])

    def clear(self, kind: str) -> None:
        """Take out all of a kind."""
        with self._writing() as connection:
            connection.execute("DELETE FROM records WHERE kind = ?", (kind,))
            connection.execute("DELETE FROM record_terms WHERE kind = ?", (kind,))

    def atomically(self) -> AbstractContextManager[object]:
        """One transaction."""
        return self._writing()


def insert_record(connection: sqlite3.Connection, record: Record) -> None:
    """Write a record that is not there; the caller has begun a transaction."""
    value, terms = (
        json.dumps(part, ensure_ascii=False) for part in (dict(record.values), record.terms)
    )
    row = (record.kind, record.key, value, terms, record.data)
    connection.execute("INSERT INTO records VALUES (?, ?, ?, ?, ?)", row)
    insert_terms(connection, record.kind, record.key, record.terms)


def insert_terms(connection: sqlite3.Connection, kind: str, key: str, terms: Sequence[str]) -> None:
    """Let a record be found by its terms."""
    connection.executemany(
        "INSERT OR IGNORE INTO record_terms VALUES (?, ?, ?)", [(kind, term, key) for term in terms]
    )


def values_of(value: bytes) -> dict[str, Any]:
    """The JSON object that a record keeps.

    Raises:
        ValueError, TypeError, RecursionError: It keeps none.
    """
    found = json.loads(value)
    if not isinstance(found, dict):
        raise TypeError("no object")
    return found


def _columns(only: Part | None) -> str:
    # Whatever value and data are now: text in no encoding is read as the bytes it is.
    value = "NULL" if only in ("key", "data") else "CAST(value AS BLOB)"
    data = "NULL" if only in ("key", "values") else "CAST(data AS BLOB)"
    return f"key, {value}, {data}"


def _record(kind: str, row: Sequence[Any]) -> Record:
    """The record in a row of ``_columns``."""
    key, value, data = row
    try:
        if not isinstance(key, str):
            raise TypeError("its key is no text")
        return Record(kind, key, {} if value is None else values_of(value), data or b"")
    except (ValueError, TypeError, RecursionError) as error:
        reason = f"the {kind} record of {key} ({error})"
        raise Damage(reason, command=_mend(kind)) from error


def _remove(connection: sqlite3.Connection, record: Record) -> None:
    asked = (record.kind, record.key)
    query = "DELETE FROM records WHERE kind = ? AND key = ? RETURNING CAST(terms AS BLOB)"
    for (terms,) in connection.execute(query, asked).fetchall():
        what = f"the {record.kind} record of {record.key}: its terms"
        connection.executemany(
            "DELETE FROM record_terms WHERE kind = ? AND term = ? AND key = ?",
            [
                (record.kind, term, record.key)
                for term in strings(terms, what, command=_mend(record.kind))
            ],
        )


def _mend(kind: str) -> str:
    return _MENDS.get(kind, MEND)
