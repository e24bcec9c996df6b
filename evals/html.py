"""A run as one HTML file that asks for nothing and runs nothing: figures, plots, what changed, and every answer."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from evals.calibration import relevance_calibration, support_calibration
from evals.gate import Comparison
from evals.judging import BLAMED, Judgement, missing, spelled
from evals.metrics import LOWER_IS_BETTER, METRICS, Metric, cost, passage_recall, source_recall
from evals.plots import Plot, latency_plot, reliability_plot
from evals.replies import Cited, Reply
from evals.run import Report, Tried
from evals.supporting import Support

_AROUND = 160  # characters of an article that are shown before and after a quote
_FOUND = 5  # passages that are listed of those that a reply was written from
_PASSAGE = 280  # characters of each
# HTML has no way to write these.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_BLANK = re.compile(r"\s*\n\s*")


@dataclass(frozen=True)
class _Row:
    """A metric beside the baseline's."""

    name: str
    metric: Metric
    before: Metric | None
    change: float | None
    better: bool
    means: str

    @property
    def share(self) -> float | None:
        """Give the length of its bar, if it is a share."""
        shares = not self.name.endswith(("tokens", "sources")) and "latency" not in self.name and self.name != "cost"
        return self.metric.value if shares else None


@dataclass(frozen=True)
class _Tag:
    name: str
    number: int
    passed: int
    total: int


@dataclass(frozen=True)
class _Quote:
    """A citation: the quote, with the words of its article around it."""

    number: int
    cited: Cited
    link: str | None
    gold: bool
    before: str
    quote: str
    after: str


@dataclass(frozen=True)
class _Sentence:
    text: str
    verdict: str
    reasons: tuple[str, ...]
    numbers: tuple[int, ...]
    quotes: tuple[_Quote, ...]


@dataclass(frozen=True)
class _Shown:
    """A case as the report shows it."""

    number: int
    tried: Tried
    judgement: Judgement
    tags: tuple[int, ...]
    change: str
    """better, worse, shaky, new, or nothing."""
    facts: tuple[tuple[str, bool], ...]
    """Each with whether the answer has it."""
    sentences: tuple[_Sentence, ...]
    found: tuple[tuple[str, float, bool, str], ...]
    """Of the first passages: article, relevance, whether the article says it, text."""

    @property
    def passed(self) -> bool:
        """Tell whether it passed in every try."""
        return all(one.passed for one in self.tried.judgements)


def page(
    report: Report,
    tried: Sequence[Tried],
    name: str,
    before: Report | None = None,
    comparison: Comparison | None = None,
) -> bytes:
    """Lay out a run.

    Args:
        report: the run.
        tried: its judgements.
        name: of the file of cases.
        before: the baseline.
        comparison: with the baseline.

    """
    judgements = [one for some in tried for one in some.judgements]
    tags = _tags(tried)
    places = {tag.name: tag.number for tag in tags}
    cases = [_shown(number, one, places, comparison) for number, one in enumerate(tried, 1)]
    content = _environment().get_template("report.html.jinja").render(
        name=name,
        report=report,
        before=before,
        comparison=comparison,
        rows=_rows(report, before if comparison and comparison.same_cases else None),
        cases=cases,
        anchors={one.tried.case.id: one.number for one in cases},
        tags=tags,
        blame=BLAMED,
        plots=_plots(judgements),
    )  # fmt: skip
    return content.encode()


def _rows(report: Report, before: Report | None) -> list[_Row]:
    old = {**before.metrics, **before.times} if before else {}
    rows = []
    for name, metric in {**report.metrics, **report.times}.items():
        was = old.get(name)
        change = None if was is None or was.value is None or metric.value is None else metric.value - was.value
        lower = name in LOWER_IS_BETTER or name in report.times
        rows.append(_Row(name, metric, was, change, change is not None and (change < 0) == lower, _meaning(name)))
    return rows


def _meaning(name: str) -> str:
    """Give the first sentence of a metric's definition."""
    recalls = {"source_recall": source_recall, "passage_recall": passage_recall}
    known: Mapping[str, object] = {**METRICS, **recalls, "cost": cost}
    function, _, depth = name.partition("@")
    described = (known.get(function) or (lambda: None)).__doc__ or ""
    return " ".join(described.split("\n\n")[0].split()).removeprefix("Give ").replace("`depth`", depth)


def _plots(judgements: Sequence[Judgement]) -> list[Plot]:
    return [
        reliability_plot(
            "Relevance",
            "Of the passages found, how many say the answer, by the relevance they are given",
            relevance_calibration(judgements),
        ),
        reliability_plot(
            "Support",
            "Of the sentences sent, how many stand in a correct answer, by the support they are given",
            support_calibration(judgements),
        ),
        latency_plot([one.reply.milliseconds for one in judgements if one.reply]),
    ]


def _tags(tried: Sequence[Tried]) -> list[_Tag]:
    """Give the tags in the order in which they come."""
    names = dict.fromkeys(tag for one in tried for tag in one.case.tags)
    found = []
    for number, name in enumerate(names, 1):
        some = [one for one in tried if name in one.case.tags]
        found.append(_Tag(name, number, sum(one.shown.passed for one in some), len(some)))
    return found


def _shown(number: int, tried: Tried, places: Mapping[str, int], comparison: Comparison | None) -> _Shown:
    judgement, case = tried.shown, tried.case
    reply = judgement.reply
    told = [] if reply is None or not reply.answered else [one for one in case.facts if one not in missing(case, reply)]
    return _Shown(
        number=number,
        tried=tried,
        judgement=judgement,
        tags=tuple(places[tag] for tag in dict.fromkeys(case.tags)),
        change=_change(case.id, comparison),
        facts=tuple((spelled(fact), fact in told) for fact in case.facts),
        sentences=tuple(_sentences(judgement, reply)) if reply else (),
        found=tuple(
            (one.article_id, one.relevance, one.article_id in case.gold, _shortened(one.text))
            for one in ((reply and reply.found) or ())[:_FOUND]
        ),
    )


def _change(case_id: str, comparison: Comparison | None) -> str:
    if comparison is None:
        return ""
    for name, changes in (("worse", comparison.worse), ("better", comparison.better), ("shaky", comparison.shaky)):
        if any(one.now.id == case_id for one in changes):
            return name
    return "new" if any(one.id == case_id for one in comparison.new) else ""


def _sentences(judgement: Judgement, reply: Reply) -> list[_Sentence]:
    sources = {key: number for number, key in enumerate(dict.fromkeys(_source(one) for one in reply.citations), 1)}
    return [
        _Sentence(
            text=said.text,
            verdict=_verdict(support),
            reasons=support.reasons if support.supported is False else (),
            numbers=tuple(dict.fromkeys(sources[_source(reply.citations[at])] for at in said.citations)),
            quotes=tuple(
                _quote(sources[_source(cited)], cited, judgement)
                for cited in (reply.citations[at] for at in said.citations)
            ),
        )
        for said, support in zip(reply.sentences, judgement.supports, strict=False)
    ]


def _verdict(support: Support) -> str:
    return {True: "proved", False: "unproved", None: "open"}[support.supported]


def _source(cited: Cited) -> str:
    return cited.article_id or cited.url or cited.title


def _quote(number: int, cited: Cited, judgement: Judgement) -> _Quote:
    before = after = ""
    if cited.quote and cited.article and cited.valid:
        start = cited.start if cited.start is not None else cited.article.index(cited.quote)
        end = start + len(cited.quote)
        before = _from_word(cited.article[max(start - _AROUND, 0) : start], cut=start > _AROUND)
        after = _to_word(cited.article[end : end + _AROUND], cut=end + _AROUND < len(cited.article))
    return _Quote(
        number=number,
        cited=cited,
        link=cited.url if cited.url and urlsplit(cited.url).scheme in {"http", "https"} else None,
        gold=cited.article_id in judgement.case.gold,
        before=_BLANK.sub("\n", before),
        quote=cited.quote or "",
        after=_BLANK.sub("\n", after),
    )


def _from_word(text: str, *, cut: bool) -> str:
    return "…" + text[text.find(" ") :] if cut and " " in text else text


def _to_word(text: str, *, cut: bool) -> str:
    return text[: text.rfind(" ") + 1] + "…" if cut and " " in text else text


def _shortened(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _PASSAGE else plain[: plain.rfind(" ", 0, _PASSAGE)] + " …"


def _figure(metric: Metric) -> str:
    if metric.value is None:
        return "undefined"
    return f"{metric.value:.3f}" if abs(metric.value) < 100 else f"{metric.value:,.0f}"  # noqa: PLR2004 - as on the terminal


def _printable(value: object) -> object:
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return _CONTROL.sub("\ufffd", value)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(str(files("evals")))),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["figure"] = _figure
    return environment
