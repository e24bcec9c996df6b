"""POST /v1/responses: its events in OpenAI's order, and what may come in as input."""

import json
from typing import Any

import httpx
import pytest

from service.errors import WriterUnavailable
from service.types import ChatExtra, Event
from tests.service.http.conftest import Client
from tests.service.http.scripted import EVENTS, MESSAGE, PLAIN, REFUSED, TEXTS, Scripted, serving

ROUTE = "/v1/responses"
QUESTION = "What is the fee?"
ORDER = [
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "response.content_part.added",
    *["response.output_text.delta"] * 4,
    *["response.output_text.annotation.added"] * 3,
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.completed",
]


def body(**fields: object) -> dict[str, Any]:
    return {"model": "groundwire", "input": QUESTION, **fields}


def events(response: httpx.Response) -> list[dict[str, Any]]:
    """Read a stream; the name of each event is its type, and they are counted."""
    assert response.status_code == 200, response.text
    *blocks, end = response.text.split("\n\n")
    assert end == ""
    found = []
    for number, block in enumerate(blocks):
        name, data = block.split("\n")
        event = json.loads(data.removeprefix("data: "))
        assert (name, event["sequence_number"]) == (f"event: {event['type']}", number)
        found.append(event)
    return found


async def streamed(answering: Scripted, *extras: ChatExtra, **fields: object) -> list[dict[str, Any]]:
    async with serving(answering, *extras) as client:
        return events(await client.post(ROUTE, json=body(stream=True, **fields)))


async def whole(answering: Scripted, *extras: ChatExtra, **fields: object) -> dict[str, Any]:
    async with serving(answering, *extras) as client:
        response = await client.post(ROUTE, json=body(**fields))
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def text_of(response: dict[str, Any]) -> str:
    [message] = response["output"]
    [part] = message["content"]
    text: str = part["text"]
    return text


async def test_the_events_come_in_openais_order_and_fit_together() -> None:
    found = await streamed(Scripted())
    assert [event["type"] for event in found] == ORDER
    created, begun, item, part, *_ = found
    assert created["response"] == begun["response"]
    assert (created["response"]["status"], created["response"]["output"]) == ("in_progress", [])
    assert (item["item"]["status"], item["item"]["content"]) == ("in_progress", [])
    assert part["part"] == {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
    assert [event["delta"] for event in found[4:8]] == list(TEXTS)
    annotations = [event["annotation"] for event in found[8:11]]
    assert [event["annotation_index"] for event in found[8:11]] == [0, 1, 2]
    text, done, item_done, completed = found[11:]
    assert text["text"] == "".join(TEXTS)
    assert (done["part"]["text"], done["part"]["annotations"]) == (text["text"], annotations)
    assert item_done["item"]["content"] == [done["part"]]
    assert completed["response"]["output"] == [item_done["item"]]
    assert completed["response"]["id"] == created["response"]["id"]
    for event in found[3:13]:
        assert event.get("item_id", item["item"]["id"]) == item["item"]["id"]
        assert (event["output_index"], event["content_index"]) == (0, 0) or event is item_done


@pytest.mark.parametrize("script", [EVENTS, REFUSED], ids=["an answer", "an abstention"])
@pytest.mark.parametrize("extras", [(), ("sources",), ("events",)])
async def test_the_json_is_the_response_of_the_last_event(
    script: tuple[Event, ...], extras: tuple[ChatExtra, ...]
) -> None:
    found = await streamed(Scripted(script), *extras)
    last, response = found[-1]["response"], await whole(Scripted(script), *extras)
    for one in (last, response):
        one["id"], one["output"][0]["id"], one["created_at"], one["completed_at"] = "resp", "msg", 0, 0
    assert response == last
    assert response["usage"]["total_tokens"] == (110 if script is EVENTS else 0)
    assert "".join(event.get("delta", "") for event in found) == text_of(response)


async def test_annotations_are_flat_and_stand_for_their_markers() -> None:
    response = await whole(Scripted())
    [part] = response["output"][0]["content"]
    assert {frozenset(one) for one in part["annotations"]} == {
        frozenset({"type", "start_index", "end_index", "title", "url"})
    }
    marked = [part["text"][one["start_index"] : one["end_index"]] for one in part["annotations"]]
    assert marked == ["[1]", "[2]", "[3]"]
    assert len({one["url"] for one in part["annotations"]}) == 3


async def test_an_abstention_is_a_completed_response_of_one_sentence() -> None:
    response = await whole(Scripted(REFUSED))
    assert (response["status"], text_of(response)) == ("completed", MESSAGE)
    assert response["output"][0]["content"][0]["annotations"] == []


async def test_a_failure_is_the_last_event_and_what_was_sent_stands() -> None:
    found = await streamed(Scripted((*EVENTS[:2], WriterUnavailable("The model is away."))))
    assert [event["type"] for event in found] == [*ORDER[:5], "response.failed"]
    failed = found[-1]["response"]
    assert (failed["id"], failed["status"]) == (found[0]["response"]["id"], "failed")
    assert failed["error"] == {"code": "server_error", "message": "The model is away."}
    bug = await streamed(Scripted((*EVENTS[:1], ZeroDivisionError("a secret of the code"))))
    assert "secret" not in json.dumps(bug)


async def test_what_fails_before_the_stream_is_a_status() -> None:
    for stream in (False, True):
        async with serving(Scripted((WriterUnavailable("The model is away."),))) as client:
            response = await client.post(ROUTE, json=body(stream=stream))
        assert response.status_code == 503
        assert response.json()["error"]["message"] == "The model is away."


async def test_input_is_a_string_or_a_conversation_of_any_form() -> None:
    answering = Scripted()
    turns = [
        {"role": "system", "content": "Be a pirate."},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Which fee?"}]},
        {"type": "item_reference", "id": "msg_0"},
        {"type": "reasoning", "id": "rs_1", "summary": []},
        {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "".join(TEXTS), "annotations": []}],
        },
        {"type": "function_call_output", "call_id": "c", "output": "words of no turn"},
        {
            "role": "user",
            "content": [{"type": "input_image", "image_url": "data:"}, {"type": "input_text", "text": QUESTION}],
        },
    ]
    await whole(answering, input=turns, instructions="Be brief.")
    await whole(answering)
    first, second = answering.asked
    assert [(turn.role, turn.text) for turn in first.history] == [("user", "Which fee?"), ("assistant", PLAIN)]
    assert (first.question, second.question, second.history) == (QUESTION, QUESTION, ())


async def test_a_task_may_have_its_order_in_the_instructions(gate: Client) -> None:
    order = "You are a professional conversation summarizer. Generate a concise title of the conversation."
    fields = body(instructions=order, input="user: What is the fee?\nassistant: It is $9.")
    assert text_of((await gate.post(ROUTE, json=fields)).json()) == "What is the fee"


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"previous_response_id": "resp_1"}, "previous_response_id", "unsupported_parameter"),
        ({"conversation": "conv_1"}, "conversation", "unsupported_parameter"),
        ({"conversation": {"id": "conv_1"}}, "conversation", "unsupported_parameter"),
        ({"input": None}, "input", "invalid_value"),
        ({"input": 5}, "input", "invalid_value"),
        ({"input": {}}, "input", "invalid_value"),
        ({"input": []}, "input", "no_question"),
        ({"input": [{"type": "item_reference", "id": "msg_1"}]}, "input", "no_question"),
        ({"input": [5]}, "input[0]", "invalid_value"),
        ({"input": [{"content": "Who?"}]}, "input[0].role", "invalid_value"),
        ({"input": ""}, "input[0].content", "no_text"),
        ({"input": "x" * 2001}, "input[0].content", "context_length_exceeded"),
        ({"instructions": "Be brief.", "input": [{"role": "user"}]}, "input[0].content", "no_text"),
        ({"input": [{"type": "reasoning"}, {"type": ["message"]}, {"role": "user"}]}, "input[2].content", "no_text"),
        ({"instructions": 5}, "instructions", "invalid_value"),
        ({"instructions": [{}] * 10_001}, "instructions", "invalid_value"),
        ({"input": [{}] * 10_001}, "input", "invalid_value"),
        ({"stream": "yes"}, "stream", "invalid_value"),
    ],
)
async def test_what_is_wrong_with_a_request_is_said(
    gate: Client, fields: dict[str, object], param: str, code: str
) -> None:
    response = await gate.post(ROUTE, json=body(**fields))
    assert response.status_code == 400
    error = response.json()["error"]
    assert (error["param"], error["code"]) == (param, code)


async def test_nothing_is_kept_and_nothing_is_found(gate: Client) -> None:
    assert (await whole(Scripted(), store=True))["store"] is False
    for response in (await gate.get(f"{ROUTE}/resp_1"), await gate.delete(f"{ROUTE}/resp_1")):
        assert (response.status_code, response.json()["error"]["code"]) == (404, "not_found")
    unknown = await gate.post(ROUTE, json=body(model="gpt-9"))
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "model_not_found")
