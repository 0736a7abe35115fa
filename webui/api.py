"""The JSON API: searching for programs, and whether the site is well."""

from __future__ import annotations

from flask import Blueprint, Response, abort, jsonify, request
from flask_babel import lazy_gettext as _l

from search.errors import QueryError
from webui.parameters import MAX_K, PARAMETERS, BadParameterError, read_address
from webui.site import PROBE, current_site

blueprint = Blueprint("api", __name__)

_SHOWN_OF_COPIES = ("id", "lang", "title", "date", "source", "url")


@blueprint.get("/api/v1/search")
def search() -> Response:
    """Answer a search in the shape of ``Results.to_json``.

    Errors are ``{"error": {"code", "message"}}``.

    Parameters: q, k, offset, lang, mode, from, to, source, author, section (these three
    repeatable), sort, verbatim, phrase, copies, explain. One that is unknown, or has a value that
    cannot be used, is answered with 400 and named.
    """
    site = current_site()
    if unknown := sorted(request.args.keys() - PARAMETERS):
        raise BadParameterError(
            unknown[0],
            _l(
                "There is no parameter “%(name)s”. There are: %(names)s.",
                name=unknown[0],
                names=", ".join(sorted(PARAMETERS)),
            ),
        )
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
    return jsonify(site.archive.search(address.query()).to_json())


@blueprint.get("/api/v1/copies")
def copies() -> Response:
    """List every copy of the story that the parameter ``id`` names, the first published first.

    Answers ``{"id", "counterpart", "copies": [{"id", "lang", "title", "date", "source", "url"}]}``;
    the article itself is among them. 404 where there is no such article.
    """
    id_ = request.args.get("id", "")
    archive = current_site().archive
    found = archive.copies(id_)
    if not found:
        abort(404)
    link = archive.links([id_]).get(id_)
    other = link.counterpart if link else None
    return jsonify(
        {
            "id": id_,
            "counterpart": other if other and archive.articles([other]) else None,
            "copies": [
                {name: getattr(article, name) for name in _SHOWN_OF_COPIES}
                | {"title": article.headline}
                for article in found
            ],
        }
    )


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
