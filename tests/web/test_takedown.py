"""What is taken down or withdrawn is gone from a web site that runs, on both stores."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from urllib.parse import quote

import pytest
from support.commands import songngu, songngu_json

SERVE = (
    "from search.settings import Settings\n"
    "from webui import create_app\n"
    "from webui.server import serve\n"
    "serve(create_app(settings=Settings.load()), '127.0.0.1', 0)\n"
)


@pytest.fixture
def source(tmp_path, place):
    """A file with three articles, which are in the archive."""
    path = tmp_path / "tin.jsonl"
    write(path, "một", "hai", "ba")
    songngu_json("index", path, "--archive", place, cwd=tmp_path)
    return path


@pytest.fixture
def site(source, place):
    """Where a server of its own process answers."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVE],
        env=os.environ | {"SONGNGU_ARCHIVE": place},
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        yield re.search(r"http://\S+/", server.stdout.readline())[0]
        server.terminate()


def write(path, *names):
    rows = [
        {"id": name, "text": f"Tin {name} về cây cầu.", "url": f"https://bao.example/{name}"}
        for name in names
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def found(site, mode):
    address = f"{site}api/v1/search?q={quote('cây cầu')}&lang=vi&mode={mode}"
    with urllib.request.urlopen(address, timeout=30) as answer:
        return sorted(hit["id"] for hit in json.load(answer)["results"]["vi"])


def status(address):
    try:
        with urllib.request.urlopen(address, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def test_the_first_search_after_it_no_longer_shows_it(site, source, place, tmp_path):
    page = f"{site}article/{quote('hai')}"
    assert found(site, "words") == found(site, "meaning") == ["ba", "hai", "một"]
    assert status(page) == 200
    done = songngu("delete", "http://www.bao.example/hai?utm_source=x", "--archive", place)
    assert done.stdout == "1 removed, 0 not found.\n"
    assert found(site, "words") == found(site, "meaning") == ["ba", "một"]
    assert status(page) == 404
    write(source, "hai", "ba", "bốn")
    report = songngu_json("sync", source, "--archive", place, cwd=tmp_path)
    assert (report["added"], report["skipped"], report["removed"]) == (1, 1, 1)
    assert found(site, "words") == found(site, "meaning") == ["ba", "bốn"]
