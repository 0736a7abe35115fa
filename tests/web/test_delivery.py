"""How answers travel: compressed, not twice, and to the scripts of those sites that may."""

import gzip

import brotli
import pytest

from search.errors import SettingsError
from search.settings import Settings
from webui import create_app

PAGE, API = "/?q=metro", "/api/v1/search?q=metro"
ORIGIN = "https://paper.example"
LARGEST_PAGE = 60_000
"""Bytes of a page of results, compressed."""


@pytest.mark.parametrize("target", [PAGE, API, "/api", "/api/v1/openapi.json", "/static/site.css"])
@pytest.mark.parametrize(
    ("coding", "unpack"), [("br", brotli.decompress), ("gzip", gzip.decompress)]
)
def test_answers_are_compressed(client, target, coding, unpack):
    with client.get(target) as plain, client.get(target, headers=accepting(coding)) as packed:
        compare(target, plain, packed, coding, unpack)


def accepting(coding):
    return {"Accept-Encoding": coding}


def compare(target, plain, packed, coding, unpack):
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == coding
    for answer in (plain, packed):
        assert "Accept-Encoding" in answer.headers["Vary"]
    assert len(packed.data) < len(plain.data) / 2
    if "search" not in target:  # which says how long it took
        assert unpack(packed.data) == plain.data


def test_a_full_page_of_results_is_small(client):
    for query in ("metro", "kinh tế", "hà nội"):
        page = client.get(
            "/", query_string={"q": query, "k": "100"}, headers={"Accept-Encoding": "br"}
        )
        assert page.status_code == 200
        assert len(page.data) <= LARGEST_PAGE


@pytest.mark.parametrize("coding", ["identity", "br"])
@pytest.mark.parametrize(
    "target",
    [PAGE, "/", API, "/article/demo-003-vi", "/api/v1/articles/demo-003-vi", "/api/v1/stats"],
)
def test_what_a_client_has_is_not_sent_again(client, target, coding):
    first = client.get(target, headers={"Accept-Encoding": coding})
    tag = first.headers["ETag"]
    assert first.headers["Cache-Control"] == "private, no-cache"
    again = client.get(target, headers={"Accept-Encoding": coding, "If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == tag
    assert "Content-Encoding" not in again.headers
    other = client.get(target, headers={"If-None-Match": 'W/"other"'})
    assert other.status_code == 200
    if "api" not in target:
        translated = client.get(target, headers={"If-None-Match": tag, "Accept-Language": "vi"})
        assert translated.status_code == 200


def test_what_must_not_be_kept_has_no_tag(client):
    for target in ("/healthz", "/nowhere", "/api/v1/search"):
        assert "ETag" not in client.get(target).headers


def shared_with(archive, settings, origins):
    shared = Settings(archive=settings.archive, allow_origins=origins)
    return create_app(archive, settings=shared).test_client()


def sharing(headers):
    return {name: value for name, value in headers.items() if name.startswith("Access-Control-")}


def test_other_sites_read_nothing_by_themselves(client):
    for target in (API, PAGE, "/api/v1/nowhere"):
        assert not sharing(client.get(target, headers={"Origin": ORIGIN}).headers)


def test_sites_that_are_named_may_read_the_api(archive, settings):
    client = shared_with(archive, settings, f"{ORIGIN}, http://localhost:3000")
    for origin in (ORIGIN, "http://localhost:3000"):
        for target, status in ((API, 200), ("/api/v1/search", 400), ("/api/v1/nowhere", 404)):
            answer = client.get(target, headers={"Origin": origin})
            assert answer.status_code == status
            assert answer.headers["Access-Control-Allow-Origin"] == origin
            assert "Origin" in answer.headers["Vary"]
            assert "Access-Control-Allow-Credentials" not in answer.headers
    for origin in ("https://evil.example", f"{ORIGIN}.evil.example", f"{ORIGIN}:8443", "null", ""):
        answer = client.get(API, headers={"Origin": origin})
        assert not sharing(answer.headers)
        assert "Origin" in answer.headers["Vary"]
    assert not sharing(client.get(PAGE, headers={"Origin": ORIGIN}).headers)


def test_a_browser_that_asks_first_is_told(archive, settings):
    client = shared_with(archive, settings, ORIGIN)
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "GET"}
    answer = client.options(API, headers=asked)
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    methods = client.options("/api/v1/articles", headers=asked).headers
    assert methods["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"  # not from a web page
    assert not sharing(client.options(API, headers=asked | {"Origin": "https://x.example"}).headers)


def test_the_api_can_be_for_all(archive, settings):
    answer = shared_with(archive, settings, "*").get(API, headers={"Origin": "https://any.example"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    "origins", ["paper.example", f"{ORIGIN}/", "https://a b", "null", "https://*"]
)
def test_what_is_no_origin_is_refused(archive, settings, origins):
    with pytest.raises(SettingsError, match="allow_origins"):
        shared_with(archive, settings, origins)
