"""Notes: small derived data beside the articles.

They can always be made again: they may be lost, and may lag behind the articles.
"""

from __future__ import annotations

from search.stores.base import Store
from search.stores.records import Record

KIND = "note"


def read_note(store: Store, name: str) -> bytes | None:
    """The piece of derived data that ``write_note`` kept; None where there is none."""
    found = store.records.get(KIND, [name]).get(name)
    return found.data if found else None


def write_note(store: Store, name: str, data: bytes) -> None:
    """Keep a piece of derived data, at most a few megabytes, under a short ASCII name.

    It replaces the one before; the last writer's stays.
    """
    store.records.put([Record(KIND, name, data=data)])
