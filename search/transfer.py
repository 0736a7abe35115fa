"""Copies an archive with its vectors into another one: the way from a file to a cluster."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from search.archive import open_store
from search.errors import ArchiveMissingError, StoreError
from search.progress import progress_bar
from search.settings import Settings
from search.stores.base import Entry, Kept, Store
from search.stores.ledger import Ledger
from search.stores.links import Links
from search.vocabulary import carry

_BATCH = 500


@dataclass(frozen=True, slots=True)
class CopyReport:
    """What a copy has done.

    Attributes:
        unchanged: Articles that the destination held already with the same content.
        barred: Articles that were taken down in the destination.
        taken: (article id, id of another article that has its address in the destination) of those
            that were left out.
        failures: (article id, reason).
    """

    copied: int
    unchanged: int
    barred: int
    taken: tuple[tuple[str, str], ...]
    failures: tuple[tuple[str, str], ...]
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """The report that ``songngu copy --json`` prints."""
        return asdict(self)


def copy_archive(source: str, destination: str, *, settings: Settings) -> CopyReport:
    """Copy all articles with their passages, vectors, analysed text, sources and links.

    Raises:
        ArchiveMissingError: There is nothing at ``source``.
        ArchiveMismatchError: ``destination`` was made with another encoder.
        StoreError: Source and destination are the same place, or one of them fails.
    """
    began = time.perf_counter()
    with (
        closing(open_store(source, settings)) as origin,
        closing(open_store(destination, settings)) as target,
    ):
        if _place(origin) == _place(target):
            raise StoreError(
                "The source and the destination are the same archive. Name two places."
            )
        profile = origin.profile()
        if profile is None:
            raise ArchiveMissingError(f"There is no archive at {origin.location} to copy from.")
        target.create(profile)
        # First of all: what was taken down is not to come back by way of a copy.
        Ledger(target).bar(list(dict.fromkeys(Ledger(origin).tombstones().values())))
        copied = unchanged = barred = 0
        taken: list[tuple[str, str]] = []
        failures: list[tuple[str, str]] = []
        total = sum(origin.stats().articles.values())
        with progress_bar(total=total, unit="article", desc="Copying") as progress:
            for batch in _batches(origin.entries()):
                there = target.kept([entry.article.id for entry in batch])
                new = [entry for entry in batch if not _same(entry, there.get(entry.article.id))]
                report = target.upsert(new, made=profile)
                copied += len(report.written)
                barred += len(report.barred)
                unchanged += len(batch) - len(new)
                taken += report.taken
                failures += report.failures
                there_now = {*there, *report.written}
                copied_now = [entry for entry in batch if entry.article.id in there_now]
                _copy_sources(origin, target, [entry.article.id for entry in copied_now])
                _copy_links(copied_now, Links(origin), Links(target))
                progress.update(len(batch))
        target.flush()
        carry(origin, target)
    seconds = time.perf_counter() - began
    return CopyReport(copied, unchanged, barred, tuple(taken), tuple(failures), seconds)


def _same(entry: Entry, there: Kept | None) -> bool:
    """Check that the destination has the same article with no fewer passages."""
    return (
        there is not None
        and there.hash == entry.article.content_hash
        and (entry.shallow or not there.shallow)
    )


def _copy_sources(origin: Store, target: Store, ids: Sequence[str]) -> None:
    """Copy the names of the sources that brought the articles, so that the copy can be synced."""
    brought: dict[str, list[str]] = {}
    for id_, sources in Ledger(origin).origins(ids).items():
        for source in sources:
            brought.setdefault(source, []).append(id_)
    for source, articles in brought.items():
        Ledger(target).bring(articles, source)


def _copy_links(batch: Sequence[Entry], origin: Links, target: Links) -> None:
    """Copy the link records of articles, except where the destination has one already.

    Where both archives hold articles that the other lacks, their groups and counterparts are those
    of the source until `songngu link` is run on the destination.
    """
    ids = [entry.article.id for entry in batch]
    hashes = {entry.article.id: entry.article.content_hash for entry in batch}
    there = target.records(ids)
    target.put(
        [
            record
            for id_, record in origin.records(ids).items()
            if record.hash == hashes[id_] and id_ not in there
        ]
    )


def _place(store: Store) -> str:
    """Name the place of an archive in one way: a path can be written in several, or be a link."""
    return store.location if "://" in store.location else str(Path(store.location).resolve())


def _batches(entries: Iterator[Entry]) -> Iterator[list[Entry]]:
    while batch := list(islice(entries, _BATCH)):
        yield batch
