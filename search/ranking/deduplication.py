"""Copies of one story → one hit, or its first report: pure functions before showing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from search.records import Link, Scored


def one_of_each(ranked: Sequence[Scored], links: Mapping[str, Link]) -> list[Scored]:
    """Leave one of each group of copies: of those that were found, the first published.

    A copy that filters keep out stands for nobody. The one that stays takes the best place, zone
    and relevance of its group.
    """
    stands: dict[str, Scored] = {}
    for scored in ranked:
        link = links.get(scored.id)
        if link is not None and link.copies:
            chosen = stands.get(link.group)
            if chosen is None or link.place < links[chosen.id].place:
                stands[link.group] = scored
    result: list[Scored] = []
    shown: set[str] = set()
    for scored in ranked:
        link = links.get(scored.id)
        if link is None or link.group not in stands:
            result.append(scored)
            continue
        if link.group not in shown:
            shown.add(link.group)
            chosen = stands[link.group]
            result.append(replace(chosen, relevance=scored.relevance, zone=scored.zone))
    return result


def first_reports(
    sets: Mapping[str, Sequence[Scored]], links: Mapping[str, Link], dates: Mapping[str, str | None]
) -> dict[str, list[Scored]]:
    """Leave, of the copies of a story and of its counterpart, only the one published first.

    It takes the best zone and relevance of them all. Where no date is known, the most relevant
    stays.

    Args:
        sets: By language.
        dates: ISO 8601, by id. Where the hour is unknown, the beginning of the day counts.
    """
    joined: dict[str, str] = {}

    def told_by(id_: str) -> str:
        """What all tellings of a story share."""
        group = links[id_].group if id_ in links else id_
        while joined.get(group, group) != group:
            group = joined[group]
        return group

    found = [scored for chosen in sets.values() for scored in chosen]
    for scored in found:
        link = links.get(scored.id)
        if link is not None and link.counterpart:
            joined[told_by(scored.id)] = told_by(link.counterpart)
    tellings: dict[str, list[Scored]] = {}
    for scored in found:
        tellings.setdefault(told_by(scored.id), []).append(scored)
    first = {}
    for told in tellings.values():
        best = min(told, key=lambda s: (s.zone != "match", -s.relevance))
        earliest = min(told, key=lambda s: (_moment(dates.get(s.id)), -s.relevance, s.id))
        first[earliest.id] = replace(earliest, zone=best.zone, relevance=best.relevance)
    kept = {lang: [first[s.id] for s in some if s.id in first] for lang, some in sets.items()}
    for some in kept.values():
        some.sort(key=lambda s: (s.zone != "match", not s.quoted, -round(s.relevance, 6), s.id))
    return kept


def _moment(written: str | None) -> datetime:
    """When something was published; what is unknown was last."""
    if written is None:
        return datetime.max.replace(tzinfo=UTC)
    moment = datetime.fromisoformat(written)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
