"""Small real things for tests: an embedder of words, a writer-less answerer; they remember what they were asked."""

import hashlib
import re
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import cast

import numpy as np

from retrieval.embedding import Role, Vectors
from retrieval.search import search
from retrieval.store import Store
from retrieval.types import Hit, Span
from service.types import (
    Abstention,
    Answer,
    Answered,
    Citation,
    CitedSource,
    Event,
    Question,
    Searched,
    SearchRequest,
    Sentence,
    SentenceReady,
)
from service.writers import Standalone


@dataclass
class WordEmbedder:
    """A bag of words: each word's hash is a dimension, so texts that share words are near each other."""

    name: str = "words-64"
    dimensions: int = 64
    asked: list[tuple[tuple[str, ...], Role]] = field(default_factory=list)

    async def embed(self, texts: Sequence[str], role: Role = "passage") -> Vectors:
        self.asked.append((tuple(texts), role))
        return self._bags(texts)

    async def embed_parts(self, texts: Sequence[str], parts: Sequence[Sequence[Span]]) -> tuple[Vectors, list[Vectors]]:
        vectors = await self.embed(texts)
        return vectors, [
            self._bags([text[start:end] if re.search(r"\w", text[start:end]) else text for start, end in spans])
            for text, spans in zip(texts, parts, strict=True)
        ]

    def words(self, words: Sequence[str]) -> Vectors:
        return self._bags(words)

    def _bags(self, texts: Sequence[str]) -> Vectors:
        vectors = np.full((len(texts), self.dimensions), 1e-6, dtype=np.float32)
        for row, text in enumerate(texts):
            for word in re.findall(r"\w+", text.lower()):
                vectors[row, hashlib.sha256(word.encode()).digest()[0] % self.dimensions] += 1
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / lengths, dtype=np.float32)


class StandsAlone:
    """What a writer says of questions that lean on nothing."""

    async def standalone(self, question: Question) -> Standalone:
        return Standalone(question.question)


@dataclass
class FirstSentence:
    """Answers with the first line of the nearest passage, cited; raises `error` in its middle if it is told to."""

    store: Store
    embedder: WordEmbedder
    error: Exception | None = None
    asked: list[Question] = field(default_factory=list)
    models: tuple[str, ...] = ("fake",)

    async def search(self, request: SearchRequest) -> list[Hit]:
        self.asked.append(request)
        found = await search(
            request.question, self.store, self.embedder, limit=request.limit, scope=request.scope, as_of=request.as_of
        )
        return found.hits

    async def answer(self, question: Question) -> Answer:
        async for event in self.events(question):
            if isinstance(event, Answered):
                return event.answer
        raise AssertionError

    async def events(self, question: Question) -> AsyncGenerator[Event]:
        self.asked.append(question)
        found = await search(question.question, self.store, self.embedder, limit=3, scope=question.scope)
        hits = found.hits
        yield Searched(hits=tuple(hits))
        if self.error:
            raise self.error
        corpus = await self.store.corpus()
        base = {"id": "a1", "question": question.question, "writer": "fake", "corpus": corpus, "timings_ms": {}}
        if not hits:
            nothing = Abstention(reason="nothing_relevant", message="The articles say nothing about that.")
            yield Answered(answer=Answer(answered=False, text=None, abstained=nothing, **base))
            return
        passage = hits[0].passage
        quote = passage.text.strip().splitlines()[0]
        start = passage.start + passage.text.index(quote)
        text = f"{quote} [1]"
        sentence = Sentence(
            text=text, start=0, end=len(text), verdict="supported", citations=(0,), independent_sources=1
        )
        citation = Citation(
            source=1,
            passage_id=passage.passage_id,
            quote=quote,
            start=start,
            end=start + len(quote),
            answer_start=0,
            answer_end=len(text),
            support=1.0,
        )
        source = CitedSource(number=1, **passage.source.model_dump())
        yield SentenceReady(text=text, sentence=sentence, citations=(citation,), new_sources=(source,))
        whole = Answer(
            answered=True,
            text=text,
            abstained=None,
            sentences=(sentence,),
            citations=(citation,),
            sources=(source,),
            **base,
        )
        yield Answered(answer=whole)


class Unasked:
    """An answerer of requests that must not reach it: there is nothing behind."""

    store = cast("Store", None)
    embedder = cast("WordEmbedder", None)
    models: tuple[str, ...] = ("fake",)

    async def answer(self, question: Question) -> Answer:
        raise AssertionError(question)

    async def search(self, request: SearchRequest) -> list[Hit]:
        raise AssertionError(request)

    def events(self, question: Question) -> AsyncGenerator[Event]:
        raise AssertionError(question)
