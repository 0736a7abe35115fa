"""The Elasticsearch store.

An archive ``news`` is an alias; behind it stands one index of articles, ``news~000001`` and so on,
a generation. What changes without the articles stands in two small indices beside it:
``news~links`` (counterparts and copies) and ``news~records`` (sources, takedowns, addresses, notes
and the leases). No archive's own name can have a tilde, and each index says in its ``_meta`` whose
part it is: nothing is written to or deleted that does not say so, whatever it is called.

- ``bodies``: pure functions between our types and Elasticsearch's JSON.
- ``connection``: from an address to a client.
- ``errors``: what the server and its client complain of, in our errors.
- ``indices``: making, reading, writing and dropping indices that are ours; one policy for bulks.
- ``records``: what stands beside the articles; ``claims`` and ``lease``, kept there too, need a
  compare-and-set, which a file does not.
- ``generations``: how one index of articles takes the place of another.
- ``store``: the ``Store`` put together of these.
"""

from search.stores.elasticsearch.store import ElasticsearchStore

__all__ = ["ElasticsearchStore"]
