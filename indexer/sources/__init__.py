"""Sources: bytes in, ``RawDocument`` or ``Failure`` out, one by one; nothing is raised.

This module opens files, folders and standard input by their kind; ``web`` is opened by itself.

- ``base``: what every source gives.
- ``files``, ``folders``: bytes of a file, unpacked; the files of a folder.
- ``json_files``, ``tables``, ``page_files``: one kind of file each.
- ``warc``, ``warc_records``: pages out of web archives; their records, also damaged ones.
- ``fields``: the names that data sets give our fields; ``--map``.
- ``web``: addresses → documents, by several workers. ``crawl`` follows one address,
  ``web_kinds`` tells what it leads to, ``feeds`` and ``sitemaps`` read listings (``entries``), and
  ``web_pages`` makes a document of a page and its entry.

May import ``indexer.fetching``, ``indexer.pages`` and ``indexer.charsets``; an article is made of a
document later, by ``indexer.articles``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from indexer.sources.base import Failure, Origin, RawDocument, Source, count_all
from indexer.sources.fields import FieldMap, Mapped
from indexer.sources.files import STDIN, FileSource, is_stream, shown
from indexer.sources.folders import Folder
from indexer.sources.json_files import JsonFile, JsonLines
from indexer.sources.page_files import HtmlPage, PageText
from indexer.sources.tables import Table
from indexer.sources.warc import WebArchive

__all__ = [
    "KINDS",
    "Failure",
    "FieldMap",
    "Origin",
    "RawDocument",
    "ReadOptions",
    "Source",
    "count_documents",
    "is_web_address",
    "open_sources",
    "origin_of",
]

KINDS: dict[str, type[FileSource]] = {
    ".jsonl": JsonLines,
    ".ndjson": JsonLines,
    ".json": JsonFile,
    ".csv": Table,
    ".tsv": Table,
    ".txt": PageText,
    ".warc": WebArchive,
    ".html": HtmlPage,
    ".htm": HtmlPage,
    ".xhtml": HtmlPage,
}
"""File name suffix → what reads such a file. Each may also be followed by ".gz"."""

_NEXT_STEPS = {
    ".wacz": "a packed web archive: unpack it with unzip, and index the .warc.gz files in archive/",
    ".arc": "a web archive of before WARC: make one of it with warcio recompress",
    ".mhtml .mht": "a page packed for a browser: open it there, and save it as HTML only (.html)",
    ".zip .tar .tgz .7z .rar": "an archive: unpack it, and index what is in it",
    ".zst .bz2 .xz": "compressed in another way than gzip: unpack it, or compress it with gzip",
    ".pdf .doc .docx .odt .rtf .epub": "a document: save its text as .txt",
    ".xls .xlsx .ods": "a spreadsheet: save it as CSV UTF-8 (.csv)",
    ".parquet .feather .arrow": "a columnar table: write it as JSONL, one object a line",
    ".rss .atom .xml": "XML: give the address of a feed or sitemap, which is read with its pages",
}
"""File name suffixes → what to do about a file that is no source."""

_STRUCTURED = (JsonLines, JsonFile, Table)
"""Kinds whose documents have names that can be mapped to ours."""


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How sources are read.

    Attributes:
        format: A kind of ``KINDS`` without its dot: what standard input, and files that are named
            one by one, are read as, whatever they are called. Files in folders go by their names.
        names: Which of a data set's names are ours, in JSON and tables.
    """

    format: str | None = None
    names: FieldMap | None = None


_AS_NAMED = ReadOptions()


def is_web_address(text: str) -> bool:
    """Tell whether a source is named by an address: anything with a scheme."""
    return bool(re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", text))


def origin_of(arg: str) -> str | None:
    """Name a source that is given on the command line, the same from run to run.

    Returns:
        An address as it is, the full path of a file or folder; None for what can be read only
        once, such as standard input: it has no contents that could be compared later.
    """
    if is_web_address(arg):
        return arg
    return None if is_stream(arg) else shown(str(Path(arg).resolve()))


def open_sources(
    args: Sequence[str], options: ReadOptions = _AS_NAMED
) -> Iterator[RawDocument | Failure]:
    """Read the documents of all sources, in order, as they are asked for.

    Args:
        args: Paths of files and folders; "-" is standard input, JSONL unless options say otherwise.

    Returns:
        Documents that know which source they came from, and a ``Failure`` for everything that
        cannot be read. Nothing is raised.
    """
    for arg in args:
        source = _source(arg, options)
        if isinstance(source, Failure):
            yield source
            continue
        name = origin_of(arg)
        for item in source.documents():
            if isinstance(item, RawDocument):
                yield replace(item, origin=replace(item.origin, source=name))
            else:
                yield item


def count_documents(args: Sequence[str], options: ReadOptions = _AS_NAMED) -> int | None:
    """Count what ``open_sources`` will give; None where a source can be read only once."""
    return count_all(_source(arg, options) for arg in args)


def _source(arg: str, options: ReadOptions) -> Source | Failure:
    """Find the source that an argument names."""
    if not arg:
        return Failure("(empty)", None, "names no file: a shell variable may be unset")
    if arg != STDIN and Path(arg).is_dir():
        return Folder(arg, lambda path: _by_suffix(path, options))
    if arg != STDIN and not os.path.lexists(arg):
        return Failure(shown(arg), None, "no such file or folder: check the spelling")
    if options.format:
        return _opened(KINDS[f".{options.format}"], arg, options)
    if arg != STDIN and (source := _by_suffix(arg, options)) is not None:
        return source
    if is_stream(arg):  # also <(command) of a shell
        return _opened(JsonLines, arg, options)
    kinds = ", ".join(KINDS)
    suffix = Path(arg.lower().removesuffix(".gz")).suffix
    what = next((step for names, step in _NEXT_STEPS.items() if suffix in names.split()), None)
    reason = (
        f"{f'is {what}' if what else 'its kind is not known'}; the name must end in {kinds}, or one"
        " of these and .gz, or --format say what it is"
    )
    return Failure(shown(arg), None, reason)


def _by_suffix(path: str, options: ReadOptions) -> Source | None:
    name = Path(path.lower())
    kind = KINDS.get((name.with_suffix("") if name.suffix == ".gz" else name).suffix)
    return _opened(kind, path, options) if kind else None


def _opened(kind: type[FileSource], path: str, options: ReadOptions) -> Source:
    names = options.names
    if names is None or kind not in _STRUCTURED:
        return kind(path)
    source = Table(path, named="text" in names.paths) if kind is Table else kind(path)
    return Mapped(source, names)
