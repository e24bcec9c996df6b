"""An embedded store on a disk that is full: reads go on, writes say what to do, and all goes on when there is room."""

import os
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

import retrieval.disk
from retrieval.disk import Disk
from retrieval.errors import StoreUnavailable
from retrieval.ingest import ingest
from retrieval.lexical import Term
from retrieval.store import Store
from retrieval.types import make_article
from service.job_records import Records
from tests.fakes import WordEmbedder
from tests.processes import until


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Mount a disk of 24 MB, which only root may, and keep 4 MB of it free."""
    monkeypatch.setattr(retrieval.disk, "RESERVE", 4_000_000)
    mount = tmp_path / "disk"
    mount.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", mount], check=False, capture_output=True, encoding="utf-8"
    )
    if done.returncode:
        pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")
    yield mount
    subprocess.run(["umount", "--lazy", mount], check=True)


def fill(disk: Path, left: int) -> Path:
    """Have another program take all that is left of a disk but so many bytes."""
    found = os.statvfs(disk)
    filler = disk / "filler"
    with suppress(OSError):  # somebody else took some of it
        filler.write_bytes(b"x" * max(found.f_bavail * found.f_bsize - left, 0))
    return filler


async def ingested(store: Store, name: str) -> None:
    await ingest(
        make_article(article_id=name, title="t", text=f"The drone {name} flies. " * 100), store, WordEmbedder()
    )


async def found(store: Store, name: str) -> set[str]:
    """Name the articles that a search for one finds."""
    [vector] = await WordEmbedder().embed([name])
    return {one.passage.source.article_id for one in await store.candidates(vector, [Term(name)], 5)}


async def ingested_until_full(store: Store) -> list[str]:
    """Ingest until it fails, and name what did not."""
    acknowledged: list[str] = []
    with suppress(StoreUnavailable):
        for number in range(1_000):
            await ingested(store, f"late{number}")
            acknowledged.append(f"late{number}")
    assert len(acknowledged) < 1_000
    return acknowledged


@pytest.fixture
async def store(disk: Path) -> AsyncIterator[Store]:
    """Three articles in a store."""
    with Store.open_embedded(disk / "store", WordEmbedder()) as store:
        for name in ("a0", "a1", "a2"):
            await ingested(store, name)
        yield store


@pytest.mark.parametrize("left", [0, 200_000, 3_900_000])
async def test_on_a_full_disk_reads_go_on_and_writes_say_what_to_do_and_when_there_is_room_all_goes_on(
    store: Store, disk: Path, left: int
) -> None:
    filler = fill(disk, left)

    for _ in range(10):
        for write in (ingested(store, "late"), store.withdraw("a0")):
            began = time.monotonic()
            with pytest.raises(StoreUnavailable, match=r"is full.*Make room"):
                await write
            assert time.monotonic() - began < 2.0
    for name in ("a0", "a1", "a2"):
        assert name in await found(store, name)
        assert await store.article(name)
    assert (await store.corpus()).articles == len(await store.sources(0, 10)) == 3
    await store.ready()

    filler.unlink()
    await ingested(store, "late")
    assert await store.withdraw("a0")
    assert "late" in await found(store, "late")
    assert (await store.corpus()).articles == 3
    store.close()
    with Store.open_embedded(disk / "store", WordEmbedder()) as again:
        assert "late" in await found(again, "late")
        assert (await again.corpus()).articles == 3


def test_nothing_is_written_on_a_disk_that_may_only_be_read(disk: Path) -> None:
    """As a disk turns that fails; a store that is open cannot be brought to that here."""
    Disk(disk).check_room()
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)

    with pytest.raises(StoreUnavailable, match=r"may only be read.*Let it be written"):
        Disk(disk).check_room()

    subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
    Disk(disk).check_room()


async def test_a_chroma_that_broke_as_the_disk_filled_under_it_fails_at_once_and_is_opened_anew_by_itself(
    store: Store, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filler = fill(disk, 200_000)
    with monkeypatch.context() as unnoticed:  # another program takes the last of it in the middle of a write
        unnoticed.setattr(retrieval.disk, "RESERVE", 0)
        acknowledged = await ingested_until_full(store)
    for _ in range(5):
        for call in (store.article("a0"), store.corpus(), store.ready(), ingested(store, "later")):
            began = time.monotonic()
            with pytest.raises(StoreUnavailable):
                await call
            assert time.monotonic() - began < 2.0

    filler.unlink()

    def is_back() -> bool:
        return not (store._disk and store._disk.is_broken)

    until(is_back, "Chroma is opened anew")
    for name in ("a0", "a1", "a2", *acknowledged):
        assert name in await found(store, name)
        assert await store.article(name)
    await ingested(store, "later")
    assert "later" in await found(store, "later")


async def test_the_words_that_a_full_disk_kept_from_the_word_index_come_into_it_when_there_is_room(
    store: Store, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chroma's commit was the last that fitted."""
    filler: list[Path] = []
    committed = store._feed.committed

    def full(changes: dict[str, int]) -> None:
        committed(changes)
        filler.append(fill(disk, 0))

    monkeypatch.setattr(store._feed, "committed", full)
    with pytest.raises(StoreUnavailable, match="is full"):
        await ingested(store, "late")
    assert "late" in await found(store, "late"), "by its meaning"
    assert "a0" in await found(store, "a0")
    assert (await store.corpus()).articles == len(await store.sources(0, 10)) == 4
    until(lambda: store.lag > 2.5, "the word index was tried again")
    assert store.lacks_words, "and nothing else is late"
    await store.ready()

    filler[0].unlink()
    until(lambda: bool(store._feed.words.search([Term("late")], 5)), "the word index has it")
    until(lambda: store.lag < 1.5, "all is well")
    assert not store.lacks_words


async def test_jobs_on_a_full_disk_say_so_and_go_on_when_there_is_room(disk: Path) -> None:
    records = Records(disk / "jobs.sqlite3")
    filler = fill(disk, 0)
    added = 0
    with pytest.raises(StoreUnavailable, match="Is the disk full"):  # noqa: PT012 - some fit into what it has already
        while added < 1_000:
            records.add(f"job{added}", None, lambda: None)
            added += 1
    before = len(records.jobs(0, 2_000))
    assert before == added

    filler.unlink()
    records.add("again", None, lambda: None)
    assert len(records.jobs(0, 2_000)) == before + 1
    records.close()
