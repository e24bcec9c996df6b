"""A store whose vectors a kill has spoilt: their texts are whole, so they are computed anew.

Chroma writes the index of a collection's vectors file by file over the one before. Killed in the middle, in one of some
hundreds of kills in an ingest, it leaves `index_metadata.pickle` cut short, or older than the other files, and reads
the collection no more. Without the index it does, and has all but the vectors.
"""

import asyncio
import logging
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate
from pathlib import Path

import numpy as np
from chromadb.api import ClientAPI
from chromadb.errors import ChromaError

from retrieval.archive import Archive, batches
from retrieval.catalogue import Record
from retrieval.embedding import Embedder
from retrieval.passages import embeddable
from retrieval.types import Passage
from retrieval.writes import Prepared

_NOTE = "vectors-missing"
_TOGETHER = 20  # articles whose vectors are written in one call; of 300 articles it takes 3 s, one by one 9
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
    (folder / _NOTE).unlink()


async def _mend(archive: Archive, records: list[Record], embedder: Embedder) -> None:
    began = told = time.monotonic()
    done = 0
    for some in batches(records, _TOGETHER):
        prepared = [await _prepared(archive, record, embedder) for record in some if not record.withdrawn]
        names = [name for record in some if not record.withdrawn for name in record.passage_ids()]
        vectors = [vector for one in prepared for vector in one.vectors]
        # What is not given, texts and metadata, stays as it is.
        for pairs in batches(list(zip(names, vectors, strict=True))):
            archive.passages.upsert(ids=[name for name, _ in pairs], embeddings=[vector for _, vector in pairs])
        means = {one.article.source.article_id: one.mean() for one in prepared}
        mark = np.eye(1, embedder.dimensions, dtype=np.float32)[0]  # that of a withdrawn article is nobody's
        ids = [record.article_id for record in some]
        archive.articles.upsert(ids=ids, embeddings=[means.get(one, mark) for one in ids])
        done += len(some)
        if (now := time.monotonic()) - told > _TELL_EVERY:
            told = now
            _log.info("The vectors of %d of %d articles, %.0f s", done, len(records), now - began)


async def _prepared(archive: Archive, record: Record, embedder: Embedder) -> Prepared:
    article = archive.current([record.article_id])[record.article_id]
    texts = archive.texts(record.passage_ids())
    ordered = [texts[name] for name in record.passage_ids()]
    ends = [*accumulate(len(text) for text in ordered)]  # as they tile the article
    passages = [
        Passage(source=article.source, ordinal=ordinal, text=text, start=end - len(text), end=end)
        for ordinal, (text, end) in enumerate(zip(ordered, ends, strict=True))
    ]
    vectors, sentences = await embedder.embed_parts(*embeddable(article, passages))
    return Prepared(article, passages, vectors, sentences)
