"""The JSON API: its shape, its errors, and the two health checks."""

import json

import pytest
from support.commands import songngu

from search.records import Filters, Query

QUERY = "đường sắt tốc độ cao"


def without_time(answer):
    return {name: value for name, value in answer.items() if name != "took_ms"}


def test_search_answers_in_the_shape_of_results(client, archive):
    response = client.get("/api/v1/search", query_string={"q": QUERY, "k": "3"})
    assert response.status_code == 200
    assert response.mimetype == "application/json"
    answer = response.json
    assert without_time(answer) == without_time(archive.search(Query(QUERY, k=3)).to_json())
    assert list(answer) == [
        "query",
        "query_lang",
        "read_as",
        "phrases",
        "suggestion",
        "mode",
        "took_ms",
        "total",
        "related",
        "results",
        "mixed",
    ]
    assert answer["query"] == QUERY
    assert answer["query_lang"] == "vi"
    assert list(answer["results"]) == ["vi", "en"]
    for lang, hits in answer["results"].items():
        assert 0 < len(hits) <= 3
        for hit in hits:
            assert hit["lang"] == lang
            assert {
                "id",
                "title",
                "date",
                "source",
                "url",
                "relevance",
                "zone",
                "matched",
            } <= hit.keys()
            assert {"counterpart", "copies"} <= hit.keys()
            for start, end in hit["passage"]["marks"]:
                assert 0 <= start < end <= len(hit["passage"]["text"])
    ids = {hit["id"] for hits in answer["results"].values() for hit in hits}
    assert set(answer["mixed"]) == ids
    # Vietnamese stays readable on the wire.
    assert QUERY.encode() in response.data


def test_every_parameter_reaches_the_archive(client, archive):
    source = next(name for name in archive.stats().sources if name)
    response = client.get(
        "/api/v1/search",
        query_string={
            "q": "duong sat toc do cao",
            "k": "5",
            "offset": "1",
            "lang": "vi",
            "mode": "words",
            "from": "2000-01-01",
            "to": "2100-01-01",
            "source": [source, "Nguồn khác"],
            "sort": "oldest",
            "verbatim": "1",
        },
    )
    query = Query(
        text="duong sat toc do cao",
        k=5,
        offset=1,
        lang="vi",
        mode="words",
        sort="oldest",
        filters=Filters("2000-01-01", "2100-01-01", (source, "Nguồn khác")),
        verbatim=True,
    )
    assert without_time(response.json) == without_time(archive.search(query).to_json())
    assert response.json["read_as"] is None
    assert list(response.json["results"]) == ["vi"]


def test_offset_pages(client):
    def ids(**parameters):
        answer = client.get("/api/v1/search", query_string={"q": QUERY, **parameters}).json
        return [hit["id"] for hit in answer["results"]["vi"]]

    whole = ids(k="100")
    assert len(whole) >= 4  # matches, then what is possibly related
    assert ids(k="2", offset="2") == whole[2:4]
    assert ids(offset="9999") == []


@pytest.mark.parametrize(
    ("parameters", "status", "code", "named"),
    [
        ({}, 400, "bad_query", "q"),
        ({"q": " "}, 400, "bad_query", "q"),
        ({"headline": "1"}, 400, "bad_query", "q"),
        ({"q": "x", "first": "maybe"}, 400, "bad_parameter", "first"),
        ({"q": "-x"}, 400, "bad_query", ""),
        ({"q": "x", "k": "0"}, 400, "bad_parameter", "k"),
        ({"q": "x", "k": "1001"}, 400, "bad_parameter", "k"),
        ({"q": "x", "k": "ten"}, 400, "bad_parameter", "k"),
        ({"q": "x", "offset": "-1"}, 400, "bad_parameter", "offset"),
        ({"q": "x", "lang": "fr"}, 400, "bad_parameter", "lang"),
        ({"q": "x", "mode": "x"}, 400, "bad_parameter", "mode"),
        ({"q": "x", "from": "2025-13"}, 400, "bad_parameter", "from"),
        ({"q": "x", "to": "31/02/2025"}, 400, "bad_parameter", "to"),
        ({"q": "x", "from": "2025-02-02", "to": "2025-01-01"}, 400, "bad_parameter", "from"),
        ({"q": "x", "sort": "x"}, 400, "bad_parameter", "sort"),
        ({"q": "x", "verbatim": "x"}, 400, "bad_parameter", "verbatim"),
        ({"q": "x", "source": [f"s{i}" for i in range(101)]}, 400, "bad_parameter", "source"),
        ({"q": "x" * 5000}, 413, "query_too_long", "500"),
    ],
)
def test_errors_have_one_shape(client, parameters, status, code, named):
    # Messages are English whatever the browser prefers: they are for programmers.
    response = client.get(
        "/api/v1/search", query_string=parameters, headers={"Accept-Language": "vi"}
    )
    assert response.status_code == status
    assert response.mimetype == "application/json"
    assert response.json.keys() == {"error"}
    error = response.json["error"]
    assert error.keys() == {"code", "message"}
    assert error["code"] == code
    assert named in error["message"]
    assert error["message"].isascii() or "“" in error["message"]
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        "search?q=x",
        "articles/x",
        "articles?id=x",
        "copies?id=x",
        "stats",
        "facets?q=x",
        "histogram?q=x",
        "articles/x/related",
        "related?id=x",
    ],
)
@pytest.mark.parametrize("name", ["colour", "page", "ui"])
def test_unknown_parameters_are_refused_by_name(client, path, name):
    answer = client.get(f"/api/v1/{path}{'&' if '?' in path else '?'}{name}=1")
    assert answer.status_code == 400
    assert answer.json["error"]["code"] == "bad_parameter"
    assert f"“{name}”" in answer.json["error"]["message"]


def test_an_article_is_whole_and_as_it_is_exported(client, archive):
    exported = [
        json.loads(line)
        for line in songngu("export", "--archive", archive.location).stdout.splitlines()
    ]
    assert len(exported) == 62
    for article in exported[:5]:
        assert client.get(f"/api/v1/articles/{article['id']}").json == article
        assert client.get("/api/v1/articles", query_string={"id": article["id"]}).json == article
    assert any(article["counterpart"] for article in exported[:5])


@pytest.mark.parametrize(
    "path", ["articles/none", "articles?id=none", "articles", "copies?id=none"]
)
def test_what_is_not_there_is_not_found(client, path):
    answer = client.get(f"/api/v1/{path}")
    assert answer.status_code == 404
    assert answer.json["error"]["code"] == "not_found"


def test_stats_are_those_of_the_archive(client, archive):
    answer, inside = client.get("/api/v1/stats").json, archive.stats()
    assert answer["articles"] == inside.articles
    assert (answer["sources"], answer["months"]) == (inside.sources, inside.months)
    assert archive.location not in str(answer)


def test_unknown_addresses_and_methods(client):
    response = client.get("/api/v1/nothing")
    assert response.status_code == 404
    assert response.json["error"]["code"] == "not_found"
    response = client.post("/api/v1/search")
    assert response.status_code == 405
    assert response.json["error"]["code"] == "method_not_allowed"
    assert "GET" in response.headers["Allow"]


def test_health(client):
    for path, status in (("/healthz", "ok"), ("/readyz", "ready")):
        response = client.get(path)
        assert response.status_code == 200
        assert response.json == {"status": status}
        assert response.headers["Cache-Control"] == "no-store"
