"""Copies of one story → one hit: pure functions between ranking and showing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

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
