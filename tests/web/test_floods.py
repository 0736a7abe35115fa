"""More connections and searches than the site can take: it goes on answering, and says so."""

import json
import resource
import socket
import threading
import time
from contextlib import ExitStack, contextmanager

import pytest
from flask import Response
from support.pages import read_html
from support.site_server import LONG_S, Answer, connect, exchange, get, read_to_end, served

from search.archive import open_archive
from search.settings import Settings
from webui import create_app
from webui import server as server_module

PARTS_OF_REQUESTS = [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "]
UNTOLD = [b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900\r\n\r\nq="]


@pytest.fixture
def short_patience(monkeypatch):
    monkeypatch.setattr(server_module, "PATIENCE_S", 1)


@contextmanager
def many_connections(server, count):
    """Connections that bring nothing, the beginning of a request, or half of a body."""
    beginnings = [*PARTS_OF_REQUESTS, *UNTOLD]
    with ExitStack() as stack:
        opened = [stack.enter_context(connect(server)) for _ in range(count)]
        for number, connection in enumerate(opened):
            connection.sendall(beginnings[number % len(beginnings)])
        yield opened


def test_hundreds_of_idle_connections_stop_nothing(app):
    with served(app) as server, many_connections(server, 300):
        for target in ("/healthz", "/readyz", "/", "/?q=metro", "/static/site.css"):
            assert get(server, target).status == 200


def few_places(monkeypatch):
    monkeypatch.setattr(server_module, "CONNECTIONS", 40)


def few_files(monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (80, 80))


@pytest.mark.parametrize("limit", [few_places, few_files])
def test_more_connections_than_there_are_places_stop_nothing(app, monkeypatch, limit):
    limit(monkeypatch)
    with served(app) as server, many_connections(server, 200) as opened:
        for target in ("/healthz", "/?q=metro"):
            assert get(server, target).status == 200
        assert len(server.active_channels) <= 41
        assert read_to_end(opened[0]) == b""  # the first to come is the first to go


def test_where_any_number_of_files_may_be_open(app, monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (-1, -1))
    with served(app) as server:
        assert [get(server, "/healthz").status for _ in range(3)] == [200] * 3


def test_a_request_that_trickles_in_is_given_up(app, short_patience):
    with served(app) as server, connect(server) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nX-Slow: ")
        ends = time.monotonic() + LONG_S
        with pytest.raises(OSError):  # noqa: PT012
            while time.monotonic() < ends:
                connection.sendall(b"x")
                time.sleep(0.05)


def test_a_connection_that_is_kept_and_not_used_is_given_up(app, short_patience):
    with served(app) as server, connect(server) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert Answer(read_to_end(connection)).status == 200


def test_an_answer_that_nobody_reads_is_given_up(app, short_patience):
    app.add_url_rule("/large", "large", lambda: Response(bytes(30_000_000)))
    with served(app) as server, connect(server) as connection:
        connection.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
        wait_until(lambda: server.active_channels)
        wait_until(lambda: not server.active_channels)


def test_a_slow_answer_is_waited_for(app, short_patience):
    app.add_url_rule("/slow", "slow", lambda: time.sleep(4) or "late")
    with served(app) as server:
        answer = get(server, "/slow")
        assert (answer.status, answer.body) == (200, b"late")


def test_requests_sent_ahead_are_not_answered(app):
    """Else a client that reads nothing could fill the memory, and hold a thread for good."""
    request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with served(app) as server:
        answer = exchange(server, request * 100)
        assert answer.status == 200
        assert answer.headers["connection"] == "close"
        assert answer.raw.count(b"HTTP/1.1 200") == 1
        with connect(server) as connection:  # one after the other is as before
            for _ in range(3):
                connection.sendall(request)
                received = b""
                while not received.endswith(b"}\n"):
                    received += connection.recv(65536)
                assert received.startswith(b"HTTP/1.1 200")


@pytest.fixture
def frozen():
    """An application over an Elasticsearch that takes connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0), backlog=500) as store:
        settings = Settings(
            archive=f"http://127.0.0.1:{store.getsockname()[1]}/news", query_timeout_s=2
        )
        with open_archive(settings=settings) as archive:
            yield create_app(archive, settings=settings)


SEARCHES = 80


@contextmanager
def waiting_searches(server, target):
    """The answers to more searches at once than there are places; complete at the end."""
    answers = []

    def search():
        answers.append(get(server, target, timeout=100))

    searches = [threading.Thread(target=search) for _ in range(SEARCHES)]
    for one in searches:
        one.start()
    wait_until(lambda: len(answers) > SEARCHES // 2)
    yield answers
    for one in searches:
        one.join()


def test_a_frozen_store_stops_neither_health_nor_files(frozen):
    with served(frozen) as server, waiting_searches(server, "/api/v1/search?q=metro") as answers:
        for target in ("/healthz", "/robots.txt", "/static/site.css", "/healthz"):
            began = time.monotonic()
            assert get(server, target).status == 200
            assert time.monotonic() - began < LONG_S / 2
        readiness = get(server, "/readyz")
        assert readiness.status == 503
        assert json.loads(readiness.body)["error"]["code"] == "store_unavailable"
        assert len(answers) < SEARCHES, "the searches were over before health was asked for"
    assert len(answers) == SEARCHES
    codes = set()
    for answer in answers:
        assert answer.status == 503
        assert int(answer.headers["retry-after"]) > 0
        codes.add(json.loads(answer.body)["error"]["code"])
    assert codes == {"busy", "store_unavailable"}


def test_readers_are_told_that_too_many_search(frozen):
    with served(frozen) as server, waiting_searches(server, "/?q=metro&ui=vi") as answers:
        refused = answers[0]
        assert refused.status == 503
        assert refused.headers["cache-control"] == "no-store"
        page = read_html(refused.body.decode())
        assert page.one("h1").text == "Quá nhiều lượt tìm cùng lúc"
        assert [a.get("href") for a in page.all("a") if a.text == "Thử lại"] == [""]


def test_a_search_does_not_wait_longer_than_it_should(app, monkeypatch):
    monkeypatch.setattr(server_module, "QUEUE_S", 0.5)
    app.add_url_rule("/slow", "slow", lambda: time.sleep(3) or "late")
    answers = []

    def ask():
        answers.append(get(server, "/slow").status)

    with served(app, threads=1) as server:
        readers = [threading.Thread(target=ask) for _ in range(4)]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
    assert sorted(answers) == [200, 503, 503, 503]


def wait_until(true):
    ends = time.monotonic() + LONG_S
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.02)
