"""Two real pages on one visit, found first by five queries, on both stores, by every way in."""

from __future__ import annotations

import html
import re
import uuid

import pytest
from support.commands import songngu_json

from search.archive import open_archive
from search.records import Query
from webui import create_app

QUERIES = [
    "Minister Luong Tam Quang visits Norway",
    "bo truong luong tam quang tham na uy",
    "hợp tác phòng chống tội phạm với Na Uy",
    "police cooperation Oslo",
    "Đại học Cảnh sát Na Uy",
]
TITLES = {
    "vi": "Việt Nam – Na Uy thúc đẩy hợp tác phòng, chống tội phạm",
    "en": "Minister Luong Tam Quang visits Norway",
}


@pytest.fixture(scope="module", params=["embedded", "elasticsearch"])
def location(request, shared, tmp_path_factory):
    folder = tmp_path_factory.mktemp("seeds")
    if request.param == "embedded":
        place = str(folder / "seeds.db")
    else:
        place = f"{request.getfixturevalue('elasticsearch_url')}/songngu-{uuid.uuid4().hex}"
    report = songngu_json("index", shared / "seeds", "--archive", place, cwd=folder)
    assert (report["added"], report["failed"], report["skipped"]) == (2, 0, 0)
    yield place
    if request.param == "elasticsearch":
        with open_archive(place) as opened:
            opened.store.drop()


@pytest.fixture(scope="module")
def archive(location):
    with open_archive(location) as opened:
        yield opened


@pytest.fixture(scope="module")
def client(archive):
    return create_app(archive).test_client()


def test_a_second_run_changes_nothing(location, shared, tmp_path):
    report = songngu_json("index", shared / "seeds", "--archive", location, cwd=tmp_path)
    assert (report["added"], report["unchanged"], report["passages"]) == (0, 2, 0)


@pytest.mark.parametrize("query", QUERIES)
def test_by_command(location, query):
    results = songngu_json("search", query, "--archive", location)["results"]
    assert {lang: hits[0]["title"] for lang, hits in results.items()} == TITLES


def test_the_archives_own_text_makes_a_local_name_come_right(archive):
    read = archive.search(Query("bo truong luong tam quang tham na uy"))
    assert read.read_as == "bộ trưởng lương tam quang thăm na uy"


@pytest.mark.parametrize("query", QUERIES)
def test_by_api(client, query):
    answer = client.get("/api/v1/search", query_string={"q": query})
    assert answer.status_code == 200
    results = answer.get_json()["results"]
    assert {lang: hits[0]["title"] for lang, hits in results.items()} == TITLES


@pytest.mark.parametrize("query", QUERIES)
def test_by_page(client, query):
    page = client.get("/", query_string={"q": query}).get_data(as_text=True)
    text = html.unescape(re.sub(r"<[^>]+>", "", page))
    for title in TITLES.values():
        assert title in re.sub(r"\s+", " ", text)


def test_each_is_the_counterpart_of_the_other(client, archive):
    results = client.get("/api/v1/search", query_string={"q": QUERIES[0]}).get_json()["results"]
    ids = {lang: hits[0]["id"] for lang, hits in results.items()}
    assert (results["vi"][0]["counterpart"], results["en"][0]["counterpart"]) == (
        ids["en"],
        ids["vi"],
    )


def test_the_vietnamese_article(archive):
    [article] = [e.article for e in archive.store.entries() if e.article.lang == "vi"]
    assert article.title == TITLES["vi"]
    assert article.date == "2025-09-24"
    assert article.authors == ("Công Tuấn",)
    assert article.captions[0] == "Bộ trưởng Lương Tam Quang hội đàm với Bộ Tư pháp."
    assert article.lead.startswith("Ngày 24/9/2025, tại Thủ đô Oslo")
    assert article.text.startswith("Tại cuộc hội đàm, hai Bên nhất trí")
    assert article.text.endswith("các Trường thuộc Bộ Công an Việt Nam.")
    for furniture in (
        *("00:00", "Nữ Miền Bắc", ".JPG", ".jpeg", "Chia sẻ", "Facebook", "Tin đọc nhiều"),
        *("Tin tức mới cập nhật", "Gemholic", "Thư khen", "Chỉ đạo điều hành", "BỘ VỚI CÔNG DÂN"),
    ):
        assert furniture not in article.body
    for caption in article.captions:
        assert caption not in article.text


def test_the_english_article(archive):
    [article] = [e.article for e in archive.store.entries() if e.article.lang == "en"]
    assert article.title == TITLES["en"]
    assert article.date == "2025-09-25"
    assert article.lead.startswith("Minister of Public Security General Luong Tam Quang")
    assert article.text.startswith("At the talks, both sides noted")
    assert article.text.endswith("the Vietnam’s MPS.")


@pytest.mark.parametrize("query", ["asdf qwer zxcv", "\u200b😀", "-", "북한", "x" * 400])
def test_odd_queries_find_nothing_or_something_but_never_fail(client, query):
    answer = client.get("/api/v1/search", query_string={"q": query})
    assert answer.status_code in (200, 400)
