"""A run of the tests that is interrupted or killed leaves no process behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.archives import demo_archive
from support.watcher import GRACE, VARIABLE, marked

ROOT = Path(__file__).resolve().parents[2]
GIVEN = Path(__file__).parents[1] / "browser" / "conftest.py"

PLUGINS = 'pytest_plugins = ["support.processes", "support.elasticsearch"]\n'
HEAD = """
import os, pathlib, subprocess, sys, time
import pytest
from support.commands import RUN, start

def ready():
    pathlib.Path(os.environ["READY"]).touch()
    time.sleep(600)

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
"""
RUNS = {
    "a served site": """
def test(monkeypatch):
    process = start("serve", "--port", "0", "--archive", "none.db")
    assert process.stdout.readline()
    ready()
""",
    "a program in a session of its own that ignores SIGTERM": """
def test():
    subprocess.Popen([sys.executable, "-c", STUBBORN], start_new_session=True)
    time.sleep(0.5)
    ready()
""",
    "forks of a program": """
def test():
    code = "import os, time; os.fork() or os.setsid(); os.fork(); time.sleep(600)"
    subprocess.Popen([sys.executable, "-c", code])
    time.sleep(0.5)
    ready()
""",
    "a program that was stopped": """
def test():
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    process.send_signal(19)
    ready()
""",
    "a browser and its site": """
import browser_fixtures
from browser_fixtures import chromium, site, visit

browser_fixtures.demo_archive = lambda factory: os.environ["ARCHIVE"]

def test(visit):
    visit("/")
    ready()
""",
    "an Elasticsearch that starts": """
def test():
    import threading
    from support.elasticsearch import start_server
    threading.Thread(target=start_server, daemon=True).start()
    time.sleep(3)
    ready()
""",
    "an Elasticsearch": """

def test(elasticsearch_url):
    ready()
""",
}
SIGNALS = {
    "SIGINT to all": (signal.SIGINT, True),
    "SIGTERM": (signal.SIGTERM, False),
    "SIGHUP to all": (signal.SIGHUP, True),
    "SIGKILL": (signal.SIGKILL, False),
    "SIGKILL to all": (signal.SIGKILL, True),
}
CASES = [
    *(("a served site", how) for how in SIGNALS),
    *(("forks of a program", how) for how in ("SIGINT to all", "SIGKILL to all")),
    ("a program in a session of its own that ignores SIGTERM", "SIGKILL to all"),
    ("a program that was stopped", "SIGTERM"),
    *(("a browser and its site", how) for how in ("SIGTERM", "SIGKILL")),
    ("an Elasticsearch that starts", "SIGKILL"),
    ("an Elasticsearch", "SIGKILL to all"),
]


@pytest.fixture
def run(tmp_path):
    """Starts pytest on a test in a folder of its own, in a process group of its own."""
    started = []
    mark = f"{os.environ[VARIABLE]}{tmp_path.name}."

    def run(test, *more):
        (tmp_path / "conftest.py").write_text(PLUGINS)
        shutil.copy(GIVEN, tmp_path / "browser_fixtures.py")
        (tmp_path / "test_it.py").write_text(HEAD + test)
        options = ("-c", ROOT / "pyproject.toml", "--rootdir", tmp_path, "-p", "no:cacheprovider")
        places = f"{tmp_path}{os.pathsep}{ROOT}"
        with (tmp_path / "said").open("wb") as said:
            started.append(
                subprocess.Popen(
                    [sys.executable, "-m", "pytest", "-q", *map(str, options), *more, "test_it.py"],
                    cwd=tmp_path,
                    env=os.environ
                    | {"READY": str(tmp_path / "ready"), VARIABLE: mark, "PYTHONPATH": places},
                    stdout=said,
                    stderr=said,
                    start_new_session=True,
                )
            )
        return started[-1]

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()


@pytest.fixture
def given(what, tmp_path, tmp_path_factory, monkeypatch):
    """What a run would make at length, and less patience with what never ends by request."""
    if "browser" in what:
        shutil.copytree(demo_archive(tmp_path_factory).parent, tmp_path / "archive")
        monkeypatch.setenv("ARCHIVE", str(tmp_path / "archive" / "demo.db"))
    if "ignores" in what:
        monkeypatch.setenv(GRACE, "1")


@pytest.mark.usefixtures("given")
@pytest.mark.parametrize(("what", "how"), CASES)
def test_nothing_is_left(run, tmp_path, what, how):
    mark = f"{os.environ[VARIABLE]}{tmp_path.name}."
    process = run(RUNS[what])
    within(180, lambda: (tmp_path / "ready").exists() or process.poll() is not None)
    assert process.poll() is None, (tmp_path / "said").read_text()
    assert len(marked(mark)) > 1, "there is nothing that could be left"
    number, everybody = SIGNALS[how]
    (os.killpg if everybody else os.kill)(process.pid, number)
    process.wait(timeout=120)
    within(120, lambda: not marked(mark))
    assert marked(mark) == {}


def test_a_run_that_ends_by_itself_and_leaves_something_fails(run, tmp_path, monkeypatch):
    monkeypatch.setenv(GRACE, "1")
    process = run(
        "\ndef test():\n    pytest.kept = subprocess.Popen([sys.executable, '-c', STUBBORN])\n"
    )
    assert process.wait(timeout=120) == 1
    said = (tmp_path / "said").read_text()
    assert "1 passed" in said
    assert "LEFT RUNNING" in said
    mark = f"{os.environ[VARIABLE]}{tmp_path.name}."
    within(120, lambda: not marked(mark))
    assert marked(mark) == {}


def test_a_run_that_workers_share_ends_its_elasticsearch(run, tmp_path, monkeypatch):
    monkeypatch.delenv("SONGNGU_TEST_ES_URL", raising=False)
    test = "\n@pytest.mark.parametrize('n', range(4))\ndef test(n, elasticsearch_url):\n    pass\n"
    process = run(test, "-n", "2")
    status = process.wait(timeout=600)
    said = (tmp_path / "said").read_text()
    assert "4 passed" in said
    assert "LEFT RUNNING" not in said
    assert status == 0


def within(seconds, condition):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)
