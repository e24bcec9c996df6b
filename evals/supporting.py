"""Whether a reply's own citations prove its sentences, by our verifier and by nothing but the words that they quote."""

from collections.abc import Sequence
from dataclasses import dataclass

from evals.replies import Cited, Reply
from retrieval.types import Hit, Passage, make_article
from service.evidence import gather
from service.verification.proving import prove


@dataclass(frozen=True)
class Support:
    """What the verifier says of one sentence and its citations."""

    supported: bool
    """All that it cites, taken together, states it."""
    relevant: tuple[bool, ...]
    """For each citation: it states the sentence alone, or the others do not without it."""
    reasons: tuple[str, ...]


def supports(reply: Reply) -> list[Support]:
    """Prove each sentence of a reply by the words that it cites; a citation without a quote proves nothing."""
    said: list[str] = []
    found: list[Support] = []
    for sentence in reply.sentences:
        cited = [reply.citations[one] for one in sentence.citations]
        supported, reasons = _prove(sentence.text, cited, said)
        relevant = tuple(
            supported
            and (
                _prove(sentence.text, [one], said)[0]
                or not _prove(sentence.text, [other for other in cited if other is not one], said)[0]
            )
            for one in cited
        )
        found.append(Support(supported, relevant, reasons))
        said.append(sentence.text)
    return found


def _prove(sentence: str, cited: Sequence[Cited], said: Sequence[str]) -> tuple[bool, tuple[str, ...]]:
    hits: list[Hit] = []
    articles = {}
    for number, one in enumerate(cited):
        if one.quote is None or one.valid is False:
            continue
        text = one.article if one.article is not None else one.quote
        start = one.start if one.start is not None and one.article is not None else text.index(one.quote)
        # Each as an article of its own: only the quote is looked at, with what stands before it as its context.
        article = make_article(article_id=f"{number}", title=one.title, text=text)
        articles[f"{number}"] = article
        end = start + len(one.quote)
        passage = Passage(source=article.source, ordinal=0, text=one.quote, start=start, end=end)
        hits.append(Hit(passage=passage, relevance=1.0))
    verdict = prove(sentence, range(len(hits)), gather(hits, articles), said=said)
    return verdict.supported, verdict.reasons
