"""Did you mean …?"""

import pytest

from search.ranking.query import read_query
from search.ranking.suggestion import doubtful_words, suggested
from search.records import Query
from search.text.spelling import meant_word, nearest_words


@pytest.mark.parametrize(
    ("text", "doubtful"),
    [
        ("Serena Willams", ["willams"]),
        ("unemployement earthqake unemployement", ["unemployement", "earthqake"]),
        ("premier league police", []),
        ("nguyen thi huyen trang", []),
        ("đuòng săt cao tôc", []),
        ("Kvitøya SH150i covid19 A320", []),
        ("tphcm vnmxz", ["vnmxz"]),
        ("abcd", []),
        ("Sarah Palinn's Eldest Son Arrested on Domestic Violence Charges", []),
        ("earthquakes' interceptions", []),
    ],
)
def test_only_what_no_language_knows_is_doubtful(text, doubtful):
    assert doubtful_words(read_query(Query(text), max_chars=100)) == doubtful


@pytest.mark.parametrize(
    ("word", "near", "meant"),
    [
        ("ronadlo", {"ronaldo": 43, "ronald": 99, "rondo": 2}, "ronaldo"),
        ("willams", {"williams": 43, "william": 50}, "williams"),
        ("earthqake", {"earthquake": 3, "earthquakes": 9}, "earthquake"),
        ("unemployement", {"unemployment": 1}, "unemployment"),
        ("bankman", {"batman": 30, "banks": 500}, None),  # two edits of seven letters
        ("dloanh", {"doanh": 550, "danh": 1391}, None),  # syllables are other words
        ("vnmxz", {"vnm": 3}, None),
        ("wiliams", {"wiliams": 2, "williams": 43}, "williams"),
        ("wiliams", {"wiliams": 5, "williams": 43}, None),  # it may be right
        ("ronadlo", {}, None),
        ("panthers", {"panther": 4, "panthens": 9}, None),  # a form of the same word
        ("hahahaha", {"hahahhaha": 1}, None),  # misspelled there
        ("earthqake", {"earthquake": 1}, "earthquake"),
    ],
)
def test_what_was_meant(word, near, meant):
    assert meant_word(word, near) == meant


def test_near_are_those_that_begin_alike():
    words = [("williams", 9), ("billiams", 9), ("willamss", 1), ("will", 9)]
    assert nearest_words("willams", words) == {"williams": 9, "willamss": 1}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ('"Serena Willams" author:Lee -venus', '"Serena Williams" author:Lee -venus'),
        ("WILLAMS, willams", "WILLIAMS, williams"),
        ("Serena", None),
        ("Willams's wins, WILLAMS’S", "Williams's wins, WILLIAMS’S"),
    ],
)
def test_all_else_stays_as_it_was_typed(typed, meant):
    assert suggested(typed, {"willams": {"williams": 43}}) == meant
