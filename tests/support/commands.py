"""Runs the command as users do: in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys

RUN = [sys.executable, "-c", "from search.cli import main; main()"]


def songngu(*arguments, cwd=None, stdin=None, **environment):
    """The finished process; its output is text."""
    return subprocess.run(
        [*RUN, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        input=stdin,
        env={**os.environ, **environment},
        timeout=300,
    )


def songngu_json(*arguments, **options):
    """What a command printed as JSON; it must have succeeded."""
    done = songngu(*arguments, "--json", **options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def start(*arguments, cwd=None, **environment):
    """The running process."""
    return subprocess.Popen(
        [*RUN, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
        env={**os.environ, **environment},
    )


def one_line(text):
    """Standard error of a command that failed for a reason it can explain."""
    lines = text.strip().splitlines()
    assert len(lines) == 1, text
    assert "Traceback" not in text
    return lines[0]
