"""Fits the ranking for an encoder on judged queries: language's direction, models, thresholds.

What the data is tells itself. Where articles are graded, also 0, pairs without a grade are unknown;
where every query has one answer in each language, all else is none, and the answers are parallel
text, from which the direction of language is taken.
"""

from __future__ import annotations

import math
import random
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from indexer.trial_archives import ranked_by
from search.archive import Archive
from search.encoders.base import Encoder, FloatArray
from search.errors import SourceError
from search.evaluation import CUTOFF, Judged, measures
from search.ranking.candidates import CandidateSet, query_values
from search.ranking.profile import RankingProfile
from search.ranking.query import read_query
from search.ranking.relevance import (
    ACROSS_ONLY,
    FEATURES,
    MEANING,
    QUERY_FEATURES,
    SCALED,
    Kind,
    Regression,
    background,
    fit_regression,
)
from search.records import Mode, Query
from search.stores.base import Entry, FloatArray64
from search.text.detection import english_words
from search.text.languages import LANGUAGES
from search.text.syllables import SyllableTable

_LEAST_ARTICLES = 12
_FOLDS = 8
_PENALTY = 2e-3
_PARTLY = 0.6
"""What the lowest of several grades counts for, where 1 is relevant."""
_HARDEST = 30
"""Of the articles that do not answer a query with a known answer: those that seem to, most."""
_SAMPLES = ((60, 10), (400, 4))
"""Articles in each language, and how many such parts of an archive are looked at."""
_NONSENSE_QUERIES = 150
_NONSENSE_KEPT_OUT = 0.9
_KNOWN = 1.0
"""What all queries with known answers count together, where all pooled judgements count 1."""

_KNOWN_LOST = 0.001
"""Share of known answers that need not even be possibly related."""

BoolArray = npt.NDArray[np.bool_]
Data = Sequence[tuple[Archive, Sequence[Judged]]]


@dataclass(frozen=True)
class _Asked:
    """A query put to one language of an archive, and the stories of it that are judged.

    Attributes:
        direction: The query's language and the stories', such as "vi>en".
        whole: Whether the archive holds all articles of its folder.
        values: float64 (stories, features).
        labels: float64 (stories,): 1 for what answers the query best, 0 for what does not.
    """

    judged: Judged
    query: str
    direction: str
    whole: bool
    ids: tuple[str, ...]
    values: FloatArray64
    labels: FloatArray64


@dataclass(frozen=True)
class _JudgedPairs:
    """Queries and stories that are judged.

    Attributes:
        asked: The queries, one after the other as in the arrays.
        values: float64 (pairs, features).
        labels: float64 (pairs,).
        weights: float64 (pairs,).
        folds: int64 (pairs,): queries are in one fold as a whole.
        pooled: bool (pairs,): whether the query was judged by a pool.
        whole: bool (pairs,): whether the archive holds all articles of its folder.
    """

    asked: tuple[_Asked, ...]
    values: FloatArray64
    labels: FloatArray64
    weights: FloatArray64
    folds: FloatArray64
    pooled: BoolArray
    whole: BoolArray


@dataclass(frozen=True)
class Calibration:
    """What was fitted, and how well it does on queries that it was not fitted on.

    Attributes:
        report: Cross-validated: nDCG@10 by set of queries and direction, and precision and recall
            of matches by probability.
    """

    profile: RankingProfile
    report: Mapping[str, Mapping[str, float]]


def fit(data: Data, before: RankingProfile, *, portable: bool = False) -> Calibration:
    """Fit everything by which queries find their stories.

    The direction is the mean of the differences of the two languages' mean vectors, one for each
    parallel corpus. The models are fitted in two steps, since what is best in a query's own
    language is told to the search in others.

    Args:
        data: Archives, each with one or more sets of judged queries over it.
        before: Gives what is not fitted.
        portable: Fit only what holds for any encoder, without a direction.

    Raises:
        SourceError: The data has too few articles in some language.
    """
    data = [(_with_memory(archive), judged) for archive, judged in data]
    profile = replace(
        before,
        fingerprint="" if portable else data[0][0].encoder.fingerprint,
        direction=np.zeros(0, np.float32) if portable else fit_direction(data),
        linking=None if portable else before.linking,
        usual={},
        relevance={mode: {"own": GUESS, "across": GUESS} for mode in _USED},
    )
    report: dict[str, dict[str, float]] = {}
    predicted = []
    kinds: tuple[Kind, ...] = ("own", "across")
    with ExitStack() as stack:
        copies = []
        for archive, judged in data:
            entries = list(archive.store.entries())
            for only in (None, *_samples(judged)):
                chosen = [e for e in entries if only is None or e.article.id in only]
                copies.append((stack.enter_context(ranked_by(archive, profile, chosen)), judged))
        for kind in kinds:
            if not portable:
                profile = replace(
                    profile, usual=dict(profile.usual) | _usual(copies, profile, kind)
                )
            pairs = _pairs(copies, profile, kind)
            used = {mode: _usable(mode, kind, portable=portable) for mode in _USED}
            predicted.append((_cross_validated(pairs, used["hybrid"]), pairs))
            models = {
                mode: dict(profile.relevance[mode]) | {kind: _fitted(pairs, used[mode])}
                for mode in _USED
            }
            profile = replace(profile, relevance=models)
        profile = _fit_meaning(copies, profile, portable=portable)
    report |= _quality(predicted)
    known = np.concatenate([p[~pairs.pooled & (pairs.labels > 0)] for p, pairs in predicted])
    if len(known):
        profile = replace(profile, related=_floor(float(np.quantile(known, _KNOWN_LOST))))
    told = [(p, pairs, pairs.pooled & pairs.whole) for p, pairs in predicted]
    probability = np.concatenate([p[chosen] for p, _, chosen in told])
    relevant = np.concatenate([pairs.labels[chosen] > 0 for _, pairs, chosen in told])
    if len(probability):
        thresholds = np.round(np.arange(0.2, 0.71, 0.05), 2).tolist()
        for least in thresholds:
            shown = probability >= least
            report[f"match {least:.2f}"] = {
                "precision": round(float(relevant[shown].mean()) if shown.any() else 0.0, 3),
                "recall": round(float(shown[relevant].mean()), 3),
            }
        # As many of the relevant as the threshold with the best F1 gives.
        profile = replace(
            profile, match=max(thresholds, key=lambda t: _f1(report[f"match {t:.2f}"]))
        )
    return Calibration(profile, report)


class _RememberingEncoder:
    """An encoder that embeds each query once: each is put to many archives, by several models."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: dict[str, FloatArray] = {}

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        """See ``Encoder``."""
        for text in texts:
            if text not in self._known:
                [self._known[text]] = self._encoder.encode_queries([text])
        return np.stack([self._known[text] for text in texts])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._encoder, name)


def _with_memory(archive: Archive) -> Archive:
    encoder = cast("Encoder", _RememberingEncoder(archive.encoder))
    return Archive(archive.store, archive.settings, encoder=encoder)


GUESS = Regression(
    -4.0,
    np.array(
        [
            {"lift": 40.0, "held": 2.0, "words share": 2.0, "pairs": 1.0}.get(n, 0.0)
            for n in FEATURES
        ]
    ),
)
"""What is relevant where nothing was fitted yet."""

_USED: Mapping[Mode, frozenset[str]] = {
    "hybrid": frozenset(FEATURES),
    "words": frozenset(FEATURES) - MEANING,
    "meaning": MEANING,
}
"""Features by mode."""


def _floor(probability: float) -> float:
    """The next lower number of two digits."""
    digits = 1 - math.floor(math.log10(max(1e-6, probability)))
    return float(math.floor(probability * 10**digits) / 10**digits)


def _f1(measured: Mapping[str, float]) -> float:
    precision, recall = measured["precision"], measured["recall"]
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _usable(mode: Mode, kind: Kind, *, portable: bool) -> list[str]:
    left_out = ACROSS_ONLY if kind == "own" else frozenset()
    if portable:
        left_out = left_out | SCALED
    return [name for name in FEATURES if name in _USED[mode] and name not in left_out]


def _fitted(pairs: _JudgedPairs, used: Sequence[str]) -> Regression:
    return fit_regression(pairs.values, pairs.labels, pairs.weights, used=used, penalty=_PENALTY)


def _cross_validated(pairs: _JudgedPairs, used: Sequence[str]) -> FloatArray64:
    """The probability of each pair by a model that was fitted without its query."""
    found = np.zeros(len(pairs.labels))
    for fold in range(_FOLDS):
        there, here = pairs.folds != fold, pairs.folds == fold
        model = fit_regression(
            pairs.values[there],
            pairs.labels[there],
            pairs.weights[there],
            used=used,
            penalty=_PENALTY,
        )
        found[here] = model.probabilities(pairs.values[here])
    return found


def _quality(predicted: Sequence[tuple[FloatArray64, _JudgedPairs]]) -> dict[str, dict[str, float]]:
    """By set of queries: nDCG@10 by direction, of whole folders, among what is judged."""
    rankings: dict[int, dict[str, dict[str, list[str]]]] = {}
    sets: dict[int, Judged] = {}
    for probability, pairs in predicted:
        ends = np.cumsum([len(asked.labels) for asked in pairs.asked])
        for asked, its_own in zip(pairs.asked, np.split(probability, ends[:-1]), strict=True):
            if asked.whole:
                order = np.argsort(-its_own, kind="stable")[:CUTOFF]
                sets[id(asked.judged)] = asked.judged
                by_direction = rankings.setdefault(id(asked.judged), {})
                found = by_direction.setdefault(asked.direction, {})
                found[asked.query] = [asked.ids[place] for place in order]
    return {
        sets[number].name: {
            direction: measures(sets[number].graded_in(direction.split(">")[1]), found).get(
                f"ndcg@{CUTOFF}", 0.0
            )
            for direction, found in sorted(by_direction.items())
        }
        for number, by_direction in rankings.items()
    }


def _pairs(data: Data, profile: RankingProfile, kind: Kind) -> _JudgedPairs:
    """All judged pairs of a kind. Pooled data and known answers weigh alike, however many."""
    asked: list[_Asked] = []
    whole = set[int]()
    for archive, sets in _all_ranked_by(profile, data):
        for judged in sets:
            # The first that is made of a folder has all of it.
            asked += _asked(archive, judged, kind, whole=id(judged) not in whole)
            whole.add(id(judged))
    pooled = np.array([one.judged.is_pooled for one in asked], np.bool_)
    is_whole = np.array([one.whole for one in asked], np.bool_)
    sizes = np.array([len(one.labels) for one in asked])
    # Each query with a known answer counts alike; of a pool each pair does.
    weights = np.where(
        pooled, 1 / max(1, sizes[pooled].sum()), _KNOWN / (max(1, (~pooled).sum()) * sizes)
    )
    folds = [zlib.crc32(one.query.lstrip("u").encode()) % _FOLDS for one in asked]
    return _JudgedPairs(
        tuple(asked),
        np.concatenate([one.values for one in asked]),
        np.concatenate([one.labels for one in asked]),
        *(np.repeat(column, sizes) for column in (weights, folds, pooled, is_whole)),
    )


def _all_ranked_by(
    profile: RankingProfile, data: Data
) -> Iterator[tuple[Archive, Sequence[Judged]]]:
    """The same archives, ranked by what is fitted by now."""
    for archive, sets in data:
        ranked = Archive(archive.store, archive.settings, encoder=archive.encoder, profile=profile)
        yield ranked, sets


def _looked_up(archive: Archive, text: str) -> tuple[str, dict[str, CandidateSet], bool]:
    """(the language of a query, what may answer it by language, whether by meaning too)."""
    query = Query(text)
    read = read_query(query, max_chars=len(text))
    found, meant = archive.candidates(query, read)
    return read.lang, found, bool(meant)


def _usual(data: Data, profile: RankingProfile, kind: Kind) -> dict[str, float]:
    """What cosines of passages that do not answer usually are; see ``RankingProfile``."""
    levels: dict[str, list[float]] = {}
    for archive, sets in _all_ranked_by(profile, data):
        for _, _, text in (query for judged in sets for query in judged.queries):
            for candidates in _looked_up(archive, text)[1].values():
                if candidates.kind == kind:
                    for name, nearest in zip(
                        (kind, "feedback"), candidates.stories.nearest, strict=False
                    ):
                        levels.setdefault(name, []).append(background(nearest))
    return {name: round(float(np.mean(found)), 4) for name, found in levels.items()}


def _asked(archive: Archive, judged: Judged, kind: Kind, *, whole: bool) -> Iterator[_Asked]:
    """Each query, with features and labels of its judged stories."""
    most = max((g for grades in judged.grades.values() for g in grades.values()), default=1)
    for id_, query_lang, text in judged.queries:
        grades = judged.grades.get(id_, {})
        for lang, candidates in _looked_up(archive, text)[1].items():
            if candidates.kind != kind:
                continue
            ids = candidates.stories.ids
            if judged.is_pooled and id_ not in judged.unanswerable:
                kept = [place for place, story in enumerate(ids) if story in grades]
            else:
                order = np.argsort(-candidates.relevance, kind="stable").tolist()
                kept = sorted({*order[:_HARDEST], *(p for p, i in enumerate(ids) if i in grades)})
            if kept:
                given = [grades.get(ids[place], 0) for place in kept]
                labels = [0.0 if not g else _PARTLY if g < most else 1.0 for g in given]
                yield _Asked(
                    judged,
                    id_ or text,
                    f"{query_lang}>{lang}",
                    whole,
                    tuple(ids[place] for place in kept),
                    candidates.values[kept],
                    np.array(labels),
                )


def _samples(sets: Sequence[Judged]) -> Iterator[frozenset[str]]:
    """Random parts of what was judged by a pool: how far one stands out depends on how many are."""
    rng = random.Random(5)  # noqa: S311 – repeatable on purpose
    pooled = [judged for judged in sets if judged.is_pooled]
    langs = {
        id_: j.langs[id_] for j in pooled for g in j.grades.values() for id_ in g if id_ in j.langs
    }
    for size, number in _SAMPLES if langs else ():
        for _ in range(number):
            chosen: set[str] = set()
            for lang in LANGUAGES:
                there = sorted(id_ for id_, of in langs.items() if of == lang)
                chosen.update(rng.sample(there, min(size, len(there))))
            yield frozenset(chosen)


def fit_direction(data: Data) -> FloatArray:
    """The direction along which the vectors of parallel articles differ by their language."""
    differences = []
    first, second = LANGUAGES
    for archive, sets in data:
        if any(judged.is_pooled for judged in sets):
            continue
        relevant = {
            id_ for judged in sets for query in judged.grades for id_ in judged.relevant(query)
        }
        entries = [entry for entry in archive.store.entries() if entry.article.id in relevant]
        means = [_mean(entries, lang) for lang in (first, second)]
        difference = means[0] - means[1]
        differences.append(difference / np.linalg.norm(difference))
    if not differences:
        raise SourceError(
            "Calibration needs a folder whose queries have one answer in each language, and no"
            " grades of 0: the direction of language is found in parallel text."
        )
    direction = np.mean(differences, axis=0)
    return np.asarray(direction / np.linalg.norm(direction), np.float32)


def _mean(entries: Sequence[Entry], lang: str) -> FloatArray:
    vectors = [e.vectors for e in entries if e.article.lang == lang and len(e.vectors)]
    if len(vectors) < _LEAST_ARTICLES:
        raise SourceError(
            f"Calibration needs {_LEAST_ARTICLES} relevant articles or more in each language;"
            f" there are {len(vectors)} in {LANGUAGES[lang].endonym}. Add some."
        )
    return np.asarray(np.concatenate(vectors).mean(axis=0), np.float32)


def _fit_meaning(data: Data, profile: RankingProfile, *, portable: bool) -> RankingProfile:
    """The profile with what tells queries that mean something from random words.

    As many of these as ``_NONSENSE_KEPT_OUT`` says are told apart.
    """
    values, labels = [], []
    for archive, sets in _all_ranked_by(profile, data):
        asked = [text for judged in sets for id_, _, text in judged.queries if judged.relevant(id_)]
        # Some of each archive's: they are alike.
        asked = random.Random(2).sample(asked, min(_NONSENSE_QUERIES, len(asked)))  # noqa: S311
        for label, texts in ((1.0, asked), (0.0, list(_nonsense()))):
            for text in texts:
                lang, found, by_meaning = _looked_up(archive, text)
                if by_meaning:
                    values.append(query_values(lang, found))
                    labels.append(label)
    table, truth = np.array(values), np.array(labels)
    weights = np.where(truth > 0, 1 / max(1.0, truth.sum()), 1 / max(1.0, (1 - truth).sum()))
    used = [name for name in QUERY_FEATURES if not (portable and name in SCALED)]
    model = fit_regression(table, truth, weights, used=used, penalty=_PENALTY, names=QUERY_FEATURES)
    nonsense = model.probabilities(table[truth == 0])
    least = float(np.quantile(nonsense, _NONSENSE_KEPT_OUT)) if len(nonsense) else 0.0
    return replace(profile, meaningful=model, meaning=round(least, 3))


def _nonsense() -> Iterator[str]:
    """Random words of either language: what means nothing in any archive."""
    rng = random.Random(1)  # noqa: S311 – repeatable on purpose
    english = sorted(english_words(), key=lambda word: -english_words()[word])
    table = SyllableTable.bundled()
    syllables = [table.forms[place] for place in np.argsort(-table.counts[1:], kind="stable")]
    for number in range(_NONSENSE_QUERIES):
        words = (english[200:12_000], syllables[50:2_500])[number % 2]
        yield " ".join(rng.sample([word for word in words if word.isalpha()], rng.randint(2, 7)))
