"""Two processes over one Chroma server: each sees what the other changes, and never what it replaced."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import IO

import pytest

from retrieval.lexical import Term
from retrieval.store import Store
from retrieval.types import Scope
from tests.fakes import WordEmbedder
from tests.processes import ROOT, until
from tests.retrieval.test_feed import by_words, knows
from tests.retrieval.test_store import long_article, nearest, whole

OTHER = """
import asyncio, sys
from pathlib import Path
from retrieval.store import Store
from tests.fakes import WordEmbedder
from tests.retrieval.test_feed import put
from tests.retrieval.test_store import long_article, prepared

async def work(store):
    for line in sys.stdin:
        command, *rest = line.split()
        if command == "put":
            await put(store, *rest)
        elif command == "withdraw":
            await store.withdraw(*rest)
        elif command == "replace":
            for number in range(int(rest[0])):
                await store.put(await prepared(long_article("drones", number, 3 + number % 3)))
                print(number, flush=True)
        print("done", flush=True)

with Store.open_server(sys.argv[1], WordEmbedder(), Path(sys.argv[2])) as store:
    asyncio.run(work(store))
"""


class Other:
    """Another process that has the store open, and does what it is told."""

    def __init__(self, told: IO[str], says: IO[str]) -> None:
        self._told = told
        self._says = says

    def tell(self, command: str) -> None:
        self._told.write(f"{command}\n")
        self._told.flush()

    def says(self) -> str:
        return self._says.readline().strip()

    def does(self, command: str) -> None:
        self.tell(command)
        assert self.says() == "done"


@contextmanager
def another(address: str, folder: Path) -> Iterator[Other]:
    command: list[str | Path] = [sys.executable, "-c", OTHER, address, folder]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, encoding="utf-8") as process:
        assert process.stdin
        assert process.stdout
        try:
            yield Other(process.stdin, process.stdout)
        finally:
            process.kill()


@pytest.fixture
def store(shared_chroma: str, tmp_path: Path) -> Iterator[Store]:
    with Store.open_server(shared_chroma, WordEmbedder(), tmp_path) as store:
        yield store
        for collection in store._client.list_collections():
            store._client.delete_collection(collection.name)


def test_what_one_changes_the_other_sees_within_two_seconds(store: Store, shared_chroma: str, tmp_path: Path) -> None:
    taken: list[float] = []

    def see(expected: dict[str, set[str]]) -> None:
        changed = time.monotonic()
        until(
            lambda: (
                all(by_words(store, word) == names for word, names in expected.items())
                and set(knows(store)) == set.union(*expected.values())
            ),
            str(expected),
        )
        taken.append(time.monotonic() - changed)

    with another(shared_chroma, tmp_path) as other:
        for command, expected in [
            ("put a drones", {"drones": {"a"}}),
            ("put b drones", {"drones": {"a", "b"}}),
            ("withdraw a", {"drones": {"b"}}),
            ("put b students", {"drones": set(), "students": {"b"}}),
            ("put a drones", {"drones": {"a"}, "students": {"b"}}),
        ]:
            other.does(command)
            see(expected)
    assert median(taken) < 2


async def test_an_article_that_another_process_replaces_in_a_loop_is_found_whole_and_never_in_an_older_version(
    store: Store, shared_chroma: str, tmp_path: Path
) -> None:
    versions = [long_article("drones", number, 3 + number % 3) for number in range(60)]
    committed = 0
    seen: set[int] = set()
    named = Scope(article_ids=("drones", "beside"))

    with another(shared_chroma, tmp_path) as other:
        other.does("put beside drones")
        other.tell("replace 1")
        assert [other.says(), other.says()] == ["0", "done"]
        await store.follow()

        def read() -> None:
            nonlocal committed
            while (said := other.says()) != "done":
                committed = int(said)

        other.tell(f"replace {len(versions)}")
        reading = threading.Thread(target=read)
        reading.start()
        searches = 0
        while reading.is_alive():
            for scope, words in ((Scope(), "river"), (named, "river"), (named, "")):
                before = committed
                found = await nearest(store, "drones of version", 50, scope, terms=[Term(words)])
                ours = [one for one in found if one.passage.source.article_id == "drones"]
                article = whole(ours, *versions)
                number = versions.index(article)
                assert number >= before
                assert (await store.articles([article.source]))["drones"] == article
                seen.add(number)
                searches += 1
    assert len(seen) > 5
    assert searches > len(seen)
    await store.follow()
    found = await nearest(store, "drones of version", 50)
    assert whole([one for one in found if one.passage.source.article_id == "drones"], versions[-1]) == versions[-1]
