"""How a request ends before it is done: it gets an error where it waits, and says so in its protocol's own way.

A deadline ends one request, the end of a stopping service all of them. What is under way in a request is the event
that a stream waits for, or else the request itself: one that has begun to stream must still send its failure.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from contextvars import ContextVar
from typing import TypeVar

from litestar.exceptions import HTTPException

T = TypeVar("T")


class BeingStopped(HTTPException):
    """The service ends before the request is done."""

    status_code = 503

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__(
            "The service is being stopped before this was done: send it again in a moment. "
            "What it stored already is not stored twice.",
            headers={"retry-after": "2"},  # seconds; chosen: another replica answers at once
        )


class Ending:
    """The end of one request, should it have to end before it is done."""

    def __init__(self) -> None:
        """Begin without one."""
        self.error: Exception | None = None
        """What it is ended by."""
        self._waiting: list[asyncio.Task[object]] = []

    def end(self, error: Exception) -> None:
        """Raise an error where the request waits; only the first one counts."""
        if self.error is None:
            self.error = error
            if self._waiting:
                self._waiting[-1].cancel()

    @contextmanager
    def within(self) -> Iterator[None]:
        """Let what is done in here, by one task, be ended by the error.

        Raises:
            Exception: that error, then or already.

        """
        if self.error is not None:
            raise self.error
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("only a task can be ended")
        before = task.cancelling()
        self._waiting.append(task)
        try:
            yield
        except asyncio.CancelledError:
            error: Exception | None = self.error
            # As asyncio.timeout does: a task that somebody else cancels, too, is cancelled.
            if error is not None and task.uncancel() <= before:
                raise error from None
            raise
        finally:
            self._waiting.remove(task)


ending: ContextVar[Ending] = ContextVar("ending", default=Ending())  # noqa: B039 - outside of requests nothing ends it
"""The end of the request that is being served."""


async def ended(events: AsyncGenerator[T]) -> AsyncGenerator[T]:
    """Give the events of the request that is being served until it has to end.

    Raises:
        Exception: what it is ended by.

    """
    of_request = ending.get()
    async with aclosing(events):
        while True:
            try:
                with of_request.within():
                    event = await anext(events)
            except StopAsyncIteration:
                return
            yield event


class Stopping:
    """Whether the service is being stopped, and the requests under way, which end with it."""

    def __init__(self) -> None:
        """Begin to serve."""
        self.begun = False
        """It is: no request should come any more, and the connection of one that does is closed behind it."""
        self._ended = False
        self._requests: set[Ending] = set()

    @contextmanager
    def request(self) -> Iterator[Ending]:
        """Serve a request, which the end of all ends."""
        one = Ending()
        self._requests.add(one)
        token = ending.set(one)
        try:
            if self._ended:
                one.end(BeingStopped())
            yield one
        finally:
            ending.reset(token)
            self._requests.discard(one)

    def end(self) -> None:
        """End all requests that are under way."""
        self._ended = True
        for one in list(self._requests):
            one.end(BeingStopped())
