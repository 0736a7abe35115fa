"""Web addresses as they are sent: checked, without fragments, every letter in ASCII."""

from __future__ import annotations

import re
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from search.addresses import redacted
from search.errors import FetchError

_LONGEST = 4000
_BREAKS = re.compile(r"[\t\r\n]+")  # browsers take them out as well
_SAFE = "%/:=&?~+!$,;'@()*[]|"


def normalised(url: str, *, base: str | None = None) -> str:
    """Bring an address into the form in which it can be requested.

    Args:
        base: What a relative address is relative to.

    Raises:
        FetchError: It is no http or https address of a host.
    """
    shown = redacted(url.strip())[:100]
    try:
        joined = urljoin(base or "", _BREAKS.sub("", url.strip()))
        parts = urlsplit(joined)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise FetchError(f"{shown!r} is no web address ({error}): check the spelling") from error
    scheme = parts.scheme.lower()
    if scheme not in ("http", "https"):
        raise FetchError(f"{shown!r} is no http or https address: only these are fetched")
    if not host or len(joined) > _LONGEST:
        wrong = "longer than addresses are" if host else "names no host"
        raise FetchError(f"{shown!r} is no web address ({wrong}): check the spelling")
    if parts.username is not None or parts.password is not None:
        raise FetchError(
            "the address holds a user name or password: pages behind a login are not fetched"
        )
    if ":" in host:
        host = f"[{host}]"
    else:
        try:
            host = host.rstrip(".").encode("idna").decode("ascii")
        except UnicodeError as error:
            raise FetchError(f"{shown!r} names no possible host: check the spelling") from error
    usual = {"http": 80, "https": 443}[scheme]
    place = host if port in (None, usual) else f"{host}:{port}"
    path, query = quote(parts.path or "/", safe=_SAFE), quote(parts.query, safe=_SAFE)
    return urlunsplit((scheme, place, path, query, ""))


def host_of(url: str) -> str:
    """Return the host of a normalised address, without the port."""
    return urlsplit(url).hostname or ""


def origin_of(url: str) -> str:
    """Return scheme, host and port of a normalised address: what one robots.txt is about."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
