"""Articles and passages in Chroma, the only store.

The door to what lies behind: the client of Chroma (connection.py), the collections in force (generations.py,
archive.py), one write (writes.py), the feed of changes (feed.py) from which a process knows what is current
(catalogue.py) and which words it holds (lexical.py), one search of both indexes (candidates.py). How far behind that
is, in seconds, `Store.lag` tells.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar, TypeVarTuple

from filelock import FileLock, Timeout

from retrieval import connection, purging
from retrieval.archive import Archive
from retrieval.candidates import Asked, candidates
from retrieval.catalogue import Catalogue, Record
from retrieval.connection import Client, is_of_chroma, is_ours
from retrieval.disk import Disk
from retrieval.embedding import Embedder, Vectors
from retrieval.errors import StoreForeign, StoreUnavailable
from retrieval.feed import Feed
from retrieval.generations import Generations, replaced
from retrieval.lexical import Term, WordIndex
from retrieval.limits import Gate
from retrieval.line import Access, Line
from retrieval.mending import is_due, is_readable, mend
from retrieval.owner import Owner, unwritable
from retrieval.passages import embeddable
from retrieval.ranking import Candidate
from retrieval.remembered import Remembered
from retrieval.rows import passage_of, sentences_of
from retrieval.types import Article, Corpus, Scope, Source, Version, Withdrawal
from retrieval.writes import Moments, Outcome, Prepared, Writes

__all__ = ["Outcome", "Prepared", "Store"]

R = TypeVar("R")
Ts = TypeVarTuple("Ts")

_WRITERS = 8  # articles that may wait for their turn together; they are written in one go
_HANGING = 10.0  # seconds that a call of an embedded Chroma is waited for which is broken; chosen
_READY_IN = 2.0  # seconds; chosen, as what asks this gives up after some more
_FOLLOW_EVERY = 1.0  # seconds between two looks at what other processes changed; two are promised
_LOOK_EVERY = 1.0  # seconds between two looks whether a server answers; chosen
_SWEEP_EVERY = 600.0  # seconds
_log = logging.getLogger("groundwire.store")


class Store:
    """The one door to Chroma, and what this process knows of it: the catalogue and the word index.

    Reads may run beside one another and beside a write; writes queue.
    """

    def __init__(self, client: Client, embedder: Embedder, *, folder: Path | None, owner: Owner | None) -> None:
        """Take an open client; use `open_embedded` or `open_server`."""
        self._client = client
        self._line = connection.line_of(client)
        self._owner = owner
        self._generations = Generations(client)
        archive, self._generation = self._generations.open(embedder.name)
        self._gate = Gate()
        self._archive = archive
        self._disk = Disk(owner.folder) if owner else None
        if self._disk:
            archive.put_behind(self._gate, self._disk)
        self._replaced: str | None = None  # why it may be used no more
        if not owner and self._generations.former():
            _log.info("The vectors before these are still there: a `groundwire reembed` is at work, or was cut off.")
        with ExitStack() as opened:
            if folder and not owner:
                slot, folder = _free_slot(folder)
                opened.callback(slot.release)
            words = WordIndex(folder, str(self._archive.articles.id))
            opened.callback(words.close)
            self._feed = Feed(self._archive, words, alone=owner is not None)
            self._remembered = Remembered(self._archive, self._feed, alone=owner is not None)
            self._writes = Writes(
                self._archive, self._feed, embedder.dimensions, alone=owner is not None, in_force=self._in_force
            )
            self._writes.sweep()
            self._opened = opened.pop_all()
        # Threads of their own: those that wait to write must not keep readers waiting.
        self._writers = ThreadPoolExecutor(_WRITERS, thread_name_prefix="groundwire-writer")
        self._watcher = ThreadPoolExecutor(1, thread_name_prefix="groundwire-ready")
        self._closed = threading.Event()
        self._followed = time.monotonic()
        self._follower = threading.Thread(target=self._keep_following, name="groundwire-follower", daemon=True)
        self._follower.start()
        self._looker = None
        if self._line:
            self._looker = threading.Thread(
                target=self._keep_looking, args=(self._line,), name="groundwire-looker", daemon=True
            )
            self._looker.start()

    @classmethod
    def open_embedded(cls, folder: Path, embedder: Embedder) -> Self:
        """Open or make the store in a folder, and own it until `close`.

        Raises:
            StoreLocked: another process owns it; two would lose each other's writes without a word.
            StoreUnavailable: the folder cannot be written.
            StoreForeign: it holds vectors of another model.
            ModelError: a kill has spoilt its vectors, and the model does not answer.

        """
        owner = Owner.acquire(folder)
        client = None
        try:
            client = connection.open_folder(folder)
            store = cls(client, embedder, folder=folder / "words", owner=owner)
            store._generations.remove_former()
        except BaseException as error:
            if client:
                connection.close(client)
            owner.release()
            if isinstance(error, OSError):
                raise unwritable(folder, error) from error
            if is_of_chroma(error) or isinstance(error, ValueError | RuntimeError):
                raise connection.unopened(folder, error) from error
            raise
        if is_due(folder):
            try:
                store._generations.remove_unfinished()  # its vectors are missing, too
                mend(folder, store._archive, store._catalogue.records(), embedder)
            except BaseException:
                store.close()
                raise
        if purging.is_due(folder):
            store._finish_purge(folder)
        return store

    @classmethod
    def open_server(
        cls,
        url: str,
        embedder: Embedder,
        folder: Path | None = None,
        access: Access = Access(),  # noqa: B008 - frozen
    ) -> Self:
        """Open the store on a Chroma server, which any number of processes may share.

        Args:
            url: the server's address.
            embedder: the model whose vectors it holds.
            folder: where the word index is kept, in a folder of this process's own; None keeps it in memory.
            access: by what the server lets us in.

        Raises:
            StoreUnavailable: no Chroma answers there, or the folder cannot be written.
            StoreForeign: it holds vectors of another model.

        """
        client = connection.open_server(url, access)
        try:
            return cls(client, embedder, folder=folder and folder / "words", owner=None)
        except BaseException as error:
            connection.close(client)
            if is_of_chroma(error) or isinstance(error, ValueError):  # it answered before
                raise connection.failed(error) from error
            raise

    def close(self) -> None:
        """Let go of an embedded store, so that another process may own it."""
        if self._closed.is_set():
            return
        self._closed.set()
        self._writes.closing = True
        self._follower.join()
        if self._looker:
            self._looker.join()
        self._writers.shutdown()
        self._watcher.shutdown(cancel_futures=True)
        with self._writes.lock:  # a write goes on when whoever asked for it has gone
            try:
                self._feed.close()
            except Exception as error:
                if is_ours(error):
                    raise
                _log.warning("The word index is left behind, and the next start catches up: %s", error)
            finally:
                self._opened.close()
                connection.close(self._client)
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
        return await self._in_thread(self._read_article, article_id, version)

    async def articles(self, sources: Sequence[Source]) -> dict[str, Article]:
        """Give the articles of the sources by id, each in its source's version, also when that was superseded."""
        return await self._in_thread(self._remembered.articles, sources, self._read_articles)

    async def sources(self, offset: int, limit: int) -> list[Source]:
        """Give a page of the articles' sources, in the order in which they came first."""
        return await self._in_thread(self._read_sources, lambda known: known.page(offset, limit))

    async def newest(self, offset: int, limit: int) -> list[Source]:
        """Give a page of the articles' sources, the last published first; at the end those without a date."""
        return await self._in_thread(self._read_sources, lambda known: known.newest(offset, limit))

    async def same_origin(self, article_id: str, limit: int) -> list[Source]:
        """Give the sources of the other articles of an article's origin, up to so many, the first published first."""
        return await self._in_thread(self._read_sources, lambda known: known.same_origin(article_id)[:limit])

    async def version(self, article_id: str) -> str | None:
        """Give an article's current version."""
        standing = await self.standing(article_id)
        return standing if isinstance(standing, str) else None

    async def standing(self, article_id: str) -> str | Withdrawal | None:
        """Give an article's current version, or that it is withdrawn; None: it never was."""
        return await self._in_thread(self._read_standing, article_id)

    async def versions(self, article_id: str) -> list[Version]:
        """Give the versions of an article, the first stored first; one that came back is there for each time."""
        return await self._in_thread(self._archive.versions, article_id)

    async def embedded(self, article_id: str) -> dict[str, tuple[Vectors, Vectors]]:
        """Give the vectors of an article's passages and of their sentences, by the text that was embedded."""
        return await self._in_thread(self._read_embedded, article_id)

    async def records(self) -> list[Record]:
        """Give the records of all articles, those that are withdrawn among them, in the order in which they came."""
        return await self._in_thread(self._read_records)

    async def read(self, function: Callable[[Archive, *Ts], R], *arguments: *Ts) -> R:
        """Have a function read the collections, in a thread."""
        return await self._in_thread(function, self._archive, *arguments)

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
        asked = Asked(vector, terms, count, scope, as_of)
        return await self._in_thread(candidates, self._remembered, self._feed, self._writes.lock, asked)

    async def corpus(self) -> Corpus:
        """Tell what the store holds."""
        return await self._in_thread(self._read_corpus)

    async def ready(self) -> None:
        """Tell that the store can be read, or within two seconds why not.

        Raises:
            StoreUnavailable: Chroma does not answer.
            StoreForeign: it was embedded anew with another model while it was open.

        """
        began = time.monotonic()
        try:
            async with asyncio.timeout(_READY_IN):
                await self._in_thread(self._is_ready, pool=self._watcher)
        except TimeoutError as error:
            if self._line and self._line.heard > began:
                if self._line.stuck:
                    raise StoreUnavailable("Chroma answers, and reads nothing. Restart it.") from error
                return  # it has others to answer first
            raise StoreUnavailable(
                f"Chroma has not answered for {_READY_IN:.0f} s. Has it too much to do, or is its disk slow?"
            ) from error

    @property
    def lag(self) -> float:
        """Seconds since all that was changed was last taken in, by whomever: 1 or so, unless it cannot be."""
        return time.monotonic() - self._followed

    @property
    def refuses(self) -> bool:
        """Tell whether the last write failed at Chroma's server: it has no room, or must be restarted."""
        return self._line is not None and self._line.refuses

    @property
    def lacks_words(self) -> bool:
        """Tell whether it is for the word index alone, which cannot be written: what is new is found by its meaning."""
        return self._feed.lacks_words

    @property
    def size(self) -> tuple[int, int]:
        """How many articles count, and how many passages they have, as far as this process knows: nobody is asked."""
        return len(self._catalogue), self._catalogue.passages

    async def follow(self) -> None:
        """Take in what was changed since, by this process and by others; a search does so by itself."""
        await self._in_thread(self._feed.follow)

    # Writing

    async def put(self, article: Prepared) -> Outcome:
        """Store an article in place of its version before; a crash at any point leaves the one or the other, whole.

        What waits while others are written is written together.

        Raises:
            ArticleWithdrawn: the article is, and `restore` is not set.

        """
        return await self._in_thread(self._writes.put, article, pool=self._writers)

    async def withdraw(self, article_id: str, reason: str | None = None, *, purge: bool = False) -> bool:
        """Let an article count no more; its text stays readable by version, unless it is purged.

        With `purge` the texts and the metadata of all its versions are removed, also of an article that was withdrawn
        before: from the files of an embedded store, too, which takes some 30 s for 100,000 passages. A Chroma server
        can only be told to delete them; its files are its operator's: `groundwire vacuum`.

        Returns:
            False: there is no such article, or it is withdrawn and not to be purged.

        Raises:
            StoreUnavailable: it is withdrawn, but could not be removed from the files yet.

        """
        if purge:
            return await self._in_thread(self._purge, article_id, reason, pool=self._writers)
        return await self._in_thread(self._writes.withdraw, article_id, reason, pool=self._writers)

    async def mark(self, source: Source, withdrawal: Withdrawal, moments: Moments | None) -> bool:
        """Keep that an article is withdrawn, as another store says; False: it is withdrawn here, too."""
        return await self._in_thread(self._writes.mark, source, withdrawal, moments, pool=self._writers)

    async def keep(self, versions: Sequence[tuple[Article, Sequence[datetime]]]) -> int:
        """Keep versions that counted no more in another store, with the moments when they became current there.

        Returns:
            How many: of an article that the store does not know, or that was purged, none is kept.

        """
        return await self._in_thread(self._writes.keep, versions, pool=self._writers)

    @property
    def local_token(self) -> str | None:
        """Give what commands of this machine send to the store's owner; None where no process owns the store alone."""
        return self._owner.token if self._owner else None

    def announce(self, address: str) -> None:
        """Leave the owner's HTTP address beside the lock, for commands that find the store in use."""
        if self._owner:
            self._owner.announce(address)

    # What runs in the thread

    @property
    def _catalogue(self) -> Catalogue:
        return self._feed.catalogue

    def _read_article(self, article_id: str, version: str | None) -> Article | None:
        article = self._archive.current([article_id]).get(article_id)
        if version and (article is None or article.source.version != version):
            article = self._archive.version(article_id, version)
        return article and self._with_origin(article)

    def _read_articles(self, sources: Sequence[Source]) -> dict[str, Article]:
        current = self._archive.current(list(dict.fromkeys(source.article_id for source in sources)))
        articles: dict[str, Article] = {}
        for source in sources:
            article = current.get(source.article_id)
            if article is None or article.source.version != source.version:
                article = self._archive.version(source.article_id, source.version)
            if article:
                articles[source.article_id] = self._with_origin(article)
        return articles

    def _with_origin(self, article: Article) -> Article:
        self._feed.catch_up()
        return Article(source=self._catalogue.with_origin(article.source), text=article.text)

    def _read_standing(self, article_id: str) -> str | Withdrawal | None:
        if self._owner and not self._feed.behind:  # nobody else writes
            known = self._catalogue.record(article_id)
            if known is None or not known.withdrawn:
                return known and known.version
        return self._archive.standing(article_id)

    def _read_embedded(self, article_id: str) -> dict[str, tuple[Vectors, Vectors]]:
        article = self._archive.current([article_id]).get(article_id)
        record, source = self._archive.records([article_id]).get(article_id, (None, None))
        if article is None or record is None or source != article.source:
            return {}
        rows = list(self._archive.rows(record.passage_ids()).values())
        texts, _ = embeddable(article, [passage_of(article.source, row) for row in rows])
        each = zip(texts, rows, sentences_of(rows), strict=True)
        return {text: (row.vector, sentences) for text, row, sentences in each}

    def _read_sources(self, choose: Callable[[Catalogue], Sequence[str]]) -> list[Source]:
        self._feed.refresh()
        article_ids = list(choose(self._catalogue))
        records = self._archive.records(article_ids)
        return [self._catalogue.with_origin(records[one][1]) for one in article_ids if one in records]

    def _read_records(self) -> list[Record]:
        self._feed.refresh()
        return sorted(self._catalogue.records(), key=lambda record: (record.added, record.article_id))

    def _read_corpus(self) -> Corpus:
        self._feed.refresh()
        return self._catalogue.corpus

    def _purge(self, article_id: str, reason: str | None) -> bool:
        if self._archive.standing(article_id) is None:
            return False
        if self._owner:
            purging.note(self._owner.folder)
        return self._writes.withdraw(article_id, reason, purge=lambda: self._remove(article_id))

    def _remove(self, article_id: str) -> None:
        self._remembered.forget()
        self._remove_elsewhere(article_id)
        if self._owner:
            self._clean_files(self._owner.folder)
        else:
            _log.warning(
                "Purged texts are deleted, and leave the files of Chroma's server by: groundwire vacuum FOLDER"
            )

    def _remove_elsewhere(self, article_id: str) -> None:
        """Remove an article from the collections that are not in force, when the store is being embedded anew."""
        self._generations.forget(article_id, self._generation.number)

    def _clean_files(self, folder: Path) -> None:
        """Write all files anew in which deleted texts may be; readers go on but for a moment."""
        with purging.unfinished():
            self._feed.follow()
            self._feed.clear_residue()
            is_readable(self._client)  # so that Chroma has taken in all that it was given
            anew = purging.written_anew(folder / "chroma")
            with self._gate.closed():
                began = time.monotonic()
                connection.close(self._client)
                try:
                    purging.put_in_place(anew, folder / "chroma")
                finally:
                    self._open_again(folder)
                purging.clear_unused(folder / "chroma")
            purging.finished(folder)
        _log.info("Purged; readers waited for %.1f s", time.monotonic() - began)

    def _open_again(self, folder: Path) -> None:
        self._client = connection.open_folder(folder)
        self._generations = Generations(self._client)
        self._archive.reopen(self._client)

    def _open_broken(self, disk: Disk, folder: Path) -> None:
        """Open a Chroma anew that broke on the full disk.

        Raises:
            StoreUnavailable: the disk is full still, or a call hangs.

        """
        disk.check_room()
        try:
            with self._gate.closed(_HANGING):
                connection.close(self._client)
                self._open_again(folder)
        except TimeoutError as error:
            raise StoreUnavailable(
                f"Chroma broke on the full disk of {folder}, and a call of it hangs. Restart this service."
            ) from error
        disk.mended()

    def _finish_purge(self, folder: Path) -> None:
        _log.warning("A purge was interrupted, and is finished now")
        try:
            with self._writes.lock:
                for row in self._archive.articles.get(where={"purged": True}, include=["metadatas"])["metadatas"]:
                    self._remove_elsewhere(row["article_id"])
                self._clean_files(folder)
        except StoreUnavailable as error:
            _log.warning("%s", error)

    def _is_ready(self) -> None:
        if self._line:
            self._line.hear()
            self._in_force()
        self._archive.articles.count()

    def _in_force(self) -> None:
        """Raise StoreForeign if the store was embedded anew, which nobody can do beside its owner."""
        if self._owner or self._generations.number() == self._generation.number:
            return
        self._replaced = str(replaced(self._generations.in_force()))
        raise StoreForeign(self._replaced)

    async def _in_thread(
        self, function: Callable[[*Ts], R], *arguments: *Ts, pool: ThreadPoolExecutor | None = None
    ) -> R:
        """Run what blocks in a thread, and turn a lost Chroma into our own error."""
        if self._replaced:
            raise StoreForeign(self._replaced)
        if self._line:
            self._line.check()  # here: the threads may all be waiting for an answer
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(pool, function, *arguments)
        except Exception as error:
            if not is_of_chroma(error):
                raise
            if not connection.is_silence(error):
                with suppress(Exception):  # the first error says it all
                    await loop.run_in_executor(None, self._in_force)
            if self._replaced:
                raise StoreForeign(self._replaced) from error
            raise connection.failed(error) from error

    def _keep_following(self) -> None:
        """Follow what this process and others change, and sweep what others left behind, until the store is closed."""
        self._swept = time.monotonic()
        said = failed = ""  # kinds of errors
        while not self._closed.wait(_FOLLOW_EVERY):
            if self._line and self._line.silent:
                failed = ""
                continue  # the look has said so
            try:
                self._follow_once()
            except StoreForeign as error:
                _log.error("%s", error)
                return
            # Also a panic of tantivy, which is no Exception: searches would grow stale, and nobody would know.
            except BaseException as error:  # noqa: BLE001
                if self._line and self._line.silent:
                    continue
                kind = type(error).__name__  # its message names another file each time, perhaps
                # A server that has just fallen silent is the look's to tell, which has seen it by the second time.
                if kind != said and (kind == failed or not connection.is_silence(error)):
                    _log.warning("The store cannot be followed, but is tried again: %s", error, exc_info=is_ours(error))
                    said = kind
                failed = kind
            else:
                self._followed = time.monotonic()
                said = failed = ""

    def _keep_looking(self, line: Line) -> None:
        """Look whether the server answers, in a thread that does nothing else: any other may wait for it."""
        while not self._closed.wait(_LOOK_EVERY):
            try:
                line.look()
            except Exception:  # noqa: BLE001 - without it the server would be silent for ever, or be waited for
                _log.exception("Whether Chroma answers could not be seen, but is looked at again")

    def _follow_once(self) -> None:
        if self._owner and self._disk and self._disk.is_broken:
            self._open_broken(self._disk, self._owner.folder)
        self._in_force()
        if not self._owner or self._feed.behind or self._feed.lacks_words:
            self._feed.follow()
        if not self._owner:
            self._feed.clear_residue()
        if time.monotonic() - self._swept > _SWEEP_EVERY:
            self._swept = time.monotonic()
            self._writes.sweep()


def _free_slot(folder: Path) -> tuple[FileLock, Path]:
    """Take the first folder for a word index that no other process on this machine uses."""
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(exist_ok=True)
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
