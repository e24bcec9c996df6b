"""PROCESSES that compute answers beside this one: Python runs one thread at a time, and a machine has several cores.

They are started when two questions are first at work at once, so that who asks alone never pays for them. Each reads
pickles from its standard input and writes pickles to its output, and ends when its input does. Where none is there yet,
and what one has died over, is computed here; what takes one too long is not tried again.
"""

import asyncio
import gc
import json
import logging
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from queue import Empty, LifoQueue
from sys import getsizeof
from threading import Lock, Timer
from typing import IO

import numpy as np

from retrieval.embedding import Role, Vectors
from retrieval.minilm import WordPieces
from retrieval.recent import Recent
from retrieval.remembered import ARTICLES_KEPT
from retrieval.types import Article, Span
from service.composing import Composition
from service.computing import at_once
from service.drafting import Found, drafted
from service.errors import WriterUnavailable
from service.traces import trace
from service.types import OnUnsupported, Question, SentenceReady
from service.writers import ExtractiveWriter

SECONDS = 30.0  # for one answer, which takes .03; chosen: no article may hold a process for long
_GRACE = 5.0  # seconds after which one ends itself, where nobody is left to end it; chosen
_AGAIN = 10.0  # seconds until others are started, where one did not start, or died over its first answer; chosen
_ITS_END = 1.0  # seconds in which one that has closed its output has ended; chosen
# Answers between two looks for garbage in cycles, of which 700 leave none (what is kept of them has no cycles); chosen.
# Python's own looks take up to 155 ms, while an answer waits.
_GARBAGE_AFTER = 1_000
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

    def __init__(self, most: int, model_dir: Path | None = None, *, seconds: float = SECONDS) -> None:
        """Take how many there may be, where the model's files are if not in its package, and an answer's time."""
        self._most = most
        self._model_dir = model_dir
        self._seconds = seconds
        # The one that was at work last is asked first: it knows more of the articles.
        self._idle: LifoQueue[_Process] = LifoQueue()
        self._threads = ThreadPoolExecutor(max(most, 1), thread_name_prefix="groundwire-processes")
        self._held = Lock()
        self._all: set[_Process] = set()
        self._starting = self._at_work = 0
        self._not_before = 0.0  # on the monotonic clock
        self._wanted = self._closed = False
        self.computed = 0
        """How many answers they have computed."""

    @property
    def started(self) -> tuple[int, ...]:
        """The ids of those that were started, and have not died."""
        with self._held:
            return tuple(one.pid for one in self._all)

    @property
    def idle(self) -> int:
        """How many of those wait for a question."""
        return self._idle.qsize()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Count an answer as being computed; with a second one the processes are started, in the background."""
        self._at_work += 1
        self._wanted = self._wanted or self._at_work > 1
        if self._wanted:
            self._start()
        try:
            yield
        finally:
            self._at_work -= 1

    async def drafted(
        self, question: Question, found: Found, answer: Composition, policy: OnUnsupported
    ) -> Drafted | None:
        """Draft and compose an answer's sentences as `drafting.drafted` does; None where it must be done here.

        Raises:
            WriterUnavailable: it took too long.

        """
        if self._closed or not any(one.ready for one in list(self._all)):
            return None
        request = question, found, answer, policy
        reply = await asyncio.get_running_loop().run_in_executor(self._threads, self._ask, request)
        if reply:
            self.computed += 1
            if traced := trace.get():
                for lap in reply.answer.laps[len(answer.laps) :]:
                    traced.stage(*lap)
        return reply

    def close(self) -> None:
        """End the processes, and what they are at."""
        with self._held:
            self._closed = True
            for one in self._all:
                one.kill()
        self._threads.shutdown(cancel_futures=True)
        for one in list(self._all):
            one.end()

    def _start(self) -> None:
        """Start those that are not there, unless the last was of no use."""
        with self._held:
            if self._closed or time.monotonic() < self._not_before:
                return
            missing = self._most - len(self._all) - self._starting
            self._starting += missing
        for _ in range(missing):
            self._threads.submit(self._open)

    def _open(self) -> None:
        """Start a process, and wait until it can be asked."""
        try:
            process = _Process(self._model_dir)
        except OSError as error:
            with self._held:
                self._starting -= 1
                self._not_before = time.monotonic() + _AGAIN
            _log.warning("No process to compute answers in can be started: %s", error)
            return
        with self._held:
            self._starting -= 1
            self._all.add(process)
            if self._closed:
                process.kill()
        try:
            process.begin(self._seconds)
        except Exception as error:  # noqa: BLE001 - whatever it is, there is one fewer, and this is told
            self._lost(process, error)
        else:
            self._idle.put(process)

    def _ask(self, request: tuple[Question, Found, Composition, OnUnsupported]) -> Drafted | None:
        """Have a process that is idle draft an answer.

        Raises:
            WriterUnavailable: it took too long.

        """
        try:
            process = self._idle.get_nowait()
        except Empty:
            return None
        try:
            reply = process.ask(request, self._seconds)
        except Exception as error:
            self._lost(process, error)
            if process.late:
                message = f"The answer took more than {self._seconds:g} s to compute: ask about fewer articles."
                raise WriterUnavailable(message, "timeout") from error
            return None
        self._idle.put(process)
        return reply

    def _lost(self, process: "_Process", error: Exception) -> None:
        """Do without a process that has failed; the next question starts another."""
        status = process.end()
        with self._held:
            self._all.discard(process)
            if self._closed:
                return
            if not process.answers:
                self._not_before = time.monotonic() + _AGAIN
        why = f"took more than {self._seconds:g} s" if process.late else f"{type(error).__name__}, status {status}"
        when = f"over answer {process.answers + 1}" if process.ready else "while it started"
        _log.warning("A process that computes answers was lost %s: %s", when, why)


class _Process:
    """One that computes answers, one after another."""

    def __init__(self, model_dir: Path | None) -> None:
        """Start it."""
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter, and our own words
            [sys.executable, "-I", "-c", _START, json.dumps([str(one) for one in sys.path]), str(model_dir or "")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a traceback may quote what somebody wrote
            env={name: value for name, value in os.environ.items() if name in _KEPT},
            start_new_session=True,  # Ctrl-C is for the service, which ends it
        )
        assert self._process.stdin  # noqa: S101 - both are pipes
        assert self._process.stdout  # noqa: S101
        self._to: IO[bytes] = self._process.stdin
        self._out: IO[bytes] = self._process.stdout
        self.ready = self.late = False
        self.answers = 0

    @property
    def pid(self) -> int:
        """Its id."""
        return self._process.pid

    def begin(self, seconds: float) -> None:
        """Wait until it is ready; whatever is raised, the process is of no use."""
        with self._within(seconds):
            pickle.load(self._out)  # noqa: S301 - our own process, which reads articles as text
        self.ready = True

    def ask(self, request: object, seconds: float) -> Drafted | None:
        """Send what is to be drafted, and wait for it; whatever is raised, the process is of no use."""
        with self._within(seconds):
            pickle.dump((request, seconds), self._to, pickle.HIGHEST_PROTOCOL)
            self._to.flush()
            reply: Drafted | None = pickle.load(self._out)  # noqa: S301 - as above
        self.answers += 1
        return reply

    @contextmanager
    def _within(self, seconds: float) -> Iterator[None]:
        timer = Timer(seconds, self._end_late)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _end_late(self) -> None:
        self.late = True
        self.kill()

    def kill(self) -> None:
        """End it, whatever it is at."""
        self._process.kill()

    def end(self) -> int:
        """See to it that it has ended, and give its status."""
        with suppress(subprocess.TimeoutExpired):  # it has closed its end, and lives on
            self._process.wait(_ITS_END)
        self.kill()
        status = self._process.wait()
        for one in (self._to, self._out):
            with suppress(OSError):
                one.close()
        return status


# In the process


def compute(model_dir: str) -> None:
    """Draft answers until the input ends, or nobody reads them."""
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, signal.SIG_IGN)  # sent to all of a service's processes: it needs them until it has ended
    requests, replies = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get among the replies
    writer = ExtractiveWriter(_NoModel(), WordPieces.of(Path(model_dir) if model_dir else None).words)
    texts: Recent[tuple[str, str], str] = Recent(ARTICLES_KEPT, lambda _, text: getsizeof(text))
    at_once.set(True)
    gc.disable()
    reply: Drafted | None = None  # the first says that it is ready
    with closing(asyncio.new_event_loop()) as loop, suppress(BrokenPipeError, EOFError):
        for number in count():
            pickle.dump(reply, replies, pickle.HIGHEST_PROTOCOL)
            replies.flush()
            _end_after(0)
            if number % _GARBAGE_AFTER == 0:
                gc.collect()
                gc.freeze()
            (question, found, answer, policy), seconds = pickle.load(requests)  # noqa: S301 - the service's own
            _end_after(seconds + _GRACE)
            found = replace(found, articles=with_known_texts(found.articles.values(), texts))
            reply = loop.run_until_complete(_drafted(writer, question, found, answer, policy))
    os._exit(0)  # at once: there is nothing to take down, and nobody to tell


def _end_after(seconds: float) -> None:
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_REAL, seconds)  # nothing hears it: it ends the process


def with_known_texts(articles: Iterable[Article], texts: Recent[tuple[str, str], str]) -> dict[str, Article]:
    """Give the articles by id, each with the text that was read for another question: what is kept of it holds it."""
    named = {(one.source.article_id, one.source.version): one for one in articles}
    known = texts.get(named, lambda names: {name: named[name].text for name in names})
    return {name[0]: Article(source=one.source, text=known[name]) for name, one in named.items()}


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
