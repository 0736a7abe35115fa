"""What ranking knows of an encoder: where language lies in its space, and fitted constants."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from search.encoders.base import Encoder, FloatArray, identity
from search.encoders.language_direction import take_apart
from search.errors import SettingsError
from search.ranking.relevance import QUERY_FEATURES, Kind, Regression
from search.records import Mode
from search.stores.base import ArchiveProfile


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


Models = Mapping[Mode, Mapping[Kind, Regression]]
"""What makes a story relevant, by mode; in the query's own language and across languages."""


@dataclass(frozen=True)
class RankingProfile:
    """What was fitted on judged queries for one encoder (``songngu calibrate``).

    Attributes:
        fingerprint: Of the encoder they were fitted for; empty for any.
        direction: Shape (dimension,), L2-normalised, or empty: along it the model's vectors of one
            text in two languages differ. It is the difference of the means of parallel passages.
        usual: What cosines of passages that do not answer a query usually are: in its own language
            ("own"), across ("across"), and of queries with feedback ("feedback").
        relevance: The models of relevance.
        match: Probability from which on a story is a match.
        related: Probability from which on it is possibly related.
        meaningful: The model of queries that mean something in an archive; None takes it of all.
        meaning: Probability from which on one does; else nothing is even possibly related.
        linking: Constants for finding counterparts; None where they were not fitted.
    """

    fingerprint: str = ""
    direction: FloatArray = field(default_factory=lambda: np.zeros(0, np.float32))
    usual: Mapping[str, float] = field(default_factory=dict)
    relevance: Models = field(default_factory=dict)
    match: float = 0.4
    related: float = 0.01
    meaningful: Regression | None = None
    meaning: float = 0.5
    linking: LinkingConstants | None = None

    def language_free(self, vectors: FloatArray) -> FloatArray:
        """Vectors without their language: float32, (n, dimension), rows L2-normalised."""
        return take_apart(vectors, self.direction)[0]

    def to_json(self) -> dict[str, Any]:
        """A JSON object that ``from_json`` reads back."""
        return {
            "fingerprint": self.fingerprint,
            "match": self.match,
            "related": self.related,
            "meaningful": self.meaningful.to_json() if self.meaningful else None,
            "meaning": self.meaning,
            "usual": dict(self.usual),
            "relevance": {
                mode: {kind: model.to_json() for kind, model in models.items()}
                for mode, models in self.relevance.items()
            },
            "linking": asdict(self.linking) if self.linking else None,
            "direction": [round(float(x), 6) for x in self.direction],
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> RankingProfile:
        """The profile that ``to_json`` described."""
        direction = np.array(values["direction"], np.float64)
        if direction.size:
            direction /= np.linalg.norm(direction)
        return cls(
            fingerprint=str(values["fingerprint"]),
            direction=direction.astype(np.float32),
            usual={name: float(level) for name, level in values["usual"].items()},
            relevance=_models(values["relevance"]),
            match=float(values["match"]),
            related=float(values["related"]),
            meaningful=Regression.from_json(values["meaningful"], QUERY_FEATURES)
            if values["meaningful"]
            else None,
            meaning=float(values["meaning"]),
            linking=LinkingConstants(**values["linking"]) if values.get("linking") else None,
        )


def _models(values: Mapping[Mode, Mapping[Kind, Mapping[str, Any]]]) -> Models:
    return {
        mode: {kind: Regression.from_json(model) for kind, model in models.items()}
        for mode, models in values.items()
    }


def profiles_folder() -> Path:
    """Where ``songngu calibrate`` keeps the profiles that it fits."""
    general = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(general) / "songngu" / "profiles"


@lru_cache(maxsize=8)
def profile_for(fingerprint: str) -> RankingProfile:
    """The profile fitted on this machine for an encoder, else the one that ships, else any's.

    Of an encoder for which nothing was fitted, only what does not depend on the scale of its
    cosines is known: how near a story is beside others, and what it holds of the words.

    Raises:
        SettingsError: A profile is damaged.
    """
    for_any = RankingProfile(fingerprint)
    for name, text in _profiles():
        try:
            values = json.loads(text)
            if values["fingerprint"] == fingerprint:
                return RankingProfile.from_json(values)
            if not values["fingerprint"]:
                for_any = RankingProfile.from_json(values | {"fingerprint": fingerprint})
        except (ValueError, KeyError, TypeError) as error:
            raise SettingsError(
                f"The ranking profile {name} cannot be read ({error}). Delete it, or fit it again"
                " with: songngu calibrate"
            ) from error
    return for_any


def archive_profile(encoder: Encoder, ranking: RankingProfile | None = None) -> ArchiveProfile:
    """How archives of an encoder are made now, or for another ranking than the one for it."""
    direction = (ranking or profile_for(encoder.fingerprint)).direction
    return ArchiveProfile(identity(encoder), direction=tuple(direction.tolist()))


def _profiles() -> Iterator[tuple[str, str]]:
    """(name, content) of all profiles, those of this machine first."""
    folder = profiles_folder()
    for file in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        yield str(file), file.read_text("utf-8")
    for shipped in sorted(resources.files("search.data").iterdir(), key=lambda file: file.name):
        if shipped.name.startswith("profile-") and shipped.name.endswith(".json"):
            yield shipped.name, shipped.read_text("utf-8")
