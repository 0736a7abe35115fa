"""The subcommand that serves the web site: serve."""

from __future__ import annotations

import threading
from contextlib import suppress

import click

from search.archive import Archive
from search.cli import part, with_archive
from search.errors import SongnguError
from webui.app import create_app
from webui.logs import write_json
from webui.server import serve as serve_app
from webui.site import PROBE


@click.command()
@with_archive("host", "port", "prefix")
@click.option("--host", help="Address to listen on. [default: 127.0.0.1]")
@click.option("--port", type=int, help="Port to listen on. [default: 8080]")
@click.option("--prefix", help="Path under which a reverse proxy shows the site, such as /news.")
def serve(archive: Archive) -> None:
    """Serve the web site and the API on a production server."""
    settings = archive.settings
    if settings.log_format == "json":
        write_json()
    # A first search is made meanwhile, so that no reader waits until all is loaded.
    threading.Thread(target=_warm_up, args=(archive,), daemon=True).start()
    writer = part("intake")(archive) if settings.api_keys else None
    app = create_app(archive, settings=settings, writer=writer)
    serve_app(app, settings.host, settings.port, threads=settings.threads)


def _warm_up(archive: Archive) -> None:
    # A site may start before its archive is there; then the first reader's search loads all.
    with suppress(SongnguError):
        archive.search(PROBE)
