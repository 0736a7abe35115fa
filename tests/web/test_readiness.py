"""Ready means that a search would be answered: by the store, the encoder, from what is there."""

import shutil
import sqlite3
import time
import uuid

import pytest
from elasticsearch import Elasticsearch
from support.site_server import LONG_S

from search.archive import open_archive
from search.settings import Settings
from webui import create_app

NO_PLACE = {"index.routing.allocation.require._name": "no-such-node"}
SEARCH, READY = "/api/v1/search?q=metro", "/readyz"


@pytest.fixture
def copied(settings, tmp_path):
    """A copy of the demo archive's file."""
    return shutil.copy(settings.archive, tmp_path / "copied.db")


@pytest.mark.parametrize("table", ["passages", "articles", "meta"])
def test_a_file_that_lost_a_table(copied, table):
    with sqlite3.connect(copied) as connection:
        connection.execute(f"DROP TABLE {table}")
    connection.close()
    settings = Settings(archive=str(copied))
    with open_archive(settings=settings) as archive:
        client = create_app(archive, settings=settings).test_client()
        assert_one(client, 503)


@pytest.mark.parametrize("table", ["passages", "articles", "meta", "records"])
def test_what_is_half_there_answers_or_says_that_it_cannot(copied, table):
    with sqlite3.connect(copied) as connection:
        connection.execute(f"DROP TABLE {table}")
    connection.close()
    settings = Settings(archive=str(copied))
    with open_archive(settings=settings) as archive:
        client = create_app(archive, settings=settings).test_client()
        for path in (
            "facets?q=metro",
            "histogram?q=metro",
            "stats",
            "articles/demo-003-vi",
            "articles/demo-003-vi/related",
            "copies?id=demo-003-vi",
        ):
            answer = client.get(f"/api/v1/{path}")
            assert answer.status_code in (200, 404, 503), path
            if answer.status_code == 503:
                assert answer.json["error"].keys() == {"code", "message"}


@pytest.mark.parametrize("settings_", [{"encoder": "no-such-model"}, {"encoder": "/nowhere"}])
def test_an_encoder_that_cannot_be_had(copied, settings_):
    settings = Settings(archive=str(copied), **settings_)
    with open_archive(settings=settings) as archive:
        client = create_app(archive, settings=settings).test_client()
        assert_one(client, 503)


@pytest.fixture
def archive_without_shards(elasticsearch_url):
    """An archive on Elasticsearch that has its index and no place for the index's only shard."""
    name = f"songngu-web-{uuid.uuid4().hex}"
    settings = Settings(archive=f"{elasticsearch_url}/{name}", query_timeout_s=60)
    with open_archive(settings=settings) as archive:
        archive.create()
        with Elasticsearch(elasticsearch_url, request_timeout=60) as server:
            [(index, made)] = server.indices.get(index=name).items()
            server.indices.delete(index=index)
            server.indices.create(
                index=index,
                mappings=made["mappings"],
                settings={"number_of_shards": 1, "auto_expand_replicas": "0-1"} | NO_PLACE,
                aliases=made["aliases"],
                wait_for_active_shards=0,
            )
            yield create_app(archive, settings=settings).test_client(), server, name
            server.indices.put_settings(index=index, settings=dict.fromkeys(NO_PLACE))
        archive.store.drop()


def test_a_cluster_that_has_not_brought_its_shards_back(archive_without_shards):
    """As after its restart: the index is known and described, and nothing can be searched."""
    client, server, name = archive_without_shards
    assert_one(client, 503)
    server.indices.put_settings(index=name, settings=dict.fromkeys(NO_PLACE))
    ends = time.monotonic() + LONG_S
    while client.get(READY).status_code == 503:
        assert time.monotonic() < ends
        time.sleep(0.1)
    assert_one(client, 200)


def assert_one(client, status):
    """Searches and readiness agree, also in why."""
    search, ready = client.get(SEARCH), client.get(READY)
    assert (search.status_code, ready.status_code) == (status, status)
    if status != 200:
        assert ready.json["error"] == search.json["error"]
        assert ready.headers["Retry-After"] or search.headers.get("Retry-After") is None
