"""benchmarks/evaluation.py on small sets of the shape of the public ones: what it writes, and that it is measured."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.evaluation import drawn, write
from evals.case_files import read_cases
from evals.facts import has
from retrieval.readers import document_files, read
from tests.processes import ROOT

HARVARD = "Harvard is a university.\u2028 It was founded in 1636 by vote of the Great and General Court."
BLUE = "The coat is known as a `` double coat '' , soft and downy . Its eyes are almost always green . "
SQUAD: dict[str, list[dict[str, Any]]] = {
    "corpus": [{"id": "dev-7-0", "title": "Harvard_University", "text": HARVARD}],
    "queries": [
        {
            "id": "q1",
            "question": "When was Harvard founded?",
            "answers": ["1636", "in 1636", "1636"],
            "answerable": True,
            "gold_ids": ["dev-7-0"],
        },
        {
            "id": "q2",
            "question": "Who closed the Zagreb opera?",
            "answers": [],
            "answerable": False,
            "gold_ids": ["dev-7-0"],
        },
    ],
}
CLAPNQ: dict[str, list[dict[str, Any]]] = {
    "corpus": [{"id": "-12-0", "title": "Russian Blue: a cat", "text": BLUE}],
    "queries": [
        {
            "id": "-12",
            "question": "what color are the eyes of a russian blue",
            "answers": ["Green eyes it has."],
            "gold_sentences": ["Its eyes are almost always green ."],
            "answerable": True,
            "gold_ids": ["-12-0"],
        }
    ],
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name, files in {"squad2": SQUAD, "clapnq": CLAPNQ}.items():
        (tmp_path / "data" / name).mkdir(parents=True)
        for file, rows in files.items():
            text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            (tmp_path / "data" / name / f"{file}.jsonl").write_text(text, encoding="utf-8")
    return tmp_path / "data"


def evaluation(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "evaluation.py", *arguments],
        check=False,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )


@pytest.mark.parametrize(
    ("name", "article", "title", "text"),
    [
        ("squad2", "dev-7-0", "Harvard University", HARVARD),
        ("clapnq", "-12-0", "Russian Blue: a cat", BLUE),
    ],
)
def test_articles_are_read_as_they_were(name: str, article: str, title: str, text: str, data: Path) -> None:
    write(data, name, 10, data / "out")
    [found] = [read(file) for file in document_files([data / "out" / "articles"])]

    assert found.source.article_id == article
    assert found.source.title == title
    assert found.text.strip() == text.strip()


def test_a_gold_answer_of_squad_is_the_fact(data: Path) -> None:
    write(data, "squad2", 10, data / "out")
    answerable, unanswerable = sorted(read_cases(data / "out" / "questions.yaml").cases, key=lambda case: case.id)

    assert answerable.facts == (("1636", "in 1636"),)
    assert answerable.articles == ("dev-7-0",)
    assert not unanswerable.answered
    assert not unanswerable.facts
    assert unanswerable.tags == ("squad2", "unanswerable")


def test_a_gold_sentence_of_clapnq_is_the_fact_to_the_letter(data: Path) -> None:
    write(data, "clapnq", 10, data / "out")
    [case] = read_cases(data / "out" / "questions.yaml").cases

    assert has("It is soft. Its eyes are almost always green . [1]", case.facts[0])
    assert not has("Green eyes it has.", case.facts[0])


def test_more_questions_are_the_same_and_others() -> None:
    rows = [{"id": f"q{number}"} for number in range(100)]

    assert drawn(rows, 20) == drawn(list(reversed(rows)), 20)
    assert drawn(rows, 50)[:20] == drawn(rows, 20)
    assert drawn(rows, 20) != rows[:20]
    assert len(drawn(rows, 300)) == 100


def test_what_is_written_before_is_forgotten(data: Path) -> None:
    write(data, "squad2", 10, data / "out")
    write(data, "clapnq", 10, data / "out")

    assert len(list((data / "out" / "articles").iterdir())) == 1


def test_the_sets_are_ingested_asked_and_measured(data: Path, tmp_path: Path) -> None:
    made = evaluation("--data", data, "-o", tmp_path / "out")

    assert made.returncode == 0, made.stderr
    assert "squad2: 1 articles ingested in" in made.stdout
    assert "clapnq: 1 articles ingested in" in made.stdout
    assert made.stdout.count("answer_correctness                 1.000") == 2
    assert "abstention_recall                  1.000" in made.stdout
    report = json.loads((tmp_path / "out" / "squad2" / "run.json").read_text(encoding="utf-8"))
    assert [one["passes"] for one in report["cases"]] == [1, 1]


def test_a_folder_without_the_sets_is_told(tmp_path: Path) -> None:
    made = evaluation("--data", tmp_path, "--set", "clapnq")

    assert made.returncode == 2
    assert "corpus.jsonl: --data names the folder that has clapnq/ in it" in made.stderr
    assert "Traceback" not in made.stderr


def test_no_questions_are_no_evaluation(data: Path) -> None:
    assert "at least 1" in evaluation("--data", data, "--questions", "0").stderr
