"""The demo stories: enough of them, well-formed, and not translations word for word."""

import json
import re
import unicodedata
from collections import Counter
from datetime import date

import pytest

from indexer.demo import stories_path
from search.text.languages import fold

FIELDS = {
    *("id", "title", "lead", "text", "lang", "date", "url", "source", "authors", "section"),
    *("tags", "captions"),
}


@pytest.fixture(scope="module")
def stories():
    return [json.loads(line) for line in stories_path().read_text("utf-8").splitlines()]


def test_numbers(stories):
    stems = {}
    for story in stories:
        stem, lang = story["id"].rsplit("-", 1)
        assert lang == story["lang"]
        stems.setdefault(stem, set()).add(lang)
    assert len(stories) >= 60
    assert sum(langs == {"vi", "en"} for langs in stems.values()) >= 20
    assert sum(langs == {"vi"} for langs in stems.values()) >= 10
    assert sum(langs == {"en"} for langs in stems.values()) >= 10


def test_fields(stories):
    for story in stories:
        assert set(story) == FIELDS
        for name in ("id", "title", "lead", "text", "date", "url", "source", "section"):
            assert story[name].strip() == story[name] != ""
            assert unicodedata.is_normalized("NFC", story[name])
        assert story["authors"]
        assert story["url"].split("/")[2].endswith(".example")
        assert 40 <= len(story["text"].split()) <= 300
    for name in ("id", "url", "title"):
        assert len({story[name] for story in stories}) == len(stories)
    assert len({story["source"] for story in stories}) >= 5


def test_dates_cover_two_years(stories):
    days = sorted(date.fromisoformat(story["date"][:10]) for story in stories)
    assert (days[-1] - days[0]).days >= 23 * 30
    both = Counter(story["id"].rsplit("-", 1)[0] for story in stories)
    for stem in (stem for stem, count in both.items() if count == 2):
        first, second = (
            date.fromisoformat(s["date"][:10]) for s in stories if s["id"].startswith(stem)
        )
        assert abs((second - first).days) <= 1


def test_vietnamese_has_its_diacritics(stories):
    for story in stories:
        words = re.findall(r"[^\W\d_]+", story["text"])
        marked = sum(fold(word) != word.lower() for word in words) / len(words)
        assert (marked > 0.5) == (story["lang"] == "vi")


def test_no_sentence_stands_twice(stories):
    sentences = Counter(
        sentence.strip()
        for story in stories
        for sentence in re.split(r"(?<=[.!?])\s+", story["text"])
        if len(sentence) > 25
    )
    assert [sentence for sentence, count in sentences.items() if count > 1] == []
