"""Values of an archive's file as they must be: SQLite keeps anything in any column.

Whatever is read of a file passes through here, so that a damaged value is told as what it is.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from search.encoders.base import FloatArray
from search.records import Article, day_of
from search.stores.base import ArchiveProfile, Outline
from search.text.languages import LANGUAGES

ARTICLE_COLUMNS = "id, lang, title, lead, text, date, url, source, authors, section, tags, captions"

OUTLINE_COLUMNS = "id, lang, date, source, section, authors, title"

MEND = "doctor --mend"


class Damage(Exception):  # noqa: N818 – never raised out of a store: see ``driver_errors``
    """A value that cannot be what it was.

    Attributes:
        command: What mends it.
    """

    def __init__(self, what: str, *, command: str = MEND) -> None:
        super().__init__(what)
        self.command = command


def text(value: Any, what: str, *, command: str = MEND) -> str:
    """A value that must be text."""
    if not isinstance(value, str):
        raise Damage(f"{what} is no text", command=command)
    return value


def optional_text(value: Any, what: str) -> str | None:
    """A value that may be unknown."""
    return None if value is None else text(value, what)


def number(value: Any, what: str, *, command: str = MEND) -> int:
    """A value that must be a whole number."""
    if not isinstance(value, int):
        raise Damage(f"{what} is no number", command=command)
    return value


def day(value: Any, what: str) -> int | None:
    """The number of a day, or None where it is unknown."""
    return None if value is None else number(value, what)


def written_date(value: Any, what: str) -> str | None:
    """A date in ISO 8601, or None where it is unknown."""
    try:
        day_of(optional_text(value, what))
    except ValueError:
        raise Damage(f"{what} is none") from None
    return value if value is None else str(value)


def language(value: Any, what: str) -> str:
    """The code of a language that is known."""
    if value not in LANGUAGES:
        raise Damage(f"{what} is none that is known")
    return str(value)


def strings(value: Any, what: str, *, command: str = MEND) -> tuple[str, ...]:
    """A list of texts, kept as JSON."""
    try:
        found = json.loads(value)
    except (ValueError, TypeError, RecursionError):
        found = None
    if not isinstance(found, list) or not all(isinstance(entry, str) for entry in found):
        raise Damage(f"{what} are no list", command=command)
    return tuple(found)


def article_of(row: Sequence[Any]) -> Article:
    """The article in a row of ``ARTICLE_COLUMNS``."""
    id_, lang, title, lead, body, date, url, source, authors, section, tags, captions = row
    whose = f"article {text(id_, 'the id of an article')}: its"
    return Article(
        id=id_,
        lang=language(lang, f"{whose} language"),
        title=text(title, f"{whose} title"),
        lead=text(lead, f"{whose} lead"),
        text=text(body, f"{whose} text"),
        date=written_date(date, f"{whose} date"),
        url=optional_text(url, f"{whose} address"),
        source=optional_text(source, f"{whose} source"),
        authors=strings(authors, f"{whose} authors"),
        section=optional_text(section, f"{whose} section"),
        tags=strings(tags, f"{whose} tags"),
        captions=strings(captions, f"{whose} captions"),
    )


def outline_of(row: Sequence[Any]) -> Outline:
    """The article in a row of ``OUTLINE_COLUMNS``."""
    id_, lang, date, source, section, authors, title = row
    whose = f"article {text(id_, 'the id of an article')}: its"
    return Outline(
        id=id_,
        lang=language(lang, f"{whose} language"),
        date=written_date(date, f"{whose} date"),
        source=optional_text(source, f"{whose} source"),
        section=optional_text(section, f"{whose} section"),
        authors=strings(authors, f"{whose} authors"),
        title=text(title, f"{whose} title"),
    )


def spans_and_vectors(
    passages: Sequence[Sequence[Any]], dimension: int, whose: str
) -> tuple[np.ndarray[Any, np.dtype[np.int64]], FloatArray]:
    """Spans, int64 (n, 3), and vectors, float32 (n, dimension), of passages.

    Args:
        passages: (position, start, stop, vector as it is kept) of each.
        whose: The articles, for messages.
    """
    raw = [vector for _, _, _, vector in passages]
    if not all(isinstance(vector, bytes) and len(vector) == 4 * dimension for vector in raw):
        raise Damage(f"{whose} has a vector that is not of {dimension} numbers")
    vectors = np.frombuffer(b"".join(raw), "<f4").reshape(-1, dimension)
    if not np.isfinite(vectors).all():
        raise Damage(f"{whose} has a vector that is of no numbers")
    spans = [value for *span, _ in passages for value in span]
    if not all(isinstance(value, int) and 0 <= value < 2**31 for value in spans):
        raise Damage(f"{whose} has a passage without its place in the text")
    places = np.array(spans, np.int64).reshape(-1, 3)
    return places, vectors.astype(np.float32, copy=False)


def profile_of(value: Any) -> ArchiveProfile:
    """The profile that an archive keeps of itself."""
    try:
        return ArchiveProfile.from_json(json.loads(value))
    except (ValueError, TypeError, RecursionError) as error:
        raise Damage(
            f"what it says of its encoder cannot be read ({error})", command="reembed"
        ) from error
