"""Files to take away: a whole search, for readers and for programs, and a story's citation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain

from flask import Blueprint, Flask, Response, abort, g, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from search.errors import QueryError
from search.exports import (
    EXPORTS,
    Story,
    cited,
    content_disposition,
    encoded,
    file_name,
    web_address,
)
from search.records import Article
from webui.i18n import interface
from webui.openapi import API, operation
from webui.parameters import (
    DEFAULT_K,
    MAX_K,
    Address,
    read_choice,
    read_flag,
)
from webui.schemas import ExportParameters
from webui.site import asked_address, current_site

blueprint = Blueprint("exports", __name__)

SUFFIXES = f"any({', '.join(EXPORTS)})"
"""The converter of a route whose last part is the name of a format."""

_BIBLIOGRAPHIES = ("ris", "bib")
_MEDIA_TYPES = [form.media_type.partition(";")[0] for form in EXPORTS.values()]
_GOOD_FOR: dict[str, LazyString] = {
    "csv": _l("for spreadsheets"),
    "jsonl": _l("for programs"),
    "ris": _l("for Zotero, EndNote"),
    "bib": _l("for JabRef, LaTeX"),
    "md": _l("to read"),
}


@dataclass(frozen=True, slots=True)
class Download:
    """A link to a file: the format's name, and what it is good for."""

    name: str
    good_for: LazyString
    href: str


@dataclass(frozen=True, slots=True)
class Citation:
    """A story's citation in one form.

    Attributes:
        name: Of the form.
        lang: Of the text.
        file: The name of the same as a file, and its address; None where there is none.
    """

    name: LazyString | str
    lang: str
    text: str
    file: tuple[str, str] | None = None


@blueprint.get(f"/search.<{SUFFIXES}:suffix>")
def search(suffix: str) -> Response:
    """Send the whole result set of a search, in the order of its pages.

    Takes the parameters of the search page, of which those that turn pages do not matter, and
    ``related=1``, which adds what is possibly related.
    """
    address, errors = asked_address(max_k=MAX_K)
    g.address = address
    if errors:
        raise errors[0]
    return _found(address, suffix)


@blueprint.get(f"{API}/export")
@operation({}, ExportParameters, files=_MEDIA_TYPES, errors=(400, 413, 429, 503))
def export() -> Response:
    """Send all matches of a search as a file.

    However many there are, in the order of ``sort``. A file that could not be finished ends with a
    line that says so, and its connection breaks off.
    """
    address, errors = asked_address(max_k=MAX_K)
    if errors:
        raise errors[0]
    return _found(address, read_choice(request.args, "format", tuple(EXPORTS), "jsonl"))


@blueprint.get(f"/citation.<any({', '.join(_BIBLIOGRAPHIES)}):suffix>")
def citation(suffix: str) -> Response:
    """Send the citation of the story that the parameter ``id`` names; 404 where there is none."""
    id_ = request.args.get("id", "")
    found = current_site().archive.articles([id_])
    if id_ not in found:
        abort(404)
    return sent(iter([_citable(found[id_])]), suffix, found[id_].headline)


def sent(stories: Iterator[Story], suffix: str, about: str) -> Response:
    """Stream stories as a file whose name comes from what it is about.

    What fails before the first story is answered as any error. Later, the file ends with a line
    that says so, and the connection breaks off, so that no part passes for the whole.
    """
    form = EXPORTS[suffix]
    begun = [story for story in (next(stories, None),) if story is not None]
    pieces = form.write(chain(begun, stories), about, datetime.now(UTC).date())
    broken = form.broken(_("This file is not whole: the archive stopped answering. Try again."))

    def to_the_end() -> Iterator[str]:
        try:
            yield from pieces
        except Exception:
            yield broken
            raise

    response = Response(encoded(to_the_end()), content_type=form.media_type)
    name = file_name(about, suffix)
    response.headers["Content-Disposition"] = content_disposition(name)
    return response


def downloads(address: Address) -> list[Download]:
    """List the files that a search can be taken away as."""
    parameters = address.parameters(page=1, k=DEFAULT_K, offset=0)
    return [
        Download(
            form.name,
            _GOOD_FOR[suffix],
            url_for("exports.search", suffix=suffix, **parameters),
        )
        for suffix, form in EXPORTS.items()
    ]


def citations(article: Article) -> list[Citation]:
    """Cite an article in every form, in that of the interface's language first."""
    story = _citable(article)
    plain = [
        Citation(_l("Vietnamese style"), article.lang, cited(story, "vi")),
        Citation(_l("English style"), article.lang, cited(story, "en")),
    ]
    if interface() == "en":
        plain.reverse()
    today = datetime.now(UTC).date()
    made = []
    for suffix in _BIBLIOGRAPHIES:
        form = EXPORTS[suffix]
        text = "".join(form.write([story], "", today)).replace("\r\n", "\n").strip()
        href = url_for("exports.citation", suffix=suffix, id=article.id)
        made.append(Citation(form.name, article.lang, text, (f".{suffix}", href)))
    return [*plain, *made]


def init_app(app: Flask) -> None:
    """Give templates what they list."""
    app.jinja_env.globals.update(citations=citations, downloads=downloads)


def _found(address: Address, suffix: str) -> Response:
    if not address.asks:
        raise QueryError("The parameter “q” is missing: it holds what to search for.")
    related = read_flag(request.args, "related")
    archive = current_site().archive
    found = archive.result_set(address.query())
    listed = archive.listed(found, sort=address.sort, related=related)
    return sent((story.to_json() for story in listed), suffix, address.q)


def _citable(article: Article) -> Story:
    """An article with an address to cite: its own, or that of its page here."""
    story = article.to_json()
    if not web_address(story):
        story["url"] = url_for("pages.article_by_parameter", id=article.id, _external=True)
    return story
