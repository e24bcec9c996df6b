"""A purge really removes: no file below the store's folder holds the article's words afterwards."""

import asyncio
import os
import random
import shutil
import signal
import sqlite3
import sys
import threading
from contextlib import suppress
from pathlib import Path
from unittest.mock import Mock

import pytest

import retrieval.purging
from retrieval.errors import StoreLocked, StoreUnavailable
from retrieval.ingest import ingest
from retrieval.lexical import Term, WordIndex
from retrieval.purging import vacuum
from retrieval.store import Store
from retrieval.types import Article, Withdrawal, make_article
from retrieval.writes import Writes
from tests.fakes import WordEmbedder
from tests.processes import ROOT, chroma_server, started, until

PHRASE = (
    "The marmalade octopus whispered seventeen forbidden ⵣⴰⵥⵥⴰ lullabies beside a crooked lighthouse in Ytterfjord. "
)
CHANGED = PHRASE.replace("seventeen", "nineteen").replace("crooked", "slanted")
OUTLET = "The Zanzibar Quokka Gazette"


def other(number: int) -> Article:
    words = random.Random(number)  # noqa: S311 - the same words every time
    text = "".join(f"Report {number} counts {words.random()} things and {words.random()} more. " for _ in range(60))
    return make_article(article_id=f"other {number}", title=f"Report {number}", text=text)


def secret(text: str = PHRASE) -> Article:
    return make_article(
        article_id="secret", title=text[:40], text=text * 30, outlet=OUTLET, url="https://octopus.example/lullaby"
    )


def pieces() -> list[bytes]:
    """Give what may be nowhere: each three words in a row of all versions, the outlet, the address."""
    found = [OUTLET, "octopus.example", "ⵣⴰ"]  # of a word in these letters, as indexes have it
    for text in (PHRASE, CHANGED):
        words = text.split()
        found += [" ".join(words[at : at + 3]) for at in range(len(words) - 2)]
    return [piece.encode() for piece in found]


def holding(folder: Path) -> dict[str, list[bytes]]:
    """Give the files below a folder that hold some of it."""
    contents: dict[str, bytes] = {}
    for path in files(folder):
        with suppress(FileNotFoundError):  # of a process that is at work
            contents[str(path.relative_to(folder))] = path.read_bytes()
    held = {name: [piece for piece in pieces() if piece in content] for name, content in contents.items()}
    return {name: some for name, some in held.items() if some}


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def filled(store: Store, articles: int = 12) -> None:
    """Bring articles, in the middle of them one in three versions, the last as the first."""
    for number in range(articles):
        await ingest(other(number), store, WordEmbedder())
        if number == articles // 2:
            for text in (PHRASE, CHANGED, PHRASE):
                await ingest(secret(text), store, WordEmbedder())


async def whole(store: Store, articles: int = 12, beside: int = 0) -> None:
    """Check that all others are there and are found; beside them so many may be or not."""
    for number in range(articles):
        assert await store.article(f"other {number}") == other(number)
        [vector] = await WordEmbedder().embed([other(number).text], "question")
        found = await store.candidates(vector, [], 20)
        assert found[0].passage.source.article_id.startswith("other")
    assert articles <= (await store.corpus()).articles <= articles + beside


@pytest.mark.parametrize("before", ["there", "withdrawn"])
async def test_no_file_holds_what_was_purged(tmp_path: Path, before: str) -> None:
    with Store.open_embedded(tmp_path, WordEmbedder()) as store:
        await filled(store)
        if before == "withdrawn":
            assert await store.withdraw("secret", "It was made up.")
        assert holding(tmp_path), "it is there to be purged"

        assert await store.withdraw("secret", None if before == "withdrawn" else "It was made up.", purge=True)

        assert holding(tmp_path) == {}
        await whole(store)
        assert await store.versions("secret") == []
        standing = await store.standing("secret")
        assert isinstance(standing, Withdrawal)
        assert (standing.reason, standing.purged) == ("It was made up.", True)
        await ingest(other(100), store, WordEmbedder())
        assert holding(tmp_path) == {}
    assert holding(tmp_path) == {}
    with Store.open_embedded(tmp_path, WordEmbedder()) as store:
        assert await store.standing("secret") == standing
        assert await store.withdraw("other 100", purge=True)
        await whole(store)
    assert holding(tmp_path) == {}


async def test_what_was_left_of_versions_long_before_goes_too(tmp_path: Path) -> None:
    """Chroma writes its index of vectors each 1,000 of them, and empties its queue: texts lie in free pages by then."""
    with Store.open_embedded(tmp_path, WordEmbedder()) as store:
        await filled(store)
        book = make_article(article_id="book", title="Book", text="".join(other(n).text + "\n\n" for n in range(400)))
        await ingest(book, store, WordEmbedder())
        assert any(path.name == "index_metadata.pickle" for path in files(tmp_path))
        await store.withdraw("secret", purge=True)
    assert holding(tmp_path) == {}


STEPS = {
    "its note": (retrieval.purging, "note"),
    "its mark": (Writes, "_commit"),
    "its passages": (Writes, "_sweep_article"),
    "its words": (WordIndex, "commit"),
    "all words": (WordIndex, "start_over"),
    "the new database": (retrieval.purging, "written_anew"),
    "the switch": (retrieval.purging, "put_in_place"),
    "the unused room": (retrieval.purging, "clear_unused"),
    "the end": (retrieval.purging, "finished"),
}


def killed(folder: Path, step: str, *, before: bool) -> None:
    """Purge, and be killed at a step."""
    owner, name = STEPS[step]
    work = getattr(owner, name)

    def die(*arguments: object, **named: object) -> object:
        done = None if before else work(*arguments, **named)
        os.kill(os.getpid(), signal.SIGKILL)
        return done

    async def purge() -> None:
        with Store.open_embedded(folder, WordEmbedder()) as store:
            setattr(owner, name, die)
            await store.withdraw("secret", "It was made up.", purge=True)

    asyncio.run(purge())


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with an article to purge."""
    folder = tmp_path_factory.mktemp("full")

    async def fill() -> None:
        with Store.open_embedded(folder, WordEmbedder()) as store:
            await filled(store)

    asyncio.run(fill())
    return folder


@pytest.mark.parametrize("when", ["before", pytest.param("after", marks=pytest.mark.slow)])
@pytest.mark.parametrize("step", STEPS)
async def test_a_purge_that_is_killed_is_finished_by_the_next_start(
    tmp_path: Path, full: Path, step: str, when: str
) -> None:
    folder = tmp_path / "store"
    shutil.copytree(full, folder)
    command: list[str | Path] = [sys.executable, __file__, folder, step, when]
    with started(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}) as process:
        assert process.wait(60) == -signal.SIGKILL

    with Store.open_embedded(folder, WordEmbedder()) as store:
        if (step, when) in {("its note", "before"), ("its note", "after"), ("its mark", "before")}:
            assert await store.article("secret") == secret()
            assert await store.withdraw("secret", purge=True)
        else:
            assert (await store.standing("secret")).purged  # type: ignore[union-attr]
        assert holding(folder) == {}
        await whole(store)
    assert holding(folder) == {}
    assert not retrieval.purging.is_due(folder)


async def test_readers_go_on_beside_a_purge(tmp_path: Path, full: Path) -> None:
    shutil.copytree(full, tmp_path / "store")
    with Store.open_embedded(tmp_path / "store", WordEmbedder()) as store:
        over = asyncio.Event()
        read = 0

        async def reading() -> None:
            nonlocal read
            while not over.is_set():
                await whole(store, beside=1)  # the one that is purged, and ingested again
                read += 1

        readers = [asyncio.create_task(reading()) for _ in range(4)]
        await store.withdraw("other 100")  # which is not there: they have begun
        for again in (False, True, True):
            assert await store.withdraw("secret", purge=True)
            assert await ingest(secret(), store, WordEmbedder(), restore=True) == "created" if again else True
            await store.withdraw("secret")
        over.set()
        await asyncio.gather(*readers)
    assert read


async def test_searches_do_not_wait_while_the_word_index_is_written_anew(
    tmp_path: Path, full: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(full, tmp_path / "store")
    with Store.open_embedded(tmp_path / "store", WordEmbedder()) as store:
        at_work, searched = threading.Event(), threading.Event()
        start_over = WordIndex.start_over

        def slow(words: WordIndex) -> None:
            start_over(words)
            at_work.set()
            assert searched.wait(30)

        monkeypatch.setattr(WordIndex, "start_over", slow)
        purging = asyncio.create_task(store.withdraw("secret", purge=True))
        assert await asyncio.to_thread(at_work.wait, 30)
        [vector] = await WordEmbedder().embed([PHRASE], "question")
        found = await store.candidates(vector, [Term("marmalade"), Term("report")], 20)
        assert {one.passage.source.article_id for one in found} & {
            other(number).source.article_id for number in range(12)
        }
        assert not any(one.passage.source.article_id == "secret" for one in found)
        await whole(store)
        searched.set()
        assert await purging
        await whole(store)
    assert holding(tmp_path / "store") == {}


async def test_a_full_disk_leaves_the_purge_to_the_next_start(
    tmp_path: Path, full: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "store"
    shutil.copytree(full, folder)
    full_disk = sqlite3.OperationalError("database or disk is full")
    monkeypatch.setattr(retrieval.purging, "written_anew", Mock(side_effect=full_disk))
    with Store.open_embedded(folder, WordEmbedder()) as store:
        with pytest.raises(StoreUnavailable, match="purged is deleted, but still in Chroma's files"):
            await store.withdraw("secret", purge=True)
        assert (await store.standing("secret")).purged  # type: ignore[union-attr]
        await whole(store)
    with Store.open_embedded(folder, WordEmbedder()) as store:
        assert "still in Chroma's files" in caplog.text
        await whole(store)
    assert holding(folder)
    monkeypatch.undo()
    Store.open_embedded(folder, WordEmbedder()).close()
    assert holding(folder) == {}


async def test_a_chroma_server_is_told_to_delete_and_its_files_are_written_anew_when_it_is_stopped(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    chroma = tmp_path / "chroma"
    with (
        chroma_server(chroma) as (_, address),
        Store.open_server(address, WordEmbedder(), tmp_path / "words") as other,
        Store.open_server(address, WordEmbedder(), tmp_path / "words") as store,
    ):
        await filled(store)
        await other.follow()
        assert holding(tmp_path)
        await store.withdraw("secret", purge=True)
        assert "groundwire vacuum" in caplog.text
        until(lambda: not holding(tmp_path / "words"), "each process has written its words anew")
    assert holding(chroma)

    vacuum(chroma)

    assert holding(tmp_path) == {}
    with chroma_server(chroma) as (_, address), Store.open_server(address, WordEmbedder()) as store:
        await whole(store)
    with pytest.raises(StoreUnavailable, match="is no folder of a Chroma server"):
        vacuum(tmp_path)


async def test_the_files_of_a_store_in_use_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "store"
    with Store.open_embedded(folder, WordEmbedder()) as store:
        monkeypatch.chdir(folder / "chroma")
        for chroma in (folder / "chroma", Path()):
            with pytest.raises(StoreLocked, match="is in use"):
                vacuum(chroma)
        await filled(store)
        held = await store.corpus()
    vacuum(folder / "chroma")
    with Store.open_embedded(folder, WordEmbedder()) as store:
        assert await store.corpus() == held


if __name__ == "__main__":
    killed(Path(sys.argv[1]), sys.argv[2], before=sys.argv[3] == "before")
