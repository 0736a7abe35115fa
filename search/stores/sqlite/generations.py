"""Generations of an embedded archive: a file beside it, taken over in one transaction."""

from __future__ import annotations

import json
import sqlite3
import uuid
from pathlib import Path

from search.stores.base import ArchiveProfile
from search.stores.sqlite.rows import CURSOR
from search.stores.sqlite.values import ARTICLE_COLUMNS


def take_over(connection: sqlite3.Connection, place: Path, profile: ArchiveProfile) -> None:
    """Replace all articles by those of a generation, within the caller's transaction.

    What the generation lacks or has in another version stays, without passages.
    """
    new = sqlite3.connect(f"{place.absolute().as_uri()}?mode=ro", uri=True)
    try:
        made = dict(new.execute("SELECT id, hash FROM articles"))
        now = dict(connection.execute("SELECT id, hash FROM articles"))
        ready = [id_ for id_, hash_ in made.items() if now.get(id_) == hash_]
        connection.executemany("DELETE FROM articles WHERE id = ?", [(id_,) for id_ in ready])
        connection.execute("DELETE FROM passages")
        connection.execute("UPDATE articles SET shallow = 1")
        base = connection.execute(CURSOR).fetchone()[0]
        columns = f"{ARTICLE_COLUMNS}, day, hash, words, key, shallow"
        marks = ",".join("?" * 18)
        kept = set(ready)
        articles = new.execute(f"SELECT row, {columns} FROM articles ORDER BY row")  # noqa: S608
        rows = {}
        for number, *values in articles:
            if values[0] in kept:
                rows[number] = base + number
                connection.execute(
                    f"INSERT INTO articles (row, {columns}) VALUES ({marks})",  # noqa: S608
                    (rows[number], *values),
                )
        passages = new.execute("SELECT article, position, start, stop, vector FROM passages")
        connection.executemany(
            "INSERT INTO passages VALUES (?, ?, ?, ?, ?)",
            ((rows[article], *rest) for article, *rest in passages if article in rows),
        )
    finally:
        new.close()
    # Another encoder means other vectors: whoever follows must load all anew.
    values = (("archive", uuid.uuid4().hex), ("profile", json.dumps(profile.to_json())))
    connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", values)
