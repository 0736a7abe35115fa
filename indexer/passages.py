"""An article → the passages that are embedded: whole sentences, packed up to a length."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from search.records import Article, Passage

TARGET_TOKENS = 200
"""About what a passage holds; longer ones blur, shorter ones lose their context."""

_TITLE_CHARS = 300
_RESERVE_TOKENS = 12  # prefix, special tokens, the line break behind the title

CountTokens = Callable[[Sequence[str]], list[int]]
Span = tuple[int, int]

# A sentence ends at . ! ? … (and closing quotes) before a space and something that can begin one.
_SENTENCE_END = re.compile(r"""[.!?…]+["”’')\]]*\s+(?=["“‘'(\[–-]*[^\W_a-zà-ỹđ])""")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\"“])(?:"
    r"Mr|Mrs|Ms|Dr|Prof|St|Gen|Col|Lt|Sgt|Sen|Rep|Gov|Jr|Sr|No|vs|Inc|Ltd|Co|Corp|Jan|Feb|Mar"
    r"|Apr|Aug|Sept|Sep|Oct|Nov|Dec|Fig|approx|TP|Tp|T[SP]|GS|PGS|ThS|BS|KS|Tr|Q|P|H|TX|TT|ĐH|Th"
    r"|[A-ZĐ]|(?:[A-ZĐ]\.)+[A-ZĐ]|(?:GS|PGS)\.TS"
    r")\.\s+$"
)
_CLAUSE_END = re.compile(r"[,;:–—]\s+|\s+")


def split(
    article: Article,
    *,
    count_tokens: CountTokens,
    max_tokens: int,
    target_tokens: int = TARGET_TOKENS,
) -> tuple[Passage, ...]:
    """Cut ``article.body`` into passages that follow paragraphs and sentences.

    Small neighbours are packed together up to the target. Nothing is left out, no passage is
    empty, and with the title before it none exceeds the encoder's limit.

    Args:
        count_tokens: Of an encoder: tokens of each text.
        max_tokens: The encoder's limit.
    """
    [title_tokens] = count_tokens([article.title[:_TITLE_CHARS]])
    limit = max(16, max_tokens - title_tokens - _RESERVE_TOKENS)
    target = min(target_tokens, limit)
    paragraphs = [
        list(_within(article.body, sentences, target, limit, count_tokens))
        for sentences in map(list, _paragraphs(article.body))
    ]
    spans = _pack([unit for unit in paragraphs if unit], target)
    return tuple(Passage(i, start, end) for i, (start, end) in enumerate(spans))


def passage_text(article: Article, passage: Passage) -> str:
    """What is embedded: the passage under the article's title."""
    text = article.body[passage.start : passage.end]
    return f"{article.title[:_TITLE_CHARS]}\n{text}" if article.title else text


def sentences(text: str, start: int = 0, end: int | None = None) -> Iterator[Span]:
    """Spans of the sentences between two offsets, white space left out."""
    end = len(text) if end is None else end
    begin = start
    for match in _SENTENCE_END.finditer(text, start, end):
        if _ABBREVIATION.search(text[max(begin, match.end() - 12) : match.end()]):
            continue
        yield from _trimmed(text, begin, match.end())
        begin = match.end()
    yield from _trimmed(text, begin, end)


def _paragraphs(body: str) -> Iterator[Iterator[Span]]:
    start = 0
    for line in body.splitlines(keepends=True):
        if line.strip():
            yield sentences(body, start, start + len(line))
        start += len(line)


def _within(
    body: str, units: Sequence[Span], target: int, limit: int, count_tokens: CountTokens
) -> Iterator[tuple[Span, int]]:
    """(span, tokens) of the sentences of one paragraph; what is over the limit is cut."""
    counts = count_tokens([body[start:end] for start, end in units])
    for (start, end), count in zip(units, counts, strict=True):
        if count <= limit:
            yield (start, end), count
        else:
            pieces = list(_cut(body, start, end, target, count))
            piece_counts = count_tokens([body[a:b] for a, b in pieces])
            for (a, b), piece_count in zip(pieces, piece_counts, strict=True):
                if piece_count <= limit:
                    yield (a, b), piece_count
                else:  # denser than the rest: one character gives at most a few tokens
                    step = max(1, limit // 4)
                    yield from (((c, min(c + step, b)), limit) for c in range(a, b, step))


def _cut(body: str, start: int, end: int, target: int, count: int) -> Iterator[Span]:
    """Pieces of an over-long sentence of about the target, at clause marks or spaces if any."""
    chars = max(16, (end - start) * target // count)
    while end - start > chars:
        cuts = [m.end() for m in _CLAUSE_END.finditer(body, start + chars // 2, start + chars)]
        stop = cuts[-1] if cuts else start + chars
        yield from _trimmed(body, start, stop)
        start = stop
    yield from _trimmed(body, start, end)


def _pack(paragraphs: Sequence[Sequence[tuple[Span, int]]], target: int) -> Iterator[Span]:
    """Join neighbours while they fit; a paragraph that fits a passage of its own is not torn."""
    begin = end = None
    used = 0
    for paragraph in paragraphs:
        whole = sum(count for _, count in paragraph)
        tear = whole > target
        if begin is not None and not tear and used + whole > target:
            yield begin, end or begin
            begin, used = None, 0
        for (start, stop), count in paragraph:
            if begin is not None and used + count > target:
                yield begin, end or begin
                begin, used = None, 0
            if begin is None:
                begin = start
            end = stop
            used += count
    if begin is not None:
        yield begin, end or begin


def _trimmed(text: str, start: int, end: int) -> Iterator[Span]:
    inner = text[start:end]
    left = len(inner) - len(inner.lstrip())
    right = len(inner.rstrip())
    if right > left:
        yield start + left, start + right
