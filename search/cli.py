"""The command ``songngu``, and what its subcommands share: options, the open archive, JSON output.

Each subcommand is imported when it is called, not before.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from search.addresses import is_server_address, text_without_secrets, without_secrets
from search.errors import SongnguError
from search.settings import Settings

_COMMANDS = {
    "index": "indexer.commands:index",
    "demo": "indexer.demo:demo",
    "serve": "webui.commands:serve",
    "search": "search.commands:search",
    "before": "search.commands:before",
    "link": "indexer.commands:link",
    "stats": "search.commands:stats",
    "export": "search.commands:export",
    "alert": "search.alerts.commands:alert",
    "delete": "search.commands:delete",
    "sync": "indexer.commands:sync",
    "deepen": "indexer.commands:deepen",
    "copy": "search.commands:copy",
    "evaluate": "indexer.commands:evaluate",
    "calibrate": "indexer.commands:calibrate",
    "doctor": "search.commands:doctor",
    "reembed": "indexer.commands:reembed",
}
"""Name of a subcommand → module and attribute that hold it."""

_PARTS = {"intake": "indexer.intake:Intake"}
"""Name of what one package lends another that may not import it → module and attribute."""

F = TypeVar("F", bound=Callable[..., Any])


def part(name: str) -> Any:
    """Import what another package lends, such as the "intake" by which the site takes articles."""
    return _imported(_PARTS[name])


def _imported(target: str) -> Any:
    module, name = target.split(":")
    return getattr(importlib.import_module(module), name)


class LazyGroup(click.Group):
    """A command group that imports the module of a subcommand when it is asked for by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List all names in the order in which a newcomer needs them."""
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a subcommand; None where there is none of that name."""
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = _imported(_COMMANDS[cmd_name])
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the subcommand; a reader that closes the pipe early ends it with exit status 0."""
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


def with_archive(*flags: str) -> Callable[[F], F]:
    """Open an archive for a command: a decorator that adds the options naming it.

    The command is called with the open ``Archive`` as its argument ``archive``, which is closed
    when the command ends, however it ends.

    Args:
        flags: Further options of the command that are settings. They go into the archive's
            settings (``archive.settings``), not to the command.
    """

    def decorate(command: F) -> F:
        @click.option(
            "--archive",
            metavar="ARCHIVE",
            help="A file, or http(s)://host:9200/name for Elasticsearch."
            " [default: $SONGNGU_ARCHIVE or songngu.db]",
        )
        @click.option(
            "--encoder",
            metavar="MODEL",
            help="`bundled`, a sentence-transformers model or a folder."
            " [default: the archive's own]",
        )
        @wraps(command)
        def with_options(**options: Any) -> Any:
            from search.archive import open_archive  # not for the overview of all commands

            given = {name: options.pop(name) for name in ("archive", "encoder", *flags)}
            with open_archive(settings=Settings.load(given)) as archive:
                return command(archive=archive, **options)

        return cast("F", with_options)

    return decorate


json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
"""For the argument ``as_json`` of a command whose result programs read, too."""


def echo_json(value: Any, *, indent: int | None = None) -> None:
    """Print a value as JSON, on one line unless an indent (in spaces) is given."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=indent))


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
    """Hide the passwords of all arguments that are addresses from a message."""
    for argument in sys.argv[1:]:
        # As it is, behind the letter or the name of an option, and as a path.
        for given in (argument, argument[2:], argument.partition("=")[2], str(Path(argument))):
            if is_server_address(given):
                message = message.replace(given, without_secrets(given))
    return text_without_secrets(message)
