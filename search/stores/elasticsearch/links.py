"""Link records of the Elasticsearch store: an index of its own, ``<name>~links``.

Not fields of the articles: any edit of an article with nested passages writes all its vectors anew.
"""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from typing import Any

import elasticsearch
import numpy as np
from elasticsearch import Elasticsearch

from search.encoders.base import FloatArray
from search.errors import StoreError
from search.stores.elasticsearch.bodies import document_id
from search.stores.elasticsearch.indices import Json, SideIndex, WithVectors, scan
from search.stores.links import Link, LinkCounts, LinkRecord, VectorBlock

_PAGE = 1000
_LONG_PAGE = 5000
_LINK_FIELDS = ["id", "counterpart", "group", "place", "copies"]

_KEYWORD = {"type": "keyword"}
_PROPERTIES: Json = {
    **dict.fromkeys(("id", "lang", "model", "group", "counterpart"), _KEYWORD),
    **{name: {"type": "long"} for name in ("keys", "place", "copies")},
    "matched": {"type": "boolean"},
    "has_vector": {"type": "boolean"},
    **{name: {"type": "keyword", "index": False, "doc_values": False} for name in ("hash", "date")},
    **{name: {"type": "double", "index": False, "doc_values": False} for name in ("near", "score")},
    "vector": {"type": "binary"},
}


class ElasticsearchLinks:
    """Link records beside an archive's index; see ``search.stores.links.LinkStore``.

    The index comes into being with the first record.

    Args:
        searching, writing: Clients with the timeouts of either.
        archive: The archive's name.
        articles: The index of its articles, or the alias.
        location: The archive, for messages.
        with_vectors: Asks for an article's vectors.
        errors: Turns the client's errors into ours.
    """

    def __init__(
        self,
        searching: Elasticsearch,
        writing: Elasticsearch,
        *,
        archive: str,
        articles: str,
        location: str,
        with_vectors: WithVectors,
        errors: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._searching = searching
        self._writing = writing
        self._articles_index = articles
        self._index = SideIndex(writing, archive, "links", _PROPERTIES, location=location)
        self._read_only = SideIndex(searching, archive, "links", _PROPERTIES, location=location)
        self._with_vectors = with_vectors
        self._errors = errors

    def links(self, ids: Sequence[str]) -> dict[str, Link]:
        """What is known of those of the ids that were linked, in one round trip."""
        try:
            with self._errors():
                found = self._read_only.read(map(document_id, ids), _LINK_FIELDS).values()
        except StoreError as error:
            if isinstance(error.__cause__, elasticsearch.AuthorizationException):
                # Whoever may read the articles and not what links them still searches.
                return {}
            raise
        sources = [doc["_source"] for doc in found]
        return {
            s["id"]: Link(s.get("counterpart"), s["group"], s["place"], s["copies"])
            for s in sources
        }

    def records(self, ids: Sequence[str]) -> dict[str, LinkRecord]:
        """The records of those of the ids that have one."""
        with self._errors():
            found = self._read_only.read(map(document_id, ids))
        return {doc["_source"]["id"]: _record(doc["_source"]) for doc in found.values()}

    def put(self, records: Sequence[LinkRecord]) -> None:
        """Keep records, each in place of the one of the same id.

        Raises:
            WriteError: Some were refused.
            StoreUnavailableError: The index takes no changes.
        """
        self._write(
            [
                {"_op_type": "index", "_id": document_id(record.id), "_source": _document(record)}
                for record in records
            ]
        )

    def remove(self, ids: Sequence[str]) -> None:
        """Take records out as they are."""
        self._write([{"_op_type": "delete", "_id": key} for key in map(document_id, set(ids))])

    def members(self, groups: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """The ids in each of the groups, by ascending place."""
        found: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for source in self._with_terms("group", groups, ["id", "group", "place"]):
            found[source["group"]].append((source["place"], source["id"]))
        return {group: tuple(id_ for _, id_ in sorted(rows)) for group, rows in found.items()}

    def partners(self, ids: Sequence[str]) -> tuple[str, ...]:
        """Ids of the records whose counterpart is one of the ids."""
        return tuple(source["id"] for source in self._with_terms("counterpart", ids, ["id"]))

    def sharing(self, keys: Sequence[int], *, most: int) -> dict[int, tuple[str, ...]]:
        """For each key that is known, the ids of up to ``most`` records that have it."""
        wanted = list(dict.fromkeys(keys))
        found: dict[int, tuple[str, ...]] = {}
        for start in range(0, len(wanted), _PAGE):
            batch = wanted[start : start + _PAGE]
            # One search for all: of a batch's keys few are known, and those by few articles.
            holders: dict[int, list[str]] = defaultdict(list)
            for source in self._with_terms("keys", batch, ["id", "keys"]):
                for key in source["keys"]:
                    if len(holders[key]) < most:
                        holders[key].append(source["id"])
            found |= {key: tuple(holders[key]) for key in batch if holders.get(key)}
        return found

    def vectors(self, lang: str, *, model: str, unmatched: bool = False) -> Iterator[VectorBlock]:
        """Vectors by one model of all that stand for a group, streamed by ascending id."""
        conditions: list[dict[str, Any]] = [
            {"term": {"lang": lang}},
            {"term": {"model": model}},
            {"term": {"place": 0}},
            {"term": {"has_vector": True}},
        ]
        if unmatched:
            conditions.append({"term": {"matched": False}})
        hits = self._scan(conditions, ["id", "vector", "near"], size=_PAGE)
        while sources := list(islice(hits, _PAGE)):
            yield VectorBlock(
                ids=tuple(source["id"] for source in sources),
                vectors=np.stack([_floats(source["vector"]) for source in sources]),
                near=np.array([source["near"] for source in sources], np.float32),
            )

    def lead_vectors(self, ids: Sequence[str]) -> dict[str, FloatArray]:
        """The archive's own vector of the first passage of those articles that have one."""
        found = {}
        with self._errors():
            source = self._with_vectors(["id", "passages.position", "passages.vector"])
            for start in range(0, len(ids), _PAGE // 5):
                batch = [document_id(id_) for id_ in ids[start : start + _PAGE // 5]]
                answer = self._writing.search(
                    index=self._articles_index,
                    query={"ids": {"values": batch}},
                    size=len(batch),
                    source=source,
                )
                for hit in answer["hits"]["hits"]:
                    for passage in hit["_source"].get("passages", ()):
                        if passage["position"] == 0:
                            vector = np.array(passage["vector"], np.float32)
                            found[hit["_source"]["id"]] = vector
        return found

    def pending(self, model: str) -> list[str]:
        """Ids of articles without a record of their present content by this model, ascending."""
        made = {
            source["id"]: source["hash"]
            for source in self._scan([{"term": {"model": model}}], ["id", "hash"])
        }
        return [
            source["id"]
            for source in self._articles(["id", "hash"])
            if made.get(source["id"]) != source["hash"]
        ]

    def orphans(self) -> list[str]:
        """Ids of records whose article is gone."""
        linked = [source["id"] for source in self._scan([], ["id"])]
        there = {source["id"] for source in self._articles(["id"])} if linked else set()
        return [id_ for id_ in linked if id_ not in there]

    def counts(self) -> LinkCounts:
        """Count what is kept."""
        first = {"term": {"place": 0}}
        wanted: dict[str, dict[str, Any]] = {
            "paired": {
                "filter": {"bool": {"filter": [first, {"exists": {"field": "counterpart"}}]}}
            },
            "groups": {"filter": {"bool": {"filter": [first, {"range": {"copies": {"gt": 0}}}]}}},
            "copies": {"filter": {"range": {"place": {"gt": 0}}}},
            "unmatched": {"filter": {"bool": {"filter": [first, {"term": {"matched": False}}]}}},
        }
        with self._errors():
            answer = self._searching.search(
                index=self._index.name,
                size=0,
                track_total_hits=True,
                aggs=wanted,
                ignore_unavailable=True,
            )
        if "aggregations" not in answer:
            return LinkCounts()
        values = {name: answer["aggregations"][name]["doc_count"] for name in wanted}
        return LinkCounts(
            linked=answer["hits"]["total"]["value"],
            counterparts=values["paired"] // 2,
            groups=values["groups"],
            copies=values["copies"],
            unmatched=values["unmatched"],
        )

    def clear(self) -> None:
        """Take every record out."""
        with self._errors():
            self._index.drop()

    def _with_terms(
        self, field: str, values: Sequence[Any], wanted: list[str]
    ) -> Iterator[dict[str, Any]]:
        values = list(dict.fromkeys(values))
        for start in range(0, len(values), _PAGE):
            yield from self._scan([{"terms": {field: values[start : start + _PAGE]}}], wanted)

    def _scan(
        self, conditions: Sequence[Json], wanted: list[str], **options: Any
    ) -> Iterator[Json]:
        """Records that satisfy all conditions, by ascending id, as they are now."""
        with self._errors():
            self._index.refresh()  # of what a process has put that was killed before it did this
            hits = self._index.scan(
                conditions, sort=[{"id": "asc"}], source={"includes": wanted}, **options
            )
            for hit in hits:
                yield hit["_source"]

    def _articles(self, wanted: list[str]) -> Iterator[Json]:
        """Fields of all articles, by ascending id."""
        with self._errors():
            hits = scan(
                self._writing,
                self._articles_index,
                sort=[{"id": "asc"}],
                source={"includes": wanted},
            )
            for hit in hits:
                yield hit["_source"]

    def _write(self, actions: list[Json]) -> None:
        """Write, and make it seen: what follows reads it by searching."""
        if actions:
            with self._errors():
                self._index.write(actions)
                self._index.refresh()


def _document(record: LinkRecord) -> dict[str, Any]:
    return {
        "key": document_id(record.id),
        "id": record.id,
        "lang": record.lang,
        "hash": record.hash,
        "model": record.model,
        "date": record.date,
        "keys": sorted(set(record.keys)),
        "vector": base64.b64encode(record.vector.astype("<f2").tobytes()).decode(),
        "has_vector": len(record.vector) > 0,
        "near": record.near,
        "group": record.group,
        "place": record.place,
        "copies": record.copies,
        "matched": record.matched,
        "counterpart": record.counterpart,
        "score": record.score,
    }


def _record(source: dict[str, Any]) -> LinkRecord:
    return LinkRecord(
        id=source["id"],
        lang=source["lang"],
        hash=source["hash"],
        model=source["model"],
        date=source["date"],
        keys=tuple(source["keys"]),
        vector=_floats(source["vector"]),
        near=source["near"],
        group=source["group"],
        place=source["place"],
        copies=source["copies"],
        matched=source["matched"],
        counterpart=source["counterpart"],
        score=source["score"],
    )


def _floats(encoded: str) -> FloatArray:
    return np.frombuffer(base64.b64decode(encoded), "<f2").astype(np.float32)
