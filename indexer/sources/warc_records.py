"""The records of a WARC file (ISO 28500), also where some are damaged, cut off or badly measured.

warcio stops at the first record that is malformed, and hands over one that was cut off as if it
were whole; so the records are framed here, and warcio reads what is in each.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from search.errors import FetchError

LARGEST = 16 << 20
"""Bytes of a record that is kept. No page of news comes near it."""

_LONGEST_LINE = 64 << 10
_MOST_LINES = 200  # of a record's head
_BLOCK = 64 << 10
_CUT_OFF = "the file ends inside of this record: it was cut off; fetch it again"
_DAMAGED = "the packed data is damaged here; fetch the file again"
_GZIP = b"\x1f\x8b\x08"
_VERSION = re.compile(rb"WARC/[01]\.\d+\s*")
_INNER_RECORD = re.compile(rb"\n(?=WARC/[01]\.\d+\r?\n(?:WARC|Content)-)")


@dataclass(frozen=True, slots=True)
class WarcRecord:
    """One record, or the place of one that cannot be used.

    Attributes:
        kind: Its WARC-Type: response, request, warcinfo, …
        uri: Its WARC-Target-URI; may be empty.
        data: All of it, its own head included; empty where there is a problem.
        problem: Why it cannot be used; one line.
    """

    kind: str = ""
    uri: str = ""
    data: bytes = b""
    problem: str | None = None


def read_records(raw: io.BufferedReader) -> Iterator[WarcRecord]:
    """Yield records one after the other; where one cannot be read, look for the next.

    Args:
        raw: A WARC file as it is, or packed with gzip as a whole or record by record.

    Raises:
        FetchError: It is no WARC file.
    """
    stream = _Stream(raw)
    first, lost = True, False
    while True:
        kind = uri = ""
        try:
            if not (line := _next_line(stream)):
                return
            if not _VERSION.fullmatch(line):
                if first:
                    raise FetchError("is no WARC file: it does not begin with WARC/1.0 or WARC/1.1")
                if not lost:
                    yield WarcRecord(
                        problem="between two records there is something else; passed over"
                    )
                lost = True
                continue
            first = lost = False
            head, fields = _head(stream)
            kind, uri = fields.get("warc-type", ""), fields.get("warc-target-uri", "").strip("<> ")
            data, problem = _content(stream, fields.get("content-length", ""))
        except _DamagedError as error:
            first, data, problem = False, b"", str(error)
        if problem is None:
            yield WarcRecord(kind, uri, line + head + data)
        else:
            lost = True
            yield WarcRecord(kind, uri, problem=problem)


def _next_line(stream: _Stream) -> bytes:
    """Read the next line that is not blank; empty at the end."""
    while (line := stream.readline()) and not line.strip():
        pass
    return line


def _head(stream: _Stream) -> tuple[bytes, dict[str, str]]:
    """Read a record's head up to its blank line: as it is, and by its names in small letters."""
    lines, fields = [], {}
    while line := stream.readline():
        lines.append(line)
        if not line.strip() or len(lines) > _MOST_LINES:
            break
        name, _, value = line.decode("utf-8", "replace").partition(":")
        fields[name.strip().lower()] = value.strip()
    return b"".join(lines), fields


def _content(stream: _Stream, length: str) -> tuple[bytes, str | None]:
    """Read what follows the head, or say what is wrong with it."""
    if not (length.isascii() and length.isdecimal() and len(length) < 19):
        return b"", "the record has no Content-Length that can be read, so its end is not known"
    size = int(length)
    if size > LARGEST:
        left = size
        while left and (block := stream.read(min(left, _BLOCK))):
            left -= len(block)
        return b"", f"the record is larger than {LARGEST >> 20} MiB: no page of news is"
    data = stream.read(size)
    after = stream.readline()
    if len(data) == size and (not after.strip() or _VERSION.fullmatch(after)):
        if after.strip():
            stream.back(after)
        return data, None
    # Its length is wrong, or the file was cut off: a record that it took in is given back.
    stream.back(after)
    if inner := _INNER_RECORD.search(data):
        stream.back(data[inner.end() :])
    elif len(data) < size:
        return b"", _CUT_OFF
    return b"", f"the record is not as long as it says (Content-Length: {length})"


class _DamagedError(Exception):
    """Packed data that cannot be unpacked, or ends too early; a record or nothing comes next."""


class _Stream:
    """Unpacked bytes that can be put back.

    Where packed data is damaged, ``_DamagedError`` is raised once; reading then goes on at the next
    record that was packed by itself.
    """

    def __init__(self, raw: io.BufferedReader) -> None:
        self._raw = raw
        self._packed = raw.peek(3)[:3] == _GZIP
        self._unpack = zlib.decompressobj(31)
        self._begun = False  # to unpack something that has not ended
        self._waiting = b""  # packed
        self._buffer = b""

    def read(self, size: int) -> bytes:
        """Read as many bytes; fewer only at the end."""
        parts, have = [self._buffer], len(self._buffer)
        self._buffer = b""
        while have < size and (block := self._block()):
            parts.append(block)
            have += len(block)
        data = b"".join(parts)
        self._buffer = data[size:]
        return data[:size]

    def readline(self) -> bytes:
        """Read a line with its end, or the beginning of one that is too long."""
        while b"\n" not in self._buffer and len(self._buffer) < _LONGEST_LINE:
            if not (block := self._block()):
                break
            self._buffer += block
        end = self._buffer.find(b"\n") + 1 or len(self._buffer)
        line, self._buffer = self._buffer[:end], self._buffer[end:]
        return line

    def back(self, data: bytes) -> None:
        """Have data read again."""
        self._buffer = data + self._buffer

    def _block(self) -> bytes:
        """Unpack more bytes; none at the end."""
        if not self._packed:
            return self._raw.read1(_BLOCK)
        while True:
            if self._unpack.eof:
                self._waiting = self._unpack.unused_data.lstrip(b"\0")
                self._unpack = zlib.decompressobj(31)
            packed = self._waiting or self._unpack.unconsumed_tail or self._raw.read1(_BLOCK)
            self._waiting = b""
            if not packed and self._begun:
                self._begun = False
                raise _DamagedError(_CUT_OFF)
            if not packed:
                return b""
            try:
                data = self._unpack.decompress(packed, _BLOCK * 16)
                self._begun = not self._unpack.eof
            except zlib.error as error:
                self._buffer = b""
                self._waiting = self._next_member(packed[1:])
                self._unpack, self._begun = zlib.decompressobj(31), False
                raise _DamagedError(_DAMAGED) from error
            if data:
                return data

    def _next_member(self, window: bytes) -> bytes:
        """Find packed data from the next place on that unpacks to a record; empty without one."""
        while True:
            at = window.find(_GZIP)
            window = window[at:] if at >= 0 else window[-2:]
            if at < 0 or len(window) < _BLOCK // 8:
                more = self._raw.read1(_BLOCK)
                window += more
                if more:
                    continue
                if at < 0:
                    return b""
            try:
                start = zlib.decompressobj(31).decompress(window, 16)
            except zlib.error:
                start = b""
            if _VERSION.match(start):
                return window
            window = window[1:]
