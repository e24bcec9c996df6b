"""An answer as OpenAI's protocols carry it, piece by piece: words, what they cite, and at last all of it."""

import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from litestar import Request

from prompts.passage import visible
from service.desk import Answering
from service.http.chat import SOURCES_HEADING, Message, question_of
from service.http.links import Links, Reference, References, sealed
from service.http.problems import field_error
from service.http.streaming import begun
from service.http.tasks import task_reply
from service.types import Answered, ChatExtra, Citation, Event, Notice, SentenceReady, Usage

UNASKED = "groundwire"
"""The name of the model that stands for whoever writes unasked."""

# What would be more than words in Markdown, the mathematics of some frontends (`$`) and entities included.
_MARKDOWN = re.compile(r"[\\`*_\[\]<>~|$&]")
_NAMED = 200  # characters of a wrong name that are said back; chosen
_UNCOUNTED = Usage(input_tokens=0, output_tokens=0)


@dataclass(frozen=True)
class Said:
    """The next words: what they are the first to cite, and all of their quotes."""

    text: str
    references: Sequence[Reference] = ()
    citations: Sequence[Citation] = ()


@dataclass(frozen=True)
class Whole:
    """The last piece: the whole text, and everything that is to be known about it."""

    text: str
    references: Sequence[Reference] = ()
    citations: Sequence[Citation] = ()
    notices: Sequence[Notice] = ()
    usage: Usage = _UNCOUNTED


Piece = Said | Whole


def model_names(answering: Answering) -> tuple[str, ...]:
    """Name what clients may choose from."""
    return UNASKED, *answering.models


def check_model(name: str, answering: Answering) -> None:
    """Refuse a model that there is not.

    Raises:
        ClientException: 404, as OpenAI says it.

    """
    if name not in model_names(answering):
        message = f"The model {name[:_NAMED]!r} does not exist here. There are: {', '.join(model_names(answering))}."
        raise field_error("model", message, HTTPStatus.NOT_FOUND, code="model_not_found")


async def reply(  # noqa: PLR0913 - what a route has
    request: Request[Any, Any, Any],
    messages: Sequence[Message],
    model: str,
    answering: Answering,
    *,
    links: Links,
    extras: frozenset[ChatExtra],
    field: str = "messages",
) -> AsyncGenerator[Piece]:
    """Answer a conversation, or a frontend's own task; what can fail before the first piece fails here.

    Raises:
        ClientException: the model is none, or the messages ask nothing.
        Exception: what answering raises before its first event.

    """
    check_model(model, answering)
    if (text := task_reply(messages)) is not None:
        return _plainly(text)
    question = question_of(messages, model=None if model == UNASKED else model, field=field)
    return _pieces(await begun(request, answering.events(question)), links, extras)


async def whole(pieces: AsyncGenerator[Piece]) -> Whole:
    """Wait for the last piece."""
    async with aclosing(pieces):
        async for piece in pieces:
            if isinstance(piece, Whole):
                return piece
    raise AssertionError("a reply ends with the whole of it")  # pragma: no cover


def webui_sources(piece: Piece) -> list[dict[str, Any]]:
    """Describe the sources of a piece as Open WebUI does, with the quotes from each; the url is what it numbers by."""
    sources: list[dict[str, Any]] = []
    for one in piece.references:
        citations = [citation for citation in piece.citations if citation.source == one.source.number]
        sources.append(
            {
                "source": {"id": one.url, "name": one.title, "url": one.url},
                "document": [citation.quote for citation in citations],
                # `external`: it shows the name, where it would show the address.
                "metadata": [{"source": one.url, "name": one.title, "external": True} for _ in citations],
                "distances": [citation.support for citation in citations],
            }
        )
    return sources


async def _plainly(text: str) -> AsyncGenerator[Piece]:
    yield Said(text)
    yield Whole(text)


async def _pieces(events: AsyncGenerator[Event], links: Links, extras: frozenset[ChatExtra]) -> AsyncGenerator[Piece]:
    references, known, text = References(links), list[Reference](), ""
    async with aclosing(events):
        async for event in events:
            if isinstance(event, SentenceReady):
                new = references.add(event)
                if "events" in extras:
                    new = [one.model_copy(update={"url": sealed(one.url)}) for one in new]
                known += new
                text += event.text
                yield Said(event.text, new, event.citations)
            elif isinstance(event, Answered):
                answer = event.answer
                listed = _list(known) if "sources" in extras else ""
                rest = answer.abstained.message if answer.abstained else listed
                if rest:
                    yield Said(rest)
                yield Whole(text + rest, known, answer.citations, answer.notices, answer.usage or _UNCOUNTED)


def _list(references: Sequence[Reference]) -> str:
    """List the sources in Markdown, under the numbers that they have in the text; empty if there are none."""
    lines = [f"{one.source.number}. {', '.join(_described(one))}" for one in references]
    return f"\n\n{SOURCES_HEADING}\n\n" + "\n".join(lines) if lines else ""


def _described(reference: Reference) -> list[str]:
    source = reference.source
    url = reference.url.replace("(", "%28").replace(")", "%29")
    day = f"{source.published.day} {source.published:%B %Y}" if source.published else ""
    return [
        f"[{_plain(source.title) or _plain(reference.title)}]({url})",
        *filter(None, (_plain(source.outlet or ""), day)),
    ]


def _plain(text: str) -> str:
    r"""Keep what an article says of itself plain words where it is shown as Markdown: `[` becomes `\[`."""
    return _MARKDOWN.sub(r"\\\g<0>", " ".join(visible(text).split()))
