"""Documents → articles → passages → vectors → archive, in batches that are kept or not at all."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, replace
from itertools import islice
from typing import Any, Literal

import numpy as np

from indexer.articles import to_article
from indexer.linking.linker import LinkReport
from indexer.passages import CountTokens, opening, passage_text, split
from indexer.sources import Failure, RawDocument
from search.addresses import article_key
from search.archive import Archive
from search.encoders.base import Encoder
from search.errors import NotAnArticleError, SourceError, StoreError
from search.ranking.profile import archive_profile
from search.records import Article, Passage
from search.stores.base import Entry, analysed, hashes_of, names_of
from search.stores.ledger import Ledger
from search.vocabulary import ArchiveCounts

Done = Literal["added", "updated", "unchanged"]
_Read = tuple[Article, RawDocument]
_Embedded = tuple[Entry, RawDocument]

BATCH = 64
"""Documents that are read, embedded and written together: what a kill can cost at most."""

_LONGEST_COLLECTING_S = 10.0
"""What was fetched is searchable soon, however long the rest of a feed takes."""


@dataclass(frozen=True, slots=True)
class DocumentProblem:
    """A document that was not indexed, or not entirely as it was given.

    Attributes:
        kind: "failed", "skipped" or "warning".
        file, line: Where it stands; line is None for whole files.
    """

    kind: str
    file: str
    line: int | None
    reason: str

    def to_json(self) -> dict[str, Any]:
        """Write one line of the error file."""
        return asdict(self)


@dataclass
class Report:
    """What a run did; counts grow while it goes on.

    Attributes:
        added, updated, unchanged, skipped, failed: Documents, each counted once.
        passages: Embedded and written in this run.
        held: Source (``indexer.sources.origins``) → ids of the archive's articles that it holds.
        links: What linking found after it; None where it was not reached, or had nothing to do.
    """

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    failed: int = 0
    passages: int = 0
    seconds: float = 0.0
    warnings: int = 0
    interrupted: bool = False
    held: dict[str, set[str]] = field(default_factory=dict, repr=False)
    links: LinkReport | None = None

    @property
    def documents(self) -> int:
        """Documents dealt with so far."""
        return self.added + self.updated + self.unchanged + self.skipped + self.failed

    @property
    def changed(self) -> int:
        """Articles written so far."""
        return self.added + self.updated

    def to_json(self) -> dict[str, Any]:
        """Write the report that ``songngu index --json`` prints."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "held"}
        values["seconds"] = round(self.seconds, 2)
        values["links"] = self.links.to_json() if self.links else None
        return values


@dataclass
class Indexer:
    """Fills an archive.

    Attributes:
        on_problem: Told of every document that is not indexed as given.
        on_progress: Told of the report whenever documents are done.
        only_opening: Embed one passage of each article; ``indexer.upkeep`` adds the others.
        only_count: Change nothing; the report says what would be done.
        on_done: Told of every document that is in the archive now: the id of its article, and
            "added", "updated" or "unchanged".
    """

    archive: Archive
    on_problem: Callable[[DocumentProblem], None]
    on_progress: Callable[[Report], object]
    only_opening: bool = False
    only_count: bool = False
    on_done: Callable[[RawDocument, str, Done], object] = lambda *_: None
    report: Report = field(default_factory=Report)
    _seen: dict[str, str] = field(default_factory=dict)
    _addresses: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._counts = ArchiveCounts(self.archive.store)

    def run(self, documents: Iterable[RawDocument | Failure]) -> Report:
        """Index documents until there are no more.

        Raises:
            StoreError: The archive fails; what the report says was added is kept.
            KeyboardInterrupt: As usual, after the archive was put in order.
        """
        began = time.perf_counter()
        waiting = iter(documents)
        try:
            while batch := list(_batch(waiting)):
                self._batch(batch)
                self.report.seconds = time.perf_counter() - began
                self.on_progress(self.report)
        except BaseException:
            with suppress(StoreError):  # what went wrong first is what has to be told
                self._counts.save()
                self.archive.store.flush()
            raise
        finally:
            self.report.seconds = time.perf_counter() - began
        self._counts.save()
        self.archive.store.flush()
        self.report.seconds = time.perf_counter() - began
        return self.report

    def _batch(self, documents: Sequence[RawDocument | Failure]) -> None:
        read = list(self._known_by_address(list(self._read(documents))))
        read = list(self._once(self._let_in(read)))
        known = hashes_of(self.archive.store, [article.id for article, _ in read])
        changed = {
            article.id: (article, document)
            for article, document in reversed(read)  # of equal ones the first stands for all
            if known.get(article.id) != article.content_hash
        }
        new = list(reversed(changed.values()))
        chosen = {id(document) for _, document in new}
        for article, document in read:
            if id(document) not in chosen:
                self._done("unchanged", article.id, document)
        if self.only_count:
            updated = sum(article.id in known for article, _ in new)
            self.report.updated += updated
            self.report.added += len(new) - updated
            return
        self._bring(read)
        if new:
            self._write(new, known)

    def _write(self, new: Sequence[_Read], known: Mapping[str, str]) -> None:
        articles = [article for article, _ in new]
        entries = embedded(articles, self.archive.encoder, only_opening=self.only_opening)
        read = [(entry, document) for entry, (_, document) in zip(entries, new, strict=True)]
        taken = self._keep(read, known)
        if taken:
            # Somebody else was first at these addresses: they go on as if they had come later.
            moved = list(self._under_holders(taken))
            self._bring([(entry.article, document) for entry, document in moved])
            there = hashes_of(self.archive.store, [entry.article.id for entry, _ in moved])
            changed = [
                (entry, document)
                for entry, document in moved
                if there.get(entry.article.id) != entry.article.content_hash
            ]
            chosen = {id(document) for _, document in changed}
            for entry, document in moved:
                if id(document) not in chosen:
                    self._done("unchanged", entry.article.id, document)
            for _, document in self._keep(changed, there):
                reason = "others write to its address at this moment; index it again"
                self._problem("failed", document, reason)

    def _keep(self, read: Sequence[_Embedded], known: Mapping[str, str]) -> Sequence[_Embedded]:
        """Write articles and count the outcome; returns those whose address another one has.

        Args:
            known: Content hashes of those that the archive has.
        """
        entries = [entry for entry, _ in read]
        made = archive_profile(self.archive.encoder)
        written = self.archive.store.upsert(entries, made=made)
        kept, barred, taken = set(written.written), set(written.barred), dict(written.taken)
        reasons = dict(written.failures)
        for entry, document in read:
            id_ = entry.article.id
            if id_ in barred:
                self._problem("skipped", document, "was taken down while it was being indexed")
            elif id_ in kept:
                self.report.passages += len(entry.passages)
                self._counts.add(entry.article)
                self._done("updated" if id_ in known else "added", id_, document)
            elif id_ not in taken:
                reason = reasons.get(id_, "the archive did not take it; index it again")
                self._problem("failed", document, reason)
        return [(entry, document) for entry, document in read if entry.article.id in taken]

    def _under_holders(self, taken: Sequence[_Embedded]) -> Iterator[_Embedded]:
        """Give articles the ids of those that have their addresses now."""
        keys = {entry.article.id: article_key(entry.article.url) or "" for entry, _ in taken}
        holders = self.archive.store.ids_at(list(keys.values()))
        for entry, document in taken:
            key = keys[entry.article.id]
            article = replace(entry.article, id=holders.get(key, entry.article.id))
            self._addresses[key] = article.id
            self._seen.setdefault(article.id, article.content_hash)
            if document.origin.source is not None:
                self.report.held[document.origin.source].add(article.id)
            yield replace(entry, article=article), document

    def _read(self, documents: Sequence[RawDocument | Failure]) -> Iterator[_Read]:
        """Convert the documents of a batch to articles; count and report all others."""
        for document in documents:
            if isinstance(document, Failure):
                kind = "skipped" if document.skipped else "failed"
                self._count(kind)
                self.on_problem(
                    DocumentProblem(kind, document.file, document.line, document.reason)
                )
                continue
            try:
                converted = to_article(document)
            except SourceError as error:
                kind = "skipped" if isinstance(error, NotAnArticleError) else "failed"
                self._problem(kind, document, str(error))
                continue
            for warning in (*document.notes, *converted.warnings):
                self._problem("warning", document, warning)
            yield converted.article, document

    def _known_by_address(self, read: Sequence[_Read]) -> Iterator[_Read]:
        """Give articles the id under which the archive has their address already.

        One that is new or changed, and comes from an address that is known, is the article that has
        the address.
        """
        store = self.archive.store
        there = hashes_of(store, [article.id for article, _ in read])
        keys = [article_key(article.url) for article, _ in read]
        changed = [there.get(article.id) != article.content_hash for article, _ in read]
        strange = {key for key, new in zip(keys, changed, strict=True) if key and new}
        at = store.ids_at(sorted(strange - self._addresses.keys())) if strange else {}
        for key, new, (article, document) in zip(keys, changed, read, strict=True):
            id_ = article.id
            if key is not None:
                if new:
                    id_ = self._addresses.get(key) or at.get(key) or id_
                self._addresses.setdefault(key, id_)
            yield (article if id_ == article.id else replace(article, id=id_)), document

    def _let_in(self, read: Sequence[_Read]) -> Iterator[_Read]:
        """Pass on the articles that were not taken down."""
        names = [name for article, _ in read for name in names_of(article)]
        stones = Ledger(self.archive.store).tombstones(names)
        for article, document in read:
            stone = next((stones[n] for n in names_of(article) if n in stones), None)
            if stone is None:
                yield article, document
                continue
            because = f" ({stone.reason})" if stone.reason else ""
            self._problem(
                "skipped",
                document,
                f"was taken down on {stone.at[:10]}{because};"
                f" songngu delete --allow-again {stone.names[0]} lets it in",
            )

    def _once(self, read: Iterable[_Read]) -> Iterator[_Read]:
        """Pass on the first version of each article that comes in this run."""
        for article, document in read:
            if document.origin.source is not None:
                self.report.held.setdefault(document.origin.source, set()).add(article.id)
            first = self._seen.setdefault(article.id, article.content_hash)
            if first != article.content_hash:
                # Taking the last one instead would write both, again and again, on every run.
                reason = (
                    f"another article with the id {article.id} or its address came earlier;"
                    " that one is kept"
                )
                self._problem("skipped", document, reason)
                continue
            yield article, document

    def _bring(self, read: Sequence[_Read]) -> None:
        """Record the source of each article before it is written: a kill leaves none without."""
        brought: dict[str, list[str]] = {}
        for article, document in read:
            if document.origin.source is not None:
                brought.setdefault(document.origin.source, []).append(article.id)
        for source, ids in brought.items():
            Ledger(self.archive.store).bring(ids, source)

    def _done(self, result: Done, id_: str, document: RawDocument) -> None:
        setattr(self.report, result, getattr(self.report, result) + 1)
        self.on_done(document, id_, result)

    def _problem(self, kind: str, document: RawDocument, reason: str) -> None:
        self._count(kind)
        origin = document.origin
        self.on_problem(DocumentProblem(kind, origin.file, origin.line, reason))

    def _count(self, kind: str) -> None:
        if kind == "failed":
            self.report.failed += 1
        elif kind == "skipped":
            self.report.skipped += 1
        else:
            self.report.warnings += 1


def _batch(waiting: Iterator[RawDocument | Failure]) -> Iterator[RawDocument | Failure]:
    """Take the next documents: as many as are written together, fewer where they come slowly."""
    began = time.monotonic()
    for document in islice(waiting, BATCH):
        yield document
        if time.monotonic() - began > _LONGEST_COLLECTING_S:
            return


def embedded(
    articles: Sequence[Article], encoder: Encoder, *, only_opening: bool = False
) -> list[Entry]:
    """Cut articles into passages and embed them, all in one call so that batches are full.

    Args:
        only_opening: One passage for each; entries of longer articles are marked as shallow.
    """
    cut, complete = [], []
    for article in articles:
        cutting = opening if only_opening else _all_of
        passages, whole = cutting(
            article, count_tokens=encoder.count_tokens, max_tokens=encoder.max_tokens
        )
        cut.append(passages)
        complete.append(whole)
    texts = [
        passage_text(article, passage)
        for article, passages in zip(articles, cut, strict=True)
        for passage in passages
    ]
    vectors = encoder.encode_passages(texts)
    starts = np.cumsum([0, *map(len, cut)]).tolist()
    return [
        Entry(
            article,
            passages,
            vectors[start : start + len(passages)],
            analysed(article),
            shallow=not whole,
        )
        for article, passages, start, whole in zip(articles, cut, starts, complete, strict=False)
    ]


def _all_of(
    article: Article, *, count_tokens: CountTokens, max_tokens: int
) -> tuple[tuple[Passage, ...], bool]:
    return split(article, count_tokens=count_tokens, max_tokens=max_tokens), True
