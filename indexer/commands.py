"""Subcommands that embed articles: index, reembed, evaluate."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TextIO, cast

import click
from tqdm import tqdm

from indexer.evaluating import filled_archive
from indexer.linking_command import link_with_progress, summary
from indexer.pipeline import Indexer, Problem, Report
from indexer.reembedding import reembed as embed_again
from indexer.sources import count_documents, open_sources
from indexer.sources.folders import ERROR_FILE
from search.cli import archive_options
from search.encoders import load_encoder
from search.engine import Archive, open_archive, open_store
from search.errors import StoreError
from search.evaluation import evaluate as measure
from search.evaluation import read_judged
from search.records import MODES, Mode, Query
from search.settings import Settings

_SHOWN = 5


@click.command()
@click.argument("sources", nargs=-1, required=True)
@archive_options
@click.option(
    "--errors",
    metavar="FILE",
    default=ERROR_FILE,
    show_default=True,
    help="Where every document that could not be indexed is listed, with the reason.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def index(
    sources: Sequence[str], archive: str | None, encoder: str | None, errors: str, *, as_json: bool
) -> int:
    """Add articles from files and folders to an archive.

    SOURCES are JSONL files (.jsonl, .json, also .gz), page text (.txt), folders of these, or - for
    JSONL on standard input. Articles that did not change cost nothing; an interrupted run goes on
    where it stopped when the command is given again. At the end, new articles are linked with the
    same story in the other language and with their copies, as `songngu link` does.
    """
    settings = Settings.load({"archive": archive, "encoder": encoder})
    opened = open_archive(settings=settings)
    try:
        report = fill(opened, sources, errors=Path(errors))
    finally:
        opened.close()
    _print_report(report, opened.location, Path(errors), as_json=as_json)
    if report.interrupted:
        return 130
    return 1 if report.failed else 0


@click.command()
@click.option("--archive", metavar="ARCHIVE", help="The archive. [default: songngu.db]")
@click.option(
    "--encoder", metavar="MODEL", default="bundled", show_default=True, help="The new one."
)
def reembed(archive: str | None, encoder: str) -> None:
    """Embed every article of an archive again, with another encoder or newer text rules.

    The archive keeps answering meanwhile, and stays as it was if this is interrupted.
    """
    settings = Settings.load({"archive": archive, "encoder": encoder})
    store = open_store(settings.archive, settings)
    try:
        model = load_encoder(
            encoder, device=settings.device or None, batch_size=settings.batch_size
        )
        total = sum(store.stats().articles.values())
        with tqdm(total=total, unit="article", desc="Embedding", disable=None) as bar:
            done = embed_again(store, model, on_progress=bar.update)
    finally:
        store.close()
    click.echo(f"{done:,} articles of {store.location} are embedded by {encoder} now.")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--queries", type=click.Path(path_type=Path), help="Other queries with the same ids.")
@click.option("--encoder", metavar="MODEL", help="The embedding model. [default: bundled]")
@click.option(
    "--archive", metavar="ARCHIVE", help="One that holds the corpus; otherwise a temporary one."
)
@click.option("--mode", type=click.Choice(MODES), default="hybrid", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def evaluate(
    folder: Path,
    queries: Path | None,
    encoder: str | None,
    archive: str | None,
    mode: str,
    *,
    as_json: bool,
) -> None:
    """Measure quality on a folder in BEIR's format: by direction, and in one mixed pool.

    FOLDER holds corpus.jsonl, queries.jsonl and qrels/test.tsv; metadata.lang is a row's language.
    """
    settings = replace(Settings.load({"encoder": encoder}), max_query_chars=100_000)
    judged = read_judged(folder, queries)
    with ExitStack() as stack:
        if archive is not None:
            opened = open_archive(archive, settings=settings)
            stack.callback(opened.close)
        else:
            bar = stack.enter_context(
                tqdm(total=len(judged.langs), unit="article", desc="Indexing", disable=None)
            )
            opened = stack.enter_context(
                filled_archive(
                    folder, settings, on_progress=lambda r: bar.update(r.documents - bar.n)
                )
            )
        asked = tqdm(judged.queries, unit="query", desc="Searching", disable=None)
        report = measure(
            replace(judged, queries=asked),
            lambda text: opened.search(Query(text, mode=cast("Mode", mode))),
        )
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False))
        return
    for name, values in report.items():
        shown = "  ".join(f"{measure} {value:.4g}" for measure, value in values.items())
        click.echo(f"{name:>10}  {shown}")


def fill(archive: Archive, sources: Sequence[str], *, errors: Path) -> Report:
    """Index sources with a progress bar, then link what is new; problems go to the error file.

    Raises:
        StoreError: The archive fails. The message says how much is safe.
    """
    archive.create()
    problems = _ErrorFile(errors)
    with tqdm(total=count_documents(sources), unit="article", desc="Indexing", disable=None) as bar:

        def progress(report: Report) -> None:
            bar.set_postfix_str(f"{report.passages:,} passages", refresh=False)
            bar.update(report.documents - bar.n)

        run = Indexer(archive, problems.add, progress)
        try:
            run.run(open_sources(sources))
        except KeyboardInterrupt:
            run.report.interrupted = True
        except StoreError as error:
            kept = run.report.added + run.report.updated
            raise type(error)(
                f"{error} {kept:,} articles of this run are safe in the archive; the same command"
                " goes on from there."
            ) from error
        finally:
            problems.close()
    if not run.report.interrupted:
        try:
            run.report.links = link_with_progress(archive.store)
        except KeyboardInterrupt:
            run.report.interrupted = True
        except StoreError as error:
            raise type(error)(
                f"{error} The articles are all in the archive; linking them goes on with:"
                f" songngu link --archive {archive.location}"
            ) from error
    return run.report


class _ErrorFile:
    """Lists problems; begun anew by each run, and only when there is something to list."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: TextIO | None = None
        self._shown = 0
        path.unlink(missing_ok=True)

    def add(self, problem: Problem) -> None:
        """Write one line; the first few failures are shown at once."""
        if self._file is None:
            try:
                self._file = self._path.open("w", encoding="utf-8")
            except OSError as error:
                tqdm.write(f"{self._path} cannot be written: {error.strerror}", file=sys.stderr)
                self._file = sys.stderr
        self._file.write(json.dumps(problem.to_json(), ensure_ascii=False) + "\n")
        if problem.kind == "failed" and self._shown < _SHOWN:
            self._shown += 1
            place = problem.file if problem.line is None else f"{problem.file}:{problem.line}"
            tqdm.write(f"{place}: {problem.reason}", file=sys.stderr)

    def close(self) -> None:
        """End the file."""
        if self._file is not None and self._file is not sys.stderr:
            self._file.close()


def _print_report(report: Report, location: str, errors: Path, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(report.to_json() | {"archive": location}, ensure_ascii=False))
        return
    rate = report.documents / report.seconds if report.seconds else 0.0
    click.echo(
        f"{location}: {report.added:,} added, {report.updated:,} updated, {report.unchanged:,}"
        f" unchanged, {report.skipped:,} skipped, {report.failed:,} failed;"
        f" {report.passages:,} passages in {report.seconds:.1f} s ({rate:.1f} articles/s)."
    )
    if report.links is not None and report.links.new:
        click.echo(f"{summary(report.links)}.")
    if report.interrupted:
        click.echo("Stopped before the end: the same command goes on from here.", err=True)
    if report.failed or report.skipped or report.warnings:
        click.echo(f"Reasons are in {errors}.", err=True)
