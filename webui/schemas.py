"""The shapes of the API: parameters and answers as models, of which its OpenAPI document is made.

Views build their answers themselves; tests hold every answer against these models, which allow no
further members. A docstring below an attribute is what the document says about it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from search.completion import Kind
from search.coverage import MOST_STORIES
from search.drafts import MAX_MARKUP_CHARS
from search.exports import EXPORTS
from search.facets import Step
from search.ranking.nearness import Nearness
from search.records import Mode, Sort, Zone
from webui.parameters import DEFAULT_K, MAX_K, MAX_SOURCES

DEFAULT_RELATED = 5
MAX_RELATED = 50
DEFAULT_COVERED = 20
MAX_ARTICLES = 100
"""Most articles in one request: embedding them takes seconds, and memory."""

Lang = Literal["vi", "en"]
Count = Annotated[int, Field(ge=0)]
Mark = Annotated[list[Count], Field(min_length=2, max_length=2)]
Names = Annotated[list[str], Field(max_length=MAX_SOURCES)]
Number = Annotated[int, Field(ge=1)]
IsoDay = Annotated[str, Field(json_schema_extra={"format": "date"})]


class ApiModel(BaseModel):
    """What all shapes share: members that are named, and no others."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class QueryParameters(ApiModel):
    """What is searched for, and among which stories."""

    q: str = ""
    """What to search for, in Vietnamese or English, with diacritics or without. Words in quotation
    marks must occur as they are; a word behind a minus sign must not. Left out, all that passes
    the other filters is listed, of which there must be one."""
    lang: Literal["both", "vi", "en"] = "both"
    """The language of the stories."""
    mode: Mode = "hybrid"
    """Whether words, meaning or both decide."""
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
    headline: bool = False
    """Only stories whose title or lead holds the query's words."""
    first: bool = False
    """Of all copies of a story and its counterpart only the one that was published first."""
    verbatim: bool = False
    """Search for exactly what was typed: restore no diacritics."""
    phrase: bool = False
    """Find only stories that hold the quoted phrases."""
    copies: bool = False
    """Count and list every copy of a story by itself."""


class SearchParameters(QueryParameters):
    """Parameters of a search."""

    k: Annotated[int, Field(ge=1, le=MAX_K)] = DEFAULT_K
    """Most stories in each language."""
    offset: Count = 0
    """Stories to pass over in each language: the next page begins at `offset + k`."""
    sort: Sort = "relevance"
    """The order of the matches."""
    explain: bool = False
    """Say of each story how its relevance came about."""


class HistogramParameters(QueryParameters):
    """Parameters of a histogram."""

    step: Step | None = None
    """What each bar stands for; left out, it follows from the time between the ends."""


class ExportParameters(QueryParameters):
    """Parameters of an export."""

    sort: Sort = "relevance"
    """The order of the matches."""
    format: Annotated[str, Field(json_schema_extra={"enum": list(EXPORTS)})] = "jsonl"
    """The format of the file."""
    related: bool = False
    """Add what is possibly related."""


class SuggestParameters(ApiModel):
    """Parameters of suggestions."""

    q: str = ""
    """What has been typed; a space at the end says that its last word is whole."""
    lang: Literal["both", "vi", "en"] = "both"
    """The language of the titles and names that are offered."""
    ui: Lang = "en"
    """The language of the words that name filters."""


class ArticleParameters(ApiModel):
    """The parameter of an address that is about one article."""

    id: Annotated[str, Field(min_length=1)]
    """The id of the article."""


class OnSubjectParameters(ApiModel):
    """How many stories are wanted."""

    k: Annotated[int, Field(ge=1, le=MAX_RELATED)] = DEFAULT_RELATED
    """Most stories in each language, and twice as many earlier ones."""


class RelatedParameters(OnSubjectParameters, ArticleParameters):
    """Parameters of an address that asks for what is related to an article."""


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
    query_lang: Lang | None
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


class OnSubject(Copy):
    """Another story on the subject of a story."""

    nearness: Annotated[float, Field(ge=0, le=1)]
    """0 where it is as near as any other, 1 where it says the very same."""


class RelatedAnswer(ApiModel):
    """What else has been written on a story's subject; not its copies, nor its counterpart."""

    id: str
    related: dict[Lang, list[OnSubject]]
    """The nearest first."""
    earlier: list[OnSubject]
    """Those of an earlier day in both languages, the oldest first."""


class FacetCount(ApiModel):
    """How many matches have a value."""

    value: str | None
    """As most stories write it; null counts those of which it is unknown."""
    count: Count


class FacetsAnswer(ApiModel):
    """Counts over all matches of a search."""

    total: Count
    languages: dict[Lang, Count]
    sources: list[FacetCount]
    """Most first."""
    sections: list[FacetCount]
    authors: list[FacetCount]
    """A story may have several."""
    years: list[FacetCount]
    """Ascending; `2025`."""
    months: list[FacetCount]
    """Ascending; `2025-09`."""


class Period(ApiModel):
    """The matches of a year, month or day."""

    model_config = ConfigDict(serialize_by_alias=True)

    period: str
    """`2025`, `2025-09` or `2025-09-24`."""
    date_from: Annotated[IsoDay, Field(alias="from")]
    """Its first day."""
    date_to: Annotated[IsoDay, Field(alias="to")]
    """Its last day."""
    count: Count


class HistogramAnswer(ApiModel):
    """The matches of a search over time."""

    step: Step
    """What each bar stands for."""
    bars: list[Period]
    """Ascending, without gaps, unless these would be more than 400."""
    unknown: Count
    """Matches of unknown date."""


class Suggestion(ApiModel):
    """Something of the archive that begins as was typed."""

    kind: Kind
    text: str
    """As it stands in the archive."""
    query: str
    """What to search for."""
    complete: bool
    """False where words are still missing beside a filter."""
    lang: Lang
    stories: Number
    """How many have it."""


class SuggestAnswer(ApiModel):
    """What may be meant by what is being typed."""

    query: str
    """What has been typed, without what cannot be seen."""
    suggestions: list[Suggestion]
    """The likeliest first."""


class GivenDraft(ApiModel):
    """A draft to compare with the archive."""

    draft: Annotated[str, Field(min_length=1, max_length=MAX_MARKUP_CHARS)]
    """Plain text, or HTML as it is copied from a page: without its markup at most 20,000
    characters, in Vietnamese or English."""
    lang: Literal["both", "vi", "en"] = "both"
    """The language of the stories."""
    k: Annotated[int, Field(ge=1, le=MOST_STORIES)] = DEFAULT_COVERED
    """Most stories."""


class DraftPart(ApiModel):
    """A paragraph of a draft; short neighbours are one, long ones several."""

    lang: Lang
    text: str
    stories: list[Number]
    """Numbers of the stories nearest to it, the nearest first."""


class NearTelling(Copy):
    """A story as it is told in one language."""

    copies: Count
    """How many further articles tell it in nearly the same words."""
    part: Number
    """The number of the draft's part that it is nearest to."""
    passage: str
    """What of it is nearest to that."""


class NearStory(ApiModel):
    """A story of the archive that is near to a draft, in all its copies."""

    kind: Nearness
    """Whether it is the same story, tells the same event, or is background."""
    relevance: Annotated[float, Field(ge=0, le=1)]
    """Within its kind."""
    date: str | None
    """When it was first published, as far as that is known."""
    parts: list[Number]
    """Numbers of the draft's parts that it is named beside."""
    tellings: Annotated[list[NearTelling], Field(min_length=1)]
    """One in each language that has it, the nearest first."""


class CoverageAnswer(ApiModel):
    """What the archive holds on a draft. Parts and stories are numbered from 1."""

    lang: Lang
    """The language that most of the draft is in."""
    title: str
    """Its first line where that looks like one, else empty."""
    took_ms: Annotated[float, Field(ge=0)]
    parts: list[DraftPart]
    stories: list[NearStory]
    """The same story first, then the same event, then background; each the nearest first."""
    timeline: list[Number]
    """Numbers of the stories by date, the earliest first, unknown dates last."""
    background: dict[Lang, list[str]]
    """Dated, cited lines of a background box."""


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


class GivenArticle(BaseModel):
    """An article to add, as `songngu index` takes it from a file; only its text is required.

    Usual other names of fields are understood, dates are read in some sixty forms, and what cannot
    be used is told as a warning.
    """

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)

    text: Annotated[str, Field(min_length=1)]
    id: str | None = None
    """Else derived from the address, or the content."""
    title: str | None = None
    lead: str | None = None
    lang: str | None = None
    """Else detected."""
    date: str | None = None
    url: str | None = None
    source: str | None = None
    authors: list[str] = []
    section: str | None = None
    tags: list[str] = []
    captions: list[str] = []


class WritingOutcome(ApiModel):
    """What became of one article."""

    number: Number
    """Its place among those that were sent, from 1."""
    id: str | None
    """Its id in the archive; null where it is not there."""
    outcome: Literal["added", "updated", "unchanged", "skipped", "failed"]
    reason: str | None
    """Why it was skipped, or failed."""
    warnings: list[str]
    """What could not be used as it was sent."""


class WritingAnswer(ApiModel):
    """What became of the articles that were sent."""

    added: Count
    updated: Count
    unchanged: Count
    skipped: Count
    failed: Count
    articles: list[WritingOutcome]


class RemovalParameters(ApiModel):
    """Parameters of taking an article down."""

    reason: Annotated[str, Field(max_length=500)] = ""
    """Why; it is kept with the note that the article was taken down."""


class RemovalByIdParameters(RemovalParameters, ArticleParameters):
    """Parameters of taking down an article that the address names."""


class RemovalAnswer(ApiModel):
    """What was taken down."""

    id: str
    removed: Count


class ErrorDetail(ApiModel):
    """What went wrong."""

    code: str
    """A stable name for programs."""
    message: str
    """What happened and what to do next, for people."""


class ErrorAnswer(ApiModel):
    """The one shape of all errors."""

    error: ErrorDetail
