"""Lines of agencies before a story, and what is shown where a title is missing."""

import pytest

from indexer.passages import split
from search.ranking.snippets import Marker, best_snippet
from search.records import Article, Passage
from search.text.agencies import agency_line, is_agency_line


@pytest.mark.parametrize(
    "line",
    [
        "HÀ NỘI (Reuters) -",
        "HÀ NỘI (Reuters) - ",
        "(TTXVN) –",
        "(TTXVN)",
        "TP.HCM (TTXVN) —",
        "HANOI, March 3 (Reuters) -",
        "Hà Nội, TTXVN –",
        "REUTER",
        "(Baonghean) - ",
    ],
)
def test_a_line_of_an_agency(line):
    assert is_agency_line(line)
    story = f"{line.rstrip()} – Giá cà phê tăng." if line.rstrip()[-1] in ")R" else None
    if story:
        assert story[agency_line(story) :] == "Giá cà phê tăng."


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Giá cà phê tăng.",
        "Reuters said on Monday",
        "Hãng Reuters đưa tin",
        "Ủy ban (UBND) tỉnh họp",
        "Covid-19 lan rộng",
        "Cà phê - thứ uống của mọi nhà",
        "Apple (AAPL) rose 3 percent",
    ],
)
def test_what_belongs_to_a_story_stays(text):
    assert agency_line(text) == 0
    assert not is_agency_line(text)


def test_it_is_read_in_no_time_whatever_is_typed():
    assert agency_line("A. " * 50_000) == 0
    assert agency_line("(" * 50_000) == 0
    assert agency_line(" " * 50_000) == 0


def test_a_story_without_a_title_has_the_beginning_of_its_text():
    text = "HÀ NỘI (Reuters) -\nGiá cà phê " + "tăng mạnh " * 30
    untitled = Article(id="1", lang="vi", text=text)
    assert untitled.headline.startswith("Giá cà phê tăng mạnh")
    assert untitled.headline.endswith("mạnh…")
    assert len(untitled.headline) <= 91
    assert Article(id="1", lang="vi", text=text, title="Giá").headline == "Giá"
    assert Article(id="1", lang="vi", text="(TTXVN) –").headline == "(TTXVN) –"
    assert untitled.to_json()["title"] == ""  # what is kept stays as it came


def test_no_passage_is_a_line_of_an_agency_alone():
    long = " ".join(["Một câu dài về giá cà phê ở Tây Nguyên."] * 30)
    for text in (f"HÀ NỘI (Reuters) -\n\n{long}", f"{long}\n\nREUTER"):
        article = Article(id="1", lang="vi", text=text)
        passages = split(
            article, count_tokens=lambda texts: [len(t.split()) for t in texts], max_tokens=256
        )
        assert not any(is_agency_line(text[p.start : p.end]) for p in passages)
        assert (passages[0].start, passages[-1].end) == (0, len(text))


def test_one_that_was_kept_is_not_shown():
    article = Article(id="1", lang="vi", text="HÀ NỘI (Reuters) -\n\nGiá cà phê tăng.")
    marker = Marker("vi", frozenset(), frozenset(), frozenset())
    shown = best_snippet(article, Passage(0, 0, 18), marker)
    assert "Giá cà phê tăng." in shown.text
