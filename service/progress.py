"""How far long work has come: a bar on a terminal, lines elsewhere, all on stderr."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_LINE_EVERY = 5.0  # seconds between two lines where there is no terminal
_COLUMNS = (
    TextColumn("{task.description}"),
    BarColumn(bar_width=20),
    MofNCompleteColumn(),
    TextColumn("articles,"),
    TimeRemainingColumn(compact=True),
    TextColumn("left"),
)


@contextmanager
def progress(doing: str, done_to: str) -> Iterator[Callable[[int, int | None], None]]:
    """Give a function that shows how many articles are done, and of how many, if that is known.

    Args:
        doing: what is being done to them, as `Embedding`.
        done_to: what was done, as `embedded`.

    """
    console = Console(stderr=True, highlight=False)
    if console.is_terminal:
        with Progress(*_COLUMNS, console=console) as bar:
            task = bar.add_task(doing, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)
        return
    began = told = time.monotonic()

    def show(done: int, total: int | None) -> None:
        nonlocal told
        now = time.monotonic()
        if now - told < _LINE_EVERY:
            return
        told = now
        left = f" of {total} articles, {_left(now - began, done, total)} left" if total else " articles"
        click.echo(f"{done_to} {done}{left}", err=True)

    yield show


def _left(seconds: float, done: int, total: int) -> timedelta:
    return timedelta(seconds=round(seconds / max(done, 1) * max(total - done, 0)))
