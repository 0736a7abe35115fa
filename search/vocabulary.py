"""An archive's own Vietnamese text sharpens the restoring of diacritics: local names come right.

Counts of syllables and neighbours are kept as a note beside the articles. They are statistics:
articles that were replaced or deleted stay counted until the archive is embedded again, and of two
runs that write at the same moment one may be lost.
"""

from __future__ import annotations

import logging
import threading
import time
import zipfile

from search.errors import ArchiveMissingError, StoreError, StoreUnavailableError
from search.records import Article
from search.stores.base import Store
from search.stores.notes import read_note, write_note
from search.text.diacritics import Restorer
from search.text.languages import LANGUAGES, normalise
from search.text.syllables import SyllableCounts, SyllableTable

logger = logging.getLogger(__name__)

NOTE = "syllables"
_MOST_PAIRS = 150_000
_MOST_PAIRS_ANEW = 600_000  # while everything is counted again: 100 MB of memory
_SAVE_EVERY_S = 60.0  # what a kill can cost
_LEAST_MARKED = 1.12  # bytes a character: Vietnamese with its marks has 1.3
_LIFE_S = 30.0

# One occurrence in the archive is worth five of the bundled news in a small archive and one in a
# large one: accuracy on held-out text of 2,000 articles fell again above two, on questions about
# 240 passages it rose up to ten.
_MOST_WEIGHT = 5.0
_FULL_WEIGHT_SYLLABLES = 200_000


class ArchiveCounts:
    """Counts an archive's articles as they are written.

    Args:
        anew: Forget what was counted before, once ``save`` is called.
    """

    def __init__(self, store: Store, *, anew: bool = False) -> None:
        self._store = store
        self._anew = anew
        self._new = SyllableCounts()
        self._saved_at = time.monotonic()

    def add(self, article: Article) -> None:
        """Count one article, if it is in Vietnamese and has its diacritics."""
        if not LANGUAGES[article.lang].marks_tell_words_apart:
            return
        text = normalise(f"{article.title}\n{article.body}")
        if len(text.encode("utf-8", "replace")) < _LEAST_MARKED * len(text):
            return  # typed without marks: it would teach that there are none
        self._new.add(text)
        if time.monotonic() - self._saved_at > _SAVE_EVERY_S:
            if self._anew:
                self._forget_rare_pairs()  # what was counted before stays until all is done
            else:
                self.save()

    def save(self) -> None:
        """Add the counts to the archive's note; where the store refuses it, they are lost."""
        if not self._new.total:
            return
        try:
            before = None if self._anew else _read(self._store)
            if before is not None:
                self._new.add_table(before)
            write_note(self._store, NOTE, self._table(_MOST_PAIRS).to_bytes())
        except StoreError as error:
            logger.warning("Counts of syllables were not kept: %s", error)
        self._new, self._anew = SyllableCounts(), False
        self._saved_at = time.monotonic()

    def _forget_rare_pairs(self) -> None:
        table = self._table(_MOST_PAIRS_ANEW)
        self._new = SyllableCounts()
        self._new.add_table(table)
        self._saved_at = time.monotonic()

    def _table(self, most_pairs: int) -> SyllableTable:
        return self._new.table(least=1, least_pair=1, most_pairs=most_pairs)


def count_again(store: Store) -> None:
    """Count all articles of an archive anew, and replace the old counts."""
    counts = ArchiveCounts(store, anew=True)
    for article in store.stream():
        counts.add(article)
    counts.save()


class ArchiveRestorer:
    """The restorer for one archive's queries. Safe to share between threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._read_at = -_LIFE_S
        self._note: bytes | None = None
        self._restorer = Restorer.bundled()

    def current(self) -> Restorer:
        """Give the bundled restorer sharpened by the archive's counts, which may be 30 s old."""
        with self._lock:
            if time.monotonic() - self._read_at > _LIFE_S:
                note = self._latest()
                self._read_at = time.monotonic()
                if note != self._note:
                    self._note = note
                    self._restorer = _sharpened(note)
            return self._restorer

    def _latest(self) -> bytes | None:
        try:
            return read_note(self._store, NOTE)
        except (ArchiveMissingError, StoreUnavailableError):
            raise  # the search itself would fail in the same way
        except StoreError as error:
            # Where the archive itself is at fault, the search is about to say so.
            logger.info("Diacritics are restored without the archive's own counts: %s", error)
            return self._note


def carry(source: Store, destination: Store) -> None:
    """Copy the counts to another archive, unless that has counts of more text."""
    note = read_note(source, NOTE)
    if note is None:
        return
    there = _read(destination)
    here = _unpacked(note)
    if there is None or (here is not None and here.total > there.total):
        write_note(destination, NOTE, note)


def _sharpened(note: bytes | None) -> Restorer:
    counts = _unpacked(note) if note else None
    if counts is None or not counts.total:
        return Restorer.bundled()
    weight = min(_MOST_WEIGHT, max(1.0, _MOST_WEIGHT * _FULL_WEIGHT_SYLLABLES / counts.total))
    return Restorer.bundled().sharpened(counts, weight=weight)


def _read(store: Store) -> SyllableTable | None:
    note = read_note(store, NOTE)
    return _unpacked(note) if note else None


def _unpacked(note: bytes) -> SyllableTable | None:
    try:
        return SyllableTable.from_bytes(note)
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
        logger.warning("The archive's counts of syllables are damaged (%s); not used.", error)
        return None
