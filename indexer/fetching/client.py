"""The polite client: what robots.txt allows, at the host's pace, within limits, tried again."""

from __future__ import annotations

import email.utils
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message

import httpcore2 as httpcore

from indexer.fetching.bodies import TooLargeError, too_large, unpacked
from indexer.fetching.budget import Budget
from indexer.fetching.connections import GuardedBackend, private_networks
from indexer.fetching.hosts import Hosts
from indexer.fetching.robots import Robots
from indexer.fetching.urls import host_of, normalised
from search.errors import FetchError, ForbiddenFetchError, SettingsError, UnreachableError
from search.settings import Settings

MOST_REDIRECTS = 5
"""As browsers and RFC 9309 (for robots.txt) have it, or fewer."""

LONGEST_WAIT_S = 60.0
"""A host that wants to be left alone for longer is left to a later run."""

_LONGEST_HEADER = 8000
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
_ACCEPTED = (
    "text/html,application/xhtml+xml,application/rss+xml,application/atom+xml,"
    "application/feed+json,application/xml;q=0.9,*/*;q=0.5"
)
_NO_TEXT = ("image/", "audio/", "video/", "font/", "application/pdf", "application/zip")
_SAID = {
    401: "it wants a login",
    402: "it wants to be paid",
    403: "it refuses: it wants a login, or no programs",
    404: "there is no such page",
    410: "the page was taken away",
    451: "it may not be shown, for legal reasons",
}


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server can compare, so that an unchanged page is not sent again."""

    etag: str | None = None
    modified: str | None = None

    def headers(self) -> list[tuple[str, str]]:
        """Return the headers of a conditional request; none where nothing is known."""
        given = (("If-None-Match", self.etag), ("If-Modified-Since", self.modified))
        return [(name, value) for name, value in given if value]


NO_VALIDATORS = Validators()


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer.

    Attributes:
        url: Where it was found in the end.
        data: The body, without content encoding; empty where ``unchanged``.
        unchanged: The server says that it is what the validators stand for.
        media_type, charset: From the header Content-Type, in small letters.
        robots: The header X-Robots-Tag.
    """

    url: str
    data: bytes
    validators: Validators
    unchanged: bool = False
    media_type: str = ""
    charset: str | None = None
    robots: str = ""


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer as it came: what a redirect's target is follows from it."""

    status: int
    headers: Message
    body: bytes


class Fetcher:
    """Fetches addresses. Safe to use from several threads; ``close`` it in the end.

    Args:
        settings: user_agent, fetch_… and allow_private.
        stop: Ends every wait with ``StoppedError`` when it is set.
        backoff_s: Pause before the second try; each further one is four times as long.

    Raises:
        SettingsError: ``allow_private`` or ``user_agent`` cannot be used.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        stop: threading.Event | None = None,
        backoff_s: float = 1.0,
    ) -> None:
        self._settings = settings
        self._current = threading.local()
        self._backoff_s = backoff_s
        if not (settings.user_agent.isascii() and settings.user_agent.isprintable()):
            raise SettingsError("user_agent must be one line of plain ASCII letters and signs.")
        stop = stop or threading.Event()
        self._guard = GuardedBackend(private_networks(settings.allow_private), stop)
        self._hosts = Hosts(stop)
        self._robots = Robots(settings.user_agent, self._robots_text)
        self._pool = httpcore.ConnectionPool(
            network_backend=self._guard,
            max_connections=64,
            max_keepalive_connections=16,
            keepalive_expiry=30,
        )

    @property
    def page_limit(self) -> int:
        """Return how many bytes a page or feed may have, unpacked."""
        return self._settings.fetch_max_mb << 20

    @contextmanager
    def spending(self, budget: Budget) -> Iterator[None]:
        """Charge every request that this thread makes in the block to one budget.

        robots.txt, redirects and further tries count like any other. A request that the budget
        has no room for raises ``SpentError``.
        """
        self._current.budget = budget
        try:
            yield
        finally:
            del self._current.budget

    @property
    def _budget(self) -> Budget | None:
        return getattr(self._current, "budget", None)

    def get(
        self,
        url: str,
        *,
        validators: Validators = NO_VALIDATORS,
        max_bytes: int | None = None,
    ) -> Fetched:
        """Fetch one address, following redirects.

        Args:
            validators: From an earlier answer; makes the request conditional.
            max_bytes: Unpacked; else ``page_limit``.

        Raises:
            FetchError: It cannot be had. The message is one line without the address.
            ForbiddenFetchError: robots.txt or the settings forbid it.
            UnreachableError: It cannot be had now.
            StoppedError: The run is being stopped.
            SpentError: The budget is spent.
        """
        limit = max_bytes or self.page_limit
        place, answer = self._followed(normalised(url), self._robots.pause_s, validators, limit)
        headers = answer.headers
        if answer.status == 304 and not validators.headers():
            raise UnreachableError("answers 304 (not changed) to a request that did not ask it")
        said = Validators(headers.get("ETag"), headers.get("Last-Modified"))
        if answer.status == 304:
            # A server need not repeat what it said before (RFC 9110, 15.4.5).
            kept = Validators(said.etag or validators.etag, said.modified or validators.modified)
            return Fetched(place, b"", kept, unchanged=True)
        return Fetched(
            place,
            answer.body,
            said,
            media_type=headers.get_content_type() if "Content-Type" in headers else "",
            charset=headers.get_content_charset(),
            robots=", ".join(headers.get_all("X-Robots-Tag", [])),
        )

    def close(self) -> None:
        """Hang up."""
        self._pool.close()

    def _robots_text(self, url: str, max_bytes: int) -> str | None:
        """Fetch a robots.txt; None where a site has none, so that everything is allowed."""
        try:
            _, answer = self._followed(url, lambda _: 0.0, NO_VALIDATORS, max_bytes)
        except (ForbiddenFetchError, UnreachableError):
            raise
        except TooLargeError as error:  # what it forbids may stand beyond the limit
            raise UnreachableError(str(error), again=False) from error
        except FetchError:  # 4xx: RFC 9309, 2.3.1.3
            return None
        return answer.body.decode("utf-8", "replace")

    def _followed(
        self,
        url: str,
        pause_s: Callable[[str], float],
        validators: Validators,
        max_bytes: int,
    ) -> tuple[str, _Answer]:
        """Follow all redirects to the answer at their end, and return where that is too.

        Args:
            pause_s: Says how long an address's host wants to be left alone between requests, in
                seconds, and raises ForbiddenFetchError where it wants none.
        """
        passed: list[str] = []
        while True:
            pause = max(self._settings.fetch_pause_s, pause_s(url))
            answer = self._tried(url, pause, validators, max_bytes)
            if answer.status not in _REDIRECTS:
                return url, answer
            passed.append(url)
            target = answer.headers.get("Location", "").strip()
            if not target:
                raise FetchError(f"answers {answer.status} (moved) without saying where to")
            # Header bytes are read as Latin-1, and many servers send UTF-8.
            target = target.encode("latin-1", "replace").decode("utf-8", "replace")
            try:
                url = normalised(target, base=url)
            except FetchError as error:
                raise FetchError(f"leads elsewhere, and there {error}") from error
            if url in passed:
                raise FetchError("leads in a circle of redirects: the site has to mend that")
            if len(passed) > MOST_REDIRECTS:
                raise FetchError(f"leads through more than {MOST_REDIRECTS} redirects")

    def _tried(self, url: str, pause_s: float, validators: Validators, max_bytes: int) -> _Answer:
        """Ask for one answer, as often as is allowed and makes sense."""
        host, backoff_s = host_of(url), self._backoff_s
        for tries_left in reversed(range(self._settings.fetch_tries)):
            try:
                with self._hosts.turn(host, pause_s=pause_s, budget=self._budget):
                    answer = self._once(url, validators, max_bytes)
            except UnreachableError as error:
                rest_s = error.retry_after_s or 0.0
                if rest_s > LONGEST_WAIT_S:
                    self._hosts.rest(host, rest_s, f"{host} asked for a rest of {rest_s:.0f} s")
                    raise
                self._hosts.postpone(host, rest_s)
                if not (error.again and tries_left):
                    if error.again:
                        self._hosts.failed(host)
                    raise
                if error.retry_after_s is None:
                    self._hosts.wait(backoff_s)
                    backoff_s *= 4
            else:
                self._hosts.answered(host)
                _check_status(answer.status)
                return answer
        raise AssertionError("fetch_tries is at least 1")

    def _once(self, url: str, validators: Validators, max_bytes: int) -> _Answer:
        """Make one request."""
        limits, budget = self._settings, self._budget
        timeout_s = limits.fetch_timeout_s
        if budget is not None:
            budget.request()
            timeout_s = min(timeout_s, max(1.0, budget.ends_at - time.monotonic()))
        headers = [
            ("Host", url.split("/")[2]),
            ("User-Agent", limits.user_agent),
            ("Accept", _ACCEPTED),
            ("Accept-Encoding", "gzip"),
            *validators.headers(),
        ]
        timeouts = {
            "connect": limits.fetch_connect_timeout_s,
            "read": limits.fetch_read_timeout_s,
            "write": limits.fetch_read_timeout_s,
            "pool": limits.fetch_timeout_s,
        }
        try:
            with (
                self._guard.within(timeout_s),
                self._pool.stream(
                    "GET",
                    url,
                    headers=[(name.encode(), _header_bytes(value)) for name, value in headers],
                    extensions={"timeout": timeouts},
                ) as response,
            ):
                said = _headers(response.headers)
                if response.status in _BUSY:
                    raise UnreachableError(
                        f"answers {response.status}: the server is busy or broken; a later run"
                        " tries again",
                        retry_after_s=_retry_after(said.get("Retry-After"), said.get("Date")),
                    )
                if response.status != 200:
                    return _Answer(response.status, said, b"")
                _check_kind(said, max_bytes)
                stream = response.iter_stream()
                body = unpacked(
                    budget.received(stream) if budget is not None else stream,
                    said.get("Content-Encoding", ""),
                    max_bytes=max_bytes,
                )
                return _Answer(response.status, said, body)
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise _unreachable(error, limits) from error


def _check_kind(headers: Message, max_bytes: int) -> None:
    """Refuse a body by its headers, before it is read."""
    kind = headers.get_content_type() if "Content-Type" in headers else ""
    if kind.startswith(_NO_TEXT):
        raise FetchError(f"is {kind}, not a page: there is no text to index")
    length = headers.get("Content-Length", "")
    if length.isdecimal() and int(length) > max_bytes:
        raise too_large(max_bytes)


def _check_status(status: int) -> None:
    if status in (200, 304) or status in _REDIRECTS:
        return
    said = _SAID.get(status, "nothing can be fetched there")
    raise FetchError(f"answers {status}: {said}")


def _unreachable(error: Exception, limits: Settings) -> UnreachableError:
    """Tell in plain words what went wrong on the way."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, (ssl.SSLError, ConnectionError)):
        cause = cause.__cause__ or cause.__context__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return UnreachableError(
            f"its certificate is not valid ({cause.verify_message}): the site has to mend that",
            again=False,
        )
    if isinstance(error, httpcore.ConnectTimeout):
        return UnreachableError(
            f"no connection within {limits.fetch_connect_timeout_s:g} s; a later run tries again"
        )
    if isinstance(error, httpcore.TimeoutException):
        return UnreachableError(
            f"too slow: silent for {limits.fetch_read_timeout_s:g} s, or not done after"
            f" {limits.fetch_timeout_s:g} s; a later run tries again"
        )
    if isinstance(error, httpcore.ConnectError):
        return UnreachableError(f"no connection ({error}): the server is down, or refuses")
    if isinstance(error, httpcore.ProtocolError):
        return UnreachableError(f"the answer is cut off or no HTTP ({error})")
    return UnreachableError(f"the connection broke ({error or 'no reason given'})")


def _header_bytes(value: str) -> bytes:
    return value.encode("latin-1", "replace")


def _headers(raw: list[tuple[bytes, bytes]]) -> Message:
    """Read header fields, to be found without regard to case."""
    message = Message()
    for name, value in raw:
        message[name.decode("latin-1")] = value[:_LONGEST_HEADER].decode("latin-1")
    return message


def _retry_after(value: str | None, now: str | None) -> float | None:
    """Read the seconds to wait from a header that holds them, or a date; None where neither is.

    Args:
        now: The server's own time (Date): our clock may be wrong.
    """
    if value is None:
        return None
    seconds = float(value) if value.strip().isdecimal() else None
    if seconds is None and (then := _timestamp(value)) is not None:
        seconds = then - (_timestamp(now) or time.time())
    return None if seconds is None else min(max(0.0, seconds), 86_400.0)


def _timestamp(value: str | None) -> float | None:
    """Read an HTTP date as seconds since 1970; None where it is none."""
    parsed = email.utils.parsedate_tz(value or "")
    try:
        return None if parsed is None else email.utils.mktime_tz(parsed)
    except (ValueError, OverflowError):  # in the year 99999
        return None
