"""What an Elasticsearch archive remembers beside its articles, in the index ``<name>~records``.

Who brought them, what was taken down, which article has an address, notes, and who holds the lease:
facts that change without the article, which would have to be written again with all its vectors if
they stood in its document.
"""

from __future__ import annotations

import base64
import hashlib
import os
import platform
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from elasticsearch import ApiError, Elasticsearch, TransportError

from search.errors import ArchiveBusyError, StoreError
from search.stores.base import Leased, Tombstone, leased
from search.stores.elasticsearch.indices import (
    CONFLICT,
    GONE,
    Json,
    SideIndex,
    unchanged_since,
)

LEASE_S = 15.0
"""A lease that was not renewed for so long is up: whoever held it is gone."""

_CHUNK = 1_000
_TRIES = 20
_KEYWORD = {"type": "keyword"}
_KEPT_ONLY = {"type": "keyword", "index": False, "doc_values": False}
_PROPERTIES: Json = {
    "kind": _KEYWORD,  # origin, tombstone, address, note or lease
    "article": _KEYWORD,
    "origin": _KEYWORD,
    "name": _KEYWORD,
    "names": _KEYWORD,
    "at": _KEYWORD,
    "reason": _KEPT_ONLY,
    "holder": _KEPT_ONLY,
    "data": {"type": "binary"},
}


@dataclass(frozen=True, slots=True)
class Claims:
    """Addresses of articles that are about to be written.

    Attributes:
        addresses: Address → the article that is to have it.
        documents: Address → the claim.
        taken: Article → the one that has its address, so that it cannot be written.
    """

    addresses: Mapping[str, str]
    documents: Mapping[str, dict[str, Any]]
    taken: dict[str, str]


class Records:
    """The records of an archive.

    Args:
        client: With the timeouts of writing.
        archive: The archive's name.
        location: The same for messages.
    """

    def __init__(self, client: Elasticsearch, archive: str, location: str) -> None:
        self._index = SideIndex(client, archive, "records", _PROPERTIES, location=location)
        self._location = location

    def make(self) -> None:
        """Make the index where there is none."""
        self._index.make()

    def drop(self) -> None:
        """Delete all of it."""
        self._index.drop()

    # Sources

    def bring(self, ids: Sequence[str], origin: str) -> None:
        """Note that a source holds articles."""
        keys = {_key("origin", id_, origin): id_ for id_ in ids}
        known = self._index.read(keys)
        self._put(
            (key, {"kind": "origin", "article": id_, "origin": origin})
            for key, id_ in keys.items()
            if key not in known
        )

    def brought(self, origin: str) -> list[str]:
        """Ids of articles that a source has brought, also of those that are gone."""
        hits = self._scan("origin", [_under(origin)], ["article"])
        return sorted({hit["_source"]["article"] for hit in hits})

    def origins(self, ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """The sources of articles, ascending."""
        found: dict[str, list[str]] = {}
        for chunk in _chunks(ids):
            for hit in self._scan("origin", [{"terms": {"article": chunk}}], ["article", "origin"]):
                found.setdefault(hit["_source"]["article"], []).append(hit["_source"]["origin"])
        return {id_: tuple(sorted(values)) for id_, values in found.items()}

    def withdraw(self, ids: Sequence[str], origin: str) -> None:
        """Note that a source, and those below it, no longer hold articles."""
        for chunk in _chunks(ids):
            self._remove("origin", [{"terms": {"article": chunk}}, _under(origin)])

    def forget(self, ids: Sequence[str]) -> None:
        """Note that articles are gone: nobody brings them, and their addresses are free."""
        for chunk in _chunks(ids):
            for kind in ("origin", "address"):
                self._remove(kind, [{"terms": {"article": chunk}}])

    # Takedowns

    def set_tombstones(self, stones: Sequence[Tombstone]) -> None:
        """Set tombstones."""
        self._put(
            (
                _key("tombstone", name),
                {
                    "kind": "tombstone",
                    "name": name,
                    "names": list(stone.names),
                    "reason": stone.reason,
                    "at": stone.at,
                },
            )
            for stone in stones
            for name in stone.names
        )

    def lift(self, names: Sequence[str]) -> int:
        """Take tombstones away, with all their names; how many."""
        found = set(self.tombstones(names).values())
        keys = [_key("tombstone", name) for stone in found for name in stone.names]
        self._index.write([{"_op_type": "delete", "_id": key} for key in keys])
        return len(found)

    def tombstones(self, names: Sequence[str] | None = None) -> dict[str, Tombstone]:
        """Name → its tombstone, as of now; None: all of them, oldest first."""
        docs: Iterator[Json] | Sequence[Json]
        if names is None:
            sort = [{"at": "asc"}, {"name": "asc"}, {"key": "asc"}]
            docs = self._scan("tombstone", [], None, sort=sort)
        else:
            docs = list(self._index.read(_key("tombstone", name) for name in names).values())
        sources = [doc["_source"] for doc in docs]
        return {s["name"]: Tombstone(tuple(s["names"]), s["reason"], s["at"]) for s in sources}

    # Addresses

    def holders(self, keys: Sequence[str]) -> dict[str, str]:
        """Address → id of the article that has claimed it, which may be gone, or have another."""
        found = self._index.read((_key("address", key) for key in keys), ["name", "article"])
        return {doc["_source"]["name"]: doc["_source"]["article"] for doc in found.values()}

    def claim(
        self,
        wanted: Mapping[str, str],
        *,
        having: Callable[[Mapping[str, str]], set[str]],
    ) -> tuple[dict[str, str], dict[str, Json]]:
        """Claim addresses for articles that are about to be written.

        Args:
            wanted: Address → article.
            having: Told of address → article, says which of these addresses the articles have now.

        Returns:
            Address → the article that has it, for those that another one has; and address → the
            claim, for the others. ``confirm`` must follow when the articles are written: another
            writer takes over a claim whose article is not there yet.
        """
        taken: dict[str, str] = {}
        claims: dict[str, Json] = {}
        open_ = dict(wanted)
        for _ in range(_TRIES):
            if not open_:
                break
            known = {
                doc["_source"]["name"]: doc
                for doc in self._index.read(_key("address", key) for key in open_).values()
            }
            foreign = {
                key: doc["_source"]["article"]
                for key, doc in known.items()
                if doc["_source"]["article"] != open_[key]
            }
            held = having(foreign) if foreign else set()
            # Written anew as they are: who looked before the article was there, and is about to
            # take the claim over, looks again. Else it might go after it was named here.
            taken |= {
                key: foreign[key]
                for key in self._claims({key: foreign[key] for key in held}, known)
            }
            claims |= {key: doc for key, doc in known.items() if key not in foreign}
            asked = {
                key: id_ for key, id_ in open_.items() if key not in claims and key not in held
            }
            claims |= self._claims(asked, known)
            open_ = {
                key: id_ for key, id_ in open_.items() if key not in claims and key not in taken
            }
        # Whatever is contended so long is left to the others.
        return taken | self.holders(list(open_)), claims

    def confirm(self, wanted: Mapping[str, str], claims: Mapping[str, Json]) -> dict[str, str]:
        """Confirm the claims of articles that are written now.

        A claim's document changes with it, so that whoever looked at it before cannot take it over.

        Returns:
            Address → the article that has taken it over meanwhile: the one that was written for it
            must go again.
        """
        confirmed = self._claims(wanted, claims)
        lost = [key for key in wanted if key not in confirmed]
        holders = self.holders(lost)
        return {key: id_ for key, id_ in holders.items() if id_ != wanted[key]}

    def _claims(self, wanted: Mapping[str, str], after: Mapping[str, Json]) -> dict[str, Json]:
        """Write claims where nothing has changed since; those that were written."""
        keys = {_key("address", key): key for key in wanted}
        actions = []
        for document, key in keys.items():
            source = {"kind": "address", "key": document, "name": key, "article": wanted[key]}
            how = unchanged_since(after[key]) if key in after else {"_op_type": "create"}
            actions.append({"_id": document, "_source": source, **how})
        items = self._index.write(actions, passing=(CONFLICT,))
        return {keys[item["_id"]]: item for item in items if item["status"] != CONFLICT}

    # Notes

    def note(self, name: str) -> bytes | None:
        """The note of a name; None where there is none."""
        key = _key("note", name)
        doc = self._index.read([key]).get(key)
        return base64.b64decode(doc["_source"]["data"]) if doc else None

    def set_note(self, name: str, data: bytes) -> None:
        """Keep a note in place of the one before."""
        encoded = base64.b64encode(data).decode()
        self._put([(_key("note", name), {"kind": "note", "name": name, "data": encoded})])

    def forget_notes(self) -> None:
        """Remove all notes."""
        self._remove("note", [])

    # The lease

    def lease(self, purpose: str, of: Leased) -> Lease:
        """A lease on the archive, or on its links, not taken yet."""
        return Lease(self._index, self._location, purpose, of)

    def _put(self, documents: Any) -> None:
        self._index.write(
            [
                {"_op_type": "index", "_id": key, "_source": {"key": key, **source}}
                for key, source in documents
            ]
        )

    def _remove(self, kind: str, conditions: Sequence[Json]) -> None:
        """Remove records as they are found: what was written anew meanwhile stays."""
        hits = list(self._scan(kind, conditions, []))
        self._index.write(
            [{"_op_type": "delete", "_id": hit["_id"], **unchanged_since(hit)} for hit in hits],
            passing=(CONFLICT, GONE),
        )

    def _scan(
        self, kind: str, conditions: Sequence[Json], fields: list[str] | None, **options: Any
    ) -> Iterator[Json]:
        """Records of a kind as they are now."""
        self._index.refresh()
        source = {"includes": fields} if fields else fields is None
        conditions = [{"term": {"kind": kind}}, *conditions]
        return self._index.scan(conditions, source=source, **options)


class Lease:
    """One process's hold on an archive, kept by renewing a document.

    No clocks are compared, as those of two machines differ: who comes second watches whether the
    document changes. Whoever was stopped for long finds its document changed, and may not go on.
    """

    def __init__(self, index: SideIndex, location: str, purpose: str, of: Leased) -> None:
        self._index = index
        self._key = "lease" if of == "archive" else f"lease of {of}"
        self._leased = leased(location, of)
        since = datetime.now().astimezone().isoformat(timespec="seconds")
        self._holder = f"{purpose} (process {os.getpid()} on {platform.node()}, since {since})"
        self._version: Json | None = None
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._renewing = threading.Thread(target=self._renew, name="lease", daemon=True)

    def acquire(self) -> None:
        """Take the lease, also from a holder that gives no sign of life.

        Raises:
            ArchiveBusyError: Somebody holds it.
        """
        seen: Json | None = None
        deadline = time.monotonic() + LEASE_S
        while self._version is None:
            now = self._index.read([self._key]).get(self._key)
            if now is None:
                self._version = self._write(None)
                continue
            seen = seen or now
            if unchanged_since(now) != unchanged_since(seen):
                raise self._busy(now)
            if time.monotonic() > deadline:
                self._version = self._write(now)  # nobody else was faster, or all begins again
                seen, deadline = None, time.monotonic() + LEASE_S
                continue
            time.sleep(min(0.5, LEASE_S / 10))
        self._renewing.start()

    def check(self) -> None:
        """Renew the lease.

        Raises:
            ArchiveBusyError: It is somebody else's by now.
        """
        with self._lock:
            if self._version is not None:
                self._version = self._write(self._version)
            if self._version is None:
                raise self._busy(self._index.read([self._key]).get(self._key))

    def release(self) -> None:
        """Give the lease back, if it is held still."""
        self._ended.set()
        self._renewing.join()
        with self._lock:
            if self._version is not None:
                gone = {"_op_type": "delete", "_id": self._key, **unchanged_since(self._version)}
                self._index.write([gone], passing=(CONFLICT, GONE))

    def _write(self, after: Json | None) -> Json | None:
        return self._index.put(self._key, {"kind": "lease", "holder": self._holder}, after=after)

    def _renew(self) -> None:
        while not self._ended.wait(LEASE_S / 5):
            try:
                self.check()
            except ArchiveBusyError:
                return  # told when it matters: ``check`` says so to whoever works
            except (ApiError, TransportError, StoreError):
                continue  # away for a moment; if for long, somebody else may take over

    def _busy(self, now: Json | None) -> ArchiveBusyError:
        holder = now["_source"]["holder"] if now else "somebody who has ended since"
        return ArchiveBusyError(
            f"{self._leased} being rewritten by {holder}. One at a time: wait until that has"
            " ended, or end it, and give the command again."
        )


def _key(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _under(origin: str) -> Json:
    below = {"prefix": {"origin": f"{origin}/"}}
    return {"bool": {"should": [{"term": {"origin": origin}}, below]}}


def _chunks(values: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(values), _CHUNK):
        yield list(values[start : start + _CHUNK])
