"""Temporary archives to evaluate and calibrate on, filled from a folder in BEIR's format."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from indexer.pipeline import DocumentProblem, Indexer, Report
from indexer.sources import Origin, RawDocument
from search.addresses import is_server_address, without_secrets
from search.archive import Archive, open_archive
from search.errors import SettingsError, SourceError
from search.evaluation import read_rows
from search.ranking.profile import RankingProfile
from search.settings import Settings
from search.stores.base import Entry
from search.stores.sqlite.store import EmbeddedStore

_BATCH = 500


@contextmanager
def temporary_store(server: str | None, settings: Settings) -> Iterator[str]:
    """Give the name of an archive that is removed at the end.

    Args:
        server: http(s)://host:port of an Elasticsearch; None takes a file.

    Raises:
        SettingsError: ``server`` is no such address.
    """
    if server is None:
        with tempfile.TemporaryDirectory(prefix="songngu-evaluation-") as place:
            yield f"{place}/corpus.db"
        return
    if not is_server_address(server):
        raise SettingsError(
            f"{without_secrets(server)!r} is no address of an Elasticsearch. Write"
            " http://host:9200, or leave --store out for a temporary file."
        )
    name = f"{server.rstrip('/')}/songngu-evaluation-{uuid.uuid4().hex}"
    try:
        yield name
    finally:
        from search.stores.elasticsearch import ElasticsearchStore  # help does without it

        store = ElasticsearchStore.from_url(name, settings)
        store.drop()
        store.close()


@contextmanager
def filled_archive(
    folder: Path,
    settings: Settings,
    *,
    server: str | None = None,
    on_progress: Callable[[Report], object],
) -> Iterator[Archive]:
    """Fill an archive with a folder's corpus; it is removed at the end.

    Raises:
        SourceError: The corpus cannot be read, or an article of it was refused.
    """
    corpus = folder / "corpus.jsonl"
    problems: list[DocumentProblem] = []

    def documents() -> Iterator[RawDocument]:
        for line, row in enumerate(read_rows(corpus), 1):
            fields = {"id": row.get("_id"), "title": row.get("title"), "text": row.get("text")}
            fields["lang"] = (row.get("metadata") or {}).get("lang")
            yield RawDocument(Origin(str(corpus), line), fields=fields)

    with (
        temporary_store(server, settings) as place,
        open_archive(place, settings=settings) as archive,
    ):
        archive.create()
        report = Indexer(archive, problems.append, on_progress).run(documents())
        if report.failed or report.skipped:
            first = next(p for p in problems if p.kind != "warning")
            raise SourceError(
                f"{report.failed + report.skipped} articles of {corpus} were refused; measures"
                f" would be wrong. The first: line {first.line}: {first.reason}"
            )
        yield archive


@contextmanager
def ranked_by(
    archive: Archive, profile: RankingProfile, entries: Iterable[Entry] | None = None
) -> Iterator[Archive]:
    """Copy an archive, to be ranked by another profile. Nothing is embedded again.

    The copy is removed at the end. A profile without a direction compares the model's own vectors.

    Args:
        entries: What is copied; None copies all.
    """
    with (
        tempfile.TemporaryDirectory(prefix="songngu-trial-") as place,
        Archive(
            EmbeddedStore(f"{place}/copy.db"),
            archive.settings,
            encoder=archive.encoder,
            profile=profile,
        ) as copy,
    ):
        copy.create()
        waiting = iter(archive.store.entries() if entries is None else entries)
        while batch := list(islice(waiting, _BATCH)):
            copy.store.upsert(batch)
        copy.store.flush()
        yield copy
