"""Stories told more than once: what an archive keeps of counterparts and copies.

Records stand beside the articles, not in them: linking changes many records and no article. Each
says of what content and by which model it was made, so what must be linked anew shows by itself.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np

from search.encoders.base import FloatArray
from search.errors import ForbiddenStoreError
from search.records import Link
from search.stores.base import Store
from search.stores.records import Record, as_text, sound

KIND = "link"
_BLOCK = 1_024
_HEAD = struct.Struct("<dI")  # nearness, and how many keys there are before the vector
_FORGOTTEN_AT_ONCE = 500


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


class Links:
    """An archive's link records. What was put is seen by every call that follows.

    Before anything was put, everything is empty. Every method raises what those of the store do.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._records = store.records

    def links(self, ids: Sequence[str]) -> dict[str, Link]:
        """What is known of those of the ids that were linked, in one round trip."""
        try:
            found = self._records.get(KIND, ids, only="values")
        except ForbiddenStoreError:
            # Whoever may read the articles and not what links them still searches.
            return {}
        links = {}
        for id_, record in found.items():
            with self._sound(id_):
                links[id_] = _link(record)
        return links

    def records(self, ids: Sequence[str]) -> dict[str, LinkRecord]:
        """The records of those of the ids that have one."""
        found = {}
        for id_, record in self._records.get(KIND, ids).items():
            with self._sound(id_):
                found[id_] = _link_record(record)
        return found

    def put(self, records: Sequence[LinkRecord]) -> None:
        """Keep records, each in place of the one of the same id."""
        self._records.put([_record(record) for record in records])

    def remove(self, ids: Sequence[str]) -> None:
        """Take records out as they are; see ``forget`` for what else must change then."""
        self._records.remove(list(self._records.get(KIND, ids, only="key").values()))

    def members(self, groups: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """The ids in each of the groups, by ascending place."""
        held = self._records.holders(KIND, [f"group {group}" for group in groups])
        links = self.links([id_ for ids in held.values() for id_ in ids])
        members: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for id_, link in links.items():
            members[link.group].append((link.place, id_))
        return {
            group: tuple(id_ for _, id_ in sorted(members[group]))
            for group in dict.fromkeys(groups)
            if group in members
        }

    def partners(self, ids: Sequence[str]) -> tuple[str, ...]:
        """Ids of the records whose counterpart is one of the ids."""
        held = self._records.holders(KIND, [f"counterpart {id_}" for id_ in ids])
        return tuple(partner for partners in held.values() for partner in partners)

    def sharing(self, keys: Sequence[int], *, most: int) -> dict[int, tuple[str, ...]]:
        """For each key that is known, the ids of up to ``most`` records that have it."""
        terms = {f"key {key}": key for key in keys}
        held = self._records.holders(KIND, list(terms), most=most)
        return {terms[term]: ids for term, ids in held.items()}

    def vectors(self, lang: str, *, model: str, unmatched: bool = False) -> Iterator[VectorBlock]:
        """Vectors by one model of all that stand for a group, streamed by ascending id.

        Args:
            unmatched: Only of those whose counterpart was not looked for yet.
        """
        term = f"{'unmatched' if unmatched else 'first'} {lang} {model}"
        found = self._records.scan(KIND, term=term, only="data")
        while records := list(islice(found, _BLOCK)):
            with self._sound(f"{records[0].key} or one of the {len(records)} behind it"):
                parts = [_parts(record.data) for record in records]
                vectors = _floats(b"".join(vector for _, _, vector in parts))
                if len({len(vector) for _, _, vector in parts}) > 1:
                    raise ValueError("vectors of several lengths")
                yield VectorBlock(
                    ids=tuple(record.key for record in records),
                    vectors=vectors.reshape(len(records), -1),
                    near=np.array([near for near, _, _ in parts], np.float32),
                )

    def pending(self, model: str) -> list[str]:
        """Ids of articles without a record of their present content by this model, ascending."""
        listing = self._store.listing()
        found: list[str] = []
        while batch := list(islice(listing, _BLOCK)):
            terms = {kept.id: f"made {model} {kept.hash}" for kept in batch}
            made = self._records.holders(KIND, list(terms.values()))
            found += [id_ for id_, term in terms.items() if id_ not in made.get(term, ())]
        return found

    def orphans(self) -> list[str]:
        """Ids of records whose article is gone."""
        linked = self._records.holders(KIND, ["linked"]).get("linked", ())
        there = {kept.id for kept in self._store.listing()} if linked else set()
        return [id_ for id_ in linked if id_ not in there]

    def counts(self) -> LinkCounts:
        """Count what is kept."""
        paired, groups, copies, unmatched = (
            self._records.count(KIND, term) for term in ("paired", "copied", "copy", "unmatched")
        )
        return LinkCounts(self._records.count(KIND), paired // 2, groups, copies, unmatched)

    def clear(self) -> None:
        """Take every record out."""
        self._records.clear(KIND)

    def _sound(self, whose: str) -> AbstractContextManager[None]:
        return sound(self._store.location, f"the link record of {whose}", command="link --again")


def _record(link: LinkRecord) -> Record:
    keys = np.array(sorted(set(link.keys)), "<i8")
    values = {
        "lang": link.lang,
        "hash": link.hash,
        "model": link.model,
        "date": link.date,
        "group": link.group,
        "place": link.place,
        "copies": link.copies,
        "matched": link.matched,
        "counterpart": link.counterpart,
        "score": link.score,
    }
    is_first = link.place == 0
    terms = {
        "linked": True,
        f"made {link.model} {link.hash}": True,
        f"group {link.group}": True,
        f"counterpart {link.counterpart}": link.counterpart is not None,
        f"first {link.lang} {link.model}": is_first and len(link.vector),
        f"unmatched {link.lang} {link.model}": is_first and len(link.vector) and not link.matched,
        "unmatched": is_first and not link.matched,
        "paired": is_first and link.counterpart is not None,
        "copied": is_first and link.copies > 0,
        "copy": link.place > 0,
    }
    return Record(
        KIND,
        link.id,
        values,
        _HEAD.pack(link.near, len(keys)) + keys.tobytes() + link.vector.astype("<f2").tobytes(),
        (*(term for term, holds in terms.items() if holds), *(f"key {k}" for k in keys.tolist())),
    )


def _link(record: Record) -> Link:
    """What readers are told; see ``_link_record``."""
    values = record.values
    return Link(
        counterpart=_optional_text(values["counterpart"]),
        group=as_text(values["group"]),
        place=int(values["place"]),
        copies=int(values["copies"]),
    )


def _link_record(record: Record) -> LinkRecord:
    """The link record that a record keeps.

    Raises:
        ValueError, TypeError, KeyError, OverflowError: It keeps none.
    """
    values, link = record.values, _link(record)
    near, keys, vector = _parts(record.data)
    return LinkRecord(
        id=record.key,
        lang=as_text(values["lang"]),
        hash=as_text(values["hash"]),
        model=as_text(values["model"]),
        date=_optional_text(values["date"]),
        keys=tuple(np.frombuffer(keys, "<i8").tolist()),
        vector=_floats(vector),
        near=near,
        group=link.group,
        place=link.place,
        copies=link.copies,
        matched=bool(int(values["matched"])),
        counterpart=link.counterpart,
        score=float(values["score"]),
    )


def _parts(data: bytes) -> tuple[float, bytes, bytes]:
    """Nearness, keys and vector, as they are kept.

    Raises:
        ValueError: They are none.
    """
    near, count = _HEAD.unpack_from(data) if len(data) >= _HEAD.size else (0.0, len(data))
    middle = _HEAD.size + 8 * count
    if middle > len(data) or not np.isfinite(near):
        raise ValueError("not what it says it is")
    return near, data[_HEAD.size : middle], data[middle:]


def _floats(raw: bytes) -> FloatArray:
    found = np.frombuffer(raw, "<f2").astype(np.float32)
    if not np.isfinite(found).all():
        raise ValueError("no numbers")
    return found


def _optional_text(value: object) -> str | None:
    return None if value is None else as_text(value)


def forget(links: Links, ids: Sequence[str]) -> None:
    """Take articles out of everything that links say: their copies and counterparts remain.

    Groups close up, and whoever had one of them for a counterpart is looked at anew next time.
    """
    for start in range(0, len(ids), _FORGOTTEN_AT_ONCE):
        gone = links.records(ids[start : start + _FORGOTTEN_AT_ONCE])
        if gone:
            unmatch(links, list(gone))
            # Removed last: whatever is cut off here finds them again and begins anew.
            regroup(links, {r.group for r in gone.values() if r.copies}, without=gone.keys())
            links.remove(list(gone))


def unmatch(links: Links, ids: Sequence[str]) -> None:
    """Let nobody have these for a counterpart; the partners are looked at anew next time."""
    partners = links.records(links.partners(ids))
    links.put([as_unmatched(record) for record in partners.values()])


def regroup(links: Links, groups: Iterable[str], *, without: Collection[str] = frozenset()) -> None:
    """Number the members of groups by publication and count them, leaving some out.

    A group that another article stands for now is looked at anew; its copies say what it says.
    """
    names = list(groups)
    members = links.members(names)
    ids = [id_ for name in names for id_ in members.get(name, ()) if id_ not in without]
    records = links.records(ids)
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
        unmatch(links, deposed)
    links.put(changed)


def as_first(copy: LinkRecord, first: LinkRecord) -> LinkRecord:
    """A copy's record, saying of counterparts what the first of its group says."""
    return replace(copy, matched=True, counterpart=first.counterpart, score=first.score)


def as_unmatched(record: LinkRecord) -> LinkRecord:
    """The record of an article whose counterpart must be looked for; copies never look."""
    return replace(record, matched=record.place > 0, counterpart=None, score=0.0)
