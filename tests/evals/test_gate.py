"""A run held against the one before: what counts as worse, by hand-made runs."""

import json
from math import comb
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.errors import EvalError
from evals.gate import CHANCE, compare, fall_by_chance, is_worse, known_metrics, read_report, under_minimum
from evals.metrics import Metric
from evals.printing import comparison_text, report_text
from evals.run import Outcome, Report


def outcome(
    name: str, passes: int = 1, tries: int = 1, *, tags: tuple[str, ...] = (), text: str = "So it is."
) -> Outcome:
    return Outcome(
        id=name,
        question=f"What of {name}?",
        tags=tags,
        required=False,
        tries=tries,
        passes=passes,
        text=text,
        cited=("a",),
        failures=() if passes == tries else ("lacks it",),
        blame=None if passes == tries else "writing",
    )


def run(*cases: Outcome, **fingerprint: str) -> Report:
    return Report(
        target="groundwire, extractive",
        fingerprint={"corpus": "c1 (5 articles)", "settings": "llm=extractive fallback=extractive", **fingerprint},
        metrics={
            "answer_correctness": Metric(value=0.9, count=10),
            "unsupported_sentences": Metric(value=0.1, count=10),
            "cost": Metric(value=None, undefined="no price of tokens is given"),
        },
        cases=cases,
        times={"latency_ms_p50": Metric(value=90.0, count=10)},
    )


def test_what_passed_and_fails_is_worse_and_the_other_way_round_better() -> None:
    before = run(outcome("falls"), outcome("rises", 0), outcome("stays"), outcome("stays-bad", 0))
    comparison = compare(run(outcome("falls", 0), outcome("rises"), outcome("stays"), outcome("stays-bad", 0)), before)

    assert [one.now.id for one in comparison.worse] == ["falls"]
    assert [one.now.id for one in comparison.better] == ["rises"]
    assert comparison.shaky == ()
    assert comparison.same_cases


def test_a_new_case_that_fails_is_new_and_no_regression() -> None:
    comparison = compare(run(outcome("a"), outcome("new", 0)), run(outcome("a"), outcome("gone")))

    assert comparison.worse == ()
    assert [one.id for one in comparison.new] == ["new"]
    assert [one.id for one in comparison.gone] == ["gone"]
    assert not comparison.same_cases


def test_of_a_baseline_only_the_cases_with_the_tags_that_were_asked_are_missed() -> None:
    before = run(outcome("a", tags=("amount",)), outcome("b", tags=("amount", "date")), outcome("c", tags=("place",)))
    comparison = compare(run(outcome("a", tags=("amount",))), before, ["amount"])

    assert [one.id for one in comparison.gone] == ["b"]
    assert not comparison.same_cases
    assert "metrics are of other cases" in comparison_text(comparison)


@pytest.mark.parametrize(
    ("before", "now", "worse"),
    [
        ((1, 1), (0, 1), True),  # of one try each, a fall is certain
        ((1, 1), (0, 5), True),  # and five that all fail tell no less
        ((5, 5), (0, 1), True),
        ((2, 2), (0, 2), True),
        ((1, 1), (2, 3), False),
        ((1, 1), (1, 5), False),
        ((3, 3), (1, 3), False),  # .2
        ((3, 3), (2, 3), False),
        ((5, 5), (1, 5), True),  # .024
        ((5, 5), (2, 5), False),  # .083
        ((4, 5), (0, 5), True),  # .024
        ((2, 5), (0, 5), False),
        ((10, 10), (6, 10), True),  # .043
        ((10, 10), (7, 10), False),  # .105
        ((1, 5), (4, 5), False),  # better
        ((0, 3), (0, 3), False),
    ],
)
def test_a_fall_counts_only_where_the_tries_bear_it_out(
    before: tuple[int, int],
    now: tuple[int, int],
    worse: bool,  # noqa: FBT001
) -> None:
    assert is_worse(outcome("a", *before), outcome("a", *now)) is worse


def test_a_fall_that_chance_may_have_made_is_told_and_is_no_regression() -> None:
    comparison = compare(run(outcome("a", 1, 3)), run(outcome("a", 3, 3)))

    assert comparison.worse == ()
    assert [one.now.id for one in comparison.shaky] == ["a"]
    assert "a: passed 3 of 3, now passed 1 of 3" in comparison_text(comparison)


def test_a_baseline_of_other_repeats_is_told() -> None:
    assert "more or less often" in comparison_text(compare(run(outcome("a", 2, 3)), run(outcome("a"))))
    assert "more or less often" not in comparison_text(compare(run(outcome("a", 0)), run(outcome("a"))))


@given(st.integers(1, 12), st.integers(1, 12), st.data())
def test_the_chance_of_a_fall_is_a_probability_that_grows_with_the_passes(
    tries: int, other: int, data: st.DataObject
) -> None:
    passes = data.draw(st.integers(0, tries))
    chances = [fall_by_chance(outcome("a", passes, tries), outcome("a", now, other)) for now in range(other + 1)]

    assert all(0 <= one <= 1 for one in chances)
    assert chances == sorted(chances)
    assert chances[-1] == pytest.approx(1.0)


def test_the_chance_is_that_of_fishers_test() -> None:
    # By hand: of 10 tries 6 passed, and the later five have at most one of these with C(5,5)C(5,1)/C(10,6) = 5/210.
    assert fall_by_chance(outcome("a", 5, 5), outcome("a", 1, 5)) == pytest.approx(5 / comb(10, 6))
    assert 5 / comb(10, 6) <= CHANCE


def test_what_changed_is_told_by_part_with_both_values_and_of_settings_only_those_that_did() -> None:
    before = run(outcome("a"), prompts="p1", groundwire="0.1.0 (x)")
    now = run(
        outcome("a"), corpus="c2 (6 articles)", settings="llm=ollama/a fallback=extractive", prompts="p1", cases="q"
    )
    text = comparison_text(compare(now, before))

    assert "corpus: c2 (6 articles), before c1 (5 articles)" in text
    assert "settings: llm=ollama/a, before llm=extractive\n" in text
    assert "groundwire: not known, before 0.1.0 (x)" in text
    assert "cases: q, before not known" in text
    assert "prompts" not in text


def test_both_answers_of_a_case_that_changed_are_printed() -> None:
    text = comparison_text(compare(run(outcome("a", 0, text="It is 13.")), run(outcome("a", text="It is 31."))))

    assert "a (writing): passed, now failed" in text
    assert "before: It is 31." in text
    assert "now: It is 13." in text
    assert "- lacks it" in text


def test_an_id_is_never_broken_between_two_lines() -> None:
    names = [f"a-rather-long-name-of-a-case-with-number-{number}" for number in range(40)]
    text = comparison_text(compare(run(outcome("b")), run(outcome("b"), *(outcome(name) for name in names))))

    assert all(name in text for name in names)
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize(
    ("minima", "problems"),
    [
        ({"answer_correctness": 0.9}, []),
        ({"answer_correctness": 0.95}, ["answer_correctness is 0.900, under 0.95"]),
        ({"unsupported_sentences": 0.1}, []),
        ({"unsupported_sentences": 0.05}, ["unsupported_sentences is 0.100, over 0.05"]),
        ({"latency_ms_p50": 50}, ["latency_ms_p50 is 90.000, over 50"]),
        ({"cost": 1}, ["cost is undefined: no price of tokens is given"]),
    ],
)
def test_a_minimum_is_a_maximum_for_what_should_be_low_and_undefined_is_never_enough(
    minima: dict[str, float], problems: list[str]
) -> None:
    assert under_minimum(run(), minima) == problems


def test_a_metric_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    known_metrics(["answer_correctness", "passage_recall@5", "latency_ms_p95", "cost"])
    with pytest.raises(EvalError, match=r"no metric faithfulness: choose from pass_rate, .*latency_ms_p95"):
        known_metrics(["answer_correctness", "faithfulness"])


def test_undefined_metrics_are_named_with_their_reason_and_never_a_number() -> None:
    text = report_text(run(outcome("a")), None)

    assert "cost: no price of tokens is given" in text
    assert "nan" not in text.lower()


def test_a_baseline_is_read_as_it_was_written(tmp_path: Path) -> None:
    written = run(outcome("a"), outcome("b", 0))
    (tmp_path / "b.json").write_text(written.model_dump_json(), encoding="utf-8")

    assert read_report(tmp_path / "b.json") == written


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", "no json", json.dumps({**json.loads(run().model_dump_json()), "format": 2})]
)
def test_a_baseline_of_another_format_is_refused_with_what_to_do(content: str, tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text(content, encoding="utf-8")
    with pytest.raises(EvalError, match=r"b\.json is no run that this release can read: make it anew"):
        read_report(tmp_path / "b.json")


def test_a_baseline_that_is_not_there_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EvalError, match=r"none\.json cannot be read: .* Make it with --write-baseline"):
        read_report(tmp_path / "none.json")
