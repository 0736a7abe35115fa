"""What stands around the body of a story on a page: title, lead, date, byline, section, captions.

All are found by their place relative to the body, and to each other: a headline is followed by
its date or byline; captions and promotions between that and the body are not.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import takewhile

from indexer.pages.bylines import bare_names, is_agency
from indexer.pages.lines import Kind, Line, caption_text, sentence_ends, telling_words
from search.text.languages import exact_tokens, fold

_HEAD = 60
"""Lines above the body in which the title is looked for: portraits, shares, players between."""

_FAR = 160
"""The same for a headline that the page repeats or dates: pay walls stand below it."""

_NEAR = 15
"""Lines around title and body in which a date or a byline belongs to the article."""

_BREADCRUMB = re.compile(r"\s[/›»>]\s")


def find_title(lines: Sequence[Line], start: int, end: int) -> int | None:
    """Find the line above the body (or among its first) that reads like its headline.

    Its words come up in the body; it is neither very short nor very long; a date, a byline or a
    lead follows; menus, breadcrumbs or the window's title may have it once more.
    """
    body = {
        token
        for line in lines[start:end]
        if line.kind in (Kind.PROSE, Kind.ITEM)
        for token in map(fold, exact_tokens(line.text))
    }
    scores = {
        i: score
        for i in range(max(0, start - _FAR), min(start + 8, end))
        if (score := _title_score(lines, i, start, body)) > 0
    }
    if not scores:
        above = [
            i
            for i in range(max(0, start - _NEAR), start)
            if lines[i].headline and len(_BREADCRUMB.findall(lines[i].text)) < 2
        ]
        dated = [i for i in above if _lead_below(lines, i) or _signs_below(lines, i)]
        short = [i for i in range(max(0, start - _NEAR), start) if _short_headline(lines, i)]
        return next(iter(dated or short or above), None)
    signed = [i for i in scores if lines[i].words >= 6 and _signs_below(lines, i)]
    for i in scores:
        # What stands under a dated headline is its caption, or promotes another story.
        if i not in signed and any(above < i for above in signed):
            scores[i] -= 0.3
    best = max(scores, key=scores.__getitem__)
    # Standfirsts share more words with the body, and stand nearer to the date, than the headline
    # above them.
    while _heads(lines, best - 1, best, scores):
        best -= 1
    return best


def _heads(lines: Sequence[Line], above: int, below: int, scores: dict[int, float]) -> bool:
    """Tell whether a line is the headline over a standfirst, not a kicker over the headline."""
    if above not in scores or lines[above].words < 5 or not lines[above].headline:
        return False
    if lines[below].full and lines[below].words >= 8:
        return scores[above] > 0.5 * scores[below]
    if lines[above].words < lines[below].words:
        return scores[above] > 0.5 * scores[below]
    return scores[above] > 0.6 * scores[below] and lines[above].words >= 7


def _title_score(lines: Sequence[Line], i: int, start: int, body: set[str]) -> float:
    """Measure how much a line looks like the headline of the body's story; 0 if it cannot be."""
    line = lines[i]
    if line.kind is Kind.PROSE:
        candidate = line.words <= 30 and (i == 0 or line.copies > 1 or not line.full)
        candidate = candidate and sentence_ends(line.text) < 2
    else:
        candidate = line.kind is Kind.SHORT and 3 <= line.words <= 35
        candidate = candidate and len(_BREADCRUMB.findall(line.text)) < 2
    if not candidate or len(line.text) < 10:
        return 0.0
    signs = _signs_below(lines, i)
    if start - i > _HEAD and not (signs or line.copies > 1):
        return 0.0
    words = telling_words(line.text)
    shared = sum(word in body for word in words) / max(1, len(words))
    if shared < 0.34:
        return 0.0
    if i > start and not (line.copies > 1 or _dated_below(lines, i)):
        return 0.0  # a sub-heading
    score = shared * min(len(words), 7) / 7 * math.exp(-abs(start - i) / 60)
    score += 0.4 if signs else 0.15 * _lead_below(lines, i)
    score += 0.12 * (line.copies > 1) + 0.2 * _ends_breadcrumb(lines, i)
    score += 0.2 * (i == 0) + 0.2 * (i > 0 and _named_by_window(lines[0], line))
    score -= 0.25 * (line.kind is Kind.PROSE) + 0.2 * (i > start)
    score -= 0.3 * line.text.endswith((".", ":", ";"))
    return score


def _short_headline(lines: Sequence[Line], i: int) -> bool:
    """Tell whether a few words stand where headlines do: over a standfirst and a date."""
    line, below = lines[i], lines[i + 1]
    leads = below.kind in (Kind.DATE, Kind.BYLINE) or (below.full and below.words >= 8)
    named = line.copies == 1 and 2 <= line.words <= 8 and not any(c in "/|›>" for c in line.text)
    return line.kind is Kind.SHORT and named and leads and _signs_below(lines, i)


def _dated_below(lines: Sequence[Line], i: int) -> bool:
    return any(line.kind in (Kind.DATE, Kind.BYLINE) for line in lines[i + 1 : i + 3])


def _signs_below(lines: Sequence[Line], i: int) -> bool:
    """Tell whether a date or byline follows, after standfirsts and a bare name at most."""
    for line in lines[i + 1 : i + 6]:
        if line.kind in (Kind.DATE, Kind.BYLINE):
            return True
        if line.kind in (Kind.LISTING, Kind.LINK, Kind.END) or line.words > 60:
            return False
    return False


def _lead_below(lines: Sequence[Line], i: int) -> bool:
    """Tell whether prose follows that is short enough for a lead."""
    for line in lines[i + 1 : i + 5]:
        if line.kind is Kind.PROSE:
            return line.words <= 80
        if line.kind in (Kind.LISTING, Kind.LINK, Kind.END):
            return False
    return False


def _ends_breadcrumb(lines: Sequence[Line], i: int) -> bool:
    """Tell whether a line just above ends with this one: "Home Science Ship maps …"."""
    title = lines[i].folded
    above = lines[max(0, i - 6) : i]
    return lines[i].words >= 4 and any(
        line.folded.endswith(title) and line.folded != title for line in above
    )


def _named_by_window(window: Line, line: Line) -> bool:
    """Tell whether the page's first line is the headline with the site's name after it."""
    return line.words >= 4 and window.folded.startswith(line.folded)


def find_lead(lines: Sequence[Line], first: int, start: int, end: int) -> int | None:
    """Find the first prose under the title, if something sets it apart from the next paragraphs.

    Also a standfirst without a full stop, directly under the title.
    """
    if first > 0 and first < end and lines[first].headline and lines[first].words >= 9:
        return first if lines[first].copies == 1 else None
    prose = [
        i
        for i in range(min(first, start), end)
        if lines[i].kind is Kind.PROSE and (lines[i].full or i in (first, start))
    ][:2]
    if len(prose) < 2 or lines[prose[0]].words > 100:
        return None
    apart = {lines[i].kind for i in range(prose[0] + 1, prose[1])}
    if not apart & {Kind.DATE, Kind.FILE, Kind.NOISE, Kind.BYLINE, Kind.CAPTION}:
        return None
    # A picture, or a button, far down in a story divides nothing: the lead comes at once.
    return prose[0] if prose[0] - first <= _NEAR else None


def find_captions(lines: Sequence[Line], first: int, start: int, end: int) -> tuple[str, ...]:
    """List what pictures under the title, in the body and right after it show."""
    found = []
    for i in range(min(first, start), min(len(lines), end + 6)):
        line = lines[i]
        if i >= end and line.kind not in (Kind.FILE, Kind.CAPTION):
            break
        if line.kind is Kind.CAPTION:
            found.append(caption_text(line.text))
    return tuple(dict.fromkeys(filter(None, found)))


def find_date(lines: Sequence[Line], title: int | None, start: int, end: int) -> str | None:
    """Find the date that is shown with the title, else right after the body. None is guessed."""
    origin = start if title is None else title
    below = range(origin, min(len(lines), max(start, origin) + 6))
    above = range(origin - 1, max(-1, origin - 6), -1)
    after = range(end, min(len(lines), end + 4))
    for place in (below, above, after):
        for i in place:
            if lines[i].kind is Kind.END and place is not below:
                break
            if lines[i].kind is Kind.LISTING and place is after:
                break
            if (date := lines[i].date) is not None:
                return date
    return None


def find_authors(
    lines: Sequence[Line], first: int, start: int, end: int, lang: str | None
) -> tuple[str, ...]:
    """Find who signed: under the title, or right after the body."""
    head = range(max(0, first - 4), min(start + 3, end))
    at_top = [name for i in head if lines[i].kind is Kind.BYLINE for name in lines[i].names]
    at_top = at_top or [name for i in head for name in lines[i].names]
    if not at_top:
        at_top = _names_beside_date(lines, first, start)
    return tuple(dict.fromkeys(at_top or _names_after(lines, start, end, lang)))


def _names_after(lines: Sequence[Line], start: int, end: int, lang: str | None) -> list[str]:
    found: list[str] = []
    for i in range(max(start, end - 2), min(len(lines), end + 6)):
        line = lines[i]
        if line.kind in (Kind.LISTING, Kind.END, Kind.LINK):
            break
        if line.names:
            found += line.names
        elif line.kind is Kind.SHORT:
            if lang in (None, "vi"):
                found += bare_names(line.text, vietnamese_only=True)
        elif i >= end and line.kind is Kind.PROSE:
            break
    return found


def _names_beside_date(lines: Sequence[Line], first: int, start: int) -> list[str]:
    """Read bare names within two lines of the date between title and body.

    A name that the page has above the title too is a label of its menu.
    """
    # The body may begin with the lead, and the date stand under it.
    prose = [i for i in range(first, len(lines)) if lines[i].kind is Kind.PROSE][:2]
    end = max(start, min([*prose[1:], start + 6, len(lines)]))
    dates = [i for i in range(max(0, first - 4), end) if lines[i].kind is Kind.DATE]
    head = {line.folded for line in lines[: max(0, first - 1)]}
    found: list[str] = []
    for i in range(first, end):
        line = lines[i]
        if line.kind is not Kind.SHORT or line.folded in head or is_agency(line.text):
            continue
        if any(abs(i - date) <= 2 for date in dates):
            found += bare_names(line.text)
        elif any(abs(i - date) <= 6 for date in dates):
            found += bare_names(line.text, vietnamese_only=True)
    return found


def notes_author(lines: Sequence[Line], i: int, authors: Sequence[str]) -> bool:
    """Tell whether a line under the byline says what its author did: "Ann Lee reported …"."""
    below = i > 0 and lines[i - 1].kind is Kind.BYLINE
    return below and any(
        re.match(rf"{re.escape(name)} [a-z]", lines[i].text) is not None for name in authors
    )


def find_section(lines: Sequence[Line], title: int | None) -> str | None:
    """Find the label right above the title, if the page has it in its menu too."""
    if title is None:
        return None
    hidden = (Kind.NOISE, Kind.DATE, Kind.BYLINE, Kind.FILE)
    above = [i for i in range(title - 1, max(-1, title - 5), -1) if lines[i].kind not in hidden]
    labels = list(takewhile(lambda i: lines[i].kind is Kind.SHORT and lines[i].words <= 4, above))
    for i in labels:
        line = lines[i]
        before = [j for j in range(i) if lines[j].folded == line.folded]
        # Where the line above was above it before, the whole menu stands there twice.
        again = any(j > 0 and lines[j - 1].folded == lines[i - 1].folded for j in before)
        if before and not again and line.copies <= 8 and not line.text.endswith((":", "!", "?")):
            return line.text
    return None
