"""Traces reach a collector: requests, stages of answers, calls of models; where nobody asks for them none is kept."""

import json
import logging
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
from litestar.testing import AsyncTestClient

from retrieval.ingest import ingest
from retrieval.store import Store
from service.answering import Answerer
from service.http.app import Service, make_app
from service.logs import RequestIdFilter, request_id
from service.observing import ObservedEmbedder, ObservedModel, Observer
from service.settings import Settings
from service.traces import Tracer
from service.writers import ExtractiveWriter, LanguageModelWriter
from tests.conftest import DRONES
from tests.fakes import FirstSentence, Unasked, WordEmbedder
from tests.model_server import ModelServer, Reply
from tests.otlp_collector import Collector, collecting
from tests.processes import environment, free_port, serving, until

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    for name in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(name)
    with collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        yield collector


def at(app: Service) -> httpx.AsyncClient:
    """Give a client in the test's own loop, in which the model's server is: Litestar's would stop it."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1", timeout=20)


async def test_a_request_is_a_span_by_the_conventions_of_http_that_continues_its_clients_trace(
    collector: Collector, answering: FirstSentence, caplog: pytest.LogCaptureFixture
) -> None:
    observer = Observer.of(Settings())
    caplog.handler.addFilter(RequestIdFilter())
    with caplog.at_level(logging.INFO, logger="groundwire"):
        async with AsyncTestClient(make_app(answering, observer=observer), base_url="http://127.0.0.1:81") as client:
            headers = {"traceparent": PARENT, "user-agent": "a test"}
            await client.post("/v1/answers", json={"question": "drones"}, headers=headers)
    observer.close()
    [span] = collector.named("POST /v1/answers")
    assert (span.trace_id, span.parent) == (PARENT.split("-")[1], PARENT.split("-")[2])
    assert span.kind == "SERVER"
    assert not span.error
    assert span.attributes["http.request.method"] == "POST"
    assert span.attributes["http.route"] == "/v1/answers"
    assert span.attributes["http.response.status_code"] == 200
    assert span.attributes["url.path"] == "/v1/answers"
    assert span.attributes["url.scheme"] == "http"
    assert (span.attributes["server.address"], span.attributes["server.port"]) == ("127.0.0.1", 81)
    assert span.attributes["user_agent.original"] == "a test"
    assert span.attributes["groundwire.outcome"] == "answered"
    assert span.resource["service.name"] == "groundwire"
    assert span.resource["service.version"]
    assert {record.trace_id for record in caplog.records if record.name == "groundwire.http"} == {span.trace_id}  # type: ignore[attr-defined]


async def test_each_stage_of_an_answer_and_each_call_of_a_model_is_a_span_of_its_request_when_it_was(
    collector: Collector, store: Store, embedder: WordEmbedder
) -> None:
    observer = Observer.of(Settings())
    seen = ObservedEmbedder(embedder, observer)
    await ingest(DRONES, store, embedder)
    async with ModelServer(Reply(["India plans to buy 31 drones. [1]"])).serving() as server:
        from service.llm import open_llm  # noqa: PLC0415 - LlamaIndex takes seconds

        model = ObservedModel(open_llm("openai-like/scripted", Settings(llm_base_url=server.url)), observer)
        fallback = ExtractiveWriter(seen, embedder.words)
        answerer = Answerer(store, seen, LanguageModelWriter(model), fallback=fallback)
        async with at(make_app(answerer, observer=observer)) as client:
            body = {"question": "How many drones does India plan to buy?", "stream": True}
            assert "answered" in (await client.post("/v1/answers", json=body)).text
    observer.close()
    [request] = collector.named("POST /v1/answers")
    below = [span for span in collector.spans if span.parent == request.span_id]
    assert len(below) == len(collector.spans) - 1
    assert {"rewrite", "search", "write", "verify", "compare"} <= {span.name for span in below}
    for span in below:
        assert span.trace_id == request.trace_id
        assert request.began - 1_000_000 <= span.began <= span.ended <= request.ended + 1_000_000
    stages = sorted((one for one in below if one.kind == "INTERNAL"), key=lambda one: one.began)
    assert [one.name for one in stages][:2] == ["rewrite", "search"]
    for before, after in pairwise(stages):
        assert abs(after.began - before.ended) < 1_000_000, "they follow one another"
    [chat] = collector.named("chat openai-like/scripted")
    assert chat.kind == "CLIENT"
    assert chat.attributes["gen_ai.operation.name"] == "chat"
    assert chat.attributes["gen_ai.request.model"] == "scripted"
    assert chat.attributes["gen_ai.usage.input_tokens"] == 100
    assert collector.named("embeddings words-64")


async def test_a_model_that_fails_is_an_error_of_its_span_by_a_word(
    collector: Collector, store: Store, embedder: WordEmbedder
) -> None:
    observer = Observer.of(Settings())
    await ingest(DRONES, store, embedder)
    async with ModelServer(Reply(["no such key: SECRET"], status=401)).serving() as server:
        from service.llm import open_llm  # noqa: PLC0415 - LlamaIndex takes seconds

        model = ObservedModel(open_llm("openai-like/scripted", Settings(llm_base_url=server.url)), observer)
        answerer = Answerer(store, embedder, LanguageModelWriter(model))
        async with at(make_app(answerer, observer=observer)) as client:
            assert (await client.post("/v1/answers", json={"question": "How many drones?"})).status_code == 503
    observer.close()
    [chat] = collector.named("chat openai-like/scripted")
    assert chat.error
    assert chat.attributes["error.type"] == "key"
    [request] = collector.named("POST /v1/answers")
    assert request.error
    assert request.attributes["error.type"] == "503"
    assert b"SECRET" not in collector.raw


async def test_no_span_holds_what_anybody_wrote(collector: Collector, answering: FirstSentence) -> None:
    observer = Observer.of(Settings(log_questions=True))
    async with AsyncTestClient(make_app(answering, observer=observer), base_url="http://127.0.0.1") as client:
        await client.post("/v1/answers", json={"question": "drones MARMALADE"})
        await client.get("/articles/drones?quote=MARMALADE")
        await client.put("/v1/articles/new", json={"text": "MARMALADE"})
    observer.close()
    assert len(collector.spans) >= 3
    assert b"MARMALADE" not in collector.raw
    assert b"31 drones" not in collector.raw


async def test_probes_are_no_spans(collector: Collector) -> None:
    observer = Observer.of(Settings())
    async with AsyncTestClient(make_app(Unasked(), observer=observer), base_url="http://127.0.0.1") as client:
        await client.get("/health/live")
        await client.get("/nothing")
    observer.close()
    assert [span.name for span in collector.spans] == ["GET"]
    assert collector.spans[0].attributes["http.response.status_code"] == 404
    assert not collector.spans[0].error


async def test_the_variables_of_opentelemetry_count(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "newsroom")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=night")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-team=desk")
    observer = Observer.of(Settings())
    async with AsyncTestClient(make_app(Unasked(), observer=observer), base_url="http://127.0.0.1") as client:
        await client.get("/nothing")
    observer.close()
    assert collector.spans[0].resource["service.name"] == "newsroom"
    assert collector.spans[0].resource["deployment.environment.name"] == "night"
    assert collector.headers[0]["path"] == "/v1/traces"
    assert collector.headers[0]["x-team"] == "desk"

    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    observer = Observer.of(Settings())
    async with AsyncTestClient(make_app(Unasked(), observer=observer), base_url="http://127.0.0.1") as client:
        await client.get("/nothing")
    observer.close()
    assert len(collector.spans) == 1


@pytest.mark.parametrize(
    ("variable", "said"),
    [
        ("OTEL_SDK_DISABLED=true", 0),
        ("OTEL_TRACES_EXPORTER=none", 0),
        ("OTEL_TRACES_EXPORTER=zipkin", 1),
        ("OTEL_EXPORTER_OTLP_PROTOCOL=grpc", 1),
        ("OTEL_EXPORTER_OTLP_ENDPOINT=", 0),
    ],
)
@pytest.mark.usefixtures("collector")
def test_what_cannot_be_sent_or_is_not_wanted_is_not_traced(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, variable: str, said: int
) -> None:
    name, _, value = variable.partition("=")
    monkeypatch.setenv(name, value)
    assert Tracer.of_environment() is None
    assert len([one for one in caplog.records if one.name == "groundwire.traces"]) == said


@pytest.mark.usefixtures("collector")
def test_without_the_extra_the_service_says_so_and_serves(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in [name for name in sys.modules if name.startswith("opentelemetry.exporter.otlp.proto.http")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http", None)
    assert Tracer.of_environment() is None
    assert 'pip install "groundwire[otel]"' in caplog.text


def test_nothing_of_opentelemetry_is_imported_where_nobody_asks_for_traces() -> None:
    program = (
        "import sys; from service.observing import Observer; from service.settings import Settings\n"
        "assert Observer.of(Settings()).tracer is None\n"
        "print([one for one in sys.modules if one.startswith('opentelemetry.exporter.otlp.proto.http')])\n"
        "import service.traces\n"
    )
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "GROUNDWIRE_"))}
    done = subprocess.run([sys.executable, "-c", program], env=ours, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_chroma_traces_nothing_whatever_the_environment_says(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from retrieval import connection\n"
        "client = connection.open_folder(Path(sys.argv[1])); client.list_collections(); connection.close(client)\n"
        "from chromadb.telemetry.opentelemetry import tracer, granularity; print(tracer, granularity.value)\n"
        "from opentelemetry.trace import get_tracer_provider; print(type(get_tracer_provider()).__name__)"
    )
    env = os.environ | {"CHROMA_OTEL_COLLECTION_ENDPOINT": "http://127.0.0.1:9", "CHROMA_OTEL_GRANULARITY": "all"}
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout == "None none\nProxyTracerProvider\n"


def test_a_service_sends_its_spans_and_the_last_ones_when_it_ends(collector: Collector, tmp_path: Path) -> None:
    env = environment(tmp_path / "data", GROUNDWIRE_PORT="0", OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
    with serving("serve", env=env, out=tmp_path / "out", log=tmp_path / "log") as (process, url):
        body = json.dumps({"question": "How many drones?"}).encode()
        asked = urllib.request.Request(f"{url}/v1/answers", body, {"Content-Type": "application/json"})  # noqa: S310 - ours
        with urllib.request.urlopen(asked, timeout=30) as response:  # noqa: S310 - ours
            assert response.status == 200
        process.terminate()
        assert process.wait(30) == 0
    until(lambda: collector.named("POST /v1/answers"), "the span of the request")
    assert {span.scope for span in collector.spans} == {"groundwire"}


def test_a_collector_that_is_gone_is_told_once_and_holds_nobody_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{free_port()}")
    observer = Observer.of(Settings())
    scope = {"type": "http", "method": "GET", "path": "/nothing", "headers": []}
    with observer.request(scope, "a"):
        pass
    began = time.monotonic()
    observer.close()
    assert time.monotonic() - began < 4
    [said] = [one for one in caplog.records if one.name.startswith(("opentelemetry", "groundwire"))]
    assert said.getMessage().startswith("The last spans were not sent")


def test_that_spans_are_lost_is_not_hidden_by_what_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "2")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
    observer = Observer.of(Settings())
    with observer.request({"type": "http", "method": "GET", "path": "/nothing", "headers": []}, "a"):
        pass
    until(lambda: any(one.name.startswith("opentelemetry") for one in caplog.records), "a line of the exporter")
    observer.close()
    [said] = [one for one in caplog.records if one.name.startswith("opentelemetry")]
    assert said.getMessage().startswith("Failed to export")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"host", b"localhost:" + b"1" * 5000),
        (b"host", b"localhost:" + b"9" * 30),
        (b"host", "localhost:²".encode("latin-1")),
        (b"tracestate", b"MARMALADE"),
        (b"tracestate", b"a=1,a=2," + b"b" * 300 + b"=3"),
        (b"traceparent", b"MARMALADE"),
    ],
)
def test_no_header_of_a_client_breaks_a_request_or_is_said_by_a_library(
    collector: Collector, caplog: pytest.LogCaptureFixture, name: bytes, value: bytes
) -> None:
    observer = Observer.of(Settings())
    headers = {b"host": b"localhost", b"traceparent": PARENT.encode()} | {name: value}
    with observer.request({"type": "http", "method": "GET", "path": "/", "headers": [*headers.items()]}, "a") as seen:
        seen.status = 421
    assert observer.metrics.registry.get_sample_value("groundwire_http_requests_in_flight") == 0
    observer.close()
    assert len(collector.spans) == 1
    assert "server.port" not in collector.spans[0].attributes
    assert not [one for one in caplog.records if one.name.startswith("opentelemetry")]


def test_a_request_that_is_not_seen_is_none_in_flight(monkeypatch: pytest.MonkeyPatch, collector: Collector) -> None:
    observer = Observer.of(Settings())
    monkeypatch.setattr("service.traces._described", lambda *_: 1 / 0)
    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    with pytest.raises(ZeroDivisionError), observer.request(scope, "a"):
        pass
    assert observer.metrics.registry.get_sample_value("groundwire_http_requests_in_flight") == 0
    assert request_id.get() == "-"
    observer.close()
    assert not collector.spans
