"""Linking that is killed at any moment goes on, and ends as if it had never stopped."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from support.archives import demo_archive
from support.counts import count, done

from indexer.linking.linker import link
from search.archive import open_store
from search.errors import StoreUnavailableError
from search.settings import Settings
from search.stores.links import Links
from search.stores.sqlite.store import EmbeddedStore
from search.text.languages import LANGUAGES

KILLS = count("SONGNGU_KILLS", 3)
VERSIONS = 6
RUN = "import sys; from search.cli import main; sys.argv[1:] = ['link', '--archive', {!r}]; main()"


@pytest.fixture(scope="module")
def entries(tmp_path_factory):
    """The demo's stories, each in several editions: some are copies, some are not."""
    kept = EmbeddedStore(demo_archive(tmp_path_factory))
    stories = list(kept.entries())
    profile = kept.profile()
    kept.close()
    made = []
    for number in range(VERSIONS):
        for story in stories:
            article = replace(
                story.article,
                id=f"{number:02}-{story.article.id}",
                url=None,
                text=story.article.text if number % 3 else f"{number} {number + 7} " * 40,
            )
            forms = LANGUAGES[article.lang].forms(
                title=article.title, body=article.body, words=story.forms.words
            )
            made.append(replace(story, article=article, forms=forms, passages=story.passages[:1],
                                vectors=story.vectors[:1]))  # fmt: skip
    return profile, made


def groups(store, ids):
    """Which ids are copies of each other, and who is whose counterpart: names of groups apart."""
    links = Links(store).links(ids)
    together = {}
    for id_, one in links.items():
        together.setdefault(one.group, set()).add(id_)
    sizes = {id_: (one.place, one.copies, one.counterpart) for id_, one in links.items()}
    return sorted(map(sorted, together.values())), sizes


def linked(store):
    try:
        return Links(store).counts().linked
    except StoreUnavailableError:  # the index of the records is just coming into being
        return 0


def test_killed_again_and_again(place, entries):
    profile, made = entries
    ids = [one.article.id for one in made]
    store = open_store(place, Settings())
    store.create(profile)
    store.upsert(made)
    store.flush()
    began = time.perf_counter()
    link(store)
    usual_s = time.perf_counter() - began
    expected = groups(store, ids)
    assert len(expected[0]) < len(ids)
    Links(store).clear()

    chance = random.Random(5)
    for _ in range(KILLS):
        process = subprocess.Popen(
            [sys.executable, "-c", RUN.format(place)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        deadline = time.monotonic() + 30
        while linked(store) == 0 and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(chance.uniform(0, usual_s))
        process.kill()
        process.communicate()
        done("SONGNGU_KILLS")
        for id_, one in Links(store).links(ids).items():
            assert one.counterpart is None or one.counterpart[-2:] != id_[-2:]
    report = link(store)
    assert report.linked == len(ids)
    assert groups(store, ids) == expected
    assert link(store).new == 0
    store.close()
