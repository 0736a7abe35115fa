"""Bytes of a web page → its elements, however it is encoded, broken, deep or long.

Everything is bounded: by size before a page is parsed, by depth while it is (libxml2 goes no deeper
than 256 elements), and each step here passes over the page a fixed number of times.
"""

from __future__ import annotations

import codecs
import html as html_text
import re

import lxml.etree
import lxml.html
from lxml.html import HtmlElement

from search.errors import ExtractionError
from search.languages import normalise, with_few_marks

LARGEST = 32 << 20
"""Bytes of a page, scripts included."""

LONGEST = 2_000_000
"""Characters of mark-up without scripts and styles; real pages of news stay far below one."""

_HEAD = 100_000  # characters looked at to know text from other things

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARED = re.compile(
    rb"<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:-]{2,30})",
    re.IGNORECASE,
)
# By the HTML standard these names mean the Windows code page that has a few letters more.
_MEANT = {
    "iso-8859-1": "cp1252", "latin-1": "cp1252", "latin1": "cp1252", "ascii": "cp1252",
    "us-ascii": "cp1252", "iso8859-1": "cp1252", "x-sjis": "cp932", "gb2312": "gb18030",
    "gbk": "gb18030", "x-windows-1258": "cp1258", "windows-1258": "cp1258", "utf8mb4": "utf-8",
}  # fmt: skip
_VIETNAMESE_MARKUP = re.compile(rb"\blang\s*=\s*[\"']?vi\b|vi[-_]VN", re.IGNORECASE)
_UNSEEN = re.compile(r"<(script|style|svg|template)\b([^>]{0,2000})>", re.IGNORECASE)
# Old editors leave these open, paragraph after paragraph, until the page is too deep to be parsed.
_MEANINGLESS = re.compile(r"</?(?:font|basefont|o:p|st1:\w{1,20})\b[^<>]{0,300}>", re.IGNORECASE)
_REFERENCES = re.compile(r"(?:&#[xX]?[0-9a-fA-F]{1,8};?){30,}")
_CONTROL_BYTE = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")


def decoded(data: bytes) -> str:
    """The text of a page, in the character set that it is really in.

    A mark at its beginning decides; else UTF-8 where the bytes are valid UTF-8, whatever the page
    declares (declarations are copied from templates); else what the page declares; else the code
    page of its language. Single bytes that are damaged become question marks.

    Raises:
        ExtractionError: It is binary, or declares a character set that nobody knows.
    """
    for mark, name in _BOMS:
        if data.startswith(mark):
            return data.decode(name, "replace").removeprefix("\ufeff")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        damaged = error
    if (wide := _wide(data)) is not None:
        return data.decode(wide, "replace")
    if len(_CONTROL_BYTE.findall(data, 0, _HEAD)) > 0.02 * min(len(data), _HEAD):
        raise ExtractionError("is no page but binary: only HTML can be read")
    declared = _declared(data)
    if declared in (None, "utf-8"):
        # One bad byte in a page that was otherwise UTF-8 must not turn all of it into noise.
        text = data.decode("utf-8", "replace")
        if declared == "utf-8" or text.count("\ufffd") < 0.1 * _beyond_ascii(data):
            return text
        declared = "cp1258" if _VIETNAMESE_MARKUP.search(data[: 64 << 10]) else "cp1252"
    try:
        return normalise(data.decode(declared, "replace"))  # cp1258 writes tones apart
    except LookupError:
        raise ExtractionError(
            f"the page is in the unknown character set {declared!r}, and byte {damaged.start + 1}"
            " is not UTF-8: convert it to UTF-8"
        ) from damaged


def parsed(html: bytes | str) -> HtmlElement:
    """The page's elements, without scripts (but JSON-LD), styles, comments.

    Raises:
        ExtractionError: It is too long, or holds no element.
    """
    if len(html) > LARGEST:
        raise ExtractionError(
            f"the page is larger than {LARGEST >> 20} MiB: no page of one story is"
        )
    text = decoded(html) if isinstance(html, bytes) else html
    if len(_CONTROL.findall(text, 0, _HEAD)) > 0.02 * min(len(text), _HEAD):
        raise ExtractionError("is no page but binary: only HTML can be read")
    text = _CONTROL.sub(" ", _without_unseen(text.replace("\x00", "")))
    text = _REFERENCES.sub(_few_references, with_few_marks(_MEANINGLESS.sub("", text)))
    if len(text) > LONGEST:
        raise ExtractionError(
            f"the page has {len(text):,} characters of mark-up, and one may have {LONGEST:,}:"
            " no page of one story is that long"
        )
    # Bytes, because lxml refuses text that declares an encoding.
    parser = lxml.html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        tree = lxml.html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (lxml.etree.LxmlError, ValueError, AssertionError) as error:
        raise ExtractionError("no HTML is in it: there is nothing to index") from error
    if not isinstance(tree, HtmlElement):
        raise ExtractionError("no HTML is in it: there is nothing to index")
    return tree


def _without_unseen(text: str) -> str:
    """Mark-up without scripts (but JSON-LD), styles and drawings, which can be most of a page.

    In one pass: an expression for all of it goes over the page again at each one left open.
    """
    lower = text.lower()
    if len(lower) != len(text):  # some capitals have two letters as small ones
        return text
    parts, at, unclosed = [], 0, set[str]()
    while (found := _UNSEEN.search(text, at)) is not None:
        tag = found[1].lower()
        end = -1 if tag in unclosed else lower.find(f"</{tag}", found.end())
        if end < 0 or "ld+json" in found[2].lower():
            if end < 0:
                unclosed.add(tag)
            parts.append(text[at : found.end()])
            at = found.end()
            continue
        parts.append(text[at : found.start()])
        close = text.find(">", end)
        at = len(text) if close < 0 else close + 1
    parts.append(text[at:])
    return " ".join(parts)


def _few_references(run: re.Match[str]) -> str:
    """References to characters, without those that pile marks on one letter."""
    return html_text.escape(with_few_marks(html_text.unescape(run.group())))


def _wide(data: bytes) -> str | None:
    """UTF-16 without a mark, told by the empty half of its letters."""
    head = data[:4096]
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) > 0.25 * len(head) and min(even, odd) < 0.05 * len(head):
        return "utf-16-be" if even > odd else "utf-16-le"
    return None


def _declared(data: bytes) -> str | None:
    """The codec's name that the page's head gives."""
    found = _DECLARED.search(data[: 64 << 10])
    if found is None:
        return None
    name = found[1].decode("ascii", "replace").lower()
    name = _MEANT.get(name, name)
    return "utf-8" if name.startswith(("utf-8", "utf8", "utf-16", "utf-32")) else name


def _beyond_ascii(data: bytes) -> int:
    return sum(byte > 127 for byte in data)
