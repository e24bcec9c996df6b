"""Work for a client that may leave, and streams that begin once their first event has come."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Mapping
from contextlib import aclosing
from typing import Any, TypeVar

from litestar import Request
from litestar.exceptions import ClientException

T = TypeVar("T")

# Neither a cache nor a proxy may hold back what is to be read as it comes.
STREAM_HEADERS: Mapping[str, str] = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


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
        Exception: what the events raise before the first.

    """

    async def first() -> T:
        return await anext(events)

    return _after(await while_connected(request, first()), events)


async def _after(first: T, rest: AsyncGenerator[T]) -> AsyncGenerator[T]:
    async with aclosing(rest):
        yield first
        async for event in rest:
            yield event
