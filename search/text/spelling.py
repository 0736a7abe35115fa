"""Words that are spelled alike: which of an archive's own was meant by one that it does not have.

Edits are those of the optimal string alignment distance (Damerau 1964): a letter that is wrong,
missing or too many, and two neighbours that are exchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from search.text.detection import is_word
from search.text.syllables import is_syllable

MOST_EDITS = 2
_LETTERS_FOR_TWO = 8
_ENDINGS = ("s", "es", "d", "ed", "ing")
_TIMES_COMMONER = 10
"""A word that the archive hardly has may be a mistake of its own."""


def nearest_words(word: str, vocabulary: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Those of a vocabulary that begin like a word and are at most ``MOST_EDITS`` away from it.

    Args:
        vocabulary: Words with how many articles have them.
    """
    edits = _edits()
    return {
        other: articles
        for other, articles in vocabulary
        if other[0] == word[0] and edits(word, other, score_cutoff=MOST_EDITS) <= MOST_EDITS
    }


def meant_word(word: str, near: Mapping[str, int]) -> str | None:
    """The word that was meant by one: of the nearest the commonest; None where it stands.

    Vietnamese syllables are never meant: every other syllable is another word.

    Args:
        near: Folded words of an archive with how many articles have them, itself too.
    """
    most = MOST_EDITS if len(word) >= _LETTERS_FOR_TWO else 1
    least = max(1, _TIMES_COMMONER * near.get(word, 0))
    edits = _edits()
    found = [
        (away, -articles, other)
        for other, articles in near.items()
        if 0 < (away := edits(word, other)) <= most
        and articles >= least
        and (articles > 1 or is_word(other))  # else it may be misspelled there
        and other.isalpha()
        and not is_syllable(other)
    ]
    if not found or any(_is_form(word, other) for _, _, other in found):
        return None  # "panthers" is "panther"
    return min(found)[2]


def is_form_of_known(word: str) -> bool:
    """Whether a folded word is a known one with an English ending: "interceptions"."""
    return any(is_word(word.removesuffix(end)) for end in _ENDINGS if word.endswith(end))


def _is_form(one: str, other: str) -> bool:
    shorter, longer = sorted((one, other), key=len)
    return longer.removeprefix(shorter) in _ENDINGS


@lru_cache(maxsize=1)
def _edits() -> Callable[..., int]:
    from rapidfuzz.distance import OSA  # imported when it is needed: most queries are spelled right

    return OSA.distance
