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
from support.counts import count, done
from support.once import made_once
from support.places import contents

from search.archive import open_store
from search.settings import Settings
from search.stores.ledger import Ledger

KILLS = count("SONGNGU_KILLS", 2)
MANY = 5
ARTICLES = 96 if KILLS >= MANY else 16
TESTS = Path(__file__).resolve().parents[1]


def row(number, version=1):
    text = f"Bài số {number}, bản {version}, kể về cây cầu thứ {number} ở miền núi."
    if number % 3 == 0:
        text += "".join(f"\n\nNgày {n} người dân đi qua cầu để ra chợ phiên." for n in range(1, 8))
    return {"id": f"a{number:03}", "title": f"Cây cầu số {number}", "text": text}


def write(path, rows):
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), "utf-8")
    return path


def run(*arguments):
    """What the program that is killed prints."""
    ran = subprocess.run(
        [sys.executable, "-m", "support.killing", *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{TESTS}:{os.environ.get('PYTHONPATH', TESTS.parent)}"},
        timeout=600 + 60 * KILLS,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def kill(operation, place, source, *base):
    """Run it, kill it at random moments, and let it end at last."""
    killed_at = run(operation, place, source, KILLS, 7, *base).splitlines()[-1]
    assert len(killed_at.split()) == KILLS
    done("SONGNGU_KILLS", KILLS)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Sources, and uninterrupted archives of them: all, leads only, before and after changes."""
    return made_once(tmp_path_factory, "upkeep-archives", build)


def build(folder):
    source = write(folder / "tin.jsonl", [row(n) for n in range(ARTICLES)])
    later = [row(n, 2 if n % 4 == 0 else 1) for n in range(ARTICLES) if n % 4 != 1]
    later += [row(n) for n in range(ARTICLES, ARTICLES + ARTICLES // 4)]
    write(folder / "later.jsonl", later)
    changing = folder / "changing.jsonl"
    changing.write_bytes(source.read_bytes())
    run(
        "build",
        *("index", folder / "index.db", source),
        *("lead", folder / "lead.db", source),
        *("index", folder / "before.db", changing),
        *("index", folder / "after.db", folder / "later.jsonl"),
    )
    changing.write_bytes((folder / "later.jsonl").read_bytes())


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
        return Ledger(store).origins([f"a{n:03}" for n in range(2 * ARTICLES)])
    finally:
        store.close()


def test_index(place, whole):
    kill("index", place, whole / "tin.jsonl")
    assert_equal(place, f"{whole}/index.db")
    assert origins(place) == origins(f"{whole}/index.db")


def test_leads_and_then_deepen(place, whole):
    if KILLS >= MANY:  # but for the passages it is what test_index does
        kill("lead", place, whole / "tin.jsonl")
        assert_equal(place, f"{whole}/lead.db")
    kill("deepen", place, whole / "tin.jsonl", whole / "lead.db")
    assert_equal(place, f"{whole}/index.db")


def test_reembed(place, whole):
    kill("reembed", place, whole / "tin.jsonl", whole / "index.db")
    assert_equal(place, f"{whole}/index.db")
    assert origins(place) == origins(f"{whole}/index.db")


def test_sync(place, whole):
    kill("sync", place, whole / "changing.jsonl", whole / "before.db")
    assert_equal(place, f"{whole}/after.db")
