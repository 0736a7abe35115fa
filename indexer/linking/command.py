"""The subcommand link, and what index says of it."""

from __future__ import annotations

import json

import click

from indexer.linking.linker import LinkReport, link
from search.archive import open_archive
from search.cli import archive_options
from search.progress import progress_bar
from search.settings import Settings
from search.stores.base import Store


@click.command(name="link")
@archive_options
@click.option("--again", is_flag=True, help="Forget what was found before, and link everything.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def link_command(archive: str | None, encoder: str | None, *, again: bool, as_json: bool) -> None:
    """Find the same story in the other language, and copies of one story.

    Only articles that are new or changed cost time; an interrupted run goes on where it stopped.
    Indexing ends with this, so it is needed only after a run that was cut off, or with --again.
    """
    opened = open_archive(settings=Settings.load({"archive": archive, "encoder": encoder}))
    try:
        report = link_with_progress(opened.store, again=again)
    finally:
        opened.close()
    if as_json:
        values = report.to_json() | {"archive": opened.location}
        click.echo(json.dumps(values, ensure_ascii=False))
    else:
        click.echo(f"{opened.location}: {summary(report)} ({report.seconds:.1f} s).")
        if report.note:
            click.echo(f"Note: {report.note}.", err=True)


def link_with_progress(store: Store, *, again: bool = False) -> LinkReport:
    """Link what is new, with a progress bar where there is much of it."""
    shown = ""
    with progress_bar(unit="article", delay=1) as bar:

        def progress(step: str, done: int, total: int) -> None:
            nonlocal shown
            if step != shown:
                shown = step
                bar.reset(total)
                bar.set_description(step, refresh=False)
            bar.update(done - bar.n)

        return link(store, again=again, on_progress=progress)


def summary(report: LinkReport) -> str:
    """What is known of an archive's stories, in a line."""
    stories = "story is" if report.counterparts == 1 else "stories are"
    found = (
        f"{report.new:,} {'article' if report.new == 1 else 'articles'} linked",
        f"{report.counterparts:,} {stories} told in both languages",
    )
    copies = "copy" if report.copies == 1 else "copies"
    others = "other" if report.groups == 1 else "others"
    return f"{'; '.join(found)}, {report.copies:,} {copies} of {report.groups:,} {others}"
