"""The command ``songngu``; each subcommand is imported when it is called, not before."""

from __future__ import annotations

import importlib
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from search.addresses import is_server_address, text_without_secrets, without_secrets
from search.errors import SongnguError

_COMMANDS = {
    "index": "indexer.commands:index",
    "demo": "webui.commands:demo",
    "serve": "webui.commands:serve",
    "search": "search.commands:search",
    "link": "indexer.linking.command:link_command",
    "stats": "search.upkeep:stats",
    "export": "search.upkeep:export",
    "delete": "search.upkeep:delete",
    "sync": "indexer.upkeep_commands:sync",
    "deepen": "indexer.upkeep_commands:deepen",
    "copy": "search.commands:copy",
    "evaluate": "indexer.quality_commands:evaluate",
    "calibrate": "indexer.quality_commands:calibrate",
    "doctor": "search.commands:doctor",
    "reembed": "indexer.upkeep_commands:reembed",
}

F = TypeVar("F", bound=Callable[..., Any])


class LazyGroup(click.Group):
    """A group that imports the module of a subcommand when it is asked for by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of a first visit."""
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The subcommand, imported now."""
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module, name = _COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the subcommand; whoever reads its output may stop when they have seen enough."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # `songngu export | head` is no failure, and click would make it exit status 1. What
            # is still buffered must have somewhere to go when Python ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="songngu", prog_name="songngu")
def cli() -> None:
    """Search news in Vietnamese and English: ask in either, get the stories in both."""


def archive_options(command: F) -> F:
    """The options that say which archive, and how it is reached."""
    options = (
        click.option(
            "--archive",
            metavar="ARCHIVE",
            help="A file, or http(s)://host:9200/name for Elasticsearch."
            " [default: $SONGNGU_ARCHIVE or songngu.db]",
        ),
        click.option(
            "--encoder",
            metavar="MODEL",
            help="`bundled`, a sentence-transformers model or a folder."
            " [default: the archive's own]",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def main() -> None:
    """Run the command line; errors meant for people become one line and exit status 1."""
    try:
        status = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("Stopped.", err=True)
        sys.exit(130)
    except click.ClickException as error:
        said = io.StringIO()
        error.show(said)  # it repeats arguments that are in the wrong place
        click.echo(_without_secrets(said.getvalue()), nl=False, err=True)
        sys.exit(error.exit_code)
    except SongnguError as error:
        click.echo(f"songngu: {_without_secrets(str(error))}", err=True)
        sys.exit(1)
    sys.exit(status if isinstance(status, int) else 0)


def _without_secrets(message: str) -> str:
    """A message in which no argument that is an address shows a password."""
    for argument in sys.argv[1:]:
        # As it is, behind the letter or the name of an option, and as a path.
        for given in (argument, argument[2:], argument.partition("=")[2], str(Path(argument))):
            if is_server_address(given):
                message = message.replace(given, without_secrets(given))
    return text_without_secrets(message)
