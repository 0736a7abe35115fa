"""The Elasticsearch store: an archive is an index behind an alias, on the free Basic licence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import fields as fields_of
from typing import Any

import elasticsearch
from elasticsearch import Elasticsearch

from search.addresses import article_key
from search.encoders.base import FloatArray
from search.errors import StoreError, StoreUnavailableError
from search.records import Article, Filters
from search.settings import Settings
from search.stores import notes
from search.stores.base import (
    ArchiveProfile,
    Candidate,
    Entry,
    Kept,
    Leased,
    Lookup,
    NearestLookup,
    Outline,
    StoreStats,
    Stories,
    StoryLookup,
    WriteReport,
    check_vectors,
    mismatch,
    names_of,
)
from search.stores.elasticsearch import bodies, generations
from search.stores.elasticsearch.claims import Addresses, Claims
from search.stores.elasticsearch.connection import connect
from search.stores.elasticsearch.errors import (
    BUSY,
    driver_errors,
    missing,
    reason_of,
    search_error,
)
from search.stores.elasticsearch.indices import (
    CONFLICT,
    WithVectors,
    bulk,
    change,
    drop_index,
    make_index,
    says,
    scan,
    unchanged_since,
)
from search.stores.elasticsearch.lease import Lease
from search.stores.elasticsearch.records import ElasticsearchRecords
from search.stores.ledger import TOMBSTONE, Ledger, forget_articles
from search.stores.records import Records

_PAGE = 200
_OUTLINES = 2_000
"""Stories of which the outlines are read at once."""


class ElasticsearchStore:
    """An archive in an Elasticsearch cluster, 8.19 or 9; see ``search.stores.base.Store``.

    Args:
        client: Of the official package.
        name: The alias; the index behind it is ``<name>~<generation>``.
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
            retry_on_status=BUSY,
            retry_on_timeout=True,
        )
        self._with_vectors = WithVectors(self._writing)
        self._beside = ElasticsearchRecords(
            self._searching,
            self._writing,
            name,
            location,
            require=self._existing,
            errors=self._errors,
        )
        self.records: Records = self._beside
        self._addresses = Addresses(self._beside)

    @classmethod
    def from_url(cls, url: str, settings: Settings) -> ElasticsearchStore:
        """The archive that ``http(s)://[user:password@]host[:port]/name`` names.

        Raises:
            SettingsError: The address names no index, or one that Elasticsearch does not allow.
        """
        client, name, location = connect(url, settings)
        return cls(client, name, location, settings=settings)

    def __repr__(self) -> str:
        """Without credentials."""
        return f"ElasticsearchStore({self.location!r})"

    def profile(self) -> ArchiveProfile | None:
        """The archive's profile, or None where there is no archive yet."""
        found = self._index_and_meta()
        return self._profile_of(found[1]) if found else None

    def create(self, profile: ArchiveProfile) -> None:
        """Make an empty archive; no effect where one with the same profile exists."""
        existing = self.profile()
        if existing is None:
            name, part = self._name, bodies.ARTICLES
            body = bodies.index_body(profile, archive=name) | {"aliases": {name: {}}}
            first = generations.generation_name(name, generations.FIRST)
            self._beside.make()
            with self._errors():
                make_index(self._writing, first, body, archive=name, part=part)
            self._beside.clear(notes.KIND)  # of an archive that is gone
            existing = self.profile()
        if existing is not None and existing != profile:
            raise mismatch(self.location, existing, profile)

    def upsert(
        self,
        entries: Sequence[Entry],
        *,
        made: ArchiveProfile | None = None,
        replacing: Mapping[str, str] | None = None,
    ) -> WriteReport:
        """Write whole articles in bulk; each is kept once Elasticsearch has confirmed it."""
        profile = self._required_profile()
        if made is not None and made != profile:
            raise mismatch(self.location, profile, made)
        latest = {bodies.document_id(entry.article.id): entry for entry in entries}
        for entry in latest.values():
            check_vectors(entry, profile.encoder.dimension)
        barred = self._barred(latest)
        wanted = {key: entry for key, entry in latest.items() if key not in barred}
        outdated: set[str] = set()
        versions: dict[str, dict[str, Any]] = {}
        # A generation's articles have their addresses already, and so has what is only deepened.
        claims = Claims({}, {}, {})
        if replacing is not None:
            versions = self._versions(wanted, replacing)
            outdated = wanted.keys() - versions.keys()
        elif self._index is None:
            claims = self._claimed(wanted)
        actions = (
            {"_id": key, **versions.get(key, {}), "_source": bodies.document(entry, profile)}
            for key, entry in wanted.items()
            if key not in outdated and entry.article.id not in claims.taken
        )
        written, failures = {}, []
        for done, _, item in self._bulk(actions):
            id_ = latest[item["_id"]].article.id
            if done:
                written[id_] = item
            elif item["status"] == CONFLICT:
                outdated.add(item["_id"])
            elif bodies.made_field(profile) in reason_of(item):
                raise mismatch(self.location, self._required_profile(), profile)
            else:
                failures.append((id_, reason_of(item)))
        lost = self._unconfirmed(claims, written)
        # What was taken down while it was being written must not stay.
        late = self._barred({key: wanted[key] for key in map(bodies.document_id, written)})
        if late:
            self.delete([latest[key].article.id for key in late])
        # Whoever has its address by now may lose it too, or die: only asking again tells.
        again = WriteReport(())
        if lost:
            again = self.upsert([latest[bodies.document_id(id_)] for id_ in lost], made=made)
        gone = {bodies.document_id(id_) for id_ in lost} | late
        return WriteReport(
            (*(id_ for id_ in written if bodies.document_id(id_) not in gone), *again.written),
            (*failures, *again.failures),
            barred=(
                *(latest[key].article.id for key in latest if key in barred | late),
                *(id_ for id_ in again.barred if bodies.document_id(id_) not in late),
            ),
            outdated=tuple(latest[key].article.id for key in latest if key in outdated),
            taken=(*claims.taken.items(), *again.taken),
        )

    def delete(self, ids: Sequence[str]) -> int:
        """Remove articles; how many were there."""
        self._existing()
        unique = list(dict.fromkeys(ids))
        actions = [{"_op_type": "delete", "_id": bodies.document_id(id_)} for id_ in unique]
        with self._errors():
            items = change(
                self._writing,
                actions,
                index=self._target,
                location=self.location,
                require_alias=self._index is None,
            )
        if self._index is None:  # a generation shares what is kept beside the archive
            # Last: what is cut off before is found again by whoever gives the same command.
            forget_articles(self, unique)
            self._addresses.forget(unique)
        return sum(item.get("result") == "deleted" for item in items)

    def flush(self) -> None:
        """Refresh, so that searches see what was written."""
        with self._errors():
            self._writing.indices.refresh(index=self._target)

    def articles(self, ids: Sequence[str]) -> dict[str, Article]:
        """Those of the ids that are kept."""
        articles = [Article.from_json(s["article"]) for s in self._get(ids, ["article"])]
        return {article.id: article for article in articles}

    def outlines(self, ids: Sequence[str]) -> dict[str, Outline]:
        """Those of the ids that are kept, without their text."""
        fields = [f"article.{field.name}" for field in fields_of(Outline)]
        found: dict[str, Outline] = {}
        for start in range(0, len(ids), _OUTLINES):
            for source in self._get(ids[start : start + _OUTLINES], fields):
                article = source["article"] | {"authors": tuple(source["article"]["authors"])}
                found[article["id"]] = Outline(**article)
        return found

    def kept(self, ids: Sequence[str]) -> dict[str, Kept]:
        """Those of the ids that are kept, in short."""
        found = self._get(ids, ["id", "hash", "shallow", "day"])
        return {
            s["id"]: Kept(s["id"], s["hash"], bool(s.get("shallow")), s.get("day")) for s in found
        }

    def ids_at(self, keys: Sequence[str]) -> dict[str, str]:
        """Addresses → id of the article that has it."""
        holders = self._addresses.holders(keys)
        with self._errors():
            having = self._having(holders)
        return {key: id_ for key, id_ in holders.items() if key in having}

    def listing(self, *, addresses: Sequence[str] | None = None) -> Iterator[Kept]:
        """Everything that is kept, or is from one of the addresses, in short, by ascending id."""
        self._existing()
        asked = None if addresses is None else {"terms": {"key": list(addresses)}}
        with self._errors():
            self._writing.indices.refresh(index=self._target)
            yield from generations.listing(self._writing, self._target, asked)

    def stream(
        self, *, lang: str | None = None, filters: Filters | None = None
    ) -> Iterator[Article]:
        """All articles that pass the filters, by ascending id."""
        self._existing()
        query = {"bool": {"filter": bodies.conditions(lang, filters or Filters())}}
        with self._errors():
            hits = scan(
                self._writing,
                self._target,
                query=query,
                sort=[{"id": "asc"}],
                size=_PAGE,
                source=["article"],
            )
            for hit in hits:
                yield Article.from_json(hit["_source"]["article"])

    def vectors(self, ids: Sequence[str]) -> dict[str, FloatArray]:
        """The model's own vectors of those of the ids that are kept, by position."""
        made = self._required_profile()
        wanted = [bodies.document_id(id_) for id_ in dict.fromkeys(ids)]
        found: dict[str, FloatArray] = {}
        with self._errors():
            for start in range(0, len(wanted), _PAGE):
                batch = wanted[start : start + _PAGE]
                # One is for a reader who waits; many are for whoever links them.
                client = self._searching if len(wanted) == 1 else self._writing
                answer = client.search(
                    index=self._target,
                    query={"ids": {"values": batch}},
                    size=len(batch),
                    source=self._with_vectors(["id", "passages"]),
                )
                for hit in answer["hits"]["hits"]:
                    found[hit["_source"]["id"]] = bodies.vectors_of(hit["_source"], made)
        return found

    def sizes(self) -> dict[str, int]:
        """Articles by language."""
        languages = {"langs": {"terms": {"field": "lang", "size": 100}}}
        with self._errors():
            found = self._searching.search(index=self._target, size=0, aggs=languages)
        return {b["key"]: b["doc_count"] for b in found["aggregations"]["langs"]["buckets"]}

    def find(self, lookups: Sequence[Lookup]) -> list[list[Candidate]]:
        """Run lookups as one ``_msearch``."""
        asked = [lookup for lookup in lookups if _finds_something(lookup)]
        answers: Iterator[list[Candidate]] = iter(self._searches(asked) if asked else [])
        return [next(answers) if _finds_something(lookup) else [] for lookup in lookups]

    def stories(self, lookup: StoryLookup) -> Stories:
        """Find what may answer a query, in one search."""
        with self._errors():
            found = self._searching.search(
                index=self._target,
                include_named_queries_score=True,
                **bodies.stories_body(lookup),
            )
        self._check_whole(found.body)
        return bodies.stories_of(found["hits"]["hits"], lookup)

    def alike(self, words: Sequence[str]) -> dict[str, dict[str, int]]:
        """Find the archive's words that are spelled like each of some folded ones."""
        with self._errors():
            found = self._searching.search(index=self._target, **bodies.alike_body(words))
        self._check_whole(found.body)
        return bodies.alike_of(found.body, words)

    def entries(self) -> Iterator[Entry]:
        """Everything that is kept at the moment of the first step, by ascending id."""
        made = self._required_profile()
        with self._errors():
            hits = scan(
                self._writing,
                self._target,
                sort=[{"id": "asc"}],
                size=_PAGE,
                source=self._with_vectors(),
            )
            for hit in hits:
                yield bodies.entry_of(hit["_source"], made)

    def stats(self) -> StoreStats:
        """Count what is kept."""
        self._existing()
        with self._errors():
            found = self._searching.search(
                index=self._target, size=0, aggs=bodies.stats_aggregations()
            )
            sizes = self._searching.indices.stats(index=self._target, metric="store")
        return bodies.stats_of(
            found["aggregations"],
            bytes_used=sizes["_all"]["primaries"]["store"]["size_in_bytes"],
            tombstones=self.records.count(TOMBSTONE),
        )

    @contextmanager
    def lease(self, purpose: str, *, of: Leased = "archive") -> Iterator[Callable[[], None]]:
        """Keep everybody else from rewriting the archive, or its links."""
        self._existing()
        held = Lease(self._beside, self.location, purpose, of)
        held.acquire()
        try:
            yield held.check
        finally:
            with suppress(StoreError):  # else it runs out by itself
                held.release()

    @contextmanager
    def rebuild(
        self, profile: ArchiveProfile, *, fresh: bool = False
    ) -> Iterator[ElasticsearchStore]:
        """Fill a new index, then move the alias to it and drop the old one in one step."""
        with self.lease("a re-embedding") as check:
            old, _ = self._existing()
            with self._errors():
                new = generations.begin(self._writing, self._name, old, profile, fresh=fresh)
            yield ElasticsearchStore(
                self._writing, self._name, self.location, settings=self._settings, index=new
            )
            with self._errors():
                generations.swap(
                    self._writing,
                    ElasticsearchStore(
                        self._writing, self._name, self.location, settings=self._settings, index=new
                    ),
                    profile,
                    archive=self._name,
                    old=old,
                    new=new,
                    check=check,
                )

    def drop(self) -> None:
        """Delete the archive for good."""
        found = self._index_and_meta()
        if found is not None:
            old, _ = found
            with self._errors():
                for index in generations.unfinished(self._writing, self._name, old):
                    drop_index(self._writing, index, archive=self._name, part=bodies.ARTICLES)
                drop_index(self._writing, old, archive=self._name, part=bodies.ARTICLES)
        self._beside.drop()

    def close(self) -> None:
        """Close the connections."""
        self._searching.close()
        self._writing.close()

    @property
    def _target(self) -> str:
        return self._index or self._name

    def _errors(self) -> Any:
        return driver_errors(self.location, self._settings)

    def _required_profile(self) -> ArchiveProfile:
        return self._profile_of(self._existing()[1])

    def _profile_of(self, meta: Mapping[str, Any]) -> ArchiveProfile:
        try:
            return ArchiveProfile.from_json(meta)
        except ValueError as error:
            raise StoreError(
                f"{self.location} is damaged: what it says of its encoder cannot be read ({error})."
                f" Mend it with: songngu reembed --archive {self.location}"
            ) from error

    def _existing(self) -> tuple[str, dict[str, Any]]:
        found = self._index_and_meta()
        if found is None:
            raise missing(self.location)
        return found

    def _index_and_meta(self) -> tuple[str, dict[str, Any]] | None:
        """The name of the index and what it says of itself; None where there is no archive.

        Raises:
            StoreError: What has the archive's name is none, or a part of another one, or of
                another format, or does not say what it is.
        """
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
        [(name, index)] = indices.items()
        meta = says(index["mappings"])
        anew = (
            f"elete the index {name}, and make it anew: songngu index SOURCE…"
            f" --archive {self.location}"
        )
        if meta is None:
            raise StoreError(
                f"The index at {self.location} is not a Songngu archive. Name another one; if it"
                f" was one before somebody changed its _meta, d{anew}"
            )
        if meta.get("format") != bodies.FORMAT:
            raise StoreError(
                f"{self.location} was made by another version of Songngu: its format is"
                f" {meta.get('format')}, this version's {bodies.FORMAT}. Delete its"
                f" indices, {self._name}~*, and make it anew: songngu index SOURCE… --archive"
                f" {self.location}"
            )
        owner = meta.get("archive")
        if not isinstance(owner, str) or meta.get("part") != bodies.ARTICLES:
            raise StoreError(
                f"{self.location} is damaged: its index does not say whose part it is. D{anew}"
            )
        if owner != self._name or name == self._name:
            place = self.location.rpartition("/")[0]
            raise StoreError(
                f"{self.location} leads to {name}, which is a part of the archive {owner}."
                f" Use {place}/{owner}."
            )
        return name, meta

    def _barred(self, entries: Mapping[str, Entry]) -> set[str]:
        """Keys of the entries that were taken down."""
        names = {key: names_of(entry.article) for key, entry in entries.items()}
        stones = Ledger(self).tombstones([n for found in names.values() for n in found])
        return {key for key, found in names.items() if any(name in stones for name in found)}

    def _versions(
        self, entries: Mapping[str, Entry], replacing: Mapping[str, str]
    ) -> dict[str, dict[str, Any]]:
        """Conditions under which documents are still what is to be replaced."""
        if not entries:
            return {}
        with self._errors():
            found = self._searching.mget(
                index=self._target, ids=list(entries), source_includes=["hash"]
            )
        return {
            doc["_id"]: unchanged_since(doc)
            for doc in found["docs"]
            if doc.get("found")
            and doc["_source"]["hash"] == replacing.get(entries[doc["_id"]].article.id)
        }

    def _having(self, wanted: Mapping[str, str]) -> set[str]:
        """Those of the addresses that the articles named beside them have now."""
        if not wanted:
            return set()
        keys = list(wanted)
        found = self._writing.mget(
            index=self._target,
            ids=[bodies.document_id(wanted[key]) for key in keys],
            source_includes=["key"],
        )
        return {
            key
            for key, doc in zip(keys, found["docs"], strict=True)
            if doc.get("found") and doc["_source"].get("key") == key
        }

    def _claimed(self, wanted: Mapping[str, Entry]) -> Claims:
        """Claim the addresses of articles that are about to be written."""
        askers: dict[str, list[str]] = {}
        for entry in wanted.values():
            key = article_key(entry.article.url)
            if key is not None:
                askers.setdefault(key, []).append(entry.article.id)
        # Of several in one batch the one goes first that has the address already.
        holders = self._addresses.holders([key for key, ids in askers.items() if len(ids) > 1])
        addresses = {
            key: holders[key] if holders.get(key) in ids else ids[0] for key, ids in askers.items()
        }
        with self._errors():
            held, claims = self._addresses.claim(addresses, having=self._having)
        taken = {
            id_: held.get(key, addresses[key])
            for key, ids in askers.items()
            for id_ in ids
            if key in held or id_ != addresses[key]
        }
        return Claims(addresses, claims, taken)

    def _unconfirmed(self, claims: Claims, written: Mapping[str, Mapping[str, Any]]) -> list[str]:
        """Ids of articles that lost their address to another one meanwhile, and are gone again."""
        mine = {key: id_ for key, id_ in claims.addresses.items() if id_ in written}
        lost = self._addresses.confirm(mine, claims.records)
        with self._errors():
            change(
                self._writing,
                [
                    {
                        "_op_type": "delete",
                        "_id": written[mine[key]]["_id"],
                        **unchanged_since(written[mine[key]]),
                    }
                    for key in lost
                ],
                index=self._target,
                location=self.location,
                passing=(CONFLICT,),
            )
        return [mine[key] for key in lost]

    def _bulk(self, actions: Iterator[dict[str, Any]]) -> Iterator[tuple[bool, str, Any]]:
        with self._errors():
            yield from bulk(
                self._writing,
                actions,
                index=self._target,
                location=self.location,
                require_alias=self._index is None,
            )

    def _get(self, ids: Sequence[str], fields: list[str]) -> list[dict[str, Any]]:
        if not ids:
            self._existing()
            return []
        wanted = [bodies.document_id(id_) for id_ in dict.fromkeys(ids)]
        with self._errors():
            found = self._searching.mget(index=self._target, ids=wanted, source_includes=fields)
        for doc in found["docs"]:
            if "error" in doc:
                raise search_error(doc["error"], 0, self.location)
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
                raise search_error(answer["error"], answer["status"], self.location)
            self._check_whole(answer)
            hits = answer["hits"]["hits"]
            if isinstance(lookup, NearestLookup):
                found.append(bodies.nearest_candidates(hits, lookup.k))
            else:
                found.append(bodies.word_candidates(hits, lookup.k))
        return found

    def _check_whole(self, answer: Mapping[str, Any]) -> None:
        """Raise StoreUnavailableError where an answer is of a part of the archive."""
        if answer["timed_out"] or answer["_shards"]["failed"]:
            raise StoreUnavailableError(
                f"Part of {self.location} did not answer. Check the cluster's health and try again."
            )


def _finds_something(lookup: Lookup) -> bool:
    if lookup.scope.ids == ():
        return False
    return isinstance(lookup, NearestLookup) or bool(lookup.terms or lookup.scope.phrases)
