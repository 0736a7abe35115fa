"""Dates as news write them, in Vietnamese and English → ISO 8601.

Only dates that are fully given count: day, month and year. "Today" or "May" is refused, because
nobody knows which day that was; the day of collection is never taken for the day of publication.
Numbers between slashes, dots or dashes are day first (24/9/2025), as both Vietnam and most
English-language press write them, unless only month first is possible (9/24/2025). With a clock of
AM and PM they are month first, "3/4/2026 8:00 AM" is 4 March: programs made for America write so,
also those of Vietnamese papers, whose own clocks have 24 hours. On 670 pages 132 such dates can
only be month first, and none only day first. It stays a guess (``reads_two_ways``).
"""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, timedelta, timezone
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from search.text.languages import fold, normalise
from search.text.quantities import MONTH, MONTHS

_Day = TypeVar("_Day", bound=date)

_EARLIEST_YEAR = 1800
_WRITTEN = 2026
"""The year of this code: a clock that is further back is wrong, and no reason to refuse a date."""
_LONGEST = 200
"""Characters; no line that is a date comes near it."""

# Folded: "tháng Tư" is "thang tu".
_VIETNAMESE_MONTHS = {
    "gieng": 1, "mot": 1, "hai": 2, "ba": 3, "tu": 4, "bon": 4, "nam": 5, "sau": 6, "bay": 7,
    "tam": 8, "chin": 9, "muoi mot": 11, "muoi hai": 12, "muoi": 10, "chap": 12,
}  # fmt: skip
# RFC 2822 defines these; other names of zones mean different zones in different countries.
_ZONES = {
    "z": 0, "gmt": 0, "utc": 0, "ut": 0, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7,
    "mdt": -6, "pst": -8, "pdt": -7, "ict": 7,
}  # fmt: skip

_VIETNAMESE_MONTH = "|".join(sorted(_VIETNAMESE_MONTHS, key=len, reverse=True))
_DAY = r"(?P<d>\d{1,2})"
_YEAR = r"(?P<y>\d{4})"
_SHORT_YEAR = r"(?P<y>\d{4}|\d{2})"

_NUMBERS = re.compile(
    rf"(?<![\d/.]){_DAY} ?(?P<sep>[-/.]) ?(?P<m>\d{{1,2}}) ?(?P=sep) ?{_SHORT_YEAR}(?!\d)"
)
_DATES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?<!\d){_YEAR}(?P<sep>[-/.])(?P<m>\d{{1,2}})(?P=sep){_DAY}(?!\d)",
        rf"(?<!\d){_YEAR}(?P<m>\d\d)(?P<d>\d\d)(?=t?\d{{4}}(?:\d\d)?(?!\d)|(?!\d))",
        _NUMBERS.pattern,
        rf"(?<!\d){_DAY} ?(?:thang|th|thg) ?\.?(?P<m>\d{{1,2}})(?: ?[,/-] ?| )(?:nam )?{_YEAR}"
        r"(?!\d)",
        rf"(?<!\d){_DAY} ?thang (?P<vm>{_VIETNAMESE_MONTH})(?: ?[,/-] ?| )(?:nam )?{_YEAR}(?!\d)",
        rf"\b(?:thang|thg|th) ?\.?(?P<m>\d{{1,2}}) {_DAY},? (?:nam )?{_YEAR}(?!\d)",
        rf"\bthang (?P<vm>{_VIETNAMESE_MONTH}) {_DAY},? (?:nam )?{_YEAR}(?!\d)",
        rf"(?<!\d){_DAY}(?:st|nd|rd|th)?(?: of)?(?: ?[-/,.] ?| )?(?P<name>{MONTH})\b\.?"
        rf"(?: ?[-/,] ?| ){_SHORT_YEAR}(?!\d|:)",
        rf"\b(?P<name>{MONTH})\b\.? ?{_DAY}(?:st|nd|rd|th)?(?: ?, ?| ){_YEAR}(?!\d|:)",
        # asctime: the time stands between day and year
        rf"\b(?P<name>{MONTH}) {_DAY} (?P<between>\d\d:\d\d:\d\d(?: [a-z]{{1,4}})?) {_YEAR}"
        r"(?!\d)",
    )
)
_TIME = re.compile(
    r"(?<![\d:.])(?:\bt ?)?(?P<H>\d{1,2})"
    r"(?: ?(?::|h|g|gio|\.(?=\d\d ?(?:[ap]\.?m|gmt|bst|utc))) ?(?P<M>\d{2})(?: ?(?::|phut"
    r"|m) ?(?P<S>\d{2})(?:[.,]\d+)?)?(?: ?phut)?"
    r"|(?= ?(?:[ap]\.?m\b))|(?: ?(?:h|gio)(?![a-z\d])))"
    r"(?!\d)(?: ?(?P<half>[ap])\.? ?m\b\.?| ?(?P<vhalf>sa|ch|sang|trua|chieu|toi)\b)?"
)
_COMPACT_TIME = re.compile(r"^t?(?P<H>\d\d)(?P<M>\d\d)(?P<S>\d\d)?(?!\d)")
_HALF_OF_DAY = re.compile(r"\d ?[ap]\.? ?m\b")
_ZONE = re.compile(
    r"(?<!\S)(?P<bare>[+-]\d\d(?::?\d\d)?)(?![\d:])z?"
    r"|(?:\b|(?<=\d))(?:(?P<name>gmt|utc|ut|z|est|edt|cst|cdt|mst|mdt|pst|pdt|ict)\b)?"
    r"(?: ?(?P<sign>[+-])(?P<h>\d{1,2})(?::?(?P<m>\d\d))?(?![\d:]))?"
)
_PLACE = re.compile(
    r"\(?\b(?:Africa|America|Asia|Atlantic|Australia|Etc|Europe|Indian|Pacific)"
    r"(?:/[A-Za-z][A-Za-z_+-]{0,30}\d{0,2}){1,2}\b\)?"
)
# What may stand around a date without making it something else.
_AROUND = re.compile(
    r"\b(?:thu|t) ?(?:hai|ba|tu|nam|sau|bay|[2-7])\b|\bchu nhat\b|\bcn\b"
    r"|\b(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\b\.?"
    r"|\b(?:first |last )?(?:published|posted|updated|modified|created|released|date[ds]?)\b"
    r"|\b(?:dang|cap nhat|xuat ban|ngay|luc|vao|gio|phat hanh|dang luc|dang ngay|thoi gian)\b"
    r"|\b(?:on|at|the|of|time|local|et|pt|bst|ist|cet|cest|sgt|hkt|jst|aest|sast|wib|myt)\b"
    r"|\b\d+ ?(?:years?|months?|weeks?|days?|hours?|min(?:ute)?s?|views?|comments?|nam|thang|tuan"
    r"|gio|phut|luot xem|binh luan)(?: (?:ago|read|truoc|doc))?\b"
    r"|[\s,.;:|()\[\]·•–—/-]+"
)
_LATER = re.compile(r"\b(?:last )?(?:updated|modified)\b|\bcap nhat\b")
_PUBLISHED = re.compile(r"\b(?:(?:first )?(?:published|posted|created)|dang|xuat ban)\b")
# "UTCUpdated", "20247:55 AM": what copying leaves of elements without white space between them.
_GLUED_WORD = re.compile(
    r"(?<=[A-Z])(?=[A-Z][a-z])|(?<=[a-zà-ỹ])(?=[A-Z])|(?<=\d)(?=[A-Z][a-z]{2})"
)
_GLUED_TIME = re.compile(
    r"(?<=[ /.-]\d{4})"
    r"(?=\d{1,2}(?::\d\d| (?:year|month|week|day|hour|min|năm|tháng|ngày|giờ|phút)))"
)
_RELATIVE = re.compile(r"\b(?:today|yesterday|tomorrow|now|ago|hom nay|hom qua|truoc|vua xong)\b")


def parse_date(value: object, *, lang: str | None = None) -> str:
    """Read a published date.

    Args:
        value: Text in any of the usual forms, a date or datetime, or seconds or milliseconds
            since 1970 (UTC) as a number or digits.
        lang: Language of the text, where it is known; used only for forms that no rule here knows.

    Returns:
        ISO 8601: "2025-09-24" where no time was given, else "2025-09-24T08:30:00", with the offset
        at its end where one was given. No zone is ever assumed.

    Raises:
        ValueError: It is no full date, an impossible one, or one of a year before 1800 or beyond
            the year after next.
    """
    if isinstance(value, datetime):
        return _checked(value, value).replace(microsecond=0).isoformat()
    if isinstance(value, date):
        return _checked(value, value).isoformat()
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if not math.isfinite(value):  # JSON as Python reads it may hold Infinity and NaN
            raise _refused(value)
        if value == int(value):
            return _from_text(str(int(value)), value, lang)
        return _from_epoch(float(value), value)
    if isinstance(value, str):
        return _from_text(value, value, lang)
    raise _refused(value)


def reads_two_ways(value: object) -> bool:
    """Tell whether a date may be another day too, and which one it is was guessed by its clock."""
    found = _NUMBERS.search(fold(value)) if isinstance(value, str) else None
    return found is not None and (
        found["d"] != found["m"]
        and max(int(found["d"]), int(found["m"])) <= 12
        and _has_american_clock(found)
    )


def unambiguous(value: object) -> str:
    """Read a published date, but keep it as it is written where it ``reads_two_ways``.

    So that the guess is made, and told, where the article is taken in.

    Raises:
        ValueError: As in ``parse_date``.
    """
    read = parse_date(value)
    return str(value) if reads_two_ways(value) else read


def find_date(line: str) -> tuple[str, str] | None:
    """Find a full date in a short line, as pages show it above or under a story.

    Returns:
        The date (and time) in ISO 8601, and what else the line says, without labels such as
        "Published" or the day of the week; None where there is no date.
    """
    if len(line) > _LONGEST:
        return None
    spaced = _GLUED_TIME.sub(" ", _GLUED_WORD.sub(" ", normalise(line)))
    folded = " ".join(fold(spaced).split())
    folded = _of_publication(folded)
    for pattern in _DATES:
        if found := pattern.search(folded):
            try:
                day = _day(found, line)
                rest = f"{folded[: found.start()]} | {folded[found.end() :]}"
                moment, rest = _with_time(day, rest, folded[found.end() :], line)
            except ValueError:
                return None
            return moment, " ".join(_AROUND.sub(" ", rest).split())
    return None


def _from_text(text: str, value: object, lang: str | None) -> str:
    stripped = normalise(text).strip()
    if not stripped or len(stripped) > _LONGEST:
        raise _refused(value)
    try:
        return _from_rules(stripped, value)
    except _ImpossibleDateError:
        raise
    except ValueError:
        pass
    if re.fullmatch(r"-?\d{9,13}(?:\.\d+)?", stripped):
        return _from_epoch(float(stripped), value)
    return _from_library(stripped, value, lang)


class _ImpossibleDateError(ValueError):
    """It reads as a date, of a day that does not exist or is out of bounds."""


def _from_rules(text: str, value: object) -> str:
    if place := _PLACE.search(text):
        return _at_place(f"{text[: place.start()]} {text[place.end() :]}", place.group(), value)
    folded = " ".join(fold(normalise(text)).split())
    if not folded or len(folded) > _LONGEST:
        raise _refused(value)
    folded = _of_publication(folded)
    for pattern in _DATES:
        if found := pattern.search(folded):
            day = _day(found, value)
            between = found.groupdict().get("between") or ""
            rest = f"{folded[: found.start()]} | {between} {folded[found.end() :]}"
            moment, rest = _with_time(day, rest, folded[found.end() :], value)
            if _AROUND.sub(" ", rest).strip():
                raise _refused(value)  # it says more than a date
            return moment
    raise _refused(value)


def _at_place(text: str, place: str, value: object) -> str:
    """Read a date with a zone named as in IANA's database ("Asia/Ho_Chi_Minh").

    Where no zone is called so, the day alone is known: the hour would be another one.
    """
    written = _from_rules(text, value)
    moment = datetime.fromisoformat(written)
    if len(written) == len("2025-09-24") or moment.tzinfo is not None:
        return written
    try:
        return moment.replace(tzinfo=ZoneInfo(place.strip("()"))).isoformat()
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return moment.date().isoformat()


def _of_publication(folded: str) -> str:
    """Cut a text to what it says of its publication, where it says when it was updated too."""
    later = _LATER.search(folded)
    if later is None:
        return folded
    published = _PUBLISHED.search(folded, later.end())
    parts = [folded[: later.start()], folded[published.start() :] if published else ""]
    dated = (part for part in parts if any(pattern.search(part) for pattern in _DATES))
    return next(dated, folded)


def _day(found: re.Match[str], value: object) -> date:
    parts = found.groupdict()
    year, day = int(parts["y"]), int(parts["d"])
    if len(parts["y"]) == 2:
        century = _this_year() // 100 * 100
        year += century if century + year <= _this_year() + 2 else century - 100
    if name := parts.get("name"):
        month = MONTHS[name]
    elif name := parts.get("vm"):
        month = _VIETNAMESE_MONTHS[name]
    else:
        month = int(parts["m"])
        month_first = month > 12 or _has_american_clock(found)
        if month_first and day <= 12 and found.start("y") > found.start("m"):
            day, month = month, day
    try:
        found_day = date(year, month, day)
    except ValueError as error:
        raise _ImpossibleDateError(f"{_shown(value)} is no day of the calendar") from error
    return _checked(found_day, value)


def _has_american_clock(found: re.Match[str]) -> bool:
    """Tell whether numbers between slashes stand with a time of AM or PM."""
    return found.groupdict().get("sep") == "/" and _HALF_OF_DAY.search(found.string) is not None


def _with_time(day: date, rest: str, after: str, value: object) -> tuple[str, str]:
    """Add to a day the time and offset that the rest of the text gives; return what is left."""
    compact = _COMPACT_TIME.match(after)
    time = compact or _TIME.search(rest)
    if time is None:
        return day.isoformat(), _without_zone(rest)[0]
    parts = time.groupdict()
    if compact:
        rest = rest.replace(compact.group(), " ", 1)
    else:
        rest = rest[: time.start()] + " " + rest[time.end() :]
    hour, minute, second = (int(parts[name] or 0) for name in ("H", "M", "S"))
    half, vietnamese_half = parts.get("half"), parts.get("vhalf")
    if half and 1 <= hour <= 12:
        hour = hour % 12 + (12 if half == "p" else 0)
    elif vietnamese_half in ("ch", "chieu", "toi") and 1 <= hour <= 11:
        hour += 12
    rest, offset = _without_zone(rest)
    try:
        moment = datetime(
            day.year, day.month, day.day, hour, minute, min(second, 59), tzinfo=offset
        )
    except ValueError as error:
        raise _ImpossibleDateError(f"{_shown(value)} has an impossible time") from error
    return moment.isoformat(), rest


def _without_zone(rest: str) -> tuple[str, timezone | None]:
    for found in _ZONE.finditer(rest):
        name, sign, bare = found["name"], found["sign"], found["bare"]
        if not (name or sign or bare):
            continue
        offset = timedelta(hours=_ZONES[name] if name else 0)
        if bare:
            minutes = bare[3:].lstrip(":") or "0"  # PostgreSQL writes "+07"
            sign, given = bare[0], timedelta(hours=int(bare[1:3]), minutes=int(minutes))
        elif sign:
            given = timedelta(hours=int(found["h"]), minutes=int(found["m"] or 0))
        if sign:
            offset = given if sign == "+" else -given
        if abs(offset) > timedelta(hours=14):
            continue
        return rest[: found.start()] + " " + rest[found.end() :], timezone(offset)
    return rest, None


def _from_epoch(number: float, value: object) -> str:
    """Read seconds since 1970, or milliseconds where seconds would lie thousands of years ahead."""
    seconds = number / 1000 if abs(number) >= 1e11 else number
    if abs(seconds) < 1e8:  # before 1973: a plain number, far likelier than a moment
        raise _refused(value)
    try:
        moment = datetime.fromtimestamp(int(seconds), tz=UTC)
    except (OverflowError, OSError, ValueError) as error:
        raise _refused(value) from error
    return _checked(moment, value).isoformat()


def _from_library(text: str, value: object, lang: str | None) -> str:
    """Read by dateparser what no rule above knows, held to full and absolute dates.

    Raises:
        ValueError: As in ``parse_date``.
    """
    folded = fold(text)
    if not re.search(r"(?<!\d)(?:1[89]|20)\d\d(?!\d)", folded) or _RELATIVE.search(folded):
        raise _refused(value)
    if len(re.findall(r"\d+", folded)) < 2:  # a year alone, or a month and a year
        raise _refused(value)
    import dateparser  # costs a tenth of a second, and few texts need it

    moment = dateparser.parse(
        text,
        languages=[lang] if lang in ("vi", "en") else ["vi", "en"],
        settings={
            "STRICT_PARSING": True,
            "REQUIRE_PARTS": ["day", "month", "year"],
            "DATE_ORDER": "DMY",
            "PARSERS": ["absolute-time"],
        },
    )
    if moment is None or str(moment.year) not in folded:
        raise _refused(value)
    _checked(moment, value)
    with_time: datetime = moment.replace(microsecond=0)
    return with_time.isoformat() if ":" in text else with_time.date().isoformat()


def _this_year() -> int:
    return max(_WRITTEN, datetime.now(tz=UTC).year)


def _checked(day: _Day, value: object) -> _Day:
    if not _EARLIEST_YEAR <= day.year <= _this_year() + 2:
        raise _ImpossibleDateError(f"{_shown(value)} lies in the year {day.year}")
    return day


def _shown(value: object) -> str:
    text = str(value)
    return repr(text if len(text) <= 60 else f"{text[:60]}…")


def _refused(value: object) -> ValueError:
    return ValueError(f"{_shown(value)} is no full date: write it as 2025-09-24")
