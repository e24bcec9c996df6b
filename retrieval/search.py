"""ONE SEARCH: question -> dense + lexical -> fused, diverse, scoped hits."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from retrieval.embedding import Embedder, Vectors
from retrieval.ranking import rank, terms
from retrieval.store import Store
from retrieval.types import Hit, Scope

# Passages of either index; what ranks them is their union.
CANDIDATES = 50


@dataclass(frozen=True)
class Results:
    """What a search found, the most relevant first, and what it was found by."""

    hits: list[Hit]
    vector: Vectors
    """The question's: shape (dimensions,)."""
    sentences: Mapping[str, Vectors]
    """By passage id the vectors of the sentences that begin in a hit: shape (sentences, dimensions)."""


async def search(  # noqa: PLR0913 - what a search needs, and nothing else
    question: str,
    store: Store,
    embedder: Embedder,
    *,
    limit: int,
    scope: Scope,
    as_of: datetime | None = None,
) -> Results:
    """Find up to `limit` passages for a question."""
    [vector] = await embedder.embed([question], "question")
    found = await store.candidates(vector, terms(question), max(limit, CANDIDATES), scope, as_of)
    hits = rank(vector, found, limit=limit)
    return Results(hits, vector, {one.passage.passage_id: one.sentences for one in found})
