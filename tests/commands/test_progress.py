"""Progress where nobody sees a bar: a line now and then, and nothing of what is done at once."""

import json
import os
import subprocess
import termios
import time

from support.commands import RUN

from search import progress


def test_a_log_gets_a_line_now_and_then(capsys, monkeypatch):
    monkeypatch.setattr(progress, "LINE_EVERY_S", 0.1)
    with progress.progress_bar(unit="article", desc="Indexing", total=40) as bar:
        bar.mininterval = 0
        for _ in range(40):
            time.sleep(0.01)
            bar.update()
    told = capsys.readouterr().err
    lines = told.splitlines()
    assert 1 <= len(lines) <= 5
    assert lines[0].startswith("Indexing: ")
    assert " of 40 after 00:0" in lines[0]
    assert "\r" not in told


def test_what_ends_soon_leaves_no_line(capsys):
    with progress.progress_bar(total=3) as bar:
        bar.update(3)
        bar.refresh()
    assert capsys.readouterr().err == ""


def test_a_terminal_gets_a_bar(tmp_path):
    (tmp_path / "one.jsonl").write_text(json.dumps({"id": "1", "text": "Một tin ngắn."}), "utf-8")
    terminal, device = os.openpty()
    termios.tcsetwinsize(device, (24, 80))
    try:
        command = [*RUN, "index", "one.jsonl", "--archive", "a.db"]
        subprocess.run(command, cwd=tmp_path, check=True, stdout=subprocess.DEVNULL, stderr=device)
        assert b"Indexing: 100%|" in os.read(terminal, 10_000)
    finally:
        os.close(terminal)
        os.close(device)
