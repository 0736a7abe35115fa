"""Everything that reads text from outside, by name, and a program that reads hostile text with it.

The program takes one JSON object a line, {"reader": …, "text": …}, and answers each with a line:
{"seconds": …, "error": …}. Whoever runs it can end it when a reading does not end.
"""

from __future__ import annotations

import gzip
import importlib
import io
import json
import os
import pkgutil
import re
import sys
import tempfile
import time
import traceback
import warnings
from datetime import date
from pathlib import Path
from re import _parser as pattern_parser

import indexer
import search
import webui
from indexer import articles, charsets, passages
from indexer.fetching import Fetched, client, robots, urls
from indexer.linking import copies
from indexer.pages import bylines, dates, prose
from indexer.pages.html import extract_page
from indexer.pages.text import clean_page
from indexer.runs import interval_seconds
from indexer.sources import Origin, RawDocument, entries
from indexer.sources import web_kinds as webkinds
from indexer.sources import web_pages as webpages
from indexer.sources.json_files import JsonFile, JsonLines
from indexer.sources.tables import Table
from indexer.sources.warc import WebArchive
from indexer.sources.warc_records import read_records
from search import addresses as stored_addresses
from search import exports
from search.errors import FetchError, SongnguError, UnreachableError
from search.ranking.query import read_query, unquoted
from search.ranking.snippets import Marker, best_snippet
from search.records import Article, Query
from search.text.detection import detect
from search.text.diacritics import Restorer
from search.text.keyboard import decode_typing
from search.text.languages import LANGUAGES, exact_tokens, fold, normalise
from search.text.syllables import SyllableCounts
from webui import parameters
from webui import presentation as presenting

SIZE = 200_000
"""Characters of hostile text: a small page."""

LONGEST_QUERY = 20_000
"""Characters: forty times what is allowed unless a setting says otherwise."""

PROSE = "The council said on Tuesday that the bridge would be closed for repairs until the spring. "
URL = "https://news.test/a"


# Readers ------------------------------------------------------------------------------------------


def _article(**fields):
    return articles.to_article(RawDocument(Origin("x"), fields={"text": PROSE * 5} | fields))


class _Nowhere:
    """What fetches nothing: a page that sends on leads nowhere."""

    def __getattr__(self, name):
        raise FetchError("nothing is fetched here")


def _page(html):
    return extract_page(html, url=URL)


def _story(head="", before="", within=""):
    return (
        f"<html><head><title>Bridge closed for repairs</title>{head}</head><body>{before}<article>"
        f"<h1>Bridge closed for repairs</h1>{f'<p>{PROSE}</p>' * 5}{within}</article></body></html>"
    )


def _listed(text, media_type=""):
    found = webkinds.listing(text, url=URL, media_type=media_type)
    for entry in found.entries if found else ():
        entries.completed({}, entry)
        if entry.content:
            webpages.only_content(URL, entry)
    return found


def _rss(item, channel=""):
    return _listed(f"<rss><channel>{channel}<item>{item}</item></channel></rss>")


def _atom(entry):
    return _listed(f'<feed xmlns="http://www.w3.org/2005/Atom"><entry>{entry}</entry></feed>')


def _sitemap(inside):
    return _listed(f"<urlset><url>{inside}</url></urlset>")


def _file(kind, data):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(data)
        for document in kind(str(path)).documents():
            if isinstance(document, RawDocument):
                articles.to_article(document)


def _robots(text, url="https://news.test/" + "a" * 3000):
    robots.Robots("Songngu", lambda place, limit: text).pause_s(url)


def _headers(value):
    raw = value.encode("utf-8", "replace")
    headers = client._headers([(b"Content-Type", raw), (b"Retry-After", raw), (b"Location", raw)])
    headers.get_content_type()
    headers.get_content_charset()
    client._retry_after(headers["Retry-After"], headers["Location"])
    client._check_kind(headers, 10)


def _warc(record_head="", body=""):
    inner = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n{record_head}\r\n\r\n{body}".encode()
    head = f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: {URL}\r\n"
    data = f"{head}Content-Length: {len(inner)}\r\n\r\n".encode() + inner + b"\r\n\r\n"
    _file(WebArchive, data)


def _marked(text, query):
    read = read_query(Query(query), max_chars=500)
    for lang in LANGUAGES:
        marker = Marker.of(read, lang)
        marker.coverage([text])
        best_snippet(Article(id="x", lang=lang, text=text), None, marker)


def _forms(text, lang):
    text = normalise(text)
    LANGUAGES[lang].forms(title=text[:2000], body=text)


def _cut(text):
    article = Article(id="x", lang="en", text=prose.tidy(text))
    for cut in (passages.split, passages.opening):
        cut(article, count_tokens=lambda texts: [len(t) // 4 for t in texts], max_tokens=500)


def _typed(text):
    """A query as long as any limit that can be set."""
    from werkzeug.datastructures import MultiDict

    args = MultiDict({"q": text, "from": text, "page": text, "k": text, "source": text})
    parameters.read_address(args, paging="page", max_query_chars=500, max_k=100)
    unquoted(text)
    read_query(Query(text[:LONGEST_QUERY]), max_chars=LONGEST_QUERY)


def _byline(text):
    bylines.names_in(text)
    bylines.bare_names(text)
    bylines.without_role(text)


def _signature(text):
    for line in (text, f"By {text}", f"Bài: {text}", f"(Theo {text})"):
        bylines.signature(line)
        bylines.credits_line(line)
        bylines.is_agency(line)
        bylines.says_signed(fold(line))
        bylines.signers_beside_date(line, "24 sep 2025")


def _dated(text):
    for value in (text, text[:200], f"24/9/2025 {text}"[:200], f"{text[:150]} 2025"):
        dates.find_date(value)
        try:
            dates.parse_date(value)
        except ValueError:
            continue


def _taken_away(text):
    """A story with the text in every field, as every file and citation."""
    names = ("id", "lang", "title", "lead", "text", "date", "url", "source", "section")
    story = dict.fromkeys(names, text) | {"authors": [text], "tags": [text], "captions": [text]}
    story["url"] = f"https://news.test/{text}"
    for form in exports.EXPORTS.values():
        b"".join(exports.encoded(form.write([story], text, date(2026, 11, 27))))
    exports.cited(story, "vi"), exports.cited(story, "en")
    exports.content_disposition(exports.file_name(text, "csv"))


READERS = {
    "exports": _taken_away,
    "page text": lambda text: clean_page(text),
    "page text, in one line with prose": lambda text: clean_page(
        f"Bridge closed for repairs\n\n{PROSE * 3}\n\n{text}\n\n{PROSE * 3}"
    ),
    "page text, as an article": lambda text: articles.to_article(
        RawDocument(Origin("x"), page=f"{PROSE * 5}\n{text}")
    ),
    "html": _page,
    "html, body": lambda text: _page(_story(within=text)),
    "html, before the story": lambda text: _page(_story(before=text)),
    "html, paragraph": lambda text: _page(_story(within=f"<p>{_escaped(text)}</p>")),
    "html, title": lambda text: _page(_story(head=f"<title>{_escaped(text)}</title>")),
    "html, metadata": lambda text: _page(
        _story(
            head="".join(
                f'<meta property="{name}" content="{_escaped(text)}">'
                for name in ("og:title", "author", "article:published_time", "article:section")
            )
        )
    ),
    "html, json-ld": lambda text: _page(
        _story(
            head='<script type="application/ld+json">'
            + json.dumps(
                dict.fromkeys(
                    ("headline", "datePublished", "author", "articleBody", "keywords"), text
                )
                | {"@type": "NewsArticle"}
            )
            + "</script>"
        )
    ),
    "html, broken json-ld": lambda text: _page(
        _story(head=f'<script type="application/ld+json">{text}</script>')
    ),
    "html, attributes": lambda text: _page(
        _story(
            within=f'<div class="{_escaped(text)}" style="{_escaped(text)}"><p>{PROSE}</p></div>'
        )
    ),
    "html, byline": lambda text: _page(
        _story(within=f'<p class="author">{_escaped(text)}</p><time>{_escaped(text)}</time>')
    ),
    "html, caption": lambda text: _page(
        _story(within=f"<figure><img><figcaption>{_escaped(text)}</figcaption></figure>")
    ),
    "html, many lines": lambda text: _page(
        _story(within=f"<p>{_escaped(text).replace(' ', '</p><p>')}</p>")
    ),
    "html, its feeds and robots": lambda text: (
        webkinds.feeds_named(text, url=URL),
        webkinds.refuses_indexing(text, text),
    ),
    "a page that is fetched": lambda text: webpages.single(
        _Nowhere(), URL, Fetched(URL, b"", client.NO_VALIDATORS), text.encode("utf-8", "replace")
    ),
    "what text is": lambda text: [
        _listed(text, kind) for kind in ("text/plain", "text/html", "application/xml")
    ],
    "feed": lambda text: _listed(f"<rss>{text}"),
    "feed, head": lambda text: _listed(f"<?xml {text}?><rss></rss>"),
    "feed, document type": lambda text: _listed(f"<!DOCTYPE {text}><rss></rss>"),
    "feed, title": lambda text: _rss(f"<title>{_escaped(text)}</title><link>{URL}</link>"),
    "feed, link": lambda text: _rss(f"<link>{_escaped(text)}</link><guid>{_escaped(text)}</guid>"),
    "feed, date": lambda text: _rss(f"<pubDate>{_escaped(text)}</pubDate><link>{URL}</link>"),
    "feed, author": lambda text: _rss(f"<author>{_escaped(text)}</author><link>{URL}</link>"),
    "feed, text": lambda text: _rss(f"<description>{_escaped(text)}</description>"),
    "feed, html": lambda text: _rss(f"<description><![CDATA[{text}]]></description>"),
    "feed, channel": lambda text: _rss("", _escaped(text)),
    "atom": lambda text: _atom(text),
    "atom, author and dates": lambda text: _atom(
        f"<author><name>{_escaped(text)}</name></author><updated>{_escaped(text)}</updated>"
        f"<published>{_escaped(text)}</published><link href='{_escaped(text)}'/>"
    ),
    "json feed": lambda text: _listed(
        json.dumps(
            {
                "version": "https://jsonfeed.org/version/1.1",
                "language": text,
                "items": [
                    dict.fromkeys(
                        ("url", "title", "content_html", "date_published", "summary"), text
                    ),
                    {"id": text, "authors": [{"name": text}], "tags": [text]},
                ],
            }
        )
    ),
    "json feed, broken": lambda text: _listed("{" + text),
    "sitemap": _sitemap,
    "sitemap, fields": lambda text: _sitemap(
        f"<loc>{_escaped(text)}</loc><lastmod>{_escaped(text)}</lastmod>"
    ),
    "sitemap, whole": lambda text: _listed(f"<urlset>{text}"),
    "robots.txt": _robots,
    "robots.txt, rule": lambda text: _robots(f"User-agent: *\nDisallow: /{text}"),
    "robots.txt, many rules for many": lambda text: _robots(
        "".join(f"User-agent: a{i}\n" for i in range(10_000)) + text.replace(" ", "\nDisallow: /")
    ),
    "robots.txt, every line a rule": lambda text: _robots(
        "User-agent: *\n" + "\n".join(f"Disallow: /{part}" for part in text.split(" "))
    ),
    "headers": _headers,
    "dates": _dated,
    "names": _byline,
    "signatures": _signature,
    "article, text": lambda text: _article(text=text),
    "article, title": lambda text: _article(title=text),
    "article, lead": lambda text: _article(lead=text),
    "article, authors": lambda text: _article(authors=text),
    "article, list of authors": lambda text: _article(authors=[f"By {text}", {"name": text}]),
    "article, section and source": lambda text: _article(section=text, source=text),
    "article, tags": lambda text: _article(tags=text, captions=text),
    "article, address": lambda text: _article(url=f"https://news.test/{text}"),
    "article, date and language": lambda text: _article(date=text, lang=text[:100]),
    "article, title repeated": lambda text: _article(title=text, lead=text, text=text + PROSE),
    "article, names of fields": lambda text: _article(**{text: text, "text": PROSE}),
    "tables": lambda text: _file(Table, f"title,text\n{text}".encode()),
    "tables, rows": lambda text: _file(
        Table, ("title\ttext\n" + text.replace(" ", "\n")).encode("utf-8", "replace")
    ),
    "tables, header": lambda text: _file(Table, f"{text}\n{text}".encode("utf-8", "replace")),
    "json lines": lambda text: _file(
        JsonLines, json.dumps({"text": text, "title": text, "authors": text}).encode()
    ),
    "json, broken": lambda text: _file(JsonFile, f"[{text}".encode("utf-8", "replace")),
    "warc": lambda text: list(
        read_records(
            io.BufferedReader(io.BytesIO(b"WARC/1.0\r\n" + text.encode("utf-8", "replace")))
        )
    ),
    "warc, records": lambda text: list(
        read_records(
            io.BufferedReader(
                io.BytesIO(
                    b"WARC/1.0\r\nContent-Length: 3\r\n\r\n"
                    + text.replace(" ", "\nWARC/1.0\r\nWARC-Type: x\r\n").encode("utf-8", "replace")
                )
            )
        )
    ),
    "warc, packed": lambda text: list(
        read_records(
            io.BufferedReader(
                io.BytesIO(gzip.compress(b"WARC/1.0\r\n") + text.encode("utf-8", "replace"))
            )
        )
    ),
    "warc, http head": lambda text: _warc(record_head=text),
    "warc, page": lambda text: _warc(body=text),
    "bytes": lambda text: charsets.decoded(text.encode("utf-8", "replace"), text[:100]),
    "bytes, declared": lambda text: charsets.decoded(
        f"<?xml {text} encoding='x'?><meta {text} charset=y>é".encode("latin-1", "replace")
    ),
    "addresses": lambda text: (
        stored_addresses.article_key(f"https://news.test/{text}"),
        stored_addresses.article_key(f"https://{text}/a"),
        stored_addresses.canonical_url(text),
        urls.normalised(f"https://news.test/{text[:3900]}"),
    ),
    "addresses, hosts": lambda text: urls.normalised(f"https://{text[:3900]}/"),
    "addresses, shown": lambda text: (
        presenting.safe_link(f"https://news.test/{text}"),
        presenting.paragraphs(text),
    ),
    "tidying": lambda text: (prose.tidy(text), prose.without_html(f"<p>{text}</p>")),
    "normal forms": lambda text: (normalise(text), fold(text), exact_tokens(text)),
    "language": lambda text: detect(normalise(text)),
    "quantities": lambda text: [
        list(LANGUAGES[lang].quantities(normalise(text))) for lang in LANGUAGES
    ],
    "keys of Telex and VNI": lambda text: decode_typing(normalise(text)),
    "restored marks": lambda text: Restorer.bundled().restore(normalise(text[:LONGEST_QUERY])),
    "counted syllables": lambda text: SyllableCounts().add(normalise(text)),
    "word fields, vi": lambda text: _forms(text, "vi"),
    "word fields, en": lambda text: _forms(text, "en"),
    "passages": _cut,
    "copies": lambda text: copies.Fingerprint.of(
        Article(id="x", lang="en", text=normalise(text), title=text)
    ).keys(),
    "snippets": lambda text: _marked(normalise(text), "giá vàng 24/9 tăng 1,2 triệu"),
    "snippets, of the text": lambda text: _marked(normalise(text), f"a {text[:400]}"),
    "queries": _typed,
    "intervals": lambda text: interval_seconds(text),
}
"""Name → what reads a text. Refusing it with one of Songngu's errors, or ValueError, is right."""


def _escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


# Hostile text -------------------------------------------------------------------------------------

ATOMS = (
    " ", "\t", "\n", "\r\n", " \n", "\xa0", "a", "A", "a ", "A ", "Aa ", "é", "ế ", "đ", "1", "1,",
    "1.", "1/", "1-", "12:", "1 ", "0", ".", "..", ", ", ";", ":", "|", " | ", " - ", "–", "-", "_",
    "*", "/", "//", "\\", "(", "[", "{", '{"a":', "<", "</", "<a ", "<a>", "<b><i>", "<p>", "<div>",
    "</p>", "<!--", "<![CDATA[", "]]>", "<!", "<?", "<script>", "<style", "<link ", "<meta ",
    "<x:y", "<table><tr>", "<svg>", "<h1>", "<li>", "&", "&#", "&#x", "&amp;", "&a", "%",
    "%41", "@", "a@", "a@a.", "http://", "http://a", "https://a.b/", "www.", "m.", "amp.",
    "/amp", "?a=", "&a=", "#",
    "=", "'", "''", '"', '""', '" ', "“", "”", "By ", "by ", "and ", "và ", "of ", "Ann Lee, ",
    "Staff ", "Writer", "Ảnh: ", "(Theo ", "Theo ", "tin ", "bài: ", "ngày ", "tháng ", "th",
    "January ", "Sep 24 ", "24/9/2025 ", "2025-09-24T", "updated ", "GMT", "+07:", "z", "dd", "aa",
    "ww", "uow", "nghieng5", "vieejt ", "\u0301", "\u0323\u0302", "\u0327\u0301", "\u0345\u0301",
    "\u200b", "\u200d", "\ufeff", "\x00", "\ud800", "ﷺ", "İ", "ß", "ﬁ", "𝟘", "①", "WARC/1.0\r\n",
    "Content-Length: 9\r\n", "User-agent: a\n", "Disallow: /*a", "Allow: $", "\x1f\x8b\x08", "utf-",
)  # fmt: skip


def patterns():
    """Every pattern that the packages compile when they are imported, in a stable order."""
    found = {}
    for package in (search, indexer, webui):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name.endswith(("build_tables", "__main__")):
                continue
            try:
                members = vars(importlib.import_module(module.name))
            except ImportError:  # an encoder that is not installed
                continue
            for value in members.values():
                for one in value if isinstance(value, tuple) else (value,):
                    if isinstance(one, re.Pattern):
                        source = one.pattern
                        text = source if isinstance(source, str) else source.decode("latin-1")
                        found.setdefault(text, one.flags)
    return sorted(found.items())


def sample(pattern, flags, rng):
    """A short text that a pattern matches, or nearly."""
    parts = []

    def one_of(items):
        kind, value = items[rng.randrange(len(items))]
        name = str(kind)
        if name == "RANGE":
            return chr(rng.randint(value[0], value[1]))
        if name == "LITERAL":
            return chr(value)
        if name == "CATEGORY":
            return of_category(str(value))
        return "a"

    def of_category(name):
        if "NOT" in name:
            return rng.choice("a. -")
        return {"DIGIT": "1", "SPACE": " "}.get(name.rsplit("_", 1)[-1], "a")

    def walk(tree):
        for op, value in tree:
            name = str(op)
            if name == "LITERAL":
                parts.append(chr(value))
            elif name == "NOT_LITERAL":
                parts.append("a" if chr(value) != "a" else "b")
            elif name == "ANY":
                parts.append(rng.choice("a 1"))
            elif name == "IN":
                negated = str(value[0][0]) == "NEGATE"
                parts.append(rng.choice("a1 .") if negated else one_of(value))
            elif name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
                low, high, inner = value
                for _ in range(min(int(high), max(int(low), rng.choice((0, 1, 1, 2))))):
                    walk(inner)
            elif name == "BRANCH":
                walk(rng.choice(value[1]))
            elif name == "SUBPATTERN":
                walk(value[-1])
            elif name == "ATOMIC_GROUP":
                walk(value)

    walk(pattern_parser.parse(pattern, flags & ~re.LOCALE))
    return "".join(parts)[:60]


def hostile(rng, known, size=SIZE):
    """One hostile text: a fragment over and over, perhaps with another beginning and end."""

    def piece():
        if rng.random() < 0.5:
            return rng.choice(ATOMS)
        return sample(*rng.choice(known), rng)

    fragment = "".join(piece() for _ in range(rng.choice((1, 1, 2, 3)))) or " "
    if rng.random() < 0.3 and len(fragment) > 1:
        fragment = fragment[: rng.randrange(1, len(fragment))]  # all but what would make it match
    before, after = (piece() if rng.random() < 0.4 else "" for _ in "ba")
    return f"{before}{fragment * (size // len(fragment) + 1)}"[:size] + after


# The program --------------------------------------------------------------------------------------


def read(name, text):
    """Seconds of processor time that a reader needed, and an error that is none of ours."""
    began, error = time.process_time(), None
    try:
        READERS[name](text)
    except (SongnguError, ValueError, UnreachableError):
        pass
    except Exception:
        error = traceback.format_exc(limit=-4)
    return time.process_time() - began, error


def main():
    """Read until there is nothing more."""
    warnings.simplefilter("ignore")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    Restorer.bundled()
    detect("a b")
    for lang in LANGUAGES:
        LANGUAGES[lang].forms(title="a", body="hợp tác")
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        case = json.loads(line)
        taken, error = read(case["reader"], case["text"])
        print(json.dumps({"seconds": taken, "error": error}), file=answers, flush=True)


if __name__ == "__main__":
    main()
