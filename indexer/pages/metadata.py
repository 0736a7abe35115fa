"""What a page's head says about its story: JSON-LD, Open Graph, other meta elements, links.

The head is written for machines, so it is believed before what the page shows; but it is written by
templates, so each value must look like what it claims to be.
"""

from __future__ import annotations

import html as entities
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from lxml.html import HtmlElement

from indexer.pages.bylines import is_agency, names_in
from indexer.pages.dates import parse_date
from search.text.languages import LANGUAGES, exact_tokens, fold, normalise

_ARTICLE_TYPE = re.compile(
    r"(?:\w*NewsArticle|Article|BlogPosting|LiveBlogPosting|SocialMediaPosting|Report|TechArticle"
    r"|ScholarlyArticle|SatiricalArticle|AdvertiserContentArticle|OpinionArticle)"
)
_VIDEO_TYPE = re.compile(r"VideoObject|video(?:\.\w+)?", re.IGNORECASE)
_LARGEST_JSON = 1 << 20  # characters of one JSON-LD script; articles' own stay below a tenth
_TITLE_DIVIDER = re.compile(r"\s+[|–—·•»:-]\s+|\s*\|\s*|\s+::\s+")
_SITE = re.compile(
    r"(?:báo|tạp chí|www\.)?\s*[\w-]+\.(?:com\.vn|co\.uk|vn|com|net|org|info)"
    r"|(?:báo|tạp chí|đài) .{2,40}",
    re.IGNORECASE,
)
_MOST_TAGS = 30
_LONGEST_NAME = 4
"""Words of a site's name."""


_TITLES = ("og:title", "twitter:title", "parsely-title", "dc.title", "sailthru.title", "title")
_DATES = (
    "article:published_time", "article:published", "og:article:published_time", "datepublished",
    "parsely-pub-date", "pubdate", "publishdate", "publish-date", "publish_date", "published_date",
    "sailthru.date", "dc.date.issued", "dcterms.date", "dcterms.created", "dc.date",
    "date.published", "cxenseparse:recs:publishtime", "cxense:publishtime", "article.published",
    "article_date_original", "created_date", "bt:pubdate", "originalpublicationdate",
    "publication_date", "date", "its_publication", "vr:published_time", "og:pubdate",
)  # fmt: skip
_AUTHORS = ("author", "article:author", "parsely-author", "sailthru.author", "byl", "dc.creator",
            "article:author_name", "dcterms.creator", "cxenseparse:author")  # fmt: skip
_SECTIONS = ("article:section", "parsely-section", "section", "cxenseparse:section")
_NO_SECTIONS = frozenset(
    "all|article|articles|blog|home|homepage|news|post|posts|story|stories|uncategorized|trang chu"
    "|tin tuc".split("|")
)
_KEYWORDS = ("news_keywords", "keywords", "parsely-tags", "sailthru.tags")
_SOURCES = ("og:site_name", "application-name", "publisher", "dc.publisher", "copyright", "source")


@dataclass(frozen=True, slots=True)
class PageMetadata:
    """What a page says about itself; empty where it says nothing.

    Attributes:
        titles: The headline in all forms given, the likeliest first.
        date: Published, ISO 8601.
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
    authors: tuple[str, ...]
    section: str
    tags: tuple[str, ...]
    url: str | None
    source: str
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
    meta = _meta(tree)
    headings = [_clean("".join(h1.itertext())) for h1 in tree.iter("h1")]
    headings = [heading for heading in headings if 2 <= len(heading.split()) <= 60]
    nodes = list(_json_ld(tree))
    canonical = _canonical(tree, meta, url)
    article = _article_node(nodes, meta, headings, canonical)
    source = _source(article, meta, canonical)
    types = {kind for node in nodes for kind in _types(node)}
    og_type = meta.get("og:type", "").lower()
    is_article: bool | None = None
    if article or og_type == "article":
        is_article = True
    elif og_type == "website" or types & {"CollectionPage", "ItemList", "SearchResultsPage"}:
        is_article = False
    return PageMetadata(
        titles=_titles(tree, article, meta, headings, source),
        description=_first(
            meta.get("og:description"), article.get("description"), meta.get("description")
        ),
        date=_date(tree, article, meta),
        authors=personal(_authors(tree, article, meta), source, canonical),
        section=_section(nodes, article, meta),
        tags=_tags(tree, article, meta),
        url=canonical,
        source=source,
        lang=_language(tree, article, meta),
        is_article=is_article,
        is_video=not article and (_VIDEO_TYPE.match(og_type) is not None),
        is_free=_is_free(nodes),
        body=_prose(article.get("articleBody")),
        sends_on=_refresh(meta.get("refresh", ""), canonical or url),
    )


# Reading ----------------------------------------------------------------------------------------


def _meta(tree: HtmlElement) -> dict[str, str]:
    """Lower-case name → content of the meta elements, the first of each name."""
    found: dict[str, str] = {}
    for element in tree.iter("meta"):
        content = _clean(element.get("content") or "")
        name = element.get("property") or element.get("name") or element.get("itemprop")
        name = name or element.get("http-equiv")
        if name and content:
            found.setdefault(name.strip().lower(), content)
    return found


def _json_ld(tree: HtmlElement) -> Iterator[Mapping[str, Any]]:
    """Every object in the page's JSON-LD, those of graphs and main entities too."""
    for script in tree.iter("script"):
        if "ld+json" not in (script.get("type") or ""):
            continue
        text = (script.text or "")[: _LARGEST_JSON + 1]
        if len(text) <= _LARGEST_JSON:
            yield from _objects(_loaded(text))


def _loaded(text: str) -> object:
    """A JSON value, also of what templates make of JSON; None where nothing helps."""
    text = text.strip(" ;\r\n\t")
    if (begun := text.removeprefix("//").lstrip()).startswith("<![CDATA["):
        text = begun.removeprefix("<![CDATA[")
    if text.endswith("]]>"):
        text = text.removesuffix("]]>").rstrip().removesuffix("//")
    text = text.strip(" ;\r\n\t")
    for attempt in (text, re.sub(r",\s*([}\]])", r"\1", text)):
        try:
            value: object = json.loads(attempt, strict=False)
        except (ValueError, RecursionError):
            continue
        return value
    return None


def _objects(value: object) -> Iterator[Mapping[str, Any]]:
    waiting, steps = [value], 0
    while waiting and steps < 500:
        steps += 1
        item = waiting.pop(0)
        if isinstance(item, list):
            waiting += item[:100]
        elif isinstance(item, dict):
            yield item
            waiting += [item[key] for key in ("@graph", "mainEntity") if key in item]


def _types(node: Mapping[str, Any]) -> tuple[str, ...]:
    given = node.get("@type")
    kinds = given if isinstance(given, list) else [given]
    return tuple(str(kind).rsplit("/", 1)[-1] for kind in kinds if kind)


def _article_node(
    nodes: Sequence[Mapping[str, Any]],
    meta: Mapping[str, str],
    headings: Sequence[str],
    url: str | None,
) -> Mapping[str, Any]:
    """The object that describes this page's article, not another one's in a list; {} if none."""
    articles = [node for node in nodes if any(map(_ARTICLE_TYPE.fullmatch, _types(node)))]
    if len(articles) <= 1:
        return articles[0] if articles else {}
    shown = [set(exact_tokens(fold(t))) for t in (meta.get("og:title", ""), *headings) if t]

    def fit(node: Mapping[str, Any]) -> float:
        words = set(exact_tokens(fold(_string(node.get("headline") or node.get("name")))))
        likeness = max((len(words & s) / max(1, len(words | s)) for s in shown), default=0.0)
        return likeness + (url is not None and _string(node.get("url")) == url)

    best = max(articles, key=fit)
    if fit(best) < 0.3:
        return {}
    # Pages may have several objects for one article, each with other members.
    merged: dict[str, Any] = {}
    for node in (best, *articles):
        if fit(node) >= 0.7 or node is best:
            for name, value in node.items():
                if merged.get(name) in (None, "", []):
                    merged[name] = value
    return merged


def _refresh(content: str, base: str | None) -> str | None:
    """Where ``<meta http-equiv="refresh">`` leads, if that is at once and elsewhere."""
    found = re.match(r"\s*[0-5]\s*[;,]\s*url\s*=\s*[\"']?([^\"'\s]+)", content, re.IGNORECASE)
    if found is None:
        return None
    try:
        address: str = urljoin(base or "", found[1])
    except ValueError:
        return None
    return address


# Judging ----------------------------------------------------------------------------------------


def _titles(
    tree: HtmlElement,
    article: Mapping[str, Any],
    meta: Mapping[str, str],
    headings: Sequence[str],
    source: str,
) -> tuple[str, ...]:
    window = tree.find(".//title")
    given = [
        *(meta.get(name, "") for name in _TITLES[:2]),
        _string(article.get("headline")),
        *headings,
        *(meta.get(name, "") for name in _TITLES[2:]),
        "" if window is None else _clean(window.text or ""),
        _string(article.get("name")),
    ]
    site = fold(source)
    cleaned = [_without_site(title, headings, site) for title in given if title]
    titles = dict.fromkeys(t for t in cleaned if t and fold(t) != site and len(t) <= 400)
    # The window's title ends with the site's name.
    tail = "" if window is None else _TITLE_DIVIDER.split(_clean(window.text or ""))[-1]
    names = [source, tail if len(tail.split()) <= _LONGEST_NAME else ""]
    own = [t for t in titles if t not in headings or not _is_named(t, names)]
    return tuple(_whole(t, titles) for t in own or titles)


def _is_named(heading: str, names: Sequence[str]) -> bool:
    """Whether a heading is, but for a word or two, one of some names."""
    words = set(exact_tokens(fold(heading)))
    others = (set(exact_tokens(fold(name))) for name in names if name)
    return any(len(words & o) >= 0.3 * (len(words) + len(o)) for o in others)


def _whole(title: str, titles: Iterable[str]) -> str:
    """A title, or the one among the others that says whole what it cuts off."""
    begun = fold(title).rstrip(" .…")
    if title.endswith(("...", "…")):
        return next((t for t in titles if t != title and fold(t).startswith(begun)), title)
    return title


def _without_site(title: str, headings: Sequence[str], site: str) -> str:
    """A title without the name of the site, the section or the kind of text beside it."""
    parts = [part.strip() for part in _TITLE_DIVIDER.split(title)]
    if len(parts) == 1:
        return title
    for heading in headings:
        if fold(heading) in map(fold, parts):
            return heading
    known = {fold(heading) for heading in headings}
    if fold(title) in known:
        return title
    for divider in (" | ", " – ", " — ", " - ", " :: ", " » ", " · ", "|"):
        head, found, tail = title.rpartition(divider)
        if not found or not head:
            continue
        named = fold(tail) == site or (site and fold(tail) in site) or (site and site in fold(tail))
        if named or fold(head) in known or _looks_like_site(tail):
            return _without_site(head.strip(), headings, site)
    return title


def _looks_like_site(text: str) -> bool:
    return _SITE.fullmatch(text.strip()) is not None


def _date(tree: HtmlElement, article: Mapping[str, Any], meta: Mapping[str, str]) -> str | None:
    given = [article.get("datePublished"), *(meta.get(name) for name in _DATES)]
    given += [
        element.get("content") or element.get("datetime") or "".join(element.itertext())
        for element in tree.xpath('//*[@itemprop="datePublished"]')[:3]
    ]
    given += [element.get("datetime") for element in tree.xpath("//time[@pubdate]")[:2]]
    given.append(article.get("dateCreated"))
    for value in given:
        if isinstance(value, list):
            value = value[0] if value else None
        if isinstance(value, (str, int, float)) and not isinstance(value, bool) and value:
            try:
                return parse_date(_clean(value) if isinstance(value, str) else value)
            except ValueError:
                continue
    return None


def _authors(tree: HtmlElement, article: Mapping[str, Any], meta: Mapping[str, str]) -> list[str]:
    names: list[str] = []
    given = article.get("author") or article.get("creator")
    for author in given if isinstance(given, list) else [given]:
        if isinstance(author, Mapping):
            if "Person" in _types(author) or not _types(author):
                names += _people(_string(author.get("name")))
        elif isinstance(author, str):
            names += _people(author)
    for name in _AUTHORS:
        if not names and (value := meta.get(name)) and not value.startswith(("http", "//", "/")):
            names += _people(value)
    if not names:
        for element in tree.xpath('//a[@rel="author"] | //*[@itemprop="author"]')[:4]:
            named = element.find('.//*[@itemprop="name"]')
            text = "".join((element if named is None else named).itertext())
            if len(text.split()) <= 8:
                names += _people(_clean(text))
    return names


def personal(names: Sequence[str], source: str, url: str | None) -> tuple[str, ...]:
    """The names that are persons': not the paper's own, an agency's or a system's account."""
    sites = {_squashed(source), *map(_squashed, _host(url).split("."))}
    kept = (
        name.title() if name.isupper() and " " in name else name
        for name in names
        if not is_agency(name) and _is_personal(name) and not _of_site(name, sites)
    )
    return tuple(dict.fromkeys(kept))


def _of_site(name: str, sites: set[str]) -> bool:
    squashed = _squashed(name)
    return any(
        squashed == site or (len(squashed) >= 6 and site.startswith(squashed)) for site in sites
    )


def _squashed(text: str) -> str:
    return re.sub(r"\W+", "", fold(text))


def _host(url: str | None) -> str:
    try:
        return (urlsplit(url or "").hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def _people(text: str) -> list[str]:
    """The names in one that may be several: "Ann Lee and Bob Ray"."""
    text = re.sub(r"^(?:by|bởi|tác giả|theo)\s*:?\s+", "", text.strip(), flags=re.IGNORECASE)
    return list(names_in(text)) or ([text] if 0 < len(text.split()) <= 5 else [])


def _is_personal(name: str) -> bool:
    """Whether a text can be a name: neither an address nor the account of a system."""
    folded = fold(name)
    return (
        1 < len(name) <= 60
        and not re.search(r"[@/<>{}=]|\d|\.(?:vn|com|net|org)\b", name)
        and folded
        not in (
            "admin",
            "administrator",
            "editor",
            "editorial",
            "editors",
            "staff",
            "staff reporter",
            "webmaster",
            "root",
            "user",
            "guest",
        )
        and not re.match(r"(?:bao|tap chi|dai|toa soan|ban bien tap|cong thong tin)\b", folded)
    )


def _section(
    nodes: Sequence[Mapping[str, Any]], article: Mapping[str, Any], meta: Mapping[str, str]
) -> str:
    given = article.get("articleSection")
    values = given if isinstance(given, list) else [given]
    found = next((v for v in map(_string, values) if v), "") or _first(
        *(meta.get(name) for name in _SECTIONS)
    )
    found = re.split(r"\s*[,;>|]\s*|\s+-\s+", found)[0]
    if found and fold(found) not in _NO_SECTIONS:
        return found
    for node in nodes:
        if "BreadcrumbList" not in _types(node):
            continue
        items = node.get("itemListElement")
        names = []
        for item in items if isinstance(items, list) else []:
            item = item[0] if isinstance(item, list) and item else item
            if isinstance(item, Mapping):
                inner = item.get("item")
                named = inner.get("name") if isinstance(inner, Mapping) else None
                names.append(_string(item.get("name") or named))
        title = fold(_string(article.get("headline")) or meta.get("og:title", ""))
        labels = [
            name for name in names
            if name and len(name.split()) <= 6 and fold(name) not in title
            and fold(name) not in _NO_SECTIONS
        ]  # fmt: skip
        if labels:
            return labels[0]
    return ""


def _tags(
    tree: HtmlElement, article: Mapping[str, Any], meta: Mapping[str, str]
) -> tuple[str, ...]:
    given = [_clean(e.get("content") or "") for e in tree.xpath('//meta[@property="article:tag"]')]
    if not given:
        keywords = article.get("keywords") or next(
            (meta[name] for name in _KEYWORDS if meta.get(name)), ""
        )
        given = (
            [_string(k) for k in keywords] if isinstance(keywords, list) else [_string(keywords)]
        )
    if len(given) == 1:
        given = re.split(r"\s*[,;|]\s*", given[0])
    tags = dict.fromkeys(tag for tag in given if tag and len(tag) <= 60)
    return tuple(tags)[:_MOST_TAGS]


def _canonical(tree: HtmlElement, meta: Mapping[str, str], url: str | None) -> str | None:
    """The page's own address for itself, if it is one of a page and not of the whole site."""
    links = tree.xpath('//link[translate(@rel, "CANOIL", "canoil")="canonical"]/@href')
    base = url or meta.get("og:url") or ""
    for given in (*links[:1], meta.get("og:url"), url):
        if not given:
            continue
        try:
            whole = urljoin(base, str(given).strip())
            parts = urlsplit(whole)
        except ValueError:
            continue
        of_page = parts.path.strip("/") or parts.query or given == url
        if parts.scheme in ("http", "https") and parts.hostname and of_page:
            return whole
    return url


def _source(article: Mapping[str, Any], meta: Mapping[str, str], url: str | None) -> str:
    publisher = article.get("publisher")
    publisher = publisher[0] if isinstance(publisher, list) and publisher else publisher
    named = publisher.get("name") if isinstance(publisher, Mapping) else publisher
    found = _first(meta.get("og:site_name"), _string(named), *(meta.get(n) for n in _SOURCES[1:4]))
    found = found.split(" | ")[0].strip()
    return found if found and len(found) <= 80 and "://" not in found else _host(url)


def _language(tree: HtmlElement, article: Mapping[str, Any], meta: Mapping[str, str]) -> str | None:
    """The language that the page declares, where all that declare one agree."""
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
    if not said:
        return None
    return str(said[0]).strip().lower() not in ("false", "no", "0")


def _first(*values: object) -> str:
    return next((text for text in map(_string, values) if text), "")


def _string(value: object) -> str:
    if isinstance(value, list):
        value = value[0] if value else ""
    if isinstance(value, Mapping):
        value = value.get("name") or value.get("@value") or ""
    return _clean(value) if isinstance(value, str) else ""


def _prose(value: object) -> str:
    """Paragraphs, a line each; without the notes that stand for pictures."""
    if not isinstance(value, str):
        return ""
    text = re.sub(r"</(?:p|div|h\d|li)>|<br\s*/?>|\r", "\n", entities.unescape(value))
    return "\n".join(line for line in map(_clean, text.split("\n")) if line)


def _clean(text: str) -> str:
    """One line; templates escape entities twice."""
    if "&" in text:
        text = entities.unescape(entities.unescape(text))
    if "<" in text:
        text = re.sub(r"</?[a-zA-Z][^<>]*>", "", text)
    return " ".join(normalise(text).split())
