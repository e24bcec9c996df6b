"""Many files in: what is known is left alone, what is no article is reported, and nothing else is lost."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from retrieval.embedding import Role, Vectors
from retrieval.errors import StoreUnavailable, TextRefused, UnreadableArticle
from retrieval.ingest import MOST_CHARACTERS, PASSAGES, UNDER_WAY, Ingested, ingest, ingest_files
from retrieval.passages import embeddable, split, text_to_embed
from retrieval.readers import document_files
from retrieval.search import search
from retrieval.store import Outcome, Store
from retrieval.types import Article, Scope, Span, make_article
from tests.fakes import WordEmbedder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "news"
    (folder / "sub").mkdir(parents=True)
    (folder / "drones.md").write_text("---\ntitle: Drones\n---\nIndia plans to buy 31 drones.\n")
    (folder / "sub" / "students.txt").write_text("date 2023-11-10\nThere are 270,000 students.\n")
    return folder


async def ingested(folder: Path, store: Store, embedder: WordEmbedder) -> list[Ingested]:
    async def put(article: Article) -> str:
        return await ingest(article, store, embedder)

    return [one async for one in ingest_files(document_files([folder]), put)]  # type: ignore[arg-type]


def outcomes(found: list[Ingested]) -> list[tuple[str | None, str | None]]:
    return [(one.article_id, one.outcome) for one in found]


async def test_a_folder_goes_in_file_by_file(folder: Path, store: Store, embedder: WordEmbedder) -> None:
    found = await ingested(folder, store, embedder)

    assert outcomes(found) == [("drones", "created"), ("sub/students", "created")]
    assert [one.name for one in found] == [str(folder / "drones.md"), str(folder / "sub/students.txt")]
    assert (await store.corpus()).articles == 2


async def test_the_same_folder_again_writes_and_embeds_nothing(
    folder: Path, store: Store, embedder: WordEmbedder
) -> None:
    await ingested(folder, store, embedder)
    corpus, asked = await store.corpus(), len(embedder.asked)
    rows = store._archive.passages.get(include=["metadatas"])

    assert outcomes(await ingested(folder, store, embedder)) == [("drones", "unchanged"), ("sub/students", "unchanged")]

    assert len(embedder.asked) == asked
    assert await store.corpus() == corpus
    assert store._archive.passages.get(include=["metadatas"]) == rows


async def test_a_file_that_changed_replaces_its_article(folder: Path, store: Store, embedder: WordEmbedder) -> None:
    await ingested(folder, store, embedder)
    (folder / "drones.md").write_text("---\ntitle: Drones\n---\nIndia plans to buy 32 drones.\n")

    assert outcomes(await ingested(folder, store, embedder)) == [("drones", "replaced"), ("sub/students", "unchanged")]

    hits = (await search("drones", store, embedder, limit=5, scope=Scope())).hits
    assert [hit.passage.text for hit in hits if "drones" in hit.passage.text] == ["India plans to buy 32 drones.\n"]


async def test_what_is_no_article_is_reported_and_loses_nothing_else(
    folder: Path, store: Store, embedder: WordEmbedder
) -> None:
    (folder / "a empty.md").write_text("")
    (folder / "b binary.txt").write_bytes(b"\0\1")
    (folder / "c cut.docx").write_bytes(b"PK\3\4")
    (folder / "d.png").write_bytes(b"\x89PNG")
    (folder / "e.md").write_text("---\ntitle: [\n---\nx")

    found = await ingested(folder, store, embedder)

    assert [(Path(one.name).name, one.outcome, one.article_id) for one in found if one.reason] == [
        ("a empty.md", None, None),
        ("b binary.txt", None, None),
        ("c cut.docx", None, None),
        ("d.png", None, None),
        ("e.md", None, None),
    ]
    assert outcomes([one for one in found if not one.reason]) == [("drones", "created"), ("sub/students", "created")]


async def test_the_second_file_with_an_id_is_reported_with_the_first(
    folder: Path, store: Store, embedder: WordEmbedder
) -> None:
    (folder / "drones.txt").write_text("another text")
    (folder / "z.md").write_text("---\nid: sub/students\n---\nanother text")

    found = await ingested(folder, store, embedder)

    reasons = {Path(one.name).name: one.reason for one in found if one.reason}
    assert reasons.keys() == {"drones.txt", "z.md"}
    assert str(folder / "drones.md") in str(reasons["drones.txt"])
    assert str(folder / "sub/students.txt") in str(reasons["z.md"])
    article = await store.article("drones")
    assert article
    assert article.text == "India plans to buy 31 drones.\n"


async def test_a_file_that_is_named_twice_is_no_second_article(
    folder: Path, store: Store, embedder: WordEmbedder
) -> None:
    async def put(article: Article) -> str:
        return await ingest(article, store, embedder)

    path = folder / "drones.md"
    found = [one async for one in ingest_files(document_files([path, path]), put)]  # type: ignore[arg-type]

    assert outcomes(found) == [("drones", "created"), ("drones", "unchanged")]


async def test_a_file_name_that_is_not_utf_8_can_be_printed(
    tmp_path: Path, store: Store, embedder: WordEmbedder
) -> None:
    (tmp_path / "news").mkdir()
    (tmp_path / "news" / os.fsdecode(b"caf\xe9.md")).write_text("text")

    (one,) = await ingested(tmp_path / "news", store, embedder)

    assert one.name.encode().endswith("caf\ufffd.md".encode())
    assert one.outcome == "created"


async def test_an_article_that_the_store_refuses_is_reported_and_loses_nothing_else(folder: Path) -> None:
    async def put(article: Article) -> str:
        if article.source.article_id == "drones":
            raise UnreadableArticle(article.source.article_id, "too large")
        return "created"

    found = [one async for one in ingest_files(document_files([folder]), put)]  # type: ignore[arg-type]

    assert outcomes(found) == [(None, None), ("sub/students", "created")]
    assert (found[0].name, found[0].reason) == (str(folder / "drones.md"), "too large")


async def test_a_store_that_fails_ends_the_ingest(folder: Path) -> None:
    async def put(article: Article) -> str:
        raise OSError(article.source.article_id)

    with pytest.raises(OSError, match="drones"):
        [one async for one in ingest_files(document_files([folder]), put)]  # type: ignore[arg-type]


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """A hundred files, whose names tell their order."""
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(100):
        (folder / f"{number:03}.txt").write_text(f"Article {number}.\n")
    return folder


class Desk:
    """Stores articles when it is told to, and remembers which came and which are at work."""

    def __init__(self) -> None:
        self.came: list[str] = []
        self.at_work = 0
        self.most = 0
        self.cancelled = 0
        self.go = asyncio.Event()
        self.full = asyncio.Event()

    async def put(self, article: Article) -> Outcome:
        name = article.source.article_id
        self.came.append(name)
        if len(self.came) == UNDER_WAY:
            self.full.set()
        self.at_work += len(article.text)
        self.most = max(self.most, self.at_work)
        try:
            await self.go.wait()
            for _ in range(int(name) * 7 % 10):  # each takes its time
                await asyncio.sleep(0)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.at_work -= len(article.text)
        if name == "013":
            raise UnreadableArticle(name, "refused")
        return "created"


async def test_what_became_of_files_comes_in_their_order_whichever_is_done_first(many: Path) -> None:
    desk = Desk()
    desk.go.set()

    found = [one async for one in ingest_files(document_files([many]), desk.put)]

    assert [Path(one.name).stem for one in found] == [f"{number:03}" for number in range(100)]
    assert [one.reason for one in found if one.reason] == ["refused"]


async def test_no_more_articles_are_read_than_are_under_way(many: Path) -> None:
    desk = Desk()
    stream = ingest_files(document_files([many]), desk.put)
    first = asyncio.ensure_future(anext(stream))
    await desk.full.wait()
    for _ in range(1000):
        await asyncio.sleep(0)

    assert len(desk.came) == UNDER_WAY
    desk.go.set()
    assert (await first).article_id == "000"
    assert len([one async for one in stream]) == 99
    assert len(desk.came) == 100


async def test_long_articles_do_not_fill_the_memory_together(tmp_path: Path) -> None:
    for number in range(6):
        (tmp_path / f"{number:03}.txt").write_text("x" * (MOST_CHARACTERS // 2 + (number == 3) * MOST_CHARACTERS))
    desk = Desk()

    async def run() -> list[Ingested]:
        return [one async for one in ingest_files(document_files([tmp_path]), desk.put)]

    running = asyncio.create_task(run())
    await asyncio.wait([running], timeout=0.5)  # it is as far as it comes while nothing is stored

    assert desk.came == ["000", "001"]
    desk.go.set()
    assert len(await running) == 6
    assert desk.most == MOST_CHARACTERS * 3 // 2, "the longest alone"


async def test_an_ingest_that_is_given_up_gives_up_what_is_under_way(many: Path) -> None:
    desk = Desk()

    async def run() -> None:
        [one async for one in ingest_files(document_files([many]), desk.put)]

    running = asyncio.create_task(run())
    await desk.full.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    for _ in range(10):
        await asyncio.sleep(0)

    assert desk.cancelled == UNDER_WAY
    assert len(desk.came) == UNDER_WAY


async def test_a_store_that_fails_in_the_middle_ends_the_ingest_after_what_was_stored_is_told(many: Path) -> None:
    last = 30 + UNDER_WAY - 1
    came = asyncio.Event()

    async def put(article: Article) -> Outcome:
        if article.source.article_id == f"{last:03}":
            came.set()
        if article.source.article_id == "030":
            await came.wait()
            raise StoreUnavailable("the disk is full")
        return "created"

    told: list[str | None] = []

    async def run() -> None:
        async for one in ingest_files(document_files([many]), put):
            told.append(one.article_id)  # noqa: PERF401 - also when it ends with an error

    with pytest.raises(StoreUnavailable, match="the disk is full"):
        await run()

    assert told == [f"{number:03}" for number in range(last + 1) if number != 30]


async def test_an_article_that_chroma_refuses_takes_nothing_with_it(store: Store, embedder: WordEmbedder) -> None:
    """Neither the others of its write nor those of the next."""
    articles = [make_article(article_id=name, title="t", text="x") for name in "abc"]
    upsert = store._archive.passages.upsert

    def refused(**rows: Any) -> None:  # noqa: ANN401 - Chroma's own
        if any(name.startswith("b@") for name in rows["ids"]):
            raise ValueError("too long for Chroma")
        upsert(**rows)

    store._archive.passages.upsert = refused
    ended = await asyncio.gather(*(ingest(one, store, embedder) for one in articles), return_exceptions=True)

    assert [str(one) for one in ended] == ["created", "too long for Chroma", "created"]
    assert [source.article_id for source in await store.sources(0, 10)] == ["a", "c"]


async def test_each_passage_is_embedded_with_its_title_and_without_furniture(
    store: Store, embedder: WordEmbedder
) -> None:
    article = make_article(article_id="a", title="Drones", text="ADVERTISEMENT\n\n" + "They fly. " * 300)

    await ingest(article, store, embedder)

    ((texts, role),) = embedder.asked
    assert role == "passage"
    assert list(texts) == [text_to_embed(passage) for passage in split(article)]
    assert all(text.startswith("Drones\n") and "ADVERTISEMENT" not in text for text in texts)


class Slow(WordEmbedder):
    """Embeds when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.go = asyncio.Event()

    async def embed(self, texts: Sequence[str], role: Role = "passage") -> Vectors:
        await self.go.wait()
        return await super().embed(texts, role)


async def test_an_article_that_the_model_refuses_is_left_out_with_its_reason(folder: Path, store: Store) -> None:
    class Refusing(WordEmbedder):
        async def embed_parts(
            self, texts: Sequence[str], parts: Sequence[Sequence[Span]]
        ) -> tuple[Vectors, list[Vectors]]:
            if "drones" in texts[0]:
                raise TextRefused("The model answered HTTP 400: too long.")
            return await super().embed_parts(texts, parts)

    found = await ingested(folder, store, Refusing())

    assert [one.reason for one in found if not one.outcome] == ["The model answered HTTP 400: too long"]
    assert [one.outcome for one in found if one.outcome] == ["created"] * (len(found) - 1)


async def test_a_book_is_embedded_piece_by_piece(store: Store, embedder: WordEmbedder) -> None:
    await ingest(book(), store, embedder)

    asked = [text for texts, _ in embedder.asked for text in texts]
    assert asked == [text_to_embed(passage) for passage in split(book())]
    assert max(len(texts) for texts, _ in embedder.asked) == PASSAGES < len(asked)


async def test_of_a_book_that_is_given_up_no_more_is_embedded(store: Store) -> None:
    class Cancelling(WordEmbedder):
        async def embed(self, texts: Sequence[str], role: Role = "passage") -> Vectors:
            vectors = await super().embed(texts, role)
            given_up.cancel()
            await asyncio.sleep(0)
            return vectors

    embedder = Cancelling()
    given_up = asyncio.create_task(ingest(book(), store, embedder))
    await asyncio.wait([given_up])

    assert given_up.cancelled()
    assert sum(len(texts) for texts, _ in embedder.asked) == PASSAGES
    assert (await store.corpus()).articles == 0


def book() -> Article:
    pages = [f"On page {number} the drones fly over the river and home again. " * 10 for number in range(2 * PASSAGES)]
    return make_article(article_id="book", title="Book", text="\n\n".join(pages))


async def test_a_correction_embeds_only_the_passages_that_it_changed(store: Store, embedder: WordEmbedder) -> None:
    paragraphs = [f"Paragraph {number} says that the {word} was seen. " * 12 for number, word in enumerate("abcdef")]
    texts = {"before": "\n\n".join(paragraphs), "after": "\n\n".join([*paragraphs[:-1], "The f was never seen."])}
    articles = {name: make_article(article_id="a", title="Seen", text=text) for name, text in texts.items()}
    await ingest(articles["before"], store, embedder)
    embedder.asked.clear()

    assert await ingest(articles["after"], store, embedder) == "replaced"

    passages = split(articles["after"])
    ((again, _),) = embedder.asked
    assert len(passages) > len(again) == 1
    assert "never seen" in again[0]
    whole, _ = await embedder.embed_parts(*embeddable(articles["after"], passages))
    assert np.allclose([vector for vector, _ in (await store.embedded("a")).values()], whole)


async def test_the_same_article_from_two_sides_at_once_is_created_once(store: Store) -> None:
    slow = Slow()
    article = make_article(article_id="a", title="t", text="They fly. " * 300)
    both = [asyncio.create_task(ingest(article, store, slow)) for _ in range(2)]
    slow.go.set()

    assert sorted(await asyncio.gather(*both)) == ["created", "unchanged"]
    assert store._archive.passages.count() == len(split(article))


async def test_search_gives_hits_with_a_relevance_between_0_and_1(store: Store, embedder: WordEmbedder) -> None:
    for number, text in enumerate(["drones", "drones over the river", "students"]):
        await ingest(make_article(article_id=str(number), title="", text=text), store, embedder)

    hits = (await search("drones", store, embedder, limit=2, scope=Scope())).hits

    assert [hit.passage.source.article_id for hit in hits] == ["0", "1"]
    assert 1 >= hits[0].relevance > hits[1].relevance >= 0
    assert embedder.asked[-1] == (("drones",), "question")
