"""Every error Songngu raises on purpose; each message says what to do next.

The tree::

    SongnguError
    ├── SettingsError            a setting is unknown or cannot be parsed
    ├── QueryError               the query cannot be answered as typed
    │   ├── QueryTooLongError
    │   └── DraftError           a draft cannot be compared with the archive
    ├── StoreError
    │   ├── StoreUnavailableError    no answer, or none in time
    │   ├── ForbiddenStoreError      the credentials, or their rights, do not suffice
    │   ├── ArchiveBusyError         somebody else is rewriting the archive
    │   ├── ArchiveMissingError      nothing has been indexed there yet
    │   ├── ArchiveMismatchError     made with another encoder or a newer version
    │   └── WriteError               some articles were refused (``failures``)
    ├── MailError                an e-mail was not taken by the mail server
    ├── EncoderError             a model cannot be loaded or run
    └── SourceError
        ├── FetchError           a file or address cannot be read
        │   ├── ForbiddenFetchError  robots.txt or the settings forbid to fetch it
        │   └── UnreachableError     not now: the server is away, slow, busy or broken
        └── ExtractionError      what was read holds no article
            └── NotAnArticleError    because it is a page of another kind
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal


class SongnguError(Exception):
    """Base of all errors that are meant for the person using Songngu."""


class SettingsError(SongnguError):
    """A setting is unknown, or its value cannot be used."""


class QueryError(SongnguError):
    """The query, or one of its filters, cannot be used as typed."""


class FilterError(QueryError):
    """A filter that was typed cannot be used.

    Attributes:
        typed: What was typed of it.
    """

    def __init__(self, message: str, typed: str) -> None:
        super().__init__(message)
        self.typed = typed


class QueryTooLongError(QueryError):
    """The query is longer than the limit that is set."""


class DraftError(QueryError):
    """A draft cannot be compared with the archive.

    Attributes:
        reason: "empty", "long", or "language" where it is in a third one.
    """

    def __init__(self, reason: Literal["empty", "long", "language"], message: str) -> None:
        super().__init__(message)
        self.reason = reason


class StoreError(SongnguError):
    """The archive cannot do what was asked of it."""


class StoreUnavailableError(StoreError):
    """The archive's store does not answer, or not in time."""


class ForbiddenStoreError(StoreError):
    """The archive's store refuses the credentials, or they lack a right."""


class ArchiveBusyError(StoreError):
    """Somebody else is rewriting the archive."""


class ArchiveMissingError(StoreError):
    """There is no archive at the place that was named."""


class ArchiveMismatchError(StoreError):
    """The archive was made with another encoder or another version of the text rules."""


class WriteError(StoreError):
    """Some articles could not be written.

    Attributes:
        failures: (article id, reason) for each of them.
    """

    def __init__(self, message: str, *, failures: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(message)
        self.failures = tuple(failures)


class EncoderError(SongnguError):
    """An embedding model cannot be loaded or run."""


class MailError(SongnguError):
    """An e-mail was not taken by the mail server, or may not have been."""


class SourceError(SongnguError):
    """A source of articles cannot be used."""


class FetchError(SourceError):
    """A file or address cannot be read."""


class ForbiddenFetchError(FetchError):
    """An address that must not be fetched: robots.txt, or the settings, forbid it."""


class UnreachableError(FetchError):
    """An address that cannot be fetched now; later it may be.

    Attributes:
        again: Whether the next try may be made at once.
        retry_after_s: How long the server wants to be left alone, where it said so.
    """

    def __init__(
        self, message: str, *, again: bool = True, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.again = again
        self.retry_after_s = retry_after_s


class ExtractionError(SourceError):
    """What was read holds no article."""


class NotAnArticleError(ExtractionError):
    """A page was read well and is something else: a list of headlines, a pay wall, an error."""
