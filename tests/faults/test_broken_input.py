"""Input of every broken kind, given to the command: reported by place and reason, nothing lost."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import tty
from itertools import pairwise
from pathlib import Path

import pytest
from support.commands import one_line, songngu, songngu_json
from support.once import made_once

GOOD = {
    "id": "good",
    "title": "Cầu treo mới",
    "text": "Cầu treo qua sông được khánh thành hôm qua.",
}

BROKEN = {
    "empty.jsonl": b"",
    "blank.jsonl": b"\n  \n\n",
    "binary.jsonl": bytes(range(256)) * 64,
    "picture.jsonl": b"\x89PNG\r\n\x1a\n" + b"\x00\x01" * 500,
    "utf16.jsonl": json.dumps(GOOD, ensure_ascii=False).encode("utf-16"),
    "cut.jsonl.gz": b"\x1f\x8b\x08\x00",
    "empty.txt": b"",
    "blank.txt": b" \n\n \n",
    "empty.json": b"[]",
    "word.json": b"news",
}
REASONS = {
    "empty.jsonl": "is empty",
    "blank.jsonl": "only blank lines",
    "binary.jsonl": "binary",
    "picture.jsonl": "a picture",
    "utf16.jsonl": "UTF-16",
    "cut.jsonl.gz": "gzip",
    "empty.txt": "is empty",
    "blank.txt": "white space",
    "empty.json": "empty array",
    "word.json": "is not JSON",
}

LONG = 40_000
"""Characters of a line that is no article's: embedding it is most of what these tests take."""

LINES = [
    (GOOD, None, None),
    (b'{"id": "bytes", "text": "Ti\xea\xf1 t\xe1\xfcc"}', "failed", "is not UTF-8"),
    ({"id": "no-text", "title": "Only a title"}, "failed", "text is missing"),
    ({"id": "blank", "text": "  \n "}, "failed", "text is blank"),
    ({"id": "list", "text": {"a": 1}}, "failed", "text must be text"),
    (b'{"id": "cut", "text": "it ends here', "failed", "is not JSON"),
    (b"[1, 2, 3]", "failed", "object"),
    (b"[" * 200_000, "failed", "nested too deeply"),
    ({"id": "huge", "text": "Twenty megabytes. " * 1_170_000}, "failed", "split it"),
    ({"id": "wide", "text": "một hai ba bốn năm " * (LONG // 19)}, None, None),
    ({"id": "unbroken", "text": "x" * LONG}, "warning", "lang"),
    ({"id": "long id" * 200, "text": "An id is no text."}, "failed", "id is longer"),
    ({"id": "german", "lang": "de", "text": "Eine Brücke wurde eröffnet."}, "failed", "lang"),
    ({"id": "twice", "text": "The first of two with this id."}, None, None),
    ({"id": "twice", "text": "The second of two with this id."}, "skipped", "came earlier"),
    ({"id": "odd", "text": "A field nobody knows.", "colour": "red"}, "warning", "colour"),
    ({"id": "dated", "text": "A date nobody reads.", "date": "one day"}, "warning", "date"),
    (b'{"id": "half", "text": "half of a pair \\ud83d and no more"}', None, None),
    ({"id": "last", "text": "The last line counts as the first does."}, None, None),
]
KEPT = {"good", "wide", "unbroken", "twice", "odd", "dated", "half", "last"}

DATES = {
    "2025-09-24": "2025-09-24",
    "2025/09/24": "2025-09-24",
    "2025.09.24": "2025-09-24",
    "20250924": "2025-09-24",
    20250924: "2025-09-24",
    1758677400: "2025-09-24",
    "1758677400": "2025-09-24",
    1758677400000: "2025-09-24",
    "24/9/2025": "2025-09-24",
    "24-09-2025": "2025-09-24",
    "24.9.2025": "2025-09-24",
    "24/9/25": "2025-09-24",
    "9/24/2025": "2025-09-24",
    "24/09/2025 08:30": "2025-09-24",
    "Thứ Tư, 24/9/2025, 08:30 (GMT+7)": "2025-09-24",
    "24/09/2025 | 08:30 GMT+7": "2025-09-24",
    "Ngày 24 tháng 9 năm 2025": "2025-09-24",
    "24 Tháng Chín, 2025": "2025-09-24",
    "September 24, 2025": "2025-09-24",
    "Sept. 24, 2025": "2025-09-24",
    "24 September 2025": "2025-09-24",
    "24th of September, 2025": "2025-09-24",
    "Wednesday, September 24, 2025 at 8:30 AM": "2025-09-24",
    "Wed, 24 Sep 2025 08:30:00 +0700": "2025-09-24",
    "Wed Sep 24 08:30:00 2025": "2025-09-24",
    "2025-09-24T08:30:00Z": "2025-09-24",
    "2025-09-24T23:30:00+07:00": "2025-09-24",
    "2025-09-24 08:30:15": "2025-09-24",
    "20250924T083000Z": "2025-09-24",
    "2025-09-24T08:30:00.123456-0530": "2025-09-24",
    "yesterday": None,
    "32/13/2025": None,
}


def problems(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def exported(archive):
    done = songngu("export", "--archive", archive)
    assert done.returncode == 0, done.stderr
    return {article["id"]: article for article in map(json.loads, done.stdout.splitlines())}


@pytest.fixture(scope="module")
def lines_run(tmp_path_factory):
    """One file with every kind of bad line between good ones: (folder, finished process)."""
    folder = made_once(tmp_path_factory, "broken-lines", index_lines)
    return folder, subprocess.CompletedProcess(**json.loads((folder / "done.json").read_text()))


def index_lines(folder):
    encoded = [
        line if isinstance(line, bytes) else json.dumps(line, ensure_ascii=False).encode()
        for line, _, _ in LINES
    ]
    (folder / "news.jsonl").write_bytes(b"\n".join(encoded))
    done = songngu(
        *("index", "news.jsonl", "--archive", "news.db", "--errors", "bad.jsonl", "--json"),
        cwd=folder,
    )
    (folder / "done.json").write_text(json.dumps(vars(done)), "utf-8")


def test_bad_lines_are_counted_and_the_status_says_so(lines_run):
    _, done = lines_run
    assert done.returncode == 1
    report = json.loads(done.stdout)
    kinds = [kind for _, kind, _ in LINES]
    assert report["failed"] == kinds.count("failed")
    assert report["skipped"] == kinds.count("skipped")
    assert report["warnings"] == kinds.count("warning")
    assert report["added"] == len(KEPT)
    assert "Traceback" not in done.stderr


def test_every_bad_line_is_listed_with_file_line_and_reason(lines_run):
    folder, _ = lines_run
    listed = {problem["line"]: problem for problem in problems(folder / "bad.jsonl")}
    wanted = {number: (kind, reason) for number, (_, kind, reason) in enumerate(LINES, 1) if kind}
    assert listed.keys() == wanted.keys()
    for number, (kind, reason) in wanted.items():
        problem = listed[number]
        assert problem.keys() == {"kind", "file", "line", "reason"}
        assert (problem["kind"], problem["file"]) == (kind, "news.jsonl")
        assert reason in problem["reason"], problem
        assert "\n" not in problem["reason"]
        assert len(problem["reason"]) < 500


def test_the_first_failures_are_shown_one_line_each(lines_run):
    _, done = lines_run
    shown = done.stderr.strip().splitlines()
    assert shown[0].startswith("news.jsonl:2: ")
    assert len(shown) <= 6


def test_good_lines_between_bad_ones_are_kept(lines_run):
    folder, _ = lines_run
    articles = exported(folder / "news.db")
    assert articles.keys() == KEPT
    assert articles["twice"]["text"].startswith("The first")
    assert articles["dated"]["date"] is None
    results = songngu_json("search", "cầu treo", "--archive", folder / "news.db")["results"]
    assert results["vi"][0]["id"] == "good"


def test_very_long_lines_are_cut_into_passages_that_lose_nothing(lines_run):
    folder, _ = lines_run
    connection = sqlite3.connect(folder / "news.db")
    for id_, least in (("wide", LONG // 2_500), ("unbroken", LONG // 10_000)):
        [length] = connection.execute(
            "SELECT length(text) FROM articles WHERE id = ?", (id_,)
        ).fetchone()
        spans = connection.execute(
            "SELECT start, stop FROM passages JOIN articles ON article = row WHERE id = ?"
            " ORDER BY position",
            (id_,),
        ).fetchall()
        assert length >= LONG - 19
        assert len(spans) >= least
        assert spans[0][0] == 0
        assert spans[-1][1] == length
        # Between passages lies nothing but white space.
        assert all(after[0] - before[1] <= 1 for before, after in pairwise(spans))
    connection.close()


def test_the_list_is_begun_anew_and_goes_when_nothing_is_wrong(lines_run, tmp_path):
    folder, _ = lines_run
    (tmp_path / "good.jsonl").write_text(json.dumps(GOOD, ensure_ascii=False), "utf-8")
    (tmp_path / "bad.jsonl").write_bytes((folder / "bad.jsonl").read_bytes())
    report = songngu_json(
        *("index", "good.jsonl", "--archive", folder / "news.db", "--errors", "bad.jsonl"),
        cwd=tmp_path,
    )
    assert (report["unchanged"], report["failed"]) == (1, 0)
    assert not (tmp_path / "bad.jsonl").exists()


@pytest.mark.parametrize("taken", ["good.jsonl", "a.db", "notes.txt", "folder"])
def test_a_list_of_errors_replaces_nothing_else(taken, tmp_path):
    line = json.dumps(GOOD, ensure_ascii=False)
    (tmp_path / "good.jsonl").write_text(line, "utf-8")
    (tmp_path / "notes.txt").write_text("Not yours.", "utf-8")
    (tmp_path / "folder").mkdir()
    if taken == "a.db":
        songngu_json("index", "good.jsonl", "--archive", "a.db", cwd=tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    done = songngu("index", "good.jsonl", "--archive", "a.db", "--errors", taken, cwd=tmp_path)
    assert done.returncode == 1
    assert f"--errors {taken} is a" in one_line(done.stderr)
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize("left", ["", '{"ki', '{"kind": "failed", "file": "a", "li'])
def test_a_list_of_errors_that_was_cut_short_is_replaced(left, tmp_path):
    (tmp_path / "bad.jsonl").write_text("no json", "utf-8")
    (tmp_path / "songngu-errors.jsonl").write_text(left, "utf-8")
    assert songngu("index", "bad.jsonl", "--archive", "a.db", cwd=tmp_path).returncode == 1
    [problem] = problems(tmp_path / "songngu-errors.jsonl")
    assert problem["file"] == "bad.jsonl"


def test_a_list_of_errors_may_go_to_a_device(tmp_path):
    (tmp_path / "bad.jsonl").write_text("no json", "utf-8")
    terminal, device = os.openpty()
    try:
        tty.setraw(device)
        place = os.ttyname(device)
        done = songngu("index", "bad.jsonl", "--archive", "a.db", "--errors", place, cwd=tmp_path)
        assert (done.returncode, "Traceback" in done.stderr) == (1, False)
        assert Path(place).is_char_device()
        assert json.loads(os.read(terminal, 10_000))["file"] == "bad.jsonl"
    finally:
        os.close(terminal)
        os.close(device)


@pytest.mark.parametrize("place", ["gone/errors.jsonl", "/dev/full"])
def test_without_a_list_of_errors_the_reasons_are_shown(place, tmp_path):
    (tmp_path / "bad.jsonl").write_text("no json\n" + json.dumps(GOOD) + "\nneither\n", "utf-8")
    done = songngu("index", "bad.jsonl", "--archive", "a.db", "--errors", place, cwd=tmp_path)
    assert (done.returncode, "1 added" in done.stdout) == (1, True)
    assert "Traceback" not in done.stderr
    assert f"{place} cannot be written" in done.stderr
    shown = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert [problem["line"] for problem in shown] == [1, 3]


@pytest.mark.parametrize("command", [["index", "good.jsonl"], ["search", "cầu"], ["stats"]])
@pytest.mark.parametrize(("name", "why"), [("folder", "is a folder"), ("", "No archive is named")])
def test_an_archive_that_can_be_none(command, name, why, tmp_path):
    (tmp_path / "good.jsonl").write_text(json.dumps(GOOD, ensure_ascii=False), "utf-8")
    (tmp_path / "folder").mkdir()
    done = songngu(*command, "--archive", name, cwd=tmp_path)
    assert done.returncode == 1
    assert why in one_line(done.stderr)
    assert not [path for path in tmp_path.rglob("*") if path.name not in ("good.jsonl", "folder")]


def test_broken_files_in_a_folder_stop_nothing(tmp_path):
    folder = tmp_path / "news"
    folder.mkdir()
    for name, content in BROKEN.items():
        (folder / name).write_bytes(content)
    (folder / "zz.jsonl").write_text(json.dumps(GOOD, ensure_ascii=False), "utf-8")
    done = songngu("index", "news", "gone.jsonl", "", "--archive", "a.db", "--json", cwd=tmp_path)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    report = json.loads(done.stdout)
    assert (report["added"], report["failed"]) == (1, len(BROKEN) + 2)
    listed = {p["file"]: p["reason"] for p in problems(tmp_path / "songngu-errors.jsonl")}
    assert listed.keys() == {f"news/{name}" for name in BROKEN} | {"gone.jsonl", "(empty)"}
    assert "no such file" in listed["gone.jsonl"]
    for name, reason in REASONS.items():
        assert reason in listed[f"news/{name}"], (name, listed)


def test_dates_in_thirty_forms(tmp_path):
    rows = [
        {"id": f"d{i:02}", "text": f"Story number {i} of the day.", "lang": "en", "date": date}
        for i, date in enumerate(DATES)
    ]
    (tmp_path / "dates.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    report = songngu_json("index", "dates.jsonl", "--archive", tmp_path / "d.db", cwd=tmp_path)
    unread = sum(day is None for day in DATES.values())
    assert (report["added"], report["warnings"]) == (len(DATES), unread)
    kept = exported(tmp_path / "d.db")
    days = {
        given: (date := kept[f"d{i:02}"]["date"]) and date[:10] for i, given in enumerate(DATES)
    }
    assert days == DATES
    on_the_day = songngu_json(
        *("search", "story of the day", "--lang", "en", "-k", "50", "--archive", tmp_path / "d.db"),
        *("--from", "2025-09-24", "--to", "2025-09-24"),
    )
    assert on_the_day["total"]["en"] == len(DATES) - unread


def test_lines_from_a_pipe(tmp_path):
    line = json.dumps({"id": "piped", "text": "Tin từ một ống dẫn."})
    done = songngu(
        "index", "-", "--archive", "p.db", "--json", cwd=tmp_path, stdin=f"{line}\nno json\n"
    )
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert (report["added"], report["failed"]) == (1, 1)
    [problem] = problems(tmp_path / "songngu-errors.jsonl")
    assert (problem["file"], problem["line"]) == ("-", 2)


def test_an_elasticsearch_that_is_not_there(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "good.jsonl").write_text(json.dumps(GOOD, ensure_ascii=False), "utf-8")
    place = f"http://reader:verysecret@127.0.0.1:{port}/news"
    for command in (
        *(["index", "good.jsonl", "--archive", place], ["search", "cầu", "--archive", place]),
        *(["stats", "--archive", place], ["export", "--archive", place], ["copy", place, "b.db"]),
    ):
        done = songngu(*command, cwd=tmp_path)
        assert done.returncode == 1
        message = one_line(done.stderr)
        assert f"http://127.0.0.1:{port}/news cannot be reached" in message
        assert "verysecret" not in done.stderr + done.stdout
