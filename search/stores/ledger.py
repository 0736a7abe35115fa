"""What an archive remembers of its articles: who brought them, and what was taken down."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from search.addresses import article_key
from search.stores.base import Store, names_of
from search.stores.links import Links, forget
from search.stores.records import Record, as_text, sound

ORIGIN, TOMBSTONE = "origin", "tombstone"
_BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Tombstone:
    """An article that was taken down, and must not come back.

    Attributes:
        names: Its id, its address in canonical form (``search.addresses``), or both.
        reason: Why, in a person's words; may be empty.
        at: When, ISO 8601 in UTC.
    """

    names: tuple[str, ...]
    reason: str
    at: str


class Ledger:
    """An archive's ledger. Every method raises what those of the store do."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._records = store.records

    def bring(self, ids: Sequence[str], origin: str) -> None:
        """Note that a source holds these articles. Known pairs are no error."""
        records = [Record(ORIGIN, _key(origin, id_), terms=(id_,)) for id_ in dict.fromkeys(ids)]
        known = self._records.get(ORIGIN, [record.key for record in records])
        # An unchanged source writes nothing, and waits for no other writer.
        self._records.put([record for record in records if record.key not in known])

    def brought(self, origin: str) -> list[str]:
        """Ids of kept articles that a source, or one below it ("…/folder/x"), has brought."""
        noted = {
            self._pair(record.key)[1]
            for prefix in (f'{_start(origin)}",', _start(f"{origin}/"))
            for record in self._records.scan(ORIGIN, prefix=prefix)
        }
        waiting = iter(sorted(noted))
        found: list[str] = []
        while batch := list(islice(waiting, _BATCH)):
            there = self._store.kept(batch)
            found += [id_ for id_ in batch if id_ in there]
        return found

    def origins(self, ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """The sources that have brought these articles, ascending, of those that have any."""
        return {
            id_: tuple(sorted(self._pair(key)[0] for key in keys))
            for id_, keys in self._records.holders(ORIGIN, ids).items()
        }

    def withdraw(self, ids: Sequence[str], origin: str) -> int:
        """Note that a source (and those below it) no longer holds articles.

        Those that no other source has brought are removed; how many there were.
        """
        with self._records.atomically():
            noted = self.origins(ids)
            others = {
                id_
                for id_, origins in noted.items()
                if not all(_is_under(one, origin) for one in origins)
            }
            # Before it is noted: what could not be removed must be found again the next time.
            removed = self._store.delete([id_ for id_ in ids if id_ not in others])
            keys = [
                _key(one, id_) for id_ in others for one in noted[id_] if _is_under(one, origin)
            ]
            self._records.remove(list(self._records.get(ORIGIN, keys).values()))
        return removed

    def bar(self, tombstones: Sequence[Tombstone]) -> int:
        """Remove what bears one of the names, and let nothing by these names in again.

        Searches that begin after this returns do not find it.
        """
        names = [name for stone in tombstones for name in stone.names]
        if not names:
            return 0
        with self._records.atomically():
            self._records.put(
                [record_of(name, stone) for stone in tombstones for name in stone.names]
            )
            at = [kept.id for kept in self._store.listing(addresses=names)]
            removed = self._store.delete([*names, *at])
        self._store.flush()
        return removed

    def take_down(self, names: Sequence[str], reason: str) -> tuple[int, list[str]]:
        """Take articles down for good: by id, or by address, which need not be there yet.

        Returns:
            How many were removed, and those of the names that no article has.
        """
        at = datetime.now(UTC).isoformat(timespec="seconds")
        keys = canonical_keys(names)
        ids = self._store.ids_at(list(keys.values())) if keys else {}
        articles = self._store.articles([*names, *ids.values()])
        stones, missing = [], []
        for name in dict.fromkeys(names):
            key = keys.get(name)
            article = articles.get(name) or articles.get(ids.get(key or "", ""))
            if article is None:
                missing.append(name)
            # An unknown name that is no address is a typing mistake: nothing could match it later.
            called = names_of(article) if article else ()
            called = tuple(dict.fromkeys([*called, *([key] if key else [])]))
            if called:
                stones.append(Tombstone(called, reason, at))
        removed = self.bar(stones)
        self._store.flush()
        return removed, missing

    def lift(self, names: Sequence[str]) -> int:
        """Let in again what bears one of the names; how many tombstones that took away."""
        with self._records.atomically():
            found = set(self.tombstones(names).values())
            keys = [name for stone in found for name in stone.names]
            self._records.remove(list(self._records.get(TOMBSTONE, keys).values()))
        return len(found)

    def tombstones(self, names: Sequence[str] | None = None) -> dict[str, Tombstone]:
        """The tombstones of those of the names that have one; None: all, oldest first."""
        if names is not None:
            found = self._records.get(TOMBSTONE, names).values()
            return {record.key: self._tombstone(record) for record in found}
        stones = {record.key: self._tombstone(record) for record in self._records.scan(TOMBSTONE)}
        return dict(sorted(stones.items(), key=lambda item: (item[1].at, item[0])))

    def _tombstone(self, record: Record) -> Tombstone:
        what = f"the takedown of {record.key}"
        with sound(self._store.location, what, command="doctor --mend"):
            return tombstone_of(record)

    def _pair(self, key: str) -> tuple[str, str]:
        with sound(self._store.location, "the source of an article", command="doctor --mend"):
            return origin_of(key)


def canonical_keys(names: Sequence[str]) -> dict[str, str]:
    """Map those of the names that are addresses of articles to their canonical form."""
    keys = {name: article_key(name) for name in names}
    return {name: key for name, key in keys.items() if key is not None}


def forget_articles(store: Store, ids: Sequence[str]) -> None:
    """Forget what is kept beside articles that are gone; what was taken down stays out."""
    # Last: what is cut off before is found again by whoever gives the same command.
    forget(Links(store), ids)
    keys = [key for keys in store.records.holders(ORIGIN, ids).values() for key in keys]
    store.records.remove(list(store.records.get(ORIGIN, keys).values()))


def record_of(name: str, stone: Tombstone) -> Record:
    """The record that keeps a tombstone under one of its names."""
    values = {"names": list(stone.names), "reason": stone.reason, "at": stone.at}
    return Record(TOMBSTONE, name, values)


def tombstone_of(record: Record) -> Tombstone:
    """The tombstone that a record keeps.

    Raises:
        ValueError, TypeError, KeyError: It keeps none.
    """
    names = record.values["names"]
    if not isinstance(names, list):
        raise TypeError("its names are no list")
    return Tombstone(
        tuple(map(as_text, names)), as_text(record.values["reason"]), as_text(record.values["at"])
    )


def origin_of(key: str) -> tuple[str, str]:
    """The source and the article in the key of a record.

    Raises:
        ValueError, TypeError: There are none.
    """
    origin, id_ = json.loads(key)
    return as_text(origin), as_text(id_)


def _key(origin: str, id_: str) -> str:
    """Names a source and an article; those of a source, and of all below it, begin alike."""
    return json.dumps([origin, id_], ensure_ascii=False)


def _start(origin: str) -> str:
    return json.dumps([origin], ensure_ascii=False)[:-2]


def _is_under(one: str, origin: str) -> bool:
    return one == origin or one.startswith(f"{origin}/")
