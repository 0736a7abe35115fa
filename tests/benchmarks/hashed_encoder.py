"""An encoder that costs nothing, to fill archives of any size for measuring everything else.

    python tests/benchmarks/hashed_encoder.py ARCHIVE NEWS.jsonl.gz … [--articles N]

Texts are near that share words: each token stands for a fixed random direction (random indexing;
Sahlgren, "An Introduction to Random Indexing", 2005). Nothing is near across languages but numbers
and names. An archive that exists is gone on with.
"""

from __future__ import annotations

import argparse
import gzip
import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import islice, zip_longest
from pathlib import Path

import numpy as np
from tqdm import tqdm

from indexer.pipeline import Indexer
from indexer.sources import Origin, RawDocument
from search.archive import Archive, open_store
from search.encoders.base import FloatArray, fingerprint, unit_rows
from search.settings import Settings
from search.text.languages import exact_tokens, fold


class HashedEncoder:
    """See ``search.encoders.base.Encoder``; of the bundled encoder's dimension."""

    name = "hashed"
    revision = "1"
    dimension = 384
    max_tokens = 512
    prefixes = ("", "")
    fingerprint = fingerprint(encoder="hashed", revision=1)

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        """The sum of the directions of a text's tokens, float32 (len(texts), 384), unit rows."""
        found = [sum(map(_direction, exact_tokens(fold(text))), _NOTHING) for text in texts]
        return unit_rows(np.array(found, np.float32))

    def encode_passages(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None
    ) -> FloatArray:
        """The same for passages."""
        if progress:
            progress(len(texts))
        return self.encode_queries(texts)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """About as many as a subword model counts."""
        return [len(text) // 4 for text in texts]

    def release(self) -> None:
        """Nothing is held."""

    def close(self) -> None:
        """Nothing is held."""


_NOTHING = np.zeros(HashedEncoder.dimension, np.float32)


@lru_cache(maxsize=300_000)
def _direction(token: str) -> FloatArray:
    seeded = np.random.default_rng(zlib.crc32(token.encode()))
    return seeded.standard_normal(HashedEncoder.dimension).astype(np.float32)


def hashed_archive(place: str) -> Archive:
    """Open an archive that was filled by this encoder, or is to be."""
    settings = Settings()
    return Archive(open_store(place, settings), settings, encoder=HashedEncoder())


def documents(paths: Sequence[Path]) -> Iterator[RawDocument]:
    """Articles of JSONL files, one of each in turns."""
    for together in zip_longest(*map(_documents, paths)):
        yield from filter(None, together)


def _documents(path: Path) -> Iterator[RawDocument]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield RawDocument(Origin(str(path)), fields=json.loads(line))


def main() -> None:
    """Fill an archive."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("archive")
    parser.add_argument("news", type=Path, nargs="+")
    parser.add_argument("--articles", type=int)
    options = parser.parse_args()
    with hashed_archive(options.archive) as archive, tqdm(unit=" articles") as bar:
        archive.create()
        indexer = Indexer(
            archive, lambda _: None, lambda report: bar.update(report.documents - bar.n)
        )
        indexer.run(islice(documents(options.news), options.articles))
        archive.store.flush()


if __name__ == "__main__":
    main()
