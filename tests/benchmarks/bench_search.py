"""How long searches take in an archive, with and without the embedding of the query.

python tests/benchmarks/bench_search.py ARCHIVE QUERIES [--rounds 3] [--hashed]

QUERIES is a JSONL file in BEIR's format. To compare two states of the code, run it in a checkout of
each, in turns, on archives that each has filled with the same articles. --hashed is for those that
hashed_encoder.py has filled: of any size, in minutes.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import mean, quantiles
from typing import Any

from hashed_encoder import hashed_archive

from search.archive import open_archive
from search.evaluation import read_rows
from search.records import Query


class Clock:
    """Adds up the time that calls of a function take."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.spent = 0.0
        self.calls = 0
        self._function = function

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        began = time.perf_counter()
        try:
            return self._function(*arguments, **options)
        finally:
            self.spent += time.perf_counter() - began
            self.calls += 1


def main() -> None:
    """Print p50 and p95 in milliseconds, and what was asked of the store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("archive")
    parser.add_argument("queries", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--hashed", action="store_true")
    options = parser.parse_args()
    texts = [row["text"] for row in read_rows(options.queries)]
    opened = hashed_archive if options.hashed else open_archive
    with opened(options.archive) as archive:
        archive.ready()
        encoding = Clock(archive.encoder.encode_queries)
        archive.encoder.encode_queries = encoding
        asked = {}
        for name in ("stories", "find", "vectors", "articles"):
            if method := getattr(archive.store, name, None):
                asked[name] = Clock(method)
                setattr(archive.store, name, asked[name])
        for text in texts[:5]:
            archive.search(Query(text))
        whole, bare = [], []
        for _ in range(options.rounds):
            for text in texts:
                before, began = encoding.spent, time.perf_counter()
                archive.search(Query(text))
                took = time.perf_counter() - began
                whole.append(took)
                bare.append(took - (encoding.spent - before))
    show("with the embedding", whole)
    show("without", bare)
    for name, clock in asked.items():
        share = clock.spent / (clock.calls or 1) * 1000
        print(
            f"{name:>20}: {clock.calls / (len(whole) + 5):.1f} calls a search, {share:.1f} ms each"
        )


def show(what: str, seconds: Sequence[float]) -> None:
    """Print a line of percentiles."""
    cuts = quantiles(seconds, n=20)
    line = (
        f"p50 {cuts[9] * 1000:6.1f}  p95 {cuts[18] * 1000:6.1f}  mean {mean(seconds) * 1000:6.1f}"
    )
    print(f"{what:>20}: {line} ms")


if __name__ == "__main__":
    main()
