"""The embedded store: one SQLite file is the archive; words and vectors are indexed from it.

Rows are never changed: writing an article again removes its row and appends a new one under a
higher number, and removals are numbered too. Whatever is derived from the file follows it by those
two numbers, wherever it stopped, in any process.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from search.errors import StoreError
from search.records import Article, Passage
from search.stores.base import (
    ArchiveProfile,
    Candidate,
    Entry,
    Lookup,
    StoreStats,
    WriteReport,
    check_vectors,
    mismatch,
)
from search.stores.following import Follower
from search.stores.scanning import run
from search.stores.sqlite_file import SqliteFile, driver_errors, remove_archive, statements
from search.stores.sqlite_rows import (
    ARTICLE_COLUMNS,
    BATCH,
    MARK,
    SCHEMA,
    article_of,
    forms_of,
    insert,
    vector_batch,
)

_FORMAT = 1


class EmbeddedStore:
    """An archive in one SQLite file; see ``search.stores.base.Store``.

    Args:
        path: The file. Beside it, ``<path>.words`` holds the derived word index.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self.location = str(path)
        self._file = SqliteFile(self._path, self.location)
        self._follower = Follower(self._file)

    def profile(self) -> ArchiveProfile | None:
        """The archive's profile, or None where there is no archive yet."""
        if not self._path.exists():
            return None
        with self._file.reading() as connection:
            if not connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
                return None
            return ArchiveProfile.from_json(json.loads(self._file.meta(connection, "profile")))

    def create(self, profile: ArchiveProfile) -> None:
        """Make an empty archive; no effect where one with the same profile exists."""
        existing = self.profile()
        if existing is None:
            if not self._path.parent.is_dir():
                raise StoreError(
                    f"The folder {self._path.parent} does not exist. Create it, or name another"
                    " place with --archive."
                )
            with self._file.writing(creating=True) as connection:
                # Another process may have been first between the look above and this lock.
                if not connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
                    for statement in statements(SCHEMA):
                        connection.execute(statement)
                    self._file.set_meta(connection, "format", str(_FORMAT))
                    self._file.set_meta(connection, "archive", uuid.uuid4().hex)
                    self._file.set_meta(connection, "profile", json.dumps(profile.to_json()))
            existing = self.profile()
        if existing is not None and existing != profile:
            raise mismatch(self.location, existing, profile)

    def upsert(self, entries: Sequence[Entry]) -> WriteReport:
        """Write whole articles in one transaction, replacing those of the same id."""
        dimension = self._required_profile().encoder.dimension
        latest = {entry.article.id: entry for entry in entries}
        with self._file.writing() as connection:
            for entry in latest.values():
                check_vectors(entry, dimension)
                insert(connection, entry)
        return WriteReport(written=tuple(latest))

    def delete(self, ids: Sequence[str]) -> int:
        """Remove articles; how many were there."""
        self._required_profile()
        with self._file.writing() as connection:
            return sum(
                connection.execute("DELETE FROM articles WHERE id = ?", (id_,)).rowcount
                for id_ in dict.fromkeys(ids)
            )

    def flush(self) -> None:
        """Bring the word index up to date and fold SQLite's write-ahead log into the file."""
        self._follower.follow()
        with self._file.reading() as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    def hashes(self, ids: Sequence[str]) -> dict[str, str]:
        """Content hashes of those of the ids that are kept."""
        return {id_: hash_ for id_, hash_ in self._select("id, hash", ids)}  # noqa: C416

    def articles(self, ids: Sequence[str]) -> dict[str, Article]:
        """Those of the ids that are kept."""
        rows = self._select(ARTICLE_COLUMNS, ids)
        return {row[0]: article_of(row) for row in rows}

    def find(self, lookups: Sequence[Lookup]) -> list[list[Candidate]]:
        """Run lookups against one snapshot of the archive."""
        _, snapshot, words = self._follower.follow()
        return run(lookups, snapshot, words, location=self.location)

    def entries(self) -> Iterator[Entry]:
        """Everything that is kept at the moment of the first step, by ascending id."""
        profile = self._required_profile()
        with driver_errors(self.location):
            # Of its own: the moment that BEGIN pins must not hold this thread's other reads.
            connection = self._file.connect()
        try:
            connection.execute("BEGIN")
            columns = f"row, words, {ARTICLE_COLUMNS}"
            cursor = connection.execute(f"SELECT {columns} FROM articles ORDER BY id")  # noqa: S608
            while batch := cursor.fetchmany(BATCH):
                for row, words, *columns_of_article in batch:
                    article = article_of(columns_of_article)
                    kept = vector_batch(
                        connection, [(row, article.id, "", None, None)], profile.encoder.dimension
                    )
                    yield Entry(
                        article=article,
                        passages=tuple(Passage(*span) for span in kept.spans.tolist()),
                        vectors=kept.vectors,
                        forms=forms_of(article, words),
                    )
        finally:
            connection.close()

    def stats(self) -> StoreStats:
        """Count what is kept."""
        self._required_profile()
        with self._file.reading() as connection:
            first, last = connection.execute(
                "SELECT min(substr(date, 1, 10)), max(substr(date, 1, 10)) FROM articles"
            ).fetchone()
            return StoreStats(
                articles=dict(
                    connection.execute("SELECT lang, count(*) FROM articles GROUP BY lang")
                ),
                passages=connection.execute("SELECT count(*) FROM passages").fetchone()[0],
                sources=dict(
                    connection.execute(
                        "SELECT coalesce(source, '') AS s, count(*) AS n FROM articles"
                        " GROUP BY s ORDER BY n DESC, s"
                    )
                ),
                date_first=first,
                date_last=last,
                bytes_used=self._bytes_used(),
            )

    @contextmanager
    def rebuild(self, profile: ArchiveProfile) -> Iterator[EmbeddedStore]:
        """Fill a new file beside the archive, then take it over in one transaction."""
        self._required_profile()
        place = self._path.with_name(f"{self._path.name}.rebuilding")
        remove_archive(place)
        generation = EmbeddedStore(place)
        try:
            generation.create(profile)
            yield generation
            generation.close()
            self._take_over(place, profile)
        finally:
            generation.close()
            remove_archive(place)

    def close(self) -> None:
        """Close the connections of all threads and let go of the indexes."""
        self._file.close()
        self._follower.close()

    def _take_over(self, place: Path, profile: ArchiveProfile) -> None:
        """Replace all articles by those of another file, in one transaction."""
        connection = self._file.connection()
        with driver_errors(self.location):
            connection.execute("ATTACH DATABASE ? AS new", (str(place),))
            try:
                with self._file.writing() as writing:
                    writing.execute("DELETE FROM main.articles")
                    base = writing.execute(MARK).fetchone()[0]
                    columns = f"{ARTICLE_COLUMNS}, day, hash, words"
                    writing.execute(
                        f"INSERT INTO main.articles (row, {columns})"  # noqa: S608
                        f" SELECT row + ?, {columns} FROM new.articles ORDER BY row",
                        (base,),
                    )
                    writing.execute(
                        "INSERT INTO main.passages"
                        " SELECT article + ?, position, start, stop, vector FROM new.passages",
                        (base,),
                    )
                    # Another encoder means other vectors: whoever follows must load all anew.
                    self._file.set_meta(writing, "archive", uuid.uuid4().hex)
                    self._file.set_meta(writing, "profile", json.dumps(profile.to_json()))
            finally:
                connection.execute("DETACH DATABASE new")

    def _select(self, columns: str, ids: Sequence[str]) -> list[tuple[str, ...]]:
        self._required_profile()
        rows: list[tuple[str, ...]] = []
        remaining = iter(dict.fromkeys(ids))
        with self._file.reading() as connection:
            while batch := list(islice(remaining, BATCH)):
                marks = ",".join("?" * len(batch))
                query = f"SELECT {columns} FROM articles WHERE id IN ({marks})"  # noqa: S608
                rows += connection.execute(query, batch).fetchall()
        return rows

    def _required_profile(self) -> ArchiveProfile:
        profile = self.profile()
        if profile is None:
            raise self._file.missing()
        return profile

    def _bytes_used(self) -> int:
        files = [file for file in self._follower.folder.rglob("*") if file.is_file()]
        return self._file.bytes_used() + sum(f.stat().st_size for f in files if f.exists())
