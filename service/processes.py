"""PROCESSES that compute answers beside this one: Python runs one thread at a time, and a machine has several cores.

They are started when two questions are first at work at once, so that who asks alone never pays for them. Each reads
pickles from its standard input and writes pickles to its output, and ends when its input does: with the service,
however that ended. What none can do, or has died over, is done here.
"""

import asyncio
import gc
import json
import logging
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, LifoQueue
from types import TracebackType
from typing import IO, Self

import numpy as np

from retrieval.embedding import Role, Vectors
from retrieval.minilm import WordPieces
from retrieval.types import Span
from service.composing import Composition
from service.computing import at_once
from service.drafting import Found, drafted
from service.traces import trace
from service.types import OnUnsupported, Question, SentenceReady
from service.writers import ExtractiveWriter

_GARBAGE_AFTER = 50_000  # as in serving.py
_KEPT = {"PATH", "SYSTEMROOT", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"}  # no keys, no tokens
_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]);"
    "from service.processes import compute; compute(sys.argv[2])"
)

_log = logging.getLogger("groundwire.processes")


@dataclass(frozen=True)
class Drafted:
    """The sentences of an answer, and the answer with them."""

    sentences: tuple[SentenceReady, ...]
    answer: Composition


class Processes:
    """Processes that compute the extractive writer's answers; used in one event loop."""

    def __init__(self, most: int, model_dir: Path | None = None) -> None:
        """Take how many there may be, and where the model's files are if not in its package."""
        self._most = most
        self._model_dir = model_dir
        # The one that was at work last is asked first: it knows more of the articles.
        self._idle: LifoQueue[_Process] = LifoQueue()
        self._running: set[_Process] = set()
        self._threads = ThreadPoolExecutor(max(most, 1), thread_name_prefix="groundwire-processes")
        self._at_work = 0
        self.started = False
        """Whether they were started."""
        self._closed = False

    @property
    def running(self) -> tuple[int, ...]:
        """The ids of those that are ready."""
        return tuple(one.pid for one in self._running)

    @property
    def idle(self) -> int:
        """How many of those are waiting for a question."""
        return self._idle.qsize()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Count an answer as being computed; with a second one the processes are started, in the background."""
        self._at_work += 1
        if self._at_work > 1 and self._most and not self.started:
            self.started = True
            for _ in range(self._most):
                self._threads.submit(self._open)
        try:
            yield
        finally:
            self._at_work -= 1

    async def drafted(
        self, question: Question, found: Found, answer: Composition, policy: OnUnsupported
    ) -> Drafted | None:
        """Draft and compose an answer's sentences as `drafting.drafted` does; None where it must be done here."""
        if not self._running:
            return None
        request = question, found, answer, policy
        reply = await asyncio.get_running_loop().run_in_executor(self._threads, self._ask, request)
        if reply and (traced := trace.get()):
            for lap in reply.answer.laps[len(answer.laps) :]:
                traced.stage(*lap)
        return reply

    def close(self) -> None:
        """End the processes, and what they are at."""
        self._closed = True
        for one in list(self._running):
            one.end()
        self._threads.shutdown(cancel_futures=True)
        for one in list(self._running):  # that began meanwhile
            one.end()

    def __enter__(self) -> Self:
        """Use them in a `with` statement."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close them at its end."""
        self.close()

    def _open(self) -> None:
        """Start a process; it is asked once it is ready."""
        try:
            process = _Process(self._model_dir)
        except (OSError, EOFError) as error:
            why = str(error) or "it ended while it started"
            _log.warning("No process to compute in: %s. Answers are computed in the service's own.", why)
            return
        self._running.add(process)
        self._idle.put(process)
        if self._closed:
            process.end()

    def _ask(self, request: tuple[Question, Found, Composition, OnUnsupported]) -> Drafted | None:
        """Have a process that is idle draft an answer."""
        with suppress(Empty):
            process = self._idle.get_nowait()
            try:
                reply = process.ask(request)
            except (OSError, EOFError, pickle.UnpicklingError):
                self._running.discard(process)
                status = process.end()
                if not self._closed:
                    _log.warning("A process that computes answers has died (status %d); another is started", status)
                    with suppress(RuntimeError):  # closed in between
                        self._threads.submit(self._open)
            else:
                self._idle.put(process)
                return reply
        return None


class _Process:
    """One that computes answers, one after another."""

    def __init__(self, model_dir: Path | None) -> None:
        """Start it, and wait until it is ready."""
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter, and our own words
            [sys.executable, "-I", "-c", _START, json.dumps(sys.path), str(model_dir or "")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={name: value for name, value in os.environ.items() if name in _KEPT},
            start_new_session=True,  # Ctrl-C is for the service, which ends it
        )
        assert self._process.stdin  # noqa: S101 - both are pipes
        assert self._process.stdout  # noqa: S101
        self._to: IO[bytes] = self._process.stdin
        self._out: IO[bytes] = self._process.stdout
        try:
            self._read()
        except BaseException:
            self.end()
            raise

    def ask(self, request: object) -> Drafted | None:
        """Send what is to be drafted, and wait for it.

        Raises:
            OSError, EOFError, pickle.UnpicklingError: the process has died.

        """
        pickle.dump(request, self._to, pickle.HIGHEST_PROTOCOL)
        self._to.flush()
        return self._read()

    def _read(self) -> Drafted | None:
        reply: Drafted | None = pickle.load(self._out)  # noqa: S301 - our own process, which reads articles as text
        return reply

    @property
    def pid(self) -> int:
        """Its id."""
        return self._process.pid

    def end(self) -> int:
        """End it, and give its status."""
        self._process.kill()
        status = self._process.wait()
        for one in (self._to, self._out):
            with suppress(OSError):
                one.close()
        return status


# In the process


def compute(model_dir: str) -> None:
    """Draft answers until the input ends."""
    requests, replies = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing that a library prints gets among the replies
    writer = ExtractiveWriter(_NoModel(), WordPieces.of(Path(model_dir) if model_dir else None).words)
    at_once.set(True)
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GARBAGE_AFTER)
    reply: Drafted | None = None  # the first says that it is ready
    with closing(asyncio.new_event_loop()) as loop:
        while True:
            pickle.dump(reply, replies, pickle.HIGHEST_PROTOCOL)
            replies.flush()
            try:
                request = pickle.load(requests)  # noqa: S301 - the service's own
            except EOFError:
                return
            reply = loop.run_until_complete(_drafted(writer, *request))


async def _drafted(
    writer: ExtractiveWriter, question: Question, found: Found, answer: Composition, policy: OnUnsupported
) -> Drafted | None:
    try:
        sentences = [one async for one in drafted(question, found, writer, answer, policy=policy)]
    except Exception:  # noqa: BLE001 - the service does it again itself, and there it is told
        return None
    answer.said.clear()  # each with its whole article, and not needed any more
    return Drafted(tuple(sentences), answer)


class _NoModel:
    """An Embedder for where the store holds the vectors of all sentences."""

    name = "none"
    dimensions = 0

    async def embed(self, texts: Sequence[str], role: Role = "passage") -> Vectors:  # noqa: ARG002 - an Embedder's
        """Give no vectors.

        Raises:
            LookupError: there are texts.

        """
        if texts:
            raise LookupError("There is no model here")
        return np.empty((0, 0), np.float32)

    async def embed_parts(  # an Embedder's
        self,
        texts: Sequence[str],  # noqa: ARG002
        parts: Sequence[Sequence[Span]],  # noqa: ARG002
    ) -> tuple[Vectors, list[Vectors]]:
        """Give none of parts either.

        Raises:
            LookupError: always.

        """
        raise LookupError("There is no model here")
