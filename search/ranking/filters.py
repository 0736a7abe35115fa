"""Filters that are typed among a query's words: author:"Ann Lee", tác giả:Minh, from:2025-01-31."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Literal

from search.errors import FilterError
from search.ranking.query import QUOTES
from search.records import Filters, Query
from search.text.languages import LANGUAGES, normalise
from search.text.quantities import period

# The value follows the colon at once: "Báo: Giá vàng tăng" and "To: the people" are headlines.
_FILTERS = {
    "author": "authors", "tác giả": "authors", "tac gia": "authors",
    "section": "sections", "mục": "sections", "muc": "sections", "chuyên mục": "sections",
    "source": "sources", "nguồn": "sources", "nguon": "sources", "báo": "sources",
    "lang": "lang", "ngôn ngữ": "lang", "ngon ngu": "lang",
    "from": "date_from", "từ ngày": "date_from", "tu ngay": "date_from",
    "to": "date_to", "đến ngày": "date_to", "den ngay": "date_to",
}  # fmt: skip
_FILTER = re.compile(
    rf"(?<!\S)(?P<name>{'|'.join(sorted(_FILTERS, key=len, reverse=True))}):"
    r'(?:"(?P<quoted>[^"]+)"|(?P<bare>[^\s"]+))',
    re.IGNORECASE,
)
_LANGUAGE_NAMES = {"vi": "vi", "việt": "vi", "viet": "vi", "en": "en", "anh": "en", "english": "en"}


def with_typed_filters(query: Query) -> Query:
    """The query with what its text says of authors, sections, sources, language and days.

    Of days that are typed and days that are given, those count that are in both.

    Raises:
        FilterError: A day or a language that it names does not exist.
    """
    typed: dict[str, list[str]] = {}

    def take(match: re.Match[str]) -> str:
        kind, value = _FILTERS[match["name"].lower()], match["quoted"] or match["bare"]
        if kind.startswith("date") and not any(map(str.isdigit, value)):
            return match[0]  # nobody writes a day like that
        typed.setdefault(kind, []).append(value.strip())
        return " "

    text = _FILTER.sub(take, normalise(query.text).translate(QUOTES))
    if not typed:
        return query
    before = query.filters
    first, last = (typed.get(name, [""])[-1] for name in ("date_from", "date_to"))
    starts = [day for day in (before.date_from, day_typed("from", first) if first else None) if day]
    ends = [day for day in (before.date_to, day_typed("to", last) if last else None) if day]
    filters = Filters(
        max(starts, default=None),
        min(ends, default=None),
        (*before.sources, *typed.get("sources", ())),
        (*before.authors, *typed.get("authors", ())),
        (*before.sections, *typed.get("sections", ())),
    )
    lang = query.lang
    if named := typed.get("lang"):
        lang = _LANGUAGE_NAMES.get(named[-1].lower(), "")
        if not lang:
            raise FilterError(
                f"lang: must be one of {', '.join(LANGUAGES)}, not {named[-1]!r}.", named[-1]
            )
    return replace(query, text=" ".join(text.split()), lang=lang, filters=filters)


def day_typed(name: Literal["from", "to"], value: str) -> str:
    """Read the day of a filter: of a month or year the first day for "from", the last for "to".

    Raises:
        FilterError: There is no such day.
    """
    if (found := period(value)) is None:
        raise FilterError(f"{name}: must be a day like 2025-09-24, not {value!r}.", value)
    return found[name == "to"].isoformat()
