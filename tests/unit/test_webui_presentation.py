"""From untrusted results to safe markup."""

import pytest
from flask import Flask
from markupsafe import Markup

from search.records import Article
from webui.presentation import (
    marked,
    page_numbers,
    paragraphs,
    safe_link,
)


@pytest.mark.parametrize(
    ("text", "marks", "html"),
    [
        ("tàu điện", (), "tàu điện"),
        ("tàu điện", ((0, 3), (4, 8)), "<mark>tàu</mark> <mark>điện</mark>"),
        ("<b>a & b</b>", ((3, 4),), "&lt;b&gt;<mark>a</mark> &amp; b&lt;/b&gt;"),
        ("<script>", ((0, 8),), "<mark>&lt;script&gt;</mark>"),
        ("{}%s{0}", ((0, 2),), "<mark>{}</mark>%s{0}"),
        ("abc", ((1, 2), (0, 1)), "<mark>a</mark><mark>b</mark>c"),
        ("abcd", ((0, 3), (2, 4)), "<mark>abc</mark><mark>d</mark>"),
        ("abc", ((-5, 1), (2, 99), (7, 9), (1, 1)), "<mark>a</mark>b<mark>c</mark>"),
        ("", ((0, 1),), ""),
    ],
)
def test_marks_are_cut_and_everything_is_escaped(text, marks, html):
    result = marked(text, marks)
    assert isinstance(result, Markup)
    assert str(result) == html


@pytest.mark.parametrize(
    "url",
    [
        "https://example.vn/tin?a=1&b=2#c",
        "http://example.com",
        "HTTPS://EXAMPLE.COM/",
        "https://example.test.vn/example",
        "https://báo.vn/tin-mới",
    ],
)
def test_links_to_the_web(url):
    assert safe_link(url) == url


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " javascript:alert(1)",
        "java\tscript:alert(1)",
        "https://example.com/\x00",
        "https://example.com/a b",
        "https:\\\\example.com",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "file:///etc/passwd",
        "//example.com/",
        "/article/1",
        "https://",
        "https://[::1",
        "https:example.com",
        "https://news.example/1",
        "http://a.b.INVALID:80/",
        "https://x.test",
    ],
)
def test_everything_else_is_no_link(url):
    assert safe_link(url) is None


@pytest.mark.parametrize(
    ("page", "last", "numbers"),
    [
        (1, 1, [1]),
        (1, 2, [1, 2]),
        (1, 9, [1, 2, 3, None, 9]),
        (4, 5, [1, 2, 3, 4, 5]),
        (5, 9, [1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (50, 99, [1, None, 48, 49, 50, 51, 52, None, 99]),
        (99, 99, [1, None, 97, 98, 99]),
    ],
)
def test_page_numbers(page, last, numbers):
    assert page_numbers(page, last) == numbers


def test_an_article_without_title_is_called_by_its_beginning():
    assert Article(id="1", lang="vi", text="Thân bài.", title="Tên").headline == "Tên"
    assert Article(id="1", lang="vi", text="Câu\nđầu.").headline == "Câu đầu."
    assert Article(id="1", lang="vi", text="từ " * 99).headline == "từ " * 29 + "từ…"
    assert Article(id="1", lang="vi", text="x" * 99).headline == "x" * 90 + "…"


def test_paragraphs_are_lines_that_say_something():
    assert paragraphs("một\n\n hai \n\n\nba\n") == ["một", "hai", "ba"]


@pytest.mark.parametrize(
    ("article_id", "path"),
    [
        ("abc-1_2.3", "/article/abc-1_2.3"),
        ("a/b", "/article?id=a/b"),
        ("https://x.vn//a?b=1#c", "/article?id=https://x.vn//a?b%3D1%23c"),
        ("..", "/article?id=.."),
        ("tin số 1", "/article?id=tin+s%E1%BB%91+1"),
        ("", "/article?id="),
    ],
)
def test_reading_pages_have_addresses_for_all_ids(article_id, path):
    from webui.pages import blueprint
    from webui.presentation import article_url

    app = Flask(__name__)
    app.register_blueprint(blueprint)
    with app.test_request_context():
        assert article_url(article_id) == path
