"""The subcommand that says what is new for saved searches: alert."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from itertools import islice
from pathlib import Path

import click

from search.alerts.delivery import AlertOutcome, stories, tell
from search.alerts.mail import Mailer
from search.alerts.memory import AlertMemory, Told, alone
from search.alerts.messages import MOST, News, as_email, as_text
from search.alerts.saved_searches import AlertFile, SavedSearch, read_alert_file
from search.archive import Archive
from search.cli import echo_json, json_option, with_archive
from search.errors import EncoderError, QueryError, StoreError

_TERMINAL = "-"


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@with_archive()
@click.option("--all", "everything", is_flag=True, help="Of a new search, tell what is there, too.")
@click.option("--print", "prints", is_flag=True, help="Print what is new, and send no mail.")
@click.option(
    "--dry-run", is_flag=True, help="Print what would be told; tell and remember nothing."
)
@click.option(
    "--state",
    type=click.Path(path_type=Path),
    help="Where to remember what was told. [default: FILE.told]",
)
@json_option
def alert(
    archive: Archive,
    file: Path,
    state: Path | None,
    *,
    everything: bool,
    prints: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Tell what is new for the saved searches in FILE since the last run: by e-mail, or printed.

    Meant for cron: it says nothing where nothing is new. A story is told once, and its copies not
    at all. What a mail server does not take is told by the next run. Of a new search, what is
    there already counts as known.
    """
    watched = read_alert_file(file)
    mail = None if prints or dry_run else watched.mail
    mailer = Mailer(mail, archive.settings.smtp_password) if mail else None
    place = state or file.with_name(f"{file.name}.told")
    with nullcontext() if dry_run else alone(place):
        memory = AlertMemory(place)
        archive.ready()
        outcomes = [
            _told(
                archive,
                watched,
                search,
                memory,
                mailer,
                everything=everything,
                quiet=as_json,
                forgets=dry_run or (as_json and mailer is None),
            )
            for search in watched.searches
        ]
        if as_json:
            echo_json({"searches": [outcome.to_json(archive) for outcome in outcomes]}, indent=1)
            if not dry_run and mailer is None:
                memory.save()  # what was printed was told, and not before
    sys.exit(1 if any(outcome.failed or outcome.error for outcome in outcomes) else 0)


def _told(
    archive: Archive,
    watched: AlertFile,
    search: SavedSearch,
    memory: AlertMemory,
    mailer: Mailer | None,
    *,
    everything: bool,
    quiet: bool,
    forgets: bool,
) -> AlertOutcome:
    """Tell what is new for one search; one that fails says so and stops no other.

    Args:
        quiet: Print nothing but what went wrong.
        forgets: Leave it to the caller to keep what was told.
    """
    before = memory.searches.get(search.name)
    if everything:
        before = replace(before or Told(""), asks=search.asks)

    def deliver(to: str, ids: Sequence[str]) -> None:
        if mailer is None or watched.mail is None:
            if not quiet:
                news = News(search, list(stories(archive, ids)), len(ids), watched.site)
                click.echo(as_text(news))
            return
        shown = list(islice(stories(archive, ids[:MOST]), MOST))
        news = News(search, shown, len(ids), watched.site)
        mailer.send(as_email(news, to, watched.mail, ids), to)

    def save(told: Told) -> None:
        if before is not None and mailer is None:
            told.owed = before.owed  # printing pays nobody else's debts
        memory.searches[search.name] = told
        if not forgets:
            memory.save()

    recipients = search.recipients if mailer else (_TERMINAL,)
    try:
        outcome = tell(archive, search, before, recipients, deliver, save)
    except (QueryError, StoreError, EncoderError) as error:
        outcome = AlertOutcome(search.name, error=str(error))
    if not quiet:
        _print_outcome(outcome, printed=mailer is None)
    for to, reason in outcome.failed:
        click.echo(f"{search.name}: {to} was not told: {reason}", err=True)
    if outcome.error:
        click.echo(f"{search.name}: {outcome.error}", err=True)
    return outcome


def _print_outcome(outcome: AlertOutcome, *, printed: bool) -> None:
    if outcome.known is not None:
        there = "1 story is" if outcome.known == 1 else f"{outcome.known:,} stories are"
        click.echo(f"{outcome.name}: {there} there already; what comes from now on is told.")
    if outcome.told and not printed:
        number = f"{len(outcome.new):,} new" if outcome.new else "what was left"
        click.echo(f"{outcome.name}: {number}, told to {', '.join(outcome.told)}.")
