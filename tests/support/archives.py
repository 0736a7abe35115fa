"""Real archives for tests: indexed by the real indexer, embedded by the real encoder."""

import json
from pathlib import Path

import indexer

STORIES = Path(indexer.__path__[0]) / "demo" / "stories.jsonl"


def stories():
    """The demo stories as they ship, in the order of their file."""
    return [json.loads(line) for line in STORIES.read_text("utf-8").splitlines() if line.strip()]


def build_archive(source, destination):
    """Index a file into a new embedded archive through the command; returns its path."""
    from search.cli import cli

    cli.main(["index", str(source), "--archive", str(destination)], standalone_mode=False)
    return destination


def demo_archive(tmp_path_factory):
    """The archive of the demo stories, built once in a test session."""
    path = tmp_path_factory.getbasetemp() / "demo-archive" / "demo.db"
    if not path.exists():
        path.parent.mkdir()
        build_archive(STORIES, path)
    return path
