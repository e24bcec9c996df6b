"""ONE JOB: what was given -> articles -> the store, what became of each kept; top to bottom, and job after job.

Jobs outlive the process. Of several processes that share a folder one works, and another goes on when it ends.
Jobs with addresses have a lane of their own, so that no article waits for a slow site.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar, TypeVarTuple

from filelock import FileLock, Timeout

from retrieval.embedding import Embedder
from retrieval.errors import ModelError, StoreError, UnreadableArticle
from retrieval.gathering import Gathered, gather
from retrieval.ingest import ingest, ingest_all
from retrieval.owner import unwritable
from retrieval.readers import Document
from retrieval.store import Outcome, Store
from retrieval.types import Article
from service import spool
from service.job_records import ItemOutcome, Job, JobItem, Records

if TYPE_CHECKING:
    from retrieval.fetching import Fetcher

_POLL = 1.0  # seconds after which another process's jobs, and its end, are noticed; chosen
_SHORTEST_WAIT, _LONGEST_WAIT = 1.0, 60.0  # seconds before a store or a model that failed is tried again; chosen
_GRACE = 3.0  # seconds that the articles under way have when their job is stopped; chosen
_MOST_STARTS = 5  # of one job, where each time the process ended before anything was done; chosen
_MOST_LOGGED = 20  # lines of one job about what was skipped; chosen

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
_log = logging.getLogger("groundwire.jobs")


@dataclass
class _Lane:
    """What jobs of one sort wait for and are at: those with addresses, where sites may be slow, or those without."""

    addresses: bool
    news: asyncio.Event = field(default_factory=asyncio.Event)
    at_work: tuple[str, asyncio.Event] | None = None  # a job, and what ends it
    recorded: int = 0
    failed_at: str | None = None  # the first article that the store or the model failed at


class Jobs:
    """The jobs of a folder, and who works on them; used in an `async with` statement.

    What reads or writes them may raise StoreUnavailable: the folder cannot be written.
    """

    def __init__(self, folder: Path, store: Store, embedder: Embedder, fetcher: "Fetcher") -> None:
        """Take what the articles go to, and what fetches those that are at addresses; their owners close them."""
        self.fetcher = fetcher
        self._store = store
        self._embedder = embedder
        self._folder = folder
        self._spool = folder / "spool"
        self._pool = ThreadPoolExecutor(1, "jobs")  # SQLite's one thread
        self._lock = FileLock(folder / "worker.lock", thread_local=False)  # of the one process that works
        self._stopped = asyncio.Event()
        self._lanes = _Lane(addresses=False), _Lane(addresses=True)

    async def __aenter__(self) -> Self:
        """Open the records and begin to work."""
        self._records = await self._call(self._open)
        self._workers = [asyncio.create_task(self._work(lane)) for lane in self._lanes]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, and close the records."""
        try:
            await self.stop()
        finally:
            for worker in self._workers:
                worker.cancel()
            self._pool.shutdown()
            self._records.close()
            self._lock.release()

    async def stop(self) -> None:
        """Stop between two articles; the job goes on at the next start. A second time does nothing."""
        self._stopped.set()
        for lane in self._lanes:
            lane.news.set()
            if lane.at_work:
                lane.at_work[1].set()
        await asyncio.wait(self._workers)

    # What anybody may ask

    def delivery(self) -> spool.Delivery:
        """Take what a job is to be given."""
        return spool.Delivery(self._spool)

    async def add(self, delivery: spool.Delivery) -> Job:
        """Make a job of what was given."""
        addresses = delivery.addresses
        add = partial(self._records.add, delivery.job_id, delivery.total, delivery.accept, addresses=addresses)
        job = await self._call(add)
        self._lanes[addresses].news.set()
        return job

    async def job(self, job_id: str) -> Job | None:
        """Give a job; None: there is none."""
        return await self._call(self._records.job, job_id)

    async def items(self, job_id: str, offset: int, limit: int, outcome: ItemOutcome | None = None) -> list[JobItem]:
        """Give a page of a job's items, in the order in which they were done."""
        return await self._call(self._records.items, job_id, offset, limit, outcome)

    async def jobs(self, offset: int, limit: int) -> tuple[list[Job], int]:
        """Give a page of the jobs, the last one first, and how many there are."""
        return await self._call(self._records.jobs, offset, limit), await self._call(self._records.count)

    async def standing(self) -> tuple[dict[str, int], int]:
        """Count the jobs by status, and the items that those which have not ended are known to wait for."""
        return await self._call(self._records.standing)

    async def cancel(self, job_id: str) -> bool:
        """End a job that has not ended; what was stored stays. False: there is none, or it has."""
        cancelled = await self._call(self._records.cancel, job_id)
        for lane in self._lanes:
            if cancelled and lane.at_work and lane.at_work[0] == job_id:
                lane.at_work[1].set()
                return True
        if cancelled:
            await self._call(self._records.prune, self._sweep)  # what it was given
        return cancelled

    # The one who works

    async def _work(self, lane: _Lane) -> None:
        wait = _SHORTEST_WAIT
        while not self._stopped.is_set():
            before = lane.recorded
            try:
                worked = self._is_ours() and await self._next(lane)
            except (StoreError, ModelError) as error:
                wait = _SHORTEST_WAIT if lane.recorded > before else min(2 * wait, _LONGEST_WAIT)
                _log.warning("jobs are tried again in %.0f s: %s", wait, error)
                await _pause(wait, self._stopped)
            except Exception:  # noqa: BLE001 - or a bug would end all work, unseen
                _log.exception("A bug: no job can be worked on")
                await _pause(_LONGEST_WAIT, self._stopped)
            else:
                wait = _SHORTEST_WAIT
                if not worked:
                    await _pause(_POLL, lane.news)
                    lane.news.clear()

    def _is_ours(self) -> bool:
        """Tell whether this process is the one that works, and be it if there is none."""
        try:
            if not self._lock.is_locked:
                self._lock.acquire(blocking=False)
        except Timeout:
            return False
        except OSError as error:
            raise unwritable(self._folder, error) from error
        return True

    async def _next(self, lane: _Lane) -> bool:
        """Work on the oldest job of a lane that has not ended; False: there is none."""
        job = await self._call(partial(self._records.next, addresses=lane.addresses))
        if job is None:
            return False
        halt, error = asyncio.Event(), None
        lane.at_work = job.id, halt
        try:
            if await self._call(self._records.start, job.id) > _MOST_STARTS:
                error = f"the service ended {_MOST_STARTS} times after {job.done} items of it: the next one may be why"
            elif not await self._take_in(job, halt, lane) and self._stopped.is_set():
                await self._call(self._records.pause, job.id)
                return True
        except (StoreError, ModelError) as failure:
            with suppress(StoreError):  # what cannot be written may be the disk on which this is
                why = f"waits, to be tried again: {failure}"
                if lane.failed_at is not None:
                    why += f" (at the article {lane.failed_at!r})"
                alone = isinstance(failure, ModelError)  # the store fails for all
                await self._call(partial(self._records.pause, job.id, why, alone=alone))
            raise
        except spool.Gone as gone:
            error = str(gone)
        except Exception as bug:  # noqa: BLE001 - it ends this job, not the next
            _log.exception("A bug: the job %s could not be done", job.id)
            # Not its message, which may hold what an article says.
            error = f"a fault of the service ({type(bug).__name__}); its log has more under this job's id"
        finally:
            lane.at_work = lane.failed_at = None
        await self._call(self._records.finish, job.id, error)
        await self._call(self._records.prune, self._sweep)
        if ended := await self._call(self._records.job, job.id):
            took = (ended.finished - ended.created).total_seconds() if ended.finished else None
            said = {"job": job.id, "status": ended.status, "items": ended.done, **ended.counts.model_dump()}
            counts = "created=%(created)d replaced=%(replaced)d unchanged=%(unchanged)d skipped=%(skipped)d"
            _log.info(f"job %(job)s %(status)s: {counts}", said | {"seconds": took, "error": error})
        return True

    async def _take_in(self, job: Job, halt: asyncio.Event, lane: _Lane) -> bool:
        """Bring the articles of a job into the store, until it is halted; False: it was, before the last one."""
        run = asyncio.create_task(self._bring(job, halt, lane))
        halted = asyncio.create_task(halt.wait())
        try:
            await asyncio.wait([run, halted], return_when=asyncio.FIRST_COMPLETED)
            if not run.done():
                await asyncio.wait([run], timeout=_GRACE)
            if not run.done():
                run.cancel()
                await asyncio.wait([run])
            return False if run.cancelled() else await run
        finally:
            halted.cancel()
            run.cancel()

    async def _bring(self, job: Job, halt: asyncio.Event, lane: _Lane) -> bool:
        skipped = 0
        _log.info("job %s: %s", job.id, f"goes on after {job.done} items" if job.done else "begins")
        # Begun before: the ids that its articles took are taken.
        taken = await self._call(self._records.article_ids, job.id) if job.done else {}
        async with aclosing(ingest_all(self._gathered(job, halt), partial(self._put, lane), taken)) as ingested:
            async for one in ingested:
                if not await self._call(self._records.record, job.id, one):
                    halt.set()  # it was cancelled, maybe by another process
                lane.recorded += 1
                if one.outcome is None:
                    skipped += 1
                    if skipped <= _MOST_LOGGED:
                        # Without the reason, which may quote the article, and what an address may show a key in.
                        said = {"job": job.id, "name": ascii(one.name.partition("?")[0])}
                        _log.warning("job %(job)s skipped %(name)s", said)
        if skipped > _MOST_LOGGED:
            told = "job %(job)s skipped %(skipped)d items in all: GET /v1/jobs/%(job)s tells them"
            _log.warning(told, {"job": job.id, "skipped": skipped})
        return not halt.is_set()

    async def _gathered(self, job: Job, halt: asyncio.Event) -> AsyncIterator[Gathered]:
        """Give the articles of a job, but for those that have their outcome from before."""

        async def done(name: str) -> bool:
            return job.done > 0 and await self._call(self._records.is_done, job.id, name)

        for given in await asyncio.to_thread(spool.given, self._spool, job.id):
            # A file of one article, or a page: it need not be read, nor fetched, again.
            if await done(given.name if isinstance(given, Document) else given.url):
                continue
            try:
                async for one in gather([given], self.fetcher, self._store.version, done=done):
                    if halt.is_set():
                        return
                    if not await done(one[0]):
                        yield one
            except (StoreError, ModelError):
                raise
            except Exception as bug:  # noqa: BLE001 - what is given behind it is not to blame
                name = given.name if isinstance(given, Document) else given.url
                yield name, UnreadableArticle(name, self._fault_of(bug)), None

    async def _put(self, lane: _Lane, article: Article) -> Outcome:
        article_id = article.source.article_id
        try:
            return await ingest(article, self._store, self._embedder)
        except (StoreError, ModelError):
            lane.failed_at = lane.failed_at or article_id
            raise
        except UnreadableArticle:
            raise
        except Exception as bug:
            raise UnreadableArticle(article_id, self._fault_of(bug)) from bug

    def _fault_of(self, bug: Exception) -> str:
        _log.error("A bug: an article could not be taken in", exc_info=bug)
        # Not its message, which may hold what an article says.
        return f"a fault of the service ({type(bug).__name__}); its log has more"

    def _open(self) -> Records:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(self._folder, error) from error
        records = Records(self._folder / "jobs.sqlite")
        records.prune(self._sweep)
        return records

    def _sweep(self, kept: set[str]) -> None:
        spool.sweep(self._spool, kept)

    async def _call(self, function: Callable[[*Ts], T], *arguments: *Ts) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, function, *arguments)


async def _pause(seconds: float, until: asyncio.Event) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(until.wait(), seconds)
