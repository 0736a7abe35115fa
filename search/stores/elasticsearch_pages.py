"""Everything that a search matches, page by page, in one consistent state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from elasticsearch import Elasticsearch

_KEEP_ALIVE = "10m"


def scan(
    client: Elasticsearch,
    index: str,
    *,
    query: Mapping[str, Any] | None = None,
    sort: Sequence[Mapping[str, Any]],
    size: int = 5_000,
    **options: Any,
) -> Iterator[dict[str, Any]]:
    """Hits of a search in the order of ``sort``, however many there are.

    Args:
        sort: The last key must differ from hit to hit.
        options: Further parts of the search, such as ``docvalue_fields``.
    """
    pit = client.open_point_in_time(index=index, keep_alive=_KEEP_ALIVE)["id"]
    after = None
    try:
        while True:
            page = client.search(
                pit={"id": pit, "keep_alive": _KEEP_ALIVE},
                size=size,
                query=query,
                sort=sort,
                search_after=after,
                track_total_hits=False,
                **options,
            )
            hits = page["hits"]["hits"]
            yield from hits
            if len(hits) < size:
                return
            pit, after = page["pit_id"], hits[-1]["sort"]
    finally:
        client.close_point_in_time(id=pit)


def field(hit: Mapping[str, Any], name: str) -> Any:
    """One value of a hit's ``docvalue_fields``; None where it has none."""
    values = hit.get("fields", {}).get(name)
    return values[0] if values else None
