"""Requests that no browser sends: each gets an answer in order, and the log stays quiet."""

import itertools
import json
import random
import re
import socket

import pytest
from support.pages import read_html
from support.site_server import Answer, connect, exchange, get, read_to_end, served

from webui import create_app
from webui.headers import HEADERS

PAGE, API = "/?q=metro", "/api/v1/search?q=metro"
IN_ORDER = "Host: localhost"


@pytest.fixture(scope="module")
def server(module_app):
    with served(module_app) as running:
        yield running


@pytest.fixture(scope="module")
def module_app(archive, settings):
    return create_app(archive, settings=settings)


def request(target, *headers, method="GET", version="HTTP/1.1", body=b""):
    lines = [f"{method} {target} {version}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def check(answer, *, for_programs, body=True):
    """What holds for every answer, whoever made it and however bad the request was."""
    assert len(split(answer.raw)) == 1
    headers = answer.headers
    assert {name.lower(): value for name, value in HEADERS.items()}.items() <= headers.items()
    assert "cache-control" in headers
    assert "server" not in headers
    if answer.status >= 400:
        assert headers["cache-control"] == "no-store"
    if answer.status == 204 or not body:
        assert answer.body == b""
    elif for_programs:
        assert headers["content-type"] == "application/json"
        said = json.loads(answer.body)
        if answer.status >= 400:
            assert said.keys() == {"error"}
            assert said["error"].keys() == {"code", "message"}
            assert "\n" not in said["error"]["message"]
            assert said["error"]["message"].isprintable()
    elif answer.status >= 400:
        assert headers["content-type"] == "text/html; charset=utf-8"
        read_html(answer.body.decode())


NO_HOSTS = [
    *("", "a b", "a\x01b", "a\x7f", "é.vn", "ſ", "a: 1", "a:１"),
    *"a..b .a a.. a/b a,b a@b a%41 -a a- :80 a:b a:65536 a:123456 a:-1 a:+1 a:1:2".split(),
    *"[::1 ::1 [x] [] [::1]x [::1]:b".split(),
    *("x" * 64, "x" * 64 + ".com", ("x" * 60 + ".") * 5),
]
HOSTS = [
    *("localhost", "a.vn", "a.vn.", "a.vn:8080", "a:", "127.0.0.1:1", "[::1]", "[::1]:8080"),
    *("a_b", "xn--bo-yua.vn", "X" * 63, "8"),
]


@pytest.mark.parametrize("target", [PAGE, API, "/healthz", "/static/site.css", "/nowhere"])
def test_what_is_no_host_is_refused(client, caplog, target):
    for host in NO_HOSTS:
        answer = client.get(target, headers={"Host": host})
        assert answer.status_code == 400, host
        assert "Host" in answer.text
        if target in (API, "/healthz"):
            assert answer.json["error"]["code"] == "bad_request"
    assert caplog.records == []


def test_what_is_a_host_is_served(client):
    for host in HOSTS:
        assert client.get(PAGE, headers={"Host": host}).status_code == 200, host


@pytest.mark.parametrize("target", [PAGE, API])
def test_hosts_on_the_wire(server, target):
    hosts = [[], ["Host: a..b"], ["Host: " + "x" * 64], [IN_ORDER, "Host: other"], ["Host: \xe9"]]
    for headers in hosts:
        answer = exchange(server, request(target, *headers, "Connection: close"))
        assert answer.status == 400, headers
        check(answer, for_programs=target == API)
    assert exchange(server, request(target, version="HTTP/1.0")).status == 200


REFUSED = {
    "no request": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 TARGET \r\n\r\n"),
    "no method": (400, b" TARGET HTTP/1.1\r\nHost: a\r\n\r\n"),
    "small letters": (400, b"get TARGET HTTP/1.1\r\nHost: a\r\n\r\n"),
    "too many words": (400, b"GET TARGET HTTP/1.1 x\r\nHost: a\r\n\r\n"),
    "no version": (505, b"GET TARGET\r\nHost: a\r\n\r\n"),
    "another version": (505, b"GET TARGET HTTP/2.0\r\nHost: a\r\n\r\n"),
    "no colon": (400, b"GET TARGET HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n"),
    "no name": (400, b"GET TARGET HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n"),
    "folded at once": (400, b"GET TARGET HTTP/1.1\r\n folded\r\nHost: a\r\n\r\n"),
    "bare line feed": (400, b"GET TARGET HTTP/1.1\r\nHost: a\nX: b\r\n\r\n"),
    "zero byte": (400, b"GET TARGET HTTP/1.1\r\nHost: a\r\nX: \x00\r\n\r\n"),
    "no IP address": (400, b"GET http://[xTARGET HTTP/1.1\r\nHost: a\r\n\r\n"),
    "long headers": (431, b"GET TARGET HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 100_000 + b"\r\n\r\n"),
    "long address": (431, b"GET TARGET&x=" + b"x" * 100_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n"),
    "length is no number": (400, b"GET TARGET HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n"),
    "negative length": (400, b"GET TARGET HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n"),
    "two lengths": (
        400,
        b"POST TARGET HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    ),
    "length of 5,000 digits": (
        400,
        b"GET TARGET HTTP/1.1\r\nHost: a\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
    ),
    "large body": (
        413,
        b"POST TARGET HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000,
    ),
    "large body announced": (
        413,
        b"POST TARGET HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5000\r\n\r\n",
    ),
    "wrong length announced": (
        400,
        b"POST TARGET HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: x\r\n\r\n",
    ),
}
for number, coding in enumerate(
    ["chunked", "Chunked", "chunked, chunked", "", ",", "\tchunked", "chunked\r\n\t,chunked"]
):
    for length in ("", "Content-Length: 5\r\n"):
        REFUSED[f"coding {number} {length.strip()}"] = (
            400,
            f"POST TARGET HTTP/1.1\r\nHost: a\r\n{length}Transfer-Encoding:{coding}\r\n\r\n"
            "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n".encode(),
        )
REFUSED |= {
    "coding of an older version": (
        400,
        b"POST TARGET HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    "coding with a space": (
        400,
        b"POST TARGET HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    ),
    "unknown coding": (
        501,
        b"POST TARGET HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx",
    ),
}


@pytest.mark.parametrize("target", [PAGE, API])
@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_read_is_refused(server, caplog, kind, target):
    status, raw = REFUSED[kind]
    answer = exchange(server, raw.replace(b"TARGET", target.encode()))
    assert answer.status == status
    assert answer.headers["connection"] == "close"
    check(answer, for_programs=target == API)
    assert caplog.records == []


def test_letters_in_an_address_need_not_be_encoded(server):
    """Many programs send them as they are, curl among them."""
    plain = json.loads(get(server, API.replace("metro", "%C4%91%C6%B0%E1%BB%9Dng")).body)
    raw = API.replace("metro", "đường").encode()
    answer = exchange(server, b"GET %b HTTP/1.0\r\n\r\n" % raw)
    assert answer.status == 200
    said = json.loads(answer.body)
    assert said["query"] == "đường"
    assert said["results"] == plain["results"]
    for path in (b"/api/\xff", b"/api/v1/search?q=\xff\xfe", b"http://\xff/api/v1/search"):
        answer = exchange(server, b"GET %b HTTP/1.0\r\n\r\n" % path)
        assert answer.status in (200, 400, 404)
        check(answer, for_programs=True)


@pytest.mark.parametrize(
    "headers", [["Content-Length: 0"], [], ["Content-Length: 2"]], ids=["zero", "none", "two"]
)
def test_a_client_that_waits_to_continue_is_not_kept_waiting(server, headers):
    with connect(server) as connection:
        connection.sendall(
            request("/healthz", IN_ORDER, "Connection: close", "Expect: 100-continue", *headers)
        )
        if headers == ["Content-Length: 2"]:
            assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
            connection.sendall(b"xx")
        answer = Answer(read_to_end(connection))
    assert answer.status == 200
    check(answer, for_programs=True)


@pytest.mark.parametrize(
    "target", [PAGE, API, "/healthz", "/static/site.css", "/nowhere", "/api/", "/api"]
)
@pytest.mark.parametrize(
    "method", ["HEAD", "OPTIONS", "POST", "PUT", "DELETE", "TRACE", "CONNECT", "PROPFIND", "X" * 99]
)
def test_methods(server, caplog, method, target):
    answer = exchange(server, request(target, IN_ORDER, "Connection: close", method=method))
    for_programs = target in (API, "/healthz", "/api/")
    check(answer, for_programs=for_programs, body=method != "HEAD")
    known = target not in ("/nowhere", "/api/")
    assert answer.status == (404 if not known else {"HEAD": 200, "OPTIONS": 204}.get(method, 405))
    if known and method != "HEAD":
        assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
    assert caplog.records == []


def test_a_site_that_fails_at_everything_still_answers_in_order(module_app, monkeypatch):
    def fail(environ, start_response):
        raise RuntimeError("secret /var/lib")

    monkeypatch.setattr(module_app, "wsgi_app", fail)
    with served(module_app) as failing:
        for target in (PAGE, API):
            answer = get(failing, target)
            assert answer.status == 500
            assert answer.headers["connection"] == "close"
            assert b"secret" not in answer.raw
            assert {n.lower(): v for n, v in HEADERS.items()}.items() <= answer.headers.items()
        assert json.loads(answer.body)["error"]["code"] == "internal"


PIECES = [
    *(b"GET ", b"HEAD ", b"POST ", b"OPTIONS ", b"FOO ", b"get ", b" ", b"\t", b"\x00", b"\xff"),
    *(
        b"/",
        b"/?q=a",
        b"/api/v1/search?q=a",
        b"/api/",
        b"/healthz",
        b"//",
        b"*",
        b"http://[",
        b"%",
        b"%zz",
    ),
    *(b" HTTP/1.1\r\n", b" HTTP/1.0\r\n", b" HTTP/9.9\r\n", b"\r\n", b"\n", b"\r", b"\r\n\r\n"),
    *(b"Host: a\r\n", b"Host: a..b\r\n", b"Host:\r\n", b"Connection: close\r\n", b": x\r\n"),
    *(b"Connection: keep-alive\r\n", b"Expect: 100-continue\r\n", b"Content-Length: 3\r\n"),
    *(b"Content-Length: 99999\r\n", b"Content-Length: 0x\r\n", b"Transfer-Encoding: chunked\r\n"),
    *(b"Cookie: ui=\xff\r\n", b"Accept-Language: vi;q=x,\r\n", b"Range: bytes=5-\r\n", b"abc"),
    *(b"If-None-Match: *\r\n", b"Content-Type: multipart/form-data; boundary=\r\n", b"0\r\n\r\n"),
]


@pytest.mark.parametrize("seed", range(4))
def test_any_bytes_get_answers_in_order_or_none(server, caplog, seed):
    """Requests put together at random: what is answered at all is answered in order."""
    chance = random.Random(seed)
    answered = 0
    for _ in range(200):
        pieces = [chance.choice(PIECES) for _ in range(chance.randrange(1, 12))]
        if chance.random() < 0.7:  # the beginning of a good one
            pieces[:0] = [chance.choice(PIECES[:6]), chance.choice(PIECES[10:20]), PIECES[20]]
            pieces[3:3] = [b"Host: a\r\n"] * chance.randrange(2)
        raw = b"".join(pieces) + b"\r\n\r\n"
        with connect(server) as connection:
            connection.sendall(raw)
            connection.shutdown(socket.SHUT_WR)
            received = read_to_end(connection)
        received = received.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
        if received:
            answered += 1
            for answer in split(received):
                check(answer, for_programs=answer.body[:1] == b"{", body=bool(answer.body))
    assert answered > 100
    assert [r.getMessage() for r in caplog.records] == []


def split(received):
    """The answers in what was received, where there are several one after the other."""
    starts = [found.start() for found in re.finditer(rb"HTTP/1\.[01] \d", received)]
    assert starts[0] == 0
    return [Answer(received[a:b]) for a, b in itertools.pairwise([*starts, len(received)])]
