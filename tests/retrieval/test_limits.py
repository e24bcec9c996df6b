"""Within the limits of a distributed Chroma: a real server behind a proxy that refuses what that would refuse."""

import asyncio
import hashlib
import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from retrieval import connection
from retrieval.catalogue import key, stored_id
from retrieval.errors import UnreadableArticle
from retrieval.exporting import exported
from retrieval.importing import imported, take_in
from retrieval.ingest import ingest
from retrieval.lexical import Term
from retrieval.limits import MOST_KEYS, cut, gathered, left_over, spread
from retrieval.passages import split
from retrieval.readers import problem_of_id
from retrieval.reembedding import reembed_server
from retrieval.store import Store
from retrieval.types import Article, Scope, make_article
from tests.chroma_proxy import Quotas, proxy
from tests.fakes import WordEmbedder
from tests.retrieval.conftest import Open
from tests.retrieval.test_store import Meanwhile

LONG = "https://news.example/" + "2026/11/22/" * 20 + "drones-ü"
NEWS = [
    make_article(article_id=f"a{n}", title="T", text=f"Drone number{n} flies.", outlet="The Desk") for n in range(5)
]


def book(chapters: int = 400, article_id: str = LONG, title: str = "The book") -> Article:
    """Make an article that breaks every limit on the size of something."""
    text = "".join(f"Chapter chapter{n} tells of the river 🎓. {'It was long. ' * 50}\n\n" for n in range(chapters))
    return make_article(
        article_id=article_id,
        title=title,
        text=text,
        outlet="ü" * 1_000,
        published=datetime(2026, 1, 2, tzinfo=UTC),
        authors=["🎓" * 900, *(f"Author {n} of the book" for n in range(300))],
    )


@pytest.fixture
def quotas() -> Quotas:
    return Quotas()


@pytest.fixture
def store_emptied(shared_chroma: str) -> Iterator[None]:
    yield
    _emptied(shared_chroma)


def _emptied(address: str) -> None:
    client = connection.open_server(address)
    for collection in client.list_collections():
        client.delete_collection(collection.name)
    connection.close(client)


@pytest.fixture
def distributed(shared_chroma: str, quotas: Quotas) -> Iterator[str]:
    """A Chroma within documented quotas, at whose end nothing was refused but by too many at once."""
    with proxy(shared_chroma, quotas) as address:
        yield address
        assert [one for one in quotas.refused if "429" not in one] == []
    _emptied(shared_chroma)


async def found(store: Store, words: str, scope: Scope = Scope()) -> set[str]:  # noqa: B008 - frozen
    """Name the articles that are near to words or hold them."""
    [vector] = await WordEmbedder().embed([words])
    candidates = await store.candidates(vector, [Term(words)], 50, scope)
    return {one.passage.source.article_id for one in candidates if words in one.passage.text}


def all_files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def test_what_is_longer_than_every_limit_is_stored_read_found_replaced_withdrawn_and_purged(
    distributed: str, embedder: WordEmbedder, tmp_path: Path
) -> None:
    first, second = book(), book(chapters=350, title="The second book")
    with Store.open_server(distributed, embedder, tmp_path) as store:
        assert await ingest(first, store, embedder) == "created"
        for one in NEWS:
            await ingest(one, store, embedder)
        assert len(split(first)) > 300, "more than one call takes"

        assert await store.article(LONG) == first
        assert await found(store, "chapter399") == {LONG}
        assert await store.sources(0, 10) == [first.source, *(one.source for one in NEWS)]

        assert await ingest(second, store, embedder) == "replaced"
        assert await found(store, "chapter399") == set()
        assert await found(store, "chapter349") == {LONG}
        assert await store.article(LONG) == second
        assert await store.article(LONG, first.source.version) == first
        assert [one.source for one in await store.versions(LONG)] == [first.source, second.source]
        assert store._archive.passages.count() == len(split(second)) + len(NEWS)

    with Store.open_server(distributed, embedder) as store:  # its word index is made from nothing
        assert await found(store, "chapter349") == {LONG}
        assert await store.withdraw(LONG, "ö" * 3_000)
        assert await found(store, "chapter349") == set()
        assert await store.article(LONG, second.source.version) == second
        assert await ingest(first, store, embedder, restore=True) == "created"
        assert await store.article(LONG) == first

        assert await store.withdraw(LONG, purge=True)
        assert await store.article(LONG, first.source.version) is None
        assert store._archive.parts.count() == store._archive.superseded.count() == 0
        assert store._archive.passages.count() == len(NEWS)


async def test_of_a_long_article_that_is_purged_nothing_is_left_in_the_files(
    embedder: WordEmbedder, tmp_path: Path
) -> None:
    other = make_article(article_id="other", title="t", text=book(chapters=40).text)
    with Store.open_embedded(tmp_path, embedder) as store:
        await ingest(book(chapters=100), store, embedder)
        await ingest(book(chapters=90), store, embedder)
        await ingest(other, store, embedder)
        assert await store.withdraw(LONG, purge=True)
        assert await store.article("other") == other

    files = all_files(tmp_path)
    for gone in (b"chapter88", b"chapter99", b"Author 7 of the book", b"Author 299 of the book"):
        assert [path for path, data in files.items() if gone in data] == []
    assert any(b"chapter39" in data for data in files.values())


async def test_a_store_moves_by_an_export_and_an_import(
    distributed: str, embedder: WordEmbedder, store: Store, tmp_path: Path
) -> None:
    articles = [book(), book(article_id="old"), *NEWS]
    for one in [*articles, book(chapters=300)]:
        await ingest(one, store, embedder)
    await store.withdraw("old", "It was wrong.")
    lines = [line async for line in exported(store)]

    with Store.open_server(distributed, embedder, tmp_path / "words") as there:

        async def given() -> "asyncio.AsyncIterator[bytes]":  # type: ignore[name-defined]
            for line in lines:
                yield line.encode()

        done = await imported(given(), lambda histories: take_in(histories, there, embedder), lambda *_: None)
        assert (done.created, done.withdrawn, done.refused) == (6, 1, ())
        assert [line async for line in exported(there)][1:] == lines[1:]
        assert (await there.corpus()).fingerprint == (await store.corpus()).fingerprint

    await reembed_server(distributed, WordEmbedder(name="words-32", dimensions=32), lambda *_: None)
    with Store.open_server(distributed, WordEmbedder(name="words-32", dimensions=32)) as there:
        assert [line async for line in exported(there)][1:] == lines[1:]


async def test_many_callers_at_once_are_all_served(distributed: str, embedder: WordEmbedder) -> None:
    with Store.open_server(distributed, embedder) as store, Store.open_server(distributed, embedder) as other:
        outcomes = await asyncio.gather(*(ingest(one, store, embedder) for one in NEWS))
        assert set(outcomes) == {"created"}
        both = [one for _ in range(20) for one in (store, other)]
        assert [await one for one in [found(each, "number3") for each in both]] == [{"a3"}] * 40
        answers = await asyncio.gather(*(found(each, "number3") for each in both))
        assert answers == [{"a3"}] * 40


@pytest.mark.parametrize(("named", "most_named"), [(1_000, 3_000), (50, 3_000), (50, 100)])
async def test_a_scope_of_a_few_among_many_is_found_though_one_query_gives_few_results(
    distributed: str, embedder: WordEmbedder, monkeypatch: pytest.MonkeyPatch, named: int, most_named: int
) -> None:
    """By its passages' names; and one that has too many of these, as far as they are among the nearest of all."""
    monkeypatch.setattr("retrieval.candidates._NAMED", named)
    monkeypatch.setattr("retrieval.candidates._MOST_NAMED", most_named)
    chance = random.Random(1)  # noqa: S311 - words

    def words(number: int) -> str:
        return " ".join(f"word{chance.randrange(10_000)}" for _ in range(number))

    def article(name: str, pages: int, outlet: str) -> Article:
        text = "".join(f"River {name}x{page} {words(80)}.\n\n" for page in range(pages))
        return make_article(article_id=name, title="", text=text, outlet=outlet)

    articles = [article(f"common{n}", 50, "Desk") for n in range(14)] + [
        article(f"rare{n}", 30, "Rare") for n in range(4)
    ]
    with Store.open_server(distributed, embedder) as store:
        assert store._archive.most_near == 300
        for one in articles:
            await ingest(one, store, embedder)
        [vector] = await embedder.embed(["rare2x7"])
        found = await store.candidates(vector, [], 50, Scope(outlets=("Rare",)))
        assert {one.passage.source.outlet for one in found} == {"Rare"}
        if most_named == 3_000:
            assert len(found) == 50
            assert "rare2x7" in found[0].passage.text
        assert len(await store.candidates(vector, [], 50, Scope(outlets=("Rare", "Desk")))) == 50


@pytest.mark.parametrize("text", ["", "x", "x" * 100, "ü" * 51, "🎓a" * 33, "a🎓" * 33, "\r\n" * 60])
def test_what_is_cut_is_joined_to_what_it_was(text: str) -> None:
    parts = cut(text, 16)

    assert "".join(parts) == text
    assert all(len(part.encode()) <= 16 for part in parts)


def test_a_long_value_goes_into_several_keys_and_a_shorter_one_that_is_merged_into_it_is_not_mixed_with_it() -> None:
    long, longer = {"title": "ü" * 3_000, "n": 1}, {"title": "x" * 10_000, "n": 1}

    assert all(len(str(value).encode()) <= 4_096 for value in spread(long).values())
    for row in (long, longer, {"title": "short", "n": 2}, {"title": None, "n": 1}):
        merged = gathered({**spread(longer), **spread(row)})
        assert {name: value for name, value in merged.items() if "." not in name} == row
        there = {**spread(longer), **left_over(merged, row), **spread(row)}
        assert {name for name, value in there.items() if value is not None} == {
            name for name, value in spread(row).items() if value is not None
        }


@pytest.mark.parametrize("article_id", ["a", "x" * 71, "x" * 72, "🎓" * 17, "🎓" * 18, LONG, "desk/a@b#1~c" * 30])
def test_every_name_is_short_enough_and_ones_own(article_id: str) -> None:
    name = stored_id(article_id, "0" * 16, 999_999, "k" + "0" * 31)

    assert len(name.encode()) <= 128
    assert key(key(article_id)) == key(article_id)
    assert key(article_id) != key(f"{article_id}x")


async def test_no_article_can_take_the_place_of_another_whose_id_is_hashed(
    open_store: Open, embedder: WordEmbedder
) -> None:
    digest = hashlib.sha256(LONG.encode()).hexdigest()
    articles = [
        make_article(article_id=name, title="t", text=f"Drones {number}.")
        for number, name in enumerate([LONG, digest, f"sha256:{digest}"])
    ]
    assert problem_of_id(key(LONG)), "an id of its own"
    store = open_store()
    for one in articles:
        assert await ingest(one, store, embedder) == "created"
    store.close()

    store = open_store()
    assert [await store.article(one.source.article_id) for one in articles] == articles
    assert await found(store, "Drones") == {one.source.article_id for one in articles}


async def test_long_values_that_are_replaced_by_others_leave_no_key_and_never_more_than_a_record_holds(
    distributed: str, embedder: WordEmbedder
) -> None:
    names = [f"{number}" + "x" * 950 for number in range(40)]
    with Store.open_server(distributed, embedder) as store:
        articles = [
            make_article(article_id="a", title="t", text=f"Drones {number}.", authors=authors, credits=agencies)
            for number, (authors, agencies) in enumerate([(names, []), ([], names), (names[:5], []), ([], [])])
        ]
        for one in articles:
            await ingest(one, store, embedder)
            assert await store.article("a") == one
            [row] = store._archive.articles.handle.get(include=["metadatas"])["metadatas"]
            assert len(row) <= MOST_KEYS
            assert {name.partition(".")[0] for name in row if "." in name} <= {"authors", "credits"}
        assert not any("." in name for name in row)
        for one in articles[:-1]:
            assert await store.article("a", one.source.version) == one


def volume(number: int) -> Article:
    return make_article(article_id="a", title="t", text=f"Drones of {number}. " + "It was long. " * 2_000)


@pytest.mark.usefixtures("store_emptied")
async def test_a_long_text_that_another_process_commits_while_we_sweep_keeps_its_parts(
    shared_chroma: str, embedder: WordEmbedder
) -> None:
    with Store.open_server(shared_chroma, embedder) as store, Store.open_server(shared_chroma, embedder) as other:
        await ingest(volume(1), store, embedder)
        happened: list[bool] = []

        def write() -> None:
            if not happened:
                happened.append(True)
                asyncio.run(ingest(volume(3), other, WordEmbedder()))

        store._archive.passages = Meanwhile(store._archive.passages, after="delete", happens=write)
        await ingest(volume(2), store, embedder)

        assert happened
        assert await store.article("a") == volume(3)
        for number in (1, 2):
            assert await store.article("a", volume(number).source.version) == volume(number)
        assert {row["write"] for row in store._archive.parts.get()["metadatas"]} == {
            row["write"]
            for one in ("articles", "superseded")
            for row in getattr(store._archive, one).get()["metadatas"]
        }


@pytest.mark.usefixtures("store_emptied")
async def test_a_long_text_whose_writer_was_taken_for_dead_is_whole_after_it(
    shared_chroma: str, embedder: WordEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("retrieval.writes._OVER_AFTER", -1.0)
    with Store.open_server(shared_chroma, embedder) as store, Store.open_server(shared_chroma, embedder) as other:
        # The parts are written, and the record is not.
        parts = Meanwhile(store._archive.parts, after="upsert", happens=other._writes.sweep)
        store._archive.articles._parts = parts
        await ingest(volume(1), store, embedder)

        assert await other.article("a") == volume(1)


@pytest.mark.usefixtures("store_emptied")
async def test_a_version_that_is_imported_while_another_process_sweeps_keeps_its_parts(
    shared_chroma: str, embedder: WordEmbedder
) -> None:
    with Store.open_server(shared_chroma, embedder) as store, Store.open_server(shared_chroma, embedder) as other:
        await ingest(volume(1), store, embedder)
        sweeping = Meanwhile(other._archive.parts, after="upsert", happens=lambda: store._writes._sweep_article("a"))
        other._archive.superseded._parts = sweeping
        for _ in range(2):
            assert await other.keep([(volume(0), [datetime(2020, 1, 1, tzinfo=UTC)])]) == 1

        assert await store.article("a", volume(0).source.version) == volume(0)
        assert store._archive.pending.count() == 0
        assert len({row["write"] for row in store._archive.parts.get()["metadatas"]}) == 2, "those of before are gone"


async def test_an_article_whose_metadata_is_too_long_for_any_store_is_left_out_with_its_reason(
    open_store: Open, embedder: WordEmbedder
) -> None:
    store = open_store()
    article = make_article(article_id="a", title="t", text="x", authors=["n" * 1_000] * 60)

    with pytest.raises(UnreadableArticle, match=re.escape("are too long")):
        await ingest(article, store, embedder)

    assert await store.article("a") is None
    assert await ingest(NEWS[0], store, embedder) == "created"


async def test_a_store_of_the_release_before_is_read_and_written_as_it_is(
    open_store: Open, embedder: WordEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stored articles and versions by their ids, however long, whole texts in one, and named passages by ids."""
    first, second, third = book(), book(chapters=30), book(chapters=20)
    with monkeypatch.context() as before:
        before.setattr("retrieval.catalogue._LONGEST_KEY", 10_000)
        before.setattr("retrieval.limits._LONGEST_TEXT", 10_000_000)
        before.setattr("retrieval.limits._LONGEST_VALUE", 10_000_000)
        before.setattr("retrieval.generations._FORMAT", 3)
        before.setattr("retrieval.writes.new_write", lambda: "0123456789abcdef" * 2)
        store = open_store()
        await ingest(first, store, embedder)
        before.setattr("retrieval.writes.new_write", lambda: "fedcba9876543210" * 2)
        await ingest(second, store, embedder)
        await ingest(NEWS[0], store, embedder)
        assert LONG in store._archive.articles.handle.get()["ids"]
        store.close()

    for _ in range(2):
        store = open_store()
        assert await store.article(LONG) == second
        assert await store.article(LONG, first.source.version) == first
        assert await found(store, "chapter29") == {LONG}
        assert await found(store, "chapter29", Scope(article_ids=(LONG,))) == {LONG}
        assert await found(store, "number0") == {"a0"}
        assert store._archive.articles.count() == 2
        assert max(len(one.encode()) for one in store._archive.articles.handle.get()["ids"]) <= 128
        store.close()

    store = open_store()
    assert await ingest(third, store, embedder) == "replaced"
    assert store._archive.passages.count() == len(split(third)) + 1
    assert [one.source for one in await store.versions(LONG)] == [one.source for one in (first, second, third)]
    assert await store.withdraw(LONG, purge=True)
    assert store._archive.parts.count() == store._archive.superseded.count() == 0
