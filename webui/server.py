"""The production server: waitress, made to hold out against slow, many and malformed requests.

``serve`` listens and serves until the process is stopped; ``make_server`` only listens. Three
things are added to waitress. Requests go in lanes of their own threads, so that nothing that needs
no archive waits behind a search, and searches wait in a queue that has an end. A connection that
does not bring a request in time is closed, and sooner where all places are taken. And a request
that is refused here is still answered by the application, so that its answer looks like any other.
"""

from __future__ import annotations

import json
import logging
import re
import resource
import signal
import socket
import struct
import threading
import time
from dataclasses import dataclass
from types import FrameType
from typing import Any

import click
from flask import Flask
from waitress.adjustments import Adjustments
from waitress.channel import ClientDisconnected, HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import TcpWSGIServer
from waitress.task import Task, ThreadedTaskDispatcher, WSGITask

from search.errors import SettingsError
from search.exports import EXPORTS
from webui.errors import REFUSAL
from webui.headers import HEADERS
from webui.openapi import API
from webui.parameters import MAX_CLIPPINGS_BYTES, is_for_programs
from webui.proxies import without_prefix
from webui.site import current_site
from webui.writing import MAX_BYTES

THREADS = 8
"""Requests answered at once: searching releases the interpreter, so more threads than cores pay."""
CONNECTIONS = 500
"""Most connections at once; where the system allows few open files, half of what it allows."""
PATIENCE_S = 30
"""How long a connection may take to bring its next request, or to take more of an answer."""
QUEUE_PER_THREAD = 8
"""How many requests may wait for the archive, for each thread that serves them."""
QUEUE_S = 10.0
"""How long one may wait for it."""

_MAX_HEAD_BYTES = 64 * 1024
_BYTES_PER_CHAR = 12
"""Of a query in an address: four of UTF-8, percent-encoded."""
_MAX_BODY_BYTES = 1024
"""Most requests have no bodies: what is larger is abuse."""
_MAX_DRAFT_BYTES = 400_000
"""Below what waitress keeps in memory: a draft is never written to a file."""
_TAKES_DRAFTS = "/before"
_TAKES_CLIPPINGS = re.compile(r".*/clippings(?:\.\w+|/gone)")
"""Paths, under whatever prefix."""

_READINESS = "/readyz"
_WITHOUT_ARCHIVE = ("/healthz", "/favicon.ico", "/robots.txt")
_STATIC = "/static/"
_FILE = re.compile(rf"/(?:search|clippings)\.(?:{'|'.join(EXPORTS)})|/api/v1/export")
"""Takes long, and is to hold up no search."""

_NOT_ASCII = re.compile(rb"[\x80-\xff]")
_TRANSFER_ENCODING = re.compile(rb"(?i)\ntransfer-encoding[ \t]*:")
_PATH = re.compile(rb"\s*\S* +(?:\w+://[^/\s]*)?(/[^?#\s]*)")
_LONGEST_START = 2000


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not served: a status and a sentence, which may be empty.

    Takes the place of waitress's own errors, which have a ``code`` too.
    """

    code: int
    reason: str = ""


_BUSY = Refusal(503, "More wait for the archive than can be served soon.")
_REASONS = {431: "The address or a header is too long."}
"""Where waitress refuses."""


class Parser(HTTPRequestParser):  # type: ignore[misc]
    """Reads a request; what it cannot read becomes its ``error``.

    Stricter than waitress about where a request ends, since a proxy in front may see its end
    elsewhere; more lenient with addresses, whose letters many programs send as they are.
    """

    error: Any = None
    body_rcv: Any = None

    # What is known of a request that cannot be read.
    command = "GET"
    path = request_uri = "/"
    query = fragment = ""
    url_scheme = "http"

    _start = b""

    def received(self, data: bytes) -> int:
        """Take in bytes; returns how many of them belong to this request."""
        self._start = (self._start + data)[:_LONGEST_START]
        consumed: int = super().received(data)
        if self.error is not None or self.body_rcv is None:
            self.expect_continue = False  # nothing is to follow that could be waited for
        if self.error is not None and self.path == "/" and (found := _PATH.match(self._start)):
            self.path = found[1].decode("latin-1")
        return consumed

    def parse_header(self, header_plus: bytes) -> None:
        """Read the first line and the headers."""
        line, end, rest = header_plus.partition(b"\r\n")
        line = _NOT_ASCII.sub(lambda byte: b"%%%02X" % ord(byte[0]), line)
        try:
            super().parse_header(line + end + rest)
        except ValueError as error:
            raise ParsingError("The address or a number in the headers is malformed.") from error
        if _TRANSFER_ENCODING.search(header_plus):
            self._refuse(400, "Requests are read here without a Transfer-Encoding.")
        elif self.version not in ("1.0", "1.1"):
            self._refuse(505)
        elif self.content_length >= self._most_bytes():
            self._refuse(413)

    def _most_bytes(self) -> int:
        """How large the body of this request may be; that of articles comes with a key."""
        if self.command != "POST":
            return _MAX_BODY_BYTES
        if self.path.endswith(_TAKES_DRAFTS):
            return _MAX_DRAFT_BYTES
        if _TAKES_CLIPPINGS.fullmatch(self.path):
            return MAX_CLIPPINGS_BYTES + _MAX_BODY_BYTES
        takes_articles = self.path.endswith(f"{API}/articles") and "AUTHORIZATION" in self.headers
        return MAX_BYTES if takes_articles else _MAX_BODY_BYTES

    def _refuse(self, code: int, reason: str = "") -> None:
        self.error = Refusal(code, reason)
        self.body_rcv = None
        self.content_length = 0


class _Served(Task):  # type: ignore[misc]
    def start(self) -> None:
        super().start()
        if len(self.channel.requests) > 1:
            # No browser or proxy sends the next request before the answer. Who does would have
            # many answers kept for him here, and is sent off with the first.
            self.end_connection()

    def finish(self) -> None:
        super().finish()
        self.channel.waiting_since = time.time()

    def end_connection(self) -> None:
        self.request.headers["CONNECTION"] = "close"


class AnswerTask(_Served, WSGITask):  # type: ignore[misc]
    """Answers a request."""

    def execute(self) -> None:
        """Answer; where that fails midway, let the client see that it has not got all."""
        try:
            super().execute()
        except Exception:
            if self.wrote_header and not self.chunked_response and self.content_length is None:
                # Nothing but the end of the connection ends such an answer (HTTP/1.0, which is how
                # proxies ask): a reset tells that this was not it.
                linger = struct.pack("ii", 1, 0)
                self.channel.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            raise


class RefusalTask(_Served, WSGITask):  # type: ignore[misc]
    """Has the application answer a request that is refused, and ends the connection."""

    def __init__(self, channel: Channel, request: Parser) -> None:
        super().__init__(channel, request)
        # Where answering a request failed, waitress makes up another one to be refused.
        request.path, request.command = channel.requests[0].path, channel.requests[0].command

    def execute(self) -> None:
        """Have the application answer; where it fails, send a plain answer instead."""
        self.end_connection()
        try:
            super().execute()
        except (OSError, ClientDisconnected):
            raise
        except Exception:
            if self.wrote_header:
                raise
            self.logger.exception("A refusal could not be shown")
            self._answer_plainly()

    def get_environment(self) -> dict[str, Any]:
        """Make the WSGI environment, with the status and reason of the refusal in it."""
        environ: dict[str, Any] = super().get_environment()
        error = self.request.error
        reason = error.reason if isinstance(error, Refusal) else _REASONS.get(error.code, "")
        environ[REFUSAL] = (error.code, reason)
        return environ

    def _answer_plainly(self) -> None:
        self.complete = True
        self.status = "500 Internal Server Error"
        text = "Something went wrong here."
        kind = "text/plain"
        if is_for_programs(self.request.path):
            text = json.dumps({"error": {"code": "internal", "message": text}})
            kind = "application/json"
        self.response_headers = [
            *HEADERS.items(),
            ("Cache-Control", "no-store"),
            ("Content-Type", f"{kind}; charset=utf-8"),
        ]
        body = text.encode()
        self.content_length = len(body)
        self.write(body)


class Channel(HTTPChannel):  # type: ignore[misc]
    """One connection."""

    parser_class = Parser
    task_class = AnswerTask
    error_task_class = RefusalTask

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.waiting_since = self.creation_time
        self.served_before = float("inf")

    def readable(self) -> bool:
        """Whether to read; never once closed, when another connection may have the descriptor."""
        return self.socket is not None and bool(super().readable())

    def writable(self) -> bool:
        """Whether to write; never once closed, as for reading."""
        return self.socket is not None and bool(super().writable())

    def service(self) -> None:
        """Answer the first request; refuse it if it has waited for too long."""
        request = self.requests[0]
        if request.error is None and time.monotonic() > self.served_before:
            request.error = _BUSY
        super().service()

    def idle_since(self) -> float | None:
        """Say since when we have waited for the client; None while the client waits for us."""
        held_up = self.total_outbufs_len > self.adj.outbuf_high_watermark
        if self.requests and not held_up:
            return None
        since: float = self.waiting_since
        return max(since, self.last_activity) if self.total_outbufs_len else since


class Lanes:
    """Hands requests to threads: some answer what needs no archive, others searches or files."""

    def __init__(self, threads: int, prefix: str) -> None:
        self._prefix = prefix
        self._quick = _lane(2)
        self._readiness = _lane(1)
        self._files = _lane(2)
        self._archive = _lane(threads)

    def add_task(self, channel: Channel) -> None:
        """Queue a connection's first request for an answer; refuse it where too many wait."""
        request = channel.requests[0]
        lane = self._quick if request.error else self._lane_of(request.path)
        channel.served_before = time.monotonic() + QUEUE_S
        if lane is not self._quick and len(lane.queue) >= QUEUE_PER_THREAD * len(lane.threads):
            request.error = _BUSY
            lane = self._quick
        lane.add_task(channel)

    def shutdown(self) -> None:
        """End the threads; what still waits is not answered."""
        lanes = (self._archive, self._files, self._readiness, self._quick)
        for lane in lanes:
            lane.set_thread_count(0)
        for lane in lanes:
            lane.shutdown(timeout=5 if lane is self._archive else 0.5)

    def _lane_of(self, path: str) -> ThreadedTaskDispatcher:
        path = without_prefix(path, self._prefix)
        if path == _READINESS:
            return self._readiness
        if path in _WITHOUT_ARCHIVE or path.startswith(_STATIC):
            return self._quick
        return self._files if _FILE.fullmatch(path) else self._archive


def _lane(threads: int) -> ThreadedTaskDispatcher:
    dispatcher = ThreadedTaskDispatcher()
    dispatcher.set_thread_count(threads)
    return dispatcher


class Server(TcpWSGIServer):  # type: ignore[misc]
    """A site behind a listening socket; ``run()`` serves, ``close()`` closes the socket.

    Args:
        threads: How many requests that need the archive are served at once.
        max_query_chars: How long queries may be; addresses may be longer accordingly.
        takes_articles: Whether programs with a key may send articles.
    """

    channel_class = Channel

    def __init__(
        self,
        app: Flask,
        listening: socket.socket,
        *,
        threads: int,
        max_query_chars: int,
        takes_articles: bool,
    ) -> None:
        # It warns of every request that waits for a thread, which is what a queue is for.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._most = CONNECTIONS if files < 0 else min(CONNECTIONS, files // 2)
        settings = Adjustments(
            ident="",
            connection_limit=2 * self._most,  # ours comes first
            cleanup_interval=1,
            asyncore_use_poll=True,  # select() fails for descriptors from 1024 on
            log_socket_errors=False,  # clients that vanish are no errors
            max_request_header_size=_MAX_HEAD_BYTES + _BYTES_PER_CHAR * max_query_chars,
            max_request_body_size=max(
                MAX_CLIPPINGS_BYTES + _MAX_BODY_BYTES, MAX_BYTES if takes_articles else 0
            ),
            clear_untrusted_proxy_headers=False,  # the application knows which it believes
        )
        family, kind, protocol = listening.family, listening.type, listening.proto
        super().__init__(
            app,
            _sock=listening,
            dispatcher=Lanes(threads, app.config["APPLICATION_ROOT"].rstrip("/")),
            adj=settings,
            sockinfo=(family, kind, protocol, listening.getsockname()),
            bind_socket=False,
        )

    def readable(self) -> bool:
        """Make room for a connection by closing the one that has been idle longest.

        waitress asks this before each round of its loop, when connections can be closed.
        """
        if len(self.active_channels) >= self._most:
            idle = [c for c in self.active_channels.values() if c.idle_since() is not None]
            if idle:
                min(idle, key=lambda channel: channel.idle_since() or 0).handle_close()
        return bool(super().readable())

    def maintenance(self, now: float) -> None:
        """Close the connections that have been idle for too long, even if bytes trickle in."""
        for channel in list(self.active_channels.values()):
            since = channel.idle_since()
            if since is not None and now - since > PATIENCE_S:
                channel.handle_close()


def make_server(app: Flask, host: str, port: int, *, threads: int = THREADS) -> Server:
    """Make a server that listens already; ``run()`` serves, ``close()`` closes its socket.

    Args:
        port: 0 takes a free one; see the server's ``effective_port``.

    Raises:
        SettingsError: The address cannot be listened on.
    """
    with app.app_context():
        settings = current_site().settings
    return Server(
        app,
        _listen(host, port),
        threads=threads,
        max_query_chars=settings.max_query_chars,
        takes_articles=bool(settings.api_keys),
    )


def _listen(host: str, port: int) -> socket.socket:
    """Open a listening socket; waitress would start its threads before it knows whether it can."""
    try:
        found = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, address = found[0][0], found[0][4]
        return socket.create_server((str(address[0]), port), family=family)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SettingsError(
            f"Cannot listen on {host}:{port} ({reason}): choose another --port or --host, or stop"
            " the program that uses it."
        ) from error


def address_of(host: str, port: int) -> str:
    """Write the address to open in a browser on this machine."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104
    return f"http://[{shown}]:{port}/" if ":" in shown else f"http://{shown}:{port}/"


def serve(app: Flask, host: str, port: int, *, threads: int = THREADS) -> None:
    """Serve until Ctrl+C or SIGTERM; print the address once requests are answered.

    Raises:
        SettingsError: The address cannot be listened on.
    """
    server = make_server(app, host, port, threads=threads)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise SystemExit(0)

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, stop)
    click.echo(f"Songngu is at {address_of(host, server.effective_port)} (Ctrl+C stops it)")
    try:
        server.run()
    finally:
        server.close()
