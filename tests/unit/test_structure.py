"""Imports go one way: indexer → search ← webui."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import search

ROOT = Path(search.__file__).parents[1]
PACKAGES = {"search": set(), "indexer": {"search"}, "webui": {"search"}}


def imported(file):
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} imports relatively"
            yield (node.module or "").split(".")[0]


@pytest.mark.parametrize(("package", "allowed"), PACKAGES.items())
def test_imports_go_one_way(package, allowed):
    files = list((ROOT / package).rglob("*.py"))
    assert files
    for file in files:
        others = set(imported(file)) & set(PACKAGES) - {package}
        assert others <= allowed, f"{file} imports {others - allowed}"


def test_modules_stay_readable():
    for package in PACKAGES:
        for file in (ROOT / package).rglob("*.py"):
            lines = file.read_text("utf-8").splitlines()
            assert len(lines) <= 700, f"{file} has {len(lines)} lines: split it"
            assert ast.get_docstring(ast.parse("\n".join(lines))), f"{file} says nothing of itself"


@pytest.mark.parametrize(
    ("command", "unwanted"),
    [
        (["--help"], {"torch", "sentence_transformers", "pyvi", "elasticsearch"}),
        (["index", "--help"], {"torch", "httpcore2", "feedparser", "protego"}),
        (["search", "--help"], {"torch", "sentence_transformers", "flask", "pyvi", "indexer"}),
    ],
)
def test_commands_import_only_what_they_use(command, unwanted):
    code = (
        "import sys\nfrom search.cli import cli\n"
        f"cli.main({command!r}, standalone_mode=False)\n"
        "print('|'.join(sys.modules))"
    )
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    modules = set(output.splitlines()[-1].split("|"))
    assert not unwanted & modules
