"""Link records of the Elasticsearch store: an index of its own, ``<name>-links``.

Not fields of the articles: any edit of an article with nested passages writes all its vectors anew.
"""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

import elasticsearch
import numpy as np
from elasticsearch import Elasticsearch
from elasticsearch.helpers import streaming_bulk

from search.encoders.base import FloatArray
from search.errors import WriteError
from search.stores.elasticsearch_bodies import document_id
from search.stores.elasticsearch_indices import WithVectors, make_index
from search.stores.links import Link, LinkCounts, LinkRecord, VectorBlock

_PAGE = 1000
_LONG_PAGE = 5000
_MOST_IDS = 10_000
_BUSY = (429, 502, 503, 504)
_LINK_FIELDS = ["id", "counterpart", "group", "place", "copies"]

_KEYWORD = {"type": "keyword"}
_BODY: dict[str, Any] = {
    "settings": {"number_of_shards": 1, "auto_expand_replicas": "0-1", "refresh_interval": "-1"},
    "mappings": {
        "dynamic": "strict",
        "properties": {
            **dict.fromkeys(("id", "lang", "model", "group", "counterpart"), _KEYWORD),
            **{name: {"type": "long"} for name in ("keys", "place", "copies")},
            "matched": {"type": "boolean"},
            "has_vector": {"type": "boolean"},
            **{
                name: {"type": "keyword", "index": False, "doc_values": False}
                for name in ("hash", "date")
            },
            **{
                name: {"type": "double", "index": False, "doc_values": False}
                for name in ("near", "score")
            },
            "vector": {"type": "binary"},
        },
    },
}


class ElasticsearchLinks:
    """Link records beside an archive's index; see ``search.stores.links.LinkStore``.

    The index comes into being with the first record.

    Args:
        searching, writing: Clients with the timeouts of either.
        archive: The archive's index or alias.
        name: The index of the records.
        with_vectors: Asks for an article's vectors.
        errors: Turns the client's errors into ours.
    """

    def __init__(
        self,
        searching: Elasticsearch,
        writing: Elasticsearch,
        *,
        archive: str,
        name: str,
        with_vectors: WithVectors,
        errors: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._searching = searching
        self._writing = writing
        self._archive = archive
        self._name = name
        self._with_vectors = with_vectors
        self._errors = errors

    def links(self, ids: Sequence[str]) -> dict[str, Link]:
        """What is known of those of the ids that were linked, in one round trip."""
        return {
            source["id"]: Link(
                source.get("counterpart"), source["group"], source["place"], source["copies"]
            )
            for source in self._get(ids, _LINK_FIELDS)
        }

    def records(self, ids: Sequence[str]) -> dict[str, LinkRecord]:
        """The records of those of the ids that have one."""
        return {source["id"]: _record(source) for source in self._get(ids, None)}

    def put(self, records: Sequence[LinkRecord]) -> None:
        """Keep records, each in place of the one of the same id.

        Raises:
            WriteError: Some were refused.
        """
        if not records:
            return
        with self._errors():
            make_index(self._writing, self._name, _BODY)
        self._bulk(
            {"_op_type": "index", "_id": document_id(record.id), "_source": _document(record)}
            for record in records
        )

    def remove(self, ids: Sequence[str]) -> None:
        """Take records out as they are."""
        if ids and self._exists():
            self._bulk(
                {"_op_type": "delete", "_id": document_id(id_)} for id_ in dict.fromkeys(ids)
            )

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
        query = {"bool": {"filter": conditions}}
        for sources in self._pages(self._name, query, ["id", "vector", "near"], _PAGE):
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
                    index=self._archive,
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
        made: dict[str, str] = {}
        for sources in self._pages(
            self._name, {"match_all": {}}, ["id", "hash", "model"], _LONG_PAGE
        ):
            made |= {s["id"]: s["hash"] for s in sources if s["model"] == model}
        return [
            source["id"]
            for sources in self._pages(
                self._archive, {"match_all": {}}, ["id", "hash"], _LONG_PAGE, optional=False
            )
            for source in sources
            if made.get(source["id"]) != source["hash"]
        ]

    def orphans(self) -> list[str]:
        """Ids of records whose article is gone."""
        linked = [
            source["id"]
            for sources in self._pages(self._name, {"match_all": {}}, ["id"], _LONG_PAGE)
            for source in sources
        ]
        if not linked:
            return []
        there = {
            source["id"]
            for sources in self._pages(
                self._archive, {"match_all": {}}, ["id"], _LONG_PAGE, optional=False
            )
            for source in sources
        }
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
                index=self._name,
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
            self._writing.options(ignore_status=404).indices.delete(index=self._name)

    def _exists(self) -> bool:
        with self._errors():
            return bool(self._searching.indices.exists(index=self._name))

    def _get(self, ids: Sequence[str], fields: list[str] | None) -> list[dict[str, Any]]:
        wanted = [document_id(id_) for id_ in dict.fromkeys(ids)]
        found: list[dict[str, Any]] = []
        with self._errors():
            for start in range(0, len(wanted), _MOST_IDS):
                try:
                    answer = self._searching.mget(
                        index=self._name,
                        ids=wanted[start : start + _MOST_IDS],
                        source_includes=fields,
                    )
                except elasticsearch.NotFoundError:
                    return []
                except elasticsearch.AuthorizationException:
                    if fields is None:
                        raise
                    # Whoever may read the articles and not what links them still searches.
                    return []
                # A missing index is told for each document.
                found += [doc["_source"] for doc in answer["docs"] if doc.get("found")]
        return found

    def _with_terms(
        self, field: str, values: Sequence[Any], wanted: list[str]
    ) -> Iterator[dict[str, Any]]:
        values = list(dict.fromkeys(values))
        for start in range(0, len(values), _PAGE):
            query = {"terms": {field: values[start : start + _PAGE]}}
            for sources in self._pages(self._name, query, wanted, _LONG_PAGE):
                yield from sources

    def _pages(
        self,
        index: str,
        query: dict[str, Any],
        wanted: list[str],
        size: int,
        *,
        optional: bool = True,
    ) -> Iterator[list[dict[str, Any]]]:
        """Sources of all that match, by ascending id; none where an optional index is missing."""
        after = None
        while True:
            with self._errors():
                answer = self._writing.search(
                    index=index,
                    query=query,
                    size=size,
                    sort=[{"id": "asc"}],
                    search_after=after,
                    track_total_hits=False,
                    source_includes=wanted,
                    ignore_unavailable=optional,
                )
            hits = answer["hits"]["hits"]
            if hits:
                yield [hit["_source"] for hit in hits]
            if len(hits) < size:
                return
            after = hits[-1]["sort"]

    def _bulk(self, actions: Iterator[dict[str, Any]]) -> None:
        """Write, and make it seen: what follows reads it by searching."""
        failures = []
        with self._errors():
            for done, item in streaming_bulk(
                self._writing,
                actions,
                index=self._name,
                raise_on_error=False,
                max_retries=6,
                retry_on_status=_BUSY,
                initial_backoff=0.5,
                max_backoff=20,
            ):
                [result] = item.values()
                if not done and result.get("status") != 404:  # deleting what is not there is fine
                    failures.append((str(result["_id"]), str(result.get("error"))))
            self._writing.indices.refresh(index=self._name)
        if failures:
            raise WriteError(
                f"{len(failures)} link records were refused by Elasticsearch; the first:"
                f" {failures[0][1][:300]}. Run songngu link again.",
                failures=failures,
            )


def _document(record: LinkRecord) -> dict[str, Any]:
    return {
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
