"""What a page's head says about its story: meta elements and links by trafilatura, JSON-LD by us.

The head is written for machines, so it is believed before what the page shows; but it is written by
templates, so each value must look like what it claims to be. trafilatura reads the elements of the
head, under the many names that systems give them. JSON-LD is read here, because trafilatura takes
any article's in it for the page's, a publisher for the author, and no time of day.
"""

from __future__ import annotations

import html as entities
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import urljoin, urlsplit

import lxml.html
from lxml.html import HtmlElement

from indexer.pages.bylines import people, personal
from indexer.pages.dates import unambiguous
from search.text.languages import LANGUAGES, exact_tokens, fold, normalise

_ARTICLE_TYPE = re.compile(r"\w*Article|(?:Blog|LiveBlog|SocialMedia)Posting|Report", re.IGNORECASE)
_VIDEO_TYPE = re.compile(r"VideoObject|video(?:\.\w+)?", re.IGNORECASE)
_LIST_TYPES = frozenset(("CollectionPage", "ItemList", "SearchResultsPage"))
_LARGEST_JSON = 1 << 20  # characters of one JSON-LD script; articles' own stay below a tenth
_MOST_OBJECTS = 500
_NAMES = ("property", "name", "itemprop", "http-equiv")
_MOST_OF_A_NAME = 30
_LONGEST_VALUE = 1000  # characters: trafilatura goes over the names of authors many times
# Names of meta elements: "article:published_time", "pubdate", "dc.date".
_PUBLISHED = re.compile(r"publish(?!er)|publication|pub-?date|created|issued|(?:^|[.:_])date$")
_SECTIONS = ("article:section", "parsely-section", "section")
_NO_SECTIONS = frozenset(
    "all|article|articles|blog|home|homepage|news|post|posts|story|stories|uncategorized|trang chu"
    "|tin tuc".split("|")
)
_MOST_TAGS = 30


@dataclass(frozen=True, slots=True)
class PageMetadata:
    """What a page says about itself; empty where it says nothing.

    Attributes:
        titles: The headline in all forms given, the likeliest first, the window's title last; some
            with the site's name, some empty.
        date: Published, ISO 8601, with the time of day where one is given; as it is written where
            that can be read in two ways.
        day: Published, by what trafilatura makes of names and forms that are not known here.
        sites: What the site is called: as in ``source``, and the parts of its host's name.
        lang: "vi" or "en", where the page declares it; not checked against its text.
        is_article: Whether the page declares itself an article, or something else; None where
            it does neither.
        is_video: Whether it declares itself a video and no article.
        is_free: Whether everyone may read all of it, as far as it says so.
        body: The text of the story as JSON-LD repeats it.
        sends_on: The address that a browser is sent on to.
    """

    titles: tuple[str, ...]
    description: str
    date: str | None
    day: str | None
    authors: tuple[str, ...]
    section: str
    tags: tuple[str, ...]
    url: str | None
    source: str
    sites: tuple[str, ...]
    lang: str | None
    is_article: bool | None
    is_video: bool
    is_free: bool | None
    body: str
    sends_on: str | None


def read_metadata(tree: HtmlElement, *, url: str | None = None) -> PageMetadata:
    """Read a page's head, and the microdata in its body.

    Args:
        url: Where the page was found; relative addresses are resolved by it.
    """
    given = _by_library(tree, url)
    meta = _meta(tree)
    window = tree.find(".//title")
    headings = [_clean("".join(h1.itertext())) for h1 in islice(tree.iter("h1"), _MOST_OF_A_NAME)]
    nodes = list(_json_ld(tree))
    canonical = _canonical(tree, meta, url)
    title = _string(given.title)
    article = _article_node(nodes, [title, *headings], canonical)
    host = (urlsplit(canonical or "").hostname or "").removeprefix("www.")
    source = _source(article, meta) or host
    sites = (source, *host.split("."))
    types = {kind for node in nodes for kind in _types(node)}
    og_type = meta.get("og:type", "").lower()
    is_article: bool | None = None
    if article or og_type == "article":
        is_article = True
    elif og_type == "website" or types & _LIST_TYPES:
        is_article = False
    shown = "" if window is None else _clean(window.text or "")
    return PageMetadata(
        titles=(title, _string(article.get("headline")), *headings, shown),
        description=_string(given.description),
        date=_date(tree, article, meta),
        day=given.date,
        authors=personal(_authors(tree, article, _string(given.author)), sites),
        section=_section(nodes, article, meta, title),
        tags=_tags(tree, article, meta, given.tags or ()),
        url=canonical,
        source=source,
        sites=sites,
        lang=_language(tree, article, meta),
        is_article=is_article,
        is_video=not article and (_VIDEO_TYPE.match(og_type) is not None),
        is_free=_is_free(nodes),
        body=_prose(article.get("articleBody")),
        sends_on=_refresh(meta.get("refresh", ""), canonical or url),
    )


# Reading ----------------------------------------------------------------------------------------


def _by_library(tree: HtmlElement, url: str | None) -> Any:
    """Have trafilatura read the elements of the head, wherever broken mark-up has them.

    Of these alone: in the body it takes what is said of any other story for this one's.
    """
    from trafilatura.metadata import extract_metadata  # half a second, and page text does without

    alone = lxml.html.fromstring("<html><head></head><body></body></html>")
    seen = Counter[str]()
    for element in tree.iter("meta", "link"):
        name = next(filter(None, map(element.get, (*_NAMES, "rel"))), "")
        seen[name] += 1
        if seen[name] <= _MOST_OF_A_NAME:
            copied = copy(element)
            copied.tail = None
            copied.set("content", element.get("content", "")[:_LONGEST_VALUE])
            alone[0].append(copied)
    settings = {"original_date": True, "extensive_search": False}
    try:
        return extract_metadata(alone, default_url=url, date_config=settings)
    except Exception:  # it is made for well-meant pages
        return extract_metadata("<html></html>")


def _meta(tree: HtmlElement) -> dict[str, str]:
    """Map the lower-case names of the meta elements to their contents, the first of each name."""
    found: dict[str, str] = {}
    for element in tree.iter("meta"):
        names = map(element.get, _NAMES)
        content = _clean(element.get("content") or "")
        if content and (name := next(filter(None, names), None)):
            found.setdefault(name.strip().lower(), content)
    return found


def _json_ld(tree: HtmlElement) -> Iterator[Mapping[str, Any]]:
    """Yield every object in the page's JSON-LD, those of graphs and main entities too."""
    for script in tree.iter("script"):
        text = script.text or ""
        if "ld+json" in (script.get("type") or "") and len(text) <= _LARGEST_JSON:
            yield from _objects(_loaded(text))


def _loaded(text: str) -> object:
    """Load a JSON value, also of what templates make of JSON; None where nothing helps."""
    text = text.strip(" ;\r\n\t").removeprefix("//").lstrip().removeprefix("<![CDATA[")
    text = text.removesuffix("]]>").rstrip().removesuffix("//").strip(" ;\r\n\t")
    for attempt in (text, re.sub(r",\s*([}\]])", r"\1", text)):
        try:
            value: object = json.loads(attempt, strict=False)
        except (ValueError, RecursionError):
            continue
        return value
    return None


def _objects(value: object) -> Iterator[Mapping[str, Any]]:
    waiting, steps = [value], 0
    while waiting and steps < _MOST_OBJECTS:
        steps += 1
        item = waiting.pop(0)
        if isinstance(item, list):
            waiting += item[:100]
        elif isinstance(item, dict):
            yield item
            waiting += [item[key] for key in ("@graph", "mainEntity") if key in item]


def _types(node: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(kind).rsplit("/", 1)[-1] for kind in _listed(node.get("@type")))


def _article_node(
    nodes: Sequence[Mapping[str, Any]], titles: Sequence[str], url: str | None
) -> Mapping[str, Any]:
    """Choose the object that describes this page's article, not another's; {} if none does."""
    articles = [node for node in nodes if any(map(_ARTICLE_TYPE.fullmatch, _types(node)))]
    if len(articles) <= 1:
        return articles[0] if articles else {}
    shown = [set(exact_tokens(fold(title))) for title in titles if title]

    def fit(node: Mapping[str, Any]) -> float:
        words = set(exact_tokens(fold(_string(node.get("headline") or node.get("name")))))
        likeness = max((len(words & s) / max(1, len(words | s)) for s in shown), default=0.0)
        return likeness + (url is not None and _string(node.get("url")) == url)

    best = max(articles, key=fit)
    return best if fit(best) >= 0.3 else {}


def _refresh(content: str, base: str | None) -> str | None:
    """Read where ``<meta http-equiv="refresh">`` leads, if that is at once and elsewhere."""
    found = re.match(r"\s*[0-5]\s*[;,]\s*url\s*=\s*[\"']?([^\"'\s]+)", content, re.IGNORECASE)
    return _joined(base or "", found[1]) if found else None


# Judging ----------------------------------------------------------------------------------------


def _date(tree: HtmlElement, article: Mapping[str, Any], meta: Mapping[str, str]) -> str | None:
    """Read the first full date among all that claim to say when the story was published."""
    marked = tree.xpath('//*[@itemprop="datePublished"]')[:3]
    given = (
        *_listed(article.get("datePublished")),
        meta.get("article:published_time"),
        *(value for name, value in meta.items() if _PUBLISHED.search(name)),
        *(e.get("content") or e.get("datetime") or "".join(e.itertext()) for e in marked),
    )
    for value in given:
        try:
            return unambiguous(_clean(value) if isinstance(value, str) else value)
        except ValueError:
            continue
    return None


def _authors(tree: HtmlElement, article: Mapping[str, Any], given: str) -> list[str]:
    """Read who wrote the story in JSON-LD, else in the meta elements, else in the microdata."""
    persons = (
        _string(author) for author in _listed(article.get("author"))
        if not isinstance(author, Mapping) or "Person" in (_types(author) or ("Person",))
    )  # fmt: skip
    marked = tree.xpath('//a[@rel="author"] | //*[@itemprop="author"]')[:4]
    shown = (_clean("".join(element.itertext())) for element in marked)
    for names in (persons, given.split(";"), (text for text in shown if len(text.split()) <= 8)):
        if found := [person for name in names for person in people(name)]:
            return found
    return []


def _section(
    nodes: Sequence[Mapping[str, Any]],
    article: Mapping[str, Any],
    meta: Mapping[str, str],
    title: str,
) -> str:
    """Read the section in JSON-LD, else in the meta elements, else in the breadcrumbs."""
    given = (_string(article.get("articleSection")), *map(meta.get, _SECTIONS))
    found = re.split(r"\s*[,;>|]\s*|\s+-\s+", next(filter(None, given), ""))[0]
    if found and fold(found) not in _NO_SECTIONS:
        return found
    told = fold(title), fold(_string(article.get("headline")))
    for node in nodes:
        crumbs = node.get("itemListElement") if "BreadcrumbList" in _types(node) else None
        for crumb in _listed(crumbs):
            name = _string(crumb) or _string(crumb.get("item") if isinstance(crumb, dict) else "")
            if 0 < len(name.split()) <= 6 and fold(name) not in (*_NO_SECTIONS, *told):
                return name
    return ""


def _tags(
    tree: HtmlElement,
    article: Mapping[str, Any],
    meta: Mapping[str, str],
    given: Iterable[str],
) -> tuple[str, ...]:
    """Read the tags of Open Graph, else the keywords of JSON-LD, else of the meta elements."""
    tags = [e.get("content") or "" for e in tree.xpath('//meta[@property="article:tag"]')]
    if len(tags) < 2:  # several are whole: "Elections, Governors"
        keywords = tags or [_string(keyword) for keyword in _listed(article.get("keywords"))]
        keywords = keywords or list(filter(None, [meta.get("news_keywords")])) or list(given)
        tags = [tag for line in keywords for tag in re.split(r"\s*[,;|]\s*", line)]
    cleaned = dict.fromkeys(tag for tag in map(_clean, tags) if 0 < len(tag) <= 60)
    return tuple(cleaned)[:_MOST_TAGS]


def _canonical(tree: HtmlElement, meta: Mapping[str, str], url: str | None) -> str | None:
    """Find the page's own address for itself, if it is one of a page and not of the site."""
    links = tree.xpath('//link[translate(@rel, "CANOIL", "canoil")="canonical"]/@href')
    for given in (*links[:1], meta.get("og:url")):
        whole = _joined(url or meta.get("og:url") or "", str(given or "").strip())
        parts = urlsplit(whole or "")
        if parts.scheme in ("http", "https") and (parts.path.strip("/") or parts.query):
            return whole
    return url


def _joined(base: str, address: str) -> str | None:
    """Resolve an address by another one; None where it is none."""
    try:
        whole: str = urljoin(base, address)
        return whole if urlsplit(whole).hostname else None
    except ValueError:
        return None


def _source(article: Mapping[str, Any], meta: Mapping[str, str]) -> str:
    """Name the site by what it calls itself; empty where that is nothing, or no name."""
    named = meta.get("og:site_name") or _string(article.get("publisher"))
    found = (named or meta.get("application-name", "")).split(" | ")[0].strip()
    return found if len(found) <= 80 and "://" not in found else ""


def _language(tree: HtmlElement, article: Mapping[str, Any], meta: Mapping[str, str]) -> str | None:
    """Read the language that the page declares, where all that declare one agree."""
    given = (
        tree.get("lang") or tree.get("{http://www.w3.org/XML/1998/namespace}lang"),
        _string(article.get("inLanguage")),
        meta.get("og:locale"),
        meta.get("content-language"),
    )
    codes = {re.split("[-_]", v.strip().lower())[0] for v in given if v and "," not in v}
    (code, *others) = codes or {""}
    return code if not others and code in LANGUAGES else None


def _is_free(nodes: Sequence[Mapping[str, Any]]) -> bool | None:
    said = [node["isAccessibleForFree"] for node in nodes if "isAccessibleForFree" in node]
    return str(said[0]).strip().lower() not in ("false", "no", "0") if said else None


def _listed(value: object) -> list[Any]:
    """Make a list of a value of JSON-LD: one thing stands there without brackets."""
    return value if isinstance(value, list) else [] if value is None else [value]


def _string(value: object) -> str:
    """Make a line of a value of JSON-LD: of a list's first entry, or an object's name."""
    if isinstance(value, list):
        value = value[0] if value else ""
    if isinstance(value, Mapping):
        value = value.get("name") or value.get("@value") or ""
    return _clean(value) if isinstance(value, str) else ""


def _prose(value: object) -> str:
    """Split a value into paragraphs, a line each; without the notes that stand for pictures."""
    if not isinstance(value, str):
        return ""
    text = re.sub(r"</(?:p|div|h\d|li)>|<br\s*/?>|\r", "\n", entities.unescape(value))
    return "\n".join(line for line in map(_clean, text.split("\n")) if line)


def _clean(text: str) -> str:
    """Make one line of a value; templates escape entities twice."""
    if "&" in text:
        text = entities.unescape(entities.unescape(text))
    if "<" in text:
        text = re.sub(r"</?[a-zA-Z][^<>]*>", "", text)
    return " ".join(normalise(text).split())
