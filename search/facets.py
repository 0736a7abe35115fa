"""What a result set is made of: counts by source, section, author and time, and a histogram.

Pure counting over all matches, never over a page.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from typing import Any, Literal

from search.records import ResultSet, day_of
from search.stores.base import Outline
from search.text.languages import name_tokens

Step = Literal["year", "month", "day"]
STEPS: tuple[Step, ...] = ("year", "month", "day")

_DAYS_BY_DAY = 62
"""Longest span that is drawn day by day."""
_MONTHS_BY_MONTH = 36
_MOST_BARS = 400
"""Of more, those without a story are left out: one absurd date makes thousands."""
_LAST_YEAR = date.max.year
_LENGTHS = {"year": 4, "month": 7, "day": 10}


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One value of a facet.

    Attributes:
        value: As most stories write it; None for stories of which it is unknown.
        count: Matches that have it.
        lang: The language of these stories where it is one; None where there are several.
    """

    value: str | None
    count: int
    lang: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Write one entry of a facet; an unknown value is null."""
        return {"value": self.value, "count": self.count}


@dataclass(frozen=True, slots=True)
class Facets:
    """Counts over the matches of a result set.

    The counts of each facet add up to ``total``, but for authors, of whom a story may have several.

    Attributes:
        total: Matches in all languages.
        languages: Matches by language.
        sources, sections, authors: Most first, the unknown last; names that differ in capitals or
            diacritics alone are one section or author, as they are to the filters.
        years, months: "2025", "2025-09"; ascending, the unknown last.
    """

    total: int
    languages: Mapping[str, int]
    sources: tuple[FacetValue, ...]
    sections: tuple[FacetValue, ...]
    authors: tuple[FacetValue, ...]
    years: tuple[FacetValue, ...]
    months: tuple[FacetValue, ...]

    def to_json(self) -> dict[str, Any]:
        """Write ``{"total", "languages": {"vi": 31, …}, "sources": [{"value", "count"}], …}``."""
        return {
            "total": self.total,
            "languages": dict(self.languages),
            **{
                name: [one.to_json() for one in getattr(self, name)]
                for name in ("sources", "sections", "authors", "years", "months")
            },
        }


@dataclass(frozen=True, slots=True)
class Bar:
    """The stories of a year, month or day.

    Attributes:
        period: "2025", "2025-09" or "2025-09-24".
        first, last: Its first and last day, ISO 8601, both inclusive.
    """

    period: str
    first: str
    last: str
    count: int


@dataclass(frozen=True, slots=True)
class Histogram:
    """The matches of a result set over time.

    Attributes:
        step: What each bar stands for.
        bars: Ascending, without gaps: a period without stories has a bar of 0, unless there are
            more than 400.
        unknown: Matches of unknown date.
    """

    step: Step
    bars: tuple[Bar, ...]
    unknown: int

    def to_json(self) -> dict[str, Any]:
        """Write ``{"step", "bars": [{"period", "from", "to", "count"}, …], "unknown"}``."""
        return {
            "step": self.step,
            "bars": [
                {"period": bar.period, "from": bar.first, "to": bar.last, "count": bar.count}
                for bar in self.bars
            ],
            "unknown": self.unknown,
        }


def count_facets(found: ResultSet, outlines: Mapping[str, Outline]) -> Facets:
    """Count the matches of a result set.

    Args:
        outlines: Of the matches, by id; what is missing there was deleted since, and is unknown.
    """
    matches = [
        (lang, scored.day, outlines.get(scored.id))
        for lang, chosen in found.stories.items()
        for scored in chosen
        if scored.zone == "match"
    ]
    days = [date.fromordinal(day).isoformat() if day else "" for _, day, _ in matches]
    sources = [(lang, outline.source if outline else None) for lang, _, outline in matches]
    sections = [(lang, outline.section if outline else None) for lang, _, outline in matches]
    authors = [
        (lang, author)
        for lang, _, outline in matches
        for author in (_each_once(outline.authors) if outline else ()) or (None,)
    ]
    return Facets(
        total=len(matches),
        languages=found.count("match"),
        sources=_most_first(sources, same=str),
        sections=_most_first(sections, same=_folded),
        authors=_most_first(authors, same=_folded),
        years=_in_order(day[:4] for day in days),
        months=_in_order(day[:7] for day in days),
    )


def histogram(
    found: ResultSet,
    *,
    first: str | None = None,
    last: str | None = None,
    step: Step | None = None,
) -> Histogram:
    """Count the matches of a result set by year, month or day.

    Args:
        first, last: ISO days between which the query looked; where left out, the first and the last
            match end the histogram.
        step: What each bar stands for; None chooses by the time between the ends.
    """
    days = [scored.day for scored in found.zone("match")]
    dated = Counter(day for day in days if day)
    unknown = days.count(0)
    begin = day_of(first) or min(dated, default=None)
    end = day_of(last) or max(dated, default=None)
    if begin is None or end is None or begin > end:
        return Histogram(step or "year", (), unknown)
    start, stop = date.fromordinal(begin), date.fromordinal(end)
    step = step or _step(start, stop)
    counts: Counter[date] = Counter()
    for day, number in dated.items():
        counts[_first_day(date.fromordinal(day), step)] += number
    periods = list(islice(_periods(start, stop, step), _MOST_BARS + 1))
    if len(periods) > _MOST_BARS:
        periods = sorted(counts)
    bars = []
    for period in periods:
        ends = _next(period, step) - timedelta(1) if period.year < _LAST_YEAR else date.max
        bars.append(
            Bar(
                period.isoformat()[: _LENGTHS[step]],
                max(period, start if first else period).isoformat(),
                min(ends, stop if last else ends).isoformat(),
                counts[period],
            )
        )
    return Histogram(step, tuple(bars), unknown)


def wider(first: str | None, last: str | None) -> tuple[str | None, str | None]:
    """Zoom out of a span: a day or days → their month → their year → all time.

    Args:
        first, last: ISO days, both inclusive; None is open.
    """
    if first is None or last is None:
        return None, None
    start, stop = date.fromisoformat(first), date.fromisoformat(last)
    for step in ("month", "year"):
        begin = _first_day(start, step)
        if stop.year == _LAST_YEAR or begin != _first_day(stop, step):
            continue
        end = _next(begin, step) - timedelta(1)
        if (begin, end) != (start, stop):
            return begin.isoformat(), end.isoformat()
    return None, None


def _step(start: date, stop: date) -> Step:
    if (stop - start).days < _DAYS_BY_DAY:
        return "day"
    months = 12 * (stop.year - start.year) + stop.month - start.month + 1
    return "month" if months <= _MONTHS_BY_MONTH else "year"


def _first_day(day: date, step: Step) -> date:
    """The first day of the year or month that a day is in, or the day itself."""
    if step == "year":
        return day.replace(month=1, day=1)
    return day.replace(day=1) if step == "month" else day


def _next(period: date, step: Step) -> date:
    """The first day after a period that begins on a day."""
    days = {"year": 366, "month": 31, "day": 1}[step]
    return _first_day(period + timedelta(days), step)


def _periods(start: date, stop: date, step: Step) -> Iterator[date]:
    """The first days of the periods from one day to another."""
    period = _first_day(start, step)
    while period <= stop:
        yield period
        if period.year == _LAST_YEAR:
            return
        period = _next(period, step)


def _folded(name: str) -> str:
    """What sections and authors are compared by; a name of signs alone stands for itself."""
    return " ".join(name_tokens(name)) or name


def _each_once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple({_folded(name): name for name in names if name}.values())


def _most_first(
    values: Iterable[tuple[str, str | None]], *, same: Callable[[str], str]
) -> tuple[FacetValue, ...]:
    """Count values, of which each has the language of its story.

    Args:
        same: What is equal for values that are one.
    """
    unknown, known = Counter[str](), dict[str, Counter[tuple[str, str]]]()
    for (lang, value), number in Counter(values).items():
        if value:
            known.setdefault(same(value), Counter())[value, lang] += number
        else:
            unknown[lang] += number
    counted = []
    for spellings in known.values():
        written = Counter[str]()
        for (value, _), number in spellings.items():
            written[value] += number
        # Of spellings that are as frequent, the one with its diacritics.
        value = min(written, key=lambda name: (-written[name], sum(map(str.isascii, name)), name))
        langs = {lang for _, lang in spellings}
        counted.append(
            FacetValue(value, spellings.total(), langs.pop() if len(langs) == 1 else None)
        )
    counted.sort(key=lambda one: (-one.count, one.value or ""))
    return (*counted, *_unknown(unknown.total()))


def _in_order(periods: Iterable[str]) -> tuple[FacetValue, ...]:
    """Count years or months; "" is unknown."""
    counts = Counter(periods)
    unknown = counts.pop("", 0)
    return (*(FacetValue(p, n) for p, n in sorted(counts.items())), *_unknown(unknown))


def _unknown(count: int) -> tuple[FacetValue, ...]:
    return (FacetValue(None, count),) if count else ()
