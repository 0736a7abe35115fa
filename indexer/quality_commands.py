"""Subcommands that measure quality and fit what it depends on: evaluate, calibrate."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import click

from indexer.calibration import fit
from indexer.trial_archives import filled_archive, without_direction
from search.archive import Archive, open_archive
from search.baselines import Baselines
from search.evaluation import CUTOFF, Judged, Ranked, read_judged
from search.evaluation import evaluate as measure
from search.progress import progress_bar
from search.ranking.profile import profile_for, profiles_folder
from search.records import MODES, Mode, Query
from search.settings import Settings

_LONGEST_QUERY = 100_000  # characters; measured queries are as long as they are


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
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def evaluate(
    folder: Path,
    queries: Path | None,
    encoder: str | None,
    store: str | None,
    archive: str | None,
    mode: str,
    *,
    compare: bool,
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
            opened = open_archive(archive, settings=settings)
            stack.callback(opened.close)
        else:
            opened = stack.enter_context(_filled(folder, settings, judged, server=store))
        methods: dict[str, Callable[[str], Ranked]] = {}
        if compare:
            plain = stack.enter_context(without_direction(opened))
            methods |= Baselines(plain, opened.encoder).methods
        for one in MODES if compare else (cast("Mode", mode),):
            methods[one] = _search(opened, one)
        for name, search in methods.items():
            asked = progress_bar(iterable=judged.queries, unit="query", desc=name, leave=False)
            reports[name] = measure(replace(judged, queries=asked), search)
    if as_json:
        click.echo(json.dumps(reports if compare else reports[mode], ensure_ascii=False))
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
    "--out",
    type=click.Path(path_type=Path),
    help="Where to keep the profile. [default: your configuration's songngu/profiles]",
)
def calibrate(folders: Sequence[Path], encoder: str | None, out: Path | None) -> None:
    """Fit the ranking's constants for an encoder on parallel, judged data.

    FOLDERS are in BEIR's format; queries have a relevant article in each language, and these say
    the same. The profile is used by this machine from then on; archives that were made before are
    brought up to date with `songngu reembed`.
    """
    settings = replace(Settings.load({"encoder": encoder}), max_query_chars=_LONGEST_QUERY)
    with ExitStack() as stack:
        data = []
        for folder in folders:
            judged = read_judged(folder)
            data.append((stack.enter_context(_filled(folder, settings, judged)), judged))
        before = profile_for(data[0][0].encoder.fingerprint)
        profile = fit(data, before)
    place = out or profiles_folder() / f"{profile.fingerprint}.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps(profile.to_json()), "utf-8")
    for name, value in profile.to_json().items():
        if name != "direction":
            click.echo(f"{name:>22}  {value}")
    click.echo(f"Kept in {place}. Archives made before: songngu reembed --archive ARCHIVE")


def _filled(folder: Path, settings: Settings, judged: Judged, *, server: str | None = None) -> Any:
    bar = progress_bar(total=len(judged.langs), unit="article", desc="Indexing", leave=False)
    return filled_archive(
        folder, settings, server=server, on_progress=lambda r: bar.update(r.documents - bar.n)
    )


def _search(archive: Archive, mode: Mode) -> Callable[[str], Ranked]:
    return lambda text: Ranked.of(archive.search(Query(text, mode=mode)))


def _print_table(reports: dict[str, dict[str, Any]]) -> None:
    """A row for each method: nDCG@10 by direction, both@10 by the query's language, latency."""
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
