"""The web site: search pages for readers and a JSON API for programs.

- ``app``: ``create_app``: settings, archive and blueprints put together.
- ``site``: what all views share: the archive and recent figures about it.
- ``parameters``: the parameters of an address → ``Address`` → ``Query``; and back to links.
- ``pages``, ``api``: the views, for readers and for programs.
- ``exports``: a search, or a story's citation, as a file to take away.
- ``clippings``: what readers keep in their browsers, as a page and as files.
- ``writing``, ``keys``: adding and removing articles by the API; who may.
- ``schemas``, ``openapi``, ``reference``: the API's shapes as models; its OpenAPI document, made of
  them and of the routes; the page that shows this.
- ``suggestions``: what a query that is being typed may become, in JSON.
- ``guide``: the page of help, and the examples that find something in the archive.
- ``before``: “has anyone written this?”: the page, and the JSON, that compare a draft.
- ``feeds``, ``feed_formats``: a search's newest matches for feed readers; Atom, RSS and JSON Feed.
- ``presentation``: results → what templates show; everything from an archive is escaped there.
- ``narrowing``: facets, the chart of stories over time, spans of days to choose.
- ``stories``: what the pages of one story show: marks, its place among results, what is related.
- ``differences``: two tellings of a story side by side, their differences marked.
- ``i18n``: the language of the interface, with dates and numbers.
- ``errors``: every error → its status and its page or JSON.
- ``delivery``: compression, and answers that clients have already.
- ``limits``, ``origins``: how much one address may ask for; whose scripts may read the API.
- ``logs``: a line for each request, with its id and without what was searched for.
- ``headers``: security and caching headers; which ``Host`` is one.
- ``proxies``: the path under which reverse proxies show the site; which of their headers count.
- ``server``: waitress, hardened; listens and serves.
- ``commands``: the subcommand ``serve``.

May import ``search`` – the archive, records, errors, settings, languages and file formats, no
store's implementation – and not ``indexer``: what indexes the articles that come by the API is
handed to ``create_app`` by ``songngu serve``, which gets it from the command group
(``search.cli.part``).

The way of a query: ``server`` takes the request in, or refuses it → ``parameters`` → the archive's
``search`` → ``presentation`` and a template, or JSON; what goes wrong on the way is answered by
``errors``, and every answer gets its ``headers``.
"""

from webui.app import create_app

__all__ = ["create_app"]
