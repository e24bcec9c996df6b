"""Whether the service lives, and whether it can answer: what is wrong has a name, and the answer comes in time."""

import asyncio
import logging
import signal
import subprocess
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from litestar.testing import AsyncTestClient

from prompts.message import Message
from retrieval.embedding import Role, Vectors
from retrieval.errors import ModelUnavailable, StoreForeign, StoreUnavailable
from retrieval.ingest import ingest
from retrieval.store import Store
from retrieval.types import make_article
from service import readiness
from service.errors import FailureKind, WriterUnavailable
from service.http.app import make_app
from service.http.ending import Stopping
from service.observing import LastSeen, Needs, ObservedEmbedder, ObservedModel, Observer
from service.types import Usage
from tests.chroma_proxy import Quotas, proxy
from tests.fakes import FirstSentence, WordEmbedder
from tests.service.http.conftest import Client


@dataclass
class Neighbour:
    """A store as readiness sees it: it hangs, fails, or is late, as it is told."""

    lag: float = 1.0
    lacks_words: bool = False
    refuses: bool = False
    error: Exception | None = None
    hangs: bool = False
    asked: int = 0

    async def ready(self) -> None:
        self.asked += 1
        if self.hangs:
            await asyncio.Event().wait()
        if self.error:
            raise self.error


@dataclass
class Model(WordEmbedder):
    """An embedding model behind a server that may be down."""

    down: bool = False

    async def embed(self, texts: Sequence[str], role: Role = "passage") -> Vectors:
        if self.down:
            raise ModelUnavailable("The embedding model at http://user:secret@10.0.0.1 cannot be reached.")
        return await super().embed(texts, role)


@dataclass
class Writing:
    """A language model that fails as it is told."""

    kind: FailureKind | None = None
    name: str = "fake"
    context_window: int = 8192

    async def stream(self, messages: Sequence[Message]) -> AsyncGenerator[str | Usage]:  # noqa: ARG002 - the seam's
        if self.kind:
            raise WriterUnavailable("It failed.", self.kind)
        yield "Said."


@dataclass
class Asked:
    """An application and what stands around it."""

    store: Neighbour = field(default_factory=Neighbour)
    model: Model = field(default_factory=Model)
    observer: Observer = field(default_factory=Observer)
    stopping: Stopping = field(default_factory=Stopping)

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Client]:
        embedder = cast("WordEmbedder", ObservedEmbedder(self.model, self.observer))
        answering = FirstSentence(cast("Store", self.store), embedder)
        app = make_app(answering, observer=self.observer, stopping=self.stopping)
        async with AsyncTestClient(app, base_url="http://127.0.0.1") as client:
            yield client


def wrong(response: httpx.Response) -> dict[str, str]:
    """Give what a problem document says by check."""
    assert response.status_code == 503
    assert response.headers["content-type"] == "application/problem+json"
    return {one["field"]: one["message"] for one in response.json()["errors"]}


async def test_a_service_whose_store_answers_is_ready(client: Client) -> None:
    assert (await client.get("/health/live")).json() == {"status": "ok"}
    response = await client.get("/health/ready")
    assert response.status_code == 200
    assert response.json()["status"] == "ok"
    names = {"store", "word_index", "embedding_model", "language_model", "data_folder", "stopping"}
    assert response.json()["checks"] == {name: {"status": "ok", "message": None} for name in names}


async def test_a_service_whose_chroma_is_gone_lives_and_is_not_ready(
    chroma: tuple[subprocess.Popen[bytes], str], embedder: WordEmbedder
) -> None:
    process, url = chroma
    with Store.open_server(url, embedder) as store:
        answering = FirstSentence(store, embedder)
        async with AsyncTestClient(make_app(answering), base_url="http://127.0.0.1") as client:
            assert (await client.get("/health/ready")).status_code == 200
            process.kill()
            process.wait()
            gone = await client.get("/health/ready")
            assert "Chroma" in wrong(gone)["store"]
            assert url.rpartition(":")[2] not in gone.text
            assert (await client.get("/health/live")).status_code == 200
            refused = await client.post("/v1/search", json={"question": "a"})
            assert (refused.status_code, int(refused.headers["retry-after"]) > 0) == (503, True)
            assert "127.0.0.1" not in refused.text


async def test_a_chroma_that_hangs_is_named_within_three_seconds_and_when_it_goes_on_all_is_well(
    chroma: tuple[subprocess.Popen[bytes], str], embedder: WordEmbedder
) -> None:
    process, url = chroma
    with Store.open_server(url, embedder) as store:
        answering = FirstSentence(store, embedder)
        async with AsyncTestClient(make_app(answering), base_url="http://127.0.0.1") as client:
            process.send_signal(signal.SIGSTOP)
            began = time.monotonic()
            hung = await client.get("/health/ready")
            took = time.monotonic() - began
            process.send_signal(signal.SIGCONT)
            assert "store" in wrong(hung)
            assert took < 3
            async with asyncio.timeout(20):
                while (await client.get("/health/ready")).status_code != 200:
                    pass


async def test_what_hangs_is_asked_once_at_a_time_however_often_readiness_is(embedder: WordEmbedder) -> None:
    hanging = Neighbour(hangs=True)
    looking = readiness.Readiness(FirstSentence(cast("Store", hanging), embedder), Observer())
    async with asyncio.timeout(3):
        looks = await asyncio.gather(*[looking.look(stopping=False) for _ in range(20)])
    assert {look["store"].status for look in looks} == {"failing"}
    assert hanging.asked == 1


@pytest.mark.parametrize(("lag", "status", "said"), [(2, 200, "ok"), (20, 200, "degraded"), (90, 503, None)])
async def test_a_word_index_that_is_late_is_told_and_one_that_follows_no_more_is_not_ready(
    lag: float, status: int, said: str | None
) -> None:
    async with Asked(Neighbour(lag=lag)).client() as client:
        response = await client.get("/health/ready")
        assert response.status_code == status
        if said:
            assert response.json()["checks"]["word_index"]["status"] == said
        else:
            assert "90 s behind" in wrong(response)["word_index"]


async def test_a_word_index_that_cannot_be_written_is_told_while_questions_are_answered() -> None:
    async with Asked(Neighbour(lag=90, lacks_words=True)).client() as client:
        response = await client.get("/health/ready")
        assert response.status_code == 200
        check = response.json()["checks"]["word_index"]
        assert check["status"] == "degraded"
        assert "cannot be written" in check["message"]


async def test_a_chroma_whose_last_write_failed_is_told_while_questions_are_answered(
    chroma: tuple[subprocess.Popen[bytes], str], embedder: WordEmbedder
) -> None:
    quotas = Quotas()
    article = make_article(article_id="a", title="t", text="drones")
    with proxy(chroma[1], quotas) as address, Store.open_server(address, embedder) as store:
        app = make_app(FirstSentence(store, embedder))
        async with AsyncTestClient(app, base_url="http://127.0.0.1") as client:
            quotas.failing = True
            with pytest.raises(StoreUnavailable, match="must be restarted"):
                await ingest(article, store, embedder)
            response = await client.get("/health/ready")
            assert response.status_code == 200
            check = response.json()["checks"]["store"]
            assert check["status"] == "degraded"
            assert "restart it if its disk was full" in check["message"]
            assert "groundwire_store_up 1.0" in (await client.get("/metrics")).text
            quotas.failing = False
            await ingest(article, store, embedder)
            assert (await client.get("/health/ready")).json()["checks"]["store"]["status"] == "ok"


async def test_a_chroma_that_answers_and_reads_nothing_is_not_ready_and_is_to_be_restarted(
    chroma: tuple[subprocess.Popen[bytes], str], embedder: WordEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    quotas = Quotas()
    with proxy(chroma[1], quotas) as address, Store.open_server(address, embedder) as store:
        app = make_app(FirstSentence(store, embedder))
        async with AsyncTestClient(app, base_url="http://127.0.0.1") as client:
            quotas.delay = 4.0
            monkeypatch.setattr("retrieval.line._READ", 1.0)
            async with asyncio.timeout(30):
                while (response := await client.get("/health/ready")).status_code == 200:
                    pass
            assert "must be restarted" in wrong(response)["store"]
            assert "groundwire_store_up 0.0" in (await client.get("/metrics")).text
            quotas.delay = 0.0
            async with asyncio.timeout(30):
                while (await client.get("/health/ready")).status_code != 200:
                    pass


async def test_a_store_that_was_embedded_anew_says_that_the_service_is_to_be_restarted() -> None:
    async with Asked(Neighbour(error=StoreForeign("of another model"))).client() as client:
        assert "Restart" in wrong(await client.get("/health/ready"))["store"]


async def test_a_remote_embedding_model_is_asked_unless_it_answered_lately_and_is_ready_again_when_it_answers() -> None:
    asked = Asked(model=Model(down=True), observer=Observer(needs=Needs(remote_embedding=True)))
    async with asked.client() as client:
        down = await client.get("/health/ready")
        assert "GROUNDWIRE_EMBEDDING_BASE_URL" in wrong(down)["embedding_model"]
        assert "secret" not in down.text
        asked.model.down = False
        assert (await client.get("/health/ready")).status_code == 200
        assert asked.model.asked == [(("ready?",), "question")]
        assert (await client.get("/health/ready")).status_code == 200
        assert len(asked.model.asked) == 1
        asked.observer.embedding = LastSeen(None, time.monotonic() - 60)
        assert (await client.get("/health/ready")).status_code == 200
        assert len(asked.model.asked) == 2


async def test_the_embedding_model_in_this_process_is_not_asked() -> None:
    asked = Asked(model=Model(down=True))
    async with asked.client() as client:
        assert (await client.get("/health/ready")).status_code == 200


async def replied(model: Writing, observer: Observer) -> None:
    try:
        async for _ in ObservedModel(model, observer).stream([]):
            pass
    except WriterUnavailable:
        pass


@pytest.mark.parametrize("fallback", [True, False])
async def test_a_language_model_that_failed_is_degraded_with_a_fallback_and_not_ready_without(
    *, fallback: bool
) -> None:
    asked = Asked(observer=Observer(needs=Needs(fallback=fallback)))
    model = Writing()
    async with asked.client() as client:
        model.kind = "unreachable"
        await replied(model, asked.observer)
        response = await client.get("/health/ready")
        if fallback:
            assert response.json()["status"] == "degraded"
            assert "cannot be reached" in response.json()["checks"]["language_model"]["message"]
        else:
            assert "GROUNDWIRE_FALLBACK" in wrong(response)["language_model"]
        model.kind = None
        await replied(model, asked.observer)
        assert (await client.get("/health/ready")).json()["status"] == "ok"


async def test_a_language_model_that_failed_long_ago_or_refused_one_request_says_nothing_of_the_next() -> None:
    asked = Asked(observer=Observer(needs=Needs(fallback=False)))
    async with asked.client() as client:
        asked.observer.models["fake"] = LastSeen("timeout", time.monotonic() - 60)
        assert (await client.get("/health/ready")).status_code == 200
        await replied(Writing("refused"), asked.observer)
        assert (await client.get("/health/ready")).status_code == 200


async def test_a_data_folder_that_cannot_be_written_is_told_while_questions_are_answered(tmp_path: Path) -> None:
    async with Asked(observer=Observer(needs=Needs(tmp_path / "gone"))).client() as client:
        response = await client.get("/health/ready")
        assert response.status_code == 200
        assert response.json()["checks"]["data_folder"]["status"] == "degraded"
        assert str(tmp_path) not in response.text


async def test_a_disk_that_is_almost_full_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "LEAST_SPACE", 10**20)
    async with Asked(observer=Observer(needs=Needs(tmp_path))).client() as client:
        response = await client.get("/health/ready")
        assert "MB left" in response.json()["checks"]["data_folder"]["message"]


async def test_a_disk_on_which_nothing_is_stored_any_more_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "RESERVE", 10**20)
    async with Asked(observer=Observer(needs=Needs(tmp_path))).client() as client:
        response = await client.get("/health/ready")
        assert "takes nothing" in response.json()["checks"]["data_folder"]["message"]


async def test_a_service_that_is_being_stopped_is_not_ready_and_lives() -> None:
    asked = Asked()
    async with asked.client() as client:
        asked.stopping.begun = True
        response = await client.get("/health/ready")
        assert "being stopped" in wrong(response)["stopping"]
        assert response.headers["retry-after"]
        assert (await client.get("/health/live")).status_code == 200


async def test_a_bug_in_one_check_hides_none_of_the_others(caplog: pytest.LogCaptureFixture) -> None:
    async with Asked(Neighbour(error=KeyError("x"), lag=90)).client() as client:
        said = wrong(await client.get("/health/ready"))
        assert set(said) == {"store", "word_index"}
        assert "A bug: a check failed" in caplog.text


async def test_what_is_wrong_is_logged_when_it_begins_and_when_it_ends(caplog: pytest.LogCaptureFixture) -> None:
    asked = Asked()
    with caplog.at_level(logging.INFO, logger="groundwire.readiness"):
        async with asked.client() as client:
            for error in (None, StoreForeign("a"), StoreForeign("a"), None, None):
                asked.store.error = error
                await client.get("/health/ready")
    said = [cast("dict[str, Any]", one.args) for one in caplog.records if one.name == "groundwire.readiness"]
    assert [(one["check"], one["status"]) for one in said] == [("store", "failing"), ("store", "ok")]
