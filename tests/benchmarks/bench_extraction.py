"""How well articles are read off web pages, beside trafilatura in the same run.

Run it as ``PYTHONPATH=tests python tests/benchmarks/bench_extraction.py PAGES…``: folders with
pages and a ``gold.jsonl`` (file, url, lang, text, title, date, must_not) as
``../shared/data/pages`` has. Vietnamese and other pages are measured apart; ``--pages`` prints a
line for each page. F1 is that of the multisets of words, averaged over pages, and over the tenth of
them that is read worst; titles count as right without regard to case and quotation marks, dates by
their day.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import trafilatura
from support.extraction import (
    Extract,
    Page,
    Result,
    mean_f1,
    measure,
    read_pages,
    without_names,
    worst_tenth,
)

from indexer.pages.html import extract_page
from search.errors import ExtractionError


def by_trafilatura(**options: Any) -> Extract:
    """trafilatura's own reading, with its metadata."""

    def extract(html: bytes, url: str) -> Mapping[str, Any]:
        found = trafilatura.bare_extraction(html, url=url, with_metadata=True, **options)
        if found is None:
            return {}
        text = f"{found.text or ''}\n{found.comments or ''}"  # as trafilatura.extract joins them
        return {"title": found.title, "text": text, "date": found.date}

    return extract


WAYS: dict[str, Extract] = {
    "songngu": lambda html, url: extract_page(html, url=url).fields,
    "trafilatura": by_trafilatura(),
    "trafilatura, no comments": by_trafilatura(include_comments=False),
    "trafilatura, precision": by_trafilatura(include_comments=False, favor_precision=True),
    "trafilatura, recall": by_trafilatura(include_comments=False, favor_recall=True),
}


def line(name: str, results: Sequence[Result], seconds: float) -> str:
    """One row of the table."""
    count = len(results)
    titles = [result.title for result in results if result.title is not None]
    days = [result.day for result in results if result.day is not None]
    return (
        f"{name:<26}{mean_f1(results):>7.3f}"
        f"{sum(r.precision for r in results) / count:>11.3f}"
        f"{sum(r.recall for r in results) / count:>8.3f}"
        f"{worst_tenth(results):>12.3f}"
        f"{f'{sum(titles)}/{len(titles)}':>9}{f'{sum(days)}/{len(days)}':>8}"
        f"{sum(len(r.intruders) for r in results):>11}{seconds / count * 1000:>9.0f}"
    )


def main(arguments: Sequence[str]) -> None:
    """Measure what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+", help="pages, and a gold.jsonl")
    parser.add_argument("--pages", action="store_true", help="print every page too")
    parser.add_argument(
        "--without-names", action="store_true", help="take classes, ids and roles away first"
    )
    chosen = parser.parse_args(arguments)
    everything = [page for folder in chosen.folders for page in read_pages(folder)]
    if chosen.without_names:
        everything = without_names(everything)
    vietnamese = [page for page in everything if page.lang == "vi"]
    others = [page for page in everything if page.lang != "vi"]
    for language, pages in (("Vietnamese", vietnamese), ("other", others)):
        if pages:
            compare(language, pages, each=chosen.pages)


def compare(language: str, pages: Sequence[Page], *, each: bool) -> None:
    """Print the table of some pages.

    Args:
        each: Whether to print every page too.
    """
    print(f"{len(pages)} {language} pages")
    print(
        f"{'':<26}{'F1':>7}{'precision':>11}{'recall':>8}{'worst tenth':>12}{'titles':>9}"
        f"{'days':>8}{'intruders':>11}{'ms/page':>9}"
    )
    for name, extract in WAYS.items():
        with suppress(ExtractionError):
            extract(pages[0].html, pages[0].url)  # what is loaded once is not counted
        started = time.perf_counter()
        results = measure(pages, extract)
        print(line(name, results, time.perf_counter() - started))
        if each:
            for result in results:
                print(f"    {result.name:<22}{result.f1:>7.3f}")


if __name__ == "__main__":
    main(sys.argv[1:])
