"""What an encoder must do: turn queries and passages into vectors that can be compared."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class EncoderIdentity:
    """What makes the vectors of two encoders comparable; an archive keeps it.

    Attributes:
        prefixes: What is put before a query and before a passage.
        fingerprint: Hash of all that changes a vector; equal for every way of computing it.
    """

    name: str
    revision: str
    dimension: int
    prefixes: tuple[str, str]
    fingerprint: str

    def to_json(self) -> dict[str, Any]:
        """A JSON object that ``from_json`` reads back."""
        return asdict(self) | {"prefixes": list(self.prefixes)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> EncoderIdentity:
        """The identity that ``to_json`` described."""
        query, passage = values["prefixes"]
        return cls(
            name=str(values["name"]),
            revision=str(values["revision"]),
            dimension=int(values["dimension"]),
            prefixes=(str(query), str(passage)),
            fingerprint=str(values["fingerprint"]),
        )


@runtime_checkable
class Encoder(Protocol):
    """Turns text into vectors. Every method is safe to call from several threads at once.

    Attributes:
        max_tokens: Longest input, special tokens and prefix included; the rest is cut off.
    """

    name: str
    revision: str
    dimension: int
    max_tokens: int
    prefixes: tuple[str, str]
    fingerprint: str

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        """Embed queries: float32, shape (len(texts), dimension), L2-normalised rows."""

    def encode_passages(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None
    ) -> FloatArray:
        """Embed passages, in the order given: float32, (len(texts), dimension), L2-normalised.

        Args:
            progress: Called with the number of texts done since the last call.
        """

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count the tokens of each text, without prefix and special tokens."""

    def release(self) -> None:
        """Free what only many texts need; it is loaded again when they come."""

    def close(self) -> None:
        """Free the model."""


def fingerprint(**facts: object) -> str:
    """Hash whatever changes an encoder's vectors; the same on every machine."""
    payload = json.dumps(facts, sort_keys=True, ensure_ascii=False, default=list)
    return hashlib.sha256(payload.encode()).hexdigest()[:16]


def checksum(path: Path) -> str:
    """Tell one file of weights from another, by eight hexadecimal digits, in about a millisecond.

    They cover the length and 64 samples spread over the file: other weights differ everywhere.
    """
    size = path.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        for sample in range(64):
            file.seek(size * sample // 64)
            digest.update(file.read(4096))
    return digest.hexdigest()[:8]


def identity(encoder: Encoder) -> EncoderIdentity:
    """Make the identity by which an archive remembers an encoder."""
    return EncoderIdentity(
        encoder.name, encoder.revision, encoder.dimension, encoder.prefixes, encoder.fingerprint
    )


def unit_rows(vectors: FloatArray) -> FloatArray:
    """Scale rows to length 1 as float32; a row of zeros becomes one that favours no direction."""
    rows = np.asarray(vectors, np.float32)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    usable = np.isfinite(lengths) & (lengths > 0)
    even = np.float32(rows.shape[1] ** -0.5)
    divided: FloatArray = np.divide(rows, lengths, out=np.full_like(rows, even), where=usable)
    return divided
