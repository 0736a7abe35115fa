"""Articles that other programs hand over, a few at a time, into an archive that is being searched.

They are read, checked, embedded and written as ``songngu index`` does, and linked soon afterwards.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import replace

from indexer.linking.linker import link
from indexer.pipeline import DocumentProblem, Done, Indexer
from indexer.sources import Failure, Origin, RawDocument
from indexer.sources.json_files import documents_of
from search.archive import Archive
from search.errors import ArchiveBusyError, StoreError
from search.records import Outcome

ORIGIN = "api"
"""What the archive remembers as having brought these articles; no ``sync`` removes them."""

_LONGEST_WAIT_S = 10.0
_SETTLE_S = 2.0
"""How long linking waits for more: it costs about as much for one new article as for many."""
_AGAIN_S = 30.0

_log = logging.getLogger(__name__)


class Intake:
    """The way into an archive for other programs. Thread-safe; one caller writes at a time."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._writing = threading.Lock()
        self._written = threading.Event()
        self._linker: threading.Thread | None = None

    def __call__(self, articles: Sequence[object]) -> list[Outcome]:
        """Index articles, each in the shape of a line of JSONL.

        Those that are written can be found at once; counterparts and copies follow in seconds.

        Returns:
            What became of each, in the order in which they were given.

        Raises:
            ArchiveBusyError: Others have been writing for long; ask again.
            StoreError: The archive fails. Giving the same articles again goes on from there.
        """
        if not self._writing.acquire(timeout=_LONGEST_WAIT_S):
            raise ArchiveBusyError("Others are adding articles at this moment. Ask again.")
        try:
            return self._index(articles)
        finally:
            self._writing.release()

    def _index(self, articles: Sequence[object]) -> list[Outcome]:
        self._archive.create()
        documents, outcomes = [], list[Outcome]()
        for number, value in enumerate(articles, 1):
            # What holds a list of articles, as web APIs answer, is several.
            for document in documents_of(value, Origin(ORIGIN)):
                outcomes.append(Outcome(number, "failed"))
                documents.append(_placed(document, len(outcomes)))

        def note(problem: DocumentProblem) -> None:
            place = (problem.line or 0) - 1
            known = outcomes[place]
            if problem.kind == "warning":
                outcomes[place] = replace(known, warnings=(*known.warnings, problem.reason))
            else:
                outcomes[place] = replace(
                    known,
                    result="skipped" if problem.kind == "skipped" else "failed",
                    reason=problem.reason,
                )

        def done(document: RawDocument, id_: str, result: Done) -> None:
            place = (document.origin.line or 0) - 1
            outcomes[place] = replace(outcomes[place], result=result, id=id_)

        report = Indexer(self._archive, note, lambda _: None, on_done=done).run(documents)
        if report.changed:
            self._link_soon()
        return outcomes

    def _link_soon(self) -> None:
        self._written.set()
        if self._linker is None:
            # Killed with the process: what is not linked by then is linked with the next article.
            self._linker = threading.Thread(target=self._link, name="linking", daemon=True)
            self._linker.start()

    def _link(self) -> None:
        while self._written.wait():
            time.sleep(_SETTLE_S)
            self._written.clear()
            try:
                link(self._archive.store)
            except StoreError as error:
                _log.warning("New articles are not linked yet: %s", error)
                self._written.set()
                time.sleep(_AGAIN_S)
            except Exception:
                _log.exception("New articles could not be linked")


def _placed(document: RawDocument | Failure, place: int) -> RawDocument | Failure:
    """Number a document by its place among all."""
    if isinstance(document, Failure):
        return replace(document, line=place)
    return replace(document, origin=Origin(ORIGIN, place, ORIGIN))
