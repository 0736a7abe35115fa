"""Diacritics put back, and nothing else changed."""

import pytest

from search.restoring import Restorer
from search.syllables import SyllableCounts, SyllableTable, is_syllable


def restored(text):
    return Restorer.bundled().restore(text).text


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("bo truong cong an", "bộ trưởng công an"),
        ("gia ca phe hom nay", "giá cà phê hôm nay"),
        ("bien doi khi hau", "biến đổi khí hậu"),
        ("HOP TAC QUOC TE", "HỢP TÁC QUỐC TẾ"),
        ("Ha Noi va Da Nang", "Hà Nội và Đà Nẵng"),
        ("thu do Ha  Noi,  Viet Nam!", "thủ đô Hà  Nội,  Việt Nam!"),
        ("đường sat tốc do cao", "đường sắt tốc độ cao"),
    ],
)
def test_restoring(typed, meant):
    assert restored(typed) == meant


@pytest.mark.parametrize(
    "text", ["covid", "Facebook 2025", "G7 SJC MH370", "24/9/2025", "", "!!!", "Bộ trưởng Công an"]
)
def test_what_is_right_stays(text):
    restoration = Restorer.bundled().restore(text)
    assert restoration.text == text
    assert not restoration.changed


def test_typed_marks_are_never_changed():
    text = "Bác sĩ dương tính"
    assert restored(text) == text


@pytest.mark.parametrize("syllable", ["nghieng", "duong", "a", "quyet", "uy", "khuya", "giua"])
def test_syllables(syllable):
    assert is_syllable(syllable)


@pytest.mark.parametrize("word", ["police", "street", "world", "x", "facebook", "covid", "2025"])
def test_no_syllables(word):
    assert not is_syllable(word)


def test_an_archives_own_counts_decide():
    counts = SyllableCounts()
    for _ in range(10):
        counts.add("Lương Tam Quang thăm Oslo. Lương Tam Quang về nước.")
    table = SyllableTable.from_bytes(counts.table().to_bytes())
    assert Restorer(table).restore("luong tam quang tham Oslo").text == "lương tam quang thăm Oslo"


def test_tables_survive_packing():
    counts = SyllableCounts()
    for _ in range(7):
        counts.add("một hai ba")
    table = counts.table()
    packed = SyllableTable.from_bytes(table.to_bytes())
    assert packed.forms == table.forms == ("ba", "hai", "một")
    assert packed.counts.tolist() == table.counts.tolist()
    assert packed.pairs.tolist() == table.pairs.tolist()
    assert packed.pair_counts.tolist() == table.pair_counts.tolist() == [7, 7, 7]
