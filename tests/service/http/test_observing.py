"""What the log tells of requests and answers, and that nothing anybody wrote is in it, whatever goes wrong."""

import asyncio
import hashlib
import io
import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar.routes import HTTPRoute

from retrieval.errors import StoreUnavailable
from retrieval.ingest import ingest
from retrieval.store import Store
from retrieval.types import Hit
from service.answering import Answerer
from service.errors import WriterUnavailable
from service.http.app import Service, make_app
from service.http.ending import Stopping
from service.jobs import Jobs
from service.keys import KeyFile, Keys
from service.logs import Lines, LogFormat, RequestIdFilter
from service.observing import Observer
from service.settings import Settings
from service.types import Event, Question, Searched, SearchRequest
from service.wiring import open_fetcher
from service.writers import ExtractiveWriter, LanguageModelWriter
from tests.conftest import DRONES
from tests.fakes import FirstSentence, WordEmbedder
from tests.processes import environment, serving
from tests.service.http.scripted import SEARCHED
from tests.service.http.test_connections import at_work, post
from tests.service.http.test_deadlines import Waits

SECRET = "MARMALADE"  # noqa: S105 - a word that somebody wrote
QUESTION = "How many drones does India plan to buy?"


@dataclass
class Log:
    """What a service wrote to its log."""

    stream: io.StringIO = field(default_factory=io.StringIO)

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    def lines(self, logger: str) -> list[dict[str, Any]]:
        return [one for one in map(json.loads, self.text.splitlines()) if one["logger"] == logger]


@pytest.fixture(params=["json"])
def log(request: pytest.FixtureRequest) -> Iterator[Log]:
    """Log as a service does, and all that libraries would say beside."""
    log_format: LogFormat = request.param
    log = Log()
    handler = logging.StreamHandler(log.stream)
    handler.setFormatter(Lines(log_format))
    handler.addFilter(RequestIdFilter())
    root, ours = logging.getLogger(), logging.getLogger("groundwire")
    levels = root.level, ours.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    ours.setLevel(logging.DEBUG)
    yield log
    root.removeHandler(handler)
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


def at(app: Service) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=20)


@pytest.fixture
async def answerer(store: Store, embedder: WordEmbedder) -> Answerer:
    await ingest(DRONES, store, embedder)
    return Answerer(store, embedder, ExtractiveWriter(embedder, embedder.words))


async def test_a_request_is_one_line_with_its_route_status_time_and_bytes(answerer: Answerer, log: Log) -> None:
    async with at(make_app(answerer)) as client:
        got = await client.get("/v1/articles/drones", headers={"x-request-id": "r-1"})
        await client.get("/v1/articles/a%0A%1B[31mb%20c%22?q=1")
    first, second = log.lines("groundwire.http")
    assert first.pop("ms") > 0
    assert first.pop("time")
    assert first == {
        "level": "INFO",
        "logger": "groundwire.http",
        "request_id": "r-1",
        "message": first["message"],
        "method": "GET",
        "path": "/v1/articles/drones",
        "route": "/v1/articles/{article_id}",
        "status": 200,
        "bytes": len(got.content),
        "key": None,
    }
    assert second["path"] == "/v1/articles/a%0A%1B%5B31mb%20c%22"


async def test_a_path_without_end_is_cut(answerer: Answerer, log: Log) -> None:
    async with at(make_app(answerer)) as client:
        await client.get("/" + "a" * 5000)
    [line] = log.lines("groundwire.http")
    assert len(line["path"]) == 200


async def test_the_line_of_a_request_names_its_key_and_not_its_token(
    answerer: Answerer, log: Log, tmp_path: Path
) -> None:
    file = KeyFile(tmp_path / "keys.json")
    key, token = file.create("desk", ["read"], origins=(), requests=60, answers=1, expires=None)
    async with at(make_app(answerer, keys=Keys(tmp_path / "keys.json"))) as client:
        await client.get("/v1/articles/drones", headers={"authorization": f"Bearer {token}"})
        assert (await client.get("/v1/articles/drones")).status_code == 401
    file.revoke(key.id)
    async with at(make_app(answerer, keys=Keys(tmp_path / "keys.json"))) as client:
        refused = await client.get("/v1/articles/drones", headers={"authorization": f"Bearer {token}"})
        assert refused.status_code == 401
    with_key, without, revoked = log.lines("groundwire.http")
    assert (with_key["key"], without["key"], revoked["key"]) == (key.id, None, key.id)
    assert token not in log.text


async def test_a_key_in_a_path_or_an_id_of_a_request_is_in_no_line(
    answerer: Answerer, log: Log, tmp_path: Path
) -> None:
    file = KeyFile(tmp_path / "keys.json")
    _, token = file.create("desk", ["read"], origins=(), requests=60, answers=1, expires=None)
    begin, end = token[:14], token[-14:]  # of which neither is the id alone
    async with at(make_app(answerer, keys=Keys(tmp_path / "keys.json"))) as client:
        for path in (f"/v1/articles/key={token}", f"/Bearer%20{token}", f"/x_{token}", f"/{token}x"):
            await client.get(path)
        for length in range(112, 200):  # the line's path is cut in the middle of it
            await client.get(f"/{'a' * length}{token}")
        await client.get("/", headers={"x-request-id": f"x{token}"})
    assert log.text.count("[secret]") >= 93
    assert begin not in log.text
    assert end not in log.text


async def test_probes_that_are_well_are_no_lines(answerer: Answerer, log: Log) -> None:
    async with at(make_app(answerer)) as client:
        for path in ("/health/live", "/health/ready", "/metrics"):
            assert (await client.get(path)).status_code == 200
        await client.get("/health/live", headers={"host": "evil.example"})
    assert [line["level"] for line in log.lines("groundwire.http")] == ["DEBUG", "DEBUG", "DEBUG", "INFO"]


async def test_an_answer_is_one_line_with_what_it_is_made_of_and_a_hash_of_its_question(
    answerer: Answerer, log: Log
) -> None:
    async with at(make_app(answerer)) as client:
        answer = (await client.post("/v1/answers", json={"question": f"  {QUESTION}"})).json()
    [line] = log.lines("groundwire.answers")
    assert line["request_id"] == log.lines("groundwire.http")[0]["request_id"]
    assert line["question"] == hashlib.sha256(QUESTION.encode()).hexdigest()[:16]
    assert "text" not in line
    assert (line["outcome"], line["writer"], line["answer"]) == ("answered", "extractive", answer["id"])
    for name in ("sentences", "citations", "sources", "disagreements"):
        assert line[name] == len(answer[name])
    assert (line["unsupported"], line["left_out"], line["turns"]) == (0, 0, 0)
    assert line["corpus"] == answer["corpus"]["fingerprint"]
    for stage in ("rewrite", "search", "write", "verify", "compare"):
        assert line[f"{stage}_ms"] == answer["timings_ms"][stage]
    assert line["ms"] >= answer["timings_ms"]["total"]


@pytest.mark.parametrize("path", ["/v1/answers", "/v1/chat/completions", "/v1/responses", "/api/chat"])
async def test_each_protocol_tells_its_answers(answerer: Answerer, log: Log, path: str) -> None:
    async with at(make_app(answerer)) as client:
        for stream in (False, True):
            body = BODIES[path] if path == "/api/chat" else BODIES[path] | {"stream": stream}
            assert (await client.post(path, json=body)).is_success
    assert [line["outcome"] for line in log.lines("groundwire.answers")] == ["not_answered"] * 2


async def test_an_abstention_says_why_in_a_word(answerer: Answerer, log: Log) -> None:
    async with at(make_app(answerer)) as client:
        await client.post("/v1/answers", json={"question": "hello"})
    [line] = log.lines("groundwire.answers")
    assert (line["outcome"], line["sentences"]) == ("not_a_question", 0)


async def test_the_question_is_told_only_where_the_operator_wants_it(answerer: Answerer, log: Log) -> None:
    async with at(make_app(answerer, observer=Observer(log_questions=True))) as client:
        await client.post("/v1/answers", json={"question": QUESTION})
    assert log.lines("groundwire.answers")[0]["text"] == QUESTION


async def test_an_answer_that_fails_is_told_with_the_name_of_what_failed(answering: FirstSentence, log: Log) -> None:
    answering.error = WriterUnavailable("The language model did not answer.")
    async with at(make_app(answering)) as client:
        assert (await client.post("/v1/answers", json={"question": QUESTION})).status_code == 503
    [line] = log.lines("groundwire.answers")
    assert (line["outcome"], line["error"]) == ("failed", "WriterUnavailable")


@pytest.mark.parametrize("begun", [False, True], ids=["before its first event", "in its middle"])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "a stream"])
async def test_an_answer_that_its_deadline_ends_has_failed(log: Log, *, begun: bool, stream: bool) -> None:
    app = make_app(Waits(script=(SEARCHED, None) if begun else (None,)), request_timeout=0.2)
    async with at(app) as client:
        await client.post("/v1/answers", json={"question": QUESTION, "stream": stream})
    [line] = log.lines("groundwire.answers")
    assert (line["outcome"], line["error"]) == ("failed", "TookTooLong")


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "a stream"])
async def test_an_answer_that_the_end_of_the_service_ends_has_failed(log: Log, *, stream: bool) -> None:
    stopping, answering = Stopping(), Waits(script=(None,))
    async with at(make_app(answering, stopping=stopping)) as client:
        asking = asyncio.create_task(client.post("/v1/answers", json={"question": QUESTION, "stream": stream}))
        await asyncio.wait_for(answering.waits.wait(), 10)
        stopping.end()
        assert (await asking).status_code == 503
    [line] = log.lines("groundwire.answers")
    assert (line["outcome"], line["error"]) == ("failed", "BeingStopped")


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "a stream"])
async def test_an_answer_whose_client_leaves_is_left(log: Log, *, stream: bool) -> None:
    answering = Waits(script=(None,))
    async with at_work(answering) as service:
        body = json.dumps({"question": QUESTION, "stream": stream}).encode()
        _, writer = await service.connect()
        writer.write(post("/v1/answers", len(body)) + body)
        await asyncio.wait_for(answering.waits.wait(), 10)
        writer.close()
        await service.none_left()
    [line] = log.lines("groundwire.answers")
    assert (line["outcome"], line["error"]) == ("left", None)


# Nothing that anybody wrote

_MESSAGES = [{"role": "user", "content": f"{QUESTION} {SECRET}"}]
BODIES: Mapping[str, dict[str, Any]] = {
    "/v1/answers": {"question": f"{QUESTION} {SECRET}", "history": [{"role": "user", "text": SECRET}]},
    "/v1/search": {"question": f"{QUESTION} {SECRET}"},
    "/v1/chat/completions": {"model": "groundwire", "messages": _MESSAGES},
    "/v1/responses": {"model": "groundwire", "input": f"{QUESTION} {SECRET}"},
    "/api/chat": {
        "id": "c",
        "messages": [{"id": "m", "role": "user", "parts": [{"type": "text", "text": f"{QUESTION} {SECRET}"}]}],
    },
    "/v1/articles": {"articles": [{"id": "x", "title": SECRET, "text": f"{SECRET} came."}]},
}
_WRONG: list[Any] = [
    {"question": [SECRET], "messages": SECRET, "articles": {SECRET: SECRET}, "text": {"a": SECRET}},
    {SECRET: SECRET, "question": SECRET},
    {"question": SECRET, "options": {"model": SECRET}, "as_of": SECRET, "scope": {"after": SECRET}},
    {"model": SECRET, "messages": [{"role": SECRET, "content": SECRET}], "input": [{"type": SECRET}]},
    {
        "title": f"{SECRET}\n",
        "text": SECRET,
        "published": SECRET,
        "url": f"https://{SECRET}.example",
        "credits": [SECRET],
    },
    [SECRET],
    SECRET,
]


@dataclass
class Buggy(FirstSentence):
    """Fails with what it was asked in every message."""

    async def events(self, question: Question) -> AsyncGenerator[Event]:
        for _ in range(len(await self.search(SearchRequest(question=question.question)))):
            yield Searched(hits=())

    async def search(self, request: SearchRequest) -> list[Hit]:
        if self.error:
            raise self.error from KeyError(request)
        raise ValueError(f"{request}\n2026 INFO forged") from UnicodeEncodeError("ascii", SECRET, 0, 1, SECRET)


async def ask_everything(app: Service) -> dict[int, int]:
    """Send the secret in every way to every route; give how often each status was answered."""
    statuses: dict[int, int] = {}
    async with at(app) as client:
        for route in [one for one in app.routes if isinstance(one, HTTPRoute)]:
            path = route.path_format
            for name in route.path_components:
                if not isinstance(name, str):
                    path = path.replace(f"{{{name.name}}}", "drones")
            for method in sorted(route.methods):
                for response in await asyncio.gather(*[_send(client, method, path, **one) for one in _ways(route)]):
                    statuses[response.status_code] = statuses.get(response.status_code, 0) + 1
    return statuses


def _ways(route: HTTPRoute) -> Iterator[dict[str, Any]]:
    yield {"params": {"q": SECRET, SECRET: SECRET, "quote": SECRET}}
    yield {
        "headers": {
            "authorization": f"Bearer {SECRET}",
            "cookie": f"groundwire_key={SECRET}",
            "origin": f"http://{SECRET}",
        }
    }
    yield {
        "headers": {
            "user-agent": SECRET,
            "accept": "text/html",
            "x-request-id": f"{SECRET} {SECRET}",
            "referer": SECRET,
        }
    }
    for body in [BODIES.get(route.path, {}), *_WRONG]:
        yield {"json": body}
    yield {"content": f'{{"question": "{SECRET}', "headers": {"content-type": "application/json"}}
    yield {"content": f'{{"question": "{SECRET}"}}'.encode("utf-16"), "headers": {"content-type": "application/json"}}
    yield {"content": f"# {SECRET}\n\n{SECRET} came.", "headers": {"content-type": "text/markdown"}}
    yield {"content": f"<p>{SECRET}", "headers": {"content-type": f"text/html; charset={SECRET}"}}
    yield {
        "files": [("file", ("a.md", f"---\npublished: {SECRET}\n---\n{SECRET}")), ("file", ("b.png", SECRET.encode()))]
    }
    yield {"data": {"key": SECRET, "urls": f"http://127.0.0.1:1/?key={SECRET}"}}


async def _send(client: httpx.AsyncClient, method: str, path: str, **parts: Any) -> httpx.Response:  # noqa: ANN401 - httpx's
    return await client.request(method, path, **parts)


@asynccontextmanager
async def with_jobs(answering: FirstSentence | Answerer, folder: Path) -> AsyncIterator[tuple[Service, Jobs]]:
    async with (
        open_fetcher(Settings()) as fetcher,
        Jobs(folder, answering.store, answering.embedder, fetcher) as jobs,
    ):
        yield make_app(answering, jobs=jobs), jobs


@pytest.mark.parametrize("log", ["json", "text"], indirect=True)
async def test_nothing_that_anybody_wrote_is_in_the_log(answerer: Answerer, tmp_path: Path, log: Log) -> None:
    async with with_jobs(answerer, tmp_path / "jobs") as (app, jobs):
        statuses = await ask_everything(app)
        async with asyncio.timeout(60):
            while any(one.finished is None for one in (await jobs.jobs(0, 100))[0]):
                pass
    assert statuses[200] > 10
    assert statuses[422] > 20
    assert 500 not in statuses
    assert "groundwire.jobs" in log.text
    assert "groundwire.answers" in log.text
    assert SECRET not in log.text


@pytest.mark.parametrize("error", [None, ZeroDivisionError(SECRET), OSError(5, "Input/output error", SECRET)])
async def test_nothing_that_anybody_wrote_is_in_the_log_of_a_bug(
    store: Store, log: Log, error: Exception | None
) -> None:
    statuses = await ask_everything(make_app(Buggy(store, WordEmbedder(), error=error)))
    assert statuses[500] >= 5
    assert "A bug" in log.text
    assert "test_observing.py" in log.text, "where it was raised"
    assert SECRET not in log.text
    assert "forged" not in log.text


@pytest.mark.parametrize("error", [StoreUnavailable("Chroma is gone."), WriterUnavailable("The model is gone.")])
async def test_nothing_that_anybody_wrote_is_in_the_log_of_a_neighbour_that_fails(
    store: Store, log: Log, error: Exception
) -> None:
    statuses = await ask_everything(make_app(Buggy(store, WordEmbedder(), error=error)))
    assert statuses[503] >= 5
    assert f"{type(error).__name__}: {error}" in log.text
    assert SECRET not in log.text


def test_a_service_logs_json_where_it_is_told_to_and_nothing_else(tmp_path: Path) -> None:
    env = environment(tmp_path / "data", GROUNDWIRE_PORT="0", GROUNDWIRE_LOG_FORMAT="json", OPENAI_LOG="debug")
    with serving("serve", env=env, out=tmp_path / "out", log=tmp_path / "log") as (process, url):
        with httpx.Client(base_url=url, trust_env=False, timeout=30) as client:
            client.post("/v1/answers", json={"question": f"{QUESTION} {SECRET}"})
            client.get("/nothing")
        process.terminate()
        assert process.wait(30) == 0
    lines = [json.loads(line) for line in (tmp_path / "log").read_text(encoding="utf-8").splitlines()]
    assert {"groundwire.answers", "groundwire.http"} <= {line["logger"] for line in lines}
    assert all(line["time"].endswith("Z") for line in lines)
    assert SECRET not in json.dumps(lines)


async def test_a_language_model_that_fails_is_a_line_that_says_which_and_why(
    store: Store, embedder: WordEmbedder, log: Log
) -> None:
    class Down:
        name = "openai-like/down"
        context_window = 8192

        async def stream(self, _: object) -> AsyncGenerator[str]:
            for _ in range(len(self.name)):
                raise WriterUnavailable("The language model openai-like/down refuses the key.", "key")
            yield ""

    await ingest(DRONES, store, embedder)
    extractive = ExtractiveWriter(embedder, embedder.words)
    answerer = Answerer(store, embedder, LanguageModelWriter(Down()), fallback=extractive)
    async with at(make_app(answerer)) as client:
        question = {"question": "And the price?", "history": [{"role": "user", "text": QUESTION}]}
        assert (await client.post("/v1/answers", json=question)).status_code == 200
    [rewriting] = log.lines("groundwire.writers")
    [writing] = log.lines("groundwire.answering")
    for line in (rewriting, writing):
        assert (line["level"], line["model"], line["kind"]) == ("WARNING", "openai-like/down", "key")
        assert line["why"] == "The language model openai-like/down refuses the key."
