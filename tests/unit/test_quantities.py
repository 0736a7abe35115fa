"""Dates and numbers are one, however they are written."""

import pytest

from search.text.quantities import period, quantities

DAY = ("date:2025-09-24", "date:09-24", "date:2025-09")


def read(text, *, bare_days=True):
    return [q.tokens for q in quantities(text, bare_days=bare_days)]


@pytest.mark.parametrize(
    "text",
    "24/9/2025|24/09/2025|24-9-2025|24.9.2025|24/9/25|2025-09-24|2025/9/24|9/24/2025"
    "|24 tháng 9 năm 2025|ngày 24 tháng 9, 2025|24 tháng 9/2025|24 tháng 9 2025|24 thang 9 nam 2025"
    "|September 24, 2025|September 24 2025|September 24th, 2025|Sept. 24, 2025|Sep 24, 2025"
    "|24 September 2025|24th of September, 2025|24 Sept 2025|SEPTEMBER 24, 2025".split("|"),
)
def test_one_day(text):
    assert read(text) == read(text, bare_days=False) == [DAY]
    assert read(f"({text}),") == [DAY]


@pytest.mark.parametrize(
    "text",
    "24/9|ngày 24/9|ngày 24-9|24 tháng 9|24 thang 9|September 24|September 24th|24 Sept"
    "|24 September|the 24th of September|Sep. 24".split("|"),
)
def test_a_day_of_any_year(text):
    assert read(text) == [("date:09-24",)]


@pytest.mark.parametrize("text", ["tháng 9/2025", "tháng 9 năm 2025", "9/2025", "September 2025"])
def test_a_month(text):
    assert read(text) == [("date:2025-09",)]


def test_the_day_comes_first_where_both_orders_make_a_date():
    assert read("3/9/2025")[0][0] == "date:2025-09-03"


def test_english_has_fractions_where_vietnamese_has_days():
    assert read("open 24/7, two thirds or 2/3", bare_days=False) == []
    assert read("sáng 2/3") == [("date:03-02",)]


@pytest.mark.parametrize(
    "text",
    "31/2/2025|32 tháng 1|30 February|24/13|0/5|20-30|2019-2020|192.168.1.1|0912-345-678|May I"
    "|tháng 9|September|COVID-19|G7|MH370|1.2.3|24h|5 đến 6|v2.0.1|2025|1/2/3/4|999|0901234567"
    "|24tháng9|6-1/16|6,306,0000".split("|"),
)
def test_what_is_neither(text):
    assert read(text, bare_days=False) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[
            (t, "1200000")
            for t in ("1.200.000", "1,200,000", "1200000", "1,2 triệu", "1.2 million")
        ],
        *[(t, "1200000") for t in ("1.2 triệu", "1.2-million", "1,200 thousand", "1.200 nghìn")],
        *[(t, "1234000000") for t in ("1.234 billion", "1,234 tỷ", "1.234 triệu", "1,234 million")],
        *[(t, "3000000000") for t in ("3 tỷ", "3 tỉ", "3 TỶ", "3 billion", "3bn", "3.0 billion")],
        *[(t, "20000000000000") for t in ("20.000 tỷ", "20 nghìn tỷ", "20 trillion")],
        *[(t, "3500") for t in ("3.500", "3,500", "3500", "3,5 nghìn", "3.5 ngàn")],
        *[(t, "3.5%") for t in ("3,5%", "3.5 %", "3.5 per cent", "3.5 percent", "3,5 phần trăm")],
        *[(t, "1234.5") for t in ("1.234,5", "1,234.5", "1234.5")],
        *[("100%", "100%"), ("0,5%", "0.5%"), ("1.234.567,89", "1234567.89")],
    ],
)
def test_numbers(text, value):
    assert read(text) == read(f"khoảng {text}.") == [(f"num:{value}",)]


def test_they_know_where_they_stand():
    text = "Ngày 24 tháng 9 năm 2025, giá tăng 3,5% lên 1,2 triệu; from September 24 on."
    found = [text[q.start : q.end] for q in quantities(text, bare_days=True)]
    assert found == ["24 tháng 9 năm 2025", "3,5%", "1,2 triệu", "September 24"]


@pytest.mark.parametrize(
    ("asked", "said", "same"),
    [
        ("24/9/2025", "September 24", True),
        ("24/9/2025", "September 24, 2025", True),
        ("24/9/2025", "September 24, 2024", False),
        ("24/9", "September 24, 2024", True),
        ("tháng 9/2025", "24/9/2025", True),
        ("24/9/2025", "tháng 9/2025", False),
        ("1,2 triệu", "1,200,000", True),
        ("1,2 triệu", "1.2 billion", False),
    ],
)
def test_what_may_be_the_same(asked, said, same):
    [a], [b] = (list(quantities(text, bare_days=True)) for text in (asked, said))
    assert a.matches(b) is same


def test_long_digits_cost_nothing():
    assert read("9" * 100_000) == []
    assert read("1." * 50_000) == []
    assert len(read("1/2 " * 1000)) == 1000


@pytest.mark.parametrize(
    ("typed", "first", "last"),
    [
        ("2025", "2025-01-01", "2025-12-31"),
        ("2025-09", "2025-09-01", "2025-09-30"),
        ("2024-2", "2024-02-01", "2024-02-29"),
        ("12/2025", "2025-12-01", "2025-12-31"),
        (" 24/9/2025 ", "2025-09-24", "2025-09-24"),
        ("24-09-2025", "2025-09-24", "2025-09-24"),
        ("24.9.2025", "2025-09-24", "2025-09-24"),
        ("2025-09-24", "2025-09-24", "2025-09-24"),
        ("9999-12", "9999-12-01", "9999-12-31"),
    ],
)
def test_a_period_is_read_as_people_type_it(typed, first, last):
    assert [day.isoformat() for day in period(typed)] == [first, last]


@pytest.mark.parametrize(
    "typed",
    ["31/02/2025", "abc", "", "0000", "2025-13", "13/2025", "24/9", "24/9/25", "٢٠٢٥", "2025-"],
)
def test_what_is_no_period_is_none(typed):
    assert period(typed) is None
