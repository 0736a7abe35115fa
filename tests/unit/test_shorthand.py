"""What people type shorter than it is written."""

import pytest

from search.ranking.query import read_query
from search.records import Query
from search.text.keyboard import decode_typing
from search.text.shorthand import expansion, separated


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("xuatkhau gao", "xuat khau gao"),
        ("cum giacam h7n9", "cum gia cam h7n9"),
        ("Danang mua lu", "Da nang mua lu"),
        ("facebook iphone messi", "facebook iphone messi"),
        ("strawberry fields", "strawberry fields"),
        ("tarnocious wubblekin", "tarnocious wubblekin"),
        ("dloanh bvuex kjgao", "dloanh bvuex kjgao"),
        ("giá vàng", "giá vàng"),
    ],
)
def test_syllables_that_run_together(typed, read):
    assert separated(typed) == read


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("ubnd", "ủy ban nhân dân"),
        ("hn", "Hà Nội"),
        ("tphcm", "thành phố Hồ Chí Minh"),
        ("q9", "quận 9"),
        ("p12", "phường 12"),
        ("hanoi", None),
        ("q", None),
        ("q100", None),
    ],
)
def test_abbreviations(short, long):
    assert expansion(short) == long


def test_a_query_is_embedded_with_its_abbreviations_written_out():
    read = read_query(Query("ubnd hn đối thoại"), max_chars=100)
    assert read.embedded == "ủy ban nhân dân Hà Nội đối thoại"
    words = {term.token for group in read.shares("vi")[0] for term in group.terms}
    assert {"ubnd", "nhan_dan", "hn", "ha_noi"} <= words


@pytest.mark.parametrize("text", ["ubnd hn", "tphcm", "bds q9", "UBND TPHCM 2017"])
def test_abbreviations_alone_are_vietnamese(text):
    assert read_query(Query(text), max_chars=100).lang == "vi"


def test_an_abbreviation_beside_english_is_english():
    assert read_query(Query("VN shares rise sharply"), max_chars=100).lang == "en"


def test_verbatim_reads_nothing_into_it():
    assert read_query(Query("xuatkhau gao", verbatim=True), max_chars=100).text == "xuatkhau gao"


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("ddội tuyển vieejt nam", "đội tuyển việt nam"),
        ("Ddường sắt", "Đường sắt"),
        ("Eddy Reddy", "Eddy Reddy"),
        ("ddt pesticide", "ddt pesticide"),
    ],
)
def test_a_stroke_that_was_missed_at_the_beginning(typed, read):
    assert decode_typing(typed) == read
