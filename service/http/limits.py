"""How much at once: what each key may ask, and what this process does; of each process of a service on its own."""

import asyncio
import math
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from http import HTTPStatus

from litestar.exceptions import ClientException, HTTPException

from retrieval.embedding import Embedder
from retrieval.store import Store
from retrieval.types import Hit
from service.desk import Answering
from service.keys import Key
from service.types import Answer, Event, Question, SearchRequest

# As the setting; chosen: a language model is waited for. Without one 8 at once give 35 answers a second, 16 give 41 and
# 32 give 44 (benchmarks/load.py).
MOST_ANSWERS = 16
_WAITING = 16  # times as many may wait their turn; chosen
_LONGEST_WAIT = 10.0  # seconds for a turn; chosen
# Of articles that are stored at once; chosen: one of the longest, and some of others. What is made of them is 34 bytes
# for each, which is 0.8 GB.
MOST_CHARACTERS = 24_000_000
_SOON = 2  # seconds after which to try again where nobody knows better; chosen
_SMALL = 1e-6  # of a request; what sums of floats may be short of


class TooMany(ClientException):
    """A key has no more requests, or answers, for now."""

    status_code = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, detail: str, seconds: int) -> None:
        """Say why, and after how long it will have."""
        super().__init__(detail, headers={"retry-after": str(seconds)})


class Busy(HTTPException):
    """The service has as much to do as it can."""

    status_code = HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self, why: str = "with other questions: ask") -> None:
        """Say what to do."""
        detail = f"The service is busy {why} again in {_SOON} seconds."
        super().__init__(detail, headers={"retry-after": str(_SOON)})


@dataclass
class _Account:
    """What a key has left: a bucket that holds a minute's requests, and fills as fast as they may come."""

    requests: float
    since: float
    answers: int = 0


class Limits:
    """What each key has asked of this process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with full buckets; the clock's seconds never go back."""
        self._clock = clock
        self._accounts: dict[str, _Account] = {}

    def request(self, key: Key) -> None:
        """Take a request.

        Raises:
            TooMany: there is none left; with the seconds after which there is one again.

        """
        now = self._clock()
        rate = key.requests / 60
        account = self._accounts.setdefault(key.id, _Account(key.requests, now))
        account.requests = min(key.requests, account.requests + (now - account.since) * rate)
        account.since = now
        if account.requests < 1 - _SMALL:
            seconds = math.ceil((1 - account.requests) / rate)
            raise TooMany(f"The key {key.name!r} may ask {key.requests} times a minute: wait {seconds} s.", seconds)
        account.requests -= 1

    @contextmanager
    def answer(self, key: Key) -> Iterator[None]:
        """Hold one of the answers that a key may have at once, until its response has ended.

        Raises:
            TooMany: it has them all.

        """
        account = self._accounts[key.id]
        if account.answers >= key.answers:
            what = f"{key.answers} answer{'s' if key.answers > 1 else ''}"
            raise TooMany(f"The key {key.name!r} may have {what} at once: wait for one to end.", _SOON)
        account.answers += 1
        try:
            yield
        finally:
            account.answers -= 1


class Storing:
    """The articles that requests bring and that are being stored, as `storing` of an application's state."""

    def __init__(self, most: int = MOST_CHARACTERS) -> None:
        """Take how many characters they may have together."""
        self._most = most
        self._held = 0

    @contextmanager
    def room(self, characters: int) -> Iterator[None]:
        """Hold room for an article; a longer one than there is any for is stored alone.

        Raises:
            Busy: there is none now. It is not waited for: what waits has its article in memory, too.

        """
        if self._held and self._held + characters > self._most:
            raise Busy("with other articles: send this")
        self._held += characters
        try:
            yield
        finally:
            self._held -= characters


class Turns:
    """An Answering that works on no more than so many questions at once; a client that reads slowly holds up nobody.

    Others wait their turn, in the order in which they came: not too many, and not too long.
    """

    def __init__(self, answering: Answering, most: int) -> None:
        """Take what answers, and how many questions it works on."""
        self._answering = answering
        self._free = asyncio.Semaphore(most)
        self._waiting = 0
        self._most_waiting = _WAITING * most

    @property
    def store(self) -> Store:
        """Give the store."""
        return self._answering.store

    @property
    def embedder(self) -> Embedder:
        """Give the embedding model."""
        return self._answering.embedder

    @property
    def models(self) -> tuple[str, ...]:
        """Name who may write."""
        return self._answering.models

    @property
    def waiting(self) -> int:
        """How many questions wait their turn."""
        return self._waiting

    async def answer(self, question: Question) -> Answer:
        """Answer, or abstain."""
        async with self._turn():
            return await self._answering.answer(question)

    async def events(self, question: Question) -> AsyncGenerator[Event]:
        """Answer event by event."""
        async with self._turn(), aclosing(self._answering.events(question)) as events:
            async for event in events:
                yield event

    async def search(self, request: SearchRequest) -> list[Hit]:
        """Give the passages that a question finds."""
        async with self._turn():
            return await self._answering.search(request)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Wait for a turn, and hold it.

        Raises:
            Busy: too many wait already, or it has taken too long.

        """
        if self._free.locked() and self._waiting >= self._most_waiting:
            raise Busy
        self._waiting += 1
        try:
            async with asyncio.timeout(_LONGEST_WAIT):
                await self._free.acquire()
        except TimeoutError:
            raise Busy from None
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._free.release()
