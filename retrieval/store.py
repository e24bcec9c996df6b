"""Articles and passages in Chroma, the only store; the only importer of chromadb.

Four collections. `articles` holds one record for each article, its commit point: a passage counts only while the record
names the write that stored it. `passages` holds the passages with their vectors. `superseded` keeps the texts of
replaced versions. `pending` notes what is being written, so that a start after a crash sweeps without reading every
passage.

A write has an id of its own, because a version does not tell two writers of one article on a Chroma server apart: each
may sweep what the other is still writing. No two writes share a passage, and only those that are over are swept.
"""

import asyncio
import hashlib
import json
import os
import threading
import time
import uuid
from collections.abc import Callable, Collection, Sequence
from contextlib import nullcontext, suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, NamedTuple, ParamSpec, Self, TypeVar
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

_FORMAT = 2
_BATCH = 1_000  # records in one call; Chroma takes 5,461, and readers wait while a batch is written
_STALE_PENDING = 600.0  # seconds; beside other writers, an older note belongs to one that died
_UNDISTURBED = 5  # looks at an article that is being replaced under a search, before writers must wait for it
_LOOKS = 8  # of one search in all
_MOST_ASKED = 10_000  # passages of one query; SQLite takes 32,766 variables in one statement
_TIMEOUT = httpx.Timeout(60.0, connect=5.0)  # seconds; of a Chroma server, whose client waits for ever by default
_FINGERPRINT_AGE = 5.0  # seconds that a fingerprint is believed beside other writers
_HNSW = {
    # recall@50 .999 on news vectors, .990 with Chroma's defaults (22,473 MiniLM vectors, 200 held-out
    # queries; taken once for the design, 2026-11, and by no script here)
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


class _Record(NamedTuple):
    source: Source
    write: str


class Store:
    """The one door to Chroma. Reads may run beside one another and beside a write; writes queue."""

    def __init__(self, client: ClientAPI, embedder: Embedder, *, lock: FileLock | None) -> None:
        """Take an open client; use `open_embedded` or `open_server`."""
        self._client = client
        self._lock = lock
        self._queue = asyncio.Lock()
        # Held by the thread that writes: whoever waits for it may be cancelled, and the thread goes on.
        self._writing = threading.Lock()
        self._commits = 0
        self._corpus: tuple[int, float, Corpus] | None = None  # as of that many commits, and at that time
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
        except Timeout as error:
            pid, address = _owner(folder)
            who = f" ({pid})" if pid else ""
            where = f", which serves {address}" if address else ""
            message = f"{folder} is in use by another process{who}{where}. Stop it, or work through its address."
            raise StoreLocked(message, address) from error
        except OSError as error:
            raise _unwritable(folder, error) from error
        client = None
        try:
            _own(folder, address=None)  # also in place of what an owner left that was killed
            settings = ChromaSettings(anonymized_telemetry=False)
            client = chromadb.PersistentClient(path=str(folder / "chroma"), settings=settings)
            return cls(client, embedder, lock=lock)
        except BaseException as error:
            if client:
                _close(client)
            _disown(folder)
            lock.release()
            if isinstance(error, OSError):
                raise _unwritable(folder, error) from error
            if not isinstance(error, ChromaError | ValueError | RuntimeError):
                raise
            message = (
                f"Chroma cannot open {folder / 'chroma'}: {error}. Is the folder writable, and not from a newer Chroma?"
            )
            raise StoreUnavailable(message) from error

    @classmethod
    def open_server(cls, url: str, embedder: Embedder) -> Self:
        """Open the store on a Chroma server, which any number of processes may share.

        Raises:
            StoreUnavailable: no Chroma answers there.
            StoreForeign: it holds vectors of another model.

        """
        try:
            parts = urlsplit(url)
            client = chromadb.HttpClient(
                host=parts.hostname or "localhost",
                port=parts.port or (443 if parts.scheme == "https" else 8000),
                ssl=parts.scheme == "https",
                settings=ChromaSettings(anonymized_telemetry=False),
            )
        except Exception as error:
            if not _is_of_chroma(error) and not isinstance(error, ValueError):
                raise
            raise _silent(url, error) from error
        try:
            for session in _sessions(client):
                session.timeout = _TIMEOUT
            return cls(client, embedder, lock=None)
        except Exception as error:
            _close(client)
            if not _is_of_chroma(error) and not isinstance(error, ValueError):
                raise
            raise _silent(url, error) from error

    def close(self) -> None:
        """Let go of an embedded store, so that another process may own it."""
        with self._writing:  # a write goes on when whoever asked for it has gone
            _close(self._client)
            if self._lock and self._lock.is_locked:
                _disown(Path(self._lock.lock_file).parent)
                self._lock.release()

    def __enter__(self) -> Self:
        """Use the store in a `with` statement."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
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
        return {article_id: record.source.version for article_id, record in records.items()}

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
        async with self._queue:
            return await _in_thread(self._put, article, passages, vectors)

    def announce(self, address: str) -> None:
        """Leave the owner's HTTP address beside the lock, for commands that find the store in use."""
        if self._lock:
            _own(Path(self._lock.lock_file).parent, address)

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
        article_ids = list(dict.fromkeys(source.article_id for source in sources))
        found = self._articles.get(ids=article_ids, include=["documents", "metadatas"])
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

    def _records(self, article_ids: list[str]) -> dict[str, _Record]:
        records: dict[str, _Record] = {}
        for start in range(0, len(article_ids), _BATCH):
            found = self._articles.get(ids=article_ids[start : start + _BATCH], include=["metadatas"])
            records |= {str(m["article_id"]): _Record(_source(m), str(m["write"])) for m in found["metadatas"]}
        return records

    def _nearest(self, vector: Vectors, limit: int, scope: Scope, as_of: datetime | None) -> list[Found]:
        """Query, look at the records of what was found, and look again while an article changes in between."""
        where = _where(scope, as_of)
        wanted = limit + limit // 2 + 10  # replaced and uncommitted passages fall away
        named: dict[str, str] = {}  # the writes that the records named at the last look
        for look in range(_LOOKS):
            with self._writing if look >= _UNDISTURBED else nullcontext():
                found = self._passages.query(
                    query_embeddings=np.asarray([vector], dtype=np.float32),
                    n_results=wanted,
                    where=where,
                    include=["documents", "metadatas", "distances"],
                )
                rows = list(zip(found["metadatas"][0], found["documents"][0], found["distances"][0], strict=True))
                records = self._records(list(dict.fromkeys(str(m["article_id"]) for m, _, _ in rows if m)))
            current: list[Found] = []
            replaced: set[str] = set()
            whole = True
            for metadata, text, distance in rows:
                if metadata is None or text is None:
                    whole = False  # deleted while Chroma was reading it
                    continue
                record = records.get(str(metadata["article_id"]))
                if record is None:
                    continue
                if record.write != metadata["write"]:
                    replaced.add(record.source.article_id)
                    continue
                current.append(Found(passage=_passage(record.source, metadata, text), similarity=1.0 - float(distance)))
            # An article whose record changed after the query shows no passage, or not all: ask again. Where the record
            # is what it was at the last look, this query saw all its passages, and the others are leftovers.
            whole = whole and all(named.get(one) == records[one].write for one in replaced)
            cut_short = len(current) < limit and len(rows) == wanted < _MOST_ASKED
            if whole and not cut_short:
                break
            if cut_short:
                wanted = min(wanted * 3, _MOST_ASKED)
            named = {article_id: record.write for article_id, record in records.items()}
        return current[:limit]

    def _read_corpus(self) -> Corpus:
        commits, asked = self._commits, time.monotonic()
        if known := self._corpus:
            as_of, at, corpus = known
            if as_of == commits and (self._lock or asked - at < _FINGERPRINT_AGE):
                return corpus
        names: list[str] = []
        count = self._articles.count()
        for offset in range(0, count, _BATCH):
            found = self._articles.get(limit=_BATCH, offset=offset, include=["metadatas"])
            names += [f"{m['article_id']}@{m['version']}" for m in found["metadatas"]]
        fingerprint = hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest()[:16]
        corpus = Corpus(articles=len(names), fingerprint=fingerprint)
        self._corpus = (commits, asked, corpus)
        return corpus

    def _put(self, article: Article, passages: Sequence[Passage], vectors: Vectors) -> Outcome:
        source = article.source
        with self._writing:
            record = self._records([source.article_id]).get(source.article_id)
            if record and record.source.version == source.version:
                return "unchanged"
            write = uuid.uuid4().hex
            self._note(write, source.article_id)
            for start in range(0, len(passages), _BATCH):
                batch = passages[start : start + _BATCH]
                self._passages.upsert(
                    ids=[f"{passage.passage_id}~{write}" for passage in batch],
                    embeddings=vectors[start : start + _BATCH],
                    documents=[passage.text for passage in batch],
                    metadatas=[_passage_metadata(passage, write) for passage in batch],
                )
                self._note(write, source.article_id)
            # Read as late as may be: a version that another process commits from here to our own commit is not kept.
            before = self._articles.get(ids=[source.article_id], include=["documents", "metadatas"])
            replaced = bool(before["ids"])
            if replaced:
                old = _article(before, 0)
                self._write_article(self._superseded, f"{source.article_id}@{old.source.version}", old, write)
            self._write_article(self._articles, source.article_id, article, write)  # the commit point
            self._commits += 1
            if replaced:
                self._sweep_article(source.article_id)
            self._pending.delete(ids=[write])
            # Another writer of this article that swept before our note was gone has left our passages to us.
            if not self._lock and self._records([source.article_id])[source.article_id].write != write:
                self._sweep_article(source.article_id)
            return "replaced" if replaced else "created"

    def _note(self, write: str, article_id: str) -> None:
        """Note that a write is at work, or is still."""
        noted = {"article_id": article_id, "at": time.time()}
        self._pending.upsert(ids=[write], embeddings=[_NO_VECTOR], metadatas=[noted])

    def _write_article(self, collection: chromadb.Collection, record_id: str, article: Article, write: str) -> None:
        collection.upsert(
            ids=[record_id],
            embeddings=[_NO_VECTOR],
            documents=[article.text],
            metadatas=[_article_metadata(article.source) | {"write": write}],
        )

    def _sweep_article(self, article_id: str, over: Collection[str] = ()) -> None:
        """Delete the article's passages but those that its record names, and those of writes that are not `over`."""
        # In this order: a write seen here is noted until its record names it, so that one of the two looks sees it.
        stored = self._passages.get(where={"article_id": article_id}, include=["metadatas"])
        noted = self._pending.get(where={"article_id": article_id}, include=[])
        record = self._records([article_id]).get(article_id)
        kept = {*noted["ids"]} - {*over} | ({record.write} if record else set())
        writes = [str(metadata["write"]) for metadata in stored["metadatas"]]
        swept = [passage for passage, write in zip(stored["ids"], writes, strict=True) if write not in kept]
        for start in range(0, len(swept), _BATCH):
            self._passages.delete(ids=swept[start : start + _BATCH])

    def _sweep(self) -> None:
        """Delete what interrupted writes left behind; beside other writers only what is too old to be at work."""
        found = self._pending.get(include=["metadatas"])
        over = {
            note: str(metadata["article_id"])
            for note, metadata in zip(found["ids"], found["metadatas"], strict=True)
            if self._lock or time.time() - float(metadata["at"]) > _STALE_PENDING
        }
        for note, article_id in over.items():
            self._sweep_article(article_id, over)
            self._pending.delete(ids=[note])


def _is_of_chroma(error: Exception) -> bool:
    """Tell what Chroma raises from a mistake of ours: its client raises bare `Exception`s, too."""
    known = (ChromaError, OSError, httpx.TransportError, json.JSONDecodeError)
    return isinstance(error, known) or type(error) is Exception


def _sessions(client: ClientAPI) -> list[httpx.Client]:
    """Give a client's HTTP sessions, of which it has two: their timeout and their end are not in Chroma's interface."""
    servers = [client._server, client._admin_client._server]  # noqa: SLF001 - as above
    sessions = [getattr(server, "_session", None) for server in servers]
    return [session for session in sessions if isinstance(session, httpx.Client)]


def _close(client: ClientAPI) -> None:
    sessions = _sessions(client)
    client.close()
    for session in sessions:
        session.close()


async def _in_thread(function: Callable[P, R], *arguments: P.args, **named: P.kwargs) -> R:
    """Run what blocks in a thread, and turn a lost Chroma into our own error."""
    try:
        return await asyncio.to_thread(function, *arguments, **named)
    except Exception as error:
        if not _is_of_chroma(error):
            raise
        what = str(error) or type(error).__name__
        raise StoreUnavailable(f"Chroma failed: {what}. Is it running, and its disk not full?") from error


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


def _own(folder: Path, address: str | None) -> None:
    """Leave a note of who owns the store, in one step: whoever finds the lock held reads it."""
    note = folder / "owner.json.new"
    note.write_text(json.dumps({"pid": os.getpid(), "address": address}), encoding="utf-8")
    note.replace(folder / "owner.json")


def _disown(folder: Path) -> None:
    with suppress(OSError):
        (folder / "owner.json").unlink()


def _owner(folder: Path) -> tuple[int | None, str | None]:
    """Read the owner's process and HTTP address, as far as it left them."""
    try:
        owner = json.loads((folder / "owner.json").read_text(encoding="utf-8"))
        return owner["pid"], owner["address"]
    except (OSError, ValueError, LookupError, TypeError):
        return None, None


def _silent(url: str, error: Exception) -> StoreUnavailable:
    return StoreUnavailable(f"No Chroma answers at {url} (GROUNDWIRE_CHROMA): {error}. Start it with: chroma run")


def _unwritable(folder: Path, error: OSError) -> StoreUnavailable:
    why = error.strerror or error
    return StoreUnavailable(f"{folder} cannot be written: {why}. Give a folder that can (GROUNDWIRE_DATA_DIR).")


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


def _passage_metadata(passage: Passage, write: str) -> dict[str, Any]:
    source = passage.source
    return {
        "write": write,
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
    return Passage(source=source, ordinal=metadata["ordinal"], text=text, start=metadata["start"], end=metadata["end"])
