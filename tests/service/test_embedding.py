"""The whole service with the vectors of another model, which a real server computes."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from retrieval import llamaindex
from retrieval.errors import ModelMissing, ModelUnavailable, StoreForeign
from retrieval.minilm import MiniLM
from retrieval.readers import document_files
from retrieval.retriever import GroundwireRetriever
from retrieval.types import make_article
from service.desk import OwnDesk
from service.http.problems import problem_of
from service.settings import Settings
from service.types import Question, SearchRequest
from service.wiring import open_answerer, open_embedder
from tests.embedding_server import EmbeddingServer
from tests.processes import ROOT, environment, groundwire, serving

ARTICLES = {
    "drones": "India plans to buy 31 MQ-9B drones from the United States. The price is still open.",
    "students": "More than 300,000 Indian students are enrolled in the United States.",
    "visas": "The consulate in Hyderabad issued a record number of visas this summer.",
}


@pytest.fixture
def server() -> Iterator[EmbeddingServer]:
    with EmbeddingServer.running() as server:
        yield server


def settings(server: EmbeddingServer, folder: Path, model: str = "words") -> Settings:
    return Settings(data_dir=folder, embedding=f"openai-like/{model}", embedding_base_url=f"{server.url}/v1")


async def test_an_answer_is_found_and_proved_by_another_models_vectors(server: EmbeddingServer, tmp_path: Path) -> None:
    with open_answerer(settings(server, tmp_path)) as answerer:
        desk = OwnDesk(answerer)
        for name, text in ARTICLES.items():
            await desk.put(make_article(article_id=name, title=name.title(), text=text))
        found = await desk.search(SearchRequest(question="How many drones does India plan to buy?", limit=3))
        answer = await desk.answer(Question(question="How many drones does India plan to buy?"))
        nothing = await desk.answer(Question(question="Who coaches the Welsh rugby team?"))
    assert found[0].passage.source.article_id == "drones"
    assert answer.text
    assert "31" in answer.text
    assert [source.article_id for source in answer.sources] == ["drones"]
    assert not nothing.answered
    with (
        pytest.raises(StoreForeign, match="openai-like/words@512"),
        open_answerer(settings(server, tmp_path, "others")),
    ):
        pass
    with pytest.raises(StoreForeign, match="openai-like/words@512"), open_answerer(Settings(data_dir=tmp_path)):
        pass


async def test_an_ingest_that_the_model_leaves_goes_on_where_it_ended(server: EmbeddingServer, tmp_path: Path) -> None:
    folder = tmp_path / "news"
    folder.mkdir()
    for number in range(12):
        text = f"---\ntitle: Story {number}\n---\nStory {number} is about town{number}. It is short.\n"
        (folder / f"{number:02}.md").write_text(text)
    env = environment(
        tmp_path / "data",
        GROUNDWIRE_EMBEDDING="openai-like/words",
        GROUNDWIRE_EMBEDDING_BASE_URL=f"{server.url}/v1",
        GROUNDWIRE_EMBEDDING_API_KEY="sk-secret",
    )
    server.refused = "town8"
    ended = groundwire("ingest", str(folder), env=env)
    assert ended.returncode == 1
    assert ended.stderr.count("The embedding model openai-like/words answered HTTP 500") == 1
    assert "Traceback" not in ended.stderr
    assert "sk-secret" not in ended.stdout + ended.stderr
    server.refused = None
    stored = await listed(settings(server, tmp_path / "data"))
    assert {"00", "01", "02"} <= stored  # what was not under way with the one that failed
    assert "08" not in stored

    server.calls.clear()
    again = groundwire("ingest", str(folder), env=env)
    assert again.returncode == 0, again.stderr
    embedded = {text for texts in server.calls for text in texts}
    towns = {
        name for name in map("{:02}".format, range(12)) if f"Story {int(name)} is about town{int(name)}." in embedded
    }
    assert towns == {f"{number:02}" for number in range(12)} - stored
    assert len(await listed(settings(server, tmp_path / "data"))) == 12


async def listed(settings: Settings) -> set[str]:
    with open_answerer(settings) as answerer:
        return {source.article_id for source in await answerer.store.sources(0, 100)}


async def test_a_question_that_the_model_leaves_is_a_clear_error(
    server: EmbeddingServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(llamaindex, "PAUSES", (0.0, 0.0))
    with open_answerer(settings(server, tmp_path)) as answerer:
        desk = OwnDesk(answerer)
        await desk.put(make_article(article_id="drones", title="Drones", text=ARTICLES["drones"]))
        server.refused = "drones"
        with pytest.raises(ModelUnavailable) as raised:
            await desk.answer(Question(question="How many drones?"))
        server.refused = None
        assert (await desk.answer(Question(question="How many drones does India plan to buy?"))).answered
    problem = problem_of(raised.value)
    assert problem.status == 503
    assert "openai-like/words answered HTTP 500" in problem.detail


async def test_words_are_told_by_the_default_model_whichever_embeds(server: EmbeddingServer, tmp_path: Path) -> None:
    with open_embedder(settings(server, tmp_path)) as (_, words):
        assert (words(["buy", "purchase"]) == MiniLM().words(["buy", "purchase"])).all()


async def test_without_the_default_model_words_are_alike_in_nothing_and_the_log_says_so(
    server: EmbeddingServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    without = settings(server, tmp_path).model_copy(update={"model_dir": tmp_path / "none"})
    with caplog.at_level(logging.WARNING), open_answerer(without) as answerer:
        desk = OwnDesk(answerer)
        await desk.put(make_article(article_id="drones", title="Drones", text=ARTICLES["drones"]))
        answer = await desk.answer(Question(question="How many drones does India plan to buy?"))
    assert answer.answered
    [said] = [record.message for record in caplog.records if "words of like meaning" in record.message]
    assert "GROUNDWIRE_MODEL_DIR" in said


async def test_without_the_default_model_the_default_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing), open_answerer(Settings(data_dir=tmp_path, model_dir=tmp_path / "none")):
        pass


def test_the_key_reaches_the_server_and_no_text_of_the_settings(server: EmbeddingServer, tmp_path: Path) -> None:
    secret = settings(server, tmp_path).model_copy(update={"embedding_api_key": SecretStr("sk-secret")})
    with open_embedder(secret) as (embedder, _):
        assert "sk-secret" not in f"{secret!r} {embedder!r}"
    assert server.keys == {"Bearer sk-secret"}


def test_retriever_and_commands_work_through_a_running_service(server: EmbeddingServer, tmp_path: Path) -> None:
    env = environment(
        tmp_path / "data",
        GROUNDWIRE_EMBEDDING="openai-like/words",
        GROUNDWIRE_EMBEDDING_BASE_URL=f"{server.url}/v1",
        GROUNDWIRE_PORT="0",
    )
    done = groundwire("ingest", str(next(iter(document_files([ROOT / "seeds" / "articles"]))).name), env=env)
    assert done.returncode == 0, done.stderr
    with (
        serving("serve", env=env, out=tmp_path / "out") as (_, address),
        GroundwireRetriever.of_service(address, limit=2) as retriever,
    ):
        server.calls.clear()
        first, second = retriever.retrieve("What was agreed about drones?")
        assert groundwire("search", "Who spoke?", env=env).returncode == 0
    assert server.calls == [
        ["What was agreed about drones?"],
        ["Who spoke?"],
    ]  # by the service: a command needs no model
    assert first.score >= second.score > 0
    assert first.node.node_id != second.node.node_id
