"""Ctrl-C, which a terminal gives to all of a command's processes, and SIGTERM leave none behind."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.archives import demo_archive
from support.commands import RUN
from support.elasticsearch import SCRIPT
from support.news_pages import STORIES, article, item, rss
from support.watcher import VARIABLE, marked
from support.web_server import Reply, WebServer

import search

ROOT = Path(search.__file__).parents[1]
LONG_S = 180
SERVING = "Songngu is at "
ADDRESS = re.compile(r"http://[\d.:]+")


@pytest.fixture
def mark(tmp_path):
    """What the processes of a test bear in their environment."""
    return f"{os.environ[VARIABLE]}{tmp_path.name}."


@pytest.fixture
def begin(tmp_path, mark):
    """Starts a program in a process group of its own, as a shell does; it writes into a file."""
    started = []

    def begin(*command, **environment):
        with (tmp_path / "said").open("wb") as said:
            started.append(
                subprocess.Popen(
                    list(map(str, command)),
                    cwd=tmp_path,
                    env=os.environ | environment | {VARIABLE: mark},
                    stdout=said,
                    stderr=said,
                    process_group=0,
                )
            )
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def feed():
    with WebServer() as server:
        for name in STORIES:
            server.pages[f"/{name}.html"] = Reply(article(name))
        entries = [(f"/{name}.html", item(name)) for name in STORIES]
        server.pages["/feed"] = Reply(rss(entries), kind="application/rss+xml")
        yield server


def until(condition, process, said):
    deadline = time.monotonic() + LONG_S
    while not condition():
        assert process.poll() is None, said.read_text()
        assert time.monotonic() < deadline, said.read_text()
        time.sleep(0.05)


def ended(process, how, mark):
    """Give a signal to a program; returns its status once nothing bears the mark any more."""
    assert marked(mark)
    if how == "Ctrl-C":
        os.killpg(process.pid, signal.SIGINT)
    else:
        process.send_signal(how)
    status = process.wait(timeout=60)
    deadline = time.monotonic() + 20
    while marked(mark) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert marked(mark) == {}
    return status


@pytest.mark.parametrize(("how", "status"), [("Ctrl-C", 130), (signal.SIGTERM, 143)])
def test_the_demo_while_it_is_filled(tmp_path, begin, mark, how, status):
    process, said = begin(*RUN, "demo", "--port", "0"), tmp_path / "said"
    until(lambda: (tmp_path / "songngu-demo.db").exists(), process, said)
    assert len(marked(mark)) > 1
    assert ended(process, how, mark) == status
    assert "Traceback" not in said.read_text()
    assert SERVING not in said.read_text()


@pytest.fixture
def filled(tmp_path, tmp_path_factory):
    """The demo's archive is there already, so that it soon serves."""
    shutil.copy(demo_archive(tmp_path_factory), tmp_path / "songngu-demo.db")


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("how", ["Ctrl-C", signal.SIGTERM])
@pytest.mark.parametrize("command", ["demo", "serve"])
def test_what_serves(tmp_path, begin, mark, command, how):
    process = begin(*RUN, command, "--port", "0", "--archive", "songngu-demo.db")
    said = tmp_path / "said"
    until(lambda: SERVING in said.read_text(), process, said)
    assert ended(process, how, mark) == 0
    assert "Traceback" not in said.read_text()


@pytest.mark.usefixtures("filled")
def test_make_demo(tmp_path, begin, mark):
    # An environment that is ready, as after the first time: nothing is installed.
    programs = tmp_path / "environment" / "bin"
    programs.mkdir(parents=True)
    (programs / "python").symlink_to(sys.executable)
    (programs.parent / ".installed").touch()
    program = programs / "songngu"
    program.write_text(
        f"#!{sys.executable}\n"
        f"import os\nfrom search.cli import main\nos.chdir({str(tmp_path)!r})\nmain()\n"
    )
    program.chmod(0o755)
    process = begin(
        *("make", "--directory", ROOT, "demo", "PORT=0", f"VENV={programs.parent}"),
        PYTHONPATH=str(ROOT),
    )
    said = tmp_path / "said"
    until(lambda: SERVING in said.read_text(), process, said)
    assert len(marked(mark)) > 1  # make, and what it runs
    ended(process, "Ctrl-C", mark)
    assert "Traceback" not in said.read_text()


@pytest.mark.parametrize("how", ["Ctrl-C", signal.SIGTERM])
def test_rounds_of_indexing(tmp_path, begin, mark, feed, how):
    process = begin(
        *(*RUN, "index", feed.url("/feed"), "--archive", "news.db", "--every", "1h"),
        SONGNGU_ALLOW_PRIVATE="127.0.0.1",
        SONGNGU_FETCH_PAUSE_S="0",
    )
    said = tmp_path / "said"
    until(lambda: f"{len(STORIES)} added" in said.read_text(), process, said)
    assert len(marked(mark)) > 1  # with what ends it where it is busy
    assert ended(process, how, mark) == 0
    assert "Traceback" not in said.read_text()


def test_a_server_of_elasticsearch(tmp_path, begin, mark):
    process = begin(
        *(sys.executable, SCRIPT, "run", "--temporary", "--port", "0", "--heap", "512m"),
        *("--timeout", LONG_S),
    )
    said = tmp_path / "said"
    until(lambda: ADDRESS.search(said.read_text()), process, said)
    assert len(marked(mark)) > 1
    assert ended(process, "Ctrl-C", mark) == 130
    assert "Traceback" not in said.read_text()
