"""Numbers as a text writes them, in digits or in words: "86.000", "fourteen", "hai mươi tư".

``quantities`` reads what finds a story; this reads everything that says how many, so that two
tellings of one story can be checked against each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

_DIGITS = re.compile(r"(?:(?<!\w)|(?<=\dh))\d+(?:[.,]\d+)*")
_GROUPED = re.compile(r"\d{1,3}(?:([.,])\d{3})+")
_SCALE_AFTER = re.compile(
    r"[ \n-]?(?:(?P<k>k)|(?P<m>mn?|mln|tr)|(?P<b>b|bn))(?!\w)|-?(?:st|nd|rd|th|s)(?!\w)"
)
_HOUR_AFTER = re.compile(r"[:h.](?P<minute>[0-5]\d)(?!\d)")
_HALF_DAY_AFTER = re.compile(r"\s?(?P<half>[ap])\.?\s?m\b", re.IGNORECASE)
_LATE_AFTER = re.compile(r"(?:\s?giờ|\s?h)(?:\s?\d\d?)?(?:\s?phút)?\s(?:chiều|tối|đêm)")
_ROMAN_NUMERAL = re.compile(
    r"(?:thế kỷ|thế kỉ)(?: thứ)? (?P<century>[IVX]+)(?!\w)"
    r"|(?<!\w)(?P<alone>II|III|IV|VI{1,3}|IX|XI{1,3}|XIV|XVI{0,3}|XIX|XXI?)(?!\w)"
)
_LETTERS = {"I": 1, "V": 5, "X": 10}

_ENGLISH_UNITS = {
    name: number
    for number, name in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
        " fifteen sixteen seventeen eighteen nineteen".split()
    )
}
_ENGLISH_TENS = {
    name: 10 * number
    for number, name in enumerate(
        "twenty thirty forty fifty sixty seventy eighty ninety".split(), 2
    )
}
_ENGLISH_SCALES = {
    "hundred": 100,
    "thousand": 1000,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
}
_ENGLISH_ALONE = {
    name: number
    for number, names in {
        1: "once first single",
        2: "second both twice pair couple double two-thirds half",
        3: "third triple thrice thirds trio",
        4: "fourth quarter quarters fourths quarterly",
        5: "fifth fifths",
        6: "sixth",
        7: "seventh",
        8: "eighth eighths",
        9: "ninth",
        10: "tenth tenths decade decades",
        11: "eleventh",
        12: "twelfth dozen dozens",
        13: "thirteenth",
        14: "fourteenth fortnight",
        15: "fifteenth",
        16: "sixteenth",
        17: "seventeenth",
        18: "eighteenth",
        19: "nineteenth",
        20: "twentieth",
        30: "thirtieth",
        100: "century centuries hundredth hundreds centennial",
        1000: "thousands thousandth millennium",
        10**6: "millions",
        10**9: "billions",
    }.items()
    for name in names.split()
}
_VIETNAMESE_UNITS = {
    "không": 0,
    "một": 1,
    "mốt": 1,
    "hai": 2,
    "ba": 3,
    "bốn": 4,
    "tư": 4,
    "năm": 5,
    "lăm": 5,
    "nhăm": 5,
    "sáu": 6,
    "bảy": 7,
    "bẩy": 7,
    "tám": 8,
    "chín": 9,
    "mười": 10,
}
_VIETNAMESE_SCALES = {
    "mươi": 10,
    "chục": 10,
    "trăm": 100,
    "nghìn": 1000,
    "ngàn": 1000,
    "vạn": 10_000,
    "triệu": 10**6,
    "tỷ": 10**9,
    "tỉ": 10**9,
}
_VIETNAMESE_ALONE = {
    "nhất": 1,
    "đầu": 1,
    "nhì": 2,
    "đôi": 2,
    "cặp": 2,
    "nửa": 2,
    "tá": 12,
    "thập": 10,
    "chục": 10,
    "quý": 4,
    "rưỡi": 2,
    "thế": 100,
    "nghìn": 1000,
    "ngàn": 1000,
    "triệu": 10**6,
    "tỷ": 10**9,
    "trăm": 100,
}
_WORD = re.compile(r"[^\W\d_]+")
_TY_IN_A_WORD = re.compile(r"(?<= )[tT](?=[ỷỉ] (?:lệ|số|giá|trọng|phú|suất))")
_LEAST_CLAIM = 11
"""A smaller number in words may be another word: "one", "năm" (five, year), "ba" (three, dad)."""


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number in a text.

    Attributes:
        start, end: Offsets in the text.
        values: What it may be: "1.234" is 1234 or 1.234; "5 p.m." is 5 or 17.
        sure: Whether it is surely a number; a word such as "one" or "năm" may be another.
    """

    start: int
    end: int
    values: frozenset[Decimal]
    sure: bool


def numerals(text: str, lang: str) -> Iterator[Numeral]:
    """Find the numbers of a text, those in digits first; the text should be NFC."""
    yield from _in_digits(text)
    yield from (_english_words if lang == "en" else _vietnamese_words)(text)


def _in_digits(text: str) -> Iterator[Numeral]:
    for match in _DIGITS.finditer(text):
        run, start, end = match.group(), match.start(), match.end()
        values = _readings(run)
        after = _SCALE_AFTER.match(text, end)
        if after and after.group().strip("- \n"):
            power = 3 if after["k"] else 6 if after["m"] else 9 if after["b"] else 0
            values |= {value.scaleb(power) for value in values}
            end = after.end()
        if end < len(text) and text[end].isalpha() and not re.match(r"h\d|h(?!\w)|%", text[end:]):
            continue  # a code: 5G, 20A
        half = _HALF_DAY_AFTER.match(text, end) or _LATE_AFTER.match(text, end)
        minute = _HOUR_AFTER.match(text, match.end())
        half = half or (minute and _HALF_DAY_AFTER.match(text, minute.end()))
        if half and half.groupdict().get("half", "p").lower() == "p" and run.isdigit():
            values |= {Decimal(int(run) + 12)}
        at_minutes = text[start - 1 : start] == ":" and run == "00"
        yield Numeral(start, end, frozenset(values), not at_minutes)
    for match in _ROMAN_NUMERAL.finditer(text):
        letters = [_LETTERS[letter] for letter in match["century"] or match["alone"]]
        value = sum(
            -n if after > n else n for n, after in zip(letters, [*letters[1:], 0], strict=True)
        )
        yield Numeral(match.start(), match.end(), frozenset({Decimal(value)}), False)


def _readings(run: str) -> set[Decimal]:
    """The values that a run of digits may have, whichever sign is the decimal one."""
    signs = [c for c in run if not c.isdigit()]
    values = set()
    if not signs or _GROUPED.fullmatch(run):
        values.add(Decimal(re.sub(r"[.,]", "", run)))
    if len(signs) == 1:
        values.add(Decimal(run.replace(",", ".")))
    if len(set(signs)) == 2 and signs.count(signs[-1]) == 1:
        whole, _, part = run.rpartition(signs[-1])
        values.add(Decimal(f"{re.sub('[.,]', '', whole)}.{part}"))
    return {value.normalize() for value in values} or {
        Decimal(part) for part in re.split(r"[.,]", run)
    }


def _runs(text: str, known: frozenset[str], joints: str) -> Iterator[list[re.Match[str]]]:
    """Runs of number words, with nothing but ``joints`` between them."""
    run: list[re.Match[str]] = []
    for word in _WORD.finditer(text):
        if run and not re.fullmatch(joints, text[run[-1].end() : word.start()]):
            yield run
            run = []
        if word.group().lower() in known:
            run.append(word)
        elif run:
            yield run
            run = []
    if run:
        yield run


_ENGLISH = frozenset({*_ENGLISH_UNITS, *_ENGLISH_TENS, *_ENGLISH_SCALES, *_ENGLISH_ALONE, "and"})
_VIETNAMESE = frozenset({*_VIETNAMESE_UNITS, *_VIETNAMESE_SCALES, "lẻ", "linh"})


def _english_words(text: str) -> Iterator[Numeral]:
    for run in _runs(text, _ENGLISH, r"[ -]"):
        while run and run[0].group().lower() == "and":
            run = run[1:]
        while run and run[-1].group().lower() == "and":
            run = run[:-1]
        if not run:
            continue
        total = part = 0
        alone = None
        for word in run:
            name = word.group().lower()
            if name in _ENGLISH_ALONE:
                alone = _ENGLISH_ALONE[name]
                part += alone
                yield Numeral(word.start(), word.end(), frozenset({Decimal(alone)}), False)
            elif name in _ENGLISH_SCALES:
                scale = _ENGLISH_SCALES[name]
                if scale == 100:
                    part = (part or 1) * scale
                else:
                    total, part = total + (part or 1) * scale, 0
            else:
                number = {**_ENGLISH_UNITS, **_ENGLISH_TENS}.get(name, 0)
                part += number
        value = total + part
        sure = value >= _LEAST_CLAIM and alone is None and "and" not in (w.group() for w in run)
        sure = sure and run[0].group().lower() not in _ENGLISH_SCALES
        yield Numeral(run[0].start(), run[-1].end(), frozenset({Decimal(value)}), sure)


def _is_year(run: list[re.Match[str]]) -> bool:
    """Whether the last "năm" of a run counts years: five is "lăm" there, but after "lẻ"."""
    return run[-1].group() == "năm" and run[-2].group().lower() not in ("lẻ", "linh")


def _vietnamese_words(text: str) -> Iterator[Numeral]:
    for run in _runs(_TY_IN_A_WORD.sub("-", text), _VIETNAMESE, r" "):
        while len(run) > 1 and _is_year(run):
            run = run[:-1]
        total = part = unit = 0
        for word in run:
            name = word.group().lower()
            if name in _VIETNAMESE_SCALES:
                scale = _VIETNAMESE_SCALES[name]
                if scale <= 100:
                    part, unit = part + (unit or 1) * scale, 0
                else:
                    total, part, unit = total + (part + unit or 1) * scale, 0, 0
            elif name == "mười":
                part += 10
            elif name not in ("lẻ", "linh"):
                part, unit = part + (unit if unit and not part % 10 else 0), _VIETNAMESE_UNITS[name]
        value = total + part + unit
        first = run[0].group().lower()
        sure = len(run) > 1 and value >= _LEAST_CLAIM and first not in _VIETNAMESE_SCALES
        yield Numeral(run[0].start(), run[-1].end(), frozenset({Decimal(value)}), sure)
        if len(run) > 1:
            for word in run:
                if (number := _VIETNAMESE_UNITS.get(word.group().lower())) is not None:
                    yield Numeral(word.start(), word.end(), frozenset({Decimal(number)}), False)
    for word in _WORD.finditer(text):
        if (number := _VIETNAMESE_ALONE.get(word.group().lower())) is not None:
            yield Numeral(word.start(), word.end(), frozenset({Decimal(number)}), False)
