"""Records beside the articles of an Elasticsearch archive, in two indices: one, and one for links.

Links are many and change at every run; the others are few, and whoever writes articles needs them.
"""

from __future__ import annotations

import base64
import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from elasticsearch import Elasticsearch

from search.stores import notes
from search.stores.elasticsearch.indices import (
    CONFLICT,
    GONE,
    Json,
    SideIndex,
    unchanged_since,
)
from search.stores.records import Part, Record

_PARTS = {"link": "links"}
_PART = "records"
_CHUNK = 1_000
_FIELDS: dict[Part | None, list[str]] = {
    "key": ["key"],
    "values": ["key", "values"],
    "data": ["key", "data"],
    None: ["key", "values", "data"],
}
_PROPERTIES: Json = {
    "kind": {"type": "keyword"},
    "terms": {"type": "keyword"},
    "values": {"type": "object", "enabled": False},
    "data": {"type": "binary"},
}


class ElasticsearchRecords:
    """See ``search.stores.records.Records``.

    Args:
        searching, writing: Clients with the timeouts of either.
        archive: The archive's name.
        location: The same for messages.
        require: Raises where there is no archive.
        errors: Turns the client's errors into ours.
    """

    def __init__(
        self,
        searching: Elasticsearch,
        writing: Elasticsearch,
        archive: str,
        location: str,
        *,
        require: Callable[[], object],
        errors: Callable[[], AbstractContextManager[None]],
    ) -> None:
        def sides(client: Elasticsearch) -> dict[str, SideIndex]:
            return {
                part: SideIndex(client, archive, part, _PROPERTIES, location=location)
                for part in (_PART, *_PARTS.values())
            }

        self._sides = sides(writing)
        self._searched = sides(searching)
        self._require = require
        self._errors = errors

    def make(self) -> None:
        """Make the index that every archive has, where there is none."""
        with self._errors():
            self._sides[_PART].make()

    def drop(self) -> None:
        """Delete all of it."""
        with self._errors():
            for side in self._sides.values():
                side.drop()

    def get(self, kind: str, keys: Sequence[str], *, only: Part | None = None) -> dict[str, Record]:
        """Those of the keys that there are, also what was written a moment ago."""
        fields = _FIELDS[only]
        with self._errors():
            # What searches read must not be waited for as long as what is written.
            hurried = kind == notes.KIND or _part(kind) != _PART
            side = (self._searched if hurried else self._sides)[_part(kind)]
            found = side.read([_id(kind, key) for key in keys], fields)
        if not found and _part(kind) == _PART:
            self._require()
        records = [_record(kind, doc) for doc in found.values()]
        return {record.key: record for record in records}

    def put(self, records: Sequence[Record]) -> None:
        """Keep records, each in place of the one of its kind and key."""
        if records:
            self._require()
        self._write([{"_op_type": "index", **document(record)} for record in records])

    def put_after(self, records: Sequence[Record], after: Mapping[str, Any]) -> dict[str, Record]:
        """Write records of a kind where nothing has changed since.

        Args:
            after: Key → the version that a record follows; of the others there is none.

        Returns:
            Key → the record with its version, of those where nobody else was faster.
        """
        by_id = {_id(record.kind, record.key): record for record in records}
        items = self._write(
            [document(record) | _condition(after.get(record.key)) for record in by_id.values()],
            passing=(CONFLICT,),
        )
        done = [item for item in items if item["status"] != CONFLICT]
        return {by_id[item["_id"]].key: _versioned(by_id[item["_id"]], item) for item in done}

    def remove(self, records: Sequence[Record]) -> None:
        """Take records out as they were read."""
        self._write(
            [
                {
                    "_op_type": "delete",
                    "_id": _id(record.kind, record.key),
                    "kind": record.kind,
                    **unchanged_since(record.version),
                }
                for record in records
            ],
            passing=(CONFLICT, GONE),
        )

    def scan(
        self, kind: str, *, prefix: str = "", term: str | None = None, only: Part | None = None
    ) -> Iterator[Record]:
        """Those whose key begins so and that have the term, as they are now, by ascending key."""
        conditions: list[Json] = [{"prefix": {"key": prefix}}] if prefix else []
        if term is not None:
            conditions.append({"term": {"terms": term}})
        for hit in self._search(kind, conditions, _FIELDS[only]):
            yield _record(kind, hit)

    def holders(
        self, kind: str, terms: Sequence[str], *, most: int | None = None
    ) -> dict[str, tuple[str, ...]]:
        """For each term that is known, the keys of up to ``most`` records that have it."""
        found: dict[str, list[str]] = defaultdict(list)
        unique = list(dict.fromkeys(terms))
        for start in range(0, len(unique), _CHUNK):
            # One search for all: of many terms few are known, and those by few records.
            asked = set(unique[start : start + _CHUNK])
            conditions = [{"terms": {"terms": list(asked)}}]
            for hit in self._search(kind, conditions, ["key", "terms"]):
                for term in asked.intersection(hit["_source"]["terms"]):
                    if most is None or len(found[term]) < most:
                        found[term].append(hit["_source"]["key"])
        return {term: tuple(found[term]) for term in unique if term in found}

    def count(self, kind: str, term: str | None = None) -> int:
        """How many there are, of those that have a term."""
        conditions = [{"term": {"terms": term}}] if term is not None else []
        with self._errors():
            side = self._sides[_part(kind)]
            side.refresh()
            return side.count([_of(kind), *conditions])

    def clear(self, kind: str) -> None:
        """Take out all of a kind."""
        if _part(kind) != _PART:
            with self._errors():
                self._sides[_part(kind)].drop()
            return
        self.remove([_record(kind, hit) for hit in self._search(kind, [], _FIELDS["key"])])

    def atomically(self) -> AbstractContextManager[object]:
        """In its order: a cluster knows no transactions."""
        return nullcontext()

    def _search(self, kind: str, conditions: Sequence[Json], fields: list[str]) -> Iterator[Json]:
        """Documents of a kind, also those that a process wrote that was killed since."""
        if _part(kind) == _PART:
            self._require()
        with self._errors():
            side = self._sides[_part(kind)]
            side.refresh()
            yield from side.scan([_of(kind), *conditions], source=fields, size=_CHUNK)

    def _write(self, actions: list[Json], *, passing: Sequence[int] = ()) -> list[Json]:
        """Carry out actions on records of one kind."""
        if not actions:
            return []
        kinds = {action.pop("kind") for action in actions}
        [part] = {_part(kind) for kind in kinds}
        with self._errors():
            return self._sides[part].write(actions, passing=passing)


def document(record: Record) -> Json:
    """The action that writes a record, with its kind."""
    source = {
        "key": record.key,
        "kind": record.kind,
        "terms": list(record.terms),
        "values": dict(record.values),
        "data": base64.b64encode(record.data).decode(),
    }
    return {"kind": record.kind, "_id": _id(record.kind, record.key), "_source": source}


def _record(kind: str, doc: Json) -> Record:
    source = doc["_source"]
    return Record(
        kind,
        source["key"],
        source.get("values") or {},
        base64.b64decode(source.get("data", "")),
        version=_version(doc),
    )


def _versioned(record: Record, item: Mapping[str, Any]) -> Record:
    return Record(record.kind, record.key, record.values, record.data, version=_version(item))


def _version(doc: Mapping[str, Any]) -> Json:
    return {name: doc[name] for name in ("_seq_no", "_primary_term")}


def _condition(version: Mapping[str, Any] | None) -> Json:
    return unchanged_since(version) if version else {"_op_type": "create"}


def _part(kind: str) -> str:
    return _PARTS.get(kind, _PART)


def _of(kind: str) -> Json:
    return {"term": {"kind": kind}}


def _id(kind: str, key: str) -> str:
    return hashlib.sha256(f"{kind}\0{key}".encode("utf-8", "surrogatepass")).hexdigest()
