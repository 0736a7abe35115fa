"""What the pages of one story show: its marked text, its place among results, what is related."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from search.errors import QueryError
from search.ranking.snippets import OpenedHit
from search.records import Article, RelatedStory
from webui.parameters import Address
from webui.presentation import MORE, article_url, best_url, marked, search_url
from webui.site import asked_address, current_site

_FEW_CHARS = 40
"""The best passage does not go on into a paragraph for less than this."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a story stands among the results of the query that it is read with.

    Attributes:
        number, total: In its list, from 1; 0 where it is not among the results.
        match: Whether it is a match; else it is possibly related.
        back_href: The page of results on which it is.
    """

    number: int
    total: int
    match: bool
    back_href: str
    previous_href: str | None = None
    next_href: str | None = None


@dataclass(frozen=True, slots=True)
class StoryText:
    """A story's text with the words of a query marked, as the reading page shows it.

    Attributes:
        title, lead, captions: Escaped.
        paragraphs: Of the text, escaped.
        has_best: Whether one of these holds the passage that answers best, with the id "best".
    """

    title: Markup
    lead: Markup
    paragraphs: tuple[Markup, ...]
    captions: tuple[Markup, ...]
    has_best: bool


@dataclass(frozen=True, slots=True)
class RelatedView:
    """A story on the same subject."""

    lang: str
    title: str
    href: str
    date: str | None
    source: str | None
    section: str | None


def address_of_story() -> Address:
    """Read the search that a page of one story was opened with; what cannot be used is left out."""
    address, _ = asked_address()
    return address


def read_with(article: Article, address: Address) -> OpenedHit | None:
    """Find what to mark in a story and where it stands; None without a query that can be asked."""
    if not address.q:
        return None
    try:
        return current_site().archive.open_hit(address.query(), article, more=MORE)
    except QueryError:
        return None


def back_href(address: Address) -> str | None:
    """Link back to the results; None where there was no query."""
    return search_url(address, page=address.page) if address.q else None


def place_of(article: Article, opened: OpenedHit | None, address: Address) -> Place | None:
    """Make the links between a story and the results that it is one of."""
    if not address.q:
        return None
    if opened is None or opened.place is None:
        return Place(0, 0, False, search_url(address, page=address.page))
    match = opened.place < opened.matches
    # What is possibly related stands on the page where the matches end.
    last = opened.place if match else max(0, opened.matches - 1)
    back = search_url(address, page=1 + last // address.k)
    return Place(
        number=opened.place + 1 if match else opened.place - opened.matches + 1,
        total=opened.matches if match else opened.listed - opened.matches,
        match=match,
        back_href=f"{back}#{article.lang}-{opened.place + 1}" if match else back,
        previous_href=best_url(opened.previous, address) if opened.previous else None,
        next_href=best_url(opened.next, address) if opened.next else None,
    )


def story_text(article: Article, opened: OpenedHit | None) -> StoryText:
    """Mark a story's text; of one that is read without a query it is only escaped."""
    writer = _Writer(opened)
    lead = writer.lines(article.lead)
    paragraphs = writer.lines(article.text)
    captions = [writer.lines(caption) for caption in article.captions]
    title = article.headline
    return StoryText(
        title=marked(title, opened.marker.spans(title) if opened else ()),
        lead=Markup(" ").join(lead),
        paragraphs=tuple(paragraphs),
        captions=tuple(Markup(" ").join(lines) for lines in captions if lines),
        has_best=writer.has_best,
    )


class _Writer:
    """Writes the parts of ``Article.body`` in their order, and names the best passage once."""

    def __init__(self, opened: OpenedHit | None) -> None:
        self.has_best = False
        self._opened = opened
        self._best = (opened and opened.best) or (0, 0)
        self._offset = 0

    def lines(self, part: str) -> list[Markup]:
        """The lines of a part that are not blank, marked."""
        written = []
        for line in part.split("\n") if part else ():
            if line.strip():
                written.append(self._line(line))
            self._offset += len(line) + 1
        self._offset += 1 if part else 0  # between two parts is a blank line
        return written

    def _line(self, line: str) -> Markup:
        spans = self._opened.marker.spans(line) if self._opened else []
        start, end = (min(max(0, at - self._offset), len(line)) for at in self._best)
        whole = end - start == len(line.strip())
        if start >= end or (end - start < _FEW_CHARS and self.has_best and not whole):
            return marked(line, spans)
        before, inside, after = (
            marked(line[a:b], _shifted(spans, a, b))
            for a, b in ((0, start), (start, end), (end, len(line)))
        )
        name = Markup("") if self.has_best else Markup(' id="best"')
        self.has_best = True
        best = Markup('<span class="best"{}>{}</span>').format(name, inside)
        return before + best + after


def _shifted(spans: Sequence[tuple[int, int]], start: int, end: int) -> list[tuple[int, int]]:
    """Spans within a part of a text, as offsets in that part."""
    return [(max(a, start) - start, min(b, end) - start) for a, b in spans if a < end and b > start]


def related_views(stories: Sequence[RelatedStory], address: Address) -> list[RelatedView]:
    """Make what lists show of stories on the same subject."""
    return [
        RelatedView(
            lang=story.article.lang,
            title=story.article.headline,
            href=article_url(story.article.id, address),
            date=story.article.date,
            source=story.article.source,
            section=story.article.section,
        )
        for story in stories
    ]
