"""What a server sent → bytes unpacked within a limit → text in the right character set."""

from __future__ import annotations

import codecs
import re
import zlib
from collections.abc import Iterable, Iterator

from search.errors import FetchError

_GZIP = b"\x1f\x8b"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(
    rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{2,40})"
    rb"|<meta[^>]{0,300}?charset\s*=\s*[\"']?\s*([\w.:-]{2,40})",
    re.IGNORECASE,
)
_HEAD = 4096  # bytes in which a document may say what character set it is in
# Browsers read what calls itself Latin-1 as its superset, and so do we: WHATWG Encoding Standard.
_MEANT = {"iso8859-1": "cp1252", "ascii": "cp1252", "iso8859-9": "cp1254", "gb2312": "gb18030"}
_NOT_FOR_PAGES = {"utf-7", "unicode_escape", "raw_unicode_escape", "idna", "punycode", "undefined"}
_WIDE = 0.1  # share of zero bytes that only text in UTF-16 or UTF-32 has
_VERY_WIDE = 0.5  # and one that only UTF-32 has
_DAMAGED = 0.02  # share of unreadable characters that a text in UTF-8 may have


def limited(chunks: Iterable[bytes], *, max_bytes: int) -> Iterator[bytes]:
    """The chunks, as long as they have no more bytes in all than are allowed.

    Raises:
        FetchError: There are more.
    """
    total = 0
    for chunk in chunks:
        total += len(chunk)
        if total > max_bytes:
            raise too_large(max_bytes)
        yield chunk


def unpacked(chunks: Iterable[bytes], encoding: str, *, max_bytes: int) -> bytes:
    """A body without its content encoding. What is packed never fills the memory unpacked.

    Args:
        encoding: The header Content-Encoding.

    Raises:
        FetchError: It is too large, damaged, or packed in a way that was not asked for.
    """
    packed = limited(chunks, max_bytes=max_bytes)
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return b"".join(packed)
    if name in ("gzip", "x-gzip"):
        return _inflated(packed, max_bytes=max_bytes)
    raise FetchError(f"is sent packed as {name[:40]!r}, which was not asked for")


def gunzipped(data: bytes, *, max_bytes: int) -> bytes:
    """The bytes, unpacked if they are a gzip file (sitemap.xml.gz), within the limit.

    Raises:
        FetchError: It is too large or damaged.
    """
    if not data.startswith(_GZIP):
        return data
    return _inflated([data], max_bytes=max_bytes)


class TooLargeError(FetchError):
    """A body beyond the limit."""


def too_large(max_bytes: int) -> TooLargeError:
    """The error for a body beyond the limit."""
    return TooLargeError(
        f"is larger than {max_bytes / (1 << 20):.0f} MiB: no page of news is;"
        " SONGNGU_FETCH_MAX_MB sets the limit"
    )


def _inflated(chunks: Iterable[bytes], *, max_bytes: int) -> bytes:
    inflater, parts, left = zlib.decompressobj(wbits=31), list[bytes](), max_bytes
    for chunk in chunks:
        data = chunk
        while data:
            if inflater.eof:
                if not data.startswith(_GZIP[:1]):
                    break  # servers pad with zeros
                inflater = zlib.decompressobj(wbits=31)  # gzip files may follow one another
            try:
                part = inflater.decompress(data, left + 1)
            except zlib.error as error:
                raise FetchError(f"is damaged gzip ({error}): try again later") from error
            left -= len(part)
            if left < 0:
                raise too_large(max_bytes)
            parts.append(part)
            data = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
    if parts and not inflater.eof:
        raise FetchError("ends too early: the gzip data is cut off; try again later")
    return b"".join(parts)


def text_of(data: bytes, charset: str | None = None) -> str:
    """Text in whatever character set it really is.

    Headers are often wrong, so what proves itself comes first: a byte order mark, then UTF-8 that
    decodes without an error (other text hardly ever does by chance), then what the header says,
    then what the document says of itself.

    Args:
        charset: What the header Content-Type says.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    found = _DECLARED.search(data[:_HEAD])
    declared = (found[1] or found[2]).decode("ascii") if found else None
    named = [name for name in map(_known, (charset, declared)) if name is not None]
    head = data[:_HEAD]
    if head.count(0) > _WIDE * len(head):
        width = 4 if head.count(0) > _VERY_WIDE * len(head) else 2
        zeros_first = head[0::width].count(0) > head[width - 1 :: width].count(0)
        return data.decode(f"utf-{8 * width}-{'be' if zeros_first else 'le'}", "replace")
    text = data.decode("utf-8", "replace")
    strange = text.count("\N{REPLACEMENT CHARACTER}")
    foreign = sum(1 for char in text if char > "\x7f") if strange else 1
    if not strange or strange <= _DAMAGED * foreign:
        return text
    other = [name for name in named if not name.startswith("utf")]
    # Windows-1258 is the Vietnamese code page, and Windows-1252 but for a few letters.
    return data.decode(other[0] if other else "cp1258", "replace")


def _known(name: str | None) -> str | None:
    """Python's name of a character set, as browsers understand it; None for others."""
    try:
        found = codecs.lookup((name or "").strip().strip("\"'"))
        b"".decode(found.name)  # refuses codecs that make no text
    except (LookupError, ValueError):
        return None
    if found.name in _NOT_FOR_PAGES:
        return None
    return _MEANT.get(found.name, found.name)
