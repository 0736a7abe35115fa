"""Whatever the tests start ends with them, also when pytest is interrupted or killed.

A plugin of pytest. Every process of a run carries a mark in its environment. A watcher in a session
of its own ends what bears it when pytest is gone: servers, browsers, programs that were about to be
killed. After a run that was not interrupted nothing may be left for it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid

import pytest
from support import watcher
from support.watcher import POLL_S, VARIABLE, marked

_LEFT = pytest.StashKey[dict[int, str]]()


def pytest_configure(config):
    """Mark what will be started, start the watcher, and let signals end a run in good order."""
    if hasattr(config, "workerinput"):
        return  # of pytest-xdist: the process that started it has done this
    above = os.environ.pop(VARIABLE, "")  # of a run that this one is a test of
    mark = f"{above}{uuid.uuid4().hex}."
    subprocess.Popen(
        [sys.executable, "-I", watcher.__file__, mark, str(os.getpid())],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ).returncode = 0  # it outlives this process, which is no leak to warn of
    os.environ[VARIABLE] = mark
    # What is ignored, as SIGINT is by a job in the background and SIGHUP under nohup, the programs
    # that the tests start would ignore too; of a handler they do not hear.
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        ignored = signal.getsignal(number) is signal.SIG_IGN
        if ignored or signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _pass if ignored else _interrupted)


def _interrupted(number, frame):
    raise KeyboardInterrupt(signal.Signals(number).name)


def _pass(number, frame):
    pass


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session, exitstatus):
    """A run that was not interrupted has ended what it started; else it fails."""
    if hasattr(session.config, "workerinput") or exitstatus == pytest.ExitCode.INTERRUPTED:
        return
    deadline = time.monotonic() + 5
    while (left := _left()) and time.monotonic() < deadline:
        time.sleep(POLL_S)
    session.config.stash[_LEFT] = left
    if left:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _left():
    """What runs, but for the process in which multiprocessing waits for this one to end."""
    found = marked(os.environ[VARIABLE])
    return {pid: command for pid, command in found.items() if "resource_tracker" not in command}


def pytest_terminal_summary(terminalreporter, config):
    """Name what was left running."""
    for pid, command in config.stash.get(_LEFT, {}).items():
        terminalreporter.write_line(f"LEFT RUNNING {pid}: {command[:200]}", red=True)
