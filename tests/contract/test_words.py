"""Words as people write them, in every store: marks, tones, names, stems, dates, numbers."""

from __future__ import annotations

import unicodedata
import uuid

import pytest
from support.entries import PROFILE, entry, unit

from search.archive import Archive, open_store
from search.records import Query
from search.settings import Settings

STORIES = {
    "vi-rail": "Tuyến đường sắt mới chạy từ ngày 24/9, giá vé tăng 3,5%.",
    "vi-duong": "Ông Dương Văn Lành trồng cam ở Hưng Yên từ ngày 23/9.",
    "vi-court": "Toà án tỉnh tuyên án vụ lừa đảo 1,2 triệu khách hàng.",
    "vi-visit": "Bộ trưởng Lương Tam Quang thăm Oslo ngày 24 tháng 9 năm 2025.",
    "vi-food": "Có thể làm đồ ăn tại nhà, mẹ tôi bảo thế.",
    "en-rail": "The railway opened on September 24 and fares rose by 3.5 per cent.",
    "en-court": "A court found that 1.2 million customers had been cheated.",
    "en-visit": "Minister Luong Tam Quang visited Oslo on Sept. 24, 2025.",
    "en-later": "On 24 September 2024 the ministers were cooperating with railways.",
    "en-cook": "The chef can do an omelette at the hotel.",
}


@pytest.fixture(scope="module", params=["embedded", "elasticsearch"])
def archive(request, tmp_path_factory):
    """The stories, in each kind of store; the tests only read them."""
    place = str(tmp_path_factory.mktemp("words") / "news.db")
    if request.param == "elasticsearch":
        server = request.getfixturevalue("elasticsearch_url")
        place = f"{server}/songngu-test-{uuid.uuid4().hex}"
    store = open_store(place, Settings())
    store.create(PROFILE)
    entries = [entry(id_, text, unit(1), lang=id_[:2]) for id_, text in STORIES.items()]
    assert not store.upsert(entries).failures
    store.flush()
    yield Archive(store, Settings())
    if request.param == "elasticsearch":
        store.drop()
    store.close()


def found(archive, text, lang):
    """Ids of one language's matches, best first, by words alone."""
    results = archive.search(Query(text, mode="words"))
    return [hit.article.id for hit in results.results[lang] if hit.zone == "match"]


def marked(archive, text, id_):
    """What is marked in one story."""
    results = archive.search(Query(text, mode="words"))
    [hit] = [hit for hit in results.results[id_[:2]] if hit.article.id == id_]
    return [hit.passage.text[start:end] for start, end in hit.passage.marks]


def test_a_typed_mark_counts_and_an_absent_one_finds_every_spelling(archive):
    assert found(archive, "đường", "vi") == ["vi-rail"]
    assert found(archive, "Dương", "vi") == ["vi-duong"]
    assert sorted(found(archive, "duong", "vi")) == ["vi-duong", "vi-rail"]
    assert found(archive, "duong sat", "vi")[0] == "vi-rail"
    assert marked(archive, "duong", "vi-duong") == ["Dương"]
    assert found(archive, "duong sat", "vi") == ["vi-rail"]  # read as đường sắt


@pytest.mark.parametrize("text", ["toà án", "tòa án", "TÒA ÁN", "toa an", "tòa  án", "Toaf asn"])
def test_tone_placement_case_and_input_methods_make_no_difference(archive, text):
    assert found(archive, text, "vi")[0] == "vi-court"


def test_decomposed_letters_are_the_same_letters(archive):
    text = unicodedata.normalize("NFD", "đường sắt mới")
    assert found(archive, text, "vi") == found(archive, "đường sắt mới", "vi")


def test_compounds_lift_what_they_stand_in(archive):
    assert found(archive, "khách hàng", "vi")[0] == "vi-court"


def test_english_stems(archive):
    assert "en-later" in found(archive, "minister cooperates", "en")
    assert "en-visit" in found(archive, "ministers visiting", "en")
    assert marked(archive, "ministers visiting", "en-visit") == ["Minister", "visited"]


@pytest.mark.parametrize(
    "name",
    ["Lương Tam Quang", "Luong Tam Quang", "luong tam quang", "LUONG TAM QUANG", "lương tam quang"],
)
def test_names_are_found_across_spellings(archive, name):
    assert found(archive, name, "vi")[0] == "vi-visit"
    assert found(archive, name, "en") == ["en-visit"]
    assert marked(archive, name, "en-visit") == ["Luong Tam Quang"]


DAYS = [
    *("24/9/2025", "24-9-2025", "24.9.2025", "24 tháng 9 năm 2025", "24 thang 9 nam 2025"),
    *("September 24, 2025", "24 September 2025", "24th of Sept 2025", "2025-09-24"),
]


@pytest.mark.parametrize("text", [*DAYS, "news of September 24, 2025", "tin ngày 24/9/2025"])
def test_a_date_is_found_in_either_language_however_it_is_written(archive, text):
    assert found(archive, text, "vi")[0] == "vi-visit"
    assert found(archive, text, "en")[0] == "en-visit"
    if text in DAYS:  # the day of another year, or of none, comes next
        assert found(archive, text, "vi") == ["vi-visit", "vi-rail"]


@pytest.mark.parametrize("text", ["24/9", "ngày 24 tháng 9", "September 24", "24 Sept"])
def test_a_day_without_its_year(archive, text):
    assert set(found(archive, text, "vi")[:2]) == {"vi-visit", "vi-rail"}
    assert set(found(archive, text, "en")[:3]) == {"en-visit", "en-rail", "en-later"}


def test_dates_are_marked_as_they_are_written(archive):
    assert marked(archive, "September 24", "vi-rail") == ["24/9"]
    assert marked(archive, "September 24, 2025", "vi-visit") == ["24 tháng 9 năm 2025"]
    assert marked(archive, "ngày 24/9", "en-rail") == ["September 24"]
    assert marked(archive, "24 tháng 9", "en-later") == ["24 September 2024"]


@pytest.mark.parametrize(
    ("text", "vi", "en"),
    [
        ("1.2 million", "vi-court", "en-court"),
        ("1,2 triệu", "vi-court", "en-court"),
        ("1.200.000", "vi-court", "en-court"),
        ("1,200,000", "vi-court", "en-court"),
        ("3,5%", "vi-rail", "en-rail"),
        ("3.5 per cent", "vi-rail", "en-rail"),
        ("tăng 3,5 phần trăm", "vi-rail", "en-rail"),
    ],
)
def test_numbers_are_found_in_either_language_however_they_are_written(archive, text, vi, en):
    assert found(archive, text, "vi")[0] == vi
    assert found(archive, text, "en")[0] == en


def test_numbers_are_marked_with_their_units(archive):
    assert marked(archive, "1,200,000 customers", "vi-court") == ["1,2 triệu"]
    assert marked(archive, "tăng 3,5%", "en-rail") == ["3.5 per cent"]


def test_what_merely_looks_alike_does_not_cross(archive):
    assert found(archive, "the chef can do an omelette", "vi") == []
    assert found(archive, "Có thể làm đồ ăn", "en") == []
    assert found(archive, "co the lam do an tai nha", "en") == []


def test_phrases_hold(archive):
    assert found(archive, '"đường sắt mới"', "vi") == ["vi-rail"]
    assert found(archive, '"duong sat moi"', "vi") == ["vi-rail"]
    assert found(archive, '"sắt đường"', "vi") == []
    assert found(archive, '"toà án tỉnh"', "vi") == ["vi-court"]
    assert found(archive, '"Tam Quang" visit', "en") == ["en-visit"]
    assert found(archive, '"dduwowngf sawts"', "vi") == ["vi-rail"]
    assert "vi-rail" not in found(archive, "24/9 -đường", "vi")


def test_words_that_are_spelled_alike_are_told_with_how_many_stories_have_them(archive):
    found = archive.store.alike(["ministre", "oslo", "ralways", "xyzzyx"])
    assert found == {
        "ministre": {"minister": 1, "ministers": 1},
        "oslo": {"oslo": 2},
        "ralways": {"railway": 1, "railways": 1},
        "xyzzyx": {},
    }


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Ministerr Oslo", "Minister Oslo"),
        ("customres cheated", "customers cheated"),
        ("Minister Oslo", None),
        ("omelette", None),
        ("đường sát", None),
        ("duong sac", None),
        ("qwrtzx", None),
    ],
)
def test_a_word_that_nobody_has_is_offered_as_one_that_is_there(archive, typed, meant):
    assert archive.search(Query(typed, mode="words")).suggestion == meant


def test_nothing_is_offered_to_who_wants_exactly_what_was_typed(archive):
    assert archive.search(Query("Ministerr", mode="words", verbatim=True)).suggestion is None
