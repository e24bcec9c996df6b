"""Our search in pipelines of LlamaIndex."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import respx
from llama_index.core.llms import MockLLM
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.retrievers import QueryFusionRetriever
from llama_index.core.schema import MetadataMode
from llama_index.core.tools import RetrieverTool

from retrieval.errors import StoreLocked, StoreUnavailable
from retrieval.ingest import ingest
from retrieval.retriever import GroundwireRetriever
from retrieval.store import Store
from retrieval.types import Scope, make_article
from tests.fakes import WordEmbedder

QUESTION = "How many drones does India buy?"
DRONES = make_article(
    article_id="desk/drones",
    title="Drones",
    text="The visit ended.\n\nIndia plans to buy 31 drones.",
    outlet="The Desk",
    url="https://desk.example/drones",
    published=datetime(2023, 11, 10, 8, tzinfo=UTC),
)
STUDENTS = make_article(article_id="students", title="Students", text="Over 300,000 students are in the US.")


@pytest.fixture
async def filled(store: Store, embedder: WordEmbedder) -> Store:
    for article in (DRONES, STUDENTS):
        await ingest(article, store, embedder)
    return store


@pytest.fixture
def retriever(filled: Store, embedder: WordEmbedder) -> GroundwireRetriever:
    return GroundwireRetriever.over(filled, embedder, limit=2)


async def test_a_node_is_a_passage_with_its_place_in_the_article(retriever: GroundwireRetriever) -> None:
    best, second = await retriever.aretrieve(QUESTION)
    node = best.node
    assert node.metadata == {
        "article_id": "desk/drones",
        "version": DRONES.source.version,
        "title": "Drones",
        "outlet": "The Desk",
        "url": "https://desk.example/drones",
        "published": "2023-11-10T08:00:00+00:00",
        "start": 0,
        "end": len(DRONES.text),
    }
    assert node.text == DRONES.text[node.metadata["start"] : node.metadata["end"]]
    assert (node.start_char_idx, node.end_char_idx) == (0, len(DRONES.text))
    assert node.node_id == f"desk/drones@{DRONES.source.version}#0"
    assert node.ref_doc_id == "desk/drones"
    assert 1 >= best.score > second.score >= 0
    assert second.node.metadata["outlet"] is None


async def test_a_model_is_shown_the_title_and_the_words(retriever: GroundwireRetriever) -> None:
    best, _ = await retriever.aretrieve(QUESTION)
    shown = best.node.get_content(MetadataMode.LLM)
    assert "title: Drones" in shown
    assert "31 drones" in shown
    assert DRONES.source.version not in shown


def test_it_retrieves_in_a_plain_script(tmp_path: Path, embedder: WordEmbedder) -> None:
    with GroundwireRetriever.open(tmp_path / "new", embedder) as retriever:
        assert retriever.retrieve(QUESTION) == []
    with Store.open_embedded(tmp_path / "new", embedder):  # it was let go
        pass


async def test_and_beside_a_running_event_loop_as_in_a_notebook(retriever: GroundwireRetriever) -> None:
    """This test runs in one."""
    there = retriever.retrieve(QUESTION)
    assert [one.node.node_id for one in there] == [one.node.node_id for one in await retriever.aretrieve(QUESTION)]


async def test_a_scope_limits_it(filled: Store, embedder: WordEmbedder) -> None:
    scope = Scope(article_ids=("students",))
    found = await GroundwireRetriever.over(filled, embedder, scope=scope).aretrieve(QUESTION)
    assert {one.node.ref_doc_id for one in found} == {"students"}


def test_a_store_that_is_in_use_is_said(tmp_path: Path, store: Store, embedder: WordEmbedder) -> None:
    store.announce("http://127.0.0.1:8000")
    with pytest.raises(StoreLocked) as raised:
        GroundwireRetriever.open(tmp_path / "store", embedder)
    assert raised.value.address == "http://127.0.0.1:8000"


async def test_it_opens_the_store_of_a_chroma_server(chroma: tuple[object, str], embedder: WordEmbedder) -> None:
    with Store.open_server(chroma[1], embedder) as store:
        await ingest(DRONES, store, embedder)
    with GroundwireRetriever.open(chroma[1], embedder) as retriever:
        [found] = await retriever.aretrieve(QUESTION)
    assert found.node.ref_doc_id == "desk/drones"


async def test_a_query_engine_answers_from_it(retriever: GroundwireRetriever) -> None:
    engine = RetrieverQueryEngine.from_args(retriever, llm=MockLLM())
    for response in (engine.query(QUESTION), await engine.aquery(QUESTION)):
        assert "31 drones" in str(response)  # the mock says the prompt again
        assert {one.node.ref_doc_id for one in response.source_nodes} == {"desk/drones", "students"}


async def test_it_is_fused_with_others(retriever: GroundwireRetriever, filled: Store, embedder: WordEmbedder) -> None:
    others = GroundwireRetriever.over(filled, embedder, scope=Scope(article_ids=("students",)))
    fused = QueryFusionRetriever(
        [retriever, others], llm=MockLLM(), num_queries=1, mode="reciprocal_rerank", use_async=True, similarity_top_k=5
    )
    found = await fused.aretrieve(QUESTION)
    assert [one.node.ref_doc_id for one in found] == ["students", "desk/drones"]  # found by both, found by one


async def test_it_is_a_tool_of_an_agent(retriever: GroundwireRetriever) -> None:
    tool = RetrieverTool.from_defaults(retriever, description="Finds passages of news.")
    assert "31 drones" in (await tool.acall(QUESTION)).content
    assert "31 drones" in tool.call(QUESTION).content


@pytest.fixture
def remote() -> Iterator[GroundwireRetriever]:
    with GroundwireRetriever.of_service("http://127.0.0.1:9", limit=3, scope=Scope(outlets=("The Desk",))) as remote:
        yield remote


@respx.mock
async def test_a_running_service_is_asked_what_the_retriever_is(
    remote: GroundwireRetriever, retriever: GroundwireRetriever
) -> None:
    hits = await retriever._find(QUESTION)
    route = respx.post("http://127.0.0.1:9/v1/search").mock(
        return_value=httpx.Response(200, json={"hits": [hit.model_dump(mode="json") for hit in hits]})
    )
    here, there = await retriever.aretrieve(QUESTION), await remote.aretrieve(QUESTION)
    assert [one.model_dump() for one in here] == [one.model_dump() for one in there]
    assert remote.retrieve(QUESTION) == there
    assert route.calls[0].request.content.startswith(
        b'{"question":"How many drones does India buy?","limit":3,"scope":'
    )
    assert b'"outlets":["The Desk"]' in route.calls[0].request.content


@respx.mock
async def test_a_service_with_keys_is_asked_with_one() -> None:
    route = respx.post("http://127.0.0.1:9/v1/search").respond(200, json={"hits": []})
    with GroundwireRetriever.of_service("http://127.0.0.1:9", api_key="gw_a_b") as remote:
        assert await remote.aretrieve(QUESTION) == []
        assert route.calls.last.request.headers["authorization"] == "Bearer gw_a_b"
        route.respond(401, json={"detail": "the key was revoked"})
        with pytest.raises(StoreUnavailable, match="refused: the key was revoked"):
            await remote.aretrieve(QUESTION)
    with (
        GroundwireRetriever.of_service("http://127.0.0.1:9") as remote,
        pytest.raises(StoreUnavailable, match="wants a key: give api_key"),
    ):
        await remote.aretrieve(QUESTION)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (httpx.Response(422, json={"detail": "question: too long"}), "refused: question: too long"),
        (httpx.Response(502, text="<html>"), "does not answer"),
        (httpx.ConnectError("refused"), "does not answer: refused"),
    ],
)
@respx.mock
async def test_what_a_service_refuses_is_said(
    reply: httpx.Response | Exception, words: str, remote: GroundwireRetriever
) -> None:
    respx.route().mock(side_effect=[reply])
    with pytest.raises(StoreUnavailable, match=words):
        await remote.aretrieve(QUESTION)
