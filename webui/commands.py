"""Subcommands that serve the web site: serve, demo."""

from __future__ import annotations

import threading
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import click

from search.archive import Archive, open_archive
from search.cli import archive_options
from search.errors import SongnguError
from search.settings import Settings
from webui.app import create_app
from webui.service import serve as serve_app
from webui.site import PROBE

DEMO_ARCHIVE = "songngu-demo.db"

_address_options = (
    click.option("--host", help="Address to listen on. [default: 127.0.0.1]"),
    click.option("--port", type=int, help="Port to listen on. [default: 8080]"),
)


@click.command()
@archive_options
@_address_options[0]
@_address_options[1]
def serve(archive: str | None, encoder: str | None, host: str | None, port: int | None) -> None:
    """Serve the web site and the API on a production server."""
    flags = {"archive": archive, "encoder": encoder, "host": host, "port": port}
    settings = Settings.load(flags)
    _serve(open_archive(settings=settings), settings)


@click.command()
@click.option("--archive", default=DEMO_ARCHIVE, show_default=True, help="Where it is kept.")
@_address_options[0]
@_address_options[1]
@click.option("--no-serve", is_flag=True, help="Only fill the archive.")
def demo(archive: str, host: str | None, port: int | None, *, no_serve: bool) -> None:
    """Fill a demo archive with the stories that ship in the package, and serve it."""
    settings = Settings.load({"archive": archive, "host": host, "port": port})
    opened = open_archive(settings=settings)
    # In a process of its own: embedding many texts takes a gigabyte that serving does not need, and
    # that a process hardly gives back.
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as filling:
        report = filling.submit(_fill, settings).result()
    click.echo(
        f"{opened.location}: {report.added} stories added, {report.unchanged} there already."
    )
    if no_serve:
        opened.close()
    else:
        _serve(opened, settings)


def _fill(settings: Settings) -> Any:
    """Index and link the stories that ship; the report."""
    # By name: the site itself must not depend on the indexer.
    stories = import_module("indexer.demo").stories_path()
    filling = import_module("indexer.runs")
    opened = open_archive(settings=settings)
    try:
        report = filling.fill(opened, [str(stories)], errors=Path(f"{DEMO_ARCHIVE}.errors.jsonl"))
        filling.link_new(opened, report)
    finally:
        opened.close()
    return report


def _serve(archive: Archive, settings: Settings) -> None:
    """Serve until stopped. A first search is made meanwhile, so that no reader waits for it."""
    threading.Thread(target=_warm_up, args=(archive,), daemon=True).start()
    try:
        app = create_app(archive, settings=settings)
        serve_app(app, settings.host, settings.port, threads=settings.threads)
    finally:
        archive.close()


def _warm_up(archive: Archive) -> None:
    # A site may start before its archive is there; then the first reader's search loads all.
    with suppress(SongnguError):
        archive.search(PROBE)
