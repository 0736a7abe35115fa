"""Bytes of a file or of standard input, and plain words for why they cannot be read."""

from __future__ import annotations

import gzip
import io
import os
import stat
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, cast

from search.errors import FetchError

STDIN = "-"

_HEAD = 4096  # bytes looked at to know what a file is
_GZIP = b"\x1f\x8b"
_UTF8_BOM = b"\xef\xbb\xbf"
_OTHER_BOMS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
_MAGIC = (
    (b"%PDF", "a PDF; save its text as .txt first"),
    (b"PK\x03\x04", "a ZIP file (perhaps a .docx); unpack it, or save its text as .txt"),
    (b"\xd0\xcf\x11\xe0", "an old Office document; save its text as .txt first"),
    (b"SQLite format 3\x00", "a SQLite file; export its articles as JSONL first"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"BZh", "compressed with bzip2; unpack it, or compress it with gzip"),
    (b"\xfd7zXZ", "compressed with xz; unpack it, or compress it with gzip"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd; unpack it, or compress it with gzip"),
)


@contextmanager
def opened(file: str, *, encoded: bool = False) -> Iterator[BinaryIO]:
    """The bytes of a file ("-": standard input), unpacked if they are gzip.

    Args:
        encoded: Whether other encodings of text than UTF-8 will do.

    Raises:
        FetchError: It cannot be opened, is empty, or is no UTF-8 text; also when reading fails
            later, inside the ``with`` block.
    """
    try:
        with _raw(file) as raw:
            packed = raw.peek(2)[:2] == _GZIP
            stream = io.BufferedReader(gzip.GzipFile(fileobj=raw)) if packed else raw
            _check_head(file, stream.peek(_HEAD)[:_HEAD], encoded=encoded)
            yield cast("BinaryIO", stream)
    except EOFError as error:
        raise FetchError(
            "the gzip file ends too early: what came before its end was read; fetch it again"
        ) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise FetchError(f"the gzip file is damaged ({error}): fetch it again") from error
    except OSError as error:
        raise FetchError(_why_not(error)) from error


@contextmanager
def opened_bytes(file: str) -> Iterator[io.BufferedReader]:
    """The bytes of a file ("-": standard input) as they are, whatever they are.

    Raises:
        FetchError: As ``opened``, only that nothing is said about what the bytes mean.
    """
    try:
        with _raw(file) as raw:
            if not raw.peek(1):
                raise FetchError("is empty: there is nothing to index")
            yield raw
    except OSError as error:
        raise FetchError(_why_not(error)) from error


def is_stream(file: str) -> bool:
    """Whether reading uses it up: standard input, pipes, devices."""
    if file == STDIN:
        return True
    try:
        mode = Path(file).stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def decode(data: bytes) -> str:
    """UTF-8 text, or Vietnamese in an encoding that its syllables prove.

    Raises:
        FetchError: The bytes are in another encoding, or damaged.
    """
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        from indexer.charsets import vietnamese

        if (text := vietnamese(data)) is not None:
            return text
        raise FetchError(
            f"byte {error.start + 1} (0x{data[error.start]:02x}) is not UTF-8: convert the file,"
            " for example with iconv -f WINDOWS-1258 -t UTF-8 (or whatever encoding it has)"
        ) from error


@contextmanager
def _raw(file: str) -> Iterator[io.BufferedReader]:
    if file == STDIN:
        yield cast("io.BufferedReader", sys.stdin.buffer)
        return
    with cast("IO[bytes]", Path(file).open("rb")) as handle:
        yield cast("io.BufferedReader", handle)


def _check_head(file: str, head: bytes, *, encoded: bool) -> None:
    """Refuse what is no text, or none in UTF-8 where only that will do."""
    if not head:
        raise FetchError("is empty: there is nothing to index")
    for mark, encoding in _OTHER_BOMS:
        if head.startswith(mark):
            if encoded:
                return
            raise _encoded(file, encoding)
    for magic, what in _MAGIC:
        if head.startswith(magic):
            raise FetchError(f"is no text but {what}")
    if b"\x00" in head:
        even, odd = head[0::2].count(0), head[1::2].count(0)
        if max(even, odd) > 0.25 * len(head) and min(even, odd) < 0.05 * len(head):
            if encoded:
                return
            raise _encoded(file, "UTF-16BE" if even > odd else "UTF-16LE")
        raise FetchError("is no text but binary: only UTF-8 text can be indexed")


def _encoded(file: str, encoding: str) -> FetchError:
    return FetchError(
        f"is {encoding}, not UTF-8: convert it with iconv -f {encoding} -t UTF-8 '{shown(file)}'"
    )


def shown(file: str) -> str:
    """A path as it can be printed: bytes of a name that are no UTF-8 become question marks."""
    return os.fsencode(file).decode("utf-8", "replace")


def without_bom(data: bytes) -> bytes:
    """The bytes without the mark that some editors put before UTF-8."""
    return data.removeprefix(_UTF8_BOM)


def _why_not(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "no such file or folder: check the spelling"
    if isinstance(error, PermissionError):
        return "no permission to read it: change its permissions, or run as its owner"
    if isinstance(error, IsADirectoryError):
        return "is a folder"
    return f"cannot be read: {error.strerror or error}"
