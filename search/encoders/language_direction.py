"""Takes the language out of vectors: what a model says in any language, and which language it was.

Multilingual models keep the language of a text along few directions (Libovický, Rosa and Fraser,
"On the Language Neutrality of Pre-trained Multilingual Representations", 2020); of two texts that
say the same, the one in the query's language is nearer. Here one direction u is projected out,
x → (x − (x·u) u) / |…|, which keeps what is left comparable with cosines.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from search.encoders.base import FloatArray


def take_apart(vectors: FloatArray, direction: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Split unit vectors into language-free unit vectors, and how much of the language each had.

    Args:
        vectors: float32, shape (n, dimension), rows L2-normalised.
        direction: Shape (dimension,), L2-normalised; or empty: nothing is taken out.

    Returns:
        float32 (n, dimension) with L2-normalised rows, and float32 (n,): dot products with the
        direction. A row that is all language is left as it was.
    """
    along = np.asarray(direction, np.float32)
    if not along.size:
        return vectors, np.zeros(len(vectors), np.float32)
    components = vectors @ along
    free = vectors - components[:, None] * along
    lengths = np.linalg.norm(free, axis=1, keepdims=True)
    usable = lengths > 1e-6
    return np.where(usable, free / np.where(usable, lengths, 1.0), vectors), components


def put_together(free: FloatArray, components: FloatArray, direction: npt.ArrayLike) -> FloatArray:
    """Undo ``take_apart``, up to rounding."""
    along = np.asarray(direction, np.float32)
    if not along.size:
        return free
    rest = np.sqrt(np.clip(1.0 - components.astype(np.float64) ** 2, 0.0, 1.0))
    whole = rest[:, None] * free + components[:, None] * along
    return np.where(rest[:, None] > 1e-6, whole, free).astype(np.float32)
