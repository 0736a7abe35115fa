"""Where on a page its story stands: the element that holds it and little else.

Found as Readability finds it (arc90, 2009): every paragraph speaks for the elements around it,
the nearer the more. Cards of other stories, a headline that links and a sentence under it, do not
count.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from lxml.html import HtmlElement

from indexer.page_blocks import Block, Shape, names_of

_CLIMB = 0.2
"""Share of prose that an element around the story must add to be taken instead of it."""

_CARD = 60
"""Most words of the card of another story beside those of its paragraph."""

_TEASER = 70
"""Most words of that paragraph."""

_FEWEST = 3
"""Cards from which a page has cards; one or two may be all of a short story under its headline."""

_HEADINGS = ("h2", "h3", "h4", "h5", "h6")

_BODY = re.compile(
    r"(?:^|[\s_-])(?:article[-_]?(?:body|content|text)|entry[-_]content|post[-_]?(?:body|content)"
    r"|story[-_]?(?:body|content|text)|(?:news|main)?[-_]?detail[-_]content|content[-_]detail"
    r"|fck[-_]?detail|noi[-_]?dung|body[-_]?(?:copy|text)|cms-body|the-content|news[-_]?content)"
    r"(?=$|[\s_-])",
    re.IGNORECASE,
)


def find_root(blocks: Sequence[Block], *, cards: frozenset[int]) -> HtmlElement | None:
    """The element that holds the page's story; None where no paragraph is on the page.

    Args:
        cards: Numbers of the blocks that sum up other stories.
    """
    telling = [block for i, block in enumerate(blocks) if block.weight and i not in cards]
    masses: dict[HtmlElement, float] = {}
    scores: dict[HtmlElement, float] = {}
    for block in telling:
        for element in (block.element, *block.element.iterancestors()):
            masses[element] = masses.get(element, 0.0) + block.weight
        holder, share = _holder(block), 1.0
        while holder is not None and share > 0.1:
            scores[holder] = scores.get(holder, 0.0) + share * block.weight
            holder, share = holder.getparent(), share / 2
    if not scores:
        return None
    best = max(scores, key=scores.__getitem__)
    named = [
        element
        for element in scores
        if element.get("itemprop") == "articleBody" or _BODY.search(names_of(element))
    ]
    if named:
        largest = max(named, key=lambda element: masses.get(element, 0.0))
        if masses.get(largest, 0.0) >= 0.5 * masses.get(best, 0.0):
            return largest
    return _climbed(best, masses)


def find_cards(blocks: Sequence[Block], shape: Shape) -> frozenset[int]:
    """Numbers of the blocks that sum up other stories."""
    cards = frozenset(i for i, block in enumerate(blocks) if block.prose and _in_card(block, shape))
    prose = sum(block.words for block in blocks if block.prose)
    few = len(cards) < _FEWEST and sum(blocks[i].words for i in cards) > 0.3 * prose
    return frozenset() if few else cards


def inside(element: HtmlElement, root: HtmlElement) -> bool:
    """Whether an element is the root or below it."""
    return element is root or any(around is root for around in element.iterancestors())


def _holder(block: Block) -> HtmlElement | None:
    """The element that a paragraph speaks for first: the one around it."""
    element = block.element
    return element if element.tag in ("div", "article", "section", "td") else element.getparent()


def _climbed(element: HtmlElement, masses: dict[HtmlElement, float]) -> HtmlElement:
    """The element, or one around it where the story goes on beside it."""
    top = element
    for _ in range(4):
        around = [a for a in top.iterancestors() if a.tag != "html"][:5]
        wider = [a for a in around if masses.get(a, 0.0) >= (1 + _CLIMB) * masses.get(top, 1.0)]
        if not wider:
            break
        top = wider[0]  # the innermost that adds something: further out come other stories
    return top


def _in_card(block: Block, shape: Shape) -> bool:
    """Whether a paragraph stands in a small element with a headline that links."""
    if block.words > _TEASER:
        return False
    for around in list(block.element.iterancestors())[:3]:
        if around.tag in ("body", "main") or shape.words.get(around, 0) > _CARD + block.words:
            return False
        if any(
            shape.words.get(heading, 0) >= 3 and _links(heading)
            for heading in around.iter(*_HEADINGS)
        ):
            return True
        if any(
            shape.words.get(link, 0) >= 5 and len(link) and link.tag == "a" and link is not around
            and block.element not in link.iterancestors() and link.getparent() is not block.element
            for link in around.iter("a")
        ):  # fmt: skip
            return True
    return False


def _links(heading: HtmlElement) -> bool:
    parent = heading.getparent()
    return heading.find(".//a") is not None or (parent is not None and parent.tag == "a")
