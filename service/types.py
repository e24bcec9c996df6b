"""The types of answering: Question in, Answer out, the events of a stream. Frozen; every protocol projects these."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BeforeValidator, Field, StringConstraints, field_validator, model_validator

from retrieval.types import Corpus, Frozen, Hit, Passage, Scope, Source, Text, without_surrogates

MOST_QUESTION = 2000  # characters
MOST_TURNS = 40
MOST_HISTORY = 20_000  # characters in all turns together

# The constraints stand next to `str`: behind another validator they would measure the text before it is stripped.
QuestionText = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MOST_QUESTION),
    BeforeValidator(without_surrogates),
]


class Turn(Frozen):
    """One turn of the conversation so far."""

    role: Literal["user", "assistant"]
    text: Annotated[Text, StringConstraints(max_length=MOST_HISTORY)]


OnUnsupported = Literal["drop", "mark", "keep", "abstain"]
"""What becomes of a sentence that nothing proves: left out; sent with a mark; sent as it is; or no answer at all."""


ChatExtra = Literal["events", "sources", "spans"]
"""What chat clients may have beyond what all of them read: Open WebUI's source events; a list of the sources as
Markdown behind the text; the AI SDK's newer fields, of which its older versions break."""


class Options(Frozen):
    """What a client may ask of one answer."""

    model: str | None = Field(default=None, max_length=200, description="One of the models that the operator allows.")
    on_unsupported: OnUnsupported | None = Field(default=None, description="Otherwise what the operator has set.")
    include_hits: bool = Field(default=False, strict=True, description="Give the retrieved passages with the answer.")


class Question(Frozen):
    """What is asked; `{"question": "…"}` is enough."""

    question: QuestionText
    history: tuple[Turn, ...] = Field(default=(), max_length=MOST_TURNS, description="The turns before, oldest first.")
    scope: Scope = Scope()
    as_of: AwareDatetime | None = Field(default=None, description="Use nothing that was published later.")
    options: Options = Options()

    @field_validator("history")
    @classmethod
    def _bounded(cls, history: tuple[Turn, ...]) -> tuple[Turn, ...]:
        if sum(len(turn.text) for turn in history) > MOST_HISTORY:
            message = f"the turns hold more than {MOST_HISTORY} characters together"
            raise ValueError(message)
        return history


class SearchRequest(Question):
    """A question whose passages are wanted, and how many."""

    limit: int = Field(default=10, ge=1, le=100, strict=True)


class Sentence(Frozen):
    """A sentence of the answer: `answer.text[start:end] == text`, markers included."""

    text: str
    start: int
    end: int
    verdict: Literal["supported", "unsupported"]
    reasons: tuple[str, ...] = ()
    citations: tuple[int, ...] = Field(description="Indices into Answer.citations.")
    independent_sources: int = Field(ge=0)


class Citation(Frozen):
    """The exact words that support a sentence: `article.text[start:end] == quote` in the source's version."""

    source: int = Field(ge=1, description="The number of the source, as in `[1]`.")
    passage_id: str
    quote: str
    start: int
    end: int
    answer_start: int
    answer_end: int
    support: float = Field(ge=0, le=1)


class CitedSource(Source):
    """A source with its number in this answer."""

    number: int = Field(ge=1)


Reason = Literal["nothing_relevant", "not_answered", "not_supported", "not_a_question"]


class Abstention(Frozen):
    """Why there is no answer, for programs and for people."""

    reason: Reason
    message: str


Matter = Literal["number", "date", "speaker", "status"]


class Disagreement(Frozen):
    """Sentences of the answer that say different things of the same, that of the newest article first."""

    kind: Matter = Field(description="What they differ in.")
    about: str = Field(description="Words that they share.")
    sentences: tuple[int, ...] = Field(description="Indices into Answer.sentences.")
    says: tuple[str, ...] = Field(description="What each of them says, in its article's words.")
    over_time: bool = Field(
        description="The articles are of different days, and each may have been right on its own: read it as of then."
    )


NoticeKind = Literal["read_as", "left_out", "unsupported", "fallback", "cut_short", "older_than_asked"]
"""How a follow-up was understood; what was drafted and not proved is left out, or is there; the language model failed,
and another writer answers, or what it had written stands; the sources are older than the question asks for."""


class Notice(Frozen):
    """Something to know about the answer that is no part of it."""

    kind: NoticeKind
    message: str


class Usage(Frozen):
    """What the language model counted, in tokens."""

    input_tokens: int
    output_tokens: int


class Answer(Frozen):
    """The one result that the JSON answer, the stream, the CLI and the evals are projections of."""

    id: str
    question: str
    answered: bool
    text: str | None
    abstained: Abstention | None
    sentences: tuple[Sentence, ...] = ()
    citations: tuple[Citation, ...] = ()
    sources: tuple[CitedSource, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()
    left_out: int = Field(default=0, ge=0, description="Sentences that were drafted, and that nothing proves.")
    notices: tuple[Notice, ...] = ()
    hits: tuple[Hit, ...] | None = None
    writer: str = Field(description="`extractive`, or the `provider/model` that wrote the text.")
    corpus: Corpus
    usage: Usage | None = None
    timings_ms: dict[str, float]

    @model_validator(mode="after")
    def _answered_or_abstained(self) -> "Answer":
        if self.answered in {self.text is None, self.abstained is not None}:
            message = "an answer has either a text or a reason why not"
            raise ValueError(message)
        return self


class Searched(Frozen):
    """The passages that the answer will be written from."""

    hits: tuple[Hit, ...]


class SentenceReady(Frozen):
    """The next verified sentence; the `text`s of all of them joined are `Answer.text`."""

    text: str
    sentence: Sentence
    citations: tuple[Citation, ...]
    new_sources: tuple[CitedSource, ...]


class Answered(Frozen):
    """The whole answer; the last event of a stream that ended well."""

    answer: Answer


class Failed(Frozen):
    """The last event of a stream that did not end well; a problem document."""

    error: dict[str, str | int]


Event = Searched | SentenceReady | Answered | Failed

__all__ = [
    "Abstention",
    "Answer",
    "Answered",
    "Citation",
    "CitedSource",
    "Corpus",
    "Disagreement",
    "Event",
    "Failed",
    "Hit",
    "Notice",
    "Options",
    "Passage",
    "Question",
    "Scope",
    "SearchRequest",
    "Searched",
    "Sentence",
    "SentenceReady",
    "Source",
    "Turn",
    "Usage",
]
