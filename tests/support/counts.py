"""How often tests repeat what they do at random: settings of whoever runs them.

A plugin of pytest, too: at its end a run says what the settings were, and how often the tests that
ran have really done it.
"""

from __future__ import annotations

import os
from collections import Counter

import pytest

used: dict[str, int] = {}
"""Setting → the number that this run takes."""

made: Counter[str] = Counter()
"""Setting → how often it was really done, in all tests that ran."""


def count(name: str, default: int) -> int:
    """The number that an environment variable gives; ask for it while the tests are imported."""
    used[name] = int(os.environ.get(name) or default)
    return used[name]


def done(name: str, number: int = 1) -> None:
    """Note that what the setting counts was done."""
    made[name] += number


def pytest_sessionfinish(session):
    """A worker of pytest-xdist hands its numbers over."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["counts"] = (used, dict(made))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    """Add up what a worker hands over."""
    theirs_used, theirs_made = getattr(node, "workeroutput", {}).get("counts", ({}, {}))
    used.update(theirs_used)
    made.update(theirs_made)


def pytest_terminal_summary(terminalreporter):
    """Print all of it."""
    for name, number in sorted(used.items()):
        origin = "set" if os.environ.get(name) else "as usual"
        terminalreporter.write_line(f"{name}={number} ({origin}): {made[name]:,} made")
