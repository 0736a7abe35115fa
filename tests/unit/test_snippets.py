"""What is shown of a hit, and which words are marked."""

import pytest

from search.ranking.query import read_query
from search.ranking.snippets import SNIPPET_CHARS, Marker, best_snippet, cut
from search.records import Article, Passage, Query, Snippet


def marked(query, text, target=None):
    read = read_query(Query(query), max_chars=500)
    marker = Marker.of(read, target or read.lang)
    return [text[start:end] for start, end in marker.spans(text)]


def test_typed_marks_count():
    assert marked("đường sắt", "Ông Dương đi đường sắt") == ["đường sắt"]


def test_unmarked_words_find_every_spelling():
    assert marked("duong sat", "Ông Dương đi đường sắt") == ["Dương", "đường sắt"]


def test_of_a_reading_that_is_announced_no_other_word_is_marked():
    text = "Giá cà phê tăng, vườn cà phê già, cả hàng giả. Giả cũng bán với giá cao."
    assert marked("gia ca phe", text) == ["Giá cà phê", "cà phê"]
    assert marked("gia ca phe", "Người già, cả trẻ em") == []


def test_common_syllables_far_from_the_others_are_not_marked():
    text = "Lũ lụt ở miền Trung. Người dân cả nước tập trung quyên góp, kể cả học sinh."
    assert marked("lũ lụt miền trung", text) == ["Lũ lụt", "miền Trung"]
    assert marked("đội tuyển việt nam", "Một nam sinh lớp mười hai") == []
    assert marked("đường", "một con đường") == ["đường"]


def test_what_an_abbreviation_stands_for_is_marked():
    text = "UBND thành phố Hồ Chí Minh họp ở Hà Nội"
    assert marked("ubnd tphcm", text) == ["UBND thành phố Hồ Chí Minh"]
    assert marked("tphcm", "Đường Hồ Chí Minh") == ["Chí Minh"]


def test_tone_placement_is_no_difference():
    assert marked("toà án", "Tòa án nhân dân") == ["Tòa án"]


def test_stems_are_marked_in_english():
    text = "The minister cooperated; ministers cooperate."
    assert marked("ministers cooperating", text) == ["minister cooperated", "ministers cooperate"]


def test_stop_words_are_not_marked_unless_there_is_nothing_else():
    assert marked("the police of Oslo", "The police of the Oslo") == ["police", "Oslo"]
    assert marked("và của", "và của") == ["và của"]


def test_names_are_marked_across_languages():
    text = "Bộ trưởng Lương Tam Quang ở Oslo"
    assert marked("Minister Luong Tam Quang in Oslo", text, "vi") == ["Lương Tam Quang", "Oslo"]


def test_a_syllable_of_a_name_alone_is_no_match():
    text = "Họ chỉ đến Hồ Chí Minh"
    assert marked("mayor of Ho Chi Minh City", text, "vi") == ["Hồ Chí Minh"]


def test_nothing_is_marked_in_an_empty_text():
    assert marked("mayor of Ho Chi Minh City", "", "vi") == []
    assert marked("mayor of Ho Chi Minh City", "!", "vi") == []


def test_excluded_words_are_not_marked_across_languages():
    assert marked("Police Oslo -Bergen", "Oslo Bergen", "vi") == ["Oslo"]


def test_of_a_query_in_two_languages_each_marks_its_own_words():
    query = "fed rate hike lai suat usd"
    assert marked(query, "Fed tăng lãi suất, USD lên giá", "vi") == ["Fed", "lãi suất", "USD"]
    assert marked(query, "The Fed rates rose again", "en") == ["Fed rates"]


def test_dates_are_marked_as_a_whole_and_in_no_parts():
    text = "Từ 9 giờ ngày 24/9, 24 đoàn của năm 2025"
    assert marked("24 tháng 9 năm 2025", text) == ["24/9"]
    assert marked("September 24", text, "vi") == ["24/9"]
    assert marked("September 24", "In September, on Sept 24, 24 teams") == ["Sept 24"]


def test_numbers_are_marked_with_their_units():
    assert marked("1,2 triệu", "1.200.000 người") == ["1.200.000"]
    assert marked("1.2 million", "khoảng 1,2 triệu người", "vi") == ["1,2 triệu"]


def test_a_date_counts_once():
    marker = Marker.of(read_query(Query("lũ ngày 24/9/2025"), max_chars=500), "vi")
    assert marker.coverage(["lũ ngày 24 tháng 9"]) == 1.0
    assert marker.coverage(["ngày 24/9 và 24/9/2025"]) == pytest.approx(2 / 3)
    assert marker.coverage(["lũ ngày 23/9/2025"]) == pytest.approx(2 / 3)


def test_coverage():
    read = read_query(Query("hợp tác quốc tế"), max_chars=500)
    marker = Marker.of(read, "vi")
    assert marker.coverage(["hợp tác", "quốc tế"]) == 1.0
    assert marker.coverage(["hợp tác"]) == 0.5
    assert marker.coverage(["gì đó"]) == 0.0


def test_a_short_text_is_shown_whole():
    snippet = cut("Một câu ngắn.", [(0, 3)])
    assert snippet.text == "Một câu ngắn."
    assert snippet.marks == ((0, 3),)


def test_a_long_text_is_cut_around_its_marks():
    text = "Đầu. " * 200 + "Oslo là thủ đô. " + "Cuối. " * 200
    place = text.index("Oslo")
    snippet = cut(text, [(place, place + 4)])
    assert len(snippet.text) <= SNIPPET_CHARS + 2
    assert snippet.text.startswith("…")
    assert snippet.text.endswith("…")
    [(start, end)] = snippet.marks
    assert snippet.text[start:end] == "Oslo"


def test_a_text_without_spaces_is_cut_too():
    snippet = cut("x" * 5000, [(4000, 4004)])
    assert 0 < len(snippet.text) <= SNIPPET_CHARS + 2
    assert all(0 <= a < b <= len(snippet.text) for a, b in snippet.marks)


def test_the_nearest_passage_is_shown():
    article = Article(id="a", lang="vi", text="Đoạn một. Đoạn hai.", lead="Mở.")
    read = read_query(Query("đoạn"), max_chars=500)
    start = article.body.index("Đoạn hai")
    passage = Passage(1, start, len(article.body))
    assert best_snippet(article, passage, Marker.of(read, "vi")).text == "Đoạn hai."
    assert best_snippet(article, None, Marker.of(read, "vi")).text == article.body


def test_where_no_mark_is_another_passage_stays():
    article = Article(id="a", lang="vi", text="Đoạn một.")
    shown = Snippet("Đoạn hai.")
    for typed, text in (("bão", "Đoạn hai."), ("một", "Đoạn một.")):
        marker = Marker.of(read_query(Query(typed), max_chars=500), "vi")
        assert best_snippet(article, None, marker, otherwise=shown).text == text
