"""Page text → the article in it: furniture away; title, lead, captions, date and byline kept.

Page text is what selecting all of a news page and copying it gives: no mark-up, and menus and lists
of other stories around the article. The article is the stretch of lines with most prose, found as
Kohlschütter, Fankhauser & Nejdl ("Boilerplate Detection using Shallow Text Features", WSDM 2010)
find text blocks by their length and density; everything else is judged by its place relative to
that stretch. Nothing here knows any particular site.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from indexer.pages.bylines import presents_author
from indexer.pages.lines import LEAST_WORDS, Kind, Line, read_lines, telling_words
from indexer.pages.prose import unwrapped
from indexer.pages.surroundings import (
    find_authors,
    find_captions,
    find_date,
    find_lead,
    find_section,
    find_title,
    notes_author,
)
from search.errors import ExtractionError
from search.text.languages import fold

_TEASER = 45
"""Most words of the sentence under a headline in a list of stories."""

_WEDGE = 5
"""Copies from which a label between paragraphs is a part of the page's frame."""

_QUOTES = "\"“”«»‘’'"

_AGO = re.compile(
    r"\b\d+ (?:min|hour|day|week|month|year|phut|gio|ngay|tuan|thang|nam)\w* (?:ago|truoc)"
)

_TALLEST_BOX = 9
"""Most lines of a list of other stories between two paragraphs."""

_IN_BOXES = frozenset({Kind.LISTING, Kind.LINK, Kind.SHORT, Kind.NOISE})
_HIDDEN_INSIDE = frozenset({Kind.NOISE, Kind.FILE, Kind.CAPTION})

_TIME_ALONE = re.compile(r"(\d{1,2}) ?[:.h] ?(\d{2})(?: ?[ap]\.?m\.?)?(?: (?:gmt|bst|utc|et))?")

_HIDDEN = frozenset({Kind.NOISE, Kind.FILE, Kind.DATE, Kind.BYLINE, Kind.CAPTION, Kind.LINK})
"""Lines that stand between paragraphs without dividing them."""

# What a line adds to a stretch that may be the body, in words of prose.
_WORTH = {
    Kind.CAPTION: -1.0,
    Kind.FILE: 0.0,
    Kind.DATE: -3.0,
    Kind.BYLINE: -1.0,
    Kind.NOISE: -3.0,
    Kind.LINK: -3.0,
    Kind.LISTING: -25.0,
}


@dataclass(frozen=True, slots=True)
class CleanedPage:
    """An article found in page text.

    Attributes:
        lead: The paragraph that sums the story up, where the page sets it apart; may be empty.
        text: Paragraphs, sub-headings and list entries, an empty line between them; without
            title, lead and captions.
        date: Published, ISO 8601; None where the page shows none.
        section: The label above the title, where the page's menu has it too.
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

    Args:
        lang: The page's language, where it is known; else it is detected where it matters.

    Raises:
        ExtractionError: There is none: too little prose, or a list of stories.
    """
    lines = read_lines(unwrapped(text))
    start, end = _body(lines)
    title = find_title(lines, start, end)
    if title is not None and title >= start:
        start = title + 1  # notices above the headline were taken for its text
    first = start if title is None else title + 1
    if first < start and not lines[start].full and _signed_below(lines, start):
        start += 1  # a promotion between headline and byline
    lead = find_lead(lines, first, start, end)
    kept = [i for i in _kept(lines, min(first, start), start, end) if i != lead]
    if not kept and lead is not None:
        kept, lead = [lead], None
    if sum(lines[i].words for i in kept) < LEAST_WORDS - 10:
        raise _too_little(lines, sum(lines[i].words for i in kept))
    authors = find_authors(lines, first, start, end, lang)
    signed = {fold(name) for name in authors}
    kept = [i for i in kept if not notes_author(lines, i, authors)] or kept
    while len(kept) > 2 and presents_author(lines[kept[-1]].text, authors):
        kept.pop()
    return CleanedPage(
        title="" if title is None else lines[title].text,
        lead="" if lead is None else lines[lead].text,
        text="\n\n".join(lines[i].text for i in kept if lines[i].folded not in signed),
        captions=find_captions(lines, first, start, end),
        date=find_date(lines, title, start, end),
        authors=authors,
        section=find_section(lines, title),
    )


def _signed_below(lines: Sequence[Line], i: int) -> bool:
    """Tell whether a byline or date stands right under a line."""
    return any(line.kind in (Kind.BYLINE, Kind.DATE) for line in lines[i + 1 : i + 3])


def _too_little(lines: Sequence[Line], words: int) -> ExtractionError:
    if sum(line.headline and line.words >= 6 for line in lines) >= 8:
        return _list_of_stories()
    return ExtractionError(
        f"no article is in this text: its longest passage has {words} words of running text;"
        " save the page of one story, with all of its text"
    )


def _list_of_stories() -> ExtractionError:
    return ExtractionError(
        "this is a list of stories, not one: headlines and single sentences alternate;"
        " save the page of each story"
    )


# The body ---------------------------------------------------------------------------------------


def _body(lines: Sequence[Line]) -> tuple[int, int]:
    """Find the stretch of lines with the highest sum of worth (Kadane's maximum subarray).

    Raises:
        ExtractionError: No stretch holds enough prose, or it is a list of stories.
    """
    best, best_start, best_end = 0.0, 0, 0
    total, begin, after_comments = 0.0, 0, False
    for i, worth in enumerate(_worths(lines)):
        if lines[i].kind is Kind.END:
            # What follows is another text. Comments can be many times as long as the story.
            after_comments = after_comments or best >= 2 * LEAST_WORDS
            total, begin = 0.0, i + 1
            continue
        total += worth * (0.03 if after_comments else 1.0)
        if total <= 0:
            total, begin = 0.0, i + 1
        elif total > best:
            best, best_start, best_end = total, begin, i + 1
    _refuse_list(lines[best_start:best_end])
    if not _told_live(lines):
        best_end = _without_last_teasers(lines, best_start, best_end)
    best_end = _below_box(lines, best_end)
    words = sum(
        line.words for line in lines[best_start:best_end] if line.kind in (Kind.PROSE, Kind.ITEM)
    )
    if words < LEAST_WORDS:
        raise _too_little(lines, words)
    return best_start, best_end


def _told_live(lines: Sequence[Line]) -> bool:
    """Tell whether the page is a live blog: times of day alone on lines, in order, over prose."""
    times = [
        int(found[1]) * 60 + int(found[2])
        for i, line in enumerate(lines)
        if (found := _TIME_ALONE.fullmatch(line.folded))
        and any(below.kind is Kind.PROSE for below in lines[i + 1 : i + 4])
    ]
    return len(times) >= 3 and times in (sorted(times), sorted(times, reverse=True))


def _below_box(lines: Sequence[Line], end: int) -> int:
    """Find the end of a body whose last paragraphs stand below a box of other stories.

    Other stories come as headlines, or as a headline and a sentence each: two paragraphs one after
    the other are the body's own.
    """
    box = list(takewhile(lambda line: line.kind in _IN_BOXES, lines[end : end + _TALLEST_BOX]))
    kinds = [line.kind for line in box]
    if Kind.LISTING not in kinds or not any(line.headline for line in box):
        return end
    below = lines[end + len(box) :]
    run = list(takewhile(lambda line: line.kind in _HIDDEN_INSIDE or _told(line), below))
    return end + len(box) + len(run) if sum(map(_told, run)) >= 2 else end


def _told(line: Line) -> bool:
    """Tell whether a line is a sentence of prose that stands on the page once."""
    return line.kind in (Kind.PROSE, Kind.ITEM) and line.full and line.copies == 1


def _without_last_teasers(lines: Sequence[Line], start: int, end: int) -> int:
    """Find the end of the body without a list of other stories that nothing announces.

    Its entries are a headline and one sentence. One entry is enough where the page repeats the
    headline; else two, under headlines that are long for sub-headings.
    """
    whole, pairs, sure = end, 0, False
    while end - start > 4:
        above = end - 2
        while above > start and lines[above].kind in _HIDDEN:
            above -= 1
        last, headline = lines[end - 1], lines[above]
        if last.kind is not Kind.PROSE or last.words >= _TEASER or not headline.headline:
            break
        if headline.words < 7 and headline.copies == 1:
            break
        end, pairs, sure = above, pairs + 1, sure or headline.copies > 1
        while end > start and lines[end - 1].kind in (*_HIDDEN, Kind.LISTING):
            end -= 1
    following = lines[end - 1].kind in (Kind.PROSE, Kind.ITEM) if end > start else False
    if pairs == 1 and sure:  # the page may point to another story just above the last paragraph
        sure = _sums_up(lines[whole - 1], lines[end:whole])
    return end if sure or (pairs >= 2 and following and end - start >= 5) else whole


def _sums_up(last: Line, before: Sequence[Line]) -> bool:
    """Tell whether a paragraph has two words in common with the headline above it."""
    headlines = {word for line in before if line.headline for word in telling_words(line.text)}
    return len(headlines.intersection(telling_words(last.text))) >= 2


def _worths(lines: Sequence[Line]) -> Iterator[float]:
    """Yield each line's worth; prose under the headlines of a list of other stories has none."""
    listing, labels, told, live = False, 0, 0, _told_live(lines)
    for i, line in enumerate(lines):
        labels = labels + 1 if line.kind is Kind.SHORT and line.words <= 4 else 0
        if line.kind is Kind.LISTING or (line.kind is Kind.END and told):
            listing = True
        elif listing:
            listing = not _ends_list(lines, i, told, labels)
        if line.kind is Kind.PROSE:
            if line.copies > 1:  # a teaser, a notice; or the whole story stands there twice
                yield -5.0 if line.words < _TEASER else 0.4 * min(line.words, 60)
            elif listing or (not live and _other_story(lines, i, told)):
                yield -8.0
            else:
                told += line.words
                yield float(min(line.words, 60))
        elif line.kind is Kind.ITEM:
            listing = listing and not _spoken(lines, i)
            spoken = line.full and line.words >= 20
            yield -3.0 if listing else min(line.words, 60) * (1.0 if spoken else 0.5)
        elif line.kind is Kind.SHORT:
            wedged = line.copies >= _WEDGE and line.words <= 4 and _between_prose(lines, i)
            yield -0.5 if wedged else _short_worth(line) * (1.5 if listing else 1.0)
        else:
            yield _WORTH.get(line.kind, 0.0)


def _ends_list(lines: Sequence[Line], i: int, told: int, labels: int) -> bool:
    """Tell whether a line is no part of a list of other stories that began above it.

    Args:
        told: Words of the story so far.
        labels: How many labels stand one under the other here: of a menu, if they are many.
    """
    if lines[i].kind in (Kind.DATE, Kind.BYLINE) and not told:
        return True  # lists above a story end where its head begins
    return labels > 2 or (lines[i].kind is Kind.PROSE and not _teaser(lines, i))


def _other_story(lines: Sequence[Line], i: int, told: int) -> bool:
    """Tell whether prose sums up another story, after so many words of this one."""
    return _linked_teaser(lines, i) or (told > 150 and _dated_teaser(lines, i))


def _between_prose(lines: Sequence[Line], i: int) -> bool:
    """Tell whether prose stands before and after a label that may be repeated in between."""
    label = lines[i].folded
    steps = (range(i - 1, max(-1, i - 4), -1), range(i + 1, min(len(lines), i + 4)))
    around = (next((j for j in step if lines[j].folded != label), None) for step in steps)
    return all(j is not None and lines[j].kind is Kind.PROSE for j in around)


def _short_worth(line: Line) -> float:
    if line.full and line.words >= 2 and line.copies == 1:
        return 1.0 if line.words > 2 and not line.headline else -1.0  # a short paragraph
    if line.copies > 1:
        return -8.0
    return -7.0 if line.words >= 5 else -4.0


def _teaser(lines: Sequence[Line], i: int) -> bool:
    """Tell whether prose may sum up another story: short, and no prose comes after it."""
    if lines[i].words >= _TEASER:
        return False
    following = (lines[j] for j in range(i + 1, len(lines)))
    seen = next((line for line in following if line.kind not in _HIDDEN), None)
    return seen is None or seen.kind is not Kind.PROSE


def _spoken(lines: Sequence[Line], i: int) -> bool:
    """Tell whether an entry is what somebody says in an interview: at length, in turns."""
    turns = [line for line in lines[i : i + 2] if line.kind is Kind.ITEM and line.full]
    return lines[i].full and any(line.words >= 20 for line in turns)


def _linked_teaser(lines: Sequence[Line], i: int) -> bool:
    """Tell whether prose sums up a story that the line above points to ("Watch: …")."""
    if i == 0 or lines[i - 1].kind is not Kind.LINK or not _teaser(lines, i):
        return False
    return len(set(telling_words(lines[i - 1].text)) & set(telling_words(lines[i].text))) >= 2


def _dated_teaser(lines: Sequence[Line], i: int) -> bool:
    """Tell whether prose stands with a headline and a date of its own, as in a list."""
    above = list(
        takewhile(lambda line: line.kind is not Kind.PROSE, reversed(lines[max(0, i - 4) : i]))
    )
    dated = any(line.kind is Kind.DATE or _AGO.search(line.folded) for line in above)
    return lines[i].words < 90 and dated and any(line.headline for line in above)


def _refuse_list(body: Sequence[Line]) -> None:
    """Raise where headlines and single sentences alternate, as they do on a section's page.

    Raises:
        ExtractionError: It is a list of stories.
    """
    seen = [line for line in body if line.kind not in _HIDDEN]
    prose = [i for i, line in enumerate(seen) if line.kind is Kind.PROSE]
    under = [i for i in prose if i and seen[i - 1].headline]
    if len(prose) < 4 or len(under) < 0.55 * len(prose):
        return
    together = sum(1 for i in prose if i and seen[i - 1].kind is Kind.PROSE)
    if together >= 2 and len(under) < 0.75 * len(prose):
        return  # a story with a list after it
    headline_words = sum(seen[i - 1].words for i in under) / len(under)
    prose_words = sum(seen[i].words for i in prose) / len(prose)
    if headline_words >= 6.5 and prose_words <= _TEASER:
        raise _list_of_stories()


def _kept(lines: Sequence[Line], first: int, start: int, end: int) -> list[int]:
    """Choose the lines that are the article's text."""
    # Above the body a line without its full stop promotes something.
    kept = [
        i
        for i in range(first, start)
        if lines[i].kind is Kind.PROSE and lines[i].copies == 1 and (lines[i].full or i == first)
    ]
    live, listing, i = _told_live(lines), False, start
    while i < end:
        kind, stop = lines[i].kind, i + 1
        if kind is Kind.LISTING:
            listing = True
        elif kind is Kind.PROSE:
            listing = listing and _teaser(lines, i)
            other = listing or (not live and _linked_teaser(lines, i))
            repeated = _said_before(lines, kept, i) or _pulled(lines, start, end, i)
            if not other and not repeated:
                kept.append(i)
        elif kind is Kind.ITEM:
            listing = listing and not _spoken(lines, i)
            if not listing:
                kept.append(i)
        elif kind is Kind.SHORT:
            while stop < end and lines[stop].kind is Kind.SHORT:
                stop += 1
            if listing:
                kept += _heading_after_list(lines, i, stop, end)
            else:
                found = _kept_short(lines, i, stop, end)
                kept += (j for j in found if not _pulled(lines, start, end, j))
        i = stop
    return kept


def _heading_after_list(lines: Sequence[Line], i: int, stop: int, end: int) -> list[int]:
    """Choose the last of the short lines of a list, where it heads what follows: or none."""
    last = stop - 1
    heads = (
        i < last
        and stop < end
        and _sub_heading(lines, last, end)
        and lines[last].words < min(line.words for line in lines[i:last])
        and not _spoken(lines, stop)
    )
    return [last] if heads else []


def _said_before(lines: Sequence[Line], kept: Sequence[int], i: int) -> bool:
    """Tell whether the text already has a line that the page repeats (pull quotes, players)."""
    return lines[i].copies > 1 and any(lines[j].folded == lines[i].folded for j in kept)


def _pulled(lines: Sequence[Line], start: int, end: int, i: int) -> bool:
    """Tell whether a line is a quotation taken out of another paragraph of the body."""
    said = lines[i].folded.strip(_QUOTES + ".,! ")
    quoted = lines[i].text[0] in _QUOTES and lines[i].text.rstrip(".,!")[-1:] in _QUOTES
    if not quoted or lines[i].words > 45 or len(said) < 25:
        return False
    near = range(max(start, i - 12), min(end, i + 12))
    return any(j != i and lines[j].copies == 1 and said in lines[j].folded for j in near)


def _kept_short(lines: Sequence[Line], i: int, stop: int, end: int) -> list[int]:
    """Choose which of neighbouring short lines belong to the text.

    Sub-headings, short paragraphs and lists without bullets do; headlines of other stories and
    labels of the page do not.
    """
    run = [j for j in range(i, stop) if lines[j].copies == 1 or lines[j].full]
    if i > 0 and lines[i - 1].kind in (Kind.PROSE, Kind.ITEM) and lines[i - 1].text.endswith(":"):
        return run
    full = [j for j in run if lines[j].full and lines[j].words >= 2]
    open_ended = [j for j in run if j not in full]
    if len(open_ended) > 2:
        listed = sum(
            not lines[j].text[:1].isupper() or any(c.isdigit() for c in lines[j].text)
            for j in open_ended
        )
        return run if listed >= 0.5 * len(open_ended) else full
    if len(open_ended) == 2 and all(lines[j].headline and lines[j].words >= 6 for j in open_ended):
        return full  # other stories: a sub-heading stands alone
    heading = [j for j in open_ended if j == stop - 1 and _sub_heading(lines, j, end)]
    return sorted(full + heading)


def _sub_heading(lines: Sequence[Line], i: int, end: int) -> bool:
    """Tell whether a short line heads the prose that follows it."""
    if lines[i].copies > 1 or lines[i].words > 25 or not any(c.isalpha() for c in lines[i].text):
        return False
    for j in range(i + 1, end):
        if lines[j].kind not in (Kind.FILE, Kind.CAPTION):
            return lines[j].kind in (Kind.PROSE, Kind.ITEM)
    return False
