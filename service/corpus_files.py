"""The whole corpus into a file and out of one, told as it goes."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

import click

from retrieval.corpus_file import History, Refused, Stored, end_of, head_of, is_current, lines_of
from retrieval.importing import Imported, imported
from service.desk import Desk
from service.errors import CorpusFileError
from service.printing import plain
from service.progress import progress

_CHUNK = 1_000_000  # bytes


@dataclass(frozen=True)
class Export:
    """What was exported."""

    articles: int
    withdrawn: int
    superseded: int
    fingerprint: str
    file: str

    def __str__(self) -> str:
        """Count it in a line."""
        return (
            f"{self.articles} articles, {self.superseded} earlier versions and {self.withdrawn} withdrawals "
            f"exported to {self.file}"
        )

    def data(self) -> dict[str, object]:
        """Give the same for programs."""
        return asdict(self)


async def export_to(file: Path | None, desk: Desk) -> Export:
    """Export the corpus into a file, whole or not at all; None: to stdout.

    Raises:
        CorpusFileError: the file cannot be written, or the export ended before its end.

    """
    with _whole(file) as out, progress("Exporting", "exported") as show:
        total: int | None = None
        done = 0
        last = b""
        async with aclosing(desk.exported()) as lines:
            async for line in lines:
                out.write(line)
                if total is None:
                    head = head_of(line)
                    total = head.articles if head else 0
                elif is_current(line):
                    done += 1
                    show(done, total)
                last = line
        end = end_of(last)
        if end is None:
            raise CorpusFileError("The export was cut off, and is not kept: do it again.")
        out.flush()
    return Export(**end.model_dump(exclude={"groundwire"}), file=str(file) if file else "stdout")


async def import_from(file: Path | None, desk: Desk) -> Imported:
    """Import an export; None: from stdin.

    Raises:
        CorpusFileError: the file cannot be read.

    """
    try:
        source = file.open("rb") if file else sys.stdin.buffer
    except OSError as error:
        raise CorpusFileError(f"{file} cannot be read: {error.strerror or error}.") from error
    with source, progress("Importing", "imported") as show:
        articles = 0  # without those that were withdrawn there, which the file does not count as articles either

        async def take_in(histories: Sequence[History]) -> Imported:
            nonlocal articles
            taken = await desk.take_in(histories)
            articles += sum(isinstance(history.last, Stored) for history in histories)
            return taken

        def tell(found: Imported | Refused, total: int | None) -> None:
            if isinstance(found, Refused):
                show.say(f"line {found.line}: {found.reason}")
            else:
                show(articles, total)

        done = await imported(lines_of(_chunks(source)), take_in, tell)
    for article_id in done.still_here:
        click.echo(
            plain(f"{article_id} was purged where this comes from; its text is withdrawn here, and still readable"),
            err=True,
        )
    return done


def import_text(done: Imported) -> str:
    """Count what became of the articles in a line."""
    counts = ", ".join(
        f"{getattr(done, name)} {name}" for name in ("created", "replaced", "unchanged", "older", "withdrawn")
    )
    return f"{counts}, {done.versions} earlier versions, {len(done.refused)} refused"


async def _chunks(source: BinaryIO) -> AsyncIterator[bytes]:
    while chunk := await asyncio.to_thread(source.read, _CHUNK):
        yield chunk


@contextmanager
def _whole(file: Path | None) -> Iterator[BinaryIO]:
    """Open a file that takes its name when it is whole, in place of another; None: stdout.

    What is there and no regular file, a pipe or a device, stays, and is written to.
    """
    if file is None:
        yield sys.stdout.buffer
        return
    try:
        if file.exists() and not file.is_file():
            with file.open("wb") as out:
                yield out
            return
        file = Path(os.path.realpath(file))  # a link stays one
        part = file.with_name(f".{file.name}.{os.getpid()}.part")
        try:
            with part.open("xb") as out:
                yield out
                out.flush()
                os.fsync(out.fileno())
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise CorpusFileError(f"{file} cannot be written: {error.strerror or error}.") from error
