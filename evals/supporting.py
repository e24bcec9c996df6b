"""Whether a reply's own citations prove its sentences, by our verifier and by nothing but the words that they quote."""

from collections.abc import Sequence
from dataclasses import dataclass

from evals.replies import Cited, Reply
from retrieval.furniture import quotable_spans
from retrieval.sentences import sentence_spans
from retrieval.types import Article, Hit, Passage, Span, make_article
from service.evidence import Evidence, Statement
from service.verification.proving import prove

_BEFORE = 3  # sentences before a quote in which "he" and "it" are looked up: as many as service/evidence.py gives
_LEAD = 2


@dataclass(frozen=True)
class Support:
    """What the verifier says of one sentence and its citations; None where a citation without a quote leaves it open.

    ALCE's marks, by rules for its language model: Gao et al., 2023, https://arxiv.org/abs/2305.14627, section 4.
    """

    supported: bool | None
    """All that it cites, taken together, states it; a sentence that cites nothing is not supported.

    Two quotes prove a sentence together where each states one of the two statements that it joins.
    """
    relevant: tuple[bool | None, ...]
    """For each citation: the sentence is supported, and it states it alone, or the others do not without it."""
    reasons: tuple[str, ...]


def supports(reply: Reply) -> list[Support]:
    """Prove each sentence of a reply by the words that it cites."""
    said: list[str] = []
    found: list[Support] = []
    for sentence in reply.sentences:
        found.append(_support(sentence.text, [reply.citations[one] for one in sentence.citations], said))
        said.append(sentence.text)
    return found


def _support(sentence: str, cited: Sequence[Cited], said: Sequence[str]) -> Support:
    proved, reasons = _prove(sentence, cited, said)
    if not proved and any(one.quote is None for one in cited):
        return Support(None, (None,) * len(cited), ())
    relevant = tuple(
        None if one.quote is None else proved and _relevant(sentence, at, cited, said) for at, one in enumerate(cited)
    )
    return Support(proved, relevant, reasons)


def _relevant(sentence: str, at: int, cited: Sequence[Cited], said: Sequence[str]) -> bool:
    others = [*cited[:at], *cited[at + 1 :]]
    return not others or _prove(sentence, [cited[at]], said)[0] or not _prove(sentence, others, said)[0]


def _prove(sentence: str, cited: Sequence[Cited], said: Sequence[str]) -> tuple[bool, tuple[str, ...]]:
    """Look for a proof in the quotes; one that is not its article's words proves nothing."""
    hits: list[Hit] = []
    statements: list[Statement] = []
    articles: dict[str, Article] = {}
    for number, one in enumerate(cited):
        if one.quote is None or not one.quote.strip() or one.valid is False:
            continue
        text = one.article if one.article is not None else one.quote
        start = one.start if one.start is not None and one.article is not None else text.index(one.quote)
        span = (start, start + len(one.quote))
        # Each as an article of its own: two quotes of one article are two citations.
        article = articles[f"{number}"] = make_article(article_id=f"{number}", title=one.title, text=text)
        statements += _statements(article, span, len(hits))
        passage = Passage(source=article.source, ordinal=0, text=one.quote, start=span[0], end=span[1])
        hits.append(Hit(passage=passage, relevance=1.0))
    verdict = prove(sentence, range(len(hits)), Evidence(tuple(hits), tuple(statements), articles), said=said)
    return verdict.supported, verdict.reasons


def _statements(article: Article, quote: Span, hit: int) -> list[Statement]:
    """Give the sentences of a quote, cut where it begins and ends; furniture of the article states nothing."""
    text = article.text
    spans = quotable_spans(text)
    if not spans and quote == (0, len(text)):
        spans = sentence_spans(text)  # nothing of its article is known but these words
    return [
        Statement(
            text=text[max(start, quote[0]) : min(end, quote[1])],
            start=max(start, quote[0]),
            end=min(end, quote[1]),
            source=article.source,
            passage_id=f"{hit}",
            hit=hit,
            relevance=1.0,
            before=tuple(text[one:other] for one, other in spans[max(place - _BEFORE, 0) : place]),
            lead=(article.source.title, *(text[one:other] for one, other in spans[:_LEAD])),
            whole=text,
        )
        for place, (start, end) in enumerate(spans)
        if text[max(start, quote[0]) : min(end, quote[1])].strip()
    ]
