"""The lease of an embedded archive: a lock on a file beside it, which ends with its process."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from search.errors import ArchiveBusyError, StoreError
from search.stores.base import Leased, leased

SUFFIXES: dict[Leased, str] = {"archive": ".lease", "links": ".links-lease"}


@contextmanager
def hold_lease(archive: Path, location: str, purpose: str, of: Leased) -> Iterator[None]:
    """Keep everybody else from rewriting an archive, or its links, while the block lasts.

    Raises:
        ArchiveBusyError: Somebody else holds the lease; the message says who.
        StoreError: The folder cannot be written.
    """
    try:
        name = f"{archive.name}{SUFFIXES[of]}"
        file = archive.with_name(name).open("a+b", buffering=0)
    except OSError as error:
        raise StoreError(
            f"{location} cannot be rewritten: its folder takes no files ({error.strerror})."
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            holder = file.read().decode("utf-8", "replace").strip() or "another process"
            raise ArchiveBusyError(
                f"{leased(location, of)} being rewritten by {holder}. One"
                " at a time: wait until that has ended, or end it, and give the command again."
            ) from error
        since = datetime.now().astimezone().isoformat(timespec="seconds")
        with suppress(OSError):  # a full disk: the lock holds without it
            file.truncate(0)
            file.write(f"{purpose} (process {os.getpid()}, since {since})\n".encode())
        # Never removed: whoever has it open already would lock a file that nobody else sees.
        yield
