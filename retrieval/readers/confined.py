"""ONE RISKY DOCUMENT: its bytes -> a process of few rights -> what a reader found; top to bottom.

What parses a stranger's PDF or page may take for ever, or all memory, or crash: it does so in a process that is ended
and replaced, and costs one document. Not by multiprocessing, nor what builds on it: there a child imports the main
module again, so that a script without a `__main__` guard starts itself for ever, and it answers in pickle, which a
reader that was taken over could make say anything.
"""

import atexit
import contextlib
import dataclasses
import json
import logging
import os
import pickle
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterable
from datetime import datetime
from pkgutil import resolve_name
from queue import LifoQueue
from threading import Timer
from typing import IO, Any

from retrieval.readers.documents import Document
from retrieval.readers.fields import LONGEST_FILE, Address, Fields, Hints, NoArticle

Finding = Fields | Address | NoArticle
Reader = Callable[[bytes, Hints], Iterable[Finding]]

PROCESSES = 2  # chosen: one is read while another hangs
SECONDS = 30.0  # of one document; chosen: what we read takes one or two
MEMORY = 1_500_000_000  # bytes of one process; chosen: more than any honest PDF of LONGEST_FILE took
DOCUMENTS = 500  # of one process, which starts in half a second: libraries in C leak
_GRACE = 5.0  # seconds after which it ends itself, where nobody is left to end it; chosen
_LONGEST_REPLY = 13 * LONGEST_FILE  # bytes: JSON writes a character in twelve at most
_FILE = 1_000_000  # bytes that it may write: Python's own caches
_OPEN_FILES = 64
_KEPT = {"PATH", "SYSTEMROOT", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"}  # no keys, no tokens
_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]);"
    "from retrieval.readers.confined import serve; serve(float(sys.argv[2]), int(sys.argv[3]))"
)

_log = logging.getLogger("groundwire.readers")


def confined(reader: str) -> Callable[[Document], list[Finding]]:
    """Let a reader run in a process of its own, with limits of time and memory.

    Args:
        reader: `module:function`, which takes the bytes and the hints, and may raise NoArticle; it is imported there
            alone.

    Returns:
        What reads a document by it, in any number of threads at once. It raises NoArticle with the reader's reason, or
        because the reader took too long, or too much memory, or failed; and UnreadableArticle, where the bytes of the
        document cannot be had.

    """
    return lambda document: _read(reader, document)


def _read(reader: str, document: Document) -> list[Finding]:
    request = pickle.dumps((reader, document.data(), Hints(document.charset, document.url)))
    process = _idle.get()
    try:
        if process is None or not process.is_fit():
            process = _Process()
        try:
            reply = process.ask(request)
        except _Died:
            if process.is_late or process.asked == 1:
                raise
            process.end()
            process = _Process()  # what it read before may have been the cause
            reply = process.ask(request)
    except _Died as death:
        raise NoArticle(str(death)) from None
    finally:
        _idle.put(process if process and process.is_fit() else None)
    if "failed" in reply:
        _log.warning("the reader of %s failed:\n%s", document.name, reply["traceback"])
        raise NoArticle(f"its reader failed on it: {reply['failed']}")
    if "refused" in reply:
        raise NoArticle(reply["refused"])
    return [_unpacked(found) for found in reply["found"]]


class _Died(Exception):
    """A process ended over a document; the message is the reason that the document is none."""


class _Process:
    """One that reads documents, one after another."""

    def __init__(self) -> None:
        arguments = [json.dumps(sys.path), str(SECONDS + _GRACE), str(MEMORY)]
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter, and our own words
            [sys.executable, "-I", "-c", _START, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: value for name, value in os.environ.items() if name in _KEPT},
            start_new_session=True,  # Ctrl-C is for us, who end it
        )
        self.asked = 0
        self.is_late = self._is_spent = False
        _started.add(self)

    def ask(self, request: bytes) -> dict[str, Any]:
        """Send a request, and wait for the reply; whatever goes wrong ends the process."""
        self.asked += 1
        timer = Timer(SECONDS, self._end_late)
        timer.daemon = True
        timer.start()
        try:
            reply = self._exchange(request)
        except BaseException:
            self.end()
            raise
        finally:
            timer.cancel()
            timer.join()
        if not reply.endswith(b"\n"):
            raise _Died(self._why())
        found: dict[str, Any] = json.loads(reply)
        if found.get("memory"):
            self.end()
            raise _Died(_TOO_MUCH_MEMORY)
        self._is_spent = self.is_late or self.asked == DOCUMENTS
        return found

    def _exchange(self, request: bytes) -> bytes:
        to, out = self._process.stdin, self._process.stdout
        assert to  # noqa: S101 - both are pipes
        assert out  # noqa: S101
        with contextlib.suppress(BrokenPipeError):  # it has died: there is no reply
            to.write(request)
            to.flush()
        return out.readline(_LONGEST_REPLY)

    def _end_late(self) -> None:
        self.is_late = True
        self._process.kill()

    def _why(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):  # it has closed its end, and lives on
            self._process.wait(_GRACE)
        status = self.end()
        if self.is_late:
            return f"takes longer than {SECONDS:.0f} s to read"
        if status == -signal.SIGKILL:  # by the system, which was out of memory
            return _TOO_MUCH_MEMORY
        how = signal.Signals(-status).name if status < 0 else f"exit status {status}"
        return f"its reader crashed on it ({how})"

    def is_fit(self) -> bool:
        """Tell whether it can read another document; end it, if not."""
        if self._is_spent or self._process.poll() is not None:
            self.end()
            return False
        return True

    def end(self) -> int:
        """End it, and give its exit status."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            _close(pipe)
        _started.discard(self)
        return self._process.wait()


def _close(pipe: IO[bytes] | None) -> None:
    with contextlib.suppress(BrokenPipeError):  # what it was sent and has not read
        if pipe:
            pipe.close()


_TOO_MUCH_MEMORY = "takes more memory to read than an article should"
_started: set[_Process] = set()
_idle: LifoQueue[_Process | None] = LifoQueue()
for _ in range(PROCESSES):
    _idle.put(None)  # one yet to be started


@atexit.register
def _end_all() -> None:
    for process in list(_started):
        process.end()


# In the process


def serve(seconds: float, memory: int) -> None:
    """Read what is asked for until nobody asks any more."""
    requests, replies = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print is no reply
    logging.disable()
    _limit(memory)
    while True:
        try:
            reader, data, hints = pickle.load(requests)  # noqa: S301 - of the process that started this one
        except EOFError:
            return
        _end_after(seconds)
        reply = _reply(reader, data, hints)
        _end_after(0)
        replies.write(reply + b"\n")
        replies.flush()


def _limit(memory: int) -> None:
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - Windows has none

        limits = [
            (resource.RLIMIT_AS, memory),
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_FSIZE, _FILE),
            (resource.RLIMIT_NOFILE, _OPEN_FILES),
        ]
        for limit, value in limits:
            with contextlib.suppress(ValueError, OSError):  # macOS limits no memory
                resource.setrlimit(limit, (value, value))


def _end_after(seconds: float) -> None:
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_REAL, seconds)  # nothing hears it: it ends the process


def _reply(reader: str, data: bytes, hints: Hints) -> bytes:
    try:
        return json.dumps(_found(reader, data, hints)).encode()
    except NoArticle as error:
        reply = {"refused": str(error)}
    except MemoryError:
        reply = {"memory": "exceeded"}
    except RecursionError:
        reply = {"refused": "nested deeper than an article is"}
    except Exception as error:  # noqa: BLE001 - what libraries raise on what they did not expect: it is told and logged
        # The reason is for the author of the document. The log gets no message, which may quote the text.
        where = "".join(traceback.format_tb(error.__traceback__)[-5:])
        reply = {"failed": f"{type(error).__name__}: {error}"[:200], "traceback": f"{type(error).__name__}\n{where}"}
    return json.dumps(reply).encode()


def _found(reader: str, data: bytes, hints: Hints) -> dict[str, list[dict[str, Any]]]:
    read: Reader = resolve_name(reader)
    found = list(read(data, hints))
    if sum(len(one.text) for one in found if isinstance(one, Fields)) > LONGEST_FILE:
        raise NoArticle(f"its text is longer than {LONGEST_FILE:,} characters")
    return {"found": [_packed(one) for one in found]}


# What was found, as JSON


def _packed(found: Finding) -> dict[str, Any]:
    if isinstance(found, NoArticle):
        return {"reason": str(found)}
    if isinstance(found, Address):
        return {"address": found.url}
    return dataclasses.asdict(found) | {"published": found.published and found.published.isoformat()}


def _unpacked(found: dict[str, Any]) -> Finding:
    if "reason" in found:
        return NoArticle(found["reason"])
    if "address" in found:
        return Address(found["address"])
    published = found.pop("published")
    fields: Any = {name: tuple(value) if isinstance(value, list) else value for name, value in found.items()}
    return Fields(**fields, published=datetime.fromisoformat(published) if published else None)
