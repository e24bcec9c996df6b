"""POST /v1/responses, as OpenAI's clients speak it."""

import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from http import HTTPStatus
from typing import Annotated, Any, Literal
from uuid import uuid4

from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody
from litestar.response import Stream
from pydantic import BeforeValidator, Discriminator, Field, Tag

from retrieval.types import Frozen
from service.desk import Answering
from service.http.chat import BODY_LIMIT, Bounded, Content, Incoming, Message, form_of
from service.http.links import Links
from service.http.openai import ERRORS, UrlCitation, ascii_json, url_citation
from service.http.problems import field_error, openai_specs, problem_of
from service.http.replies import Piece, Said, Whole, reply, whole
from service.http.streaming import Streaming, streamed, while_connected
from service.types import ChatExtra


def _messages(items: list[object]) -> list[object]:
    """Put a message that is not read in the place of what is none, so that errors name the places of the client's."""
    unread = {"role": "tool"}
    return [unread if isinstance(one, dict) and one.get("type") not in (None, "message") else one for one in items]


Input = Annotated[
    Annotated[str, Tag("text")] | Annotated[list[Message], BeforeValidator(_messages), Bounded, Tag("[]")],
    Discriminator(form_of, custom_error_type="input", custom_error_message="must be a string or a list of items"),
]


class ResponseRequest(Incoming):
    """A conversation whose last message of the user is to be answered; other fields of OpenAI's are ignored."""

    model: str
    input: Input = Field(description="The user's message, or the conversation; items that are no messages are ignored.")
    instructions: Annotated[Content, Bounded] = Field(
        default=None, description="Accepted, and neither searched for nor obeyed."
    )
    stream: Annotated[bool | None, Field(strict=True)] = None
    previous_response_id: object = Field(default=None, description="Refused: nothing is kept here.")
    conversation: object = Field(default=None, description="Refused: nothing is kept here.")


class FlatCitation(UrlCitation):
    """What a marker stands for."""

    type: Literal["url_citation"] = "url_citation"


class OutputText(Frozen):
    """The answer's text; its sources in the order of their numbers."""

    type: Literal["output_text"] = "output_text"
    text: str = ""
    annotations: tuple[FlatCitation, ...] = ()
    logprobs: tuple[()] = ()


class OutputMessage(Frozen):
    """The one output that there is."""

    id: str
    type: Literal["message"] = "message"
    role: Literal["assistant"] = "assistant"
    status: Literal["in_progress", "completed"] = "in_progress"
    content: tuple[OutputText, ...] = ()


class ResponseUsage(Frozen):
    """What the language model counted; nothing where none wrote."""

    input_tokens: int
    input_tokens_details: dict[str, int] = Field(default={"cached_tokens": 0, "cache_write_tokens": 0})
    output_tokens: int
    output_tokens_details: dict[str, int] = Field(default={"reasoning_tokens": 0})
    total_tokens: int


class ResponseFailure(Frozen):
    """Why there is no answer."""

    code: Literal["server_error"] = "server_error"
    message: str


class ModelResponse(Frozen):
    """An answer in OpenAI's Responses; nothing of it is kept."""

    id: str
    object: Literal["response"] = "response"
    created_at: int
    completed_at: int | None = None
    status: Literal["in_progress", "completed", "failed"] = "in_progress"
    error: ResponseFailure | None = None
    incomplete_details: None = None
    instructions: None = None
    max_output_tokens: None = None
    metadata: dict[str, str] = Field(default={})
    model: str
    output: tuple[OutputMessage, ...] = ()
    parallel_tool_calls: bool = True
    previous_response_id: None = None
    reasoning: dict[str, None] = Field(default={"effort": None, "summary": None})
    store: Literal[False] = False
    temperature: float = 1.0
    text: dict[str, dict[str, str]] = Field(default={"format": {"type": "text"}})
    tool_choice: Literal["auto"] = "auto"
    tools: tuple[()] = ()
    top_p: float = 1.0
    truncation: Literal["disabled"] = "disabled"
    usage: ResponseUsage | None = None
    user: None = None


@post(
    "/v1/responses",
    opt={"scope": "ask", "answers": True},
    status_code=200,
    request_max_body_size=BODY_LIMIT,
    operation_class=Streaming,
    responses={200: ResponseSpec(ModelResponse, generate_examples=False), **openai_specs(ERRORS)},
    summary="Answer a conversation of OpenAI's Responses",
)
async def response(
    request: Request[Any, Any, Any],
    data: JSONBody[ResponseRequest],
    answering: NamedDependency[Answering],
    links: NamedDependency[Links],
    extras: NamedDependency[frozenset[ChatExtra]],
) -> Response[ModelResponse] | Stream:
    """Answer the last message of the user, with `[1]` markers in the text and an annotation for each source.

    Nothing is kept: a conversation goes on when its turns are sent as `input`, not by `previous_response_id`.
    """
    for field in ("previous_response_id", "conversation"):
        if getattr(data, field) is not None:
            message = f"No responses are kept here, so that {field} names none: send the turns before as input."
            raise field_error(field, message, HTTPStatus.BAD_REQUEST, code="unsupported_parameter")
    turns = [Message(role="user", content=data.input)] if isinstance(data.input, str) else data.input
    # Behind the turns, which keep the places that errors name them by.
    messages = [*turns, Message(role="system", content=data.instructions)] if data.instructions else turns
    pieces = await reply(request, messages, data.model, answering, links=links, extras=extras, field="input")
    started = ModelResponse(id=f"resp_{uuid4().hex}", created_at=int(time.time()), model=data.model)
    message_id = f"msg_{uuid4().hex}"
    if not data.stream:
        return Response(_completed(started, message_id, await while_connected(request, whole(pieces))))
    return streamed(_lines(started, message_id, pieces))


async def _lines(started: ModelResponse, message_id: str, pieces: AsyncGenerator[Piece]) -> AsyncGenerator[str]:
    """Write the events as server-sent events; when the client leaves, Litestar cancels this, and so the work."""
    number = 0
    async with aclosing(_events(started, message_id, pieces)) as events:
        async for kind, fields in events:
            event = {"type": kind, "sequence_number": number, **fields}
            yield f"event: {kind}\ndata: {ascii_json(event)}\n\n"
            number += 1


async def _events(
    started: ModelResponse, message_id: str, pieces: AsyncGenerator[Piece]
) -> AsyncGenerator[tuple[str, Mapping[str, Any]]]:
    """Give the events in OpenAI's order; an error is the last one, and what was sent before stands."""
    item = {"item_id": message_id, "output_index": 0}
    part = {**item, "content_index": 0}
    yield "response.created", {"response": started}
    yield "response.in_progress", {"response": started}
    yield "response.output_item.added", {"output_index": 0, "item": OutputMessage(id=message_id)}
    yield "response.content_part.added", {**part, "part": OutputText()}
    try:
        async with aclosing(pieces):
            async for piece in pieces:
                if isinstance(piece, Said):
                    yield "response.output_text.delta", {**part, "delta": piece.text, "logprobs": ()}
                    continue
                completed = _completed(started, message_id, piece)
                [message] = completed.output
                [text] = message.content
                for index, one in enumerate(text.annotations):
                    added = {**part, "annotation_index": index, "annotation": one}
                    yield "response.output_text.annotation.added", added
                yield "response.output_text.done", {**part, "text": text.text, "logprobs": ()}
                yield "response.content_part.done", {**part, "part": text}
                yield "response.output_item.done", {"output_index": 0, "item": message}
                yield "response.completed", {"response": completed}
    except Exception as error:  # noqa: BLE001 - the status is sent; all that is left is to say it in the stream
        failure = ResponseFailure(message=problem_of(error).detail)
        yield "response.failed", {"response": started.model_copy(update={"status": "failed", "error": failure})}


def _completed(started: ModelResponse, message_id: str, piece: Whole) -> ModelResponse:
    citations = (FlatCitation(**url_citation(one).model_dump()) for one in piece.references)
    text = OutputText(text=piece.text, annotations=tuple(citations))
    read, written = piece.usage.input_tokens, piece.usage.output_tokens
    return started.model_copy(
        update={
            "completed_at": int(time.time()),
            "status": "completed",
            "output": (OutputMessage(id=message_id, status="completed", content=(text,)),),
            "usage": ResponseUsage(input_tokens=read, output_tokens=written, total_tokens=read + written),
        }
    )
