"""What the views share: the archive, the settings, and recent figures about the archive."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from flask import current_app, request

from search.archive import Archive, open_archive
from search.errors import QueryError
from search.facets import Facets
from search.records import Query, ResultSet
from search.stores.base import StoreStats
from webui.parameters import MAX_PAGE_K, Address, read_address

if TYPE_CHECKING:
    from search.settings import Settings

STATS_SECONDS = 30.0
"""How long figures about the archive may be shown before it is asked again."""

FACETS_KEPT = 64
"""Queries whose facets are remembered: readers narrow, widen and turn pages."""

PROBE = Query("tin tức news", k=1)
"""A search like any reader's, for whether searching works."""

_EXTENSION = "songngu"


class Site:
    """One web site over one archive. Thread-safe.

    Args:
        archive: An open archive; None opens the one that the settings name when it is first
            needed, and tries again with each request until that succeeds.
    """

    def __init__(self, archive: Archive | None, settings: Settings) -> None:
        self.settings = settings
        self._archive = archive
        self._lock = threading.Lock()
        self._stats: tuple[float, StoreStats] | None = None
        self._facets: dict[Query, tuple[float, Facets]] = {}

    @property
    def archive(self) -> Archive:
        """The archive, opened when first needed.

        Raises:
            StoreError: It cannot be opened.
        """
        if self._archive is None:
            with self._lock:
                if self._archive is None:
                    self._archive = open_archive(settings=self.settings)
        return self._archive

    def stats(self) -> StoreStats:
        """Read the archive's figures, at most ``STATS_SECONDS`` old.

        Raises:
            StoreError: The archive cannot answer.
        """
        recent = self._stats
        if recent is None or time.monotonic() - recent[0] > STATS_SECONDS:
            recent = (time.monotonic(), self.archive.stats())
            self._stats = recent
        return recent[1]

    def facets(self, query: Query, found: ResultSet | None = None) -> Facets:
        """Count the matches of a query, or say what was counted in the last ``STATS_SECONDS``.

        Args:
            found: What the query finds at this moment, where that is known; None searches.

        Raises:
            QueryError: The query cannot be answered.
            StoreError: The archive cannot answer.
        """
        key = replace(query, k=1, offset=0, sort="relevance", more=None, explain=False)
        counted_at, facets = self._facets.get(key, (-STATS_SECONDS, None))
        recent = time.monotonic() - counted_at <= STATS_SECONDS
        if facets and recent and (found is None or facets.languages == found.count("match")):
            return facets
        facets = self.archive.facets(found or self.archive.result_set(query))
        with self._lock:
            self._facets.pop(key, None)
            self._facets[key] = (time.monotonic(), facets)
            while len(self._facets) > FACETS_KEPT:
                del self._facets[next(iter(self._facets))]
        return facets


def asked_address(
    paging: Literal["page", "offset"] = "page", max_k: int = MAX_PAGE_K
) -> tuple[Address, tuple[QueryError, ...]]:
    """Read what the address of the request asks for; see ``read_address``."""
    longest = current_site().settings.max_query_chars
    return read_address(request.args, paging=paging, max_query_chars=longest, max_k=max_k)


def install_site(site: Site) -> None:
    """Make a site that of the current application."""
    current_app.extensions[_EXTENSION] = site


def current_site() -> Site:
    """Find the site that the current request is for."""
    site = current_app.extensions[_EXTENSION]
    assert isinstance(site, Site)
    return site
