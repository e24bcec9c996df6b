"""Each metric against replies that are worked out by hand, and all of them against each other by their properties."""

import math
from collections.abc import Callable, Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.calibration import relevance_calibration, support_calibration
from evals.cases import Case
from evals.judging import Judgement, failed, judge
from evals.metrics import LOWER_IS_BETTER, METRICS, Metric, Price, measure, times
from evals.replies import Cited, Found, Reply, Said
from evals.supporting import supports
from service.types import Usage

BRIDGE = (
    "The new bridge cost 31 million dollars. It was opened by Maria Keller in May 2021. "
    "The old bridge was closed in 2019. Two engineers were praised for the work."
)
FERRY = "The ferry carries 400 passengers an hour. The ferry company employs 12 people in Larnholm."
ARTICLES = {"bridge": BRIDGE, "ferry": FERRY}
COST = "The new bridge cost 31 million dollars."
CLOSED = "The old bridge was closed in 2019."
PASSENGERS = "The ferry carries 400 passengers an hour."

ASKS_COST = Case(
    id="cost", question="What did the bridge cost?", answered=True, facts=(("31 million",),), articles=("bridge",)
)
ASKS_FERRY = Case(id="ferry", question="How many?", answered=True, facts=(("400",), ("hour",)), articles=("ferry",))
ASKS_MAYOR = Case(id="mayor", question="Who is the mayor of Larnholm?", answered=False)


def quoting(quote: str, article_id: str = "bridge") -> Cited:
    text = ARTICLES[article_id]
    start = text.find(quote)
    place = (start, start + len(quote)) if start >= 0 else (None, None)
    return Cited(article_id=article_id, quote=quote, article=text, start=place[0], end=place[1])


def reply(
    *sentences: tuple[str, Sequence[Cited]], found: Sequence[tuple[str, str]] | None = None, milliseconds: float = 1.0
) -> Reply:
    """Make an answer of sentences, each with what it cites."""
    citations: list[Cited] = []
    said: list[Said] = []
    for text, cited in sentences:
        said.append(Said(text=text, citations=tuple(range(len(citations), len(citations) + len(cited)))))
        citations += cited
    return Reply(
        answered=True,
        text=" ".join(text for text, _ in sentences),
        sentences=tuple(said),
        citations=tuple(citations),
        found=None if found is None else tuple(Found(article_id=one, text=text, relevance=1) for one, text in found),
        writer="test",
        milliseconds=milliseconds,
    )


SILENCE = Reply(answered=False, text="The articles do not say.", abstained="not_answered", writer="test")


def judged(*pairs: tuple[Case, Reply]) -> list[Judgement]:
    return [judge(case, one, ARTICLES) for case, one in pairs]


def value(metric: Metric) -> float:
    assert metric.value is not None, metric.undefined
    return metric.value


def test_correctness_is_the_share_of_answerable_cases_with_every_fact() -> None:
    # cost: has "31 million" -> 1. ferry: has "400" and not "hour" -> 0. mayor is not answerable: not counted. 1/2.
    taken = measure(
        judged(
            (ASKS_COST, reply((COST, [quoting(COST)]))),
            (ASKS_FERRY, reply(("The ferry carries 400 passengers.", [quoting(PASSENGERS, "ferry")]))),
            (ASKS_MAYOR, SILENCE),
        )
    )
    assert taken["answer_correctness"] == Metric(value=0.5, count=2)


def test_an_answer_that_also_says_what_it_must_not_is_not_correct() -> None:
    case = ASKS_COST.model_copy(update={"forbidden": ("2019",)})
    both = reply((COST, [quoting(COST)]), (CLOSED, [quoting(CLOSED)]))
    assert measure(judged((case, both)))["answer_correctness"].value == 0.0


def test_abstentions_are_counted_as_a_class() -> None:
    # Abstained: cost (wrongly), mayor (rightly) -> precision 1/2. Unanswerable: mayor (abstained), mayor again
    # (answered) -> recall 1/2.
    taken = measure(
        judged((ASKS_COST, SILENCE), (ASKS_MAYOR, SILENCE), (ASKS_MAYOR, reply((COST, [quoting(COST)])))),
    )
    assert taken["abstention_precision"] == Metric(value=0.5, count=2)
    assert taken["abstention_recall"] == Metric(value=0.5, count=2)


def test_a_quote_is_valid_at_its_place_to_the_letter() -> None:
    # Three quotes: one valid; one shifted by a letter; one that is not in the article. 1/3.
    shifted = quoting(COST).model_copy(update={"start": 1, "end": 1 + len(COST)})
    invented = quoting("The new bridge cost 32 million dollars.")
    taken = measure(judged((ASKS_COST, reply((COST, [quoting(COST), shifted, invented])))))
    assert value(taken["quote_validity"]) == pytest.approx(1 / 3)
    assert taken["quote_validity"].count == 3


def test_recall_is_taken_by_sentence_and_an_uncited_sentence_has_none() -> None:
    # First answer: COST proved (1), CLOSED uncited (0) -> 1/2. Second: PASSENGERS proved -> 1. The mean of both: 3/4.
    # All sentences: 2 of 3 proved, so 1/3 are unsupported.
    taken = measure(
        judged(
            (ASKS_COST, reply((COST, [quoting(COST)]), (CLOSED, []))),
            (ASKS_FERRY, reply((PASSENGERS, [quoting(PASSENGERS, "ferry")]))),
        )
    )
    assert taken["citation_recall_verified"] == Metric(value=0.75, count=2)
    assert taken["citation_recall_gold"] == Metric(value=0.75, count=2)
    assert value(taken["unsupported_sentences"]) == pytest.approx(1 / 3)
    assert taken["unsupported_sentences"].count == 3


def test_a_citation_that_proves_nothing_beside_one_that_does_is_not_precise() -> None:
    # COST cites its proof, and CLOSED, without which it is proved as well, and which does not prove it: 1/2. By gold
    # both are of the right article: 1. Recall is 1 all the same.
    taken = measure(judged((ASKS_COST, reply((COST, [quoting(COST), quoting(CLOSED)])))))
    assert taken["citation_precision_verified"] == Metric(value=0.5, count=1)
    assert taken["citation_precision_gold"] == Metric(value=1.0, count=1)
    assert taken["citation_recall_verified"] == Metric(value=1.0, count=1)


def test_citations_that_prove_a_sentence_only_together_are_both_precise() -> None:
    quotes = ["Maria Keller opened the new bridge in May.", "The council closed the old bridge in 2019."]
    cited = [Cited(article_id=one[:5], quote=one, article=one) for one in quotes]
    both = "Maria Keller opened the new bridge in May, and the council closed the old bridge in 2019."
    [support] = supports(reply((both, cited)))
    assert support.supported
    assert support.relevant == (True, True)


def test_two_quotes_that_each_prove_a_sentence_are_both_precise() -> None:
    [support] = supports(reply((COST, [quoting(COST), quoting(COST)])))
    assert support.relevant == (True, True)


def test_the_citations_of_an_unproved_sentence_are_not_precise() -> None:
    # PASSENGERS is proved by its citation (1), "32 million" is not by its own (0): precision 1/2, recall 1/2.
    false = "The new bridge cost 32 million dollars."
    taken = measure(
        judged((ASKS_COST, reply((PASSENGERS, [quoting(PASSENGERS, "ferry")]), (false, [quoting(COST)])))),
    )
    assert taken["citation_precision_verified"] == Metric(value=0.5, count=1)
    assert taken["citation_recall_verified"] == Metric(value=0.5, count=1)
    # By gold it is the other way round: the first cites the ferry's article, the second the bridge's.
    assert taken["citation_precision_gold"] == Metric(value=0.5, count=1)


def test_an_answer_that_cites_nothing_has_recall_zero_and_no_precision() -> None:
    taken = measure(judged((ASKS_COST, reply((COST, [])))))
    assert taken["citation_recall_verified"] == Metric(value=0.0, count=1)
    assert taken["citation_precision_verified"] == Metric(value=None, undefined="no answer has a citation")
    assert taken["unsupported_sentences"] == Metric(value=1.0, count=1)


def test_a_sentence_whose_source_gives_no_quote_is_left_open() -> None:
    # Told: COST, proved by its quote. Left open: CLOSED, which names a source and no words of it.
    open_ = Cited(article_id="bridge", url="https://example.org/bridge")
    taken = measure(judged((ASKS_COST, reply((COST, [quoting(COST)]), (CLOSED, [open_])))))
    assert taken["citation_recall_verified"] == Metric(value=1.0, count=1)
    assert taken["citation_precision_verified"] == Metric(value=1.0, count=1)
    assert taken["unsupported_sentences"] == Metric(value=0.0, count=1)


def test_a_target_that_never_quotes_has_no_verified_metrics_and_is_told_why() -> None:
    open_ = Cited(article_id="bridge", url="https://example.org/bridge")
    taken = measure(judged((ASKS_COST, reply((COST, [open_]), (CLOSED, [])))))
    for name in ("citation_recall_verified", "citation_precision_verified", "unsupported_sentences"):
        assert taken[name] == Metric(value=None, undefined="no answer has a quote to prove a sentence by")
    assert taken["quote_validity"] == Metric(value=None, undefined="no answer has a quote")
    assert taken["citation_recall_gold"].value == 0.5


def test_words_beside_the_quote_prove_nothing() -> None:
    half = quoting("The old bridge was closed")  # the sentence goes on: "in 2019"
    [support] = supports(reply((CLOSED, [half])))
    assert support.supported is False
    [middle] = supports(reply(("The new bridge cost 31 million dollars.", [quoting("cost 31 million dollars.")])))
    assert middle.supported is False


def test_a_quote_that_is_not_the_articles_proves_nothing() -> None:
    false = "The new bridge cost 99 million dollars."
    [support] = supports(reply((false, [quoting(false)])))
    assert support.supported is False


def test_recall_at_k_counts_distinct_articles_and_passages_with_a_fact() -> None:
    # cost: ferry, ferry, bridge (without a fact), bridge (with it). Distinct articles: ferry, bridge -> source place 2.
    # Passages: the fourth has the fact -> passage place 4. ferry: first of both. At 1: 1/2 and 1/2; at 5: 1 and 1.
    found = [("ferry", PASSENGERS), ("ferry", FERRY), ("bridge", CLOSED), ("bridge", COST)]
    taken = measure(
        judged(
            (ASKS_COST, reply((COST, [quoting(COST)]), found=found)),
            (ASKS_FERRY, reply((PASSENGERS, [quoting(PASSENGERS, "ferry")]), found=[("ferry", PASSENGERS)])),
        )
    )
    assert taken["source_recall@1"] == Metric(value=0.5, count=2)
    assert taken["passage_recall@1"] == Metric(value=0.5, count=2)
    assert taken["source_recall@5"] == Metric(value=1.0, count=2)
    assert taken["passage_recall@5"] == Metric(value=1.0, count=2)


def test_tokens_sources_and_times_are_means_and_percentiles_of_what_is_told() -> None:
    one = reply((COST, [quoting(COST)]), milliseconds=10.0)
    one = one.model_copy(
        update={
            "usage": Usage(input_tokens=100, output_tokens=20),
            "sentences": (one.sentences[0].model_copy(update={"independent_sources": 2}),),
        }
    )
    other = one.model_copy(update={"usage": Usage(input_tokens=300, output_tokens=40), "milliseconds": 30.0})
    some = judged((ASKS_COST, one), (ASKS_COST, other), (ASKS_COST, reply((COST, [quoting(COST)]), milliseconds=20.0)))
    taken = measure(some)
    assert taken["input_tokens"] == Metric(value=200.0, count=2)
    assert taken["output_tokens"] == Metric(value=30.0, count=2)
    assert taken["independent_sources"] == Metric(value=2.0, count=2)
    # At 10 a million read and 100 a million written: .001 + .002 and .003 + .004, on average .005.
    assert taken["cost"].undefined == "no price of tokens is given"
    assert value(measure(some, Price(input=10, output=100))["cost"]) == pytest.approx(0.005)
    # Of 10, 20 and 30 the median is 20; the 95th percentile lies nine tenths of the way from 20 to 30.
    assert times(some) == {
        "latency_ms_p50": Metric(value=20.0, count=3),
        "latency_ms_p95": Metric(value=29.0, count=3),
    }


def test_a_case_without_a_reply_counts_as_wrong_and_not_as_abstained() -> None:
    taken = measure([failed(ASKS_COST, "no reply"), failed(ASKS_MAYOR, "no reply")])
    assert taken["pass_rate"] == Metric(value=0.0, count=2)
    assert taken["answer_correctness"] == Metric(value=0.0, count=1)
    assert taken["abstention_recall"] == Metric(value=0.0, count=1)
    assert taken["abstention_precision"].undefined == "nothing was abstained from"


# A corpus of any size: article i says what bridge i cost; cases beyond it ask what no article says.
COSTS = st.lists(st.integers(2, 999), min_size=1, max_size=4, unique=True)
Answerer = Callable[[Case, int, dict[str, str]], Reply]


def stated(number: int, cost: int) -> str:
    return f"Bridge {'ABCDEFGH'[number]} in Larnholm cost {cost} million dollars."


def run(costs: list[int], unanswerable: int, answer: Answerer) -> list[Judgement]:
    articles = {
        f"bridge-{number}": f"{stated(number, cost)} The mayor thanked the builders."
        for number, cost in enumerate(costs)
    }
    cases = [
        Case(
            id=f"{number}",
            question=f"What did bridge {number} cost?",
            answered=True,
            facts=((f"{cost} million",),),
            articles=(f"bridge-{number}",),
        )
        for number, cost in enumerate(costs)
    ]
    cases += [Case(id=f"none-{number}", question="Who?", answered=False) for number in range(unanswerable)]
    return [judge(case, answer(case, number, articles), articles) for number, case in enumerate(cases)]


def saying(text: str, quote: str, number: int, articles: dict[str, str]) -> Reply:
    name = f"bridge-{number % len(articles)}"
    start = articles[name].index(quote)
    cited = Cited(article_id=name, quote=quote, article=articles[name], start=start, end=start + len(quote))
    return Reply(
        answered=True,
        text=text,
        sentences=(Said(text=text, citations=(0,), independent_sources=1),),
        citations=(cited,),
        found=(Found(article_id=name, text=articles[name], relevance=0.9),),
        writer="test",
    )


def first_sentence(number: int, articles: dict[str, str]) -> str:
    return articles[f"bridge-{number % len(articles)}"].split(" The mayor")[0]


def perfect(case: Case, number: int, articles: dict[str, str]) -> Reply:
    truth = first_sentence(number, articles)
    found = (Found(article_id=f"bridge-{number % len(articles)}", text=truth, relevance=0.9),)
    return saying(truth, truth, number, articles) if case.answered else SILENCE.model_copy(update={"found": found})


def liar(_case: Case, number: int, articles: dict[str, str]) -> Reply:
    truth = first_sentence(number, articles)
    cost = truth.split(" million")[0].rsplit(" ", 1)[1]
    return saying(truth.replace(f"cost {cost}", f"cost {int(cost) + 1000}"), truth, number, articles)


def copyist(_case: Case, number: int, articles: dict[str, str]) -> Reply:
    truth = first_sentence(number, articles)
    return saying(truth, truth, number, articles)


def silent(_case: Case, _number: int, _articles: dict[str, str]) -> Reply:
    return SILENCE.model_copy(update={"found": ()})


def well_formed(taken: dict[str, Metric]) -> None:
    for name, metric in taken.items():
        if metric.value is None:
            assert metric.undefined, name
            assert metric.count == 0, name
        else:
            assert math.isfinite(metric.value), name
            assert metric.count > 0, name
            assert metric.undefined is None, name
        if not name.endswith(("tokens", "sources")):
            assert metric.value is None or 0 <= metric.value <= 1, name


@settings(deadline=None, max_examples=20)
@given(COSTS, st.integers(1, 3))
def test_a_perfect_answerer_has_the_best_of_every_metric(costs: list[int], unanswerable: int) -> None:
    taken = measure(run(costs, unanswerable, perfect))
    well_formed(taken)
    for name, metric in taken.items():
        if metric.value is not None:
            assert metric.value == (0.0 if name in LOWER_IS_BETTER else 1.0), name
    assert {name for name, one in taken.items() if one.value is None} == {"input_tokens", "output_tokens", "cost"}


@settings(deadline=None, max_examples=20)
@given(COSTS, st.integers(1, 3))
def test_a_silent_one_abstains_rightly_and_answers_nothing(costs: list[int], unanswerable: int) -> None:
    taken = measure(run(costs, unanswerable, silent))
    well_formed(taken)
    assert taken["abstention_recall"].value == 1
    assert taken["answer_correctness"].value == 0
    assert taken["abstention_precision"].value == pytest.approx(unanswerable / (unanswerable + len(costs)))
    assert taken["quote_validity"].undefined
    assert taken["citation_recall_verified"].undefined
    assert taken["source_recall@10"].value == 0


@settings(deadline=None, max_examples=20)
@given(COSTS, st.integers(1, 3))
def test_a_liar_quotes_truly_and_is_neither_correct_nor_supported(costs: list[int], unanswerable: int) -> None:
    taken = measure(run(costs, unanswerable, liar))
    well_formed(taken)
    assert taken["quote_validity"].value == 1
    assert taken["answer_correctness"].value == 0
    assert taken["unsupported_sentences"].value == 1
    assert taken["citation_recall_verified"].value == 0
    assert taken["citation_precision_verified"].value == 0
    assert taken["citation_precision_gold"].value == 1  # its source is the right one: only the verifier sees the lie
    assert taken["abstention_recall"].value == 0
    assert taken["pass_rate"].value == 0


@settings(deadline=None, max_examples=20)
@given(COSTS, st.integers(1, 3))
def test_a_copyist_of_the_top_passage_proves_everything_and_never_abstains(costs: list[int], unanswerable: int) -> None:
    taken = measure(run(costs, unanswerable, copyist))
    well_formed(taken)
    assert taken["citation_precision_verified"].value == 1
    assert taken["citation_recall_verified"].value == 1
    assert taken["unsupported_sentences"].value == 0
    assert taken["abstention_recall"].value == 0
    assert taken["abstention_precision"].undefined


TRUTHS = [COST, CLOSED, PASSENGERS]
SENTENCES = st.tuples(
    st.sampled_from([*TRUTHS, "The new bridge cost 32 million dollars.", "Nobody knows why."]),
    st.lists(
        st.sampled_from(
            [
                quoting(COST),
                quoting(CLOSED),
                quoting(PASSENGERS, "ferry"),
                quoting("No such words."),
                Cited(article_id=None, url="https://example.org"),
            ]
        ),
        max_size=3,
    ),
)
REPLIES = st.one_of(
    st.just(SILENCE),
    st.builds(
        lambda sentences, found: reply(*sentences, found=found),
        st.lists(SENTENCES, max_size=3),
        st.none() | st.lists(st.sampled_from([("bridge", COST), ("ferry", FERRY)]), max_size=3),
    ),
)
JUDGEMENTS = st.lists(
    st.one_of(
        st.builds(
            lambda case, one: judge(case, one, ARTICLES), st.sampled_from([ASKS_COST, ASKS_FERRY, ASKS_MAYOR]), REPLIES
        ),
        st.just(failed(ASKS_COST, "no reply")),
    ),
    max_size=5,
)


@settings(deadline=None, max_examples=60)
@given(JUDGEMENTS)
def test_no_metric_of_any_run_is_nan_and_an_undefined_one_says_why(some: list[Judgement]) -> None:
    taken = measure(some)
    well_formed(taken)
    assert all(one.value is None or one.value >= 0 for one in times(some).values())
    # What passes is correct; what proves all its sentences has none unsupported.
    correct, passed = taken["answer_correctness"], [one for one in some if one.passed and one.case.answered]
    assert len(passed) <= round((correct.value or 0) * correct.count)
    if taken["citation_recall_verified"].value == 1:
        assert taken["unsupported_sentences"].value == 0
    for depths in (("@1", "@5"), ("@5", "@10")):
        for name in ("source_recall", "passage_recall"):
            near, far = (taken[name + depth].value for depth in depths)
            assert near is None or far is None or near <= far
    near, far = taken["passage_recall@10"].value, taken["source_recall@10"].value
    assert near is None or far is None or near <= far


@settings(deadline=None, max_examples=30)
@given(JUDGEMENTS, st.randoms(use_true_random=False))
def test_the_order_of_the_cases_changes_nothing(some: list[Judgement], chance: Random) -> None:
    shuffled = list(some)
    chance.shuffle(shuffled)
    assert {name: (one.value and round(one.value, 9), one.count) for name, one in measure(shuffled).items()} == {
        name: (one.value and round(one.value, 9), one.count) for name, one in measure(some).items()
    }


def test_every_metric_says_what_it_is() -> None:
    assert all(function.__doc__ for function in METRICS.values())


def found_with(relevance: float, article_id: str, text: str) -> Reply:
    return reply().model_copy(update={"found": (Found(article_id=article_id, text=text, relevance=relevance),)})


def test_relevance_is_held_against_whether_a_passage_is_gold() -> None:
    # .9 is gold; .95 is of the right article without the fact, .3 has it and is of another article, .2 is found for a
    # question that has no answer: not gold. Bin .9 to 1: two, mean .925, right 1/2, off by .425. Bins .3 and .2: one
    # each, right 0, off by .3 and .2. Error: (2 * .425 + .3 + .2) / 4 = .3375.
    taken = relevance_calibration(
        judged(
            (ASKS_COST, found_with(0.9, "bridge", COST)),
            (ASKS_COST, found_with(0.95, "bridge", CLOSED)),
            (ASKS_COST, found_with(0.3, "ferry", COST)),
            (ASKS_MAYOR, found_with(0.2, "bridge", COST)),
        )
    )
    assert [(one.least, one.count, one.right) for one in taken.bins] == [(0.2, 1, 0.0), (0.3, 1, 0.0), (0.9, 2, 0.5)]
    assert value(taken.error) == pytest.approx(0.3375)
    assert taken.error.count == 4


def test_support_is_held_against_whether_the_answer_is_correct() -> None:
    right, wrong = reply((COST, [quoting(COST)])), reply((CLOSED, [quoting(CLOSED)]))
    sure = [
        one.model_copy(update={"sentences": (one.sentences[0].model_copy(update={"support": 1.0}),)})
        for one in (right, wrong)
    ]
    taken = support_calibration(judged((ASKS_COST, sure[0]), (ASKS_COST, sure[1]), (ASKS_COST, right)))
    assert [(one.least, one.count, one.score, one.right) for one in taken.bins] == [(0.9, 2, 1.0, 0.5)]
    assert value(taken.error) == pytest.approx(0.5)


def test_a_target_without_scores_has_no_calibration_and_is_told_why() -> None:
    some = judged((ASKS_COST, reply((COST, [quoting(COST)]))))
    assert relevance_calibration(some).error.undefined == "the target shows no passages that it found"
    assert support_calibration(some).error.undefined == "the target gives no support of its sentences"


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_a_calibration_error_is_a_distance_between_nought_and_one(relevances: list[float]) -> None:
    taken = relevance_calibration(judged(*((ASKS_COST, found_with(one, "bridge", COST)) for one in relevances)))
    assert sum(one.count for one in taken.bins) == len(relevances)
    assert 0 <= value(taken.error) <= 1
    assert value(taken.error) == pytest.approx(1 - sum(relevances) / len(relevances))  # all are gold
