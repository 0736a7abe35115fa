"""The subcommand that fills archives: index."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TextIO

import click
from tqdm import tqdm

from indexer.origins import traced
from indexer.pipeline import Indexer, Problem, Report
from indexer.sources import KINDS, FieldMap, ReadOptions, count_documents, open_sources
from indexer.sources.folders import ERROR_FILE
from search.cli import F, archive_options
from search.engine import Archive, open_archive
from search.errors import SettingsError, StoreError
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


def reading_options(command: F) -> F:
    """The options that say how sources are read: ``kind`` and ``pairs``."""
    options = (
        click.option(
            "--format",
            "kind",
            type=click.Choice([suffix.removeprefix(".") for suffix in KINDS]),
            help="What - and the files that are named are read as."
            " [default: by their names; - is jsonl]",
        ),
        click.option(
            "--map",
            "pairs",
            metavar="OURS=THEIRS",
            multiple=True,
            help="A column, JSON name or path (title=content.headline) to take a field from;"
            " repeatable.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def read_options(kind: str | None, pairs: Sequence[str]) -> ReadOptions:
    """What ``reading_options`` said.

    Raises:
        SettingsError: A pair means nothing.
    """
    return ReadOptions(kind, FieldMap.parse(pairs) if pairs else None)


@click.command()
@click.argument("sources", nargs=-1, required=True)
@archive_options
@reading_options
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
    kind: str | None,
    pairs: Sequence[str],
    passages: str,
    errors: str,
    *,
    as_json: bool,
) -> int:
    """Add articles from files and folders to an archive.

    SOURCES are JSON (.jsonl, .json), tables (.csv, .tsv), saved pages (.html), page text (.txt),
    web archives (.warc), each also as .gz; folders of these; or - for standard input. Articles that
    did not change cost nothing; an interrupted run goes on where it stopped when the command is
    given again.
    """
    options = read_options(kind, pairs)
    settings = Settings.load({"archive": archive, "encoder": encoder})
    opened = open_archive(settings=settings)
    try:
        report = fill(
            opened,
            sources,
            errors=Path(errors),
            options=options,
            only_opening=passages == "lead",
        )
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
    options: ReadOptions | None = None,
    only_opening: bool = False,
    only_count: bool = False,
) -> Report:
    """Index sources with a progress bar; problems go to the error file.

    Args:
        only_opening: Embed one passage of each article.
        only_count: Change nothing; the report says what would be done.

    Raises:
        SettingsError: ``errors`` cannot be the place for a list of problems.
        StoreError: The archive fails. The message says how much is safe.
    """
    options = options or ReadOptions()
    if not only_count:
        archive.create()
    problems = _ErrorFile(errors)
    total = count_documents(sources, options)
    with tqdm(total=total, unit="article", desc="Indexing", disable=None) as bar:

        def progress(report: Report) -> None:
            bar.set_postfix_str(f"{report.passages:,} passages", refresh=False)
            bar.update(report.documents - bar.n)

        run = Indexer(
            archive, problems.add, progress, only_opening=only_opening, only_count=only_count
        )
        try:
            run.run(traced(sources, lambda source: open_sources([source], options)))
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
    """Lists problems; begun anew by each run, and only when there is something to list.

    Raises:
        SettingsError: The path is a folder, or a file that no earlier run has written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: TextIO | None = None
        self._shown = 0
        _begin_anew(path)

    def add(self, problem: Problem) -> None:
        """Write one line; the first few failures are shown at once."""
        line = json.dumps(problem.to_json(), ensure_ascii=False) + "\n"
        if self._file is None:
            try:
                # By lines: whoever looks on sees each problem at once, and so does a full disk.
                self._file = self._path.open("w", encoding="utf-8", buffering=1)
            except OSError as error:
                self._file = self._give_up(error)
        try:
            self._file.write(line)
        except OSError as error:
            self._file = self._give_up(error)
            self._file.write(line)
        if problem.kind == "failed" and self._shown < _SHOWN and self._file is not sys.stderr:
            self._shown += 1
            place = problem.file if problem.line is None else f"{problem.file}:{problem.line}"
            tqdm.write(f"{place}: {problem.reason}", file=sys.stderr)

    def close(self) -> None:
        """End the file."""
        if self._file is not None and self._file is not sys.stderr:
            with suppress(OSError):
                self._file.close()

    def _give_up(self, error: OSError) -> TextIO:
        """Go on without a file: what cannot be indexed must be told all the same."""
        self.close()
        reason = f"{self._path} cannot be written ({error.strerror}); reasons are shown here"
        tqdm.write(reason, file=sys.stderr)
        return sys.stderr


def _begin_anew(path: Path) -> None:
    """Remove an earlier run's list, and nothing else; what is no file, as /dev/null, stays.

    Raises:
        SettingsError: The path is a folder, or a file that no earlier run has written.
    """
    if path.is_dir():
        raise SettingsError(f"--errors {path} is a folder. Name a file in it.")
    if not path.is_file():
        return
    if not _lists_problems(path):
        raise SettingsError(
            f"--errors {path} is a file with something else in it, which a list of errors would"
            " replace. Name another file."
        )
    with suppress(OSError):  # a folder that cannot be written: told with the first problem
        path.unlink()


def _lists_problems(path: Path) -> bool:
    """Whether a file begins as a list of problems, if it was cut short before it could go on."""
    starts = [f'{{"kind": "{kind}", "file": '.encode() for kind in ("failed", "skipped", "warning")]
    try:
        with path.open("rb") as file:
            first = file.read(max(map(len, starts)))
    except OSError:
        return False
    return any(first.startswith(start[: len(first)]) for start in starts)


def print_report(
    report: Report, location: str, errors: Path, *, as_json: bool = False, would: bool = False
) -> None:
    """Say what a run did, or would do."""
    if as_json:
        click.echo(json.dumps(report.to_json() | {"archive": location}, ensure_ascii=False))
        return
    articles = report.added + report.updated + report.unchanged
    rate = articles / report.seconds if report.seconds else 0.0
    click.echo(
        f"{location}: {'would be: ' if would else ''}{report.added:,} added,"
        f" {report.updated:,} updated, {report.unchanged:,} unchanged,"
        f" {report.skipped:,} skipped, {report.failed:,} failed;"
        f" {report.passages:,} passages in {report.seconds:.1f} s ({rate:.1f} articles/s)."
    )
    if report.interrupted:
        click.echo("Stopped before the end: the same command goes on from here.", err=True)
    if (report.failed or report.skipped or report.warnings) and errors.exists():
        click.echo(f"Reasons are in {errors}.", err=True)
