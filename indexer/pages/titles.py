"""The headline of a page: what its head calls it, without the names of site and section."""

from __future__ import annotations

import re
from collections.abc import Sequence

from indexer.pages.blocks import Block, Role
from indexer.pages.story import overlap, tokens_of
from search.text.languages import fold

_DIVIDER = re.compile(r"\s+(?:[|–—·•»:-]|::)\s+|\s*\|\s*")
_MOST_PARTS = 6
_MOST_SHOWN = 30
_LONGEST = 400
"""Characters of a title."""
_LONGEST_HEADLINE = 45
"""Words of a block that may be the headline."""
_CERTAIN = 15
"""Characters of a part of a title that is no section's name by chance."""
_LONGEST_NAME = 4
"""Words of a site's name at the end of the window's title."""
_SITE = re.compile(
    r"(?:báo|tạp chí|www\.)?\s*[\w-]+\.(?:com\.vn|co\.uk|vn|com|net|org|info)"
    r"|(?:báo|tạp chí|đài) .{2,40}",
    re.IGNORECASE,
)


def find_title(given: Sequence[str], blocks: Sequence[Block], site: str) -> str:
    """Choose the headline; empty where there is none.

    Args:
        given: What the page calls itself, the likeliest first, the window's title last; some empty.
        blocks: What it shows: there the headline stands alone.
        site: The name of the site.
    """
    *_, tail = _DIVIDER.split(given[-1][-_LONGEST:]) if given else ("",)
    names = [site, tail if len(tail.split()) <= _LONGEST_NAME else ""]
    shown = [b.text for b in blocks if b.role is Role.TITLE and b.words > 1][:_MOST_SHOWN]
    shown = [text for text in shown if not _names_site(text, names)]
    known = {fold(text) for text in shown}
    known |= {
        fold(b.text) for b in blocks if len(b.text) >= _CERTAIN and b.words <= _LONGEST_HEADLINE
    }
    given = [title for title in dict.fromkeys(given) if 0 < len(title) <= _LONGEST]
    own = (_without_site(title, known, site) for title in given)
    titles = list(dict.fromkeys(title for title in own if fold(title) != fold(site)))
    titles = [t for t in titles if t in shown or not _names_site(t, names)] or titles
    likely = (t for t in titles if any(_alike(t, heading) for heading in shown))
    first = next(likely, next(iter((*titles, *shown)), ""))
    # "Opinion: …" in the head, where the page shows the headline alone.
    title = next((t for t in titles if fold(t) in known and fold(t) in fold(first)), first)
    if title.endswith(("...", "…")):  # cut off: another one may say it whole
        begun = fold(title).rstrip(" .…")
        return next((t for t in titles if t != title and fold(t).startswith(begun)), title)
    return title


def _without_site(title: str, known: set[str], site: str) -> str:
    """Cut a title to the longest part that the page shows alone, else by the site's name."""
    for part in _parts(title):
        if fold(part) in known:
            return part
    while dividers := list(_DIVIDER.finditer(title)):
        tail = title[dividers[-1].end() :]
        if not (_SITE.fullmatch(tail) or _within(fold(tail), fold(site))):
            break
        title = title[: dividers[-1].start()]
    return title


def _parts(title: str) -> list[str]:
    """List the runs of a title between dividers, the longest first."""
    dividers = list(_DIVIDER.finditer(title))[:_MOST_PARTS]
    starts = [0, *(divider.end() for divider in dividers)]
    ends = [*(divider.start() for divider in dividers), len(title)]
    return sorted((title[a:b] for a in starts for b in ends if a < b), key=len, reverse=True)


def _alike(one: str, other: str) -> bool:
    return overlap(tokens_of(one), tokens_of(other)) >= 0.4


def _within(one: str, other: str) -> bool:
    """Tell whether one of two texts holds the other."""
    return bool(one and other) and (one in other or other in one)


def _names_site(text: str, names: Sequence[str]) -> bool:
    """Tell whether a heading is, but for a word or two, one of some names."""
    return any(name and overlap(tokens_of(text), tokens_of(name)) >= 0.6 for name in names)
