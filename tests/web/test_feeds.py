"""Any search as a feed: its newest matches, for readers that ask again and again."""

import json
import re
import time
from dataclasses import replace
from xml.etree.ElementTree import fromstring

import feedparser
import pytest
from support.archives import add_to_archive, write_archive
from support.pages import read_page

from search.archive import open_archive
from search.records import Article, Filters, Query
from search.settings import Settings
from webui import create_app
from webui.errors import REFUSAL
from webui.feeds import NEWEST, Versions, article_uri

QUERY = "đường sắt tốc độ cao"
XML = ("/search.atom", "/search.rss")
ALL = (*XML, "/search.feed.json")
NASTY = "Cầu </title>& \x00\x0b\uffff<script>"


def get(client, path, status=200, headers=None, **parameters):
    response = client.get(path, query_string=parameters, headers=headers)
    assert response.status_code == status, response.get_data(as_text=True)
    return response


def entries(client, path, **parameters):
    """(id, title, link) of the stories in a feed, in its order."""
    response = get(client, path, **parameters)
    if path.endswith("json"):
        return [(i["id"], i["title"], i["url"]) for i in json.loads(response.data)["items"]]
    read = feedparser.parse(response.data)
    assert not read.bozo
    return [(e.id, e.title, e.link) for e in read.entries]


@pytest.fixture
def own(tmp_path):
    """(client, path) of an archive that a test may change."""
    stories = [
        Article(f"c{n:02}", "vi", "Cây cầu mới bắc qua sông Hương.", f"Cầu mới số {n}", date=date)
        for n, date in enumerate(
            [None, "2025-03-01", "2025-09-24T08:30:00+07:00", "2024-12-31", *["2023-01-01"] * 56]
        )
    ]
    stories[1] = replace(stories[1], title=NASTY, url="https://bao.vn/a?b=1&c=2", source=NASTY)
    stories[2] = replace(stories[2], title="")
    place = write_archive(stories, tmp_path / "news.db")
    settings = Settings(archive=str(place))
    with open_archive(settings=settings) as archive:
        yield create_app(archive, settings=settings).test_client(), place


@pytest.mark.parametrize("path", ALL)
def test_a_feed_holds_the_matches_newest_first(client, archive, path):
    results = archive.search(Query(QUERY, k=100, sort="newest"))
    hits = {h.article.id: h for found in results.results.values() for h in found}
    expected = [id_ for id_ in results.mixed if hits[id_].zone == "match"]
    assert len(expected) > 2
    assert [e[0] for e in entries(client, path, q=QUERY)] == [article_uri(i) for i in expected]


@pytest.mark.parametrize("path", ALL)
def test_the_newest_fifty_and_unknown_dates_last(own, path):
    client, _ = own
    found = entries(client, path, q="cầu mới", mode="words")
    assert len(found) == NEWEST
    assert [e[0] for e in found[:3]] == [article_uri(i) for i in ("c02", "c01", "c03")]
    assert article_uri("c00") not in {e[0] for e in found}  # of unknown date, behind the others
    few = entries(
        client, path, q="cầu mới", mode="words", to="2025-03-01", **{"from": "2024-01-01"}
    )
    assert [e[0] for e in few] == [article_uri("c01"), article_uri("c03")]


def test_untitled_stories_and_hostile_text(own):
    client, _ = own
    for path in ALL:
        titles = [e[1] for e in entries(client, path, q="cầu mới", mode="words")]
        assert titles[0] == "Cây cầu mới bắc qua sông Hương."
    for path in XML:
        response = get(client, path, q="cầu mới", mode="words")
        root = fromstring(response.data)
        assert "Cầu </title>& <script>" in {e.text for e in root.iter()}
        assert not [e for e in root.iter() if re.fullmatch("({.*})?script", e.tag)]
        related = [li.get("href") for li in root.iter() if li.get("rel") == "related"]
        assert related == ["https://bao.vn/a?b=1&c=2"]


def test_filters_alone_have_a_feed_as_they_have_a_page(client, archive):
    page = read_page(client.get("/?from=2025-03&ui=en"))
    hrefs = [link.get("href") for link in page.all("link") if link.get("rel") == "alternate"]
    assert len(hrefs) == 3
    assert [client.get(href).status_code for href in hrefs] == [200] * 3
    wanted = archive.search(Query("", k=50, filters=Filters("2025-03-01"))).mixed
    told = feedparser.parse(client.get(hrefs[0]).data)
    assert len(told.entries) == len(wanted) > 10
    assert told.feed.title.startswith("from March 1, 2025")


def test_ids_depend_on_the_story_alone(client, app):
    [first, *_] = entries(client, "/search.atom", q=QUERY)
    there = app.test_client().get(
        "/search.rss", query_string={"q": QUERY, "lang": "vi"}, base_url="https://tin.example/news"
    )
    read = feedparser.parse(there.data)
    by_id = {e.id: e.link for e in read.entries}
    other = next(e for e in entries(client, "/search.atom", q=QUERY) if e[0] in by_id)
    assert by_id[other[0]].startswith("https://tin.example/news/article/")
    assert first[0].startswith("urn:uuid:")
    assert article_uri("demo-003-vi") == "urn:uuid:eed9c715-b14d-5078-8179-4d88d9a6ab3c"


def test_a_feed_speaks_the_language_that_its_address_asks_for(client):
    for ui, title in (("vi", "Tin về “metro”, Tiếng Việt – Songngu"), ("en", "News on “metro”")):
        response = get(client, "/search.atom", q="metro", lang="vi", ui=ui, headers=[])
        read = feedparser.parse(response.data)
        assert read.feed.title.startswith(title)
        assert fromstring(response.data).get("{http://www.w3.org/XML/1998/namespace}lang") == ui
        assert "Set-Cookie" not in response.headers
        assert all(f"ui={ui}" in entry.link for entry in read.entries)
        entry_languages = {e.title_detail.language for e in read.entries}
        assert entry_languages == {"vi"}


@pytest.mark.parametrize("path", ALL)
def test_who_has_it_already_gets_304(own, path):
    client, place = own
    first = get(client, path, q="cầu mới", mode="words")
    assert first.headers["ETag"] == get(client, path, q="cầu mới", mode="words").headers["ETag"]
    etag = {"If-None-Match": first.headers["ETag"]}
    since = {"If-Modified-Since": first.headers["Last-Modified"]}
    for headers in (etag, since, etag | since):
        unchanged = get(client, path, 304, headers, q="cầu mới", mode="words")
        assert unchanged.data == b""
        assert unchanged.headers["ETag"] == first.headers["ETag"]
    # A story that comes in with an old date changes the feed at once, for both kinds of readers.
    add_to_archive([Article("d", "vi", "Cầu mới ở Huế.", "Cầu mới", date="2024-06-01")], place)
    for headers in (etag, since, etag | since):
        changed = get(client, path, 200, headers, q="cầu mới", mode="words")
        assert article_uri("d").encode() in changed.data


@pytest.mark.parametrize("path", ALL)
def test_head(client, path):
    whole = get(client, path, q=QUERY)
    head = client.head(path, query_string={"q": QUERY})
    assert (head.status_code, head.data) == (200, b"")
    for name in ("ETag", "Content-Type", "Content-Length", "Last-Modified"):
        assert head.headers[name] == whole.headers[name]


@pytest.mark.parametrize("path", ALL)
@pytest.mark.parametrize(
    ("parameters", "status"),
    [
        ({}, 400),
        ({"q": "-chỉ"}, 400),
        ({"q": "cầu", "from": "hôm qua"}, 400),
        ({"q": "cầu", "lang": "fr"}, 400),
        ({"q": "x" * 501}, 413),
    ],
)
def test_a_bad_search_is_no_feed(client, path, parameters, status):
    response = get(client, path, status, **parameters)
    assert response.headers["Cache-Control"] == "no-store"
    if path.endswith("json"):
        assert response.json["error"]["message"]
    else:
        root = fromstring(response.data)
        assert response.mimetype == "application/xml"
        assert root.tag == "error"
        assert root.findtext("message")


@pytest.mark.parametrize("path", ALL)
def test_a_busy_site_says_when_to_ask_again(client, path):
    refused = {REFUSAL: (503, "")}
    response = client.get(path, query_string={"q": QUERY}, environ_overrides=refused)
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0
    assert response.mimetype != "text/html"


@pytest.mark.parametrize("path", ALL)
def test_an_archive_that_is_away_is_told_with_when_to_ask_again(tmp_path, path):
    settings = Settings(archive=str(tmp_path / "none.db"))
    with open_archive(settings=settings) as archive:
        client = create_app(archive, settings=settings).test_client()
        response = get(client, path, 503, q="cầu")
    assert int(response.headers["Retry-After"]) > 0
    assert b"<html" not in response.data


def test_the_page_of_results_leads_to_its_feeds(client):
    address = {"q": QUERY, "lang": "vi", "from": "2024-01-01", "sort": "oldest", "ui": "vi"}
    page = read_page(get(client, "/", **address))
    found = page.all("link", rel="alternate")
    assert [li.get("type") for li in found] == [
        "application/atom+xml",
        "application/rss+xml",
        "application/feed+json",
    ]
    shown = page.one("span", cls="follow").all("a")
    assert [a.get("href") for a in shown] == [li.get("href") for li in found]
    for link in found:
        assert "sort" not in link.get("href")
        response = client.get(link.get("href"))
        assert response.mimetype == link.get("type")
        assert "Tin về “đường sắt tốc độ cao”, từ 1/1/2024".encode() in response.data
        assert b"from=2024-01-01" in response.data


def test_where_the_site_is_shown_under_a_path(archive, settings):
    moved = replace(settings, prefix="/news")
    client = create_app(archive, settings=moved).test_client()
    response = client.get("/news/search.atom", query_string={"q": QUERY})
    root = fromstring(response.data)
    hrefs = [e.get("href") for e in root.iter() if e.get("href") and e.get("rel") != "related"]
    assert len(hrefs) > 3
    assert all(re.match(r"http://localhost/news/", href) for href in hrefs)


def test_a_feed_has_changed_when_its_content_did():
    versions = Versions()
    before = int(time.time())
    first = versions.since("a", "1")
    assert before <= first <= time.time()
    assert versions.since("a", "1") == first
    assert versions.since("a", "2") > first  # even within one second
    assert versions.since("b", "1") < versions.since("a", "2")
