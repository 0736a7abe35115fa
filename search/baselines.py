"""What other systems do, on the same articles and vectors, to compare with: BM25, cosine, fusion.

They know nothing of the query's language: words are looked up as they were typed in every language,
the model's vectors are compared as they are, and all articles are ranked in one pool.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from search.encoders.base import Encoder
from search.evaluation import Ranked
from search.stores.base import Candidate, Lookup, NearestLookup, Scope, Store, Term, WordLookup
from search.text.languages import LANGUAGES, exact_tokens, fold, normalise

_DEPTH = 100
_RRF_K = 60

Scores = Mapping[str, float]


class Baselines:
    """Answers queries as other systems do.

    Args:
        store: An archive whose vectors are compared as the model made them: without a direction.
    """

    def __init__(self, store: Store, encoder: Encoder) -> None:
        self._store = store
        self._encoder = encoder
        self.methods: dict[str, Callable[[str], Ranked]] = {
            "BM25": lambda text: self._answer(text, self._words),
            "cosine": lambda text: self._answer(text, self._cosines),
            "rank fusion": lambda text: self._answer(text, self._fused),
        }

    def _answer(self, text: str, rank: Callable[[str], dict[str, Scores]]) -> Ranked:
        began = time.perf_counter()
        by_lang = rank(normalise(text))
        lists = {lang: _ordered(scores) for lang, scores in by_lang.items()}
        pool: dict[str, float] = {}
        for scores in by_lang.values():
            pool |= scores
        return Ranked(lists, _ordered(pool), (time.perf_counter() - began) * 1000)

    def _words(self, text: str) -> dict[str, Scores]:
        lookups = {lang: WordLookup(Scope(lang), _terms(text, lang), _DEPTH) for lang in LANGUAGES}
        return self._found(lookups)

    def _cosines(self, text: str) -> dict[str, Scores]:
        [vector] = self._encoder.encode_queries([text])
        return self._found({lang: NearestLookup(Scope(lang), vector, _DEPTH) for lang in LANGUAGES})

    def _fused(self, text: str) -> dict[str, Scores]:
        """Fuse by reciprocal ranks: Cormack, Clarke and Büttcher, SIGIR 2009; k = 60."""
        fused: dict[str, dict[str, float]] = {lang: {} for lang in LANGUAGES}
        for lists in (self._words(text), self._cosines(text)):
            pool = _ordered({id_: s for scores in lists.values() for id_, s in scores.items()})
            ranks = {id_: rank for rank, id_ in enumerate(pool, 1)}
            for lang, scores in lists.items():
                for id_ in scores:
                    share = 1 / (_RRF_K + ranks[id_])
                    fused[lang][id_] = fused[lang].get(id_, 0.0) + share
        return dict(fused)

    def _found(self, lookups: Mapping[str, Lookup]) -> dict[str, Scores]:
        answers: Sequence[Sequence[Candidate]] = self._store.find(list(lookups.values()))
        return {
            lang: {candidate.id: candidate.score for candidate in found}
            for lang, found in zip(lookups, answers, strict=True)
        }


def _terms(text: str, lang: str) -> tuple[Term, ...]:
    """Analyse a text as usual for its language: plain syllables in Vietnamese, stems in English."""
    typed = exact_tokens(text)
    language = LANGUAGES[lang]
    if language.marks_tell_words_apart:
        terms = [Term("exact", token) for token in typed]
    else:
        terms = [Term("words", fold(stem)) for stem in language.query_words(typed)]
    return tuple(dict.fromkeys(terms))


def _ordered(scores: Scores) -> list[str]:
    return sorted(scores, key=lambda id_: (-scores[id_], id_))
