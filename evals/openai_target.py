"""Any endpoint that speaks OpenAI's chat completions, asked the cases' questions: `openai:http://host/v1#model`."""

import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from evals.addresses import Articles, Named, read_articles
from evals.cases import Case
from evals.errors import EvalError, TargetFailed
from evals.replies import Reply
from evals.sourced import Annotation, says_nothing, sourced
from service.answering import MESSAGES
from service.types import Usage

PREFIX = "openai:"
_TIMEOUT = httpx.Timeout(10, read=600)  # seconds; a language model takes its time
_TOLD = 300  # characters of an error
_QUOTES = ("quote", "cited_text")


@asynccontextmanager
async def open_openai(named: str, corpus: Path | None, key: str) -> AsyncIterator["OpenAITarget"]:
    """Open an endpoint.

    Args:
        named: `openai:http://host/v1#model`.
        corpus: the articles that it answers from, so that it can be told which of them it cites; it is given none.
        key: what it is asked with; "" for none.

    Raises:
        EvalError: the name is none, or the corpus cannot be read.

    """
    address, _, model = named.removeprefix(PREFIX).partition("#")
    if not address.startswith(("http://", "https://")) or not model:
        raise EvalError(f"{named} is no target: {PREFIX}http://host/v1#model")
    articles = read_articles(corpus) if corpus else Articles()
    headers = {"authorization": f"Bearer {key}"} if key else {}
    async with httpx.AsyncClient(timeout=_TIMEOUT, headers=headers) as client:
        yield OpenAITarget(address.rstrip("/"), model, client, articles)


class OpenAITarget:
    """A model, or a service behind such an interface. What it found is not shown: only what it cites is known."""

    def __init__(self, address: str, model: str, client: httpx.AsyncClient, articles: Articles) -> None:
        """Ask a model of the endpoint whose address ends before `/chat/completions`."""
        self.name = f"{model} at {address}"
        self._address = address
        self._model = model
        self._client = client
        self._articles = articles

    async def ask(self, case: Case) -> Reply:
        """Ask a case's question behind its history.

        Raises:
            TargetFailed: it does not answer, or the case wants what cannot be asked here.

        """
        if case.as_of or case.scope.model_dump(exclude_defaults=True):
            raise TargetFailed("OpenAI's protocol has no place for the case's scope and as_of")
        turns = [{"role": turn.role, "content": turn.text} for turn in case.history]
        messages = [*turns, {"role": "user", "content": case.question}]
        began = time.perf_counter()
        body = await self._post({"model": self._model, "messages": messages, "stream": False})
        milliseconds = (time.perf_counter() - began) * 1000
        names = (*case.articles, *case.must_cite, *case.must_not_cite)
        return _reply(self._read(body), self._articles, names, milliseconds)

    async def article(self, article_id: str) -> str | None:
        """Give the text of an article, where the corpus is known."""
        return self._articles.text(article_id)

    async def fingerprint(self) -> Mapping[str, str]:
        """Name the corpus, as far as it is known; what else its answers depend on is its own."""
        return {"corpus": self._articles.fingerprint}

    async def _post(self, request: dict[str, Any]) -> object:
        try:
            response = await self._client.post(f"{self._address}/chat/completions", json=request)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise TargetFailed(f"{self.name} does not answer: {str(error) or type(error).__name__}") from error
        try:
            body = json.loads(response.content)
        except ValueError:
            body = None
        if not response.is_success or not isinstance(body, dict) or "choices" not in body:
            kind = response.headers.get("content-type", "nothing")
            said = _error(body) or (f"it answers {kind}, no JSON" if body is None else "it answers without choices")
            raise TargetFailed(f"{self.name} refused ({response.status_code}): {said[:_TOLD]}")
        return body

    def _read(self, body: object) -> "_Completion":
        completion = _completion(body, self._model)
        if not completion.text:
            raise TargetFailed(f"{self.name} answers with no text")
        return completion


@dataclass(frozen=True)
class _Completion:
    """What is read of a completion."""

    text: str
    refused: bool
    annotations: Sequence[Annotation]
    sources: Sequence[Named]
    model: str
    usage: Usage | None


def _reply(completion: _Completion, articles: Articles, names: Sequence[str], milliseconds: float) -> Reply:
    read = sourced(
        completion.text,
        completion.annotations,
        completion.sources,
        lambda source: articles.cited(source, names),
    )
    reason = next((reason for reason, message in MESSAGES.items() if message == read.text), None)
    if (completion.refused or says_nothing(read.text)) and not read.cites:
        return Reply(
            answered=False,
            text=read.text,
            abstained=reason,
            writer=completion.model,
            usage=completion.usage,
            milliseconds=milliseconds,
        )
    return Reply(
        answered=True,
        text=read.text,
        sentences=read.sentences,
        citations=read.citations,
        writer=completion.model,
        usage=completion.usage,
        milliseconds=milliseconds,
    )


def _completion(body: object, model: str) -> _Completion:
    """Read what OpenAI, OpenRouter, Perplexity and their like answer; what is not as it should be is left out."""
    message = _mapping(_first(_of(body, "choices")), "message")
    content = message.get("content")
    parts = [_of(part, "text") for part in content] if isinstance(content, list) else [content]
    text = "".join(part for part in parts if isinstance(part, str))
    refusal = message.get("refusal")
    beside = _listed(_of(body, "search_results")) or _listed(_of(body, "citations"))
    return _Completion(
        text=text if text.strip() else refusal if isinstance(refusal, str) else "",
        refused=isinstance(refusal, str) and bool(refusal),
        annotations=[_annotation(one, text) for one in _listed(message.get("annotations"))],
        sources=[_named({"url": one} if isinstance(one, str) else one) for one in beside],
        model=name if isinstance(name := _of(body, "model"), str) and name else model,
        usage=_usage(_mapping(body, "usage")),
    )


def _annotation(given: object, text: str) -> Annotation:
    """Read an annotation, nested as in chat completions or flat as in responses."""
    nested = _mapping(given, "url_citation")
    own: Mapping[str, Any] = nested or (given if isinstance(given, dict) else {})
    start, end = _whole(own.get("start_index")), _whole(own.get("end_index"))
    return Annotation(_named(own), start, None if end is None else min(end, len(text)))


def _named(given: object) -> Named:
    url, title, name = (_of(given, key) for key in ("url", "title", "filename"))
    quote = next((words for key in _QUOTES if isinstance(words := _of(given, key), str) and words.strip()), None)
    shown = next((one for one in (title, name) if isinstance(one, str)), "")
    return Named(url if isinstance(url, str) and url else None, shown, quote)


def _usage(given: Mapping[str, Any]) -> Usage | None:
    """Read what the model counted; nothing at all is no count."""
    read, written = _whole(given.get("prompt_tokens")), _whole(given.get("completion_tokens"))
    return Usage(input_tokens=read, output_tokens=written) if read and written is not None else None


def _error(body: object) -> str:
    """Find what a service says of an error, in the forms of OpenAI, FastAPI and problem details."""
    error = _of(body, "error") or _of(body, "detail") or _of(body, "message")
    said = _of(error, "message") if isinstance(error, dict) else error
    return " ".join(str(said).split()) if said else ""


def _of(given: object, key: str) -> object:
    return given.get(key) if isinstance(given, dict) else None


def _mapping(given: object, key: str) -> Mapping[str, Any]:
    found = _of(given, key)
    return found if isinstance(found, dict) else {}


def _listed(given: object) -> list[object]:
    return given if isinstance(given, list) else []


def _first(given: object) -> object:
    return given[0] if isinstance(given, list) and given else None


def _whole(given: object) -> int | None:
    """Give a count or a place: NaN, fractions and what is below nought are none."""
    return given if isinstance(given, int) and not isinstance(given, bool) and given >= 0 else None
