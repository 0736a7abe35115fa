"""Which language a text is in, and whether Vietnamese was typed with its diacritics."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Literal

import numpy as np

from search.languages import LANGUAGES, Token, has_marks, tokens
from search.syllables import SyllableTable, is_syllable

Accents = Literal["full", "partial", "none"]

_LONGEST = 4000  # characters read of a long text: more says nothing new
_FAVOUR = 7.0  # most that one word may say, in nats
_MARKED = 6.0  # what a mark says that only Vietnamese has
_UNKNOWN_SYLLABLE = 0.5  # an unknown word spelled like a syllable
_UNKNOWN_WORD = -2.5  # one that is not
_NAME_WEIGHT = 0.3  # names appear in both languages
_DOUBTFUL_PLAIN = 0.12  # an unmarked syllable is rarely meant so below this share
_SURELY_PLAIN = 0.95
_VIETNAMESE_MARKS = frozenset("ăđơưĂĐƠƯ" + "ạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹĩũ")


@dataclass(frozen=True, slots=True)
class Detection:
    """How a text was read.

    Attributes:
        lang: A code in ``LANGUAGES``.
        confidence: 0 (a guess) to 1.
        accents: For Vietnamese: "full" when no mark is missed, "none" when no word carries one
            though some should, "partial" when only some do.
    """

    lang: str
    confidence: float
    accents: Accents = "full"


@lru_cache(maxsize=1)
def english_words() -> dict[str, float]:
    """Natural logarithm of each English word's probability."""
    file = resources.files("search.data").joinpath("english.npz")
    with file.open("rb") as handle, np.load(handle) as packed:
        words = packed["words"].tobytes().decode().split("\n")
        logs = np.log(packed["counts"] / packed["counts"].sum())
    return dict(zip(words, logs.tolist(), strict=True))


@lru_cache(maxsize=1)
def _vietnamese() -> dict[str, float]:
    """Natural logarithm of each folded syllable's probability."""
    table = SyllableTable.bundled()
    return {
        folded: math.log(sum(int(table.counts[n]) for n in numbers) / table.total)
        for folded, numbers in table.by_folded.items()
    }


def detect(text: str) -> Detection:
    """The likelier of Vietnamese and English, and the state of the diacritics.

    Naive Bayes over words without their marks, so that unaccented Vietnamese is known as such;
    marks add to it, names count little, unknown words are judged by their spelling.
    """
    text = text[:_LONGEST]
    words = [token for token in tokens(text) if not token.exact[0].isdigit()]
    if not words:
        return Detection(next(iter(LANGUAGES)), 0.0)
    capitals = [text[word.start].isupper() for word in words]
    shouting = all(capitals)
    odds = 0.0
    for i, word in enumerate(words):
        name = capitals[i] and not shouting and i > 0
        odds += _word_odds(word, text) * (_NAME_WEIGHT if name else 1.0)
    confidence = abs(math.tanh(odds / 4))
    if odds <= 0:
        return Detection("en", confidence)
    return Detection("vi", confidence, _accents(words))


def is_known(word: Token) -> bool:
    """Whether a word is in the vocabulary of a language."""
    return word.exact in SyllableTable.bundled().numbers or (
        word.folded in english_words() or word.folded in _vietnamese()
    )


def _word_odds(word: Token, text: str) -> float:
    """log P(word | Vietnamese) − log P(word | English), bounded."""
    if any(c in _VIETNAMESE_MARKS for c in text[word.start : word.end]):
        return _MARKED
    folded = word.folded
    vietnamese, english = _vietnamese().get(folded), english_words().get(folded)
    if vietnamese is None and english is None:
        return _UNKNOWN_SYLLABLE if is_syllable(folded) else _UNKNOWN_WORD
    floor = -15.0
    odds = (floor if vietnamese is None else vietnamese) - (floor if english is None else english)
    return max(-_FAVOUR, min(_FAVOUR, odds))


def _accents(words: Sequence[Token]) -> Accents:
    """Whether marks are missing: judged by how seldom the unmarked syllables are meant so."""
    table = SyllableTable.bundled()
    marked = sum(has_marks(word.exact) for word in words)
    plain = [w.folded for w in words if not has_marks(w.exact) and w.folded in table.by_folded]
    doubtful = sum(table.plain_share(folded) < _DOUBTFUL_PLAIN for folded in plain)
    if not marked:
        # Whether a mark is missing at all, the restorer can tell better from the neighbours.
        return "none" if any(table.plain_share(w) < _SURELY_PLAIN for w in plain) else "full"
    return "partial" if doubtful else "full"
