r"""Answers that were produced elsewhere, held against the words that they cite: `groundwire eval check answers.jsonl`.

A line is a JSON object (or the file is one list of them):

    {"id": "drones", "question": "How many?", "answer": "India buys 31 drones [1].",
     "citations": [{"marker": 1, "source": "a", "quote": "India plans to buy 31 drones."}],
     "sources": [{"id": "a", "title": "Drones", "text": "India plans to buy 31 drones. …"}]}

`answer` (or `response`) is all that must be there; with `"answered": false` it is an abstention, and so it is if it
says that nothing was found and cites nothing. Of a citation, `source` is the place of a source from 1, or its `id`,
`url` or `title`; `marker` the number that stands for it in the answer, else the place of its source, else its own; a
quote alone may stand for a citation. Where the answer has no markers, each sentence cites all citations. A marker for
which there is no citation cites the source at that place, with its whole text, as ALCE's passages are cited. Of a
source (`sources`, `contexts`, `retrieved_contexts`) a text alone is enough. What else a line has is ignored.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from evals.addresses import located
from evals.cases import Case, CaseFile
from evals.errors import EvalError
from evals.judging import Judgement, failed, judge
from evals.metrics import Metric, measure
from evals.replies import Cited, Reply, Said
from evals.run import Report, Tried, outcome
from evals.sourced import says_nothing
from service.sentences import cut
from service.types import MOST_QUESTION

# What can be told of an answer without a case.
_OF_CITATIONS = (
    "quote_validity",
    "citation_recall_verified",
    "citation_precision_verified",
    "unsupported_sentences",
)
_TOLD = 3  # problems of a file at once
_LONGEST_ID = 200


class AnswersUnreadable(EvalError):
    """The file of answers is not there, or is none; whoever wrote it acts."""


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Source(_Read):
    """A source of an answer; without a text its quotes cannot be checked."""

    id: str | int | None = Field(default=None, validation_alias=AliasChoices("id", "article_id"))
    url: str | None = None
    title: str | None = None
    text: str | None = Field(default=None, validation_alias=AliasChoices("text", "content", "page_content"))

    @property
    def name(self) -> str | None:
        """Give what it is called."""
        return str(self.id) if self.id is not None else self.url or self.title


class Citation(_Read):
    """A citation of an answer."""

    quote: str | None = None
    source: int | str | None = None
    marker: int | None = Field(default=None, ge=0)
    start: int | None = Field(default=None, ge=0)
    end: int | None = Field(default=None, ge=0)


def _object(key: str) -> BeforeValidator:
    """Let words alone stand for an object with them."""
    return BeforeValidator(lambda given: {key: given} if isinstance(given, str) else given)


class Line(_Read):
    """An answer; see the module."""

    id: str | int | None = None
    question: str | None = Field(default=None, validation_alias=AliasChoices("question", "user_input", "query"))
    answer: str | None = Field(validation_alias=AliasChoices("answer", "response"))
    answered: bool | None = None
    citations: tuple[Annotated[Citation, _object("quote")], ...] = ()
    sources: tuple[Annotated[Source, _object("text")], ...] = Field(
        default=(), validation_alias=AliasChoices("sources", "contexts", "retrieved_contexts")
    )
    place: str = ""

    @property
    def name(self) -> str:
        """Give its id, else its place in the file."""
        own = " ".join(str(self.id).split()) if self.id is not None else ""
        return own[:_LONGEST_ID].strip() or self.place


@dataclass(frozen=True)
class Checked:
    """A file of answers, checked."""

    report: Report
    tried: tuple[Tried, ...]
    unasked: tuple[str, ...]
    """Answers to none of the cases."""


def read_answers(path: Path) -> list[Line]:
    """Read a file of answers.

    Raises:
        AnswersUnreadable: it is not there, there is none in it, or some line is none.

    """
    lines: list[Line] = []
    problems: list[str] = []
    for place, given in _objects(path):
        if isinstance(given, ValueError | RecursionError):
            problems.append(f"{place} is no JSON: {given}")
            continue
        try:
            lines.append(Line.model_validate(given).model_copy(update={"place": place}))
        except ValidationError as error:
            problems += [f"{place}, {_where(one)}" for one in error.errors()]
    if problems:
        more = f"; and {len(problems) - _TOLD} more" if len(problems) > _TOLD else ""
        raise AnswersUnreadable(f"{path} is no file of answers: {'; '.join(problems[:_TOLD])}{more}")
    if not lines:
        raise AnswersUnreadable(f"{path} has no answers")
    return lines


def check(path: Path, file: CaseFile | None = None) -> Checked:
    """Score the answers of a file by what they cite, and by cases, of which each must have been answered.

    An answer is of the case that has its id, else of the one that asks its question; several answers to one case are
    its tries.

    Raises:
        AnswersUnreadable: as read_answers.

    """
    lines = read_answers(path)
    tried, unasked = _held(lines, file) if file else (_alone(lines), [])
    metrics = measure([one for some in tried for one in some.judgements])
    fingerprint = {"answers": _hash(path.read_bytes())}
    if file:
        fingerprint["cases"] = _hash("".join(one.model_dump_json() for one in file.cases if not one.draft).encode())
    report = Report(
        target=path.name,
        fingerprint=fingerprint,
        metrics=metrics if file else _of_citations(metrics),
        cases=tuple(outcome(one) for one in tried),
        times={},
    )
    return Checked(report, tuple(tried), tuple(unasked))


def reply_of(line: Line) -> Reply:
    """Read an answer as a reply: its sentences, and what each of them cites."""
    text = (line.answer or "").strip()
    written = cut(text, ended=True)[0]
    cited = [(_number(line, at), _cited(line, one)) for at, one in enumerate(line.citations)]
    marked = any(one.numbers for one in written) or any(one.marker is not None for one in line.citations)
    citations: list[Cited] = []
    sentences: list[Said] = []
    for sentence in written:
        mine = [one for number in sentence.numbers for one in _cited_by(line, number, cited)]
        if not marked:
            mine = [one for _, one in cited]
        sentences.append(Said(text=sentence.text, citations=tuple(range(len(citations), len(citations) + len(mine)))))
        citations += mine
    answered = line.answered if line.answered is not None else bool(citations) or not says_nothing(text)
    if not answered or not text:
        return Reply(answered=False, text=text, writer="")
    # A quote that no sentence cites is a quote all the same: it must be its source's words.
    citations += [one for _, one in cited if one not in citations]
    return Reply(answered=True, text=text, sentences=tuple(sentences), citations=tuple(citations), writer="")


def _objects(path: Path) -> Iterator[tuple[str, object]]:
    """Give what stands in the file and where; an error for what is no JSON."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise AnswersUnreadable(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise AnswersUnreadable(f"{path} cannot be read: it is not UTF-8") from error
    if text.lstrip().startswith("["):
        try:
            listed = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise AnswersUnreadable(f"{path} is no JSON: {error}") from error
        yield from ((f"answer {number}", one) for number, one in enumerate(listed, 1))
        return
    # JSON's lines end in "\n" alone: other ends of lines may stand in its strings.
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield f"line {number}", json.loads(line)
            except (ValueError, RecursionError) as error:
                yield f"line {number}", error


def _where(error: Mapping[str, Any]) -> str:
    field = ".".join(str(one + 1 if isinstance(one, int) else one) for one in error["loc"] if one != "int")
    said = "is missing" if error["type"] == "missing" else error["msg"].removeprefix("Value error, ")
    return f"{field}: {said}" if field else said


def _number(line: Line, at: int) -> int:
    """Give the number that stands for a citation in the answer."""
    citation = line.citations[at]
    if citation.marker is not None:
        return citation.marker
    if isinstance(citation.source, int):
        return citation.source
    named = [place for place, one in enumerate(line.sources, 1) if _names(one, citation.source)]
    return named[0] if named else at + 1


def _names(source: Source, name: str | None) -> bool:
    return name is not None and name in {str(source.id), source.url, source.title}


def _cited_by(line: Line, number: int, cited: Sequence[tuple[int, Cited]]) -> list[Cited]:
    """Give what a marker stands for; nothing, if that is nothing."""
    mine = [one for own, one in cited if own == number]
    if mine or not 0 < number <= len(line.sources):
        return mine
    source = line.sources[number - 1]
    # Its whole text proves the sentence, or does not; as a quote it says nothing of the answer.
    return [Cited(article_id=source.name, url=source.url, title=source.title or "", quote=source.text)]


def _cited(line: Line, citation: Citation) -> Cited:
    """Find the source of a citation, and the quote in its text."""
    source = _source(line, citation)
    if source is None:
        # The words of a source that there is not are nobody's; where none is named, that cannot be told.
        named = citation.source is not None and bool(line.sources)
        name = None if citation.source is None else str(citation.source)
        return Cited(article_id=name, quote=citation.quote, article="" if named else None)
    quote, start, end = citation.quote, citation.start, citation.end
    if quote and source.text and start is None and (span := located(source.text, quote)):
        quote, start, end = source.text[slice(*span)], *span
    return Cited(
        article_id=source.name,
        url=source.url,
        title=source.title or "",
        quote=quote,
        article=source.text if quote is not None else None,
        start=start,
        end=end,
    )


def _source(line: Line, citation: Citation) -> Source | None:
    if isinstance(citation.source, int) and not any(_names(one, str(citation.source)) for one in line.sources):
        return line.sources[citation.source - 1] if 0 < citation.source <= len(line.sources) else None
    if citation.source is not None:
        return next((one for one in line.sources if _names(one, str(citation.source))), None)
    if len(line.sources) == 1:
        return line.sources[0]
    having = [one for one in line.sources if citation.quote and one.text and located(one.text, citation.quote)]
    return having[0] if having else None


def _alone(lines: Sequence[Line]) -> list[Tried]:
    """Judge answers of which only what they cite is known."""
    tried: dict[str, list[Judgement]] = {}
    for line in lines:
        reply = reply_of(line)
        question = " ".join((line.question or "").split())[:MOST_QUESTION] or "(no question)"
        # A draft: whether it should have been answered, and how, nobody has said.
        case = Case(id=line.name, question=question, answered=reply.answered, draft=True)
        tried.setdefault(case.id, []).append(judge(case, reply, {}))
    return [Tried(some[0].case, tuple(some)) for some in tried.values()]


def _held(lines: Sequence[Line], file: CaseFile) -> tuple[list[Tried], list[str]]:
    """Hold answers against cases; give the names of those that are to none."""
    cases = [case for case in file.cases if not case.draft]
    by_id = {case.id: case for case in cases}
    by_question = {_folded(case.question): case for case in cases}
    given: dict[str, list[Reply]] = {}
    unasked: list[str] = []
    for line in lines:
        case = by_id.get(line.name) or by_question.get(_folded(line.question or ""))
        if case:
            given.setdefault(case.id, []).append(reply_of(line))
        else:
            unasked.append(line.name)
    tried = [
        Tried(case, tuple(judge(case, reply, {}) for reply in given.get(case.id, ())) or (failed(case, "no answer"),))
        for case in cases
    ]
    return tried, unasked


def _of_citations(metrics: Mapping[str, Metric]) -> dict[str, Metric]:
    return {name: metrics[name] for name in _OF_CITATIONS}


def _folded(question: str) -> str:
    return " ".join(question.casefold().split())


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
