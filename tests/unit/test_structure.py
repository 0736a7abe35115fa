"""Imports go one way: indexer → search ← webui."""

import ast
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
