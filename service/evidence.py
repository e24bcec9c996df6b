"""The statements of the hits: each sentence that may be quoted, with what stands before it in its article; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from sys import getsizeof
from types import MappingProxyType

import numpy as np

from retrieval.embedding import Vectors
from retrieval.furniture import quotable_spans
from retrieval.recent import Recent
from retrieval.types import Article, Hit, Source
from service.language.words import lexemes
from service.orders import commands

_LEAD = 2  # sentences
_BEFORE = 3  # sentences of context: what "he" and "these meetings" point back to
# Bytes of articles whose sentences are known, which take 2 to 4 times as many. To find those of 35 takes 10 ms.
TEXTS_KEPT = 20_000_000


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
        every = _sentences(article.text)
        inside = [number for number, one in enumerate(every) if passage.start <= one.start < passage.end]
        vectors = sentences.get(passage.passage_id)
        # Stored by a release that cut sentences otherwise, they are not these sentences' vectors.
        known = vectors is not None and len(vectors) == len(inside)
        near = _together(vectors) if vectors is not None and known else None
        lead = (passage.source.title, *(one.text for one in every[:_LEAD]))
        for place, number in enumerate(inside):
            one = every[number]
            if one.orders(article.text):
                continue
            statements.append(
                Statement(
                    text=one.text,
                    start=one.start,
                    end=one.end,
                    source=passage.source,
                    passage_id=passage.passage_id,
                    hit=index,
                    relevance=hit.relevance,
                    lead=lead,
                    whole=article.text,
                    before=tuple(each.text for each in every[max(number - _BEFORE, 0) : number]),
                    vector=vectors[place] if vectors is not None and known else None,
                    vector_near=None if near is None else near[place],
                )
            )
    return Evidence(tuple(hits), tuple(statements), articles, vector)


class _Sentence:
    """A sentence of an article that may be quoted, unless it gives orders."""

    __slots__ = ("_orders", "end", "start", "text")

    def __init__(self, text: str, start: int, end: int) -> None:
        self.text, self.start, self.end = text[start:end], start, end
        self._orders: bool | None = None

    def orders(self, text: str) -> bool:
        """Tell whether it gives orders, in its article's text; asked of the hits' sentences alone."""
        if self._orders is None:
            line = text[text.rfind("\n", 0, self.start) + 1 : max(text.find("\n", self.end), self.end)]
            self._orders = commands(self.text, line)
        return self._orders


def _together(vectors: Vectors) -> Vectors:
    """Give the unit vector of each sentence of a passage with the one before it; the first has none before it."""
    pairs = vectors[:-1] + vectors[1:]
    lengths = np.sqrt(np.einsum("ij,ij->i", pairs, pairs))[:, np.newaxis]
    return np.concatenate([vectors[:1], np.asarray(pairs / np.where(lengths, lengths, 1.0), np.float32)])


@lru_cache(maxsize=500)
def _keys(text: str) -> frozenset[str]:
    return frozenset(word.key for word in lexemes(text))


_known: Recent[str, tuple[_Sentence, ...]] = Recent(TEXTS_KEPT, lambda text, _: getsizeof(text))


def _sentences(text: str) -> tuple[_Sentence, ...]:
    return _known.get([text], lambda _: {text: tuple(_Sentence(text, *span) for span in quotable_spans(text))})[text]
