"""pytest --grounding questions.yaml: a test for each case, which says what is wrong with the answer and whom to blame.

pytest loads this module in every project that has groundwire: what asking needs is imported when something is asked.
"""

import asyncio
import re
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evals.cases import Case, CaseFile
    from evals.run import Outcome, Report, Tried
    from evals.targets import Target
    from service.settings import Settings

_RUNS = pytest.StashKey[list["CaseTests"]]()
_MARKER = re.compile(r"[A-Za-z][\w-]*")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add our options."""
    group = parser.getgroup("grounding", "groundwire's cases")
    group.addoption(
        "--grounding",
        action="append",
        metavar="FILE",
        help="A file of cases: a test each. May be given again. Other tests run only if their paths are named.",
    )
    group.addoption(
        "--grounding-corpus",
        metavar="PATH",
        help="Ingest these articles for the run [the file's own `corpus`, else the configured store].",
    )
    group.addoption("--grounding-target", metavar="URL", help="What is asked instead of this groundwire.")
    group.addoption(
        "--grounding-baseline",
        metavar="FILE",
        help="A run written by `groundwire eval --write-baseline`: what failed in it may still fail.",
    )
    group.addoption(
        "--grounding-repeat",
        metavar="N",
        type=int,
        choices=range(1, 101),
        default=1,
        help="Ask each case N times [1].",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Let the files of cases be collected: alone, or beside the paths that are named."""
    config.stash[_RUNS] = []
    config.addinivalue_line("markers", "grounding: a case that groundwire is asked")
    files = _files(config)
    if not files:
        return
    named = list(config.args) if config.args_source is config.ArgsSource.ARGS else []
    known = {(config.invocation_params.dir / one.partition("::")[0]).resolve() for one in named}
    config.args = [*named, *(str(file) for file in files if file not in known)]
    config.args_source = config.ArgsSource.ARGS


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect the files that the option names."""
    if file_path not in _files(parent.config):
        return None
    baseline = parent.config.getoption("--grounding-baseline")
    collected: CaseTests = CaseTests.from_parent(parent, path=file_path, baseline=Path(baseline) if baseline else None)
    return collected


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:  # noqa: ANN401 - pytest's own class
    """Say how the runs compare with their baselines: what got better is no failure, and told here."""
    for run in config.stash[_RUNS]:
        if lines := run.summary():
            terminalreporter.section(f"grounding: {run.nodeid}")
            terminalreporter.write_line(lines)


def _files(config: pytest.Config) -> list[Path]:
    given: list[str] = config.getoption("--grounding") or []
    return [(config.invocation_params.dir / one).resolve() for one in given]


class CaseTests(pytest.File):
    """The cases of a file; they are asked of one target, which is opened with the first of them.

    In a conftest.py, to have them among other tests without an option:

        def pytest_collect_file(file_path, parent):
            if file_path.name == "questions.yaml":
                return CaseTests.from_parent(parent, path=file_path, baseline=file_path.with_name("baseline.json"))
    """

    def __init__(self, *, baseline: Path | None = None, settings: "Settings | None" = None, **of_pytest: Any) -> None:  # noqa: ANN401
        """Take what pytest gives, a run to compare with, and settings instead of the environment's."""
        super().__init__(**of_pytest)
        self._settings = settings
        self._baseline = baseline
        self._before: Report | None = None
        self._file: CaseFile
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)  # it leaves other loops of the thread alone
        self._opened = AsyncExitStack()
        self._target: Target | None = None
        self._failed: Exception | None = None
        self._tried: list[Tried] = []

    def collect(self) -> Iterator["CaseTest"]:
        """Give a test for each case; its tags are markers, as far as pytest knows no others of their names."""
        from evals.case_files import case_lines, read_cases
        from evals.errors import EvalError
        from evals.gate import read_report

        try:
            self._file = read_cases(self.path)
            self._before = read_report(self._baseline) if self._baseline else None
        except EvalError as error:
            raise self.CollectError(str(error)) from error
        self.config.stash[_RUNS].append(self)
        self.config.add_cleanup(self._close)
        taken = {re.split(r"[:(]", line)[0].strip() for line in self.config.getini("markers")}
        tags = sorted({tag for case in self._file.cases for tag in case.tags if _MARKER.fullmatch(tag)} - taken)
        for tag in tags:
            self.config.addinivalue_line("markers", f"{tag}: a tag of cases")
        for case, line in zip(self._file.cases, case_lines(self.path), strict=True):
            test = CaseTest.from_parent(self, name=case.id, case=case, line=line)
            test.add_marker("grounding")
            for tag in case.tags:
                test.extra_keyword_matches.add(tag)
                if tag in tags:
                    test.add_marker(tag)
            if case.draft:
                test.add_marker(pytest.mark.skip(reason="a draft: correct it, and take its mark away"))
            yield test

    def ask(self, case: "Case") -> "tuple[Tried, Outcome | None]":
        """Ask a case; give what came, and what became of it in the baseline.

        Raises:
            EvalError, RetrievalError, ServiceError: the target cannot be opened.

        """
        tried = self._runner.run(self._ask(case))
        self._tried.append(tried)
        return tried, next((one for one in self._before.cases if one.id == case.id), None) if self._before else None

    def summary(self) -> str:
        """Say what changed since the baseline, and what got better."""
        from evals.errors import EvalError
        from evals.gate import compare
        from evals.printing import changed_text
        from evals.run import report
        from retrieval.errors import RetrievalError
        from service.errors import ServiceError

        if self._target is None or self._before is None:
            return ""
        try:
            now = self._runner.run(report(self._tried, self._target, self._file))
        except (EvalError, RetrievalError, ServiceError) as error:
            return f"What changed since the baseline cannot be told: {error}"
        comparison = compare(now, self._before)
        lines = [changed_text(comparison)] if comparison.changed else []
        if comparison.better:
            better = ", ".join(one.now.id for one in comparison.better)
            lines.append(f"Better than in the baseline: {better}. To keep it so, write it anew: --write-baseline.")
        return "\n".join(lines)

    async def _ask(self, case: "Case") -> "Tried":
        from evals.errors import EvalError
        from evals.opening import corpus_of, open_target
        from evals.run import try_case
        from retrieval.errors import RetrievalError
        from service.errors import ServiceError
        from service.settings import from_environment

        if self._failed:
            raise self._failed
        if self._target is None:
            option = self.config.getoption
            named = option("--grounding-target", default=None)
            given = option("--grounding-corpus", default=None)
            corpus = corpus_of(self._file, named, Path(given) if given else None)
            try:
                opening = open_target(named, corpus, self._settings or from_environment())
                self._target = await self._opened.enter_async_context(opening)
            except (EvalError, RetrievalError, ServiceError) as error:
                self._failed = error
                raise
        repeat = self.config.getoption("--grounding-repeat", default=1)
        return await try_case(case, self._target, repeat, asyncio.Semaphore())

    def _close(self) -> None:
        with self._runner:
            self._runner.run(self._opened.aclose())


class CaseTest(pytest.Item):
    """One case."""

    parent: CaseTests

    def __init__(self, *, case: "Case", line: int, **of_pytest: Any) -> None:  # noqa: ANN401 - as above
        """Take what pytest gives, the case, and on which line of its file it begins, from 1."""
        super().__init__(**of_pytest)
        self._case, self._line = case, line

    def runtest(self) -> None:
        """Ask, and fail with the reasons in words; a case that is not required may fail as it did in the baseline."""
        from evals.errors import EvalError
        from evals.gate import is_worse
        from evals.printing import case_text
        from evals.run import outcome
        from retrieval.errors import RetrievalError
        from service.errors import ServiceError

        problem = ""
        try:
            tried, before = self.parent.ask(self._case)
        except (EvalError, RetrievalError, ServiceError) as error:
            problem = f"could not ask: {error}"
        if problem:  # not above: pytest would show the error as well
            pytest.fail(problem, pytrace=False)
        now = outcome(tried)
        if now.passed:
            return
        if before and not self._case.required and not is_worse(before, now):
            fell = (
                "not more than by chance" if now.passes * before.tries < before.passes * now.tries else "before as well"
            )
            pytest.xfail(f"{fell}: {'; '.join(now.failures)}")
        pytest.fail(case_text(tried, before), pytrace=False)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Say where the case is, and name it."""
        return self.path, self._line - 1, self._case.id
