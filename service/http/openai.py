"""GET /v1/models and POST /v1/chat/completions, as OpenAI's clients speak them."""

import json
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Annotated, Any, Literal
from uuid import uuid4

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody
from litestar.response import Stream
from pydantic import Field
from pydantic_core import to_jsonable_python

from retrieval.types import Frozen
from service.desk import Answering
from service.http.chat import BODY_LIMIT, Incoming, Messages
from service.http.links import Links, Reference
from service.http.problems import openai_error, openai_specs, problem_of
from service.http.replies import Piece, Said, Whole, check_model, model_names, reply, webui_sources, whole
from service.http.streaming import Streaming, streamed, while_connected
from service.types import ChatExtra

Chunk = Mapping[str, Any]

_BEGAN = int(time.time())  # of a model only that it does not change is asked
ERRORS = {
    400: "The request cannot be read, or asks nothing; `error.param` names the field.",
    404: "There is no such model.",
    413: "The body is too large.",
    415: "The body is not sent as application/json.",
    503: "The store or the language model does not answer.",
}


class Model(Frozen):
    """Who may write an answer."""

    id: str
    object: Literal["model"] = "model"
    created: int = Field(default=_BEGAN, description="When this service began, in seconds since 1970.")
    owned_by: Literal["groundwire"] = "groundwire"


class ModelList(Frozen):
    """The models that a request may name: `groundwire` for who writes unasked, and each of them by its name."""

    object: Literal["list"] = "list"
    data: tuple[Model, ...]


class StreamOptions(Incoming):
    """What a client wants to know of a stream."""

    include_usage: Annotated[bool | None, Field(strict=True)] = None


class CompletionRequest(Incoming):
    """A conversation whose last message of the user is to be answered; other fields of OpenAI's are ignored."""

    model: str
    messages: Messages = Field(
        description="What system and developer messages say is accepted, and neither searched for nor obeyed."
    )
    stream: Annotated[bool | None, Field(strict=True)] = None
    stream_options: StreamOptions | None = None


class UrlCitation(Frozen):
    """A cited source, and its first marker in the text: `text[start_index:end_index] == "[1]"`, in code points."""

    start_index: int
    end_index: int
    title: str
    url: str


class Annotation(Frozen):
    """What a marker stands for."""

    type: Literal["url_citation"] = "url_citation"
    url_citation: UrlCitation


class CompletionMessage(Frozen):
    """The answer; its sources in the order of their numbers."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None
    annotations: tuple[Annotation, ...]


class Choice(Frozen):
    """The one choice that there is."""

    index: Literal[0] = 0
    finish_reason: Literal["stop"] = "stop"
    logprobs: None = None
    message: CompletionMessage


class CompletionUsage(Frozen):
    """What the language model counted; nothing where none wrote."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class Completion(Frozen):
    """An answer. For the extra `events` it has `sources` beside, which are as Open WebUI has them."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: tuple[Choice, ...]
    usage: CompletionUsage
    system_fingerprint: None = None


@get("/v1/models", opt={"scope": "ask"}, summary="Name the models")
async def models(answering: NamedDependency[Answering]) -> ModelList:
    """Name who may write."""
    return ModelList(data=tuple(Model(id=name) for name in model_names(answering)))


@get(
    "/v1/models/{model_id:path}",
    opt={"scope": "ask"},
    responses=openai_specs({status: ERRORS[status] for status in (400, 404)}),
    summary="Describe a model",
)
async def model(model_id: FromPath[str], answering: NamedDependency[Answering]) -> Model:
    """Describe one that may write; its name may hold slashes."""
    name = str(model_id).removeprefix("/")
    check_model(name, answering)
    return Model(id=name)


@post(
    "/v1/chat/completions",
    opt={"scope": "ask", "answers": True},
    status_code=200,
    request_max_body_size=BODY_LIMIT,
    operation_class=Streaming,
    responses={200: ResponseSpec(Completion, generate_examples=False), **openai_specs(ERRORS)},
    summary="Answer a conversation of OpenAI's chat completions",
)
async def chat_completion(
    request: Request[Any, Any, Any],
    data: JSONBody[CompletionRequest],
    answering: NamedDependency[Answering],
    links: NamedDependency[Links],
    extras: NamedDependency[frozenset[ChatExtra]],
) -> Response[dict[str, Any]] | Stream:
    """Answer the last message of the user, with `[1]` markers in the text and an annotation for each source.

    With `"stream": true` a delta is a sentence, and all annotations come in one last chunk without content. The header
    `X-Groundwire-Extras: events, sources` adds Open WebUI's `event` objects, and a list of the sources to the text.
    """
    pieces = await reply(request, data.messages, data.model, answering, links=links, extras=extras)
    counted = bool(data.stream_options and data.stream_options.include_usage)
    completion = _Completion(data.model, events="events" in extras, counted=counted)
    if not data.stream:
        return Response(completion.whole(await while_connected(request, whole(pieces))))
    return streamed(completion.lines(pieces))


class _Completion:
    """One answer in OpenAI's chat completions, as a whole or as chunks; these are `counted` at their end."""

    def __init__(self, model: str, *, events: bool, counted: bool) -> None:
        self._head = {"id": f"chatcmpl-{uuid4().hex}", "created": int(time.time()), "model": model}
        self._events = events
        self._counted = counted

    def whole(self, piece: Whole) -> dict[str, Any]:
        message = CompletionMessage(content=piece.text, annotations=tuple(map(_annotation, piece.references)))
        completion = Completion(**self._head, choices=(Choice(message=message),), usage=_usage(piece)).model_dump()
        return completion | ({"sources": webui_sources(piece)} if self._events else {})

    async def lines(self, pieces: AsyncGenerator[Piece]) -> AsyncGenerator[str]:
        """Write the chunks as server-sent events; when the client leaves, Litestar cancels this, and so the work."""
        try:
            async with aclosing(pieces):
                yield _line(self._chunk({"role": "assistant", "content": ""}))
                async for piece in pieces:
                    for chunk in self._said(piece) if isinstance(piece, Said) else self._ended(piece):
                        yield _line(chunk)
        except Exception as error:  # noqa: BLE001 - the status is sent; all that is left is to say it in the stream
            yield _line(openai_error(error, problem_of(error)).model_dump())
        else:
            yield "data: [DONE]\n\n"

    def _said(self, piece: Said) -> list[Chunk]:
        events = [{"type": "source", "data": source} for source in webui_sources(piece)]
        return [*self._event_chunks(events), self._chunk({"content": piece.text})]

    def _ended(self, piece: Whole) -> list[Chunk]:
        events = [{"type": "status", "data": {"description": one.message, "done": True}} for one in piece.notices]
        # One chunk, without content: the SDK breaks at annotations in two, and LobeChat reads them nowhere else.
        annotations = [_annotation(one).model_dump() for one in piece.references]
        last = self._chunk({"annotations": annotations} if annotations else {}, "stop")
        count = {**last, "choices": [], "usage": _usage(piece).model_dump()}
        return [*self._event_chunks(events), last, *([count] if self._counted else [])]

    def _event_chunks(self, events: Sequence[Chunk]) -> list[Chunk]:
        return [{**self._chunk({}), "event": event} for event in events] if self._events else []

    def _chunk(self, delta: Chunk, finish: str | None = None) -> Chunk:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        chunk = {**self._head, "object": "chat.completion.chunk", "system_fingerprint": None, "choices": [choice]}
        return {**chunk, "usage": None} if self._counted else chunk


def _line(chunk: Chunk) -> str:
    return f"data: {ascii_json(chunk)}\n\n"


def ascii_json(value: object) -> str:
    """Write JSON on one line for every client: some, like those on httpx, cut lines at U+2028 as well."""
    return json.dumps(to_jsonable_python(value), separators=(",", ":"))


def url_citation(reference: Reference) -> UrlCitation:
    """Say where a source is cited first, and where a reader finds it."""
    return UrlCitation(
        start_index=reference.start,
        end_index=reference.end,
        title=reference.title,
        url=reference.url,
    )


def _annotation(reference: Reference) -> Annotation:
    return Annotation(url_citation=url_citation(reference))


def _usage(piece: Whole) -> CompletionUsage:
    read, written = piece.usage.input_tokens, piece.usage.output_tokens
    return CompletionUsage(prompt_tokens=read, completion_tokens=written, total_tokens=read + written)
