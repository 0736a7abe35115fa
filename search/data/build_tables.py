"""Counts the tables in this folder from a folder of development data.

Usage: python -m search.data.build_tables DATA [OTHER ENGLISH TEXT…]

DATA holds news/vi-baomoi.jsonl.gz, news/vi-dantri.jsonl.gz, news/en-reuters.jsonl.gz and
pages/gold.jsonl. Other English text is plain, or a ``data.*`` file of WordNet, of which the glosses
are counted. Only counts of syllables, words and their neighbours are kept, rare ones left out; no
text is. About four minutes and 3 GB of memory.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from search.text.languages import exact_tokens, fold, normalise, tokens
from search.text.syllable_model import FOREIGN, NUMBER, SyllableModel
from search.text.syllables import START, SyllableTable, is_syllable

HERE = Path(__file__).parent
HELD_OUT = 50
"""Every so many-th article is not counted: accuracy is measured on these."""
LEAST_SYLLABLE = 5
LEAST_PAIR = 3
MOST_TRIPLES = 600_000
LEAST_FOLDED_PAIR = 8
LEAST_WORD = 3
LEAST_FOREIGN = 10

_BREAK = re.compile(r"[^\w\s]|\n")
_CAPITAL, _INSIDE = 1, 2

IntArray = npt.NDArray[np.int64]


def articles(path: Path) -> Iterator[str]:
    """The texts of a gzipped JSONL file, without held-out ones and repetitions of any."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    seen = {row.get("text") for row in rows[::HELD_OUT]}
    for number, row in enumerate(rows):
        if number % HELD_OUT and row.get("text") not in seen:
            seen.add(row.get("text"))
            parts = (row.get("title"), row.get("lead"), row.get("text"))
            yield normalise("\n".join(part for part in parts if part))


@dataclass
class Read:
    """Vietnamese text as numbers, in reading order.

    Attributes:
        numbers: START at breaks, else the place in ``forms``.
        flags: ``_CAPITAL`` | ``_INSIDE`` (no break before it).
        forms: Exact forms, in order of appearance, from the fourth on.
        foreign: Counts of folded words that are no syllables.
    """

    numbers: array[int] = field(default_factory=lambda: array("i"))
    flags: array[int] = field(default_factory=lambda: array("B"))
    forms: dict[str, int] = field(default_factory=lambda: {"": START, NUMBER: 1, FOREIGN: 2})
    foreign: Counter[str] = field(default_factory=Counter)

    def add(self, text: str) -> None:
        """Read one text."""
        self._put(START, 0)
        end = 0
        for token in tokens(text):
            inside = end > 0
            if end and text[end : token.start] != " " and _BREAK.search(text, end, token.start):
                self._put(START, 0)
                inside = False
            end = token.end
            flags = _INSIDE * inside + _CAPITAL * text[token.start].isupper()
            if token.exact[0].isdigit():
                self._put(self.forms[NUMBER], 0)
            elif not is_syllable(token.folded):
                self._put(self.forms[FOREIGN], flags)
                self.foreign[token.folded] += 1
            else:
                self._put(self.forms.setdefault(token.exact, len(self.forms)), flags)

    def _put(self, number: int, flags: int) -> None:
        if number or not self.numbers or self.numbers[-1]:
            self.numbers.append(number)
            self.flags.append(flags)


def _kept(keys: IntArray, least: int) -> tuple[IntArray, IntArray]:
    found, counts = np.unique(keys, return_counts=True)
    often = counts >= least
    return found[often], counts[often]


def syllable_model(read: Read) -> SyllableModel:
    """Counts of Vietnamese syllables, pairs and triples."""
    numbers = np.frombuffer(read.numbers, np.int32).astype(np.int64)
    flags = np.frombuffer(read.flags, np.uint8)
    names = list(read.forms)
    counts = np.bincount(numbers, minlength=len(names))
    forms = sorted(form for form, n in read.forms.items() if form and counts[n] >= LEAST_SYLLABLE)
    places = {form: place for place, form in enumerate(forms, 1)} | {"": START}
    numbers = np.array([places.get(form, places[FOREIGN]) for form in names])[numbers]
    size = len(forms) + 1
    pairs, pair_counts = _kept(numbers[:-1] * size + numbers[1:], LEAST_PAIR)
    table = SyllableTable(tuple(forms), np.bincount(numbers, minlength=size), pairs, pair_counts)

    inside = (flags & _INSIDE) > 0
    share = (np.bincount(numbers[inside], flags[inside] & _CAPITAL, size) + 0.15) / (
        np.bincount(numbers[inside], minlength=size) + 1.0
    )
    middle = numbers[1:-1] != START
    first = numbers[:-2][middle] * size + numbers[1:-1][middle]
    triples, triple_counts = _kept(first * size + numbers[2:][middle], LEAST_PAIR)
    model = SyllableModel(table, share, triples, triple_counts)
    return model.without_dispensable_triples(MOST_TRIPLES)


def english_texts(data: Path, others: Iterable[Path]) -> Iterator[str]:
    """News, pages, glosses."""
    yield from articles(data / "news" / "en-reuters.jsonl.gz")
    for line in (data / "pages" / "gold.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        if row["lang"] == "en":
            yield normalise(f"{row['title']}\n{row['text']}")
    for path in others:
        for line in path.read_text("utf-8", "ignore").splitlines():
            if path.name.startswith("data."):
                line = line.partition(" | ")[2]
            yield normalise(line)


def english_counts(texts: Iterable[str]) -> tuple[Counter[str], Counter[tuple[str, str]]]:
    """Counts of folded words, and of neighbours that could both be Vietnamese syllables."""
    words: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    for text in texts:
        folded = [fold(token) for token in exact_tokens(text)]
        words.update(word for word in folded if word.isalpha() and word.isascii())
        pairs.update((a, b) for a, b in pairwise(folded) if is_syllable(a) and is_syllable(b))
    return words, pairs


def _packed(words: Iterable[str]) -> npt.NDArray[np.uint8]:
    return np.frombuffer("\n".join(words).encode(), np.uint8)


def _steps(keys: list[int]) -> npt.NDArray[np.uint32]:
    return np.diff(np.array(keys, np.int64), prepend=0).astype(np.uint32)


def detection_tables(
    read: Read, words: Counter[str], english_pairs: Counter[tuple[str, str]]
) -> dict[str, npt.NDArray[np.generic]]:
    """What ``search.text.detection`` loads: see there for the names."""
    numbers = np.frombuffer(read.numbers, np.int32)
    flags = np.frombuffer(read.flags, np.uint8)
    names = list(read.forms)
    by_form = np.bincount(numbers, minlength=len(names))
    total: Counter[str] = Counter()
    for form, n in read.forms.items():
        if n > 2:
            total[fold(form)] += int(by_form[n])
    syllables = sorted(word for word, count in total.items() if count >= LEAST_SYLLABLE)
    places = {word: place for place, word in enumerate(syllables)}
    size = len(syllables) + 1
    folded = np.array([places.get(fold(form), size - 1) for form in names])[numbers]
    folded[numbers <= 2] = size - 1
    inside = (flags & _INSIDE) > 0
    capitals = np.bincount(folded[inside], flags[inside] & _CAPITAL, size)
    both = (folded[:-1] < size - 1) & (folded[1:] < size - 1)
    keys = folded[:-1].astype(np.int64) * size + folded[1:]
    pairs, pair_counts = _kept(keys[both], LEAST_FOLDED_PAIR)
    kept_english = sorted(
        (places[a] * size + places[b], count)
        for (a, b), count in english_pairs.items()
        if count >= LEAST_PAIR and a in places and b in places
    )
    kept_words = sorted((w, c) for w, c in words.items() if c >= LEAST_WORD)
    foreign = sorted((w, c) for w, c in read.foreign.items() if c >= LEAST_FOREIGN)
    return {
        "syllables": _packed(syllables),
        "syllable_counts": np.array([total[w] for w in syllables], np.uint32),
        "plain_counts": np.array(
            [by_form[read.forms[w]] if w in read.forms else 0 for w in syllables], np.uint32
        ),
        "capital_counts": capitals[:-1].astype(np.uint32),
        "pair_steps": _steps(pairs.tolist()),
        "pair_counts": np.minimum(pair_counts, 65_535).astype(np.uint16),
        "foreign": _packed(w for w, _ in foreign),
        "foreign_counts": np.array([c for _, c in foreign], np.uint32),
        "words": _packed(w for w, _ in kept_words),
        "word_counts": np.array([c for _, c in kept_words], np.uint32),
        "word_pair_steps": _steps([key for key, _ in kept_english]),
        "word_pair_counts": np.array([min(count, 65_535) for _, count in kept_english], np.uint16),
    }


def main() -> None:
    """Write the tables beside this file."""
    data, *others = map(Path, sys.argv[1:])
    read = Read()
    for name in ("vi-baomoi", "vi-dantri"):
        for text in articles(data / "news" / f"{name}.jsonl.gz"):
            read.add(text)
    words, pairs = english_counts(english_texts(data, others))
    tables = detection_tables(read, words, pairs)
    np.savez_compressed(HERE / "detection.npz", **tables)  # type: ignore[arg-type]
    print({name: len(values) for name, values in tables.items()})
    model = syllable_model(read)
    (HERE / "syllables.npz").write_bytes(model.table.to_bytes())
    (HERE / "triples.npz").write_bytes(model.triples_to_bytes())
    print(f"{len(model.table.forms):,} syllables, {len(model.table.pairs):,} pairs", end="")
    print(f", {len(model.triples):,} triples")


if __name__ == "__main__":
    main()
