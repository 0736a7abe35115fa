"""Which language a text is in, and whether Vietnamese was typed with its diacritics."""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Literal

import numpy as np
import numpy.typing as npt

from search.text.languages import LANGUAGES, Token, has_marks, tokens
from search.text.syllables import is_syllable

Accents = Literal["full", "partial", "none"]

_MOST_WORDS = 150  # of a long text: more say nothing new
_MOST_LETTERS = 1000
_FEWEST_LETTERS, _FEWEST_WORDS = 20, 15  # by which a third language is told
_DOUBTFUL_PLAIN = 0.12  # an unmarked syllable is rarely meant so below this share
_SURELY_PLAIN = 0.95
_VIETNAMESE_MARKS = frozenset("ăđơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹĩũ")

# Two hidden states for each language: its own words, and words of elsewhere. Vietnamese news has a
# word that is no syllable every sixteenth time; English about Viet Nam has names of many syllables.
_TO_FOREIGN, _STAY_FOREIGN, _FIRST_FOREIGN = 0.06, 0.4, 0.06
_TO_NAME, _STAY_NAME, _FIRST_NAME = 0.03, 0.7, 0.06

# The foreign words of Vietnamese news are mostly as much at home in English ("premier league"),
# of which the counted text is older.
_SHARED = 0.3
_UNSEEN_WORD = 3e-8  # share of any one word that was never counted: in English
_UNSEEN_FOREIGN = 1.5e-7  # among the foreign words of Vietnamese text
_UNSEEN_SYLLABLE = 1e-8
_NEVER = 1e-12
_DISCOUNT = 0.75

_CAPITAL_FOREIGN, _CAPITAL_ENGLISH, _CAPITAL_NAME = 0.7, 0.15, 0.97
_MARKED_SYLLABLE, _MARKED_NAME, _MARKED_SMALL_NAME = 0.5, 0.2, 0.002
_MARKED_OTHER, _MARKED_ONLY_VIETNAMESE = 1e-3, 1e-6


@dataclass(frozen=True, slots=True)
class Detection:
    """How a text was read.

    Attributes:
        lang: A code in ``LANGUAGES``.
        confidence: 0 (a guess) to 1.
        accents: For Vietnamese: "full" when no mark is missed, "none" when no word carries one
            though some should, "partial" when only some do.
    """

    lang: str
    confidence: float
    accents: Accents = "full"


@dataclass(frozen=True)
class _Pairs:
    """Neighbouring words: which, and how probable the second is after the first.

    Attributes:
        keys: int64, ascending: place of the first · (words + 1) + place of the second.
        shares: Discounted probability of the second, by key.
        left: By place of the first: the probability that the pairs leave to single words.
    """

    keys: npt.NDArray[np.int64]
    shares: npt.NDArray[np.float64]
    left: list[float]

    @classmethod
    def of(
        cls,
        steps: npt.NDArray[np.uint32],
        counts: npt.NDArray[np.uint16],
        singles: npt.NDArray[np.float64],
    ) -> _Pairs:
        """From packed tables; absolute discounting (Ney, Essen and Kneser 1994)."""
        keys = np.cumsum(steps.astype(np.int64))
        first = keys // (len(singles) + 1)
        shares = (counts - _DISCOUNT) / np.maximum(singles[first], 1)
        left = 1.0 - np.bincount(first, shares, len(singles))
        return cls(keys, shares, np.clip(left, 0.01, 1.0).tolist())

    def share(self, keys: npt.NDArray[np.int64]) -> list[float]:
        """The shares of many pairs at once, 0 for the unknown."""
        places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        found: list[float] = np.where(self.keys[places] == keys, self.shares[places], 0.0).tolist()
        return found


@dataclass(frozen=True)
class _Tables:
    """Probabilities of single words, by folded form; see search/data/README.md.

    Attributes:
        places: Place of each syllable.
        syllables, plain, capitals, names: By place: probability; share written without any mark;
            share with a capital inside a sentence; probability among the capitalised.
        foreign: Of words in Vietnamese text that are no syllables.
        words: Of English words.
    """

    places: dict[str, int]
    syllables: list[float]
    plain: list[float]
    capitals: list[float]
    names: list[float]
    foreign: dict[str, float]
    words: dict[str, float]
    pairs: _Pairs
    word_pairs: _Pairs

    @classmethod
    @lru_cache(maxsize=1)
    def bundled(cls) -> _Tables:
        """The tables that ship."""
        file = resources.files("search.data").joinpath("detection.npz")
        with file.open("rb") as handle, np.load(handle) as packed:
            t = {name: packed[name] for name in packed.files}
        places = {word: n for n, word in enumerate(_unpacked(t["syllables"]))}
        counts = t["syllable_counts"].astype(np.float64)
        capitals = t["capital_counts"].astype(np.float64)
        words = dict(
            zip(
                _unpacked(t["words"]),
                (t["word_counts"] / t["word_counts"].sum()).tolist(),
                strict=True,
            )
        )
        foreign = (t["foreign_counts"] / t["foreign_counts"].sum()).tolist()
        total = float(t["word_counts"].sum())
        in_english = np.array([words.get(word, 0.0) * total for word in places])
        return cls(
            places=places,
            syllables=(counts / counts.sum()).tolist(),
            plain=(t["plain_counts"] / counts).tolist(),
            capitals=((capitals + 0.15) / (counts + 1.0)).tolist(),
            names=((capitals + 0.1) / (capitals.sum() + 0.1 * len(capitals))).tolist(),
            foreign=dict(zip(_unpacked(t["foreign"]), foreign, strict=True)),
            words=words,
            pairs=_Pairs.of(t["pair_steps"], t["pair_counts"], counts),
            word_pairs=_Pairs.of(t["word_pair_steps"], t["word_pair_counts"], in_english),
        )


def _unpacked(packed: npt.NDArray[np.uint8]) -> list[str]:
    return packed.tobytes().decode().split("\n")


@lru_cache(maxsize=1)
def english_words() -> dict[str, float]:
    """Load the natural logarithm of each English word's probability, by folded form."""
    return {word: math.log(share) for word, share in _Tables.bundled().words.items()}


def english_share(folded: str) -> float:
    """Look up a word's share of all English text; 0 where it was never counted."""
    return _Tables.bundled().words.get(folded, 0.0)


def foreign_share(folded: str) -> float:
    """Look up a word's share of those words in Vietnamese text that are no syllables."""
    return _Tables.bundled().foreign.get(folded, 0.0)


def detect(text: str, *, default: str | None = None) -> Detection:
    """Tell whether a text is Vietnamese or English, and whether its diacritics were typed.

    A hidden Markov model for each language tells how probable it makes the words without their
    marks, so that unaccented Vietnamese is known as such. Either may use words of elsewhere:
    Vietnamese has foreign words in it ("apple ra mat iphone"), English Vietnamese names.

    Args:
        text: Anything, of any length; the first words of a long text decide.
        default: The code to give where no word can be judged; else the first of ``LANGUAGES``.
    """
    words = []
    for token in tokens(text):
        if token.exact[0].isalpha() and _is_latin(token.exact[0]):
            words.append(token)
            if len(words) == _MOST_WORDS:
                break
    if not words:
        return Detection(default or next(iter(LANGUAGES)), 0.0)
    odds = _odds(words, text)
    known = sum(is_known(word) for word in words) / len(words)
    confidence = abs(math.tanh(odds / 5)) * (0.2 + 0.8 * known)
    if odds <= 0:
        return Detection("en", confidence)
    return Detection("vi", confidence, _accents(words))


def switch(text: str) -> tuple[int, float]:
    """Find where a text most likely goes over from one language into the other.

    Returns:
        (offset of the first word after it, log odds of the less certain part); the odds are 0
        where no two parts are in two languages.
    """
    words = [token for token in tokens(text) if token.exact[0].isalpha()]
    best = (0, 0.0)
    for place in range(1, len(words)):
        before, after = _odds(words[:place], text), _odds(words[place:], text)
        if before * after < 0 and min(abs(before), abs(after)) > best[1]:
            best = (words[place].start, min(abs(before), abs(after)))
    return best


def is_third_language(text: str) -> bool:
    """Tell whether a text is in another language than ours; never so of only a few words.

    Text of 100 public pages in German, French, Spanish, Italian and others knows 0.31 to 0.59 of
    its words here, and a twentieth of them are English function words at most; 659 in English have
    a quarter of those, and tables of prices, which have none, know nine tenths of their words.
    """
    letters = [letter for letter in text[:_MOST_LETTERS] if letter.isalpha()]
    if len(letters) >= _FEWEST_LETTERS and sum(map(_is_latin, letters)) < 0.5 * len(letters):
        return True
    words = [token for token in tokens(text[:_MOST_LETTERS]) if token.exact[0].isalpha()]
    if len(words) < _FEWEST_WORDS:
        return False
    function_words = LANGUAGES["en"].stop_words
    return (
        sum(map(is_known, words)) < 0.7 * len(words)
        and sum(word.exact in function_words for word in words) < 0.12 * len(words)
        and sum(is_syllable(word.folded) for word in words) < 0.6 * len(words)
    )


def is_known(word: Token) -> bool:
    """Whether a word is in the vocabulary of a language."""
    tables = _Tables.bundled()
    folded = word.folded
    return folded in tables.places or folded in tables.words or folded in tables.foreign


def is_word(token: str) -> bool:
    """Tell whether a lower-case token is an English word, or a foreign one in Vietnamese text."""
    tables = _Tables.bundled()
    return token in tables.words or token in tables.foreign


def _is_latin(letter: str) -> bool:
    return letter.isascii() or "LATIN" in unicodedata.name(letter, "")


def _odds(words: list[Token], text: str) -> float:
    """Compute log P(words | Vietnamese) − log P(words | English), by the forward algorithm."""
    tables = _Tables.bundled()
    folded = [word.folded for word in words]
    nowhere = len(tables.places)
    places = np.array([tables.places.get(form, nowhere) for form in folded], np.int64)
    keys = places[:-1] * (nowhere + 1) + places[1:]
    in_vietnamese = [0.0, *tables.pairs.share(keys)]
    in_english = [0.0, *tables.word_pairs.share(keys)]
    capital = [text[word.start].isupper() for word in words]
    # A capital says something only beside small letters, and never on the first word.
    telling = any(capital) and not all(capital)

    own, foreign = 1.0 - _FIRST_FOREIGN, _FIRST_FOREIGN
    english, name = 1.0 - _FIRST_NAME, _FIRST_NAME
    odds = 0.0
    before = nowhere
    for i, (word, form) in enumerate(zip(words, folded, strict=True)):
        place = int(places[i])
        if place < nowhere:
            single = tables.syllables[place]
            as_name = tables.names[place]
            often_capital = tables.capitals[place]
        else:
            single = _UNSEEN_SYLLABLE if is_syllable(form) else _NEVER
            as_name, often_capital = single, 0.3
        after = single
        if before < nowhere:
            after = in_vietnamese[i] + tables.pairs.left[before] * single
        name_after = 0.5 * as_name + 0.5 * after * often_capital
        as_foreign = tables.foreign.get(form, _UNSEEN_FOREIGN)
        as_word = tables.words.get(form, _UNSEEN_WORD) + _SHARED * tables.foreign.get(form, 0.0)
        word_after = as_word
        if before < nowhere:
            word_after = in_english[i] + tables.word_pairs.left[before] * as_word

        p_own, p_foreign, p_english, p_name = 1.0, 1.0, 1.0, 1.0
        if telling and i:
            if capital[i]:
                p_own, p_foreign = often_capital, _CAPITAL_FOREIGN
                p_english, p_name = _CAPITAL_ENGLISH, _CAPITAL_NAME
            else:
                p_own, p_foreign = 1.0 - often_capital, 1.0 - _CAPITAL_FOREIGN
                p_english, p_name = 1.0 - _CAPITAL_ENGLISH, 1.0 - _CAPITAL_NAME
        if has_marks(word.exact):
            other = _MARKED_OTHER
            if not _VIETNAMESE_MARKS.isdisjoint(word.exact):
                other = _MARKED_ONLY_VIETNAMESE
            p_own *= _MARKED_SYLLABLE
            p_name *= _MARKED_NAME if capital[i] else _MARKED_SMALL_NAME
            p_foreign *= other
            p_english *= other

        if i == 0:
            own, foreign = own * single * p_own, foreign * as_foreign * p_foreign
            english, name = english * as_word * p_english, name * as_name * p_name
        else:
            own, foreign = (
                (own * (1 - _TO_FOREIGN) * after + foreign * (1 - _STAY_FOREIGN) * single) * p_own,
                (own * _TO_FOREIGN + foreign * _STAY_FOREIGN) * as_foreign * p_foreign,
            )
            english, name = (
                (english * (1 - _TO_NAME) * word_after + name * (1 - _STAY_NAME) * as_word)
                * p_english,
                (english * _TO_NAME * as_name + name * _STAY_NAME * name_after) * p_name,
            )
        vietnamese, other_language = own + foreign, english + name
        odds += math.log(vietnamese / other_language)
        own, foreign = own / vietnamese, foreign / vietnamese
        english, name = english / other_language, name / other_language
        before = place
    return odds


def _accents(words: list[Token]) -> Accents:
    """Tell whether marks are missing, by how seldom such syllables are meant without marks."""
    tables = _Tables.bundled()
    marked = sum(has_marks(word.exact) for word in words)
    plain = [
        tables.plain[tables.places[word.folded]]
        for word in words
        if word.folded in tables.places and not has_marks(word.exact)
    ]
    if not marked:
        # Whether a mark is missing at all, the restorer can tell better from the neighbours.
        return "none" if any(share < _SURELY_PLAIN for share in plain) else "full"
    return "partial" if any(share < _DOUBTFUL_PLAIN for share in plain) else "full"
