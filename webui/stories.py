"""Pages on one story told more than once: side by side in both languages, and all its copies."""

from __future__ import annotations

from flask import Blueprint, abort, render_template, request

from search.text.languages import LANGUAGES
from webui.addresses import Address
from webui.presentation import paragraphs
from webui.site import current_site

blueprint = Blueprint("stories", __name__)


@blueprint.get("/beside")
def beside() -> str:
    """An article and its counterpart, each in its column; 404 where there are no two of them."""
    archive = current_site().archive
    id_ = request.args.get("id", "")
    link = archive.links([id_]).get(id_)
    if link is None or link.counterpart is None:
        abort(404)
    found = archive.articles([id_, link.counterpart])
    if len(found) < 2:
        abort(404)
    order = list(LANGUAGES)
    return render_template(
        "beside.html",
        address=Address(),
        articles=sorted(found.values(), key=lambda article: order.index(article.lang)),
        paragraphs=paragraphs,
    )


@blueprint.get("/copies")
def copies() -> str:
    """Every copy of a story, the first published first; 404 where there is no such story."""
    id_ = request.args.get("id", "")
    found = current_site().archive.copies(id_)
    if not found:
        abort(404)
    return render_template("copies.html", address=Address(), articles=found)
