"""What is dear to make and only read afterwards is made once in a run, not by every worker."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return a folder that the first to ask for it fills, while the others wait.

    Of pytest-xdist's workers each has its own base folder, all in one folder of the run.

    Args:
        name: The folder's; one for each kind of thing in the whole suite.
        make: Fills the folder. Where it fails, the next one begins anew.
    """
    run = factory.getbasetemp()
    if run.name.startswith("popen-"):
        run = run.parent
    folder, made = run / name, run / f"{name}.made"
    with (run / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            made.touch()
    return folder
