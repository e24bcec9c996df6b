"""A scripted model: a small real HTTP server that speaks OpenAI's chat completions, whole (JSON) or streamed (SSE).

In a test:

    async with ModelServer(Reply(["India ", 0.05, "buys 31 drones. [1]"])).serving() as server:
        model = open_llm("openai-like/scripted", Settings(llm_base_url=server.url))
        ...
    assert server.asked[0].body["messages"]

What it answers is a Reply, several of them (one a request, the last one again and again), or a function of the request.
As a process, `python -m tests.model_server --port 8085 --script replies.json` prints its address and serves until it
is ended; the file is a list of replies, each with the fields of Reply and, if it likes, `when`: words of the request's
last message. The first reply whose words are there is given.
"""

import argparse
import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast


@dataclass(frozen=True)
class Reply:
    """What the model does: text goes out in a chunk of its own, a number is a pause in seconds, bytes go out as is."""

    pieces: Iterable[str | float | bytes] = ()
    finish: str | None = "stop"  # None: the stream ends without a reason
    usage: tuple[int, int] | None = (100, 10)  # tokens read and written
    # After the pieces: `done` as OpenAI says it; `stop`: not another word; `cut`: the connection is lost; `hang`.
    end: str = "done"
    status: int = 200  # any other: the pieces are the error's message
    headers: Mapping[str, str] = field(default_factory=dict)
    when: str = ""


@dataclass(frozen=True)
class Asked:
    """A request as it arrived; the names of headers in lower case."""

    line: str
    headers: dict[str, str]
    body: dict[str, Any]


class ModelServer:
    """Remembers what it was `asked`; `left` is set once a client has gone before the end of its reply."""

    def __init__(self, script: Reply | Sequence[Reply] | Callable[[Asked], Reply]) -> None:
        self.asked: list[Asked] = []
        self.left = asyncio.Event()
        self.url = ""
        self._script = [script] if isinstance(script, Reply) else script
        self._served: list[asyncio.Task[None]] = []

    @asynccontextmanager
    async def serving(self, port: int = 0) -> AsyncIterator["ModelServer"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        try:
            yield self
        finally:
            server.close()
            async with asyncio.timeout(5):
                await asyncio.gather(*self._served, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._served.append(cast("asyncio.Task[None]", asyncio.current_task()))
        client = _Client(reader, writer)
        try:
            reply = self._chosen(await client.request())
            if reply.status == 200 and self.asked[-1].body.get("stream"):
                await client.stream(reply)
            else:
                await client.answer(reply)
        except ConnectionError:
            self.left.set()
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    def _chosen(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        if callable(self._script):
            return self._script(asked)
        return self._script[min(len(self.asked), len(self._script)) - 1]


@dataclass
class _Client:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def request(self) -> Asked:
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        return Asked(head[0], headers, json.loads(await self.reader.readexactly(int(headers["content-length"]))))

    async def stream(self, reply: Reply) -> None:
        named = {"content-type": "text/event-stream", "transfer-encoding": "chunked"} | dict(reply.headers)
        await self._send(_head(200, named))
        for piece in reply.pieces:
            if isinstance(piece, int | float):
                await self._pause(piece)
            else:
                await self._send(_chunked(piece if isinstance(piece, bytes) else event(piece)))
        if reply.end == "hang":
            await self._pause(None)
        last = []
        if reply.end == "done":
            last += [event(None, reply.finish)] if reply.finish else []
            last += [event(None, usage=reply.usage)] if reply.usage else []
            last += [b"data: [DONE]\n\n"]
        if reply.end != "cut":
            await self._send(b"".join(map(_chunked, [*last, b""])))

    async def answer(self, reply: Reply) -> None:
        pieces = list(reply.pieces)
        await self._pause(None if reply.end == "hang" else sum(one for one in pieces if isinstance(one, int | float)))
        text = "".join(piece for piece in pieces if isinstance(piece, str))
        body: dict[str, object] = {"error": {"message": text}}
        if reply.status == 200:
            message = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": reply.finish}
            body = _OBJECT | {"object": "chat.completion", "choices": [message]} | _counted(reply.usage)
        data = json.dumps(body).encode()
        named = {"content-type": "application/json", "content-length": str(len(data))} | dict(reply.headers)
        await self._send(_head(reply.status, named) + data[: len(data) // 2 if reply.end == "cut" else None])

    async def _send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def _pause(self, seconds: float | None) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                if not await self.reader.read(1):
                    raise ConnectionError("the client has left")


_OBJECT = {"id": "c1", "created": 1, "model": "scripted"}


def event(text: str | None, finish: str | None = None, usage: tuple[int, int] | None = None) -> bytes:
    """Give one chunk of a stream; the one with the usage has no choices."""
    delta = {} if text is None else {"role": "assistant", "content": text}
    choices = [] if usage else [{"index": 0, "delta": delta, "finish_reason": finish}]
    body = _OBJECT | {"object": "chat.completion.chunk", "choices": choices} | _counted(usage)
    return f"data: {json.dumps(body)}\n\n".encode()


def _counted(usage: tuple[int, int] | None) -> dict[str, object]:
    if not usage:
        return {}
    return {"usage": {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}}


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} Scripted", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "connection: close", "", ""]).encode("latin-1")


def _chunked(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


async def _serve_forever(port: int, replies: Sequence[Reply]) -> None:
    def chosen(asked: Asked) -> Reply:
        said = str(asked.body["messages"][-1]["content"])
        return next((reply for reply in replies if reply.when in said), replies[-1])

    async with ModelServer(chosen).serving(port) as server:
        print(server.url, flush=True)  # noqa: T201 - whoever started it waits for this
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--script", type=Path, required=True)
    given = parser.parse_args()
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve_forever(given.port, [Reply(**one) for one in json.loads(given.script.read_text())]))
