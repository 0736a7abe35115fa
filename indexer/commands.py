"""Subcommands that embed articles: index, reembed, evaluate."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from itertools import chain, takewhile
from pathlib import Path
from typing import TextIO, cast

import click
from tqdm import tqdm

from indexer.evaluating import filled_archive
from indexer.freshness import NO_WEB, Web, is_web_address, opened_web, run_rounds, seconds
from indexer.pipeline import Indexer, Problem, Report
from indexer.reembedding import reembed as embed_again
from indexer.sources import count_documents, open_sources
from indexer.sources.folders import ERROR_FILE
from indexer.sources.reading import STDIN
from search.cli import archive_options
from search.encoders import load_encoder
from search.engine import Archive, open_archive, open_store
from search.errors import SettingsError, StoreError
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
@click.option(
    "--every",
    metavar="TIME",
    help="Go on until Ctrl-C or SIGTERM: read the sources again every 15m (or 90s, 2h, 1d).",
)
@click.option(
    "--allow-private",
    metavar="NETWORKS",
    help="Private addresses that may be fetched from: 10.0.0.0/8,127.0.0.1. [default: none]",
)
def index(
    sources: Sequence[str],
    archive: str | None,
    encoder: str | None,
    errors: str,
    every: str | None,
    allow_private: str | None,
    *,
    as_json: bool,
) -> int:
    """Add articles from files, folders and the web to an archive.

    SOURCES are JSONL files (.jsonl, .json, also .gz), page text (.txt), folders of these, - for
    JSONL on standard input, or addresses of feeds (RSS, Atom, JSON Feed), sitemaps and pages. The
    entries of feeds and sitemaps are followed to their pages. Articles that did not change cost
    nothing; an interrupted run goes on where it stopped when the command is given again.
    """
    interval_s = seconds(every) if every is not None else None
    if interval_s is not None and STDIN in sources:
        raise SettingsError("--every reads its sources again and again, and - can be read once.")
    settings = Settings.load(
        {"archive": archive, "encoder": encoder, "allow_private": allow_private}
    )
    opened, stop = open_archive(settings=settings), threading.Event()
    try:
        with opened_web(opened, sources, settings, stop) as web:
            if interval_s is not None:
                run_rounds(
                    lambda first: fill(opened, sources, errors=Path(errors), web=web, anew=first),
                    lambda report: _print_report(
                        report, opened.location, Path(errors), as_json=as_json, dated=True
                    ),
                    interval_s=interval_s,
                    stop=stop,
                )
                return 0
            report = fill(opened, sources, errors=Path(errors), web=web)
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


def fill(
    archive: Archive,
    sources: Sequence[str],
    *,
    errors: Path,
    web: Web | None = None,
    anew: bool = True,
) -> Report:
    """Index sources with a progress bar; problems go to the error file.

    Args:
        web: Reads those sources that are addresses.
        anew: Begin a new error file, rather than going on with the one there is.

    Raises:
        StoreError: The archive fails. The message says how much is safe.
    """
    archive.create()
    problems = _ErrorFile(errors, anew=anew)
    web = web or NO_WEB
    files = [source for source in sources if not is_web_address(source)]
    total = count_documents(files) if len(files) == len(sources) else None
    with tqdm(total=total, unit="article", desc="Indexing", disable=None) as bar:

        def progress(report: Report) -> None:
            web.written()
            bar.set_postfix_str(f"{report.passages:,} passages", refresh=False)
            bar.update(report.documents - bar.n)

        def note(problem: Problem) -> None:
            web.note_problem(problem.kind, problem.file)
            problems.add(problem)

        run = Indexer(archive, note, progress)
        try:
            read = takewhile(lambda _: not web.stopping, open_sources(files))
            run.run(chain(read, web.documents()))
            web.written()
            run.report.unchanged += web.unchanged
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
    return run.report


class _ErrorFile:
    """Lists problems; begun anew by each run, and only when there is something to list."""

    def __init__(self, path: Path, *, anew: bool) -> None:
        self._path = path
        self._file: TextIO | None = None
        self._shown = 0
        if anew:
            path.unlink(missing_ok=True)

    def add(self, problem: Problem) -> None:
        """Write one line; the first few failures are shown at once."""
        if self._file is None:
            try:
                self._file = self._path.open("a", encoding="utf-8")
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


def _print_report(
    report: Report, location: str, errors: Path, *, as_json: bool, dated: bool = False
) -> None:
    now = {"time": datetime.now().astimezone().isoformat(timespec="seconds")} if dated else {}
    if as_json:
        click.echo(json.dumps(report.to_json() | {"archive": location} | now, ensure_ascii=False))
        return
    click.echo("".join(f"{time} " for time in now.values()), nl=False)
    rate = report.documents / report.seconds if report.seconds else 0.0
    click.echo(
        f"{location}: {report.added:,} added, {report.updated:,} updated, {report.unchanged:,}"
        f" unchanged, {report.skipped:,} skipped, {report.failed:,} failed;"
        f" {report.passages:,} passages in {report.seconds:.1f} s ({rate:.1f} articles/s)."
    )
    if report.interrupted:
        click.echo("Stopped before the end: the same command goes on from here.", err=True)
    if report.failed or report.skipped or report.warnings:
        click.echo(f"Reasons are in {errors}.", err=True)
