"""What a newcomer sees first."""

import re
import signal
import urllib.request
from pathlib import Path

from support.commands import start

HEAVY_MB = 400


def resident_mb(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def test_the_demo_serves_without_the_memory_that_filling_took(tmp_path):
    """Embedding many texts takes 860 MB; serving needs 130."""
    process = start("demo", "--port", "0", cwd=tmp_path)
    try:
        assert "62 stories added" in process.stdout.readline()
        address = re.search(r"http://[\d.:]+/", process.stdout.readline())[0]
        with urllib.request.urlopen(f"{address}?q=tin", timeout=60) as page:
            assert page.status == 200
        assert resident_mb(process.pid) < HEAVY_MB
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
