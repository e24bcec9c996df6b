"""A Chroma server that is gone, hangs, or is none."""

import asyncio
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

import retrieval.store
from retrieval.errors import StoreForeign, StoreUnavailable
from retrieval.ingest import ingest
from retrieval.passages import split
from retrieval.store import Prepared, Store
from retrieval.types import make_article
from tests.fakes import WordEmbedder
from tests.processes import free_port
from tests.retrieval.test_store import Meanwhile, prepared

Server = tuple[subprocess.Popen[bytes], str]
ARTICLE = make_article(article_id="a", title="t", text="drones")


async def test_every_call_after_the_server_is_gone_is_our_own_error(chroma: Server, embedder: WordEmbedder) -> None:
    process, address = chroma
    with Store.open_server(address, embedder) as store:
        await ingest(ARTICLE, store, embedder)
        [vector] = await embedder.embed(["drones"])
        process.kill()
        process.wait()

        for call in (
            store.ready(),
            store.corpus(),
            store.article("a"),
            store.articles([ARTICLE.source]),
            store.sources(0, 1),
            store.candidates(vector, [], 1),
            store.put(await prepared(make_article(article_id="b", title="t", text="x"))),
        ):
            with pytest.raises(StoreUnavailable, match="Is it running"):
                await call


async def test_a_server_that_hangs_is_not_waited_for_for_ever(
    chroma: Server, embedder: WordEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Long enough to open the store on a machine that runs other suites beside.
    monkeypatch.setattr(retrieval.store, "_TIMEOUT", httpx.Timeout(4.0))
    process, address = chroma
    with Store.open_server(address, embedder) as store:
        process.send_signal(signal.SIGSTOP)
        await asyncio.to_thread(os.waitid, os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)

        with pytest.raises(StoreUnavailable):
            await store.ready()

        process.send_signal(signal.SIGCONT)
        await store.ready()


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:{port}",
        "https://127.0.0.1:{port}",
        "http://127.0.0.1:99999",
        "http://[::1",
        "http://127.0.0.1:x",
    ],
)
def test_where_nothing_answers_the_error_names_the_address_and_the_setting(
    embedder: WordEmbedder, address: str
) -> None:
    address = address.format(port=free_port())

    with pytest.raises(StoreUnavailable, match="GROUNDWIRE_CHROMA") as raised:
        Store.open_server(address, embedder)

    assert address in str(raised.value)


@contextmanager
def saying(status: int, body: bytes) -> Iterator[str]:
    """Serve one answer to everything."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            serving.join()


@pytest.mark.parametrize(
    ("status", "body"), [(404, b"no"), (200, b"<html>"), (200, b"{}"), (200, b"[]"), (500, b""), (401, b"{}")]
)
def test_an_address_where_something_else_answers_is_no_store(embedder: WordEmbedder, status: int, body: bytes) -> None:
    with saying(status, body) as address, pytest.raises(StoreUnavailable, match="GROUNDWIRE_CHROMA"):
        Store.open_server(address, embedder)


async def test_an_article_that_the_server_finds_too_large_is_our_own_error(
    chroma: Server, embedder: WordEmbedder
) -> None:
    with Store.open_server(chroma[1], embedder) as store:
        book = make_article(article_id="book", title="t", text="x" * 50_000_000)

        with pytest.raises(StoreUnavailable, match="too large"):
            await store.put(Prepared(book, [], await embedder.embed([]), []))

        assert await store.article("book") is None
        assert await ingest(ARTICLE, store, embedder) == "created"


async def test_another_model_is_refused_while_the_first_is_at_work(chroma: Server, embedder: WordEmbedder) -> None:
    with Store.open_server(chroma[1], embedder) as store:
        with pytest.raises(StoreForeign, match="words-32"):
            Store.open_server(chroma[1], WordEmbedder(name="words-32", dimensions=32))
        assert await ingest(ARTICLE, store, embedder) == "created"


async def test_a_store_that_is_opened_sweeps_nothing_that_another_writes(
    chroma: Server, embedder: WordEmbedder
) -> None:
    article = make_article(article_id="a", title="t", text="Drones fly over the river. " * 200)
    with Store.open_server(chroma[1], embedder) as store:
        writing = asyncio.create_task(ingest(article, store, embedder))
        while not writing.done():
            (await asyncio.to_thread(Store.open_server, chroma[1], embedder)).close()
        await writing

        [vector] = await embedder.embed(["drones"])
        assert len(await store.candidates(vector, [], 50)) == len(split(article))
        assert store._archive.pending.count() == 0


@pytest.mark.parametrize(
    ("collection", "moment", "last"),
    [
        ("pending", {"after": "upsert"}, "ours"),  # our passages are not begun, or whole and not committed
        ("passages", {"after": "upsert"}, "ours"),
        ("articles", {"before": "upsert"}, "ours"),
        ("articles", {"after": "upsert"}, "theirs"),
        ("passages", {"before": "delete"}, "theirs"),
        ("pending", {"before": "delete"}, "theirs"),
        ("pending", {"after": "delete"}, "theirs"),
    ],
)
@pytest.mark.parametrize("same", [False, True], ids=["another version", "the same version"])
async def test_a_second_writer_at_any_moment_of_the_first_leaves_the_later_version_whole(  # noqa: PLR0913 - the cases
    chroma: Server, embedder: WordEmbedder, collection: str, moment: dict[str, str], last: str, *, same: bool
) -> None:
    old, ours, theirs = (
        make_article(article_id="a", title="t", text=f"Drones of {number} fly. " * 100 * number) for number in (1, 2, 3)
    )
    if same:
        theirs = ours
    with Store.open_server(chroma[1], embedder) as first, Store.open_server(chroma[1], embedder) as second:
        await ingest(old, first, embedder)
        happened: list[bool] = []

        def write() -> None:
            if not happened:
                happened.append(True)
                asyncio.run(ingest(theirs, second, WordEmbedder()))

        setattr(first._archive, collection, Meanwhile(getattr(first._archive, collection), happens=write, **moment))
        await ingest(ours, first, embedder)

        assert happened
        expected = ours if last == "ours" else theirs
        assert await first.article("a") == expected
        [vector] = await embedder.embed(["drones"])
        found = await second.candidates(vector, [], 50)
        assert sorted((one.passage for one in found), key=lambda passage: passage.ordinal) == split(expected)
        assert first._archive.passages.count() == len(split(expected))
        assert first._archive.pending.count() == 0
        # Theirs, committed after we read what to keep and before we committed, was current for a millisecond.
        unseen = {theirs} if last == "ours" and collection == "articles" else set()
        for article in {old, ours, theirs} - unseen:
            assert await second.article("a", article.source.version) == article
