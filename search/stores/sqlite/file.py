"""One SQLite file: its connections, transactions and errors."""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from search.errors import ArchiveMissingError, StoreError, StoreUnavailableError
from search.stores.sqlite.log import count_transaction, is_own_log, log_of
from search.stores.sqlite.values import Damage

_BUSY_TIMEOUT_S = 60.0
_LONGEST_EXCHANGE_S = 5.0
_WRITES = ("", ("foreign_keys = ON", "journal_mode = WAL", "synchronous = FULL"))
_READS_ALONE = ("?immutable=1", ())
_READS_LOG = ("?mode=ro&vfs=unix-none", ("locking_mode = EXCLUSIVE",))
_MENDS = {"profile": "reembed"}

FORMAT = 3
"""Of the tables. Nothing is migrated: an archive of another format is made anew."""


class _Connection(sqlite3.Connection):
    """A connection that takes its cursors along when it is closed.

    SQLite keeps a connection that is closed open as long as something is half read through it, and
    its hold on the log with it. An error that is told to somebody, such as a log, keeps alive what
    was read when it arose.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._cursors: weakref.WeakSet[sqlite3.Cursor] = weakref.WeakSet()

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        """Run a statement."""
        cursor = super().execute(*arguments)
        self._cursors.add(cursor)
        return cursor

    def close(self) -> None:
        """Close the cursors, and the connection."""
        for cursor in list(self._cursors):
            cursor.close()
        super().close()


class SqliteFile:
    """An archive's file. Each thread has a connection of its own.

    Where the file is replaced by another one, all connections are closed before the new one is
    opened: SQLite's locks beside it do not know of two files of one name in one process.

    Attributes:
        path: The file; beside it SQLite keeps its log while it is open.
        location: The path as it was given, for messages.
        generation: How many other files have taken its place so far.
    """

    def __init__(self, path: Path, location: str) -> None:
        self.path = path
        self.location = location
        self.generation = 0
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._gate = threading.Condition()
        self._users = 0
        self._seen: tuple[object, ...] | None = None
        self._only_reads = False
        self._has_written = False

    def missing(self) -> ArchiveMissingError:
        """The error for a file that holds no archive."""
        return ArchiveMissingError(
            f"There is no archive at {self.location}. Fill one with: songngu index SOURCE…"
            f" --archive {self.location}"
        )

    def is_filled(self, connection: sqlite3.Connection) -> bool:
        """Whether there is anything in the file."""
        return connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None

    def require(self, connection: sqlite3.Connection) -> None:
        """See to it that the file holds an archive of this version's format.

        Raises:
            ArchiveMissingError: It holds nothing.
            StoreError: It was made by another version of Songngu.
        """
        if not self.is_filled(connection):
            raise self.missing()
        found = self.meta(connection, "format")
        if not found.isdecimal():
            raise Damage("its format is no number")
        if int(found) != FORMAT:
            raise StoreError(
                f"{self.location} was made by another version of Songngu: its format is {found},"
                f" this version's {FORMAT}. Move the file away, and make it anew: songngu index"
                f" SOURCE… --archive {self.location}"
            )

    def meta(self, connection: sqlite3.Connection, key: str) -> str:
        """A value that the archive keeps about itself."""
        query = "SELECT CAST(value AS BLOB) FROM meta WHERE key = ?"
        row = connection.execute(query, (key,)).fetchone()
        try:
            return str(row[0], "utf-8")
        except (TypeError, UnicodeDecodeError):
            command = _MENDS.get(key, "doctor --mend")
            raise Damage(f"its {key} is missing or no text", command=command) from None

    def set_meta(self, connection: sqlite3.Connection, key: str, value: str) -> None:
        """Keep a value; the caller has begun a transaction."""
        connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """This thread's connection, its errors turned into ours."""
        with driver_errors(self.location), self._used():
            connection = self._connection()
            try:
                yield connection
            except (Damage, sqlite3.Error):
                self._end(connection)
                raise

    @contextmanager
    def moment(self) -> Iterator[sqlite3.Connection]:
        """A connection of its own, which sees one state of the file however long it is read."""
        with driver_errors(self.location), self._used(), closing(self._connect()) as connection:
            connection.execute("BEGIN")
            yield connection

    @contextmanager
    def writing(self, *, creating: bool = False) -> Iterator[sqlite3.Connection]:
        """One transaction, rolled back when the block raises; within another one, a part of it."""
        with driver_errors(self.location), self._used(writing=True):
            connection = self._connection(writing=True, creating=creating)
            is_part = bool(connection.in_transaction)
            if is_part:
                yield connection
                return
            connection.execute("BEGIN IMMEDIATE")
            try:
                count_transaction(connection)
                yield connection
                connection.execute("COMMIT")
                self._has_written = True
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                self._end(connection)
                raise

    def fold_log(self) -> None:
        """Fold the log into the file, as far as no reader needs it: the file alone is all then."""
        with self.reading() as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            self._has_written = False

    @contextmanager
    def _used(self, *, writing: bool = False) -> Iterator[None]:
        """Keep the file that is open from being exchanged for the one that has taken its place."""
        depth = getattr(self._local, "depth", 0)
        if not depth:
            self._enter(writing=writing)
        self._local.depth = depth + 1
        try:
            yield
        finally:
            self._local.depth = depth
            if not depth:
                with self._gate:
                    self._users -= 1
                    self._gate.notify_all()

    def _enter(self, *, writing: bool) -> None:
        deadline = time.monotonic() + _LONGEST_EXCHANGE_S
        with self._gate:
            while self._connections and self._is_outdated(writing=writing):
                if not self._users or time.monotonic() > deadline:
                    self._exchange()
                else:
                    self._gate.wait(deadline - time.monotonic())
            self._users += 1

    def _is_outdated(self, *, writing: bool) -> bool:
        """Whether the connections are to another file, or to one that must be opened otherwise."""
        return self._identity() != self._seen or (self._only_reads and writing)

    def _exchange(self) -> None:
        before = self._seen or ()
        if self._identity()[:2] != before[:2]:
            self.generation += 1
        self._close_connections()

    def _identity(self) -> tuple[object, ...]:
        """What changes when another file takes the place of this one.

        And, where nothing keeps others from changing a file that is only read, when they do.
        """
        places = [self.path, log_of(self.path)] if self._only_reads else [self.path]
        found: list[object] = []
        for place in places:
            try:
                status = place.stat()
            except FileNotFoundError:
                found += [None, None]
                continue
            found += [status.st_dev, status.st_ino]
            if self._only_reads:
                found += [status.st_size, status.st_mtime_ns]
        return tuple(found)

    def _connection(self, *, writing: bool = False, creating: bool = False) -> sqlite3.Connection:
        """This thread's connection."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._connect(writing=writing, creating=creating)
            self._local.connection = connection
            with self._gate:
                self._connections.append(connection)
        return connection

    def _end(self, connection: sqlite3.Connection) -> None:
        """Close a connection whose reading failed: a half-read answer would hold up every writer.

        Within a transaction whoever has begun it ends it.
        """
        if connection.in_transaction:
            return
        with self._gate:
            if connection in self._connections:
                self._connections.remove(connection)
                self._local.connection = None
                connection.close()

    def _connect(self, *, writing: bool = False, creating: bool = False) -> sqlite3.Connection:
        """A further connection; one that only reads where it cannot be had otherwise.

        Raises:
            ArchiveMissingError: There is no file, and none is to be created.
            StoreError: The log beside it is of another file.
        """
        if not creating and not self.path.exists():
            raise self.missing()
        if not self._connections and not is_own_log(self.path):
            raise StoreError(
                f"{self.location} has taken the place of another file, whose log would destroy it."
                f" Delete {self.location}-wal and {self.location}-shm, which belong to that one."
            )
        try:
            connection = self._opened(_WRITES)
            # SQLite opens what it may only read without a word.
            self._only_reads = not writing and not os.access(self.path, os.W_OK)
        except sqlite3.OperationalError as error:
            # A folder that takes no files, or a full disk: reading needs none.
            if writing or "locked" in str(error) or "busy" in str(error):
                raise
            self._only_reads = True
            connection = self._opened(self._read_only())
        if self._seen is None:
            self._seen = self._identity()
        return connection

    def _opened(self, way: tuple[str, Sequence[str]]) -> sqlite3.Connection:
        suffix, pragmas = way
        uri = f"{self.path.absolute().as_uri()}{suffix}"
        connection = sqlite3.connect(
            uri,
            uri=True,
            timeout=_BUSY_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
            factory=_Connection,
        )
        try:
            for pragma in pragmas:
                connection.execute(f"PRAGMA {pragma}")
            connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _read_only(self) -> tuple[str, Sequence[str]]:
        """How a file is read where nothing can be written beside it.

        With a log its commits are read too, by an index of the log that is kept in memory.
        """
        log = log_of(self.path)
        return _READS_LOG if log.exists() and log.stat().st_size else _READS_ALONE

    def bytes_used(self) -> int:
        """Size of the file with its log."""
        files = [self.path, log_of(self.path)]
        return sum(file.stat().st_size for file in files if file.exists())

    def close(self) -> None:
        """Close the connections of all threads; what was written is in the file alone then."""
        if self._has_written:
            # Best effort: whoever opens the file next reads the log as well.
            with suppress(StoreError):
                with self.reading() as connection:
                    connection.execute("PRAGMA busy_timeout = 1000")
                self.fold_log()
        with self._gate:
            self._close_connections()

    def _close_connections(self) -> None:
        for connection in self._connections:
            connection.close()
        self._connections.clear()
        depth = getattr(self._local, "depth", 0)
        self._local = threading.local()
        self._local.depth = depth
        self._seen, self._only_reads = None, False


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


def remove_archive(path: Path) -> None:
    """Delete a file with its log and its word index, where they are."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    shutil.rmtree(path.with_name(f"{path.name}.words"), ignore_errors=True)
