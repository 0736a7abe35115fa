"""How the relevance of each hit came about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from search.ranking.candidates import CandidateSet
from search.ranking.relevance import FEATURES
from search.records import Explanation, Hit


def explained(
    results: Mapping[str, tuple[Hit, ...]],
    found: Mapping[str, CandidateSet],
) -> dict[str, tuple[Hit, ...]]:
    """The same hits with their explanations."""
    return {
        lang: tuple(replace(hit, explanation=_explanation(hit, found[lang])) for hit in hits)
        for lang, hits in results.items()
    }


def _explanation(hit: Hit, candidates: CandidateSet) -> Explanation:
    model = candidates.model
    try:
        place = candidates.stories.ids.index(hit.article.id)
    except ValueError:
        return Explanation(model.intercept, {}, "its counterpart is a match")
    values = candidates.values[place]
    adds = values * model.coefficients
    told = {
        name: (float(value), float(add))
        for name, value, add in zip(FEATURES, values, adds, strict=True)
        if add
    }
    reason = ""
    if candidates.certain[place]:
        reason = "it holds all that was asked for, word by word"
    elif hit.relevance > candidates.relevance[place] + 1e-6:
        reason = "its counterpart, or a copy, is a match"
    return Explanation(model.intercept, told, reason)
