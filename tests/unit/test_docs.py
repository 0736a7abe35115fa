"""What the README says is what the code does."""

from pathlib import Path

import pytest

import search
from search.cli import cli
from search.settings import Settings, markdown

README = (Path(search.__file__).parents[1] / "README.md").read_text("utf-8")
COMMANDS = cli.list_commands(None)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_documented(name):
    assert f"`songngu {name}" in README
    command = cli.get_command(None, name)
    assert command is not None
    assert command.help
    for parameter in command.params:
        if parameter.param_type_name == "option" and parameter.name not in ("json", "as_json"):
            assert parameter.help or parameter.name in ("lang", "mode", "sort", "offset", "k")


def test_the_table_of_settings_is_the_generated_one():
    assert markdown() in README, "run: python -m search.settings, and put its output in the README"


def test_every_setting_is_there():
    for name in Settings.__dataclass_fields__:
        assert f"| `{name}` |" in README
