"""Whether one article is a copy of another: wire stories, light edits, trailing site names.

``Fingerprint.keys`` are a few numbers of which copies are likely to share at least one: hashes of
the canonical address, of the title, and of the bands of a MinHash signature of the text's shingles
(Broder, "On the resemblance and containment of documents", 1997; bands as in Leskovec, Rajaraman
and Ullman, "Mining of Massive Datasets", ch. 3). Articles that share a key are candidates;
``are_copies`` compares their texts.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from search.addresses import canonical_url
from search.records import Article
from search.text.languages import exact_tokens, fold
from search.text.overlap import Shingles, shingles

_MOST_TOKENS = 3000  # of a longer text the beginning is enough to tell

# 16 bands of 4: of two texts with resemblance 0.65, 96 in 100 share a band; with 0.8, all do.
_BANDS = 16
_ROWS = 4

_LEAST_RESEMBLANCE = 0.65
_LEAST_NUMBERS = 0.8
"""Agreement of the numbers in two texts, see ``_agreement``.

Lottery results, prices and weather come from one template every day: their words are the same.
"""
_MOST_REPLACED = 2  # numbers with others in their place; a table of prices keeps most of its own
_LEFT_OUT = 0.25
_CUT = 0.95  # of the longer text: what is shorter was cut
_SURELY = 0.95
_LEAST_NUMBERS_SURELY = 0.5  # of long texts that are alike to this degree: a misprint is corrected
_LONG_SHINGLES = 100
_APART_DAYS = 3
_LEAST_RESEMBLANCE_APART = 0.95  # published further apart than that
_LEAST_RESEMBLANCE_SAME_PAGE = 0.3  # at one address: a page that was corrected

_SHORT_SHINGLES = 40
_LEAST_RESEMBLANCE_SHORT = 0.75
_LEAST_TITLE_SHORT = 0.5
"""Of a short text's title: notices of a line or two are alike for every company."""

_LEAST_TITLE_TOKENS = 4  # a shorter title names a column, not a story
_SITE = re.compile(r"\s+[-–—|]\s+(?=[^-–—|]+$)")
_MOST_SITE_WORDS = 4


def _given(value: int) -> int:
    return value


@cache
def _empty() -> Any:
    from datasketch import MinHash  # a third of a second, with SciPy: only for who links something

    # A scheme by name: signatures of two schemes do not compare, and they are kept for years.
    return MinHash(num_perm=_BANDS * _ROWS, seed=1, hashfunc=_given, scheme="affine32")


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What of an article is compared to find copies.

    Attributes:
        shingles: Hashes of every run of four tokens of the text, ascending, each once.
        numbers: Every number in the text, as ``exact`` writes it.
        title: The folded tokens of the title, without the site's name after it.
        address: Canonical, also of the mobile edition; None where it is unknown.
    """

    lang: str
    day: int | None
    shingles: Shingles
    numbers: frozenset[str]
    title: tuple[str, ...]
    address: str | None

    @classmethod
    def of(cls, article: Article) -> Fingerprint:
        """Compute the fingerprint of an article."""
        body = "\n".join(part for part in (article.lead, article.text) if part)
        tokens = exact_tokens(body)[:_MOST_TOKENS]
        return cls(
            lang=article.lang,
            day=article.day,
            shingles=shingles(tokens),
            numbers=frozenset(token for token in tokens if token[0].isdigit()),
            title=tuple(map(fold, exact_tokens(_without_site(article.title)))),
            address=_address(article.url),
        )

    def keys(self) -> tuple[int, ...]:
        """Compute signed 64-bit numbers; copies almost certainly share at least one."""
        keys = []
        if self.address:
            keys.append(_key("address", self.lang, self.address))
        if len(self.title) >= _LEAST_TITLE_TOKENS:
            keys.append(_key("title", self.lang, *self.title))
        if len(self.shingles):
            signature = _empty().copy()
            signature.update_batch(self.shingles.tolist())
            values = signature.digest().reshape(_BANDS, _ROWS)
            for band, row in enumerate(values.tolist()):
                keys.append(_key("text", self.lang, band, *row))
        return tuple(keys)


def resemblance(one: Fingerprint, other: Fingerprint) -> float:
    """Compute the share of both texts' shingles that are in both (Jaccard), 0 to 1."""
    common = len(np.intersect1d(one.shingles, other.shingles, assume_unique=True))
    return _share(common, len(one.shingles), len(other.shingles))


def are_copies(one: Fingerprint, other: Fingerprint) -> bool:
    """Tell whether two articles tell one story in nearly the same words.

    Translations never are, follow-ups with a changed text are not, and neither are two days'
    stories from one template.
    """
    if one.lang != other.lang:
        return False
    alike = resemblance(one, other)
    shorter = min(len(one.shingles), len(other.shingles))
    surely = alike >= _SURELY and shorter >= _LONG_SHINGLES
    if _agreement(one, other) < (_LEAST_NUMBERS_SURELY if surely else _LEAST_NUMBERS):
        return False
    if one.address and one.address == other.address:
        return alike >= _LEAST_RESEMBLANCE_SAME_PAGE
    if one.day is not None and other.day is not None and abs(one.day - other.day) > _APART_DAYS:
        return alike >= _LEAST_RESEMBLANCE_APART
    if shorter >= _SHORT_SHINGLES:
        return alike >= _LEAST_RESEMBLANCE
    titles = set(one.title), set(other.title)
    same_title = _share(len(titles[0] & titles[1]), *map(len, titles)) >= _LEAST_TITLE_SHORT
    return same_title and alike >= _LEAST_RESEMBLANCE_SHORT


def _agreement(one: Fingerprint, other: Fingerprint) -> float:
    """Measure how far two texts' numbers are the same, 0 to 1.

    A number in place of another tells two days of one template apart. One that is only missing from
    a shorter text weighs a quarter of that: sentences are cut off.
    """
    common = len(one.numbers & other.numbers)
    fewer, more = sorted((len(one.numbers - other.numbers), len(other.numbers - one.numbers)))
    if fewer > _MOST_REPLACED:
        return 0.0
    shorter, longer = sorted((len(one.shingles), len(other.shingles)))
    different = fewer + (more - fewer) * (_LEFT_OUT if shorter < _CUT * longer else 1.0)
    return common / (common + different) if common or different >= 1 else 1.0


def _share(common: int, one: int, other: int) -> float:
    return common / (one + other - common) if one + other else 0.0


def _key(*parts: Any) -> int:
    text = "\x1f".join(map(str, parts)).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big", signed=True)


def _without_site(title: str) -> str:
    """Remove " - Site name" from the end of a title, where enough of it remains."""
    if (cut := _SITE.search(title)) is not None:
        story, site = title[: cut.start()], title[cut.end() :]
        if len(site.split()) <= _MOST_SITE_WORDS and len(story.split()) >= _LEAST_TITLE_TOKENS:
            return story
    return title


def _address(url: str | None) -> str | None:
    canonical = canonical_url(url) if url else None
    if canonical is None:
        return None
    parts = urlsplit(canonical)
    path = parts.path.removesuffix("/amp").removesuffix(".amp")
    return f"{parts.netloc}{path}?{parts.query}"
