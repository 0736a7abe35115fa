"""What the views share: the archive, the settings, and recent figures about the archive."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from flask import current_app

from search.archive import Archive, open_archive
from search.records import Query
from search.stores.base import StoreStats

if TYPE_CHECKING:
    from search.settings import Settings

STATS_SECONDS = 30.0
"""How long figures about the archive may be shown before it is asked again."""

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


def install_site(site: Site) -> None:
    """Make a site that of the current application."""
    current_app.extensions[_EXTENSION] = site


def current_site() -> Site:
    """Find the site that the current request is for."""
    site = current_app.extensions[_EXTENSION]
    assert isinstance(site, Site)
    return site
