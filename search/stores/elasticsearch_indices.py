"""What all indices of an archive need: to be made where they are missing, and asked for vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from elasticsearch import BadRequestError, Elasticsearch


def make_index(client: Elasticsearch, index: str, body: Mapping[str, Any]) -> None:
    """Make an index where there is none."""
    if client.indices.exists(index=index):
        return
    try:
        client.indices.create(index=index, **body)
    except BadRequestError as error:  # another process was faster
        if "resource_already_exists" not in str(error):
            raise


class WithVectors:
    """Says what to ask a server for to get documents, or some of their fields, with vectors.

    From 9.2 on they are left out of ``_source`` unless they are asked for.
    """

    def __init__(self, client: Elasticsearch) -> None:
        self._client = client
        self._left_out: bool | None = None

    def __call__(self, fields: Sequence[str] = ("*",)) -> dict[str, Any]:
        """What to give as ``source``."""
        if self._left_out is None:
            version = self._client.info()["version"]["number"].split(".")
            self._left_out = tuple(map(int, version[:2])) >= (9, 2)
        asked: dict[str, Any] = {"includes": list(fields)}
        return asked | ({"exclude_vectors": False} if self._left_out else {})
