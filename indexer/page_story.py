"""The blocks of a page → those of its story: lead, paragraphs, captions, who signed and when.

Mark-up ends where editors paste text into it. So what stands in the story's element
(``indexer.page_root``) is judged once more by its words, as lines of page text are
(``indexer.page_lines``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from lxml.html import HtmlElement

from indexer.bylines import bare_names
from indexer.dates import find_date
from indexer.page_blocks import Block, Role, Shape, is_box, names_of
from indexer.page_lines import Kind, Line, ends_sentence, read_lines
from indexer.page_root import find_cards, find_root, inside
from search.languages import exact_tokens, fold

_NO_LEAD = frozenset(
    (Kind.CAPTION, Kind.NOISE, Kind.END, Kind.LINK, Kind.LISTING, Kind.DATE, Kind.BYLINE, Kind.FILE)
)
_DATES_OF_THREAD = 3
_LONG = 45
"""Words beyond which a paragraph with a credit in it is no caption."""

_SIGNING = frozenset((Kind.BYLINE, Kind.DATE))
_LEADS = re.compile(
    r"(?:^|[\s_-])(?:sapo|lead|lede|dec?k|chapp?eaux?|standfirst|stand-first|summary|sub-?title|sub-?head\w*"
    r"|strap-?line|excerpt|intro(?:duction)?|abstract|mo-?ta|tom-?tat|description"
    r"|synopsis|tagline|head-?note)(?=$|[\s_-])",
    re.IGNORECASE,
)
_BYLINES = re.compile(
    r"(?:^|[\s_-])(?:by-?lines?|authors?|post-author|tac-?gia|but-?danh|nguoi-?viet|writer)"
    r"(?=$|[\s_-])",
    re.IGNORECASE,
)
# Furniture inside a story's own element that mark-up shows as paragraphs.
_INSERTED = re.compile(
    r"(?:continue reading|(?:article|story|post) continues)(?: (?:below|after).{0,30})?"
    r"|sharing is caring!?|read (?:full|the full) (?:story|article).{0,20}|click here.{0,60}"
    r"|(?:related|recommended|further) (?:posts?|articles?|story|stories|reading)\s*:.{0,150}"
    r"|tell us what you think.{0,20}|this slideshow requires.{0,30}"
    r"|\[/?\w+[^\]]{0,200}\].{0,80}(?:\[/\w+\])?"  # a shortcode of WordPress
    r"|(?:get|sign up|subscribe|check out|follow|download|join|listen to|like us)\b.{0,120}"
    r"\b(?:newsletters?|by clicking here|click here.{0,40}|inbox|our app|on facebook|whatsapp)"
    r"\b.{0,80}"
    r"|.{0,60}\bby clicking here",
    re.IGNORECASE,
)
# How stories end: what stands below these lines is about the story, not in it.
_CREDITS = re.compile(
    r"(?:sources?|nguồn|theo|nguồn tin)\s*[:：]\s*\S.{0,60}"
    r"|(?:additional |with )?(?:reporting|writing|editing|compiled|edited|written) by\b.{0,250}"
    r"|our standards\s*:.{0,80}"
    r"|(?:this (?:article|story|piece) (?:was )?)?(?:originally |first )(?:published|appeared) "
    r".{0,120}"
    r"|the post .{5,200} (?:appeared first on|first appeared on) .{2,80}"
    r"|\W*(?:ends?|hết)\W*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Story:
    """What a page tells.

    Attributes:
        lead: Set apart above the story; may be empty.
        paragraphs: Of the text, in order: sub-headings, list entries and cells of tables too.
        captions: What the pictures with it show.
        names: Who signed, by lines that say so and little else.
        date: ISO 8601, shown with the title; None where none is.
        words: Of prose in the paragraphs.
        cards: How many paragraphs of the page sum up other stories.
        carded: The share of the page's prose in them, 0 to 1.
    """

    lead: str = ""
    paragraphs: tuple[str, ...] = ()
    captions: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    date: str | None = None
    words: int = 0
    cards: int = 0
    carded: float = 0.0


@dataclass(frozen=True, slots=True)
class Head:
    """What the page's head says about the story; all may be empty.

    Attributes:
        description: What may stand on the page as the lead.
        authors: Whom a last paragraph may present.
    """

    title: str = ""
    description: str = ""
    authors: tuple[str, ...] = ()


def find_story(blocks: Sequence[Block], shape: Shape, *, head: Head) -> Story:
    """The story among a page's blocks; without paragraphs where there is none."""
    lines = _lines(blocks)
    thread = _thread(blocks, lines)
    blocks, lines = blocks[:thread], lines[:thread]
    cards = find_cards(blocks, shape)
    prose = sum(block.words for block in blocks if block.prose)
    carded = sum(blocks[i].words for i in cards) / max(1, prose)
    root = find_root(blocks, cards=cards)
    if root is None:
        shown = (b.text for b in blocks if b.role is Role.CAPTION and b.words > 2)
        return Story(captions=tuple(dict.fromkeys(shown)), cards=len(cards), carded=carded)
    page = _Page((blocks, lines), shape, head, root, cards)
    kept = page.kept()
    near = [*page.signatures(), *kept.signatures]
    return Story(
        lead="" if page.lead is None else blocks[page.lead].text,
        paragraphs=tuple(kept.paragraphs),
        captions=page.captions(kept),
        names=tuple(dict.fromkeys((*(name for line in near for name in line.names), *kept.signed))),
        date=next((line.date for line in near if line.date), None),
        words=kept.words,
        cards=len(cards),
        carded=carded,
    )


@dataclass(slots=True)
class _Kept:
    """What has been taken so far.

    Attributes:
        signatures: Lines with a date or a name and little else.
        folded: Texts that would say again what was said.
        words: Of paragraphs.
        signed: The names that stand below the story.
        row: The table row that the last block is a cell of.
        end: The number of the block where the story's element stops being the story.
    """

    folded: set[str]
    end: int
    paragraphs: list[str] = field(default_factory=list)
    signatures: list[Line] = field(default_factory=list)
    words: int = 0
    signed: tuple[str, ...] = ()
    row: HtmlElement | None = None

    def keep(self, block: Block) -> None:
        """Take a block; the short cells of a table's row make one paragraph."""
        row = block.element.getparent() if _is_cell(block) else None
        if row is not None and row is self.row:
            self.paragraphs[-1] += f" | {block.text}"
        else:
            item = block.element.tag == "li"
            self.paragraphs.append(f"- {block.text}" if item else block.text)
        self.row = row
        self.folded.add(fold(block.text))

    def drop_credits(self, authors: Sequence[str]) -> None:
        """Leave out last lines about the story: who edited it, where it was first published."""
        for at in range(len(self.paragraphs) - 1, max(1, len(self.paragraphs) - 6), -1):
            text = self.paragraphs[at]
            if _CREDITS.fullmatch(text) or _presents(text, authors):
                del self.paragraphs[at:]

    def drop_signature(self) -> None:
        """Take a last paragraph that is a name for a signature, as Vietnamese papers set it."""
        names = bare_names(self.paragraphs[-1]) if len(self.paragraphs) > 1 else ()
        if names:
            self.signed = names
            del self.paragraphs[-1]


class _Page:
    """A page whose story's element is known.

    Attributes:
        lines: The blocks' texts as lines of page text; None for a text of signs alone.
        headline: The number of the block with the title; None where the page does not show it.
        start, end: Numbers of the story's first block and of the one after its last.
        lead: The number of the block that is set apart as its summary.
    """

    def __init__(
        self,
        read: tuple[Sequence[Block], Sequence[Line | None]],
        shape: Shape,
        head: Head,
        root: HtmlElement,
        cards: frozenset[int],
    ) -> None:
        self.blocks, self.lines = read
        self.shape, self.head, self.root, self.cards = shape, head, root, cards
        blocks = self.blocks
        numbers = [i for i, block in enumerate(blocks) if inside(block.element, root)]
        self.start, self.end = numbers[0], numbers[-1] + 1
        self.headline = self._headline()
        if self.headline is not None and self.headline >= self.start:
            self.start = self.headline + 1
        self.first = self.start if self.headline is None else self.headline + 1
        self.lead = self._lead()

    def signatures(self) -> Iterator[Line]:
        """The lines around the title, where date and byline stand."""
        for i in range(max(0, self.first - 4), self.start):
            line = self.lines[i]
            if line is not None:
                yield replace(line, names=line.names or self._signers(i))

    def kept(self) -> _Kept:
        """The blocks of the story's element that are its text."""
        place = range(self.start, self.end)
        prose = sum(self.blocks[i].words for i in place if self.blocks[i].prose)
        apart = self._boxes(place, prose) | self.cards
        pictured = {i for i in place if self._pictured(i)}
        if sum(self.blocks[i].words for i in pictured) <= 0.3 * prose:
            apart |= pictured  # else it is a story told between pictures, without paragraphs
        kept = _Kept({fold(self.head.title)}, self.end)
        if self.lead is not None:
            kept.folded.add(fold(self.blocks[self.lead].text))
            apart |= {self.lead}
        pending: list[Block] = []
        listing = False
        for i in place:
            block, line = self.blocks[i], self.lines[i]
            if i in apart or line is None or block.role is Role.CAPTION:
                continue
            if (_ends(block, line) and kept.words >= 0.5 * prose) or self._next_story(i, kept):
                kept.end = i
                break
            if line.kind is Kind.LISTING:
                listing = True
            elif line.kind in _SIGNING and block.words <= 16 and not _is_cell(block):
                kept.signatures.append(line)
            elif names := self._signers(i):
                kept.signatures.append(replace(line, names=names))
            elif (
                self._label(block)
                or _inserted(block, line)
                or (line.folded in kept.folded and block.words >= 5)
                or (listing and (block.linked > 0.5 or not block.prose))
            ):
                continue
            elif block.role in (Role.HEADING, Role.TITLE):
                pending.append(block)
            else:
                listing = False
                for heading in pending:  # a heading counts only if a paragraph follows
                    kept.keep(heading)
                pending = []
                kept.keep(block)
                kept.words += block.words
        kept.drop_credits(self.head.authors)
        kept.drop_signature()
        return kept

    def captions(self, kept: _Kept) -> tuple[str, ...]:
        """What the pictures with the story show, each said once."""
        found = []
        for i in range(min(self.first, self.start), kept.end):
            kind = self._kind(i)
            if kind is not Kind.CAPTION and kind in _NO_LEAD:
                continue
            credited = kind is Kind.CAPTION and self.blocks[i].words <= _LONG
            if credited or self.blocks[i].role is Role.CAPTION or self._pictured(i):
                found.append(self.blocks[i].text)
        texts = (text for text in found if len(text.split()) > 2 and fold(text) not in kept.folded)
        return tuple(dict.fromkeys(texts))

    def _kind(self, i: int) -> Kind | None:
        line = self.lines[i]
        return None if line is None else line.kind

    def _headline(self) -> int | None:
        """The number of the block with the headline, above the story or among its first."""
        wanted = tokens_of(self.head.title)
        best, best_score = None, 0.6 if wanted else 0.5
        for i in range(min(self.end, self.start + 6)):
            block = self.blocks[i]
            if block.words > 45 or block.role in (Role.CAPTION, Role.ITEM):
                continue
            score = overlap(tokens_of(block.text), wanted)
            score += 0.5 * (block.role is Role.TITLE and block.words > 2)
            if score >= best_score:
                best, best_score = i, score  # the last: menus and breadcrumbs have it above
        return best

    def _lead(self) -> int | None:
        """The number of the paragraph that is set apart as the story's summary."""
        title = tokens_of(self.head.title)
        description = tokens_of(self.head.description)
        for i in range(min(self.first, self.start), min(self.start + 4, self.end)):
            block = self.blocks[i]
            if not 6 <= block.words <= 130 or block.role in (Role.CAPTION, Role.TITLE):
                continue
            if block.linked > 0.5 or self._kind(i) in _NO_LEAD or self._pictured(i):
                continue
            tokens = tokens_of(block.text)
            if overlap(tokens, title) >= 0.8:
                continue
            named = any(_LEADS.search(names_of(element)) for element in self._near(i))
            heading = block.role is Role.HEADING
            if i >= self.start and not (named or (heading and block.words >= 12)):
                break  # the first paragraph is no lead only because the description repeats it
            if named or overlap(tokens, description) >= 0.6 or (heading and block.words >= 8):
                return i
            if i == self.first and block.words >= 10:
                return i
        return None

    def _near(self, i: int) -> Iterator[HtmlElement]:
        """A block's element, and those around it that hold little else."""
        element = self.blocks[i].element
        yield element
        for around in list(element.iterancestors())[:3]:
            if self.shape.words.get(around, 0) > self.blocks[i].words + 10:
                break
            yield around

    def _pictured(self, i: int) -> bool:
        """Whether a short text that is no paragraph stands with a picture and nothing else."""
        block = self.blocks[i]
        if block.words > 40 or block.linked > 0.5 or block.role is Role.HEADING:
            return False
        if block.element.tag in ("p", "li", "td"):
            return False
        for around in (block.element, *list(block.element.iterancestors())[:2]):
            if self.shape.holds(around, "p"):
                return False
            if self.shape.holds(around, "img", "amp-img"):
                return self.shape.words.get(around, 0) <= 80
        return False

    def _next_story(self, i: int, kept: _Kept) -> bool:
        """Whether a block heads another whole story, as pages without an end add them below.

        A heading of the first level inside a story shares its element with the paragraphs.
        """
        block = self.blocks[i]
        if block.role is not Role.TITLE or block.words < 3 or kept.words < 25:
            return False
        around = block.element.getparent()
        first = next((b for b in self.blocks[self.start : i] if b.prose), None)
        return around is not None and first is not None and not inside(first.element, around)

    def _label(self, block: Block) -> bool:
        """Whether a text of few words stands alone in an element that is no paragraph."""
        return (
            block.words <= 4
            and block.role is Role.PARAGRAPH
            and block.element.tag == "div"
            and self.shape.words.get(block.element, 0) <= 4
            and not ends_sentence(block.text)
        )

    def _signers(self, i: int) -> tuple[str, ...]:
        """The names that a block consists of, if the mark-up says that they signed."""
        if self.blocks[i].words > 12 or not any(
            _BYLINES.search(names_of(element)) for element in self._near(i)
        ):
            return ()
        return bare_names(self.blocks[i].text)

    def _boxes(self, place: range, prose: int) -> set[int]:
        """Numbers of the blocks in boxes that stand beside the story, not in it."""
        found: dict[HtmlElement, list[int]] = {}
        for i in place:
            element = self.blocks[i].element
            for around in (element, *element.iterancestors()):
                if around is self.root:
                    break
                if is_box(around):
                    found.setdefault(around, []).append(i)
        boxes: set[int] = set()
        for members in found.values():
            if sum(self.blocks[i].words for i in members) <= 0.5 * prose:
                boxes.update(members)
        return boxes


def _lines(blocks: Sequence[Block]) -> list[Line | None]:
    """A line for each block; None for a text without letters and digits."""
    lines = iter(read_lines("\n\n".join(block.text for block in blocks)))
    return [next(lines, None) if fold(block.text) else None for block in blocks]


def _thread(blocks: Sequence[Block], lines: Sequence[Line | None]) -> int:
    """The number of the block where readers' comments begin; that of all blocks without any.

    They can be many times as long as the story. Only what follows shows that "12 comments" heads
    them and is no button: one date after the other.
    """
    told = 0
    for i, block in enumerate(blocks):
        line = lines[i]
        if line is not None and line.kind is Kind.END and block.words <= 10 and told >= 40:
            short = (other.text for other in blocks[i + 1 : i + 60] if other.words <= 14)
            if sum(find_date(text) is not None for text in short) >= _DATES_OF_THREAD:
                return i
        told += block.words if block.prose else 0
    return len(blocks)


def _ends(block: Block, line: Line) -> bool:
    """Whether a block heads comments or is of the page's footer, where no story goes on."""
    return line.kind is Kind.END and not (block.element.tag == "p" and block.words >= 15)


def _is_cell(block: Block) -> bool:
    """Whether a block is one cell of a table of data, not of one that lays out the page."""
    row = block.element.getparent()
    data = block.element.tag in ("td", "th") and row is not None and len(row) > 1
    return data and block.words <= 15


def _inserted(block: Block, line: Line) -> bool:
    """Whether a block in the story's element is furniture by its words or its links."""
    if _is_cell(block):
        return False
    if line.kind is Kind.FILE or _ends(block, line):
        return True
    # Stories use the words of captions, notices and pointers too. Where a paragraph is as long as
    # one of theirs, the mark-up has to agree: by a picture around it, or something to click.
    if line.kind is Kind.CAPTION:
        return block.words <= _LONG
    if line.kind in (Kind.NOISE, Kind.LINK):
        return block.words < 12 or block.linked > 0.1
    if _INSERTED.fullmatch(block.text):
        return True
    if block.linked < 0.85:
        return False
    around = list(block.element.iterancestors())[:3]
    card = any(element.tag == "a" for element in (block.element, *around))
    return card or block.role is Role.ITEM or not ends_sentence(block.text)


def _presents(text: str, authors: Sequence[str]) -> bool:
    """Whether a paragraph presents an author: "Ann Lee is a reporter at …"."""
    return len(text.split()) <= 100 and any(
        text.startswith((f"{name} is ", f"{name} was ", f"{name} are ", f"{name} là "))
        for name in authors
    )


def tokens_of(text: str) -> list[str]:
    """The folded words of a text."""
    return [fold(token) for token in exact_tokens(text)]


def overlap(some: Sequence[str], others: Sequence[str]) -> float:
    """How alike two sets of words are: Dice's coefficient, 0 to 1."""
    if not some or not others:
        return 0.0
    a, b = set(some), set(others)
    return 2 * len(a & b) / (len(a) + len(b))
