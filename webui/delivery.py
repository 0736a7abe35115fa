"""How answers travel: compressed where the client can, and not again where it has them."""

from __future__ import annotations

from flask import Flask, Response, request
from flask_compress import Compress

_ALGORITHMS = ["br", "gzip"]
_TYPES = [
    *("text/html", "text/css", "text/plain", "text/csv", "text/markdown", "text/javascript"),
    *("application/json", "application/x-ndjson", "application/feed+json"),
    *("application/atom+xml", "application/rss+xml", "application/javascript", "image/svg+xml"),
]


def init_app(app: Flask) -> None:
    """Compress answers, and answer 304 to whoever has the newest.

    Nothing that is compressed holds a secret, so its length tells none (BREACH): the site has no
    sessions, and never repeats an API key.
    """
    app.config.update(
        COMPRESS_ALGORITHM=_ALGORITHMS,
        COMPRESS_ALGORITHM_STREAMING=_ALGORITHMS,
        COMPRESS_MIMETYPES=_TYPES,
        COMPRESS_MIN_SIZE=500,
        # A few milliseconds buy half of what brotli can save; more costs more than it saves.
        COMPRESS_BR_LEVEL=5,
    )
    # What is registered first runs last: the tag is of the answer before it is compressed.
    Compress(app)
    app.after_request(_spare)


def _spare(response: Response) -> Response:
    """Tag an answer that can be kept; leave out its body where the client has it."""
    kept = response.status_code == 200 and not response.cache_control.no_store
    if request.method not in ("GET", "HEAD") or not kept:
        return response
    if not response.is_streamed:
        response.add_etag(weak=True)  # the same answer, however it is compressed
    elif (close := getattr(response.response, "close", None)) is not None:
        response.call_on_close(close)  # compressing puts another iterator in its place
    if "ETag" in response.headers:
        response.make_conditional(request)
    return response
