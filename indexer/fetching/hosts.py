"""Manners towards each host: one request at a time, pauses between them, rest when it wants it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from indexer.fetching.budget import Budget
from indexer.fetching.connections import StoppedError
from search.errors import UnreachableError

_PATIENCE = 3
"""Addresses of one host that may fail in a row before it is left alone."""

_REST_S = 300.0
"""How long a host is left alone that failed so often."""


class RestingError(UnreachableError):
    """The host is being left alone; this address was not asked for."""


@dataclass
class _Host:
    turn: threading.Lock = field(default_factory=threading.Lock)
    next_at: float = 0.0
    rests_until: float = 0.0
    rests_because: str = ""
    failed: int = 0


class Hosts:
    """Who may be asked when. Safe to use from several threads.

    Args:
        stop: Ends every wait when it is set.
    """

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._hosts: dict[str, _Host] = {}
        self._lock = threading.Lock()

    @contextmanager
    def turn(self, name: str, *, pause_s: float, budget: Budget | None = None) -> Iterator[None]:
        """Wait until a host may be asked; nobody else asks it within the block.

        Raises:
            RestingError: It is being left alone.
            StoppedError: The run is being stopped.
            SpentError: The budget's time is over before.
        """
        host = self._host(name)
        while not host.turn.acquire(timeout=0.2):
            self.check()
            if budget is not None:
                budget.wait_until(time.monotonic())
        try:
            self._check_rest(host)
            if budget is not None:
                budget.wait_until(host.next_at)
            self.wait(host.next_at - time.monotonic())
            yield
        finally:
            host.next_at = max(host.next_at, time.monotonic() + pause_s)
            host.turn.release()

    def wait(self, seconds: float) -> None:
        """Sleep.

        Raises:
            StoppedError: The run is being stopped.
        """
        if seconds > 0:
            self._stop.wait(seconds)
        self.check()

    def check(self) -> None:
        """Raise StoppedError where the run is being stopped."""
        if self._stop.is_set():
            raise StoppedError

    def answered(self, name: str) -> None:
        """Take note that a host did what it was asked for, or said why not."""
        self._host(name).failed = 0

    def failed(self, name: str) -> None:
        """Take note that a host failed at one address, after all tries."""
        host = self._host(name)
        host.failed += 1
        if host.failed >= _PATIENCE:
            host.failed = 0
            self.rest(name, _REST_S, f"{name} failed {_PATIENCE} times in a row")

    def postpone(self, name: str, seconds: float) -> None:
        """Make all who want to ask a host wait until so many seconds have passed."""
        host = self._host(name)
        host.next_at = max(host.next_at, time.monotonic() + seconds)

    def rest(self, name: str, seconds: float, reason: str) -> None:
        """Leave a host alone for a while."""
        host = self._host(name)
        host.rests_until, host.rests_because = time.monotonic() + seconds, reason

    def _host(self, name: str) -> _Host:
        with self._lock:
            return self._hosts.setdefault(name, _Host())

    @staticmethod
    def _check_rest(host: _Host) -> None:
        left = host.rests_until - time.monotonic()
        if left > 0:
            raise RestingError(
                f"not fetched: {host.rests_because}, so it is left alone for {left:.0f} s more;"
                " a later run tries again",
                again=False,
            )
