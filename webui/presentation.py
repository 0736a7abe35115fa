"""From results to what a page shows: marked text, links, dates, reasons, columns and page numbers.

Everything that comes out of an archive is untrusted here: text is escaped piece by piece, and only
http and https addresses become links.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, url_for
from flask_babel import format_number
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from markupsafe import Markup, escape

from search.ranking.query import unquoted
from search.records import Article, Hit, Results
from search.stores.base import MOST_FOUND
from search.text.detection import detect
from search.text.languages import LANGUAGES
from webui.i18n import INTERFACE_LANGUAGES, interface, interface_links, written_date
from webui.parameters import LANGS, MAX_PAGE_K, Address
from webui.site import current_site

MORE = 20
"""Possibly related stories that a page offers in each language."""

_PLAIN_ID = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._~:@,;=+-]+")
_RESERVED_TOP_LEVELS = frozenset({"example", "invalid", "test"})
_UNSAFE_IN_URL = re.compile(r"[\x00-\x20\x7f-\x9f\\]")

_REASONS: dict[str, LazyString] = {
    "words": _l("same words"),
    "meaning": _l("similar meaning"),
}
_OTHER_LANGUAGE = _l("other language")
_READ_HERE = _l("Read here")
_SAME_STORY = {
    "vi": _l("The same story in Vietnamese"),
    "en": _l("The same story in English"),
}
_NO_MATCH_IN = {
    "vi": _l("No story in Vietnamese matches."),
    "en": _l("No story in English matches."),
}
_SKIP_TO = {
    "vi": _l("Skip to the stories in Vietnamese"),
    "en": _l("Skip to the stories in English"),
}
MODE_NAMES: dict[str, LazyString] = {
    "hybrid": _l("Words and meaning"),
    "words": _l("Words only"),
    "meaning": _l("Meaning only"),
}
SWITCH_NAMES: dict[str, LazyString] = {
    "headline": _l("In the title or lead"),
    "first": _l("First reports"),
}
NO_FILTERS: dict[str, Any] = {
    **dict.fromkeys(("date_from", "date_to")),
    **dict.fromkeys(("sources", "authors", "sections"), ()),
    **dict.fromkeys(SWITCH_NAMES, False),
    "mode": "hybrid",
}
"""Changes of an address that take every filter off."""
SORT_NAMES: dict[str, LazyString] = {
    "relevance": _l("Best match"),
    "newest": _l("Newest"),
    "oldest": _l("Oldest"),
}


@dataclass(frozen=True, slots=True)
class CounterpartView:
    """The same story in the other language.

    Attributes:
        says: What it is, in the language of the interface.
        href: Its reading page.
        beside_href: Both on one page.
    """

    lang: str
    title: str
    says: LazyString
    href: str
    beside_href: str


@dataclass(frozen=True, slots=True)
class HitView:
    """One story as a list shows it.

    Attributes:
        title, passage: Escaped, with the matched words in ``<mark>``.
        href: What the title opens: the story here, or the publisher's page where the site's setting
            ``title_opens`` says so and there is one.
        other_href: The one of these two that the title does not open; other_says: what it is.
        reasons: Why it was found; never a score.
        by_meaning: Whether no word of the query is in the passage.
    """

    id: str
    lang: str
    title: Markup
    href: str
    other_href: str | None
    other_says: str
    date: str | None
    source: str | None
    section: str | None
    reasons: tuple[LazyString, ...]
    passage: Markup
    by_meaning: bool
    counterpart: CounterpartView | None
    copies: int
    copies_href: str


@dataclass(frozen=True, slots=True)
class Column:
    """The list of one language.

    Attributes:
        hits: Matches.
        related: How many stories are possibly related; more: those of them that are shown.
        first, last: Numbers of the hits shown here, from 1.
        no_match: What to say where nothing was found.
        skip: What the link says that leads a keyboard here.
    """

    lang: str
    name: str
    total: int
    hits: tuple[HitView, ...]
    related: int
    more: tuple[HitView, ...]
    first: int
    last: int
    no_match: LazyString
    skip: LazyString


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter in force, and the link that takes it off."""

    text: str
    href: str


def columns(results: Results, address: Address) -> tuple[Column, ...]:
    """Make the lists of a page, in the order of the languages."""
    offset = results.query.offset
    made = []
    for lang in address.languages:
        found = results.results.get(lang, ())
        hits = [hit for hit in found if hit.zone == "match"]
        made.append(
            Column(
                lang=lang,
                name=LANGUAGES[lang].endonym,
                total=results.total.get(lang, 0),
                hits=tuple(hit_view(hit, results, address) for hit in hits),
                related=results.related.get(lang, 0),
                more=tuple(hit_view(hit, results, address) for hit in found[len(hits) :]),
                first=offset + 1,
                last=offset + len(hits),
                no_match=_NO_MATCH_IN[lang],
                skip=_SKIP_TO[lang],
            )
        )
    return tuple(made)


def first_language(results: Results) -> str:
    """Choose the language that a narrow screen shows first: the query's, unless it has no match."""
    own = results.query_lang
    return own if results.total.get(own) else max(results.total, key=results.total.__getitem__)


def hit_view(hit: Hit, results: Results, address: Address) -> HitView:
    """Make one hit as a list shows it, with its counterpart where there is one."""
    article = hit.article
    reading = best_url(article.id, address)
    published = safe_link(article.url)
    to_publisher = current_site().settings.title_opens == "publisher"
    other = results.counterparts.get(hit.counterpart or "")
    reasons = [_REASONS[reason] for reason in hit.matched if reason in _REASONS]
    if results.query_lang and article.lang != results.query_lang:
        reasons.append(_OTHER_LANGUAGE)
    return HitView(
        id=article.id,
        lang=article.lang,
        title=marked(article.headline, hit.title_marks),
        href=published if published and to_publisher else reading,
        other_href=(reading if to_publisher else published) if published else None,
        other_says=str(_READ_HERE) if to_publisher else read_at(article.source),
        date=article.date,
        source=article.source,
        section=article.section,
        reasons=tuple(reasons),
        passage=marked(hit.passage.text, hit.passage.marks),
        by_meaning=not hit.passage.marks and "words" not in hit.matched,
        counterpart=counterpart_view(article, other, address) if other else None,
        copies=hit.copies,
        copies_href=copies_url(article.id, address),
    )


def counterpart_view(article: Article, counterpart: Article, address: Address) -> CounterpartView:
    """Make what is shown of an article's counterpart; the links keep the search."""
    return CounterpartView(
        lang=counterpart.lang,
        title=counterpart.headline,
        says=_SAME_STORY[counterpart.lang],
        href=best_url(counterpart.id, address),
        beside_href=url_for("pages.beside", id=article.id, **address.parameters(page=1)),
    )


def marked(text: str, marks: Sequence[tuple[int, int]]) -> Markup:
    """Escape a text and put its marked spans in ``<mark>``.

    Marks outside the text, empty or overlapping are cut to what is left of them.
    """
    parts: list[Markup] = []
    at = 0
    for start, end in sorted(marks):
        start, end = max(start, at), min(end, len(text))
        if start >= end:
            continue
        parts += escape(text[at:start]), Markup("<mark>{}</mark>").format(text[start:end])
        at = end
    parts.append(escape(text[at:]))
    return Markup("").join(parts)


@lru_cache(maxsize=1 << 10)
def lang_of(name: str) -> str:
    """Guess the language of a name that stands alone, for whoever reads it aloud."""
    return detect(name).lang


def safe_link(url: str | None) -> str | None:
    """Pass an address that may become a link: http or https, a host, no control characters.

    Hosts under names that are reserved for examples and tests (RFC 2606) lead nowhere: none.
    """
    if not url or _UNSAFE_IN_URL.search(url):
        return None
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return None
    leads_somewhere = host and host.rpartition(".")[2] not in _RESERVED_TOP_LEVELS
    return url if parts.scheme in ("http", "https") and leads_somewhere else None


def read_at(source: str | None) -> str:
    """Say what the link to the publisher's page is."""
    if source:
        return str(_l("Read at %(source)s", source=source))
    return str(_l("Read it where it was published"))


def article_url(article_id: str, address: Address | None = None, **more: Any) -> str:
    """Link to the reading page of an article. Ids that a path would change become a parameter.

    Args:
        address: The search that it is read with: what to mark, and the way back.
        more: Further parameters, as ``url_for`` takes them.
    """
    kept = (address.parameters(page=1) if address else {}) | more
    if _PLAIN_ID.fullmatch(article_id):
        return url_for("pages.article", article_id=article_id, **kept)
    return url_for("pages.article_by_parameter", id=article_id, **kept)


def best_url(article_id: str, address: Address) -> str:
    """Link to the passage of an article that answers the search best."""
    return article_url(article_id, address, **({"_anchor": "best"} if address.q else {}))


def copies_url(article_id: str, address: Address | None = None) -> str:
    """Link to the list of all copies of a story."""
    kept = address.parameters(page=1) if address else {}
    return url_for("pages.copies", id=article_id, **kept)


def search_url(address: Address, **changes: Any) -> str:
    """Link to a search; any change but of the page goes back to the first page."""
    changes.setdefault("page", 1)
    return url_for("pages.search", **address.parameters(**changes))


def unquoted_url(address: Address) -> str | None:
    """Link to the same search without quotation marks; None where nothing is quoted."""
    free = unquoted(address.q)
    return search_url(address, q=free) if free and free != address.q else None


def api_url(address: Address) -> str:
    """Link to the same search in JSON."""
    parameters = address.parameters(page=1, offset=(address.page - 1) * address.k)
    return url_for("api.search", **parameters)


def chips(address: Address) -> list[Chip]:
    """List the filters in force, each with a link that takes it off."""
    made = []
    if address.date_from:
        text = _l("from %(date)s", date=written_date(address.date_from))
        made.append(Chip(str(text), search_url(address, date_from=None)))
    if address.date_to:
        text = _l("until %(date)s", date=written_date(address.date_to))
        made.append(Chip(str(text), search_url(address, date_to=None)))
    for kind in ("sources", "authors", "sections"):
        chosen = getattr(address, kind)
        for name in chosen:
            rest = tuple(other for other in chosen if other != name)
            made.append(Chip(name, search_url(address, **{kind: rest})))
    for switch, name in SWITCH_NAMES.items():
        if getattr(address, switch):
            made.append(Chip(str(name), search_url(address, **{switch: False})))
    if address.mode != "hybrid":
        made.append(Chip(str(MODE_NAMES[address.mode]), search_url(address, mode="hybrid")))
    return made


def page_numbers(page: int, last: int) -> list[int | None]:
    """Choose the pages to link to: the first, the last, those around this one; None is a gap."""
    shown = sorted({1, last, *range(max(1, page - 2), min(last, page + 2) + 1)})
    numbers: list[int | None] = []
    for number in shown:
        if numbers and (before := numbers[-1]) is not None and number > before + 1:
            # A gap of one page is written as that page.
            numbers.append(before + 1 if number == before + 2 else None)
        numbers.append(number)
    return numbers


def paragraphs(text: str) -> list[str]:
    """Split an article's text into paragraphs: its lines that are not blank."""
    return [line for part in text.split("\n") if (line := part.strip())]


def suggestion_texts() -> dict[str, str]:
    """Write what the script says of suggestions, in the reader's language."""
    number = "{number}"
    return {
        "lang": interface(),
        "list": str(_l("Suggestions")),
        "one": str(_l("One suggestion")),
        "many": str(_l("%(number)s suggestions", number=number)),
        "more": str(_l("Add the words you are looking for.")),
        "remove": str(_l("Remove from my searches")),
        "past": str(_l("your search")),
        "name": str(_l("name")),
        "author": str(_l("author")),
        "section": str(_l("section")),
        "source": str(_l("source")),
        "title": str(_l("story")),
    }


def init_app(app: Flask) -> None:
    """Give templates the functions and values that they all use."""

    def context() -> dict[str, Any]:
        return {
            "ui": interface(),
            "interface_links": interface_links(),
            "interface_languages": INTERFACE_LANGUAGES,
            "site_name": current_site().settings.site_name,
        }

    app.context_processor(context)
    app.jinja_env.globals.update(
        LANGS=LANGS,
        LANGUAGES=LANGUAGES,
        MAX_PAGE_K=MAX_PAGE_K,
        MOST_FOUND=MOST_FOUND,
        MODE_NAMES=MODE_NAMES,
        NO_FILTERS=NO_FILTERS,
        SORT_NAMES=SORT_NAMES,
        SWITCH_NAMES=SWITCH_NAMES,
        api_url=api_url,
        article_url=article_url,
        lang_of=lang_of,
        best_url=best_url,
        read_at=read_at,
        safe_link=safe_link,
        chips=chips,
        page_numbers=page_numbers,
        search_url=search_url,
        suggestion_texts=suggestion_texts,
        unquoted_url=unquoted_url,
    )
    app.jinja_env.filters.update(number=format_number, written_date=written_date)
