"""Serving over HTTP: the socket first, then the application, until a signal ends it; the store is its caller's."""

import asyncio
import errno
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import uvicorn

from service.desk import Answering
from service.errors import AddressUnusable
from service.http.app import LOOPBACK, make_app
from service.jobs import Jobs
from service.logs import configure_logs
from service.settings import Settings
from service.wiring import open_fetcher

_GRACE = 5  # seconds that requests under way have to end
_THREADS = 32  # for work that blocks; chosen


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


def address_of(listener: socket.socket) -> str:
    """Give the address at which this machine reaches a listening socket."""
    host, port = listener.getsockname()[:2]
    ip = ipaddress.ip_address(host)
    if ip.is_unspecified:
        host = "127.0.0.1" if ip.version == 4 else "::1"  # noqa: PLR2004 - the Internet Protocol's two versions
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def serve(
    answering: Answering, settings: Settings, listener: socket.socket, started: Callable[[str], None]
) -> None:
    """Serve until SIGINT or SIGTERM, which is raised again when all is closed.

    Args:
        answering: what answers.
        settings: of which those of serving are used.
        listener: a listening socket, which this closes.
        started: called with the address once requests are taken.

    """
    configure_logs()
    # Python's own has as many as there are cores, and four: an ingest would have them all, and questions wait.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_THREADS, "asyncio"))
    host = listener.getsockname()[0]
    names = LOOPBACK | {host, urlsplit(settings.public_url or "").hostname or host}
    async with (
        open_fetcher(settings) as fetcher,
        Jobs(settings.data_dir / "jobs", answering.store, answering.embedder, fetcher) as jobs,
    ):
        app = make_app(
            answering,
            hosts=names if ipaddress.ip_address(host).is_loopback else None,
            public_url=settings.public_url,
            cors_origins=settings.cors_origins,
            chat_extras=settings.chat_extras,
            jobs=jobs,
        )
        config = uvicorn.Config(
            app,
            log_config=None,  # configure_logs has done it
            access_log=False,  # the application writes its own lines, with request ids
            lifespan="off",
            timeout_graceful_shutdown=_GRACE,
            server_header=False,
        )
        await _Server(config, lambda: started(address_of(listener)), jobs.stop).serve(sockets=[listener])


class _Server(uvicorn.Server):
    """uvicorn's server, which tells when it takes requests, and when it is to end."""

    def __init__(
        self, config: uvicorn.Config, started: Callable[[], None], stop: Callable[[], Awaitable[None]]
    ) -> None:
        super().__init__(config)
        self._tell = started
        self._stop = stop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._tell()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Here, as the signal is raised again behind it, and then nothing more can be waited for.
        await asyncio.gather(super().shutdown(sockets), self._stop())
