"""Stores: where archives are kept, one SQLite file or an Elasticsearch cluster.

- ``base``: the ``Store`` protocol and the neutral types that cross it.
- ``links``: what an archive keeps of counterparts and copies.
- ``sqlite``: the embedded store.
- ``elasticsearch``: the store on a cluster.

No engine's JSON, rows or exceptions leave this room. It may import ``text``, ``encoders.base``,
``records``, ``errors``, ``addresses`` and ``settings``; the two stores do not import each other.
``search.archive.open_store`` picks the one that an archive's name asks for. Both pass one suite,
tests/contract.
"""
