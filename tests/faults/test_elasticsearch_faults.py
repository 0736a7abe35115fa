"""Elasticsearch that hangs, is away, overloaded, killed, or refuses the password."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import uuid
from base64 import b64encode
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, urlsplit

import numpy as np
import pytest
from elasticsearch import Elasticsearch
from support.commands import one_line, songngu
from support.elasticsearch import MISSING_PREREQUISITE, SCRIPT, skip_or_fail
from support.entries import PROFILE, entry, unit

from search.archive import open_store
from search.errors import StoreError, StoreUnavailableError
from search.settings import Settings
from search.stores.base import NearestLookup, Scope, Term, WordLookup, hashes_of
from search.stores.elasticsearch import ElasticsearchStore
from search.stores.links import LinkRecord, Links

SECRET = "a-very-secret-word"
PASSWORD = "mật/kh@u#1"  # of the server that wants to know who asks; its user is songngu
ENCODED = quote(PASSWORD, safe="")
HURRIED = Settings(query_timeout_s=0.5, index_timeout_s=1.0)
ANYTHING = WordLookup(Scope("vi"), (Term("exact", "tin"),), 5)


def articles(first, count):
    return [
        entry(f"a{i:05}", f"Tin số {i} về cầu treo.", unit(1, i), unit(i, 1))
        for i in range(first, first + count)
    ]


@contextmanager
def opened(place, settings):
    store = ElasticsearchStore.from_url(place, settings)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def served(handler):
    """The address of an HTTP server on a free port of this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def silent():
    """A server that takes every connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as listening:
        yield f"http://reader:{SECRET}@127.0.0.1:{listening.getsockname()[1]}/news"


def calls(store):
    return [
        store.profile,
        lambda: store.create(PROFILE),
        lambda: store.upsert(articles(0, 1)),
        lambda: store.delete(["a"]),
        lambda: hashes_of(store, ["a"]),
        lambda: store.articles(["a"]),
        lambda: store.find([ANYTHING]),
        lambda: next(store.entries()),
        store.stats,
        store.drop,
    ]


def test_a_server_that_never_answers_is_given_up(silent):
    with opened(silent, HURRIED) as store:
        for call in calls(store):
            with pytest.raises(StoreUnavailableError, match="did not answer in time") as raised:
                call()
            assert SECRET not in f"{raised.value} {raised.value.__cause__} {store!r}"


def test_a_server_that_never_answers_is_given_up_by_the_command(silent, tmp_path):
    done = songngu("search", "tin", "--archive", silent, cwd=tmp_path, SONGNGU_QUERY_TIMEOUT_S="1")
    assert done.returncode == 1
    assert "SONGNGU_QUERY_TIMEOUT_S" in one_line(done.stderr)
    assert SECRET not in done.stderr + done.stdout


def test_a_server_that_is_not_there():
    place = f"http://reader:{SECRET}@127.0.0.1:{free_port()}/news"
    with opened(place, Settings()) as store:
        for call in calls(store):
            with pytest.raises(StoreUnavailableError, match="cannot be reached") as raised:
                call()
            assert SECRET not in f"{raised.value} {raised.value.__cause__}"


class SomethingElse(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *arguments):
        pass


def test_a_server_of_something_else():
    with (
        served(SomethingElse) as url,
        opened(f"{url}/news", Settings()) as store,
        pytest.raises(StoreError, match="not Elasticsearch"),
    ):
        store.profile()


def test_a_scheme_that_is_wrong():
    with (
        served(SomethingElse) as url,
        opened(f"{url}/news".replace("http:", "https:"), Settings()) as store,
        pytest.raises(StoreUnavailableError, match="http or https"),
    ):
        store.profile()


REJECTED = {
    "type": "es_rejected_execution_exception",
    "reason": "rejected execution: queue is full",
}


class Overloaded(BaseHTTPRequestHandler):
    """Stands before a real server and turns requests of one kind away while ``storm`` lasts."""

    protocol_version = "HTTP/1.1"
    behind = ""
    kind = ""
    storm = 0
    each = False
    turned_away = 0

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        cls = type(self)
        if cls.kind in self.path and cls.storm > 0:
            cls.storm -= 1
            cls.turned_away += 1
            if cls.each:
                lines = [json.loads(line) for line in body.splitlines()[::2]]
                items = [
                    {"index": {"_id": x["index"]["_id"], "status": 429, "error": REJECTED}}
                    for x in lines
                ]
                self.say(200, json.dumps({"errors": True, "took": 1, "items": items}).encode())
            else:
                self.say(429, json.dumps({"status": 429, "error": REJECTED}).encode())
            return
        connection = http.client.HTTPConnection(urlsplit(cls.behind).netloc, timeout=60)
        headers = {k: v for k, v in self.headers.items() if k != "Host"}
        connection.request(self.command, self.path, body, headers)
        reply = connection.getresponse()
        self.say(reply.status, reply.read(), reply.getheader("Content-Type"))
        connection.close()

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = answer  # noqa: N815

    def say(self, status, body, kind="application/vnd.elasticsearch+json; compatible-with=9"):
        self.send_response(status)
        self.send_header("X-Elastic-Product", "Elasticsearch")
        if kind:
            self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *arguments):
        pass


def overloaded(url, **values):
    return type("Storm", (Overloaded,), {"behind": url, **values})


@pytest.mark.parametrize("each", [False, True], ids=["whole requests", "each article"])
def test_articles_turned_away_for_load_are_written_when_it_is_over(elasticsearch_url, each):
    name = f"songngu-storm-{uuid.uuid4().hex}"
    storm = overloaded(elasticsearch_url, kind="_bulk", storm=2, each=each)
    with served(storm) as url, opened(f"{url}/{name}", Settings()) as store:
        store.create(PROFILE)
        try:
            report = store.upsert(articles(0, 20))
            assert storm.turned_away == 2
            assert report.failures == ()
            assert len(report.written) == 20
            store.flush()
            assert sum(store.stats().articles.values()) == 20
            assert len(list(store.entries())) == 20
        finally:
            store.drop()


KILLED_AT_THE_SWAP = """
import os, sys
from elasticsearch.client import IndicesClient
from faults.test_elasticsearch_faults import PROFILE, ElasticsearchStore, Settings, articles
IndicesClient.update_aliases = lambda *_, **__: os.kill(os.getpid(), 9)
with ElasticsearchStore.from_url(sys.argv[1], Settings()).rebuild(PROFILE) as generation:
    generation.upsert(articles(0, 3))
"""


def test_a_rebuild_that_is_killed_at_its_last_step(elasticsearch_url, monkeypatch):
    """Writes are refused then, so that none gets lost; the same command ends what it began."""
    monkeypatch.setattr("search.stores.elasticsearch.indices.BULK_RETRIES", 0)
    tests = Path(__file__).resolve().parents[1]
    place = f"{elasticsearch_url}/songngu-swap-{uuid.uuid4().hex}"
    with opened(place, Settings()) as store:
        store.create(PROFILE)
        try:
            store.upsert(articles(0, 3))
            killed = subprocess.run(
                [sys.executable, "-c", KILLED_AT_THE_SWAP, place],
                env=os.environ | {"PYTHONPATH": f"{tests}:{tests.parent}"},
            )
            assert killed.returncode == -signal.SIGKILL
            with pytest.raises(StoreUnavailableError, match="give its command again"):
                store.upsert(articles(3, 1))
            assert len(store.find([ANYTHING])[0]) == 3
            with store.rebuild(PROFILE) as generation:
                assert len(list(generation.listing())) == 3
            assert store.upsert(articles(3, 1)).written == ("a00003",)
            store.flush()
            assert len(store.find([ANYTHING])[0]) == 4
        finally:
            store.drop()


def test_a_search_turned_away_for_load_says_so(elasticsearch_url):
    name = f"songngu-storm-{uuid.uuid4().hex}"
    storm = overloaded(elasticsearch_url, kind="_msearch", storm=1)
    with served(storm) as url, opened(f"{url}/{name}", Settings()) as store:
        store.create(PROFILE)
        try:
            store.upsert(articles(0, 3))
            store.flush()
            with pytest.raises(StoreUnavailableError, match="overloaded"):
                store.find([ANYTHING])
            [found] = store.find([ANYTHING])
            assert len(found) == 3
        finally:
            store.drop()


class OwnServer:
    """A server of this module that can be killed and started again on what it has written."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="songngu-es-"))
        self.data = self.folder / "server"
        self.folder.chmod(0o755)
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.url = f"http://songngu:{ENCODED}@{self.address}"

    def _script(self, command, *options):
        return subprocess.run(
            [
                *(sys.executable, str(SCRIPT), command),
                *("--port", str(self.port), "--data", str(self.data), *options),
            ],
            env={**os.environ, "SONGNGU_ES_PASSWORD": PASSWORD},
            capture_output=True,
            text=True,
        )

    def start(self):
        done = self._script("start", "--heap", "512m", "--timeout", "300")
        if done.returncode == MISSING_PREREQUISITE:
            skip_or_fail(done.stderr.strip())
        assert done.returncode == 0, done.stderr

    def kill(self):
        state = json.loads(self._script("status").stdout)
        os.killpg(state["pid"], signal.SIGKILL)

    def remove(self):
        self._script("stop")
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def own_server():
    server = OwnServer()
    try:
        server.start()
        yield server
    finally:
        server.remove()


def test_wrong_credentials(own_server, tmp_path):
    wrong = f"http://songngu:{SECRET}-not@{own_server.address}/news"
    with opened(wrong, Settings()) as store:
        with pytest.raises(StoreError, match="SONGNGU_ES_API_KEY") as raised:
            store.profile()
        assert SECRET not in f"{raised.value} {raised.value.__cause__} {store!r} {store.location}"
    done = songngu("search", "tin", "--archive", wrong, cwd=tmp_path)
    assert done.returncode == 1
    assert "refuses the credentials" in one_line(done.stderr)
    assert SECRET not in done.stderr + done.stdout
    key = f"http://{own_server.address}/news"
    done = songngu("stats", "--archive", key, cwd=tmp_path, SONGNGU_ES_API_KEY=f"{SECRET}=")
    assert done.returncode == 1
    assert "refuses the credentials" in one_line(done.stderr)
    assert SECRET not in done.stderr + done.stdout


def profile_at(place, settings=None):
    with closing(open_store(place, settings or Settings())) as store:
        return store.profile()


def test_a_password_with_every_sign_in_the_address_or_beside_it(own_server):
    assert profile_at(f"{own_server.url}/news") is None
    named = f"http://songngu@{own_server.address}/news"
    assert profile_at(named, Settings(es_password=PASSWORD)) is None
    # The address comes first, as flags come before the environment.
    assert profile_at(f"{own_server.url}/news", Settings(es_password="wrong")) is None


def test_an_api_key(own_server):
    known = b64encode(f"songngu:{PASSWORD}".encode()).decode()
    with Elasticsearch(f"http://{own_server.address}", basic_auth=known) as client:
        key = client.security.create_api_key(name="songngu-test")["encoded"]
    assert profile_at(f"http://{own_server.address}/news", Settings(es_api_key=key)) is None


@pytest.mark.parametrize("user", ["", "songngu@", "songngu:geheim@", "nobody:geheim@"])
def test_whoever_is_refused_hears_so_without_the_password(own_server, user):
    with pytest.raises(StoreError, match="refuses the credentials") as raised:
        profile_at(f"http://{user}{own_server.address}/news")
    assert "geheim" not in str(raised.value)


def test_a_key_for_the_articles_alone_still_searches(own_server):
    with opened(f"{own_server.url}/guarded", Settings()) as store:
        store.create(PROFILE)
        store.upsert(articles(0, 5))
        store.flush()
        Links(store).put([LinkRecord("a00001", "vi", "h", "m", counterpart="a00002", group="g")])
        rights = {"names": ["guarded", "guarded~0*"], "privileges": ["all"]}
        role = {"articles": {"cluster": ["monitor"], "indices": [rights]}}
        made = store._writing.security.create_api_key(name="guarded", role_descriptors=role)
        assert Links(store).links(["a00001"])["a00001"].counterpart == "a00002"
        settings = Settings(es_api_key=made["encoded"])
        with opened(f"http://{own_server.address}/guarded", settings) as limited:
            assert limited.articles(["a00001"]).keys() == {"a00001"}
            assert Links(limited).links(["a00001"]) == {}
            with pytest.raises(StoreError, match="rights"):
                Links(limited).put([LinkRecord("a00003", "vi", "h", "m", group="g")])
        store.drop()


def write_until(store, batch, confirmed, kill):
    """Note what is reported as written, by a server that is killed while it is being filled."""
    killer = threading.Thread(target=kill)
    try:
        for first in range(0, 100_000, batch):
            confirmed += store.upsert(articles(first, batch)).written
            if first == 10 * batch:
                killer.start()
    finally:
        if killer.ident is not None:
            killer.join()


def test_what_a_killed_server_had_confirmed_is_there_afterwards(own_server):
    batch = 40
    with opened(f"{own_server.url}/kept", Settings()) as store:
        store.create(PROFILE)
        confirmed = []
        with pytest.raises(StoreUnavailableError) as raised:
            write_until(store, batch, confirmed, own_server.kill)
        told = f"{raised.value} {raised.value.__cause__}"
        assert PASSWORD not in told
        assert ENCODED not in told
    own_server.start()
    with opened(f"{own_server.url}/kept", Settings()) as store:
        store.flush()
        kept = {e.article.id: e for e in store.entries()}
        assert set(confirmed) <= kept.keys()
        wanted = {e.article.id: e for e in articles(0, len(confirmed) + batch)}
        for id_, found in kept.items():
            # Half an article is worse than none.
            assert (found.article, found.passages) == (wanted[id_].article, wanted[id_].passages)
            np.testing.assert_allclose(found.vectors, wanted[id_].vectors, atol=1e-6)
        rest = [e for e in wanted.values() if e.article.id not in kept]
        assert store.upsert(rest).failures == ()
        store.flush()
        assert sum(store.stats().articles.values()) == len(wanted)
        [nearest] = store.find([NearestLookup(Scope("vi"), unit(1, 7), 1)])
        assert nearest[0].id == "a00007"
