"""Page text: what one gets by selecting all of a news page, one page a file."""

from __future__ import annotations

from collections.abc import Iterator

from indexer.sources.base import Failure, Origin, RawDocument
from indexer.sources.files import decode, opened, shown, without_bom
from search.errors import FetchError

_LARGEST = 32 << 20
"""Bytes. No page of news comes near it, and a mistaken dump must not fill the memory."""


class PageText:
    """One text file with the text of one page."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.name = shown(file)

    def documents(self) -> Iterator[RawDocument | Failure]:
        """The page."""
        try:
            with opened(self.file) as stream:
                data = without_bom(stream.read(_LARGEST + 1))
            if len(data) > _LARGEST:
                raise FetchError(
                    f"is larger than {_LARGEST >> 20} MiB, so no single page: split it into one"
                    " file a page, or make it JSONL"
                )
            page = decode(data)
        except FetchError as error:
            yield Failure(self.name, None, str(error))
            return
        if page.strip():
            yield RawDocument(Origin(self.name), page=page)
        else:
            yield Failure(self.name, None, "holds only white space: there is nothing to index")

    def count(self) -> int | None:
        """Always one, a page or a failure."""
        return 1
