"""Fetching from the web: politely, within limits, from public addresses only."""

from __future__ import annotations

from indexer.charsets import decoded as text_of
from indexer.fetching.addresses import normalised
from indexer.fetching.bodies import gunzipped
from indexer.fetching.budget import Budget, SpentError
from indexer.fetching.client import NO_VALIDATORS, Fetched, Fetcher, Validators
from indexer.fetching.connections import StoppedError
from indexer.fetching.hosts import RestingError

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
    "text_of",
]
