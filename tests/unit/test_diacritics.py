"""Diacritics put back, and nothing else changed."""

import numpy as np
import pytest

from search.text.diacritics import Restorer
from search.text.keyboard import decode_typing
from search.text.syllable_model import FOREIGN, NUMBER, SyllableModel
from search.text.syllables import SyllableCounts, SyllableTable, is_syllable


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
        ("đương săt tôc đô cao", "đường sắt tốc độ cao"),
        ("Luong Tam Quang tham Na Uy", "Lương Tam Quang thăm Na Uy"),
        ("BO TRUONG", "BỘ TRƯỞNG"),
        ("nam 2019 Facebook lua dao", "năm 2019 Facebook lừa đảo"),
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


def test_a_typed_tone_is_the_last_word():
    assert restored("cám on") == "cám ơn"
    assert restored("hoà binh") == "hoà bình"


def test_every_word_is_reported():
    restoration = Restorer.bundled().restore("gia vang SJC")
    assert [word.text for word in restoration.words] == ["giá", "vàng", "SJC"]
    assert [(word.start, word.end) for word in restoration.words] == [(0, 3), (4, 8), (9, 12)]
    assert all(0 < word.confidence <= 1 for word in restoration.words)
    assert restoration.words[-1].confidence == 1


def test_the_bundled_restorer_can_be_sharpened():
    counts = SyllableCounts()
    for _ in range(20):
        counts.add("Ông Mạc Xuyên Thỉa thăm Oslo")
    bundled = Restorer.bundled()
    sharpened = bundled.sharpened(counts.table())
    assert bundled.restore("mac xuyen thia").text != "mạc xuyên thỉa"
    assert sharpened.restore("mac xuyen thia").text == "mạc xuyên thỉa"
    assert sharpened.restore("bo truong cong an").text == "bộ trưởng công an"


def test_probabilities_of_what_may_follow_sum_to_one():
    model = SyllableModel.bundled()
    numbers = model.table.numbers
    everything = np.arange(len(model.table.counts))
    for first, second in (("bộ", "trưởng"), ("công", "an"), ("mạc", "thỉa")):
        one = np.array([numbers.get(first, 1)])
        two = np.array([numbers.get(second, 1)])
        assert model.after_one(two, everything).sum() == pytest.approx(1, abs=0.02)
        assert model.after_two(one, two, everything).sum() == pytest.approx(1, abs=0.02)


def test_models_survive_packing():
    model = SyllableModel.bundled()
    again = SyllableModel.from_bytes(model.table, model.triples_to_bytes())
    assert again.triples.tolist() == model.triples.tolist()
    assert again.triple_counts.tolist() == model.triple_counts.tolist()
    assert {NUMBER, FOREIGN} <= set(model.table.forms)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("vieejt nam", "việt nam"),
        ("Viet5 Nam", "Việt Nam"),
        ("ddaji hojc", "đại học"),
        ("d9ai5 hoc5", "đại học"),
        ("DDAIJ HOCJ", "ĐẠI HỌC"),
        ("nguwowif", "người"),
        ("Haf Nooij,  hoom nay", "Hà Nội,  hôm nay"),
        ("tooi cos vieecj lamf", "tôi có việc làm"),
        ("Vie6t5 Nam", "Việt Nam"),
        ("san bay Long Thanhf", "san bay Long Thành"),
        ("Nguyễn Phú Trongj", "Nguyễn Phú Trọng"),
        ("o73 ha2 no65i co1 gi2", "ở hà nội có gì"),
    ],
)
def test_keys_of_input_methods(typed, meant):
    assert decode_typing(typed) == meant


@pytest.mark.parametrize(
    "text",
    "tax|pass|cos|book|covid19|MH370|G7|F0|A1 B2|u23 viet nam||tap1 phim|quy1 2024|wifi|top10"
    "|iphone 15 pro max|Fox News|giá vàng|gas price|sos|tp hcm q1|word3|the boss|bóng đá"
    "|đường sắt|ET-E16-Truyện".split("|"),
)
def test_words_and_codes_are_no_keys(text):
    assert decode_typing(text) == text


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("dong yen tang gia so voi do la", "đồng yen tăng giá so với đô la"),
        ("gia do la", "giá đô la"),
        ("do la ly do", "đó là lý do"),
        ("bo truong do la ai?", "bộ trưởng đó là ai?"),
    ],
)
def test_a_query_hardly_ends_with_a_word_that_leads_to_another(typed, meant):
    assert Restorer.bundled().restore(typed).text == meant
