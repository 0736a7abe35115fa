"""The pages for readers: search, one article, one story told twice, and what browsers ask for."""

from __future__ import annotations

from dataclasses import replace

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    g,
    redirect,
    render_template,
    request,
)
from werkzeug.wrappers import Response as BaseResponse

from search.text.languages import LANGUAGES
from webui.differences import side_by_side
from webui.errors import PastTheEndError
from webui.guide import current_examples
from webui.narrowing import charted, facet_groups
from webui.parameters import WrongDaysError
from webui.presentation import (
    MORE,
    article_url,
    columns,
    copies_url,
    counterpart_view,
    first_language,
    safe_link,
)
from webui.site import asked_address, current_site
from webui.stories import (
    address_of_story,
    back_href,
    place_of,
    read_with,
    related_views,
    story_text,
)

blueprint = Blueprint("pages", __name__)


@blueprint.get("/")
def search() -> str:
    """Show the search page: an invitation before a query, results after it."""
    site = current_site()
    address, errors = asked_address()
    g.address = address
    wrong_days = [error for error in errors if isinstance(error, WrongDaysError)]
    if others := [error for error in errors if error not in wrong_days]:
        raise others[0]
    stats = site.stats()
    if not address.asks:
        return render_template(
            "start.html",
            address=address,
            stats=stats,
            nothing_typed="q" in request.args,
            examples=current_examples() if any(stats.articles.values()) else {},
        )
    results = site.archive.search(replace(address.query(), more=MORE))
    most = max((results.total.get(lang, 0) for lang in address.languages), default=0)
    last_page = max(1, -(-most // address.k))
    if address.page > last_page:
        raise PastTheEndError
    total = sum(results.total.get(lang, 0) for lang in address.languages)
    return render_template(
        "results.html",
        address=address,
        wrong_days={error.parameter: error for error in wrong_days},
        stats=stats,
        results=results,
        first_lang=first_language(results),
        columns=columns(results, address),
        total=total,
        facets=facet_groups(site, address, results.found) if results.found and total else (),
        chart=charted(address, results.found) if results.found and total else None,
        related=sum(results.related.get(lang, 0) for lang in address.languages),
        last_page=last_page,
    )


@blueprint.get("/search")
def search_elsewhere() -> BaseResponse:
    """Redirect from the address that people guess."""
    return redirect(request.root_path + "/?" + request.query_string.decode("ascii", "replace"), 301)


@blueprint.get("/article/<path:article_id>")
def article(article_id: str) -> str:
    """Show one article to read, as a hit of the query that its address names."""
    archive = current_site().archive
    address = g.address = address_of_story()
    link = archive.links([article_id]).get(article_id)
    counterpart = link.counterpart if link else None
    found = archive.articles([article_id, *([counterpart] if counterpart else [])])
    if article_id not in found:
        abort(404)
    shown = found[article_id]
    other = found.get(counterpart) if counterpart else None
    opened = read_with(shown, address)
    related = archive.related(article_id)
    return render_template(
        "article.html",
        address=address,
        article=shown,
        title=shown.headline,
        text=story_text(shown, opened),
        place=place_of(shown, opened, address),
        publisher_href=safe_link(shown.url),
        permanent_href=article_url(article_id, _external=True, ui=None),
        counterpart=counterpart_view(shown, other, address) if other else None,
        copies=link.copies if link else 0,
        copies_href=copies_url(article_id, address),
        related={lang: related_views(some, address) for lang, some in related.nearest.items()},
        earlier=related_views(related.earlier, address),
    )


@blueprint.get("/article")
def article_by_parameter() -> str:
    """Show one article whose id would not survive in a path."""
    return article(request.args.get("id", ""))


@blueprint.get("/beside")
def beside() -> str:
    """Show an article and its counterpart in two columns; 404 where either does not exist."""
    archive = current_site().archive
    address = g.address = address_of_story()
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
        address=address,
        compared=side_by_side(sorted(found.values(), key=lambda a: order.index(a.lang))),
        back_href=back_href(address),
    )


@blueprint.get("/copies")
def copies() -> str | BaseResponse:
    """List every copy of a story, the first published first; a story without any is shown itself.

    404 where there is no such story.
    """
    address = g.address = address_of_story()
    id_ = request.args.get("id", "")
    found = current_site().archive.copies(id_)
    if not found:
        abort(404)
    if len(found) == 1:
        return redirect(article_url(id_, address))
    return render_template(
        "copies.html", address=address, articles=found, back_href=back_href(address)
    )


@blueprint.get("/favicon.ico")
def favicon() -> Response:
    """Send the icon to browsers that ask before they read the page."""
    return current_app.send_static_file("favicon.svg")


@blueprint.get("/robots.txt")
def robots() -> Response:
    """Send the rules for crawlers: the start page alone; results and articles stay unindexed."""
    return current_app.send_static_file("robots.txt")
