"""The demo: invented news in both languages, and the command that indexes and serves it.

The command belongs to the indexer. The site is reached through the command group, whose ``serve``
it hands over to, so that neither package imports the other.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from importlib import resources
from multiprocessing import get_context
from pathlib import Path

import click

from search.settings import Settings

DEMO_ARCHIVE = "songngu-demo.db"


def stories_path() -> Path:
    """Find the JSONL file with the demo stories."""
    return Path(str(resources.files(__name__) / "stories.jsonl"))


@click.command()
@click.option("--archive", default=DEMO_ARCHIVE, show_default=True, help="Where it is kept.")
@click.option("--host", help="Address to listen on. [default: 127.0.0.1]")
@click.option("--port", type=int, help="Port to listen on. [default: 8080]")
@click.option("--no-serve", is_flag=True, help="Only fill the archive.")
@click.pass_context
def demo(
    ctx: click.Context, archive: str, host: str | None, port: int | None, *, no_serve: bool
) -> None:
    """Fill a demo archive with the stories that ship in the package, and serve it."""
    settings = Settings.load({"archive": archive, "host": host, "port": port})
    # In a process of its own: embedding many texts takes a gigabyte that serving does not need, and
    # that a process hardly gives back.
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as filling:
        location, added, unchanged = filling.submit(_fill, settings).result()
    click.echo(f"{location}: {added} stories added, {unchanged} there already.")
    if not no_serve:
        group = ctx.find_root().command
        assert isinstance(group, click.Group)
        serve = group.get_command(ctx, "serve")
        assert serve is not None
        ctx.invoke(serve, archive=archive, host=host, port=port)


def _fill(settings: Settings) -> tuple[str, int, int]:
    """Index and link the demo stories; returns the archive's location and counts of the report."""
    from indexer.runs import fill, link_new
    from search.archive import open_archive

    with open_archive(settings=settings) as archive:
        report = fill(archive, [str(stories_path())], errors=Path(f"{DEMO_ARCHIVE}.errors.jsonl"))
        link_new(archive, report)
        return archive.location, report.added, report.unchanged
