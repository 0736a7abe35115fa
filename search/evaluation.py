"""Quality of a search in two languages, on data in BEIR's format.

BEIR (Thakur et al., arXiv 2104.08663): ``corpus.jsonl`` and ``queries.jsonl`` with ``_id``,
``title`` and ``text``, and ``qrels/test.tsv``; here ``metadata.lang`` gives each one's language.
Measures are those of ir-measures (MacAvaney et al., ECIR 2022).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, quantiles
from typing import Any

from search.errors import SourceError
from search.records import Results

CUTOFF = 10

Qrels = Mapping[str, frozenset[str]]
"""Relevant ids by query id."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Queries with their answers.

    Attributes:
        queries: (id, language, text).
        relevant: Ids of the relevant articles, by query id.
        langs: The language of each article.
    """

    queries: Collection[tuple[str, str, str]]
    relevant: Qrels
    langs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Ranked:
    """An answer as far as it is measured.

    Attributes:
        lists: Ids by language, best first.
        mixed: Ids of one ranking over all languages, best first.
    """

    lists: Mapping[str, Sequence[str]]
    mixed: Sequence[str]
    took_ms: float

    @classmethod
    def of(cls, results: Results) -> Ranked:
        """Take the rankings from an archive's answer."""
        lists = {lang: [hit.article.id for hit in hits] for lang, hits in results.results.items()}
        return cls(lists, results.mixed, results.took_ms)


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Read the objects of a JSONL file.

    Raises:
        SourceError: It is missing or no JSONL.
    """
    try:
        # Not splitlines(): a JSON string may hold U+2028 and other ends of line.
        lines = path.read_text("utf-8-sig").split("\n")
        return [json.loads(line) for line in lines if line.strip()]
    except (OSError, ValueError) as error:
        raise SourceError(
            f"{path} cannot be read as JSONL ({error}). Name a folder in BEIR's format:"
            " corpus.jsonl, queries.jsonl and qrels/test.tsv."
        ) from error


def read_judged(folder: Path, queries: Path | None = None) -> Judged:
    """Read the queries of a folder in BEIR's format, or of another file with the same ids.

    Raises:
        SourceError: Something is missing or malformed.
    """
    corpus = read_rows(folder / "corpus.jsonl")
    asked = read_rows(queries or folder / "queries.jsonl")
    relevant: dict[str, set[str]] = {}
    try:
        for line in (folder / "qrels" / "test.tsv").read_text("utf-8").splitlines()[1:]:
            query, document, score = line.split("\t")
            if int(score) > 0:
                relevant.setdefault(query, set()).add(document)
        return Judged(
            tuple((row["_id"], row["metadata"]["lang"], row["text"]) for row in asked),
            {query: frozenset(ids) for query, ids in relevant.items()},
            {row["_id"]: row["metadata"]["lang"] for row in corpus},
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SourceError(
            f"{folder} is not in BEIR's format with metadata.lang: {type(error).__name__}: {error}."
        ) from error


def evaluate(judged: Judged, search: Callable[[str], Ranked]) -> dict[str, Any]:
    """Ask every query and measure the answers.

    Args:
        search: Answers a query's text with at least ten hits in each language.

    Returns:
        For each direction ("vi>en": Vietnamese queries, English stories) nDCG@10, recall@10 and
        MRR@10; in "mixed" also both@10 (all relevant articles in the first ten) and the share of
        the query's own language; latencies in milliseconds.
    """
    rankings: dict[str, dict[str, list[str]]] = {}
    mixed: dict[str, list[str]] = {}
    latencies = []
    langs = dict(judged.langs)  # the archive may hold more than the judged articles
    for id_, lang, text in judged.queries:
        ranked = search(text)
        latencies.append(ranked.took_ms)
        mixed[id_] = list(ranked.mixed[:CUTOFF])
        for target, ranking in ranked.lists.items():
            langs.update(dict.fromkeys(ranking, target))
            rankings.setdefault(f"{lang}>{target}", {})[id_] = list(ranking[:CUTOFF])
    report: dict[str, Any] = {}
    for direction, found in sorted(rankings.items()):
        target = direction.split(">")[1]
        wanted = {
            query: frozenset(i for i in judged.relevant[query] if judged.langs[i] == target)
            for query in found
        }
        report[direction] = measures(wanted, found)
    report["mixed"] = measures({query: judged.relevant[query] for query in mixed}, mixed)
    for lang in sorted({lang for _, lang, _ in judged.queries}):
        own = [id_ for id_, query_lang, _ in judged.queries if query_lang == lang]
        report["mixed"][f"both@{CUTOFF} ({lang})"] = all_found(judged.relevant, mixed, own)
        report["mixed"][f"own_language_share ({lang})"] = share(langs, mixed, own, lang)
    everything = [id_ for id_, _, _ in judged.queries]
    report["mixed"][f"both@{CUTOFF}"] = all_found(judged.relevant, mixed, everything)
    report["mixed"]["own_language_share"] = round(
        mean(share(langs, mixed, [id_], lang) for id_, lang, _ in judged.queries), 4
    )
    percentiles = quantiles(latencies, n=20) if len(latencies) > 1 else latencies * 19
    report["latency_ms"] = {"p50": round(percentiles[9], 1), "p95": round(percentiles[18], 1)}
    return report


def measures(relevant: Qrels, rankings: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """Compute the means over all queries that have a relevant article."""
    import ir_measures
    from ir_measures import RR, R, nDCG

    qrels = [
        ir_measures.Qrel(query, document, 1)
        for query, documents in relevant.items()
        for document in documents
    ]
    run = [
        ir_measures.ScoredDoc(query, document, -float(rank))
        for query, ranking in rankings.items()
        for rank, document in enumerate(ranking)
    ]
    if not qrels:
        return {}
    values = ir_measures.calc_aggregate([nDCG @ CUTOFF, R @ CUTOFF, RR @ CUTOFF], qrels, run)
    return {
        f"ndcg@{CUTOFF}": round(values[nDCG @ CUTOFF], 4),
        f"recall@{CUTOFF}": round(values[R @ CUTOFF], 4),
        f"mrr@{CUTOFF}": round(values[RR @ CUTOFF], 4),
    }


def all_found(relevant: Qrels, mixed: Mapping[str, Sequence[str]], queries: Iterable[str]) -> float:
    """Compute the share of queries whose relevant articles are all in their ranking."""
    found = [relevant.get(query, frozenset()) <= set(mixed[query]) for query in queries]
    return round(mean(found), 4) if found else 0.0


def share(
    langs: Mapping[str, str],
    mixed: Mapping[str, Sequence[str]],
    queries: Iterable[str],
    lang: str,
) -> float:
    """Compute the share of a language in the rankings of some queries."""
    shown = [langs.get(id_) == lang for query in queries for id_ in mixed[query]]
    return round(mean(shown), 4) if shown else 0.0
