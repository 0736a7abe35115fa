"""Faults caused on purpose: kills, lost and foreign files, full disks, missing rights."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from support.commands import one_line, songngu, songngu_json, start
from support.entries import PROFILE, entry, unit
from support.once import made_once

from search.archive import open_archive
from search.records import Query
from search.stores.sqlite.store import EmbeddedStore

ARTICLES = 200


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("source") / "news.jsonl"
    subjects = ["bến cảng", "trường học", "cầu treo", "chợ nổi", "nhà máy", "rừng ngập mặn"]
    rows = [
        {
            "id": f"a{i:03}",
            "title": f"Tin số {i} về {subjects[i % 6]}",
            "text": f"Ngày {i % 28 + 1}, {subjects[i % 6]} số {i} được khánh thành. " * 3,
        }
        for i in range(ARTICLES)
    ]
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
    return path


@pytest.fixture(scope="module")
def uninterrupted(source, tmp_path_factory):
    def build(folder):
        report = songngu_json("index", source, "--archive", folder / "news.db", cwd=folder)
        assert report["added"] == ARTICLES

    return made_once(tmp_path_factory, "whole-archive", build) / "news.db"


@pytest.fixture
def archive(uninterrupted, tmp_path):
    """A copy of the file alone: that is the archive."""
    return shutil.copy(uninterrupted, tmp_path / "news.db")


def contents(path):
    """Everything but the vectors, which are checked to be whole.

    Their last digits depend on how many texts were embedded together.
    """
    with open_archive(str(path)) as opened:
        kept = {}
        for entry in opened.store.entries():
            assert entry.passages
            assert entry.vectors.shape == (len(entry.passages), 384)
            np.testing.assert_allclose(np.linalg.norm(entry.vectors, axis=1), 1, atol=1e-3)
            kept[entry.article.id] = (entry.article.content_hash, entry.passages, entry.forms)
        return kept


def found(path, query="Tin số 7"):
    with open_archive(str(path)) as opened:
        results = opened.search(Query(query, lang="vi", mode="words", k=3))
        return [hit.article.id for hit in results.results["vi"]]


def rows(path):
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
            count = connection.execute("SELECT count(*) FROM articles").fetchone()[0]
        connection.close()
    except sqlite3.Error:
        return 0
    return count


@pytest.mark.parametrize("moment", [1, 128])
def test_a_killed_run_loses_nothing_and_goes_on(source, uninterrupted, tmp_path, moment):
    archive = tmp_path / "news.db"
    process = start("index", source, "--archive", archive, cwd=tmp_path)
    while rows(archive) < moment and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    kept = contents(archive)
    whole = contents(uninterrupted)
    assert len(kept) >= moment
    assert kept == {id_: whole[id_] for id_ in kept}
    report = songngu_json("index", source, "--archive", archive, cwd=tmp_path)
    assert report["unchanged"] == len(kept)
    assert report["added"] == ARTICLES - len(kept)
    assert contents(archive) == whole
    assert found(archive) == found(uninterrupted)


def test_the_file_alone_is_the_archive(archive, uninterrupted):
    assert found(archive) == found(uninterrupted)
    assert found(archive)[0] == "a007"


def test_a_deleted_word_index_is_built_again(archive):
    before = found(archive)
    shutil.rmtree(f"{archive}.words")
    assert found(archive) == before


def test_half_of_a_word_index_is_built_again(archive):
    before = found(archive)
    shutil.rmtree(f"{archive}.words/vi")
    assert found(archive) == before


@pytest.mark.parametrize("name", ["state.json", "vi/meta.json"])
def test_a_damaged_word_index_is_built_again(archive, name):
    before = found(archive)
    Path(f"{archive}.words", name).write_bytes(b"\x00garbage")
    assert found(archive) == before


def test_a_word_index_of_another_archive_is_not_used(archive, tmp_path):
    other = tmp_path / "other.db"
    (tmp_path / "one.jsonl").write_text('{"id": "x", "text": "Tin số 7 khác hẳn"}', "utf-8")
    songngu_json("index", tmp_path / "one.jsonl", "--archive", other, cwd=tmp_path)
    before = found(archive)
    shutil.rmtree(f"{archive}.words")
    shutil.copytree(f"{other}.words", f"{archive}.words")
    assert found(archive) == before


def test_an_older_copy_put_back_is_searched_as_it_is(archive, tmp_path):
    older = shutil.copy(archive, tmp_path / "older.db")
    (tmp_path / "more.jsonl").write_text('{"id": "new", "text": "Tin số 7 mới nhất"}', "utf-8")
    songngu_json("index", tmp_path / "more.jsonl", "--archive", archive, cwd=tmp_path)
    assert "new" in found(archive, "mới nhất")
    for suffix in ("-wal", "-shm"):
        Path(f"{archive}{suffix}").unlink(missing_ok=True)
    shutil.copy(older, archive)
    assert "new" not in found(archive, "mới nhất")
    assert found(archive)[0] == "a007"


def test_searching_while_another_process_writes(source, tmp_path):
    archive = tmp_path / "news.db"
    process = start("index", source, "--archive", archive, cwd=tmp_path)
    while not rows(archive) and process.poll() is None:
        time.sleep(0.01)
    with open_archive(str(archive)) as opened:
        seen = []
        while process.poll() is None:
            results = opened.search(Query("tin khánh thành", mode="words", k=1000, lang="vi"))
            seen.append(results.total["vi"])
        assert process.returncode == 0, process.communicate()
        results = opened.search(Query("tin khánh thành", mode="words", k=1000, lang="vi"))
        assert results.total["vi"] == ARTICLES
        assert seen == sorted(seen)
    process.communicate()


@pytest.mark.parametrize("content", [b"no database at all, just text\n" * 100, b"\x00" * 5000])
def test_a_file_that_is_no_database(tmp_path, content):
    path = tmp_path / "news.db"
    path.write_bytes(content)
    done = songngu("search", "tin", "--archive", path, cwd=tmp_path)
    assert done.returncode == 1
    assert "not a Songngu archive" in one_line(done.stderr)
    assert path.read_bytes() == content


def test_a_database_of_something_else(tmp_path):
    path = tmp_path / "other.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE birds (name TEXT)")
    connection.close()
    for command in (["search", "tin"], ["index", path]):
        done = songngu(*command, "--archive", path, cwd=tmp_path)
        assert done.returncode == 1
        assert "not a Songngu archive" in one_line(done.stderr)


def test_an_empty_file_becomes_an_archive(source, tmp_path):
    path = tmp_path / "news.db"
    path.touch()
    done = songngu("search", "tin", "--archive", path, cwd=tmp_path)
    assert done.returncode == 1
    assert "songngu index" in one_line(done.stderr)
    assert songngu_json("index", source, "--archive", path, cwd=tmp_path)["added"] == ARTICLES


def test_an_archive_of_another_encoder_is_refused_with_the_way_out(archive, source, tmp_path):
    connection = sqlite3.connect(archive)
    profile = json.loads(
        connection.execute("SELECT value FROM meta WHERE key='profile'").fetchone()[0]
    )
    profile["encoder"] |= {"fingerprint": "other", "name": "some/model"}
    connection.execute("UPDATE meta SET value=? WHERE key='profile'", (json.dumps(profile),))
    connection.commit()
    connection.close()
    for command in (["search", "tin"], ["index", source]):
        done = songngu(*command, "--archive", archive, "--encoder", "bundled", cwd=tmp_path)
        assert done.returncode == 1
        assert f"songngu reembed --archive {archive}" in one_line(done.stderr)
    assert songngu("reembed", "--archive", archive, cwd=tmp_path).returncode == 0
    assert found(archive)[0] == "a007"


@pytest.fixture
def mounted(tmp_path):
    """Mounts a file system of a given size in memory; unmounts it at the end."""
    folder = tmp_path / "mounted"
    folder.mkdir()

    def mount(size):
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("only root can mount a file system of a given size or read-only")
        return folder

    yield mount
    if folder.is_mount():
        subprocess.run(["umount", folder], check=True)


def test_a_full_disk_keeps_what_was_written(source, uninterrupted, mounted, tmp_path):
    # The log beside the file needs room as well, and half of the file is links, written last.
    folder = mounted(uninterrupted.stat().st_size // 2)
    archive = folder / "news.db"
    done = songngu("index", source, "--archive", archive, cwd=tmp_path)
    assert done.returncode == 1
    assert "full or failing" in one_line(done.stderr)
    kept = contents(shutil.copytree(folder, tmp_path / "copied") / "news.db")
    whole = contents(uninterrupted)
    assert kept == {id_: whole[id_] for id_ in kept}
    assert 0 < len(kept) < ARTICLES
    subprocess.run(["mount", "-o", "remount,size=64m", folder], check=True)
    report = songngu_json("index", source, "--archive", archive, cwd=tmp_path)
    assert report["unchanged"] == len(kept)
    assert report["added"] == ARTICLES - len(kept)
    assert contents(archive) == whole


@pytest.fixture
def read_only_folder(archive, mounted, tmp_path):
    """A folder with the archive that nobody may write to, root included where it has to be."""
    folder = tmp_path / "kept"
    folder.mkdir()
    if os.geteuid() != 0:
        shutil.copy(archive, folder / "news.db")
        folder.chmod(0o555)
        yield folder
        folder.chmod(0o755)
        return
    folder = mounted("64m")
    shutil.copy(archive, folder / "news.db")
    subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
    yield folder


def test_a_read_only_folder_can_be_searched_and_not_written(read_only_folder, source, tmp_path):
    kept = read_only_folder / "news.db"
    done = songngu("index", source, "--archive", kept, cwd=tmp_path)
    assert "Traceback" not in done.stderr
    done = songngu("delete", "a007", "--archive", kept, cwd=tmp_path)
    assert done.returncode == 1
    assert "cannot be written" in one_line(done.stderr)
    done = songngu("index", source, "--archive", read_only_folder / "new.db", cwd=tmp_path)
    assert done.returncode == 1
    assert "cannot be written" in one_line(done.stderr)
    results = songngu_json("search", "Tin số 7", "--archive", kept, cwd=tmp_path)
    assert results["results"]["vi"][0]["id"] == "a007"


def test_a_folder_that_does_not_exist(source, tmp_path):
    done = songngu("index", source, "--archive", tmp_path / "no" / "news.db", cwd=tmp_path)
    assert done.returncode == 1
    assert "does not exist" in one_line(done.stderr)


def fill_disk(folder):
    """Leave no room at all."""
    ballast = os.open(folder / "ballast", os.O_CREAT | os.O_WRONLY)
    try:
        for size in (1 << 16, 1 << 12, 1):
            with suppress(OSError):
                while True:
                    os.write(ballast, b"x" * size)
    finally:
        os.close(ballast)


def killed_writer(path):
    """Commit an article to the log alone, and die."""
    code = (
        "import os, sys\n"
        "from dataclasses import replace\n"
        "from search.stores.sqlite.store import EmbeddedStore\n"
        "from search.text.languages import LANGUAGES\n"
        "store = EmbeddedStore(sys.argv[1])\n"
        "one = next(store.entries())\n"
        "article = replace(one.article, id='late', title='', text='Tin muộn về một con đò.')\n"
        "forms = LANGUAGES['vi'].forms(title='', body=article.body)\n"
        "new = replace(one, article=article, passages=one.passages[:1], forms=forms,\n"
        "              vectors=one.vectors[:1])\n"
        "assert store.upsert([new]).written\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)])
    assert done.returncode == -signal.SIGKILL
    assert Path(f"{path}-wal").stat().st_size > 0


@pytest.mark.parametrize("word_index", ["kept", "gone", "behind"])
def test_a_full_disk_can_be_searched(archive, mounted, tmp_path, word_index):
    folder = mounted("64m")
    path = folder / "news.db"
    shutil.copy(archive, path)
    if word_index != "gone":
        assert found(path)[0] == "a007"
    if word_index == "behind":
        killed_writer(path)
    fill_disk(folder)
    results = songngu_json("search", "Tin số 7 trường học", "--archive", path, cwd=tmp_path)
    assert results["results"]["vi"][0]["id"] == "a007"
    assert found(path)[0] == "a007"
    assert found(path, "con đò") == (["late"] if word_index == "behind" else [])
    assert len(songngu("export", "--archive", path, cwd=tmp_path).stdout.splitlines()) >= ARTICLES
    assert songngu("stats", "--archive", path, cwd=tmp_path).returncode == 0
    (tmp_path / "one.jsonl").write_text('{"id": "new", "text": "Tin mới về cầu tre"}', "utf-8")
    for command in (
        ["index", tmp_path / "one.jsonl"],
        ["delete", "a007"],
        ["reembed"],
        ["deepen"],
        ["doctor", "--mend"],
    ):
        done = songngu(*command, "--archive", path, cwd=tmp_path)
        if done.returncode:
            assert "full or failing" in one_line(done.stderr) or "No space" in done.stderr
    (folder / "ballast").unlink()
    songngu_json("index", tmp_path / "one.jsonl", "--archive", path, cwd=tmp_path)
    assert found(path, "cầu tre")[0] == "new"


def test_a_search_goes_on_while_its_disk_fills_up_and_is_freed(archive, mounted):
    folder = mounted("64m")
    path = folder / "news.db"
    shutil.copy(archive, path)
    with open_archive(str(path)) as opened:

        def hits(query):
            results = opened.search(Query(query, lang="vi", mode="words", k=3)).results
            return [hit.article.id for hit in results["vi"]]

        fill_disk(folder)
        assert hits("Tin số 7")[0] == "a007"
        (folder / "ballast").unlink()
        killed_writer(path)
        assert hits("con đò") == ["late"]
        fill_disk(folder)
        assert hits("con đò") == ["late"]
        (folder / "ballast").unlink()
        assert opened.store.delete(["late"]) == 1
        opened.store.flush()
        assert hits("con đò") == []
    assert found(path)[0] == "a007"


@pytest.mark.parametrize("left", ["log", "log and its index", "nothing"])
def test_a_read_only_disk_can_be_searched_whatever_was_left_on_it(
    archive, mounted, tmp_path, left, source
):
    folder = mounted("64m")
    path = folder / "news.db"
    shutil.copy(archive, path)
    assert found(path)[0] == "a007"
    if left != "nothing":
        killed_writer(path)
    if left == "log":
        (folder / "news.db-shm").unlink()
    subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
    results = songngu_json("search", "Tin số 7 trường học", "--archive", path, cwd=tmp_path)
    assert results["results"]["vi"][0]["id"] == "a007"
    assert found(path, "con đò") == ([] if left == "nothing" else ["late"])
    exported = songngu("export", "--archive", path, cwd=tmp_path).stdout.splitlines()
    assert len(exported) == ARTICLES + (left != "nothing")
    assert songngu("stats", "--archive", path, cwd=tmp_path).returncode == 0
    copied = songngu("copy", path, tmp_path / "copied.db", cwd=tmp_path)
    assert copied.returncode == 0, copied.stderr
    for command in (["delete", "a007"], ["reembed"], ["deepen"], ["doctor", "--mend"], ["link"]):
        done = songngu(*command, "--archive", path, cwd=tmp_path)
        if done.returncode:
            assert "Traceback" not in done.stderr
            assert len(done.stderr.splitlines()) == 1
    assert songngu("delete", "a007", "--archive", path, cwd=tmp_path).returncode == 1
    assert songngu("reembed", "--archive", path, cwd=tmp_path).returncode == 1
    with open_archive(str(path)) as opened:
        assert opened.articles(["a007"])
        subprocess.run(["mount", "-o", "remount,rw", folder], check=True)
        assert opened.store.delete(["a007"]) == 1
        opened.store.flush()
    assert found(path)[0] != "a007"


def test_a_second_opening_leaves_the_first_its_locks(tmp_path):
    """Else the next process to close the archive deletes the log that the first goes on writing."""
    place = tmp_path / "news.db"
    first = EmbeddedStore(place)
    first.create(PROFILE)
    first.upsert([entry("a", "tin", unit(1))])
    second = EmbeddedStore(place)
    assert second.sizes() == {"vi": 1}
    assert songngu("stats", "--archive", str(place), cwd=tmp_path).returncode == 0
    first.upsert([entry("b", "tin", unit(2))])
    assert second.sizes() == {"vi": 2}
    stats = json.loads(songngu("stats", "--json", "--archive", str(place), cwd=tmp_path).stdout)
    assert sum(stats["articles"].values()) == 2
    for store in (first, second):
        store.close()
