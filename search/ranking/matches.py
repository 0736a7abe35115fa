"""The honest "no close match": which of the candidates of a search are matches at all.

Embeddings give any text, nonsense too, a high cosine with everything, so no cosine by itself says
that something was found. What does is how far the best story stands above the others of its list.
Over both languages' lists together this tells random words from questions better than over either:
with 1 % of true matches lost, 5 % instead of 14 % of nonsense is let through (XQuAD).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from search.ranking.candidates import LanguageResults
from search.ranking.fusion import Scored, guard
from search.ranking.profile import RankingProfile
from search.ranking.query import ReadQuery
from search.ranking.snippets import Marker
from search.records import Article
from search.stores.base import Store

_READ_FOR_WORDS = 3


@dataclass(frozen=True, slots=True)
class _Floor:
    """What a story must reach to match.

    Attributes:
        list: The cosine that the best of a list must reach, or meaning found nothing in it.
        hit: The cosine that the others must reach then.
    """

    list: float
    hit: float


def matching(
    store: Store, read: ReadQuery, sides: Mapping[str, LanguageResults], profile: RankingProfile
) -> dict[str, LanguageResults]:
    """The sides with what matches: near enough in meaning, or holding enough of the words.

    A quoted phrase decides by itself, and a search for words alone needs no floor.
    """
    lifts = [
        (side.top - side.level) / side.margin for side in sides.values() if side.level is not None
    ]
    assured = bool(lifts) and sum(lifts) / len(lifts) >= 1.0
    found = {}
    for lang, side in sides.items():
        floor = _floor(side, profile, assured=assured)
        ranked: Sequence[Scored] = side.everything
        if side.by_meaning and not side.quoted:
            ranked = _above(floor, ranked, side.marker, store, read, profile)
        kept = {scored.id for scored in ranked}
        ranked = guard(ranked, [id_ for id_ in side.tops if id_ in kept])
        found[lang] = replace(side, ranked=tuple(ranked), near=floor.hit)
    return found


def _floor(side: LanguageResults, profile: RankingProfile, *, assured: bool) -> _Floor:
    """The floor for one list, from its own background where it is long enough."""
    if side.level is None:
        return _Floor(profile.floor, profile.floor)
    margin = side.margin * (profile.assured if assured else profile.alone)
    return _Floor(side.level + margin, side.level + side.margin / 2)


def _above(
    floor: _Floor,
    ranked: Sequence[Scored],
    marker: Marker,
    store: Store,
    read: ReadQuery,
    profile: RankingProfile,
) -> list[Scored]:
    """The ranking up to the last story that is near in meaning or words.

    To a query without a word that means something, no nearness means anything.
    """
    reached = read.known and any(s.cosine is not None and s.cosine >= floor.list for s in ranked)
    least = floor.hit if reached else 2.0
    # Across languages only names can be found: the others cannot occur.
    share = profile.words_floor / 2 if marker.pairs else profile.words_floor
    enough = _enough_words(ranked, marker, share, store)
    last = max(
        (
            place
            for place, scored in enumerate(ranked)
            if (scored.cosine is not None and scored.cosine >= least) or scored.words >= enough
        ),
        default=-1,
    )
    # What is ranked above a match is one: it may have less of the meaning and more of the words.
    return list(ranked[: last + 1])


def _enough_words(
    ranked: Sequence[Scored], marker: Marker, least_share: float, store: Store
) -> float:
    """The word score from which on words alone make a match.

    It is half of the highest, provided that one of the stories with the highest holds enough of
    the query: a score alone does not tell one rare word from all the common ones.
    """
    by_words = sorted((s for s in ranked if s.words > 0), key=lambda s: -s.words)[:_READ_FOR_WORDS]
    texts: Mapping[str, Article] = {}
    if by_words:
        texts = store.articles([scored.id for scored in by_words])
    for scored in by_words:
        article = texts.get(scored.id)
        if article and marker.coverage((article.title, article.body)) >= least_share:
            return 0.5 * by_words[0].words
    return math.inf
