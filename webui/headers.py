"""Headers: what a browser may do with a response and how long it may keep it; which host is one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask, Response, request

from webui.errors import REFUSAL

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
CONTENT_SECURITY_POLICY = "; ".join(f"{name} {value}" for name, value in _POLICY.items())
"""Nothing inline, nothing from elsewhere, no frames: all a page needs is our own style and icon."""

HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    # What somebody searched for is no publisher's business.
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
_YEAR_S = 365 * 24 * 3600

_LABEL = "[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST = re.compile(
    rf"({_LABEL}(\.{_LABEL})*\.?|\[[0-9a-f:.]{{2,45}}\])(:(?P<port>[0-9]{{0,5}}))?",
    re.ASCII | re.IGNORECASE,
)
_LONGEST_HOST = 255
_HIGHEST_PORT = 65535


def init_app(app: Flask) -> None:
    """Send the headers with every response, and refuse requests whose host cannot be one."""
    app.after_request(_add_headers)
    app.wsgi_app = _with_a_host(app.wsgi_app)  # type: ignore[assignment,method-assign]


def _with_a_host(served: WSGIApplication) -> WSGIApplication:
    """Refuse requests whose ``Host`` is missing or odd before routing, which fails on them."""

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        host = environ.get("HTTP_HOST")
        usable = environ["SERVER_PROTOCOL"] != "HTTP/1.1" if host is None else is_host(host)
        if not usable:
            environ.pop("HTTP_HOST", None)
            environ.setdefault(REFUSAL, (400, "The header “Host” is missing or names no host."))
        return served(environ, start_response)

    return serve


def is_host(value: str) -> bool:
    """Tell whether a ``Host`` header names a host: an ASCII name or an IP, perhaps a port."""
    found = _HOST.fullmatch(value) if len(value) <= _LONGEST_HOST else None
    return found is not None and int(found["port"] or 0) <= _HIGHEST_PORT


def _add_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.method == "OPTIONS" and response.status_code == 200:
        # Only the methods are told, in a header: there is no text, of no type.
        response.status_code = 204
        response.headers.remove("Content-Type")
    if response.status_code >= 400:
        response.headers.setdefault("Cache-Control", "no-store")
    elif request.endpoint == "static" and response.status_code == 200 and "v" in request.args:
        # Links to static files carry a hash of the content, so a changed file has a new address.
        response.headers["Cache-Control"] = f"public, max-age={_YEAR_S}, immutable"
    else:
        # A story taken down must be gone with the next request, also from a browser's cache.
        response.headers.setdefault("Cache-Control", "private, no-cache")
    if response.mimetype == "text/html":
        response.vary.update(("Accept-Language", "Cookie"))
    return response
