"""The second pass over articles that were indexed by their beginning only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from indexer.pipeline import BATCH, embedded
from search.encoders.base import Encoder
from search.ranking.profile import archive_profile
from search.stores.base import Store, shallow_ids


@dataclass(frozen=True, slots=True)
class Deepened:
    """What became of a second pass.

    Attributes:
        articles: That have all their passages now.
        failures: (id, reason) of those that the store refused; they stay shallow.
    """

    articles: int
    failures: tuple[tuple[str, str], ...]


def deepen(
    store: Store,
    encoder: Encoder,
    *,
    on_progress: Callable[[int, int], object],
) -> Deepened:
    """Embed all passages of shallow articles, newest first; searches work meanwhile.

    Killed at any moment, it goes on where it stopped when called again. An article that changes or
    goes meanwhile is not touched; one that comes meanwhile is taken in too.

    Args:
        on_progress: Told of (articles done, articles in all), both of which may grow.

    Raises:
        ArchiveBusyError: Somebody else is rewriting the archive.
        ArchiveMismatchError: The archive was made with another encoder.
        StoreError: The archive fails; what is done stays done.
    """
    with store.lease("songngu deepen"):
        return add_passages(store, encoder, on_progress=on_progress)


def add_passages(
    store: Store,
    encoder: Encoder,
    *,
    ids: Sequence[str] | None = None,
    on_progress: Callable[[int, int], object],
) -> Deepened:
    """Embed all passages of shallow articles, as ``deepen`` does, without its lease.

    Args:
        ids: Only these, in this order; None takes all, until none is left.
    """
    made = archive_profile(encoder)
    done = 0
    failures: dict[str, str] = {}
    todo = list(ids) if ids is not None else shallow_ids(store)
    while todo:
        total, before = done + len(todo), done
        on_progress(done, total)
        waiting = iter(todo)
        while batch := list(islice(waiting, BATCH)):
            articles = store.articles(batch)
            report = store.upsert(
                embedded(list(articles.values()), encoder),
                made=made,
                replacing={id_: article.content_hash for id_, article in articles.items()},
            )
            failures.update(report.failures)
            done += len(report.written)
            total -= len(batch) - len(report.written)
            on_progress(done, total)
        store.flush()
        todo = [] if ids is not None or done == before else shallow_ids(store)
        todo = [id_ for id_ in todo if id_ not in failures]
    return Deepened(done, tuple(failures.items()))
