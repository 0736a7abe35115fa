"""One news page: saved as HTML, or its text as one gets it by selecting all of it.

Pages out of web archives and from the web are read by the same rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from indexer.sources.base import Failure, Origin, RawDocument
from indexer.sources.files import FileSource, decode, opened
from search.addresses import speaks_for
from search.errors import ExtractionError, FetchError, NotAnArticleError

if TYPE_CHECKING:
    from indexer.pages.html import Extracted

_LARGEST = 32 << 20
"""Bytes. No page of news comes near it, and a mistaken dump must not fill the memory."""


class PageText(FileSource):
    """The text of one page."""

    encoded = False
    """Whether other encodings than UTF-8 will do."""

    def count(self) -> int | None:
        """Count one, an article or a failure, without reading the file."""
        return 1

    def _read(self) -> Iterator[RawDocument | Failure]:
        with opened(self.file, encoded=self.encoded) as stream:
            data = stream.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            raise FetchError(
                f"is larger than {_LARGEST >> 20} MiB, so no single page: split it into one file a"
                " page, or make it JSONL"
            )
        yield self._document(data)

    def _document(self, data: bytes) -> RawDocument | Failure:
        page = decode(data)
        if not page.strip():
            raise FetchError("holds only white space: there is nothing to index")
        return RawDocument(Origin(self.name), page=page)


class HtmlPage(PageText):
    """One page as HTML, in any character set; passed over where it is no article."""

    encoded = True

    def _document(self, data: bytes) -> RawDocument | Failure:
        return html_document(self.name, data)


def html_document(
    place: str, html: bytes, *, url: str | None = None, charset: str | None = None
) -> RawDocument | Failure:
    """Make a document of a page, or say why there is none.

    Args:
        place: What the document's origin is called.
        url, charset: As for ``extracted``.
    """
    try:
        found = extracted(html, url=url, charset=charset)
    except ExtractionError as error:
        # Folders and crawls are full of pages that list stories: these are no errors.
        return Failure(place, None, str(error), skipped=isinstance(error, NotAnArticleError))
    return RawDocument(Origin(place), fields=found.fields, notes=found.notes)


def extracted(
    html: bytes | str, *, url: str | None = None, charset: str | None = None
) -> Extracted:
    """Find the article on a page.

    Args:
        url: Where it was found; another address that the page gives itself counts only if the one
            speaks for the other (``speaks_for``).
        charset: What the server said of the bytes.

    Raises:
        ExtractionError: There is no article.
    """
    # lxml and what comes with it take a fifth of a second: only for who has pages.
    from indexer.pages.html import Extracted, extract_page

    try:
        found = extract_page(html, url=url, charset=charset)
    except ExtractionError:
        raise
    except Exception as error:  # a page that breaks a parser costs only itself
        told = " ".join(repr(error).split())[:200]
        raise ExtractionError(f"the page cannot be read: {told}") from error
    if url is None:
        return found
    said = str(found.fields.get("url") or "")
    own = said if speaks_for(url, said) else url
    return Extracted({**found.fields, "url": own}, found.notes)
