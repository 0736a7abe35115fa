"""An archive's file is replaced under a running site: it answers from the new one, at once."""

import threading

import pytest
from support.archives import add_to_archive, write_archive
from support.site_server import get, served

from search.archive import open_archive
from search.records import Article
from search.settings import Settings
from webui import create_app


def story(id_, what):
    return Article(id=id_, title=f"A {what} is found", text=f"A {what} was found.", lang="en")


@pytest.fixture
def file(tmp_path):
    return write_archive([story("old", "zeppelin")], tmp_path / "news.db")


@pytest.fixture
def client(file):
    settings = Settings(archive=str(file))
    with open_archive(settings=settings) as archive:
        yield create_app(archive, settings=settings).test_client()


def found(client, what):
    answer = client.get("/api/v1/search", query_string={"q": what, "mode": "words"})
    assert answer.status_code == 200, answer.json
    return [hit["id"] for hit in answer.json["results"]["en"]]


def replace(file, *stories):
    """As ``mv new.db news.db``."""
    write_archive(stories, file.with_name("new.db")).rename(file)


def test_the_site_answers_from_the_new_file(client, file):
    assert found(client, "zeppelin") == ["old"]
    replace(file, story("new", "submarine"), story("other", "balloon"))
    assert found(client, "submarine") == ["new"]
    assert found(client, "zeppelin") == []
    assert client.get("/article/new").status_code == 200
    assert client.get("/article/old").status_code == 404
    assert client.get("/readyz").status_code == 200
    assert client.get("/").status_code == 200


def test_and_after_a_write_to_it(client, file):
    assert found(client, "zeppelin") == ["old"]
    replace(file, story("new", "submarine"))
    add_to_archive([story("newer", "submarine that sank")], file)
    assert sorted(found(client, "submarine")) == ["new", "newer"]
    add_to_archive([story("newest", "submarine that rose")], file)
    assert sorted(found(client, "submarine")) == ["new", "newer", "newest"]
    assert client.get("/article/newest").status_code == 200


def test_and_after_the_second_replacement(client, file):
    for id_, what in [("one", "zeppelin"), ("two", "submarine"), ("three", "balloon")]:
        replace(file, story(id_, what))
        assert found(client, what) == [id_]


def test_readers_notice_nothing(file):
    """While searches run, in several threads, each is answered from one archive or the other."""
    settings = Settings(archive=str(file))
    with open_archive(settings=settings) as archive:
        app = create_app(archive, settings=settings)
        over, statuses = threading.Event(), []

        def read(server):
            while not over.is_set():
                statuses.append(get(server, "/api/v1/search?q=zeppelin").status)

        with served(app, threads=4) as server:
            readers = [threading.Thread(target=read, args=(server,)) for _ in range(4)]
            for reader in readers:
                reader.start()
            for number in range(8):
                replace(file, story(f"new-{number}", "zeppelin"))
            over.set()
            for reader in readers:
                reader.join()
    assert len(statuses) > 8
    assert set(statuses) == {200}
