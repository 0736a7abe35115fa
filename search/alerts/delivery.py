"""What is new for a saved search, told to each of its recipients, once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from search.alerts.memory import Told
from search.alerts.messages import NewStory
from search.alerts.saved_searches import SavedSearch
from search.archive import Archive
from search.errors import MailError
from search.records import Query
from search.stores.links import Links

_READ_AT_ONCE = 200

Deliver = Callable[[str, Sequence[str]], None]
"""Tells a recipient of stories, by id; raises MailError where it could not."""


@dataclass(slots=True)
class AlertOutcome:
    """What became of one search.

    Attributes:
        new: Ids of its new stories, newest first, unknown dates last.
        known: How many stories were there already, where it was asked for the first time.
        told: Recipients who were told; ``failed``: those who were not, with the reason.
        error: Why it could not be searched; empty where it could.
    """

    name: str
    new: list[str] = field(default_factory=list)
    known: int | None = None
    told: list[str] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    error: str = ""

    def to_json(self, archive: Archive) -> dict[str, Any]:
        """Write it for programs, with what is known of each new story."""
        return {
            "name": self.name,
            "new": [
                {
                    "id": story.article.id,
                    "lang": story.article.lang,
                    "title": story.article.headline,
                    "date": story.article.date,
                    "source": story.article.source,
                    "url": story.article.url,
                    "counterpart": story.counterpart.id if story.counterpart else None,
                }
                for story in stories(archive, self.new)
            ],
            "known": self.known,
            "told": self.told,
            "failed": [{"recipient": to, "reason": reason} for to, reason in self.failed],
            "error": self.error or None,
        }


def tell(
    archive: Archive,
    search: SavedSearch,
    told: Told | None,
    recipients: Sequence[str],
    deliver: Deliver,
    save: Callable[[Told], None],
) -> AlertOutcome:
    """Tell each recipient what is new since the last time.

    New is what matches, was not told, and is no copy of what was told, however old its date is. The
    same story in the other language is new: it is another story to read.

    Args:
        told: What was told before; None where the search is new. Of a new one, and of one that asks
            for something else than before, all that is there counts as known.
        save: Keeps what was told; called each time that a recipient was told, and only then.

    Raises:
        QueryError: The search cannot be answered as it is.
        StoreError: The archive cannot answer.
    """
    outcome = AlertOutcome(search.name)
    before = told or Told(search.asks)
    covered = _covered(archive, search.query, before)
    all_ids = before.ids.union(*covered.values())
    if told is None or told.asks != search.asks:
        outcome.known = len(covered)
        save(Told(search.asks, all_ids, before.owed))
        return outcome
    new = [id_ for id_, ids in covered.items() if told.ids.isdisjoint(ids)]
    outcome.new = _newest_first(archive, new)
    # Whoever was not told what others were gets it with what is new.
    wanted = {
        to: _newest_first(archive, dict.fromkeys([*told.owed.get(to, ()), *new]))
        for to in recipients
    }
    owed = {to: told.owed[to] for to in recipients if to in told.owed and wanted[to]}
    for to, ids in wanted.items():
        if not ids:
            continue
        try:
            deliver(to, ids)
        except MailError as error:
            outcome.failed.append((to, str(error)))
            continue
        if not outcome.told:
            owed = {other: some for other, some in wanted.items() if some}
        owed.pop(to, None)
        outcome.told.append(to)
        save(Told(search.asks, all_ids, dict(owed)))
    if not new and (all_ids != told.ids or owed != told.owed):
        save(Told(search.asks, all_ids, owed))  # copies of what was told; debts nobody can pay
    return outcome


def stories(archive: Archive, ids: Sequence[str]) -> Iterator[NewStory]:
    """Read stories in the order of their ids, with their counterparts, but for those that went."""
    for start in range(0, len(ids), _READ_AT_ONCE):
        batch = ids[start : start + _READ_AT_ONCE]
        links = archive.links(batch)
        others = [link.counterpart for link in links.values() if link.counterpart]
        there = archive.articles([*batch, *others])
        for id_ in batch:
            if id_ in there:
                link = links.get(id_)
                yield NewStory(there[id_], there.get((link and link.counterpart) or ""))


def _covered(archive: Archive, query: Query, told: Told) -> dict[str, tuple[str, ...]]:
    """Those of a query's matches that were not told themselves, each with all its copies."""
    found = archive.result_set(query)
    ids = [scored.id for scored in found.zone("match") if scored.id not in told.ids]
    groups = {id_: found.links[id_].group for id_ in ids if id_ in found.links}
    copied = [group for id_, group in groups.items() if found.links[id_].copies]
    members = Links(archive.store).members(copied) if copied else {}
    return {id_: (id_, *members.get(groups.get(id_, ""), ())) for id_ in ids}


def _newest_first(archive: Archive, ids: Any) -> list[str]:
    """Those of the ids that are there, by date, unknown dates last."""
    there = archive.store.outlines(list(ids))
    ordered = sorted(there, key=lambda id_: (there[id_].date or "", id_), reverse=True)
    return sorted(ordered, key=lambda id_: not there[id_].date)
