"""Behind reverse proxies: the path the site is shown under, and which of their headers count."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from search.errors import SettingsError
from search.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_PREFIX = re.compile(r"(/[\w.~-]+)*", re.ASCII)


def init_app(app: Flask, settings: Settings) -> None:
    """Let links lead to where the proxies show the site.

    Raises:
        SettingsError: The prefix is no path.
    """
    prefix = settings.prefix.strip("/")
    prefix = f"/{prefix}" if prefix else ""
    if not _PREFIX.fullmatch(prefix):
        raise SettingsError(
            f"{settings.prefix!r} is no --prefix: write a path of letters without marks, digits"
            " and -._~, such as /news."
        )
    app.config["APPLICATION_ROOT"] = prefix or "/"
    served = _under(prefix, app.wsgi_app)
    if hops := settings.proxies:
        served = ProxyFix(served, x_for=hops, x_proto=hops, x_host=hops, x_prefix=hops)
    app.wsgi_app = served  # type: ignore[assignment,method-assign]


def without_prefix(path: str, prefix: str) -> str:
    """Take the prefix from a path that has it: some proxies do that themselves, others do not."""
    return path[len(prefix) :] if f"{path}/".startswith(f"{prefix}/") else path


def _under(prefix: str, served: WSGIApplication) -> WSGIApplication:
    """Serve an application under a prefix, unless a trusted proxy or a server names another."""

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        named = environ.get("SCRIPT_NAME", "").rstrip("/")
        if not named or not _PREFIX.fullmatch(named):
            named = prefix
        environ["SCRIPT_NAME"] = named
        environ["PATH_INFO"] = without_prefix(environ["PATH_INFO"], named)
        return served(environ, start_response)

    return serve
