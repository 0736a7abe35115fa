"""``Archive``: the one class that ties a store, an encoder and the ranking together."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np

from search.addresses import is_server_address
from search.encoders import load_encoder
from search.encoders.base import Encoder, FloatArray
from search.encoders.language_direction import take_apart
from search.errors import ArchiveMismatchError, ArchiveMissingError, SettingsError
from search.ranking.candidates import CandidateSearch, LanguageResults, QueryVectors
from search.ranking.deduplication import one_of_each
from search.ranking.explain import explained
from search.ranking.fusion import Scored, feedback_weight, merge
from search.ranking.matches import matching
from search.ranking.profile import RankingProfile, archive_profile, profile_for
from search.ranking.query import ReadQuery, read_query
from search.ranking.snippets import best_snippet
from search.records import Article, Hit, Query, Results
from search.settings import Settings
from search.stores.base import ArchiveProfile, Store, StoreStats, mismatch
from search.stores.links import Link, Links
from search.text.languages import LANGUAGES
from search.vocabulary import ArchiveRestorer

_PROFILE_LIFE_S = 5.0


class Archive:
    """Articles that can be searched. Thread-safe; a context manager that closes itself.

    Args:
        encoder: Loaded when first needed; None loads the one that the archive was made with.
    """

    def __init__(self, store: Store, settings: Settings, *, encoder: Encoder | None = None) -> None:
        self.store = store
        self.settings = settings
        self._encoder = encoder
        self._chosen = encoder is not None or bool(settings.encoder)
        self._loading = threading.Lock()
        self._restorer = ArchiveRestorer(store)
        self._made: tuple[float, ArchiveProfile | None] = (-_PROFILE_LIFE_S, None)
        self._sizes: tuple[float, Mapping[str, int]] = (-_PROFILE_LIFE_S, {})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def location(self) -> str:
        """The path or address of the archive, without secrets."""
        return self.store.location

    @property
    def encoder(self) -> Encoder:
        """The archive's encoder, loaded at the first use.

        Raises:
            ArchiveMismatchError: The settings ask for another one than the archive was made with.
            EncoderError: It cannot be loaded.
        """
        with self._loading:
            made = self.made()
            while True:
                fresh = self._encoder is None
                if self._encoder is None:
                    spec = self.settings.encoder or (made.encoder.name if made else "bundled")
                    self._encoder = load_encoder(
                        spec,
                        device=self.settings.device or None,
                        batch_size=self.settings.batch_size,
                    )
                here = archive_profile(self._encoder)
                if made is None or made == here:
                    return self._encoder
                self._encoder = None
                if fresh or self._chosen:
                    raise mismatch(self.location, made, here)
                # It was embedded anew meanwhile, and its own encoder is another one now.

    def made(self) -> ArchiveProfile | None:
        """Read the profile the archive was made with; None where there is no archive yet.

        At most a few seconds old, since another process may re-embed the archive at any time.
        """
        read_at, made = self._made
        if made is None or time.monotonic() - read_at > _PROFILE_LIFE_S:
            made = self.store.profile()
            self._made = (time.monotonic(), made)
        return made

    def create(self) -> None:
        """Create the archive; an existing one is left as it is.

        Raises:
            ArchiveMismatchError: There is one that was made with another encoder.
        """
        self.store.create(archive_profile(self.encoder))

    def search(self, query: Query) -> Results:
        """Answer a query with a list for each language and one ranking over both.

        Raises:
            QueryError: The query cannot be answered as typed.
            StoreError: The archive cannot answer.
        """
        try:
            return self._search(query)
        except ArchiveMismatchError:
            if self._chosen:
                raise
            self._made = (-_PROFILE_LIFE_S, None)  # it has been embedded anew a moment ago
            return self._search(query)

    def _search(self, query: Query) -> Results:
        began = time.perf_counter()
        read = read_query(
            query, max_chars=self.settings.max_query_chars, restorer=self._restorer.current
        )
        sides, meant = self._sides(query, read)
        links = Links(self.store).links([s.id for side in sides.values() for s in side.ranked])
        if not query.copies:
            sides = {lang: _without_copies(side, links, query) for lang, side in sides.items()}
        pages = {
            lang: self._ordered(query, side)[query.offset :][: query.k]
            for lang, side in sides.items()
        }
        shown = [scored.id for page in pages.values() for scored in page]
        others = [links[id_].counterpart for id_ in shown if id_ in links]
        articles = self.store.articles([*shown, *(id_ for id_ in others if id_)])
        results = {
            lang: tuple(
                _linked(_hit(articles[scored.id], scored, sides[lang]), links, articles)
                for scored in page
                if scored.id in articles
            )
            for lang, page in pages.items()
        }
        if query.explain:
            results = explained(self.store, results, sides, meant)
        return Results(
            query=query,
            query_lang=read.lang,
            read_as=read.read_as,
            took_ms=(time.perf_counter() - began) * 1000,
            total={lang: len(side.ranked) for lang, side in sides.items()},
            results=results,
            mixed=tuple(_mixed(query, results)),
            counterparts={id_: articles[id_] for id_ in others if id_ in articles},
        )

    def articles(self, ids: Sequence[str]) -> dict[str, Article]:
        """Read articles by id; ids that the archive does not have are left out."""
        return self.store.articles(ids)

    def links(self, ids: Sequence[str]) -> dict[str, Link]:
        """Read the counterparts and copies of articles, by id; unlinked articles are left out."""
        return Links(self.store).links(ids)

    def copies(self, id_: str) -> list[Article]:
        """Read an article together with all its copies, the first published first.

        A list of one where no copy is known; empty where there is no such article.
        """
        link = Links(self.store).links([id_]).get(id_)
        ids = Links(self.store).members([link.group]).get(link.group, ()) if link else ()
        found = self.store.articles(ids or [id_])
        return [found[member] for member in (ids or [id_]) if member in found]

    def stats(self) -> StoreStats:
        """Count what the archive holds."""
        return self.store.stats()

    def ready(self) -> None:
        """Check that the archive can answer a search, and load its encoder.

        Raises:
            StoreError: It cannot answer; the message says what to do.
            EncoderError: The archive's encoder cannot be loaded.
        """
        if self.store.profile() is None:
            raise ArchiveMissingError(
                f"There is no archive at {self.location}. Fill one with: songngu index SOURCE…"
                f" --archive {self.location}"
            )
        _ = self.encoder

    def close(self) -> None:
        """Close the store and the encoder."""
        self.store.close()
        if self._encoder is not None:
            self._encoder.close()

    def _profile(self) -> RankingProfile:
        made = self.made()
        return profile_for(made.encoder.fingerprint if made else "")

    def _articles_in(self, lang: str) -> int:
        """Count the articles in a language; the figure is at most a few seconds old."""
        read_at, sizes = self._sizes
        if not any(sizes.values()) or time.monotonic() - read_at > _PROFILE_LIFE_S:
            sizes = self.store.sizes()
            self._sizes = (time.monotonic(), sizes)
        return sizes.get(lang, 0)

    def _sides(
        self, query: Query, read: ReadQuery
    ) -> tuple[dict[str, LanguageResults], dict[str, QueryVectors]]:
        """Look a query up in each wanted language.

        The query's own language comes first, since its best story guides the search in the others.

        Returns:
            The results by language, and the query vectors they were looked up with.
        """
        langs = list(LANGUAGES) if query.lang == "both" else [query.lang]
        profile = self._profile()
        gatherer = CandidateSearch(self.store, query, read, profile, articles_in=self._articles_in)
        if query.mode == "words":
            sides = gatherer.sides(dict.fromkeys(langs))
            return matching(self.store, read, sides, profile), {}
        free, languages = take_apart(self.encoder.encode_queries([read.meant]), profile.direction)
        own = QueryVectors(free[0], free[0], float(languages[0]))
        others = [lang for lang in langs if lang != read.lang]
        sides = gatherer.sides({read.lang: own})
        abroad = own
        if others and read.known:
            asked = self._with_feedback(own.query, sides[read.lang], profile)
            abroad = replace(own, asked=asked)
        sides |= gatherer.sides(dict.fromkeys(others, abroad))
        sides = matching(self.store, read, sides, profile)
        meant = {lang: own if lang == read.lang else abroad for lang in langs}
        return {lang: sides[lang] for lang in langs}, meant

    def _with_feedback(
        self, vector: FloatArray, side: LanguageResults, profile: RankingProfile
    ) -> FloatArray:
        """Move a query's vector towards the best story of its own language, where that is sure.

        This is Rocchio's relevance feedback (Manning, Raghavan and Schütze, "Introduction to
        Information Retrieval", ch. 9): a story is found more surely within a language than across,
        and its passage is nearer to the same story in the other language than the query is.

        Returns:
            The vector to search the other languages with, float32 (dimension,).
        """
        weight = feedback_weight(
            [scored.score for scored in side.everything],
            weight=profile.feedback,
            least=profile.feedback_from,
            full=profile.feedback_full,
        )
        best = side.everything[0] if side.everything else None
        if weight <= 0 or best is None or best.passage is None:
            return vector
        vectors = self.store.vectors([best.id]).get(best.id)
        if vectors is None or best.passage.position >= len(vectors):
            return vector  # it was changed this very moment
        place = best.passage.position
        [passage] = profile.language_free(vectors[place : place + 1])
        moved = vector + weight * passage
        return np.asarray(moved / np.linalg.norm(moved), np.float32)

    def _ordered(self, query: Query, side: LanguageResults) -> Sequence[Scored]:
        """Sort the matches of one language as asked; stories of unknown date always come last."""
        ranked, newest = side.ranked, query.sort == "newest"
        if query.sort == "relevance":
            return ranked
        articles = self.store.articles([scored.id for scored in ranked])
        dated = [s for s in ranked if s.id in articles and articles[s.id].date]
        unknown = [s for s in ranked if s.id in articles and not articles[s.id].date]
        dated.sort(key=lambda s: articles[s.id].date or "", reverse=newest)
        return [*dated, *unknown]


def open_archive(location: str | None = None, *, settings: Settings | None = None) -> Archive:
    """Open the archive that a string names; nothing is read before it is used.

    Args:
        location: A file, or http(s)://host:port/name for Elasticsearch; None takes the one that
            the settings name.

    Raises:
        SettingsError: The string names no archive.
    """
    settings = settings or Settings.load()
    return Archive(open_store(location or settings.archive, settings), settings)


def open_store(location: str, settings: Settings) -> Store:
    """Open the store of the archive that a string names.

    Raises:
        SettingsError: The name is mistyped; the message does not repeat a password in it.
    """
    if is_server_address(location):
        from search.stores.elasticsearch import ElasticsearchStore

        return ElasticsearchStore.from_url(location, settings)
    if not location.strip() or Path(location).is_dir():
        what = f"{location!r} is a folder" if location.strip() else "No archive is named"
        raise SettingsError(f"{what}. Name a file with --archive, such as news.db.")
    from search.stores.sqlite.store import EmbeddedStore

    return EmbeddedStore(location)


def _hit(article: Article, scored: Scored, side: LanguageResults) -> Hit:
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


def _without_copies(
    side: LanguageResults, links: Mapping[str, Link], query: Query
) -> LanguageResults:
    by_date = query.sort != "relevance"
    return replace(side, ranked=tuple(one_of_each(side.ranked, links, by_date=by_date)))


def _linked(hit: Hit, links: Mapping[str, Link], there: Mapping[str, Article]) -> Hit:
    """Add counterpart and number of copies to a hit; a counterpart that was deleted is left out."""
    link = links.get(hit.article.id)
    if link is None:
        return hit
    counterpart = link.counterpart if link.counterpart in there else None
    return replace(hit, counterpart=counterpart, copies=link.copies)


def _mixed(query: Query, results: Mapping[str, Sequence[Hit]]) -> list[str]:
    if query.sort != "relevance":
        hits = [hit for found in results.values() for hit in found]
        hits.sort(key=lambda hit: hit.article.date or "", reverse=query.sort == "newest")
        known = [hit for hit in hits if hit.article.date]
        return [hit.article.id for hit in (*known, *(h for h in hits if not h.article.date))]
    return merge([[(hit.article.id, hit.score) for hit in found] for found in results.values()])
