"""RSS, Atom and JSON Feed → entries."""

from __future__ import annotations

import calendar
import io
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import feedparser
from feedparser.mixin import _FeedParserMixin as FeedParser

from indexer.pages.dates import unambiguous
from indexer.pages.prose import is_syndicated, tidy, without_html
from indexer.sources.entries import XML_HEAD, Listing, ListingEntry, absolute, with_ampersands

MOST_ENTRIES = 5000
"""Feeds hold some dozens; what comes after these is not read."""

_LONGEST_AUTHOR = 500
_LONGEST_PROLOG = 20_000
_ELEMENT = re.compile(r"<\w")
_CHARACTER = re.compile(r"&#(?:x([0-9a-fA-F]{1,20})|([0-9]{1,20}));?")
_WHOLE = 500
"""Characters of text from which on content counts as a whole story, not a teaser."""


def read_feed(text: str, *, url: str) -> Listing:
    """Read the entries of an RSS or Atom feed; of a broken one, those that are legible.

    Args:
        url: Where it was found; relative links are relative to it.
    """
    # The text is decoded already, so what its first line says of an encoding is wrong by now.
    text = _CHARACTER.sub(_possible, XML_HEAD.sub("", text, count=1))
    data = with_ampersands(_with_short_prolog(text)).encode("utf-8", "replace")
    headers = {"content-type": "application/xml; charset=utf-8", "content-location": url}
    try:
        # What stands in its HTML is taken out here (``without_html``), in time that is bounded.
        parsed: Any = feedparser.parse(
            io.BytesIO(data),
            response_headers=headers,
            resolve_relative_uris=False,
            sanitize_html=False,
        )
    except Exception as error:  # no promise is made of what broken feeds raise
        return Listing("feed", damage=f"cannot be read ({_one_line(repr(error))})")
    lang = str(parsed.feed.get("language") or "")
    entries = [_entry(item, url=url, lang=lang) for item in parsed.entries[:MOST_ENTRIES]]
    damage = None
    if parsed.bozo and not isinstance(
        parsed.get("bozo_exception"), feedparser.CharacterEncodingOverride
    ):
        damage = f"is no well-formed XML ({_one_line(parsed.get('bozo_exception'))})"
    if len(parsed.entries) > MOST_ENTRIES:
        damage = f"has {len(parsed.entries):,} entries; the first {MOST_ENTRIES:,} are read"
    return Listing("feed", tuple(entries), damage=damage)


def read_json_feed(feed: Mapping[str, object], *, url: str) -> Listing:
    """Read the entries of a JSON Feed (https://jsonfeed.org/version/1.1)."""
    items = feed.get("items")
    if not isinstance(items, list):
        return Listing("feed", damage="has no list of items")
    lang = _string(feed.get("language"))
    entries = [
        _entry(_as_parsed(item), url=url, lang=_string(item.get("language")) or lang)
        for item in items[:MOST_ENTRIES]
        if isinstance(item, dict)
    ]
    odd = sum(not isinstance(item, dict) for item in items)
    return Listing("feed", tuple(entries), damage=f"has {odd} items of no kind" if odd else None)


def whole_story(content: str) -> str:
    """Take the text that a feed itself carries, where it is more than a teaser; else ""."""
    text = _prose(content)
    ends = text.rstrip(" ]").endswith(("...", "…"))
    return "" if ends or len(text) < _WHOLE else text


def _prose(content: str) -> str:
    """Tidy the content of an entry, without last lines about where it was published first."""
    lines = tidy(content).split("\n")
    while lines and (not lines[-1].strip() or is_syndicated(lines[-1])):
        lines.pop()
    return "\n".join(lines)


def _with_short_prolog(text: str) -> str:
    """Shorten what stands before a feed's root: feedparser reads it in quadratic time."""
    found = _ELEMENT.search(text)
    root = found.start() if found else len(text)
    prolog = " ".join(text[:root].split()).replace("<!", "\n<!") if root < _LONGEST_PROLOG else ""
    return prolog + text[root:]


class _Authors:
    """Reads no more of an author than is one: feedparser's pattern for mail is quadratic."""

    read = FeedParser._sync_author_detail

    @staticmethod
    def read_bounded(parser: Any, key: str = "author") -> None:
        """Bound an author's length before feedparser reads it."""
        context = parser._get_context()
        if isinstance(author := context.get(key), str):
            context[key] = author[:_LONGEST_AUTHOR]
        _Authors.read(parser, key)


FeedParser._sync_author_detail = _Authors.read_bounded


def _entry(item: Any, *, url: str, lang: str) -> ListingEntry:
    """Make an entry of what feedparser read of it."""
    contents = [str(part.get("value") or "") for part in item.get("content", [])]
    summary = str(item.get("summary") or "")
    content = max([*contents, summary], key=len)
    tags = [tag.get("term") or tag.get("label") for tag in item.get("tags", [])]
    authors = [author.get("name") for author in item.get("authors", [])]
    # feedparser answers "updated" with "published", where there is none, unless it is asked first.
    told = "updated" in item
    changed = str(item["updated"] or "") if told else ""
    published = _date(item.get("published"), item.get("published_parsed"))
    updated = _date(changed, item.get("updated_parsed")) if told else ""
    fields: dict[str, object] = {
        "title": _line(item.get("title")),
        "lead": _prose(summary) if summary != content or len(summary) < _WHOLE else "",
        "date": published or updated,
        "authors": [name for name in map(_line, authors) if name],
        "tags": [tag for tag in map(_line, tags) if tag],
        "lang": lang if _is_foreign(lang) else "",
    }
    link = item.get("feedburner_origlink") or item.get("link")
    return ListingEntry(absolute(link, url), fields, content, changed, url)


def _as_parsed(item: Mapping[str, object]) -> dict[str, object]:
    """Rename what an item of a JSON Feed holds to what feedparser calls it."""
    authors, tags = item.get("authors") or [item.get("author")], item.get("tags")
    content = _string(item.get("content_html")) or _string(item.get("content_text"))
    return {
        "title": item.get("title"),
        "link": _string(item.get("url")) or _string(item.get("id")),
        "summary": _string(item.get("summary")),
        "content": [{"value": content}],
        "published": item.get("date_published"),
        "updated": _string(item.get("date_modified")),
        "authors": [one for one in authors if isinstance(one, dict)]
        if isinstance(authors, list)
        else [],
        "tags": [{"term": tag} for tag in tags] if isinstance(tags, list) else [],
    }


def _date(written: object, parsed: Any) -> str:
    """Read a date as ISO 8601, in the publisher's time zone; without one the day alone.

    What can be read in two ways stays as it is written.
    """
    if isinstance(written, str) and written.strip():
        try:
            return unambiguous(written)
        except ValueError:
            pass
    if parsed is not None:
        try:
            return datetime.fromtimestamp(calendar.timegm(parsed), UTC).date().isoformat()
        except (ValueError, TypeError, OverflowError, OSError):
            pass
    return ""


def _is_foreign(lang: str) -> bool:
    """Tell whether a feed names a language, and not the one its software came with.

    Vietnamese feeds often call themselves English; that is left to the text.
    """
    code = re.split("[-_]", lang.strip().casefold())[0]
    return bool(re.fullmatch("[a-z]{2,3}", code)) and code not in ("vi", "en")


def _possible(reference: re.Match[str]) -> str:
    """Drop a reference to a character that does not exist: feedparser fails at it."""
    number = int(reference[1], 16) if reference[1] else int(reference[2])
    return reference[0] if number <= sys.maxunicode else ""


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _line(value: object) -> str:
    return " ".join(without_html(_string(value)).split())


def _one_line(error: object) -> str:
    return " ".join(str(error).split())[:150]
