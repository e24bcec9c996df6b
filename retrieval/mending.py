"""A store whose vectors a kill has spoilt: their texts are whole, so they are computed anew.

Chroma writes the index of a collection's vectors file by file over the one before. Killed in the middle, in one of some
hundreds of kills in an ingest, it leaves `index_metadata.pickle` cut short, or older than the other files, and reads
the collection no more. Without the index it does, and has all but the vectors.
"""

import asyncio
import logging
import shutil
import sqlite3
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import accumulate
from pathlib import Path

from chromadb.api import ClientAPI
from chromadb.errors import ChromaError

from retrieval.archive import Archive, together
from retrieval.catalogue import Record
from retrieval.embedding import Embedder
from retrieval.passages import embeddable
from retrieval.types import Article, Passage
from retrieval.writes import Prepared, nobodys

_NOTE = "vectors-missing"
TOGETHER = 20  # articles whose vectors are written in one call; of 300 articles it takes 3 s, one by one 9
_AT_ONCE = 6  # articles that are embedded, as in an ingest
_TELL_EVERY = 5.0  # seconds between two lines of progress
_log = logging.getLogger("groundwire.store")


def is_readable(client: ClientAPI) -> bool:
    """Tell whether Chroma can read the indexes of all its vectors."""
    for collection in client.list_collections():
        try:
            collection.count()
        except ChromaError as error:
            if "hnsw" not in str(error):
                raise
            _log.warning("%s was left half written: %s", collection.name, error)
            return False
    return True


def remove_indexes(folder: Path) -> None:
    """Remove the indexes of the Chroma in a folder, which nobody may have open."""
    (folder / _NOTE).touch()  # first: killed after the removal, nobody would see that vectors are missing
    for index in (folder / "chroma").iterdir():
        if index.is_dir():
            shutil.rmtree(index)


def remove_orphans(folder: Path) -> None:
    """Remove the indexes of collections that were removed, which Chroma leaves; nobody may have it open."""
    database = folder / "chroma" / "chroma.sqlite3"
    if not database.exists():
        return
    try:
        with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)) as opened:
            known = {segment for (segment,) in opened.execute("SELECT id FROM segments")}
    except sqlite3.Error as error:  # of another Chroma, or cut off in the middle of a write: they only take space
        _log.info("The indexes that nothing uses stay: %s", error)
        return
    for index in database.parent.iterdir():
        if index.is_dir() and index.name not in known:
            shutil.rmtree(index)


def is_due(folder: Path) -> bool:
    """Tell whether vectors are missing, since whenever."""
    return (folder / _NOTE).exists()


def mend(folder: Path, archive: Archive, records: list[Record], embedder: Embedder) -> None:
    """Compute the vectors of all articles and passages anew; interrupted, the next start does it again.

    Raises:
        ModelError: the embedding model does not answer.

    """
    _log.warning("The vectors of %d articles are computed anew", len(records))
    with ThreadPoolExecutor(1) as pool:  # of its own: whoever opens the store may be in an event loop
        pool.submit(asyncio.run, _mend(archive, records, embedder)).result()
    done(folder)


def done(folder: Path) -> None:
    """Take note that no vectors are missing any more."""
    (folder / _NOTE).unlink(missing_ok=True)


async def _mend(archive: Archive, records: list[Record], embedder: Embedder) -> None:
    began = told = time.monotonic()
    done = 0
    for some in together(records, TOGETHER):
        current = [record for record in some if not record.withdrawn]
        names = [name for record in current for name in record.passage_ids()]
        articles = archive.current([record.article_id for record in current])
        written = await embedded(current, articles, archive.texts(names), embedder)
        vectors = [vector for one in written for vector in one.vectors]
        # What is not given, texts and metadata, stays as it is.
        archive.passages.upsert(ids=names, embeddings=vectors)
        means = {one.article.source.article_id: one.mean() for one in written}
        ids = [record.article_id for record in some]
        mark = nobodys(embedder.dimensions)
        archive.articles.upsert(ids=ids, embeddings=[means.get(one, mark) for one in ids])
        done += len(some)
        if (now := time.monotonic()) - told > _TELL_EVERY:
            told = now
            _log.info("The vectors of %d of %d articles, %.0f s", done, len(records), now - began)


async def embedded(
    records: Sequence[Record], articles: Mapping[str, Article], texts: Mapping[str, str], embedder: Embedder
) -> list[Prepared]:
    """Compute the vectors of articles from the passages that are stored, a few articles at once.

    Args:
        records: the articles' records.
        articles: the articles by id.
        texts: the passages' texts by their names in the store.
        embedder: the model.

    Raises:
        ModelError: the embedding model does not answer.

    """
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(record: Record) -> Prepared:
        article = articles[record.article_id]
        ordered = [texts[name] for name in record.passage_ids()]
        ends = [*accumulate(len(text) for text in ordered)]  # as they tile the article
        passages = [
            Passage(source=article.source, ordinal=ordinal, text=text, start=end - len(text), end=end)
            for ordinal, (text, end) in enumerate(zip(ordered, ends, strict=True))
        ]
        async with places:
            vectors, sentences = await embedder.embed_parts(*embeddable(article, passages))
        return Prepared(article, passages, vectors, sentences)

    return await asyncio.gather(*map(one, records))
