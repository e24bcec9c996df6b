"""`groundwire reembed` as a real process: killed, beside a service, and on a Chroma server that services share."""

import asyncio
import json
import random
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from retrieval.generations import Generation
from retrieval.ingest import ingest
from retrieval.types import Corpus, make_article
from service.settings import Settings
from service.wiring import open_answerer, open_model
from tests.embedding_server import EmbeddingServer
from tests.processes import BIN, environment, groundwire, serving, started, until

ARTICLES = 90
KILLS = 3


@pytest.fixture
def server() -> Iterator[EmbeddingServer]:
    with EmbeddingServer.running() as server:
        yield server


def settings(server: EmbeddingServer, folder: Path, model: str, **more: str) -> Settings:
    named = {"embedding": f"openai-like/{model}", "embedding_base_url": f"{server.url}/v1"}
    return Settings.model_validate({"data_dir": folder, **named, **more})


def env(server: EmbeddingServer, folder: Path, model: str, **more: str) -> dict[str, str]:
    named = {"GROUNDWIRE_EMBEDDING": f"openai-like/{model}", "GROUNDWIRE_EMBEDDING_BASE_URL": f"{server.url}/v1"}
    return environment(folder, **named, **more)


async def filled(settings: Settings, articles: int = ARTICLES) -> Corpus:
    with open_answerer(settings) as answerer:
        for number in range(articles):
            text = f"Story {number} is about town{number}. It is short."
            one = make_article(article_id=f"s{number}", title=f"Story {number}.", text=text)
            await ingest(one, answerer.store, answerer.embedder)
        return await answerer.store.corpus()


def stories(server: EmbeddingServer) -> set[str]:
    """Name the stories whose passages were embedded."""
    found = (re.match(r"(Story \d+\.)\sStory", text) for texts in server.calls for text in texts)
    return {one.group(1) for one in found if one}


async def test_killed_again_and_again_it_goes_on_and_the_store_is_whole_at_each_moment(
    server: EmbeddingServer, tmp_path: Path
) -> None:
    at_random = random.Random(tmp_path.name)  # noqa: S311 - when to kill, not a secret
    before = await filled(settings(server, tmp_path, "words"))
    with open_model(settings(server, tmp_path, "others")) as model:
        new = Generation(1, model.name)
    there: set[str] = set()
    server.takes = 0.2
    for number in range(KILLS):
        server.calls.clear()
        enough = at_random.randint(1, 30) if number else 25  # they are written in batches of 20
        with started([BIN / "groundwire", "reembed"], env=env(server, tmp_path, "others")) as process:

            def some() -> bool:
                return len(stories(server)) >= enough or process.poll() is not None  # noqa: B023 - called here

            until(some, "some are embedded")
            assert process.poll() is None
            process.send_signal(signal.SIGKILL)
        assert not stories(server) & there, "what is there is not embedded again"
        with open_answerer(settings(server, tmp_path, "words")) as answerer:
            assert await answerer.store.corpus() == before
            if len(answerer.store._generations.all()) > 1:
                rows = answerer.store._generations.archive(new).articles.get(include=["metadatas"])
                there = {row["title"] for row in rows["metadatas"]}
    assert there
    server.takes = 0.0

    server.calls.clear()
    done = groundwire("reembed", "--json", env=env(server, tmp_path, "others"))
    assert done.returncode == 0, done.stderr
    assert not stories(server) & there
    report = json.loads(done.stdout)
    assert report["articles"] == ARTICLES
    assert report["passages"] <= ARTICLES - len(there)
    assert report["model"] == new.embedding
    with open_answerer(settings(server, tmp_path, "others")) as answerer:
        assert await answerer.store.corpus() == before
        assert answerer.store._archive.passages.count() == ARTICLES
        [vector] = await answerer.embedder.embed(["town7"], "question")
        found = await answerer.store.candidates(vector, [], 3)
        assert found[0].passage.source.article_id == "s7"
    again = groundwire("reembed", env=env(server, tmp_path, "others"))
    assert again.returncode == 0
    assert again.stdout == f"The store has the vectors of {new.embedding} already; --force embeds it anew.\n"


async def test_beside_a_service_it_says_who_holds_the_store_and_does_nothing(
    server: EmbeddingServer, tmp_path: Path
) -> None:
    await filled(settings(server, tmp_path / "data", "words"), 3)
    with serving("serve", "--port", "0", env=env(server, tmp_path / "data", "words"), out=tmp_path / "out") as (
        process,
        address,
    ):
        server.calls.clear()
        done = groundwire("reembed", env=env(server, tmp_path / "data", "others"))
        assert done.returncode == 1
        assert f"is in use by another process ({process.pid}), which serves {address}. Stop it first" in done.stderr
        assert not server.calls


def test_services_on_a_chroma_server_answer_until_the_switch_and_then_say_how_to_go_on(
    server: EmbeddingServer, chroma: tuple[object, str], tmp_path: Path
) -> None:
    _, url = chroma
    before = asyncio.run(filled(settings(server, tmp_path / "a", "words", chroma=url), 5))
    words = env(server, tmp_path / "a", "words", GROUNDWIRE_CHROMA=url, GROUNDWIRE_PORT="0")
    others = env(server, tmp_path / "b", "others", GROUNDWIRE_CHROMA=url, GROUNDWIRE_PORT="0")
    with serving("serve", env=words, out=tmp_path / "out a") as (_, address):
        assert httpx.get(f"{address}/health/ready", trust_env=False).status_code == 200
        done = groundwire("reembed", env=others)
        assert done.returncode == 0, done.stderr
        assert "5 articles embedded anew with openai-like/others@512" in done.stdout
        assert "now needs GROUNDWIRE_EMBEDDING=openai-like/others." in done.stdout

        def refused() -> httpx.Response | None:
            response = httpx.get(f"{address}/health/ready", trust_env=False)
            return response if response.status_code == 503 else None

        problem = until(refused, "the service notices")
        assert "Restart this service with that model's settings." in problem.text  # for everybody: without names
        body = {"title": "Late", "text": "It comes too late."}
        late = httpx.put(f"{address}/v1/articles/late", json=body, trust_env=False)
        assert late.status_code == 503
        assert "Restart it with" in late.json()["detail"]
    refused_start = groundwire("serve", env=words)
    assert refused_start.returncode == 1
    assert "Set GROUNDWIRE_EMBEDDING=openai-like/others" in refused_start.stderr
    with serving("serve", env=others, out=tmp_path / "out b") as (_, address):
        page = httpx.get(f"{address}/v1/articles", trust_env=False).json()
        assert (page["total"], page["fingerprint"]) == (before.articles, before.fingerprint)
        found = httpx.post(f"{address}/v1/search", json={"question": "Where is town3?"}, trust_env=False).json()
        assert found["hits"][0]["passage"]["source"]["article_id"] == "s3"
