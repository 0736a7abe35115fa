"""A draft as it was pasted or read from a file → its title, its paragraphs and their languages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser

from search.errors import DraftError
from search.text.detection import detect, is_third_language
from search.text.languages import exact_tokens, normalise
from search.text.sentences import sentences

MAX_DRAFT_CHARS = 20_000
"""Longest draft, without markup: about four thousand words."""
MAX_MARKUP_CHARS = 10 * MAX_DRAFT_CHARS
"""Longest that it may be with what holds it."""

_SHORT, _LONG = 250, 800
"""Characters: shorter paragraphs are read together with the next, longer ones are cut."""
_LONGEST_TITLE = 160
_WRAPPED = 100  # characters of the longest line of a text that was wrapped
_FEWEST_TOLD = 8  # words from which on a paragraph's language is told by itself
_SURE = 0.6

_MARKUP = re.compile(r"<(?:/?(?:p|div|br|h[1-6]|span|li|html|body|article|a)\b|!doctype)", re.I)
_BLANK = re.compile(r"\n\s*\n")
_BREAKS = frozenset("p div br h1 h2 h3 h4 h5 h6 li ul ol tr table article section title".split())
_UNREAD = frozenset({"script", "style", "template", "noscript", "head"})


@dataclass(frozen=True, slots=True)
class Part:
    """A paragraph of a draft; neighbours that are short are one, long ones several.

    Attributes:
        lang: A code in ``LANGUAGES``: a draft may quote the other language.
    """

    text: str
    lang: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A text that is compared with an archive.

    Attributes:
        title: Its first line where that looks like one, else empty.
        lang: The language that most of it is in.
        parts: In order; at least one, which is the title where there is nothing else.
    """

    title: str
    lang: str
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """Title and paragraphs, without markup."""
        return "\n".join(filter(None, [self.title, *(part.text for part in self.parts)]))


def read_draft(text: str) -> Draft:
    """Read a draft: plain text, or HTML as it is copied from a page or an editor.

    Raises:
        DraftError: There is nothing to read in it, it is too long, or in a third language.
    """
    too_long = DraftError(
        "long",
        f"The draft is longer than {MAX_DRAFT_CHARS:,} characters: give the part that matters.",
    )
    if len(text) > MAX_MARKUP_CHARS:
        raise too_long
    lines = [line for raw in _plain(text).split("\n") if (line := raw.strip())]
    whole = "\n".join(lines)
    if len(whole) > MAX_DRAFT_CHARS:
        raise too_long
    if not any(token[0].isalpha() for token in exact_tokens(whole)):
        raise DraftError("empty", "There are no words in the draft.")
    if is_third_language(whole):
        raise DraftError("language", "Only drafts in Vietnamese or English are understood.")
    lang = detect(whole).lang
    title = lines.pop(0) if len(lines) > 1 and _is_title(lines[0]) else ""
    parts = tuple(Part(part, _lang(part, lang)) for part in _parts(lines))
    return Draft(title, lang, parts)


def _unwrapped(text: str) -> str:
    """A text without the line breaks of mail and terminals: blank lines part its paragraphs."""
    paragraphs = _BLANK.split(text.strip())
    longest = max(map(len, text.split("\n")))
    if len(paragraphs) < 2 or longest > _WRAPPED or text.count("\n") < 2 * len(paragraphs):
        return text
    return "\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _is_title(line: str) -> bool:
    return len(line) <= _LONGEST_TITLE and line[-1] not in ".:;,…"


def _lang(text: str, usual: str) -> str:
    """The language of a paragraph; the draft's own where it does not tell it surely."""
    found = detect(text, default=usual)
    words = sum(token[0].isalpha() for token in exact_tokens(text))
    return found.lang if words >= _FEWEST_TOLD and found.confidence >= _SURE else usual


def _parts(lines: list[str]) -> list[str]:
    """Cut long paragraphs between sentences, and put short ones together within a language."""
    parts: list[str] = []
    for line in lines:
        pieces = [line]
        if len(line) > _LONG:
            pieces = [line[start:end] for start, end in sentences(line)]
        fresh = True  # a paragraph of its own begins, unless the one before is short
        for piece in pieces:
            limit = _SHORT if fresh else _LONG // 2
            alike = bool(parts) and detect(parts[-1]).lang == detect(piece).lang
            if parts and len(parts[-1]) < limit and alike:
                parts[-1] += ("\n" if fresh else " ") + piece
            else:
                parts.append(piece)
            fresh = False
    return parts


def _plain(text: str) -> str:
    """A text with a paragraph a line: without markup, or without the breaks of wrapped lines."""
    if not _MARKUP.search(text):
        return _unwrapped(normalise(text))
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return normalise("".join(reader.pieces))


class _Reader(HTMLParser):
    """Collects what a page shows, with line breaks where blocks begin and end."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._unread = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002
        if tag in _UNREAD:
            self._unread += 1
        elif tag == "body":
            self._unread = 0  # the head's end may be left out
        self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNREAD:
            self._unread = max(0, self._unread - 1)
        self._break(tag)

    def handle_data(self, data: str) -> None:
        if not self._unread:
            self.pieces.append(data.replace("\n", " "))

    def _break(self, tag: str) -> None:
        if tag in _BREAKS:
            self.pieces.append("\n")
