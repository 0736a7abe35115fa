"""``Archive``: the one class that ties a store, an encoder and the ranking together."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np

from search.addresses import is_server_address
from search.completion import Completer, Completion, Kind
from search.encoders import load_encoder
from search.encoders.base import Encoder, FloatArray
from search.errors import ArchiveMismatchError, ArchiveMissingError, SettingsError
from search.facets import Facets, count_facets
from search.neighbours import related_stories
from search.ranking.candidates import (
    CandidateSearch,
    CandidateSet,
    QueryVectors,
)
from search.ranking.explain import explained
from search.ranking.filters import with_typed_filters
from search.ranking.profile import RankingProfile, archive_profile, profile_for
from search.ranking.query import ReadQuery, read_query
from search.ranking.snippets import Marker, OpenedHit, best_snippet, snippet_span
from search.ranking.suggestion import doubtful_words, suggested
from search.records import (
    Article,
    Filters,
    Hit,
    Link,
    Listed,
    Passage,
    Query,
    RelatedStories,
    Results,
    ResultSet,
    Scored,
    Sort,
)
from search.result_sets import ResultSets, phrases
from search.settings import Settings
from search.stores.base import (
    ArchiveProfile,
    Lookup,
    NearestLookup,
    Scope,
    Store,
    StoreStats,
    mismatch,
)
from search.stores.links import Links
from search.text.languages import LANGUAGES
from search.vocabulary import ArchiveRestorer

_PROFILE_LIFE_S = 5.0
_LISTED_AT_ONCE = 200
_FEEDBACK = 0.5
"""How much of a story that surely answers is added to the query that looks into other languages."""
_TELLING = 3
"""Stories of the query's own language that tell others."""

_ENOUGH_HOLD_ALL = 3
"""Stories with all of a query's words from which on they are spelled right."""
_MANY_MATCHES = 10
"""From which on nobody needs another spelling."""


class Archive:
    """Articles that can be searched. Thread-safe; a context manager that closes itself.

    Args:
        encoder: Loaded when first needed; None loads the one that the archive was made with.
        profile: What ranks; None takes what was fitted for the encoder.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        *,
        encoder: Encoder | None = None,
        profile: RankingProfile | None = None,
    ) -> None:
        self.store = store
        self._given = profile
        self.settings = settings
        self._encoder = encoder
        self._lent = encoder is not None
        self._chosen = encoder is not None or bool(settings.encoder)
        self._loading = threading.Lock()
        self._restorer = ArchiveRestorer(store)
        self._completer = Completer(store)
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
                here = archive_profile(self._encoder, self._given)
                if made is None or made == here:
                    return self._encoder
                self._encoder = None
                if fresh or self._chosen:
                    raise mismatch(self.location, made, here)
                # It was embedded anew meanwhile, and its own encoder is another one now.

    @property
    def ranking(self) -> RankingProfile:
        """What ranks in this archive."""
        return self._profile()

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
        self.store.create(archive_profile(self.encoder, self._given))

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

    def _search(self, asked: Query) -> Results:
        began = time.perf_counter()
        query, read, found, meant, result_set = self._find(asked)
        sets, links, total = result_set.stories, result_set.links, result_set.count("match")
        pages = {lang: self._page(query, chosen) for lang, chosen in sets.items()}
        shown = [scored.id for page in pages.values() for scored in page]
        others = [links[id_].counterpart for id_ in shown if id_ in links]
        articles = self.store.articles([*shown, *(id_ for id_ in others if id_)])
        passages = self._passages(pages, meant)
        results = {}
        for lang, page in pages.items():
            marker = Marker.of(read, lang)
            hits = [
                _hit(articles[scored.id], scored, marker, passages.get(scored.id))
                for scored in page
                if scored.id in articles
            ]
            results[lang] = tuple(_linked(hit, links, articles) for hit in hits)
        if query.explain and not read.lists:
            results = explained(results, found)
        return Results(
            query=asked,
            query_lang="" if read.lists else read.lang,
            read_as=read.read_as,
            took_ms=(time.perf_counter() - began) * 1000,
            total=total,
            related=result_set.count("related"),
            results=results,
            mixed=tuple(_mixed(query, results)),
            counterparts={id_: articles[id_] for id_ in others if id_ in articles},
            phrases=phrases(read, found),
            suggestion=self._suggestion(asked, read, found)
            if sum(total.values()) < _MANY_MATCHES
            else None,
            found=result_set,
        )

    def _suggestion(
        self, query: Query, read: ReadQuery, found: Mapping[str, CandidateSet]
    ) -> str | None:
        """The query spelled as the archive spells it, where hardly a story has all its words."""
        words = [] if query.verbatim or read.lists else doubtful_words(read)
        own = [candidates for candidates in found.values() if candidates.kind == "own"]
        if not words or all(one.holding_all() >= _ENOUGH_HOLD_ALL for one in own):
            return None
        return suggested(query.text, self.store.alike(words))

    def result_set(self, query: Query) -> ResultSet:
        """Find all that answers a query, in both languages or the one that it asks for.

        Only the query's words and filters count, and whether copies are wanted one by one. Filters
        take away from what the words find, and make nothing more relevant.

        Raises:
            QueryError: The query cannot be answered as typed.
            StoreError: The archive cannot answer.
        """
        return self._find(query)[-1]

    def listed(
        self, found: ResultSet, *, sort: Sort = "relevance", related: bool = False
    ) -> Iterator[Listed]:
        """Stream the whole stories of a result set: matches of both languages in one order.

        As many as the set counts, but for those that were deleted since.

        Args:
            sort: Of the matches; stories of unknown date come last in those by date.
            related: Whether what is possibly related comes after them.

        Raises:
            StoreError: The archive cannot answer.
        """
        scored = found.zone("match")
        if sort == "relevance" and found.by_date:
            sort = "newest"
        if sort != "relevance":
            outlines = self.store.outlines([s.id for s in scored])
            written = {id_: outline.date or "" for id_, outline in outlines.items()}
            scored.sort(key=lambda s: written.get(s.id, ""), reverse=sort == "newest")
            scored.sort(key=lambda s: not written.get(s.id))
        scored += found.zone("related") if related else ()
        for start in range(0, len(scored), _LISTED_AT_ONCE):
            batch = scored[start : start + _LISTED_AT_ONCE]
            articles = self.store.articles([s.id for s in batch])
            links = {s.id: found.links[s.id] for s in batch if s.id in found.links}
            others = self.store.kept([li.counterpart for li in links.values() if li.counterpart])
            for one in batch:
                if one.id in articles:
                    link = links.get(one.id)
                    other = link.counterpart if link and link.counterpart in others else None
                    copies = link.copies if link else 0
                    yield Listed(articles[one.id], one.relevance, one.zone, other, copies)

    def facets(self, found: ResultSet) -> Facets:
        """Count the matches of a result set by source, section, author, time and language.

        Raises:
            StoreError: The archive cannot answer.
        """
        return count_facets(found, self.store.outlines([s.id for s in found.zone("match")]))

    def _find(
        self, asked: Query
    ) -> tuple[Query, ReadQuery, dict[str, CandidateSet], dict[str, QueryVectors], ResultSet]:
        """Read a query, with the filters that are typed in it, and find what answers it.

        Returns:
            The query as it is meant, what its words mean, the candidates and query vectors (see
            ``candidates``), and the result set.
        """
        query = with_typed_filters(asked)
        longest = self.settings.max_query_chars
        read = read_query(query, max_chars=longest, restorer=self._restorer.current)
        found, meant = self.candidates(replace(query, filters=Filters()), read)
        made = ResultSets(self.store, self._profile(), articles_in=self._articles_in)
        if read.lists and query.sort == "relevance":
            query = replace(query, sort="newest")
        return query, read, found, meant, made.result_set(query, read, found, meant)

    def articles(self, ids: Sequence[str]) -> dict[str, Article]:
        """Read articles by id; ids that the archive does not have are left out."""
        return self.store.articles(ids)

    def embed(self, texts: Sequence[str]) -> FloatArray:
        """Embed texts as stories are: float32 (texts, dimension), language-free unit rows."""
        return self._profile().language_free(self.encoder.encode_passages(texts))

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

    def open_hit(self, query: Query, article: Article, *, more: int = 0) -> OpenedHit:
        """Open a story as what a query found: what to mark in it, and where it stands in its list.

        Args:
            more: How many of the possibly related stories the list goes on with.

        Raises:
            QueryError: The query cannot be answered as typed.
            StoreError: The archive cannot answer.
        """
        query, read, _, meant, result_set = self._find(query)
        chosen = result_set.stories.get(article.lang, ())
        matches = [scored for scored in chosen if scored.zone == "match"]
        related = chosen[len(matches) :][:more]
        groups = {id_: link.group for id_, link in result_set.links.items()}
        group = groups.get(article.id, article.id)

        def place_in(some: Sequence[Scored]) -> int | None:
            """The story's own place, or that of the copy that stands for it."""
            places = {scored.id: place for place, scored in enumerate(some)}
            copies = (scored.id for scored in some if groups.get(scored.id) == group)
            return places.get(article.id, places.get(next(copies, "")))

        place = place_in([*matches, *related])
        if query.sort != "relevance" and place is not None and place < len(matches):
            # First its day, then those of its neighbours: no other hours matter.
            first = last = 0
            for _ in range(3):
                newest = query.sort == "newest"
                matches = self._by_date(matches, first, last, newest=newest)
                place = place_in(matches) or 0
                first, last = max(0, place - 1), place + 2
        listed = [*matches, *related]
        shown = Scored(article.id, 0.0, "related") if place is None else listed[place]
        shown = replace(shown, id=article.id)
        marker = Marker.of(read, article.lang)
        nearest = self._passages({article.lang: [shown]}, meant).get(article.id)
        snippet = _hit(article, shown, marker, nearest).passage
        told = snippet.marks or place is not None
        return OpenedHit(
            marker=marker,
            best=snippet_span(article.body, snippet) if told else None,
            place=place,
            matches=len(matches),
            listed=len(listed),
            previous=listed[place - 1].id if place else None,
            next=listed[place + 1].id if place is not None and place + 1 < len(listed) else None,
        )

    def related(self, id_: str, *, k: int = 5, earlier: int = 10) -> RelatedStories:
        """Find what else has been written on a story's subject; nothing where there is no such one.

        Args:
            k: Most of each language, nearest first.
            earlier: Most of both languages that were published on an earlier day.
        """
        return related_stories(self.store, self._profile(), id_, k=k, earlier=earlier)

    def complete(self, typed: str, *, lang: str = "both", k: int = 8) -> tuple[Completion, ...]:
        """Offer what a query that is being typed may become: names, sections, sources, titles.

        Args:
            lang: The language whose titles and names are offered, or "both".
            k: Most completions.

        Raises:
            StoreError: The archive cannot answer.
        """
        return self._completer.complete(typed, lang=lang, k=k)

    def common(self, kind: Kind) -> Iterator[Completion]:
        """Give names of titles, authors, sections or sources, those of most stories first.

        Raises:
            StoreError: The archive cannot answer.
        """
        return self._completer.common(kind)

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
        """Close the store and the encoder, unless that was given."""
        self.store.close()
        if self._encoder is not None and not self._lent:
            self._encoder.close()

    def _profile(self) -> RankingProfile:
        if self._given is not None:
            return self._given
        made = self.made()
        return profile_for(made.encoder.fingerprint if made else "")

    def _articles_in(self, lang: str) -> int:
        """Count the articles in a language; the figure is at most a few seconds old."""
        read_at, sizes = self._sizes
        if not any(sizes.values()) or time.monotonic() - read_at > _PROFILE_LIFE_S:
            sizes = self.store.sizes()
            self._sizes = (time.monotonic(), sizes)
        return sizes.get(lang, 0)

    def candidates(
        self, query: Query, read: ReadQuery
    ) -> tuple[dict[str, CandidateSet], dict[str, QueryVectors]]:
        """Look a query up in each language, also in those that are not wanted.

        What stands out in the query's own language guides the search in the others, and what the
        others hold tells whether the query means something.

        Returns:
            The candidates by language, and the query vectors they were looked up with; none where
            only words were.
        """
        if read.lists:
            return {}, {}
        profile = self._profile()
        search = CandidateSearch(self.store, query, read, profile, articles_in=self._articles_in)
        none = np.zeros((0, len(profile.direction)), np.float32)
        # To words that mean nothing no nearness means anything: they are known, or stand here.
        unknown = not read.known and not search.look_up(read.lang, none).stories.ids
        if query.mode == "words" or unknown:
            return {lang: search.look_up(lang, none) for lang in LANGUAGES}, {}
        [vector] = profile.language_free(self.encoder.encode_queries([read.embedded]))
        own = QueryVectors(vector)
        home = search.look_up(read.lang, own.rows())
        lead = home.lead()
        abroad = replace(own, moved=self._with_feedback(own.query, home), lead=lead)
        found, meant = {}, {}
        for lang in LANGUAGES:
            at_home = lang == read.lang
            found[lang] = home if at_home else search.look_up(lang, abroad.rows(), lead=lead)
            meant[lang] = own if at_home else abroad
        return found, meant

    def _with_feedback(self, vector: FloatArray, home: CandidateSet) -> FloatArray:
        """Move a query's vector towards the best story of its own language, as far as it is sure.

        This is Rocchio's relevance feedback (Manning, Raghavan and Schütze, "Introduction to
        Information Retrieval", ch. 9): a story is found more surely within a language than across,
        and its passage is nearer to the same story in the other language than the query is.

        Returns:
            The vector to search the other languages with, float32 (dimension,).
        """
        best = home.best(_TELLING)
        if not best:
            return vector
        weights = {home.stories.ids[place]: float(home.relevance[place]) ** 2 for place in best}
        scope = Scope(home.lang, ids=tuple(weights))
        lookup = NearestLookup(scope, vector, len(weights), with_vectors=True)
        told, moved = 0.0, np.zeros_like(vector)
        for found in self.store.find([lookup])[0]:
            if found.vector is not None:
                told += weights[found.id]
                moved += weights[found.id] * found.vector
        if told <= 0:
            return vector
        sure = float(home.relevance[best[0]])
        moved = vector + _FEEDBACK * sure * moved / told
        return np.asarray(moved / np.linalg.norm(moved), np.float32)

    def _passages(
        self, pages: Mapping[str, Sequence[Scored]], meant: Mapping[str, QueryVectors]
    ) -> dict[str, Passage]:
        """The passages of the shown stories that are nearest to the query, by id."""
        lookups: list[Lookup] = [
            NearestLookup(
                Scope(lang, ids=tuple(s.id for s in page)), meant[lang].rows()[-1], len(page)
            )
            for lang, page in pages.items()
            if page and lang in meant
        ]
        found = self.store.find(lookups) if lookups else []
        return {c.id: c.passage for some in found for c in some if c.passage is not None}

    def _page(self, query: Query, chosen: Sequence[Scored]) -> Sequence[Scored]:
        """The part of a language's stories that is asked for, in the order that is asked for.

        Matches come before what is possibly related, which no date sort moves; stories of unknown
        date come after the others.
        """
        first, last = query.offset, query.offset + query.k
        if query.more is None and query.sort == "relevance":
            return chosen[first:last]
        matches = [scored for scored in chosen if scored.zone == "match"]
        related = chosen[len(matches) :]
        if query.sort != "relevance":
            matches = self._by_date(matches, first, last, newest=query.sort == "newest")
        if query.more is None:
            return [*matches, *related][first:last]
        ends_here = first < max(1, len(matches)) <= last or not matches
        return [*matches[first:last], *(related[: query.more] if ends_here else ())]

    def _by_date(
        self, matches: Sequence[Scored], first: int, last: int, *, newest: bool
    ) -> list[Scored]:
        """Matches in the order of their dates, by the hour from the first to the last place."""
        ordered = sorted(matches, key=lambda s: s.day, reverse=newest)
        ordered.sort(key=lambda s: not s.day)
        # Of the days on the page the hours decide: only their stories have to be read.
        days = {scored.day for scored in ordered[first:last]} - {0}
        read = self.store.outlines([s.id for s in ordered if s.day in days])
        written = {id_: outline.date or "" for id_, outline in read.items()}
        for day in days:
            same = [scored for scored in ordered if scored.day == day]
            place = ordered.index(same[0])
            same.sort(key=lambda s: written.get(s.id, ""), reverse=newest)
            ordered[place : place + len(same)] = same
        return ordered


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


def _hit(article: Article, scored: Scored, marker: Marker, nearest: Passage | None) -> Hit:
    passage = best_snippet(article, nearest, marker)
    title_marks = tuple(marker.spans(article.title))
    if scored.held and not (passage.marks or title_marks):
        passage = best_snippet(article, None, marker, otherwise=passage)
    matched = []
    if scored.held and (passage.marks or title_marks):
        matched.append("words")
    if scored.near:
        matched.append("meaning")
    return Hit(
        article=article,
        relevance=scored.relevance,
        zone=scored.zone,
        matched=tuple(matched),
        passage=passage,
        title_marks=title_marks,
    )


def _linked(hit: Hit, links: Mapping[str, Link], there: Mapping[str, Article]) -> Hit:
    """Add counterpart and number of copies to a hit; a counterpart that was deleted is left out."""
    link = links.get(hit.article.id)
    if link is None:
        return hit
    counterpart = link.counterpart if link.counterpart in there else None
    return replace(hit, counterpart=counterpart, copies=link.copies)


def _mixed(query: Query, results: Mapping[str, Sequence[Hit]]) -> list[str]:
    """One ranking over the hits of all languages, matches first."""
    hits = [hit for found in results.values() for hit in found]
    hits.sort(key=lambda hit: (hit.zone != "match", -hit.relevance, hit.article.id))
    if query.sort != "relevance":
        hits.sort(key=lambda hit: hit.article.date or "", reverse=query.sort == "newest")
        hits.sort(key=lambda hit: (hit.zone != "match", not hit.article.date))
    return [hit.article.id for hit in hits]
