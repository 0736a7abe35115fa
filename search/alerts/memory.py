"""What was told of each saved search, in a file of its own; and one run at a time.

It is kept beside the file of saved searches, not in the archive: whoever may only read an archive
can watch it; an archive that is filled anew, copied or moved to a cluster has the same ids and
brings no story twice; and two newsrooms that watch one archive do not know of each other.

The file is replaced as a whole after each message that a mail server took, or that was printed, and
never before. A run that is killed in between has told what it does not remember: that one message
comes again, with the same ``Message-ID``, and no story is ever lost.
"""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from search.errors import SettingsError

_VERSION = 1


@dataclass(slots=True)
class Told:
    """What was told of one search.

    Attributes:
        asks: What the search asked for then (``SavedSearch.asks``).
        ids: Stories that somebody was told of, or that were there before; their copies too.
        owed: Recipient → ids of those that others were told of and he was not yet.
    """

    asks: str
    ids: set[str] = field(default_factory=set)
    owed: dict[str, list[str]] = field(default_factory=dict)


class AlertMemory:
    """What was told of the searches of a file, by name; ``save`` keeps it."""

    def __init__(self, path: Path) -> None:
        """Read the file; there need not be one yet.

        Raises:
            SettingsError: It cannot be read. It is not taken for empty: all would be told again,
                or nothing ever.
        """
        self.path = path
        self.searches: dict[str, Told] = {}
        try:
            values = json.loads(path.read_text("utf-8"))
            if values["version"] != _VERSION:
                raise ValueError("another version")
            self.searches = {name: _told(value) for name, value in values["searches"].items()}
        except FileNotFoundError:
            pass
        except OSError as error:
            raise SettingsError(f"{path} cannot be read: {error.strerror}.") from None
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise SettingsError(
                f"{path}, which holds what was told, is damaged. Put it back from a backup; or"
                " remove it, and all that is there now counts as known."
            ) from None

    def save(self) -> None:
        """Put what is known now in place of the file, as a whole.

        Raises:
            SettingsError: It cannot be written.
        """
        searches = {
            name: {"asks": told.asks, "told": sorted(told.ids), "owed": told.owed}
            for name, told in self.searches.items()
        }
        text = json.dumps({"version": _VERSION, "searches": searches}, ensure_ascii=False, indent=1)
        try:
            handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
            try:
                with open(handle, "w", encoding="utf-8", errors="surrogatepass") as file:  # noqa: PTH123
                    file.write(text)
                    file.flush()
                    os.fsync(file.fileno())
                Path(name).replace(self.path)
            except BaseException:
                with suppress(OSError):
                    Path(name).unlink()
                raise
            _sync_folder(self.path.parent)
        except OSError as error:
            raise SettingsError(f"{self.path} cannot be written: {error.strerror}.") from None


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Keep other runs from a memory while the block lasts; a run that dies lets go of it.

    Raises:
        SettingsError: Another run has it, or there can be none at this place.
    """
    lock = path.with_name(f"{path.name}.lock")
    try:
        file = lock.open("a+")
    except OSError as error:
        raise SettingsError(
            f"{lock} cannot be written: {error.strerror}. Name a file elsewhere with --state."
        ) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SettingsError(
                f"Another run is telling what is new and has {path}; this one did nothing."
            ) from None
        yield


def _told(values: Mapping[str, Any]) -> Told:
    asks, ids, owed = values["asks"], values["told"], values["owed"]
    lists = [ids, *owed.values()]
    if not isinstance(asks, str) or not all(isinstance(some, list) for some in lists):
        raise ValueError("not what it says it is")
    if not all(isinstance(id_, str) for some in lists for id_ in some):
        raise ValueError("no ids")
    return Told(asks, set(ids), {to: list(some) for to, some in owed.items()})


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
