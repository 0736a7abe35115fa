"""What feeds and sitemaps list: entries that lead to pages, and what they say of them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from indexer.fetching import normalised
from search.addresses import speaks_for
from search.errors import FetchError

XML_HEAD = re.compile(r"^\s*<\?xml[^>]*\?>")
"""The declaration at the beginning: of text that is decoded already, it only misleads a parser."""

_AMPERSAND = re.compile(r"&(?!#\d{1,7};|#[xX][0-9a-fA-F]{1,6};|[A-Za-z][A-Za-z0-9]{1,31};)")
_LONGEST_LEAD = 600


@dataclass(frozen=True, slots=True)
class ListingEntry:
    """One story that a feed or sitemap lists.

    Attributes:
        url: The address of its page as it is written there, made absolute; None where it has none.
        fields: What the entry says of the article, under our names; as in a JSON line.
        content: The whole story, as HTML or plain text, where the feed carries it.
        changed: When it says it was changed: "updated", "lastmod", else "".
        listed_at: Where the feed or sitemap was found in the end.
    """

    url: str | None
    fields: Mapping[str, object] = field(default_factory=dict)
    content: str = ""
    changed: str = ""
    listed_at: str = ""

    @property
    def stamp(self) -> str:
        """Return what changes when the entry does: its own word, else a hash of what it holds."""
        if self.changed:
            return self.changed
        held = json.dumps([dict(self.fields), self.content], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(held.encode("utf-8", "surrogatepass")).hexdigest()[:24]


@dataclass(frozen=True, slots=True)
class Listing:
    """What a feed or sitemap holds.

    Attributes:
        kind: "feed" or "sitemap".
        entries: Best first: in a feed's own order, a sitemap's newest first.
        children: Sitemaps that an index names: (address, lastmod or ""), newest first.
        damage: Why it may be incomplete: what came before is still here.
    """

    kind: str
    entries: tuple[ListingEntry, ...] = ()
    children: tuple[tuple[str, str], ...] = ()
    damage: str | None = None


def with_ampersands(text: str) -> str:
    """Escape the bare ampersands of XML, as addresses have them ("?id=1&page=2").

    A parser would drop them, or what follows. In CDATA they are right as they are.
    """
    plain, *sections = text.split("<![CDATA[")
    parts = [_AMPERSAND.sub("&amp;", plain)]
    for section in sections:
        inside, end, outside = section.partition("]]>")
        parts += ["<![CDATA[", inside, end, _AMPERSAND.sub("&amp;", outside)]
    return "".join(parts)


def completed(page: Mapping[str, object], entry: ListingEntry | None) -> dict[str, object]:
    """Complete the fields of a page by those of the entry that led to it.

    Only if the entry may speak for it (``speaks_for``).
    """
    fields = {name: value for name, value in page.items() if value not in (None, "", [], ())}
    url = str(fields.get("url") or "")
    if entry is None or (url and not speaks_for(entry.listed_at, url)):
        return fields
    given = {name: value for name, value in entry.fields.items() if value not in (None, "", [])}
    date, listed = str(fields.get("date", "")), str(given.get("date", ""))
    if len(date) == 10 and listed.startswith(date):
        fields["date"] = listed  # the same day, with the time
    if not _is_lead(str(given.get("lead", ""))):
        given.pop("lead", None)
    return {**given, **fields}


def _is_lead(text: str) -> bool:
    """Tell whether a summary says something by itself, rather than breaking off."""
    return 40 <= len(text) <= _LONGEST_LEAD and not text.rstrip(" ]").endswith(("...", "…"))


def absolute(link: object, base: str) -> str | None:
    """Make a link a whole address; None where it is none."""
    try:
        return normalised(str(link), base=base) if link else None
    except FetchError:
        return None
