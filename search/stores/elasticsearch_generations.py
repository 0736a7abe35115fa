"""Generations of an Elasticsearch archive: an index behind an alias, followed by another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

from elasticsearch import Elasticsearch
from elasticsearch.helpers import streaming_bulk

from search.errors import StoreError
from search.stores import elasticsearch_bodies as bodies
from search.stores.base import ArchiveProfile, Kept
from search.stores.elasticsearch_pages import field, scan

if TYPE_CHECKING:
    from search.stores.elasticsearch import ElasticsearchStore

_BATCH = 200


def migrate(client: Elasticsearch, index: str, profile: ArchiveProfile, *, source: Any) -> None:
    """Bring the documents of an older format up to date; nothing is embedded again.

    Interrupted, it begins anew the next time: what is written twice stays the same.

    Args:
        source: What to ask for to get documents with their vectors.
    """
    body = bodies.index_body(profile)["mappings"]
    properties = {
        name: mapping
        for name, mapping in body["properties"].items()
        if name in bodies.ADDED_FIELDS or name == bodies.made_field(profile)
    }
    client.indices.put_mapping(index=index, properties=properties)
    hits = scan(client, index, sort=[{"id": "asc"}], size=_BATCH, source=source)
    entries = (bodies.entry_of(hit["_source"], profile) for hit in hits)
    actions = (
        {"_id": bodies.document_id(e.article.id), "_source": bodies.document(e, profile)}
        for e in entries
    )
    failed = sum(
        not done
        for done, _ in streaming_bulk(
            client, actions, index=index, chunk_size=_BATCH, raise_on_error=False, max_retries=6
        )
    )
    if failed:
        raise StoreError(
            f"{failed} articles of {index} could not be brought up to date; they are as they"
            " were. Check the cluster's disk and health, then run the same command again."
        )
    client.indices.put_mapping(index=index, meta=body["_meta"])


def following(name: str, index: str) -> str:
    """What the generation after an index of an archive is called."""
    number = index.removeprefix(f"{name}-")
    return f"{name}-{int(number) + 1 if number.isdigit() else 1:06}"


def begin(
    client: Elasticsearch, old: str, new: str, profile: ArchiveProfile, *, fresh: bool
) -> None:
    """An index to fill: the one that an interrupted run has begun, or an empty one."""
    _unblock(client, old)  # a run may have been killed at its very last step
    settings = client.indices.get_settings(index=old)[old]["settings"]
    body = bodies.index_body(profile, of=settings["index"]["uuid"])
    if not fresh and client.indices.exists(index=new):
        mappings = client.indices.get_mapping(index=new)[new]["mappings"]
        if mappings.get("_meta") == body["mappings"]["_meta"]:
            return
    client.options(ignore_status=404).indices.delete(index=new)
    client.indices.create(index=new, **body)


def swap(
    client: Elasticsearch,
    generation: ElasticsearchStore,
    profile: ArchiveProfile,
    *,
    name: str,
    old: str,
    new: str,
) -> None:
    """Let a filled index take the place of the old one, with what came there meanwhile."""
    with _blocked(client, old):
        client.indices.refresh(index=[old, new])
        now, made = (_hashes(client, index) for index in (old, new))
        generation.delete([id_ for id_, hash_ in made.items() if now.get(id_) != hash_])
        missing = iter([id_ for id_, hash_ in now.items() if made.get(id_) != hash_])
        while batch := list(islice(missing, _BATCH)):
            sources = _sources(client, old, batch)
            report = generation.upsert([bodies.without_passages(s, profile) for s in sources])
            if report.failures:
                raise StoreError(
                    f"{len(report.failures)} articles could not be carried over; the archive is"
                    f" unchanged. The first: {report.failures[0][0]}: {report.failures[0][1]}"
                )
        generation.flush()
        client.indices.update_aliases(
            actions=[
                {"add": {"index": new, "alias": name}},
                {"remove_index": {"index": old}},
            ]
        )


def listing(client: Elasticsearch, index: str) -> Iterator[Kept]:
    """Everything in an index, in short, by ascending id."""
    fields = ["id", "hash", "shallow"]
    for hit in scan(client, index, sort=[{"id": "asc"}], source=False, docvalue_fields=fields):
        yield Kept(field(hit, "id"), field(hit, "hash"), bool(field(hit, "shallow")))


def _hashes(client: Elasticsearch, index: str) -> dict[str, str]:
    return {kept.id: kept.hash for kept in listing(client, index)}


def _sources(client: Elasticsearch, index: str, ids: list[str]) -> list[dict[str, Any]]:
    found = client.mget(
        index=index, ids=[bodies.document_id(id_) for id_ in ids], source_excludes=["passages"]
    )
    return [doc["_source"] for doc in found["docs"] if doc.get("found")]


@contextmanager
def _blocked(client: Elasticsearch, index: str) -> Iterator[None]:
    """No writes to an index within the block, also of those under way; writers try again later."""
    client.indices.add_block(index=index, block="write")
    try:
        yield
    except BaseException:
        _unblock(client, index)
        raise


def _unblock(client: Elasticsearch, index: str) -> None:
    client.indices.put_settings(index=index, settings={"index.blocks.write": None})
