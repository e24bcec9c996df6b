"""Articles and passages in Chroma, the only store; the only importer of chromadb.

Four collections. `articles` holds one record for each article, its commit point: a passage counts only while the record
names the write that stored it. `passages` holds the passages with their vectors. `superseded` keeps the texts of
replaced and withdrawn versions. `pending` notes what is being written, so that a start after a crash sweeps without
reading every passage.

A write has an id of its own, because a version does not tell two writers of one article on a Chroma server apart: each
may sweep what the other is still writing. No two writes share a passage, and only those that are over are swept.

The records are also the feed of changes: each carries a number higher than what its writer had seen, and that of a
withdrawn article stays, as a mark. Every process follows the feed into its catalogue and its word index.
"""

import asyncio
import json
import logging
import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TypeVar, TypeVarTuple
from urllib.parse import urlsplit

import chromadb
import httpx
import numpy as np
from chromadb.api import ClientAPI
from chromadb.config import Settings as ChromaSettings
from chromadb.errors import ChromaError, InternalError
from filelock import FileLock, Timeout

from retrieval.catalogue import Catalogue, Copy, Record, Scoped, article_of, stored_id
from retrieval.embedding import Embedder, Vectors
from retrieval.errors import StoreForeign, StoreUnavailable
from retrieval.lexical import Term, WordIndex
from retrieval.owner import Owner, unwritable
from retrieval.ranking import Candidate
from retrieval.rows import article_of_row, article_row, passage_of, passage_row, record_of, sentences_of, source_of
from retrieval.types import Article, Corpus, Passage, Scope, Source

R = TypeVar("R")
Ts = TypeVarTuple("Ts")

Outcome = Literal["created", "replaced", "unchanged"]

_FORMAT = 3
_BATCH = 1_000  # records in one call; Chroma takes 5,461, and readers wait while a batch is written
_STALE_PENDING = 600.0  # seconds; beside other writers, an older note belongs to one that died
_UNDISTURBED = 5  # looks at an article that is being replaced under a search, before writers must wait for it
_LOOKS = 8  # of one search in all
_MOST_ASKED = 10_000  # passages of one query; SQLite takes 32,766 variables in one statement
_NAMED = 5_000  # passages of a scope that is searched by their names; a larger one by asking for more and leaving out
_TAKEN_IN = 100  # articles that are followed at a time: their passages are in memory at once
_WRITERS = 8  # articles that may wait for their turn together; they are written in one go
_TIMEOUT = httpx.Timeout(60.0, connect=5.0)  # seconds; of a Chroma server, whose client waits for ever by default
_FOLLOW_EVERY = 1.0  # seconds between two looks at what other processes changed; two are promised
# Two writers that have not seen each other's changes number them alike: who follows looks this far back, and a writer
# that finds itself left further behind than half of it numbers its change anew.
_OVERLAP = 10_000_000  # microseconds
_HNSW = {
    # recall@50 .999 on news vectors, .990 with Chroma's defaults (22,473 MiniLM vectors, 200 held-out
    # queries; taken once for the design, 2026-11, and by no script here)
    "space": "cosine",
    "max_neighbors": 32,
    "ef_construction": 200,
    "ef_search": 200,
}
_NO_VECTOR = [1.0, 0.0]  # every Chroma record must have one; without it Chroma fetches a model of its own
_log = logging.getLogger("groundwire.store")


@dataclass(frozen=True)
class Prepared:
    """An article with all that is stored of it."""

    article: Article
    passages: Sequence[Passage]
    vectors: Vectors
    """Shape (passages, dimensions)."""
    sentences: Sequence[Vectors]
    """For each passage the unit vectors of the sentences that begin in it."""

    def mean(self) -> Vectors:
        """Give the article's own vector: the mean of its passages', by which its neighbours are found."""
        total = self.vectors.sum(axis=0)
        return np.asarray(total / (np.linalg.norm(total) or 1.0), dtype=np.float32)


class Store:
    """The one door to Chroma, and what this process knows of it: the catalogue and the word index.

    Reads may run beside one another and beside a write; writes queue.
    """

    def __init__(self, client: ClientAPI, embedder: Embedder, *, folder: Path | None, owner: Owner | None) -> None:
        """Take an open client; use `open_embedded` or `open_server`."""
        self._client = client
        self._owner = owner
        self._dimensions = embedder.dimensions
        # Threads of their own: those that wait to write must not keep readers waiting.
        self._writers = ThreadPoolExecutor(_WRITERS, thread_name_prefix="groundwire-writer")
        self._waiting: list[tuple[Prepared, Future[Outcome]]] = []
        # Held by the thread that writes: whoever waits for it may be cancelled, and the thread goes on.
        self._writing = threading.Lock()
        self._commits = 0
        self._last_change = 0
        self._passages = _collection(client, "groundwire_passages", embedder)
        self._articles = _collection(client, "groundwire_articles", embedder)
        self._superseded = _collection(client, "groundwire_superseded", None)
        self._pending = _collection(client, "groundwire_pending", None)
        self._sweep()
        self._following = threading.Lock()
        self._followed = -1  # commits of our own that the catalogue and the word index have
        self._slot: FileLock | None = None
        if folder and not owner:
            self._slot, folder = _free_slot(folder)
        self.words = WordIndex(folder, str(self._articles.id))
        self.catalogue = Catalogue()
        self._catch_up()
        self._closed = threading.Event()
        self._follower = None if owner else threading.Thread(target=self._keep_following, daemon=True)
        if self._follower:
            self._follower.start()

    @classmethod
    def open_embedded(cls, folder: Path, embedder: Embedder) -> Self:
        """Open or make the store in a folder, and own it until `close`.

        Raises:
            StoreLocked: another process owns it; two would lose each other's writes without a word.
            StoreUnavailable: the folder cannot be written.
            StoreForeign: it holds vectors of another model.

        """
        owner = Owner.acquire(folder)
        client = None
        try:
            settings = ChromaSettings(anonymized_telemetry=False)
            client = chromadb.PersistentClient(path=str(folder / "chroma"), settings=settings)
            return cls(client, embedder, folder=folder / "words", owner=owner)
        except BaseException as error:
            if client:
                _close(client)
            owner.release()
            if isinstance(error, OSError):
                raise unwritable(folder, error) from error
            if not isinstance(error, ChromaError | ValueError | RuntimeError):
                raise
            message = (
                f"Chroma cannot open {folder / 'chroma'}: {error}. Is the folder writable, and not from a newer Chroma?"
            )
            raise StoreUnavailable(message) from error

    @classmethod
    def open_server(cls, url: str, embedder: Embedder, folder: Path | None = None) -> Self:
        """Open the store on a Chroma server, which any number of processes may share.

        Args:
            url: the server's address.
            embedder: the model whose vectors it holds.
            folder: where the word index is kept, in a folder of this process's own; None keeps it in memory.

        Raises:
            StoreUnavailable: no Chroma answers there, or the folder cannot be written.
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
            return cls(client, embedder, folder=folder and folder / "words", owner=None)
        except Exception as error:
            _close(client)
            if not _is_of_chroma(error) and not isinstance(error, ValueError):
                raise
            raise _silent(url, error) from error

    def close(self) -> None:
        """Let go of an embedded store, so that another process may own it."""
        self._closed.set()
        if self._follower:
            self._follower.join()
        self._writers.shutdown()
        with self._writing, self._following:  # a write goes on when whoever asked for it has gone
            self.words.close()
            _close(self._client)
            if self._slot:
                self._slot.release()
            if self._owner:
                self._owner.release()

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

    async def version(self, article_id: str) -> str | None:
        """Give an article's current version, as far as this process has followed."""
        if self._followed != self._commits:
            await self.follow()
        record = self.catalogue.get(article_id)
        return record.version if record else None

    async def candidates(
        self,
        vector: Vectors,
        terms: Sequence[Term],
        count: int,
        scope: Scope = Scope(),  # noqa: B008 - frozen
        as_of: datetime | None = None,
    ) -> list[Candidate]:
        """Give the current passages nearest to a vector (shape (dimensions,)) and those that hold most of the terms.

        Up to `count` of each kind, the nearest first; each with both scores.
        """
        return await _in_thread(self._candidates, vector, terms, count, scope, as_of)

    async def neighbours(self, vector: Vectors, limit: int) -> list[tuple[Article, float]]:
        """Give up to `limit` articles whose own vectors are nearest, each with the cosine, the nearest first."""
        return await _in_thread(self._neighbours, vector, limit)

    async def corpus(self) -> Corpus:
        """Tell what the store holds."""
        return await _in_thread(self._read_corpus)

    async def ready(self) -> None:
        """Raise StoreUnavailable unless Chroma answers."""
        await _in_thread(self._articles.count)

    async def follow(self) -> None:
        """Take in what was changed since, by this process and by others; a search does so by itself."""
        await _in_thread(self._follow)

    # Writing

    async def put(self, article: Prepared) -> Outcome:
        """Store an article in place of its version before; a crash at any point leaves the one or the other, whole.

        What waits while others are written is written together.
        """
        return await _in_thread(self._put_with_others, article, pool=self._writers)

    async def withdraw(self, article_id: str) -> bool:
        """Let an article count no more; its text stays readable by version. False: there is none."""
        return await _in_thread(self._withdraw, article_id, pool=self._writers)

    def announce(self, address: str) -> None:
        """Leave the owner's HTTP address beside the lock, for commands that find the store in use."""
        if self._owner:
            self._owner.announce(address)

    # What runs in the thread: reading

    def _read_article(self, article_id: str, version: str | None) -> Article | None:
        found = self._articles.get(ids=[article_id], include=["documents", "metadatas"])
        if found["ids"] and not found["metadatas"][0].get("withdrawn"):
            article = self._article(found, 0)
            if version in (None, article.source.version):
                return article
        if version is None:
            return None
        found = self._superseded.get(ids=[f"{article_id}@{version}"], include=["documents", "metadatas"])
        return self._article(found, 0) if found["ids"] else None

    def _read_articles(self, sources: Sequence[Source]) -> dict[str, Article]:
        if not sources:
            return {}
        article_ids = list(dict.fromkeys(source.article_id for source in sources))
        found = self._articles.get(ids=article_ids, include=["documents", "metadatas"])
        rows = enumerate(found["metadatas"])
        current = {str(row["article_id"]): self._article(found, i) for i, row in rows if not row.get("withdrawn")}
        articles: dict[str, Article] = {}
        for source in sources:
            article = current.get(source.article_id)
            if article is None or article.source.version != source.version:
                article = self._read_article(source.article_id, source.version)
            if article:
                articles[source.article_id] = article
        return articles

    def _read_sources(self, offset: int, limit: int) -> list[Source]:
        self._follow_own()
        article_ids = list(self.catalogue.page(offset, limit))
        records = self._records(article_ids)
        return [self._with_origin(records[one][1]) for one in article_ids if one in records]

    def _read_corpus(self) -> Corpus:
        self._follow_own()
        return self.catalogue.corpus

    def _neighbours(self, vector: Vectors, limit: int) -> list[tuple[Article, float]]:
        found = self._articles.query(
            query_embeddings=np.asarray([vector], dtype=np.float32),
            n_results=limit,
            include=["documents", "metadatas", "distances"],
        )
        rows = zip(found["metadatas"][0], found["documents"][0], found["distances"][0], strict=True)
        return [
            (article_of_row(row, text), 1.0 - float(distance))
            for row, text, distance in rows
            if row is not None and text is not None and not row.get("withdrawn")
        ]

    def _article(self, found: Any, index: int) -> Article:
        article = article_of_row(found["metadatas"][index], found["documents"][index])
        return Article(source=self._with_origin(article.source), text=article.text)

    def _with_origin(self, source: Source) -> Source:
        origin = self.catalogue.origin(source.article_id)
        return source if origin == source.origin else source.model_copy(update={"origin": origin})

    def _records(self, article_ids: Sequence[str]) -> dict[str, tuple[Record, Source]]:
        records: dict[str, tuple[Record, Source]] = {}
        for some in _batches(article_ids, _BATCH):
            found = self._articles.get(ids=some, include=["metadatas"])
            records |= {str(row["article_id"]): (record_of(row), source_of(row)) for row in found["metadatas"]}
        return records

    def _candidates(
        self, vector: Vectors, terms: Sequence[Term], count: int, scope: Scope, as_of: datetime | None
    ) -> list[Candidate]:
        """Query, look at the records of what was found, and look again while an article changes in between."""
        self._follow_own()
        wanted = count + count // 2 + 10  # replaced and uncommitted passages fall away
        named: dict[str, str] = {}  # the writes that the records named at the last look
        for look in range(_LOOKS):
            with self._writing if look >= _UNDISTURBED else nullcontext():
                if look:
                    self._follow()
                scoped = self.catalogue.scoped(scope, as_of)
                by_words = [passage_id for passage_id, _ in self.words.search(terms, count, scope, as_of)]
                try:
                    near, all_of_them = self._near(vector, wanted, scoped)
                    ids = list(dict.fromkeys([*near, *by_words]))
                    rows = self._rows(ids)
                except InternalError as error:
                    if "finding id" not in str(error) or look == _LOOKS - 1:
                        raise
                    continue  # a vector was deleted while Chroma was reading it
                records = self._records(list(dict.fromkeys(map(article_of, ids))))
            current: list[str] = []
            replaced: set[str] = set()
            whole = True
            for passage_id in ids:
                article_id, _, write = article_of(passage_id), *passage_id.rpartition("~")[1:]
                record, source = records.get(article_id, (None, None))
                if record is None or source is None or record.withdrawn or not _inside(source, scope, as_of):
                    continue
                if record.write != write:
                    replaced.add(article_id)
                elif passage_id in rows:
                    current.append(passage_id)
                else:
                    whole = False  # deleted while Chroma was reading it
            # An article whose record changed after the query shows no passage, or not all: ask again. Where the record
            # is what it was at the last look, this query saw all its passages, and the others are leftovers.
            whole = whole and all(named.get(one) == records[one][0].write for one in replaced)
            nearest = [one for one in current if one in set(near)][:count]
            cut_short = len(nearest) < count and not all_of_them and wanted < _MOST_ASKED
            if whole and not cut_short:
                break
            if cut_short:
                wanted = min(wanted * 3, _MOST_ASKED)
            named = {article_id: record.write for article_id, (record, _) in records.items()}
        kept = [one for one in current if one in {*nearest, *by_words}]
        shares = self.words.shares(terms, kept)
        sources = {article_id: self._with_origin(source) for article_id, (_, source) in records.items()}
        return [
            Candidate(
                passage=passage_of(sources[article_of(one)], row, text),
                similarity=float(embedding @ vector),
                words=shares.get(one, 0.0),
                sentences=sentences_of(row, self._dimensions),
            )
            for one in kept
            for row, text, embedding in [rows[one]]
        ]

    def _near(self, vector: Vectors, wanted: int, scoped: Scoped | None) -> tuple[list[str], bool]:
        """Name the passages nearest to a vector, the nearest first, and tell whether there are no more."""
        among: list[str] | None = None
        asked = wanted
        if scoped is not None:
            if not scoped.passages:
                return [], True
            if scoped.passages <= _NAMED:
                records = [self.catalogue.get(article_id) for article_id in scoped.article_ids()]
                among = [name for record in records if record for name in record.passage_ids()]
            else:
                asked = min(int(wanted / scoped.share()) + 1, _MOST_ASKED)
        found = self._passages.query(
            query_embeddings=np.asarray([vector], dtype=np.float32), ids=among, n_results=asked, include=[]
        )
        names = [str(name) for name in found["ids"][0]]
        inside = [name for name in names if scoped is None or article_of(name) in scoped]
        return inside[:wanted], among is not None or len(names) < asked or asked == _MOST_ASKED

    def _rows(self, ids: Sequence[str]) -> dict[str, tuple[Any, str, Vectors]]:
        if not ids:
            return {}
        found = self._passages.get(ids=list(ids), include=["documents", "metadatas", "embeddings"])
        rows = zip(found["ids"], found["metadatas"], found["documents"], found["embeddings"], strict=True)
        return {
            str(name): (row, text, np.asarray(embedding, dtype=np.float32))
            for name, row, text, embedding in rows
            if row is not None and text is not None
        }

    # What runs in the thread: following

    def _changes(self, after: int) -> Iterator[list[tuple[Record, str]]]:
        """Give the records that were numbered higher, with the articles' titles, in batches."""
        # Without a condition Chroma pages fast; a number that grows meanwhile is seen next time.
        where: Any = {"change": {"$gt": after}} if after > 0 else None
        offset = 0
        while True:
            found = self._articles.get(where=where, limit=_BATCH, offset=offset, include=["metadatas"])
            if found["ids"]:
                yield [(record_of(row), str(row["title"])) for row in found["metadatas"]]
            if len(found["ids"]) < _BATCH:
                return
            offset += _BATCH

    def _follow(self) -> None:
        """Take what was changed since into the catalogue and the word index."""
        with self._following:
            commits = self._commits
            position = self.catalogue.position
            for changes in self._changes(position - (0 if self._owner else _OVERLAP)):
                new = [(record, title) for record, title in changes if not self.catalogue.knows(record)]
                if new:
                    self._take_in(new)
            if self.catalogue.position != position:
                self.words.commit(self.catalogue.position)
            self._last_change = max(self._last_change, self.catalogue.position)
            self._followed = commits

    def _follow_own(self) -> None:
        """Take in what this process changed itself, before anybody reads."""
        if self._followed != self._commits:
            self._follow()

    def _take_in(self, changes: Sequence[tuple[Record, str]]) -> None:
        for some in _batches(changes, _TAKEN_IN):
            names = [name for record, _ in some if not record.withdrawn for name in record.passage_ids()]
            texts: dict[str, str] = {}
            for part in _batches(names, _BATCH):
                found = self._passages.get(ids=part, include=["documents"])
                texts |= {str(name): text for name, text in zip(found["ids"], found["documents"], strict=True) if text}
            for record, title in some:
                # A passage that is gone belongs to a version that was replaced meanwhile: that change comes next.
                self.words.replace(
                    record, title, [(name, texts[name]) for name in record.passage_ids() if name in texts]
                )
            self.words.commit(self.words.position)  # before the catalogue knows them: a crash follows them again
            for record, _ in some:
                self.catalogue.apply(record)

    def _catch_up(self) -> None:
        """Go on where the word index on disk ends; build it anew where it cannot be that of this store."""
        for record in self.words.records():
            self.catalogue.apply(record)
        self.catalogue.position = self.words.position
        self._follow()
        if self._articles.count() != self.catalogue.records:
            self._follow()  # another process may have written in between
        latest: Any = {"change": {"$gte": self.catalogue.position}}
        ahead = self.catalogue.records and not self._articles.get(where=latest, limit=1, include=[])["ids"]
        if ahead or self._articles.count() != self.catalogue.records:
            # A store that was put back from a copy, say.
            _log.warning("The word index is not that of the store's articles: it is built anew.")
            self.words.clear()
            self.catalogue = Catalogue()
            self._follow()

    def _keep_following(self) -> None:
        """Look at what other processes change, until the store is closed."""
        failed = False
        while not self._closed.wait(_FOLLOW_EVERY):
            try:
                self._follow()
            except Exception as error:
                if not _is_of_chroma(error):
                    raise
                if not failed:
                    _log.warning("What other processes change cannot be followed: %s. It is tried again.", error)
                failed = True
            else:
                failed = False

    # What runs in the thread: writing

    def _number(self) -> int:
        """Give the next change its number: the time, and higher than any that was seen whatever the clocks say."""
        self._last_change = max(time.time_ns() // 1000, self._last_change + 1)
        return self._last_change

    def _put_with_others(self, article: Prepared) -> Outcome:
        """Wait for the turn to write, and write all that waits; or find it written when the turn comes."""
        done: Future[Outcome] = Future()
        self._waiting.append((article, done))
        with self._writing:
            while not done.done():
                batch = self._next_batch()
                try:
                    outcomes = self._put([one for one, _ in batch])
                except BaseException as error:  # noqa: BLE001 - it goes to everybody who waits
                    for _, theirs in batch:
                        theirs.set_exception(error)
                else:
                    for (_, theirs), outcome in zip(batch, outcomes, strict=True):
                        theirs.set_result(outcome)
        return done.result()

    def _next_batch(self) -> list[tuple[Prepared, "Future[Outcome]"]]:
        """Take what waits, as much as one write holds; an article that is there twice waits for the next."""
        batch: dict[str, tuple[Prepared, Future[Outcome]]] = {}
        passages = 0
        while self._waiting:
            one, _ = self._waiting[0]
            passages += len(one.passages)
            if batch and (passages > _BATCH or one.article.source.article_id in batch):
                break
            batch[one.article.source.article_id] = self._waiting.pop(0)
        return list(batch.values())

    def _put(self, batch: Sequence[Prepared]) -> list[Outcome]:
        before = self._records([one.article.source.article_id for one in batch])
        outcomes: list[Outcome] = []
        fresh: list[tuple[Prepared, str]] = []
        for one in batch:
            record, _ = before.get(one.article.source.article_id, (None, None))
            if record is None or record.withdrawn:
                outcomes.append("created")
            elif record.version == one.article.source.version:
                outcomes.append("unchanged")
                continue
            else:
                outcomes.append("replaced")
            fresh.append((one, uuid.uuid4().hex))
        if not fresh:
            return outcomes
        notes = {write: one.article.source.article_id for one, write in fresh}
        self._note(notes)
        self._write_passages(fresh, notes)
        self._commit([(one.article, write, len(one.passages), (), one.mean()) for one, write in fresh])
        self._settle(notes, replaced="replaced" in outcomes)
        return outcomes

    def _withdraw(self, article_id: str) -> bool:
        with self._writing:
            found = self._articles.get(ids=[article_id], include=["documents", "metadatas"])
            if not found["ids"] or found["metadatas"][0].get("withdrawn"):
                return False
            article = article_of_row(found["metadatas"][0], found["documents"][0])
            notes = {uuid.uuid4().hex: article_id}
            self._note(notes)
            mark = Article(source=article.source, text="")
            self._commit([(mark, write, 0, (), self._unit()) for write in notes], withdrawn=True)
            self._settle(notes, replaced=True)
            return True

    def _write_passages(self, fresh: Sequence[tuple[Prepared, str]], notes: dict[str, str]) -> None:
        rows = [
            (passage, write, vector, sentences)
            for one, write in fresh
            for passage, vector, sentences in zip(one.passages, one.vectors, one.sentences, strict=True)
        ]
        for some in _batches(rows, _BATCH):
            self._passages.upsert(
                ids=[
                    stored_id(one.source.article_id, one.source.version, one.ordinal, write)
                    for one, write, _, _ in some
                ],
                embeddings=np.asarray([vector for _, _, vector, _ in some], dtype=np.float32),
                documents=[one.text for one, _, _, _ in some],
                metadatas=[passage_row(one, write, sentences) for one, write, _, sentences in some],
            )
            self._note(notes)

    def _commit(
        self,
        writes: Sequence[tuple[Article, str, int, tuple[Copy, ...], Vectors]],
        *,
        withdrawn: bool = False,
    ) -> None:
        """Write the articles' records, the commit point of each, and keep what they replace."""
        # Read as late as may be: a version that another process commits from here to our own commit is not kept.
        ids = [article.source.article_id for article, *_ in writes]
        before = self._articles.get(ids=ids, include=["documents", "metadatas"])
        old = list(zip(before["documents"], before["metadatas"], strict=True))
        replaced = [(text, row) for text, row in old if not row.get("withdrawn")]
        if replaced:
            self._superseded.upsert(
                ids=[f"{row['article_id']}@{row['version']}" for _, row in replaced],
                embeddings=[_NO_VECTOR for _ in replaced],
                documents=[text for text, _ in replaced],
                metadatas=[row for _, row in replaced],
            )
        added = {str(row["article_id"]): int(row["added"]) for _, row in old}
        rows = []
        for article, write, passages, copies, _ in writes:
            change = self._number()
            first = added.get(article.source.article_id, change)
            rows.append(
                article_row(
                    article.source,
                    write=write,
                    change=change,
                    added=first,
                    passages=passages,
                    copies=copies,
                    withdrawn=withdrawn,
                )
            )
        self._articles.upsert(
            ids=ids,
            embeddings=np.asarray([vector for *_, vector in writes], dtype=np.float32),
            documents=[article.text for article, *_ in writes],
            metadatas=rows,
        )
        self._commits += 1
        self._be_seen(rows)

    def _be_seen(self, rows: Sequence[dict[str, Any]]) -> None:
        """Number our changes anew while others have left them so far behind that a follower may look past them."""
        if self._owner:
            return
        lowest = min(row["change"] for row in rows)
        for _ in range(_LOOKS):
            ahead: Any = {"change": {"$gt": lowest + _OVERLAP // 2}}
            found = self._articles.get(where=ahead, limit=_BATCH, include=["metadatas"])
            others = [int(row["change"]) for row in found["metadatas"]]
            if not others:
                return
            self._last_change = max(self._last_change, *others)
            lowest = self._number()
            # It is merged into the record, also into one that took its place: a higher number is never wrong.
            numbers = [{"change": lowest}, *({"change": self._number()} for _ in rows[1:])]
            self._articles.update(ids=[row["article_id"] for row in rows], metadatas=numbers)

    def _settle(self, notes: dict[str, str], *, replaced: bool) -> None:
        """Sweep what our commits replaced, and let go of the notes."""
        for article_id in notes.values() if replaced else ():
            self._sweep_article(article_id)
        self._pending.delete(ids=list(notes))
        if self._owner:
            return
        # Another writer of an article that swept before our note was gone has left our passages to us.
        records = self._records(list(notes.values()))
        for write, article_id in notes.items():
            if records[article_id][0].write != write:
                self._sweep_article(article_id)

    def _note(self, notes: dict[str, str]) -> None:
        """Note that writes are at work, or are still."""
        noted = [{"article_id": article_id, "at": time.time()} for article_id in notes.values()]
        self._pending.upsert(ids=list(notes), embeddings=[_NO_VECTOR for _ in noted], metadatas=noted)

    def _sweep_article(self, article_id: str, over: Collection[str] = ()) -> None:
        """Delete the article's passages but those that its record names, and those of writes that are not `over`."""
        # In this order: a write seen here is noted until its record names it, so that one of the two looks sees it.
        stored = self._passages.get(where={"article_id": article_id}, include=["metadatas"])
        noted = self._pending.get(where={"article_id": article_id}, include=[])
        record, _ = self._records([article_id]).get(article_id, (None, None))
        kept = {*noted["ids"]} - {*over} | ({record.write} if record else set())
        writes = [str(row["write"]) for row in stored["metadatas"]]
        swept = [passage for passage, write in zip(stored["ids"], writes, strict=True) if write not in kept]
        for some in _batches(swept, _BATCH):
            self._passages.delete(ids=some)

    def _sweep(self) -> None:
        """Delete what interrupted writes left behind; beside other writers only what is too old to be at work."""
        found = self._pending.get(include=["metadatas"])
        over = {
            note: str(row["article_id"])
            for note, row in zip(found["ids"], found["metadatas"], strict=True)
            if self._owner or time.time() - float(row["at"]) > _STALE_PENDING
        }
        for note, article_id in over.items():
            self._sweep_article(article_id, over)
            if found := self._articles.get(ids=[article_id], include=["metadatas"])["metadatas"]:
                self._last_change = max(self._last_change, int(found[0]["change"]))
                # It may have died between its commit and the look whether others had left it behind.
                self._articles.update(ids=[article_id], metadatas=[{"change": self._number()}])
            self._pending.delete(ids=[note])

    def _unit(self) -> Vectors:
        return np.asarray([1.0] + [0.0] * (self._dimensions - 1), dtype=np.float32)


def _batches(items: Sequence[R], size: int) -> Iterator[Sequence[R]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _inside(source: Source, scope: Scope, as_of: datetime | None) -> bool:
    """Tell by an article's record whether it is in a scope: the catalogue may not know it yet."""
    when = source.published
    if scope.after and not (when and when >= scope.after):
        return False
    if scope.before and not (when and when < scope.before):
        return False
    if as_of and not (when and when <= as_of):
        return False
    if scope.outlets and source.outlet not in scope.outlets:
        return False
    return not scope.article_ids or source.article_id in scope.article_ids


def _free_slot(folder: Path) -> tuple[FileLock, Path]:
    """Take the first folder for a word index that no other process on this machine uses."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        number = 0
        while True:
            lock = FileLock(folder / f"{number}.lock")
            try:
                lock.acquire(blocking=False)
            except Timeout:
                number += 1
                continue
            return lock, folder / str(number)
    except OSError as error:
        raise unwritable(folder, error) from error


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


async def _in_thread(function: Callable[[*Ts], R], *arguments: *Ts, pool: ThreadPoolExecutor | None = None) -> R:
    """Run what blocks in a thread, and turn a lost Chroma into our own error."""
    try:
        return await asyncio.get_running_loop().run_in_executor(pool, function, *arguments)
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


def _silent(url: str, error: Exception) -> StoreUnavailable:
    return StoreUnavailable(f"No Chroma answers at {url} (GROUNDWIRE_CHROMA): {error}. Start it with: chroma run")
