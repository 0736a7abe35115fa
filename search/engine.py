"""The archive: the one class that ties a store, an encoder and the ranking together."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from search.encoders import load_encoder
from search.encoders.base import Encoder, FloatArray, identity
from search.errors import ArchiveMissingError, SettingsError
from search.grouping import one_of_each
from search.languages import LANGUAGES
from search.profiles import RankingProfile, profile_for
from search.querying import ReadQuery, read_query
from search.ranking import BACKGROUND_LEAST, Scored, background, fuse, guard, merge
from search.records import Article, Hit, Passage, Query, Results
from search.settings import Settings
from search.snippets import Marker, best_snippet
from search.stores.base import (
    ArchiveProfile,
    Candidate,
    Lookup,
    NearestLookup,
    Scope,
    Store,
    StoreStats,
    Term,
    WordLookup,
    mismatch,
)
from search.stores.links import Link

_PROFILE_LIFE_S = 5.0
_READ_FOR_WORDS = 3


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
class _Side:
    """One language's half of a search.

    Attributes:
        ranked: Every story that matches, best first.
        near: The cosine from which on a story counts as matched by meaning.
    """

    lang: str
    marker: Marker
    near: float
    ranked: tuple[Scored, ...]


class Archive:
    """Articles that can be searched. Safe to use from several threads at once.

    Args:
        encoder: Loaded when first needed; None loads the one that the archive was made with.
    """

    def __init__(self, store: Store, settings: Settings, *, encoder: Encoder | None = None) -> None:
        self.store = store
        self.settings = settings
        self._encoder = encoder
        self._loading = threading.Lock()
        self._made: tuple[float, ArchiveProfile | None] = (-_PROFILE_LIFE_S, None)

    @property
    def location(self) -> str:
        """How the archive is named, without secrets."""
        return self.store.location

    @property
    def encoder(self) -> Encoder:
        """The archive's encoder.

        Raises:
            ArchiveMismatchError: The settings ask for another one than the archive was made with.
            EncoderError: It cannot be loaded.
        """
        with self._loading:
            made = self.made()
            if self._encoder is None:
                spec = self.settings.encoder or (made.encoder.name if made else "bundled")
                self._encoder = load_encoder(
                    spec, device=self.settings.device or None, batch_size=self.settings.batch_size
                )
            if made is not None and made != ArchiveProfile(identity(self._encoder)):
                wanted, self._encoder = ArchiveProfile(identity(self._encoder)), None
                raise mismatch(self.location, made, wanted)
            return self._encoder

    def made(self) -> ArchiveProfile | None:
        """How the archive was made, at most a few seconds old: it can be re-embedded meanwhile."""
        read_at, made = self._made
        if made is None or time.monotonic() - read_at > _PROFILE_LIFE_S:
            made = self.store.profile()
            self._made = (time.monotonic(), made)
        return made

    def create(self) -> None:
        """Make the archive where there is none yet.

        Raises:
            ArchiveMismatchError: There is one, made with another encoder.
        """
        self.store.create(ArchiveProfile(identity(self.encoder)))

    def search(self, query: Query) -> Results:
        """Answer a query with a list for each language and one ranking over both.

        Raises:
            QueryError: The query cannot be answered as typed.
            StoreError: The archive cannot answer.
        """
        began = time.perf_counter()
        read = read_query(query, max_chars=self.settings.max_query_chars)
        langs = list(LANGUAGES) if query.lang == "both" else [query.lang]
        vector = self._vector(read) if query.mode != "words" else None
        sides = self._sides(query, read, langs, vector)
        links = self.store.links([scored.id for side in sides for scored in side.ranked])
        if not query.copies:
            sides = [_without_copies(side, links, query) for side in sides]
        pages = {side.lang: side.ranked[query.offset :][: query.k] for side in sides}
        shown = [scored.id for page in pages.values() for scored in page]
        others = [links[id_].counterpart for id_ in shown if id_ in links]
        articles = self.store.articles([*shown, *(id_ for id_ in others if id_)])
        results = {
            side.lang: tuple(
                _linked(_hit(articles[scored.id], scored, side), links, articles)
                for scored in pages[side.lang]
                if scored.id in articles
            )
            for side in sides
        }
        return Results(
            query=query,
            query_lang=read.lang,
            read_as=read.read_as,
            took_ms=(time.perf_counter() - began) * 1000,
            total={side.lang: len(side.ranked) for side in sides},
            results=results,
            mixed=tuple(_mixed(query, results)),
            counterparts={id_: articles[id_] for id_ in others if id_ in articles},
        )

    def articles(self, ids: Sequence[str]) -> dict[str, Article]:
        """Those of the ids that are kept."""
        return self.store.articles(ids)

    def links(self, ids: Sequence[str]) -> dict[str, Link]:
        """What is known of counterparts and copies of those of the ids that were linked."""
        return self.store.links(ids)

    def copies(self, id_: str) -> list[Article]:
        """All articles that tell a story in nearly the same words, the first published first.

        The article itself is one of them; it is the only one where no copy is known. Empty where
        there is no such article.
        """
        link = self.store.links([id_]).get(id_)
        ids = self.store.linking.members([link.group]).get(link.group, ()) if link else ()
        found = self.store.articles(ids or [id_])
        return [found[member] for member in (ids or [id_]) if member in found]

    def stats(self) -> StoreStats:
        """What is inside."""
        return self.store.stats()

    def ready(self) -> None:
        """Return when the archive can answer; the encoder is loaded then.

        Raises:
            StoreError: It cannot; the message says what to do.
            EncoderError: The archive's encoder cannot be loaded.
        """
        if self.store.profile() is None:
            raise ArchiveMissingError(
                f"There is no archive at {self.location}. Fill one with: songngu index SOURCE…"
                f" --archive {self.location}"
            )
        _ = self.encoder

    def close(self) -> None:
        """Let go of the store and the encoder."""
        self.store.close()
        if self._encoder is not None:
            self._encoder.close()

    def _vector(self, read: ReadQuery) -> FloatArray:
        vector: FloatArray = self.encoder.encode_queries([read.meant])[0]
        return self._profile().language_free(vector)

    def _profile(self) -> RankingProfile:
        made = self.made()
        return profile_for(made.encoder.fingerprint if made else "")

    def _sides(
        self, query: Query, read: ReadQuery, langs: Sequence[str], vector: FloatArray | None
    ) -> list[_Side]:
        """Look both languages up in one round trip, complete what each list lacks in another."""
        profile = self._profile()
        depth = max(profile.depth, query.offset + query.k)
        scopes, terms = {}, {}
        for lang in langs:
            phrases, excluded = read.clauses(lang)
            scopes[lang] = Scope(lang, query.filters, phrases=phrases, excluded=excluded)
            terms[lang] = read.terms(lang) if query.mode != "meaning" else ()
        found = self._round({lang: (scopes[lang], terms[lang]) for lang in langs}, vector, depth)
        sides = []
        rest = {}
        for lang in langs:
            words, nearest = found[lang]
            ids = {c.id for c in words} ^ {c.id for c in nearest}
            if query.mode == "hybrid" and ids:
                scope = Scope(lang, ids=tuple(sorted(ids)))
                rest[lang] = (scope, terms[lang])
        more = self._round(rest, vector, 2 * depth) if rest else {}
        for lang in langs:
            words, nearest = found[lang]
            more_words, more_nearest = more.get(lang, ([], []))
            sides.append(
                self._rank(query, read, lang, [*words, *more_words], nearest, more_nearest, profile)
            )
        return sides

    def _round(
        self,
        asked: Mapping[str, tuple[Scope, tuple[Term, ...]]],
        vector: FloatArray | None,
        depth: int,
    ) -> dict[str, tuple[list[Candidate], list[Candidate]]]:
        """One round trip: for each language the candidates by words and by meaning."""
        lookups: list[Lookup] = []
        for scope, terms in asked.values():
            lookups.append(WordLookup(scope, terms, depth))
            if vector is not None:
                lookups.append(NearestLookup(scope, vector, depth))
        answers = iter(self.store.find(lookups))
        return {
            lang: (next(answers), next(answers) if vector is not None else []) for lang in asked
        }

    def _rank(
        self,
        query: Query,
        read: ReadQuery,
        lang: str,
        words: Sequence[Candidate],
        nearest: Sequence[Candidate],
        more_nearest: Sequence[Candidate],
        profile: RankingProfile,
    ) -> _Side:
        same = lang == read.lang
        weight = profile.same_language_words if same else profile.cross_language_words
        word_scores = {c.id: c.score for c in words}
        by_meaning = {c.id: c for c in (*nearest, *more_nearest)}
        passages: dict[str, Passage] = {
            c.id: c.passage for c in by_meaning.values() if c.passage is not None
        }
        ranked = fuse(
            word_scores,
            {c.id: c.score for c in by_meaning.values()},
            passages,
            word_weight=1.0 if query.mode == "words" else weight,
        )
        marker = Marker.of(read, lang)
        floor = _floor(nearest, profile)
        if query.mode != "words" and not read.phrases:
            ranked = self._above_floor(ranked, marker, floor, known=read.known)
        kept = {scored.id for scored in ranked}
        tops = [top.id for top in (*words[:1], *nearest[:1]) if top.id in kept]
        ranked = guard(ranked, tops if same else tops[-1:])
        if query.sort != "relevance":
            ranked = self._by_date(ranked, newest=query.sort == "newest")
        return _Side(lang, marker, floor.hit, tuple(ranked))

    def _above_floor(
        self, ranked: Sequence[Scored], marker: Marker, floor: _Floor, *, known: bool
    ) -> list[Scored]:
        """Leave out what is near in neither meaning nor words.

        Args:
            known: Whether the query has a word that means something; without one, no nearness does.
        """
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
        texts = self.store.articles([scored.id for scored in by_words]) if by_words else {}
        for scored in by_words:
            article = texts.get(scored.id)
            if article and marker.coverage((article.title, article.body)) >= least_share:
                return 0.5 * by_words[0].words
        return math.inf

    def _by_date(self, ranked: Sequence[Scored], *, newest: bool) -> list[Scored]:
        """By published date; stories of unknown date come last either way."""
        articles = self.store.articles([scored.id for scored in ranked])
        dated = [s for s in ranked if s.id in articles and articles[s.id].date]
        unknown = [s for s in ranked if s.id in articles and not articles[s.id].date]
        dated.sort(key=lambda s: articles[s.id].date or "", reverse=newest)
        return [*dated, *unknown]


def open_archive(location: str | None = None, *, settings: Settings | None = None) -> Archive:
    """Open the archive that a string names; whether it exists shows when it is used.

    Args:
        location: A file, or http(s)://host:port/name for Elasticsearch; None takes the settings'.

    Raises:
        SettingsError: The string names no archive.
    """
    settings = settings or Settings.load()
    return Archive(open_store(location or settings.archive, settings), settings)


def open_store(location: str, settings: Settings) -> Store:
    """The store that an archive's name asks for."""
    if location.startswith(("http://", "https://")):
        from search.stores.elasticsearch import ElasticsearchStore

        return ElasticsearchStore.from_url(location, settings)
    if "://" in location:
        raise SettingsError(
            f"{location!r} names no archive. Use a file such as news.db, or"
            " http://host:9200/name for Elasticsearch."
        )
    from search.stores.embedded import EmbeddedStore

    return EmbeddedStore(location)


def _hit(article: Article, scored: Scored, side: _Side) -> Hit:
    passage = best_snippet(article, scored.passage, side.marker)
    title_marks = tuple(side.marker.spans(article.title))
    matched = []
    if scored.words > 0 and (passage.marks or title_marks):
        matched.append("words")
    if scored.cosine is not None and scored.cosine >= side.near:
        matched.append("meaning")
    return Hit(
        article=article,
        score=scored.score,
        matched=tuple(matched) or ("words",),
        passage=passage,
        title_marks=title_marks,
    )


def _without_copies(side: _Side, links: Mapping[str, Link], query: Query) -> _Side:
    by_date = query.sort != "relevance"
    return replace(side, ranked=tuple(one_of_each(side.ranked, links, by_date=by_date)))


def _linked(hit: Hit, links: Mapping[str, Link], there: Mapping[str, Article]) -> Hit:
    """A hit with what is known of its story; a counterpart that is gone is none."""
    link = links.get(hit.article.id)
    if link is None:
        return hit
    counterpart = link.counterpart if link.counterpart in there else None
    return replace(hit, counterpart=counterpart, copies=link.copies)


def _floor(nearest: Sequence[Candidate], profile: RankingProfile) -> _Floor:
    """The floor for one language's list, from the list's own background where it is long enough."""
    level = background([candidate.score for candidate in nearest])
    if level is None:
        return _Floor(profile.floor, profile.floor, profile.words_floor)
    length = (len(nearest) - BACKGROUND_LEAST) / (profile.depth - BACKGROUND_LEAST)
    margin = profile.short_margin + (profile.margin - profile.short_margin) * min(1.0, length)
    return _Floor(level + margin, level + margin / 2, profile.words_floor)


def _mixed(query: Query, results: Mapping[str, Sequence[Hit]]) -> list[str]:
    if query.sort != "relevance":
        hits = [hit for found in results.values() for hit in found]
        hits.sort(key=lambda hit: hit.article.date or "", reverse=query.sort == "newest")
        known = [hit for hit in hits if hit.article.date]
        return [hit.article.id for hit in (*known, *(h for h in hits if not h.article.date))]
    return merge([[(hit.article.id, hit.score) for hit in found] for found in results.values()])
