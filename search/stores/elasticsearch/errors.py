"""What Elasticsearch and its client complain of, in our errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import elasticsearch
from elastic_transport import Transport
from elasticsearch import ApiError, TransportError
from elasticsearch.exceptions import ConnectionTimeout, UnsupportedProductError

from search.errors import (
    ArchiveMismatchError,
    ArchiveMissingError,
    ForbiddenStoreError,
    SettingsError,
    StoreError,
    StoreUnavailableError,
)
from search.settings import Settings

BUSY = (429, 502, 503, 504)
"""Statuses that pass."""

_LONGEST_REASON = 300


class EmptyAnswerError(Exception):
    """A successful answer without the content that each answer of Elasticsearch has."""


class CheckedTransport(Transport):
    """Takes no answer for Elasticsearch's that holds nothing: a gateway may give such."""

    def perform_request(self, method: str, target: str, **options: Any) -> Any:
        """The answer, as the base class gives it.

        Raises:
            EmptyAnswerError: It succeeded and says nothing.
        """
        answer = super().perform_request(method, target, **options)
        says_something = isinstance(answer.body, dict) and answer.body
        if method != "HEAD" and answer.meta.status < 300 and not says_something:
            raise EmptyAnswerError
        return answer


@contextmanager
def driver_errors(location: str, settings: Settings) -> Iterator[None]:
    """Turn the client's errors into ours, chained; none of them shows credentials."""
    try:
        yield
    except ConnectionTimeout as error:
        raise StoreUnavailableError(
            f"Elasticsearch at {location} did not answer in time ({settings.query_timeout_s:g} s"
            f" for searches, {settings.index_timeout_s:g} s for writes). Check its load, or raise"
            " SONGNGU_QUERY_TIMEOUT_S or SONGNGU_INDEX_TIMEOUT_S."
        ) from error
    except UnsupportedProductError as error:
        raise StoreError(f"What answers at {location} is not Elasticsearch. Check it.") from error
    except TransportError as error:
        raise StoreUnavailableError(
            f"Elasticsearch at {location} cannot be reached ({type(error).__name__}). Check that it"
            " runs and that the address, the port and http or https are right."
        ) from error
    except ApiError as error:
        raise _api_error(error, location) from error
    except EmptyAnswerError as error:
        raise StoreUnavailableError(
            f"What answers at {location} is not Elasticsearch, or a gateway before it that is"
            " starting: its answer is empty. Check the address, or try again soon."
        ) from error
    except (ValueError, OSError) as error:
        raise SettingsError(
            f"The connection to {location} cannot be set up: {error}. Check its settings."
        ) from error


def _api_error(error: ApiError, location: str) -> StoreError:
    if "media_type_header" in str(error):
        major = elasticsearch.__version__[0]
        return StoreError(
            f"The Elasticsearch at {location} is older than the installed client ({major}.x)."
            " Install the client that works with both: pip install 'elasticsearch>=8.19,<9'"
        )
    body = error.body if isinstance(error.body, dict) else {}
    described = body.get("error", {})
    if is_block(described):
        return blocked(described, location)
    if error.status_code in (401, 403):
        return ForbiddenStoreError(
            f"Elasticsearch at {location} refuses the credentials or their rights"
            f" ({error.status_code}). Check the user in the address, or SONGNGU_ES_API_KEY."
        )
    return search_error(described, error.status_code, location)


def is_block(error: Any) -> bool:
    """Whether Elasticsearch describes a block: an index, or all of them, takes no changes."""
    return isinstance(error, dict) and error.get("type") == "cluster_block_exception"


def blocked(error: Mapping[str, Any], location: str) -> StoreUnavailableError:
    """The error for an index that takes no changes, or no requests at all."""
    reason = _shortened(error.get("reason", ""))
    if "flood" in reason:
        way = "A node's disk is nearly full: make room there, and give the command again."
    elif "state not recovered" in reason or "no master" in reason:
        way = "The cluster is starting, or has no master: give the command again soon."
    elif "index write" in reason:
        way = (
            "Either a re-embedding is at its last step, or was killed there: if none runs now, give"
            " its command again, which takes seconds. Or somebody has set index.blocks.write."
        )
    else:
        way = "Whoever runs the cluster can lift the block (PUT …/_settings)."
    return StoreUnavailableError(f"{location} takes no changes now ({reason}). {way}")


def search_error(error: Any, status: int, location: str) -> StoreError:
    """Our error for one that Elasticsearch describes."""
    text = str(error)
    if "index_not_found" in text or "alias [" in text:
        return missing(location)
    if "different dimension" in text or "different number of dimensions" in text:
        return ArchiveMismatchError(
            f"The archive {location} holds vectors of another length than the query has. Search"
            " with the encoder it was made with."
        )
    if status in BUSY:
        return StoreUnavailableError(
            f"Elasticsearch at {location} is overloaded or starting ({status}). Try again soon."
        )
    reason = error.get("reason", text) if isinstance(error, dict) else text
    return StoreError(
        f"Elasticsearch at {location} refused the request ({status}): {_shortened(reason)}"
    )


def missing(location: str) -> ArchiveMissingError:
    """The error for a place where there is no archive."""
    return ArchiveMissingError(
        f"There is no archive at {location}. Fill one with: songngu index SOURCE…"
        f" --archive {location}"
    )


def reason_of(item: dict[str, Any]) -> str:
    """Why an article was refused, in one line."""
    error = item.get("error")
    reason = error.get("reason", "") if isinstance(error, dict) else str(error)
    return f"refused by Elasticsearch ({item.get('status')}): {_shortened(reason)}"


def _shortened(reason: object) -> str:
    """One line: Elasticsearch repeats the whole value that it refuses."""
    line = " ".join(str(reason).split())
    return line if len(line) <= _LONGEST_REASON else f"{line[:_LONGEST_REASON]}…"
