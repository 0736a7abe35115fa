"""Subcommands that say what an archive holds and take it out: stats, export, delete."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import click

from search.addresses import article_key
from search.archive import open_archive
from search.cli import archive_options
from search.ranking.query import check
from search.records import Filters, Query
from search.settings import Settings
from search.stores.base import Store, StoreStats, names_of
from search.stores.ledger import Ledger, Tombstone
from search.text.languages import LANGUAGES

_SHOWN = 20
_EXPORTED_AT_ONCE = 200


@click.command()
@archive_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def stats(archive: str | None, encoder: str | None, *, as_json: bool) -> None:
    """Say what an archive holds: articles by language, source and month, encoder, size."""
    settings = Settings.load({"archive": archive, "encoder": encoder})
    opened = open_archive(settings=settings)
    try:
        inside, made = opened.stats(), opened.made()
    finally:
        opened.close()
    model = made.encoder if made else None
    if not as_json:
        _print_stats(inside, opened.location, model.name if model else None)
        return
    _echo_json(
        {
            "archive": opened.location,
            "articles": inside.articles,
            "passages": inside.passages,
            "shallow": inside.shallow,
            "sources": inside.sources,
            "months": inside.months,
            "date_first": inside.date_first,
            "date_last": inside.date_last,
            "taken_down": inside.tombstones,
            "bytes": inside.bytes_used,
            "encoder": model.name if model else None,
            "encoder_revision": model.revision if model else None,
            "dimension": model.dimension if model else None,
        }
    )


@click.command()
@archive_options
@click.option("--lang", type=click.Choice([*LANGUAGES]), help="Only this language.")
@click.option("--from", "date_from", metavar="DATE", help="Published on this day or later.")
@click.option("--to", "date_to", metavar="DATE", help="Published on this day or earlier.")
@click.option("--source", multiple=True, help="Only this source; may be given several times.")
def export(
    archive: str | None,
    encoder: str | None,
    lang: str | None,
    date_from: str | None,
    date_to: str | None,
    source: Sequence[str],
) -> None:
    """Stream articles to standard output, one JSON object a line, by ascending id."""
    filters = Filters(date_from, date_to, tuple(source))
    check(Query("", filters=filters))
    opened = open_archive(settings=Settings.load({"archive": archive, "encoder": encoder}))
    try:
        articles = opened.store.stream(lang=lang, filters=filters)
        while batch := list(islice(articles, _EXPORTED_AT_ONCE)):
            links = opened.links([article.id for article in batch])
            for article in batch:
                link = links.get(article.id)
                known = {
                    "counterpart": link.counterpart if link else None,
                    "copies": link.copies if link else 0,
                }
                click.echo(json.dumps(article.to_json() | known, ensure_ascii=False))
    finally:
        opened.close()


@click.command()
@click.argument("names", nargs=-1, metavar="[ID_OR_URL]...")
@archive_options
@click.option("--reason", default="", help="Why; kept with the note that it was taken down.")
@click.option(
    "--allow-again", is_flag=True, help="Remove nothing: let in again what was taken down."
)
@click.option("--list", "as_list", is_flag=True, help="List what was taken down, and why.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def delete(
    names: Sequence[str],
    archive: str | None,
    encoder: str | None,
    reason: str,
    *,
    allow_again: bool,
    as_list: bool,
    as_json: bool,
) -> None:
    """Take articles down, by id or by address: they go at once and do not come back.

    Later runs of `index` and `sync` pass them over, also under another id with the same address,
    until --allow-again lifts that. An address that the archive does not have yet is kept out too.
    """
    if bool(names) == as_list:
        raise click.UsageError("Give ids or addresses, or --list.")
    opened = open_archive(settings=Settings.load({"archive": archive, "encoder": encoder}))
    store = opened.store
    try:
        if as_list:
            _print_tombstones(Ledger(store).tombstones(), as_json=as_json)
        elif allow_again:
            lifted = Ledger(store).lift([*names, *_keys(names).values()])
            if as_json:
                _echo_json({"lifted": lifted})
            else:
                click.echo(f"{lifted} may come in again: index the source once more.")
        else:
            stones, missing = _stones(store, names, reason)
            removed = Ledger(store).bar(stones)
            store.flush()
            if as_json:
                _echo_json({"removed": removed, "not_found": missing})
            else:
                click.echo(f"{removed} removed, {len(missing)} not found.")
    finally:
        opened.close()


def _keys(names: Sequence[str]) -> dict[str, str]:
    """Those of the names that are addresses of articles → their canonical form."""
    keys = {name: article_key(name) for name in names}
    return {name: key for name, key in keys.items() if key is not None}


def _stones(store: Store, names: Sequence[str], reason: str) -> tuple[list[Tombstone], list[str]]:
    """Tombstones for what is named, and the names of what is not there."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    keys = _keys(names)
    ids = store.ids_at(list(keys.values())) if keys else {}
    articles = store.articles([*names, *ids.values()])
    stones, missing = [], []
    for name in dict.fromkeys(names):
        key = keys.get(name)
        article = articles.get(name) or articles.get(ids.get(key or "", ""))
        if article is None:
            missing.append(name)
        # What bears no name that could be recognised later is only mistyped.
        called = names_of(article) if article else ()
        called = tuple(dict.fromkeys([*called, *([key] if key else [])]))
        if called:
            stones.append(Tombstone(called, reason, at))
    return stones, missing


def _print_tombstones(found: dict[str, Tombstone], *, as_json: bool) -> None:
    stones = list(dict.fromkeys(found.values()))
    if as_json:
        _echo_json([{"names": s.names, "reason": s.reason, "at": s.at} for s in stones])
        return
    for stone in stones:
        reason = f"  ({stone.reason})" if stone.reason else ""
        click.echo(f"{stone.at[:10]}  {'  '.join(stone.names)}{reason}")


def _print_stats(inside: StoreStats, location: str, model: str | None) -> None:
    for lang, count in inside.articles.items():
        noun = "article" if count == 1 else "articles"
        click.echo(f"{count:>9,} {noun} in {LANGUAGES[lang].endonym}")
    click.echo(f"{inside.passages:>9,} passages; encoder: {model}")
    if inside.shallow:
        click.echo(
            f"{inside.shallow:>9,} articles have only their first passage; `songngu deepen` adds"
            " the others"
        )
    if inside.tombstones:
        click.echo(f"{inside.tombstones:>9,} ids and addresses were taken down")
    click.echo(f"{inside.bytes_used / 1e6:>9,.1f} MB in {location}")
    if inside.date_first and inside.date_last:
        click.echo(f"published {inside.date_first[:10]} to {inside.date_last[:10]}")
    else:
        click.echo("published: dates unknown")
    for source, count in list(inside.sources.items())[:_SHOWN]:
        click.echo(f"{count:>9,} from {source or '(source unknown)'}")
    if len(inside.sources) > _SHOWN:
        click.echo(f"          and {len(inside.sources) - _SHOWN:,} more sources: --json has all")
    months = [(month, count) for month, count in inside.months.items() if month]
    for month, count in months[-_SHOWN:]:
        click.echo(f"{count:>9,} in {month}")
    if len(months) > _SHOWN:
        click.echo(f"          and {len(months) - _SHOWN:,} months before: --json has all")
    if undated := inside.months.get(""):
        click.echo(f"{undated:>9,} of unknown date")


def _echo_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=1))
