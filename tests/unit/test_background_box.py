"""The dated, cited lines of a background box, and the order of what was found."""

import pytest

from search.coverage import (
    BACKGROUND_LINES,
    Coverage,
    CoveredStory,
    Telling,
    background_lines,
    headline,
)
from search.drafts import Draft, Part
from search.records import Article


def telling(name, lang="vi", part=0, **fields):
    article = Article(id=name, lang=lang, text=f"Câu đầu của {name}. Câu sau.", **fields)
    return Telling(article, 0, (0.5, 0.5, 0.5), part)


def story(kind, relevance, *tellings):
    return CoveredStory(kind, relevance, tellings)


def found(*stories):
    parts = tuple(Part(f"Đoạn {number}.", "vi") for number in (1, 2, 3))
    return Coverage(Draft("", "vi", parts), stories, ((), (), ()), 1.0)


def test_lines_have_date_title_source_and_address():
    answer = found(
        story(
            "event",
            0.9,
            telling("a", title="Lũ về", date="2025-03-12", source="Báo A", url="https://a/1"),
            telling("b", "en", title="Floods", date="2025-03-13", source="B", url="https://b/1"),
        ),
        story(
            "background", 0.7, telling("c", "en", title="Dykes", date="2024-12-01T08:00:00+07:00")
        ),
    )
    assert background_lines(answer, "vi") == [
        "1/12/2024 – Dykes – bằng tiếng Anh",
        "12/3/2025 – Lũ về – Báo A, https://a/1",
    ]
    assert background_lines(answer, "en") == [
        "1 December 2024 – Dykes",
        "13 March 2025 – Floods – B, https://b/1",
    ]
    assert background_lines(answer, "en", address=lambda article: f"/{article.id}")[1].endswith(
        "B, /b"
    )


def test_what_is_in_the_same_words_is_no_background():
    same = story("same", 0.9, telling("a", title="Chính bài này", date="2025-03-12"))
    assert background_lines(found(same), "vi") == []


def test_different_days_and_paragraphs_come_before_more_of_the_same():
    alike = [
        story("background", 0.9 - n / 100, telling(f"a{n}", title=f"Giống {n}", date="2025-03-12"))
        for n in range(6)
    ]
    other = [
        story("background", 0.5, telling(f"b{n}", part=n, title=f"Khác {n}", date=f"2025-01-0{n}"))
        for n in (1, 2)
    ]
    lines = background_lines(found(*alike, *other), "vi")
    assert len(lines) == BACKGROUND_LINES
    assert [line.split(" – ")[1] for line in lines[:2]] == ["Khác 1", "Khác 2"]
    assert "Giống 0" in lines[2]


def test_dated_ones_come_before_those_of_unknown_date():
    undated = story("event", 0.99, telling("u", title="Không ngày"))
    dated = [
        story("background", 0.5, telling(f"d{n}", title=f"Tin {n}", date=f"2025-01-0{n}"))
        for n in range(1, 5)
    ]
    lines = background_lines(found(undated, *dated), "vi")
    assert lines[-1] == "Không rõ ngày – Không ngày"
    more = [*dated, story("background", 0.4, telling("d5", title="Tin 5", date="2025-01-05"))]
    assert "Không ngày" not in "".join(background_lines(found(undated, *more), "vi"))


def test_a_story_without_title_is_cited_by_its_first_sentence():
    assert headline(telling("a").article) == "Câu đầu của a."
    long = Article(id="a", lang="vi", text="từ " * 200)
    assert headline(long).endswith("từ…")
    assert len(headline(long)) <= 241
    assert headline(Article(id="a", lang="vi", text="x", title=" Hai\n dòng ")) == "Hai dòng"
    assert headline(Article(id="a", lang="vi", text="")) == ""


def test_the_timeline_puts_unknown_dates_last():
    answer = found(
        story("event", 0.9, telling("a")),
        story("event", 0.8, telling("b", date="2025-03-12"), telling("c", "en", date="2025-03-01")),
        story("event", 0.7, telling("d", date="2025-03-05")),
    )
    assert answer.timeline() == [1, 2, 0]
    assert answer.stories[1].date == "2025-03-01"


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_lines_are_one_line_each(lang):
    odd = telling("a", title="Một\n\u2028hai", date="2025-03-12", source="Báo\nA", url="https://a")
    assert all(
        len(line.splitlines()) == 1
        for line in background_lines(found(story("event", 1, odd)), lang)
    )
