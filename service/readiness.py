"""Whether the service can answer, check by check, and of what is wrong what it means and what to do.

Nothing here waits for long: a check that hangs is told as one, and is not begun a second time. What is said is for
everybody to read: our own sentences, without addresses, paths or what a neighbour said.
"""

import asyncio
import logging
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

from pydantic import Field

from retrieval.disk import RESERVE
from retrieval.errors import ModelError, StoreError, StoreForeign
from retrieval.types import Frozen
from service.desk import Answering
from service.errors import FailureKind
from service.observing import Observer

_PATIENCE = 2.3  # seconds for all checks: the store needs two to say why, and whoever asks is promised three
# Seconds that the word index may be behind: it looks every second, and takes in some hundred articles in one. Behind
# by a minute it follows no more, and questions about what is new would be answered wrongly: others should be asked.
LATE, TOO_LATE = 10.0, 60.0
LEAST_SPACE = 200_000_000  # bytes; chosen: a purge writes Chroma's database a second time
# Seconds for which what was seen of a model holds; chosen. Without one that failed nobody may come who would see that
# it works again, so that what is older is asked for anew, or thought to be well.
_HOLDS = 30.0
_log = logging.getLogger("groundwire.readiness")


class Check(Frozen):
    """One thing that answering needs."""

    status: Literal["ok", "degraded", "failing"] = Field(
        default="ok", description="degraded: questions are answered, but something is missing."
    )
    message: str | None = Field(default=None, description="What is wrong, what it means and what to do.")


_STORE_SILENT = (
    "The store does not answer, so that nothing can be found; it is asked again all the time. "
    "See that Chroma runs and has room on its disk. A server that runs and hangs, as after a full disk, "
    "must be restarted: Chroma's, not this service."
)
_STORE_REFUSES = (
    "The last write failed at Chroma's server, so that nothing may be stored; questions are answered. "
    "See that its disk has room, and restart it if its disk was full: it does not go on by itself. "
    "This is told until a write succeeds."
)
_STORE_FOREIGN = "The store was embedded anew with another model. Restart this service with that model's settings."
_BEHIND = "The word index is {:.0f} s behind the store, so that what is new may not be found. The log says why."
_LACKS_WORDS = (
    "The word index cannot be written, so that what is new is found by its meaning alone. "
    "See that the data folder can be written and its disk has room; it then goes on by itself."
)
_EMBEDDING = (
    "The embedding model does not answer, so that nothing can be searched or stored. "
    "See that its server runs and takes the key: GROUNDWIRE_EMBEDDING_BASE_URL, GROUNDWIRE_EMBEDDING_API_KEY."
)
_EMBEDDING_SLOW = "The embedding model takes long to answer. See what its server has to do."
_WRITER = "The language model failed when it was last asked ({}). {} See its server and GROUNDWIRE_LLM_*."
_FALLBACK = "Answers are written without it, in the articles' own words."
_NO_FALLBACK = "Nobody else may write: GROUNDWIRE_FALLBACK is none."
_FOLDER = "The data folder cannot be written, so that nothing can be stored. See its owner and its disk."
_FOLDER_SILENT = "The data folder's disk does not answer, so that nothing can be stored. See its disk, or its mount."
_FULL = "The data folder's disk has {:.0f} MB left, so that soon nothing can be stored. Make room."
_NO_ROOM = "The data folder's disk has {:.0f} MB left, and a store in it takes nothing below {:.0f}. Make room."
_STOPPING = "The service is being stopped. Ask another one, or again in a moment."
_BUG = "This could not be checked. The log says why."
_WHY: Mapping[FailureKind, str] = {
    "unreachable": "it cannot be reached",
    "timeout": "it took too long",
    "key": "it refused the key",
    "not_found": "there is no such model",
    "rate_limited": "it is asked too often, or its quota is used up",
    "refused": "it refused the request",
    "server_error": "its server had an error",
    "broken": "what it sent was not whole",
    "cut_off": "a limit cut it off",
    "declined": "it declined",
}
_OF_THE_REQUEST: frozenset[FailureKind] = frozenset({"refused", "cut_off", "declined"})


class Readiness:
    """What is known of an application's neighbours."""

    def __init__(self, answering: Answering, observer: Observer) -> None:
        """Ask nobody yet."""
        self._answering = answering
        self._observer = observer
        self._needs = observer.needs
        self._under_way: dict[str, asyncio.Task[Check]] = {}
        self._disk = ThreadPoolExecutor(1, "groundwire-disk")  # one that hangs must take no thread of others
        self._said: dict[str, str] = {}

    async def look(self, *, stopping: bool) -> dict[str, Check]:
        """Look at all, in some seconds at most."""
        deadline = asyncio.get_running_loop().time() + _PATIENCE
        checks = {
            "store": self._by(deadline, "store", self._store, _STORE_SILENT),
            "word_index": _now(self._word_index()),
            "embedding_model": self._by(deadline, "embedding_model", self._embedding, _EMBEDDING_SLOW, "degraded"),
            "language_model": _now(self._language_model()),
            "data_folder": self._by(deadline, "data_folder", self._folder, _FOLDER_SILENT, "degraded"),
            "stopping": _now(Check(status="failing", message=_STOPPING) if stopping else Check()),
        }
        found = dict(zip(checks, await asyncio.gather(*checks.values()), strict=True))
        self._tell(found)
        return found

    async def store_answers(self, patience: float) -> bool:
        """Tell whether the store does, within so many seconds."""
        deadline = asyncio.get_running_loop().time() + patience
        return (await self._by(deadline, "store", self._store, _STORE_SILENT)).status != "failing"

    async def _by(
        self,
        deadline: float,
        name: str,
        check: Callable[[], Awaitable[Check]],
        silent: str,
        status: Literal["degraded", "failing"] = "failing",
    ) -> Check:
        """Give the outcome of a check by the deadline, or that it has none yet; it is under way once at a time."""
        task = self._under_way.get(name)
        if task is None or task.done() or task.get_loop() is not asyncio.get_running_loop():
            task = self._under_way[name] = asyncio.create_task(_checked(check))
        await asyncio.wait([task], timeout=max(deadline - asyncio.get_running_loop().time(), 0))
        return task.result() if task.done() else Check(status=status, message=silent)

    def _tell(self, found: Mapping[str, Check]) -> None:
        """Log what is another than at the last look: whoever asks does so every few seconds."""
        for name, check in found.items():
            if check.status != self._said.get(name, "ok"):
                level = logging.INFO if check.status == "ok" else logging.WARNING
                said = {"check": name, "status": check.status, "why": check.message}
                _log.log(level, "%(check)s is %(status)s", said)
            self._said[name] = check.status

    # One thing each

    async def _store(self) -> Check:
        try:
            await self._answering.store.ready()
        except StoreForeign:
            return Check(status="failing", message=_STORE_FOREIGN)
        except StoreError:
            return Check(status="failing", message=_STORE_SILENT)
        return Check(status="degraded", message=_STORE_REFUSES) if self._answering.store.refuses else Check()

    def _word_index(self) -> Check:
        lag = self._answering.store.lag
        if lag <= LATE:
            return Check()
        if self._answering.store.lacks_words:  # all else is known: no other replica would answer better for long
            return Check(status="degraded", message=_LACKS_WORDS)
        return Check(status="failing" if lag > TOO_LATE else "degraded", message=_BEHIND.format(lag))

    async def _embedding(self) -> Check:
        seen = self._observer.embedding
        if not self._needs.remote_embedding or (seen and seen.failure is None and seen.age < _HOLDS):
            return Check()
        try:
            await self._answering.embedder.embed(["ready?"], "question")
        except ModelError:
            return Check(status="failing", message=_EMBEDDING)
        return Check()

    def _language_model(self) -> Check:
        seen = self._observer.models.get(self._answering.models[0])
        if seen is None or seen.failure is None or seen.failure in _OF_THE_REQUEST or seen.age > _HOLDS:
            return Check()
        why = _WHY[seen.failure]
        if self._needs.fallback:
            return Check(status="degraded", message=_WRITER.format(why, _FALLBACK))
        return Check(status="failing", message=_WRITER.format(why, _NO_FALLBACK))

    async def _folder(self) -> Check:
        folder = self._needs.data_dir
        if folder is None:
            return Check()
        return await asyncio.get_running_loop().run_in_executor(self._disk, _of_folder, folder)


async def _checked(check: Callable[[], Awaitable[Check]]) -> Check:
    try:
        return await check()
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one check, the others are told
        _log.error("A bug: a check failed", exc_info=error)
        return Check(status="failing", message=_BUG)


async def _now(check: Check) -> Check:
    return check


def _of_folder(folder: Path) -> Check:
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"?")
        free = shutil.disk_usage(folder).free
    except OSError:
        return Check(status="degraded", message=_FOLDER)
    if free < RESERVE:
        return Check(status="degraded", message=_NO_ROOM.format(free / 1e6, RESERVE / 1e6))
    return Check() if free >= LEAST_SPACE else Check(status="degraded", message=_FULL.format(free / 1e6))
