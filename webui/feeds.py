"""Feeds: the newest matches of any search, for feed readers.

``/search.atom``, ``/search.rss`` and ``/search.feed.json`` take the parameters of the search page;
those of its order and paging do not matter. An answer depends on the archive and the address alone,
so its ``ETag`` is that of its content.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from xml.etree.ElementTree import Element, SubElement, tostring

from flask import Blueprint, Flask, Response, current_app, g, request, url_for
from flask_babel import gettext as _
from markupsafe import Markup

from search.errors import QueryError
from search.records import Hit
from search.text.languages import LANGUAGES
from webui.errors import Problem, error_json, respond
from webui.feed_formats import Feed, FeedItem, atom, json_feed, legal, moment, rss
from webui.i18n import chosen_interface, interface
from webui.parameters import DEFAULT_K, Address
from webui.presentation import article_url, chips, marked, safe_link, search_url
from webui.site import asked_address, current_site

NEWEST = 50
"""Most stories in a feed."""

FORMATS = {
    "atom": ("Atom", "application/atom+xml"),
    "rss": ("RSS", "application/rss+xml"),
    "json": ("JSON Feed", "application/feed+json"),
}
"""Endpoint of each format → its name, and its media type."""

_NAMES = uuid.UUID("6f2e2c6e-0d0b-5a53-9a6c-5f8d3b8f5f0e")
"""Namespace of the ids of articles and searches (RFC 9562, version 5). It never changes."""
_EXTENSION = "songngu-feeds"
_REMEMBERED = 2_000

blueprint = Blueprint("feeds", __name__)


@blueprint.get("/search.atom", endpoint="atom")
def as_atom() -> Response:
    """Send the newest matches of a search as Atom."""
    return _answer(_feed("atom"), "atom", atom)


@blueprint.get("/search.rss", endpoint="rss")
def as_rss() -> Response:
    """Send the newest matches of a search as RSS 2.0."""
    return _answer(_feed("rss"), "rss", rss)


@blueprint.get("/search.feed.json", endpoint="json")
def as_json() -> Response:
    """Send the newest matches of a search as JSON Feed 1.1."""
    return _answer(_feed("json"), "json", _json_bytes)


@blueprint.errorhandler(Exception)
def failed(error: Exception) -> Response:
    """Answer an error with its status, in XML or JSON: no reader takes a page for a feed."""
    return respond(error, write=error_json if request.endpoint == "feeds.json" else _error_xml)


def links(address: Address) -> list[tuple[str, str, str]]:
    """Link to a search's feeds, in the language of this page: (name, media type, link)."""
    kept = _parameters(address) | {"ui": interface()}
    return [
        (name, kind, url_for(f"feeds.{endpoint}", **kept))
        for endpoint, (name, kind) in FORMATS.items()
    ]


def feed_title(address: Address) -> str:
    """Name a search's feed: what was asked, the filters, the site."""
    asked = [chip.text for chip in chips(address)]
    if address.q:
        asked.insert(0, _("News on “%(query)s”", query=address.q))
    if address.lang != "both":
        asked.append(LANGUAGES[address.lang].endonym)
    return f"{', '.join(asked)} – {current_site().settings.site_name}"


def article_uri(article_id: str) -> str:
    """Name an article by a URI that depends on its id alone: not on the site's address."""
    return uuid.uuid5(_NAMES, f"article {article_id}").urn


class Versions:
    """Remembers since when feeds have been as they are. Thread-safe.

    A story's date is not when it came in, so it cannot say when a feed has last changed: what was
    sent before can.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[str, tuple[str, int]] = OrderedDict()

    def since(self, address: str, etag: str) -> int:
        """Say since which second, of Unix time, a feed has had this content, as far as is known."""
        with self._lock:
            known, at = self._known.pop(address, ("", 0))
            if known != etag:
                at = max(int(time.time()), at + 1)
            self._known[address] = (etag, at)
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
            return at


def init_app(app: Flask) -> None:
    """Give templates the links to feeds, and the application its memory of them."""
    app.extensions[_EXTENSION] = Versions()
    app.jinja_env.globals.update(feed_links=links, feed_title=feed_title)


def _feed(endpoint: str) -> Feed:
    """Make the feed of the search that the address of the request asks for.

    Raises:
        QueryError: It cannot be answered as it is.
        StoreError: The archive cannot answer.
    """
    site = current_site()
    address, errors = asked_address()
    g.address = address
    if errors:
        raise errors[0]
    if not address.asks:
        raise QueryError("The parameter “q” is missing: it holds what to search for.")
    query = replace(address.query(), k=NEWEST, offset=0, sort="newest", more=0)
    results = site.archive.search(query)
    hits = {hit.article.id: hit for found in results.results.values() for hit in found}
    kept = _parameters(address)
    chosen = chosen_interface()
    shown = kept | ({"ui": chosen} if chosen else {})
    search = urlencode(sorted((name, str(value)) for name, value in kept.items()))
    return Feed(
        id=uuid.uuid5(_NAMES, f"search {search}").urn,
        lang=interface(),
        title=feed_title(address),
        description=_("The newest stories that match this search."),
        href=_absolute(url_for(f"feeds.{endpoint}", **shown)),
        page_href=_absolute(search_url(address)),
        publisher=site.settings.site_name,
        items=tuple(_item(hits[id_]) for id_ in results.mixed[:NEWEST]),
    )


def _parameters(address: Address) -> dict[str, Any]:
    """What of an address makes a feed: neither order nor paging."""
    return address.parameters(page=1, k=DEFAULT_K, offset=0, sort="relevance", explain=False)


def _item(hit: Hit) -> FeedItem:
    article = hit.article
    origin = " · ".join(filter(None, (article.source, article.section)))
    # Readers clean what they are sent, and not all of them know <mark>.
    passage = marked(hit.passage.text, hit.passage.marks).replace("<mark>", "<b>")
    passage = passage.replace("</mark>", "</b>")
    content = Markup('<p lang="{}">{}</p>').format(article.lang, passage)
    if origin:
        content += Markup("<p>{}</p>").format(origin)
    categories = (article.section, *article.tags)
    return FeedItem(
        id=article_uri(article.id),
        lang=article.lang,
        title=article.headline,
        href=_absolute(article_url(article.id)),
        publisher_href=safe_link(article.url),
        summary=" ".join(hit.passage.text.split()),
        content=str(content),
        published=moment(article.date),
        source=article.source,
        authors=article.authors,
        categories=tuple(dict.fromkeys(name for name in categories if name)),
    )


def _absolute(path: str) -> str:
    return request.host_url.rstrip("/") + path


def _json_bytes(feed: Feed) -> bytes:
    return json.dumps(json_feed(feed), ensure_ascii=False).encode()


def _answer(feed: Feed, endpoint: str, write: Callable[[Feed], bytes]) -> Response:
    """Send a feed, or only that it is what the reader has already."""
    body = write(feed)
    response = Response(body, mimetype=FORMATS[endpoint][1])
    response.headers["Content-Type"] = f"{FORMATS[endpoint][1]}; charset=utf-8"
    etag = hashlib.sha256(body).hexdigest()[:32]
    versions = current_app.extensions[_EXTENSION]
    response.set_etag(etag)
    response.last_modified = datetime.fromtimestamp(versions.since(feed.href, etag), UTC)
    response.vary.update(("Accept-Language", "Cookie"))
    response.make_conditional(request)
    return response


def _error_xml(problem: Problem) -> Response:
    root = Element("error", {"xml:lang": interface(), "code": problem.code})
    SubElement(root, "title").text = legal(str(problem.title))
    text = " ".join(str(part) for part in (problem.gist, problem.text, problem.command) if part)
    SubElement(root, "message").text = legal(text)
    body: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return Response(body, content_type="application/xml; charset=utf-8")
