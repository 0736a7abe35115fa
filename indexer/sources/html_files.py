"""Web pages that were saved: one HTML file, one article."""

from __future__ import annotations

from collections.abc import Iterator

from indexer.sources.base import Failure, Origin, RawDocument
from indexer.sources.files import opened, shown
from search.errors import ExtractionError, FetchError, NotAnArticleError

_LARGEST = 32 << 20
"""Bytes. No page of news comes near it, and a mistaken dump must not fill the memory."""


class HtmlPage:
    """One file with one page, in any character set."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.name = shown(file)

    def documents(self) -> Iterator[RawDocument | Failure]:
        """The article on the page; passed over, with the reason, where it is no article."""
        # lxml and what comes with it take a fifth of a second: only for who has pages.
        from indexer.pages.html import extract_page

        try:
            with opened(self.file, encoded=True) as stream:
                data = stream.read(_LARGEST + 1)
            if len(data) > _LARGEST:
                raise FetchError(f"is larger than {_LARGEST >> 20} MiB, so no page of one story")
            found = extract_page(data)
        except NotAnArticleError as error:
            yield Failure(self.name, None, str(error), skipped=True)
        except (FetchError, ExtractionError) as error:
            yield Failure(self.name, None, str(error))
        else:
            yield RawDocument(Origin(self.name), fields=found.fields, notes=found.notes)

    def count(self) -> int | None:
        """Always one, an article or a failure."""
        return 1
