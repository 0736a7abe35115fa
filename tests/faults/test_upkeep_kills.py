"""Killed at random moments, on both stores: the end result is that of an uninterrupted run.

SONGNGU_KILLS=10 kills each operation ten times; the usual run has not the time for it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.places import contents, elasticsearch_url, place

from search.engine import open_store
from search.settings import Settings

__all__ = ["elasticsearch_url", "place"]

KILLS = int(os.environ.get("SONGNGU_KILLS", "2"))
ARTICLES = 24 if KILLS < 5 else 96
TESTS = Path(__file__).resolve().parents[1]


def row(number, version=1):
    text = f"Bài số {number}, bản {version}, kể về cây cầu thứ {number} ở miền núi."
    if number % 3 == 0:
        text += "".join(f"\n\nNgày {n} người dân đi qua cầu để ra chợ phiên." for n in range(1, 9))
    return {"id": f"a{number:03}", "title": f"Cây cầu số {number}", "text": text}


def write(path, rows):
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), "utf-8")
    return path


def attempt(operation, place, source, *, base=None, kills=KILLS):
    """Where the operation was killed before it ended."""
    arguments = [operation, place, source, kills, 7, *([base] if base else [])]
    done = subprocess.run(
        [sys.executable, "-m", "support.killing", *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{TESTS}:{os.environ.get('PYTHONPATH', TESTS.parent)}"},
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()[-1].split()) == kills
    return done.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A source, and uninterrupted archives of it: all of it, leads only, and a later state."""
    folder = tmp_path_factory.mktemp("whole")
    source = write(folder / "tin.jsonl", [row(n) for n in range(ARTICLES)])
    for operation in ("index", "lead"):
        attempt(operation, folder / f"{operation}.db", source, kills=0)
    later = [row(n, 2 if n % 4 == 0 else 1) for n in range(ARTICLES) if n % 4 != 1]
    later += [row(n) for n in range(ARTICLES, ARTICLES + ARTICLES // 4)]
    write(folder / "later.jsonl", later)
    attempt("index", folder / "later.db", folder / "later.jsonl", kills=0)
    return folder


def assert_equal(place, expected):
    """The same articles, passages and vectors, but for the last digits of the encoder."""
    found, wanted = contents(place), contents(expected)
    assert found.keys() == wanted.keys()
    for id_, (article, passages, vectors, shallow) in found.items():
        assert (article, passages, shallow) == (*wanted[id_][:2], wanted[id_][3])
        assert (vectors * wanted[id_][2]).sum(axis=1).min() > 0.999


def origins(place):
    store = open_store(place, Settings())
    try:
        return store.origins([f"a{n:03}" for n in range(2 * ARTICLES)])
    finally:
        store.close()


def test_index(place, whole):
    attempt("index", place, whole / "tin.jsonl")
    assert_equal(place, f"{whole}/index.db")
    assert origins(place) == origins(f"{whole}/index.db")


def test_leads_and_then_deepen(place, whole):
    attempt("lead", place, whole / "tin.jsonl")
    assert_equal(place, f"{whole}/lead.db")
    assert any(kept[3] for kept in contents(place).values())
    attempt("deepen", place, whole / "tin.jsonl", base=f"{whole}/lead.db")
    assert_equal(place, f"{whole}/index.db")


def test_reembed(place, whole):
    attempt("reembed", place, whole / "tin.jsonl", base=f"{whole}/index.db")
    assert_equal(place, f"{whole}/index.db")
    assert origins(place) == origins(f"{whole}/index.db")


def test_sync(place, whole, tmp_path):
    source = write(tmp_path / "tin.jsonl", [row(n) for n in range(ARTICLES)])
    attempt("index", tmp_path / "base.db", source, kills=0)
    source.write_bytes((whole / "later.jsonl").read_bytes())
    attempt("sync", place, source, base=f"{tmp_path}/base.db")
    assert_equal(place, f"{whole}/later.db")
