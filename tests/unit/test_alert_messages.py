"""Messages about new stories: both languages, all of Unicode, and nothing that can be injected."""

import email
import email.policy
from html.parser import HTMLParser

import pytest

from search.alerts.messages import (
    News,
    NewStory,
    as_email,
    as_html,
    as_text,
    link,
    search_link,
    subject,
)
from search.alerts.saved_searches import MailSettings, SavedSearch
from search.records import Article, Filters, Query

MAIL = MailSettings("localhost", 25, "none", "", "tin@bao.vn", "Bàn tin, “Huế”", "", 5.0)
VI = Article(
    "v1", "vi", "Thân bài.", "Giá cà phê", "Sa pô.", "2025-09-04T08:00:00+07:00", source="Báo"
)
EN = Article("e1", "en", "Coffee is dear.", "Coffee price", date="2025-09-05", source="Post")
NASTY = 'Giá</h1><script>alert("x")</script>\r\nBcc: x@y.vn\x00\ud800\uffff\u202e'


def news(*stories, ui="vi", name="Giá cà phê", site="https://tin.example", total=None, **query):
    search = SavedSearch(name, Query("gia ca phe", **query), ui, ("a@b.vn",))
    return News(search, stories, total or len(stories), site)


def read(message):
    """The message as a mail program reads it from the wire; its lines are what SMTP takes."""
    wire = message.as_bytes()
    assert wire.isascii()
    assert max(map(len, wire.splitlines())) <= 998
    return email.message_from_bytes(wire, policy=email.policy.default)


@pytest.mark.parametrize(
    ("ui", "number", "said"),
    [
        ("vi", 1, "Giá cà phê: 1 bài mới"),
        ("vi", 1234, "Giá cà phê: 1.234 bài mới"),
        ("en", 1, "Giá cà phê: 1 new story"),
        ("en", 1234, "Giá cà phê: 1,234 new stories"),
    ],
)
def test_subjects(ui, number, said):
    about = news(NewStory(VI), ui=ui, total=number)
    assert subject(about) == said
    assert read(as_email(about, "a@b.vn", MAIL, ["v1"]))["Subject"] == said


def test_plain_text():
    said = as_text(news(NewStory(EN), NewStory(VI, Article("e9", "en", "x", "Dear coffee"))))
    assert said.index("Tiếng Việt") < said.index("* Giá cà phê") < said.index("English")
    assert "  Báo · 4/9/2025\n  https://tin.example/article?id=v1\n  Sa pô.\n" in said
    assert "  = Bản tiếng Anh của bài này: Dear coffee" in said
    assert "https://tin.example/?q=gia+ca+phe&sort=newest&ui=vi" in said
    english = as_text(news(NewStory(EN), ui="en", site=""))
    assert "Post · September 5, 2025\n  Coffee is dear.\n" in english
    assert "http" not in english


def test_the_other_telling_is_not_named_where_it_is_told_itself():
    both = news(NewStory(VI, EN), NewStory(EN, VI))
    assert "Bản tiếng" not in as_text(both)
    assert "Bản tiếng" not in as_html(both)


def test_what_is_unknown_and_what_is_left_over():
    undated = Article("u", "vi", "Một bài không có tiêu đề và không có ngày.")
    said = as_text(news(NewStory(undated), total=1501))
    assert "* Một bài không có tiêu đề và không có ngày.\n  không rõ ngày\n" in said
    assert said.count("Một bài") == 1
    assert "Và 1.500 bài mới khác" in said
    assert "And 1 more new" in as_html(news(NewStory(undated), total=2, ui="en"))


class Page(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.tags, self.texts = [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data)


def test_html_escapes_everything_and_says_its_languages():
    hostile = Article("<&\"'", "en", NASTY, NASTY, NASTY, "never", 'javascript:"', NASTY)
    page = Page(as_html(news(NewStory(hostile, hostile), name='"><b>x')))
    assert {tag for tag, _ in page.tags} == {
        *"html head meta title body h1 h2 ul li p b br span a small".split()
    }
    assert [a["href"] for tag, a in page.tags if tag == "a"] == [
        "https://tin.example/article?id=%3C%26%22%27",
        "https://tin.example/?q=gia+ca+phe&sort=newest&ui=vi",
    ]
    assert [a["lang"] for tag, a in page.tags if "lang" in a][:4] == ["vi", "en", "en", "vi"]


def test_nothing_can_be_injected():
    hostile = Article("v", "vi", NASTY, NASTY, NASTY, "2025-01-01", None, NASTY)
    # Names come from a file that was checked; what slips through is refused, not sent.
    message = read(as_email(news(NewStory(hostile)), "a@b.vn", MAIL, ["v"]))
    assert message["Bcc"] is None
    assert message["To"] == "a@b.vn"
    assert "Bcc: x@y.vn" in message.get_body(("plain",)).get_content()
    with pytest.raises(ValueError, match="linefeed"):
        as_email(news(NewStory(VI), name="a\r\nBcc: x@y.vn"), "a@b.vn", MAIL, ["v"])


def test_the_headers():
    first = read(as_email(news(NewStory(VI)), "a@b.vn", MAIL, ["v1", "v2"]))
    again = read(as_email(news(NewStory(VI)), "a@b.vn", MAIL, ["v2", "v1"]))
    other = read(as_email(news(NewStory(VI)), "c@b.vn", MAIL, ["v1", "v2"]))
    assert first["Message-ID"] == again["Message-ID"] != other["Message-ID"]
    assert first["Message-ID"].endswith("@bao.vn>")
    assert first["List-Id"] == other["List-Id"] == "<gia-ca-phe-197891e7.songngu.bao.vn>"
    assert first["From"].addresses[0].display_name == "Bàn tin, “Huế”"
    assert first["Date"].datetime.tzinfo is not None
    assert first["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in first.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]
    assert "4/9/2025" in first.get_body(("plain",)).get_content()
    assert "Giá cà phê" in first.get_body(("html",)).get_content()


@pytest.mark.parametrize(
    ("url", "linked"),
    [
        ("https://bao.vn/a?b=1", True),
        ("javascript:alert(1)", False),
        ('https://bao.vn/"onclick', False),
        ("https://bao.vn/a\nb", False),
        ("https://", False),
        (None, False),
    ],
)
def test_links_to_publishers(url, linked):
    assert link(Article("a", "vi", "x", url=url), "") == (url if linked else "")
    assert (
        link(Article("a/b\ud800", "vi", "x"), "https://s.vn") == "https://s.vn/article?id=a%2Fb%3F"
    )


def test_the_link_to_a_search_says_all_of_it():
    about = news(
        lang="vi", mode="words", verbatim=True, only_phrases=True,
        filters=Filters("2025-01-01", "2025-02-01", ("A", "B"), ("C",), ("D",)),
    )  # fmt: skip
    assert search_link(about.search, "https://s.vn") == (
        "https://s.vn/?q=gia+ca+phe&lang=vi&mode=words&from=2025-01-01&to=2025-02-01&source=A"
        "&source=B&author=C&section=D&verbatim=1&phrase=1&sort=newest&ui=vi"
    )
