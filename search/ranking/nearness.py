"""How near stories are to a draft: vectors, names and words in common → what each is to it.

Pure functions. A story is the same one where hardly any words differ; else two logistic regressions
say how likely it tells the same event, and how likely it is background at all. They know no scale
of cosines: how near a paragraph is, is measured from what is usual around it to identity.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Literal

import numpy as np

from search.encoders.base import FloatArray
from search.ranking.relevance import Kind, Regression
from search.stores.base import FloatArray64
from search.text.languages import exact_tokens
from search.text.overlap import Marks, Shingles, in_common, marks, shingles

Nearness = Literal["same", "event", "background"]
"""What a story is to a draft."""
KINDS: tuple[Nearness, ...] = ("same", "event", "background")
"""The nearest first."""

FEATURES = (
    "cover",  # how near its passages are to the paragraphs, on average
    "top",  # and to the paragraph that is nearest to it
    "whole",  # the same of both texts as wholes
    "names",  # logarithm of the weight of names and numbers in common
    "names share",  # that, as a share of those of the text that has fewer
    "across",  # whether it is in another language
    "across cover",  # the others, where it is
    "across top",
    "across names",
)
_MOST_TOKENS = 3000  # of a longer text the beginning is enough to tell
_FEWEST_RUNS = 20
_FEWEST_NUMBERS, _SAME_NUMBERS = 5, 0.5
_FIRST, _LAST = 10, 40
"""Places of the stories that are near and tell something else."""
_NEARER = 0.16
"""How much nearer stories are to each other than to queries, as a share of the way to identity."""
_SAME_WORDS = 0.5
"""Share of the runs of words of the shorter text, from which on both tell in the same words."""


@dataclass(frozen=True)
class TextPrint:
    """What of a text is compared, beside its vectors.

    Attributes:
        runs: Of words.
    """

    lang: str
    runs: Shingles
    names: Marks

    @classmethod
    def of(cls, lang: str, text: str) -> TextPrint:
        """Read a text."""
        return cls(lang, shingles(exact_tokens(text)[:_MOST_TOKENS]), marks(text))


@dataclass(frozen=True)
class Surroundings:
    """A draft's vectors, and how near to each a language's stories usually are.

    Attributes:
        vectors: float32 (parts + 1, dimension): of the paragraphs, then of the whole.
        usual: float64 (parts + 1,): mean cosine of what is near and tells something else.
        weights: float64 (parts,): share of the draft's text.
    """

    vectors: FloatArray
    usual: FloatArray64
    weights: FloatArray64

    def nearness(self, passages: FloatArray) -> FloatArray64:
        """How near a story is to each paragraph and the whole: 0 is usual, 1 is identity.

        Args:
            passages: float32 (number, dimension): language-free, of the story.
        """
        whole = passages.mean(axis=0)
        whole /= max(float(np.linalg.norm(whole)), 1e-6)
        parts = (self.vectors[:-1] @ passages.T).max(axis=1)
        cosines = np.append(parts, self.vectors[-1] @ whole).astype(np.float64)
        return (cosines - self.usual) / np.maximum(1.0 - self.usual, 1e-6)


def usual_nearness(cosines: Sequence[float], to_queries: float | None) -> float:
    """What is usual among the nearest stories: the mean behind the first ones, which may answer.

    In a small archive it would be low, and whatever is nearest would seem near.

    Args:
        cosines: Descending; in a small archive the last stands for those that it does not have.
        to_queries: What is usual between queries and stories; None where that is not known.
    """
    behind = list(cosines[_FIRST:_LAST])
    missing = (_LAST - _FIRST) - len(behind)
    mean = float(np.mean([*behind, *[cosines[-1] if cosines else 0.0] * missing]))
    return mean if to_queries is None else max(mean, to_queries + _NEARER * (1.0 - to_queries))


def whole_of(vectors: FloatArray, weights: FloatArray64) -> FloatArray:
    """The unit vector of a text of several paragraphs: float32 (dimension,)."""
    whole = weights @ vectors
    return np.asarray(whole / max(float(np.linalg.norm(whole)), 1e-6), np.float32)


def features(
    near: FloatArray64,
    weights: FloatArray64,
    draft: TextPrint,
    story: TextPrint,
    *,
    across: bool,
) -> FloatArray64:
    """What is known of a draft and a story: float64 (``FEATURES``,).

    Args:
        near: As ``Surroundings.nearness`` gives it.
        across: Whether what it is nearest to is in another language.
    """
    weight, share = in_common(draft.names, story.names)
    cover, top = float(weights @ near[:-1]), float(near[:-1].max())
    known = [cover, top, float(near[-1]), float(np.log1p(weight)), share]
    return np.array([*known, *np.multiply(float(across), [1.0, cover, top, share])])


def in_the_same_words(draft: TextPrint, story: TextPrint) -> bool:
    """Tell whether most of the shorter text's runs of words are in the longer, and its numbers.

    Two days' prices from one template have the same words and other numbers.
    """
    if draft.lang != story.lang:
        return False
    if min(len(draft.runs), len(story.runs)) < _FEWEST_RUNS:
        return False  # a headline, or a line that is in every story of a kind
    numbers = [{name for name in one.names if name[0].isdigit()} for one in (draft, story)]
    fewer = min(map(len, numbers))
    if fewer >= _FEWEST_NUMBERS and len(numbers[0] & numbers[1]) < _SAME_NUMBERS * fewer:
        return False
    common = len(np.intersect1d(draft.runs, story.runs, assume_unique=True))
    return common / min(len(draft.runs), len(story.runs)) >= _SAME_WORDS


@dataclass(frozen=True)
class NearnessModel:
    """Says what stories are to a draft.

    Attributes:
        event, background: Models of telling the same event, and of being background at least.
        least: Probability from which on it is said of a story in the draft's own language, and of
            one in the other.
    """

    event: Regression
    background: Regression
    least: Mapping[Nearness, Mapping[Kind, float]]

    @classmethod
    @lru_cache(maxsize=1)
    def bundled(cls) -> NearnessModel:
        """The model that ships; ``tests/benchmarks/bench_coverage.py`` fits it."""
        values = json.loads((resources.files("search.data") / "nearness.json").read_text("utf-8"))
        return cls(
            Regression.from_json(values["event"], FEATURES),
            Regression.from_json(values["background"], FEATURES),
            values["least"],
        )

    def judge(self, values: FloatArray64, same: Sequence[bool]) -> list[tuple[int, float]]:
        """What each story is, as its place in ``KINDS``, and how probable that is.

        The place behind the last is that of stories of which nothing is said.

        Args:
            values: float64 (stories, ``FEATURES``).
            same: Whether each is in the same words.
        """
        event, background = self.event.probabilities(values), self.background.probabilities(values)
        across = values[:, FEATURES.index("across")] > 0
        judged: list[tuple[int, float]] = []
        for is_same, of_event, of_background, is_across in zip(
            same, event, background, across, strict=True
        ):
            kind: Kind = "across" if is_across else "own"
            if is_same:
                judged.append((0, float(of_event)))
            elif of_event >= self.least["event"][kind]:
                judged.append((1, float(of_event)))
            elif of_background >= self.least["background"][kind]:
                judged.append((2, float(of_background)))
            else:
                judged.append((len(KINDS), 0.0))
        return judged
