"""Indices that belong to an archive: made, read, written and dropped in one place.

A name is no proof of ownership. Whatever is written to or deleted must say in its ``_meta`` that it
is a part of the archive.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from elasticsearch import BadRequestError, Elasticsearch, NotFoundError
from elasticsearch.helpers import streaming_bulk

from search.errors import StoreError, WriteError
from search.stores.elasticsearch.errors import BUSY, blocked, is_block, reason_of

META = "songngu"
"""The key of ``_meta`` under which an index says what it is."""

SEPARATOR = "~"
"""Between an archive's name and what one of its indices is for; no archive's name has it."""

BULK_RETRIES = 6
BULK_BACKOFF_S = 0.5
"""Before the first retry; doubled each time, so that half a minute is waited in all."""

GONE = 404
CONFLICT = 409

_BLOCKED = 403  # also for the moment in which one generation follows another
_LONGEST_BACKOFF_S = 20
_CHUNK_BYTES = 10_000_000
_CHUNK_ACTIONS = 500
_PAGE = 5_000
_MOST_IDS = 5_000
_KEEP_ALIVE = "10m"

SMALL: dict[str, Any] = {
    "number_of_shards": 1,
    # A single node could place no replica and would stay yellow.
    "auto_expand_replicas": "0-1",
}
"""Settings of indices that stay small."""

Json = dict[str, Any]


def part_of(archive: str, part: str) -> Json:
    """What an index says in its ``_meta`` to be a part of an archive."""
    return {"archive": archive, "part": part}


def says(mappings: Mapping[str, Any]) -> Json | None:
    """What an index says in its ``_meta`` that it is; None where that is nothing of ours."""
    found = (mappings.get("_meta") or {}).get(META)
    return found if isinstance(found, dict) else None


def check_ownership(client: Elasticsearch, index: str, archive: str, part: str) -> bool:
    """Whether an index exists; it is a part of the archive then.

    Raises:
        StoreError: It exists and is something else, or somebody else's.
    """
    try:
        found = client.indices.get_mapping(index=index).body
    except NotFoundError:
        return False
    for name, body in found.items():
        owned = part_of(archive, part).items() <= (says(body["mappings"]) or {}).items()
        if name != index or not owned:
            raise StoreError(
                f"The index {name} is not a part of the Songngu archive {archive}, which needs that"
                " name. It was left as it is: choose another name for the archive, or rename or"
                " delete that index yourself."
            )
    return True


def make_index(
    client: Elasticsearch, index: str, body: Mapping[str, Any], *, archive: str, part: str
) -> None:
    """Make an index of an archive where there is none.

    Raises:
        StoreError: Something else has that name.
    """
    if check_ownership(client, index, archive, part):
        return
    try:
        client.indices.create(index=index, **body)
    except BadRequestError as error:  # another process was faster
        if "resource_already_exists" not in str(error):
            raise
        check_ownership(client, index, archive, part)


def drop_index(client: Elasticsearch, index: str, *, archive: str, part: str) -> None:
    """Delete an index of an archive, if it is there.

    Raises:
        StoreError: What has that name is no part of the archive.
    """
    if check_ownership(client, index, archive, part):
        client.options(ignore_status=GONE).indices.delete(index=index)


def bulk(
    client: Elasticsearch,
    actions: Iterable[Json],
    *,
    index: str,
    location: str,
    require_alias: bool = False,
) -> Iterator[tuple[bool, str, Json]]:
    """Carry out actions; what is refused for load or by a passing block is tried again.

    Args:
        location: The archive, for messages.
        require_alias: Refuse to write where the index is no alias.

    Yields:
        For each action whether it was done, its operation, and what Elasticsearch says of it.

    Raises:
        StoreUnavailableError: The index takes no changes.
    """
    for done, outcome in streaming_bulk(
        client,
        actions,
        index=index,
        require_alias=require_alias,  # a missing archive must not come into being
        chunk_size=_CHUNK_ACTIONS,
        max_chunk_bytes=_CHUNK_BYTES,
        raise_on_error=False,
        raise_on_exception=True,
        max_retries=BULK_RETRIES,
        retry_on_status=(*BUSY, _BLOCKED),
        initial_backoff=BULK_BACKOFF_S,
        max_backoff=_LONGEST_BACKOFF_S,
    ):
        [(operation, item)] = outcome.items()
        if not done and is_block(item.get("error")):
            raise blocked(item.get("error"), location)
        yield done, operation, item


def change(
    client: Elasticsearch,
    actions: Iterable[Json],
    *,
    index: str,
    location: str,
    require_alias: bool = False,
    passing: Sequence[int] = (),
) -> list[Json]:
    """Carry out actions, all of which must succeed; what Elasticsearch says of each.

    Deleting what is not there is a success.

    Args:
        passing: Statuses that are no failures beside these.

    Raises:
        StoreUnavailableError: The index takes no changes.
        WriteError: Some actions were refused.
    """
    items, failures = [], []
    outcomes = bulk(client, actions, index=index, location=location, require_alias=require_alias)
    for done, operation, item in outcomes:
        status = item["status"]
        if done or status in passing or (operation == "delete" and status == GONE):
            items.append(item)
        else:
            failures.append((str(item["_id"]), reason_of(item)))
    if failures:
        raise WriteError(
            f"{len(failures)} changes to {index} at {location} were refused, so that what was asked"
            " for is not done, or only in part. Give the same command again when the cause is gone."
            f" The first: {failures[0][1]}",
            failures=failures,
        )
    return items


def scan(
    client: Elasticsearch,
    index: str,
    *,
    sort: Sequence[Mapping[str, Any]],
    size: int = _PAGE,
    consistent: bool = True,
    **search: Any,
) -> Iterator[Json]:
    """Hits of a search in the order of ``sort``, however many there are.

    Args:
        sort: The last key must differ from hit to hit.
        consistent: Whether all are of one moment; else what changes meanwhile may show.
        search: The other parts of the search, such as ``query``.
    """
    where: Json = {"index": index}
    if consistent:
        point = client.open_point_in_time(index=index, keep_alive=_KEEP_ALIVE)["id"]
        where = {"pit": {"id": point, "keep_alive": _KEEP_ALIVE}}
    after = None
    try:
        while True:
            page = client.search(
                **where,
                **search,
                size=size,
                sort=sort,
                search_after=after,
                track_total_hits=False,
            )
            hits = page["hits"]["hits"]
            yield from hits
            if len(hits) < size:
                return
            after = hits[-1]["sort"]
            if consistent:
                where["pit"]["id"] = page["pit_id"]
    finally:
        if consistent:
            client.close_point_in_time(id=where["pit"]["id"])


def field(hit: Mapping[str, Any], name: str) -> Any:
    """One value of a hit's ``docvalue_fields``; None where it has none."""
    values = hit.get("fields", {}).get(name)
    return values[0] if values else None


class SideIndex:
    """An index beside an archive's articles, in one shard.

    Args:
        client: With the timeouts of writing.
        archive: The archive's name.
        part: What the index is for; it is called ``<archive>~<part>``.
        properties: The mapping; each document has its key in the field ``key``.
        location: The archive, for messages.
    """

    def __init__(
        self,
        client: Elasticsearch,
        archive: str,
        part: str,
        properties: Mapping[str, Any],
        *,
        location: str,
    ) -> None:
        self.name = f"{archive}{SEPARATOR}{part}"
        self._client = client
        self._archive = archive
        self._part = part
        self._location = location
        self._body: Json = {
            "settings": SMALL,
            "mappings": {
                "dynamic": "strict",
                "_meta": {META: part_of(archive, part)},
                "properties": {"key": {"type": "keyword"}, **properties},
            },
        }

    def make(self) -> None:
        """Make it where there is none."""
        make_index(self._client, self.name, self._body, archive=self._archive, part=self._part)

    def drop(self) -> None:
        """Delete it, if it is there."""
        drop_index(self._client, self.name, archive=self._archive, part=self._part)

    def read(self, ids: Sequence[str], fields: Sequence[str] | None = None) -> dict[str, Json]:
        """Documents by ``_id``, as ``mget`` gives them: this sees what was written a moment ago."""
        unique = list(dict.fromkeys(ids))
        found: dict[str, Json] = {}
        for start in range(0, len(unique), _MOST_IDS):
            batch = unique[start : start + _MOST_IDS]
            try:
                answer = self._client.mget(index=self.name, ids=batch, source_includes=fields)
            except NotFoundError:
                return {}
            found |= {doc["_id"]: doc for doc in answer["docs"] if doc.get("found")}
        return found

    def write(self, actions: Sequence[Json], *, passing: Sequence[int] = ()) -> list[Json]:
        """Carry out bulk actions, all of which must succeed; see ``change``."""
        if not actions:
            return []
        self.make()
        return change(
            self._client, actions, index=self.name, location=self._location, passing=passing
        )

    def refresh(self) -> None:
        """Let searches see what was written."""
        self._client.options(ignore_status=GONE).indices.refresh(index=self.name)

    def count(self, conditions: Sequence[Mapping[str, Any]]) -> int:
        """How many documents satisfy all conditions, as of the last refresh."""
        query = {"bool": {"filter": list(conditions)}}
        answer = self._client.count(index=self.name, query=query, ignore_unavailable=True)
        return int(answer["count"])

    def scan(self, conditions: Sequence[Mapping[str, Any]], **search: Any) -> Iterator[Json]:
        """Documents that satisfy all conditions, as of the last refresh, by ascending key.

        Args:
            search: Further parts of the search, such as ``source``.
        """
        yield from scan(
            self._client,
            self.name,
            query={"bool": {"filter": list(conditions)}},
            sort=[{"key": "asc"}],
            consistent=False,
            seq_no_primary_term=True,
            ignore_unavailable=True,
            **search,
        )


def unchanged_since(version: Mapping[str, Any]) -> Json:
    """The condition that a document is still as it was read, or written."""
    return {"if_seq_no": version["_seq_no"], "if_primary_term": version["_primary_term"]}


class WithVectors:
    """Says what to ask a server for to get documents, or some of their fields, with vectors.

    From 9.2 on they are left out of ``_source`` unless they are asked for.
    """

    def __init__(self, client: Elasticsearch) -> None:
        self._client = client
        self._left_out: bool | None = None

    def __call__(self, fields: Sequence[str] = ("*",)) -> Json:
        """What to give as ``source``."""
        if self._left_out is None:
            version = self._client.info()["version"]["number"].split(".")
            self._left_out = tuple(map(int, version[:2])) >= (9, 2)
        asked: Json = {"includes": list(fields)}
        return asked | ({"exclude_vectors": False} if self._left_out else {})
