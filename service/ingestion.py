"""Files and addresses into the corpus, told as it goes: a bar on a terminal, lines elsewhere; then the counts."""

import asyncio
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from retrieval.gathering import Memory, gather
from retrieval.ingest import Ingested, ingest_all
from retrieval.readers import Address, Document, document_files, holds_many
from service.desk import Desk, versions_at
from service.progress import progress

if TYPE_CHECKING:
    from retrieval.fetching import Fetcher


@dataclass(frozen=True)
class Ingestion:
    """What became of all that was given."""

    created: int
    replaced: int
    unchanged: int
    skipped: tuple[Ingested, ...]
    noted: tuple[Ingested, ...] = ()
    """Taken in, with something to be told."""
    withdrawn: tuple[Ingested, ...] = ()
    """Left out because they were withdrawn, which is no failure."""

    def __str__(self) -> str:
        """Count them in one line."""
        withdrawn = f"{len(self.withdrawn)} withdrawn, " if self.withdrawn else ""
        return (
            f"{self.created} created, {self.replaced} replaced, {self.unchanged} unchanged, "
            f"{withdrawn}{len(self.skipped)} skipped"
        )

    def data(self) -> dict[str, object]:
        """Give the same for programs."""
        skipped, noted, withdrawn = (
            [{"name": one.name, "reason": one.reason} for one in some]
            for some in (self.skipped, self.noted, self.withdrawn)
        )
        counts = {"created": self.created, "replaced": self.replaced, "unchanged": self.unchanged}
        return {**counts, "skipped": skipped, "noted": noted, "withdrawn": withdrawn}


def path_or_address(given: str) -> Path | Address:
    """Tell an address from a path.

    Raises:
        click.UsageError: it is an address of another kind than those that are fetched.

    """
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", given)
    if not scheme or Path(given).exists():
        return Path(given)
    if scheme[1].lower() not in {"http", "https"}:
        raise click.UsageError(f"{given}: only http and https are fetched")
    return Address(given)


async def ingest_given(
    given: Sequence[Path | Address],
    desk: Desk,
    fetcher: "Fetcher | None" = None,
    memory: Memory | None = None,
    *,
    restore: bool = False,
) -> Ingestion:
    """Ingest what is below paths and at addresses; what is no article, or not there, is reported and stops nothing.

    What was withdrawn is reported, too, unless `restore` brings it back.
    """
    missing = [path for path in given if isinstance(path, Path) and not path.exists()]
    there = [one for one in given if one not in missing]
    skipped = [Ingested(str(path), None, None, "no such file or folder") for path in missing]
    noted: list[Ingested] = []
    withdrawn: list[Ingested] = []
    outcomes: Counter[str] = Counter()

    learned = memory.copy() if memory else None
    total = await asyncio.to_thread(_total, there)
    done = passages = 0
    with progress("Ingesting", "ingested") as show:
        for one in skipped:
            show.say(f"skipped {one.name}: {one.reason}")
        async for one in ingest_all(
            gather(_documents(there), fetcher, versions_at(desk), learned), partial(desk.put, restore=restore)
        ):
            if one.withdrawn:
                withdrawn.append(one)
                show.say(f"left out {one.name}: {one.reason}")
            elif not one.outcome:
                skipped.append(one)
                show.say(f"skipped {one.name}: {one.reason}")
            else:
                outcomes[one.outcome] += 1
                if one.reason:
                    noted.append(one)
                    show.say(f"{one.outcome} {one.name}: {one.reason}")
            done, passages = done + 1, passages + one.passages
            show(done, total, passages)
    if memory and learned:
        memory.update(learned)
    return Ingestion(
        outcomes["created"],
        outcomes["replaced"],
        outcomes["unchanged"],
        skipped=tuple(skipped),
        noted=tuple(noted),
        withdrawn=tuple(withdrawn),
    )


def _documents(given: Sequence[Path | Address]) -> Iterator[Document | Address]:
    for one in given:
        if isinstance(one, Address):
            yield one
        else:
            yield from document_files([one])


def _total(given: Sequence[Path | Address]) -> int | None:
    """Count the articles; None: what is given holds as many as it holds."""
    total = 0
    for one in _documents(given):
        if isinstance(one, Address) or holds_many(one):
            return None
        total += 1
    return total
