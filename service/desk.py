"""What the faces of the service work through: HTTP serves an Answering, a command works at a Desk."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Protocol, runtime_checkable

from retrieval.corpus_file import History
from retrieval.embedding import Embedder
from retrieval.exporting import exported
from retrieval.importing import Imported, take_in
from retrieval.ingest import ingest
from retrieval.store import Outcome, Store
from retrieval.types import Article, Corpus, Hit, Source
from service.types import Answer, Event, Question, SearchRequest


@runtime_checkable
class Answering(Protocol):
    """What HTTP serves; `service.answering.Answerer` is the one that is not a test's."""

    @property
    def store(self) -> Store:
        """Give the store, whose owner closes it."""

    @property
    def embedder(self) -> Embedder:
        """Give the model whose vectors the store holds."""

    @property
    def models(self) -> tuple[str, ...]:
        """Name who may write: `extractive`, `provider/model`; the first writes unasked."""

    async def answer(self, question: Question) -> Answer:
        """Answer, or abstain."""

    def events(self, question: Question) -> AsyncGenerator[Event]:
        """Answer event by event; the last is Answered, unless an exception ends it."""

    async def search(self, request: SearchRequest) -> list[Hit]:
        """Give the passages that a question finds."""


class Desk(Protocol):
    """What a command needs: this process's own store, or a running service's."""

    async def answer(self, question: Question) -> Answer:
        """Answer, or abstain."""

    async def search(self, request: SearchRequest) -> list[Hit]:
        """Give the passages that a question finds."""

    async def sources(self, offset: int, limit: int) -> list[Source]:
        """Give a page of the articles' sources."""

    async def article(self, article_id: str, version: str | None = None) -> Article | None:
        """Give an article, or a version of it."""

    async def corpus(self) -> Corpus:
        """Tell what the store holds."""

    async def put(self, article: Article, *, restore: bool = False) -> Outcome:
        """Store an article, in place of one that was withdrawn only with `restore`."""

    async def withdraw(self, article_id: str, reason: str | None, *, purge: bool) -> str | None:
        """Withdraw an article, and with `purge` remove its texts; say why where there is nothing to withdraw."""

    def exported(self) -> AsyncGenerator[bytes]:
        """Give the lines of the whole corpus as a file."""

    async def take_in(self, histories: Sequence[History]) -> Imported:
        """Take in articles of such a file."""


class OwnDesk:
    """The desk of a process that holds the store itself."""

    def __init__(self, answering: Answering) -> None:
        """Work with its store and its embedder."""
        self._answering = answering

    async def answer(self, question: Question) -> Answer:
        """Answer, or abstain."""
        return await self._answering.answer(question)

    async def search(self, request: SearchRequest) -> list[Hit]:
        """Give the passages that a question finds."""
        return await self._answering.search(request)

    async def sources(self, offset: int, limit: int) -> list[Source]:
        """Give a page of the articles' sources."""
        return await self._answering.store.sources(offset, limit)

    async def article(self, article_id: str, version: str | None = None) -> Article | None:
        """Give an article, or a version of it."""
        return await self._answering.store.article(article_id, version)

    async def corpus(self) -> Corpus:
        """Tell what the store holds."""
        return await self._answering.store.corpus()

    async def put(self, article: Article, *, restore: bool = False) -> Outcome:
        """Store an article, in place of one that was withdrawn only with `restore`."""
        return await ingest(article, self._answering.store, self._answering.embedder, restore=restore)

    async def withdraw(self, article_id: str, reason: str | None, *, purge: bool) -> str | None:
        """Withdraw an article, and with `purge` remove its texts; say why where there is nothing to withdraw."""
        if await self._answering.store.withdraw(article_id, reason, purge=purge):
            return None
        standing = await self._answering.store.standing(article_id)
        return f"the article {article_id!r} was {standing}" if standing else f"no article has the id {article_id!r}"

    async def exported(self) -> AsyncGenerator[bytes]:
        """Give the lines of the whole corpus as a file."""
        async for line in exported(self._answering.store):
            yield line.encode()

    async def take_in(self, histories: Sequence[History]) -> Imported:
        """Take in articles of such a file."""
        return await take_in(histories, self._answering.store, self._answering.embedder)


def versions_at(desk: Desk) -> Callable[[str], Awaitable[str | None]]:
    """Give what tells which version of an article a desk's store has."""

    async def version_of(article_id: str) -> str | None:
        article = await desk.article(article_id)
        return article.source.version if article else None

    return version_of
