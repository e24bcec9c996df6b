"""Something is broken, one thing at a time, as a developer would break it: the gate says so, and blames what is broken.

Each fault is an edit of a copy of the sources, of which the real command runs; so what changed is in the fingerprint.
"""

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
import yaml

from tests.grounding.scripted import Line, passages_of, question_of, replies
from tests.grounding.test_questions import CASES
from tests.model_server import Asked, ModelServer, Reply
from tests.processes import ROOT, environment

T = TypeVar("T")
ASKED = [
    *("mq9b-number", "co-production", "dialogue-start-year", "main-military-supplier", "indian-students"),
    *("trade-value", "diaspora-size", "dialogue-place", "quad-partners"),
    *("f35-number", "finance-minister", "drones-cost", "engine-count", "stryker", "hostage-count"),
]
GOOD, BAD = replies("good"), replies("bad")
BY_QUESTION = {case["question"]: case for case in CASES}


@dataclass(frozen=True)
class Done:
    """What a run of the command came to."""

    status: int
    out: str
    report: dict[str, Any]
    before: dict[str, Any]

    @property
    def worse(self) -> dict[str, str]:
        """The cases that passed before and do not any more, with whom they blame."""
        passed = {one["id"] for one in self.before["cases"] if one["passes"]}
        return {one["id"]: one["blame"] for one in self.report["cases"] if one["id"] in passed and not one["passes"]}

    @property
    def changed(self) -> set[str]:
        """What of the fingerprint changed."""
        return {name for name, value in self.report["fingerprint"].items() if self.before["fingerprint"][name] != value}


@dataclass(frozen=True)
class Copy:
    """A copy of the sources, with its cases and a baseline once one is written."""

    folder: Path

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{file} has changed: this test breaks it otherwise"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def append(self, file: str, code: str) -> None:
        path = self.folder / file
        path.write_text(path.read_text(encoding="utf-8") + code, encoding="utf-8")

    def write_baseline(self, name: str = "extractive", **settings: str) -> None:
        done = self._run("--write-baseline", "--baseline", f"{name}.json", **settings)
        assert done.returncode == 0, done.stderr

    def run(self, name: str = "extractive", **settings: str) -> Done:
        baseline, out = self.folder / f"{name}.json", self.folder / "run.json"
        done = self._run("--baseline", str(baseline), "--json", str(out), **settings)
        assert done.returncode in {0, 1}, done.stderr
        report, before = (json.loads(file.read_text(encoding="utf-8")) for file in (out, baseline))
        return Done(done.returncode, done.stdout, report, before)

    def _run(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        env = environment(self.folder / "data", PYTHONPATH=str(self.folder), PYTHONDONTWRITEBYTECODE="1", **settings)
        return subprocess.run(
            [sys.executable, "-c", "from service.cli import main; main()", "eval", "seeds/few.yaml", *arguments],
            cwd=self.folder,
            env=env,
            check=False,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
        )


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources and a few of the fixed questions, with a baseline of each writer."""
    folder = tmp_path_factory.mktemp("sources")
    for package in ("evals", "prompts", "retrieval", "seeds", "service"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__", "web"))
    few = {"corpus": "articles", "cases": [case for case in CASES if case["id"] in ASKED]}
    assert len(few["cases"]) == len(ASKED)
    (folder / "seeds" / "few.yaml").write_text(yaml.safe_dump(few, allow_unicode=True), encoding="utf-8")
    Copy(folder).write_baseline()
    for script in (obedient, careless):
        asyncio.run(with_model(script, Copy(folder).write_baseline))
    return folder


@pytest.fixture
def copy(sources: Path, tmp_path: Path) -> Copy:
    return Copy(shutil.copytree(sources, tmp_path / "copy"))


def obedient(asked: Asked) -> Reply:
    """Do what the prompt's rules say: answer well, with markers, and say so where the passages do not answer."""
    rules, prompt = (str(message["content"]) for message in asked.body["messages"])
    case = BY_QUESTION[question_of(prompt)]
    if not case["answered"] and "write exactly: The articles do not say." in rules:
        return Reply(["The articles do not say."])
    if "together answer the question" in rules and case["answered"]:
        return Reply([_told(GOOD[case["id"]], prompt)])
    return Reply([f"{passages_of(prompt)[1].split('. ')[0]}. [1]"])


def careless(asked: Asked) -> Reply:
    """Write what no article says, with the markers of passages that look as if they said it."""
    prompt = str(asked.body["messages"][-1]["content"])
    return Reply([_told(BAD[BY_QUESTION[question_of(prompt)]["id"]], prompt)])


async def with_model(script: Callable[[Asked], Reply], run: Callable[..., T]) -> T:
    """Run a copy with a scripted model for its writer."""
    async with ModelServer(script).serving() as server:
        settings = {"GROUNDWIRE_LLM": "openai-like/scripted", "GROUNDWIRE_LLM_BASE_URL": server.url}
        return await asyncio.to_thread(run, script.__name__, **settings)


def _told(lines: Sequence[Line], prompt: str) -> str:
    """Put behind each sentence the numbers of the passages that have its words."""
    passages = passages_of(prompt)
    marked = [(line.says, "".join(f"[{number}]" for number in line.numbers(passages))) for line in lines]
    return " ".join(f"{says} {markers}".strip() for says, markers in marked)


def test_nothing_broken_is_nothing_worse(copy: Copy) -> None:
    done = copy.run()

    assert done.status == 0
    assert done.worse == {}
    assert done.changed == set()
    assert {**done.report, "times": {}} == {**done.before, "times": {}}


def test_broken_retrieval_is_blamed(copy: Copy) -> None:
    # The best thirty passages are lost.
    copy.edit(
        "retrieval/search.py", "hits = rank(vector, found, limit=limit)", "hits = rank(vector, found, limit=limit)[30:]"
    )
    done = copy.run()

    assert done.status == 1
    assert done.worse
    assert set(done.worse.values()) == {"retrieval"}
    assert done.changed == {"groundwire"}


@pytest.mark.slow
def test_a_broken_abstention_rule_is_blamed(copy: Copy) -> None:
    # No statement is refused as an answer any more.
    copy.append("service/extractive/objecting.py", "\n\ndef objection(*_):\n    return None\n")
    done = copy.run()

    assert done.status == 1
    assert "finance-minister" in done.worse
    assert {done.worse[one] for one in done.worse if not case_of(one)["answered"]} == {"abstention"}
    assert done.changed == {"groundwire"}


@pytest.mark.slow
def test_an_abstention_rule_that_refuses_everything_is_blamed(copy: Copy) -> None:
    copy.edit("service/answering.py", "LEAST_RELEVANCE = 0.03", "LEAST_RELEVANCE = 2.0")
    done = copy.run()

    assert done.status == 1
    assert set(done.worse) >= {"mq9b-number", "indian-students"}
    assert set(done.worse.values()) == {"abstention"}
    assert done.changed == {"groundwire"}


@pytest.mark.slow
def test_an_article_that_says_something_else_is_blamed(copy: Copy) -> None:
    copy.edit("seeds/articles/ramp-up-partnership.md", "270,000", "207,000")
    done = copy.run()

    assert done.status == 1
    assert done.worse == {"indian-students": "corpus"}
    assert done.changed == {"corpus"}
    assert "Changed since the baseline\n  corpus: " in done.out
    assert "207,000" in done.out
    assert "270,000" in done.out


@pytest.mark.slow
async def test_a_prompt_that_asks_for_no_answer_is_blamed_on_the_writing(copy: Copy) -> None:
    copy.edit("prompts/answer.md", "together answer the question", "are about its subject")
    done = await with_model(obedient, copy.run)

    assert done.status == 1
    assert set(done.worse) >= {"indian-students", "mq9b-number"}
    assert set(done.worse.values()) == {"writing"}
    assert done.changed == {"prompts"}


@pytest.mark.slow
async def test_a_prompt_that_does_not_ask_to_abstain_is_blamed_on_the_abstention(copy: Copy) -> None:
    copy.edit("prompts/answer.md", "write exactly: {not_said}", "write what they say")
    done = await with_model(obedient, copy.run)

    assert done.status == 1
    assert "finance-minister" in done.worse
    assert set(done.worse.values()) == {"abstention"}
    assert done.changed == {"prompts"}


async def test_a_verifier_that_refuses_what_is_true_is_blamed(copy: Copy) -> None:
    refusing = "\n\ndef prove(*_, **__):\n    return Verdict((), (NOTHING_SAYS_IT,))\n"
    copy.append("service/verification/proving.py", refusing)
    done = await with_model(obedient, copy.run)

    assert done.status == 1
    assert set(done.worse) >= {"indian-students", "mq9b-number"}
    assert set(done.worse.values()) == {"verification"}
    assert done.changed == {"groundwire"}


@pytest.mark.slow
async def test_a_verifier_that_believes_everything_is_blamed_though_the_gate_has_it_as_well(copy: Copy) -> None:
    copy.append("service/verification/proving.py", BELIEVING)
    done = await with_model(careless, copy.run)

    assert done.status == 1
    assert set(done.worse) >= {"finance-minister", "f35-number"}
    assert set(done.worse.values()) == {"verification"}
    assert done.changed == {"groundwire"}


BELIEVING = """

def prove(sentence, cited, evidence, *, said=()):
    statements = [one for one in evidence.statements if one.hit in cited] or evidence.statements
    return Verdict(tuple(Proof(one, one.text, one.start, one.end, 1.0) for one in statements[:1]), ())
"""


def case_of(name: str) -> dict[str, Any]:
    return next(case for case in CASES if case["id"] == name)
