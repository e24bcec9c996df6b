"""A running service's desk: the commands' work through its HTTP address, with the same types as at home."""

from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx
from pydantic import TypeAdapter

from retrieval.store import Outcome
from retrieval.types import Article, Hit, Source
from service.errors import RemoteError
from service.types import Answer, Question, SearchRequest

_TIMEOUT = httpx.Timeout(10, read=600)  # seconds; a language model, or an article of 20 MB, takes its time

_HITS = TypeAdapter(list[Hit])
_SOURCES = TypeAdapter(list[Source])
_OUTCOME: TypeAdapter[Outcome] = TypeAdapter(Outcome)


class RemoteDesk:
    """A Desk whose store another process holds."""

    def __init__(self, address: str) -> None:
        """Work through a service's address, such as `http://127.0.0.1:8000`."""
        # It is on this machine: a proxy of the environment has no part in it.
        self._client = httpx.AsyncClient(base_url=address, timeout=_TIMEOUT, trust_env=False)

    async def __aenter__(self) -> Self:
        """Use the desk in an `async with` statement."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections at the end."""
        await self._client.aclose()

    async def answer(self, question: Question) -> Answer:
        """Answer, or abstain."""
        return Answer.model_validate(await self._call("POST", "/v1/answers", question.model_dump(mode="json")))

    async def search(self, request: SearchRequest) -> list[Hit]:
        """Give the passages that a question finds."""
        found = await self._call("POST", "/v1/search", request.model_dump(mode="json"))
        for hit in found["hits"]:
            del hit["passage"]["passage_id"]  # it follows from the other fields
        return _HITS.validate_python(found["hits"])

    async def sources(self, offset: int, limit: int) -> list[Source]:
        """Give a page of the articles' sources."""
        page = await self._call("GET", f"/v1/articles?offset={offset}&limit={limit}")
        return _SOURCES.validate_python(page["articles"])

    async def put(self, article: Article) -> Outcome:
        """Store an article."""
        source = article.source
        body = source.model_dump(mode="json", include={"title", "published", "outlet", "url", "credits"})
        stored = await self._call(
            "PUT", f"/v1/articles/{quote(source.article_id, safe='')}", {**body, "text": article.text}
        )
        return _OUTCOME.validate_python(stored["outcome"])

    async def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON
        try:
            response = await self._client.request(method, path, json=body)
            answer = response.json()
        except (httpx.HTTPError, ValueError) as error:
            message = f"The service at {self._client.base_url} does not answer: {error or type(error).__name__}"
            raise RemoteError(message) from error
        if response.is_error:
            raise RemoteError(f"The service at {self._client.base_url} refused: {answer.get('detail', response.text)}")
        return answer
