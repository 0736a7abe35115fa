"""What an Elasticsearch archive remembers about its articles, in a small index beside it.

Who brought them, and what was taken down: facts that change without the article, which would have
to be written again with all its vectors if they stood in its document.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

from elasticsearch import Elasticsearch, NotFoundError
from elasticsearch.helpers import streaming_bulk

from search.errors import StoreError
from search.stores.base import Tombstone
from search.stores.elasticsearch_errors import reason_of
from search.stores.elasticsearch_indices import make_index
from search.stores.elasticsearch_pages import field, scan

_CHUNK = 1_000
_KEYWORD = {"type": "keyword"}
_BODY: dict[str, Any] = {
    "settings": {"number_of_shards": 1, "auto_expand_replicas": "0-1"},
    "mappings": {
        "dynamic": "strict",
        "properties": {
            "kind": _KEYWORD,  # "origin" or "tombstone"
            "key": _KEYWORD,  # differs from document to document
            "article": _KEYWORD,
            "origin": _KEYWORD,
            "name": _KEYWORD,
            "names": _KEYWORD,
            "reason": {"type": "keyword", "index": False, "doc_values": False},
            "at": _KEYWORD,
        },
    },
}


class Ledger:
    """The index beside an archive. It comes into being when there is something to note."""

    def __init__(self, client: Elasticsearch, index: str) -> None:
        self._client = client
        self._index = index

    def bring(self, ids: Sequence[str], origin: str) -> None:
        """Note that a source holds articles."""
        make_index(self._client, self._index, _BODY)
        keys = {_key("origin", id_, origin): id_ for id_ in ids}
        known = self._known(list(keys))
        self._write(
            [
                {
                    "_id": key,
                    "_source": {"kind": "origin", "key": key, "article": id_, "origin": origin},
                }
                for key, id_ in keys.items()
                if key not in known
            ]
        )

    def brought(self, origin: str) -> list[str]:
        """Ids of articles that a source has brought, also of those that are gone."""
        hits = self._scan([{"term": {"kind": "origin"}}, _under(origin)], ["article"])
        return sorted({field(hit, "article") for hit in hits})

    def origins(self, ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """The sources of articles, ascending."""
        found: dict[str, list[str]] = {}
        for chunk in _chunks(ids):
            for hit in self._scan([{"terms": {"article": chunk}}], ["article", "origin"]):
                found.setdefault(field(hit, "article"), []).append(field(hit, "origin"))
        return {id_: tuple(sorted(values)) for id_, values in found.items()}

    def withdraw(self, ids: Sequence[str], origin: str) -> None:
        """Note that a source no longer holds articles."""
        for chunk in _chunks(ids):
            self._forget([{"terms": {"article": chunk}}, _under(origin)])

    def forget(self, ids: Sequence[str]) -> None:
        """Articles are gone: nobody brings them any more."""
        for chunk in _chunks(ids):
            self._forget([{"terms": {"article": chunk}}])

    def set(self, stones: Sequence[Tombstone]) -> None:
        """Set tombstones."""
        make_index(self._client, self._index, _BODY)
        actions = []
        for stone in stones:
            values = {"names": list(stone.names), "reason": stone.reason, "at": stone.at}
            for name in stone.names:
                key = _key("tombstone", name)
                source = {"kind": "tombstone", "key": key, "name": name, **values}
                actions.append({"_op_type": "index", "_id": key, "_source": source})
        self._write(actions)

    def lift(self, names: Sequence[str]) -> int:
        """Take tombstones away, with all their names; how many."""
        found = set(self.tombstones(names).values())
        keys = [_key("tombstone", name) for stone in found for name in stone.names]
        self._write([{"_op_type": "delete", "_id": key} for key in keys])
        return len(found)

    def tombstones(self, names: Sequence[str] | None = None) -> dict[str, Tombstone]:
        """Name → its tombstone, as of now; None: all of them, oldest first."""
        if names is None:
            options = {"sort": [{"at": "asc"}, {"name": "asc"}, {"key": "asc"}], "source": True}
            hits = self._scan([{"term": {"kind": "tombstone"}}], [], **options)
            return {hit["_source"]["name"]: _stone(hit["_source"]) for hit in hits}
        found = {}
        for chunk in _chunks(list(dict.fromkeys(names))):
            sources = self._known([_key("tombstone", name) for name in chunk]).values()
            found.update({source["name"]: _stone(source) for source in sources})
        return found

    def drop(self) -> None:
        """Delete all of it."""
        self._client.options(ignore_status=404).indices.delete(index=self._index)

    def _known(self, keys: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Documents by key. Unlike a search, this sees what was written a moment ago."""
        if not keys:
            return {}
        try:
            found = self._client.mget(index=self._index, ids=list(keys))
        except NotFoundError:
            return {}
        return {doc["_id"]: doc["_source"] for doc in found["docs"] if doc.get("found")}

    def _write(self, actions: Sequence[dict[str, Any]]) -> None:
        outcomes = streaming_bulk(
            self._client, actions, index=self._index, raise_on_error=False, max_retries=6
        )
        items = [item for done, outcome in outcomes if not done for item in outcome.values()]
        refused = [item for item in items if item["status"] != 404]  # a note that is gone already
        if refused:
            raise StoreError(
                f"Elasticsearch refused {len(refused)} notes about articles; try again."
                f" The first: {reason_of(refused[0])}"
            )

    def _forget(self, conditions: Sequence[dict[str, Any]]) -> None:
        hits = self._scan([{"term": {"kind": "origin"}}, *conditions], [])
        self._write([{"_op_type": "delete", "_id": hit["_id"]} for hit in list(hits)])

    def _scan(
        self, conditions: Sequence[dict[str, Any]], fields: Sequence[str], **options: Any
    ) -> Iterator[dict[str, Any]]:
        """What is there now: refreshed first."""
        try:
            self._client.indices.refresh(index=self._index)
        except NotFoundError:
            return
        options = {"sort": [{"key": "asc"}], "source": False, **options}
        query = {"bool": {"filter": list(conditions)}}
        yield from scan(
            self._client, self._index, query=query, docvalue_fields=list(fields), **options
        )


def _key(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _under(origin: str) -> dict[str, Any]:
    below = {"prefix": {"origin": f"{origin}/"}}
    return {"bool": {"should": [{"term": {"origin": origin}}, below]}}


def _stone(source: dict[str, Any]) -> Tombstone:
    return Tombstone(tuple(source["names"]), source["reason"], source["at"])


def _chunks(values: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(values), _CHUNK):
        yield list(values[start : start + _CHUNK])
