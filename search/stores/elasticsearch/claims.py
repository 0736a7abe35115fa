"""Which article has an address: claimed before the article is written, confirmed after it.

A cluster knows no transactions: of several writers of one address, the claim's version decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from search.stores.elasticsearch.records import ElasticsearchRecords
from search.stores.records import Record

_KIND = "address"
_TRIES = 20


@dataclass(frozen=True, slots=True)
class Claims:
    """Addresses of articles that are about to be written.

    Attributes:
        addresses: Address → the article that is to have it.
        records: Address → the claim.
        taken: Article → the one that has its address, so that it cannot be written.
    """

    addresses: Mapping[str, str]
    records: Mapping[str, Record]
    taken: dict[str, str]


class Addresses:
    """The claims of an archive's addresses."""

    def __init__(self, records: ElasticsearchRecords) -> None:
        self._records = records

    def holders(self, keys: Sequence[str]) -> dict[str, str]:
        """Address → id of the article that has claimed it, which may be gone, or have another."""
        return {key: _article(claim) for key, claim in self._records.get(_KIND, keys).items()}

    def forget(self, ids: Sequence[str]) -> None:
        """Free the addresses of articles that are gone."""
        keys = [key for keys in self._records.holders(_KIND, ids).values() for key in keys]
        self._records.remove(list(self._records.get(_KIND, keys).values()))

    def claim(
        self,
        wanted: Mapping[str, str],
        *,
        having: Callable[[Mapping[str, str]], set[str]],
    ) -> tuple[dict[str, str], dict[str, Record]]:
        """Claim addresses for articles that are about to be written.

        Args:
            wanted: Address → article.
            having: Told of address → article, says which of these addresses the articles have now.

        Returns:
            Address → the article that has it, for those that another one has; and address → the
            claim, for the others. ``confirm`` must follow when the articles are written: another
            writer takes over a claim whose article is not there yet.
        """
        taken: dict[str, str] = {}
        claims: dict[str, Record] = {}
        open_ = dict(wanted)
        for _ in range(_TRIES):
            if not open_:
                break
            known = self._records.get(_KIND, list(open_))
            foreign = {
                key: _article(claim)
                for key, claim in known.items()
                if _article(claim) != open_[key]
            }
            held = having(foreign) if foreign else set()
            # Written anew as they are: who looked before the article was there, and is about to
            # take the claim over, looks again. Else it might go after it was named here.
            taken |= {
                key: foreign[key]
                for key in self._claims({key: foreign[key] for key in held}, known)
            }
            claims |= {key: claim for key, claim in known.items() if key not in foreign}
            asked = {
                key: id_ for key, id_ in open_.items() if key not in claims and key not in held
            }
            claims |= self._claims(asked, known)
            open_ = {
                key: id_ for key, id_ in open_.items() if key not in claims and key not in taken
            }
        # Whatever is contended so long is left to the others.
        return taken | self.holders(list(open_)), claims

    def confirm(self, wanted: Mapping[str, str], claims: Mapping[str, Record]) -> dict[str, str]:
        """Confirm the claims of articles that are written now.

        A claim's version changes with it, so that whoever looked at it before cannot take it over.

        Returns:
            Address → the article that has taken it over meanwhile: the one that was written for it
            must go again.
        """
        confirmed = self._claims(wanted, claims)
        lost = [key for key in wanted if key not in confirmed]
        holders = self.holders(lost)
        return {key: id_ for key, id_ in holders.items() if id_ != wanted[key]}

    def _claims(self, wanted: Mapping[str, str], after: Mapping[str, Record]) -> dict[str, Record]:
        """Write claims where nothing has changed since; those that were written."""
        claims = [Record(_KIND, key, {"article": id_}, terms=(id_,)) for key, id_ in wanted.items()]
        versions = {key: after[key].version for key in wanted if key in after}
        return self._records.put_after(claims, versions)


def _article(claim: Record) -> str:
    return str(claim.values["article"])
