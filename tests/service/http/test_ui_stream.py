"""POST /api/chat: what goes out, chunk by chunk, and what comes in from the AI SDK's and assistant-ui's clients."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retrieval.types import Corpus
from service.errors import ModelNotAllowed, WriterUnavailable
from service.http.app import make_app
from service.types import (
    Abstention,
    Answer,
    Answered,
    ChatExtra,
    Citation,
    CitedSource,
    Disagreement,
    Event,
    Notice,
    Searched,
    Sentence,
    SentenceReady,
    Usage,
)
from tests.conftest import STUDENTS
from tests.service.http.conftest import REFUSALS, Client
from tests.service.http.scripted import Scripted, serving

# What the strictest client knows of each chunk: `ai` 5.0.0 ends the stream at any other key.
SAFE = {
    "start": {"messageId", "messageMetadata"},
    "start-step": set(),
    "source-url": {"sourceId", "url", "title"},
    "data-citations": {"id", "data"},
    "data-disagreements": {"id", "data"},
    "data-notices": {"id", "data"},
    "text-start": {"id"},
    "text-delta": {"id", "delta"},
    "text-end": {"id"},
    "finish-step": set(),
    "finish": {"messageMetadata"},
    "error": {"errorText"},
}

FEE = CitedSource(
    number=1, origin="fee", article_id="fee", version="v1", title="The fee 🎓", url="https://news.example/fee"
)
TERM = CitedSource(number=2, origin="term", article_id="desk/term", version="v2", title="The term", outlet="The Desk")
FIRST, SECOND, THIRD = "🎓 The fee is $9. [1]", " It was $8 \\[in 2020\\]. [1][2]", " Nobody said why."


def cited(source: CitedSource, words: str, start: int, sentence: Sentence) -> Citation:
    return Citation(
        source=source.number,
        passage_id=f"{source.article_id}#0",
        quote=words,
        start=start,
        end=start + len(words),
        answer_start=sentence.start,
        answer_end=sentence.end,
        support=0.9,
    )


def sentence(said: str, start: int, citations: tuple[int, ...], independent: int) -> Sentence:
    text = said.strip()
    return Sentence(
        text=text,
        start=start,
        end=start + len(text),
        verdict="supported" if citations else "unsupported",
        citations=citations,
        independent_sources=independent,
    )


ONE = sentence(FIRST, 0, (0,), 1)
TWO = sentence(SECOND, len(FIRST) + 1, (1, 2), 2)
THREE = sentence(THIRD, len(FIRST + SECOND) + 1, (), 0)
CITED = (cited(FEE, "a fee of $9", 5, ONE), cited(FEE, "once $8", 40, TWO), cited(TERM, "in 2020, $8", 7, TWO))
BASE: dict[str, Any] = {
    "id": "ans_1",
    "question": "What is the fee?",
    "writer": "openai-like/scripted",
    "corpus": Corpus(articles=2, fingerprint="f"),
    "timings_ms": {},
}
WHOLE = Answer(
    answered=True,
    text=FIRST + SECOND + THIRD,
    abstained=None,
    sentences=(ONE, TWO, THREE),
    citations=CITED,
    sources=(FEE, TERM),
    disagreements=(Disagreement(kind="number", about="the fee", sentences=(0, 1), says=("$9", "$8"), over_time=True),),
    notices=(Notice(kind="unsupported", message="1 sentence was sent without support."),),
    usage=Usage(input_tokens=100, output_tokens=10),
    **BASE,
)
EVENTS: tuple[Event, ...] = (
    Searched(hits=()),
    SentenceReady(text=FIRST, sentence=ONE, citations=CITED[:1], new_sources=(FEE,)),
    SentenceReady(text=SECOND, sentence=TWO, citations=CITED[1:], new_sources=(TERM,)),
    SentenceReady(text=THIRD, sentence=THREE, citations=(), new_sources=()),
    Answered(answer=WHOLE),
)
REFUSED = Answer(
    answered=False,
    text=None,
    abstained=Abstention(reason="nothing_relevant", message="The articles say nothing about this."),
    **BASE,
)


def said(*turns: tuple[str, str]) -> dict[str, Any]:
    """Give a conversation as `useChat` sends it."""
    messages = [
        {"id": str(n), "role": role, "parts": [{"type": "text", "text": text}]} for n, (role, text) in enumerate(turns)
    ]
    return {"id": "chat-1", "messages": messages, "trigger": "submit-message"}


def chunks(response: httpx.Response) -> list[dict[str, Any]]:
    """Read a stream as the AI SDK does, and hold it to what its strictest release accepts."""
    assert response.status_code == 200, response.text
    *lines, done, end = response.text.split("\n\n")
    assert (done, end) == ("data: [DONE]", "")
    return [json.loads(line.removeprefix("data: ")) for line in lines]


async def streamed(answering: Scripted, *extras: ChatExtra, **headers: str) -> list[dict[str, Any]]:
    async with serving(answering, *extras) as client:
        return chunks(await client.post("/api/chat", json=said(("user", "What is the fee?")), headers=headers))


async def test_each_source_comes_before_the_words_that_cite_it() -> None:
    found = await streamed(Scripted(EVENTS))
    assert [chunk["type"] for chunk in found] == [
        "start",
        "start-step",
        *("source-url", "data-citations", "text-start", "text-delta"),
        *("source-url", "data-citations", "text-delta"),
        "text-delta",
        *("data-disagreements", "data-notices"),
        *("text-end", "finish-step", "finish"),
    ]
    assert "".join(chunk.get("delta", "") for chunk in found) == WHOLE.text
    assert {chunk["id"] for chunk in found if chunk["type"].startswith("text-")} == {"answer"}


@pytest.mark.parametrize(
    "script",
    [EVENTS, (Answered(answer=REFUSED),), (*EVENTS[:2], WriterUnavailable("away"))],
    ids=["whole", "refused", "failed"],
)
async def test_no_chunk_has_a_field_that_an_old_client_would_break_at(script: tuple[Event | Exception, ...]) -> None:
    for chunk in await streamed(Scripted(script)):
        assert set(chunk) - {"type"} <= SAFE[chunk["type"]]


async def test_a_source_has_the_number_of_its_marker_and_the_address_of_its_article_or_our_page() -> None:
    first, second = [chunk for chunk in await streamed(Scripted(EVENTS)) if chunk["type"] == "source-url"]
    assert (first["sourceId"], first["title"]) == ("1", "The fee 🎓")
    assert first["url"] == "https://news.example/fee#:~:text=a%20fee%20of%20%249"
    assert (second["sourceId"], second["title"]) == ("2", "The term")
    assert second["url"] == "http://127.0.0.1/articles/desk/term?version=v2&start=7&end=18#quote"


async def test_the_citations_grow_as_one_part_with_places_as_javascript_counts_them() -> None:
    found = [chunk for chunk in await streamed(Scripted(EVENTS)) if chunk["type"] == "data-citations"]
    assert [len(chunk["data"]) for chunk in found] == [1, 3]
    assert {chunk["id"] for chunk in found} == {"citations"}
    assert found[1]["data"][:1] == found[0]["data"]
    text = (WHOLE.text or "").encode("utf-16-le")
    assert [text[2 * one["start"] : 2 * one["end"]].decode("utf-16-le") for one in found[1]["data"]] == [
        FIRST,
        SECOND.strip(),
        SECOND.strip(),
    ]
    assert found[1]["data"][2] == {
        "n": 2,
        "sourceId": "2",
        "quote": "in 2020, $8",
        "start": 22,
        "end": 51,
        "title": "The term",
        "outlet": "The Desk",
        "published": None,
        "articleId": "desk/term",
        "version": "v2",
        "articleStart": 7,
        "articleEnd": 18,
        "url": "http://127.0.0.1/articles/desk/term?version=v2&start=7&end=18#quote",
        "support": 0.9,
        "independentSources": 2,
    }


async def test_a_quote_stands_in_the_article_at_its_place(client: Client) -> None:
    response = await client.post("/api/chat", json=said(("user", "How many Indian students?")))
    [data] = [chunk["data"] for chunk in chunks(response) if chunk["type"] == "data-citations"]
    article = (await client.get(f"/v1/articles/{quote(data[0]['articleId'])}?version={data[0]['version']}")).json()
    assert article["text"] == STUDENTS.text
    assert article["text"][data[0]["articleStart"] : data[0]["articleEnd"]] == data[0]["quote"]


async def test_the_metadata_name_who_wrote_the_answers_id_and_what_it_cost() -> None:
    found = await streamed(Scripted(EVENTS))
    assert found[0]["messageMetadata"] == {"model": "fake"}
    assert found[0]["messageId"].startswith("msg_")
    usage = {"inputTokens": 100, "outputTokens": 10, "totalTokens": 110}
    assert found[-1]["messageMetadata"] == {"model": "openai-like/scripted", "answerId": "ans_1", "usage": usage}


async def test_what_is_to_know_of_an_answer_comes_as_data() -> None:
    found = {chunk["type"]: chunk for chunk in await streamed(Scripted(EVENTS))}
    assert found["data-notices"]["data"] == [{"kind": "unsupported", "message": "1 sentence was sent without support."}]
    [disagreement] = found["data-disagreements"]["data"]
    assert disagreement == {
        "kind": "number",
        "about": "the fee",
        "says": ["$9", "$8"],
        "overTime": True,
        "sentences": [{"start": 0, "end": 21}, {"start": 22, "end": 51}],
    }


async def test_an_abstention_is_one_sentence_without_sources() -> None:
    found = await streamed(Scripted((Searched(hits=()), Answered(answer=REFUSED))))
    types = ["start", "start-step", "text-start", "text-delta", "text-end", "finish-step", "finish"]
    assert [chunk["type"] for chunk in found] == types
    assert found[3]["delta"] == "The articles say nothing about this."
    assert found[-1]["messageMetadata"]["abstained"] == "nothing_relevant"


@pytest.mark.parametrize(("setting", "header"), [(("spans",), None), ((), "spans"), (("events",), "sources, spans")])
async def test_spans_come_to_those_who_ask_for_them(setting: tuple[ChatExtra, ...], header: str | None) -> None:
    headers = {"X-Groundwire-Extras": header} if header else {}
    found = await streamed(Scripted(EVENTS), *setting, **headers)
    [end] = [chunk for chunk in found if chunk["type"] == "text-end"]
    assert [one["source"]["id"] for one in end["citations"]] == ["1", "1", "2"]
    url = "http://127.0.0.1/articles/desk/term?version=v2&start=7&end=18#quote"
    assert end["citations"][2] == {
        "source": {"type": "source", "sourceType": "url", "id": "2", "url": url, "title": "The term"},
        "startIndex": 22,
        "endIndex": 51,
        "citedText": "in 2020, $8",
    }
    assert found[-1]["finishReason"] == "stop"


async def test_a_request_may_refuse_the_spans_that_the_operator_sends() -> None:
    found = await streamed(Scripted(EVENTS), "spans", **{"X-Groundwire-Extras": "none"})
    assert found == [
        chunk | {"messageId": found[0]["messageId"]} if chunk["type"] == "start" else chunk
        for chunk in await streamed(Scripted(EVENTS))
    ]


async def test_the_stream_says_what_it_is_and_is_neither_cached_nor_held_back() -> None:
    async with serving(Scripted(EVENTS)) as client:
        response = await client.post("/api/chat", json=said(("user", "What is the fee?")))
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["x-vercel-ai-ui-message-stream"] == "v1"
    assert response.headers["cache-control"] == "no-cache"
    assert response.headers["x-accel-buffering"] == "no"
    assert response.text.isascii(), "some clients take U+2028, which JSON lets stand, for the end of a line"


ECHOED = {
    "id": "a1",
    "role": "assistant",
    "metadata": {"model": "extractive", "answerId": "ans_0"},
    "parts": [
        {"type": "step-start"},
        {"type": "source-url", "sourceId": "1", "url": "https://news.example/fee", "title": "The fee"},
        {"type": "data-citations", "id": "citations", "data": [{"n": 1, "quote": "words of no turn"}]},
        {"type": "text", "text": "It is $9. [1]", "state": "done", "citations": [{"citedText": "words of no turn"}]},
        {"type": "tool-search", "toolCallId": "t", "state": "output-available", "input": {}, "output": {"text": 5}},
        {"type": "file", "mediaType": "image/png", "url": "data:image/png;base64,AAAA"},
        {"type": "of-the-future", "words": ["words of no turn"]},
    ],
}
TEXT = [{"type": "text", "text": "And before?"}]


@pytest.mark.parametrize(
    "body",
    [
        {"messages": [said(("user", "The fee?"))["messages"][0], ECHOED, {"id": "u2", "role": "user", "parts": TEXT}]},
        {
            "messages": [
                {"role": "user", "content": "The fee?"},
                {"role": "assistant", "content": "It is $9. [1]"},
                {"role": "user", "content": TEXT},
            ]
        },
        {
            "system": "You are a pirate.",
            "tools": {},
            "threadId": "t",
            "runConfig": {},
            "messages": [
                {"role": "system", "content": "You are a pirate."},
                {"role": "user", "content": [{"type": "text", "text": "The fee?"}]},
                {
                    "role": "assistant",
                    "content": [{"type": "text", "text": "It is $9. [1]"}, {"type": "source", "url": "x"}],
                },
                {"role": "user", "content": TEXT},
            ],
        },
        {
            "trigger": "regenerate-message",
            "messageId": "a2",
            "messages": [
                *said(("user", "The fee?"), ("assistant", "It is $9. [1]"), ("user", "And before?"))["messages"],
                {"id": "a2", "role": "assistant", "parts": [{"type": "text", "text": "To be written anew."}]},
            ],
        },
    ],
    ids=["useChat", "content", "assistant-ui", "regenerate"],
)
async def test_the_last_message_of_the_user_is_asked_and_those_before_are_its_history(body: dict[str, Any]) -> None:
    answering = Scripted(EVENTS)
    async with serving(answering) as client:
        chunks(await client.post("/api/chat", json={"id": "c", "anything": {"else": [1]}} | body))
    [asked] = answering.asked
    assert asked.question == "And before?"
    assert [(turn.role, turn.text) for turn in asked.history] == [("user", "The fee?"), ("assistant", "It is $9.")]


@pytest.mark.parametrize(("model", "writes"), [("fake", "fake"), ("groundwire", None), (None, None)])
async def test_a_body_may_name_the_model_and_the_articles(model: str | None, writes: str | None) -> None:
    answering = Scripted(EVENTS)
    async with serving(answering) as client:
        body = said(("user", "The fee?")) | {"model": model, "scope": {"article_ids": ["fee"]}}
        chunks(await client.post("/api/chat", json=body))
    [asked] = answering.asked
    assert asked.options.model == writes
    assert asked.scope.article_ids == ("fee",)


async def test_a_model_that_there_is_not_is_refused_with_the_names_of_those_that_there_are(gate: Client) -> None:
    response = await gate.post("/api/chat", json=said(("user", "The fee?")) | {"model": "gpt-9"})
    assert response.status_code == 404
    assert "gpt-9" in response.text
    assert "groundwire, fake" in response.text


@pytest.mark.parametrize(
    ("error", "status"), [(WriterUnavailable("The model is away."), 503), (ModelNotAllowed("fake", ()), 422)]
)
async def test_what_fails_before_the_stream_is_a_status_and_a_plain_sentence(error: Exception, status: int) -> None:
    async with serving(Scripted((error,))) as client:
        response = await client.post("/api/chat", json=said(("user", "What is the fee?")))
    assert response.status_code == status
    assert response.headers["content-type"].startswith("text/plain")
    assert response.text == str(error)


async def test_what_fails_in_the_middle_is_an_error_and_what_was_sent_stands() -> None:
    found = await streamed(Scripted((*EVENTS[:2], WriterUnavailable("The model is away."))))
    assert [chunk["type"] for chunk in found[-3:]] == ["text-delta", "text-end", "error"]
    assert found[-1]["errorText"] == "The model is away."


async def test_a_bug_is_not_told_to_the_client() -> None:
    found = await streamed(Scripted((EVENTS[0], ZeroDivisionError("a secret of the code"))))
    assert [chunk["type"] for chunk in found] == ["start", "start-step", "error"]
    assert "secret" not in found[-1]["errorText"]


@pytest.mark.parametrize("sent", [0, 1, 2], ids=["nothing", "the search", "a sentence"])
async def test_the_work_stops_when_the_client_leaves(sent: int) -> None:
    left = asyncio.Event()
    answering = Scripted((*EVENTS[:sent], None))
    body = json.dumps(said(("user", "What is the fee?"))).encode()
    arrived = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if arrived:
            return arrived.pop()
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        if b"text-delta" in message.get("body", b""):
            left.set()

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": "/api/chat",
        "raw_path": b"/api/chat",
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1"), (b"content-type", b"application/json")],
        "scheme": "http",
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "state": {},
        "extensions": {},
    }
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        tasks.create_task(make_app(answering)(scope, receive, send))
        await answering.waits.wait()
        if sent < 2:
            left.set()
    assert answering.closed.is_set()


async def test_there_is_no_stream_to_resume(gate: Client) -> None:
    response = await gate.get("/api/chat/a%20chat/stream")
    assert response.status_code == 204
    assert response.content == b""


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({}, 422, "messages"),
        ({"messages": 5}, 422, "messages"),
        ({"messages": []}, 400, "no message of the user"),
        ({"messages": [{"role": "assistant", "content": "a"}]}, 400, "no message of the user"),
        ({"messages": [{"role": "user", "parts": [{"type": "file", "url": "x"}]}]}, 400, "file"),
        ({"messages": [{"role": "user", "content": "a\0"}]}, 422, "NUL"),
        ({"messages": [{"role": "user", "content": "x" * 2001}]}, 400, "2,000"),
        ({"messages": [{"role": "user", "content": "a"}], "scope": {"articles": []}}, 422, "scope.articles"),
        ({"messages": [{"role": "user", "content": "a"}], "model": 5}, 422, "model"),
        ([], 422, "object"),
    ],
)
async def test_a_wrong_body_is_told_in_a_sentence(gate: Client, body: object, status: int, words: str) -> None:
    response = await gate.post("/api/chat", content=json.dumps(body), headers={"content-type": "application/json"})
    assert (response.status_code, words in response.text) == (status, True), response.text
    assert response.headers["content-type"].startswith("text/plain")
    assert not response.text.startswith("{")


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
PART = st.fixed_dictionaries({"type": st.sampled_from(["text", "source-url", "data-x"]) | ANY}, optional={"text": ANY})
MESSAGE = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "system"]) | ANY},
    optional={"content": ANY | st.lists(PART, max_size=3), "parts": ANY | st.lists(PART | ANY, max_size=3)},
)
BODY = st.fixed_dictionaries(
    {"messages": st.lists(MESSAGE, max_size=4) | ANY},
    optional={"model": ANY, "scope": ANY, "trigger": ANY, "id": ANY},
)


@pytest.fixture
async def refusing() -> AsyncIterator[Client]:
    async with serving(Scripted((Answered(answer=REFUSED),))) as client:
        yield client


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)  # it remembers nothing
@given(body=BODY | ANY)
async def test_no_body_is_a_fault_of_the_service(refusing: Client, body: object) -> None:
    headers = {"content-type": "application/json"}
    response = await refusing.post("/api/chat", content=json.dumps(body), headers=headers)
    assert response.status_code in {200, 400, 404, 422}, response.text


async def test_the_openapi_document_has_the_route(gate: Client) -> None:
    paths = (await gate.get("/schema")).json()["paths"]
    responses = paths["/api/chat"]["post"]["responses"]
    assert set(responses) == {"200", "400", "404", "413", "415", "422", "503"} | REFUSALS
    assert set(responses["200"]["content"]) == {"text/event-stream"}
    assert all(set(responses[status]["content"]) == {"text/plain"} for status in responses if status != "200")
    assert "204" in paths["/api/chat/{chat_id}/stream"]["get"]["responses"]
