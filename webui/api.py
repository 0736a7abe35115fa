"""The JSON API: searching and reading for programs, and whether the site is well."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, abort, current_app, jsonify, request

from search.errors import QueryError
from search.facets import STEPS
from search.facets import histogram as count_over_time
from search.records import Article, Link, Query, RelatedStory
from webui.openapi import API, operation
from webui.parameters import MAX_K, number, one_of
from webui.schemas import (
    DEFAULT_RELATED,
    MAX_RELATED,
    ArticleParameters,
    CopiesAnswer,
    Copy,
    FacetsAnswer,
    HistogramAnswer,
    HistogramParameters,
    OnSubjectParameters,
    QueryParameters,
    RelatedAnswer,
    RelatedParameters,
    SearchAnswer,
    SearchParameters,
    StatsAnswer,
    WholeStory,
)
from webui.site import PROBE, asked_address, current_site

blueprint = Blueprint("api", __name__)

_OF_A_QUERY = (400, 413, 429, 503)
_ABOUT_ONE = (400, 404, 429, 503)


@blueprint.get(f"{API}/search")
@operation(SearchAnswer, SearchParameters, errors=_OF_A_QUERY)
def search() -> Response:
    """Search the stories of the archive.

    Answers as ``songngu search --json`` does. What matches depends on the query and its filters
    alone, never on ``k``, ``offset`` or ``sort``: pages go through the matches of each language,
    then through what is possibly related, to the very end.
    """
    answer = current_site().archive.search(_asked()).to_json()
    response = jsonify(answer)
    # The same stories are the same answer, however long it took.
    same = current_app.json.dumps(answer | {"took_ms": 0})
    response.set_etag(hashlib.sha256(same.encode()).hexdigest()[:32], weak=True)
    return response


@blueprint.get(f"{API}/facets")
@operation(FacetsAnswer, QueryParameters, errors=_OF_A_QUERY)
def facets() -> Response:
    """Count the matches of a search by language, source, section, author, year and month.

    All matches count, however many there are; what is only possibly related does not.
    """
    archive = current_site().archive
    return jsonify(archive.facets(archive.result_set(_asked())).to_json())


@blueprint.get(f"{API}/histogram")
@operation(HistogramAnswer, HistogramParameters, errors=_OF_A_QUERY)
def histogram() -> Response:
    """Count the matches of a search by year, month or day of publication."""
    asked, typed = _asked(), request.args.get("step", "").strip()
    step = one_of("step", STEPS)(typed) if typed else None
    found = current_site().archive.result_set(asked)
    ends = asked.filters.date_from, asked.filters.date_to
    return jsonify(count_over_time(found, first=ends[0], last=ends[1], step=step).to_json())


@blueprint.get(f"{API}/articles/<path:article_id>")
@operation(WholeStory, errors=_ABOUT_ONE)
def article(article_id: str) -> Response:
    """Read one article.

    In the shape of ``songngu export``: the whole article, with its counterpart and the number of
    its copies.
    """
    return _article(article_id)


@blueprint.get(f"{API}/articles/<path:article_id>/related")
@operation(RelatedAnswer, OnSubjectParameters, errors=_ABOUT_ONE)
def related(article_id: str) -> Response:
    """List what else has been written on an article's subject, in both languages."""
    return _related(article_id)


@blueprint.get(f"{API}/articles")
@operation(WholeStory, ArticleParameters, errors=_ABOUT_ONE)
def article_by_parameter() -> Response:
    """Read one article whose id would not survive in a path.

    For ids with ``..``, ``//`` or a slash at an end, which programs on the way may tidy up.
    """
    return _article(request.args.get("id", ""))


@blueprint.get(f"{API}/related")
@operation(RelatedAnswer, RelatedParameters, errors=_ABOUT_ONE)
def related_by_parameter() -> Response:
    """List what is related to an article whose id would not survive in a path."""
    return _related(request.args.get("id", ""))


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
            "copies": [_outline(article) for article in found],
        }
    )


@blueprint.get(f"{API}/stats")
@operation(StatsAnswer, errors=(400, 429, 503))
def stats() -> Response:
    """Say what the archive holds: by language, source and month."""
    inside = asdict(current_site().stats())
    return jsonify({name: inside[name] for name in StatsAnswer.model_fields})


def _asked() -> Query:
    """Read what the address asks for.

    Raises:
        QueryError: It cannot be read; the message names the parameter.
    """
    address, errors = asked_address("offset", MAX_K)
    if errors:
        raise errors[0]
    if not address.asks:
        raise QueryError("The parameter “q” is missing: it holds what to search for.")
    return address.query()


def _article(article_id: str) -> Response:
    archive = current_site().archive
    found = archive.articles([article_id]).get(article_id)
    if found is None:
        abort(404)
    link = archive.links([article_id]).get(article_id)
    known = {"counterpart": _known(link), "copies": link.copies if link else 0}
    return jsonify(found.to_json() | known)


def _related(article_id: str) -> Response:
    typed = request.args.get("k", "").strip()
    k = number("k", 1, MAX_RELATED)(typed) if typed else DEFAULT_RELATED
    archive = current_site().archive
    if article_id not in archive.articles([article_id]):
        abort(404)
    found = archive.related(article_id, k=k, earlier=2 * k)
    return jsonify(
        {
            "id": article_id,
            "related": {
                lang: [_on_subject(story) for story in stories]
                for lang, stories in found.nearest.items()
            },
            "earlier": [_on_subject(story) for story in found.earlier],
        }
    )


def _on_subject(story: RelatedStory) -> dict[str, Any]:
    return _outline(story.article) | {"nearness": round(story.nearness, 4)}


def _outline(article: Article) -> dict[str, Any]:
    told = {name: getattr(article, name) for name in Copy.model_fields}
    return told | {"title": article.headline}


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
