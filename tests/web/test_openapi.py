"""The OpenAPI document is made of the code, is valid, and is shown on a page."""

import html

import pytest
from openapi_spec_validator import validate
from support.pages import read_page

from search.exports import EXPORTS
from search.settings import Settings
from webui import create_app
from webui.parameters import PARAMETERS

DOCUMENT = "/api/v1/openapi.json"
ONE_SHAPE = {"application/json": {"$ref": "#/components/schemas/ErrorAnswer"}}


@pytest.fixture
def document(client):
    return client.get(DOCUMENT).json


def operations(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_it_is_valid(document):
    assert document["openapi"].startswith("3.1.")
    validate(document)


def test_every_route_of_the_api_is_in_it(app, document):
    """A view that is not ``operation(…)`` is missed here."""
    routes = {
        (rule.rule.replace("<path:article_id>", "{id}"), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/") and rule.rule != DOCUMENT
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert {(path, method) for path, method, _ in operations(document)} == routes


@pytest.mark.parametrize("name", ["facets", "histogram"])
def test_what_counts_has_no_parameters_of_pages(document, name):
    def names(path):
        return {p["name"] for p in document["paths"][f"/api/v1/{path}"]["get"]["parameters"]}

    assert names(name) - {"step"} == names("search") - {"k", "offset", "sort", "explain"}


def test_search_has_the_parameters_of_an_address_but_for_pages(document):
    parameters = document["paths"]["/api/v1/search"]["get"]["parameters"]
    assert {parameter["name"] for parameter in parameters} == PARAMETERS - {"page"}
    assert not [p["name"] for p in parameters if p["required"]]  # filters alone list


def test_an_export_is_a_file_of_the_matches(document):
    def names(path):
        return {p["name"] for p in document["paths"][f"/api/v1/{path}"]["get"]["parameters"]}

    assert names("export") - {"format", "related"} == names("search") - {"k", "offset", "explain"}
    answer = document["paths"]["/api/v1/export"]["get"]["responses"]["200"]
    types = [form.media_type for form in EXPORTS.values()]
    assert [f"{kind}; charset=utf-8" for kind in answer["content"]] == types


def test_everything_in_it_is_described(document):
    for path, _, operation in operations(document):
        assert operation["summary"].endswith("."), path
        for parameter in operation.get("parameters", ()):
            assert parameter["description"], (path, parameter["name"])
        for status, response in operation["responses"].items():
            assert response["description"], (path, status)
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(names)) == len(names)


def test_every_error_has_the_one_shape(document):
    for path, _, operation in operations(document):
        for status, response in operation["responses"].items():
            shapes = {kind: one["schema"] for kind, one in response["content"].items()}
            is_error = status == "default" or int(status) >= 400
            assert (shapes == ONE_SHAPE) == is_error, (path, status)


@pytest.mark.parametrize("prefix", ["", "/news"])
def test_it_says_where_the_site_is_shown(settings, archive, prefix):
    shown = Settings(archive=settings.archive, prefix=prefix)
    client = create_app(archive, settings=shown).test_client()
    assert client.get(DOCUMENT).json["servers"] == [{"url": prefix or "/"}]
    page = html.unescape(client.get("/api").text)
    assert f"'http://localhost{prefix}/api/v1/search?q=" in page


@pytest.mark.parametrize("ui", ["vi", "en"])
def test_the_page_shows_all_of_it(client, document, ui):
    page = read_page(client.get("/api", query_string={"ui": ui}))
    ids = {element.get("id") for element in page.all("section")}
    for path, method, operation in operations(document):
        assert f"{method.upper()} {path}" in page.text
        assert operation["operationId"] in ids
    assert document["components"]["schemas"].keys() <= ids
    for link in page.one("main").all("a"):
        href = link.get("href")
        assert href[1:] in ids if href.startswith("#") else href == DOCUMENT
    assert "`" not in page.text


def test_pages_lead_there(client):
    links = [link.get("href") for link in read_page(client.get("/?ui=vi")).all("a")]
    assert "/api?ui=vi" in links
