"""ONE STORE EMBEDDED ANEW: its passages -> another model's vectors, in collections beside -> the switch; top to bottom.

The generation in force stays as it is until one record names the new one: killed at any point before, the next run goes
on where this one was, for an article that is there with its change is not embedded again. On a Chroma server others
write meanwhile, by the model in force. Looks at the feed bring what they change, until one brings nothing. A writer
notes a write, then looks which generation is in force: so when all that is noted at the switch has ended, nobody
writes to the old collections any more. One more look brings the last of it, by the way of every other write.
"""

import asyncio
import dataclasses
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from chromadb.errors import NotFoundError

from retrieval import connection, mending
from retrieval.archive import Archive, superseded_id, together
from retrieval.catalogue import Record, article_of, key, write_of
from retrieval.embedding import Embedder, Vectors
from retrieval.errors import RetrievalError, StoreUnavailable
from retrieval.feed import OVERLAP
from retrieval.generations import Generation, Generations
from retrieval.limits import BATCH, Row
from retrieval.line import Access
from retrieval.mending import TOGETHER, embedded
from retrieval.owner import Owner
from retrieval.rows import (
    article_of_row,
    moment_of,
    passage_row,
    record_of,
    source_of,
    stored_at,
    withdrawal_of,
)
from retrieval.store import Store
from retrieval.writes import Moments, Prepared, mean_of, nobodys

Tell = Callable[[int, int], None]
"""Takes how many articles are done, and of how many."""

STOP_IT = "Stop it first: while the vectors of a folder are made anew, nobody else can use it."
_LOOKS = 20  # chosen: while others write without an end, the last of it is brought behind the switch
_LONGEST_WRITE = 60.0  # seconds that a noted write is waited for; a call to Chroma ends then
_PAUSE = 0.1  # seconds between two looks whether it has ended
_log = logging.getLogger("groundwire.store")


@dataclass(frozen=True)
class Reembedded:
    """What became of a store."""

    before: str | None
    """The model that was in force; None: nothing was ever stored."""
    model: str
    """The model that is."""
    switched: bool = False
    """The store was embedded anew; or it was of that model before."""
    articles: int = 0
    passages: int = 0
    """That were embedded; not those that an interrupted run had embedded before."""
    seconds: float = 0.0


async def reembed_folder(folder: Path, embedder: Embedder, tell: Tell, *, force: bool = False) -> Reembedded:
    """Embed the store in a folder anew, which nobody may use meanwhile.

    Args:
        folder: the data folder.
        embedder: the model whose vectors it is to hold.
        tell: is told how far it has come.
        force: also where the store is of that model.

    Raises:
        StoreLocked: another process owns it.
        StoreForeign: it has another format.
        ModelError: the model does not answer; what it gave before is kept for the next run.

    """
    owner = Owner.acquire(folder, STOP_IT)
    try:
        client = connection.open_folder(folder)
        try:
            generations = Generations(client)
            generations.remove_former()
            if mending.is_due(folder):
                generations.remove_unfinished()  # its vectors are gone, too
            done = await _Reembedding(generations, embedder, tell).run(force=force)
            if done.switched:
                mending.done(folder)
                generations.remove_former()
        finally:
            connection.close(client)
        mending.remove_orphans(folder)
    finally:
        owner.release()
    return done


async def reembed_server(  # noqa: PLR0913 - what the work needs, and nothing else
    url: str,
    embedder: Embedder,
    tell: Tell,
    *,
    force: bool = False,
    folder: Path | None = None,
    access: Access = Access(),  # noqa: B008 - frozen
) -> Reembedded:
    """Embed the store on a Chroma server anew, while services search it and change it by the model in force.

    Args:
        url: the server's address.
        embedder: as for a folder, like the others.
        tell: is told how far it has come.
        force: also where the store is of that model.
        folder: where word indexes are kept.
        access: by what the server lets us in.

    Raises:
        StoreUnavailable: no Chroma answers there.
        StoreForeign, ModelError: as for a folder.

    """
    client = connection.open_server(url, access)
    try:
        generations = Generations(client)
        work = _Reembedding(generations, embedder, tell)
        done = await work.run(force=force, shared=True)
        if done.switched or generations.former():
            await work.wait_for_writers()
            with Store.open_server(url, embedder, folder, access) as store:
                await work.bring_the_last(store)
            generations.remove_former()
    except NotFoundError as error:
        raise StoreUnavailable("Another `groundwire reembed` of this store has ended; this one stops.") from error
    except Exception as error:
        if isinstance(error, RetrievalError) or not connection.is_of_chroma(error):
            raise
        raise connection.failed(error) from error
    else:
        return done
    finally:
        connection.close(client)


class _Source:
    """A generation that is carried over, and how far its changes were followed; see feed.py."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self._position = self._seen = 0

    def look(self) -> Iterator[list[Record]]:
        """Give the articles that were changed since the look before the last one, in batches."""
        seen = self._seen
        for changes in self.archive.changes(self._position - OVERLAP):
            records = [record for record, _ in changes]
            self._seen = max(self._seen, *(record.change for record in records))
            yield records
        self._position = seen


class _Reembedding:
    """The work on one store."""

    def __init__(self, generations: Generations, embedder: Embedder, tell: Tell) -> None:
        self._generations = generations
        self._embedder = embedder
        self._tell = tell
        self._passages = 0
        self._sources: list[_Source] = []

    async def run(self, *, force: bool, shared: bool = False) -> Reembedded:
        """Embed what the store holds, and switch; nothing where it is of the model already."""
        began = time.monotonic()
        old = self._generations.in_force()
        again = force or any(one.embedding == self._embedder.name for one in self._generations.unfinished())
        self._open_sources()
        if old is None or (old.embedding == self._embedder.name and not again):
            self._generations.remove_unfinished()
            return Reembedded(old.embedding if old else None, self._embedder.name)
        self._generations.remove_unfinished(but=self._embedder.name)
        new = Generation(old.number + 1, self._embedder.name)
        target = self._generations.archive(new, new=True)
        for look in range(_LOOKS):
            carried = await self._look(target, first=look == 0)
            if not shared or (look > 1 and not carried):
                break
        _tidy(target)
        if shared:
            await self._look(target)  # what came while that took its time
        if self._generations.number() != old.number:
            raise StoreUnavailable("Another `groundwire reembed` has switched this store; this one stops.")
        self._generations.switch(new)
        articles, seconds = target.articles.count(), time.monotonic() - began
        return Reembedded(old.embedding, new.embedding, True, articles, self._passages, seconds)  # noqa: FBT003

    async def _look(self, target: Archive, *, first: bool = False) -> int:
        """Carry over what was changed; tell how many articles that were."""
        carried = done = 0
        for source in self._sources:
            total = source.archive.articles.count()
            for records in source.look():
                there = target.records([record.article_id for record in records])
                new = [one for one in records if _is_newer(one, there.get(one.article_id))]
                done += len(records) - len(new)
                for some in together(new, TOGETHER):
                    await self._carry(source.archive, target, [record.article_id for record in some])
                    carried, done = carried + len(some), done + len(some)
                    if first:
                        self._tell(min(done, total), total)
        return carried

    async def _carry(self, source: Archive, target: Archive, article_ids: Sequence[str]) -> None:
        """Write articles into the new collections as they are, with the model's vectors."""
        rows = _rows(source, article_ids)
        records = [record_of(row) for row, _ in rows.values()]
        current = [record for record in records if not record.withdrawn]
        names = [name for record in current for name in record.passage_ids()]
        known = target.vectors(names)
        fresh = [record for record in current if any(name not in known for name in record.passage_ids())]
        for record, one in zip(fresh, await self._embedded(source, fresh, rows), strict=True):
            if one is None:
                del rows[record.article_id]
                continue
            passages = list(zip(record.passage_ids(), one.passages, one.vectors, one.sentences, strict=True))
            target.passages.upsert(
                ids=[name for name, _, _, _ in passages],
                embeddings=np.asarray(one.vectors, dtype=np.float32),
                documents=[passage.text for _, passage, _, _ in passages],
                metadatas=[passage_row(passage, record.write, parts) for _, passage, _, parts in passages],
            )
            known |= {name: vector for name, _, vector, _ in passages}
            self._passages += len(passages)
        self._commit(target, rows, known)

    async def _embedded(
        self, source: Archive, records: Sequence[Record], rows: Mapping[str, tuple[Row, str]]
    ) -> list[Prepared | None]:
        """Embed articles; None for one that was replaced meanwhile: its change comes with the next look."""
        texts = source.texts([name for record in records for name in record.passage_ids()])
        whole = [record for record in records if all(name in texts for name in record.passage_ids())]
        for record, _ in source.records([one.article_id for one in records if one not in whole]).values():
            if record in records:
                raise StoreUnavailable(
                    f"The store lacks passages of the article {record.article_id!r}. Withdraw it with the model that "
                    "the store has now, embed the store anew, and ingest it again."
                )
        articles = {record.article_id: article_of_row(*rows[record.article_id]) for record in whole}
        prepared = dict(zip(whole, await embedded(whole, articles, texts, self._embedder), strict=True))
        return [prepared.get(record) for record in records]

    def _commit(self, target: Archive, rows: Mapping[str, tuple[Row, str]], known: Mapping[str, Vectors]) -> None:
        """Write the articles' records, and remove the passages of those that they replace."""
        if not rows:
            return
        before = {article_id: row for article_id, (row, _) in _rows(target, list(rows)).items()}
        vectors: list[Vectors] = []
        for row, _ in rows.values():
            record = record_of(row)
            of = [] if record.withdrawn else [known[name] for name in record.passage_ids()]
            vectors.append(mean_of(np.asarray(of)) if of else nobodys(self._embedder.dimensions))
        target.articles.upsert(
            ids=list(rows),
            embeddings=np.asarray(vectors, dtype=np.float32),
            documents=[text for _, text in rows.values()],
            # upsert merges metadata: what the record lacks now is deleted by None.
            metadatas=[{**dict.fromkeys(before.get(one, {})), **row} for one, (row, _) in rows.items()],
        )
        replaced = [record_of(row) for one, row in before.items() if row["write"] != rows[one][0]["write"]]
        target.passages.delete(ids=[name for record in replaced for name in record.passage_ids()])

    async def wait_for_writers(self) -> None:
        """Wait until the writes that were noted at the switch have ended."""
        pending = self._in_force().pending
        noted = pending.get(include=[])["ids"]
        deadline = time.monotonic() + _LONGEST_WRITE
        while noted and time.monotonic() < deadline:
            await asyncio.sleep(_PAUSE)
            noted = pending.get(ids=noted, include=[])["ids"]
        if noted:
            _log.warning("%d writes have not ended in %.0f s: they were killed, perhaps", len(noted), _LONGEST_WRITE)

    async def bring_the_last(self, store: Store) -> None:
        """Write what was changed in the old collections since the last look into the store as it is now."""
        target = self._in_force()
        for source in self._sources:
            for records in source.look():
                there = target.records([record.article_id for record in records])
                new = [one for one in records if _is_newer(one, there.get(one.article_id))]
                for some in together(new, TOGETHER):
                    await self._write(source.archive, some, store)
                lost = [one for one in records if one not in new and _was_replaced(one, there[one.article_id][0])]
                await _keep(source.archive, target, lost, store)

    async def _write(self, source: Archive, records: Sequence[Record], store: Store) -> None:
        """Write articles as every other write does: their numbers are high enough for whoever follows the new feed."""
        rows = _rows(source, [record.article_id for record in records])
        current = [record for record in map(record_of, (row for row, _ in rows.values())) if not record.withdrawn]
        for one in await self._embedded(source, current, rows):
            if one:
                row, _ = rows[one.article.source.article_id]
                moments = Moments(moment_of(row["added"]), stored_at(row))
                await store.put(dataclasses.replace(one, restore=True, moments=moments))
        for row, _ in rows.values():
            withdrawal = withdrawal_of(row)
            if withdrawal:
                await store.mark(source_of(row), withdrawal, None)
            if withdrawal and withdrawal.purged:
                await store.withdraw(row["article_id"], withdrawal.reason, purge=True)

    def _in_force(self) -> Archive:
        [generation] = [one for one in self._generations.all() if one.number == self._generations.number()]
        return self._generations.archive(generation)

    def _open_sources(self) -> None:
        """Open what is carried over: what is in force, and what a run that was killed behind its switch has left."""
        number = self._generations.number()
        for one in self._generations.all():
            if one.number <= number:
                with suppress(NotFoundError):  # half of it was removed: all was brought before
                    self._sources.append(_Source(self._generations.archive(one)))


def _is_newer(record: Record, there: tuple[Record, object] | None) -> bool:
    return there is None or there[0].change < record.change


def _rows(archive: Archive, article_ids: Sequence[str]) -> dict[str, tuple[Row, str]]:
    """Give articles' records as they are stored, with their texts."""
    if not article_ids:
        return {}
    found = archive.articles.get(ids=[*article_ids], include=["documents", "metadatas"])
    pairs = zip(found["metadatas"], found["documents"], strict=True)
    return {str(row["article_id"]): (row, text or "") for row, text in pairs}


def _was_replaced(record: Record, there: Record) -> bool:
    """Tell whether a version came when another was current already, and should be readable all the same."""
    return not record.withdrawn and not there.purged and record.version != there.version


async def _keep(source: Archive, target: Archive, records: Sequence[Record], store: Store) -> None:
    """Keep the versions that were replaced already when they came."""
    rows = list(_rows(source, [record.article_id for record in records]).values())
    names = [superseded_id(row["article_id"], row["version"]) for row, _ in rows]
    known = target.superseded.get(ids=names, include=[])["ids"] if names else []
    lost = [pair for name, pair in zip(names, rows, strict=True) if name not in known]
    await store.keep([(article_of_row(row, text), [stored_at(row)]) for row, text in lost])


def _tidy(archive: Archive) -> None:
    """Remove the passages that no record names: an interrupted run wrote them, and their article was replaced.

    Raises:
        StoreUnavailable: a passage is missing.

    """
    records = {key(record.article_id): record for changes in archive.changes(0) for record, _ in changes}
    strays: list[str] = []
    named = offset = 0
    while names := archive.passages.get(limit=BATCH, offset=offset, include=[])["ids"]:
        offset += len(names)
        for name in names:
            record = records.get(key(article_of(name)))
            if record and record.write == write_of(name):
                named += 1
            else:
                strays.append(name)
    if named != (passages := sum(record.passages for record in records.values())):
        raise StoreUnavailable(f"Of {passages} passages that were embedded {named} are stored. Do it again.")
    archive.passages.delete(ids=strays)
