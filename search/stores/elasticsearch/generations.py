"""Generations of an Elasticsearch archive: an index behind an alias, followed by another."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

from elasticsearch import Elasticsearch

from search.errors import StoreError
from search.stores.base import ArchiveProfile, Kept
from search.stores.elasticsearch import bodies
from search.stores.elasticsearch.indices import (
    SEPARATOR,
    Json,
    check_ownership,
    drop_index,
    field,
    part_of,
    says,
    scan,
)

if TYPE_CHECKING:
    from search.stores.elasticsearch.store import ElasticsearchStore

FIRST = 1
_BATCH = 200


def generation_name(archive: str, number: int, suffix: str = "") -> str:
    """What an index of articles is called."""
    return f"{archive}{SEPARATOR}{number:06}{suffix}"


def begin(
    client: Elasticsearch, archive: str, old: str, profile: ArchiveProfile, *, fresh: bool
) -> str:
    """An index to fill: the one that an interrupted run has begun, or an empty one; its name.

    Whoever calls this holds the archive's lease. What other runs have begun and not ended goes.

    Args:
        old: The index that it is to replace.
    """
    _unblock(client, old)  # a run may have been killed at its very last step
    of = _uuid(client, old)
    body = bodies.index_body(profile, archive=archive, of=of)
    wanted = body["mappings"]["_meta"]
    found = None
    for index in unfinished(client, archive, old):
        meta = client.indices.get_mapping(index=index)[index]["mappings"].get("_meta")
        if meta == wanted and not fresh and found is None:
            found = index
        else:
            drop_index(client, index, archive=archive, part=bodies.ARTICLES)
    if found is not None:
        return found
    number = old.removeprefix(f"{archive}{SEPARATOR}")[:6]
    # No two runs share a name: what a run has filled is what it swaps in, or nothing is.
    suffix = f"-{uuid.uuid4().hex[:8]}"
    new = generation_name(archive, int(number) + 1 if number.isdigit() else FIRST, suffix)
    client.indices.create(index=new, **body)
    return new


def unfinished(client: Elasticsearch, archive: str, old: str) -> list[str]:
    """Indices of articles of an archive that no alias leads to, other than the one it has."""
    found = client.indices.get(
        index=f"{archive}{SEPARATOR}*", features=["aliases", "mappings"], allow_no_indices=True
    ).body
    return [
        name
        for name, body in found.items()
        if name != old
        and not body["aliases"]
        and part_of(archive, bodies.ARTICLES).items() <= (says(body["mappings"]) or {}).items()
    ]


def swap(
    client: Elasticsearch,
    generation: ElasticsearchStore,
    profile: ArchiveProfile,
    *,
    archive: str,
    old: str,
    new: str,
    check: Callable[[], None],
) -> None:
    """Let a filled index take the place of the old one, with what came there meanwhile.

    Args:
        check: Raises where this process may not go on: the lease is somebody else's by now.
    """
    filled = _uuid(client, new)
    with _blocked(client, old, check):
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
        check()
        count = client.count(index=new)["count"]
        if count != len(now) or _uuid(client, new) != filled:
            raise StoreError(
                f"The new index {new} holds {count} articles and should hold {len(now)}: somebody"
                " else has changed it. The archive is unchanged; give the command again."
            )
        for index in (old, new):
            check_ownership(client, index, archive, bodies.ARTICLES)
        # All or nothing: fails where the old one is gone, as another has taken its place then.
        client.indices.update_aliases(
            actions=[
                {"add": {"index": new, "alias": archive}},
                {"remove_index": {"index": old}},
            ]
        )


def listing(
    client: Elasticsearch, index: str, query: Mapping[str, Any] | None = None
) -> Iterator[Kept]:
    """Everything in an index, or what a query finds, in short, by ascending id."""
    fields = ["id", "hash", "shallow", "day"]
    hits = scan(
        client, index, query=query, sort=[{"id": "asc"}], source=False, docvalue_fields=fields
    )
    for hit in hits:
        yield Kept(
            field(hit, "id"), field(hit, "hash"), bool(field(hit, "shallow")), field(hit, "day")
        )


def _uuid(client: Elasticsearch, index: str) -> str:
    """What tells an index from another that has the same name at another time."""
    settings = client.indices.get_settings(index=index)[index]["settings"]
    return str(settings["index"]["uuid"])


def _hashes(client: Elasticsearch, index: str) -> dict[str, str]:
    return {kept.id: kept.hash for kept in listing(client, index)}


def _sources(client: Elasticsearch, index: str, ids: list[str]) -> list[Json]:
    found = client.mget(
        index=index, ids=[bodies.document_id(id_) for id_ in ids], source_excludes=["passages"]
    )
    return [doc["_source"] for doc in found["docs"] if doc.get("found")]


@contextmanager
def _blocked(client: Elasticsearch, index: str, check: Callable[[], None]) -> Iterator[None]:
    """No writes to an index within the block, also of those under way; writers try again later."""
    check()
    client.indices.add_block(index=index, block="write")
    try:
        yield
    except BaseException:
        check()  # whoever holds the lease by now may have blocked it for themselves
        _unblock(client, index)
        raise


def _unblock(client: Elasticsearch, index: str) -> None:
    client.indices.put_settings(index=index, settings={"index.blocks.write": None})
