"""What Chroma keeps for us: four collections, and how searching, writing and following read them."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import numpy as np

from retrieval.catalogue import Record
from retrieval.embedding import Vectors
from retrieval.rows import article_of_row, record_of, source_of, versions_of, withdrawal_of
from retrieval.types import Article, Source, Version, Withdrawal

R = TypeVar("R")

_AGAIN = 5  # times that what is being deleted is read
BATCH = 1_000  # records in one call; Chroma takes 5,461, and readers wait while a batch is written


class Gate:
    """Lets any number through, until it is closed; then one who has waited for them is alone."""

    def __init__(self) -> None:
        """Begin open."""
        self._changed = threading.Condition()
        self._inside = 0
        self._closed = False

    @contextmanager
    def passed(self) -> Iterator[None]:
        """Be inside, once it is open."""
        with self._changed:
            self._changed.wait_for(lambda: not self._closed)
            self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Keep it closed, once nobody is inside."""
        with self._changed:
            self._closed = True
            self._changed.wait_for(lambda: not self._inside)
        try:
            yield
        finally:
            with self._changed:
                self._closed = False
                self._changed.notify_all()


class Gated:
    """A collection behind a gate: each call passes it, and when it is open again goes to another handle."""

    def __init__(self, collection: Any, gate: Gate) -> None:  # noqa: ANN401 - Chroma's
        """Take the handle."""
        self.handle = collection
        self._gate = gate

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - as above
        """Give an attribute of the handle; a method waits for the gate."""
        found = getattr(self.handle, name)
        if not callable(found):
            return found

        def passing(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - as above
            with self._gate.passed():
                return getattr(self.handle, name)(*arguments, **named)

        return passing


@dataclass
class Archive:
    """The collections, which `store.py` opens; any thread may use them."""

    articles: Any
    """One record for each article, its commit point, and its mark when it is withdrawn."""
    passages: Any
    """The passages with their vectors; one counts only while its article's record names the write that stored it."""
    superseded: Any
    """The texts of replaced and withdrawn versions."""
    pending: Any
    """Notes of the writes that are at work."""

    def behind(self, gate: Gate) -> "Archive":
        """Give the same collections behind a gate."""
        return Archive(**{one.name: Gated(getattr(self, one.name), gate) for one in fields(self)})

    def reopen(self, client: Any) -> None:  # noqa: ANN401 - Chroma's
        """Go on with another client, while the gate is closed."""
        for one in fields(self):
            gated = getattr(self, one.name)
            gated.handle = client.get_collection(gated.handle.name, embedding_function=None)

    def records(self, article_ids: Sequence[str]) -> dict[str, tuple[Record, Source]]:
        """Give the articles' records."""
        records: dict[str, tuple[Record, Source]] = {}
        for some in batches(article_ids):
            found = self.articles.get(ids=some, include=["metadatas"])
            records |= {str(row["article_id"]): (record_of(row), source_of(row)) for row in found["metadatas"]}
        return records

    def current(self, article_ids: Sequence[str]) -> dict[str, Article]:
        """Give the articles in their current versions."""
        articles: dict[str, Article] = {}
        for some in batches(article_ids):
            found = self.articles.get(ids=some, include=["documents", "metadatas"])
            for row, text in zip(found["metadatas"], found["documents"], strict=True):
                if not row.get("withdrawn"):
                    articles[str(row["article_id"])] = article_of_row(row, text)
        return articles

    def standing(self, article_id: str) -> str | Withdrawal | None:
        """Give an article's current version, or that it is withdrawn."""
        rows = self.articles.get(ids=[article_id], include=["metadatas"])["metadatas"]
        return (withdrawal_of(rows[0]) or str(rows[0]["version"])) if rows else None

    def versions(self, article_id: str) -> list[Version]:
        """Give the versions of an article, the first stored first."""
        # First the record: a version that is replaced meanwhile is then among both, and not among neither.
        rows = self.articles.get(ids=[article_id], include=["metadatas"])["metadatas"]
        found = [one for row in rows if not row.get("withdrawn") for one in versions_of(row, current=True)]
        current = [(version.source.version, version.stored) for _, version in found]
        for row in self.superseded.get(where={"article_id": article_id}, include=["metadatas"])["metadatas"]:
            before = versions_of(row, current=False)
            found += [one for one in before if (one[1].source.version, one[1].stored) not in current]
        return [version for _, version in sorted(found, key=lambda one: one[0])]

    def version(self, article_id: str, version: str) -> Article | None:
        """Give a version of an article that was superseded."""
        found = self.superseded.get(ids=[superseded_id(article_id, version)], include=["documents", "metadatas"])
        return article_of_row(found["metadatas"][0], found["documents"][0]) if found["ids"] else None

    def changes(self, after: int) -> Iterator[list[tuple[Record, str]]]:
        """Give the records whose changes are numbered higher, with the articles' titles, in batches."""
        # Without a condition Chroma pages several times as fast.
        where = {"change": {"$gt": after}} if after > 0 else None
        offset = 0
        while True:
            found = self.articles.get(where=where, limit=BATCH, offset=offset, include=["metadatas"])
            if found["ids"]:
                yield [(record_of(row), str(row["title"])) for row in found["metadatas"]]
            if len(found["ids"]) < BATCH:
                return
            offset += BATCH

    def texts(self, names: Sequence[str]) -> dict[str, str]:
        """Give the texts of those passages that are there."""
        texts: dict[str, str] = {}
        for some in batches(names):
            found = self.passages.get(ids=some, include=["documents"])
            texts |= {str(name): text for name, text in zip(found["ids"], found["documents"], strict=True) if text}
        return texts

    def rows(self, names: Sequence[str]) -> dict[str, tuple[Any, str, Vectors]]:
        """Give the metadata, text and vector of those passages that are there."""
        rows: dict[str, tuple[Any, str, Vectors]] = {}
        for some in batches(names):
            found = self._with_vectors(some, ["documents", "metadatas"])
            each = zip(found["ids"], found["metadatas"], found["documents"], found["embeddings"], strict=True)
            rows |= {
                str(name): (row, text, np.asarray(vector, dtype=np.float32))
                for name, row, text, vector in each
                if row is not None and text is not None  # of one that is deleted meanwhile Chroma gives the id alone
            }
        return rows

    def vectors(self, names: Sequence[str]) -> dict[str, Vectors]:
        """Give the vectors of those passages that are there."""
        vectors: dict[str, Vectors] = {}
        for some in batches(names):
            found = self._with_vectors(some, [])
            vectors |= zip(found["ids"], np.asarray(found["embeddings"], dtype=np.float32), strict=True)
        return vectors

    def nearest(self, vector: Vectors, count: int) -> list[str]:
        """Name the passages nearest to a vector, the nearest first; a few are missed, for the index is approximate."""
        found = _query(self.passages.query, np.asarray([vector], dtype=np.float32), count, [])
        return [str(name) for name in found["ids"][0]]

    def near_articles(self, vectors: Vectors, count: int) -> dict[str, Any]:
        """Give for each vector the articles nearest to it, the nearest first: Chroma's lists of lists."""
        return _query(self.articles.query, vectors, count, ["documents", "metadatas", "distances"])

    def _with_vectors(self, names: Sequence[str], include: Sequence[str]) -> dict[str, Any]:
        asked: dict[str, Any] = {"ids": list(names), "include": [*include, "embeddings"]}
        left = _AGAIN
        while True:
            try:
                found: dict[str, Any] = self.passages.get(**asked)
            except Exception as error:
                # A vector was deleted while Chroma was reading it; next time it does not name it.
                if "finding id" not in str(error) or not left:
                    raise
                left -= 1
            else:
                return found


def _query(query: Callable[..., Any], vectors: Vectors, count: int, include: Sequence[str]) -> dict[str, Any]:
    """Query, and again where Chroma is just making the collection's index: it then finds nothing on its disk."""
    for left in reversed(range(_AGAIN + 1)):
        try:
            found: dict[str, Any] = query(query_embeddings=vectors, n_results=count, include=[*include])
        except Exception as error:
            if "Nothing found on disk" not in str(error) or not left:
                raise
            time.sleep(0.05)
        else:
            return found
    raise AssertionError  # pragma: no cover


def together(records: Iterable[Record], articles: int) -> Iterator[list[Record]]:
    """Cut into pieces of so many articles, or fewer where their texts would fill the memory."""
    some: list[Record] = []
    passages = 0
    for record in records:
        if some and (len(some) == articles or passages + record.passages > BATCH):
            yield some
            some, passages = [], 0
        some.append(record)
        passages += record.passages
    if some:
        yield some


def superseded_id(article_id: str, version: str) -> str:
    """Name a version that counts no more."""
    return f"{article_id}@{version}"


def batches(items: Sequence[R], size: int | None = None) -> Iterator[Sequence[R]]:
    """Cut into pieces that one call takes."""
    step = size or BATCH
    for start in range(0, len(items), step):
        yield items[start : start + step]
