"""Metrics over judgements; each says in its docstring what it is and where it comes from. None is ever NaN."""

from collections.abc import Callable, Sequence
from statistics import mean

import numpy as np
from pydantic import Field

from evals.judging import Judgement
from retrieval.types import Frozen

DEPTHS = (1, 5, 10)
PERCENTILES = (50, 95)


class Metric(Frozen):
    """A figure, or the reason why there is none."""

    value: float | None
    undefined: str | None = None
    count: int = Field(default=0, description="The cases, answers, sentences or quotes that it is taken over.")


class Price(Frozen):
    """What a million tokens cost, in any currency."""

    input: float
    output: float


def measure(judgements: Sequence[Judgement], price: Price | None = None) -> dict[str, Metric]:
    """Take every metric of some judgements, in the order in which reports show them."""
    taken = {name: function(judgements) for name, function in METRICS.items()}
    taken["cost"] = cost(judgements, price)
    for depth in DEPTHS:
        taken[f"source_recall@{depth}"] = source_recall(judgements, depth)
        taken[f"passage_recall@{depth}"] = passage_recall(judgements, depth)
    return taken


def times(judgements: Sequence[Judgement]) -> dict[str, Metric]:
    """Take what differs between two runs of the same: milliseconds for an answer, as its client sees it."""
    taken = [one.reply.milliseconds for one in judgements if one.reply]
    return {
        f"latency_ms_p{percent}": Metric(value=float(np.percentile(taken, percent)), count=len(taken))
        if taken
        else Metric(value=None, undefined="no reply came")
        for percent in PERCENTILES
    }


def pass_rate(judgements: Sequence[Judgement]) -> Metric:
    """Give the share of the cases whose reply is all that the case asks for."""
    return _share([one.passed for one in judgements], "there is no case")


def answer_correctness(judgements: Sequence[Judgement]) -> Metric:
    """Give the share of the answerable cases whose answer has every fact: SQuAD's accuracy, by facts for exact match.

    Rajpurkar et al., 2018, https://arxiv.org/abs/1806.03822.
    """
    return _share([one.correct for one in judgements if one.case.answered], "no case is answerable")


def abstention_precision(judgements: Sequence[Judgement]) -> Metric:
    """Give the share of the abstentions that are right ones: of what is not answered, how much could not be.

    Precision and recall of the class "unanswerable": Rajpurkar et al., 2018, https://arxiv.org/abs/1806.03822.
    """
    return _share([not one.case.answered for one in judgements if _abstained(one)], "nothing was abstained from")


def abstention_recall(judgements: Sequence[Judgement]) -> Metric:
    """Give the share of the unanswerable cases that are abstained from."""
    return _share([_abstained(one) for one in judgements if not one.case.answered], "no case is unanswerable")


def quote_validity(judgements: Sequence[Judgement]) -> Metric:
    """Give the share of the quotes that are their article's own words at the place that is given: must be 1.

    "Verifiable" in the sense of Liu et al., 2023, https://arxiv.org/abs/2304.09848, taken to the letter.
    """
    quotes = [
        cited.valid for one in judgements if one.reply for cited in one.reply.citations if cited.quote is not None
    ]
    known = [one for one in quotes if one is not None]
    why = "no text of a source is known to hold a quote against" if quotes else "no answer has a quote"
    return _share(known, why)


def citation_recall_gold(judgements: Sequence[Judgement]) -> Metric:
    """Give the mean, over answers, of the share of an answer's sentences that cite an article which says the answer.

    ALCE's citation recall, with the case's own articles for entailment; a sentence that cites nothing counts as 0.
    Gao et al., 2023, https://arxiv.org/abs/2305.14627, section 4.
    """
    marks = [
        [any(one.reply.citations[at].article_id in one.case.gold for at in said.citations) for said in sentences]
        for one in _answered_with_gold(judgements)
        if one.reply and (sentences := one.reply.sentences)
    ]
    return _mean_share(marks, _untold(judgements) or "no answer to a case with articles has a sentence")


def citation_precision_gold(judgements: Sequence[Judgement]) -> Metric:
    """Give the mean, over answers that cite, of the share of their citations that are of an article which says it.

    As citation_precision_verified, with the case's own articles for entailment.
    """
    marks = [
        [one.reply.citations[at].article_id in one.case.gold for said in one.reply.sentences for at in said.citations]
        for one in _answered_with_gold(judgements)
        if one.reply
    ]
    return _mean_share(marks, _untold(judgements) or "no answer to a case with articles has a citation")


def citation_recall_verified(judgements: Sequence[Judgement]) -> Metric:
    """Give the mean, over answers, of the share of an answer's sentences that all their citations together prove.

    ALCE's citation recall, Gao et al., 2023, https://arxiv.org/abs/2305.14627, section 4: a sentence that cites nothing
    counts as 0. There a language model judges entailment by the passages cited; here the rules of service/verification
    do, by the words quoted. A sentence that these do not prove, and that cites something else without a quote, is left
    out: what it cites may prove it.
    """
    if reason := _quoteless(judgements):
        return Metric(value=None, undefined=reason)
    marks = [[told for one in judgement.supports if (told := one.supported) is not None] for judgement in judgements]
    return _mean_share(marks, "no answer has a sentence")


def citation_precision_verified(judgements: Sequence[Judgement]) -> Metric:
    """Give the mean, over answers that cite, of the share of their citations that are of use.

    ALCE's citation precision, as above: one counts if its sentence is proved, and if it proves it alone or the others
    do not without it. An answer that cites nothing has none and is left out, where ALCE's script counts it as 0: its
    recall is 0 already.
    """
    if reason := _quoteless(judgements):
        return Metric(value=None, undefined=reason)
    marks = [
        [mark for one in judgement.supports for mark in one.relevant if mark is not None] for judgement in judgements
    ]
    return _mean_share(marks, "no answer has a citation")


def unsupported_sentences(judgements: Sequence[Judgement]) -> Metric:
    """Give the share of all sentences that their citations do not prove, those the target marks itself among them.

    The complement of faithfulness as ragas counts it by statements, https://arxiv.org/abs/2309.15217, without a judge.
    """
    if reason := _quoteless(judgements):
        return Metric(value=None, undefined=reason)
    told = [one.supported for judgement in judgements for one in judgement.supports if one.supported is not None]
    return _share([not one for one in told], "no answer has a sentence")


def source_recall(judgements: Sequence[Judgement], depth: int) -> Metric:
    """Give the share of the answerable cases that have an article which says it among the first `depth` found."""
    places = [one.source_place for one in _searched(judgements)]
    return _share([place is not None and place <= depth for place in places], _unsearched(judgements))


def passage_recall(judgements: Sequence[Judgement], depth: int) -> Metric:
    """Give the share of the answerable cases that have a passage with a fact of theirs among the first `depth`."""
    places = [one.passage_place for one in _searched(judgements)]
    return _share([place is not None and place <= depth for place in places], _unsearched(judgements))


def independent_sources(judgements: Sequence[Judgement]) -> Metric:
    """Give the mean count of independent sources of a sentence, as the target counts them."""
    counts = [
        said.independent_sources
        for one in judgements
        if one.reply
        for said in one.reply.sentences
        if said.independent_sources is not None
    ]
    return _mean(counts, "no sentence has a count of sources")


def input_tokens(judgements: Sequence[Judgement]) -> Metric:
    """Give the mean tokens that the language model read for an answer, as it counts them."""
    return _mean([one.reply.usage.input_tokens for one in judgements if one.reply and one.reply.usage], _UNCOUNTED)


def output_tokens(judgements: Sequence[Judgement]) -> Metric:
    """Give the mean tokens that the language model wrote for an answer, as it counts them."""
    return _mean([one.reply.usage.output_tokens for one in judgements if one.reply and one.reply.usage], _UNCOUNTED)


def cost(judgements: Sequence[Judgement], price: Price | None) -> Metric:
    """Give the mean cost of the tokens of an answer, in the price's currency."""
    if price is None:
        return Metric(value=None, undefined="no price of tokens is given")
    used = [one.reply.usage for one in judgements if one.reply and one.reply.usage]
    costs = [(one.input_tokens * price.input + one.output_tokens * price.output) / 1e6 for one in used]
    return _mean(costs, _UNCOUNTED)


METRICS: dict[str, Callable[[Sequence[Judgement]], Metric]] = {
    "pass_rate": pass_rate,
    "answer_correctness": answer_correctness,
    "abstention_precision": abstention_precision,
    "abstention_recall": abstention_recall,
    "quote_validity": quote_validity,
    "citation_recall_gold": citation_recall_gold,
    "citation_precision_gold": citation_precision_gold,
    "citation_recall_verified": citation_recall_verified,
    "citation_precision_verified": citation_precision_verified,
    "unsupported_sentences": unsupported_sentences,
    "independent_sources": independent_sources,
    "input_tokens": input_tokens,
    "output_tokens": output_tokens,
}
LOWER_IS_BETTER = frozenset({"unsupported_sentences", "input_tokens", "output_tokens", "cost"})

_UNCOUNTED = "no language model has counted tokens"


def _abstained(judgement: Judgement) -> bool:
    return judgement.reply is not None and not judgement.reply.answered


def _answered_with_gold(judgements: Sequence[Judgement]) -> list[Judgement]:
    return [one for one in judgements if one.case.gold and one.reply and one.reply.answered and one.reply.told]


def _untold(judgements: Sequence[Judgement]) -> str | None:
    """Say that it cannot be told which articles are cited, by their addresses alone."""
    if any(one.case.gold and one.reply and not one.reply.told for one in judgements):
        return "which articles are cited cannot be told by their addresses: name the articles with --corpus"
    return None


def _searched(judgements: Sequence[Judgement]) -> list[Judgement]:
    return [one for one in judgements if one.case.gold and one.reply and one.reply.found is not None]


def _unsearched(judgements: Sequence[Judgement]) -> str:
    if any(one.case.gold for one in judgements):
        return "the target shows no passages that it found"
    return "no case names an article that says it"


def _quoteless(judgements: Sequence[Judgement]) -> str | None:
    """Say that sentences cannot be proved because the target cites without quoting."""
    cited = [one for judgement in judgements if judgement.reply for one in judgement.reply.citations]
    if cited and all(one.quote is None for one in cited):
        return "no answer has a quote to prove a sentence by"
    return None


def _mean_share(answers: Sequence[Sequence[bool]], undefined: str) -> Metric:
    return _mean([mean(map(float, marks)) for marks in answers if marks], undefined)


def _share(marks: Sequence[bool], undefined: str) -> Metric:
    return _mean([float(mark) for mark in marks], undefined)


def _mean(values: Sequence[float], undefined: str) -> Metric:
    if not values:
        return Metric(value=None, undefined=undefined)
    return Metric(value=float(mean(values)), count=len(values))
