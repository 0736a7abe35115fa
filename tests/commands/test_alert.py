"""songngu alert, where it prints: what is new is told once, whatever happens to the archive."""

import json
import shutil

import pytest
from support.archives import add_to_archive, demo_archive, write_archive

from search.archive import open_store
from search.cli import cli
from search.records import Article
from search.settings import Settings
from search.stores.ledger import Ledger, Tombstone

TEXT = (
    "Sáng nay cầu Trường Tiền bắc qua sông Hương được thông xe sau hai năm sửa chữa. Người dân đi"
    " bộ qua cầu từ sớm, nhiều người chụp ảnh kỷ niệm bên lan can mới sơn lại màu bạc."
)
BRIDGE = '[[search]]\nname = "Cầu"\nquery = "cầu Trường Tiền"\nui = "vi"\n'


def bridge(number, date="2025-09-24", text=TEXT):
    return Article(
        f"c{number}", "vi", f"{text} Bài {number}.", f"Cầu Trường Tiền {number}", "", date
    )


@pytest.fixture
def place(tmp_path):
    other = Article(
        "x", "vi", "Đội bóng trẻ thắng trận mở màn mùa giải.", "Bóng đá", "", "2025-01-01"
    )
    return write_archive([bridge(1), other], tmp_path / "news.db")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "alerts.toml"
    path.write_text(BRIDGE, "utf-8")
    return path


@pytest.fixture
def alert(place, file, capsys):
    """Runs the command; returns (exit status, what it printed, its standard error)."""

    def run(*options):
        arguments = ["alert", str(file), "--archive", str(place), *options]
        with pytest.raises(SystemExit) as ended:
            cli.main(arguments, standalone_mode=False)
        out, err = capsys.readouterr()
        return ended.value.code, out, err

    return run


def new(printed):
    """Ids that a run with --json tells, by search."""
    return {s["name"]: [n["id"] for n in s["new"]] for s in json.loads(printed)["searches"]}


def test_first_known_then_new_then_silence(alert, place):
    status, out, err = alert()
    assert (status, err) == (0, "")
    assert out == "Cầu: 1 story is there already; what comes from now on is told.\n"
    assert alert() == (0, "", "")
    # However old its date is, or where none is known: it is new.
    add_to_archive([bridge(2, "2001-01-01"), bridge(3, None)], place)
    status, out, err = alert()
    assert (status, err) == (0, "")
    assert out.startswith("Cầu: 2 bài mới\n")
    assert out.index("* Cầu Trường Tiền 2\n  1/1/2001") < out.index(
        "* Cầu Trường Tiền 3\n  không rõ"
    )
    assert "Bóng đá" not in out
    assert alert() == (0, "", "")


def test_all_of_a_new_search(alert):
    status, out, _ = alert("--all")
    assert status == 0
    assert "* Cầu Trường Tiền 1\n" in out
    assert alert("--all") == (0, "", "")


def test_a_dry_run_changes_nothing(alert, place, file):
    alert()
    add_to_archive([bridge(2)], place)
    before = sorted(p.name for p in file.parent.iterdir())
    for _ in range(2):
        assert "* Cầu Trường Tiền 2\n" in alert("--dry-run")[1]
    assert sorted(p.name for p in file.parent.iterdir()) == before
    assert new(alert("--dry-run", "--json")[1]) == {"Cầu": ["c2"]}
    assert new(alert("--json")[1]) == {"Cầu": ["c2"]}
    assert new(alert("--json")[1]) == {"Cầu": []}


def test_a_story_that_is_changed_so_that_it_matches(alert, place):
    alert()
    store = open_store(str(place), Settings())
    assert store.articles(["x"])
    store.close()
    changed = Article("x", "vi", TEXT, "Bóng đá và cầu Trường Tiền", "", "2025-01-01")
    add_to_archive([changed], place)
    assert new(alert("--json")[1]) == {"Cầu": ["x"]}
    add_to_archive([Article("x", "vi", TEXT + " Cập nhật.", "Cầu Trường Tiền", "", None)], place)
    assert new(alert("--json")[1]) == {"Cầu": []}


def take_down(place, id_):
    store = open_store(str(place), Settings())
    Ledger(store).bar([Tombstone((id_,), "", "2026-01-01T00:00:00+00:00")])
    store.flush()
    store.close()


def link(place):
    cli.main(["link", "--archive", str(place)], standalone_mode=False)


def test_copies_of_a_told_story_are_not_told(alert, place, capsys):
    alert()
    add_to_archive([bridge(2, "2025-09-25", TEXT)], place)
    assert new(alert("--json")[1]) == {"Cầu": ["c2"]}
    # An earlier copy takes its place in the result set; it is no news.
    copy = Article("k1", "vi", f"{TEXT} Bài 2.", "Cầu Trường Tiền 2", "", "2025-09-20")
    add_to_archive([copy], place)
    link(place)
    capsys.readouterr()
    assert new(alert("--json")[1]) == {"Cầu": []}
    # What was left out as a copy stays told when the told story goes.
    take_down(place, "c2")
    link(place)
    capsys.readouterr()
    assert new(alert("--json")[1]) == {"Cầu": []}


def test_the_same_story_in_the_other_language_is_told_as_such(place, file, alert, tmp_path_factory):
    shutil.copy(demo_archive(tmp_path_factory), place)
    shutil.rmtree(f"{place}.words", ignore_errors=True)
    file.write_text(BRIDGE.replace("cầu Trường Tiền", "gia ca phe"), "utf-8")
    alert()
    state = file.with_name("alerts.toml.told")
    told = json.loads(state.read_text("utf-8"))
    told["searches"]["Cầu"]["told"].remove("demo-003-en")
    state.write_text(json.dumps(told), "utf-8")
    status, out, _ = alert()
    assert status == 0
    assert out.startswith("Cầu: 1 bài mới\n\nEnglish\n\n* Robusta hits a record")
    assert "  = Bản tiếng Việt của bài này: Giá cà phê Tây Nguyên lập đỉnh" in out


def test_what_was_deleted_is_not_told(alert, place):
    alert()
    add_to_archive([bridge(2), bridge(3)], place)
    take_down(place, "c2")
    assert new(alert("--json")[1]) == {"Cầu": ["c3"]}


def test_a_search_that_asks_for_something_else_begins_anew(alert, place, file):
    alert()
    file.write_text(BRIDGE.replace("cầu Trường Tiền", "bóng đá"), "utf-8")
    _, out, _ = alert()
    assert "already" in out
    assert "* " not in out
    file.write_text(BRIDGE, "utf-8")
    add_to_archive([bridge(2)], place)
    assert "2 stories" not in alert()[1]  # what was told before is remembered: one is there
    assert alert() == (0, "", "")


def test_a_search_that_fails_stops_no_other(alert, place, file):
    file.write_text(
        '[[search]]\nname = "Hỏng"\nquery = "-cầu"\n\n'
        '[[search]]\nname = "Ngày"\nquery = "cầu"\nfrom = "hôm qua"\n\n' + BRIDGE,
        "utf-8",
    )
    status, out, err = alert()
    assert status == 1
    assert "Cầu: 1 story is there already" in out
    assert [line.split(":")[0] for line in err.splitlines()] == ["Hỏng", "Ngày"]
    add_to_archive([bridge(2)], place)
    status, out, _ = alert("--json")
    told = json.loads(out)["searches"]
    assert status == 1
    assert [s["error"] is None for s in told] == [False, False, True]
    assert told[2]["new"] == [
        {
            "id": "c2",
            "lang": "vi",
            "title": "Cầu Trường Tiền 2",
            "date": "2025-09-24",
            "source": None,
            "url": None,
            "counterpart": None,
        }
    ]


def test_where_what_was_told_is_kept(alert, file, tmp_path):
    assert alert("--state", str(tmp_path / "elsewhere"))[0] == 0
    assert (tmp_path / "elsewhere").exists()
    assert not (tmp_path / "alerts.toml.told").exists()
    alert()
    kept = json.loads((tmp_path / "alerts.toml.told").read_text("utf-8"))
    assert kept["searches"]["Cầu"]["told"] == ["c1"]
