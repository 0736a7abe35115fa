"""Which words of a query are written alike in every language: names, numbers, acronyms.

They are evidence in the other language's stories; common syllables that merely look alike ("the",
"an", "can", "do") are not. Where capitals tell nothing, since there are none or only capitals, the
bundled counts tell names: how often a Vietnamese syllable has a capital inside a sentence, and how
much commoner a word is among the foreign words of Vietnamese news than in English.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from search.text.detection import english_share, foreign_share
from search.text.languages import LANGUAGES, Token, fold
from search.text.syllable_model import SyllableModel
from search.text.syllables import is_syllable

_COMMON_ENGLISH = 1e-4  # share of all English words from which on a syllable looks like that word
_RARE_ENGLISH = 5e-6  # below it, a word is mostly a name
_FOREIGN = 1.6  # times commoner among the foreign words of Vietnamese news than in English
_NAME_SHARE = 0.4  # of a syllable's places inside sentences, those where it has a capital


def written_alike(
    typed: Sequence[Token], meant: Sequence[Token], *, text: str, lang: str
) -> list[bool]:
    """Say for each token of a query whether other languages write it the same way.

    Args:
        typed: The tokens of ``text``.
        meant: As many, with their diacritics restored.
        lang: The language that the query is in.
    """
    shown = [text[token.start : token.end] for token in typed]
    capital = [word[0].isupper() for word in shown]
    letters = [i for i, word in enumerate(shown) if word[0].isalpha()]
    headline = len(letters) > 1 and all(shown[i].isupper() for i in letters)
    telling = any(capital) and not headline
    found = [
        _by_itself(word, token, lang=lang, named=telling and _named(capital, i), telling=telling)
        for i, (word, token) in enumerate(zip(shown, meant, strict=True))
    ]
    if telling:
        return found
    return [
        is_found
        or (
            0 < i < len(found) - 1
            and found[i - 1]
            and found[i + 1]
            and all(is_syllable(meant[j].folded) for j in (i - 1, i, i + 1))
            and not _looks_common(meant[i].folded)
        )
        for i, is_found in enumerate(found)
    ]


def beside_names(typed: Sequence[Token], alike: Sequence[bool]) -> set[str]:
    """Find the folded syllables that may complete a name they stand beside: "Long" of "Hạ Long"."""
    padded = [False, *alike, False]
    return {
        token.folded
        for i, token in enumerate(typed)
        if (padded[i] or padded[i + 2]) and is_syllable(token.folded)
    }


def _named(capital: Sequence[bool], i: int) -> bool:
    """Tell whether a capital is a name's.

    At the beginning of a query a capital says nothing, unless the next word has one too or there is
    no other word.
    """
    return capital[i] and (i > 0 or len(capital) == 1 or capital[1])


def _by_itself(shown: str, token: Token, *, lang: str, named: bool, telling: bool) -> bool:
    if any(c.isdigit() for c in token.exact):
        return True
    if telling and len(shown) > 1 and shown.isupper():
        return True  # an acronym: WHO
    folded = token.folded
    if token.exact in LANGUAGES[lang].stop_words or folded in _stop_words():
        return False
    if not is_syllable(folded):
        if lang == "vi":
            return named or len(folded) > 1  # in Vietnamese it is a foreign word
        english = english_share(folded)
        return named or english < _RARE_ENGLISH or foreign_share(folded) > _FOREIGN * english
    if lang != "vi":
        return named or english_share(folded) < _RARE_ENGLISH
    if _looks_common(folded):
        return False
    return named if telling else _name_share(token.exact) >= _NAME_SHARE


def _looks_common(folded: str) -> bool:
    return english_share(folded) >= _COMMON_ENGLISH or folded in _stop_words()


def _name_share(form: str) -> float:
    model = SyllableModel.bundled()
    number = model.table.numbers.get(form)
    return float(model.capital_share[number]) if number is not None else 1.0


@lru_cache(maxsize=1)
def _stop_words() -> frozenset[str]:
    """Collect the stop words of languages without marks: what a folded syllable may be."""
    return frozenset(
        fold(word)
        for language in LANGUAGES.values()
        if not language.marks_tell_words_apart
        for word in language.stop_words
    )
