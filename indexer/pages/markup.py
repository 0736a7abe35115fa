"""Bytes of a web page → its elements, however it is encoded, broken, deep or long.

Everything is bounded: by size before a page is parsed, by depth while it is (libxml2 goes no deeper
than 256 elements), and each step here passes over the page a fixed number of times.
"""

from __future__ import annotations

import html as html_text
import re

import lxml.etree
import lxml.html
from lxml.html import HtmlElement

from indexer import charsets
from indexer.pages.prose import without_elements
from search.errors import ExtractionError
from search.text.languages import with_few_marks

LARGEST = 32 << 20
"""Bytes of a page, scripts included."""

LONGEST = 2_000_000
"""Characters of mark-up without scripts, styles, data: addresses; pages of news stay below one."""

_HEAD = 100_000  # characters looked at to know text from other things

_UNSEEN = re.compile(r"<(script|style|svg|template)\b[^>]{0,2000}>", re.IGNORECASE)
# Pictures and fonts that stand in their own address, as saved pages have them.
_INLINE_DATA = re.compile(r"\bdata:[\w.+-]{1,40}/[\w.+-]{1,80}[;,][^\"'\s<>)]{200,}", re.IGNORECASE)
# Old editors leave these open, paragraph after paragraph, until the page is too deep to be parsed.
_MEANINGLESS = re.compile(r"</?(?:font|basefont|o:p|st1:\w{1,20})\b[^<>]{0,300}>", re.IGNORECASE)
_REFERENCES = re.compile(r"(?:&#[xX]?[0-9a-fA-F]{1,8};?){30,}")
_CONTROL_BYTE = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")


def decoded(data: bytes, charset: str | None = None) -> str:
    """Decode a page by the character set that it is really in (see ``indexer.charsets``).

    Raises:
        ExtractionError: It is binary, or declares a character set that nobody knows.
    """
    head = data[:_HEAD]
    if charsets.wide_encoding(head) is None and len(_CONTROL_BYTE.findall(head)) > 0.02 * len(head):
        raise ExtractionError("is no page but binary: only HTML can be read")
    return charsets.decoded(data, charset, strict=True)


def parsed(text: str) -> HtmlElement:
    """Parse a page into elements, without scripts (but JSON-LD), styles, comments.

    Raises:
        ExtractionError: It is too long, or holds no element.
    """
    if len(text) > LARGEST:
        raise ExtractionError(
            f"the page is larger than {LARGEST >> 20} MiB: no page of one story is"
        )
    if len(_CONTROL.findall(text, 0, _HEAD)) > 0.02 * min(len(text), _HEAD):
        raise ExtractionError("is no page but binary: only HTML can be read")
    text = without_elements(text.replace("\x00", ""), _UNSEEN, kept="ld+json")
    text = _INLINE_DATA.sub("data:,", text)
    text = _CONTROL.sub(" ", text)
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


def _few_references(run: re.Match[str]) -> str:
    """Drop those references to characters that pile marks on one letter."""
    return html_text.escape(with_few_marks(html_text.unescape(run.group())))
