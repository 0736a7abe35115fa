"""Histories of an archive: what may happen to it, done in this process or in one that is killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from dataclasses import replace
from functools import cache
from multiprocessing import forkserver, resource_tracker
from pathlib import Path

import pytest
from support.entries import PROFILE, entry, unit

from search import stores
from search.archive import open_store
from search.settings import Settings
from search.stores.base import hashes_of, shallow_ids
from search.stores.ledger import Ledger, Tombstone
from search.stores.links import LinkRecord, Links
from search.text.languages import LANGUAGES
from search.transfer import copy_archive

PROFILES = [
    PROFILE,
    replace(PROFILE, encoder=replace(PROFILE.encoder, fingerprint="another fingerprint")),
]
TOPICS = ["cảng", "trường", "chợ", "rừng"]
NAME = "khôi"
"""A rare name: the more so, the longer the story that has it."""

SINGLE = [f"a{number}" for number in range(8)]
CROWD = [f"c{number:02}" for number in range(40)]
"""Short stories with the name: enough of them to fill a list of candidates."""

_STORES = str(Path(stores.__file__).parent)


@cache
def article(id_, version, *, shallow=False):
    """An entry that says its version in its text, its address and its vectors."""
    number = int(id_[1:])
    lang = "en" if id_ in SINGLE and number % 4 == 3 else "vi"
    text = f"Tin {TOPICS[number % 4]} số{id_} lần{version}."
    if id_ in CROWD:
        text += f" {NAME}" + " và" * number
    elif number % 2 == 0:
        text += f" {NAME}" + " chuyện dài" * 60
    vectors = [unit(1, number, version, i) for i in range(number % 3)]
    made = entry(
        *(id_, text, *(vectors[:1] if shallow else vectors)),
        lang=lang,
        url=f"https://bao.example/{id_}",
        date=f"2025-01-{number % 28 + 1:02}",
    )
    return replace(made, shallow=shallow and len(vectors) > 1)


def perform(store, operation):
    """Do one thing to an archive.

    upsert, shallow  write articles: (id, version), …
    deepen           write whole what is shallow
    delete, bar      remove articles; bar keeps them out
    lift             let them in again
    bring, withdraw  a source has, or no longer has, articles
    link             give articles their link records
    copy             copy everything to the file that is named
    rebuild          embed everything anew, with the other profile
    flush, find      follow what was written
    """
    what, *arguments = operation
    if what in ("upsert", "shallow"):
        entries = [article(id_, version, shallow=what == "shallow") for id_, version in arguments]
        assert not store.upsert(entries).failures
    elif what == "deepen":
        articles = store.articles(shallow_ids(store))
        store.upsert(
            [article(id_, version_of(a)) for id_, a in articles.items()],
            replacing={id_: a.content_hash for id_, a in articles.items()},
        )
    elif what == "bar":
        Ledger(store).bar([Tombstone((id_,), "", "2026-01-01") for id_ in arguments])
    elif what in ("delete", "lift"):
        getattr(store if what == "delete" else Ledger(store), what)(arguments)
    elif what in ("bring", "withdraw"):
        origin, *ids = arguments
        getattr(Ledger(store), what)(ids, origin)
    elif what == "link":
        hashes = hashes_of(store, arguments)
        Links(store).put(
            [LinkRecord(id_, "vi", hash_, "m", group=id_) for id_, hash_ in hashes.items()]
        )
    elif what == "copy":
        copy_archive(store.location, arguments[0], settings=Settings())
    elif what == "rebuild":
        profile = PROFILES[store.profile() == PROFILES[0]]
        with store.rebuild(profile) as generation:
            shallow = set(shallow_ids(store))
            generation.upsert(
                [
                    article(a.id, version_of(a), shallow=a.id in shallow)
                    for a in store.articles([kept.id for kept in store.listing()]).values()
                ]
            )
    elif what == "find":
        store.sizes()
    else:
        assert what == "flush"
        store.flush()


def version_of(written):
    """The version that an article says it is."""
    return int(written.text.partition("lần")[2].partition(".")[0])


def perform_killed(processes, location, operation, step):
    """The same in a process that is killed at a step: a line of the stores' own code.

    Returns:
        Whether the kill came before everything was done.
    """
    process = processes.Process(target=_perform_and_die, args=(location, operation, step))
    process.start()
    process.join(120)
    assert process.exitcode in (0, -signal.SIGKILL), f"{operation} failed by itself"
    killed = process.exitcode != 0
    process.close()
    return killed


@pytest.fixture(scope="module")
def processes():
    """Makes processes: forks of one that has loaded everything and opened nothing."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["support.histories"])
    yield context
    forkserver._forkserver._stop()
    resource_tracker._resource_tracker._stop()


def _perform_and_die(location, operation, step):
    LANGUAGES["vi"].forms(title="", body="tải mọi thứ một lần")
    store = open_store(location, Settings())
    left = step

    def count(frame, event, argument):
        nonlocal left
        if not frame.f_code.co_filename.startswith(_STORES):
            return None
        if event == "line":
            left -= 1
            if left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return count

    sys.settrace(count)
    perform(store, operation)
    store.flush()
    store.close()
    sys.settrace(None)
