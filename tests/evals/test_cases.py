"""Files of cases: what is read, what is refused and how it is said, and the JSON Schema that editors read."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # chromadb brings it
import pytest
import yaml

from evals.case_files import read_cases
from evals.cases import Case, CaseFile, Day, Number, chosen, schema
from evals.errors import CasesUnreadable
from tests.processes import groundwire

ROOT = Path(__file__).parents[2]
COMMITTED = ROOT / "evals" / "questions.schema.json"


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "questions.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(tmp_path: Path, text: str) -> str:
    with pytest.raises(CasesUnreadable) as refused:
        read_cases(written(tmp_path, text))
    return str(refused.value)


def case(**fields: object) -> dict[str, Any]:
    return {"cases": [{"id": "one", "question": "What did it cost?", "answered": True, "facts": [["31"]]} | fields]}


def follows_schema(content: object) -> bool:
    return bool(jsonschema.Draft202012Validator(json.loads(schema())).is_valid(content))


def is_accepted(content: object) -> bool:
    try:
        CaseFile.model_validate(content)
    except ValueError:
        return False
    return True


def test_every_kind_of_fact_is_read(tmp_path: Path) -> None:
    file = read_cases(
        written(
            tmp_path,
            """
cases:
  - id: one
    question: What did it cost?
    answered: true
    as_of: 2023-11-12
    facts:
      - thirty-one
      - ["31", {number: 31, tolerance: 0.5}]
      - {date: 2023-11-10}
      - [{date: 2018}, {date: 2018-05}]
""",
        )
    )
    [one] = file.cases
    assert one.facts == (
        ("thirty-one",),
        ("31", Number(number=31, tolerance=0.5)),
        (Day(date="2023-11-10"),),
        (Day(date="2018"), Day(date="2018-05")),
    )
    assert one.as_of == datetime(2023, 11, 12, tzinfo=UTC)


def test_a_file_that_was_read_is_read_again_as_it_was_written(tmp_path: Path) -> None:
    file = read_cases(ROOT / "seeds" / "questions.yaml")
    again = read_cases(written(tmp_path, yaml.safe_dump(json.loads(file.model_dump_json()))))
    assert again.cases == file.cases


def test_drafts_are_not_asked_and_a_file_of_nothing_else_is_said(tmp_path: Path) -> None:
    draft = '  - {id: two, question: "Who?", answered: true, draft: true}\n'
    both = 'cases:\n  - {id: one, question: "What?", answered: false, tags: [a]}\n' + draft
    file = read_cases(written(tmp_path, both))
    assert [one.id for one in chosen(file)] == ["one"]
    assert [one.id for one in chosen(file, ["a"])] == ["one"]
    with pytest.raises(CasesUnreadable, match="no case has the tag b"):
        chosen(file, ["b"])
    with pytest.raises(CasesUnreadable, match="all 1 cases are drafts"):
        chosen(read_cases(written(tmp_path, "cases:\n" + draft)))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("facts: [31]", "line 5, case one, facts.1.1: a fact is words"),
        ("facts: [2023-11-10]", "line 5, case one, facts.1.1: a fact is words"),
        ("facts: [yes]", "line 5, case one, facts.1.1: a fact is words"),
        ('facts: [["31", {number: many}]]', "line 5, case one, facts.1.2.number: Input should be a valid number"),
        ("facts: [{date: 2023-13-01}]", "cannot be read: month must be in 1..12"),
        ('facts: [{date: "2023-13-01"}]', "line 5, case one, facts.1.1.date: month must be in 1..12"),
        ("fact: [a]", "line 5, case one, fact: is no field: facts is meant, perhaps"),
        ("draft: maybe", "line 5, case one, draft: Input should be a valid boolean"),
        ("must_cite: [x]\n    must_not_cite: [x]\n    facts: [a]", "line 2, case one: x must be cited and must not"),
        ("tags: []", "line 2, case one: a case that must be answered has at least one fact"),
        ("answered: false", "line 5, column 5"),
    ],
)
def test_a_wrong_case_is_named_with_its_line_and_its_field(tmp_path: Path, line: str, said: str) -> None:
    text = f'cases:\n  - id: one\n    question: "What?"\n    answered: true\n    {line}\n'
    assert said in refusal(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it has no `cases:`"),
        ("- id: one", "it has no `cases:`"),
        ("cases: []", "cases: Tuple should have at least 1 item"),
        ("cases: [", "cannot be read"),
        ("cases:\n  - 5\n", "line 2, case 1"),
        ('cases:\n  - {question: "What?", answered: false}\n', "line 2, case 1, id: is missing"),
        (
            'cases:\n  - {id: a, question: "What?", answered: false}\n  - {id: a, question: "Who?", answered: false}\n',
            "these ids stand twice: a",
        ),
    ],
)
def test_what_is_no_file_of_cases_is_said_so(tmp_path: Path, text: str, said: str) -> None:
    assert said in refusal(tmp_path, text)


def test_of_a_wrong_part_only_what_is_wrong_in_it_is_told(tmp_path: Path) -> None:
    fact = "cases:\n- id: a\n  question: q?\n  answered: true\n  facts: [[{number: 3, tolerence: 1}]]\n"
    assert refusal(tmp_path, fact).endswith(": line 5, case a, facts.1.1.tolerence: is no field")
    turn = "cases:\n- id: a\n  question: q?\n  answered: false\n  history:\n  - {role: user, content: who}\n"
    assert "history.1.text: is missing" in refusal(tmp_path, turn)


def test_lists_without_end_are_refused_in_one_line(tmp_path: Path) -> None:
    assert refusal(tmp_path, f"cases: {'[' * 3000}").endswith("nested too deeply")


def test_no_more_than_three_problems_are_told_and_the_others_counted(tmp_path: Path) -> None:
    refused = refusal(tmp_path, "cases:\n" + "".join(f'  - {{id: c{n}, question: "What?"}}\n' for n in range(5)))
    assert refused.count("is missing") == 3
    assert refused.endswith("and 2 more")


def test_a_file_that_is_not_there_or_is_not_text_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(CasesUnreadable, match="cannot be read"):
        read_cases(tmp_path / "none.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CasesUnreadable, match="cannot be read"):
        read_cases(tmp_path / "binary.yaml")


def test_the_committed_schema_is_current() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == schema(), "write it anew with `groundwire eval schema`"


def test_the_schema_is_one_and_accepts_the_fixed_questions() -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(schema()))
    assert follows_schema(yaml.safe_load((ROOT / "seeds" / "questions.yaml").read_text(encoding="utf-8")))


def test_the_schema_describes_every_field_of_a_case_that_does_not_speak_for_itself() -> None:
    fields = json.loads(schema())["$defs"]["Case"]["properties"]
    assert {name for name, field in fields.items() if "description" not in field} <= {"question", "scope", "tags"}
    assert set(fields) == set(Case.model_fields)


GOOD: list[dict[str, Any]] = [
    {},
    {"facts": ["31"]},
    {"facts": [{"number": 31}, ["31", {"number": 31, "tolerance": 2}]]},
    {"facts": [{"date": "2023-11-10"}, {"date": 2018}, [{"date": "2023-11"}]]},
    {"as_of": "2023-11-12T08:00:00Z"},
    {"history": [{"role": "user", "text": "Hello"}], "scope": {"outlets": ["Reuters"]}},
    {"articles": ["a"], "must_cite": ["b"], "must_not_cite": ["c"], "least_sources": 2, "tags": ["t"]},
    {"answered": False, "facts": []},
    {"draft": True, "facts": []},
    {"required": True, "forbidden": ["never"]},
]
BAD: list[dict[str, Any]] = [
    {"facts": []},
    {"facts": [[]]},
    {"facts": [31]},
    {"facts": "31"},
    {"facts": [True]},
    {"facts": [""]},
    {"facts": [{"number": "31"}]},
    {"facts": [{"number": 31, "tolerance": -1}]},
    {"facts": [{"number": 31, "date": "2018"}]},
    {"facts": [{"date": "10 November"}]},
    {"facts": [{"date": 18}]},
    {"answered": "yes"},
    {"answered": False},
    {"answered": False, "facts": [], "articles": ["a"]},
    {"answered": False, "facts": [], "least_sources": 1},
    {"id": ""},
    {"id": " one"},
    {"id": "one\ntwo"},
    {"question": ""},
    {"question": "x" * 2001},
    {"least_sources": -1},
    {"least_sources": "2"},
    {"required": "yes"},
    {"history": [{"role": "narrator", "text": "Hello"}]},
    {"history": [{"role": "user", "text": "Hello"}] * 41},
    {"scope": {"outlet": "Reuters"}},
    {"as_of": 5},
    {"tags": "one"},
    {"tags": [""]},
    {"forbidden": [" "]},
    {"answer": "31"},
]


@pytest.mark.parametrize("fields", GOOD, ids=json.dumps)
def test_schema_and_model_accept_the_same(fields: dict[str, Any]) -> None:
    assert is_accepted(case(**fields))
    assert follows_schema(case(**fields))


@pytest.mark.parametrize("fields", BAD, ids=lambda fields: json.dumps(fields)[:40])
def test_schema_and_model_refuse_the_same(fields: dict[str, Any]) -> None:
    assert not is_accepted(case(**fields))
    assert not follows_schema(case(**fields))


def test_a_conversation_longer_than_the_service_takes_is_refused() -> None:
    assert not is_accepted(case(history=[{"role": "user", "text": "x" * 19_999}, {"role": "user", "text": "xx"}]))


def test_the_command_prints_the_schema() -> None:
    printed = groundwire("eval", "schema", env=dict(os.environ))
    assert printed.returncode == 0, printed.stderr
    assert printed.stdout == schema()
