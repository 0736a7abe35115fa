"""Articles as rows of a table: CSV and TSV, with a header line that names the columns."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from indexer.charsets import conversion, western, wide_encoding
from indexer.sources.base import Failure, Origin, RawDocument
from indexer.sources.fields import field_of, is_missing
from indexer.sources.files import FileSource, decode, lines_of, opened
from search.errors import FetchError
from search.text.languages import normalise

_LONGEST_ROW = 8 << 20
"""Characters. An article has two million at most; a quote that is never closed has all the rest."""

_HEAD = 4096  # bytes looked at to know the encoding
_SEPARATORS = ",;\t|"
_BAD_BYTE = re.compile("[\udc80-\udcff]")
_TOO_LONG = "(a line that was too long to be held, and was not)"

csv.field_size_limit(_LONGEST_ROW)


@dataclass(frozen=True, slots=True)
class _Row:
    """One row, with the line it begins in, or what is wrong there."""

    line: int
    values: Sequence[str] = ()
    problem: str | None = None


class Table(FileSource):
    """One article a row.

    UTF-8, or UTF-16 or UTF-32 as spreadsheets save it. The separator (comma, semicolon, tab or
    bar) is the one that divides the header line into most columns. Values may stand in quotes and
    then hold separators, line breaks and, doubled, quotes (RFC 4180).

    Args:
        named: Whether names are mapped to ours elsewhere, so that no column needs to be called
            ``text`` or one of its aliases.
    """

    def __init__(self, file: str, *, named: bool = False) -> None:
        super().__init__(file)
        self._named = named

    def _read(self) -> Iterator[RawDocument | Failure]:
        with opened(self.file, encoded=True) as stream, closing(_texts(stream)) as texts:
            lines = _Lines(texts)
            separator = _separator(lines)
            rows = _rows(lines, separator)
            header = next(rows, _Row(lines.number, problem="there is no line with column names"))
            columns = [" ".join(normalise(_decoded(name)).split()) for name in header.values]
            if reason := header.problem or self._unusable(columns):
                yield Failure(self.name, header.line, reason)
                return
            lines.columns = len(columns)
            row = None
            for row in rows:
                yield self._document(row, columns)
            if row is None:
                raise FetchError("holds a header and no row: there is nothing to index")

    def _unusable(self, columns: Sequence[str]) -> str | None:
        """Say why no article can be read from such columns; None where one can."""
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


class _Lines:
    """Lines of a table that can be read again from the last row's second line on.

    Attributes:
        number: Of the line given last, from 1.
        columns: How many there are, once the header is read.
        row: The lines read since the row began.
    """

    def __init__(self, source: Iterator[str]) -> None:
        self._source = source
        self._again: list[str] = []
        self.number = self.columns = 0
        self.begin_row()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.pop() if self._again else next(self._source)
        self.number += 1
        self.row.append(line)
        self._size += len(line)
        if self._size > _LONGEST_ROW or line is _TOO_LONG:
            raise csv.Error("longer than can be held")
        return line

    def begin_row(self) -> None:
        """Forget the lines of the last row."""
        self.row: list[str] = []
        self._size = 0

    def reread(self, *, keep: int) -> None:
        """Have all lines of the row but its first ones read again."""
        self._again += reversed(self.row[keep:])
        self.number -= len(self.row) - keep
        del self.row[keep:]


def _texts(stream: io.BufferedReader) -> Generator[str]:
    """Yield lines with their ends; bytes that are no UTF-8 stay as lone surrogates."""
    encoding, convert = _encoding(stream.peek(_HEAD)[:_HEAD])
    errors = "surrogateescape" if encoding == "utf-8-sig" else "strict"
    text = io.TextIOWrapper(stream, encoding=encoding, errors=errors, newline="")
    try:
        for line in lines_of(text, longest=_LONGEST_ROW):
            yield _TOO_LONG if line is None else convert(line)
    except UnicodeError as error:
        raise FetchError(f"is damaged {encoding.upper()} ({error}): save it as UTF-8") from error
    finally:
        text.detach()


def _encoding(head: bytes) -> tuple[str, Callable[[str], str]]:
    """Tell the encoding of a table by its beginning, and what then makes Unicode of each line."""
    if (wide := wide_encoding(head)) is not None:
        return wide, str
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        text = head[: error.start].decode("utf-8")
        if error.start < len(head) - 3:  # not only cut off where the beginning ends
            legacy = conversion(western(head))
            if legacy is None:
                return "utf-8-sig", str
            return "latin-1", lambda line: legacy(western(line.encode("latin-1")))
    return "utf-8-sig", conversion(text) or str


def _separator(lines: _Lines) -> str:
    """Find what divides the columns; afterwards the header is the next line.

    Spreadsheets may say it themselves in a line before: ``sep=;``.

    Raises:
        FetchError: There is no line.
    """
    for line in lines:
        if not line.strip(_SEPARATORS + " \r\n"):
            lines.begin_row()
            continue
        if said := re.fullmatch(r"\"?sep=(.)\"?\s*", line):
            return said[1]
        lines.reread(keep=0)
        lines.begin_row()
        return max(_SEPARATORS, key=lambda one: _columns(line, one))
    raise FetchError("holds only blank lines: there is nothing to index")


def _columns(line: str, separator: str) -> int:
    """Count the columns of a header line; one where quotes are open at its end."""
    try:
        return len(_row([line], separator))
    except (csv.Error, StopIteration):
        return 1


def _row(lines: Iterable[str], separator: str, escape: str | None = None) -> list[str]:
    """Read the values of one row from as many lines as it has.

    Raises:
        csv.Error: Its quotes are wrong, or it is too long.
        StopIteration: There is no line.
    """
    return next(
        csv.reader(
            lines, delimiter=separator, skipinitialspace=True, strict=True, escapechar=escape
        )
    )


def _rows(lines: _Lines, separator: str) -> Iterator[_Row]:
    """Yield rows that are not blank. A row that cannot be read costs its first line only."""
    while True:
        lines.begin_row()
        first = lines.number + 1
        try:
            values = _row(lines, separator)
        except StopIteration:
            return
        except csv.Error as error:
            if (escaped := _escaped(lines, separator)) is not None:
                yield _Row(first, escaped)
                continue
            plain = _unquoted(lines, separator, at_end=_never_closed(error))
            lines.reread(keep=1)
            if plain is not None:
                yield _Row(first, plain)
            else:
                yield _Row(first, problem=_why(error, lines.row[0]))
            continue
        several = len(lines.row) > 1 and len(values) != lines.columns
        if several and (plain := _unquoted(lines, separator, at_end=False)) is not None:
            lines.reread(keep=1)  # two stray quotes made one row of them
            values = plain
        if any(value.strip() for value in values):
            yield _Row(first, values)


def _escaped(lines: _Lines, separator: str) -> list[str] | None:
    """Read the row with backslashes before quotes, as databases write them, if that fits."""
    if not any('\\"' in line for line in lines.row):
        return None
    lines.reread(keep=0)
    lines.begin_row()
    try:
        values = _row(lines, separator, escape="\\")
    except (csv.Error, StopIteration):
        return None
    return values if len(values) == lines.columns else None


def _unquoted(lines: _Lines, separator: str, *, at_end: bool) -> list[str] | None:
    """Read the first line of a row with its quotes taken for text, if it then has all its columns.

    Between tabs a quote often means nothing. Elsewhere one without a second one is half of a value
    that goes on in the next line.
    """
    line = lines.row[0]
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
    """Return a value if all its bytes were UTF-8, or can be told.

    Raises:
        FetchError: They were not.
    """
    if _BAD_BYTE.search(value):
        return decode(value.encode("utf-8", "surrogateescape"))
    return value
