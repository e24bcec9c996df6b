"""An answer from a script, with what a projection may stumble on: one address of two articles, emoji, Markdown."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from litestar.testing import AsyncTestClient

from retrieval.types import Corpus
from service.composing import UNSUPPORTED
from service.http.app import make_app
from service.types import (
    Abstention,
    Answer,
    Answered,
    ChatExtra,
    Citation,
    CitedSource,
    Event,
    Notice,
    Question,
    Searched,
    Sentence,
    SentenceReady,
    Usage,
)
from tests.fakes import Unasked
from tests.service.http.conftest import Client

ADDRESS = "https://news.example/fee_(2020)?a=1&b=2"
FEE = CitedSource(
    number=1,
    origin="fee",
    article_id="fee",
    version="v1",
    title="The *fee* [of 2020] 🎓 <b>",
    outlet="The Desk",
    url=ADDRESS,
    published=datetime(2020, 3, 2, tzinfo=UTC),
)
TERM = CitedSource(number=2, origin="term", article_id="desk/term", version="v2", title="The\nterm")
COPY = CitedSource(number=3, origin="fee", article_id="copy", version="v3", title="The term", url=ADDRESS)


def _said(text: str, start: int, first: int, *cited: tuple[CitedSource, str]) -> tuple[Sentence, tuple[Citation, ...]]:
    own = text.strip()
    sentence = Sentence(
        text=own,
        start=start + len(text) - len(own),
        end=start + len(text),
        verdict="supported" if cited else "unsupported",
        citations=tuple(range(first, first + len(cited))),
        independent_sources=len({source.origin for source, _ in cited}),
    )
    citations = tuple(
        Citation(
            source=source.number,
            passage_id=f"{source.article_id}#0",
            quote=quote,
            start=10 * number,
            end=10 * number + len(quote),
            answer_start=sentence.start,
            answer_end=sentence.end,
            support=0.9,
        )
        for number, (source, quote) in enumerate(cited)
    )
    return sentence, citations


TEXTS = (
    "🎓 The fee is \\[9] dollars. [1]",
    " It was 8 \\[1]. [1][2][3]",
    " It is paid twice. [3]",
    f" Nobody knows why. {UNSUPPORTED}",
)
QUOTES = (
    ((FEE, "a fee of $9"), (FEE, "nine dollars")),
    ((FEE, "once $8"), (TERM, "8 dollars"), (COPY, "a fee of $9")),
    ((COPY, "twice"),),
    (),
)
PLAIN = "🎓 The fee is [9] dollars. It was 8 [1]. It is paid twice. Nobody knows why."
NEW = ((FEE,), (TERM, COPY), (), ())
_sentences: list[SentenceReady] = []
for text, quotes, new in zip(TEXTS, QUOTES, NEW, strict=True):
    before = "".join(one.text for one in _sentences)
    sentence, citations = _said(text, len(before), sum(len(one.citations) for one in _sentences), *quotes)
    _sentences.append(SentenceReady(text=text, sentence=sentence, citations=citations, new_sources=new))
SENTENCES = tuple(_sentences)

_BASE: dict[str, Any] = {
    "id": "ans_1",
    "question": "What is the fee?",
    "writer": "fake",
    "corpus": Corpus(articles=3, fingerprint="f"),
    "timings_ms": {},
}
ANSWER = Answer(
    answered=True,
    text="".join(TEXTS),
    abstained=None,
    sentences=tuple(one.sentence for one in SENTENCES),
    citations=tuple(citation for one in SENTENCES for citation in one.citations),
    sources=(FEE, TERM, COPY),
    notices=(Notice(kind="unsupported", message="1 sentence was sent without support."),),
    usage=Usage(input_tokens=100, output_tokens=10),
    **_BASE,
)
MESSAGE = "The articles say nothing about this."
REFUSAL = Answer(
    answered=False,
    text=None,
    abstained=Abstention(reason="nothing_relevant", message=MESSAGE),
    **_BASE,
)
SEARCHED = Searched(hits=())
EVENTS: tuple[Event, ...] = (SEARCHED, *SENTENCES, Answered(answer=ANSWER))
REFUSED: tuple[Event, ...] = (SEARCHED, Answered(answer=REFUSAL))


@dataclass
class Scripted(Unasked):
    """Answers with these events, raises what is an exception, and waits for ever at None."""

    script: tuple[Event | Exception | None, ...] = EVENTS
    models: tuple[str, ...] = ("fake",)
    asked: list[Question] = field(default_factory=list)
    waits: asyncio.Event = field(default_factory=asyncio.Event)
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    async def events(self, question: Question) -> AsyncGenerator[Event]:
        self.asked.append(question)
        try:
            for step in self.script:
                if isinstance(step, Exception):
                    raise step
                if step is None:
                    self.waits.set()
                    await asyncio.Event().wait()
                else:
                    yield step
        finally:
            self.closed.set()


@asynccontextmanager
async def serving(answering: Scripted, *extras: ChatExtra) -> AsyncIterator[Client]:
    app = make_app(answering, chat_extras=extras)
    async with AsyncTestClient(app, base_url="http://127.0.0.1") as client:
        yield client
