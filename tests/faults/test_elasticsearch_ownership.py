"""What is not ours stays as it is, whatever it is called; what is ours changes as a whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import numpy as np
import pytest
from faults.test_elasticsearch_faults import articles, opened, served
from support.commands import one_line, songngu
from support.entries import PROFILE, entry, unit

from search.errors import (
    ArchiveBusyError,
    SettingsError,
    StoreError,
    StoreUnavailableError,
    WriteError,
)
from search.settings import Settings
from search.stores.base import NearestLookup, Scope, Term, WordLookup
from search.stores.elasticsearch import ElasticsearchStore, bodies, lease
from search.stores.ledger import Ledger, Tombstone
from search.stores.links import LinkRecord, Links
from search.stores.notes import write_note

__all__ = ["ElasticsearchStore"]

SETTINGS = Settings()
TESTS = Path(__file__).resolve().parents[1]


@pytest.fixture
def place(elasticsearch_url):
    """A place for an archive whose indices, and others that begin alike, are deleted at the end."""
    name = f"songngu-own-{uuid.uuid4().hex}"
    yield f"{elasticsearch_url}/{name}"
    with opened(f"{elasticsearch_url}/{name}", SETTINGS) as store:
        client = store._writing
        indices = list(client.indices.get(index=f"{name}*", expand_wildcards="all").body)
        for index in indices:
            client.indices.put_settings(
                index=index, settings={"index.blocks.write": None, "index.blocks.read_only": None}
            )
            client.indices.delete(index=index)


@pytest.fixture
def hurried(monkeypatch):
    """No second try, and a lease that is soon up."""
    monkeypatch.setattr("search.stores.elasticsearch.indices.BULK_RETRIES", 0)
    monkeypatch.setattr(lease, "LEASE_S", 1.0)


def foreign(store, index):
    """An index of somebody else's with one document."""
    store._writing.index(index=index, id="1", document={"minutes": "of a meeting"}, refresh=True)


def is_untouched(store, index):
    return store._writing.get(index=index, id="1")["_source"] == {"minutes": "of a meeting"}


@pytest.mark.parametrize("part", ["-notes", "-links", ".ledger", "-000001", "-000002", "-any"])
def test_indices_with_similar_names_are_left_alone(place, part):
    with opened(place, SETTINGS) as store:
        index = f"{store._name}{part}"
        foreign(store, index)
        store.create(PROFILE)
        store.upsert(articles(0, 3))
        Ledger(store).bring(["a00000"], "/tin")
        write_note(store, "counts", b"x")
        with store.rebuild(PROFILE) as generation:
            generation.upsert(articles(0, 3))
        with store.rebuild(PROFILE, fresh=True) as generation:
            generation.upsert(articles(0, 3))
        store.drop()
        assert is_untouched(store, index)
        assert store.profile() is None


LINK = LinkRecord("a00001", "vi", "h", "m", group="g")


@pytest.mark.parametrize("part", ["~records", "~000001"])
def test_an_archive_cannot_be_made_beside_what_has_the_very_name(place, part):
    with opened(place, SETTINGS) as store:
        index = f"{store._name}{part}"
        foreign(store, index)
        with pytest.raises(StoreError, match="not a part of the Songngu archive"):
            store.create(PROFILE)
        with suppress(StoreError):
            store.drop()
        assert is_untouched(store, index)


def test_links_are_not_written_to_what_has_the_very_name(place):
    with opened(place, SETTINGS) as store:
        index = f"{store._name}~links"
        foreign(store, index)
        store.create(PROFILE)
        store.upsert(articles(0, 3))
        for call in (lambda: Links(store).put([LINK]), Links(store).clear, store.drop):
            with pytest.raises(StoreError, match="not a part of the Songngu archive"):
                call()
        assert is_untouched(store, index)


def test_a_generation_of_another_archive_is_left_alone(place):
    """Two archives may have names of which one begins as the other's parts do."""
    with opened(place, SETTINGS) as store, opened(f"{place}.2", SETTINGS) as other:
        other.create(PROFILE)
        other.upsert(articles(0, 3))
        store.create(PROFILE)
        with store.rebuild(PROFILE) as generation:
            generation.upsert(articles(0, 1))
        store.drop()
        other.flush()
        assert other.sizes() == {"vi": 3}


def test_a_part_is_no_archive(place):
    with opened(place, SETTINGS) as store:
        store.create(PROFILE)
        store.upsert(articles(0, 3))
        store.flush()
        [index] = store._writing.indices.get_alias(index=store._name).body
        with pytest.raises(SettingsError, match="part of the archive"):
            opened(f"{place.rpartition('/')[0]}/{index}", SETTINGS).__enter__()
        # An alias of somebody's own leads to the same index.
        alias = f"{store._name}-current"
        store._writing.indices.put_alias(index=index, name=alias)
        with opened(f"{place}-current", SETTINGS) as other:
            for call in (
                other.profile,
                lambda: other.create(PROFILE),
                lambda: other.delete(["a00001"]),
                lambda: other.rebuild(PROFILE).__enter__(),
                other.drop,
            ):
                with pytest.raises(StoreError, match=f"Use {place}"):
                    call()
        assert store.sizes() == {"vi": 3}


@contextmanager
def block(store, index, kind):
    client = store._writing
    client.indices.put_settings(index=index, settings={f"index.blocks.{kind}": True})
    try:
        yield
    finally:
        client.indices.put_settings(index=index, settings={f"index.blocks.{kind}": None})


@pytest.mark.parametrize("kind", ["write", "read_only"])
def test_what_cannot_be_removed_is_told_and_removed_the_next_time(place, hurried, kind):
    with opened(place, SETTINGS) as store:
        store.create(PROFILE)
        store.upsert(articles(0, 4))
        Ledger(store).bring(["a00000", "a00001"], "/tin")
        Ledger(store).bring(["a00001"], "/khac")
        store.flush()
        stone = Tombstone(("a00002",), "", "2026-01-01")
        with block(store, store._name, kind):
            for call in (
                lambda: store.delete(["a00000"]),
                lambda: Ledger(store).withdraw(["a00000", "a00001"], "/tin"),
                lambda: Ledger(store).bar([stone]),
                lambda: store.upsert(articles(4, 1)),
            ):
                with pytest.raises(StoreUnavailableError, match="takes no changes"):
                    call()
        assert Ledger(store).brought("/tin") == ["a00000", "a00001"]
        assert Ledger(store).withdraw(["a00000", "a00001"], "/tin") == 1
        assert Ledger(store).bar([stone]) == 1
        assert Ledger(store).brought("/tin") == []
        assert [kept.id for kept in store.listing()] == ["a00001", "a00003"]


@pytest.mark.parametrize("part", ["records", "links"])
def test_refused_records_are_told(place, hurried, part):
    with opened(place, SETTINGS) as store:
        store.create(PROFILE)
        store.upsert(articles(0, 3))
        Ledger(store).bring(["a00000"], "/tin")
        Links(store).put([LINK])
        with block(store, f"{store._name}~{part}", "write"):
            calls = {
                "records": [
                    lambda: Ledger(store).bring(["a00001"], "/tin"),
                    lambda: Ledger(store).withdraw(["a00000"], "/tin"),
                    lambda: Ledger(store).bar([Tombstone(("x",), "", "2026-01-01")]),
                    lambda: write_note(store, "counts", b"x"),
                    lambda: store.upsert([entry("b", "tin", unit(1), url="https://a.example/1")]),
                ],
                "links": [
                    lambda: Links(store).put([LINK]),
                    lambda: Links(store).remove(["a00001"]),
                    lambda: store.delete(["a00001"]),
                ],
            }[part]
            for call in calls:
                with pytest.raises(StoreUnavailableError, match="takes no changes"):
                    call()
        # What was cut off is done by the same call.
        assert Ledger(store).bar([Tombstone(("a00001",), "", "2026-01-01")]) in (0, 1)
        Links(store).remove(Links(store).orphans())
        assert Links(store).links(["a00001"]) == {}


def test_a_command_that_removes_nothing_fails(place):
    with opened(place, SETTINGS) as store:
        store.create(PROFILE)
        store.upsert(articles(0, 2))
        store.flush()
        with block(store, store._name, "write"):
            done = songngu("delete", "a00000", "--archive", place)
        assert done.returncode == 1
        assert "takes no changes" in one_line(done.stderr)
        assert "removed" not in done.stdout
        done = songngu("delete", "a00000", "--archive", place)
        assert (done.returncode, done.stdout.strip()) == (0, "1 removed, 0 not found.")


def test_single_refusals_are_told(place, hurried):
    with opened(place, SETTINGS) as store:
        store.create(PROFILE)
        with pytest.raises(WriteError, match="1 changes") as raised:
            store.records._sides["records"].write(
                [
                    {"_op_type": "index", "_id": "x", "_source": {"key": "x", "unknown": 1}},
                    {"_op_type": "delete", "_id": "not there"},
                ]
            )
        assert [id_ for id_, _ in raised.value.failures] == ["x"]


HOLDING = """
import sys, time
from faults.test_elasticsearch_ownership import SETTINGS, ElasticsearchStore, lease
lease.LEASE_S = 1.0
store = ElasticsearchStore.from_url(sys.argv[1], SETTINGS)
with store.lease("songngu reembed"):
    print("held", flush=True)
    time.sleep(600)
"""

REEMBEDDING = """
import sys
from elasticsearch.client import IndicesClient
from faults.test_elasticsearch_ownership import (
    PROFILE, SETTINGS, ElasticsearchStore, StoreError, articles, lease
)
lease.LEASE_S = 1.0
swap = IndicesClient.update_aliases
def slowly(*arguments, **options):
    print("swapping", flush=True)
    sys.stdin.readline()
    return swap(*arguments, **options)
IndicesClient.update_aliases = slowly
store = ElasticsearchStore.from_url(sys.argv[1], SETTINGS)
try:
    with store.rebuild(PROFILE) as generation:
        generation.upsert(articles(0, 5))
except StoreError as error:
    print(f"refused: {error}", flush=True)
else:
    print("swapped", flush=True)
"""


@contextmanager
def process(code, place):
    running = subprocess.Popen(
        [sys.executable, "-c", code, place],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": f"{TESTS}:{TESTS.parent}"},
    )
    try:
        yield running
    finally:
        running.kill()
        running.wait()
        running.stdin.close()
        running.stdout.close()


def test_one_rewrites_at_a_time_and_a_dead_one_is_followed(place, hurried):
    with opened(place, SETTINGS) as store:
        store.create(PROFILE)
        store.upsert(articles(0, 5))
        with process(HOLDING, place) as holder:
            assert holder.stdout.readline() == "held\n"
            for call in (lambda: store.lease("x").__enter__(), store.rebuild(PROFILE).__enter__):
                with pytest.raises(ArchiveBusyError, match=rf"songngu reembed.*{holder.pid}"):
                    call()
            holder.send_signal(signal.SIGKILL)
            holder.wait()
        with store.rebuild(PROFILE) as generation:
            generation.upsert(articles(0, 5))
        store.flush()
        assert store.sizes() == {"vi": 5}


def test_whoever_lost_the_lease_swaps_nothing_in(place, hurried):
    """One waits before its swap; another begins anew and is half done when the first wakes."""
    with opened(place, SETTINGS) as store:
        store.create(PROFILE)
        store.upsert(articles(0, 5))
        store.flush()
        with process(REEMBEDDING, place) as first:
            assert first.stdout.readline() == "swapping\n"
            first.send_signal(signal.SIGSTOP)
            with store.rebuild(PROFILE, fresh=True) as generation:
                generation.upsert(articles(0, 1))
                first.send_signal(signal.SIGCONT)
                first.stdin.write("go on\n")
                first.stdin.flush()
                said = first.stdout.readline()
                assert said.startswith("refused: ")
                store.flush()
                assert store.sizes() == {"vi": 5}
                generation.upsert(articles(0, 5))
        store.flush()
        assert store.sizes() == {"vi": 5}
        assert store.upsert(articles(5, 1)).written == ("a00005",)


def test_a_lease_is_renewed_while_it_is_held(place, hurried):
    with opened(place, SETTINGS) as store, opened(place, SETTINGS) as other:
        store.create(PROFILE)
        with store.lease("long work") as check:
            time.sleep(2.5)
            with pytest.raises(ArchiveBusyError, match="long work"):
                other.lease("x").__enter__()
            check()
        with other.lease("x"):
            pass


def test_deep_lookups_are_answered(place):
    with opened(place, SETTINGS) as store:
        store.create(PROFILE)
        store.upsert(articles(0, 300))
        store.flush()
        words = WordLookup(Scope("vi"), (Term("exact", "tin"),), 60_000)
        vector = unit(1, 7)
        nearest = NearestLookup(Scope("vi"), vector, 60_000)
        within = NearestLookup(Scope("vi", ids=tuple(f"a{i:05}" for i in range(70_000))), vector, 9)
        by_words, by_meaning, among = store.find([words, nearest, within])
        assert len(by_words) == len(by_meaning) == 300
        assert by_meaning[0].id == "a00007"
        assert [c.id for c in among] == [c.id for c in by_meaning[:9]]
        shallow = store.find([NearestLookup(Scope("vi"), vector, 9)])[0]
        np.testing.assert_allclose(
            [c.score for c in shallow], [c.score for c in by_meaning[:9]], atol=1e-6
        )


class Empty(BaseHTTPRequestHandler):
    """A gateway that answers everything with nothing."""

    body = b""

    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200)
        self.send_header("X-Elastic-Product", "Elasticsearch")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    do_POST = do_PUT = do_HEAD = do_DELETE = do_GET  # noqa: N815

    def log_message(self, *arguments):
        pass


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{}", b'"x"', b'{"a":', b"<html>"])
def test_answers_without_content_are_told_in_one_line(body, tmp_path):
    with served(type("Served", (Empty,), {"body": body})) as url:
        for command in (["stats"], ["search", "tin"], ["export"], ["delete", "x"], ["deepen"]):
            done = songngu(*command, "--archive", f"{url}/news", cwd=tmp_path)
            assert done.returncode == 1, (command, done.stdout)
            assert "Traceback" not in done.stderr
            assert f"{url}/news" in one_line(done.stderr)


class Blocked(Empty):
    """A cluster whose disk is full refuses whole requests."""

    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        reason = "index [news] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage]"
        error = '{"error": {"type": "cluster_block_exception", "reason": "%s"}, "status": 403}'
        body = (error % reason).encode()
        self.send_response(403)
        self.send_header("X-Elastic-Product", "Elasticsearch")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PUT = do_HEAD = do_DELETE = do_GET  # noqa: N815


def test_a_block_is_not_told_as_wrong_credentials(tmp_path):
    with served(Blocked) as url:
        done = songngu("stats", "--archive", f"{url}/news", cwd=tmp_path)
        assert done.returncode == 1
        assert "disk is nearly full" in one_line(done.stderr)
        assert "credentials" not in done.stderr


def test_whoever_is_told_that_an_address_is_taken_is_told_by_whom_for_good(place):
    """A second writer looked before the first had written, a third one looked after it."""
    with opened(place, SETTINGS) as store:
        store.create(PROFILE)
        key = "https://a.example/1"
        first, third = (
            entry("first", "tin", unit(1), url=key),
            entry("third", "tin", unit(1), url=key),
        )
        told, looked = [], []

        def having(wanted):
            """What the second sees: at its first look the first has claimed and not written."""
            looked.append(dict(wanted))
            if len(looked) > 1:
                return store._having(wanted)
            store._writing.index(
                index=store._name, id="first", document=bodies.document(first, PROFILE)
            )
            told.extend(store.upsert([third]).taken)
            return set()

        _, claims = store._addresses.claim({key: "first"}, having=store._having)
        taken, _ = store._addresses.claim({key: "second"}, having=having)
        assert told == [("third", "first")]
        assert taken == {key: "first"}
        assert store._addresses.confirm({key: "first"}, claims) == {}
        assert store.ids_at([key]) == {key: "first"}


def changed(meta, *, drop=(), **fields):
    return {name: value for name, value in (meta | fields).items() if name not in drop}


REEMBED, ANEW = "Mend it with: songngu reembed", "make it anew: songngu index SOURCE…"
DAMAGED = {
    "no encoder": (lambda meta: changed(meta, drop=["encoder"]), REEMBED),
    "an encoder that is a word": (lambda meta: changed(meta, encoder="x"), REEMBED),
    "an empty encoder": (lambda meta: changed(meta, encoder={}), REEMBED),
    "no dimension": (
        lambda meta: changed(meta, encoder=changed(meta["encoder"], dimension="many")),
        REEMBED,
    ),
    "no rules": (lambda meta: changed(meta, drop=["text_version"]), REEMBED),
    "rules that are a list": (lambda meta: changed(meta, text_version=[1]), REEMBED),
    "a direction of words": (lambda meta: changed(meta, direction=["x"] * 384), REEMBED),
    "a short direction": (lambda meta: changed(meta, direction=[1.0]), REEMBED),
    "a direction that is a number": (lambda meta: changed(meta, direction=7), REEMBED),
    "no format": (lambda meta: changed(meta, drop=["format"]), ANEW),
    "a format that is a list": (lambda meta: changed(meta, format=[4]), ANEW),
    "no archive": (lambda meta: changed(meta, drop=["archive"]), ANEW),
    "an archive that is a number": (lambda meta: changed(meta, archive=7), ANEW),
    "no part": (lambda meta: changed(meta, drop=["part"]), ANEW),
    "a list": (lambda meta: [meta], ANEW),
    "nothing": (lambda meta: None, ANEW),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_meta_is_told_with_the_way_back_and_the_way_leads_back(place, tmp_path, damage):
    story = '{"id": "a", "text": "Cầu treo đã được sửa xong và mở lại từ sáng nay."}'
    (tmp_path / "stories.jsonl").write_text(story, "utf-8")
    filling = ("index", "stories.jsonl", "--archive", place)
    assert songngu(*filling, cwd=tmp_path).returncode == 0
    change, way = DAMAGED[damage]
    with opened(place, SETTINGS) as store:
        client = store._writing
        [(index, body)] = client.indices.get_mapping(index=store._name).items()
        client.indices.put_mapping(
            index=index, meta={"songngu": change(body["mappings"]["_meta"]["songngu"])}
        )
        for call in (
            store.profile,
            lambda: store.create(PROFILE),
            lambda: store.upsert([entry("b", "tin", unit(1))]),
            lambda: list(store.entries()),
        ):
            with pytest.raises(StoreError) as raised:
                call()
            assert way in str(raised.value)
    done = songngu("search", "cầu treo", "--archive", place, cwd=tmp_path)
    assert done.returncode == 1
    assert f"{way} --archive {place}" in one_line(done.stderr)
    if way is REEMBED:
        done = songngu("reembed", "--archive", place, cwd=tmp_path)
    else:
        with opened(place, SETTINGS) as store:
            store._writing.indices.delete(index=index)
        done = songngu(*filling, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    done = songngu("search", "cầu treo", "--archive", place, "--json", cwd=tmp_path)
    assert '"id": "a"' in done.stdout
