"""What is given -> what is at its addresses -> articles; top to bottom, one after another."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from retrieval.addresses import article_id_of
from retrieval.errors import UnreadableArticle

if TYPE_CHECKING:
    from retrieval.fetching import Fetcher, Validators
from retrieval.readers import Address, Document, Found, articles_of
from retrieval.types import Article, printable


@dataclass
class Memory:
    """What was at addresses when they were last asked, so that only what is new or changed is fetched again."""

    validators: "dict[str, Validators]" = field(default_factory=dict)
    entries: dict[str, str] = field(default_factory=dict)
    """The addresses that a feed named, and the version of what it said of each."""

    def copy(self) -> "Memory":
        """Give what an ingest may write to until it has stored what it learned of."""
        return Memory(self.validators.copy(), self.entries.copy())

    def update(self, learned: "Memory") -> None:
        """Keep what an ingest learned, now that it is stored."""
        self.validators |= learned.validators
        self.entries |= learned.entries


Gathered = tuple[str, Article | UnreadableArticle, str | None]
"""A name, its article or the reason why it is none, and what is to be told of an article all the same."""


async def gather(
    given: Iterable[Document | Address],
    fetcher: "Fetcher | None" = None,
    version_of: Callable[[str], Awaitable[str | None]] | None = None,
    memory: Memory | None = None,
    done: Callable[[str], Awaitable[bool]] | None = None,
) -> AsyncIterator[Gathered]:
    """Give the articles of documents, and of the documents at addresses, one by one.

    Args:
        given: what to read; a feed's address leads to the addresses of its articles.
        fetcher: what fetches; None: nothing is fetched.
        version_of: gives the version that is stored of an article: a summary, all that is to be had of an article whose
            page is not, takes the place of no other. None: summaries are left out.
        memory: what was there the last time, into which goes what is there now: a copy, to be kept for the next time
            when all of it was stored; None: everything is fetched.
        done: tells whether a page, by its address, has its outcome from before, so that it is not fetched again.

    """
    memory = memory or Memory()
    for one in given:
        failed = False
        stream = _read(one) if isinstance(one, Document) else _fetch(one, fetcher, memory.validators)
        async for name, found in stream:
            if not isinstance(found, Address):
                yield _told(name, found)
                continue
            said = found.summary.source.version if found.summary else None
            if said and memory.entries.get(found.url) == said:
                continue
            if done and await done(found.url):
                continue
            async for each in _page(found, fetcher, version_of):
                yield each
                if not isinstance(each[1], Article) or each[2]:
                    failed = True
                elif said:
                    memory.entries[found.url] = said
        if failed and isinstance(one, Address):
            memory.validators.pop(one.url, None)  # asked again whole, so that its pages are, too


async def _page(
    address: Address, fetcher: "Fetcher | None", version_of: Callable[[str], Awaitable[str | None]] | None
) -> AsyncIterator[Gathered]:
    """Give the article at an address that a document named, or the summary that it gave of its own site's."""
    async for name, found in _fetch(address, fetcher):
        if isinstance(found, Article):
            yield _told(name, found)
            continue
        why = UnreadableArticle(name, "a feed, where an article should be") if isinstance(found, Address) else found
        summary = address.summary if address.of_its_site else None
        if summary and version_of and await version_of(summary.source.article_id) in {None, summary.source.version}:
            yield _told(name, summary, f"its summary alone: {why.reason}")
        else:
            yield _told(name, why)


def _told(name: str, found: Article | UnreadableArticle, note: str | None = None) -> Gathered:
    """Let a document's words in a name or a reason be ones that can be printed and stored."""
    if isinstance(found, UnreadableArticle):
        found = UnreadableArticle(_shown(found.name), _shown(found.reason))
    return _shown(name), found, note and _shown(note)


def _shown(text: str) -> str:
    return printable(text).replace("\0", "\N{REPLACEMENT CHARACTER}")


async def _fetch(
    address: Address, fetcher: "Fetcher | None", validators: "dict[str, Validators] | None" = None
) -> AsyncIterator[tuple[str, Found]]:
    if fetcher is None:
        yield address.url, UnreadableArticle(address.url, "an address, and nothing is fetched here")
        return
    validators = {} if validators is None else validators
    try:
        fetched = await fetcher.fetch(address.url, validators.get(address.url))
    except UnreadableArticle as error:
        yield address.url, error
        return
    if fetched is None:
        return  # what it was the last time
    document = Document(
        fetched.data,
        article_id_of(fetched.url),
        label=address.url,
        media_type=fetched.media_type,
        charset=fetched.charset,
        url=fetched.url,
    )
    async for each in _read(document):
        yield each
    validators[address.url] = fetched.validators  # not before: interrupted, it is read again


async def _read(document: Document) -> AsyncIterator[tuple[str, Found]]:
    # In a thread: a folder may be slow, a reader is, and a service is at work beside.
    found = articles_of(document)
    while (each := await asyncio.to_thread(next, found, None)) is not None:
        yield each
