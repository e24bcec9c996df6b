"""A watched folder or file is taken in again when it changes; what it says is said once."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from retrieval.fetching import Fetcher
from retrieval.gathering import Memory
from retrieval.readers import Address
from retrieval.store import Outcome, Store
from retrieval.types import Article
from service import watching
from service.desk import OwnDesk
from service.errors import RemoteError
from service.ingestion import ingest_given
from service.watching import Watch
from tests.fakes import FirstSentence, WordEmbedder

_DEADLINE = 20.0  # seconds


async def until(found: Callable[[], Awaitable[object] | object], what: str) -> None:
    """Wait for a file's change to have come through, which no event tells."""
    deadline = time.monotonic() + _DEADLINE
    while time.monotonic() < deadline:
        value = found()
        if await value if isinstance(value, Awaitable) else value:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"not in {_DEADLINE:.0f} s: {what}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "news"
    (folder / "desk").mkdir(parents=True)
    (folder / "desk" / "drones.md").write_text("India plans to buy 31 drones.")
    return folder


@pytest.fixture
def desk(store: Store, embedder: WordEmbedder) -> OwnDesk:
    return OwnDesk(FirstSentence(store, embedder))


async def text_is(desk: OwnDesk, article_id: str, text: str) -> bool:
    article = await desk.article(article_id)
    return article is not None and article.text == text


@asynccontextmanager
async def watched(
    desk: OwnDesk, *given: Path | Address, as_json: bool = False, every: float = 3600
) -> AsyncIterator[None]:
    """Take in, then watch."""
    memory = Memory()
    async with Fetcher(allowed=["127.0.0.1"]) as fetcher:
        watch = Watch(desk, fetcher, memory, as_json=as_json)
        await ingest_given(given, desk, fetcher, memory)
        going_on = asyncio.create_task(watch.go_on(given, every))
        try:
            yield
        finally:
            going_on.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await going_on


async def test_a_file_that_is_changed_is_taken_in_again(
    desk: OwnDesk, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with watched(desk, folder):
        (folder / "desk" / "drones.md").write_text("India plans to buy 32 drones.")
        await until(lambda: "replaced" in capsys.readouterr().out, "the change is told")

    article = await desk.article("desk/drones")
    assert article
    assert article.text == "India plans to buy 32 drones."


async def test_a_new_file_is_taken_in_and_a_hidden_one_is_not(desk: OwnDesk, folder: Path) -> None:
    async with watched(desk, folder):
        (folder / ".secret.md").write_text("Nothing.")
        (folder / "new").mkdir()
        (folder / "new" / "students.md").write_text("Many students came.")
        await until(lambda: desk.article("new/students"), "it is taken in")

    assert [source.article_id for source in await desk.sources(0, 10)] == ["desk/drones", "new/students"]


async def test_a_file_that_is_watched_alone_may_be_replaced_by_another_of_its_name(desk: OwnDesk, folder: Path) -> None:
    file = folder / "desk" / "drones.md"
    async with watched(desk, file):
        (folder / "desk" / "other.md").write_text("Another article.")
        (folder / "desk" / "drones.md.new").write_text("India plans to buy 33 drones.")
        (folder / "desk" / "drones.md.new").rename(file)
        await until(lambda: text_is(desk, "drones", "India plans to buy 33 drones."), "the change is taken in")

    assert [source.article_id for source in await desk.sources(0, 10)] == ["drones"]


async def test_a_removed_file_is_told_and_its_article_stays(
    desk: OwnDesk, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = ""
    async with watched(desk, folder):
        (folder / "desk" / "later.md").write_text("Later.")
        await until(lambda: desk.article("desk/later"), "it is taken in")
        (folder / "desk" / "drones.md").unlink()

        def told() -> bool:
            nonlocal said
            said += capsys.readouterr().out
            return " removed /" in said

        await until(told, "the removal is told")

    assert "groundwire withdraw desk/drones" in said
    assert await desk.article("desk/drones")


async def test_a_change_made_while_the_first_ingest_ran_is_seen(desk: OwnDesk, folder: Path) -> None:
    memory = Memory()
    async with Fetcher() as fetcher:
        watch = Watch(desk, fetcher, memory, as_json=False)
        await ingest_given([folder], desk, fetcher, memory)
        (folder / "desk" / "between.md").write_text("Between the two.")  # nobody watches yet
        going_on = asyncio.create_task(watch.go_on([folder], 3600))
        await until(lambda: desk.article("desk/between"), "it is taken in")
        going_on.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await going_on


async def test_a_reason_is_told_once_until_it_is_another(
    desk: OwnDesk, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines: list[dict[str, str]] = []

    def outcomes() -> list[str]:
        lines.extend(json.loads(line) for line in capsys.readouterr().out.splitlines())
        return [f"{line['outcome']} {Path(line['name']).name}" for line in lines]

    async with watched(desk, folder, as_json=True):
        (folder / "bad.md").write_text("---\ntitle: x\n")
        await until(lambda: "skipped bad.md" in outcomes(), "the bad file is told")
        (folder / "bad.md").write_text("---\ntitle: y\n")
        (folder / "good.md").write_text("Good.")
        await until(lambda: "created good.md" in outcomes(), "the good file is told")
        (folder / "bad.md").write_text("Good, too.")
        await until(lambda: "created bad.md" in outcomes(), "the mended file is told")

    assert outcomes() == ["skipped bad.md", "created good.md", "created bad.md"]


async def test_a_service_that_is_away_gets_the_change_when_it_is_back(
    desk: OwnDesk, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    away = 0

    class Away(OwnDesk):
        async def put(self, article: Article, *, restore: bool = False) -> Outcome:
            nonlocal away
            if "33" in article.text and away < 2:
                away += 1
                raise RemoteError("The service does not answer")
            return await super().put(article, restore=restore)

    monkeypatch.setattr(watching, "_AGAIN", 0.05)
    said = ""
    async with watched(Away(desk._answering), folder):
        (folder / "desk" / "drones.md").write_text("India plans to buy 33 drones.")

        def told() -> bool:
            nonlocal said
            said += capsys.readouterr().out
            return "replaced" in said

        await until(told, "the change is told")

    assert away == 2
    assert said.count("does not answer") == 1
