"""How SIGTERM and Ctrl-C end a run: in good order where it can be, and within seconds always.

Python runs a handler of signals only between two steps of its main thread. A thread that is inside
a C function or an expression may keep it from that for ever, so the last word has a small process
of its own. An archive survives being killed at any moment.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

GRACE_S = 8.0
"""Seconds after the first signal until the process is killed; docker stop waits for ten."""

# Reads a byte for each signal, which Python writes as it arrives, and the end when we have ended.
_WATCHER = """
import os, select, signal, sys, time
for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(name, signal.SIG_IGN)
process, left = int(sys.argv[1]), None
asked = 0
while True:
    began = time.monotonic()
    if not select.select([0], [], [], left)[0]:
        os.write(2, b"songngu: was still busy and is ended. What was reported is kept.\\n")
        os.kill(process, signal.SIGKILL)
        break
    if not (signals := os.read(0, 64)):
        break
    if left is not None:
        left = max(0.0, left - (time.monotonic() - began))
    for number in signals:
        if number in (signal.SIGINT, signal.SIGTERM):
            asked += 1
            left = float(sys.argv[2]) if asked == 1 else min(left, 1.0)
"""

_watchers: list[subprocess.Popen[bytes]] = []


def kill_if_busy(grace_s: float = GRACE_S) -> None:
    """Start a watcher that kills this process if it outlives SIGINT or SIGTERM by so long.

    For the main thread of a program: it holds until the process ends, whatever it still does.
    """
    if _watchers:
        return
    watcher = subprocess.Popen(  # noqa: S603
        [sys.executable, "-I", "-S", "-c", _WATCHER, str(os.getpid()), str(grace_s)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
        bufsize=0,
    )
    _watchers.append(watcher)
    assert watcher.stdin is not None
    os.set_blocking(watcher.stdin.fileno(), False)
    signal.set_wakeup_fd(watcher.stdin.fileno(), warn_on_full_buffer=False)


@contextmanager
def stopped_by_signals(stop: threading.Event) -> Iterator[None]:
    """Set ``stop`` on SIGTERM or Ctrl-C; a second one does not wait (``KeyboardInterrupt``)."""

    def ask(number: int, frame: FrameType | None) -> None:
        del number, frame
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        os.write(2, b"Stopping; what was fetched is still written.\n")

    before = {name: signal.signal(name, ask) for name in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
