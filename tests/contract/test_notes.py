"""Small derived data beside the articles, in every store."""

import uuid

import pytest
from support.entries import PROFILE, entry, unit

from indexer.upkeep import reembed
from search.encoders import load_encoder
from search.errors import ArchiveMissingError, SettingsError
from search.settings import Settings
from search.stores.elasticsearch import ElasticsearchStore
from search.stores.notes import read_note, write_note
from search.stores.sqlite.store import EmbeddedStore
from search.text.syllables import SyllableCounts, SyllableTable
from search.transfer import copy_archive
from search.vocabulary import NOTE

ODD = bytes(range(256)) * 4000  # a megabyte of everything


def test_a_note_is_kept_and_replaced(store, make_store):
    assert read_note(store, "a") is None
    write_note(store, "a", b"one")
    write_note(store, "b", ODD)
    write_note(store, "a", b"two")
    other = make_store()
    assert read_note(other, "a") == b"two"
    assert read_note(other, "b") == ODD
    assert read_note(other, "c") is None
    write_note(other, "empty", b"")
    assert read_note(store, "empty") == b""


def test_a_missing_archive_has_no_notes(missing_store):
    with pytest.raises(ArchiveMissingError, match="songngu index"):
        read_note(missing_store, "a")
    with pytest.raises(ArchiveMissingError, match="songngu index"):
        write_note(missing_store, "a", b"")


def test_notes_are_no_articles(store):
    write_note(store, "a", b"one")
    store.upsert([entry("x", "một", unit(1))])
    store.flush()
    write_note(store, "b", b"two")
    assert [e.article.id for e in store.entries()] == ["x"]
    assert store.stats().articles == {"vi": 1}


def test_notes_stay_through_a_rebuild(store):
    store.upsert([entry("x", "một", unit(1))])
    write_note(store, "a", b"one")
    with store.rebuild(PROFILE) as generation:
        generation.upsert([entry("x", "hai", unit(1))])
    assert read_note(store, "a") == b"one"


def test_dropping_takes_the_notes_along(elasticsearch_url):
    url = f"{elasticsearch_url}/songngu-test-{uuid.uuid4().hex}"
    store = ElasticsearchStore.from_url(url, Settings())
    try:
        store.create(PROFILE)
        write_note(store, "a", b"one")
        store.drop()
        store.create(PROFILE)
        assert read_note(store, "a") is None
    finally:
        store.drop()
        store.close()


def test_no_archive_is_named_like_a_part_of_one():
    with pytest.raises(SettingsError, match="part of the archive news"):
        ElasticsearchStore.from_url("http://localhost:9200/news~records", Settings())


def test_copying_carries_the_counts(store, make_store, tmp_path):
    store.upsert([entry("x", "một", unit(1))])
    store.flush()
    write_note(store, NOTE, ODD)
    target = tmp_path / "copy.db"
    copy_archive(store.location, str(target), settings=Settings())
    copied = EmbeddedStore(target)
    assert read_note(copied, NOTE) == ODD
    copied.close()


def test_embedding_again_counts_again(store):
    store.upsert([entry("x", "Bà Thạch Thị Xuyến Nhạn mở lớp dạy gùi.", unit(1))])
    store.flush()
    counts = SyllableCounts()
    counts.add("Ông Mạc Xuyên Thỉa, của một bài đã xóa.")
    write_note(store, NOTE, counts.table(least=1, least_pair=1).to_bytes())
    encoder = load_encoder("bundled")
    reembed(store, encoder, on_progress=lambda *_: None)
    encoder.close()
    forms = SyllableTable.from_bytes(read_note(store, NOTE)).forms
    assert "nhạn" in forms
    assert "thỉa" not in forms
