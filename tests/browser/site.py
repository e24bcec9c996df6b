"""Another site: pages of a test's making on an origin of their own, and answers as a test wants them; a real server."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit

_PATIENCE = 20  # seconds, as of newsroom.PATIENCE


@dataclass(frozen=True)
class File:
    """What is at a path."""

    body: str
    media_type: str = "text/html; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200


@dataclass(frozen=True)
class Events:
    """What a question gets: server-sent events by name, numbers for pauses in seconds; then the connection ends."""

    events: Sequence[tuple[str, object] | float]
    hang: bool = False


class Site:
    """Gives `files` by their path and answers questions; it remembers what it was `asked`.

    Other origins may read all of it. `left` is set once a client has gone before the end of an answer.
    """

    def __init__(self) -> None:
        self.files: dict[str, File] = {}
        self.answer: Events | File = Events([])
        self.asked: list[dict[str, Any]] = []
        self.left = asyncio.Event()
        self.url = ""
        self._served: set[asyncio.Task[None]] = set()

    def forget(self) -> None:
        """Be as new, for the next test."""
        self.files, self.answer, self.asked = {"/favicon.ico": File("", status=204)}, Events([]), []
        self.left.clear()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Site"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        # By this name it is another site than 127.0.0.1, for a browser.
        self.url = f"http://localhost:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            async with asyncio.timeout(5):
                await asyncio.gather(*self._served, return_exceptions=True)

    async def is_left(self) -> None:
        """Wait until somebody who asked is gone; fail if nobody goes."""
        async with asyncio.timeout(_PATIENCE):
            await self.left.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = cast("asyncio.Task[None]", asyncio.current_task())
        self._served.add(task)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            method, target, _ = head.split("\r\n", 1)[0].split(" ")
            length = next((line[15:] for line in head.lower().split("\r\n") if line.startswith("content-length:")), "0")
            body = await reader.readexactly(int(length))
            if method == "POST":
                self.asked.append(json.loads(body))
                await self._answer(reader, writer)
            else:
                missing = File("not found", "text/plain", status=404)
                found = File("", status=204) if method == "OPTIONS" else self.files.get(urlsplit(target).path, missing)
                await _give(writer, found)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # a browser opens connections that it does not use
        finally:
            self._served.discard(task)
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if isinstance(self.answer, File):
            await _give(writer, self.answer)
            return
        writer.write(_head(200, {"content-type": "text/event-stream"}))
        for event in [*self.answer.events, *([None] if self.answer.hang else [])]:
            if event is None or isinstance(event, int | float):
                with suppress(TimeoutError):
                    async with asyncio.timeout(event):
                        await reader.read(1)
                        self.left.set()
                        return
            else:
                name, data = event
                writer.write(f"event: {name}\ndata: {json.dumps(data)}\n\n".encode())
            await writer.drain()


async def _give(writer: asyncio.StreamWriter, file: File) -> None:
    data = file.body.encode()
    headers = {"content-type": file.media_type, "content-length": str(len(data)), **file.headers}
    writer.write(_head(file.status, headers) + data)
    await writer.drain()


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    named = {
        "access-control-allow-origin": "*",
        "access-control-allow-headers": "authorization, content-type",
        "access-control-allow-methods": "*",
        "connection": "close",
        **headers,
    }
    lines = [f"HTTP/1.1 {status} Scripted", *(f"{name}: {value}" for name, value in named.items())]
    return "\r\n".join([*lines, "", ""]).encode()
