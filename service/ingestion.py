"""Files into the corpus, told as it goes: a bar on a terminal, lines elsewhere, and what became of them at the end."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from retrieval.ingest import Ingested, ingest_files
from retrieval.readers import document_files
from service.desk import Desk
from service.printing import plain

_LINE_EVERY = 5.0  # seconds between two lines of progress where there is no terminal
_COLUMNS = (
    TextColumn("{task.description}"),
    BarColumn(bar_width=20),
    MofNCompleteColumn(),
    TextColumn("articles,{task.fields[rate]:6.0f} passages/s,"),
    TimeRemainingColumn(compact=True),
    TextColumn("left"),
)


@dataclass(frozen=True)
class Ingestion:
    """What became of all files."""

    created: int
    replaced: int
    unchanged: int
    skipped: tuple[Ingested, ...]

    def __str__(self) -> str:
        """Count them in one line."""
        return (
            f"{self.created} created, {self.replaced} replaced, {self.unchanged} unchanged, {len(self.skipped)} skipped"
        )

    def data(self) -> dict[str, object]:
        """Give the same for programs."""
        skipped = [{"name": one.name, "reason": one.reason} for one in self.skipped]
        return {"created": self.created, "replaced": self.replaced, "unchanged": self.unchanged, "skipped": skipped}


async def ingest_paths(paths: Sequence[Path], desk: Desk) -> Ingestion:
    """Ingest every file below the paths; one that is no article, or is not there, is reported and stops nothing."""
    files = list(document_files([path for path in paths if path.exists()]))
    skipped = [Ingested(str(path), None, None, "no such file or folder") for path in paths if not path.exists()]
    outcomes: Counter[str] = Counter()
    with _progress(len(files)) as (say, show):
        for one in skipped:
            say(f"skipped {one.name}: {one.reason}")
        async for one in ingest_files(files, desk.put):
            if one.outcome:
                outcomes[one.outcome] += 1
            else:
                skipped.append(one)
                say(f"skipped {one.name}: {one.reason}")
            show(one)
    return Ingestion(outcomes["created"], outcomes["replaced"], outcomes["unchanged"], tuple(skipped))


@contextmanager
def _progress(total: int) -> Iterator[tuple[Callable[[str], None], Callable[[Ingested], None]]]:
    """Give two functions: one says a line on stderr, the other shows that one file more is done."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    began = time.monotonic()
    done = passages = 0

    def count(one: Ingested) -> float:
        """Give the passages a second so far."""
        nonlocal done, passages
        done, passages = done + 1, passages + one.passages
        return passages / max(time.monotonic() - began, 0.001)

    if console.is_terminal:
        with Progress(*_COLUMNS, console=console) as bar:
            task = bar.add_task("Ingesting", total=total, rate=0.0)
            yield (
                lambda line: console.print(plain(line), markup=False),
                lambda one: bar.update(task, advance=1, rate=count(one)),
            )
        return

    told = began

    def say(line: str) -> None:
        click.echo(plain(line), err=True)

    def show(one: Ingested) -> None:
        nonlocal told
        rate, now = count(one), time.monotonic()
        if now - told >= _LINE_EVERY:
            told = now
            left = timedelta(seconds=round((now - began) / done * (total - done)))
            say(f"ingested {done} of {total} articles, {rate:.0f} passages a second, {left} left")

    yield say, show
