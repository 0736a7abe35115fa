"""Which language an article is in: as it is declared, as it is written; a third one is refused."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from search.errors import ExtractionError
from search.languages import LANGUAGES, fold

_LEAST_CHARACTERS = 60  # of a text whose language can be told from a hundred others
_SAMPLE = 1_000
_SURE = 0.8
_DOUBTFUL = 0.3
_NO_LANGUAGES = ("und", "mul", "zxx", "mis", "root")  # unknown, several, none, uncoded
_ENGLISH_TOO = {"pcm"}  # Nigerian Pidgin: what tables of numbers in English are taken for


def language_of(given: str, text: str, warnings: list[str]) -> str:
    """The code in ``LANGUAGES`` of an article's language.

    Args:
        given: What the article says: a code of any standard, or a name in English or Vietnamese.
        text: Its title and text.
        warnings: Gets a line where the language was detected although one was given, or is a guess.

    Raises:
        ExtractionError: It says, or is written in, a language that Songngu does not read.
    """
    code = _code_of(given) if given else None
    if code is not None and code not in LANGUAGES:
        raise ExtractionError(
            f"lang is {given[:40]!r}, and Songngu reads {', '.join(LANGUAGES)}:"
            " leave lang out to have it detected"
        )
    if (other := _third_language(text)) is not None:
        raise ExtractionError(f"the text is in {other}, and Songngu reads {', '.join(LANGUAGES)}")
    if code is not None:
        return code
    from search.detection import detect  # its tables are loaded only when they are needed

    found = detect(text)
    if given:
        warnings.append(f"lang: {given[:40]!r} is no language known; read as {found.lang}")
    elif found.confidence < _DOUBTFUL:
        warnings.append(f"lang: not given and not certain from the text; read as {found.lang}")
    return found.lang


def _code_of(given: str) -> str | None:
    """ISO 639-1 of a code (``vie``, ``vi_VN.UTF-8``) or a name; None if it is neither."""
    name = " ".join(given.casefold().split())
    first = re.split(r"[-_.@]", name)[0]
    if first in LANGUAGES:
        return first
    return _names().get(name) or _names().get(first)


@cache
def _names() -> dict[str, str]:
    """Codes and names of languages, in small letters → their shortest codes."""
    from babel import Locale
    from babel.core import get_global

    english, vietnamese = dict(Locale("en").languages), dict(Locale("vi").languages)
    for code in _NO_LANGUAGES:
        english.pop(code, None)
        vietnamese.pop(code, None)
    names = {code: code for code in english}
    names |= {old: new for old, new in get_global("language_aliases").items() if new in english}
    for code, name in [*english.items(), *vietnamese.items()]:
        plain = name.casefold()
        names |= dict.fromkeys((plain, plain.removeprefix("tiếng ")), code)
    names |= {language.endonym.casefold(): code for code, language in LANGUAGES.items()}
    return names | {fold(name): code for name, code in names.items()}


def _third_language(text: str) -> str | None:
    """The language of a text that is surely in none of ours, as a reader calls it, else None."""
    sample = text[:_SAMPLE]
    letters = [char for char in sample if char.isalpha()]
    if sum(map(_is_no_latin, letters)) > 0.5 * len(letters):
        return "another script than Latin"
    if len(sample) < _LEAST_CHARACTERS:
        return None
    code, probability = _identifier().classify(sample)
    if code in LANGUAGES or code in _ENGLISH_TOO or probability < _SURE:
        return None
    from babel import Locale

    return str(Locale("en").languages.get(code, code))


def _is_no_latin(letter: str) -> bool:
    return letter > "\u024f" and not "\u1e00" <= letter <= "\u1eff"


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
