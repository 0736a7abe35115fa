"""The embedded store's vectors in memory, scanned exactly: recall is 1.0.

Derived from the archive and never the truth. A snapshot is immutable; following the archive makes
a new one that shares the memory of the old, so searches need no locks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt
from threadpoolctl import ThreadpoolController

from search.encoders.base import FloatArray
from search.language_free import take_apart
from search.records import Filters, Passage, day_of

_UNKNOWN_DAY = 0  # the proleptic calendar begins with day 1

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]


@lru_cache(maxsize=1)
def _thread_pools() -> ThreadpoolController:
    """The libraries whose threads can be told how many to be, looked up once."""
    return ThreadpoolController()


@dataclass(frozen=True, slots=True)
class VectorBatch:
    """What the vector index needs of some articles, by ascending row number.

    Attributes:
        articles: (row, id, lang, day, source) of each.
        counts: int64 (articles,): how many passages each has.
        spans: int64 (passages, 3): position, start, end.
        vectors: float32 (passages, dimension): the model's own.
    """

    articles: Sequence[tuple[int, str, str, int | None, str | None]]
    counts: IntArray
    spans: IntArray
    vectors: FloatArray


class _Column:
    """A growing array; ``view`` shows what was there when it was taken and is never moved."""

    def __init__(self, dtype: npt.DTypeLike, width: int | None = None) -> None:
        self._shape = () if width is None else (width,)
        self._data = np.empty((64, *self._shape), dtype)
        self._length = 0

    def extend(self, values: npt.NDArray[np.generic]) -> None:
        needed = self._length + len(values)
        if needed > len(self._data):
            grown = np.empty(
                (max(needed, len(self._data) * 3 // 2), *self._shape), self._data.dtype
            )
            grown[: self._length] = self._data[: self._length]
            self._data = grown
        self._data[self._length : needed] = values
        self._length = needed

    def view(self) -> npt.NDArray[np.generic]:
        return self._data[: self._length]


@dataclass(frozen=True)
class VectorSnapshot:
    """All articles of an archive at one moment, by ascending row number.

    Attributes:
        rows: int64 (articles,), ascending.
        alive: bool (articles,); False once the row was removed.
        langs, sources: int64 (articles,), codes into ``lang_codes`` and ``source_codes``.
        days: int64 (articles,); 0 is unknown.
        first: int64 (articles + 1,); passages of article i are first[i] … first[i + 1] − 1.
        spans: int64 (passages, 3).
        vectors: float32 (passages, dimension), language-free.
        languages: float32 (passages,): how much of the language was taken out of each.
    """

    rows: IntArray
    ids: Sequence[str]
    alive: BoolArray
    langs: IntArray
    days: IntArray
    sources: IntArray
    first: IntArray
    spans: IntArray
    vectors: FloatArray
    languages: FloatArray
    lang_codes: dict[str, int]
    source_codes: dict[str, int]

    @cached_property
    def places(self) -> dict[str, int]:
        """Article numbers by id, of those alive."""
        return {self.ids[place]: place for place in np.flatnonzero(self.alive).tolist()}

    def allowed(self, lang: str, filters: Filters) -> BoolArray:
        """bool (articles,): which articles are of a language and pass the filters."""
        mask: BoolArray = self.alive & (self.langs == self.lang_codes.get(lang, -1))
        if filters.date_from or filters.date_to:
            mask &= self.days != _UNKNOWN_DAY
        if filters.date_from:
            mask &= self.days >= (day_of(filters.date_from) or 0)
        if filters.date_to:
            mask &= self.days <= (day_of(filters.date_to) or 0)
        if filters.sources:
            codes = [self.source_codes.get(source, -1) for source in filters.sources]
            mask &= np.isin(self.sources, codes)
        return mask

    def articles_of(self, rows: Sequence[int] | IntArray) -> tuple[IntArray, BoolArray]:
        """Article numbers of row numbers, and which of the rows are known and alive."""
        wanted = np.asarray(rows, np.int64)
        places = np.searchsorted(self.rows, wanted)
        known = places < len(self.rows)
        places = np.where(known, places, 0)
        if len(self.rows):
            known &= (self.rows[places] == wanted) & self.alive[places]
        return places, known

    def best(self, vector: FloatArray) -> FloatArray:
        """float32 (articles,): each article's highest cosine; −2 where it has no passage."""
        scores = np.full(len(self.rows), -2.0, np.float32)
        if len(self.vectors):
            # One thread: reading the vectors takes longer than multiplying them, and a BLAS whose
            # threads spin afterwards keeps the encoder waiting (54 instead of 31 ms a search).
            with _thread_pools().limit(limits=1, user_api="blas"):
                cosines = self.vectors @ vector
            filled = self.first[1:] > self.first[:-1]
            # Articles without passages take no room, so the starts of the others are all distinct.
            scores[filled] = np.maximum.reduceat(cosines, self.first[:-1][filled])
        return scores

    def passage(self, article: int, vector: FloatArray) -> tuple[Passage, float]:
        """The article's passage nearest to a vector, and its language."""
        start, end = self.first[article], self.first[article + 1]
        best = start + int(np.argmax(self.vectors[start:end] @ vector))
        position, begin, stop = (int(value) for value in self.spans[best])
        return Passage(position, begin, stop), float(self.languages[best])

    @cached_property
    def sizes(self) -> dict[str, int]:
        """Articles by language."""
        counts = np.bincount(self.langs[self.alive], minlength=len(self.lang_codes))
        return {lang: int(counts[code]) for lang, code in self.lang_codes.items()}


class VectorIndex:
    """Follows an archive and hands out snapshots; the caller holds a lock while it changes.

    Args:
        direction: What is taken out of every vector; see ``search.language_free``.
    """

    def __init__(self, dimension: int, direction: Sequence[float] = ()) -> None:
        self._direction = np.array(direction, np.float32)
        self._ids: list[str] = []
        self._rows = _Column(np.int64)
        self._langs = _Column(np.int64)
        self._days = _Column(np.int64)
        self._sources = _Column(np.int64)
        self._counts = _Column(np.int64)
        self._spans = _Column(np.int64, 3)
        self._vectors = _Column(np.float32, dimension)
        self._languages = _Column(np.float32)
        self._removed: set[int] = set()
        self._lang_codes: dict[str, int] = {}
        self._source_codes: dict[str, int] = {}

    def add(self, batch: VectorBatch) -> None:
        """Append articles; their row numbers are above all that are there."""
        rows, ids, langs, days, sources = zip(*batch.articles, strict=True)
        self._ids += ids
        self._rows.extend(np.array(rows, np.int64))
        self._langs.extend(_codes(langs, self._lang_codes))
        self._days.extend(np.array([day or _UNKNOWN_DAY for day in days], np.int64))
        self._sources.extend(_codes([source or "" for source in sources], self._source_codes))
        self._counts.extend(batch.counts)
        self._spans.extend(batch.spans)
        free, languages = take_apart(batch.vectors, self._direction)
        self._vectors.extend(free)
        self._languages.extend(languages)

    def remove(self, rows: Sequence[int]) -> None:
        """Mark rows as removed; unknown ones are no error."""
        self._removed.update(rows)

    def wasted(self) -> bool:
        """Whether so much was removed that loading anew pays."""
        return len(self._removed) > 1000 and len(self._removed) * 3 > len(self._ids)

    def snapshot(self) -> VectorSnapshot:
        """All articles as they are now."""
        rows = np.asarray(self._rows.view(), np.int64)
        counts = np.asarray(self._counts.view(), np.int64)
        removed = np.fromiter(self._removed, np.int64, len(self._removed))
        return VectorSnapshot(
            rows=rows,
            ids=tuple(self._ids),
            alive=~np.isin(rows, removed),
            langs=np.asarray(self._langs.view(), np.int64),
            days=np.asarray(self._days.view(), np.int64),
            sources=np.asarray(self._sources.view(), np.int64),
            first=np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)]),
            spans=np.asarray(self._spans.view(), np.int64),
            vectors=np.asarray(self._vectors.view(), np.float32),
            languages=np.asarray(self._languages.view(), np.float32),
            lang_codes=dict(self._lang_codes),
            source_codes=dict(self._source_codes),
        )


def _codes(values: Sequence[str], codes: dict[str, int]) -> IntArray:
    return np.array([codes.setdefault(value, len(codes)) for value in values], np.int64)
