"""What an address leads to, told by its content: a feed, a sitemap or a page."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from urllib.parse import urljoin

from lxml import etree

from indexer.fetching.bodies import too_large
from indexer.sources.entries import Listing
from indexer.sources.feeds import read_feed, read_json_feed
from indexer.sources.sitemaps import local_name, read_sitemap, read_text_sitemap
from search.errors import FetchError

_FEEDS = {"rss", "rdf", "feed"}
_SITEMAPS = {"urlset", "sitemapindex"}
_ADDRESS = re.compile(r"https?://.")
_FEED_TYPES = {
    "application/rss+xml",
    "application/atom+xml",
    "application/feed+json",
    "application/rdf+xml",
}
_HEAD = 500_000  # characters in which a page's <head> is looked for
_PIECE = 64 << 10  # bytes parsed at once in search of the first element


def listing(
    text: str, *, url: str, media_type: str = "", max_bytes: int = 10 << 20
) -> Listing | None:
    """Read a text as a feed or sitemap; None where it is neither, and so perhaps a page.

    Args:
        max_bytes: Of anything but a sitemap.

    Raises:
        FetchError: It is data of another kind, or too large.
    """
    start = text.lstrip("\ufeff \t\r\n")
    root = _root(start)
    if root not in _SITEMAPS and len(start) > max_bytes:
        raise too_large(max_bytes)
    if start.startswith(("{", "[")):
        return _json(start, url)
    if root in _FEEDS:
        return read_feed(start, url=url)
    if root in _SITEMAPS:
        return read_sitemap(start, url=url)
    if media_type == "text/plain" and start and all(map(_ADDRESS.match, start.split())):
        return read_text_sitemap(start, url=url)
    if root not in ("", "html") and "xml" in media_type and not _looks_like_html(start):
        raise FetchError(f"is XML with the root <{root}>: neither feed, nor sitemap, nor page")
    return None


def feeds_named(page: str, *, url: str) -> list[str]:
    """Find the addresses of the feeds that a page names in its head."""
    found = []
    for given in _in_head(page, "link"):
        is_feed = given.get("type", "").strip().lower() in _FEED_TYPES
        if is_feed and "alternate" in given.get("rel", "").lower().split() and given.get("href"):
            found.append(urljoin(url, given["href"].strip()))
    return list(dict.fromkeys(found))


def refuses_indexing(page: str, header: str) -> bool:
    """Tell whether a page asks search engines to leave it out.

    Args:
        header: X-Robots-Tag. Rules for one engine by name are for that one only.
    """
    rules = [
        given.get("content", "")
        for given in _in_head(page, "meta")
        if given.get("name", "").strip().lower() == "robots"
    ]
    words = {word.strip().lower() for word in ",".join([header, *rules]).split(",")}
    return not words.isdisjoint({"noindex", "none"})


def _json(text: str, url: str) -> Listing:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FetchError(f"is no valid JSON ({str(error)[:100]})") from error
    if isinstance(value, dict) and _is_feed(value):
        return read_json_feed(value, url=url)
    raise FetchError("is JSON, but no JSON Feed: download it and index the file, if it is news")


def _is_feed(value: Mapping[str, object]) -> bool:
    """Tell whether JSON is a JSON Feed: by its version, also where that is only a number."""
    version = str(value.get("version")).strip()
    return "jsonfeed.org/version/" in version or (
        version in ("1", "1.0", "1.1") and isinstance(value.get("items"), list)
    )


def _root(text: str) -> str:
    """Find the name of the first element, in small letters; "" where there is none."""
    parser = etree.XMLPullParser(
        ("start",), recover=True, encoding="utf-8", resolve_entities=False, no_network=True
    )
    data = text.encode("utf-8", "replace")
    for at in range(0, len(data), _PIECE):
        parser.feed(data[at : at + _PIECE])
        for _, element in parser.read_events():
            return local_name(element)
    return ""


def _looks_like_html(text: str) -> bool:
    return bool(re.search(r"<(?:html|body|article|p)[\s>]", text[:20_000], re.IGNORECASE))


def _in_head(page: str, tag: str) -> list[dict[str, str]]:
    """Read the attributes of all elements of a name in a page's head, wherever it ends."""
    parser = etree.HTMLPullParser(("start",), tag=tag, encoding="utf-8")
    parser.feed(page[:_HEAD].encode("utf-8", "replace"))
    return [dict(element.attrib) for _, element in parser.read_events()]
