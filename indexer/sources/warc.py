"""Pages out of web archives: WARC files, as crawlers and recorders in browsers write them."""

from __future__ import annotations

import io
import logging
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import brotli
import zstandard
from warcio.archiveiterator import WARCIterator
from warcio.bufferedreaders import BufferedReader
from warcio.exceptions import ArchiveLoadFailed
from warcio.statusandheaders import StatusAndHeadersParserException

from indexer.sources.base import Failure, RawDocument
from indexer.sources.files import FileSource, is_stream, opened_bytes
from indexer.sources.page_files import html_document
from indexer.sources.warc_records import LARGEST, WarcRecord, read_records
from search.errors import FetchError

_HTML_TYPE = re.compile(r"\s*(?:text/html|application/xhtml\+xml)\b", re.IGNORECASE)
_HTML_START = re.compile(rb"<(?:!doctype html|html|head|body)\b", re.IGNORECASE)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)


class _Brotli:
    """What warcio expects of a decompressor; it sets an attribute that brotli's own refuses."""

    unused_data = b""

    def __init__(self) -> None:
        self.decompress = brotli.Decompressor().process


# Servers also send what warcio does not know by itself.
BufferedReader.DECOMPRESSORS["br"] = _Brotli
BufferedReader.DECOMPRESSORS["zstd"] = lambda: zstandard.ZstdDecompressor().decompressobj()
# It would write what it thinks of odd addresses between the lines of the progress bar.
logging.getLogger("warcio").setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class _Capture:
    """A page as a server sent it: bytes, or text where the server named their encoding."""

    uri: str
    html: bytes
    charset: str | None


class WebArchive(FileSource):
    """A WARC file, also packed with gzip.

    Taken are responses with status 200 that are HTML. Records that are damaged are reported with
    the address of their page, and those after them are read. WARC-Date says when a page was
    collected, so it is no article's date.
    """

    def count(self) -> int | None:
        """Count pages, damaged records and the note; nothing is extracted for it."""
        return None if is_stream(self.file) else sum(1 for _ in self._items())

    def _read(self) -> Iterator[RawDocument | Failure]:
        for item in self._items():
            if isinstance(item, Failure):
                yield item
            else:
                place = self._place(item.uri)
                yield html_document(place, item.html, url=item.uri, charset=item.charset)

    def _items(self) -> Iterator[_Capture | Failure]:
        passed_over, taken = Counter[str](), 0
        try:
            with opened_bytes(self.file) as raw:
                for record in read_records(raw):
                    item = self._judged(record)
                    if isinstance(item, str):
                        passed_over[item] += 1
                    else:
                        taken += 1
                        yield item
        except FetchError as error:
            yield Failure(self.name, None, str(error))
            return
        what = ", ".join(f"{kind}: {number:,}" for kind, number in passed_over.most_common(8))
        if not taken:
            yield Failure(self.name, None, f"holds no page; records: {what or 'none'}")
        elif passed_over:
            yield Failure(self.name, None, f"records passed over: {what}", skipped=True)

    def _judged(self, record: WarcRecord) -> _Capture | Failure | str:
        """Read the page in a record, or say what is wrong, or what it is instead of a page."""
        if record.kind not in ("response", "") and not record.data:
            return f"{record.kind}, damaged or too large"
        if record.problem is not None:
            return Failure(self._place(record.uri), None, record.problem)
        if record.kind != "response":
            return record.kind or "without a type"
        try:
            return _page(record)
        except FetchError as error:
            return Failure(self._place(record.uri), None, str(error))

    def _place(self, uri: str) -> str:
        return f"{self.name}: {uri}" if uri else self.name


def _page(record: WarcRecord) -> _Capture | str:
    """Read the page that a response brought, or say what it is instead.

    Raises:
        FetchError: The response is malformed or too large.
    """
    if not record.uri.startswith(("http:", "https:")):
        return "not HTTP"
    try:
        response = next(iter(WARCIterator(io.BytesIO(record.data))))
        head = response.http_headers
        status = head.get_statuscode() if head is not None else ""
        if not (len(status) == 3 and status.isdecimal()):
            raise FetchError("the response in the record does not begin with an HTTP status")
        if status != "200":
            return f"status {status}"
        kind = head.get_header("Content-Type") or ""
        if kind and not _HTML_TYPE.match(kind):
            return "not HTML"
        body = response.content_stream().read(LARGEST + 1)
    except (ArchiveLoadFailed, StatusAndHeadersParserException, StopIteration, EOFError) as error:
        raise FetchError("the response in the record does not begin with an HTTP head") from error
    except (zlib.error, ValueError, OSError) as error:
        raise FetchError(f"the response's content cannot be unpacked ({error})") from error
    if len(body) > LARGEST:
        raise FetchError(f"the page is larger than {LARGEST >> 20} MiB: no page of news is")
    if not body.strip():
        raise FetchError("the page is empty: crawl it again")
    if not kind and not _looks_like_html(body[:4096]):
        return "not HTML"
    charset = _CHARSET.search(kind)
    return _Capture(record.uri, body, charset[1] if charset else None)


def _looks_like_html(head: bytes) -> bool:
    while (head := head.lstrip()).startswith(b"<!--"):
        head = head.partition(b"-->")[2]
    return _HTML_START.match(head) is not None
