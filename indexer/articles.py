"""A raw document → an article: validation, other names of fields, dates, language, tidy text."""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from indexer.cleaning import clean_page
from indexer.dates import parse_date
from indexer.sources import RawDocument
from search.detection import detect
from search.errors import ExtractionError
from search.languages import LANGUAGES, normalise
from search.records import Article

MAX_TEXT_CHARS = 2_000_000
MAX_FIELD_CHARS = 10_000
MAX_ID_CHARS = 500

ALIASES: dict[str, tuple[str, ...]] = {
    "id": ("_id", "uuid", "guid"),
    "title": ("headline", "name"),
    "lead": ("description", "summary", "abstract", "sapo", "standfirst"),
    "text": ("body", "content", "maintext", "article_body", "articleBody"),
    "lang": ("language", "inLanguage"),
    "date": ("published", "publish_date", "pub_date", "pubDate", "date_publish", "datePublished"),
    "url": ("link", "canonical_url"),
    "source": ("publisher", "source_domain", "site", "sitename"),
    "authors": ("author", "byline", "creator"),
    "section": ("category", "topic"),
    "tags": ("keywords",),
    "captions": ("caption", "image_captions"),
}
"""Names that other systems' exports use for our fields; the field's own name comes first."""

_TAG = re.compile(r"</?(?:p|br|div|span|a|b|i|em|strong|h[1-6]|li|ul|ol|img|figure|figcaption"
                  r"|blockquote|table|tr|td|th|tbody|sup|sub|u)\b[^<>]*>", re.I)  # fmt: skip
_BLOCK_TAG = re.compile(r"<(?:/?(?:p|div|h[1-6]|li|blockquote|figure|tr)|br)\b[^<>]*>", re.I)
_BLANK_LINES = re.compile(r"\n\s*\n+")
_TRACKING = re.compile(r"utm_\w+|fbclid|gclid|zarsrc|mc_[ce]id")


@dataclass(frozen=True, slots=True)
class Converted:
    """An article and what had to be put right or left out on the way."""

    article: Article
    warnings: tuple[str, ...] = ()


def _to_text(value: object) -> object:
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def _to_list(value: object) -> object:
    """A list of names; a single string may hold several, divided by commas or semicolons."""
    if value is None:
        return []
    if isinstance(value, str):
        return [part for part in re.split(r"\s*[;,]\s*", value) if part]
    if isinstance(value, list):
        names = [item.get("name") if isinstance(item, dict) else item for item in value]
        return [name for name in names if name is not None]
    return value


def _one_caption(value: object) -> object:
    """Captions are sentences: commas do not divide them."""
    return [value] if isinstance(value, str) else _to_list(value)


Text = Annotated[str, BeforeValidator(_to_text)]
Short = Annotated[Text, Field(max_length=MAX_FIELD_CHARS)]
Names = Annotated[list[Short], BeforeValidator(_to_list), Field(max_length=1000)]


class _Fields(BaseModel):
    """The shape of one JSON object; dates are read apart, since a bad one costs no article."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True)

    id: Annotated[Text, Field(max_length=MAX_ID_CHARS)] | None = None
    title: Short | None = None
    lead: Annotated[Text, Field(max_length=MAX_TEXT_CHARS)] | None = None
    text: Annotated[Text, Field(min_length=1, max_length=MAX_TEXT_CHARS)]
    lang: str | None = None
    date: Any = None
    url: Annotated[Text, Field(max_length=MAX_FIELD_CHARS)] | None = None
    source: Short | None = None
    authors: Names = []
    section: Short | None = None
    tags: Names = []
    captions: Annotated[list[Short], BeforeValidator(_one_caption), Field(max_length=1000)] = []


def to_article(document: RawDocument) -> Converted:
    """Make an article of a raw document.

    Raises:
        ExtractionError: It holds none; one line says why.
    """
    if document.page is not None:
        return _from_page(document.page)
    return _from_fields(document.fields or {})


def canonical_url(url: str) -> str | None:
    """A web address without fragment, tracking parameters and case in the host; None if no such."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return None
    if parts.scheme.lower() not in ("http", "https") or not parts.netloc:
        return None
    kept = [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True)
            if not _TRACKING.fullmatch(k)]  # fmt: skip
    return urlunsplit(
        (parts.scheme.lower(), parts.netloc.lower(), parts.path or "/", urlencode(kept), "")
    )


def _from_page(text: str) -> Converted:
    page = clean_page(text)
    fields = {
        "title": page.title,
        "lead": page.lead,
        "text": page.text,
        "date": page.date,
        "authors": list(page.authors),
        "captions": list(page.captions),
        "section": page.section,
    }
    return _from_fields(fields)


def _from_fields(raw: Mapping[str, object]) -> Converted:
    warnings: list[str] = []
    fields = _renamed(raw, warnings)
    try:
        read = _Fields.model_validate(fields)
    except ValidationError as error:
        raise ExtractionError(_explained(error)) from error
    title, lead = _plain(read.title or "").replace("\n", " "), _plain(read.lead or "")
    text = _without_repeats(_plain(read.text), title, lead)
    if not any(c.isalnum() for c in text):
        raise ExtractionError("text: is blank; an article needs some text")
    lang = _language(read.lang, f"{title}\n{lead}\n{text}")
    url = canonical_url(read.url) if read.url else None
    if read.url and url is None:
        warnings.append(f"url: {read.url[:80]!r} is no http address and is left out")
    article = Article(
        id="",
        lang=lang,
        title=title,
        lead=lead,
        text=text,
        date=_date(read.date, warnings),
        url=url,
        source=_name(read.source),
        authors=_names(read.authors),
        section=_name(read.section),
        tags=_names(read.tags),
        captions=_names(read.captions),
    )
    return Converted(_identified(article, read.id), tuple(warnings))


def _renamed(raw: Mapping[str, object], warnings: list[str]) -> dict[str, object]:
    """Fields under our names; of several with one meaning, the first that holds something."""
    fields: dict[str, object] = {}
    known = set()
    for name, others in ALIASES.items():
        for candidate in (name, *others):
            if candidate in raw:
                known.add(candidate)
                if name not in fields and raw[candidate] not in (None, "", []):
                    fields[name] = raw[candidate]
    unknown = sorted(str(name)[:40] for name in raw if name not in known)
    if unknown:
        warnings.append(f"unknown fields are ignored: {', '.join(unknown[:10])}")
    return fields


def _explained(error: ValidationError) -> str:
    problems = []
    for problem in error.errors(include_url=False, include_input=False):
        field = ".".join(map(str, problem["loc"]))
        what = problem["msg"][:1].lower() + problem["msg"][1:]
        if field == "text" and problem["type"] in ("missing", "string_too_short"):
            what = "is missing; an article needs at least a text"
        problems.append(f"{field}: {what}")
    return "; ".join(problems[:3])


def _plain(text: str) -> str:
    """Text without tags and entities, tidy white space, paragraphs apart by one empty line."""
    if "<" in text:
        text = _TAG.sub("", _BLOCK_TAG.sub("\n", text))
    if "&" in text:
        text = html.unescape(text)
    lines = [line.strip() for line in normalise(text).split("\n")]
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()


def _without_repeats(text: str, title: str, lead: str) -> str:
    """Text that does not begin with the title or the lead once more."""
    for repeated in (title, lead, title):
        if repeated and len(text) > len(repeated) and text.startswith(repeated):
            rest = text[len(repeated) :]
            if not rest[:1].isalnum():
                text = rest.lstrip(" \n.:–-")
    return text


def _language(given: str | None, text: str) -> str:
    if given:
        code = given.strip().lower().replace("_", "-").split("-")[0]
        if code not in LANGUAGES:
            raise ExtractionError(
                f"lang: {given!r} is not one of {', '.join(LANGUAGES)}; leave it out to have it"
                " detected"
            )
        return code
    return detect(text).lang


def _date(value: object, warnings: list[str]) -> str | None:
    if value is None or value == "":
        return None
    try:
        return parse_date(value)
    except ValueError as error:
        warnings.append(f"date: {error}; the article is kept with an unknown date")
        return None


def _name(value: str | None) -> str | None:
    return " ".join(_plain(value).split()) or None if value else None


def _names(values: list[str]) -> tuple[str, ...]:
    named = (_name(value) for value in values)
    return tuple(dict.fromkeys(name for name in named if name))


def _identified(article: Article, given: str | None) -> Article:
    """With its own id, else one from its address, else one from its content."""
    id_ = normalise(given).strip() if given else ""
    if not id_:
        origin = article.url or f"{article.title}\n{article.body}"
        id_ = hashlib.sha256(origin.encode("utf-8", "replace")).hexdigest()[:20]
    return replace(article, id=id_)
