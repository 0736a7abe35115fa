"""Where archives are kept: one SQLite file, or an Elasticsearch cluster.

- ``base``: the ``Store`` protocol, in neutral types; no engine's JSON, rows or exceptions cross it.
- ``records``: the primitive for what stands beside the articles, of which each store has its own.
- ``ledger``, ``links``, ``notes``: written once on that primitive.
- ``sqlite``, ``elasticsearch``: the stores.
"""
