"""The ranking on the stories that ship, in both stores: scores explained, one answer, guards."""

from __future__ import annotations

import math
import uuid

import pytest
from support.archives import demo_archive

from search.archive import open_archive
from search.records import Filters, Query
from search.settings import Settings
from search.transfer import copy_archive

QUERIES = [
    "giá cà phê",
    "gia ca phe",
    "coffee prices",
    "đường sắt tốc độ cao",
    "new railway line",
    "ngập lụt ở miền trung",
    "solar power",
    "bóng đá nữ",
]


@pytest.fixture(scope="module")
def embedded(tmp_path_factory):
    with open_archive(str(demo_archive(tmp_path_factory))) as archive:
        yield archive


@pytest.fixture(scope="module")
def cluster(embedded, elasticsearch_url):
    place = f"{elasticsearch_url}/songngu-{uuid.uuid4().hex}"
    report = copy_archive(embedded.location, place, settings=Settings())
    assert not report.failures
    with open_archive(place) as archive:
        yield archive
        archive.store.drop()


@pytest.mark.parametrize("query", QUERIES)
def test_both_stores_give_one_answer(embedded, cluster, query):
    ours, theirs = embedded.search(Query(query)), cluster.search(Query(query))
    assert ours.total == theirs.total
    for lang, number in theirs.related.items():
        # One story may stand on the very bound: a file compares its vectors in half precision.
        assert abs(ours.related[lang] - number) <= 1
    for lang, hits in ours.results.items():
        others = theirs.results[lang]
        assert [hit.article.id for hit in hits] == [hit.article.id for hit in others]
        for hit, other in zip(hits, others, strict=True):
            # Elasticsearch keeps the lengths of texts in a byte.
            assert hit.zone == other.zone
            assert hit.relevance == pytest.approx(other.relevance, abs=0.005)
            assert hit.matched == other.matched
    assert ours.mixed == theirs.mixed


@pytest.mark.parametrize("store", ["embedded", "cluster"])
@pytest.mark.parametrize("mode", ["hybrid", "words", "meaning"])
@pytest.mark.parametrize("query", ["gia ca phe", "coffee prices"])
def test_an_explanation_adds_up_to_the_relevance(store, mode, query, request):
    archive = request.getfixturevalue(store)
    results = archive.search(Query(query, mode=mode, explain=True))
    hits = [hit for hits in results.results.values() for hit in hits]
    assert hits
    for hit in hits:
        e = hit.explanation
        odds = e.intercept + sum(adds for _, adds in e.features.values())
        if not e.reason:
            assert hit.relevance == pytest.approx(1 / (1 + math.exp(-odds)), abs=1e-4)
        assert ("lift" in e.features or "cosine" in e.features) <= (mode != "words")


def test_what_stands_out_at_home_tells_the_search_abroad(embedded):
    """Only the other language's hits have feedback; the same story comes first there."""
    results = embedded.search(Query("giá cà phê Tây Nguyên lập kỷ lục", explain=True))
    assert not any("feedback lift" in hit.explanation.features for hit in results.results["vi"])
    abroad = results.results["en"]
    best = results.results["vi"][0].article.id
    assert abroad[0].article.id == best.replace("-vi", "-en")
    assert abroad[0].explanation.features["feedback lift"][1] > 0


def test_one_list_alone_is_ranked_as_in_both(embedded):
    """The own language is asked too where only the other is wanted."""
    both = embedded.search(Query("giá cà phê"))
    alone = embedded.search(Query("giá cà phê", lang="en"))
    assert list(alone.results) == ["en"]
    assert [h.article.id for h in alone.results["en"]] == [h.article.id for h in both.results["en"]]


def test_hits_are_not_explained_unless_asked(embedded):
    results = embedded.search(Query("giá cà phê"))
    assert "explanation" not in results.to_json()["results"]["vi"][0]


def test_feedback_never_leaves_the_filters(embedded):
    filters = Filters("2025-01-01", "2025-12-31")
    results = embedded.search(Query("giá cà phê", filters=filters))
    for hits in results.results.values():
        assert all(hit.article.date[:4] == "2025" for hit in hits)


@pytest.mark.parametrize("store", ["embedded", "cluster"])
def test_a_quoted_phrase_holds_where_it_can_occur(store, request):
    """In its own language every hit has the phrase; abroad the same story is found by meaning."""
    archive = request.getfixturevalue(store)
    results = archive.search(Query('"giá cà phê"'))
    assert results.results["vi"]
    for hit in results.results["vi"]:
        assert "giá cà phê" in f"{hit.article.title}\n{hit.article.body}".lower()
    assert results.results["en"][0].article.id == "demo-003-en"
    nowhere = archive.search(Query('"giá cà phê nhảy múa"'))
    assert nowhere.total["vi"] == 0
    assert all(hit.zone == "related" for hit in nowhere.results["vi"])
