"""How often random tests repeat what they do is what the environment says, and is told."""

from support import counts


def test_the_environment_comes_before_the_usual_number(monkeypatch):
    monkeypatch.setattr(counts, "used", {})
    assert counts.count("SONGNGU_SOMETHING", 3) == 3
    monkeypatch.setenv("SONGNGU_SOMETHING", "200")
    assert counts.count("SONGNGU_SOMETHING", 3) == 200
    assert counts.used == {"SONGNGU_SOMETHING": 200}


def test_what_was_really_done_is_told(monkeypatch):
    monkeypatch.setattr(counts, "used", {"SONGNGU_SOMETHING": 200})
    monkeypatch.setattr(counts, "made", counts.Counter())
    counts.done("SONGNGU_SOMETHING")
    counts.done("SONGNGU_SOMETHING", 1_399)
    lines = []
    counts.pytest_terminal_summary(type("", (), {"write_line": lines.append}))
    assert lines == ["SONGNGU_SOMETHING=200 (as usual): 1,400 made"]
