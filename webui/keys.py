"""API keys: who may add and remove articles.

A file has a line for each, with a name and the key's SHA-256 in hexadecimal. The keys themselves
are kept nowhere. They are to be random (``openssl rand -hex 32``), so that a plain hash tells no
more about them than a slow one would.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from pathlib import Path

from search.errors import SettingsError

_LINE = re.compile(r"(?P<name>\S+)\s+(?P<hash>[0-9A-Fa-f]{64})")


class ApiKeys:
    """The keys of a file, which is read for each question: a line that is taken out counts at once.

    Raises:
        SettingsError: The file cannot be read, or has a line that is none.
    """

    def __init__(self, path: str) -> None:
        self._path = Path(path).expanduser()
        self._read()

    def owner(self, key: str) -> str | None:
        """Name the owner of a key; None where nobody has it.

        It takes as long whichever key is given: nothing can be guessed piece by piece.

        Raises:
            SettingsError: The file cannot be read any more.
        """
        given = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
        found = [name for name, known in self._read() if hmac.compare_digest(known, given)]
        return found[0] if found else None

    def _read(self) -> list[tuple[str, str]]:
        try:
            lines = self._path.read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not in UTF-8"
            raise SettingsError(
                f"The file of API keys, {self._path}, cannot be read: {reason}."
            ) from None
        keys = []
        for number, line in enumerate(lines, 1):
            if not line.strip() or line.startswith("#"):
                continue
            if (found := _LINE.fullmatch(line.strip())) is None:
                raise SettingsError(
                    f"Line {number} of {self._path} is no API key: it needs a name and the key's"
                    " SHA-256, 64 hexadecimal digits."
                )
            keys.append((found["name"], found["hash"].lower()))
        return keys
