"""Whether the log beside a SQLite file is its own.

SQLite takes whatever log lies beside a file for its own. Where an archive was replaced by another
one, or by an older copy of itself, while commits were left in the log – after a kill, or while it
was being served – that destroys the new one. So every archive has a number in its file's header,
and every transaction counts there: a log that is of another number, or does not go on from the
count that the file has come to, is not its own.
"""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

_MAGIC = (0x377F0682, 0x377F0683)
_LOG_HEADER, _FRAME_HEADER, _FILE_HEADER = 32, 24, 100
_COUNT, _NUMBER = slice(60, 64), slice(68, 72)  # SQLite's user_version and application_id
_LOOKS, _PAUSE_S = 3, 0.1


def number_archive(connection: sqlite3.Connection) -> None:
    """Give a new archive its number; the caller has begun a transaction."""
    connection.execute(f"PRAGMA application_id = {1 + secrets.randbelow(2**31 - 1)}")


def count_transaction(connection: sqlite3.Connection) -> None:
    """Count a transaction in the header of the file; the caller has begun it."""
    before = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.execute(f"PRAGMA user_version = {before + 1}")


def log_of(path: Path) -> Path:
    """Where SQLite keeps the log of a file."""
    return path.with_name(f"{path.name}-wal")


def is_own_log(path: Path) -> bool:
    """Whether the log beside a file, if there is one, goes on from the state of the file."""
    for look in range(_LOOKS):
        if look:
            time.sleep(_PAUSE_S)  # somebody may be writing it at this moment
        if _goes_on(path):
            return True
    return False


def _goes_on(path: Path) -> bool:
    try:
        logged = list(_headers(log_of(path)))
        state = _state(path) if logged else None
    except FileNotFoundError:
        return True
    if state is None:
        return True
    number, now = state
    if number and number != int.from_bytes(logged[0][_NUMBER], "big"):
        return False
    first, last = (int.from_bytes(some[_COUNT], "big") for some in (logged[0], logged[-1]))
    return first - 1 <= now <= last  # a part of the log may be in the file already


def _state(path: Path) -> tuple[int, int] | None:
    """Number and count in the header of a file; None where it is no archive.

    Read by SQLite, without locks: to close a file that one has opened oneself ends all locks that
    the process has on it, and whoever closes it next takes the log for abandoned.
    """
    uri = f"{path.absolute().as_uri()}?immutable=1"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            [number] = connection.execute("PRAGMA application_id").fetchone()
            [now] = connection.execute("PRAGMA user_version").fetchone()
    except sqlite3.Error:
        return None  # whoever opens it says what it is
    return number % 2**32, now  # SQLite shows 32 bits with a sign


def _headers(log: Path) -> Iterator[bytes]:
    """A log's versions of the file's header, in their order."""
    with log.open("rb") as frames:
        header = frames.read(_LOG_HEADER)
        if len(header) < _LOG_HEADER or int.from_bytes(header[:4], "big") not in _MAGIC:
            return  # SQLite passes over it too
        page_size = int.from_bytes(header[8:12], "big")
        salts = header[16:24]
        while len(frame := frames.read(_FRAME_HEADER)) == _FRAME_HEADER and frame[8:16] == salts:
            if int.from_bytes(frame[:4], "big") == 1:
                page = frames.read(_FILE_HEADER)
                if len(page) < _FILE_HEADER:
                    return
                yield page
                frames.seek(page_size - _FILE_HEADER, 1)
            else:
                frames.seek(page_size, 1)
