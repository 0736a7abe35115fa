"""What two texts have in common: runs of words in one language, names and numbers in any."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

import numpy as np

from search.text.languages import LANGUAGES, fold, tokens

_SHINGLE_TOKENS = 4

_MOST_CHARS = 6000  # names and numbers of a longer story stand in its beginning
_WHOLE = 1.0
_HALF = 0.3
"""Weight of what is often the same by chance: short words, numbers of two digits."""

_STOP_WORDS = frozenset(
    fold(word) for language in LANGUAGES.values() for word in language.stop_words
)

Marks = Mapping[str, float]
"""Names and numbers of an article, each with its weight."""

Shingles = np.ndarray[tuple[int], np.dtype[np.uint32]]
"""Hashes of every run of four tokens, ascending, each once."""


def shingles(exact: Sequence[str]) -> Shingles:
    """Hash the runs of four among a text's exact tokens; a shorter text is one run."""
    runs = range(max(1, len(exact) - _SHINGLE_TOKENS + 1)) if exact else ()
    hashes = [zlib.crc32(" ".join(exact[i : i + _SHINGLE_TOKENS]).encode()) for i in runs]
    return np.unique(np.array(hashes, np.uint32))


def marks(text: str) -> Marks:
    """Collect the names and numbers by which a story can be recognised in another language.

    Words with a capital that are no function words, neighbours of these as pairs, and numbers.
    """
    found: dict[str, float] = {}
    before = None
    for token in tokens(text[:_MOST_CHARS]):
        word = token.folded
        if any(char.isdigit() for char in word):
            if len(word) > 1:
                found[word] = _WHOLE if len(word) > 2 else _HALF
            before = None
        elif text[token.start].isupper() and len(word) > 1 and word not in _STOP_WORDS:
            found.setdefault(word, _WHOLE if len(word) > 4 else _HALF)
            if before is not None and text[before.end : token.start] == " ":
                found[f"{before.folded} {word}"] = _WHOLE
            before = token
        else:
            before = None
    return found


def in_common(one: Marks, other: Marks) -> tuple[float, float]:
    """Weigh the marks that two stories share: the sum, and its share of the story with fewer."""
    common = sum(one[mark] for mark in one.keys() & other.keys())
    return common, common / max(1.0, min(sum(one.values()), sum(other.values())))
