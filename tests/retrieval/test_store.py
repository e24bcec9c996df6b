"""What every store promises: the contract, once in a folder and once on a Chroma server."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

import retrieval.candidates
import retrieval.limits
import retrieval.writes
from retrieval.errors import ArticleWithdrawn, StoreForeign, StoreUnavailable
from retrieval.ingest import ingest
from retrieval.lexical import Term
from retrieval.passages import embeddable, split
from retrieval.ranking import Candidate
from retrieval.rows import passage_row
from retrieval.store import Prepared, Store
from retrieval.types import Article, Scope, Withdrawal, make_article
from tests.fakes import WordEmbedder
from tests.retrieval.conftest import Open

ODD = "CRLF\r\nCR\rBOM\ufeff NUL\0 bell\a emoji 👩\u200d👧 e\u0301 \u2028 \u202eabc\u202c \uffff 𝔘 'q' \" \\ %s"
DAY = datetime(2023, 11, 10, tzinfo=UTC)
WHOLE = Scope()
COLLECTIONS = ("articles", "passages", "superseded", "pending")


def long_article(article_id: str, number: int, passages: int = 4) -> Article:
    """Make a version of an article whose every passage names it."""
    paragraph = f"Drones of version {number} fly over the river. " * 16 + "\n\n"
    return make_article(article_id=article_id, title=f"Version {number}", text=paragraph * passages)


async def prepared(article: Article) -> Prepared:
    """Give an article as it is stored."""
    passages = split(article)
    return Prepared(article, passages, *await WordEmbedder().embed_parts(*embeddable(article, passages)))


async def put_together(store: Store, articles: Iterable[Article]) -> None:
    """Store articles, those that wait for their turn in one go."""
    await asyncio.gather(*[store.put(await prepared(article)) for article in articles])


async def nearest(  # noqa: PLR0913 - what a search is asked
    store: Store,
    question: str,
    limit: int = 50,
    scope: Scope = WHOLE,
    as_of: datetime | None = None,
    *,
    terms: Sequence[Term] = (),
) -> list[Candidate]:
    [vector] = await WordEmbedder().embed([question], "question")
    found = await store.candidates(vector, terms, limit, scope, as_of)
    return sorted(found, key=lambda one: -one.similarity)


async def ids(
    store: Store, question: str = "drones", limit: int = 50, scope: Scope = WHOLE, as_of: datetime | None = None
) -> set[str]:
    return {one.passage.source.article_id for one in await nearest(store, question, limit, scope, as_of)}


def everything(store: Store) -> list[Any]:
    """Give all that Chroma holds of ours."""
    collections = [getattr(store._archive, name) for name in COLLECTIONS]
    return [collection.get(include=["documents", "metadatas", "embeddings"]) for collection in collections]


def texts(everything: list[Any]) -> list[Any]:
    return [(found["ids"], found["documents"], found["metadatas"]) for found in everything]


def whole(found: Sequence[Candidate], *versions: Article) -> Article:
    """Check that what was found of an article is all of one version; give it."""
    passages = sorted((one.passage for one in found), key=lambda passage: passage.ordinal)
    (article,) = [one for one in versions if passages and one.source == passages[0].source]
    assert passages == split(article)
    return article


async def test_an_article_comes_back_character_for_character(open_store: Open, embedder: WordEmbedder) -> None:
    article = make_article(
        article_id=f"desk/{ODD}",
        title=ODD,
        text=ODD * 60,
        outlet=ODD,
        url="https://desk.example/?a=b&c=ü",
        published=datetime(2023, 11, 10, 12, 13, 14, 15, tzinfo=UTC),
        credits=["PTI", ODD],
    )
    store = open_store()

    assert await ingest(article, store, embedder) == "created"

    assert await store.article(article.source.article_id) == article
    assert await store.article(article.source.article_id, article.source.version) == article
    assert await store.sources(0, 10) == [article.source]
    assert await store.articles([article.source]) == {article.source.article_id: article}
    assert whole(await nearest(store, "emoji"), article) == article


async def test_an_article_with_nothing_but_a_text_comes_back(open_store: Open, embedder: WordEmbedder) -> None:
    article = make_article(article_id="a", title="t", text="x")
    store = open_store()
    await ingest(article, store, embedder)

    assert await store.article("a") == article


async def test_what_was_stored_is_there_after_closing(open_store: Open, embedder: WordEmbedder) -> None:
    article = long_article("drones", 1)
    first = open_store()
    await ingest(article, first, embedder)
    corpus = await first.corpus()
    first.close()
    store = open_store()

    assert await store.article("drones") == article
    assert whole(await nearest(store, "drones"), article) == article
    assert await store.corpus() == corpus


async def test_the_same_version_again_writes_nothing_and_embeds_nothing(
    open_store: Open, embedder: WordEmbedder
) -> None:
    article = long_article("drones", 1)
    store = open_store()
    await ingest(article, store, embedder)
    asked, before = len(embedder.asked), texts(everything(store))

    assert await ingest(article, store, embedder) == "unchanged"
    assert await store.put(await prepared(article)) == "unchanged"

    assert len(embedder.asked) == asked
    assert texts(everything(store)) == before


async def test_another_version_replaces_the_first_and_leaves_none_of_its_passages(
    open_store: Open, embedder: WordEmbedder
) -> None:
    old, new = long_article("drones", 1, passages=6), long_article("drones", 2, passages=3)
    other = long_article("other", 1)
    store = open_store()
    for article in (old, other):
        await ingest(article, store, embedder)

    assert await ingest(new, store, embedder) == "replaced"

    assert await store.article("drones") == new
    scope = Scope(article_ids=("drones",))
    assert whole(await nearest(store, "drones", scope=scope), new) == new
    assert [await store.version(one) for one in ("drones", "gone", "other")] == [
        new.source.version,
        None,
        other.source.version,
    ]
    assert store._archive.passages.count() == len(split(new)) + len(split(other))
    assert store._archive.pending.count() == 0


async def test_a_replaced_version_stays_readable_and_is_not_listed(open_store: Open, embedder: WordEmbedder) -> None:
    versions = [long_article("drones", number) for number in range(3)]
    store = open_store()
    for article in versions:
        await ingest(article, store, embedder)

    for article in versions:
        assert await store.article("drones", article.source.version) == article
        assert await store.articles([article.source]) == {"drones": article}
    assert await store.sources(0, 10) == [versions[-1].source]
    assert (await store.corpus()).articles == 1


async def test_a_version_that_comes_back_is_current_again(open_store: Open, embedder: WordEmbedder) -> None:
    first, second = long_article("drones", 1), long_article("drones", 2)
    store = open_store()

    outcomes = [await ingest(article, store, embedder) for article in (first, second, first, second)]

    assert outcomes == ["created", "replaced", "replaced", "replaced"]
    assert whole(await nearest(store, "drones"), first, second) == second
    assert await store.article("drones", first.source.version) == first


async def test_metadata_that_a_new_version_lacks_is_gone(open_store: Open, embedder: WordEmbedder) -> None:
    store = open_store()
    dated = make_article(article_id="a", title="t", text="drones", outlet="X", url="u", published=DAY, credits=["PTI"])
    bare = make_article(article_id="a", title="t", text="drones")
    await ingest(dated, store, embedder)
    await ingest(bare, store, embedder)

    assert await store.article("a") == bare
    assert await ids(store, scope=Scope(outlets=("X",))) == set()


async def test_what_is_not_there_is_none(open_store: Open, embedder: WordEmbedder) -> None:
    store = open_store()
    article = long_article("drones", 1)
    await ingest(article, store, embedder)

    assert await store.article("gone") is None
    assert await store.article("drones", "0" * 16) is None
    assert await store.articles([]) == {}
    assert await store.articles([long_article("gone", 1).source, article.source, article.source]) == {"drones": article}
    assert await store.version("gone") is None


async def test_an_empty_store_finds_nothing(open_store: Open) -> None:
    store = open_store()

    assert await nearest(store, "drones") == []
    assert await store.sources(0, 10) == []
    assert (await store.corpus()).articles == 0
    await store.ready()


async def test_articles_are_listed_page_by_page_in_the_order_in_which_they_came_first(
    open_store: Open, embedder: WordEmbedder
) -> None:
    store = open_store()
    names = ["c", "a", "d", "b", "e"]
    for name in names:
        await ingest(long_article(name, 1, passages=1), store, embedder)
    await ingest(long_article("a", 2, passages=1), store, embedder)

    pages = [await store.sources(offset, 2) for offset in (0, 2, 4, 6)]

    assert [[source.article_id for source in page] for page in pages] == [["c", "a"], ["d", "b"], ["e"], []]


async def test_the_newest_articles_are_listed_first_page_by_page(open_store: Open, embedder: WordEmbedder) -> None:
    store = open_store()
    for name, hours in {"old": 0, "new": 9, "undated": None, "older": -3}.items():
        published = None if hours is None else DAY + timedelta(hours=hours)
        article = make_article(article_id=name, title=name, text=f"Words of {name}.", published=published)
        await ingest(article, store, embedder)

    pages = [await store.newest(offset, 3) for offset in (0, 3, 6)]

    assert [[source.article_id for source in page] for page in pages] == [["new", "old", "older"], ["undated"], []]


async def test_the_nearest_comes_first_with_its_cosine(open_store: Open, embedder: WordEmbedder) -> None:
    store = open_store()
    for name, text in {"a": "drones drones", "b": "drones river", "c": "river bank"}.items():
        await ingest(make_article(article_id=name, title="", text=text), store, embedder)

    found = await nearest(store, "drones drones", limit=2)

    assert [one.passage.source.article_id for one in found] == ["a", "b"]
    assert found[0].similarity == pytest.approx(1, abs=1e-4)
    assert found[1].similarity == pytest.approx(0.5**0.5, abs=1e-3)


async def test_a_scope_keeps_the_rest_out(open_store: Open, embedder: WordEmbedder) -> None:
    store = open_store()
    for name, outlet, published in [
        ("early", "X", DAY),
        ("late", "Y", DAY + timedelta(days=1)),
        ("undated", "X", None),
    ]:
        article = make_article(article_id=name, title="t", text="drones", outlet=outlet, published=published)
        await ingest(article, store, embedder)
    second = timedelta(seconds=1)

    assert await ids(store) == {"early", "late", "undated"}
    assert await ids(store, scope=Scope(after=DAY)) == {"early", "late"}
    assert await ids(store, scope=Scope(after=DAY + second)) == {"late"}
    assert await ids(store, scope=Scope(before=DAY + timedelta(days=1))) == {"early"}
    assert await ids(store, as_of=DAY) == {"early"}
    assert await ids(store, as_of=DAY - second) == set()
    assert await ids(store, scope=Scope(outlets=("X",))) == {"early", "undated"}
    assert await ids(store, scope=Scope(outlets=("X", "Y"), after=DAY)) == {"early", "late"}
    assert await ids(store, scope=Scope(article_ids=("late", "gone"))) == {"late"}
    assert await ids(store, scope=Scope(outlets=("X",), article_ids=("late",))) == set()


async def test_passages_that_no_record_names_are_never_found_and_crowd_nothing_out(
    open_store: Open, embedder: WordEmbedder
) -> None:
    store = open_store()
    stored = [make_article(article_id=f"a{number}", title="t", text="drones over the river") for number in range(5)]
    for article in stored:
        await ingest(article, store, embedder)
    # What a write leaves behind whose process was killed: nearer than all that is stored, and much of it. No two alike:
    # of hundreds of equal vectors Chroma's index finds some.
    draw = np.random.default_rng(1)
    for article_id in ("a0", "never-stored"):
        leftover = make_article(article_id=article_id, title="leftover", text="drones " * 30_000)
        passages = split(leftover)
        store._archive.passages.upsert(
            ids=[f"{passage.passage_id}~dead" for passage in passages],
            embeddings=await embedder.embed(["drones"]) + 0.01 * draw.standard_normal((len(passages), 64), np.float32),
            documents=[passage.text for passage in passages],
            metadatas=[passage_row(passage, "dead", await embedder.embed([])) for passage in passages],
        )

    found = await nearest(store, "drones", limit=5)

    assert {one.passage.source.article_id for one in found} == {"a0", "a1", "a2", "a3", "a4"}
    assert {one.passage.source.title for one in found} == {"t"}


async def test_the_fingerprint_changes_with_the_articles_and_comes_back_with_them(
    open_store: Open, embedder: WordEmbedder
) -> None:
    store = open_store()
    first, second = long_article("a", 1), long_article("a", 2)
    seen = [await store.corpus()]
    for article in (first, long_article("b", 1), second, first):
        await ingest(article, store, embedder)
        seen.append(await store.corpus())

    assert [corpus.articles for corpus in seen] == [0, 1, 2, 2, 2]
    assert len({corpus.fingerprint for corpus in seen}) == 4
    assert seen[4] == seen[2]


async def test_a_store_of_another_model_is_refused_with_what_to_do(open_store: Open, embedder: WordEmbedder) -> None:
    open_store().close()
    embedder.name = "other-model"

    with pytest.raises(StoreForeign, match=r"words-64.*other-model.*groundwire reembed"):
        open_store()

    embedder.name = "words-64"
    await open_store().ready()


async def test_a_withdrawn_article_is_neither_found_nor_listed_and_stays_readable_by_version(
    open_store: Open, embedder: WordEmbedder
) -> None:
    store = open_store()
    article, other = long_article("drones", 1), long_article("other", 1)
    before = make_article(article_id="drones", title="before", text="Drones of an older version.")
    await ingest(other, store, embedder)
    alone = await store.corpus()
    for version in (before, article):
        await ingest(version, store, embedder)

    assert await store.withdraw("drones")

    for again in (store, None):
        if again is None:
            store.close()
            store = open_store()
        assert await store.corpus() == alone
        assert await store.sources(0, 10) == [other.source]
        assert await ids(store) == {"other"}
        assert await store.article("drones") is None
        assert await store.version("drones") is None
        for version in (before, article):
            assert await store.article("drones", version.source.version) == version
            assert await store.articles([version.source]) == {"drones": version}
    assert store._archive.passages.count() == len(split(other))
    assert not await store.withdraw("drones")
    assert not await store.withdraw("never")


async def test_a_withdrawn_article_that_is_restored_is_what_it_was(open_store: Open, embedder: WordEmbedder) -> None:
    store = open_store()
    article = long_article("drones", 1)
    for one in (article, long_article("other", 1)):
        await ingest(one, store, embedder)
    corpus, listed = await store.corpus(), await store.sources(0, 10)
    await store.withdraw("drones")

    assert await ingest(article, store, embedder, restore=True) == "created"

    assert await store.article("drones") == article
    assert await store.corpus() == corpus
    assert await store.sources(0, 10) == listed
    assert whole(await nearest(store, "drones", scope=Scope(article_ids=("drones",))), article) == article


async def test_a_withdrawn_article_is_not_brought_back_by_ingesting_it_again(
    open_store: Open, embedder: WordEmbedder
) -> None:
    store = open_store()
    article = long_article("drones", 1)
    await ingest(article, store, embedder)
    assert await store.standing("drones") == article.source.version
    began = datetime.now(UTC)
    assert await store.withdraw("drones", "The interview never took place.")

    for again in (store, None):
        if again is None:
            store.close()
            store = open_store()
        withdrawal = await store.standing("drones")
        assert isinstance(withdrawal, Withdrawal)
        assert began <= withdrawal.at <= datetime.now(UTC)
        assert (withdrawal.reason, withdrawal.purged) == ("The interview never took place.", False)
        embedder.asked.clear()
        for one in (article, long_article("drones", 2)):
            with pytest.raises(ArticleWithdrawn) as raised:
                await ingest(one, store, embedder)
        today = f"{withdrawal.at.day} {withdrawal.at:%B %Y}"
        assert f"withdrawn on {today}: The interview never took place; `--restore`" in raised.value.reason
        assert not embedder.asked, "nothing was embedded"
        with pytest.raises(ArticleWithdrawn):
            await store.put(await prepared(article))
        assert await store.standing("drones") == withdrawal
    assert await store.standing("never") is None
    assert await store.version("never") is None


async def test_of_articles_that_are_written_together_only_the_withdrawn_one_is_refused(
    open_store: Open, embedder: WordEmbedder
) -> None:
    store = open_store()
    await ingest(long_article("drones", 1), store, embedder)
    await store.withdraw("drones")
    articles = [long_article(name, 2) for name in ("a", "drones", "b", "c")]

    outcomes = await asyncio.gather(*[store.put(await prepared(one)) for one in articles], return_exceptions=True)

    assert [type(one) is ArticleWithdrawn for one in outcomes] == [False, True, False, False]
    assert await ids(store) == {"a", "b", "c"}
    assert store._archive.passages.count() == 3 * 4
    assert store._archive.pending.count() == 0


async def test_an_article_knows_its_versions_and_when_each_was_stored(open_store: Open, embedder: WordEmbedder) -> None:
    store = open_store()
    assert await store.versions("drones") == []
    articles = [long_article("drones", number) for number in (1, 2, 3)]
    began = datetime.now(UTC)
    for article in articles:
        await ingest(article, store, embedder)
        await ingest(long_article("other", 1), store, embedder)

    for again in (store, None):
        if again is None:
            store.close()
            store = open_store()
        versions = await store.versions("drones")
        assert [one.source for one in versions] == [one.source for one in articles]
        assert [one.current for one in versions] == [False, False, True]
        stored = [one.stored for one in versions if one.stored]
        moments = [began, *stored, datetime.now(UTC)]
        assert moments == sorted(moments)
        assert len({*stored}) == 3

    await store.withdraw("drones")
    gone = await store.versions("drones")
    assert [(one.source, one.stored) for one in gone] == [(one.source, one.stored) for one in versions]
    assert not any(one.current for one in gone)


async def test_a_version_that_came_back_is_there_for_each_time(open_store: Open, embedder: WordEmbedder) -> None:
    store = open_store()
    order = [1, 2, 1, 3, 1, 2]
    for number in order:
        await ingest(long_article("drones", number), store, embedder)

    versions = await store.versions("drones")

    assert [one.source.title for one in versions] == [f"Version {number}" for number in order]
    assert [one.current for one in versions] == [False] * 5 + [True]
    assert [one.stored for one in versions] == sorted({one.stored for one in versions if one.stored})


async def test_a_version_that_an_older_release_stored_has_no_moment_and_keeps_its_place(
    open_store: Open, embedder: WordEmbedder
) -> None:
    store = open_store()
    await ingest(long_article("drones", 1), store, embedder)
    store._archive.articles.update(ids=["drones"], metadatas=[{"stored": None}])
    await ingest(long_article("drones", 2), store, embedder)
    await ingest(long_article("gone", 1), store, embedder)
    await store.withdraw("gone")
    store._archive.articles.update(ids=["gone"], metadatas=[{"withdrawn_at": None}])

    first, second = await store.versions("drones")

    assert (first.source.title, first.stored) == ("Version 1", None)
    assert second.stored
    withdrawal = await store.standing("gone")
    assert isinstance(withdrawal, Withdrawal)
    assert second.stored < withdrawal.at < datetime.now(UTC)


async def test_what_is_purged_is_nowhere_and_stays_withdrawn(open_store: Open, embedder: WordEmbedder) -> None:
    store = open_store()
    versions = [long_article("drones", number) for number in (1, 2)]
    other = long_article("other", 3)
    for article in (*versions, other):
        await ingest(article, store, embedder)
    await store.withdraw("drones", "It was wrong.")
    before = await store.standing("drones")
    assert isinstance(before, Withdrawal)

    assert not await store.withdraw("drones", "Later.")
    assert await store.withdraw("drones", purge=True)
    assert not await store.withdraw("never", purge=True)

    for again in (store, None):
        if again is None:
            store.close()
            store = open_store()
        assert await store.standing("drones") == before.model_copy(update={"purged": True})
        assert await store.versions("drones") == []
        for version in versions:
            assert await store.article("drones", version.source.version) is None
        assert await ids(store) == {"other"}
        assert await store.sources(0, 10) == [other.source]
        assert not any(word in str(texts(everything(store))) for word in ("ersion 1", "ersion 2"))
        with pytest.raises(ArticleWithdrawn):
            await ingest(versions[0], store, embedder)
    assert await store.withdraw("drones", "It was libel.", purge=True)
    assert str(await store.standing("drones")).endswith("It was libel")

    assert await ingest(versions[0], store, embedder, restore=True) == "created"
    assert await store.article("drones") == versions[0]
    assert [one.source for one in await store.versions("drones")] == [versions[0].source]


async def test_a_purge_leaves_nothing_but_the_mark_wherever_it_was_interrupted(
    open_store: Open, embedder: WordEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrieval.writes, "_OVER_AFTER", -1)
    article = long_article("drones", 1, passages=2)
    seen: set[bool] = set()
    for step in range(100):
        store = open_store()
        for one in (long_article("drones", 2), article):
            await ingest(one, store, embedder, restore=True)
        numbered = (number == step for number in iter(range(1000)))
        for name in COLLECTIONS:
            setattr(store._archive, name, Cut(getattr(store._archive, name), numbered))
        try:
            store._writes.withdraw("drones", purge=lambda: None)
        except PowerCut:
            pass
        else:
            break
        store.close()
        store = open_store()
        there = await store.article("drones") == article
        seen.add(there)
        assert (store._archive.superseded.count() > 0) == there
        assert store._archive.passages.count() == (2 if there else 0)
        assert store._archive.pending.count() == 0
        store.close()
    assert seen == {True, False}


async def test_an_article_is_there_or_withdrawn_wherever_its_withdrawal_was_interrupted(
    open_store: Open, embedder: WordEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrieval.writes, "_OVER_AFTER", -1)
    article = long_article("drones", 1, passages=2)
    seen: set[bool] = set()
    for step in range(100):
        store = open_store()
        await ingest(article, store, embedder, restore=True)
        numbered = (number == step for number in iter(range(1000)))
        for name in COLLECTIONS:
            setattr(store._archive, name, Cut(getattr(store._archive, name), numbered))
        try:
            await store.withdraw("drones")
        except PowerCut:
            pass
        else:
            break
        store.close()
        store = open_store()
        there = await store.article("drones") == article
        seen.add(there)
        assert len(await nearest(store, "drones")) == store._archive.passages.count() == (2 if there else 0)
        assert store._archive.pending.count() == 0
        assert await store.article("drones", article.source.version) == article
        store.close()
    assert seen == {True, False}


class PowerCut(BaseException):
    """What a test raises where the power goes."""


class Cut:
    """A collection that works until the power goes, before or after one of its writes."""

    def __init__(self, collection: object, steps: Iterator[bool]) -> None:
        self.collection = collection
        self.steps = steps

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - Chroma's own
        call = getattr(self.collection, name)
        if name not in {"upsert", "delete"}:
            return call

        def cut(**named: object) -> object:
            if next(self.steps):
                raise PowerCut
            done = call(**named)
            if next(self.steps):
                raise PowerCut
            return done

        return cut


@pytest.mark.parametrize("replacing", [False, True], ids=["created", "replaced"])
async def test_an_article_is_whole_wherever_its_write_was_interrupted(
    open_store: Open, embedder: WordEmbedder, monkeypatch: pytest.MonkeyPatch, *, replacing: bool
) -> None:
    monkeypatch.setattr(retrieval.limits, "BATCH", 2)
    monkeypatch.setattr(retrieval.writes, "_OVER_AFTER", -1)  # beside other writers, too, all is swept at the start
    old, new = long_article("drones", 1, passages=3), long_article("drones", 2, passages=2)
    seen: set[str] = set()
    for step in range(100):
        store = open_store()
        if replacing:
            await ingest(old, store, embedder)
        steps = iter(range(1000))
        numbered = (number == step for number in steps)
        for name in COLLECTIONS:
            setattr(store._archive, name, Cut(getattr(store._archive, name), numbered))
        try:
            await ingest(new, store, embedder)
        except PowerCut:
            pass
        else:
            assert seen == ({"old", "new"} if replacing else {"nothing", "new"})
            break
        store.close()
        store = open_store()

        found = await nearest(store, "drones")
        article = await store.article("drones")
        seen.add({old: "old", new: "new", None: "nothing"}[article])
        if article:
            assert whole(found, old, new) == article
        else:
            assert not found
        assert store._archive.passages.count() == len(found)
        assert store._archive.pending.count() == 0
        assert await ingest(new, store, embedder) == (
            "unchanged" if article == new else "replaced" if article else "created"
        )
        assert whole(await nearest(store, "drones"), new) == new
        if replacing:
            assert await store.article("drones", old.source.version) == old
        for name in COLLECTIONS:
            collection = getattr(store._archive, name)
            if left := collection.get(include=[])["ids"]:
                collection.delete(ids=left)
        store.close()
    else:
        pytest.fail("the write never ended")


async def test_a_search_beside_a_writer_sees_one_version_whole(
    open_store: Open, kind: str, embedder: WordEmbedder
) -> None:
    """An article replaced in a loop, two searches in loops: never a mix of versions, and never neither."""
    versions = [long_article("drones", number, passages=3 + number % 3) for number in range(6)]
    writer = open_store()
    reader = open_store() if kind == "server" else writer
    for article in (versions[0], *(long_article(f"other {number}", number) for number in range(4))):
        await ingest(article, writer, embedder)
    await reader.follow()  # else it takes up to two seconds until the other process knows the article
    reading = True
    writes = 0

    async def write() -> None:
        nonlocal writes
        while reading:
            writes += 1
            assert await ingest(versions[writes % len(versions)], writer, embedder) == "replaced"

    async def read() -> set[str]:
        seen = set()
        for _ in range(30):
            for limit, scope in ((50, WHOLE), (12, Scope(article_ids=("drones",)))):
                # By words as well, as every search: Chroma's index may lose one of several passages that are alike.
                found = await nearest(
                    reader, "drones of version", limit, scope, terms=[Term("drones"), Term("version")]
                )
                ours = [one for one in found if one.passage.source.article_id == "drones"]
                article = whole(ours, *versions)
                assert await reader.articles([article.source]) == {"drones": article}
                seen.add(article.source.version)
        return seen

    writing = asyncio.create_task(write())
    try:
        seen = await asyncio.gather(read(), read())
    finally:
        reading = False
        await writing

    assert len(set.union(*seen)) > 1
    assert writes > 3
    assert writer._archive.pending.count() == 0
    assert whole(await nearest(reader, "drones", scope=Scope(article_ids=("drones",))), *versions)
    assert not [
        row
        for row in writer._archive.passages.get()["ids"]
        if row.startswith("drones@") and writer_of(row) != last(writer)
    ]


def writer_of(row: str) -> str:
    return row.rpartition("~")[2]


def last(store: Store) -> str:
    return store._archive.records(["drones"])["drones"][0].write


class Meanwhile:
    """A collection beside which something happens, before or after each of its calls of one name."""

    def __init__(self, collection: object, *, before: str = "", after: str = "", happens: Callable[[], None]) -> None:
        self.collection = collection
        self.before = before
        self.after = after
        self.happens = happens

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - Chroma's own
        call = getattr(self.collection, name)

        def called(*arguments: object, **named: object) -> object:
            if name == self.before:
                self.happens()
            done = call(*arguments, **named)
            if name == self.after:
                self.happens()
            return done

        return called


@pytest.mark.parametrize("times", [1, 2, 4, 1000])
async def test_a_search_finds_an_article_that_is_replaced_each_time_it_has_looked(
    open_store: Open, embedder: WordEmbedder, times: int
) -> None:
    store = open_store()
    writer = store if store._owner else open_store()
    versions = [long_article("drones", number, passages=3 + number % 2) for number in range(4)]
    await ingest(versions[0], store, embedder)
    replaced = 0

    def replace() -> None:
        nonlocal replaced
        if replaced < times and not store._writes.lock.locked():  # once writers must wait, it is not replaced
            replaced += 1
            asyncio.run(ingest(versions[replaced % 4], writer, WordEmbedder()))

    store._archive.passages = Meanwhile(store._archive.passages, after="query", happens=replace)

    assert whole(await nearest(store, "drones"), *versions) == versions[replaced % 4]
    assert replaced == min(times, retrieval.candidates._UNDISTURBED)


async def test_an_article_that_a_search_asks_for_by_name_is_found_when_it_is_replaced_just_before(
    open_store: Open, embedder: WordEmbedder
) -> None:
    store = open_store()
    writer = store if store._owner else open_store()
    versions = [long_article("drones", number, passages=3 + number) for number in range(2)]
    await ingest(versions[0], store, embedder)
    await store.follow()
    passages = store._archive.passages

    def replace() -> None:
        store._archive.passages = passages
        asyncio.run(ingest(versions[1], writer, WordEmbedder()))

    store._archive.passages = Meanwhile(passages, before="get", happens=replace)

    found = await nearest(store, "drones", scope=Scope(article_ids=("drones",)))
    assert whole(found, *versions) == versions[1]


async def test_a_passage_that_chroma_deletes_while_it_reads_it_is_asked_for_again(
    open_store: Open, embedder: WordEmbedder
) -> None:
    """Then Chroma gives an id without a text and without metadata."""
    store = open_store()
    article = long_article("drones", 1)
    await ingest(article, store, embedder)
    await store.follow()
    passages = store._archive.passages

    class Torn:
        def query(self, **named: Any) -> Any:  # noqa: ANN401 - Chroma's own
            return passages.query(**named)

        def get(self, **named: Any) -> Any:  # noqa: ANN401 - Chroma's own
            store._archive.passages = passages
            found = passages.get(**named)
            found["metadatas"][1] = found["documents"][1] = None
            return found

    store._archive.passages = Torn()

    assert whole(await nearest(store, "drones"), article) == article


async def test_writers_of_one_article_at_the_same_time_leave_one_of_its_versions_whole(
    open_store: Open, kind: str, embedder: WordEmbedder
) -> None:
    """As two replicas do that start beside each other; the same version twice among them."""
    versions = [long_article("drones", number, passages=4 + number) for number in range(3)]
    first = open_store()
    stores = [first, open_store(), open_store(), open_store()] if kind == "server" else [first] * 4

    async def write(store: Store, shift: int) -> None:
        for number in range(6):
            await ingest(versions[(number + shift) % 3], store, embedder)

    await asyncio.gather(*(write(store, shift % 3) for shift, store in enumerate(stores)))

    article = whole(await nearest(first, "drones"), *versions)
    assert await first.article("drones") == article
    assert first._archive.passages.count() == len(split(article))
    assert first._archive.pending.count() == 0


async def test_an_ingest_that_is_given_up_is_finished_before_the_next(open_store: Open, embedder: WordEmbedder) -> None:
    store = open_store()
    versions = [long_article("drones", number, passages=5) for number in range(8)]
    for article in versions:
        task = asyncio.create_task(ingest(article, store, embedder))
        # Given up at any point: before its first step, or in the thread that writes.
        for _ in range(int(article.source.version, 16) % 7):
            await asyncio.sleep(0.002)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await ingest(versions[0], store, embedder)

    assert whole(await nearest(store, "drones"), versions[0]) == versions[0]
    assert store._archive.passages.count() == len(split(versions[0]))
    assert store._archive.pending.count() == 0


async def test_what_chroma_refuses_is_our_own_error(open_store: Open) -> None:
    store = open_store()
    store._client.delete_collection("groundwire_articles")

    with pytest.raises(StoreUnavailable, match="Chroma failed"):
        await store.ready()


async def test_a_mistake_of_ours_is_not_blamed_on_chroma(open_store: Open) -> None:
    store = open_store()

    with pytest.raises(AttributeError):
        await store.articles(["no source"])  # type: ignore[list-item]


async def test_more_passages_than_one_call_takes_are_read(store: Store) -> None:
    article = long_article("a", 1)
    await store.put(await prepared(article))
    names = store._archive.records(["a"])["a"][0].passage_ids()
    many = [names[0], *(f"none {number}" for number in range(40_000)), *names[1:]]

    assert len(names) > 1
    assert set(await asyncio.to_thread(store._archive.rows, many)) == set(names)
    assert set(await asyncio.to_thread(store._archive.vectors, many)) == set(names)
    assert store._archive.rows([]) == {}
