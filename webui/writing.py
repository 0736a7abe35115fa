"""Adding and removing articles by the API, for programs that have a key."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, cast

from flask import Blueprint, Flask, Response, abort, current_app, g, jsonify, request
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from search.records import Outcome
from search.settings import Settings
from search.stores.ledger import Ledger
from webui.keys import ApiKeys
from webui.openapi import API, operation
from webui.parameters import BadParameterError
from webui.schemas import (
    MAX_ARTICLES,
    GivenArticle,
    RemovalAnswer,
    RemovalByIdParameters,
    RemovalParameters,
    WritingAnswer,
)
from webui.site import current_site

Writer = Callable[[Sequence[object]], Sequence[Outcome]]
"""Indexes articles: what became of each, in their order.

The indexer has one (``indexer.intake``). The site may not import the indexer; ``songngu serve``
gets it from the command group, which knows both.
"""

MAX_BYTES = 10 * 1024 * 1024
"""Most bytes of one request; a server may buffer them before the key is looked at."""

LINES = ("application/x-ndjson", "application/jsonl", "application/jsonlines")
_MAX_REASON = 500
_RESULTS = ("added", "updated", "unchanged", "skipped", "failed")
_EXTENSION = "songngu-writing"

blueprint = Blueprint("writing", __name__)


def init_app(app: Flask, settings: Settings, writer: Writer | None) -> None:
    """Let those who have one of the settings' keys write.

    Raises:
        SettingsError: The file of keys cannot be read.
    """
    keys = ApiKeys(settings.api_keys) if settings.api_keys else None
    app.extensions[_EXTENSION] = keys, writer
    app.config["MAX_CONTENT_LENGTH"] = MAX_BYTES
    app.register_blueprint(blueprint)


@blueprint.post(f"{API}/articles")
@operation(
    {200: WritingAnswer, 207: WritingAnswer},
    body=GivenArticle,
    lines=LINES[0],
    errors=(400, 401, 403, 413, 415, 429, 503),
    keyed=True,
)
def write() -> Response:
    """Add or update articles.

    One article, a list of them, or one a line. They are checked, embedded and written as
    ``songngu index`` does, and can be found when the answer comes; counterparts and copies are
    looked for within seconds. An article with an id or address that the archive knows updates that
    one; what was taken down is skipped. 200 says that all are in the archive, 207 that some were
    skipped or failed: each has its outcome. The same request again does no harm.
    """
    writer = _entry()
    articles = _articles()
    if len(articles) > MAX_ARTICLES:
        abort(413, f"These are {len(articles)} articles, and one request may have {MAX_ARTICLES}.")
    outcomes = writer(articles)
    counts = Counter[str](outcome.result for outcome in outcomes)
    answer = {result: counts[result] for result in _RESULTS}
    response = jsonify(answer | {"articles": [_told(outcome) for outcome in outcomes]})
    response.status_code = 207 if counts["skipped"] or counts["failed"] else 200
    return _no_store(response)


@blueprint.delete(f"{API}/articles/<path:article_id>")
@operation(RemovalAnswer, RemovalParameters, errors=(400, 401, 403, 404, 429, 503), keyed=True)
def remove(article_id: str) -> Response:
    """Take an article down.

    As ``songngu delete`` does: at once, and for good. It is kept out, also under another id with
    the same address, until ``songngu delete --allow-again`` lifts that.
    """
    return _remove(article_id)


@blueprint.delete(f"{API}/articles")
@operation(RemovalAnswer, RemovalByIdParameters, errors=(400, 401, 403, 404, 429, 503), keyed=True)
def remove_by_parameter() -> Response:
    """Take down an article whose id would not survive in a path."""
    return _remove(request.args.get("id", ""))


def _remove(article_id: str) -> Response:
    _entry()
    reason = " ".join(request.args.get("reason", "").split())
    if len(reason) > _MAX_REASON:
        raise BadParameterError(
            "reason",
            _l(
                "The parameter “%(name)s” is longer than %(limit)s characters.",
                name="reason",
                limit=_MAX_REASON,
            ),
        )
    store = current_site().archive.store
    if article_id not in store.kept([article_id]):
        abort(404)
    removed, _ = Ledger(store).take_down([article_id], reason)
    return _no_store(jsonify({"id": article_id, "removed": removed}))


def _entry() -> Writer:
    """The way in; ends the request of who may not write. ``g.key`` names who writes."""
    keys, writer = current_app.extensions[_EXTENSION]
    if keys is None or writer is None:
        abort(403, "This site takes no articles: it needs api_keys, and songngu serve.")
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    owner = keys.owner(key.strip()) if scheme.lower() == "bearer" else None
    if owner is None:
        raise Unauthorized(
            "Send an API key that this site knows: Authorization: Bearer KEY.",
            www_authenticate=WWWAuthenticate("bearer", {"realm": "songngu"}),
        )
    g.key = owner
    return cast("Writer", writer)


def _articles() -> list[object]:
    """Read what was sent.

    Raises:
        HTTPException: It is of another type, too much, or no JSON.
    """
    if request.mimetype != "application/json" and request.mimetype not in LINES:
        abort(415, f"Send application/json, or {LINES[0]} with one article a line.")
    text = body_text()
    if request.mimetype in LINES:
        lines = enumerate(text.split("\n"), 1)
        return [parse_json(line, f"Line {number}") for number, line in lines if line.strip()]
    value = parse_json(text, "The body")
    return value if isinstance(value, list) else [value]


def body_text() -> str:
    """Read the body of the request; 400 where it is no UTF-8."""
    try:
        return request.get_data(cache=False).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        abort(400, f"The body is not UTF-8 at byte {error.start + 1}.")


def parse_json(text: str, what: str) -> Any:
    """Parse JSON; 400 where it is none, with what is called so and where it is wrong."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        abort(400, f"{what} is not JSON: {error.msg}, line {error.lineno} column {error.colno}.")
    except (ValueError, RecursionError):
        abort(400, f"{what} is JSON that nobody writes: nested too deeply, or with huge numbers.")


def _told(outcome: Outcome) -> dict[str, Any]:
    return {
        "number": outcome.number,
        "id": outcome.id,
        "outcome": outcome.result,
        "reason": outcome.reason,
        "warnings": list(outcome.warnings),
    }


def _no_store(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
