"""Articles and passages in Chroma, the only store; the only importer of chromadb.

Four collections. `articles` holds one record for each article, its commit point: a passage counts only while a record
names its version. `passages` holds the passages with their vectors. `superseded` keeps the texts of replaced versions.
`pending` notes what is being written, so that a start after a crash sweeps without reading every passage.
"""

import asyncio
import hashlib
import json
import os
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, ParamSpec, Self, TypeVar
from urllib.parse import urlsplit

import chromadb
import httpx
import numpy as np
from chromadb.api import ClientAPI
from chromadb.config import Settings as ChromaSettings
from chromadb.errors import ChromaError
from filelock import FileLock, Timeout

from retrieval.embedding import Embedder, Vectors
from retrieval.errors import StoreForeign, StoreLocked, StoreUnavailable
from retrieval.types import Article, Corpus, Frozen, Passage, Scope, Source

P = ParamSpec("P")
R = TypeVar("R")

Outcome = Literal["created", "replaced", "unchanged"]

_FORMAT = 1
_BATCH = 1_000  # records in one call; Chroma takes 5,461, and readers wait while a batch is written
_STALE_PENDING = 600.0  # seconds; beside other writers, an older note belongs to one that died
_FINGERPRINT_AGE = 5.0  # seconds that a fingerprint is believed beside other writers
_HNSW = {
    # recall@50 .999 on news vectors, .990 with Chroma's defaults (22,473 MiniLM vectors, 200 held-out queries, 2026-11)
    "space": "cosine",
    "max_neighbors": 32,
    "ef_construction": 200,
    "ef_search": 200,
}
_NO_VECTOR = [1.0, 0.0]  # every Chroma record must have one; without it Chroma fetches a model of its own


class Found(Frozen):
    """A passage near a question; `similarity` is their cosine (-1..1)."""

    passage: Passage
    similarity: float


class Store:
    """The one door to Chroma. Reads may run beside one another and beside a write; writes queue."""

    def __init__(self, client: ClientAPI, embedder: Embedder, *, lock: FileLock | None) -> None:
        """Take an open client; use `open_embedded` or `open_server`."""
        self._client = client
        self._lock = lock
        self._writing = asyncio.Lock()
        self._corpus: tuple[float, Corpus] | None = None
        self._passages = _collection(client, "groundwire_passages", embedder)
        self._articles = _collection(client, "groundwire_articles", None)
        self._superseded = _collection(client, "groundwire_superseded", None)
        self._pending = _collection(client, "groundwire_pending", None)
        self._sweep()

    @classmethod
    def open_embedded(cls, folder: Path, embedder: Embedder) -> Self:
        """Open or make the store in a folder, and own it until `close`.

        Raises:
            StoreLocked: another process owns it; two would lose each other's writes without a word.
            StoreUnavailable: the folder cannot be written.
            StoreForeign: it holds vectors of another model.

        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(folder / "lock")
            lock.acquire(blocking=False)
            (folder / "owner.json").unlink(missing_ok=True)  # of an owner that was killed
        except Timeout as error:
            owner = _owner(folder)
            who = f"process {owner['pid']}" if owner else "another process"
            where = f", which serves {owner['address']}" if owner and owner["address"] else ""
            message = f"{folder} is in use by {who}{where}. Stop it, or work through its address."
            raise StoreLocked(message, owner["address"] if owner else None) from error
        except OSError as error:
            message = f"{folder} cannot be written: {error.strerror or error}. Give a folder that can (GROUNDWIRE_DATA_DIR)."
            raise StoreUnavailable(message) from error
        try:
            settings = ChromaSettings(anonymized_telemetry=False)
            client = chromadb.PersistentClient(path=str(folder / "chroma"), settings=settings)
            return cls(client, embedder, lock=lock)
        except StoreForeign:
            lock.release()
            raise
        except (ChromaError, OSError, ValueError, RuntimeError) as error:
            lock.release()
            message = f"Chroma cannot open {folder / 'chroma'}: {error}. Is the folder writable, and not from a newer Chroma?"
            raise StoreUnavailable(message) from error

    @classmethod
    def open_server(cls, url: str, embedder: Embedder) -> Self:
        """Open the store on a Chroma server, which any number of processes may share.

        Raises:
            StoreUnavailable: no Chroma answers there.
            StoreForeign: it holds vectors of another model.

        """
        parts = urlsplit(url)
        try:
            client = chromadb.HttpClient(
                host=parts.hostname or "localhost",
                port=parts.port or (443 if parts.scheme == "https" else 8000),
                ssl=parts.scheme == "https",
                settings=ChromaSettings(anonymized_telemetry=False),
            )
            return cls(client, embedder, lock=None)
        except (ChromaError, OSError, ValueError) as error:
            message = f"No Chroma answers at {url} (GROUNDWIRE_CHROMA): {error}. Start it with: chroma run"
            raise StoreUnavailable(message) from error

    def close(self) -> None:
        """Let go of an embedded store, so that another process may own it."""
        if self._lock:
            (Path(self._lock.lock_file).parent / "owner.json").unlink(missing_ok=True)
            self._lock.release()

    def __enter__(self) -> Self:
        """Use the store in a `with` statement."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close it at the end."""
        self.close()

    # Reading

    async def article(self, article_id: str, version: str | None = None) -> Article | None:
        """Give an article, or the named version of it, also when that was superseded."""
        return await _in_thread(self._read_article, article_id, version)

    async def articles(self, sources: Sequence[Source]) -> dict[str, Article]:
        """Give the articles of the sources by id, each in its source's version, also when that was superseded."""
        return await _in_thread(self._read_articles, sources)

    async def sources(self, offset: int, limit: int) -> list[Source]:
        """Give a page of the articles' sources, in the order in which they came first."""
        return await _in_thread(self._read_sources, offset, limit)

    async def versions(self, article_ids: Sequence[str]) -> dict[str, str]:
        """Give the current version of those of the articles that are stored."""
        records = await _in_thread(self._records, list(dict.fromkeys(article_ids)))
        return {article_id: source.version for article_id, source in records.items()}

    async def nearest(self, vector: Vectors, limit: int, scope: Scope, as_of: datetime | None = None) -> list[Found]:
        """Give up to `limit` current passages nearest to a vector of shape (dimensions,), the nearest first."""
        return await _in_thread(self._nearest, vector, limit, scope, as_of)

    async def corpus(self) -> Corpus:
        """Tell what the store holds."""
        return await _in_thread(self._read_corpus)

    async def ready(self) -> None:
        """Raise StoreUnavailable unless Chroma answers."""
        await _in_thread(self._articles.count)

    # Writing

    async def put(self, article: Article, passages: Sequence[Passage], vectors: Vectors) -> Outcome:
        """Store an article in place of the version before it; a crash at any point leaves the one or the other."""
        async with self._writing:
            return await _in_thread(self._put, article, passages, vectors)

    def announce(self, address: str) -> None:
        """Leave the owner's HTTP address beside the lock, for commands that find the store in use."""
        if self._lock:
            owner = Path(self._lock.lock_file).parent / "owner.json"
            owner.write_text(json.dumps({"pid": os.getpid(), "address": address}), encoding="utf-8")

    # What runs in the thread

    def _read_article(self, article_id: str, version: str | None) -> Article | None:
        found = self._articles.get(ids=[article_id], include=["documents", "metadatas"])
        if found["ids"] and version in (None, found["metadatas"][0]["version"]):
            return _article(found, 0)
        if version is None:
            return None
        found = self._superseded.get(ids=[f"{article_id}@{version}"], include=["documents", "metadatas"])
        return _article(found, 0) if found["ids"] else None

    def _read_articles(self, sources: Sequence[Source]) -> dict[str, Article]:
        if not sources:
            return {}
        found = self._articles.get(ids=[source.article_id for source in sources], include=["documents", "metadatas"])
        current = {str(m["article_id"]): _article(found, index) for index, m in enumerate(found["metadatas"])}
        articles: dict[str, Article] = {}
        for source in sources:
            article = current.get(source.article_id)
            if article is None or article.source.version != source.version:
                article = self._read_article(source.article_id, source.version)
            if article:
                articles[source.article_id] = article
        return articles

    def _read_sources(self, offset: int, limit: int) -> list[Source]:
        found = self._articles.get(limit=limit, offset=offset, include=["metadatas"])
        return [_source(metadata) for metadata in found["metadatas"]]

    def _records(self, article_ids: list[str]) -> dict[str, Source]:
        records: dict[str, Source] = {}
        for start in range(0, len(article_ids), _BATCH):
            found = self._articles.get(ids=article_ids[start : start + _BATCH], include=["metadatas"])
            records |= {str(m["article_id"]): _source(m) for m in found["metadatas"]}
        return records

    def _nearest(self, vector: Vectors, limit: int, scope: Scope, as_of: datetime | None) -> list[Found]:
        where = _where(scope, as_of)
        wanted = limit + limit // 2 + 10  # replaced and uncommitted passages fall away below
        for _ in range(3):
            found = self._passages.query(
                query_embeddings=np.asarray([vector], dtype=np.float32),
                n_results=wanted,
                where=where,
                include=["documents", "metadatas", "distances"],
            )
            metadatas = found["metadatas"][0]
            records = self._records(list(dict.fromkeys(str(m["article_id"]) for m in metadatas)))
            current: list[Found] = []
            seen: set[str] = set()
            for metadata, text, distance in zip(metadatas, found["documents"][0], found["distances"][0], strict=True):
                source = records.get(str(metadata["article_id"]))
                if text is None or source is None or source.version != metadata["version"]:
                    continue
                seen.add(source.article_id)
                current.append(Found(passage=_passage(source, metadata, text), similarity=1.0 - float(distance)))
            # An article replaced between the query and the look at its record shows no passage at all: ask again.
            lost = records.keys() - seen
            cut_short = len(current) < limit and len(metadatas) == wanted
            if not lost and not cut_short:
                break
            if cut_short:
                wanted *= 3
        return current[:limit]

    def _read_corpus(self) -> Corpus:
        if self._corpus and (self._lock or time.monotonic() - self._corpus[0] < _FINGERPRINT_AGE):
            return self._corpus[1]
        asked = time.monotonic()
        names: list[str] = []
        count = self._articles.count()
        for offset in range(0, count, _BATCH):
            found = self._articles.get(limit=_BATCH, offset=offset, include=["metadatas"])
            names += [f"{m['article_id']}@{m['version']}" for m in found["metadatas"]]
        fingerprint = hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest()[:16]
        corpus = Corpus(articles=len(names), fingerprint=fingerprint)
        self._corpus = (asked, corpus)
        return corpus

    def _put(self, article: Article, passages: Sequence[Passage], vectors: Vectors) -> Outcome:
        source = article.source
        before = self._articles.get(ids=[source.article_id], include=["documents", "metadatas"])
        replaced = bool(before["ids"])
        if replaced and before["metadatas"][0]["version"] == source.version:
            return "unchanged"
        note = f"{source.article_id}@{source.version}"
        written = {"article_id": source.article_id, "version": source.version, "at": time.time()}
        self._pending.upsert(ids=[note], embeddings=[_NO_VECTOR], metadatas=[written])
        for start in range(0, len(passages), _BATCH):
            batch = passages[start : start + _BATCH]
            self._passages.upsert(
                ids=[passage.passage_id for passage in batch],
                embeddings=vectors[start : start + _BATCH],
                documents=[passage.text for passage in batch],
                metadatas=[_passage_metadata(passage) for passage in batch],
            )
        if replaced:
            old = _article(before, 0)
            self._write_article(self._superseded, f"{source.article_id}@{old.source.version}", old)
        self._write_article(self._articles, source.article_id, article)  # the commit point
        self._corpus = None
        if replaced:
            self._delete_other_versions(source.article_id, source.version)
        self._pending.delete(ids=[note])
        return "replaced" if replaced else "created"

    def _write_article(self, collection: chromadb.Collection, record_id: str, article: Article) -> None:
        collection.upsert(
            ids=[record_id],
            embeddings=[_NO_VECTOR],
            documents=[article.text],
            metadatas=[_article_metadata(article.source)],
        )

    def _delete_other_versions(self, article_id: str, version: str | None) -> None:
        same: list[dict[str, Any]] = [{"article_id": article_id}]
        other = [{"version": {"$ne": version}}] if version else []
        where: Any = {"$and": same + other} if other else same[0]
        self._passages.delete(where=where)

    def _sweep(self) -> None:
        """Delete what interrupted writes left behind; beside other writers only what is too old to be at work."""
        found = self._pending.get(include=["metadatas"])
        for note, metadata in zip(found["ids"], found["metadatas"], strict=True):
            if not self._lock and time.time() - float(metadata["at"]) < _STALE_PENDING:
                continue
            article_id = str(metadata["article_id"])
            current = self._records([article_id]).get(article_id)
            self._delete_other_versions(article_id, current.version if current else None)
            self._pending.delete(ids=[note])


async def _in_thread(function: Callable[P, R], *arguments: P.args, **named: P.kwargs) -> R:
    """Run what blocks in a thread, and turn a lost Chroma into our own error."""
    try:
        return await asyncio.to_thread(function, *arguments, **named)
    except (ChromaError, OSError, httpx.TransportError) as error:
        raise StoreUnavailable(f"Chroma failed: {error or type(error).__name__}. Is it running, and its disk not full?") from error


def _collection(client: ClientAPI, name: str, embedder: Embedder | None) -> chromadb.Collection:
    """Open or make a collection; the one with vectors must be of our model."""
    made_by = {"format": _FORMAT, "embedding": embedder.name if embedder else "none"}
    configuration: Any = {"hnsw": _HNSW} if embedder else {"hnsw": {"space": "cosine"}}
    collection = client.get_or_create_collection(
        name, configuration=configuration, metadata=made_by, embedding_function=None
    )
    found = collection.metadata or {}
    if any(found.get(key) != value for key, value in made_by.items()):
        message = (
            f"The store was made with the embedding model {found.get('embedding')} (format {found.get('format')}), "
            f"and this service uses {made_by['embedding']} (format {_FORMAT}): their vectors cannot be compared. "
            "Use that model, or ingest into another folder (GROUNDWIRE_DATA_DIR) or Chroma server."
        )
        raise StoreForeign(message)
    return collection


def _owner(folder: Path) -> dict[str, Any] | None:
    try:
        owner: dict[str, Any] = json.loads((folder / "owner.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None  # the owner serves no HTTP, or is only starting
    return owner


def _where(scope: Scope, as_of: datetime | None) -> Any:
    clauses: list[dict[str, Any]] = []
    if scope.after:
        clauses.append({"published_at": {"$gte": scope.after.timestamp()}})
    if scope.before:
        clauses.append({"published_at": {"$lt": scope.before.timestamp()}})
    if as_of:
        clauses.append({"published_at": {"$lte": as_of.timestamp()}})
    if scope.outlets:
        clauses.append({"outlet": {"$in": list(scope.outlets)}})
    if scope.article_ids:
        clauses.append({"article_id": {"$in": list(scope.article_ids)}})
    if not clauses:
        return None
    return clauses[0] if len(clauses) == 1 else {"$and": clauses}


def _article_metadata(source: Source) -> dict[str, Any]:
    # upsert merges metadata: a key left out would keep its old value, None deletes it.
    return {
        "article_id": source.article_id,
        "version": source.version,
        "title": source.title,
        "outlet": source.outlet,
        "url": source.url,
        "published": source.published.isoformat() if source.published else None,
        "credits": json.dumps(source.credits),
        "origin": source.origin,
    }


def _passage_metadata(passage: Passage) -> dict[str, Any]:
    source = passage.source
    return {
        "article_id": source.article_id,
        "version": source.version,
        "ordinal": passage.ordinal,
        "start": passage.start,
        "end": passage.end,
        "outlet": source.outlet,
        "published_at": source.published.timestamp() if source.published else None,
    }


def _source(metadata: Any) -> Source:
    return Source(
        article_id=metadata["article_id"],
        version=metadata["version"],
        title=metadata["title"],
        outlet=metadata.get("outlet"),
        url=metadata.get("url"),
        published=datetime.fromisoformat(metadata["published"]) if metadata.get("published") else None,
        credits=tuple(json.loads(metadata["credits"])),
        origin=metadata["origin"],
    )


def _article(found: Any, index: int) -> Article:
    return Article(source=_source(found["metadatas"][index]), text=found["documents"][index])


def _passage(source: Source, metadata: Any, text: str) -> Passage:
    return Passage(
        source=source, ordinal=metadata["ordinal"], text=text, start=metadata["start"], end=metadata["end"]
    )
