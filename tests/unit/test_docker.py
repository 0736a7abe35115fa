"""What can be said of the image and the compose file without an engine: they name what there is."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest
import yaml

import search
from search.cli import cli
from search.settings import Settings

ROOT = Path(search.__file__).parents[1]
DOCKERFILE = (ROOT / "docker" / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
COMPOSE = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text("utf-8"))
OTHER_VARIABLES = {"SONGNGU_CACHE"}


def script():
    spec = importlib.util.spec_from_file_location(
        "songngu_elasticsearch", ROOT / "docker" / "elasticsearch.py"
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_the_elasticsearch_is_the_one_that_the_tests_use():
    version = script().RELEASES["9"].elasticsearch
    image = COMPOSE["services"]["elasticsearch"]["image"]
    assert image == f"docker.elastic.co/elasticsearch/elasticsearch:{version}"


def test_the_image_copies_what_there_is_and_all_packages():
    copied = [
        name
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
        for name in line.split()[:-1]
    ]
    assert {"search", "indexer", "webui"} <= set(copied)
    assert [name for name in copied if not (ROOT / name).exists()] == []
    ignored = (ROOT / ".dockerignore").read_text("utf-8").split()
    assert set(copied) & set(ignored) == set()


@pytest.mark.parametrize("where", ["image", "compose"])
def test_its_environment_is_made_of_settings(where):
    if where == "image":
        names = re.findall(r"\b(SONGNGU_\w+)=", DOCKERFILE)
    else:
        names = [n for n in COMPOSE["services"]["web"]["environment"] if n.startswith("SONGNGU_")]
    assert names
    known = {f"SONGNGU_{name.upper()}" for name in Settings.__dataclass_fields__}
    assert set(names) <= known | OTHER_VARIABLES


def test_the_image_runs_a_command_on_the_port_it_exposes():
    command = re.search(r'^CMD \["songngu", "(\w+)"\]$', DOCKERFILE, re.MULTILINE)[1]
    assert command in cli.list_commands(None)
    port = re.search(r"^EXPOSE (\d+)$", DOCKERFILE, re.MULTILINE)[1]
    assert int(port) == Settings().port
    assert f"http://127.0.0.1:{port}/healthz" in DOCKERFILE
    assert COMPOSE["services"]["web"]["ports"] == [f"127.0.0.1:{port}:{port}"]


def test_what_services_and_volumes_refer_to_is_there():
    services = COMPOSE["services"]
    for service in services.values():
        assert set(service.get("depends_on", ())) <= set(services)
        volumes = {volume.split(":")[0] for volume in service["volumes"]}
        assert volumes <= set(COMPOSE["volumes"])
    build = services["web"]["build"]
    context = ROOT / "docker" / build["context"]
    assert (context / build["dockerfile"]).samefile(ROOT / "docker" / "Dockerfile")
    assert services["web"]["environment"]["SONGNGU_ARCHIVE"].endswith("@elasticsearch:9200/news")
