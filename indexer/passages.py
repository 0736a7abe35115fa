"""An article → passages that each get an embedding: whole sentences, near one length."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from search.records import Article, Passage
from search.text.agencies import is_agency_line
from search.text.sentences import sentences

CountTokens = Callable[[Sequence[str]], list[int]]

_RESERVED = 8
"""Tokens kept free: the encoder's prefix and special tokens, and the break after the title."""

_LONGEST_TITLE = 200
"""Characters of a title that go before each passage; real headlines are shorter."""

_OPENING_TOKENS = 80
"""Wished length of an article's only passage: a lead has 40 to 60 in either language."""

_OPENING_CHARS = 1_000
"""Characters that surely hold them, and cost little to cut into sentences."""

_SHORTEST_LIMIT = 16  # tokens left for text even under an endless title

_CLAUSE = re.compile(r"(?<=[;:,])\s+|\s+(?=[–—(])")


@dataclass(frozen=True, slots=True)
class _Unit:
    """A piece of text that stays whole: a sentence, or a part of one that is too long."""

    start: int
    end: int
    tokens: int
    paragraph: int


def split(
    article: Article, *, count_tokens: CountTokens, max_tokens: int, target_tokens: int = 200
) -> tuple[Passage, ...]:
    """Cut an article's body into passages.

    Paragraphs are put together up to the target; a longer one is cut between sentences; only a
    sentence beyond the limit is cut inside, at a clause, else between words, else anywhere.

    Args:
        count_tokens: The encoder's count, without prefix and special tokens.
        max_tokens: The encoder's longest input. ``passage_text`` of every passage fits into it.
        target_tokens: Wished length of a passage, without its title.

    Returns:
        Spans in order, not overlapping, none blank; together they hold all but white space.
    """
    body = article.body
    spans = [
        (number, span)
        for number, (start, end) in enumerate(_paragraphs(body))
        for span in sentences(body, start, end)
    ]
    title, *counts = count_tokens(
        [_title_context(article), *(body[start:end] for _, (start, end) in spans)]
    )
    limit = max(_SHORTEST_LIMIT, max_tokens - title - _RESERVED)
    target = min(target_tokens, limit)
    units: list[_Unit] = []
    for (paragraph, (start, end)), tokens in zip(spans, counts, strict=True):
        unit = _Unit(start, end, tokens, paragraph)
        units += [unit] if tokens <= limit else _parts(body, unit, limit, count_tokens)
    units = _with_agency_lines(body, units)
    return tuple(
        Passage(position, group[0].start, group[-1].end)
        for position, group in enumerate(_packed(units, target, limit))
    )


def opening(
    article: Article, *, count_tokens: CountTokens, max_tokens: int
) -> tuple[tuple[Passage, ...], bool]:
    """Cut one passage from the beginning: the lead, with first paragraphs where it is short.

    Returns:
        The passage (none for an article without text), and whether it is all that ``split`` gives.
    """
    body = article.body
    beginning = replace(article, lead="", text=body[:_OPENING_CHARS], captions=())
    first = split(
        beginning,
        count_tokens=count_tokens,
        max_tokens=max_tokens,
        target_tokens=_OPENING_TOKENS,
    )[:1]
    complete = not first or not body[first[0].end :].strip()
    return first, complete


def passage_text(article: Article, passage: Passage) -> str:
    """Make the text that is embedded for a passage: the article's title, a line break, the span."""
    span = article.body[passage.start : passage.end]
    title = _title_context(article)
    return f"{title}\n{span}" if title else span


def _title_context(article: Article) -> str:
    title = " ".join(article.title.split())
    if len(title) <= _LONGEST_TITLE:
        return title
    return title[:_LONGEST_TITLE].rsplit(" ", 1)[0]


def _paragraphs(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for line in text.split("\n"):
        if line.strip():
            yield start, start + len(line)
        start += len(line) + 1


def _with_agency_lines(body: str, units: Sequence[_Unit]) -> list[_Unit]:
    """Put lines that only name an agency into the paragraph after them, or the last one before."""
    kept = list(units)
    for place in reversed(range(len(kept))):
        unit = kept[place]
        if len(kept) > 1 and is_agency_line(body[unit.start : unit.end]):
            beside = kept[place + 1 if place + 1 < len(kept) else place - 1]
            kept[place] = replace(unit, paragraph=beside.paragraph)
    return kept


def _packed(units: Sequence[_Unit], target: int, limit: int) -> Iterator[list[_Unit]]:
    """Group neighbouring units into passages near the target, broken at paragraphs if possible."""
    group: list[_Unit] = []
    size = 0
    most = min(limit, target + target // 4)
    for paragraph in _by_paragraph(units):
        tokens = sum(unit.tokens for unit in paragraph)
        if size + tokens <= most:
            group, size = group + paragraph, size + tokens
            continue
        if group and (size >= target // 2 or tokens <= most):
            yield group
            group, size = [], 0
        # Even parts instead of full ones and a remainder.
        left = size + tokens
        parts = max(1, -(-left // target))
        for unit in paragraph:
            over = size + unit.tokens > most or (
                parts > 1 and size + unit.tokens / 2 > left / parts
            )
            if group and over:
                yield group
                left, parts = left - size, max(1, parts - 1)
                group, size = [], 0
            group, size = [*group, unit], size + unit.tokens
    if group:
        yield group


def _by_paragraph(units: Sequence[_Unit]) -> Iterator[list[_Unit]]:
    group: list[_Unit] = []
    for unit in units:
        if group and unit.paragraph != group[0].paragraph:
            yield group
            group = []
        group.append(unit)
    if group:
        yield group


def _parts(body: str, unit: _Unit, limit: int, count_tokens: CountTokens) -> list[_Unit]:
    """Cut a sentence beyond the limit into pieces within it."""
    for pattern in (_CLAUSE, re.compile(r"\s+")):
        cuts = [unit.start]
        pieces: list[tuple[int, int]] = []
        for gap in pattern.finditer(body, unit.start, unit.end):
            pieces.append((cuts[-1], gap.start()))
            cuts.append(gap.end())
        pieces.append((cuts[-1], unit.end))
        pieces = [piece for piece in pieces if piece[0] < piece[1]]
        if len(pieces) > 1:
            counts = count_tokens([body[start:end] for start, end in pieces])
            found: list[_Unit] = []
            for (start, end), tokens in zip(pieces, counts, strict=True):
                piece = _Unit(start, end, tokens, unit.paragraph)
                if tokens > limit:
                    found += _parts(body, piece, limit, count_tokens)
                elif found and found[-1].tokens + tokens <= limit:
                    last = found.pop()
                    found.append(_Unit(last.start, end, last.tokens + tokens, unit.paragraph))
                else:
                    found.append(piece)
            return found
    # One word without a gap: halves, until they fit.
    middle = (unit.start + unit.end) // 2
    if middle == unit.start:
        return [unit]
    halves = [(unit.start, middle), (middle, unit.end)]
    counts = count_tokens([body[start:end] for start, end in halves])
    return [
        part
        for (start, end), tokens in zip(halves, counts, strict=True)
        for half in [_Unit(start, end, tokens, unit.paragraph)]
        for part in ([half] if tokens <= limit else _parts(body, half, limit, count_tokens))
    ]
