"""What is gathered of one language is complete: every candidate has both its scores."""

from support.entries import entry, unit

from search.ranking.candidates import CandidateSearch, QueryVectors
from search.ranking.profile import RankingProfile
from search.ranking.query import ReadQuery
from search.records import Query


def test_the_nearest_without_feedback_has_its_words_too(store):
    """It is in the list of the nearest, and not in that of the words, which is two long."""
    store.upsert(
        [
            entry("a", "Oslo", unit(0, 0, 1), lang="en"),
            entry("b", "Oslo fjord", unit(0, 0, 1), lang="en"),
            entry("c", "A long walk in the hills", unit(1, 0.3), lang="en"),
            entry("d", "A long walk in the hills of Oslo", unit(1, 0.05), lang="en"),
        ]
    )
    store.flush()
    read = ReadQuery("thăm Oslo", "vi")
    gatherer = CandidateSearch(
        store, Query("thăm Oslo", k=1), read, RankingProfile(depth=2), articles_in=lambda _: 4
    )
    side = gatherer.sides({"en": QueryVectors(unit(1), unit(1, 0.1))})["en"]
    words = {scored.id: scored.words for scored in side.everything}
    assert words.keys() == {"a", "b", "c", "d"}
    assert words["c"] == 0.0
    assert min(words["a"], words["b"], words["d"]) > 0.0
    assert side.tops == ("d",)
    assert all(scored.cosine is not None for scored in side.everything)
