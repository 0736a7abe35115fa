"""The embedded store: one SQLite file is the archive; words and vectors are indexed from it.

Rows are never changed: writing an article again removes its row and appends a new one under a
higher number, and removals are numbered too. Whatever is derived from the file follows it by those
two numbers, wherever it stopped, in any process.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np

from search.encoders.base import FloatArray
from search.errors import (
    ArchiveMismatchError,
    ArchiveMissingError,
    StoreError,
    StoreUnavailableError,
)
from search.languages import LANGUAGES, Forms
from search.records import Article, Passage
from search.stores.base import (
    ArchiveProfile,
    Candidate,
    Entry,
    Lookup,
    NearestLookup,
    Scope,
    StoreStats,
    WordLookup,
    WriteReport,
    check_vectors,
    mismatch,
)
from search.stores.embedded_links import EmbeddedLinks
from search.stores.links import Link, LinkStore, forget
from search.stores.vector_index import VectorBatch, VectorIndex, VectorSnapshot
from search.stores.word_index import Mark, WordIndex, WordRow

_FORMAT = 1
_BATCH = 500
_BUSY_TIMEOUT_S = 60.0

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE articles (
    row INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used twice
    id TEXT NOT NULL UNIQUE,
    lang TEXT NOT NULL,
    title TEXT NOT NULL,
    lead TEXT NOT NULL,
    text TEXT NOT NULL,
    date TEXT,
    day INTEGER,                            -- proleptic ordinal of date
    url TEXT,
    source TEXT,
    authors TEXT NOT NULL,                  -- JSON lists
    section TEXT,
    tags TEXT NOT NULL,
    captions TEXT NOT NULL,
    hash TEXT NOT NULL,
    words TEXT NOT NULL                     -- compounds or stems, costly to find again
);
CREATE TABLE passages (
    article INTEGER NOT NULL REFERENCES articles(row) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    start INTEGER NOT NULL,
    stop INTEGER NOT NULL,
    vector BLOB NOT NULL,                   -- float32, little-endian
    PRIMARY KEY (article, position)
);
CREATE TABLE removals (number INTEGER PRIMARY KEY AUTOINCREMENT, row INTEGER NOT NULL);
CREATE TRIGGER note_removal AFTER DELETE ON articles BEGIN
    INSERT INTO removals (row) VALUES (old.row);
END;
"""

_ARTICLE_COLUMNS = (
    "id, lang, title, lead, text, date, url, source, authors, section, tags, captions"
)


class EmbeddedStore:
    """An archive in one SQLite file; see ``search.stores.base.Store``.

    Args:
        path: The file. Beside it, ``<path>.words`` holds the derived word index.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self.location = str(path)
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._follow_lock = threading.Lock()
        self._followed: tuple[Mark, VectorSnapshot, WordIndex] | None = None
        self._vectors: VectorIndex | None = None
        self._words: WordIndex | None = None
        self._links = EmbeddedLinks(self._reading, self._writing)

    def profile(self) -> ArchiveProfile | None:
        """The archive's profile, or None where there is no archive yet."""
        if not self._path.exists():
            return None
        with self._reading() as connection:
            if not connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
                return None
            return ArchiveProfile.from_json(json.loads(self._meta(connection, "profile")))

    def create(self, profile: ArchiveProfile) -> None:
        """Make an empty archive; no effect where one with the same profile exists."""
        existing = self.profile()
        if existing is None:
            if not self._path.parent.is_dir():
                raise StoreError(
                    f"The folder {self._path.parent} does not exist. Create it, or name another"
                    " place with --archive."
                )
            with self._writing(creating=True) as connection:
                # Another process may have been first between the look above and this lock.
                if not connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
                    for statement in _statements(_SCHEMA):
                        connection.execute(statement)
                    self._set_meta(connection, "format", str(_FORMAT))
                    self._set_meta(connection, "archive", uuid.uuid4().hex)
                    self._set_meta(connection, "profile", json.dumps(profile.to_json()))
            existing = self.profile()
        if existing is not None and existing != profile:
            raise mismatch(self.location, existing, profile)

    def upsert(self, entries: Sequence[Entry]) -> WriteReport:
        """Write whole articles in one transaction, replacing those of the same id."""
        dimension = self._required_profile().encoder.dimension
        latest = {entry.article.id: entry for entry in entries}
        with self._writing() as connection:
            for entry in latest.values():
                check_vectors(entry, dimension)
                _insert(connection, entry)
        return WriteReport(written=tuple(latest))

    def delete(self, ids: Sequence[str]) -> int:
        """Remove articles; how many were there."""
        self._required_profile()
        forget(self._links, ids)
        with self._writing() as connection:
            return sum(
                connection.execute("DELETE FROM articles WHERE id = ?", (id_,)).rowcount
                for id_ in dict.fromkeys(ids)
            )

    def flush(self) -> None:
        """Bring the word index up to date and fold SQLite's write-ahead log into the file."""
        self._follow()
        with self._reading() as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    def hashes(self, ids: Sequence[str]) -> dict[str, str]:
        """Content hashes of those of the ids that are kept."""
        return {id_: hash_ for id_, hash_ in self._select("id, hash", ids)}  # noqa: C416

    def articles(self, ids: Sequence[str]) -> dict[str, Article]:
        """Those of the ids that are kept."""
        rows = self._select(_ARTICLE_COLUMNS, ids)
        return {row[0]: _article(row) for row in rows}

    def find(self, lookups: Sequence[Lookup]) -> list[list[Candidate]]:
        """Run lookups against one snapshot of the archive."""
        _, snapshot, words = self._follow()
        scores: dict[bytes, FloatArray] = {}
        found = []
        for lookup in lookups:
            if isinstance(lookup, WordLookup):
                found.append(_find_words(lookup, snapshot, words))
            else:
                if lookup.vector.shape != (snapshot.vectors.shape[1],):
                    raise ArchiveMismatchError(
                        f"The archive {self.location} holds vectors of"
                        f" {snapshot.vectors.shape[1]} dimensions, the query has"
                        f" {lookup.vector.shape[0]}. Search with the encoder it was made with."
                    )
                key = lookup.vector.tobytes()  # both languages are asked with the same vector
                if key not in scores:
                    scores[key] = snapshot.best(lookup.vector)
                found.append(_find_nearest(lookup, scores[key], snapshot, words))
        return found

    @property
    def linking(self) -> LinkStore:
        """What is kept of counterparts and copies."""
        return self._links

    def links(self, ids: Sequence[str]) -> dict[str, Link]:
        """What is known of counterparts and copies of those of the ids that were linked."""
        return self._links.links(ids)

    def entries(self) -> Iterator[Entry]:
        """Everything that is kept at the moment of the first step, by ascending id."""
        profile = self._required_profile()
        with _driver_errors(self.location):
            # Of its own: the moment that BEGIN pins must not hold this thread's other reads.
            connection = self._connect(creating=False)
        try:
            connection.execute("BEGIN")
            columns = f"row, words, {_ARTICLE_COLUMNS}"
            cursor = connection.execute(f"SELECT {columns} FROM articles ORDER BY id")  # noqa: S608
            while batch := cursor.fetchmany(_BATCH):
                for row, words, *columns_of_article in batch:
                    article = _article(columns_of_article)
                    kept = _vector_batch(
                        connection, [(row, article.id, "", None, None)], profile.encoder.dimension
                    )
                    yield Entry(
                        article=article,
                        passages=tuple(Passage(*span) for span in kept.spans.tolist()),
                        vectors=kept.vectors,
                        forms=_forms(article, words),
                    )
        finally:
            connection.close()

    def stats(self) -> StoreStats:
        """Count what is kept."""
        self._required_profile()
        with self._reading() as connection:
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
        _remove_archive(place)
        generation = EmbeddedStore(place)
        try:
            generation.create(profile)
            yield generation
            generation.close()
            self._take_over(place, profile)
        finally:
            generation.close()
            _remove_archive(place)

    def close(self) -> None:
        """Close the connections of all threads and let go of the indexes."""
        for connection in self._connections:
            connection.close()
        self._connections.clear()
        self._local = threading.local()
        self._followed = self._vectors = self._words = None

    def _follow(self) -> tuple[Mark, VectorSnapshot, WordIndex]:
        """The derived indexes, brought up to the archive's present state."""
        now = self._mark()
        followed = self._followed
        if followed is not None and followed[0] == now:
            return followed
        with self._follow_lock:
            followed = self._followed
            if followed is not None and followed[0] == now:
                return followed
            with self._reading() as connection:
                # Marks and rows must be of one moment.
                connection.execute("BEGIN")
                try:
                    now = self._mark()
                    words = self._follow_words(connection, now)
                    snapshot = self._follow_vectors(connection, now, followed)
                finally:
                    connection.execute("COMMIT")
            self._followed = (now, snapshot, words)
            return self._followed

    def _follow_vectors(
        self,
        connection: sqlite3.Connection,
        now: Mark,
        followed: tuple[Mark, object, object] | None,
    ) -> VectorSnapshot:
        dimension = self._required_profile().encoder.dimension
        before = followed[0] if followed is not None else Mark(now.archive)
        vectors = self._vectors
        if vectors is None or before.archive != now.archive or vectors.wasted():
            vectors, before = VectorIndex(dimension), Mark(now.archive)
        rows = connection.execute(
            "SELECT row, id, lang, day, source FROM articles WHERE row > ? ORDER BY row",
            (before.row,),
        )
        while batch := rows.fetchmany(_BATCH):
            vectors.add(_vector_batch(connection, batch, dimension))
        vectors.remove(_removed_rows(connection, before.removal))
        self._vectors = vectors
        return vectors.snapshot()

    def _follow_words(self, connection: sqlite3.Connection, now: Mark) -> WordIndex:
        words = self._words
        if words is None:
            folder = self._path.with_name(f"{self._path.name}.words")
            words = self._words = WordIndex(folder if _writable(self._path.parent) else None)
        if words.open(now.archive) != now:
            with words.locked():
                mark = words.open(now.archive)  # another process may have done it meanwhile
                if mark is None or not self._passed(mark):
                    mark = words.reset(now.archive)
                if mark.row < now.row or mark.removal < now.removal:
                    words.advance(
                        _removed_rows(connection, mark.removal),
                        _word_rows(connection, mark.row),
                        to=now,
                    )
        return words

    def _passed(self, mark: Mark) -> bool:
        """Whether the archive has passed a mark by now, whatever this transaction still sees.

        It has not where the file was replaced by an older copy of itself.
        """
        with _driver_errors(self.location), closing(self._connect(creating=False)) as fresh:
            row, removal = fresh.execute(_MARK).fetchone()[:2]
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
        with self._reading() as connection:
            try:
                archive = self._meta(connection, "archive")
            except sqlite3.OperationalError as error:
                if "no such table" in str(error):
                    raise self._missing() from error
                raise
            return Mark(archive, *connection.execute(_MARK).fetchone())

    def _take_over(self, place: Path, profile: ArchiveProfile) -> None:
        """Replace all articles by those of another file, in one transaction."""
        connection = self._connection()
        with _driver_errors(self.location):
            connection.execute("ATTACH DATABASE ? AS new", (str(place),))
            try:
                with self._writing() as writing:
                    writing.execute("DELETE FROM main.articles")
                    base = writing.execute(_MARK).fetchone()[0]
                    columns = f"{_ARTICLE_COLUMNS}, day, hash, words"
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
                    self._set_meta(writing, "archive", uuid.uuid4().hex)
                    self._set_meta(writing, "profile", json.dumps(profile.to_json()))
            finally:
                connection.execute("DETACH DATABASE new")

    def _select(self, columns: str, ids: Sequence[str]) -> list[tuple[str, ...]]:
        self._required_profile()
        rows: list[tuple[str, ...]] = []
        remaining = iter(dict.fromkeys(ids))
        with self._reading() as connection:
            while batch := list(islice(remaining, _BATCH)):
                marks = ",".join("?" * len(batch))
                query = f"SELECT {columns} FROM articles WHERE id IN ({marks})"  # noqa: S608
                rows += connection.execute(query, batch).fetchall()
        return rows

    def _required_profile(self) -> ArchiveProfile:
        profile = self.profile()
        if profile is None:
            raise self._missing()
        return profile

    def _missing(self) -> ArchiveMissingError:
        return ArchiveMissingError(
            f"There is no archive at {self.location}. Fill one with: songngu index SOURCE…"
            f" --archive {self.location}"
        )

    def _meta(self, connection: sqlite3.Connection, key: str) -> str:
        row = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return str(row[0])

    def _set_meta(self, connection: sqlite3.Connection, key: str, value: str) -> None:
        connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def _connection(self, *, creating: bool = False) -> sqlite3.Connection:
        """This thread's connection."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._connect(creating=creating)
            self._local.connection = connection
            self._connections.append(connection)
        return connection

    def _connect(self, *, creating: bool) -> sqlite3.Connection:
        if not creating and not self._path.exists():
            raise self._missing()
        uri = self._path.absolute().as_uri()
        if not creating and not _writable(self._path.parent):
            # Without a log beside it the file cannot change under us, and SQLite needs no lock
            # files that it could not create here.
            log = self._path.with_name(f"{self._path.name}-wal")
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
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with _driver_errors(self.location):
            yield self._connection()

    @contextmanager
    def _writing(self, *, creating: bool = False) -> Iterator[sqlite3.Connection]:
        """One transaction, rolled back when the block raises."""
        with _driver_errors(self.location):
            connection = self._connection(creating=creating)
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def _bytes_used(self) -> int:
        files = [self._path, self._path.with_name(f"{self._path.name}-wal")]
        folder = self._path.with_name(f"{self._path.name}.words")
        files += [file for file in folder.rglob("*") if file.is_file()]
        return sum(file.stat().st_size for file in files if file.exists())


_MARK = (
    "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'articles'), 0),"
    " coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'removals'), 0),"
    " coalesce((SELECT max(row) FROM articles), 0),"
    " coalesce((SELECT id || ' ' || hash FROM articles ORDER BY row DESC LIMIT 1), '')"
)


@contextmanager
def _driver_errors(location: str) -> Iterator[None]:
    """Turn SQLite's errors into ours, chained."""
    try:
        yield
    except sqlite3.Error as error:
        text = str(error)
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


def _statements(script: str) -> Iterator[str]:
    """The statements of a script one by one: ``executescript`` would end the transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _insert(connection: sqlite3.Connection, entry: Entry) -> None:
    a = entry.article
    connection.execute("DELETE FROM articles WHERE id = ?", (a.id,))
    lists = [json.dumps(values, ensure_ascii=False) for values in (a.authors, a.tags, a.captions)]
    row = connection.execute(
        f"INSERT INTO articles ({_ARTICLE_COLUMNS}, day, hash, words)"  # noqa: S608
        f" VALUES ({','.join('?' * 15)})",
        (
            *(a.id, a.lang, a.title, a.lead, a.text, a.date, a.url, a.source),
            *(lists[0], a.section, lists[1], lists[2], a.day, a.content_hash, entry.forms.words),
        ),
    ).lastrowid
    connection.executemany(
        "INSERT INTO passages VALUES (?, ?, ?, ?, ?)",
        [
            (row, p.position, p.start, p.end, vector.astype("<f4").tobytes())
            for p, vector in zip(entry.passages, entry.vectors, strict=True)
        ],
    )


def _article(row: Sequence[str]) -> Article:
    id_, lang, title, lead, text, date, url, source, authors, section, tags, captions = row
    return Article(
        id=id_,
        lang=lang,
        title=title,
        lead=lead,
        text=text,
        date=date,
        url=url,
        source=source,
        authors=tuple(json.loads(authors)),
        section=section,
        tags=tuple(json.loads(tags)),
        captions=tuple(json.loads(captions)),
    )


def _forms(article: Article, words: str) -> Forms:
    language = LANGUAGES[article.lang]
    return language.forms(title=article.title, body=article.body, words=words)


def _vector_batch(
    connection: sqlite3.Connection,
    articles: list[tuple[int, str, str, int | None, str | None]],
    dimension: int,
) -> VectorBatch:
    """Passages of articles whose row numbers ascend, with nothing else between them."""
    passages = connection.execute(
        "SELECT article, position, start, stop, vector FROM passages"
        " WHERE article BETWEEN ? AND ? ORDER BY article, position",
        (articles[0][0], articles[-1][0]),
    ).fetchall()
    owners = np.array([passage[0] for passage in passages], np.int64)
    rows = np.array([article[0] for article in articles], np.int64)
    vectors = np.frombuffer(b"".join(passage[4] for passage in passages), "<f4")
    return VectorBatch(
        articles=articles,
        counts=np.searchsorted(owners, rows, "right") - np.searchsorted(owners, rows),
        spans=np.array([passage[1:4] for passage in passages], np.int64).reshape(-1, 3),
        vectors=vectors.reshape(-1, dimension).astype(np.float32, copy=False),
    )


def _removed_rows(connection: sqlite3.Connection, after: int) -> list[int]:
    rows = connection.execute("SELECT row FROM removals WHERE number > ?", (after,))
    return [row for (row,) in rows]


def _word_rows(connection: sqlite3.Connection, after: int) -> Iterator[WordRow]:
    columns = f"row, words, day, {_ARTICLE_COLUMNS}"
    cursor = connection.execute(
        f"SELECT {columns} FROM articles WHERE row > ? ORDER BY row",  # noqa: S608
        (after,),
    )
    while batch := cursor.fetchmany(_BATCH):
        for row, words, day, *columns_of_article in batch:
            article = _article(columns_of_article)
            yield WordRow(row, article.lang, day, article.source, _forms(article, words))


def _find_words(lookup: WordLookup, snapshot: VectorSnapshot, words: WordIndex) -> list[Candidate]:
    scope = lookup.scope
    if not lookup.terms and not scope.phrases:
        return []
    rows = None
    if scope.ids is not None:
        places = [snapshot.places[id_] for id_ in scope.ids if id_ in snapshot.places]
        rows = snapshot.rows[places].tolist()
    hits = words.find(lookup.terms, scope, lookup.k, rows=rows)
    numbers, known = snapshot.articles_of([row for row, _ in hits])
    found = [
        Candidate(id=snapshot.ids[number], score=score)
        for number, alive, (_, score) in zip(numbers.tolist(), known.tolist(), hits, strict=True)
        if alive
    ]
    return _best(found, lookup.k)


def _find_nearest(
    lookup: NearestLookup, scores: FloatArray, snapshot: VectorSnapshot, words: WordIndex
) -> list[Candidate]:
    allowed = _allowed(lookup.scope, snapshot, words) & (scores >= -1.5)
    places = np.flatnonzero(allowed)
    if len(places) > lookup.k:
        # The k-th score decides; everything that ties with it stays until ids break the ties.
        least = np.partition(scores[places], -lookup.k)[-lookup.k]
        places = places[scores[places] >= least]
    found = [Candidate(snapshot.ids[place], float(scores[place])) for place in places.tolist()]
    return [
        replace(c, passage=snapshot.passage(snapshot.places[c.id], lookup.vector))
        for c in _best(found, lookup.k)
    ]


def _allowed(
    scope: Scope, snapshot: VectorSnapshot, words: WordIndex
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    allowed = snapshot.allowed(scope.lang, scope.filters)
    if scope.ids is not None:
        wanted = np.zeros(len(allowed), np.bool_)
        wanted[[snapshot.places[id_] for id_ in scope.ids if id_ in snapshot.places]] = True
        allowed &= wanted
    if scope.phrases or scope.excluded:
        places, known = snapshot.articles_of(words.matching(scope))
        matching = np.zeros(len(allowed), np.bool_)
        matching[places[known]] = True
        allowed &= matching
    return allowed


def _best(found: list[Candidate], k: int) -> list[Candidate]:
    return sorted(found, key=lambda candidate: (-candidate.score, candidate.id))[:k]


def _writable(folder: Path) -> bool:
    """Whether files can be made in a folder; asking permissions would lie to root."""
    probe = folder / f".songngu-{uuid.uuid4().hex}"
    try:
        probe.touch()
        probe.unlink()
    except OSError:
        return False
    return True


def _remove_archive(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    shutil.rmtree(path.with_name(f"{path.name}.words"), ignore_errors=True)
