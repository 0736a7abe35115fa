"""What is derived from an embedded archive, kept in step with it: word index and vectors."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from search.stores.sqlite_file import SqliteFile, writable
from search.stores.sqlite_rows import MARK, article_rows, removed_rows, vector_batch, word_rows
from search.stores.sqlite_values import profile_of
from search.stores.vector_index import VectorIndex, VectorSnapshot
from search.stores.word_index import Mark, WordIndex, WordSnapshot


class Follower:
    """Hands out the derived indexes as of now. Safe to use from several threads at once."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._followed: tuple[Mark, Mapping[str, VectorSnapshot], WordSnapshot] | None = None
        self._vectors: VectorIndex | None = None
        self._words: WordIndex | None = None

    @property
    def folder(self) -> Path:
        """Where the word index is kept, beside the archive."""
        return self._file.path.with_name(f"{self._file.path.name}.words")

    def close(self) -> None:
        """Let go of the memory."""
        self._followed = self._vectors = self._words = None

    def follow(self) -> tuple[Mark, Mapping[str, VectorSnapshot], WordSnapshot]:
        """The derived indexes as of now: their mark, the vectors by language, the words."""
        now = self._mark()
        followed = self._followed
        if followed is not None and followed[0] == now:
            return followed
        with self._lock:
            followed = self._followed
            if followed is not None and followed[0] == now:
                return followed
            words = self._words = self._words or self._opened()
            with self._moment() as connection:
                now = self._mark()
                if words.open(now.archive) == now:
                    return self._take(connection, now, words)
            # Nobody else moves the words while they are locked, so they are no further than the
            # archive is at a moment that begins after it.
            with words.locked(), self._moment() as connection:
                now = self._mark()
                mark = words.open(now.archive)
                if mark is None or not _passed(connection, mark):
                    mark = words.reset(now.archive)
                if mark != now:
                    words.advance(
                        removed_rows(connection, mark.removal),
                        word_rows(connection, mark.row),
                        to=now,
                    )
                return self._take(connection, now, words)

    def _opened(self) -> WordIndex:
        return WordIndex(self.folder if writable(self._file.path.parent) else None)

    def _take(
        self, connection: sqlite3.Connection, now: Mark, words: WordIndex
    ) -> tuple[Mark, Mapping[str, VectorSnapshot], WordSnapshot]:
        """Keep the words of this moment together with the vectors of the same moment."""
        snapshots = self._vectors_at(connection, now)
        self._followed = (now, snapshots, words.snapshot())
        return self._followed

    def _vectors_at(
        self, connection: sqlite3.Connection, now: Mark
    ) -> Mapping[str, VectorSnapshot]:
        made = profile_of(self._file.meta(connection, "profile"))
        dimension = made.encoder.dimension
        before = self._followed[0] if self._followed is not None else Mark(now.archive)
        # Kept again once they are whole: what fails on the way must not be added twice.
        vectors, self._vectors = self._vectors, None
        if (
            vectors is None
            or before.archive != now.archive
            or vectors.wasted()
            or not _passed(connection, before)
        ):
            vectors, before = VectorIndex(dimension, made.direction), Mark(now.archive)
        for batch in article_rows(connection, before.row):
            vectors.add(vector_batch(connection, batch, dimension))
        vectors.remove(removed_rows(connection, before.removal))
        self._vectors = vectors
        return vectors.snapshots()

    @contextmanager
    def _moment(self) -> Iterator[sqlite3.Connection]:
        """A connection that sees one state of the archive, however long it is read."""
        with self._file.reading() as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("COMMIT")

    def _mark(self) -> Mark:
        with self._file.reading() as connection:
            try:
                archive = self._file.meta(connection, "archive")
            except sqlite3.OperationalError as error:
                if "no such table" in str(error):
                    raise self._file.missing() from error
                raise
            return Mark(archive, *connection.execute(MARK).fetchone())


def _passed(connection: sqlite3.Connection, mark: Mark) -> bool:
    """Whether the archive has passed a mark by now.

    It has not where the file was replaced by an older copy of itself.
    """
    row, removal = connection.execute(MARK).fetchone()[:2]
    if row < mark.row or removal < mark.removal:
        return False
    if not mark.tail_row:
        return True
    tail = connection.execute(
        "SELECT id || ' ' || hash FROM articles WHERE row = ?", (mark.tail_row,)
    ).fetchone()
    if tail is not None:
        return bool(tail[0] == mark.tail)
    removed = "SELECT 1 FROM removals WHERE number > ? AND row = ?"
    return bool(connection.execute(removed, (mark.removal, mark.tail_row)).fetchone())
