"""From what was typed to what is looked up."""

import pytest

from search.errors import QueryError, QueryTooLongError
from search.ranking.filters import with_typed_filters
from search.ranking.query import read_query, unquoted
from search.records import Filters, Query
from search.stores.base import Phrase


def read(text, **query):
    return read_query(Query(text, **query), max_chars=500)


def found(terms, field):
    return [term.token for term in terms if term.field == field]


def test_a_marked_query_asks_for_its_marks():
    terms = read("đường sắt Hà Nội").terms("vi")
    assert found(terms, "exact") == ["đường", "sắt", "hà", "nội"]
    assert found(terms, "folded") == []
    assert "đường_sắt" in found(terms, "words")


def test_an_unmarked_query_asks_for_everything():
    query = read("duong sat ha noi")
    assert query.lang == "vi"
    assert query.read_as == "đường sắt hà nội"
    assert found(query.terms("vi"), "folded") == ["duong", "sat", "ha", "noi"]
    assert found(query.terms("vi"), "exact") == ["đường", "sắt", "hà", "nội"]


def test_verbatim_restores_nothing():
    query = read("duong sat ha noi", verbatim=True)
    assert query.read_as is None
    assert found(query.terms("vi"), "exact") == []


def test_half_typed_words_are_looked_up_as_what_they_are():
    query = read("đường sat tôc độ cao")
    assert query.read_as == "đường sắt tốc độ cao"
    terms = query.terms("vi")
    assert found(terms, "folded") == ["sat"]
    assert found(terms, "exact") == ["đường", "sắt", "tôc", "tốc", "độ", "cao"]
    assert {t.token: t.boost for t in terms if t.field == "exact"}["đường"] == 1.0


@pytest.mark.parametrize(
    "name", ["Lương Tam Quang", "Nguyễn Kim Anh", "Trần Tam Nguyên", "Phan Văn Giang", "Vũ Lan"]
)
def test_names_with_their_marks_are_right_already(name):
    assert read(name).read_as is None
    assert read(name.lower()).read_as is None


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("vieejt nam", "việt nam"),
        ("Viet5 Nam", "Việt Nam"),
        ("ddaji hojc canh sat", "đại học cảnh sát"),
        ("lu lut mieefn trung", "lũ lụt miền trung"),
    ],
)
def test_keys_left_by_an_input_method_are_read(typed, meant):
    query = read(typed)
    assert (query.lang, query.read_as, query.meant) == ("vi", meant, meant)
    verbatim = read(typed, verbatim=True)
    assert verbatim.read_as is None
    assert verbatim.text == typed


def test_keys_are_read_in_phrases_and_exclusions_too():
    query = read('"vieejt nam" -"haf nooij" -ddaji')
    assert query.phrases == (("việt", "nam"),)
    assert query.excluded == (("hà", "nội"), ("đại",))


@pytest.mark.parametrize(
    "text", ["Fox News boss", "covid19 F0", "MH370 report", "tax pass", "the cos of MU u23", "A320"]
)
def test_english_and_codes_hold_no_keys(text):
    assert read(text).text == text
    assert read(text).read_as is None


def test_english_is_looked_up_by_stems():
    terms = read("Ministers cooperating with police").terms("en")
    assert {"minist", "cooper", "polic"} <= set(found(terms, "words"))
    assert "ministers" in found(terms, "folded")


def test_only_what_is_written_alike_crosses_the_languages():
    query = read("Minister Luong Tam Quang visits the ministry of Norway in 2025")
    assert query.lang == "en"
    assert found(query.terms("vi"), "folded") == [
        *("minister", "luong", "tam", "quang", "norway", "2025")
    ]
    assert read("the man can do an interview").terms("vi") == ()
    assert read("Hợp tác quốc tế với Na Uy").alike() == ["na", "uy"]


def test_a_headline_in_capitals_names_nothing():
    assert read("POLICE ARREST THREE IN RAID").alike() == []


def test_a_single_name_crosses():
    assert read("Oslo").alike() == ["oslo"]


def test_quoted_phrases_must_occur():
    query = read('"Đại học Cảnh sát" Na Uy “Oslo”')
    assert query.text == "Đại học Cảnh sát Na Uy Oslo"
    assert query.phrases == (("đại", "học", "cảnh", "sát"), ("oslo",))
    vietnamese, _ = query.clauses("vi")
    assert vietnamese[0] == Phrase("exact", ("đại", "học", "cảnh", "sát"))
    english, _ = query.clauses("en")
    assert english[0] == Phrase("folded", ("dai", "hoc", "canh", "sat"))


def test_a_quoted_name_without_marks_matches_every_spelling():
    phrases, _ = read('"Luong Tam Quang"').clauses("vi")
    assert phrases == (Phrase("folded", ("luong", "tam", "quang")),)


def test_exclusions():
    query = read('cảnh sát -Oslo -"Na Uy"')
    assert query.text == "cảnh sát"
    assert query.excluded == (("oslo",), ("na", "uy"))


@pytest.mark.parametrize(
    "text", ["Aas-Hansen", "Việt Nam – Na Uy", "Hà Nội - Huế", "a -- b", "2024-2025"]
)
def test_dashes_between_words_exclude_nothing(text):
    query = read(text)
    assert query.excluded == query.phrases == ()


@pytest.mark.parametrize(
    ("typed", "free"),
    [
        ('giá "cà phê" tăng', "giá cà phê tăng"),
        ("«cà phê» -“hồ tiêu” -gạo", 'cà phê -"hồ tiêu" -gạo'),
        ('cà "phê', 'cà "phê'),
        ("“cà phê", "“cà phê"),
    ],
)
def test_required_phrases_are_taken_apart(typed, free):
    assert unquoted(typed) == free


def test_an_unclosed_quote_is_no_phrase():
    query = read('cảnh sát "Na Uy')
    assert query.phrases == ()
    assert query.text == "cảnh sát Na Uy"


@pytest.mark.parametrize("text", ["", "   ", '""', "\u200b", '"'])
def test_an_empty_query_is_refused(text):
    with pytest.raises(QueryError, match="empty"):
        read(text)


def test_only_exclusions_are_refused():
    with pytest.raises(QueryError, match="leave out"):
        read("-Oslo")


def test_too_long():
    with pytest.raises(QueryTooLongError, match="501"):
        read("x" * 501)


@pytest.mark.parametrize(
    "text", ["!!!", "😀🎉", "-", "- --", "()[]{}*?:\\", "*", "\u0301\u0301", "…"]
)
def test_only_signs_are_refused(text):
    with pytest.raises(QueryError, match="only signs"):
        read(text)


@pytest.mark.parametrize(
    "text", ["asdfg qwerz zxcvb", "ASDFG QWERZ", "x" * 400, "xqzw", "zzzz yyyy"]
)
def test_nonsense_is_not_known(text):
    assert not read(text).known


@pytest.mark.parametrize("text", ["Kvitøya", "SH150i", "24/9", "Oslo", "police", "bộ trưởng"])
def test_words_names_and_numbers_are_known(text):
    assert read(text).known


@pytest.mark.parametrize("text", ["a\x00b", "\ud800x", "AND OR NOT", "%00", "Осло 北京", "m²", "Ⅷ"])
def test_garbage_is_read_without_an_error(text):
    query = read(text)
    for lang in ("vi", "en"):
        query.terms(lang)
        query.clauses(lang)


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"k": 0}, "k"),
        ({"k": 1001}, "k"),
        ({"offset": -1}, "offset"),
        ({"lang": "fr"}, "lang"),
        ({"mode": "magic"}, "mode"),
        ({"sort": "size"}, "sort"),
        ({"filters": Filters(date_from="tomorrow")}, "from"),
        ({"filters": Filters(date_to="2025-02-31")}, "to"),
        ({"filters": Filters(date_from="2025-02-02", date_to="2025-02-01")}, "between"),
    ],
)
def test_values_that_do_not_exist_are_named(parameters, named):
    with pytest.raises(QueryError, match=named):
        read("lũ", **parameters)


def pairs(text, target):
    return [term.token for term in read(text).terms(target) if term.field == "pairs"]


def shared_pairs(text, target):
    return [term.token for group in read(text).shares(target)[3] for term in group.terms]


def test_words_that_stand_together_are_looked_up_together_where_words_decide():
    assert shared_pairs("giá cà phê, hồ tiêu", "vi") == ["gia_ca", "ca_phe", "ho_tieu"]
    assert shared_pairs("giá của cà phê", "vi") == ["ca_phe"]  # a function word tells nothing
    assert shared_pairs("họp ngày 24/9/2025", "vi") == ["hop_ngay"]
    assert pairs("giá cà phê", "vi") == []


def test_names_of_common_syllables_are_found_as_a_whole_in_the_other_language():
    assert pairs("Minister Luong Tam Quang visits Norway", "vi") == ["luong_tam", "tam_quang"]
    assert pairs("Brett Kavanaugh's future", "vi") == []


@pytest.mark.parametrize(
    ("typed", "text", "filters"),
    [
        ('lũ lụt author:"Ann Lee"', "lũ lụt", Filters(authors=("Ann Lee",))),
        ("tác giả:Hòa lũ lụt", "lũ lụt", Filters(authors=("Hòa",))),
        ("mục:\"Thể thao\" bóng đá", "bóng đá", Filters(sections=("Thể thao",))),
        ("flood from:2025-01-02 to:3/2/2025", "flood", Filters("2025-01-02", "2025-02-03")),
        ("nguồn:VnExpress Source:BBC lũ", "lũ", Filters(sources=("VnExpress", "BBC"))),
        ("from:2025 to:9/2025 lũ", "lũ", Filters("2025-01-01", "2025-09-30")),
    ],
)  # fmt: skip
def test_filters_can_be_typed(typed, text, filters):
    read = with_typed_filters(Query(typed))
    assert (read.text, read.filters) == (text, filters)


def test_a_language_can_be_typed():
    assert with_typed_filters(Query("flood lang:en")).lang == "en"
    with pytest.raises(QueryError, match="lang: must be one of"):
        with_typed_filters(Query("flood lang:fr"))


@pytest.mark.parametrize(
    "text",
    [
        *("time: 8:30", "ratio 3:2", "colour:red car", "author: ", "x from:"),
        # headlines
        *(
            "Báo: Giá vàng tăng",
            "To: the people",
            'Tác giả: "Tôi không viết"',
            "From:abc to:the top",
        ),
    ],
)
def test_what_is_no_filter_stays_words(text):
    assert with_typed_filters(Query(text)).text == text


@pytest.mark.parametrize("text", ["author:—", 'lũ lụt tác giả:"…"', "section:."])
def test_a_name_without_a_letter_is_told(text):
    with pytest.raises(QueryError, match="must be a name"):
        read_query(with_typed_filters(Query(f"flood {text}")), max_chars=500)


def test_a_day_that_is_none_is_told():
    with pytest.raises(QueryError, match="from: must be a day"):
        with_typed_filters(Query("flood from:2025-13-01"))


def test_filters_alone_are_a_query():
    typed = with_typed_filters(Query("author:Lee"))
    read = read_query(typed, max_chars=500)
    assert (typed.text, read.text, read.lists) == ("", "", True)
    assert not read_query(Query("lũ", filters=typed.filters), max_chars=500).lists
    for nothing in (Query(" "), Query("lang:vi"), Query('"" author:Lee')):
        with pytest.raises(QueryError, match="empty"):
            read_query(with_typed_filters(nothing), max_chars=500)


@pytest.mark.parametrize(
    ("typed", "vietnamese", "english"),
    [
        ("fed rate hike lai suat usd", "fed lãi suất usd", "fed rate hike usd"),
        ("giá vàng SJC today", "giá vàng SJC", "SJC today"),
        ("ID card căn cước công dân", "ID căn cước công dân", "ID card"),
        ("ngân hàng nhà nước interest rate", "ngân hàng nhà nước", "interest rate"),
        (
            "Boeing 727 bị bỏ rơi Nội Bài auction",
            "Boeing 727 bị bỏ rơi Nội Bài",
            "Boeing 727 Nội Bài auction",
        ),
    ],
)
def test_each_half_of_a_query_in_two_languages_asks_its_own_stories(typed, vietnamese, english):
    query = read(typed)
    for lang, words in (("vi", vietnamese), ("en", english)):
        side = query.side(lang)
        assert side.lang == lang
        assert side.meant.replace(" |", "") == words
        asked = {term.token for group in side.shares(lang)[0] for term in group.terms}
        other = {"vi": english, "en": vietnamese}[lang].lower().split()
        assert asked.isdisjoint({*other} - {*words.lower().split()})


def test_what_is_put_beside_each_other_in_a_side_is_no_pair():
    side = read("fed rate hike lai suat usd").side("en")
    assert "hike_usd" not in {t.token for g in side.shares("en")[3] for t in g.terms}


@pytest.mark.parametrize(
    "text",
    [
        *("Wenger gia hạn hợp đồng với Arsenal", "game online cho trẻ em", "banh mi price"),
        *("Minister meets Luong Tam Quang", "minister meets luong tam quang"),
        *("premier league bong da anh", "man utd gặp real madrid", "apple ra mat iphone"),
        *("Cầu thủ nào đã ghi điểm từ vạch 2 yard?", "Engineering News-Record là gì?"),
        *("Doctor Who là loại Chúa tể gì?", "truong sa islands dispute"),
        *("ho chi minh city mayor", '"ID card" căn cước công dân'),
    ],
)  # fmt: skip
def test_a_query_in_one_language_is_not_torn_apart(text):
    assert read(text).sides == ()
