"""The error file: a JSON line for each document that was not indexed as it was given."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from tqdm import tqdm

from indexer.pipeline import DocumentProblem
from search.addresses import redacted
from search.errors import SettingsError

_SHOWN = 5


class ErrorFile:
    """The list of problems of a run; the file is made when there is something to list.

    Args:
        anew: Take the place of an earlier run's list, rather than going on with it.

    Raises:
        SettingsError: The path is a folder, or a file that no earlier run has written.
    """

    def __init__(self, path: Path, *, anew: bool = True) -> None:
        self._path = path
        self._file: TextIO | None = None
        self._shown = 0
        if anew:
            _begin_anew(path)

    def add(self, problem: DocumentProblem) -> None:
        """Write one line; also show the first few failures at once."""
        problem = replace(
            problem,
            file=redacted(problem.file),
            reason=redacted(problem.reason),
        )
        line = json.dumps(problem.to_json(), ensure_ascii=False) + "\n"
        if self._file is None:
            try:
                # By lines: whoever looks on sees each problem at once, and so does a full disk.
                # For its owner alone: addresses and what servers said are nobody else's business.
                self._file = open(  # noqa: SIM115
                    self._path, "a", encoding="utf-8", buffering=1, opener=_private
                )
            except OSError as error:
                self._file = self._give_up(error)
        try:
            self._file.write(line)
        except OSError as error:
            self._file = self._give_up(error)
            self._file.write(line)
        if problem.kind == "failed" and self._shown < _SHOWN and self._file is not sys.stderr:
            self._shown += 1
            place = problem.file if problem.line is None else f"{problem.file}:{problem.line}"
            tqdm.write(f"{place}: {problem.reason}", file=sys.stderr)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None and self._file is not sys.stderr:
            with suppress(OSError):
                self._file.close()

    def _give_up(self, error: OSError) -> TextIO:
        """Go on without a file: write to standard error from now on."""
        self.close()
        reason = f"{self._path} cannot be written ({error.strerror}); reasons are shown here"
        tqdm.write(reason, file=sys.stderr)
        return sys.stderr


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _begin_anew(path: Path) -> None:
    """Remove the list of an earlier run; any other file, and what is no file, is left alone.

    Raises:
        SettingsError: The path is a folder, or a file that no earlier run has written.
    """
    if path.is_dir():
        raise SettingsError(f"--errors {path} is a folder. Name a file in it.")
    if not path.is_file():
        return
    if not _lists_problems(path):
        raise SettingsError(
            f"--errors {path} is a file with something else in it, which a list of errors would"
            " replace. Name another file."
        )
    with suppress(OSError):  # a folder that cannot be written: told with the first problem
        path.unlink()


def _lists_problems(path: Path) -> bool:
    """Tell whether a file begins as a list of problems does, even one that was cut short."""
    starts = [f'{{"kind": "{kind}", "file": '.encode() for kind in ("failed", "skipped", "warning")]
    try:
        with path.open("rb") as file:
            first = file.read(max(map(len, starts)))
    except OSError:
        return False
    return any(first.startswith(start[: len(first)]) for start in starts)
