"""How far long work has come: a bar on a terminal, lines elsewhere, all on stderr."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from service.printing import plain

_LINE_EVERY = 5.0  # seconds between two lines where there is no terminal; chosen
_COLUMNS = (
    TextColumn("{task.description}"),
    BarColumn(bar_width=20),
    MofNCompleteColumn(),
    TextColumn("articles,{task.fields[rate]}"),
    TimeRemainingColumn(compact=True),
    TextColumn("left"),
)


class Shown:
    """Shows how far the work has come, and says lines beside that; made by `progress`."""

    def __init__(self, done_to: str, console: Console, bar: tuple[Progress, TaskID] | None) -> None:
        """Show it in a bar, or in lines that begin with what was done."""
        self._done_to = done_to
        self._console = console
        self._bar = bar
        self._began = self._told = time.monotonic()

    def __call__(self, done: int, total: int | None, passages: int | None = None) -> None:
        """Show how many articles are done, of how many, if that is known, and how many passages were written."""
        now = time.monotonic()
        seconds = max(now - self._began, 0.001)
        rate = "" if passages is None else f" {passages / seconds:,.0f} passages/s,"
        if self._bar:
            bar, task = self._bar
            bar.update(task, completed=done, total=total, rate=rate)
        elif now - self._told >= _LINE_EVERY:
            self._told = now
            of, left = "", ""
            if total:
                of = f" of {total}"
                left = f" {timedelta(seconds=round(seconds / max(done, 1) * max(total - done, 0)))} left"
            click.echo(f"{self._done_to} {done}{of} articles,{rate}{left}".rstrip(","), err=True)

    def say(self, line: str) -> None:
        """Say a line, above the bar if there is one."""
        if self._bar:
            self._console.print(plain(line), markup=False)
        else:
            click.echo(plain(line), err=True)


@contextmanager
def progress(doing: str, done_to: str) -> Iterator[Shown]:
    """Give what shows how many articles are done.

    Args:
        doing: what is being done to them, as `Embedding`.
        done_to: what was done, as `embedded`.

    """
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    if not console.is_terminal:
        yield Shown(done_to, console, None)
        return
    with Progress(*_COLUMNS, console=console) as bar:
        yield Shown(done_to, console, (bar, bar.add_task(doing, total=None, rate="")))
