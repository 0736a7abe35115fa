"""What is derived from an embedded archive, kept in step with it: word index and vectors."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from search.stores.base import ArchiveProfile
from search.stores.sqlite_file import SqliteFile, driver_errors, writable
from search.stores.sqlite_rows import BATCH, MARK, removed_rows, vector_batch, word_rows
from search.stores.vector_index import VectorIndex, VectorSnapshot
from search.stores.word_index import Mark, WordIndex


class Follower:
    """Hands out the derived indexes as of now. Safe to use from several threads at once."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._followed: tuple[Mark, Mapping[str, VectorSnapshot], WordIndex] | None = None
        self._vectors: VectorIndex | None = None
        self._words: WordIndex | None = None

    @property
    def folder(self) -> Path:
        """Where the word index is kept, beside the archive."""
        return self._file.path.with_name(f"{self._file.path.name}.words")

    def close(self) -> None:
        """Let go of the memory."""
        self._followed = self._vectors = self._words = None

    def follow(self) -> tuple[Mark, Mapping[str, VectorSnapshot], WordIndex]:
        """The derived indexes as of now: their mark, the vectors by language, the words."""
        now = self._mark()
        followed = self._followed
        if followed is not None and followed[0] == now:
            return followed
        with self._lock:
            followed = self._followed
            if followed is not None and followed[0] == now:
                return followed
            with self._file.reading() as connection:
                # Marks and rows must be of one moment.
                connection.execute("BEGIN")
                try:
                    now = self._mark()
                    words = self._words_at(connection, now)
                    snapshots = self._vectors_at(connection, now, followed)
                finally:
                    connection.execute("COMMIT")
            self._followed = (now, snapshots, words)
            return self._followed

    def _vectors_at(
        self,
        connection: sqlite3.Connection,
        now: Mark,
        followed: tuple[Mark, object, object] | None,
    ) -> Mapping[str, VectorSnapshot]:
        made = ArchiveProfile.from_json(json.loads(self._file.meta(connection, "profile")))
        dimension = made.encoder.dimension
        before = followed[0] if followed is not None else Mark(now.archive)
        vectors = self._vectors
        if vectors is None or before.archive != now.archive or vectors.wasted():
            vectors, before = VectorIndex(dimension, made.direction), Mark(now.archive)
        rows = connection.execute(
            "SELECT row, id, lang, day, source FROM articles WHERE row > ? ORDER BY row",
            (before.row,),
        )
        while batch := rows.fetchmany(BATCH):
            vectors.add(vector_batch(connection, batch, dimension))
        vectors.remove(removed_rows(connection, before.removal))
        self._vectors = vectors
        return vectors.snapshots()

    def _words_at(self, connection: sqlite3.Connection, now: Mark) -> WordIndex:
        words = self._words
        if words is None:
            folder = self.folder if writable(self._file.path.parent) else None
            words = self._words = WordIndex(folder)
        if words.open(now.archive) != now:
            with words.locked():
                mark = words.open(now.archive)  # another process may have done it meanwhile
                if mark is None or not self._passed(mark):
                    mark = words.reset(now.archive)
                if mark.row < now.row or mark.removal < now.removal:
                    words.advance(
                        removed_rows(connection, mark.removal),
                        word_rows(connection, mark.row),
                        to=now,
                    )
        return words

    def _passed(self, mark: Mark) -> bool:
        """Whether the archive has passed a mark by now, whatever this transaction still sees.

        It has not where the file was replaced by an older copy of itself.
        """
        with driver_errors(self._file.location), closing(self._file.connect()) as fresh:
            row, removal = fresh.execute(MARK).fetchone()[:2]
            if row < mark.row or removal < mark.removal:
                return False
            if not mark.tail_row:
                return True
            tail = fresh.execute(
                "SELECT id || ' ' || hash FROM articles WHERE row = ?", (mark.tail_row,)
            ).fetchone()
            if tail is not None:
                return bool(tail[0] == mark.tail)
            removed = "SELECT 1 FROM removals WHERE number > ? AND row = ?"
            return bool(fresh.execute(removed, (mark.removal, mark.tail_row)).fetchone())

    def _mark(self) -> Mark:
        with self._file.reading() as connection:
            try:
                archive = self._file.meta(connection, "archive")
            except sqlite3.OperationalError as error:
                if "no such table" in str(error):
                    raise self._file.missing() from error
                raise
            return Mark(archive, *connection.execute(MARK).fetchone())
