"""Text as it came → text as it is kept: tags and entities away, lines joined that a width broke."""

from __future__ import annotations

import html
import re
from itertools import pairwise

from search.text.languages import normalise

_BLOCK_TAG = re.compile(
    r"</?(?:p|div|br|hr|li|ul|ol|tr|table|thead|tbody|h[1-6]|blockquote|section|article|figure"
    r"|figcaption|dl|dt|dd|pre)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_INLINE_TAG = re.compile(
    r"</?(?:a|abbr|b|big|cite|code|del|em|font|i|img|ins|mark|q|s|small|span|strike|strong|sub|sup"
    r"|td|th|u|picture|source|iframe|video|audio|o:p)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_UNSEEN = re.compile(r"<!--|<(script|style|noscript|template)\b", re.IGNORECASE)
_ENDS = {
    tag: re.compile(rf"</{tag}[^<>]{{0,100}}>", re.IGNORECASE)
    for tag in ("script", "style", "noscript", "svg", "template")
} | {"": re.compile("-->")}
# Only these prove that a text is HTML: "<S>" alone may be a share's ticker.
_HTML_EVIDENCE = re.compile(
    r"</(?:p|div|a|b|i|em|strong|span|li|ul|ol|h[1-6]|td|tr|table|u|blockquote|font)\s*>"
    r"|<(?:br|hr|p)\s*/?>|<(?:img|a|p|div|span|figure)\s[a-z-]+=",
)
_ENTITY = re.compile(
    r"&(?:#\d{1,7};|#[xX][0-9a-fA-F]{1,6};|#\d{2,5}(?![\d;])|(?i:nbsp);?|[a-zA-Z][a-zA-Z0-9]{1,30};)"
)
# What was escaped once more is decoded once more, but for what may stand for mark-up.
_ESCAPED_TWICE = re.compile(
    r"&amp;(?=(?:#\d{2,5}|#[xX][0-9a-fA-F]{2,5}|(?!lt;|gt;)[a-zA-Z]{2,8});)"
)
# What WordPress puts below each story of a feed; matched in lines of bounded length only.
_SYNDICATED = re.compile(
    r"\W{0,3}(?:the (?:post|article)\b.{1,300}\b(?:appeared first|first appeared)"
    r" (?:on|in)\b.{1,100}"
    r"|(?:bài viết|bài đăng)\b.{1,300}\b(?:xuất hiện đầu tiên|đăng lần đầu(?: tiên)?)"
    r" (?:vào|trên|tại|ở|trong)\b.{1,100})",
    re.IGNORECASE,
)
_SENTENCE_END = tuple(".!?…:;\"'”’»)*>")
_WIDEST = 100  # characters of a line that may have been broken at a width
_NARROWEST = 45


def tidy(text: str) -> str:
    """Make prose as it is kept: a line is a paragraph, blank lines are single, no mark-up."""
    text = unwrapped(without_html(text))
    lines = (line.strip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def is_syndicated(line: str) -> bool:
    """Tell whether a line only says where a story was published first: "The post … appeared …"."""
    return len(line) <= 500 and _SYNDICATED.fullmatch(line.strip()) is not None


def without_html(text: str) -> str:
    """Drop a text's tags and entities, if it has any. Block tags become line breaks."""
    if "<" in text and _HTML_EVIDENCE.search(text):
        text = _without_tags(text)
    if "&" in text and _ENTITY.search(text):
        text = _ESCAPED_TWICE.sub("&", text)
        text = _ENTITY.sub(_decoded, text)
        if "</" in text and _HTML_EVIDENCE.search(text):  # tags that were escaped, as in feeds
            text = _without_tags(text)
    return text


def _decoded(entity: re.Match[str]) -> str:
    written = entity.group()
    return "\xa0" if written[1:5].lower() == "nbsp" else html.unescape(written)


def unwrapped(text: str) -> str:
    """Normalise a text so that its lines are paragraphs, also where each was broken at a width.

    A text counts as broken by width when most of its lines end inside a sentence, at nearly one
    length. Then a blank line or an indented one begins a paragraph, as wire services send them.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    broken = [
        (line.strip(), after)
        for line, after in pairwise(lines)
        if line.strip() and after.strip() and not _indented(after)
    ]
    full = sum(1 for line in lines if line.strip())
    open_ended = sum(not line.endswith(_SENTENCE_END) for line, _ in broken)
    long = sum(len(line) >= _NARROWEST for line, _ in broken)
    # What tells a broken sentence from a list of headlines: it goes on with a small letter.
    goes_on = sum(not after[0].isupper() for _, after in broken)
    if (
        len(broken) < max(2, 0.3 * full)
        or max(map(len, lines)) > _WIDEST
        or min(open_ended, long) < 0.6 * len(broken)
        or goes_on < 0.4 * len(broken)
    ):
        return normalise(text)
    paragraphs: list[list[str]] = []
    for line in lines:
        if not line.strip():
            paragraphs.append([])
        elif not paragraphs or _indented(line):
            paragraphs.append([line.strip()])
        else:
            paragraphs[-1].append(line.strip())
    return normalise("\n".join(" ".join(paragraph) for paragraph in paragraphs))


def without_elements(text: str, begin: re.Pattern[str], *, kept: str | None = None) -> str:
    """Drop scripts, styles, comments and the like with all that is in them, where they are closed.

    In one pass: an expression for all of it goes over the text again at each one left open.

    Args:
        begin: Finds how each begins; its first group is the name, of a comment none.
        kept: What the beginning of one says that stays.
    """
    parts, at, here, unclosed = [], 0, 0, set[str]()
    while (found := begin.search(text, here)) is not None:
        tag = (found[1] or "").lower()
        end = None if tag in unclosed else _ENDS[tag].search(text, found.end())
        here = (end or found).end()
        if end is None:
            unclosed.add(tag)
        elif kept is None or kept not in found[0].lower():
            parts += [text[at : found.start()], " "]
            at = here
    return "".join([*parts, text[at:]])


def _without_tags(text: str) -> str:
    return _INLINE_TAG.sub("", _BLOCK_TAG.sub("\n", without_elements(text, _UNSEEN)))


def _indented(line: str) -> bool:
    return line[:1].isspace()
