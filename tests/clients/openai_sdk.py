"""OpenAI's Python SDK against a running service: the checks are functions, the same for its releases 2 and 3.

Each takes what tests/clients/run.py tells of the service. tests/service/http/test_openai_sdk.py runs them in the
service's own environment; as a script, with the environment variable NEWSROOM, they run in any other that has the SDK:

    NEWSROOM='{"url": …}' path/to/python tests/clients/openai_sdk.py

It prints a line for each check, and has failed if its exit status is not 0.
"""

import asyncio
import json
import os
import sys
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from functools import partial
from typing import Any

import openai
from openai import OpenAI

Told = dict[str, Any]
ABSTAINED = "The articles say nothing about this."
TITLE_TASK = (
    "Provide a concise, 5-word-or-less title for the conversation, using its same language, with no punctuation. "
    "Only return the title itself.\n\nConversation:\nUser: Who buys the drones?\nAI: India buys them. [1]"
)


def client(told: Told, **options: Any) -> OpenAI:  # noqa: ANN401 - the SDK's own
    http = openai.DefaultHttpxClient(trust_env=False)
    return OpenAI(base_url=f"{told['url']}/v1", http_client=http, **{"api_key": told["key"]} | options)


def says(question: str) -> list[Any]:
    return [{"role": "user", "content": question}]


def answer_of(told: Told) -> str:
    return " ".join(told["sentences"])


def cites_all(told: Told, text: str, citations: list[Any]) -> None:
    """Hold the annotations against the sources; each stands for its marker, whatever comes before it."""
    citations = plain(citations)
    expected = [(source["url"], source["title"]) for source in told["sources"]]
    assert [(one["url"], one["title"]) for one in citations] == expected
    assert [text[one["start_index"] : one["end_index"]] for one in citations] == ["[1]", "[2]"]


def nested(annotations: Any) -> list[Any]:  # noqa: ANN401 - typed in a message, and not in a delta
    assert {one["type"] for one in plain(annotations)} == {"url_citation"}
    return [one["url_citation"] for one in plain(annotations)]


def plain(objects: Any) -> list[Any]:  # noqa: ANN401 - what one release has as a type is a mapping in another
    return [one if isinstance(one, dict) else one.model_dump() for one in objects]


def the_models_are_listed_and_retrieved(told: Told) -> None:
    with client(told) as ai:
        listed = ai.models.list().data
        assert [model.id for model in listed] == ["groundwire", "openai-like/scripted", "extractive"]
        for model in listed:
            assert ai.models.retrieve(model.id) == model
        raises(openai.NotFoundError, lambda: ai.models.retrieve("openai-like/other"), "model_not_found", "model")


def a_completion_has_the_text_and_an_annotation_for_each_source(told: Told) -> None:
    with client(told) as ai:
        done = ai.chat.completions.create(model="groundwire", messages=says(told["questions"]["TWO_SOURCES"]))
    [choice] = done.choices
    assert choice.finish_reason == "stop"
    assert choice.message.content == answer_of(told)
    cites_all(told, choice.message.content, nested(choice.message.annotations))
    assert done.usage
    assert (done.usage.prompt_tokens, done.usage.completion_tokens, done.usage.total_tokens) == (100, 10, 110)
    assert done.model == "groundwire"


def a_stream_has_the_annotations_in_its_one_last_chunk(told: Told) -> None:
    with client(told) as ai:
        question = says(told["questions"]["TWO_SOURCES"])
        chunks = list(ai.chat.completions.create(model="groundwire", messages=question, stream=True))
    assert len({(chunk.id, chunk.created, chunk.model) for chunk in chunks}) == 1
    choices = [choice for chunk in chunks for choice in chunk.choices]
    assert len(choices) == len(chunks), "many clients break at a chunk without a choice"
    assert choices[0].delta.role == "assistant"
    contents = [choice.delta.content for choice in choices if choice.delta.content]
    assert contents == [told["sentences"][0], f" {told['sentences'][1]}"]
    annotated = [choice for choice in choices if getattr(choice.delta, "annotations", None)]
    assert annotated == choices[-1:]
    assert (choices[-1].finish_reason, choices[-1].delta.content) == ("stop", None)
    cites_all(told, answer_of(told), nested(choices[-1].delta.annotations))  # type: ignore[attr-defined]  # an extra
    assert all(chunk.usage is None for chunk in chunks)


def a_stream_counts_tokens_for_who_asks(told: Told) -> None:
    with client(told) as ai:
        question = says(told["questions"]["TWO_SOURCES"])
        options: Any = {"include_usage": True}
        chunks = list(
            ai.chat.completions.create(model="groundwire", messages=question, stream=True, stream_options=options)
        )
    assert [chunk.usage.total_tokens for chunk in chunks if chunk.usage] == [110]
    assert chunks[-1].choices == []


def the_stream_helper_puts_the_message_together(told: Told) -> None:
    with client(told) as ai:
        question = says(told["questions"]["TWO_SOURCES"])
        with ai.chat.completions.stream(model="groundwire", messages=question) as stream:
            deltas = [event.delta for event in stream if event.type == "content.delta"]
            done = stream.get_final_completion()
    message = done.choices[0].message
    assert message.content == "".join(deltas) == answer_of(told)
    cites_all(told, message.content, nested(message.annotations))


def an_abstention_is_a_sentence_without_sources(told: Told) -> None:
    with client(told) as ai:
        question = says(told["questions"]["NOTHING"])
        message = ai.chat.completions.create(model="groundwire", messages=question).choices[0].message
        assert (message.content, message.annotations) == (ABSTAINED, [])
        chunks = list(ai.chat.completions.create(model="groundwire", messages=question, stream=True))
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == ABSTAINED
        assert not any(getattr(chunk.choices[0].delta, "annotations", None) for chunk in chunks)
        response = ai.responses.create(model="groundwire", input=told["questions"]["NOTHING"])
        assert response.output_text == ABSTAINED


def a_follow_up_is_understood_by_the_turns_before(told: Told) -> None:
    turns: list[Any] = [
        {"role": "system", "content": "Answer like a pirate."},
        *says(told["questions"]["TWO_SOURCES"]),
        {"role": "assistant", "content": f"{answer_of(told)}\n\n**Sources**\n\n1. [A](https://a.example)"},
        {"role": "user", "content": [{"type": "text", "text": told["questions"]["FOLLOW_UP"]}]},
    ]
    with client(told) as ai:
        done = ai.chat.completions.create(model="groundwire", messages=turns)
        assert done.choices[0].message.content == told["sentences"][1].replace("[2]", "[1]")
        response = ai.responses.create(
            model="groundwire",
            instructions="Answer like a pirate.",
            input=[
                *says(told["questions"]["TWO_SOURCES"]),
                {
                    "type": "message",
                    "id": "msg_1",
                    "role": "assistant",
                    "status": "completed",
                    "content": [{"type": "output_text", "text": answer_of(told), "annotations": []}],
                },
                {"role": "user", "content": [{"type": "input_text", "text": told["questions"]["FOLLOW_UP"]}]},
            ],
        )
        assert response.output_text == told["sentences"][1].replace("[2]", "[1]")


def another_model_is_named(told: Told) -> None:
    with client(told) as ai:
        question = says(told["questions"]["TWO_SOURCES"])
        done = ai.chat.completions.create(model="extractive", messages=question, temperature=2, n=3, seed=1)
    assert done.model == "extractive"
    assert done.usage
    assert done.usage.total_tokens == 0
    assert len(done.choices) == 1


def a_response_has_the_text_and_an_annotation_for_each_source(told: Told) -> None:
    with client(told) as ai:
        response = ai.responses.create(model="groundwire", input=told["questions"]["TWO_SOURCES"])
    is_the_response(told, response)


def is_the_response(told: Told, response: Any) -> None:  # noqa: ANN401 - parsed or not
    assert response.status == "completed"
    assert response.output_text == answer_of(told)
    [message] = response.output
    [text] = message.content
    cites_all(told, text.text, text.annotations)
    assert {one.type for one in text.annotations} == {"url_citation"}
    assert (response.usage.input_tokens, response.usage.output_tokens) == (100, 10)


def a_response_is_streamed_in_the_order_of_its_parts(told: Told) -> None:
    with client(told) as ai:
        events = list(ai.responses.create(model="groundwire", input=told["questions"]["TWO_SOURCES"], stream=True))
    assert [event.type.removeprefix("response.") for event in events] == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.annotation.added",
        "output_text.annotation.added",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert "".join(deltas) == answer_of(told)
    added = [event.annotation for event in events if event.type == "response.output_text.annotation.added"]
    cites_all(told, answer_of(told), added)
    is_the_response(told, events[-1].response)  # type: ignore[union-attr]  # of response.completed


def the_response_helper_puts_the_response_together(told: Told) -> None:
    with client(told) as ai, ai.responses.stream(model="groundwire", input=told["questions"]["TWO_SOURCES"]) as stream:
        deltas = [event.delta for event in stream if event.type == "response.output_text.delta"]
        response = stream.get_final_response()
    assert "".join(deltas) == answer_of(told)
    is_the_response(told, response)


def what_is_asked_wrongly_is_refused_in_words(told: Told) -> None:
    image: Any = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://a.example/i.png"}}]}]
    wrong_role: Any = [{"role": "reader", "content": "Who?"}]
    with client(told) as ai:
        asked = ai.chat.completions.create

        def of(messages: Any, model: str = "groundwire") -> Callable[[], object]:  # noqa: ANN401 - wrong ones
            return lambda: asked(model=model, messages=messages)

        raises(openai.BadRequestError, of([]), "no_question", "messages")
        raises(openai.BadRequestError, of(image), "no_text", "messages[0].content", "image_url")
        raises(openai.BadRequestError, of(wrong_role), "invalid_value", "messages[0].role")
        long = says("drones " * 400)
        raises(openai.BadRequestError, of(long), "context_length_exceeded", "messages[0].content", "2,799")
        raises(openai.NotFoundError, of(says("Who?"), "gpt-9"), "model_not_found", "model", "groundwire")
        streamed = lambda: list(asked(model="gpt-9", messages=says("Who?"), stream=True))  # noqa: E731 - as the others
        raises(openai.NotFoundError, streamed, "model_not_found", "model")
        raises(
            openai.BadRequestError,
            lambda: ai.responses.create(model="groundwire", input="Who?", previous_response_id="resp_1"),
            "unsupported_parameter",
            "previous_response_id",
        )
        raises(openai.BadRequestError, lambda: ai.responses.create(model="groundwire", input=[]), "no_question")
        raises(openai.NotFoundError, lambda: ai.responses.retrieve("resp_1"), "not_found")
        error = raises(openai.APIStatusError, of(says("x" * 11_000_000)), "invalid_value", "body")
        assert error.status_code == 413  # type: ignore[attr-defined]  # of an APIStatusError


def a_model_that_fails_is_an_error_that_is_not_retried(told: Told) -> None:
    with client(told) as ai:
        question = says(told["questions"]["CUT"])
        error = raises(
            openai.InternalServerError,
            lambda: ai.chat.completions.create(model="groundwire", messages=question),
            "service_unavailable",
        )
        assert error.response.headers["x-should-retry"] == "false"  # type: ignore[attr-defined]  # of an APIStatusError
        assert error.request_id  # type: ignore[attr-defined]  # the same


def a_model_that_fails_in_the_middle_is_an_error_behind_what_was_sent(told: Told) -> None:
    with client(told) as ai:
        contents: list[str | None] = []

        def read() -> None:
            question = says(told["questions"]["CUT"])
            chunks = ai.chat.completions.create(model="groundwire", messages=question, stream=True)
            contents.extend(chunk.choices[0].delta.content for chunk in chunks)

        raises(openai.APIError, read, "service_unavailable")
        assert "".join(filter(None, contents)) == told["sentences"][0]

        *events, last = ai.responses.create(model="groundwire", input=told["questions"]["CUT"], stream=True)
        assert last.type == "response.failed"
        assert last.response.status == "failed"
        assert last.response.error
        assert last.response.error.code == "server_error"
        assert "broke off" in last.response.error.message
        assert [one.delta for one in events if one.type == "response.output_text.delta"] == [told["sentences"][0]]

        raises(RuntimeError, lambda: final(ai.responses.stream(model="groundwire", input=told["questions"]["CUT"])))


def final(helper: AbstractContextManager[Any]) -> object:
    with helper as stream:
        return stream.get_final_response()


def a_client_that_leaves_stops_the_work(told: Told) -> None:
    """Leave in the middle; whoever runs this looks at what the model noticed."""
    with client(told) as ai:
        question = says(told["questions"]["SLOW"])
        with ai.chat.completions.create(model="groundwire", messages=question, stream=True) as stream:
            first = next(chunk for chunk in stream if chunk.choices[0].delta.content)
    assert first.choices[0].delta.content == told["sentences"][0]


def extras_are_for_who_asks(told: Told) -> None:
    with client(told, default_headers={"x-groundwire-extras": "events, sources"}) as ai:
        question = says(told["questions"]["TWO_SOURCES"])
        chunks = list(ai.chat.completions.create(model="groundwire", messages=question, stream=True))
        with ai.chat.completions.stream(model="groundwire", messages=question) as stream:
            done = stream.get_final_completion()
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert text == done.choices[0].message.content
    assert text.startswith(f"{answer_of(told)}\n\n**Sources**\n\n1. [{told['sources'][0]['title']}](")
    events = [chunk.event for chunk in chunks if getattr(chunk, "event", None)]  # type: ignore[attr-defined]  # an extra
    assert [one["data"]["source"]["name"] for one in events] == [source["title"] for source in told["sources"]]
    addresses = [one["data"]["source"]["url"] for one in events]
    assert [one["url"] for one in nested(chunks[-1].choices[0].delta.annotations)] == addresses  # type: ignore[attr-defined]  # an extra
    assert all(map(str.startswith, addresses, [source["url"] for source in told["sources"]]))
    assert [one["data"]["document"] for one in events] == [[quote] for quote in told["quotes"]]


def a_title_is_given_without_a_search(told: Told) -> None:
    with client(told) as ai:
        done = ai.chat.completions.create(model="groundwire", messages=says(TITLE_TASK))
        assert done.choices[0].message.content == "Who buys the drones"
        streamed = ai.chat.completions.create(model="groundwire", messages=says(TITLE_TASK), stream=True)
        assert "".join(chunk.choices[0].delta.content or "" for chunk in streamed) == "Who buys the drones"
        assert ai.responses.create(model="groundwire", input=TITLE_TASK).output_text == "Who buys the drones"


def a_key_that_is_none_is_an_authentication_error(told: Told) -> None:
    question = says(told["questions"]["TWO_SOURCES"])
    for wrong in ("gw_none", told["key"][:-1], told["key"] + "0", told["key"].upper()):
        with client(told, api_key=wrong) as ai:
            calls: tuple[Callable[[], object], ...] = (
                ai.models.list,
                partial(ai.chat.completions.create, model="groundwire", messages=question),
                partial(ai.chat.completions.create, model="groundwire", messages=question, stream=True),
                partial(ai.responses.create, model="groundwire", input="Who?"),
            )
            for call in calls:
                assert wrong not in str(raises(openai.AuthenticationError, call, "invalid_api_key"))


def a_key_without_the_scope_is_a_permission_error(told: Told) -> None:
    with client(told, api_key=told["readingKey"]) as ai:
        raises(openai.PermissionDeniedError, ai.models.list, "insufficient_permissions", words="'ask'")


def a_key_that_has_asked_enough_is_a_rate_limit_error(told: Told) -> None:
    with client(told, api_key=told["poorKey"], max_retries=0) as ai:
        with suppress(openai.RateLimitError):  # another release was here in the same minute
            ai.models.list()
        error = raises(openai.RateLimitError, ai.models.list, "rate_limit_exceeded")
        assert 1 <= int(error.response.headers["retry-after"]) <= 60  # type: ignore[attr-defined]  # of an APIStatusError


def the_asynchronous_client_reads_the_same(told: Told) -> None:
    async def read() -> None:
        http = openai.DefaultAsyncHttpxClient(trust_env=False)
        async with openai.AsyncOpenAI(base_url=f"{told['url']}/v1", api_key=told["key"], http_client=http) as ai:
            question = says(told["questions"]["TWO_SOURCES"])
            done = await ai.chat.completions.create(model="groundwire", messages=question)
            assert done.choices[0].message.content == answer_of(told)
            stream = await ai.chat.completions.create(model="groundwire", messages=question, stream=True)
            contents = [chunk.choices[0].delta.content async for chunk in stream]
            assert "".join(filter(None, contents)) == answer_of(told)

    asyncio.run(read())


def raises(
    kind: type[Exception],
    call: Callable[[], object],
    code: str | None = None,
    param: str | None = None,
    words: str = "",
) -> Exception:
    """Call, and give the error that this must raise."""
    try:
        call()
    except kind as raised:
        error = raised
    else:
        raise AssertionError(f"no {kind.__name__}")
    assert code == getattr(error, "code", None), error
    assert param in {None, getattr(error, "param", None)}, error
    assert words in str(error)
    return error


CHECKS: tuple[Callable[[Told], None], ...] = (
    the_models_are_listed_and_retrieved,
    a_completion_has_the_text_and_an_annotation_for_each_source,
    a_stream_has_the_annotations_in_its_one_last_chunk,
    a_stream_counts_tokens_for_who_asks,
    the_stream_helper_puts_the_message_together,
    an_abstention_is_a_sentence_without_sources,
    a_follow_up_is_understood_by_the_turns_before,
    another_model_is_named,
    a_response_has_the_text_and_an_annotation_for_each_source,
    a_response_is_streamed_in_the_order_of_its_parts,
    the_response_helper_puts_the_response_together,
    what_is_asked_wrongly_is_refused_in_words,
    a_model_that_fails_is_an_error_that_is_not_retried,
    a_model_that_fails_in_the_middle_is_an_error_behind_what_was_sent,
    a_client_that_leaves_stops_the_work,
    extras_are_for_who_asks,
    a_title_is_given_without_a_search,
    a_key_that_is_none_is_an_authentication_error,
    a_key_without_the_scope_is_a_permission_error,
    a_key_that_has_asked_enough_is_a_rate_limit_error,
    the_asynchronous_client_reads_the_same,
)


def main() -> int:
    """Run every check; give how many failed."""
    told: Told = json.loads(os.environ["NEWSROOM"])
    failed = 0
    for check in CHECKS:
        outcome = "passed"
        try:
            check(told)
        except Exception:  # noqa: BLE001 - a check that breaks has failed, and the others still run
            outcome = "FAILED"
            failed += 1
            traceback.print_exc()
        print(outcome, check.__name__.replace("_", " "))  # noqa: T201 - its output
    print(f"openai {openai.__version__}: {len(CHECKS) - failed} passed, {failed} failed")  # noqa: T201 - the same
    return failed


if __name__ == "__main__":
    sys.exit(main())
