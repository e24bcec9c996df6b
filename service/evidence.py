"""The statements of the hits: each sentence that may be quoted, with what stands before it in its article; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from retrieval.furniture import quotable_spans
from retrieval.types import Article, Hit, Source
from service.language.words import words

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
    lead: str
    """The title and the first sentences: what the whole article is about."""
    everywhere: frozenset[str]
    """The keys of all words of the article (of its first 20,000 characters)."""


@dataclass(frozen=True)
class Evidence:
    """What an answer is written and proved from."""

    hits: tuple[Hit, ...]
    statements: tuple[Statement, ...]
    articles: Mapping[str, Article]
    """The hits' articles by id, each in the version that was hit."""


def gather(hits: Sequence[Hit], articles: Mapping[str, Article]) -> Evidence:
    """Give the statements of the hits; `articles` holds the hits' articles, in their versions, by id."""
    statements: list[Statement] = []
    for index, hit in enumerate(hits):
        passage = hit.passage
        article = articles.get(passage.source.article_id)
        if article is None or article.source.version != passage.source.version:
            continue  # purged or replaced twice since the search: what cannot be checked is not evidence
        text = article.text
        spans = _spans(text)
        for number, (start, end) in enumerate(spans):
            if passage.start <= start < passage.end:
                statements.append(
                    Statement(
                        text=text[start:end],
                        start=start,
                        end=end,
                        source=passage.source,
                        passage_id=passage.passage_id,
                        hit=index,
                        relevance=hit.relevance,
                        lead=" . ".join([passage.source.title, *(text[s:e] for s, e in spans[:_LEAD])]),
                        everywhere=_keys(text[:20_000]),
                        before=tuple(text[s:e] for s, e in spans[max(number - _BEFORE, 0) : number]),
                    )
                )
    return Evidence(tuple(hits), tuple(statements), articles)


@lru_cache(maxsize=500)
def _keys(text: str) -> frozenset[str]:
    return frozenset(word.key for word in words(text))


@lru_cache(maxsize=500)
def _spans(text: str) -> tuple[tuple[int, int], ...]:
    return tuple(quotable_spans(text))
