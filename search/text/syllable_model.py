"""How probable a Vietnamese syllable is after the two before it."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import resources

import numpy as np
import numpy.typing as npt

from search.text.syllables import START, SyllableTable

NUMBER = "#"
"""The form that stands for any number."""
FOREIGN = "~"
"""The form that stands for any word that is no syllable, or a very rare one."""

_DISCOUNT = 0.75
_LEAST_BACKING = 0.005
_LOG_STEP = 0.1  # counts of triples are kept in steps of 10 %

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SyllableModel:
    """Interpolated Kneser–Ney trigrams over syllables.

    Chen and Goodman, "An empirical study of smoothing techniques for language modeling", 1999.

    Attributes:
        table: Syllables and pairs. Its forms may include ``NUMBER`` and ``FOREIGN``.
        capital_share: (forms + 1,), by number: how often a form inside a sentence has a capital.
        triples: int64, ascending: (first · n + second) · n + third, where n is forms + 1; none
            with ``START`` in the middle. Every triple's first two are a pair of the table.
        triple_counts: int64, as many.
    """

    table: SyllableTable
    capital_share: FloatArray
    triples: IntArray
    triple_counts: IntArray

    @cached_property
    def number(self) -> int:
        """The number of ``NUMBER``; where the table has none, ``START``."""
        return self.table.numbers.get(NUMBER, START)

    @cached_property
    def foreign(self) -> int:
        """The number of ``FOREIGN``; where the table has none, ``START``."""
        return self.table.numbers.get(FOREIGN, START)

    @cached_property
    def _singles(self) -> FloatArray:
        """Compute the share of all kept pairs that end in a form: how many contexts it has."""
        size = len(self.table.counts)
        contexts = np.bincount(self.table.pairs % size, minlength=size)
        return np.asarray((contexts + 0.5) / (contexts.sum() + 0.5 * size))

    @cached_property
    def _after_one(self) -> tuple[FloatArray, FloatArray]:
        """Compute (discounted share of each pair, what its first syllable leaves to the others)."""
        size = len(self.table.counts)
        first = self.table.pairs // size
        share = (self.table.pair_counts - _DISCOUNT) / np.maximum(self.table.counts[first], 1)
        left = 1.0 - np.bincount(first, share, size)
        return share, np.asarray(np.clip(left, _LEAST_BACKING, 1.0))

    @cached_property
    def _after_two(self) -> tuple[FloatArray, FloatArray]:
        """Compute (discounted share of each triple, what its pair leaves to the others)."""
        pairs = np.searchsorted(self.table.pairs, self.triples // len(self.table.counts))
        share = (self.triple_counts - _DISCOUNT) / self.table.pair_counts[pairs]
        left = 1.0 - np.bincount(pairs, share, len(self.table.pairs))
        return share, np.asarray(np.clip(left, _LEAST_BACKING, 1.0))

    def after_one(self, first: IntArray, second: IntArray) -> FloatArray:
        """Compute P(second | first) for all combinations, shape (len(first), len(second))."""
        share, left = self._after_one
        keys = first[:, None] * len(self.table.counts) + second
        backing = left[first][:, None] * self._singles[second]
        return _found(self.table.pairs, keys, share, 0.0) + backing

    def after_two(self, first: IntArray, second: IntArray, third: IntArray) -> FloatArray:
        """Compute P(third | first, second) for all combinations, shape (first, second, third)."""
        pairs = self.after_one(second, third)
        if second[0] == START:
            return np.broadcast_to(pairs, (len(first), *pairs.shape))
        share, left = self._after_two
        size = len(self.table.counts)
        contexts = first[:, None] * size + second
        backing = _found(self.table.pairs, contexts, left, 1.0)
        keys = contexts[:, :, None] * size + third
        return _found(self.triples, keys, share, 0.0) + backing[:, :, None] * pairs

    def without_dispensable_triples(self, most: int) -> SyllableModel:
        """Keep only the triples that differ most from what their pairs predict.

        Weighted difference: Seymore and Rosenfeld, "Scalable backoff language models", 1996.
        """
        size = len(self.table.counts)
        contexts, third = self.triples // size, self.triples % size
        second = contexts % size
        known = np.isin(contexts, self.table.pairs)
        model = dataclasses.replace(
            self, triples=self.triples[known], triple_counts=self.triple_counts[known]
        )
        second, third = second[known], third[known]
        share, left = model._after_two
        pair_share, pair_left = model._after_one
        pairs = _found(self.table.pairs, second * size + third, pair_share, 0.0)
        pairs = pairs + pair_left[second] * self._singles[third]
        backing = left[np.searchsorted(self.table.pairs, contexts[known])] * pairs
        gain = model.triple_counts * np.log1p(share / backing)
        kept = np.ones(len(gain), bool)
        if len(gain) > most:
            kept[np.argsort(-gain, kind="stable")[most:]] = False
        return dataclasses.replace(
            model, triples=model.triples[kept], triple_counts=model.triple_counts[kept]
        )

    def with_counts(self, counts: SyllableTable, *, weight: float) -> SyllableModel:
        """Add other counts to this model, each worth ``weight`` of its own."""
        old = self.table
        forms = tuple(sorted({*old.forms, *counts.forms}))
        table = SyllableTable(forms, np.zeros(1, np.int64), *[np.zeros(0, np.int64)] * 2)
        size = len(forms) + 1
        moved = np.array([START, *(table.numbers[form] for form in old.forms)])
        added = np.array([START, *(table.numbers[form] for form in counts.forms)])
        sums = np.zeros(size)
        np.add.at(sums, moved, old.counts)
        np.add.at(sums, added, counts.counts * weight)
        keys = np.concatenate([_moved(old, moved, size), _moved(counts, added, size)])
        values = np.concatenate([old.pair_counts, counts.pair_counts * weight])
        pairs, places = np.unique(keys, return_inverse=True)
        share = np.full(size, 0.15)
        share[added] = 0.5  # unknown: no evidence either way
        share[moved] = self.capital_share
        n = len(old.counts)
        triples = moved[self.triples // n // n] * size + moved[self.triples // n % n]
        triples = triples * size + moved[self.triples % n]
        order = np.argsort(triples)
        return SyllableModel(
            SyllableTable(
                forms,
                np.round(sums).astype(np.int64),
                pairs,
                np.maximum(np.round(np.bincount(places, values)), 1).astype(np.int64),
            ),
            share,
            triples[order],
            self.triple_counts[order],
        )

    def triples_to_bytes(self) -> bytes:
        """Compress triples and capitals; the table has its own ``to_bytes``.

        A triple is kept as the steps from the one before: of the place of its pair and, with the
        same pair, of its third. Counts are logarithms in steps of 10 %.
        """
        size = len(self.table.counts)
        pairs = np.searchsorted(self.table.pairs, self.triples // size)
        pair_steps = np.diff(pairs, prepend=0)
        third = self.triples % size
        out = io.BytesIO()
        np.savez_compressed(
            out,
            pair_steps_low=(pair_steps & 255).astype(np.uint8),
            pair_steps_high=(pair_steps >> 8).astype(np.uint16),
            third_low=(third & 255).astype(np.uint8),
            third_high=(third >> 8).astype(np.uint8),
            logs=np.round(np.log(self.triple_counts) / _LOG_STEP).astype(np.uint8),
            capitals=np.round(self.capital_share * 255).astype(np.uint8),
        )
        return out.getvalue()

    @classmethod
    def from_bytes(cls, table: SyllableTable, data: bytes) -> SyllableModel:
        """Read what ``triples_to_bytes`` packed, over the same table."""
        with np.load(io.BytesIO(data)) as packed:
            steps = packed["pair_steps_low"] + (packed["pair_steps_high"].astype(np.int64) << 8)
            third = packed["third_low"] + (packed["third_high"].astype(np.int64) << 8)
            logs, capitals = packed["logs"], packed["capitals"]
        pairs = table.pairs[np.cumsum(steps)]
        counts = np.round(np.exp(np.arange(256) * _LOG_STEP)).astype(np.int64)
        return cls(
            table=table,
            capital_share=np.clip(capitals / 255, 0.003, 0.997),
            triples=pairs * len(table.counts) + third,
            triple_counts=counts[logs],
        )

    @classmethod
    def of_table(cls, table: SyllableTable) -> SyllableModel:
        """Make a model of pairs alone."""
        nothing = np.zeros(0, np.int64)
        return cls(table, np.full(len(table.counts), 0.5), nothing, nothing)

    @classmethod
    @lru_cache(maxsize=1)
    def bundled(cls) -> SyllableModel:
        """Load the model that ships with the package (see search/data/README.md)."""
        file = resources.files("search.data").joinpath("triples.npz")
        return cls.from_bytes(SyllableTable.bundled(), file.read_bytes())


def _found(keys: IntArray, wanted: IntArray, values: FloatArray, otherwise: float) -> FloatArray:
    """Look up the values of keys."""
    if not len(keys):
        return np.full(wanted.shape, otherwise)
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[places] == wanted, values[places], otherwise)


def _moved(table: SyllableTable, places: Sequence[int] | IntArray, size: int) -> IntArray:
    """Number the pairs of a table anew."""
    n = len(table.counts)
    numbers = np.asarray(places)
    return np.asarray(numbers[table.pairs // n] * size + numbers[table.pairs % n])
