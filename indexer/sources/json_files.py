"""Articles as JSON: one object a line, or one array or object in a file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import chain

from indexer.sources.base import Failure, Origin, RawDocument
from indexer.sources.fields import field_of
from indexer.sources.files import FileSource, decode, lines_of, opened
from search.errors import FetchError

_LONGEST_LINE = 64 << 20
"""Bytes; a longer line is passed over unread, so that memory stays bounded."""

_SPACE = " \t\r\n\ufeff"


class JsonLines(FileSource):
    """One JSON object a line.

    An object that holds a list of articles, as web APIs answer, is that list.
    """

    def _read(self) -> Iterator[RawDocument | Failure]:
        with opened(self.file) as stream:
            yield from self._objects(lines_of(stream, longest=_LONGEST_LINE))

    def _objects(self, lines: Iterable[bytes | None]) -> Iterator[RawDocument | Failure]:
        """Yield one item for each line that is not blank."""
        empty = True
        for number, line in enumerate(lines, 1):
            if line is None:
                reason = f"the line is longer than {_LONGEST_LINE >> 20} MiB: split it"
                yield Failure(self.name, number, reason)
            elif line.strip():
                try:
                    yield from documents_of(_parsed(decode(line)), Origin(self.name, number))
                except FetchError as error:
                    yield Failure(self.name, number, str(error))
            else:
                continue
            empty = False
        if empty:
            raise FetchError("holds only blank lines: there is nothing to index")


class JsonFile(JsonLines):
    """One JSON array or object, or one object a line.

    An array is held in memory as a whole; its elements up to a syntax error are still given.
    """

    def _read(self) -> Iterator[RawDocument | Failure]:
        with opened(self.file) as stream:
            head = []  # the first line that is not blank, and those before it
            while line := stream.readline(_LONGEST_LINE):
                head.append(line)
                if line.strip():
                    break
            if _is_object(line):
                yield from self._objects(chain(head, lines_of(stream, longest=_LONGEST_LINE)))
                return
            text = decode(b"".join(head) + stream.read())
        start = _skip(text, 0)
        if start == len(text):
            raise FetchError("holds only white space: there is nothing to index")
        if text[start] == "[":
            yield from self._elements(text, start + 1)
        else:
            yield from documents_of(_parsed(text), Origin(self.name))

    def _elements(self, text: str, at: int) -> Iterator[RawDocument | Failure]:
        """Yield the elements of an array that are written from a place in the text on."""
        decoder = json.JSONDecoder()
        line, counted = 1, 0
        at = _skip(text, at)
        if text[at : at + 1] == "]":
            raise FetchError("holds an empty array: there is nothing to index")
        while True:
            line += text.count("\n", counted, at)
            counted = at
            try:
                value, at = decoder.raw_decode(text, at)
            except (ValueError, RecursionError) as error:
                yield Failure(self.name, line, _syntax(error))
                return
            yield from documents_of(value, Origin(self.name, line))
            at = _skip(text, at)
            if text[at : at + 1] == "]":
                return
            if text[at : at + 1] != ",":
                line += text.count("\n", counted, at)
                reason = "the array is not closed or a comma is missing: the rest is not read"
                yield Failure(self.name, line, reason)
                return
            at = _skip(text, at + 1)


def _is_object(line: bytes) -> bool:
    """Tell whether a line is an object by itself."""
    try:
        return isinstance(_parsed(decode(line)), dict)
    except FetchError:
        return False


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def _wrapped(value: object) -> list[object]:
    """Find the articles in what a web API answers: ``{"status": "ok", "articles": […]}``."""
    if not isinstance(value, dict) or _is_article(value):
        return []
    inner = [value, *(each for each in value.values() if isinstance(each, dict))]
    lists = [each for holder in inner for each in holder.values() if isinstance(each, list)]
    found = [each for each in lists if any(map(_is_article, each))]
    return max(found, key=len, default=[])


def _is_article(value: object) -> bool:
    return isinstance(value, dict) and any(field_of(name) == "text" for name in value)


def _parsed(text: str) -> object:
    """Parse a JSON value.

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


def documents_of(value: object, origin: Origin) -> Iterator[RawDocument | Failure]:
    """Yield the articles that a value holds, else the value itself."""
    for element in _wrapped(value) or [value]:
        yield _document(element, origin)


def _document(value: object, origin: Origin) -> RawDocument | Failure:
    if isinstance(value, dict):
        return RawDocument(origin, fields=value)
    kinds = {list: "an array", str: "a string", bool: "a truth value", type(None): "null"}
    kind = kinds.get(type(value), "a number")
    hint = "; a file that is one array must be named .json" if isinstance(value, list) else ""
    return Failure(
        origin.file, origin.line, f"is {kind}: an article is an object with the field text{hint}"
    )
