"""Commands that keep an archive true, on both stores: sync, delete, deepen, stats, export."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.archives import STORIES
from support.places import contents

from search.cli import cli


def run(*arguments, status=0):
    """What a command prints."""
    done = CliRunner().invoke(cli, [str(a) for a in arguments], standalone_mode=False)
    assert done.exception is None, done.output
    assert (done.return_value or 0) == status, done.output
    return done.stdout


def run_json(*arguments, **options):
    return json.loads(run(*arguments, "--json", **options))


def counts(report):
    return tuple(report[n] for n in ("added", "updated", "unchanged", "skipped", "failed"))


def write(path, *rows):
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")


def row(number, **fields):
    given = {"id": f"a{number}", "title": f"Tin {number}", "text": f"Bài số {number} trong ngày."}
    return {**given, "url": f"https://bao.example/tin-{number}", **fields}


def found(place, query):
    results = run_json("search", query, "--lang", "vi", "--archive", place)["results"]
    return {hit["id"] for hit in results["vi"] if hit["zone"] == "match"}


def problems():
    lines = Path("songngu-errors.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture
def folder(tmp_path):
    """A source of two files with three and two articles."""
    write(tmp_path / "tin" / "một.jsonl", row(1), row(2), row(3))
    write(tmp_path / "tin" / "hai.jsonl", row(4), row(5))
    return tmp_path / "tin"


def test_an_address_under_another_id_updates_the_article_that_is_there(place, tmp_path):
    source = tmp_path / "tin.jsonl"
    write(source, row(1), row(2))
    assert counts(run_json("index", source, "--archive", place)) == (2, 0, 0, 0, 0)
    vectors = {id_: kept[2] for id_, kept in contents(place).items()}
    same = row(1, id="khác", url="http://www.bao.example/tin-1/?utm_source=x#top")
    write(source, same | {"url": row(1)["url"]}, row(2, id="mới", text="Bài hai viết lại."))
    assert counts(run_json("index", source, "--archive", place)) == (0, 1, 1, 0, 0)
    kept = contents(place)
    assert kept.keys() == {"a1", "a2"}
    assert kept["a2"][0].text == "Bài hai viết lại."
    assert (kept["a1"][2] == vectors["a1"]).all()
    assert not (kept["a2"][2] == vectors["a2"]).all()
    write(source, same, row(2, id="mới", text="Bài hai viết lại."))
    assert counts(run_json("index", source, "--archive", place)) == (0, 1, 1, 0, 0)
    assert contents(place)["a1"][0].url == same["url"]


def test_an_address_twice_in_one_run_is_one_article(place, tmp_path):
    source = tmp_path / "tin.jsonl"
    again = row(1, id="b", url="https://m.bao.example/tin-1")
    write(source, row(1), again, row(2), row(3, url="https://bao.example/"))
    write(tmp_path / "more.jsonl", row(4, url="https://bao.example/?utm_source=x"))
    report = run_json("index", source, tmp_path / "more.jsonl", "--archive", place)
    assert counts(report) == (4, 0, 0, 1, 0)
    [problem] = problems()
    assert "its address came earlier" in problem["reason"]
    assert contents(place).keys() == {"a1", "a2", "a3", "a4"}


def test_what_vanished_from_its_source_goes(place, folder, tmp_path):
    other = tmp_path / "other.jsonl"
    write(other, row(5), row(9))
    run("index", other, "--archive", place)
    assert counts(run_json("sync", folder, "--archive", place)) == (4, 0, 1, 0, 0)
    write(folder / "một.jsonl", row(1), row(3, text="Bài ba viết lại."), row(7))
    write(folder / "hai.jsonl", row(4))
    before = contents(place).keys()
    planned = run_json("sync", folder, "--archive", place, "--dry-run")
    assert counts(planned) == (1, 1, 2, 0, 0)
    assert planned["vanished"] == {str(folder): ["a2", "a5"]}
    assert (planned["removed"], planned["objections"]) == (0, [])
    assert contents(place).keys() == before
    done = run_json("sync", folder, "--archive", place)
    assert (counts(done), done["removed"]) == ((1, 1, 2, 0, 0), 1)
    assert contents(place).keys() == {"a1", "a3", "a4", "a5", "a7", "a9"}  # a5 has another source
    assert found(place, '"bài số 2"') == set()
    write(other, row(9))
    assert run_json("sync", other, "--archive", place)["removed"] == 1
    assert contents(place).keys() == {"a1", "a3", "a4", "a7", "a9"}
    write(folder / "hai.jsonl", row(4), row(2))  # what vanished may come back
    assert counts(run_json("sync", folder, "--archive", place)) == (1, 0, 4, 0, 0)


@pytest.mark.parametrize("harm", ["gone", "empty", "unreadable file", "bad line"])
def test_nothing_is_removed_because_a_source_is_broken(place, folder, harm):
    run("sync", folder, "--archive", place)
    if harm in ("gone", "empty"):
        shutil.rmtree(folder)
        if harm == "empty":
            folder.mkdir()
    elif harm == "unreadable file":
        (folder / "một.jsonl").write_bytes(b"\x00\x01\x02" * 100)
    else:
        write(folder / "hai.jsonl", row(4), {"title": "Không có chữ"})
    report = run_json("sync", folder, "--archive", place, status=1)
    assert report["removed"] == 0
    assert report["objections"]
    assert len(contents(place)) == 5
    forced = run_json("sync", folder, "--archive", place, "--force", status=1)  # still unread
    assert forced["removed"] == {"unreadable file": 3, "bad line": 1}.get(harm, 5)


def test_whoever_loses_its_counterpart_to_a_sync_finds_another_in_it(place, tmp_path):
    lines = STORIES.read_text("utf-8").splitlines()
    told = {story["id"]: story for story in map(json.loads, lines)}
    first = told["demo-003-vi"]
    rest = "\n\n".join(first["text"].split("\n\n")[2:])
    title = "Người trồng ở Tây Nguyên thận trọng khi giá lên cao"
    second = first | {"id": "second", "url": None, "title": title, "lead": "", "text": rest}
    source = tmp_path / "tin" / "tin.jsonl"

    def counterpart():
        lines = run("export", "--archive", place).splitlines()
        return {row["id"]: row["counterpart"] for row in map(json.loads, lines)}["demo-003-en"]

    write(source, *told.values(), second)
    run("sync", source, "--archive", place)
    assert counterpart() == "demo-003-vi"
    del told["demo-003-vi"]
    write(source, *told.values(), second)
    assert run_json("sync", source, "--archive", place)["removed"] == 1
    assert counterpart() == "second"


def test_most_of_a_large_source_missing_is_suspicious(place, folder):
    write(folder / "một.jsonl", *(row(n) for n in range(40)))
    run("sync", folder, "--archive", place)
    write(folder / "một.jsonl", *(row(n) for n in range(8)))
    report = run_json("sync", folder, "--archive", place, status=1)
    assert (report["removed"], len(report["objections"])) == (0, 1)
    assert run_json("sync", folder, "--archive", place, "--force")["removed"] == 32


def test_taking_down(place, folder):
    run("index", folder, "--archive", place)
    address = "http://www.bao.example/tin-2?utm_source=x"
    removed = run("delete", "a1", address, "nope", "--reason", "rút bài", "--archive", place)
    assert removed == "2 removed, 1 not found.\n"
    assert found(place, "bài số") == {"a3", "a4", "a5"}
    unknown = "https://bao.example/tin-6"
    assert run_json("delete", unknown, "--archive", place) == {"removed": 0, "not_found": [unknown]}
    write(folder / "ba.jsonl", row(2, id="lại"), row(6), row(7))
    report = run_json("sync", folder, "--archive", place)
    assert counts(report) == (1, 0, 3, 4, 0)
    reasons = [problem["reason"] for problem in problems()]
    assert len(reasons) == 4
    assert any("(rút bài); songngu delete --allow-again a1 " in reason for reason in reasons)
    listed = run_json("delete", "--list", "--archive", place)
    assert [stone["names"] for stone in listed] == [
        ["a1", "https://bao.example/tin-1"],
        ["a2", "https://bao.example/tin-2"],
        [unknown],
    ]
    assert run_json("stats", "--archive", place)["taken_down"] == 5
    assert run_json("delete", "--allow-again", address, "--archive", place) == {"lifted": 1}
    assert counts(run_json("sync", folder, "--archive", place)) == (1, 0, 5, 2, 0)
    assert contents(place).keys() == {"lại", "a3", "a4", "a5", "a7"}


def test_leads_first_and_the_rest_later(place, tmp_path):
    source = tmp_path / "tin.jsonl"
    long = "\n\n".join(
        f"Đoạn {n} kể về cây cầu mới bắc qua sông ở miền núi. " * 9 for n in range(6)
    )
    rows = [row(n, text=f"Bài {n}. {long}", date=f"2025-0{n}-01") for n in range(1, 3)]
    write(source, *rows, row(5))
    whole = f"{tmp_path}/whole.db"
    run("index", source, "--archive", whole)
    report = run_json("index", source, "--passages", "lead", "--archive", place)
    assert (counts(report), report["passages"]) == ((3, 0, 0, 0, 0), 3)
    assert run_json("stats", "--archive", place)["shallow"] == 2
    assert [kept[3] for kept in contents(place).values()] == [True] * 2 + [False]
    assert "a2" in found(place, "cây cầu mới")
    assert counts(run_json("index", source, "--archive", place)) == (0, 0, 3, 0, 0)
    assert run_json("deepen", "--archive", place)["deepened"] == 2
    deep, expected = contents(place), contents(whole)
    assert deep.keys() == expected.keys()
    for id_, (article, passages, vectors, shallow) in deep.items():
        assert (article, passages, shallow) == (*expected[id_][:2], False)
        assert (vectors * expected[id_][2]).sum(axis=1).min() > 0.999
    assert run_json("deepen", "--archive", place)["deepened"] == 0


def test_stats_and_export(place, tmp_path):
    source = tmp_path / "tin.jsonl"
    write(
        source,
        row(1, date="2025-01-31", source="X"),
        row(2, date="2025-02-01T23:30:00+07:00", source="Y"),
        row(3, lang="en", text="A bridge opened today.", date="2025-02-09", source="Y"),
        row(4),
    )
    run("index", source, "--archive", place)
    stats = run_json("stats", "--archive", place)
    assert stats["articles"] == {"vi": 3, "en": 1}
    assert stats["sources"] == {"Y": 2, "": 1, "X": 1}
    assert stats["months"] == {"": 1, "2025-01": 1, "2025-02": 2}
    assert (stats["encoder"], stats["dimension"], stats["shallow"]) == ("bundled", 384, 0)
    assert "2 in 2025-02" in run("stats", "--archive", place)
    for options, expected in (
        ([], "1234"),
        (["--lang", "vi"], "124"),
        (["--from", "2025-02-01", "--to", "2025-02-01"], "2"),
        (["--source", "X", "--source", "Y"], "123"),
    ):
        lines = run("export", "--archive", place, *options).splitlines()
        assert [json.loads(line)["id"] for line in lines] == [f"a{n}" for n in expected]
