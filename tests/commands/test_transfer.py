"""`songngu copy`: a file, a cluster and back again hold the same, and nothing is embedded twice."""

from __future__ import annotations

import uuid
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.archives import demo_archive
from support.commands import one_line, songngu, songngu_json
from support.entries import PROFILE, entry, unit

from search.archive import open_archive, open_store
from search.errors import ArchiveMismatchError, ArchiveMissingError, StoreError
from search.records import Query
from search.settings import Settings
from search.stores.base import shallow_ids
from search.stores.ledger import Ledger, Tombstone
from search.stores.links import Links
from search.transfer import copy_archive


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return str(demo_archive(tmp_path_factory))


def entries(place):
    store = open_store(place, Settings())
    try:
        return list(store.entries())
    finally:
        store.close()


def profile(place):
    store = open_store(place, Settings())
    try:
        return store.profile()
    finally:
        store.close()


def assert_same(place, other):
    here, there = entries(place), entries(other)
    assert [e.article for e in here] == [e.article for e in there]
    assert [e.passages for e in here] == [e.passages for e in there]
    assert [e.forms for e in here] == [e.forms for e in there]
    for one, two in zip(here, there, strict=True):
        np.testing.assert_allclose(one.vectors, two.vectors, atol=1e-6)
    assert profile(place) == profile(other)


def links(place):
    store = open_store(place, Settings())
    try:
        return Links(store).links([e.article.id for e in store.entries()])
    finally:
        store.close()


def hits(place, text):
    with open_archive(place) as opened:
        results = opened.search(Query(text, k=5)).results
        return {lang: [hit.article.id for hit in found][:1] for lang, found in results.items()}


def test_to_a_file(archive, tmp_path):
    copied = str(tmp_path / "copy.db")
    report = songngu_json("copy", archive, copied)
    assert (report["copied"], report["unchanged"]) == (len(entries(archive)), 0)
    assert report["failures"] == []
    assert_same(archive, copied)
    assert links(copied) == links(archive)
    assert any(link.counterpart for link in links(copied).values())
    assert hits(copied, "trường học miền núi") == hits(archive, "trường học miền núi")
    again = songngu("copy", archive, copied)
    assert again.returncode == 0
    assert again.stdout.startswith(f"0 copied, {report['copied']} were there already, 0 failed")


def test_to_elasticsearch_and_back(archive, cluster, tmp_path):
    settings = Settings()
    first = copy_archive(archive, cluster, settings=settings)
    assert (first.copied, first.unchanged, first.failures) == (len(entries(archive)), 0, ())
    assert_same(archive, cluster)
    assert hits(cluster, "trường học miền núi") == hits(archive, "trường học miền núi")
    second = copy_archive(archive, cluster, settings=settings)
    assert (second.copied, second.unchanged) == (0, first.copied)
    back = str(tmp_path / "back.db")
    assert copy_archive(cluster, back, settings=settings).copied == first.copied
    assert_same(archive, back)


def test_only_what_changed_is_copied_again_and_a_cut_copy_goes_on(archive, tmp_path):
    copied = str(tmp_path / "copy.db")
    settings = Settings()
    total = copy_archive(archive, copied, settings=settings).copied
    gone = [e.article.id for e in entries(archive)][:3]
    store = open_store(copied, settings)
    store.delete(gone)
    store.close()
    again = copy_archive(archive, copied, settings=settings)
    assert (again.copied, again.unchanged) == (3, total - 3)
    assert_same(archive, copied)


def test_what_the_destination_held_before_stays(archive, tmp_path):
    more = tmp_path / "more.jsonl"
    more.write_text('{"id": "own", "text": "Một tin chỉ có ở đây."}', "utf-8")
    place = str(tmp_path / "own.db")
    songngu_json("index", more, "--archive", place, cwd=tmp_path)
    copy_archive(archive, place, settings=Settings())
    assert "own" in [e.article.id for e in entries(place)]
    assert len(entries(place)) == len(entries(archive)) + 1


def test_an_archive_of_another_encoder_takes_nothing(archive, tmp_path):
    place = str(tmp_path / "other.db")
    store = open_store(place, Settings())
    store.create(PROFILE)
    store.upsert([entry("mine", "một tin", unit(1))])
    store.close()
    for source, destination in ((archive, place), (place, archive)):
        before = [e.article.id for e in entries(destination)]
        with pytest.raises(ArchiveMismatchError, match="reembed"):
            copy_archive(source, destination, settings=Settings())
        assert [e.article.id for e in entries(destination)] == before
    done = songngu("copy", archive, place)
    assert done.returncode == 1
    assert "reembed" in one_line(done.stderr)


def test_places_that_cannot_be_copied(archive, tmp_path):
    with pytest.raises(ArchiveMissingError, match="no archive"):
        copy_archive(str(tmp_path / "no.db"), str(tmp_path / "new.db"), settings=Settings())
    assert not (tmp_path / "new.db").exists()
    with pytest.raises(StoreError, match="same archive"):
        copy_archive(archive, archive, settings=Settings())


def test_a_password_in_the_address_is_not_shown(elasticsearch_url, tmp_path):
    host = elasticsearch_url.removeprefix("http://")
    place = f"http://reader:verysecret@{host}/songngu-copy-{uuid.uuid4().hex}"
    with pytest.raises(ArchiveMissingError) as raised:
        copy_archive(place, str(tmp_path / "new.db"), settings=Settings())
    assert host in str(raised.value)
    assert "verysecret" not in str(raised.value)


@pytest.mark.parametrize("way", ["relative", "link"])
def test_one_archive_by_two_names_is_one(archive, tmp_path, monkeypatch, way):
    if way == "relative":
        monkeypatch.chdir(Path(archive).parent)
        other = Path(archive).name
    else:
        link = tmp_path / "link.db"
        link.symlink_to(archive)
        other = str(link)
    with pytest.raises(StoreError, match="same archive"):
        copy_archive(archive, other, settings=Settings())


def test_what_was_taken_down_and_who_brought_what_is_copied_too(cluster, tmp_path):
    place, back = str(tmp_path / "news.db"), str(tmp_path / "back.db")
    store, settings = open_store(place, Settings()), Settings()
    store.create(PROFILE)
    shallow = replace(entry("b", "tin hai", unit(1)), shallow=True)
    store.upsert([entry("a", "tin một", unit(1)), shallow, entry("c", "tin ba", unit(1))])
    Ledger(store).bring(["a", "b"], "/tin")
    Ledger(store).bar([Tombstone(("c", "https://bao.example/c"), "rút bài", "2026-01-02")])
    copy_archive(place, cluster, settings=settings)
    copy_archive(cluster, back, settings=settings)
    copied = open_store(back, settings)
    assert list(copied.listing()) == list(store.listing())
    assert Ledger(copied).origins(["a", "b", "c"]) == Ledger(store).origins(["a", "b"])
    assert Ledger(copied).tombstones() == Ledger(store).tombstones()
    store.upsert([replace(shallow, shallow=False)])
    assert copy_archive(place, back, settings=settings).copied == 1
    assert shallow_ids(copied) == []
    Ledger(copied).bar([Tombstone(("a",), "", "2026-01-03")])
    report = copy_archive(place, back, settings=settings)
    assert (report.copied, report.unchanged, report.barred) == (0, 1, 1)
    for opened in (store, copied):
        opened.close()
