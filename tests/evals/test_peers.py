"""benchmarks/peers.py: the same model, the same passages and the same judge for both sides."""

from benchmarks.peers import QUESTIONS, Script, compare, table
from evals.case_files import read_cases
from tests.grounding.scripted import Line
from tests.model_server import Asked

FILE = read_cases(QUESTIONS)
ANSWERABLE, UNANSWERABLE = "mq9b-number", "f35-number"
LINES = {ANSWERABLE: [Line("It wants 31.", ("letter of request",)), Line("Nobody knows more.", ("no such words",))]}
CASES = [case for case in FILE.cases if case.id in {ANSWERABLE, UNANSWERABLE}]


def replied(prompt: str) -> list[object]:
    asked = Asked("", {}, {"messages": [{"role": "user", "content": prompt}]})
    return list(Script([case for case in CASES if case.id == ANSWERABLE], LINES)(asked).pieces)


def test_the_model_cites_the_passages_of_either_prompt_that_have_its_words() -> None:
    question = next(case.question for case in CASES if case.id == ANSWERABLE)
    ours = (
        '<passage number="1">\nNothing.\n</passage>\n\n<passage number="2">\nA letter\nof request.\n</passage>\n\n'
        f"Question: {question}"
    )
    theirs = (
        "For example:\nSource 1:\nA letter of request.\nQuery: When is water wet?\nAnswer: [1]."
        "\n------\nSource 1:\nNothing.\n\n\nSource 2:\nA letter\nof request.\n\n------\n"
        f"Query: {question}\nAnswer: "
    )

    assert replied(ours) == replied(theirs) == ["It wants 31. [2] Nobody knows more."]


async def test_the_same_false_answers_are_withheld_by_the_one_and_given_by_the_other() -> None:
    reports = await compare(FILE, CASES, top=3)
    value = {name: {key: one.value for key, one in report.metrics.items()} for name, report in reports.items()}

    assert list(reports) == ["extractive", "groundwire, good", "engine, good", "groundwire, bad", "engine, bad"]
    assert value["groundwire, good"]["answer_correctness"] == value["engine, good"]["answer_correctness"] == 1
    assert value["groundwire, good"]["abstention_recall"] == value["engine, good"]["abstention_recall"] == 1
    assert value["groundwire, bad"]["abstention_recall"] == 1
    assert value["engine, bad"]["abstention_recall"] == 0
    assert (value["engine, bad"]["unsupported_sentences"] or 0) > 0.5
    assert value["engine, good"]["source_recall@10"] is not None
    lines = table(reports).splitlines()
    assert len({len(line.removesuffix(" (lower is better)")) for line in lines}) == 1
    assert "latency ratio_p50" in lines[-2]
    assert lines[-2].split()[2] == "1.000"
