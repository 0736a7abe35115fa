"""What one source may cost in one run, whatever it answers: requests, bytes and time."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from search.settings import Settings

_OTHER_REQUESTS = 20


class SpentError(Exception):
    """The budget of a source is spent: what was not reached is left to the next run."""


class Budget:
    """Pages, requests, bytes and time. For one thread.

    Args:
        settings: fetch_max_pages, fetch_max_total_mb and fetch_max_minutes.

    Attributes:
        pages: Pages that may still be fetched; whoever fetches one counts it.
        ends_at: When the time is over, by ``time.monotonic``.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.pages = settings.fetch_max_pages
        self._requests = 2 * settings.fetch_max_pages + _OTHER_REQUESTS
        self._bytes = settings.fetch_max_total_mb << 20
        self.ends_at = time.monotonic() + 60.0 * settings.fetch_max_minutes

    @property
    def spent(self) -> str:
        """Say in words which part of it is spent; empty where none is."""
        limits = self._settings
        if self._requests <= 0:
            made = 2 * limits.fetch_max_pages + _OTHER_REQUESTS
            return f"{made:,} requests (SONGNGU_FETCH_MAX_PAGES)"
        if self._bytes <= 0:
            return f"{limits.fetch_max_total_mb:,} MiB (SONGNGU_FETCH_MAX_TOTAL_MB)"
        if time.monotonic() >= self.ends_at:
            return f"{limits.fetch_max_minutes:g} minutes (SONGNGU_FETCH_MAX_MINUTES)"
        if self.pages <= 0:
            return f"{limits.fetch_max_pages:,} pages (SONGNGU_FETCH_MAX_PAGES)"
        return ""

    def request(self) -> None:
        """Count one request before it is made.

        Raises:
            SpentError: It cannot be afforded.
        """
        if self._requests <= 0 or self._bytes <= 0 or time.monotonic() >= self.ends_at:
            raise SpentError
        self._requests -= 1

    def wait_until(self, moment: float) -> None:
        """Check that there is time to wait until a moment of ``time.monotonic``.

        Raises:
            SpentError: The time is over before.
        """
        if moment >= self.ends_at:
            self.ends_at = time.monotonic()  # what is left of it is no use
            raise SpentError

    def received(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the chunks of a body, and count them."""
        for chunk in chunks:
            self._bytes -= len(chunk)
            yield chunk
