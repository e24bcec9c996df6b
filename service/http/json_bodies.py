"""Bodies of JSON: of the large ones few are in memory at once, and none holds so much that others wait for it.

What parses JSON holds Python's lock until it is done, in whichever thread, and takes as long as there are values. Of
processor time in which nobody else was answered (benchmarks/bodies.py, before and after): 1.6 s and 14 ms for a chat
with 10 MB of empty lists, 4.0 s and 76 ms for an article with 40 MB of them, which are counted and refused now.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from http import HTTPStatus
from typing import Any, TypeVar

import pydantic_core
from litestar.exceptions import HTTPException

from service.http.problems import field_error

T = TypeVar("T")

MOST_VALUES = (
    100_000  # lists, objects and commas; as many objects parse in 11 ms, and ten thousand messages have 70,000
)
_LARGE = 1_000_000  # bytes; chosen
_AT_ONCE = 4  # large bodies; chosen: of the longest, 41 MB, and what becomes of them, that is half a gigabyte
_LONGEST_WAIT = 10.0  # seconds for a turn; chosen, as that of a question
_SLOWEST = 10.0  # seconds for each megabyte of a large body; chosen: no longer than others wait for its turn
_SOON = 2  # seconds after which to try again; chosen
_SMALL = 64_000  # bytes; chosen: they parse in 1 ms at worst, and a thread takes a tenth of that
# One that never ends is one, too: else each quotation mark in it would be tried as the beginning of another.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
_MARKS = (b",", b"[", b"{")


class TooManyBodies(HTTPException):
    """There are as many large bodies as there may be, and none of them has ended for long."""

    status_code = HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self) -> None:
        """Say what to do."""
        detail = f"The service reads as many large bodies as it can: send this again in {_SOON} seconds."
        super().__init__(detail, headers={"retry-after": str(_SOON)})


class BodyTooSlow(HTTPException):
    """A large body, for which others wait, does not come."""

    status_code = HTTPStatus.REQUEST_TIMEOUT

    def __init__(self, seconds: float) -> None:
        """Say what is asked for."""
        super().__init__(f"Of a body beyond a megabyte each one more has to come within {seconds:g} s.")


class LargeBodies:
    """The turns in which an application takes large bodies, as `large_bodies` of its state."""

    def __init__(self, at_once: int = _AT_ONCE, longest_wait: float = _LONGEST_WAIT, slowest: float = _SLOWEST) -> None:
        """Take how many there may be, for how many seconds another one waits, and how many a megabyte has."""
        self._free = asyncio.Semaphore(at_once)
        self._longest_wait = longest_wait
        self.slowest = slowest

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn, and hold it.

        Raises:
            TooManyBodies: none came.

        """
        try:
            async with asyncio.timeout(self._longest_wait):
                await self._free.acquire()
        except TimeoutError as error:
            raise TooManyBodies from error
        try:
            yield
        finally:
            self._free.release()


@asynccontextmanager
async def received(large: LargeBodies, chunks: AsyncGenerator[bytes]) -> AsyncIterator[bytes]:
    """Put a body together, and hold it until the block ends; what is behind its first megabyte waits for a turn.

    Raises:
        TooManyBodies: none came.
        BodyTooSlow: one did, and the body does not.

    """
    parts: list[bytes] = []
    size = due = 0
    async with AsyncExitStack() as held, aclosing(chunks):
        try:
            async with asyncio.timeout(None) as bound:
                async for chunk in chunks:
                    if size <= _LARGE < size + len(chunk):
                        await held.enter_async_context(large.turn())
                    parts.append(chunk)
                    size += len(chunk)
                    if size > max(due, _LARGE):
                        due = size + _LARGE
                        bound.reschedule(asyncio.get_running_loop().time() + large.slowest)
        except TimeoutError as error:
            raise BodyTooSlow(large.slowest) from error
        body = b"".join(parts)
        parts.clear()
        yield body


async def read(body: bytes, reads: Callable[[bytes], T]) -> T:
    """Read a body by a function, in a thread where it is not small."""
    return reads(body) if len(body) <= _SMALL else await asyncio.to_thread(reads, body)


def value_of(body: bytes, most: int = MOST_VALUES, advice: str = "") -> Any:  # noqa: ANN401 - what JSON holds
    """Parse JSON in UTF-8 that holds no more than so many values.

    Raises:
        ClientException: it is none (400), or holds more (413), with the advice.

    """
    if sum(map(body.count, _MARKS)) > most and _values(body, most) > most:
        message = f"holds more than {most:,} values{advice}"
        raise field_error("body", message, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    try:
        return pydantic_core.from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise field_error("body", f"is not JSON in UTF-8: {error}", HTTPStatus.BAD_REQUEST) from error


def _values(body: bytes, enough: int) -> int:
    """Count the marks outside of strings until there are enough; so that others are answered meanwhile, one by one."""
    count = behind = 0
    for strings, string in enumerate(_STRING.finditer(body)):
        count += sum(body.count(mark, behind, string.start()) for mark in _MARKS)
        behind = string.end()
        # Between strings of JSON there is a mark, or the colon of a key: with more of them it is none.
        if count > enough or strings > 2 * enough + 2:
            return count
    return count + sum(body.count(mark, behind) for mark in _MARKS)
