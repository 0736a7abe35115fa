"""One table of settings: where each value comes from, and what it may be.

A value is taken from the first of: the command line's flag, the environment variable
``SONGNGU_<NAME>``, the TOML file named by ``SONGNGU_CONFIG`` (or ``songngu.toml`` in the current
folder), the default. The README's table is generated from this one.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from search.addresses import without_secrets
from search.errors import SettingsError

_DEFAULT_CONFIG = "songngu.toml"
_HIDDEN = "***"


def _setting(
    default: Any,
    help_text: str,
    *,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    secret: bool = False,
    choices: tuple[str, ...] = (),
) -> Any:
    """Declare a field of ``Settings``, with its line in the table."""
    metadata: dict[str, Any] = {"help": help_text, "unit": unit, "low": low, "high": high}
    metadata |= {"secret": secret, "choices": choices}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, validated. No secret appears in ``repr``, nor in what is raised."""

    archive: str = _setting(
        "songngu.db", "the archive: a file, or http(s)://host:9200/name for Elasticsearch"
    )
    encoder: str = _setting(
        "",
        "the embedding model: `bundled`, a sentence-transformers name, or a folder;"
        " empty takes the archive's own (`bundled` for a new one)",
    )
    device: str = _setting("", "where such a model runs (cpu, cuda, …); empty lets it choose")
    batch_size: int = _setting(32, "texts embedded at once", unit="texts", low=1, high=4096)
    es_api_key: str = _setting("", "Elasticsearch API key", secret=True)
    es_password: str = _setting(
        "",
        "password of the user that Elasticsearch's address names (`http://user@host:9200/name`)",
        secret=True,
    )
    es_ca_certs: str = _setting("", "file with the certificates Elasticsearch's TLS is checked by")
    query_timeout_s: float = _setting(
        10.0, "longest wait for Elasticsearch in a search", unit="s", low=0.1, high=600
    )
    index_timeout_s: float = _setting(
        60.0, "longest wait for Elasticsearch while indexing", unit="s", low=1, high=3600
    )
    host: str = _setting("127.0.0.1", "address the web site listens on")
    port: int = _setting(8080, "port of the web site", low=0, high=65535)
    threads: int = _setting(8, "requests the web site answers at once", low=1, high=256)
    prefix: str = _setting(
        "",
        "path under which a reverse proxy shows the site, such as `/news`; empty: the whole host",
    )
    proxies: int = _setting(
        0,
        "reverse proxies in a row whose X-Forwarded-For, -Proto, -Host and -Prefix are believed;"
        " only for a port that nobody else reaches",
        low=0,
        high=10,
    )
    max_query_chars: int = _setting(
        500, "longest query that is answered", unit="characters", low=10, high=100_000
    )
    api_keys: str = _setting(
        "",
        "file with the API keys that may add and remove articles: on each line a name and the"
        " SHA-256 of the key in hexadecimal; empty lets nobody write",
    )
    rate_limit: str = _setting(
        "",
        "most requests of one address, such as `120 per minute; 5000 per day`; empty sets none."
        " Behind a proxy it needs `proxies`, as all readers have the proxy's address otherwise",
    )
    rate_limit_storage: str = _setting(
        "memory://",
        "where requests are counted: in the process, or a server that the package `limits` knows,"
        " such as `redis://host:6379`",
        secret=True,
    )
    allow_origins: str = _setting(
        "",
        "web sites whose scripts may read the API, such as `https://paper.example`; several with"
        " commas between them, `*` for all, empty for none",
    )
    log_format: str = _setting(
        "text",
        "what `songngu serve` writes to standard error: `text` for errors alone, or `json` for a"
        " JSON line for each request and error, without addresses of readers",
    )
    log_queries: int = _setting(
        0, "1 writes into these lines what was searched for, too", low=0, high=1
    )
    user_agent: str = _setting(
        "Songngu (self-hosted news search)",
        "how fetching names itself; its first word is what robots.txt rules are looked up by",
    )
    fetch_pause_s: float = _setting(
        1.0,
        "shortest pause between two requests to one host; its robots.txt may ask for a longer one",
        unit="s",
        low=0,
        high=3600,
    )
    fetch_connect_timeout_s: float = _setting(
        10.0, "longest wait for a connection to a web server", unit="s", low=0.1, high=600
    )
    fetch_read_timeout_s: float = _setting(
        20.0, "longest silence of a web server", unit="s", low=0.1, high=600
    )
    fetch_timeout_s: float = _setting(
        60.0, "longest time for one request, with its whole answer", unit="s", low=0.1, high=3600
    )
    fetch_tries: int = _setting(
        3, "requests made for one address before it counts as failed", low=1, high=10
    )
    fetch_max_mb: int = _setting(
        10, "largest page or feed, unpacked; sitemaps may have 50", unit="MiB", low=1, high=1024
    )
    fetch_max_pages: int = _setting(
        1000,
        "pages fetched for one source in one run, with sitemaps, robots.txt, redirects and further"
        " tries in twice as many requests and 20; the others follow in the next",
        unit="pages",
        low=1,
        high=1_000_000,
    )
    fetch_max_total_mb: int = _setting(
        1000,
        "sent by servers for one source in one run; the rest follows in the next",
        unit="MiB",
        low=1,
        high=1_000_000,
    )
    fetch_max_minutes: float = _setting(
        60.0,
        "longest time for one source in one run, pauses included; the rest follows in the next",
        unit="min",
        low=0.01,
        high=10_080,
    )
    allow_private: str = _setting(
        "",
        "private networks or addresses that may be fetched from, such as `10.0.0.0/8, 127.0.0.1`;"
        " empty allows none",
    )
    smtp_password: str = _setting(
        "", "password of the user that the file of `songngu alert` names for its mail", secret=True
    )
    site_name: str = _setting("Songngu", "name of the web site, in its pages' heads")
    title_opens: str = _setting(
        "reader",
        "what the title of a result opens: `reader`, the story here with the query marked in it, or"
        " `publisher`, the page where it was published; a link beside it opens the other",
        choices=("reader", "publisher"),
    )

    def __repr__(self) -> str:
        """Show all values that were set: no secret, and no password in an address."""
        shown = (
            f"{f.name}={_shown(f.name, value)}"
            for f in fields(self)
            if (value := getattr(self, f.name)) != f.default
        )
        return f"Settings({', '.join(shown)})"

    @classmethod
    def load(
        cls, flags: Mapping[str, object] | None = None, *, environ: Mapping[str, str] | None = None
    ) -> Settings:
        """Read settings from flags, the environment and the TOML file, in this order.

        Args:
            flags: Values by setting name; None as a value means that the flag was not given.

        Raises:
            SettingsError: A key is unknown, or a value cannot be used.
        """
        environ = os.environ if environ is None else environ
        known = {f.name for f in fields(cls)}
        values: dict[str, Any] = {}
        for key, value in _file_values(environ).items():
            if key not in known:
                raise SettingsError(
                    f"{_config_path(environ)}: unknown setting {without_secrets(key)!r}."
                    f" Known are: {', '.join(sorted(known))}."
                )
            values[key] = _parse(key, value, f"{_config_path(environ)}: {key}")
        for key in known:
            name = f"SONGNGU_{key.upper()}"
            if environ.get(name):
                values[key] = _parse(key, environ[name], name)
        for key, flag in (flags or {}).items():
            if flag is not None:
                values[key] = _parse(key, flag, f"--{key.replace('_', '-')}")
        return cls(**values)


def cache_folder() -> Path:
    """Find the folder for what can be made again; SONGNGU_CACHE names another one."""
    if named := os.environ.get("SONGNGU_CACHE"):
        return Path(named).expanduser().absolute()
    general = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(general).absolute() / "songngu"


def table() -> list[tuple[str, str, str, str]]:
    """List (name, default, unit, help) of every setting, for the README."""
    return [
        (
            f.name,
            str(f.default) if f.default != "" else "–",
            f.metadata["unit"] or "–",
            f.metadata["help"],
        )
        for f in fields(Settings)
    ]


def _parse(key: str, value: object, origin: str) -> Any:
    """Convert a value to its setting's type, and check its bounds."""
    spec = next(f for f in fields(Settings) if f.name == key)
    kind: type = type(spec.default)
    if kind is str:
        if not isinstance(value, str):
            raise SettingsError(f"{origin} must be text, not {_shown(key, value)}.")
        if (choices := spec.metadata["choices"]) and value not in choices:
            raise SettingsError(
                f"{origin} must be {' or '.join(choices)}, not {_shown(key, value)}."
            )
        return _checked_secret(key, value, origin) if spec.metadata["secret"] else value
    try:
        number = kind(str(value).strip())
    except ValueError:
        wanted = "a whole number" if kind is int else "a number"
        raise SettingsError(f"{origin} must be {wanted}, not {_shown(key, value)}.") from None
    low, high = spec.metadata["low"], spec.metadata["high"]
    if not low <= number <= high:
        raise SettingsError(f"{origin} must be between {low:g} and {high:g}, not {number:g}.")
    return number


def _shown(key: str, value: object) -> str:
    """Write a value for people to read; a secret is hidden."""
    if any(f.metadata["secret"] for f in fields(Settings) if f.name == key):
        return _HIDDEN
    return repr(without_secrets(value)) if isinstance(value, str) else type(value).__name__


def _checked_secret(key: str, value: str, origin: str) -> str:
    """Check that a secret can be sent; white space around it, which files add, is removed.

    Raises:
        SettingsError: It holds a line break, or what no API key holds.
    """
    secret = value.strip()
    if not secret.isprintable() or (key == "es_api_key" and not secret.isascii()):
        raise SettingsError(
            f"{origin} holds a line break or another character that cannot be sent. Copy it again."
        )
    return secret


def _config_path(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("SONGNGU_CONFIG") or _DEFAULT_CONFIG)


def _file_values(environ: Mapping[str, str]) -> dict[str, Any]:
    path = _config_path(environ)
    if not environ.get("SONGNGU_CONFIG") and not path.exists():
        return {}
    shown = without_secrets(str(path))  # an archive's address may have been put there
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(
            f"The settings file {shown} cannot be read: {error.strerror}."
        ) from None
    except UnicodeDecodeError:
        raise SettingsError(f"The settings file {shown} is not in UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"The settings file {shown} is not valid TOML: {error}.") from None


def markdown() -> str:
    """Write the table of settings as the README shows it."""
    rows = [f"| `{name}` | {default} | {unit} | {text} |" for name, default, unit, text in table()]
    return "\n".join(["| setting | default | unit | what it is |", "|---|---|---|---|", *rows])


if __name__ == "__main__":
    print(markdown())  # noqa: T201
