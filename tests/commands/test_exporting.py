"""Taking a result set away with the commands: whole, in every format, or a clear error."""

import csv
import io
import json
import os
import subprocess
from pathlib import Path

import pytest
from support.archives import demo_archive, stories
from support.commands import RUN, one_line, songngu, songngu_json

QUERIES = ["gia ca phe", "metro", '"Ho Chi Minh City"', "bóng đá -nữ", "qwxzvjk"]
FORMATS = ["--csv", "--jsonl", "--ris", "--bibtex", "--markdown"]


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return demo_archive(tmp_path_factory)


def raw(*arguments, **environment):
    """What a command wrote, as bytes; it must have succeeded."""
    done = subprocess.run(
        [*RUN, *map(str, arguments)], capture_output=True, env=os.environ | environment, timeout=300
    )
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout


def rows(data):
    text = data.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


@pytest.mark.parametrize("query", QUERIES)
def test_rows_are_the_total(archive, query):
    answer = songngu_json("search", query, "-k", "1000", "--archive", archive)
    total, related = (sum(answer[name].values()) for name in ("total", "related"))
    found = rows(raw("search", query, "--csv", "--archive", archive))
    matches = {h["id"] for hits in answer["results"].values() for h in hits if h["zone"] == "match"}
    assert len(found) == total
    assert {row["id"] for row in found} == matches
    assert [row["id"] for row in found] == answer["mixed"][: len(found)]
    assert {row["zone"] for row in found} <= {"match"}
    more = rows(raw("search", query, "--csv", "--related", "--archive", archive))
    assert len(more) == total + related
    assert [row["id"] for row in more[:total]] == [row["id"] for row in found]


@pytest.mark.parametrize("option", FORMATS)
def test_both_commands_write_the_same(archive, option):
    one = raw("search", "metro", "--sort", "oldest", option, "--archive", archive)
    other = raw("export", "--query", "metro", "--sort", "oldest", option, "--archive", archive)
    assert one == other
    assert one.decode("utf-8-sig").strip()


def test_lines_of_json_are_the_default_of_export(archive):
    lines = raw("export", "--query", "metro", "--lang", "vi", "--archive", archive).splitlines()
    found = [json.loads(line) for line in lines]
    assert {story["lang"] for story in found} == {"vi"}
    assert found[0].keys() >= {"relevance", "zone", "counterpart", "copies", "text", "captions"}
    whole = rows(raw("export", "--csv", "--archive", archive))
    assert [row["id"] for row in whole] == sorted(story["id"] for story in stories())
    assert "relevance" not in whole[0]


def test_files_are_utf8_whatever_the_terminal_has(archive):
    environment = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    data = raw("search", "gia ca phe", "--csv", "--archive", archive, **environment)
    assert "cà phê" in rows(data)[0]["title"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["search", "metro", "--csv", "-k", "5"], "leave out -k"),
        (["search", "metro", "--csv", "--offset", "5"], "leave out --offset"),
        (["search", "metro", "--ris", "--json"], "leave out --json"),
        (["search", "metro", "--markdown", "--explain"], "leave out --explain"),
        (["export", "--sort", "newest"], "belong to a --query"),
        (["export", "--related"], "belong to a --query"),
    ],
)
def test_what_does_not_go_together_is_told(archive, arguments, said):
    done = songngu(*arguments, "--archive", archive)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


@pytest.mark.parametrize("command", [["search", "metro", "--csv"], ["export", "--jsonl"]])
def test_a_full_disk_is_one_clear_line(archive, command):
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*RUN, *command, "--archive", str(archive)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=300,
        )
    assert done.returncode == 1
    assert "The output is not whole: No space left on device." in one_line(done.stderr)


@pytest.mark.parametrize("option", FORMATS)
def test_a_reader_who_has_seen_enough_is_no_error(archive, option):
    process = subprocess.Popen(
        [*RUN, "export", "--query", "metro", option, "--archive", str(archive)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert (process.wait(timeout=60), errors) == (0, b"")
