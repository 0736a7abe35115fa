"""The polite client against a real server that misbehaves in every way."""

from __future__ import annotations

import gzip
import ipaddress
import socket
import ssl
import subprocess
import threading
import time
from itertools import pairwise

import pytest
from support.web_server import (
    Reply,
    WebServer,
    bomb,
    drop,
    endless,
    packed,
    raw,
    redirect,
    silent,
    trickling,
    trickling_head,
    two_servers,
)

from indexer.fetching import Fetcher, RestingError, StoppedError, Validators
from indexer.fetching.connections import may_connect
from search.errors import FetchError, ForbiddenFetchError, SettingsError, UnreachableError
from search.settings import Settings

QUICK = {
    "allow_private": "127.0.0.1",
    "fetch_pause_s": 0.0,
    "fetch_connect_timeout_s": 5.0,
    "fetch_read_timeout_s": 5.0,
    "fetch_timeout_s": 10.0,
    "fetch_max_mb": 1,
}
# For servers that are too slow; the others shall pass however busy this machine is.
HURRIED = {"fetch_read_timeout_s": 0.4, "fetch_timeout_s": 0.8}


@pytest.fixture
def server():
    with WebServer() as running:
        yield running


@pytest.fixture
def make():
    """Makes fetchers with quick settings; all are closed in the end."""
    made = []

    def fetcher(*, stop=None, **settings):
        made.append(Fetcher(Settings(**{**QUICK, **settings}), stop=stop, backoff_s=0.02))
        return made[-1]

    yield fetcher
    for one in made:
        one.close()


def refused(fetcher, url, kind=FetchError, **options):
    """The error's message: one line that a person can act on."""
    with pytest.raises(kind) as caught:
        fetcher.get(url, **options)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 300
    return message


def test_a_page_comes_with_what_its_headers_say(server, make):
    server.pages["/"] = Reply(
        "xin chào", kind="text/html; charset=ISO-8859-1", etag='"a"', modified="yesterday"
    )
    got = make(user_agent="Songngu (tests)").get(server.url("/#part"))
    assert (got.url, got.data.decode()) == (server.url("/"), "xin chào")
    assert (got.media_type, got.charset) == ("text/html", "iso-8859-1")
    assert got.validators == Validators('"a"', "yesterday")
    (request,) = server.asked("/")
    assert request.headers["user-agent"] == "Songngu (tests)"
    assert request.headers["host"] == f"127.0.0.1:{server.port}"
    assert "if-none-match" not in request.headers


def test_what_is_unchanged_is_not_sent_again(server, make):
    server.pages["/"] = Reply("text", etag='"a"')
    fetcher = make()
    first = fetcher.get(server.url("/"))
    again = fetcher.get(server.url("/"), validators=first.validators)
    assert (again.unchanged, again.data, again.validators) == (True, b"", first.validators)
    server.pages["/"] = Reply("other text", etag='"b"')
    changed = fetcher.get(server.url("/"), validators=first.validators)
    assert (changed.unchanged, changed.data) == (False, b"other text")


def test_not_changed_is_no_answer_to_a_plain_request(server, make):
    server.pages["/"] = Reply(status=304)
    assert "304" in refused(make(), server.url("/"), UnreachableError)


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (trickling(), UnreachableError, "not done after 0.8 s"),
        (trickling_head(), UnreachableError, "not done after 0.8 s"),
        (silent, UnreachableError, "silent for 0.4 s"),
        (endless, FetchError, "larger than 1 MiB"),
        (drop, UnreachableError, "connection broke"),
        (raw(b"220 mail.example ESMTP\r\n"), UnreachableError, "no HTTP"),
        (raw(b""), UnreachableError, "cut off"),
        (
            raw(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nonly this"),
            UnreachableError,
            "cut off",
        ),
        (
            raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nonly this"),
            UnreachableError,
            "cut off",
        ),
        (raw(b"HTTP/1.1 200 OK\r\n", *[b"X: " + b"y" * 60_000] * 4), UnreachableError, "no HTTP"),
        (Reply(b"x" * (2 << 20)), FetchError, "larger than 1 MiB"),
        (Reply(bomb(), headers={"Content-Encoding": "gzip"}), FetchError, "larger than 1 MiB"),
        (
            Reply(gzip.compress(b"x" * 9000)[:20], headers={"Content-Encoding": "gzip"}),
            FetchError,
            "cut off",
        ),
        (Reply(b"not gzip", headers={"Content-Encoding": "gzip"}), FetchError, "damaged"),
        (Reply(b"??", headers={"Content-Encoding": "br"}), FetchError, "not asked for"),
        (Reply(b"\x89PNG", kind="image/png"), FetchError, "is image/png"),
        (Reply(b"%PDF", kind="application/pdf"), FetchError, "no text to index"),
        (Reply(status=404), FetchError, "answers 404: there is no such page"),
        (Reply(status=403), FetchError, "it refuses"),
        (Reply(status=418), FetchError, "answers 418"),
        (redirect("/page"), FetchError, "circle"),
        (redirect(""), FetchError, "without saying where"),
        (redirect("ftp://files.example/"), FetchError, "no http or https"),
        (redirect("file:///etc/passwd"), FetchError, "no http or https"),
        (redirect("http://:80/"), FetchError, "names no host"),
        (redirect("http://[bad/"), FetchError, "no web address"),
        (redirect("http://user:secret@127.0.0.1/"), FetchError, "password"),
    ],
)
def test_misbehaviour_is_told_in_one_line_and_soon(server, make, answer, kind, said):
    server.pages["/page"] = answer
    began = time.monotonic()
    slow = "silent for 0.4 s" in said or "not done after 0.8 s" in said
    fetcher = make(fetch_tries=1, **(HURRIED if slow else {}))
    message = refused(fetcher, server.url("/page"), kind)
    assert time.monotonic() - began < 30
    assert said in message
    assert "secret" not in message


def test_a_bomb_within_a_bomb_fills_no_memory(server, make):
    server.pages["/"] = packed(bomb())  # small enough by itself, and still packed inside
    got = make().get(server.url("/"))
    assert len(got.data) < 1 << 20


def test_a_server_that_is_not_there(make):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        port = taken.getsockname()[1]
        message = refused(make(fetch_tries=1), f"http://127.0.0.1:{port}/", UnreachableError)
    assert "no connection" in message


def test_a_host_that_is_not_there(make):
    message = refused(make(), "http://no-such-host.invalid/", UnreachableError)
    assert "no-such-host.invalid cannot be found" in message


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    """(settings of a server, file with the certificate it shows)."""
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    request = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
        " -subj /CN=songngu -addext subjectAltName=IP:127.0.0.1"
    )
    subprocess.run(
        [*request.split(), "-keyout", key, "-out", cert], check=True, capture_output=True
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context, cert


def test_encrypted_pages_are_read_within_the_same_limits(make, tls, monkeypatch):
    context, cert = tls
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    with WebServer(tls=context) as server:
        server.pages["/"] = Reply("secret to all but us")
        server.pages["/slow"] = trickling()
        assert make().get(server.url("/")).data == b"secret to all but us"
        hurried = make(fetch_tries=1, fetch_timeout_s=0.8)
        assert "not done after 0.8 s" in refused(hurried, server.url("/slow"), UnreachableError)


def test_certificates_are_checked(make, tls):
    with WebServer(tls=tls[0]) as server:
        server.pages["/"] = Reply("who knows from whom")
        message = refused(make(), server.url("/"), UnreachableError)
        assert "certificate is not valid" in message
        assert server.requests == []


def test_a_handshake_that_never_ends(make):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"https://127.0.0.1:{listening.getsockname()[1]}/"
        refused(make(fetch_tries=1, **HURRIED), url, UnreachableError)


@pytest.mark.parametrize("first", [Reply(status=500), Reply(status=503), drop, silent])
def test_what_fails_once_is_tried_again(server, make, first):
    server.pages["/"] = [first, Reply("there it is")]
    fetcher = make(fetch_read_timeout_s=1.0)
    assert fetcher.get(server.url("/")).data == b"there it is"
    assert len(server.asked("/")) == 2


def test_tries_end(server, make):
    server.pages["/"] = Reply(status=502)
    assert "answers 502" in refused(make(fetch_tries=4), server.url("/"), UnreachableError)
    assert len(server.asked("/")) == 4


def test_what_cannot_get_better_is_not_tried_again(server, make):
    refused(make(), server.url("/gone"))
    assert len(server.asked("/gone")) == 1


def test_a_busy_server_is_left_alone_for_as_long_as_it_asks(server, make):
    server.pages["/"] = [Reply(status=429, headers={"Retry-After": "1"}), Reply("now")]
    assert make().get(server.url("/")).data == b"now"
    first, second = server.asked("/")
    assert second.at - first.at >= 1


def test_nobody_else_asks_a_busy_server_meanwhile(server, make):
    server.pages["/"] = Reply(status=429, headers={"Retry-After": "1"})
    server.pages["/other"] = Reply("other")
    fetcher = make(fetch_tries=1)
    refused(fetcher, server.url("/"), UnreachableError)
    fetcher.get(server.url("/other"))
    assert server.asked("/other")[0].at - server.asked("/")[0].at >= 1


def test_a_long_rest_is_left_to_a_later_run(server, make):
    server.pages["/"] = Reply(status=503, headers={"Retry-After": "Fri, 31 Dec 2100 08:00:00 GMT"})
    fetcher = make()
    refused(fetcher, server.url("/"), UnreachableError)
    assert "asked for a rest" in refused(fetcher, server.url("/other"), RestingError)
    assert server.paths() == ["/"]


def test_a_host_that_fails_again_and_again_is_left_alone(server, make):
    for number in range(5):
        server.pages[f"/{number}"] = Reply(status=500)
    fetcher = make(fetch_tries=2)
    for number in range(3):
        refused(fetcher, server.url(f"/{number}"), UnreachableError)
    assert "failed 3 times in a row" in refused(fetcher, server.url("/3"), RestingError)
    assert server.paths() == ["/0", "/0", "/1", "/1", "/2", "/2"]


def test_requests_to_one_host_keep_their_distance(server, make):
    fetcher = make(fetch_pause_s=0.15)
    threads = [
        threading.Thread(target=refused, args=(fetcher, server.url(f"/{n}"))) for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    times = [request.at for request in server.requests]
    assert len(times) == 5
    assert all(later - earlier >= 0.14 for earlier, later in pairwise(times))


class TestRobots:
    RULES = "User-agent: *\nDisallow: /private\n\nUser-agent: Songngu\nDisallow: /ours\n"

    def test_rules_are_obeyed_and_asked_for_once(self, server, make):
        server.pages["/robots.txt"] = Reply(self.RULES, kind="text/plain")
        server.pages["/private/a"] = server.pages["/ours/a"] = Reply("page")
        fetcher = make()
        assert "robots.txt" in refused(fetcher, server.url("/ours/a"), ForbiddenFetchError)
        assert fetcher.get(server.url("/private/a")).data == b"page"
        assert server.paths() == ["/private/a"]
        assert len(server.asked("/robots.txt")) == 1
        other = make(user_agent="Other/2.0 (Songngu)")
        refused(other, server.url("/private/a"), ForbiddenFetchError)

    def test_the_target_of_a_redirect_is_checked_too(self, server, make):
        server.pages["/robots.txt"] = Reply(self.RULES, kind="text/plain")
        server.pages["/a"] = redirect("/ours/a")
        refused(make(), server.url("/a"), ForbiddenFetchError)
        assert server.paths() == ["/a"]

    def test_another_hosts_own_rules_count_for_its_pages(self, make):
        with two_servers() as (first, second):
            first.pages["/a"] = redirect(second.url("/ours/a"))
            second.pages["/robots.txt"] = Reply(self.RULES, kind="text/plain")
            fetcher = make(allow_private="127.0.0.0/8")
            refused(fetcher, first.url("/a"), ForbiddenFetchError)
            assert second.paths() == []

    def test_a_delay_is_kept(self, server, make):
        server.pages["/robots.txt"] = Reply("User-agent: *\nCrawl-delay: 0.3\n", kind="text/plain")
        server.pages["/a"] = server.pages["/b"] = Reply("page")
        fetcher = make()
        fetcher.get(server.url("/a"))
        fetcher.get(server.url("/b"))
        assert server.asked("/b")[0].at - server.asked("/a")[0].at >= 0.29

    @pytest.mark.parametrize("status", [401, 403, 404, 410])
    def test_none_allows_all(self, server, make, status):
        server.pages["/robots.txt"] = Reply(status=status)
        server.pages["/a"] = Reply("page")
        assert make().get(server.url("/a")).data == b"page"

    @pytest.mark.parametrize("answer", [Reply(status=500), drop, silent, endless])
    def test_one_that_cannot_be_read_allows_nothing(self, server, make, answer):
        server.pages["/robots.txt"] = answer
        server.pages["/a"] = Reply("page")
        hurried = make(fetch_tries=1, fetch_read_timeout_s=0.4)
        message = refused(hurried, server.url("/a"), UnreachableError)
        assert "robots.txt cannot be read" in message
        assert server.paths() == []

    def test_it_may_be_any_bytes(self, server, make):
        server.pages["/robots.txt"] = Reply(bytes(range(256)) * 100, kind="text/plain")
        server.pages["/a"] = Reply("page")
        assert make().get(server.url("/a")).data == b"page"


SPECIAL = (
    # One of each block of IANA's registries of special-purpose addresses, and of what is no unicast
    "0.0.0.0 0.1.2.3 10.9.9.9 100.127.255.254 127.0.0.53 169.254.1.1 172.31.255.254 192.0.0.1"
    " 192.0.0.8 192.0.0.9 192.0.0.10 192.0.0.170 192.0.0.171 192.0.2.7 192.31.196.1 192.52.193.1"
    " 192.88.99.1 192.88.99.2 192.168.255.1 192.175.48.6 198.18.0.1 198.19.255.254 198.51.100.3"
    " 203.0.113.9 224.0.0.251 239.255.255.250 240.0.0.1 255.255.255.255"
    " :: ::1 ::8.8.8.8 64:ff9b:1::8.8.8.8 100::1 100:0:0:1::1 2001::1 2001:1::1 2001:1::3 2001:2::1"
    " 2001:3::1 2001:4:112::1 2001:10::1 2001:20::1 2001:30::1 2001:db8::1 2620:4f:8000::1 3fff::1"
    " 5f00::1 fc00::1 fd12::1 fe80::1 fec0::1 ff02::fb 4000::1 8000::1"
).split()


class TestPrivateAddresses:
    @pytest.mark.parametrize(
        "host",
        (
            "127.0.0.1 localhost 127.1 2130706433 0x7f000001 0.0.0.0 [::1] [::ffff:127.0.0.1]"
            " 10.1.2.3 192.168.0.1 172.16.5.5 169.254.169.254 100.64.0.1 [fe80::1] [fd00::1]"
            " [::ffff:10.0.0.1] [64:ff9b::a00:1]"
        ).split(),
    )
    def test_none_is_reached(self, server, make, host):
        fetcher = make(allow_private="")
        kinds = (ForbiddenFetchError, UnreachableError)  # some are no addresses on this system
        refused(fetcher, f"http://{host}:{server.port}/", kinds)
        assert server.requests == []

    def test_the_way_to_allow_one_is_told(self, server, make):
        message = refused(make(allow_private=""), server.url("/"), ForbiddenFetchError)
        assert "--allow-private 127.0.0.1" in message

    def test_a_redirect_leads_to_none(self, make):
        with two_servers() as (public, private):
            public.pages["/"] = redirect(private.url("/secret"))
            private.pages["/secret"] = Reply("secret")
            assert "private address" in refused(make(), public.url("/"), ForbiddenFetchError)
            assert private.requests == []

    def test_a_name_that_points_elsewhere_the_second_time_leads_to_none(self, make, monkeypatch):
        """DNS rebinding: every connection goes to an address that was itself checked."""
        with two_servers() as (public, private):
            for server in (public, private):
                server.pages["/"] = Reply(server.host, headers={"Connection": "close"})
            answers = iter(["127.0.0.1", "127.0.0.2", "127.0.0.2"])
            resolve = socket.getaddrinfo

            def rebinding(host, port, *args, **kwargs):
                place = next(answers) if host == "rebinding.test" else host
                return resolve(place, port, *args, **kwargs)

            monkeypatch.setattr(socket, "getaddrinfo", rebinding)
            fetcher = make()
            # The first answer serves robots.txt; the page needs a new connection.
            public.pages["/robots.txt"].headers["Connection"] = "close"
            url = f"http://rebinding.test:{public.port}/"
            assert "private address" in refused(fetcher, url, ForbiddenFetchError)
            assert private.requests == []
            assert [request.path for request in public.requests] == ["/robots.txt"]

    @pytest.mark.parametrize(
        ("address", "allowed"),
        [
            ("203.0.114.1", True), ("2606:4700::1111", True), ("8.8.8.8", True),
            ("224.0.0.1", False), ("255.255.255.255", False), ("ff02::1", False),
            ("2002:7f00:1::", False), ("192.0.2.1", False), ("::", False),
        ],
    )  # fmt: skip
    def test_which_addresses_are_public(self, address, allowed):
        assert may_connect(ipaddress.ip_address(address), ()) is allowed

    @pytest.mark.parametrize("address", SPECIAL)
    def test_no_special_address_is_public(self, address):
        assert not may_connect(ipaddress.ip_address(address), ())

    @pytest.mark.parametrize("inner", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "192.0.0.8"])
    def test_no_private_address_within_another_is_public(self, inner):
        packed = int(ipaddress.IPv4Address(inner))
        for outer in (
            f"::ffff:{inner}",  # mapped
            f"::{inner}",  # compatible
            f"::ffff:0:{inner}",  # translated
            f"64:ff9b::{inner}",  # NAT64
            f"64:ff9b:1::{inner}",  # NAT64 in a network of one's own
            f"2606:4700::5efe:{inner}",  # ISATAP
            f"2606:4700::200:5efe:{inner}",
            str(ipaddress.IPv6Address((0x2002 << 112) | (packed << 80) | 1)),  # 6to4
            str(ipaddress.IPv6Address((0x20010000 << 96) | (packed ^ 0xFFFF_FFFF))),  # Teredo
        ):
            assert not may_connect(ipaddress.ip_address(outer), ()), outer

    def test_a_public_address_is_reached_through_a_translator(self):
        for outer in ("::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2606:4700::200:5efe:8.8.8.8"):
            assert may_connect(ipaddress.ip_address(outer), ()), outer
        inner = (ipaddress.ip_network("10.0.0.0/8"),)
        assert may_connect(ipaddress.ip_address("::ffff:10.1.2.3"), inner)
        assert may_connect(ipaddress.ip_address("64:ff9b::10.1.2.3"), inner)

    def test_only_what_is_named_is_allowed(self):
        networks = (ipaddress.ip_network("10.1.0.0/16"),)
        assert may_connect(ipaddress.ip_address("10.1.2.3"), networks)
        assert not may_connect(ipaddress.ip_address("10.2.2.3"), networks)

    def test_a_setting_that_says_nothing_is_refused(self, make):
        with pytest.raises(SettingsError, match=r"10\.0\.0\.0/8"):
            make(allow_private="the office")
        with pytest.raises(SettingsError, match="user_agent"):
            make(user_agent="two\r\nlines")


def test_redirects_are_followed_as_far_as_is_usual(server, make):
    for number in range(8):
        server.pages[f"/{number}"] = redirect(f"/{number + 1}", status=301)
    server.pages["/8"] = Reply("the end")
    fetcher = make()
    assert fetcher.get(server.url("/3")).url == server.url("/8")
    assert "more than 5 redirects" in refused(fetcher, server.url("/2"))


def test_letters_in_addresses_are_sent_as_they_must_be(server, make):
    server.pages["/tin/gi%C3%A1%20v%C3%A0ng?q=%C4%91"] = Reply("page")
    assert make().get(server.url("/tin/giá vàng?q=đ")).data == b"page"
    server.pages["/utf8"] = redirect("/tin/giá vàng?q=đ".encode().decode("latin-1"))
    assert make().get(server.url("/utf8")).data == b"page"


def test_stopping_waits_for_no_server(server, make):
    server.pages["/"] = silent
    stop = threading.Event()
    fetcher = make(stop=stop, fetch_read_timeout_s=30.0, fetch_timeout_s=30.0)
    threading.Timer(0.2, stop.set).start()
    began = time.monotonic()
    with pytest.raises(StoppedError):
        fetcher.get(server.url("/"))
    assert time.monotonic() - began < 5
