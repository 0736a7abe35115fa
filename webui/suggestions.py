"""What a query that is being typed may become, for the search box and for programs."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from webui.i18n import DEFAULT_INTERFACE, INTERFACE_LANGUAGES
from webui.openapi import API, operation
from webui.parameters import LANGS, clean_query, read_choice
from webui.schemas import SuggestAnswer, SuggestParameters
from webui.site import current_site

MOST = 8
"""Suggestions in one answer: more are not read."""

blueprint = Blueprint("suggestions", __name__)


@blueprint.get(f"{API}/suggest")
@operation(SuggestAnswer, SuggestParameters)
def suggest() -> Response:
    """Complete what is being typed.

    Names, authors, sections, sources and titles of the archive are offered, with diacritics or
    without, also from keys that are not yet turned into Vietnamese letters.
    """
    lang = read_choice(request.args, "lang", LANGS, "both")
    interface = read_choice(request.args, "ui", tuple(INTERFACE_LANGUAGES), DEFAULT_INTERFACE)
    typed = request.args.get("q", "")
    q = clean_query(typed) + (" " if typed[-1:].isspace() else "")  # "hoa " is a whole word
    found = current_site().archive.complete(q, lang=lang, k=MOST)
    suggestions = [one.to_json(interface) for one in found]
    return jsonify({"query": q.strip(), "suggestions": suggestions})
