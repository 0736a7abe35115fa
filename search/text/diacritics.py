"""Puts back the diacritics that were not typed: đuong → đường, by the syllables around it."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from search.text.detection import english_words
from search.text.languages import Token, fold, has_marks, tokens
from search.text.syllable_model import SyllableModel
from search.text.syllables import START, SyllableTable, is_syllable

_MOST_FORMS = 10
_MOST_OWN_FORMS = 4  # beyond those, of an archive's own
_LEAST_SHARE = 2e-4  # forms rarer than this among their likes are not considered
_CARE_WEIGHT = 3.0  # how strictly a word is left alone beside words with all their marks
_CAPITAL_WEIGHT = 0.7  # many a query has no capitals where they belong, or too many
_END_WEIGHT = 0.4  # a query may stop in the middle of a phrase
_HARDLY_LAST = 0.05  # of a syllable's places, those before the end of a phrase
_LAST_WEIGHT = 0.03  # of such a syllable at the end of a query: "so voi do la" is no "so với đó là"
_BREAKS = frozenset('.,;:!?()[]{}"“”‘’…/–—\n')
_HARDLY_ENGLISH = -11.0
_HARDLY_VIETNAMESE = 50
_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class RestoredWord:
    """What became of one token.

    Attributes:
        start, end: Offsets in the typed text, end exclusive.
        text: As it stands in the restored text.
        confidence: 0 to 1: probability of the form, given everything typed; 1 for words that
            are no Vietnamese syllable.
    """

    start: int
    end: int
    text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Restoration:
    """A text with its diacritics.

    Attributes:
        text: The restored text.
        changed: Whether ``text`` differs from what was typed.
        confidence: 0 to 1: mean probability of the chosen forms.
        words: Every token, in order.
    """

    text: str
    changed: bool
    confidence: float
    words: tuple[RestoredWord, ...] = ()


@dataclass(frozen=True, slots=True)
class _Position:
    """One place of the lattice: a token or a break, and the forms that it may have.

    Attributes:
        word: The token; None for a break.
        forms: Numbers of the forms.
        weights: As many factors: what the typed letters say of each.
    """

    word: Token | None
    forms: IntArray
    weights: FloatArray


_BREAK = _Position(None, np.array([START], np.int64), np.ones(1))
_END = _Position(None, np.array([START], np.int64), np.ones(1))


class Restorer:
    """Finds the likeliest diacritics of a text, by Viterbi search over triples of syllables.

    Safe to share between threads.

    Args:
        own: Forms to consider however rare they are among their likes.
    """

    def __init__(
        self, model: SyllableModel | SyllableTable, *, own: Collection[str] = frozenset()
    ) -> None:
        self._own = own
        self._model = model if isinstance(model, SyllableModel) else SyllableModel.of_table(model)
        self._table = self._model.table
        # Of its own, so that it goes with the restorer.
        self._candidates = lru_cache(maxsize=1 << 14)(self._possible_forms)

    @classmethod
    @lru_cache(maxsize=1)
    def bundled(cls) -> Restorer:
        """Make the restorer with the tables that ship."""
        return cls(SyllableModel.bundled())

    def sharpened(self, counts: SyllableTable, *, weight: float = 5.0) -> Restorer:
        """Make a restorer that also knows an archive's own names and phrases.

        Args:
            counts: What ``SyllableCounts`` counted in the archive's articles.
            weight: What one occurrence there is worth in occurrences of the bundled news.
        """
        model = self._model.with_counts(counts, weight=weight)
        return Restorer(model, own=frozenset(counts.forms))

    def restore(self, text: str) -> Restoration:
        """Put diacritics back; spacing, punctuation, case and typed marks stay.

        Words that are no Vietnamese syllable, and English words that hardly are one, stay too.
        """
        lattice = self._lattice(text)
        if all(len(position.forms) == 1 for position in lattice):
            chosen, certainty = [0] * len(lattice), [1.0] * len(lattice)
        else:
            last_word = lattice[-1].word
            ended = last_word is not None and bool(_BREAKS & set(text[last_word.end :]))
            chosen, certainty = self._likeliest(lattice, ended=ended)
        pieces, words, last = [], [], 0
        for position, choice, probability in zip(lattice, chosen, certainty, strict=True):
            word = position.word
            if word is None:
                continue
            typed = text[word.start : word.end]
            number = int(position.forms[choice])
            if number in (START, self._model.number, self._model.foreign):
                restored = typed
            else:
                restored = _with_case(self._table.forms[number - 1], typed, word.exact)
            words.append(RestoredWord(word.start, word.end, restored, probability))
            pieces += [text[last : word.start], restored]
            last = word.end
        whole = "".join([*pieces, text[last:]])
        doubtful = [
            probability
            for position, probability in zip(lattice, certainty, strict=True)
            if len(position.forms) > 1
        ]
        confidence = sum(doubtful) / len(doubtful) if doubtful else 1.0
        return Restoration(whole, whole != text, confidence, tuple(words))

    def _lattice(self, text: str) -> list[_Position]:
        """List tokens and breaks in order, after one break to begin with."""
        model = self._model
        found = list(tokens(text))
        candidates = [self._candidates(word.exact) for word in found]
        as_typed = self._bonus(found, candidates)
        capitals = [text[word.start].isupper() for word in found]
        # A capital says something only beside small letters, and never after a break.
        telling = any(capitals[1:]) and not all(capitals)
        lattice = [_BREAK]
        for word, numbers, capital in zip(found, candidates, capitals, strict=True):
            before = lattice[-1].word
            if before is not None and _BREAKS & set(text[before.end : word.start]):
                lattice.append(_BREAK)
            if not numbers:
                number = model.number if word.exact[0].isdigit() else model.foreign
                lattice.append(_Position(word, np.array([number], np.int64), np.ones(1)))
                continue
            forms = np.array(numbers, np.int64)
            weights = np.ones(len(forms))
            if len(forms) > 1:
                weights[[self._table.forms[n - 1] == word.exact for n in numbers]] *= as_typed
            if telling and len(forms) > 1 and lattice[-1].word is not None:
                share = model.capital_share[forms]
                weights *= (share if capital else 1.0 - share) ** _CAPITAL_WEIGHT
            lattice.append(_Position(word, forms, weights))
        return lattice

    def _bonus(self, words: Sequence[Token], candidates: Sequence[tuple[int, ...]]) -> float:
        """Compute the factor for leaving a word as typed: high where the others have their marks.

        Of the words that have marks, a share q was typed with them: one typed without is
        1 / (1 - q) times likelier to have none. Where a word can only lack its tone ("tôc"), tones
        were left out everywhere, and the other marks say nothing.
        """
        toned = 0
        missed = 0.0
        without_tones = any(
            has_marks(word.exact) and numbers and word.exact not in self._table.numbers
            for word, numbers in zip(words, candidates, strict=True)
        )
        for word, numbers in zip(words, candidates, strict=True):
            if _has_tone(word.exact) or (has_marks(word.exact) and not without_tones):
                toned += 1
            elif numbers:
                counts = [int(self._table.counts[n]) for n in numbers]
                number = self._table.numbers.get(word.exact)
                own = int(self._table.counts[number]) if number in numbers else 0
                missed += 1.0 - own / max(sum(counts), 1)
        typed_share = (toned + 0.3) / (toned + missed + 0.6) if toned else 0.0
        return float((1.0 - typed_share) ** -_CARE_WEIGHT)

    def _possible_forms(self, typed: str) -> tuple[int, ...]:
        """List the numbers of the forms a typed syllable may stand for; typed marks stay."""
        folded = fold(typed)
        forms = self._table.by_folded.get(folded, ())
        if not forms or not is_syllable(folded):
            return ()
        if has_marks(typed):
            return tuple(n for n in forms if _completes(typed, self._table.forms[n - 1]))
        if self._is_english(folded):
            return ()
        total = sum(int(self._table.counts[n]) for n in forms)
        often = [n for n in forms if self._table.counts[n] >= _LEAST_SHARE * total][:_MOST_FORMS]
        rare = [n for n in forms if self._table.forms[n - 1] in self._own and n not in often]
        return (*often, *rare[:_MOST_OWN_FORMS])

    def _is_english(self, folded: str) -> bool:
        """Tell whether a word is far commoner in English than as a syllable in Vietnamese."""
        if english_words().get(folded, -100.0) < _HARDLY_ENGLISH:
            return False
        total = sum(int(self._table.counts[n]) for n in self._table.by_folded.get(folded, ()))
        return total < _HARDLY_VIETNAMESE

    def _likeliest(
        self, lattice: Sequence[_Position], *, ended: bool
    ) -> tuple[list[int], list[float]]:
        """Find the most probable sequence of forms; with each form its own probability.

        The first by Viterbi's algorithm, the second by forward and backward sums; states are
        pairs of neighbouring forms.
        """
        model = self._model
        length = len(lattice)
        if not ended:
            lattice = [*lattice[:-1], self._as_last(lattice[-1])]
        lattice = [*lattice, _BREAK if ended else _END]
        scores = model.after_one(lattice[0].forms, lattice[1].forms) * lattice[1].weights
        steps: list[FloatArray] = []
        for before, last, now in zip(lattice, lattice[1:], lattice[2:], strict=False):
            step = model.after_two(before.forms, last.forms, now.forms)
            steps.append(step**_END_WEIGHT if now is _END else step * now.weights)

        sums = [scores / scores.sum()]
        back: list[IntArray] = []
        for step in steps:
            paths = scores[:, :, None] * step
            back.append(paths.argmax(axis=0))
            scores = paths.max(axis=0)
            scores /= scores.max()
            forward = (sums[-1][:, :, None] * step).sum(axis=0)
            sums.append(forward / forward.sum())

        first, last_choice = divmod(int(scores.argmax()), scores.shape[1])
        chosen = [last_choice, first]
        for pointers in reversed(back):
            chosen.append(int(pointers[chosen[-1], chosen[-2]]))
        chosen.reverse()

        certainty = [1.0] * len(lattice)
        behind = np.ones(sums[-1].shape)
        for i in range(len(lattice) - 1, 0, -1):
            both = sums[i - 1] * behind
            certainty[i] = float(both[:, chosen[i]].sum() / both.sum())
            if i > 1:
                behind = (steps[i - 2] * behind).sum(axis=2)
                behind /= behind.max()
        return chosen[:length], certainty[:length]

    def _as_last(self, position: _Position) -> _Position:
        """The last place of a query: function words that lead to another are hardly there."""
        share = self._model.after_one(position.forms, np.array([START], np.int64))[:, 0]
        weights = np.where(share < _HARDLY_LAST, _LAST_WEIGHT, 1.0) * position.weights
        return replace(position, weights=weights)


def _has_tone(typed: str) -> bool:
    return not typed.isascii() and not _TONES.isdisjoint(unicodedata.normalize("NFD", typed))


def _completes(typed: str, form: str) -> bool:
    """Whether a form has every mark of what was typed, in its place, and a typed tone alone."""
    if len(typed) != len(form):
        return False
    if _has_tone(typed):
        return typed == form  # tones are typed last: who typed one has finished the syllable
    return all(
        set(unicodedata.normalize("NFD", a)) <= set(unicodedata.normalize("NFD", b))
        or (a == "d" and b == "đ")
        for a, b in zip(typed, form, strict=True)
    )


def _with_case(form: str, typed: str, exact_typed: str) -> str:
    """Give a form the case of what was typed; an unchanged word stays as it is."""
    if form == exact_typed:
        return typed
    if typed.isupper() and len(typed) > 1:
        return form.upper()
    if len(form) == len(typed):
        return "".join(f.upper() if t.isupper() else f for f, t in zip(form, typed, strict=True))
    return form.capitalize() if typed[0].isupper() else form
