"""One form for all addresses of one page."""

from __future__ import annotations

import pytest

from search.addresses import article_key, canonical_url, redacted, speaks_for

PAGE = "https://bao.example/thoi-su/tin-1.html"


@pytest.mark.parametrize(
    "url",
    [
        PAGE,
        "http://bao.example/thoi-su/tin-1.html",
        "HTTPS://WWW.Bao.Example:443/thoi-su/tin-1.html/",
        " https://bao.example/thoi-su/tin-1.html#binh-luan ",
        "https://m.bao.example/thoi-su/tin-1.html?utm_source=zalo&fbclid=abc",
        "https://mobile.bao.example/thoi-su/tin-1.html?zarsrc=31",
        "https://amp.bao.example/thoi-su/tin-1.html",
        "https://bao.example/amp/thoi-su/tin-1.html",
        "https://bao.example/thoi-su/tin-1.html/amp",
        "https://bao.example/thoi-su/tin-1.html/amp/",
        "https://bao.example/thoi-su/tin-1.amp.html",
        "https://bao.example/thoi-su/tin-1.html?amp=1",
        "https://bao.example/thoi-su/tin-1.html?outputType=amp&gclid=x",
    ],
)
def test_one_page(url):
    assert canonical_url(url) == PAGE
    assert article_key(url) == PAGE


@pytest.mark.parametrize(
    "url",
    [
        "https://bao.example/thoi-su/tin-2.html",
        "https://bao.example/thoi-su/Tin-1.html",
        "https://bao.example:8080/thoi-su/tin-1.html",
        "https://the-thao.bao.example/thoi-su/tin-1.html",
        "https://bao.example/thoi-su/tin-1.html?trang=2",
        "https://bao.example/thoi-su/tin-1.html?amp=50",
        "https://bao.example/thoi-su/tin-1.html#!/anh/3",
        "https://bao.example/thoi-su/ampe",
        "https://bao.example/amp",
    ],
)
def test_another_page(url):
    assert canonical_url(url) not in (None, PAGE)


@pytest.mark.parametrize(
    "host", ["team.bao.example", "swamp.bao.example", "cham.bao.example", "newsm.example.vn"]
)
def test_a_name_that_ends_like_an_edition_is_whole(host):
    assert canonical_url(f"https://{host}/a") == f"https://{host}/a"


def test_an_address_of_version_six():
    assert canonical_url("http://[2001:DB8::1]:8080/a/") == "https://[2001:db8::1]:8080/a"


@pytest.mark.parametrize(
    ("speaker", "url", "may"),
    [
        ("https://bao.example/rss", "https://bao.example/a", True),
        ("https://www.bao.example/rss", "http://m.bao.example/a", True),
        ("https://rss.bao.example/", "https://www.bao.example/a", True),
        ("https://feeds.bao.example/x", "https://bao.example/a", True),
        ("https://bao.example/rss", "https://feeds.bao.example/a", False),
        ("https://bao.example/rss", "https://khac.example/a", False),
        ("https://a.bao.example/rss", "https://bao.example/a", False),
        ("https://bao.example/rss", "https://a.bao.example/a", False),
        ("https://bao.example.khac.example/rss", "https://bao.example/a", False),
        ("https://bao.example:8080/rss", "https://bao.example/a", False),
        ("https://bao.example@khac.example/rss", "https://bao.example/a", False),
        ("", "https://bao.example/a", False),
        ("https://bao.example/", "", False),
    ],
)
def test_who_speaks_for_whom(speaker, url, may):
    assert speaks_for(speaker, url) is may


def test_sites_that_are_only_called_like_editions():
    assert canonical_url("https://m.com.vn/a") == "https://m.com.vn/a"
    assert canonical_url("https://amp.com.au/a") == "https://amp.com.au/a"
    assert canonical_url("https://m.vn/a") == "https://m.vn/a"
    assert canonical_url("https://m.bao.com.vn/a") == "https://bao.com.vn/a"
    assert canonical_url("https://www.com.vn/a") == "https://com.vn/a"


def test_the_front_page_is_no_article():
    """Some data sets give it as the address of every article; they must not become one."""
    for url in ("https://bao.example", "http://www.bao.example/?utm_source=x", "", None, "tin 1"):
        assert article_key(url) is None
    assert article_key("https://bao.example/?p=17") == "https://bao.example/?p=17"
    assert article_key("https://bao.example/" + "a" * 5_000) is None


@pytest.mark.parametrize(
    "address",
    [
        "https://ann:s3cret@news.example/rss",
        "htp://ann:s3cret@news.example/rss",
        "https://s3cret@news.example/rss",
        "https://ann:s3/cret@news.example/rss",
        "https://news.example/rss?token=s3cret",
        "https://news.example/rss?a=1&access_token=s3cret&b=2",
        "https://news.example/rss?API-Key=s3cret#x",
        "https://news.example/rss;jsessionid=s3cret",
        "https://news.example/rss?key=s3cret",
        "https://news.example/rss?sig=s3cret&X-Amz-Signature=s3cret",
        "https://news.example/rss#access_token=s3cret",
    ],
)
def test_secrets_are_not_told(address):
    told = redacted(f"{address} answers 404, and so does {address}")
    assert "cret" not in told
    assert told.count("news.example/") == 2
    assert "answers 404, and so does" in told


@pytest.mark.parametrize(
    "text",
    [
        "https://news.example:8080/@ann/tin?author=Ann&page=2",
        "https://news.example/?q=token&monkey=1",
        "write to ann@news.example: a=b",
    ],
)
def test_what_is_no_secret_is_told(text):
    assert redacted(text) == text
