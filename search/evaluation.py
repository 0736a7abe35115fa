"""Quality of a search in two languages, on data in BEIR's format.

BEIR (Thakur et al., arXiv 2104.08663): ``corpus.jsonl`` and ``queries.jsonl`` with ``_id``,
``title`` and ``text``, and ``qrels/test.tsv``; here ``metadata.lang`` gives each one's language.
Measures are those of ir-measures (MacAvaney et al., ECIR 2022).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, quantiles
from typing import TYPE_CHECKING, Any

from search.errors import SourceError
from search.records import Query

if TYPE_CHECKING:
    from search.archive import Archive

CUTOFF = 10

Grades = Mapping[str, Mapping[str, int]]
"""How well articles answer, by query id and article id: 0 not at all, more is better."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Queries with their answers.

    Attributes:
        queries: (id, language, text).
        grades: What was judged. Where nothing has the grade 0, each query has few known answers,
            and everything else is none; else articles without a grade are unknown.
        langs: The language of each article.
        kinds: What kind of query each is, where it is said (``metadata.kind``), by id.
        unanswerable: Ids of the queries that nothing answers (``metadata.expect`` is "none").
        name: Of the folder and the file of queries.
    """

    queries: Collection[tuple[str, str, str]]
    grades: Grades
    langs: Mapping[str, str]
    kinds: Mapping[str, str] = field(default_factory=dict)
    unanswerable: frozenset[str] = frozenset()
    name: str = ""

    @property
    def is_pooled(self) -> bool:
        """Whether articles without a grade are unknown."""
        return any(0 in grades.values() for grades in self.grades.values())

    def relevant(self, query: str, lang: str | None = None) -> frozenset[str]:
        """Ids of the articles that answer a query, in a language or in all."""
        return frozenset(
            id_
            for id_, grade in self.grades.get(query, {}).items()
            if grade > 0 and lang in (None, self.langs.get(id_))
        )

    def graded_in(self, lang: str) -> Grades:
        """The grades of one language's articles."""
        return {
            query: {id_: grade for id_, grade in grades.items() if self.langs.get(id_) == lang}
            for query, grades in self.grades.items()
        }


@dataclass(frozen=True, slots=True)
class Ranked:
    """An answer as far as it is measured.

    Attributes:
        lists: Ids by language, best first.
        mixed: Ids of one ranking over all languages, best first.
        matches: How many at the beginning of each list are matches; None where the method does not
            say which are.
    """

    lists: Mapping[str, Sequence[str]]
    mixed: Sequence[str]
    took_ms: float
    matches: Mapping[str, int] | None = None

    @classmethod
    def of(cls, archive: Archive, query: Query) -> Ranked:
        """Answer a query with an archive: all that it finds, timed; no article is read."""
        began = time.perf_counter()
        found = archive.result_set(query)
        took_ms = (time.perf_counter() - began) * 1000
        return cls(
            {lang: [scored.id for scored in chosen] for lang, chosen in found.stories.items()},
            [scored.id for scored in [*found.zone("match"), *found.zone("related")]],
            took_ms,
            found.count("match"),
        )


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
    grades: dict[str, dict[str, int]] = {}
    try:
        for line in (folder / "qrels" / "test.tsv").read_text("utf-8").splitlines()[1:]:
            query, document, grade = line.split("\t")
            grades.setdefault(query, {})[document] = max(0, int(grade))
        about = {row["_id"]: row["metadata"] for row in asked}
        return Judged(
            tuple((row["_id"], row["metadata"]["lang"], row["text"]) for row in asked),
            grades,
            {row["_id"]: row["metadata"]["lang"] for row in corpus},
            {id_: str(said["kind"]) for id_, said in about.items() if said.get("kind")},
            frozenset(id_ for id_, said in about.items() if said.get("expect") == "none"),
            f"{folder.name}/{(queries or folder / 'queries.jsonl').name}",
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SourceError(
            f"{folder} is not in BEIR's format with metadata.lang: {type(error).__name__}: {error}."
        ) from error


def evaluate(
    judged: Judged, search: Callable[[str], Ranked], *, judged_only: bool = False
) -> dict[str, Any]:
    """Ask every query and measure the answers.

    Args:
        search: Answers a query's text with at least ten hits in each language.
        judged_only: Leave out of every ranking what nobody has judged (condensed lists: Sakai,
            "Alternatives to Bpref", SIGIR 2007).

    Returns:
        For each direction ("vi>en": Vietnamese queries, English stories) nDCG@10, recall@10 and
        MRR@10; in "mixed" also both@10 (all relevant articles in the first ten) and the share of
        the query's own language; in "matches" precision and recall of the matches among what was
        judged, and the share of unanswerable queries without a match; in "kinds" nDCG@10 by kind of
        query and direction; latencies in milliseconds.
    """
    rankings: dict[str, dict[str, list[str]]] = {}
    mixed: dict[str, list[str]] = {}
    matches: dict[str, set[str]] = {}
    latencies = []
    langs = dict(judged.langs)  # the archive may hold more than the judged articles
    for id_, lang, text in judged.queries:
        ranked = search(text)
        latencies.append(ranked.took_ms)
        known = judged.grades.get(id_, {})
        wanted = [i for i in ranked.mixed if i in known] if judged_only else ranked.mixed
        mixed[id_] = list(wanted[:CUTOFF])
        for target, ranking in ranked.lists.items():
            langs.update(dict.fromkeys(ranking, target))
            kept = [i for i in ranking if i in known] if judged_only else ranking
            rankings.setdefault(f"{lang}>{target}", {})[id_] = list(kept[:CUTOFF])
            if ranked.matches is not None:
                matches.setdefault(id_, set()).update(ranking[: ranked.matches[target]])
    report: dict[str, Any] = {}
    kinds: dict[str, dict[str, float]] = {}
    for direction, found in sorted(rankings.items()):
        target = direction.split(">")[1]
        graded = judged.graded_in(target)
        report[direction] = measures(graded, found)
        for kind in sorted({judged.kinds[query] for query in found if query in judged.kinds}):
            some = {q: ids for q, ids in found.items() if judged.kinds.get(q) == kind}
            if values := measures(graded, some):
                kinds.setdefault(kind, {})[direction] = values[f"ndcg@{CUTOFF}"]
    report["mixed"] = measures(judged.grades, mixed)
    relevant = {query: judged.relevant(query) for query in mixed}
    for lang in sorted({lang for _, lang, _ in judged.queries}):
        own = [id_ for id_, query_lang, _ in judged.queries if query_lang == lang]
        report["mixed"][f"both@{CUTOFF} ({lang})"] = all_found(relevant, mixed, own)
        report["mixed"][f"own_language_share ({lang})"] = share(langs, mixed, own, lang)
    everything = [id_ for id_, _, _ in judged.queries]
    report["mixed"][f"both@{CUTOFF}"] = all_found(relevant, mixed, everything)
    report["mixed"]["own_language_share"] = round(
        mean(share(langs, mixed, [id_], lang) for id_, lang, _ in judged.queries), 4
    )
    if matches:
        report["matches"] = match_measures(judged, matches)
    if kinds:
        report["kinds"] = kinds
    percentiles = quantiles(latencies, n=20) if len(latencies) > 1 else latencies * 19
    report["latency_ms"] = {"p50": round(percentiles[9], 1), "p95": round(percentiles[18], 1)}
    return report


def match_measures(judged: Judged, matches: Mapping[str, Collection[str]]) -> dict[str, float]:
    """Measure which articles are matches, over all queries together, among what was judged."""
    hit = shown = wanted = 0
    for query, found in matches.items():
        relevant = judged.relevant(query)
        known = set(judged.grades.get(query, ())) if judged.is_pooled else set(found)
        hit += len(relevant & set(found))
        shown += len(known & set(found))
        wanted += len(relevant)
    report = {
        "precision": round(hit / shown, 4) if shown else 0.0,
        "recall": round(hit / wanted, 4) if wanted else 0.0,
    }
    if judged.unanswerable:
        empty = sum(not matches.get(query) for query in judged.unanswerable)
        report["unanswerable without"] = round(empty / len(judged.unanswerable), 4)
    return report


def measures(grades: Grades, rankings: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """Compute the means over all queries that have a relevant article."""
    import ir_measures
    from ir_measures import RR, R, nDCG

    qrels = [
        ir_measures.Qrel(query, document, grade)
        for query in rankings
        for document, grade in grades.get(query, {}).items()
        if grade > 0
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


def all_found(
    relevant: Mapping[str, frozenset[str]],
    mixed: Mapping[str, Sequence[str]],
    queries: Iterable[str],
) -> float:
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
