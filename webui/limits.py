"""How many requests one address may make."""

from __future__ import annotations

import ipaddress
import math
import time

from flask import Flask, Response, request
from flask_limiter import Limiter
from limits import parse_many
from limits.errors import ConfigurationError

from search.errors import SettingsError
from search.settings import Settings

_UNLIMITED = frozenset({"static", "api.healthz", "api.readyz", "pages.favicon", "pages.robots"})
_IPV6_NETWORK = 64
"""Bits of an IPv6 address that name a household or office: the others it chooses itself."""


def init_app(app: Flask, settings: Settings) -> None:
    """Answer 429 to whoever asks for more than the settings allow.

    Raises:
        SettingsError: The limit, or where requests are to be counted, cannot be used.
    """
    if not settings.rate_limit.strip():
        return
    try:
        parse_many(settings.rate_limit)
    except ValueError:
        raise SettingsError(
            f"{settings.rate_limit!r} is no rate_limit: write one such as 120 per minute, several"
            " with semicolons between them."
        ) from None
    limiter = Limiter(
        client,
        application_limits=[settings.rate_limit],
        storage_uri=settings.rate_limit_storage,
        strategy="moving-window",
        in_memory_fallback_enabled=settings.rate_limit_storage != "memory://",
    )
    limiter.request_filter(lambda: request.endpoint in _UNLIMITED)
    try:
        limiter.init_app(app)
    except (ConfigurationError, ImportError, ValueError) as error:
        raise SettingsError(
            f"Requests cannot be counted where rate_limit_storage says ({type(error).__name__});"
            " is the Python package for it installed?"
        ) from error

    def say_when(response: Response) -> Response:
        if response.status_code == 429 and (reached := limiter.current_limit):
            wait_s = max(1, math.ceil(reached.reset_at - time.time()))  # whole seconds, rounded up
            response.headers["Retry-After"] = str(wait_s)
        return response

    app.after_request(say_when)


def client() -> str:
    """Name whoever asks: an IPv4 address, or the network of an IPv6 one.

    A forwarded address counts as far as the setting ``proxies`` trusts it (``webui.proxies``).
    """
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, _IPV6_NETWORK), strict=False))
    return str(address)
