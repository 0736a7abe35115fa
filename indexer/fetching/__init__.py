"""Fetching from the web: politely, within limits, from public addresses only.

The way of a request: ``client`` (``Fetcher``) → ``urls`` brings the address into the form that is
sent → ``budget`` of its source → ``robots`` allows it → ``hosts`` waits for the host's turn →
``connections`` resolves the name, refuses what is not public and connects → ``bodies`` unpacks what
comes, within a limit.

- ``client``: the polite client, with redirects and further tries.
- ``urls``: addresses as they are sent.
- ``budget``: what one source may cost in one run.
- ``robots``: robots.txt.
- ``hosts``: one request at a time for each host, pauses, and rest.
- ``connections``: the guard against requests to private networks, and deadlines.
- ``bodies``: limits to what a body may unpack to.
- ``memory``: what earlier runs fetched, in a file of its own.

May import the errors, settings and addresses of ``search``; it does not know what is fetched: not
``sources``, not ``pages``.
"""

from __future__ import annotations

from indexer.fetching.bodies import gunzipped
from indexer.fetching.budget import Budget, SpentError
from indexer.fetching.client import NO_VALIDATORS, Fetched, Fetcher, Validators
from indexer.fetching.connections import StoppedError
from indexer.fetching.hosts import RestingError
from indexer.fetching.urls import normalised

__all__ = [
    "NO_VALIDATORS",
    "Budget",
    "Fetched",
    "Fetcher",
    "RestingError",
    "SpentError",
    "StoppedError",
    "Validators",
    "gunzipped",
    "normalised",
]
