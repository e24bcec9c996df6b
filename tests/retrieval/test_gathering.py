"""What is given becomes articles: a feed speaks for its own site alone, and what it says can be printed."""

import json

import pytest

from retrieval.errors import UnreadableArticle
from retrieval.fetching import Fetcher
from retrieval.gathering import Gathered, Memory, gather
from retrieval.readers import Address, Document
from retrieval.types import Article
from tests.site_server import Site, page

WORDS = "The other desk says that the bridge is closed."


async def gathered(given: Address, memory: Memory | None = None, allowed: str = "127.0.0.1") -> list[Gathered]:
    async def version_of(_: str) -> None:
        return None

    async with Fetcher(allowed=[allowed]) as fetcher:
        return [one async for one in gather([given], fetcher, version_of, memory)]


def feed(link: str) -> bytes:
    item = f"<item><title>A</title><link>{link}</link><description>{WORDS}</description></item>"
    whole = f'<?xml version="1.0"?><rss version="2.0"><channel><title>Squatter</title>{item}</channel></rss>'
    return page(whole.encode(), content_type="application/rss+xml")


@pytest.mark.parametrize("robots", [page(status=404), page(b"User-agent: *\nDisallow: /")])
async def test_a_feed_gives_no_words_to_the_article_of_another_site_whose_page_is_not_to_be_had(robots: bytes) -> None:
    async with Site({"/robots.txt": robots}).serving() as other, Site().serving() as site:
        site.pages["/feed.xml"] = feed(other.url("/a"))
        [(name, found, note)] = await gathered(Address(site.url("/feed.xml")))

    assert name == other.url("/a")
    assert isinstance(found, UnreadableArticle)
    assert note is None


async def test_nor_where_the_other_site_may_not_be_asked() -> None:
    async with Site().serving() as site:
        site.pages["/feed.xml"] = feed("http://10.0.0.1/a")
        [(_, found, _)] = await gathered(Address(site.url("/feed.xml")))

    assert isinstance(found, UnreadableArticle)


async def test_of_its_own_site_its_words_are_better_than_nothing() -> None:
    async with Site().serving() as site:
        site.pages["/feed.xml"] = feed(site.url("/a"))
        [(_, found, note)] = await gathered(Address(site.url("/feed.xml")))

    assert isinstance(found, Article)
    assert found.text == WORDS
    assert note == "its summary alone: its server answers 404 (Not Found)"


async def test_the_article_of_another_port_is_fetched_there() -> None:
    article = {"title": "Mine", "text": "These are the words of the site itself.", "id": "a"}
    async with Site().serving() as other, Site().serving() as site:
        other.pages["/a.json"] = page(json.dumps(article).encode(), content_type="application/json")
        false = article | {"text": "These are words of another port.", "url": other.url("/a.json")}
        site.pages["/a.json"] = page(json.dumps(false).encode(), content_type="application/json")
        [(_, found, _)] = await gathered(Address(site.url("/a.json")))

    assert isinstance(found, Article)
    assert found.text == article["text"]


async def test_the_words_of_a_reason_can_be_printed_and_stored() -> None:
    lines = rb'{"@type": "\ud800\u0000", "text": "x"}' + b"\n" + rb'{"url": "http://a.\ud800/"}' + b"\n"

    found = [one async for one in gather([Document(lines, "x", label="x\udcff.jsonl")])]

    assert len(found) == 2
    for name, why, _ in found:
        assert isinstance(why, UnreadableArticle)
        assert "\0" not in f"{name}{why.name}{why.reason}"
        assert f"{name}{why}".encode()


async def test_what_was_learned_is_kept_by_who_stored_it() -> None:
    memory = Memory()
    async with Site({"/a.md": page(b"Words of it.", content_type="text/markdown", etag='"1"')}).serving() as site:
        learned = memory.copy()
        await gathered(Address(site.url("/a.md")), learned)

        assert not memory.validators
        memory.update(learned)

    assert [one.etag for one in memory.validators.values()] == ['"1"']


async def test_a_feed_whose_page_failed_is_asked_whole_again_until_the_page_is_there() -> None:
    memory = Memory()
    async with Site().serving() as site:
        address = Address(site.url("/feed.xml"))
        site.pages |= {"/feed.xml": feed(site.url("/a.txt")).replace(b"\r\n\r\n", b"\r\netag: x\r\n\r\n", 1)}
        await gathered(address, memory)
        without = dict(memory.validators)
        site.pages["/a.txt"] = page(b"The whole article.", content_type="text/plain")
        [(_, found, note)] = await gathered(address, memory)

    assert not without
    assert isinstance(found, Article)
    assert (found.text, note) == ("The whole article.", None)
    assert memory.validators[address.url].etag == "x"
