"""The file of saved searches, in TOML: what is watched, for whom, and how mail is sent."""

from __future__ import annotations

import ipaddress
import json
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import urlsplit

from search.addresses import digest, without_secrets
from search.errors import SettingsError
from search.records import Filters, Mode, Query

Security = Literal["none", "starttls", "tls"]

LANGUAGES_OF_MESSAGES = ("vi", "en")

_FILE_KEYS = ("site", "ui", "recipients", "mail", "search")
_MAIL_KEYS = ("host", "port", "security", "user", "from", "ca_certs", "timeout_s")
_SEARCH_KEYS = (
    "name", "query", "lang", "mode", "from", "to", "source", "author", "section", "verbatim",
    "phrase", "ui", "recipients",
)  # fmt: skip
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+")
_NAMED_ADDRESS = re.compile(rf'(?:"?(?P<name>[^<>"]*?)"?\s*<(?P<in>{_ADDRESS.pattern})>)')


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """A search that is watched.

    Attributes:
        name: One line; no other search of the file has it.
        ui: The language of its messages, "vi" or "en".
        recipients: Addresses of e-mail.
    """

    name: str
    query: Query
    ui: str
    recipients: tuple[str, ...] = ()

    @property
    def asks(self) -> str:
        """What tells whether it still asks for the same."""
        usual = asdict(Query(""))
        said = {name: v for name, v in asdict(self.query).items() if v != usual[name]}
        filters = {name: v for name, v in asdict(self.query.filters).items() if v}
        # Only what is said: a later version knows more ways to ask, and nobody's search changes.
        return digest(json.dumps(said | {"filters": filters}, sort_keys=True))


@dataclass(frozen=True, slots=True)
class MailSettings:
    """How mail is sent. The password is a setting, ``smtp_password``: it is never in the file.

    Attributes:
        security: "none", "starttls" (which the server must offer), or "tls" from the first byte.
        sender, sender_name: The address that messages come from, and what stands before it.
        ca_certs: File with the certificates the server's is checked by; empty takes the system's.
        timeout_s: Longest silence of the server, in seconds.
    """

    host: str
    port: int
    security: Security
    user: str
    sender: str
    sender_name: str
    ca_certs: str
    timeout_s: float


@dataclass(frozen=True, slots=True)
class AlertFile:
    """What the file says.

    Attributes:
        site: Address of the web site that links lead to, without a slash at the end; may be empty.
        mail: None where messages are printed.
    """

    site: str
    mail: MailSettings | None
    searches: tuple[SavedSearch, ...]


def read_alert_file(path: Path) -> AlertFile:
    """Read and check the file of saved searches.

    Raises:
        SettingsError: It cannot be read, or says what cannot be; one line tells what.
    """
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path} is not in UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}.") from None
    try:
        return _alert_file(values)
    except SettingsError as error:
        raise SettingsError(f"{path}: {error}") from None


def _alert_file(values: Mapping[str, Any]) -> AlertFile:
    _check_keys(values, _FILE_KEYS, "the file")
    ui = _ui(values, "en", "ui")
    recipients = _recipients(values, (), "recipients")
    mail = _mail(_table(values, "mail")) if "mail" in values else None
    tables = values.get("search", [])
    if not isinstance(tables, list) or not tables or not all(isinstance(t, dict) for t in tables):
        raise SettingsError(
            "there is no search in it. Write one as [[search]] with name and query."
        )
    searches = tuple(_search(t, n, ui, recipients) for n, t in enumerate(tables, 1))
    names: set[str] = set()
    for search in searches:
        if search.name in names:
            raise SettingsError(f"two searches are called {search.name!r}; give each its own name.")
        names.add(search.name)
        if mail and not search.recipients:
            raise SettingsError(
                f'nobody is to be told of {search.name!r}: add recipients = ["…@…"].'
            )
    return AlertFile(_site(values), mail, searches)


def _search(
    values: Mapping[str, Any], number: int, ui: str, recipients: tuple[str, ...]
) -> SavedSearch:
    where = f"search {number}"
    name = _text(values, "name", where).strip()
    if not name or not name.isprintable():
        raise SettingsError(f"{where} has no name of one line.")
    where = f"search {name!r}"
    _check_keys(values, _SEARCH_KEYS, where)
    filters = Filters(
        _day(values, "from", where),
        _day(values, "to", where),
        _texts(values, "source", where),
        _texts(values, "author", where),
        _texts(values, "section", where),
    )
    query = Query(
        _text(values, "query", where),
        lang=_text(values, "lang", where, "both"),
        mode=cast("Mode", _text(values, "mode", where, "hybrid")),
        filters=filters,
        verbatim=_truth(values, "verbatim", where),
        only_phrases=_truth(values, "phrase", where),
    )
    return SavedSearch(name, query, _ui(values, ui, where), _recipients(values, recipients, where))


def _mail(values: Mapping[str, Any]) -> MailSettings:
    if "password" in values:
        raise SettingsError(
            "a password does not belong here. Put it into the environment, as"
            " SONGNGU_SMTP_PASSWORD, or into songngu.toml, as smtp_password."
        )
    _check_keys(values, _MAIL_KEYS, "[mail]")
    host, user = _text(values, "host", "[mail]").strip(), _text(values, "user", "[mail]", "")
    port = values.get("port", 587 if user else 25)
    if type(port) is not int or not 0 < port < 65536:
        raise SettingsError("port in [mail] must be a number from 1 to 65535.")
    usual = {465: "tls", 587: "starttls"}.get(port, "none")
    security = _text(values, "security", "[mail]", usual)
    if security not in ("none", "starttls", "tls"):
        raise SettingsError("security in [mail] must be none, starttls or tls.")
    if user and security == "none" and not _is_this_machine(host):
        raise SettingsError(
            'the password would be sent in the clear: set security = "starttls" or "tls".'
        )
    timeout_s = values.get("timeout_s", 30)
    if type(timeout_s) not in (int, float) or not 0.1 <= timeout_s <= 600:
        raise SettingsError("timeout_s in [mail] must be between 0.1 and 600 seconds.")
    given = _text(values, "from", "[mail]").strip()
    named = _NAMED_ADDRESS.fullmatch(given)
    sender = named["in"] if named else given
    sender_name = named["name"] if named else "Songngu"
    if not host or not host.isprintable() or not _ADDRESS.fullmatch(sender):
        raise SettingsError(
            "[mail] needs host and from, an address like Songngu <news@paper.example>."
        )
    return MailSettings(
        host,
        port,
        cast("Security", security),
        user,
        sender,
        sender_name if sender_name.isprintable() else "",
        _text(values, "ca_certs", "[mail]", ""),
        float(timeout_s),
    )


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _site(values: Mapping[str, Any]) -> str:
    site = _text(values, "site", "the file", "").strip().rstrip("/")
    try:
        parts = urlsplit(site)
        usable = parts.scheme in ("http", "https") and parts.hostname and not parts.query
    except ValueError:
        usable = False
    if site and (not usable or not site.isprintable() or re.search(r"[\s@#]", site)):
        raise SettingsError(
            f"site must be an address like https://news.example, not {without_secrets(site)!r}."
        )
    return site


def _recipients(values: Mapping[str, Any], usual: tuple[str, ...], where: str) -> tuple[str, ...]:
    if "recipients" not in values:
        return usual
    given = tuple(dict.fromkeys(one.strip() for one in _texts(values, "recipients", where)))
    for one in given:
        if not _ADDRESS.fullmatch(one):
            raise SettingsError(f"{where}: {one!r} is no address of e-mail (in ASCII).")
    return given


def _ui(values: Mapping[str, Any], usual: str, where: str) -> str:
    ui = _text(values, "ui", where, usual)
    if ui not in LANGUAGES_OF_MESSAGES:
        raise SettingsError(f"{where}: ui must be vi or en, not {ui!r}.")
    return ui


def _check_keys(values: Mapping[str, Any], known: Collection[str], where: str) -> None:
    for key in values:
        if key not in known:
            raise SettingsError(f"{where} says {key!r}. Known are: {', '.join(known)}.")


def _table(values: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = values[key]
    if not isinstance(value, dict):
        raise SettingsError(f"{key} must be a table: [{key}].")
    return value


def _text(values: Mapping[str, Any], key: str, where: str, usual: str | None = None) -> str:
    value = values.get(key, usual)
    if not isinstance(value, str):
        raise SettingsError(f"{where}: {key} must be text." if key in values else
                            f"{where} has no {key}.")  # fmt: skip
    return value


def _texts(values: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    value = values.get(key, [])
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise SettingsError(f"{where}: {key} must be text, or a list of texts.")
    return tuple(listed)


def _day(values: Mapping[str, Any], key: str, where: str) -> str | None:
    """A day as TOML has it, or as text; what is no day is told by the search."""
    value = values.get(key)
    if type(value) is date:
        return value.isoformat()
    return None if value is None else _text(values, key, where)


def _truth(values: Mapping[str, Any], key: str, where: str) -> bool:
    value = values.get(key, False)
    if not isinstance(value, bool):
        raise SettingsError(f"{where}: {key} must be true or false.")
    return value
