"""How the score of each hit came about."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from search.ranking.candidates import LanguageResults, QueryVectors
from search.ranking.fusion import Scored
from search.records import Explanation, Hit
from search.stores.base import Candidate, NearestLookup, Scope, Store

Results = dict[str, tuple[Hit, ...]]


def explained(
    store: Store,
    results: Results,
    sides: Mapping[str, LanguageResults],
    meant: Mapping[str, QueryVectors],
) -> Results:
    """The same hits with their explanations; costs one more round trip."""
    own = _own_cosines(store, results, meant)
    return {
        lang: tuple(
            replace(hit, explanation=_explanation(hit, sides[lang], own.get(hit.article.id)))
            for hit in hits
        )
        for lang, hits in results.items()
    }


def _own_cosines(
    store: Store, results: Results, meant: Mapping[str, QueryVectors]
) -> dict[str, tuple[float, float]]:
    """By id: the cosine of the model's own vectors, and of the language-free ones."""
    lookups, langs = [], []
    for lang, hits in results.items():
        if hits and lang in meant:
            scope = Scope(lang, ids=tuple(sorted(hit.article.id for hit in hits)))
            lookups.append(NearestLookup(scope, meant[lang].query, len(hits)))
            langs.append(lang)
    found = store.find(lookups) if lookups else []
    return {
        candidate.id: (_model_cosine(candidate, meant[lang]), candidate.score)
        for lang, candidates in zip(langs, found, strict=True)
        for candidate in candidates
    }


def _model_cosine(candidate: Candidate, meant: QueryVectors) -> float:
    """Both vectors put together again, and multiplied."""
    query, passage = meant.language, candidate.language
    rest = math.sqrt(max(0.0, 1 - query**2)) * math.sqrt(max(0.0, 1 - passage**2))
    return query * passage + rest * candidate.score


def _explanation(hit: Hit, side: LanguageResults, own: tuple[float, float] | None) -> Explanation:
    scored = next(scored for scored in side.ranked if scored.id == hit.article.id)
    explanation = Explanation(
        words=scored.words,
        word_weight=side.word_weight,
        word_rank=side.word_ranks.get(scored.id),
        meaning_rank=side.meaning_ranks.get(scored.id),
    )
    if own is None or scored.cosine is None:
        return explanation
    cosine, free = own
    return replace(
        explanation,
        cosine=cosine,
        language_correction=free - cosine,
        feedback=_difference(scored, free),
    )


def _difference(scored: Scored, free: float) -> float:
    difference = float(np.float32((scored.cosine or 0.0) - free))
    return difference if abs(difference) > 1e-6 else 0.0  # the rounding of float32
