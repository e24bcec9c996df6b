"""A run held against the one before: what got better and what worse, question by question, and whether it may pass."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import comb
from pathlib import Path

from pydantic import ValidationError

from evals.errors import EvalError
from evals.metrics import LOWER_IS_BETTER, measure, times
from evals.run import Outcome, Report

# A fall in the passes of a repeated case is borne out when chance alone makes one as large no more often than this:
# five of five to one of five is (.02), three of three to one of three is not (.2).
CHANCE = 0.05


@dataclass(frozen=True)
class Change:
    """A case that got better or worse."""

    before: Outcome
    now: Outcome


@dataclass(frozen=True)
class Comparison:
    """What changed since the baseline."""

    changed: Mapping[str, tuple[str, str]]
    """What the answers depend on and is not as it was: by its name, what it was and what it is now."""
    same_cases: bool
    """Both runs asked the same ones: only then do their metrics compare."""
    worse: tuple[Change, ...]
    better: tuple[Change, ...]
    shaky: tuple[Change, ...]
    """Cases that pass less often than before, though not less often than chance would have it."""
    new: tuple[Outcome, ...]
    gone: tuple[Outcome, ...]


def compare(now: Report, before: Report, tags: Sequence[str] = ()) -> Comparison:
    """Compare two runs case by case; of the one before, the cases with any of the tags."""
    known = {one.id: one for one in before.cases if not tags or {*tags} & {*one.tags}}
    changes = [Change(known[one.id], one) for one in now.cases if one.id in known]
    worse = tuple(one for one in changes if is_worse(one.before, one.now))
    asked = {one.id for one in now.cases}
    was, is_now = {"target": before.target, **before.fingerprint}, {"target": now.target, **now.fingerprint}
    pairs = {name: (was.get(name, "not known"), is_now.get(name, "not known")) for name in {**was, **is_now}}
    return Comparison(
        changed={name: pair for name, pair in pairs.items() if pair[0] != pair[1]},
        same_cases=asked == {one.id for one in before.cases},
        worse=worse,
        better=tuple(one for one in changes if _rate(one.now) > _rate(one.before)),
        shaky=tuple(one for one in changes if _rate(one.now) < _rate(one.before) and one not in worse),
        new=tuple(one for one in now.cases if one.id not in known),
        gone=tuple(one for one in known.values() if one.id not in asked),
    )


def is_worse(before: Outcome, now: Outcome) -> bool:
    """Tell whether a case passes less often than before, and its tries bear that out."""
    return _rate(now) < _rate(before) and fall_by_chance(before, now) <= CHANCE


def fall_by_chance(before: Outcome, now: Outcome) -> float:
    """Give the probability that a case which passes as often as ever shows a fall as large: Fisher's exact test.

    One-sided, over the tries of both runs: Fisher, 1922, https://doi.org/10.2307/2340521. A fall from always to never
    is taken for certain however few the tries: one is enough for a writer that gives the same answer twice, and more
    that all fail tell no less.
    """
    if before.passed and not now.passes:
        return 0.0
    passes, tries = before.passes + now.passes, before.tries + now.tries
    ways = sum(
        comb(before.tries, passes - fewer) * comb(now.tries, fewer)
        for fewer in range(now.passes + 1)
        if 0 <= passes - fewer <= before.tries
    )
    return ways / comb(tries, passes)


def known_metrics(names: Iterable[str]) -> None:
    """Look whether these are names of metrics, before anything is asked.

    Raises:
        EvalError: one of them is none.

    """
    known = [*measure([]), *times([])]
    if unknown := [name for name in names if name not in known]:
        raise EvalError(f"there is no metric {unknown[0]}: choose from {', '.join(known)}")


def under_minimum(report: Report, minima: Mapping[str, float]) -> list[str]:
    """Give a sentence for each metric that is worse than its minimum, or undefined; for some a maximum is meant.

    Raises:
        EvalError: the run has no such metric, as of answers that were only checked.

    """
    problems: list[str] = []
    taken = {**report.metrics, **report.times}
    if unknown := [name for name in minima if name not in taken]:
        raise EvalError(f"{unknown[0]} cannot be told here: choose from {', '.join(taken)}")
    for name, bound in minima.items():
        metric = taken[name]
        lower = name in LOWER_IS_BETTER or name in report.times
        if metric.value is None:
            problems.append(f"{name} is undefined: {metric.undefined}")
        elif (metric.value > bound) if lower else (metric.value < bound):
            problems.append(f"{name} is {metric.value:.3f}, {'over' if lower else 'under'} {bound:g}")
    return problems


def read_report(path: Path) -> Report:
    """Read a run that was written to a file.

    Raises:
        EvalError: it is not there, or is none.

    """
    try:
        return Report.model_validate_json(path.read_bytes())
    except OSError as error:
        raise EvalError(f"{path} cannot be read: {error.strerror}. Make it with --write-baseline.") from error
    except ValidationError as error:
        raise EvalError(f"{path} is no run that this release can read: make it anew with --write-baseline.") from error


def _rate(outcome: Outcome) -> float:
    return outcome.passes / outcome.tries
