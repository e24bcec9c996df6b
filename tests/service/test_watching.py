"""A watched folder or file is taken in again when it changes; what it says is said once."""

import asyncio
import contextlib
import json
import shutil
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from retrieval.errors import ModelUnavailable, StoreUnavailable
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
from tests import processes
from tests.fakes import FirstSentence, WordEmbedder
from tests.site_server import Site, page

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


@pytest.mark.parametrize("error", [RemoteError, StoreUnavailable, ModelUnavailable])
async def test_what_is_away_gets_the_change_when_it_is_back(
    desk: OwnDesk,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    error: type[Exception],
) -> None:
    away = 0

    class Away(OwnDesk):
        async def put(self, article: Article, *, restore: bool = False) -> Outcome:
            nonlocal away
            if "33" in article.text and away < 2:
                away += 1
                raise error("It does not answer")
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


async def test_a_correction_that_was_not_stored_is_fetched_again(
    desk: OwnDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = 1

    class Away(OwnDesk):
        async def put(self, article: Article, *, restore: bool = False) -> Outcome:
            nonlocal away
            if "corrected" in article.text and away:
                away -= 1
                raise RemoteError("It does not answer")
            return await super().put(article, restore=restore)

    monkeypatch.setattr(watching, "_AGAIN", 0.05)
    texts = {'"1"': b"The moon is far.", '"2"': b"The moon is near, we corrected."}
    pages = {etag: page(text, content_type="text/markdown", etag=etag) for etag, text in texts.items()}
    async with Site({"/a.md": pages['"1"']}).serving() as site:
        async with watched(Away(desk._answering), Address(site.url("/a.md")), every=0.05):
            site.pages["/a.md"] = pages['"2"']
            [source] = await desk.sources(0, 10)
            await until(lambda: text_is(desk, source.article_id, texts['"2"'].decode()), "the correction is stored")
            await until(lambda: site.asked[-1].headers.get("if-none-match") == '"2"', "it is known")

        known = [one.headers.get("if-none-match") for one in site.asked if one.path == "/a.md"]

    assert away == 0
    assert known.index('"2"') >= 3  # the first, the one that was not stored, and that again


async def test_a_folder_that_is_moved_or_copied_into_a_watched_one_is_taken_in_whole(
    desk: OwnDesk, folder: Path, tmp_path: Path
) -> None:
    for number in range(20):
        (tmp_path / "batch" / f"{number}").mkdir(parents=True)
        for name in "ab":
            (tmp_path / "batch" / f"{number}" / f"{name}.md").write_text(f"Article {number} of {name}.")
    (tmp_path / "batch" / ".hidden.md").write_text("Nothing.")

    async def count(name: str) -> int:
        return sum(source.article_id.startswith(f"{name}/") for source in await desk.sources(0, 500))

    async def all_of(name: str) -> bool:
        return await count(name) == 40

    async with watched(desk, folder):
        (folder / "begun.md").write_text("Begun.")
        await until(lambda: desk.article("begun"), "it is watched")
        for name in ("one", "two", "three"):
            await asyncio.to_thread(shutil.copytree, tmp_path / "batch", folder / name)
            await until(lambda name=name: all_of(name), f"{name} is taken in")  # type: ignore[misc]
        (tmp_path / "batch").rename(folder / "moved")
        await until(lambda: all_of("moved"), "what was moved is taken in")


async def test_a_watched_folder_that_is_gone_is_one_line_and_it_is_watched_when_it_is_back(
    desk: OwnDesk, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "_AGAIN", 0.05)
    said = ""

    def told(what: str) -> bool:
        nonlocal said
        said += capsys.readouterr().out
        return what in said

    async with watched(desk, folder):
        (folder / "begun.md").write_text("Begun.")
        await until(lambda: desk.article("begun"), "it is watched")
        shutil.rmtree(folder)
        await until(lambda: told("no such folder"), "it is told")
        (tmp_path / "other").mkdir()
        (tmp_path / "other" / "back.md").write_text("It is back.")
        (tmp_path / "other").rename(folder)
        await until(lambda: desk.article("back"), "what is there is taken in")
        (folder / "then.md").write_text("It goes on.")
        await until(lambda: desk.article("then"), "it is watched again")

    assert said.count("no such folder") == 1


async def test_a_file_may_be_watched_whose_folder_is_not_there_yet(
    desk: OwnDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "_AGAIN", 0.05)
    async with watched(desk, tmp_path / "later" / "a.md"):
        (tmp_path / "later").mkdir()
        (tmp_path / "later" / "a.md").write_text("It came.")
        await until(lambda: desk.article("a"), "it is taken in")


async def test_a_file_that_was_never_an_article_is_removed_without_a_word(
    desk: OwnDesk, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with watched(desk, folder):
        (folder / "begun.md").write_text("Begun.")
        await until(lambda: desk.article("begun"), "it is watched")
        (folder / "sedX").write_text("India plans to buy 35 drones.")
        (folder / "sedX").rename(folder / "desk" / "drones.md")
        await until(lambda: text_is(desk, "desk/drones", "India plans to buy 35 drones."), "it is taken in")
        (folder / "end.md").write_text("End.")
        await until(lambda: desk.article("end"), "all before it is told")

    assert "removed" not in capsys.readouterr().out


async def test_what_ends_the_watch_is_raised_itself(desk: OwnDesk, folder: Path) -> None:
    class Broken(OwnDesk):
        async def put(self, article: Article, *, restore: bool = False) -> Outcome:  # noqa: ARG002
            raise ZeroDivisionError

    async with Fetcher() as fetcher:
        with pytest.raises(ZeroDivisionError):
            await Watch(Broken(desk._answering), fetcher, Memory(), as_json=False).go_on([folder], 3600)


def test_a_watch_that_holds_the_store_says_so_and_ends_quietly(folder: Path, tmp_path: Path) -> None:
    env = processes.environment(tmp_path / "data")
    command: list[str | Path] = [processes.BIN / "groundwire", "ingest", str(folder), "--watch"]
    out, err = tmp_path / "out", tmp_path / "err"
    with (
        out.open("wb") as stdout,
        err.open("wb") as stderr,
        processes.started(command, env=env, stdout=stdout, stderr=stderr) as process,
    ):
        processes.until(lambda: "1 created" in out.read_text(), "it has taken in what is there")
        shutil.rmtree(folder)
        processes.until(lambda: "no such folder" in out.read_text(), "the folder is told to be gone")
        process.send_signal(signal.SIGINT)

        assert process.wait(timeout=20) == 0

    assert err.read_text().splitlines() == [
        "Nothing else can use the store until Ctrl-C; start `groundwire serve` before this to ask meanwhile."
    ]
