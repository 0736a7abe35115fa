"""The embedded store's word index: BM25 by tantivy, one index for each language.

Derived from the archive and never the truth: it can be deleted at any moment. A separate index for
each language keeps document counts and average lengths apart, as separate fields do in
Elasticsearch, so that both stores compute the same scores.
"""

from __future__ import annotations

import errno
import fcntl
import json
import logging
import os
import shutil
import time
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import tantivy
from tantivy import FieldType, Occur, Query

from search.errors import StoreError, StoreUnavailableError
from search.records import day_of
from search.stores.base import (
    MOST_FOUND,
    Phrase,
    Scope,
    Term,
    WordGroup,
    least_held,
    wanted_names,
)
from search.text.languages import FORM_FIELDS, LANGUAGES, Forms

logger = logging.getLogger(__name__)

_FORMAT = 5
_LUCENE_SCALE = 1 / 2.2  # tantivy keeps the factor k1 + 1 that Lucene dropped
_WITH_POSITIONS = ("exact", "folded", "authors", "section")
"""Fields in which phrases are looked for."""
_WRITER_BYTES = 64_000_000
_LOCK_TIMEOUT_S = 120.0
_REFUSALS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)


class UnwritableError(StoreError):
    """The disk takes nothing: it is full, read-only, or somebody else's."""


@dataclass(frozen=True, slots=True)
class IndexCursor:
    """How far derived data has followed an archive.

    Attributes:
        archive: The archive's unique id.
        row: The highest row number that was read.
        removal: The highest removal number that was read.
        tail_row, tail: Number, id and content hash of the last article then. They tell an archive
            that went on from an older copy of it that was put back and went on otherwise.
    """

    archive: str
    row: int = 0
    removal: int = 0
    tail_row: int = 0
    tail: str = ""


@dataclass(frozen=True, slots=True)
class WordRow:
    """What the word index needs of one article."""

    row: int
    lang: str
    day: int | None
    source: str | None
    forms: Forms


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("row", indexed=True, fast=True)
    builder.add_integer_field("day", indexed=True, fast=True)
    builder.add_text_field("source", tokenizer_name="raw", index_option="basic")
    for name in _WITH_POSITIONS:
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="position")
    for name in ("words", "title", "opening", "pairs"):
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="freq")
    return builder.build()


_SCHEMA = _schema()


@dataclass(frozen=True)
class WordSnapshot:
    """All articles at one moment, by their words. Safe to use from several threads at once.

    Attributes:
        searchers: By language; each goes on seeing what it saw first.
        folder: Where the index is kept, for messages; None: in memory.
    """

    searchers: Mapping[str, tantivy.Searcher]
    folder: Path | None

    def find(
        self, terms: Sequence[Term], scope: Scope, k: int, *, rows: Sequence[int] | None = None
    ) -> list[tuple[int, float]]:
        """(row, score in Lucene's scale) of the ``k`` best matches, best first.

        Every row that ties with the k-th is returned too, so that the caller can break ties.

        Args:
            rows: Only these; ``scope.ids`` is not read here.
        """
        query = self._query(terms, scope, rows)
        limit = k + 16
        while True:
            hits = self._search(scope.lang, query, limit)
            if len(hits) < limit or hits[-1][0] < hits[k - 1][0]:
                break
            limit *= 4
        return self._rows(scope.lang, hits)

    def covering(self, groups: Sequence[WordGroup], scope: Scope, enough: float) -> list[int]:
        """Rows that hold at least a share of the groups by weight; the fullest ``MOST_FOUND``."""
        total = sum(group.weight for group in groups)
        if total <= 0:
            return []
        query = self._query((), scope, share=groups, needed=least_held(groups, enough))
        limit = 1000
        while True:
            hits = self._search(scope.lang, query, limit)
            if len(hits) < limit or hits[-1][0] < enough * total or limit >= MOST_FOUND:
                break
            limit = min(10 * limit, MOST_FOUND)
        kept = [hit for hit in hits if hit[0] >= enough * total * (1 - 1e-5)]
        return [row for row, _ in self._rows(scope.lang, kept)]

    def scores(self, terms: Sequence[Term], lang: str, rows: Sequence[int]) -> dict[int, float]:
        """BM25 scores of some rows; those without any of the terms are left out."""
        if not terms or not rows:
            return {}
        hits = self._search(lang, self._query(terms, Scope(lang), rows), len(rows))
        return dict(self._rows(lang, hits))

    def shares(
        self, groups: Sequence[WordGroup], lang: str, rows: Sequence[int]
    ) -> dict[int, float]:
        """The share of the groups, by weight, that some rows hold; 0 is left out."""
        total = sum(group.weight for group in groups)
        if total <= 0 or not rows:
            return {}
        query = self._query((), Scope(lang), rows, share=groups)
        found = self._rows(lang, self._search(lang, query, len(rows)))
        return {row: score / _LUCENE_SCALE / total for row, score in found}

    def matching(self, scope: Scope) -> list[int]:
        """All rows whose text satisfies the scope's phrases and exclusions."""
        limit = max(1, self.searchers[scope.lang].num_docs)
        hits = self._search(scope.lang, self._query((), scope), limit)
        return [row for row, _ in self._rows(scope.lang, hits)]

    def vocabulary(self, prefix: str) -> list[tuple[str, int]]:
        """All folded words that begin so, with how many articles have them."""
        found: Counter[str] = Counter()
        for searcher in self.searchers.values():
            try:
                found.update(dict(searcher.terms_with_prefix("folded", prefix)))
            except (ValueError, OSError) as error:
                raise self._damaged(error) from error
        return list(found.items())

    def _damaged(self, error: Exception) -> StoreError:
        return StoreError(
            f"The word index beside the archive is damaged ({error}). Delete the folder"
            f" {self.folder}: it is built again from the archive."
        )

    def _search(
        self, lang: str, query: Query, limit: int
    ) -> list[tuple[float, tantivy.DocAddress]]:
        try:
            hits: list[tuple[float, tantivy.DocAddress]] = (
                self.searchers[lang].search(query, limit=limit, count=False).hits
            )
        except (ValueError, OSError) as error:
            raise self._damaged(error) from error
        return hits

    def _rows(
        self, lang: str, hits: list[tuple[float, tantivy.DocAddress]]
    ) -> list[tuple[int, float]]:
        addresses = [address for _, address in hits]
        rows = self.searchers[lang].fast_field_values("row", addresses)
        scores = [score * _LUCENE_SCALE for score, _ in hits]
        return [(int(row or 0), score) for row, score in zip(rows, scores, strict=True)]

    def _query(
        self,
        terms: Sequence[Term],
        scope: Scope,
        rows: Sequence[int] | None = None,
        *,
        share: Sequence[WordGroup] = (),
        needed: int = 1,
    ) -> Query:
        """Scored terms or groups, and everything else as conditions that score nothing.

        Args:
            needed: How many of the groups must be there.
        """
        clauses: list[tuple[Occur, Query]] = []
        if share:
            held = [(Occur.Should, self._group(group)) for group in share]
            clauses.append((Occur.Must, Query.boolean_query(held, needed)))
        if terms:
            should = [(Occur.Should, self._scored(term)) for term in terms]
            clauses.append((Occur.Must, Query.boolean_query(should)))
        conditions = [self._phrase(phrase) for phrase in scope.phrases]
        if rows is not None:
            conditions.append(Query.term_set_query(_SCHEMA, "row", list(rows)))
        filters = scope.filters
        if filters.date_from or filters.date_to:
            conditions.append(self._days(filters.date_from, filters.date_to))
        if filters.sources:
            conditions.append(Query.term_set_query(_SCHEMA, "source", list(filters.sources)))
        for names in wanted_names(filters, scope.lang):
            some = [(Occur.Should, self._phrase(p)) for _, phrases in names for p in phrases]
            conditions.append(Query.boolean_query(some))
        clauses += [(Occur.Must, Query.const_score_query(c, 0.0)) for c in conditions]
        if not clauses:
            clauses.append((Occur.Must, Query.const_score_query(Query.all_query(), 0.0)))
        clauses += [(Occur.MustNot, self._phrase(phrase)) for phrase in scope.excluded]
        return Query.boolean_query(clauses)

    def _days(self, date_from: str | None, date_to: str | None) -> Query:
        return Query.range_query(
            _SCHEMA,
            "day",
            FieldType.Integer,
            lower_bound=day_of(date_from),
            upper_bound=day_of(date_to),
        )

    def _scored(self, term: Term) -> Query:
        option = "position" if term.field in _WITH_POSITIONS else "freq"
        query = Query.term_query(_SCHEMA, term.field, term.token, option)
        return query if term.boost == 1.0 else Query.boost_query(query, term.boost)

    def _group(self, group: WordGroup) -> Query:
        forms = [
            Query.const_score_query(
                Query.term_query(_SCHEMA, term.field, term.token, "freq"),
                term.boost * group.weight,
            )
            for term in group.terms
        ]
        return forms[0] if len(forms) == 1 else Query.disjunction_max_query(forms)

    def _phrase(self, phrase: Phrase) -> Query:
        if len(phrase.tokens) == 1:
            return Query.term_query(_SCHEMA, phrase.field, phrase.tokens[0])
        return Query.phrase_query(_SCHEMA, phrase.field, list(phrase.tokens))


class WordIndex:
    """Follows an archive and hands out snapshots; the caller holds a lock while it changes.

    Args:
        folder: Where the index is kept; None keeps it in memory.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._indexes: dict[str, tantivy.Index] = {}
        self._searchers: dict[str, tantivy.Searcher] = {}
        self._cursor: IndexCursor | None = None
        self._checksums: dict[str, tuple[int, int, int]] = {}

    @property
    def in_memory(self) -> bool:
        """Whether nobody else sees it."""
        return self._folder is None

    def snapshot(self) -> WordSnapshot:
        """All articles as of the cursor that ``open`` or ``advance`` came to last."""
        return WordSnapshot(self._searchers, self._folder)

    def open(self, archive: str) -> IndexCursor | None:
        """Open what is on disk and say how far it goes; changes nothing there.

        Returns:
            None where nothing can be used: it is missing, damaged, another archive's, or being
            written at this moment.
        """
        if self._folder is None:
            return self._cursor if self._cursor and self._cursor.archive == archive else None
        state = self._state()
        if state is None or state[0].archive != archive:
            return None
        cursor, files = state
        if cursor == self._cursor:
            return cursor
        self._cursor = None
        try:
            if not self._intact(files):
                return None
            self._open_indexes(fresh=False)
        except (ValueError, OSError) as error:
            logger.info("The word index cannot be used as it is: %s", error)
            return None
        if not self._intact(files):
            return None  # another process has moved it on while it was opened
        self._cursor = cursor
        return cursor

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the right to change the index among all processes."""
        if self._folder is None:
            yield
            return
        with self._writing():
            self._folder.mkdir(exist_ok=True)
            handle = (self._folder / "lock").open("w")
        with handle:
            deadline = time.monotonic() + _LOCK_TIMEOUT_S
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise StoreUnavailableError(
                            f"Another process has been updating {self._folder} for over"
                            f" {_LOCK_TIMEOUT_S:.0f} s. Wait for it or end it, then try again."
                        ) from None
                    time.sleep(0.05)
            yield

    def advance(self, removed: Sequence[int], added: Iterable[WordRow], to: IndexCursor) -> None:
        """Follow the archive up to ``to``; the caller holds ``locked``.

        Rows above the present cursor are taken out first: a kill between the index's own commit and
        the note of it must not leave them twice.
        """
        cursor = self._cursor or IndexCursor(to.archive)
        above = Query.range_query(_SCHEMA, "row", FieldType.Unsigned, lower_bound=cursor.row + 1)
        # Not delete_documents_by_term: for a number it deletes nothing, and says nothing.
        gone = Query.term_set_query(_SCHEMA, "row", list(removed))
        writers: dict[str, tantivy.IndexWriter] = {}
        with self._writing():
            try:
                for lang, index in self._indexes.items():
                    writers[lang] = index.writer(_WRITER_BYTES, 1)
                    writers[lang].delete_documents_by_query(above)
                    writers[lang].delete_documents_by_query(gone)
                for word_row in added:
                    writers[word_row.lang].add_document(_document(word_row))
                for lang, index in self._indexes.items():
                    writers[lang].commit()
                    writers[lang].wait_merging_threads()
                    index.reload()
            finally:
                writers.clear()  # their locks go with them, whatever keeps this frame
            self._searchers = {lang: index.searcher() for lang, index in self._indexes.items()}
            self._store_cursor(to)
        self._cursor = to

    def reset(self, archive: str) -> IndexCursor:
        """Start anew; the caller holds ``locked``."""
        with self._writing():
            if self._folder is not None:
                (self._folder / "state.json").unlink(missing_ok=True)
            self._open_indexes(fresh=True)
        self._cursor = IndexCursor(archive)
        return self._cursor

    def _open_indexes(self, *, fresh: bool) -> None:
        for lang in LANGUAGES:
            if self._folder is None:
                if fresh or lang not in self._indexes:
                    self._indexes[lang] = tantivy.Index(_SCHEMA)
            else:
                place = self._folder / lang
                if fresh:
                    shutil.rmtree(place, ignore_errors=True)
                elif not tantivy.Index.exists(str(place)):
                    raise ValueError(f"there is none in {place}")
                place.mkdir(parents=True, exist_ok=True)
                self._indexes[lang] = tantivy.Index(_SCHEMA, path=str(place))
        self._searchers = {lang: index.searcher() for lang, index in self._indexes.items()}

    def _state(self) -> tuple[IndexCursor, Mapping[str, Sequence[int]]] | None:
        """The cursor and the files that the last writer noted; None where that cannot be read."""
        assert self._folder is not None
        try:
            state = json.loads((self._folder / "state.json").read_text("utf-8"))
            if state.pop("format") == _FORMAT and isinstance(files := state.pop("files"), dict):
                return IndexCursor(**state), files
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            pass
        return None

    def _store_cursor(self, cursor: IndexCursor) -> None:
        if self._folder is None:
            return
        state = {"format": _FORMAT, **asdict(cursor), "files": self._files()}
        part = self._folder / "state.json.part"
        part.write_text(json.dumps(state), "utf-8")
        part.replace(self._folder / "state.json")

    def _intact(self, noted: Mapping[str, Sequence[int]]) -> bool:
        """Whether all files are as they were noted down.

        tantivy trusts what it reads: a damaged file would be searched without finding anything.
        """
        try:
            return all(self._size_and_checksum(name) == tuple(noted[name]) for name in noted)
        except (OSError, TypeError):
            return False

    def _files(self) -> dict[str, tuple[int, int]]:
        """Size and checksum of what is committed."""
        if self._folder is None:
            return {}
        names = [
            f"{lang}/{file.name}"
            for lang in LANGUAGES
            for file in (self._folder / lang).iterdir()
            if not file.name.startswith(".")  # tantivy's own book-keeping, also of unfinished work
        ]
        self._checksums = {n: kept for n, kept in self._checksums.items() if n in names}
        return {name: self._size_and_checksum(name) for name in names}

    def _size_and_checksum(self, name: str) -> tuple[int, int]:
        assert self._folder is not None
        file = self._folder / name
        status = file.stat()
        seen = (status.st_size, status.st_mtime_ns)
        kept = self._checksums.get(name)
        # Only meta.json is ever written twice, so a file is read once in the life of a process.
        if kept is None or kept[:2] != seen:
            checksum = 0
            with file.open("rb") as handle:
                while chunk := handle.read(1 << 20):
                    checksum = zlib.crc32(chunk, checksum)
            kept = self._checksums[name] = (*seen, checksum)
        return status.st_size, kept[2]

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Turn what tantivy and the disk refuse into our error."""
        try:
            yield
        except (ValueError, OSError) as error:
            # What tantivy raises has no number, but says the same words.
            refused = any(os.strerror(number) in str(error) for number in _REFUSALS)
            kind = UnwritableError if refused else StoreError
            raise kind(
                f"The word index {self._folder} cannot be written: {error}. Free space, give write"
                " permission, or remove what is in its place, then try again; no article is lost."
            ) from error


def _document(word_row: WordRow) -> tantivy.Document:
    document = tantivy.Document()
    document.add_unsigned("row", word_row.row)
    if word_row.day is not None:
        document.add_integer("day", word_row.day)
    if word_row.source is not None:
        document.add_text("source", word_row.source)
    for name in FORM_FIELDS:
        document.add_text(name, getattr(word_row.forms, name))
    return document
