"""The service seen from outside: what each request, each answer and each call of a model came to.

It is told in log lines, metrics and spans. Each part is observed at its seam, and knows nothing of it.
"""

import hashlib
import logging
import math
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, aclosing, contextmanager, nullcontext
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from prompts.message import Message
from retrieval.embedding import Embedder, Role, Vectors
from retrieval.errors import TextRefused
from retrieval.store import Store
from retrieval.types import Hit, Span
from service.desk import Answering
from service.errors import FailureKind, WriterUnavailable
from service.keys import visit
from service.llm import LanguageModel
from service.logs import request_id
from service.metrics import UNMATCHED, Metrics
from service.settings import Settings
from service.traces import Attributes, Call, Tracer, trace
from service.types import Answer, Answered, Event, Question, SearchRequest, Usage

# Of what is said of an answer, what its request's span says, too; the rest is in times of its own.
_OF_SPANS = (
    "outcome writer question sentences citations sources unsupported left_out disagreements corpus error".split()
)
Send = Callable[[Any], Awaitable[None]]
Receive = Callable[[], Awaitable[Any]]

_LONGEST_PATH = 200  # characters in a line; chosen: an article's id may be longer, and a stranger's path is
_LONGEST_METHOD = 20  # characters; chosen
_SAID_EVERY = 60.0  # seconds between two lines about too many connections; chosen
_PROBES = frozenset({"/health/live", "/health/ready", "/metrics"})
_answers = logging.getLogger("groundwire.answers")
_http = logging.getLogger("groundwire.http")


@dataclass
class Seen:
    """What is seen of a request while it is served."""

    route: str | None = None
    """The template of its path, where a route was found for it."""
    status: int = 0
    """0 as long as nothing was answered: it stays so when the client leaves before."""
    bytes: int = 0
    """Of the response's body."""
    left: bool = False
    """The client has."""

    def receiving(self, receive: Receive) -> Receive:
        """Give an ASGI `receive` that is seen."""

        async def seen() -> Any:  # noqa: ANN401 - ASGI's
            message = await receive()
            self.left = self.left or message["type"] == "http.disconnect"
            return message

        return seen

    def sending(self, send: Send) -> Send:
        """Give an ASGI `send` that is seen."""

        async def seen(message: Any) -> None:  # noqa: ANN401 - ASGI's
            if self.left and not self.status:
                pass  # what is said to nobody is no answer
            elif message["type"] == "http.response.start":
                self.status = message["status"]
            elif message["type"] == "http.response.body":
                self.bytes += len(message.get("body", b""))
            await send(message)

        return seen


@dataclass(frozen=True)
class LastSeen:
    """What became of the last call of a model."""

    failure: FailureKind | None
    at: float = field(default_factory=time.monotonic)

    @property
    def age(self) -> float:
        """Seconds since then."""
        return time.monotonic() - self.at


@dataclass(frozen=True)
class Needs:
    """What answering needs beside the store."""

    data_dir: Path | None = None
    remote_embedding: bool = False
    """Whether the embedding model is behind a server."""
    fallback: bool = True
    """Whether somebody writes where the language model fails."""


@dataclass
class Observer:
    """What an application is observed with."""

    metrics: Metrics = field(default_factory=Metrics)
    needs: Needs = Needs()
    tracer: Tracer | None = None
    log_questions: bool = False
    """Whether the text of a question may be in the log."""
    embedding: LastSeen | None = None
    models: dict[str, LastSeen] = field(default_factory=dict)
    """By the names of language models."""
    _crowded: float = -math.inf

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Observe what the settings name."""
        remote = settings.embedding.partition("/")[0] in {"openai", "openai-like", "ollama"}
        needs = Needs(settings.data_dir, remote_embedding=remote, fallback=settings.fallback != "none")
        return cls(needs=needs, tracer=Tracer.of_environment(), log_questions=settings.log_questions)

    def close(self) -> None:
        """Send the spans that were not sent yet."""
        if self.tracer:
            self.tracer.close()

    def turned_away(self, most: int) -> None:
        """See a connection that is beyond the most that may be open."""
        self.metrics.turned_away.inc()
        if time.monotonic() - self._crowded > _SAID_EVERY:
            self._crowded = time.monotonic()
            _http.warning(
                "All %d connections are taken, and more are refused (503). Who holds them? A proxy in front can limit "
                "them by address.",
                most,
            )

    @contextmanager
    def request(self, scope: Mapping[str, Any], name: str) -> Iterator[Seen]:
        """See a request, by its ASGI scope and its id, being served; tell it when it has ended."""
        seen, began = Seen(), time.perf_counter()
        token = request_id.set(name)
        # A span for each would be most of what a collector holds.
        traced = self.tracer.request(scope) if self.tracer and scope["path"] not in _PROBES else nullcontext()
        try:
            with self.metrics.in_flight.track_inprogress(), traced as span:
                try:
                    yield seen
                finally:
                    took = time.perf_counter() - began
                    self.metrics.served(seen.route or UNMATCHED, scope["method"], seen.status, took)
                    self._tell(scope, seen, took)
                    if span:
                        span.end(scope["method"], seen.route, seen.status)
        finally:
            request_id.reset(token)

    def _tell(self, scope: Mapping[str, Any], seen: Seen, took: float) -> None:
        key = visit.get()
        # They come every few seconds, for ever: they are told where something is wrong.
        well = seen.route in _PROBES and seen.status == HTTPStatus.OK
        _http.log(
            logging.DEBUG if well else logging.INFO,
            "%(method)s %(path)s %(status)d %(ms).0f ms",
            {
                "method": quote(scope["method"])[:_LONGEST_METHOD],
                "path": quote(scope["path"], errors="replace")[:_LONGEST_PATH],
                "status": seen.status,
                "ms": round(took * 1000, 2),
                "route": seen.route,
                "bytes": seen.bytes,
                "key": key.id if key else None,
            },
        )


class Observed:
    """An Answering whose answers are seen."""

    def __init__(
        self, answering: Answering, observer: Observer, ended_by: Callable[[], Exception | None] = lambda: None
    ) -> None:
        """Take what answers, and what tells by which error the request that is being served was ended, if it was."""
        self._answering = answering
        self._observer = observer
        self._ended_by = ended_by

    @property
    def store(self) -> Store:
        """Give its store."""
        return self._answering.store

    @property
    def embedder(self) -> Embedder:
        """Give its embedding model."""
        return self._answering.embedder

    @property
    def models(self) -> tuple[str, ...]:
        """Name who may write."""
        return self._answering.models

    async def search(self, request: SearchRequest) -> list[Hit]:
        """Give the passages that a question finds."""
        return await self._answering.search(request)

    async def answer(self, question: Question) -> Answer:
        """Answer, or abstain."""
        async with aclosing(self.events(question)) as events:
            async for event in events:
                if isinstance(event, Answered):
                    return event.answer
        raise AssertionError("a stream of events ends with the answer")  # pragma: no cover

    async def events(self, question: Question) -> AsyncGenerator[Event]:
        """Answer event by event, and tell what came of it."""
        began = time.perf_counter()
        answer, error = None, None
        try:
            async with aclosing(self._answering.events(question)) as events:
                async for event in events:
                    if isinstance(event, Answered):
                        answer = event.answer
                        self._tell(question, began, answer, None)
                    yield event
        except Exception as failure:
            error = failure
            raise
        finally:
            if answer is None:  # an end arrives as a cancellation, as a client's leaving does
                self._tell(question, began, None, error or self._ended_by())

    def _tell(self, question: Question, began: float, answer: Answer | None, error: Exception | None) -> None:
        """Count and log an answer; without one it failed, or whoever asked has left."""
        took = time.perf_counter() - began
        outcome: str
        if answer:
            writer = answer.writer
            outcome = answer.abstained.reason if answer.abstained else "answered"
            self._observer.metrics.composed(answer)
        else:
            # As it was asked for: a name that is none of ours makes no metric of its own.
            asked = question.options.model or self.models[0]
            writer = asked if asked in self.models else "none"
            outcome = "failed" if error else "left"
        self._observer.metrics.answered(writer, outcome, took)
        counted = _counted(answer) if answer else {"error": error and type(error).__name__}
        said: dict[str, Any] = {"outcome": outcome, "writer": writer, "ms": round(took * 1000, 2)}
        said |= self._asked(question) | counted
        _answers.info("%(outcome)s by %(writer)s in %(ms).0f ms", said)
        if traced := trace.get():
            traced.note({f"groundwire.{name}": said[name] for name in _OF_SPANS if said.get(name) is not None})

    def _asked(self, question: Question) -> dict[str, Any]:
        """Say what was asked without saying it: the same question has the same hash."""
        digest = hashlib.sha256(question.question.encode()).hexdigest()[:16]
        text = {"text": question.question} if self._observer.log_questions else {}
        return {"question": digest, "turns": len(question.history)} | text


def _counted(answer: Answer) -> dict[str, Any]:
    supported = sum(one.verdict == "supported" for one in answer.sentences)
    usage = answer.usage
    return {
        "answer": answer.id,
        "sentences": len(answer.sentences),
        "citations": len(answer.citations),
        "sources": len(answer.sources),
        "unsupported": len(answer.sentences) - supported,
        "left_out": answer.left_out,
        "disagreements": len(answer.disagreements),
        "notices": ",".join(one.kind for one in answer.notices) or None,
        "input_tokens": usage.input_tokens if usage else None,
        "output_tokens": usage.output_tokens if usage else None,
        **{f"{stage}_ms": milliseconds for stage, milliseconds in answer.timings_ms.items() if stage != "total"},
        "articles": answer.corpus.articles,
        "corpus": answer.corpus.fingerprint,
    }


class ObservedEmbedder:
    """An Embedder whose calls are seen."""

    def __init__(self, embedder: Embedder, observer: Observer) -> None:
        """Take what embeds."""
        self._embedder = embedder
        self._observer = observer

    @property
    def name(self) -> str:
        """Identify the model."""
        return self._embedder.name

    @property
    def dimensions(self) -> int:
        """Tell how many numbers a vector has."""
        return self._embedder.dimensions

    async def embed(self, texts: Sequence[str], role: Role = "passage") -> Vectors:
        """Embed the texts, in order."""
        with self._seen(role, len(texts)):
            return await self._embedder.embed(texts, role)

    async def embed_parts(self, texts: Sequence[str], parts: Sequence[Sequence[Span]]) -> tuple[Vectors, list[Vectors]]:
        """Embed passages, and parts of each."""
        with self._seen("passage", len(texts)):
            return await self._embedder.embed_parts(texts, parts)

    @contextmanager
    def _seen(self, role: Role, texts: int) -> Iterator[None]:
        began, embedded, failed = time.perf_counter(), 0, False
        try:
            with _called("embeddings", self.name, {"groundwire.role": role, "groundwire.texts": texts}):
                yield
            embedded = texts
            self._observer.embedding = LastSeen(None)
        except TextRefused:  # which says nothing of the next text
            failed = True
            raise
        except Exception:
            failed = True
            self._observer.embedding = LastSeen("broken")
            raise
        finally:
            self._observer.metrics.embedded(role, embedded, time.perf_counter() - began, failed=failed)


class ObservedModel:
    """A LanguageModel whose replies are seen."""

    def __init__(self, model: LanguageModel, observer: Observer) -> None:
        """Take what replies."""
        self._model = model
        self._observer = observer

    @property
    def name(self) -> str:
        """Name the model."""
        return self._model.name

    @property
    def context_window(self) -> int:
        """Tell its tokens."""
        return self._model.context_window

    async def stream(self, messages: Sequence[Message]) -> AsyncGenerator[str | Usage]:
        """Give the reply as it comes."""
        began, first = time.perf_counter(), None
        failure: FailureKind | None = None
        try:
            with _called("chat", self.name, {}) as call:
                async with aclosing(self._model.stream(messages)) as pieces:
                    async for piece in pieces:
                        if isinstance(piece, Usage):
                            self._observer.metrics.used(self.name, piece)
                            if call:
                                call.note(
                                    {
                                        "gen_ai.usage.input_tokens": piece.input_tokens,
                                        "gen_ai.usage.output_tokens": piece.output_tokens,
                                    }
                                )
                        elif first is None:
                            first = time.perf_counter() - began
                        yield piece
            self._observer.models[self.name] = LastSeen(None)
        except WriterUnavailable as error:
            failure = error.kind
            self._observer.models[self.name] = LastSeen(failure)
            raise
        finally:
            self._observer.metrics.replied(self.name, time.perf_counter() - began, first, failure)


def _called(operation: str, model: str, attributes: Attributes) -> AbstractContextManager[Call | None]:
    """Trace a call of a model: https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans."""
    traced = trace.get()
    if traced is None:
        return nullcontext()
    of_model = {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": model.partition("/")[0],
        "gen_ai.request.model": model.partition("/")[2] or model,
    }
    return traced.call(f"{operation} {model}", of_model | dict(attributes))
