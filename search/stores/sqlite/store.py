"""The embedded store: one SQLite file is the archive; words and vectors are indexed from it.

Rows are never changed: writing an article again removes its row and appends a new one under a
higher number, and removals are numbered too. Whatever is derived from the file follows it by those
two numbers, wherever it stopped, in any process.
"""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from search.addresses import article_key
from search.encoders.base import FloatArray
from search.errors import StoreError
from search.records import Article, Filters, Passage, day_of
from search.stores.base import (
    ArchiveProfile,
    Candidate,
    Entry,
    Kept,
    Leased,
    Lookup,
    Outline,
    StoreStats,
    Stories,
    StoryLookup,
    WriteReport,
    check_vectors,
    mismatch,
    names_of,
    passes_names,
)
from search.stores.ledger import TOMBSTONE, Ledger, forget_articles
from search.stores.records import Records
from search.stores.sqlite.derived import Follower
from search.stores.sqlite.file import FORMAT, SqliteFile, remove_archive, statements
from search.stores.sqlite.generations import take_over
from search.stores.sqlite.lease import hold_lease
from search.stores.sqlite.log import number_archive
from search.stores.sqlite.lookups import find_stories, run
from search.stores.sqlite.records import EmbeddedRecords
from search.stores.sqlite.repair import mend
from search.stores.sqlite.rows import (
    BATCH,
    SCHEMA,
    forms_of,
    insert,
    remove,
    select_in,
    vector_batch,
    vectors_in,
)
from search.stores.sqlite.values import (
    ARTICLE_COLUMNS,
    OUTLINE_COLUMNS,
    Damage,
    article_of,
    day,
    language,
    optional_text,
    outline_of,
    profile_of,
    text,
)
from search.text.spelling import nearest_words

_KEPT_COLUMNS = "id, hash, shallow, day"

Row = Sequence[Any]
T = TypeVar("T")


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
        self._is_generation = False
        self.records: Records = EmbeddedRecords(self._reading, self._writing)

    def profile(self) -> ArchiveProfile | None:
        """The archive's profile, or None where there is no archive yet."""
        if not self._path.exists():
            return None
        with self._file.reading() as connection:
            if not self._file.is_filled(connection):
                return None
            self._file.require(connection)
            return self._profile_in(connection)

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
                if not self._file.is_filled(connection):
                    for statement in statements(SCHEMA):
                        connection.execute(statement)
                    number_archive(connection)
                    self._file.set_meta(connection, "format", str(FORMAT))
                    self._file.set_meta(connection, "archive", uuid.uuid4().hex)
                    self._file.set_meta(connection, "profile", json.dumps(profile.to_json()))
            existing = self.profile()
        if existing is not None and existing != profile:
            raise mismatch(self.location, existing, profile)

    def upsert(
        self,
        entries: Sequence[Entry],
        *,
        made: ArchiveProfile | None = None,
        replacing: Mapping[str, str] | None = None,
    ) -> WriteReport:
        """Write whole articles in one transaction, replacing those of the same id."""
        self._required_profile()
        latest = {entry.article.id: entry for entry in entries}
        names = [name for entry in latest.values() for name in names_of(entry.article)]
        written, barred, outdated, taken = [], [], [], []
        with self._writing() as connection:
            # Another process may have embedded everything anew since these vectors were made.
            profile = self._profile_in(connection)
            if made is not None and made != profile:
                raise mismatch(self.location, profile, made)
            stones = Ledger(self).tombstones(names)
            for id_, entry in latest.items():
                check_vectors(entry, profile.encoder.dimension)
                if any(name in stones for name in names_of(entry.article)):
                    barred.append(id_)
                elif replacing is not None and _hash_of(connection, id_) != replacing.get(id_):
                    outdated.append(id_)
                elif holder := self._holder_of_address(connection, entry.article):
                    taken.append((id_, holder))
                else:
                    insert(connection, entry)
                    written.append(id_)
        return WriteReport(
            tuple(written), barred=tuple(barred), outdated=tuple(outdated), taken=tuple(taken)
        )

    def delete(self, ids: Sequence[str]) -> int:
        """Remove articles; how many were there."""
        with self._writing() as connection:
            removed = remove(connection, ids)
            forget_articles(self, ids)
        return removed

    def flush(self) -> None:
        """Bring the word index up to date and fold SQLite's write-ahead log into the file."""
        self._follower.follow(on_disk=True)
        self._file.fold_log()

    def articles(self, ids: Sequence[str]) -> dict[str, Article]:
        """Those of the ids that are kept."""
        found = self._select(ARTICLE_COLUMNS, ids, of=article_of)
        return {article.id: article for article in found}

    def outlines(self, ids: Sequence[str]) -> dict[str, Outline]:
        """Those of the ids that are kept, without their text."""
        return {found.id: found for found in self._select(OUTLINE_COLUMNS, ids, of=outline_of)}

    def kept(self, ids: Sequence[str]) -> dict[str, Kept]:
        """Those of the ids that are kept, in short."""
        return {kept.id: kept for kept in self._select(_KEPT_COLUMNS, ids, of=_kept)}

    def ids_at(self, keys: Sequence[str]) -> dict[str, str]:
        """Addresses → id of the article that has it."""
        query = "SELECT key, min(id) FROM articles WHERE key IN (*) GROUP BY key"
        with self._reading() as connection:
            found = select_in(connection, query, keys)
            return {key: text(id_, "the id of an article") for key, id_ in found}

    def listing(self, *, addresses: Sequence[str] | None = None) -> Iterator[Kept]:
        """Everything that is kept, or is from one of the addresses, in short, by ascending id."""
        where, values = "", list[str]()
        if addresses is not None:  # as one value: there may be any number of them
            where = " WHERE key IN (SELECT value FROM json_each(?))"
            values = [json.dumps(addresses)]
        query = f"SELECT {_KEPT_COLUMNS} FROM articles{where} ORDER BY id"  # noqa: S608
        return self._snapshot(query, values, of=_kept)

    def stream(
        self, *, lang: str | None = None, filters: Filters | None = None
    ) -> Iterator[Article]:
        """All articles that pass the filters, by ascending id."""
        filters = filters or Filters()
        first, last = day_of(filters.date_from), day_of(filters.date_to)
        wanted = [("lang = ?", lang), ("day >= ?", first), ("day <= ?", last)]
        asked = [(condition, value) for condition, value in wanted if value is not None]
        conditions = [condition for condition, _ in asked]
        values = [value for _, value in asked] + [*filters.sources]
        if filters.sources:
            conditions.append(f"source IN ({','.join('?' * len(filters.sources))})")
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        query = f"SELECT {ARTICLE_COLUMNS} FROM articles{where} ORDER BY id"  # noqa: S608
        found = self._snapshot(query, values, of=article_of)
        if not filters.authors and not filters.sections:
            return found
        return (article for article in found if passes_names(article, filters))

    def vectors(self, ids: Sequence[str]) -> dict[str, FloatArray]:
        """The model's own vectors of those of the ids that are kept, by position."""
        dimension = self._required_profile().encoder.dimension
        with self._file.reading() as connection:
            return vectors_in(connection, ids, dimension)

    def sizes(self) -> dict[str, int]:
        """Articles by language."""
        _, snapshots, _ = self._follower.follow()
        return {lang: snapshot.size for lang, snapshot in snapshots.items() if snapshot.size}

    def find(self, lookups: Sequence[Lookup]) -> list[list[Candidate]]:
        """Run lookups against one snapshot of the archive."""
        _, snapshots, words = self._follower.follow()
        return run(lookups, snapshots, words, self._exact_vectors, location=self.location)

    def stories(self, lookup: StoryLookup) -> Stories:
        """Find what may answer a query in one snapshot of the archive."""
        _, snapshots, words = self._follower.follow()
        return find_stories(lookup, snapshots, words, self._exact_vectors, location=self.location)

    def alike(self, words: Sequence[str]) -> dict[str, dict[str, int]]:
        """Find the archive's words that are spelled like each of some folded ones."""
        _, _, index = self._follower.follow()
        return {word: nearest_words(word, index.vocabulary(word[:1])) for word in words if word}

    def entries(self) -> Iterator[Entry]:
        """Everything that is kept at the moment of the first step, by ascending id."""
        self._required()
        columns = f"row, words, shallow, {ARTICLE_COLUMNS}"
        query = f"SELECT {columns} FROM articles ORDER BY id"  # noqa: S608
        with self._file.moment() as connection:
            dimension = self._profile_in(connection).encoder.dimension
            cursor = connection.execute(query)
            while batch := cursor.fetchmany(BATCH):
                for row, words, shallow, *columns_of_article in batch:
                    article = article_of(columns_of_article)
                    own = [(row, article.id, article.lang, None, None)]
                    kept = vector_batch(connection, own, dimension)
                    yield Entry(
                        article=article,
                        passages=tuple(Passage(*span) for span in kept.spans.tolist()),
                        vectors=kept.vectors,
                        forms=forms_of(article, words),
                        shallow=bool(shallow),
                    )

    def stats(self) -> StoreStats:
        """Count what is kept."""
        with self._reading() as connection:

            def count(query: str) -> int:
                return int(connection.execute(query).fetchone()[0])

            def counts(query: str, what: str) -> dict[str, int]:
                return {text(name, what): n for name, n in connection.execute(query)}

            first, last = connection.execute(
                "SELECT min(substr(date, 1, 10)), max(substr(date, 1, 10)) FROM articles"
            ).fetchone()
            articles = counts("SELECT lang, count(*) FROM articles GROUP BY lang", "a language")
            return StoreStats(
                articles={language(lang, "a language"): n for lang, n in articles.items()},
                passages=count("SELECT count(*) FROM passages"),
                sources=counts(
                    "SELECT coalesce(source, '') AS s, count(*) AS n FROM articles GROUP BY s"
                    " ORDER BY n DESC, s",
                    "a source",
                ),
                date_first=optional_text(first, "a date"),
                date_last=optional_text(last, "a date"),
                bytes_used=self._bytes_used(),
                months=counts(
                    "SELECT coalesce(substr(date, 1, 7), '') AS m, count(*) FROM articles"
                    " GROUP BY m ORDER BY m",
                    "a date",
                ),
                shallow=count("SELECT count(*) FROM articles WHERE shallow"),
                tombstones=self.records.count(TOMBSTONE),
            )

    @contextmanager
    def lease(self, purpose: str, *, of: Leased = "archive") -> Iterator[Callable[[], None]]:
        """Keep everybody else from rewriting the archive, or its links."""
        with self._file.reading() as connection:
            # Whatever is damaged in it: who mends it holds the lease.
            if not self._file.is_filled(connection):
                raise self._file.missing()
        with hold_lease(self._path, self.location, purpose, of):
            yield lambda: None  # a lock cannot be lost

    @contextmanager
    def rebuild(self, profile: ArchiveProfile, *, fresh: bool = False) -> Iterator[EmbeddedStore]:
        """Fill a file beside the archive, then take it over in one transaction."""
        with self.lease("a re-embedding"):
            self._required()
            place = self._path.with_name(f"{self._path.name}.rebuilding")
            with self._file.reading() as connection:
                archive = self._file.meta(connection, "archive")
            if fresh or not _belongs(place, archive, profile):
                remove_archive(place)
            generation = EmbeddedStore(place)
            generation._is_generation = True
            try:
                generation.create(profile)
                with generation._writing() as connection:
                    generation._file.set_meta(connection, "of", archive)
                yield generation
            finally:
                generation.close()
            with self._writing() as connection:
                take_over(connection, place, profile)
            remove_archive(place)

    def mend(self) -> list[str]:
        """Put damaged values right as far as they can be; says what was wrong."""
        with self._file.writing() as connection:
            with suppress(Damage):
                self._file.require(connection)
            wrong = mend(connection)
        self.flush()
        return wrong

    def close(self) -> None:
        """Close the connections of all threads and let go of the indexes."""
        self._file.close()
        self._follower.close()

    def _holder_of_address(self, connection: sqlite3.Connection, article: Article) -> str | None:
        """The id of another article that has an article's address, which it has not itself."""
        key = article_key(article.url)
        if key is None or self._is_generation:  # whose articles have their addresses already
            return None
        query = "SELECT id FROM articles WHERE key = ? ORDER BY id = ? DESC, id LIMIT 1"
        row = connection.execute(query, (key, article.id)).fetchone()
        return None if row is None or row[0] == article.id else str(row[0])

    def _select(self, columns: str, ids: Sequence[str], *, of: Callable[[Row], T]) -> list[T]:
        """What is made of the rows of those of the ids that are kept."""
        query = f"SELECT {columns} FROM articles WHERE id IN (*)"  # noqa: S608
        with self._reading() as connection:
            return [of(row) for row in select_in(connection, query, ids)]

    def _snapshot(
        self, query: str, values: Sequence[object] = (), *, of: Callable[[Row], T]
    ) -> Iterator[T]:
        """What is made of the rows of one moment, however long reading them takes."""
        self._required()
        with self._file.moment() as connection:
            cursor = connection.execute(query, values)
            while batch := cursor.fetchmany(BATCH):
                yield from map(of, batch)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """This thread's connection to an archive of the present format."""
        with self._file.reading() as connection:
            self._file.require(connection)
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction on an archive of the present format."""
        self._required()
        with self._file.writing() as connection:
            yield connection

    def _required(self) -> None:
        """See to it that there is an archive of this version's format.

        What it says of its encoder may be damaged.
        """
        with self._file.reading() as connection:
            self._file.require(connection)

    def _profile_in(self, connection: sqlite3.Connection) -> ArchiveProfile:
        return profile_of(self._file.meta(connection, "profile"))

    def _required_profile(self) -> ArchiveProfile:
        profile = self.profile()
        if profile is None:
            raise self._file.missing()
        return profile

    def _exact_vectors(self, ids: Sequence[str], dimension: int) -> dict[str, FloatArray]:
        with self._file.reading() as connection:
            return vectors_in(connection, ids, dimension)

    def _bytes_used(self) -> int:
        files = [file for file in self._follower.folder.rglob("*") if file.is_file()]
        return self._file.bytes_used() + sum(f.stat().st_size for f in files if f.exists())


def _kept(row: Row) -> Kept:
    """What is in a row of ``_KEPT_COLUMNS``."""
    id_, hash_, shallow, published = row
    whose = f"article {text(id_, 'the id of an article')}: its"
    return Kept(
        id_, text(hash_, f"{whose} content hash"), bool(shallow), day(published, f"{whose} day")
    )


def _hash_of(connection: sqlite3.Connection, id_: str) -> str | None:
    row = connection.execute("SELECT hash FROM articles WHERE id = ?", (id_,)).fetchone()
    return None if row is None else str(row[0])


def _belongs(place: Path, archive: str, profile: ArchiveProfile) -> bool:
    """Whether a file is an unfinished generation of an archive, under the same profile."""
    if not place.exists():
        return False
    file = SqliteFile(place, str(place))
    try:
        with file.reading() as connection:
            file.require(connection)
            made = profile_of(file.meta(connection, "profile"))
            return file.meta(connection, "of") == archive and made == profile
    except StoreError:  # killed before it was an archive
        return False
    finally:
        file.close()
