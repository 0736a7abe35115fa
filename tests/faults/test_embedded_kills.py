"""The embedded store's promise under kills, damage and crowds: what was reported is kept, whole."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support import counts
from support.entries import PROFILE, entry, unit

from search.errors import StoreError
from search.records import Filters
from search.stores.base import NearestLookup, Phrase, Scope, Term, WordLookup
from search.stores.sqlite.store import EmbeddedStore
from search.stores.sqlite.word_index import WordIndex

KILLS = counts.count("SONGNGU_KILLS", 6)
TESTS = Path(__file__).resolve().parents[1]
TOPICS = ("cảng", "trường", "chợ", "rừng", "núi")


def article(number, round_=0):
    """An entry that says its number in every part, so that halves would show."""
    return entry(
        f"a{number:05}",
        f"Tin số{number} về {TOPICS[number % 5]} lần{round_}.",
        *(unit(1, number, round_, i) for i in range(1 + number % 4)),
        title=f"Tiêu đề số{number}",
        source=f"báo{number % 3}",
        date=f"2025-01-{number % 28 + 1:02}",
    )


@pytest.fixture
def make(tmp_path):
    """Opens the archive at a path as a new process would."""
    opened = []

    def open_(path=None):
        opened.append(EmbeddedStore(path or tmp_path / "news.db"))
        return opened[-1]

    yield open_
    for store in opened:
        store.close()


def filled(store, numbers, round_=0):
    store.create(PROFILE)
    store.upsert([article(number, round_) for number in numbers])
    store.flush()
    return store


def words(store, token, **scope):
    lookup = WordLookup(Scope("vi", **scope), (Term("exact", token),), 50_000)
    return sorted(candidate.id for candidate in store.find([lookup])[0])


def assert_whole(store):
    """Every article in the archive is all there, and both indexes find exactly what is in it."""
    kept = list(store.entries())
    for found in kept:
        number = int(found.article.id[1:])
        wanted = article(number, int(found.article.text.rpartition("lần")[2].rstrip(".")))
        assert (found.article, found.passages) == (wanted.article, wanted.passages)
        assert found.forms == wanted.forms
        np.testing.assert_allclose(found.vectors, wanted.vectors, atol=1e-6)
    ids = [found.article.id for found in kept]
    assert ids == sorted(set(ids))
    assert words(store, "tin") == ids
    [nearest] = store.find([NearestLookup(Scope("vi"), unit(1), len(ids) + 5)])
    assert sorted(candidate.id for candidate in nearest) == ids
    for topic in TOPICS:
        assert words(store, topic) == [f.article.id for f in kept if topic in f.article.text]
    return ids


WRITER = """
import sys
sys.path.insert(0, sys.argv[1])
from faults.test_embedded_kills import EmbeddedStore, article
store = EmbeddedStore(sys.argv[2])
first, round_, step = map(int, sys.argv[3:6])
for number in range(first, 100_000, step):
    batch = [article(n, round_) for n in (number, number % 50, number % 7)]
    report = store.upsert(batch)
    if number % 5 == 0:
        store.flush()
    if number % 11 == 0:
        store.delete([f"a{number:05}"])
        report = None
    if report is not None:
        print(number, flush=True)
"""


def writer(path, first, round_, step=1):
    arguments = [str(TESTS), str(path), str(first), str(round_), str(step)]
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, *arguments], stdout=subprocess.PIPE, text=True
    )


def killed(process, after):
    """Numbers that a writer had reported when it was killed, at some moment after so many."""
    reported = []
    for line in process.stdout:
        reported.append(int(line))
        if len(reported) == after:
            process.send_signal(signal.SIGKILL)
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL
    return reported


def test_kills_at_any_moment_lose_nothing_that_was_reported(make, tmp_path):
    filled(make(), range(50)).close()
    pick = random.Random(7)
    first, reported = 50, set()
    for round_ in range(1, KILLS + 1):
        done = killed(writer(tmp_path / "news.db", first, round_), pick.randint(1, 40))
        counts.done("SONGNGU_KILLS")
        reported |= {f"a{number:05}" for number in done}
        store = make()
        ids = assert_whole(store)
        assert reported <= set(ids)
        store.close()
        first = max(int(id_[1:]) for id_ in ids) + 1
    connection = sqlite3.connect(tmp_path / "news.db")
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()


def test_two_writers_and_a_reader_at_once(make, tmp_path):
    reader = filled(make(), range(50))
    writers = [writer(tmp_path / "news.db", 1000 + i, 1, step=2) for i in range(2)]
    reported = set()
    for _ in range(8):
        reported |= {f"a{int(process.stdout.readline()):05}" for process in writers}
        assert reported | {f"a{number:05}" for number in range(50)} <= set(words(reader, "tin"))
    for process in writers:
        assert process.poll() is None
        process.send_signal(signal.SIGKILL)
        reported |= {f"a{int(line):05}" for line in process.stdout}
        process.stdout.close()
        process.wait()
    assert reported <= set(assert_whole(reader))
    assert set(assert_whole(make())) >= reported


def test_a_word_index_that_could_not_be_noted_goes_on_where_it_stopped(make, monkeypatch):
    """Its commit is on disk, the note of it is not: what it holds already must not be there twice.

    As on a disk that is full for a moment; after a kill it is built anew.
    """
    store = filled(make(), range(20))
    store.delete(["a00003"])
    store.upsert([article(5, 1), article(20)])

    def fail(index, mark):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(WordIndex, "_store_cursor", fail)
        with pytest.raises(StoreError, match="no article is lost"):
            store.flush()
    store.upsert([article(21)])
    store.flush()
    assert len(assert_whole(store)) == 21
    _, _, index = store._follower.follow()
    assert index.searchers["vi"].num_docs == 21
    assert words(store, "số5") == ["a00005"]


def flipped(data, place):
    return data[:place] + bytes(byte ^ 8 for byte in data[place : place + 1]) + data[place + 1 :]


DAMAGE = {
    "emptied": lambda data: b"",
    "cut in half": lambda data: data[: len(data) // 2],
    "garbage": lambda data: bytes(range(256)) * (len(data) // 256 + 1),
    "zeros": lambda data: b"\x00" * len(data),
    "one bit": lambda data: flipped(data, len(data) // 2),
}


@pytest.fixture(scope="module")
def intact(tmp_path_factory):
    path = tmp_path_factory.mktemp("intact") / "news.db"
    store = EmbeddedStore(path)
    filled(store, range(40))
    filled(store, range(30, 60), round_=1)
    store.close()
    return path


def kinds(path):
    """One file of each kind in the word index of Vietnamese, and its own state."""
    found = {}
    for file in sorted(Path(f"{path}.words").rglob("*")):
        if file.is_file() and "en" not in file.parts:
            found.setdefault(file.suffix or file.name, file.relative_to(f"{path}.words"))
    return found


@pytest.mark.parametrize("damage", [*DAMAGE, "gone"])
def test_damage_anywhere_in_the_word_index_is_repaired_or_harmless(make, intact, tmp_path, damage):
    for number, (kind, name) in enumerate(kinds(intact).items()):
        path = tmp_path / f"{number}.db"
        shutil.copy(intact, path)
        shutil.copytree(f"{intact}.words", f"{path}.words")
        file = Path(f"{path}.words") / name
        if damage == "gone":
            file.unlink()
        else:
            file.write_bytes(DAMAGE[damage](file.read_bytes()))
        store = make(path)
        try:
            found = words(store, "tin")
            cảng = words(store, "cảng", phrases=(Phrase("exact", ("về", "cảng")),))
            one = words(store, "tin", filters=Filters(sources=("báo1",)))
        except Exception as error:
            raise AssertionError(f"{kind} {damage}: {error}") from error
        assert found == [f"a{n:05}" for n in range(60)], (kind, damage)
        assert cảng == [f"a{n:05}" for n in range(0, 60, 5)], (kind, damage)
        assert one == [f"a{n:05}" for n in range(1, 60, 3)], (kind, damage)
        store.upsert([article(99)])
        store.flush()
        assert words(store, "số99") == ["a00099"], (kind, damage)
        store.close()


def test_an_older_copy_that_went_on_otherwise(make, intact, tmp_path):
    path = shutil.copy(intact, tmp_path / "news.db")
    shutil.copytree(f"{intact}.words", f"{path}.words")
    store = filled(make(path), range(100, 110))
    store.close()
    assert words(make(path), "số105") == ["a00105"]
    shutil.copy(intact, path)
    store = filled(make(path), range(200, 230))
    assert words(store, "số105") == []
    assert words(store, "số205") == ["a00205"]
    assert len(assert_whole(store)) == 90


def test_a_file_in_the_place_of_the_word_index(make, intact, tmp_path):
    path = shutil.copy(intact, tmp_path / "news.db")
    Path(f"{path}.words").write_text("in the way")
    with pytest.raises(StoreError, match="remove what is in its place"):
        words(make(path), "tin")
    Path(f"{path}.words").unlink()
    assert len(words(make(path), "tin")) == 60


def test_the_file_with_its_log_is_the_archive_after_a_kill(make, tmp_path):
    filled(make(), range(50)).close()
    reported = killed(writer(tmp_path / "news.db", 51, 1), 3)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for suffix in ("", "-wal"):
        shutil.copy(tmp_path / f"news.db{suffix}", elsewhere / f"news.db{suffix}")
    ids = assert_whole(make(elsewhere / "news.db"))
    assert {f"a{number:05}" for number in reported} <= set(ids)


def test_after_flush_the_file_alone_is_the_archive(make, tmp_path):
    store = filled(make(), range(20))
    alone = tmp_path / "alone.db"
    shutil.copy(tmp_path / "news.db", alone)  # while it is open
    assert len(assert_whole(make(alone))) == 20
    store.upsert([article(77)])
    store.flush()
    shutil.copy(tmp_path / "news.db", alone)
    assert len(assert_whole(make(alone))) == 21


def test_a_kill_while_everything_is_embedded_again_changes_nothing(make, tmp_path):
    filled(make(), range(30)).close()
    code = (
        f"import os, sys; sys.path.insert(0, {str(TESTS)!r})\n"
        "from faults.test_embedded_kills import EmbeddedStore, PROFILE, article\n"
        "store = EmbeddedStore(sys.argv[1])\n"
        "with store.rebuild(PROFILE) as new:\n"
        "    new.upsert([article(5), article(7, 9)])\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "news.db")])
    assert done.returncode == -signal.SIGKILL
    store = make()
    assert len(assert_whole(store)) == 30
    with store.rebuild(PROFILE) as new:
        assert [kept.id for kept in new.listing()] == ["a00005", "a00007"]
        new.upsert([article(number) for number in range(30)])
    assert assert_whole(store) == [f"a{n:05}" for n in range(30)]
    assert sorted(file.name for file in tmp_path.iterdir() if "rebuild" in file.name) == []


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 3 MB; only root can make one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)], capture_output=True
    )
    if made.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {made.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_disk_that_fills_up_and_is_freed(make, small_disk):
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * 1_500_000)
    store = make(small_disk / "news.db")
    store.create(PROFILE)
    reported, failure = [], None
    for number in range(0, 20_000, 50):
        try:
            reported += store.upsert([article(n) for n in range(number, number + 50)]).written
            store.flush()
        except StoreError as error:
            failure = str(error)
            break
    assert failure is not None
    assert "space" in failure
    again = make(small_disk / "news.db")
    assert set(reported) <= {e.article.id for e in again.entries()}
    ballast.unlink()
    store.upsert([article(n) for n in range(number, number + 50)])
    store.flush()
    assert set(reported) <= set(assert_whole(store))
    store.close()
    again.close()
