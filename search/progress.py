"""Progress of long work: a bar on a terminal, elsewhere (a log, cron) a line now and then."""

from __future__ import annotations

import sys
import time
from typing import Any

import click
from tqdm import tqdm

LINE_EVERY_S = 60.0
_LINE = "{desc}: {n_fmt} of {total_fmt} after {elapsed}, {rate_fmt}, {remaining} left{postfix}"


def progress_bar(**options: Any) -> tqdm[Any]:
    """Show a bar on a terminal, a line each minute elsewhere; the options are tqdm's."""
    if sys.stderr.isatty():
        return tqdm(**options)
    return tqdm(**options | {"file": _ProgressLog(), "bar_format": _LINE, "mininterval": 1.0})


class _ProgressLog:
    """Prints what tqdm draws, one line a minute; work that ends sooner prints nothing."""

    def __init__(self) -> None:
        self._due = time.monotonic() + LINE_EVERY_S

    def write(self, drawn: str) -> None:
        line = drawn.strip()
        if line and time.monotonic() >= self._due:
            self._due = time.monotonic() + LINE_EVERY_S
            click.echo(line, err=True)

    def flush(self) -> None:
        """Do nothing: each line is flushed as it is written."""
