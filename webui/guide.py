"""The page of help, and examples of queries that find something in the archive that is served."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice, pairwise

from flask import Blueprint, current_app, render_template

from search.archive import Archive
from search.completion import Completion, Kind, names_in
from search.errors import EncoderError, QueryError
from search.records import Article, Filters, Query
from search.text.languages import exact_tokens, fold
from webui.i18n import interface
from webui.parameters import Address
from webui.site import current_site

LIFE_S = 600.0
"""How long examples are kept; they are made anew before where the number of stories changes."""

_TRIED = 12
"""Candidates for one example; each costs a search."""
_NAMES = 500
"""Names among which candidates are chosen."""

_WITHOUT = (("bóng đá -nữ", "vi"), ("giá cà phê -Tết", "vi"), ("football -women", "en"))
_HAVING: dict[Kind, Callable[[str], Filters]] = {
    "author": lambda name: Filters(authors=(name,)),
    "section": lambda name: Filters(sections=(name,)),
    "source": lambda name: Filters(sources=(name,)),
}
_EXTENSION = "songngu.guide"

blueprint = Blueprint("guide", __name__)


@dataclass(frozen=True, slots=True)
class Example:
    """A query that finds something in the archive.

    Attributes:
        lang: The language it is in.
        finds: For one without diacritics, the words that it finds.
    """

    query: str
    lang: str
    finds: str = ""


class Examples:
    """One archive's examples, by what they show. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: dict[str, tuple[float, dict[str, int], Mapping[str, Example]]] = {}

    def of(self, archive: Archive, stories: dict[str, int], spoken: str) -> Mapping[str, Example]:
        """Give the examples that find something: any may be missing.

        Args:
            stories: The archive's articles by language.
            spoken: The language of the interface, in whose words filters are named.

        Raises:
            StoreError: The archive cannot answer.
        """
        with self._lock:
            made_at, of, examples = self._made.get(spoken, (0.0, {}, {}))
            if of != stories or time.monotonic() - made_at > LIFE_S:
                examples = dict(_made(archive, spoken))
                self._made[spoken] = (time.monotonic(), stories, examples)
            return examples


def current_examples() -> Mapping[str, Example]:
    """Give the examples for the archive and the interface of the current request."""
    site = current_site()
    kept = current_app.extensions.setdefault(_EXTENSION, Examples())
    assert isinstance(kept, Examples)
    return kept.of(site.archive, site.stats().articles, interface())


@blueprint.get("/help")
def show() -> str:
    """Explain how to ask, with examples of this archive."""
    return render_template("help.html", address=Address(), examples=current_examples())


def _made(archive: Archive, spoken: str) -> Iterator[tuple[str, Example]]:
    names = list(islice(archive.common("name"), _NAMES))
    vietnamese = [n for n in names if n.lang == "vi" and " " in n.text]
    english = [n for n in names if n.lang == "en" and " " in n.text]

    def first(kind: str, candidates: Iterator[Example]) -> Iterator[tuple[str, Example]]:
        for example in islice(candidates, _TRIED):
            if _finds(archive, example.query):
                yield kind, example
                return

    def named(some: list[Completion], write: str) -> Iterator[Example]:
        return (Example(write.format(n.text), n.lang) for n in some)

    yield from first(
        "unmarked",
        (
            Example(fold(n.text), "vi", finds=n.text)
            for n in vietnamese
            if fold(n.text) != n.text.lower()
        ),
    )
    longer = sorted(english, key=lambda n: -len(n.text.split())) + vietnamese
    yield from first("phrase", named(longer, '"{}"'))
    without = [Example(query, lang) for query, lang in _WITHOUT]
    without += [
        Example(f'{one.text} -"{other.text}"', one.lang)
        for one, other in pairwise(vietnamese or english)
    ]
    yield from first("without", iter(without))
    for kind in _HAVING:
        few = sorted(islice(archive.common(kind), _NAMES), key=lambda n: n.lang != spoken)
        yield from first(kind, _filtered(archive, few[:3], spoken))
    yield from first("dated", _dated(archive, spoken))


def _filtered(archive: Archive, names: list[Completion], spoken: str) -> Iterator[Example]:
    """Words of a story of each name, beside the name as a filter."""
    for name in names:
        stories = archive.store.stream(filters=_HAVING[name.kind](name.text))
        for words, lang in _telling_words(islice(stories, _TRIED)):
            yield Example(replace(name, before=words).query(spoken), lang)


def _dated(archive: Archive, spoken: str) -> Iterator[Example]:
    """Words of a story of the archive's last month, beside the first day of that month."""
    last = archive.stats().date_last
    if not last:
        return
    stories = archive.store.stream(filters=Filters(date_from=f"{last[:7]}-01"))
    for words, lang in _telling_words(islice(stories, _TRIED)):
        day = {"vi": "từ ngày:1/{1}/{0}", "en": "from:{}-{}-01"}[spoken]
        yield Example(f"{words} {day.format(last[:4], last[5:7])}", lang)


def _telling_words(stories: Iterator[Article]) -> Iterator[tuple[str, str]]:
    """Names in the titles of stories, else the first words of their titles; with the language."""
    titled = [(story.title, story.lang) for story in stories if story.title]
    for title, lang in titled:
        yield from (
            (name, lang) for name, inside in names_in(title, lang) if inside and " " in name
        )
    for title, lang in titled:
        yield " ".join(exact_tokens(title)[:3]), lang


def _finds(archive: Archive, query: str) -> bool:
    """Whether a query matches a story when a reader clicks it."""
    try:
        return any(archive.result_set(Query(query)).count("match").values())
    except (QueryError, EncoderError):
        return False
