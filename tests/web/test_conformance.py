"""The API against its own OpenAPI document: schemathesis asks what that allows, and what not."""

import hashlib
import shutil

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from indexer.intake import Intake
from search.archive import open_archive
from search.settings import Settings
from webui import create_app

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
    ignored_auth,
]
KEY = "5eed" * 16
# Over WSGI nothing unpacks the answers.
HEADERS = {"Authorization": f"Bearer {KEY}", "Accept-Encoding": "identity"}
EXAMPLES = 12
"""For each operation; what is found by many more was looked for when this was written."""


@pytest.fixture(scope="module")
def api(archive, tmp_path_factory):
    """The document of a site with an archive and a key of its own: it is written to."""
    folder = tmp_path_factory.mktemp("conformance")
    keys = folder / "keys.txt"
    keys.write_text(f"test {hashlib.sha256(KEY.encode()).hexdigest()}", "utf-8")
    copied = shutil.copy(archive.location, folder / "copied.db")
    own = Settings(archive=str(copied), api_keys=str(keys))
    with open_archive(settings=own) as opened:
        app = create_app(opened, settings=own, writer=Intake(opened))
        yield schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)


def operations():
    document = create_app(settings=Settings(archive="none.db")).test_client()
    paths = document.get("/api/v1/openapi.json").json["paths"]
    return [(path, method) for path, methods in paths.items() for method in methods]


@pytest.mark.parametrize(("path", "method"), operations())
def test_every_answer_is_as_the_document_says(api, path, method):
    @given(case=api[path][method.upper()].as_strategy())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def ask(case):
        case.call_and_validate(headers=HEADERS, checks=CHECKS)

    ask()
