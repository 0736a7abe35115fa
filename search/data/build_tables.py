"""Counts the tables in this folder from a folder of development data.

Usage: python -m search.data.build_tables DATA [OTHER ENGLISH TEXT…]

DATA holds news/vi-baomoi.jsonl.gz, news/vi-dantri.jsonl.gz and news/en-reuters.jsonl.gz. Only
counts of syllables, neighbouring syllables and words are kept, rare ones left out; no text is.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from search.languages import exact_tokens, fold, normalise
from search.syllables import SyllableCounts, SyllableTable

HERE = Path(__file__).parent
HELD_OUT = 50
"""Every so many-th article is not counted: accuracy is measured on these."""
LEAST_WORD = 3


def articles(path: Path) -> Iterator[str]:
    """The texts of a gzipped JSONL file, without the held-out ones."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            if number % HELD_OUT:
                fields = json.loads(line)
                parts = (fields.get("title"), fields.get("lead"), fields.get("text"))
                yield normalise("\n".join(part for part in parts if part))


def syllable_table(news: Path) -> SyllableTable:
    """Counts of Vietnamese syllables and pairs."""
    counts = SyllableCounts()
    for name in ("vi-baomoi", "vi-dantri"):
        for text in articles(news / f"{name}.jsonl.gz"):
            counts.add(text)
    return counts.table()


def english_words(news: Path, others: list[Path]) -> Counter[str]:
    """Counts of folded English words."""
    words: Counter[str] = Counter()
    for text in articles(news / "en-reuters.jsonl.gz"):
        words.update(fold(token) for token in exact_tokens(text) if token.isalpha())
    for path in others:
        text = normalise(path.read_text("utf-8", "ignore"))
        words.update(t for t in exact_tokens(text) if t.isalpha() and t.isascii())
    return words


def main() -> None:
    """Write syllables.npz and english.npz beside this file."""
    data, *others = map(Path, sys.argv[1:])
    table = syllable_table(data / "news")
    (HERE / "syllables.npz").write_bytes(table.to_bytes())
    print(f"{len(table.forms):,} syllables, {len(table.pairs):,} pairs")
    words = english_words(data / "news", others)
    kept = sorted((word, count) for word, count in words.items() if count >= LEAST_WORD)
    np.savez_compressed(
        HERE / "english.npz",
        words=np.frombuffer("\n".join(word for word, _ in kept).encode(), np.uint8),
        counts=np.array([count for _, count in kept], np.uint32),
    )
    print(f"{len(kept):,} English words")


if __name__ == "__main__":
    main()
