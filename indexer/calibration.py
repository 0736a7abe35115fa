"""Fits the constants of ranking for an encoder, on parallel articles with judged queries."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from search.archive import Archive
from search.encoders.base import FloatArray
from search.errors import SourceError
from search.evaluation import CUTOFF, Judged
from search.ranking.fusion import BACKGROUND_LEAST, background
from search.ranking.profile import RankingProfile
from search.ranking.query import read_query
from search.records import Query
from search.stores.base import Entry
from search.text.languages import LANGUAGES, exact_tokens

_WEIGHTS = (0.0, 0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.045, 0.05, 0.06, 0.08, 0.1)
_NONSENSE_QUERIES = 150
_NONSENSE_KEPT_OUT = 0.8
"""Share of nonsense that the floor is to keep out by meaning alone: every further one costs true
matches."""
_TINY_SHARE, _LARGE_SHARE = 0.65, 0.48
"""Of the margin among 100 articles: what it is among 12, and among 100,000 (with e5-small)."""

Array = npt.NDArray[np.float64]
Data = Sequence[tuple[Archive, Judged]]


@dataclass(frozen=True)
class _Corpus:
    """An archive's articles of one language.

    Attributes:
        vectors: Language-free, float32 (passages, dimension); first: int64 (articles + 1,).
    """

    ids: list[str]
    vectors: FloatArray
    first: npt.NDArray[np.int64]

    def cosines(self, vector: FloatArray) -> Array:
        """Compute the cosine of each article's best passage: float64 (articles,)."""
        return np.maximum.reduceat(self.vectors @ vector, self.first[:-1]).astype(np.float64)


@dataclass(frozen=True)
class _Asked:
    """One query in one target language.

    Attributes:
        cosines, words: (articles,): cosine and BM25 / ln(2 + articles).
        relevant: Place of the relevant article.
        same: Whether the query is in this language.
    """

    cosines: Array
    words: Array
    relevant: int
    same: bool

    def ndcg(self, weight: float) -> float:
        """Compute nDCG@10 with one relevant article."""
        scores = self.cosines + weight * self.words
        rank = int((scores > scores[self.relevant]).sum())
        return 1 / math.log2(rank + 2) if rank < CUTOFF else 0.0

    def distance_without_it(self, weight: float) -> float:
        """Measure how far the best irrelevant story is above the mean of the next three."""
        scores = np.sort(np.delete(self.cosines + weight * self.words, self.relevant))[::-1]
        return float(scores[0] - scores[1:4].mean())


def fit(data: Data, before: RankingProfile) -> RankingProfile:
    """Fit the constants by which the data's queries find their stories best.

    The direction is the mean of the differences of the two languages' mean vectors, one for each
    corpus; the weights of words are those with the highest mean nDCG@10; feedback begins where half
    of the wrong stories stand out less, and is full where four fifths do; the floor keeps four
    fifths of random words out.

    Args:
        before: Gives what is not fitted.

    Raises:
        SourceError: The data has too few articles in some language.
    """
    entries = [list(archive.store.entries()) for archive, _ in data]
    direction = _direction(entries, data)
    profile = replace(before, fingerprint=data[0][0].encoder.fingerprint, direction=direction)
    asked: list[list[_Asked]] = []
    nonsense: list[tuple[float, float]] = []
    for (archive, judged), kept in zip(data, entries, strict=True):
        corpora = {lang: _corpus(kept, lang, profile) for lang in LANGUAGES}
        asked.append(list(_asked(archive, judged, corpora, profile)))
        nonsense += _nonsense(archive, kept, corpora, profile)
    same = _best_weight([[a for a in some if a.same] for some in asked])
    cross = _best_weight([[a for a in some if not a.same] for some in asked])
    distances = [a.distance_without_it(same) for some in asked for a in some if a.same]
    margin, floor = (float(np.quantile(x, _NONSENSE_KEPT_OUT)) for x in zip(*nonsense, strict=True))
    return replace(
        profile,
        same_language_words=same,
        cross_language_words=cross,
        feedback_from=round(float(np.quantile(distances, 0.5)), 4),
        feedback_full=round(float(np.quantile(distances, 0.8)), 4),
        tiny_margin=round(margin * _TINY_SHARE, 4),
        small_margin=round(margin, 4),
        large_margin=round(margin * _LARGE_SHARE, 4),
        floor=round(floor, 4),
    )


def _direction(entries: Sequence[Sequence[Entry]], data: Data) -> FloatArray:
    differences = []
    first, second = LANGUAGES
    for kept, (_, judged) in zip(entries, data, strict=True):
        relevant = {id_ for ids in judged.relevant.values() for id_ in ids}
        means = []
        for lang in (first, second):
            chosen = [e for e in kept if e.article.lang == lang and e.article.id in relevant]
            vectors = [entry.vectors for entry in chosen if len(entry.vectors)]
            if len(vectors) < BACKGROUND_LEAST:
                raise SourceError(
                    f"Calibration needs {BACKGROUND_LEAST} relevant articles or more in each"
                    f" language; there are {len(vectors)} in {LANGUAGES[lang].endonym}. Add some."
                )
            means.append(np.concatenate(vectors).mean(axis=0))
        difference = means[0] - means[1]
        differences.append(difference / np.linalg.norm(difference))
    direction = np.mean(differences, axis=0)
    return np.asarray(direction / np.linalg.norm(direction), np.float32)


def _corpus(entries: Sequence[Entry], lang: str, profile: RankingProfile) -> _Corpus:
    kept = [entry for entry in entries if entry.article.lang == lang and len(entry.vectors)]
    vectors = profile.language_free(np.concatenate([entry.vectors for entry in kept]))
    first = np.cumsum([0, *(len(entry.vectors) for entry in kept)])
    return _Corpus([entry.article.id for entry in kept], vectors, first)


def _asked(
    archive: Archive, judged: Judged, corpora: Mapping[str, _Corpus], profile: RankingProfile
) -> Iterator[_Asked]:
    """Measure every query against its relevant article, in each language that has one."""
    from search.stores.base import Scope, WordLookup

    texts = [text for _, _, text in judged.queries]
    reads = [read_query(Query(text), max_chars=len(text)) for text in texts]
    vectors = profile.language_free(archive.encoder.encode_queries([r.meant for r in reads]))
    for (id_, _, _), read, vector in zip(judged.queries, reads, vectors, strict=True):
        for lang, corpus in corpora.items():
            relevant = [n for n, i in enumerate(corpus.ids) if i in judged.relevant.get(id_, ())]
            if not relevant:
                continue
            lookup = WordLookup(Scope(lang), read.terms(lang), len(corpus.ids))
            [found] = archive.store.find([lookup])
            scores = {candidate.id: candidate.score for candidate in found}
            words = np.array([scores.get(i, 0.0) for i in corpus.ids])
            words /= math.log(2 + len(corpus.ids))
            yield _Asked(corpus.cosines(vector), words, relevant[0], read.lang == lang)


def _best_weight(asked: Sequence[Sequence[_Asked]]) -> float:
    """Choose the weight with the best mean over corpora; between equals the smallest."""

    def quality(weight: float) -> float:
        means = [float(np.mean([a.ndcg(weight) for a in some])) for some in asked if some]
        return round(float(np.mean(means)), 4)

    return max(_WEIGHTS, key=lambda weight: (quality(weight), -weight))


def _nonsense(
    archive: Archive,
    entries: Sequence[Entry],
    corpora: Mapping[str, _Corpus],
    profile: RankingProfile,
) -> Iterator[tuple[float, float]]:
    """Search for random words of the corpus: the best's height above its background, its cosine."""
    rng = random.Random(1)  # noqa: S311 – repeatable on purpose
    words = {
        lang: sorted({w for e in entries if e.article.lang == lang for w in _words(e)})
        for lang in corpora
    }
    queries = [
        " ".join(rng.sample(words[lang], rng.randint(2, 6)))
        for lang in corpora
        for _ in range(_NONSENSE_QUERIES // len(corpora))
    ]
    vectors = profile.language_free(archive.encoder.encode_queries(queries))
    for vector in vectors:
        for corpus in corpora.values():
            cosines = np.sort(corpus.cosines(vector))[::-1][: profile.depth].tolist()
            level = background(cosines)
            if level is not None:
                yield cosines[0] - level, cosines[0]


def _words(entry: Entry) -> list[str]:
    return [token for token in exact_tokens(entry.article.body) if token.isalpha()]
