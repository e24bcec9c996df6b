"""ONE ARTICLE: is it known -> split -> embed -> store, top to bottom; and many of them, file by file."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass

import numpy as np

from retrieval import readers
from retrieval.embedding import Embedder
from retrieval.errors import UnreadableArticle
from retrieval.passages import split, text_to_embed
from retrieval.readers import ArticleFile
from retrieval.store import Outcome, Store
from retrieval.types import Article, printable


async def ingest(article: Article, store: Store, embedder: Embedder) -> Outcome:
    """Store one article; one whose version is stored already costs a look-up and writes nothing."""
    article_id, version = article.source.article_id, article.source.version
    if (await store.versions([article_id])).get(article_id) == version:
        return "unchanged"
    # A book takes a second to split: beside a running service nobody waits for it.
    passages = await asyncio.to_thread(split, article)
    texts = await asyncio.to_thread(lambda: [text_to_embed(passage) for passage in passages])
    vectors = await embedder.embed(texts, "passage")
    return await store.put(article, passages, np.asarray(vectors, dtype=np.float32))


@dataclass(frozen=True)
class Ingested:
    """What became of one file: an outcome, or the reason why it was left out."""

    name: str
    article_id: str | None
    outcome: Outcome | None
    reason: str | None = None


async def ingest_files(
    files: Iterable[ArticleFile], put: Callable[[Article], Awaitable[Outcome]]
) -> AsyncIterator[Ingested]:
    """Read each file and hand its article to `put`; one that either refuses is reported and loses nothing else."""
    taken: dict[str, str] = {}
    for file in files:
        name = printable(str(file.path))
        try:
            # In a thread: a folder may be slow, and a service at work beside.
            article = await asyncio.to_thread(readers.read, file)
        except UnreadableArticle as error:
            yield Ingested(name, None, None, error.reason)
            continue
        article_id = article.source.article_id
        first = taken.setdefault(article_id, name)
        if first != name:
            reason = f"its id {article_id!r} is that of {first}; give it an `id` of its own"
            yield Ingested(name, None, None, reason)
            continue
        try:
            outcome = await put(article)
        except UnreadableArticle as error:
            yield Ingested(name, None, None, error.reason)
            continue
        yield Ingested(name, article_id, outcome)
