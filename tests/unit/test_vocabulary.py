"""An archive's own text sharpens the restoring of its queries."""

import logging
from types import SimpleNamespace

import pytest
from support.entries import PROFILE, entry, unit

from search.records import Article
from search.settings import Settings
from search.stores.notes import read_note, write_note
from search.stores.sqlite.store import EmbeddedStore
from search.text.syllables import SyllableCounts, SyllableTable
from search.transfer import copy_archive
from search.vocabulary import NOTE, ArchiveCounts, ArchiveRestorer

LOCAL = (
    "Bà Thạch Thị Xuyến Nhạn, chủ tịch xã Đăk Plô, mở lớp dạy gùi. "
    "Theo bà Thạch Thị Xuyến Nhạn, lớp học có mười hai người."
)


def article(text=LOCAL, lang="vi", id_="a"):
    return Article(id=id_, lang=lang, text=text)


@pytest.fixture
def store(tmp_path):
    made = EmbeddedStore(tmp_path / "news.db")
    made.create(PROFILE)
    yield made
    made.close()


def counted(store, *articles, **options):
    counts = ArchiveCounts(store, **options)
    for each in articles:
        counts.add(each)
    counts.save()


def read(store, text="thach thi xuyen nhan"):
    return ArchiveRestorer(store).current().restore(text).text


def test_names_of_the_archive_come_right(store):
    assert read(store) != "thạch thị xuyến nhạn"
    counted(store, article())
    assert read(store) == "thạch thị xuyến nhạn"
    assert read(store, "bo truong cong an tham ha noi") == "bộ trưởng công an thăm hà nội"


def test_runs_add_up(store):
    counted(store, article())
    counted(store, article("Ông Mạc Xuyên Thỉa."))
    table = SyllableTable.from_bytes(read_note(store, NOTE))
    assert {"xuyến", "xuyên"} <= set(table.forms)
    assert table.counts[table.numbers["nhạn"]] == 2


def test_counting_anew_forgets_what_was_deleted(store):
    counted(store, article())
    counted(store, article("Ông Mạc Xuyên Thỉa."), anew=True)
    assert "nhạn" not in SyllableTable.from_bytes(read_note(store, NOTE)).forms


def test_counting_anew_changes_nothing_before_its_end(store, monkeypatch):
    counted(store, article())
    before = read_note(store, NOTE)
    now = SimpleNamespace(monotonic=lambda: now.at, at=0.0)
    monkeypatch.setattr("search.vocabulary.time", now)
    counts = ArchiveCounts(store, anew=True)
    for i in range(3):
        now.at += 61.0
        counts.add(article("Ông Mạc Xuyên Thỉa.", id_=f"{i}"))
    assert read_note(store, NOTE) == before
    counts.save()
    table = SyllableTable.from_bytes(read_note(store, NOTE))
    assert table.counts[table.numbers["thỉa"]] == 3
    assert "nhạn" not in table.forms


@pytest.mark.parametrize(
    "other",
    [
        article("The minister visited Oslo with police officers.", lang="en"),
        article("Ba Thach Thi Xuyen Nhan, chu tich xa, mo lop day gui cho muoi hai nguoi."),
        article("12 345 678"),
    ],
)
def test_only_vietnamese_with_its_marks_is_counted(store, other):
    counted(store, other)
    assert read_note(store, NOTE) is None


def test_a_long_run_is_saved_on_the_way(store, monkeypatch):
    now = SimpleNamespace(monotonic=lambda: now.at, at=0.0)
    monkeypatch.setattr("search.vocabulary.time", now)
    counts = ArchiveCounts(store)
    counts.add(article())
    assert read_note(store, NOTE) is None
    now.at = 61.0
    counts.add(article())
    assert SyllableTable.from_bytes(read_note(store, NOTE)).counts.max() >= 4


def test_only_the_commonest_pairs_are_kept(store, monkeypatch):
    monkeypatch.setattr("search.vocabulary._MOST_PAIRS", 4)
    counted(store, article())
    table = SyllableTable.from_bytes(read_note(store, NOTE))
    assert len(table.pairs) == 4
    assert read(store) == "thạch thị xuyến nhạn"


def test_a_damaged_note_is_as_good_as_none(store, caplog):
    write_note(store, NOTE, b"PK\x03\x04 no archive at all")
    with caplog.at_level(logging.WARNING):
        assert read(store, "gia vang") == "giá vàng"
    assert "damaged" in caplog.text
    counted(store, article())
    assert read(store) == "thạch thị xuyến nhạn"


def test_a_running_process_notices_what_was_indexed(store, monkeypatch):
    now = SimpleNamespace(monotonic=lambda: now.at, at=0.0)
    monkeypatch.setattr("search.vocabulary.time", now)
    restorer = ArchiveRestorer(store)
    before = restorer.current()
    counted(store, article())
    assert restorer.current() is before
    now.at = 31.0
    after = restorer.current()
    assert after.restore("xuyen nhan").text == "xuyến nhạn"
    now.at = 62.0
    assert restorer.current() is after  # nothing new: nothing is built again


def test_copying_keeps_the_counts_of_the_larger_text(store, tmp_path):
    store.upsert([entry("a", LOCAL, unit(1))])
    counted(store, article())
    target = EmbeddedStore(tmp_path / "copy.db")
    target.create(PROFILE)
    counted(target, *(article(f"Ông Mạc Xuyên Thỉa thứ {i}.", id_=f"{i}") for i in range(30)))
    mine = read_note(target, NOTE)
    copy_archive(store.location, target.location, settings=Settings())
    assert read_note(target, NOTE) == mine
    counted(store, *[article()] * 30)
    copy_archive(store.location, target.location, settings=Settings())
    assert read_note(target, NOTE) == read_note(store, NOTE)
    target.close()


def test_tables_can_be_counted_on():
    first, second, both = SyllableCounts(), SyllableCounts(), SyllableCounts()
    for counts, text in ((first, "một hai, ba"), (second, "một hai ba"), (both, "một hai, ba")):
        counts.add(text)
    both.add("một hai ba")
    first.add_table(second.table(least=1, least_pair=1))
    added, whole = (c.table(least=1, least_pair=1) for c in (first, both))
    assert added.forms == whole.forms
    assert added.counts.tolist() == whole.counts.tolist()
    assert added.pair_counts.tolist() == whole.pair_counts.tolist()
    assert first.total == both.total == 6
