"""Sitemaps (https://www.sitemaps.org/protocol.html), with Google's news extension → entries."""

from __future__ import annotations

import re
from itertools import islice

from lxml import etree

from indexer.sources.entries import XML_HEAD, Listing, ListingEntry, absolute, with_ampersands

MOST_ENTRIES = 50_000
"""The protocol's own limit for one file."""

_NEWS_FIELDS = {
    "title": "title",
    "publication_date": "date",
    "name": "source",
    "language": "lang",
    "keywords": "tags",
}


def read_sitemap(text: str, *, url: str) -> Listing:
    """Read the pages of a sitemap, or the sitemaps of an index; of a broken one, what is legible.

    Args:
        url: Where it was found; relative addresses are relative to it.
    """
    # No entities are put in, nothing is fetched, and what is broken is passed over.
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, recover=True, huge_tree=False
    )
    data = with_ampersands(XML_HEAD.sub("", text, count=1)).encode("utf-8", "replace")
    root = etree.fromstring(data, parser)
    if root is None:
        return Listing("sitemap", damage="holds nothing that can be read as XML")
    damage = None
    if parser.error_log and (errors := parser.error_log.filter_from_errors()):
        told = " ".join(errors[0].message.split())[:150]
        damage = f"is no well-formed XML ({told}, line {errors[0].line})"
    if len(root) > MOST_ENTRIES:
        damage = f"has {len(root):,} entries; the first {MOST_ENTRIES:,} are read, as its rules say"
    entries: list[ListingEntry] = []
    children: list[tuple[str, str]] = []
    for element in islice(root, MOST_ENTRIES):
        values = _values(element)
        place = absolute(values.get("loc"), url)
        if place is None:
            continue
        if local_name(element) == "sitemap":
            children.append((place, values.get("lastmod", "")))
        elif local_name(element) == "url":
            entries.append(ListingEntry(place, _fields(values), "", values.get("lastmod", ""), url))
    entries.sort(key=lambda entry: entry.changed, reverse=True)
    children.sort(key=lambda child: child[1], reverse=True)
    return Listing("sitemap", tuple(entries), tuple(children), damage)


def read_text_sitemap(text: str, *, url: str) -> Listing:
    """Read the pages of a sitemap in plain text: one address a line."""
    places = [absolute(line, url) for line in text.split()[:MOST_ENTRIES]]
    return Listing(
        "sitemap", tuple(ListingEntry(place, listed_at=url) for place in places if place)
    )


def _values(element: etree._Element) -> dict[str, str]:
    """Read the text of the elements below, by their names; the first of each counts."""
    values: dict[str, str] = {}
    for child in element.iterdescendants():
        name, text = local_name(child), " ".join((child.text or "").split())
        if text and not (name == "loc" and child.getparent() is not element):  # image:loc
            values.setdefault(name, text)
    return values


def _fields(values: dict[str, str]) -> dict[str, object]:
    """Read what the news extension says. A lastmod is no date of publication."""
    if "publication_date" not in values:
        return {}
    return {ours: values[theirs] for theirs, ours in _NEWS_FIELDS.items() if theirs in values}


def local_name(element: etree._Element) -> str:
    """Return an element's name in small letters, without namespace or prefix."""
    tag = element.tag  # no string for comments; "prefix:name" where the prefix is not declared
    return re.split("[}:]", tag)[-1].lower() if isinstance(tag, str) else ""
