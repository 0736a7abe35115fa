"""Which other web sites' scripts may read the API (cross-origin resource sharing, CORS)."""

from __future__ import annotations

import re

from flask import Flask, Response, request

from search.errors import SettingsError
from search.settings import Settings

ANY = "*"
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-f:.]+\](:[0-9]{1,5})?")
_ALLOWED = {
    # Reading alone: a key that may write has no place in a web page.
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    "Access-Control-Allow-Headers": "If-None-Match, X-Request-Id",
    "Access-Control-Max-Age": "7200",
}
_EXPOSED = "ETag, Retry-After, X-Request-Id"


def init_app(app: Flask, settings: Settings) -> None:
    """Let the scripts of the sites that the settings name read the API.

    Raises:
        SettingsError: What is named is no origin.
    """
    allowed = frozenset(one.strip().lower() for one in settings.allow_origins.split(",")) - {""}
    for origin in allowed - {ANY}:
        if not _ORIGIN.fullmatch(origin):
            raise SettingsError(
                f"{origin!r} in allow_origins is no origin: write scheme, host and port alone, such"
                " as https://paper.example."
            )
    if not allowed:
        return

    def share(response: Response) -> Response:
        if not request.path.startswith("/api/"):
            return response
        if ANY not in allowed:
            response.vary.add("Origin")
        origin = request.headers.get("Origin", "")
        if ANY in allowed:
            response.headers["Access-Control-Allow-Origin"] = ANY
        elif origin.lower() in allowed:
            response.headers["Access-Control-Allow-Origin"] = origin
        else:
            return response
        response.headers["Access-Control-Expose-Headers"] = _EXPOSED
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            response.headers.update(_ALLOWED)
        return response

    app.after_request(share)
