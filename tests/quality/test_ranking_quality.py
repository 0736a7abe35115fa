"""Floors of the ranking in every direction and store, pinned to their data.

The floors are in ranking_floors.json. ``pytest tests/quality --update-floors`` raises them to what
is measured (less a margin for other processors' rounding); nothing ever lowers them.
"""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from indexer.trial_archives import filled_archive, temporary_store
from search.archive import open_archive
from search.evaluation import Ranked, evaluate, read_judged
from search.records import Query
from search.settings import Settings
from search.transfer import copy_archive

FLOORS = Path(__file__).with_name("ranking_floors.json")
STORES = ("embedded", "elasticsearch")
ROUNDING = 0.004
APART = 0.005
"""Most that the two stores may differ."""
QUERIES = {"": "queries.jsonl", " unaccented": "queries-unaccented.jsonl"}
"""What the floors add to a corpus's name, and the file."""


def checksum(folder, queries):
    digest = hashlib.sha256()
    for name in ("corpus.jsonl", "qrels/test.tsv", queries):
        digest.update((folder / name).read_bytes())
    return digest.hexdigest()[:16]


def quality(archive, judged):
    """The figures that have floors: nDCG@10 by direction, both@10 by the query's language."""
    report = evaluate(judged, lambda text: Ranked.of(archive, Query(text)))
    figures = {name: found["ndcg@10"] for name, found in report.items() if ">" in name}
    return figures | {n: v for n, v in report["mixed"].items() if n.startswith("both@10 (")}


def measured(folder, server, names):
    """Figures by (query file, store): embedded once, and copied to the server."""
    settings = replace(Settings(), max_query_chars=100_000)
    found = {}
    with (
        filled_archive(folder, settings, on_progress=lambda _: None) as file,
        temporary_store(server, settings) as place,
    ):
        copy_archive(file.location, place, settings=settings)
        with open_archive(place, settings=settings) as index:
            for queries in names:
                judged = read_judged(folder, folder / queries)
                found[queries, "embedded"] = quality(file, judged)
                found[queries, "elasticsearch"] = quality(index, judged)
    return found


# One test for each corpus: where tests are shared out among processes, several would embed it
# several times.
@pytest.mark.parametrize("data", ["xquad-dev", "ntrex-dev"])
def test_no_direction_falls_below_its_floor(elasticsearch_url, shared, data, request):
    floors = json.loads(FLOORS.read_text("utf-8"))
    folder = shared / "data" / data
    for name, queries in QUERIES.items():
        digest = checksum(folder, queries)
        assert floors[data + name]["checksum"] == digest, "the data is not the measured one"
    figures = measured(folder, elasticsearch_url, QUERIES.values())
    for name, queries in QUERIES.items():
        for store in STORES:
            found, least = figures[queries, store], floors[data + name][store]
            if request.config.getoption("--update-floors"):
                raised = {
                    n: max(least.get(n, 0.0), round(v - ROUNDING, 4)) for n, v in found.items()
                }
                floors[data + name][store] = raised
                FLOORS.write_text(json.dumps(floors, indent=1) + "\n", "utf-8")
            assert found.keys() == least.keys()
            below = {n: v for n, v in found.items() if v < least[n]}
            assert below == {}, f"{data}{name}, {store}"
        one, other = (figures[queries, store] for store in STORES)
        apart = {n: (one[n], other[n]) for n in one if abs(one[n] - other[n]) > APART}
        assert apart == {}, f"{data}{name}: the stores differ"
