"""POST /v1/answers, as JSON or as a stream of events, and POST /v1/search."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody
from litestar.response import Stream
from pydantic import Field

from retrieval.types import Frozen, Hit
from service.desk import Answering
from service.http.problems import field_error, problem_of, problem_specs
from service.http.streaming import Streaming, begun, streamed, while_connected
from service.types import Answer, Answered, Event, Failed, Question, Searched, SearchRequest, SentenceReady

_BODY_LIMIT = 1_000_000  # bytes; the longest question and history, all of it escaped (`\ud83d\ude00`), are 264,000

_EVENT_NAMES: Mapping[type[Event], str] = {
    Searched: "searched",
    SentenceReady: "sentence",
    Answered: "answered",
    Failed: "failed",
}


class AnswerRequest(Question):
    """A question, and whether its answer is wanted as a stream."""

    stream: bool = Field(default=False, strict=True, description="The same as `Accept: text/event-stream`.")


class Hits(Frozen):
    """The passages that a question found, the most relevant first."""

    hits: tuple[Hit, ...]


@post(
    "/v1/answers",
    opt={"scope": "ask", "answers": True},
    status_code=200,
    request_max_body_size=_BODY_LIMIT,
    operation_class=Streaming,
    responses={200: ResponseSpec(Answer, generate_examples=False), **problem_specs(400, 413, 415, 422, 503)},
    summary="Answer a question",
)
async def answer(
    request: Request[Any, Any, Any], data: JSONBody[AnswerRequest], answering: NamedDependency[Answering]
) -> Response[Answer] | Stream:
    """Answer with cited sentences, or abstain and say why.

    With `Accept: text/event-stream` or `"stream": true` it comes as server-sent events: `searched`, a `sentence` for
    each verified sentence, and `answered` with the whole answer; or `failed` with a problem.
    """
    _check(data, answering)
    if data.stream or "text/event-stream" in request.headers.get("accept", ""):
        return streamed(_messages(await begun(request, answering.events(data))))
    return Response(await while_connected(request, answering.answer(data)))


@post(
    "/v1/search",
    opt={"scope": "ask", "answers": True},
    status_code=200,
    request_max_body_size=_BODY_LIMIT,
    responses=problem_specs(400, 413, 415, 422, 503),
    summary="Find passages",
)
async def search(
    request: Request[Any, Any, Any], data: JSONBody[SearchRequest], answering: NamedDependency[Answering]
) -> Hits:
    """Give the passages that a question finds, also when none is relevant."""
    _check(data, answering)
    return Hits(hits=tuple(await while_connected(request, answering.search(data))))


def _check(question: Question, answering: Answering) -> None:
    if question.options.model not in (None, *answering.models):
        raise field_error("options.model", f"must be one of {', '.join(answering.models)}")


async def _messages(events: AsyncGenerator[Event]) -> AsyncGenerator[str]:
    """Send each event as it comes; when the client leaves, Litestar cancels this, and so the work."""
    try:
        async with aclosing(events):
            async for event in events:
                yield _message(event)
    except Exception as error:  # noqa: BLE001 - the status is sent; all that is left is to say it in the stream
        problem = problem_of(error).model_dump(exclude={"errors"})
        yield _message(Failed(error=problem))


def _message(event: Event) -> str:
    # JSON has no line break of its own, so that one data line holds it. https://html.spec.whatwg.org/#server-sent-events
    return f"event: {_EVENT_NAMES[type(event)]}\ndata: {event.model_dump_json()}\n\n"
