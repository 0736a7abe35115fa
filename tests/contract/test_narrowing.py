"""What narrows a result set does so alike in every store: headlines, first reports, filters."""

from __future__ import annotations

import pytest
from support.entries import entry

from search.archive import Archive
from search.records import Filters, Query
from search.settings import Settings
from search.stores.links import LinkRecord, Links

LATER, EARLIER = "2025-09-25T08:00:00+07:00", "2025-09-24T23:00:00+07:00"


@pytest.fixture
def archive(store):
    """Stories about coffee: "v" and "e" are one, and "w" is a copy of "v"."""
    long = "Nắng gió miền cao nguyên. " * 30
    store.upsert(
        [
            entry("v", long, title="Giá cà phê tăng", date=LATER, source="Báo Một"),
            entry("w", long, title="Giá cà phê tăng", date="2025-09-26", source="Báo Hai"),
            entry("lead", long, lead="Cà phê lên giá.", title="Sáng nay", authors=("Vũ Lan",)),
            entry("body", long + "Giá cà phê tăng.", title="Chuyện nông dân", date="2024-12-31"),
            entry("e", "The harvest was good.", lang="en", title="Brazil beans", date=EARLIER),
            entry(
                "n",
                "The match was long. " * 30 + "Brazil won.",
                lang="en",
                title="Football",
                section="Sport",
            ),
        ]
    )
    store.flush()
    common = {"hash": "h", "model": "m", "matched": True}
    Links(store).put(
        [
            LinkRecord("v", "vi", group="v", copies=1, counterpart="e", date=LATER, **common),
            LinkRecord("w", "vi", group="v", place=1, copies=1, counterpart="e", **common),
            LinkRecord("e", "en", group="e", counterpart="v", date=EARLIER, **common),
        ]
    )
    return Archive(store, Settings())


def found(archive, text="giá cà phê", **wanted):
    answer = archive.search(Query(text, mode="words", **wanted))
    ids = {lang: [hit.article.id for hit in hits] for lang, hits in answer.results.items()}
    assert answer.total == {lang: len(some) for lang, some in ids.items()}
    return ids


def test_only_in_title_or_lead(archive):
    assert found(archive) == {"vi": ["lead", "v", "body"], "en": ["e"]}
    assert found(archive, headline=True) == {"vi": ["lead", "v"], "en": ["e"]}
    # A word written alike has to stand there too in the other language.
    assert found(archive, "tin Brazil", headline=True)["en"] == ["e"]


def test_first_reports(archive):
    assert found(archive, first=True) == {"vi": ["lead", "body"], "en": ["e"]}
    assert found(archive, first=True, lang="vi") == {"vi": ["lead", "v", "body"]}
    assert found(archive, first=True, copies=True) == {"vi": ["lead", "body"], "en": ["e"]}


def test_filters_alone_list_the_newest_first(archive):
    day = Filters("2000-01-01")
    assert found(archive, "", filters=day) == {"vi": ["v", "body"], "en": ["e"]}
    assert found(archive, "", filters=day, sort="oldest") == {"vi": ["body", "v"], "en": ["e"]}
    assert found(archive, "", filters=day, copies=True)["vi"] == ["w", "v", "body"]
    assert found(archive, 'author:"vu lan"') == {"vi": ["lead"], "en": []}
    assert found(archive, "", filters=Filters(sections=("sport",))) == {"vi": [], "en": ["n"]}
    result_set = archive.result_set(Query("", filters=day))
    assert [one.article.id for one in archive.listed(result_set)] == ["v", "e", "body"]


def test_facets_count_what_was_found(archive):
    facets = archive.facets(archive.result_set(Query("giá cà phê", mode="words", copies=True)))
    assert facets.to_json() == {
        "total": 5,
        "languages": {"vi": 4, "en": 1},
        "sources": [
            {"value": "Báo Hai", "count": 1},
            {"value": "Báo Một", "count": 1},
            {"value": None, "count": 3},
        ],
        "sections": [{"value": None, "count": 5}],
        "authors": [{"value": "Vũ Lan", "count": 1}, {"value": None, "count": 4}],
        "years": [
            {"value": "2024", "count": 1},
            {"value": "2025", "count": 3},
            {"value": None, "count": 1},
        ],
        "months": [
            {"value": "2024-12", "count": 1},
            {"value": "2025-09", "count": 3},
            {"value": None, "count": 1},
        ],
    }


def test_filters_take_away_what_facets_say(archive):
    everything = archive.result_set(Query("giá cà phê", mode="words", copies=True))
    ids = {scored.id for scored in everything.zone("match")}
    for value in archive.facets(everything).sources:
        if value.value is None:
            continue
        some = Query(
            "giá cà phê", mode="words", copies=True, filters=Filters(sources=(value.value,))
        )
        narrowed = {scored.id for scored in archive.result_set(some).zone("match")}
        assert narrowed < ids
        assert len(narrowed) == value.count
    # A counterpart stays a match where the story that brought it is filtered out.
    day = Filters("2025-09-24", "2025-09-24")
    assert found(archive, filters=day) == {"vi": [], "en": ["e"]}
