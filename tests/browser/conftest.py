"""A real Chromium against the real server: one process each for the whole session."""

import os
import re
import shutil
import subprocess
import sys

import pytest
from support.archives import demo_archive

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SERVE = """
from search.settings import Settings
from webui import create_app
from webui.server import serve
settings = Settings.load()
serve(create_app(settings=settings), settings.host, settings.port)
"""


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The address of a site over the demo stories, served by waitress in its own process."""
    environment = os.environ | {
        "SONGNGU_ARCHIVE": str(demo_archive(tmp_path_factory)),
        "SONGNGU_HOST": "127.0.0.1",
        "SONGNGU_PORT": "0",
    }
    with subprocess.Popen(
        [sys.executable, "-c", SERVE], env=environment, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            line = server.stdout.readline()
            address = re.search(r"http://127\.0\.0\.1:\d+(?=/)", line)
            assert address, f"the server said: {line!r}"
            yield address.group()
        finally:
            server.terminate()
            assert server.wait(timeout=30) == 0


@pytest.fixture(scope="session")
def chromium():
    """A browser with a fresh profile."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("no Chromium on this machine: install the package chromium")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium, site):
    """Opens a page of the site in a fresh context; afterwards, nothing may have gone wrong.

    Every console error, uncaught exception, refused resource, and every request that left the
    server fails the test.
    """
    contexts = []
    troubles = []
    requested = []

    def open_page(path="/", **options):
        context = chromium.new_context(**({"locale": "en-GB"} | options))
        context.set_default_timeout(20_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda m: troubles.append(m.text) if m.type in BAD else None)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("requestfailed", lambda request: troubles.extend(failed(request)))
        page.on("request", lambda request: requested.append(request.url))
        page.goto(site + path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert troubles == []
    assert requested
    assert [url for url in requested if not url.startswith(site + "/")] == []


def failed(request):
    """What went wrong with a request; nothing where a navigation gave it up, as of a favicon."""
    if request.failure != "net::ERR_ABORTED":
        yield f"failed: {request.url} ({request.failure})"


BAD = ("error", "warning")
