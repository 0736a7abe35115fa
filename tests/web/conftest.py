"""settings → archive → app → client, over the demo stories."""

import pytest
from support.archives import demo_archive

from search.archive import open_archive
from search.settings import Settings
from webui import create_app


@pytest.fixture(scope="session")
def settings(tmp_path_factory):
    return Settings(archive=str(demo_archive(tmp_path_factory)))


@pytest.fixture(scope="session")
def archive(settings):
    with open_archive(settings=settings) as opened:
        yield opened


@pytest.fixture
def app(archive, settings):
    return create_app(archive, settings=settings)


@pytest.fixture
def client(app):
    return app.test_client()
