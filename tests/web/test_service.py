"""The production server: its address, a port that is taken, requests no client library sends."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading

import pytest
from support.site_server import served

from search.errors import SettingsError
from webui.server import address_of, make_server


@pytest.mark.parametrize(
    ("host", "port", "address"),
    [
        ("127.0.0.1", 8080, "http://127.0.0.1:8080/"),
        ("0.0.0.0", 80, "http://127.0.0.1:80/"),
        ("::", 8080, "http://[::1]:8080/"),
        ("news.example", 8080, "http://news.example:8080/"),
    ],
)
def test_the_address_that_is_printed_can_be_opened(host, port, address):
    assert address_of(host, port) == address


def test_a_port_in_use_is_explained(app):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"127.0.0.1:{port}.*--port"):
            make_server(app, "127.0.0.1", port)


@pytest.mark.parametrize("host", ["192.0.2.1", "..", "x" * 70])
def test_a_host_that_is_not_ours_is_explained(app, host):
    with pytest.raises(SettingsError, match="--host"):
        make_server(app, host, 8080)


def test_it_stops_on_sigterm_and_lets_go_of_the_port(settings):
    code = (
        "from search.settings import Settings\n"
        "from webui import create_app\n"
        "from webui.server import serve\n"
        "serve(create_app(settings=Settings.load()), '127.0.0.1', 0)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code],
        env=os.environ | {"SONGNGU_ARCHIVE": settings.archive},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        line = server.stdout.readline()
        port = int(re.fullmatch(r"Songngu is at http://127\.0\.0\.1:(\d+)/ \(.*\)\n", line)[1])
        assert exchange(port, b"GET /healthz HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.0 200 ")
        server.send_signal(signal.SIGTERM)
        _, errors = server.communicate(timeout=30)
        assert server.returncode == 0
        assert "Traceback" not in errors
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", port))


def exchange(port, request):
    """What the server answers to raw bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    return answer


@pytest.fixture
def port(app):
    """The port of the application behind waitress in a thread."""
    with served(app, threads=2) as server:
        yield server.effective_port


def test_requests_that_wait_are_answered_and_not_logged(port, caplog):
    answers = []

    def ask():
        answers.append(exchange(port, b"GET /?q=metro HTTP/1.0\r\n\r\n").split(b" ")[1])

    readers = [threading.Thread(target=ask) for _ in range(12)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert answers == [b"200"] * 12
    assert caplog.records == []


@pytest.mark.parametrize(
    "target",
    [
        b"/?q=\xff\xfe\xed\xa0\x80",
        b"/?q=%FF%00%1B",
        b"/?q=" + "đường sắt ".encode() * 3,
        b"/article/%2e%2e/%2e%2e/etc/passwd",
        b"//evil.example/%0d%0aSet-Cookie:x=1",
        b"/?q=" + b"a" * 60_000,
        b"/static/../pages.py",
        b"/static/%2e%2e/pages.py",
        b"http://other.example/?q=metro",
        b"*",
    ],
)
def test_raw_requests_are_answered_without_an_error_of_ours(port, target):
    answer = exchange(port, b"GET " + target + b" HTTP/1.0\r\nHost: localhost\r\n\r\n")
    status = int(answer.split(b" ", 2)[1])
    assert 200 <= status < 500
    head = answer.split(b"\r\n\r\n", 1)[0].lower()
    assert b"set-cookie" not in head
    assert b"\r\nserver:" not in head
    assert b"from __future__ import" not in answer
