"""Who is nearest to whom in the other language, and which of these are pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from indexer.linking.counterparts import (
    NEIGHBOURS,
    days_apart,
    fit,
    surroundings,
)
from search.encoders.base import FloatArray
from search.ranking.profile import LinkingConstants
from search.records import Article
from search.stores.base import Store
from search.stores.links import Links, VectorBlock
from search.text.overlap import Marks, in_common, marks

Progress = Callable[[str, int, int], object]
"""Told of a step's name, of how much is done and how much there is."""

_CANDIDATES = 3
"""Nearest articles whose names, numbers and dates are looked at."""

_LEAST_MARGIN = 0.01
"""Below it names and numbers in common never made a true pair (63 pairs among 20,000 articles)."""

_READ_AT_ONCE = 400
_REMEMBERED = 20_000

IntArray = np.ndarray[tuple[int, int], np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class Near:
    """The nearest articles in another language.

    Attributes:
        near: For each id its surroundings, shape (len(ids),).
        others: Ids in the other language; ``their_near`` has their surroundings as kept.
        places: Indexes into ``others``, shape (len(ids), up to 3), nearest first.
        cosines: Of the same shape.
    """

    ids: tuple[str, ...]
    near: FloatArray
    others: tuple[str, ...]
    their_near: FloatArray
    places: IntArray
    cosines: FloatArray


def neighbours(
    block: VectorBlock, others: Iterable[VectorBlock], constants: LinkingConstants
) -> Near:
    """Compare articles with all of another language, block by block: exact, in bounded memory."""
    wanted = NEIGHBOURS + 1
    rows = np.arange(len(block.ids))[:, np.newaxis]
    cosines = np.zeros((len(rows), 0), np.float32)
    places: IntArray = np.zeros((len(rows), 0), np.int64)
    ids: list[str] = []
    their_near: list[FloatArray] = []
    for other in others:
        found = block.vectors @ other.vectors.T
        numbers = np.broadcast_to(np.arange(len(ids), len(ids) + len(other.ids)), found.shape)
        ids += other.ids
        their_near.append(other.near)
        if found.shape[1] > wanted:
            kept = np.argpartition(found, -wanted, axis=1)[:, -wanted:]
            found, numbers = found[rows, kept], numbers[rows, kept]
        cosines = np.concatenate([cosines, found], axis=1)
        places = np.concatenate([places, numbers], axis=1)
        order = np.argsort(-cosines, axis=1, kind="stable")[:, :wanted]
        cosines, places = cosines[rows, order], places[rows, order]
    return Near(
        ids=block.ids,
        near=surroundings(cosines, constants.usual),
        others=tuple(ids),
        their_near=np.concatenate(their_near) if their_near else np.zeros(0, np.float32),
        places=places[:, :_CANDIDATES],
        cosines=cosines[:, :_CANDIDATES],
    )


def best_pairs(
    store: Store,
    found: Sequence[Near],
    near: Mapping[str, np.float32],
    constants: LinkingConstants,
    on_progress: Progress,
) -> list[tuple[str, str, float]]:
    """Choose the pairs in which each fits the other best, and well enough: (id, id, score).

    Args:
        near: Surroundings of all that were compared now; newer than those that are kept.
    """
    scores = dict(_scores(store, _margins(found, near), constants, on_progress))
    best: dict[str, tuple[float, str]] = {}
    for (one, other), score in sorted(scores.items()):
        for id_, counterpart in ((one, other), (other, one)):
            if id_ not in best or score > best[id_][0]:
                best[id_] = (score, counterpart)
    mutual = [
        (one, other, score)
        for (one, other), score in sorted(scores.items())
        if best[one][1] == other and best[other][1] == one
    ]
    # Those matched before keep what they have unless this fits better.
    kept = Links(store).records([id_ for pair in mutual for id_ in pair[:2]])

    def prefers(id_: str, other: str, score: float) -> bool:
        record = kept.get(id_)
        if record is None:
            return False  # deleted meanwhile by another process
        return record.counterpart in (None, other) or score > record.score

    return [
        (one, other, score)
        for one, other, score in mutual
        if prefers(one, other, score) and prefers(other, one, score)
    ]


def _margins(found: Sequence[Near], near: Mapping[str, np.float32]) -> dict[tuple[str, str], float]:
    """Find candidates whose margin is large enough: (smaller id, larger id) → margin."""
    margins: dict[tuple[str, str], float] = {}
    for part in found:
        theirs = part.their_near.copy()
        for place, id_ in enumerate(part.others):
            if id_ in near:
                theirs[place] = near[id_]
        values = part.cosines - (part.near[:, np.newaxis] + theirs[part.places]) / 2
        for row, column in np.argwhere(values >= _LEAST_MARGIN).tolist():
            pair = sorted((part.ids[row], part.others[part.places[row, column]]))
            margins[pair[0], pair[1]] = float(values[row, column])
    return margins


def _scores(
    store: Store,
    margins: Mapping[tuple[str, str], float],
    constants: LinkingConstants,
    on_progress: Progress,
) -> Iterator[tuple[tuple[str, str], float]]:
    """Score candidates, reading their texts in batches; gives those that fit well enough."""
    pairs = sorted(margins)
    read: dict[str, tuple[Article, Marks]] = {}
    for start in range(0, len(pairs), _READ_AT_ONCE):
        batch = pairs[start : start + _READ_AT_ONCE]
        if len(read) > _REMEMBERED:
            read.clear()
        missing = {id_ for pair in batch for id_ in pair} - read.keys()
        for id_, article in store.articles(sorted(missing)).items():
            # Dates and marks are all that is needed of it.
            slim = Article(id=id_, lang=article.lang, text="", date=article.date)
            read[id_] = (slim, marks(f"{article.title}\n{article.body}"))
        for one, other in batch:
            if one in read and other in read:
                (first, had), (second, has) = read[one], read[other]
                common = in_common(had, has)
                score = fit(margins[one, other], common, days_apart(first, second), constants)
                if score >= constants.least:
                    yield (one, other), score
        on_progress("Checking", start + len(batch), len(pairs))
