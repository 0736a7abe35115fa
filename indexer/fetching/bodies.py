"""What a server sent → bytes unpacked within a limit."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from search.errors import FetchError

_GZIP = b"\x1f\x8b"


def limited(chunks: Iterable[bytes], *, max_bytes: int) -> Iterator[bytes]:
    """Yield the chunks, as long as they have no more bytes in all than are allowed.

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
    """Decode the content encoding of a body, bounded: a small one may unpack to gigabytes.

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
    """Unpack bytes if they are a gzip file (sitemap.xml.gz), within the limit.

    Raises:
        FetchError: It is too large or damaged.
    """
    if not data.startswith(_GZIP):
        return data
    return _inflated([data], max_bytes=max_bytes)


class TooLargeError(FetchError):
    """A body beyond the limit."""


def too_large(max_bytes: int) -> TooLargeError:
    """Make the error for a body beyond the limit."""
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
