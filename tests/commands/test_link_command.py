"""The command `songngu link`, and what indexing says of it."""

from __future__ import annotations

import json
import shutil

import pytest
from support.archives import demo_archive, stories
from support.commands import one_line, songngu, songngu_json


@pytest.fixture
def archive(tmp_path_factory, tmp_path):
    copied = tmp_path / "demo.db"
    shutil.copy(demo_archive(tmp_path_factory), copied)
    return copied


def test_linking_again(archive):
    told = songngu_json("link", "--archive", archive)
    assert told["new"] == 0
    assert told["linked"] == len(stories())
    assert told["note"] is None
    again = songngu_json("link", "--again", "--archive", archive)
    assert again["new"] == len(stories())
    assert again["counterparts"] == told["counterparts"] >= 18
    spoken = songngu("link", "--archive", archive)
    assert spoken.returncode == 0
    assert f"{told['counterparts']} stories are told in both languages" in spoken.stdout


def test_no_archive(tmp_path):
    done = songngu("link", "--archive", tmp_path / "none.db")
    assert done.returncode == 1
    assert "There is no archive" in one_line(done.stderr)


def test_indexing_links_what_is_new_and_says_when_there_is_one_language(tmp_path):
    vietnamese = [story for story in stories() if story["lang"] == "vi"][:2]
    english = [s for s in stories() if s["id"] == vietnamese[1]["id"].replace("-vi", "-en")]
    copy = vietnamese[1] | {"id": "copy", "title": "Một tựa khác cho bài này", "url": None}
    source = tmp_path / "vi.jsonl"
    source.write_text("\n".join(map(json.dumps, [*vietnamese, copy])), "utf-8")
    report = songngu_json("index", source, "--archive", "a.db", cwd=tmp_path)
    assert (report["links"]["new"], report["links"]["copies"]) == (3, 1)
    told = songngu("link", "--archive", "a.db", cwd=tmp_path)
    assert told.returncode == 0
    assert "Tiếng Việt" in told.stderr
    source.write_text("\n".join(map(json.dumps, english)), "utf-8")
    spoken = songngu("index", source, "--archive", "a.db", cwd=tmp_path)
    assert "1 article linked; 1 story is told in both languages, 1 copy of 1 other" in spoken.stdout
    shown = songngu("search", vietnamese[1]["title"], "--archive", "a.db", cwd=tmp_path)
    assert f"= [en] {english[0]['title']}" in shown.stdout
    assert "+ 1 copy" in shown.stdout
    apart = songngu("search", "--copies", vietnamese[1]["title"], "--archive", "a.db", cwd=tmp_path)
    assert copy["title"] in apart.stdout
