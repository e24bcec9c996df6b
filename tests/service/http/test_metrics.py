"""GET /metrics: what a scrape tells of requests, answers, models, the corpus and jobs, and how long it may take."""

import asyncio
import json
import signal
import subprocess
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from litestar.testing import AsyncTestClient
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from prompts.message import Message
from retrieval.embedding import Role, Vectors
from retrieval.errors import ModelUnavailable
from retrieval.ingest import ingest
from retrieval.store import Store
from retrieval.types import make_article
from service.answering import Answerer
from service.errors import WriterUnavailable
from service.http.app import Service, make_app
from service.jobs import Jobs
from service.observing import ObservedEmbedder, ObservedModel, Observer
from service.settings import Settings
from service.types import Usage
from service.wiring import open_answerer, open_fetcher
from service.writers import ExtractiveWriter, LanguageModelWriter
from tests.conftest import DRONES
from tests.fakes import FirstSentence, Unasked, WordEmbedder
from tests.model_server import ModelServer, Reply
from tests.service.http.conftest import Client
from tests.service.http.scripted import EVENTS, Scripted

Samples = dict[str, float]


def samples(text: str) -> Samples:
    """Give the samples of a scrape by their name and labels, as they are written: `name{a="b"}`."""
    return {
        one.name
        + ("{" + ",".join(f'{k}="{v}"' for k, v in sorted(one.labels.items())) + "}" if one.labels else ""): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


async def scrape(client: Client | httpx.AsyncClient) -> Samples:
    response = await client.get("/metrics")
    assert response.status_code == 200
    return samples(response.text)


def at(app: Service) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1", timeout=20)


@dataclass
class Model:
    """A language model that says a sentence, or fails."""

    error: WriterUnavailable | None = None
    says: str = "India plans to buy 31 drones. [1] The moon is green. [1]"
    name: str = "openai-like/fake"
    context_window: int = 8192

    async def stream(self, messages: Sequence[Message]) -> AsyncGenerator[str | Usage]:  # noqa: ARG002 - the seam's
        if self.error:
            raise self.error
        yield self.says
        yield Usage(input_tokens=100, output_tokens=7)


async def test_requests_are_counted_by_route_method_and_class_of_status(client: Client) -> None:
    await client.get("/v1/articles/drones")
    await client.get("/v1/articles/none")
    await client.head("/v1/articles/drones")
    await client.get("/nothing")
    found = await scrape(client)
    route = "/v1/articles/{article_id}"
    assert found[f'groundwire_http_requests_total{{method="GET",route="{route}",status="2xx"}}'] == 1
    assert found[f'groundwire_http_requests_total{{method="GET",route="{route}",status="4xx"}}'] == 1
    assert found[f'groundwire_http_requests_total{{method="HEAD",route="{route}",status="2xx"}}'] == 1
    assert found['groundwire_http_requests_total{method="GET",route="unmatched",status="4xx"}'] == 1
    assert found[f'groundwire_http_request_duration_seconds_count{{route="{route}"}}'] == 3
    assert found["groundwire_http_requests_in_flight"] == 1, "this one"


async def test_what_clients_invent_makes_no_series_of_its_own(client: Client) -> None:
    before = set(await scrape(client))
    for number in range(20):
        await client.request(f"MAKE{number}", f"/made-up/{number}", headers={"x-request-id": f"a{number}"})
        await client.get(f"/v1/articles/made-up-{number}")
        body = {"question": "a", "options": {"model": f"made-up/{number}"}}
        await client.post("/v1/answers", json=body)
        await client.post("/v1/chat/completions", json={"model": f"made-{number}", "messages": []})
    new = set(await scrape(client)) - before
    assert not [one for one in new if "made" in one.lower()]
    assert len({one.partition("{")[2] for one in new if one.startswith("groundwire_http_requests_total")}) <= 5


async def test_each_application_counts_for_itself(answering: FirstSentence) -> None:
    for _ in range(2):
        async with AsyncTestClient(make_app(answering), base_url="http://127.0.0.1") as client:
            await client.get("/health/live")
            found = await scrape(client)
            assert found['groundwire_http_requests_total{method="GET",route="/health/live",status="2xx"}'] == 1


async def test_refusals_are_there_before_the_first_one_and_counted_by_status() -> None:
    observer = Observer()
    async with AsyncTestClient(make_app(Unasked(), observer=observer), base_url="http://127.0.0.1") as client:
        assert (await client.get("/", headers={"host": "evil.example"})).status_code == 421
    value = observer.metrics.registry.get_sample_value
    assert value("groundwire_http_refusals_total", {"status": "421"}) == 1
    for status in ("401", "403", "429", "503"):
        assert value("groundwire_http_refusals_total", {"status": status}) == 0


async def test_an_answer_of_a_language_model_is_counted_with_its_sentences_stages_and_tokens(
    store: Store, embedder: WordEmbedder
) -> None:
    await ingest(DRONES, store, embedder)
    observer = Observer()
    seen = ObservedEmbedder(embedder, observer)
    answerer = Answerer(store, seen, LanguageModelWriter(ObservedModel(Model(), observer)))
    async with at(make_app(answerer, observer=observer)) as client:
        question = {"question": "How many drones does India plan to buy?"}
        answer = (await client.post("/v1/answers", json=question)).json()
        assert (len(answer["sentences"]), answer["left_out"]) == (1, 1)
        found = await scrape(client)
    writer = 'writer="openai-like/fake"'
    assert found[f'groundwire_answers_total{{outcome="answered",{writer}}}'] == 1
    assert found[f"groundwire_answer_duration_seconds_count{{{writer}}}"] == 1
    verdicts = {one: found[f'groundwire_sentences_total{{verdict="{one}"}}'] for one in ("supported", "left_out")}
    assert verdicts == {"supported": 1, "left_out": 1}
    for stage in ("rewrite", "search", "write", "verify", "compare"):
        assert found[f'groundwire_answer_stage_duration_seconds_count{{stage="{stage}"}}'] == 1
        took = found[f'groundwire_answer_stage_duration_seconds_sum{{stage="{stage}"}}']
        assert took == pytest.approx(answer["timings_ms"][stage] / 1000)
    model = 'model="openai-like/fake"'
    assert found[f"groundwire_model_calls_total{{{model}}}"] == 1
    assert found[f'groundwire_model_tokens_total{{direction="input",{model}}}'] == 100
    assert found[f'groundwire_model_tokens_total{{direction="output",{model}}}'] == 7
    assert found[f"groundwire_model_first_piece_seconds_count{{{model}}}"] == 1
    assert found['groundwire_embedding_duration_seconds_count{role="question"}'] == 1
    assert found['groundwire_embedded_texts_total{role="question"}'] == 1


async def test_texts_are_counted_as_embedded_when_they_are() -> None:
    @dataclass
    class Slow(WordEmbedder):
        begun: asyncio.Event = field(default_factory=asyncio.Event)

        async def embed(self, texts: Sequence[str], role: Role = "passage") -> Vectors:  # noqa: ARG002 - the seam's
            self.begun.set()
            await asyncio.Event().wait()
            raise AssertionError

    slow, observer = Slow(), Observer()
    embedding = asyncio.create_task(ObservedEmbedder(slow, observer).embed(["a", "b"]))
    await asyncio.wait_for(slow.begun.wait(), 10)
    embedding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await embedding
    await ObservedEmbedder(WordEmbedder(), observer).embed(["a", "b", "c"])
    value = observer.metrics.registry.get_sample_value
    assert value("groundwire_embedded_texts_total", {"role": "passage"}) == 3
    assert value("groundwire_embedding_failures_total", {"role": "passage"}) == 0


async def test_a_model_that_fails_is_counted_by_why_and_by_what_became_of_the_answer(
    store: Store, embedder: WordEmbedder
) -> None:
    await ingest(DRONES, store, embedder)
    observer = Observer()
    model = ObservedModel(Model(WriterUnavailable("The language model took too long.", "timeout")), observer)
    fallback = ExtractiveWriter(embedder, embedder.words)
    question = {"question": "How many drones does India plan to buy?"}
    with_fallback = Answerer(store, embedder, LanguageModelWriter(model), fallback=fallback)
    async with at(make_app(with_fallback, observer=observer)) as client:
        assert (await client.post("/v1/answers", json=question)).status_code == 200
    async with at(make_app(Answerer(store, embedder, LanguageModelWriter(model)), observer=observer)) as client:
        assert (await client.post("/v1/answers", json=question)).status_code == 503
        found = await scrape(client)
    assert found['groundwire_model_failures_total{kind="timeout",model="openai-like/fake"}'] == 2
    assert found['groundwire_fallbacks_total{kind="fallback"}'] == 1
    assert found['groundwire_answers_total{outcome="answered",writer="extractive"}'] == 1
    assert found['groundwire_answers_total{outcome="failed",writer="openai-like/fake"}'] == 1
    assert found['groundwire_http_refusals_total{status="503"}'] == 1


async def test_an_abstention_is_counted_by_its_reason(answering: FirstSentence, embedder: WordEmbedder) -> None:
    answerer = Answerer(answering.store, embedder, ExtractiveWriter(embedder, embedder.words))
    async with at(make_app(answerer)) as client:
        await client.post("/v1/answers", json={"question": "hello"})
        found = await scrape(client)
    assert found['groundwire_answers_total{outcome="not_a_question",writer="extractive"}'] == 1


@pytest.mark.parametrize("stream", [True, False])
async def test_a_client_that_leaves_is_counted_as_that(*, stream: bool) -> None:
    answering = Scripted((*EVENTS[:1], None))
    observer = Observer()
    app = make_app(answering, observer=observer)
    body = json.dumps({"question": "a", "stream": stream}).encode()
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> object:
        if messages:
            return messages.pop()
        await answering.waits.wait()
        return {"type": "http.disconnect"}

    async def send(_: object) -> None:
        pass

    headers = [(b"host", b"localhost"), (b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    scope = {
        "type": "http", "method": "POST", "path": "/v1/answers", "raw_path": b"/v1/answers",
        "query_string": b"", "headers": headers,
    }  # fmt: skip
    await asyncio.wait_for(app(scope, receive, send), 10)
    assert observer.metrics.registry.get_sample_value(
        "groundwire_answers_total", {"writer": "fake", "outcome": "left"}
    ) == 1  # fmt: skip
    status = "2xx" if stream else "none"  # of a stream something was answered
    assert observer.metrics.registry.get_sample_value(
        "groundwire_http_requests_total", {"route": "/v1/answers", "method": "POST", "status": status}
    ) == 1  # fmt: skip


async def test_the_corpus_is_what_this_process_knows(client: Client, answering: FirstSentence) -> None:
    more = make_article(article_id="more", title="More", text="A ship came.\n\n" * 200)
    await ingest(more, answering.store, answering.embedder)
    await answering.store.corpus()
    before = await scrape(client)
    await answering.store.withdraw("more")
    await answering.store.corpus()
    after = await scrape(client)
    assert (before["groundwire_corpus_articles"], after["groundwire_corpus_articles"]) == (3, 2)
    assert (before["groundwire_corpus_passages"] > 5, after["groundwire_corpus_passages"]) == (True, 2)
    assert 0 <= after["groundwire_word_index_lag_seconds"] < 10
    assert after["groundwire_store_up"] == 1


async def test_a_scrape_waits_for_no_chroma_that_hangs(
    chroma: tuple[subprocess.Popen[bytes], str], embedder: WordEmbedder
) -> None:
    process, url = chroma
    with Store.open_server(url, embedder) as store:
        async with at(make_app(FirstSentence(store, embedder))) as client:
            assert (await scrape(client))["groundwire_store_up"] == 1
            process.send_signal(signal.SIGSTOP)
            try:
                began = time.monotonic()
                assert (await scrape(client))["groundwire_store_up"] == 0
                assert time.monotonic() - began < 4
            finally:
                process.send_signal(signal.SIGCONT)


async def test_a_failing_embedding_model_is_counted(store: Store) -> None:
    @dataclass
    class Down(WordEmbedder):
        async def embed(self, texts: Sequence[str], role: Role = "passage") -> Vectors:  # noqa: ARG002 - the seam's
            raise ModelUnavailable("The embedding model cannot be reached.")

    observer = Observer()
    down = ObservedEmbedder(Down(), observer)
    answerer = Answerer(store, down, ExtractiveWriter(down, WordEmbedder().words))
    async with at(make_app(answerer, observer=observer)) as client:
        assert (await client.post("/v1/search", json={"question": "a"})).status_code == 503
        found = await scrape(client)
    assert found['groundwire_embedding_failures_total{role="question"}'] == 1
    assert found['groundwire_embedding_failures_total{role="passage"}'] == 0


async def test_jobs_are_counted_by_status_with_the_items_that_wait(answering: FirstSentence, tmp_path: Path) -> None:
    async with (
        open_fetcher(Settings()) as fetcher,
        Jobs(tmp_path / "jobs", answering.store, answering.embedder, fetcher) as jobs,
        at(make_app(answering, jobs=jobs)) as client,
    ):
        items = [{"id": f"a{number}", "title": "A", "text": "A ship came."} for number in range(5)]
        posted = await client.post("/v1/articles", json={"articles": items})
        assert posted.status_code == 202
        async with asyncio.timeout(20):
            while (found := await scrape(client))['groundwire_jobs{status="done"}'] != 1:
                pass
    assert found['groundwire_jobs{status="failed"}'] == 0
    assert found["groundwire_job_items_waiting"] == 0


async def test_a_scrape_is_in_the_format_that_is_asked_for(client: Client) -> None:
    plain = await client.get("/metrics")
    assert plain.headers["content-type"].startswith("text/plain; version=0.0.4")
    accept = {"accept": "application/openmetrics-text; version=1.0.0"}
    other = await client.get("/metrics", headers=accept)
    assert other.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert other.text.endswith("# EOF\n")
    names = {family.name for family in openmetrics.text_string_to_metric_families(other.text)}  # type: ignore[no-untyped-call]
    assert {"groundwire_http_requests", "groundwire_build_info", "groundwire_answer_stage_duration_seconds"} <= names


async def test_the_process_and_the_build_are_told(client: Client) -> None:
    found = await scrape(client)
    assert found["process_resident_memory_bytes"] > 10_000_000
    assert found["process_open_fds"] > 0
    assert [one for one in found if one.startswith('groundwire_build_info{python="3.')]


async def test_questions_that_wait_their_turn_are_told() -> None:
    observer = Observer()
    answering = Scripted((*EVENTS[:1], None))
    app = make_app(answering, observer=observer, most_answers=1)
    async with at(app) as client:
        asking = [asyncio.create_task(client.post("/v1/answers", json={"question": "a"})) for _ in range(3)]
        await answering.waits.wait()
        async with asyncio.timeout(10):
            while observer.metrics.registry.get_sample_value("groundwire_answers_waiting") != 2:
                await asyncio.wait(asking, timeout=0.01)
        for one in asking:
            one.cancel()
        await asyncio.wait(asking)
    assert observer.metrics.registry.get_sample_value("groundwire_answers_waiting") == 0


async def test_a_service_sees_the_models_that_its_settings_name(tmp_path: Path) -> None:
    async with ModelServer(Reply(["down"], status=500)).serving() as server:
        settings = Settings(data_dir=tmp_path, llm="openai-like/scripted", llm_base_url=server.url)
        observer = Observer.of(settings)
        with open_answerer(settings, observer) as answerer:
            await ingest(DRONES, answerer.store, answerer.embedder)
            async with at(make_app(answerer, observer=observer)) as client:
                question = {"question": "How many drones does India plan to buy?"}
                assert (await client.post("/v1/answers", json=question)).json()["writer"] == "extractive"
                found = await scrape(client)
                ready = (await client.get("/health/ready")).json()
    assert found['groundwire_model_failures_total{kind="server_error",model="openai-like/scripted"}'] == 1
    assert found['groundwire_fallbacks_total{kind="fallback"}'] == 1
    assert found['groundwire_embedding_duration_seconds_count{role="passage"}'] >= 1
    assert found['groundwire_embedding_duration_seconds_count{role="question"}'] == 1
    assert ready["status"] == "degraded"
    assert "its server had an error" in ready["checks"]["language_model"]["message"]
