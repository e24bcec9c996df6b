"""A run as plain text: the metrics, what changed since the baseline with both answers, and what failed; 80 columns."""

import textwrap
from collections.abc import Iterator, Sequence

from evals.gate import Change, Comparison
from evals.judging import BLAMED, spelled
from evals.metrics import Metric
from evals.run import Outcome, Report, Tried
from service.printing import plain

_COLUMNS = 80
_LONGEST = 400  # characters of an answer


def report_text(report: Report, before: Report | None) -> str:
    """Lay out the metrics, beside those of the baseline."""
    lines = [plain(report.target), ""]
    lines.append(f"{'metric':30}{'value':>10}{'of':>8}" + (f"{'before':>12}{'change':>10}" if before else ""))
    old = {**before.metrics, **before.times} if before else {}
    for name, metric in {**report.metrics, **report.times}.items():
        lines.append(_metric_line(name, metric, old.get(name) if before else None))
    undefined: dict[str | None, list[str]] = {}
    for name, metric in report.metrics.items():
        if metric.value is None:
            undefined.setdefault(metric.undefined, []).append(name)
    if undefined:
        lines += ["", "Undefined", *_wrapped([f"{', '.join(names)}: {why}" for why, names in undefined.items()])]
    return "\n".join(lines)


def failures_text(outcomes: Sequence[Outcome]) -> str:
    """Lay out the cases that failed, those that are required first."""
    failing = sorted((one for one in outcomes if not one.passed), key=lambda one: not one.required)
    if not failing:
        return f"All {len(outcomes)} cases passed."
    lines = [f"{len(failing)} of {len(outcomes)} cases failed"]
    for one in failing:
        often = f", passed {one.passes} of {one.tries}" if one.tries > 1 else ""
        lines += ["", f"{'! ' if one.required else ''}{plain(one.id)} ({one.blame}{often})"]
        lines += _wrapped([one.question, *(f"- {failure}" for failure in one.failures)])
    return "\n".join(lines)


def drafts_text(drafts: int) -> str:
    """Count what was not asked."""
    return f"{drafts} draft{' was' if drafts == 1 else 's were'} not asked."


def comparison_text(comparison: Comparison) -> str:
    """Lay out what changed, both answers of each case below one another."""
    lines = [changed_text(comparison)] if comparison.changed else []
    if not comparison.same_cases:
        lines.append("The baseline's metrics are of other cases, and not shown.")
    if any(one.before.tries != one.now.tries for one in (*comparison.worse, *comparison.better, *comparison.shaky)):
        lines.append("The baseline asked each case more or less often than this run.")
    for name, changes in (("Worse", comparison.worse), ("Better", comparison.better)):
        lines += ["", f"{name}: {len(changes) or 'none'}", *(line for one in changes for line in _change_lines(one))]
    if comparison.shaky:
        lines += ["", "Passed less often than before, as chance may have it"]
        lines += _wrapped([f"{one.now.id}: {_often(one.before)}, now {_often(one.now)}" for one in comparison.shaky])
    for name, outcomes in (("New", comparison.new), ("Gone", comparison.gone)):
        if outcomes:
            lines += ["", f"{name}: {len(outcomes)}", *_wrapped([", ".join(one.id for one in outcomes)], longest=None)]
    return "\n".join(lines).strip()


def changed_text(comparison: Comparison) -> str:
    """Lay out what the answers depend on and is not as it was."""
    changed = _wrapped([_changed(name, *pair) for name, pair in comparison.changed.items()])
    return "\n".join(["Changed since the baseline", *changed])


def case_text(tried: Tried, before: Outcome | None) -> str:
    """Lay out a case that failed: why and whom to blame, the question, the answer with its quotes, what it was."""
    shown, case = tried.shown, tried.case
    often = sum(one.passed for one in tried.judgements)
    lines = [f"{plain(shown.failures[0])} (to blame: {shown.blame})"]
    lines += [BLAMED[shown.blame]] if shown.blame else []
    lines += _wrapped([f"- {failure}" for failure in shown.failures], longest=None) if shown.failures[1:] else []
    lines += [f"passed {often} of {len(tried.judgements)} tries"] if len(tried.judgements) > 1 else []
    lines += ["", "question", *_wrapped([case.question], longest=None)]
    if shown.reply:
        lines += ["answer" if shown.reply.answered else "abstained", *_wrapped([shown.reply.text], longest=None)]
        quotes = [f"{one.article_id or one.url or one.title}: “{one.quote or ''}”" for one in shown.reply.citations]
        lines += ["quotes", *_wrapped(quotes, longest=None)] if quotes else []
    lines += ["to be said", *_wrapped([f"- {spelled(fact)}" for fact in case.facts])] if case.facts else []
    lines += [f"before ({_often(before)})", *_wrapped([before.text], longest=None)] if before else []
    return "\n".join(lines)


def _metric_line(name: str, metric: Metric, before: Metric | None) -> str:
    line = f"{name:30}{_figure(metric):>10}{metric.count or '':>8}"
    if before is None:
        return line.rstrip()
    change = "" if metric.value is None or before.value is None else f"{metric.value - before.value:+.3f}"
    return f"{line}{_figure(before):>12}{change:>10}".rstrip()


def _figure(metric: Metric) -> str:
    if metric.value is None:
        return "undefined"
    return f"{metric.value:.3f}" if abs(metric.value) < 100 else f"{metric.value:.0f}"  # noqa: PLR2004 - fits the column


def _change_lines(change: Change) -> Iterator[str]:
    yield ""
    blame = f" ({change.now.blame})" if change.now.blame else ""
    yield f"{plain(change.now.id)}{blame}: {_often(change.before)}, now {_often(change.now)}"
    yield from _wrapped([change.now.question])
    yield from _wrapped([f"before: {change.before.text}"])
    yield from _wrapped([f"now:    {change.now.text}"])
    yield from _wrapped([f"- {failure}" for failure in change.now.failures])


def _often(outcome: Outcome) -> str:
    if outcome.tries == 1:
        return "passed" if outcome.passed else "failed"
    return f"passed {outcome.passes} of {outcome.tries}"


def _changed(name: str, before: str, now: str) -> str:
    """Say what changed; of settings, those that did."""
    was, are = before.split(), now.split()
    if all("=" in one for one in (*was, *are)):
        before, now = (" ".join(one for one in some if one not in other) for some, other in ((was, are), (are, was)))
    return f"{name}: {now}, before {before}"


def _wrapped(texts: Sequence[str], longest: int | None = _LONGEST) -> list[str]:
    return [
        line
        for text in texts
        for line in textwrap.wrap(
            plain(textwrap.shorten(text, longest, placeholder=" …") if longest else text),
            _COLUMNS,
            initial_indent="  ",
            subsequent_indent="    ",
            break_on_hyphens=False,
            break_long_words=False,
        )
    ]
