"""Raw documents → articles: fields are named alike and checked, text is tidied, oddities told."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from indexer.charsets import conversion
from indexer.language import language_of
from indexer.pages.dates import parse_date, reads_two_ways
from indexer.pages.prose import tidy, without_html
from indexer.pages.text import clean_page
from indexer.sources import RawDocument
from indexer.sources.fields import ALIASES, is_missing, is_placeholder, names_in, squashed
from search.addresses import canonical_url, digest, id_of_url
from search.errors import ExtractionError
from search.records import Article
from search.text.languages import fold, normalise

LONGEST_TEXT = 2_000_000
"""Characters of text in one article: far beyond any story, well within memory."""

LONGEST_ID = 500
"""Bytes of an id; engines take 512."""

_BY = re.compile(r"^(?:by|written by|tác giả|bài|tin|thực hiện) ?:? ", re.IGNORECASE)

_SPACE = re.compile(r"\s+")

_ESSENTIAL = frozenset({"id", "title", "lead", "text", "lang"})
"""Fields that an article is refused for; any other that cannot be read costs only itself."""

_OUR_OWN = frozenset({"counterpart", "copies"})
"""What ``songngu export`` adds to an article; it is found anew in each archive."""


_CONVERTED = (
    "text: was written in an encoding before Unicode, or encoded twice, and is converted; check it"
)


@dataclass(frozen=True, slots=True)
class Converted:
    """An article, and what was given but could not be used as it was.

    Attributes:
        warnings: One line each, naming the field.
    """

    article: Article
    warnings: tuple[str, ...] = ()


def to_article(document: RawDocument) -> Converted:
    """Make an article of a JSON object or of page text.

    Raises:
        ExtractionError: There is no article in it; the message is one line.
    """
    if document.fields is not None:
        return _from_fields(document.fields)
    return _from_page(document.page or "")


def _line(value: object) -> str:
    """Read one line of text: a title, a name."""
    return " ".join(normalise(without_html(_text(value))).split())


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if is_missing(value):
        return ""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, Mapping) and isinstance(value.get("name"), str):  # JSON-LD
        return str(value["name"])
    raise ValueError(f"must be text, not {_kind(value)}")


def _label(value: object) -> str:
    """Read one line; of a list, as JSON-LD may give it, the first entry that is not blank."""
    values = value if isinstance(value, (list, tuple)) else [value]
    return next((line for line in map(_line, values) if line), "")


def _prose(value: object) -> str:
    """Read text of several paragraphs; a list is taken as a list of paragraphs."""
    if isinstance(value, (list, tuple)):
        value = "\n\n".join(_text(part) for part in value)
    text = _text(value)
    if len(text) > LONGEST_TEXT:
        raise ValueError(
            f"has {len(text):,} characters, and one article may have {LONGEST_TEXT:,}: split it"
        )
    return tidy(text)


def _lines(value: object) -> tuple[str, ...]:
    """Read a list of lines; one string is a list of one."""
    values = value if isinstance(value, (list, tuple)) else [value]
    found = (_line(part) for part in values)
    return tuple(dict.fromkeys(part for part in found if part))


def _names(value: object) -> tuple[str, ...]:
    """Read authors or tags; a string is split at semicolons, bars or commas."""
    if isinstance(value, str):
        return _lines(re.split("[;|]" if re.search("[;|]", value) else ",", value))
    values = value if isinstance(value, (list, tuple)) else [value]
    # Numbers are keys in somebody's database.
    return _lines([part for part in values if not isinstance(part, int)])


def _authors(value: object) -> tuple[str, ...]:
    names = value
    if isinstance(value, str):
        names = re.sub(" (?:and|và) ", ", ", _BY.sub("", " ".join(value.split())))
    return _names(names)


def _kind(value: object) -> str:
    kinds = {list: "a list", dict: "an object", bool: "a truth value", type(None): "null"}
    return kinds.get(type(value), type(value).__name__)


_READERS: dict[str, Callable[[object], Any]] = {
    "id": _line,
    "title": _line,
    "lead": _prose,
    "text": _prose,
    "lang": _line,
    "url": _line,
    "source": _label,
    "authors": _authors,
    "section": _label,
    "tags": _names,
    "captions": _lines,
}
"""Field → what normalises its value as anyone may give it; a ValueError says why it cannot."""


def _from_fields(given: Mapping[str, Any]) -> Converted:
    warnings: list[str] = []
    given = _plain(given)
    if (convert := conversion("\n".join(_strings(given)))) is not None:
        given = _converted(given, convert)
        warnings.append(_CONVERTED)
    named, ignored = _named(given)
    if absent := [name for name, value in given.items() if is_placeholder(value)]:
        warnings.append(f"no value in {', '.join(map(repr, absent[:20]))}; left out")
    if "text" not in named:
        others = {name: value for name, value in given.items() if name in ignored}
        names = ", ".join(repr(name[:60]) for name in islice(names_in(others), 20))
        hint = f"; there is {names}: name the one that is it with --map text=…" if names else ""
        raise ExtractionError(f"text is missing: every article needs the field text{hint}")
    date = named.pop("date", None)
    fields, problems = dict[str, Any](), dict[str, str]()
    for field, value in named.items():
        try:
            fields[field] = _READERS[field](value)
        except ValueError as error:
            problems[field] = f"{field} {error}"
    if not problems.keys().isdisjoint(_ESSENTIAL):
        raise ExtractionError("; ".join(problems.values()))
    warnings += [f"{problem}; kept without it" for problem in problems.values()]
    if not fields["text"]:
        raise ExtractionError("text is blank: every article needs text")
    if len(fields.get("id", "").encode()) > LONGEST_ID:
        raise ExtractionError(f"id is longer than {LONGEST_ID} bytes: shorten it, or leave it out")

    if ignored:
        warnings.append(f"unknown fields ignored: {', '.join(sorted(ignored))}")
    title = fields.get("title", "")
    lead, text = _without_repeats(title, fields.get("lead", ""), fields["text"])
    lang = language_of(fields.get("lang", ""), f"{title}\n{lead}\n{text}", warnings)
    url = fields.get("url")
    if url and canonical_url(url) is None:
        warnings.append(f"url: {url[:100]!r} is no http address; kept without it")
        url = None
    own = {
        "id": fields.get("id") or (url and id_of_url(url)) or _id_of_content(title, lead, text),
        "lang": lang,
        "lead": lead,
        "text": text,
        "date": _date(date, lang, warnings),
        "url": url,
    }
    filled = {field: value for field, value in fields.items() if value}
    return Converted(Article(**(filled | own)), tuple(warnings))


def _from_page(page: str) -> Converted:
    if len(page) > LONGEST_TEXT:
        raise ExtractionError(
            f"the page has {len(page):,} characters, and one article may have {LONGEST_TEXT:,}:"
            " split it"
        )
    warnings: list[str] = []
    if (convert := conversion(page)) is not None:
        page = convert(page)
        warnings.append(_CONVERTED)
    cleaned = clean_page(page)
    lang = language_of("", f"{cleaned.title}\n{cleaned.lead}\n{cleaned.text}", warnings)
    id_ = _id_of_content(cleaned.title, cleaned.lead, cleaned.text)
    return Converted(Article(id=id_, lang=lang, **asdict(cleaned)), tuple(warnings))


def _named(given: Mapping[str, Any]) -> tuple[dict[str, object], list[str]]:
    """Find the values of our fields by all their names; also return the names of the others."""
    known: dict[str, str] = {}
    for name in given:
        known.setdefault(squashed(str(name)), name)
    named: dict[str, object] = {}
    used = set()
    for field, others in ALIASES.items():
        names = [known[other] for other in (field, *others) if other in known]
        if field == "source":
            # Programs that collect pages call their address the source.
            names, addresses = _apart(given, names)
            if addresses and "url" not in named:
                used.add(addresses[0])
                named["url"] = given[addresses[0]]
        # An empty field must not hide a full one: {"text": "", "body": "…"}.
        filled = [name for name in names if not is_missing(given[name])]
        blank = [name for name in names if not is_placeholder(given[name])]
        if filled or blank:
            used.add(chosen := (filled or blank)[0])
            named[field] = given[chosen]
    ignored = [
        str(name)
        for name, value in given.items()
        if name not in used and name not in _OUR_OWN and not is_missing(value)
    ]
    return named, ignored


def _apart(given: Mapping[str, Any], names: list[str]) -> tuple[list[str], list[str]]:
    """Separate names of plain values from names whose values are web addresses."""
    addresses = [
        name for name in names if isinstance(given[name], str) and canonical_url(given[name])
    ]
    return [name for name in names if name not in addresses], addresses


def _plain(value: Any) -> Any:
    """Unwrap the values of databases and web APIs.

    MongoDB's extended JSON has ``{"$oid": "…"}`` and ``{"$date": {"$numberLong": "…"}}``, WordPress
    ``{"rendered": "…"}``.
    """
    if isinstance(value, Mapping):
        if len(value) == 1:
            [(name, inner)] = value.items()
            if name in ("$numberLong", "$numberInt", "$numberDouble"):
                return float(inner) if "Double" in name else int(inner)
            if name in ("$oid", "$date", "$uuid"):
                return _plain(inner)
        if isinstance(value.get("rendered"), str):
            return value["rendered"]
        return {name: _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, Mapping)):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from _strings(inner)


def _converted(value: Any, convert: Callable[[str], str]) -> Any:
    """Convert all strings inside a value, names of members too."""
    if isinstance(value, str):
        return convert(value)
    if isinstance(value, Mapping):
        return {convert(name): _converted(inner, convert) for name, inner in value.items()}
    return [_converted(inner, convert) for inner in value] if isinstance(value, list) else value


def _date(value: object, lang: str, warnings: list[str]) -> str | None:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    try:
        date = parse_date(value, lang=lang)
    except ValueError as error:
        warnings.append(f"date: {error}; kept without a date")
        return None
    if reads_two_ways(value):
        warnings.append(
            f"date: {value!r} is taken for {date[:10]}, month first, as AM and PM are American:"
            f" write it as {date[:10]}"
        )
    return date


def _id_of_content(title: str, lead: str, text: str) -> str:
    return f"text-{digest(chr(0).join((title, lead, text)))}"


def _without_repeats(title: str, lead: str, text: str) -> tuple[str, str]:
    """Remove the title from the beginnings of lead and text, and the lead from that of the text."""
    text = _without_start(text, title, whole_line=True)
    lead = "" if fold(lead) == fold(title) else lead
    if lead:
        shortened = _without_start(text, lead, whole_line=False)
        if shortened == text and lead.endswith(("...", "…")):
            # A description cut short by a feed: the text says it in full.
            begun = " ".join(lead.rstrip(".… ").split())
            if " ".join(text[: 2 * len(lead)].split()).startswith(begun):
                return "", text
        text = shortened
    return lead, text


def _without_start(text: str, start: str, *, whole_line: bool) -> str:
    """Remove a beginning from a text, unless nothing would be left."""
    at = 0
    for word in start.split():
        gap = _SPACE.match(text, at) if at else None
        if at and gap is None:
            return text
        begin = gap.end() if gap else 0
        at = begin + len(word)
        if text[begin:at].lower() != word.lower():
            return text
    rest = text[at:]
    if not at or rest[:1].isalnum():
        return text  # "Norway" begins "Norwegian"
    rest = rest[1:] if rest[:1] in (".", ":") else rest
    if whole_line and rest.lstrip(" ")[:1] not in ("", "\n"):
        return text
    return rest.strip() or text
