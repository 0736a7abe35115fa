"""`songngu before` as a desk runs it."""

from __future__ import annotations

import pytest
from support.archives import demo_archive, stories
from support.commands import songngu, songngu_json

BY_ID = {story["id"]: story for story in stories()}
METRO = BY_ID["demo-002-vi"]


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return demo_archive(tmp_path_factory)


def test_a_file_is_compared(archive, tmp_path):
    draft = tmp_path / "draft.txt"
    draft.write_text(f"\ufeff{METRO['title']}\n\n{METRO['text']}", "utf-8")
    done = songngu("before", draft, "--archive", archive)
    assert done.returncode == 0, done.stderr
    assert "Stories: 1 in nearly the same words" in done.stdout
    assert f"  1. {METRO['title']}" in done.stdout
    assert f"= [en] {BY_ID['demo-002-en']['title']}" in done.stdout
    assert "→ 1" in done.stdout


def test_standard_input_in_json(archive):
    english = BY_ID["demo-002-en"]["text"]
    answer = songngu_json(
        "before", "-", "--archive", archive, "--lang", "vi", "-k", 1, stdin=english
    )
    assert answer["lang"] == "en"
    [story] = answer["stories"]
    assert (story["kind"], story["tellings"][0]["id"]) == ("event", "demo-002-vi")
    assert answer["timeline"] == [1]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "There are no words in the draft."),
        (b"PK\x03\x04\xff\xfe\x00", "no plain text in UTF-8"),
        (
            "越南咖啡价格上涨，农民很高兴。他们说今年收成很好，价格也高。".encode(),
            "Vietnamese or English",
        ),
        (b"tin " * 10_000, "longer than 20,000 characters"),
    ],
)
def test_drafts_that_cannot_be_compared(archive, tmp_path, content, said):
    draft = tmp_path / "draft.txt"
    draft.write_bytes(content)
    done = songngu("before", draft, "--archive", archive)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_wrong_use(archive, tmp_path):
    assert songngu("before", tmp_path / "none.txt", "--archive", archive).returncode == 2
    assert songngu("before", "-", "-k", 0, "--archive", archive, stdin="x").returncode == 2


def test_utf_16_as_windows_saves_it(archive, tmp_path):
    draft = tmp_path / "draft.txt"
    draft.write_text(METRO["text"], "utf-16")
    answer = songngu_json("before", draft, "--archive", archive)
    assert answer["stories"][0]["kind"] == "same"
