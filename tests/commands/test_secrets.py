"""No password is ever shown or written, however an archive's address is mistyped."""

from __future__ import annotations

import json
import sys
import traceback
from pathlib import Path

import pytest

from search.cli import cli, main
from search.errors import SettingsError
from search.settings import Settings

SECRET = "geheim"

REFUSED = [
    "htp://u:geheim@127.0.0.1:1/a",
    "ftp://u:geheim@127.0.0.1:1/a",
    "http:/u:geheim@127.0.0.1:1/a",
    "http:u:geheim@127.0.0.1:1/a",
    "http;//u:geheim@127.0.0.1:1/a",
    "http//u:geheim@127.0.0.1:1/a",
    "http：//u:geheim@127.0.0.1:1/a",
    "//u:geheim@127.0.0.1:1/a",
    "u:geheim@127.0.0.1:1/a",
    " u:geheim@127.0.0.1:1/a",
    "http://u:ge/geheim@127.0.0.1:1/a",
    "http://u:12/geheim@127.0.0.1:1/a",
    "http://u:12/34@geheim/56@127.0.0.1:1/a",
    "http://u:ge#geheim@127.0.0.1:1/a",
    "http://u:12#geheim@127.0.0.1:1/a",
    "http://u:12?geheim@127.0.0.1:1/a",
    "http://u:geheim@127.0.0.1:port/a",
    "http://u:geheim@127.0.0.1:0/a",
    "http://u:geheim@127.0.0.1:99999/a",
    "http://u:geheim@[::1:9270/a",
    "http://u:geheim@::1]:9270/a",
    "http://u:[geheim@127.0.0.1:1/a",
    "http://u:ge／geheim@127.0.0.1:1/a",
    "http://u:geheim@/a",
    "http://u:geheim@127.0.0.1:1",
    "http://u:geheim@127.0.0.1:1/",
    "http://u:geheim@127.0.0.1:1/A B",
    "http://u:geheim@127.0.0.1:1/a/b",
    "http://u:geheim@127.0.0.1:1/a?pretty",
    "http://127.0.0.1:1/a?api_key=geheim",
    "http://u:geheim.127.0.0.1:1/a",
    "http://u:ge\ngeheim@127.0.0.1:x/a",
    "http://u:ge geheim@127.0.0.1:x/a",
    "http://u:ge'geheim\"@127.0.0.1:x/a",
]
"""Nothing that is tried over the network."""

UNREACHABLE = [
    "http://u:geheim@127.0.0.1:1/a",
    "HTTP://u:geheim@127.0.0.1:1/a",
    " http://u:geheim@127.0.0.1:1/a ",
    "http://u:ge@geheim@127.0.0.1:1/a",
    "http://u:geheim\u1ea1@127.0.0.1:1/a",
    "http://geheim@127.0.0.1:1/a",
]
"""Well formed, in the end; nothing listens there."""

ARGUMENTS = {
    "index": ["index", "story.jsonl"],
    "demo": ["demo", "--no-serve"],
    "serve": ["serve", "--port", "0"],
    "search": ["search", "tin", "--json"],
    "before": ["before", "story.jsonl"],
    "link": ["link"],
    "stats": ["stats", "--json"],
    "export": ["export"],
    "alert": ["alert", "alerts.toml"],
    "delete": ["delete", "an-id"],
    "sync": ["sync", "story.jsonl"],
    "deepen": ["deepen"],
    "evaluate": ["evaluate", "judged"],
    "calibrate": None,  # it has no archive
    "copy": None,  # its archives are no options: see below
    "doctor": ["doctor"],
    "reembed": ["reembed"],
}
WITH_ARCHIVE = {name: given for name, given in ARGUMENTS.items() if given}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a source and a judged collection; caches are below it too."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SONGNGU_CACHE", str(tmp_path / "cache"))
    Path("story.jsonl").write_text(json.dumps({"text": "Cầu mới qua sông."}), "utf-8")
    Path("alerts.toml").write_text('[[search]]\nname = "tin"\nquery = "tin"', "utf-8")
    judged = Path("judged")
    (judged / "qrels").mkdir(parents=True)
    row = {"_id": "d", "title": "", "text": "Cầu mới.", "metadata": {"lang": "vi"}}
    (judged / "corpus.jsonl").write_text(json.dumps(row), "utf-8")
    asked = {"_id": "q", "text": "cầu", "metadata": {"lang": "vi"}}
    (judged / "queries.jsonl").write_text(json.dumps(asked), "utf-8")
    (judged / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq\td\t1\n", "utf-8")
    return tmp_path


@pytest.fixture
def run(folder, monkeypatch, capfd, caplog):
    """Runs a command line; returns (exit status, all that it said). Nothing of it is secret."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["songngu", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = "".join(capfd.readouterr()) + caplog.text
        assert SECRET not in said
        for path in folder.rglob("*"):
            assert SECRET not in path.name
            assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path
        return ended.value.code, said

    return run


def test_every_command_is_tried():
    assert sorted(ARGUMENTS) == sorted(cli.list_commands(None))


@pytest.mark.parametrize("address", REFUSED)
@pytest.mark.parametrize("name", WITH_ARCHIVE)
def test_a_mistyped_archive_is_refused_without_its_password(run, name, address):
    status, said = run(*WITH_ARCHIVE[name], "--archive", address)
    assert status == 1
    assert "names no archive" in said
    assert "://host:9200/name" in said


@pytest.mark.parametrize("address", REFUSED)
def test_archives_that_are_copied(run, address):
    for pair in (("some.db", address), (address, "some.db")):
        status, said = run("copy", *pair)
        assert (status, "names no archive" in said) == (1, True)


@pytest.mark.parametrize("address", UNREACHABLE)
@pytest.mark.parametrize("name", [name for name in WITH_ARCHIVE if name != "serve"])
def test_an_archive_that_cannot_be_reached_is_named_without_its_password(run, name, address):
    status, said = run(*WITH_ARCHIVE[name], "--archive", address)
    assert status == 1
    assert "http://127.0.0.1:1/a cannot be reached" in said


@pytest.mark.parametrize("address", [*REFUSED, *UNREACHABLE])
def test_the_environment_and_the_settings_file(run, folder, monkeypatch, address):
    monkeypatch.setenv("SONGNGU_ARCHIVE", address)
    assert run("stats")[0] == 1
    monkeypatch.delenv("SONGNGU_ARCHIVE")
    monkeypatch.setenv("SONGNGU_CONFIG", address)  # in the wrong variable
    assert run("stats")[0] == 1
    file = folder.parent / f"{folder.name}.toml"
    monkeypatch.setenv("SONGNGU_CONFIG", str(file))
    for line in ("archive = {}", "archive = [{}]", "archive = {{a = {}}}", "archive {}", "{} = 1"):
        file.write_text(line.format(json.dumps(address)), "utf-8")
        assert run("stats")[0] == 1


@pytest.mark.parametrize("address", [*REFUSED, *UNREACHABLE])
def test_an_address_in_the_wrong_place(run, address):
    for arguments in (
        [address],
        ["stats", address],
        ["search", "tin", "-k", address],
        ["search", "tin", f"-k{address}"],
        ["search", "tin", "--lang", address],
        ["index", "story.jsonl", "--format", address],
        ["evaluate", "judged", "--store", address],
        ["evaluate", address],
        ["serve", "--port", address],
    ):
        assert run(*arguments)[0] in (1, 2)


@pytest.mark.parametrize("name", ["SONGNGU_ES_API_KEY", "SONGNGU_ES_PASSWORD"])
@pytest.mark.parametrize("value", ["ge\ngeheim", "geheim\x00x", "\x1bgeheim"])
def test_a_secret_that_cannot_be_sent(run, monkeypatch, folder, name, value):
    file = folder.parent / f"{folder.name}.toml"
    key = name.removeprefix("SONGNGU_").lower()
    file.write_text(f"{key} = {json.dumps(value)}", "utf-8")
    monkeypatch.setenv("SONGNGU_CONFIG", str(file))
    status, said = run("stats", "--archive", "http://u@127.0.0.1:1/a")
    assert (status, f"{key} holds a line break" in said) == (1, True)
    for wrong in ("['geheim']", "{geheim = 'geheim'}", "geheim"):
        file.write_text(f"{key} = {wrong}", "utf-8")
        assert run("stats")[0] == 1
    file.write_text("", "utf-8")
    if "\x00" not in value:
        monkeypatch.setenv(name, value)
        assert run("stats", "--archive", "http://u@127.0.0.1:1/a")[0] == 1


@pytest.mark.parametrize("name", ["SONGNGU_ES_API_KEY", "SONGNGU_ES_PASSWORD"])
@pytest.mark.parametrize("value", ["geheim", " geheim\n"])
def test_a_secret_that_is_sent(run, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    status, said = run("doctor", "--archive", "http://u@127.0.0.1:1/a")
    assert (status, "cannot be reached" in said) == (1, True)


@pytest.mark.parametrize("address", [*REFUSED, *UNREACHABLE])
def test_what_a_log_would_hold(folder, address):
    """The chain of causes, as a server logs it; and settings, as a debugger shows them."""
    settings = Settings(archive=address, es_api_key=SECRET, es_password=SECRET)
    assert SECRET not in repr(settings)
    with pytest.raises(Exception, match=r"archive|reached") as raised:
        cli.main(["stats", "--archive", address], standalone_mode=False)
    assert SECRET not in "".join(traceback.format_exception(raised.value))


def test_settings_that_are_refused_chain_no_secret(monkeypatch, folder):
    monkeypatch.setenv("SONGNGU_PORT", "http://u:geheim@127.0.0.1:1/a")
    with pytest.raises(SettingsError) as raised:
        Settings.load()
    assert SECRET not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize("name", ["./u:p@w.db", "stories//a.db", "a@b.db", "12:30.db"])
def test_files_may_have_such_names(run, folder, name):
    (folder / "stories").mkdir()
    assert run("index", "story.jsonl", "--archive", name)[0] == 0
    assert (folder / name).is_file()
