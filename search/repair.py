"""What is wrong inside an archive, put right: damaged values, articles that share an address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from search.addresses import article_key
from search.records import Article
from search.stores.base import Store
from search.stores.ledger import Ledger
from search.stores.sqlite.store import EmbeddedStore


@dataclass(frozen=True, slots=True)
class MendReport:
    """What was put right.

    Attributes:
        damaged: What was wrong with values of the file, in words.
        doubles: (id of an article that was removed, id of the one that has its address now).
        shallow: Articles without all their passages; `songngu deepen` adds them.
    """

    damaged: tuple[str, ...]
    doubles: tuple[tuple[str, str], ...]
    shallow: int


def mend(store: Store) -> MendReport:
    """Repair an archive: damaged values, and articles that share an address.

    Raises:
        ArchiveBusyError: Somebody else is rewriting it.
        ArchiveMissingError: There is none.
        StoreError: It cannot be written, or it is damaged beyond this.
    """
    with store.lease("songngu doctor --mend"):
        damaged = store.mend() if isinstance(store, EmbeddedStore) else []
        # What came in while nobody could read that it was taken down goes again.
        ledger = Ledger(store)
        ledger.bar(list(dict.fromkeys(ledger.tombstones().values())))
        doubles = _merge_doubles(store)
        store.flush()
        return MendReport(tuple(damaged), tuple(doubles), store.stats().shallow)


def _merge_doubles(store: Store) -> list[tuple[str, str]]:
    """Keep one article of each address, with the sources of all; returns (removed, kept)."""
    at: dict[str, list[str]] = {}
    for article in store.stream():
        key = article_key(article.url)
        if key is not None:
            at.setdefault(key, []).append(article.id)
    merged = []
    for ids in at.values():
        if len(ids) > 1:
            best = _best(store, ids)
            for id_ in ids:
                if id_ != best:
                    for origin in Ledger(store).origins([id_]).get(id_, ()):
                        Ledger(store).bring([best], origin)
                    merged.append((id_, best))
    store.delete([id_ for id_, _ in merged])
    return merged


def _best(store: Store, ids: Sequence[str]) -> str:
    """Choose the newest of some articles; of equals the most complete, then the first id."""
    articles, kept = store.articles(ids), store.kept(ids)

    def worth(article: Article) -> tuple[str, int, bool]:
        return article.date or "", len(article.body), not kept[article.id].shallow

    return max((articles[id_] for id_ in sorted(articles)), key=worth).id
