"""How well two articles in different languages fit together as one story.

Three kinds of evidence are added up:

- How much nearer they are to each other than to their surroundings: the cosine of their vectors
  minus the mean of what either has with its nearest neighbours in the other language. That is half
  of CSLS (Conneau et al., "Word Translation Without Parallel Data", 2018) and the margin of Artetxe
  and Schwenk ("Margin-based Parallel Corpus Mining", 2019) as a difference. Vectors are compared
  without the component along which the model tells languages apart.
- Names and numbers in common, in folded spelling.
- The days between them, where both are known.
"""

from __future__ import annotations

import math

import numpy as np

from search.encoders.base import FloatArray
from search.ranking.profile import LinkingConstants
from search.records import Article

NEIGHBOURS = 10
"""Nearest articles in the other language that make up an article's surroundings."""


def surroundings(cosines: FloatArray, usual: float) -> FloatArray:
    """Average an article's cosines to its neighbours, but the nearest: that may be its counterpart.

    Args:
        cosines: Shape (n, up to NEIGHBOURS + 1), each row descending.
        usual: Stands in for neighbours that a small archive does not have.
    """
    rest = cosines[:, 1 : NEIGHBOURS + 1]
    missing = NEIGHBOURS - rest.shape[1]
    means: FloatArray = ((rest.sum(axis=1) + missing * usual) / NEIGHBOURS).astype(np.float32)
    return means


def days_apart(one: Article, other: Article) -> int | None:
    """Count the days between publication; None where either is unknown."""
    return abs(one.day - other.day) if one.day is not None and other.day is not None else None


def fit(
    margin: float, common: tuple[float, float], apart: int | None, constants: LinkingConstants
) -> float:
    """Score how well two articles fit; from ``constants.least`` on they tell one story.

    Args:
        margin: Their cosine minus the mean of their surroundings.
        common: As ``in_common`` gives it.
        apart: As ``days_apart`` gives it.
    """
    if apart is not None and apart > constants.most_days:
        return -math.inf
    weight, share = common
    score = margin + constants.marks * math.log1p(weight) + constants.share * share
    return score - (constants.undated if apart is None else constants.day * apart)
