"""Folders: every file of a known kind below them, in a stable order."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from indexer.sources.base import Failure, RawDocument, Source, count_all
from indexer.sources.files import is_stream, shown

ERROR_FILE = "songngu-errors.jsonl"
"""Where a run lists what it could not take in; no source, though its kind is a known one."""

SourceFor = Callable[[str], Source | None]


class Folder:
    """A folder, read recursively in alphabetical order.

    Hidden entries, pipes, devices and files of unknown kinds are passed over, and said so once for
    the folder. A folder that was reached before, through a symbolic link, is not read again.

    Args:
        source_for: The source of a file's path, or None where its kind is not known.
    """

    def __init__(self, path: str, source_for: SourceFor) -> None:
        self.path = path
        self._source_for = source_for

    def documents(self) -> Iterator[RawDocument | Failure]:
        """Yield all documents below the folder, then a note on what was passed over."""
        for found in self._walk():
            if isinstance(found, Failure):
                yield found
            else:
                yield from found.documents()

    def count(self) -> int | None:
        """Count over all files; None as soon as one of them cannot say."""
        return count_all(self._walk())

    def _walk(self) -> Iterator[Source | Failure]:
        hidden, unknown, known = 0, Counter[str](), 0
        waiting, reached = [self.path], set[tuple[int, int]]()
        while waiting:
            folder = waiting.pop()
            try:
                status = Path(folder).stat()
                if (status.st_dev, status.st_ino) in reached:
                    continue
                reached.add((status.st_dev, status.st_ino))
                with os.scandir(folder) as listing:
                    entries = sorted(listing, key=lambda entry: entry.name)
            except OSError as error:
                yield Failure(shown(folder), None, f"the folder cannot be read: {error.strerror}")
                continue
            folders = []
            for entry in entries:
                if entry.name == ERROR_FILE:
                    continue
                if entry.name.startswith("."):
                    hidden += 1
                elif _is_folder(entry):
                    if Path(entry.path.removesuffix(".words")).is_file():
                        continue  # an archive's word index
                    folders.append(entry.path)
                elif is_stream(entry.path):
                    unknown["pipes and devices"] += 1  # reading one may wait for ever
                elif (source := self._source_for(entry.path)) is not None:
                    known += 1
                    yield source
                else:
                    suffix = Path(entry.name).suffix.lower()
                    unknown[shown(suffix) or "no suffix"] += 1
            waiting += reversed(folders)
        yield from self._note(hidden, unknown, known)

    def _note(self, hidden: int, unknown: Counter[str], known: int) -> Iterator[Failure]:
        parts = []
        if unknown:
            kinds = ", ".join(f"{kind}: {n}" for kind, n in unknown.most_common(8))
            parts.append(f"{unknown.total()} of unknown kinds ({kinds})")
        if hidden:
            parts.append(f"{hidden} hidden")
        passed_over = f"files passed over: {', '.join(parts)}" if parts else ""
        if not known:
            yield Failure(
                shown(self.path),
                None,
                f"the folder holds no file that can be indexed; {passed_over or 'it is empty'}",
            )
        elif passed_over:
            yield Failure(shown(self.path), None, passed_over, skipped=True)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a symbolic link that goes round in circles
        return False
