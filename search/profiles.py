"""What ranking knows of an encoder: where language lies in its space, and fitted constants."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources

import numpy as np

from search.encoders.base import FloatArray


@dataclass(frozen=True, slots=True)
class LinkingConstants:
    """What tells the same story in another language from one that is merely near.

    Attributes:
        usual: Mean cosine of an article to its nearest neighbours in the other language, in a large
            archive of news.
        marks: Weight of the logarithm of the names and numbers that two articles have in common.
        share: Weight of their share of the names and numbers of the article that has fewer.
        day: What each day between the two costs.
        most_days: Further apart they are never one story.
        undated: What it costs that the day of either is not known.
        least: The score from which on they are one.
    """

    usual: float
    marks: float
    share: float
    day: float
    most_days: int
    undated: float
    least: float


@dataclass(frozen=True)
class RankingProfile:
    """Constants of ranking, fitted on development data for one encoder.

    Attributes:
        fingerprint: Of the encoder they were fitted for; empty for any.
        direction: Shape (dimension,), L2-normalised, or empty: along it the model's vectors of one
            text in two languages differ. It is the difference of the means of parallel passages.
        same_language_words, cross_language_words: Weight of a BM25 score beside a cosine.
        floor: Cosine below which meaning alone is no match, in an archive too small for ``margin``.
        margin: How far above the background of its list (the mean of the cosines behind the
            twentieth) a story must be to match by meaning alone: models give nonsense a high
            cosine with everything, but do not set one story apart.
        short_margin: The same for the shortest list with a background; between, it grows evenly.
        words_floor: Share of a query's words that must occur where meaning is too far.
        depth: Candidates taken from each list.
        linking: Constants for finding counterparts; None where they were not fitted.
    """

    fingerprint: str = ""
    direction: FloatArray = field(default_factory=lambda: np.zeros(0, np.float32))
    same_language_words: float = 0.008
    cross_language_words: float = 0.005
    floor: float = 0.0
    margin: float = 0.0
    short_margin: float = 0.0
    words_floor: float = 0.5
    depth: int = 100
    linking: LinkingConstants | None = None

    def language_free(self, vector: FloatArray) -> FloatArray:
        """A query's vector without its language component, L2-normalised again.

        Only queries are projected: passages of one language have nearly the same component, so
        their cosines shift together, and archives keep the model's own vectors.
        """
        if not len(self.direction):
            return vector
        projected = vector - np.dot(vector, self.direction) * self.direction
        length = float(np.linalg.norm(projected))
        return (projected / length).astype(np.float32) if length > 0 else vector


@lru_cache(maxsize=8)
def profile_for(fingerprint: str) -> RankingProfile:
    """The profile that ships for an encoder, or one without language direction for any other."""
    for file in sorted(resources.files("search.data").iterdir(), key=lambda file: file.name):
        if file.name.startswith("profile-") and file.name.endswith(".json"):
            values = json.loads(file.read_text("utf-8"))
            if values["fingerprint"] == fingerprint:
                values["direction"] = np.array(values["direction"], np.float32)
                if values.get("linking"):
                    values["linking"] = LinkingConstants(**values["linking"])
                return RankingProfile(**values)
    return RankingProfile()
