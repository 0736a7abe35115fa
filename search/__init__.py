"""Searching: what an article is, how text is read, where articles are kept, how they are found.

Rooms:

- ``text``: languages, tokens, diacritics, keyboards, quantities; imports nothing else of ours.
- ``encoders``: embedding models; text → vectors.
- ``stores``: the Store protocol and its two implementations.
- ``ranking``: what a query means, which articles answer it, and in what order.
- ``alerts``: saved searches that are watched; what is new is told by e-mail.
- ``data``: tables of counts and fitted constants that ship with the package.

Modules that everything may import:

- ``records``: articles, passages, queries, hits and results.
- ``errors``: every error raised on purpose.
- ``settings``: the one table of settings.
- ``addresses``: canonical addresses of articles, addresses of archives, secrets kept out of both.

Modules on top of the rooms:

- ``archive``: ``Archive``, which ties a store, an encoder and the ranking together.
- ``result_sets``: which candidates answer a query, and what filters and links leave of them.
- ``facets``: what a result set is made of: counts by source, section, author and time.
- ``neighbours``: what else has been written on the subject of a story.
- ``completion``: what a query that is being typed may become, from an archive's titles and names.
- ``drafts``, ``coverage``: reading a draft; what an archive holds on it (“has anyone written
  this?”).
- ``vocabulary``: an archive's own counts of syllables, which sharpen the restoring of diacritics.
- ``transfer``, ``repair``: copying one archive into another; repairing what is damaged in one.
- ``exports``: file formats (CSV, JSONL, RIS, BibTeX, Markdown) and citations; pure.
- ``evaluation``, ``baselines``: measures of quality; other systems' methods to compare with.
- ``cli``, ``commands``, ``progress``: the command group and what subcommands share; the subcommands
  that need nothing but archives; progress bars.

This package imports neither ``indexer`` nor ``webui``; ``cli`` names their subcommands as text and
imports them when they are called. What each room may import is the table ``ROOMS`` of
tests/unit/test_structure.py.

The way of a query: ``Archive.search`` → ``ranking.query`` reads what was typed (its language and
diacritics by ``text``) → the encoder embeds it → ``ranking.candidates`` asks the store, in the
query's own language first and then in the other, and scores → ``result_sets`` cuts and filters →
the store gives the articles of one page → ``ranking.snippets`` picks and marks what is shown.

The way of an article: the indexer brings an ``Entry`` (article, passages, vectors, forms of its
text for the word index) → ``Store.upsert`` keeps it whole or not at all.
"""
