"""What is derived from an embedded archive, kept in step with it: word index and vectors."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from search.stores.sqlite.file import SqliteFile
from search.stores.sqlite.rows import CURSOR, article_rows, removed_rows, vector_batch, word_rows
from search.stores.sqlite.values import profile_of
from search.stores.sqlite.vector_index import VectorIndex, VectorSnapshot
from search.stores.sqlite.word_index import IndexCursor, UnwritableError, WordIndex, WordSnapshot

logger = logging.getLogger(__name__)


class _Moment(NamedTuple):
    """The state of an archive.

    Attributes:
        generation: Of the file; see ``SqliteFile``.
    """

    generation: int
    cursor: IndexCursor


_Followed = tuple[_Moment, Mapping[str, VectorSnapshot], WordSnapshot]


class Follower:
    """Hands out the derived indexes as of now. Safe to use from several threads at once."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._followed: _Followed | None = None
        self._vectors: VectorIndex | None = None
        self._words: WordIndex | None = None

    @property
    def folder(self) -> Path:
        """Where the word index is kept, beside the archive."""
        return self._file.path.with_name(f"{self._file.path.name}.words")

    def close(self) -> None:
        """Let go of the memory."""
        self._followed = self._vectors = self._words = None

    def follow(self, *, on_disk: bool = False) -> _Followed:
        """The derived indexes as of now: the moment, the vectors by language, the words.

        Where the word index cannot be written, it is made in memory, so that searches go on.

        Args:
            on_disk: Fail then, so that whoever has written the archive is told.
        """
        if (followed := self._up_to_date(on_disk=on_disk)) is not None:
            return followed
        with self._lock:
            if (followed := self._up_to_date(on_disk=on_disk)) is not None:
                return followed
            if self._words is None or (on_disk and self._words.in_memory):
                self._words = WordIndex(self.folder)
            try:
                return self._follow(self._words)
            except UnwritableError as error:
                if on_disk:
                    raise
                logger.warning("Words are searched in memory. %s", str(error))
            self._words = WordIndex(None)
            return self._follow(self._words)

    def _up_to_date(self, *, on_disk: bool) -> _Followed | None:
        followed, words = self._followed, self._words
        if followed is None or words is None or (on_disk and words.in_memory):
            return None
        with self._file.reading() as connection:
            return followed if followed[0] == self._now(connection) else None

    def _follow(self, words: WordIndex) -> _Followed:
        with self._file.moment() as connection:
            now = self._now(connection)
            if words.open(now.cursor.archive) == now.cursor:
                return self._take(connection, now, words)
        # Nobody else moves the words while they are locked, so they are no further than the
        # archive is at a moment that begins after it.
        with words.locked(), self._file.moment() as connection:
            now = self._now(connection)
            cursor = words.open(now.cursor.archive)
            if cursor != now.cursor and (
                cursor is None or self._is_replaced(now) or not _passed(connection, cursor)
            ):
                cursor = words.reset(now.cursor.archive)
            if cursor != now.cursor:
                words.advance(
                    removed_rows(connection, cursor.removal),
                    word_rows(connection, cursor.row),
                    to=now.cursor,
                )
            return self._take(connection, now, words)

    def _take(self, connection: sqlite3.Connection, now: _Moment, words: WordIndex) -> _Followed:
        """Keep the words of this moment together with the vectors of the same moment."""
        vectors = self._vectors_at(connection, now)
        self._followed = (now, vectors, words.snapshot())
        return self._followed

    def _vectors_at(
        self, connection: sqlite3.Connection, now: _Moment
    ) -> Mapping[str, VectorSnapshot]:
        made = profile_of(self._file.meta(connection, "profile"))
        dimension = made.encoder.dimension
        before = (
            self._followed[0].cursor
            if self._followed is not None
            else IndexCursor(now.cursor.archive)
        )
        # Kept again once they are whole: what fails on the way must not be added twice.
        vectors, self._vectors = self._vectors, None
        if (
            vectors is None
            or self._is_replaced(now)
            or before.archive != now.cursor.archive
            or vectors.wasted()
            or not _passed(connection, before)
        ):
            vectors, before = (
                VectorIndex(dimension, made.direction),
                IndexCursor(now.cursor.archive),
            )
        for batch in article_rows(connection, before.row):
            vectors.add(vector_batch(connection, batch, dimension))
        vectors.remove(removed_rows(connection, before.removal))
        self._vectors = vectors
        return vectors.snapshots()

    def _is_replaced(self, now: _Moment) -> bool:
        """Whether another file has taken the place of the one that was followed."""
        return self._followed is not None and self._followed[0].generation != now.generation

    def _now(self, connection: sqlite3.Connection) -> _Moment:
        self._file.require(connection)
        archive = self._file.meta(connection, "archive")
        cursor = IndexCursor(archive, *connection.execute(CURSOR).fetchone())
        return _Moment(self._file.generation, cursor)


def _passed(connection: sqlite3.Connection, cursor: IndexCursor) -> bool:
    """Whether the archive has passed a cursor by now.

    It has not where the file was replaced by an older copy of itself.
    """
    row, removal = connection.execute(CURSOR).fetchone()[:2]
    if row < cursor.row or removal < cursor.removal:
        return False
    if not cursor.tail_row:
        return True
    tail = connection.execute(
        "SELECT id || ' ' || hash FROM articles WHERE row = ?", (cursor.tail_row,)
    ).fetchone()
    if tail is not None:
        return bool(tail[0] == cursor.tail)
    removed = "SELECT 1 FROM removals WHERE number > ? AND row = ?"
    return bool(connection.execute(removed, (cursor.removal, cursor.tail_row)).fetchone())
