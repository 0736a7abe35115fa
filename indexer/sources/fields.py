"""The fields of an article: the names that data sets give them, and how they are mapped to ours.

``--map title=headline``, ``--map text=content.body``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain, islice

from indexer.sources.base import Failure, RawDocument
from indexer.sources.files import FileSource
from search.errors import FetchError, SettingsError
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

_FIELDS = {name: field for field, others in ALIASES.items() for name in (field, *others)}

_MISSING = frozenset(
    "#N/A|#N/A N/A|#NA|-1.#IND|-1.#QNAN|-NaN|-nan|1.#IND|1.#QNAN|<NA>|N/A|NA|NULL|NaN|NaT|None|n/a|"
    "nan|null|none|undefined|\\N|(null)".split("|")
)
"""What databases, spreadsheets and data frames write where there is no value."""

_PROBE = 64
"""Documents looked at before a name is called unknown: JSON leaves out what is empty."""

_SHOWN = 30
"""Names listed in an error."""

_NOTHING = object()
"""What stands at a path that does not lead anywhere."""


def is_missing(value: object) -> bool:
    """Tell whether a field has no value."""
    if isinstance(value, str) and not value.strip():
        return True
    return value is None or value in ([], {}) or is_placeholder(value)


def is_placeholder(value: object) -> bool:
    """Tell whether a value is what programs write for none: "NULL", NaN."""
    if isinstance(value, str):
        return value.strip() in _MISSING
    return isinstance(value, float) and math.isnan(value)


@lru_cache(maxsize=10_000)
def squashed(name: str) -> str:
    """Strip a name of case, marks, "_", "-", spaces and the invisible: "Tiêu đề" is "tieude"."""
    return re.sub(r"[_\-\s]", "", fold(normalise(name)))


def field_of(name: str) -> str | None:
    """Find the field of an article that a column or member of this name is, if it is one."""
    return _FIELDS.get(squashed(name))


@dataclass(frozen=True, slots=True)
class FieldMap:
    """Field of an article → the name, or the path of names between dots, that a data set has it by.

    A name that exists as it is written, dots included, comes before the path. In a list a number
    picks an element (``paragraphs.0``), and a name is looked up in every one (``authors.name``).
    Where a document lacks the mapped name, or it is empty there, the usual names are tried.
    """

    paths: Mapping[str, str]

    @classmethod
    def parse(cls, pairs: Iterable[str]) -> FieldMap:
        """Read ``OURS=THEIRS`` pairs.

        Raises:
            SettingsError: One is no such pair, names no field of ours, or comes twice.
        """
        paths: dict[str, str] = {}
        for pair in pairs:
            field, equals, path = (part.strip() for part in pair.partition("="))
            if not (field and equals and path):
                raise SettingsError(f"--map {pair!r} is no pair: write it as title=headline")
            if field not in ALIASES:
                raise SettingsError(
                    f"--map {pair!r}: articles have no field {field!r}, only {', '.join(ALIASES)}"
                )
            if field in paths:
                raise SettingsError(f"--map gives {field} twice: {paths[field]!r} and {path!r}")
            paths[field] = path
        return cls(paths)

    def apply(self, fields: Mapping[str, object]) -> dict[str, object]:
        """Rename fields to ours; what is not mapped keeps its own name."""
        mapped, used = {}, set()
        for field, path in self.paths.items():
            value = _looked_up(fields, path)
            used.add(path if path in fields else path.partition(".")[0])
            if value not in (_NOTHING, None, "", [], {}):
                mapped[field] = value
        others = {
            name: value for name, value in fields.items() if name not in mapped and name not in used
        }
        return mapped | others

    def unknown(self, documents: Iterable[RawDocument]) -> str | None:
        """Say in one line which mapped names no document has, full or empty; else None."""
        given = [document.fields for document in documents if document.fields is not None]
        missing = [
            path
            for path in self.paths.values()
            if all(_looked_up(fields, path) is _NOTHING for fields in given)
        ]
        if not given or not missing:
            return None
        names = list(dict.fromkeys(chain.from_iterable(map(names_in, given))))
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        return (
            f"there is no {' and no '.join(map(repr, missing))} to map; there are"
            f" {', '.join(names[:_SHOWN])}{more}: correct --map"
        )


class Mapped(FileSource):
    """A source of fields with its names mapped to ours.

    Where the first documents have nothing of a mapped name, nothing of the source is taken in, and
    one ``Failure`` lists the names there are.
    """

    def __init__(self, source: FileSource, names: FieldMap) -> None:
        super().__init__(source.file)
        self._source = source
        self._names = names

    def _read(self) -> Iterator[RawDocument | Failure]:
        waiting = self._source.documents()
        probe = list(islice(waiting, _PROBE))
        first = [item for item in probe if isinstance(item, RawDocument)]
        if (reason := self._names.unknown(first)) is not None:
            raise FetchError(reason)
        for item in chain(probe, waiting):
            if isinstance(item, RawDocument) and item.fields is not None:
                yield replace(item, fields=self._names.apply(item.fields))
            else:
                yield item


def _looked_up(value: object, path: str) -> object:
    """Find what stands at a path, empty or not; ``_NOTHING`` where nothing does."""
    first, _, rest = path.partition(".")
    if isinstance(value, Mapping):
        if path in value:
            return value[path]
        return _looked_up(value[first], rest) if rest and first in value else _NOTHING
    if not isinstance(value, list):
        return _NOTHING
    if value and first.isdecimal():
        element = value[int(first)] if int(first) < len(value) else _NOTHING
        return _looked_up(element, rest) if rest else element
    found = [_looked_up(element, path) for element in value]
    found = [one for one in found if one not in (_NOTHING, None)]
    # A list may be empty in every document seen, and its elements differ.
    return found if found or not value else _NOTHING


def names_in(fields: Mapping[str, object]) -> Iterator[str]:
    """Yield every name at the top, and the paths one level down."""
    for name, value in fields.items():
        if isinstance(value, Mapping) and value:
            yield from (f"{name}.{inner}" for inner in value)
        else:
            yield str(name)
