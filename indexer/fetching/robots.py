"""robots.txt (RFC 9309): what a site lets programs fetch, and how fast."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable

from protego import Protego

from indexer.fetching.urls import origin_of
from search.errors import ForbiddenFetchError, UnreachableError

LARGEST = 1 << 20
"""Bytes; RFC 9309 asks for at least 500 KiB."""

_AGENT = re.compile(r"\s*user[- ]?agent\b\s*:?\s*([^#]*)", re.IGNORECASE)
_VALID_S = 86_400.0
_FAILED_VALID_S = 300.0
_LONGEST_PAUSE_S = 600.0


_Rules = tuple[Protego, float]
"""The rules of a site, and the least pause between two requests, in seconds."""


class Robots:
    """The rules of every site that was asked, kept for a day.

    Args:
        user_agent: Its first word is the name that rules are looked up by.
        read: Fetches a robots.txt, or says None where there is none; raises FetchError.
    """

    def __init__(self, user_agent: str, read: Callable[[str, int], str | None]) -> None:
        self._agent = (user_agent.replace("/", " ").split() or ["*"])[0]
        self._read = read
        self._known: dict[str, tuple[float, _Rules | UnreachableError]] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def pause_s(self, url: str) -> float:
        """Return the least pause before an address is fetched; 0 where its site asks for none.

        Raises:
            ForbiddenFetchError: The site forbids it.
            UnreachableError: robots.txt cannot be read now; until it can, nothing is allowed.
        """
        origin = origin_of(url)
        with self._lock:
            lock = self._locks.setdefault(origin, threading.Lock())
        with lock:
            until, found = self._known.get(origin, (0.0, None))
            if found is None or until < time.monotonic():
                found = self._fetched(origin)
                valid_s = _FAILED_VALID_S if isinstance(found, UnreachableError) else _VALID_S
                self._known[origin] = (time.monotonic() + valid_s, found)
        if isinstance(found, UnreachableError):
            raise UnreachableError(str(found), again=False)
        rules, pause_s = found
        if not rules.can_fetch(url, self._agent):
            raise ForbiddenFetchError("robots.txt of the site forbids programs to fetch it")
        return pause_s

    def _fetched(self, origin: str) -> _Rules | UnreachableError:
        """Fetch the rules of a site; what is not there allows everything."""
        try:
            text = self._read(f"{origin}/robots.txt", LARGEST) or ""
        except UnreachableError as error:
            return UnreachableError(
                f"its robots.txt cannot be read ({error}), so nothing is fetched there now"
            )
        rules = Protego.parse(_concerning(text, self._agent))
        rate = rules.request_rate(self._agent)
        asked = [rules.crawl_delay(self._agent) or 0.0]
        if rate is not None and rate.requests:
            asked.append(rate.seconds / rate.requests)
        return rules, min(max(asked), _LONGEST_PAUSE_S)


def _concerning(text: str, agent: str) -> str:
    """Give all programs but ours one name in a robots.txt.

    A group of many thousand names with as many rules would be read for each pair of both.
    """
    lines = []
    for line in text.splitlines():
        kept = line
        if found := _AGENT.match(line):
            name = found[1].strip().lower()
            ours = name and name.replace("*", "") in agent.lower()
            kept = f"User-agent: {name if ours else '-'}"
        lines.append(kept)
    return "\n".join(lines)
