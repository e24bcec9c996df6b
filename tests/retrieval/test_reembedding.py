"""A store embedded anew with another model is what it was but for its vectors, and is switched to at once."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import retrieval.mending
import retrieval.reembedding
from retrieval import connection
from retrieval.embedding import Vectors
from retrieval.errors import ModelUnavailable, StoreForeign, StoreLocked, StoreUnavailable
from retrieval.generations import Generation, Generations
from retrieval.ingest import ingest
from retrieval.reembedding import Reembedded, Tell, reembed_folder, reembed_server
from retrieval.store import Store
from retrieval.types import Article, Span, Withdrawal, make_article
from tests.fakes import WordEmbedder
from tests.processes import until
from tests.retrieval.test_mending import article as long_article
from tests.retrieval.test_mending import indexes
from tests.retrieval.test_store import Meanwhile

ARTICLES = 11
TOGETHER = 4
AWKWARD = 'Tabs\tand lone\rreturns,\r\nquotes "…", 🎓 and \u2028 lines. ' * 15

Reembed = Callable[..., Any]


def other() -> WordEmbedder:
    return WordEmbedder("words-32", 32)


def article(number: int, words: str = "") -> Article:
    text = f"Article {number} of town{number} says {words or 'nothing new'}.\n{AWKWARD}" * (1 + number % 3)
    return make_article(article_id=f"desk/a {number}", title=f"Title {number}", text=text, outlet="The Desk")


async def filled(store: Store) -> None:
    for number in range(ARTICLES):
        await ingest(article(number), store, WordEmbedder())
    await ingest(article(1, "what is new"), store, WordEmbedder())
    await ingest(article(2, "a copy of it"), store, WordEmbedder())
    await store.withdraw("desk/a 3")
    await ingest(make_article(article_id="copy", title="Copy", text=article(5).text), store, WordEmbedder())


async def content(store: Store) -> dict[str, Any]:
    """Give all that a store holds but vectors, as it stands in Chroma."""
    held: dict[str, Any] = {"corpus": await store.corpus()}
    for name in ("articles", "passages", "superseded", "pending"):
        rows = getattr(store._archive, name).get(include=["documents", "metadatas"])
        held[name] = {
            one: (text, {key: value for key, value in row.items() if key.partition(".")[0] != "sentences"})
            for one, text, row in zip(rows["ids"], rows["documents"], rows["metadatas"], strict=True)
        }
    held["sources"] = await store.sources(0, 1000)
    held["articles read"] = [await store.article(source.article_id) for source in held["sources"]]
    return held


async def is_searched(store: Store, embedder: WordEmbedder, numbers: Sequence[int] = (0, 1, 7)) -> None:
    """Check that every article is found by its own words and its vectors are the model's."""
    for number in numbers:
        [vector] = await embedder.embed([f"Title {number} Article {number} of town{number} says"], "question")
        found = await store.candidates(vector, [], 30)
        assert f"desk/a {number}" in {one.passage.source.article_id for one in found}
        assert all(one.sentences.shape[1] == embedder.dimensions for one in found)
    for collection in (store._archive.articles, store._archive.passages):
        vectors = collection.get(include=["embeddings"])["embeddings"]
        assert vectors.shape[1] == embedder.dimensions


@pytest.fixture(autouse=True)
def _few_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrieval.reembedding, "TOGETHER", TOGETHER)


@pytest.fixture
def reembed(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Reembed:
    """Embed the test's store anew, of either kind."""
    address: str = request.getfixturevalue("shared_chroma") if kind == "server" else ""

    async def run(embedder: WordEmbedder, tell: Tell = lambda *_: None, *, force: bool = False) -> Reembedded:
        if address:
            return await reembed_server(address, embedder, tell, force=force)
        return await reembed_folder(tmp_path / "store", embedder, tell, force=force)

    return run


async def test_all_but_the_vectors_is_the_same_before_and_after(
    open_store: Callable[[], Store], reembed: Reembed, embedder: WordEmbedder
) -> None:
    store = open_store()
    await filled(store)
    before = await content(store)
    old = await store.article("desk/a 1", article(1).source.version)
    assert old
    assert (old.text, old.source.version) == (article(1).text, article(1).source.version)
    store.close()
    told: list[tuple[int, int]] = []

    done = await reembed(other(), tell=lambda *progress: told.append(progress))

    assert (done.before, done.model, done.switched) == ("words-64", "words-32", True)
    assert done.articles == len(before["articles"]) == ARTICLES + 1
    assert done.passages == len(before["passages"])
    assert told[-1] == (ARTICLES + 1, ARTICLES + 1)
    assert len(told) > 1
    with pytest.raises(StoreForeign, match=r"words-32.*words-64.*groundwire reembed"):
        open_store()
    embedder.name, embedder.dimensions = "words-32", 32
    store = open_store()
    assert await content(store) == before
    assert await store.article("desk/a 1", article(1).source.version) == old
    assert await store.article("desk/a 3") is None
    withdrawn = await store.article("desk/a 3", article(3).source.version)
    assert withdrawn
    assert withdrawn.text == article(3).text
    assert (await store.articles([article(2).source]))["desk/a 2"].text == article(2).text
    await is_searched(store, other())
    names = sorted(one.name for one in store._client.list_collections())
    assert [name for name in names if "articles" in name or "passages" in name] == [
        "groundwire_articles_1",
        "groundwire_passages_1",
    ]


async def test_a_store_embedded_anew_is_written_like_any_other_and_embedded_anew_again(
    open_store: Callable[[], Store], reembed: Reembed, embedder: WordEmbedder
) -> None:
    store = open_store()
    await filled(store)
    store.close()
    await reembed(other())
    embedder.name, embedder.dimensions = "words-32", 32
    store = open_store()
    assert await ingest(article(4), store, other()) == "unchanged"
    assert await ingest(article(4, "a correction"), store, other()) == "replaced"
    assert await ingest(article(100), store, other()) == "created"
    before = await content(store)
    store.close()

    again = await reembed(WordEmbedder())

    assert (again.before, again.model) == ("words-32", "words-64")
    embedder.name, embedder.dimensions = "words-64", 64
    store = open_store()
    assert await content(store) == before
    await is_searched(store, WordEmbedder())


async def test_of_the_model_that_the_store_has_nothing_is_done_unless_it_is_forced(
    open_store: Callable[[], Store], reembed: Reembed
) -> None:
    store = open_store()
    await filled(store)
    before = await content(store)
    store.close()
    asked = WordEmbedder()

    done = await reembed(asked)

    assert (done.switched, done.before, done.passages) == (False, "words-64", 0)
    assert not asked.asked
    forced = await reembed(asked, force=True)
    assert forced.switched
    assert forced.passages == len(before["passages"])
    assert await content(open_store()) == before


async def test_a_store_that_holds_nothing_is_embedded_anew_too(
    open_store: Callable[[], Store], reembed: Reembed, embedder: WordEmbedder
) -> None:
    assert not (await reembed(other())).switched, "there is none yet"
    open_store().close()
    assert (await reembed(other())).switched
    embedder.name, embedder.dimensions = "words-32", 32
    store = open_store()
    await ingest(article(0), store, other())
    assert len(store._client.list_collections()) == 6


class Ending(WordEmbedder):
    """A model that goes away after some articles."""

    def __init__(self, after: int) -> None:
        super().__init__("words-32", 32)
        self.after = after

    async def embed_parts(self, texts: Sequence[str], parts: Sequence[Sequence[Span]]) -> tuple[Vectors, list[Vectors]]:
        if len(self.asked) == self.after:
            raise ModelUnavailable("the model is away")
        return await super().embed_parts(texts, parts)


async def test_what_was_embedded_when_it_was_interrupted_is_not_embedded_again(
    open_store: Callable[[], Store], reembed: Reembed, embedder: WordEmbedder
) -> None:
    store = open_store()
    await filled(store)
    before = await content(store)
    store.close()
    ending = Ending(6)
    with pytest.raises(ModelUnavailable):
        await reembed(ending)
    store = open_store()
    assert await content(store) == before, "what is in force is untouched"
    await is_searched(store, WordEmbedder())
    await ingest(article(0, "a correction"), store, WordEmbedder())
    await store.withdraw("desk/a 9")
    before = await content(store)
    store.close()

    going_on = other()
    done = await reembed(going_on)

    assert 0 < done.passages < len(before["passages"])
    # Two of all are withdrawn; of the first batch three were embedded, of which one was changed since.
    assert len(going_on.asked) == ARTICLES + 1 - 2 - 3 + 1
    embedder.name, embedder.dimensions = "words-32", 32
    store = open_store()
    assert await content(store) == before
    await is_searched(store, other())


async def test_what_was_begun_with_another_model_is_removed(
    open_store: Callable[[], Store], reembed: Reembed, embedder: WordEmbedder
) -> None:
    store = open_store()
    await filled(store)
    before = await content(store)
    store.close()
    with pytest.raises(ModelUnavailable):
        await reembed(Ending(6))

    third = WordEmbedder("words-16", 16)
    done = await reembed(third)

    assert done.passages == len(before["passages"])
    embedder.name, embedder.dimensions = "words-16", 16
    store = open_store()
    assert await content(store) == before
    store.close()
    with pytest.raises(ModelUnavailable):
        await reembed(Ending(6))
    assert not (await reembed(third)).switched
    assert len(open_store()._client.list_collections()) == 6


async def test_passages_without_a_record_that_a_kill_left_are_used_or_removed(
    open_store: Callable[[], Store], reembed: Reembed, embedder: WordEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the passages and the records of a batch."""
    store = open_store()
    await filled(store)
    store.close()

    def die(*_: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(retrieval.reembedding._Reembedding, "_commit", die)
        with pytest.raises(RuntimeError, match="killed"):
            await reembed(other())
    store = open_store()
    await ingest(article(0, "a correction"), store, WordEmbedder())
    before = await content(store)
    store.close()

    going_on = other()
    await reembed(going_on)

    assert len(going_on.asked) == ARTICLES + 1 - 1 - 3 + 1
    embedder.name, embedder.dimensions = "words-32", 32
    assert await content(open_store()) == before


async def test_what_is_purged_leaves_what_was_begun_too(
    open_store: Callable[[], Store], reembed: Reembed, embedder: WordEmbedder
) -> None:
    store = open_store()
    await filled(store)
    store.close()
    with pytest.raises(ModelUnavailable):
        await reembed(Ending(6))
    store = open_store()
    begun = store._generations.archive(Generation(1, "words-32"))
    assert any("town0 " in text for text in begun.passages.get(include=["documents"])["documents"])

    await store.withdraw("desk/a 0", "A court said so.", purge=True)

    begun = store._generations.archive(Generation(1, "words-32"))
    for collection in (begun.articles, begun.passages):
        assert not any("town0 " in text for text in collection.get(include=["documents"])["documents"])
    store.close()
    await reembed(other())
    embedder.name, embedder.dimensions = "words-32", 32
    store = open_store()
    assert not any("town0 " in text for text in store._archive.passages.get(include=["documents"])["documents"])
    purged = await store.standing("desk/a 0")
    assert isinstance(purged, Withdrawal)
    assert purged.purged


# In a folder


async def test_a_store_in_use_is_not_embedded_anew_and_its_holder_is_named(tmp_path: Path) -> None:
    with Store.open_embedded(tmp_path, WordEmbedder()) as store:
        store.announce("http://127.0.0.1:8000")
        with pytest.raises(StoreLocked, match=r"http://127.0.0.1:8000. Stop it first"):
            await reembed_folder(tmp_path, other(), lambda *_: None)


async def test_nothing_of_the_old_vectors_stays_on_the_disk(tmp_path: Path) -> None:
    with Store.open_embedded(tmp_path, WordEmbedder()) as store:
        await filled(store)
    await reembed_folder(tmp_path, other(), lambda *_: None)
    with sqlite3.connect(tmp_path / "chroma" / "chroma.sqlite3") as database:
        known = {segment for (segment,) in database.execute("SELECT id FROM segments")}
    assert {one.name for one in (tmp_path / "chroma").iterdir() if one.is_dir()} <= known


async def test_a_kill_between_the_switch_and_its_end_leaves_what_the_next_start_removes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open_embedded(tmp_path, WordEmbedder()) as store:
        await filled(store)
        before = await content(store)

    def die(*_: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(retrieval.mending, "done", die)
        with pytest.raises(RuntimeError, match="killed"):
            await reembed_folder(tmp_path, other(), lambda *_: None)

    with Store.open_embedded(tmp_path, other()) as store:
        assert await content(store) == before
        assert [one.number for one in store._generations.all()] == [1]


@pytest.mark.slow
async def test_vectors_that_a_kill_has_spoilt_are_not_needed_to_make_others(tmp_path: Path) -> None:
    with Store.open_embedded(tmp_path, WordEmbedder()) as store:
        for number in range(25):
            await ingest(long_article(number), store, WordEmbedder())
        before = await content(store)
    with pytest.raises(ModelUnavailable):
        await reembed_folder(tmp_path, Ending(22), lambda *_: None)
    assert indexes(tmp_path)
    for index in indexes(tmp_path):
        index.write_bytes(index.read_bytes()[:5_000])

    done = await reembed_folder(tmp_path, other(), lambda *_: None)

    assert done.passages == len(before["passages"]), "those of the run before were spoilt, too"
    embedder = other()
    with Store.open_embedded(tmp_path, embedder) as store:
        assert await content(store) == before
        [vector] = await embedder.embed(["article 7"], "question")
        assert await store.candidates(vector, [], 10)
    assert all(role == "question" for _, role in embedder.asked)


@pytest.mark.slow
async def test_vectors_that_are_mended_are_not_gone_on_with(tmp_path: Path) -> None:
    with Store.open_embedded(tmp_path, WordEmbedder()) as store:
        for number in range(25):
            await ingest(long_article(number), store, WordEmbedder())
    with pytest.raises(ModelUnavailable):
        await reembed_folder(tmp_path, Ending(22), lambda *_: None)
    for index in indexes(tmp_path):
        index.write_bytes(index.read_bytes()[:5_000])
    with Store.open_embedded(tmp_path, WordEmbedder()) as store:
        before = await content(store)
        assert [one.number for one in store._generations.all()] == [0]
    done = await reembed_folder(tmp_path, other(), lambda *_: None)
    assert done.passages == len(before["passages"])


# On a server, where others write meanwhile


@pytest.fixture
def address(shared_chroma: str) -> Iterator[str]:
    yield shared_chroma
    client = connection.open_server(shared_chroma)
    for collection in client.list_collections():
        client.delete_collection(collection.name)
    connection.close(client)


def beside(work: Coroutine[Any, Any, object]) -> None:
    """Do something in a thread and an event loop of its own, as another process would."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result()


async def test_what_services_change_meanwhile_is_carried_over(address: str) -> None:
    with Store.open_server(address, WordEmbedder()) as service:
        for number in range(ARTICLES):
            await ingest(article(number), service, WordEmbedder())

        async def change(done: int) -> None:
            await ingest(article(0, f"correction {done}"), service, WordEmbedder())
            await ingest(article(100 + done), service, WordEmbedder())
            if done == ARTICLES:
                await service.withdraw("desk/a 1")

        await reembed_server(address, other(), lambda done, _: beside(change(done)))

    with Store.open_server(address, other()) as store:
        assert (await store.corpus()).articles == ARTICLES - 1 + 3
        last = await store.article("desk/a 0")
        assert last
        assert last.text == article(0, f"correction {ARTICLES}").text
        for done in (TOGETHER, 2 * TOGETHER, ARTICLES):
            assert await store.article("desk/a 0", article(0, f"correction {done}").source.version)
            new = await store.article(f"desk/a {100 + done}")
            assert new
            assert new.text == article(100 + done).text
        assert await store.article("desk/a 1") is None
        assert await store.article("desk/a 1", article(1).source.version)
        names = {name for record in store._catalogue.records() for name in record.passage_ids()}
        assert set(store._archive.passages.get(include=[])["ids"]) == names
        await is_searched(store, other(), (0, 2, 7))


async def test_a_service_with_the_model_before_notices_refuses_and_says_what_to_do(address: str) -> None:
    with Store.open_server(address, WordEmbedder()) as service:
        await ingest(article(0), service, WordEmbedder())
        await reembed_server(address, other(), lambda *_: None)
        switched = time.monotonic()
        # Whoever writes notices at once, whoever reads within a second.
        with pytest.raises(StoreForeign, match=r"embedded anew with words-32.*GROUNDWIRE_EMBEDDING=words-32"):
            await ingest(article(0, "a correction"), service, WordEmbedder())
        for call in (
            service.ready(),
            service.corpus(),
            service.article("desk/a 0"),
            service.sources(0, 1),
            service.candidates(np.eye(64, dtype=np.float32)[0], [], 1),
            service.withdraw("desk/a 0"),
        ):
            with pytest.raises(StoreForeign, match="GROUNDWIRE_EMBEDDING=words-32"):
                await call
        assert time.monotonic() - switched < 10
        assert service._archive.pending.count() == 0
    with Store.open_server(address, other()) as store:
        assert await store.article("desk/a 0") == article(0)


async def test_a_service_that_only_waits_notices_by_itself(address: str, caplog: pytest.LogCaptureFixture) -> None:
    with Store.open_server(address, WordEmbedder()) as service:
        await reembed_server(address, other(), lambda *_: None)
        until(lambda: service._replaced, "the service notices")
        assert "Restart it with GROUNDWIRE_EMBEDDING=words-32" in caplog.text
        with pytest.raises(StoreForeign):
            await service.ready()


async def stalled(address: str, meanwhile: Coroutine[Any, Any, object]) -> None:
    """Have a service stand still before a commit, until the store is switched and something else is done."""
    switched, stands, goes_on = threading.Event(), threading.Event(), threading.Event()

    def stand() -> None:
        stands.set()
        assert goes_on.wait(30)

    class Told(Generations):
        def switch(self, to: Generation) -> None:
            super().switch(to)
            switched.set()

    with Store.open_server(address, WordEmbedder()) as service, ThreadPoolExecutor(2) as pool:
        for number in range(3):
            await ingest(article(number), service, WordEmbedder())
        service._archive.articles = Meanwhile(service._archive.articles, before="upsert", happens=stand)
        late = pool.submit(asyncio.run, ingest(article(1, "what came late"), service, WordEmbedder()))
        assert await asyncio.to_thread(stands.wait, 30)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(retrieval.reembedding, "Generations", Told)
            anew = pool.submit(asyncio.run, reembed_server(address, other(), lambda *_: None))
            assert await asyncio.to_thread(switched.wait, 30)
        await meanwhile
        assert not anew.done(), "it waits for the write"
        goes_on.set()
        assert await asyncio.wrap_future(late) == "replaced"
        assert (await asyncio.wrap_future(anew)).switched


async def test_a_write_that_was_at_work_at_the_switch_is_not_lost(address: str) -> None:
    await stalled(address, asyncio.sleep(0))
    with Store.open_server(address, other()) as store:
        for words in ("", "what came late"):
            found = await store.article("desk/a 1", article(1, words).source.version)
            assert found
            assert found.text == article(1, words).text
        current = await store.article("desk/a 1")
        assert current
        assert current.text == article(1, "what came late").text
        await is_searched(store, other(), (0, 1))


async def test_of_a_late_write_and_a_newer_one_behind_the_switch_the_newer_is_current_and_both_are_readable(
    address: str,
) -> None:
    async def newer() -> None:
        with Store.open_server(address, other()) as store:
            await ingest(article(1, "what is newest"), store, other())

    await stalled(address, newer())
    with Store.open_server(address, other()) as store:
        current = await store.article("desk/a 1")
        assert current
        assert current.text == article(1, "what is newest").text
        for words in ("", "what came late"):
            found = await store.article("desk/a 1", article(1, words).source.version)
            assert found
            assert found.text == article(1, words).text


async def test_a_kill_right_behind_the_switch_is_ended_by_the_next_run(
    address: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with Store.open_server(address, WordEmbedder()) as service:
        for number in range(3):
            await ingest(article(number), service, WordEmbedder())
        # It commits what it had looked at before the switch.
        monkeypatch.setattr(service, "_in_force", lambda: None)
        monkeypatch.setattr(service._writes, "_in_force", lambda: None)

        def die(_: object) -> None:
            beside(ingest(article(1, "what came late"), service, WordEmbedder()))
            beside(service.withdraw("desk/a 2", "It was wrong."))
            beside(service.withdraw("desk/a 0", "A court said so.", purge=True))
            raise RuntimeError("killed")

        with monkeypatch.context() as patched:
            patched.setattr(retrieval.reembedding._Reembedding, "wait_for_writers", die)
            with pytest.raises(RuntimeError, match="killed"):
                await reembed_server(address, other(), lambda *_: None)
    with caplog.at_level("INFO", "groundwire"), Store.open_server(address, other()) as store:
        assert "a `groundwire reembed` is at work, or was cut off" in caplog.text
        before = await store.article("desk/a 1")
        assert before
        assert before.text == article(1).text

    done = await reembed_server(address, other(), lambda *_: None)

    assert not done.switched
    with Store.open_server(address, other()) as store:
        current = await store.article("desk/a 1")
        assert current
        assert current.text == article(1, "what came late").text
        withdrawn, purged = await store.standing("desk/a 2"), await store.standing("desk/a 0")
        assert isinstance(withdrawn, Withdrawal)
        assert isinstance(purged, Withdrawal)
        assert (withdrawn.reason, withdrawn.purged) == ("It was wrong.", False)
        assert (purged.reason, purged.purged) == ("A court said so.", True)
        assert await store.article("desk/a 2", article(2).source.version)
        assert not any("town0 " in text for text in store._archive.passages.get(include=["documents"])["documents"])
        assert [one.number for one in store._generations.all()] == [1]


async def test_of_two_at_once_one_wins_and_the_other_says_so(address: str) -> None:
    with Store.open_server(address, WordEmbedder()) as service:
        for number in range(ARTICLES):
            await ingest(article(number), service, WordEmbedder())
    first = True

    def tell(*_: int) -> None:
        nonlocal first
        if first:
            first = False
            beside(reembed_server(address, other(), lambda *_: None))

    with pytest.raises(StoreUnavailable, match=r"Another `groundwire reembed`.*this one stops"):
        await reembed_server(address, other(), tell)
    with Store.open_server(address, other()) as store:
        assert (await store.corpus()).articles == ARTICLES
        await is_searched(store, other())
