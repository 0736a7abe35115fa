"""The Elasticsearch store: an archive is an index behind an alias, on the free Basic licence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any
from urllib.parse import unquote, urlsplit

import elasticsearch
from elasticsearch import ApiError, Elasticsearch, TransportError
from elasticsearch.exceptions import ConnectionTimeout, UnsupportedProductError
from elasticsearch.helpers import streaming_bulk

from search.errors import (
    ArchiveMismatchError,
    ArchiveMissingError,
    SettingsError,
    StoreError,
    StoreUnavailableError,
)
from search.records import Article
from search.settings import Settings
from search.stores import elasticsearch_bodies as bodies
from search.stores.base import (
    ArchiveProfile,
    Candidate,
    Entry,
    Lookup,
    NearestLookup,
    StoreStats,
    WriteReport,
    check_vectors,
    mismatch,
)
from search.stores.elasticsearch_links import ElasticsearchLinks
from search.stores.links import Link, LinkStore, forget

_BUSY = (429, 502, 503, 504)
_CHUNK_BYTES = 10_000_000
_CHUNK_ACTIONS = 500
_BULK_RETRIES = 6
_PAGE = 200
_LONGEST_REASON = 300
_NAME = re.compile(r"[a-z0-9][a-z0-9_.+-]{0,200}")


class ElasticsearchStore:
    """An archive in an Elasticsearch cluster, 8.19 or 9; see ``search.stores.base.Store``.

    Args:
        client: Of the official package.
        name: The alias; the index behind it is ``<name>-<generation>``.
        location: The archive's address without credentials.
        index: Write and read this index instead of the alias (a generation being built).
    """

    def __init__(
        self,
        client: Elasticsearch,
        name: str,
        location: str,
        *,
        settings: Settings,
        index: str | None = None,
    ) -> None:
        self.location = location
        self._name = name
        self._settings = settings
        self._index = index
        self._searching = client.options(
            request_timeout=settings.query_timeout_s, max_retries=1, retry_on_status=(502, 503, 504)
        )
        self._writing = client.options(
            request_timeout=settings.index_timeout_s,
            max_retries=4,
            retry_on_status=_BUSY,
            retry_on_timeout=True,
        )
        self._links = ElasticsearchLinks(
            self._searching,
            self._writing,
            archive=index or name,
            name=f"{name}-links",
            errors=self._errors,
        )

    @classmethod
    def from_url(cls, url: str, settings: Settings) -> ElasticsearchStore:
        """The archive that ``http(s)://[user:password@]host[:port]/name`` names.

        Raises:
            SettingsError: The address names no index, or one that Elasticsearch does not allow.
        """
        parts = urlsplit(url)
        name = parts.path.strip("/")
        try:
            port = parts.port or 9200
        except ValueError:
            port = 0
        host = f"{parts.scheme}://{parts.hostname or ''}:{port}"
        if not parts.hostname or not port or not _NAME.fullmatch(name):
            raise SettingsError(
                f"{host}/{name} names no archive. Write it as {parts.scheme}://host:9200/name; the"
                " name has small letters, digits, - and _."
            )
        options: dict[str, Any] = {}
        if parts.username:
            options["basic_auth"] = (unquote(parts.username), unquote(parts.password or ""))
        elif settings.es_api_key:
            options["api_key"] = settings.es_api_key
        if parts.scheme == "https" and settings.es_ca_certs:
            options["ca_certs"] = settings.es_ca_certs
        location = f"{host}/{name}"
        with _driver_errors(location, settings):
            client = Elasticsearch(host, **options)
        return cls(client, name, location, settings=settings)

    def __repr__(self) -> str:
        """Without credentials."""
        return f"ElasticsearchStore({self.location!r})"

    def profile(self) -> ArchiveProfile | None:
        """The archive's profile, or None where there is no archive yet."""
        with self._errors():
            try:
                indices = self._searching.indices.get_mapping(index=self._target).body
            except elasticsearch.NotFoundError:
                return None
        if len(indices) != 1:
            raise StoreError(
                f"{self.location} is an alias of {len(indices)} indices; an archive has one."
                " Name another index."
            )
        [index] = indices.values()
        meta = index["mappings"].get("_meta", {}).get(bodies.META)
        if meta is None:
            raise StoreError(
                f"The index at {self.location} is not a Songngu archive. Name another one."
            )
        return ArchiveProfile.from_json(meta)

    def create(self, profile: ArchiveProfile) -> None:
        """Make an empty archive; no effect where one with the same profile exists."""
        existing = self.profile()
        if existing is None:
            body = bodies.index_body(profile)
            with self._errors():
                try:
                    self._writing.indices.create(
                        index=f"{self._name}-000001", aliases={self._name: {}}, **body
                    )
                except elasticsearch.BadRequestError as error:
                    if "resource_already_exists" not in str(error):
                        raise
            existing = self.profile()
        if existing is not None and existing != profile:
            raise mismatch(self.location, existing, profile)

    def upsert(self, entries: Sequence[Entry]) -> WriteReport:
        """Write whole articles in bulk; each is kept once Elasticsearch has confirmed it."""
        dimension = self._required_profile().encoder.dimension
        latest = {entry.article.id: entry for entry in entries}
        for entry in latest.values():
            check_vectors(entry, dimension)
        actions = (
            {"_op_type": "index", "_id": bodies.document_id(id_), "_source": bodies.document(e)}
            for id_, e in latest.items()
        )
        ids = {bodies.document_id(id_): id_ for id_ in latest}
        written, failures = [], []
        for done, item in self._bulk(actions):
            id_ = ids[item["index"]["_id"]]
            if done:
                written.append(id_)
            else:
                failures.append((id_, _reason(item["index"])))
        return WriteReport(tuple(written), tuple(failures))

    def delete(self, ids: Sequence[str]) -> int:
        """Remove articles; how many were there."""
        self._required_profile()
        forget(self._links, ids)
        actions = (
            {"_op_type": "delete", "_id": bodies.document_id(id_)} for id_ in dict.fromkeys(ids)
        )
        return sum(item["delete"].get("result") == "deleted" for _, item in self._bulk(actions))

    def flush(self) -> None:
        """Refresh, so that searches see what was written."""
        with self._errors():
            self._writing.indices.refresh(index=self._target)

    def hashes(self, ids: Sequence[str]) -> dict[str, str]:
        """Content hashes of those of the ids that are kept."""
        found = self._get(ids, ["id", "hash"])
        return {source["id"]: source["hash"] for source in found}

    def articles(self, ids: Sequence[str]) -> dict[str, Article]:
        """Those of the ids that are kept."""
        articles = [Article.from_json(s["article"]) for s in self._get(ids, ["article"])]
        return {article.id: article for article in articles}

    def find(self, lookups: Sequence[Lookup]) -> list[list[Candidate]]:
        """Run lookups as one ``_msearch``."""
        asked = [lookup for lookup in lookups if _finds_something(lookup)]
        answers: Iterator[list[Candidate]] = iter(self._searches(asked) if asked else [])
        return [next(answers) if _finds_something(lookup) else [] for lookup in lookups]

    @property
    def linking(self) -> LinkStore:
        """What is kept of counterparts and copies."""
        return self._links

    def links(self, ids: Sequence[str]) -> dict[str, Link]:
        """What is known of counterparts and copies of those of the ids that were linked."""
        return self._links.links(ids)

    def entries(self) -> Iterator[Entry]:
        """Everything that is kept at the moment of the first step, by ascending id."""
        dimension = self._required_profile().encoder.dimension
        with self._errors():
            client = self._writing
            # From 9.2 on vectors are left out of _source unless they are asked for.
            version = tuple(map(int, client.info()["version"]["number"].split(".")[:2]))
            source = {"exclude_vectors": False} if version >= (9, 2) else True
            pit = client.open_point_in_time(index=self._target, keep_alive="10m")["id"]
            after = None
            try:
                while True:
                    page = client.search(
                        pit={"id": pit, "keep_alive": "10m"},
                        size=_PAGE,
                        sort=[{"id": "asc"}],
                        search_after=after,
                        track_total_hits=False,
                        source=source,
                    )
                    hits = page["hits"]["hits"]
                    for hit in hits:
                        yield bodies.entry_of(hit["_source"], dimension)
                    if len(hits) < _PAGE:
                        return
                    pit, after = page["pit_id"], hits[-1]["sort"]
            finally:
                client.close_point_in_time(id=pit)

    def stats(self) -> StoreStats:
        """Count what is kept."""
        self._required_profile()
        aggregations: dict[str, dict[str, Any]] = {
            "langs": {"terms": {"field": "lang", "size": 100}},
            "sources": {"terms": {"field": "source", "size": 10_000}},
            "first": {"min": {"field": "day"}},
            "last": {"max": {"field": "day"}},
            "passages": {"nested": {"path": "passages"}},
        }
        with self._errors():
            found = self._searching.search(index=self._target, size=0, aggs=aggregations)
            sizes = self._searching.indices.stats(index=self._target, metric="store")
        values = found["aggregations"]
        sources = {b["key"]: b["doc_count"] for b in values["sources"]["buckets"]}
        return StoreStats(
            articles={b["key"]: b["doc_count"] for b in values["langs"]["buckets"]},
            passages=values["passages"]["doc_count"],
            sources=dict(sorted(sources.items(), key=lambda pair: (-pair[1], pair[0]))),
            date_first=_date(values["first"]["value"]),
            date_last=_date(values["last"]["value"]),
            bytes_used=sizes["_all"]["primaries"]["store"]["size_in_bytes"],
        )

    @contextmanager
    def rebuild(self, profile: ArchiveProfile) -> Iterator[ElasticsearchStore]:
        """Fill a new index, then move the alias to it and drop the old one in one step."""
        self._required_profile()
        with self._errors():
            [old] = self._searching.indices.get_alias(index=self._name).body
            number = old.removeprefix(f"{self._name}-")
            next_number = int(number) + 1 if number.isdigit() else 1
            new = f"{self._name}-{next_number:06}"
            # What a killed rebuild left behind is of no use.
            self._writing.options(ignore_status=404).indices.delete(index=new)
            self._writing.indices.create(index=new, **bodies.index_body(profile))
        generation = ElasticsearchStore(
            self._writing, self._name, self.location, settings=self._settings, index=new
        )
        try:
            yield generation
            generation.flush()
            with self._errors():
                self._writing.indices.update_aliases(
                    actions=[
                        {"add": {"index": new, "alias": self._name}},
                        {"remove_index": {"index": old}},
                    ]
                )
        except BaseException:
            with self._errors():
                self._writing.options(ignore_status=404).indices.delete(index=new)
            raise

    def drop(self) -> None:
        """Delete the archive for good."""
        self._links.clear()
        with self._errors():
            try:
                indices = list(self._searching.indices.get_alias(index=self._name).body)
            except elasticsearch.NotFoundError:
                return
            self._writing.indices.delete(index=indices)

    def close(self) -> None:
        """Close the connections."""
        self._searching.close()
        self._writing.close()

    @property
    def _target(self) -> str:
        return self._index or self._name

    def _errors(self) -> Any:
        return _driver_errors(self.location, self._settings)

    def _required_profile(self) -> ArchiveProfile:
        profile = self.profile()
        if profile is None:
            raise _missing(self.location)
        return profile

    def _bulk(self, actions: Iterator[dict[str, Any]]) -> Iterator[tuple[bool, dict[str, Any]]]:
        """Confirmed and refused actions; those refused for load are tried again with back-off."""
        with self._errors():
            yield from streaming_bulk(
                self._writing,
                actions,
                index=self._target,
                require_alias=self._index is None,  # a missing archive must not come into being
                chunk_size=_CHUNK_ACTIONS,
                max_chunk_bytes=_CHUNK_BYTES,
                raise_on_error=False,
                raise_on_exception=True,
                max_retries=_BULK_RETRIES,
                retry_on_status=_BUSY,
                initial_backoff=0.5,
                max_backoff=20,
            )

    def _get(self, ids: Sequence[str], fields: list[str]) -> list[dict[str, Any]]:
        if not ids:
            self._required_profile()
            return []
        wanted = [bodies.document_id(id_) for id_ in dict.fromkeys(ids)]
        with self._errors():
            found = self._searching.mget(index=self._target, ids=wanted, source_includes=fields)
        for doc in found["docs"]:
            if "error" in doc:
                raise _search_error(doc["error"], 0, self.location)
        return [doc["_source"] for doc in found["docs"] if doc.get("found")]

    def _searches(self, lookups: Sequence[Lookup]) -> list[list[Candidate]]:
        searches: list[dict[str, Any]] = []
        for lookup in lookups:
            searches += [{}, bodies.search_body(lookup)]
        with self._errors():
            answers = self._searching.msearch(index=self._target, searches=searches)["responses"]
        found = []
        for lookup, answer in zip(lookups, answers, strict=True):
            if "error" in answer:
                raise _search_error(answer["error"], answer["status"], self.location)
            if answer["timed_out"] or answer["_shards"]["failed"]:
                raise StoreUnavailableError(
                    f"Part of {self.location} did not answer. Check the cluster's health and try"
                    " again."
                )
            hits = answer["hits"]["hits"]
            if isinstance(lookup, NearestLookup):
                found.append(bodies.nearest_candidates(hits, lookup.k))
            else:
                found.append(bodies.word_candidates(hits, lookup.k))
        return found


def _finds_something(lookup: Lookup) -> bool:
    if lookup.scope.ids == ():
        return False
    return isinstance(lookup, NearestLookup) or bool(lookup.terms or lookup.scope.phrases)


@contextmanager
def _driver_errors(location: str, settings: Settings) -> Iterator[None]:
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
    if error.status_code in (401, 403):
        return StoreError(
            f"Elasticsearch at {location} refuses the credentials or their rights"
            f" ({error.status_code}). Check the user in the address, or SONGNGU_ES_API_KEY."
        )
    body = error.body if isinstance(error.body, dict) else {}
    return _search_error(body.get("error", {}), error.status_code, location)


def _search_error(error: Any, status: int, location: str) -> StoreError:
    text = str(error)
    if "index_not_found" in text or "alias [" in text:
        return _missing(location)
    if "different dimension" in text or "different number of dimensions" in text:
        return ArchiveMismatchError(
            f"The archive {location} holds vectors of another length than the query has. Search"
            " with the encoder it was made with."
        )
    if status in _BUSY:
        return StoreUnavailableError(
            f"Elasticsearch at {location} is overloaded or starting ({status}). Try again soon."
        )
    reason = error.get("reason", text) if isinstance(error, dict) else text
    return StoreError(
        f"Elasticsearch at {location} refused the request ({status}): {_shortened(reason)}"
    )


def _missing(location: str) -> ArchiveMissingError:
    return ArchiveMissingError(
        f"There is no archive at {location}. Fill one with: songngu index SOURCE…"
        f" --archive {location}"
    )


def _reason(item: dict[str, Any]) -> str:
    error = item.get("error")
    reason = error.get("reason", "") if isinstance(error, dict) else str(error)
    return f"refused by Elasticsearch ({item.get('status')}): {_shortened(reason)}"


def _shortened(reason: object) -> str:
    """One line: Elasticsearch repeats the whole value that it refuses."""
    line = " ".join(str(reason).split())
    return line if len(line) <= _LONGEST_REASON else f"{line[:_LONGEST_REASON]}…"


def _date(ordinal: float | None) -> str | None:
    return date.fromordinal(int(ordinal)).isoformat() if ordinal is not None else None
