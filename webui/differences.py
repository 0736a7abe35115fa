"""Two tellings of one story side by side: what they say, with what only one of them says marked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from markupsafe import Markup, escape

from search.records import Article
from search.text.comparison import KINDS, Kind, Statement, compare
from webui.i18n import interface

KIND_NAMES: dict[Kind, LazyString] = {
    "number": _l("Number"),
    "date": _l("Date"),
    "name": _l("Name"),
}
_ONLY_HERE = {
    "vi": _l("only in the Vietnamese story"),
    "en": _l("only in the English story"),
}


@dataclass(frozen=True, slots=True)
class Said:
    """How one telling says something: the words, and the id of the paragraph with the first."""

    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Row:
    """A number, date or name, and how each telling says it; empty where it does not."""

    kind: LazyString
    said: Mapping[str, tuple[Said, ...]]


@dataclass(frozen=True, slots=True)
class MarkedTelling:
    """One of the two stories.

    Attributes:
        title, lead, paragraphs, captions: Escaped, with marks where only this one says something;
            each paragraph and caption with its id.
    """

    article: Article
    title: Markup
    lead: Markup
    paragraphs: tuple[tuple[str, Markup], ...]
    captions: tuple[tuple[str, Markup], ...]


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Both tellings, and what they say of numbers, dates and names.

    Attributes:
        differing: What one says and the other does not; agreeing: what both say.
    """

    tellings: tuple[MarkedTelling, ...]
    differing: tuple[Row, ...]
    agreeing: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class _Piece:
    """A line of a story, and where it begins in the text that is compared."""

    part: str
    id: str
    start: int
    text: str


def side_by_side(articles: Sequence[Article]) -> SideBySide:
    """Set two tellings of a story in different languages against each other."""
    pieces = {article.lang: list(_pieces(article)) for article in articles}
    texts = {lang: "\n".join(piece.text for piece in some) for lang, some in pieces.items()}
    statements = compare(texts)
    flagged = {
        lang: sorted({span for s in statements for m in s.mentions[lang] for span in m.flagged})
        for lang in texts
    }
    statements.sort(key=lambda statement: KINDS.index(statement.kind))
    rows = [(statement.differs, _row(statement, pieces)) for statement in statements]
    return SideBySide(
        tellings=tuple(_telling(a, pieces[a.lang], flagged[a.lang]) for a in articles),
        differing=tuple(row for differs, row in rows if differs),
        agreeing=tuple(row for differs, row in rows if not differs),
    )


def _pieces(article: Article) -> Iterator[_Piece]:
    start = number = 0
    parts = [("title", article.headline), ("lead", article.lead), ("text", article.text)]
    for part, text in [*parts, *(("caption", caption) for caption in article.captions)]:
        for line in text.split("\n") if part == "text" else [" ".join(text.split())]:
            if line.strip():
                number += 1
                yield _Piece(part, f"{article.lang}-{number}", start, line)
                start += len(line) + 1


def _telling(
    article: Article, pieces: Sequence[_Piece], flagged: Sequence[tuple[int, int]]
) -> MarkedTelling:
    written: dict[str, list[tuple[str, Markup]]] = {}
    for piece in pieces:
        written.setdefault(piece.part, []).append((piece.id, _marked(piece, flagged, article.lang)))
    return MarkedTelling(
        article=article,
        title=Markup("").join(text for _, text in written.get("title", ())),
        lead=Markup("").join(text for _, text in written.get("lead", ())),
        paragraphs=tuple(written.get("text", ())),
        captions=tuple(written.get("caption", ())),
    )


def _marked(piece: _Piece, flagged: Sequence[tuple[int, int]], lang: str) -> Markup:
    """A line with what only this telling says marked, in words too."""
    parts: list[Markup] = []
    at = 0
    for begin, stop in flagged:
        start, end = begin - piece.start, stop - piece.start
        if at <= start < end <= len(piece.text):
            parts += [escape(piece.text[at:start]), _flag(piece.text[start:end], lang)]
            at = end
    return Markup("").join([*parts, escape(piece.text[at:])])


def _flag(text: str, lang: str) -> Markup:
    return Markup(
        '<mark class="differs">{}<span class="visually-hidden" lang="{}"> ({})</span></mark>'
    ).format(text, interface(), str(_ONLY_HERE[lang]))


def _row(statement: Statement, pieces: Mapping[str, Sequence[_Piece]]) -> Row:
    said = {}
    for lang, mentions in statement.mentions.items():
        first: dict[str, int] = {}
        for mention in mentions:
            first.setdefault(mention.text, mention.start)
        said[lang] = tuple(Said(text, _anchor(pieces[lang], at)) for text, at in first.items())
    return Row(KIND_NAMES[statement.kind], said)


def _anchor(pieces: Sequence[_Piece], at: int) -> str:
    return next((piece.id for piece in reversed(pieces) if piece.start <= at), pieces[0].id)
