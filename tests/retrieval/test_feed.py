"""The feed of changes: whoever changes what and when, every process learns of it, and of its end."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

import retrieval.lexical
import retrieval.limits
import retrieval.store
from retrieval.archive import Archive
from retrieval.catalogue import Record
from retrieval.lexical import Term
from retrieval.store import Store
from retrieval.types import Article, make_article
from tests.fakes import WordEmbedder
from tests.retrieval.test_store import Meanwhile, prepared

HOUR = 3600 * 1_000_000_000  # nanoseconds
SECOND = 1_000_000_000
Open = Callable[..., Store]


@pytest.fixture(autouse=True)
def _nobody_follows_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrieval.store, "_FOLLOW_EVERY", 3600.0)


@pytest.fixture
def opened(shared_chroma: str, tmp_path: Path) -> Iterator[Open]:
    """Open the test's store as a process of its own would: its clock is off by so much, its words are in a folder."""
    with ExitStack() as stack:

        def opened(clock: int = 0, words: str = "") -> Store:
            store = Store.open_server(shared_chroma, WordEmbedder(), tmp_path / words if words else None)
            store._feed._clock = lambda: time.time_ns() + clock
            return stack.enter_context(store)

        yield opened
    with Store.open_server(shared_chroma, WordEmbedder()) as store:
        for collection in store._client.list_collections():
            store._client.delete_collection(collection.name)


def article(name: str, words: str = "drones", passages: int = 1) -> Article:
    """Make an article whose passages can be found by a word of their own."""
    return make_article(article_id=name, title="", text=f"The {words} of {name} are here. " * (25 * passages))


async def put(store: Store, name: str, words: str = "drones") -> None:
    await store.put(replace(await prepared(article(name, words)), restore=True))


async def look(store: Store, times: int = 3) -> None:
    """Follow as often as a few seconds would."""
    for _ in range(times):
        await store.follow()


def by_words(store: Store, words: str) -> set[str]:
    """Name the articles that this process's word index finds, whether they count or not."""
    return {name.partition("@")[0] for name, _ in store._feed.words.search([Term(words)], 1_000)}


def knows(store: Store) -> dict[str, str]:
    """Give the articles that this process takes for current, with the writes that stored them."""
    return {one.article_id: one.write for one in store._feed.catalogue.records() if not one.withdrawn}


def has_residue(store: Store) -> bool:
    """Tell whether words of what was purged are left in the files."""
    return store._feed.words.residue


def truth(store: Store) -> dict[str, str]:
    """Give the same as Chroma has it."""
    rows = store._archive.articles.get(include=["metadatas"])["metadatas"]
    return {row["article_id"]: row["write"] for row in rows if not row.get("withdrawn")}


@pytest.mark.parametrize("clock", [HOUR, -HOUR, 0], ids=["ahead", "behind", "together"])
async def test_two_writers_whose_clocks_differ_hide_nothing_from_each_other_nor_from_a_third(
    opened: Open, clock: int
) -> None:
    first, second, third = opened(), opened(clock), opened()
    for number in range(4):
        await put(first, f"first {number}")
        await put(second, f"second {number}", f"students{number}")
        await look(third, number)
        await put(second, "both", f"second{number}")
        await put(first, "both", f"first{number}")
        await look(third, number % 2)

    for store in (first, second, third):
        await look(store)
        assert knows(store) == truth(store)
        assert by_words(store, "students2") == {"second 2"}
        assert by_words(store, "first3") == {"both"}
        assert by_words(store, "second3") == by_words(store, "first2") == set()


async def test_a_writer_far_behind_is_seen_by_one_who_has_long_followed_the_other(opened: Open) -> None:
    ahead, behind, follower = opened(HOUR), opened(-HOUR), opened()
    await put(ahead, "ahead")
    await look(follower)

    await put(behind, "behind")
    await look(follower, 1)

    assert by_words(follower, "drones") == {"ahead", "behind"}


async def test_two_changes_with_one_number_are_two(opened: Open) -> None:
    first, second, follower = opened(), opened(), opened()
    for store in (first, second):
        store._feed._clock = lambda: 1_700_000_000 * SECOND
    await put(first, "first")
    await look(follower)
    await put(second, "second")
    await look(follower, 1)

    numbers = [record.change for record in follower._feed.catalogue.records()]
    assert numbers[0] == numbers[1]
    assert by_words(follower, "drones") == {"first", "second"}


async def test_a_writer_that_stands_still_between_its_number_and_its_commit_is_seen(opened: Open) -> None:
    """Meanwhile half a minute goes by, in which another writes and everybody follows."""
    stalled, other, follower = opened(), opened(30 * SECOND), opened()

    def meanwhile() -> None:
        asyncio.run(put(other, "other"))
        asyncio.run(look(follower))

    stalled._archive.articles = Meanwhile(stalled._archive.articles, before="upsert", happens=meanwhile)
    await put(stalled, "stalled")
    await look(follower, 1)

    assert by_words(follower, "drones") == {"other", "stalled"}


async def test_what_is_committed_during_a_long_look_is_not_passed_by(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An article on a page that was read is replaced, and one that is numbered far higher comes on the last page."""
    monkeypatch.setattr(retrieval.limits, "BATCH", 2)
    writer, ahead, follower = opened(), opened(HOUR), opened()
    for number in range(6):
        await put(writer, f"a{number}")
    pages = 0

    def meanwhile() -> None:
        nonlocal pages
        pages += 1
        if pages == 2:
            asyncio.run(put(writer, "a0", "students"))
            asyncio.run(put(ahead, "ahead"))

    articles = follower._archive.articles
    follower._archive.articles = Meanwhile(articles, after="get", happens=meanwhile)
    await look(follower, 1)
    follower._archive.articles = articles
    assert "ahead" in knows(follower)
    await look(follower, 1)

    assert by_words(follower, "students") == {"a0"}
    assert knows(follower) == truth(follower)


async def test_a_clock_that_is_set_back_while_it_runs_hides_nothing_and_keeps_the_order(opened: Open) -> None:
    writer, follower = opened(), opened()
    await put(writer, "a")
    await look(follower)

    writer._feed._clock = lambda: time.time_ns() - HOUR
    await put(writer, "a", "students")
    await put(writer, "b")
    for store in (writer, follower):
        await look(store)
        assert knows(store) == truth(store)

    first, second = await writer.versions("a")
    assert first.stored
    assert second.stored
    assert first.stored < second.stored
    assert second.current
    assert [one.article_id for one in await follower.sources(0, 5)] == ["a", "b"]


async def test_of_two_writers_of_one_article_the_slower_may_number_lower_and_is_seen(opened: Open) -> None:
    """It commits in the place of a record with a higher number, which it has not seen."""
    slow, fast, follower = opened(), opened(5 * SECOND), opened()
    happened: list[str] = []

    def meanwhile() -> None:
        if not happened:
            happened.append("fast")
            asyncio.run(put(fast, "a", "students"))
            asyncio.run(look(follower))

    slow._archive.articles = Meanwhile(slow._archive.articles, before="upsert", happens=meanwhile)
    await put(slow, "a", "drones")
    await look(follower)

    assert knows(follower) == truth(follower)
    assert by_words(follower, "drones") == {"a"}


async def test_a_withdrawn_article_is_gone_everywhere_and_comes_back(opened: Open) -> None:
    writer, follower = opened(), opened(words="follower")
    await put(writer, "a")
    await put(writer, "b")
    await look(follower)
    await writer.withdraw("a")
    await look(follower, 1)
    assert by_words(follower, "drones") == {"b"}
    assert await follower.corpus() == await writer.corpus()
    follower.close()
    follower = opened(words="follower")
    assert set(knows(follower)) == {"b"}

    await put(writer, "a")
    await look(follower, 1)

    assert by_words(follower, "drones") == {"a", "b"}
    assert await follower.corpus() == await writer.corpus()


async def test_a_follower_that_was_away_takes_in_what_changed_and_nothing_else(opened: Open) -> None:
    writer, follower = opened(), opened(words="follower")
    for number in range(5):
        await put(writer, f"a{number}")
    await look(follower)
    follower.close()
    await put(writer, "a1", "students")
    await writer.withdraw("a2")
    await put(writer, "late")

    taken: list[str] = []
    replace = retrieval.lexical.WordIndex.replace

    def counted(words: retrieval.lexical.WordIndex, record: Record, *rest: object) -> None:
        taken.append(record.article_id)
        replace(words, record, *rest)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retrieval.lexical.WordIndex, "replace", counted)
        follower = opened(words="follower")

    assert sorted(taken) == ["a1", "a2", "late"]
    assert by_words(follower, "drones") == {"a0", "a3", "a4", "late"}
    assert by_words(follower, "students") == {"a1"}
    assert knows(follower) == truth(follower)


async def test_a_process_that_opens_while_another_writes_without_end_builds_nothing_anew(
    opened: Open, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer, follower = opened(), opened(words="follower")
    await put(writer, "a")
    await look(follower)
    follower.close()
    changes = Archive.changes
    number = 0

    def with_more(archive: Archive, after: int) -> Iterator[list[tuple[Record, str]]]:
        nonlocal number
        for page in changes(archive, after):
            yield page
            number += 1
            monkeypatch.setattr(Archive, "changes", changes)
            asyncio.run(put(writer, f"more {number}"))
            monkeypatch.setattr(Archive, "changes", with_more)

    monkeypatch.setattr(Archive, "changes", with_more)
    follower = await asyncio.to_thread(opened, words="follower")
    monkeypatch.setattr(Archive, "changes", changes)
    await look(follower)

    assert "anew" not in caplog.text
    assert knows(follower) == truth(follower)
    assert number


async def test_nobody_waits_while_the_word_index_is_written_anew_and_nothing_is_missed(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, other = opened(), opened()
    for name in ("a", "b", "c", "d", "e"):
        await put(store, name)
    await look(store)
    await store.withdraw("a", purge=True)
    await look(store)
    assert has_residue(store)
    texts, at_work, going_on = store._archive.texts, threading.Event(), threading.Event()

    def slow(names: list[str]) -> dict[str, str]:
        found = texts(names)
        at_work.set()
        assert going_on.wait(60)
        return found

    monkeypatch.setattr(store._archive, "texts", slow)
    rewriting = asyncio.create_task(asyncio.to_thread(store._feed.clear_residue))
    try:
        assert await asyncio.to_thread(at_work.wait, 30)
        await put(store, "b", "ferries")
        await store.withdraw("c")
        await store.withdraw("d", purge=True)
        await put(other, "f")
        [vector] = await WordEmbedder().embed([article("b", "ferries").text], "question")
        found = await asyncio.wait_for(store.candidates(vector, [Term("drones")], 9), 20)
        assert {one.passage.source.article_id for one in found} == {"b", "e", "f"}
        assert len(await asyncio.wait_for(store.sources(0, 9), 20)) == 3
        assert knows(store) == truth(store)
        assert by_words(store, "drones") == {"b", "c", "d", "e"}, "as before"
    finally:
        going_on.set()
        await rewriting

    assert by_words(store, "drones") == {"e", "f"}
    assert by_words(store, "ferries") == {"b"}
    assert has_residue(store), "d was purged meanwhile"
    store._feed.clear_residue()
    assert not has_residue(store)
    assert by_words(store, "drones") == {"e", "f"}
    assert knows(store) == truth(store)
