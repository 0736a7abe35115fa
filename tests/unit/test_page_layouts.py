"""The cleaner on page text in the layouts of many kinds of sites, all written for these tests.

A file of ``page_layouts/`` is a page line by line. The first character says what a line is: ``t``
the title, ``l`` the lead, ``+`` text, ``c`` a caption, ``-`` no part of the article. ``#`` is a
remark.
"""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from indexer.pages.lines import caption_text
from indexer.pages.text import clean_page

FILES = sorted((Path(__file__).parent / "page_layouts").glob("*.txt"))


@dataclass
class Layout:
    """A page, and what has to be found in it."""

    lines: list[str] = field(default_factory=list)
    found: dict[str, list[str]] = field(default_factory=dict)
    about: dict[str, str] = field(default_factory=dict)


def layout(file):
    page = Layout()
    for line in file.read_text("utf-8").splitlines():
        mark, text = line[0], line[2:]
        if mark == "#":
            name, _, value = text.partition(": ")
            page.about[name.rstrip(":")] = value
            continue
        assert mark in "tl+c-", line
        page.lines.append(text)
        page.found.setdefault("text" if mark in "l+" else mark, []).append(text)
    return page


@pytest.mark.parametrize("gap", ["\n", "\n\n", " \r\n"], ids=["close", "apart", "dos"])
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_story_comes_out_and_nothing_else(file, gap):
    page = layout(file)
    cleaned = clean_page(gap.join(page.lines))
    assert cleaned.title == page.found["t"][0]
    assert (
        "\n\n".join(filter(None, [cleaned.lead, cleaned.text])).split("\n\n") == page.found["text"]
    )
    assert list(cleaned.captions) == page.found.get("c", [])
    assert (cleaned.date or "")[:10] == page.about["date"]
    assert ", ".join(cleaned.authors) == page.about["authors"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_lists_of_other_stories_above_change_nothing(file):
    page = layout(file)
    lists = ["Đọc nhiều", "Cá heo vào cửa sông sau mùa mưa lũ", "Chợ nổi họp lại cuối tuần này"]
    lists += ["Most read", "Dolphins follow the flood up the river", "Floating market opens again"]
    cleaned = clean_page("\n".join([*lists, *page.lines]))
    assert cleaned.title == page.found["t"][0]
    assert (
        "\n\n".join(filter(None, [cleaned.lead, cleaned.text])).split("\n\n") == page.found["text"]
    )


def test_both_languages_are_there():
    names = [file.stem[:2] for file in FILES]
    assert min(names.count("vi"), names.count("en")) >= 10


@pytest.mark.parametrize(
    ("line", "caption"),
    [
        ("[1/2]A worker at the plant. REUTERS/Ida Bell Purchase Licensing Rights, opens new tab",
         "A worker at the plant. REUTERS/Ida Bell"),
        ("1 of 3 | A worker. REUTERS/Ida Bell", "A worker. REUTERS/Ida Bell"),
        ("Item 2 of 3 A worker. REUTERS/Ida Bell", "A worker. REUTERS/Ida Bell"),
        ("Image caption, The reservoir in August", "The reservoir in August"),
        ("Chụp lại hình ảnh, Hồ chứa tháng Tám", "Hồ chứa tháng Tám"),
        ("Tàu về cảng - Ảnh: L.V.", "Tàu về cảng - Ảnh: L.V."),
    ],
)  # fmt: skip
def test_captions_without_their_labels_and_buttons(line, caption):
    assert caption_text(line) == caption
