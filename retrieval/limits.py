"""Chroma's collections within the limits of a distributed Chroma, which are kept here and nowhere else.

They are those of https://docs.trychroma.com/cloud/quotas-limits (2026-11), and kept beside every Chroma: one form of
store is enough. A long text goes into parts, whose first is where the text would be; a long value of metadata into
several keys; a long id is stood for by its hash (`catalogue.key`); what is asked for or written goes in pieces.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from retrieval.disk import Disk

R = TypeVar("R")
Row = Mapping[str, Any]
Found = dict[str, Any]
"""What Chroma gives: lists by `ids`, `metadatas`, `documents`, `embeddings`, `distances`."""

BATCH = 300  # records in one call, either way
_LONGEST_TEXT = 16_384  # bytes
_LONGEST_VALUE = 4_096  # bytes
MOST_KEYS = 32  # of a record's metadata
MOST_PREDICATES = 8  # of a condition; whether the values of a list are some is not documented
NO_VECTOR = [1.0, 0.0]  # every Chroma record must have one; without it Chroma fetches a model of its own
_WRITES = ("upsert", "update", "delete")
_SPREAD = "\x1e"  # ASCII's record separator, before how many keys there are


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
    def closed(self, patience: float | None = None) -> Iterator[None]:
        """Keep it closed, once nobody is inside.

        Raises:
            TimeoutError: somebody is still, after so many seconds.

        """
        with self._changed:
            self._closed = True
            if not self._changed.wait_for(lambda: not self._inside, patience):
                self._closed = False
                self._changed.notify_all()
                raise TimeoutError
        try:
            yield
        finally:
            with self._changed:
                self._closed = False
                self._changed.notify_all()


class Collection:
    """A collection of Chroma's, as if it had no limits; any thread may use it."""

    def __init__(
        self,
        handle: Any,  # noqa: ANN401 - Chroma's
        *,
        parts: "Collection | None" = None,
        named: Callable[[str], str] = str,
    ) -> None:
        """Take Chroma's own handle.

        Args:
            handle: Chroma's collection.
            parts: where the parts of long texts are; its records' metadata must then name the article and the write.
            named: gives the id in Chroma for ours.

        """
        self.handle = handle
        self.gate: Gate | None = None
        """What every call passes."""
        self.disk: Disk | None = None
        """What a call that writes needs room on."""
        self._parts = parts
        self._named = named

    @property
    def id(self) -> object:
        """Give Chroma's id of it."""
        return self.handle.id

    def count(self) -> int:
        """Count the records."""
        count: int = self._call("count")
        return count

    def get(
        self,
        ids: Sequence[str] | None = None,
        where: Row | None = None,
        limit: int | None = None,
        offset: int = 0,
        include: Sequence[str] = ("metadatas", "documents"),
    ) -> Found:
        """Give records by their ids, or those that match, or all."""
        asked = [*include]
        if self._parts and "documents" in include and "metadatas" not in include:
            asked.append("metadatas")
        if ids is not None:
            pages = [self._call("get", ids=[*map(self._named, some)], include=asked) for some in batches(ids)]
        else:
            pages = [*self._pages(where, limit, offset, asked)]
        found = _joined(pages, asked)
        if found["metadatas"] is not None:
            found["metadatas"] = [row and gathered(row) for row in found["metadatas"]]
        if self._parts and "documents" in include:
            found["documents"] = self._whole(found["metadatas"], found["documents"])
        return found

    def query(
        self,
        query_embeddings: Any,  # noqa: ANN401 - an array
        n_results: int,
        include: Sequence[str],
        ids: Sequence[str] | None = None,
    ) -> Found:
        """Give the records nearest to vectors, of all or of some: lists for each vector."""
        among = {} if ids is None else {"ids": [*ids]}
        asked = [*include]
        found: Found = self._call(
            "query", query_embeddings=query_embeddings, n_results=n_results, include=asked, **among
        )
        if "metadatas" in include:
            found["metadatas"] = [[row and gathered(row) for row in rows] for rows in found["metadatas"]]
            if self._parts and "documents" in include:
                pairs = zip(found["metadatas"], found["documents"], strict=True)
                found["documents"] = [self._whole(rows, documents) for rows, documents in pairs]
        return found

    def upsert(
        self,
        ids: Sequence[str],
        embeddings: Any,  # noqa: ANN401 - an array, or lists
        documents: Sequence[str] | None = None,
        metadatas: Sequence[Row] | None = None,
    ) -> None:
        """Write records, or what is given of them; metadata is merged."""
        if self._parts and documents is not None and metadatas is not None:
            documents, metadatas = self._cut(documents, metadatas)
        for start in range(0, len(ids), BATCH):
            some = slice(start, start + BATCH)
            given: dict[str, Any] = {"ids": [*map(self._named, ids[some])], "embeddings": embeddings[some]}
            if documents is not None:
                given["documents"] = [*documents[some]]
            if metadatas is not None:
                given["metadatas"] = [*map(spread, metadatas[some])]
            self._call("upsert", **given)

    def write_parts(self, documents: Sequence[str], metadatas: Sequence[Row]) -> None:
        """Write the parts of long texts again, whose first are there."""
        self._cut(documents, metadatas)

    def update(self, ids: Sequence[str], metadatas: Sequence[Row]) -> None:
        """Merge metadata into records that are there."""
        for some in batches([*zip(ids, metadatas, strict=True)]):
            self._call("update", ids=[self._named(one) for one, _ in some], metadatas=[spread(row) for _, row in some])

    def delete(self, ids: Sequence[str]) -> None:
        """Delete records."""
        for some in batches(ids):
            self._call("delete", ids=[*map(self._named, some)])

    def _pages(self, where: Row | None, limit: int | None, offset: int, include: list[str]) -> Iterator[Found]:
        left = limit
        while left is None or left > 0:
            size = BATCH if left is None else min(left, BATCH)
            found = self._call("get", where=where, limit=size, offset=offset, include=include)
            yield found
            if len(found["ids"]) < size:
                return
            offset += size
            left = None if left is None else left - size

    def _cut(self, documents: Sequence[str], rows: Sequence[Row]) -> tuple[list[str], list[Row]]:
        """Put what is too long of texts into parts, before it is missed; not where the rows say that it is there."""
        firsts: list[str] = []
        marked: list[Row] = []
        names: list[str] = []
        texts: list[str] = []
        of: list[dict[str, Any]] = []
        for text, row in zip(documents, rows, strict=True):
            first, *others = cut(text, _LONGEST_TEXT)
            firsts.append(first)
            marked.append({**row, "parts": len(others) or None})
            if row.get("parts") != (len(others) or None):
                names += _part_names(marked[-1])
                texts += others
                of += [{"article_id": row["article_id"], "write": row["write"]} for _ in others]
        if names and self._parts:
            self._parts.upsert(ids=names, embeddings=[NO_VECTOR for _ in names], documents=texts, metadatas=of)
        return firsts, marked

    def _whole(self, rows: Sequence[Row | None], documents: Sequence[str | None]) -> list[str | None]:
        """Join texts with their parts; None for one whose parts are gone, as those of a purged article."""
        names = [name for row in rows if row and row.get("parts") for name in _part_names(row)]
        if not names or not self._parts:
            return [*documents]
        found = self._parts.get(ids=names, include=["documents"])
        parts: dict[str, str] = dict(zip(found["ids"], found["documents"], strict=True))
        whole: list[str | None] = []
        for row, first in zip(rows, documents, strict=True):
            others = [parts.get(name) for name in _part_names(row)] if row and row.get("parts") else []
            pieces = [one for one in (first, *others) if one is not None]
            whole.append("".join(pieces) if len(pieces) == 1 + len(others) else None)
        return whole

    def _call(self, name: str, **arguments: Any) -> Any:  # noqa: ANN401 - Chroma's
        if not self.disk:
            return getattr(self.handle, name)(**arguments)
        self.disk.check()
        if name in _WRITES:
            self.disk.check_room()
        with self.gate.passed() if self.gate else nullcontext():
            self.disk.check()  # it may have broken while we waited
            try:
                return getattr(self.handle, name)(**arguments)
            except Exception as error:
                self.disk.note(error)
                raise


def batches(items: Sequence[R], size: int | None = None) -> Iterator[Sequence[R]]:
    """Cut into pieces that one call takes."""
    step = size or BATCH
    for start in range(0, len(items), step):
        yield items[start : start + step]


def cut(text: str, size: int) -> list[str]:
    """Cut a text between characters into parts of so many bytes at most, which joined are the text."""
    if len(text) * 4 <= size:  # no character takes more
        return [text]
    encoded = text.encode()
    parts: list[str] = []
    start = 0
    while start < len(encoded):
        end = start + size
        while end < len(encoded) and encoded[end] & 0xC0 == 0x80:  # noqa: PLR2004 - within a character
            end -= 1
        parts.append(encoded[start:end].decode())
        start = end
    return parts


def spread(row: Row) -> dict[str, Any]:
    """Put values that are too long into several keys: of `title` into `title.0`, `title.1`, and how many into `title`.

    What of a longer value before stays in others is read no more, for metadata is merged; `left_over` names it.
    """
    written = {**row}
    for name, value in row.items():
        if not isinstance(value, str):
            continue
        pieces = cut(value, _LONGEST_VALUE)
        if len(pieces) > 1 or value.startswith(_SPREAD):  # so that what an author wrote is never taken for ours
            written[name] = f"{_SPREAD}{len(pieces)}"
            written |= {f"{name}.{number}": piece for number, piece in enumerate(pieces)}
    return written


def gathered(row: Row) -> dict[str, Any]:
    """Put values together that were spread; the keys of their pieces stay, with None."""
    if "." not in "".join(row):  # of a hundred rows in one search hardly any; it takes a quarter of the time
        return dict(row)
    read = {name: None if "." in name else value for name, value in row.items()}
    for name, value in read.items():
        if isinstance(value, str) and value.startswith(_SPREAD) and f"{name}.0" in row:
            read[name] = "".join(str(row[f"{name}.{number}"]) for number in range(int(value.removeprefix(_SPREAD))))
    return read


def left_over(old: Row, row: Row) -> dict[str, None]:
    """Give the keys of pieces, with None, that stay of a record as it was read when a row is merged into it."""
    return dict.fromkeys({name for name in old if "." in name} - spread(row).keys())


def _part_names(row: Row) -> list[str]:
    """Name the parts but the first of the text that a write stored; no two writes share one."""
    return [f"{row['write']}/{number}" for number in range(1, int(row["parts"] or 0) + 1)]


def _joined(pages: Sequence[Found], include: Sequence[str]) -> Found:
    if len(pages) == 1:
        return pages[0]
    found: Found = dict.fromkeys(("ids", "metadatas", "documents", "embeddings"))
    for name in ("ids", *include):
        found[name] = [one for page in pages for one in page[name]]
    return found
