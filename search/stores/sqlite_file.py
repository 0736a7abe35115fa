"""One SQLite file: its connections, transactions and errors."""

from __future__ import annotations

import shutil
import sqlite3
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from search.errors import ArchiveMissingError, StoreError, StoreUnavailableError
from search.stores.sqlite_values import Damage

_BUSY_TIMEOUT_S = 60.0
_MENDS = {"profile": "reembed"}


class SqliteFile:
    """An archive's file. Each thread has a connection of its own.

    Attributes:
        path: The file; beside it SQLite keeps its log while it is open.
        location: The path as it was given, for messages.
    """

    def __init__(self, path: Path, location: str) -> None:
        self.path = path
        self.location = location
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []

    def missing(self) -> ArchiveMissingError:
        """The error for a file that holds no archive."""
        return ArchiveMissingError(
            f"There is no archive at {self.location}. Fill one with: songngu index SOURCE…"
            f" --archive {self.location}"
        )

    def meta(self, connection: sqlite3.Connection, key: str) -> str:
        """A value that the archive keeps about itself."""
        query = "SELECT CAST(value AS BLOB) FROM meta WHERE key = ?"
        row = connection.execute(query, (key,)).fetchone()
        try:
            return str(row[0], "utf-8")
        except (TypeError, UnicodeDecodeError):
            command = _MENDS.get(key, "doctor --mend")
            raise Damage(f"its {key} is missing", command=command) from None

    def set_meta(self, connection: sqlite3.Connection, key: str, value: str) -> None:
        """Keep a value; the caller has begun a transaction."""
        connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def connection(self, *, creating: bool = False) -> sqlite3.Connection:
        """This thread's connection."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self.connect(creating=creating)
            self._local.connection = connection
            self._connections.append(connection)
        return connection

    def connect(self, *, creating: bool = False) -> sqlite3.Connection:
        """A further connection, which the caller closes.

        Raises:
            ArchiveMissingError: There is no file, and none is to be created.
        """
        if not creating and not self.path.exists():
            raise self.missing()
        uri = self.path.absolute().as_uri()
        if not creating and not writable(self.path.parent):
            # Without a log beside it the file cannot change under us, and SQLite needs no lock
            # files that it could not create here.
            log = self.path.with_name(f"{self.path.name}-wal")
            uri += "?mode=ro" if log.exists() else "?immutable=1"
        connection = sqlite3.connect(
            uri, uri=True, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            if "?" not in uri:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = FULL")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """This thread's connection, its errors turned into ours."""
        with driver_errors(self.location):
            yield self.connection()

    @contextmanager
    def writing(self, *, creating: bool = False) -> Iterator[sqlite3.Connection]:
        """One transaction, rolled back when the block raises."""
        with driver_errors(self.location):
            connection = self.connection(creating=creating)
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def bytes_used(self) -> int:
        """Size of the file with its log."""
        files = [self.path, self.path.with_name(f"{self.path.name}-wal")]
        return sum(file.stat().st_size for file in files if file.exists())

    def close(self) -> None:
        """Close the connections of all threads."""
        for connection in self._connections:
            connection.close()
        self._connections.clear()
        self._local = threading.local()


@contextmanager
def driver_errors(location: str) -> Iterator[None]:
    """Turn SQLite's errors into ours, chained."""
    try:
        yield
    except Damage as damage:
        raise StoreError(
            f"{location} is damaged: {damage}. Mend it with: songngu {damage.command} --archive"
            f" {location}"
        ) from damage
    except sqlite3.Error as error:
        text = str(error)
        if "decode to UTF-8" in text:
            raise StoreError(
                f"{location} is damaged: some text is in no encoding. Mend it with: songngu doctor"
                f" --mend --archive {location}"
            ) from error
        if "not a database" in text or "malformed" in text or "no such table" in text:
            raise StoreError(
                f"{location} is not a Songngu archive, or it is damaged ({text})."
                " Name another file with --archive, or restore it from a copy."
            ) from error
        if "locked" in text or "busy" in text:
            raise StoreUnavailableError(
                f"Another process has been writing to {location} for over"
                f" {_BUSY_TIMEOUT_S:.0f} s. Wait for it or end it, then try again."
            ) from error
        if "readonly" in text or "unable to open" in text:
            raise StoreError(
                f"{location} cannot be written ({text}). Give write permission to the file and its"
                " folder, or name another place with --archive."
            ) from error
        if "full" in text or "disk I/O" in text:
            raise StoreError(
                f"The disk that holds {location} is full or failing ({text}). Free space and run"
                " the same command again: it goes on where it stopped."
            ) from error
        raise StoreError(
            f"{location} cannot be used: {text}. `songngu doctor` checks the installation."
        ) from error


def statements(script: str) -> Iterator[str]:
    """The statements of a script one by one: ``executescript`` would end the transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def writable(folder: Path) -> bool:
    """Whether files can be made in a folder; asking permissions would lie to root."""
    probe = folder / f".songngu-{uuid.uuid4().hex}"
    try:
        probe.touch()
        probe.unlink()
    except OSError:
        return False
    return True


def remove_archive(path: Path) -> None:
    """Delete a file with its log and its word index, where they are."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    shutil.rmtree(path.with_name(f"{path.name}.words"), ignore_errors=True)
