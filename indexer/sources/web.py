"""Web addresses → documents: feeds and sitemaps followed to their pages, and single pages.

Several addresses are read at once, each host at its own pace. What was dealt with is remembered
(``indexer.fetching.memory``), so that a later run asks only for what may be new.
"""

from __future__ import annotations

import queue
import sqlite3
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from indexer.fetching import Fetcher, StoppedError
from indexer.fetching.memory import Memory, Page, Seen, SourceState
from indexer.sources.base import Failure, RawDocument
from indexer.sources.crawl import Crawler, KeptIds
from indexer.sources.web_pages import Step
from search.addresses import redacted
from search.errors import StoreError
from search.settings import Settings

_WORKERS = 8
_AHEAD = 32  # documents fetched and not yet taken


_Item = Step | StoreError | None
"""What a worker hands on: a step; an error of the archive or None at its end."""


class WebReader:
    """Reads addresses, in one run or again and again. ``close`` it in the end.

    ``documents`` is for one thread, and so are the methods that go with it: tell ``note_problem``
    of every problem with its documents, and call ``written`` whenever all that were taken so far
    are in the archive or reported.

    Args:
        urls: Addresses of feeds, sitemaps and pages.
        settings: fetch_…, user_agent and allow_private.
        kept: Says which articles the archive has; called from several threads.
        memory: The file of what was fetched earlier.
        stop: Ends the reading when it is set.

    Raises:
        SettingsError: ``allow_private`` or ``user_agent`` cannot be used.
    """

    def __init__(
        self,
        urls: Sequence[str],
        settings: Settings,
        kept: KeptIds,
        *,
        memory: Path,
        stop: threading.Event,
    ) -> None:
        self._urls = tuple(dict.fromkeys(urls))
        self._fetcher = Fetcher(settings, stop=stop)
        self._memory = Memory(memory)
        self._kept = kept
        self._crawler = Crawler(self._fetcher, self._memory, kept, settings)
        self._stop = stop
        self._threads: list[threading.Thread] = []
        self._pending: list[Page | Seen | SourceState] = []
        self._problems: dict[str, str] = {}

    @property
    def stopping(self) -> bool:
        """Tell whether the run is to end."""
        return self._stop.is_set()

    @property
    def unchanged(self) -> int:
        """Count the entries of this run that needed no fetching, or had not changed."""
        return self._crawler.unchanged

    @property
    def forgetful(self) -> str | None:
        """Say why nothing is remembered after this run, where that is so."""
        return self._memory.lost

    def documents(self) -> Iterator[RawDocument | Failure]:
        """Yield everything that the addresses lead to and that may be new.

        It ends early where the run is being stopped.

        Raises:
            StoreError: The archive cannot say what it has.
        """
        for thread in self._threads:
            thread.join()  # of a run that broke off: what it claims must not be missed in this one
        self._crawler.begin()
        self._pending, self._problems = [], {}
        waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
        for url in self._urls:
            waiting.put(url)
        done: queue.Queue[_Item] = queue.Queue(_AHEAD)
        left = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, args=(waiting, done, left), daemon=True)
            for _ in range(min(_WORKERS, len(self._urls)))
        ]
        for thread in self._threads:
            thread.start()
        working = len(self._threads)
        try:
            while working:
                step = done.get()
                if isinstance(step, StoreError):
                    raise step
                if step is None:
                    working -= 1
                    continue
                self._pending += step.records
                if step.document is not None:
                    yield step.document
        finally:
            left.set()

    def note_problem(self, kind: str, place: str) -> None:
        """Take note that a document "failed" or was "skipped"; other kinds do not count."""
        if kind in ("failed", "skipped"):
            self._problems[place] = kind

    def written(self) -> None:
        """Remember what became of everything that was taken so far."""
        articles = [record.article for record in self._pending if isinstance(record, Page)]
        kept = self._kept([article for article in articles if article is not None])
        records = [
            self._judged(record, kept) if isinstance(record, Page) else record
            for record in self._pending
        ]
        self._pending, self._problems = [], {}
        try:
            self._memory.remember(records)
        except sqlite3.Error as error:
            self._memory.lost = f"{self._memory.path} cannot be written ({error})"

    def forget(self) -> None:
        """Forget all earlier runs: the archive is a new one."""
        self._memory.forget_all()

    def close(self) -> None:
        """Hang up, and let go of the memory's file. Give the reading a moment to end."""
        self._stop.set()
        ends_at = time.monotonic() + 2.0
        for thread in self._threads:
            thread.join(timeout=max(0.0, ends_at - time.monotonic()))
        self._fetcher.close()
        self._memory.close()

    def _work(
        self,
        waiting: queue.SimpleQueue[str],
        done: queue.Queue[_Item],
        left: threading.Event,
    ) -> None:
        """Follow one address after the other, in a thread, until nobody takes what comes."""
        end: StoreError | None = None
        try:
            while not left.is_set():
                url = waiting.get_nowait()
                for step in self._crawler.address(url):
                    _put(done, _brought(step, url), left)
        except (StoppedError, queue.Empty):
            pass
        except StoreError as error:
            end = error
        finally:
            _put(done, end, left)

    def _judged(self, page: Page, kept: Collection[str]) -> Page:
        """Judge a page after its document went the whole way."""
        problem = self._problems.get(page.url)
        if page.outcome != "kept" or page.article is None:
            return page
        if problem is not None:  # also what was taken down, for that may be lifted
            return page.failed_again(time.time())
        # The archive may keep it under another id: then nothing can be told from this one.
        return page if page.article in kept else replace(page, article=None)


def _brought(step: Step, url: str) -> Step:
    """Tell a step's document the address that led to it."""
    if not isinstance(step.document, RawDocument):
        return step
    origin = replace(step.document.origin, source=redacted(url))
    return replace(step, document=replace(step.document, origin=origin))


def _put(done: queue.Queue[_Item], item: _Item, left: threading.Event) -> None:
    """Hand something on.

    Raises:
        StoppedError: It is a step, and nobody takes any more.
    """
    while not left.is_set():
        try:
            done.put(item, timeout=0.2)
        except queue.Full:
            continue
        return
    if isinstance(item, Step):
        raise StoppedError
