"""Copies of one report are one source: linked as they come, and told apart again when they change or go."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from retrieval import readers
from retrieval.ingest import ingest
from retrieval.readers import Document
from retrieval.store import Store
from retrieval.types import Article, make_article
from tests.fakes import WordEmbedder
from tests.processes import until
from tests.retrieval.conftest import Open
from tests.retrieval.test_store import Meanwhile, nearest, prepared

FERRY = Path(__file__).parents[2] / "benchmarks" / "origins" / "fitted" / "ferry-grounding"


def read(name: str) -> Article:
    return readers.read(Document(FERRY / f"{name}.md", name))


def changed(article: Article, text: str = "") -> Article:
    """Give another version of an article: with other words, or another outlet's line below the same ones."""
    source = article.source
    return make_article(
        article_id=source.article_id,
        title=source.title,
        text=text or f"{article.text}\nOur own correspondent adds nothing.\n",
        published=source.published,
    )


async def origins(store: Store, *names: str) -> list[str]:
    found = [await store.article(name) for name in names]
    told = [article.source.origin for article in found if article]
    # Wherever a source is shown it says the same.
    listed = {source.article_id: source.origin for source in await store.sources(0, 100)}
    assert [listed[name] for name in names] == told
    for one in await nearest(store, "ferry harbour passengers"):
        assert one.passage.source.origin == listed[one.passage.source.article_id]
    return told


OTHERS = "The council of Brenn voted on Monday to rebuild the market hall, which burned down in March. " * 12


async def test_a_wire_story_in_three_outlets_is_one_source_and_two_reporters_are_two(
    open_store: Open, embedder: WordEmbedder
) -> None:
    store = open_store()
    names = ["agency", "verbatim", "light", "rival", "independent"]
    for name in names:
        await ingest(read(name), store, embedder)

    assert await origins(store, *names) == ["agency", "agency", "agency", "rival", "independent"]

    store.close()
    store = open_store()
    assert await origins(store, *names) == ["agency", "agency", "agency", "rival", "independent"]
    others = [[one.article_id for one in await store.same_origin(name, 50)] for name in ("verbatim", "rival", "none")]
    assert others == [["agency", "light"], [], []]
    [first] = await store.same_origin("light", 1)
    assert (first.article_id, first.origin) == ("agency", "agency")


async def test_articles_that_are_written_in_one_go_are_compared_with_each_other(open_store: Open) -> None:
    store = open_store()
    names = ["verbatim", "rival", "agency", "light"]
    together = [await prepared(read(name)) for name in names]

    with store._writes.lock:
        putting = [asyncio.create_task(store.put(one)) for one in together]
        await asyncio.to_thread(until, lambda: len(store._writes._waiting) == len(names), "all wait")
    await asyncio.gather(*putting)

    assert await origins(store, *names) == ["verbatim", "rival", "verbatim", "verbatim"]


async def test_a_copy_that_changes_into_something_else_is_a_source_of_its_own_until_it_changes_back(
    open_store: Open, embedder: WordEmbedder
) -> None:
    store = open_store()
    a, b, c = (read(name) for name in ("agency", "verbatim", "light"))
    for article in (a, b, c):
        await ingest(article, store, embedder)
    names = [one.source.article_id for one in (a, b, c)]

    await ingest(changed(b, OTHERS), store, embedder)
    assert await origins(store, *names) == ["agency", "verbatim", "agency"]
    await ingest(changed(a, OTHERS), store, embedder)
    assert await origins(store, *names) == ["agency", "agency", "light"]
    await ingest(a, store, embedder)
    assert await origins(store, *names) == ["agency", "verbatim", "agency"]
    await ingest(b, store, embedder)
    assert await origins(store, *names) == ["agency", "agency", "agency"]


async def test_an_article_that_changes_and_is_a_copy_still_stays_one(open_store: Open, embedder: WordEmbedder) -> None:
    store = open_store()
    names = ("agency", "verbatim", "light")
    for name in names:
        await ingest(read(name), store, embedder)

    for name in names:
        await ingest(changed(read(name)), store, embedder)

    assert await origins(store, *names) == ["agency"] * 3


async def test_what_the_copies_were_of_may_be_withdrawn_and_come_back(open_store: Open, embedder: WordEmbedder) -> None:
    store = open_store()
    for name in ("agency", "verbatim", "light"):
        await ingest(read(name), store, embedder)

    await store.withdraw("agency")
    assert len(set(await origins(store, "verbatim", "light"))) == 1
    await ingest(read("agency"), store, embedder, restore=True)
    assert await origins(store, "agency", "verbatim", "light") == ["agency"] * 3


async def test_more_copies_than_an_article_is_compared_with_are_one_source_and_stay_it(
    open_store: Open, embedder: WordEmbedder
) -> None:
    store = open_store()
    report = read("agency")
    outlets = [
        make_article(article_id=f"outlet {number}", title=report.source.title, text=f"{report.text}\n{number}.\n")
        for number in range(20)
    ]
    for article in outlets:
        await ingest(article, store, embedder)
    for number in (0, 3, 11):
        await store.withdraw(f"outlet {number}")
    await ingest(changed(outlets[5], OTHERS), store, embedder)

    left = [f"outlet {number}" for number in range(20) if number not in (0, 3, 11)]
    told = dict(zip(left, await origins(store, *left), strict=True))
    assert told.pop("outlet 5") == "outlet 5"
    assert set(told.values()) == {"outlet 1"}


async def test_articles_without_a_word_are_nobodys_copies(open_store: Open, embedder: WordEmbedder) -> None:
    store = open_store()
    for name in ("a", "b"):
        await ingest(make_article(article_id=name, title="", text="…"), store, embedder)
        await ingest(make_article(article_id=f"{name} empty", title="", text=""), store, embedder)

    assert await origins(store, "a", "b", "a empty", "b empty") == ["a", "b", "a empty", "b empty"]


@pytest.mark.parametrize("kind", ["server"])
async def test_copies_that_two_processes_commit_at_once_find_each_other(
    open_store: Open, embedder: WordEmbedder
) -> None:
    """Neither sees the other's when it compares its own."""
    first, second, third = open_store(), open_store(), open_store()
    happened: list[bool] = []

    def write() -> None:
        if not happened:
            happened.append(True)
            asyncio.run(ingest(read("verbatim"), second, WordEmbedder()))

    first._archive.articles = Meanwhile(first._archive.articles, before="upsert", happens=write)
    await ingest(read("agency"), first, embedder)

    assert happened
    for store in (first, second, third):
        await store.follow()
        assert await origins(store, "agency", "verbatim") == ["agency", "agency"]


@pytest.mark.parametrize("kind", ["server"])
async def test_what_another_version_copied_is_not_said_of_the_one_that_took_its_place(
    open_store: Open, embedder: WordEmbedder
) -> None:
    """The first writer finds a copy after its commit, when the second has replaced the article with something else."""
    first, second = open_store(), open_store()
    happened: list[str] = []

    def then(name: str, article: Article) -> Callable[[], None]:
        def write() -> None:
            if name not in happened:
                happened.append(name)
                asyncio.run(ingest(article, second, WordEmbedder()))

        return write

    articles = first._archive.articles
    before = Meanwhile(articles, before="upsert", happens=then("copy", read("verbatim")))
    first._archive.articles = Meanwhile(before, before="update", happens=then("taken", changed(read("agency"), OTHERS)))
    await ingest(read("agency"), first, embedder)

    assert happened == ["copy", "taken"]
    for store in (first, second):
        await store.follow()
        assert await origins(store, "agency", "verbatim") == ["agency", "verbatim"]
