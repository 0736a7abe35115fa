"""An archive under another encoder: a new generation is filled while the old one serves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from indexer.deepening import add_passages
from indexer.pipeline import BATCH, embedded
from search.encoders.base import Encoder
from search.errors import WriteError
from search.ranking.profile import archive_profile
from search.stores.base import Entry, Kept, Store, shallow_ids
from search.vocabulary import count_again

Progress = Callable[[int, int], object]
"""Told of (articles done, articles in all), both of which may grow."""

_ROUNDS = 5
"""Times that what changed meanwhile is embedded before the swap; the rest follows after it."""


def reembed(store: Store, encoder: Encoder, *, fresh: bool = False, on_progress: Progress) -> int:
    """Embed every article again and swap the result in at the end; returns how many there are.

    Searches see the old vectors until then. Interrupted or killed, the archive stays as it was,
    and the next call with the same encoder goes on. Articles may be written and removed meanwhile;
    the few that come at the very end are found by words for the moments until they are embedded.

    Args:
        fresh: Do not go on with what an interrupted call has done.

    Raises:
        ArchiveBusyError: Somebody else is rewriting the archive.
        ArchiveMissingError: There is nothing to embed.
        WriteError: Some articles could not be written; the archive is as it was.
    """
    profile = archive_profile(encoder)
    shallow: set[str] = set()
    with store.rebuild(profile, fresh=fresh) as generation:
        for _ in range(_ROUNDS):
            have = {kept.id: kept for kept in generation.listing()}
            now = list(store.listing())
            shallow = {kept.id for kept in now if kept.shallow}
            todo = [kept for kept in now if not _same(have.get(kept.id), kept)]
            on_progress(len(now) - len(todo), len(now))
            if not todo:
                break
            _fill(store, generation, todo, encoder, on_progress, total=len(now))
    store.flush()
    late = [id_ for id_ in shallow_ids(store) if id_ not in shallow]
    if late:
        add_passages(store, encoder, ids=late, on_progress=lambda *_: None)
    count_again(store)
    return sum(store.sizes().values())


def _same(made: Kept | None, now: Kept) -> bool:
    """Whether a generation has an article as it is now, with no fewer passages."""
    return made is not None and made.hash == now.hash and (now.shallow or not made.shallow)


def _fill(
    store: Store,
    generation: Store,
    todo: list[Kept],
    encoder: Encoder,
    on_progress: Progress,
    *,
    total: int,
) -> None:
    done = total - len(todo)
    waiting = iter(todo)
    while batch := list(islice(waiting, BATCH)):
        report = generation.upsert(list(_entries(store, batch, encoder)))
        if report.failures:
            raise WriteError(
                f"{len(report.failures)} articles could not be written again; the archive is"
                f" unchanged. The first: {report.failures[0][0]}: {report.failures[0][1]}",
                failures=report.failures,
            )
        done += len(batch)
        on_progress(done, total)


def _entries(store: Store, batch: list[Kept], encoder: Encoder) -> Iterator[Entry]:
    """Articles that are still there; those that are shallow stay so."""
    articles = store.articles([kept.id for kept in batch])
    for only_opening in (False, True):
        asked = [kept.id for kept in batch if kept.shallow == only_opening]
        found = [articles[id_] for id_ in asked if id_ in articles]
        if found:
            yield from embedded(found, encoder, only_opening=only_opening)
