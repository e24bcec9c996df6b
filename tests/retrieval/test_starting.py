"""What a start finds: a word index behind, ahead, another store's or gone; a clock set back; no folder to write."""

import asyncio
import logging
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

import retrieval.feed
import retrieval.lexical
import retrieval.store
from retrieval.errors import StoreUnavailable
from retrieval.lexical import WordIndex
from retrieval.store import Store
from tests.fakes import WordEmbedder
from tests.processes import BIN, ROOT, chroma_server, started, until
from tests.retrieval.test_feed import HOUR, by_words, knows, put, truth

Open = Callable[[], Store]


@pytest.fixture(autouse=True)
def _nobody_follows_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrieval.store, "_FOLLOW_EVERY", 3600.0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def opened(folder: Path) -> Iterator[Open]:
    with ExitStack() as stack:
        yield lambda: stack.enter_context(Store.open_embedded(folder, WordEmbedder()))


async def filled(store: Store) -> Store:
    for number in range(4):
        await put(store, f"a{number}")
    await put(store, "a1", "students")
    await store.withdraw("a2")
    return store


def agrees(store: Store) -> None:
    """Check that catalogue and word index say what Chroma does."""
    assert knows(store) == truth(store)
    indexed = by_words(store, "drones") | by_words(store, "students") | by_words(store, "submarines")
    assert indexed == set(truth(store))
    assert by_words(store, "students") == {"a1"}


@pytest.mark.parametrize("why", ["gone", "empty", "another format", "another store", "unreadable"])
async def test_a_word_index_that_is_of_no_use_is_built_from_the_store(
    opened: Open, folder: Path, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    (await filled(opened())).close()
    words = folder / "words"
    if why in {"gone", "empty", "another store"}:
        shutil.rmtree(words)
    if why == "empty":
        words.mkdir()
    elif why == "another format":
        monkeypatch.setattr(retrieval.lexical, "_FORMAT", 999)
    elif why == "another store":
        with Store.open_embedded(folder.parent / "other", WordEmbedder()) as other:
            await put(other, "of another store", "submarines")
        shutil.copytree(folder.parent / "other" / "words", words)
    elif why == "unreadable":
        for path in words.iterdir():
            path.write_bytes(b"\0" * 100)

    store = opened()

    agrees(store)
    await put(store, "late", "submarines")
    await store.follow()
    agrees(store)


async def test_a_word_index_that_was_left_behind_catches_up(opened: Open, folder: Path) -> None:
    """As after a crash between its commit and the next."""
    store = opened()
    await put(store, "a0")
    await put(store, "a1")
    store.close()
    shutil.copytree(folder / "words", folder / "then")
    store = await filled(opened())
    store.close()
    shutil.rmtree(folder / "words")
    shutil.copytree(folder / "then", folder / "words")

    agrees(opened())


async def test_a_store_that_was_put_back_from_a_copy_takes_its_word_index_with_it(opened: Open, folder: Path) -> None:
    store = opened()
    await put(store, "a0")
    await put(store, "a1")
    store.close()
    shutil.copytree(folder / "chroma", folder / "then")
    store = await filled(opened())
    await put(store, "a0", "submarines")
    store.close()
    shutil.rmtree(folder / "chroma")
    shutil.copytree(folder / "then", folder / "chroma")

    store = opened()

    assert knows(store) == truth(store)
    assert by_words(store, "drones") == {"a0", "a1"}
    assert by_words(store, "students") == by_words(store, "submarines") == set()


async def test_a_store_that_was_put_back_and_written_to_since_is_seen_as_such(opened: Open, folder: Path) -> None:
    """With as many articles as before, and numbers as high."""
    store = opened()
    await put(store, "a0")
    store.close()
    shutil.copytree(folder / "chroma", folder / "then")
    store = opened()
    await put(store, "lost", "students")
    await put(store, "a1", "submarines")
    store.close()
    shutil.rmtree(folder / "chroma")
    shutil.copytree(folder / "then", folder / "chroma")
    shutil.move(folder / "words", folder / "ahead")
    store = opened()
    await put(store, "a1", "submarines")
    await put(store, "found")
    store.close()
    shutil.rmtree(folder / "words")
    shutil.move(folder / "ahead", folder / "words")

    store = opened()

    assert knows(store) == truth(store)
    assert by_words(store, "students") == set()
    assert by_words(store, "drones") == {"a0", "found"}


async def test_a_clock_that_was_set_back_hides_nothing(opened: Open) -> None:
    store = opened()
    store._feed._clock = lambda: time.time_ns() + HOUR
    await put(store, "a0")
    await put(store, "a1")
    await store.follow()
    store.close()

    store = await filled(opened())
    await store.follow()
    agrees(store)
    store.close()

    agrees(opened())


async def test_a_start_after_a_start_takes_in_nothing(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    (await filled(opened())).close()

    def replace(*_: object) -> None:
        raise AssertionError("it is there already")

    monkeypatch.setattr(WordIndex, "replace", replace)
    for _ in range(2):
        store = opened()
        agrees(store)
        store.close()


async def test_building_the_word_index_tells_how_far_it_is(
    opened: Open, folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (await filled(opened())).close()
    shutil.rmtree(folder / "words")
    monkeypatch.setattr(retrieval.feed, "_TELL_EVERY", -1.0)
    monkeypatch.setattr(retrieval.feed, "_TAKEN_IN", 2)

    with caplog.at_level(logging.INFO, "groundwire.store"):
        opened()

    assert [record.getMessage().partition(",")[0] for record in caplog.records] == [
        "2 articles into the word index",
        "4 articles into the word index",
        "4 articles into the word index",
    ]


async def test_while_the_word_index_cannot_be_written_searches_go_on_without_it_and_afterwards_all_is_there(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await filled(opened())
    await store.follow()
    commit = WordIndex.commit
    times = 2

    def full(words: WordIndex, position: int) -> None:
        nonlocal times
        times -= 1
        if times >= 0:
            words._writer.delete_all_documents()  # whatever a writer does after it failed, tantivy's has lost its files
            raise StoreUnavailable("No space left on device")
        commit(words, position)

    monkeypatch.setattr(WordIndex, "commit", full)
    await put(store, "late", "submarines")
    [vector] = await WordEmbedder().embed(["submarines"])

    assert {one.passage.source.article_id for one in await store.candidates(vector, [], 1)} == {"late"}
    assert (await store.corpus()).articles == len(await store.sources(0, 10)) == 4
    assert by_words(store, "submarines") == set()
    with pytest.raises(StoreUnavailable, match="No space left"):
        await store.follow()
    await put(store, "later")
    await store.follow()

    agrees(store)
    assert by_words(store, "submarines") == {"late"}


# Beside a Chroma server


async def test_a_server_that_is_gone_for_a_while_is_followed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(retrieval.store, "_FOLLOW_EVERY", 0.05)
    with ExitStack() as stack:
        with chroma_server(tmp_path / "chroma") as (_, address):
            follower = stack.enter_context(Store.open_server(address, WordEmbedder(), tmp_path))
            with Store.open_server(address, WordEmbedder()) as writer:
                await put(writer, "before")
            await seen(follower, {"before"})
        await asyncio.to_thread(until, lambda: "has not answered for" in caplog.text, "it says so")
        await asyncio.to_thread(until, lambda: follower.lag > 1.0, "it tells how long it has not looked")
        port = address.rpartition(":")[2]
        command: list[str | Path] = [
            BIN / "chroma",
            "run",
            "--host",
            "127.0.0.1",
            "--port",
            port,
            "--path",
            tmp_path / "chroma",
        ]
        stack.enter_context(started(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

        def written() -> bool:
            try:
                with Store.open_server(address, WordEmbedder()) as writer:
                    asyncio.run(put(writer, "after"))
            except StoreUnavailable:
                return False
            return True

        await asyncio.to_thread(until, written, "Chroma is back")

        await seen(follower, {"before", "after"})
        await asyncio.to_thread(until, lambda: follower.lag < 1.0, "it has looked")
        follower.close()
    assert caplog.text.count("has not answered for") == 1


async def seen(store: Store, names: set[str]) -> None:
    await asyncio.to_thread(until, lambda: by_words(store, "drones") == names, "it is followed")


async def test_processes_that_share_a_folder_each_have_a_word_index_of_their_own(
    shared_chroma: str, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        stores = [stack.enter_context(Store.open_server(shared_chroma, WordEmbedder(), tmp_path)) for _ in range(3)]
        await put(stores[0], "a0")
        for store in stores:
            await store.follow()
            assert by_words(store, "drones") == {"a0"}
        stores[1].close()
        again = stack.enter_context(Store.open_server(shared_chroma, WordEmbedder(), tmp_path))
        assert by_words(again, "drones") == {"a0"}
        for collection in again._client.list_collections():
            again._client.delete_collection(collection.name)
    assert sorted(path.name for path in (tmp_path / "words").iterdir() if path.is_dir()) == ["0", "1", "2"]


KILLED = """
import sys
from pathlib import Path
from retrieval.store import Store
from tests.fakes import WordEmbedder
store = Store.open_server(sys.argv[1], WordEmbedder(), Path(sys.argv[2]))
print("open", flush=True)
sys.stdin.read()
"""


def test_a_process_that_was_killed_leaves_its_word_index_to_the_next(shared_chroma: str, tmp_path: Path) -> None:
    command: list[str | Path] = [sys.executable, "-c", KILLED, shared_chroma, tmp_path]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"open\n"
        process.kill()

    Store.open_server(shared_chroma, WordEmbedder(), tmp_path).close()

    assert [path.name for path in (tmp_path / "words").iterdir() if path.is_dir()] == ["0"]


def test_beside_a_server_a_folder_that_cannot_be_written_is_one_clear_error(shared_chroma: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreUnavailable, match=r"file/words cannot be written.*GROUNDWIRE_DATA_DIR"):
        Store.open_server(shared_chroma, WordEmbedder(), tmp_path / "file")
