"""Where languages cannot be balanced, the ranking is at least what comparing vectors gives.

Three archives of translated news, measured beside the cosine of the model's own vectors on the same
articles: one with a single language, one whose languages differ in topic, and tiny ones.
"""

import gzip
import json
from dataclasses import replace
from itertools import islice

import pytest

from indexer.pipeline import embedded
from indexer.trial_archives import ranked_by
from search.archive import Archive, open_archive
from search.baselines import Baselines
from search.evaluation import Judged, Ranked, evaluate, read_judged, read_rows
from search.ranking.profile import RankingProfile, profile_for
from search.records import Article, Query
from search.settings import Settings
from search.text.languages import normalise

ONE_QUERY = 1 / 41
"""What one of the 41 queries in a language is worth: less is no difference."""
OTHERS = 400


def translated(shared):
    rows = read_rows(shared / "data" / "ntrex-dev" / "corpus.jsonl")
    return [
        Article(id=row["_id"], lang=row["metadata"]["lang"], text=normalise(row["text"]))
        for row in rows
    ]


def news(shared, name):
    with gzip.open(shared / "data" / "news" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        for row in map(json.loads, islice(lines, OTHERS)):
            text = " ".join(row["text"].split())[:300]
            yield Article(
                id=row["id"], lang=row["lang"], title=row.get("title") or "", text=normalise(text)
            )


@pytest.fixture
def filled(tmp_path):
    """Opens an archive of some articles."""
    opened = []

    def fill(articles):
        settings = Settings(max_query_chars=100_000)
        archive = open_archive(str(tmp_path / f"{len(opened)}.db"), settings=settings)
        opened.append(archive)
        archive.create()
        archive.store.upsert(embedded(list(articles), archive.encoder))
        archive.store.flush()
        return archive

    yield fill
    for archive in opened:
        archive.close()


MOST_MEANINGLESS = 5
"""Queries of 82 that may count as meaning nothing, as random words do: 4 are measured."""


def both_ways(archive, judged):
    """nDCG@10 by direction: (ours, cosine), of whatever means anything."""
    profile = replace(profile_for(archive.encoder.fingerprint), meaningful=None)
    ranking = Archive(archive.store, archive.settings, encoder=archive.encoder, profile=profile)
    ours = evaluate(judged, lambda text: Ranked.of(ranking, Query(text)))
    asked = [text for id_, _, text in judged.queries if judged.relevant(id_)]
    nothing = [t for t in asked if not any(map(len, archive.result_set(Query(t)).stories.values()))]
    assert len(nothing) <= MOST_MEANINGLESS, nothing
    with ranked_by(archive, RankingProfile()) as plain:
        cosine = Baselines(plain.store, archive.encoder).methods["cosine"]
        theirs = evaluate(judged, cosine)
    return {
        name: (found["ndcg@10"], theirs[name]["ndcg@10"])
        for name, found in ours.items()
        if ">" in name and "ndcg@10" in found
    }


def judged_of(shared, articles):
    """The queries about those articles that are there."""
    judged = read_judged(shared / "data" / "ntrex-dev")
    there = {article.id for article in articles}
    grades = {
        query: {id_: grade for id_, grade in given.items() if id_ in there}
        for query, given in judged.grades.items()
    }
    return Judged(judged.queries, grades, {i: judged.langs[i] for i in there & set(judged.langs)})


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_an_archive_of_one_language(shared, filled, lang):
    articles = [article for article in translated(shared) if article.lang == lang]
    measured = both_ways(filled(articles), judged_of(shared, articles))
    assert measured.keys() == {f"vi>{lang}", f"en>{lang}"}
    assert {n: v for n, v in measured.items() if v[0] < v[1] - ONE_QUERY} == {}


def test_an_archive_whose_languages_differ_in_topic(shared, filled):
    """Vietnamese domestic news, English business news."""
    articles = translated(shared)
    others = [*news(shared, "vi-dantri"), *news(shared, "en-reuters")]
    measured = both_ways(filled([*articles, *others]), judged_of(shared, articles))
    assert len(measured) == 4
    assert {n: v for n, v in measured.items() if v[0] < v[1] - ONE_QUERY} == {}


def test_archives_of_two_articles(shared, filled):
    """One story in both languages is found by either headline, in both lists."""
    judged = read_judged(shared / "data" / "ntrex-dev")
    articles = {article.id: article for article in translated(shared)}
    found = asked = 0
    for id_, _, text in judged.queries[::8]:
        archive = filled(articles[relevant] for relevant in sorted(judged.relevant(id_)))
        results = archive.search(Query(text))
        found += sum(len(hits) for hits in results.results.values())
        asked += 2
    assert found >= 0.9 * asked
