"""Places for archives of each kind, and what is in them."""

from __future__ import annotations

import uuid

import pytest

from search.archive import open_store
from search.settings import Settings


@pytest.fixture(params=["embedded", "elasticsearch"])
def place(request, tmp_path):
    """Where an archive of each kind can be made; what is made there is removed."""
    if request.param == "embedded":
        yield str(tmp_path / "news.db")
        return
    url = f"{request.getfixturevalue('elasticsearch_url')}/songngu-test-{uuid.uuid4().hex}"
    yield url
    store = open_store(url, Settings())
    store.drop()
    store.close()


def contents(location):
    """Id → (article, passages, vectors, shallow) of everything in an archive."""
    store = open_store(location, Settings())
    try:
        return {
            e.article.id: (e.article, e.passages, e.vectors, e.shallow) for e in store.entries()
        }
    finally:
        store.close()
