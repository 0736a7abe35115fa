"""The command line as scripts use it: names, help, options, exit statuses, JSON."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys

import pytest
from click.testing import CliRunner
from support.archives import demo_archive, stories
from support.commands import RUN, one_line, songngu, songngu_json

from search.cli import cli
from search.text.languages import LANGUAGES

COMMANDS = cli.list_commands(None)

ANSWER = {"query", "query_lang", "read_as", "phrases", "suggestion", "mode", "took_ms"} | {
    *("total", "related", "results", "mixed"),
}
HIT = {
    *("id", "lang", "title", "title_marks", "date", "source", "section", "authors", "url"),
    *("relevance", "zone", "matched", "passage", "counterpart", "copies"),
}
REPORT = {"added", "updated", "unchanged", "skipped", "failed", "passages", "seconds"}


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return demo_archive(tmp_path_factory)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name):
    shown = CliRunner().invoke(cli, [name, "--help"])
    assert shown.exit_code == 0
    assert shown.output.startswith(f"Usage: cli {name} ")
    command = cli.get_command(None, name)
    assert command.name == name
    for parameter in command.params:
        if parameter.param_type_name == "option" and parameter.name not in ("offset", "lang"):
            assert parameter.help or parameter.name in ("mode", "sort"), parameter


def test_the_overview_names_every_command_with_a_line():
    shown = songngu("--help")
    assert shown.returncode == 0
    for name in COMMANDS:
        assert re.search(rf"^  {name} +\w", shown.stdout, re.MULTILINE), name


def test_the_version_is_the_packages():
    from importlib import metadata

    assert songngu("--version").stdout.strip().endswith(metadata.version("songngu"))


def test_help_needs_nothing_that_is_slow():
    code = (
        "import sys\nfrom search.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "slow = {'torch', 'sentence_transformers', 'openvino', 'elasticsearch', 'flask'}\n"
        "print(sorted(slow & set(sys.modules)))"
    )
    done = subprocess.run(
        [RUN[0], "-c", code, "search", "--help"], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        "search",
        "search tin --no-such-option",
        "search tin --lang fr",
        "search tin --mode fast",
        "search tin -k many",
        "index",
        "copy one.db",
        "delete",
    ],
)
def test_wrong_usage_is_two(line):
    done = songngu(*shlex.split(line))
    assert done.returncode == 2
    assert "Usage:" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("search tin --archive none.db", "songngu index"),
        ("stats --archive none.db", "songngu index"),
        ("export --archive none.db", "songngu index"),
        ("delete some-id --archive none.db", "songngu index"),
        ("reembed --archive none.db", "songngu index"),
        ("copy none.db other.db", "no archive at none.db"),
        ("copy none.db none.db", "same archive"),
        ("search tin --archive http://host/", "host:9200/name"),
        ("evaluate nowhere", "nowhere"),
    ],
)
def test_what_cannot_be_done_is_one_and_one_line(line, reason, tmp_path):
    done = songngu(*shlex.split(line), cwd=tmp_path)
    assert done.returncode == 1
    assert reason in one_line(done.stderr)
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--from", "someday"], "someday"),
        (["--from", "2025-12-01", "--to", "2025-01-01"], "2025"),
        (["-k", "0"], "k"),
        (["-k", "-3"], "k"),
        (["--offset", "-1"], "offset"),
    ],
)
def test_a_query_that_cannot_be_answered_is_one_and_one_line(archive, options, reason):
    done = songngu("search", "tin", *options, "--archive", archive)
    assert done.returncode in (1, 2)
    assert reason in done.stderr
    assert "Traceback" not in done.stderr


def other_language(id_):
    stem, lang = id_.rsplit("-", 1)
    return f"{stem}-{'en' if lang == 'vi' else 'vi'}"


def test_a_word_that_nobody_has_is_offered_as_one_that_is_there(archive):
    done = songngu("search", "railwya", "--archive", archive)
    assert "Did you mean: railway\n" in done.stdout
    assert "Did you mean" not in songngu("search", "railway", "--archive", archive).stdout


def test_the_answer_of_search_as_json(archive):
    answer = songngu_json("search", "gia", "ca", "phe", "--archive", archive, "-k", "4")
    assert answer.keys() == ANSWER
    assert answer["query"] == "gia ca phe"
    read = (answer["query_lang"], answer["read_as"], answer["mode"])
    assert read == ("vi", "giá cà phê", "hybrid")
    assert answer["results"].keys() == answer["total"].keys() == set(LANGUAGES)
    shown = []
    for lang, hits in answer["results"].items():
        assert len(hits) <= 4
        assert len(hits) <= answer["total"][lang] + answer["related"][lang]
        order = [(h["zone"] != "match", -h["relevance"]) for h in hits]
        assert order == sorted(order)
        for hit in hits:
            assert hit.keys() == HIT
            assert hit["lang"] == lang
            assert hit["passage"].keys() == {"text", "marks"}
            assert set(hit["matched"]) <= {"words", "meaning"}
            ends = [place for mark in hit["passage"]["marks"] for place in mark]
            assert ends == sorted(ends)
            assert not ends or ends[-1] <= len(hit["passage"]["text"])
            assert hit["counterpart"] in (None, other_language(hit["id"]))
            assert hit["copies"] == 0
            shown.append(hit["id"])
    assert shown
    assert sorted(answer["mixed"]) == sorted(shown)


def test_search_for_people_marks_nothing_where_no_terminal_is(archive):
    done = songngu("search", "bridge", "--archive", archive)
    assert done.returncode == 0
    for language in LANGUAGES.values():
        assert language.endonym in done.stdout
    assert "\x1b" not in done.stdout


def test_unaccented_queries_say_what_was_searched_for(archive):
    done = songngu("search", "truong hoc mien nui", "--archive", archive)
    assert "--verbatim" in done.stdout
    done = songngu("search", "truong hoc mien nui", "--verbatim", "--archive", archive)
    assert "--verbatim" not in done.stdout


def test_one_language_and_pages(archive):
    everything = songngu_json("search", "people", "--archive", archive, "--lang", "en", "-k", "6")
    assert everything["results"].keys() == {"en"}
    rest = songngu_json(
        *("search", "people", "--archive", archive, "--lang", "en", "-k", "3", "--offset", "3")
    )
    wanted = [hit["id"] for hit in everything["results"]["en"]][3:]
    assert [hit["id"] for hit in rest["results"]["en"]] == wanted


def test_the_report_of_index_as_json(tmp_path):
    line = {"id": "a", "text": "Một tin ngắn về cây cầu."}
    (tmp_path / "news.jsonl").write_text(json.dumps(line), "utf-8")
    arguments = ("index", "news.jsonl", "--archive", "a.db")
    report = songngu_json(*arguments, cwd=tmp_path)
    assert report.keys() >= REPORT
    assert (report["added"], report["passages"], report["archive"]) == (1, 1, "a.db")
    line["text"] += " Và một câu nữa."
    (tmp_path / "news.jsonl").write_text(json.dumps(line), "utf-8")
    report = songngu_json(*arguments, cwd=tmp_path)
    assert (report["added"], report["updated"], report["unchanged"]) == (0, 1, 0)
    spoken = songngu(*arguments, cwd=tmp_path)
    assert spoken.returncode == 0
    assert "1 unchanged" in spoken.stdout


def test_stats_as_json_and_for_people(archive):
    inside = songngu_json("stats", "--archive", archive)
    assert sum(inside["articles"].values()) == sum(inside["sources"].values()) == len(stories())
    assert inside["passages"] >= len(stories())
    assert inside["date_first"] < inside["date_last"]
    assert inside["encoder"] == "bundled"
    shown = songngu("stats", "--archive", archive)
    assert shown.returncode == 0
    assert f"published {inside['date_first'][:10]} to {inside['date_last'][:10]}" in shown.stdout
    assert "encoder: bundled" in shown.stdout


def test_stats_of_one_article_without_a_date(tmp_path):
    line = json.dumps({"id": "one", "text": "Cầu treo qua sông được khánh thành."})
    songngu("index", "-", "--archive", "one.db", cwd=tmp_path, stdin=line)
    shown = songngu("stats", "--archive", "one.db", cwd=tmp_path).stdout
    assert "1 article in Tiếng Việt" in shown
    assert "published: dates unknown" in shown


def test_export_comes_back_unchanged(archive, tmp_path):
    done = songngu("export", "--archive", archive)
    articles = [json.loads(line) for line in done.stdout.splitlines()]
    assert [a["id"] for a in articles] == sorted(story["id"] for story in stories())
    assert {a["copies"] for a in articles} == {0}
    told_twice = [a for a in articles if a["counterpart"]]
    assert len(told_twice) >= 36
    assert all(a["counterpart"] == other_language(a["id"]) for a in told_twice)
    (tmp_path / "out.jsonl").write_text(done.stdout, "utf-8")
    report = songngu_json("index", "out.jsonl", "--archive", archive, cwd=tmp_path)
    assert (report["unchanged"], report["warnings"]) == (len(articles), 0)


@pytest.mark.parametrize("lines", [0, 1])
def test_a_reader_who_has_seen_enough_is_no_error(archive, lines):
    process = subprocess.Popen(
        [*RUN, "export", "--archive", str(archive)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    for _ in range(lines):
        assert process.stdout.readline()
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert (process.wait(timeout=60), errors) == (0, b"")


def test_deleting_by_id(archive, tmp_path):
    copied = tmp_path / "copy.db"
    copied.write_bytes(archive.read_bytes())
    first = stories()[0]
    done = songngu("delete", first["id"], "no-such-id", "--archive", copied)
    assert done.returncode == 0
    assert done.stdout.strip() == "1 removed, 1 not found."
    hits = songngu_json("search", first["title"], "--archive", copied)["results"][first["lang"]]
    assert first["id"] not in [hit["id"] for hit in hits]


def test_the_archive_comes_from_the_environment_too(archive, tmp_path):
    done = songngu("search", "bridge", "--json", cwd=tmp_path, SONGNGU_ARCHIVE=str(archive))
    assert json.loads(done.stdout)["results"]["en"]


def test_doctor_finds_nothing_wrong_and_says_what_is(archive, tmp_path):
    done = songngu("doctor", "--archive", archive)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("ok: ") == 3
    done = songngu("doctor", "--archive", "none.db", cwd=tmp_path)
    assert done.returncode == 1
    assert "trouble with the archive: " in done.stdout
    assert "Traceback" not in done.stderr


def test_a_terminal_that_knows_no_vietnamese_gets_an_answer(archive):
    done = subprocess.run(
        [*RUN, "search", "bridge", "--archive", str(archive)],
        capture_output=True,
        env={**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "", "PYTHONUTF8": "0"},
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("command", "unwanted"),
    [
        (["--help"], {"torch", "sentence_transformers", "pyvi", "elasticsearch"}),
        (["index", "--help"], {"torch", "httpcore2", "feedparser", "protego"}),
        (["search", "--help"], {"torch", "sentence_transformers", "flask", "pyvi", "indexer"}),
    ],
)
def test_commands_import_only_what_they_use(command, unwanted):
    code = (
        "import sys\nfrom search.cli import cli\n"
        f"cli.main({command!r}, standalone_mode=False)\n"
        "print('|'.join(sys.modules))"
    )
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    modules = set(output.splitlines()[-1].split("|"))
    assert not unwanted & modules


def test_indexing_vietnamese_goes_without_scikit_learn(tmp_path):
    (tmp_path / "a.jsonl").write_text(json.dumps({"text": "Thành phố mở đường sắt đô thị."}))
    code = (
        "import sys\nfrom search.cli import cli\n"
        "cli.main(['index', 'a.jsonl', '--archive', 'a.db'], standalone_mode=False)\n"
        "print('|'.join(sys.modules))"
    )
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    ).stdout
    modules = set(output.splitlines()[-1].split("|"))
    assert "pyvi" in modules
    assert "sklearn" not in modules


def test_the_command_reads_a_table_from_standard_input(tmp_path):
    rows = "kop,story,day\nA,Tàu về cảng sáng nay sau ba tháng ở biển.,6/10/2025\nB,,\n"
    arguments = ["index", "-", "--format", "csv", "--map", "title=kop", "--archive", "a.db"]
    done = songngu(*arguments, "--map", "text=story", stdin=rows, cwd=tmp_path)
    assert done.returncode == 1
    assert "1 added" in done.stdout
    assert "-:3: text is missing" in done.stderr
    done = songngu(*arguments, "--map", "txt=story", stdin=rows, cwd=tmp_path)
    assert "articles have no field 'txt'" in one_line(done.stderr)
