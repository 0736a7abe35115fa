"""What is published: the wheel holds all that the tree has, and works where there is no tree."""

import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import urllib.request
import zipfile
from pathlib import Path

import pytest
from support.once import made_once

from search import cli

ROOT = Path(cli.__file__).parents[1]
PACKAGES = ("search", "indexer", "webui")
ONLY_IN_THE_TREE = {"webui/babel.cfg", "webui/screenshot.png"}
VIETNAMESE = "Một câu hỏi, tin tức hai thứ tiếng"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from a copy of the tree, which stays as it is."""
    (path,) = (made_once(tmp_path_factory, "wheel", build) / "built").iterdir()
    return path


def build(folder):
    tree, built = folder / "tree", folder / "built"
    for name in PACKAGES:
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tree / "tests").mkdir()
    (tree / "tests" / "__init__.py").touch()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    pip("wheel", "--no-build-isolation", "--wheel-dir", built, tree)


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The folder of programs of an environment with the wheel and what it needs, but no tree."""

    def install(folder):
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
        pip("--python", folder / "bin" / "python", "install", wheel)
        # A path in a .pth file is not looked through for .pth files: no editable install gets in.
        (packages,) = folder.glob("lib/python*/site-packages")
        places = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
        (packages / "dependencies.pth").write_text("\n".join(places))

    return made_once(tmp_path_factory, "environment", install) / "bin"


def pip(*arguments):
    # Options that `wheel` and `install` share; `--python` comes before these.
    common = ["--no-deps", "--no-index", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(
        [sys.executable, "-m", "pip", *map(str, arguments), *common],
        capture_output=True,
        text=True,
        env=without_paths(),
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def without_paths():
    """The environment without folders from which Python would take the tree's own packages."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


@pytest.fixture(scope="module")
def environment():
    return without_paths()


@pytest.fixture(scope="module")
def songngu(installed, environment, tmp_path_factory):
    """Runs the installed program in a folder of its own; its output is text."""
    folder = tmp_path_factory.mktemp("reader")

    def run(*arguments):
        done = subprocess.run(
            [installed / "songngu", *arguments],
            capture_output=True,
            text=True,
            cwd=folder,
            env=environment,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run.folder = folder
    return run


def test_it_holds_what_the_tree_has(wheel):
    tree = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    with zipfile.ZipFile(wheel) as contents:
        inside = {name for name in contents.namelist() if ".dist-info/" not in name}
    assert inside == tree - ONLY_IN_THE_TREE
    assert {f"{package}/py.typed" for package in PACKAGES} <= inside


def test_what_is_imported_is_what_was_installed(installed, environment, tmp_path):
    code = "import search, indexer, webui\nprint(search.__file__, indexer.__file__, webui.__file__)"
    done = subprocess.run(
        [installed / "python", "-c", code],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
        check=True,
    )
    for path in done.stdout.split():
        assert Path(path).is_relative_to(installed.parent)


def test_the_program_knows_its_commands_and_its_version(songngu, wheel):
    said = songngu("--help")
    for name in cli.cli.list_commands(None):
        assert re.search(rf"^  {name} ", said, re.MULTILINE)
    assert songngu("--version").split()[-1] == wheel.name.split("-")[1]


def test_the_demo_is_filled_searched_and_served(songngu, installed, environment):
    assert "62 stories added" in songngu("demo", "--no-serve")
    found = songngu("search", "gia ca phe", "--archive", "songngu-demo.db")
    assert "giá cà phê" in found.lower()
    with subprocess.Popen(
        [installed / "songngu", "serve", "--archive", "songngu-demo.db", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=songngu.folder,
        env=environment,
    ) as serving:
        try:
            address = re.search(r"http://[\d.:]+", serving.stdout.readline())[0]
            page = content(f"{address}/?ui=vi").decode()
            assert VIETNAMESE in page
            assert VIETNAMESE not in content(f"{address}/?ui=en").decode()
            for path in (ROOT / "webui" / "static").iterdir():
                assert content(f"{address}/static/{path.name}") == path.read_bytes()
            assert "demo-003-vi" in content(f"{address}/api/v1/search?q=gia+ca+phe").decode()
        finally:
            serving.send_signal(signal.SIGTERM)


def content(url):
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read()
