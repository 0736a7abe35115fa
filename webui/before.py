"""“Has anyone written this?”: the page that compares a draft with the archive, and its JSON.

A draft is confidential. It comes in the body of a request, never in an address; it is neither
logged nor kept, and no cache may keep the answer. Nothing is written, so that a page elsewhere that
sends somebody here gains nothing: there is no token against that.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from flask import Blueprint, Response, jsonify, make_response, render_template, request
from flask_babel import format_number, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from search.coverage import (
    MOST_STORIES,
    Coverage,
    CoveredStory,
    background_lines,
    coverage,
    headline,
)
from search.drafts import MAX_DRAFT_CHARS
from search.errors import DraftError
from search.ranking.nearness import Nearness
from search.records import Article
from search.text.languages import LANGUAGES
from webui.i18n import written_date
from webui.openapi import API, operation
from webui.parameters import LANGS, Address, number, one_of
from webui.presentation import article_url, copies_url, safe_link
from webui.schemas import DEFAULT_COVERED, CoverageAnswer, GivenDraft
from webui.site import current_site
from webui.writing import body_text, parse_json

blueprint = Blueprint("before", __name__)

_SAID: dict[str, LazyString] = {
    "empty": _l("Paste a draft: a headline, a few sentences or the whole text."),
    "long": _l(
        "The draft has more than %(most)s characters. Paste the part that matters.",
        most=LazyString(format_number, MAX_DRAFT_CHARS),
    ),
    "language": _l("Only drafts in Vietnamese or English are understood."),
}
_STATUS = {"empty": 400, "long": 413, "language": 400}
KIND_NAMES: dict[Nearness, LazyString] = {
    "same": _l("The same story"),
    "event": _l("The same event"),
    "background": _l("Background"),
}


_BOX_SAYS = {
    "vi": _l("The same lines, citing stories in Vietnamese first"),
    "en": _l("The same lines, citing stories in English first"),
}


@dataclass(frozen=True, slots=True)
class Box:
    """The background box in a language.

    Attributes:
        says: What it is, beside the first one.
        lines: Plain text.
    """

    lang: str
    says: LazyString
    lines: list[str]


@blueprint.get("/before")
def ask() -> Response:
    """Show the form for a draft."""
    return _page()


@blueprint.post("/before")
def answer() -> Response:
    """Show what is in the archive on the draft in the field ``draft``."""
    draft = request.form.get("draft", "")
    lang = request.form.get("lang", "both")
    try:
        found = coverage(
            current_site().archive, draft, lang=lang if lang in LANGS else "both", k=DEFAULT_COVERED
        )
    except DraftError as error:
        # What was pasted is given back, but a text that is far too long.
        shown = draft if error.reason != "long" else ""
        return _page(shown, lang, problem=_SAID[error.reason], status=_STATUS[error.reason])
    return _page(draft, lang, found)


@blueprint.post(f"{API}/before")
@operation(CoverageAnswer, body=GivenDraft, errors=(400, 413, 429, 503))
def before() -> Response:
    """Compare a draft with the archive.

    Answers as ``songngu before --json`` does. The draft is neither logged nor kept.
    """
    given = parse_json(body_text(), "The body") if request.is_json else request.form.to_dict()
    given = given if isinstance(given, dict) else {}
    draft = given.get("draft")
    found = coverage(
        current_site().archive,
        draft if isinstance(draft, str) else "",
        lang=one_of("lang", LANGS)(given.get("lang", "both")),
        k=number("k", 1, MOST_STORIES)(str(given.get("k", DEFAULT_COVERED))),
    )
    response = jsonify(found.to_json())
    response.headers["Cache-Control"] = "no-store"
    return response


def _page(
    draft: str = "",
    lang: str = "both",
    found: Coverage | None = None,
    *,
    problem: LazyString | None = None,
    status: int = 200,
) -> Response:
    page = render_template(
        "before.html",
        address=Address(),
        draft=draft,
        lang=lang,
        problem=problem,
        most=MAX_DRAFT_CHARS,
        found=found,
        said=_said(found) if found else [],
        kinds=_kinds(found) if found else [],
        boxes=_boxes(found) if found else [],
        KIND_NAMES=KIND_NAMES,
        headline=headline,
        copies_url=copies_url,
    )
    response = make_response(page, status)
    response.headers["Cache-Control"] = "no-store"
    return response


def _kinds(found: Coverage) -> list[tuple[Nearness, list[tuple[int, CoveredStory]]]]:
    """The stories of each kind with their numbers."""
    numbered = enumerate(found.stories, 1)
    grouped = groupby(numbered, key=lambda pair: pair[1].kind)
    return [(kind, list(stories)) for kind, stories in grouped]


def _said(found: Coverage) -> list[str]:
    """The answer in a sentence or two."""
    same, event = found.of("same"), found.of("event")
    said = []
    if same:
        said.append(
            ngettext(
                "%(num)s story tells this in nearly the same words.",
                "%(num)s stories tell this in nearly the same words.",
                len(same),
            )
        )
    if event:
        said.append(
            ngettext(
                "%(num)s story tells an event of this draft.",
                "%(num)s stories tell an event of this draft.",
                len(event),
            )
        )
    if not said:
        said.append(_("Nobody has written this here."))
        if background := found.of("background"):
            said.append(
                ngettext(
                    "%(num)s story may serve as background.",
                    "%(num)s stories may serve as background.",
                    len(background),
                )
            )
        return said
    return [*said, *_earliest([*same, *event])]


def _earliest(stories: list[CoveredStory]) -> list[str]:
    """Which of them came first, as far as their dates are known."""
    dated = [story for story in stories if story.date]
    if not dated:
        return [_("When they were published is not known.")]
    first = min(dated, key=lambda story: story.date or "")
    telling = next(t for t in first.tellings if t.article.date == first.date)
    date = written_date(first.date or "")
    if telling.article.source:
        source = telling.article.source
        return [_("The earliest is of %(date)s in %(source)s.", date=date, source=source)]
    return [_("The earliest is of %(date)s.", date=date)]


def _boxes(found: Coverage) -> list[Box]:
    """The background box, in the draft's language first."""
    order = sorted(LANGUAGES, key=lambda code: code != found.draft.lang)
    return [
        Box(code, _BOX_SAYS[code], background_lines(found, code, address=_address))
        for code in order
    ]


def _address(article: Article) -> str:
    """The publisher's page of a story, else its reading page here, as a whole address."""
    # Without a language of the interface: its readers may have another.
    return safe_link(article.url) or article_url(article.id, ui=None, _external=True)
