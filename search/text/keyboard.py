"""Reads Telex and VNI that an input method left undone: ``vieejt``, ``Vie6t5`` → ``việt``."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from search.text.detection import is_word
from search.text.languages import fold
from search.text.syllable_model import SyllableModel
from search.text.syllables import is_syllable

_WORD = re.compile(r"[^\W\d_][^\W_]*")
_MAY_HAVE_KEYS = re.compile(r"[a-z][1-9]|[aeiouy][a-z]{0,12}[sfrxjd]|w|aa|ee|oo|dd")
_LONGEST = 12
"""Letters and keys of a syllable; a longer word is none."""
_VOWELS = frozenset("aeiouy")

_CIRCUMFLEX, _BREVE, _HORN, _STROKE = "\u0302", "\u0306", "\u031b", "\u0335"
_TELEX_TONES = dict(zip("sfrxj", "\u0301\u0300\u0309\u0303\u0323", strict=True))
_VNI_TONES = dict(zip("12345", "\u0301\u0300\u0309\u0303\u0323", strict=True))
_TONES = frozenset(_VNI_TONES.values())

_LEAST_COUNT = 20  # occurrences of a syllable in the counted news
_VERY_COMMON = 2000
_PLAIN_COUNT = 50  # from here on a token is a syllable as it stands
_LEAST_TYPED = 3  # decoded tokens that show that a whole text is typed so
_ENOUGH = 2.0  # evidence in the whole text that keys were left in it
_CLOSE = 0.01  # or: how probable one neighbour makes a single doubtful token


_DOUBLED = re.compile(r"(?<!\w)d{2}(?P<rest>\w{1,6})(?!\w)", re.IGNORECASE)


@dataclass
class _Keys:
    """What the keys of one token say.

    Attributes:
        letters: The letters without the keys, as typed.
        marks: By place of a letter, the mark on it.
        tone: The tone; empty where none was typed.
        evidence: How unlike ordinary writing the token is.
    """

    letters: list[str] = field(default_factory=list)
    marks: dict[int, str] = field(default_factory=dict)
    tone: str = ""
    evidence: float = 0.0

    @property
    def base(self) -> str:
        """The letters in lower case."""
        return "".join(self.letters).lower()

    @property
    def has_vowel(self) -> bool:
        """Whether a vowel was typed yet."""
        return not _VOWELS.isdisjoint(self.base)

    def mark(self, mark: str, on: str) -> bool:
        """Put a mark on the last unmarked letter of ``on``; False where there is none.

        A horn on o takes the u before it along: "uo" is never marked in one half only.
        """
        base = self.base
        for place in range(len(base) - 1, -1, -1):
            if base[place] in on and place not in self.marks:
                self.marks[place] = mark
                if mark == _HORN and base[place] == "o" and place and base[place - 1] == "u":
                    self.marks[place - 1] = mark
                return True
        return False


def _with_stroke(match: re.Match[str]) -> str:
    """ "ddội" with its đ: the input method took the marks and missed the beginning."""
    rest = match["rest"]
    if rest.isascii() or not is_syllable(fold(f"d{rest}")):
        return match[0]
    return ("Đ" if match[0][0].isupper() else "đ") + rest


def decode_typing(text: str) -> str:
    """Replace the keys of Telex and VNI in a text by the marks they stand for.

    Only tokens change whose decoded form is a Vietnamese syllable and that are no words or codes
    as typed; and only where the whole text, or a neighbour, shows that keys were left in it.

    >>> decode_typing("ddaji hojc Viet5 Nam")
    'đại học Việt Nam'
    """
    text = _DOUBLED.sub(_with_stroke, text)
    if not _MAY_HAVE_KEYS.search(text.lower()):
        return text
    words = list(_WORD.finditer(text))
    readings = [_read(word.group()) for word in words]
    evidence = sum(reading[1] for reading in readings if reading)
    decoded = sum(reading is not None for reading in readings)
    if decoded >= _LEAST_TYPED and 2 * decoded >= len(words):
        # All of it is typed so: "cos" is the syllable here, not the word.
        readings = [
            reading or _read(word.group(), throughout=True)
            for word, reading in zip(words, readings, strict=True)
        ]
    pieces, last = [], 0
    for i, (word, reading) in enumerate(zip(words, readings, strict=True)):
        if reading is None:
            continue
        if evidence < _ENOUGH:
            before = words[i - 1].group() if i else ""
            after = words[i + 1].group() if i + 1 < len(words) else ""
            if not _fits(reading[0].lower(), before, after):
                continue
        pieces += [text[last : word.start()], reading[0]]
        last = word.end()
    return "".join([*pieces, text[last:]])


@lru_cache(maxsize=1 << 12)
def _read(token: str, *, throughout: bool = False) -> tuple[str, float] | None:
    """Decode one token: (token, evidence); None for a token that is to stay.

    Where the text is typed so ``throughout``, words that are also common syllables do not stay.
    """
    table = SyllableModel.bundled().table
    if not token.isascii() or len(token) > _LONGEST:
        return None
    plain = table.numbers.get(token.lower(), 0)
    if (plain and table.counts[plain] >= _PLAIN_COUNT) or (
        not throughout and is_word(token.lower())
    ):
        return None
    digits = any(c.isdigit() for c in token)
    keys = _vni(token) if digits else _telex(token)
    if keys is None or not (keys.marks or keys.tone):
        return None
    form = _form(keys, complete=digits)
    if form is None or (throughout and table.counts[table.numbers[form]] < _VERY_COMMON):
        return None
    if len(keys.letters) == 1 and not throughout and (digits or keys.evidence < _ENOUGH):
        return None  # "A1", "E16" and "os" are codes and words
    pairs = zip(form, keys.letters, strict=True)
    return "".join(f.upper() if typed.isupper() else f for f, typed in pairs), keys.evidence


def _telex(token: str) -> _Keys | None:
    """Read the keys of Telex: s f r x j for tones, w, doubled a e o d for the other marks."""
    keys = _Keys()
    for letter in token:
        key = letter.lower()
        base = keys.base
        if key in _TELEX_TONES and keys.has_vowel:
            if keys.tone:
                return None
            keys.tone = _TELEX_TONES[key]
            keys.evidence += 1.0
        elif key == "w":
            if not keys.mark(_BREVE if base.endswith("a") else _HORN, "aou"):
                keys.letters.append("U" if letter.isupper() else "u")
                keys.marks[len(base)] = _HORN
            elif keys.marks.get(base.rfind("a")) == _HORN:
                keys.marks[base.rfind("a")] = _BREVE
            keys.evidence += 1.5
        elif key in "aeo" and base.endswith(key) and len(base) - 1 not in keys.marks:
            keys.marks[len(base) - 1] = _CIRCUMFLEX
            keys.evidence += 1.0
        elif key == "d" and base.startswith("d") and 0 not in keys.marks:
            keys.marks[0] = _STROKE
            keys.evidence += 2.0 if len(base) == 1 else 1.0
        else:
            if keys.tone:
                keys.evidence += 0.5  # a tone in the middle: "hojc"
            keys.letters.append(letter)
    return keys


def _vni(token: str) -> _Keys | None:
    """Read the keys of VNI: 1 to 5 for tones, 6 to 9 for the other marks."""
    keys = _Keys()
    for letter in token:
        if not letter.isdigit():
            if keys.tone or keys.marks:
                keys.evidence += 0.5  # a digit in the middle: "d9ai5"
            keys.letters.append(letter)
            continue
        keys.evidence += 1.0
        if letter in _VNI_TONES and keys.has_vowel and not keys.tone:
            keys.tone = _VNI_TONES[letter]
        elif letter == "9" and keys.base.startswith("d") and 0 not in keys.marks:
            keys.marks[0] = _STROKE
        elif not (
            (letter == "6" and keys.mark(_CIRCUMFLEX, "aeo"))
            or (letter == "7" and keys.mark(_HORN, "ou"))
            or (letter == "8" and keys.mark(_BREVE, "a"))
        ):
            return None
    return keys


def _form(keys: _Keys, *, complete: bool) -> str | None:
    """Find the known syllable with these letters and marks.

    Where ``complete``, and there is none, marks may have been left out: "Viet5".
    """
    table = SyllableModel.bundled().table
    completed = None
    for number in table.by_folded.get(keys.base, ()):  # commonest first
        form = table.forms[number - 1]
        if int(table.counts[number]) < _LEAST_COUNT:
            break
        marks, tone = _marks(form)
        if tone == keys.tone and marks == keys.marks:
            return form
        if tone == keys.tone and keys.marks.items() <= marks.items():
            completed = completed or form
    return completed if complete else None


@lru_cache(maxsize=1 << 13)
def _marks(form: str) -> tuple[dict[int, str], str]:
    """Split a syllable's marks: (marks by place, tone)."""
    marks, tone = {}, ""
    for place, letter in enumerate(form):
        if letter == "đ":
            marks[place] = _STROKE
        for mark in unicodedata.normalize("NFD", letter)[1:]:
            if mark in _TONES:
                tone = mark
            else:
                marks[place] = mark
    return marks, tone


def _fits(form: str, before: str, after: str) -> bool:
    """Tell whether a neighbour makes a syllable probable."""
    model = SyllableModel.bundled()
    table = model.table
    number = np.array([table.numbers[form]])

    def forms(word: str) -> Iterator[np.ndarray[tuple[int, ...], np.dtype[np.int64]]]:
        exact = table.numbers.get(word.lower())
        found = table.by_folded.get(fold(word), ()) if word.isascii() else ()
        numbers = found or ((exact,) if exact is not None else ())
        if numbers:
            yield np.array(numbers[:8], np.int64)

    return any(model.after_one(others, number).max() >= _CLOSE for others in forms(before)) or any(
        model.after_one(number, others).max() >= _CLOSE for others in forms(after)
    )
