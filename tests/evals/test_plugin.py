"""pytest --grounding in a project of its own: a test a case, a reason in words, and pytest's own options."""

import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from tests.evals.test_command import DRAFT, DRONES, RIGHT, STUDENTS, UNANSWERABLE, WRONG
from tests.processes import environment, forked, groundwire

_OPTIONS = ("-p", "evals.plugin", "-p", "no:cacheprovider")


class Project:
    """Somebody's project, with articles, cases and a test of its own; pytest has no plugins there but ours."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = environment(folder / "data", PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
        (folder / "articles").mkdir()
        (folder / "articles" / "drones.md").write_text(DRONES, encoding="utf-8")
        (folder / "articles" / "students.md").write_text(STUDENTS, encoding="utf-8")
        (folder / "tests").mkdir()
        (folder / "tests" / "test_own.py").write_text("def test_own():\n    pass\n", encoding="utf-8")
        (folder / "pytest.ini").write_text(
            "[pytest]\ntestpaths = tests\naddopts = --strict-markers\n", encoding="utf-8"
        )
        self.cases(RIGHT, WRONG, UNANSWERABLE, DRAFT)

    def cases(self, *cases: dict[str, Any]) -> None:
        content = yaml.safe_dump({"corpus": "articles", "cases": list(cases)}, sort_keys=False)
        (self.folder / "questions.yaml").write_text(content, encoding="utf-8")

    def pytest(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return forked("pytest", *_OPTIONS, *arguments, env=self.env, cwd=self.folder)

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run pytest in a process that has imported nothing before."""
        return subprocess.run(
            [sys.executable, "-m", "pytest", *arguments],
            cwd=self.folder,
            env=self.env,
            check=False,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
        )

    def write_baseline(self) -> None:
        done = groundwire("eval", "questions.yaml", "--write-baseline", env=self.env, cwd=self.folder)
        assert done.returncode == 0, done.stderr


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def outcomes(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """Give the outcome of each test by its id, of a run with -v."""
    lines = [line.split() for line in done.stdout.splitlines() if "::" in line and "[" in line]
    return {line[0]: line[1] for line in lines}


def test_each_case_is_a_test_named_by_its_id_and_only_these_run(project: Project) -> None:
    done = project.pytest("--grounding", "questions.yaml", "-v")

    assert done.returncode == 1
    assert outcomes(done) == {
        "questions.yaml::drones": "PASSED",
        "questions.yaml::students": "FAILED",
        "questions.yaml::minister": "PASSED",
        "questions.yaml::draft": "SKIPPED",
    }
    assert done.stderr == ""


def test_a_failure_says_what_is_wrong_whom_to_blame_and_shows_the_answer_with_its_quotes(project: Project) -> None:
    done = project.pytest("--grounding", "questions.yaml", "-k", "students")

    assert (
        "lacks 300,000 (to blame: corpus)\n"
        "no article of the case says it any more\n"
        "\n"
        "question\n"
        "  How many Indian students are in the US?\n"
        "answer\n"
    ) in done.stdout
    assert "quotes\n  students: “" in done.stdout
    assert "there are 270,000 Indian students" in done.stdout
    assert "to be said\n  - 300,000\n" in done.stdout
    assert "FAILED questions.yaml::students - Failed: lacks 300,000 (to blame: corpus)" in done.stdout
    assert "Traceback" not in done.stdout
    assert "evals/plugin.py" not in done.stdout


def test_a_draft_is_skipped_with_its_reason(project: Project) -> None:
    done = project.pytest("--grounding", "questions.yaml", "-k", "draft", "-rs")

    assert "a draft: correct it, and take its mark away" in done.stdout
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("choice", "chosen"),
    [
        (["-m", "people"], {"students", "minister"}),
        (["-m", "grounding and not people"], {"drones", "draft"}),
        (["-k", "amount and not students"], {"drones"}),
        (["questions.yaml::minister"], {"minister"}),
        # A tag that is the name of one of pytest's own marks is found, and is not that mark.
        (["-k", "xfail"], {"minister"}),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, list) else "",
)
def test_cases_are_chosen_as_pytest_chooses(choice: list[str], chosen: set[str], project: Project) -> None:
    project.cases(RIGHT, WRONG, {**UNANSWERABLE, "tags": ["people", "two words", "xfail"]}, DRAFT)
    done = project.pytest("--grounding", "questions.yaml", "-v", *choice)

    assert {name.partition("::")[2] for name in outcomes(done)} == chosen
    assert outcomes(done).get("questions.yaml::minister", "PASSED") == "PASSED"


def test_other_tests_run_beside_where_their_paths_are_named(project: Project) -> None:
    done = project.pytest("--grounding", "questions.yaml", "tests", "-v")

    assert set(outcomes(done)) > {"tests/test_own.py::test_own", "questions.yaml::drones"}


def test_without_the_option_nothing_is_asked_and_nothing_is_imported(project: Project) -> None:
    heavy = "{'numpy', 'chromadb', 'pydantic', 'yaml'}"
    own = f"import sys\n\n\ndef test_own():\n    assert not {heavy} & sys.modules.keys()\n"
    (project.folder / "tests" / "test_own.py").write_text(own, encoding="utf-8")
    done = project.python(*_OPTIONS, "-v")

    assert done.returncode == 0, done.stdout
    assert set(outcomes(done)) == {"tests/test_own.py::test_own"}


def test_pytest_stops_at_the_first_failure_where_it_is_told_to(project: Project) -> None:
    done = project.pytest("--grounding", "questions.yaml", "-v", "-x")

    assert list(outcomes(done)) == ["questions.yaml::drones", "questions.yaml::students"]


def test_junit_xml_has_the_reason(project: Project) -> None:
    project.pytest("--grounding", "questions.yaml", "--junitxml", "junit.xml")
    suite = ET.parse(project.folder / "junit.xml").getroot()[0]  # noqa: S314 - of our own making
    failures = {case.get("name"): case[0] for case in suite if len(case)}

    assert suite.get("tests") == "4"
    assert failures["students"].tag == "failure"
    assert (failures["students"].get("message") or "").startswith("Failed: lacks 300,000 (to blame: corpus)")
    assert failures["draft"].tag == "skipped"


def test_what_failed_in_the_baseline_may_fail_and_what_passed_may_not(project: Project) -> None:
    project.write_baseline()
    project.cases({**RIGHT, "facts": ["32"]}, WRONG, UNANSWERABLE)
    done = project.pytest(
        "--grounding", "questions.yaml", "--grounding-baseline", "questions.baseline.json", "-v", "-rx"
    )

    assert done.returncode == 1
    assert outcomes(done) == {
        "questions.yaml::drones": "FAILED",
        "questions.yaml::students": "XFAIL",
        "questions.yaml::minister": "PASSED",
    }
    assert "before as well: lacks 300,000" in done.stdout
    assert "before (passed)\n  India plans to buy 31 MQ-9B drones" in done.stdout
    assert "grounding: questions.yaml" in done.stdout
    assert "Changed since the baseline\n  cases: " in done.stdout


def test_a_required_case_may_not_fail_whatever_the_baseline_says(project: Project) -> None:
    project.cases(RIGHT, {**WRONG, "required": True})
    project.write_baseline()
    done = project.pytest("--grounding", "questions.yaml", "--grounding-baseline", "questions.baseline.json", "-v")

    assert outcomes(done)["questions.yaml::students"] == "FAILED"


def test_a_new_case_fails_where_it_is_wrong(project: Project) -> None:
    project.cases(RIGHT)
    project.write_baseline()
    project.cases(RIGHT, WRONG)
    done = project.pytest("--grounding", "questions.yaml", "--grounding-baseline", "questions.baseline.json", "-v")

    assert outcomes(done) == {"questions.yaml::drones": "PASSED", "questions.yaml::students": "FAILED"}


def test_what_got_better_passes_and_says_how_to_keep_it(project: Project) -> None:
    project.write_baseline()
    project.cases(RIGHT, {**WRONG, "facts": ["270,000"]}, UNANSWERABLE)
    done = project.pytest("--grounding", "questions.yaml", "--grounding-baseline", "questions.baseline.json")

    assert done.returncode == 0, done.stdout
    assert "Better than in the baseline: students. To keep it so, write it anew: --write-baseline." in done.stdout


@pytest.mark.parametrize(
    ("arguments", "status", "problem"),
    [
        (["--grounding", "none.yaml"], 4, "file or directory not found"),
        (["--grounding", "questions.yaml", "--grounding-repeat", "0"], 4, "--grounding-repeat"),
        (["--grounding", "wrong.yaml"], 2, "wrong.yaml is no file of cases"),
        (["--grounding", "questions.yaml", "--grounding-baseline", "none.json"], 2, "Make it with --write-baseline"),
        (["--grounding", "questions.yaml", "--grounding-corpus", "none"], 1, "could not ask: none"),
        (["--grounding", "questions.yaml", "--grounding-target", "ftp://host"], 1, "could not ask: ftp://host is no"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, list) else "",
)
def test_what_cannot_be_run_is_said_in_a_line(
    arguments: list[str], status: int, problem: str, project: Project
) -> None:
    (project.folder / "wrong.yaml").write_text("cases: []\n", encoding="utf-8")
    done = project.pytest(*arguments)

    assert done.returncode == status, done.stdout
    assert problem in done.stdout + done.stderr
    assert "Traceback" not in done.stdout
    assert "INTERNALERROR" not in done.stdout


def test_another_corpus_may_be_asked(project: Project) -> None:
    (project.folder / "other").mkdir()
    (project.folder / "other" / "students.md").write_text(STUDENTS.replace("270,000", "300,000"), encoding="utf-8")
    done = project.pytest("--grounding", "questions.yaml", "--grounding-corpus", "other", "-v", "-k", "students")

    assert outcomes(done) == {"questions.yaml::students": "PASSED"}


def test_a_conftest_may_collect_cases_without_an_option(project: Project) -> None:
    project.write_baseline()
    project.cases({**RIGHT, "facts": ["32"]})
    (project.folder / "conftest.py").write_text(
        "from evals.plugin import CaseTests\n\n\n"
        "def pytest_collect_file(file_path, parent):\n"
        "    if file_path.name == 'questions.yaml':\n"
        "        baseline = file_path.with_name('questions.baseline.json')\n"
        "        return CaseTests.from_parent(parent, path=file_path, baseline=baseline)\n",
        encoding="utf-8",
    )
    done = project.pytest("-v", ".")

    assert outcomes(done) == {"questions.yaml::drones": "FAILED", "tests/test_own.py::test_own": "PASSED"}


def test_the_installed_package_brings_the_plugin(project: Project) -> None:
    del project.env["PYTEST_DISABLE_PLUGIN_AUTOLOAD"]
    done = project.python("--help")

    assert "--grounding=FILE" in done.stdout
