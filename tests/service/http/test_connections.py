"""Over real sockets: what a client may not do by sending or reading little, or nothing, or by coming in crowds."""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest
import uvicorn
from litestar.types import ASGIApp, Receive, Scope, Send

from service.desk import Answering
from service.http.app import make_app
from service.http.connections import Connection
from service.keys import KeyFile, Keys
from service.serving import listen
from service.settings import Settings
from tests.fakes import FirstSentence
from tests.service.http.test_serving import Slow
from tests.service.http.test_serving import at_work as whole

HEAD = b"Host: localhost\r\nContent-Type: application/json\r\n"
QUESTION = json.dumps({"question": "drones", "stream": True}).encode()


async def until(it_is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not it_is_so():  # noqa: ASYNC110 - the server has no event for it
            await asyncio.sleep(0.01)


class Service:
    """A service at work: its address, and what it counts."""

    def __init__(self, server: uvicorn.Server, port: int) -> None:
        self.state = server.server_state
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    async def connect(self, receive_buffer: int | None = None) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect, with a buffer of so many bytes for what is not read."""
        client = socket.socket()
        if receive_buffer:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        client.setblocking(False)  # noqa: FBT003 - the socket's own interface
        await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", self.port))
        return await asyncio.open_connection(sock=client)

    async def none_left(self) -> None:
        """Wait until no connection is open and no request is under way."""
        await until(lambda: not self.state.connections and not self.state.tasks)


def at_work(answering: Answering, **options: object) -> AbstractAsyncContextManager[Service]:
    """Serve at a free port."""
    return serving(make_app(answering, **options))  # type: ignore[arg-type]  # the options of make_app


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[Service]:
    """Serve an application at a free port."""
    listener = listen("127.0.0.1", 0)
    config = uvicorn.Config(app, http=Connection, ws="none", log_config=None, access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    with server.capture_signals():
        serving = asyncio.create_task(server._serve(sockets=[listener]))
        await until(lambda: server.started)
        try:
            yield Service(server, listener.getsockname()[1])
        finally:
            server.should_exit = True
            await asyncio.wait_for(serving, 20)


def post(path: str, length: int, *headers: bytes) -> bytes:
    lines = b"".join(one + b"\r\n" for one in headers)
    return b"POST %s HTTP/1.1\r\n%s%sContent-Length: %d\r\n\r\n" % (path.encode(), HEAD, lines, length)


async def response(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    """Read a response whole, and that the connection ends behind it."""
    async with asyncio.timeout(20):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers["content-length"]))
        return int(head[0].split()[1]), headers, body


@pytest.fixture
def closing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take seconds for minutes."""
    monkeypatch.setattr("service.http.connections._HEAD_WITHIN", 0.3)
    monkeypatch.setattr("service.http.connections._STALLED", 0.5)
    monkeypatch.setattr("service.http.connections._LOOK_EVERY", 0.05)


@pytest.mark.usefixtures("closing")
@pytest.mark.parametrize("sent", [b"", b"GET /health/live HTTP/1.1\r\nHost: loc", b"\r\n"])
async def test_a_head_that_does_not_come_ends_its_connection(answering: FirstSentence, sent: bytes) -> None:
    async with at_work(answering) as service:
        reader, writer = await service.connect()
        writer.write(sent)
        status, headers, body = await response(reader)
        assert (status, headers["connection"]) == (408, "close")
        assert json.loads(body)["detail"].startswith("The request's head did not come within")
        assert await reader.read() == b""
        writer.close()


@pytest.mark.usefixtures("closing")
@pytest.mark.parametrize("drop", [b"x", b"\r\n"], ids=["of a head", "of empty lines before one"])
async def test_a_head_that_drips_ends_its_connection(answering: FirstSentence, drop: bytes) -> None:
    async with at_work(answering) as service, httpx.AsyncClient(base_url=service.url, trust_env=False) as client:
        reader, writer = await service.connect()
        # Also behind a request that was served: then it is no new connection's.
        writer.write(b"GET /health/live HTTP/1.1\r\n" + HEAD + b"\r\n")
        assert (await response(reader))[0] == 200
        writer.write(b"GET / HTTP/1.1\r\nx: " if drop == b"x" else drop)
        answered = asyncio.create_task(response(reader))
        while not answered.done():
            writer.write(drop)
            await asyncio.wait([answered], timeout=0.02)
        assert (await answered)[0] == 408
        writer.close()
        assert (await client.get("/health/live")).status_code == 200


async def test_a_head_without_end_is_cut_off(answering: FirstSentence) -> None:
    async with at_work(answering) as service:
        reader, writer = await service.connect()
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nx-endless: " + b"x" * 300_000)
        assert (await response(reader))[0] == 431
        writer.close()
        await service.none_left()


@pytest.mark.usefixtures("closing")
async def test_what_comes_behind_a_request_waits_and_spoils_nothing(answering: FirstSentence) -> None:
    slow = Slow(answering.store, answering.embedder)
    async with at_work(slow) as service:
        reader, writer = await service.connect()
        question = json.dumps({"question": "drones"}).encode()
        writer.write(post("/v1/answers", len(question)) + question + b"GET /health/live HTTP/1.1\r\n")
        await asyncio.wait_for(slow.begun.wait(), 10)
        await asyncio.sleep(0.5)  # longer than a head may take
        slow.go_on.set()
        assert (await response(reader))[0] == 200
        writer.write(HEAD + b"\r\n")
        assert (await response(reader))[0] in {200, 408}  # as it was in time for the first or not
        writer.close()

        slow.begun.clear()
        slow.go_on.clear()
        reader, writer = await service.connect()
        writer.write(post("/v1/answers", len(question)) + question)
        await asyncio.wait_for(slow.begun.wait(), 10)
        writer.write(b"GET / HTTP/1.1\r\nx: " + b"x" * 300_000)
        with suppress(ConnectionResetError):
            assert await asyncio.wait_for(reader.read(), 10) == b""
        writer.close()
        await service.none_left()


@pytest.mark.usefixtures("closing")
async def test_a_body_that_does_not_come_ends_its_request(answering: FirstSentence) -> None:
    async with at_work(answering) as service:
        reader, writer = await service.connect()
        writer.write(post("/v1/answers", len(QUESTION)) + QUESTION[:5])
        assert await asyncio.wait_for(reader.read(), 20) == b""
        writer.close()
        await service.none_left()


@pytest.mark.usefixtures("closing")
async def test_a_body_that_comes_slowly_is_waited_for(answering: FirstSentence) -> None:
    async with at_work(answering) as service:
        reader, writer = await service.connect()
        question = json.dumps({"question": "drones"}).encode()
        writer.write(post("/v1/answers", len(question)))
        for byte in question:  # longer in all than a stall may take
            writer.write(bytes([byte]))
            await asyncio.sleep(0.03)
        status, _, body = await response(reader)
        assert (status, json.loads(body)["answered"]) == (200, True)
        writer.close()


async def much(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer, as an application, with more than all buffers between the two hold."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(500):
        await send({"type": "http.response.body", "body": b"x" * 100_000, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


@pytest.mark.usefixtures("closing")
async def test_a_client_that_reads_nothing_is_hung_up_on() -> None:
    async with serving(much) as service:
        _, writer = await service.connect(receive_buffer=4096)
        writer.write(b"GET / HTTP/1.1\r\n" + HEAD + b"\r\n")
        await until(lambda: bool(service.state.tasks))
        await service.none_left()
        writer.close()


@pytest.mark.usefixtures("closing")
@pytest.mark.parametrize("kept", [b"close", b"keep-alive"])
@pytest.mark.parametrize("whole", [True, False], ids=["whole", "cut off by a fault"])
async def test_a_client_that_leaves_the_rest_of_a_response_is_hung_up_on(kept: bytes, *, whole: bool) -> None:
    """So little that nothing waits to be written, and a connection that is closed behind it would stay open."""
    rest = asyncio.Event()

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        [connection] = service.state.connections
        assert isinstance(connection, Connection)
        while not connection.transport.get_write_buffer_size():
            await send({"type": "http.response.body", "body": b"x" * 10_000, "more_body": True})
        assert not connection.flow.write_paused
        rest.set()
        if whole:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async with serving(app) as service:
        _, writer = await service.connect(receive_buffer=4096)
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # of a socket
        writer.write(b"GET / HTTP/1.1\r\nConnection: %s\r\n%s\r\n" % (kept, HEAD))
        await asyncio.wait_for(rest.wait(), 10)
        await service.none_left()
        writer.close()


@pytest.mark.usefixtures("closing")
async def test_a_client_that_reads_slowly_is_waited_for() -> None:
    async with serving(much) as service:
        reader, writer = await service.connect(receive_buffer=4096)
        writer.write(b"GET / HTTP/1.1\r\n" + HEAD + b"\r\n")
        length, began = 0, asyncio.get_running_loop().time()
        while asyncio.get_running_loop().time() - began < 1.5:  # three times as long as a stall may take
            length += len(await reader.read(500_000))
            await asyncio.sleep(0.02)
        async with asyncio.timeout(30):
            while piece := await reader.read(1_000_000):
                length += len(piece)
                if length >= 50_000_000:
                    break
        assert length >= 50_000_000
        writer.close()


async def test_a_client_that_leaves_before_its_answer_is_logged_with_the_status_0(
    answering: FirstSentence, caplog: pytest.LogCaptureFixture
) -> None:
    slow = Slow(answering.store, answering.embedder)
    caplog.set_level(logging.INFO, "groundwire.http")
    async with at_work(slow) as service:
        _, writer = await service.connect()
        body = json.dumps({"question": "drones"}).encode()
        writer.write(post("/v1/answers", len(body)) + body)
        await asyncio.wait_for(slow.begun.wait(), 20)
        writer.close()
        await service.none_left()
    [line] = [one.args for one in caplog.records if one.name == "groundwire.http" and one.levelno == logging.INFO]
    assert isinstance(line, dict)
    assert (line["route"], line["status"], line["bytes"]) == ("/v1/answers", 0, 0)


@pytest.mark.parametrize("other", [b"websocket", b"h2c"])
async def test_who_offers_another_protocol_is_answered_in_this_one_and_makes_no_line(
    answering: FirstSentence, other: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with at_work(answering) as service:
        reader, writer = await service.connect()
        writer.write(b"GET /health/live HTTP/1.1\r\n" + HEAD + b"Connection: Upgrade\r\nUpgrade: %s\r\n\r\n" % other)
        assert (await response(reader))[0] == 200
        writer.close()
    assert [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING] == []


async def test_more_connections_than_there_may_be_are_told_so(
    answering: FirstSentence, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.http.connections.MOST_CONNECTIONS", 3)
    async with at_work(answering) as service:
        open_ones = [await service.connect() for _ in range(3)]
        reader, writer = await service.connect()
        status, headers, _ = await response(reader)
        assert (status, int(headers["retry-after"]) > 0) == (503, True)
        writer.close()
        open_ones[0][1].close()
        await until(lambda: len(service.state.connections) < 3)
        reader, writer = open_ones[0] = await service.connect()
        writer.write(b"GET /health/live HTTP/1.1\r\n" + HEAD + b"\r\n")
        assert (await response(reader))[0] == 200
        for _, one in open_ones:
            one.close()


async def test_connections_that_are_refused_are_counted_and_told_once_a_minute(
    answering: FirstSentence, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("service.http.connections.MOST_CONNECTIONS", 3)
    async with whole(answering) as client:  # which holds one of them
        await client.get("/health/live")
        address = client.base_url.host, client.base_url.port
        open_ones = [await asyncio.open_connection(*address) for _ in range(5)]
        assert [(await response(reader))[0] for reader, _ in open_ones[2:]] == [503] * 3
        assert "groundwire_connections_refused_total 3.0" in (await client.get("/metrics")).text
        for _, writer in open_ones:
            writer.close()
    [told] = [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]
    assert told.startswith("All 3 connections are taken, and more are refused (503).")


async def test_an_upload_without_a_key_ends_at_once(answering: FirstSentence, tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "keys.json")
    file.create("a test", ["ask"], origins=(), requests=60, answers=4, expires=None)
    async with at_work(answering, keys=Keys(tmp_path / "keys.json")) as service:
        for path in ("/v1/articles/new", "/v1/import", "/v1/answers", "/nothing"):
            reader, writer = await service.connect()
            method = b"PUT" if path.startswith("/v1/articles") else b"POST"
            writer.write(post(path, 1_000_000_000).replace(b"POST", method) + b"x" * 1000)
            status, headers, _ = await response(reader)
            assert (status, headers["connection"]) == (404 if path == "/nothing" else 401, "close"), path
            writer.close()
            await service.none_left()


async def test_who_goes_on_sending_what_was_refused_can_read_why(answering: FirstSentence) -> None:
    """Were the connection closed with bytes unread, it would be reset, and the response lost."""

    async def much() -> AsyncGenerator[bytes]:
        for _ in range(200):
            yield b"x" * 100_000

    async with at_work(answering) as service, httpx.AsyncClient(base_url=service.url, trust_env=False) as client:
        for path, status in [("/v1/answers", 413), ("/nothing", 404)]:
            headers = {"content-type": "application/json"}
            refused = await client.post(path, content=much(), headers=headers)
            assert refused.status_code == status
            assert refused.json()["status"] == status


async def test_the_address_of_a_request_names_no_other_host_than_its_header(answering: FirstSentence) -> None:
    async with at_work(answering) as service:
        for line, hosts, status in [
            (b"GET http://127.0.0.1/articles HTTP/1.1", [b"evil.example"], 421),
            (b"GET /articles HTTP/1.1", [b"127.0.0.1", b"evil.example"], 400),
            (b"GET /articles HTTP/1.1", [b"evil.example", b"127.0.0.1"], 400),
            (b"GET /articles HTTP/1.1", [b"127.0.0.1, evil.example"], 421),
            (b"GET /articles HTTP/1.1", [], 421),
        ]:
            reader, writer = await service.connect()
            writer.write(b"\r\n".join([line, *(b"Host: " + host for host in hosts), b"", b""]))
            assert (await response(reader))[0] == status, (line, hosts)
            writer.close()


async def test_nothing_that_a_proxy_says_is_believed(answering: FirstSentence) -> None:
    settings = Settings()
    _, token = KeyFile(settings.keys_file).create("a", ["ask"], origins=(), requests=60, answers=4, expires=None)
    async with whole(answering, settings) as client:
        client.headers["authorization"] = f"Bearer {token}"
        said = {"x-forwarded-host": "evil.example", "x-forwarded-proto": "https", "x-forwarded-for": "203.0.113.7"}
        body = {"model": "groundwire", "messages": [{"role": "user", "content": "drones"}]}
        completion = (await client.post("/v1/chat/completions", json=body, headers=said)).json()
        [cited] = completion["choices"][0]["message"]["annotations"]
        assert cited["url_citation"]["url"].startswith(f"{client.base_url}/articles/drones")
        refused = await client.get("/articles", headers={"host": "evil.example", "x-forwarded-host": "127.0.0.1"})
        assert refused.status_code == 421
