"""Result sets: which candidates answer a query, and what filters and links leave of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from search.encoders.base import FloatArray
from search.ranking.candidates import (
    MOST_RELATED,
    CandidateSearch,
    CandidateSet,
    QueryVectors,
    every_story,
    passing,
    query_values,
)
from search.ranking.deduplication import first_reports, one_of_each
from search.ranking.profile import RankingProfile
from search.ranking.query import ReadQuery
from search.records import Filters, Link, Query, ResultSet, Scored
from search.stores.base import Store
from search.stores.links import Links
from search.text.languages import LANGUAGES

_NEVER = 2.0
"""A probability that nothing has."""
_TOLD_AGAIN = 0.95
"""What is left of a story's relevance where it is told in another language."""


class ResultSets:
    """Makes the result sets of one archive.

    Args:
        profile: What ranks.
        articles_in: How many articles the archive has in a language.
    """

    def __init__(
        self, store: Store, profile: RankingProfile, *, articles_in: Callable[[str], int]
    ) -> None:
        self._store = store
        self._profile = profile
        self._articles_in = articles_in

    def result_set(
        self,
        query: Query,
        read: ReadQuery,
        found: Mapping[str, CandidateSet],
        meant: Mapping[str, QueryVectors],
    ) -> ResultSet:
        """Make the result set of a query.

        Args:
            found: The candidates by language, found without the query's filters.
            meant: The query vectors they were found with; see ``Archive.candidates``.
        """
        if read.lists:
            sets = {lang: every_story(self._store, lang, query.filters) for lang in LANGUAGES}
            links = Links(self._store).links([s.id for chosen in sets.values() for s in chosen])
        else:
            profile = self._thresholds(read, found, meant)
            sets, links = self._answers(query, read, found, meant, profile)
            if query.filters != Filters():
                sets = self._filtered(query, read, sets, found, meant, profile)
                links |= Links(self._store).links(
                    [s.id for chosen in sets.values() for s in chosen if s.id not in links]
                )
        if query.lang != "both":
            sets = {query.lang: sets[query.lang]}
        if not query.copies:
            sets = {lang: one_of_each(chosen, links) for lang, chosen in sets.items()}
        if query.first:
            told = [s.id for chosen in sets.values() for s in chosen if s.id in links]
            dates = {id_: outline.date for id_, outline in self._store.outlines(told).items()}
            sets = first_reports(sets, links, dates)
        return ResultSet(sets, links, by_date=read.lists)

    def _answers(
        self,
        query: Query,
        read: ReadQuery,
        found: Mapping[str, CandidateSet],
        meant: Mapping[str, QueryVectors],
        profile: RankingProfile,
    ) -> tuple[dict[str, list[Scored]], dict[str, Link]]:
        """What answers a query in each language whatever its filters are, every copy by itself.

        Returns:
            Also the links of these.
        """
        sets = {lang: candidates.result_set(profile) for lang, candidates in found.items()}
        links = Links(self._store).links([s.id for chosen in sets.values() for s in chosen])
        free = replace(query, filters=Filters())
        return self._with_counterparts(free, read, sets, links, meant), links

    def _filtered(
        self,
        query: Query,
        read: ReadQuery,
        sets: Mapping[str, Sequence[Scored]],
        found: Mapping[str, CandidateSet],
        meant: Mapping[str, QueryVectors],
        profile: RankingProfile,
    ) -> dict[str, list[Scored]]:
        """What of the answers passes the filters, and what lies deeper and passes them.

        A filter makes no story more relevant or less, so that it takes away what facets say.
        """
        search = CandidateSearch(self._store, query, read, profile, articles_in=self._articles_in)
        result = {}
        for lang, chosen in sets.items():
            vectors, lead = _looked_up_with(meant, lang)
            within = search.look_up(lang, vectors, lead=lead, among=found[lang])
            ids = passing(self._store, lang, query.filters, [s.id for s in chosen])
            kept = {s.id: s for s in chosen if s.id in ids}
            deeper = [s for s in within.result_set(profile) if s.id not in kept]
            some = [*kept.values(), *deeper]
            some.sort(key=lambda s: (s.zone != "match", not s.quoted, -round(s.relevance, 6), s.id))
            matches = sum(s.zone == "match" for s in some)
            result[lang] = some[: matches + MOST_RELATED]
        return result

    def _thresholds(
        self,
        read: ReadQuery,
        found: Mapping[str, CandidateSet],
        meant: Mapping[str, QueryVectors],
    ) -> RankingProfile:
        """The profile with the thresholds that a query's answers have to reach."""
        profile = self._profile
        # Where a phrase must occur and stands nowhere, nothing matches. Where it stands in one
        # language's stories, meaning has to do in the others.
        nowhere = phrases(read, found) == "nowhere"
        if nowhere:
            profile = replace(profile, match=_NEVER)
        if meant and not _means_something(read, found, profile):
            profile = replace(profile, related=_NEVER)
        return profile

    def _with_counterparts(
        self,
        query: Query,
        read: ReadQuery,
        sets: dict[str, list[Scored]],
        links: dict[str, Link],
        meant: Mapping[str, QueryVectors],
    ) -> dict[str, list[Scored]]:
        """The sets with the known counterparts of matches, which are matches too.

        They are as relevant as the model says, or as what they tell in the other language, less
        what is lost of a story in its telling. ``links`` gets theirs.
        """
        wanted: dict[str, float] = {}
        for chosen in sets.values():
            for scored in chosen:
                link = links.get(scored.id)
                if scored.zone == "match" and link and link.counterpart:
                    known = wanted.get(link.counterpart, 0.0)
                    wanted[link.counterpart] = max(known, scored.relevance * _TOLD_AGAIN)
        missing = sorted(wanted.keys() - {s.id for chosen in sets.values() for s in chosen})
        links |= Links(self._store).links(missing)
        search = CandidateSearch(
            self._store, query, read, self._profile, articles_in=self._articles_in
        )
        result = {}
        for lang, chosen in sets.items():
            there = {scored.id: scored for scored in chosen}
            if missing:
                vectors, lead = _looked_up_with(meant, lang)
                found = search.look_up(lang, vectors, lead=lead, ids=missing)
                there |= {scored.id: scored for scored in found.every()}
            matches = [
                replace(s, zone="match", relevance=max(s.relevance, wanted.get(s.id, 0.0)))
                for s in there.values()
                if s.zone == "match" or s.id in wanted
            ]
            related = [s for s in there.values() if s.zone == "related" and s.id not in wanted]
            matches.sort(key=lambda s: (not s.quoted, -round(s.relevance, 6), s.id))
            result[lang] = [*matches, *related]
        return result


def _looked_up_with(meant: Mapping[str, QueryVectors], lang: str) -> tuple[FloatArray, float]:
    """The vectors that a language was looked up with, none where only words were; and the lead."""
    if lang not in meant:
        return np.zeros((0, 0), np.float32), 0.0
    return meant[lang].rows(), meant[lang].lead


def _means_something(
    read: ReadQuery, found: Mapping[str, CandidateSet], profile: RankingProfile
) -> bool:
    """Whether a query means something in the archive, as far as its stories show."""
    if profile.meaningful is None:
        return True
    values = query_values(read.lang, found)
    return float(profile.meaningful.probabilities(values[None])[0]) >= profile.meaning


def phrases(
    read: ReadQuery, found: Mapping[str, CandidateSet]
) -> Literal["required", "first", "nowhere"] | None:
    """What became of quoted phrases; see ``Results``."""
    if not read.phrases:
        return None
    if not any(candidates.quoted.any() for candidates in found.values()):
        return None if read.quotes else "nowhere"
    return "first" if read.quotes else "required"
