"""The cases of an evaluation: fixed questions, and what their answers must and must not be. Read from YAML."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import AwareDatetime, BeforeValidator, Field, ValidationError, field_validator, model_validator

from evals.errors import CasesUnreadable
from retrieval.types import Frozen, Scope
from service.types import QuestionText, Turn


class Number(Frozen):
    """A number in any spelling: 31, thirty-one, 31.0; `$200 billion` is the number 200000000000."""

    number: float
    tolerance: float = Field(default=0.0, ge=0, description="How far it may be off, in the number's own units.")


class Day(Frozen):
    """A date in any form: `2023-11-10` is met by "10 November 2023" and "Nov. 10", `2018` by any date of that year."""

    date: str = Field(pattern=r"^\d{4}(-\d\d(-\d\d)?)?$")

    @field_validator("date", mode="before")
    @classmethod
    def _as_text(cls, date: object) -> str:
        return str(date)  # YAML makes a date of 2023-11-10 and a number of 2018


Spelling = str | Number | Day


def _as_lines(facts: object) -> object:
    """Let a fact that has one spelling stand without brackets."""
    return [fact if isinstance(fact, list) else [fact] for fact in facts] if isinstance(facts, list) else facts


Fact = Annotated[tuple[Spelling, ...], Field(min_length=1)]


class Case(Frozen):
    """One question, and what is known of its answer."""

    id: str = Field(min_length=1, max_length=200)
    question: QuestionText
    history: tuple[Turn, ...] = Field(default=(), description="The turns before, oldest first.")
    scope: Scope = Scope()
    as_of: AwareDatetime | None = Field(default=None, description="Use nothing that was published later.")
    answered: bool = Field(description="False: the articles do not say it, and the service must abstain.")
    facts: Annotated[tuple[Fact, ...], BeforeValidator(_as_lines)] = Field(
        default=(), description="Each must be in the answer, in any one of its spellings."
    )
    forbidden: tuple[str, ...] = Field(default=(), description="Words that must not be in the answer.")
    articles: tuple[str, ...] = Field(
        default=(), description="The articles that say it: one of them must be cited, and any may be."
    )
    must_cite: tuple[str, ...] = Field(default=(), description="Articles each of which must be cited.")
    must_not_cite: tuple[str, ...] = Field(default=(), description="Articles none of which may be cited.")
    least_sources: int = Field(
        default=0, ge=0, description="Independent sources that some sentence of the answer must have at least."
    )
    required: bool = Field(default=False, description="Without a baseline and minima, the required cases decide.")
    draft: bool = Field(default=False, description="Drafted by a machine and not confirmed yet: it does not count.")
    tags: tuple[str, ...] = ()

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


def read_cases(path: Path) -> CaseFile:
    """Read a file of cases, its drafts among them: `chosen` leaves these out. `corpus` is seen from here.

    Raises:
        CasesUnreadable: it is not there, is no YAML, or a case is wrong.

    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        file = CaseFile.model_validate(content)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CasesUnreadable(f"{path} cannot be read: {error}") from error
    except ValidationError as error:
        problems = "; ".join(_problem(one, content) for one in error.errors()[:3])
        more = f"; and {error.error_count() - 3} more" if error.error_count() > 3 else ""  # noqa: PLR2004 - those shown
        raise CasesUnreadable(f"{path} is no file of cases: {problems}{more}") from error
    return file.model_copy(update={"corpus": str(path.parent / file.corpus)}) if file.corpus else file


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
    """Give the JSON Schema of a file of cases, for editors: evals/questions.schema.json."""
    described: dict[str, Any] = CaseFile.model_json_schema()
    described["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    # What a validator takes beside the type: a fact with one spelling may stand without brackets.
    facts = described["$defs"]["Case"]["properties"]["facts"]
    facts["items"] = {"anyOf": [facts["items"], *facts["items"]["items"]["anyOf"]]}
    day = described["$defs"]["Day"]["properties"]["date"]
    described["$defs"]["Day"]["properties"]["date"] = {"anyOf": [day, {"type": "integer"}]}
    return json.dumps(described, indent=2, ensure_ascii=False) + "\n"


def _problem(error: Any, content: Any) -> str:  # noqa: ANN401 - pydantic's error, and any YAML
    """Say where it is by the case's id."""
    where = list(error["loc"])
    if where[:1] == ["cases"] and len(where) > 1 and isinstance(where[1], int):
        case = content["cases"][where[1]]
        name = case.get("id") if isinstance(case, dict) else None
        where = [f"case {name or where[1] + 1}", *where[2:]]
    return f"{'.'.join(str(one) for one in where) or 'the file'}: {error['msg'].removeprefix('Value error, ')}"
