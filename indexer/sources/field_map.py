"""Which of a data set's fields are ours: ``--map title=headline``, ``--map text=content.body``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain, islice

from indexer.sources.base import Failure, RawDocument, Source
from indexer.sources.field_names import ALIASES
from search.errors import SettingsError

_PROBE = 64
"""Documents looked at before a name is called unknown: JSON leaves out what is empty."""

_SHOWN = 30
"""Names listed in an error."""


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
        """The fields under our names; what was not mapped keeps its own."""
        mapped, used = {}, set()
        for field, path in self.paths.items():
            value = _looked_up(fields, path)
            used.add(path if path in fields else path.partition(".")[0])
            if value not in (None, "", [], {}):
                mapped[field] = value
        others = {
            name: value for name, value in fields.items() if name not in mapped and name not in used
        }
        return mapped | others

    def unknown(self, documents: Iterable[RawDocument]) -> str | None:
        """What is wrong where no document has a mapped name; one line, None if nothing is."""
        given = [document.fields for document in documents if document.fields is not None]
        missing = [
            path for path in self.paths.values() if not any(_has(fields, path) for fields in given)
        ]
        if not given or not missing:
            return None
        names = list(dict.fromkeys(chain.from_iterable(map(names_in, given))))
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        return (
            f"there is no {' and no '.join(map(repr, missing))} to map; there are"
            f" {', '.join(names[:_SHOWN])}{more}: correct --map"
        )


class Mapped:
    """A source of fields with its names mapped to ours.

    Where the first documents have nothing of a mapped name, nothing of the source is taken in, and
    one ``Failure`` lists the names there are.
    """

    def __init__(self, source: Source, names: FieldMap, *, file: str) -> None:
        self._source = source
        self._names = names
        self._file = file

    def documents(self) -> Iterator[RawDocument | Failure]:
        """The documents under our names."""
        waiting = self._source.documents()
        probe = list(islice(waiting, _PROBE))
        if (reason := self._problem(probe)) is not None:
            yield Failure(self._file, None, reason)
            return
        for item in chain(probe, waiting):
            if isinstance(item, RawDocument) and item.fields is not None:
                yield replace(item, fields=self._names.apply(item.fields))
            else:
                yield item

    def count(self) -> int | None:
        """As many as the source has, or the one failure."""
        if (number := self._source.count()) is None:
            return None
        probe = list(islice(self._source.documents(), _PROBE))
        return number if self._problem(probe) is None else 1

    def _problem(self, probe: Iterable[RawDocument | Failure]) -> str | None:
        return self._names.unknown(item for item in probe if isinstance(item, RawDocument))


def _looked_up(value: object, path: str) -> object:
    """What stands at a path; None where nothing does."""
    if isinstance(value, Mapping):
        if path in value:
            return value[path]
        first, _, rest = path.partition(".")
        return _looked_up(value[first], rest) if rest and first in value else None
    if isinstance(value, list):
        first, _, rest = path.partition(".")
        if first.isdecimal():
            element = value[int(first)] if int(first) < len(value) else None
            return _looked_up(element, rest) if rest else element
        found = [_looked_up(element, path) for element in value]
        return [one for one in found if one is not None]
    return None


def _has(fields: Mapping[str, object], path: str) -> bool:
    """Whether a name is there, empty or not; of a path, whatever it leads to."""
    if path in fields:
        return True
    first, _, rest = path.partition(".")
    if not rest or first not in fields:
        return False
    inner = fields[first]
    if isinstance(inner, Mapping):
        return _has(inner, rest)
    # A list may be empty in every document seen, and its elements differ.
    return isinstance(inner, list) and (not inner or _looked_up(inner, rest) not in (None, []))


def names_in(fields: Mapping[str, object]) -> Iterator[str]:
    """Every name at the top, and the paths one level down."""
    for name, value in fields.items():
        if isinstance(value, Mapping) and value:
            yield from (f"{name}.{inner}" for inner in value)
        else:
            yield str(name)
