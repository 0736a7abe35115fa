"""One model of relevance: what is known of a query and a story → the probability that it answers.

Pure functions: no store, no I/O. The model is a logistic regression over a handful of features, one
for the query's own language and one across languages, fitted on judged queries by
``songngu calibrate`` and kept with the encoder's profile. More of what speaks for a story never
makes it less likely: those coefficients are not negative.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from search.stores.base import Stories

FloatArray = npt.NDArray[np.float64]
Kind = Literal["own", "across"]

FEATURES = (
    "cosine",  # of the story's nearest passage to the query
    "lift",  # that, above the background of all that is near
    "lift share",  # the story's lift as a share of the best's
    "words",  # BM25 score over the logarithm of the archive's size
    "words share",  # BM25 score as a share of the best's
    "held",  # share of the query's words, by what they tell, that the story holds
    "in title",
    "in opening",
    "pairs",  # the same of neighbouring words
    "feedback cosine",  # to the query moved towards the best stories at home
    "feedback lift",
    "feedback share",
    "same story",  # that, as far as one story at home stands out from all others
    "few words",  # 1 / words of the query that tell something
    "no words",  # whether none of its words can occur in the language
)
QUERY_FEATURES = (
    "best at home",  # log odds of the likeliest story in the query's own language
    "best abroad",
    "top lift at home",
    "top lift abroad",
    "held",  # most that a story at home holds of the query's words
    "pairs",
    "words",  # highest BM25 score at home, over the logarithm of the archive's size
)
"""What tells a query that means something in an archive from one that does not."""
MONOTONE = frozenset(FEATURES) - {"few words", "no words"}
MEANING = frozenset(
    {
        "cosine",
        "lift",
        "lift share",
        "feedback cosine",
        "feedback lift",
        "feedback share",
        "same story",
    }
)
SCALED = frozenset(
    {
        "cosine",
        "lift",
        "feedback cosine",
        "feedback lift",
        "top lift at home",
        "top lift abroad",
    }
)
"""Features, also of queries, that mean as much as the scale of an encoder's cosines does."""
ACROSS_ONLY = frozenset(
    {"feedback cosine", "feedback lift", "feedback share", "same story", "no words"}
)
_BACKGROUND = slice(20, 100)
_USUAL_COUNTS = 5
"""Stories that what is usual counts as much as, beside those that were found."""
_LEAST_TOP = 0.01
"""Lift below which the best of a list is no better than its background."""


@dataclass(frozen=True, slots=True)
class QueryFacts:
    """What features need to know of the query in one language.

    Attributes:
        articles: How many the archive has in the language.
        words: How many words that tell something can occur in it.
        lead: How far the likeliest story in the query's own language is above the next, 0 to 1.
        usual: What cosines of passages that do not answer usually are, for the query's vector and
            the moved one; None where it is not known.
    """

    articles: int
    words: int
    lead: float = 0.0
    usual: tuple[float | None, float | None] = (None, None)


def background(cosines: FloatArray, usual: float | None = None) -> float:
    """What is near to a query without answering it: the mean behind the twentieth, best first.

    Of a short list it is the mean of its lower half, drawn towards what is usual the more the
    fewer there are; the nearest of all is never counted, where that is known.
    """
    start = min(_BACKGROUND.start, (len(cosines) + (usual is not None)) // 2)
    counted = cosines[start : _BACKGROUND.stop]
    if usual is not None:
        counted = np.concatenate([counted, np.full(_USUAL_COUNTS, usual)])
    return float(np.mean(counted)) if len(counted) else 0.0


def features(stories: Stories, facts: QueryFacts, *, among: Stories | None = None) -> FloatArray:
    """The features of each story: float64 (stories, ``FEATURES``).

    A story without a vector is as near as the background.

    Args:
        among: What they stand out from; None takes themselves.
    """
    among = among or stories
    count = len(stories.ids)
    found = dict.fromkeys(FEATURES, np.zeros(count))
    for column in range(stories.cosines.shape[1]):
        nearest = among.nearest[column]
        level = background(nearest, facts.usual[column])
        top = max(_LEAST_TOP, float(nearest[0]) - level) if len(nearest) else _LEAST_TOP
        cosine = np.where(np.isnan(stories.cosines[:, column]), level, stories.cosines[:, column])
        lift = cosine - level
        share = np.clip(lift / top, -1.0, 1.0)
        if column:
            found |= {"feedback cosine": cosine, "feedback lift": lift, "feedback share": share}
            found["same story"] = share * facts.lead
        else:
            found |= {"cosine": cosine, "lift": lift, "lift share": share}
    best = float(among.words.max(initial=0.0))
    found["words"] = stories.words / np.log(2.0 + facts.articles)
    found["words share"] = stories.words / best if best > 0 else np.zeros(count)
    for name, share in zip(
        ("held", "in title", "in opening", "pairs"), stories.shares.T, strict=True
    ):
        found[name] = share
    found["few words"] = np.full(count, 1.0 / max(1, facts.words))
    found["no words"] = np.full(count, float(facts.words == 0))
    return np.column_stack([found[name] for name in FEATURES])


def query_features(
    home: tuple[FloatArray, FloatArray], abroad: tuple[FloatArray, FloatArray]
) -> FloatArray:
    """The features of a query: float64 (``QUERY_FEATURES``,).

    Args:
        home, abroad: Features and probabilities of the stories in its own language, in others.
    """

    def most(values: FloatArray, name: str) -> float:
        return float(values[:, FEATURES.index(name)].max(initial=0.0))

    def best(probabilities: FloatArray) -> float:
        likeliest = min(1 - 1e-6, max(1e-6, float(probabilities.max(initial=0.0))))
        return float(np.log(likeliest / (1 - likeliest)))

    return np.array(
        [
            best(home[1]),
            best(abroad[1]),
            most(home[0], "lift"),
            most(abroad[0], "lift"),
            most(home[0], "held"),
            most(home[0], "pairs"),
            most(home[0], "words"),
        ]
    )


@dataclass(frozen=True)
class Regression:
    """A logistic regression.

    Attributes:
        coefficients: float64 (names,).
        names: Of the features.
    """

    intercept: float
    coefficients: FloatArray
    names: tuple[str, ...] = FEATURES

    def probabilities(self, values: FloatArray) -> FloatArray:
        """Of each row of features: float64 (rows,)."""
        odds = np.clip(values @ self.coefficients + self.intercept, -30.0, 30.0)
        return np.asarray(1.0 / (1.0 + np.exp(-odds)), np.float64)

    def to_json(self) -> dict[str, Any]:
        """A JSON object that ``from_json`` reads back."""
        named = zip(self.names, self.coefficients.tolist(), strict=True)
        return {"intercept": round(self.intercept, 4)} | {n: round(c, 4) for n, c in named if c}

    @classmethod
    def from_json(cls, values: Mapping[str, Any], names: tuple[str, ...] = FEATURES) -> Regression:
        """The regression that ``to_json`` described."""
        unknown = values.keys() - {"intercept", *names}
        if unknown:
            raise ValueError(f"there are no features called {', '.join(sorted(unknown))}")
        return cls(
            float(values["intercept"]),
            np.array([float(values.get(name, 0.0)) for name in names]),
            names,
        )


def fit_regression(
    values: FloatArray,
    labels: FloatArray,
    weights: FloatArray,
    *,
    used: Sequence[str],
    penalty: float,
    names: tuple[str, ...] = FEATURES,
    monotone: Collection[str] = MONOTONE,
) -> Regression:
    """Fit a logistic regression with an L2 penalty on standardised features.


    Args:
        values: float64 (pairs, ``FEATURES``).
        labels: float64 (pairs,): probability that the story is relevant, 0 to 1.
        weights: float64 (pairs,): how much each counts.
        used: Names of the features that may have a coefficient.
        names: Of all features.
        monotone: Of those whose coefficients are kept from below zero.
        penalty: Of the sum of squares, per unit of weight.
    """
    from scipy.optimize import minimize

    places = [names.index(name) for name in used]
    chosen = values[:, places]
    total = weights.sum()
    mean = (weights @ chosen) / total
    spread = np.sqrt((weights @ (chosen - mean) ** 2) / total)
    spread[spread < 1e-9] = np.inf
    scaled = (chosen - mean) / spread

    def loss(parameters: FloatArray) -> tuple[float, FloatArray]:
        odds = parameters[0] + scaled @ parameters[1:]
        error = 1.0 / (1.0 + np.exp(-odds)) - labels
        value = weights @ (np.logaddexp(0.0, odds) - labels * odds) / total
        value += 0.5 * penalty * float(parameters[1:] @ parameters[1:])
        slope = (weights * error) / total
        return float(value), np.concatenate(
            [[slope.sum()], scaled.T @ slope + penalty * parameters[1:]]
        )

    bounds = [(None, None), *((0.0 if name in monotone else None, None) for name in used)]
    found = minimize(loss, np.zeros(len(used) + 1), jac=True, method="L-BFGS-B", bounds=bounds).x
    coefficients = np.zeros(len(names))
    coefficients[places] = found[1:] / spread
    return Regression(float(found[0] - coefficients[places] @ mean), coefficients, names)
