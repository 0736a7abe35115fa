"""Small archive entries with vectors made by hand."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from search.encoders.base import EncoderIdentity
from search.records import Article, Passage
from search.stores.base import ArchiveProfile, Entry, analysed

DIMENSION = 16
PROFILE = ArchiveProfile(EncoderIdentity("test", "1", DIMENSION, ("", ""), "fingerprint"))


def unit(*values):
    """A vector of length 1 that begins with the values."""
    vector = np.zeros(DIMENSION, np.float32)
    vector[: len(values)] = values
    return vector / np.linalg.norm(vector)


def entry(id_, text, *vectors, lang="vi", **fields):
    """An entry with one passage for each vector, the text cut evenly between them."""
    article = Article(id=id_, lang=lang, text=text, **fields)
    cuts = np.linspace(0, len(article.body), len(vectors) + 1).astype(int).tolist()
    passages = [Passage(i, a, b) for i, (a, b) in enumerate(pairwise(cuts))]
    return Entry(
        article,
        tuple(passages),
        np.array(vectors, np.float32).reshape(len(vectors), DIMENSION),
        analysed(article),
    )
