"""Indexing: from files and the web to a filled archive, and keeping it up to date.

Rooms:

- ``fetching``: polite HTTP, to public addresses only.
- ``pages``: a raw page → the fields of its article; opens nothing.
- ``sources``: files, tables, feeds, sitemaps, web, WARC → raw documents.
- ``linking``: copies, and counterparts in the other language.
- ``demo``: invented stories, and the command that indexes and serves them.

Modules:

- ``charsets``, ``language``: one rule each for character sets and for an article's language.
- ``articles``: raw document → ``Article``, with everything odd reported.
- ``passages``: article → passages that get an embedding each.
- ``pipeline``: ``Indexer``: documents → archive, batch by batch, each kept whole or not at all.
- ``runs``, ``error_file``, ``termination``: a run over all sources and its repetition; the list of
  what was not indexed; how signals end a run.
- ``intake``: articles that other programs hand over, a few at a time; the web site's way in.
- ``upkeep``: deepening, re-embedding, mirroring.
- ``calibration``, ``trial_archives``: fits the ranking's constants; temporary archives to measure
  on.
- ``commands``: the subcommands.

May import ``search``, and not ``webui``: ``demo`` reaches the site through the command group. What
each room may import is the table ``ROOMS`` of tests/unit/test_structure.py.

The way of an article: ``sources`` (the web through ``fetching``, HTML through ``pages``) →
``RawDocument`` → ``articles`` (page text through ``pages``) → ``Article`` → its id changes to that
of an article with the same address; what was taken down or did not change is passed over →
``passages`` → the encoder → ``Store.upsert`` → at the end of the run, ``linking``.
"""
