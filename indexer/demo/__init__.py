"""The demo: invented news in both languages, and the command that indexes and serves it.

The command belongs to the indexer. The site is reached through the command group, whose ``serve``
it hands over to, so that neither package imports the other.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from importlib import resources
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
    filled = _fill(Settings.load({"archive": archive, "host": host, "port": port}))
    if filled.returncode:
        ctx.exit(filled.returncode)
    report = json.loads(filled.stdout)
    counts = f"{report['added']} stories added, {report['unchanged']} there already"
    click.echo(f"{report['archive']}: {counts}.")
    if not no_serve:
        group = ctx.find_root().command
        assert isinstance(group, click.Group)
        serve = group.get_command(ctx, "serve")
        assert serve is not None
        ctx.invoke(serve, archive=archive, host=host, port=port)


def _fill(settings: Settings) -> subprocess.CompletedProcess[str]:
    """Index and link the demo stories; the process's output is the report in JSON.

    In a process of its own: embedding many texts takes a gigabyte that serving does not need, and
    that a process hardly gives back. It ends with this one, or where that is killed, when it is
    done.
    """
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    return subprocess.run(  # noqa: S603
        [
            *(sys.executable, "-P", "-c", "from search.cli import main; main()"),
            *("index", str(stories_path()), "--errors", f"{DEMO_ARCHIVE}.errors.jsonl", "--json"),
        ],
        stdout=subprocess.PIPE,
        text=True,
        # Its address may hold a password, and the arguments of a process can be seen.
        env=os.environ | {"SONGNGU_ARCHIVE": settings.archive},
        check=False,
    )
