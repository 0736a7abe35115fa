"""An archive whose file is replaced while it is open: noticed at once, and never mixed up."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
from faults.test_embedded_kills import article, assert_whole, filled, words
from support.commands import one_line, songngu, songngu_json

from search.settings import Settings
from search.stores.base import hashes_of
from search.stores.sqlite.store import EmbeddedStore
from webui import create_app

TESTS = Path(__file__).resolve().parents[1]


def made(path, numbers, round_=0):
    with closing(EmbeddedStore(path)) as store:
        filled(store, numbers, round_)
    return path


def in_another_process(path, code):
    """Run statements on ``store`` in a process of its own."""
    program = (
        f"import os, sys; sys.path.insert(0, {str(TESTS)!r})\n"
        "from faults.test_embedded_kills import EmbeddedStore, article, filled\n"
        "from search.stores.notes import write_note\n"
        f"store = EmbeddedStore(sys.argv[1])\n{code}\n"
    )
    return subprocess.run([sys.executable, "-c", program, str(path)]).returncode


def assert_sound(path):
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


@pytest.fixture
def served(tmp_path):
    store = EmbeddedStore(made(tmp_path / "news.db", range(60)))
    assert len(assert_whole(store)) == 60
    assert hashes_of(store, ["a00001"])
    yield store
    store.close()


@pytest.mark.parametrize("number", [5, 400])
@pytest.mark.parametrize("with_words", [False, True])
def test_another_archive_in_its_place(served, tmp_path, number, with_words):
    new = made(tmp_path / "new.db", range(1000, 1000 + number))
    if with_words:
        shutil.rmtree(tmp_path / "news.db.words")
        shutil.move(f"{new}.words", tmp_path / "news.db.words")
    new.replace(tmp_path / "news.db")
    wanted = [f"a{n:05}" for n in range(1000, 1000 + number)]
    assert assert_whole(served) == wanted
    assert served.stats().articles == {"vi": number}
    assert hashes_of(served, ["a00001"]) == {}
    # And it is that file that is written, by whomever.
    write = "store.upsert([article(5000)]); store.flush(); store.close()"
    assert in_another_process(tmp_path / "news.db", write) == 0
    served.upsert([article(5001)])
    served.flush()
    assert assert_whole(served) == [*wanted, "a05000", "a05001"]
    assert_sound(tmp_path / "news.db")


def test_it_is_written_before_it_is_noticed(served, tmp_path):
    made(tmp_path / "new.db", range(1000, 1400)).replace(tmp_path / "news.db")
    write = "store.upsert([article(n) for n in range(1400, 1500)]); store.flush(); store.close()"
    assert in_another_process(tmp_path / "news.db", write) == 0
    assert assert_whole(served) == [f"a{n:05}" for n in range(1000, 1500)]
    assert_sound(tmp_path / "news.db")


def test_an_older_copy_of_itself_that_went_on_otherwise(served, tmp_path):
    older = shutil.copy(tmp_path / "news.db", tmp_path / "older.db")
    served.upsert([article(number) for number in range(100, 130)])
    served.flush()
    assert len(words(served, "tin")) == 90
    with closing(EmbeddedStore(older)) as other:
        filled(other, range(200, 230))
        other.delete(["a00229", "a00004"])
        filled(other, range(230, 240))
    older.replace(tmp_path / "news.db")
    assert words(served, "số105") == []
    ids = assert_whole(served)
    assert len(ids) == 60 - 1 + 29 + 10
    assert "a00235" in ids


def test_an_article_that_is_read_while_the_file_is_replaced(served, tmp_path):
    stream = served.stream()
    first = next(stream).id
    made(tmp_path / "new.db", range(1000, 1005)).replace(tmp_path / "news.db")
    assert [first, *(a.id for a in stream)] == [f"a{n:05}" for n in range(60)]
    assert len(assert_whole(served)) == 5


def test_replaced_again_and_again_under_readers(served, tmp_path):
    """No answer is mixed of two archives, and none fails."""
    archives = [made(tmp_path / f"{n}.db", range(n, n + 40 + n)) for n in (100, 1000)]
    whole = [{f"a{n:05}" for n in range(60)}]
    whole += [{f"a{n:05}" for n in range(n, n + 40 + n)} for n in (100, 1000)]
    wrong, stop = [], threading.Event()

    def read():
        while not stop.is_set():
            try:
                found = set(words(served, "tin"))
                if found not in whole:
                    wrong.append(len(found))
                served.articles(["a00100", "a01000"])
            except Exception as error:
                wrong.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(12):
        shutil.copy(archives[number % 2], tmp_path / "next.db")
        (tmp_path / "next.db").replace(tmp_path / "news.db")
        stop.wait(0.15)
    stop.set()
    for reader in readers:
        reader.join()
    assert not wrong
    assert set(assert_whole(served)) == whole[2]


def test_commands_leave_no_log_behind(served, tmp_path):
    """Whatever is left in it would go into the file that takes this one's place."""
    log = tmp_path / "news.db-wal"
    write = "store.upsert([article(70)]); write_note(store, 'x', b'y'); store.close()"
    assert in_another_process(tmp_path / "news.db", write) == 0
    assert not log.exists() or log.stat().st_size == 0


KILLED = "store.upsert([article(n, 9) for n in range(20)]); os.kill(os.getpid(), 9)"


@pytest.mark.parametrize("other", ["another archive", "older copy", "newer copy"])
def test_the_log_of_the_file_before_is_refused(tmp_path, other):
    path = made(tmp_path / "news.db", range(30))
    if other == "another archive":
        new = made(tmp_path / "new.db", range(100, 140))
    else:
        new = shutil.copy(path, tmp_path / "new.db")
    if other != "newer copy":
        with closing(EmbeddedStore(path)) as store:
            filled(store, range(30, 50))
    assert in_another_process(path, KILLED) == -signal.SIGKILL
    if other == "newer copy":
        with closing(EmbeddedStore(new)) as store:
            for number in range(60, 63):
                filled(store, [number])
    assert (tmp_path / "news.db-wal").stat().st_size > 0
    before = new.read_bytes()
    new.replace(path)
    for command in (["search", "tin"], ["stats"], ["delete", "a00001"]):
        done = songngu(*command, "--archive", path, cwd=tmp_path)
        assert done.returncode == 1
        assert f"Delete {path}-wal and {path}-shm" in one_line(done.stderr)
    assert path.read_bytes() == before
    for name in ("news.db-wal", "news.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    with closing(EmbeddedStore(path)) as store:
        assert assert_whole(store)
    assert_sound(path)


def test_its_own_log_is_taken_after_a_kill(tmp_path):
    path = made(tmp_path / "news.db", range(30))
    for _ in range(3):
        assert in_another_process(path, KILLED) == -signal.SIGKILL
        with closing(EmbeddedStore(path)) as store:
            assert len(assert_whole(store)) == 30
            assert store.articles(["a00003"])["a00003"] == article(3, 9).article
    new = tmp_path / "new.db"
    code = "store.create(__import__('support.entries').entries.PROFILE)\n" + KILLED
    assert in_another_process(new, code) == -signal.SIGKILL
    with closing(EmbeddedStore(new)) as store:
        assert len(assert_whole(store)) == 20


def test_the_site_answers_from_the_new_file(tmp_path):
    for name, story in (("news", "Cầu treo đã được sửa xong."), ("new", "Chợ nổi họp lại.")):
        (tmp_path / f"{name}.jsonl").write_text(f'{{"id": "{name}", "text": "{story}"}}', "utf-8")
        songngu_json("index", f"{name}.jsonl", "--archive", tmp_path / f"{name}.db", cwd=tmp_path)
    settings = Settings(archive=str(tmp_path / "news.db"))
    client = create_app(settings=settings).test_client()

    def found(query):
        answer = client.get(f"/api/v1/search?q={query}&lang=vi&mode=words")
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return [hit["id"] for hit in answer.json["results"]["vi"]]

    assert found("cầu treo") == ["news"]
    (tmp_path / "new.db").replace(tmp_path / "news.db")
    assert (found("cầu treo"), found("chợ nổi")) == ([], ["new"])
    (tmp_path / "more.jsonl").write_text('{"id": "more", "text": "Một chợ nổi khác."}', "utf-8")
    songngu_json("index", "more.jsonl", "--archive", tmp_path / "news.db", cwd=tmp_path)
    assert sorted(found("chợ nổi")) == ["more", "new"]
    (tmp_path / "news.db").unlink()
    assert client.get("/api/v1/search?q=cầu").status_code == 503
