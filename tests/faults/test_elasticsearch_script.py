"""docker/elasticsearch.py against the real thing: nothing stays behind, and it says what to do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from support.elasticsearch import MISSING_PREREQUISITE, SCRIPT, answers, skip_or_fail

LONG_S = 300


def script(*arguments, **options):
    return subprocess.run(
        [sys.executable, str(SCRIPT), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=LONG_S * 2,
        **options,
    )


def begun(*arguments):
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), "run", "--port", "0", "--heap", "512m", *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def processes_of(folder: Path) -> list[str]:
    """Command lines of what runs with a path below the folder in it, or a file of it open."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in line and process.name != str(os.getpid()):
            found.append((process / "cmdline").read_bytes().decode()[:200])
    return found


def url_of(process) -> str:
    url = process.stdout.readline().strip()
    if not url:
        complaint = process.stderr.read()
        if process.wait() == MISSING_PREREQUISITE:
            skip_or_fail(complaint.strip())
        pytest.fail(complaint)
    return url


@pytest.fixture
def folder():
    # Not below pytest's folder: root's server runs under another account, closed out of that.
    with tempfile.TemporaryDirectory(prefix="songngu-script-") as above:
        Path(above).chmod(0o755)
        folder = Path(above, "server")
        yield folder
        script("stop", "--data", folder)


@pytest.mark.parametrize("version", ["9", "8"])
def test_starts_in_the_background_answers_and_stops(folder, version):
    options = ("--version", version, "--data", folder)
    started = script("start", *options, "--port", 0, "--heap", "512m", "--timeout", LONG_S)
    if started.returncode == MISSING_PREREQUISITE:
        skip_or_fail(started.stderr.strip())
    assert started.returncode == 0, started.stderr
    url = started.stdout.strip()
    assert answers(url)
    assert json.loads(script("status", *options).stdout)["url"] == url
    again = script("start", *options)
    assert (again.returncode, again.stdout.strip()) == (0, url)
    second = script("run", *options)
    assert second.returncode == 1
    assert "stop it first" in second.stderr
    assert script("stop", *options).stderr == "Stopped.\n"
    assert not answers(url)
    assert processes_of(folder) == []
    assert script("status", *options).returncode == 1
    assert script("stop", *options).stderr == "It was not running.\n"


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGHUP, "eof"])
def test_no_process_outlives_the_script(folder, end):
    process = begun("--data", folder, "--until-eof", "--timeout", LONG_S)
    try:
        url = url_of(process)
        assert answers(url)
        assert processes_of(folder) != []
        if end == "eof":
            process.stdin.close()
        else:
            process.send_signal(end)
        process.wait(timeout=LONG_S)
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            pipe.close()
    assert not answers(url)
    assert processes_of(folder) == []


def test_an_interrupted_start_leaves_nothing(folder):
    process = begun("--data", folder)
    try:
        deadline = time.monotonic() + LONG_S
        while not (folder / "server.json").exists() and time.monotonic() < deadline:
            if process.poll() == MISSING_PREREQUISITE:
                skip_or_fail(process.stderr.read().strip())
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        process.wait(timeout=LONG_S)
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            pipe.close()
    assert processes_of(folder) == []


def test_a_folder_with_other_files_is_left_alone(folder):
    folder.mkdir()
    (folder / "letters.txt").write_text("mine")
    owner = folder.stat().st_uid
    done = script("start", "--data", folder, "--port", 0)
    assert done.returncode == 1
    assert "name a new folder by --data" in done.stderr
    assert [path.name for path in folder.iterdir()] == ["letters.txt"]
    assert folder.stat().st_uid == owner


def test_a_taken_port_is_named(folder):
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = script("start", "--data", folder, "--port", port)
    if done.returncode == MISSING_PREREQUISITE:
        skip_or_fail(done.stderr.strip())
    assert done.returncode == 1
    assert f"port {port}" in done.stderr
    assert "--port" in done.stderr


def test_without_a_jdk_it_says_what_to_install(folder, tmp_path):
    empty = tmp_path / "bin"
    empty.mkdir()
    code = (
        "import runpy, sys, pathlib\n"
        "real = pathlib.Path.glob\n"
        "pathlib.Path.glob = lambda self, pattern: [] if 'jvm' in str(self) else"
        " real(self, pattern)\n"
        f"sys.argv = ['elasticsearch.py', 'start', '--data', {str(folder)!r}, '--port', '0']\n"
        f"runpy.run_path({str(SCRIPT)!r}, run_name='__main__')\n"
    )
    if script("fetch").returncode != 0:
        pytest.skip("the server is not installed")
    environment = {**os.environ, "PATH": str(empty), "JAVA_HOME": str(tmp_path / "no-jdk")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    assert done.returncode == MISSING_PREREQUISITE, done.stderr
    assert "Install one" in done.stderr
