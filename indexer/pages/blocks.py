"""A page's elements → its blocks of text in order: paragraphs, headings, list entries, captions.

What a page does not show as text is left out: scripts, forms, navigation. What its mark-up calls
furniture (an ``aside``, something hidden, a class that says "related", "share", "bình luận") is
only marked, because such names are wrong at times. The names are those that content management
systems in Vietnam and elsewhere have in common, none a single site's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

from lxml.html import HtmlElement

from search.text.languages import fold, normalise


class Role(Enum):
    """What the mark-up says that a block is."""

    PARAGRAPH = auto()
    HEADING = auto()
    TITLE = auto()
    """A heading of the first level."""
    ITEM = auto()
    ROW = auto()
    """The cells of one row of a table of data, with bars between them."""
    CAPTION = auto()


@dataclass(slots=True)
class Block:
    """One run of text without a block's boundary in it.

    Attributes:
        element: The nearest element around it that is no inline one.
        words: Between white space; where a script has none, two signs count as one.
        linked: The share of its letters that stands in links, 0 to 1.
        aside: What the mark-up calls the furniture that it stands in; empty for none.
    """

    text: str
    role: Role
    element: HtmlElement
    words: int
    linked: float
    aside: str = ""

    @property
    def prose(self) -> bool:
        """Whether it can be a paragraph of a story: some words, and few of them links."""
        return (
            self.role in (Role.PARAGRAPH, Role.ITEM, Role.ROW)
            and self.words >= 8
            and self.linked < 0.5
        )


_DROPPED = frozenset(
    "script style title noscript template iframe svg button select option input textarea nav"
    " dialog video audio object embed canvas map math head menu amp-ad amp-sidebar amp-analytics"
    " amp-social-share amp-list amp-embed amp-video amp-iframe".split()
)
_ASIDE = frozenset(("aside", "footer", "form"))
_INLINE = frozenset(
    "a abbr acronym amp-img b bdi bdo big cite code data del dfn em font i img ins kbd label link"
    " mark meta meter nobr o:p picture q rp rt ruby s samp small source span strike strong sub sup"
    " time tt u var wbr".split()
)
_BREAKS = frozenset(("br", "hr"))
_HEADINGS = frozenset(("h2", "h3", "h4", "h5", "h6"))
_ALWAYS_SHOWN = frozenset(("html", "body", "main", "article", "h1", "p"))
_SHORT_CELL = 15
"""Most words of a cell; longer ones lay out a page, or tell."""

_FURNITURE = re.compile(
    # Parts of names, between "-", "_" and capitals.
    r"(?:^|[\s_-])(?:related\w*|relate|relation|recommend\w*|read[-_]?(?:more|next|also)"
    r"|see[-_]?(?:also|more)|more[-_](?:stories|news|from|on|articles|posts|links|like)"
    r"|most[-_]?(?:read|popular|viewed)|trending|newslett\w*|subscrib\w*|subscription|promo\w*"
    r"|advert\w*|adslot|adsbox|adsbygoogle|sponsored|outbrain|taboola|social|share|shares|sharing"
    r"|comments?(?:[-_](?:list|area|section|form|box|wrap(?:per)?))?|disqus|cookies?|consent|gdpr"
    r"|breadcrumbs?|author[-_]?(?:bio|box|info|card|profile|details?|about)|about[-_]author"
    r"|biography|modal|popup|lightbox|tooltip|toolbar|pagination|navigation|navbar|submenu"
    r"|megamenu|login|signin|signup|register|paywall[-_]prompt|podcasts?|outstream|playlist"
    r"|donations?|donate|copyright|teasers?|cta|up[-_]next|next[-_]article|popular[-_]\w+"
    r"|latest[-_]\w+|sharedaddy|addtoany\w*|addthis\w*|essb|mashsb|yarpp|jp-relatedposts"
    r"|tag[-_]?(?:list|cloud)|list[-_]tags?|topics?[-_]list|sr[-_]only|visually[-_]?hidden"
    r"|screen-reader-text|print[-_]only|lien[-_]?quan|tinlienquan|cung[-_]?chuyen[-_]?muc"
    r"|tin[-_](?:khac|cu|moi|nong|noi[-_]?bat|cung\w*)|bai[-_](?:khac|cung\w*)"
    r"|xem[-_]?(?:them|nhieu)|doc[-_]?(?:them|nhieu|tiep)|binh[-_]?luan|chia[-_]?se"
    r"|quang[-_]?cao|tu[-_]?khoa|same[-_]?cate\w*|news[-_]?(?:related|relate|same|other)\w*"
    r"|box[-_](?:news|tin|comments?|category|tags?|shares?))(?=$|[\s_-])"
    # Whole names: as parts they also mean "overflow-hidden", "has-sidebar", "tag-politics".
    r"|(?:^|\s)(?:hidden|ads?|bio|footer|nav|menu|sidebar|banner|tags?|(?:post|entry|article)"
    r"[-_](?:tags|meta|footer)|keywords?|overlay|popular|latest|player|audio|rating|poll|quiz"
    r"|survey|swiper|slider|carousel|weather)(?=$|\s)"
    # VCCorp's system, which many Vietnamese papers run on, marks boxes of other stories so.
    r"|relatednews|relatedonenews|relationnews"
    # Posts of other sites.
    r"|(?:^|\s)(?:twitter-tweet|twitter-video|instagram-media|tiktok-embed|fb-post|bluesky-embed)"
    # Boxes beside a story: facts, quotations pulled out of it.
    r"|(?:^|[\s_-])(?:(?:info|fact|side|note|key|quote|pull|bordered|object)[-_]?box\w*|boxcontent"
    r"|factfile|info[-_]?card|inset|pull[-_]?quote|side[-_]?note|in[-_]numbers|block[-_]?box"
    r"|hop[-_](?:tin|thong[-_]?tin))(?=$|[\s_-])|(?:^|\s)(?:box|boxed)(?=$|\s)"
    r"|objectbox|boxcontent",
    re.IGNORECASE,
)
_CAPTION = re.compile(
    r"(?:^|[\s_-])(?:fig)?captions?(?:[-_](?:text|wrap(?:per)?|body))?(?=$|[\s_-])"
    r"|(?:image|photo|media|picture|img)[-_]?(?:captions?|credits?|desc(?:ription)?|note|source)"
    r"|chu[-_]?thich|expnocap|expedit",
    re.IGNORECASE,
)
_CAPTION_TABLE = re.compile(
    r"(?:^|\s)(?:tpl-?caption|picture|image|images|photo|img-?center|tbl-?(?:image|img))(?=$|\s)",
    re.IGNORECASE,
)
_ROLES = frozenset(("navigation", "complementary", "contentinfo", "dialog", "search"))
_TELLING = frozenset(("articleBody", "description", "headline"))
_HIDDEN_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|clip\s*:\s*rect\(0", re.IGNORECASE
)
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_COUNTED = ("h1", "img", "amp-img", "p", "table", "blockquote")


class Shape:
    """What the elements of one page hold, counted once, so that no later step is quadratic.

    Attributes:
        words: Element → words of all text below it.
        holding: Name of a tag → the elements that hold such an element.
    """

    def __init__(self, tree: HtmlElement) -> None:
        self.words: dict[HtmlElement, int] = {}
        self.holding: dict[str, set[HtmlElement]] = {tag: set() for tag in _COUNTED}
        for element in reversed(list(tree.iter())):  # what is inside comes before what is around
            if not isinstance(element.tag, str):
                continue
            words = self.words.get(element, 0) + len((element.text or "").split())
            self.words[element] = words
            around = element.getparent()
            if around is None:
                continue
            after = len((element.tail or "").split())
            self.words[around] = self.words.get(around, 0) + words + after
            for tag, holders in self.holding.items():
                if element.tag == tag or element in holders:
                    holders.add(around)

    def holds(self, element: HtmlElement, *tags: str) -> bool:
        """Tell whether one of these elements is below this one."""
        return any(element in self.holding[tag] for tag in tags)


def blocks_of(tree: HtmlElement, shape: Shape) -> list[Block]:
    """List all blocks of a page, in document order. Changes nothing in the tree."""
    walk = _Walk(shape)
    walk.enter(tree, Role.PARAGRAPH)
    walk.flush(tree, Role.PARAGRAPH)
    return walk.blocks


def count_words(text: str) -> int:
    """Count the words between white space; where a script has none, two signs count as one."""
    return max(len(text.split()), len(_UNSPACED.findall(text)) // 2)


def names_of(element: HtmlElement) -> str:
    """Join an element's class, id and kind, with the capitals inside words divided."""
    given = (element.get(name) or "" for name in ("class", "id", "type", "data-component"))
    return _CAMEL.sub("-", " ".join(given)[:400])


class _Walk:
    """One pass over a tree that gathers text until a block's boundary."""

    def __init__(self, shape: Shape) -> None:
        self.blocks: list[Block] = []
        self._shape = shape
        self._parts: list[str] = []
        self._linked = 0
        self._links = 0
        self._aside = ""

    def enter(self, element: HtmlElement, role: Role, block: HtmlElement | None = None) -> None:
        """Gather an element's text. Recursion is bounded by the parser's depth.

        Args:
            block: The nearest element around that is no inline one, where this one is.
        """
        block = element if block is None else block
        self._links += element.tag == "a"
        self._text(element.text)
        for child in element:
            tag = child.tag
            if not isinstance(tag, str):
                pass
            elif tag in _DROPPED or tag in _BREAKS:
                self.flush(block, role)
            elif tag in _INLINE and not _CAPTION.search(child.get("class") or ""):
                self.enter(child, role, block)
            else:
                self.flush(block, role)
                self._enter_block(child, role)
            # What follows a link's own text is outside of it.
            self._text(child.tail)
        self._links -= element.tag == "a"

    def _enter_block(self, element: HtmlElement, outer: Role) -> None:
        around, self._aside = self._aside, self._aside or _furniture(element, self._shape)
        if element.tag == "tr" and outer is not Role.CAPTION and (row := self._row(element)):
            text, linked = row
            words = count_words(text)
            self.blocks.append(Block(text, Role.ROW, element, words, linked, self._aside))
        else:
            role = _role(element, outer, self._shape)
            self.enter(element, role)
            self.flush(element, role)
        self._aside = around

    def _row(self, element: HtmlElement) -> tuple[str, float] | None:
        """Join the cells of a row of data; None for one that lays out the page, or of one cell."""
        cells = [cell for cell in element if cell.tag in ("td", "th")]
        if len(cells) < 2 or any(self._shape.words.get(c, 0) > _SHORT_CELL for c in cells):
            return None
        if any(self._shape.holds(cell, "table", "img", "amp-img", "h1") for cell in cells):
            return None
        texts = [" ".join(normalise("".join(cell.itertext())).split()) for cell in cells]
        letters = sum(map(len, texts))
        linked = sum(len("".join(a.itertext())) for a in element.iter("a"))
        return (" | ".join(texts), min(1.0, linked / letters)) if letters else None

    def _text(self, text: str | None) -> None:
        if text:
            self._parts.append(text)
            if self._links:
                self._linked += sum(map(len, text.split()))

    def flush(self, element: HtmlElement, role: Role) -> None:
        """End a block."""
        text = " ".join(normalise("".join(self._parts)).split())
        if fold(text):
            linked = min(1.0, self._linked / sum(map(len, text.split())))
            words = count_words(text)
            self.blocks.append(Block(text, role, element, words, linked, self._aside))
        self._parts, self._linked = [], 0


def _furniture(element: HtmlElement, shape: Shape) -> str:
    """Name an element as its mark-up does, where that is no part of a story; else nothing."""
    tag = element.tag
    if tag in _ALWAYS_SHOWN or shape.holds(element, "h1") or element.get("itemprop") in _TELLING:
        return ""
    if tag in _ASIDE or element.get("role") in _ROLES:
        return f"<{tag}>"
    if _hidden(element):
        return "hidden"
    names = names_of(element)
    return names if _FURNITURE.search(names) else ""


def _hidden(element: HtmlElement) -> bool:
    if element.get("hidden") is not None or element.get("aria-hidden") == "true":
        return True
    style = element.get("style")
    return style is not None and _HIDDEN_STYLE.search(style[:400]) is not None


def _role(element: HtmlElement, outer: Role, shape: Shape) -> Role:
    """Tell what a block element makes of the text in it."""
    tag = element.tag
    if outer is Role.CAPTION:
        return outer
    if tag == "figcaption" or _CAPTION.search(element.get("class") or ""):
        return Role.CAPTION
    if tag == "figure":
        # Text of a figure that is no caption says what the picture shows all the same; only
        # tables and quotations are put into figures for their own sake.
        return outer if shape.holds(element, "table", "blockquote") else Role.CAPTION
    if tag == "table" and _is_picture(element, shape):
        return Role.CAPTION
    if tag == "h1":
        return Role.TITLE
    if tag in _HEADINGS:
        return Role.HEADING
    if tag in ("li", "dd", "dt"):
        return Role.ITEM
    return outer


def _is_picture(table: HtmlElement, shape: Shape) -> bool:
    """Tell whether a table holds a picture and what it shows, as older Vietnamese pages do."""
    if not shape.holds(table, "img", "amp-img"):
        return False
    if _CAPTION_TABLE.search(table.get("class") or ""):
        return True
    return shape.words.get(table, 0) <= 100 and sum(1 for _ in table.iter("td")) <= 4
