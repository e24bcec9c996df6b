"""Whether a score means what it says: of what is scored .8, how much is right? Bins, and the expected error."""

from collections.abc import Sequence
from dataclasses import dataclass

from evals.facts import has
from evals.judging import Judgement
from evals.metrics import Metric

BINS = 10


@dataclass(frozen=True)
class Bin:
    """Scores from `least` on, and less than a tenth more; the last has 1 as well."""

    least: float
    count: int
    score: float
    """Their mean."""
    right: float
    """The share of them that is right."""


@dataclass(frozen=True)
class Calibration:
    """Scores held against what is known: bins that have any, and the mean distance of score and share."""

    bins: tuple[Bin, ...]
    error: Metric


def relevance_calibration(judgements: Sequence[Judgement]) -> Calibration:
    """Hold the relevance of each passage found against whether it is a gold passage.

    That is one of an article which says the answer, with a fact of the case in it; of an unanswerable case none is.
    Expected calibration error: Guo et al., 2017, https://arxiv.org/abs/1706.04599.
    """
    scored = [
        (
            found.relevance,
            found.article_id in one.case.gold and any(has(found.text, fact) for fact in one.case.facts),
        )
        for one in judgements
        if one.case.gold or not one.case.answered
        for found in (one.reply and one.reply.found) or ()
    ]
    return _calibration(scored, "the target shows no passages that it found")


def support_calibration(judgements: Sequence[Judgement]) -> Calibration:
    """Hold the support that the target gives each sentence against whether its answer is correct.

    Support says that the quote states the sentence, which the verifier has decided already: what a case can tell is how
    often a reader who trusts it is served right. A sentence that is true and no answer counts as wrong.
    """
    scored = [
        (said.support, one.correct)
        for one in judgements
        if one.reply and one.reply.answered
        for said in one.reply.sentences
        if said.support is not None
    ]
    return _calibration(scored, "the target gives no support of its sentences")


def _calibration(scored: Sequence[tuple[float, bool]], undefined: str) -> Calibration:
    if not scored:
        return Calibration((), Metric(value=None, undefined=undefined))
    by_bin: dict[int, list[tuple[float, bool]]] = {}
    for score, right in scored:
        by_bin.setdefault(min(max(int(score * BINS), 0), BINS - 1), []).append((score, right))
    bins = tuple(
        Bin(
            least=place / BINS,
            count=len(some),
            score=sum(score for score, _ in some) / len(some),
            right=sum(right for _, right in some) / len(some),
        )
        for place, some in sorted(by_bin.items())
    )
    error = sum(one.count * abs(one.score - one.right) for one in bins) / len(scored)
    return Calibration(bins, Metric(value=error, count=len(scored)))
