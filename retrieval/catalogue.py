"""What is current: the record of every article, in memory; and from them origins, scopes, pages and the fingerprint."""

import hashlib
import threading
import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from retrieval.types import Corpus, Scope, Source

Copy = tuple[str, str]
"""The id and the version of an article that another is a copy or a rewrite of."""

_LONGEST_KEY = 71  # bytes
_HASHED = "\x1f"  # ASCII's unit separator: no id holds a control character, so that no article's is another's key


class Record(NamedTuple):
    """What the record of an article in the store, its commit point, says; 100,000 of them fit into some 50 MB."""

    article_id: str
    version: str
    outlet: str | None
    published: float | None
    """Seconds since 1970."""
    write: str
    """The write that stored the passages which count."""
    change: int
    """The number of this change in the feed; a higher one is later."""
    added: int
    """The number of the change that brought the article first."""
    passages: int
    copies: tuple[Copy, ...]
    withdrawn: bool

    @property
    def purged(self) -> bool:
        """Tell whether nothing is left of an article but that it was withdrawn."""
        return self.withdrawn and not self.version

    def passage_ids(self) -> list[str]:
        """Name the article's passages in the store."""
        named = _named(self.article_id, self.version, self.write)
        return [f"{named}#{ordinal}~{self.write}" for ordinal in range(self.passages)]


def new_write() -> str:
    """Name a write; that it begins with a k says that its passages are named by keys: before, they were by ids."""
    return f"k{uuid.uuid4().hex[1:]}"


def key(article_id: str) -> str:
    """Give what stands for an article in the names that are stored: its id, or the hash of one that is too long.

    Chroma Cloud takes names of 128 bytes; 57 are for version, ordinal and write. The key of a key is itself, and no
    article has a key for its id.
    """
    if len(article_id) * 4 <= _LONGEST_KEY or len(article_id.encode()) <= _LONGEST_KEY:
        return article_id
    return f"{_HASHED}{hashlib.sha256(article_id.encode()).hexdigest()}"


def stored_id(article_id: str, version: str, ordinal: int, write: str) -> str:
    """Name a passage in the store; no two writes share one."""
    return f"{_named(article_id, version, write)}#{ordinal}~{write}"


def _named(article_id: str, version: str, write: str) -> str:
    return f"{key(article_id) if write.startswith('k') else article_id}@{version}"


def article_of(passage_id: str) -> str:
    """Give the article of a passage that is named so: its id, or its key."""
    return passage_id.rpartition("~")[0].rpartition("#")[0].rpartition("@")[0]


def write_of(passage_id: str) -> str:
    """Give the write that stored a passage that is named so."""
    return passage_id.rpartition("~")[2]


class Catalogue:
    """The current articles; safe to read in any thread while one applies changes."""

    def __init__(self) -> None:
        """Begin with none."""
        self._current: dict[str, Record] = {}
        self._withdrawn: dict[str, Record] = {}
        self._copied: dict[str, set[str]] = {}  # an article to those whose records say that they copy it
        self.passages = 0
        """Of the current articles."""
        self._sum = 0  # of the articles' hashes: the same for the same articles, in whatever order they came
        self._table: _Table | None = None
        self._origins: dict[str, str] = {}  # those that were asked for since the last change
        self._held = threading.RLock()

    def knows(self, record: Record) -> bool:
        """Tell whether this is what was applied last."""
        return record == self.record(record.article_id)

    def apply(self, record: Record) -> None:
        """Take a change in."""
        article_id = record.article_id
        with self._held:
            self._table = None
            self._origins.clear()
            old = self._current.pop(article_id, None) if record.withdrawn else self._current.get(article_id)
            if old:
                self.passages -= old.passages
                self._sum ^= hash_of(old.article_id, old.version)
                for copied, _ in old.copies:
                    self._copied.get(copied, set()).discard(article_id)
            if record.withdrawn:
                self._withdrawn[article_id] = record
                return
            self._withdrawn.pop(article_id, None)
            self._current[article_id] = record
            self.passages += record.passages
            self._sum ^= hash_of(record.article_id, record.version)
            for copied, _ in record.copies:
                self._copied.setdefault(copied, set()).add(article_id)

    def __len__(self) -> int:
        """Count the current articles."""
        return len(self._current)

    def records(self) -> list[Record]:
        """Give all records, those of withdrawn articles among them."""
        with self._held:
            return [*self._current.values(), *self._withdrawn.values()]

    @property
    def corpus(self) -> Corpus:
        """Tell how many articles there are, and give a hash that changes when any of them does."""
        with self._held:
            return Corpus(articles=len(self._current), fingerprint=f"{self._sum:016x}")

    def record(self, article_id: str) -> Record | None:
        """Give an article's record, also when it was withdrawn."""
        return self._current.get(article_id) or self._withdrawn.get(article_id)

    def page(self, offset: int, limit: int) -> Sequence[str]:
        """Give the ids of a page of articles, in the order in which they came first."""
        return self._rows().ids[offset : offset + limit]

    def newest(self, offset: int, limit: int) -> Sequence[str]:
        """Give the ids of a page of articles, the last published first; at the end those without a date."""
        rows = self._rows()
        return [rows.ids[row] for row in rows.newest[offset : offset + limit]]

    def origin(self, article_id: str, as_of: datetime | None = None) -> str:
        """Name the group of copies and rewrites that an article belongs to: the first published of them.

        A copy is said by the later of the two, of one version of the other: a changed article is compared anew when it
        comes, and what was said of its version before holds no longer. With `as_of` what was published later joins
        nothing.
        """
        with self._held:
            if as_of is None and article_id in self._origins:
                return self._origins[article_id]
            group = self._group(article_id, as_of)
            origin = min(group, key=self._first) if len(group) > 1 else article_id
            if as_of is None:
                self._origins |= dict.fromkeys(group, origin)
            return origin

    def same_origin(self, article_id: str) -> list[str]:
        """Name the other articles of an article's origin, the first published first."""
        with self._held:
            return sorted(self._group(article_id, None) - {article_id}, key=self._first)

    def with_origin(self, source: Source, as_of: datetime | None = None) -> Source:
        """Give a source with its origin."""
        origin = self.origin(source.article_id, as_of)
        return source if origin == source.origin else source.model_copy(update={"origin": origin})

    def _group(self, article_id: str, as_of: datetime | None) -> set[str]:
        group, ahead = {article_id}, [article_id]
        while ahead:
            new = {one for one in self._linked(ahead.pop()) if self._published_by(one, as_of)} - group
            group |= new
            ahead += new
        return group

    def _published_by(self, article_id: str, as_of: datetime | None) -> bool:
        published = self._current[article_id].published
        return as_of is None or (published is not None and published <= as_of.timestamp())

    def _first(self, article_id: str) -> tuple[float, int, str]:
        entry = self._current.get(article_id)
        if entry is None:
            return float("inf"), 0, article_id
        return entry.published if entry.published is not None else float("inf"), entry.added, article_id

    def _linked(self, article_id: str) -> Iterator[str]:
        entry = self._current.get(article_id)
        if entry is None:
            return
        for copied, version in entry.copies:
            other = self._current.get(copied)
            if other and other.version == version:
                yield copied
        for copy in self._copied.get(article_id, ()):
            other = self._current.get(copy)
            if other and (article_id, entry.version) in other.copies:
                yield copy

    def scoped(self, scope: Scope, as_of: datetime | None) -> "Scoped | None":
        """Give the articles that may be searched; None when all may."""
        if scope == Scope() and as_of is None:
            return None
        rows = self._rows()
        inside = np.ones(len(rows.ids), dtype=bool)
        # An article without a date is proved to be neither earlier nor later: nan is neither.
        if scope.after:
            inside &= rows.published >= scope.after.timestamp()
        if scope.before:
            inside &= rows.published < scope.before.timestamp()
        if as_of:
            inside &= rows.published <= as_of.timestamp()
        if scope.outlets:
            inside &= np.isin(rows.outlet, [rows.outlets[one] for one in scope.outlets if one in rows.outlets])
        if scope.article_ids:
            named = np.zeros(len(rows.ids), dtype=bool)
            named[[rows.row[one] for one in map(key, scope.article_ids) if one in rows.row]] = True
            inside &= named
        return Scoped(rows, inside)

    def _rows(self) -> "_Table":
        with self._held:
            if self._table is None:
                self._table = _Table(self._current)
            return self._table


class Scoped:
    """The articles of a scope."""

    def __init__(self, rows: "_Table", inside: NDArray[np.bool_]) -> None:
        """Take the table and which of its rows are inside."""
        self._rows = rows
        self._inside = inside
        self.passages = int(rows.passages[inside].sum())

    def __contains__(self, article_id: str) -> bool:
        """Tell whether an article (its id or key) is inside; one that is not known yet may be: its record decides."""
        row = self._rows.row.get(key(article_id))
        return row is None or bool(self._inside[row])

    def records(self) -> list[Record]:
        """Give the records of the articles."""
        return [self._rows.records[row] for row in np.flatnonzero(self._inside)]

    def share(self) -> float:
        """Give the passages inside over all passages."""
        return self.passages / max(int(self._rows.passages.sum()), 1)


class _Table:
    """The records in columns, in the order in which the articles came first."""

    def __init__(self, current: dict[str, Record]) -> None:
        self.records = sorted(current.values(), key=lambda record: (record.added, record.article_id))
        self.ids = [record.article_id for record in self.records]
        self.row = {key(article_id): row for row, article_id in enumerate(self.ids)}
        self.passages = np.array([record.passages for record in self.records], dtype=np.int64)
        published = [np.nan if record.published is None else record.published for record in self.records]
        self.published = np.array(published, dtype=np.float64)
        self.outlets: dict[str | None, int] = {}
        outlet = [self.outlets.setdefault(record.outlet, len(self.outlets)) for record in self.records]
        self.outlet = np.array(outlet, dtype=np.int64)

    @cached_property
    def newest(self) -> NDArray[np.int64]:
        """The rows from the last published to the first; nan, no date, sorts to the end."""
        return np.lexsort((-np.arange(len(self.ids)), -self.published))


def hash_of(article_id: str, version: str) -> int:
    """Give what a version of an article adds to the fingerprint: 64 bits, of which those of all are taken by XOR."""
    return int.from_bytes(hashlib.sha256(f"{article_id}@{version}".encode()).digest()[:8], "big")
