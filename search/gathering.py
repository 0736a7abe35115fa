"""One language's half of a search: its candidates by words and by meaning, scored and ranked."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from search.encoders.base import FloatArray
from search.profiles import RankingProfile
from search.querying import ReadQuery
from search.ranking import Scored, background, fuse, guard
from search.records import Article, Passage, Query
from search.snippets import Marker
from search.stores.base import (
    Candidate,
    Lookup,
    NearestLookup,
    Scope,
    Store,
    Term,
    WordLookup,
)

_READ_FOR_WORDS = 3


@dataclass(frozen=True, slots=True)
class Meant:
    """The query as vectors.

    Attributes:
        query: float32 (dimension,): the language-free vector of what was typed.
        asked: The same, or with feedback added: what nearness is measured from.
        language: How much of the language was taken out of the first.
    """

    query: FloatArray
    asked: FloatArray
    language: float = 0.0

    @property
    def has_feedback(self) -> bool:
        """Whether the two differ."""
        return self.asked is not self.query


@dataclass(frozen=True, slots=True)
class Side:
    """One language's half of a search.

    Attributes:
        ranked: Every story that matches, best first.
        everything: The same before the floor was applied, and in the order of the scores.
        near: The cosine from which on a story counts as matched by meaning.
        word_weight: What a BM25 score was multiplied by.
        word_ranks, meaning_ranks: Rank of each story in its list of either kind, from 1.
    """

    lang: str
    marker: Marker
    ranked: tuple[Scored, ...] = ()
    everything: tuple[Scored, ...] = ()
    near: float = 0.0
    word_weight: float = 0.0
    word_ranks: Mapping[str, int] = field(default_factory=dict)
    meaning_ranks: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Floor:
    """What a story must reach to match.

    Attributes:
        list: The cosine that the best of a list must reach, or meaning found nothing in it.
        hit: The cosine that the others must reach then.
        words: Share of the query's words that make up for a lower cosine.
    """

    list: float
    hit: float
    words: float


@dataclass(frozen=True, slots=True)
class _Found:
    """Candidates of one language.

    Attributes:
        words, nearest: The two lists, best first.
        word_scores, by_meaning: What is known of any candidate, by id.
        tops: Ids of the best by words and by the query's own meaning.
    """

    words: Sequence[Candidate]
    nearest: Sequence[Candidate]
    word_scores: Mapping[str, float]
    by_meaning: Mapping[str, Candidate]
    tops: Sequence[str]


class Gatherer:
    """Answers one query, language by language.

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
        self._depth = max(profile.depth, query.offset + query.k)

    def sides(self, meant: Mapping[str, Meant | None], *, assured: bool = False) -> dict[str, Side]:
        """The sides of some languages, looked up together.

        Args:
            meant: By language; None looks for words alone.
            assured: Whether the query has a match in its own language.
        """
        return {
            lang: self._rank(lang, found, meant[lang], assured=assured)
            for lang, found in self._look_up(meant)
        }

    def _look_up(self, meant: Mapping[str, Meant | None]) -> list[tuple[str, _Found]]:
        """Both lists of each language in one round trip, what each list lacks in another."""
        scopes, terms = {}, {}
        for lang in meant:
            phrases, excluded = self._read.clauses(lang)
            scopes[lang] = Scope(lang, self._query.filters, phrases=phrases, excluded=excluded)
            terms[lang] = self._read.terms(lang) if self._query.mode != "meaning" else ()
        first = self._round(scopes, terms, meant, self._depth)
        rest = {}
        if self._query.mode == "hybrid":
            for lang, lists in first.items():
                ids: set[str] = set()
                for candidates in lists:
                    ids ^= {candidate.id for candidate in candidates[: self._depth]}
                if ids:
                    rest[lang] = Scope(lang, ids=tuple(sorted(ids)))
        more = self._round(rest, terms, meant, 3 * self._depth) if rest else {}
        found = []
        for lang, (words, nearest, direct) in first.items():
            more_words, more_nearest, _ = more.get(lang, ([], [], []))
            found.append(
                (
                    lang,
                    _Found(
                        words,
                        nearest,
                        {c.id: c.score for c in (*words, *more_words)},
                        {c.id: c for c in (*nearest, *more_nearest)},
                        [c.id for c in (*words[:1], *(direct or nearest)[:1])],
                    ),
                )
            )
        return found

    def _round(
        self,
        scopes: Mapping[str, Scope],
        terms: Mapping[str, tuple[Term, ...]],
        meant: Mapping[str, Meant | None],
        k: int,
    ) -> dict[str, tuple[list[Candidate], list[Candidate], list[Candidate]]]:
        """For each language: by words, by meaning, and the best by meaning without feedback."""
        lookups: list[Lookup] = []
        for lang, scope in scopes.items():
            lookups.append(WordLookup(scope, terms[lang], k))
            vectors = meant[lang]
            if vectors is not None:
                lookups.append(NearestLookup(scope, vectors.asked, k))
                if vectors.has_feedback and scope.ids is None:
                    lookups.append(NearestLookup(scope, vectors.query, 1))
        answers = iter(self._store.find(lookups))
        found = {}
        for lang, scope in scopes.items():
            vectors = meant[lang]
            words = next(answers)
            nearest = next(answers) if vectors is not None else []
            direct = vectors is not None and vectors.has_feedback and scope.ids is None
            found[lang] = (words, nearest, next(answers) if direct else [])
        return found

    def _rank(self, lang: str, found: _Found, meant: Meant | None, *, assured: bool) -> Side:
        profile, read = self._profile, self._read
        same = lang == read.lang
        articles = self._articles_in(lang)
        weight = profile.same_language_words if same else profile.cross_language_words
        weight /= math.log(2 + articles)
        passages: dict[str, Passage] = {
            c.id: c.passage for c in found.by_meaning.values() if c.passage is not None
        }
        everything = ranked = fuse(
            found.word_scores,
            {c.id: c.score for c in found.by_meaning.values()},
            passages,
            word_weight=1.0 if meant is None else weight,
        )
        marker = Marker.of(read, lang)
        floor = _floor(found.nearest, profile, articles=articles, assured=assured)
        if meant is not None and not read.phrases:
            ranked = self._above_floor(ranked, marker, floor)
        kept = {scored.id for scored in ranked}
        # Across languages a list of words holds little but names: its best is no guarded hit.
        tops = found.tops if same else found.tops[-1:]
        ranked = guard(ranked, [id_ for id_ in tops if id_ in kept])
        return Side(
            lang,
            marker,
            tuple(ranked),
            tuple(everything),
            floor.hit,
            1.0 if meant is None else weight,
            {c.id: rank for rank, c in enumerate(found.words, 1)},
            {c.id: rank for rank, c in enumerate(found.nearest, 1)},
        )

    def _above_floor(self, ranked: Sequence[Scored], marker: Marker, floor: _Floor) -> list[Scored]:
        """Leave out what is near in neither meaning nor words.

        To a query without a word that means something, no nearness means anything.
        """
        known = self._read.known
        reached = known and any(s.cosine is not None and s.cosine >= floor.list for s in ranked)
        least = floor.hit if reached else 2.0
        # Across languages only names can be found: the others cannot occur.
        share = floor.words / 2 if marker.pairs else floor.words
        enough = self._enough_words(ranked, marker, share)
        return [
            scored
            for scored in ranked
            if (scored.cosine is not None and scored.cosine >= least) or scored.words >= enough
        ]

    def _enough_words(self, ranked: Sequence[Scored], marker: Marker, least_share: float) -> float:
        """The word score from which on words alone make a match.

        It is half of the highest, provided that one of the stories with the highest holds enough
        of the query: a score alone does not tell one rare word from all the common ones.
        """
        by_words = sorted((s for s in ranked if s.words > 0), key=lambda s: -s.words)[
            :_READ_FOR_WORDS
        ]
        texts: Mapping[str, Article] = {}
        if by_words:
            texts = self._store.articles([scored.id for scored in by_words])
        for scored in by_words:
            article = texts.get(scored.id)
            if article and marker.coverage((article.title, article.body)) >= least_share:
                return 0.5 * by_words[0].words
        return math.inf


def _floor(
    nearest: Sequence[Candidate], profile: RankingProfile, *, articles: int, assured: bool
) -> _Floor:
    """The floor for one language's list, from the list's own background where it is long enough.

    Args:
        articles: In the language; filters may leave fewer.
        assured: Whether the query has a match in its own language.
    """
    level = background([candidate.score for candidate in nearest])
    if level is None:
        return _Floor(profile.floor, profile.floor, profile.words_floor)
    margin = profile.margin(articles if len(nearest) >= profile.depth else len(nearest))
    if assured:
        margin *= profile.assured
    return _Floor(level + margin, level + margin / 2, profile.words_floor)
