"""Feeds, sitemaps and pages from a real server into a real archive: once, again, and in trouble."""

from __future__ import annotations

import gzip
import json
import os
import queue
import signal
import sqlite3
import threading
import time

import pytest
from support.commands import one_line, songngu, start
from support.news_pages import STORIES, article, front_page, item, rss, sitemap, sitemap_index
from support.web_server import Reply, WebServer, bomb, drop, redirect, silent, trickling

from indexer.fetching.client import _retry_after
from indexer.fetching.memory import Memory, Page, Seen, SourceState
from indexer.pipeline import Report
from indexer.runs import RunOptions, fill, interval_seconds, opened_web, run_rounds
from indexer.sources.web import WebReader
from search.archive import open_archive
from search.errors import SettingsError, StoreUnavailableError
from search.settings import Settings

FEED = "application/rss+xml; charset=utf-8"
QUICK = {
    "allow_private": "127.0.0.1",
    "fetch_pause_s": 0.0,
    "fetch_read_timeout_s": 5.0,
    "fetch_timeout_s": 10.0,
    "fetch_tries": 1,
}
FLAGS = {f"SONGNGU_{name.upper()}": str(value) for name, value in QUICK.items()}
FLAGS["SONGNGU_ARCHIVE"] = "news.db"


class Run:
    """What one run did."""

    def __init__(self, report, problems):
        self.report = report
        self.problems = problems

    @property
    def counts(self):
        report = self.report
        return (report.added, report.updated, report.unchanged, report.skipped, report.failed)

    def reason(self, url):
        """Why something came to nothing; there is one reason for it."""
        (problem,) = [problem for problem in self.problems if problem["file"] == url]
        return problem["reason"]


class Desk:
    """A server with three stories, and an archive that is filled from it."""

    def __init__(self, server, folder, place=None):
        self.server = server
        self.folder = folder
        self.place = place or str(folder / "news.db")
        for name in STORIES:
            server.pages[f"/{name}.html"] = Reply(article(name), etag=f'"{name}"')
        self.feed()

    def feed(self, *names, etag='"1"', **more):
        """Put up the feed with these stories, or with all."""
        entries = [(f"/{name}.html", item(name, **more)) for name in names or STORIES]
        self.server.pages["/feed"] = Reply(rss(entries), kind=FEED, etag=etag)

    def run(self, *paths, urls=None, **settings):
        """A run that knows of earlier ones what a new process would."""
        urls = urls or [self.server.url(path) for path in paths or ("/feed",)]
        given = Settings(archive=self.place, **{**QUICK, **settings})
        errors = self.folder / "errors.jsonl"
        self.server.forget()
        with (
            open_archive(settings=given) as archive,
            opened_web(archive, urls, threading.Event()) as web,
        ):
            report = fill(archive, urls, errors=errors, how=RunOptions(web=web))
        lines = errors.read_text("utf-8").splitlines() if errors.exists() else []
        return Run(report, [json.loads(line) for line in lines])

    def articles(self):
        with open_archive(self.place, settings=Settings()) as archive:
            return {entry.article.title: entry.article for entry in archive.store.entries()}

    def title(self, name):
        return STORIES[name][0]


@pytest.fixture
def desk(tmp_path):
    with WebServer() as server:
        yield Desk(server, tmp_path)


def test_a_feed_is_followed_to_its_pages(desk):
    desk.feed(more="<author>an@example.com (Nguyễn An)</author><category>Đời sống</category>")
    run = desk.run()
    assert run.counts == (3, 0, 0, 0, 0)
    found = desk.articles()[desk.title("cau")]
    assert "Ông Lò Văn Pản" in found.body
    assert found.url == desk.server.url("/cau.html").replace("http:", "http:")
    assert found.date == "2026-11-20T08:30:00+07:00"
    assert found.lang == "vi"
    assert found.authors == ("Nguyễn An",)
    assert "Bản quyền" not in found.body


def test_an_unchanged_feed_costs_one_request(desk):
    desk.run()
    run = desk.run()
    assert run.counts == (0, 0, 3, 0, 0)
    assert desk.server.paths() == ["/feed"]
    assert desk.server.asked("/feed")[0].headers["if-none-match"] == '"1"'


def test_a_feed_that_changed_costs_one_page_for_each_entry_that_did(desk):
    desk.feed("cau", "caphe")
    desk.run()
    desk.feed(etag='"2"')
    run = desk.run()
    assert run.counts == (1, 0, 2, 0, 0)
    assert desk.server.paths() == ["/feed", "/tau.html"]


def test_a_feed_without_validators_costs_itself(desk):
    desk.feed(etag=None)
    desk.run()
    run = desk.run()
    assert run.counts == (0, 0, 3, 0, 0)
    assert desk.server.paths() == ["/feed"]


def test_an_entry_that_changed_is_asked_for_again(desk):
    desk.feed("cau", "caphe")
    desk.run()
    desk.server.pages["/cau.html"] = Reply(
        article("cau", changed="Cập nhật: đến chiều qua, hai nghìn người đã qua cầu."), etag='"new"'
    )
    desk.feed("cau", "caphe", etag='"2"', date="Sat, 21 Nov 2026 08:30:00 +0700")
    run = desk.run()
    assert run.counts == (0, 1, 1, 0, 0)
    assert "hai nghìn người" in desk.articles()[desk.title("cau")].body
    (page,) = desk.server.asked("/caphe.html")
    assert page.headers["if-none-match"] == '"caphe"'


def test_a_story_in_two_feeds_is_fetched_once(desk):
    desk.feed("cau", "caphe")
    more = [(f"/{name}.html?utm_source=b", item(name)) for name in ("caphe", "tau")]
    desk.server.pages["/other"] = Reply(rss(more), kind=FEED, etag='"o"')
    desk.server.pages["/caphe.html?utm_source=b"] = desk.server.pages["/caphe.html"]
    desk.server.pages["/tau.html?utm_source=b"] = desk.server.pages["/tau.html"]
    run = desk.run("/feed", "/other")
    assert run.counts == (3, 0, 0, 0, 0)
    assert sum("/caphe.html" in path for path in desk.server.paths()) == 1
    run = desk.run("/feed", "/other")
    assert sorted(desk.server.paths()) == ["/feed", "/other"]


def test_atom_and_json_feeds(desk):
    desk.server.pages["/atom"] = Reply(
        """<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title><entry><title>x</title>
        <link href="/cau.html"/><updated>2026-11-20T08:30:00+07:00</updated></entry></feed>""",
        kind="text/xml",
    )
    items = [{"id": "1", "url": desk.server.url("/tau.html")}]
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": "t", "items": items}
    desk.server.pages["/json"] = Reply(json.dumps(feed), kind="application/json")
    assert desk.run("/atom", "/json").counts == (2, 0, 0, 0, 0)
    assert desk.articles().keys() == {desk.title("cau"), desk.title("tau")}


def test_a_single_page(desk):
    assert desk.run("/cau.html").counts == (1, 0, 0, 0, 0)
    assert desk.run("/cau.html").counts == (0, 0, 1, 0, 0)
    assert desk.server.asked("/cau.html")[0].headers["if-none-match"] == '"cau"'


def test_a_front_page_names_the_feed_to_use(desk):
    head = '<link rel="alternate" type="application/rss+xml" href="/feed">'
    desk.server.pages["/"] = Reply(front_page(STORIES, head=head))
    run = desk.run("/")
    assert run.counts == (0, 0, 0, 0, 1)
    assert f"songngu index {desk.server.url('/feed')}" in run.reason(desk.server.url("/"))


def test_what_robots_txt_forbids_is_left_out(desk):
    desk.server.pages["/robots.txt"] = Reply("User-agent: *\nDisallow: /tau", kind="text/plain")
    run = desk.run()
    assert run.counts == (2, 0, 0, 1, 0)
    assert "robots.txt" in run.reason(desk.server.url("/tau.html"))
    desk.server.pages["/robots.txt"] = Reply("User-agent: *\nDisallow: /", kind="text/plain")
    assert desk.run().counts == (0, 0, 0, 0, 1)
    assert desk.server.paths() == []


def test_a_page_that_asks_to_be_left_out_is(desk):
    desk.server.pages["/cau.html"] = Reply(article("cau"), headers={"X-Robots-Tag": "noindex"})
    desk.server.pages["/caphe.html"] = Reply(
        article("caphe", head='<meta name="robots" content="noindex">')
    )
    run = desk.run()
    assert run.counts == (1, 0, 0, 2, 0)
    assert "noindex" in run.reason(desk.server.url("/cau.html"))
    assert desk.run().counts == (0, 0, 3, 0, 0)
    assert desk.server.paths() == ["/feed"]


def test_a_page_cannot_take_the_place_of_another_sites(desk):
    head = '<link rel="canonical" href="https://paper.example/cau.html">'
    desk.server.pages["/cau.html"] = Reply(article("cau", head=head))
    desk.run("/cau.html")
    assert desk.articles()[desk.title("cau")].url == desk.server.url("/cau.html")


class TestWhatOneSiteSaysOfAnother:
    """A feed of one site must not put its words in the place of another's article."""

    TEXT = "Lời lẽ của một trang khác về cây cầu, viết ra để thay chỗ bài báo thật. " * 20

    @pytest.fixture
    def other(self, desk):
        with WebServer("127.0.0.2", desk.server.port) as other:
            for name in STORIES:
                other.pages[f"/{name}.html"] = Reply(article(name))
            yield other

    def run(self, desk, *urls):
        return desk.run(urls=urls, allow_private="127.0.0.0/8")

    def kept(self, desk):
        return {entry.url: entry for entry in desk.articles().values()}

    def lies(self, url, title="Một tựa đề khác"):
        """An item of a feed about a page, with a story of its own."""
        return (
            f"<item><title>{title}</title><link>{url}</link><author>Kẻ Khác</author>"
            f"<description>{self.TEXT}</description><pubDate>Sun, 01 Feb 2026 08:00:00 +0700"
            "</pubDate></item>"
        )

    @pytest.mark.parametrize("status", [410, 404, 403, 500])
    def test_a_feeds_text_is_not_taken_for_a_page_elsewhere(self, desk, other, status):
        page = other.url("/cau.html")
        self.run(desk, page)
        before = self.kept(desk)
        other.pages["/cau.html"] = Reply(status=status)
        feed = f"<rss><channel>{self.lies(page)}</channel></rss>"
        desk.server.pages["/feed"] = Reply(feed, kind=FEED)
        run = self.run(desk, desk.server.url("/feed"))
        assert "the feed is of another site" in run.reason(page)
        assert self.kept(desk) == before

    @pytest.mark.parametrize(
        ("kind", "body"),
        [
            ("application/feed+json", None),
            (
                "application/atom+xml",
                '<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>T</title>'
                "<link href='{page}'/><content>{text}</content></entry></feed>",
            ),
            (
                FEED,
                '<rss xmlns:f="http://rssnamespace.org/feedburner/ext/1.0"><channel><item>'
                "<title>T</title><link>{own}</link><f:origLink>{page}</f:origLink>"
                "<description>{text}</description></item></channel></rss>",
            ),
        ],
    )
    def test_nor_by_any_kind_of_feed(self, desk, other, kind, body):
        page = other.url("/tau.html")
        self.run(desk, page)
        before = self.kept(desk)
        other.pages["/tau.html"] = Reply(status=410)
        if body is None:
            entry = {"id": page, "url": page, "title": "T", "content_text": self.TEXT}
            text = json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": [entry]})
        else:
            text = body.format(page=page, text=self.TEXT, own=desk.server.url("/cau.html"))
        desk.server.pages["/feed"] = Reply(text, kind=kind)
        self.run(desk, desk.server.url("/feed"))
        assert self.kept(desk) == before

    def test_a_page_elsewhere_speaks_for_itself_alone(self, desk, other):
        bare = article("cau").replace("2026", "")
        other.pages["/cau.html"] = Reply(bare)
        page = other.url("/cau.html")
        feed = f"<rss><channel>{self.lies(page)}</channel></rss>"
        desk.server.pages["/feed"] = Reply(feed, kind=FEED)
        assert self.run(desk, desk.server.url("/feed")).counts[0] == 1
        found = self.kept(desk)[page]
        assert found.title == desk.title("cau")
        assert "Kẻ Khác" not in found.authors
        assert "Lời lẽ" not in found.body
        assert found.date is None

    def test_nor_by_a_way_through_its_own_address(self, desk, other):
        other.pages["/cau.html"] = Reply(article("cau").replace("2026", ""))
        page, own = other.url("/cau.html"), desk.server.url("/x")
        desk.server.pages["/x"] = redirect(page)
        feed = f"<rss><channel>{self.lies(own)}</channel></rss>"
        desk.server.pages["/feed"] = Reply(feed, kind=FEED)
        self.run(desk, desk.server.url("/feed"))
        assert self.kept(desk)[page].authors == ()
        # And an open redirect of the other site leads to a page of ours, which is ours.
        other.pages["/go"] = redirect(desk.server.url("/tau.html"))
        feed = f"<rss><channel>{self.lies(other.url('/go'))}</channel></rss>"
        desk.server.pages["/feed"] = Reply(feed, kind=FEED)
        self.run(desk, desk.server.url("/feed"))
        assert desk.server.url("/tau.html") in self.kept(desk)

    def test_a_feed_that_is_moved_elsewhere_speaks_from_there(self, desk, other):
        page = other.url("/cau.html")
        other.pages["/feed"] = redirect(desk.server.url("/feed"))
        feed = f"<rss><channel>{self.lies(page)}</channel></rss>"
        desk.server.pages["/feed"] = Reply(feed, kind=FEED)
        other.pages["/cau.html"] = Reply(status=410)
        assert self.run(desk, other.url("/feed")).counts[0] == 0

    def test_a_sitemap_says_nothing_of_pages_elsewhere(self, desk, other):
        other.pages["/cau.html"] = Reply(article("cau").replace("2026", ""))
        news = (
            "<n:news xmlns:n='http://www.google.com/schemas/sitemap-news/0.9'><n:publication>"
            "<n:name>Báo Giả</n:name></n:publication><n:keywords>giả</n:keywords>"
            "<n:publication_date>2026-02-01</n:publication_date></n:news>"
        )
        listed = f"<urlset><url><loc>{other.url('/cau.html')}</loc>{news}</url></urlset>"
        desk.server.pages["/sitemap.xml"] = Reply(listed, kind="text/xml")
        assert self.run(desk, desk.server.url("/sitemap.xml")).counts[0] == 1
        found = self.kept(desk)[other.url("/cau.html")]
        assert (found.date, found.tags) == (None, ())
        assert found.source != "Báo Giả"


class TestWhenThePageCannotBeHad:
    STORY = "".join(f"<p>Đoạn {n}: người dân ba bản đi chợ bằng cầu mới.</p>" for n in range(20))

    def whole(self, desk):
        content = f"<content:encoded><![CDATA[{self.STORY}]]></content:encoded>"
        desk.feed("cau", more=content)

    @pytest.mark.parametrize("answer", [Reply(status=404), Reply(b"%PDF", kind="application/pdf")])
    def test_the_feeds_own_text_is_taken(self, desk, answer):
        self.whole(desk)
        desk.server.pages["/cau.html"] = answer
        run = desk.run()
        assert run.counts == (1, 0, 0, 0, 0)
        assert "the feed's own" in run.reason(desk.server.url("/cau.html"))
        found = desk.articles()[desk.title("cau")]
        assert found.text.count("cầu mới") == 20
        assert found.url == desk.server.url("/cau.html")
        desk.run()
        assert desk.server.paths() == ["/feed"]

    def test_the_page_is_tried_again_where_it_may_come_back(self, desk):
        self.whole(desk)
        page, desk.server.pages["/cau.html"] = desk.server.pages["/cau.html"], Reply(status=500)
        assert desk.run().counts == (1, 0, 0, 0, 0)
        desk.server.pages["/cau.html"] = page
        assert desk.run().counts == (0, 0, 0, 0, 0)
        self.time_passes(desk)
        assert desk.run().counts == (0, 1, 0, 0, 0)
        assert "Ông Lò Văn Pản" in desk.articles()[desk.title("cau")].body

    def test_a_failed_page_is_told_and_tried_again_later(self, desk):
        page, desk.server.pages["/tau.html"] = desk.server.pages["/tau.html"], Reply(status=404)
        run = desk.run()
        assert run.counts == (2, 0, 0, 0, 1)
        assert "answers 404" in run.reason(desk.server.url("/tau.html"))
        desk.server.pages["/tau.html"] = page
        assert desk.run().counts == (0, 0, 2, 0, 0)  # not at once
        assert desk.server.paths() == ["/feed"]
        self.time_passes(desk)
        assert desk.run().counts == (1, 0, 2, 0, 0)
        assert desk.run().counts == (0, 0, 3, 0, 0)

    def time_passes(self, desk):
        with sqlite3.connect(desk.folder / "news.db.fetched") as memory:
            memory.execute("UPDATE pages SET retry_at = retry_at - 1000")
        memory.close()


class TestSitemaps:
    @pytest.fixture(autouse=True)
    def sitemaps(self, desk):
        self.put(desk, "2026-11-20")

    def put(self, desk, changed):
        one = sitemap([("/cau.html", f"<lastmod>{changed}</lastmod>"), ("/caphe.html", "")])
        two = gzip.compress(sitemap([("/tau.html", "<lastmod>2026-11-20</lastmod>")]).encode())
        index = sitemap_index([("/one.xml", changed), ("/two.xml.gz", "2026-11-20")])
        desk.server.pages["/one.xml"] = Reply(one, kind="application/xml")
        desk.server.pages["/two.xml.gz"] = Reply(two, kind="application/gzip", etag='"two"')
        desk.server.pages["/sitemap.xml"] = Reply(
            index, kind="application/xml", etag=f'"{changed}"'
        )

    def test_an_index_is_followed(self, desk):
        assert desk.run("/sitemap.xml").counts == (3, 0, 0, 0, 0)

    def test_unchanged_sitemaps_are_not_even_asked_for(self, desk):
        desk.run("/sitemap.xml")
        assert desk.run("/sitemap.xml").counts == (0, 0, 3, 0, 0)
        assert desk.server.paths() == ["/sitemap.xml"]

    def test_a_changed_lastmod_leads_to_the_page(self, desk):
        desk.run("/sitemap.xml")
        self.put(desk, "2026-11-21")
        assert desk.run("/sitemap.xml").counts == (0, 0, 3, 0, 0)
        assert desk.server.paths() == ["/sitemap.xml", "/one.xml", "/cau.html"]

    def test_too_many_pages_are_left_to_later_runs(self, desk):
        runs = [desk.run("/sitemap.xml", fetch_max_pages=1) for _ in range(4)]
        assert [run.counts[0] for run in runs] == [1, 1, 1, 0]
        assert "left to the next run" in runs[0].reason(desk.server.url("/sitemap.xml"))
        assert runs[3].counts == (0, 0, 3, 0, 0)

    def test_an_index_that_names_itself(self, desk):
        index = sitemap_index([("/loop.xml", "2026-11-20"), ("/one.xml", "2026-11-20")])
        desk.server.pages["/loop.xml"] = Reply(index, kind="text/xml")
        assert desk.run("/loop.xml").counts == (2, 0, 0, 0, 0)

    def test_a_bomb_among_sitemaps_costs_only_itself(self, desk):
        desk.server.pages["/one.xml"] = Reply(bomb(100), kind="application/gzip")
        run = desk.run("/sitemap.xml")
        assert run.counts == (1, 0, 0, 0, 1)
        assert "larger than 50 MiB" in run.reason(desk.server.url("/one.xml"))
        self.put(desk, "2026-11-20")
        assert desk.run("/sitemap.xml").counts == (2, 0, 1, 0, 0)


class TestTheBudgetOfASource:
    @pytest.fixture
    def nested(self, desk):
        """An index of seven indexes of seven sitemaps each, without a word on what changed."""
        pages = desk.server.pages
        pages["/sitemap.xml"] = Reply(sitemap_index([(f"/{i}.xml", "") for i in range(7)]))
        for i in range(7):
            pages[f"/{i}.xml"] = Reply(sitemap_index([(f"/{i}-{j}.xml", "") for j in range(7)]))
            for j in range(7):
                pages[f"/{i}-{j}.xml"] = Reply(sitemap([]))
        pages["/6-6.xml"] = Reply(sitemap([("/cau.html", "")]))
        return [f"/{i}-{j}.xml" for i in range(7) for j in range(7)]

    def test_it_bounds_sitemaps_too_and_later_runs_reach_the_others(self, desk, nested):
        met = set()
        for _ in range(8):
            run = desk.run("/sitemap.xml", fetch_max_pages=1)
            assert len(desk.server.requests) <= 22  # robots.txt is one of them
            reason = run.reason(desk.server.url("/sitemap.xml"))
            assert "left to the next run" in reason
            assert "22 requests" in reason or "1 page" in reason
            met.update(desk.server.paths())
        assert met.issuperset(nested)
        assert len(desk.articles()) == 1

    def test_sitemaps_that_fail_do_not_keep_their_place(self, desk, nested):
        for i in range(7):
            for j in range(6):
                desk.server.pages[f"/{i}-{j}.xml"] = Reply(status=404)
        met = set()
        for _ in range(8):
            desk.run("/sitemap.xml", fetch_max_pages=1)
            met.update(desk.server.paths())
        assert met.issuperset(nested)

    def test_redirects_and_further_tries_count(self, desk):
        pages = desk.server.pages
        entries = [(f"/{n}.html", item("cau")) for n in range(40)]
        pages["/feed"] = Reply(rss(entries), kind=FEED)
        for n in range(40):
            pages[f"/{n}.html"] = redirect(f"/{n}/a")
            pages[f"/{n}/a"] = redirect(f"/{n}/b")
            pages[f"/{n}/b"] = redirect(f"/{n}/c")
            pages[f"/{n}/c"] = Reply(status=410)
        desk.run(fetch_max_pages=9)
        assert len(desk.server.requests) == 38
        pages["/feed"] = Reply(status=503, headers={"Retry-After": "0"})
        desk.run(fetch_max_pages=1, fetch_tries=10)
        assert len(desk.server.requests) <= 22

    def test_bytes(self, desk, nested):
        for path in nested:
            filler = f"<!-- {'x' * 400_000} -->"
            desk.server.pages[path] = Reply(sitemap([("/cau.html", "")]) + filler)
        run = desk.run("/sitemap.xml", fetch_max_total_mb=1)
        assert len(desk.server.requests) < 10
        assert "1 MiB (SONGNGU_FETCH_MAX_TOTAL_MB)" in run.reason(desk.server.url("/sitemap.xml"))

    def test_time(self, desk, nested):
        began = time.monotonic()
        run = desk.run("/sitemap.xml", fetch_max_minutes=0.05, fetch_pause_s=0.7)
        assert "minutes (SONGNGU_FETCH_MAX_MINUTES)" in run.reason(desk.server.url("/sitemap.xml"))
        assert len(desk.server.requests) <= 5
        assert time.monotonic() - began < 20

    def test_a_pause_beyond_it_is_not_waited_for(self, desk):
        rules = "User-agent: *\nCrawl-delay: 300\n"
        desk.server.pages["/robots.txt"] = Reply(rules, kind="text/plain")
        began = time.monotonic()
        run = desk.run(fetch_max_minutes=1)
        assert run.counts[0] == 0
        assert "left to the next run" in run.reason(desk.server.url("/feed"))
        assert time.monotonic() - began < 30


BAD = {
    "/silent": silent,
    "/slow": trickling(),
    "/reset": drop,
    "/loop": redirect("/loop"),
    "/busy": Reply(status=429, headers={"Retry-After": "1000"}),
    "/picture": Reply(b"\x89PNG", kind="image/png"),
    "/bomb": Reply(bomb(), headers={"Content-Encoding": "gzip"}),
    "/json": Reply('{"a": 1}', kind="application/json"),
    "/opml": Reply("<opml/>", kind="text/xml"),
    "/nothing": Reply(""),
    "/empty": Reply(rss([]), kind=FEED),
    "/broken": Reply("<rss><channel><item>", kind=FEED),
}


def test_whatever_one_source_does_the_others_are_read(desk):
    hurried = {"fetch_read_timeout_s": 1.0, "fetch_timeout_s": 2.0}
    with WebServer("127.0.0.2") as other:
        other.pages |= BAD
        urls = [desk.server.url("/feed"), *map(other.url, BAD)]
        run = desk.run(urls=urls, allow_private="127.0.0.0/8", **hurried)
        assert run.report.added == 3
        told = {problem["file"].partition("#")[0] for problem in run.problems}
        assert told == set(map(other.url, BAD))


@pytest.mark.parametrize("path", BAD)
def test_every_misbehaviour_of_a_source_is_told(desk, path):
    desk.server.pages[path] = BAD[path]
    run = desk.run(path, fetch_read_timeout_s=0.5, fetch_timeout_s=1.0)
    assert run.counts[:3] == (0, 0, 0)
    assert run.problems[0]["file"] == desk.server.url(path)
    assert "left alone" not in run.problems[0]["reason"]


def test_a_slow_site_holds_up_no_other(desk):
    with WebServer("127.0.0.2") as slow:
        slow.pages["/feed"] = silent
        settings = Settings(
            **{**QUICK, "allow_private": "127.0.0.0/8", "fetch_read_timeout_s": 9.0}
        )
        urls, stop = [slow.url("/feed"), desk.server.url("/feed")], threading.Event()
        memory = desk.folder / "other.fetched"
        reader = WebReader(urls, settings, lambda ids: ids, memory=memory, stop=stop)
        documents = reader.documents()
        first = [next(documents).origin.file for _ in STORIES]
        assert first == [desk.server.url(f"/{name}.html") for name in STORIES]
        stop.set()
        assert list(documents) == []
        reader.close()


def test_standard_input_is_read_once(tmp_path):
    done = songngu("index", "-", "--every", "1m", cwd=tmp_path, stdin="")
    assert done.returncode == 1
    assert "can be read once" in one_line(done.stderr)


def test_private_addresses_are_refused_unless_allowed(desk):
    run = desk.run(allow_private="")
    assert run.counts == (0, 0, 0, 0, 1)
    assert "--allow-private 127.0.0.1" in run.reason(desk.server.url("/feed"))
    assert desk.server.requests == []


def test_what_the_archive_lost_is_fetched_again(desk):
    desk.run()
    lost = desk.articles()[desk.title("tau")].id
    with open_archive(str(desk.folder / "news.db"), settings=Settings()) as archive:
        archive.store.delete([lost])
    assert desk.run().counts == (1, 0, 2, 0, 0)
    assert desk.server.paths() == ["/feed", "/tau.html"]


def test_a_new_archive_begins_anew(desk):
    desk.run()
    for file in desk.folder.glob("news.db*"):
        if file.is_file() and "fetched" not in file.name:
            file.unlink()
    assert desk.run().counts == (3, 0, 0, 0, 0)


@pytest.mark.parametrize("damage", [b"", b"no database at all" * 100])
def test_a_damaged_memory_costs_only_requests(desk, damage):
    desk.run()
    memory = desk.folder / "news.db.fetched"
    for suffix in ("-wal", "-shm"):
        (desk.folder / f"news.db.fetched{suffix}").unlink(missing_ok=True)
    memory.write_bytes(damage)
    assert desk.run().counts == (0, 0, 3, 0, 0)
    assert len(desk.server.paths()) == 4
    desk.run()
    assert desk.server.paths() == ["/feed"]


def test_a_memory_that_cannot_be_kept_is_told(desk, capsys):
    (desk.folder / "news.db.fetched").mkdir()
    assert desk.run().counts == (3, 0, 0, 0, 0)
    assert "The next run fetches everything again" in capsys.readouterr().err


def test_an_elasticsearch_archive_is_kept_fresh_too(cluster, tmp_path, monkeypatch):
    monkeypatch.setenv("SONGNGU_CACHE", str(tmp_path / "cache"))
    with open_archive(cluster, settings=Settings()) as archive, WebServer() as server:
        desk = Desk(server, tmp_path, cluster)
        desk.feed("cau", "tau")
        assert desk.run().counts == (2, 0, 0, 0, 0)
        assert desk.run().counts == (0, 0, 2, 0, 0)
        assert desk.server.paths() == ["/feed"]
        archive.store.delete([desk.articles()[desk.title("tau")].id])
        archive.store.flush()
        assert desk.run().counts == (1, 0, 1, 0, 0)
    assert list((tmp_path / "cache" / "fetched").glob("*.db"))


def test_what_is_remembered(tmp_path):
    memory = Memory(tmp_path / "deep" / "fetched.db")
    page = Page("https://news.example/1", "kept", article="url-1")
    source = SourceState("https://news.example/rss", stamp="s", complete=True)
    memory.remember([page, Seen(source.url, page.url, "t"), source])
    assert memory.page(page.url) == page
    assert memory.source(source.url) == source
    assert memory.stamps(source.url) == {page.url: "t"}
    assert memory.pages_of(source.url) == [page]
    pauses = []
    for _ in range(9):
        page = page.failed_again(0.0)
        pauses.append(page.retry_at)
    assert pauses[:3] == [900, 1800, 3600]
    assert pauses[-1] == 86_400
    memory.forget_entries(source.url, [page.url])
    assert memory.stamps(source.url) == {}
    memory.forget_all()
    assert (memory.page(page.url), memory.source(source.url)) == (None, None)
    memory.close()


@pytest.mark.parametrize(
    ("written", "read"),
    [("90s", 90), ("15m", 900), ("1.5h", 5400), ("1d", 86_400), (" 2 h ", 7200)],
)
def test_intervals(written, read):
    assert interval_seconds(written) == read


@pytest.mark.parametrize("written", ["", "15", "m", "15 minutes", "-1m", "0s", "99d", "1e9s"])
def test_what_is_no_interval(written):
    with pytest.raises(SettingsError, match="--every"):
        interval_seconds(written)


def until(fulfilled, process):
    """Wait for something that a running command does."""
    ends_at = time.monotonic() + 60
    while not fulfilled():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < ends_at
        time.sleep(0.01)


def test_an_archive_that_is_away_costs_a_round(capsys):
    stop, rounds, told = threading.Event(), [], []

    def run(first):
        rounds.append(first)
        if len(rounds) == 2:
            raise StoreUnavailableError("No answer from the archive.")
        if len(rounds) >= 3:
            stop.set()
        return Report(added=len(rounds))

    run_rounds(run, lambda report: told.append(report.added), interval_s=0.01, stop=stop)
    assert rounds == [True, False, False]
    assert told == [1, 3]
    assert "No answer from the archive. The next round tries again." in capsys.readouterr().err


def test_an_archive_that_cannot_say_what_it_has_ends_a_round(desk):
    desk.run()

    def kept(ids):
        raise StoreUnavailableError("No answer from the archive.")

    memory = desk.folder / "news.db.fetched"
    urls, stop = [desk.server.url("/feed")], threading.Event()
    reader = WebReader(urls, Settings(**QUICK), kept, memory=memory, stop=stop)
    with pytest.raises(StoreUnavailableError):
        list(reader.documents())
    reader.close()
    assert desk.run().counts == (0, 0, 3, 0, 0)


def test_an_archive_that_was_never_there_ends_it():
    def run(first):
        raise StoreUnavailableError("No answer from the archive.")

    with pytest.raises(StoreUnavailableError):
        run_rounds(run, print, interval_s=60, stop=threading.Event())


class TestTheCommand:
    def test_it_reports_by_address(self, desk):
        desk.server.pages["/tau.html"] = Reply(status=410)
        done = songngu("index", desk.server.url("/feed"), "--json", cwd=desk.folder, **FLAGS)
        assert done.returncode == 1
        report = json.loads(done.stdout)
        assert (report["added"], report["failed"]) == (2, 1)
        assert one_line(done.stderr.splitlines()[0]).startswith(desk.server.url("/tau.html"))
        problem = json.loads((desk.folder / "songngu-errors.jsonl").read_text("utf-8"))
        assert problem["file"] == desk.server.url("/tau.html")

    def test_every_keeps_an_archive_fresh_until_it_is_told_to_end(self, desk):
        (desk.folder / "more.jsonl").write_text('{"text": "Một tin trong tệp."}\n', "utf-8")
        desk.feed("cau")
        given = (desk.server.url("/feed"), "more.jsonl", "--every", "1s", "--json")
        process = start("index", *given, cwd=desk.folder, **FLAGS)
        lines = queue.Queue()
        reader = threading.Thread(target=lambda: [lines.put(line) for line in process.stdout])
        reader.start()

        def report():
            return json.loads(lines.get(timeout=30))

        first = report()
        assert (first["added"], first["failed"]) == (2, 0)
        assert first["time"]
        assert first["links"]["linked"] == 2
        desk.feed(etag='"2"')
        added = 0
        while added < 2:
            added += report()["added"]
        desk.server.pages["/feed"] = drop  # the source fails, and comes back
        while not report()["failed"]:
            pass
        desk.feed(etag='"3"', date="Sun, 22 Nov 2026 08:30:00 +0700")
        while (last := report())["unchanged"] != 4:
            pass
        assert last["links"] is None  # nothing changed: an archive is not gone through for nothing
        process.send_signal(signal.SIGTERM)
        said = process.stderr.read()
        process.wait(timeout=20)
        reader.join()
        process.stdout.close()
        process.stderr.close()
        assert process.returncode == 0
        assert "Traceback" not in said
        assert len(desk.articles()) == 4

    def test_ctrl_c_ends_a_round_that_waits_for_a_server(self, desk):
        desk.server.pages["/tau.html"] = silent
        patient = FLAGS | dict.fromkeys(
            ("SONGNGU_FETCH_READ_TIMEOUT_S", "SONGNGU_FETCH_TIMEOUT_S"), "60"
        )
        given = (desk.server.url("/feed"), "--every", "1h")
        process = start("index", *given, cwd=desk.folder, **patient)
        until(lambda: desk.server.asked("/tau.html"), process)
        process.send_signal(signal.SIGINT)
        out, said = process.communicate(timeout=20)
        assert (process.returncode, "Traceback" in said) == (0, False)
        assert "2 added" in out
        assert len(desk.articles()) == 2

    def test_a_kill_loses_nothing(self, desk):
        names = [f"tin-{number}" for number in range(12)]
        for name in names:
            page = article("cau").replace("Nậm Mu", f"Nậm {name}")
            desk.server.pages[f"/{name}.html"] = Reply(page)
        entries = [(f"/{name}.html", f"<title>{name}</title>") for name in names]
        desk.server.pages["/feed"] = Reply(rss(entries), kind=FEED, etag='"many"')
        for pages, wait_s in ((5, 0), (12, 0.2)):
            desk.server.forget()
            process = start("index", desk.server.url("/feed"), cwd=desk.folder, **FLAGS)
            ended = time.monotonic() + 60
            while len(desk.server.paths()) <= pages and process.poll() is None:
                assert time.monotonic() < ended
                time.sleep(0.01)
            time.sleep(wait_s)
            os.kill(process.pid, signal.SIGKILL)
            process.communicate()
        run = desk.run()
        assert (run.report.added + run.report.unchanged, run.report.failed) == (12, 0)
        assert len(desk.articles()) == 12
        assert desk.run().counts == (0, 0, 12, 0, 0)
        assert desk.server.paths() == ["/feed"]


class TestAWrongClock:
    """Ten years back, it neither keeps a page waiting nor changes what is kept."""

    def test_a_failed_page_does_not_wait_for_years(self, desk, monkeypatch):
        page, desk.server.pages["/tau.html"] = desk.server.pages["/tau.html"], Reply(status=404)
        assert desk.run().counts == (2, 0, 0, 0, 1)
        desk.server.pages["/tau.html"] = page
        assert desk.run().counts == (0, 0, 2, 0, 0)
        real = time.time
        monkeypatch.setattr(time, "time", lambda: real() - 10 * 365 * 86_400)
        assert desk.run().counts == (1, 0, 2, 0, 0)
        assert desk.run().counts == (0, 0, 3, 0, 0)

    def test_a_server_is_left_alone_by_its_own_clock(self, desk):
        headers = {
            "Date": "Tue, 03 Mar 2037 08:00:00 GMT",
            "Retry-After": "Tue, 03 Mar 2037 08:00:01 GMT",
        }
        assert _retry_after(headers["Retry-After"], headers["Date"]) == 1.0
        assert _retry_after(headers["Retry-After"], None) == 86_400.0


def test_no_secret_is_told(desk):
    server = desk.server.url("").removeprefix("http://")
    desk.server.pages["/cau.html?token=s3cret"] = Reply(status=404)
    desk.server.pages["/rss?token=s3cret"] = Reply(
        rss([("/cau.html?token=s3cret", item("cau"))]), kind=FEED
    )
    urls = [
        f"http://ann:s3cret@{server}/feed",
        f"htp://ann:s3cret@{server}/feed",
        desk.server.url("/missing?api_key=s3cret"),
        desk.server.url("/rss?token=s3cret"),
    ]
    done = songngu("index", *urls, "--json", cwd=desk.folder, **FLAGS)
    errors = desk.folder / "songngu-errors.jsonl"
    assert done.returncode == 1
    assert len(errors.read_text("utf-8").splitlines()) == 4
    for told in (done.stdout, done.stderr, errors.read_text("utf-8")):
        assert "s3cret" not in told
    for file in (errors, desk.folder / "news.db.fetched"):
        assert file.stat().st_mode & 0o777 == 0o600


def test_what_the_web_has_too_is_not_removed_with_a_file(desk):
    desk.run("/cau.html")
    url = desk.server.url("/cau.html")
    row = {"id": "mine", "url": url, "title": "Cầu", "text": "Cầu mới đã thông xe sáng nay."}
    file = desk.folder / "own.jsonl"
    other = {"id": "other", "title": "Khác", "text": "Một bài khác, chỉ có ở đây."}
    file.write_text("\n".join(map(json.dumps, (row, other))), "utf-8")
    assert songngu("sync", file, "--archive", desk.place, cwd=desk.folder).returncode == 0
    file.write_text(json.dumps(other), "utf-8")
    done = songngu("sync", file, "--archive", desk.place, "--json", cwd=desk.folder)
    assert json.loads(done.stdout)["removed"] == 0
    assert desk.articles().keys() == {"Cầu", "Khác"}


def test_what_was_taken_down_can_be_let_in_again(desk):
    """Not for good: a page that was refused for its takedown is asked for again some time."""
    desk.run("/cau.html")
    url = desk.server.url("/cau.html")
    assert songngu("delete", url, "--archive", desk.place, cwd=desk.folder).returncode == 0
    desk.server.pages["/cau.html"] = Reply(article("cau", changed="Thêm một đoạn."), etag='"2"')
    assert desk.run("/cau.html").counts == (0, 0, 0, 1, 0)
    again = songngu("delete", "--allow-again", url, "--archive", desk.place, cwd=desk.folder)
    assert again.returncode == 0
    with sqlite3.connect(f"{desk.place}.fetched") as memory:
        memory.execute("UPDATE pages SET retry_at = 0")  # the pause is over
    memory.close()
    assert desk.run("/cau.html").counts == (1, 0, 0, 0, 0)


def test_an_address_cannot_be_mirrored(desk):
    done = songngu("sync", desk.server.url("/feed"), "--archive", "new.db", cwd=desk.folder)
    assert done.returncode == 1
    assert "songngu index" in done.stderr
    assert not (desk.folder / "new.db").exists()


def sends_on(address):
    return Reply(f'<meta http-equiv="refresh" content="0;url={address}"><p>One moment</p>')


def test_a_page_that_only_sends_on_is_followed(desk):
    pages = desk.server.pages
    pages["/old.html"] = sends_on("/older.html")
    pages["/older.html"] = sends_on("cau.html")
    assert desk.run("/old.html").counts == (1, 0, 0, 0, 0)
    assert desk.articles().keys() == {desk.title("cau")}
    pages["/feed"] = Reply(rss([("/moved.html", item("caphe"))]), kind=FEED)
    pages["/moved.html"] = sends_on("/caphe.html")
    assert desk.run("/feed").counts == (1, 0, 0, 0, 0)
    assert desk.articles().keys() == {desk.title("cau"), desk.title("caphe")}


def test_pages_that_send_on_in_a_circle_or_to_a_place_inside_end_with_the_reason(desk):
    pages = desk.server.pages
    pages["/a.html"], pages["/b.html"] = sends_on("/b.html"), sends_on("/a.html")
    pages["/inside.html"] = sends_on("http://10.0.0.1/story.html")
    run = desk.run("/a.html", "/inside.html")
    assert run.counts[0] == 0
    assert "only sends on to" in run.reason(desk.server.url("/a.html"))
    assert "10.0.0.1" in run.reason(desk.server.url("/inside.html"))
