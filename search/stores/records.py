"""Records beside the articles: the one primitive that ledger, links and notes are written on.

They stand beside the articles, not in them: they change without the article, which would have to be
written again with all its vectors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from search.errors import StoreError

Part = Literal["key", "values", "data"]
"""What is read of a record where not all of it is needed; its key always is."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a kind, by its key.

    Attributes:
        values: What JSON can say.
        data: What it cannot.
        terms: What it is found by; stores need not give them back.
        version: How a store tells whether the record has changed since it was read.
    """

    kind: str
    key: str
    values: Mapping[str, Any] = field(default_factory=dict)
    data: bytes = b""
    terms: tuple[str, ...] = field(default=(), compare=False)
    version: Any = field(default=None, compare=False)


class Records(Protocol):
    """Keeps records. What was put is seen by every call that follows, in any process.

    Raises what the methods of a ``Store`` do.
    """

    def get(self, kind: str, keys: Sequence[str], *, only: Part | None = None) -> dict[str, Record]:
        """Those of the keys that there are, whole or in part, in one round trip."""

    def put(self, records: Sequence[Record]) -> None:
        """Keep records, each in place of the one of its kind and key.

        Raises:
            WriteError: Some were refused.
        """

    def remove(self, records: Sequence[Record]) -> None:
        """Take records out as they were read: what was written anew meanwhile stays."""

    def scan(
        self, kind: str, *, prefix: str = "", term: str | None = None, only: Part | None = None
    ) -> Iterator[Record]:
        """Those whose key begins so and that have the term, by ascending key, in pages."""

    def holders(
        self, kind: str, terms: Sequence[str], *, most: int | None = None
    ) -> dict[str, tuple[str, ...]]:
        """For each term that is known, the keys of up to ``most`` records that have it."""

    def count(self, kind: str, term: str | None = None) -> int:
        """How many there are, of those that have a term."""

    def clear(self, kind: str) -> None:
        """Take out all of a kind."""

    def atomically(self) -> AbstractContextManager[object]:
        """All that this thread writes in the block, articles too, is kept or nothing of it.

        Where the store cannot do that it is written in its order: so the deed comes first, and the
        note of it last.
        """


@contextmanager
def sound(location: str, what: str, *, command: str) -> Iterator[None]:
    """Tell a record that cannot be read as what it is, with the command that mends it."""
    try:
        yield
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise StoreError(
            f"{location} is damaged: {what} ({reason}). Mend it with: songngu {command} --archive"
            f" {location}"
        ) from error


def as_text(value: object) -> str:
    """A value that must be text.

    Raises:
        TypeError: It is none.
    """
    if not isinstance(value, str):
        raise TypeError("no text")
    return value
