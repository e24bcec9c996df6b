"""What was taken in is kept up to date until Ctrl-C: folders are watched, addresses asked again."""

import asyncio
import json
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from watchfiles import Change, awatch

from retrieval.gathering import Memory, gather
from retrieval.ingest import Ingested, ingest_all
from retrieval.readers import Address, Document, document_below, document_files
from service.desk import Desk, versions_at
from service.errors import RemoteError
from service.printing import plain

if TYPE_CHECKING:
    from retrieval.fetching import Fetcher

_AGAIN = 2.0  # seconds before what a service did not take is given to it again; chosen
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
        """Watch the paths, and ask at the addresses every so many seconds; it ends when it is cancelled."""
        async with asyncio.TaskGroup() as group:
            for one in given:
                if isinstance(one, Path):
                    group.create_task(self._watch(one))
            if addresses := [one for one in given if isinstance(one, Address)]:
                group.create_task(self._ask(addresses, every))

    async def _ask(self, addresses: Sequence[Address], every: float) -> None:
        while True:
            await asyncio.sleep(every)
            await self._take_in(addresses)

    async def _watch(self, path: Path) -> None:
        whole = await asyncio.to_thread(path.is_dir)
        folder = await asyncio.to_thread(path.absolute)
        watching = False
        # A file's folder: who replaces a file puts another in its place. After a time-out, too, it is known to watch.
        async for changes in awatch(
            folder if whole else folder.parent, recursive=whole, rust_timeout=_BEGUN_AFTER, yield_on_timeout=True
        ):
            there, gone = await asyncio.to_thread(_sorted_out, path, changes, whole=whole)
            if not watching:
                watching = True
                there = await asyncio.to_thread(_changed_since, path, self._began - _CLOCKS)
            for one in gone:
                self._say(one.name, "removed", f"its article stays; groundwire withdraw {one.article_id}")
            if there:
                await _written(there)
                await self._take_in(there)

    async def _take_in(self, some: Sequence[Document | Address]) -> None:
        """Take in what has changed, again and again as long as the service that holds the store is gone."""
        while True:
            gathered = gather(some, self._fetcher, versions_at(self._desk), self._memory)
            try:
                async for one in ingest_all(gathered, self._desk.put):
                    self._tell(one)
            except RemoteError as error:
                self._say("the service", "waiting", str(error))
                await asyncio.sleep(_AGAIN)
            else:
                self._said.pop("the service", None)
                return

    def _tell(self, one: Ingested) -> None:
        outcome = one.outcome or "skipped"
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


def _sorted_out(path: Path, changes: set[tuple[Change, str]], *, whole: bool) -> tuple[list[Document], list[Document]]:
    """Give what changed and is there, and what is gone: below a folder, or of a file alone."""
    absolute = path.absolute()
    named = sorted({Path(name) for _, name in changes})
    if whole:
        below = [path / name.relative_to(absolute) for name in named]
        documents = [one for name in below if (one := document_below(path, name))]
    else:
        documents = [Document(path, path.stem)] if absolute in named else []
    there = [one for one in documents if Path(one.name).is_file()]
    gone = [one for one in documents if not Path(one.name).exists()]
    return there, gone


def _changed_since(path: Path, moment: float) -> list[Document]:
    """Give what was changed while it was taken in, when nobody watched yet."""
    states = ((one, _state(Path(one.name))) for one in document_files([path]))
    return [one for one, state in states if state and state[1] >= moment * 1e9]


async def _written(documents: Sequence[Document]) -> None:
    """Wait until files grow no more: half an article is none."""
    before = None
    for _ in range(int(_LONGEST_WRITE / _STILL)):
        states = await asyncio.to_thread(lambda: [_state(Path(one.name)) for one in documents])
        if states == before:
            return
        before = states
        await asyncio.sleep(_STILL)


def _state(file: Path) -> tuple[int, int] | None:
    try:
        stat = file.stat()
    except OSError:
        return None  # gone, which reading it says
    return stat.st_size, stat.st_mtime_ns
