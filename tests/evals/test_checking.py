"""Answers that were produced elsewhere, scored by the words that they cite: by the function, and by the command."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from evals.cases import Case, CaseFile
from evals.checking import AnswersUnreadable, Checked, check, read_answers, reply_of
from evals.replies import Reply
from tests.processes import groundwire

BRIDGE = "The new bridge cost 31 million dollars.\nIt was opened by Maria Keller in May 2021. The old one was closed."
FERRY = "The ferry carries 400 passengers an hour."
SOURCES = [{"id": "bridge", "title": "A bridge", "text": BRIDGE}, {"id": "ferry", "url": "u", "text": FERRY}]
COST, CARRIES = "The new bridge cost 31 million dollars", "The ferry carries 400 passengers an hour"

Given = Mapping[str, Any]


def written(tmp_path: Path, answers: Sequence[Given | str]) -> Path:
    path = tmp_path / "answers.jsonl"
    path.write_text("\n".join(one if isinstance(one, str) else json.dumps(one) for one in answers), encoding="utf-8")
    return path


def checked(tmp_path: Path, *answers: Given, cases: Sequence[Case] = ()) -> Checked:
    return check(written(tmp_path, answers), CaseFile(cases=tuple(cases)) if cases else None)


def replied(tmp_path: Path, answer: Given) -> Reply:
    [line] = read_answers(written(tmp_path, [answer]))
    return reply_of(line)


def figures(found: Checked) -> dict[str, float | None]:
    return {name: metric.value for name, metric in found.report.metrics.items()}


def test_sentences_are_proved_by_the_quotes_behind_their_markers(tmp_path: Path) -> None:
    # Two sentences of two answers: the first is proved by its quote, the second is another number than its quote's.
    found = checked(
        tmp_path,
        {
            "answer": f"{COST} [1]. The ferry carries 900 passengers an hour [2].",
            "citations": [{"marker": 1, "source": "bridge", "quote": COST}, {"source": 2, "quote": CARRIES}],
            "sources": SOURCES,
        },
    )

    assert figures(found) == {
        "quote_validity": 1.0,
        "citation_recall_verified": 0.5,
        "citation_precision_verified": 0.5,
        "unsupported_sentences": 0.5,
    }
    [outcome] = found.report.cases
    assert not outcome.passed
    assert "900 passengers" in outcome.failures[0]


def test_a_quote_that_its_source_does_not_have_is_invalid_and_proves_nothing(tmp_path: Path) -> None:
    false = "The new bridge cost 13 million dollars"
    found = checked(
        tmp_path, {"answer": f"{false}.", "citations": [{"source": "bridge", "quote": false}], "sources": SOURCES}
    )

    assert figures(found)["quote_validity"] == 0
    assert figures(found)["unsupported_sentences"] == 1


@pytest.mark.parametrize("source", ["bridge", "A bridge", 1])
def test_a_source_is_named_by_its_id_its_title_or_its_place(source: object, tmp_path: Path) -> None:
    reply = replied(
        tmp_path, {"answer": f"{COST} [1].", "citations": [{"source": source, "quote": COST}], "sources": SOURCES}
    )

    assert [one.article_id for one in reply.citations] == ["bridge"]
    assert reply.citations[0].valid


@pytest.mark.parametrize("source", ["elsewhere", 7, 0, -1])
def test_a_source_that_there_is_not_has_no_word_of_a_quote(source: object, tmp_path: Path) -> None:
    reply = replied(
        tmp_path, {"answer": f"{COST}.", "citations": [{"source": source, "quote": COST}], "sources": SOURCES}
    )

    assert reply.citations[0].valid is False


def test_a_quote_alone_is_looked_for_in_the_sources(tmp_path: Path) -> None:
    reply = replied(tmp_path, {"answer": f"{CARRIES}.", "citations": [CARRIES], "sources": SOURCES})

    assert [one.article_id for one in reply.citations] == ["ferry"]


def test_a_quote_without_any_text_to_hold_it_against_proves_but_is_neither_valid_nor_invalid(tmp_path: Path) -> None:
    found = checked(tmp_path, {"answer": f"{COST}.", "citations": [f"{COST}."]})

    assert found.report.metrics["quote_validity"].undefined == "no text of a source is known to hold a quote against"
    assert figures(found)["unsupported_sentences"] == 0


def test_spaces_and_lines_between_words_do_not_make_a_quote_invalid(tmp_path: Path) -> None:
    quote = "31 million dollars. It was opened"
    reply = replied(tmp_path, {"answer": "It was.", "citations": [{"quote": quote}], "sources": SOURCES[:1]})

    assert reply.citations[0].valid
    assert reply.citations[0].quote == "31 million dollars.\nIt was opened"


def test_a_place_that_is_given_must_be_the_quotes(tmp_path: Path) -> None:
    citation = {"source": 1, "quote": "The new bridge", "start": 0, "end": 14}
    right = replied(tmp_path, {"answer": "It is.", "citations": [citation], "sources": SOURCES})
    wrong = replied(tmp_path, {"answer": "It is.", "citations": [citation | {"start": 1}], "sources": SOURCES})

    assert right.citations[0].valid
    assert wrong.citations[0].valid is False


def test_a_marker_without_a_citation_cites_its_whole_source(tmp_path: Path) -> None:
    found = checked(tmp_path, {"response": f"{COST} [1]. {CARRIES} [1].", "retrieved_contexts": [BRIDGE, FERRY]})

    assert figures(found)["citation_recall_verified"] == 0.5
    assert found.report.metrics["quote_validity"].value is None


def test_without_markers_each_sentence_cites_all_citations(tmp_path: Path) -> None:
    # Each sentence is proved by one of the two: the other is of no use to it.
    found = checked(tmp_path, {"answer": f"{COST}. {CARRIES}.", "citations": [COST, CARRIES], "sources": SOURCES})

    assert figures(found)["citation_recall_verified"] == 1
    assert figures(found)["citation_precision_verified"] == 0.5


def test_an_answer_that_cites_nothing_is_not_proved(tmp_path: Path) -> None:
    found = checked(tmp_path, {"answer": f"{COST}.", "sources": SOURCES})

    assert figures(found)["citation_recall_verified"] == 0
    assert found.report.metrics["citation_precision_verified"].value is None


@pytest.mark.parametrize(
    "answer",
    [
        {"answer": "The provided sources do not mention it.", "sources": SOURCES},
        {"answer": None},
        {"answer": ""},
        {"answer": "31 [1].", "answered": False, "sources": SOURCES},
    ],
)
def test_an_abstention_is_told_from_an_answer(answer: Given, tmp_path: Path) -> None:
    assert not replied(tmp_path, answer).answered
    assert replied(tmp_path, {"answer": "The sources of the river do not freeze."}).answered


CASES = [
    Case(id="cost", question="What did it cost?", answered=True, facts=(("31 million",),), articles=("bridge",)),
    Case(id="ferry", question="How many  passengers?", answered=True, facts=(("400",),), articles=("ferry",)),
    Case(id="mayor", question="Who is the mayor?", answered=False),
    Case(id="draft", question="What?", answered=True, draft=True),
]


def test_cases_are_met_by_id_or_by_question_and_each_must_have_an_answer(tmp_path: Path) -> None:
    found = checked(
        tmp_path,
        {"id": "cost", "answer": f"{COST} [1].", "sources": SOURCES},
        {"question": "how many passengers?", "answer": "It carries 900 [2].", "sources": SOURCES},
        {"id": "other", "answer": "Anything."},
        cases=CASES,
    )
    by_id = {one.id: one for one in found.report.cases}

    assert list(by_id) == ["cost", "ferry", "mayor"]
    assert by_id["cost"].passed
    assert "lacks 400" in by_id["ferry"].failures
    assert by_id["mayor"].failures == ("no answer",)
    assert found.unasked == ("other",)
    assert figures(found)["answer_correctness"] == 0.5


def test_several_answers_to_a_case_are_its_tries(tmp_path: Path) -> None:
    right: Given = {"id": "cost", "answer": f"{COST} [1].", "sources": SOURCES}
    [cost, *_] = checked(tmp_path, right, {"id": "cost", "answer": "31 million."}, cases=CASES).report.cases

    assert (cost.tries, cost.passes) == (2, 1)


def test_the_same_answers_give_the_same_figures(tmp_path: Path) -> None:
    answer = {"answer": f"{COST} [1].", "sources": SOURCES}

    assert checked(tmp_path, answer).report == checked(tmp_path, answer).report


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (['{"answer": "Yes."}', "", "{"], "line 3 is no JSON"),
        (["{}"], "line 1, answer: is missing"),
        (['{"answer": 7}'], "line 1, answer: Input should be a valid string"),
        (['{"answer": "Yes.", "citations": [{}, {"marker": "x"}]}'], "line 1, citations.2.marker: "),
        (['{"answer": "Yes.", "sources": "text"}'], "line 1, sources: "),
        (["7"], "line 1, "),
        (["[7]"], "answer 1, "),
        (["[}"], "is no JSON"),
        (["[" * 100_000], "is no JSON"),
        ([""], "has no answers"),
        (["[]"], "has no answers"),
        (["{", "{", "{", "{"], "and 1 more"),
    ],
)
def test_what_is_no_answer_is_told_by_its_line(lines: list[str], said: str, tmp_path: Path) -> None:
    with pytest.raises(AnswersUnreadable) as problem:
        read_answers(written(tmp_path, lines))

    assert said in str(problem.value)


def test_a_file_may_be_one_list(tmp_path: Path) -> None:
    assert len(read_answers(written(tmp_path, ['[{"answer": "Yes."},\n {"answer": "No."}]']))) == 2


def test_lines_end_where_those_of_json_do(tmp_path: Path) -> None:
    assert len(read_answers(written(tmp_path, ['{"answer": "Yes.\u2028No."}\r']))) == 1


def command(*arguments: str) -> tuple[int, str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("GROUNDWIRE_")}
    made = groundwire("eval", "check", *arguments, env=env)
    return made.returncode, made.stdout + made.stderr


def test_the_command_prints_the_figures_and_what_is_not_proved(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        [{"id": "one", "question": "What?", "answer": f"{COST} [1]. {CARRIES} [1].", "sources": SOURCES}],
    )
    files = {name: str(tmp_path / f"out.{name}") for name in ("json", "html", "junit")}
    status, said = command(str(path), *(word for name, file in files.items() for word in (f"--{name}", file)))

    assert status == 0, said
    assert CARRIES in Path(files["html"]).read_text(encoding="utf-8")
    assert 'failures="1"' in Path(files["junit"]).read_text(encoding="utf-8")
    assert "unsupported_sentences" in said
    assert "1 of 1 cases failed" in said
    assert CARRIES in said
    report = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert report["metrics"]["citation_recall_verified"]["value"] == 0.5


def test_the_command_is_a_gate(tmp_path: Path) -> None:
    path = written(tmp_path, [{"id": "cost", "answer": f"{COST} [1].", "sources": SOURCES}])
    cases = tmp_path / "cases.yaml"
    cases.write_text(
        'cases: [{id: cost, question: "What?", answered: true, facts: ["77"], required: true}]', encoding="utf-8"
    )

    assert command(str(path), "--min", "citation_recall_verified=1")[0] == 0
    assert command(str(path), "--cases", str(cases))[0] == 1
    assert command(str(path), "--cases", str(cases), "--min", "answer_correctness=0.5")[0] == 1
    status, said = command(str(path), "--min", "answer_correctness=1")
    assert (status, "answer_correctness cannot be told here" in said) == (2, True)


def test_the_command_says_when_there_is_nothing_to_score(tmp_path: Path) -> None:
    for arguments in (["nowhere.jsonl"], [str(written(tmp_path, ["{"]))], [str(tmp_path)]):
        status, said = command(*arguments)

        assert status == 2, said
        assert "Traceback" not in said
