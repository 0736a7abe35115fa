"""The stories that ship for a first look: invented news, told in one or both languages."""

from __future__ import annotations

from importlib import resources
from pathlib import Path


def stories_path() -> Path:
    """The JSONL file with the demo stories."""
    return Path(str(resources.files(__name__) / "stories.jsonl"))
