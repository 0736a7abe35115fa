"""Floors of the ranking in every direction and store, pinned to their data.

The floors are in ranking_floors.json. ``pytest tests/quality --update-floors`` raises them to what
is measured (less a margin for other processors' rounding); nothing ever lowers them.
"""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from indexer.trial_archives import filled_archive
from search.evaluation import Ranked, evaluate, read_judged
from search.records import Query
from search.settings import Settings

FLOORS = Path(__file__).with_name("ranking_floors.json")
STORES = ("embedded", "elasticsearch")
ROUNDING = 0.004
APART = 0.005
"""Most that the two stores may differ."""
DATA = {
    "xquad-dev": ("xquad-dev", "queries.jsonl"),
    "xquad-dev unaccented": ("xquad-dev", "queries-unaccented.jsonl"),
    "ntrex-dev": ("ntrex-dev", "queries.jsonl"),
    "ntrex-dev unaccented": ("ntrex-dev", "queries-unaccented.jsonl"),
}


def checksum(folder, queries):
    digest = hashlib.sha256()
    for name in ("corpus.jsonl", "qrels/test.tsv", queries):
        digest.update((folder / name).read_bytes())
    return digest.hexdigest()[:16]


def quality(report):
    """The figures that have floors: nDCG@10 by direction, both@10 by the query's language."""
    figures = {name: found["ndcg@10"] for name, found in report.items() if ">" in name}
    return figures | {n: v for n, v in report["mixed"].items() if n.startswith("both@10 (")}


@pytest.fixture(scope="module")
def measured(shared, request):
    """(data, store) → figures, each measured once."""
    kept = {}

    def measure(store):
        server = request.getfixturevalue("elasticsearch_url") if store == "elasticsearch" else None
        settings = replace(Settings(), max_query_chars=100_000)
        for name in {folder for folder, _ in DATA.values()}:
            folder = shared / "data" / name
            with filled_archive(
                folder, settings, server=server, on_progress=lambda _: None
            ) as archive:
                for data, (of, queries) in DATA.items():
                    if of != name:
                        continue
                    judged = read_judged(folder, folder / queries)
                    report = evaluate(judged, lambda text: Ranked.of(archive.search(Query(text))))
                    kept[data, store] = quality(report)

    def figures(data, store):
        if (data, store) not in kept:
            measure(store)
        return kept[data, store]

    return figures


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("data", DATA)
def test_no_direction_falls_below_its_floor(measured, shared, data, store, request):
    floors = json.loads(FLOORS.read_text("utf-8"))
    folder, queries = DATA[data]
    digest = checksum(shared / "data" / folder, queries)
    assert floors[data]["checksum"] == digest, "the data is not the measured one"
    figures = measured(data, store)
    least = floors[data][store]
    if request.config.getoption("--update-floors"):
        raised = {n: max(least.get(n, 0.0), round(v - ROUNDING, 4)) for n, v in figures.items()}
        floors[data][store] = raised
        FLOORS.write_text(json.dumps(floors, indent=1) + "\n", "utf-8")
    assert figures.keys() == least.keys()
    assert {n: v for n, v in figures.items() if v < least[n]} == {}


@pytest.mark.parametrize("data", DATA)
def test_the_stores_agree(measured, data):
    one, other = (measured(data, store) for store in STORES)
    assert {n: (one[n], other[n]) for n in one if abs(one[n] - other[n]) > APART} == {}
