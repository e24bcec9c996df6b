"""A Chroma server that is killed and started again while two processes ask and ingest: nothing is lost or wrong."""

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.store import Store
from retrieval.types import make_article
from tests.fakes import WordEmbedder
from tests.processes import ROOT, chroma_server, free_port, started, until

if TYPE_CHECKING:
    import subprocess

WORKER = """
import asyncio, sys, time
from pathlib import Path
from retrieval.errors import StoreUnavailable
from retrieval.ingest import ingest
from retrieval.lexical import Term
from retrieval.store import Store
from tests.fakes import WordEmbedder
from tests.retrieval.test_chroma_restarts import article

async def main(address, folder, name, stop):
    embedder = WordEmbedder()
    with Store.open_server(address, embedder, folder) as store:
        print("open", flush=True)
        stored = None
        number = 0
        while not stop.exists():
            began = time.monotonic()
            try:
                if await ingest(article(name, number), store, embedder) != "unchanged":
                    print("stored", number, flush=True)
                stored, number = number, number + 1
            except StoreUnavailable as error:
                print("refused", round(time.monotonic() - began, 2), error, flush=True)
                await asyncio.sleep(0.05)
            began = time.monotonic()
            if stored is None:
                continue
            try:
                [vector] = await embedder.embed([f"{name}{stored}"])
                found = await store.candidates(vector, [Term(f"{name}{stored}")], 5)
                right = article(name, stored).source.article_id in {one.passage.source.article_id for one in found}
                print("right" if right else "WRONG", stored, flush=True)
            except StoreUnavailable as error:
                print("unanswered", round(time.monotonic() - began, 2), error, flush=True)

asyncio.run(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], Path(sys.argv[4])))
"""


def article(name: str, number: int):  # type: ignore[no-untyped-def]  # noqa: ANN201 - also the worker's
    """Make an article of several passages; each fifth takes longer to write."""
    sentence = f"The drone {name}{number} flies over the river. "
    return make_article(article_id=f"{name}/{number}", title="t", text=sentence * (400 if number % 5 == 3 else 20))


class Worker:
    """A process that ingests and asks, as far as it has told."""

    def __init__(self, process: "subprocess.Popen[bytes]", out: Path, name: str) -> None:
        """Take what it writes to."""
        self.process, self._out, self.name = process, out, name

    def told_at_all(self) -> list[str]:
        """Give all that it told."""
        told = self._out.read_text(encoding="utf-8")
        assert self.process.poll() in {None, 0}, told
        return told.splitlines()

    def told(self, *what: str) -> list[str]:
        """Give what it told of some kinds."""
        return [line.partition(" ")[2] for line in self.told_at_all() if line.partition(" ")[0] in what]


@contextmanager
def working(address: str, folder: Path, name: str, stop: Path) -> Iterator[Worker]:
    out = folder / f"{name}.out"
    with out.open("wb") as stdout:
        command: list[str | Path] = [sys.executable, "-c", WORKER, address, folder / name, name, stop]
        with started(command, cwd=ROOT, stdout=stdout, stderr=stdout) as process:
            yield Worker(process, out, name)


async def test_what_was_acknowledged_is_there_and_what_cannot_be_answered_fails_fast_and_all_goes_on_by_itself(
    tmp_path: Path,
) -> None:
    port, stop = free_port(), tmp_path / "stop"
    data = tmp_path / "chroma"
    with ExitStack() as workers:
        with chroma_server(data, port=port) as (_, address):
            both = [workers.enter_context(working(address, tmp_path, name, stop)) for name in ("desk", "wire")]
            for one in both:
                until(lambda one=one: "open" in one.told_at_all(), "it opens the store")  # type: ignore[misc]
                until(lambda one=one: len(one.told("right")) >= 3, "it works")  # type: ignore[misc]
        for _ in range(2):  # killed in the middle of whatever they do; the second time at once again
            for one in both:
                until(lambda one=one: one.told("refused", "unanswered"), "it notices")  # type: ignore[misc]
            with chroma_server(data, port=port):
                back = time.monotonic()
                for one in both:
                    before = len(one.told("right", "stored"))
                    until(lambda one=one, before=before: len(one.told("right", "stored")) > before, "it goes on")  # type: ignore[misc]
                assert time.monotonic() - back < 15.0, "less than 3 s where the suite is alone"
        with chroma_server(data, port=port):
            stop.touch()
            for one in both:
                until(lambda one=one: one.process.poll() is not None, "it ends")  # type: ignore[misc]
            with Store.open_server(address, WordEmbedder()) as store:
                for one in both:
                    assert one.told("WRONG") == []
                    seconds = [float(line.split()[0]) for line in one.told("refused", "unanswered")]
                    assert sorted(seconds)[len(seconds) // 2] < 2.0
                    assert max(seconds) < 8.0, "a call that was under way"
                    for number in map(int, one.told("stored")):
                        there = await store.article(f"{one.name}/{number}")
                        assert there
                        assert there.text == article(one.name, number).text
