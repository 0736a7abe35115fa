"""An archive under another encoder: a new generation is filled while the old one serves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from indexer.pipeline import BATCH, embedded
from search.encoders.base import Encoder, identity
from search.errors import ArchiveMissingError, WriteError
from search.records import Article
from search.sharpening import count_again
from search.stores.base import ArchiveProfile, Store


def reembed(store: Store, encoder: Encoder, *, on_progress: Callable[[int], object]) -> int:
    """Embed every article again and swap the result in at the end; returns how many there were.

    Searches see the old vectors until then. When anything fails, the archive stays as it was.

    Args:
        on_progress: Told of the articles done since the last call.

    Raises:
        ArchiveMissingError: There is nothing to embed.
        WriteError: Some articles could not be written; nothing was changed.
    """
    if store.profile() is None:
        raise ArchiveMissingError(f"There is no archive at {store.location}. Index into it first.")
    done = 0
    with store.rebuild(ArchiveProfile(identity(encoder))) as generation:
        articles = (entry.article for entry in store.entries())
        for batch in _batches(articles):
            report = generation.upsert(embedded(batch, encoder))
            if report.failures:
                raise WriteError(
                    f"{len(report.failures)} articles could not be written again; the archive is"
                    f" unchanged. The first: {report.failures[0][0]}: {report.failures[0][1]}",
                    failures=report.failures,
                )
            done += len(batch)
            on_progress(len(batch))
    count_again(store)
    return done


def _batches(articles: Iterator[Article]) -> Iterator[list[Article]]:
    while batch := list(islice(articles, BATCH)):
        yield batch
