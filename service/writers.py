"""The Writer seam: evidence in, drafted sentences out; nothing of a draft is believed before it is proved."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from prompts.answer import answer_prompt, says_not
from prompts.passage import PromptPassage
from retrieval.embedding import Embedder
from retrieval.furniture import without_furniture
from service.disagreement.finding import superseding
from service.evidence import Evidence, Statement
from service.extractive.asking import Asked, recased, take_apart
from service.extractive.choosing import Candidate, Chosen, choose, rank
from service.extractive.matching import Likeness
from service.extractive.objecting import objection
from service.language.words import words
from service.llm import LanguageModel
from service.recency import newest_first, wanted
from service.sentences import Written, cut, without_markers
from service.types import Question

# How many statements of the hits, the most alike in words first, are compared with the question by meaning, how many
# word by word. Each costs milliseconds the first time that it is seen.
STATEMENTS_READ = 60
STATEMENTS_COMPARED = 30
VECTORS_KEPT = 30_000  # 46 MB
# Passages that a language model is shown: some 2,500 tokens, which leave the smallest context windows room to answer.
# Of SQuAD's answerable questions, 95 % have theirs among the first 10 of the dense ranking.
PASSAGES_SHOWN = 10
LONGEST_REPLY = 8_000  # characters; three short sentences were asked for


@dataclass(frozen=True)
class Draft:
    """A sentence without markers, and the hits that its writer says it comes from (indices into Evidence.hits)."""

    text: str
    cited: tuple[int, ...]


class Writer(Protocol):
    """Anything that answers from evidence; it yields nothing when the evidence does not answer."""

    @property
    def name(self) -> str:
        """`extractive`, or `provider/model`."""

    def write(self, question: Question, evidence: Evidence) -> AsyncGenerator[Draft]:
        """Draft the answer, sentence by sentence.

        Raises:
            WriterUnavailable: the language model did not answer.

        """


class ExtractiveWriter:
    """Answers in the articles' own sentences, without a language model."""

    name = "extractive"

    def __init__(self, embedder: Embedder) -> None:
        """Take the embedder of the store."""
        self._vectors = VectorCache(embedder)

    async def write(self, question: Question, evidence: Evidence) -> AsyncGenerator[Draft]:
        """Choose the sentences; they are verbatim, and those of other articles that say the same are cited beside.

        A question for the latest prefers the newer of statements that are about equally good.
        """
        read = await self.read(question.question, evidence)
        fresh = wanted(question.question)
        ranked = newest_first(read.ranked, fresh.within) if fresh else read.ranked
        chosen = choose(read.asked, ranked, evidence.statements, read.likeness)
        for one in chosen if read.asked.numbers else _later_first(chosen, read, evidence):
            yield Draft(one.statement.text, (one.statement.hit, *(other.hit for other in one.also)))

    async def read(self, question: str, evidence: Evidence) -> "Read":
        """Take the question apart and rank the statements: first by words alone, then what is likely by meaning too."""
        asked = take_apart(recased(without_markers(question), evidence.statements))
        by_words = rank(asked, evidence.statements, [(0.0, 0.0)] * len(evidence.statements))
        statements = [one.statement for one in by_words[:STATEMENTS_READ]]
        compared = (asked.text, *(one.text for one in statements[:STATEMENTS_COMPARED]))
        content = sorted({w.text.lower() for text in compared for w in words(text) if w.content and not w.number})
        cosines = await self._cosines(question, evidence, statements)
        known = dict(zip(content, await self._vectors.of(content), strict=True))

        def likeness(one: str, other: str) -> float:
            return float(known[one] @ known[other]) if one in known and other in known else 0.0

        return Read(asked, rank(asked, statements, cosines, likeness), likeness)

    async def _cosines(
        self, question: str, evidence: Evidence, statements: Sequence[Statement]
    ) -> list[tuple[float, float]]:
        """Compare the question with each statement, alone and with the sentence before it.

        The store holds their vectors; those of a store that does not are computed.
        """
        asked = evidence.vector if evidence.vector is not None else (await self._vectors.of([question]))[0]
        bare = [one for one in statements if one.vector is None]
        alone = await self._vectors.of([one.text for one in bare])
        near = await self._vectors.of([f"{(one.before or (one.source.title,))[-1]} {one.text}" for one in bare])
        computed = {id(one): both for one, both in zip(bare, zip(alone, near, strict=True), strict=True)}
        both = [
            computed[id(one)] if one.vector is None or one.vector_near is None else (one.vector, one.vector_near)
            for one in statements
        ]
        return [(float(asked @ one), float(asked @ together)) for one, together in both]


@dataclass(frozen=True)
class Read:
    """What the extractive writer made of a question and the evidence, before it chooses."""

    asked: Asked
    ranked: list[Candidate]
    likeness: Likeness


def _later_first(chosen: Sequence[Chosen], read: Read, evidence: Evidence) -> list[Chosen]:
    """Put in front of each statement that of a later article which gives its number otherwise, if that answers too."""
    answering = [
        one.statement for one in read.ranked if not objection(read.asked, one.statement, one.fit, read.likeness)
    ]
    ordered: list[Chosen] = []
    for one in chosen:
        later = superseding(one.statement, answering, evidence.articles)
        ordered += [next((each for each in chosen if each.statement == later), Chosen(later, ()))] if later else []
        ordered.append(one)
    return list(dict.fromkeys(ordered))


class VectorCache:
    """Remembers the vectors of sentences and words, so that the next question does not compute them again."""

    def __init__(self, embedder: Embedder) -> None:
        """Take the embedder whose vectors are remembered."""
        self._embedder = embedder
        self._known: dict[str, NDArray[np.float32]] = {}

    async def of(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        """Give the vectors of the texts, in order."""
        missing = [text for text in dict.fromkeys(texts) if text not in self._known]
        fresh = dict(zip(missing, await self._embedder.embed(missing), strict=True))
        vectors = [fresh[text] if text in fresh else self._known[text] for text in texts]
        self._known |= fresh
        for old in list(self._known)[: max(len(self._known) - VECTORS_KEPT, 0)]:
            del self._known[old]  # the oldest first
        return vectors


class LanguageModelWriter:
    """Lets a language model write, from the numbered passages alone."""

    def __init__(self, model: LanguageModel) -> None:
        """Take the model; `service.llm.open_llm` makes one."""
        self._model = model

    @property
    def name(self) -> str:
        """Name the model."""
        return self._model.name

    async def write(self, question: Question, evidence: Evidence) -> AsyncGenerator[Draft]:
        """Cut the model's text into sentences as it arrives; nothing is asked where there is nothing to quote."""
        shown = sorted({statement.hit for statement in evidence.statements})[:PASSAGES_SHOWN]
        if not shown:
            return
        passages = [
            PromptPassage(one.source.title, one.source.outlet, one.source.published, without_furniture(one.text))
            for one in (evidence.hits[hit].passage for hit in shown)
        ]
        text, length = "", 0
        async with aclosing(self._model.stream(answer_prompt(question.question, passages))) as tokens:
            async for token in tokens:
                text += token
                length += len(token)
                if token.strip():  # white space alone ends no sentence
                    sentences, text = cut(text, ended=False)
                    for draft in self._drafts(sentences, shown):
                        yield draft
                if length > LONGEST_REPLY:
                    return  # and what is unfinished stays unsaid
        for draft in self._drafts(cut(text, ended=True)[0], shown):
            yield draft

    @staticmethod
    def _drafts(sentences: Sequence[Written], shown: Sequence[int]) -> list[Draft]:
        """Resolve the model's numbers, which count from 1; those that name no passage name nothing."""
        return [
            Draft(one.text, tuple(shown[number - 1] for number in one.numbers if 1 <= number <= len(shown)))
            for one in sentences
            if not says_not(one.text)
        ]
