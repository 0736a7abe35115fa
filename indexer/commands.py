"""The subcommand that fills archives: index; and options that others share with it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import click

from indexer.pipeline import Report
from indexer.reports import print_report
from indexer.rounds import is_web_address, opened_web, run_rounds, seconds
from indexer.runs import RunOptions, fill, link_new
from indexer.sources import KINDS, FieldMap, ReadOptions
from indexer.sources.files import STDIN
from indexer.sources.folders import ERROR_FILE
from indexer.termination import kill_if_busy
from search.archive import open_archive
from search.cli import F, archive_options
from search.errors import SettingsError
from search.settings import Settings

passages_option = click.option(
    "--passages",
    type=click.Choice(["all", "lead"]),
    default="all",
    show_default=True,
    help="`lead` embeds only the beginning of each article: searchable several times sooner;"
    " `songngu deepen` adds the rest.",
)
errors_option = click.option(
    "--errors",
    metavar="FILE",
    default=ERROR_FILE,
    show_default=True,
    help="Where every document that could not be indexed is listed, with the reason.",
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
@errors_option
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
    kind: str | None,
    pairs: Sequence[str],
    passages: str,
    errors: str,
    every: str | None,
    allow_private: str | None,
    *,
    as_json: bool,
) -> int:
    """Add articles from files, folders and the web to an archive.

    SOURCES are JSON (.jsonl, .json), tables (.csv, .tsv), saved pages (.html), page text (.txt),
    web archives (.warc), each also as .gz; folders of these; - for standard input; or addresses of
    feeds (RSS, Atom, JSON Feed), sitemaps and pages. The entries of feeds and sitemaps are followed
    to their pages. Articles that did not change cost nothing; an interrupted run goes on where it
    stopped when the command is given again. At the end, new articles are linked with the same story
    in the other language and with their copies, as `songngu link` does.
    """
    interval_s = seconds(every) if every is not None else None
    if interval_s is not None or any(map(is_web_address, sources)):
        kill_if_busy()
    if interval_s is not None and STDIN in sources:
        raise SettingsError("--every reads its sources again and again, and - can be read once.")
    reading = read_options(kind, pairs)
    settings = Settings.load(
        {"archive": archive, "encoder": encoder, "allow_private": allow_private}
    )
    opened, stop = open_archive(settings=settings), threading.Event()
    try:
        with opened_web(opened, sources, settings, stop) as web:
            settled = False  # whether all that earlier rounds wrote is linked

            def run(*, anew: bool) -> Report:
                nonlocal settled
                how = RunOptions(reading, only_opening=passages == "lead", web=web, anew=anew)
                report = fill(opened, sources, errors=Path(errors), how=how)
                settled = settled and not report.changed
                if not (settled or stop.is_set()):
                    link_new(opened, report)
                    settled = not report.interrupted
                return report

            if interval_s is not None:
                run_rounds(
                    lambda first: run(anew=first),
                    lambda report: print_report(
                        report, opened.location, Path(errors), as_json=as_json, dated=True
                    ),
                    interval_s=interval_s,
                    stop=stop,
                )
                return 0
            report = run(anew=True)
    finally:
        opened.close()
    print_report(report, opened.location, Path(errors), as_json=as_json)
    if report.interrupted:
        return 130
    return 1 if report.failed else 0
