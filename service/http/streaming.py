"""Work for a client that may leave, and streams: they begin once their first event has come, and stay open."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar

from litestar import Request
from litestar.exceptions import ClientException
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, Operation, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.response import Stream

from service.http.ending import ended

T = TypeVar("T")

# A proxy closes what is silent for a minute (nginx's proxy_read_timeout), and a slow model is.
_PING_EVERY = 15.0  # seconds
# Neither a cache nor a proxy may hold back what is to be read as it comes.
_HEADERS: Mapping[str, str] = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
_MEDIA_TYPE = "text/event-stream"
# OpenAPI 3.1 does not say what a stream's schema is of; 3.2 has it so, and tools read it so.
_AN_EVENT = Schema(
    description="Each event of the stream.",
    type=OpenAPIType.OBJECT,
    properties={
        "event": Schema(type=OpenAPIType.STRING),
        "data": Schema(type=OpenAPIType.STRING, description="JSON."),
    },
    required=["data"],
)


@dataclass
class Streaming(Operation):
    """What may answer with a stream, for the OpenAPI document: Litestar knows one media type of each status."""

    def __post_init__(self) -> None:
        """Add the events to what is answered."""
        answered = (self.responses or {})["200"]
        if isinstance(answered, OpenAPIResponse) and answered.content:  # no reference to one
            answered.content[_MEDIA_TYPE] = OpenAPIMediaType(schema=_AN_EVENT)


_open: ContextVar[AsyncExitStack | None] = ContextVar("open", default=None)


def _close_later(events: AsyncGenerator[Any]) -> None:
    """Close the events when the request that is being served ends."""
    if stack := _open.get():
        stack.push_async_callback(events.aclose)


@asynccontextmanager
async def closing() -> AsyncIterator[None]:
    """Close what a request streams when it ends: one whose client does not read it is left in its middle, at work."""
    async with AsyncExitStack() as stack:
        token = _open.set(stack)
        try:
            yield
        finally:
            _open.reset(token)


async def while_connected(request: Request[Any, Any, Any], work: Coroutine[Any, Any, T]) -> T:
    """Do the work unless the client leaves; nobody would read its result, and a language model costs money.

    Raises:
        ClientException: the client left.

    """

    async def gone() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    tasks = asyncio.create_task(work), asyncio.create_task(gone())
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if tasks[0].done():
            return tasks[0].result()
        raise ClientException("the client left")
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def begun(request: Request[Any, Any, Any], events: AsyncGenerator[T]) -> AsyncGenerator[T]:
    """Wait for the first event, and give all of them: what fails before the first can still answer with a status.

    Raises:
        ClientException: the client left.
        Exception: what the events raise before the first, or what ends the request.

    """
    events = ended(events)
    _close_later(events)

    async def first() -> T:
        return await anext(events)

    return _after(await while_connected(request, first()), events)


async def _after(first: T, rest: AsyncGenerator[T]) -> AsyncGenerator[T]:
    async with aclosing(rest):
        yield first
        async for event in rest:
            yield event


def streamed(lines: AsyncGenerator[str], headers: Mapping[str, str] = MappingProxyType({})) -> Stream:
    """Answer with server-sent events; when the client leaves, Litestar cancels this, and so the work."""
    kept = kept_open(lines)
    _close_later(kept)
    return Stream(kept, media_type=_MEDIA_TYPE, headers={**_HEADERS, **headers})


async def kept_open(lines: AsyncGenerator[str], every: float = _PING_EVERY) -> AsyncGenerator[str]:
    """Give the lines as they come, and a comment, which readers skip, when none has come for so many seconds."""
    ready: asyncio.Queue[str | None] = asyncio.Queue()

    async def take() -> None:
        # In one task: a deadline within the lines is of the task that set it.
        try:
            async with aclosing(lines):
                async for line in lines:
                    ready.put_nowait(line)
        finally:
            ready.put_nowait(None)

    taking = asyncio.create_task(take())
    try:
        while True:
            try:
                line = await asyncio.wait_for(ready.get(), every)
            except TimeoutError:
                yield ": ping\n\n"
                continue
            if line is None:
                break
            yield line
        await taking
    finally:
        taking.cancel()
        await asyncio.gather(taking, return_exceptions=True)
