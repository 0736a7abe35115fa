"""Every route of the site, with whatever may stand in an address, a header or a body."""

import hashlib
import random
from urllib.parse import quote

import pytest
from support.pages import read_html

from indexer.intake import Intake
from search.archive import open_archive
from search.settings import Settings
from webui import create_app
from webui.headers import HEADERS
from webui.parameters import PARAMETERS, is_for_programs

KEY = "f022" * 16
VALUES = [
    *("", "0", "1", "-1", "1.5", "9" * 400, "NaN", "true", "null", "both", "vi", "en", "fr"),
    *("metro", "giá cà phê", '"', '"metro', "-", "*", "a:b", "author:", "from:2025-13-45", "\x00"),
    *("2025-09-24", "2025-02-30", "0000-00-00", "99999-01-01", "day", "month", "newest", "words"),
    *(
        "../../etc/passwd",
        "..",
        ".",
        "//evil.example",
        "/",
        "\\",
        "%2e%2e%2f",
        "%",
        "%zz",
        "?",
        "#",
    ),
    *("<script>alert(1)</script>", "\"'><img src=x>", "{{7*7}}", "${7*7}", "'; DROP TABLE x;--"),
    *("a\r\nSet-Cookie: x=1", "a\nb", "\u202e", "😀", "a\u0301" * 50, "\ufeff", "𝐇𝐚̀"),
    *("demo-003-vi", "demo-003-en", "x" * 3000, "metro " * 300, "(" * 500, "[" * 500, "é" * 400),
]
NAMES = [*PARAMETERS, "id", "ui", "step", "reason", "v", "x", "", "q[]", "__class__", "q;k"]
HEADER_VALUES = ["", "*", "x", "vi;q=x", '"', "bytes=0-", "W/", "9" * 300, "a,b;c=d", "\xff", "*/*"]
HEADER_NAMES = [
    *("Accept", "Accept-Language", "Accept-Encoding", "Cookie", "If-None-Match", "Range", "Origin"),
    *("If-Modified-Since", "X-Request-Id", "X-Forwarded-For", "X-Forwarded-Host", "Authorization"),
    *("X-HTTP-Method-Override", "Access-Control-Request-Method", "Forwarded", "Content-Type"),
]
BODIES = [
    b"",
    b"{}",
    b"[]",
    b"null",
    b'{"text": 1}',
    b'[{"text": ""}, 3]',
    b"\xff",
    b"q=metro",
    b"{",
]
METHODS = ["GET", "GET", "GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE"]
TIMES = 25
"""Requests for each route."""


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """A site over an archive of its own, which these requests may change."""
    folder = tmp_path_factory.mktemp("fuzzing")
    keys = folder / "keys.txt"
    keys.write_text(f"test {hashlib.sha256(KEY.encode()).hexdigest()}", "utf-8")
    settings = Settings(archive=str(folder / "new.db"), api_keys=str(keys), allow_origins="*")
    with open_archive(settings=settings) as archive:
        intake = Intake(archive)
        intake([{"id": f"demo-003-{lang}", "text": text} for lang, text in STORIES.items()])
        yield create_app(archive, settings=settings, writer=intake).test_client()


STORIES = {
    "vi": "Giá cà phê ở Tây Nguyên tăng; tuyến metro số một chở thêm khách.",
    "en": "Coffee prices rise in the Central Highlands; the first metro line carries more people.",
}


def rules():
    app = create_app(settings=Settings(archive="none.db"))
    return sorted({rule.rule for rule in app.url_map.iter_rules()})


@pytest.mark.parametrize("rule", rules())
def test_whatever_is_asked_is_no_error_of_ours(client, caplog, rule):
    chance = random.Random(rule)
    for _ in range(TIMES):
        path = rule
        for part in ("<path:article_id>", "<path:filename>"):
            path = path.replace(part, quote(chance.choice(VALUES), safe="/"))
        query = [(chance.choice(NAMES), chance.choice(VALUES)) for _ in range(chance.randrange(6))]
        if chance.random() < 0.5:
            query.append(("q", chance.choice(VALUES)))
        headers = {
            chance.choice(HEADER_NAMES): chance.choice(HEADER_VALUES)
            for _ in range(chance.randrange(4))
        }
        if chance.random() < 0.5:
            headers["Authorization"] = f"Bearer {KEY}"
        method = chance.choice(METHODS)
        body = {"data": chance.choice(BODIES)} if method in ("POST", "PUT", "PATCH") else {}
        asked = {"method": method, "query_string": query, "headers": headers, **body}
        with client.open(path, **asked) as answer:
            check(answer, method, answer.request.path, asked | {"path": path})
    assert caplog.records == []


def check(answer, method, path, asked):
    assert answer.status_code < 500, asked
    assert answer.headers["X-Request-Id"]
    assert "Set-Cookie" not in answer.headers or "ui=" in answer.headers["Set-Cookie"], asked
    if answer.status_code in (301, 302, 308):
        assert answer.headers["Location"].startswith(("/", "http://localhost/")), asked
        assert not answer.headers["Location"].startswith("//"), asked
        return
    assert HEADERS.items() <= dict(answer.headers).items(), asked
    if answer.status_code < 400 or method == "HEAD":
        return
    if is_for_programs(path):
        assert answer.json.keys() == {"error"}, asked
        assert answer.json["error"].keys() == {"code", "message"}, asked
    elif "Content-Encoding" not in answer.headers:
        if answer.mimetype == "text/html":
            read_html(answer.text)
        else:
            assert answer.mimetype in ("application/xml", "application/json"), asked
            assert path.startswith("/search."), asked
