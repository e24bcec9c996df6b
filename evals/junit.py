"""A run as JUnit XML, which CI systems read: a test for each case, with what failed and how long it took."""

import re
from collections.abc import Sequence
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent, tostring

from evals.run import Report, Tried

# XML 1.0 has no way to write these, not even as references.
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(report: Report, tried: Sequence[Tried], name: str) -> bytes:
    """Write a run as JUnit XML.

    The elements and attributes are those which Jenkins, GitLab and GitHub's actions read, and all are in the schema of
    Jenkins's xUnit plugin, https://github.com/jenkinsci/xunit-plugin (junit-10.xsd).

    Args:
        report: the run; its metrics become properties.
        tried: the judgements.
        name: of the suite.

    """
    suites = Element("testsuites")
    suite = SubElement(suites, "testsuite", name=_text(name))
    properties = SubElement(suite, "properties")
    known = {"target": report.target, **report.fingerprint}
    figures = {
        metric: "undefined" if one.value is None else f"{one.value:.4f}" for metric, one in report.metrics.items()
    }
    for key, value in {**known, **figures}.items():
        SubElement(properties, "property", name=_text(key), value=_text(value))
    for one in tried:
        _testcase(suite, one, name)
    silent = sum(one.shown.reply is None for one in tried)
    failed = sum(not judgement.passed for judgement in (one.shown for one in tried)) - silent
    seconds = sum(_seconds(one) for one in tried)
    for element in (suites, suite):
        element.attrib |= {
            "tests": str(len(tried)),
            "failures": str(failed),
            "errors": str(silent),
            "time": f"{seconds:.3f}",
        }
    suite.set("skipped", "0")
    indent(ElementTree(suites))
    written: bytes = tostring(suites, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _testcase(suite: Element, tried: Tried, name: str) -> None:
    shown = tried.shown
    case = SubElement(
        suite, "testcase", classname=_text(name), name=_text(tried.case.id), time=f"{_seconds(tried):.3f}"
    )
    if shown.passed:
        return
    # An error is a test that could not be made: no reply came.
    kind = "failure" if shown.reply else "error"
    problem = SubElement(case, kind, message=_text(shown.failures[0]), type=_text(shown.blame or "service"))
    passes = sum(one.passed for one in tried.judgements)
    lines = [f"Question: {tried.case.question}", *(f"- {one}" for one in shown.failures)]
    lines += [f"To blame: {shown.blame}"]
    lines += [f"Passed {passes} of {len(tried.judgements)} tries"] if len(tried.judgements) > 1 else []
    if shown.reply:
        lines += [f"Answer: {shown.reply.text}"]
        lines += [f"[{at}] {one.article_id or one.url}: {one.quote}" for at, one in enumerate(shown.reply.citations, 1)]
    problem.text = _text("\n".join(lines))


def _seconds(tried: Tried) -> float:
    return sum(one.reply.milliseconds for one in tried.judgements if one.reply) / 1000


def _text(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)
