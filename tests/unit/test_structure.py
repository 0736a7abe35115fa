"""Imports go one way: indexer → search ← webui, and between the rooms inside them."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

import search
from search import cli

ROOT = Path(search.__file__).parents[1]
PACKAGES = {"search": set(), "indexer": {"search"}, "webui": {"search"}}

LEAVES = {"search.addresses", "search.errors", "search.records", "search.settings"}
STORE = LEAVES | {"search.encoders", "search.stores", "search.text"}
ROOMS = {
    "search.errors": set(),
    "search.addresses": {"search.errors"},
    "search.records": {"search.text"},
    "search.settings": {"search.addresses", "search.errors"},
    "search.text": set(),
    "search.encoders": {"search.errors"},
    "search.stores": {*LEAVES, "search.encoders", "search.text"},
    "search.stores.sqlite": STORE,
    "search.stores.elasticsearch": STORE,
    "search.ranking": {*LEAVES, "search.encoders", "search.stores", "search.text"},
    "search.data": {"search.text"},
    "search.exports": {"search.text"},
    "search.facets": {"search.records", "search.stores", "search.text"},
    "search.alerts": {
        *LEAVES,
        "search.archive",
        "search.cli",
        "search.ranking",
        "search.stores",
        "search.text",
    },
    "indexer.charsets": {*LEAVES, "search.text"},
    "indexer.fetching": LEAVES,
    "indexer.pages": {*LEAVES, "search.text", "indexer.charsets"},
    "indexer.sources": {
        *LEAVES,
        "search.text",
        "indexer.charsets",
        "indexer.fetching",
        "indexer.pages",
    },
    "indexer.linking": {
        *LEAVES,
        "search.encoders",
        "search.ranking",
        "search.stores",
        "search.text",
    },
    "webui": {
        *LEAVES,
        "search.archive",
        "search.cli",
        "search.exports",
        "search.facets",
        "search.completion",
        "search.coverage",
        "search.drafts",
        "search.ranking",
        "search.stores",
        "search.text",
    },
}
"""Room, or module that rooms share → what of ours it may import beside itself.

A longer name stands for itself alone: who may import ``search.stores`` may not import
``search.stores.sqlite``. Modules of a package that are not listed may import all of it.
"""

BY_NAME = {"search/cli.py"}
"""Files that may import what a string names; ``test_commands_by_name`` reads their table."""


def files(package):
    found = sorted((ROOT / package).rglob("*.py"))
    assert found
    return found


def module_of(file):
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_of(file) for package in PACKAGES for file in files(package)}


def imported(file):
    """Every module of ours that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} imports relatively"
            full = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in MODULES else node.module for name in full]
        else:
            continue
        yield from (name for name in names if name.split(".")[0] in PACKAGES)


def imports_by_name(tree):
    """Lines that import what a string names, whatever the function is called there."""
    ways = {"import_module", "__import__", "resolve_name", "run_module"}
    for node in ast.walk(tree):
        names = {getattr(node, "id", None), getattr(node, "attr", None)}
        names |= {alias.name for alias in node.names} if isinstance(node, ast.ImportFrom) else set()
        if names & ways:
            yield node.lineno


def room_of(module):
    """The longest listed name that holds a module; the module itself where there is none."""
    held = [room for room in ROOMS if module == room or module.startswith(f"{room}.")]
    return max(held, key=len, default=module)


@pytest.mark.parametrize(("package", "allowed"), PACKAGES.items())
def test_imports_go_one_way(package, allowed):
    for file in files(package):
        others = {name.split(".")[0] for name in imported(file)} - {package}
        assert others <= allowed, f"{file} imports {others - allowed}"


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_what_it_may(room):
    inside = [f for package in PACKAGES for f in files(package) if room_of(module_of(f)) == room]
    assert inside, f"there is no {room}"
    for file in inside:
        others = {room_of(name) for name in imported(file)} - {room}
        assert others <= ROOMS[room], f"{file} imports {others - ROOMS[room]}"


def test_rooms_have_no_cycle():
    def reached(room, way):
        assert room not in way, " → ".join([*way, room])
        for other in ROOMS.get(room, ()):
            reached(other, [*way, room])

    for room in ROOMS:
        reached(room, [])


def test_only_the_command_group_imports_by_name():
    found = {}
    for package in PACKAGES:
        for file in files(package):
            if lines := list(imports_by_name(ast.parse(file.read_text("utf-8")))):
                found[str(file.relative_to(ROOT))] = lines
    assert found.keys() == BY_NAME, found


@pytest.mark.parametrize(
    "code",
    [
        "from importlib import import_module as load",
        "import importlib\nimportlib.import_module('indexer.demo')",
        "__import__('indexer')",
        "import pkgutil\npkgutil.resolve_name('indexer.demo')",
    ],
)
def test_every_import_by_name_is_seen(code):
    assert list(imports_by_name(ast.parse(code)))


def test_commands_by_name():
    """The group's table leads to one module in each room, ``demo`` apart."""
    modules = {target.split(":")[0] for target in cli._COMMANDS.values()}
    assert modules == {
        "search.commands",
        "search.alerts.commands",
        "indexer.commands",
        "indexer.demo",
        "webui.commands",
    }


def test_no_two_classes_share_a_name():
    names = Counter(
        node.name
        for package in PACKAGES
        for file in files(package)
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.ClassDef)
    )
    assert [name for name, number in names.items() if number > 1] == []


@pytest.mark.parametrize(
    "package", sorted(m for m in MODULES if (ROOT / m.replace(".", "/")).is_dir())
)
def test_a_package_says_what_lives_in_it(package):
    """The architecture page of a package names each of its modules, and none that is gone."""
    folder = ROOT / package.replace(".", "/")
    page = ast.get_docstring(ast.parse((folder / "__init__.py").read_text("utf-8")))
    lists = re.findall(r"^- ((?:``\w+``(?:, )?)+)", page, re.MULTILINE)
    listed = {name for names in lists for name in re.findall(r"``(\w+)``", names)}
    inside = {m.rpartition(".")[2] for m in MODULES if m.rpartition(".")[0] == package}
    named = set(re.findall(r"``(\w+)``", page)) | {
        name for name in inside if re.search(rf"``{name}\.\w+``", page)
    }
    assert inside - named == set(), f"the docstring of {package} does not name them"
    data = {path.name for path in folder.iterdir() if path.is_dir()}
    assert listed - inside - data == set(), f"the docstring of {package} lists what is not there"


def test_modules_stay_readable():
    for package in PACKAGES:
        for file in files(package):
            lines = file.read_text("utf-8").splitlines()
            assert len(lines) <= 700, f"{file} has {len(lines)} lines: split it"
            assert ast.get_docstring(ast.parse("\n".join(lines))), f"{file} says nothing of itself"
