"""Lines that name a place and an agency before a story: “HÀ NỘI (Reuters) –”, “(TTXVN) –”."""

from __future__ import annotations

import re

_AGENCIES = (
    r"Reuters?|AP|AFP|UPI|dpa|TTXVN|VNA|VOV|Xinhua|Tân Hoa Xã|THX|Kyodo|Yonhap|Bloomberg|TASS|PTI"
)
_PLACE = r"[^\W\d_a-z][^\n().:;?!]{0,38}(?:\.[^\n().:;?!]{1,30})?"
_NAMED = r"\(\s*[^\W\d_a-z][^()\n]{0,38}\)"
_LINE = re.compile(
    rf"\s*(?:{_PLACE}[,\s]\s*)?(?:{_NAMED}|(?i:{_AGENCIES}))"
    r"\s*(?:[-\u2010-\u2015:]+(?!\w)|$)\s*"
)


def agency_line(text: str) -> int:
    """Measure the line of an agency that a text begins with: characters up to the story itself.

    0 where there is none; the whole length of a text that is nothing else.

    >>> text = "HÀ NỘI (Reuters) - Giá cà phê tăng."
    >>> text[agency_line(text) :]
    'Giá cà phê tăng.'
    """
    found = _LINE.match(text)
    return found.end() if found else 0


def is_agency_line(text: str) -> bool:
    """Whether a text says nothing but who told a story, and where."""
    return bool(text.strip()) and agency_line(text) == len(text)
