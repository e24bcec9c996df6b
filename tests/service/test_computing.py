"""What is computed beside the event loop comes back to it, whatever becomes of it."""

import asyncio
import threading
from contextvars import ContextVar

import pytest

from service.computing import AT_ONCE, computed
from tests.processes import until

ASKED_BY: ContextVar[str] = ContextVar("ASKED_BY")


async def test_what_is_computed_knows_who_asked_and_changes_nothing_there() -> None:
    def answer() -> tuple[str, bool]:
        asked_by = ASKED_BY.get()
        ASKED_BY.set("nobody")
        return asked_by, threading.current_thread() is threading.main_thread()

    ASKED_BY.set("a reader")

    assert await computed(answer) == ("a reader", False)
    assert ASKED_BY.get() == "a reader"


async def test_an_error_arrives_as_it_was_raised() -> None:
    with pytest.raises(KeyError, match="a word"):
        await computed(dict[str, str]().__getitem__, "a word")


async def test_the_end_of_an_iterator_arrives_as_an_error() -> None:
    with pytest.raises(RuntimeError, match="StopIteration") as raised:
        await asyncio.wait_for(computed(next, iter([])), 10.0)

    assert isinstance(raised.value.__cause__, StopIteration)


async def test_who_leaves_waits_for_nothing_and_what_had_not_begun_is_not_computed() -> None:
    going_on = threading.Event()
    begun: list[int] = []

    def wait(number: int) -> None:
        begun.append(number)
        assert going_on.wait(30.0)

    try:
        asked = [asyncio.create_task(computed(wait, number)) for number in range(AT_ONCE + 1)]
        await asyncio.to_thread(until, lambda: len(begun) == AT_ONCE, "all threads are at work")
        for one in asked:
            one.cancel()
        ended = await asyncio.wait_for(asyncio.gather(*asked, return_exceptions=True), 10.0)
    finally:
        going_on.set()

    assert all(isinstance(one, asyncio.CancelledError) for one in ended)
    assert await computed(sorted, begun) == list(range(AT_ONCE))
