"""Files to take away: whole, in the order of the pages, with harmless names, or visibly broken."""

import csv
import io
import json
import logging
import re
from functools import partial

import pytest
from support.archives import stories, write_archive
from support.pages import read_page
from support.site_server import connect, exchange, get, read_to_end, served

from search.archive import Archive, open_archive
from search.errors import StoreUnavailableError
from search.exports import EXPORTS
from search.records import Article
from search.settings import Settings
from webui import create_app, server
from webui.parameters import MAX_CLIPPINGS_BYTES

SEARCHES = [
    {"q": "gia ca phe"},
    {"q": "bầu cử"},
    {"q": '"Ho Chi Minh City"'},
    {"q": "metro", "sort": "newest"},
    {"q": "metro", "sort": "oldest", "lang": "vi"},
    {"q": "Ha Noi", "mode": "words", "copies": "1"},
    {"q": "đường sắt tốc độ cao", "from": "2025-01-01", "to": "2025-12-31"},
    {"q": "railway lang:en"},
    {"q": "qwxzvjk"},
]


def rows(response):
    assert response.status_code == 200
    text = response.get_data().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def lines(response):
    assert response.status_code == 200
    return [json.loads(line) for line in response.text.splitlines()]


# A whole search


@pytest.mark.parametrize("asked", SEARCHES, ids=lambda asked: asked["q"])
def test_rows_are_the_total_in_the_order_of_the_page(client, asked):
    answer = client.get("/api/v1/search", query_string={**asked, "k": "1000"}).json
    total, related = (sum(answer[name].values()) for name in ("total", "related"))
    found = rows(client.get("/search.csv", query_string=asked))
    ids = [row["id"] for row in found]
    assert len(ids) == total
    assert ids == answer["mixed"][:total]
    # What turns the pages does not matter.
    page = {**asked, "k": "3", "page": "2", "ui": "vi", "utm_source": "x"}
    assert rows(client.get("/search.csv", query_string=page)) == found
    more = rows(client.get("/search.csv", query_string={**asked, "related": "1"}))
    assert len(more) == total + related
    assert more[:total] == found
    program = client.get("/api/v1/export", query_string={**asked, "format": "csv"})
    assert rows(program) == found
    usual = lines(client.get("/api/v1/export", query_string=asked))
    assert [story["id"] for story in usual] == ids


def test_filters_alone_are_exported(client):
    asked = {"from": "2025-01-01", "lang": "vi"}
    total = client.get("/api/v1/search", query_string=asked).json["total"]["vi"]
    found = lines(client.get("/api/v1/export", query_string=asked))
    assert len(found) == total > 0
    file = client.get("/search.csv", query_string=asked)
    assert [row["id"] for row in rows(file)] == [story["id"] for story in found]
    assert 'filename="songngu.csv"' in file.headers["Content-Disposition"]


@pytest.mark.parametrize("suffix", EXPORTS)
def test_every_format_is_offered_and_says_what_it_is(client, suffix):
    page = read_page(client.get("/", query_string={"q": "gia ca phe", "sort": "newest", "k": "20"}))
    menu = page.one("details", cls="download")
    assert menu.one("summary").text == "Download"
    [link] = [a.get("href") for a in menu.all("a") if f".{suffix}?" in a.get("href")]
    assert "sort=newest" in link
    assert "k=20" not in link
    response = client.get(link)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == EXPORTS[suffix].media_type
    name = f"songngu-gia-ca-phe.{suffix}"
    assert response.headers["Content-Disposition"].startswith(f'attachment; filename="{name}";')
    assert "cà phê" in response.text
    assert client.head(link).status_code == 200
    vi = read_page(client.get("/?q=metro&ui=vi")).one("details", cls="download")
    assert vi.one("summary").text == "Tải về"


def test_nothing_is_offered_where_nothing_matches(client):
    assert not read_page(client.get("/?q=qwxzvjk")).all("details", "download")


@pytest.mark.parametrize("suffix", EXPORTS)
@pytest.mark.parametrize(
    "typed",
    [
        'a"; filename="evil.exe',
        "metro\r\nSet-Cookie: a=b",
        "metro\nX: y",
        "../../etc/passwd metro",
        "metro\u202etxt.exe",
        "metro \x00\x1b",
        "%0d%0aX: y metro",
        "tàu \ud800 điện",
    ],
)
def test_headers_cannot_be_injected(client, suffix, typed):
    asked = {"q": typed.encode("utf-8", "surrogatepass")}
    response = client.get(f"/search.{suffix}", query_string=asked)
    assert response.status_code == 200
    assert "X" not in response.headers
    assert "Set-Cookie" not in response.headers
    header = response.headers["Content-Disposition"]
    names = r"filename=\"songngu[a-z0-9.-]*\"; filename\*=UTF-8''songngu[A-Za-z0-9.%_-]*"
    assert re.fullmatch(f"attachment; {names}", header), header
    assert header.endswith(f".{suffix}")


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("", 400),
        ("q=", 400),
        ("q=-metro", 400),
        ("q=metro&from=2025-99-99", 400),
        ("q=metro&related=perhaps", 400),
        (f"q={'x' * 600}", 413),
    ],
)
def test_what_cannot_be_searched_for_is_told(client, asked, code):
    page = client.get(f"/search.csv?{asked}")
    assert page.status_code == code
    assert read_page(page).one("section", cls="problem")
    assert "Content-Disposition" not in page.headers
    program = client.get(f"/api/v1/export?{asked}")
    assert program.status_code == code
    assert program.json["error"]["message"]


@pytest.mark.parametrize("name", ["k", "offset", "page", "explain", "suffix"])
def test_the_api_refuses_what_an_export_has_not(client, name):
    response = client.get("/api/v1/export", query_string={"q": "metro", name: "1"})
    assert response.status_code == 400
    assert f"no parameter “{name}”" in response.json["error"]["message"]
    response = client.get("/api/v1/export?q=metro&format=xml")
    assert "csv, jsonl, ris, bib, md" in response.json["error"]["message"]


def test_other_names_are_no_formats(client):
    for path in ("/search.exe?q=metro", "/search.?q=metro", "/citation.csv?id=demo-001-vi"):
        assert client.get(path).status_code == 404


# What goes wrong midway


class FailingArchive(Archive):
    """A real archive whose store goes away after so many stories."""

    after = 1

    def listed(self, *given, **wanted):
        for number, listed in enumerate(super().listed(*given, **wanted)):
            if number == self.after:
                raise StoreUnavailableError("It went away.")
            yield listed


@pytest.fixture
def failing(archive, settings):
    return FailingArchive(archive.store, settings, encoder=archive.encoder)


def test_what_fails_at_once_is_answered_as_an_error(failing, settings):
    failing.after = 0
    client = create_app(failing, settings=settings).test_client()
    assert client.get("/search.csv?q=metro").status_code == 503
    assert client.get("/api/v1/export?q=metro").json["error"]["code"] == "store_unavailable"


@pytest.mark.parametrize("suffix", EXPORTS)
def test_a_file_that_breaks_off_shows_it(failing, settings, suffix, caplog):
    with served(create_app(failing, settings=settings)) as running:
        answer = get(running, f"/search.{suffix}?q=metro")
        assert answer.status == 200
        assert answer.headers["transfer-encoding"] == "chunked"
        assert not answer.raw.endswith(b"0\r\n\r\n")  # the end is missing
        assert b"This file is not whole" in answer.raw[-300:]
        # Over HTTP/1.0 nothing but the end of the connection ends an answer: it is reset.
        with connect(running) as connection:
            connection.sendall(f"GET /search.{suffix}?q=metro HTTP/1.0\r\n\r\n".encode())
            with pytest.raises(ConnectionResetError):
                all(iter(partial(connection.recv, 65536), b""))
    assert "Exception while serving" in caplog.text
    caplog.clear()


def test_a_whole_file_has_its_end(archive, settings):
    with served(create_app(archive, settings=settings)) as running:
        assert get(running, "/search.csv?q=metro").raw.endswith(b"0\r\n\r\n")
        answer = exchange(running, b"GET /search.csv?q=metro HTTP/1.0\r\n\r\n")
        assert answer.status == 200
        assert answer.body.startswith("\ufefftitle,".encode())


def test_whoever_does_not_take_a_file_is_let_go(archive, settings, monkeypatch, caplog):
    """A file that nobody takes in holds up no thread for longer than any other wait."""
    monkeypatch.setattr(server, "PATIENCE_S", 1)
    caplog.set_level(logging.INFO)
    app = create_app(archive, settings=settings)
    ended = []

    @app.get("/endless")
    def endless():
        def pieces():
            try:
                while True:
                    yield b"x" * 1_000_000
            finally:
                ended.append(True)

        return app.response_class(pieces())

    with served(app, threads=1) as running, connect(running) as connection:
        connection.sendall(b"GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert get(running, "/search.csv?q=metro").status == 200  # files have threads of their own
        assert get(running, "/?q=metro").status == 200  # this had to wait for the one thread
        assert ended == [True]
        read_to_end(connection)


# Citations


def test_a_story_can_be_cited(client):
    story = next(s for s in stories() if s["lang"] == "vi")
    page = read_page(client.get(f"/article/{story['id']}?ui=vi"))
    section = page.one("details", cls="citation")
    assert section.one("summary").text == "Trích dẫn bài này"
    fields = section.all("textarea")
    # Whatever the style, the title keeps its language.
    assert [field.get("lang") for field in fields] == ["vi"] * 4
    assert all("readonly" in field.attributes for field in fields)
    labels = [label.get("for") for label in section.all("label")]
    assert labels == [field.get("id") for field in fields]
    assert story["title"] in fields[0].text
    assert story["url"] in fields[0].text
    assert fields[2].raw_text.startswith("TY  - NEWS\n")
    assert fields[3].raw_text.startswith("@article{")
    assert all("hidden" in button.attributes for button in section.all("button"))
    links = [a.get("href") for a in section.all("a")]
    assert [re.sub(r"\?.*", "", link) for link in links] == ["/citation.ris", "/citation.bib"]
    for link, field in zip(links, fields[2:], strict=True):
        response = client.get(link)
        assert response.text.replace("\r\n", "\n").strip() == field.raw_text
        assert response.headers["Content-Disposition"].startswith('attachment; filename="songngu-')
    english = read_page(client.get(f"/article/{story['id']}?ui=en"))
    assert english.one("details", cls="citation").all("label")[0].text == "English style"


def test_no_citation_of_what_is_not_there(client):
    assert client.get("/citation.ris?id=nowhere").status_code == 404
    assert client.get("/citation.bib").status_code == 404


# Clippings


def test_the_page_of_clippings(client):
    page = read_page(client.get("/clippings?ui=vi"))
    assert page.one("h1").text == "Bài đã lưu"
    assert "JavaScript" in page.one("p", id="needs-script").text
    assert "hidden" in page.one("section", id="clippings").attributes
    link = read_page(client.get("/?ui=vi")).one("a", cls="to-clippings")
    assert client.get(link.get("href")).status_code == 200


def test_buttons_appear_with_a_script_only(client):
    page = read_page(client.get("/?q=metro"))
    hits = page.all("article", cls="hit")
    buttons = page.all("button", cls="clip")
    assert len(buttons) == len(hits) > 0
    for button in [*buttons, *read_page(client.get("/article/demo-001-vi")).all("button", "clip")]:
        assert "hidden" in button.attributes
        assert button.get("data-id").startswith("demo-")
        assert button.get("data-title") in button.text
        assert "<" not in button.get("data-title")


def test_clippings_are_sent_in_their_order_with_notes(client):
    ids = ["demo-003-en", "no-such-story", "demo-001-vi", "demo-003-en"]
    form = {"id": ids, "tag": ["giá", "", "=1+1", "x"], "note": ["gọi lại", "", "hai\ndòng", "y"]}
    response = client.post("/clippings.csv", data=form)
    found = rows(response)
    assert [row["id"] for row in found] == ["demo-003-en", "demo-001-vi"]
    assert [row["clipping_tag"] for row in found] == ["x", "'=1+1"]
    assert found[1]["clipping_note"] == "hai\ndòng"
    assert response.headers["Content-Disposition"].startswith("attachment;")
    for suffix in EXPORTS:
        assert client.post(f"/clippings.{suffix}", data={"id": ids}).status_code == 200
    assert client.post("/clippings/gone", data=form).json == {"gone": ["no-such-story"]}


@pytest.mark.parametrize("path", ["/clippings.csv", "/clippings/gone"])
def test_requests_for_clippings_that_cannot_be_answered(client, path):
    assert client.post(path).status_code == 400
    assert client.post(path, data={"id": ""}).status_code == 400
    assert client.post(path, data=b"\xff" * 50).status_code == 400
    huge = {"id": "x" * MAX_CLIPPINGS_BYTES}
    assert client.post(path, data=huge).status_code == 413
    assert client.get(path).status_code == 405
    assert client.post("/clippings.exe", data={"id": "a"}).status_code == 404
    assert client.post("/clippings.csv", data={"id": "no-such-story"}).status_code == 404


def test_only_clippings_may_have_a_long_body(archive, settings):
    body = "&".join(["id=no-such-story"] * 20_000).encode()
    head = "POST {} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {}\r\n"
    head += "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    with served(create_app(archive, settings=settings)) as running:
        for path, length, status in (
            ("/clippings/gone", len(body), 200),
            ("/", len(body), 413),
            ("/clippings", len(body), 413),
            ("/clippings/gone", MAX_CLIPPINGS_BYTES * 2, 413),
        ):
            answer = exchange(running, head.format(path, length).encode() + body)
            assert answer.status == status, path


# Stories that mean no good


HOSTILE = Article(
    id="a/../b?x=1&y\"'<script>\r\nX: y",
    lang="en",
    title="Harbour \"} \r\n=cmd|' /C calc'!A0 <script>alert(1)</script>",
    text="The harbour closes.\nER  - \n@article{x, harbour}",
    source="@SUM(A1)</textarea><script>alert(1)</script>",
    authors=("=1+1", "A } and {B"),
    url="javascript:alert(1)",
    tags=("<i>",),
)


def test_hostile_stories_are_text_in_every_file(tmp_path):
    settings = Settings(archive=str(write_archive([HOSTILE], tmp_path / "hostile.db")))
    with open_archive(settings=settings) as archive:
        client = create_app(archive, settings=settings).test_client()
        [row] = rows(client.get("/search.csv?q=harbour"))
        assert row["id"] == HOSTILE.id.replace("\r\n", "\n")
        assert row["source"].startswith("'@")
        assert row["authors"].startswith("'=")
        for suffix in EXPORTS:
            text = client.get(f"/search.{suffix}?q=harbour").text
            assert "X: y" not in text.splitlines() or suffix == "csv"
        page = read_page(client.get("/article", query_string={"id": HOSTILE.id}))
        plain, *_ = page.one("details", cls="citation").all("textarea")
        assert "</textarea><script>" in plain.text
        assert "http://localhost/article?id=a/../b" in plain.text
        assert "javascript:" not in plain.text
        link = page.one("details", cls="citation").all("a")[0].get("href")
        response = client.get(link)
        assert response.status_code == 200
        assert "X" not in response.headers
