"""Replicas over one Chroma server are asked and written to while both are restarted, killed and frozen.

    python benchmarks/soak.py [--minutes 15] [--replicas 2] [--shared] [--json]

Every story has a fact of its own, and it is known at any time which versions of it may be cited.

wrong: an answer cites what was replaced or withdrawn, two seconds after that was acknowledged; or a quote that is not
in the article; or lacks the fact that it was asked for, two seconds after that was acknowledged; or it is a status 500.
lost: something acknowledged is not there at the end, or a request got neither a response nor a clear failure though
its replica was not killed.
slow: over 5 s while nothing is down. The status is 1 if any is wrong or lost.
"""

import argparse
import asyncio
import json
import math
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.fleet import Fleet, Process, Reply, chroma, replica  # noqa: E402 - the repository is on the path
from benchmarks.newswire import SEEN, Change, Newsroom, Story  # noqa: E402

_STEADY = 3  # of so many stories at the start one is never changed: by these it is told when all is right again
_MOST_STORIES = 300
_SLOW = 5.0  # seconds
_TELL_EVERY = 10.0  # seconds
_RETRY = 0.5  # seconds after which a client comes again
_JOB_WITHIN = 180.0  # seconds
_CLEAR = {429, 503}  # statuses that tell a client to come again
_MOST_TOLD = 20


@dataclass
class Disturbance:
    """One thing that was done to a process."""

    kind: str
    began: float
    over: float = math.inf
    """When all replicas gave right answers again."""
    down_s: float = 0.0
    recovered_s: float = 0.0
    """From when the process was started, or went on, to right answers of all replicas."""


@dataclass
class Tally:
    """What was counted."""

    asked: int = 0
    answered: int = 0
    written: int = 0
    calm_s: list[float] = field(default_factory=list)
    """Times of answers while nothing was down."""
    wrong: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    slow: list[str] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)
    disturbances: list[Disturbance] = field(default_factory=list)
    resident_mb: list[tuple[float, float]] = field(default_factory=list)
    """Of each replica: at the beginning, and at the end."""

    def quantile(self, share: float) -> float:
        """Give the time in which this share of the answers came while nothing was down; 0 without any."""
        return sorted(self.calm_s)[min(len(self.calm_s) - 1, int(share * len(self.calm_s)))] if self.calm_s else 0.0


class Soak:
    """One run."""

    def __init__(self, fleet: Fleet, seed: int, tell: Callable[[str], None]) -> None:
        """Take running processes."""
        self.fleet = fleet
        self.room = Newsroom(seed)
        self.random = random.Random(seed)  # noqa: S311 - a run can be had again
        self.tally = Tally()
        self._tell = tell
        self._over = asyncio.Event()

    async def run(self, seconds: float, stories: int, askers: int, writers: int, every: float) -> Tally:
        """Run for so long, beginning with some stories, with a disturbance every so many seconds."""
        for _ in range(stories):
            await self._put(self.room.new())
        self._steady = list(self.room.stories.values())[: stories // _STEADY]
        await asyncio.sleep(SEEN)
        began = time.monotonic()
        before = [one.resident_mb for one in self.fleet.replicas]
        telling = asyncio.create_task(self._report(began))
        work = [
            *(asyncio.create_task(self._ask_on()) for _ in range(askers)),
            *(asyncio.create_task(self._write_on()) for _ in range(writers)),
            asyncio.create_task(self._disturb_on(began + seconds, every)),
        ]
        try:
            await work[-1]
            self._over.set()
            await asyncio.gather(*work)
            await asyncio.sleep(SEEN)
            await self._compare()
        finally:
            for task in [*work, telling]:
                task.cancel()
            await asyncio.gather(*work, telling, return_exceptions=True)
        self.tally.resident_mb = [
            (then, one.resident_mb) for then, one in zip(before, self.fleet.replicas, strict=True)
        ]
        return self.tally

    # Asking

    async def _ask_on(self) -> None:
        while not self._over.is_set():
            right = await self._ask(self.random.choice(list(self.room.stories.values())))
            await asyncio.sleep(self.random.uniform(0, 0.3) if right else _RETRY)

    async def _ask(self, story: Story, *, at: str | None = None) -> bool:
        """Ask a story's question; False: no right answer came."""
        self.tally.asked += 1
        reply = await self.fleet.ask("POST", "/v1/answers", {"question": story.question}, at=at)
        if self._judged(reply, "ask") and reply.ok:
            self.tally.answered += 1
            wrong = self.room.wrong(story, reply.body, reply.sent, reply.sent + reply.seconds)
            if wrong:
                changes = ", ".join(_ago(one, reply.sent) for one in story.changes[-3:])
                took = f"asked {story.article_id} for {reply.seconds:.2f} s; its changes: {changes}"
                self._blame(self.tally.wrong, f"{reply.by}, {story.question!r}: {wrong} ({took})")
            return wrong is None
        return False

    def _judged(self, reply: Reply, what: str) -> bool:
        """Count how a request went; False: no response came."""
        over = reply.sent + reply.seconds
        if all(over < one.began or reply.sent > one.over for one in self.tally.disturbances):
            if what == "ask" and reply.ok:
                self.tally.calm_s.append(reply.seconds)
            if reply.seconds > _SLOW:
                self._blame(self.tally.slow, f"{reply.by}, {what}: {reply.seconds:.1f} s, status {reply.status}")
        if reply.status in _CLEAR:
            self.tally.failures[f"{what}: {reply.status}"] += 1
        elif not reply.status and reply.excused:
            self.tally.failures[f"{what}: its replica was killed, or none runs"] += 1
        elif not reply.status:
            self._blame(self.tally.lost, f"{reply.by}, {what}: {reply.failure} after {reply.seconds:.1f} s")
        elif reply.status >= 500:  # noqa: PLR2004 - HTTP's own
            self._blame(self.tally.wrong, f"{reply.by}, {what}: status {reply.status}: {reply.body}")
        return reply.status > 0

    def _blame(self, whom: list[str], why: str) -> None:
        whom.append(why)
        name = next(name for name, value in vars(self.tally).items() if value is whom)
        self._tell(f"{name}: {why}")

    # Writing

    async def _write_on(self) -> None:
        while not self._over.is_set():
            free = [one for one in list(self.room.stories.values())[len(self._steady) :] if not one.busy]
            kind = self.random.choices(["new", "put", "withdraw", "job"], [2, 4, 2, 2])[0]
            if kind == "new" and len(self.room.stories) < _MOST_STORIES:
                await self._put(self.room.new())
            elif kind == "job":
                stories = [one for one in self.random.sample(free, min(3, len(free))) if not one.withdrawn]
                await self._job([self.room.new(), *stories] if len(self.room.stories) < _MOST_STORIES else stories)
            elif kind == "withdraw":
                await self._withdraw(self.random.choice(free))
            else:
                await self._put(self.random.choice(free))
            await asyncio.sleep(self.random.uniform(0, 0.5))

    async def _put(self, story: Story) -> None:
        with _busy(story):
            change = self.room.version(story, time.monotonic())
            await self._acknowledged(change, story, "PUT", _body(change))

    async def _withdraw(self, story: Story) -> None:
        if not story.withdrawn:
            with _busy(story):
                await self._acknowledged(self.room.withdrawal(story, time.monotonic()), story, "DELETE", None)

    async def _acknowledged(self, change: Change, story: Story, method: str, body: object) -> None:
        """Send a write until it is acknowledged, as a client that has no response does."""
        path = f"/v1/articles/{story.article_id}" + ("?restore=true" if body else "")
        while True:
            reply = await self.fleet.ask(method, path, body)
            # 410: withdrawn already, by the same request, whose response was lost.
            if self._judged(reply, method) and (reply.ok or (method == "DELETE" and reply.status == 410)):  # noqa: PLR2004
                change.acknowledged = time.monotonic()
                self.tally.written += 1
                return
            if 400 <= reply.status < 500 and reply.status not in _CLEAR:  # noqa: PLR2004 - HTTP's own
                self._blame(self.tally.wrong, f"{reply.by}, {method} {path}: {reply.status} {reply.body}")
                return
            await asyncio.sleep(_RETRY)

    async def _job(self, stories: list[Story]) -> None:
        """Post some as a job of one replica, and wait for its end there."""
        with _busy(*stories):
            changes = [self.room.version(one, time.monotonic()) for one in stories]
            bodies = [{"id": one.article_id, **_body(change)} for one, change in zip(stories, changes, strict=True)]
            posted = await self.fleet.ask("POST", "/v1/articles", bodies)
            if self._judged(posted, "job") and posted.ok:
                if await self._done(posted):
                    for change in changes:
                        change.acknowledged = time.monotonic()
                    self.tally.written += len(changes)
                return
            # It may have been taken in all the same: then it is done before the same articles are sent once more.
            if posted.by:
                await self._idle(posted.by)
            for story, change in zip(stories, changes, strict=True):
                await self._acknowledged(change, story, "PUT", _body(change))

    async def _done(self, posted: Reply) -> bool:
        job, deadline = posted.body["id"], time.monotonic() + _JOB_WITHIN
        while time.monotonic() < deadline:
            reply = await self.fleet.ask("GET", f"/v1/jobs/{job}", at=posted.by)
            if self._judged(reply, "look at a job") and reply.status not in _CLEAR:
                if not reply.ok or reply.body["status"] in {"failed", "cancelled"} or reply.body["counts"]["skipped"]:
                    self._blame(self.tally.lost, f"{posted.by}, job {job}: {reply.status} {reply.body}")
                    return False
                if reply.body["status"] == "done":
                    return True
            await asyncio.sleep(_RETRY)
        self._blame(self.tally.lost, f"{posted.by}, job {job}: not done in {_JOB_WITHIN:.0f} s")
        return False

    async def _idle(self, name: str) -> None:
        """Wait until a replica has no job that is not done."""
        while True:
            reply = await self.fleet.ask("GET", "/v1/jobs?limit=1000", at=name)
            judged = self._judged(reply, "look at jobs") and reply.ok
            if judged and all(one["status"] not in {"queued", "running"} for one in reply.body["jobs"]):
                return
            await asyncio.sleep(_RETRY)

    # Disturbing

    async def _disturb_on(self, until: float, every: float) -> None:
        deck: list[Callable[[], Awaitable[None]]] = []
        while time.monotonic() + every / 2 < until:
            await asyncio.sleep(self.random.uniform(0.5, 1.5) * every / 2)
            if not deck:
                deck = [self._restart, self._kill, self._restart_chroma, self._kill_chroma, self._freeze_chroma]
                self.random.shuffle(deck)
                if until - time.monotonic() > 180:  # noqa: PLR2004 - seconds: a long run has time for it
                    deck.insert(0, self._chroma_gone_for_a_minute)
            await deck.pop()()
        await asyncio.sleep(max(0, until - time.monotonic()))

    async def _restart(self) -> None:
        process = self.random.choice(self.fleet.replicas)
        async with self._disturbed("replica restarted (SIGTERM)"):
            status = await process.end()
            if status:
                self._blame(self.tally.wrong, f"{process.name}: status {status} after SIGTERM")
        await self._again(process)

    async def _kill(self) -> None:
        process = self.random.choice(self.fleet.replicas)
        async with self._disturbed("replica killed (SIGKILL)"):
            await process.kill()
        await self._again(process)

    async def _restart_chroma(self) -> None:
        async with self._disturbed("Chroma restarted (SIGTERM)"):
            await self.fleet.store.end()
        await self._again(self.fleet.store)

    async def _kill_chroma(self) -> None:
        async with self._disturbed("Chroma killed, away for 5 s"):
            await self.fleet.store.kill()
            await asyncio.sleep(5)
        await self._again(self.fleet.store)

    async def _chroma_gone_for_a_minute(self) -> None:
        async with self._disturbed("Chroma away for a minute"):
            await self.fleet.store.kill()
            await asyncio.sleep(60)
        await self._again(self.fleet.store)

    async def _freeze_chroma(self) -> None:
        async with self._disturbed("Chroma frozen for 5 s (SIGSTOP)"):
            await self.fleet.store.freeze(5)
        await self._again(None)

    @asynccontextmanager
    async def _disturbed(self, kind: str) -> AsyncIterator[None]:
        one = Disturbance(kind, time.monotonic())
        self.tally.disturbances.append(one)
        self._tell(kind)
        yield
        one.down_s = time.monotonic() - one.began

    async def _again(self, process: Process | None) -> None:
        """Start what was ended, and wait until each replica answers right again."""
        one, began = self.tally.disturbances[-1], time.monotonic()
        if process:
            await process.start()
        for name in [each.name for each in self.fleet.replicas]:
            while not await self._ask(self.random.choice(self._steady), at=name):  # noqa: ASYNC110 - it asks
                await asyncio.sleep(0.1)
        one.over = time.monotonic()
        one.recovered_s = one.over - began

    # What is left at the end

    async def _compare(self) -> None:
        """Look at every story on every replica, and ask for it."""
        for name in [one.name for one in self.fleet.replicas]:
            for story in self.room.stories.values():
                [change, *more] = story.may_be(time.monotonic(), time.monotonic())
                reply = await self.fleet.ask("GET", f"/v1/articles/{story.article_id}", at=name)
                if not self._judged(reply, "read"):
                    continue
                found = (reply.body["version"], reply.body["text"]) if reply.ok else reply.status
                expected = (change.article.source.version, change.article.text) if change.article else 410
                if more or found != expected:
                    self._blame(self.tally.lost, f"{name}, {story.article_id}: {found} is not {expected}")
                elif not await self._ask(story, at=name):
                    self._blame(self.tally.lost, f"{name}, {story.article_id}: its question is not answered")

    async def _report(self, began: float) -> None:
        while True:
            await asyncio.sleep(_TELL_EVERY)
            it = self.tally
            self._tell(
                f"{time.monotonic() - began:5.0f} s  {it.asked:,} asked  {it.written:,} written  {len(it.wrong)} wrong"
                f"  {len(it.lost)} lost  {len(it.slow)} slow  {sum(it.failures.values())} failed"
            )


class _busy:  # noqa: N801 - used like a function
    """Let nobody else write stories meanwhile."""

    def __init__(self, *stories: Story) -> None:
        self._stories = stories

    def __enter__(self) -> None:
        for one in self._stories:
            one.busy = True

    def __exit__(self, *_: object) -> None:
        for one in self._stories:
            one.busy = False


def _body(change: Change) -> dict[str, str]:
    return {"title": change.article.source.title, "text": change.article.text} if change.article else {}


def _ago(change: Change, now: float) -> str:
    done = (
        "not acknowledged" if change.acknowledged is None else f"acknowledged {now - change.acknowledged:.1f} s before"
    )
    return f"{change.number or 'withdrawn'} sent {now - change.sent:.1f}, {done}"


def table(tally: Tally) -> str:
    """Show what was counted, in lines of at most 80 columns."""
    lines = [
        f"{tally.asked:,} asked, {tally.answered:,} answered, {tally.written:,} written",
        f"answers while nothing is down: {len(tally.calm_s):,}, "
        f"p50 {tally.quantile(0.5) * 1000:.0f} ms, p95 {tally.quantile(0.95) * 1000:.0f} ms",
        "",
        f"{'what was done':<34}{'times':>6}{'down':>10}{'recovered after: median, most':>30}",
    ]
    for kind in sorted({one.kind for one in tally.disturbances}):
        of_kind = [one for one in tally.disturbances if one.kind == kind]
        times = [one.recovered_s for one in of_kind]
        down = median(one.down_s for one in of_kind)
        lines.append(f"{kind:<34}{len(of_kind):>6}{down:>8.1f} s{median(times):>18.1f} s{max(times):>8.1f} s")
    lines += ["", "clear failures"] if tally.failures else []
    lines += [f"  {kind:<56}{times:>6}" for kind, times in sorted(tally.failures.items())]
    lines += ["", "resident memory, MB: " + ", ".join(f"{then:.0f} then {now:.0f}" for then, now in tally.resident_mb)]
    lines.append(f"wrong {len(tally.wrong)}, lost {len(tally.lost)}, slow {len(tally.slow)}")
    for name in ("wrong", "lost", "slow"):
        lines += [f"  {name}: {why}" for why in getattr(tally, name)[:_MOST_TOLD]]
    return "\n".join(lines)


async def soak(  # noqa: PLR0913 - what can be chosen on the command line
    folder: Path,
    *,
    minutes: float,
    replicas: int,
    shared: bool,
    stories: int,
    askers: int,
    writers: int,
    every: float,
    seed: int,
    tell: Callable[[str], None],
) -> Tally:
    """Start all, and run."""
    store = chroma(folder)
    async with Fleet(store, [replica(folder, one, store, shared=shared) for one in range(replicas)]) as fleet:
        return await Soak(fleet, seed, tell).run(minutes * 60, stories, askers, writers, every)


def main() -> int:
    """Run, print, and tell by the status whether all was right."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--replicas", type=int, default=2)
    parser.add_argument("--shared", action="store_true", help="the replicas share one folder, as on one machine")
    parser.add_argument("--stories", type=int, default=30, help="articles at the start")
    parser.add_argument("--askers", type=int, default=4, help="clients that ask at once")
    parser.add_argument("--writers", type=int, default=2, help="clients that write at once")
    parser.add_argument("--every", type=float, default=20, help="seconds between two disturbances, about")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    parser.add_argument("--folder", type=Path, help="where the stores and logs are kept")
    parser.add_argument("--json", action="store_true")
    given = vars(parser.parse_args())
    folder, as_json = given.pop("folder"), given.pop("json")
    out = sys.stderr if as_json else sys.stdout
    print(f"seed {given['seed']}", file=out, flush=True)
    with tempfile.TemporaryDirectory() as made:
        at = folder or Path(made)
        at.mkdir(parents=True, exist_ok=True)
        tally = asyncio.run(soak(at, **given, tell=lambda line: print(line, file=out, flush=True)))
    print(json.dumps(asdict(tally)) if as_json else f"\n{table(tally)}")
    return 1 if tally.wrong or tally.lost else 0


if __name__ == "__main__":
    sys.exit(main())
