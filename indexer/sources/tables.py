"""Articles as rows of a table: CSV and TSV, with a header line that names the columns."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

from indexer.charsets import conversion, western, wide_encoding
from indexer.sources.base import Failure, Origin, RawDocument
from indexer.sources.field_names import field_of, is_missing
from indexer.sources.files import decode, is_stream, opened, shown, without_bom
from search.errors import FetchError
from search.text.languages import normalise

_LONGEST_ROW = 8 << 20
"""Characters. An article has two million at most; a quote that is never closed has all the rest."""

_HEAD = 4096  # bytes looked at to know the encoding
_SEPARATORS = ",;\t|"
_BAD_BYTE = re.compile("[\udc80-\udcff]")
_TOO_LONG = "(a line that was too long to be held, and was not)"
_LINE_END = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)?")

csv.field_size_limit(_LONGEST_ROW)


@dataclass(frozen=True, slots=True)
class _Row:
    """One row, with the line it begins in, or what is wrong there."""

    line: int
    values: Sequence[str] = ()
    problem: str | None = None


class Table:
    """A file, pipe or standard input ("-") with one article a row.

    UTF-8, or UTF-16 or UTF-32 as spreadsheets save it. The separator (comma, semicolon, tab or
    bar) is the one that divides the header line into most columns. Values may stand in quotes and
    then hold separators, line breaks and, doubled, quotes (RFC 4180).

    Args:
        named: Whether names are mapped to ours elsewhere, so that no column needs to be called
            ``text`` or one of its aliases.
    """

    def __init__(self, file: str, *, named: bool = False) -> None:
        self.file = file
        self.name = shown(file)
        self._named = named

    def documents(self) -> Iterator[RawDocument | Failure]:
        """One item for each row that is not blank."""
        try:
            with opened(self.file, encoded=True) as stream:
                yield from self._read(cast("io.BufferedReader", stream))
        except FetchError as error:
            yield Failure(self.name, None, str(error))

    def count(self) -> int | None:
        """Rows that are not blank; the file is read for it. None for what can be read only once."""
        return None if is_stream(self.file) else sum(1 for _ in self.documents())

    def _read(self, stream: io.BufferedReader) -> Iterator[RawDocument | Failure]:
        lines = _Lines(_texts(stream))
        separator = _separator(lines)
        if separator is None:
            yield Failure(self.name, None, "holds only blank lines: there is nothing to index")
            return
        rows = _rows(lines, separator)
        header = next(rows, _Row(lines.number, problem="there is no line with column names"))
        columns = [" ".join(normalise(_decoded(name)).split()) for name in header.values]
        if reason := header.problem or self._unusable(columns):
            yield Failure(self.name, header.line, reason)
            return
        lines.columns = len(columns)
        empty = True
        for row in rows:
            empty = False
            yield self._document(row, columns)
        if empty:
            yield Failure(self.name, None, "holds a header and no row: there is nothing to index")

    def _unusable(self, columns: Sequence[str]) -> str | None:
        """Why no article can be read from such columns."""
        if self._named or any(field_of(name) == "text" for name in columns):
            return None
        listed = ", ".join(repr(name[:40]) for name in columns[:30])
        return (
            f"no column is known to be the text of articles; the first line has {listed}: name"
            " one of them with --map text=…, and where the first line is no header, add one"
        )

    def _document(self, row: _Row, columns: Sequence[str]) -> RawDocument | Failure:
        if row.problem is not None:
            return Failure(self.name, row.line, row.problem)
        extra = any(value.strip() for value in row.values[len(columns) :])
        if len(row.values) < len(columns) or extra:
            return Failure(
                self.name,
                row.line,
                f"the row has {len(row.values)} values, and the header {len(columns)} columns: put"
                " quotes around values that hold separators or line breaks",
            )
        try:
            values = [_decoded(value) for value in row.values]
        except FetchError as error:
            return Failure(self.name, row.line, str(error))
        fields: dict[str, object] = {}
        for column, value in zip(columns, values, strict=False):
            if column and not is_missing(value):
                fields.setdefault(column, value)  # of two columns with one name the first filled
        empty = {column: "" for column in columns if column and column not in fields}
        return RawDocument(Origin(self.name, row.line), fields=fields | empty)


@dataclass
class _Lines:
    """Lines of a table that can be read again from the last row's second line on.

    Attributes:
        number: Of the line given last, from 1.
        columns: How many there are, once the header is read.
    """

    source: Iterator[str]
    number: int = 0
    columns: int = 0
    _again: list[str] = field(default_factory=list)
    _row: list[str] = field(default_factory=list)
    _size: int = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.pop() if self._again else next(self.source)
        self.number += 1
        self._row.append(line)
        self._size += len(line)
        if self._size > _LONGEST_ROW or line is _TOO_LONG:
            raise csv.Error("longer than can be held")
        return line

    def begin_row(self) -> None:
        """Forget the lines of the last row."""
        self._row, self._size = [], 0

    def row(self) -> list[str]:
        """The lines read since the row began."""
        return self._row

    def reread(self, keep: int) -> None:
        """Have all lines of the row but its first ones read again."""
        back = self._row[keep:]
        self._again += reversed(back)
        self.number -= len(back)
        self._row = self._row[:keep]


def _texts(stream: io.BufferedReader) -> Iterator[str]:
    """Lines with their ends; bytes that are no UTF-8 stay as lone surrogates, to be named later."""
    if (encoding := _wide(stream.peek(_HEAD)[:_HEAD])) is not None:
        wide = io.TextIOWrapper(stream, encoding=encoding, newline="")
        try:
            while line := wide.readline(_LONGEST_ROW):
                if len(line) < _LONGEST_ROW:
                    yield from _cut(line)
                    continue
                while (more := wide.readline(_LONGEST_ROW)) and not more.endswith("\n"):
                    pass
                yield _TOO_LONG
        except UnicodeError as error:
            raise FetchError(
                f"is damaged {encoding.upper()} ({error}): save it as UTF-8"
            ) from error
        finally:
            wide.detach()
        return
    decode, first = _line_decoder(stream.peek(_HEAD)), True
    while data := stream.readline(_LONGEST_ROW):
        if len(data) == _LONGEST_ROW and not data.endswith(b"\n"):
            while (rest := stream.readline(1 << 20)) and not rest.endswith(b"\n"):
                pass
            yield _TOO_LONG
        else:
            yield from _cut(decode(without_bom(data) if first else data))
        first = False


def _line_decoder(head: bytes) -> Callable[[bytes], str]:
    """What makes text of lines; Vietnamese before Unicode is told by the beginning of the file."""
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # not only cut off where the beginning ends
            if (legacy := conversion(western(head))) is not None:
                return lambda data: legacy(western(data))
            return lambda data: data.decode("utf-8", "surrogateescape")
        text = head[: error.start].decode("utf-8")
    convert = conversion(text) or str
    return lambda data: convert(data.decode("utf-8", "surrogateescape"))


def _wide(head: bytes) -> str | None:
    """The encoding of a file whose letters take two bytes or four; None of any other."""
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return wide_encoding(head)


def _cut(line: str) -> Iterator[str]:
    """A line cut at carriage returns of their own, with which old spreadsheets end lines."""
    if "\r" not in line.removesuffix("\n").removesuffix("\r"):
        yield line
    else:
        yield from filter(None, _LINE_END.findall(line))


def _separator(lines: _Lines) -> str | None:
    """What divides the columns; afterwards the header is the next line. None without any line.

    Spreadsheets may say it themselves in a line before: ``sep=;``.
    """
    for line in lines:
        if not line.strip(_SEPARATORS + " \r\n"):
            lines.begin_row()
            continue
        if said := re.fullmatch(r"\"?sep=(.)\"?\s*", line):
            return said[1]
        lines.reread(0)
        lines.begin_row()
        return max(_SEPARATORS, key=lambda one: len(_columns(line, one)))
    return None


def _columns(line: str, separator: str) -> list[str]:
    """A header line divided; as one column where quotes are open at its end."""
    try:
        return next(csv.reader([line], delimiter=separator, skipinitialspace=True, strict=True))
    except (csv.Error, StopIteration):
        return [line]


def _rows(lines: _Lines, separator: str) -> Iterator[_Row]:
    """Rows that are not blank. A row that cannot be read costs its first line only."""
    while True:
        lines.begin_row()
        first = lines.number + 1
        try:
            values = next(
                csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=True)
            )
        except StopIteration:
            return
        except csv.Error as error:
            if (escaped := _escaped(lines, separator)) is not None:
                yield _Row(first, escaped)
                continue
            plain = _unquoted(lines, separator, at_end=_never_closed(error))
            lines.reread(1)
            if plain is not None:
                yield _Row(first, plain)
            else:
                yield _Row(first, problem=_why(error, lines.row()[0]))
            continue
        several = len(lines.row()) > 1 and len(values) != lines.columns
        if several and (plain := _unquoted(lines, separator, at_end=False)) is not None:
            lines.reread(1)  # two stray quotes made one row of them
            values = plain
        if any(value.strip() for value in values):
            yield _Row(first, values)


def _escaped(lines: _Lines, separator: str) -> list[str] | None:
    """The row, with backslashes before quotes as databases write them, if that has all columns."""
    if not any('\\"' in line for line in lines.row()):
        return None
    lines.reread(0)
    lines.begin_row()
    reader = csv.reader(
        lines, delimiter=separator, skipinitialspace=True, strict=True, escapechar="\\"
    )
    try:
        values = next(reader)
    except (csv.Error, StopIteration):
        return None
    return values if len(values) == lines.columns else None


def _unquoted(lines: _Lines, separator: str, *, at_end: bool) -> list[str] | None:
    """The first line of a row, its quotes taken for text, if it then has all its columns.

    Between tabs a quote often means nothing. Elsewhere one without a second one is half of a value
    that goes on in the next line.
    """
    line = lines.row()[0]
    if line is _TOO_LONG or (separator != "\t" and (at_end or line.count('"') % 2)):
        return None
    values = line.rstrip("\r\n").split(separator)
    return values if len(values) == lines.columns else None


def _never_closed(error: csv.Error) -> bool:
    return any(sign in str(error) for sign in ("unexpected end", "longer than", "limit"))


def _why(error: csv.Error, first: str) -> str:
    if first is _TOO_LONG or len(first) > _LONGEST_ROW:
        return f"the line is longer than {_LONGEST_ROW >> 20} MiB: split it"
    if _never_closed(error):
        return (
            "a quote that is opened in this row is never closed: close it, or double it; or the"
            " file was cut off"
        )
    return f"the row cannot be read ({error}): double the quotes inside of quoted values"


def _decoded(value: str) -> str:
    """The value, if all its bytes were UTF-8.

    Raises:
        FetchError: They were not.
    """
    if _BAD_BYTE.search(value):
        return decode(value.encode("utf-8", "surrogateescape"))
    return value
