"""The answer while its sentences arrive: source numbers are given in order of first use, and what was sent stays."""

import time
import uuid
from dataclasses import dataclass, field, replace

from prompts.passage import visible
from retrieval.types import Source
from service.evidence import Statement
from service.sentences import escaped
from service.traces import trace
from service.types import (
    Citation,
    CitedSource,
    Disagreement,
    Notice,
    NoticeKind,
    Sentence,
    SentenceReady,
    Usage,
)
from service.verification.proving import Verdict, independent_sources

UNSUPPORTED = "[unsupported]"
"""The mark behind a sentence that nothing proves, where a client wants such sentences marked."""


@dataclass
class Composition:
    """The answer while its sentences arrive."""

    writer: str
    """Who writes it: `extractive`, or `provider/model`."""
    id: str = field(default_factory=lambda: f"ans_{uuid.uuid4().hex}")
    text: str = ""
    sentences: list[Sentence] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)
    sources: dict[str, CitedSource] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    disagreements: tuple[Disagreement, ...] = ()
    said: list[Statement] = field(default_factory=list)
    """What each proved sentence says, as a statement of the first article that it cites."""
    drafted: int = 0
    left_out: int = 0
    unsupported: int = 0
    """Sentences that were sent without a proof."""
    usage: Usage | None = None
    _began: float = field(default_factory=time.perf_counter)
    _lap: float = field(default_factory=time.perf_counter)
    laps: list[tuple[str, float, float]] = field(default_factory=list)
    """Stages that are over, each with when it began and ended: seconds of time.perf_counter."""

    def add(self, drafted: str, verdict: Verdict, statement: Statement | None = None) -> SentenceReady:
        """Append a proved sentence, and cite its proofs."""
        known = set(self.sources)
        numbers = [self._number(proof.statement.source) for proof in verdict.proofs]
        # A sentence of two parts may have a proof for each in the same article, which is one marker.
        marked = escaped(visible(drafted)) + " " + "".join(f"[{number}]" for number in dict.fromkeys(numbers))
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
        self.said.append(statement or self._as_said(drafted, verdict.proofs[0].statement))
        self.citations += citations
        new = tuple(source for article_id, source in self.sources.items() if article_id not in known)
        return self._sent(sentence, space, citations, new)

    def add_unsupported(self, drafted: str, verdict: Verdict, *, mark: bool) -> SentenceReady:
        """Append a sentence that nothing proves, as the client wanted it: it cites nothing."""
        marked = escaped(visible(drafted)) + (f" {UNSUPPORTED}" if mark else "")
        space = " " if self.text else ""
        start = len(self.text) + len(space)
        sentence = Sentence(
            text=marked,
            start=start,
            end=start + len(marked),
            verdict="unsupported",
            reasons=verdict.reasons,
            citations=(),
            independent_sources=0,
        )
        self.unsupported += 1
        return self._sent(sentence, space, (), ())

    def _sent(
        self, sentence: Sentence, space: str, citations: tuple[Citation, ...], new: tuple[CitedSource, ...]
    ) -> SentenceReady:
        self.text += space + sentence.text
        self.sentences.append(sentence)
        return SentenceReady(text=space + sentence.text, sentence=sentence, citations=citations, new_sources=new)

    def count(self, usage: Usage | None) -> None:
        """Add what a language model counted."""
        if usage and self.usage:
            usage = Usage(
                input_tokens=self.usage.input_tokens + usage.input_tokens,
                output_tokens=self.usage.output_tokens + usage.output_tokens,
            )
        self.usage = usage or self.usage

    def notice(self, kind: NoticeKind, message: str) -> None:
        """Say something of the answer that is no part of it."""
        self.notices.append(Notice(kind=kind, message=message))

    def _as_said(self, drafted: str, statement: Statement) -> Statement:
        """Give a sentence in a writer's own words the context that its words point back to: the answer before it."""
        own = drafted != statement.text
        return replace(statement, text=drafted, before=tuple(one.text for one in self.said[-2:])) if own else statement

    def lap(self, stage: str) -> None:
        """Count the time since the last call as that of a stage."""
        now = time.perf_counter()
        self.laps.append((stage, self._lap, now))
        if traced := trace.get():
            traced.stage(stage, self._lap, now)
        self._lap = now

    def timings(self) -> dict[str, float]:
        """Give the milliseconds of each stage and of the whole."""
        whole: dict[str, float] = {}
        for stage, began, ended in [*self.laps, ("total", self._began, time.perf_counter())]:
            whole[stage] = whole.get(stage, 0.0) + ended - began
        return {stage: round(seconds * 1000, 2) for stage, seconds in whole.items()}

    def _number(self, source: Source) -> int:
        if source.article_id not in self.sources:
            number = len(self.sources) + 1
            self.sources[source.article_id] = CitedSource(**source.model_dump(), number=number)
        return self.sources[source.article_id].number
