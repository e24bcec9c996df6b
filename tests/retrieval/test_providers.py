"""Each provider of embeddings: the exact request that goes out, what it needs, and a real server on a socket."""

import importlib.util
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import httpx
import numpy as np
import pytest
import respx

from retrieval import llamaindex
from retrieval.errors import ModelMissing, ModelUnavailable
from retrieval.llamaindex import LlamaIndexEmbedder, Prefixes
from retrieval.minilm import MiniLM, _installed
from retrieval.providers import open_embedding, prefixes_of
from tests.embedding_server import EmbeddingServer, ollama_reply, openai_reply
from tests.processes import free_port

KEY = "sk-secret-0123456789"
FOREIGN = "FOREIGN"


@pytest.fixture(autouse=True)
def _variables_of_other_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test runs with what must never be taken."""
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OLLAMA_API_KEY", "HF_TOKEN"):
        monkeypatch.setenv(name, FOREIGN)
    for name in ("OPENAI_API_BASE", "OPENAI_BASE_URL", "OLLAMA_HOST"):
        monkeypatch.setenv(name, f"http://{FOREIGN}")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", f"X-Team: {FOREIGN}")
    monkeypatch.setattr(llamaindex, "PAUSES", (0.0, 0.0))


@pytest.fixture
def server() -> Iterator[EmbeddingServer]:
    with EmbeddingServer.running() as server:
        yield server


def replies(url: str) -> respx.Route:
    reply = ollama_reply if url.endswith("/api/embed") else openai_reply
    return respx.post(url).mock(
        side_effect=lambda request: httpx.Response(200, json=reply(json.loads(request.content)["input"]))
    )


def openai() -> LlamaIndexEmbedder:
    return open_embedding("openai/text-embedding-3-small", api_key=KEY)


def openai_like() -> LlamaIndexEmbedder:
    return open_embedding("openai-like/nomic-embed-text-v1.5", base_url="http://127.0.0.1:9/v1", api_key=KEY)


def ollama() -> LlamaIndexEmbedder:
    return open_embedding("ollama/mxbai-embed-large", base_url="http://127.0.0.1:9", api_key=KEY)


@pytest.mark.parametrize(
    ("opened", "url", "body", "question", "passage"),
    [
        (
            openai,
            "https://api.openai.com/v1/embeddings",
            {"model": "text-embedding-3-small", "encoding_format": "float"},
            "",
            "",
        ),
        (
            openai_like,
            "http://127.0.0.1:9/v1/embeddings",
            {"model": "nomic-embed-text-v1.5", "encoding_format": "float"},
            "search_query: ",
            "search_document: ",
        ),
        (
            ollama,
            "http://127.0.0.1:9/api/embed",
            {"model": "mxbai-embed-large", "options": {}},
            "Represent this sentence for searching relevant passages: ",
            "",
        ),
    ],
)
@respx.mock
async def test_exactly_this_request_goes_out(
    opened: Callable[[], LlamaIndexEmbedder], url: str, body: dict[str, object], question: str, passage: str
) -> None:
    route = replies(url)
    with opened() as embedder:
        started = len(route.calls)
        await embedder.embed(["How many drones?"], "question")
        await embedder.embed(["India buys 31 drones.", "Students fly."])
    asked, told = [call.request for call in route.calls][started:]
    assert json.loads(asked.content) == {**body, "input": [f"{question}How many drones?"]}
    assert json.loads(told.content) == {**body, "input": [f"{passage}India buys 31 drones.", f"{passage}Students fly."]}
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    for call in route.calls:
        others = [value for name, value in call.request.headers.items() if name != "authorization"]
        assert KEY not in f"{call.request.url} {others} {call.request.content!r}"
        assert FOREIGN.lower() not in f"{call.request.url} {call.request.headers.raw}".lower()


@pytest.mark.parametrize(
    ("name", "base_url", "url"),
    [
        ("openai-like/words", "http://127.0.0.1:9/v1", "http://127.0.0.1:9/v1/embeddings"),
        ("ollama/words", None, "http://127.0.0.1:11434/api/embed"),
    ],
)
@respx.mock
def test_without_a_key_none_goes_out(name: str, base_url: str | None, url: str) -> None:
    route = replies(url)
    open_embedding(name, base_url=base_url).close()
    assert route.calls
    for call in route.calls:
        assert "authorization" not in call.request.headers
        assert FOREIGN.lower() not in f"{call.request.url} {call.request.headers.raw}".lower()


@pytest.mark.parametrize("opened", [openai, openai_like, ollama])
@respx.mock
def test_no_server_sends_the_key_on_to_another(opened: Callable[[], LlamaIndexEmbedder]) -> None:
    other = respx.route(host="other.example").mock(return_value=httpx.Response(200))
    respx.route().mock(return_value=httpx.Response(307, headers={"location": "http://other.example/"}))
    with pytest.raises(ModelUnavailable, match="HTTP 307"):
        opened()
    assert not other.called


def refused(_: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError(KEY)


def slow(_: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout(KEY)


@pytest.mark.parametrize("opened", [openai, openai_like, ollama])
@pytest.mark.parametrize(
    ("failure", "words", "calls"),
    [
        (httpx.Response(401, json={"error": {"message": f"Incorrect API key provided: {KEY}"}}), "HTTP 401", 1),
        (httpx.Response(404, json={"error": "model not found"}), "HTTP 404", 1),
        (httpx.Response(429, headers={"retry-after": "0"}), "HTTP 429", 3),
        (httpx.Response(429, headers={"retry-after": "3600"}), "HTTP 429", 1),
        (httpx.Response(500, text=f"<html>{KEY}</html>"), "HTTP 500", 3),
        (httpx.Response(200, text="<html>hello</html>"), "no vectors", 1),
        (httpx.Response(200, json={"data": [], "embeddings": []}), "sent", 1),
        (httpx.Response(200, json={}), "sent", 1),
        (refused, "cannot be reached", 3),
        (slow, "in time", 1),
    ],
)
@respx.mock
def test_every_failure_ends_in_a_clear_error_without_the_key(
    opened: Callable[[], LlamaIndexEmbedder],
    failure: httpx.Response | Callable[[httpx.Request], httpx.Response],
    words: str,
    calls: int,
) -> None:
    route = respx.route()
    if isinstance(failure, httpx.Response):
        route.mock(return_value=failure)
    else:
        route.mock(side_effect=failure)
    with pytest.raises(ModelUnavailable, match=words) as raised:
        opened()
    assert KEY not in str(raised.value)
    assert len(route.calls) == calls


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("openai/text-embedding-3-small", "GROUNDWIRE_EMBEDDING_API_KEY"),
        ("openai-like/words", "GROUNDWIRE_EMBEDDING_BASE_URL"),
    ],
)
def test_what_is_missing_is_named(name: str, words: str) -> None:
    with pytest.raises(ModelMissing, match=words):
        open_embedding(name)


@pytest.mark.parametrize("provider", ["ollama", "huggingface"])
def test_a_missing_package_comes_with_the_command_that_installs_it(
    provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, f"llama_index.embeddings.{provider}", None)
    with pytest.raises(ModelMissing, match=rf"pip install 'groundwire\[{provider}\]'"):
        open_embedding(f"{provider}/words")


def test_a_server_that_does_not_run_is_said_at_the_start() -> None:
    with pytest.raises(ModelUnavailable, match="cannot be reached"):
        open_embedding("openai-like/words", base_url=f"http://127.0.0.1:{free_port()}/v1")


@pytest.mark.parametrize(("name", "path"), [("openai-like/words", "/v1"), ("ollama/words", "")])
async def test_a_real_server_is_asked_in_batches(name: str, path: str, server: EmbeddingServer) -> None:
    with open_embedding(name, base_url=server.url + path) as embedder:
        server.calls.clear()
        server.failures = [503]
        vectors = await embedder.embed([f"word{number}" for number in range(70)])
    assert [len(texts) for texts in server.calls] == [32, 32, 32, 6]
    assert vectors.shape == (70, 512)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


@pytest.mark.parametrize(
    ("model", "prefixes"),
    [
        ("intfloat/e5-base-v2", Prefixes("query: ", "passage: ")),
        ("intfloat/multilingual-e5-large", Prefixes("query: ", "passage: ")),
        ("nomic-ai/nomic-embed-text-v1.5", Prefixes("search_query: ", "search_document: ")),
        ("nomic-embed-text:latest", Prefixes("search_query: ", "search_document: ")),
        ("BAAI/bge-small-en-v1.5", Prefixes("Represent this sentence for searching relevant passages: ")),
        ("bge-large", Prefixes("Represent this sentence for searching relevant passages: ")),
        ("snowflake-arctic-embed:335m", Prefixes("Represent this sentence for searching relevant passages: ")),
        ("Snowflake/snowflake-arctic-embed-l-v2.0", Prefixes("query: ")),
        ("snowflake-arctic-embed2", Prefixes("query: ")),
        ("embeddinggemma", Prefixes("task: search result | query: ", "title: none | text: ")),
        ("BAAI/bge-m3", Prefixes()),
        ("BAAI/bge-large-zh-v1.5", Prefixes()),
        ("text-embedding-3-large", Prefixes()),
        ("all-minilm", Prefixes()),
    ],
)
def test_what_a_model_wants_to_read_first_is_known_by_its_name(model: str, prefixes: Prefixes) -> None:
    assert prefixes_of(model) == prefixes


@pytest.mark.parametrize(
    "model", ["intfloat/multilingual-e5-large-instruct", "Qwen/Qwen3-Embedding-0.6B", "qwen3-embedding"]
)
def test_some_want_an_instruction(model: str) -> None:
    prefixes = prefixes_of(model)
    assert prefixes.question.startswith("Instruct: ")
    assert "Query:" in prefixes.question
    assert prefixes.passage == ""


needs_huggingface = pytest.mark.skipif(
    importlib.util.find_spec("llama_index.embeddings.huggingface") is None,
    reason="the extra huggingface, which brings torch, is not installed",
)


@needs_huggingface
async def test_a_model_of_hugging_face_runs_from_its_folder() -> None:
    texts = ["India plans to buy 31 drones.", "Students fly to the US.", "A drone is an aircraft."]
    with open_embedding(f"huggingface/{_installed()}") as embedder:
        ours, theirs = await MiniLM().embed(texts), await embedder.embed(texts)
    assert np.allclose(ours @ ours.T, theirs @ theirs.T, atol=0.1)
    assert embedder.dimensions == 384


@needs_huggingface
async def test_a_model_says_itself_what_it_wants_to_read_first(tmp_path: Path) -> None:
    for file in _installed().rglob("*"):
        copy = tmp_path / file.relative_to(_installed())
        copy.mkdir(parents=True) if file.is_dir() else copy.symlink_to(file)
    published = tmp_path / "config_sentence_transformers.json"
    published.unlink()
    published.write_text(json.dumps({"prompts": {"query": "Find: ", "document": "Read: "}}))
    with open_embedding(f"huggingface/{tmp_path}") as embedder:
        assert embedder._prefixes == Prefixes("Find: ", "Read: ")
        read: list[list[str]] = []
        model = cast("Any", embedder._model)._model
        encode = model.encode

        def remember(texts: list[str], *, prompt_name: str, **options: object) -> object:
            read.append([model.prompts[prompt_name] + text for text in texts])
            return encode(texts, prompt_name=prompt_name, **options)

        model.encode = remember
        await embedder.embed(["drones?"], "question")
        await embedder.embed(["drones"])
    assert read == [["Find: drones?"], ["Read: drones"]]  # once, by whoever


@needs_huggingface
def test_a_folder_without_a_model_is_said_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="cannot be loaded"):
        open_embedding(f"huggingface/{tmp_path / 'none'}")


def test_a_model_of_hugging_face_has_no_address() -> None:
    with pytest.raises(ModelMissing, match="openai-like"):
        open_embedding("huggingface/intfloat/e5-base-v2", base_url="http://127.0.0.1:9")
