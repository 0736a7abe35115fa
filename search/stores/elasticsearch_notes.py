"""Notes beside an archive in Elasticsearch: a small index of one document for each."""

from __future__ import annotations

import base64
from typing import Any

import elasticsearch
from elasticsearch import Elasticsearch

from search.stores.elasticsearch_indices import make_index

SUFFIX = "-notes"
"""No archive's name ends so: ``<name>-notes`` holds the notes of ``<name>``."""

_BODY: dict[str, Any] = {
    "settings": {"number_of_shards": 1, "auto_expand_replicas": "0-1"},
    "mappings": {"dynamic": "strict", "properties": {"data": {"type": "binary"}}},
}


def read_note(client: Elasticsearch, archive: str, name: str) -> bytes | None:
    """The note of a name; None where there is none."""
    try:
        found = client.get(index=archive + SUFFIX, id=name)
    except elasticsearch.NotFoundError:
        return None
    return base64.b64decode(found["_source"]["data"])


def write_note(client: Elasticsearch, archive: str, name: str, data: bytes) -> None:
    """Keep a note in place of the one before."""
    index = archive + SUFFIX
    make_index(client, index, _BODY)
    client.index(index=index, id=name, document={"data": base64.b64encode(data).decode()})


def drop_notes(client: Elasticsearch, archive: str) -> None:
    """Delete the notes, if there are any; who may not write them has none."""
    client.options(ignore_status=(403, 404)).indices.delete(index=archive + SUFFIX)
