"""Documents → articles → passages → vectors → archive, in batches that are kept or not at all."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any

import numpy as np

from indexer.articles import to_article
from indexer.linking import LinkReport
from indexer.passages import passage_text, split
from indexer.sources import Failure, RawDocument
from search.encoders.base import Encoder
from search.engine import Archive
from search.errors import SourceError, StoreError
from search.languages import LANGUAGES
from search.records import Article
from search.stores.base import Entry

BATCH = 64
"""Documents that are read, embedded and written together: what a kill can cost at most."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that was read and not indexed, or not entirely as it was given.

    Attributes:
        kind: "failed", "skipped" or "warning".
        file, line: Where it stands; line is None for whole files.
    """

    kind: str
    file: str
    line: int | None
    reason: str

    def to_json(self) -> dict[str, Any]:
        """One line of the error file."""
        return asdict(self)


@dataclass
class Report:
    """What a run did; counts grow while it goes on.

    Attributes:
        added, updated, unchanged, skipped, failed: Documents, each counted once.
        passages: Embedded and written in this run.
        links: What linking found after it; None where it was not reached.
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
    links: LinkReport | None = None

    @property
    def documents(self) -> int:
        """Documents dealt with so far."""
        return self.added + self.updated + self.unchanged + self.skipped + self.failed

    def to_json(self) -> dict[str, Any]:
        """The report that ``songngu index --json`` prints."""
        values = asdict(self)
        values["seconds"] = round(self.seconds, 2)
        return values


@dataclass
class Indexer:
    """Fills an archive.

    Attributes:
        on_problem: Told of every document that is not indexed as given.
        on_progress: Told of the report whenever documents are done.
    """

    archive: Archive
    on_problem: Callable[[Problem], None]
    on_progress: Callable[[Report], object]
    report: Report = field(default_factory=Report)
    _seen: dict[str, str] = field(default_factory=dict)

    def run(self, documents: Iterable[RawDocument | Failure]) -> Report:
        """Index documents until there are no more.

        Raises:
            StoreError: The archive fails; what the report says was added is kept.
            KeyboardInterrupt: As usual, after the archive was put in order.
        """
        began = time.perf_counter()
        waiting = iter(documents)
        try:
            while batch := list(islice(waiting, BATCH)):
                self._batch(batch)
                self.report.seconds = time.perf_counter() - began
                self.on_progress(self.report)
        except BaseException:
            with suppress(StoreError):  # what went wrong first is what has to be told
                self.archive.store.flush()
            raise
        finally:
            self.report.seconds = time.perf_counter() - began
        self.archive.store.flush()
        self.report.seconds = time.perf_counter() - began
        return self.report

    def _batch(self, documents: Sequence[RawDocument | Failure]) -> None:
        read = list(self._read(documents))
        known = self.archive.store.hashes([article.id for article, _ in read])
        changed = {
            article.id: (article, document)
            for article, document in reversed(read)  # of equal ones the first stands for all
            if known.get(article.id) != article.content_hash
        }
        new = list(reversed(changed.values()))
        self.report.unchanged += len(read) - len(new)
        if not new:
            return
        entries = embedded([article for article, _ in new], self.archive.encoder)
        written = self.archive.store.upsert(entries)
        self.report.passages += sum(
            len(entry.passages) for entry in entries if entry.article.id in written.written
        )
        reasons = dict(written.failures)
        kept = set(written.written)
        for article, document in new:
            if article.id not in kept:
                reason = reasons.get(article.id, "the archive did not take it; index it again")
                self._problem("failed", document, reason)
            elif article.id in known:
                self.report.updated += 1
            else:
                self.report.added += 1

    def _read(
        self, documents: Sequence[RawDocument | Failure]
    ) -> Iterator[tuple[Article, RawDocument]]:
        """Articles of a batch; every other document is counted and reported."""
        for document in documents:
            if isinstance(document, Failure):
                kind = "skipped" if document.skipped else "failed"
                self._count(kind)
                self.on_problem(Problem(kind, document.file, document.line, document.reason))
                continue
            try:
                converted = to_article(document)
            except SourceError as error:
                self._problem("failed", document, str(error))
                continue
            article = converted.article
            first = self._seen.setdefault(article.id, article.content_hash)
            if first != article.content_hash:
                # Taking the last one instead would write both, again and again, on every run.
                reason = f"another article with the id {article.id} came earlier; that one is kept"
                self._problem("skipped", document, reason)
                continue
            for warning in converted.warnings:
                self._problem("warning", document, warning)
            yield article, document

    def _problem(self, kind: str, document: RawDocument, reason: str) -> None:
        self._count(kind)
        origin = document.origin
        self.on_problem(Problem(kind, origin.file, origin.line, reason))

    def _count(self, kind: str) -> None:
        if kind == "failed":
            self.report.failed += 1
        elif kind == "skipped":
            self.report.skipped += 1
        else:
            self.report.warnings += 1


def embedded(articles: Sequence[Article], encoder: Encoder) -> list[Entry]:
    """Cut and embed: one call for all passages, so that the encoder can batch them well."""
    cut = [
        split(article, count_tokens=encoder.count_tokens, max_tokens=encoder.max_tokens)
        for article in articles
    ]
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
            LANGUAGES[article.lang].forms(title=article.title, body=article.body),
        )
        for article, passages, start in zip(articles, cut, starts, strict=False)
    ]
