"""What readers and programs are told when the site cannot answer."""

import socket

import pytest
from support.pages import read_page

from search.archive import open_archive
from search.errors import ArchiveMismatchError, EncoderError
from search.settings import Settings
from webui import create_app


@pytest.fixture
def down():
    """A client of a site whose Elasticsearch does not answer: nobody listens there."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    settings = Settings(archive=f"http://127.0.0.1:{port}/news", query_timeout_s=1.0)
    with open_archive(settings=settings) as archive:
        yield create_app(archive, settings=settings).test_client()


@pytest.fixture
def missing(tmp_path):
    """A client of a site whose archive nobody has made yet, opened by the application itself."""
    settings = Settings(archive=str(tmp_path / "none.db"))
    return create_app(settings=settings).test_client()


@pytest.fixture
def broken(app):
    """A client of a site with views that fail in ways nobody expects."""

    def explode(kind):
        raise {
            "unexpected": RuntimeError("secret /var/lib/archive"),
            "mismatch": ArchiveMismatchError("secret /var/lib/archive"),
            "encoder": EncoderError("secret /var/lib/model"),
        }[kind]

    app.add_url_rule("/explode/<kind>", "explode", explode)
    app.add_url_rule("/api/v1/explode/<kind>", "explode_api", explode)
    return app.test_client()


def test_store_down(down):
    for path in ("/", "/?q=metro", "/article/x"):
        response = down.get(path)
        assert response.status_code == 503
        assert int(response.headers["Retry-After"]) > 0
        assert response.headers["Cache-Control"] == "no-store"
        page = read_page(response)
        assert page.one("h1").text == "The archive is not answering"
        assert "127.0.0.1" not in page.text
    again = [a for a in read_page(down.get("/?q=metro&page=2")).all("a") if a.text == "Try again"]
    assert again[0].get("href") == "/?q=metro&page=2"
    vietnamese = read_page(down.get("/?q=metro&ui=vi"))
    assert vietnamese.one("h1").text == "Kho bài tạm thời không phản hồi"


API = [
    f"/api/v1/{path}"
    for path in (
        *("search?q=metro", "facets?q=metro", "histogram?q=metro", "stats", "copies?id=x"),
        *("articles/x", "articles?id=x", "articles/x/related", "related?id=x"),
    )
]


def test_store_down_in_the_api(down):
    for path in (*API, "/readyz"):
        response = down.get(path)
        assert response.status_code == 503
        assert int(response.headers["Retry-After"]) > 0
        assert response.json["error"]["code"] == "store_unavailable"
        assert response.json["error"].keys() == {"code", "message"}
        assert "127.0.0.1" not in response.text
    assert down.get("/healthz").status_code == 200


def test_archive_missing(missing, tmp_path):
    for path in ("/", "/?q=metro", "/article/x"):
        response = missing.get(path)
        assert response.status_code == 503
        assert "Retry-After" in response.headers
        page = read_page(response)
        assert page.one("h1").text == "There is no archive yet"
        assert page.one("code").text == "songngu index SOURCE…"
        assert str(tmp_path) not in page.text
    for path in (*API, "/readyz"):
        response = missing.get(path)
        assert response.status_code == 503
        assert response.json["error"]["code"] == "archive_missing"
        assert "songngu index SOURCE…" in response.json["error"]["message"]
        assert str(tmp_path) not in response.text
    assert missing.get("/healthz").status_code == 200


def test_a_site_notices_an_archive_that_is_made_later(missing, tmp_path):
    assert missing.get("/readyz").status_code == 503
    with open_archive(str(tmp_path / "none.db"), settings=Settings()) as made:
        made.create()
    assert missing.get("/readyz").status_code == 200
    assert missing.get("/").status_code == 200
    for path in API:
        assert missing.get(path).status_code in (200, 404), path


def test_the_document_and_its_page_need_no_archive(down):
    assert down.get("/api/v1/openapi.json").status_code == 200
    assert down.get("/api").status_code == 200


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("unexpected", 500, "internal"),
        ("mismatch", 503, "archive_mismatch"),
        ("encoder", 503, "encoder_unavailable"),
    ],
)
def test_details_go_to_the_log_and_nowhere_else(broken, caplog, kind, status, code):
    response = broken.get(f"/explode/{kind}")
    assert response.status_code == status
    page = read_page(response)
    assert "secret" not in page.text
    assert "Traceback" not in response.text
    response = broken.get(f"/api/v1/explode/{kind}")
    assert response.status_code == status
    assert response.json["error"]["code"] == code
    assert "secret" not in response.text
    assert "secret /var/lib" in caplog.text


def test_not_found_and_not_allowed(client):
    response = client.get("/nowhere")
    assert response.status_code == 404
    assert read_page(response).one("h1").text == "There is no such page"
    response = client.post("/", data={"q": "x"})
    assert response.status_code == 405
    assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
    assert read_page(response).one("h1").text == "This address cannot be used that way"
