"""Anything can be typed: reading, looking up and marking it never fails."""

import random

import pytest

from search.errors import QueryError
from search.ranking.query import read_query
from search.ranking.snippets import Marker
from search.records import Query
from search.text.languages import LANGUAGES

PIECES = [
    *("Hà", "Nội", "viet", "nam", "vieejt", "đường", "sat", "ƠI", "wow", "A", "B52", "May"),
    *("24/9", "24", "tháng", "thang", "9", "năm", "2025", "September", "1,2", "triệu", "%", "½"),
    *("1.2.3", "00/00", "99/99/9999", "per cent", "million", "1e9", "٢٤/٩", "१२", "２４", "²", "Ⅷ"),
    *('"', '-"', "-", "(", ")", ".", ",", "/", "\n", "<b>", "&amp;", "😀", "北京", "Осло"),
    *("\u0301", "\u200b", "ﬁ", "ß", "İ", "ŉ", "ΐ", "ᾳ", "\x00", "\ud800"),
]


def queries(kind):
    rng = random.Random(kind)
    for _ in range(250):
        if kind == "words":
            gaps = ["", " ", " ", "  "]
            picked = rng.choices(PIECES, k=rng.randint(1, 25))
            yield "".join(piece + rng.choice(gaps) for piece in picked)
        else:
            ranges = ((32, 0x24F), (0x1E00, 0x1EFF), (0, 0xFFFF), (0x10000, 0x1FFFF))
            picked = [rng.choice(ranges) for _ in range(rng.randint(1, 60))]
            yield "".join(chr(rng.randint(*bounds)) for bounds in picked)


@pytest.mark.parametrize("kind", ["words", "characters"])
@pytest.mark.parametrize("verbatim", [False, True])
def test_anything_can_be_typed(kind, verbatim):
    answered = 0
    for text in queries(kind):
        try:
            read = read_query(Query(text, verbatim=verbatim), max_chars=5000)
        except QueryError:
            continue
        answered += 1
        assert isinstance(read.known, bool)
        for lang in LANGUAGES:
            assert all(term.token and " " not in term.token for term in read.terms(lang)), text
            read.clauses(lang)
            marker = Marker.of(read, lang)
            last = 0
            for start, end in marker.spans(text):
                assert last <= start < end <= len(text), text
                last = end
            assert 0 <= marker.coverage([text]) <= 1
    assert answered > 100
