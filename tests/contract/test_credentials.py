"""A real Elasticsearch that wants to know who asks."""

from __future__ import annotations

from base64 import b64encode
from urllib.parse import quote

import pytest
from elasticsearch import Elasticsearch
from support.elasticsearch import running_server

from search.archive import open_store
from search.errors import StoreError
from search.settings import Settings

PASSWORD = "mật/kh@u#1"


@pytest.fixture(scope="module")
def address():
    """host:port of the server; its user is songngu."""
    with running_server(password=PASSWORD) as server:
        yield server.url.removeprefix("http://")


def profile_at(place, settings=None):
    store = open_store(place, settings or Settings())
    try:
        return store.profile()
    finally:
        store.close()


def test_a_password_with_every_sign_in_the_address_or_beside_it(address):
    encoded = quote(PASSWORD, safe="")
    assert profile_at(f"http://songngu:{encoded}@{address}/news") is None
    assert profile_at(f"http://songngu@{address}/news", Settings(es_password=PASSWORD)) is None
    # The address comes first, as flags come before the environment.
    both = Settings(es_password="wrong")
    assert profile_at(f"http://songngu:{encoded}@{address}/news", both) is None


def test_an_api_key(address):
    known = b64encode(f"songngu:{PASSWORD}".encode()).decode()
    with Elasticsearch(f"http://{address}", basic_auth=known) as client:
        key = client.security.create_api_key(name="songngu-test")["encoded"]
    assert profile_at(f"http://{address}/news", Settings(es_api_key=key)) is None


@pytest.mark.parametrize("user", ["", "songngu@", "songngu:geheim@", "nobody:geheim@"])
def test_whoever_is_refused_hears_so_without_the_password(address, user):
    with pytest.raises(StoreError, match="refuses the credentials") as raised:
        profile_at(f"http://{user}{address}/news")
    assert "geheim" not in str(raised.value)
