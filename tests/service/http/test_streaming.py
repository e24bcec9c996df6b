"""Streams that stay open."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from service.http.streaming import _close_later, closing, kept_open


async def test_what_is_silent_sends_comments_until_it_says_something() -> None:
    said = asyncio.Event()

    async def lines() -> AsyncGenerator[str]:
        yield "data: 1\n\n"
        await said.wait()
        yield "data: 2\n\n"

    got = []
    async for line in kept_open(lines(), every=0.01):
        got.append(line)
        if got.count(": ping\n\n") == 2:
            said.set()
    assert got[0] == "data: 1\n\n"
    assert got[-1] == "data: 2\n\n"
    assert set(got[1:-1]) == {": ping\n\n"}


async def test_what_fails_fails_behind_what_was_said() -> None:
    async def lines() -> AsyncGenerator[str]:
        yield "data: 1\n\n"
        raise ZeroDivisionError

    stream = kept_open(lines())
    assert await anext(stream) == "data: 1\n\n"
    with pytest.raises(ZeroDivisionError):
        await anext(stream)


async def test_a_reader_that_leaves_ends_the_work() -> None:
    ended = asyncio.Event()

    async def lines() -> AsyncGenerator[str]:
        try:
            yield "data: 1\n\n"
            await asyncio.Event().wait()
        finally:
            ended.set()

    stream = kept_open(lines())
    assert await anext(stream) == "data: 1\n\n"
    await stream.aclose()
    assert ended.is_set()


async def test_all_that_a_request_streams_is_closed_though_one_of_it_fails_to() -> None:
    closed = []

    async def lines(name: str) -> AsyncGenerator[str]:
        try:
            while True:
                yield name
        finally:
            closed.append(name)
            raise ZeroDivisionError

    async def serve() -> None:
        async with closing():
            for name in ("first", "second"):
                stream = lines(name)
                _close_later(stream)
                await anext(stream)

    with pytest.raises(ZeroDivisionError):
        await serve()
    assert closed == ["second", "first"]


async def test_a_deadline_within_the_lines_holds_over_all_of_them() -> None:
    async def lines() -> AsyncGenerator[str]:
        async with asyncio.timeout(0.05):
            yield "data: 1\n\n"
            await asyncio.Event().wait()

    stream = kept_open(lines())
    assert await anext(stream) == "data: 1\n\n"
    with pytest.raises(TimeoutError):
        await anext(stream)
