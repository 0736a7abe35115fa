"""How well and how fast stories are linked: NTREX pairs alone, and lost among other news.

    python tests/benchmarks/bench_linking.py ../shared --others 20000 --vectors vectors.npy

Of the other articles, title and beginning are embedded, once: `--vectors` keeps the result.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import resource
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from indexer.articles import to_article
from indexer.linking.linker import link
from indexer.passages import passage_text, split
from indexer.sources import Origin, RawDocument
from search.encoders import load_encoder
from search.encoders.base import identity
from search.records import Passage
from search.stores.base import ArchiveProfile, Entry
from search.stores.links import Links
from search.stores.sqlite.store import EmbeddedStore
from search.text.languages import LANGUAGES

_BEGINNING = 420  # characters


def pairs(shared: Path):
    """NTREX articles with the pair they belong to."""
    lines = (shared / "data/ntrex-dev/articles.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return {row["id"]: row.pop("pair") for row in rows}, [article(row) for row in rows]


def article(row):
    return to_article(RawDocument(Origin("benchmark", None), fields=row)).article


def others(shared: Path, number: int):
    """News from the archives beside the project, half of it English; the choice never changes."""
    rng = random.Random(7)
    shares = {"vi-baomoi": 0.45, "vi-dantri": 0.05, "en-reuters": 0.5}
    chosen = []
    for name, share in shares.items():
        with gzip.open(shared / f"data/news/{name}.jsonl.gz", "rt") as lines:
            rows = [
                row for row in map(json.loads, lines) if len(row["text"]) > 200 or name[:2] == "vi"
            ]
        chosen += rng.sample(rows, min(round(number * share), len(rows)))
    rng.shuffle(chosen)
    return [article(row) for row in chosen]


def entry(of, passages, vectors):
    forms = LANGUAGES[of.lang].forms(title=of.title, body=of.body, words="")
    return Entry(of, passages, vectors, forms)


def embedded_whole(articles, encoder):
    for of in articles:
        passages = split(of, count_tokens=encoder.count_tokens, max_tokens=encoder.max_tokens)
        texts = [passage_text(of, passage) for passage in passages]
        yield entry(of, passages, encoder.encode_passages(texts))


def embedded_beginnings(articles, encoder, kept: Path | None):
    spans = [Passage(0, 0, min(len(of.body), _BEGINNING)) for of in articles]
    if kept is not None and kept.exists():
        vectors = np.load(kept)
    else:
        texts = [passage_text(of, span) for of, span in zip(articles, spans, strict=True)]
        vectors = encoder.encode_passages(texts)
        if kept is not None:
            np.save(kept, vectors)
    for of, span, vector in zip(articles, spans, vectors, strict=True):
        yield entry(of, (span,), vector[np.newaxis])


def fill(store, entries):
    batch = []
    for one in entries:
        batch.append(one)
        if len(batch) == 1000:
            store.upsert(batch)
            batch.clear()
    store.upsert(batch)
    store.flush()


def measure(store, pair_of):
    """Precision, recall and F1 over every link in the archive; others are taken for wrong."""
    ids = [one.article.id for one in store.entries()]
    links = Links(store).links(ids)
    found = {frozenset((id_, link.counterpart)) for id_, link in links.items() if link.counterpart}
    right = sum(len({pair_of.get(id_, id_) for id_ in pair}) == 1 for pair in found)
    wrong = [sorted(pair) for pair in found if len({pair_of.get(i, i) for i in pair}) != 1]
    wanted = len(set(pair_of.values()))
    precision, recall = right / max(1, len(found)), right / wanted
    f1 = 2 * right / (len(found) + wanted)
    return {"found": len(found), "right": right, "precision": round(precision, 4),
            "recall": round(recall, 4), "f1": round(f1, 4), "wrong": wrong}  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shared", type=Path)
    parser.add_argument("--others", type=int, default=0)
    parser.add_argument("--vectors", type=Path)
    parser.add_argument("--archive", type=Path)
    parser.add_argument("--show", action="store_true", help="Show the titles of wrong pairs.")
    args = parser.parse_args()
    encoder = load_encoder("bundled")
    pair_of, articles = pairs(args.shared)
    with tempfile.TemporaryDirectory() as folder:
        store = EmbeddedStore(args.archive or Path(folder) / "linking.db")
        store.create(ArchiveProfile(identity(encoder)))
        fill(store, embedded_whole(articles, encoder))
        rest = others(args.shared, args.others) if args.others else []
        began = time.perf_counter()
        fill(store, embedded_beginnings(rest, encoder, args.vectors))
        filled = time.perf_counter() - began
        report = link(store)
        result = measure(store, pair_of)
        if args.show:
            for pair in result["wrong"]:
                kept = store.articles(pair)
                print(" | ".join(f"{kept[id_].title} ({kept[id_].date})" for id_ in pair))
        began = time.perf_counter()
        late = [replace(of, id=f"late-{of.id}") for of in articles[:20]]
        fill(store, embedded_whole(late, encoder))
        embedding = time.perf_counter() - began
        again = link(store)
        store.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(json.dumps({k: v for k, v in result.items() if k != "wrong"}))
    print(f"{report.linked:,} articles linked in {report.seconds:.1f} s (filled in {filled:.0f} s)")
    print(f"{report.groups} groups, {report.copies} copies; {peak:.2f} GB at most")
    print(f"20 late copies: embedded in {embedding:.1f} s, linked in {again.seconds:.1f} s")


if __name__ == "__main__":
    main()
