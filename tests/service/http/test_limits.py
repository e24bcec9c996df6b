"""How much at once: requests of a key in a minute, its answers at once, and what the service works on."""

import asyncio
import math
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.http.limits import Busy, Limits, TooMany, Turns
from service.keys import Key
from service.types import Answer, Event, Question
from tests.service.http.scripted import ANSWER, Scripted


def key(*, requests: int = 60, answers: int = 2, key_id: str = "00000000") -> Key:
    return Key(
        id=key_id,
        name="a test",
        hash="0" * 64,
        scopes=("ask",),
        requests=requests,
        answers=answers,
        created=datetime.now(UTC),
    )


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def wait_of(error: TooMany) -> int:
    return int((error.headers or {})["retry-after"])


def test_a_key_has_as_many_requests_at_once_as_in_a_minute_and_then_no_more() -> None:
    limits = Limits(Clock())
    for _ in range(60):
        limits.request(key())
    with pytest.raises(TooMany, match="60 times a minute"):
        limits.request(key())
    limits.request(key(key_id="11111111"))  # another key has its own


@given(requests=st.integers(1, 100_000), pauses=st.lists(st.floats(0, 90), max_size=30))
def test_a_client_that_waits_as_long_as_it_is_told_is_served(requests: int, pauses: list[float]) -> None:
    clock = Clock()
    limits = Limits(clock)
    limits.request(key(requests=requests))
    limits._accounts["00000000"].requests = 0
    for pause in pauses:
        clock.now += pause
        try:
            limits.request(key(requests=requests))
        except TooMany as error:
            clock.now += wait_of(error)
            limits.request(key(requests=requests))


@settings(deadline=None)
@given(requests=st.integers(1, 200), pauses=st.lists(st.floats(0, 20), max_size=30))
def test_no_minute_has_more_than_twice_what_a_key_may(requests: int, pauses: list[float]) -> None:
    clock = Clock()
    limits = Limits(clock)
    served: list[float] = []
    for pause in pauses:
        clock.now += pause
        for _ in range(50):
            try:
                limits.request(key(requests=requests))
            except TooMany:
                break
            served.append(clock.now)
    for first in set(served):
        assert sum(first <= one < first + 60 for one in served) <= 2 * requests + 1


def test_a_wait_is_no_longer_than_it_must_be() -> None:
    clock = Clock()
    limits = Limits(clock)
    limits.request(key(requests=1))
    with pytest.raises(TooMany) as refused:
        limits.request(key(requests=1))
    assert wait_of(refused.value) == 60
    clock.now += 59.5
    with pytest.raises(TooMany) as refused:
        limits.request(key(requests=1))
    assert wait_of(refused.value) == math.ceil(0.5)


def test_a_key_has_no_more_answers_at_once_than_it_may_whatever_becomes_of_them() -> None:
    limits = Limits()
    limits.request(key())
    for _ in range(3):
        with suppress(ZeroDivisionError), limits.answer(key()), limits.answer(key()):
            with pytest.raises(TooMany, match="2 answers at once"), limits.answer(key()):
                pass
            raise ZeroDivisionError


@dataclass
class Counted(Scripted):
    """Waits in each answer until it may go on, and counts how many are at work."""

    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    at_work: int = 0
    most: int = 0

    async def events(self, question: Question) -> AsyncGenerator[Event]:
        self.at_work += 1
        self.most = max(self.most, self.at_work)
        try:
            await self.go_on.wait()
            async for event in super().events(question):
                yield event
        finally:
            self.at_work -= 1

    async def answer(self, question: Question) -> Answer:
        async for _ in self.events(question):
            pass
        return ANSWER


async def until(it_is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not it_is_so():  # noqa: ASYNC110 - what others count has no event
            await asyncio.sleep(0)


QUESTION = Question(question="What is the fee?")


async def test_no_more_questions_are_worked_on_at_once_than_may_be_and_the_others_wait() -> None:
    answering = Counted()
    turns = Turns(answering, 3)
    asked = [asyncio.create_task(turns.answer(QUESTION)) for _ in range(20)]
    await until(lambda: answering.at_work == 3)
    answering.go_on.set()
    assert [await one for one in asked] == [ANSWER] * 20
    assert (answering.most, answering.at_work) == (3, 0)


async def test_who_would_be_one_too_many_to_wait_is_sent_away_at_once() -> None:
    answering = Counted()
    turns = Turns(answering, 1)
    asked = [asyncio.create_task(turns.answer(QUESTION)) for _ in range(17)]
    await until(lambda: turns._waiting == 16)
    with pytest.raises(Busy) as busy:
        await turns.answer(QUESTION)
    assert int((busy.value.headers or {})["retry-after"]) > 0
    for one in asked[::2]:
        one.cancel()  # their clients left
    answering.go_on.set()
    done = await asyncio.gather(*asked, return_exceptions=True)
    assert [isinstance(one, asyncio.CancelledError) for one in done] == [number % 2 == 0 for number in range(17)]
    assert (answering.at_work, turns._waiting) == (0, 0)
    assert await turns.answer(QUESTION) == ANSWER


async def test_nobody_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.http.limits._LONGEST_WAIT", 0.01)
    answering = Counted()
    turns = Turns(answering, 1)
    first = asyncio.create_task(turns.answer(QUESTION))
    await until(lambda: answering.at_work == 1)
    with pytest.raises(Busy):
        await turns.answer(QUESTION)
    answering.go_on.set()
    assert await first == ANSWER
    assert await turns.answer(QUESTION) == ANSWER


async def test_a_turn_ends_with_the_last_event_or_when_nobody_wants_more() -> None:
    answering = Scripted()
    turns = Turns(answering, 1)
    for _ in range(2):
        events = turns.events(QUESTION)
        await anext(events)
        await events.aclose()
        assert [event async for event in turns.events(QUESTION)] == list(answering.script)
