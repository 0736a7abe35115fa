"""The shapes of the API: parameters and answers as models, of which its OpenAPI document is made.

Views build their answers themselves; tests hold every answer against these models, which allow no
further members. A docstring below an attribute is what the document says about it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from search.records import Mode, Sort, Zone
from webui.parameters import DEFAULT_K, MAX_K, MAX_SOURCES

Lang = Literal["vi", "en"]
Count = Annotated[int, Field(ge=0)]
Mark = Annotated[list[Count], Field(min_length=2, max_length=2)]
Names = Annotated[list[str], Field(max_length=MAX_SOURCES)]
Number = Annotated[int, Field(ge=1)]
IsoDay = Annotated[str, Field(json_schema_extra={"format": "date"})]


class ApiModel(BaseModel):
    """What all shapes share: members that are named, and no others."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class SearchParameters(ApiModel):
    """Parameters of a search."""

    q: Annotated[str, Field(min_length=1)]
    """What to search for, in Vietnamese or English, with diacritics or without. Words in quotation
    marks must occur as they are; a word behind a minus sign must not."""
    k: Annotated[int, Field(ge=1, le=MAX_K)] = DEFAULT_K
    """Most stories in each language."""
    offset: Count = 0
    """Stories to pass over in each language: the next page begins at `offset + k`."""
    lang: Literal["both", "vi", "en"] = "both"
    """The language of the stories."""
    mode: Mode = "hybrid"
    """Whether words, meaning or both decide."""
    sort: Sort = "relevance"
    """The order of the matches."""
    date_from: Annotated[IsoDay | None, Field(alias="from")] = None
    """The first day of publication."""
    date_to: Annotated[IsoDay | None, Field(alias="to")] = None
    """The last day of publication."""
    source: Names = []
    """Only stories of these sources, by their exact names. Repeat it for several."""
    author: Names = []
    """Only stories of one of these authors. Repeat it for several."""
    section: Names = []
    """Only stories of one of these sections. Repeat it for several."""
    verbatim: bool = False
    """Search for exactly what was typed: restore no diacritics."""
    phrase: bool = False
    """Find only stories that hold the quoted phrases."""
    copies: bool = False
    """List every copy of a story by itself."""
    explain: bool = False
    """Say of each story how its relevance came about."""


class ArticleParameters(ApiModel):
    """The parameter of an address that is about one article."""

    id: Annotated[str, Field(min_length=1)]
    """The id of the article."""


class Excerpt(ApiModel):
    """The passage of a story that answers best."""

    text: str
    marks: list[Mark]
    """Start and end of each matched word in `text`, in characters; the end is exclusive."""


class Feature(ApiModel):
    """What one feature contributes to a story's relevance."""

    value: float
    adds: float


class RelevanceExplanation(ApiModel):
    """How a story's relevance came about."""

    intercept: float
    features: dict[str, Feature]
    reason: str


class FoundStory(ApiModel):
    """A story that answers a search."""

    id: str
    lang: Lang
    title: str
    title_marks: list[Mark]
    """As the marks of the passage, in `title`."""
    date: str | None
    """When it was published, a day or a moment in ISO 8601; null where it is unknown."""
    source: str | None
    section: str | None
    authors: list[str]
    url: str | None
    relevance: Annotated[float, Field(ge=0, le=1)]
    """The probability that it answers the query, comparable across languages."""
    zone: Zone
    """Whether it matches, or is only possibly related."""
    matched: list[Literal["words", "meaning"]]
    """Why it was found."""
    passage: Excerpt
    counterpart: str | None
    """The id of the same story in the other language."""
    copies: Count
    """How many further copies of the story this one stands for."""
    explanation: RelevanceExplanation | None = None
    """Only where `explain` asks for it."""


class SearchAnswer(ApiModel):
    """The answer to a search: a list for each language, and one ranking over both."""

    query: str
    query_lang: Lang
    """The language that the query was read as."""
    read_as: str | None
    """The query with its diacritics restored, where that was done."""
    phrases: Literal["required", "first", "nowhere"] | None
    """What became of quoted phrases: they must occur, stories that hold them come first, or no
    story holds them."""
    suggestion: str | None
    """What may have been meant, where the archive spells a word otherwise."""
    mode: Mode
    took_ms: Annotated[float, Field(ge=0)]
    total: dict[Lang, Count]
    """How many stories match, however many are listed."""
    related: dict[Lang, Count]
    """How many more are possibly related."""
    results: dict[Lang, list[FoundStory]]
    """Matches first, then what is possibly related."""
    mixed: list[str]
    """Ids of the stories above in one ranking over both languages."""


class WholeStory(ApiModel):
    """An article with all its text."""

    id: str
    lang: Lang
    text: str
    title: str
    lead: str
    date: str | None
    url: str | None
    source: str | None
    authors: list[str]
    section: str | None
    tags: list[str]
    captions: list[str]
    counterpart: str | None
    """The id of the same story in the other language."""
    copies: Count
    """How many copies of it the archive has besides."""


class Copy(ApiModel):
    """One telling of a story."""

    id: str
    lang: Lang
    title: str
    date: str | None
    source: str | None
    url: str | None


class CopiesAnswer(ApiModel):
    """All copies of a story."""

    id: str
    counterpart: str | None
    """The id of the same story in the other language."""
    copies: list[Copy]
    """The article itself among them, the first published first."""


class StatsAnswer(ApiModel):
    """What the archive holds; the figures are at most half a minute old."""

    articles: dict[Lang, Count]
    passages: Count
    date_first: str | None
    date_last: str | None
    sources: dict[str, Count]
    """Articles by source, most first; those of unknown source have an empty name."""
    months: dict[str, Count]
    """Articles by month of publication (`2025-09`); those of unknown date have an empty name."""


class ErrorDetail(ApiModel):
    """What went wrong."""

    code: str
    """A stable name for programs."""
    message: str
    """What happened and what to do next, for people."""


class ErrorAnswer(ApiModel):
    """The one shape of all errors."""

    error: ErrorDetail
