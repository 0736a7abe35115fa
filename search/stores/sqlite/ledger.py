"""What an embedded archive remembers about its articles: who brought them, what was taken down.

Functions that write are called within a transaction of the caller's.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from search.stores.base import Tombstone
from search.stores.sqlite.rows import BATCH
from search.stores.sqlite.values import strings, text

_UNDER = "(origin = ? OR substr(origin, 1, length(?) + 1) = ? || '/')"


def select_in(
    connection: sqlite3.Connection, query: str, values: Sequence[str]
) -> Iterator[tuple[Any, ...]]:
    """Rows of a query with "IN (*)" for values of any number, each value once."""
    remaining = iter(dict.fromkeys(values))
    while batch := list(islice(remaining, BATCH)):
        marks = ",".join("?" * len(batch))
        yield from connection.execute(query.replace("*", marks), batch).fetchall()


def remove(connection: sqlite3.Connection, ids: Sequence[str]) -> int:
    """Remove articles and who brought them; how many were there."""
    removed = 0
    for id_ in dict.fromkeys(ids):
        removed += connection.execute("DELETE FROM articles WHERE id = ?", (id_,)).rowcount
        connection.execute("DELETE FROM origins WHERE id = ?", (id_,))
    return removed


def bring(connection: sqlite3.Connection, ids: Sequence[str], origin: str) -> None:
    """Note that a source holds articles."""
    rows = ((id_, origin) for id_ in ids)
    connection.executemany("INSERT OR IGNORE INTO origins VALUES (?, ?)", rows)


def brought(connection: sqlite3.Connection, origin: str) -> list[str]:
    """Ids of kept articles that a source has brought."""
    found = connection.execute(
        f"SELECT DISTINCT id FROM origins JOIN articles USING (id) WHERE {_UNDER}"  # noqa: S608
        " ORDER BY id",
        (origin,) * 3,
    )
    return [text(id_, "the id of an article") for (id_,) in found]


def origins(connection: sqlite3.Connection, ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The sources of articles, ascending."""
    found: dict[str, tuple[str, ...]] = {}
    query = "SELECT id, origin FROM origins WHERE id IN (*) ORDER BY id, origin"
    for id_, origin in select_in(connection, query, ids):
        found[id_] = (*found.get(id_, ()), text(origin, f"a source of article {id_}"))
    return found


def withdraw(connection: sqlite3.Connection, ids: Sequence[str], origin: str) -> int:
    """A source no longer holds articles: remove those that no other has brought."""
    for id_ in ids:
        connection.execute(
            f"DELETE FROM origins WHERE id = ? AND {_UNDER}",  # noqa: S608
            (id_, *(origin,) * 3),
        )
    elsewhere = origins(connection, ids)
    return remove(connection, [id_ for id_ in ids if id_ not in elsewhere])


def bar(connection: sqlite3.Connection, stones: Sequence[Tombstone]) -> int:
    """Set tombstones, and remove what bears their names."""
    for stone in stones:
        names = json.dumps(stone.names, ensure_ascii=False)
        connection.executemany(
            "INSERT OR REPLACE INTO tombstones VALUES (?, ?, ?, ?)",
            [(name, names, stone.reason, stone.at) for name in stone.names],
        )
    names_of_all = [name for stone in stones for name in stone.names]
    ids = names_of_all + [
        id_
        for (id_,) in select_in(
            connection, "SELECT id FROM articles WHERE key IN (*)", names_of_all
        )
    ]
    return remove(connection, ids)


def lift(connection: sqlite3.Connection, names: Sequence[str]) -> int:
    """Take tombstones away, with all their names."""
    found = set(tombstones(connection, names).values())
    for stone in found:
        connection.executemany(
            "DELETE FROM tombstones WHERE name = ?", [(name,) for name in stone.names]
        )
    return len(found)


def tombstones(
    connection: sqlite3.Connection, names: Sequence[str] | None = None
) -> dict[str, Tombstone]:
    """Name → its tombstone; None: all of them, oldest first."""
    columns = "SELECT name, names, reason, at FROM tombstones"
    rows = (
        connection.execute(f"{columns} ORDER BY at, name")
        if names is None
        else select_in(connection, f"{columns} WHERE name IN (*)", names)
    )
    return {
        text(name, "the name of a takedown"): Tombstone(
            strings(all_names, f"the takedown of {name}: its names"),
            text(reason, f"the takedown of {name}: its reason"),
            text(at, f"the takedown of {name}: its time"),
        )
        for name, all_names, reason, at in rows
    }
