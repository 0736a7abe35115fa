"""From an archive's address to a client of its cluster."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import Any
from urllib.parse import unquote

from elasticsearch import Elasticsearch

from search.addresses import server_address
from search.errors import SettingsError
from search.settings import Settings
from search.stores.elasticsearch.errors import CheckedTransport, driver_errors
from search.stores.elasticsearch.indices import SEPARATOR

_NAME = re.compile(r"[a-z0-9][a-z0-9_.+-]{0,200}")


def connect(url: str, settings: Settings) -> tuple[Elasticsearch, str, str]:
    """Read ``http(s)://[user:password@]host[:port]/name``; nothing is sent yet.

    Returns:
        The client, the archive's name, and its address without credentials.

    Raises:
        SettingsError: The address names no index, or one that Elasticsearch does not allow.
    """
    parts = server_address(url)
    name = parts.path.strip("/")
    place = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    host = f"{parts.scheme}://{place}:{parts.port or 9200}"
    if SEPARATOR in name:
        owner = name.partition(SEPARATOR)[0]
        raise SettingsError(
            f"{host}/{name} is named like a part of the archive {owner}. Use {host}/{owner}."
        )
    if not _NAME.fullmatch(name):
        raise SettingsError(
            f"{host}/{name} names no archive. Write it as {parts.scheme}://host:9200/name; the"
            " name has small letters, digits, - and _."
        )
    options: dict[str, Any] = {}
    if parts.username:
        password = unquote(parts.password or "") or settings.es_password
        user = f"{unquote(parts.username)}:{password}"
        # The client would encode it as ASCII, and fail.
        options["basic_auth"] = b64encode(user.encode()).decode()
    elif settings.es_api_key:
        options["api_key"] = settings.es_api_key
    if parts.scheme == "https" and settings.es_ca_certs:
        options["ca_certs"] = settings.es_ca_certs
    location = f"{host}/{name}"
    with driver_errors(location, settings):
        client = Elasticsearch(host, transport_class=CheckedTransport, **options)
    return client, name, location
