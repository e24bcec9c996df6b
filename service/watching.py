"""What was taken in is kept up to date until Ctrl-C: folders are watched, addresses asked again."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
from watchfiles import Change, awatch

from retrieval.errors import ModelError, StoreError
from retrieval.gathering import Memory, gather
from retrieval.ingest import Ingested, ingest_all
from retrieval.readers import Address, Document, document_files, documents_below
from service.desk import Desk, versions_at
from service.errors import RemoteError
from service.printing import plain

if TYPE_CHECKING:
    from retrieval.fetching import Fetcher

_AGAIN = 2.0  # seconds before what is away, a service, a store, a model or a folder, is looked for again; chosen
_STILL = 0.3  # seconds in which a file that is being written grows; chosen
_BEGUN_AFTER = 200  # milliseconds until a watch that saw nothing says so; chosen
_CLOCKS = 60.0  # seconds by which the clock of a folder's server may differ from ours; chosen
_LONGEST_WRITE = 30.0  # seconds that a file may go on growing before it is read all the same; chosen


class Watch:
    """Takes in each change below paths and at addresses since it was made, and tells it as a line."""

    def __init__(self, desk: Desk, fetcher: "Fetcher", memory: Memory, *, as_json: bool) -> None:
        """Give the changes to a desk; the memory is of what was at the addresses before."""
        self._desk = desk
        self._fetcher = fetcher
        self._memory = memory
        self._as_json = as_json
        self._began = time.time()
        self._said: dict[str, str | None] = {}  # the reasons that were told, each once until it is another

    async def go_on(self, given: Sequence[Path | Address], every: float) -> None:
        """Watch the paths, and ask at the addresses every so many seconds; it ends when it is cancelled.

        Raises:
            click.ClickException: a folder cannot be watched.

        """
        try:
            async with asyncio.TaskGroup() as group:
                for one in given:
                    if isinstance(one, Path):
                        group.create_task(self._watch(one))
                if addresses := [one for one in given if isinstance(one, Address)]:
                    group.create_task(self._ask(addresses, every))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from errors  # the others were cancelled

    async def _ask(self, addresses: Sequence[Address], every: float) -> None:
        while True:
            await asyncio.sleep(every)
            await self._again(partial(self._take_in, addresses))

    async def _watch(self, path: Path) -> None:
        """Watch a path, and again when its folder was away."""
        whole = await asyncio.to_thread(path.is_dir)
        # A file's folder: who replaces a file puts another in its place.
        absolute = await asyncio.to_thread(path.absolute)
        folder = absolute if whole else absolute.parent
        since = self._began - _CLOCKS
        while True:
            while (place := await asyncio.to_thread(_place, folder)) is None:
                self._say(str(folder), "waiting", "no such folder; it is watched when it is there again")
                await asyncio.sleep(_AGAIN)
                since = 0.0
            self._said.pop(str(folder), None)
            await self._watch_while_there(path, folder, place, since, whole=whole)
            since = 0.0  # what is put in its place may be older

    async def _watch_while_there(
        self, path: Path, folder: Path, place: tuple[int, int], since: float, *, whole: bool
    ) -> None:
        """Take in what changes, and first what was changed since a moment, until the folder is away."""
        watching = False
        # After a time-out, too, it is known to watch.
        watch = awatch(folder, recursive=whole, rust_timeout=_BEGUN_AFTER, yield_on_timeout=True)
        try:
            async with aclosing(watch):
                async for changes in watch:
                    if (Change.deleted, str(folder)) in changes or await asyncio.to_thread(_place, folder) != place:
                        return
                    if changes or not watching:
                        await self._seen(partial(_named, path, changes, None if watching else since, whole=whole))
                    watching = True
        except FileNotFoundError:
            if watching:
                raise
        except OSError as error:
            if watching:
                raise
            raise click.ClickException(f"{folder} cannot be watched: {error.strerror or error}") from error

    async def _seen(self, named: Callable[[], Iterator[Document]]) -> None:
        documents = await _written(named)
        await self._again(partial(self._tell_removed, documents))
        if there := [one for one, state in documents.items() if state]:
            await self._again(partial(self._take_in, there))

    async def _again(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do work, again and again as long as the store, its service or the model is away."""
        while True:
            try:
                await work()
            except (RemoteError, StoreError, ModelError) as error:
                kinds = {StoreError: "the store", ModelError: "the model"}
                away = next((name for kind, name in kinds.items() if isinstance(error, kind)), "the service")
                self._say(away, "waiting", str(error))
                await asyncio.sleep(_AGAIN)
            else:
                for away in ("the service", "the store", "the model"):
                    self._said.pop(away, None)
                return

    async def _take_in(self, some: Sequence[Document | Address]) -> None:
        """Take in what has changed; what was at addresses is known when it is stored."""
        learned = self._memory.copy()
        async for one in ingest_all(gather(some, self._fetcher, versions_at(self._desk), learned), self._desk.put):
            self._tell(one)
        self._memory.update(learned)

    async def _tell_removed(self, documents: "_States") -> None:
        for one, state in documents.items():
            if not state and await self._desk.article(one.article_id):
                self._say(one.name, "removed", f"its article stays; groundwire withdraw {one.article_id}")

    def _tell(self, one: Ingested) -> None:
        outcome = one.outcome or ("withdrawn" if one.withdrawn else "skipped")
        if outcome in {"created", "replaced"}:
            self._said.pop(one.name, None)
        if outcome != "unchanged":
            self._say(one.name, outcome, one.reason, passages=one.passages)

    def _say(self, name: str, outcome: str, reason: str | None = None, *, passages: int = 0) -> None:
        if reason is not None and self._said.get(name) == reason:
            return
        self._said[name] = reason
        now = datetime.now().astimezone()
        if self._as_json:
            said = {"at": now.isoformat(), "name": name, "outcome": outcome, "reason": reason, "passages": passages}
            click.echo(json.dumps(said, ensure_ascii=False))
            return
        count = f" ({passages} passage{'s' if passages > 1 else ''})" if passages else ""
        click.echo(plain(f"{now:%H:%M:%S} {outcome} {name}{count}{f': {reason}' if reason else ''}"))


_States = dict[Document, tuple[int, int] | None]
"""The size of each file and the moment of its last change; None: it is gone."""


def _named(path: Path, changes: set[tuple[Change, str]], since: float | None, *, whole: bool) -> Iterator[Document]:
    """Name what changed, with all that is in folders which are new, and what was changed since a moment."""
    absolute = path.absolute()
    for change, name in sorted(changes):
        if not whole:
            if Path(name) == absolute:
                yield Document(path, path.stem)
        elif change != Change.modified or not Path(name).is_dir():
            yield from documents_below(path, path / Path(name).relative_to(absolute))
    if since is not None:
        for one in document_files([path]):
            state = _state(Path(one.name))
            if state and state[1] >= since * 1e9:
                yield one


async def _written(named: Callable[[], Iterator[Document]]) -> _States:
    """Wait until files grow no more, and folders get none: half an article is none."""

    def states() -> _States:
        return {one: _state(Path(one.name)) for one in named()}

    before, now = None, await asyncio.to_thread(states)
    for _ in range(int(_LONGEST_WRITE / _STILL)):
        if now == before:
            break
        await asyncio.sleep(_STILL)
        before, now = now, await asyncio.to_thread(states)
    return now


def _place(folder: Path) -> tuple[int, int] | None:
    """Tell one folder from another of its name; None: there is none."""
    try:
        stat = folder.stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino


def _state(file: Path) -> tuple[int, int] | None:
    try:
        stat = file.stat()
    except OSError:
        return None  # gone, which reading it says
    return stat.st_size, stat.st_mtime_ns
