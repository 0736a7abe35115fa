"""Suggestions, the page of help, examples that find something, and what stands for a title."""

import pytest
from support.archives import write_archive
from support.pages import read_page

from search.archive import open_archive
from search.records import Article
from search.settings import Settings
from webui import create_app
from webui.guide import Examples


def suggestions(client, q, **parameters):
    response = client.get("/api/v1/suggest", query_string={"q": q} | parameters)
    assert response.status_code == 200
    return response.get_json()["suggestions"]


def test_titles_names_sections_and_sources_are_suggested(client):
    [title, *_] = suggestions(client, "gia ca phe")
    assert title["kind"] == "title"
    assert title["text"].startswith("Giá cà phê")
    assert (title["lang"], title["complete"]) == ("vi", True)
    name = suggestions(client, "con dao")[0]
    assert (name["kind"], name["text"], name["stories"]) == ("name", "Con Dao", 2)
    kinds = {one["kind"]: one for one in suggestions(client, "kinh te", ui="vi")}
    assert kinds["section"]["query"] == 'mục:"Kinh tế"'
    assert not kinds["section"]["complete"]
    assert kinds["source"]["query"] == 'nguồn:"Kinh tế Ba Miền"'
    assert suggestions(client, "kinh te")[0]["query"] == 'section:"Kinh tế"'


@pytest.mark.parametrize("typed", ["gia ca phe", "giá cà", "GIA CA"])
def test_as_it_is_typed(client, typed):
    assert suggestions(client, typed)[0]["text"].startswith("Giá cà phê")


def test_keys_of_telex_are_read(client):
    assert "đường sắt tốc độ cao" in suggestions(client, "dduwowngf sawts")[0]["text"]


def test_what_a_suggestion_asks_for_is_answered(client):
    for typed in ("metro", "ha", "kinh", "an", "tran", "cà phê kinh"):
        for one in suggestions(client, typed):
            if one["complete"]:
                page = read_page(client.get("/", query_string={"q": one["query"]}))
                assert page.all("article", "hit"), one


def test_one_language_of_suggestions(client):
    assert {one["lang"] for one in suggestions(client, "ha", lang="en")} == {"en"}


def test_suggestions_can_be_kept_and_asked_for_again(client):
    first = client.get("/api/v1/suggest?q=metro")
    again = client.get("/api/v1/suggest?q=metro", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    other = client.get("/api/v1/suggest?q=ha", headers={"If-None-Match": first.headers["ETag"]})
    assert other.status_code == 200
    assert "Set-Cookie" not in client.get("/api/v1/suggest?q=metro&ui=vi").headers


def test_nothing_typed_is_no_error_and_odd_parameters_are(client):
    for odd in ("", "   ", "\x00", "x" * 100_000, "qwxzv", '"', "-", "*" * 50):
        assert (
            client.get("/api/v1/suggest", query_string={"q": odd}).get_json()["suggestions"] == []
        )
    assert client.get("/api/v1/suggest").status_code == 200
    for bad in ("lang=fr", "k=5", "Q=x"):
        answer = client.get(f"/api/v1/suggest?q=a&{bad}")
        assert answer.status_code == 400
        assert answer.get_json()["error"]["code"] == "bad_parameter"


@pytest.mark.parametrize("ui", ["vi", "en"])
def test_the_examples_of_help_find_something(client, ui):
    page = read_page(client.get(f"/help?ui={ui}"))
    examples = page.all("a", "example")
    assert len(examples) == 7
    for example in examples:
        found = read_page(client.get(example.get("href")))
        assert found.one("input", id="q").get("value") == example.text
        assert found.all("article", "hit"), example.text
    assert page.one("html").get("lang") == ui


def test_help_is_led_to_from_every_page(client):
    for path in ("/", "/?q=metro", "/help", "/nowhere"):
        page = read_page(client.get(path))
        assert page.one("link", rel="help").get("href") == "/help"
        assert page.one("footer", cls="colophon").all("a")[0].get("href") == "/help"


def served_with(tmp_path, *articles):
    place = write_archive(articles, tmp_path / "own.db")
    settings = Settings(archive=str(place))
    return open_archive(settings=settings), settings


def test_only_examples_that_find_something_are_shown(tmp_path):
    archive, settings = served_with(
        tmp_path, Article(id="1", lang="en", text="Rain fell.", title="Rain")
    )
    with archive:
        client = create_app(archive, settings=settings).test_client()
        page = read_page(client.get("/"))
        shown = [item.text for item in page.one("section", cls="ways").all("li")]
        assert shown == ["More ways to ask"]
        assert not read_page(client.get("/help")).all("a", "example")


def test_examples_follow_the_archive(archive):
    examples = Examples()
    stories = archive.stats().articles
    first = examples.of(archive, stories, "vi")
    assert examples.of(archive, stories, "vi") is first
    assert examples.of(archive, {"vi": 1}, "vi") is not first


def test_an_untitled_story_has_the_beginning_of_its_text(tmp_path):
    told = "Giá cà phê ở Tây Nguyên tăng lên mức cao nhất từ đầu năm"
    archive, settings = served_with(tmp_path, Article(id="1", lang="vi", text=f"(TTXVN) – {told}."))
    with archive:
        client = create_app(archive, settings=settings).test_client()
        page = read_page(client.get("/?q=giá+cà+phê"))
        assert page.one("article", cls="hit").one("h3").text == f"{told}."
        hit = client.get("/api/v1/search?q=giá+cà+phê").get_json()["results"]["vi"][0]
        assert hit["title"] == f"{told}."
        assert client.get("/api/v1/copies?id=1").get_json()["copies"][0]["title"] == f"{told}."
        assert read_page(client.get("/article/1")).one("h1").text == f"{told}."


def test_a_story_without_copies_is_no_list(client):
    answer = client.get("/copies?id=demo-003-vi")
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/article/demo-003-vi"


def test_keyboards_can_skip_to_either_language(client):
    page = read_page(client.get("/?q=metro"))
    skips = [(a.text, a.get("href")) for a in page.all("a", "skip")]
    assert skips == [
        ("Skip to the stories", "#content"),
        ("Skip to the stories in Vietnamese", "#in-vi"),
        ("Skip to the stories in English", "#in-en"),
    ]
    for _, href in skips[1:]:
        assert page.one("h2", id=href[1:]).get("tabindex") == "-1"
    assert len(read_page(client.get("/")).all("a", "skip")) == 1
