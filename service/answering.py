"""ONE QUESTION: small talk? -> search -> write -> prove -> number -> answer, top to bottom."""

import time
import uuid
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from retrieval.embedding import Embedder
from retrieval.search import Results, search
from retrieval.store import Store
from retrieval.types import Article, Hit, Source
from service.disagreement.finding import contrary, disagreements
from service.evidence import Statement, gather
from service.recency import older_than_asked, timeless
from service.sentences import escaped
from service.smalltalk import is_small_talk
from service.types import (
    Abstention,
    Answer,
    Answered,
    Citation,
    CitedSource,
    Disagreement,
    Event,
    Notice,
    Question,
    Reason,
    Searched,
    SearchRequest,
    Sentence,
    SentenceReady,
)
from service.verification.proving import Verdict, independent_sources, prove
from service.writers import Writer

# Passages that an answer is written from. Of SQuAD's answerable questions the dense ranking has the gold passage among
# its first 10 for 95 %, its first 40 for 99 % (benchmarks/README.md); reading 40 costs milliseconds.
PASSAGES_READ = 40
# The relevance of the best passage below which nothing is relevant, and no writer is asked. It refuses 67 % of the
# questions about other things and .4 % of those that have an answer; .05 would refuse 84 and 1.1 %.
LEAST_RELEVANCE = 0.03

WHAT_WE_DO = (
    "I answer questions from the articles in this collection, and show the exact words that say so. "
    "Ask me about something that they report."
)
MESSAGES: dict[Reason, str] = {
    "nothing_relevant": "The articles say nothing about this.",
    "not_answered": "The articles do not answer this question.",
    "not_supported": "No sentence of the drafted answer could be proved from the articles, so there is none.",
    "not_a_question": WHAT_WE_DO,
}


class Answerer:
    """Answers questions from a store; safe for any number of questions at once."""

    def __init__(
        self,
        store: Store,
        embedder: Embedder,
        writer: Writer,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Put the parts together; wiring.py makes them. The clock says what "today" is, where a question does not."""
        self.store = store
        self.embedder = embedder
        self.writer = writer
        self.clock = clock

    async def search(self, request: SearchRequest) -> list[Hit]:
        """Give the passages for a question, relevant or not."""
        return (await self._search(request, request.limit)).hits

    async def answer(self, question: Question) -> Answer:
        """Give the whole answer."""
        async with aclosing(self.events(question)) as events:
            async for event in events:
                if isinstance(event, Answered):
                    return event.answer
        raise AssertionError("a stream of events ends with the answer")  # pragma: no cover

    async def events(self, question: Question) -> AsyncGenerator[Event]:
        """Give the answer piece by piece: Searched, a SentenceReady for each proved sentence, Answered.

        Raises:
            WriterUnavailable: the language model did not answer; what was sent before stays true.
            StoreUnavailable: Chroma did not answer.

        """
        answer = _Growing()
        if question.history:
            message = "The turns before are not used yet: ask a question that can be understood by itself."
            answer.notices.append(Notice(kind="history_unused", message=message))
        if is_small_talk(question.question):
            yield Answered(answer=await self._finished(question, answer, [], "not_a_question"))
            return

        results = await self._search(question, PASSAGES_READ)
        hits = results.hits
        answer.lap("search")
        yield Searched(hits=tuple(hits))

        relevant = bool(hits) and hits[0].relevance >= LEAST_RELEVANCE
        if not relevant:
            yield Answered(answer=await self._finished(question, answer, hits, "nothing_relevant"))
            return

        articles = await self._articles(hits)
        evidence = gather(hits, articles, sentences=results.sentences, vector=results.vector)
        drafted = left_out = 0
        # Closed at once when the reader leaves: a model must not go on writing for nobody.
        async with aclosing(self.writer.write(question, evidence)) as drafts:
            async for draft in drafts:
                answer.lap("write")
                drafted += 1
                verdict = prove(draft.text, draft.cited, evidence)
                answer.lap("verify")
                if verdict.supported:
                    yield answer.add(draft.text, verdict)
                else:
                    left_out += 1
        answer.lap("write")
        for other in contrary(answer.said, evidence):
            verdict = prove(other.text, (other.statement.hit,), evidence)
            if verdict.supported:
                yield answer.add(other.text, verdict, other.statement)
        answer.disagreements = disagreements(answer.said, evidence.articles)
        answer.lap("compare")

        if left_out:
            sentences = "1 sentence was" if left_out == 1 else f"{left_out} sentences were"
            message = f"{sentences} left out: the articles do not support what was drafted."
            answer.notices.append(Notice(kind="left_out", message=message))
        sources: list[Source] = [*answer.sources.values()] or [hit.passage.source for hit in hits]
        now = question.as_of or self.clock()
        if older := older_than_asked(question.question, sources, now, cited=bool(answer.sources)):
            answer.notices.append(older)
        reason: Reason = "not_supported" if drafted else "not_answered"
        yield Answered(answer=await self._finished(question, answer, hits, reason))

    async def _search(self, question: Question, limit: int) -> Results:
        return await search(
            timeless(question.question),
            self.store,
            self.embedder,
            limit=limit,
            scope=question.scope,
            as_of=question.as_of,
        )

    async def _articles(self, hits: list[Hit]) -> dict[str, Article]:
        """Read the hits' articles, each in the version that was hit."""
        sources = {hit.passage.source.article_id: hit.passage.source for hit in hits}
        return await self.store.articles(list(sources.values()))

    async def _finished(self, question: Question, answer: "_Growing", hits: list[Hit], reason: Reason) -> Answer:
        answered = bool(answer.sentences)
        corpus = await self.store.corpus()
        return Answer(
            id=answer.id,
            question=question.question,
            answered=answered,
            text=answer.text if answered else None,
            abstained=None if answered else Abstention(reason=reason, message=MESSAGES[reason]),
            sentences=tuple(answer.sentences),
            citations=tuple(answer.citations),
            sources=tuple(answer.sources.values()),
            disagreements=answer.disagreements,
            notices=tuple(answer.notices),
            hits=tuple(hits) if question.options.include_hits else None,
            writer=self.writer.name,
            corpus=corpus,
            timings_ms=answer.timings(),
        )


@dataclass
class _Growing:
    """The answer while its sentences arrive: source numbers are given in order of first use and never change."""

    id: str = field(default_factory=lambda: f"ans_{uuid.uuid4().hex}")
    text: str = ""
    sentences: list[Sentence] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)
    sources: dict[str, CitedSource] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    disagreements: tuple[Disagreement, ...] = ()
    said: list[Statement] = field(default_factory=list)
    """What each sentence says, as a statement of the first article that it cites."""
    _began: float = field(default_factory=time.perf_counter)
    _lap: float = field(default_factory=time.perf_counter)
    _laps: dict[str, float] = field(default_factory=dict)

    def add(self, drafted: str, verdict: Verdict, statement: Statement | None = None) -> SentenceReady:
        known = set(self.sources)
        numbers = [self._number(proof.statement.source) for proof in verdict.proofs]
        marked = escaped(drafted) + " " + "".join(f"[{number}]" for number in numbers)
        space = " " if self.text else ""
        start = len(self.text) + len(space)
        end = start + len(marked)
        citations = tuple(
            Citation(
                source=number,
                passage_id=proof.statement.passage_id,
                quote=proof.quote,
                start=proof.start,
                end=proof.end,
                answer_start=start,
                answer_end=end,
                support=proof.support,
            )
            for number, proof in zip(numbers, verdict.proofs, strict=True)
        )
        sentence = Sentence(
            text=marked,
            start=start,
            end=end,
            verdict="supported",
            reasons=verdict.reasons,
            citations=tuple(range(len(self.citations), len(self.citations) + len(citations))),
            independent_sources=independent_sources(verdict.proofs),
        )
        self.text += space + marked
        self.said.append(statement or self._as_said(drafted, verdict.proofs[0].statement))
        self.sentences.append(sentence)
        self.citations += citations
        new = tuple(source for article_id, source in self.sources.items() if article_id not in known)
        return SentenceReady(text=space + marked, sentence=sentence, citations=citations, new_sources=new)

    def _as_said(self, drafted: str, statement: Statement) -> Statement:
        """Give a sentence in a writer's own words the context that its words point back to: the answer before it."""
        own = drafted != statement.text
        return replace(statement, text=drafted, before=tuple(one.text for one in self.said[-2:])) if own else statement

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self._laps[stage] = self._laps.get(stage, 0.0) + now - self._lap
        self._lap = now

    def timings(self) -> dict[str, float]:
        whole = {**self._laps, "total": time.perf_counter() - self._began}
        return {stage: round(seconds * 1000, 2) for stage, seconds in whole.items()}

    def _number(self, source: Source) -> int:
        if source.article_id not in self.sources:
            number = len(self.sources) + 1
            self.sources[source.article_id] = CitedSource(**source.model_dump(), number=number)
        return self.sources[source.article_id].number
