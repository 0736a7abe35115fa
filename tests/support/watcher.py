"""Ends the processes of a test run once pytest itself has ended, however that came about.

``python watcher.py MARK PID`` waits for its parent, the process PID, and then ends every process
that bears the mark. Linux only: elsewhere nothing is found in /proc, and nothing done.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

VARIABLE = "SONGNGU_TEST_RUN"
POLL_S = 0.25
GRACE = "SONGNGU_TEST_GRACE_S"
_GRACE_S = float(os.environ.get(GRACE, 30))  # an Elasticsearch that stops needs some seconds


def marked(mark: str) -> dict[int, str]:
    """Process id → command line of all that run and bear the mark, and their descendants."""
    wanted, parents, commands = set(), {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if fields[0] in "ZX":
                continue  # dead, and not collected
            pid = int(folder.name)
            parents[pid] = int(fields[1])
            commands[pid] = (folder / "cmdline").read_bytes().decode("utf-8", "replace")
            if f"{VARIABLE}={mark}".encode() in (folder / "environ").read_bytes():
                wanted.add(pid)
        except OSError:
            continue  # it ended meanwhile, or is somebody else's
    # Chromium overwrites the environment of its children.
    while more := {pid for pid, parent in parents.items() if parent in wanted} - wanted:
        wanted |= more
    return {pid: commands[pid].replace("\0", " ").strip() for pid in wanted - {os.getpid()}}


def end(mark: str, *, grace_s: float = _GRACE_S) -> None:
    """End all that bears the mark: by request, and after a while by force."""
    deadline = time.monotonic() + grace_s
    asked: set[int] = set()
    while left := marked(mark):
        forced = time.monotonic() > deadline
        for pid in left if forced else left.keys() - asked:
            try:
                os.kill(pid, signal.SIGKILL if forced else signal.SIGTERM)
                os.kill(pid, signal.SIGCONT)  # what was stopped hears nothing else
            except OSError:
                continue
        asked |= left.keys()
        time.sleep(POLL_S)


if __name__ == "__main__":
    while os.getppid() == int(sys.argv[2]):
        time.sleep(POLL_S)
    end(sys.argv[1])
