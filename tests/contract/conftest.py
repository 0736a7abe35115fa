"""Every store under one suite: the fixture ``store`` is an empty archive of each kind."""

from __future__ import annotations

import uuid

import pytest
from support.entries import PROFILE

from search.settings import Settings
from search.stores.sqlite.store import EmbeddedStore


@pytest.fixture(params=["embedded", "elasticsearch"])
def make_store(request, tmp_path):
    """Opens the archive of a name as often as it is called, as several processes would."""
    opened = {}
    if request.param == "embedded":

        def open_(name):
            return EmbeddedStore(tmp_path / f"{name}.db")

    else:
        from search.stores.elasticsearch import ElasticsearchStore

        server, run = request.getfixturevalue("elasticsearch_url"), uuid.uuid4().hex

        def open_(name):
            return ElasticsearchStore.from_url(f"{server}/songngu-test-{run}-{name}", Settings())

    def make(name="news"):
        opened.setdefault(name, []).append(open_(name))
        return opened[name][-1]

    yield make
    for name, stores in list(opened.items()):
        if request.param == "elasticsearch":
            make(name).drop()
        for store in stores:
            store.close()


@pytest.fixture
def missing_store(make_store):
    """A place where there is no archive yet."""
    return make_store()


@pytest.fixture
def store(make_store):
    """An empty archive."""
    made = make_store()
    made.create(PROFILE)
    return made
