"""Feeds and sitemaps → entries: every format, good and broken."""

import json
import time
from pathlib import Path

import pytest
from support.news_pages import STORIES, item, rss, sitemap, sitemap_index

from indexer.sources.entries import ListingEntry, completed
from indexer.sources.feeds import whole_story
from indexer.sources.web_kinds import listing
from search.errors import FetchError

URL = "https://news.example/rss/new.xml"
STORY = "Cây cầu treo dài chín mươi mét được khánh thành sáng nay. " * 12


def read(text, *, media_type="application/xml"):
    return listing(text, url=URL, media_type=media_type)


def one(text):
    found = read(text)
    assert found is not None
    (entry,) = found.entries
    return entry


def test_rss():
    more = """<author>an@example.com (Nguyễn An)</author><category>Giao thông</category>
    <category>Tây Bắc</category><guid isPermaLink="false">17</guid>"""
    entry = one(rss([("/cau.html", item("cau", more=more))]))
    assert entry.url == "https://news.example/cau.html"
    assert entry.content == STORIES["cau"][1]
    assert entry.fields == {
        "title": STORIES["cau"][0],
        "lead": STORIES["cau"][1],
        "date": "2026-11-20T08:30:00+07:00",
        "authors": ["Nguyễn An"],
        "tags": ["Giao thông", "Tây Bắc"],
        "lang": "",
    }


def test_rss_with_the_whole_story():
    content = f"<content:encoded><![CDATA[<p>{STORY}</p><p>Hết.</p>]]></content:encoded>"
    entry = one(rss([("https://news.example/1", item("cau", more=content))]))
    assert whole_story(entry.content) == f"{STORY.strip()}\n\nHết."
    assert entry.fields["lead"] == STORIES["cau"][1]


def test_descriptions_lose_their_html():
    lead = (
        "&lt;a href='/1'&gt;&lt;img src='x.jpg'&gt;&lt;/a&gt;&lt;/br&gt;Nước lũ &amp;amp; cầu treo"
    )
    entry = one(rss([("/1", f"<title>A &amp;amp; B</title><description>{lead}</description>")]))
    assert entry.fields["title"] == "A & B"
    assert entry.fields["lead"] == "Nước lũ & cầu treo"


def test_rdf():
    text = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
      xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
      <channel rdf:about="/"><title>News</title></channel>
      <item rdf:about="/1"><title>One</title><link>/1</link><dc:date>2026-11-20</dc:date>
      <dc:creator>An Nguyen</dc:creator></item></rdf:RDF>"""
    entry = one(text)
    assert (entry.url, entry.fields["title"]) == ("https://news.example/1", "One")
    assert entry.fields["authors"] == ["An Nguyen"]
    assert str(entry.fields["date"]).startswith("2026-11-20")


def test_atom():
    text = """<?xml version="1.0" encoding="iso-8859-1"?><!-- made by hand -->
    <feed xmlns="http://www.w3.org/2005/Atom" xml:lang="vi"><title>Tin</title>
    <entry><title type="html">Khánh thành &lt;b&gt;cầu&lt;/b&gt;</title>
      <link rel="self" href="/api/1"/><link rel="alternate" href="../tin/1?a=1&amp;b=2"/>
      <id>urn:1</id><published>2026-11-19T23:30:00+07:00</published>
      <updated>2026-11-20T10:00:00+07:00</updated><author><name>Lò Văn Pản</name></author>
      <summary>Cầu treo</summary></entry></feed>"""
    entry = one(text)
    assert entry.url == "https://news.example/tin/1?a=1&b=2"
    assert entry.fields["title"] == "Khánh thành cầu"
    assert entry.fields["date"] == "2026-11-19T23:30:00+07:00"
    assert entry.fields["authors"] == ["Lò Văn Pản"]
    assert entry.changed == entry.stamp == "2026-11-20T10:00:00+07:00"


def test_json_feed():
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Tin",
        "language": "vi",
        "items": [
            {
                "id": "1",
                "url": "/1",
                "title": "Cầu &amp; đường",
                "content_html": f"<p>{STORY}</p>",
                "summary": "Tóm tắt",
                "date_published": "2026-11-20T08:30:00+07:00",
                "date_modified": "2026-11-21T08:30:00+07:00",
                "authors": [{"name": "An"}, {"url": "/b"}, "odd"],
                "tags": ["giao thông", 7],
            },
            {"id": "https://news.example/2", "title": 3, "tags": "odd", "authors": "odd"},
            "odd",
        ],
    }
    found = read(json.dumps(feed, ensure_ascii=False), media_type="application/feed+json")
    assert found.damage == "has 1 items of no kind"
    first, second = found.entries
    assert first.url == "https://news.example/1"
    assert first.changed == "2026-11-21T08:30:00+07:00"
    assert whole_story(first.content) == STORY.strip()
    assert first.fields == {
        "title": "Cầu & đường",
        "lead": "Tóm tắt",
        "date": "2026-11-20T08:30:00+07:00",
        "authors": ["An"],
        "tags": ["giao thông"],
        "lang": "",
    }
    assert (second.url, second.fields["title"]) == ("https://news.example/2", "")


@pytest.mark.parametrize("items", [None, 3, {}])
def test_json_feed_without_items(items):
    found = read(json.dumps({"version": "https://jsonfeed.org/version/1", "items": items}))
    assert (found.entries, found.damage) == ((), "has no list of items")


@pytest.mark.parametrize("text", ['{"articles": []}', "[1, 2]", '{"cut": ', "[" * 100_000, "{}"])
def test_other_json_is_no_feed(text):
    with pytest.raises(FetchError, match="JSON"):
        read(text)


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("Fri, 20 Nov 2026 23:30:00 +0700", "2026-11-20T23:30:00+07:00"),
        ("Fri, 20 Nov 2026 08:30:00 GMT+7", "2026-11-20T08:30:00+07:00"),
        ("20/11/2026 08:30", "2026-11-20T08:30:00"),
        ("2026-11-20", "2026-11-20"),
        ("one fine day", ""),
        ("", ""),
    ],
)
def test_dates_of_feeds(written, read_as):
    assert one(rss([("/1", item("cau", date=written))])).fields["date"] == read_as


def test_a_language_that_is_not_ours_is_told_and_ours_are_left_to_the_text():
    for lang, told in (("en-US", ""), ("vi", ""), ("fr-FR", "fr-FR"), ("", ""), ("???", "")):
        feed = rss([("/1", item("cau"))]).replace("<link>", f"<language>{lang}</language><link>", 1)
        assert one(feed).fields["lang"] == told


def test_a_date_that_can_be_read_in_two_ways_is_left_to_who_takes_the_article_in():
    for written, date in (
        ("3/4/2026 8:00:00 AM", "3/4/2026 8:00:00 AM"),
        ("3/24/2026 8:00:00 AM", "2026-03-24T08:00:00"),
    ):
        assert one(rss([("/1", item("cau", date=written))])).fields["date"] == date


def test_stamps_change_with_the_entry():
    same = one(rss([("/1", item("cau"))])).stamp
    assert one(rss([("/1", item("cau"))])).stamp == same
    assert one(rss([("/1", item("caphe"))])).stamp != same
    assert one(rss([("/1", item("cau", date="Sat, 21 Nov 2026 08:30:00 +0700"))])).stamp != same


def test_what_can_be_made_out_of_a_broken_feed_is_kept():
    whole = rss([("/1", item("cau")), ("/2", item("tau"))])
    for broken in (
        whole[:-40],
        whole.replace("<title>Khánh", "<title>Khánh & <b>"),
        "\n \n" + whole,
    ):
        found = read(broken)
        assert [entry.url for entry in found.entries] == [
            "https://news.example/1",
            "https://news.example/2",
        ]
    assert "well-formed" in read(whole[:-40]).damage
    assert read(whole).damage is None


def test_what_breaks_the_parser_itself_costs_no_run():
    entry = one(rss([("/1", "<title>A&#x110000;B&#99999999999; &#xe0;</title>")])[:-20])
    assert entry.fields["title"] == "AB à"
    found = read(rss([("/1", item("cau"))]).replace("http://purl", "ht\xa0p://purl", 1))
    assert found.damage is None or "\n" not in found.damage
    found = read(sitemap([("/1", "")]).replace("xmlns:news=", "xmlns:news\n=\n", 1)[:-9])
    assert "\n" not in found.damage


BOMB = (
    '<!DOCTYPE x [<!ENTITY a "lol">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + "]>"
)


@pytest.mark.parametrize(
    "text",
    [
        BOMB + rss([("/1", "<title>&j;</title>")], head=""),
        BOMB + sitemap([("/1", "<lastmod>&j;</lastmod>")]).split("\n", 1)[1],
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
        + rss([("/1", "<title>a&e;b</title>")], head=""),
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
        + sitemap([("/1", "<lastmod>a&e;b</lastmod>")]).split("\n", 1)[1],
    ],
    ids=["feed bomb", "sitemap bomb", "feed file", "sitemap file"],
)
def test_entities_are_not_put_in(text):
    began = time.process_time()
    found = read(text)
    assert time.process_time() - began < 5
    assert found is not None
    said = json.dumps([[entry.fields, entry.changed] for entry in found.entries])
    assert len(said) < 5000
    assert (Path("/etc/hostname").read_text().strip() or "?") not in said


def test_sitemap():
    text = sitemap(
        [
            ("/old", "<lastmod>2026-11-01</lastmod><image:loc>/picture.jpg</image:loc>"),
            ("/new", "<lastmod>2026-11-20T08:30:00+07:00</lastmod><priority>0.5</priority>"),
            ("/none", ""),
            ("mailto:a@b.example", ""),
        ]
    )
    entries = read(text).entries
    assert [entry.url.removeprefix("https://news.example") for entry in entries] == [
        "/new",
        "/old",
        "/none",
    ]
    assert entries[0].changed == "2026-11-20T08:30:00+07:00"
    assert all(entry.fields == {} for entry in entries)


def test_news_sitemap():
    news = """<news:news><news:publication><news:name>Báo Ví Dụ</news:name>
      <news:language>vi</news:language></news:publication>
      <news:publication_date>2026-11-20T08:30:00+07:00</news:publication_date>
      <news:title>Cầu &amp; đường</news:title><news:keywords>cầu, suối</news:keywords>
      </news:news>"""
    entry = one(sitemap([("/1", news)]))
    assert entry.fields == {
        "title": "Cầu & đường",
        "date": "2026-11-20T08:30:00+07:00",
        "source": "Báo Ví Dụ",
        "lang": "vi",
        "tags": "cầu, suối",
    }


def test_index_of_sitemaps():
    found = read(sitemap_index([("/a.xml", "2026-11-01"), ("/b.xml.gz", "2026-11-20")]))
    assert found.children == (
        ("https://news.example/b.xml.gz", "2026-11-20"),
        ("https://news.example/a.xml", "2026-11-01"),
    )


def test_a_broken_sitemap():
    found = read(sitemap([("/1", ""), ("/2", "")])[:-30])
    assert len(found.entries) >= 1
    assert "well-formed" in found.damage
    assert read("<urlset>").entries == ()


def test_text_sitemap():
    found = read("https://news.example/1\r\nhttps://news.example/2\n", media_type="text/plain")
    assert len(found.entries) == 2
    assert read("https://news.example/1 is news", media_type="text/plain") is None


@pytest.mark.parametrize(
    "page",
    [
        "<!DOCTYPE html><html><p>text",
        "<html xmlns='http://www.w3.org/1999/xhtml'/>",
        "plain text",
        "",
        "<!-- <rss> --><html>",
        "<?xml version='1.0'?><!DOCTYPE html><html/>",
        "<!",
        "<!--",
        "<?",
        "<",
    ],
)
def test_pages_are_no_listings(page):
    assert read(page, media_type="text/html") is None
    assert read(page) is None


def test_other_xml_is_refused():
    with pytest.raises(FetchError, match="<opml>"):
        read("<opml version='2.0'><outline/></opml>")


def test_deep_nesting_ends_soon():
    began = time.process_time()
    read("<rss><channel><item><title>" + "<a>" * 20_000)
    read("<urlset>" + "<url>" * 100_000)
    read("<!" + "[" * 100_000)
    assert time.process_time() - began < 20


@pytest.mark.parametrize(
    "line",
    [
        "The post <a href='/1'>A bridge opens</a> appeared first on <a href='/'>River News</a>.",
        "Bài viết Khánh thành cầu treo đã xuất hiện đầu tiên trên Tin Bờ Sông.",
        "Bài viết Khánh thành cầu treo được đăng lần đầu tại Tin Bờ Sông",
    ],
)
def test_a_feeds_text_ends_before_it_says_where_it_appeared_first(line):
    assert whole_story(f"<p>{STORY}</p><p>{line}</p>") == STORY.strip()
    assert not whole_story(f"<p>{STORY} […]</p><p>{line}</p>")
    assert whole_story(f"<p>{line[:8]} in May: {STORY}</p>").startswith(line[:8])
    entry = one(rss([("/1", f"<description><![CDATA[Cầu mới.<p>{line}</p>]]></description>")]))
    assert entry.fields["lead"] == "Cầu mới."


def test_a_page_is_completed_by_its_entry():
    entry = ListingEntry(
        "https://news.example/1",
        {"title": "From the feed", "date": "2026-11-20T08:30:00+07:00", "authors": ["An"],
         "lead": "A summary that says enough to stand alone above a text."},
    )  # fmt: skip
    page = {"title": "From the page", "date": "2026-11-20", "text": "…", "authors": [], "lead": ""}
    assert completed(page, entry) == {
        "title": "From the page",
        "date": "2026-11-20T08:30:00+07:00",
        "text": "…",
        "authors": ["An"],
        "lead": entry.fields["lead"],
    }
    other_day = completed({**page, "date": "2026-11-19"}, entry)
    assert other_day["date"] == "2026-11-19"
    cut = ListingEntry(None, {"lead": "A summary that breaks off before it says anything […]"})
    assert "lead" not in completed(page, cut)


def test_teasers_are_no_whole_stories():
    assert whole_story(STORY)
    assert not whole_story("Short.")
    assert not whole_story(STORY + "…")
    assert not whole_story(f"<p>{STORY} [...]</p>")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("https://news.example/doc?so=7&trang=2", "https://news.example/doc?so=7&trang=2"),
        ("https://news.example/doc?so=7&amp;trang=2", "https://news.example/doc?so=7&trang=2"),
        ("<![CDATA[https://news.example/d?a=1&b=2]]>", "https://news.example/d?a=1&b=2"),
        ("https://news.example/nha-&-vuon/3", "https://news.example/nha-&-vuon/3"),
        ("https://news.example/b&#225;n-&-mua", "https://news.example/b%C3%A1n-&-mua"),
    ],
)
def test_a_bare_ampersand_belongs_to_its_address(written, meant):
    listed = read(f"<urlset><url><loc>{written}</loc></url></urlset>")
    assert [entry.url for entry in listed.entries] == [meant]
    assert listed.damage is None
    index = read(f"<sitemapindex><sitemap><loc>{written}</loc></sitemap></sitemapindex>")
    assert [child for child, _ in index.children] == [meant]
    feed = read(
        f"<rss><channel><item><title>T</title><link>{written}</link></item></channel></rss>"
    )
    assert [entry.url for entry in feed.entries] == [meant]


@pytest.mark.parametrize("version", ["1.0", "1", "1.1", 1.0, "https://jsonfeed.org/version/1"])
def test_json_feeds_by_any_version(version):
    text = json.dumps({"version": version, "items": [{"url": "/tin/3", "title": "Tin"}]})
    assert one(text).url == "https://news.example/tin/3"


def test_json_with_a_version_is_no_feed_yet():
    with pytest.raises(FetchError, match="no JSON Feed"):
        read(json.dumps({"version": "1.0", "data": []}))
