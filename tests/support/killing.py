"""A program that is killed: runs index, deepen, reembed or sync and kills them at random moments.

Every attempt is a fork of a process that has imported everything and opened nothing, so that most
of its life is the work itself. The parent checks the archive after each kill, with its own eyes.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import threading
import time
import traceback
from contextlib import closing
from pathlib import Path

from tqdm import tqdm

from indexer import pipeline, upkeep
from indexer.sources import open_sources
from search.archive import open_archive, open_store
from search.cli import cli
from search.encoders import load_encoder
from search.settings import Settings
from search.stores.elasticsearch import lease
from search.stores.sqlite.store import EmbeddedStore
from search.text.languages import LANGUAGES
from search.transfer import copy_archive

for module in (pipeline, upkeep):
    module.BATCH = 8  # more moments between two batches, in less time
lease.LEASE_S = 1.0  # whoever follows a killed one waits that long

SETTINGS = Settings()


def index(place, source, report, *, only_opening=False):
    with open_archive(place, settings=SETTINGS) as archive:
        archive.create()
        run = pipeline.Indexer(
            archive,
            lambda problem: None,
            lambda r: report(r.added + r.updated + r.unchanged),
            only_opening=only_opening,
        )
        run.run(open_sources([source]))


def lead(place, source, report):
    index(place, source, report, only_opening=True)


def deepen(place, source, report):
    with open_archive(place, settings=SETTINGS) as archive:
        upkeep.deepen(archive.store, archive.encoder, on_progress=lambda done, total: report(done))


def reembed(place, source, report):
    with closing(open_store(place, SETTINGS)) as store:
        upkeep.reembed(store, load_encoder("bundled"), on_progress=lambda done, _: report(done))


def sync(place, source, report):
    report(0)
    arguments = ["sync", source, "--archive", place, "--force"]
    cli.main(arguments, standalone_mode=False)


OPERATIONS = {"index": index, "lead": lead, "deepen": deepen, "reembed": reembed, "sync": sync}


def prepare(place, base):
    """Make the archive what it is before the operation: empty, or a copy of a file."""
    if base is None:
        return
    drop(place)
    copy_archive(base, place, settings=SETTINGS)


def drop(place):
    if "://" in place:
        store = open_store(place, SETTINGS)
        store.drop()
        store.close()
        return
    for file in Path(place).parent.glob(f"{Path(place).name}*"):
        shutil.rmtree(file) if file.is_dir() else file.unlink()


def state(place):
    """(ids, how many of them are shallow) in an archive; none where there is none yet."""
    store = open_store(place, SETTINGS)
    try:
        if store.profile() is None:
            return [], 0
        kept = list(store.listing())
        return [k.id for k in kept], sum(k.shallow for k in kept)
    finally:
        store.close()


def made(place):
    """What tells an archive from the one that a re-embedding makes of it."""
    store = open_store(place, Settings())
    try:
        if store.profile() is None:
            return None
        if isinstance(store, EmbeddedStore):
            with store._file.reading() as connection:
                return store._file.meta(connection, "archive")
        return store._existing()[0]
    finally:
        store.close()


def attempt(operation, place, source, moment):
    """Run it in a process of its own; returns (numbers it reported, whether it was killed).

    Args:
        moment: (reports to wait for, seconds to wait then); None lets it end.
    """
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        # Forks share tqdm's lock: whoever is killed with it in hand would leave the next waiting.
        tqdm.set_lock(threading.RLock())
        status = 1
        try:
            OPERATIONS[operation](place, source, lambda n: os.write(write, b"%d\n" % n))
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(write)
    numbers = []
    with os.fdopen(read, "rb") as lines:
        while moment is not None and len(numbers) < moment[0]:
            line = lines.readline()
            if not line:
                break
            numbers.append(int(line))
        if moment is not None:
            time.sleep(moment[1])
            os.kill(pid, signal.SIGKILL)
        numbers += [int(line) for line in lines.readlines()]
    _, status = os.waitpid(pid, 0)
    killed = os.WIFSIGNALED(status)
    assert killed or os.waitstatus_to_exitcode(status) == 0, f"{operation} failed by itself"
    return numbers, killed


def main(operation, place, source, kills, seed, base=None):
    pick = random.Random(int(seed))
    prepare(place, base)
    done_before, killed_at = 0, []
    while len(killed_at) < int(kills):
        before, made_before = state(place), made(place)
        moment = (pick.choice([0, 1, 1, 2, 2, 3, 4]), pick.uniform(0, 0.4))
        numbers, killed = attempt(operation, place, source, moment)
        after = state(place)
        assert len(after[0]) == len(set(after[0])), "an article is there twice"
        if operation in ("index", "lead") and numbers:
            assert len(after[0]) >= numbers[-1], "what was reported as added is lost"
            assert set(before[0]) <= set(after[0]), "what was there is lost"
        if operation == "deepen" and numbers:
            assert before[1] - after[1] >= numbers[-1], "what was reported as deepened is lost"
            assert before[0] == after[0]
        if operation == "reembed" and numbers and killed:
            assert before[0] == after[0]
            if made(place) != made_before:  # the kill came when all was done
                numbers, done_before = [], 0
        if operation == "reembed" and numbers and killed:
            assert numbers[0] >= done_before, "it began anew"
        done_before = numbers[-1] if numbers and killed else done_before if killed else 0
        if killed:
            killed_at.append(numbers[-1] if numbers else -1)
        else:  # it was over before the kill came
            if base is None:
                drop(place)
            else:
                prepare(place, base)
    attempt(operation, place, source, None)
    print(" ".join(map(str, killed_at)))


def build(*plan):
    """Uninterrupted runs: operation, place, source, again and again."""
    for operation, place, source in zip(plan[::3], plan[1::3], plan[2::3], strict=True):
        attempt(operation, place, source, None)


if __name__ == "__main__":
    LANGUAGES["vi"].forms(title="", body="tải mọi thứ một lần")  # what each fork would load itself
    (build if sys.argv[1] == "build" else main)(*sys.argv[1 + (sys.argv[1] == "build") :])
