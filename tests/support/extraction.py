"""How well articles are read off real pages: token F1 of the text, titles, days."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import lxml.html

from search.errors import ExtractionError
from search.text.languages import fold

Extract = Callable[[bytes, str], Mapping[str, Any]]
"""A page and its address → fields of an article; the text is "lead" and "text" together."""


@dataclass(frozen=True)
class Page:
    """A page with what should be read off it; no title or date where none is known."""

    name: str
    lang: str
    html: bytes
    url: str
    text: str
    title: str
    date: str
    must_not: tuple[str, ...]


@dataclass(frozen=True)
class Result:
    """What one way of extracting makes of one page.

    Attributes:
        title, day: Whether it is right; None where nobody knows.
        intruders: Texts of ``must_not`` that got in.
    """

    name: str
    f1: float
    precision: float
    recall: float
    title: bool | None
    day: bool | None
    intruders: tuple[str, ...]


def read_pages(folder: Path) -> list[Page]:
    """The pages that ``gold.jsonl`` in a folder describes."""
    lines = (folder / "gold.jsonl").read_text(encoding="utf-8").splitlines()
    return [
        Page(
            name=Path(row["file"]).stem,
            lang=row.get("lang") or "",
            html=(folder / row["file"]).read_bytes(),
            url=row["url"],
            text=row["text"],
            title=row.get("title") or "",
            date=row.get("date") or "",
            must_not=tuple(row.get("must_not") or ()),
        )
        for row in map(json.loads, lines)
    ]


def without_names(pages: Sequence[Page]) -> list[Page]:
    """The pages with nothing that tells what an element is for: how much rests on names?"""
    stripped = []
    for page in pages:
        parser = lxml.html.HTMLParser(encoding="utf-8")
        tree = lxml.html.document_fromstring(page.html, parser=parser)
        for element in tree.iter():
            if isinstance(element.tag, str) and element.tag not in ("meta", "script", "link"):
                for name in ("class", "id", "itemprop", "role", "type", "data-component"):
                    element.attrib.pop(name, None)
        html = lxml.html.tostring(tree, encoding="utf-8")
        stripped.append(replace(page, html=html))
    return stripped


def checksum(pages: Sequence[Page]) -> str:
    """Of the pages and of what should be read off them."""
    digest = hashlib.sha256()
    for page in sorted(pages, key=lambda page: page.name):
        digest.update(page.html)
        digest.update(f"{page.text}\0{page.title}\0{page.date}".encode())
    return digest.hexdigest()[:16]


def token_f1(found: str, wanted: str) -> tuple[float, float, float]:
    """F1, precision and recall of the multisets of lower-case words."""
    a, b = Counter(_words(found)), Counter(_words(wanted))
    common = (a & b).total()
    if not common:
        return 0.0, 0.0, 0.0
    precision, recall = common / a.total(), common / b.total()
    return 2 * precision * recall / (precision + recall), precision, recall


def measure(pages: Sequence[Page], extract: Extract) -> list[Result]:
    """What a way of extracting makes of each page; nothing where it refuses."""
    results = []
    for page in pages:
        try:
            found = extract(page.html, page.url)
        except ExtractionError:
            found = {}
        text = f"{found.get('lead') or ''}\n{found.get('text') or ''}"
        title = _line(found.get("title")) == _line(page.title) if page.title else None
        day = str(found.get("date") or "")[:10] == page.date[:10] if page.date else None
        squeezed = "".join(text.split())
        intruders = tuple(t for t in page.must_not if "".join(t.split())[:60] in squeezed)
        results.append(Result(page.name, *token_f1(text, page.text), title, day, intruders))
    return results


def mean_f1(results: Sequence[Result]) -> float:
    return sum(result.f1 for result in results) / len(results)


def worst_tenth(results: Sequence[Result]) -> float:
    """Mean F1 of the tenth of the pages that are read worst, of one at least."""
    worst = sorted(results, key=lambda result: result.f1)[: max(1, len(results) // 10)]
    return mean_f1(worst)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _line(text: object) -> str:
    """A title without the differences that nobody sees: case, kinds of quotation marks."""
    return " ".join(_words(fold(str(text or ""))))
