"""Narrowing a search: facets, the chart of its stories over time, and spans of days to choose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from babel.dates import format_date
from flask import Flask
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from search.facets import FacetValue, Step, histogram, wider
from search.records import ResultSet
from search.stores.base import StoreStats
from search.text.languages import name_tokens
from webui.i18n import interface, written_date
from webui.parameters import MAX_SOURCES, Address
from webui.presentation import search_url
from webui.site import Site

_SHOWN_AT_ONCE = 6
_MOST_SHOWN = 100
_BAR, _GAP, _HEIGHT, _LEAST_HEIGHT = 8, 2, 60, 3

_KINDS: dict[str, LazyString] = {
    "sources": _l("Source"),
    "sections": _l("Section"),
    "authors": _l("Author"),
}
_UNKNOWN: dict[str, LazyString] = {
    "sources": _l("source unknown"),
    "sections": _l("section unknown"),
    "authors": _l("author unknown"),
}
_BY: dict[Step, LazyString] = {
    "year": _l("Stories by year"),
    "month": _l("Stories by month"),
    "day": _l("Stories by day"),
}
_PRESETS: dict[int, LazyString] = {
    1: _l("Past 24 hours"),
    7: _l("Past 7 days"),
    30: _l("Past 30 days"),
}
# "tháng 9 năm 2025" is the locale's own; newspapers write 9/2025.
_PERIODS: dict[Step, dict[str, str]] = {
    "year": {"vi": "'Năm' y", "en": "y"},
    "month": {"vi": "'Tháng' M/y", "en": "MMMM y"},
}


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a facet, or one span of days.

    Attributes:
        href: Chooses it, or takes it off where it is ``chosen``.
        lang: The language of the text, where it is another than the page's and known.
    """

    text: str
    href: str
    count: int | None = None
    chosen: bool = False
    lang: str | None = None


@dataclass(frozen=True, slots=True)
class FacetGroup:
    """One facet of the matches.

    Attributes:
        choices: Those shown at once: what is chosen, then what most stories have.
        more: Those behind a click.
        left_out: How many are not shown at all.
        unknown: Stories of which the value is unknown, and what that is called.
    """

    kind: str
    name: LazyString
    choices: Sequence[Choice]
    more: Sequence[Choice]
    left_out: int
    unknown: int
    unknown_name: LazyString


@dataclass(frozen=True, slots=True)
class ChartBar:
    """A bar of the chart, in its units.

    Attributes:
        text: The period, as readers write it.
        href: Narrows the search to it; None where no story is.
    """

    text: str
    count: int
    href: str | None
    x: int
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class Chart:
    """The matches over time, in units of its own.

    Attributes:
        most: Stories of the highest bar.
        zoom_out: Widens the search to the span around this one, where it is in one.
    """

    caption: LazyString
    bars: Sequence[ChartBar]
    width: int
    height: int
    most: int
    unknown: int
    zoom_out: Choice | None


def facet_groups(site: Site, address: Address, found: ResultSet) -> tuple[FacetGroup, ...]:
    """Make the facets of a page, each with links that choose its values or take them off.

    Values of one kind widen each other, so each kind is counted as if none of it was chosen.
    """
    facets = site.facets(address.query(), found)
    groups = []
    for kind, name in _KINDS.items():
        chosen = getattr(address, kind)
        none: dict[str, Any] = {kind: ()}
        free = replace(address, **none)
        counted = site.facets(free.query()) if chosen and free.asks else facets
        values: Sequence[FacetValue] = getattr(counted, kind)
        known = [value for value in values if value.value is not None]
        if not known and not chosen:
            continue
        choices = _choices(address, kind, chosen, known)
        groups.append(
            FacetGroup(
                kind,
                name,
                choices[: max(_SHOWN_AT_ONCE, len(chosen))],
                choices[max(_SHOWN_AT_ONCE, len(chosen)) : _MOST_SHOWN],
                max(0, len(choices) - _MOST_SHOWN),
                sum(value.count for value in values if value.value is None),
                _UNKNOWN[kind],
            )
        )
    return tuple(groups)


def _choices(
    address: Address, kind: str, chosen: Sequence[str], values: Sequence[FacetValue]
) -> list[Choice]:
    def same(name: str) -> str:
        return name if kind == "sources" else " ".join(name_tokens(name)) or name

    counts = {same(value.value): value for value in values if value.value}
    made = []
    for name in chosen:
        value = counts.pop(same(name), FacetValue(name, 0))
        rest = tuple(other for other in chosen if other != name)
        href = search_url(address, **{kind: rest})
        made.append(Choice(name, href, value.count, True, value.lang))
    full = len(chosen) >= MAX_SOURCES
    for value in () if full else counts.values():
        href = search_url(address, **{kind: (*chosen, value.value)})
        made.append(Choice(value.value or "", href, value.count, False, value.lang))
    return made


def charted(address: Address, found: ResultSet) -> Chart | None:
    """Draw the matches over time; None where no date of them is known."""
    counted = histogram(found, first=address.date_from, last=address.date_to)
    most = max((bar.count for bar in counted.bars), default=0)
    if not most:
        return None
    bars = []
    for place, bar in enumerate(counted.bars):
        height = max(_LEAST_HEIGHT, round(bar.count / most * _HEIGHT)) if bar.count else 0
        href = search_url(address, date_from=bar.first, date_to=bar.last) if bar.count else None
        text = written_period(bar.first, counted.step)
        x = place * (_BAR + _GAP)
        bars.append(ChartBar(text, bar.count, href, x, _HEIGHT - height, height))
    width = len(bars) * (_BAR + _GAP) - _GAP
    out = _zoom_out(address)
    return Chart(_BY[counted.step], bars, width, _HEIGHT, most, counted.unknown, out)


def _zoom_out(address: Address) -> Choice | None:
    if not (address.date_from or address.date_to):
        return None
    first, last = wider(address.date_from, address.date_to)
    if first is None or last is None:
        text = str(_l("All time"))
    else:
        step: Step = "month" if first[:7] == last[:7] else "year"
        text = written_period(first, step)
    return Choice(text, search_url(address, date_from=first, date_to=last))


def presets(address: Address, stats: StoreStats) -> list[Choice]:
    """List the spans of days that are worth a click in this archive: recent ones, whole years."""
    newest = stats.date_last or ""
    today = datetime.now().astimezone().date()
    spans: list[tuple[str, date, date | None]] = [
        (str(text), today - timedelta(days), None) for days, text in _PRESETS.items()
    ]
    years = sorted({month[:4] for month in stats.months if month}, reverse=True)
    spans += [
        (written_period(f"{year}-01-01", "year"), date(int(year), 1, 1), date(int(year), 12, 31))
        for year in years[:_SHOWN_AT_ONCE]
    ]
    made = []
    for text, first, last in spans:
        if newest < first.isoformat():
            continue
        span = first.isoformat(), last.isoformat() if last else None
        chosen = span == (address.date_from, address.date_to)
        new = (None, None) if chosen else span
        href = search_url(address, date_from=new[0], date_to=new[1])
        made.append(Choice(text, href, chosen=chosen))
    return made


def written_period(first: str, step: Step) -> str:
    """Write a year, month or day, by its first day, in the reader's language."""
    if step == "day":
        return written_date(first)
    code = interface()
    return format_date(date.fromisoformat(first), _PERIODS[step][code], locale=code)


def init_app(app: Flask) -> None:
    """Give templates what they all use."""
    app.jinja_env.globals.update(presets=presets)
