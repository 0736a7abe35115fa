"""Connections to public addresses only, with a deadline that nothing a server does can stretch.

The address that is checked is the one that is connected to: a host name is resolved once, here, and
nothing resolves it again (no DNS rebinding). Every connection is made here, also after redirects.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpcore2 as httpcore

from search.errors import ForbiddenFetchError, SettingsError, UnreachableError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# IANA's registries of special-purpose addresses, IPv4 and IPv6, with what is globally reachable in
# them too: anycast of routers and name servers is no place for news. Python's own ranges count as
# well; these are what one of its versions or another lets through.
_SPECIAL = tuple(
    map(
        ipaddress.ip_network,
        (
            "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12"
            " 192.0.0.0/24 192.0.2.0/24 192.31.196.0/24 192.52.193.0/24 192.88.99.0/24"
            " 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24"
            " 224.0.0.0/3 2001::/23 2001:db8::/32 2620:4f:8000::/48 3fff::/20"
        ).split(),
    )
)
_UNICAST = ipaddress.IPv6Network("2000::/3")  # all that IANA has given out as globally reachable
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_ISATAP = (0x0000_5EFE, 0x0200_5EFE)  # an IPv4 address follows these in the last 64 bits
_POLL_S = 0.5  # how soon a wait for a server notices that the run is being stopped


class StoppedError(Exception):
    """The run is being stopped; nothing went wrong."""


def private_networks(setting: str) -> tuple[Network, ...]:
    """Read networks from a list with commas.

    Raises:
        SettingsError: Something in it is neither an address nor a network.
    """
    networks = []
    for part in setting.replace(",", " ").split():
        try:
            networks.append(ipaddress.ip_network(part, strict=False))
        except ValueError:
            raise SettingsError(
                f"allow_private names {part!r}, which is no address or network: write for example"
                " 10.0.0.0/8 or 127.0.0.1."
            ) from None
    return tuple(networks)


def may_connect(address: Address, allowed: Sequence[Network]) -> bool:
    """Tell whether an address is public, or one of those that are allowed all the same."""
    return all(
        _is_public(one) or any(one in network for network in allowed) for one in _ends(address)
    )


def _is_public(address: Address) -> bool:
    return (
        address.is_global
        and not (address.is_multicast or any(address in network for network in _SPECIAL))
        and (address.version == 4 or address in _UNICAST)
    )


def _ends(address: Address) -> list[Address]:
    """Find where packets to an address may end up, also through a translator or tunnel."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    last = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    if address.ipv4_mapped is not None or address in _NAT64:
        return [last]
    ends: list[Address] = [address]
    if address.sixtofour is not None:
        ends.append(address.sixtofour)
    if int(address) >> 32 & 0xFFFF_FFFF in _ISATAP:
        ends.append(last)
    return ends


class GuardedBackend(httpcore.NetworkBackend):
    """Makes the connections of a pool.

    Args:
        allowed: Networks that may be reached although they are not public.
        stop: Ends every wait when it is set.
    """

    def __init__(self, allowed: Sequence[Network], stop: threading.Event) -> None:
        self._allowed = tuple(allowed)
        self._stop = stop
        self._current = threading.local()
        self._backend = httpcore.SyncBackend()

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Give everything that this thread does in the block so many seconds, in all."""
        self._current.deadline = time.monotonic() + seconds
        try:
            yield
        finally:
            del self._current.deadline

    def left(self, timeout: float | None) -> float:
        """Return the seconds that the next wait may take; 0 or less when there is no time left.

        Raises:
            StoppedError: The run is being stopped.
        """
        if self._stop.is_set():
            raise StoppedError
        deadline: float = self._current.deadline
        left = deadline - time.monotonic()
        return left if timeout is None else min(timeout, left)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of a host that answers and may be reached.

        Raises:
            ForbiddenFetchError: None of its addresses may be reached.
            UnreachableError: The name cannot be resolved.
        """
        addresses = _resolved(host, port)
        public = [address for address in addresses if may_connect(address, self._allowed)]
        if not public:
            raise ForbiddenFetchError(
                f"{host} is at the private address {addresses[0]}: nothing is fetched from there"
                f" unless it is allowed with --allow-private {addresses[0]}"
            )
        for address in public:
            left = self.left(timeout)
            if left <= 0:
                raise httpcore.ConnectTimeout
            try:
                stream = self._backend.connect_tcp(
                    str(address), port, left, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if address == public[-1]:
                    raise
            else:
                return _TimedStream(stream, self)
        raise AssertionError("there is at least one address")


class _TimedStream(httpcore.NetworkStream):
    """A connection whose every wait ends at the deadline, also when bytes keep trickling in."""

    def __init__(self, stream: httpcore.NetworkStream, guard: GuardedBackend) -> None:
        self._stream = stream
        self._guard = guard

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read the next bytes, waiting in short steps: stopping does not wait for a server."""
        quiet_until = time.monotonic() + self._guard.left(timeout)
        while True:
            left = min(self._guard.left(None), quiet_until - time.monotonic())
            if left <= 0:
                raise httpcore.ReadTimeout
            try:
                return self._stream.read(max_bytes, min(left, _POLL_S))
            except httpcore.ReadTimeout:
                continue

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send bytes."""
        left = self._guard.left(timeout)
        if left <= 0:
            raise httpcore.WriteTimeout
        self._stream.write(buffer, left)

    def close(self) -> None:
        """Hang up."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: Any,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Encrypt the connection."""
        left = self._guard.left(timeout)
        if left <= 0:
            raise httpcore.ConnectTimeout
        return _TimedStream(self._stream.start_tls(ssl_context, server_hostname, left), self._guard)

    def get_extra_info(self, info: str) -> Any:
        """Return what the pool wants to know of the socket."""
        return self._stream.get_extra_info(info)


def _resolved(host: str, port: int) -> list[Address]:
    """Resolve a host to its addresses, in the order of preference of this machine."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        reason = error.strerror if isinstance(error, socket.gaierror) else "it is no host name"
        raise UnreachableError(
            f"the host {host} cannot be found ({reason}): check the spelling, and the network",
            again=getattr(error, "errno", None) == socket.EAI_AGAIN,
        ) from error
    addresses = [ipaddress.ip_address(str(place[0]).partition("%")[0]) for *_, place in found]
    return list(dict.fromkeys(addresses))
