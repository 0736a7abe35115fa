"""What ranking knows of an encoder: where language lies in its space, and fitted constants."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from search.encoders.base import Encoder, FloatArray, identity
from search.encoders.language_direction import take_apart
from search.errors import SettingsError
from search.stores.base import ArchiveProfile

_SIZES = (12, 100, 100_000)
"""Articles for which the three margins are."""


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
    """Constants of ranking, fitted on development data for one encoder (``songngu calibrate``).

    Attributes:
        fingerprint: Of the encoder they were fitted for; empty for any.
        direction: Shape (dimension,), L2-normalised, or empty: along it the model's vectors of one
            text in two languages differ. It is the difference of the means of parallel passages.
        same_language_words, cross_language_words: Weight beside a cosine of a BM25 score divided
            by ln(1 + articles of the language): the scores of rare words grow so with an archive.
        feedback: How much of the best story of the query's own language is added to the query
            that looks into other languages.
        feedback_from, feedback_full: How far that story's score must be above the mean of the next
            three for this to begin, and to have its full weight.
        unsure, sure: How far above its background, in margins, the best story by meaning stands
            where words weigh most, and from where on they weigh as usual. Names are such queries:
            to a model one is as near as another.
        unsure_words: What the weight of words is multiplied by where meaning is unsure.
        floor: Cosine below which meaning alone is no match, in an archive too small for ``margin``.
        tiny_margin, small_margin, large_margin: How far above the background of its list (the mean
            of the cosines behind the twentieth) a story must be to match by meaning alone, among
            12, 100 and 100,000 articles; between, by the logarithm. Models give nonsense a high
            cosine with everything, but do not set one story apart. Of few articles the best stands
            less far above the others, and so does the best of the hundred nearest of many.
        assured, alone: What a list's margin is multiplied by: once the lists of all languages
            together stand out by their mean, and where they do not.
        words_floor: Share of a query's words that must occur where meaning is too far.
        depth: Candidates taken from each list.
        linking: Constants for finding counterparts; None where they were not fitted.
    """

    fingerprint: str = ""
    direction: FloatArray = field(default_factory=lambda: np.zeros(0, np.float32))
    same_language_words: float = 0.045
    cross_language_words: float = 0.015
    feedback: float = 0.5
    feedback_from: float = 0.04
    feedback_full: float = 0.08
    unsure: float = 0.7
    sure: float = 1.1
    unsure_words: float = 8.0
    floor: float = 0.0
    tiny_margin: float = 0.0
    small_margin: float = 0.0
    large_margin: float = 0.0
    assured: float = 1.0
    alone: float = 1.0
    words_floor: float = 0.5
    depth: int = 100
    linking: LinkingConstants | None = None

    def language_free(self, vectors: FloatArray) -> FloatArray:
        """Vectors without their language: float32, (n, dimension), rows L2-normalised."""
        return take_apart(vectors, self.direction)[0]

    def margin(self, articles: int) -> float:
        """The margin among so many articles."""
        margins = (self.tiny_margin, self.small_margin, self.large_margin)
        return float(np.interp(math.log(max(articles, 1)), np.log(_SIZES), margins))

    def to_json(self) -> dict[str, Any]:
        """A JSON object that ``from_json`` reads back."""
        return asdict(self) | {"direction": [round(float(x), 6) for x in self.direction]}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> RankingProfile:
        """The profile that ``to_json`` described."""
        direction = np.array(values["direction"], np.float64)
        if direction.size:
            direction /= np.linalg.norm(direction)
        linking = LinkingConstants(**values["linking"]) if values.get("linking") else None
        return cls(**values | {"direction": direction.astype(np.float32), "linking": linking})


def profiles_folder() -> Path:
    """Where ``songngu calibrate`` keeps the profiles that it fits."""
    general = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(general) / "songngu" / "profiles"


@lru_cache(maxsize=8)
def profile_for(fingerprint: str) -> RankingProfile:
    """The profile fitted on this machine for an encoder, else the one that ships, else defaults.

    Raises:
        SettingsError: A profile is damaged.
    """
    for name, text in _profiles():
        try:
            values = json.loads(text)
            if values["fingerprint"] == fingerprint:
                return RankingProfile.from_json(values)
        except (ValueError, KeyError, TypeError) as error:
            raise SettingsError(
                f"The ranking profile {name} cannot be read ({error}). Delete it, or fit it again"
                " with: songngu calibrate"
            ) from error
    return RankingProfile(fingerprint)


def archive_profile(encoder: Encoder) -> ArchiveProfile:
    """How archives of an encoder are made now."""
    direction = profile_for(encoder.fingerprint).direction
    return ArchiveProfile(identity(encoder), direction=tuple(direction.tolist()))


def _profiles() -> Iterator[tuple[str, str]]:
    """(name, content) of all profiles, those of this machine first."""
    folder = profiles_folder()
    for file in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        yield str(file), file.read_text("utf-8")
    for shipped in sorted(resources.files("search.data").iterdir(), key=lambda file: file.name):
        if shipped.name.startswith("profile-") and shipped.name.endswith(".json"):
            yield shipped.name, shipped.read_text("utf-8")
