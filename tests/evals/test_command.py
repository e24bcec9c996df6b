"""groundwire eval as a real process: what it prints and writes, and its status."""

import asyncio
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.model_server import Asked, ModelServer, Reply
from tests.processes import ROOT, environment, free_port, groundwire, serving

DRONES = """\
---
title: India buys drones
---
India plans to buy 31 MQ-9B drones from the United States, officials said on Friday.

The first of them is to arrive in Chennai. The price of the deal is open.
"""
STUDENTS = """\
---
title: More students than ever
---
Two-way trade is rising, and there are 270,000 Indian students in the United States.
"""
RIGHT: dict[str, Any] = {
    "id": "drones",
    "question": "How many MQ-9B drones does India plan to buy?",
    "answered": True,
    "facts": [["31"]],
    "articles": ["drones"],
    "tags": ["amount"],
}
WRONG = {
    "id": "students",
    "question": "How many Indian students are in the US?",
    "answered": True,
    "facts": [["300,000"]],
    "articles": ["students"],
    "tags": ["amount", "people"],
}
UNANSWERABLE = {
    "id": "minister",
    "question": "Who is the finance minister of Iceland?",
    "answered": False,
    "tags": ["people"],
}
DRAFT = {"id": "draft", "question": "Where do the drones arrive?", "answered": True, "draft": True}


@pytest.fixture(scope="module")
def articles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus") / "articles"
    folder.mkdir()
    (folder / "drones.md").write_text(DRONES, encoding="utf-8")
    (folder / "students.md").write_text(STUDENTS, encoding="utf-8")
    return folder


class Newsroom:
    """A folder with cases, where the command runs."""

    def __init__(self, folder: Path, articles: Path) -> None:
        self.folder = folder
        self.articles = articles
        self.env = environment(folder / "data")

    def cases(self, *cases: dict[str, Any], corpus: bool = True, name: str = "cases.yaml") -> None:
        content = {**({"corpus": str(self.articles)} if corpus else {}), "cases": list(cases)}
        (self.folder / name).write_text(yaml.safe_dump(content), encoding="utf-8")

    def eval(self, *arguments: str, name: str = "cases.yaml") -> subprocess.CompletedProcess[str]:
        return groundwire("eval", name, *arguments, env=self.env, cwd=self.folder)

    def report(self, name: str) -> dict[str, Any]:
        read: dict[str, Any] = json.loads((self.folder / name).read_text(encoding="utf-8"))
        return read


@pytest.fixture
def newsroom(tmp_path: Path, articles: Path) -> Newsroom:
    return Newsroom(tmp_path, articles)


@pytest.mark.parametrize("command", [["eval"], ["eval", "run"]])
def test_help_imports_nothing_heavy(command: list[str]) -> None:
    code = (
        f"import sys; from service.cli import commands; commands({[*command, '--help']!r}, standalone_mode=False); "
        "print('heavy:', *{'chromadb', 'numpy', 'onnxruntime', 'pydantic', 'rich', 'yaml'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, encoding="utf-8")

    assert "Usage:" in done.stdout
    assert done.stdout.splitlines()[-1] == "heavy:"


def test_without_a_baseline_the_required_cases_decide(newsroom: Newsroom) -> None:
    newsroom.cases({**RIGHT, "required": True}, WRONG, UNANSWERABLE, DRAFT)
    done = newsroom.eval()

    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "1 of 3 cases failed" in done.stdout
    assert "students (corpus)" in done.stdout
    assert "- lacks 300,000" in done.stdout
    assert "1 draft was not asked." in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert done.stdout.isprintable() or set(re.findall(r"[^\x20-\x7e\u00a0-\uffff]", done.stdout)) == {"\n"}

    newsroom.cases(RIGHT, {**WRONG, "required": True})
    done = newsroom.eval()

    assert done.returncode == 1
    assert "! students (corpus)" in done.stdout


def test_a_baseline_is_written_where_it_says_and_what_fell_since_is_status_1(newsroom: Newsroom) -> None:
    newsroom.cases(RIGHT, WRONG, UNANSWERABLE)
    written = newsroom.eval("--write-baseline")

    assert written.returncode == 0, written.stderr
    assert "The baseline is written to cases.baseline.json." in written.stdout

    same = newsroom.eval("--baseline", "cases.baseline.json")
    assert same.returncode == 0, same.stderr
    assert "Worse: none" in same.stdout
    assert "Changed since" not in same.stdout

    newsroom.cases({**RIGHT, "facts": [["32"]]}, {**WRONG, "facts": [["270,000"]]}, UNANSWERABLE)
    fallen = newsroom.eval("--baseline", "cases.baseline.json")
    assert fallen.returncode == 1, fallen.stderr
    assert "Changed since the baseline\n  cases: " in fallen.stdout
    assert "Worse: 1\n\ndrones (corpus): passed, now failed" in fallen.stdout
    assert "Better: 1\n\nstudents: failed, now passed" in fallen.stdout


def test_with_tags_the_baseline_is_cut_to_them(newsroom: Newsroom) -> None:
    newsroom.cases(RIGHT, WRONG, UNANSWERABLE)
    newsroom.eval("--write-baseline")
    newsroom.cases(RIGHT, WRONG)
    done = newsroom.eval("--baseline", "cases.baseline.json", "--tag", "people")

    assert done.returncode == 0, done.stderr
    assert "Gone: 1\n  minister" in done.stdout
    assert "drones" not in done.stdout
    assert "before" not in done.stdout.splitlines()[2]
    assert "The baseline's metrics are of other cases, and not shown." in done.stdout


def test_settings_that_changed_are_told_and_are_no_error(newsroom: Newsroom) -> None:
    newsroom.cases(RIGHT)
    newsroom.eval("--write-baseline")
    newsroom.env["GROUNDWIRE_ON_UNSUPPORTED"] = "mark"
    done = newsroom.eval("--baseline", "cases.baseline.json")

    assert done.returncode == 0, done.stderr
    assert "  settings: on_unsupported=mark, before on_unsupported=drop\n" in done.stdout


def test_a_minimum_decides_and_names_what_is_under_it(newsroom: Newsroom) -> None:
    newsroom.cases(RIGHT, WRONG, UNANSWERABLE)
    enough = newsroom.eval("--min", "answer_correctness=0.5", "--min", "abstention_recall=1")
    little = newsroom.eval("--min", "answer_correctness=0.85", "--min", "output_tokens=100")

    assert enough.returncode == 0, enough.stderr
    assert little.returncode == 1
    assert little.stdout.endswith(
        "answer_correctness is 0.500, under 0.85\n\noutput_tokens is undefined: no language model has counted tokens\n"
    )


def test_two_runs_of_the_same_are_the_same_to_the_byte_but_for_times(newsroom: Newsroom) -> None:
    newsroom.cases(RIGHT, WRONG, UNANSWERABLE)
    runs = []
    for name in ("one.json", "two.json"):
        assert newsroom.eval("--json", name, "--repeat", "2", "--workers", "3").returncode == 0
        text = (newsroom.folder / name).read_text(encoding="utf-8")
        head, times = text.split('\n  "times": ')
        assert json.loads(times.rsplit("}", 1)[0]).keys() == {"latency_ms_p50", "latency_ms_p95"}
        runs.append(head)

    assert runs[0] == runs[1]
    assert [one["passes"] for one in json.loads(f"{runs[0].rstrip().rstrip(',')}}}")["cases"]] == [2, 0, 2]


def test_a_case_that_never_passes_any_more_is_worse_than_a_baseline_of_one_try(newsroom: Newsroom) -> None:
    newsroom.cases(RIGHT)
    newsroom.eval("--write-baseline")
    newsroom.cases({**RIGHT, "facts": [["32"]]})
    done = newsroom.eval("--baseline", "cases.baseline.json", "--repeat", "3")

    assert done.returncode == 1, done.stderr
    assert "drones (corpus): passed, now passed 0 of 3" in done.stdout
    assert "more or less often" in done.stdout


def test_the_cost_is_undefined_where_no_model_counts_tokens(newsroom: Newsroom) -> None:
    newsroom.cases(RIGHT)
    done = newsroom.eval("--price", "input=0.15,output=0.6")

    assert done.returncode == 0, done.stderr
    assert re.search(r"^cost +undefined$", done.stdout, re.MULTILINE)
    assert "input_tokens, output_tokens, cost: no language model has counted" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--repeat", "0"], "0 is not in the range"),
        (["--min", "answer_correctness"], "not like answer_correctness=0.85"),
        (["--min", "answer_correctness=nan"], "not like answer_correctness=0.85"),
        (["--min", "faithfulness=1"], "there is no metric faithfulness"),
        (["--price", "input=1"], "not like input=0.15,output=0.6"),
        (["--price", "input=1,output=-1"], "not like input=0.15,output=0.6"),
        (["--frobnicate"], "No such option"),
        (["--write-baseline", "--tag", "amount"], "leave --tag out"),
        (["--tag", "none"], "no case has the tag none"),
        (["--target", "ftp://host"], "ftp://host is no target"),
        (["--corpus", "none"], "does not exist"),
        (["--baseline", "none.json"], "Make it with --write-baseline"),
        (["--baseline", "old.json"], "make it anew with --write-baseline"),
        (["--json", "cases.yaml/run.json"], "cannot be written"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, list) else "",
)
def test_what_could_not_run_is_status_2_and_one_line_on_stderr(
    arguments: list[str], problem: str, newsroom: Newsroom
) -> None:
    newsroom.cases(RIGHT)
    (newsroom.folder / "old.json").write_text('{"format": 0}', encoding="utf-8")
    done = newsroom.eval(*arguments)

    assert done.returncode == 2
    assert problem in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_of_cases_that_is_none_is_status_2(newsroom: Newsroom) -> None:
    newsroom.cases(DRAFT)
    drafts = newsroom.eval()
    missing = newsroom.eval(name="none.yaml")
    newsroom.cases({**RIGHT, "answred": True})
    wrong = newsroom.eval()

    assert [drafts.returncode, missing.returncode, wrong.returncode] == [2, 2, 2]
    assert "all 1 cases are drafts" in drafts.stderr
    assert "none.yaml cannot be read" in missing.stderr
    assert "drones" in wrong.stderr
    assert "answred" in wrong.stderr


def test_a_store_without_articles_is_status_2(newsroom: Newsroom) -> None:
    newsroom.cases(RIGHT, corpus=False)
    empty_store = newsroom.eval()
    (newsroom.folder / "empty").mkdir()
    empty_folder = newsroom.eval("--corpus", "empty")

    assert [empty_store.returncode, empty_folder.returncode] == [2, 2]
    assert "has no articles: ingest some, or name them with --corpus" in empty_store.stderr
    assert "empty has no articles" in empty_folder.stderr


def test_the_configured_store_is_asked_where_no_corpus_is_named(newsroom: Newsroom) -> None:
    assert groundwire("ingest", str(newsroom.articles), env=newsroom.env).returncode == 0
    newsroom.cases({**RIGHT, "required": True}, corpus=False)
    done = newsroom.eval()

    assert done.returncode == 0, done.stdout + done.stderr
    assert "All 1 cases passed." in done.stdout


def test_a_running_service_is_asked_and_one_that_cannot_be_reached_is_status_2(newsroom: Newsroom) -> None:
    assert groundwire("ingest", str(newsroom.articles), env=newsroom.env).returncode == 0
    newsroom.cases({**RIGHT, "required": True}, UNANSWERABLE)
    with serving("serve", "--port", "0", env=newsroom.env, out=newsroom.folder / "out") as (_, address):
        done = newsroom.eval("--target", address, "--json", "run.json")
    gone = newsroom.eval("--target", f"http://127.0.0.1:{free_port()}")

    assert done.returncode == 0, done.stdout + done.stderr
    assert newsroom.report("run.json")["target"] == address
    assert newsroom.report("run.json")["metrics"]["quote_validity"]["value"] == 1.0
    assert gone.returncode == 2
    assert gone.stderr.startswith("groundwire eval: ")
    assert len(gone.stderr.splitlines()) == 1


async def test_of_a_model_that_wavers_the_repeats_are_counted_and_its_tokens_cost(newsroom: Newsroom) -> None:
    asked: list[Asked] = []

    def wavering(request: Asked) -> Reply:
        asked.append(request)
        return Reply(["India plans to buy 31 MQ-9B drones. [1]" if len(asked) % 2 else "The articles do not say."])

    newsroom.cases({**RIGHT, "required": True})
    async with ModelServer(wavering).serving() as server:
        newsroom.env |= {"GROUNDWIRE_LLM": "openai-like/scripted", "GROUNDWIRE_LLM_BASE_URL": server.url}
        options = ["--repeat", "4", "--price", "input=10,output=100"]
        first = await asyncio.to_thread(newsroom.eval, *options, "--json", "run.json")
        steady = newsroom.report("run.json")
        steady["cases"][0] |= {"passes": 4, "failures": [], "blame": None}
        (newsroom.folder / "steady.json").write_text(json.dumps(steady), encoding="utf-8")
        second = await asyncio.to_thread(newsroom.eval, *options, "--baseline", "steady.json")

    assert first.returncode == 1  # a required case must pass each time
    assert "drones (abstention, passed 2 of 4)" in first.stdout
    # 100 tokens read and 10 written for each answer: (100 * 10 + 10 * 100) / 1,000,000.
    assert steady["metrics"]["cost"] == {"value": 0.002, "undefined": None, "count": 4}
    assert second.returncode == 0, second.stderr  # of 4 and 4 tries, 2 may fail by chance
    assert "drones: passed 4 of 4, now passed 2 of 4" in second.stdout


def test_the_example_of_a_ci_job_has_options_that_there_are(newsroom: Newsroom) -> None:
    job = yaml.safe_load((ROOT / "docs" / "ci-example.yml").read_text(encoding="utf-8"))["jobs"]["grounding"]
    [command] = [step["run"] for step in job["steps"] if "groundwire eval" in step.get("run", "")]
    program, name, cases, *options = command.split()
    done = newsroom.eval(*options, "--help", name=cases)

    assert [Path(program).name, name] == ["groundwire", "eval"]
    assert done.returncode == 0, done.stderr
