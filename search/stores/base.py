"""What a store must do: keep articles with their vectors, and look them up by words and meaning.

Everything here is neutral: no engine's JSON, rows or exceptions cross this seam. Text reaches a
store already analysed (``Entry.forms``), so every store indexes and matches the same tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, cast, runtime_checkable

import numpy as np
import numpy.typing as npt

from search.addresses import article_key
from search.encoders.base import EncoderIdentity, FloatArray
from search.errors import ArchiveMismatchError
from search.records import Article, Filters, Passage
from search.stores.records import Records
from search.text.languages import LANGUAGES, TEXT_VERSION, Forms, name_tokens

Field = Literal["exact", "folded", "words", "title", "opening", "pairs", "authors", "section"]
"""The word fields of an article, kept apart for each language:

exact   every token, lower-case, its marks kept (positions indexed, for phrases)
folded  every token without marks (positions indexed, for phrases)
words   compounds ("hợp_tác") in Vietnamese, stems in English
title   the title's folded tokens
opening the folded tokens of the first words after it
pairs   folded tokens that follow one another
authors, section   folded tokens (positions indexed, for phrases)
"""

FloatArray64 = npt.NDArray[np.float64]

MOST_FOUND = 10_000
"""Stories of a language that one lookup finds: Elasticsearch's usual window."""

Leased = Literal["archive", "links"]
"""What a lease keeps others from rewriting: articles and vectors, or what links the articles."""


def leased(location: str, of: Leased) -> str:
    """What is leased, and a verb, for a message that says what is being done to it."""
    return f"{location} is" if of == "archive" else f"The links between {location}'s stories are"


@dataclass(frozen=True, slots=True)
class ArchiveProfile:
    """What an archive remembers of how it was made.

    Attributes:
        encoder: Identity of the model that made every vector in it.
        text_version: Version of the folding and segmentation rules.
        direction: The language's direction among the model's vectors, L2-normalised, which is taken
            out before they are compared (``search.encoders.language_direction``); empty takes
            nothing out.
    """

    encoder: EncoderIdentity
    text_version: int = TEXT_VERSION
    direction: tuple[float, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """A JSON object that ``from_json`` reads back."""
        return {
            "encoder": self.encoder.to_json(),
            "text_version": self.text_version,
            "direction": list(self.direction),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> ArchiveProfile:
        """The profile that ``to_json`` described.

        Raises:
            ValueError: It describes none; the message says why.
        """
        try:
            profile = cls(
                EncoderIdentity.from_json(values["encoder"]),
                int(values["text_version"]),
                tuple(values.get("direction", ())),
            )
            direction = np.array(profile.direction, np.float32)
            odd = direction.shape not in ((0,), (profile.encoder.dimension,))
            if odd or profile.encoder.dimension < 1 or not np.isfinite(direction).all():
                raise ValueError("its numbers fit nothing")
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
            raise ValueError(f"{type(error).__name__}: {error}") from error
        return profile


@dataclass(frozen=True, slots=True)
class Entry:
    """One article with everything a store keeps of it.

    Attributes:
        passages: Ascending by position; may be empty (then only words find the article).
        vectors: The model's own: float32, shape (len(passages), dimension), rows L2-normalised.
        forms: The analysed text; see ``Field``.
        shallow: Whether further passages are to be added later (``songngu deepen``).
    """

    article: Article
    passages: tuple[Passage, ...]
    vectors: FloatArray
    forms: Forms
    shallow: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """What an archive has of an article, in short.

    Attributes:
        hash: The article's content hash.
        shallow: Whether it has only its first passage.
        day: Of publication, as in ``Article.day``.
    """

    id: str
    hash: str
    shallow: bool = False
    day: int | None = None


@dataclass(frozen=True, slots=True)
class Outline:
    """What stories are counted, ordered and narrowed by: an article without its text."""

    id: str
    lang: str
    date: str | None
    source: str | None
    section: str | None
    authors: tuple[str, ...]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Term:
    """One token to find in one field; its BM25 score is multiplied by ``boost``."""

    field: Field
    token: str
    boost: float = 1.0


@dataclass(frozen=True, slots=True)
class Phrase:
    """Consecutive tokens in a field with positions; a single token is fine."""

    field: Literal["exact", "folded", "authors", "section"]
    tokens: tuple[str, ...]


def analysed(article: Article, *, words: str | None = None) -> Forms:
    """The text of an article's word fields; ``words`` is that field where it was kept."""
    return LANGUAGES[article.lang].forms(
        title=article.title,
        body=article.body,
        authors=article.authors,
        section=article.section,
        words=words,
    )


def wanted_names(
    filters: Filters, lang: str | None = None
) -> Iterator[list[tuple[str, tuple[Phrase, ...]]]]:
    """The names that filters ask for: for each kind, by language, phrases of which one must occur.

    Args:
        lang: The only language; None asks in all.
    """
    for field_name, names in (("authors", filters.authors), ("section", filters.sections)):
        if names:
            some = tuple(
                Phrase(cast("Literal['authors', 'section']", field_name), tuple(name_tokens(name)))
                for name in names
            )
            yield [(of, some) for of in LANGUAGES if lang in (None, of)]


def passes_names(article: Article, filters: Filters) -> bool:
    """Whether an article has one of the authors, and one of the sections, that are asked for."""
    names = {"authors": article.authors, "section": (article.section or "",)}
    held = {kind: [f" {' '.join(name_tokens(n))} " for n in some] for kind, some in names.items()}
    return all(
        any(f" {' '.join(p.tokens)} " in name for p in phrases for name in held[p.field])
        for [(_, phrases)] in wanted_names(filters, article.lang)
    )


@dataclass(frozen=True, slots=True)
class Scope:
    """Which articles a lookup may return: all conditions must hold.

    Attributes:
        lang: The language of the articles; also selects whose fields the phrases are read in.
        filters: Dates and sources.
        ids: Only these articles; None means all. Scores are exact within ids.
        phrases: Each must occur (title, lead, text or captions).
        excluded: None may occur.
    """

    lang: str
    filters: Filters = field(default_factory=Filters)
    ids: tuple[str, ...] | None = None
    phrases: tuple[Phrase, ...] = ()
    excluded: tuple[Phrase, ...] = ()


@dataclass(frozen=True, slots=True)
class WordLookup:
    """Articles with the highest sum of boosted BM25 scores (Lucene's formula, k1=1.2, b=0.75).

    Without terms, nothing is found unless ``scope.phrases`` is given: then every article with
    these phrases is found, with score 0.
    """

    scope: Scope
    terms: tuple[Term, ...]
    k: int


@dataclass(frozen=True, slots=True)
class NearestLookup:
    """Articles whose best passage, language-free, is nearest to a vector.

    Attributes:
        vector: float32, shape (dimension,), L2-normalised, language-free.
        with_vectors: Whether the vectors of the passages that are found are wanted.
    """

    scope: Scope
    vector: FloatArray
    k: int
    with_vectors: bool = False


Lookup = WordLookup | NearestLookup


@dataclass(frozen=True, slots=True)
class WordGroup:
    """What may stand for one word of a query, of which the best that occurs counts.

    Attributes:
        terms: Their boosts, 0 to 1, say how much of the weight each is worth.
        weight: How much the word tells, beside the query's others.
    """

    terms: tuple[Term, ...]
    weight: float = 1.0


def least_held(groups: Sequence[WordGroup], enough: float) -> int:
    """How many groups, if they are those of most weight, have a share of the weight of all."""
    left = enough * sum(group.weight for group in groups) - 1e-9
    needed = 0
    for weight in sorted((group.weight for group in groups), reverse=True):
        if left <= 0:
            break
        left -= weight
        needed += 1
    return needed


@dataclass(frozen=True, slots=True)
class StoryLookup:
    """Stories that may answer a query, with all that ranking wants to know of each.

    Found are: those nearest to each of the vectors; those that hold ``enough`` of the first share's
    words; where phrases are required, all that hold them. At most ``MOST_FOUND``.

    Attributes:
        terms: Whose BM25 scores are summed.
        shares: For each, the groups of which a story may hold a share, by weight.
        enough: Share of the first from which on a story is found by its words.
        vectors: float32, shape (number, dimension), L2-normalised, language-free; may be none.
        nearest: How many stories are found by each of them.
        everything: Find all that the scope allows, whatever they hold; of too many the newest.
    """

    scope: Scope
    terms: tuple[Term, ...]
    shares: tuple[tuple[WordGroup, ...], ...]
    enough: float
    vectors: FloatArray
    nearest: int
    everything: bool = False


@dataclass(frozen=True, slots=True)
class Stories:
    """What a ``StoryLookup`` found, in columns; ids ascend.

    Attributes:
        days: int64 (stories,): of publication, 0 where it is unknown.
        words: float64 (stories,): sum of BM25 scores in Lucene's scale.
        shares: float64 (stories, shares), 0 to 1.
        cosines: float64 (stories, vectors): of the nearest passage; NaN where there is none.
        nearest: For each vector the highest cosines, descending.
    """

    ids: tuple[str, ...]
    days: npt.NDArray[np.int64]
    words: FloatArray64
    shares: FloatArray64
    cosines: FloatArray64
    nearest: tuple[FloatArray64, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """An article found by one lookup.

    Attributes:
        score: Sum of BM25 scores in Lucene's scale (no k1+1 factor), or the cosine.
        passage: The nearest passage, for a ``NearestLookup``.
        vector: Of that passage, language-free: float32 (dimension,), where it was asked for.
    """

    id: str
    score: float
    passage: Passage | None = None
    vector: FloatArray | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class WriteReport:
    """What became of a batch of writes.

    Attributes:
        written: Ids that are kept now: they survive a kill at any later moment.
        failures: (id, reason) of those that were refused.
        barred: Ids of those that were taken down before; they are not written.
        outdated: Ids whose article has changed or gone since it was read; they are not written.
        taken: (id, id of another article that has its address) of those that are not written: one
            address is one article.
    """

    written: tuple[str, ...]
    failures: tuple[tuple[str, str], ...] = ()
    barred: tuple[str, ...] = ()
    outdated: tuple[str, ...] = ()
    taken: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class StoreStats:
    """What is inside.

    Attributes:
        articles: By language.
        passages: In all.
        sources: Articles by source, most first ("" where it is unknown).
        months: Articles by month of publication, "2025-09", ascending; "" where it is unknown.
        shallow: Articles that have only their first passage.
        tombstones: Names (ids and addresses) that may not come back.
        bytes_used: Size on disk of everything the archive occupies.
    """

    articles: dict[str, int]
    passages: int
    sources: dict[str, int]
    date_first: str | None
    date_last: str | None
    bytes_used: int
    months: dict[str, int] = field(default_factory=dict)
    shallow: int = 0
    tombstones: int = 0


def mismatch(
    location: str, existing: ArchiveProfile, wanted: ArchiveProfile
) -> ArchiveMismatchError:
    """The error for an archive that was made otherwise than is wanted now, naming the way out."""
    made, asked = existing.encoder, wanted.encoder
    if made != asked:
        keep = f"Use --encoder {made.name}, or embed it" if made.name != asked.name else "Embed it"
        return ArchiveMismatchError(
            f"The archive {location} was made with the encoder {made.name} (revision"
            f" {made.revision}, {made.dimension} dimensions), not with {asked.name} (revision"
            f" {asked.revision}, {asked.dimension} dimensions). {keep} again with:"
            f" songngu reembed --archive {location} --encoder {asked.name}"
        )
    if existing.text_version == wanted.text_version:
        return ArchiveMismatchError(
            f"The archive {location} was made when the language was taken out of the vectors of"
            f" {made.name} otherwise. Bring it up to date with: songngu reembed --archive"
            f" {location} --encoder {made.name}"
        )
    return ArchiveMismatchError(
        f"The archive {location} was made with version {existing.text_version} of the text rules;"
        f" this is version {wanted.text_version}. Bring it up to date with:"
        f" songngu reembed --archive {location}"
    )


def check_vectors(entry: Entry, dimension: int) -> None:
    """Raise ArchiveMismatchError where an entry's vectors have another shape than they must."""
    if entry.vectors.shape != (len(entry.passages), dimension):
        raise ArchiveMismatchError(
            f"Article {entry.article.id} has vectors of shape {entry.vectors.shape}; this archive"
            f" needs ({len(entry.passages)}, {dimension}). Embed it with the archive's encoder."
        )


def names_of(article: Article) -> tuple[str, ...]:
    """What a tombstone may call an article: its id, and its address where it has one."""
    key = article_key(article.url)
    return (article.id, key) if key else (article.id,)


@runtime_checkable
class Store(Protocol):
    """Keeps one archive. Methods may be called from several threads at once.

    Every method raises StoreUnavailableError when the store does not answer in time, and all but
    ``profile`` and ``create`` raise ArchiveMissingError when there is no archive yet.
    """

    location: str
    """How the archive is named on the command line, without secrets."""

    records: Records
    """What is kept beside the articles; ``ledger``, ``links`` and ``notes`` are written on it."""

    def profile(self) -> ArchiveProfile | None:
        """The archive's profile, or None where there is no archive yet."""

    def create(self, profile: ArchiveProfile) -> None:
        """Make an empty archive; no effect where one with the same profile exists.

        Raises:
            ArchiveMismatchError: One with another profile exists.
        """

    def upsert(
        self,
        entries: Sequence[Entry],
        *,
        made: ArchiveProfile | None = None,
        replacing: Mapping[str, str] | None = None,
    ) -> WriteReport:
        """Write whole articles, replacing those of the same id. Each is written entirely or not.

        What was taken down stays out, also when that happens at the same moment; and so does an
        article whose address another one has.

        Args:
            made: How the vectors were made; None takes it that they suit the archive.
            replacing: Id → the content hash that the archive's article must have; the others are
                ``outdated``. None writes them all.

        Raises:
            ArchiveMismatchError: The archive has been embedded by another encoder since.
        """

    def delete(self, ids: Sequence[str]) -> int:
        """Remove articles; how many were there. Unknown ids are no error.

        Nobody has brought them then, and whoever had one of them for a counterpart or a copy has
        not (``search.stores.ledger.forget_articles``).
        """

    def flush(self) -> None:
        """Make what was written visible to every search that begins after this returns."""

    def articles(self, ids: Sequence[str]) -> dict[str, Article]:
        """Those of the ids that are kept."""

    def outlines(self, ids: Sequence[str]) -> dict[str, Outline]:
        """The same without text; meant for many at once."""

    def kept(self, ids: Sequence[str]) -> dict[str, Kept]:
        """The same in short, as of now."""

    def ids_at(self, keys: Sequence[str]) -> dict[str, str]:
        """Addresses (``search.addresses.article_key``) → id of the article that has it.

        Where several have it, the lowest id.
        """

    def listing(self, *, addresses: Sequence[str] | None = None) -> Iterator[Kept]:
        """Everything that is kept, in short, by ascending id: one consistent state.

        Args:
            addresses: Only what is from one of these (``search.addresses.article_key``).
        """

    def stream(
        self, *, lang: str | None = None, filters: Filters | None = None
    ) -> Iterator[Article]:
        """All articles that pass the filters, by ascending id: one consistent state."""

    def vectors(self, ids: Sequence[str]) -> dict[str, FloatArray]:
        """The model's own vectors of those of the ids that are kept.

        Returns:
            Id → float32, shape (passages, dimension), rows by ascending position.
        """

    def sizes(self) -> dict[str, int]:
        """Articles by language, counted fast enough to be asked in every search."""

    def find(self, lookups: Sequence[Lookup]) -> list[list[Candidate]]:
        """Run lookups in one round trip; for each its candidates, best first, ties by id.

        Raises:
            ArchiveMismatchError: A vector's length differs from the archive's.
        """

    def stories(self, lookup: StoryLookup) -> Stories:
        """Find what may answer a query, in one round trip.

        Raises:
            ArchiveMismatchError: A vector's length differs from the archive's.
        """

    def alike(self, words: Sequence[str]) -> dict[str, dict[str, int]]:
        """Find the archive's words that are spelled like each of some folded ones.

        Returns:
            For each the words that begin with the same letter and are at most
            ``search.text.spelling.MOST_EDITS`` away, and itself where it occurs, with how many
            articles have them; of very many the nearest.
        """

    def entries(self) -> Iterator[Entry]:
        """Everything that is kept, by ascending id, streamed: one consistent state where it can."""

    def stats(self) -> StoreStats:
        """Count what is kept."""

    def lease(
        self, purpose: str, *, of: Leased = "archive"
    ) -> AbstractContextManager[Callable[[], None]]:
        """Keep everybody else from rewriting the archive, or its links, while the block lasts.

        Whatever rewrites it as a whole takes the lease; reading, and writing single articles, go on
        without. It ends with the process that holds it, however that ends.

        Args:
            purpose: What the holder is doing, for whoever comes second.
            of: What is rewritten; either can be held while somebody else holds the other.

        Returns:
            A function that raises ArchiveBusyError when the lease has been lost since, as may
            happen to a process that was stopped for long.

        Raises:
            ArchiveBusyError: Somebody else holds it; the message says who.
        """

    def rebuild(
        self, profile: ArchiveProfile, *, fresh: bool = False
    ) -> AbstractContextManager[Store]:
        """A new generation to fill; it replaces the archive's articles when the block ends well.

        Readers see the old generation until then, and never half of one. When the block raises or
        the process dies, the archive stays as it was, and the next ``rebuild`` with the same
        profile goes on with what the generation holds.

        What the archive has and the generation lacks in that version, because it came meanwhile,
        is kept without passages and counts as shallow; what the archive lacks is left out.

        Records beside the articles stay as they are. The lease is held meanwhile.

        Args:
            fresh: Begin anew, whatever is there.

        Raises:
            ArchiveBusyError: Somebody else holds the lease.
        """

    def close(self) -> None:
        """Let go of connections and memory. The store cannot be used afterwards."""


def hashes_of(store: Store, ids: Sequence[str]) -> dict[str, str]:
    """Content hashes of those of the ids that are kept."""
    return {id_: kept.hash for id_, kept in store.kept(ids).items()}


def shallow_ids(store: Store) -> list[str]:
    """Ids of articles that have only their first passage, newest first, unknown dates last."""
    found = [kept for kept in store.listing() if kept.shallow]
    return [kept.id for kept in sorted(found, key=lambda kept: (-(kept.day or 0), kept.id))]
