"""How long a request may take, and what it holds meanwhile: it fails in its protocol's own way, and lets go."""

import asyncio
import json
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx
import pytest
from litestar import get
from litestar.response import Stream
from litestar.testing import AsyncTestClient

from service.http.admission import TookTooLong
from service.http.app import make_app
from service.http.streaming import streamed
from service.keys import KeyFile, Keys
from service.types import Answer, Answered, Event, Question
from tests.fakes import FirstSentence
from tests.service.http.scripted import ANSWER, SEARCHED, SENTENCES, Scripted
from tests.service.http.test_connections import HEAD, at_work, post, serving, until
from tests.service.http.test_serving import Slow

ASKED = {"question": "What is the fee?"}
CHAT = {"model": "groundwire", "messages": [{"role": "user", "content": "What is the fee?"}]}
WORDS = "This was not done within 0 s, and was given up."


class Waits(Scripted):
    """Never ends an answer."""

    async def answer(self, question: Question) -> Answer:
        async for _ in self.events(question):
            pass
        raise AssertionError


@pytest.mark.parametrize(
    ("path", "body", "last"),
    [
        ("/v1/answers", ASKED | {"stream": True}, lambda data: data["error"]["detail"]),
        ("/v1/chat/completions", CHAT | {"stream": True}, lambda data: data["error"]["message"]),
        (
            "/v1/responses",
            {"model": "groundwire", "input": "What is the fee?", "stream": True},
            lambda data: data["response"]["error"]["message"],
        ),
        (
            "/api/chat",
            {"messages": [{"role": "user", "parts": [{"type": "text", "text": "What is the fee?"}]}]},
            lambda data: data["errorText"],
        ),
    ],
)
@pytest.mark.parametrize("begun", [False, True], ids=["before its first event", "in its middle"])
async def test_an_answer_that_takes_too_long_says_so_as_its_protocol_does(
    path: str, body: dict[str, object], last: "asyncio.Future[str]", *, begun: bool
) -> None:
    answering = Scripted(script=(SEARCHED, SENTENCES[0], None) if begun else (None,))
    app = make_app(answering, request_timeout=0.2, most_answers=1)
    async with AsyncTestClient(app, base_url="http://127.0.0.1") as client:
        for _ in range(2):  # a turn that was given up is free again
            response = await client.post(path, json=body)
            assert (response.status_code, WORDS in response.text) == (200 if begun else 503, True), response.text
            if begun:
                lines = [one for one in response.text.splitlines() if one.startswith("data: {")]
                assert last(json.loads(lines[-1].removeprefix("data: "))) == WORDS  # type: ignore[operator]  # a lambda
            assert answering.closed.is_set()


async def test_a_whole_answer_that_takes_too_long_is_a_problem() -> None:
    answering = Waits(script=(SEARCHED, None))
    app = make_app(answering, request_timeout=0.2)
    async with AsyncTestClient(app, base_url="http://127.0.0.1") as client:
        for path, body in [("/v1/answers", ASKED), ("/v1/chat/completions", CHAT)]:
            response = await client.post(path, json=body)
            assert (response.status_code, response.headers["retry-after"]) == (503, "1")
            assert WORDS in response.text
            assert answering.closed.is_set()


def test_what_took_too_long_is_tried_again_no_sooner_than_it_took() -> None:
    assert TookTooLong(120.0).headers == {"retry-after": "120"}


async def test_a_body_that_is_not_there_in_time_ends_its_request(answering: FirstSentence) -> None:
    async with at_work(answering, request_timeout=0.3) as service:
        reader, writer = await service.connect()
        writer.write(post("/v1/answers", 1000) + b"{")

        async def drip() -> None:
            while True:
                writer.write(b" ")
                await asyncio.sleep(0.02)

        dripping = asyncio.create_task(drip())
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
        assert head.startswith(b"HTTP/1.1 503 ")
        dripping.cancel()
        writer.close()
        await service.none_left()


async def test_uploads_have_longer(answering: FirstSentence) -> None:
    body = {"title": "New", "text": "New."}
    async with AsyncTestClient(make_app(answering, request_timeout=1e-9), base_url="http://127.0.0.1") as client:
        assert (await client.get("/v1/articles")).status_code == 503
        assert (await client.put("/v1/articles/new", json=body)).status_code == 201
        assert (await client.delete("/v1/articles/new")).status_code == 204
        assert (await client.get("/v1/export")).status_code == 200


async def test_a_response_that_is_not_read_ends_a_little_after_its_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.http.admission._LAST", 0.2)
    ended = asyncio.Event()

    @get("/endless", opt={"scope": None, "deadline": 0.2})
    async def endless() -> Stream:
        async def lines() -> AsyncGenerator[str]:
            try:
                for _ in range(1000):
                    yield "x" * 100_000
                await asyncio.Event().wait()
            finally:
                ended.set()

        return streamed(lines())

    app = make_app(Scripted())
    app.register(endless)
    async with serving(app) as service:
        _, writer = await service.connect(receive_buffer=4096)
        writer.write(b"GET /endless HTTP/1.1\r\n" + HEAD + b"\r\n")
        await asyncio.wait_for(ended.wait(), 10)
        await until(lambda: not service.state.tasks)
        writer.close()
        await service.none_left()


class Keyed:
    """A service with a key that may have one answer at once."""

    def __init__(self, folder: Path) -> None:
        file = KeyFile(folder / "keys.json")
        _, token = file.create("a test", ["ask"], origins=(), requests=1000, answers=1, expires=None)
        self.headers = {"authorization": f"Bearer {token}"}
        self.keys = Keys(folder / "keys.json")


async def test_a_key_has_its_answer_back_when_the_stream_has_ended(answering: FirstSentence, tmp_path: Path) -> None:
    slow, keyed = Slow(answering.store, answering.embedder), Keyed(tmp_path)
    body = {"question": "drones", "stream": True}
    async with (
        at_work(slow, keys=keyed.keys) as service,
        httpx.AsyncClient(base_url=service.url, headers=keyed.headers, trust_env=False) as client,
    ):
        async with client.stream("POST", "/v1/answers", json=body) as response:
            lines = response.aiter_lines()
            assert await anext(lines) == "event: searched"
            for path in ("/v1/answers", "/v1/search", "/v1/chat/completions"):
                refused = await client.post(path, json=body)
                assert (refused.status_code, int(refused.headers["retry-after"]) > 0) == (429, True)
            assert (await client.get("/v1/models")).status_code == 200
            slow.go_on.set()
            assert [line async for line in lines][-2].startswith("data: ")
        assert (await client.post("/v1/answers", json=body)).status_code == 200


@pytest.mark.parametrize("stream", [True, False], ids=["of a stream", "of JSON"])
async def test_a_key_has_its_answer_back_when_its_client_has_left(
    answering: FirstSentence, tmp_path: Path, *, stream: bool
) -> None:
    slow, keyed = Slow(answering.store, answering.embedder), Keyed(tmp_path)
    body = json.dumps({"question": "drones", "stream": stream}).encode()
    token = b"Authorization: " + keyed.headers["authorization"].encode()
    async with (
        at_work(slow, keys=keyed.keys) as service,
        httpx.AsyncClient(base_url=service.url, headers=keyed.headers, trust_env=False) as client,
    ):
        _, writer = await service.connect()
        writer.write(post("/v1/answers", len(body), token) + body)
        await asyncio.wait_for(slow.begun.wait(), 10)
        assert (await client.post("/v1/search", json={"question": "drones"})).status_code == 429
        writer.close()
        await asyncio.wait_for(slow.stopped.wait(), 10)
        await until(lambda: len(service.state.connections) == 1)  # our client's own
        assert (await client.post("/v1/search", json={"question": "drones"})).status_code == 200


async def test_a_client_that_reads_slowly_takes_no_turn_from_others() -> None:
    events: tuple[Event, ...] = (SEARCHED, *SENTENCES[:1] * 5000, Answered(answer=ANSWER))
    body = json.dumps(ASKED | {"stream": True}).encode()
    async with (
        at_work(Scripted(script=events), most_answers=1) as service,
        httpx.AsyncClient(base_url=service.url, trust_env=False, timeout=30) as client,
    ):
        reader, writer = await service.connect(receive_buffer=4096)
        writer.write(post("/v1/answers", len(body)) + body)
        await reader.read(1)
        for _ in range(2):
            response = await client.post("/v1/answers", json=ASKED | {"stream": True})
            assert "event: answered" in response.text
        assert service.state.tasks  # the first is not read to its end
        writer.transport.abort()
        await until(lambda: not service.state.tasks)
