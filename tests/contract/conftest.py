"""Every store under one suite: the fixture ``store`` is an empty archive of each kind."""

from __future__ import annotations

import uuid

import pytest
from support.elasticsearch import elasticsearch_url
from support.entries import PROFILE

from search.settings import Settings
from search.stores.embedded import EmbeddedStore

__all__ = ["elasticsearch_url"]


@pytest.fixture(params=["embedded", "elasticsearch"])
def make_store(request, tmp_path):
    """Opens the same archive as often as it is called, as several processes would."""
    opened = []
    if request.param == "embedded":

        def make():
            opened.append(EmbeddedStore(tmp_path / "news.db"))
            return opened[-1]

        yield make
    else:
        from search.stores.elasticsearch import ElasticsearchStore

        url = f"{request.getfixturevalue('elasticsearch_url')}/songngu-test-{uuid.uuid4().hex}"

        def make():
            opened.append(ElasticsearchStore.from_url(url, Settings()))
            return opened[-1]

        yield make
        make().drop()
    for store in opened:
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
