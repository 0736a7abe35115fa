"""An archive as the mirror of its sources: what vanished from a source goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from indexer.pipeline import Report
from search.stores.base import Store
from search.stores.ledger import Ledger

_FEW = 20
"""Articles that may vanish at once, whatever share of their source they are."""

_LARGEST_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Vanished:
    """What a source has brought once and holds no longer.

    Attributes:
        source: Its name (``indexer.sources.origins``).
        ids: Of the articles, ascending.
        brought: How many articles of the archive it has brought in all.
    """

    source: str
    ids: tuple[str, ...]
    brought: int


def vanished(store: Store, sources: Sequence[str], held: Mapping[str, set[str]]) -> list[Vanished]:
    """What is no longer in its source, for each of the sources.

    Args:
        held: Source → ids that were found in it just now.
    """
    found = []
    for source in dict.fromkeys(sources):
        brought = Ledger(store).brought(source)
        here = held.get(source, set())
        found.append(Vanished(source, tuple(i for i in brought if i not in here), len(brought)))
    return found


def objections(gone: Sequence[Vanished], report: Report) -> list[str]:
    """Why it would be rash to remove what vanished; one line each.

    An unmounted folder, a broken file or a failed download looks like one whose articles were all
    withdrawn: when in doubt, everything stays.
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
    """Remove what no source holds any more; how many articles that were."""
    removed = sum(
        Ledger(store).withdraw(source.ids, source.source) for source in gone if source.ids
    )
    store.flush()
    return removed
