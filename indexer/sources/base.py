"""What every source of articles hands on: documents, and what could not be read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a document stands.

    Attributes:
        file: The path as it was reached, the address of a page, or "-" for standard input.
        line: From 1, where the file holds several documents; None for whole files.
        source: What the archive remembers as having brought it (``indexer.sources.origin_of``).
    """

    file: str
    line: int | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class RawDocument:
    """Something that may hold an article, read and not yet judged. Exactly one of both is set.

    Attributes:
        fields: The members of a JSON object.
        page: The plain text of a page, furniture included.
        notes: What should be known of how it was come by; told as warnings.
    """

    origin: Origin
    fields: Mapping[str, object] | None = None
    page: str | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (self.fields is None) == (self.page is None):
            raise ValueError("a raw document has either fields or a page")


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that could not be read. The run goes on.

    Attributes:
        line: From 1, where only one line of the file is concerned.
        reason: One line that says what is wrong and what to do.
        skipped: Passed over on purpose (an unknown type in a folder), so not an error.
    """

    file: str
    line: int | None
    reason: str
    skipped: bool = False


class Source(Protocol):
    """One place that documents come from.

    A further kind of file is one module with such a class and one entry in
    ``indexer.sources.KINDS``.
    """

    def documents(self) -> Iterator[RawDocument | Failure]:
        """Yield everything in it, in order, without holding it all in memory. Raises nothing."""

    def count(self) -> int | None:
        """Count what ``documents`` will give; None where finding out would use it up."""


def count_all(found: Iterable[Source | Failure]) -> int | None:
    """Count what several sources will give, and failures; None if one of them cannot say."""
    total = 0
    for one in found:
        number = 1 if isinstance(one, Failure) else one.count()
        if number is None:
            return None
        total += number
    return total
