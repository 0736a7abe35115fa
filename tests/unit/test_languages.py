"""Tokens and their forms: one reading of text for indexing, queries, marks and stores."""

import unicodedata

import pytest

from search.text.languages import (
    LANGUAGES,
    exact,
    exact_tokens,
    fold,
    has_marks,
    normalise,
    place_tone,
    tokens,
)


@pytest.mark.parametrize(
    ("typed", "placed"),
    [
        ("hoà", "hòa"), ("hòa", "hòa"), ("thuỵ", "thụy"), ("thụy", "thụy"), ("khoẻ", "khỏe"),
        ("toá", "tóa"), ("quý", "quý"), ("quỳ", "quỳ"), ("hoàn", "hoàn"), ("hòan", "hoàn"),
        ("khoái", "khoái"), ("khóai", "khoái"), ("tuý", "túy"), ("huỳnh", "huỳnh"),
        ("thuý", "thúy"), ("oà", "òa"), ("loè", "lòe"), ("ngoéo", "ngoéo"), ("abc", "abc"),
    ],
)  # fmt: skip
def test_old_and_new_tone_placement_are_one(typed, placed):
    assert place_tone(typed) == placed


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Đường", "duong"), ("đ", "d"), ("Ðà Nẵng", "da nang"), ("THUỶ", "thuy"),
        ("Ｈà Nội", "ha noi"), ("café", "cafe"), ("ﬁne", "fine"), ("naïve", "naive"),
        ("ASCII", "ascii"), ("", ""),
    ],
)  # fmt: skip
def test_folding(text, folded):
    assert fold(text) == folded
    assert fold(unicodedata.normalize("NFD", text)) == folded
    assert fold(folded) == folded


def test_nfd_and_nfc_give_the_same_tokens():
    text = "Thủ đô Hà Nội, Đắk Lắk"
    assert exact_tokens(normalise(unicodedata.normalize("NFD", text))) == exact_tokens(text)


def test_invisible_characters_are_removed_and_spaces_are_plain():
    assert normalise("Hà\u200b Nội\u00ad\ufeff") == "Hà Nội"
    assert normalise("２４／９ Ｏｓｌｏ（Ｎａ Ｕｙ）") == "24/9 Oslo(Na Uy)"
    assert normalise("a\u00a0\u2003b\tc") == "a b c"
    assert normalise("một\r\nhai\rba\u2028bốn") == "một\nhai\nba\nbốn"
    assert normalise("a\x00b\ud800") == "a b "


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3.500 tỷ, 3,500", ["3500", "tỷ", "3500"]),
        ("1.234.567,89 và 1,234,567.89", ["1234567.89", "và", "1234567.89"]),
        ("tăng 3,5% hay 3.5%", ["tăng", "3.5", "hay", "3.5"]),
        ("24/9/2025", ["24", "9", "2025"]),
        ("lúc 19h30", ["lúc", "19h30"]),
        ("Vietnam’s don't O'Neill", ["vietnam", "don't", "o'neill"]),
        ("Aas-Hansen, U.S.", ["aas", "hansen", "u", "s"]),
        ("covid-19 F0", ["covid", "19", "f0"]),
        ("!!! … 😀", []),
        ("_a_b_", ["a", "b"]),
    ],
)
def test_tokens(text, expected):
    assert exact_tokens(text) == expected


def test_tokens_know_where_they_stand():
    text = "Ông Lương\n Tam-Quang"
    assert [text[t.start : t.end] for t in tokens(text)] == ["Ông", "Lương", "Tam", "Quang"]
    assert [t.folded for t in tokens(text)] == ["ong", "luong", "tam", "quang"]


def test_long_tokens_are_cut():
    assert len(exact("x" * 100_000)) == 100


def test_marks_that_are_typed():
    assert has_marks("đường")
    assert has_marks("Hà")
    assert not has_marks("Oslo")
    assert not has_marks("北京")


def test_vietnamese_forms():
    forms = LANGUAGES["vi"].forms(title="Hợp tác quốc tế", body="Toà án đường sắt.")
    assert forms.exact == "hợp tác quốc tế tòa án đường sắt"
    assert forms.folded == "hop tac quoc te toa an duong sat"
    assert forms.title == "hop tac quoc te"
    assert {"hợp_tác", "quốc_tế", "tòa_án", "đường_sắt"} <= set(forms.words.split())
    assert all("_" in word for word in forms.words.split())


def test_words_that_were_kept_are_not_found_again():
    forms = LANGUAGES["vi"].forms(title="", body="Hợp tác", words="as_kept")
    assert forms.words == "as_kept"


def test_english_forms():
    forms = LANGUAGES["en"].forms(title="Ministers", body="The cafés cooperated.")
    assert forms.exact == "ministers the cafés cooperated"
    assert forms.folded == "ministers the cafes cooperated"
    assert forms.words == "minist the cafe cooper"


def test_query_compounds_are_looked_up_without_a_segmenter():
    vi = LANGUAGES["vi"]
    assert vi.query_words(["tòa", "án", "hà"]) == ["tòa_án", "án_hà", "tòa_án_hà"]
    assert vi.query_words(["án"]) == []


def test_every_language_is_whole():
    for code, language in LANGUAGES.items():
        assert language.code == code
        assert language.endonym
        assert all(exact(word) == word for word in language.stop_words)
        forms = language.forms(title="Oslo 2025", body="Oslo")
        assert forms.exact.split() == ["oslo", "2025", "oslo"]
