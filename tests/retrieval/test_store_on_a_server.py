"""A Chroma server that is gone, hangs, or is none."""

import asyncio
import os
import signal
import stat
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

import retrieval.line
import retrieval.writes
from retrieval.errors import ArticleWithdrawn, StoreForeign, StoreUnavailable
from retrieval.ingest import ingest
from retrieval.line import Access, Line
from retrieval.passages import split
from retrieval.rows import passage_row
from retrieval.store import Prepared, Store
from retrieval.types import Withdrawal, make_article
from tests.chroma_proxy import Quotas, proxy
from tests.fakes import WordEmbedder
from tests.processes import free_port, until
from tests.retrieval.test_store import Meanwhile, prepared

Server = tuple[subprocess.Popen[bytes], str]
ARTICLE = make_article(article_id="a", title="t", text="drones")


@pytest.fixture
def shared(shared_chroma: str) -> Iterator[str]:
    yield shared_chroma
    with Store.open_server(shared_chroma, WordEmbedder()) as store:
        for collection in store._client.list_collections():
            store._client.delete_collection(collection.name)


def test_a_data_folder_that_is_made_beside_a_server_is_its_owners_alone(shared: str, tmp_path: Path) -> None:
    with Store.open_server(shared, WordEmbedder(), tmp_path / "data"):
        assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


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


async def test_a_server_that_hangs_is_not_waited_for_and_once_it_is_known_every_call_fails_at_once(
    chroma: Server, embedder: WordEmbedder, caplog: pytest.LogCaptureFixture
) -> None:
    process, address = chroma
    with Store.open_server(address, embedder) as store:
        await ingest(ARTICLE, store, embedder)
        [vector] = await embedder.embed(["drones"])
        process.send_signal(signal.SIGSTOP)
        await asyncio.to_thread(os.waitid, os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)

        began = time.monotonic()
        with pytest.raises(StoreUnavailable, match=r"has not answered for 2 s|timed out"):
            await store.ready()
        assert time.monotonic() - began < 4.0

        await asyncio.to_thread(until, lambda: "has not answered for" in caplog.text, "it is known")
        began = time.monotonic()
        for _ in range(100):
            for call in (store.ready(), store.article("a"), store.candidates(vector, [], 1), store.withdraw("a")):
                with pytest.raises(StoreUnavailable, match=r"Chroma at .* has not answered for \d+ s"):
                    await call
        assert time.monotonic() - began < 4.0, "nobody waited"

        process.send_signal(signal.SIGCONT)
        await asyncio.to_thread(until, lambda: "answers again" in caplog.text, "it goes on by itself")
        await store.ready()
        assert await store.article("a") == ARTICLE
        assert await store.candidates(vector, [], 1)
    told = [record for record in caplog.records if record.levelname in {"ERROR", "WARNING"}]
    assert len(told) == 2, "when it goes, and when it is back"


async def test_a_server_that_hangs_is_known_as_soon_where_the_follower_waits_for_it(
    chroma: Server, embedder: WordEmbedder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    process, address = chroma
    with Store.open_server(address, embedder) as store:
        follow = store._follow_once
        hung = threading.Event()

        def hang() -> None:
            if not hung.is_set():
                process.send_signal(signal.SIGSTOP)
                os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
                hung.set()
            follow()

        monkeypatch.setattr(store, "_follow_once", hang)
        assert await asyncio.to_thread(hung.wait, 10.0)
        began = time.monotonic()
        await asyncio.to_thread(until, lambda: "has not answered for" in caplog.text, "it is known")
        assert time.monotonic() - began < 6.0, "a second, two that the look waits, and some for a busy machine"

        process.send_signal(signal.SIGCONT)
        await asyncio.to_thread(until, lambda: "answers again" in caplog.text, "it goes on by itself")
    assert "cannot be followed" not in caplog.text


async def test_a_look_that_fails_of_itself_is_followed_by_another(
    shared: str, embedder: WordEmbedder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with Store.open_server(shared, embedder) as store:
        line = store._line
        assert line
        hear, failures = line.hear, [httpx.ReadTimeout("timed out"), MemoryError()]

        def fail() -> None:
            if failures:
                raise failures.pop(0)
            hear()

        monkeypatch.setattr(line, "hear", fail)
        await asyncio.to_thread(until, lambda: "answers again" in caplog.text, "it looks again")

        assert await store.article("a") is None


async def test_a_server_that_has_too_much_to_do_is_asked_again_and_not_for_ever(
    shared: str, embedder: WordEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrieval.line, "_REFUSED", 1.0)
    quotas = Quotas()
    with proxy(shared, quotas) as address, Store.open_server(address, embedder) as store:
        quotas.refusals.extend([429] * 4)
        assert await ingest(ARTICLE, store, embedder) == "created"
        assert not quotas.refusals, "each was tried again"

        quotas.refusals.extend([429] * 10_000)
        with pytest.raises(StoreUnavailable, match=r"too much to do for 1 s.*slow down"):
            await store.article("a")
        quotas.refusals.clear()
        assert await store.article("a") == ARTICLE


async def test_a_server_that_answers_late_is_ready_all_the_same(shared: str, embedder: WordEmbedder) -> None:
    """It has others to answer first: to send whoever asks elsewhere would leave them nobody."""
    quotas = Quotas()
    with proxy(shared, quotas) as address, Store.open_server(address, embedder) as store:
        await ingest(ARTICLE, store, embedder)
        quotas.delay = 3.0

        began = time.monotonic()
        await store.ready()

        assert time.monotonic() - began < 2.9
        assert await store.article("a") == ARTICLE
        quotas.delay = 0.0


def test_a_server_is_shown_the_token_which_is_written_nowhere(
    embedder: WordEmbedder, caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[tuple[str, str | None, str | None]] = []
    access = Access(SecretStr("t0ken"))

    with saying(200, b"{}", asked) as address, pytest.raises(StoreUnavailable) as raised:
        Store.open_server(address, embedder, access=access)

    assert len({path for path, _, _ in asked}) > 1
    assert {(token, bearer) for _, token, bearer in asked} == {("t0ken", "Bearer t0ken")}
    assert "t0ken" not in f"{access!r} {raised.value} {caplog.text}"


async def test_of_a_server_another_tenants_database_can_be_used(shared: str, embedder: WordEmbedder) -> None:
    async with httpx.AsyncClient(base_url=f"{shared}/api/v2") as chroma:
        (await chroma.post("tenants", json={"name": "a-paper"})).raise_for_status()
        (await chroma.post("tenants/a-paper/databases", json={"name": "news"})).raise_for_status()

    with (
        Store.open_server(shared, embedder, access=Access(tenant="a-paper", database="news")) as theirs,
        Store.open_server(shared, embedder) as ours,
    ):
        await ingest(ARTICLE, theirs, embedder)
        assert await theirs.article("a") == ARTICLE
        assert await ours.article("a") is None

    with pytest.raises(StoreUnavailable, match=r"no database 'no-such' .*GROUNDWIRE_CHROMA_TENANT and …_DATABASE"):
        Store.open_server(shared, embedder, access=Access(database="no-such"))


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
def saying(
    status: int, body: bytes, asked: list[tuple[str, str | None, str | None]] | None = None, but: str = ""
) -> Iterator[str]:
    """Serve one answer to everything `but` one path, and keep which paths were asked for with which keys."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if asked is not None:
                asked.append((self.path, self.headers["X-Chroma-Token"], self.headers["Authorization"]))
            self.send_response(200 if self.path == but else status)
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


def test_a_server_that_does_not_let_us_in_names_the_setting(embedder: WordEmbedder) -> None:
    access = Access(SecretStr("wr0ng"))
    for status in (401, 403):
        with (
            saying(status, b"{}", but="/api/v2/heartbeat") as address,
            pytest.raises(StoreUnavailable, match="does not let us in: set GROUNDWIRE_CHROMA_TOKEN"),
        ):
            Store.open_server(address, embedder, access=access)


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_refuses_to_say_that_it_is_there_is_not_silent(status: int) -> None:
    with saying(status, b"{}", but="/count") as address, Line(address, Access()) as line:
        line.look()

        assert line.get(f"{address}/count").status_code == 200
    with Line(address, Access()) as line:
        line.look()
        with pytest.raises(StoreUnavailable, match="has not answered"):
            line.get(f"{address}/count")


@pytest.mark.parametrize(
    ("status", "body"), [(404, b"no"), (200, b"<html>"), (200, b"{}"), (200, b"[]"), (500, b""), (401, b"{}")]
)
def test_an_address_where_something_else_answers_is_no_store(embedder: WordEmbedder, status: int, body: bytes) -> None:
    with saying(status, body) as address, pytest.raises(StoreUnavailable, match="GROUNDWIRE_CHROMA"):
        Store.open_server(address, embedder)


async def test_an_article_that_is_larger_than_a_request_may_be_is_stored_whole(
    shared: str, embedder: WordEmbedder
) -> None:
    with Store.open_server(shared, embedder) as store:
        book = make_article(article_id="book", title="t", text="x" * 50_000_000)  # Chroma's server takes 40 MB

        await store.put(Prepared(book, [], await embedder.embed([]), []))

        assert await store.article("book") == book


async def test_another_model_is_refused_while_the_first_is_at_work(shared: str, embedder: WordEmbedder) -> None:
    with Store.open_server(shared, embedder) as store:
        with pytest.raises(StoreForeign, match="words-32"):
            Store.open_server(shared, WordEmbedder(name="words-32", dimensions=32))
        assert await ingest(ARTICLE, store, embedder) == "created"


async def test_a_store_that_is_opened_sweeps_nothing_that_another_writes(shared: str, embedder: WordEmbedder) -> None:
    article = make_article(article_id="a", title="t", text="Drones fly over the river. " * 200)
    with Store.open_server(shared, embedder) as store:
        writing = asyncio.create_task(ingest(article, store, embedder))
        while not writing.done():
            (await asyncio.to_thread(Store.open_server, shared, embedder)).close()
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
    shared: str, embedder: WordEmbedder, collection: str, moment: dict[str, str], last: str, *, same: bool
) -> None:
    old, ours, theirs = (
        make_article(article_id="a", title="t", text=f"Drones of {number} fly. " * 100 * number) for number in (1, 2, 3)
    )
    if same:
        theirs = ours
    with Store.open_server(shared, embedder) as first, Store.open_server(shared, embedder) as second:
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


async def left_by_the_dead(store: Store, at: float) -> None:
    """Leave what a writer leaves that was killed before its commit, and whose clock said so."""
    leftover = make_article(article_id="left", title="", text="Drones. " * 200)
    for passage in split(leftover):
        store._archive.passages.upsert(
            ids=[f"{passage.passage_id}~dead"],
            embeddings=await WordEmbedder().embed([passage.text]),
            documents=[passage.text],
            metadatas=[passage_row(passage, "dead", await WordEmbedder().embed([]))],
        )
    store._archive.pending.upsert(ids=["dead"], embeddings=[[1.0, 0.0]], metadatas=[{"article_id": "left", "at": at}])


@pytest.mark.parametrize("clock", [-3600, 0, 3600])
async def test_what_a_dead_writer_left_is_swept_when_its_note_has_not_moved_for_long_by_our_own_clock(
    shared: str, embedder: WordEmbedder, monkeypatch: pytest.MonkeyPatch, clock: int
) -> None:
    with Store.open_server(shared, embedder) as store:
        await left_by_the_dead(store, time.time() + clock)
        store._writes.sweep()
        store._writes.sweep()
        assert store._archive.passages.count()

    with Store.open_server(shared, embedder) as store:
        monkeypatch.setattr(retrieval.writes, "_OVER_AFTER", 0.0)
        assert store._archive.passages.count(), "it is watched from now on"
        store._archive.pending.update(ids=["dead"], metadatas=[{"at": time.time() + clock + 1}])
        store._writes.sweep()
        assert store._archive.passages.count(), "it moves still"
        store._writes.sweep()
        assert store._archive.passages.count() == store._archive.pending.count() == 0


async def test_a_writer_that_was_taken_for_dead_before_its_commit_is_whole_after_it(
    shared: str, embedder: WordEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a machine that was suspended in the middle of a write."""
    monkeypatch.setattr(retrieval.writes, "_OVER_AFTER", -1.0)
    article = make_article(article_id="a", title="t", text="Drones fly over the river. " * 200)
    with Store.open_server(shared, embedder) as store, Store.open_server(shared, embedder) as other:
        meanwhile = Meanwhile(store._archive.articles, before="upsert", happens=other._writes.sweep)
        store._archive.articles = meanwhile
        await ingest(article, store, embedder)

        [vector] = await embedder.embed(["drones"])
        found = await other.candidates(vector, [], 50)
        assert sorted((one.passage for one in found), key=lambda passage: passage.ordinal) == split(article)
        assert store._archive.passages.count() == len(split(article))
        assert store._archive.pending.count() == 0


async def test_a_sweep_has_everybody_see_what_a_writer_committed_before_it_died(
    shared: str, embedder: WordEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It died before it looked whether others were ahead of its number."""
    monkeypatch.setattr(retrieval.writes, "_OVER_AFTER", -1.0)
    with Store.open_server(shared, embedder) as follower:
        follower._feed._clock = lambda: time.time_ns() + 3600 * 10**9
        await ingest(ARTICLE, follower, embedder)
        await follower.follow()
        await follower.follow()
        with Store.open_server(shared, embedder) as writer:

            def die(_: object) -> None:
                raise RuntimeError("died")

            monkeypatch.setattr(writer._feed, "committed", die)
            writer._feed._seen = 0
            with pytest.raises(RuntimeError, match="died"):
                await ingest(make_article(article_id="b", title="t", text="x"), writer, embedder)
        await follower.follow()
        assert follower._feed.catalogue.record("b") is None

        follower._writes.sweep()
        await follower.follow()

        assert follower._feed.catalogue.record("b")
        assert follower._archive.pending.count() == 0


async def test_an_article_that_another_process_withdraws_while_it_is_written_stays_withdrawn(
    shared: str, embedder: WordEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open_server(shared, embedder) as store, Store.open_server(shared, embedder) as other:
        await ingest(ARTICLE, store, embedder)
        upsert = store._archive.passages.upsert

        def late(**named: object) -> None:
            other._writes.withdraw("a", "It was wrong.")
            upsert(**named)

        monkeypatch.setattr(store._archive.passages, "upsert", late)
        with pytest.raises(ArticleWithdrawn, match="It was wrong"):
            await store.put(await prepared(make_article(article_id="a", title="t", text="drones again")))

        assert isinstance(await store.standing("a"), Withdrawal)
        assert (await other.corpus()).articles == (await store.corpus()).articles == 0
        assert store._archive.passages.count() == store._archive.pending.count() == 0
