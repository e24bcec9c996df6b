"""What the store keeps of an article and of a passage beside its text and its vector: metadata, and back; pure."""

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

from retrieval.catalogue import Copy, Record
from retrieval.embedding import Vectors
from retrieval.errors import UnreadableArticle
from retrieval.limits import MOST_KEYS, Row, spread
from retrieval.types import Article, Passage, Source, Version, Withdrawal

# Of a passage's sentences, at 4/3 bytes each: 24 keys of metadata hold them, beside those of the passage. What is not
# stored is embedded again when it is needed: more than 190 sentences by MiniLM, or 24 by a model of 3,072 numbers.
_MOST_NUMBERS = 24 * 3_072
_LONGEST_COPIES = 16_000  # bytes; of ids as long as an address a hundred
_BEGIN = datetime.fromtimestamp(0, UTC)


def article_row(  # noqa: PLR0913 - one parameter for each thing that a record says
    source: Source,
    *,
    write: str,
    change: int,
    added: int,
    passages: int,
    copies: tuple[Copy, ...] = (),
    withdrawal: Withdrawal | None = None,
    stored: datetime | None = None,
) -> dict[str, Any]:
    """Give the metadata of an article's record: of its current version, or of the last that it had when withdrawn.

    It became current with the change, unless another store says when it was `stored`.
    """
    # upsert merges metadata: a key left out would keep its old value, None deletes it.
    row = {
        "article_id": source.article_id,
        "version": source.version,
        "title": source.title,
        "outlet": source.outlet,
        "url": source.url,
        "published": source.published.isoformat() if source.published else None,
        "authors": json.dumps(source.authors) if source.authors else None,
        "credits": json.dumps(source.credits),
        "write": write,
        "change": change,
        "added": added,
        "passages": passages,
        "copies": packed_copies(source.version, copies),
        "stored": (stored or moment_of(change)).astimezone(UTC).isoformat(),
        "withdrawn": True if withdrawal else None,
        "withdrawn_at": withdrawal.at.isoformat() if withdrawal else None,
        "reason": withdrawal.reason if withdrawal else None,
        "purged": True if withdrawal and withdrawal.purged else None,
    }
    more = len(spread(row)) - (MOST_KEYS - 2)  # `parts` and `times` are to come
    if more > 0:
        raise UnreadableArticle(
            source.article_id, f"its title, authors and what else is said of it are too long, by some {4 * more} kB"
        )
    return row


def source_of(row: Row) -> Source:
    """Read an article's source back; it is its own origin until the catalogue says otherwise."""
    return Source(
        article_id=row["article_id"],
        version=row["version"],
        title=row["title"],
        outlet=row.get("outlet"),
        url=row.get("url"),
        published=datetime.fromisoformat(row["published"]) if row.get("published") else None,
        authors=tuple(json.loads(row.get("authors") or "[]")),
        credits=tuple(json.loads(row["credits"])),
        origin=row["article_id"],
    )


def record_of(row: Row) -> Record:
    """Read an article's record back."""
    published = datetime.fromisoformat(row["published"]).timestamp() if row.get("published") else None
    return Record(
        article_id=row["article_id"],
        version=row["version"],
        outlet=row.get("outlet"),
        published=published,
        write=row["write"],
        change=row["change"],
        added=row["added"],
        passages=row["passages"],
        copies=_copies(row),
        withdrawn=bool(row.get("withdrawn")),
    )


def withdrawal_of(row: Row) -> Withdrawal | None:
    """Read from an article's record that it is withdrawn; where no moment is noted, that of its change is as good."""
    if not row.get("withdrawn"):
        return None
    at = datetime.fromisoformat(row["withdrawn_at"]) if row.get("withdrawn_at") else moment_of(row["change"])
    return Withdrawal(at=at, reason=row.get("reason"), purged=bool(row.get("purged")))


def superseded_row(row: Row, before: Row | None) -> dict[str, Any]:
    """Give the metadata of a version that counts no more, from its record, and from what was kept of it once before."""
    times = json.loads((before or {}).get("times") or "[]")
    # A write that was interrupted before its commit has kept it already.
    return {**row, "times": json.dumps(times if row.get("stored") in times else [*times, row.get("stored")])}


def imported_row(source: Source, write: str, stored: Sequence[datetime]) -> dict[str, Any]:
    """Give the metadata of a version that counted no more in another store, from the moments when it became current."""
    change = change_at(stored[-1])
    row = article_row(source, write=write, change=change, added=change, passages=0, stored=stored[-1])
    return {**row, "times": json.dumps([moment.astimezone(UTC).isoformat() for moment in stored])}


def versions_of(row: Row, *, current: bool) -> list[tuple[datetime, Version]]:
    """Read a version back, once for each time that it was stored, with the moments that order them."""
    times = json.loads(row["times"]) if row.get("times") else [row.get("stored")]
    moments = [datetime.fromisoformat(stored) if stored else None for stored in times]
    source = source_of(row)
    return [
        (moment or moment_of(row["change"]), Version(source=source, stored=moment, current=current))
        for moment in moments
    ]


def stored_at(row: Row) -> datetime:
    """Give the moment when an article's record was stored; where none is noted, that of its change is as good."""
    return datetime.fromisoformat(row["stored"]) if row.get("stored") else moment_of(row["change"])


def moment_of(change: int) -> datetime:
    """Give the moment of a change, whose number is the time in microseconds, and never less than one before it."""
    return _BEGIN + timedelta(microseconds=change)


def change_at(moment: datetime) -> int:
    """Give the number of a change at a moment."""
    return (moment - _BEGIN) // timedelta(microseconds=1)


def packed_copies(version: str, copies: tuple[Copy, ...]) -> str | None:
    """Write what a version copies; with its name, for it may be merged into the record of another."""
    while len(packed := json.dumps({version: copies})) > _LONGEST_COPIES:
        copies = copies[:-1]
    return packed if copies else None


def article_of_row(row: Row, text: str) -> Article:
    """Read an article back."""
    return Article(source=source_of(row), text=text)


class PassageRow(NamedTuple):
    """A passage as it is stored."""

    text: str
    ordinal: int
    start: int
    end: int
    vector: Vectors
    """Of length 1: shape (dimensions,)."""
    sentences: bytes
    """The vectors of the sentences that begin in it, a byte a number; empty where they are not stored."""


def passage_row(passage: Passage, write: str, sentences: Vectors) -> dict[str, Any]:
    """Give the metadata of a passage; `sentences` holds a unit vector for each sentence that begins in it."""
    return {
        "write": write,
        "article_id": passage.source.article_id,
        "version": passage.source.version,
        "ordinal": passage.ordinal,
        "start": passage.start,
        "end": passage.end,
        "sentences": _packed(sentences) if sentences.size <= _MOST_NUMBERS else None,
    }


def _copies(row: Row) -> tuple[Copy, ...]:
    said = json.loads(row.get("copies") or "{}")
    return tuple((article_id, version) for article_id, version in said.get(row["version"], ()))


def passage_row_of(row: Row, text: str, vector: Vectors) -> PassageRow:
    """Read back what is stored of a passage."""
    sentences = base64.b64decode(row.get("sentences") or "")
    return PassageRow(text, row["ordinal"], row["start"], row["end"], vector, sentences)


def passage_of(source: Source, row: PassageRow) -> Passage:
    """Give a passage of an article."""
    return Passage(source=source, ordinal=row.ordinal, text=row.text, start=row.start, end=row.end)


def sentences_of(rows: Sequence[PassageRow]) -> list[Vectors]:
    """Give the vectors of the sentences of each passage: shape (sentences, dimensions), unit rows."""
    dimensions = len(rows[0].vector) if rows else 1
    packed = np.frombuffer(b"".join([row.sentences for row in rows]), dtype=np.int8).reshape(-1, dimensions)
    vectors = packed.astype(np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors /= np.where(lengths, lengths, 1.0)
    counts = [len(row.sentences) // dimensions for row in rows]
    return [vectors[end - count : end] for count, end in zip(counts, accumulate(counts), strict=True)]


def _packed(vectors: Vectors) -> str:
    """Write unit vectors in a byte a number, so that a passage's fit into its metadata; the cosine moves by .0001."""
    largest = np.abs(vectors).max(axis=1, keepdims=True, initial=1e-9)
    return base64.b64encode(np.round(vectors / largest * 127).astype(np.int8).tobytes()).decode()
