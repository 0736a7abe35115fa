"""What a query that is being typed may become, for the search box and for programs."""

from __future__ import annotations

from flask import Blueprint, jsonify, request
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as BaseResponse

from webui.i18n import DEFAULT_INTERFACE, chosen_interface
from webui.parameters import LANGS, BadParameterError, clean_query
from webui.site import current_site

MOST = 8
"""Suggestions in one answer: more are not read."""

blueprint = Blueprint("suggestions", __name__)

_PARAMETERS = ("q", "lang", "ui")


@blueprint.get("/api/v1/suggest")
def suggest() -> BaseResponse:
    """Offer names, authors, sections, sources and titles for what is being typed.

    Answers ``{"query", "suggestions": [{"kind", "text", "query", "complete", "lang", "stories"}]}``
    with an ``ETag``: ``query`` is what to search for, and ``complete`` is false where words are
    still missing beside a filter.

    Parameters: q; lang (both, vi, en); ui (vi, en), in whose words filters are named.
    """
    if unknown := sorted(request.args.keys() - set(_PARAMETERS)):
        raise BadParameterError(
            unknown[0],
            _l(
                "There is no parameter “%(name)s”. There are: %(names)s.",
                name=unknown[0],
                names=", ".join(_PARAMETERS),
            ),
        )
    lang = request.args.get("lang", "") or "both"
    if lang not in LANGS:
        raise BadParameterError(
            "lang",
            _l(
                "The parameter “%(name)s” must be one of: %(choices)s.",
                name="lang",
                choices=", ".join(LANGS),
            ),
        )
    typed = request.args.get("q", "")
    q = clean_query(typed) + (" " if typed[-1:].isspace() else "")  # "hoa " is a whole word
    found = current_site().archive.complete(q, lang=lang, k=MOST)
    interface = chosen_interface() or DEFAULT_INTERFACE
    response = jsonify(
        {"query": q.strip(), "suggestions": [one.to_json(interface) for one in found]}
    )
    response.add_etag()
    return response.make_conditional(request)
