"""An address → everything it leads to that may be new: the part of ``WebReader`` that fetches."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from indexer.charsets import decoded
from indexer.fetching import (
    NO_VALIDATORS,
    Budget,
    Fetcher,
    RestingError,
    SpentError,
    StoppedError,
    gunzipped,
    normalised,
)
from indexer.fetching.memory import Memory, Page, Seen, SourceState
from indexer.sources.base import Failure
from indexer.sources.entries import Listing, ListingEntry
from indexer.sources.web_kinds import listing
from indexer.sources.web_pages import Step, followed, only_content, single
from search.addresses import canonical_url
from search.errors import FetchError, ForbiddenFetchError, StoreError
from search.settings import Settings

LARGEST_LISTING = 50 << 20
"""Bytes, unpacked: what the sitemap protocol allows."""

_DEEPEST = 2  # an index may name indexes, though the protocol has no use for that


class KeptIds(Protocol):
    """Tells which articles an archive has."""

    def __call__(self, ids: Sequence[str], /) -> Collection[str]:
        """Return those of the ids that are kept."""


@dataclass
class _Visit:
    """One address that was asked for, with all that it leads to.

    Attributes:
        budget: What may still be spent on it.
        postponed: Pages and sitemaps that are left to a later run.
        unfinished: Something could not be asked for, so "not changed" will not mean "done".
    """

    budget: Budget
    postponed: int = 0
    unfinished: bool = False
    reached: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Earlier:
    """What earlier runs made of a feed or sitemap.

    Attributes:
        stamps: Of the entries that were dealt with, by address.
        due: Addresses to be fetched although their entries did not change.
        waiting: Addresses that failed, and whose time to be tried again has not come.
    """

    state: SourceState | None
    stamps: dict[str, str]
    due: frozenset[str]
    waiting: frozenset[str]

    @property
    def done(self) -> bool:
        """Tell whether there is nothing to do, provided that the source did not change."""
        return self.state is not None and self.state.complete and not self.due

    @property
    def unchanged(self) -> int:
        """Count the entries that are as they were."""
        return len(self.stamps.keys() - self.waiting)


class Crawler:
    """Follows addresses. Safe to use from several threads.

    Args:
        kept: Says which articles the archive has.
        settings: fetch_max_…: what one address may cost in one run.

    Attributes:
        unchanged: Entries of the current run that had not to be fetched, or had not changed.
    """

    def __init__(self, fetcher: Fetcher, memory: Memory, kept: KeptIds, settings: Settings) -> None:
        self._fetcher = fetcher
        self._memory = memory
        self._kept = kept
        self._settings = settings
        self._lock = threading.Lock()
        self._compared: set[str] = set()
        self.begin()

    def begin(self) -> None:
        """Begin a run: pages may be asked for again that the last one asked for."""
        self.unchanged = 0
        self._claimed: set[str] = set()

    def address(self, given: str) -> Iterator[Step]:
        """Follow one address to everything that it leads to.

        Raises:
            StoppedError: The run is being stopped.
            StoreError: The archive cannot say what it has.
        """
        visit, url = _Visit(Budget(self._settings)), given
        try:
            url = normalised(given)
            with self._fetcher.spending(visit.budget):
                yield from self._source(url, visit)
        except SpentError:
            visit.postponed += 1
        except (StoppedError, StoreError):
            raise
        except FetchError as error:  # also what is forbidden: this very address was asked for
            yield Step(Failure(url, None, str(error)))
        except Exception as error:  # whatever one source does, the others are read
            told = " ".join(repr(error).split())[:300]
            yield Step(Failure(url, None, f"cannot be read, for a reason not foreseen: {told}"))
        if visit.postponed:
            reason = (
                f"{visit.postponed:,} more of its pages or sitemaps are left to the next run: one"
                f" run takes {visit.budget.spent} for a source"
            )
            yield Step(Failure(url, None, reason, skipped=True))

    def _source(
        self, url: str, visit: _Visit, *, changed: str = "", depth: int = 0
    ) -> Iterator[Step]:
        """Read one address whose kind is not known yet, or a sitemap that an index names.

        Args:
            changed: When it was changed, if an index says so.
        """
        visit.reached.add(url)
        earlier = self._earlier(url)
        if earlier.state and earlier.done and changed and changed == earlier.state.stamp:
            self._count_unchanged(earlier.unchanged)
            return
        page = self._page(url) if earlier.state is None else None
        validators = page.validators if page else NO_VALIDATORS
        if earlier.state and earlier.done:
            validators = earlier.state.validators
        fetched = self._fetcher.get(url, validators=validators, max_bytes=LARGEST_LISTING)
        if fetched.unchanged:
            self._count_unchanged(1 if page else earlier.unchanged)
            return
        data = gunzipped(fetched.data, max_bytes=LARGEST_LISTING)
        text = decoded(data, fetched.charset)
        found = listing(
            text,
            url=fetched.url,
            media_type=fetched.media_type,
            max_bytes=self._fetcher.page_limit,
        )
        if found is None:
            yield single(self._fetcher, url, fetched, data)
            return
        yield from self._entries(url, found, earlier, visit)
        yield from self._children(found.children, visit, depth=depth)
        # Of an index nothing can be told from its not having changed: its sitemaps may have.
        complete = not (found.children or found.damage or visit.postponed or visit.unfinished)
        yield Step(records=(SourceState(url, fetched.validators, changed, complete),))
        listed = {entry.url for entry in found.entries}
        self._memory.forget_entries(url, earlier.stamps.keys() - listed)

    def _entries(
        self, url: str, found: Listing, earlier: _Earlier, visit: _Visit
    ) -> Iterator[Step]:
        """Follow a feed or sitemap to the pages that may be new."""
        if found.damage is not None:
            many = len(found.entries) + len(found.children)
            reason = f"{found.damage}; {many} entries could be made out" if many else found.damage
            yield Step(Failure(url, None, f"the {found.kind} {reason}", skipped=bool(many)))
        elif not found.entries and not found.children:
            yield Step(Failure(url, None, f"the {found.kind} holds no entries", skipped=True))
        met = set()
        for number, entry in enumerate(found.entries, 1):
            if entry.url is None:
                yield only_content(f"{url}#{number}", entry)
                continue
            if entry.url in met:
                continue  # else two versions of one entry would take turns in being the news
            met.add(entry.url)
            seen = Seen(url, entry.url, entry.stamp)
            if earlier.stamps.get(entry.url) == seen.stamp and entry.url not in earlier.due:
                self._count_unchanged(entry.url not in earlier.waiting)
            elif not self._claim(entry.url):
                yield Step(records=(seen,))
            elif not visit.budget.spent:
                yield from self._entry(entry, seen, visit)
            else:
                visit.postponed += 1

    def _entry(self, entry: ListingEntry, seen: Seen, visit: _Visit) -> Iterator[Step]:
        visit.budget.pages -= 1
        known = self._page(seen.url)
        try:
            step = followed(self._fetcher, known or Page(seen.url, "failed"), entry)
        except RestingError as error:
            visit.unfinished = True
            yield _failed(seen.url, error)
            return
        except SpentError:
            visit.postponed += 1
            return
        if step.document is None:
            self._count_unchanged(1)
        yield Step(step.document, (*step.records, seen))

    def _children(
        self, children: Sequence[tuple[str, str]], visit: _Visit, *, depth: int
    ) -> Iterator[Step]:
        """Read the sitemaps of an index: what is new first, then what was not read longest."""

        def last_read(child: tuple[str, str]) -> float:
            url, stamp = child
            before = self._memory.source(url)
            return before.read if before and before.stamp == stamp else 0.0

        for child, changed in sorted(children, key=last_read):
            if child in visit.reached:
                continue
            if depth >= _DEEPEST:
                yield Step(Failure(child, None, "stands too deep in indexes of sitemaps"))
            elif not visit.budget.spent:
                try:
                    yield from self._source(child, visit, changed=changed, depth=depth + 1)
                except SpentError:
                    visit.postponed += 1
                except FetchError as error:
                    visit.unfinished = True
                    # Remembered, so that its turn comes again after that of the others.
                    yield Step(_failed(child, error).document, (SourceState(child, stamp=changed),))
            else:
                visit.postponed += 1

    def _earlier(self, url: str) -> _Earlier:
        pages, now = self._memory.pages_of(url), time.time()
        failed = [page for page in pages if page.outcome == "failed"]
        due = {page.url for page in failed if page.is_due(now)}
        waiting = {page.url for page in failed} - due
        with self._lock:
            compare = url not in self._compared
            self._compared.add(url)
        if compare:
            # The archive may be older than what is remembered: restored, or copied from elsewhere.
            # Later in a run, what goes is deleted on purpose.
            due |= self._missing(pages)
        return _Earlier(
            self._memory.source(url),
            self._memory.stamps(url),
            frozenset(due),
            frozenset(waiting),
        )

    def _page(self, url: str) -> Page | None:
        """Recall a page, with its validators only if "not changed" will be an answer."""
        page = self._memory.page(url)
        if page is not None and (page.outcome == "failed" or self._missing([page])):
            return Page(url, "failed", failures=page.failures)
        return page

    def _missing(self, pages: Sequence[Page]) -> set[str]:
        """Find the pages that were kept and whose articles are not in the archive."""
        named = {page.article: page.url for page in pages if page.outcome == "kept"}
        ids = [article for article in named if article is not None]
        kept: set[str] = set()
        for start in range(0, len(ids), 1000):
            kept.update(self._kept(ids[start : start + 1000]))
        return {named[article] for article in ids if article not in kept}

    def _claim(self, url: str) -> bool:
        """Tell whether this is the first time in the run that a page is met."""
        key = canonical_url(url) or url
        with self._lock:
            if key in self._claimed:
                return False
            self._claimed.add(key)
            return True

    def _count_unchanged(self, number: int) -> None:
        with self._lock:
            self.unchanged += number


def _failed(url: str, error: FetchError) -> Step:
    return Step(Failure(url, None, str(error), skipped=isinstance(error, ForbiddenFetchError)))
