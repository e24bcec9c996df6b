"""`kill -9` in the middle of an ingest, many times: every article is whole or absent, and ingesting again completes it.

GROUNDWIRE_CRASHES=100 asks for more kills than the few of every day (`make crash`).
"""

import asyncio
import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from retrieval.ingest import ingest
from retrieval.passages import split
from retrieval.store import Store
from retrieval.types import Article, make_article
from tests.fakes import WordEmbedder
from tests.processes import ROOT, started

CRASHES = int(os.environ.get("GROUNDWIRE_CRASHES", "6"))
ARTICLES = 60
# At most this long after the first article went in; a whole ingest takes about twice that.
LATEST = 1.2  # seconds


def version(number: int, generation: int) -> Article:
    """Make one version of an article, of one to nine passages."""
    words = random.Random(f"{number} {generation}")  # noqa: S311 - the same words every time
    sentences = 12 * (1 + (number * 7 + generation) % 9)
    text = "".join(
        f"Article {number} of generation {generation} has {' and '.join(str(words.random()) for _ in range(3))}. "
        for _ in range(sentences)
    )
    return make_article(article_id=f"article {number}", title=f"Generation {generation}", text=text)


def generation(number: int) -> list[Article]:
    """Make the articles that one ingest brings: each third one as it was, the others replaced, a few new."""
    return [version(one, number - number % 3 if one % 3 == 0 else number) for one in range(ARTICLES + number % 20)]


async def bring(folder: Path, number: int) -> None:
    with Store.open_embedded(folder, WordEmbedder()) as store:
        for article in generation(number):
            await ingest(article, store, WordEmbedder())
            print(".", end="", flush=True)  # noqa: T201 - the test reads it


async def stored(store: Store, known: dict[str, Article]) -> Counter[str]:
    """Check every article of the store against all that were ever brought; tell how many of each kind there are."""
    kinds: Counter[str] = Counter()
    rows = store._archive.passages.get(include=["documents", "metadatas"])
    pieces: dict[str, dict[int, str]] = {}
    for text, row in zip(rows["documents"], rows["metadatas"], strict=True):
        pieces.setdefault(f"{row['article_id']}@{row['version']}", {})[row["ordinal"]] = text
    for source in await store.sources(0, 10_000):
        article = await store.article(source.article_id)
        assert article == known[source.version], "an article is one that was brought, character for character"
        passages = pieces.pop(f"{source.article_id}@{source.version}")
        assert passages == {one.ordinal: one.text for one in split(article)}, "its passages tile it"
        kinds[source.title] += 1
    assert not pieces, "no passage is left of another version, or of an article that is not there"
    assert store._archive.pending.count() == 0
    # What a search finds is of those: nearly all of them, for the index is an approximate one.
    [vector] = await WordEmbedder().embed(["article of generation"], "question")
    found = await store.candidates(vector, [], 10_000)
    assert all(known[one.passage.source.version].source == one.passage.source for one in found)
    assert len(found) > 0.95 * len(rows["ids"])
    return kinds


async def test_after_a_kill_at_any_moment_every_article_is_whole_or_absent(tmp_path: Path) -> None:
    seed = int(os.environ.get("GROUNDWIRE_CRASH_SEED", "0")) or time.time_ns() % 1_000_000
    at_random = random.Random(seed)  # noqa: S311 - when to kill, not a secret
    print(f"GROUNDWIRE_CRASH_SEED={seed}")  # noqa: T201 - shown when it fails
    known: dict[str, Article] = {}
    midway = 0
    for number in range(CRASHES):
        known |= {article.source.version: article for article in generation(number)}
        command: list[str | Path] = [sys.executable, __file__, tmp_path / "store", str(number)]
        with started(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE) as process:
            assert process.stdout
            with process.stdout as out:
                assert out.read(1) == b"."
                try:
                    process.wait(at_random.uniform(0, LATEST))
                except subprocess.TimeoutExpired:
                    process.kill()
                    midway += 1
                process.wait()

        with Store.open_embedded(tmp_path / "store", WordEmbedder()) as store:
            before = await stored(store, known)
            assert before, "what was acknowledged is there"
            if number % 4 == 3:
                # Ingesting again completes it. Otherwise the next one finds what this kill left.
                outcomes = [await ingest(article, store, WordEmbedder()) for article in generation(number)]
                assert "unchanged" in outcomes
                await stored(store, known)
                for article in generation(number):
                    assert await store.article(article.source.article_id) == article
        print(f"{number}: {dict(sorted(before.items()))}")  # noqa: T201 - for whoever asks with -s
    print(f"{midway} of {CRASHES} were killed midway")  # noqa: T201 - the same
    assert midway >= CRASHES // 2


if __name__ == "__main__":
    asyncio.run(bring(Path(sys.argv[1]), int(sys.argv[2])))
