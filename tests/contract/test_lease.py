"""One rewrites an archive at a time; whoever comes second is told who that is."""

from __future__ import annotations

import json
import os

import pytest
from support.commands import one_line, songngu
from support.entries import PROFILE, entry, unit

from indexer.linking.linker import link
from search.archive import open_store
from search.encoders import load_encoder
from search.errors import ArchiveBusyError, ArchiveMissingError
from search.ranking.profile import archive_profile
from search.settings import Settings
from search.stores.links import Links


def test_the_second_is_refused_by_name_until_the_first_ends(store, make_store):
    other = make_store()
    with store.lease("songngu deepen") as check:
        with pytest.raises(ArchiveBusyError, match=rf"songngu deepen \(process {os.getpid()}"):
            other.lease("x").__enter__()
        with pytest.raises(ArchiveBusyError, match="songngu deepen"):
            other.rebuild(PROFILE).__enter__()
        assert other.upsert([entry("a", "tin", unit(1))]).written == ("a",)
        check()
    with other.lease("x"):
        pass


def test_it_ends_when_the_block_raises(store, make_store):
    with pytest.raises(RuntimeError), store.lease("x"):
        raise RuntimeError
    with make_store().rebuild(PROFILE), pytest.raises(ArchiveBusyError, match="re-embedding"):
        store.lease("y").__enter__()


def test_there_is_none_without_an_archive(missing_store):
    with pytest.raises(ArchiveMissingError):
        missing_store.lease("x").__enter__()


def test_every_command_that_rewrites_an_archive_takes_it(place, tmp_path):
    story = {"id": "a", "text": "Cầu treo đã được sửa xong và mở lại từ sáng nay."}
    (tmp_path / "stories.jsonl").write_text(json.dumps(story), "utf-8")
    assert songngu("index", "stories.jsonl", "--archive", place, cwd=tmp_path).returncode == 0
    store = open_store(place, Settings())
    try:
        with store.lease("the work of a test"):
            for command in (["reembed"], ["deepen"], ["sync", "stories.jsonl", "--force"]):
                done = songngu(*command, "--archive", place, cwd=tmp_path)
                assert done.returncode == 1
                assert "the work of a test" in one_line(done.stderr)
            for command in (["index"], ["sync"]):
                done = songngu(*command, "stories.jsonl", "--archive", place, cwd=tmp_path)
                assert done.returncode == 0, done.stderr
        for command in (["reembed"], ["deepen"], ["sync", "stories.jsonl", "--force"]):
            done = songngu(*command, "--archive", place, cwd=tmp_path)
            assert done.returncode == 0, done.stderr
    finally:
        store.close()


def test_links_have_a_lease_of_their_own(store, make_store):
    other = make_store()
    store.upsert([entry("a", "tin", unit(1))])
    with store.lease("songngu link", of="links"):
        with pytest.raises(ArchiveBusyError, match=r"links between .* songngu link"):
            link(other)
        with other.lease("songngu deepen"):
            pass
    assert link(other).new == 1


def test_a_run_whose_articles_another_is_linking_says_so_and_ends_well(place, tmp_path):
    story = {"id": "a", "text": "Cầu treo đã được sửa xong và mở lại từ sáng nay."}
    (tmp_path / "stories.jsonl").write_text(json.dumps(story), "utf-8")
    store = open_store(place, Settings())
    try:
        store.create(archive_profile(load_encoder("bundled")))
        with store.lease("the work of a test", of="links"):
            done = songngu("index", "stories.jsonl", "--archive", place, cwd=tmp_path)
            assert done.returncode == 0
            assert "the work of a test" in done.stderr
            linking = songngu("link", "--archive", place, cwd=tmp_path)
            assert linking.returncode == 1
            assert "the work of a test" in one_line(linking.stderr)
        done = songngu("index", "stories.jsonl", "--archive", place, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert Links(store).counts().linked == 1
    finally:
        store.close()
