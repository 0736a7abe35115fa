"""A page's elements → its blocks of text in order: paragraphs, headings, list entries, captions.

What the mark-up itself declares to be no part of a story is left out here: navigation, forms,
hidden elements, and boxes whose class or id says "related", "share", "bình luận". The names are
those that content management systems in Vietnam and elsewhere have in common, none a single site's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto

from lxml.html import HtmlElement

from search.languages import normalise


class Role(Enum):
    """What the mark-up says that a block is."""

    PARAGRAPH = auto()
    HEADING = auto()
    TITLE = auto()
    """A heading of the first level."""
    ITEM = auto()
    CELL = auto()
    CAPTION = auto()


@dataclass(slots=True)
class Block:
    """One run of text without a block's boundary in it.

    Attributes:
        element: The nearest element around it that is no inline one.
        linked: The share of its letters that stands in links, 0 to 1.
    """

    text: str
    role: Role
    element: HtmlElement
    words: int
    linked: float

    @property
    def prose(self) -> bool:
        """Whether it can be a paragraph of a story: some words, and few of them links."""
        return (
            self.role in (Role.PARAGRAPH, Role.ITEM, Role.CELL)
            and self.words >= 8
            and self.linked < 0.5
        )

    @property
    def weight(self) -> float:
        """Words with which it speaks for the element around it being a story."""
        short = self.element.tag == "p" and self.words >= 4 and self.linked < 0.5
        return min(self.words, 150) * (1 - self.linked) if self.prose or short else 0.0


_DROPPED = frozenset(
    "script style title noscript template iframe svg form button select option input textarea nav"
    " dialog video audio object embed canvas map math head menu amp-ad amp-sidebar amp-analytics"
    " amp-social-share amp-list amp-embed amp-video amp-iframe".split()
)
_LARGE = frozenset(("aside", "footer"))
"""Dropped unless they hold a good part of the page's prose."""

_INLINE = frozenset(
    "a abbr acronym amp-img b bdi bdo big cite code data del dfn em font i img ins kbd label link"
    " mark meta meter nobr o:p picture q rp rt ruby s samp small source span strike strong sub sup"
    " time tt u var wbr".split()
)
_BREAKS = frozenset(("br", "hr"))
_HEADINGS = frozenset(("h2", "h3", "h4", "h5", "h6"))
_ALWAYS_KEPT = frozenset(("html", "body", "main", "article", "h1", "p"))

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
    r"|(?:^|\s)(?:twitter-tweet|twitter-video|instagram-media|tiktok-embed|fb-post|bluesky-embed)",
    re.IGNORECASE,
)
_BOX = re.compile(
    r"(?:^|[\s_-])(?:(?:info|fact|side|note|key|quote|pull|bordered|object)[-_]?box\w*|boxcontent"
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
_THREAD = re.compile(
    r"(?:^|\s)(?!(?:no|has|with|show)[-_])(?:(?:[\w-]*[-_])?comments?|comments?[-_]?(?:list|area|section|box|wrap(?:per)?|container|thread)"
    r"|disqus_thread|box[-_]?comments?|list[-_]?comments?|binh[-_]?luan)(?=$|\s)",
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
_FURNITURE_SHARE = 0.3
"""Of the page's prose: what holds more is no furniture, whatever its name says."""


class Shape:
    """What the elements of one page hold, counted once, so that no later step is quadratic.

    Attributes:
        words: Element → words of all text below it.
        prose: Element → words of the paragraphs below it.
        holding: Name of a tag → the elements that hold such an element.
    """

    def __init__(self, tree: HtmlElement) -> None:
        self.words: dict[HtmlElement, int] = {}
        self.prose: dict[HtmlElement, int] = {}
        self.holding: dict[str, set[HtmlElement]] = {tag: set() for tag in _COUNTED}
        for element in reversed(list(tree.iter())):  # what is inside comes before what is around
            if not isinstance(element.tag, str):
                continue
            words = self.words.get(element, 0) + len((element.text or "").split())
            self.words[element] = words
            if element.tag == "p" and words >= 8:
                self.prose[element] = words
            around = element.getparent()
            if around is None:
                continue
            after = len((element.tail or "").split())
            self.words[around] = self.words.get(around, 0) + words + after
            self.prose[around] = self.prose.get(around, 0) + self.prose.get(element, 0)
            for tag, holders in self.holding.items():
                if element.tag == tag or element in holders:
                    holders.add(around)

    def holds(self, element: HtmlElement, *tags: str) -> bool:
        """Whether one of these elements is below this one."""
        return any(element in self.holding[tag] for tag in tags)


def blocks_of(tree: HtmlElement, shape: Shape) -> list[Block]:
    """All blocks of a page, in document order, without furniture. Changes nothing in the tree."""
    most = _FURNITURE_SHARE * shape.prose.get(tree, 0)
    dropped: set[HtmlElement] = set()
    named: dict[str, list[HtmlElement]] = {}
    for element in tree.iter():
        if not isinstance(element.tag, str):
            continue
        large = shape.prose.get(element, 0) > most
        if _is_dropped(element, large=large) or _is_thread(element, shape):
            dropped.add(element)
        elif not large and _is_furniture(element, shape):
            named.setdefault(names_of(element), []).append(element)
    for names, elements in named.items():
        # Each paragraph may stand in an element of its own that is called "subscriber-content".
        if (
            _THREAD.search(names)
            or sum(shape.prose.get(element, 0) for element in elements) <= most
        ):
            dropped.update(elements)
    return _Walk(dropped, shape).over(tree)


def count_words(text: str) -> int:
    """Words between white space; where a script has none, two signs count as one."""
    return max(len(text.split()), len(_UNSPACED.findall(text)) // 2)


def names_of(element: HtmlElement) -> str:
    """Class, id and kind of an element, with the capitals inside words divided."""
    given = (element.get(name) or "" for name in ("class", "id", "type", "data-component"))
    return _CAMEL.sub("-", " ".join(given)[:400])


def is_box(element: HtmlElement) -> bool:
    """Whether an element's name says that it stands apart from the text around it."""
    return element.tag in ("div", "section", "table", "aside", "blockquote") and bool(
        _BOX.search(names_of(element))
    )


def _is_dropped(element: HtmlElement, *, large: bool) -> bool:
    """Whether an element is no text of the page by its kind, or is not shown."""
    tag = element.tag
    if tag in _DROPPED and not (tag == "form" and large):  # ASP.NET puts whole pages in a form
        return True
    if large or tag in ("html", "body", "main", "article"):
        return False
    role = element.get("role")
    return tag in _LARGE or _hidden(element) or role in _ROLES


def _is_thread(element: HtmlElement, shape: Shape) -> bool:
    """Whether readers' comments are in an element, as long as they may be."""
    names = f"{element.get('class') or ''} {element.get('id') or ''}"
    return (
        element.tag in ("div", "section", "ol", "ul", "aside")
        and _THREAD.search(names) is not None
        and _may_go(element, shape)
    )


def _is_furniture(element: HtmlElement, shape: Shape) -> bool:
    """Whether the name of an element says that it is no part of a story."""
    names = names_of(element)
    return (
        element.tag not in _ALWAYS_KEPT
        and bool(names.strip())
        and _FURNITURE.search(names) is not None
        and _may_go(element, shape)
    )


def _may_go(element: HtmlElement, shape: Shape) -> bool:
    return not shape.holds(element, "h1") and element.get("itemprop") not in _TELLING


def _hidden(element: HtmlElement) -> bool:
    if element.get("hidden") is not None or element.get("aria-hidden") == "true":
        return True
    style = element.get("style")
    return style is not None and _HIDDEN_STYLE.search(style) is not None


class _Walk:
    """One pass over a tree that gathers text until a block's boundary."""

    def __init__(self, dropped: Iterable[HtmlElement], shape: Shape) -> None:
        self._shape = shape
        self._dropped = frozenset(dropped)
        self._blocks: list[Block] = []
        self._parts: list[str] = []
        self._linked = 0

    def over(self, tree: HtmlElement) -> list[Block]:
        self._enter(tree, Role.PARAGRAPH, link=False)
        self._flush(tree, Role.PARAGRAPH)
        return self._blocks

    def _enter(self, element: HtmlElement, role: Role, *, link: bool) -> None:
        """Gather an element's text. Recursion is bounded by the parser's depth."""
        self._text(element.text, link=link)
        for child in element:
            tag = child.tag
            if not isinstance(tag, str) or child in self._dropped:
                if isinstance(tag, str) and tag not in _INLINE:
                    self._flush(element, role)
            elif tag in _BREAKS:
                self._flush(element, role)
            elif tag in _INLINE and not _CAPTION.search(child.get("class") or ""):
                self._enter_inline(child, element, role, link=link or tag == "a")
            else:
                self._flush(element, role)
                inner = _role(child, role, self._shape)
                self._enter(child, inner, link=link)
                self._flush(child, inner)
            self._text(child.tail, link=link)

    def _enter_inline(
        self, child: HtmlElement, block: HtmlElement, role: Role, *, link: bool
    ) -> None:
        """Text of an inline element counts to the block around it, unless it holds blocks."""
        self._text(child.text, link=link)
        for inner in child:
            tag = inner.tag
            if not isinstance(tag, str) or inner in self._dropped:
                pass
            elif tag in _BREAKS:
                self._flush(block, role)
            elif tag in _INLINE and not _CAPTION.search(inner.get("class") or ""):
                self._enter_inline(inner, block, role, link=link or tag == "a")
            else:
                self._flush(block, role)
                own = _role(inner, role, self._shape)
                self._enter(inner, own, link=link)
                self._flush(inner, own)
            self._text(inner.tail, link=link)

    def _text(self, text: str | None, *, link: bool) -> None:
        if text:
            self._parts.append(text)
            if link:
                self._linked += sum(map(len, text.split()))

    def _flush(self, element: HtmlElement, role: Role) -> None:
        text = " ".join(normalise("".join(self._parts)).split())
        letters = sum(map(len, text.split()))
        if letters:
            linked = min(1.0, self._linked / letters)
            self._blocks.append(Block(text, role, element, count_words(text), linked))
        self._parts, self._linked = [], 0


def _role(element: HtmlElement, outer: Role, shape: Shape) -> Role:
    """What a block element makes of the text in it."""
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
    if tag in ("td", "th"):
        return Role.CELL
    if tag in ("p", "div", "section", "article", "blockquote"):
        return (
            outer if outer in (Role.ITEM, Role.CELL, Role.HEADING, Role.TITLE) else Role.PARAGRAPH
        )
    return outer


def _is_picture(table: HtmlElement, shape: Shape) -> bool:
    """Whether a table holds a picture and what it shows, as older Vietnamese pages set them."""
    if not shape.holds(table, "img", "amp-img"):
        return False
    if _CAPTION_TABLE.search(table.get("class") or ""):
        return True
    return shape.words.get(table, 0) <= 100 and sum(1 for _ in table.iter("td")) <= 4
