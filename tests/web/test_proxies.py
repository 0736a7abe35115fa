"""Behind a reverse proxy that shows the site under a path of its own."""

import http.client
import re
import threading
import urllib.error
import urllib.request
from contextlib import closing, contextmanager
from dataclasses import replace
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urljoin, urlsplit

import pytest
from support.site_server import get, served

from search.errors import SettingsError
from webui import create_app

PREFIX = "/tin"
FORWARDED = {
    "X-Forwarded-Host": "bao.example",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Prefix": PREFIX,
}


@contextmanager
def proxy(port, *, strips=True, **headers):
    """A proxy that shows the server at a port under the prefix; gives its own address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            if f"{self.path}/".startswith(f"{PREFIX}/"):
                path = self.path.removeprefix(PREFIX) if strips else self.path
                with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as site:
                    site.request("GET", path, headers=headers)
                    answer = site.getresponse()
                    self.reply(answer.status, answer.getheaders(), answer.read())
            else:
                self.reply(404, [], b"another site")

        def reply(self, status, headers, body):
            self.send_response(status)
            for name, value in headers:
                if name.lower() != "transfer-encoding":  # it has been taken in whole
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def opened(url):
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.url, answer.headers, answer.read().decode("utf-8-sig")


def links(html):
    return [unescape(link) for link in re.findall(r' (?:href|src|action)="([^"]*)"', html)]


def broken_links(address):
    """Links, forms and files of pages of every kind that lead nowhere; and how many there are."""
    broken, seen = set(), set()
    pages = {
        f"{address}{PREFIX}/",
        f"{address}{PREFIX}/?q=metro",
        f"{address}{PREFIX}/search?q=mot",
    }
    for page in pages:
        at, _, html = opened(page)
        for link in links(html):
            target = urljoin(at, link).partition("#")[0]
            if not target.startswith(address) or target in seen:
                continue
            seen.add(target)
            try:
                opened(target)
            except urllib.error.HTTPError:
                broken.add(target)
    return broken, len(seen)


@pytest.fixture
def made(archive, settings):
    return lambda **changes: create_app(archive, settings=replace(settings, **changes))


@pytest.mark.parametrize(
    ("changes", "behaviour"),
    [
        ({"prefix": PREFIX}, {}),
        ({"prefix": PREFIX}, {"strips": False}),
        ({"prefix": "tin/"}, {}),
        ({"proxies": 1}, FORWARDED),
        ({"proxies": 1}, FORWARDED | {"strips": False}),
        ({"proxies": 1, "prefix": "/elsewhere"}, FORWARDED),
        ({"proxies": 1, "prefix": PREFIX}, {"X-Forwarded-Prefix": "//bao.example/"}),
        ({"proxies": 1}, {"X-Forwarded-Prefix": f"{PREFIX}/"}),
    ],
)
def test_every_link_leads_somewhere(made, changes, behaviour):
    with served(made(**changes)) as server, proxy(server.effective_port, **behaviour) as address:
        broken, all_of_them = broken_links(address)
    assert broken == set()
    assert all_of_them > 30


def test_the_proxy_of_these_tests_breaks_links_where_nothing_is_set(made):
    with served(made()) as server, proxy(server.effective_port, **FORWARDED) as address:
        page, _, html = opened(f"{address}{PREFIX}/")
    assert {urlsplit(urljoin(page, link)).path for link in links(html)} & {"/static/site.css", "/"}


@pytest.mark.parametrize(("proxies", "secure"), [(0, False), (1, True)])
def test_what_a_proxy_says_is_believed_only_where_it_is_trusted(made, proxies, secure):
    headers = [f"{name}: {value}" for name, value in FORWARDED.items()]
    with served(made(proxies=proxies)) as server:
        answer = get(server, "/?ui=vi", *headers)
        odd = get(server, "/", "X-Forwarded-Host: a b")
    assert answer.status == 200
    cookie = answer.headers["set-cookie"]
    assert ("Secure" in cookie) == secure
    assert (f"Path={PREFIX}/" in cookie) == secure
    assert odd.status == (400 if proxies else 200)


def test_under_a_prefix_static_files_and_health_wait_for_no_search(made):
    with served(made(prefix=PREFIX)) as server:
        lanes = server.task_dispatcher
        assert lanes._lane_of(f"{PREFIX}/healthz") is lanes._lane_of("/healthz")
        assert lanes._lane_of(f"{PREFIX}/static/site.css") is lanes._lane_of("/static/site.css")
        assert lanes._lane_of(f"{PREFIX}/readyz") is lanes._lane_of("/readyz")
        assert lanes._lane_of(f"{PREFIX}/") is lanes._lane_of("/")
        assert lanes._lane_of("/healthz") is not lanes._lane_of("/")


@pytest.mark.parametrize(
    "prefix", ["//bao.example/x y", "/tin?x", "https://bao.example/tin", "/tin\n"]
)
def test_a_prefix_that_is_no_path_is_refused(made, prefix):
    with pytest.raises(SettingsError, match="--prefix"):
        made(prefix=prefix)
