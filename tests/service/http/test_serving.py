"""Over a real socket: sentences arrive as they are ready, a client that leaves stops the work, a signal ends it."""

import asyncio
import json
import signal
import socket
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx
import pytest
from litestar.types import HTTPReceiveMessage

from service.errors import AddressUnusable
from service.http.app import make_app
from service.keys import KeyFile
from service.serving import address_of, listen, serve
from service.settings import Settings
from service.types import Event, Question, Searched
from tests.fakes import FirstSentence
from tests.processes import BIN, environment, started, until

signalled = asyncio.Event()


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
    """Serve on a free port, then end as Ctrl-C does, unless a signal has ended it before."""
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
        if not signalled.is_set():
            signal.raise_signal(signal.SIGINT)
        await asyncio.wait_for(service, 10)


def raise_signal(kind: signal.Signals) -> None:
    """Send this process a signal, which its service handles."""
    signalled.set()
    signal.raise_signal(kind)


@pytest.fixture(autouse=True)
def _unsignalled() -> Iterator[None]:
    signalled.clear()
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler  # as it was


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


ASKED = [{"role": "user", "content": "drones"}]
STREAMS = {
    "/v1/answers": ({"question": "drones", "stream": True}, 'event: failed\ndata: {"error":{'),
    "/v1/chat/completions": ({"model": "groundwire", "messages": ASKED, "stream": True}, 'data: {"error":{'),
    "/v1/responses": ({"model": "groundwire", "input": "drones", "stream": True}, "event: response.failed\n"),
    "/api/chat": (
        {"messages": [{"role": "user", "parts": [{"type": "text", "text": "drones"}]}]},
        'data: {"type": "error", "errorText": "',
    ),
}


async def test_a_draining_service_says_so_and_serves_and_closes_each_connection_behind_its_response(
    slow: Slow,
) -> None:
    slow.go_on.set()
    async with at_work(slow, Settings(drain=1)) as client:
        assert "connection" not in (await client.get("/health/ready")).headers
        raise_signal(signal.SIGTERM)
        ready = await client.get("/health/ready")
        assert ready.status_code == 503
        assert "is being stopped" in ready.json()["detail"]
        assert ready.headers["connection"] == "close"
        assert int(ready.headers["retry-after"]) > 0
        answer = await client.post("/v1/answers", json={"question": "drones"})
        assert answer.json()["answered"]
        assert answer.headers["connection"] == "close"


async def test_an_interrupt_drains_nothing(slow: Slow) -> None:
    async with at_work(slow, Settings(drain=60)):
        raise_signal(signal.SIGINT)


async def test_an_answer_under_way_is_given_whole_before_the_end(slow: Slow) -> None:
    async with at_work(slow) as client:
        answering = asyncio.create_task(client.post("/v1/answers", json={"question": "drones"}))
        await asyncio.wait_for(slow.begun.wait(), 10)
        raise_signal(signal.SIGTERM)
        while not await asyncio.to_thread(_is_refused, client.base_url):
            pass
        slow.go_on.set()
        answer = await answering
    assert answer.json()["answered"]


async def test_an_answer_that_is_not_done_in_its_grace_fails_with_a_problem(slow: Slow) -> None:
    async with at_work(slow, Settings(grace=0.2)) as client:
        answering = asyncio.create_task(client.post("/v1/answers", json={"question": "drones"}))
        await asyncio.wait_for(slow.begun.wait(), 10)
        raise_signal(signal.SIGTERM)
        answer = await answering
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) > 0
    assert "is being stopped before this was done" in answer.json()["detail"]
    assert slow.stopped.is_set()


@pytest.mark.parametrize("path", STREAMS)
async def test_a_stream_that_is_not_done_in_its_grace_ends_with_its_own_failure(slow: Slow, path: str) -> None:
    body, failure = STREAMS[path]
    async with at_work(slow, Settings(grace=0.2)) as client, client.stream("POST", path, json=body) as response:
        assert response.status_code == 200
        pieces = response.aiter_text()
        text = await anext(pieces)
        await asyncio.wait_for(slow.begun.wait(), 10)
        raise_signal(signal.SIGTERM)
        text += "".join([piece async for piece in pieces])  # to its own end: a broken stream raises
    assert failure in text
    assert "is being stopped before this was done" in text
    assert slow.stopped.is_set()


@pytest.mark.parametrize("kinds", [(signal.SIGTERM, signal.SIGTERM), (signal.SIGINT, signal.SIGINT)])
async def test_a_second_signal_ends_the_grace(slow: Slow, kinds: tuple[signal.Signals, ...]) -> None:
    async with at_work(slow, Settings(drain=3600, grace=3600)) as client:
        answering = asyncio.create_task(client.post("/v1/answers", json={"question": "drones"}))
        await asyncio.wait_for(slow.begun.wait(), 10)
        for kind in kinds:
            raise_signal(kind)
        assert (await answering).status_code == 503


class Long(Slow):
    """Says more than the sockets' buffers hold."""

    async def events(self, question: Question) -> AsyncGenerator[Event]:
        async for event in super().events(question):
            yield event
            if isinstance(event, Searched):
                for _ in range(20_000):  # of about 1 kB
                    yield event


async def test_a_client_that_reads_nothing_does_not_hold_the_end_up(answering: FirstSentence) -> None:
    long = Long(answering.store, answering.embedder)
    long.go_on.set()
    async with at_work(long, Settings(grace=0.2)) as client:
        with _asking(client.base_url, {"question": "drones", "stream": True}):
            await asyncio.wait_for(long.stopped.wait(), 10)
            raise_signal(signal.SIGTERM)
            # It ends within at_work's deadline.


async def test_a_response_that_is_read_slowly_has_the_grace_too(answering: FirstSentence) -> None:
    long = Long(answering.store, answering.embedder)
    long.go_on.set()
    async with at_work(long) as client:
        with _asking(client.base_url, {"question": "drones", "stream": True}) as reader:
            await asyncio.wait_for(long.stopped.wait(), 10)
            raise_signal(signal.SIGTERM)
            while not await asyncio.to_thread(_is_refused, client.base_url):
                pass
            response = b"".join(await asyncio.to_thread(lambda: list(iter(partial(reader.recv, 1 << 20), b""))))
    assert b"event: answered" in response
    assert response.endswith(b"0\r\n\r\n")


@contextmanager
def _asking(url: httpx.URL, body: dict[str, object]) -> Iterator[socket.socket]:
    """Ask, and read nothing."""
    content = json.dumps(body).encode()
    head = [b"POST /v1/answers HTTP/1.1", b"Host: localhost", b"Content-Type: application/json"]
    with socket.socket() as asking:
        asking.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        asking.connect((url.host, url.port))
        asking.sendall(b"\r\n".join([*head, b"Content-Length: %d" % len(content), b"", content]))
        yield asking


async def test_connections_that_come_while_the_service_is_stopped_are_closed(answering: FirstSentence) -> None:
    async with at_work(answering) as client:
        coming = asyncio.create_task(asyncio.to_thread(_connected_until_refused, client.base_url))
        await asyncio.sleep(0)
        raise_signal(signal.SIGINT)
        connected = await asyncio.wait_for(coming, 10)
    for one in connected:
        with one, suppress(ConnectionResetError, BrokenPipeError):
            one.sendall(b"G")  # or one that the system itself dropped would never learn of it
            assert one.recv(1) == b""


def _connected_until_refused(url: httpx.URL) -> list[socket.socket]:
    """Connect over and over, and give the last of these connections, which are fewer than it takes."""
    connected: list[socket.socket] = []
    with suppress(ConnectionRefusedError, ConnectionResetError):
        while True:
            connected.append(socket.create_connection((url.host, url.port or 0), timeout=10))
            if len(connected) > 100:
                connected.pop(0).close()
    return connected


def _is_refused(url: httpx.URL) -> bool:
    try:
        socket.create_connection((url.host, url.port or 0), timeout=1).close()
    except ConnectionRefusedError:
        return True
    return False


def test_a_service_that_is_stopped_while_it_starts_ends_quietly(tmp_path: Path) -> None:
    env = environment(tmp_path / "data", GROUNDWIRE_PORT="0")
    with (
        (tmp_path / "log").open("wb") as log,
        started([BIN / "groundwire", "serve"], env=env, stderr=log) as process,
    ):
        until((tmp_path / "data" / "lock").exists, "it opens the store")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert b"Traceback" not in (tmp_path / "log").read_bytes()


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
    _, token = KeyFile(settings.keys_file).create(
        "all", ["ask", "read"], origins=(), requests=60, answers=4, expires=None
    )
    async with at_work(answering, settings) as client:
        client.headers["authorization"] = f"Bearer {token}"
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
