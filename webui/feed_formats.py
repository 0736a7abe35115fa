"""A feed → Atom (RFC 4287), RSS 2.0 and JSON Feed 1.1. Pure functions.

Text may hold anything: what XML does not allow is left out, all else is escaped by the writers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

UNKNOWN = datetime.fromtimestamp(0, UTC)
"""What Atom's ``updated``, which it requires, says of a story of unknown date, for ever."""

_ATOM = "http://www.w3.org/2005/Atom"
_DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class FeedItem:
    """One story in a feed.

    Attributes:
        id: A URI, the same in every feed and for ever.
        lang: Of the story; title, summary and content are in it.
        href: The reading page, absolute.
        publisher_href: The publisher's page; None where there is none that may be linked to.
        summary: The passage that answers best, as plain text; ``content``: the same as HTML.
        published: None where it is unknown.
    """

    id: str
    lang: str
    title: str
    href: str
    publisher_href: str | None
    summary: str
    content: str
    published: datetime | None
    source: str | None
    authors: tuple[str, ...]
    categories: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Feed:
    """A search's newest matches.

    Attributes:
        id: A URI, the same for the same search.
        lang: Of the title and the description.
        href: The feed's own address, absolute; ``page_href``: that of the page of results.
        publisher: Who makes the feed.
        items: Newest first, those of unknown date last.
    """

    id: str
    lang: str
    title: str
    description: str
    href: str
    page_href: str
    publisher: str
    items: tuple[FeedItem, ...]

    @property
    def updated(self) -> datetime:
        """When the newest story was published."""
        return max((item.published for item in self.items if item.published), default=UNKNOWN)


def legal(text: str) -> str:
    """Leave out of a text what XML 1.0 has no way to write: most control characters, surrogates."""
    return _NOT_IN_XML.sub("", text)


def moment(date: str | None) -> datetime | None:
    """Read a published date as a moment in UTC; None where it is unknown or unreadable.

    A day without an hour begins at midnight in UTC, which is the same day from London to Auckland;
    an hour without a zone is taken for UTC's.
    """
    try:
        read = datetime.fromisoformat(date or "")
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def atom(feed: Feed) -> bytes:
    """Write a feed as Atom. ``updated`` of a story is when it was published, else ``UNKNOWN``."""
    root = Element("feed", {"xmlns": _ATOM, "xmlns:dc": _DUBLIN_CORE, "xml:lang": feed.lang})
    _add(root, "id", feed.id)
    _add(root, "title", feed.title)
    _add(root, "subtitle", feed.description)
    _add(root, "updated", _rfc3339(feed.updated))
    _add(root, "link", rel="self", type="application/atom+xml", href=feed.href)
    _add(root, "link", rel="alternate", type="text/html", href=feed.page_href)
    _add(_add(root, "author"), "name", feed.publisher)
    _add(root, "generator", "Songngu")
    for item in feed.items:
        entry = _add(root, "entry", **{"xml:lang": item.lang})
        _add(entry, "id", item.id)
        _add(entry, "title", item.title)
        _add(entry, "link", rel="alternate", type="text/html", hreflang=item.lang, href=item.href)
        if item.publisher_href:
            _add(entry, "link", rel="related", hreflang=item.lang, href=item.publisher_href)
        if item.published:
            _add(entry, "published", _rfc3339(item.published))
        _add(entry, "updated", _rfc3339(item.published or UNKNOWN))
        for name in item.authors or (item.source,):
            if name:
                _add(_add(entry, "author"), "name", name)
        for name in item.categories:
            _add(entry, "category", term=name)
        if item.source:
            _add(entry, "dc:publisher", item.source)
        _add(entry, "summary", item.content, type="html")
    return _written(root)


def rss(feed: Feed) -> bytes:
    """Write a feed as RSS 2.0; a story of unknown date has no ``pubDate``."""
    root = Element("rss", {"version": "2.0", "xmlns:atom": _ATOM, "xmlns:dc": _DUBLIN_CORE})
    channel = _add(root, "channel")
    _add(channel, "title", feed.title)
    _add(channel, "link", feed.page_href)
    _add(channel, "description", feed.description)
    _add(channel, "language", feed.lang)
    if feed.updated > UNKNOWN:
        _add(channel, "lastBuildDate", format_datetime(feed.updated, usegmt=True))
    _add(channel, "generator", "Songngu")
    _add(channel, "atom:link", rel="self", type="application/rss+xml", href=feed.href)
    for item in feed.items:
        entry = _add(channel, "item")
        _add(entry, "guid", item.id, isPermaLink="false")
        _add(entry, "title", item.title, **{"xml:lang": item.lang})
        _add(entry, "link", item.href)
        if item.publisher_href:
            _add(entry, "atom:link", rel="related", hreflang=item.lang, href=item.publisher_href)
        if item.published:
            _add(entry, "pubDate", format_datetime(item.published, usegmt=True))
        for name in item.authors:
            _add(entry, "dc:creator", name)
        for name in item.categories:
            _add(entry, "category", name)
        if item.source:
            _add(entry, "dc:publisher", item.source)
        _add(entry, "dc:language", item.lang)
        _add(entry, "description", item.content, **{"xml:lang": item.lang})
    return _written(root)


def json_feed(feed: Feed) -> dict[str, Any]:
    """Write a feed as the object of JSON Feed 1.1; a story of unknown date has no date."""
    return {
        "version": "https://jsonfeed.org/version/1.1",
        "title": legal(feed.title),
        "home_page_url": feed.page_href,
        "feed_url": feed.href,
        "description": legal(feed.description),
        "language": feed.lang,
        "authors": [{"name": legal(feed.publisher)}],
        "items": [_json_item(item) for item in feed.items],
    }


def _json_item(item: FeedItem) -> dict[str, Any]:
    values = {
        "id": item.id,
        "url": item.href,
        "external_url": item.publisher_href,
        "title": legal(item.title),
        "summary": legal(item.summary),
        "content_html": legal(item.content),
        "date_published": _rfc3339(item.published) if item.published else None,
        "authors": [{"name": legal(name)} for name in item.authors or (item.source,) if name],
        "tags": [legal(name) for name in item.categories],
        "language": item.lang,
    }
    return {name: value for name, value in values.items() if value}


def _rfc3339(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def _add(parent: Element, tag: str, text: str = "", /, **attributes: str) -> Element:
    added = SubElement(parent, tag, _legal_values(attributes))
    added.text = legal(text)
    return added


def _legal_values(attributes: Mapping[str, str]) -> dict[str, str]:
    return {name: legal(value) for name, value in attributes.items()}


def _written(root: Element) -> bytes:
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written
