"""One language's half of a search: its candidates by words and by meaning, in one order."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from search.encoders.base import FloatArray
from search.ranking.fusion import Scored, background, fuse
from search.ranking.profile import RankingProfile
from search.ranking.query import ReadQuery
from search.ranking.snippets import Marker
from search.records import Query
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
class QueryVectors:
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
class LanguageResults:
    """One language's half of a search.

    Attributes:
        everything: Every candidate, best first.
        by_meaning: Whether meaning was looked up, not words alone.
        quoted: Whether every candidate holds the quoted phrases.
        top, level: The best cosine, and the background of the list; None where it is too short.
        margin: How far above its level a list's best must be to stand out by itself.
        tops: Ids of the best by words and by the query's own meaning: they are guarded.
        word_weight: What a BM25 score was multiplied by.
        word_ranks, meaning_ranks: Rank of each story in its list of either kind, from 1.
        ranked: What matches, best first (``search.ranking.matches``).
        near: The cosine from which on a story counts as matched by meaning.
    """

    lang: str
    marker: Marker
    everything: tuple[Scored, ...] = ()
    by_meaning: bool = False
    quoted: bool = False
    top: float = 0.0
    level: float | None = None
    margin: float = 0.0
    tops: tuple[str, ...] = ()
    word_weight: float = 0.0
    word_ranks: Mapping[str, int] = field(default_factory=dict)
    meaning_ranks: Mapping[str, int] = field(default_factory=dict)
    ranked: tuple[Scored, ...] = ()
    near: float = 0.0


@dataclass(frozen=True, slots=True)
class _Found:
    """Candidates of one language.

    Attributes:
        words, nearest: The two lists, best first.
        word_scores, by_meaning: What is known of any candidate, by id.
        tops: Ids of the best by words and by the query's own meaning.
        quoted: Whether all of them hold the quoted phrases.
        doubt: 0–1: how little the best by meaning stands out, where words are to decide then.
    """

    words: Sequence[Candidate]
    nearest: Sequence[Candidate]
    word_scores: Mapping[str, float]
    by_meaning: Mapping[str, Candidate]
    tops: Sequence[str]
    quoted: bool
    doubt: float


class CandidateSearch:
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

    def sides(self, meant: Mapping[str, QueryVectors | None]) -> dict[str, LanguageResults]:
        """The sides of some languages, looked up together.

        Args:
            meant: By language; None looks for words alone.
        """
        return {lang: self._side(lang, found, meant[lang]) for lang, found in self._look_up(meant)}

    def _look_up(self, meant: Mapping[str, QueryVectors | None]) -> list[tuple[str, _Found]]:
        """Both lists of each language in one round trip, what each list lacks in another."""
        scopes: dict[str, Scope] = {}
        terms = {}
        mode, own = self._query.mode, self._read.lang
        for lang in meant:
            phrases, excluded = self._read.clauses(lang)
            scopes[lang] = Scope(lang, self._query.filters, phrases=phrases, excluded=excluded)
            terms[lang] = self._read.terms(lang, pairs=mode == "words") if mode != "meaning" else ()
        first = self._round(scopes, terms, meant, self._depth)
        # A phrase of ordinary words cannot occur in another language: there, meaning has to do.
        foreign = {
            lang: replace(scope, phrases=())
            for lang, scope in scopes.items()
            if scope.phrases and lang != self._read.lang and meant[lang] and not any(first[lang])
        }
        if foreign:
            scopes |= foreign
            first |= self._round(foreign, terms, meant, self._depth)
        rest, doubt = {}, 0.0
        if mode == "hybrid":
            if own in first:
                _, nearest, direct = first[own]
                doubt = self._doubt(own, [candidate.score for candidate in nearest])
            if doubt > 0:
                # Words decide: those that stand together tell more than each by itself.
                terms[own] = self._read.terms(own, pairs=True)
                [words] = self._store.find([WordLookup(scopes[own], terms[own], self._depth)])
                first[own] = (words, nearest, direct)
            for lang, lists in first.items():
                words_ids, nearest_ids, direct_ids = ({c.id for c in found} for found in lists)
                ids = (words_ids ^ nearest_ids) | (direct_ids - (words_ids & nearest_ids))
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
                        bool(scopes[lang].phrases),
                        doubt if lang == own else 0.0,
                    ),
                )
            )
        return found

    def _round(
        self,
        scopes: Mapping[str, Scope],
        terms: Mapping[str, tuple[Term, ...]],
        meant: Mapping[str, QueryVectors | None],
        k: int,
    ) -> dict[str, tuple[list[Candidate], list[Candidate], list[Candidate]]]:
        """For each language: by words, by meaning, and the best by meaning without feedback."""
        asked = {
            lang: self._lookups(scope, terms[lang], meant[lang], k)
            for lang, scope in scopes.items()
        }
        answers = iter(self._store.find([lookup for some in asked.values() for lookup in some]))
        found = {}
        for lang, some in asked.items():
            words, nearest, direct = (*islice(answers, len(some)), [], [])[:3]
            found[lang] = (words, nearest, direct)
        return found

    def _lookups(
        self, scope: Scope, terms: tuple[Term, ...], meant: QueryVectors | None, k: int
    ) -> list[Lookup]:
        """By words; by meaning; and without feedback, where there is some and all is searched."""
        lookups: list[Lookup] = [WordLookup(scope, terms, k)]
        if meant is not None:
            lookups.append(NearestLookup(scope, meant.asked, k))
            if meant.has_feedback and scope.ids is None:
                lookups.append(NearestLookup(scope, meant.query, 1))
        return lookups

    def _doubt(self, lang: str, cosines: Sequence[float]) -> float:
        """0–1: how little the best by meaning stands out of its list; 0 where that is too short."""
        level, profile = background(cosines), self._profile
        margin = profile.margin(self._pool(lang, cosines))
        if level is None or margin <= 0:
            return 0.0
        lift = (cosines[0] - level) / margin
        return min(1.0, max(0.0, (profile.sure - lift) / (profile.sure - profile.unsure)))

    def _pool(self, lang: str, cosines: Sequence[float]) -> int:
        """Among how many articles was looked; a list shorter than it may be shows what filters
        leave."""
        articles = self._articles_in(lang)
        return articles if len(cosines) >= self._profile.depth else len(cosines)

    def _side(self, lang: str, found: _Found, meant: QueryVectors | None) -> LanguageResults:
        profile = self._profile
        same = lang == self._read.lang
        cosines = [candidate.score for candidate in found.nearest]
        weight = profile.same_language_words if same else profile.cross_language_words
        weight = 1.0 if meant is None else weight / math.log(2 + self._articles_in(lang))
        weight *= 1 + (profile.unsure_words - 1) * found.doubt
        everything = fuse(
            found.word_scores,
            {c.id: c.score for c in found.by_meaning.values()},
            {c.id: c.passage for c in found.by_meaning.values() if c.passage is not None},
            word_weight=weight,
        )
        return LanguageResults(
            lang=lang,
            marker=Marker.of(self._read, lang),
            everything=tuple(everything),
            by_meaning=meant is not None,
            quoted=found.quoted,
            top=cosines[0] if cosines else 0.0,
            level=background(cosines),
            margin=profile.margin(self._pool(lang, cosines)),
            # Across languages a list of words holds little but names: its best is not guarded.
            tops=tuple(found.tops if same else found.tops[-1:]),
            word_weight=weight,
            word_ranks={c.id: rank for rank, c in enumerate(found.words, 1)},
            meaning_ranks={c.id: rank for rank, c in enumerate(found.nearest, 1)},
        )
