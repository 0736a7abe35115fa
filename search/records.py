"""What flows through Songngu: articles, passages, queries, hits and results."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date as calendar_date
from functools import cached_property
from typing import Any, Literal

from search.text.agencies import agency_line

Mode = Literal["hybrid", "words", "meaning"]
Sort = Literal["relevance", "newest", "oldest"]
Zone = Literal["match", "related"]

MODES: tuple[Mode, ...] = ("hybrid", "words", "meaning")
SORTS: tuple[Sort, ...] = ("relevance", "newest", "oldest")


_HEADLINE_CHARS = 90
"""Of the text, where it stands for a title."""


def day_of(date: str | None) -> int | None:
    """Give the calendar day of a published date, as it was written: a proleptic ordinal.

    The day in the publisher's own time zone counts: a story of 23:30+07:00 belongs to that day.
    """
    return calendar_date.fromisoformat(date[:10]).toordinal() if date else None


@dataclass(frozen=True)
class Article:
    """One news story as an archive keeps it. All text is NFC without invisible characters.

    Attributes:
        date: Published, ISO 8601 ("2025-09-24" or "2025-09-24T08:30:00+07:00"); None is unknown.
    """

    id: str
    lang: str
    text: str
    title: str = ""
    lead: str = ""
    date: str | None = None
    url: str | None = None
    source: str | None = None
    authors: tuple[str, ...] = ()
    section: str | None = None
    tags: tuple[str, ...] = ()
    captions: tuple[str, ...] = ()

    @cached_property
    def body(self) -> str:
        """Lead, text and captions as one string; passages are spans of it."""
        parts = [self.lead, self.text, *self.captions]
        return "\n\n".join(part for part in parts if part)

    @property
    def headline(self) -> str:
        """The title, or the beginning of the text of an article without one."""
        if self.title:
            return self.title
        beginning = self.body[: 10 * _HEADLINE_CHARS]
        beginning = " ".join((beginning[agency_line(beginning) :] or beginning).split())
        if len(beginning) <= _HEADLINE_CHARS:
            return beginning
        return beginning[: _HEADLINE_CHARS + 1].rsplit(" ", 1)[0][:_HEADLINE_CHARS] + "…"

    @property
    def day(self) -> int | None:
        """The published date as a day number, or None where it is unknown."""
        return day_of(self.date)

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 over every field: equal hashes mean that nothing has to be done again."""
        payload = json.dumps(self.to_json(), ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(payload.encode("utf-8", "surrogatepass")).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """Write the article as one JSON object; lists stay lists, unknown values are null."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: list(v) if isinstance(v, tuple) else v for name, v in values.items()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Article:
        """Read what ``to_json`` wrote; for untrusted input see ``indexer.articles``."""
        known: dict[str, Any] = {f.name: values[f.name] for f in fields(cls) if f.name in values}
        for name in ("authors", "tags", "captions"):
            known[name] = tuple(known.get(name) or ())
        return cls(**known)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an article that was to be indexed.

    Attributes:
        number: Its place among those that were given, from 1.
        result: What was done with it.
        id: Its id in the archive, where it is there now.
        reason: Why it was skipped, or failed.
        warnings: What could not be used as it was given.
    """

    number: int
    result: Literal["added", "updated", "unchanged", "skipped", "failed"]
    id: str | None = None
    reason: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """A span of ``Article.body`` that has an embedding of its own.

    Attributes:
        position: Its number within the article, from 0.
        start, end: Offsets into ``Article.body`` in characters, end exclusive.
    """

    position: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Filters:
    """What every hit must satisfy. Of the matches of a query those that do remain.

    Attributes:
        date_from, date_to: ISO dates, both inclusive; an article of unknown date fails them.
        sources, authors, sections: Any of these; empty means all. A source is an exact name; an
            author or section has the words of the name in it, in their order, marks or not.
    """

    date_from: str | None = None
    date_to: str | None = None
    sources: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """One search as a person asked for it.

    Attributes:
        text: What was typed, with "quoted phrases" and -exclusions. Where it is empty and there are
            filters, all that passes them is found, newest first.
        k: Most hits wanted for each language, 1 to 1000.
        offset: Hits to pass over in each language's list (paging).
        lang: "both", or the code of the only language whose stories are wanted.
        verbatim: Search for exactly what was typed: restore no diacritics, read no Telex or VNI.
        explain: Say of each hit how its score came about.
        copies: Show every copy of a story by itself, not one for all of them.
        only_phrases: Find only stories that hold the quoted phrases, also where these seem to be a
            quotation in a headline.
        headline: Of the stories found, only those whose title or first words (the lead, if there is
            one) hold the query's words, diacritics aside; in the other language the words that are
            written alike, and counterparts of the stories that do.
        first: Of the copies of a story and its counterpart only the one published first, among
            those that were found.
        more: Where ``k`` and ``offset`` are to count matches only: how many of the possibly related
            stories of each language are added where its matches end; None counts both alike.
    """

    text: str
    k: int = 10
    offset: int = 0
    lang: str = "both"
    mode: Mode = "hybrid"
    sort: Sort = "relevance"
    filters: Filters = field(default_factory=Filters)
    verbatim: bool = False
    explain: bool = False
    copies: bool = False
    only_phrases: bool = False
    headline: bool = False
    first: bool = False
    more: int | None = None


@dataclass(frozen=True, slots=True)
class Scored:
    """A story of the result set.

    Attributes:
        relevance: The probability that it answers the query.
        held: Whether it holds any of the query's words.
        near: Whether its meaning speaks for it: nearer than half of what the best stands out by.
        quoted: Whether it holds the quoted phrases.
        day: Of publication; 0 where it is unknown.
    """

    id: str
    relevance: float
    zone: Zone
    held: bool = False
    near: bool = False
    quoted: bool = False
    day: int = 0


@dataclass(frozen=True, slots=True)
class Link:
    """What readers are told of an article's other tellings.

    Attributes:
        counterpart: The id of the same story in the other language.
        group: What all copies of one story share; an article without copies has a group of its own.
        place: 0 for the copy that was published first, which stands for the group; then 1, 2, …
        copies: How many further articles the group has.
    """

    counterpart: str | None
    group: str
    place: int = 0
    copies: int = 0


@dataclass(frozen=True, slots=True)
class ResultSet:
    """All that answers a query; it depends on the query and its filters alone.

    Attributes:
        stories: By language: matches, then what is possibly related, each by falling relevance.
        links: Counterparts and copies of these stories, by id.
        by_date: Whether it is all that passes the filters of a query without words: nothing but the
            date orders it.
    """

    stories: Mapping[str, Sequence[Scored]]
    links: Mapping[str, Link]
    by_date: bool = False

    def zone(self, zone: Zone) -> list[Scored]:
        """The stories of a zone in all languages, by falling relevance, then by id."""
        found = [s for chosen in self.stories.values() for s in chosen if s.zone == zone]
        return sorted(found, key=lambda s: (-round(s.relevance, 6), s.id))

    def count(self, zone: Zone) -> dict[str, int]:
        """How many stories of each language are in a zone."""
        return {
            lang: sum(scored.zone == zone for scored in chosen)
            for lang, chosen in self.stories.items()
        }


@dataclass(frozen=True, slots=True)
class Snippet:
    """The passage that answers a query best.

    Attributes:
        text: The passage's text.
        marks: (start, end) of the matched words in ``text``, ascending, not overlapping.
    """

    text: str
    marks: tuple[tuple[int, int], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Write the ``passage`` object of the API."""
        return {"text": self.text, "marks": [list(mark) for mark in self.marks]}


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a hit's relevance came about: the logistic function of the sum of these.

    Attributes:
        intercept: Of the model.
        features: The value of each feature (``search.ranking.relevance.FEATURES``), and what it
            adds to the sum.
        reason: Why it is a match whatever the sum is; empty where the sum decides.
    """

    intercept: float
    features: Mapping[str, tuple[float, float]]
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """Write the ``explanation`` object of the API."""
        return {
            "intercept": round(self.intercept, 4),
            "features": {
                name: {"value": round(value, 4), "adds": round(adds, 4)}
                for name, (value, adds) in self.features.items()
            },
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Hit:
    """An article that answers a query.

    Attributes:
        relevance: The probability that it answers the query; comparable across languages.
        zone: "match", or "related" where it only possibly is.
        matched: Why it was found: "words" where there is a mark to show, "meaning", both, neither.
        title_marks: Like ``Snippet.marks``, in the title.
        counterpart: The id of the same story in the other language, where it is known.
        copies: How many further copies of the story this hit stands for.
    """

    article: Article
    relevance: float
    zone: Zone
    matched: tuple[str, ...]
    passage: Snippet
    title_marks: tuple[tuple[int, int], ...] = ()
    counterpart: str | None = None
    copies: int = 0
    explanation: Explanation | None = None

    def to_json(self) -> dict[str, Any]:
        """Write an entry of ``results`` in the API, with ``explanation`` where it was asked for.

        An article without a title has the beginning of its text in its place.
        """
        article = self.article
        explanation = self.explanation
        return ({} if explanation is None else {"explanation": explanation.to_json()}) | {
            "id": article.id,
            "lang": article.lang,
            "title": article.headline,
            "title_marks": [list(mark) for mark in self.title_marks],
            "date": article.date,
            "source": article.source,
            "section": article.section,
            "authors": list(article.authors),
            "url": article.url,
            "relevance": round(self.relevance, 4),
            "zone": self.zone,
            "matched": list(self.matched),
            "passage": self.passage.to_json(),
            "counterpart": self.counterpart,
            "copies": self.copies,
        }


@dataclass(frozen=True, slots=True)
class Listed:
    """A story of a result set as it is taken away: whole, without what only a page shows.

    Attributes:
        relevance, zone, counterpart, copies: As in ``Hit``.
    """

    article: Article
    relevance: float
    zone: Zone
    counterpart: str | None
    copies: int

    def to_json(self) -> dict[str, Any]:
        """Write the article's object with what is known of it as an answer."""
        return self.article.to_json() | {
            "relevance": round(self.relevance, 4),
            "zone": self.zone,
            "counterpart": self.counterpart,
            "copies": self.copies,
        }


@dataclass(frozen=True, slots=True)
class RelatedStory:
    """A story on the subject of another one.

    Attributes:
        nearness: 0 where it is as near as any other, 1 where it says the very same.
    """

    article: Article
    nearness: float


@dataclass(frozen=True, slots=True)
class RelatedStories:
    """What else has been written on a story's subject; not itself, its copies or counterpart.

    Attributes:
        nearest: By language, the nearest first; of copies the first published.
        earlier: Those of an earlier day in all languages, the oldest first.
    """

    nearest: Mapping[str, tuple[RelatedStory, ...]]
    earlier: tuple[RelatedStory, ...] = ()


@dataclass(frozen=True, slots=True)
class Results:
    """The answer to one query: a list for each language, and one ranking over both.

    Attributes:
        query_lang: The language the query was read as; "" (null in JSON) where it has no words.
        read_as: The query with its diacritics restored and keys of Telex or VNI read, where that
            was done.
        phrases: What became of quoted phrases: "required"; "first", where stories that hold them
            come first, and others after them; "nowhere", where none holds them; None without any.
        suggestion: What may have been meant, where the archive does not have a word of the query
            but one that is spelled like it; it is not searched for.
        total: Stories that match in each language.
        related: Stories in each language that are possibly related; they come behind the matches.
        results: Up to ``k`` hits for each language, matches first.
        mixed: Ids of the hits above in one ranking over both languages.
        counterparts: The articles that hits name as their counterparts, by id; not in the JSON.
        found: All that answers the query, of which the lists are a part; not in the JSON.
    """

    query: Query
    query_lang: str
    read_as: str | None
    took_ms: float
    total: dict[str, int]
    related: dict[str, int]
    results: dict[str, tuple[Hit, ...]]
    mixed: tuple[str, ...]
    counterparts: Mapping[str, Article] = field(default_factory=dict)
    phrases: Literal["required", "first", "nowhere"] | None = None
    suggestion: str | None = None
    found: ResultSet | None = None

    def to_json(self) -> dict[str, Any]:
        """Write the answer of ``songngu search --json`` and ``GET /api/v1/search``."""
        return {
            "query": self.query.text,
            "query_lang": self.query_lang or None,
            "read_as": self.read_as,
            "phrases": self.phrases,
            "suggestion": self.suggestion,
            "mode": self.query.mode,
            "took_ms": round(self.took_ms, 1),
            "total": self.total,
            "related": self.related,
            "results": {
                lang: [hit.to_json() for hit in hits] for lang, hits in self.results.items()
            },
            "mixed": list(self.mixed),
        }
