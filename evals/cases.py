"""The cases of an evaluation: fixed questions, and what their answers must and must not be; case_files.py reads."""

import datetime as dt
import json
from collections.abc import Sequence
from typing import Annotated, Any, TypeGuard

from pydantic import (
    AwareDatetime,
    BeforeValidator,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    field_validator,
    model_validator,
)

from evals.errors import CasesUnreadable
from retrieval.types import Frozen, Scope
from service.types import MOST_TURNS, Question, QuestionText, Turn

Words = Annotated[str, StringConstraints(pattern=r"\S")]


class Number(Frozen):
    """A number in any spelling: 31, thirty-one, 31.0; `$200 billion` is the number 200000000000."""

    number: float = Field(strict=True, allow_inf_nan=False)
    tolerance: float = Field(
        default=0.0, ge=0, strict=True, allow_inf_nan=False, description="How far off it may be, in its own units."
    )


class Day(Frozen):
    """A date in any form: `2023-11-10` is met by "10 November 2023" and "Nov. 10", `2018` by any date of that year."""

    date: str = Field(pattern=r"^\d{4}(-\d\d(-\d\d)?)?$", description="A day, a month or a year.")

    @field_validator("date", mode="before")
    @classmethod
    def _as_text(cls, date: object) -> str:
        return str(date)  # YAML makes a date of 2023-11-10 and a number of 2018

    @field_validator("date")
    @classmethod
    def _is_one(cls, date: str) -> str:
        dt.date.fromisoformat(date + "-01" * (2 - date.count("-")))  # its ValueError says what is wrong
        return date


def _kind(spelling: object) -> str | None:
    """Tell which a spelling is meant to be, so that an error is told of that kind alone."""
    if isinstance(spelling, str):
        return "text"
    if isinstance(spelling, Number | Day):
        return "number" if isinstance(spelling, Number) else "date"
    fields = spelling if isinstance(spelling, dict) else {}
    return next((kind for kind in ("number", "date") if kind in fields), None)


Spelling = Annotated[
    Annotated[Words, Tag("text")] | Annotated[Number, Tag("number")] | Annotated[Day, Tag("date")],
    Discriminator(
        _kind,
        custom_error_type="spelling",
        custom_error_message="a fact is words, in quotes where YAML reads a number or a date, {number: …} or {date: …}",
    ),
]


def _as_lines(facts: object) -> object:
    """Let a fact that has one spelling stand without brackets."""
    return [fact if isinstance(fact, list | tuple) else [fact] for fact in facts] if _is_list(facts) else facts


def _is_list(one: object) -> TypeGuard[Sequence[object]]:
    return isinstance(one, list | tuple)


def _midnight(moment: object) -> object:
    """Let a day stand for its beginning, as in the front matter of articles; seconds since 1970 are an oversight."""
    if isinstance(moment, int | float):
        message = "is no date"
        raise ValueError(message)  # noqa: TRY004 - pydantic's way
    if isinstance(moment, dt.date) and not isinstance(moment, dt.datetime):
        return dt.datetime.combine(moment, dt.time(), dt.UTC)
    return moment


Fact = Annotated[tuple[Spelling, ...], Field(min_length=1)]


class Case(Frozen):
    """One question, and what is known of its answer."""

    id: str = Field(pattern=r"^\S(.*\S)?$", max_length=200, description="A name of its own, on one line.")
    question: QuestionText
    history: tuple[Turn, ...] = Field(default=(), max_length=MOST_TURNS, description="The turns before, oldest first.")
    scope: Scope = Scope()
    as_of: Annotated[AwareDatetime | None, BeforeValidator(_midnight)] = Field(
        default=None, description="Use nothing that was published later."
    )
    answered: bool = Field(strict=True, description="False: the articles do not say it, and the service must abstain.")
    facts: Annotated[tuple[Fact, ...], BeforeValidator(_as_lines)] = Field(
        default=(), description="Each must be in the answer, in any one of its spellings."
    )
    forbidden: tuple[Words, ...] = Field(default=(), description="Words that must not be in the answer.")
    articles: tuple[Words, ...] = Field(
        default=(), description="The articles that say it: one of them must be cited, and any may be."
    )
    must_cite: tuple[Words, ...] = Field(default=(), description="Articles each of which must be cited.")
    must_not_cite: tuple[Words, ...] = Field(default=(), description="Articles none of which may be cited.")
    least_sources: int = Field(
        default=0,
        ge=0,
        strict=True,
        description="Independent sources that some sentence of the answer must have at least.",
    )
    required: bool = Field(
        default=False, strict=True, description="Without a baseline and minima, the required cases decide."
    )
    draft: bool = Field(
        default=False, strict=True, description="Drafted by a machine and not confirmed yet: it does not count."
    )
    tags: tuple[Words, ...] = ()

    @field_validator("history")
    @classmethod
    def _bounded(cls, history: tuple[Turn, ...]) -> tuple[Turn, ...]:
        return Question(question="Within its bounds?", history=history).history

    @model_validator(mode="after")
    def _consistent(self) -> "Case":
        if not self.answered and (self.facts or self.articles or self.must_cite or self.least_sources):
            message = "a case that must not be answered has no facts, articles, must_cite or least_sources"
            raise ValueError(message)
        if self.answered and not self.draft and not self.facts:
            message = "a case that must be answered has at least one fact: any answer would be right"
            raise ValueError(message)
        if wrong := {*self.articles, *self.must_cite} & {*self.must_not_cite}:
            message = f"{', '.join(sorted(wrong))} must be cited and must not"
            raise ValueError(message)
        return self

    @property
    def gold(self) -> frozenset[str]:
        """Give the articles that say it."""
        return frozenset({*self.articles, *self.must_cite})


class CaseFile(Frozen):
    """A file of cases."""

    corpus: str | None = Field(
        default=None, description="The folder of the articles, seen from this file; they are ingested for the run."
    )
    cases: tuple[Case, ...] = Field(min_length=1)

    @field_validator("cases")
    @classmethod
    def _own_ids(cls, cases: tuple[Case, ...]) -> tuple[Case, ...]:
        ids = [case.id for case in cases]
        if twice := sorted({one for one in ids if ids.count(one) > 1}):
            message = f"these ids stand twice: {', '.join(twice)}"
            raise ValueError(message)
        return cases


def chosen(file: CaseFile, tags: Sequence[str] = ()) -> tuple[Case, ...]:
    """Give the cases that are to be asked: those that are no drafts and have any of the tags.

    Raises:
        CasesUnreadable: there is none.

    """
    kept = tuple(case for case in file.cases if not case.draft and (not tags or {*tags} & {*case.tags}))
    if not kept:
        why = f"no case has the tag {' or '.join(tags)}" if tags else f"all {len(file.cases)} cases are drafts"
        raise CasesUnreadable(f"there is nothing to ask: {why}")
    return kept


def schema() -> str:
    """Give the JSON Schema of a file of cases, for editors: evals/questions.schema.json.

    It knows all but this: no id stands twice, no article must be cited and must not, and a date is one of the calendar.
    """
    described: dict[str, Any] = CaseFile.model_json_schema()
    described["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    described["title"] = "Cases of groundwire eval"
    case, day = described["$defs"]["Case"], described["$defs"]["Day"]
    # What a validator takes beside the type: a fact with one spelling may stand without brackets, a year is a number,
    # and a day stands for its beginning.
    facts = case["properties"]["facts"]
    facts["items"] = {"anyOf": [facts["items"], *facts["items"]["items"]["oneOf"]]}
    year = {"type": "integer", "minimum": 1000, "maximum": 9999}
    day["properties"]["date"] = {"anyOf": [day["properties"]["date"], year]}
    case["properties"]["as_of"]["anyOf"].append({"type": "string", "format": "date"})
    none: dict[str, Any] = {key: {"maxItems": 0} for key in ("facts", "articles", "must_cite")}
    none["least_sources"] = {"const": 0}
    is_draft = {"properties": {"draft": {"const": True}}, "required": ["draft"]}
    case["if"] = {"properties": {"answered": {"const": False}}}
    case["then"] = {"properties": none}
    case["else"] = {"anyOf": [is_draft, {"properties": {"facts": {"minItems": 1}}, "required": ["facts"]}]}
    return json.dumps(described, indent=2, ensure_ascii=False) + "\n"
