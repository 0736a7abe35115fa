"""Files and standard input: their bytes, their lines, and plain words for what cannot be read."""

from __future__ import annotations

import gzip
import io
import os
import re
import stat
import sys
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, AnyStr, cast

from indexer.charsets import vietnamese, wide_encoding
from indexer.sources.base import Failure, RawDocument
from search.errors import FetchError

STDIN = "-"

_HEAD = 4096  # bytes looked at to know what a file is
_GZIP = b"\x1f\x8b"
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


class FileSource(ABC):
    """One file, pipe or standard input ("-")."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.name = shown(file)

    def documents(self) -> Iterator[RawDocument | Failure]:
        """Yield everything in it, in order; what cannot be read ends it with a failure."""
        try:
            yield from self._read()
        except FetchError as error:
            yield Failure(self.name, None, str(error))

    def count(self) -> int | None:
        """Count the documents by reading the file; None for what can be read only once."""
        return None if is_stream(self.file) else sum(1 for _ in self.documents())

    @abstractmethod
    def _read(self) -> Iterator[RawDocument | Failure]:
        """Yield the documents.

        Raises:
            FetchError: The file cannot be read, or not any further, or holds nothing.
        """


@contextmanager
def opened(file: str, *, encoded: bool = False) -> Iterator[io.BufferedReader]:
    """Open a file ("-": standard input) for its bytes, unpacked if they are gzip.

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
            yield cast("io.BufferedReader", stream)
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
    """Open a file ("-": standard input) for its bytes as they are, whatever they are.

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


def lines_of(stream: IO[AnyStr], *, longest: int) -> Iterator[AnyStr | None]:
    """Yield lines with their ends; None for one that is too long to be held."""
    while line := stream.readline(longest):
        if len(line) < longest or _ends(line):
            yield line
            continue
        while (rest := stream.readline(longest)) and not _ends(rest):
            pass
        yield None


def _ends(line: str | bytes) -> bool:
    return line[-1:] in ("\n", "\r", b"\n")


def is_stream(file: str) -> bool:
    """Tell whether reading uses it up: standard input, pipes, devices."""
    if file == STDIN:
        return True
    try:
        mode = Path(file).stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def decode(data: bytes) -> str:
    """Decode UTF-8, with a byte order mark or without, or Vietnamese that its syllables prove.

    Raises:
        FetchError: The bytes are in another encoding, or damaged.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
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
    if (wide := wide_encoding(head)) is not None:
        if encoded:
            return
        name = re.sub("-(?=[LB]E)", "", wide.upper())
        raise FetchError(
            f"is {name}, not UTF-8: convert it with iconv -f {name} -t UTF-8 '{shown(file)}'"
        )
    for magic, what in _MAGIC:
        if head.startswith(magic):
            raise FetchError(f"is no text but {what}")
    if b"\x00" in head:
        raise FetchError("is no text but binary: only UTF-8 text can be indexed")


def shown(file: str) -> str:
    """Make a path printable: bytes of a name that are no UTF-8 become question marks."""
    return os.fsencode(file).decode("utf-8", "replace")


def _why_not(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "no such file or folder: check the spelling"
    if isinstance(error, PermissionError):
        return "no permission to read it: change its permissions, or run as its owner"
    if isinstance(error, IsADirectoryError):
        return "is a folder"
    return f"cannot be read: {error.strerror or error}"
