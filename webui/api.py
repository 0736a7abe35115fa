"""The JSON API: searching and reading for programs, and whether the site is well."""

from __future__ import annotations

import hashlib
from dataclasses import asdict

from flask import Blueprint, Response, abort, current_app, jsonify, request

from search.errors import QueryError
from search.records import Link
from webui.openapi import API, operation
from webui.parameters import MAX_K, read_address
from webui.schemas import (
    ArticleParameters,
    CopiesAnswer,
    SearchAnswer,
    SearchParameters,
    StatsAnswer,
    WholeStory,
)
from webui.site import PROBE, current_site

blueprint = Blueprint("api", __name__)

_SHOWN_OF_COPIES = ("id", "lang", "title", "date", "source", "url")
_ABOUT_ONE = (400, 404, 429, 503)


@blueprint.get(f"{API}/search")
@operation(SearchAnswer, SearchParameters, errors=(400, 413, 429, 503))
def search() -> Response:
    """Search.

    Answers as ``songngu search --json`` does. What matches depends on the query and its filters
    alone, never on ``k``, ``offset`` or ``sort``: pages go through the matches of each language,
    then through what is possibly related, to the very end.
    """
    site = current_site()
    address, errors = read_address(
        request.args,
        paging="offset",
        max_query_chars=site.settings.max_query_chars,
        max_k=MAX_K,
    )
    if errors:
        raise errors[0]
    if not address.q:
        raise QueryError("The parameter “q” is missing: it holds what to search for.")
    answer = site.archive.search(address.query()).to_json()
    response = jsonify(answer)
    # The same stories are the same answer, however long it took.
    same = current_app.json.dumps(answer | {"took_ms": 0})
    response.set_etag(hashlib.sha256(same.encode()).hexdigest()[:32], weak=True)
    return response


@blueprint.get(f"{API}/articles/<path:article_id>")
@operation(WholeStory, errors=_ABOUT_ONE)
def article(article_id: str) -> Response:
    """Read one article.

    In the shape of ``songngu export``: the whole article, with its counterpart and the number of
    its copies.
    """
    return _article(article_id)


@blueprint.get(f"{API}/articles")
@operation(WholeStory, ArticleParameters, errors=_ABOUT_ONE)
def article_by_parameter() -> Response:
    """Read one article whose id would not survive in a path.

    For ids with ``..``, ``//`` or a slash at an end, which programs on the way may tidy up.
    """
    return _article(request.args.get("id", ""))


@blueprint.get(f"{API}/copies")
@operation(CopiesAnswer, ArticleParameters, errors=_ABOUT_ONE)
def copies() -> Response:
    """List every copy of a story.

    The article itself is among them; the first published comes first.
    """
    id_ = request.args.get("id", "")
    archive = current_site().archive
    found = archive.copies(id_)
    if not found:
        abort(404)
    return jsonify(
        {
            "id": id_,
            "counterpart": _known(archive.links([id_]).get(id_)),
            "copies": [
                {name: getattr(article, name) for name in _SHOWN_OF_COPIES} for article in found
            ],
        }
    )


@blueprint.get(f"{API}/stats")
@operation(StatsAnswer, errors=(400, 429, 503))
def stats() -> Response:
    """Say what the archive holds: by language, source and month."""
    inside = asdict(current_site().stats())
    return jsonify({name: inside[name] for name in StatsAnswer.model_fields})


def _article(article_id: str) -> Response:
    archive = current_site().archive
    found = archive.articles([article_id]).get(article_id)
    if found is None:
        abort(404)
    link = archive.links([article_id]).get(article_id)
    known = {"counterpart": _known(link), "copies": link.copies if link else 0}
    return jsonify(found.to_json() | known)


def _known(link: Link | None) -> str | None:
    """The id of the same story in the other language, unless that is gone."""
    other = link.counterpart if link else None
    return other if other and current_site().archive.articles([other]) else None


@blueprint.get("/healthz")
def healthz() -> Response:
    """Say that the process answers; the archive is not asked."""
    return _no_store(jsonify({"status": "ok"}))


@blueprint.get("/readyz")
def readyz() -> Response:
    """Say whether a search would be answered, by making one; 503 where it would not."""
    current_site().archive.search(PROBE)
    return _no_store(jsonify({"status": "ready"}))


def _no_store(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
