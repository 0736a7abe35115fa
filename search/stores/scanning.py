"""Lookups answered from an embedded archive's word index and its vectors in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from search.encoders.base import FloatArray
from search.errors import ArchiveMismatchError
from search.stores.base import Candidate, Lookup, NearestLookup, Scope, WordLookup
from search.stores.vector_index import VectorSnapshot
from search.stores.word_index import WordIndex


def run(
    lookups: Sequence[Lookup], snapshot: VectorSnapshot, words: WordIndex, *, location: str
) -> list[list[Candidate]]:
    """For each lookup its candidates, best first, ties by id.

    Args:
        location: The archive's name, for messages.

    Raises:
        ArchiveMismatchError: A vector's length differs from the archive's.
    """
    scores: dict[bytes, FloatArray] = {}
    found = []
    for lookup in lookups:
        if isinstance(lookup, WordLookup):
            found.append(_find_words(lookup, snapshot, words))
            continue
        dimension = snapshot.vectors.shape[1]
        if lookup.vector.shape != (dimension,):
            raise ArchiveMismatchError(
                f"The archive {location} holds vectors of {dimension} dimensions, the query has"
                f" {lookup.vector.shape[0]}. Search with the encoder it was made with."
            )
        key = lookup.vector.tobytes()  # both languages are asked with the same vector
        if key not in scores:
            scores[key] = snapshot.best(lookup.vector)
        found.append(_find_nearest(lookup, scores[key], snapshot, words))
    return found


def _find_words(lookup: WordLookup, snapshot: VectorSnapshot, words: WordIndex) -> list[Candidate]:
    scope = lookup.scope
    if not lookup.terms and not scope.phrases:
        return []
    rows = None
    if scope.ids is not None:
        places = [snapshot.places[id_] for id_ in scope.ids if id_ in snapshot.places]
        rows = snapshot.rows[places].tolist()
    hits = words.find(lookup.terms, scope, lookup.k, rows=rows)
    numbers, known = snapshot.articles_of([row for row, _ in hits])
    found = [
        Candidate(id=snapshot.ids[number], score=score)
        for number, alive, (_, score) in zip(numbers.tolist(), known.tolist(), hits, strict=True)
        if alive
    ]
    return _best(found, lookup.k)


def _find_nearest(
    lookup: NearestLookup, scores: FloatArray, snapshot: VectorSnapshot, words: WordIndex
) -> list[Candidate]:
    allowed = _allowed(lookup.scope, snapshot, words) & (scores >= -1.5)
    places = np.flatnonzero(allowed)
    if len(places) > lookup.k:
        # The k-th score decides; everything that ties with it stays until ids break the ties.
        least = np.partition(scores[places], -lookup.k)[-lookup.k]
        places = places[scores[places] >= least]
    found = [Candidate(snapshot.ids[place], float(scores[place])) for place in places.tolist()]
    return [_with_passage(c, snapshot, lookup.vector) for c in _best(found, lookup.k)]


def _with_passage(candidate: Candidate, snapshot: VectorSnapshot, vector: FloatArray) -> Candidate:
    passage, language = snapshot.passage(snapshot.places[candidate.id], vector)
    return replace(candidate, passage=passage, language=language)


def _allowed(
    scope: Scope, snapshot: VectorSnapshot, words: WordIndex
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    allowed = snapshot.allowed(scope.lang, scope.filters)
    if scope.ids is not None:
        wanted = np.zeros(len(allowed), np.bool_)
        wanted[[snapshot.places[id_] for id_ in scope.ids if id_ in snapshot.places]] = True
        allowed &= wanted
    if scope.phrases or scope.excluded:
        places, known = snapshot.articles_of(words.matching(scope))
        matching = np.zeros(len(allowed), np.bool_)
        matching[places[known]] = True
        allowed &= matching
    return allowed


def _best(found: list[Candidate], k: int) -> list[Candidate]:
    return sorted(found, key=lambda candidate: (-candidate.score, candidate.id))[:k]
