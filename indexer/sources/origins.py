"""Which source an article came from, by a name that stays the same from run to run."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from indexer.sources import Failure, RawDocument
from indexer.sources.files import is_stream, shown

Opener = Callable[[str], Iterable[RawDocument | Failure]]


def is_web_address(text: str) -> bool:
    """Whether a source is named by an address: anything with a scheme."""
    return bool(re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", text))


def origin_of(arg: str) -> str | None:
    """The name of a source as it is given on the command line.

    Returns:
        An address as it is, the full path of a file or folder; None for what can be read only
        once, such as standard input: it has no contents that could be compared later.
    """
    if is_web_address(arg):
        return arg
    return None if is_stream(arg) else shown(str(Path(arg).resolve()))


def traced(args: Iterable[str], opener: Opener) -> Iterator[RawDocument | Failure]:
    """Documents of all sources, in order; each knows which source it came from.

    Args:
        opener: The documents of one source.
    """
    for arg in args:
        source = origin_of(arg)
        for document in opener(arg):
            if isinstance(document, RawDocument):
                yield replace(document, origin=replace(document.origin, source=source))
            else:
                yield document
