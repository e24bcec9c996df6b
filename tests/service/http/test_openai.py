"""GET /v1/models and POST /v1/chat/completions: what goes out, chunk by chunk, and what comes in."""

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from prompts.passage import visible
from retrieval.errors import StoreUnavailable
from service.errors import WriterUnavailable
from service.http.chat import SOURCES_HEADING
from service.http.links import Links, References
from service.http.replies import _list
from service.types import MOST_HISTORY, MOST_TURNS, ChatExtra, Event
from tests.service.http.conftest import REFUSALS, Client
from tests.service.http.scripted import (
    ADDRESS,
    ANSWER,
    EVENTS,
    MESSAGE,
    PLAIN,
    REFUSED,
    SEARCHED,
    SENTENCES,
    TEXTS,
    Scripted,
    serving,
)

ROUTE = "/v1/chat/completions"
URLS = [
    "https://news.example/fee_(2020)?a=1&b=2#:~:text=a%20fee%20of%20%249",
    "http://127.0.0.1/articles/desk/term?version=v2&start=10&end=19#quote",
    "http://127.0.0.1/articles/copy?version=v3&start=20&end=31#quote",
]
SOURCES = f"""

**Sources**

1. [The \\*fee\\* \\[of 2020\\] 🎓 \\<b\\>](https://news.example/fee_%282020%29?a=1&b=2#:~:text=a%20fee%20of%20%249), \
The Desk, 2 March 2020
2. [The term]({URLS[1]})
3. [The term]({URLS[2]})"""
TITLES = ["The *fee* [of 2020] 🎓 <b>", "The term", "The term (3)"]
SEALED = [f"{URLS[0]}&", f"{URLS[1]}:~:", f"{URLS[2]}:~:"]  # so that what Open WebUI puts behind them changes nothing
ASKED = [{"role": "user", "content": "What is the fee?"}]


def body(**fields: object) -> dict[str, Any]:
    return {"model": "groundwire", "messages": ASKED, **fields}


def chunks(response: httpx.Response) -> list[dict[str, Any]]:
    """Read a stream that ends well; each of its events is one line of data."""
    assert response.status_code == 200, response.text
    *lines, done, end = response.text.split("\n\n")
    assert (done, end) == ("data: [DONE]", "")
    assert all(line.startswith("data: ") and "\n" not in line for line in lines)
    return [json.loads(line.removeprefix("data: ")) for line in lines]


async def streamed(answering: Scripted, *extras: ChatExtra, **fields: object) -> list[dict[str, Any]]:
    async with serving(answering, *extras) as client:
        return chunks(await client.post(ROUTE, json=body(stream=True, **fields)))


async def whole(answering: Scripted, *extras: ChatExtra, **fields: object) -> dict[str, Any]:
    async with serving(answering, *extras) as client:
        response = await client.post(ROUTE, json=body(**fields))
    assert response.status_code == 200, response.text
    completion: dict[str, Any] = response.json()
    return completion


def text_of(found: Sequence[Mapping[str, Any]]) -> str:
    return "".join(choice["delta"].get("content") or "" for chunk in found for choice in chunk["choices"])


async def test_the_models_are_the_one_unasked_and_those_that_may_be_named() -> None:
    async with serving(Scripted(models=("openai-like/big", "extractive"))) as client:
        listed = (await client.get("/v1/models")).json()
        assert listed["object"] == "list"
        assert [one["id"] for one in listed["data"]] == ["groundwire", "openai-like/big", "extractive"]
        for one in listed["data"]:
            assert {"object": "model", "owned_by": "groundwire", "id": one["id"], "created": one["created"]} == one
            for path in (one["id"], one["id"].replace("/", "%2F")):
                assert (await client.get(f"/v1/models/{path}")).json() == one
        assert (await client.get("/v1/models")).json() == listed, "nothing of a model changes"


@pytest.mark.parametrize("name", ["gpt-9", "openai-like/other", "Groundwire", "a%00b", "%F0%9F%8E%93"])
async def test_an_unknown_model_is_told_those_that_there_are(name: str) -> None:
    async with serving(Scripted()) as client:
        response = await client.get(f"/v1/models/{name}")
    assert response.status_code == 404
    error = response.json()["error"]
    assert (error["code"], error["param"], error["type"]) == ("model_not_found", "model", "invalid_request_error")
    assert error["message"].endswith("There are: groundwire, fake.")


async def test_a_wrong_name_is_not_said_back_at_length(gate: Client) -> None:
    response = await gate.post(ROUTE, json=body(model="x" * 1_000_000))
    assert response.status_code == 404
    assert len(response.text) < 1000


async def test_a_model_of_another_name_is_the_one_that_is_asked() -> None:
    answering = Scripted(models=("extractive", "openai-like/big"))
    assert (await whole(answering, model="openai-like/big"))["model"] == "openai-like/big"
    assert (await whole(answering))["model"] == "groundwire"
    assert [asked.options.model for asked in answering.asked] == ["openai-like/big", None]


async def test_a_stream_is_a_role_a_delta_for_each_sentence_and_the_annotations() -> None:
    found = await streamed(Scripted())
    head = {key: found[0][key] for key in ("id", "created", "model", "object", "system_fingerprint")}
    assert head["object"] == "chat.completion.chunk"
    assert head["id"].startswith("chatcmpl-")
    choice = {"index": 0, "logprobs": None, "finish_reason": None}
    assert found[:-1] == [
        head | {"choices": [choice | {"delta": {"role": "assistant", "content": ""}}]},
        *(head | {"choices": [choice | {"delta": {"content": text}}]} for text in TEXTS),
    ]
    [last] = found[-1]["choices"]
    assert last["finish_reason"] == "stop"
    assert set(last["delta"]) == {"annotations"}


async def test_usage_is_counted_at_the_end_for_who_asks() -> None:
    found = await streamed(Scripted(), stream_options={"include_usage": True})
    assert [chunk["usage"] for chunk in found[:-1]] == [None] * (len(found) - 1)
    assert found[-1]["choices"] == []
    assert found[-1]["usage"] == {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
    refused = await streamed(Scripted(REFUSED), stream_options={"include_usage": True})
    assert refused[-1]["usage"] == {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    for options in (None, {}, {"include_usage": False}, {"include_usage": None, "include_obfuscation": False}):
        assert not any("usage" in chunk for chunk in await streamed(Scripted(), stream_options=options))


@pytest.mark.parametrize("script", [EVENTS, REFUSED], ids=["an answer", "an abstention"])
@pytest.mark.parametrize("extras", [(), ("sources",)], ids=["plain", "with a list of sources"])
async def test_the_json_says_what_the_stream_says(script: tuple[Event, ...], extras: tuple[ChatExtra, ...]) -> None:
    found = await streamed(Scripted(script), *extras, stream_options={"include_usage": True})
    completion = await whole(Scripted(script), *extras)
    [choice] = completion["choices"]
    assert choice["message"]["content"] == text_of(found)
    assert choice["message"]["annotations"] == found[-2]["choices"][0]["delta"].get("annotations", [])
    assert choice["finish_reason"] == found[-2]["choices"][0]["finish_reason"]
    assert completion["usage"] == found[-1]["usage"]


async def test_each_source_is_annotated_at_its_first_marker_under_an_address_of_its_own() -> None:
    message = (await whole(Scripted()))["choices"][0]["message"]
    citations = [one["url_citation"] for one in message["annotations"]]
    assert {one["type"] for one in message["annotations"]} == {"url_citation"}
    assert [one["url"] for one in citations] == URLS
    assert [one["title"] for one in citations] == TITLES
    spans = [(one["start_index"], one["end_index"]) for one in citations]
    assert [message["content"][start:end] for start, end in spans] == ["[1]", "[2]", "[3]"]
    assert message["content"][: spans[0][0]] == TEXTS[0].removesuffix("[1]"), "not the article's own words [1]"
    assert ADDRESS in URLS[0]


async def test_an_abstention_is_one_plain_sentence() -> None:
    found = await streamed(Scripted(REFUSED), "events", "sources")
    assert text_of(found) == MESSAGE
    assert found[-1]["choices"] == [{"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"}]
    message = (await whole(Scripted(REFUSED), "events", "sources"))["choices"][0]["message"]
    assert message == {"role": "assistant", "content": MESSAGE, "refusal": None, "annotations": []}


async def test_a_list_of_sources_is_plain_words_and_links_whatever_their_titles_say() -> None:
    assert text_of(await streamed(Scripted(), "sources")) == "".join(TEXTS) + SOURCES
    only_unsupported = (SEARCHED, SENTENCES[3], EVENTS[-1])
    assert text_of(await streamed(Scripted(only_unsupported), "sources")) == TEXTS[3], "no list of nothing"


@settings(deadline=None)
@given(
    title=st.text(min_size=1) | st.just("\u200b"),
    outlet=st.none() | st.text(alphabet="[]()<>*_`&;#\\\n aé|~$!:", min_size=1),
)
def test_any_title_and_outlet_are_plain_words_in_the_list_of_sources(title: str, outlet: str | None) -> None:
    named = SENTENCES[0].new_sources[0].model_copy(update={"title": title, "outlet": outlet})
    [reference] = References(Links("http://desk.example")).add(SENTENCES[0].model_copy(update={"new_sources": [named]}))
    [paragraph, _, items] = _list([reference]).strip().split("\n")
    assert paragraph == SOURCES_HEADING
    inline = [token.children for token in MarkdownIt("commonmark").parse(items) if token.type == "inline"]
    [children] = inline
    assert children
    opened, *words, closed = children[: [child.type for child in children].index("link_close") + 1]
    assert (opened.type, opened.attrs["href"], closed.type) == (
        "link_open",
        reference.url.replace("(", "%28").replace(")", "%29"),
        "link_close",
    )
    assert {word.type for word in words} <= {"text", "text_special"}
    assert "".join(word.content for word in words) == (" ".join(visible(title).split()) or named.article_id)
    assert {child.type for child in children[len(words) + 2 :]} <= {"text", "text_special"}


async def test_an_event_with_every_quote_comes_before_the_words_that_first_cite_a_source() -> None:
    found = await streamed(Scripted(), "events")
    *said, notice, _ = found
    came = [chunk["event"]["data"]["source"]["url"] if "event" in chunk else text_of([chunk]) for chunk in said]
    assert came == ["", SEALED[0], TEXTS[0], SEALED[1], SEALED[2], TEXTS[1], TEXTS[2], TEXTS[3]]
    assert notice["event"] == {"type": "status", "data": {"description": ANSWER.notices[0].message, "done": True}}
    for chunk in found:
        assert len(chunk["choices"]) == 1, "other clients read an event as a chunk that says nothing"
    assert found[1]["event"] == {
        "type": "source",
        "data": {
            "source": {"id": SEALED[0], "name": TITLES[0], "url": SEALED[0]},
            "document": ["a fee of $9", "nine dollars"],
            "metadata": [{"source": SEALED[0], "name": TITLES[0], "external": True}] * 2,
            "distances": [0.9, 0.9],
        },
    }


async def test_a_json_answer_has_open_webuis_sources_for_who_asks_for_its_events() -> None:
    sources = (await whole(Scripted(), "events"))["sources"]
    assert [one["source"]["id"] for one in sources] == SEALED
    assert sources[0]["document"] == ["a fee of $9", "nine dollars", "once $8"]
    assert "sources" not in await whole(Scripted())


@pytest.mark.parametrize("extras", [(), ("events",), ("events", "sources")])
@pytest.mark.parametrize("release", ["by id", "by name"])
async def test_open_webui_gives_each_marker_its_source(release: str, extras: tuple[ChatExtra, ...]) -> None:
    """Its numbering: what arrives by event and by annotation, in this order, those of one id being one source.

    So does 0.12; releases before it took those of one name for one.
    """
    numbered: dict[str, str] = {}
    for chunk in await streamed(Scripted(), *extras):
        events = [chunk["event"]["data"]] if chunk.get("event", {}).get("type") == "source" else []
        for choice in chunk["choices"]:
            for one in choice["delta"].get("annotations", []):
                citation = one["url_citation"]
                metadata = [{"source": citation["url"], "name": citation["title"]}]
                events.append({"source": {"name": citation["title"]}, "metadata": metadata})
        for event in events:
            for metadata in event["metadata"]:
                source = metadata.get("source") or event["source"].get("id") or "N/A"
                numbered.setdefault(source if release == "by id" else metadata["name"], metadata["name"])
    assert list(numbered.values()) == TITLES


async def test_lobechat_finds_the_citations_in_the_finishing_chunk_without_content() -> None:
    """Its reading: `delta.annotations` of a chunk that has a finish reason, unless that chunk has content too."""
    cited = []
    for chunk in await streamed(Scripted(), stream_options={"include_usage": True}):
        if not chunk["choices"]:
            continue
        [choice] = chunk["choices"]
        if choice["finish_reason"] and not choice["delta"].get("content"):
            cited += [one["url_citation"]["url"] for one in choice["delta"].get("annotations", [])]
    assert cited == URLS


@pytest.mark.parametrize("host", ["127.0.0.1:http", "127.0.0.1:65536"])
async def test_a_host_that_no_link_can_begin_with_is_the_clients_error(gate: Client, host: str) -> None:
    response = await gate.post(ROUTE, json=body(), headers={"host": host})
    assert response.status_code == 400
    assert response.json()["error"]["message"] == "the Host header is no name and port"


async def test_a_header_has_the_last_word_on_the_extras() -> None:
    async with serving(Scripted(), "events", "sources") as client:
        none = await client.post(ROUTE, json=body(stream=True), headers={"X-Groundwire-Extras": "none"})
        assert text_of(chunks(none)) == "".join(TEXTS)
        assert not any("event" in chunk for chunk in chunks(none))
        some = await client.post(ROUTE, json=body(stream=True), headers={"X-Groundwire-Extras": "sources, spans"})
        assert text_of(chunks(some)) == "".join(TEXTS) + SOURCES
        wrong = await client.post(ROUTE, json=body(), headers={"X-Groundwire-Extras": "everything"})
        assert wrong.status_code == 400
        assert wrong.json()["error"]["param"] == "x-groundwire-extras"


@pytest.mark.parametrize("route", [ROUTE, "/v1/responses"])
async def test_an_event_is_one_line_to_clients_that_cut_at_any_line_break(route: str) -> None:
    title = "a\u2028b\u2029c\x85d"
    sources = [one.model_copy(update={"title": title}) for one in SENTENCES[0].new_sources]
    quoted = [one.model_copy(update={"quote": title}) for one in SENTENCES[0].citations]
    sentence = SENTENCES[0].model_copy(update={"new_sources": sources, "citations": quoted, "text": f"{title} [1]"})
    async with serving(Scripted((SEARCHED, sentence, EVENTS[-1])), "events", "sources") as client:
        response = await client.post(route, json={**body(stream=True), "input": "Who?"})
    for line in response.text.splitlines():
        assert line.isascii()
        if line.startswith("data: {"):
            json.loads(line.removeprefix("data: "))


async def test_a_stream_is_neither_cached_nor_held_back() -> None:
    async with serving(Scripted()) as client:
        response = await client.post(ROUTE, json=body(stream=True))
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["cache-control"] == "no-cache"
    assert response.headers["x-accel-buffering"] == "no"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("error", "status", "retry"),
    [
        (WriterUnavailable("The model is away."), 503, "false"),
        (StoreUnavailable("The store is away."), 503, None),
        (ZeroDivisionError("a secret of the code"), 500, "false"),
    ],
)
async def test_what_fails_before_the_stream_is_a_status(
    error: Exception, status: int, retry: str | None, *, stream: bool
) -> None:
    async with serving(Scripted((error,))) as client:
        response = await client.post(ROUTE, json=body(stream=stream))
    assert response.status_code == status
    assert response.headers["content-type"] == "application/json"
    assert response.headers.get("x-should-retry") == retry
    assert response.headers["x-request-id"]
    said = response.json()["error"]
    assert (said["type"], said["param"]) == ("server_error", None)
    assert said["code"] == {503: "service_unavailable", 500: "internal_server_error"}[status]
    # What the store says may name its address or its folder: the log has that.
    assert (said["message"] == str(error)) == (retry == "false" and status == 503)
    assert "secret" not in response.text


@pytest.mark.parametrize("error", [WriterUnavailable("The model is away."), ZeroDivisionError("a secret of the code")])
async def test_what_fails_in_the_middle_is_the_last_event_and_what_was_sent_stands(error: Exception) -> None:
    async with serving(Scripted((*EVENTS[:2], error))) as client:
        response = await client.post(ROUTE, json=body(stream=True))
    *lines, last, end = response.text.split("\n\n")
    assert end == ""
    assert text_of([json.loads(line.removeprefix("data: ")) for line in lines]) == TEXTS[0]
    said = json.loads(last.removeprefix("data: "))["error"]
    assert said["type"] == "server_error"
    assert "secret" not in said["message"]
    assert "[DONE]" not in response.text


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("sent", [0, 1, 2], ids=["nothing", "the search", "a sentence"])
async def test_the_work_stops_when_the_client_leaves(sent: int, *, stream: bool) -> None:
    answering = Scripted((*EVENTS[:sent], None))
    arrived = [{"type": "http.request", "body": json.dumps(body(stream=stream)).encode(), "more_body": False}]
    left = asyncio.Event()

    async def receive() -> dict[str, Any]:
        if arrived:
            return arrived.pop()
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(_: dict[str, Any]) -> None:
        """Nobody reads."""

    scope = {
        "type": "http",
        "method": "POST",
        "path": ROUTE,
        "raw_path": ROUTE.encode(),
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1"), (b"content-type", b"application/json")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "scheme": "http",
        "root_path": "",
        "http_version": "1.1",
        "asgi": {"version": "3.0"},
        "extensions": {},
    }
    async with serving(answering) as client, asyncio.timeout(10):
        served = asyncio.create_task(client.app(scope, receive, send))
        await answering.waits.wait()
        left.set()
        await served
        await answering.closed.wait()


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"messages": []}, "messages", "no_question"),
        ({"messages": [{"role": "system", "content": "Be brief."}]}, "messages", "no_question"),
        ({"messages": [{"role": "assistant", "content": "Hi."}]}, "messages", "no_question"),
        ({"messages": [{"role": "user", "content": " \n"}]}, "messages[0].content", "no_text"),
        ({"messages": [{"role": "user", "content": None}]}, "messages[0].content", "no_text"),
        ({"messages": [*ASKED, {"role": "user", "content": []}]}, "messages[1].content", "no_text"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages[0].content", "no_text"),
        ({"messages": [{"role": "user", "content": "x" * 2001}]}, "messages[0].content", "context_length_exceeded"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content", "invalid_value"),
        ({"messages": [{"role": "user", "content": {}}]}, "messages[0].content", "invalid_value"),
        ({"messages": [{"role": "user", "content": ["Who?"]}]}, "messages[0].content[0]", "invalid_value"),
        ({"messages": [{"role": "user", "content": [{"text": "a"}]}]}, "messages[0].content[0].type", "invalid_value"),
        (
            {"messages": [{"role": "user", "content": [{"type": "text", "text": 5}]}]},
            "messages[0].content[0].text",
            "invalid_value",
        ),
        ({"messages": [{"role": "reader", "content": "Who?"}]}, "messages[0].role", "invalid_value"),
        ({"messages": [{"content": "Who?"}]}, "messages[0].role", "invalid_value"),
        ({"messages": "Who?"}, "messages", "invalid_value"),
        ({"messages": None}, "messages", "invalid_value"),
        ({"messages": [None]}, "messages[0]", "invalid_value"),
        ({"messages": [{"role": "user", "content": "a\0"}]}, "messages[0].content", "invalid_value"),
        ({"model": None}, "model", "invalid_value"),
        ({"model": 5}, "model", "invalid_value"),
        ({"stream": "yes"}, "stream", "invalid_value"),
        ({"stream": 1}, "stream", "invalid_value"),
        ({"stream_options": "usage"}, "stream_options", "invalid_value"),
        ({"stream_options": {"include_usage": "yes"}}, "stream_options.include_usage", "invalid_value"),
    ],
)
async def test_what_is_wrong_with_a_request_is_said(
    gate: Client, fields: dict[str, object], param: str, code: str
) -> None:
    response = await gate.post(ROUTE, json=body(**fields))
    assert response.status_code == 400
    error = response.json()["error"]
    assert (error["param"], error["code"], error["type"]) == (param, code, "invalid_request_error")
    assert not re.search(r"Request|dict|tuple|\[\]|Value error", error["message"]), "the words of the code"
    if code != "invalid_value":
        assert error["message"].startswith(("There is no", "The user", "The question")), "a sentence for people"


@pytest.mark.parametrize("route", [ROUTE, "/api/chat"])
@pytest.mark.parametrize("key", ["content", "parts"])
async def test_a_conversation_of_too_many_messages_and_parts_is_refused_before_any_is_read(
    route: str, key: str
) -> None:
    parts = [{"type": "text", "text": "a"}] * 100
    async with serving(Scripted()) as client:
        many: list[list[dict[str, Any]]] = [[{}] * 10_001, [{"role": "wrong", key: parts}] * 100]
        for messages in many:
            response = await client.post(route, json=body(messages=messages))
            assert response.status_code in {400, 422}
            assert "holds more than 10,000 messages and parts" in response.text
            assert len(response.text) < 300, "not a word about each"
        most = [*[{"role": "assistant", key: parts}] * 99, *ASKED]
        assert (await client.post(route, json=body(messages=most))).status_code == 200


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"",
        b"[]",
        b"null",
        b'{"model": "groundwire", "messages": [{"role": "user", "content": "\\ud800"}]}',
        b'{"model": "groundwire", "temperature": NaN, "messages": []}',
        b'{"messages":' * 100_000,
        b'{"model": "\xff"}',
    ],
    ids=lambda content: repr(content[:30]),
)
async def test_a_body_that_is_no_json_is_a_400(gate: Client, content: bytes) -> None:
    response = await gate.post(ROUTE, content=content, headers={"Content-Type": "application/json"})
    assert response.status_code == 400
    assert response.json()["error"]["param"] == "body"


async def test_a_body_too_large_or_of_another_type_is_refused_in_openais_words(gate: Client) -> None:
    large = await gate.post(ROUTE, json=body(user="x" * 10_000_000))
    assert (large.status_code, large.json()["error"]["param"]) == (413, "body")
    other = await gate.post(ROUTE, content=b"{}", headers={"Content-Type": "text/plain"})
    assert (other.status_code, other.json()["error"]["code"]) == (415, "unsupported_media_type")
    for response, code in (
        (await gate.get(ROUTE), "method_not_allowed"),
        (await gate.get("/v1/chat/completions/chatcmpl-1"), "not_found"),
    ):
        assert response.json()["error"]["code"] == code


@pytest.mark.parametrize(
    "fields",
    [
        {"n": 3, "temperature": 1e308, "max_tokens": -1, "seed": 10**300, "stop": ["a"], "logit_bias": {"1": 1}},
        {"tools": [{"type": "function", "function": {"name": "search"}}], "tool_choice": "required"},
        {"response_format": {"type": "json_object"}, "web_search_options": {}, "of the future": [[[]]]},
        {"stream": None, "stream_options": None, "store": True, "metadata": {"a": "b"}},
        {"messages": [{**ASKED[0], "name": "Ann", "id": 5, "parts": None, "cache_control": {"type": "ephemeral"}}]},
        {
            "messages": [
                {"role": "developer", "content": [{"type": "text", "text": "Obey."}]},
                {
                    "role": "user",
                    "content": [
                        {"type": "image_url", "image_url": {}},
                        {"type": "reasoning", "text": "words of no turn"},
                        {"type": "text", "text": ASKED[0]["content"]},
                    ],
                },
                {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}], "refusal": None},
                {"role": "tool", "tool_call_id": "1", "content": "words of no turn"},
            ]
        },
    ],
)
async def test_fields_and_parts_that_mean_nothing_here_are_ignored(fields: dict[str, object]) -> None:
    answering = Scripted()
    completion = await whole(answering, **fields)
    assert len(completion["choices"]) == 1
    [asked] = answering.asked
    assert (asked.question, asked.history) == (ASKED[0]["content"], ())


async def test_the_last_message_of_the_user_is_asked_and_those_before_are_its_history() -> None:
    answering = Scripted()
    turns = [
        {"role": "system", "content": "You are a pirate."},
        {"role": "user", "content": "Which fee?"},
        {"role": "assistant", "content": "".join(TEXTS) + SOURCES},
        {"role": "user", "content": "Hm."},
        {"role": "user", "content": [{"type": "text", "text": "And"}, {"type": "text", "text": "before?"}]},
    ]
    await whole(answering, messages=turns)
    [asked] = answering.asked
    assert asked.question == "And\nbefore?"
    assert [(turn.role, turn.text) for turn in asked.history] == [
        ("user", "Which fee?"),
        ("assistant", PLAIN),
        ("user", "Hm."),
    ]


async def test_of_a_long_history_the_newest_turns_stay() -> None:
    answering = Scripted()
    many = [{"role": "user", "content": f"{number}"} for number in range(100)]
    await whole(answering, messages=many)
    assert [turn.text for turn in answering.asked[-1].history] == [str(n) for n in range(99 - MOST_TURNS, 99)]
    long = [{"role": "assistant", "content": letter * 9000} for letter in "abc"]
    await whole(answering, messages=[*long, *ASKED])
    assert [turn.text for turn in answering.asked[-1].history] == [
        "a" * (MOST_HISTORY - 18_000),
        "b" * 9000,
        "c" * 9000,
    ]
    await whole(answering, messages=[{"role": "assistant", "content": "x" * 1_000_000}, *ASKED])
    assert [len(turn.text) for turn in answering.asked[-1].history] == [MOST_HISTORY]


@pytest.mark.parametrize("role", ["user", "system"])
async def test_documents_of_the_clients_own_are_refused(gate: Client, role: str) -> None:
    """Their numbers would be taken for ours: Open WebUI lists its own sources first."""
    context = (
        '### Task:\nRespond to the user query.\n<context>\n<source id="1" name="a.pdf">Words.</source>\n</context>\n'
    )
    turns = [{"role": role, "content": f"{context}\nWho?"}, *(ASKED if role == "system" else [])]
    response = await gate.post(ROUTE, json=body(messages=turns))
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "sources_not_supported"
    assert "Switch them off" in response.json()["error"]["message"]


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)
_PARTS = st.fixed_dictionaries({}, optional={"type": st.sampled_from(["text", "image_url"]) | _VALUES, "text": _VALUES})
_MESSAGES = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["message", "reasoning"]) | _VALUES,
        "role": st.sampled_from(["user", "assistant", "system", "tool"]) | _VALUES,
        "content": st.lists(_PARTS, max_size=2) | _VALUES,
        "parts": st.lists(_PARTS, max_size=2) | _VALUES,
    },
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    fields=st.fixed_dictionaries(
        {},
        optional={
            "messages": st.lists(_MESSAGES, max_size=3) | _VALUES,
            "input": st.lists(_MESSAGES, max_size=3) | _VALUES,
            "stream": _VALUES,
            "stream_options": _VALUES,
            "instructions": _VALUES,
            "model": st.just("groundwire") | _VALUES,
        },
    ),
    route=st.sampled_from([ROUTE, "/v1/responses"]),
)
async def test_no_body_breaks_it(fields: dict[str, object], route: str) -> None:
    async with serving(Scripted()) as client:
        response = await client.post(route, json={"model": "groundwire", **fields})
    assert response.status_code in {200, 400, 404}
    if response.status_code != 200:
        assert set(response.json()["error"]) == {"message", "type", "param", "code"}


async def test_the_openapi_document_describes_openais_routes(gate: Client) -> None:
    document = (await gate.get("/schema")).json()
    for path, result in ((ROUTE, "Completion"), ("/v1/responses", "ModelResponse")):
        responses = document["paths"][path]["post"]["responses"]
        assert set(responses) == {"200", "400", "404", "413", "415", "503"} | REFUSALS
        for status, one in responses.items():
            assert set(one["content"]) == {"application/json"} | ({"text/event-stream"} if status == "200" else set())
            content = one["content"]["application/json"]
            assert content["schema"]["$ref"].endswith(f"/{result if status == '200' else 'OpenAIProblem'}")
    described = document["paths"]["/v1/models/{model_id}"]["get"]["responses"]
    assert set(described) == {"200", "400", "404", "503"} | REFUSALS
    forms = document["components"]["schemas"]["Message"]["properties"]["content"]["oneOf"]
    assert [form["type"] for form in forms] == ["string", "array", "null"]
