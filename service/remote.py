"""A running service's desk: the commands' work through its HTTP address, with the same types as at home."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from retrieval.corpus_file import MEDIA_TYPE, Count, History, Refused, end, head, lines_of
from retrieval.errors import ArticleWithdrawn, UnreadableArticle
from retrieval.importing import Imported
from retrieval.store import Outcome
from retrieval.types import Article, Corpus, Hit, Source
from service.errors import RemoteError
from service.types import Answer, Question, SearchRequest

_NOT_THERE = {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}
_TIMEOUT = httpx.Timeout(10, read=600)  # seconds; a language model, or an article of 20 MB, takes its time
_LATER = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
_LONGEST_WAIT = 60  # seconds for what a key may not do yet: its limits are counted by the minute
_TRIES = 10  # of a request that has to wait; chosen: others may be served first

Reply = TypeVar("Reply", bound=BaseModel)


class _Hits(BaseModel):
    hits: list[Hit]


class _Page(BaseModel):
    articles: list[Source]
    total: int
    fingerprint: str


class _WholeArticle(Source):
    model_config = ConfigDict(extra="ignore")  # how it stands is for others

    text: str


class _Stored(BaseModel):
    outcome: Outcome


class _Nothing(BaseModel):
    """The content of a reply that has none."""


class _Refused(RemoteError):
    """The service takes the request for wrong; `detail` is what it says of it."""

    def __init__(self, message: str, detail: str, status: int) -> None:
        super().__init__(message)
        self.detail = detail
        self.status = status


class _Bearer(httpx.Auth):
    """A key that is sent with each request, and read anew when it is refused: a service that is started again."""

    def __init__(self, key: str, renewed: Callable[[], str | None]) -> None:
        self._key = key
        self._renewed = renewed

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        request.headers["authorization"] = f"Bearer {self._key}"
        response = yield request
        key = self._renewed() if response.status_code == HTTPStatus.UNAUTHORIZED else None
        if key and key != self._key:
            self._key = key
            request.headers["authorization"] = f"Bearer {key}"
            yield request


class RemoteDesk:
    """A Desk whose store another process holds."""

    def __init__(self, address: str, key: str | None = None, renewed: Callable[[], str | None] = lambda: None) -> None:
        """Work through a service.

        Args:
            address: such as `http://127.0.0.1:8000`.
            key: what it is asked with, where it wants a key.
            renewed: gives the key anew, where that may have become another since.

        """
        self._key = key
        auth = _Bearer(key, renewed) if key else None
        # It is on this machine: a proxy of the environment has no part in it.
        self._client = httpx.AsyncClient(base_url=address, timeout=_TIMEOUT, trust_env=False, auth=auth)

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
        return await self._call(Answer, "POST", "/v1/answers", question.model_dump(mode="json"))

    async def search(self, request: SearchRequest) -> list[Hit]:
        """Give the passages that a question finds."""
        found = await self._call(_Hits, "POST", "/v1/search", request.model_dump(mode="json"))
        return found.hits

    async def sources(self, offset: int, limit: int) -> list[Source]:
        """Give a page of the articles' sources."""
        page = await self._call(_Page, "GET", f"/v1/articles?offset={offset}&limit={limit}")
        return page.articles

    async def article(self, article_id: str, version: str | None = None) -> Article | None:
        """Give an article, or a version of it."""
        path = f"/v1/articles/{quote(article_id, safe='')}" + (f"?version={quote(version)}" if version else "")
        try:
            whole = await self._call(_WholeArticle, "GET", path)
        except _Refused as error:
            if error.status in _NOT_THERE:
                return None
            raise
        return Article(source=Source(**whole.model_dump(exclude={"text"})), text=whole.text)

    async def corpus(self) -> Corpus:
        """Tell what the store holds."""
        page = await self._call(_Page, "GET", "/v1/articles?limit=1")
        return Corpus(articles=page.total, fingerprint=page.fingerprint)

    async def put(self, article: Article, *, restore: bool = False) -> Outcome:
        """Store an article, in place of one that was withdrawn only with `restore`.

        Raises:
            ArticleWithdrawn: it was withdrawn, and `restore` does not say that it is to come back.
            UnreadableArticle: the service refuses it.

        """
        source = article.source
        body = source.model_dump(mode="json", include={"title", "published", "outlet", "url", "authors", "credits"})
        path = f"/v1/articles/{quote(source.article_id, safe='')}" + ("?restore=true" if restore else "")
        try:
            stored = await self._call(_Stored, "PUT", path, {**body, "text": article.text})
        except _Refused as error:
            reason = error.detail.removeprefix(f"{source.article_id}: ")
            if error.status == HTTPStatus.CONFLICT:  # the end of the reason is the error's own
                raise ArticleWithdrawn(source.article_id, reason.rpartition("; ")[0]) from error
            raise UnreadableArticle(source.article_id, reason) from error
        return stored.outcome

    async def withdraw(self, article_id: str, reason: str | None, *, purge: bool) -> str | None:
        """Withdraw an article, and with `purge` remove its texts; say why where there is nothing to withdraw."""
        path = f"/v1/articles/{quote(article_id, safe='')}"
        try:
            await self._call(_Nothing, "DELETE", path, {"reason": reason, "purge": purge})
        except _Refused as error:
            if error.status in _NOT_THERE:
                return error.detail
            raise
        return None

    async def exported(self) -> AsyncGenerator[bytes]:
        """Give the lines of the whole corpus as a file."""
        try:
            async with self._admitted("GET", "/v1/export") as response:
                if response.is_error:
                    raise self._refusal(response)
                async for line in lines_of(response.aiter_bytes()):
                    yield line + b"\n"
        except httpx.HTTPError as error:
            what = str(error) or type(error).__name__
            raise RemoteError(f"{self._service} left in the middle: {what}") from error

    async def take_in(self, histories: Sequence[History]) -> Imported:
        """Take in articles of such a file, as a file of their own."""
        count = Count()
        for history in histories:
            for one in history.versions:
                count.add(one)
        corpus = Corpus(articles=count.articles, fingerprint=count.fingerprint)
        body = "".join([head(corpus), *(line for history in histories for line in history.lines()), end(count)])
        done = await self._call(Imported, "POST", "/v1/import", body)
        numbers = [0, *(number for history in histories for number in history.numbers)]
        told = [Refused(line=(numbers[one.line - 1 :] or [0])[0], reason=one.reason) for one in done.refused]
        return done.model_copy(update={"refused": tuple(told)})

    async def _call(self, kind: type[Reply], method: str, path: str, body: dict[str, Any] | str | None = None) -> Reply:
        sent = {"content": body, "headers": {"content-type": MEDIA_TYPE}} if isinstance(body, str) else {"json": body}
        try:
            async with self._admitted(method, path, **sent) as response:
                await response.aread()
            if response.is_error:
                raise self._refusal(response)
            answer = response.json() if response.content else {}
        except (httpx.HTTPError, ValueError) as error:
            raise RemoteError(f"{self._service} does not answer: {str(error) or type(error).__name__}") from error
        try:
            return kind.model_validate(answer)
        except ValidationError as error:
            raise RemoteError(f"{self._service} is of another version than this command: restart it") from error

    @asynccontextmanager
    async def _admitted(self, method: str, path: str, **sent: Any) -> AsyncIterator[httpx.Response]:  # noqa: ANN401 - httpx's own
        """Send a request, again when it is time if its key may do no more yet or the service is too busy to.

        An error is read to its end.
        """
        for left in reversed(range(_TRIES)):
            async with self._client.stream(method, path, **sent) as response:
                wait = _seconds(response)
                if wait is None or not left:
                    if response.is_error:
                        await response.aread()
                    yield response
                    return
            await asyncio.sleep(wait)

    @property
    def _service(self) -> str:
        return f"The service at {self._client.base_url}"

    def _refusal(self, response: httpx.Response) -> RemoteError:
        """Say what the service says, and of a key what to do; what a key lacks is nobody's article's fault."""
        try:
            detail = str(response.json().get("detail", response.text))
        except (ValueError, AttributeError):
            return RemoteError(f"{self._service} does not answer: {response.status_code} {response.reason_phrase}")
        status, message = response.status_code, f"{self._service} refused: {detail}"
        if status == HTTPStatus.UNAUTHORIZED and not self._key:
            return RemoteError(
                f"{self._service} wants a key: set GROUNDWIRE_API_KEY; `groundwire keys create NAME` makes one"
            )
        if status == HTTPStatus.UNAUTHORIZED:
            return RemoteError(
                f"{self._service} does not take the key that it was sent (GROUNDWIRE_API_KEY): {detail}. "
                "`groundwire keys list` shows those that it takes, `groundwire keys create NAME` makes one"
            )
        if status in {HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS} or not response.is_client_error:
            return RemoteError(message)
        return _Refused(message, detail, status)


def _seconds(response: httpx.Response) -> float | None:
    """Give how long to wait before a request is sent again; None: that is not said, or it is too long."""
    said = response.headers.get("retry-after", "")
    if response.status_code not in _LATER or not said.isdecimal() or int(said) > _LONGEST_WAIT:
        return None
    return float(said)
