"""Subcommands that need the indexer.

``index`` fills an archive; ``sync``, ``deepen``, ``reembed`` and ``link`` keep one up to date;
``evaluate`` measures its quality and ``calibrate`` fits the ranking's constants.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import click

from indexer import upkeep
from indexer.calibration import fit
from indexer.linking.linker import LinkReport
from indexer.pipeline import Report
from indexer.runs import (
    RunOptions,
    fill,
    interval_seconds,
    link_new,
    link_with_progress,
    opened_web,
    run_rounds,
)
from indexer.sources import KINDS, FieldMap, ReadOptions, is_web_address, origin_of
from indexer.sources.files import STDIN
from indexer.sources.folders import ERROR_FILE
from indexer.termination import kill_if_busy
from indexer.trial_archives import filled_archive, ranked_by
from search.archive import Archive, open_archive, open_store
from search.baselines import Baselines
from search.cli import F, echo_json, json_option, with_archive
from search.encoders import load_encoder
from search.errors import SettingsError, SourceError
from search.evaluation import CUTOFF, Judged, Ranked, read_judged
from search.evaluation import evaluate as measure
from search.progress import progress_bar
from search.ranking.profile import RankingProfile, profile_for, profiles_folder
from search.records import MODES, Mode, Query
from search.settings import Settings

_SHOWN = 20
"""Most lines of a list that a terminal gets."""
_LONGEST_QUERY = 100_000  # characters; measured queries are as long as they are


_passages_option = click.option(
    "--passages",
    type=click.Choice(["all", "lead"]),
    default="all",
    show_default=True,
    help="`lead` embeds only the beginning of each article: searchable several times sooner;"
    " `songngu deepen` adds the rest.",
)
_errors_option = click.option(
    "--errors",
    metavar="FILE",
    default=ERROR_FILE,
    show_default=True,
    help="Where every document that could not be indexed is listed, with the reason.",
)


def _reading_options(command: F) -> F:
    """Add the options that say how sources are read: ``kind`` and ``pairs``."""
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


def _read_options(kind: str | None, pairs: Sequence[str]) -> ReadOptions:
    """Parse what ``_reading_options`` were given.

    Raises:
        SettingsError: A pair cannot be read.
    """
    return ReadOptions(kind, FieldMap.parse(pairs) if pairs else None)


@click.command()
@click.argument("sources", nargs=-1, required=True)
@with_archive("allow_private")
@_reading_options
@_passages_option
@_errors_option
@json_option
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
    archive: Archive,
    kind: str | None,
    pairs: Sequence[str],
    passages: str,
    errors: str,
    every: str | None,
    *,
    as_json: bool,
) -> int:
    """Add articles from files, folders and the web to an archive.

    SOURCES are JSON (.jsonl, .json), tables (.csv, .tsv), saved pages (.html), page text (.txt),
    web archives (.warc), each also as .gz; folders of these; - for standard input; or addresses of
    feeds (RSS, Atom, JSON Feed), sitemaps and pages. The entries of feeds and sitemaps are followed
    to their pages. Articles that did not change cost nothing; the same command continues an
    interrupted run. At the end, new articles are linked with the same story in the other language
    and with their copies, as `songngu link` does.
    """
    interval_s = interval_seconds(every) if every is not None else None
    if interval_s is not None or any(map(is_web_address, sources)):
        kill_if_busy()
    if interval_s is not None and STDIN in sources:
        raise SettingsError("--every reads its sources again and again, and - can be read once.")
    reading, stop = _read_options(kind, pairs), threading.Event()
    with opened_web(archive, sources, stop) as web:
        settled = False  # whether all that earlier rounds wrote is linked

        def run(*, anew: bool) -> Report:
            nonlocal settled
            how = RunOptions(reading, only_opening=passages == "lead", web=web, anew=anew)
            report = fill(archive, sources, errors=Path(errors), how=how)
            settled = settled and not report.changed
            if not (settled or stop.is_set()):
                link_new(archive, report)
                settled = not report.interrupted
            return report

        if interval_s is not None:
            run_rounds(
                lambda first: run(anew=first),
                lambda report: _print_report(
                    report, archive.location, Path(errors), as_json=as_json, dated=True
                ),
                interval_s=interval_s,
                stop=stop,
            )
            return 0
        report = run(anew=True)
    _print_report(report, archive.location, Path(errors), as_json=as_json)
    if report.interrupted:
        return 130
    return 1 if report.failed else 0


@click.command()
@click.argument("sources", nargs=-1, required=True)
@with_archive()
@_passages_option
@_reading_options
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--force", is_flag=True, help="Remove what vanished even where that looks rash.")
@_errors_option
@json_option
def sync(
    sources: Sequence[str],
    archive: Archive,
    passages: str,
    kind: str | None,
    pairs: Sequence[str],
    errors: str,
    *,
    dry_run: bool,
    force: bool,
    as_json: bool,
) -> int:
    """Make an archive mirror its sources: add and update as `index` does, remove what vanished.

    Only articles that came from these SOURCES (files, folders) are removed, and only where no
    other source has them too. Nothing is removed when a file could not be read, or when most of
    what a source once held is missing, unless --force is given.
    """
    reading = _read_options(kind, pairs)
    names = [origin_of(source) for source in sources]
    for source, name in zip(sources, names, strict=True):
        if is_web_address(source):
            raise SourceError(
                f"{source} is on the web: sync mirrors files and folders; songngu index reads it"
            )
        if name is None:
            raise SourceError(f"{source} can be read only once, so nothing can be compared with it")
    with _lease(archive, "songngu sync --force") if force and not dry_run else nullcontext():
        how = RunOptions(reading, only_opening=passages == "lead", only_count=dry_run)
        report = fill(archive, sources, errors=Path(errors), how=how)
        # What was not read to the end says nothing about what vanished.
        mirrored = [] if report.interrupted else [name for name in names if name]
        gone = upkeep.vanished(archive.store, mirrored, report.held)
        against = [] if force else upkeep.objections(gone, report)
        stays = dry_run or bool(against) or report.interrupted
        removed = 0 if stays else upkeep.withdraw(archive.store, gone)
        if not dry_run:
            link_new(archive, report)  # whoever lost its counterpart may find another
    if as_json:
        outcome = {
            "removed": removed,
            "vanished": {source.source: list(source.ids) for source in gone},
            "objections": against,
            "dry_run": dry_run,
        }
        echo_json(report.to_json() | outcome | {"archive": archive.location})
    else:
        _print_report(report, archive.location, Path(errors), would=dry_run)
        _print_vanished(gone, removed, against, dry_run=dry_run)
    if report.interrupted:
        return 130
    return 1 if report.failed or against else 0


@click.command()
@with_archive()
@json_option
def deepen(archive: Archive, *, as_json: bool) -> int:
    """Add the passages that `index --passages lead` left out, newest articles first.

    Searches work meanwhile. The same command continues an interrupted run.
    """
    with _progress("Deepening") as progress:
        done = upkeep.deepen(archive.store, archive.encoder, on_progress=progress)
    left = archive.stats().shallow
    if as_json:
        outcome = {"deepened": done.articles, "failures": done.failures, "shallow": left}
        echo_json(outcome | {"archive": archive.location})
    else:
        click.echo(f"{done.articles:,} articles of {archive.location} have all their passages now.")
        for id_, reason in done.failures[:_SHOWN]:
            click.echo(f"  {id_}: {reason}", err=True)
        if left:
            click.echo(f"{left:,} have only their first one.")
    return 1 if done.failures else 0


@click.command()
@click.option("--archive", metavar="ARCHIVE", help="The archive. [default: songngu.db]")
@click.option(
    "--encoder", metavar="MODEL", default="bundled", show_default=True, help="The new one."
)
@click.option(
    "--start-over", is_flag=True, help="Do not go on with what an interrupted run has done."
)
def reembed(archive: str | None, encoder: str, *, start_over: bool) -> None:
    """Embed every article of an archive again, with another encoder or newer text rules.

    The archive keeps answering meanwhile, and articles may be added and removed. An
    interrupted run leaves it as it was; the same command continues it.
    """
    settings = Settings.load({"archive": archive, "encoder": encoder})
    with closing(open_store(settings.archive, settings)) as store:
        model = load_encoder(
            encoder, device=settings.device or None, batch_size=settings.batch_size
        )
        with _progress("Embedding") as progress:
            done = upkeep.reembed(store, model, fresh=start_over, on_progress=progress)
    click.echo(f"{done:,} articles of {store.location} are embedded by {encoder} now.")


@click.command()
@with_archive()
@click.option("--again", is_flag=True, help="Forget what was found before, and link everything.")
@json_option
def link(archive: Archive, *, again: bool, as_json: bool) -> None:
    """Find the same story in the other language, and copies of one story.

    Only articles that are new or changed cost time; the same command continues an interrupted run.
    Indexing ends with this, so it is needed only after a run that was cut off, or with --again.
    """
    report = link_with_progress(archive.store, again=again)
    if as_json:
        echo_json(report.to_json() | {"archive": archive.location})
    else:
        click.echo(f"{archive.location}: {_summary(report)} ({report.seconds:.1f} s).")
        if report.note:
            click.echo(f"Note: {report.note}.", err=True)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--queries", type=click.Path(path_type=Path), help="Other queries with the same ids.")
@click.option("--encoder", metavar="MODEL", help="The embedding model. [default: bundled]")
@click.option(
    "--store",
    metavar="ADDRESS",
    help="http://host:9200: fill a temporary archive in this Elasticsearch, not a temporary file.",
)
@click.option(
    "--archive", metavar="ARCHIVE", help="One that holds the corpus; otherwise a temporary one."
)
@click.option("--mode", type=click.Choice(MODES), default="hybrid", show_default=True)
@click.option("--compare", is_flag=True, help="All modes, beside what other systems do.")
@click.option("--judged-only", is_flag=True, help="Pass over what nobody has judged.")
@json_option
def evaluate(
    folder: Path,
    queries: Path | None,
    encoder: str | None,
    store: str | None,
    archive: str | None,
    mode: str,
    *,
    compare: bool,
    judged_only: bool,
    as_json: bool,
) -> None:
    """Measure quality on a folder in BEIR's format: by direction, and in one mixed pool.

    FOLDER holds corpus.jsonl, queries.jsonl and qrels/test.tsv; metadata.lang is a row's language.
    """
    settings = replace(Settings.load({"encoder": encoder}), max_query_chars=_LONGEST_QUERY)
    judged = read_judged(folder, queries)
    reports = {}
    with ExitStack() as stack:
        if archive is not None:
            opened = stack.enter_context(open_archive(archive, settings=settings))
        else:
            opened = stack.enter_context(_filled(folder, settings, judged, server=store))
        methods: dict[str, Callable[[str], Ranked]] = {}
        if compare:
            plain = stack.enter_context(ranked_by(opened, RankingProfile()))
            methods |= Baselines(plain.store, opened.encoder).methods
        for one in MODES if compare else (cast("Mode", mode),):
            methods[one] = _search(opened, one)
        for name, search in methods.items():
            asked = progress_bar(iterable=judged.queries, unit="query", desc=name, leave=False)
            reports[name] = measure(replace(judged, queries=asked), search, judged_only=judged_only)
    if as_json:
        echo_json(reports if compare else reports[mode])
    elif compare:
        _print_table(reports)
    else:
        for name, values in reports[mode].items():
            shown = "  ".join(f"{measure} {value:.4g}" for measure, value in values.items())
            click.echo(f"{name:>10}  {shown}")


@click.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--encoder", metavar="MODEL", help="The embedding model. [default: bundled]")
@click.option(
    "--portable", is_flag=True, help="Fit only what holds for encoders that nothing is fitted for."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Where to keep the profile. [default: your configuration's songngu/profiles]",
)
def calibrate(
    folders: Sequence[Path], encoder: str | None, out: Path | None, *, portable: bool
) -> None:
    """Fit the ranking's constants for an encoder on parallel, judged data.

    FOLDERS are in BEIR's format, with one file of queries or several (queries*.jsonl). In one of
    them at least each query has an article in each language that answers it, and these say the
    same; in others articles are graded. The profile is used by this machine from then on; archives
    that were made before are brought up to date with `songngu reembed`.
    """
    settings = replace(Settings.load({"encoder": encoder}), max_query_chars=_LONGEST_QUERY)
    with ExitStack() as stack:
        data = []
        for folder in folders:
            sets = [
                read_judged(folder, queries) for queries in sorted(folder.glob("queries*.jsonl"))
            ]
            if not sets:
                raise SourceError(f"{folder} has no queries.jsonl.")
            data.append((stack.enter_context(_filled(folder, settings, sets[0])), sets))
        before = profile_for(data[0][0].encoder.fingerprint)
        fitted = fit(data, before, portable=portable)
    profile = fitted.profile
    place = out or profiles_folder() / f"{profile.fingerprint or 'any'}.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps(profile.to_json()), "utf-8")
    for what, measured in fitted.report.items():
        click.echo(f"{what:>12}  " + "  ".join(f"{n} {value:.3f}" for n, value in measured.items()))
    for mode, models in profile.relevance.items():
        for kind, model in models.items():
            click.echo(f"{mode}, {kind}: {json.dumps(model.to_json())}")
    click.echo(
        f"Matches from {profile.match}, possibly related from"
        f" {profile.related}, where the query means something ({profile.meaning})."
    )
    click.echo(f"Kept in {place}. Archives made before: songngu reembed --archive ARCHIVE")


@contextmanager
def _lease(archive: Archive, purpose: str) -> Iterator[None]:
    """Hold the lease of an archive, which is created first where there is none."""
    archive.create()
    with archive.store.lease(purpose):
        yield


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar and give the function that moves it: (articles done, articles in all).

    What an earlier run has done counts as done, but not towards the rate.
    """
    with progress_bar(total=0, unit="article", desc=what) as bar:
        begun = False

        def progress(done: int, total: int) -> None:
            nonlocal begun
            if not begun:
                bar.initial, begun = done, True  # no part of this run's rate
            bar.total, bar.n = total, done
            bar.refresh()

        yield progress


def _filled(
    folder: Path, settings: Settings, judged: Judged, *, server: str | None = None
) -> AbstractContextManager[Archive]:
    """Fill a temporary archive with a folder's corpus, under a progress bar."""
    bar = progress_bar(total=len(judged.langs), unit="article", desc="Indexing", leave=False)
    return filled_archive(
        folder, settings, server=server, on_progress=lambda r: bar.update(r.documents - bar.n)
    )


def _search(archive: Archive, mode: Mode) -> Callable[[str], Ranked]:
    # Each copy is judged by itself.
    return lambda text: Ranked.of(archive, Query(text, mode=mode, copies=True))


def _print_table(reports: dict[str, dict[str, Any]]) -> None:
    """Print a row for each method: nDCG@10 by direction, both@10 by query language, latency."""
    first = next(iter(reports.values()))
    directions = [name for name in first if ">" in name]
    both = [name for name in first["mixed"] if name.startswith(f"both@{CUTOFF} (")]
    click.echo(f"nDCG@{CUTOFF} by direction; both@{CUTOFF} by language of the query; p50 in ms")
    click.echo(_row("", [*directions, *(name.split()[-1] for name in both), "ms"]))
    for method, report in reports.items():
        values = [f"{report[d].get(f'ndcg@{CUTOFF}', 0):.3f}" for d in directions]
        values += [f"{report['mixed'][name]:.3f}" for name in both]
        click.echo(_row(method, [*values, f"{report['latency_ms']['p50']:.1f}"]))


def _row(name: str, values: Sequence[str]) -> str:
    return f"{name:>12}" + "".join(f"{value:>8}" for value in values)


def _print_report(
    report: Report,
    location: str,
    errors: Path,
    *,
    as_json: bool = False,
    would: bool = False,
    dated: bool = False,
) -> None:
    """Print what a run did.

    Args:
        would: It was a trial run: say what would have been done.
        dated: Begin with the time, as one of many rounds.
    """
    now = {"time": datetime.now().astimezone().isoformat(timespec="seconds")} if dated else {}
    if as_json:
        echo_json(report.to_json() | {"archive": location} | now)
        return
    click.echo("".join(f"{time} " for time in now.values()), nl=False)
    articles = report.added + report.updated + report.unchanged
    rate = articles / report.seconds if report.seconds else 0.0
    click.echo(
        f"{location}: {'would be: ' if would else ''}{report.added:,} added,"
        f" {report.updated:,} updated, {report.unchanged:,} unchanged,"
        f" {report.skipped:,} skipped, {report.failed:,} failed;"
        f" {report.passages:,} passages in {report.seconds:.1f} s ({rate:.1f} articles/s)."
    )
    if report.links is not None and report.links.new:
        click.echo(f"{_summary(report.links)}.")
    if report.interrupted:
        click.echo("Stopped before the end: the same command goes on from here.", err=True)
    if (report.failed or report.skipped or report.warnings) and errors.exists():
        click.echo(f"Reasons are in {errors}.", err=True)


def _print_vanished(
    gone: Sequence[upkeep.Vanished], removed: int, against: Sequence[str], *, dry_run: bool
) -> None:
    for source in [] if against else gone:
        for id_ in source.ids[:_SHOWN]:
            click.echo(f"  no longer in {source.source}: {id_}")
        if len(source.ids) > _SHOWN:
            click.echo(f"  … and {len(source.ids) - _SHOWN:,} more")
    number = sum(len(source.ids) for source in gone)
    if dry_run:
        click.echo(f"{number:,} articles have vanished from their source. Nothing was changed.")
    for line in against:
        click.echo(f"Nothing {'would be' if dry_run else 'was'} removed: {line}", err=True)
    if against:
        click.echo("If that is right, give the same command with --force.", err=True)
    elif not dry_run:
        click.echo(f"{removed:,} removed.")


def _summary(report: LinkReport) -> str:
    """Say in one line what linking has found in an archive."""
    stories = "story is" if report.counterparts == 1 else "stories are"
    found = (
        f"{report.new:,} {'article' if report.new == 1 else 'articles'} linked",
        f"{report.counterparts:,} {stories} told in both languages",
    )
    copies = "copy" if report.copies == 1 else "copies"
    others = "other" if report.groups == 1 else "others"
    return f"{'; '.join(found)}, {report.copies:,} {copies} of {report.groups:,} {others}"
