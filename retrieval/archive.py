"""What Chroma keeps for us: five collections, and how searching, writing and following read them."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from retrieval import limits
from retrieval.catalogue import Record, key
from retrieval.disk import Disk
from retrieval.embedding import Vectors
from retrieval.limits import Collection, Gate
from retrieval.rows import (
    PassageRow,
    article_of_row,
    passage_row_of,
    record_of,
    source_of,
    versions_of,
    withdrawal_of,
)
from retrieval.types import Article, Source, Version, Withdrawal

# Chroma's words where a vector is deleted while it is read, and where a collection's index is being made.
_CHANGING = ("Error finding id", "Nothing found on disk")
_AGAIN = 5  # times that what was just being changed is read again; chosen
_SOON = 0.05  # seconds until then; chosen
TOGETHER = 1_000  # passages that are in memory, and are written in one go
_MOST_NEAR = 10_000  # of one query; SQLite takes 32,766 variables in one statement


@dataclass
class Archive:
    """The collections, each a `limits.Collection`; any thread may use them."""

    articles: Any
    """One record for each article, its commit point, and its mark when it is withdrawn."""
    passages: Any
    """The passages with their vectors; one counts only while its article's record names the write that stored it."""
    superseded: Any
    """The texts of replaced and withdrawn versions."""
    parts: Any
    """The parts of long texts but the first, of current versions and of others."""
    pending: Any
    """Notes of the writes that are at work."""
    most_near: int = _MOST_NEAR
    """Passages that one query gives: a distributed Chroma limits them."""

    def _collections(self) -> tuple[Collection, ...]:
        return self.articles, self.passages, self.superseded, self.parts, self.pending

    def put_behind(self, gate: Gate, disk: Disk) -> None:
        """Have every call pass a gate, and find room on a disk where it writes."""
        for one in self._collections():
            one.gate, one.disk = gate, disk

    def reopen(self, client: Any) -> None:  # noqa: ANN401 - Chroma's
        """Go on with another client, while the gate is closed."""
        for one in self._collections():
            one.handle = client.get_collection(one.handle.name, embedding_function=None)

    def records(self, article_ids: Sequence[str]) -> dict[str, tuple[Record, Source]]:
        """Give the records of articles that are named by their ids or keys."""
        rows = self.articles.get(ids=article_ids, include=["metadatas"])["metadatas"]
        found = {key(row["article_id"]): (record_of(row), source_of(row)) for row in rows}
        return {one: found[key(one)] for one in article_ids if key(one) in found}

    def current(self, article_ids: Sequence[str]) -> dict[str, Article]:
        """Give the articles in their current versions."""
        found = self.articles.get(ids=article_ids, include=["documents", "metadatas"])
        pairs = zip(found["metadatas"], found["documents"], strict=True)
        return {
            str(row["article_id"]): article_of_row(row, text)
            for row, text in pairs
            if text is not None and not row.get("withdrawn")  # None: purged while it was read
        }

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
        [text] = found["documents"] or [None]  # None also where it is purged while it is read
        return None if text is None else article_of_row(found["metadatas"][0], text)

    def changes(self, after: int) -> Iterator[list[tuple[Record, str]]]:
        """Give the records whose changes are numbered higher, with the articles' titles, in batches."""
        # Without a condition Chroma pages several times as fast.
        where = {"change": {"$gt": after}} if after > 0 else None
        offset = 0
        while True:
            found = self.articles.get(where=where, limit=limits.BATCH, offset=offset, include=["metadatas"])
            if found["ids"]:
                yield [(record_of(row), str(row["title"])) for row in found["metadatas"]]
            if len(found["ids"]) < limits.BATCH:
                return
            offset += limits.BATCH

    def texts(self, names: Sequence[str]) -> dict[str, str]:
        """Give the texts of those passages that are there."""
        found = self.passages.get(ids=names, include=["documents"])
        return {str(name): text for name, text in zip(found["ids"], found["documents"], strict=True) if text}

    def rows(self, names: Sequence[str]) -> dict[str, PassageRow]:
        """Give what is stored of those passages that are there."""
        found = self._with_vectors(names, ["documents", "metadatas"])
        each = zip(found["ids"], found["metadatas"], found["documents"], found["embeddings"], strict=True)
        return {
            str(name): passage_row_of(row, text, np.array(vector, np.float32))  # its own: a view would keep all
            for name, row, text, vector in each
            if row is not None and text is not None  # of one that is deleted meanwhile Chroma gives the id alone
        }

    def vectors(self, names: Sequence[str]) -> dict[str, Vectors]:
        """Give the vectors of those passages that are there."""
        found = self._with_vectors(names, [])
        return dict(zip(found["ids"], np.asarray(found["embeddings"], dtype=np.float32), strict=True))

    def nearest_of(self, names: Sequence[str], vector: Vectors, count: int) -> tuple[list[str], list[str]]:
        """Name the nearest among passages; and those that are not there."""
        near: list[tuple[float, str]] = []
        for some in limits.batches(names):
            found = _query(self.passages.query, np.asarray([vector], dtype=np.float32), count, ["distances"], ids=some)
            near += zip(found["distances"][0], map(str, found["ids"][0]), strict=True)
        there = {*self.passages.get(ids=names, include=[])["ids"]}
        return [name for _, name in sorted(near)[:count]], [name for name in names if name not in there]

    def nearest(self, vector: Vectors, count: int) -> list[str]:
        """Name the passages nearest to a vector, the nearest first; a few are missed, for the index is approximate."""
        found = _query(self.passages.query, np.asarray([vector], dtype=np.float32), count, [])
        return [str(name) for name in found["ids"][0]]

    def near_articles(self, vectors: Vectors, count: int) -> dict[str, Any]:
        """Give for each vector the articles nearest to it, the nearest first: Chroma's lists of lists."""
        return _query(self.articles.query, vectors, count, ["documents", "metadatas", "distances"])

    def _with_vectors(self, names: Sequence[str], include: Sequence[str]) -> dict[str, Any]:
        return _read(self.passages.get, ids=list(names), include=[*include, "embeddings"])


def _query(
    query: Callable[..., dict[str, Any]],
    vectors: Vectors,
    count: int,
    include: Sequence[str],
    ids: Sequence[str] | None = None,
) -> dict[str, Any]:
    return _read(query, query_embeddings=vectors, n_results=count, include=include, ids=ids)


def _read(read: Callable[..., dict[str, Any]], **asked: object) -> dict[str, Any]:
    """Read vectors, and again where Chroma was just changing them: its readers do not wait for its writers."""
    for left in reversed(range(_AGAIN + 1)):
        try:
            return read(**asked)
        except Exception as error:
            if not left or not any(one in str(error) for one in _CHANGING):
                raise
            time.sleep(_SOON)
    raise AssertionError  # pragma: no cover


def together(records: Iterable[Record], articles: int) -> Iterator[list[Record]]:
    """Cut into pieces of so many articles, or fewer where their texts would fill the memory."""
    some: list[Record] = []
    passages = 0
    for record in records:
        if some and (len(some) == articles or passages + record.passages > TOGETHER):
            yield some
            some, passages = [], 0
        some.append(record)
        passages += record.passages
    if some:
        yield some


def superseded_id(article_id: str, version: str) -> str:
    """Name a version that counts no more."""
    return f"{key(article_id)}@{version}"
