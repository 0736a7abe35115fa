"""Notes in an archive's SQLite file: small derived data."""

from __future__ import annotations

import sqlite3


def read_note(connection: sqlite3.Connection, name: str) -> bytes | None:
    """The note of a name; None where there is none."""
    # Whatever it is now: who reads it knows what a note must be.
    query = "SELECT CAST(data AS BLOB) FROM notes WHERE name = ?"
    row = connection.execute(query, (name,)).fetchone()
    return bytes(row[0]) if row else None


def write_note(connection: sqlite3.Connection, name: str, data: bytes) -> None:
    """Keep a note in place of the one before; the caller has begun a transaction."""
    connection.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, data))
