"""ONE ARTICLE: is it known -> split -> embed -> store, top to bottom; and many of them."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from retrieval.embedding import Embedder, Vectors
from retrieval.errors import ArticleWithdrawn, TextRefused, UnreadableArticle
from retrieval.gathering import Gathered, gather
from retrieval.passages import embeddable, split
from retrieval.readers import Document
from retrieval.store import Outcome, Prepared, Store
from retrieval.types import Article, Withdrawal
from retrieval.writes import Moments

# Articles at once: while one is embedded the next is read, and those before it are written together.
UNDER_WAY = 6
MOST_CHARACTERS = 1_000_000  # of them together, so that books do not fill the memory; but for one that is longer
# Passages in a call of the model, so that what it makes of a book fits the memory, and one that is cancelled embeds
# little more; chosen: MiniLM takes a second or so.
PASSAGES = 128


async def ingest(
    article: Article, store: Store, embedder: Embedder, *, restore: bool = False, moments: Moments | None = None
) -> Outcome:
    """Store one article; one whose version is stored already costs a look-up and writes nothing.

    Args:
        article: the article.
        store: where it is stored.
        embedder: the model whose vectors the store holds.
        restore: whether it may come back where it was withdrawn.
        moments: when it came, and this version of it, to the store that it is from.

    Raises:
        ArticleWithdrawn: the article was withdrawn, and `restore` does not say that it is to come back.

    """
    article_id = article.source.article_id
    standing = await store.standing(article_id)
    if standing == article.source.version:
        return "unchanged"
    if isinstance(standing, Withdrawal) and not restore:
        raise ArticleWithdrawn(article_id, str(standing))
    # A book of a million characters takes a second: beside a running service nobody waits for it.
    passages = await asyncio.to_thread(split, article)
    texts, parts = await asyncio.to_thread(embeddable, article, passages)
    # A correction leaves most passages as they were.
    known: dict[str, tuple[Vectors, Vectors]] = {}
    if isinstance(standing, str):
        known = await store.embedded(article_id)
    fresh = [number for number, text in enumerate(texts) if text not in known]
    for start in range(0, len(fresh), PASSAGES):
        some = fresh[start : start + PASSAGES]
        try:
            vectors, sentences = await embedder.embed_parts(
                [texts[number] for number in some], [parts[number] for number in some]
            )
        except TextRefused as error:  # it would be refused again: this article is none for this model
            raise UnreadableArticle(article_id, str(error).removesuffix(".")) from error
        known |= {texts[number]: (vectors[place], sentences[place]) for place, number in enumerate(some)}
    embedded = [known[text] for text in texts]
    vectors = np.asarray([vector for vector, _ in embedded], dtype=np.float32).reshape(-1, embedder.dimensions)
    return await store.put(
        Prepared(article, passages, vectors, [sentences for _, sentences in embedded], restore, moments)
    )


@dataclass(frozen=True)
class Ingested:
    """What became of one article: an outcome, or the reason why it was left out."""

    name: str
    article_id: str | None
    outcome: Outcome | None
    reason: str | None = None
    """Beside an outcome, what is to be told all the same."""
    passages: int = 0
    """How many were written."""
    withdrawn: bool = False
    """Left out because it was withdrawn, as it was meant."""


async def ingest_all(
    gathered: AsyncIterable[Gathered],
    put: Callable[[Article], Awaitable[Outcome]],
    taken: Mapping[str, str] | None = None,
) -> AsyncGenerator[Ingested]:
    """Hand each article to `put`; what is none, or is refused, is reported and loses nothing else.

    A few are under way at once; what became of them comes in their order. An error ends it, after what was under way
    was told.

    Args:
        gathered: the articles.
        put: stores one.
        taken: of an ingest that goes on, the ids of the articles before, each with the name of its article.

    """
    taken = dict(taken or {})
    under_way: deque[tuple[asyncio.Task[Ingested], int]] = deque()
    try:
        async for name, found, note in gathered:
            read = _taken(taken, name, found)
            length = len(read.text) if isinstance(read, Article) else 0
            while under_way and (
                len(under_way) == UNDER_WAY
                or length + sum(characters for _, characters in under_way) > MOST_CHARACTERS
                or under_way[0][0].done()
            ):
                yield await under_way.popleft()[0]
            under_way.append((asyncio.create_task(_put(name, read, note, put)), length))
        while under_way:
            yield await under_way.popleft()[0]
    except Exception:
        ended = await asyncio.gather(*(task for task, _ in under_way), return_exceptions=True)
        for one in ended:
            if isinstance(one, Ingested):
                yield one
        raise
    finally:
        for task, _ in under_way:
            task.cancel()


def ingest_files(files: Iterable[Document], put: Callable[[Article], Awaitable[Outcome]]) -> AsyncGenerator[Ingested]:
    """Read each file and hand its articles to `put`."""
    return ingest_all(gather(files), put)


def _taken(taken: dict[str, str], name: str, found: Article | UnreadableArticle) -> Article | str:
    """Give an article whose id no other one of this ingest has, or the reason why it is left out."""
    if isinstance(found, UnreadableArticle):
        return found.reason
    article_id = found.source.article_id
    first = taken.setdefault(article_id, name)
    if first != name:
        return f"its id {article_id!r} is that of {first}; give it an `id` of its own"
    return found


async def _put(
    name: str, read: Article | str, note: str | None, put: Callable[[Article], Awaitable[Outcome]]
) -> Ingested:
    if isinstance(read, str):
        return Ingested(name, None, None, read)
    try:
        outcome = await put(read)
    except UnreadableArticle as error:
        return Ingested(name, None, None, error.reason, withdrawn=isinstance(error, ArticleWithdrawn))
    # Where it was stored may be another process: to split it once more costs a hundredth of what embedding it did.
    passages = 0 if outcome == "unchanged" else len(await asyncio.to_thread(split, read))
    return Ingested(name, read.source.article_id, outcome, reason=note, passages=passages)
