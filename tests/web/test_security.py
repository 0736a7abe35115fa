"""Hostile articles and queries; headers; nothing inline, nothing from elsewhere."""

from dataclasses import replace

import pytest
from support.archives import write_archive
from support.pages import read_page

from search.archive import open_archive
from search.records import Article
from search.settings import Settings
from webui import create_app
from webui.headers import CONTENT_SECURITY_POLICY

SCRIPT = "<script>alert(1)</script>"
HOSTILE = [
    {
        "id": "hostile-1",
        "lang": "en",
        "title": f"Harbour {SCRIPT} \"'><img src=x onerror=alert(1)> opens",
        "lead": f"</p>{SCRIPT} lead about the harbour",
        "text": f"The harbour {SCRIPT} &amp; <b onclick=alert(1)>was</b> opened. </article></main>",
        "date": "2025-03-01",
        "url": "javascript:alert(document.domain)",
        "source": f"Harbour {SCRIPT} \"Post'",
        "section": '"><svg onload=alert(1)>',
        "authors": [SCRIPT],
        "tags": ["<i>harbour</i>"],
        "captions": [f"Picture {SCRIPT}"],
    },
    {
        "id": "../..//evil?x=1#y\"'<",
        "lang": "en",
        "title": "The harbour closes {{ 7 * 7 }} {% raise %}",
        "text": "The harbour closes for the winter, %(name)s says. ${7*7}",
        "url": "data:text/html,<script>alert(1)</script>",
    },
    {
        "id": "hostile-3",
        "lang": "vi",
        "title": "Bến cảng " + "dài" * 300,
        "text": "Bến cảng harbour " + "x" * 3000,
        "url": 'https://example.com/?a=1&b="><script>alert(1)</script>',
    },
]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A client of a site whose archive holds hostile articles, and that archive."""
    folder = tmp_path_factory.mktemp("hostile")
    articles = [Article.from_json(values) for values in HOSTILE]
    path = write_archive(articles, folder / "hostile.db")
    settings = Settings(archive=str(path), site_name=f"News {SCRIPT}")
    with open_archive(settings=settings) as archive:
        yield create_app(archive, settings=settings).test_client(), archive


def only_safe(page):
    for link in page.all("a"):
        href = link.get("href")
        assert href.startswith(("/", "?", "#", "http://", "https://")), href
        assert not href.startswith("//")
    assert {svg.get("aria-labelledby") for svg in page.all("svg")} <= {"timeline"}
    assert [image.get("src").split("?")[0] for image in page.all("img")] == ["/static/mark.svg"]
    assert not page.all("i")


def test_hostile_articles_are_shown_as_text(hostile):
    client, archive = hostile
    assert archive.stats().articles == {"vi": 1, "en": 2}
    page = read_page(client.get("/?q=harbour"))
    only_safe(page)
    assert "<script>" in page.one("head").one("title").text
    title = page.one("section", cls="column-en").all("h3")
    assert any(SCRIPT in h3.text for h3 in title)
    assert any("{{ 7 * 7 }}" in h3.text for h3 in title)
    assert "49" not in page.one("section", cls="column-en").text


def test_every_hostile_article_can_be_read_here(hostile):
    client, _ = hostile
    pages = [read_page(client.get("/", query_string={"q": q})) for q in ("harbour", "bến cảng")]
    links = [
        link.get("href")
        for page in pages
        for article in page.all("article")
        for link in article.all("a")
        if link.get("href").startswith("/article")
    ]
    assert len(set(links)) == len(HOSTILE)
    for href in links:
        response = client.get(href)
        assert response.status_code == 200
        only_safe(read_page(response))


def test_publishers_are_linked_where_they_can_be(hostile):
    client, _ = hostile
    page = read_page(client.get("/", query_string={"q": "bến cảng", "lang": "vi"}))
    element = page.one("article")
    here = element.one("h3").one("a").get("href")
    assert here.startswith("/article/hostile-3?")
    [link] = element.one("ul", cls="notes").all("a")
    assert link.get("href") == HOSTILE[2]["url"]
    assert link.text == "Read it where it was published"
    story = read_page(client.get("/article/hostile-3"))
    assert story.one("a", href=HOSTILE[2]["url"]).text == "Read it where it was published"


def test_a_setting_lets_titles_open_the_publishers_page(hostile):
    _, archive = hostile
    settings = replace(archive.settings, title_opens="publisher")
    client = create_app(archive, settings=settings).test_client()
    page = read_page(client.get("/", query_string={"q": "bến cảng", "lang": "vi"}))
    element = page.one("article")
    assert element.one("h3").one("a").get("href") == HOSTILE[2]["url"]
    [link] = element.one("ul", cls="notes").all("a")
    assert link.get("href").startswith("/article/hostile-3?")
    assert link.text == "Read here"


def test_hostile_queries_are_shown_as_text(client):
    for typed in (SCRIPT, "\"'><img src=x onerror=alert(1)>", "{{ 7*7 }} harbour", "</title>"):
        for name in ("q", "source", "from", "lang", "ui"):
            response = client.get("/", query_string={"q": "metro", name: typed})
            assert response.status_code < 500
            only_safe(read_page(response))


@pytest.mark.parametrize(
    "path", ["/", "/?q=metro", "/?q=metro&page=0", "/nowhere", "/api/v1/search?q=a", "/healthz"]
)
def test_headers_of_every_answer(client, path):
    headers = client.get(path).headers
    assert headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "geolocation=()" in headers["Permissions-Policy"]
    assert headers["X-Frame-Options"] == "DENY"


def test_the_policy_allows_nothing_inline_and_nothing_from_elsewhere():
    policy = dict(part.split(" ", 1) for part in CONTENT_SECURITY_POLICY.split("; "))
    assert policy.pop("default-src") == "'none'"
    assert policy.pop("base-uri") == "'none'"
    assert policy.pop("frame-ancestors") == "'none'"
    assert policy == dict.fromkeys(
        ("script-src", "style-src", "img-src", "connect-src", "form-action"), "'self'"
    )
