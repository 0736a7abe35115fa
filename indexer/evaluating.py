"""An archive for the time of one evaluation, filled from a folder in BEIR's format."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from indexer.pipeline import Indexer, Problem, Report
from indexer.sources import Origin, RawDocument
from search.engine import Archive, open_archive
from search.errors import SourceError
from search.evaluation import read_rows
from search.settings import Settings


@contextmanager
def filled_archive(
    folder: Path, settings: Settings, *, on_progress: Callable[[Report], object]
) -> Iterator[Archive]:
    """An archive of a folder's corpus, in a temporary file that is removed at the end.

    Raises:
        SourceError: The corpus cannot be read, or an article of it was refused.
    """
    corpus = folder / "corpus.jsonl"
    problems: list[Problem] = []

    def documents() -> Iterator[RawDocument]:
        for line, row in enumerate(read_rows(corpus), 1):
            fields = {"id": row.get("_id"), "title": row.get("title"), "text": row.get("text")}
            fields["lang"] = (row.get("metadata") or {}).get("lang")
            yield RawDocument(Origin(str(corpus), line), fields=fields)

    with tempfile.TemporaryDirectory(prefix="songngu-evaluation-") as place:
        archive = open_archive(f"{place}/corpus.db", settings=settings)
        try:
            archive.create()
            report = Indexer(archive, problems.append, on_progress).run(documents())
            if report.failed or report.skipped:
                first = next(p for p in problems if p.kind != "warning")
                raise SourceError(
                    f"{report.failed + report.skipped} articles of {corpus} were refused; measures"
                    f" would be wrong. The first: line {first.line}: {first.reason}"
                )
            yield archive
        finally:
            archive.close()
