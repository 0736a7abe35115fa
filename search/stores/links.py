"""Stories told more than once: what an archive keeps of counterparts and copies.

Records stand beside the articles, not in them: linking changes many records and no article. Each
says of what content and by which model it was made, so what must be linked anew shows by itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from search.encoders.base import FloatArray

_FORGOTTEN_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Link:
    """What readers are told of an article's other tellings.

    Attributes:
        counterpart: The id of the same story in the other language.
        group: What all copies of one story share; an article without copies has a group of its own.
        place: 0 for the copy that was published first, which stands for the group; then 1, 2, …
        copies: How many further articles the group has.
    """

    counterpart: str | None
    group: str
    place: int = 0
    copies: int = 0


@dataclass(frozen=True, slots=True)
class LinkRecord:
    """All that linking knows of one article.

    Attributes:
        hash: The article's content hash when the record was made.
        model: What made ``vector``, and by which version of the rules.
        date: Published, as in the article: it orders copies.
        keys: Numbers that copies of the article are likely to share.
        vector: float32, shape (dimension,), without the language component, L2-normalised; shape
            (0,) where the article has no passage. Stores keep it in half precision.
        near: Mean cosine to the nearest articles in the other language, the very nearest left out.
        matched: Whether a counterpart was looked for; only the first of a group is looked at.
        score: How well the counterpart fits, comparable within one archive; 0 without one.
    """

    id: str
    lang: str
    hash: str
    model: str
    date: str | None = None
    keys: tuple[int, ...] = ()
    vector: FloatArray = field(default_factory=lambda: np.zeros(0, np.float32))
    near: float = 0.0
    group: str = ""
    place: int = 0
    copies: int = 0
    matched: bool = False
    counterpart: str | None = None
    score: float = 0.0

    @property
    def link(self) -> Link:
        """What readers are told."""
        return Link(self.counterpart, self.group, self.place, self.copies)


@dataclass(frozen=True, slots=True)
class VectorBlock:
    """Vectors of articles that each stand for their group.

    Attributes:
        vectors: float32, shape (len(ids), dimension).
        near: float32, shape (len(ids),); see ``LinkRecord.near``.
    """

    ids: tuple[str, ...]
    vectors: FloatArray
    near: FloatArray


@dataclass(frozen=True, slots=True)
class LinkCounts:
    """What linking has found so far.

    Attributes:
        linked: Articles that have a record.
        counterparts: Stories that are told in both languages; copies of them count once.
        groups: Stories of which there are copies.
        copies: Articles that are copies of another.
        unmatched: Articles that stand for a group and whose counterpart was not looked for yet.
    """

    linked: int = 0
    counterparts: int = 0
    groups: int = 0
    copies: int = 0
    unmatched: int = 0


class LinkStore(Protocol):
    """Keeps an archive's link records. What was put is seen by every call that follows.

    Before anything was put, everything is empty; no method fails for lack of records. All raise
    StoreUnavailableError when the store does not answer in time.
    """

    def links(self, ids: Sequence[str]) -> dict[str, Link]:
        """What is known of those of the ids that were linked, in one round trip."""

    def records(self, ids: Sequence[str]) -> dict[str, LinkRecord]:
        """The records of those of the ids that have one."""

    def put(self, records: Sequence[LinkRecord]) -> None:
        """Keep records, each in place of the one of the same id."""

    def remove(self, ids: Sequence[str]) -> None:
        """Take records out as they are; see ``forget`` for what else must change then."""

    def members(self, groups: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """The ids in each of the groups, by ascending place."""

    def partners(self, ids: Sequence[str]) -> tuple[str, ...]:
        """Ids of the records whose counterpart is one of the ids."""

    def sharing(self, keys: Sequence[int], *, most: int) -> dict[int, tuple[str, ...]]:
        """For each key that is known, the ids of up to ``most`` records that have it."""

    def vectors(self, lang: str, *, model: str, unmatched: bool = False) -> Iterator[VectorBlock]:
        """Vectors by one model of all that stand for a group, streamed by ascending id.

        Args:
            unmatched: Only of those whose counterpart was not looked for yet.
        """

    def lead_vectors(self, ids: Sequence[str]) -> dict[str, FloatArray]:
        """The archive's own vector of the first passage of those articles that have one."""

    def pending(self, model: str) -> list[str]:
        """Ids of articles without a record of their present content by this model, ascending."""

    def orphans(self) -> list[str]:
        """Ids of records whose article is gone."""

    def counts(self) -> LinkCounts:
        """Count what is kept."""

    def clear(self) -> None:
        """Take every record out."""


def forget(store: LinkStore, ids: Sequence[str]) -> None:
    """Take articles out of everything that links say: their copies and counterparts remain.

    Groups close up, and whoever had one of them for a counterpart is looked at anew next time.
    """
    for start in range(0, len(ids), _FORGOTTEN_AT_ONCE):
        gone = store.records(ids[start : start + _FORGOTTEN_AT_ONCE])
        if gone:
            unmatch(store, list(gone))
            # Removed last: whatever is cut off here finds them again and begins anew.
            regroup(store, {r.group for r in gone.values() if r.copies}, without=gone.keys())
            store.remove(list(gone))


def unmatch(store: LinkStore, ids: Sequence[str]) -> None:
    """Let nobody have these for a counterpart; the partners are looked at anew next time."""
    partners = store.records(store.partners(ids))
    store.put([as_unmatched(record) for record in partners.values()])


def regroup(
    store: LinkStore, groups: Iterable[str], *, without: Collection[str] = frozenset()
) -> None:
    """Number the members of groups by publication and count them, leaving some out.

    A group that another article stands for now is looked at anew; its copies say what it says.
    """
    names = list(groups)
    members = store.members(names)
    ids = [id_ for name in names for id_ in members.get(name, ()) if id_ not in without]
    records = store.records(ids)
    by_group: dict[str, list[LinkRecord]] = defaultdict(list)
    for record in records.values():
        by_group[record.group].append(record)
    changed: list[LinkRecord] = []
    deposed: list[str] = []
    for group in by_group.values():
        ordered = sorted(group, key=lambda r: (r.date is None, r.date or "", r.place, r.id))
        first = ordered[0]
        deposed += [record.id for record in ordered[1:] if record.place == 0]
        if first.place:
            first = as_unmatched(replace(first, place=0))
        for place, record in enumerate(ordered):
            new = as_first(record, first) if place else first
            new = replace(new, place=place, copies=len(ordered) - 1)
            if new != records[record.id]:
                changed.append(new)
    if deposed:
        unmatch(store, deposed)
    store.put(changed)


def as_first(copy: LinkRecord, first: LinkRecord) -> LinkRecord:
    """A copy's record, saying of counterparts what the first of its group says."""
    return replace(copy, matched=True, counterpart=first.counterpart, score=first.score)


def as_unmatched(record: LinkRecord) -> LinkRecord:
    """The record of an article whose counterpart must be looked for; copies never look."""
    return replace(record, matched=record.place > 0, counterpart=None, score=0.0)
