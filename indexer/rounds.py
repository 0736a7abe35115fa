"""Sources on the web, read once or again and again: what ``songngu index`` needs for them."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Protocol

import click

from indexer.pipeline import Report
from indexer.sources import Failure, RawDocument
from indexer.termination import stopped_by_signals
from search.archive import Archive
from search.errors import SettingsError, StoreUnavailableError
from search.settings import Settings
from search.stores.base import hashes_of

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_LONGEST_S = 30 * 86_400


class Web(Protocol):
    """The addresses among the sources of a run; see ``indexer.sources.web.WebReader``."""

    @property
    def unchanged(self) -> int:
        """Entries that had not to be fetched, or had not changed."""

    @property
    def stopping(self) -> bool:
        """Whether the run is to end."""

    def documents(self) -> Iterator[RawDocument | Failure]:
        """What they lead to and may be new.

        Raises:
            StoreError: The archive cannot say what it has.
        """

    def note_problem(self, kind: str, place: str) -> None:
        """A document came to nothing."""

    def written(self) -> None:
        """All documents that were taken are in the archive, or reported."""


class _NoWeb:
    """No address is among the sources."""

    unchanged = 0

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop

    @property
    def stopping(self) -> bool:
        """Whether the run is to end."""
        return self._stop.is_set()

    def documents(self) -> Iterator[RawDocument | Failure]:
        """Nothing."""
        return iter(())

    def note_problem(self, kind: str, place: str) -> None:
        """Nothing to remember."""

    def written(self) -> None:
        """Nothing to remember."""


NO_WEB: Web = _NoWeb(threading.Event())


def is_web_address(text: str) -> bool:
    """Whether a source is named by an address: anything with a scheme."""
    return bool(re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", text))


@contextmanager
def opened_web(
    archive: Archive, sources: Sequence[str], settings: Settings, stop: threading.Event
) -> Iterator[Web]:
    """What reads those sources that are addresses; nothing is loaded where there are none.

    Args:
        stop: Ends the reading when it is set.

    Raises:
        SettingsError: A setting of fetching cannot be used.
    """
    urls = [source for source in sources if is_web_address(source)]
    if not urls:
        yield _NoWeb(stop)
        return
    from indexer.fetching.memory import memory_path
    from indexer.sources.web import WebReader

    store = archive.store
    reader = WebReader(
        urls, settings, partial(hashes_of, store), memory=memory_path(store.location), stop=stop
    )
    try:
        if store.profile() is None:
            reader.forget()
        yield reader
    finally:
        stop.set()
        reader.close()
    if reader.forgetful:
        click.echo(f"The next run fetches everything again: {reader.forgetful}.", err=True)


def seconds(interval: str) -> float:
    """Seconds of an interval such as 90s, 15m, 2h or 1d.

    Raises:
        SettingsError: It is none, or absurd.
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smhd])\s*", interval)
    if found is None:
        raise SettingsError(f"--every {interval!r} is no time: write 90s, 15m, 2h or 1d.")
    value = float(found[1]) * _UNITS[found[2]]
    if not 1 <= value <= _LONGEST_S:
        raise SettingsError(f"--every {interval} must be between 1s and 30d.")
    return value


def run_rounds(
    run: Callable[[bool], Report],
    tell: Callable[[Report], None],
    *,
    interval_s: float,
    stop: threading.Event,
) -> None:
    """Run again and again until SIGTERM or Ctrl-C; a second one does not wait.

    A round that takes longer than the interval is followed by the next at once. An archive that
    does not answer costs one round: nothing is remembered as read that was not written.

    Args:
        run: One round; told whether it is the first.
        tell: Prints the report of a round.
    """
    with stopped_by_signals(stop):
        first = True
        while not stop.is_set():
            began = time.monotonic()
            try:
                tell(run(first))
            except StoreUnavailableError as error:
                if first:
                    raise  # most likely the address is wrong
                click.echo(f"songngu: {error} The next round tries again.", err=True)
            first = False
            stop.wait(max(0.0, began + interval_s - time.monotonic()))
