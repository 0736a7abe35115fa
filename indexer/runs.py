"""Runs that fill an archive from its sources: one, or one after the other.

A run indexes its sources (``fill``) and then links what it has changed (``link_new``), both with
progress bars. ``run_rounds`` repeats runs, as ``songngu index --every`` asks for.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, takewhile
from pathlib import Path
from typing import Protocol

import click

from indexer.error_file import ErrorFile
from indexer.linking.linker import LinkReport, link
from indexer.pipeline import DocumentProblem, Indexer, Report
from indexer.sources import (
    Failure,
    RawDocument,
    ReadOptions,
    count_documents,
    is_web_address,
    open_sources,
)
from indexer.termination import stopped_by_signals
from search.archive import Archive
from search.errors import ArchiveBusyError, SettingsError, StoreError, StoreUnavailableError
from search.progress import progress_bar
from search.stores.base import Store, hashes_of

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_LONGEST_INTERVAL_S = 30 * 86_400


class Web(Protocol):
    """The addresses among the sources of a run; see ``indexer.sources.web.WebReader``."""

    @property
    def unchanged(self) -> int:
        """Count the entries that needed no fetching, or had not changed."""

    @property
    def stopping(self) -> bool:
        """Tell whether the run is to end."""

    def documents(self) -> Iterator[RawDocument | Failure]:
        """Give the documents behind the addresses that may be new.

        Raises:
            StoreError: The archive cannot say what it has.
        """

    def note_problem(self, kind: str, place: str) -> None:
        """Take note that a document was not indexed."""

    def written(self) -> None:
        """Take note that all documents given so far are in the archive, or reported."""


class _NoWeb:
    """Stands for the web where no source is an address."""

    unchanged = 0

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop

    @property
    def stopping(self) -> bool:
        """Tell whether the run is to end."""
        return self._stop.is_set()

    def documents(self) -> Iterator[RawDocument | Failure]:
        """Give none."""
        return iter(())

    def note_problem(self, kind: str, place: str) -> None:
        """Remember nothing."""

    def written(self) -> None:
        """Remember nothing."""


NO_WEB: Web = _NoWeb(threading.Event())


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How an archive is filled.

    Attributes:
        reading: How sources are read.
        only_opening: Embed one passage of each article.
        only_count: Change nothing; the report says what would be done.
        web: Reads those sources that are addresses.
        anew: Begin a new error file, rather than going on with the one there is.
    """

    reading: ReadOptions = field(default_factory=ReadOptions)
    only_opening: bool = False
    only_count: bool = False
    web: Web = NO_WEB
    anew: bool = True


def fill(
    archive: Archive, sources: Sequence[str], *, errors: Path, how: RunOptions | None = None
) -> Report:
    """Index sources, with a progress bar; ``link_new`` is to be called after it.

    Args:
        errors: The error file, which lists every document that was not indexed as given.

    Raises:
        SettingsError: ``errors`` cannot become an error file.
        StoreError: The archive fails. The message says how much is safe.
    """
    how = how or RunOptions()
    web, reading = how.web, how.reading
    if not how.only_count:
        archive.create()
    problems = ErrorFile(errors, anew=how.anew)
    files = [source for source in sources if not is_web_address(source)]
    with progress_bar(unit="article", desc="Indexing") as bar:
        if len(files) == len(sources):
            bar.total = count_documents(files, reading)

        def progress(report: Report) -> None:
            web.written()
            bar.set_postfix_str(f"{report.passages:,} passages", refresh=False)
            bar.update(report.documents - bar.n)

        def note(problem: DocumentProblem) -> None:
            web.note_problem(problem.kind, problem.file)
            problems.add(problem)

        run = Indexer(
            archive, note, progress, only_opening=how.only_opening, only_count=how.only_count
        )
        try:
            read = takewhile(lambda _: not web.stopping, open_sources(files, reading))
            run.run(chain(read, web.documents()))
            web.written()
            run.report.unchanged += web.unchanged
        except KeyboardInterrupt:
            run.report.interrupted = True
        except StoreError as error:
            if how.only_count:
                raise
            kept = run.report.changed
            raise type(error)(
                f"{error} {kept:,} articles of this run are safe in the archive; the same command"
                " goes on from there."
            ) from error
        finally:
            problems.close()
    return run.report


def link_new(archive: Archive, report: Report) -> None:
    """Link what a run has changed, and add the outcome to its report.

    An interrupted run is left unlinked; so is an archive that another process is linking, which
    the user is told.

    Raises:
        StoreError: The archive fails.
    """
    if report.interrupted:
        return
    try:
        report.links = link_with_progress(archive.store)
    except KeyboardInterrupt:
        report.interrupted = True
    except ArchiveBusyError as error:
        click.echo(
            f"Note: {error} Until then the new articles have no counterparts; the next run or"
            f" songngu link --archive {archive.location} finds them.",
            err=True,
        )
    except StoreError as error:
        raise type(error)(
            f"{error} The articles are all in the archive; linking them goes on with:"
            f" songngu link --archive {archive.location}"
        ) from error


def link_with_progress(store: Store, *, again: bool = False) -> LinkReport:
    """Link what is new, with a progress bar where that takes more than a moment."""
    shown = ""
    with progress_bar(unit="article", delay=1) as bar:

        def progress(step: str, done: int, total: int) -> None:
            nonlocal shown
            if step != shown:
                shown = step
                bar.reset(total)
                bar.set_description(step, refresh=False)
            bar.update(done - bar.n)

        return link(store, again=again, on_progress=progress)


@contextmanager
def opened_web(archive: Archive, sources: Sequence[str], stop: threading.Event) -> Iterator[Web]:
    """Open a reader for those sources that are addresses; nothing is loaded where there are none.

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
        urls,
        archive.settings,
        partial(hashes_of, store),
        memory=memory_path(store.location),
        stop=stop,
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


def interval_seconds(interval: str) -> float:
    """Parse an interval such as 90s, 15m, 2h or 1d; returns seconds.

    Raises:
        SettingsError: It cannot be read, or is shorter than 1s or longer than 30d.
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smhd])\s*", interval)
    if found is None:
        raise SettingsError(f"--every {interval!r} is no time: write 90s, 15m, 2h or 1d.")
    value = float(found[1]) * _UNITS_S[found[2]]
    if not 1 <= value <= _LONGEST_INTERVAL_S:
        raise SettingsError(f"--every {interval} must be between 1s and 30d.")
    return value


def run_rounds(
    run: Callable[[bool], Report],
    tell: Callable[[Report], None],
    *,
    interval_s: float,
    stop: threading.Event,
) -> None:
    """Repeat a run until SIGTERM or Ctrl-C; a second one of these does not wait for its end.

    A round that takes longer than the interval is followed by the next at once. An archive that
    does not answer costs one round: what was not written is read again in the next.

    Args:
        run: Makes one round; its argument says whether that is the first.
        tell: Prints the report of a round.
        stop: Set when no further round is to begin.
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
