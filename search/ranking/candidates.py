"""One language's half of a search: what may answer, how likely each story does, and which do.

The result set of a query depends on the query and its filters alone: never on how much of it is
shown, or in which order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from search.encoders.base import FloatArray
from search.ranking.profile import RankingProfile
from search.ranking.query import ReadQuery
from search.ranking.relevance import (
    FEATURES,
    Kind,
    QueryFacts,
    Regression,
    features,
    query_features,
)
from search.records import Filters, Query, Scored, Zone
from search.stores.base import FloatArray64, Scope, Store, Stories, StoryLookup, WordGroup

NEAREST = 300
"""Stories of each language that are found by meaning."""
_ENOUGH = 0.5
"""Share of what a query's words tell from which on a story is found by them."""
MOST_RELATED = 50
"""Of each language, however many may be."""
_LIFT_SHARE = FEATURES.index("lift share")
_NEAR = 0.5
"""Share of what the best stands out by, from which on a story is said to be near in meaning."""
_ALL = 0.999
_DOUBT = 0.1
"""What is left of the doubt about a story that holds all that was asked for, word by word."""


@dataclass(frozen=True, slots=True)
class QueryVectors:
    """The query as vectors.

    Attributes:
        query: float32 (dimension,): the language-free vector of what was typed.
        moved: The same with feedback added; None where there is none.
        lead: How far the story that gave it stands out.
    """

    query: FloatArray
    moved: FloatArray | None = None
    lead: float = 0.0

    def rows(self) -> FloatArray:
        """float32 (1 or 2, dimension)."""
        return np.stack([self.query] if self.moved is None else [self.query, self.moved])


@dataclass(frozen=True)
class CandidateSet:
    """What may answer a query in one language.

    Attributes:
        lang: The language.
        kind: Whether the query, or its part, is in that language.
        stories: What was found, in columns.
        values: float64 (stories, features).
        relevance: float64 (stories,): probabilities.
        certain: bool (stories,): which are matches whatever the model says: they hold the quoted
            phrases, or all that the query says.
        quoted: bool (stories,): which of them hold the quoted phrases.
        model: What ``relevance`` was computed by.
        wanted: bool (stories,): which of them the query is satisfied with; the others tell about it
            and are not shown.
    """

    lang: str
    kind: Kind
    stories: Stories
    values: FloatArray64
    relevance: FloatArray64
    certain: npt.NDArray[np.bool_]
    quoted: npt.NDArray[np.bool_]
    model: Regression
    wanted: npt.NDArray[np.bool_]

    def best(self, number: int) -> list[int]:
        """The places of the likeliest stories, the likeliest first."""
        order = np.argsort(-self.relevance, kind="stable")
        return [int(place) for place in order[:number]]

    def holding_all(self) -> int:
        """How many stories hold all that the query says."""
        return int(np.count_nonzero(self.stories.shares[:, 0] >= _ALL))

    def lead(self) -> float:
        """How far the likeliest story is above the mean of the next three."""
        best = [float(self.relevance[place]) for place in self.best(4)]
        return best[0] - sum(best[1:]) / max(1, len(best) - 1) if best else 0.0

    def result_set(self, profile: RankingProfile) -> list[Scored]:
        """Matches, then what is possibly related; both by falling relevance, then by id.

        Stories that hold a quoted phrase come first.
        """
        found = self.certain | (self.relevance >= profile.match)
        matches = found & self.wanted
        related = ~found & (self.relevance >= profile.related) & self.wanted
        chosen = []
        zones: tuple[tuple[Zone, npt.NDArray[np.bool_], int | None], ...] = (
            ("match", matches, None),
            ("related", related, MOST_RELATED),
        )
        for zone, mask, most in zones:
            places = np.flatnonzero(mask)
            relevance = np.round(self.relevance[places], 6)
            order = places[np.lexsort((-relevance, ~self.quoted[places]))]
            chosen += [self._scored(int(place), zone) for place in order[:most]]
        return chosen

    def every(self) -> list[Scored]:
        """All candidates, as what is possibly related."""
        return [self._scored(place, "related") for place in range(len(self.relevance))]

    def _scored(self, place: int, zone: Zone) -> Scored:
        stories = self.stories
        cosines = stories.cosines[place]
        return Scored(
            id=stories.ids[place],
            relevance=float(self.relevance[place]),
            zone=zone,
            held=bool(stories.words[place] > 0 or stories.shares[place, 0] > 0),
            quoted=bool(self.quoted[place]),
            near=bool(len(cosines) and self.values[place, _LIFT_SHARE] >= _NEAR),
            day=int(stories.days[place]),
        )


def query_values(lang: str, found: Mapping[str, CandidateSet]) -> FloatArray64:
    """The features of a query, by what it found: float64 (``QUERY_FEATURES``,).

    Args:
        lang: The query's.
        found: By language; of an archive in one language that has to tell enough.
    """
    home = found[lang]
    abroad = next(candidates for other, candidates in found.items() if other != lang)
    home, abroad = (home if home.stories.ids else abroad), (abroad if abroad.stories.ids else home)
    return query_features((home.values, home.relevance), (abroad.values, abroad.relevance))


class CandidateSearch:
    """Looks one query up, language by language.

    Args:
        articles_in: How many articles an archive has in a language.
    """

    def __init__(
        self,
        store: Store,
        query: Query,
        read: ReadQuery,
        profile: RankingProfile,
        *,
        articles_in: Callable[[str], int],
    ) -> None:
        self._store = store
        self._query = query
        self._read = read
        self._profile = profile
        self._articles_in = articles_in

    def look_up(
        self,
        lang: str,
        vectors: FloatArray,
        *,
        lead: float = 0.0,
        ids: Sequence[str] | None = None,
        among: CandidateSet | None = None,
    ) -> CandidateSet:
        """What may answer the query in a language.

        Args:
            vectors: float32 (number, dimension): of the query, and with feedback; none look for
                words alone.
            lead: See ``QueryFacts``.
            ids: Only these articles.
            among: What was found without the query's filters: no story is more relevant for what
                others are filtered out.
        """
        read = self._read.side(lang)
        phrases, excluded = read.clauses(lang)
        by_words = self._query.mode != "meaning"
        within = None if ids is None else tuple(ids)
        free = Scope(lang, self._query.filters, ids=within, excluded=excluded)
        shares = read.shares(lang)
        asked = shares if by_words else tuple(() for _ in shares)
        headline = _in_title_or_opening(shares) if self._query.headline and ids is None else ()
        lookup = StoryLookup(
            free,
            read.terms(lang) if by_words else (),
            (*asked, headline) if headline else asked,
            _ENOUGH,
            vectors,
            NEAREST,
        )
        holding: frozenset[str] = frozenset()
        stories = None
        if phrases:
            found = self._store.stories(replace(lookup, scope=replace(free, phrases=phrases)))
            holding = frozenset(found.ids)
            elsewhere = among is not None and bool(among.quoted.any())
            if (holding or elsewhere) and not self._read.quotes:
                stories = found  # none else
        if stories is None:
            stories = self._store.stories(lookup)
        quoted = np.array([id_ in holding for id_ in stories.ids], np.bool_)
        kind: Kind = "own" if lang == read.lang else "across"
        wanted = np.ones(len(stories.ids), np.bool_)
        if headline:
            wanted = stories.shares[:, -1] >= _ALL
            stories = replace(stories, shares=stories.shares[:, :-1])
        elif self._query.headline and ids is None and kind == "across":
            wanted[:] = False
        usual = self._profile.usual
        facts = QueryFacts(
            self._articles_in(lang),
            len(shares[0]),
            lead,
            (usual.get(kind), usual.get("feedback")),
        )
        values = features(stories, facts, among=among.stories if among else None)
        mode = self._query.mode if len(vectors) else "words"
        certain = quoted.copy()
        if by_words and not phrases and len(stories.ids):
            held, pairs = stories.shares[:, 0], stories.shares[:, 3]
            if self._query.mode == "words":
                certain |= held >= _ENOUGH - 1e-6
            elif kind == "own" and not self._read.sides:
                in_order = pairs >= _ALL if shares[3] else np.ones(len(held), np.bool_)
                # Diacritics that were restored may be others than were meant: a name is found by
                # what was typed.
                restored = read.read_as is not None and bool(shares[3])
                certain |= in_order & ((held >= _ALL) | restored)
        model = self._profile.relevance[mode][kind]
        relevance = model.probabilities(values)
        if mode == "hybrid":
            relevance = np.where(certain, 1 - (1 - relevance) * _DOUBT, relevance)
        return CandidateSet(lang, kind, stories, values, relevance, certain, quoted, model, wanted)


def _in_title_or_opening(shares: Sequence[tuple[WordGroup, ...]]) -> tuple[WordGroup, ...]:
    """What a story must hold all of to have the query's words in its title or lead."""
    _, titles, openings, *_ = shares
    return tuple(
        WordGroup((*title.terms, *opening.terms), title.weight)
        for title, opening in zip(titles, openings, strict=True)
    )


def passing(store: Store, lang: str, filters: Filters, ids: Sequence[str]) -> frozenset[str]:
    """Which stories of a language pass the filters."""
    scope = Scope(lang, filters, ids=tuple(ids))
    none = np.zeros((0, 0), np.float32)
    return frozenset(store.stories(StoryLookup(scope, (), ((),), 0.0, none, 0)).ids)


def every_story(store: Store, lang: str, filters: Filters) -> list[Scored]:
    """All stories of a language that pass the filters; of very many the newest."""
    lookup = StoryLookup(
        Scope(lang, filters), (), ((),), 0.0, np.zeros((0, 0), np.float32), 0, everything=True
    )
    found = store.stories(lookup)
    return [
        Scored(id_, 1.0, "match", day=day)
        for id_, day in zip(found.ids, found.days.tolist(), strict=True)
    ]
