"""Any LlamaIndex embedding as an Embedder: batches, retries, checks, and vectors centred as the default model's are."""

import asyncio
import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from itertools import chain
from types import TracebackType
from typing import Protocol, Self

import httpx
import numpy as np

from retrieval.centre import QUESTIONS, STATEMENTS
from retrieval.embedding import Role, Vectors
from retrieval.errors import ModelUnavailable, TextRefused
from retrieval.types import Span, printable

# Calls at once. An ingest makes six, one for each article under way; the others are for questions.
AT_ONCE = 8
# Seconds before a call is tried again; the server may name more. Chosen: somebody waits for the question.
PAUSES = (0.5, 2.0)
# Seconds that are waited where the server names them. Chosen: an ingest may take its time.
PATIENCE: dict[Role, float] = {"question": 5.0, "passage": 60.0}
_OF_THE_TEXT = {400, 413, 422}  # such as that it is too long for the model
_PASSING = {408, 425, 429, 500, 502, 503, 504, 529}
_WORD = re.compile(r"\w")


class TextEmbedding(Protocol):
    """What is used of LlamaIndex's `BaseEmbedding`."""

    embed_batch_size: int

    def get_query_embedding(self, query: str) -> list[float]:
        """Embed a question."""

    def get_text_embedding_batch(self, texts: list[str]) -> list[list[float]]:
        """Embed passages."""


@dataclass(frozen=True)
class Prefixes:
    """What a model wants to read before a question and before a passage."""

    question: str = ""
    passage: str = ""


class LlamaIndexEmbedder:
    """An `Embedder` over a LlamaIndex embedding, whose blocking calls run in threads of its own.

    The vectors are centred: the mean of what the model makes of some questions is taken off those of questions, and
    that of some statements off those of passages. Many models have a cosine of .7 between any two texts, by which
    relevance would mean nothing ("All-but-the-Top", Mu & Viswanath, 2018, https://arxiv.org/abs/1702.01417).

    It puts the cosines where ranking expects them, but does not calibrate them: retrieval/centre.py has the figures.

    A sentence is embedded as a text of its own: an article costs about twice its tokens, and a call for every
    `embed_batch_size` of its passages and sentences. With its title before it, it would be found a little better among
    many articles and a little worse among few (hit@1 .891 for .878 and .755 for .768: benchmarks/models.py).
    """

    def __init__(  # noqa: PLR0913 - what there is to say about a model
        self,
        model: TextEmbedding,
        name: str,
        prefixes: Prefixes = Prefixes(),
        *,
        apart: bool = True,
        at_once: int = AT_ONCE,
        close: Callable[[], None] | None = None,
        pause: Callable[[float], object] | None = None,
    ) -> None:
        """Ask the model for its centres, and so whether it is there.

        Args:
            model: LlamaIndex's; its `embed_batch_size` is how many texts go into one call. It should not retry.
            name: `provider/model`.
            prefixes: what stands before the texts, where the model does not put it there by itself.
            apart: whether it tells questions from passages by more than the prefixes; LlamaIndex then takes questions
                one by one.
            at_once: how many calls may run at once.
            close: ends the model's connections.
            pause: waits some seconds before a call is tried again; by default until `close` at most.

        Raises:
            ModelUnavailable: it does not answer, or not with vectors.

        """
        self._model = model
        self._known_as = name
        self._prefixes = prefixes
        self._apart = apart
        self._closed = threading.Event()
        self._end = close or (lambda: None)
        self._pause = pause or self._closed.wait
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="groundwire-embedder")
        self.dimensions = 0  # until the first vector tells
        try:
            self.dimensions = self._raw([STATEMENTS[0]], "passage").shape[1]
            self._centres: dict[Role, Vectors] = {
                "question": self._centre(QUESTIONS, "question"),
                "passage": self._centre(STATEMENTS, "passage"),
            }
        except BaseException:
            self.close()
            raise
        # Beside the model, what the vectors depend on.
        made_with = json.dumps([STATEMENTS, QUESTIONS, prefixes.question, prefixes.passage])
        self.name = f"{name}@{self.dimensions}-{hashlib.sha256(made_with.encode()).hexdigest()[:8]}"

    async def embed(self, texts: Sequence[str], role: Role = "passage") -> Vectors:
        """Embed the texts, each different one once; the calls for them come one after another.

        Raises:
            ModelUnavailable: the model does not answer, or not with vectors; TextRefused: to these texts.

        """
        read = [printable(text).strip() or "." for text in texts]  # OpenAI refuses an empty text
        rows = {text: row for row, text in enumerate(dict.fromkeys(read))}
        loop = asyncio.get_running_loop()
        batches = self._batches(list(rows), role)
        raw = [await loop.run_in_executor(self._pool, self._raw, batch, role) for batch in batches]
        known = np.concatenate([np.empty((0, self.dimensions), np.float32), *raw]) - self._centres[role]
        lengths = np.linalg.norm(known, axis=1, keepdims=True)
        return np.asarray((known / np.where(lengths, lengths, 1.0))[[rows[text] for text in read]], np.float32)

    async def embed_parts(self, texts: Sequence[str], parts: Sequence[Sequence[Span]]) -> tuple[Vectors, list[Vectors]]:
        """Embed passages, and their parts as texts of their own, in the same calls.

        Raises:
            ModelUnavailable: as `embed` does.

        """
        cut = [
            [text[start:end] if _WORD.search(text, start, end) else text for start, end in spans]
            for text, spans in zip(texts, parts, strict=True)
        ]
        vectors = await self.embed([*texts, *chain.from_iterable(cut)])
        ends = np.cumsum([len(texts), *map(len, cut)])
        passages, *sentences = np.split(vectors, ends)
        return passages, sentences[: len(cut)]

    def close(self) -> None:
        """End the model's connections; calls under way fail."""
        self._closed.set()
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._end()

    def __enter__(self) -> Self:
        """Use the embedder in a `with` statement."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it at the end."""
        self.close()

    def _centre(self, texts: Sequence[str], role: Role) -> Vectors:
        calls = [self._pool.submit(self._raw, batch, role) for batch in self._batches(texts, role)]
        return np.asarray(np.concatenate([call.result() for call in calls]).mean(axis=0), np.float32)

    def _batches(self, texts: Sequence[str], role: Role) -> list[list[str]]:
        size = 1 if role == "question" and self._apart else self._model.embed_batch_size
        return [list(texts[start : start + size]) for start in range(0, len(texts), size)]

    def _raw(self, texts: list[str], role: Role) -> Vectors:
        """Make one call, again where that may help, and give the model's own vectors, of length 1.

        Raises:
            ModelUnavailable: as said at `embed`.

        """
        for least in (*PAUSES, None):
            try:
                return self._checked(self._call(texts, role), len(texts))
            except Exception as error:  # noqa: BLE001 - what a server may send has no bounds, nor what its parsers raise
                fault, pause = _fault(error)
                wait = None if least is None or pause is None else max(least, pause)
                if wait is None or wait > PATIENCE[role] or self._closed.is_set():
                    # Without its cause: servers quote the key that they refuse.
                    failure = TextRefused if _status(error) in _OF_THE_TEXT else ModelUnavailable
                    raise failure(f"The embedding model {self._known_as} {fault}.") from None
            self._pause(wait)
        raise AssertionError  # the last round returns or raises

    def _call(self, texts: list[str], role: Role) -> list[list[float]]:
        prefix = self._prefixes.question if role == "question" else self._prefixes.passage
        prefixed = [prefix + text for text in texts]
        if role == "question" and self._apart:
            return [self._model.get_query_embedding(text) for text in prefixed]
        return self._model.get_text_embedding_batch(prefixed)

    def _checked(self, rows: list[list[float]], count: int) -> Vectors:
        vectors = np.array(rows, np.float64)
        if len(vectors) != count:
            raise _NoVectors(f"{len(vectors)} vectors for {count} texts")
        size = vectors.shape[1:]
        if self.dimensions and size != (self.dimensions,):
            raise _NoVectors(f"vectors of {' x '.join(map(str, size))} numbers, and before of {self.dimensions}")
        if not np.isfinite(vectors).all() or not vectors.any(axis=1).all():
            raise _NoVectors("a vector that has no direction")
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


class _NoVectors(Exception):
    """What a server sent is not what it was asked for; the message says what it is."""


def _fault(error: BaseException) -> tuple[str, float | None]:
    """Say what went wrong, and how many seconds later, if ever, the same call may go well.

    OpenAI's client, Ollama's and others raise errors of their own; httpx's are behind them.
    """
    for one in _behind(error):
        response = getattr(one, "response", None)
        if isinstance(one, _NoVectors):
            return f"sent {one}", None
        if isinstance(response, httpx.Response) and not response.is_success:
            return _refusal(response.status_code), _retry_after(response)
        if isinstance(one, httpx.TimeoutException):
            return "did not answer in time", None
        if isinstance(one, httpx.TransportError):
            return "cannot be reached: its server should run at GROUNDWIRE_EMBEDDING_BASE_URL", 0.0
    return f"failed, or sent what is no vectors ({type(error).__name__})", None


def _status(error: BaseException) -> int | None:
    found = (getattr(one, "response", None) for one in _behind(error))
    return next((one.status_code for one in found if isinstance(one, httpx.Response)), None)


def _behind(error: BaseException | None) -> Iterator[BaseException]:
    while error:
        yield error
        error = error.__context__


def _refusal(status: int) -> str:
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return f"refuses the key (HTTP {status}): set GROUNDWIRE_EMBEDDING_API_KEY"
    if status == HTTPStatus.NOT_FOUND:
        return "is not there (HTTP 404): its server should have it, and be at GROUNDWIRE_EMBEDDING_BASE_URL"
    return f"answered HTTP {status}"


def _retry_after(response: httpx.Response) -> float | None:
    if response.status_code not in _PASSING:
        return None
    named = response.headers.get("retry-after", "")
    return float(named) if re.fullmatch(r"\d+(\.\d+)?", named) else 0.0
