"""The fields of an article, and the other names that data sets give them."""

from __future__ import annotations

import math
import re
from functools import lru_cache

from search.text.languages import fold, normalise

ALIASES: dict[str, tuple[str, ...]] = {
    "id": ("docid", "uuid", "guid", "articleid"),
    "title": ("headline", "heading", "name", "tieude", "tenbai"),
    "lead": (
        "description", "summary", "abstract", "excerpt", "sapo", "standfirst", "subtitle", "teaser",
        "tomtat", "mota",
    ),
    "text": ("articlebody", "body", "content", "fulltext", "maintext", "contents", "noidung"),
    "lang": ("language", "inlanguage", "langcode", "locale", "ngonngu"),
    "date": (
        "published", "publisheddate", "publishedat", "publishdate", "pubdate", "datepublished",
        "publicationdate", "datepublish", "publishtime", "publishedtime", "createdat", "timestamp",
        "ngaydang", "ngayxuatban", "thoigian", "ngay",
    ),
    "url": ("link", "href", "canonicalurl", "permalink", "sourceurl", "lienket", "duongdan"),
    "source": (
        "publisher", "outlet", "newspaper", "sitename", "domain", "provider", "sourcedomain",
        "nguon", "toasoan", "hostname",
    ),
    "authors": ("author", "byline", "creator", "writer", "writers", "tacgia"),
    "section": ("category", "topic", "rubric", "channel", "articlesection", "chuyenmuc", "danhmuc"),
    "tags": ("keywords", "keyword", "tag", "topics", "tukhoa"),
    "captions": (
        "caption", "imagecaptions", "imagecaption", "photocaptions", "chuthich", "chuthichanh",
    ),
}  # fmt: skip
"""Field → other names it is known by, in order of preference, as ``squashed`` gives them.

The field's own name always comes first; a second name for a field that is taken is ignored.
"""


_MISSING = frozenset(
    "#N/A|#N/A N/A|#NA|-1.#IND|-1.#QNAN|-NaN|-nan|1.#IND|1.#QNAN|<NA>|N/A|NA|NULL|NaN|NaT|None|n/a|"
    "nan|null|none|undefined|\\N|(null)".split("|")
)
"""What databases, spreadsheets and data frames write where there is no value."""


def is_missing(value: object) -> bool:
    """Tell whether a field has no value."""
    if isinstance(value, str) and not value.strip():
        return True
    return value is None or value in ([], {}) or is_placeholder(value)


def is_placeholder(value: object) -> bool:
    """Tell whether what was written means that there is no value."""
    if isinstance(value, str):
        return value.strip() in _MISSING
    return isinstance(value, float) and math.isnan(value)


@lru_cache(maxsize=10_000)
def squashed(name: str) -> str:
    """Strip a name of case, marks, "_", "-", spaces and the invisible: "Tiêu đề" is "tieude"."""
    return re.sub(r"[_\-\s]", "", fold(normalise(name)))


def field_of(name: str) -> str | None:
    """Find the field of an article that a column or member of this name is, if it is one."""
    key = squashed(name)
    return next((field for field, others in ALIASES.items() if key in (field, *others)), None)
