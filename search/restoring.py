"""Puts back the diacritics that were not typed: đuong → đường, by the syllables around it."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from search.detection import english_words
from search.languages import Token, fold, has_marks, tokens
from search.syllables import START, SyllableTable, is_syllable

_MOST_FORMS = 12
_PLAIN_BONUS = 4.0  # nats for leaving a word as typed where other words carry marks
_BREAKS = frozenset('.,;:!?()[]{}"“”‘’…/–—\n')


@dataclass(frozen=True, slots=True)
class Restoration:
    """A text with its diacritics.

    Attributes:
        changed: Whether ``text`` differs from what was typed.
        confidence: 0 to 1: mean probability of the chosen forms.
    """

    text: str
    changed: bool
    confidence: float


class Restorer:
    """Finds the likeliest diacritics of a text by Viterbi search over pairs of syllables."""

    def __init__(self, table: SyllableTable) -> None:
        self._table = table

    @classmethod
    @lru_cache(maxsize=1)
    def bundled(cls) -> Restorer:
        """The restorer with the table that ships."""
        return cls(SyllableTable.bundled())

    def restore(self, text: str) -> Restoration:
        """Put diacritics back; spacing, punctuation, case and typed marks stay.

        Words that are no Vietnamese syllable, and English words that hardly are one, stay too.
        """
        words = list(tokens(text))
        some_marked = any(has_marks(word.exact) for word in words)
        pieces, last, certainty = [], 0, []
        for run in self._runs(words, text):
            for word, (form, probability) in zip(
                run, self._likeliest(run, some_marked), strict=True
            ):
                typed = text[word.start : word.end]
                pieces += [text[last : word.start], _with_case(form, typed, word.exact)]
                last = word.end
                certainty.append(probability)
        restored = "".join([*pieces, text[last:]])
        confidence = sum(certainty) / len(certainty) if certainty else 1.0
        return Restoration(restored, restored != text, confidence)

    def _runs(self, words: Sequence[Token], text: str) -> list[list[Token]]:
        """Neighbouring syllables with nothing between them that ends a phrase."""
        runs: list[list[Token]] = []
        end = None
        for word in words:
            if not self._candidates(word.exact):
                end = None
                continue
            if end is None or _BREAKS & set(text[end : word.start]):
                runs.append([])
            runs[-1].append(word)
            end = word.end
        return runs

    @lru_cache(maxsize=1 << 14)  # noqa: B019 – restorers live as long as the process
    def _candidates(self, typed: str) -> tuple[int, ...]:
        """Numbers of the forms a typed syllable may stand for; typed marks are kept."""
        folded = fold(typed)
        if not is_syllable(folded):
            return ()
        forms = self._table.by_folded.get(folded, ())
        if not has_marks(typed):
            if self._is_english(folded):
                return ()
            return forms[:_MOST_FORMS]
        return tuple(n for n in forms if _completes(typed, self._table.forms[n - 1]))[:_MOST_FORMS]

    def _is_english(self, folded: str) -> bool:
        """An English word that is far commoner there than as a syllable here."""
        english = english_words().get(folded)
        if english is None or english < -11.0:
            return False
        total = sum(int(self._table.counts[n]) for n in self._table.by_folded.get(folded, ()))
        return total < 50

    def _likeliest(self, run: Sequence[Token], some_marked: bool) -> list[tuple[str, float]]:
        """(form, probability) of each syllable of a run."""
        table = self._table
        states = [self._candidates(word.exact) for word in run]
        extra = [
            self._extra(word.exact, numbers, some_marked)
            for word, numbers in zip(run, states, strict=True)
        ]
        scores = table.log_pairs([START], states[0])[0] + extra[0]
        back = []
        for previous, current, bonus in zip(states, states[1:], extra[1:], strict=False):
            paths = scores[:, None] + table.log_pairs(previous, current)
            back.append(paths.argmax(axis=0))
            scores = paths.max(axis=0) + bonus
        best = int(scores.argmax())
        chosen = [best]
        for pointers in reversed(back):
            chosen.append(int(pointers[chosen[-1]]))
        chosen.reverse()
        weights = np.exp(scores - scores.max())
        probability = float(weights.max() / weights.sum())
        return [
            (table.forms[numbers[choice] - 1], probability)
            for numbers, choice in zip(states, chosen, strict=True)
        ]

    def _extra(
        self, typed: str, numbers: Sequence[int], some_marked: bool
    ) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        bonus = _PLAIN_BONUS if some_marked else 0.0
        return np.array([bonus if self._table.forms[n - 1] == typed else 0.0 for n in numbers])


def _completes(typed: str, form: str) -> bool:
    """Whether a form has every mark of what was typed, in its place."""
    if len(typed) != len(form):
        return False
    return all(
        set(unicodedata.normalize("NFD", a)) <= set(unicodedata.normalize("NFD", b))
        or (a == "d" and b == "đ")
        for a, b in zip(typed, form, strict=True)
    )


def _with_case(form: str, typed: str, exact_typed: str) -> str:
    """A form in the case of what was typed; unchanged words stay to the letter."""
    if form == exact_typed:
        return typed
    if typed.isupper() and len(typed) > 1:
        return form.upper()
    if len(form) == len(typed):
        return "".join(f.upper() if t.isupper() else f for f, t in zip(form, typed, strict=True))
    return form.capitalize() if typed[0].isupper() else form
