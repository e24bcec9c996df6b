"""ONE ANSWER'S SENTENCES: evidence -> drafts -> proofs -> what is said against them, top to bottom."""

import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass

from retrieval.embedding import Vectors
from retrieval.types import Article, Hit
from service.composing import Composition
from service.computing import computed
from service.disagreement.finding import contrary, disagreements
from service.errors import WriterUnavailable
from service.evidence import Evidence, gather
from service.sentences import leans
from service.types import OnUnsupported, Question, SentenceReady, Usage
from service.verification.addresses import strange
from service.verification.proving import Verdict, prove
from service.writers import Writer

_log = logging.getLogger("groundwire.answering")


@dataclass(frozen=True)
class Found:
    """What an answer is written from."""

    hits: tuple[Hit, ...]
    """The most relevant first."""
    articles: Mapping[str, Article]
    """Theirs by id, each in the version that was hit."""
    sentences: Mapping[str, Vectors]
    """By passage id the vectors of the sentences that begin in it, where the store holds them."""
    vector: Vectors
    """The question's."""


async def drafted(  # noqa: PLR0913 - what an answer is made of, and nothing else
    question: Question,
    found: Found,
    writer: Writer,
    answer: Composition,
    *,
    fallback: Writer | None = None,
    policy: OnUnsupported,
) -> AsyncGenerator[SentenceReady]:
    """Give the sentences of an answer, each as it is proved, and compose them.

    Args:
        question: in words that stand alone.
        found: what it is answered from.
        writer: who drafts.
        answer: what the sentences are added to, with what is contrary among them.
        fallback: who drafts when a language model has failed before its first sentence; None: nobody.
        policy: what becomes of a sentence that nothing proves.

    Raises:
        WriterUnavailable: the language model did not answer, nor is there a fallback; what was sent stays true.

    """
    evidence = await computed(gather, found.hits, found.articles, sentences=found.sentences, vector=found.vector)
    async with aclosing(_written(question, evidence, writer, answer, fallback=fallback, policy=policy)) as sentences:
        async for sentence in sentences:
            yield sentence
    for other in await computed(contrary, answer.said, evidence):
        verdict = await computed(prove, other.text, (other.statement.hit,), evidence)
        if verdict.supported:
            yield answer.add(other.text, verdict, other.statement)
    answer.disagreements = await computed(disagreements, answer.said, evidence.articles)
    answer.lap("compare")


async def _written(  # noqa: PLR0913 - as above
    question: Question,
    evidence: Evidence,
    writer: Writer,
    answer: Composition,
    *,
    fallback: Writer | None,
    policy: OnUnsupported,
) -> AsyncGenerator[SentenceReady]:
    """Give the proved sentences, of the fallback where the language model fails before its first."""
    try:
        async with aclosing(_proved(question, evidence, writer, answer, policy)) as sentences:
            async for sentence in sentences:
                yield sentence
    except WriterUnavailable as error:
        if fallback is None:
            raise
        _log.warning("%(why)s", {"why": str(error), "model": writer.name, "kind": error.kind})
        if answer.sentences:
            answer.notice("cut_short", f"{error} What was sent stands; the answer may lack something.")
            return
        answer.notice("fallback", f"{error} This answer is written without it, in the articles' own words.")
        answer.writer, answer.drafted, answer.left_out = fallback.name, 0, 0
        async with aclosing(_proved(question, evidence, fallback, answer, policy)) as sentences:
            async for sentence in sentences:
                yield sentence


async def _proved(
    question: Question, evidence: Evidence, writer: Writer, answer: Composition, policy: OnUnsupported
) -> AsyncGenerator[SentenceReady]:
    """Prove each sentence as it is drafted; what becomes of one that nothing proves is the client's choice."""
    held: list[tuple[str, Verdict]] = []  # nothing is sent before all is proved, where one failure withholds it all
    unproved = False
    # Closed at once when the reader leaves: a model must not go on writing for nobody.
    async with aclosing(writer.write(question, evidence)) as drafts:
        async for draft in drafts:
            answer.lap("write")
            if isinstance(draft, Usage):
                answer.count(draft)
                continue
            answer.drafted += 1
            said = [*(one.text for one in answer.said), *(text for text, _ in held)]
            verdict = await computed(prove, draft.text, draft.cited, evidence, said=said)
            answer.lap("verify")
            if unproved and leans(draft.text):  # "He …", and the sentence before named him
                verdict = Verdict((), ("it leans on a sentence that is not supported",))
            unproved = not verdict.supported
            if verdict.supported:
                if policy == "abstain":
                    held.append((draft.text, verdict))
                else:
                    yield answer.add(draft.text, verdict)
            elif policy == "abstain":
                answer.left_out = 1
                return
            elif policy == "drop" or strange(draft.text, ""):  # an address or a tag is never sent unproved
                answer.left_out += 1
            else:
                yield answer.add_unsupported(draft.text, verdict, mark=policy == "mark")
    answer.lap("write")
    for text, verdict in held:
        yield answer.add(text, verdict)
