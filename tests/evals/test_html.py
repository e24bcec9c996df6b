"""The report as a page: what it shows, that it asks for nothing, and that no text of a reply becomes more than text."""

import os
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.cases import Case
from evals.gate import compare
from evals.html import page
from evals.judging import Judgement, failed, judge
from evals.metrics import METRICS, measure, times
from evals.replies import Cited, Found, Reply, Said
from evals.run import Report, Tried, outcome
from service.types import Turn, Usage
from tests.processes import groundwire

ROOT = Path(__file__).parents[2]

COST = "The new bridge cost 31 million dollars."
ARTICLE = f"Larnholm has a bridge. {COST} It was opened in May."
CASE = Case(
    id="cost",
    question="What did it cost?",
    answered=True,
    facts=(("31 million",),),
    articles=("bridge",),
    tags=("amount",),
)
VOID = {"meta", "link", "br", "input", "wbr"}


def reply(
    text: str, *, quote: str = COST, article: str = ARTICLE, article_id: str = "bridge", url: str | None = None
) -> Reply:
    cited = Cited(article_id=article_id, url=url, title="A bridge", quote=quote, article=article)
    return Reply(
        answered=True,
        text=f"{text} [1]",
        sentences=(Said(text=text, citations=(0,), independent_sources=1, support=0.9),),
        citations=(cited,),
        found=(Found(article_id="bridge", text=COST, relevance=0.8),),
        notices=("The articles are old.",),
        writer="test",
        usage=Usage(input_tokens=1234, output_tokens=56),
        milliseconds=120.0,
    )


SILENCE = Reply(answered=False, text="Nothing says it.", abstained="not_answered", writer="test", milliseconds=5.0)


def tried(case: Case, *replies: Reply) -> Tried:
    return Tried(case, tuple(judge(case, one, {"bridge": ARTICLE}) for one in replies))


def report(*some: Tried, corpus: str = "1") -> Report:
    judgements: list[Judgement] = [judgement for one in some for judgement in one.judgements]
    return Report(
        target="test",
        fingerprint={"corpus": corpus},
        metrics=measure(judgements),
        cases=tuple(outcome(one) for one in some),
        times=times(judgements),
    )


def shown(*some: Tried) -> str:
    return page(report(*some), some, "questions.yaml").decode()


class Page(HTMLParser):
    """Elements that are closed in order, their attributes, and the text between them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.marked: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "mark":
            self.marked.append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data
        if "mark" in self.open:
            self.marked[-1] += data

    def attributes(self, name: str) -> list[str]:
        return [value for _, found in self.elements if (value := found.get(name)) is not None]


def test_an_answer_is_shown_with_its_quote_marked_in_the_words_around_it() -> None:
    read = Page(shown(tried(CASE, reply(COST, url="https://example.org/bridge"))))
    assert read.marked == [COST]
    assert f"Larnholm has a bridge. {COST} It was opened in May." in read.words
    for words in (
        "1 of 1 cases passed",
        "✓ proved",
        "✓ of an article that says it",
        "The articles are old.",
        "1,234 tokens",
    ):
        assert words in read.words
    assert "https://example.org/bridge" in read.attributes("href")


def test_a_failure_says_what_is_wrong_and_whom_to_blame_and_is_open() -> None:
    read = Page(shown(tried(CASE, reply("The new bridge cost 32 million dollars.")), tried(CASE, reply(COST))))
    for words in (
        "lacks 31 million",
        "× not proved",
        "To blame: verification, what the quotes do not say was sent",
        "1 of 2 cases passed",
    ):
        assert words in read.words
    cases = [found for tag, found in read.elements if tag == "details" and "case" in (found["class"] or "").split()]
    assert ["open" in one for one in cases] == [True, False]


def test_every_kind_of_reply_can_be_shown() -> None:
    conversation = CASE.model_copy(
        update={
            "id": "more",
            "history": (Turn(role="user", text="Which bridge?"),),
            "required": True,
            "forbidden": ("never",),
            "must_not_cite": ("ferry",),
            "least_sources": 2,
        }
    )
    unanswerable = Case(id="mayor", question="Who is the mayor?", answered=False)
    invented = reply(COST, quote="No such words.")
    unquoted = reply(COST).model_copy(update={"citations": (Cited(article_id=None, url="https://example.org"),)})
    uncited = reply(COST).model_copy(update={"sentences": (Said(text=COST, citations=()),)})
    bare = reply(COST).model_copy(update={"sentences": (), "citations": (), "found": None})
    some = [
        tried(CASE, reply(COST), SILENCE),
        *(tried(CASE, one) for one in (SILENCE, invented, unquoted, uncited, bare)),
        tried(conversation, reply(COST, article_id="ferry")),
        tried(unanswerable, SILENCE),
        tried(unanswerable, reply(COST)),
        Tried(CASE, (failed(CASE, "no reply: refused"),)),
    ]
    read = Page(shown(*some))
    for words in (
        "passed 1 of 2",
        "Abstained (not answered)",
        "× not the article’s words",
        "? not known: it is cited without a quote",
        "cites nothing",
        "Which bridge?",
        "required",
        "without never",
        "a sentence with 2 independent sources",
        "not among the articles that say it",
        "Expected: no answer",
        "no reply: refused",
    ):
        assert words in read.words, words


def test_every_metric_and_why_one_is_undefined_and_what_it_is() -> None:
    read = Page(shown(tried(CASE, reply(COST))))
    assert "The share of the answerable cases that have an article which says it among the first 5 found." in read.words
    assert "The mean cost of the tokens of an answer, in the price's currency." in read.words
    for name in METRICS:
        assert name in read.words
    assert "undefined: no case is unanswerable" in read.words
    assert "The share of the answerable cases whose answer has every fact" in read.words
    assert "NaN" not in read.words


def test_a_baseline_stands_beside_the_run_and_what_changed_has_both_answers() -> None:
    before, now = tried(CASE, reply(COST)), tried(CASE, reply("The new bridge cost 32 million dollars."))
    old, new = report(before, corpus="1").model_copy(update={"target": "another"}), report(now, corpus="2")
    read = Page(page(new, [now], "questions.yaml", old, compare(new, old)).decode())
    for words in (
        "1 got worse",
        "none got better",
        f"{COST} [1]",
        "cost 32 million dollars. [1]",
        "passed, now failed",
    ):
        assert words in re.sub(r"\s+", " ", read.words), words
    assert "changed; it was 1" in read.words
    assert "asked of test (the baseline of another)" in read.words
    assert "-1.000" in read.words


def test_runs_that_asked_other_cases_are_not_compared_by_metrics() -> None:
    other = CASE.model_copy(update={"id": "other"})
    old, new = report(tried(other, reply(COST))), report(tried(CASE, reply(COST)))
    read = Page(page(new, [tried(CASE, reply(COST))], "q", old, compare(new, old)).decode())
    assert "their metrics are not compared" in read.words
    assert "Change" not in read.words.split("Metrics")[1].split("Plots")[0]


def test_the_page_asks_for_nothing_and_runs_nothing() -> None:
    read = Page(shown(tried(CASE, reply(COST, url="https://example.org/bridge"))))
    assert not {tag for tag, _ in read.elements} & {"script", "img", "iframe", "object", "embed", "form", "base"}
    assert not [
        name for _, found in read.elements for name in found if name.startswith("on") or name in {"src", "style"}
    ]
    assert {found["href"] for tag, found in read.elements if tag == "link"} == {"data:,"}
    html = shown(tried(CASE, reply(COST)))
    assert "default-src 'none'" in html
    assert "url(" not in html
    assert "@import" not in html


def test_every_link_within_the_page_leads_somewhere() -> None:
    read = Page(shown(tried(CASE, reply(COST)), tried(CASE.model_copy(update={"id": "two"}), SILENCE)))
    ids = read.attributes("id")
    assert len(ids) == len(set(ids))
    assert {one[1:] for one in read.attributes("href") if one.startswith("#")} <= set(ids)


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,<script>", " javascript:alert(1)", "file:///etc/passwd"]
)
def test_an_address_that_is_none_of_the_web_is_no_link(url: str) -> None:
    read = Page(shown(tried(CASE, reply(COST, url=url))))
    assert url not in read.attributes("href")


HOSTILE = (
    "</p></details><script>alert(1)</script><img src=x onerror=alert(1)>\" onclick='x' {{ 7*7 }} &lt; \x00\x1b\u202e"
)


def hostile(text: str) -> str:
    case = Case(id=text.strip() or "x", question=f"?{text}", answered=True, facts=((f"f{text}",),), tags=(f"t{text}",))
    one = reply(
        f"s{text}", quote=f"q{text}", article=f"before q{text} after", article_id=f"a{text}", url=f"https://e/{text}"
    )
    one = one.model_copy(
        update={
            "writer": f"w{text}",
            "notices": (f"n{text}",),
            "found": (Found(article_id=f"a{text}", text=text, relevance=0.5),),
        }
    )
    now, before = tried(case, one), tried(case, SILENCE)
    old = report(before, corpus=f"c{text}").model_copy(update={"target": text})
    new = report(now).model_copy(update={"target": text})
    return page(new, [now], text, old, compare(new, old)).decode()


def test_no_text_becomes_more_than_text() -> None:
    html = hostile(HOSTILE)
    read = Page(html)
    assert not {tag for tag, _ in read.elements} & {"script", "img"}
    assert not [name for _, found in read.elements for name in found if name.startswith("on")]
    assert "<script>alert(1)</script>" in read.words
    assert "{{ 7*7 }}" in read.words
    assert "\x00" not in html
    assert "\x1b" not in html


PLAIN = {tag for tag, _ in Page(hostile("x")).elements}


@settings(deadline=None, max_examples=40)
@given(st.text(max_size=40))
def test_no_text_changes_the_elements_of_the_page(text: str) -> None:
    line = " ".join(text.split())  # as an id is
    assert {tag for tag, _ in Page(hostile(line)).elements} <= PLAIN


def test_the_same_run_makes_the_same_page() -> None:
    some = [tried(CASE, reply(COST)), tried(CASE.model_copy(update={"id": "two"}), SILENCE)]
    assert shown(*some) == shown(*some)


def test_the_command_writes_the_page_and_the_tests_of_one_run(tmp_path: Path) -> None:
    html, xml = tmp_path / "out" / "run.html", tmp_path / "out" / "run.xml"
    cases, corpus = ROOT / "seeds" / "questions.yaml", ROOT / "seeds" / "articles"
    arguments = ("--corpus", str(corpus), "--tag", "furniture", "--html", str(html), "--junit", str(xml))
    done = groundwire("eval", str(cases), *arguments, env=dict(os.environ), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    read = Page(html.read_text(encoding="utf-8"))
    tests = ET.parse(xml).findall("testsuite/testcase")  # noqa: S314 - our own
    assert len(tests) > 1
    assert f"{len(tests)} of {len(tests)} cases passed" in read.words
    assert all((one.get("name") or "") in read.words for one in tests)


def test_the_number_of_a_marker_is_not_shown_as_a_fact() -> None:
    case = CASE.model_copy(update={"facts": (("1",),)})
    assert "× 1" in Page(shown(tried(case, reply("The new bridge cost a lot.")))).words
