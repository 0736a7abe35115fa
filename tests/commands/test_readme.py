"""The commands that the README shows are run as they stand, in their order, by a reader's hand."""

import gzip
import json
import re
import shlex
import signal
import urllib.request
from pathlib import Path

import pytest
from support.archives import demo_archive, stories
from support.commands import songngu, songngu_json, start
from support.news_pages import STORIES, article, item, rss, sitemap
from support.web_server import Reply, WebServer

import search

README = (Path(search.__file__).parents[1] / "README.md").read_text("utf-8")
_BY_SHELL = "the shell does it: what is sent then, tests/web/test_writing.py sends"
NOT_RUN = {
    "KEY=$(openssl rand -hex 32)": _BY_SHELL,
    'echo "cms $(printf %s "$KEY" | sha256sum | cut -d \' \' -f 1)" >> keys.txt': _BY_SHELL,
    "SONGNGU_API_KEYS=keys.txt songngu serve --archive news.db": _BY_SHELL,
    'curl -H "Authorization: Bearer $KEY" -H "Content-Type: application/json"'
    " --data-binary @article.json \\": _BY_SHELL,
    "make demo": "it installs gigabytes; its last step is in tests/faults/test_ctrl_c.py",
    "make test": "it is what runs this",
    "python docker/elasticsearch.py start": (
        "it leaves a server running: tests/faults/test_elasticsearch_script.py; here the server"
        " that the tests share stands in"
    ),
}
ES_ARCHIVE = "http://127.0.0.1:9200/news"
SITES = ("https://news.example", "https://paper.example")
TAKEN_DOWN = "https://bao.example/tin-sai"
ENVIRONMENT = {
    "SONGNGU_PORT": "0",  # that of the README may be taken on this machine
    "SONGNGU_ALLOW_PRIVATE": "127.0.0.1",
    "SONGNGU_FETCH_PAUSE_S": "0",
}
KEEPS_RUNNING = re.compile(r"songngu serve|--every")


def examples():
    """Commands of the README's consoles, each with the lines that it shows below it."""
    found = []
    for block in re.findall(
        r"^```(?:console|bash|sh)\n(.*?)^```", README, re.MULTILINE | re.DOTALL
    ):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            else:
                found[-1][1].append(line)
    return found


def as_shown(line):
    """A pattern of a line of output, in which numbers, and what stands for more, may vary."""
    pattern = re.sub(r"\d[\d,.]*", r"\\d[\\d,.]*", re.escape(line).replace(r"\,", ","))
    return pattern.replace("…", ".*")


@pytest.fixture
def reader(tmp_path):
    """A folder with the files that the README takes for the reader's own."""
    some = stories()[:8]
    some[0]["url"] = TAKEN_DOWN
    (tmp_path / "stories").mkdir()
    lines = [json.dumps(story, ensure_ascii=False) for story in some]
    (tmp_path / "stories" / "news.jsonl").write_text("\n".join(lines[:5]), "utf-8")
    (tmp_path / "stories" / "saved.html").write_text(article("cau"), "utf-8")
    (tmp_path / "more.jsonl.gz").write_bytes(gzip.compress("\n".join(lines[5:]).encode()))
    return tmp_path


@pytest.fixture
def site():
    """A newspaper that stands for those of the README."""
    with WebServer() as server:
        for name in STORIES:
            server.pages[f"/{name}.html"] = Reply(article(name))
        server.pages["/rss"] = Reply(
            rss([("/caphe.html", item("caphe"))]), kind="application/rss+xml"
        )
        pages = sitemap([(server.url("/tau.html"), "")])
        server.pages["/sitemap.xml"] = Reply(pages, kind="application/xml")
        yield server


def test_every_command_is_run_or_listed_with_a_reason():
    shown = [command for command, _ in examples()]
    assert len(shown) > 8
    assert NOT_RUN.keys() <= set(shown)
    for command in shown:
        assert command in NOT_RUN or shlex.split(command)[0] == "songngu", command


def test_the_commands_do_what_is_shown(reader, site, cluster):
    for command, output in examples():
        if command in NOT_RUN:
            continue
        command = command.replace(ES_ARCHIVE, cluster)
        for address in SITES:
            command = command.replace(address, site.url("").rstrip("/"))
        run = keep_running if KEEPS_RUNNING.search(command) else run_to_the_end
        said = run(shlex.split(command)[1:], reader)
        for line in output:
            assert re.search(as_shown(line), said), f"$ {command}\n{said}\nis not: {line}"
    names = {path.name for path in reader.iterdir()}
    assert {"news.db", "news.db.fetched"} <= names
    assert "songngu-errors.jsonl" not in names


def run_to_the_end(arguments, folder):
    done = songngu(*arguments, cwd=folder, **ENVIRONMENT)
    assert done.returncode == 0, f"{arguments}: {done.stderr}"
    return done.stdout


def keep_running(arguments, folder):
    """What a command says first that runs until Ctrl-C, which it is given then."""
    process = start(*arguments, cwd=folder, **ENVIRONMENT)
    try:
        first = process.stdout.readline()
        if address := re.search(r"Songngu is at (\S+)", first):
            with urllib.request.urlopen(f"{address[1]}?q=tin", timeout=60) as page:
                assert page.status == 200
        process.send_signal(signal.SIGINT)
        said, errors = process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 0, f"{arguments}: {errors}"
    assert "Traceback" not in errors
    return first + said


def test_the_answer_in_json_has_the_shape_that_is_shown(tmp_path_factory):
    blocks = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", README, re.DOTALL)]
    (shown,) = [block for block in blocks if "results" in block]
    archive = demo_archive(tmp_path_factory)
    answer = songngu_json("search", shown["query"], "--archive", archive)
    assert answer["query_lang"] == shown["query_lang"]
    assert answer["read_as"] == shown["read_as"]
    assert answer["results"].pop("en")[0].keys() == answer["results"]["vi"][0].keys()
    assert shown["results"].pop("en") == []
    assert shape(answer) == shape(shown)


def shape(value, at=""):
    """Where in a value what kind of value is: of a list, its first."""
    if isinstance(value, dict):
        kinds = {}
        for name, inner in value.items():
            kinds |= shape(inner, f"{at}.{name}".lstrip("."))
        return kinds
    if isinstance(value, list):
        return shape(value[0], f"{at}[]") if value else {f"{at}[]": "nothing"}
    return {at: type(value).__name__}
