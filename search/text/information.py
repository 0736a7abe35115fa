"""How much a word tells of what a text is about: rare words much, common ones little."""

from __future__ import annotations

import math
from functools import lru_cache

from search.text.detection import english_share
from search.text.syllables import SyllableTable

_MOST, _LEAST = 7.0, 1.0
"""Of words that were never counted, which are names mostly; and of the commonest."""


@lru_cache(maxsize=1 << 14)
def information(token: str, lang: str) -> float:
    """The information of a word in decimal digits: −log₁₀ of its share of a language's text.

    Counted once and for all on news, not in an archive: an archive's own counts would be one more
    question to its store, and change what a story is worth with every other that comes in.

    Args:
        token: Exact; without marks where they are not known.
    """
    share = _share(token, lang)
    return min(_MOST, max(_LEAST, -math.log10(share))) if share > 0 else _MOST


def _share(token: str, lang: str) -> float:
    if lang != "vi":
        return english_share(token)
    table = SyllableTable.bundled()
    number = table.numbers.get(token)
    numbers = table.by_folded.get(token, ()) if number is None else (number,)
    return float(sum(table.counts[n] for n in numbers)) / table.total
