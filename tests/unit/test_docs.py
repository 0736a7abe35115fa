"""What the README says is what the code does."""

import re
from pathlib import Path

import pytest

import search
from search.cli import cli
from search.settings import Settings, markdown

ROOT = Path(search.__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
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


def flags(command):
    return {flag for parameter in command.params for flag in parameter.opts}


def test_the_settings_that_are_flags_are_named():
    commands = [cli.get_command(None, name) for name in COMMANDS]
    options = set().union(*map(flags, commands))
    are_flags = {n for n in Settings.__dataclass_fields__ if f"--{n.replace('_', '-')}" in options}
    named = re.search(r"Flags of the commands that\s+use them are ([^.]+)\.", README)[1]
    assert set(re.findall(r"`(\w+)`", named)) == are_flags


SPANS = [
    (name, "".join(span))
    for name in ("README.md", "CONTRIBUTING.md", "docker/README.md")
    for span in re.findall(
        r"`(songngu [^`\n]+)`|^\$ (songngu .+)", (ROOT / name).read_text("utf-8"), re.M
    )
]


@pytest.mark.parametrize(("name", "span"), SPANS)
def test_what_is_named_of_a_command_is_there(name, span):
    words = span.split()
    command = cli.get_command(None, words[1])
    assert command is not None, f"{name}: {span}"
    assert {word for word in words[2:] if re.match("--?[a-z]", word)} <= flags(command)


def test_the_flags_in_the_table_of_commands_are_there():
    for row in re.findall(r"^\| `songngu (.+)\|$", README, re.M):
        command = cli.get_command(None, re.match(r"\w+", row)[0])
        assert set(re.findall("`(--?[a-z][a-z-]*)", row)) <= flags(command), row


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_what_is_made_is_in_the_makefile(name):
    makefile = (ROOT / "Makefile").read_text("utf-8")
    named = re.findall(r"(?:`|^\$ )make (\w+)", (ROOT / name).read_text("utf-8"), re.M)
    assert named
    for target in named:
        assert re.search(rf"^{target}:", makefile, re.M), target
