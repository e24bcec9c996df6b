"""POST /api/chat: the AI SDK's UI message stream, as `useChat` and assistant-ui read it.

Every release since 5.0.0 reads what is sent unasked. Many break at a field that they do not know, 7.0.0 too, which
is why `text-end.citations` and `finish.finishReason` come only to those who ask for the extra `spans`. In this order:

- `start`, `start-step`.
- For each sentence: a `source-url` for each source that it is the first to cite (`sourceId` is the number in `[n]`),
  `data-citations` once more with what this sentence cites, and a `text-delta` of the one text part.
- `data-disagreements` and `data-notices`, where there are any.
- `text-end`, `finish-step`, `finish` with the `messageMetadata` `{model, answerId, usage?, abstained?}`, `[DONE]`.

`data-citations` is one part, which grows, so that a client can show what is behind a marker as soon as it shows the
marker. Its data is a list, an entry for each quote that proves a sentence:

    n, sourceId             the number in `[n]`, and the same as the source's id
    quote                   the exact words of the article
    start, end              the sentence in the text, markers included, in UTF-16 units: `text.slice(start, end)`
    title, outlet, published, articleId, version
                            the article; outlet and published may be null
    articleStart, articleEnd
                            the quote in that version of its text, in code points
    url                     our page of the article, with the quote highlighted
    support                 0 to 1
    independentSources      how many independent sources the sentence has

`data-disagreements` is a list of `{kind, about, says, overTime, sentences: [{start, end}]}`, `data-notices` one of
`{kind, message}`. An abstention is a text part of one sentence, without any source.
"""

import json
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from typing import Any
from uuid import uuid4

from litestar import MediaType, Request, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody
from litestar.response import Stream
from pydantic import Field

from retrieval.types import Scope
from service.desk import Answering
from service.http.chat import BODY_LIMIT, Incoming, Messages, question_of
from service.http.links import Links, Reference, References
from service.http.problems import problem_of
from service.http.replies import UNASKED, check_model
from service.http.streaming import Streaming, begun, streamed
from service.types import (
    Answer,
    Answered,
    ChatExtra,
    Citation,
    Disagreement,
    Event,
    Sentence,
    SentenceReady,
)

_TEXT = "answer"  # the id of the one text part
_HEADERS = {"x-vercel-ai-ui-message-stream": "v1"}

Chunk = Mapping[str, Any]


class ChatRequest(Incoming):
    """What `useChat` sends: the whole conversation each time, the last message of the user being what is asked."""

    messages: Messages
    model: str | None = Field(default=None, max_length=200, description="One of those that /v1/models lists.")
    scope: Scope = Field(default=Scope(), description="Use nothing but these articles.")


@post(
    "/api/chat",
    opt={"scope": "ask", "answers": True},
    status_code=200,
    request_max_body_size=BODY_LIMIT,
    operation_class=Streaming,
    responses={
        200: ResponseSpec(
            str,
            generate_examples=False,
            media_type="text/event-stream",
            description="The AI SDK's UI message stream: `data:` lines of JSON, and `[DONE]`.",
        ),
        **{
            status: ResponseSpec(str, generate_examples=False, media_type=MediaType.TEXT, description=description)
            for status, description in {
                400: "The request cannot be read, or asks nothing.",
                404: "There is no such model.",
                413: "The body is too large.",
                415: "The body is not sent as application/json.",
                422: "A field is missing or wrong.",
                503: "The store or the language model does not answer.",
            }.items()
        },
    },
    summary="Answer a conversation of the AI SDK",
)
async def ui_chat(
    request: Request[Any, Any, Any],
    data: JSONBody[ChatRequest],
    answering: NamedDependency[Answering],
    links: NamedDependency[Links],
    extras: NamedDependency[frozenset[ChatExtra]],
) -> Stream:
    """Answer the last message of the user as a UI message stream.

    Beside the AI SDK's standard parts it has `data-citations`: for each quote its words, its place in the article, the
    sentence that it proves (in UTF-16 units of the text) and how many independent sources say that. The header
    `X-Groundwire-Extras: spans` adds `text-end.citations`, at which the first releases of each generation break.
    """
    model = None if data.model in {None, UNASKED} else data.model
    if model:
        check_model(model, answering)
    question = question_of(data.messages, model=model).model_copy(update={"scope": data.scope})
    events = await begun(request, answering.events(question))
    chunks = _chunks(events, links, model or answering.models[0], spans="spans" in extras)
    return streamed(_lines(chunks), _HEADERS)


@get("/api/chat/{chat_id:str}/stream", opt={"scope": "ask"}, status_code=204, summary="Is there a stream to resume?")
async def ui_chat_stream() -> None:
    """Say that there is none: an answer whose reader has left is given up."""


async def _lines(chunks: AsyncGenerator[Chunk]) -> AsyncGenerator[str]:
    """Write the chunks as server-sent events; when the client leaves, Litestar cancels this, and so the work."""
    async with aclosing(chunks):
        async for chunk in chunks:
            yield f"data: {json.dumps(chunk)}\n\n"  # in ASCII: some clients take U+2028 for the end of a line
    yield "data: [DONE]\n\n"


async def _chunks(events: AsyncGenerator[Event], links: Links, model: str, *, spans: bool) -> AsyncGenerator[Chunk]:
    """Give one answer as a message, piece by piece; an error is its last, and what was sent before stands."""
    references = References(links)
    sources: dict[int, Reference] = {}
    citations: list[Chunk] = []
    text = ""
    yield {"type": "start", "messageId": f"msg_{uuid4().hex}", "messageMetadata": {"model": model}}
    yield {"type": "start-step"}
    try:
        async with aclosing(events):
            async for event in events:
                if isinstance(event, SentenceReady):
                    for reference in references.add(event):
                        sources[reference.source.number] = reference
                        yield {"type": "source-url", **_source(reference, "sourceId")}
                    begins, text = not text, text + event.text
                    if event.citations:
                        cited = [(one, sources[one.source]) for one in event.citations]
                        shown = [_citation(*one, event.sentence, text, links) for one in cited]
                        citations = [*citations, *shown]
                        yield {"type": "data-citations", "id": "citations", "data": citations}
                    if begins:
                        yield {"type": "text-start", "id": _TEXT}
                    yield {"type": "text-delta", "id": _TEXT, "delta": event.text}
                elif isinstance(event, Answered):
                    spanned = [_span(one, sources[one["n"]]) for one in citations] if spans else []
                    for chunk in _end(event.answer, spanned, spans=spans):
                        yield chunk
    except Exception as error:  # noqa: BLE001 - the status is sent; all that is left is to say it in the stream
        if text:
            yield {"type": "text-end", "id": _TEXT}
        yield {"type": "error", "errorText": problem_of(error).detail}


def _end(answer: Answer, spanned: list[Chunk], *, spans: bool) -> Iterator[Chunk]:
    """Give what is known once the answer is whole; an abstention is all its text."""
    if answer.abstained:
        yield {"type": "text-start", "id": _TEXT}
        yield {"type": "text-delta", "id": _TEXT, "delta": answer.abstained.message}
    if answer.disagreements:
        data = [_disagreement(one, answer) for one in answer.disagreements]
        yield {"type": "data-disagreements", "id": "disagreements", "data": data}
    if answer.notices:
        notices = [{"kind": one.kind, "message": one.message} for one in answer.notices]
        yield {"type": "data-notices", "id": "notices", "data": notices}
    yield {"type": "text-end", "id": _TEXT} | ({"citations": spanned} if spanned else {})
    yield {"type": "finish-step"}
    metadata: dict[str, Any] = {"model": answer.writer, "answerId": answer.id}
    if answer.usage:
        read, written = answer.usage.input_tokens, answer.usage.output_tokens
        metadata["usage"] = {"inputTokens": read, "outputTokens": written, "totalTokens": read + written}
    if answer.abstained:
        metadata["abstained"] = answer.abstained.reason
    yield {"type": "finish"} | ({"finishReason": "stop"} if spans else {}) | {"messageMetadata": metadata}


def _source(reference: Reference, key: str) -> Chunk:
    return {key: str(reference.source.number), "url": reference.url, "title": reference.title}


def _citation(citation: Citation, reference: Reference, sentence: Sentence, text: str, links: Links) -> Chunk:
    source = reference.source
    return {
        "n": citation.source,
        "sourceId": str(citation.source),
        "quote": citation.quote,
        "start": _utf16(text[: sentence.start]),
        "end": _utf16(text[: sentence.end]),
        "title": reference.title,
        "outlet": source.outlet,
        "published": source.published.isoformat() if source.published else None,
        "articleId": source.article_id,
        "version": source.version,
        "articleStart": citation.start,
        "articleEnd": citation.end,
        "url": links.article(source, citation.start, citation.end),
        "support": citation.support,
        "independentSources": sentence.independent_sources,
    }


def _span(citation: Chunk, reference: Reference) -> Chunk:
    """Give a citation as the AI SDK's newest releases have it on a text: the sentence's place, and the quote."""
    return {
        "source": {"type": "source", "sourceType": "url", **_source(reference, "id")},
        "startIndex": citation["start"],
        "endIndex": citation["end"],
        "citedText": citation["quote"],
    }


def _disagreement(one: Disagreement, answer: Answer) -> Chunk:
    text = answer.text or ""
    sentences = [answer.sentences[index] for index in one.sentences]
    return {
        "kind": one.kind,
        "about": one.about,
        "says": one.says,
        "overTime": one.over_time,
        "sentences": [{"start": _utf16(text[: said.start]), "end": _utf16(text[: said.end])} for said in sentences],
    }


def _utf16(text: str) -> int:
    """Count as JavaScript does: a character beyond the basic plane is two."""
    return len(text) + sum(character > "\uffff" for character in text)
