"""Counterparts and copies on the pages and in the API, over a small archive of real stories."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from support.archives import build_archive, stories
from support.pages import read_page

from search.archive import open_archive
from search.settings import Settings
from search.stores.links import Links
from search.text.languages import LANGUAGES
from webui import create_app

METRO_VI, METRO_EN = "demo-002-vi", "demo-002-en"
QUERY = "tuyến metro đầu tiên"


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """Some of the demo's stories, one of them in two further newspapers."""
    folder = tmp_path_factory.mktemp("same-story")
    told = [s for s in stories() if s["id"][:8] in ("demo-002", "demo-003", "demo-008")]
    metro = next(story for story in told if story["id"] == METRO_VI)
    reprint = {
        **metro,
        "id": "reprint",
        "title": f"{metro['title']} - Báo Sông Hồng",
        "source": "Sông Hồng",
        "date": "2024-12-24",
        "url": "https://song-hong.example/metro",
    }
    early = {
        **metro,
        "id": "early",
        "source": "Bến Thành",
        "date": "2024-12-22",
        "url": None,
        "text": metro["text"] + "\nTheo hãng tin.",
    }
    source = folder / "stories.jsonl"
    source.write_text("\n".join(map(json.dumps, [*told, reprint, early])), "utf-8")
    with open_archive(
        settings=Settings(archive=str(build_archive(source, folder / "a.db")))
    ) as opened:
        yield opened


@pytest.fixture
def client(archive):
    return create_app(archive, settings=archive.settings).test_client()


def get(client, address, status=200, headers=None, **parameters):
    response = client.get(address, query_string=parameters or None, headers=headers)
    assert response.status_code == status
    return read_page(response)


def api(client, **parameters):
    answer = client.get("/api/v1/search", query_string={"q": QUERY, **parameters})
    assert answer.status_code == 200
    return answer.get_json()


def test_the_first_published_stands_for_its_copies(client):
    answer = api(client)
    hits = {hit["id"]: hit for hit in answer["results"]["vi"]}
    assert hits.keys() & {METRO_VI, "reprint", "early"} == {"early"}
    assert hits["early"]["copies"] == 2
    assert answer["results"]["vi"][0]["id"] == "early"
    assert answer["total"]["vi"] + answer["related"]["vi"] == len(hits)
    assert set(answer["mixed"]) == {h["id"] for found in answer["results"].values() for h in found}


def test_every_copy_by_itself_where_that_is_asked_for(client):
    answer = api(client, copies="1")
    first = [hit["id"] for hit in answer["results"]["vi"]][:3]
    assert sorted(first) == sorted([METRO_VI, "reprint", "early"])
    assert client.get("/api/v1/search?q=x&copies=perhaps").status_code == 400


def test_a_filter_shows_the_copy_that_passes_it(client):
    answer = api(client, source="Sông Hồng")
    assert [hit["id"] for hit in answer["results"]["vi"]] == ["reprint"]


@pytest.mark.parametrize("sort", ["newest", "oldest"])
def test_orders_by_date_show_one_of_the_copies_too(client, sort):
    ids = [hit["id"] for hit in api(client, sort=sort)["results"]["vi"]]
    assert set(ids) & {METRO_VI, "reprint", "early"} == {"early"}


def test_both_languages_name_each_other(client):
    results = api(client)["results"]
    assert results["en"][0]["id"] == METRO_EN
    assert results["en"][0]["counterpart"] == "early"
    assert results["vi"][0]["counterpart"] == METRO_EN


def test_the_copies_in_json(client):
    answer = client.get("/api/v1/copies", query_string={"id": METRO_VI}).get_json()
    assert answer["counterpart"] == METRO_EN
    assert [copy["id"] for copy in answer["copies"]] == ["early", METRO_VI, "reprint"]
    assert answer["copies"][0].keys() == {"id", "lang", "title", "date", "source", "url"}
    alone = client.get("/api/v1/copies", query_string={"id": METRO_EN}).get_json()
    assert [copy["id"] for copy in alone["copies"]] == [METRO_EN]
    missing = client.get("/api/v1/copies", query_string={"id": "nobody"})
    assert missing.status_code == 404
    assert missing.get_json()["error"]["code"] == "not_found"


@pytest.mark.parametrize("ui", ["vi", "en"])
def test_a_hit_leads_to_its_counterpart_and_its_copies(client, archive, ui):
    page = get(client, "/", q=QUERY, ui=ui)
    hit = page.one("section", cls="column-vi").all("article")[0]
    shown = hit.one("p", cls="counterpart")
    link = shown.all("a")[0]
    english = archive.articles([METRO_EN])[METRO_EN]
    assert (link.text, link.get("lang")) == (english.title, "en")
    assert get(client, link.get("href")).one("h1").text == english.title
    says = {"vi": "Tin này bằng tiếng Anh", "en": "The same story in English"}
    assert says[ui] in shown.text
    copies = hit.one("a", cls="copies")
    assert {"vi": "2 bản đăng lại", "en": "2 further copies"}[ui] in copies.text
    listed = get(client, copies.get("href"))
    assert [item.one("b").text for item in listed.one("ol", cls="hits").all("li")] == [
        *("Bến Thành", archive.articles([METRO_VI])[METRO_VI].source, "Sông Hồng")
    ]


def test_an_article_leads_to_its_counterpart_and_its_copies(client, archive):
    page = get(client, f"/article/{METRO_VI}")
    assert page.one("a", cls="copies").text == "2 further copies"
    beside = get(client, page.one("a", cls="beside").get("href"))
    both = beside.all("article")
    assert [article.get("lang") for article in both] == list(LANGUAGES)
    for article, id_ in zip(both, ("early", METRO_EN), strict=True):
        text = archive.articles([METRO_VI if id_ == "early" else id_])
        [kept] = text.values()
        assert kept.lead in article.text


def test_a_story_without_counterpart_shows_none(client):
    for address in ("/beside", "/copies"):
        get(client, address, status=404, id="nobody")
        get(client, address, status=404)


def test_a_deleted_counterpart_is_not_shown(client, archive):
    """Last in this file: it changes the archive."""
    [english] = [e for e in archive.store.entries() if e.article.id == METRO_EN]
    archive.store.delete([METRO_EN])
    archive.store.flush()
    assert {hit["counterpart"] for hit in api(client)["results"]["vi"]} & {METRO_EN} == set()
    page = get(client, "/article/early")
    assert not page.all("p", cls="counterpart")
    get(client, "/beside", status=404, id="early")
    # Nor where only the article is gone and its record is not, as after a cut-off deletion.
    records = Links(archive.store).records(["early"])
    Links(archive.store).put([replace(records["early"], counterpart=METRO_EN)])
    assert {hit["counterpart"] for hit in api(client)["results"]["vi"]} & {METRO_EN} == set()
    assert not get(client, "/article/early").all("p", cls="counterpart")
    get(client, "/beside", status=404, id="early")
    assert client.get("/api/v1/copies?id=early").get_json()["counterpart"] is None
    archive.store.upsert([english])
