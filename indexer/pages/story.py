"""The blocks of a page that are told → lead, paragraphs, captions, who signed and when.

What trafilatura misses is added here: the *sapo* that Vietnamese papers set apart under the
headline, captions, pieces of a story that stand beside the rest, and bylines and dates, which are
found as in page text (``surroundings``).
What is told is judged once more by its words, as lines of page text are, because mark-up ends where
editors paste text into it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise

from lxml.html import HtmlElement

from indexer.pages import dates
from indexer.pages.blocks import Block, Role, Shape, names_of
from indexer.pages.bylines import bare_names, letters, presents_author
from indexer.pages.lines import Kind, Line, read_lines
from indexer.pages.prose import is_syndicated
from indexer.pages.surroundings import find_authors, find_date
from search.text.languages import exact_tokens, fold

_NO_LEAD = frozenset(
    (Kind.CAPTION, Kind.NOISE, Kind.END, Kind.LINK, Kind.LISTING, Kind.DATE, Kind.BYLINE, Kind.FILE)
)
_SIGNING = frozenset((Kind.BYLINE, Kind.DATE))
_LONG = 45
"""Words beyond which a paragraph with a credit in it is no caption."""

_ASIDE = 0.3
"""Share of what is told; furniture that holds more is none, whatever its name says."""

_DATES_OF_THREAD = 3
_FEWEST_WORDS = 25
"""Words after which a story may end."""

_FEWEST_CARDS = 3
"""One or two may be all of a short story under its headline."""

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
# Furniture inside a story that mark-up shows as paragraphs.
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
# How the sum of another story ends. Folded.
_GOES_ON = re.compile(r"\b(?:read (?:more|on)|continue reading|(?:xem|doc) (?:tiep|them))\W*$")
# How stories end: what stands below these lines is about the story, not in it.
_CREDITS = re.compile(
    r"\(?(?:sources?|nguồn|theo|nguồn tin)\s*[:：]\s*\S.{0,60}"
    r"|\(?(?:additional |with )?(?:reporting|writing|editing|compiled|edited|written) by\b.{0,250}"
    r"|our standards\s*:.{0,80}"
    r"|(?:this (?:article|story|piece) (?:was )?)?(?:originally |first )(?:published|appeared) "
    r".{0,120}"
    r"|\W*(?:ends?|hết)\W*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Story:
    """What a page tells.

    Attributes:
        lead: Set apart above the story; may be empty.
        paragraphs: Of the text, in order: sub-headings, list entries and rows of tables too.
        captions: What the pictures with it show.
        names: Who signed, as the page shows it.
        date: ISO 8601, shown with the title or right after the story; None where none is.
        words: Of prose in the paragraphs.
        listed: Whether most of what was told sums up other stories, each under its headline.
        titled: Whether the page shows its headline.
    """

    lead: str = ""
    paragraphs: tuple[str, ...] = ()
    captions: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    date: str | None = None
    words: int = 0
    listed: bool = False
    titled: bool = False


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


def find_story(blocks: Sequence[Block], told: Sequence[bool], shape: Shape, *, head: Head) -> Story:
    """Find the story among a page's blocks; without paragraphs where there is none."""
    page = _Page(blocks, told, shape, head)
    if not page.told:
        shown = (b.text for b in blocks if b.role is Role.CAPTION and b.words > 2)
        return Story(captions=tuple(dict.fromkeys(shown)))
    return page.story()


class _Page:
    """A page on which it is known what is told.

    Attributes:
        lines: The blocks' texts as lines of page text; captions and bylines also where the mark-up
            says so.
        told: Numbers of the blocks that are the story's, ascending.
        headline: The number of the block with the title; None where the page does not show it.
        cards: Of what is told, numbers of the blocks that sum up other stories.
        first: Of the first block under the headline, or of the story where none is shown.
    """

    def __init__(
        self, blocks: Sequence[Block], told: Sequence[bool], shape: Shape, head: Head
    ) -> None:
        self.blocks, self.shape, self.head = blocks, shape, head
        self.lines = read_lines("\n\n".join(block.text for block in blocks))
        self.lines = [self._line(i) for i in range(len(blocks))]
        end = _thread(blocks, self.lines)
        numbers = self._without_asides([i for i in range(end) if told[i]])
        numbers = numbers or self._largest(end)
        self.headline = self._headline(numbers)
        if self.headline is not None:
            numbers = [i for i in numbers if i > (self.headline or 0)] or numbers
        numbers = self._until_end(numbers)
        self.told = self._completed(numbers, end)
        cards = frozenset(i for i in self.told if self._carded(i))
        self.cards = cards if len(cards) >= _FEWEST_CARDS else frozenset[int]()
        self.first = (self.told or [0])[0] if self.headline is None else self.headline + 1

    def story(self) -> Story:
        """Put together what the page tells, and what stands around it."""
        lead = self._lead()
        kept = self._without_credits(self._kept(lead))
        start, end = self.told[0], (kept or self.told)[-1] + 1
        said = {fold(self.blocks[i].text) for i in kept}
        return Story(
            lead="" if lead is None else self.blocks[lead].text,
            paragraphs=tuple(self._shown(i) for i in kept),
            captions=self._captions(said),
            names=find_authors(self.lines, self.first, start, end, None),
            date=find_date(self.lines, self.headline, start, end),
            words=sum(b.words for b in (self.blocks[i] for i in kept) if not _heads(b)),
            listed=self._listed(),
            titled=self.headline is not None,
        )

    # Which blocks ----------------------------------------------------------------------------

    def _without_asides(self, numbers: Sequence[int]) -> list[int]:
        """Drop the furniture that trafilatura took for a part of the story."""
        words: Counter[str] = Counter()
        for i in numbers:
            words[self.blocks[i].aside] += self.blocks[i].words
        most = _ASIDE * words.total()
        return [i for i in numbers if not (b := self.blocks[i]).aside or words[b.aside] > most]

    def _largest(self, end: int) -> list[int]:
        """List the paragraphs of the element with most of them, where trafilatura finds none."""
        words: Counter[HtmlElement | None] = Counter()
        prose = [i for i in range(end) if self.blocks[i].prose and not self.blocks[i].aside]
        for i in prose:
            words[self.blocks[i].element.getparent()] += self.blocks[i].words
        best = max(words, key=words.__getitem__, default=None)
        return [i for i in prose if self.blocks[i].element.getparent() is best]

    def _until_end(self, numbers: Sequence[int]) -> list[int]:
        """Keep what is told above comments, footers and the next story on the page.

        Their headings end a story only if it does not go on in the same element.
        """
        prose = [i for i in numbers if self.blocks[i].prose]
        words = 0
        for i, below in pairwise(prose):
            words += self.blocks[i].words
            divided = any(self._divides(j) for j in range(i + 1, below))
            if (
                words >= _FEWEST_WORDS
                and divided
                and not _beside(self.blocks[i], self.blocks[below])
            ):
                return [j for j in numbers if j <= i]
        return list(numbers)

    def _divides(self, i: int) -> bool:
        block, line = self.blocks[i], self.lines[i]
        title = block.role is Role.TITLE and block.words >= 3 and not self._pictured(i)
        return title or (line.kind is Kind.END and block.words <= 60)

    def _completed(self, numbers: Sequence[int], end: int) -> list[int]:
        """Add blocks like those that are told (same parent, or tag and class): none gets lost."""
        if not numbers:
            return []
        beside, alike = Counter[HtmlElement | None](), Counter[tuple[str, ...]]()
        for block in (self.blocks[i] for i in numbers):
            around = block.element.getparent()
            if block.prose and around is not None:
                beside[around] += 1
                alike[_likeness(block.element)] += 1
        found = set(numbers)
        start = numbers[0] if self.headline is None else min(self.headline + 1, numbers[0])
        for i in range(start, end):
            block = self.blocks[i]
            if i in found or block.aside or block.linked >= 0.5:
                continue
            within = i < numbers[-1]
            equal = beside[block.element.getparent()] >= 2
            likeness = _likeness(block.element)
            if _heads(block):
                joins = within and (equal or i + 1 in found)
            elif equal:
                joins = block.role is not Role.CAPTION
            else:  # below the last one, elements without a class are alike by chance
                classed = any(" " in named for named in likeness)
                joins = block.prose and alike[likeness] >= 2 and (within or classed)
            if joins:
                found.add(i)
        return sorted(found)

    def _kept(self, lead: int | None) -> list[int]:
        """Choose the blocks that are text."""
        kept: list[int] = []
        pending: list[int] = []
        said = {letters(self.head.title)}
        if lead is not None:
            said.add(letters(self.blocks[lead].text))
        for i in self.told:
            block, line = self.blocks[i], self.lines[i]
            if i == lead or block.role is Role.CAPTION or self._pictured(i):
                continue
            if i in self.cards:
                pending = []
                continue
            if line.kind in _SIGNING and block.words <= 16 and block.role is not Role.ROW:
                continue
            if _inserted(block, line) or (block.words >= 5 and letters(block.text) in said):
                continue
            if _heads(block):
                pending.append(i)
            else:  # a heading counts only if a paragraph follows
                kept += (*pending, i)
                pending = []
                said.add(letters(block.text))
        return kept

    def _without_credits(self, kept: list[int]) -> list[int]:
        """Drop last lines about the story or its author; names alone are a byline."""
        texts = [self.blocks[i].text for i in kept]
        for at in range(len(kept) - 1, max(1, len(kept) - 6), -1):
            about = _CREDITS.fullmatch(texts[at]) or is_syndicated(texts[at])
            if about or presents_author(texts[at], self.head.authors):
                del kept[at:]
        if len(kept) > 1 and (names := bare_names(self.blocks[kept[-1]].text)):
            last = kept.pop()
            self.lines[last] = replace(self.lines[last], kind=Kind.BYLINE, names=names)
        return kept

    def _shown(self, i: int) -> str:
        block = self.blocks[i]
        return f"- {block.text}" if block.role is Role.ITEM else block.text

    # What stands around ----------------------------------------------------------------------

    def _headline(self, numbers: Sequence[int]) -> int | None:
        """Find the number of the block with the headline, above what is told or among its first."""
        wanted = tokens_of(self.head.title)
        best, best_score = None, 0.6 if wanted else 0.5
        for i in range(numbers[min(5, len(numbers) - 1)] + 1 if numbers else 0):
            block = self.blocks[i]
            if block.words > 45 or block.role in (Role.CAPTION, Role.ITEM):
                continue
            score = overlap(tokens_of(block.text), wanted)
            score += 0.5 * (block.role is Role.TITLE and block.words > 2 and score >= 0.3)
            if score >= best_score:
                best, best_score = i, score  # the last: menus and breadcrumbs have it above
        return best

    def _lead(self) -> int | None:
        """Find the number of the paragraph that is set apart as the story's summary."""
        title = tokens_of(self.head.title)
        description = tokens_of(self.head.description)
        start = self.told[0]
        for i in range(min(self.first, start), min(start + 4, len(self.blocks))):
            block, line = self.blocks[i], self.lines[i]
            if not 6 <= block.words <= 130 or block.role in (Role.CAPTION, Role.TITLE):
                continue
            if line.kind in _NO_LEAD or block.linked > 0.5 or self._pictured(i):
                continue
            tokens = tokens_of(block.text)
            if overlap(tokens, title) >= 0.8:
                continue
            named = any(_LEADS.search(names_of(element)) for element in self._near(i))
            heading = block.role is Role.HEADING
            if self._in_body(i) and not (named or (heading and block.words >= 12)):
                break  # the first paragraph is no lead only because the description repeats it
            if named or overlap(tokens, description) >= 0.6 or (heading and block.words >= 8):
                return i
        return None

    def _in_body(self, i: int) -> bool:
        """Tell whether a block stands in the element that holds the paragraphs after it."""
        around = self.blocks[i].element.getparent()
        bare = self.blocks[i].element
        for j in self.told:
            if j > i and self.blocks[j].prose:
                other = self.blocks[j].element
                return other is bare or other.getparent() is around or other.getparent() is bare
        return True

    def _near(self, i: int) -> Iterator[HtmlElement]:
        """Yield a block's element, and those around it that hold little else."""
        element = self.blocks[i].element
        yield element
        for around in list(element.iterancestors())[:3]:
            if self.shape.words.get(around, 0) > self.blocks[i].words + 10:
                break
            yield around

    def _line(self, i: int) -> Line:
        """Judge a line by its mark-up too: what pictures show, and names alone that signed."""
        block, line = self.blocks[i], self.lines[i]
        if block.role is Role.CAPTION and line.kind is Kind.SHORT:
            return replace(line, kind=Kind.CAPTION)
        if line.names or block.words > 12 or not (names := bare_names(block.text)):
            return line
        if not any(_BYLINES.search(names_of(element)) for element in self._near(i)):
            return line
        return replace(line, kind=line.kind if line.date else Kind.BYLINE, names=names)

    def _captions(self, said: set[str]) -> tuple[str, ...]:
        """List what the pictures with the story show, each said once."""
        found = []
        for i in range(min(self.first, self.told[0]), min(self.told[-1] + 3, len(self.lines))):
            block, line = self.blocks[i], self.lines[i]
            if line.kind is not Kind.CAPTION and line.kind in _NO_LEAD:
                continue
            credited = line.kind is Kind.CAPTION and block.words <= _LONG and i <= self.told[-1]
            if (credited or block.role is Role.CAPTION or self._pictured(i)) and not block.aside:
                found.append(block.text)
        texts = (text for text in found if len(text.split()) > 2 and fold(text) not in said)
        return tuple(dict.fromkeys(texts))

    def _pictured(self, i: int) -> bool:
        """Tell whether a short text that is no paragraph stands with a picture and nothing else."""
        block = self.blocks[i]
        if block.words > 60 or block.linked > 0.5 or i == self.headline:
            return False
        if block.element.tag in ("p", "li", "td") or block.role is Role.ROW:
            return False
        for around in (block.element, *list(block.element.iterancestors())[:2]):
            if self.shape.holds(around, "p") and not _heads(block):
                return False
            if self.shape.holds(around, "img", "amp-img"):
                return self.shape.words.get(around, 0) <= block.words + 20
        return False

    def _announced(self, i: int) -> Block | None:
        """Find the headline of another story that a text stands right under; None without one.

        It is a link, or the text ends with the link to its story: "Read more".
        """
        if not 8 <= self.blocks[i].words <= 70 or _heads(self.blocks[i]):
            return None
        goes_on = self.blocks[i].linked > 0 and _GOES_ON.search(fold(self.blocks[i].text))
        for j in range(i - 1, max(-1, i - 4), -1):
            above = self.blocks[j]
            if above.linked >= 0.5 and above.words >= (3 if _heads(above) else 5):
                return above
            if goes_on and _heads(above):
                return above
            if above.words >= 8:
                break
        return None

    def _listed(self) -> bool:
        texts = [i for i in self.told if self.blocks[i].words >= 8 and not _heads(self.blocks[i])]
        announced = sum(self._announced(i) is not None for i in texts)
        return announced >= _FEWEST_CARDS and announced >= 0.5 * len(texts)

    def _carded(self, i: int) -> bool:
        """Tell whether a text stands in a small element with the headline of another story."""
        headline = self._announced(i)
        if headline is None:
            return False
        around = set(headline.element.iterancestors())
        for element in list(self.blocks[i].element.iterancestors())[:4]:
            if element.tag in ("body", "main") or (
                self.shape.words.get(element, 0) > 60 + self.blocks[i].words
            ):
                return False
            if element in around:
                return True
        return False


def _beside(one: Block, other: Block) -> bool:
    """Tell whether two blocks stand in one element, or in elements that do."""
    around, other_around = one.element.getparent(), other.element.getparent()
    if around is None or other_around is None:
        return True
    return (
        around is other_around
        or one.element is other.element
        or around.getparent() is other_around.getparent()
    )


def _heads(block: Block) -> bool:
    return block.role in (Role.HEADING, Role.TITLE)


def _likeness(element: HtmlElement) -> tuple[str, ...]:
    """Name what elements of one kind share: tags and classes, of the one around too."""
    around = element.getparent()
    named = [element] if around is None else [element, around]
    return tuple(f"{e.tag} {e.get('class') or ''}".strip() for e in named)


def _thread(blocks: Sequence[Block], lines: Sequence[Line]) -> int:
    """Find the number of the block where readers' comments begin; without any, of all blocks.

    They can be many times as long as the story. Only what follows shows that "12 comments" heads
    them and is no button: one date after the other.
    """
    words, dated = 0, cache(lambda j: blocks[j].words <= 14 and dates.find_date(blocks[j].text))
    for i, block in enumerate(blocks):
        line = lines[i]
        if line.kind is Kind.END and block.words <= 10 and words >= 40:
            below = range(i + 1, min(i + 60, len(blocks)))
            if sum(bool(dated(j)) for j in below) >= _DATES_OF_THREAD:
                return i
        words += block.words if block.prose else 0
    return len(blocks)


def _inserted(block: Block, line: Line) -> bool:
    """Tell whether a block in a story is furniture by its words or its links."""
    if block.role is Role.ROW:
        return False
    if line.kind in (Kind.FILE, Kind.LISTING, Kind.END):
        return True
    # Stories use the words of captions, notices and pointers too. Where a paragraph is as long as
    # one of theirs, the mark-up has to agree: by something to click.
    if line.kind is Kind.CAPTION:
        return block.words <= _LONG
    if line.kind in (Kind.NOISE, Kind.LINK):
        return block.words < 12 or block.linked > 0.1
    return block.linked >= 0.85 or _INSERTED.fullmatch(block.text) is not None


def tokens_of(text: str) -> list[str]:
    """Fold the words of a text."""
    return [fold(token) for token in exact_tokens(text)]


def overlap(some: Sequence[str], others: Sequence[str]) -> float:
    """Measure how alike two sets of words are: Dice's coefficient, 0 to 1."""
    if not some or not others:
        return 0.0
    a, b = set(some), set(others)
    return 2 * len(a & b) / (len(a) + len(b))
