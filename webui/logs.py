"""Logs: each request has an id, and may get a line; what was searched for stays out of it.

The lines go to the logger ``webui.requests`` (INFO). ``songngu serve`` writes them as JSON where
the setting ``log_format`` says so; other servers send them where their logging is set up to.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import time
import uuid
from datetime import UTC, datetime
from typing import Any

from flask import Flask, Response, g, has_request_context, request

from search.errors import SettingsError
from search.settings import Settings

HEADER = "X-Request-Id"
FORMATS = ("text", "json")

_REQUESTS = logging.getLogger("webui.requests")
_SANE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
_FIELDS = "fields"


def init_app(app: Flask, settings: Settings) -> None:
    """Give every request an id, and write a line for each.

    An id that a proxy sends in ``X-Request-Id`` is kept if it is 8 to 64 letters, digits and
    ``._-``; the answer repeats it.

    Raises:
        SettingsError: There is no such format.
    """
    if settings.log_format not in FORMATS:
        raise SettingsError(
            f"{settings.log_format!r} is no log_format: choose {' or '.join(FORMATS)}."
        )

    def begin() -> None:
        given = request.headers.get(HEADER, "")
        g.request_id = given if _SANE.fullmatch(given) else uuid.uuid4().hex
        g.began = time.perf_counter()

    def end(response: Response) -> Response:
        response.headers[HEADER] = request_id()
        if _REQUESTS.isEnabledFor(logging.INFO):
            _REQUESTS.info(
                "%s %s %s",
                request.method,
                request.path,
                response.status_code,
                extra={_FIELDS: _fields(response, queries=bool(settings.log_queries))},
            )
        return response

    app.before_request(begin)
    app.after_request(end)


def request_id() -> str:
    """The id of the current request."""
    return str(g.get("request_id", ""))


def write_json() -> None:
    """Write all that this process logs to standard error, one JSON object a line."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLineFormatter())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    _REQUESTS.setLevel(logging.INFO)


class JsonLineFormatter(logging.Formatter):
    """Writes a record of a log as a JSON object on one line."""

    def format(self, record: logging.LogRecord) -> str:
        """Write time, level, the request's id, and what the record says."""
        moment = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, Any] = {
            "time": moment.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        if has_request_context() and request_id():
            line["request_id"] = request_id()
        fields = getattr(record, _FIELDS, None)
        line |= {"message": record.getMessage()} if fields is None else fields
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def _fields(response: Response, *, queries: bool) -> dict[str, Any]:
    """What is told of a request: nothing of who asked, and what for only where that is wanted.

    ``ms`` is the time until the answer began.
    """
    asked = {"query": request.args["q"]} if queries and "q" in request.args else {}
    return {
        "method": request.method,
        "path": request.path,
        "endpoint": request.endpoint,
        "status": response.status_code,
        "bytes": response.content_length,
        "ms": round(1000 * (time.perf_counter() - g.get("began", time.perf_counter())), 1),
        **({"key": g.key} if "key" in g else {}),  # who wrote
        **asked,
    }
