"""A page that was fetched → a document; where there is none, what its feed carries of it."""

from __future__ import annotations

import time
from dataclasses import dataclass

from indexer.fetching import NO_VALIDATORS, Fetched, Fetcher, RestingError, Validators
from indexer.fetching.memory import Page, Seen, SourceState
from indexer.pages.html import Extracted
from indexer.pages.markup import decoded
from indexer.pages.refusals import SentOnError
from indexer.sources.base import Failure, Origin, RawDocument
from indexer.sources.entries import ListingEntry, completed
from indexer.sources.feeds import whole_story
from indexer.sources.page_files import extracted
from indexer.sources.web_kinds import feeds_named, refuses_indexing
from search.addresses import id_of_url, speaks_for
from search.errors import (
    ExtractionError,
    FetchError,
    ForbiddenFetchError,
    NotAnArticleError,
    UnreachableError,
)


@dataclass(frozen=True, slots=True)
class Step:
    """Something dealt with: a document or a failure or neither, and what to remember of it."""

    document: RawDocument | Failure | None = None
    records: tuple[Page | Seen | SourceState, ...] = ()


_MOST_HOPS = 3
"""Pages in a row that may send on to the next one."""


class _LeaveOutError(NotAnArticleError):
    """A page that asks not to be indexed, whatever is on it."""


def followed(fetcher: Fetcher, known: Page, entry: ListingEntry) -> Step:
    """Fetch the page that an entry leads to.

    Args:
        known: What became of it earlier; its validators make the request conditional.

    Raises:
        RestingError: Its host is left alone now.
        StoppedError: The run is being stopped.
        SpentError: The budget of the source is spent.
    """
    url = known.url
    try:
        fetched = fetcher.get(url, validators=known.validators)
        if fetched.unchanged:
            return Step(records=(known,))
        page = decoded(fetched.data, fetched.charset)
        found, validators = _article_from(fetcher, fetched, page)
    except RestingError:
        raise
    except (FetchError, ExtractionError) as error:
        return without_page(known, entry, error)
    return _kept(url, completed(found.fields, entry), validators, found.notes)


def single(fetcher: Fetcher, url: str, fetched: Fetched, data: bytes) -> Step:
    """Make a document of a page that was asked for by its address.

    Args:
        fetcher: Fetches the page that this one only sends on to.
        data: The page, unpacked.
    """
    page = ""
    try:
        page = decoded(data, fetched.charset)
        found, validators = _article_from(fetcher, fetched, page)
    except (FetchError, ExtractionError) as error:
        reason, feeds = str(error), feeds_named(page, url=fetched.url) if page else ()
        if feeds:
            reason += f"; it names a feed, which can be indexed: songngu index {feeds[0]}"
        return Step(Failure(url, None, reason))
    return _kept(url, completed(found.fields, None), validators, found.notes)


def without_page(known: Page, entry: ListingEntry, error: FetchError | ExtractionError) -> Step:
    """Take a feed's own text of a page that cannot be had; else give the reason."""
    url, reason = known.url, str(error)
    failed = known.failed_again(time.time())
    story = "" if isinstance(error, _LeaveOutError) else whole_story(entry.content)
    if story and not speaks_for(entry.listed_at, url):
        reason += "; the text that the feed has of it is not taken, for the feed is of another site"
    elif story:
        note = f"the text is the feed's own, because the page cannot be had: {reason}"
        fields = {**completed({"url": url}, entry), "text": story}
        if isinstance(error, UnreachableError):
            return Step(RawDocument(Origin(url), fields=fields, notes=(note,)), (failed,))
        return _kept(url, fields, NO_VALIDATORS, (note,))
    if isinstance(error, NotAnArticleError):  # nor will it be, before its entry changes
        return Step(Failure(url, None, reason, skipped=True), (Page(url, "skipped"),))
    forbidden = isinstance(error, ForbiddenFetchError)
    return Step(Failure(url, None, reason, skipped=forbidden), (failed,))


def only_content(place: str, entry: ListingEntry) -> Step:
    """Make a document of an entry that leads nowhere."""
    story = whole_story(entry.content)
    if not story:
        return Step(Failure(place, None, "the entry has neither an address nor a whole text"))
    return Step(RawDocument(Origin(place), fields={**completed({}, entry), "text": story}))


def _article_from(fetcher: Fetcher, fetched: Fetched, page: str) -> tuple[Extracted, Validators]:
    """Read the article on a page, or on the one that the page only sends on to.

    Returns:
        The article, and what makes the next request conditional. Of a page that sends on nothing
        can be told from its not having changed, for the story is on another one.

    Raises:
        FetchError: The page that holds the story cannot be had.
        ExtractionError: There is no article, or too many pages in a row send on.
    """
    validators = fetched.validators
    for _ in range(_MOST_HOPS):
        try:
            return _article(page, fetched), validators
        except SentOnError as error:
            fetched = fetcher.get(error.address)
            page, validators = decoded(fetched.data, fetched.charset), NO_VALIDATORS
    return _article(page, fetched), validators


def _article(page: str, fetched: Fetched) -> Extracted:
    """Find the article on a page.

    Raises:
        ExtractionError: There is none, or the page asks to be left out.
    """
    if refuses_indexing(page, fetched.robots):
        raise _LeaveOutError("the page asks search engines to leave it out (noindex)")
    if not page.strip():
        raise ExtractionError("the page is empty")
    return extracted(page, url=fetched.url)


def _kept(
    url: str, fields: dict[str, object], validators: Validators, notes: tuple[str, ...] = ()
) -> Step:
    record = Page(url, "kept", validators, article=id_of_url(str(fields.get("url") or url)))
    return Step(RawDocument(Origin(url), fields=fields, notes=notes), (record,))
