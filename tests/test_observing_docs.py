"""What docs/observing.md and docs/alerts.yml name is what a service tells, and all that it tells is in the document."""

import asyncio
import io
import json
import logging
import re
from typing import Any

import httpx
import pytest
import yaml

from retrieval.ingest import ingest
from retrieval.store import Store
from service.answering import Answerer
from service.http.app import make_app
from service.jobs import Jobs
from service.logs import Lines, RequestIdFilter
from service.metrics import Metrics
from service.observing import Observer
from service.readiness import Readiness
from service.settings import Settings
from service.wiring import open_fetcher
from service.writers import ExtractiveWriter
from tests.conftest import DRONES
from tests.fakes import WordEmbedder
from tests.processes import ROOT

DOCUMENT = (ROOT / "docs" / "observing.md").read_text(encoding="utf-8")
RULES = [
    rule
    for group in yaml.safe_load((ROOT / "docs" / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
_ROW = re.compile(r"^\| (.+?) \|\s(.*?)\s?\|", re.MULTILINE)
_NAME = re.compile(r"`([^`]+)`")
_METRIC = re.compile(r"\b(?:groundwire|process)_\w+")


def rows(heading: str) -> dict[str, str]:
    """Give the names in the first column of the tables of a section, each with the second column."""
    section = DOCUMENT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return {name: second for first, second in _ROW.findall(section) for name in _NAME.findall(first)}


def metrics() -> dict[str, set[str]]:
    """Give the metrics of a service, as they are scraped, each with its labels."""
    found = {}
    for one in Metrics().registry._names_to_collectors.values():
        for family in one.describe() if hasattr(one, "describe") else one.collect():
            name = f"{family.name}_total" if family.type == "counter" else family.name
            found[name] = set(getattr(one, "_labelnames", ()))
    return found | {family.name: set() for family in _process() if family.type != "counter"}


def _process() -> list[Any]:
    return [family for family in Metrics().registry.collect() if family.name.startswith("process_")]


def samples() -> set[str]:
    """Give the names that a query can use."""
    kinds = {family.name: family.type for family in Metrics().registry.collect()}
    parts = {"histogram": ["_bucket", "_sum", "_count"], "counter": ["_total"]}
    return {f"{name}{part}" for name, kind in kinds.items() for part in parts.get(kind, [""])}


def test_each_metric_is_in_the_document_with_its_labels_and_no_other() -> None:
    documented = {name: set(_NAME.findall(labels)) for name, labels in rows("Metrics").items() if _METRIC.match(name)}
    told = metrics()
    assert set(documented) == {one for one in told if not one.startswith("process_")} | {
        f"{one.name}_total" if one.type == "counter" else one.name for one in _process()
    }
    assert documented == {name: told.get(name, set()) for name in documented}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_each_alert_asks_for_what_a_service_tells(rule: dict[str, Any]) -> None:
    expression = rule["expr"]
    named = set(_METRIC.findall(expression))
    assert named or "up{" in expression
    assert named <= samples()
    labels = set().union(*metrics().values()) | {"le", "job", "instance"}
    for inside in re.findall(r"\{([^}]*)\}", expression):
        assert set(re.findall(r"(\w+)\s*[=!]~?", inside)) <= labels
    for inside in re.findall(r"\b(?:by|on|without)\s*\(([^)]*)\)", expression):
        assert {one.strip() for one in inside.split(",") if one.strip()} <= labels


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_each_alert_is_one_that_prometheus_reads_and_says_what_to_do(rule: dict[str, Any]) -> None:
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
    assert re.fullmatch(r"Groundwire[A-Z]\w+", rule["alert"])
    assert re.fullmatch(r"\d+[smhd]", rule.get("for", "0s"))
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert set(rule["annotations"]) == {"summary", "action"}
    expression = re.sub(r'"[^"]*"', '""', rule["expr"])
    for opened, closed in ("()", "{}", "[]"):
        assert expression.count(opened) == expression.count(closed)
    assert re.search(r"(==|[<>]) ", expression), "it compares"
    assert all(re.fullmatch(r"\d+[smhd]", one) for one in re.findall(r"\[([^\]]+)\]", expression))


def test_the_alerts_have_names_of_their_own() -> None:
    names = [rule["alert"] for rule in RULES]
    assert len(names) == len(set(names)) > 10


async def test_each_check_is_in_the_document(store: Store, embedder: WordEmbedder) -> None:
    answerer = Answerer(store, embedder, ExtractiveWriter(embedder, embedder.words))
    checks = await Readiness(answerer, Observer()).look(stopping=False)
    assert set(rows("Readiness")) == set(checks)


async def test_each_field_of_a_line_is_in_the_document_and_no_other(store: Store, embedder: WordEmbedder) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Lines("json"))
    handler.addFilter(RequestIdFilter())
    logger = logging.getLogger("groundwire")
    logger.addHandler(handler)
    level = logger.level
    logger.setLevel(logging.INFO)
    await ingest(DRONES, store, embedder)
    answerer = Answerer(store, embedder, ExtractiveWriter(embedder, embedder.words))
    async with (
        open_fetcher(Settings()) as fetcher,
        Jobs(store._owner.folder / "jobs", store, embedder, fetcher) as jobs,  # type: ignore[union-attr]
    ):
        app = make_app(answerer, jobs=jobs, observer=Observer(log_questions=True))
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            await client.post("/v1/answers", json={"question": "How many drones?"})
            items = [{"id": f"a{number}", "title": "A", "text": "A ship came."} for number in range(5)]
            job = (await client.post("/v1/articles", json={"articles": items})).json()
            async with asyncio.timeout(20):
                while (await jobs.job(job["id"])).finished is None or "done" not in stream.getvalue():  # type: ignore[union-attr]
                    pass
    logger.removeHandler(handler)
    logger.setLevel(level)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    ended = [line for line in lines if line["logger"] == "groundwire.jobs" and line.get("status")]
    others = [line for line in lines if line["logger"] in {"groundwire.http", "groundwire.answers"}]
    assert ended
    assert len({line["logger"] for line in others}) == 2
    told = {name for line in [*ended, *others] for name in line}
    # What these lines have not, as nothing failed and nobody traces.
    assert set(rows("Log lines")) == told | {"trace_id", "exception", "error", "why", "model", "kind"}
