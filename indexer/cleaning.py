"""Page text → the article in it: furniture away; title, lead, captions, date and byline kept.

Page text is what selecting all of a news page and copying it gives: no mark-up, menus and lists of
other stories around the article. The article is the stretch of lines with the densest prose; the
rest is judged by its place relative to that stretch. Nothing here knows any particular site.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from indexer.dates import find_date
from indexer.page_lines import Kind, Line, byline_name, ends_like_sentence, is_name, read_lines
from search.errors import ExtractionError
from search.languages import fold, normalise

_LEAST_PROSE_WORDS = 25
_FAR = 12
"""Lines around the body in which title, date and byline are looked for."""

# What a line adds to or takes from a stretch that may be the body, in words of prose.
_WORTH = {
    Kind.HEADLINE: -9.0,
    Kind.SHORT: -4.0,
    Kind.CAPTION: -1.0,
    Kind.FILE_NAME: -1.0,
    Kind.DATE: -4.0,
    Kind.BYLINE: -2.0,
    Kind.FURNITURE: -5.0,
    Kind.BOUNDARY: -45.0,
}


@dataclass(frozen=True, slots=True)
class CleanedPage:
    """An article found in page text.

    Attributes:
        text: Paragraphs apart by an empty line, without title, lead and captions.
        date: ISO 8601, or None where none is shown.
    """

    title: str
    lead: str
    text: str
    captions: tuple[str, ...] = ()
    date: str | None = None
    authors: tuple[str, ...] = ()
    section: str | None = None


def clean_page(text: str, *, lang: str | None = None) -> CleanedPage:
    """Find the article in a page's text.

    Raises:
        ExtractionError: There is none: too little prose, or a list of other stories.
    """
    lines = read_lines(normalise(text))
    start, end = _body(lines)
    title_at = _title(lines, start, end)
    first = start if title_at is None else title_at + 1
    lead_at = _lead(lines, first, start, end)
    body = [i for i in range(start, end) if i not in (title_at, lead_at)]
    paragraphs = [lines[i].text for i in body if _belongs(lines, i, start, end)]
    captions = [lines[i].text for i in range(first, end) if lines[i].kind is Kind.CAPTION]
    lead = "" if lead_at is None else lines[lead_at].text
    if not paragraphs:
        paragraphs, lead = [lead], ""
    authors = _authors(lines, title_at, start, end)
    return CleanedPage(
        title="" if title_at is None else lines[title_at].text,
        lead=lead,
        text="\n\n".join(p for p in paragraphs if p not in authors),
        captions=tuple(dict.fromkeys(captions)),
        date=_date(lines, title_at, start, end),
        authors=authors,
    )


def _body(lines: Sequence[Line]) -> tuple[int, int]:
    """The stretch of lines with the highest sum of worth (Kadane's maximum subarray)."""
    best = (0.0, 0, 0)
    total, begin = 0.0, 0
    for i, line in enumerate(lines):
        total += _worth(line)
        if total <= 0:
            total, begin = 0.0, i + 1
        elif total > best[0]:
            best = (total, begin, i + 1)
    _, start, end = best
    prose = [line for line in lines[start:end] if line.kind in (Kind.PROSE, Kind.ITEM)]
    words = sum(line.words for line in prose)
    if words < _LEAST_PROSE_WORDS:
        raise ExtractionError(
            f"no article is in this text: its longest passage has {words} words of running text."
            " Save the page of one story, with all of its text"
        )
    between = sum(line.kind is Kind.HEADLINE for line in lines[start:end])
    if between >= 5 and between > 0.6 * len(prose):
        raise ExtractionError(
            "this is a list of stories, not one article: headlines and single sentences alternate."
            " Save the page of each story"
        )
    return start, end


def _worth(line: Line) -> float:
    if line.kind is Kind.PROSE:
        return -12.0 if line.repeated and line.words < 40 else float(min(line.words, 60))
    if line.kind is Kind.ITEM:
        return min(line.words, 30) * 0.5 - 2.0
    if line.kind is Kind.HEADLINE and line.repeated:
        return -15.0
    return _WORTH[line.kind]


def _title(lines: Sequence[Line], start: int, end: int) -> int | None:
    """The line above the body (or at its beginning) that reads like its headline.

    Its words come up in the body, it is neither very short nor very long, and it stands near.
    """
    words = {word for line in lines[start:end] for word in fold(line.text).split() if len(word) > 2}
    best, best_at = 0.0, None
    for i in range(max(0, start - 3 * _FAR), min(start + 2, end)):
        line = lines[i]
        candidate = line.kind in (Kind.HEADLINE, Kind.SHORT) or (
            line.kind is Kind.PROSE and i < start + 1 and line.words <= 30
        )
        if not candidate or not 3 <= line.words <= 40 or len(line.text) < 12:
            continue
        own = [word for word in fold(line.text).split() if len(word) > 2]
        shared = sum(word.strip(",.:;“”\"'’?!") in words for word in own) / max(1, len(own))
        score = shared * min(line.words, 12) / 12 - 0.012 * max(0, start - i)
        if line.kind is Kind.PROSE:
            score -= 0.3
        if line.repeated:
            score += 0.15  # a headline stands in the window's title and breadcrumbs too
        if score > best and shared >= 0.3:
            best, best_at = score, i
    return best_at


def _lead(lines: Sequence[Line], first: int, start: int, end: int) -> int | None:
    """The first prose under the title, if a date, a picture or a gap divides it from the rest."""
    at = next((i for i in range(first, end) if lines[i].kind is Kind.PROSE), None)
    if at is None or lines[at].words > 90:
        return None
    following = next((i for i in range(at + 1, end) if lines[i].kind is Kind.PROSE), None)
    if following is None:
        return None
    apart = any(
        lines[i].kind in (Kind.DATE, Kind.FILE_NAME, Kind.FURNITURE, Kind.BYLINE, Kind.CAPTION)
        for i in range(at + 1, following)
    )
    return at if apart or at < start else None


def _belongs(lines: Sequence[Line], i: int, start: int, end: int) -> bool:
    """Whether a line within the body's stretch is text: prose, items, headings, short quotes."""
    line = lines[i]
    if line.kind in (Kind.PROSE, Kind.ITEM):
        return not (line.repeated and i > start and line.words < 40 and _again(lines, i, start))
    if line.kind is Kind.SHORT:
        return ends_like_sentence(line.text) and line.words >= 2
    if line.kind is Kind.HEADLINE and not line.repeated:
        before = i > start and lines[i - 1].kind is Kind.HEADLINE
        after = i + 1 < end and lines[i + 1].kind in (Kind.PROSE, Kind.ITEM)
        return after and not before
    return False


def _again(lines: Sequence[Line], i: int, start: int) -> bool:
    return any(fold(lines[j].text) == fold(lines[i].text) for j in range(start, i))


def _date(lines: Sequence[Line], title_at: int | None, start: int, end: int) -> str | None:
    """The date shown nearest to the title; without one, nothing is guessed from the prose."""
    origin = start if title_at is None else title_at
    near = list(range(max(0, origin - _FAR), min(len(lines), max(start, origin) + _FAR)))
    near += list(range(max(0, end - 3), min(len(lines), end + 4)))
    dated = [i for i in dict.fromkeys(near) if lines[i].kind is Kind.DATE]
    for i in sorted(dated, key=lambda i: (abs(i - origin), i < origin)):
        if found := find_date(lines[i].text):
            return found
    return None


def _authors(lines: Sequence[Line], title_at: int | None, start: int, end: int) -> tuple[str, ...]:
    """Who signed: a byline near the title, or a name alone right after the body."""
    head = range(max(0, start - _FAR if title_at is None else title_at), min(start + 3, end))
    tail = range(max(start, end - 2), min(len(lines), end + 3))
    for i in (*tail, *head):
        if lines[i].kind is Kind.BYLINE and (name := byline_name(lines[i].text)):
            return (name,)
    for i in tail:
        line = lines[i]
        if line.kind is Kind.BOUNDARY:
            break
        if line.kind in (Kind.SHORT, Kind.HEADLINE) and is_name(line.text) and not line.repeated:
            return (line.text,)
    return ()
