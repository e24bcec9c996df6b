"""ONE SEARCH: question -> hits."""

from datetime import datetime

from retrieval.embedding import Embedder
from retrieval.lexical import Term
from retrieval.store import Store
from retrieval.types import Hit, Scope

CANDIDATES = 50


async def search(  # noqa: PLR0913 - what a search needs, and nothing else
    question: str,
    store: Store,
    embedder: Embedder,
    *,
    limit: int,
    scope: Scope,
    as_of: datetime | None = None,
) -> list[Hit]:
    """Give up to `limit` passages for a question, the most relevant first; relevance is their cosine, cut to 0..1."""
    [vector] = await embedder.embed([question], "question")
    terms = [Term(word) for word in question.split()]
    found = await store.candidates(vector, terms, max(limit, CANDIDATES), scope, as_of)
    found = sorted(found, key=lambda one: -one.similarity)[:limit]
    return [Hit(passage=one.passage, relevance=min(max(one.similarity, 0.0), 1.0)) for one in found]
