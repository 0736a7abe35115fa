"""Floors of counterparts and copies, pinned to their data.

Measured 2026-11-24. Counterparts on NTREX-128: precision, recall and F1 are 1.0 among the 41 pairs
alone (`tests/benchmarks/bench_linking.py` measures them among 20,000 other articles). Copies: of 60
pairs that were accepted among 57,135 articles, drawn at random with 25 of them just above the
threshold, 59 were copies; some that are missed are listed here too.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import replace

import pytest

from indexer.articles import to_article
from indexer.linking.copies import Fingerprint, are_copies
from indexer.linking.linker import link
from indexer.pipeline import embedded
from indexer.sources import Origin, RawDocument
from search.encoders import load_encoder
from search.encoders.base import identity
from search.records import Article
from search.stores.base import ArchiveProfile
from search.stores.links import Links
from search.stores.sqlite.store import EmbeddedStore

_ENOUGH = 1200  # characters

CHECKSUMS = {
    "ntrex-dev/articles.jsonl": "df1a72262deba3a6",
    "news/en-reuters.jsonl.gz": "e0f2f0645e5f6b1b",
    "news/vi-baomoi.jsonl.gz": "afd29603d3f480ab",
}

# Numbers of articles in the archives of news, judged by reading both.
COPIES = {
    "baomoi": """
        22547225=22547632 22708761=22709062 22332876=22333895 22353343=22354117
        22343889=22344327 22515170=22515554 21472860=21488209 21481540=21481666
        22661743=22662039 22231514=22231982 21475604=21479060 22657151=22657566
        22663399=22663469 21491070=21494501
    """,
    "reuters": """
        10077=10126 3987=4001 279=524 3116=3147 489=502 5181=5279 5190=5338 14056=14087
        2762=2785 4663=4795 9896=9970 15432=15483 5116=5119 8440=8516 10492=10571 14293=14366
        5766=5862 4993=5052 13323=13637 10969=10994 9915=10038 9096=9248 5773=5857 10297=10376
        3131=3133 9926=9977 2782=2880 18268=18279 2614=2631 889=955 1618=1637 12857=12861
        8050=8051 7587=7614 3502=3670 10333=10409 5546=7782 11839=11852 13211=13212 12327=13120
        10689=10771 14846=15042 7527=7612 5775=5871 16132=16183 1086=1089 18465=18549 1905=1974
        19824=19834 3098=3109 14412=14739 18858=18902
    """,
}

# One template on two days or for two companies, follow-ups, and two reports of one event.
NO_COPIES = {
    "baomoi": """
        22417680=22579276 22570440=22618560 22555474=22555955 22635427=22636271
        21488723=21493907 22384991=22387019
    """,
    "reuters": """
        13799=14486 14486=15952 6046=7769 10864=11425 522=11425 522=1125 3735=8344 7474=7709
        8928=16838 8269=15930 5914=8269 4387=9503 7267=11908 12215=14499 15563=16289
        14688=15942 913=5819 12445=12446 11960=12687 13697=16236 3315=15855 17319=18653
        13670=14302 3573=4167 11673=14597 8145=16942 14476=15831
    """,
}

FILES = {"reuters": "news/en-reuters.jsonl.gz", "baomoi": "news/vi-baomoi.jsonl.gz"}


def content(shared, name):
    raw = (shared / "data" / name).read_bytes()
    found = hashlib.sha256(raw).hexdigest()[:16]
    assert found == CHECKSUMS[name], "the data is not the measured one"
    return raw


def pairs(table):
    return [
        tuple(f"{source}-{number}" for number in pair.split("="))
        for source, listed in table.items()
        for pair in listed.split()
    ]


@pytest.fixture(scope="module")
def readings(shared):
    wanted = {id_ for table in (COPIES, NO_COPIES) for pair in pairs(table) for id_ in pair}
    found = {}
    for name in FILES.values():
        for line in gzip.decompress(content(shared, name)).split(b"\n"):
            # Reading 40 MB of JSON for two hundred articles would take most of the test's time.
            id_ = line[8 : line.find(b'"', 8)].decode()
            if id_ in wanted:
                raw = RawDocument(Origin(name), fields=json.loads(line))
                found[id_] = Fingerprint.of(to_article(raw).article)
    assert found.keys() == wanted
    return found


def test_copies_in_real_news(readings):
    right = [are_copies(readings[one], readings[two]) for one, two in pairs(COPIES)]
    wrong = [are_copies(readings[one], readings[two]) for one, two in pairs(NO_COPIES)]
    precision = sum(right) / (sum(right) + sum(wrong))
    recall = sum(right) / len(right)
    assert precision >= 0.98, [pair for pair, w in zip(pairs(NO_COPIES), wrong, strict=True) if w]
    assert recall >= 0.88, [pair for pair, r in zip(pairs(COPIES), right, strict=True) if not r]


def test_accepted_copies_share_a_key(readings):
    for one, two in pairs(COPIES):
        if are_copies(readings[one], readings[two]):
            assert set(readings[one].keys()) & set(readings[two].keys()), (one, two)


def test_counterparts_of_translated_news(shared, tmp_path):
    rows = [json.loads(line) for line in content(shared, "ntrex-dev/articles.jsonl").splitlines()]
    pair_of = {row["id"]: row["pair"] for row in rows}
    names = ("id", "lang", "title", "text")
    articles = [Article(**{name: row[name] for name in names}) for row in rows]
    encoder = load_encoder("bundled")
    store = EmbeddedStore(tmp_path / "ntrex.db")
    store.create(ArchiveProfile(identity(encoder)))
    # Linking looks at first passages only: texts of their length are enough.
    store.upsert(embedded([replace(a, text=a.text[:_ENOUGH]) for a in articles], encoder))
    link(store)
    links = Links(store).links(list(pair_of))
    store.close()
    found = {frozenset((id_, one.counterpart)) for id_, one in links.items() if one.counterpart}
    right = sum(len({pair_of[id_] for id_ in pair}) == 1 for pair in found)
    f1 = 2 * right / (len(found) + len(set(pair_of.values())))
    assert f1 >= 0.98
    assert not any(one.copies for one in links.values())
