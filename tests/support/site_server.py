"""The web site behind its production server, in this process, and raw requests to it."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from webui.server import make_server

LONG_S = 20
"""Far above what any answer takes that does not wait for something."""


@contextmanager
def served(app, *, threads=2):
    """An application behind the production server, which runs in a thread."""
    server = make_server(app, "127.0.0.1", 0, threads=threads)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server
    finally:
        server.trigger.pull_trigger(lambda: server.asyncore.close_all(server._map))
        thread.join()
        server.task_dispatcher.shutdown()


@dataclass(frozen=True)
class Answer:
    """What came back: its parts, and the bytes as they are."""

    raw: bytes

    @property
    def status(self):
        return int(self.raw.split(b" ", 2)[1])

    @property
    def headers(self):
        """Names in small letters → values; no name may come twice."""
        pairs = [line.split(": ", 1) for line in self.head.split("\r\n")[1:]]
        assert len({name.lower() for name, _ in pairs}) == len(pairs), pairs
        return {name.lower(): value for name, value in pairs}

    @property
    def head(self):
        return self.raw.split(b"\r\n\r\n", 1)[0].decode("latin-1")

    @property
    def body(self):
        return self.raw.split(b"\r\n\r\n", 1)[1]


def connect(server, *, timeout=LONG_S):
    return socket.create_connection(("127.0.0.1", server.effective_port), timeout=timeout)


def exchange(server, request, *, timeout=LONG_S):
    """What the server answers to raw bytes until it ends the connection."""
    with connect(server, timeout=timeout) as connection:
        connection.sendall(request)
        return Answer(read_to_end(connection))


def get(server, target="/", *headers, timeout=LONG_S):
    """The answer to a request in good order."""
    lines = [f"GET {target} HTTP/1.1", "Host: localhost", "Connection: close", *headers]
    return exchange(server, "\r\n".join([*lines, "", ""]).encode(), timeout=timeout)


def read_to_end(connection):
    answer = b""
    with suppress(ConnectionResetError):  # where not all that was sent has been read
        while chunk := connection.recv(65536):
            answer += chunk
    return answer
