"""ONE QUESTION: small talk? -> standalone -> search -> sentences (drafting.py) -> answer, top to bottom."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, nullcontext
from datetime import UTC, datetime

from retrieval.embedding import Embedder
from retrieval.search import Results, search
from retrieval.store import Store
from retrieval.types import Article, Hit, Source
from service.composing import Composition
from service.drafting import Found, drafted
from service.errors import ModelNotAllowed
from service.processes import Processes
from service.recency import older_than_asked, timeless
from service.smalltalk import is_small_talk
from service.types import (
    Abstention,
    Answer,
    Answered,
    Event,
    OnUnsupported,
    Question,
    Reason,
    Searched,
    SearchRequest,
)
from service.writers import ExtractiveWriter, Writer

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

    def __init__(  # noqa: PLR0913 - wiring.py names each of them
        self,
        store: Store,
        embedder: Embedder,
        writer: Writer,
        *,
        others: Sequence[Writer] = (),
        fallback: Writer | None = None,
        on_unsupported: OnUnsupported = "drop",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        processes: Processes | None = None,
    ) -> None:
        """Put the parts together; wiring.py makes them.

        Args:
            store: What is searched.
            embedder: The model whose vectors it holds.
            writer: Who writes where a question names nobody.
            others: Whom it may name instead.
            fallback: Who writes when a language model has failed before its first sentence; None: nobody.
            on_unsupported: What becomes of a sentence that nothing proves, where a question does not say.
            clock: What "today" is, where a question does not say.
            processes: Where answers are computed when several are at work; None: here.

        """
        self.store = store
        self.embedder = embedder
        self.writers = {one.name: one for one in (writer, *others)}
        self.fallback = fallback
        self.on_unsupported = on_unsupported
        self.clock = clock
        self.processes = processes or Processes(0)

    @property
    def models(self) -> tuple[str, ...]:
        """Name who may write, the one that writes unasked first."""
        return tuple(self.writers)

    async def search(self, request: SearchRequest) -> list[Hit]:
        """Give the passages for a question, relevant or not."""
        writer = self._writer(request)
        asked = await writer.standalone(request)
        return (await self._search(_asking(request, asked.text), request.limit)).hits

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
            ModelNotAllowed: the question names a model that the operator does not allow.
            WriterUnavailable: the language model did not answer, nor is there a fallback; what was sent stays true.
            StoreUnavailable: Chroma did not answer.

        """
        writer = self._writer(question)
        answer = Composition(writer.name)
        if is_small_talk(question.question):
            yield Answered(answer=await self._finished(question, answer, [], "not_a_question"))
            return

        standalone = await writer.standalone(question)
        answer.count(standalone.usage)
        asked = _asking(question, standalone.text)
        if asked.question != question.question:
            answer.notice("read_as", f"Read as: {asked.question}")
        answer.lap("rewrite")

        results = await self._search(asked, PASSAGES_READ)
        hits = results.hits
        answer.lap("search")
        yield Searched(hits=tuple(hits))

        relevant = bool(hits) and hits[0].relevance >= LEAST_RELEVANCE
        if not relevant:
            yield Answered(answer=await self._finished(question, answer, hits, "nothing_relevant"))
            return

        vectors = {hit.passage.passage_id: results.sentences[hit.passage.passage_id] for hit in hits}
        found = Found(tuple(hits), await self._articles(hits), vectors, results.vector)
        policy = question.options.on_unsupported or self.on_unsupported
        extractive = isinstance(writer, ExtractiveWriter)  # a model is waited for, which needs no other process
        with self.processes.at_work() if extractive else nullcontext():
            apart = await self.processes.drafted(asked, found, answer, policy) if extractive else None
            if apart:
                answer = apart.answer
                for sentence in apart.sentences:
                    yield sentence
            else:
                drafts = drafted(asked, found, writer, answer, fallback=self.fallback, policy=policy)
                async with aclosing(drafts) as sentences:
                    async for sentence in sentences:
                        yield sentence

        self._notice(answer, asked, [*answer.sources.values()] or [hit.passage.source for hit in hits])
        reason: Reason = "not_supported" if answer.drafted else "not_answered"
        yield Answered(answer=await self._finished(question, answer, hits, reason))

    def _notice(self, answer: Composition, question: Question, sources: Sequence[Source]) -> None:
        """Count the sentences without a proof, and tell where the sources are older than was asked for."""
        if answer.left_out:
            answer.notice(
                "left_out", _counted(answer.left_out, "left out: the articles do not support what was drafted")
            )
        if answer.unsupported:
            answer.notice(
                "unsupported", _counted(answer.unsupported, "sent without support: the articles do not say so")
            )
        now = question.as_of or self.clock()
        if older := older_than_asked(question.question, sources, now, cited=bool(answer.sources)):
            answer.notices.append(older)

    def _writer(self, question: Question) -> Writer:
        name = question.options.model or self.models[0]
        if name not in self.writers:
            raise ModelNotAllowed(name, self.models)
        return self.writers[name]

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

    async def _finished(self, question: Question, answer: Composition, hits: list[Hit], reason: Reason) -> Answer:
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
            left_out=answer.left_out,
            notices=tuple(answer.notices),
            hits=tuple(hits) if question.options.include_hits else None,
            writer=answer.writer,
            corpus=corpus,
            usage=answer.usage,
            timings_ms=answer.timings(),
        )


def _asking(question: Question, text: str) -> Question:
    """Give the question in words that stand alone."""
    return question.model_copy(update={"question": text})


def _counted(sentences: int, what: str) -> str:
    return f"{'1 sentence was' if sentences == 1 else f'{sentences} sentences were'} {what}."
