"""Addresses of articles and of archives.

One canonical form for all addresses of a page, and the keys and ids made of it; which strings name
an archive on a server; and every address without its secrets, to be shown.
"""

from __future__ import annotations

import hashlib
import re
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

from search.errors import SettingsError

_NOISE = re.compile(
    r"(?:utm_.*|fbclid|gclid|gclsrc|dclid|gbraid|wbraid|msclkid|yclid|zarsrc|mc_[ce]id|igshid|_ga)=.*"
    r"|amp=(?:1|true)?|outputtype=amp",
    re.IGNORECASE,
)
_VARIANT_HOST = re.compile(r"(?:www\d?|m|mobile|amp)\.(?=[^.]+\.[^.])")
_FEED_HOST = re.compile(r"(?:feeds?|rss)\.(?=[^.]+\.[^.])")
# "m.com.vn" is a site of its own, not the mobile edition of "com.vn".
_SUFFIXES = frozenset("ac co com edu gob gov go ne net or org".split())
_AMP_PATH = re.compile(r"^/amp(?=/.)|(?:/amp|\.amp)(?=/?$)|\.amp(?=\.html?$)")
# A password may have a slash in it; then what is before it looks like a port, and is none.
_USER = re.compile(
    r"(?<=://)(?:[^\s/?#@]{0,300}@|[^\s/?#@:]{0,100}:(?!\d{1,5}(?:[/?#\s]|$))[^\s@]{0,300}@)"
)
_SECRET = re.compile(
    r"([?&;#](?:[\w.-]{0,40}(?:token|secret|passw|api[_-]?key|auth(?!or)|signature|session|credential)"
    r"[\w.-]{0,40}|(?:access|private|feed|rss|user)?[_-]?key|sig|hmac|jwt|pwd|pass|sid)=)"
    r"[^&;#\s\"'<>]+",
    re.IGNORECASE,
)
_LONGEST_KEY = 2_000  # characters; real addresses of articles are far below

# What can only be a server's address, well or badly typed: it has a scheme, a password, or a port
# before its path. Paths that begin with "/", "./", "../" or "~/" are files whatever they hold.
_FILE = re.compile(r"\s*(?:/(?!/)|\.{1,2}/|~)")
_ADDRESS = re.compile(
    r"\s*(?:[^/@]*[:;]//|https?(?:[:;]|//)|[^@]*:[^@]*@|[^/:]+:\d{2,5}/)", re.IGNORECASE
)
_SCHEME = re.compile(r"\s*[a-z][a-z0-9+.-]*[:;]?/{1,3}", re.IGNORECASE)
_PLACE = re.compile(r"(?:\[[0-9a-f:.%]+\]|[^:\[\]@]*)(?::\d*)?", re.IGNORECASE)
_SECRET_PARAMETER = re.compile(
    r"([?&;#][^=&;#]*(?:token|key|secret|passw|pwd|auth|signature)[^=&;#]*=)[^&;#]*", re.IGNORECASE
)
_IN_TEXT = re.compile(r"[^\s'\"(<]*:(?://\S*|\S*@)")
_HIDDEN = "***"


def canonical_url(url: str) -> str | None:
    """Bring the addresses of one page into one form.

    Scheme, "www.", default ports, tracking parameters, the order of parameters, fragments and a
    slash at the end make no difference, nor does the mobile (m., mobile.) or AMP edition (amp.,
    /amp, .amp, ?amp=1) of a page.

    Returns:
        None where it is no http address.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    if parts.scheme.lower() not in ("http", "https") or not host:
        return None
    host = f"[{host}]" if ":" in host else _without_variant(host)
    place = host if port in (None, 80, 443) else f"{host}:{port}"
    query = sorted(
        (name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if not _NOISE.fullmatch(f"{name}={value}")
    )
    path = _AMP_PATH.sub("", parts.path)
    fragment = parts.fragment if parts.fragment.startswith("!") else ""
    return urlunsplit(("https", place, path.rstrip("/") or "/", urlencode(query), fragment))


def article_key(url: str | None) -> str | None:
    """Make the key by which articles are one and the same: their canonical address.

    Returns:
        None without an http address, and for a site's front page, which some feeds give as the
        address of every article.
    """
    canonical = canonical_url(url) if url else None
    if canonical is None or len(canonical) > _LONGEST_KEY:
        return None
    parts = urlsplit(canonical)
    return canonical if parts.path != "/" or parts.query or parts.fragment else None


def id_of_url(url: str) -> str | None:
    """Make the id of an article that has an address and no id; None without an http address."""
    canonical = canonical_url(url)
    return f"url-{digest(canonical)}" if canonical else None


def digest(text: str) -> str:
    """Hash a text: 24 hexadecimal digits of SHA-256."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def redacted(text: str) -> str:
    """Hide the secrets in the web addresses of a text, for messages and lists of errors.

    These are the user and password before a host, and parameters whose names are those of secrets.
    """
    return _SECRET.sub(r"\1***", _USER.sub("***@", text))


def site_of(url: str) -> str:
    """Find the host of an address, with its port unless that is the usual one; "" without a host.

    The mobile edition and the like are the same site.
    """
    canonical = canonical_url(url)
    return urlsplit(canonical).netloc if canonical else ""


def speaks_for(speaker: str, url: str) -> bool:
    """Tell whether the page at one address may say what the article at another is.

    The one rule by which text and data from the web find the article that they are of: a site
    speaks for its own addresses, and for no others. A page says its own address (its canonical one)
    only within its site; a feed or sitemap may *lead* to the pages of any site, but for those of
    another nothing counts that it says of them, because each speaks for itself. Else any feed could
    put its text in the place of another publisher's article.

    Args:
        speaker: Where a page, feed or sitemap was found in the end, after all redirects.
    """
    site, own = site_of(url), site_of(speaker)
    return bool(site) and site in (own, _without_prefix(_FEED_HOST, own))


def _without_variant(host: str) -> str:
    return _without_prefix(_VARIANT_HOST, host)


def _without_prefix(prefix: re.Pattern[str], host: str) -> str:
    found = prefix.match(host)
    rest = host[found.end() :] if found else host
    variant = host.removesuffix(rest)
    own_site = rest.split(".")[0] in _SUFFIXES and rest.count(".") == 1
    return host if own_site and not variant.startswith("www") else rest


def is_server_address(text: str) -> bool:
    """Tell whether a text can only be meant as the address of a server, perhaps mistyped.

    Everything else is the name of a file.
    """
    return _FILE.match(text) is None and _ADDRESS.match(text) is not None


def server_address(text: str) -> SplitResult:
    """Split ``http(s)://[user:password@]host[:port]/name`` into its parts; the name is the path.

    Raises:
        SettingsError: It is mistyped. The message says how to write it and holds no secret.
    """
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:  # it quotes what it takes for the port, which may be the password
        parts, port = SplitResult("", "", "", "", ""), 0
    complete = parts.scheme in ("http", "https") and parts.hostname and port != 0
    if not complete or parts.query or parts.fragment or "@" in parts.path:
        raise SettingsError(
            f"{without_secrets(text)!r} names no archive. Write http://host:9200/name (or https)"
            " for Elasticsearch; the name of a file that looks like an address begins with ./."
            " In a user's password / is written %2F, @ %40, # %23, ? %3F and : %3A; or leave it out"
            " and set SONGNGU_ES_PASSWORD."
        )
    return parts


def without_secrets(text: str) -> str:
    """Remove user, password and keys among the parameters from an address that is shown.

    Mistyped addresses lose everything that may be a password; what is no address stays as it is.
    """
    if not is_server_address(text):
        return text
    scheme = _SCHEME.match(text)
    start, rest = (scheme[0].lstrip(), text[scheme.end() :]) if scheme else ("", text)
    place = re.split(r"[/?#]", rest, maxsplit=1)[0]
    user, _, after = rest.rpartition("@")
    # An "@" may stand in a path too, as in https://host/@writer, but a password stands before it
    # wherever there is a colon.
    if user and (":" in user or "@" in place):
        rest = f"{_HIDDEN}@{after}"
    elif not _PLACE.fullmatch(place):
        rest = _HIDDEN
    return _SECRET_PARAMETER.sub(rf"\1{_HIDDEN}", start + rest).rstrip()


def text_without_secrets(text: str) -> str:
    """Remove user and password from the addresses in a message."""
    return _IN_TEXT.sub(lambda found: without_secrets(found[0]), text)
