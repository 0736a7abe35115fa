"""Real archives for tests: indexed by the real indexer, embedded by the real encoder."""

import json
from pathlib import Path

from support.once import made_once

import indexer
from search.archive import open_archive
from search.cli import cli
from search.records import Passage
from search.settings import Settings
from search.stores.base import Entry
from search.text.languages import LANGUAGES

STORIES = Path(indexer.__path__[0]) / "demo" / "stories.jsonl"


def stories():
    """The demo stories as they ship, in the order of their file."""
    return [json.loads(line) for line in STORIES.read_text("utf-8").splitlines() if line.strip()]


def build_archive(source, destination):
    """Index a file into a new embedded archive through the command; returns its path."""
    cli.main(["index", str(source), "--archive", str(destination)], standalone_mode=False)
    return destination


def write_archive(articles, destination):
    """An archive with these articles as they are: what no cleaner has seen; returns its path."""
    with open_archive(str(destination), settings=Settings()) as archive:
        archive.create()
    add_to_archive(articles, destination)
    return destination


def add_to_archive(articles, destination):
    """Write articles as they are to an archive that is there."""
    with open_archive(str(destination), settings=Settings()) as archive:
        entries = [
            Entry(
                article,
                (Passage(0, 0, len(article.body)),),
                archive.encoder.encode_passages([f"{article.title}\n{article.body}"]),
                LANGUAGES[article.lang].forms(title=article.title, body=article.body),
            )
            for article in articles
        ]
        report = archive.store.upsert(entries)
        archive.store.flush()
    assert not report.failures


def demo_archive(tmp_path_factory):
    """The archive of the demo stories, built once in a run; tests only read it."""
    folder = made_once(
        tmp_path_factory, "demo-archive", lambda new: build_archive(STORIES, new / "demo.db")
    )
    return folder / "demo.db"
