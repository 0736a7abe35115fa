"""What two tellings of a story are found to say, and what only one of them does."""

from decimal import Decimal

import pytest

from search.text.comparison import compare
from search.text.numerals import numerals


def differing(vi, en):
    """What is flagged in each text."""
    texts = {"vi": vi, "en": en}
    return {
        lang: [
            texts[lang][start:end]
            for statement in compare(texts)
            for mention in statement.mentions[lang]
            for start, end in mention.flagged
        ]
        for lang in texts
    }


SAME = [
    ("1,2 triệu người", "1.2 million people"),
    ("2,8 tỷ bảng", "£2.8bn"),
    ("86.000 lượt", "86,000 rides"),
    ("mười bốn con tê tê", "fourteen pangolins"),
    ("hai mươi tư giờ", "24 hours"),
    ("một trăm hai mươi máy", "120 machines"),
    ("17 tuyến xe buýt", "seventeen bus routes"),
    ("20%", "20 percent"),
    ("hơn mười năm", "more than a decade"),
    ("12 quả trứng", "a dozen eggs"),
    ("lúc 17 giờ", "at 5 p.m."),
    ("17h30", "5:30 pm"),
    ("thế kỷ XV", "the 15th century"),
    ("những năm 1990", "the 1990s"),
    ("ngày 24/9", "on September 24"),
    ("24 tháng 9 năm 2025", "September 24, 2025"),
    ("ngày 24/9/2025", "on 24 September"),
    ("tháng Hai năm 1974", "February 1974"),
    ("vào tháng 6", "in June"),
    ("hôm thứ Sáu", "on Friday"),
    ("sáng Chủ Nhật", "Sunday morning"),
    ("Bà Ngô Thị Lành cho biết", "Resident Ngo Thi Lanh said"),
    ("Thủ đô Hà Nội", "The capital, Hanoi"),
    ("người Mexico", "a Mexican farmer"),
    ("ông Zaev nói", "Zoran Zaev's party said Zoran Zaev was there"),
    ("Bộ Ngoại giao Hoa Kỳ", "The United States State Department"),
    ("Liên Hợp Quốc", "the United Nations"),
    ("tỷ lệ này", "this rate"),
    ("bảy năm trước", "seven years ago"),
]


@pytest.mark.parametrize(("vi", "en"), SAME)
def test_the_same_in_both_languages_is_not_flagged(vi, en):
    flagged = differing(vi, en)
    if "Zaev" in en:
        assert "Zoran" in " ".join(flagged.pop("en"))  # which the other text leaves out
    assert not any(flagged.values()), flagged


DIFFERENT = [
    ("86.000 lượt", "68,000 rides", ["86.000"], ["68,000"]),
    ("1,2 triệu người", "1.3 million people", ["1,2 triệu"], ["1.3 million"]),
    ("17 tuyến xe buýt", "fourteen bus routes", ["17"], ["fourteen"]),
    ("ngày 24/9/2025", "on September 25, 2025", ["24/9/2025"], ["September 25, 2025"]),
    ("ngày 24/9/2025", "on September 24, 2024", ["24/9/2025"], ["September 24, 2024"]),
    ("vào tháng 6", "in July", ["tháng 6"], ["July"]),
    ("hôm thứ Sáu", "on Thursday", ["hôm thứ Sáu"], ["Thursday"]),
    ("Ông Zoran Zaev nói", "Mr Zoran Zajev said", ["Zaev"], ["Zajev"]),
    ("Bà Ngô Thị Lành kể", "Ngo Thi Lan says", ["Lành"], ["Lan"]),
    ("Ông Gjorge Ivanov", "Mr Gjorge said", ["Ivanov"], []),
]


@pytest.mark.parametrize(("vi", "en", "in_vi", "in_en"), DIFFERENT)
def test_what_only_one_says_is_flagged_where_it_stands(vi, en, in_vi, in_en):
    flagged = differing(vi, en)
    assert flagged == {"vi": in_vi, "en": in_en}


def test_a_name_that_differs_in_part_is_set_against_what_is_most_like_it():
    [statement] = [
        s
        for s in compare(
            {"vi": "Ngài William Hamo Thassycroft", "en": "Sir William Hamo Thorneycroft"}
        )
        if s.differs
    ]
    assert statement.kind == "name"
    [vi], [en] = statement.mentions["vi"], statement.mentions["en"]
    assert vi.text.endswith("Hamo Thassycroft")
    assert en.text.endswith("Hamo Thorneycroft")


def test_each_statement_is_told_once_differences_first():
    vi = "Năm 2019 có 86.000 lượt, 86.000 là nhiều. Đến 2020 chỉ còn 40.000."
    en = "In 2019 there were 86,000 rides, and 86,000 is a lot. In 2020 it was 41,000."
    told = compare({"vi": vi, "en": en})
    assert [s.differs for s in told] == sorted((s.differs for s in told), reverse=True)
    by_text = {(s.mentions["vi"] or s.mentions["en"])[0].text: s for s in told}
    assert {text for text, s in by_text.items() if s.differs} == {"40.000", "41,000"}
    assert {text for text, s in by_text.items() if not s.differs} == {"2019", "2020", "86.000"}
    assert len(by_text["86.000"].mentions["vi"]) == len(by_text["86.000"].mentions["en"]) == 2
    assert len(told) == len(by_text)


def test_offsets_are_those_of_the_texts():
    texts = {
        "vi": "Giá 1.500 đồng, ông Zoran Zaev nói",
        "en": "It cost 1,600 dong, Zoran Zaev said",
    }
    for statement in compare(texts):
        for lang, mentions in statement.mentions.items():
            for mention in mentions:
                assert texts[lang][mention.start : mention.end] == mention.text


def test_empty_texts_say_nothing():
    assert compare({"vi": "", "en": ""}) == []
    [only] = compare({"vi": "", "en": "In 2019"})
    assert only.mentions["vi"] == ()
    assert only.differs


@pytest.mark.parametrize(
    ("lang", "text", "value"),
    [
        ("vi", "hai trăm linh năm", 205),
        ("vi", "ba nghìn sáu trăm", 3600),
        ("vi", "mười lăm", 15),
        ("vi", "hai mươi năm", 20),
        ("vi", "năm mươi mốt", 51),
        ("vi", "ba triệu rưỡi", 3_000_000),
        ("en", "two hundred and five", 205),
        ("en", "forty-two", 42),
        ("en", "three thousand six hundred", 3600),
        ("en", "the twentieth", 20),
        ("en", "nineteen", 19),
        ("en", "125m", 125_000_000),
        ("en", "World War II", 2),
    ],
)
def test_numbers_in_words(lang, text, value):
    assert Decimal(value) in {v for found in numerals(text, lang) for v in found.values}


@pytest.mark.parametrize("text", ["tỷ lệ", "một số người", "năm nay", "chín rồi", "ba tôi"])
def test_words_that_merely_may_be_numbers_are_not_sure(text):
    assert not any(found.sure for found in numerals(text, "vi"))


@pytest.mark.parametrize("text", ["5G", "A320", "F-35B"])
def test_codes_are_no_numbers(text):
    assert not list(numerals(text, "en"))
