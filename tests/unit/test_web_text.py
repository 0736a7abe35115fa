"""Character sets, addresses, and what refuses to be indexed."""

import gzip
import unicodedata

import pytest

from indexer.charsets import decoded as text_of
from indexer.fetching import gunzipped, normalised
from indexer.fetching.client import _retry_after
from indexer.pages.prose import without_html
from indexer.sources import is_web_address
from indexer.sources.web_kinds import feeds_named, refuses_indexing
from search.errors import FetchError

LINE = "Đường sắt Việt Nam chạy thêm bốn đôi tàu đêm – “vé bán từ hôm nay”"


@pytest.mark.parametrize(
    ("data", "header"),
    [
        (LINE.encode(), "utf-8"),
        (LINE.encode(), None),
        (LINE.encode(), "iso-8859-1"),
        (LINE.encode(), "windows-1258"),
        (LINE.encode(), "no-such-charset"),
        (LINE.encode(), "zlib"),
        (LINE.encode("utf-8-sig"), "iso-8859-1"),
        (LINE.encode("utf-16"), None),
        (LINE.encode("utf-16"), "utf-8"),
        (LINE.encode("utf-16-le"), "utf-16"),
        (LINE.encode("utf-16-be"), None),
        (LINE.encode("utf-32"), None),
        (LINE.encode("gb18030"), "gb18030"),
    ],
)
def test_text_is_read_as_what_it_is(data, header):
    assert text_of(data, header) == LINE


@pytest.mark.parametrize(
    ("text", "charset", "header", "head"),
    [
        ("naïve café – “yes”", "cp1252", "iso-8859-1", ""),
        ("naïve café – “yes”", "cp1252", "windows-1252", ""),
        ("naïve café – “yes”", "cp1252", None, '<meta charset="windows-1252">'),
        ("Привет, это новости", "koi8-r", None,
         "<meta http-equiv=Content-Type content='text/html; charset=KOI8-R'>"),
        ("Привет, это новости", "cp1251", None, "<?xml version='1.0' encoding='windows-1251'?>"),
        ("Привет, это новости", "cp1251", "utf-8", '<meta charset="windows-1251">'),
    ],
)  # fmt: skip
def test_other_character_sets(text, charset, header, head):
    assert text_of(f"{head}<p>{text}".encode(charset), header).endswith(text)


def test_vietnamese_code_page():
    # Tone marks are letters of their own there, after the letter they stand on.
    data = b"\xd0\xfd\xf5\xccng t\xf5\xeci tr\xfd\xf5\xccng h\xf2o\xf2c"
    for header in ("windows-1258", None):
        text = unicodedata.normalize("NFC", text_of(data, header))
        assert text.startswith("Đường tới trường")


def test_one_damaged_letter_does_not_cost_the_others():
    data = (LINE * 20).encode() + b"\xff" + LINE.encode()
    assert text_of(data).count(LINE) == 21


def test_a_zero_byte_makes_no_other_character_set():
    assert text_of(LINE.encode() + b"\0" + LINE.encode()) == f"{LINE}\0{LINE}"


def test_gzip_files_are_unpacked_within_the_limit():
    assert gunzipped(b"plain", max_bytes=10) == b"plain"
    packed = gzip.compress(b"one ") + gzip.compress(b"two")
    assert gunzipped(packed, max_bytes=10) == b"one two"
    assert gunzipped(packed + b"\0" * 8, max_bytes=10) == b"one two"
    with pytest.raises(FetchError, match="larger"):
        gunzipped(packed, max_bytes=6)
    with pytest.raises(FetchError, match="too early"):
        gunzipped(gzip.compress(b"x" * 5000)[:30], max_bytes=9999)


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("HTTP://News.Example:80", "http://news.example/"),
        ("https://news.example:443/a#b", "https://news.example/a"),
        ("https://news.example:8443/a?b=c%20d&e=đ", "https://news.example:8443/a?b=c%20d&e=%C4%91"),
        ("https://báo.example/tin mới/", "https://xn--bo-mia.example/tin%20m%E1%BB%9Bi/"),
        ("  https://news.example/a\n ", "https://news.example/a"),
        ("http://[2606:4700::1111]/", "http://[2606:4700::1111]/"),
        ("https://news.example./", "https://news.example/"),
    ],
)
def test_addresses_as_they_are_sent(given, sent):
    assert normalised(given) == sent
    assert normalised(sent) == sent


def test_relative_addresses():
    base = "https://news.example/rss/new.xml"
    assert normalised("../a b.html", base=base) == "https://news.example/a%20b.html"
    assert normalised("//cdn.example/x", base=base) == "https://cdn.example/x"


@pytest.mark.parametrize(
    "given",
    [
        "", "news.example", "ftp://news.example/", "javascript:alert(1)", "http://", "http://:80/",
        "http://[::1/", "http://news.example:99999/", "http://a@news.example/", "http://..example/",
        "http://" + "a" * 64 + ".example/",
        "http://news.example/" + "a" * 5000,
        "mailto:a@b.example",
    ],
)  # fmt: skip
def test_what_is_no_address(given):
    with pytest.raises(FetchError) as caught:
        normalised(given)
    assert "\n" not in str(caught.value)


def test_paths_are_no_addresses():
    assert is_web_address("https://news.example/rss")
    assert is_web_address("ftp://news.example/rss")
    for path in ("news.jsonl", "./http:/x", "C:\\news", "a:b", "-", "http:news"):
        assert not is_web_address(path)


@pytest.mark.parametrize(
    ("page", "header", "refuses"),
    [
        ("<p>text", "", False),
        ("<p>text", "noindex", True),
        ("<p>text", "nofollow, NoIndex", True),
        ("<p>text", "max-snippet:-1, nofollow", False),
        ("<p>text", "otherbot: noindex", False),
        ('<meta name="robots" content="noindex,follow">', "", True),
        ("<META CONTENT='none' NAME='ROBOTS'>", "", True),
        ('<meta name="robots" content="index, follow">', "", False),
        ('<meta name="googlebot" content="noindex">', "", False),
        ("<meta name=robots content=noindex />", "", True),
    ],
)
def test_pages_that_ask_to_be_left_out(page, header, refuses):
    assert refuses_indexing(page, header) is refuses


def test_feeds_that_a_page_names():
    page = """<link rel="stylesheet" href="a.css"><link rel=alternate hreflang=en href=/en>
    <link rel="alternate" type="application/rss+xml" title="A &amp; B" href="/rss?a=1&amp;b=2">
    <link href='https://other.example/atom' type='application/atom+xml' rel='alternate home'>
    <link rel="alternate" type="application/rss+xml" href="/rss?a=1&amp;b=2">"""
    assert feeds_named(page, url="https://news.example/x/") == [
        "https://news.example/rss?a=1&b=2",
        "https://other.example/atom",
    ]


@pytest.mark.parametrize("encoding", ["utf-32", "utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("charset", [None, "utf-32", "utf-16", "utf-8"])
def test_wide_letters_with_and_without_a_mark(encoding, charset):
    text = "<?xml version='1.0'?><rss><title>Đò ngang sang sông</title></rss>"
    assert text_of(text.encode(encoding), charset) == text


@pytest.mark.parametrize("around", ["<!-- {} -->", "<script>var old = '{}'</script>"])
def test_what_a_page_has_taken_back_asks_for_nothing(around):
    asked = around.format('<meta name="robots" content="noindex">')
    assert not refuses_indexing(f"<html><head>{asked}</head><body><p>text", "")
    linked = around.format('<link rel="alternate" type="application/rss+xml" href="/old">')
    assert feeds_named(f"<html><head>{linked}</head>", url="https://news.example/") == []


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("120", 120.0), ("9" * 5000, 86_400.0), ("soon", None), ("Mon, 01 Jan 99999 00:00:00", None)],
)
def test_how_long_a_server_wants_to_be_left_alone(value, seconds):
    assert _retry_after(value, None) == seconds


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("A&nbsp;B", "A B"),
        ("A&nbsp B", "A B"),
        ("A&nbspB", "A B"),
        ("A&NBSP;B", "A B"),
        ("A&amp;nbsp;B", "A B"),
        ("AT&amp;amp;T", "AT&T"),
        ("l&amp;#361; l&#7909;t", "lũ lụt"),
        ("2020 &#8211 2021", "2020 – 2021"),
        ("Bộ NN&PTNT; AT&T", "Bộ NN&PTNT; AT&T"),
        ("&amp;lt;b&amp;gt;", "&lt;b&gt;"),  # a story about mark-up
    ],
)
def test_entities_are_decoded_however_they_were_written(written, meant):
    assert " ".join(without_html(written).split()) == meant
