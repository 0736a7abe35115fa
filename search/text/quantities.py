"""Dates and numbers as one token each, however Vietnamese or English writes them.

``24/9/2025``, ``24 tháng 9 năm 2025`` and ``September 24, 2025`` are ``date:2025-09-24``;
``1.200.000``, ``1,2 triệu`` and ``1.2 million`` are ``num:1200000``. The tokens stand beside the
words as written, in the field "words", and are the same in every language.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

_RUN = re.compile(r"(?<!\w)\d+(?:[.,/-]\d+)*(?![.,]?\d)")
_LONGEST_RUN = 24
_YEARS = range(1900, 2100)  # a number of four digits in here is a year
_LEAST = 1000  # smaller numbers say little by themselves
_CENTURY_TURNS = 50  # a year of two digits from here on is of the last century
_MONTH_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

MONTHS = {
    name: number
    for number, names in enumerate(
        "january jan|february feb febr|march mar|april apr|may|june jun|july jul|august aug"
        "|september sept sep|october oct|november nov|december dec".split("|"),
        1,
    )
    for name in names.split()
}
"""Name of a month in English, in small letters, whole or short → its number."""
MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
"""The part of a pattern that finds one of these names, the longest first."""
_BEFORE_CHARS = 12
_MONTH_BEFORE = re.compile(rf"(?<!\w)({MONTH})\.?[ \n]$", re.IGNORECASE)
_THANG_BEFORE = re.compile(r"(?<!\w)th[áa]ng $", re.IGNORECASE)
_NGAY_BEFORE = re.compile(r"(?<!\w)ng[àa]y $", re.IGNORECASE)
_YEAR_AFTER = r"(?:(?:,? |,? n[ăa]m |[/.-])(?P<year>\d{4})(?![\w.,]?\d))?"
_MONTH_AFTER = re.compile(
    rf"(?:st|nd|rd|th)?[ \n](?:of )?(?P<month>{MONTH})(?!\w)\.?{_YEAR_AFTER}", re.IGNORECASE
)
_THANG_AFTER = re.compile(rf"[ \n]th[áa]ng (?P<month>\d\d?)(?!\d){_YEAR_AFTER}", re.IGNORECASE)
_ORDINAL_AND_YEAR = re.compile(rf"(?:st|nd|rd|th)?(?!\w){_YEAR_AFTER}", re.IGNORECASE)
_ONLY_YEAR = re.compile(_YEAR_AFTER, re.IGNORECASE)

_SCALES = {
    "thousand": 3,
    "million": 6,
    "billion": 9,
    "bn": 9,
    "trillion": 12,
    "nghìn": 3,
    "ngàn": 3,
    "nghin": 3,
    "triệu": 6,
    "trieu": 6,
    "tỷ": 9,
    "tỉ": 9,
    "nghìn tỷ": 12,
    "nghìn tỉ": 12,
    "ngàn tỷ": 12,
    "ngàn tỉ": 12,
}
_ENGLISH_SCALES = frozenset({"thousand", "million", "billion", "bn", "trillion"})
_UNIT_AFTER = re.compile(
    rf"[ \n-]?(?P<scale>{'|'.join(sorted(_SCALES, key=len, reverse=True))})(?!\w)"
    r"|(?P<share>[ \n]?%|[ \n](?:per ?cent|phần trăm|phan tram)(?!\w))",
    re.IGNORECASE,
)
_PERIOD = re.compile(
    r"(?P<year>[0-9]{4})(?:-(?P<month>[0-9]{1,2})(?:-(?P<day>[0-9]{1,2}))?)?"
    r"|(?:(?P<first>[0-9]{1,2})[/.-])?(?P<middle>[0-9]{1,2})[/.-](?P<last>[0-9]{4})"
)
_GROUPED = re.compile(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3})*(?:(?!\1)[.,]\d+)?")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A date or number in a text.

    Attributes:
        start, end: Offsets in the text, end exclusive.
        tokens: What it is: a whole date first, then its day, then its month; else one token.
    """

    start: int
    end: int
    tokens: tuple[str, ...]

    @property
    def is_date(self) -> bool:
        """Whether it is a day or a month."""
        return self.tokens[0].startswith("date:")

    @property
    def wanted(self) -> tuple[str, ...]:
        """The tokens that find it in other texts: not the year, which stories seldom repeat."""
        return self.tokens[:2]

    def matches(self, other: Quantity) -> bool:
        """Whether another text's quantity may be the same one, as far as both are told."""
        return self.tokens[0] in other.tokens or other.tokens[0] in self.wanted


def period(written: str) -> tuple[date, date] | None:
    """Read a day, month or year as people type it: its first and last day; None where it is none.

    2025, 2025-09, 9/2025, 2025-09-24, 24/9/2025, 24-09-2025, 24.9.2025.
    """
    found = _PERIOD.fullmatch(written.strip())
    if found is None:
        return None
    year, month = int(found["year"] or found["last"]), found["month"] or found["middle"]
    day = found["day"] or found["first"]
    try:
        first = date(year, int(month or 1), int(day or 1))
        if day:
            return first, first
        last = date(year, 12, 31) if month is None or first.month == 12 else None
        return first, last or date(year, first.month + 1, 1) - timedelta(1)
    except ValueError:
        return None


def quantities(text: str, *, bare_days: bool) -> Iterator[Quantity]:
    """Find the dates and numbers of a text, in order. The text should be NFC.

    ``3/9/2025`` is the third of September, as in Viet Nam and most of the world, unless only the
    other order makes a date.

    Args:
        bare_days: Whether ``24/9`` alone is a day: in English it is more often a fraction.
    """
    last = 0
    for run in _RUN.finditer(text):
        start, end = run.span()
        if start < last or end - start > _LONGEST_RUN:
            continue
        found = _date(text, run.group(), start, end, bare_days=bare_days)
        if found is None:
            found = _number(text, run.group(), start, end)
        if found is not None:
            last = found.end
            yield found


def _date(text: str, run: str, start: int, end: int, *, bare_days: bool) -> Quantity | None:
    """Read the date that a run of digits is, or is a part of."""
    if not run.isdigit():
        return _written_in_digits(text, run, start, end, bare_days=bare_days)
    if len(run) > 4:
        return None
    before = text[max(0, start - _BEFORE_CHARS) : start]
    number = int(run)
    if month_before := _MONTH_BEFORE.search(before):
        begin = start - (len(before) - month_before.start())
        month = MONTHS[month_before.group(1).lower()]
        if len(run) == 4:
            return _made(begin, end, year=number, month=month)
        after = _ORDINAL_AND_YEAR.match(text, end)
        if after is not None:
            return _made(begin, after.end(), year=_year(after), month=month, day=number)
    if thang_before := _THANG_BEFORE.search(before):
        after = _ONLY_YEAR.match(text, end)
        if after is not None and (year := _year(after)) is not None:
            begin = start - (len(before) - thang_before.start())
            return _made(begin, after.end(), year=year, month=number)
        return None
    if len(run) > 2:
        return None
    if after := _THANG_AFTER.match(text, end):
        month = int(after["month"])
    elif after := _MONTH_AFTER.match(text, end):
        month = MONTHS[after["month"].lower()]
    else:
        return None
    return _made(start, after.end(), year=_year(after), month=month, day=number)


def _written_in_digits(
    text: str, run: str, start: int, end: int, *, bare_days: bool
) -> Quantity | None:
    """24/9/2025, 24-9-2025, 24.9.2025, 2025-09-24, 9/2025 and, where ``bare_days``, 24/9."""
    parts = re.split(r"[./-]", run)
    signs = {c for c in run if not c.isdigit()}
    if len(signs) > 1 or "," in signs or any(len(part) > 4 for part in parts):
        return None
    numbers = [int(part) for part in parts]
    if len(parts) == 3:
        if len(parts[0]) == 4 and "." not in run:
            year, month, day = numbers
        elif len(parts[2]) == 4 or (len(parts[2]) == 2 and "/" in run):
            day, month, year = numbers
            if len(parts[2]) == 2:
                year += 2000 if year < _CENTURY_TURNS else 1900
            if month > 12:
                day, month = month, day
        else:
            return None
        return _made(start, end, year=year, month=month, day=day)
    if len(parts) != 2 or len(parts[0]) > 2:
        return None
    if len(parts[1]) == 4 and "." not in run:
        thang = _THANG_BEFORE.search(text[max(0, start - _BEFORE_CHARS) : start])
        begin = start - len(thang.group()) if thang else start
        return _made(begin, end, year=numbers[1], month=numbers[0])
    named = _NGAY_BEFORE.search(text[max(0, start - _BEFORE_CHARS) : start])
    if len(parts[1]) <= 2 and ((bare_days and "/" in run) or (named and "." not in run)):
        return _made(start, end, year=None, month=numbers[1], day=numbers[0])
    return None


def _year(match: re.Match[str]) -> int | None:
    return int(match["year"]) if match["year"] else None


def _made(
    start: int, end: int, *, year: int | None, month: int, day: int | None = None
) -> Quantity | None:
    """Make the date, if there is such a day; at least a year or a day is known."""
    if not 1 <= month <= 12 or (year is not None and year not in _YEARS):
        return None
    if day is None:
        return Quantity(start, end, (f"date:{year}-{month:02}",))
    if not 1 <= day <= _MONTH_DAYS[month - 1]:
        return None
    tokens: tuple[str, ...] = (f"date:{month:02}-{day:02}",)
    if year is not None:
        tokens = (f"date:{year}-{month:02}-{day:02}", *tokens, f"date:{year}-{month:02}")
    return Quantity(start, end, tokens)


def _number(text: str, run: str, start: int, end: int) -> Quantity | None:
    """Read a share, a number with a scale, or a large one."""
    if "/" in run or "-" in run:
        return None
    unit = _UNIT_AFTER.match(text, end)
    scale = unit["scale"].lower().replace("\n", " ") if unit and unit["scale"] else ""
    plain = _plain(run, scale)
    if plain is None:
        return None
    value = Decimal(plain)
    if unit is not None and not scale:
        return Quantity(start, unit.end(), (f"num:{_shown(value)}%",))
    if unit is not None:
        value = value.scaleb(_SCALES[scale])
        return Quantity(start, unit.end(), (f"num:{_shown(value)}",))
    if value < _LEAST or (run.isdigit() and (int(run) in _YEARS or run[0] == "0")):
        return None
    return Quantity(start, end, (f"num:{_shown(value)}",))


def _plain(run: str, scale: str) -> str | None:
    """Write a number without grouping and with a decimal point; None where it is no one number.

    The language of the scale tells which sign is which: "1.234 million" and "1,234 triệu" have
    decimals, "1,234 million" and "1.234 tỷ" thousands. Without one, three digits are thousands.
    """
    signs = [c for c in run if not c.isdigit()]
    if len(signs) == 1 and scale:
        decimal_sign = "." if scale in _ENGLISH_SCALES else ","
        if signs[0] == decimal_sign:
            return run.replace(decimal_sign, ".")
    if grouped := _GROUPED.fullmatch(run):
        return run.replace(grouped.group(1), "").replace(",", ".")
    return run.replace(",", ".") if len(signs) < 2 else None


def _shown(value: Decimal) -> str:
    shown = f"{value:f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown
