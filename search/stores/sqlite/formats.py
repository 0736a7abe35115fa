"""Embedded archives of older formats, brought up to date in place; and generations taken over."""

from __future__ import annotations

import json
import sqlite3
import uuid
from pathlib import Path

from search.addresses import article_key
from search.errors import StoreError
from search.stores.base import ArchiveProfile
from search.stores.sqlite.file import SqliteFile, statements
from search.stores.sqlite.rows import CURSOR, MORE_SCHEMA
from search.stores.sqlite.values import ARTICLE_COLUMNS, Damage

FORMAT = 2
"""Of the tables. 1: before addresses, origins, tombstones and shallow articles were known."""


def migrate(file: SqliteFile, connection: sqlite3.Connection) -> None:
    """Bring an archive's tables up to date in one transaction; articles and vectors stay.

    Raises:
        StoreError: A newer version of Songngu has made it, or it cannot be written.
    """
    if _checked_format(file, connection) == FORMAT:
        return
    with file.writing() as writing:
        if _checked_format(file, writing) == FORMAT:
            return  # another process was first
        writing.execute("ALTER TABLE articles ADD COLUMN key TEXT")
        writing.execute("ALTER TABLE articles ADD COLUMN shallow INTEGER NOT NULL DEFAULT 0")
        for statement in statements(MORE_SCHEMA):
            writing.execute(statement)
        addresses = writing.execute("SELECT row, url FROM articles WHERE url IS NOT NULL")
        keys = [(article_key(url), row) for row, url in addresses.fetchall()]
        writing.executemany("UPDATE articles SET key = ? WHERE row = ?", keys)
        file.set_meta(writing, "format", str(FORMAT))


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


def _checked_format(file: SqliteFile, connection: sqlite3.Connection) -> int:
    try:
        found = int(file.meta(connection, "format"))
    except ValueError:
        raise Damage("its format is no number") from None
    if found > FORMAT:
        raise StoreError(
            f"{file.location} was made by a newer version of Songngu (format {found}; this one"
            f" reads up to {FORMAT}). Install that version, or name another archive."
        )
    return found
