"""Our search as a LlamaIndex retriever, for anyone's pipeline: over a store, or over a running service."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeRelationship, NodeWithScore, QueryBundle, RelatedNodeInfo, TextNode

from retrieval.embedding import Embedder
from retrieval.errors import StoreUnavailable
from retrieval.minilm import MiniLM
from retrieval.search import search
from retrieval.store import Store
from retrieval.types import Hit, Scope

Search = Callable[[str], Coroutine[Any, Any, list[Hit]]]

_TIMEOUT = httpx.Timeout(10, read=60)  # seconds
_NOT_FOR_MODELS = ["article_id", "version", "url", "start", "end"]


class GroundwireRetriever(BaseRetriever):  # type: ignore[misc]  # LlamaIndex is not looked into
    """Retrieves passages: each a `TextNode` with the passage's id, its place in the article, and its relevance.

    `article.text[start:end]` is the node's text, of the article and the version that its metadata names. `aretrieve`
    works in any event loop; `retrieve` works beside a running one, too, which waits for it.
    """

    def __init__(self, find: Search) -> None:
        """Take what finds the hits of a question; use `over`, `open` or `of_service`."""
        super().__init__()
        self._find = find
        self._opened = ExitStack()

    @classmethod
    def over(cls, store: Store, embedder: Embedder, *, limit: int = 10, scope: Scope = Scope()) -> Self:  # noqa: B008 - frozen
        """Search a store that is open, and stays its owner's to close."""

        async def find(question: str) -> list[Hit]:
            return (await search(question, store, embedder, limit=limit, scope=scope)).hits

        return cls(find)

    @classmethod
    def open(
        cls,
        place: str | Path,
        embedder: Embedder | None = None,
        *,
        limit: int = 10,
        scope: Scope = Scope(),  # noqa: B008 - frozen
    ) -> Self:
        """Open the store of a folder or at a Chroma server's address, until `close`.

        Args:
            place: the folder (GROUNDWIRE_DATA_DIR), or the address.
            embedder: the model whose vectors it holds; MiniLM by default.
            limit: how many passages a question finds.
            scope: which articles are searched.

        Raises:
            StoreLocked: a process owns the folder; if it serves HTTP, use `of_service` with the error's `address`
                and `token`.
            StoreError, ModelError: as the store and MiniLM do.

        """
        embedder = embedder or MiniLM()
        at_server = str(place).startswith(("http://", "https://"))
        store = Store.open_server(str(place), embedder) if at_server else Store.open_embedded(Path(place), embedder)
        retriever = cls.over(store, embedder, limit=limit, scope=scope)
        retriever._opened.enter_context(store)  # noqa: SLF001 - our own
        return retriever

    @classmethod
    def of_service(
        cls,
        address: str,
        *,
        api_key: str | None = None,
        limit: int = 10,
        scope: Scope = Scope(),  # noqa: B008 - frozen
    ) -> Self:
        """Search through a running service, until `close`.

        Args:
            address: such as `http://127.0.0.1:8000`.
            api_key: a key of the service with the scope `ask`, where it wants one; the `token` of a StoreLocked is one.
            limit: how many passages a question finds.
            scope: which articles are searched.

        """
        headers = {"authorization": f"Bearer {api_key}"} if api_key else {}
        client = httpx.Client(base_url=address, timeout=_TIMEOUT, headers=headers)
        asked = {"limit": limit, "scope": scope.model_dump(mode="json")}

        async def find(question: str) -> list[Hit]:
            # In a thread, for a client that may be used in one event loop after another.
            return await asyncio.to_thread(_ask, client, {"question": question, **asked})

        retriever = cls(find)
        retriever._opened.enter_context(client)
        return retriever

    def close(self) -> None:
        """Close what `open` or `of_service` opened."""
        self._opened.close()

    def __enter__(self) -> Self:
        """Use the retriever in a `with` statement."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it at the end."""
        self.close()

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        # A thread has no event loop yet, whatever runs in this one.
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, self._aretrieve(query_bundle)).result()

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [_node(hit) for hit in await self._find(query_bundle.query_str)]


def _ask(client: httpx.Client, request: dict[str, Any]) -> list[Hit]:
    """Search through a service.

    Raises:
        StoreUnavailable: it does not answer, or refuses.

    """
    try:
        response = client.post("/v1/search", json=request)
        answer = response.json()
    except (httpx.HTTPError, ValueError) as error:
        message = f"The service at {client.base_url} does not answer: {str(error) or type(error).__name__}"
        raise StoreUnavailable(message) from error
    if response.status_code == HTTPStatus.UNAUTHORIZED and "authorization" not in client.headers:
        raise StoreUnavailable(
            f"The service at {client.base_url} wants a key: give api_key; `groundwire keys create NAME` makes one"
        )
    if not response.is_success:
        raise StoreUnavailable(
            f"The service at {client.base_url} refused: {answer.get('detail', response.status_code)}"
        )
    return [Hit.model_validate(hit) for hit in answer["hits"]]


def _node(hit: Hit) -> NodeWithScore:
    passage, source = hit.passage, hit.passage.source
    node = TextNode(
        id_=passage.passage_id,
        text=passage.text,
        start_char_idx=passage.start,
        end_char_idx=passage.end,
        metadata={
            "title": source.title,
            "outlet": source.outlet,
            "published": source.published and source.published.isoformat(),
            "url": source.url,
            "article_id": source.article_id,
            "version": source.version,
            "start": passage.start,
            "end": passage.end,
        },
        excluded_llm_metadata_keys=_NOT_FOR_MODELS,
        excluded_embed_metadata_keys=_NOT_FOR_MODELS,
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=source.article_id)},
    )
    return NodeWithScore(node=node, score=hit.relevance)
