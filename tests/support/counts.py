"""How often tests repeat what they do at random: settings of whoever runs them."""

from __future__ import annotations

import os

used: dict[str, int] = {}
"""Setting → the number that this run takes."""


def count(name: str, default: int) -> int:
    """The number that an environment variable gives; ask for it while the tests are imported."""
    used[name] = int(os.environ.get(name) or default)
    return used[name]
