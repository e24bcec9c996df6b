"""ONE IMPORT: the lines of a corpus file -> each article's history -> what the store lacks of it, embedded and stored.

What a store has is never lost by it: of two current versions the one that was stored later is current, and the other is
kept as a version before. What is withdrawn here stays so, and what is withdrawn there is withdrawn here, unless it was
stored here after that. What is purged here does not come back; what is purged there is withdrawn here, and no more.
The same file twice writes nothing and embeds nothing the second time, and one that was interrupted goes on.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from pydantic import Field

from retrieval.archive import Archive, superseded_id
from retrieval.corpus_file import CorpusFile, History, Mark, Refused, Stored
from retrieval.embedding import Embedder
from retrieval.errors import ArticleWithdrawn
from retrieval.ingest import UNDER_WAY, ingest
from retrieval.limits import Row
from retrieval.rows import stored_at, withdrawal_of
from retrieval.store import Store
from retrieval.types import Frozen
from retrieval.writes import Moments

_TOGETHER = 100  # articles that are looked up in one go
_MOST_CHARACTERS = 1_000_000  # of them together, but for one that is longer
_WITHOUT_CURRENT = "an earlier version of an article whose current one is not here yet: import the file again"


class Imported(Frozen):
    """What became of the articles of an export."""

    created: int = 0
    replaced: int = 0
    unchanged: int = 0
    older: int = Field(default=0, description="Stored here later than there: the other is kept as a version before.")
    withdrawn: int = 0
    versions: int = Field(default=0, description="Superseded versions that were not here.")
    still_here: tuple[str, ...] = Field(
        default=(), description="Articles that were purged there, and whose texts are withdrawn here and readable."
    )
    refused: tuple[Refused, ...] = ()

    def __add__(self, other: "Imported") -> "Imported":
        """Count both."""
        return Imported(**{name: getattr(self, name) + getattr(other, name) for name in Imported.model_fields})

    @property
    def articles(self) -> int:
        """Count the articles."""
        return self.created + self.replaced + self.unchanged + self.older + self.withdrawn


Take = Callable[[Sequence[History]], Awaitable[Imported]]
"""Takes articles into a store, this process's own or a running service's."""


async def imported(
    lines: AsyncIterator[bytes], take: Take, tell: Callable[[Imported | Refused, int | None], None]
) -> Imported:
    """Import a corpus file; a line that is wrong is reported, and loses nothing else.

    Args:
        lines: the file's.
        take: takes some articles in.
        tell: is told what became of all so far, and what is refused; and how many articles there are, if that is known.

    """
    file = CorpusFile(lines)
    done = Imported()
    some: list[History] = []
    async for found in file.read():
        total = file.head.articles if file.head else None
        if isinstance(found, Refused):
            done += Imported(refused=(found,))
            tell(found, total)
            continue
        if some and (len(some) == _TOGETHER or sum(map(_length, [*some, found])) > _MOST_CHARACTERS):
            done += await _told(take(some), tell, total)
            tell(done, total)
            some = []
        some.append(found)
    if some:
        total = file.head.articles if file.head else None
        done += await _told(take(some), tell, total)
        tell(done, total)
    return done


async def _told(
    taking: Awaitable[Imported], tell: Callable[[Imported | Refused, int | None], None], total: int | None
) -> Imported:
    done = await taking
    for refused in done.refused:
        tell(refused, total)
    return done


async def take_in(histories: Sequence[History], store: Store, embedder: Embedder) -> Imported:
    """Store what the store lacks of some articles.

    Raises:
        ModelError: the embedding model does not answer; what was stored before stays.

    """
    rows = await store.read(_rows, [history.article_id for history in histories])
    kept = await store.read(_kept, [_name(one) for history in histories for one in _versions(history)])
    places = asyncio.Semaphore(UNDER_WAY)
    failures: list[Exception] = []
    done: list[Imported] = []

    async def one(history: History) -> None:
        async with places:
            if failures:
                return
            try:
                done.append(await _take_in(history, rows.get(history.article_id), kept, store, embedder))
            except Exception as error:  # noqa: BLE001 - it is raised when what is under way has ended, and been stored
                failures.append(error)

    await asyncio.gather(*map(one, histories))
    if failures:
        raise failures[0]
    return sum(done, Imported())


async def _take_in(history: History, row: Row | None, kept: set[str], store: Store, embedder: Embedder) -> Imported:
    withdrawal = withdrawal_of(row) if row else None
    if withdrawal and withdrawal.purged:
        return Imported(unchanged=1)
    last = history.last
    # What is current here is kept when it is replaced, unless it is what came back there.
    current = row["version"] if row and not withdrawal else None
    there = {current} - {last.version if isinstance(last, Stored) else None}
    lacking = [one for one in history.superseded if _name(one) not in kept and one.version not in there]
    if isinstance(last, Stored) and row and _stays(row, last):
        lacking += [last] if row["version"] != last.version and _name(last) not in kept else []
    done = Imported()
    if isinstance(last, Mark):
        done = await _withdrawn(last, row, store, _moments(history))
    elif last and row and _stays(row, last):
        done = Imported(older=1) if last in lacking else Imported(unchanged=1)
    elif last:
        try:
            outcome = await ingest(last.article, store, embedder, moments=_moments(history))
        except ArticleWithdrawn:  # meanwhile
            outcome = "unchanged"
        done = Imported(**{outcome: 1})
    elif not row:
        return Imported(refused=tuple(Refused(line=number, reason=_WITHOUT_CURRENT) for number in history.numbers))
    # Now that there is a record: a purge finds no text without one.
    versions = await store.keep([(one.article, one.stored) for one in lacking]) if lacking else 0
    return done + Imported(versions=versions)


async def _withdrawn(mark: Mark, row: Row | None, store: Store, moments: Moments | None) -> Imported:
    """Withdraw an article as the other store did."""
    if row and (withdrawal_of(row) or stored_at(row) > mark.withdrawn.at):
        return Imported(unchanged=1)
    if not await store.mark(mark.source, mark.withdrawn, moments):
        return Imported(unchanged=1)  # it was meanwhile
    still_here = (mark.article_id,) if row and mark.withdrawn.purged else ()
    return Imported(withdrawn=1, still_here=still_here)


def _stays(row: Row, last: Stored) -> bool:
    """Tell whether an article stays as the store has it: withdrawn, the same, or stored later."""
    return bool(row.get("withdrawn")) or row["version"] == last.version or stored_at(row) >= last.stored[-1]


def _moments(history: History) -> Moments | None:
    """Tell when an article came to the other store, and its last version."""
    moments = [moment for one in _versions(history) for moment in one.stored]
    return Moments(moments[0], moments[-1]) if moments else None


def _rows(archive: Archive, article_ids: Sequence[str]) -> dict[str, Row]:
    found = archive.articles.get(ids=list(dict.fromkeys(article_ids)), include=["metadatas"])
    return {str(row["article_id"]): row for row in found["metadatas"]}


def _kept(archive: Archive, names: Sequence[str]) -> set[str]:
    """Tell which versions the store keeps that count no more."""
    return set(map(str, archive.superseded.get(ids=list(dict.fromkeys(names)), include=[])["ids"]))


def _versions(history: History) -> list[Stored]:
    return [*history.superseded, *([history.last] if isinstance(history.last, Stored) else [])]


def _name(one: Stored) -> str:
    return superseded_id(one.article_id, one.version)


def _length(history: History) -> int:
    return sum(len(one.text) for one in _versions(history))
