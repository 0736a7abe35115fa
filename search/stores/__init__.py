"""Stores: where archives are kept, one SQLite file or an Elasticsearch cluster.

- ``base``: the ``Store`` protocol and the neutral types that cross it.
- ``records``: the primitive for what stands beside the articles, of which each store has its own.
- ``ledger``, ``links``, ``notes``: who brought articles and what was taken down; counterparts and
  copies; small things by name. Written once, on that primitive.
- ``sqlite``: the embedded store.
- ``elasticsearch``: the store on a cluster.

No engine's JSON, rows or exceptions leave this room. It may import ``text``, ``encoders.base``,
``records``, ``errors``, ``addresses`` and ``settings``; the two stores do not import each other.
``search.archive.open_store`` picks the one that an archive's name asks for. Both pass one suite,
tests/contract.
"""
