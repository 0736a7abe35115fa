"""Vietnamese syllables: which strings can be one, and counts of them and their neighbours."""

from __future__ import annotations

import io
import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import resources

import numpy as np
import numpy.typing as npt

from search.text.languages import exact, fold, spans

START = 0
"""Number of the boundary: the beginning of a text, punctuation, or a word that is no syllable."""

_SYLLABLE = re.compile(
    r"(?:b|ch?|d|gh?|gi|h|kh?|l|m|nh?|ngh?|ph?|qu|r|s|th?|tr|v|x)?"
    r"(?:a|ai|ao|au|ay|e|eo|eu|i|ia|ie|ieu|iu|o|oa|oai|oao|oay|oe|oeo|oi|oo"
    r"|u|ua|uay|ue|ui|uo|uoi|uou|uu|uy|uya|uye|uyu|y|ye|yeu)"
    r"(?:c|ch|m|n|ng|nh|p|t)?"
)
_BREAK = re.compile(r"[^\w\s]|\n")

IntArray = npt.NDArray[np.int64]


@lru_cache(maxsize=1 << 16)
def is_syllable(folded: str) -> bool:
    """Tell whether a folded token is spelled like a Vietnamese syllable: onset, rime, coda."""
    return len(folded) <= 7 and _SYLLABLE.fullmatch(folded) is not None


@dataclass(frozen=True)
class SyllableTable:
    """Counts of syllables and of neighbouring pairs.

    Attributes:
        forms: Exact forms, ascending; form i has the number i + 1, ``START`` is the boundary.
        counts: int64 (forms + 1,), by number.
        pairs: int64, ascending: number of the first · (forms + 1) + number of the second.
        pair_counts: int64, as many.
    """

    forms: tuple[str, ...]
    counts: IntArray
    pairs: IntArray
    pair_counts: IntArray

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The number of each form."""
        return {form: number for number, form in enumerate(self.forms, 1)}

    @cached_property
    def by_folded(self) -> dict[str, tuple[int, ...]]:
        """Numbers of the forms that fold to one string, most frequent first."""
        found: dict[str, list[int]] = {}
        for number, form in enumerate(self.forms, 1):
            found.setdefault(fold(form), []).append(number)
        return {
            folded: tuple(sorted(numbers, key=lambda n: -int(self.counts[n])))
            for folded, numbers in found.items()
        }

    @cached_property
    def total(self) -> int:
        """Syllables counted."""
        return int(self.counts[1:].sum())

    def to_bytes(self) -> bytes:
        """Compress the table; ``from_bytes`` reads it back.

        Keys are stored as differences, counts as logarithms in steps of 2 %: ten bits are enough.
        """
        out = io.BytesIO()
        np.savez_compressed(
            out,
            forms=np.frombuffer("\n".join(self.forms).encode(), np.uint8),
            counts=self.counts.astype(np.uint32),
            pair_steps=np.diff(self.pairs, prepend=0).astype(np.uint32),
            pair_logs=np.round(np.log(self.pair_counts) / _LOG_STEP).astype(np.uint16),
        )
        return out.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> SyllableTable:
        """Read the table that ``to_bytes`` packed."""
        with np.load(io.BytesIO(data)) as packed:
            return cls(
                forms=tuple(packed["forms"].tobytes().decode().split("\n")),
                counts=packed["counts"].astype(np.int64),
                pairs=np.cumsum(packed["pair_steps"].astype(np.int64)),
                pair_counts=np.round(np.exp(packed["pair_logs"] * _LOG_STEP)).astype(np.int64),
            )

    @classmethod
    @lru_cache(maxsize=1)
    def bundled(cls) -> SyllableTable:
        """Load the table that ships with the package (see search/data/README.md)."""
        file = resources.files("search.data").joinpath("syllables.npz")
        return cls.from_bytes(file.read_bytes())


_LOG_STEP = 0.02


class SyllableCounts:
    """Counts syllables and their neighbours in text that has its diacritics."""

    def __init__(self) -> None:
        self._syllables: Counter[str] = Counter()
        self._pairs: Counter[tuple[str, str]] = Counter()
        self.total = 0  # syllables counted

    def add(self, text: str) -> None:
        """Count one text. "" stands for the boundary."""
        syllables, pairs = [], []
        last, end = "", 0
        for typed, start, stop in spans(text):
            if last and text[end:start] != " " and _BREAK.search(text, end, start):
                last = ""
            form = _syllable(typed)
            if form:
                syllables.append(form)
                pairs.append((last, form))
            last, end = form, stop
        self._syllables.update(syllables)
        self._pairs.update(pairs)
        self.total += len(syllables)

    def add_table(self, table: SyllableTable) -> None:
        """Add the counts of a table."""
        names = ("", *table.forms)
        size = len(names)
        self._syllables.update(dict(zip(table.forms, table.counts[1:].tolist(), strict=True)))
        keys, counts = table.pairs.tolist(), table.pair_counts.tolist()
        self._pairs.update(
            {(names[k // size], names[k % size]): c for k, c in zip(keys, counts, strict=True)}
        )
        self.total += table.total

    def table(
        self, *, least: int = 5, least_pair: int = 3, most_pairs: int | None = None
    ) -> SyllableTable:
        """Make a table of the counts, without rare ones.

        Args:
            most_pairs: Pairs to keep at most, the commonest.
        """
        forms = sorted(form for form, count in self._syllables.items() if count >= least)
        numbers = {"": START} | {form: number for number, form in enumerate(forms, 1)}
        size = len(numbers)
        kept = sorted(
            (numbers[a] * size + numbers[b], count)
            for (a, b), count in self._pairs.most_common(most_pairs)
            if count >= least_pair and a in numbers and b in numbers
        )
        starts = sum(count for (a, _), count in self._pairs.items() if a == "")
        return SyllableTable(
            forms=tuple(forms),
            counts=np.array([starts, *(self._syllables[form] for form in forms)], np.int64),
            pairs=np.array([key for key, _ in kept], np.int64),
            pair_counts=np.array([count for _, count in kept], np.int64),
        )


@lru_cache(maxsize=1 << 16)
def _syllable(typed: str) -> str:
    """The exact form of a token that is a syllable, else ""."""
    form = exact(typed)
    return form if is_syllable(fold(form)) else ""
