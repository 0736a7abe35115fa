"""The embedded store's vectors in memory, each compared with the query: none is passed over.

Here they are in half precision, which moves a cosine by less than 0.0001 and halves the time of
a search: reading them is what takes it. The nearest are compared again as the archive keeps them.
Derived from the archive and never the truth. Each language has vectors of its own: every search is
of one, and reads no others. A snapshot is immutable; following the archive makes a new one that
shares the memory of the old, so searches need no locks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import simsimd

from search.encoders.base import FloatArray
from search.encoders.language_direction import take_apart
from search.errors import StoreError
from search.records import Filters, Passage, day_of
from search.text.languages import LANGUAGES

_UNKNOWN_DAY = 0  # the proleptic calendar begins with day 1

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
HalfArray = npt.NDArray[np.float16]


ArticleRow = tuple[int, str, str, int | None, str | None]
"""Row number, id, language, day and source of an article."""


@dataclass(frozen=True, slots=True)
class VectorBatch:
    """What the vector index needs of some articles, by ascending row number.

    Attributes:
        counts: int64 (articles,): how many passages each has.
        spans: int64 (passages, 3): position, start, end.
        vectors: float32 (passages, dimension): the model's own.
    """

    articles: Sequence[ArticleRow]
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
    """All articles of a language at one moment, by ascending row number.

    Attributes:
        rows: int64 (articles,), ascending.
        alive: bool (articles,); False once the row was removed.
        days: int64 (articles,); 0 is unknown.
        sources: int64 (articles,), codes into ``source_codes``.
        first: int64 (articles + 1,); passages of article i are first[i] … first[i + 1] − 1.
        spans: int64 (passages, 3).
        vectors: float16 (passages, dimension), language-free.
        direction: What was taken out of them.
    """

    rows: IntArray
    ids: Sequence[str]
    alive: BoolArray
    days: IntArray
    sources: IntArray
    first: IntArray
    spans: IntArray
    vectors: HalfArray
    direction: FloatArray
    source_codes: dict[str, int]

    @cached_property
    def places(self) -> dict[str, int]:
        """Article numbers by id, of those alive."""
        return {self.ids[place]: place for place in np.flatnonzero(self.alive).tolist()}

    @cached_property
    def size(self) -> int:
        """How many articles there are."""
        return int(np.count_nonzero(self.alive))

    @cached_property
    def filled(self) -> BoolArray:
        """bool (articles,): which articles have passages."""
        return np.asarray(self.first[1:] > self.first[:-1])

    def allowed(self, filters: Filters) -> BoolArray:
        """bool (articles,): which articles are there and pass the filters."""
        mask: BoolArray = self.alive.copy()
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

    def places_of(self, rows: Sequence[int] | IntArray) -> IntArray:
        """Article numbers of row numbers.

        Raises:
            StoreError: One of them is of no article: the word index is not of this moment.
        """
        wanted = np.asarray(rows, np.int64)
        places = np.searchsorted(self.rows, wanted)
        known = np.append(self.rows, -1)[places] == wanted
        if not (known & np.append(self.alive, False)[places]).all():
            raise StoreError(
                "The word index beside the archive names articles that are not there. Delete the"
                " folder that ends in .words: it is built again from the archive."
            )
        return places

    def best(self, vectors: FloatArray) -> FloatArray:
        """Each article's highest cosine with each of some vectors, read in one pass.

        Args:
            vectors: float32 (number, dimension).

        Returns:
            float32 (number, articles); −2 where an article has no passage.
        """
        scores = np.full((len(vectors), len(self.rows)), -2.0, np.float32)
        if len(self.vectors):
            cosines = _products(vectors, self.vectors)
            # Articles without passages take no room, so the starts of the others are all distinct.
            starts = self.first[:-1][self.filled]
            scores[:, self.filled] = np.maximum.reduceat(cosines, starts, axis=1)
        return scores

    def passages(self, places: IntArray, vector: FloatArray) -> tuple[IntArray, FloatArray]:
        """The passages of some articles that are nearest to a vector.

        Args:
            places: int64 (number,): articles that have passages.

        Returns:
            int64 (number,): each article's passage, the first of equals; float32 (number,): its
            cosine.
        """
        if not len(places):
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        counts = self.first[places + 1] - self.first[places]
        starts = np.cumsum(counts) - counts
        owners = np.repeat(np.arange(len(places)), counts)
        numbers = np.arange(len(owners)) + (self.first[places] - starts)[owners]
        cosines = _products(vector[None], self.vectors[numbers])[0]
        highest = np.maximum.reduceat(cosines, starts)
        nearest = np.flatnonzero(cosines == highest[owners])
        _, firsts = np.unique(owners[nearest], return_index=True)
        return numbers[nearest[firsts]], highest

    def passage(self, number: int) -> Passage:
        """A passage by its number."""
        return Passage(*self.spans[number].tolist())


def _products(vectors: FloatArray, kept: HalfArray) -> FloatArray:
    """Inner products: float32 (number of vectors, number kept)."""
    halves = np.ascontiguousarray(vectors, np.float16)
    return np.asarray(simsimd.cdist(halves, kept, metric="inner", out_dtype="float32"))


class VectorIndex:
    """Follows an archive and hands out snapshots; the caller holds a lock while it changes.

    Args:
        direction: What is taken out of every vector; see ``search.encoders.language_direction``.
    """

    def __init__(self, dimension: int, direction: Sequence[float] = ()) -> None:
        self._languages = {lang: _OneLanguage(dimension, direction) for lang in LANGUAGES}
        self._removed: set[int] = set()

    def add(self, batch: VectorBatch) -> None:
        """Append articles; their row numbers are above all that are there."""
        langs = np.array([lang for _, _, lang, _, _ in batch.articles])
        for lang, index in self._languages.items():
            mine = langs == lang
            passages = np.repeat(mine, batch.counts)
            if mine.any():
                index.add(
                    VectorBatch(
                        [batch.articles[place] for place in np.flatnonzero(mine).tolist()],
                        batch.counts[mine],
                        batch.spans[passages],
                        batch.vectors[passages],
                    )
                )

    def remove(self, rows: Sequence[int]) -> None:
        """Mark rows as removed; unknown ones are no error."""
        self._removed.update(rows)

    def wasted(self) -> bool:
        """Whether so much was removed that loading anew pays."""
        there = sum(len(index.ids) for index in self._languages.values())
        return len(self._removed) > 1000 and len(self._removed) * 3 > there

    def snapshots(self) -> Mapping[str, VectorSnapshot]:
        """All articles as they are now, by language."""
        removed = np.fromiter(self._removed, np.int64, len(self._removed))
        return {lang: index.snapshot(removed) for lang, index in self._languages.items()}


class _OneLanguage:
    """What grows of one language."""

    def __init__(self, dimension: int, direction: Sequence[float]) -> None:
        self._direction = np.array(direction, np.float32)
        self.ids: list[str] = []
        self._rows = _Column(np.int64)
        self._days = _Column(np.int64)
        self._sources = _Column(np.int64)
        self._counts = _Column(np.int64)
        self._spans = _Column(np.int64, 3)
        self._vectors = _Column(np.float16, dimension)
        self._source_codes: dict[str, int] = {}

    def add(self, batch: VectorBatch) -> None:
        rows, ids, _, days, sources = zip(*batch.articles, strict=True)
        self.ids += ids
        self._rows.extend(np.array(rows, np.int64))
        self._days.extend(np.array([day or _UNKNOWN_DAY for day in days], np.int64))
        codes = self._source_codes
        named = [codes.setdefault(source or "", len(codes)) for source in sources]
        self._sources.extend(np.array(named, np.int64))
        self._counts.extend(batch.counts)
        self._spans.extend(batch.spans)
        self._vectors.extend(take_apart(batch.vectors, self._direction)[0])

    def snapshot(self, removed: IntArray) -> VectorSnapshot:
        rows = np.asarray(self._rows.view(), np.int64)
        counts = np.asarray(self._counts.view(), np.int64)
        return VectorSnapshot(
            rows=rows,
            ids=tuple(self.ids),
            alive=~np.isin(rows, removed),
            days=np.asarray(self._days.view(), np.int64),
            sources=np.asarray(self._sources.view(), np.int64),
            first=np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)]),
            spans=np.asarray(self._spans.view(), np.int64),
            vectors=np.asarray(self._vectors.view(), np.float16),
            direction=self._direction,
            source_codes=dict(self._source_codes),
        )
