"""The statements of the hits: each sentence that may be quoted, with what stands before it in its article; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType

import numpy as np

from retrieval.embedding import Vectors
from retrieval.furniture import quotable_spans
from retrieval.types import Article, Hit, Source
from service.language.words import lexemes
from service.orders import commands

_LEAD = 2  # sentences
_BEFORE = 3  # sentences of context: what "he" and "these meetings" point back to


@dataclass(frozen=True)
class Statement:
    """A sentence of an article: `article.text[start:end] == text`."""

    text: str
    start: int
    end: int
    source: Source
    passage_id: str
    hit: int
    """The index of the hit whose passage holds the sentence's beginning."""
    relevance: float
    before: tuple[str, ...]
    """The sentences before it, the nearest last."""
    lead: tuple[str, ...]
    """The title and the first sentences: what the whole article is about."""
    whole: str = field(compare=False, repr=False)
    """The article's text."""
    vector: Vectors | None = field(default=None, compare=False, repr=False)
    """Its unit vector, where the store holds one."""
    vector_near: Vectors | None = field(default=None, compare=False, repr=False)
    """That of the sentence together with the one before it in its passage."""

    @property
    def everywhere(self) -> frozenset[str]:
        """Give the keys of all words of the article (of its first 20,000 characters)."""
        return _keys(self.whole[:20_000])


@dataclass(frozen=True)
class Evidence:
    """What an answer is written and proved from."""

    hits: tuple[Hit, ...]
    statements: tuple[Statement, ...]
    articles: Mapping[str, Article]
    """The hits' articles by id, each in the version that was hit."""
    vector: Vectors | None = field(default=None, compare=False, repr=False)
    """The question's."""


def gather(
    hits: Sequence[Hit],
    articles: Mapping[str, Article],
    *,
    sentences: Mapping[str, Vectors] = MappingProxyType({}),
    vector: Vectors | None = None,
) -> Evidence:
    """Give the statements of the hits.

    Args:
        hits: The most relevant first.
        articles: The hits' articles by id, in their versions.
        sentences: By passage id the vectors of the sentences that begin in it, where the store holds them.
        vector: The question's.

    """
    statements: list[Statement] = []
    for index, hit in enumerate(hits):
        passage = hit.passage
        article = articles.get(passage.source.article_id)
        if article is None or article.source.version != passage.source.version:
            continue  # purged or replaced twice since the search: what cannot be checked is not evidence
        text = article.text
        spans = _spans(text)
        inside = [number for number, (start, _) in enumerate(spans) if passage.start <= start < passage.end]
        vectors = sentences.get(passage.passage_id, ())
        for place, number in enumerate(inside):
            # Stored by a release that cut sentences otherwise, they are not these sentences' vectors.
            own = vectors[place] if len(vectors) == len(inside) else None
            start, end = spans[number]
            if commands(text[start:end], _line(text, start, end)):
                continue
            statements.append(
                Statement(
                    text=text[start:end],
                    start=start,
                    end=end,
                    source=passage.source,
                    passage_id=passage.passage_id,
                    hit=index,
                    relevance=hit.relevance,
                    lead=(passage.source.title, *(text[s:e] for s, e in spans[:_LEAD])),
                    whole=text,
                    before=tuple(text[s:e] for s, e in spans[max(number - _BEFORE, 0) : number]),
                    vector=own,
                    vector_near=own if own is None or not place else _together(vectors[place - 1], own),
                )
            )
    return Evidence(tuple(hits), tuple(statements), articles, vector)


def _line(text: str, start: int, end: int) -> str:
    return text[text.rfind("\n", 0, start) + 1 : max(text.find("\n", end), end)]


def _together(one: Vectors, other: Vectors) -> Vectors:
    total = one + other
    return np.asarray(total / (np.linalg.norm(total) or 1.0), dtype=np.float32)


@lru_cache(maxsize=500)
def _keys(text: str) -> frozenset[str]:
    return frozenset(word.key for word in lexemes(text))


@lru_cache(maxsize=500)
def _spans(text: str) -> tuple[tuple[int, int], ...]:
    return tuple(quotable_spans(text))
