"""HTML pages → fields of articles."""

from __future__ import annotations

import trafilatura

from search.errors import NotAnArticleError

_SHORTEST = 200


def extract_page(html: bytes | str, *, url: str | None = None) -> dict[str, object]:
    """The article on a page.

    Raises:
        NotAnArticleError: There is none.
    """
    found = trafilatura.bare_extraction(html, url=url, with_metadata=True)
    if found is None or isinstance(found, dict) or len(found.text or "") < _SHORTEST:
        raise NotAnArticleError("the page holds no article")
    return {
        "title": found.title or "",
        "text": found.text or "",
        "date": found.date or "",
        "authors": (found.author or "").split("; ") if found.author else [],
        "source": found.sitename or "",
        "url": found.url or url or "",
    }
