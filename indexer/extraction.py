"""HTML → the article in it, by trafilatura."""

from __future__ import annotations

import trafilatura

from search.errors import NotAnArticleError


def extract_page(html: bytes | str, *, url: str | None = None) -> dict[str, object]:
    """The fields of the article that a page holds.

    Args:
        html: Bytes in the encoding that the page declares, or text.
        url: The page's address, kept where the page names no other as its own.

    Raises:
        NotAnArticleError: There is none.
    """
    document = trafilatura.bare_extraction(
        html, url=url, with_metadata=True, include_comments=False, include_tables=True
    )
    found = {} if document is None or isinstance(document, dict) else document.as_dict()
    text = (found.get("text") or "").strip()
    if len(text.split()) < 25:
        raise NotAnArticleError("no article is in this page: save the page of one story")
    return {
        "title": found["title"] or "",
        "lead": found["description"] or "",
        "text": text,
        "date": found["date"],
        "url": found["url"] or url,
        "source": found["sitename"] or "",
        "authors": (found["author"] or "").split("; "),
    }
