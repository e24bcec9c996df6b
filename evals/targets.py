"""Whom the cases are asked of. Here: groundwire itself, in this process or as a running service."""

import time
from collections.abc import Mapping
from typing import Protocol

from evals.cases import Case
from evals.replies import Cited, Found, Reply, Said
from retrieval.types import Article
from service.desk import Desk
from service.sentences import without_markers
from service.types import Answer, Options, Question


class Target(Protocol):
    """Whatever answers questions with sources."""

    @property
    def name(self) -> str:
        """Say what it is, for the head of a report."""

    async def ask(self, case: Case) -> Reply:
        """Ask a case's question.

        Raises:
            TargetFailed, ServiceError: no reply came.

        """

    async def article(self, article_id: str) -> str | None:
        """Give the text of an article of its corpus; None: it has none of that id, or shows none."""

    async def fingerprint(self) -> Mapping[str, str]:
        """Name what its answers depend on, each by a hash or in plain words: corpus, settings, prompts."""


class GroundwireTarget:
    """This process's own groundwire, or a running one: what both sides of a Desk have in common."""

    def __init__(self, name: str, desk: Desk, known: Mapping[str, str]) -> None:
        """Ask at a desk; `known` is what the answers depend on beside the corpus, as far as it can be told."""
        self.name = name
        self._desk = desk
        self._known = known
        self._articles: dict[tuple[str, str | None], Article | None] = {}

    async def ask(self, case: Case) -> Reply:
        """Ask a case's question, and read the articles that are cited in the versions that are."""
        question = Question(
            question=case.question,
            history=case.history,
            scope=case.scope,
            as_of=case.as_of,
            options=Options(include_hits=True),
        )
        began = time.perf_counter()
        answer = await self._desk.answer(question)
        milliseconds = (time.perf_counter() - began) * 1000
        articles = {one.number: await self._article(one.article_id, one.version) for one in answer.sources}
        withheld = await self._withheld(question, answer) if case.answered else ()
        return _reply(answer, articles, withheld, milliseconds)

    async def article(self, article_id: str) -> str | None:
        """Give the text of an article."""
        found = await self._article(article_id, None)
        return found.text if found else None

    async def fingerprint(self) -> Mapping[str, str]:
        """Name the corpus by its own fingerprint, and what else is known."""
        corpus = await self._desk.corpus()
        return {"corpus": f"{corpus.fingerprint} ({corpus.articles} articles)", **self._known}

    async def _withheld(self, question: Question, answer: Answer) -> tuple[str, ...]:
        """Ask again, where something was left out, to see what: the writer and the verifier may each be to blame."""
        if all(one.kind != "left_out" for one in answer.notices):
            return ()
        marking = question.options.model_copy(update={"on_unsupported": "mark"})
        marked = await self._desk.answer(question.model_copy(update={"options": marking}))
        return tuple(without_markers(one.text) for one in marked.sentences if one.verdict != "supported")

    async def _article(self, article_id: str, version: str | None) -> Article | None:
        if (article_id, version) not in self._articles:
            self._articles[article_id, version] = await self._desk.article(article_id, version)
        return self._articles[article_id, version]


def _reply(
    answer: Answer, articles: Mapping[int, Article | None], withheld: tuple[str, ...], milliseconds: float
) -> Reply:
    sources = {one.number: one for one in answer.sources}
    citations = tuple(
        Cited(
            article_id=sources[one.source].article_id,
            url=sources[one.source].url,
            title=sources[one.source].title,
            quote=one.quote,
            # A source that no article stands behind has no word of the quote.
            article=found.text if (found := articles[one.source]) else "",
            start=one.start,
            end=one.end,
        )
        for one in answer.citations
    )
    sentences = tuple(
        Said(
            text=without_markers(one.text),
            citations=one.citations,
            claimed=one.verdict == "supported",
            independent_sources=one.independent_sources,
            support=max((answer.citations[at].support for at in one.citations), default=None),
        )
        for one in answer.sentences
    )
    return Reply(
        answered=answer.answered,
        text=answer.text or (answer.abstained.message if answer.abstained else ""),
        abstained=answer.abstained.reason if answer.abstained else None,
        sentences=sentences,
        citations=citations,
        found=tuple(
            Found(article_id=hit.passage.source.article_id, text=hit.passage.text, relevance=hit.relevance)
            for hit in answer.hits or ()
        ),
        withheld=withheld,
        notices=tuple(one.message for one in answer.notices),
        writer=answer.writer,
        usage=answer.usage,
        milliseconds=milliseconds,
    )
