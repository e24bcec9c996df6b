"""Jobs: what was given is taken in once, whatever ends, fails or is killed in between."""

import asyncio
import logging
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from filelock import FileLock

from retrieval.embedding import Vectors
from retrieval.errors import ModelUnavailable, StoreUnavailable, TextRefused
from retrieval.fetching import Fetcher
from retrieval.ingest import UNDER_WAY
from retrieval.readers import Address, Document
from retrieval.store import Store
from retrieval.types import Span
from service import job_records, jobs, spool
from service.job_records import Job, Records
from service.jobs import Jobs
from service.spool import Delivery
from tests.fakes import WordEmbedder
from tests.site_server import Site, page

ENDED = 20.0  # seconds; generous


@dataclass
class Failing(WordEmbedder):
    """Raises each of its errors once, then embeds."""

    errors: list[Exception] = field(default_factory=list)

    async def embed_parts(self, texts: Sequence[str], parts: Sequence[Sequence[Span]]) -> tuple[Vectors, list[Vectors]]:
        if self.errors:
            raise self.errors.pop(0)
        return await super().embed_parts(texts, parts)


@dataclass
class FailingAt(WordEmbedder):
    """Fails at each text with a word."""

    word: str = ""

    async def embed_parts(self, texts: Sequence[str], parts: Sequence[Sequence[Span]]) -> tuple[Vectors, list[Vectors]]:
        if any(self.word in text for text in texts):
            raise ModelUnavailable("The model answered HTTP 500.")
        return await super().embed_parts(texts, parts)


@dataclass
class Held(WordEmbedder):
    """Embeds so many articles, and waits with the others until it is let go."""

    first: int = 0
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    held: asyncio.Event = field(default_factory=asyncio.Event)

    async def embed_parts(self, texts: Sequence[str], parts: Sequence[Sequence[Span]]) -> tuple[Vectors, list[Vectors]]:
        self.first -= 1
        if self.first < 0:
            self.held.set()
            await self.go_on.wait()
        return await super().embed_parts(texts, parts)


@pytest.fixture(autouse=True)
def _waits_are_short(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_POLL", "_SHORTEST_WAIT", "_LONGEST_WAIT", "_GRACE"):
        monkeypatch.setattr(jobs, name, 0.02)


def opened(folder: Path, store: Store, embedder: WordEmbedder) -> Jobs:
    return Jobs(folder / "jobs", store, embedder, Fetcher())


async def given(at: Jobs, *names: str, text: str = "{name} has a text of its own.") -> Job:
    """Give Markdown files of these names to a job."""
    async with at.delivery() as delivery:
        for name in names:
            with delivery.file(name) as file:
                file.write(text.format(name=name).encode())
        return await at.add(delivery)


async def until_ended(at: Jobs, job_id: str) -> Job:
    async with asyncio.timeout(ENDED):
        while True:
            job = await at.job(job_id)
            assert job is not None
            if job.finished:
                return job
            await asyncio.sleep(0.01)


async def until_done(at: Jobs, job_id: str, number: int) -> Job:
    async with asyncio.timeout(ENDED):
        while True:
            job = await at.job(job_id)
            assert job is not None
            if job.done >= number:
                return job
            await asyncio.sleep(0.01)


async def outcomes(at: Jobs, job_id: str) -> dict[str, str]:
    return {one.name: one.outcome for one in await at.items(job_id, 0, 1000)}


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file()}


async def test_each_item_has_its_outcome(tmp_path: Path, store: Store) -> None:
    async with opened(tmp_path, store, WordEmbedder()) as at:
        first = await until_ended(at, (await given(at, "a.md", "b.md")).id)
        assert (first.status, first.total, first.done, first.error) == ("done", 2, 2, None)
        assert first.counts.model_dump() == {"created": 2, "replaced": 0, "unchanged": 0, "skipped": 0}
        async with at.delivery() as delivery:
            for name, text in [
                ("a.md", "a.md has a text of its own."),
                ("b.md", "Another."),
                ("c.png", ""),
                ("d.md", ""),
            ]:
                with delivery.file(name) as file:
                    file.write(text.encode())
            second = await until_ended(at, (await at.add(delivery)).id)
        assert second.counts.model_dump() == {"created": 0, "replaced": 1, "unchanged": 1, "skipped": 2}
        items = await at.items(second.id, 0, 10)
        assert [(one.name, one.article_id, one.outcome) for one in items] == [
            ("a.md", "a", "unchanged"),
            ("b.md", "b", "replaced"),
            ("c.png", None, "skipped"),
            ("d.md", None, "skipped"),
        ]
        assert [one.reason is None for one in items] == [True, True, False, False]
        assert [one.name for one in await at.items(second.id, 1, 2)] == ["b.md", "c.png"]
        assert [one.name for one in await at.items(second.id, 1, 2, "skipped")] == ["d.md"]
        assert await at.jobs(0, 1) == ([second], 2)
        assert (await at.jobs(1, 5))[0] == [first]


async def test_what_was_given_is_removed_at_the_end_and_no_text_is_left(tmp_path: Path, store: Store) -> None:
    async with opened(tmp_path, store, WordEmbedder()) as at:
        job = await given(at, "a.md", text="Zanzibar exports cloves.")
        await until_ended(at, job.id)
        await until_ended(at, (await given(at, "b.md")).id)  # the first is tidied up before the next begins
        for path in (tmp_path / "jobs").rglob("*"):
            assert not path.is_file() or b"cloves" not in path.read_bytes(), path
    assert files(tmp_path / "jobs") <= {"jobs.sqlite", "jobs.sqlite.lock", "worker.lock"}


async def test_jobs_are_done_in_their_order(tmp_path: Path, store: Store) -> None:
    async with opened(tmp_path, store, WordEmbedder()) as at:
        made = [await given(at, "a.md", text=f"Version {number}.") for number in range(5)]
        ended = [await until_ended(at, one.id) for one in made]
    assert [one.counts.created for one in ended] == [1, 0, 0, 0, 0]
    assert [one.counts.replaced for one in ended] == [0, 1, 1, 1, 1]
    article = await store.article("a")
    assert article is not None
    assert article.text == "Version 4."


async def test_a_job_that_is_stopped_goes_on_at_the_next_start(tmp_path: Path, store: Store) -> None:
    names = [f"{number}.md" for number in range(30)]
    held = Held(first=10)
    async with opened(tmp_path, store, held) as at:
        job = await given(at, *names)
        await until_done(at, job.id, 5)
        await held.held.wait()
    before = {one for texts, _ in held.asked for one in texts}

    embedder = WordEmbedder()
    async with opened(tmp_path, store, embedder) as at:
        kept = await outcomes(at, job.id)
        ended = await until_ended(at, job.id)
        after = await outcomes(at, job.id)
        waiting = await at.job(job.id)
    assert ended.status == "done"
    assert waiting == ended
    assert len(kept) >= 5
    assert {name: after[name] for name in kept} == kept
    assert set(after) == set(names)
    assert ended.counts.created + ended.counts.unchanged == 30
    assert ended.counts.unchanged <= UNDER_WAY, "but for those that were under way, outcomes were kept"
    again = before & {one for texts, _ in embedder.asked for one in texts}
    assert len(again) <= UNDER_WAY, "but for those that were under way, nothing is embedded again"


async def test_of_a_feed_that_was_interrupted_no_page_is_fetched_again_whose_article_is_stored(
    tmp_path: Path, store: Store
) -> None:
    paths = [f"/{number}.md" for number in range(20)]
    pages = {path: page(f"# {path}\n\nIt is {path}.".encode(), content_type="text/markdown") for path in paths}
    site = Site(pages | {paths[-1]: [ENDED, b""]})
    async with site.serving():
        items = "".join(f"<item><title>{path}</title><link>{site.url(path)}</link></item>" for path in paths)
        feed = f'<?xml version="1.0"?><rss version="2.0"><channel><title>A</title>{items}</channel></rss>'
        site.pages["/feed.xml"] = page(feed.encode(), content_type="application/rss+xml")
        async with Fetcher(allowed=["127.0.0.1"]) as fetcher:
            async with Jobs(tmp_path / "jobs", store, WordEmbedder(), fetcher) as at:
                async with at.delivery() as delivery:
                    delivery.address(site.url("/feed.xml"))
                    job = await at.add(delivery)
                await until_done(at, job.id, 10)
            asked = len(site.asked)
            site.pages |= pages
            async with Jobs(tmp_path / "jobs", store, WordEmbedder(), fetcher) as at:
                kept = {site.url(name) for name in paths} & set(await outcomes(at, job.id))
                ended = await until_ended(at, job.id)
    again = {site.url(one.path) for one in site.asked[asked:]}
    assert len(kept) >= 10
    assert not kept & again
    assert (ended.status, ended.done) == ("done", 20)


async def test_an_article_does_not_wait_for_a_slow_site(tmp_path: Path, store: Store) -> None:
    site = Site({"/slow.md": [ENDED, b""]})
    async with (
        site.serving(),
        Fetcher(allowed=["127.0.0.1"]) as fetcher,
        Jobs(tmp_path / "jobs", store, WordEmbedder(), fetcher) as at,
    ):
        async with at.delivery() as delivery:
            delivery.address(site.url("/slow.md"))
            slow = await at.add(delivery)
        assert (await until_ended(at, (await given(at, "a.md")).id)).counts.created == 1
        waiting = await at.job(slow.id)
        assert waiting is not None
        assert waiting.finished is None


async def test_an_id_that_was_taken_before_the_stop_is_taken_after_it(tmp_path: Path, store: Store) -> None:
    held = Held(first=1)
    async with opened(tmp_path, store, held) as at:
        async with at.delivery() as delivery:
            for number in range(10):
                with delivery.file(f"{number}.md") as file:
                    file.write(b"---\nid: '0'\n---\nThe last." if number == 9 else f"Number {number}.".encode())
            job = await at.add(delivery)
        await until_done(at, job.id, 1)
        await held.held.wait()
    async with opened(tmp_path, store, WordEmbedder()) as at:
        await until_ended(at, job.id)
        kept = await outcomes(at, job.id)
    assert (kept["0.md"], kept["9.md"]) == ("created", "skipped")
    article = await store.article("0")
    assert article is not None
    assert article.text == "Number 0."


@pytest.mark.parametrize("error", [StoreUnavailable("Chroma is gone."), ModelUnavailable("The model is gone.")])
async def test_what_fails_for_a_while_is_waited_for(tmp_path: Path, store: Store, error: Exception) -> None:
    embedder = Failing(errors=[error] * 20)
    seen = set()
    async with opened(tmp_path, store, embedder) as at, asyncio.timeout(ENDED):
        job: Job | None = await given(at, "a.md", "b.md", "c.md")
        while job and not job.finished:
            seen.add((job.status, job.error))
            await asyncio.sleep(0.001)
            job = await at.job(job.id)
    assert job is not None
    assert ("running", f"waits, to be tried again: {error} (at the article 'a')") in seen
    assert (job.status, job.error, job.counts.created) == ("done", None, 3)


async def test_an_article_that_the_model_refuses_is_skipped(tmp_path: Path, store: Store) -> None:
    embedder = Failing(errors=[TextRefused("The embedding model a/b answered HTTP 400.")])
    async with opened(tmp_path, store, embedder) as at:
        job = await until_ended(at, (await given(at, "a.md", "b.md")).id)
        reasons = [(one.name, one.outcome, one.reason) for one in await at.items(job.id, 0, 10)]
    assert reasons == [
        ("a.md", "skipped", "The embedding model a/b answered HTTP 400"),
        ("b.md", "created", None),
    ]


async def test_an_article_that_the_model_fails_at_again_and_again_lets_others_go_first(
    tmp_path: Path, store: Store
) -> None:
    embedder = FailingAt(word="Poison")
    async with opened(tmp_path, store, embedder) as at:
        poison = await given(at, "a.md", text="Poison is all that there is.")
        assert (await until_ended(at, (await given(at, "b.md")).id)).counts.created == 1
        waiting = await at.job(poison.id)
        assert waiting is not None
        assert waiting.finished is None
        embedder.word = "nothing of the kind"
        assert (await until_ended(at, poison.id)).counts.created == 1


async def test_a_bug_at_one_article_costs_that_article_alone(
    tmp_path: Path, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(tmp_path, store, Failing(errors=[ValueError("what the article says")])) as at:
        job = await until_ended(at, (await given(at, "a.md", "b.md")).id)
        [bug, _] = await at.items(job.id, 0, 10)
    assert (job.status, job.counts.created, job.counts.skipped) == ("done", 1, 1)
    assert bug.reason == "a fault of the service (ValueError); its log has more"
    assert "A bug: an article could not be taken in" in caplog.text


async def test_reasons_and_names_hold_what_was_sent_even_if_it_is_no_text(tmp_path: Path, store: Store) -> None:
    lines = [
        rb'{"@type": "\ud800", "text": "x"}',
        rb'{"@type": "\u0000", "text": "x"}',
        rb'{"url": "http://a.\ud800/"}',
        rb'{"title": "t", "text": "some words", "published": "\ud800"}',
        rb'{"id": "good", "text": "Good words."}',
    ]
    async with opened(tmp_path, store, WordEmbedder()) as at:
        async with at.delivery() as delivery:
            with delivery.file("a\ud800\0.jsonl") as file:
                file.write(b"\n".join(lines))
            job = await until_ended(at, (await at.add(delivery)).id)
        items = await at.items(job.id, 0, 10)
    assert (job.status, job.done, job.counts.created) == ("done", 5, 1)
    names = [f"a\ufffd\ufffd.jsonl#{number}" for number in range(1, 6)]
    names[2] = "http://a.\ufffd/"
    assert [one.name for one in items] == names


async def test_a_file_that_is_called_as_an_item_of_another_has_its_own_outcome(tmp_path: Path, store: Store) -> None:
    async with opened(tmp_path, store, WordEmbedder()) as at:
        async with at.delivery() as delivery:
            for name, text in [("x.json", b'[{"text": "One."}, {"text": "Two."}]'), ("x.json#1", b"Three.")]:
                with delivery.file(name) as file:
                    file.write(text)
            job = await until_ended(at, (await at.add(delivery)).id)
        assert list(await outcomes(at, job.id)) == ["x.json#1", "x.json#2", "x.json#1 (file)"]


async def test_what_a_job_that_waits_was_given_is_removed_when_it_is_cancelled(tmp_path: Path, store: Store) -> None:
    held = Held()
    async with opened(tmp_path, store, held) as at:
        await given(at, "a.md")
        queued = await given(at, "b.md")
        await held.held.wait()
        assert (tmp_path / "jobs/spool" / queued.id).is_dir()
        assert await at.cancel(queued.id)
        assert not (tmp_path / "jobs/spool" / queued.id).exists()
        held.go_on.set()


async def test_a_request_that_meets_who_sweeps_waits_for_it(tmp_path: Path) -> None:
    delivery = Delivery(tmp_path)
    sweeping = FileLock(f"{delivery.folder}.lock", thread_local=False)
    sweeping.acquire()
    asyncio.get_running_loop().call_later(0.1, sweeping.release)
    async with delivery:
        assert delivery.folder.is_dir()


async def test_several_may_open_the_records_at_once(tmp_path: Path) -> None:
    at_once = (asyncio.to_thread(Records, tmp_path / "jobs.sqlite") for _ in range(16))
    for one in await asyncio.gather(*at_once):
        one.close()


async def test_a_bug_fails_its_job_and_not_the_next(
    tmp_path: Path, store: Store, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_to, bugs = spool.given, [ValueError("what the article says")]

    def broken(folder: Path, job_id: str) -> list[Document | Address]:
        if bugs:
            raise bugs.pop()
        return given_to(folder, job_id)

    monkeypatch.setattr(spool, "given", broken)
    async with opened(tmp_path, store, WordEmbedder()) as at:
        failed = await until_ended(at, (await given(at, "a.md")).id)
        done = await until_ended(at, (await given(at, "b.md")).id)
    assert (failed.status, done.status) == ("failed", "done")
    assert failed.error == "a fault of the service (ValueError); its log has more under this job's id"
    assert failed.id in caplog.text


async def test_a_job_that_ends_the_process_again_and_again_fails(tmp_path: Path, store: Store) -> None:
    held = Held()
    async with opened(tmp_path, store, held) as at:
        job = await given(at, "a.md")
        await held.held.wait()
        # As kills would leave it: five starts, and nothing of what a stop in good order notes.
        records = Records(tmp_path / "jobs/jobs.sqlite")
        for _ in range(4):
            records.start(job.id)
        records.close()
        at._records.pause = lambda *_: None  # type: ignore[method-assign]
    async with opened(tmp_path, store, WordEmbedder()) as at:
        failed = await until_ended(at, job.id)
        done = await until_ended(at, (await given(at, "b.md")).id)
    assert (failed.status, done.status) == ("failed", "done")
    assert failed.error == "the service ended 5 times after 0 items of it: the next one may be why"


async def test_a_job_is_cancelled_in_its_middle_and_before_its_beginning(tmp_path: Path, store: Store) -> None:
    held = Held(first=2)
    async with opened(tmp_path, store, held) as at:
        running = await given(at, *(f"{number}.md" for number in range(20)))
        queued = await given(at, "queued.md")
        await held.held.wait()
        assert await at.cancel(queued.id)
        assert await at.cancel(running.id)
        assert not await at.cancel(running.id)
        assert not await at.cancel("nothing")
        held.go_on.set()
        last = await until_ended(at, (await given(at, "last.md")).id)
        ended = await at.job(running.id)
    assert ended is not None
    assert ended.status == "cancelled"
    assert ended.done < 20
    assert last.status == "done"
    assert await store.article("queued") is None
    assert files(tmp_path / "jobs") <= {"jobs.sqlite", "jobs.sqlite.lock", "worker.lock"}


async def test_of_two_that_share_a_folder_one_works_and_the_other_takes_over(tmp_path: Path, store: Store) -> None:
    held = Held(first=3)
    async with opened(tmp_path, store, WordEmbedder()) as second:
        async with opened(tmp_path, store, held) as first:
            # Whoever was there first works: that they change places is what this test wants.
            second._lock.release()
            await asyncio.to_thread(first._lock.acquire, timeout=ENDED)
            job = await given(second, *(f"{number}.md" for number in range(10)))
            await held.held.wait()
            assert await first.job(job.id) == await second.job(job.id)
            running = await second.job(job.id)
            assert running is not None
            assert running.status == "running"
        ended = await until_ended(second, job.id)
    assert (ended.status, ended.done, ended.counts.skipped) == ("done", 10, 0)


async def test_what_a_dead_request_left_is_removed_and_what_arrives_is_not(tmp_path: Path, store: Store) -> None:
    spool = tmp_path / "jobs/spool"
    (spool / "dead.arriving").mkdir(parents=True)
    (spool / "dead.arriving/0").write_text("half")
    (spool / "dead.arriving.lock").touch()
    (spool / "accepted.arriving.lock").touch()
    (spool / "forgotten").mkdir()
    async with opened(tmp_path, store, WordEmbedder()) as at:
        assert list(spool.iterdir()) == []
        async with at.delivery() as delivery, opened(tmp_path, store, WordEmbedder()):
            with delivery.file("a.md") as file:
                file.write(b"It arrives.")
            await until_ended(at, (await given(at, "b.md")).id)
            job = await at.add(delivery)
        assert (await until_ended(at, job.id)).status == "done"
    assert await store.article("a") is not None


async def test_a_job_whose_files_are_gone_says_so(tmp_path: Path, store: Store) -> None:
    held = Held()
    async with opened(tmp_path, store, held) as at:
        await given(at, "a.md")
        job = await given(at, "b.md")
        await held.held.wait()
        for path in (tmp_path / "jobs/spool" / job.id).iterdir():
            path.unlink()
        held.go_on.set()
        ended = await until_ended(at, job.id)
    assert ended.status == "failed"
    assert "somebody removed it" in str(ended.error)


async def test_old_jobs_are_forgotten(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_records, "KEPT", 2)
    async with opened(tmp_path, store, WordEmbedder()) as at:
        made = [await given(at, f"{number}.md") for number in range(4)]
        await until_ended(at, made[-1].id)
    async with opened(tmp_path, store, WordEmbedder()) as at:
        found, total = await at.jobs(0, 10)
        assert ([one.id for one in found], total) == ([made[3].id, made[2].id], 2)
        assert await at.items(made[0].id, 0, 10) == []
    with sqlite3.connect(tmp_path / "jobs/jobs.sqlite") as db:
        db.execute("UPDATE jobs SET finished = '2020-01-01T00:00:00+00:00' WHERE id = ?", [made[2].id])
        assert db.execute("SELECT count(*) FROM items").fetchone() == (2,)
    db.close()
    async with opened(tmp_path, store, WordEmbedder()) as at:
        assert [one.id for one in (await at.jobs(0, 10))[0]] == [made[3].id]


async def test_what_is_skipped_is_logged_and_in_bounds(
    tmp_path: Path, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "groundwire.jobs")
    async with opened(tmp_path, store, WordEmbedder()) as at:
        job = await until_ended(at, (await given(at, *(f"{n}\n.png" for n in range(30)), "a.md")).id)
    lines = [one.getMessage() for one in caplog.records]
    assert len([line for line in lines if "skipped '" in line]) == 20
    assert not [line for line in lines if "\n" in line]
    assert any("skipped 30 items in all" in line for line in lines)
    assert lines[-1] == f"job {job.id} done: created=1 replaced=0 unchanged=0 skipped=30"


async def test_a_folder_that_is_no_folder_of_jobs_is_an_error_of_the_operators(tmp_path: Path, store: Store) -> None:
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs/jobs.sqlite").write_bytes(b"no database" * 1000)
    with pytest.raises(StoreUnavailable, match=r"jobs\.sqlite cannot be used: .*Move the file away"):
        async with opened(tmp_path, store, WordEmbedder()):
            pass
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailable, match="cannot be written"):
        async with opened(tmp_path / "file", store, WordEmbedder()):
            pass
