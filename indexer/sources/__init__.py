"""Where articles come from: files by their kind, folders, standard input."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from indexer.sources.base import Failure, Origin, RawDocument, Source
from indexer.sources.folders import Folder
from indexer.sources.htmlpages import HtmlPage
from indexer.sources.jsonfiles import JsonFile, JsonLines
from indexer.sources.pagetext import PageText
from indexer.sources.reading import STDIN, is_stream, shown

__all__ = [
    "KINDS",
    "Failure",
    "Origin",
    "RawDocument",
    "Source",
    "count_documents",
    "open_sources",
]

KINDS: dict[str, Callable[[str], Source]] = {
    ".jsonl": JsonLines,
    ".ndjson": JsonLines,
    ".json": JsonFile,
    ".txt": PageText,
    ".html": HtmlPage,
    ".htm": HtmlPage,
    ".xhtml": HtmlPage,
}
"""File name suffix → what reads such a file. Each may also be followed by ".gz"."""


def open_sources(args: Sequence[str]) -> Iterator[RawDocument | Failure]:
    """Documents of all sources, in order, read as they are asked for.

    Args:
        args: Paths of files and folders; "-" is JSONL on standard input.

    Returns:
        Documents, and a ``Failure`` for everything that cannot be read. Nothing is raised.
    """
    for arg in args:
        source = _source(arg)
        if isinstance(source, Failure):
            yield source
        else:
            yield from source.documents()


def count_documents(args: Sequence[str]) -> int | None:
    """How many items ``open_sources`` will give; None where a source can be read only once."""
    total = 0
    for arg in args:
        source = _source(arg)
        number = 1 if isinstance(source, Failure) else source.count()
        if number is None:
            return None
        total += number
    return total


def _source(arg: str) -> Source | Failure:
    """The source that an argument names."""
    if arg == STDIN:
        return JsonLines(STDIN)
    if Path(arg).is_dir():
        return Folder(arg, _by_suffix)
    if (source := _by_suffix(arg)) is not None:
        return source
    if is_stream(arg):  # <(command) of a shell
        return JsonLines(arg)
    if not os.path.lexists(arg):
        return Failure(shown(arg), None, "no such file or folder: check the spelling")
    kinds = ", ".join(KINDS)
    reason = f"its kind is not known: the name must end in {kinds}, or one of these and .gz"
    return Failure(shown(arg), None, reason)


def _by_suffix(path: str) -> Source | None:
    name = Path(path.lower())
    kind = KINDS.get((name.with_suffix("") if name.suffix == ".gz" else name).suffix)
    return kind(path) if kind else None
