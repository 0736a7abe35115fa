"""Rules for all tests: data from beside the project, no network, no silent skips."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest_plugins = ["support.counts", "support.processes", "support.elasticsearch", "support.places"]
os.environ.setdefault("HF_HUB_OFFLINE", "1")
ROOT = Path(__file__).resolve().parents[1]


def pytest_addoption(parser):
    parser.addoption(
        "--update-floors",
        action="store_true",
        help="Raise the quality floors to what is measured now; they are never lowered.",
    )


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Where every test has to run (CI=true), a skip is a failure."""
    outcome = yield
    report = outcome.get_result()
    if report.skipped and os.environ.get("CI") == "true" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.longrepr = f"skipped where every test must run: {reason}"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with development data; it is not part of the project."""
    folder = Path(os.environ.get("SONGNGU_SHARED") or ROOT.parent / "shared")
    if not (folder / "data").is_dir():
        pytest.skip(f"the development data is absent: there is no folder {folder}/data")
    return folder


@pytest.fixture(autouse=True)
def own_settings(monkeypatch, tmp_path_factory):
    """No test reads the settings of whoever runs it."""
    for name in list(os.environ):
        if name.startswith("SONGNGU_") and name not in (
            "SONGNGU_CACHE",
            "SONGNGU_SHARED",
            "SONGNGU_TEST_ES_URL",
            "SONGNGU_TEST_RUN",
        ):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path_factory.mktemp("cwd"))
