"""Logs: a line for each request with its id, and nothing of what was searched for."""

import json
import logging
import os
import re
import subprocess
import sys
import urllib.request

import pytest

from search.errors import SettingsError
from search.settings import Settings
from webui import create_app
from webui.logs import JsonLineFormatter

SECRET = "nguồn tin mật"


@pytest.fixture
def lines(caplog):
    """What is logged of requests, as the JSON that would be written."""
    caplog.set_level(logging.INFO, "webui.requests")
    return lambda: [json.loads(JsonLineFormatter().format(record)) for record in caplog.records]


def test_a_request_is_logged_without_what_was_searched_for(client, lines):
    answer = client.get("/api/v1/search", query_string={"q": SECRET})
    [line] = lines()
    assert line["method"] == "GET"
    assert line["path"] == "/api/v1/search"
    assert line["endpoint"] == "api.search"
    assert line["status"] == 200
    assert line["bytes"] == len(answer.data)
    assert line["ms"] > 0
    for target in ("/", "/api/v1/facets", "/search"):
        client.get(target, query_string={"q": SECRET}, headers={"Referer": f"/?q={SECRET}"})
    assert "mật" not in json.dumps(lines(), ensure_ascii=False)


def test_nor_where_the_search_fails(settings, tmp_path, lines):
    missing = Settings(archive=str(tmp_path / "none.db"))
    client = create_app(settings=missing).test_client()
    assert client.get("/", query_string={"q": SECRET}).status_code == 503
    assert len(lines()) == 2
    assert "mật" not in json.dumps(lines(), ensure_ascii=False)


def test_unless_that_is_wanted(archive, settings, lines):
    told = Settings(archive=settings.archive, log_queries=1)
    create_app(archive, settings=told).test_client().get("/", query_string={"q": SECRET})
    assert lines()[0]["query"] == SECRET


@pytest.mark.parametrize("given", ["abcdefgh", "0af7651916cd43dd8448eb211c80319c", "a.b_c-d1"])
def test_a_sane_id_is_kept(client, given):
    assert client.get("/healthz", headers={"X-Request-Id": given}).headers["X-Request-Id"] == given


@pytest.mark.parametrize("given", ["", "short", "x" * 65, "a b c d e f", '"><script>', "-abcdefgh"])
def test_any_other_is_replaced(client, given):
    ids = {
        client.get(target, headers={"X-Request-Id": given}).headers["X-Request-Id"]
        for target in ("/healthz", "/nowhere", "/api/v1/search")
    }
    assert len(ids) == 3
    assert all(re.fullmatch("[0-9a-f]{32}", id_) for id_ in ids)


def test_serve_writes_json_lines(settings):
    with subprocess.Popen(
        [
            *(sys.executable, "-c", "from search.cli import main; main()"),
            *("serve", "--port", "0", "--archive", settings.archive),
        ],
        env=os.environ | {"SONGNGU_LOG_FORMAT": "json"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        site = re.search(r"http://\S+/", server.stdout.readline())[0]
        asked = urllib.request.Request(f"{site}healthz", headers={"X-Request-Id": "abcdefgh"})
        with urllib.request.urlopen(asked, timeout=60) as answer:
            assert answer.status == 200
        server.terminate()
        _, errors = server.communicate(timeout=60)
    [line] = [json.loads(line) for line in errors.splitlines()]
    assert line["request_id"] == "abcdefgh"
    assert line["path"] == "/healthz"


def test_an_error_is_a_line_too():
    try:
        raise ValueError("first\nsecond")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "", 1, "it %s", ("failed",), sys.exc_info())
    line = JsonLineFormatter().format(record)
    assert "\n" not in line
    assert json.loads(line)["message"] == "it failed"
    assert "second" in json.loads(line)["traceback"]


def test_a_format_that_is_unknown_is_refused(settings):
    with pytest.raises(SettingsError, match="log_format"):
        create_app(settings=Settings(archive=settings.archive, log_format="xml"))
