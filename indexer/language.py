"""Which language an article is in: as it is declared, as it is written; a third one is refused."""

from __future__ import annotations

import re
from functools import cache

from search.errors import ExtractionError, NotAnArticleError
from search.text.languages import LANGUAGES, fold

_DOUBTFUL = 0.3
_NO_LANGUAGES = ("und", "mul", "zxx", "mis", "root")  # unknown, several, none, uncoded


def language_of(given: str, text: str, warnings: list[str]) -> str:
    """Determine an article's language, a code in ``LANGUAGES``.

    Args:
        given: What the article says: a code of any standard, or a name in English or Vietnamese.
        text: Its title and text.
        warnings: Gets a line where the language was detected although one was given, or is a guess.

    Raises:
        NotAnArticleError: The text is in a language that Songngu does not read.
        ExtractionError: Such a one is given.
    """
    from search.text.detection import detect, is_third_language  # their tables load when needed

    code = _code_of(given) if given else None
    if code is not None and code not in LANGUAGES:
        raise ExtractionError(
            f"lang is {given[:40]!r}, and Songngu reads {', '.join(LANGUAGES)}:"
            " leave lang out to have it detected"
        )
    foreign = is_third_language(text)
    if code is not None:
        if foreign:
            warnings.append(f"lang: given as {code}, but the text is in another language")
        return code
    if foreign:
        raise NotAnArticleError(
            f"the text is in a third language, and Songngu reads {', '.join(LANGUAGES)}:"
            " give lang where that is wrong"
        )
    found = detect(text)
    if given:
        warnings.append(f"lang: {given[:40]!r} is no language known; read as {found.lang}")
    elif found.confidence < _DOUBTFUL:
        warnings.append(f"lang: not given and not certain from the text; read as {found.lang}")
    return found.lang


def _code_of(given: str) -> str | None:
    """Find the ISO 639-1 code of a code (``vie``, ``vi_VN.UTF-8``) or name; None without one."""
    name = " ".join(given.casefold().split())
    first = re.split(r"[-_.@]", name)[0]
    if first in LANGUAGES:
        return first
    return _names().get(name) or _names().get(first)


@cache
def _names() -> dict[str, str]:
    """Map codes and names of languages, in small letters, to their shortest codes."""
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
