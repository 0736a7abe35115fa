"""Lookups answered from an embedded archive's word index and its vectors in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from search.encoders.base import FloatArray
from search.encoders.language_direction import take_apart
from search.errors import ArchiveMismatchError
from search.stores.base import (
    MOST_FOUND,
    Candidate,
    FloatArray64,
    Lookup,
    NearestLookup,
    Scope,
    Stories,
    StoryLookup,
    WordLookup,
)
from search.stores.sqlite.vector_index import BoolArray, IntArray, VectorSnapshot
from search.stores.sqlite.word_index import WordSnapshot

ExactVectors = Callable[[Sequence[str], int], Mapping[str, FloatArray]]
"""Ids and a dimension → the model's own vectors, float32 (passages, dimension), of those kept."""

_COMPARED_AGAIN = 20
"""Nearest articles whose cosines are computed in full precision."""


def run(
    lookups: Sequence[Lookup],
    snapshots: Mapping[str, VectorSnapshot],
    words: WordSnapshot,
    exact: ExactVectors,
    *,
    location: str,
) -> list[list[Candidate]]:
    """For each lookup its candidates, best first, ties by id.

    Args:
        snapshots: By language, of the same moment as the words.
        location: The archive's name, for messages.

    Raises:
        ArchiveMismatchError: A vector's length differs from the archive's.
    """
    nearest = [lookup for lookup in lookups if isinstance(lookup, NearestLookup)]
    for asked in nearest:
        _check(asked.vector, snapshots[asked.scope.lang], location)
    scores = _scores([asked for asked in nearest if asked.scope.ids is None], snapshots, exact)
    found = []
    for lookup in lookups:
        snapshot = snapshots[lookup.scope.lang]
        if isinstance(lookup, WordLookup):
            found.append(_find_words(lookup, snapshot, words))
        else:
            found.append(_find_nearest(lookup, scores.get(_key(lookup)), snapshot, words))
    return found


def find_stories(
    lookup: StoryLookup,
    snapshots: Mapping[str, VectorSnapshot],
    words: WordSnapshot,
    exact: ExactVectors,
    *,
    location: str,
) -> Stories:
    """What may answer a query; see ``run``."""
    scope, snapshot = lookup.scope, snapshots[lookup.scope.lang]
    for vector in lookup.vectors:
        _check(vector, snapshot, location)
    scores = _cosines(lookup.vectors, snapshot, exact)
    rows: set[int] = set()
    if scope.phrases:
        rows.update(words.matching(scope))
    elif lookup.shares:
        rows.update(words.covering(lookup.shares[0], scope, lookup.enough))
    allowed = _allowed(scope, snapshot, words)
    if scope.ids is not None:
        named = np.zeros(len(allowed), np.bool_)
        named[_places(scope.ids, snapshot)] = True
        allowed &= named
        rows = set(snapshot.rows[allowed].tolist())
    elif lookup.everything:
        places = np.flatnonzero(allowed)
        ids = np.array([snapshot.ids[place] for place in places.tolist()])
        newest = np.lexsort((ids, -snapshot.days[places]))[:MOST_FOUND]
        rows = set(snapshot.rows[places[newest]].tolist())
    there = np.flatnonzero(allowed)
    nearest = []
    for own in scores:
        best = np.sort(own[there])[::-1][: lookup.nearest]
        best = best[best >= -1]  # less have those without a passage
        nearest.append(best.astype(np.float64))
        if len(best):
            rows.update(snapshot.rows[there[own[there] >= best[-1]]].tolist())
    places = snapshot.places_of(sorted(rows))
    places = places[np.argsort(np.array([snapshot.ids[place] for place in places.tolist()]))]
    found = snapshot.rows[places].tolist()
    cosines = scores[:, places].T.astype(np.float64) if len(scores) else np.zeros((len(places), 0))
    cosines[cosines < -1] = np.nan
    return Stories(
        ids=tuple(snapshot.ids[place] for place in places.tolist()),
        days=snapshot.days[places],
        words=_column(words.scores(lookup.terms, scope.lang, found), found),
        shares=np.column_stack(
            [_column(words.shares(groups, scope.lang, found), found) for groups in lookup.shares]
        ),
        cosines=cosines,
        nearest=tuple(nearest),
    )


def _column(values: Mapping[int, float], rows: Sequence[int]) -> FloatArray64:
    return np.array([values.get(row, 0.0) for row in rows], np.float64)


def _check(vector: FloatArray, snapshot: VectorSnapshot, location: str) -> None:
    dimension = snapshot.vectors.shape[1]
    if vector.shape != (dimension,):
        raise ArchiveMismatchError(
            f"The archive {location} holds vectors of {dimension} dimensions, the query has"
            f" {vector.shape[0]}. Search with the encoder it was made with."
        )


def _key(lookup: NearestLookup) -> tuple[str, bytes]:
    return lookup.scope.lang, lookup.vector.tobytes()


def _cosines(vectors: FloatArray, snapshot: VectorSnapshot, exact: ExactVectors) -> FloatArray:
    """Each article's highest cosine with each vector: float32 (vectors, articles).

    Those of the nearest are exact; −2 where an article has no passage.
    """
    if not len(vectors):
        return np.zeros((0, len(snapshot.rows)), np.float32)
    scores = snapshot.best(vectors)
    first = min(_COMPARED_AGAIN, scores.shape[1])
    nearest = np.unique(np.argpartition(-scores, first - 1, axis=1)[:, :first]) if first else ()
    ids = {snapshot.ids[place]: place for place in nearest if snapshot.alive[place]}
    if kept := exact([*ids], vectors.shape[1]):
        starts = np.cumsum([0, *(len(own) for own in kept.values())])[:-1]
        free = take_apart(np.concatenate([*kept.values()]), snapshot.direction)[0]
        places = [ids[id_] for id_ in kept]
        scores[:, places] = np.maximum.reduceat(vectors @ free.T, starts, axis=1)
    return scores


def _scores(
    lookups: Sequence[NearestLookup],
    snapshots: Mapping[str, VectorSnapshot],
    exact: ExactVectors,
) -> dict[tuple[str, bytes], FloatArray]:
    """float32 (articles,) for each language and vector; a language's vectors are read once."""
    scores: dict[tuple[str, bytes], FloatArray] = {}
    for lang, snapshot in snapshots.items():
        asked = {_key(lookup): lookup.vector for lookup in lookups if lookup.scope.lang == lang}
        if asked:
            found = _cosines(np.stack([*asked.values()]), snapshot, exact)
            scores |= zip(asked, found, strict=True)
    return scores


def _find_words(
    lookup: WordLookup, snapshot: VectorSnapshot, words: WordSnapshot
) -> list[Candidate]:
    scope = lookup.scope
    if not lookup.terms and not scope.phrases:
        return []
    rows = None if scope.ids is None else snapshot.rows[_places(scope.ids, snapshot)].tolist()
    hits = words.find(lookup.terms, scope, lookup.k, rows=rows)
    places = snapshot.places_of([row for row, _ in hits]).tolist()
    found = [
        Candidate(id=snapshot.ids[place], score=score)
        for place, (_, score) in zip(places, hits, strict=True)
    ]
    return sorted(found, key=lambda candidate: (-candidate.score, candidate.id))[: lookup.k]


def _find_nearest(
    lookup: NearestLookup, scores: FloatArray | None, snapshot: VectorSnapshot, words: WordSnapshot
) -> list[Candidate]:
    """The articles nearest to a vector.

    Args:
        scores: float32 (articles,); None where only some articles are asked for.
    """
    scope = lookup.scope
    allowed = _allowed(scope, snapshot, words) & snapshot.filled
    if scores is None:
        places = _places(scope.ids or (), snapshot)
        places = places[allowed[places]]
    else:
        places = np.flatnonzero(allowed)
        if len(places) > lookup.k:
            # The k-th score decides; all that ties with it stays until ids break the ties.
            least = np.partition(scores[places], -lookup.k)[-lookup.k]
            places = places[scores[places] >= least]
    passages, cosines = snapshot.passages(places, lookup.vector)
    if scores is not None:
        cosines = scores[places]
    ids = [snapshot.ids[place] for place in places.tolist()]
    nearest = sorted(zip(ids, cosines.tolist(), passages.tolist(), strict=True), key=_rank)
    return [
        Candidate(
            id_,
            cosine,
            snapshot.passage(passage),
            snapshot.vectors[passage].astype(np.float32) if lookup.with_vectors else None,
        )
        for id_, cosine, passage in nearest[: lookup.k]
    ]


def _rank(found: tuple[str, float, int]) -> tuple[float, str]:
    return -found[1], found[0]


def _places(ids: Sequence[str], snapshot: VectorSnapshot) -> IntArray:
    places = [snapshot.places[id_] for id_ in dict.fromkeys(ids) if id_ in snapshot.places]
    return np.array(places, np.int64)


def _allowed(scope: Scope, snapshot: VectorSnapshot, words: WordSnapshot) -> BoolArray:
    allowed = snapshot.allowed(scope.filters)
    if scope.phrases or scope.excluded or scope.filters.authors or scope.filters.sections:
        matching = np.zeros(len(allowed), np.bool_)
        matching[snapshot.places_of(words.matching(scope))] = True
        allowed &= matching
    return allowed
