"""Serving over HTTP: the socket first, then the application, until a signal ends it; the store is its caller's.

SIGTERM drains first: readiness says that the service is being stopped, so that whoever sends requests sends them
elsewhere, and each connection is closed behind its next response. Then, and with Ctrl-C at once, no connection is
taken any more, what is under way has its grace, and what is left fails clearly. A second signal ends the grace.
"""

import asyncio
import errno
import gc
import ipaddress
import logging
import math
import signal
import socket
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from types import FrameType
from urllib.parse import urlsplit

import uvicorn

from service.desk import Answering
from service.errors import AddressUnusable, KeysUnusable
from service.http.app import LOOPBACK, make_app
from service.http.connections import Connection
from service.http.ending import Stopping
from service.jobs import Jobs
from service.keys import Keys
from service.observing import Observer
from service.settings import Settings
from service.wiring import open_fetcher

_THREADS = 32  # for work that blocks; chosen
# Objects that are made before Python looks for cycles among the youngest, where 700 are its own choice. Chosen:
# an answer makes many, all of which go without, and each search goes through what is remembered.
_GARBAGE_AFTER = 50_000
# Longer than what sends requests keeps its connections for (nginx and AWS's balancers 60 s): the side that sends must
# be the one that closes an idle one, or a request meets the end of it.
_KEEP_ALIVE = 75  # seconds
_LAST = 2.0  # seconds in which those whose requests were ended take their failure; chosen
_TICK = 0.1  # seconds after which a second signal is noticed; uvicorn's own

_log = logging.getLogger("groundwire.serving")


def listen(host: str, port: int) -> socket.socket:
    """Take the port, before anything that takes long.

    Raises:
        AddressUnusable: another program has it, or the host is not this machine's.

    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise AddressUnusable(
            f"{host} is no address of this machine: {error.strerror}. Set GROUNDWIRE_HOST."
        ) from error
    try:
        listener.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # an ended service's port at once, not in a minute
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        listener.close()
        what = (
            "is in use by another program" if error.errno == errno.EADDRINUSE else f"cannot be used: {error.strerror}"
        )
        message = f"Port {port} of {host} {what}. Choose another: PORT=8001 make demo, or GROUNDWIRE_PORT=8001."
        raise AddressUnusable(message) from error
    return listener


def refuse_without_key(settings: Settings) -> None:
    """See to it that nobody beyond this machine can ask a service that has no key.

    Raises:
        KeysUnusable: they could, or the file of keys cannot be read.

    """
    keys = Keys(settings.keys_file)
    if settings.keys and keys.none_yet:  # not open to all because a disk is not mounted
        raise KeysUnusable(f"{settings.keys} (GROUNDWIRE_KEYS) is not there. Make a key: groundwire keys create NAME.")
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError:
        return  # `listen` says it better
    if not keys.live and not all(ipaddress.ip_address(one[4][0]).is_loopback for one in found):
        raise KeysUnusable(
            f"At {settings.host} others can reach this service, and it has no key. Make one first: "
            "groundwire keys create NAME. Or listen to this machine alone: GROUNDWIRE_HOST=127.0.0.1."
        )


def address_of(listener: socket.socket) -> str:
    """Give the address at which this machine reaches a listening socket."""
    host, port = listener.getsockname()[:2]
    ip = ipaddress.ip_address(host)
    if ip.is_unspecified:
        host = "127.0.0.1" if ip.version == 4 else "::1"  # noqa: PLR2004 - the Internet Protocol's two versions
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def serve(
    answering: Answering,
    settings: Settings,
    listener: socket.socket,
    started: Callable[[str], None],
    observer: Observer | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM, and all is closed.

    Args:
        answering: what answers.
        settings: of which those of serving are used.
        listener: a listening socket, which this closes.
        started: called with the address once requests are taken.
        observer: what all of it is observed with.

    """
    seen_by = observer or Observer()

    class Seen(Connection):
        turned_away = staticmethod(seen_by.turned_away)

    gc.collect()
    gc.freeze()  # what is there from the start stays
    gc.set_threshold(_GARBAGE_AFTER)
    # Python's own has as many as there are cores, and four: an ingest would have them all, and questions wait.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_THREADS, "asyncio"))
    host = listener.getsockname()[0]
    stopping = Stopping()
    names = LOOPBACK | {host, urlsplit(settings.public_url or "").hostname or host}
    async with (
        open_fetcher(settings) as fetcher,
        Jobs(settings.data_dir / "jobs", answering.store, answering.embedder, fetcher) as jobs,
        Keys(settings.keys_file).watched() as keys,
    ):
        app = make_app(
            answering,
            hosts=names if ipaddress.ip_address(host).is_loopback else None,
            public_url=settings.public_url,
            cors_origins=settings.cors_origins,
            chat_extras=settings.chat_extras,
            jobs=jobs,
            observer=seen_by,
            stopping=stopping,
            keys=keys,
            local_token=answering.store.local_token,
            request_timeout=settings.request_timeout,
            most_answers=settings.most_answers,
        )
        config = uvicorn.Config(
            app,
            http=Seen,
            ws="none",
            # Nothing is read of what a proxy says in headers, as anybody may send them: GROUNDWIRE_PUBLIC_URL says it.
            proxy_headers=False,
            log_config=None,  # logs.py does it
            access_log=False,  # the application writes its own lines, with request ids
            lifespan="off",
            timeout_keep_alive=_KEEP_ALIVE,
            server_header=False,
        )
        server = _Server(config, stopping, drain=settings.drain, grace=settings.grace)
        server.tell = lambda: started(address_of(listener))
        server.stop = jobs.stop
        await server.serve(sockets=[listener])


class _Server(uvicorn.Server):
    """uvicorn's server, which tells when it takes requests, and ends as is said above."""

    tell: Callable[[], None]
    stop: Callable[[], Awaitable[None]]

    def __init__(self, config: uvicorn.Config, stopping: Stopping, *, drain: float, grace: float) -> None:
        super().__init__(config)
        self._stopping = stopping
        self._drain = drain
        self._grace = grace
        self._drained_at = math.inf
        self._hurried = False

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.tell()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's signature
        # Only noted here: what a signal interrupts may be anything.
        if self._stopping.begun:
            self._hurried = True
            for one in (signal.SIGINT, signal.SIGTERM):
                signal.signal(one, signal.SIG_DFL)  # a third one is for a process that hangs
        self._stopping.begun = True
        self._drained_at = time.monotonic() + (self._drain if sig == signal.SIGTERM and not self._hurried else 0)

    async def on_tick(self, counter: int) -> bool:
        return await super().on_tick(counter) or time.monotonic() >= self._drained_at

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        under_way = len(self.server_state.tasks)
        _log.info("being stopped: no more requests are taken; %d under way have %g s", under_way, self._grace)
        await self._take_no_more()
        await asyncio.gather(super().shutdown(sockets), self._end_in_time(), self.stop())

    async def _take_no_more(self) -> None:
        """Let connections that were just taken begin: closed before, Python's server loses them (cpython#109564)."""
        loop = asyncio.get_running_loop()
        for server in self.servers:
            for listener in server.sockets:
                loop.remove_reader(listener.fileno())
        for _ in range(3):  # turns of the loop: its callback, its task, and the protocol's beginning
            await asyncio.sleep(0)

    async def _end_in_time(self) -> None:
        """Wait for the requests under way; end those that take too long, then those whose clients do not read it."""
        await self._wait(self._grace, lambda: self._hurried)
        if self.server_state.tasks:
            _log.warning("being stopped: %d requests were not done in time", len(self.server_state.tasks))
        self._stopping.end()
        await self._wait(_LAST)
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await self._wait(_LAST)
        self.force_exit = True

    async def _wait(self, seconds: float, unless: Callable[[], bool] = lambda: False) -> None:
        """Wait until no connection is open: a request is under way until its response is read."""
        until = time.monotonic() + seconds
        while self.server_state.connections and time.monotonic() < until and not unless():  # noqa: ASYNC110 - uvicorn's
            await asyncio.sleep(_TICK)
