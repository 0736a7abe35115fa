"""Serving the site: where it listens, and when it stops."""

from __future__ import annotations

import signal
import socket
import threading
from types import FrameType

import click
from flask import Flask

from search.errors import SettingsError
from webui.server import Server
from webui.site import current_site

THREADS = 8
"""Requests answered at once: searching releases the interpreter, so more threads than cores pay."""


def make_server(app: Flask, host: str, port: int, *, threads: int = THREADS) -> Server:
    """A server that listens already; ``run()`` serves, ``close()`` lets go.

    Args:
        port: 0 takes a free one; see the server's ``effective_port``.

    Raises:
        SettingsError: The address cannot be listened on.
    """
    with app.app_context():
        longest = current_site().settings.max_query_chars
    return Server(app, _listen(host, port), threads=threads, max_query_chars=longest)


def _listen(host: str, port: int) -> socket.socket:
    """A socket of our own: waitress starts its threads before it knows whether it can listen."""
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
    """The address to open in a browser on this machine."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104
    return f"http://[{shown}]:{port}/" if ":" in shown else f"http://{shown}:{port}/"


def serve(app: Flask, host: str, port: int, *, threads: int = THREADS) -> None:
    """Serve until Ctrl+C or SIGTERM; prints the address once requests are answered.

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
