"""Any LlamaIndex embedding as our Embedder: what it is asked, what comes back, and what goes wrong."""

import math
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import httpx
import numpy as np
import pytest

from retrieval.centre import QUESTIONS, STATEMENTS
from retrieval.errors import ModelUnavailable, StoreForeign, TextRefused
from retrieval.ingest import ingest
from retrieval.llamaindex import LlamaIndexEmbedder, Prefixes
from retrieval.search import search
from retrieval.store import Store
from retrieval.types import Scope, make_article
from tests.embedding_server import bag

Fault = Exception | list[list[float]] | list[list[str]] | None


@dataclass
class Bags:
    """What LlamaIndex's interface is to us; `faults` are raised or given first."""

    embed_batch_size: int = 4
    asked: list[tuple[str, list[str]]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def get_query_embedding(self, query: str) -> list[float]:
        return self._of("question", [query])[0]

    def get_text_embedding_batch(self, texts: list[str]) -> list[list[float]]:
        return self._of("passage", texts)

    def _of(self, role: str, texts: list[str]) -> list[list[float]]:
        self.asked.append((role, texts))
        if not self.faults:
            return [bag(text) for text in texts]
        fault = self.faults.pop(0)
        if isinstance(fault, Exception):
            raise fault
        return cast("list[list[float]]", fault)


@pytest.fixture
def bags() -> Bags:
    return Bags()


@pytest.fixture
def paused() -> list[float]:
    return []


@pytest.fixture
def embedder(bags: Bags, paused: list[float]) -> Iterator[LlamaIndexEmbedder]:
    with LlamaIndexEmbedder(bags, "ollama/words", Prefixes("Q: ", "P: "), pause=paused.append) as embedder:
        bags.asked.clear()
        yield embedder


def refusal(status: int, **headers: str) -> httpx.HTTPStatusError:
    request = httpx.Request("POST", "http://127.0.0.1/")
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response = httpx.Response(status, headers=named, text="the key sk-secret is wrong", request=request)
    return httpx.HTTPStatusError("sk-secret", request=request, response=response)


def behind(error: Exception) -> Exception:
    """Wrap an error as the clients of providers do."""
    try:
        try:
            raise error
        except type(error):
            raise ConnectionError("sk-secret") from None
    except ConnectionError as wrapped:
        return wrapped


async def test_vectors_come_in_order_with_length_one_and_each_text_is_asked_once(
    bags: Bags, embedder: LlamaIndexEmbedder
) -> None:
    texts = ["drones", "students", "drones", " drones\n", "price", "border", "oil", ""]
    vectors = await embedder.embed(texts)
    assert vectors.shape == (8, embedder.dimensions)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert (vectors[0] == vectors[2]).all()
    assert (vectors[0] == vectors[3]).all()
    assert float(vectors[0] @ vectors[1]) < 0.5
    assert [texts for _, texts in bags.asked] == [
        ["P: drones", "P: students", "P: price", "P: border"],
        ["P: oil", "P: ."],
    ]


async def test_no_text_is_no_call(bags: Bags, embedder: LlamaIndexEmbedder) -> None:
    assert (await embedder.embed([])).shape == (0, embedder.dimensions)
    vectors, sentences = await embedder.embed_parts([], [])
    assert (len(vectors), sentences, bags.asked) == (0, [], [])


async def test_a_question_is_asked_as_one_where_the_model_tells_them_apart(bags: Bags) -> None:
    with LlamaIndexEmbedder(bags, "a/b") as embedder:
        bags.asked.clear()
        await embedder.embed(["who?", "what?"], "question")
    assert bags.asked == [("question", ["who?"]), ("question", ["what?"])]


async def test_and_with_its_prefix_where_that_is_all_the_model_wants(bags: Bags) -> None:
    with LlamaIndexEmbedder(bags, "a/b", Prefixes("Q: "), apart=False) as embedder:
        bags.asked.clear()
        await embedder.embed(["who?", "what?"], "question")
    assert bags.asked == [("passage", ["Q: who?", "Q: what?"])]


async def test_sentences_are_embedded_in_the_same_calls_as_their_passages(
    bags: Bags, embedder: LlamaIndexEmbedder
) -> None:
    texts = ["Drones\nIndia buys. It pays. …", "Students"]
    parts = [[(7, 18), (19, 27), (28, 29)], []]
    vectors, sentences = await embedder.embed_parts(texts, parts)
    assert [texts for _, texts in bags.asked] == [["P: " + texts[0], "P: Students", "P: India buys.", "P: It pays."]]
    assert np.allclose(vectors, await embedder.embed(texts))
    assert [one.shape for one in sentences] == [(3, embedder.dimensions), (0, embedder.dimensions)]
    assert np.allclose(sentences[0][:2], await embedder.embed(["India buys.", "It pays."]))
    assert np.allclose(sentences[0][2], vectors[0])  # it has no word: as the passage


async def test_lone_surrogates_reach_no_server(bags: Bags, embedder: LlamaIndexEmbedder) -> None:
    await embedder.embed(["half a smile \ud83d"])
    assert bags.asked == [("passage", ["P: half a smile \ufffd"])]


async def test_unrelated_texts_are_not_alike_however_much_the_model_says_so(embedder: LlamaIndexEmbedder) -> None:
    one, other = (np.array(bag(text)) for text in ("Students fly.", "Rice is dear."))
    assert one @ other / np.linalg.norm(one) / np.linalg.norm(other) > 0.65
    vectors = await embedder.embed(["Students fly.", "Rice is dear."])
    assert abs(float(vectors[0] @ vectors[1])) < 0.3


def test_the_start_takes_few_calls(bags: Bags) -> None:
    bags.embed_batch_size = 32
    with LlamaIndexEmbedder(bags, "a/b", apart=False):
        pass
    assert [len(texts) for _, texts in bags.asked] in ([1, 24, 32, 16], [1, 24, 16, 32])
    assert {text for _, texts in bags.asked for text in texts} == {*STATEMENTS, *QUESTIONS}


@pytest.mark.parametrize(
    ("fault", "waits"),
    [
        (refusal(429), [0.5]),
        (refusal(429, retry_after="3"), [3.0]),
        (refusal(503, retry_after="0.1"), [0.5]),
        (refusal(503, retry_after="Wed, 21 Oct 2026 07:28:00 GMT"), [0.5]),
        (refusal(500), [0.5]),
        (httpx.ConnectError("refused"), [0.5]),
        (behind(httpx.ReadError("reset")), [0.5]),
    ],
)
async def test_what_may_pass_is_tried_again(
    fault: Exception, waits: list[float], bags: Bags, embedder: LlamaIndexEmbedder, paused: list[float]
) -> None:
    bags.faults = [fault]
    assert (await embedder.embed(["drones"])).shape == (1, embedder.dimensions)
    assert paused == waits
    assert len(bags.asked) == 2


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (refusal(400), "answered HTTP 400"),
        (refusal(401), "refuses the key (HTTP 401): set GROUNDWIRE_EMBEDDING_API_KEY"),
        (refusal(404), "is not there (HTTP 404)"),
        (refusal(307), "answered HTTP 307"),
        (refusal(429, retry_after="3600"), "answered HTTP 429"),
        (httpx.ReadTimeout("slow"), "did not answer in time"),
        (behind(httpx.ConnectTimeout("slow")), "did not answer in time"),
        (ValueError("sk-secret"), "failed, or sent what is no vectors (ValueError)"),
        ([[1.0], [2.0]], "sent 2 vectors for 1 texts"),
        ([], "sent 0 vectors for 1 texts"),
        ([[1.0, 2.0]], "sent vectors of 2 numbers, and before of 512"),
        ([[math.nan] * 512], "sent a vector that has no direction"),
        ([[0.0] * 512], "sent a vector that has no direction"),
        ([["sk-secret"] * 512], "(ValueError)"),
        (None, "(TypeError)"),
    ],
)
async def test_what_will_not_pass_is_said_at_once_and_without_the_key(
    fault: Fault, words: str, bags: Bags, embedder: LlamaIndexEmbedder, paused: list[float]
) -> None:
    bags.faults = [fault]
    with pytest.raises(ModelUnavailable) as raised:
        await embedder.embed(["drones"])
    assert str(raised.value).startswith("The embedding model ollama/words ")
    assert words in str(raised.value)
    assert "sk-secret" not in str(raised.value)
    assert raised.value.__suppress_context__
    assert (len(bags.asked), paused) == (1, [])


@pytest.mark.parametrize(
    ("status", "raises"),
    [(400, TextRefused), (413, TextRefused), (422, TextRefused), (401, ModelUnavailable), (500, ModelUnavailable)],
)
async def test_a_text_that_is_refused_is_told_from_a_model_that_is_gone(
    status: int, raises: type[ModelUnavailable], bags: Bags, embedder: LlamaIndexEmbedder
) -> None:
    bags.faults = [refusal(status)] * 3
    with pytest.raises(ModelUnavailable) as raised:
        await embedder.embed(["drones"])
    assert type(raised.value) is raises


async def test_two_tries_more_are_enough(bags: Bags, embedder: LlamaIndexEmbedder, paused: list[float]) -> None:
    bags.faults = [refusal(503)] * 3
    with pytest.raises(ModelUnavailable, match="HTTP 503"):
        await embedder.embed(["drones"])
    assert paused == [0.5, 2.0]
    assert len(bags.asked) == 3


async def test_a_question_waits_no_longer_than_a_person_does(
    bags: Bags, embedder: LlamaIndexEmbedder, paused: list[float]
) -> None:
    bags.faults = [refusal(429, retry_after="30")]
    with pytest.raises(ModelUnavailable, match="HTTP 429"):
        await embedder.embed(["drones?"], "question")
    bags.faults = [refusal(429, retry_after="30")]
    await embedder.embed(["drones"])
    assert paused == [30.0]


def test_a_model_that_is_not_there_is_said_at_the_start_and_its_connections_are_closed() -> None:
    ended: list[str] = []
    with pytest.raises(ModelUnavailable, match="cannot be reached"):
        LlamaIndexEmbedder(
            Bags(faults=[httpx.ConnectError("refused")] * 3),
            "a/b",
            close=lambda: ended.append("closed"),
            pause=lambda _: None,
        )
    assert ended == ["closed"]


async def test_a_wait_ends_with_the_embedder(bags: Bags) -> None:
    embedder = LlamaIndexEmbedder(bags, "a/b")
    embedder._closed.set()
    bags.faults = [refusal(429, retry_after="59")]
    with closing(embedder), pytest.raises(ModelUnavailable):
        await embedder.embed(["drones"])


def test_the_name_tells_the_model_its_size_and_its_prefixes_apart(bags: Bags) -> None:
    def name(prefixes: Prefixes, of: str = "a/b") -> str:
        with LlamaIndexEmbedder(bags, of, prefixes) as embedder:
            return embedder.name

    plain = name(Prefixes())
    assert plain.startswith("a/b@512-")
    assert name(Prefixes()) == plain
    assert len({plain, name(Prefixes("Q: ")), name(Prefixes("", "Q: ")), name(Prefixes(), "a/c")}) == 4


async def test_a_store_refuses_the_vectors_of_another_model(
    bags: Bags, embedder: LlamaIndexEmbedder, tmp_path: Path
) -> None:
    with Store.open_embedded(tmp_path, embedder):
        pass
    with (
        LlamaIndexEmbedder(bags, "ollama/other", Prefixes("Q: ", "P: ")) as other,
        pytest.raises(StoreForeign, match="ollama/words"),
    ):
        Store.open_embedded(tmp_path, other)
    with Store.open_embedded(tmp_path, embedder):
        pass


async def test_articles_are_found_by_it(
    embedder: LlamaIndexEmbedder, store_of: Callable[[LlamaIndexEmbedder], Store]
) -> None:
    store = store_of(embedder)
    texts = {
        "drones": "India plans to buy 31 drones. The price is open.",
        "students": "Over 300,000 Indian students study in the US.",
    }
    for name, text in texts.items():
        await ingest(make_article(article_id=name, title=name, text=text), store, embedder)
    found = await search("What is the price of the drones?", store, embedder, limit=2, scope=Scope())
    best, second = found.hits
    assert best.passage.source.article_id == "drones"
    assert best.relevance > 0.3 > 3 * second.relevance


@pytest.fixture
def store_of(tmp_path: Path) -> Iterator[Callable[[LlamaIndexEmbedder], Store]]:
    opened: list[Store] = []

    def open_store(embedder: LlamaIndexEmbedder) -> Store:
        opened.append(Store.open_embedded(tmp_path / "store", embedder))
        return opened[-1]

    yield open_store
    for one in opened:
        one.close()
