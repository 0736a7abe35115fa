"""The web site: search pages for readers and a JSON API for programs.

- ``app``: ``create_app``: settings, archive and blueprints put together.
- ``site``: what all views share: the archive and recent figures about it.
- ``parameters``: the parameters of an address → ``Address`` → ``Query``; and back to links.
- ``pages``, ``api``: the views, for readers and for programs.
- ``presentation``: results → what templates show; everything from an archive is escaped there.
- ``stories``: what the pages of one story show: marks, its place among results, what is related.
- ``differences``: two tellings of a story side by side, their differences marked.
- ``i18n``: the language of the interface, with dates and numbers.
- ``errors``: every error → its status and its page or JSON.
- ``headers``: security and caching headers; which ``Host`` is one.
- ``proxies``: the path under which reverse proxies show the site; which of their headers count.
- ``server``: waitress, hardened; listens and serves.
- ``commands``: the subcommand ``serve``.

May import ``search`` – the archive, records, errors, settings and languages, no store's
implementation – and not ``indexer``.

The way of a query: ``server`` takes the request in, or refuses it → ``parameters`` → the archive's
``search`` → ``presentation`` and a template, or JSON; what goes wrong on the way is answered by
``errors``, and every answer gets its ``headers``.
"""

from webui.app import create_app

__all__ = ["create_app"]
