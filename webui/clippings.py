"""Clippings: stories that a reader keeps in the browser, with a tag and a note each.

The server has no part in keeping them. It shows the page on which a script lists them, says which
of them the archive no longer has, and sends them as a file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, zip_longest

from flask import Blueprint, Response, abort, jsonify, render_template, request
from flask_babel import gettext as _

from search.archive import Archive
from search.exports import EXPORTS, Story
from webui.exports import SUFFIXES, sent
from webui.parameters import MAX_CLIPPINGS_BYTES, Address
from webui.site import current_site

_AT_ONCE = 200

blueprint = Blueprint("clippings", __name__)


@blueprint.get("/clippings")
def page() -> str:
    """Show the page on which a script lists the clippings of this browser."""
    return render_template(
        "clippings.html", address=Address(), formats=EXPORTS.values(), limit=MAX_CLIPPINGS_BYTES
    )


@blueprint.post("/clippings/gone")
def gone() -> Response:
    """Say which of the stories that the fields ``id`` name are not in the archive.

    Answers ``{"gone": ["id", …]}``.
    """
    ids = _asked()
    known = current_site().archive.store.kept(ids)
    return jsonify({"gone": [id_ for id_ in ids if id_ not in known]})


@blueprint.post(f"/clippings.<{SUFFIXES}:suffix>")
def take(suffix: str) -> Response:
    """Send the stories that the fields ``id`` name, in their order, as far as the archive has them.

    As many fields ``tag`` and ``note``, where they are sent, go with them. 404 where the archive
    has none of the stories.
    """
    ids = _asked()
    told = {
        id_: {"clipping_tag": tag or "", "clipping_note": note or ""}
        for id_, tag, note in zip_longest(
            request.form.getlist("id"),
            request.form.getlist("tag"),
            request.form.getlist("note"),
        )
        if id_
    }
    archive = current_site().archive
    if not archive.store.kept(ids):
        abort(404)
    return sent(_stories(archive, ids, told), suffix, _("Clippings"))


def _asked() -> list[str]:
    """The ids that a form names, each once."""
    if (request.content_length or 0) > MAX_CLIPPINGS_BYTES:
        abort(413)
    ids = list(dict.fromkeys(id_ for id_ in request.form.getlist("id") if id_))
    if not ids:
        abort(400, "The field “id” is missing: it holds the id of a story.")
    return ids


def _stories(
    archive: Archive, ids: Sequence[str], told: Mapping[str, Mapping[str, str]]
) -> Iterator[Story]:
    left = iter(ids)
    while batch := list(islice(left, _AT_ONCE)):
        found = archive.articles(batch)
        for id_ in batch:
            if id_ in found:
                yield {**found[id_].to_json(), **told[id_]}
