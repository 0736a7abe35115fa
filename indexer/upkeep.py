"""Keeping a filled archive up to date with its encoder, and with its sources.

- ``deepen`` adds the passages that a first run, indexing only openings, left out.
- ``reembed`` embeds every article again with another encoder, and swaps the result in at the end.
- ``vanished``, ``objections`` and ``withdraw`` make an archive mirror its sources: what left a
  source leaves the archive, unless that looks like an accident.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from indexer.pipeline import BATCH, Report, embedded
from search.encoders.base import Encoder
from search.errors import WriteError
from search.ranking.profile import archive_profile
from search.stores.base import Entry, Kept, Store, shallow_ids
from search.stores.ledger import Ledger
from search.vocabulary import count_again

Progress = Callable[[int, int], object]
"""Told of (articles done, articles in all), both of which may grow."""

_ROUNDS = 5
"""Times that what changed meanwhile is embedded before the swap; the rest follows after it."""

_FEW = 20
"""Articles that may vanish at once, whatever share of their source they are."""

_LARGEST_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Deepened:
    """What ``deepen`` has done.

    Attributes:
        articles: How many have got all their passages.
        failures: (id, reason) of those that the store refused; they stay shallow.
    """

    articles: int
    failures: tuple[tuple[str, str], ...]


def deepen(
    store: Store,
    encoder: Encoder,
    *,
    on_progress: Progress,
) -> Deepened:
    """Embed all passages of shallow articles, newest first; searches work meanwhile.

    After a kill at any moment, the next call continues. An article that is changed or deleted
    meanwhile is not touched; one that is added meanwhile is deepened too.

    Raises:
        ArchiveBusyError: Somebody else is rewriting the archive.
        ArchiveMismatchError: The archive was made with another encoder.
        StoreError: The archive fails; what is done stays done.
    """
    with store.lease("songngu deepen"):
        return _add_passages(store, encoder, on_progress=on_progress)


def _add_passages(
    store: Store,
    encoder: Encoder,
    *,
    ids: Sequence[str] | None = None,
    on_progress: Progress,
) -> Deepened:
    """Embed all passages of shallow articles, as ``deepen`` does, without taking the lease.

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


def reembed(store: Store, encoder: Encoder, *, fresh: bool = False, on_progress: Progress) -> int:
    """Embed every article again and swap the result in at the end; returns the number of articles.

    Searches use the old vectors until then. An interrupted or killed call leaves the archive as it
    was, and the next call with the same encoder continues it. Articles may be added and removed
    meanwhile; those added during the swap are found by words only, until they are embedded a moment
    later.

    Args:
        fresh: Discard what an interrupted call has done.

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
        _add_passages(store, encoder, ids=late, on_progress=lambda *_: None)
    count_again(store)
    return sum(store.sizes().values())


def _same(made: Kept | None, now: Kept) -> bool:
    """Check that a generation has an article as it is now, with no fewer passages."""
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
    """Embed those articles of a batch that are still there; shallow ones stay shallow."""
    articles = store.articles([kept.id for kept in batch])
    for only_opening in (False, True):
        asked = [kept.id for kept in batch if kept.shallow == only_opening]
        found = [articles[id_] for id_ in asked if id_ in articles]
        if found:
            yield from embedded(found, encoder, only_opening=only_opening)


@dataclass(frozen=True, slots=True)
class Vanished:
    """The articles that a source once brought and no longer holds.

    Attributes:
        source: Its name (``indexer.sources.origins``).
        ids: Of the articles, ascending.
        brought: How many articles of the archive it has brought in all.
    """

    source: str
    ids: tuple[str, ...]
    brought: int


def vanished(store: Store, sources: Sequence[str], held: Mapping[str, set[str]]) -> list[Vanished]:
    """Find the articles that are no longer in their source, for each of some sources.

    Args:
        held: Source → ids of the articles that a run has just read from it.
    """
    found = []
    for source in dict.fromkeys(sources):
        brought = Ledger(store).brought(source)
        here = held.get(source, set())
        found.append(Vanished(source, tuple(i for i in brought if i not in here), len(brought)))
    return found


def objections(gone: Sequence[Vanished], report: Report) -> list[str]:
    """Say why it would be rash to remove the articles that vanished; one line for each reason.

    An unmounted folder, a broken file or a failed download looks like a source whose articles were
    all withdrawn: when in doubt, everything stays.
    """
    if not any(source.ids for source in gone):
        return []
    found = []
    if report.failed:
        found.append(
            f"what could not be read or written ({report.failed:,}) cannot be told from what"
            " vanished."
        )
    for source in gone:
        if source.ids and len(source.ids) == source.brought:
            found.append(
                f"nothing is left of the {source.brought:,} articles from {source.source}: is it"
                " the right folder, and mounted?"
            )
        elif len(source.ids) > max(_FEW, _LARGEST_SHARE * source.brought):
            found.append(
                f"{len(source.ids):,} of the {source.brought:,} articles from {source.source} are"
                " missing."
            )
    return found


def withdraw(store: Store, gone: Sequence[Vanished]) -> int:
    """Remove the articles that no source holds any more; returns how many there were."""
    removed = sum(
        Ledger(store).withdraw(source.ids, source.source) for source in gone if source.ids
    )
    store.flush()
    return removed
