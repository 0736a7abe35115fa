"""Did you mean …? The query with words of the archive in place of those that nobody knows.

Vietnamese syllables are left alone: which marks they lack, the restorer tells by what stands around
them, and any other syllable is another word.
"""

from __future__ import annotations

from collections.abc import Mapping

from search.ranking.query import ReadQuery
from search.text.detection import is_known
from search.text.languages import normalise, tokens
from search.text.shorthand import expansion
from search.text.spelling import is_form_of_known, meant_word
from search.text.syllables import is_syllable

_FEWEST_LETTERS = 5
"""Of a word that may be misspelled: each shorter one is like many others."""
_MOST_WORDS = 6
"""Of a query: a sentence or headline is found by its other words, and full of names."""


def doubtful_words(read: ReadQuery) -> list[str]:
    """The folded words of a short query that may be misspelled: those that no language knows."""
    if len(read.typed_tokens) > _MOST_WORDS:
        return []
    found = (
        token.exact
        for token in read.typed_tokens
        if len(token.exact) >= _FEWEST_LETTERS
        and token.exact.isascii()
        and token.exact.isalpha()
        and not is_syllable(token.exact)
        and not is_known(token)
        and expansion(token.exact) is None
        and not is_form_of_known(token.exact)
    )
    return list(dict.fromkeys(found))


def suggested(text: str, near: Mapping[str, Mapping[str, int]]) -> str | None:
    """The query as it may have been meant, case and signs as typed; None where it stands.

    Args:
        near: For each doubtful word the archive's own that are spelled like it (``Store.alike``).
    """
    meant = {word: other for word in near if (other := meant_word(word, near[word]))}
    text = normalise(text)
    pieces, last = [], 0
    for token in tokens(text):
        if token.exact in meant:
            typed = text[token.start : token.end]
            ending = typed[len(token.exact) :]  # "'s"
            pieces += [text[last : token.start], _with_case(meant[token.exact], typed), ending]
            last = token.end
    return "".join([*pieces, text[last:]]).strip() if pieces else None


def _with_case(word: str, typed: str) -> str:
    if typed.isupper():
        return word.upper()
    return word.capitalize() if typed[0].isupper() else word
