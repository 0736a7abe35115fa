"""The lease of an Elasticsearch archive: a record that is renewed while somebody holds it."""

from __future__ import annotations

import os
import platform
import threading
import time
from datetime import datetime
from typing import Any

from search.errors import ArchiveBusyError, StoreError
from search.stores.base import Leased, leased
from search.stores.elasticsearch.records import ElasticsearchRecords
from search.stores.records import Record

LEASE_S = 15.0
"""A lease that was not renewed for so long is up: whoever held it is gone."""

_KIND = "lease"


class Lease:
    """One process's hold on an archive, kept by renewing a document.

    No clocks are compared, as those of two machines differ: who comes second watches whether the
    document changes. Whoever was stopped for long finds its document changed, and may not go on.
    """

    def __init__(
        self, records: ElasticsearchRecords, location: str, purpose: str, of: Leased
    ) -> None:
        self._records = records
        self._of = of
        self._leased = leased(location, of)
        since = datetime.now().astimezone().isoformat(timespec="seconds")
        self._holder = f"{purpose} (process {os.getpid()} on {platform.node()}, since {since})"
        self._held: Record | None = None
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._renewing = threading.Thread(target=self._renew, name="lease", daemon=True)

    def acquire(self) -> None:
        """Take the lease, also from a holder that gives no sign of life.

        Raises:
            ArchiveBusyError: Somebody holds it.
        """
        seen: Record | None = None
        deadline = time.monotonic() + LEASE_S
        while self._held is None:
            now = self._now()
            if now is None:
                self._held = self._write(None)
                continue
            seen = seen or now
            if now.version != seen.version:
                raise self._busy(now)
            if time.monotonic() > deadline:
                self._held = self._write(now)  # nobody else was faster, or all begins again
                seen, deadline = None, time.monotonic() + LEASE_S
                continue
            time.sleep(min(0.5, LEASE_S / 10))
        self._renewing.start()

    def check(self) -> None:
        """Renew the lease.

        Raises:
            ArchiveBusyError: It is somebody else's by now.
        """
        with self._lock:
            if self._held is not None:
                self._held = self._write(self._held)
            if self._held is None:
                raise self._busy(self._now())

    def release(self) -> None:
        """Give the lease back, if it is held still."""
        self._ended.set()
        self._renewing.join()
        with self._lock:
            if self._held is not None:
                self._records.remove([self._held])

    def _now(self) -> Record | None:
        return self._records.get(_KIND, [self._of]).get(self._of)

    def _write(self, after: Record | None) -> Record | None:
        record = Record(_KIND, self._of, {"holder": self._holder})
        versions: dict[str, Any] = {self._of: after.version} if after else {}
        return self._records.put_after([record], versions).get(self._of)

    def _renew(self) -> None:
        while not self._ended.wait(LEASE_S / 5):
            try:
                self.check()
            except ArchiveBusyError:
                return  # told when it matters: ``check`` says so to whoever works
            except StoreError:
                continue  # away for a moment; if for long, somebody else may take over

    def _busy(self, now: Record | None) -> ArchiveBusyError:
        holder = now.values["holder"] if now else "somebody who has ended since"
        return ArchiveBusyError(
            f"{self._leased} being rewritten by {holder}. One at a time: wait until that has"
            " ended, or end it, and give the command again."
        )
