"""The one way to strangers' hosts: what a name resolves to is checked, and connected to as it was checked.

Whoever may ingest may name an address, and so may any page by a redirect. So a host is asked only at addresses of the
whole Internet, or at those that the operator allows. The name is resolved once a connection: between a check and a
second resolution it could come to mean something else (DNS rebinding).
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from ipaddress import IPv6Address, ip_address

import httpcore

from retrieval.addresses import Allowed, IPAddress, refusal_of
from retrieval.errors import UrlRefused

_MOST_ADDRESSES = 4  # of a host that are tried; chosen
_RESOLVING = 8  # names at once; what resolves them cannot be stopped, so it gets threads of its own

Resolve = Callable[[str], Iterable[str]]
"""The addresses of a name; raises OSError where it has none. It may block."""


def addresses_of(name: str) -> list[str]:
    """Ask the system for every address of a name."""
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return [str(place[0]) for family, _, _, _, place in found if family in {socket.AF_INET, socket.AF_INET6}]


class Guard:
    """Knows which hosts may be asked, and connects to no others."""

    def __init__(self, allowed: Allowed, resolve: Resolve = addresses_of) -> None:
        """Open what the operator allows, besides the whole Internet."""
        self._allowed = allowed
        self._resolve = resolve
        self._threads = ThreadPoolExecutor(_RESOLVING, thread_name_prefix="resolving")

    async def admit(self, host: str, port: int) -> list[IPAddress]:
        """Give the addresses of a host, every one of which was checked.

        Raises:
            UrlRefused: it has none, or may not be asked.

        """
        try:
            addresses = [ip_address(host)]
        except ValueError:
            addresses = await self._resolved(host)
        strange = [] if self._allowed.names(host) else [one for one in addresses if not self._allowed.holds(one)]
        refusal = refusal_of(strange, port)
        if refusal is None and any(map(is_own, strange)):
            refusal = (
                "the address of its host is this machine's own; an operator can allow it (GROUNDWIRE_FETCH_ALLOWED)"
            )
        if refusal:
            raise UrlRefused(host, refusal)
        return addresses

    async def _resolved(self, name: str) -> list[IPAddress]:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._threads, lambda: list(self._resolve(name)))
        except (OSError, UnicodeError) as error:
            raise UrlRefused(name, "its host's name does not resolve") from error
        if not found:
            raise UrlRefused(name, "its host's name has no address")
        return [ip_address(one) for one in found]

    @asynccontextmanager
    async def network(self) -> AsyncIterator["Network"]:
        """Connect by it, for one request."""
        network = Network(self)
        try:
            yield network
        finally:
            await network.aclose()

    def close(self) -> None:
        """Let go of the threads, without waiting for a name that still resolves."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class Network(httpcore.AsyncNetworkBackend):
    """Connects to the very addresses that its guard checked."""

    def __init__(self, guard: Guard) -> None:
        """Be closed with aclose."""
        self._guard = guard
        self._opened: list[httpcore.AsyncNetworkStream] = []

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's own
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to a host, at the first of its addresses that answers.

        Raises:
            UrlRefused: it may not be asked.

        """
        failure: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for address in (await self._guard.admit(host, port))[:_MOST_ADDRESSES]:
            try:
                stream = await httpcore.AnyIOBackend().connect_tcp(
                    str(address), port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                self._opened.append(stream)
                return stream
        raise failure or httpcore.ConnectError("no address")

    async def aclose(self) -> None:
        """Close all connections: httpcore leaves one open if it is cancelled in the handshake of TLS."""
        for stream in self._opened:
            await stream.aclose()


def is_own(address: IPAddress) -> bool:
    """Tell whether an address is this machine's, where services may trust what comes from itself."""
    nobodys = "2001:db8::1" if isinstance(address, IPv6Address) else "192.0.2.1"
    # Where a machine may bind any address (Linux's ip_nonlocal_bind), that it can says nothing.
    return _binds(str(address)) and not _binds(nobodys)


def _binds(address: str) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True
