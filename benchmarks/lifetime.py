"""What becomes of a corpus over time: taken in, taken in again, corrected, withdrawn; counts, times and memory.

    python benchmarks/lifetime.py [--articles 20000] [--folder FOLDER] [--json]

The articles are the news of this repository, cut to 120 to 260 words, and variations of them (corpus.py); they come as
one file of JSON lines. The embedding model is the built-in one; what it embeds is counted. One search after another is
asked beside each step. It stops with an error where a count is not what it must be, or a text was embedded twice.
"""

import argparse
import asyncio
import json
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from itertools import cycle, islice
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import corpus  # noqa: E402 - the repository is on the path from here on
from retrieval.embedding import Embedder, Role, Vectors  # noqa: E402
from retrieval.gathering import gather  # noqa: E402
from retrieval.ingest import ingest, ingest_all  # noqa: E402
from retrieval.minilm import MiniLM  # noqa: E402
from retrieval.readers import Document  # noqa: E402
from retrieval.search import search  # noqa: E402
from retrieval.store import Store  # noqa: E402
from retrieval.types import Article, Scope, Span  # noqa: E402

_LEAST, _MOST = 120, 260  # words of an article: most news briefs; whole articles would take four times as long
_EACH = 100  # one article of so many is corrected, another one withdrawn
_CORRECTION = "Correction: an earlier version of this report named another day."
_TELL_EVERY = 10.0  # seconds


@dataclass
class Counting:
    """An embedder that counts what it is given, and knows what it was given before."""

    model: Embedder
    name: str = ""
    dimensions: int = 0
    texts: int = 0
    twice: int = 0
    _seen: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Be the model to whoever asks."""
        self.name, self.dimensions = self.model.name, self.model.dimensions

    async def embed(self, texts: Sequence[str], role: Role = "passage") -> Vectors:
        """Embed, and count passages."""
        if role == "passage":
            self._count(texts)
        return await self.model.embed(texts, role)

    async def embed_parts(self, texts: Sequence[str], parts: Sequence[Sequence[Span]]) -> tuple[Vectors, list[Vectors]]:
        """Embed, and count."""
        self._count(texts)
        return await self.model.embed_parts(texts, parts)

    def _count(self, texts: Sequence[str]) -> None:
        self.texts += len(texts)
        hashes = {hash(text) for text in texts}
        self.twice += len(hashes & self._seen)
        self._seen |= hashes


@dataclass(frozen=True)
class Step:
    """One step: what came of it."""

    name: str
    outcomes: dict[str, int]
    seconds: float
    embedded: int
    """Passages."""
    searches: int
    p50_ms: float
    p95_ms: float
    resident_mb: float
    """At its end."""

    def __str__(self) -> str:
        """Give two lines of at most 80 columns."""
        outcomes = ", ".join(f"{count:,} {name}" for name, count in sorted(self.outcomes.items()))
        rate = f", {self.embedded / self.seconds:.0f} a second" if self.embedded else ""
        return (
            f"{self.name:<10} {self.seconds:8.1f} s  {outcomes}\n"
            f"{'':10} {self.embedded:,} passages{rate}; {self.resident_mb:,.0f} MB; "
            f"search p50 {self.p50_ms:.0f} p95 {self.p95_ms:.0f} ms"
        )


def written(articles: Iterator[Article], file: Path, corrected: Callable[[int], bool] = lambda _: False) -> None:
    """Write articles as JSON lines, some of them corrected."""
    with file.open("w", encoding="utf-8") as lines:
        for number, article in enumerate(articles):
            source = article.source
            text = f"{article.text}\n\n{_CORRECTION}" if corrected(number) else article.text
            published = source.published.isoformat() if source.published else None
            fields = {"id": source.article_id, "title": source.title, "text": text, "outlet": source.outlet}
            lines.write(json.dumps({**fields, "published": published}, ensure_ascii=False) + "\n")


def briefs(count: int) -> Iterator[Article]:
    """Give articles of the length of briefs: whole paragraphs, up to a number of words that goes round."""
    for number, article in enumerate(islice(corpus.read(None).articles(), count)):
        wanted = _LEAST + number * 37 % (_MOST - _LEAST)
        kept: list[str] = []
        for paragraph in article.text.split("\n"):
            kept.append(paragraph)
            if sum(len(one.split()) for one in kept) >= wanted:
                break
        yield article.model_copy(update={"text": "\n".join(kept)})


async def live(articles: int, folder: Path) -> list[Step]:
    """Do all steps, one after another, in a new store."""
    file = folder / "articles.jsonl"
    steps: list[Step] = []
    embedder = Counting(MiniLM(None))
    some = articles // _EACH
    written(briefs(articles), file)
    with Store.open_embedded(folder / "store", embedder) as store:
        for name, expected in (("ingest", {"created": articles}), ("again", {"unchanged": articles})):
            async with _step(name, expected, store, embedder, steps) as outcomes:
                await _take_in(file, articles, store, embedder, outcomes)
        written(briefs(articles), file, lambda number: number % _EACH == 0)
        async with _step(
            "corrected", {"replaced": some, "unchanged": articles - some}, store, embedder, steps
        ) as outcomes:
            await _take_in(file, articles, store, embedder, outcomes)
        async with _step("withdrawn", {"withdrawn": some}, store, embedder, steps) as outcomes:
            for number in range(1, articles, _EACH):
                await store.withdraw(f"{number:06}")
                outcomes["withdrawn"] += 1
        async with _step(
            "once more", {"unchanged": articles - some, "skipped": some}, store, embedder, steps
        ) as outcomes:
            await _take_in(file, articles, store, embedder, outcomes)
        if (there := (await store.corpus()).articles) != articles - some:
            raise SystemExit(f"{there:,} articles are there instead of {articles - some:,}")
    return steps


async def _take_in(file: Path, articles: int, store: Store, embedder: Embedder, outcomes: Counter[str]) -> None:
    began = told = time.monotonic()
    gathered = gather([Document(file, "articles")])
    async for one in ingest_all(gathered, lambda article: ingest(article, store, embedder)):
        outcomes[one.outcome or "skipped"] += 1
        done = outcomes.total()
        if done in {articles // 10, articles // 2} or time.monotonic() - told > _TELL_EVERY:
            told = time.monotonic()
            print(f"  {done:,} of {articles:,}: {told - began:.0f} s, {_resident():,.0f} MB", file=sys.stderr)


@asynccontextmanager
async def _step(
    name: str, expected: dict[str, int], store: Store, embedder: Counting, steps: list[Step]
) -> AsyncIterator[Counter[str]]:
    """Count a step's outcomes, with a search a second beside it, and hold them against what they must be."""
    took: list[float] = []

    async def ask() -> None:
        for question in cycle(corpus.read(None).questions):
            began = time.monotonic()
            await search(question, store, embedder, limit=10, scope=Scope())
            took.append(time.monotonic() - began)
            await asyncio.sleep(1)

    outcomes: Counter[str] = Counter()
    began, before = time.monotonic(), embedder.texts
    asking = asyncio.create_task(ask())
    try:
        yield outcomes
    finally:
        seconds = time.monotonic() - began
        asking.cancel()
        [ended] = await asyncio.gather(asking, return_exceptions=True)
    if not isinstance(ended, asyncio.CancelledError):
        raise SystemExit(f"{name}: a search failed: {ended!r}")
    ordered = sorted(took) or [0.0]
    p50, p95 = (ordered[int(len(ordered) * share)] * 1000 for share in (0.5, 0.95))
    step = Step(name, dict(outcomes), seconds, embedder.texts - before, len(took), p50, p95, _resident())
    print(step, flush=True, file=sys.stderr)
    steps.append(step)
    if step.outcomes != expected:
        raise SystemExit(f"{name}: {step.outcomes} instead of {expected}")
    if embedder.twice:
        raise SystemExit(f"{name}: {embedder.twice} texts were embedded twice")


def _resident() -> float:
    """Give this process's memory in MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1e6


def main() -> None:
    """Read the arguments and print the steps."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=20_000)
    parser.add_argument("--folder", type=Path, help="where the store is made; a temporary folder without one")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        steps = asyncio.run(live(arguments.articles, folder))
    if arguments.json:
        print(json.dumps([asdict(step) for step in steps], indent=2))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(f"peak {peak:,.0f} MB", file=sys.stderr)


if __name__ == "__main__":
    main()
