"""Floors of “has anyone written this?” on drafts whose coverage is known.

A demo story is the draft, and only stories of the other language are wanted: its counterpart has to
come first and be the same event, and nothing else may be. Of paragraphs of XQuAD nothing is said.
The stories have even numbers: the models were fitted on the others.
``tests/benchmarks/bench_coverage.py`` measures more, over an archive of 4,800 stories.
"""

from __future__ import annotations

import json

import pytest
from support.archives import demo_archive, stories

from search.archive import open_archive
from search.coverage import coverage

DRAFTS = 20


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    with open_archive(str(demo_archive(tmp_path_factory))) as opened:
        yield opened


def told_twice():
    """Demo stories that have a counterpart, each with its id."""
    there = {story["id"]: story for story in stories()}
    other = {"vi": "en", "en": "vi"}
    for id_, story in there.items():
        counterpart = f"{id_[:-2]}{other[story['lang']]}"
        if counterpart in there and int(id_.split("-")[1]) % 2 == 0:
            yield story, counterpart


def test_counterparts_come_first_and_are_the_same_event(archive):
    first = event = others = 0
    chosen = list(told_twice())
    for story, counterpart in chosen:
        lang = "en" if story["lang"] == "vi" else "vi"
        found = coverage(
            archive, f"{story['title']}\n\n{story['lead']}\n{story['text']}", lang=lang
        )
        ids = [covered.tellings[0].article.id for covered in found.stories]
        first += ids[:1] == [counterpart]
        claimed = {covered.tellings[0].article.id for covered in found.of("same", "event")}
        event += counterpart in claimed
        others += len(claimed - {counterpart})
    print(f"{len(chosen)} drafts: {first} first, {event} same event, {others} others so called")
    assert len(chosen) >= DRAFTS
    assert first >= 0.95 * len(chosen)
    assert event >= 0.9 * len(chosen)
    assert others <= 0.1 * len(chosen)


def test_nothing_is_claimed_of_what_is_not_there(archive, shared):
    path = shared / "data" / "xquad-dev" / "corpus.jsonl"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    chosen = rows[:: len(rows) // DRAFTS]
    claimed = sum(bool(coverage(archive, row["text"][:700]).of("same", "event")) for row in chosen)
    print(f"{len(chosen)} drafts: an event claimed of {claimed}")
    assert claimed <= 0.1 * len(chosen)
