"""A language model behind OpenAI's chat completions: what goes out, what comes back, and every way to fail."""

import asyncio
import json
import os
import time
import traceback
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from typing import cast

import httpx
import pytest
import respx

from prompts.message import Message
from retrieval.ingest import ingest
from retrieval.store import Store
from retrieval.types import make_article
from service.answering import Answerer
from service.errors import SettingsError, WriterUnavailable
from service.llm import OpenAILikeModel, open_llm
from service.settings import Settings
from service.types import Question
from service.writers import LanguageModelWriter
from tests.fakes import WordEmbedder

KEY = "sk-secret-0123456789"
URL = "http://127.0.0.1:9/v1"
CHAT = [Message("system", "Rules."), Message("user", "Question: How many {drones}?")]


@pytest.fixture(autouse=True)
def _no_proxy_and_no_key_of_the_developer(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("OPENAI_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


def model(url: str = URL, timeout: float = 5.0) -> OpenAILikeModel:
    return OpenAILikeModel("openai-like/news-7b", url, KEY, timeout=timeout)


def chunk(content: str | None, finish: str | None = None) -> str:
    delta = {"role": "assistant", "content": content} if content is not None else {}
    body = {
        "id": "c1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "news-7b",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
    return f"data: {json.dumps(body)}\n\n"


def reply(*pieces: str, finish: str | None = "stop", done: bool = True) -> str:
    return "".join([*map(chunk, pieces), chunk(None, finish) if finish else "", "data: [DONE]\n\n" if done else ""])


def streamed(text: str, status: int = 200) -> httpx.Response:
    return httpx.Response(status, text=text, headers={"content-type": "text/event-stream"})


async def said(model: OpenAILikeModel, messages: Sequence[Message] = CHAT) -> list[str]:
    return [piece async for piece in model.stream(messages)]


def completions() -> respx.Route:
    return respx.post(f"{URL}/chat/completions")


@respx.mock
async def test_exactly_this_request_goes_out_and_the_key_only_in_its_header() -> None:
    route = completions().mock(return_value=streamed(reply("India")))
    await said(model())
    [call] = route.calls
    assert json.loads(call.request.content) == {
        "model": "news-7b",
        "messages": [
            {"role": "system", "content": "Rules."},
            {"role": "user", "content": "Question: How many {drones}?"},
        ],
        "stream": True,
        "temperature": 0.0,
    }
    assert call.request.headers["authorization"] == f"Bearer {KEY}"
    others = [value for name, value in call.request.headers.items() if name != "authorization"]
    assert KEY not in f"{call.request.url} {others}"


@respx.mock
async def test_the_reply_comes_piece_by_piece() -> None:
    completions().mock(return_value=streamed(reply("India ", "buys ", "31 drones. [", "1]")))
    assert await said(model()) == ["India ", "buys ", "31 drones. [", "1]"]


@respx.mock
async def test_a_reply_ends_where_it_says_so_also_without_done() -> None:
    completions().mock(return_value=streamed(reply("India.", done=False)))
    assert await said(model()) == ["India."]


@respx.mock
async def test_a_model_without_a_key_never_takes_that_of_another_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    route = completions().mock(return_value=streamed(reply("India.")))
    opened = open_llm("openai-like/news-7b", Settings(llm_base_url=URL))
    assert [piece async for piece in opened.stream(CHAT)] == ["India."]
    assert KEY not in str(route.calls[0].request.headers.raw)


def unreachable(_: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused")


def slow(_: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("slow")


class Broken(httpx.AsyncByteStream):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield chunk("India ").encode()
        raise httpx.ReadError("reset")


def broken(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, stream=Broken(), headers={"content-type": "text/event-stream"})


def quoting(status: int) -> httpx.Response:
    return httpx.Response(status, json={"error": {"message": f"Incorrect API key provided: {KEY}"}})


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (quoting(401), "HTTP 401"),
        (quoting(403), "HTTP 403"),
        (quoting(404), "HTTP 404"),
        (httpx.Response(429, headers={"retry-after": "30"}, text="slow down"), "HTTP 429"),
        (httpx.Response(500, text="<html>oops</html>"), "HTTP 500"),
        (httpx.Response(503), "HTTP 503"),
        (unreachable, "cannot be reached"),
        (slow, "did not finish in time"),
        (broken, "broke off"),
        (streamed(""), "empty reply"),
        (streamed("data: [DONE]\n\n"), "empty reply"),
        (streamed(reply(finish="stop")), "empty reply"),
        (streamed(reply(" ", "\n")), "empty reply"),
        (streamed(reply("India will not buy", finish=None)), "broke off"),
        (streamed(reply("India will not buy", finish="length")), "limit"),
        (streamed(reply("India", finish="content_filter")), "filter"),
        (streamed(chunk("India ") + "data: {not json\n\n"), "broke off"),
        (streamed('data: {"choices": null}\n\n'), "broke off"),
        (streamed('data: {"choices": [{"delta": null}]}\n\n'), "broke off|empty reply"),
        (streamed('data: {"choices": 7}\n\n'), "broke off"),
        (streamed('data: [1, 2]\n\ndata: "x"\n\n'), "broke off"),
        (streamed(f'data: {{"error": {{"message": "bad key {KEY}"}}}}\n\n'), "broke off"),
        (httpx.Response(200, text="<html>A router's welcome page</html>"), "empty reply"),
        (httpx.Response(200, json={"choices": [{"message": {"content": "India."}}]}), "empty reply"),
        (httpx.Response(200, content=b"\xff\xfe\x00data: \xff\n\n"), "broke off|empty reply"),
    ],
)
@respx.mock
async def test_every_failure_is_one_call_and_one_clear_error_without_the_key(
    failure: httpx.Response | Callable[[httpx.Request], httpx.Response], words: str
) -> None:
    route = completions()
    if isinstance(failure, httpx.Response):
        route.mock(return_value=failure)
    else:
        route.mock(side_effect=failure)
    with pytest.raises(WriterUnavailable, match=words) as caught:
        await said(model())
    assert route.call_count == 1
    assert str(caught.value).startswith("The language model openai-like/news-7b ")
    assert KEY not in "".join(traceback.format_exception(caught.value))


def test_a_missing_address_names_its_variable() -> None:
    with pytest.raises(SettingsError, match="GROUNDWIRE_LLM_BASE_URL"):
        open_llm("openai-like/news-7b", Settings())


def test_the_model_takes_its_name_from_the_setting() -> None:
    assert open_llm("openai-like/org/news-7b", Settings(llm_base_url=URL)).name == "openai-like/org/news-7b"


class ScriptedServer:
    """Speaks OpenAI's streamed chat completions over a socket, word for word; remembers what it was asked."""

    def __init__(self, script: Sequence[str], *, hang: bool = False) -> None:
        self.asked: list[tuple[str, dict[str, str], object]] = []
        self.left = asyncio.Event()
        self.url = ""
        self._script = script
        self._served: list[asyncio.Task[None]] = []
        self._hang = hang

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["ScriptedServer"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        try:
            yield self
        finally:
            server.close()
            async with asyncio.timeout(5):
                await asyncio.gather(*self._served, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._served.append(cast("asyncio.Task[None]", asyncio.current_task()))
        try:
            await self._speak(reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _speak(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers["content-length"]))
        self.asked.append((head[0], headers, json.loads(body)))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in self._script:
            data = piece.encode()
            writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            await writer.drain()
        if self._hang:
            await reader.read()  # until the client leaves
            self.left.set()
        else:
            writer.write(b"0\r\n\r\n")
            await writer.drain()


async def test_a_reply_comes_over_a_real_socket_in_any_pieces() -> None:
    whole = reply("India ", "buys 31 ", "drones 🎓. [1]")
    pieces = [whole[at : at + 7] for at in range(0, len(whole), 7)]
    async with ScriptedServer(pieces).serving() as server:
        assert "".join(await said(model(server.url))) == "India buys 31 drones 🎓. [1]"
    [(line, headers, body)] = server.asked
    assert line == "POST /v1/chat/completions HTTP/1.1"
    assert headers["authorization"] == f"Bearer {KEY}"
    assert isinstance(body, dict)
    assert body["stream"] is True


async def test_a_server_that_never_ends_is_left_at_the_deadline() -> None:
    async with ScriptedServer([chunk("India ")], hang=True).serving() as server:
        began = time.monotonic()
        with pytest.raises(WriterUnavailable, match="did not finish in time"):
            await said(model(server.url, timeout=0.3))
        assert time.monotonic() - began < 3


async def test_a_connection_cut_in_the_middle_is_no_whole_reply() -> None:
    async with ScriptedServer([chunk("India will not ")]).serving() as server:
        with pytest.raises(WriterUnavailable, match="broke off"):
            await said(model(server.url))


async def test_closing_the_stream_leaves_the_server() -> None:
    async with ScriptedServer([chunk("India ")], hang=True).serving() as server:
        async with aclosing(model(server.url).stream(CHAT)) as pieces:
            assert await anext(pieces) == "India "
        async with asyncio.timeout(5):
            await server.left.wait()
        assert len(server.asked) == 1


async def test_a_whole_answer_over_a_socket_has_only_what_the_articles_say(
    store: Store, embedder: WordEmbedder
) -> None:
    await ingest(make_article(article_id="d", title="Drones", text="India plans to buy 31 drones."), store, embedder)
    written = reply(
        "India intends to pur", "chase thirty-one drones [", "1]. It paid $9 bn for ", "them. [1][7] Ignore {x}."
    )
    async with ScriptedServer([written[at : at + 11] for at in range(0, len(written), 11)]).serving() as server:
        answerer = Answerer(store, embedder, LanguageModelWriter(model(server.url)))
        answer = await answerer.answer(Question(question="How many drones will India buy?"))
    assert answer.text == "India intends to purchase thirty-one drones. [1]"
    assert [citation.quote for citation in answer.citations] == ["India plans to buy 31 drones."]
    assert [notice.message[:23] for notice in answer.notices] == ["2 sentences were left o"]
    assert answer.writer == "openai-like/news-7b"
    [(_, _, asked)] = server.asked
    assert "India plans to buy 31 drones." in json.dumps(asked)
