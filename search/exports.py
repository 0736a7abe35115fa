"""Export formats: stories as JSON objects → the text of a file, and how to cite one story.

Pure: nothing is read or written here. A story is an article's JSON object (``Article.to_json``)
with whatever is told beside it: ``relevance``, ``zone``, ``counterpart``, ``copies``, and of a
clipping ``clipping_tag`` and ``clipping_note``. All that stands in it is untrusted. Files are made
a story at a time, however many there are.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date as calendar_date
from itertools import chain
from typing import Any, Literal
from urllib.parse import quote

from search.text.languages import fold

Story = Mapping[str, Any]

COLUMNS = (
    "title", "date", "source", "section", "authors", "url", "lang", "lead", "text", "tags",
    "captions", "relevance", "zone", "counterpart", "copies", "clipping_tag",
    "clipping_note", "id",
)  # fmt: skip
"""Columns of a table, in their order; those that no story of a file has are left out."""
_USUAL_COLUMNS = tuple(name for name in COLUMNS if not name.startswith("clipping_"))

LONGEST_CELL = 32_767
"""Characters, as UTF-16 counts them: the most that a cell of a spreadsheet holds."""
_CUT = " […]"
_TITLE_CHARS = 90

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_LINE_END = re.compile(r"\r\n|[\r\x85\u2028\u2029]")
_INVISIBLE = r"\s\ufeff\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069"
_FORMULA = re.compile(rf"[\t\r\n]|[{_INVISIBLE}]*[=+\-@＝＋－＠]")
_WEB_ADDRESS = re.compile(r"https?://[^\s/?#]", re.IGNORECASE)

_LATEX = {
    "\\": r"\textbackslash{}", "{": r"\textbraceleft{}", "}": r"\textbraceright{}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
} | {sign: f"\\{sign}" for sign in "#$%&_"}  # fmt: skip
_LATEX_SIGN = re.compile(r"[\\{}~^#$%&_]")
_LANGIDS = {"vi": "vietnamese", "en": "english"}
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip

_MARKDOWN_SIGN = re.compile(r"[\\`*_{}\[\]<>#|~!&$]")
_MARKDOWN_START = re.compile(r"^([-+=]|\d{1,9}(?=[.)]))")

# Names that are written family name first, and whole, wherever they are cited.
_VIETNAMESE_FAMILIES = frozenset(
    "nguyen tran le pham hoang huynh phan vu vo dang bui do ho ngo duong ly dinh mai truong trinh"
    " luong dao doan lam phung to ta ha cao chau thai la luu quach".split()
)
_PERSON = re.compile(r"[^\W\d_][\w.’'-]*(?: [^\W\d_][\w.’'-]*){1,2}")
_NO_PERSON = frozenset(
    "agency bureau correspondent correspondents desk editor editors news newsroom post press"
    " reporter reporters reuters service staff team times writer writers".split()
)


@dataclass(frozen=True, slots=True)
class Export:
    """A file format.

    Attributes:
        name: What people call it.
        suffix: Of a file's name, without the dot; also what it is called in addresses.
        media_type: With its charset.
        write: (stories, what the list is called, today) → pieces of the file.
        broken: The last line of a file that could not be finished, from what is wrong: whoever
            reads it, person or program, must stumble over it.
    """

    name: str
    suffix: str
    media_type: str
    write: Callable[[Iterable[Story], str, calendar_date], Iterator[str]]
    broken: Callable[[str], str]


def encoded(pieces: Iterable[str]) -> Iterator[bytes]:
    """Encode the pieces of a file; what UTF-8 does not have (lone surrogates) becomes “?”."""
    return (piece.encode("utf-8", "replace") for piece in pieces)


def title_of(story: Story) -> str:
    """Give the title on one line, or the beginning of the text of a story without one."""
    if title := _line(story.get("title")):
        return title
    beginning = _line(story.get("lead") or story.get("text"))
    if len(beginning) <= _TITLE_CHARS:
        return beginning
    return beginning[: _TITLE_CHARS + 1].rsplit(" ", 1)[0][:_TITLE_CHARS] + "…"


def cited(story: Story, style: Literal["vi", "en"]) -> str:
    """Cite a story in plain text, as papers in that language do.

    Like ``Ann Lee. “Title.” Source, 24 September 2025. https://…``.
    """
    authors, title, url = _list(story.get("authors")), title_of(story), web_address(story)
    source, day = _line(story.get("source")), _day(story)
    if style == "vi":
        by = ", ".join(authors)
        called = f"“{title}”."
        when = f"{day.day}/{day.month}/{day.year}" if day else "không rõ ngày"
    else:
        by = " and ".join([part for part in (", ".join(authors[:-1]), *authors[-1:]) if part])
        called = f"“{title}”" if title[-1:] in ("?", "!", ".", "…") else f"“{title}.”"
        when = f"{day.day} {_MONTHS[day.month - 1]} {day.year}" if day else "undated"
    published = ", ".join(part for part in (source, when) if part)
    parts = (f"{by}." if by and by[-1] not in ".?!" else by, called, f"{published}.", url)
    return " ".join(part for part in parts if part)


def web_address(story: Story) -> str:
    """Give a story's address if it is one of the web, with what no address holds encoded."""
    url = _CONTROL.sub("", str(story.get("url") or "").strip())
    if not _WEB_ADDRESS.match(url):
        return ""
    return re.sub(r"[\s<>\"{}|\\^`]", lambda sign: quote(sign[0]), url)


def citation_key(story: Story) -> str:
    """Make the key of a story in a bibliography: the same in every file, no other story's."""
    digest = hashlib.sha256(str(story["id"]).encode("utf-8", "replace")).hexdigest()[:12]
    source = re.sub(r"[^a-z0-9]", "", fold(_line(story.get("source"))))[:24]
    day = _day(story)
    return f"{source or 'story'}{day.year if day else ''}-{digest}"


def file_name(about: str, suffix: str) -> str:
    """Make the name of a file from what it is about: letters, digits and dashes of any language."""
    words = "-".join(re.findall(r"\w+", about))[:60].strip("-")
    return f"songngu-{words}.{suffix}" if words else f"songngu.{suffix}"


def content_disposition(name: str) -> str:
    """Write the header that has a browser keep a file under a name, in RFC 6266's two forms."""
    plain = re.sub(r"[^A-Za-z0-9.-]", "", fold(name))
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


# CSV ----------------------------------------------------------------------------------------------


def _csv(stories: Iterable[Story], about: str, today: calendar_date) -> Iterator[str]:
    """RFC 4180 in UTF-8, with the mark by which spreadsheet programs know that."""
    del about, today
    stories = iter(stories)
    first = next(stories, None)
    columns = _USUAL_COLUMNS if first is None else [name for name in COLUMNS if name in first]
    yield "\ufeff" + _row(columns)
    if first is not None:
        for story in chain([first], stories):
            yield _row(_cell(story.get(name)) for name in columns)


def _row(cells: Iterable[str]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerow(cells)
    return written.getvalue()


def _cell(value: Any) -> str:
    """Write a value so that it is text for spreadsheet programs, whatever it begins with."""
    if value is None:
        return ""
    if isinstance(value, int | float):
        return str(value)
    text = "; ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    text = _LINE_END.sub("\n", _CONTROL.sub("", text))
    if _FORMULA.match(text):
        text = f"'{text}"
    if len(text) > LONGEST_CELL // 2 and len(units := text.encode("utf-16-le")) > 2 * LONGEST_CELL:
        kept = units[: 2 * (LONGEST_CELL - len(_CUT))].decode("utf-16-le", "ignore")
        text = kept + _CUT
    return text


# JSONL --------------------------------------------------------------------------------------------


def _jsonl(stories: Iterable[Story], about: str, today: calendar_date) -> Iterator[str]:
    """One JSON object a line; also for readers that take other signs for the end of a line."""
    del about, today
    for story in stories:
        line = json.dumps(dict(story), ensure_ascii=False)
        yield re.sub(r"[\x85\u2028\u2029]", lambda sign: f"\\u{ord(sign[0]):04x}", line) + "\n"


# RIS and BibTeX -----------------------------------------------------------------------------------


def _ris(stories: Iterable[Story], about: str, today: calendar_date) -> Iterator[str]:
    """Newspaper articles for Zotero, EndNote, Mendeley and others."""
    del about
    for story in stories:
        day, url = _day(story), web_address(story)
        fields = [
            ("TY", "NEWS"),
            ("ID", citation_key(story)),
            ("TI", title_of(story)),
            *(("AU", _ris_name(name, story)) for name in _list(story.get("authors"))),
            ("T2", _line(story.get("source"))),
            ("SE", _line(story.get("section"))),
            ("DA", f"{day:%Y/%m/%d}/" if day else ""),
            ("PY", f"{day:%Y}" if day else ""),
            ("LA", _line(story.get("lang"))),
            ("UR", url),
            ("Y2", f"{today:%Y/%m/%d}/" if url else ""),
            ("AB", _line(story.get("lead"))),
            *(("KW", name) for name in _keywords(story)),
            ("N1", _line(story.get("clipping_note"))),
        ]
        lines = [f"{tag}  - {value}\r\n" for tag, value in fields if value]
        yield "".join([*lines, "ER  - \r\n\r\n"])


def _bibtex(stories: Iterable[Story], about: str, today: calendar_date) -> Iterator[str]:
    """Entries for BibTeX, biblatex, JabRef and Zotero."""
    del about
    for story in stories:
        day, url, source = _day(story), web_address(story), _line(story.get("source"))
        kind = "article" if source else "online" if url else "misc"
        names = " and ".join(_bibtex_name(name, story) for name in _list(story.get("authors")))
        fields = {
            "author": names,
            # A second pair of braces keeps capital letters as they are.
            "title": f"{{{_latex(title_of(story))}}}",
            "journal": _latex(source),
            "date": f"{day:%Y-%m-%d}" if day else "",
            "year": f"{day:%Y}" if day else "",
            "url": url,
            "urldate": f"{today:%Y-%m-%d}" if url else "",
            "langid": _LANGIDS.get(str(story.get("lang")), ""),
            "keywords": _latex(", ".join(name.replace(",", " ") for name in _keywords(story))),
            "abstract": _latex(_line(story.get("lead"))),
            "annote": _latex(_line(story.get("clipping_note"))),
        }
        lines = [f"  {name} = {{{value}}},\n" for name, value in fields.items() if value]
        yield "".join([f"@{kind}{{{citation_key(story)},\n", *lines, "}\n\n"])


def _latex(text: str) -> str:
    return _LATEX_SIGN.sub(lambda sign: _LATEX[sign[0]], text)


def _parted(name: str, story: Story) -> tuple[str, str] | None:
    """Part a name into the family's and the others; None for one that is cited whole.

    Names of Vietnamese have the family's first and are cited as they are; what may be no
    person's is left as it is, too.
    """
    words = fold(name).split()
    whole = (
        story.get("lang") == "vi"
        or not _PERSON.fullmatch(name)
        or words[0] in _VIETNAMESE_FAMILIES
        or not _NO_PERSON.isdisjoint(words)
    )
    if whole:
        return None
    others, _, family = name.rpartition(" ")
    return family, others


def _ris_name(name: str, story: Story) -> str:
    parted = _parted(name, story)
    # A comma at the end says that nothing is to be parted, as for organisations.
    return f"{parted[0]}, {parted[1]}" if parted else f"{name.replace(',', ' ')},"


def _bibtex_name(name: str, story: Story) -> str:
    parted = _parted(name, story)
    return f"{_latex(parted[0])}, {_latex(parted[1])}" if parted else f"{{{_latex(name)}}}"


def _keywords(story: Story) -> list[str]:
    names = [*_list(story.get("tags")), _line(story.get("clipping_tag"))]
    return list(dict.fromkeys(name for name in names if name))


# Markdown -----------------------------------------------------------------------------------------


def _markdown(stories: Iterable[Story], about: str, today: calendar_date) -> Iterator[str]:
    """A list to read: each story's title with its link, where and when it stood, its beginning."""
    del today
    if title := _line(about):
        yield f"# {_marked(title)}\n\n"
    for story in stories:
        title, url = _marked(title_of(story)), web_address(story)
        facts = [
            _line(story.get("source")),
            _line(story.get("section")),
            (_day(story) or ""),
            ", ".join(_list(story.get("authors"))),
        ]
        lines = [f"[{title}](<{url}>)" if url else title]
        lines += [" · ".join(_marked(str(fact)) for fact in facts if fact)]
        lines += [_marked(_line(story.get("lead")))]
        tag, note = _line(story.get("clipping_tag")), _line(story.get("clipping_note"))
        lines += [f"*{_marked(tag)}*" if tag else "", f"> {_marked(note)}" if note else ""]
        yield "- " + "\n\n  ".join(line for line in lines if line) + "\n\n"


def _marked(line: str) -> str:
    """Escape a line so that Markdown shows it as it is."""
    line = _MARKDOWN_SIGN.sub(lambda sign: f"\\{sign[0]}", line)
    return _MARKDOWN_START.sub(_escaped_start, line)


def _escaped_start(start: re.Match[str]) -> str:
    # A number is escaped at the point behind it, any other sign before it.
    return f"{start[0]}\\" if start[0].isdigit() else f"\\{start[0]}"


# Fields -------------------------------------------------------------------------------------------


def _line(value: Any) -> str:
    """Put a text on one line without control characters."""
    return " ".join(_CONTROL.sub("", str(value)).split()) if value else ""


def _list(values: Any) -> list[str]:
    return [line for value in values or () if (line := _line(value))]


def _day(story: Story) -> calendar_date | None:
    try:
        return calendar_date.fromisoformat(str(story.get("date") or "")[:10])
    except ValueError:
        return None


def _plain_end(text: str) -> str:
    return f"\n{_line(text)}\n"


EXPORTS: dict[str, Export] = {
    export.suffix: export
    for export in (
        Export(
            "CSV",
            "csv",
            "text/csv; charset=utf-8",
            _csv,
            lambda text: _row([_cell(text)]),
        ),
        Export(
            "JSONL",
            "jsonl",
            "application/jsonl; charset=utf-8",
            _jsonl,
            lambda text: json.dumps({"error": {"code": "broken_off", "message": text}}) + "\n",
        ),
        Export(
            "RIS",
            "ris",
            "application/x-research-info-systems; charset=utf-8",
            _ris,
            _plain_end,
        ),
        Export("BibTeX", "bib", "application/x-bibtex; charset=utf-8", _bibtex, _plain_end),
        Export("Markdown", "md", "text/markdown; charset=utf-8", _markdown, _plain_end),
    )
}
"""By suffix."""
