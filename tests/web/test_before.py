"""“Has anyone written this?”: the page that compares a draft, and its JSON."""

import json
import logging

import pytest
from support.archives import stories, write_archive
from support.pages import read_html
from support.site_server import exchange, served

from search.archive import open_archive
from search.drafts import MAX_DRAFT_CHARS
from search.records import Article
from search.settings import Settings
from webui import create_app

BY_ID = {story["id"]: story for story in stories()}
METRO = BY_ID["demo-002-vi"]
ELSEWHERE = (
    "Câu lạc bộ cờ vua của một phường ở Buenos Aires tổ chức giải thường niên cho người cao tuổi,"
    " năm nay có 64 kỳ thủ và một ván cờ kéo dài bảy tiếng."
)
CHINESE = "越南咖啡价格上涨，农民很高兴。他们说今年收成很好，价格也高。"
SECRET = "bí mật tuyệt đối"


def ask(client, draft, status=200, ui="en", **fields):
    response = client.post(f"/before?ui={ui}", data={"draft": draft, **fields})
    assert response.status_code == status
    return response.get_data(as_text=True)


def test_the_form_is_linked_and_asks_for_a_draft(client):
    for path in ("/?ui=vi", "/?q=metro&ui=vi"):
        assert "Đã ai viết chưa?" in client.get(path).get_data(as_text=True)
    page = client.get("/before?ui=vi").get_data(as_text=True)
    read_html(page)
    assert '<h1 id="asked">Đã ai viết chưa?</h1>' in page
    assert 'method="post"' in page


def test_a_story_of_the_archive_is_the_same_story(client):
    page = ask(client, f"{METRO['title']}\n\n{METRO['lead']}\n{METRO['text']}")
    read_html(page)
    assert "1 story tells this in nearly the same words." in page
    assert "The earliest is of December 23, 2024 in Nhật báo Phương Nam." in page
    first = page[page.index('id="story-1"') :]
    assert first.index(METRO["title"]) < first.index(BY_ID["demo-002-en"]["title"])
    assert 'href="#story-1"' in page
    assert 'href="#part-1"' in page


def test_a_translation_tells_the_same_event(client):
    english = BY_ID["demo-002-en"]
    page = ask(client, f"{english['lead']}\n{english['text']}", lang="vi")
    assert "1 story tells an event of this draft." in page
    assert METRO["title"] in page
    assert english["title"] not in page


def test_nothing_is_claimed_of_what_nobody_wrote(client):
    page = ask(client, ELSEWHERE)
    assert "Nobody has written this here." in page
    assert "kind-event" not in page
    assert "kind-same" not in page


def test_the_background_box_has_dated_cited_lines(client):
    draft = " ".join(BY_ID[name]["lead"] for name in ("demo-001-vi", "demo-002-vi", "demo-003-vi"))
    page = ask(client, draft, ui="vi")
    box = page[page.index('<textarea id="box-vi"') :]
    lines = box[box.index(">") + 1 : box.index("</textarea>")].strip().split("\n")
    assert 1 <= len(lines) <= 5
    known = {story["title"] for story in BY_ID.values()}
    for line in lines:
        date, title, cited = line.split(" – ", 2)
        assert date.count("/") == 2
        assert title.replace("&#39;", "'").replace("&#34;", '"') in known
        assert "/article/demo-" in cited  # the demo's publishers are made up
        assert "ui=" not in cited
    assert page.index('id="box-vi"') < page.index('id="box-en"')


@pytest.mark.parametrize(
    ("draft", "status", "said"),
    [
        ("", 400, "Paste a draft"),
        ("12 34 5.6", 400, "Paste a draft"),
        (CHINESE, 400, "Only drafts in Vietnamese or English"),
        ("tin tức " * 3000, 413, "more than 20,000 characters"),
    ],
)
def test_drafts_that_cannot_be_compared(client, draft, status, said):
    page = ask(client, draft, status)
    read_html(page)
    assert said in page
    assert "<textarea" in page
    # Nobody has to paste a short one again.
    assert draft in page or status == 413


def test_nothing_of_a_draft_is_kept(client, caplog):
    caplog.set_level(logging.DEBUG)
    for path in ("/before", "/api/v1/before"):
        for draft in (f"{METRO['lead']} {SECRET}", CHINESE + SECRET):
            response = client.post(path, data={"draft": draft})
            assert response.headers["Cache-Control"] == "no-store"
            assert response.headers["Referrer-Policy"] == "no-referrer"
            assert "Location" not in response.headers
    assert client.get("/before").headers["Cache-Control"] == "no-store"
    assert SECRET not in caplog.text
    # An address is no place for it.
    page = client.get("/before", query_string={"draft": METRO["lead"]}).get_data(as_text=True)
    assert METRO["lead"] not in page


def test_html_and_hostile_text(client):
    page = ask(client, f"<h1>Metro</h1><p onclick=alert(1)>{METRO['lead']}</p><script>x()</script>")
    assert METRO["title"] in page
    parts = page[page.index('class="parts"') : page.index('id="stories"')]
    assert "onclick" not in parts
    assert "x()" not in parts
    page = ask(client, f"</textarea><script>alert(1)</script> {METRO['lead']} {{{{ 7 * 7 }}}}")
    assert "<script>alert" not in page
    assert "{{ 7 * 7 }}" in page


def test_stories_are_escaped(tmp_path, client):
    hostile = Article(
        id="a?b/../c",
        lang="vi",
        title="Tuyến metro </textarea><script>alert(1)</script>",
        text=METRO["text"],
        source="<b>Báo</b>",
        url="javascript:alert(1)",
        date="2025-01-01",
    )
    path = write_archive([hostile], tmp_path / "hostile.db")
    with open_archive(str(path)) as archive:
        app = create_app(archive, settings=Settings(archive=str(path)))
        page = ask(app.test_client(), METRO["text"])
    read_html(page)
    assert "nearly the same words" in page
    assert "<script>alert" not in page
    assert "javascript:" not in page


def test_json(client):
    response = client.post("/api/v1/before", json={"draft": METRO["text"], "k": 3})
    answer = response.get_json()
    assert answer["lang"] == "vi"
    assert 1 <= len(answer["stories"]) <= 3
    first = answer["stories"][0]
    assert (first["kind"], first["date"], first["parts"][0]) == ("same", "2024-12-23", 1)
    assert [telling["id"] for telling in first["tellings"]] == ["demo-002-vi", "demo-002-en"]
    assert answer["parts"][0]["stories"][0] == 1
    assert sorted(answer["timeline"]) == list(range(1, len(answer["stories"]) + 1))
    assert answer["background"].keys() == {"vi", "en"}


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({}, 400, "draft_empty"),
        ({"draft": ["x"]}, 400, "draft_empty"),
        ({"draft": CHINESE}, 400, "draft_language"),
        ({"draft": "từ " * MAX_DRAFT_CHARS}, 413, "draft_long"),
        ({"draft": "tin", "lang": "fr"}, 400, "bad_parameter"),
        ({"draft": "tin", "k": 0}, 400, "bad_parameter"),
        ({"draft": "tin", "k": "x"}, 400, "bad_parameter"),
    ],
)
def test_json_errors(client, given, status, code):
    response = client.post("/api/v1/before", json=given)
    assert response.status_code == status
    assert response.get_json()["error"]["code"] == code
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("body", [b"{", b"[" * 100_000, b"\xff"])
def test_bodies_that_are_no_json(client, body):
    response = client.post("/api/v1/before", data=body, content_type="application/json")
    assert response.status_code == 400
    assert response.get_json()["error"]["message"].startswith("The body is")


def test_a_lone_surrogate_is_no_error_of_ours(client):
    body = json.dumps({"draft": f"{METRO['text']} \ud800"})
    response = client.post("/api/v1/before", data=body, content_type="application/json")
    assert response.status_code == 200


def test_stories_of_tomorrow_are_not_earlier(tmp_path):
    story = Article(id="a", lang="vi", title="Metro", text=METRO["text"], date="2999-01-01")
    path = write_archive([story], tmp_path / "future.db")
    with open_archive(str(path)) as archive:
        app = create_app(archive, settings=Settings(archive=str(path)))
        page = ask(app.test_client(), METRO["text"])
    assert "Nobody has written this here." in page


def body(target, length):
    return (
        f"POST {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode()


def test_the_server_takes_drafts_and_no_other_bodies(app):
    with served(app) as server:
        answer = exchange(server, body("/before", 150_000) + b"draft=" + b"x" * 149_994)
        assert answer.status == 413
        assert b"more than 20,000 characters" in answer.body
        answer = exchange(server, body("/before", 1_000_000))
        assert answer.status == 413
        assert b"A draft may have up to 20,000 characters" in answer.body
        assert exchange(server, body("/", 5000)).status == 413
        assert exchange(server, body("/api/v1/search", 5000)).status == 413
