"""Over a real socket: sentences arrive as they are ready, a client that leaves stops the work, a signal ends it."""

import asyncio
import json
import signal
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest
from litestar.types import HTTPReceiveMessage

from service.errors import AddressUnusable
from service.http.app import make_app
from service.serving import address_of, listen, serve
from service.settings import Settings
from service.types import Event, Question, Searched
from tests.fakes import FirstSentence


@dataclass
class Slow(FirstSentence):
    """Waits after its first event until it is told to go on."""

    begun: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    stopped: asyncio.Event = field(default_factory=asyncio.Event)

    async def events(self, question: Question) -> AsyncGenerator[Event]:
        try:
            async for event in super().events(question):
                yield event
                if isinstance(event, Searched):
                    self.begun.set()
                    await self.go_on.wait()
        finally:
            self.stopped.set()


@pytest.fixture
def slow(answering: FirstSentence) -> Slow:
    return Slow(answering.store, answering.embedder)


@asynccontextmanager
async def at_work(answering: FirstSentence, settings: Settings | None = None) -> AsyncGenerator[httpx.AsyncClient]:
    """Serve on a free port, then end as Ctrl-C does."""
    before = signal.signal(signal.SIGINT, lambda *_: None)  # uvicorn raises it again when it has ended
    started = asyncio.get_running_loop().create_future()
    listener = listen("127.0.0.1", 0)
    service = asyncio.create_task(serve(answering, settings or Settings(), listener, started.set_result))

    def ended(_: object) -> None:
        if not started.done():
            started.set_exception(AssertionError("it ended before it served"))

    service.add_done_callback(ended)
    try:
        async with httpx.AsyncClient(base_url=await started, timeout=10, trust_env=False) as client:
            yield client
    finally:
        signal.raise_signal(signal.SIGINT)
        await asyncio.wait_for(service, 10)
        signal.signal(signal.SIGINT, before)


async def test_a_sentence_arrives_while_the_next_one_is_being_written(slow: Slow) -> None:
    async with at_work(slow) as client:
        question = {"question": "drones", "stream": True}
        async with client.stream("POST", "/v1/answers", json=question) as response:
            lines = response.aiter_lines()
            assert await anext(lines) == "event: searched"
            slow.go_on.set()
            rest = [line async for line in lines]
    assert json.loads(rest[-2].removeprefix("data: "))["answer"]["answered"]


@pytest.mark.parametrize("stream", [True, False], ids=["of a stream", "of JSON"])
async def test_a_client_that_leaves_stops_the_work(slow: Slow, *, stream: bool) -> None:
    async with at_work(slow) as client:
        body = json.dumps({"question": "drones", "stream": stream}).encode()
        _, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
        head = ["POST /v1/answers HTTP/1.1", "Host: localhost", "Content-Type: application/json"]
        writer.write("\r\n".join([*head, f"Content-Length: {len(body)}", "", ""]).encode() + body)
        await asyncio.wait_for(slow.begun.wait(), 10)
        writer.close()
        await asyncio.wait_for(slow.stopped.wait(), 10)
        assert not slow.go_on.is_set()


async def test_a_request_ends_after_the_work_that_it_stopped(slow: Slow) -> None:
    question = json.dumps({"question": "drones"}).encode()
    messages: list[HTTPReceiveMessage] = [
        {"type": "http.disconnect"},
        {"type": "http.request", "body": question, "more_body": False},
    ]

    async def receive() -> HTTPReceiveMessage:
        if len(messages) == 1:
            await slow.begun.wait()
        return messages.pop()

    async def send(_: object) -> None:
        pass

    scope: dict[str, object] = {
        "type": "http",
        "method": "POST",
        "path": "/v1/answers",
        "raw_path": b"/v1/answers",
        "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"content-type", b"application/json")],
    }
    await make_app(slow)(scope, receive, send)
    assert slow.stopped.is_set()


@pytest.mark.parametrize("path", ["/v1/answers", "/v1/articles"])
async def test_a_body_without_end_is_cut_off(answering: FirstSentence, path: str) -> None:
    async def endless() -> AsyncGenerator[bytes]:
        while True:
            yield b" " * 100_000

    async with at_work(answering) as client, asyncio.timeout(10):
        try:
            response = await client.post(path, content=endless(), headers={"Content-Type": "application/json"})
        except httpx.TransportError:  # the service hung up in the middle, which is as good
            return
        assert response.status_code == 413


async def test_a_proxy_reaches_a_service_on_this_machine_by_its_public_name(answering: FirstSentence) -> None:
    settings = Settings(public_url="https://News.example:8443/ask", cors_origins=("https://other.example",))
    async with at_work(answering, settings) as client:
        for host, status in [
            ("news.example", 200),
            ("News.Example:8443", 200),
            ("localhost:1", 200),
            ("news.example.evil.example", 421),
            ("other.example", 421),
        ]:
            response = await client.get("/articles", headers={"host": host, "origin": "https://other.example"})
            assert response.status_code == status, host
            assert response.headers["access-control-allow-origin"] == "https://other.example"
        message = {"role": "user", "parts": [{"type": "text", "text": "drones"}]}
        stream = await client.post("/api/chat", json={"messages": [message]}, headers={"host": "news.example"})
        assert "https://news.example:8443/ask/articles/drones?version=" in stream.text


async def test_chat_clients_have_the_extras_of_the_setting(answering: FirstSentence) -> None:
    async with at_work(answering, Settings(chat_extras=("sources",))) as client:
        body = {"model": "groundwire", "messages": [{"role": "user", "content": "drones"}]}
        completion = (await client.post("/v1/chat/completions", json=body)).json()
    assert "\n**Sources**\n" in completion["choices"][0]["message"]["content"]


def test_a_port_in_use_is_named_with_the_way_out() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(AddressUnusable, match=rf"Port {port} .*PORT=8001 make demo"):
            listen("127.0.0.1", port)


def test_a_host_that_is_not_ours_is_named() -> None:
    with pytest.raises(AddressUnusable, match=r"192\.0\.2\.1"):
        listen("192.0.2.1", 0)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:"),
        ("0.0.0.0", "http://127.0.0.1:"),  # noqa: S104 - the point of it
        ("::1", "http://[::1]:"),
        ("::", "http://[::1]:"),
    ],
)
def test_a_listening_socket_has_an_address_on_this_machine(host: str, address: str) -> None:
    if ":" in host and not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    with listen(host, 0) as listener:
        assert address_of(listener) == f"{address}{listener.getsockname()[1]}"
