"""ONE RUN: each case asked, as often as wanted -> judged -> measured -> a report that a later run is held against."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from evals.cases import Case, CaseFile
from evals.errors import EvalError
from evals.judging import Blame, Judgement, failed, judge
from evals.metrics import Metric, Price, measure, times
from evals.targets import Target
from retrieval.errors import RetrievalError
from retrieval.types import Frozen
from service.errors import ServiceError


class Outcome(Frozen):
    """What became of a case: in how many of its tries it passed, and the first reply, or the first that failed."""

    id: str
    question: str
    tags: tuple[str, ...]
    required: bool
    tries: int = Field(ge=1)
    passes: int = Field(ge=0)
    text: str
    cited: tuple[str, ...] = Field(description="The articles, or addresses, that are cited, in order.")
    failures: tuple[str, ...]
    blame: Blame | None

    @property
    def passed(self) -> bool:
        """Tell whether it passed in every try."""
        return self.passes == self.tries


class Report(Frozen):
    """A run, as it is written to a file, and read as the baseline of a later one.

    Two runs over the same corpus and cases differ in `times` alone, if the writer is a deterministic one.
    """

    format: Literal[1] = 1
    target: str
    fingerprint: dict[str, str]
    metrics: dict[str, Metric]
    cases: tuple[Outcome, ...]
    times: dict[str, Metric] = Field(description="Milliseconds; they differ between two runs of the same.")


@dataclass(frozen=True)
class Tried:
    """A case and the judgement of each try."""

    case: Case
    judgements: tuple[Judgement, ...]

    @property
    def shown(self) -> Judgement:
        """Give the first that failed, else the first."""
        return next((one for one in self.judgements if not one.passed), self.judgements[0])


async def ask_all(cases: Sequence[Case], target: Target, *, repeat: int = 1, workers: int = 1) -> AsyncGenerator[Tried]:
    """Ask every case `repeat` times, `workers` questions at once; give each case in the order of the file when done.

    A case to which no reply comes has failed; if none of the first ten has one, something is wrong with the target.

    Raises:
        EvalError: none of the first ten cases got a reply.

    """
    free = asyncio.Semaphore(workers)
    tasks = [asyncio.create_task(try_case(case, target, repeat, free)) for case in cases]
    silent: list[Tried] = []
    try:
        for number, task in enumerate(tasks, 1):
            tried = await task
            if all(one.reply is None for one in tried.judgements):
                silent.append(tried)
            if len(silent) == number == min(len(tasks), 10):
                raise EvalError(f"{target.name} answers nothing: {silent[0].judgements[0].failures[0]}")
            yield tried
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def try_case(case: Case, target: Target, repeat: int, free: asyncio.Semaphore) -> Tried:
    """Ask one case, each time when it is free to."""
    judgements: list[Judgement] = []
    for _ in range(repeat):
        async with free:
            try:
                reply = await target.ask(case)
            except (EvalError, RetrievalError, ServiceError) as error:
                judgements.append(failed(case, f"no reply: {error}"))
                continue
            texts = {one: text for one in sorted(case.gold) if (text := await target.article(one)) is not None}
        # In a thread: proving takes its time, and others are asked meanwhile.
        judgements.append(await asyncio.to_thread(judge, case, reply, texts))
    return Tried(case, tuple(judgements))


async def report(tried: Sequence[Tried], target: Target, file: CaseFile, price: Price | None = None) -> Report:
    """Sum up a run over cases of a file; a price of tokens makes their cost a metric."""
    judgements = [one for some in tried for one in some.judgements]
    confirmed = "".join(case.model_dump_json() for case in file.cases if not case.draft)
    return Report(
        target=target.name,
        fingerprint={**await target.fingerprint(), "cases": hashlib.sha256(confirmed.encode()).hexdigest()[:16]},
        metrics=measure(judgements, price),
        cases=tuple(outcome(one) for one in tried),
        times=times(judgements),
    )


def outcome(tried: Tried) -> Outcome:
    """Sum up a case."""
    shown = tried.shown
    cited = dict.fromkeys(
        one.article_id or one.url or one.title for one in (shown.reply.citations if shown.reply else ())
    )
    return Outcome(
        id=tried.case.id,
        question=tried.case.question,
        tags=tried.case.tags,
        required=tried.case.required,
        tries=len(tried.judgements),
        passes=sum(one.passed for one in tried.judgements),
        text=shown.reply.text if shown.reply else "",
        cited=tuple(cited),
        failures=shown.failures,
        blame=shown.blame,
    )
