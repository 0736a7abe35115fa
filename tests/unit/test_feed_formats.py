"""Feeds as text: valid for a strict parser, read by feedparser, whatever the stories hold."""

import json
import re
from datetime import UTC, datetime
from xml.etree.ElementTree import fromstring

import feedparser
import pytest

from webui.feed_formats import UNKNOWN, Feed, FeedItem, atom, json_feed, legal, moment, rss

ATOM = "{http://www.w3.org/2005/Atom}"
NASTY = "</title><script>alert(1)</script> & ]]> \x00\x08\x0b\ud800\ufffe\uffff “Huế” 🌉"
CLEAN = "</title><script>alert(1)</script> & ]]>  “Huế” 🌉"


def item(number, **given):
    values = {
        "id": f"urn:uuid:{number}",
        "lang": "vi",
        "title": f"Cây cầu số {number}",
        "href": f"https://tin.example/article/{number}?a=1&b=2",
        "publisher_href": None,
        "summary": "Cầu mới",
        "content": "<p lang='vi'>Cầu <b>mới</b> &amp; cũ</p>",
        "published": datetime(2025, 9, 24, 1, 30, tzinfo=UTC),
        "source": "Báo Huế",
        "authors": ("Lê Minh",),
        "categories": ("Kinh tế",),
    }
    return FeedItem(**values | given)


def feed(*items, **given):
    values = {
        "id": "urn:uuid:0",
        "lang": "vi",
        "title": "Tin về “cầu”",
        "description": "Các bài mới nhất",
        "href": "https://tin.example/search.atom?q=c%E1%BA%A7u&ui=vi",
        "page_href": "https://tin.example/?q=c%E1%BA%A7u&ui=vi",
        "publisher": "Báo & Tin",
        "items": items,
    }
    return Feed(**values | given)


@pytest.mark.parametrize("write", [atom, rss])
def test_readers_read_what_was_written(write):
    read = feedparser.parse(write(feed(item(1, publisher_href="https://bao.example/x?a=1&b=2"))))
    assert not read.bozo, read.get("bozo_exception")
    assert read.version in ("atom10", "rss20")
    assert read.feed.title == "Tin về “cầu”"
    assert read.feed.link == "https://tin.example/?q=c%E1%BA%A7u&ui=vi"
    [entry] = read.entries
    assert entry.id == "urn:uuid:1"
    assert entry.title == "Cây cầu số 1"
    assert entry.link == "https://tin.example/article/1?a=1&b=2"
    assert [li.href for li in entry.links if li.rel == "related"] == [
        "https://bao.example/x?a=1&b=2"
    ]
    assert entry.published_parsed[:5] == (2025, 9, 24, 1, 30)
    assert "<b>mới</b> &amp; cũ" in entry.summary
    assert entry.author == "Lê Minh"
    assert [tag.term for tag in entry.tags] == ["Kinh tế"]
    assert entry.publisher == "Báo Huế"
    assert entry.title_detail.language == "vi"


def test_an_unknown_date_is_left_out_where_that_is_allowed():
    undated = feed(item(1, published=None))
    entry = fromstring(atom(undated)).find(f"{ATOM}entry")
    assert entry.find(f"{ATOM}published") is None
    assert entry.find(f"{ATOM}updated").text == "1970-01-01T00:00:00Z"
    channel = fromstring(rss(undated)).find("channel")
    assert channel.find("lastBuildDate") is None
    assert channel.find("item").find("pubDate") is None
    assert "date_published" not in json_feed(undated)["items"][0]


def test_the_feed_is_as_new_as_its_newest_story():
    old = item(1, published=datetime(2020, 1, 1, tzinfo=UTC))
    assert feed(old, item(2), item(3, published=None)).updated == item(2).published
    assert feed().updated == UNKNOWN


@pytest.mark.parametrize("write", [atom, rss])
def test_no_text_breaks_the_xml(write):
    held = {"title": NASTY, "content": NASTY, "source": NASTY}
    held |= {"authors": (NASTY,), "categories": (NASTY,)}
    written = write(feed(item(1, **held), title=NASTY, description=NASTY, publisher=NASTY))
    root = fromstring(written)
    texts = [e.text for e in root.iter() if e.text] + [
        value for e in root.iter() for value in e.attrib.values()
    ]
    assert texts.count(CLEAN) >= 7
    assert not [e for e in root.iter() if re.fullmatch("({.*})?script", e.tag)]
    assert not feedparser.parse(written).bozo


def test_no_text_breaks_the_json():
    held = {"title": NASTY, "summary": NASTY, "content": NASTY, "authors": (NASTY,)}
    made = json_feed(feed(item(1, **held), title=NASTY))
    read = json.loads(json.dumps(made, ensure_ascii=False).encode())
    assert read["version"] == "https://jsonfeed.org/version/1.1"
    assert read["title"] == read["items"][0]["title"] == CLEAN
    assert read["items"][0]["language"] == "vi"


def test_without_an_author_the_source_speaks():
    plain = feed(item(1, authors=()), item(2, authors=(), source=None))
    first, second = fromstring(atom(plain)).findall(f"{ATOM}entry")
    assert first.find(f"{ATOM}author/{ATOM}name").text == "Báo Huế"
    assert second.find(f"{ATOM}author") is None
    assert "authors" not in json_feed(plain)["items"][1]


@pytest.mark.parametrize(
    ("date", "read"),
    [
        ("2025-09-24", "2025-09-24T00:00:00+00:00"),
        ("2025-09-24T08:30:00+07:00", "2025-09-24T01:30:00+00:00"),
        ("2025-09-24T08:30:00", "2025-09-24T08:30:00+00:00"),
        ("0001-01-01T00:00:00+07:00", None),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_dates_become_moments(date, read):
    found = moment(date)
    assert (found and found.isoformat()) == read


def test_what_xml_cannot_say():
    assert legal("a\x00\x1fb\tc\nd\ud800\ufffe\uffffé🌉") == "ab\tc\ndé🌉"
