"""The subcommand that fills archives: index."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

import click
from tqdm import tqdm

from indexer.origins import traced
from indexer.pipeline import Indexer, Problem, Report
from indexer.sources import count_documents, open_sources
from indexer.sources.folders import ERROR_FILE
from search.cli import archive_options
from search.engine import Archive, open_archive
from search.errors import StoreError
from search.settings import Settings

_SHOWN = 5

passages_option = click.option(
    "--passages",
    type=click.Choice(["all", "lead"]),
    default="all",
    show_default=True,
    help="`lead` embeds only the beginning of each article: searchable several times sooner;"
    " `songngu deepen` adds the rest.",
)


@click.command()
@click.argument("sources", nargs=-1, required=True)
@archive_options
@passages_option
@click.option(
    "--errors",
    metavar="FILE",
    default=ERROR_FILE,
    show_default=True,
    help="Where every document that could not be indexed is listed, with the reason.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def index(
    sources: Sequence[str],
    archive: str | None,
    encoder: str | None,
    passages: str,
    errors: str,
    *,
    as_json: bool,
) -> int:
    """Add articles from files and folders to an archive.

    SOURCES are JSONL files (.jsonl, .json, also .gz), page text (.txt), folders of these, or - for
    JSONL on standard input. Articles that did not change cost nothing; an interrupted run goes on
    where it stopped when the command is given again.
    """
    settings = Settings.load({"archive": archive, "encoder": encoder})
    opened = open_archive(settings=settings)
    try:
        report = fill(opened, sources, errors=Path(errors), only_opening=passages == "lead")
    finally:
        opened.close()
    print_report(report, opened.location, Path(errors), as_json=as_json)
    if report.interrupted:
        return 130
    return 1 if report.failed else 0


def fill(
    archive: Archive,
    sources: Sequence[str],
    *,
    errors: Path,
    only_opening: bool = False,
    only_count: bool = False,
) -> Report:
    """Index sources with a progress bar; problems go to the error file.

    Args:
        only_opening: Embed one passage of each article.
        only_count: Change nothing; the report says what would be done.

    Raises:
        StoreError: The archive fails. The message says how much is safe.
    """
    if not only_count:
        archive.create()
    problems = _ErrorFile(errors)
    with tqdm(total=count_documents(sources), unit="article", desc="Indexing", disable=None) as bar:

        def progress(report: Report) -> None:
            bar.set_postfix_str(f"{report.passages:,} passages", refresh=False)
            bar.update(report.documents - bar.n)

        run = Indexer(
            archive, problems.add, progress, only_opening=only_opening, only_count=only_count
        )
        try:
            run.run(traced(sources, lambda source: open_sources([source])))
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


def print_report(
    report: Report, location: str, errors: Path, *, as_json: bool = False, would: bool = False
) -> None:
    """Say what a run did, or would do."""
    if as_json:
        click.echo(json.dumps(report.to_json() | {"archive": location}, ensure_ascii=False))
        return
    rate = report.documents / report.seconds if report.seconds else 0.0
    click.echo(
        f"{location}: {'would be: ' if would else ''}{report.added:,} added,"
        f" {report.updated:,} updated, {report.unchanged:,} unchanged,"
        f" {report.skipped:,} skipped, {report.failed:,} failed;"
        f" {report.passages:,} passages in {report.seconds:.1f} s ({rate:.1f} articles/s)."
    )
    if report.interrupted:
        click.echo("Stopped before the end: the same command goes on from here.", err=True)
    if report.failed or report.skipped or report.warnings:
        click.echo(f"Reasons are in {errors}.", err=True)
