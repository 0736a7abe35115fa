"""Which blocks of a page tell its story: those whose text trafilatura gives (Barbaresi, ACL 2021).

Of its two readings the precise one is taken, but where it misses most of what the other, more
generous one gives. The page's JSON-LD may repeat the story; that counts too.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from lxml.html import HtmlElement

from indexer.pages.blocks import Block
from indexer.pages.bylines import letters

_MUCH_MORE = 3.0
"""How many times as long the generous reading must be to be taken."""

_CERTAIN = 25
"""Letters of a text that cannot stand inside another one by chance."""

_ENDS = 50
"""Letters at both ends of a long text that must be found, if not all of it is."""


@dataclass(frozen=True)
class Reading:
    """What trafilatura reads on a page.

    Attributes:
        text: The reading that is taken, a line for each paragraph.
        generous: The other one's lines with as many words as a sentence has.
    """

    text: str
    generous: tuple[str, ...]

    @property
    def most(self) -> int:
        """Words of the generous reading."""
        return sum(len(line.split()) for line in self.generous)


def read_page(tree: HtmlElement) -> Reading:
    """Read a page by trafilatura, twice. Changes nothing in the tree."""
    precise, generous = _run(tree, precise=True), _run(tree, precise=False)
    much_more = len(generous.split()) > _MUCH_MORE * len(precise.split())
    sentences = tuple(line for line in generous.split("\n") if len(line.split()) >= 8)
    return Reading(generous if much_more else precise, sentences)


def told_blocks(blocks: Sequence[Block], texts: Sequence[str]) -> list[bool]:
    """Tell for each block whether one of the texts has it."""
    lines = [letters(line) for text in texts for line in text.split("\n")]
    known, whole = frozenset(lines), "".join(lines)

    def is_told(block: Block) -> bool:
        said = letters(block.text)
        if said in known:
            return bool(said)
        if len(said) < _CERTAIN:
            return False
        return said in whole or (
            len(said) > _ENDS and said[:_ENDS] in whole and said[-_ENDS:] in whole
        )

    return [is_told(block) for block in blocks]


def _run(tree: HtmlElement, *, precise: bool) -> str:
    import trafilatura  # half a second, and page text does without

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = trafilatura.extract(
                tree, include_comments=False, favor_precision=precise, favor_recall=not precise
            )
        except Exception:  # it is made for well-meant pages
            found = None
    return found or ""
