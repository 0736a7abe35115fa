"""A real Elasticsearch for the tests: one server for a whole run.

A plugin of pytest. The server starts when it is first asked for; where pytest-xdist shares the run
out, before its workers do, which all use it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "docker" / "elasticsearch.py"
MISSING_PREREQUISITE = 3
_GIVEN = "SONGNGU_TEST_ES_URL"
_SERVER = pytest.StashKey["Server"]()


class ServerMissingError(Exception):
    """No server can be had on this machine; the message says what is missing."""


@dataclass
class Server:
    """A server that a test may stop and kill.

    Attributes:
        process: The supervising script; None for a server that somebody else runs.
    """

    url: str
    process: subprocess.Popen[str] | None = None

    def stop(self) -> None:
        """End the server in good order, if it is ours, and delete its data."""
        if self.process is None:
            return
        assert self.process.stdin is not None
        # The script ends its server at the end of stdin: also when pytest itself is killed.
        self.process.stdin.close()
        try:
            self.process.wait(timeout=90)
        finally:
            assert self.process.stdout is not None
            self.process.stdout.close()

    def close(self) -> None:
        """Stop the server, and close what it spoke through."""
        self.stop()
        if self.process is not None and self.process.stderr is not None:
            self.process.stderr.close()


def start_server(*, version: str = "9", heap: str = "512m", password: str | None = None) -> Server:
    """Start a server with empty data on a free port.

    Raises:
        ServerMissingError: A JDK, Maven or the download is missing.
        RuntimeError: It could be installed but does not start.
    """
    environment = {**os.environ, "SONGNGU_ES_PASSWORD": password or ""}
    process = subprocess.Popen(
        [
            *(sys.executable, str(SCRIPT), "run", "--until-eof", "--temporary"),
            *("--port", "0", "--heap", heap, "--version", version, "--timeout", "240"),
        ],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    url = process.stdout.readline().strip()
    if url:
        # Nothing is written after the URL but one line at the end, so the pipe cannot fill.
        return Server(url, process)
    _, complaint = process.communicate(timeout=90)
    if process.returncode == MISSING_PREREQUISITE:
        raise ServerMissingError(complaint.strip())
    raise RuntimeError(f"docker/elasticsearch.py failed ({process.returncode}): {complaint}")


@contextmanager
def running_server(
    *, version: str = "9", heap: str = "512m", password: str | None = None
) -> Iterator[Server]:
    """A server of one's own, stopped and deleted at the end; skips where none can be had."""
    try:
        server = start_server(version=version, heap=heap, password=password)
    except ServerMissingError as missing:
        skip_or_fail(str(missing))
    try:
        yield server
    finally:
        server.close()


def skip_or_fail(reason: str) -> None:
    """Skip with the reason, or fail where every test has to run."""
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def answers(url: str) -> bool:
    """Whether an Elasticsearch at the URL answers."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=10) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    """Start the server that the workers of pytest-xdist share."""
    if not getattr(config.option, "tx", None) or os.environ.get(_GIVEN):
        return
    with suppress(ServerMissingError):  # told by each test that asks for it
        config.stash[_SERVER] = start_server()
        os.environ[_GIVEN] = config.stash[_SERVER].url


def pytest_sessionfinish(session):
    """Stop that server, before `support.processes` looks for what was left running."""
    if (server := session.config.stash.get(_SERVER, None)) is not None:
        server.close()


@pytest.fixture(scope="session")
def elasticsearch_url() -> Iterator[str]:
    """The URL of a running Elasticsearch: SONGNGU_TEST_ES_URL, or a server started for this run.

    Tests share it: each uses an archive of its own (`cluster`) and deletes only that.
    """
    given = os.environ.get(_GIVEN)
    if given:
        if not answers(given):
            skip_or_fail(f"{_GIVEN}={given} does not answer")
        yield given.rstrip("/")
        return
    with running_server() as server:
        yield server.url
