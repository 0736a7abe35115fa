"""Quality in a realistic archive: judged articles among tens of thousands on other topics.

    python tests/benchmarks/bench_haystack.py DATA ARCHIVE [--store http://host:9200/name]

DATA holds ntrex-dev/ and news/*.jsonl.gz. ARCHIVE is a file that is filled where it does not exist
(titles and leads only; the embedding takes a quarter of an hour on two cores) and kept. With
--store it is copied there, and measured there as well.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path

from tqdm import tqdm

from indexer.pipeline import embedded
from search.archive import Archive, open_archive
from search.evaluation import Ranked, evaluate, read_judged, read_rows
from search.ranking.profile import archive_profile
from search.records import Article, Query
from search.settings import Settings
from search.stores.base import hashes_of
from search.text.languages import normalise
from search.transfer import copy_archive

BATCH = 1024
LEAD = 300
"""Characters of the text of an article that has no lead."""


def judged_articles(folder: Path) -> Iterator[Article]:
    """The corpus of a folder in BEIR's format."""
    for row in read_rows(folder / "corpus.jsonl"):
        title, text = normalise(row.get("title") or ""), normalise(row["text"])
        yield Article(id=row["_id"], lang=row["metadata"]["lang"], title=title, text=text)


def news_articles(folder: Path) -> Iterator[Article]:
    """Titles and leads of all news."""
    for path in sorted(folder.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for row in map(json.loads, lines):
                text = (row.get("lead") or "").strip() or " ".join(row["text"].split())[:LEAD]
                title = normalise(row.get("title") or "")
                if text:
                    yield Article(id=row["id"], lang=row["lang"], title=title, text=normalise(text))


def fill(place: str, articles: Iterable[Article]) -> None:
    """Embed what the archive lacks; an interrupted run goes on."""
    with open_archive(place) as archive:
        archive.create()
        waiting = iter(tqdm(articles, unit="article"))
        while batch := list(islice(waiting, BATCH)):
            there = hashes_of(archive.store, [article.id for article in batch])
            new = [article for article in batch if article.id not in there]
            if new:
                made = archive_profile(archive.encoder)
                archive.store.upsert(embedded(new, archive.encoder), made=made)
        archive.store.flush()


def answer(archive: Archive, text: str) -> Ranked:
    """An archive's ranking for a query."""
    return Ranked.of(archive, Query(text))


def main() -> None:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("archive")
    parser.add_argument("--store")
    options = parser.parse_args()
    judged_folder = options.data / "ntrex-dev"
    if not Path(options.archive).exists():
        both = (judged_articles(judged_folder), news_articles(options.data / "news"))
        fill(options.archive, (article for articles in both for article in articles))
    if options.store:
        copy_archive(options.archive, options.store, settings=Settings())
    settings = replace(Settings(), max_query_chars=100_000)
    for place in filter(None, (options.archive, options.store)):
        with open_archive(place, settings=settings) as archive:
            for queries in ("queries.jsonl", "queries-unaccented.jsonl"):
                judged = read_judged(judged_folder, judged_folder / queries)
                report = evaluate(judged, partial(answer, archive))
                sys.stdout.write(f"{place} {queries} {json.dumps(report)}\n")


if __name__ == "__main__":
    main()
