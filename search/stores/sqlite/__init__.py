"""The embedded store: one SQLite file is the archive; two indexes are derived from it.

The way of an article: ``store`` writes it with ``rows`` in one transaction of ``file``, which
raises the file's generation. The way of a query: ``derived`` brings both indexes up to that
generation, and ``lookups`` asks them.

- ``store``: the ``Store`` put together of the modules below.
- ``file``, ``log``: connections, transactions and errors of the file; whether the log beside it is
  its own.
- ``rows``, ``values``: tables, and rows to articles and back; values checked as they are read.
- ``derived``: keeps both indexes in step with the file.
- ``word_index``: BM25 by tantivy, in a folder beside the file, rebuilt when missing.
- ``vector_index``: all vectors in memory, scanned exactly.
- ``lookups``: answers lookups from both.
- ``records``: what is kept beside the articles, in one table.
- ``lease``: the lock that the commands which rewrite an archive hold.
- ``generations``: another file of the same articles, taken over in one transaction.
- ``repair``: damaged values, put right as far as they can be.
"""
