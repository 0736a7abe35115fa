"""Places for archives of each kind, and what is in them."""

from __future__ import annotations

import uuid

import pytest

from search.archive import open_store
from search.settings import Settings


@pytest.fixture
def cluster(elasticsearch_url):
    """The address of an archive on the server that the tests share; what is made there goes."""
    address = f"{elasticsearch_url}/songngu-test-{uuid.uuid4().hex}"
    yield address
    store = open_store(address, Settings())
    store.drop()
    store.close()


@pytest.fixture(params=["embedded", "elasticsearch"])
def place(request, tmp_path):
    """Where an archive of each kind can be made; what is made there is removed."""
    if request.param == "embedded":
        return str(tmp_path / "news.db")
    return request.getfixturevalue("cluster")


def contents(location):
    """Id → (article, passages, vectors, shallow) of everything in an archive."""
    store = open_store(location, Settings())
    try:
        return {
            e.article.id: (e.article, e.passages, e.vectors, e.shallow) for e in store.entries()
        }
    finally:
        store.close()
