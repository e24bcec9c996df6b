"""JUnit XML as CI systems read it."""

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.cases import Case
from evals.judging import failed, judge
from evals.junit import junit
from evals.metrics import measure, times
from evals.replies import Cited, Reply, Said
from evals.run import Outcome, Report, Tried

# junit-10.xsd of Jenkins's xUnit plugin: what may stand where. `*` marks what must.
SHAPE: dict[str, tuple[set[str], set[str]]] = {
    "testsuites": ({"testsuite"}, {"name", "time", "tests", "failures", "errors"}),
    "testsuite": (
        {"properties", "testcase", "system-out", "system-err"},
        {
            "name*",
            "tests*",
            "failures*",
            "errors*",
            "time",
            "skipped",
            "timestamp",
            "hostname",
            "id",
            "package",
            "file",
        },
    ),
    "properties": ({"property"}, set()),
    "property": (set(), {"name*", "value*"}),
    "testcase": ({"skipped", "error", "failure", "system-out", "system-err"}, {"name*", "classname", "time", "group"}),
    "failure": (set(), {"message", "type"}),
    "error": (set(), {"message", "type"}),
}
SECONDS = re.compile(r"(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]*)?")

CASE = Case(id="cost", question="What did it cost?", answered=True, facts=(("31",),))


def reply(text: str, milliseconds: float = 250.0) -> Reply:
    cited = Cited(article_id="bridge", quote=text, article=text)
    said = Said(text=text, citations=(0,))
    return Reply(
        answered=True, text=text, sentences=(said,), citations=(cited,), writer="test", milliseconds=milliseconds
    )


def tried(text: str, case: Case = CASE, times_: int = 1) -> Tried:
    return Tried(case, (judge(case, reply(text), {}),) * times_)


def written(*some: Tried, name: str = "questions") -> ET.Element:
    judgements = [judgement for one in some for judgement in one.judgements]
    outcomes = tuple(
        Outcome(
            id=one.case.id,
            question=one.case.question,
            tags=(),
            required=False,
            tries=1,
            passes=1,
            text="",
            cited=(),
            failures=(),
            blame=None,
        )
        for one in some
    )
    report = Report(
        target="test",
        fingerprint={"corpus": "1"},
        metrics=measure(judgements),
        cases=outcomes,
        times=times(judgements),
    )
    return ET.fromstring(junit(report, some, name))  # noqa: S314 - our own


def check_shape(element: ET.Element) -> None:
    children, attributes = SHAPE[element.tag]
    assert {one.tag for one in element} <= children
    assert set(element.attrib) <= {one.rstrip("*") for one in attributes}
    assert {one.rstrip("*") for one in attributes if one.endswith("*")} <= set(element.attrib)
    assert SECONDS.fullmatch(element.get("time", "0"))
    order = [one.tag for one in element]
    assert order == sorted(order, key=["properties", "testcase"].index) if element.tag == "testsuite" else True
    for one in element:
        check_shape(one)


def test_the_report_has_the_shape_that_ci_systems_read() -> None:
    suites = written(tried("It cost 31."), tried("It cost 32."), Tried(CASE, (failed(CASE, "no reply: refused"),)))
    check_shape(suites)
    [suite] = suites
    for element in (suites, suite):
        assert {name: element.get(name) for name in ("tests", "failures", "errors")} == {
            "tests": "3",
            "failures": "1",
            "errors": "1",
        }
        assert float(element.attrib["time"]) == pytest.approx(0.5)


def test_a_failure_says_what_was_asked_what_is_wrong_and_what_was_answered() -> None:
    [suite] = written(tried("It cost 32."))
    [case] = suite.findall("testcase")
    assert case.get("name") == "cost"
    assert case.get("classname") == "questions"
    [failure] = case
    assert failure.get("message") == "lacks 31"
    assert failure.get("type") == "writing"
    assert failure.text is not None
    for words in (
        "What did it cost?",
        "- lacks 31",
        "To blame: writing",
        "Answer: It cost 32.",
        "[1] bridge: It cost 32.",
    ):
        assert words in failure.text


def test_a_case_that_gets_no_reply_is_an_error_and_no_failure() -> None:
    [suite] = written(Tried(CASE, (failed(CASE, "no reply: refused"),)))
    [problem] = suite.findall("testcase/*")
    assert problem.tag == "error"
    assert problem.get("message") == "no reply: refused"


def test_repeated_tries_are_one_test_that_says_how_often_it_passed() -> None:
    mixed = Tried(CASE, (judge(CASE, reply("It cost 31."), {}), judge(CASE, reply("It cost 32."), {})))
    [suite] = written(mixed)
    [case] = suite.findall("testcase")
    assert float(case.attrib["time"]) == pytest.approx(0.5)
    assert "Passed 1 of 2 tries" in (case[0].text or "")


def test_metrics_and_the_fingerprint_are_properties() -> None:
    [suite] = written(tried("It cost 31."))
    properties = {one.get("name"): one.get("value") for one in suite.findall("properties/property")}
    assert properties["answer_correctness"] == "1.0000"
    assert properties["abstention_recall"] == "undefined"
    assert properties["corpus"] == "1"


@settings(deadline=None)
@given(st.text(max_size=30), st.text(min_size=1, max_size=30))
def test_no_text_breaks_the_xml(answer: str, name: str) -> None:
    suites = written(tried(f"\x00\x1b[31m{answer}\ud800\uffff ]]> <b>&amp;"), name=name)
    check_shape(suites)
    text = suites[0].findall("testcase/failure")[0].text or ""
    assert "<b>&amp;" in text
    assert "\x1b" not in text
