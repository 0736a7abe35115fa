"""One language's half of a search: what may answer, how likely each story does, and which do.

The result set of a query depends on the query and its filters alone: never on how much of it is
shown, or in which order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from search.encoders.base import FloatArray
from search.ranking.profile import RankingProfile
from search.ranking.query import ReadQuery
from search.ranking.relevance import Kind, QueryFacts, Regression, features
from search.records import Query
from search.stores.base import FloatArray64, Scope, Store, Stories, StoryLookup

Zone = Literal["match", "related"]

NEAREST = 300
"""Stories of each language that are found by meaning."""
_ENOUGH = 0.5
"""Share of what a query's words tell from which on a story is found by them."""
MOST_RELATED = 50
_ALL = 0.999


@dataclass(frozen=True, slots=True)
class QueryVectors:
    """The query as vectors.

    Attributes:
        query: float32 (dimension,): the language-free vector of what was typed.
        moved: The same with feedback added; None where there is none.
        language: How much of the language was taken out of the first.
    """

    query: FloatArray
    moved: FloatArray | None = None
    language: float = 0.0

    def rows(self) -> FloatArray:
        """float32 (1 or 2, dimension)."""
        return np.stack([self.query] if self.moved is None else [self.query, self.moved])


@dataclass(frozen=True, slots=True)
class Scored:
    """A story of the result set.

    Attributes:
        relevance: The probability that it answers the query.
        held: Whether it holds any of the query's words.
        near: Whether its meaning speaks for it: nearer than half of what the best stands out by.
        day: Of publication; 0 where it is unknown.
    """

    id: str
    relevance: float
    zone: Zone
    held: bool = False
    near: bool = False
    day: int = 0


@dataclass(frozen=True)
class Candidates:
    """What may answer a query in one language.

    Attributes:
        lang: The language.
        stories: What was found, in columns.
        values: float64 (stories, features).
        relevance: float64 (stories,): probabilities.
        certain: bool (stories,): which are matches whatever the model says: they hold the quoted
            phrases, or all that the query says.
        model: What ``relevance`` was computed by.
    """

    lang: str
    stories: Stories
    values: FloatArray64
    relevance: FloatArray64
    certain: npt.NDArray[np.bool_]
    model: Regression

    def best(self) -> int | None:
        """The place of the likeliest story; None where there is none."""
        return int(np.argmax(self.relevance)) if len(self.relevance) else None

    def result_set(self, profile: RankingProfile) -> list[Scored]:
        """Matches, then what is possibly related; both by falling relevance, then by id."""
        matches = self.certain | (self.relevance >= profile.match)
        related = ~matches & (self.relevance >= profile.related)
        chosen = []
        for zone, mask, most in (("match", matches, None), ("related", related, MOST_RELATED)):
            places = np.flatnonzero(mask)
            order = places[np.argsort(-np.round(self.relevance[places], 6), kind="stable")]
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
            held=bool(stories.words[place] > 0),
            near=bool(len(cosines) and self.values[place, 3] >= 0.5),
            day=int(stories.days[place]),
        )


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
        self, lang: str, vectors: FloatArray, *, ids: Sequence[str] | None = None
    ) -> Candidates:
        """What may answer the query in a language.

        Args:
            vectors: float32 (number, dimension): of the query, and with feedback; none look for
                words alone.
            ids: Only these articles.
        """
        phrases, excluded = self._read.clauses(lang)
        by_words = self._query.mode != "meaning"
        scope = Scope(
            lang,
            self._query.filters,
            ids=None if ids is None else tuple(ids),
            phrases=phrases,
            excluded=excluded,
        )
        shares = self._read.shares(lang)
        lookup = StoryLookup(
            scope,
            self._read.terms(lang) if by_words else (),
            shares if by_words else tuple(() for _ in shares),
            _ENOUGH,
            vectors,
            NEAREST,
        )
        stories = self._store.stories(lookup)
        quoted = bool(phrases)
        if quoted and not stories.ids and lang != self._read.lang and len(vectors):
            # A phrase of ordinary words cannot occur in another language: meaning has to do there.
            quoted = False
            stories = self._store.stories(replace(lookup, scope=replace(scope, phrases=())))
        facts = QueryFacts(self._articles_in(lang), len(shares[0]), self._read.known)
        values = features(stories, facts)
        kind: Kind = "own" if lang == self._read.lang else "across"
        mode = self._query.mode if len(vectors) else "words"
        certain = np.full(len(stories.ids), quoted)
        if kind == "own" and by_words and len(stories.ids):
            whole = stories.shares[:, 0] >= _ALL
            if shares[3]:
                whole &= stories.shares[:, 3] >= _ALL
            certain |= whole
        model = self._profile.relevance[mode][kind]
        return Candidates(lang, stories, values, model.probabilities(values), certain, model)
