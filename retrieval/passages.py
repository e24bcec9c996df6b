"""An article's passages: pieces that the embedding model reads whole, and which joined in order are the article."""

from bisect import bisect_left
from collections.abc import Sequence
from operator import itemgetter

from retrieval.furniture import quotable_spans, without_furniture
from retrieval.sentences import sentence_spans
from retrieval.types import Article, Passage, Span

# Characters. MiniLM reads 256 word pieces, about 1,100 characters of English, its title included.
TARGET = 700
LONGEST = 1000


def split(article: Article) -> list[Passage]:
    """Cut an article into passages that tile it: their texts joined in order are the article's text.

    A passage is cut only where a sentence begins, or, in a sentence longer than a passage, at a space. A sentence that
    would carry it past the target begins the next one, unless it continues the paragraph of one less than half full. An
    article without text has no passage.
    """
    passages: list[Passage] = []
    for start, end in _tiles(article.text):
        text = article.text[start:end]
        passages.append(Passage(source=article.source, ordinal=len(passages), text=text, start=start, end=end))
    return passages


def text_to_embed(passage: Passage) -> str:
    """Give what stands for the passage in the vector space: its article's title, then its words without furniture."""
    return f"{passage.source.title}\n{without_furniture(passage.text) or passage.text.strip()}"


def embeddable(article: Article, passages: Sequence[Passage]) -> tuple[list[str], list[list[Span]]]:
    """Give for each passage what stands for it in the vector space, and where in that its sentences are.

    The sentences are those of `quotable_spans` that begin in the passage, in order. A passage without any is embedded
    as it stands.
    """
    texts: list[str] = []
    parts: list[list[Span]] = []
    sentences = quotable_spans(article.text)
    for passage in passages:
        text = f"{passage.source.title}\n"
        spans: list[Span] = []
        first, behind = (bisect_left(sentences, place, key=itemgetter(0)) for place in (passage.start, passage.end))
        for start, end in sentences[first:behind]:
            spans.append((len(text), len(text) + end - start))
            text += article.text[start:end] + " "
        texts.append(text.rstrip() if spans else text + passage.text.strip())
        parts.append(spans)
    return texts, parts


def _tiles(text: str) -> list[Span]:
    tiles: list[Span] = []
    start = 0
    for piece_start, piece_end in _pieces(text):
        fresh_paragraph = "\n" in text[max(piece_start - 2, 0) : piece_start]
        longer_than_half = piece_start - start >= TARGET // 2
        if piece_start > start and (
            piece_end - start > LONGEST or (piece_end - start > TARGET and (longer_than_half or fresh_paragraph))
        ):
            tiles.append((start, piece_start))
            start = piece_start
    if start < len(text):
        tiles.append((start, len(text)))
    return tiles


def _pieces(text: str) -> list[Span]:
    """Tile the text by its sentences: each piece runs to where the next one begins."""
    starts = [0, *(start for start, _ in sentence_spans(text)[1:])]
    ends = [*starts[1:], len(text)]
    return [part for start, end in zip(starts, ends, strict=True) for part in _shortened(text, start, end)]


def _shortened(text: str, start: int, end: int) -> list[Span]:
    """Cut a piece that is longer than a passage, at a space where there is one."""
    parts: list[Span] = []
    while end - start > LONGEST:
        cut = text.rfind(" ", start + LONGEST // 2, start + LONGEST) + 1 or start + LONGEST
        parts.append((start, cut))
        start = cut
    return [*parts, (start, end)]
