"""What an address leads to, told by its content: a feed, a sitemap or a page."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from urllib.parse import urljoin

from indexer.fetching.bodies import too_large
from indexer.sources.entries import Listing
from indexer.sources.feeds import read_feed, read_json_feed
from indexer.sources.sitemaps import read_sitemap, read_text_sitemap
from search.errors import FetchError

_FEEDS = {"rss", "rdf", "feed"}
_SITEMAPS = {"urlset", "sitemapindex"}
_TAG = re.compile(r"<(?:[\w.-]+:)?([\w.-]+)")
_ADDRESS = re.compile(r"https?://.")
_LINK = re.compile(r"<link\s[^<>]{0,2000}>", re.IGNORECASE)
_META = re.compile(r"<meta\s[^<>]{0,2000}>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"(?<![\w:-])([\w:-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))")
_FEED_TYPES = {
    "application/rss+xml",
    "application/atom+xml",
    "application/feed+json",
    "application/rdf+xml",
}
_HEAD = 500_000  # characters in which a page's <head> is looked for


def listing(
    text: str, *, url: str, media_type: str = "", max_bytes: int = 10 << 20
) -> Listing | None:
    """The feed or sitemap that a text is; None where it is neither, and so perhaps a page.

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
    """Addresses of the feeds that a page names in its head."""
    found = []
    for tag in _LINK.findall(page[:_HEAD]):
        given = _attributes(tag)
        is_feed = given.get("type", "").strip().lower() in _FEED_TYPES
        if is_feed and "alternate" in given.get("rel", "").lower().split() and given.get("href"):
            found.append(urljoin(url, given["href"].strip()))
    return list(dict.fromkeys(found))


def refuses_indexing(page: str, header: str) -> bool:
    """Whether a page asks search engines to leave it out.

    Args:
        header: X-Robots-Tag. Rules for one engine by name are for that one only.
    """
    rules = [header]
    for tag in _META.findall(page[:_HEAD]):
        given = _attributes(tag)
        if given.get("name", "").strip().lower() == "robots":
            rules.append(given.get("content", ""))
    words = {word.strip().lower() for rule in rules for word in rule.split(",")}
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
    """Whether JSON is a JSON Feed: by its version, also where that is only a number."""
    version = str(value.get("version")).strip()
    return "jsonfeed.org/version/" in version or (
        version in ("1", "1.0", "1.1") and isinstance(value.get("items"), list)
    )


def _root(text: str) -> str:
    """Name of the first element, after declarations and comments; "" where there is none."""
    at = 0
    for _ in range(100):
        while at < len(text) and text[at].isspace():
            at += 1
        if text.startswith("<?", at):
            end = _after(text, "?>", at)
        elif text.startswith("<!--", at):
            end = _after(text, "-->", at)
        elif text.startswith("<!", at):
            end, inner = _after(text, ">", at), text.find("[", at)
            if at < inner < end:  # declarations within the document type
                end = _after(text, ">", _after(text, "]", inner))
        else:
            tag = _TAG.match(text, at)
            return tag[1].lower() if tag else ""
        at = end
    return ""


def _after(text: str, mark: str, at: int) -> int:
    found = text.find(mark, at)
    return len(text) if found < 0 else found + len(mark)


def _looks_like_html(text: str) -> bool:
    return bool(re.search(r"<(?:html|body|article|p)[\s>]", text[:20_000], re.IGNORECASE))


def _attributes(tag: str) -> dict[str, str]:
    return {
        name.lower(): html.unescape(double or single or bare)
        for name, double, single, bare in _ATTRIBUTE.findall(tag)
    }
