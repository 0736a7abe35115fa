"""Where sentences begin and end, in Vietnamese and English."""

from __future__ import annotations

import re
from collections.abc import Iterator

from search.text.languages import fold

# A stop, what may close the sentence after it, and white space. Whether it ends a sentence is
# decided by what stands around it.
_STOP = re.compile(r"(?<![.!?…])(?P<stop>[.!?…]+)[\"'”’»)\]]*(?:\s+|$)")
_OPENING = "\"'“‘«([-–—*•"
# Folded, without their last dot; these are followed by a name or a number, not by a new sentence.
_ABBREVIATIONS = frozenset(
    # English titles, names, references
    "mr mrs ms dr prof sr jr st gen lt col maj capt cmdr sgt cpl adm brig sen rep gov pres rev hon"
    " supt insp mt ft vs no nos vol fig pp ed eds dept univ assn bros inc ltd co corp approx est"
    " messrs mme mlle e.g i.e cf al ca"
    " jan feb mar apr jun jul aug sep sept oct nov dec"
    # Vietnamese titles, degrees, places
    " tp tx tt tr q p h x gs pgs ts ths bs ks ls cn gv nsnd nsut dd d/c o b nxb bt bch ubnd ks kts"
    " gs.ts pgs.ts gs.tskh ths.bs bs.ths ts.bs bs.ck1 bs.ck2 ts.kts tskh dr.".split()
)
_INITIALS = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]")


def sentences(text: str, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
    """Find the sentences of one paragraph: spans without the white space around them.

    A stop after an abbreviation ("TP. HCM", "Mr. Smith", "U.S."), inside a number, or before a
    small letter ends nothing.
    """
    end = len(text) if end is None else end
    began = start
    for stop in _STOP.finditer(text, start, end):
        if stop.end() < end and not _ends_sentence(text, began, stop):
            continue
        if span := _trimmed(text, began, stop.end()):
            yield span
        began = stop.end()
    if span := _trimmed(text, began, end):
        yield span


def _trimmed(text: str, start: int, end: int) -> tuple[int, int] | None:
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return (start, end) if start < end else None


def _ends_sentence(text: str, began: int, stop: re.Match[str]) -> bool:
    following = text[stop.end()]
    if not (following.isupper() or following.isdigit() or following in _OPENING):
        # Scripts without capitals have no other sign of a beginning.
        return following.isalpha() and following.lower() == following.upper()
    if stop["stop"] != "." or not text[stop.start() + 1].isspace():
        return True  # no abbreviation: another mark, or the end of a quotation
    words = text[max(began, stop.start() - 30) : stop.start()].split()
    word = words[-1].lstrip("\"'“‘«([") if words else ""
    if fold(word) in _ABBREVIATIONS:
        return False
    if _INITIALS.fullmatch(word) and (len(word) > 1 or word.isupper()):
        return False  # "U.S.", "J. Smith"
    # "1. Tuổi Thìn": the number of a list's item belongs to what follows.
    return not (word.isdigit() and len(word) <= 2 and len(words) == 1)
