"""What people type shorter than it is written: syllables run together, abbreviations.

``search/data/abbreviations.tsv`` is the list of abbreviations, one a line with what it stands for;
it can be edited.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import resources

from search.text.detection import is_known
from search.text.languages import fold, tokens
from search.text.syllables import SyllableTable, is_syllable

_FEWEST_LETTERS, _MOST_LETTERS = 5, 18
_LEAST_TOGETHER = 30
"""How often two syllables must have been counted beside each other to be read where none is."""
_DISTRICT = re.compile(r"(?P<kind>[qp])\.?(?P<number>\d{1,2})")
_KINDS = {"q": "quận", "p": "phường"}


def separated(text: str) -> str:
    """A text with Vietnamese syllables that run together taken apart: "xuatkhau" is "xuat khau".

    Only words that are known in no language are, and only into syllables that often stand together.
    """
    pieces, last = [], 0
    for token in tokens(text):
        typed = text[token.start : token.end]
        if is_known(token) or not typed.isalpha():
            continue
        if cut := _cut(fold(typed)):
            pieces += [text[last : token.start], typed[:cut], " ", typed[cut:]]
            last = token.end
    return "".join([*pieces, text[last:]])


@lru_cache(maxsize=4096)
def _cut(folded: str) -> int:
    """Where the second syllable begins; 0 where a word is not two of them."""
    if not _FEWEST_LETTERS <= len(folded) <= _MOST_LETTERS:
        return 0
    table = SyllableTable.bundled()
    cuts = [
        (_together(table, folded[:place], folded[place:]), place)
        for place in range(2, len(folded) - 1)
        if is_syllable(folded[:place]) and is_syllable(folded[place:])
    ]
    count, place = max(cuts, default=(0, 0))
    return place if count >= _LEAST_TOGETHER else 0


def _together(table: SyllableTable, first: str, second: str) -> int:
    """How often two syllables were counted beside each other, whatever their marks."""
    size = len(table.forms) + 1
    seconds = table.by_folded.get(second, ())
    keys = [one * size + other for one in table.by_folded.get(first, ()) for other in seconds]
    places = table.pairs.searchsorted(keys)
    return sum(
        int(table.pair_counts[place])
        for key, place in zip(keys, places.tolist(), strict=True)
        if place < len(table.pairs) and table.pairs[place] == key
    )


def expansion(token: str) -> str | None:
    """What an abbreviation stands for; None where a lower-case token is none."""
    if district := _DISTRICT.fullmatch(token):
        return f"{_KINDS[district['kind']]} {int(district['number'])}"
    return _abbreviations().get(token)


@lru_cache(maxsize=1)
def _abbreviations() -> dict[str, str]:
    lines = resources.files("search.data").joinpath("abbreviations.tsv").read_text("utf-8")
    return dict(line.split("\t") for line in lines.splitlines() if line.strip())
