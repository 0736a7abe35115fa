"""What earlier runs fetched: validators of feeds and pages, and what became of every entry.

A small SQLite file of its own, beside the archive's. It is no part of the archive: without it, all
feeds and pages are fetched once more, and articles that did not change cost nothing then. What is
remembered is written only after the archive holds the article, so a kill loses nothing.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import threading
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from indexer.fetching.client import NO_VALIDATORS, Validators
from search.settings import cache_folder

Outcome = Literal["kept", "skipped", "failed"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS sources (
    url TEXT PRIMARY KEY, etag TEXT, modified TEXT, stamp TEXT NOT NULL, complete INTEGER NOT NULL,
    read REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pages (
    url TEXT PRIMARY KEY, etag TEXT, modified TEXT, article TEXT, outcome TEXT NOT NULL,
    failures INTEGER NOT NULL, retry_at REAL NOT NULL, seen REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS entries (
    source TEXT NOT NULL, url TEXT NOT NULL, stamp TEXT NOT NULL, PRIMARY KEY (source, url)
) WITHOUT ROWID;
"""
_FORMAT = 2
_FIRST_RETRY_S = 900.0
_LAST_RETRY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Page:
    """What became of one page.

    Attributes:
        article: Id of the article it became, where it is known and in the archive.
        outcome: "kept"; "skipped": for good, until its feed says that it changed; "failed": it
            is tried again, after ever longer pauses.
        failures: How often in a row.
        retry_at: Seconds since 1970; for failed ones.
    """

    url: str
    outcome: Outcome
    validators: Validators = NO_VALIDATORS
    article: str | None = None
    failures: int = 0
    retry_at: float = 0.0

    def is_due(self, now: float) -> bool:
        """Tell whether a failed page is to be tried again.

        No pause is as long as one that a clock makes that was set back.
        """
        return not now < self.retry_at <= now + _LAST_RETRY_S

    def failed_again(self, now: float) -> Page:
        """Return the page after one more failure, with the time of its next try."""
        pause_s = min(_FIRST_RETRY_S * 2**self.failures, _LAST_RETRY_S)
        return replace(
            self,
            outcome="failed",
            validators=NO_VALIDATORS,
            failures=min(self.failures + 1, 30),
            retry_at=now + pause_s,
        )


@dataclass(frozen=True, slots=True)
class Seen:
    """One entry of a feed or sitemap, dealt with.

    Attributes:
        url: Of its page; the key of a ``Page``.
        stamp: Changes when the entry does.
    """

    source: str
    url: str
    stamp: str


@dataclass(frozen=True, slots=True)
class SourceState:
    """One feed or sitemap after all its entries.

    Attributes:
        stamp: The lastmod that a sitemap index gives for it, or "".
        complete: Every entry was dealt with, so that "not changed" means nothing to do.
        read: When it was read last; written by ``Memory.remember``.
    """

    url: str
    validators: Validators = NO_VALIDATORS
    stamp: str = ""
    complete: bool = False
    read: float = field(default=0.0, compare=False)


class Memory:
    """Safe to use from several threads. Times are seconds since 1970.

    Args:
        path: The file; it is made when it is not there, and begun anew when it is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lost: str | None = None
        """Why nothing is remembered after this run, where that is so."""
        self._lock = threading.Lock()
        try:
            self._connection = _opened(path)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) or not _discarded(path):
                self.lost = f"{path} cannot be used ({error})"
                self._connection = _opened(Path(":memory:"))
            else:
                self._connection = _opened(path)

    def source(self, url: str) -> SourceState | None:
        """Return a feed or sitemap as it was when it was last read; None for an unknown one."""
        row = self._row("SELECT * FROM sources WHERE url = ?", url)
        if row is None:
            return None
        url, etag, modified, stamp, complete, read = row
        return SourceState(url, Validators(etag, modified), stamp, bool(complete), read)

    def page(self, url: str) -> Page | None:
        """Return what became of a page; None for an unknown one."""
        row = self._row("SELECT * FROM pages WHERE url = ?", url)
        return None if row is None else _page(row)

    def stamps(self, source: str) -> dict[str, str]:
        """Return address → stamp of the entries of a source that were dealt with."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT url, stamp FROM entries WHERE source = ?", (source,)
            )
            return dict(rows.fetchall())

    def pages_of(self, source: str) -> list[Page]:
        """Return what became of the entries of a source."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT pages.* FROM pages JOIN entries USING (url) WHERE source = ?", (source,)
            ).fetchall()
        return [_page(row) for row in rows]

    def remember(self, records: Iterable[Page | Seen | SourceState]) -> None:
        """Keep records, all of them or none."""
        now = time.time()
        with self._lock, self._connection:
            for record in records:
                table, *values = _row(record, now)
                places = ", ".join("?" * len(values))
                self._connection.execute(
                    f"INSERT OR REPLACE INTO {table} VALUES ({places})",  # noqa: S608
                    values,
                )

    def forget_entries(self, source: str, urls: Collection[str]) -> None:
        """Drop entries that a source does not list any more."""
        with self._lock, self._connection:
            self._connection.executemany(
                "DELETE FROM entries WHERE source = ? AND url = ?", [(source, url) for url in urls]
            )

    def forget_all(self) -> None:
        """Forget everything: the archive began anew."""
        with self._lock, self._connection:
            for table in ("sources", "pages", "entries"):
                self._connection.execute(f"DELETE FROM {table}")  # noqa: S608

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _row(self, query: str, url: str) -> tuple[Any, ...] | None:
        with self._lock:
            row: tuple[Any, ...] | None = self._connection.execute(query, (url,)).fetchone()
        return row


def _page(row: tuple[Any, ...]) -> Page:
    url, etag, modified, article, outcome, failures, retry_at, _ = row
    return Page(url, outcome, Validators(etag, modified), article, failures, retry_at)


def _row(record: Page | Seen | SourceState, now: float) -> tuple[Any, ...]:
    """Write a record as the name of its table and the values of its columns."""
    match record:
        case Page(url, outcome, known, article, failures, retry_at):
            validators = (known.etag, known.modified)
            return ("pages", url, *validators, article, outcome, failures, retry_at, now)
        case Seen(source, url, stamp):
            return ("entries", source, url, stamp)
        case SourceState(url, known, stamp, complete):
            return ("sources", url, known.etag, known.modified, stamp, complete, now)


def memory_path(archive: str) -> Path:
    """Name the file that holds what was fetched: beside an archive, for a server in the cache."""
    if not archive.startswith(("http://", "https://")):
        return Path(f"{archive}.fetched")
    name = hashlib.sha256(archive.encode()).hexdigest()[:24]
    return cache_folder() / "fetched" / f"{name}.db"


def _opened(path: Path) -> sqlite3.Connection:
    if str(path) != ":memory:":
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # It holds addresses as they are asked for, with whatever is secret in them.
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as error:
            raise sqlite3.OperationalError(str(error)) from error
    connection = sqlite3.connect(path, timeout=30, check_same_thread=False)
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version not in (0, _FORMAT):
            raise sqlite3.DatabaseError(f"it has the format {version}")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.executescript(_SCHEMA)
        connection.execute(f"PRAGMA user_version={_FORMAT}")
        connection.commit()
    except BaseException:
        connection.close()
        raise
    return connection


def _discarded(path: Path) -> bool:
    """Delete a file that is no memory, and what SQLite keeps beside it."""
    try:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)
    except OSError:
        return False
    return True
