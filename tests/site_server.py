"""A scripted site: a small real HTTP server that answers each path with the bytes, also wrong ones, that a test gives.

    async with Site({"/a": page(b"words")}).serving() as site:
        ...  # site.url("/a")
    assert site.asked[0].path == "/robots.txt"

It listens on loopback, which no fetcher asks unless it is allowed to; `connections` counts those that were made.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

Script = bytes | Iterable[bytes | float]
"""What is sent, raw: each piece on its own, a number is a pause in seconds."""


@dataclass(frozen=True)
class Asked:
    """A request as it arrived; the names of headers in lower case."""

    path: str
    headers: dict[str, str] = field(default_factory=dict)


def page(body: bytes = b"", status: int = 200, **headers: str) -> bytes:
    """Write an answer; `_` in a header's name is a hyphen."""
    said = {"content-length": str(len(body))} | {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in said.items())
    return f"HTTP/1.1 {status} Whatever\r\n{lines}\r\n".encode("latin-1") + body


def redirect(location: str, status: int = 302) -> bytes:
    """Write a redirect."""
    return page(status=status, location=location)


class Site:
    """Answers 404 to what is not in its pages, which a test may change."""

    def __init__(self, pages: Mapping[str, Script] | None = None) -> None:
        self.pages: dict[str, Script] = dict(pages or {})
        self.asked: list[Asked] = []
        self.connections = 0
        self.most_at_once = 0
        self.left = asyncio.Event()
        """Set once a client has gone before the end of its answer."""
        self.port = 0
        self._at_once = 0
        self._scheme = "http"
        self._server: asyncio.Server | None = None
        self._heard = asyncio.Condition()
        self._served: set[asyncio.Task[None]] = set()

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        """Name one of its pages."""
        return f"{self._scheme}://{host}:{self.port}{path}"

    @property
    def paths(self) -> list[str]:
        """Give what it was asked for, without robots.txt."""
        return [one.path for one in self.asked if one.path != "/robots.txt"]

    async def until(self, path: str) -> None:
        """Wait until it is asked for a page."""
        async with asyncio.timeout(30), self._heard:
            await self._heard.wait_for(lambda: path in self.paths)

    @asynccontextmanager
    async def serving(self, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> AsyncIterator["Site"]:
        """Serve until the end of the block."""
        self._scheme = "https" if tls else "http"
        self._server = await asyncio.start_server(self._connected, host, 0, ssl=tls, limit=2**20)
        self.port = self._server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            await self.stop()

    async def stop(self) -> None:
        """Listen no more, and leave all who are connected."""
        if self._server:
            self._server.close()
        for task in self._served:
            task.cancel()
        await asyncio.gather(*self._served, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task
        self._served.add(task)
        try:
            while await self._answered(reader, writer):
                pass
        except ConnectionError:
            self.left.set()
        except (asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # it asked for all that it wanted, or the test is over
        finally:
            self._served.discard(task)
            writer.close()
            with suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()

    async def _answered(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        line, *fields = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[:-2]
        headers = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in fields)}
        path = line.split(" ")[1]
        self.asked.append(Asked(path, headers))
        async with self._heard:
            self._heard.notify_all()
        script = self.pages.get(path, page(status=404))
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            for piece in [script] if isinstance(script, bytes) else script:
                if isinstance(piece, float):
                    await asyncio.sleep(piece)
                    if reader.at_eof():
                        raise ConnectionResetError
                else:
                    writer.write(piece)
                    await writer.drain()
        finally:
            self._at_once -= 1
        # An answer in pieces ends with the connection, so that any of them may be the last.
        return isinstance(script, bytes)
