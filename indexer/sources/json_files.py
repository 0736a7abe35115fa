"""Articles as JSON: one object a line, or one array or object in a file."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import BinaryIO

from indexer.sources.base import Failure, Origin, RawDocument
from indexer.sources.field_names import field_of
from indexer.sources.files import decode, is_stream, opened, shown, without_bom
from search.errors import FetchError

_LONGEST_LINE = 64 << 20
"""Bytes; a longer line is passed over unread, so that memory stays bounded."""

_SPACE = " \t\r\n\ufeff"


class JsonLines:
    """A file, pipe or standard input ("-") with one JSON object a line."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.name = shown(file)

    def documents(self) -> Iterator[RawDocument | Failure]:
        """One item for each line that is not blank."""
        found = False
        try:
            with opened(self.file) as stream:
                for item in self.read(stream):
                    found = True
                    yield item
        except FetchError as error:
            yield Failure(self.name, None, str(error))
            return
        if not found:
            yield Failure(self.name, None, "holds only blank lines: there is nothing to index")

    def count(self) -> int | None:
        """Lines that are not blank; None for what can be read only once."""
        if is_stream(self.file):
            return None
        number = 0
        try:
            with opened(self.file) as stream:
                for _, line in _numbered(stream):
                    number += line is None or bool(line.strip())
        except FetchError:
            number += 1
        return max(1, number)

    def read(self, stream: BinaryIO) -> Iterator[RawDocument | Failure]:
        """One item for each line of an open stream that is not blank."""
        for number, line in _numbered(stream):
            if line is None:
                yield Failure(
                    self.name,
                    number,
                    f"the line is longer than {_LONGEST_LINE >> 20} MiB: split it",
                )
                continue
            if not line.strip():
                continue
            try:
                value = _parsed(decode(line))
            except FetchError as error:
                yield Failure(self.name, number, str(error))
                continue
            yield _document(value, Origin(self.name, number))


class JsonFile:
    """A file with one JSON array or object, or with one object a line.

    An object that holds a list of articles, as web APIs answer, is that list.

    An array is held in memory as a whole; its elements up to a syntax error are still given.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self.name = shown(file)

    def documents(self) -> Iterator[RawDocument | Failure]:
        """One item for each element of the array, or for the object."""
        try:
            if not is_stream(self.file):
                with opened(self.file) as stream:
                    lines = _is_lines(stream)
                if lines:
                    yield from JsonLines(self.file).documents()
                    return
            with opened(self.file) as stream:
                data = stream.read()
            if is_stream(self.file) and _is_lines(io.BytesIO(data)):
                yield from JsonLines(self.file).read(io.BytesIO(data))
                return
            text = decode(without_bom(data))
        except FetchError as error:
            yield Failure(self.name, None, str(error))
            return
        start = _skip(text, 0)
        if start == len(text):
            yield Failure(self.name, None, "holds only white space: there is nothing to index")
        elif text[start] == "[":
            yield from self._elements(text, start + 1)
        else:
            try:
                value = _parsed(text)
            except FetchError as error:
                yield Failure(self.name, None, str(error))
                return
            for element in _wrapped(value) or [value]:
                yield _document(element, Origin(self.name))

    def count(self) -> int | None:
        """Elements of the array; the file is read for it. None for what can be read only once."""
        return None if is_stream(self.file) else sum(1 for _ in self.documents())

    def _elements(self, text: str, at: int) -> Iterator[RawDocument | Failure]:
        decoder = json.JSONDecoder()
        line, counted = 1, 0
        at = _skip(text, at)
        if text[at : at + 1] == "]":
            yield Failure(self.name, None, "holds an empty array: there is nothing to index")
            return
        while True:
            line += text.count("\n", counted, at)
            counted = at
            try:
                value, at = decoder.raw_decode(text, at)
            except (ValueError, RecursionError) as error:
                yield Failure(self.name, line, _syntax(error))
                return
            yield _document(value, Origin(self.name, line))
            at = _skip(text, at)
            if text[at : at + 1] == "]":
                return
            if text[at : at + 1] != ",":
                line += text.count("\n", counted, at)
                reason = "the array is not closed or a comma is missing: the rest is not read"
                yield Failure(self.name, line, reason)
                return
            at = _skip(text, at + 1)


def _numbered(stream: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Lines from 1; None for one that is too long to be held."""
    number = 0
    while line := stream.readline(_LONGEST_LINE):
        number += 1
        if len(line) == _LONGEST_LINE and not line.endswith(b"\n"):
            while (rest := stream.readline(1 << 20)) and not rest.endswith(b"\n"):
                pass
            yield number, None
        else:
            yield number, without_bom(line) if number == 1 else line


def _is_lines(stream: BinaryIO) -> bool:
    """Whether the first line is an object by itself."""
    for _, line in _numbered(stream):
        if line is not None and line.strip():
            try:
                value = _parsed(decode(line))
                return isinstance(value, dict) and not _wrapped(value)
            except FetchError:
                return False
    return False


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def _wrapped(value: object) -> list[object]:
    """The articles in the answer of a web API, ``{"status": "ok", "articles": […]}``; else none."""
    if not isinstance(value, dict) or _is_article(value):
        return []
    inner = [value, *(each for each in value.values() if isinstance(each, dict))]
    lists = [each for holder in inner for each in holder.values() if isinstance(each, list)]
    found = [each for each in lists if any(map(_is_article, each))]
    return max(found, key=len, default=[])


def _is_article(value: object) -> bool:
    return isinstance(value, dict) and any(field_of(name) == "text" for name in value)


def _parsed(text: str) -> object:
    """A JSON value.

    Raises:
        FetchError: It is none.
    """
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FetchError(_syntax(error)) from error
    return value


def _syntax(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"is not JSON: {error.msg} at character {error.colno} of the line"
    if isinstance(error, RecursionError):
        return "is JSON nested too deeply: an article is one flat object"
    return f"is not JSON: {error}"


def _document(value: object, origin: Origin) -> RawDocument | Failure:
    if isinstance(value, dict):
        return RawDocument(origin, fields=value)
    kinds = {list: "an array", str: "a string", bool: "a truth value", type(None): "null"}
    kind = kinds.get(type(value), "a number")
    hint = "; a file that is one array must be named .json" if isinstance(value, list) else ""
    return Failure(
        origin.file, origin.line, f"is {kind}: an article is an object with the field text{hint}"
    )
