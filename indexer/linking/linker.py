"""Finds the same story in the other language, and copies of one story, for whatever is new.

First every new article gets a record with its vector and keys, and joins the copies it is one of.
Then whatever stands for a group and was not looked at yet is compared with everything in the other
language. Both steps keep what they have done batch by batch, so an interrupted run goes on where it
stopped; and both cost time in proportion to what is new.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice, permutations
from typing import Any, TypeVar

import numpy as np

from indexer.linking.copies import Fingerprint, are_copies
from indexer.linking.pairs import Near, Progress, best_pairs, neighbours
from search.errors import ArchiveMissingError
from search.ranking.profile import RankingProfile, profile_for
from search.stores.base import ArchiveProfile, Store
from search.stores.links import (
    LinkCounts,
    LinkRecord,
    Links,
    VectorBlock,
    as_first,
    forget,
    regroup,
)
from search.text.languages import LANGUAGES

_RULES = 1
"""Raised whenever a change of keys, vectors or rules makes linking anew worth its time."""

_BATCH = 500
_ROWS_AT_ONCE = 8_192
"""Articles compared at once with all of the other language: what bounds the memory."""

_HOLDERS = 50
_COMPARED = 20
"""Most articles an article's text is compared with: those that share most keys with it."""

_UNPLACED = 1_000_000
"""Place of a member until its group is put in order: behind all others."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LinkReport:
    """What a run did, and what is known after it.

    Attributes:
        new: Articles that were linked by this run.
        linked, counterparts, groups, copies: In the whole archive; see ``LinkCounts``.
        note: Why no counterpart was looked for, where none was.
    """

    new: int
    linked: int
    counterparts: int
    groups: int
    copies: int
    seconds: float
    note: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Write the report that ``songngu link --json`` prints."""
        return asdict(self) | {"seconds": round(self.seconds, 2)}


def link(
    store: Store, *, again: bool = False, on_progress: Progress = lambda *_: None
) -> LinkReport:
    """Link what is new or changed since the last time.

    Args:
        again: Forget what was found before and link everything.
        on_progress: Told, in each of the steps, what is done and how much there is to do.

    Raises:
        ArchiveBusyError: Somebody else is linking it.
        ArchiveMissingError: There is nothing to link.
        StoreError: The archive fails; what was done is kept.
    """
    made = store.profile()
    if made is None:
        raise ArchiveMissingError(f"There is no archive at {store.location}. Index into it first.")
    with store.lease("songngu link", of="links") as check:
        return _link(store, made, again=again, on_progress=on_progress, check=check)


def _link(
    store: Store,
    made: ArchiveProfile,
    *,
    again: bool,
    on_progress: Progress,
    check: Callable[[], None],
) -> LinkReport:
    began = time.perf_counter()
    profile = profile_for(made.encoder.fingerprint)
    links = Links(store)
    if again:
        links.clear()
    store.flush()
    forget(links, links.orphans())
    model = f"{made.encoder.fingerprint[:40]}/{_RULES}"
    pending = links.pending(model)
    done = 0
    for batch in _batches(pending):
        check()
        _take_in(store, batch, model, profile)
        done += len(batch)
        on_progress("Linking", done, len(pending))
    note = _why_not(store, profile)
    if note is None:
        check()
        _match(store, model, profile, on_progress)
    counts: LinkCounts = links.counts()
    return LinkReport(
        new=len(pending),
        linked=counts.linked,
        counterparts=counts.counterparts,
        groups=counts.groups,
        copies=counts.copies,
        seconds=time.perf_counter() - began,
        note=note,
    )


def _why_not(store: Store, profile: RankingProfile) -> str | None:
    languages = [lang for lang, count in store.sizes().items() if count]
    if len(languages) == 1:
        return (
            f"every article of {store.location} is in {LANGUAGES[languages[0]].endonym}: there is"
            " no other language to find counterparts in"
        )
    if languages and profile.linking is None:
        return (
            "no constants for finding counterparts were fitted for this archive's encoder; copies"
            " are found, counterparts are not. The bundled encoder has them"
        )
    return None


def _take_in(store: Store, ids: Sequence[str], model: str, profile: RankingProfile) -> None:
    """Make link records for articles, and put these into the groups of their copies."""
    links = Links(store)
    articles = store.articles(ids)
    forget(links, ids)  # what an older text of theirs was linked with
    vectors = store.vectors(ids)
    fingerprints = {id_: Fingerprint.of(article) for id_, article in articles.items()}
    keys = {id_: reading.keys() for id_, reading in fingerprints.items()}
    records = {
        id_: LinkRecord(
            id=id_,
            lang=article.lang,
            hash=article.content_hash,
            model=model,
            date=article.date,
            keys=keys[id_],
            vector=_free(vectors, id_, profile),
            # Of its content: a later text of the same article may be in another group.
            group=f"{id_}#{article.content_hash[:12]}",
        )
        for id_, article in articles.items()
    }
    groups = _groups(store, fingerprints, keys, {id_: r.group for id_, r in records.items()})
    # Whoever joins others is done only when all of the group is in order: until then its record
    # has no hash, so that a run that is cut off here begins with it again.
    joining = {
        id_: replace(record, group=groups[record.group], hash="", place=_UNPLACED)
        for id_, record in records.items()
        if record.group in groups
    }
    for part in _batches([*_moved(links, groups), *joining.values()]):
        links.put(part)
    regroup(links, set(groups.values()))
    settled = links.records(list(joining))
    done = [replace(record, hash=records[id_].hash) for id_, record in settled.items()]
    links.put([*done, *(r for id_, r in records.items() if id_ not in joining)])


def _free(vectors: dict[str, Any], id_: str, profile: RankingProfile) -> Any:
    if id_ not in vectors or not len(vectors[id_]):
        return np.zeros(0, np.float32)
    return profile.language_free(vectors[id_][:1])[0]


def _groups(
    store: Store,
    fingerprints: dict[str, Fingerprint],
    keys: dict[str, tuple[int, ...]],
    own: dict[str, str],
) -> dict[str, str]:
    """Map the names of groups that grow or join another to the name of what they become."""
    links = Links(store)
    holders: dict[int, list[str]] = defaultdict(list)
    for id_, held in keys.items():
        for key in held:
            holders[key].append(id_)
    kept = links.sharing(list(holders), most=_HOLDERS)
    candidates = {}
    for id_, held in keys.items():
        shared = Counter(
            other for key in held for other in (*kept.get(key, ()), *holders[key][:_HOLDERS])
        )
        del shared[id_]
        candidates[id_] = [other for other, _ in shared.most_common(_COMPARED)]
    older = {other for others in candidates.values() for other in others} - fingerprints.keys()
    for id_, article in store.articles(sorted(older)).items():
        fingerprints[id_] = Fingerprint.of(article)
    group = own | {id_: record.group for id_, record in links.records(sorted(older)).items()}
    names: dict[str, str] = {}

    def root(name: str) -> str:
        while name in names and names[name] != name:
            name = names[name]
        return name

    for id_, others in candidates.items():
        for other in others:
            if other not in group or other not in fingerprints:
                continue
            one, two = root(group[id_]), root(group[other])
            if one != two and are_copies(fingerprints[id_], fingerprints[other]):
                names[max(one, two)] = names[min(one, two)] = min(one, two)
    return {name: root(name) for name in names}


def _moved(links: Links, groups: dict[str, str]) -> list[LinkRecord]:
    """Make the new records of groups that become part of another."""
    moving = links.members([name for name, new in groups.items() if name != new])
    records = links.records([id_ for ids in moving.values() for id_ in ids])
    return [replace(record, group=groups[record.group]) for record in records.values()]


def _match(store: Store, model: str, profile: RankingProfile, on_progress: Progress) -> None:
    """Look for the counterparts of the first articles of groups that were not yet looked at."""
    links, constants = Links(store), profile.linking
    assert constants is not None
    found: list[Near] = []
    done, total = 0, links.counts().unmatched
    for lang, other in permutations(LANGUAGES, 2):
        for block in _joined(links.vectors(lang, model=model, unmatched=True)):
            found.append(neighbours(block, links.vectors(other, model=model), constants))
            done += len(block.ids)
            on_progress("Comparing", done, total)
    near = {id_: value for part in found for id_, value in zip(part.ids, part.near, strict=True)}
    now = near | _surroundings_now(links, found, model, profile)
    pairs = best_pairs(store, found, now, constants, on_progress)
    for batch in _batches(pairs):
        _settle(links, batch, near)
    paired = {id_ for one, other, _ in pairs for id_ in (one, other)}
    for part in _batches([id_ for id_ in near if id_ not in paired]):
        # Whoever had its partner taken by a better one was matched before, and stays so.
        links.put(
            [
                replace(record, matched=True, near=float(near[id_]))
                for id_, record in links.records(part).items()
            ]
        )


def _surroundings_now(
    links: Links, found: Sequence[Near], model: str, profile: RankingProfile
) -> dict[str, np.float32]:
    """Compute again how near candidates of earlier runs are to the archive, which has grown."""
    assert profile.linking is not None
    new = {id_ for part in found for id_ in part.ids}
    older = sorted({part.others[i] for part in found for i in np.unique(part.places)} - new)
    near: dict[str, np.float32] = {}
    for start in range(0, len(older), _ROWS_AT_ONCE):
        by_lang: dict[str, list[LinkRecord]] = defaultdict(list)
        for part in _batches(older[start : start + _ROWS_AT_ONCE]):
            for record in links.records(part).values():
                by_lang[record.lang].append(record)
        for lang, other in permutations(LANGUAGES, 2):
            if records := by_lang[lang]:
                block = VectorBlock(
                    ids=tuple(record.id for record in records),
                    vectors=np.stack([record.vector for record in records]),
                    near=np.array([record.near for record in records], np.float32),
                )
                now = neighbours(block, links.vectors(other, model=model), profile.linking)
                near |= zip(now.ids, now.near, strict=True)
    return near


def _settle(
    links: Links, pairs: Sequence[tuple[str, str, float]], near: dict[str, np.float32]
) -> None:
    """Write new pairs and their copies; clear the link of an article that loses its counterpart."""
    records = links.records([id_ for one, other, _ in pairs for id_ in (one, other)])
    new: dict[str, LinkRecord] = {}
    freed: list[str] = []
    for one, other, score in pairs:
        if one not in records or other not in records:
            continue  # deleted meanwhile by another process
        for id_, counterpart in ((one, other), (other, one)):
            record = records[id_]
            if record.counterpart and record.counterpart != counterpart:
                freed.append(record.counterpart)
            new[id_] = replace(
                record,
                matched=True,
                counterpart=counterpart,
                score=score,
                near=float(near.get(id_, record.near)),
            )
    left = [id_ for id_ in freed if id_ not in new]
    firsts = [*new.values()]
    firsts += [
        replace(record, counterpart=None, score=0.0) for record in links.records(left).values()
    ]
    # The firsts last: if this is cut off, they are looked at anew, and their copies with them.
    links.put([*_copies_of(links, firsts), *firsts])


def _copies_of(links: Links, firsts: Sequence[LinkRecord]) -> Iterator[LinkRecord]:
    by_group = {record.group: record for record in firsts if record.copies}
    members = links.members(list(by_group))
    ids = {id_ for names in members.values() for id_ in names} - {r.id for r in firsts}
    for record in links.records(sorted(ids)).values():
        yield as_first(record, by_group[record.group])


def _joined(blocks: Iterable[VectorBlock]) -> Iterator[VectorBlock]:
    """Join blocks into fewer, larger ones."""
    waiting: list[VectorBlock] = []
    for block in blocks:
        waiting.append(block)
        if sum(len(part.ids) for part in waiting) >= _ROWS_AT_ONCE:
            yield _one(waiting)
            waiting = []
    if waiting:
        yield _one(waiting)


def _one(blocks: Sequence[VectorBlock]) -> VectorBlock:
    return VectorBlock(
        ids=tuple(id_ for block in blocks for id_ in block.ids),
        vectors=np.concatenate([block.vectors for block in blocks]),
        near=np.concatenate([block.near for block in blocks]),
    )


def _batches(items: Sequence[T]) -> Iterator[list[T]]:
    waiting = iter(items)
    while batch := list(islice(waiting, _BATCH)):
        yield batch
