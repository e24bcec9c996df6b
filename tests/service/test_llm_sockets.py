"""Language models over real sockets: slow, cut, endless and hostile replies, and a client that leaves."""

import asyncio
import itertools
import json
import logging
import subprocess
import sys
import time
from pathlib import Path

import pytest

from prompts.message import Message
from retrieval.ingest import ingest
from retrieval.store import Store
from retrieval.types import make_article
from service import served
from service.answering import Answerer
from service.errors import WriterUnavailable
from service.llm import LanguageModel, open_llm
from service.settings import Settings
from service.types import Question, Usage
from service.writers import LanguageModelWriter
from tests.fakes import WordEmbedder
from tests.model_protocols import ALL, ANTHROPIC, OPENAI, OPENAI_LIKE, WireFormat
from tests.model_server import ModelServer, Reply

SHORT = 0.8  # seconds for a reply, in which a connection is surely made, also where the machine is busy
KEY = "sk-secret-0123456789"
CHAT = [Message("user", "How many?")]
SPOKEN = pytest.mark.parametrize("spoken", ALL, ids=lambda spoken: spoken.model)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served, "BACK_OFF", 0.0)


def model(server: ModelServer, spoken: WireFormat = OPENAI_LIKE, timeout: float = 20.0) -> LanguageModel:
    url = server.url if spoken in (OPENAI, OPENAI_LIKE) else server.url.removesuffix("/v1")
    return open_llm(spoken.model, Settings(llm_base_url=url, llm_api_key=KEY, llm_timeout=timeout))


async def heard(model: LanguageModel) -> list[str | Usage]:
    return [piece async for piece in model.stream(CHAT)]


def raw(spoken: WireFormat, *parts: bytes | float, end: str = "stop") -> Reply:
    """Give a reply in the provider's own words."""
    return Reply(parts, end=end, headers={"content-type": spoken.content_type})


@SPOKEN
async def test_a_reply_comes_over_a_socket_in_any_pieces(spoken: WireFormat) -> None:
    whole = b"".join([*map(spoken.piece, ["India ", "buys 31 ", "drones 🎓. [1]"]), spoken.end()])
    cut = [whole[at : at + 7] for at in range(0, len(whole), 7)]
    async with ModelServer(raw(spoken, *cut)).serving() as server:
        *pieces, usage = await heard(model(server, spoken))
    assert pieces == ["India ", "buys 31 ", "drones 🎓. [1]"]
    assert usage == Usage(input_tokens=100, output_tokens=10)
    [asked] = server.asked
    assert asked.line.split()[1].endswith(spoken.path)
    assert KEY in (asked.headers.get("authorization") or asked.headers["x-api-key"])


@SPOKEN
async def test_closing_the_stream_leaves_the_server_at_once(spoken: WireFormat) -> None:
    async with ModelServer(raw(spoken, spoken.piece("India "), end="hang")).serving() as server:
        stream = model(server, spoken).stream(CHAT)
        assert await anext(stream) == "India "
        assert not server.left.is_set()
        await stream.aclose()
        async with asyncio.timeout(5):
            await server.left.wait()
    assert len(server.asked) == 1


@SPOKEN
async def test_a_task_that_is_cancelled_leaves_the_server_at_once(spoken: WireFormat) -> None:
    async with ModelServer(raw(spoken, spoken.piece("India "), end="hang")).serving() as server:
        began = asyncio.Event()

        async def listen() -> None:
            async for _ in model(server, spoken).stream(CHAT):
                began.set()

        task = asyncio.create_task(listen())
        async with asyncio.timeout(5):
            await began.wait()
            task.cancel()
            await server.left.wait()
        with pytest.raises(asyncio.CancelledError):
            await task


@SPOKEN
@pytest.mark.parametrize("parts", [0, 1], ids=["before a word", "after one"])
async def test_a_server_that_hangs_is_left_at_the_deadline(spoken: WireFormat, parts: int) -> None:
    async with ModelServer(raw(spoken, *[spoken.piece("India ")] * parts, end="hang")).serving() as server:
        began = time.monotonic()
        with pytest.raises(WriterUnavailable, match=r"within the 0[.]8 s of GROUNDWIRE_LLM_TIMEOUT"):
            await heard(model(server, spoken, timeout=SHORT))
        assert time.monotonic() - began < 3
        async with asyncio.timeout(5):
            await server.left.wait()
    assert len(server.asked) == 1


@SPOKEN
@pytest.mark.parametrize("pause", [0.02, 0.0])
async def test_thoughts_without_end_end_with_the_deadline(spoken: WireFormat, pause: float) -> None:
    reply = Reply(itertools.cycle([spoken.thought("Hm. "), pause]), headers={"content-type": spoken.content_type})
    async with ModelServer(reply).serving() as server:
        with pytest.raises(WriterUnavailable, match="did not finish"):
            await heard(model(server, spoken, timeout=SHORT))
        async with asyncio.timeout(5):
            await server.left.wait()


@pytest.mark.parametrize("spoken", [OPENAI_LIKE, ANTHROPIC], ids=lambda spoken: spoken.model)
@pytest.mark.parametrize("pulse", [b": ping\n\n", b"event: ping\ndata: {}\n\n", b"data: x\n", b"data: x"])
async def test_a_pulse_without_a_reply_ends_with_the_deadline_or_the_longest_reply(
    spoken: WireFormat, pulse: bytes
) -> None:
    pulses = itertools.repeat(pulse * 100)
    async with ModelServer(Reply(pulses, headers={"content-type": spoken.content_type})).serving() as server:
        began = time.monotonic()
        with pytest.raises(WriterUnavailable, match=r"did not finish|does not come to an end|no reply"):
            await heard(model(server, spoken, timeout=SHORT))
        assert time.monotonic() - began < 5
        async with asyncio.timeout(5):
            await server.left.wait()


@SPOKEN
async def test_a_connection_cut_in_the_middle_is_no_whole_reply_and_no_second_request(spoken: WireFormat) -> None:
    async with ModelServer(raw(spoken, spoken.piece("India will not "), end="cut")).serving() as server:
        with pytest.raises(WriterUnavailable, match="broke off"):
            await heard(model(server, spoken))
    assert len(server.asked) == 1


@SPOKEN
async def test_a_connection_cut_before_the_first_word_is_a_second_request(spoken: WireFormat) -> None:
    replies = [raw(spoken, end="cut"), raw(spoken, spoken.piece("India."), spoken.end())]
    async with ModelServer(replies).serving() as server:
        assert "India." in await heard(model(server, spoken))
    assert len(server.asked) == 2


async def test_a_server_that_is_not_there_is_said_to_be_so() -> None:
    async with ModelServer(Reply()).serving() as server:
        pass
    with pytest.raises(WriterUnavailable, match="cannot be reached"):
        await heard(model(server))


async def test_the_retry_waits_as_long_as_the_server_asks() -> None:
    replies = [Reply(["busy"], status=429, headers={"retry-after-ms": "300"}), Reply(["India."])]
    async with ModelServer(replies).serving() as server:
        began = time.monotonic()
        assert await heard(model(server)) == ["India.", Usage(input_tokens=100, output_tokens=10)]
        assert time.monotonic() - began >= 0.3
    assert len(server.asked) == 2


async def test_the_retry_has_what_is_left_of_the_time() -> None:
    replies = [Reply(status=503, headers={"retry-after-ms": "200"}), Reply(end="hang")]
    async with ModelServer(replies).serving() as server:
        began = time.monotonic()
        with pytest.raises(WriterUnavailable, match="did not finish"):
            await heard(model(server, timeout=2 * SHORT))
        assert time.monotonic() - began < 3
    assert len(server.asked) == 2


async def test_a_refusal_whose_words_never_end_is_not_waited_for() -> None:
    async with ModelServer(Reply(status=401, end="cut", headers={"content-length": "9999"})).serving() as server:
        with pytest.raises(WriterUnavailable, match="HTTP 401"):
            await heard(model(server))


@SPOKEN
async def test_no_log_line_has_the_key_of_a_request_over_a_socket(
    spoken: WireFormat, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with ModelServer([Reply([KEY], status=503), raw(spoken, spoken.error(KEY))]).serving() as server:
        with pytest.raises(WriterUnavailable, match="reported an error"):
            await heard(model(server, spoken))
    assert {"httpcore.http11", "httpx"} <= {record.name for record in caplog.records}
    assert KEY not in caplog.text
    assert not [record for record in caplog.records if KEY in repr(record.__dict__)]


async def test_two_replies_at_once_do_not_meet() -> None:
    async with ModelServer(lambda asked: Reply([asked.body["messages"][0]["content"], 0.05, "!"])).serving() as server:
        one = model(server)

        async def ask(text: str) -> str:
            return "".join([piece async for piece in one.stream([Message("user", text)]) if isinstance(piece, str)])

        assert await asyncio.gather(*map(ask, "abc")) == ["a!", "b!", "c!"]


async def test_a_whole_answer_over_a_socket_has_only_what_the_articles_say(
    store: Store, embedder: WordEmbedder
) -> None:
    await ingest(make_article(article_id="d", title="Drones", text="India plans to buy 31 drones."), store, embedder)
    pieces = [
        "<thi",
        "nk>Passage [1].</think>India plans to pur",
        "chase thirty-one drones [",
        "1]. It paid $9 bn for ",
    ]
    async with ModelServer(Reply([*pieces, "them. [1][7] Ignore {x}."])).serving() as server:
        answerer = Answerer(store, embedder, LanguageModelWriter(model(server)))
        answer = await answerer.answer(Question(question="How many drones will India buy?"))
    assert answer.text == "India plans to purchase thirty-one drones. [1]"
    assert [citation.quote for citation in answer.citations] == ["India plans to buy 31 drones."]
    assert answer.writer == "openai-like/news-7b"
    assert answer.usage == Usage(input_tokens=100, output_tokens=10)
    [asked] = server.asked
    assert "India plans to buy 31 drones." in json.dumps(asked.body)


async def test_the_scripted_model_is_a_process_too(tmp_path: Path) -> None:
    script = tmp_path / "replies.json"
    script.write_text(json.dumps([{"when": "many", "pieces": ["31", 0.01, " drones."]}, {"pieces": ["What?"]}]))
    command = [sys.executable, "-m", "tests.model_server", "--script", str(script)]
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    try:
        assert process.stdout
        async with asyncio.timeout(20):
            url = (await process.stdout.readline()).decode().strip()
        opened = open_llm("openai-like/scripted", Settings(llm_base_url=url))
        assert (await heard(opened))[:-1] == ["31", " drones."]
        assert "What?" in [piece async for piece in opened.stream([Message("user", "Why?")])]
    finally:
        process.kill()
        await process.wait()
