"""A real web server on this machine that answers as it is told to, well or badly."""

from __future__ import annotations

import gzip
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Reply:
    """An answer in good order.

    Attributes:
        etag, modified: Make it conditional: 304 to whoever has it already.
    """

    body: bytes | str = b""
    kind: str = "text/html; charset=utf-8"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    etag: str | None = None
    modified: str | None = None

    def send(self, handler):
        given = handler.headers
        unchanged = (self.etag and given.get("If-None-Match") == self.etag) or (
            self.modified and given.get("If-Modified-Since") == self.modified
        )
        body = b"" if unchanged else self.body
        body = body.encode() if isinstance(body, str) else body
        handler.send_response(304 if unchanged else self.status)
        if self.etag:
            handler.send_header("ETag", self.etag)
        if self.modified:
            handler.send_header("Last-Modified", self.modified)
        if not unchanged and self.kind:
            handler.send_header("Content-Type", self.kind)
        for name, value in self.headers.items():
            handler.send_header(name, value)
        if not unchanged:
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)


@dataclass(frozen=True)
class Request:
    """What was asked for, and what came of it."""

    path: str
    headers: dict[str, str]
    at: float


Answer = Reply | Callable[[BaseHTTPRequestHandler], None] | list


class WebServer:
    """Serves ``pages``: path → answer; a list is answered in turn, its last one for ever.

    Attributes:
        requests: All so far, robots.txt among them.
    """

    def __init__(self, host="127.0.0.1", port=0, *, tls=None):
        self.pages: dict[str, Answer] = {"/robots.txt": Reply(status=404)}
        self.requests: list[Request] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self):
                outer.requests.append(
                    Request(self.path, {k.lower(): v for k, v in self.headers.items()}, time.time())
                )
                answer = outer.pages.get(self.path, Reply("not here", status=404))
                if isinstance(answer, list):
                    answer = answer.pop(0) if len(answer) > 1 else answer[0]
                try:
                    answer.send(self) if isinstance(answer, Reply) else answer(self)
                except OSError:
                    self.close_connection = True

            def log_message(self, *args):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

            def handle_error(self, request, client_address):
                pass  # clients hang up, that is part of the tests

        self._server = Server((host, port), Handler)
        self._scheme = "http" if tls is None else "https"
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.host, self.port = self._server.server_address[:2]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def url(self, path="/"):
        return f"{self._scheme}://{self.host}:{self.port}{path}"

    def asked(self, path):
        """Requests for one path."""
        return [request for request in self.requests if request.path == path]

    def paths(self):
        """Paths in the order they were asked for, without robots.txt."""
        return [request.path for request in self.requests if request.path != "/robots.txt"]

    def forget(self):
        self.requests.clear()

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *error):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def redirect(target, status=302):
    return Reply(status=status, headers={"Location": target})


def packed(body, **given):
    """A body sent as gzip."""
    return Reply(gzip.compress(body), headers={"Content-Encoding": "gzip"}, **given)


@cache
def bomb(megabytes=60):
    """So many megabytes of spaces, as gzip: a thousandth of that is sent."""
    packer = gzip.zlib.compressobj(9, gzip.zlib.DEFLATED, 31)
    space = b" " * (1 << 20)
    return b"".join([*(packer.compress(space) for _ in range(megabytes)), packer.flush()])


def drop(handler):
    """End the connection with a reset."""
    handler.close_connection = True
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.wfile.close = lambda: None
    handler.connection.close()


def raw(*parts, pause_s=0.0, over_and_over=False):
    """Bytes as they are, however little they are HTTP; then the connection ends."""

    def answer(handler):
        handler.close_connection = True
        while True:
            for part in parts:
                handler.connection.sendall(part)
                time.sleep(pause_s)
            if not over_and_over:
                return

    return answer


def trickling(pause_s=0.05):
    """A body of which one byte comes at a time."""

    def answer(handler):
        handler.close_connection = True
        handler.connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
        while True:
            handler.connection.sendall(b"x")
            time.sleep(pause_s)

    return answer


def trickling_head(pause_s=0.05):
    """A head that never ends, one byte at a time."""

    def answer(handler):
        handler.close_connection = True
        handler.connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while True:
            handler.connection.sendall(b"x")
            time.sleep(pause_s)

    return answer


def endless(handler):
    """A body without an end, as fast as it is taken."""
    handler.close_connection = True
    handler.connection.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    while True:
        handler.connection.sendall(chunk)


def silent(handler):
    """Nothing, for longer than anyone waits."""
    handler.close_connection = True
    time.sleep(60)


@contextmanager
def two_servers():
    """A server that may be fetched from, and one on the same port of an address that may not."""
    with WebServer("127.0.0.1") as first, WebServer("127.0.0.2", first.port) as second:
        yield first, second
