"""Subcommands that keep a filled archive true: sync, deepen, reembed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

import click

from indexer.commands import errors_option, passages_option, read_options, reading_options
from indexer.deepening import deepen as deepen_all
from indexer.mirror import Vanished, objections, vanished, withdraw
from indexer.reembedding import reembed as embed_again
from indexer.reports import print_report
from indexer.rounds import is_web_address
from indexer.runs import RunOptions, fill, link_new
from indexer.sources.origins import origin_of
from search.archive import Archive, open_archive, open_store
from search.cli import archive_options
from search.encoders import load_encoder
from search.errors import SourceError
from search.progress import progress_bar
from search.settings import Settings

_SHOWN = 20


@click.command()
@click.argument("sources", nargs=-1, required=True)
@archive_options
@passages_option
@reading_options
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--force", is_flag=True, help="Remove what vanished even where that looks rash.")
@errors_option
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def sync(
    sources: Sequence[str],
    archive: str | None,
    encoder: str | None,
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
    options = read_options(kind, pairs)
    names = [origin_of(source) for source in sources]
    for source, name in zip(sources, names, strict=True):
        if is_web_address(source):
            raise SourceError(
                f"{source} is on the web: sync mirrors files and folders; songngu index reads it"
            )
        if name is None:
            raise SourceError(f"{source} can be read only once, so nothing can be compared with it")
    settings = Settings.load({"archive": archive, "encoder": encoder})
    opened = open_archive(settings=settings)
    try:
        with _alone(opened, "songngu sync --force") if force and not dry_run else nullcontext():
            how = RunOptions(options, only_opening=passages == "lead", only_count=dry_run)
            report = fill(opened, sources, errors=Path(errors), how=how)
            # Of what was not read to the end nothing can be told.
            mirrored = [] if report.interrupted else [name for name in names if name]
            gone = vanished(opened.store, mirrored, report.held)
            against = [] if force else objections(gone, report)
            stays = dry_run or bool(against) or report.interrupted
            removed = 0 if stays else withdraw(opened.store, gone)
            if not dry_run:
                link_new(opened, report)  # whoever lost its counterpart may find another
    finally:
        opened.close()
    if as_json:
        outcome = {
            "removed": removed,
            "vanished": {source.source: list(source.ids) for source in gone},
            "objections": against,
            "dry_run": dry_run,
        }
        click.echo(
            json.dumps(
                report.to_json() | outcome | {"archive": opened.location}, ensure_ascii=False
            )
        )
    else:
        print_report(report, opened.location, Path(errors), would=dry_run)
        _print_vanished(gone, removed, against, dry_run=dry_run)
    if report.interrupted:
        return 130
    return 1 if report.failed or against else 0


@click.command()
@archive_options
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def deepen(archive: str | None, encoder: str | None, *, as_json: bool) -> int:
    """Add the passages that `index --passages lead` left out, newest articles first.

    Searches work meanwhile. An interrupted run goes on where it stopped.
    """
    settings = Settings.load({"archive": archive, "encoder": encoder})
    opened = open_archive(settings=settings)
    try:
        with _bar("Deepening") as progress:
            done = deepen_all(opened.store, opened.encoder, on_progress=progress)
        left = opened.stats().shallow
    finally:
        opened.close()
    if as_json:
        outcome = {"deepened": done.articles, "failures": done.failures, "shallow": left}
        click.echo(json.dumps(outcome | {"archive": opened.location}, ensure_ascii=False))
    else:
        click.echo(f"{done.articles:,} articles of {opened.location} have all their passages now.")
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

    The archive keeps answering meanwhile, and articles may be added and removed. Interrupted, it
    stays as it was; the same command goes on where it stopped.
    """
    settings = Settings.load({"archive": archive, "encoder": encoder})
    store = open_store(settings.archive, settings)
    try:
        model = load_encoder(
            encoder, device=settings.device or None, batch_size=settings.batch_size
        )
        with _bar("Embedding") as progress:
            done = embed_again(store, model, fresh=start_over, on_progress=progress)
    finally:
        store.close()
    click.echo(f"{done:,} articles of {store.location} are embedded by {encoder} now.")


@contextmanager
def _alone(archive: Archive, purpose: str) -> Iterator[None]:
    """Hold the lease of an archive, which comes into being where there is none."""
    archive.create()
    with archive.store.lease(purpose):
        yield


@contextmanager
def _bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar that is told how much is done of how much; what was done before counts."""
    with progress_bar(total=0, unit="article", desc=what) as bar:
        begun = False

        def progress(done: int, total: int) -> None:
            nonlocal begun
            if not begun:
                bar.initial, begun = done, True  # no part of this run's rate
            bar.total, bar.n = total, done
            bar.refresh()

        yield progress


def _print_vanished(
    gone: Sequence[Vanished], removed: int, against: Sequence[str], *, dry_run: bool
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
