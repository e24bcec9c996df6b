"""The Writer seam: evidence in, drafted sentences out; nothing of a draft is believed before it is proved."""

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from prompts.answer import answer_prompt, refuses, says_not
from prompts.passage import PromptPassage, visible
from prompts.standalone import PromptTurn, standalone_prompt, standalone_question
from retrieval.embedding import Embedder, Vectors
from service.computing import computed
from service.conversation import searchable, stands_alone
from service.disagreement.finding import superseding
from service.errors import WriterUnavailable
from service.evidence import Evidence
from service.extractive.asking import recased, take_apart
from service.extractive.choosing import Candidate, Chosen, choose, rank
from service.extractive.comparing import Comparison
from service.extractive.objecting import objection
from service.language.words import best, lexemes, words
from service.llm import LanguageModel
from service.recency import newest_first, timeless, wanted
from service.sentences import Written, cut, without_markers
from service.types import Question, Usage
from service.verification.addresses import strange

# How many statements of the hits, the nearest in meaning first, are compared with the question word by word. One that
# holds the answer is among 40 for 96 % of SQuAD's answerable questions, among 60 for 97 %, among all for 98 %.
STATEMENTS_READ = 100
WORDS_KEPT = 50_000  # 77 MB
VECTORS_KEPT = 30_000  # 46 MB; only of statements whose vectors the store does not hold
# Passages that a language model is shown: some 5,000 tokens; a small context window has room for fewer. Of the fixed
# questions' 64 good sentences (tests/grounding/replies.yaml) 4 have no passage among 10, 2 among 12, 1 among 15, none
# among 20.
PASSAGES_SHOWN = 20
# Three short sentences were asked for. One that nothing says takes 14 to 42 ms to refuse, twenty under a second
# (benchmarks/verification_speed.py).
LONGEST_REPLY = 8_000  # characters
MOST_SENTENCES = 20
# Characters without an end of a sentence, which no news has; of those with one, nobody could check more in time.
LONGEST_SENTENCE = 1_000
_AT_ONCE = 200  # characters of a reply that are cut at once: a flood of full stops must not stop the service
_PATIENCE = 10.0  # seconds for the rewriting of a question, which is one line; the answer's own time comes after it
_PROMPT = 0.75  # of the context window; the rest is the reply's, of which three short sentences take 150 tokens
_SAME_NAME = 0.9  # `best` gives it to another form or spelling of a name, and less to another word


_log = logging.getLogger("groundwire.writers")


@dataclass(frozen=True)
class Standalone:
    """A question that can be understood without the turns before it, and what it took to find it."""

    text: str
    usage: Usage | None = None


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

    async def standalone(self, question: Question) -> Standalone:
        """Put what the turns before say into a question that leans on them."""

    def write(self, question: Question, evidence: Evidence) -> AsyncGenerator[Draft | Usage]:
        """Draft the answer, sentence by sentence; what a language model counted comes with it, once or never.

        Raises:
            WriterUnavailable: the language model did not answer, or broke off.

        """


class ExtractiveWriter:
    """Answers in the articles' own sentences, without a language model."""

    name = "extractive"

    def __init__(self, embedder: Embedder, words: Callable[[Sequence[str]], Vectors]) -> None:
        """Take the embedder of the store, and what gives the vectors of single words (MiniLM.words)."""
        self._vectors = VectorCache(embedder)
        self._known_words = WordCache(words)

    async def standalone(self, question: Question) -> Standalone:
        """Put in the names and subjects of the turns before."""
        return Standalone(searchable(question.question, question.history))

    async def write(self, question: Question, evidence: Evidence) -> AsyncGenerator[Draft]:
        """Choose the sentences; they are verbatim, and those of other articles that say the same are cited beside.

        A question for the latest prefers the newer of statements that are about equally good.
        """
        plain = timeless(question.question)
        cosines = await self._cosines(plain, evidence)
        latest = wanted(question.question) is not None
        for one in await computed(self._chosen, plain, evidence, cosines, latest=latest):
            yield Draft(one.statement.text, (one.statement.hit, *(other.hit for other in one.also)))

    def _chosen(
        self, question: str, evidence: Evidence, cosines: Sequence[tuple[float, float]], *, latest: bool
    ) -> list[Chosen]:
        read = self._read(question, evidence, cosines)
        chosen = choose(read.compared, newest_first(read.ranked) if latest else read.ranked, evidence.statements)
        return chosen if read.compared.asked.numbers else _later_first(chosen, read, evidence)

    async def read(self, question: str, evidence: Evidence) -> "Read":
        """Take the question apart and rank the statements: by their vectors, and the likeliest word by word."""
        return self._read(question, evidence, await self._cosines(question, evidence))

    def _read(self, question: str, evidence: Evidence, compared_with: Sequence[tuple[float, float]]) -> "Read":
        asked = take_apart(recased(without_markers(question), evidence.statements))
        near = [sum(pair) + one.relevance for pair, one in zip(compared_with, evidence.statements, strict=True)]
        nearest = sorted(range(len(near)), key=lambda place: -near[place])[:STATEMENTS_READ]
        statements = [evidence.statements[place] for place in nearest]
        cosines = [compared_with[place] for place in nearest]
        compared = Comparison(asked, self._known_words.likeness(asked.text, [one.text for one in statements]))
        return Read(compared, rank(compared, statements, cosines))

    async def _cosines(self, question: str, evidence: Evidence) -> list[tuple[float, float]]:
        """Compare the question with each statement, alone and with the sentence before it.

        The store holds their vectors; those that it does not are computed, of the most relevant.
        """
        asked = evidence.vector if evidence.vector is not None else (await self._vectors.of([question]))[0]
        bare = [one for one in evidence.statements if one.vector is None][:STATEMENTS_READ]
        computed = dict(zip(map(id, bare), await self._vectors.of([one.text for one in bare]), strict=True))
        cosines = []
        for one in evidence.statements:
            alone = one.vector if one.vector is not None else computed.get(id(one))
            near = one.vector_near if one.vector_near is not None else alone
            cosines.append((0.0, 0.0) if alone is None or near is None else (float(asked @ alone), float(asked @ near)))
        return cosines


@dataclass(frozen=True)
class Read:
    """What the extractive writer made of a question and the evidence, before it chooses."""

    compared: Comparison
    ranked: list[Candidate]


def _later_first(chosen: Sequence[Chosen], read: Read, evidence: Evidence) -> list[Chosen]:
    """Put in front of each statement that of a later article which gives its number otherwise, if that answers too."""
    others = [one.statement for one in read.ranked]
    fits = {id(one.statement): one.fit for one in read.ranked}
    ordered: list[Chosen] = []
    for one in chosen:
        superseded = superseding(one.statement, others, evidence.articles)
        later = next((each for each in superseded if not objection(read.compared, each, fits[id(each)])), None)
        ordered += [next((each for each in chosen if each.statement == later), Chosen(later, ()))] if later else []
        ordered.append(one)
    return list(dict.fromkeys(ordered))


class WordLikeness:
    """The cosines of a question's words with its statements'."""

    def __init__(self, words: Sequence[str], vectors: Vectors) -> None:
        """Take the words and a vector for each."""
        self._words = words
        self._vectors = vectors
        self._place = {word: place for place, word in enumerate(words)}
        self._cosines: dict[str, Vectors] = {}

    def near(self, word: str, least: float) -> list[str]:
        """Give the words whose cosine with one is at least so much."""
        if word not in self._place:
            return []
        if word not in self._cosines:
            self._cosines[word] = self._vectors @ self._vectors[self._place[word]]
        return [self._words[place] for place in np.flatnonzero(self._cosines[word] >= least).tolist()]


class WordCache:
    """Remembers the vectors of single words, which the next question has too; safe in any thread."""

    def __init__(self, words: Callable[[Sequence[str]], Vectors]) -> None:
        """Take what gives the vectors."""
        self._vectors_of = words
        self._place: dict[str, int] = {}
        self._vectors: Vectors | None = None
        self._held = threading.Lock()

    def likeness(self, question: str, statements: Sequence[str]) -> WordLikeness:
        """Compare a question's words with those of statements, of each with those where news would have ended it."""
        texts = [text[:LONGEST_SENTENCE] for text in (question, *statements)]
        wanted = sorted({one.lower for text in texts for one in lexemes(text) if one.content and not one.number})
        with self._held:
            fresh = [word for word in wanted if word not in self._place]
            if len(self._place) + len(fresh) > WORDS_KEPT:  # begin anew: the common ones are soon there again
                self._place, fresh = {}, wanted
            vectors = self._vectors_of(fresh)
            if self._vectors is None:  # the system gives memory only for what is written
                self._vectors = np.empty((WORDS_KEPT, vectors.shape[1]), np.float32)
            start = len(self._place)
            self._vectors[start : start + len(fresh)] = vectors
            self._place |= zip(fresh, range(start, start + len(fresh)), strict=True)
            return WordLikeness(wanted, self._vectors[[self._place[word] for word in wanted]])


class VectorCache:
    """Remembers the vectors of sentences, so that the next question does not compute them again."""

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
        self._most_tokens = int(model.context_window * _PROMPT)

    @property
    def name(self) -> str:
        """Name the model."""
        return self._model.name

    async def standalone(self, question: Question) -> Standalone:
        """Let the model rewrite a follow-up; where it does not, or brings in what nobody said, the names are put in."""
        plain = searchable(question.question, question.history)
        if stands_alone(question.question, question.history):
            return Standalone(plain)
        turns = [PromptTurn(turn.role, without_markers(turn.text)) for turn in question.history]
        messages = standalone_prompt(question.question, turns, self._most_tokens)
        text, usage = "", None
        try:
            async with asyncio.timeout(_PATIENCE), aclosing(self._model.stream(messages)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, Usage):
                        usage = piece
                    elif len(text) <= LONGEST_REPLY:
                        text += piece
                    else:
                        break
        except (WriterUnavailable, TimeoutError) as error:
            kind = error.kind if isinstance(error, WriterUnavailable) else "timeout"
            why = str(error) or "the model took too long"
            said = "A follow-up is understood by its names alone: %(why)s"
            _log.warning(said, {"why": why, "model": self.name, "kind": kind})
            return Standalone(plain, usage)
        rewritten = standalone_question(text)
        said = " ".join([question.question, plain, *(turn.text for turn in question.history)])
        kept = rewritten and _of_their_words(rewritten, said) and _asks_the_same(rewritten, question.question)
        return Standalone(rewritten if rewritten and kept else plain, usage)

    async def write(self, question: Question, evidence: Evidence) -> AsyncGenerator[Draft | Usage]:
        """Cut the model's text into sentences as it arrives; nothing is asked where there is nothing to quote."""
        shown = sorted({statement.hit for statement in evidence.statements})[:PASSAGES_SHOWN]
        if not shown:
            return
        passages = [self._passage(hit, evidence) for hit in shown]
        messages, room = answer_prompt(question.question, passages, self._most_tokens)
        text, length = "", 0
        said: dict[str, None] = {}
        async with aclosing(self._model.stream(messages)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Usage):
                    yield piece
                    continue
                length += len(piece)
                for at in range(0, len(piece), _AT_ONCE):
                    text += visible(piece[at : at + _AT_ONCE])
                    sentences, text = cut(text, ended=False)
                    for draft in self._drafts(sentences, shown[:room], said):
                        yield draft
                    if len(text) > LONGEST_SENTENCE:
                        raise WriterUnavailable(f"The language model {self.name} does not come to an end.")
                    await asyncio.sleep(0)
                if length > LONGEST_REPLY or len(said) == MOST_SENTENCES:
                    return  # and what is unfinished stays unsaid
        for draft in self._drafts(cut(text, ended=True)[0], shown[:room], said):
            yield draft

    @staticmethod
    def _passage(hit: int, evidence: Evidence) -> PromptPassage:
        """Show of a hit what can be quoted, and so neither furniture nor orders."""
        source = evidence.hits[hit].passage.source
        text = " ".join(one.text for one in evidence.statements if one.hit == hit)
        return PromptPassage(source.title, source.outlet, source.published, text)

    def _drafts(self, sentences: Sequence[Written], shown: Sequence[int], said: dict[str, None]) -> list[Draft]:
        """Resolve the model's numbers, which count from 1; those that name no passage name nothing.

        A sentence that it has `said` before is not drafted again.
        """
        drafts = []
        for one in sentences:
            text = visible(one.text)  # again, as what nobody sees may come in two pieces
            if not said and refuses(text) and not says_not(text):
                raise WriterUnavailable(f"The language model {self.name} declined to answer.", "declined")
            known = text in said or len(said) == MOST_SENTENCES
            said[text] = None
            if known or says_not(text):
                continue
            drafts.append(Draft(text, tuple(shown[number - 1] for number in one.numbers if 1 <= number <= len(shown))))
        return drafts


def _of_their_words(rewritten: str, said: str) -> bool:
    """Tell whether a model's question brings in no name, number or address that the conversation does not have."""
    known = words(said)
    named = [word for word in words(rewritten) if word.name or word.number]
    return not strange(rewritten, "") and all(best(word, known) >= _SAME_NAME for word in named)


def _asks_the_same(rewritten: str, question: str) -> bool:
    """Tell whether a model's question has half of the words that say what the follow-up asks."""
    asked = [word for word in words(question) if word.content and not word.light]
    known = words(rewritten)
    return 2 * sum(best(word, known) > 0 for word in asked) >= len(asked)
