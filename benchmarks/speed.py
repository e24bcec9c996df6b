"""How fast groundwire is on this machine, beside its targets and beside the pipeline that one would otherwise write.

    python benchmarks/speed.py [ingest] [search] [answer] [--data FOLDER] [--cache FOLDER] [--quick] [--json]

ingest  words a second, beside LlamaIndex over the same weights and the same articles, turn by turn; and the embedding
        beside what the machine's own matrix multiplication allows
search  p50 and p99 of a search at 1,000, 10,000 and 100,000 passages, and memory. The texts are articles, the vectors
        drawn at random around the articles' own, so that it is the store and the index that are measured
answer  p50 and p99 of a whole extractive answer at 20,000 passages, every question asked for the first time

Without names, all three. The texts are the paragraphs of FOLDER/squad2 and FOLDER/clapnq (corpus.jsonl, queries.jsonl),
or the news of this repository, and variations of them (corpus.py). The stores and LlamaIndex's environment are kept in
the cache folder, for they take many minutes to make; a store is made anew when what it is made by has changed.
Milliseconds differ from day to day and with what else the machine does: compare those of one run.
"""

import argparse
import asyncio
import functools
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from itertools import islice
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import corpus  # noqa: E402 - the repository is on the path from here on
from benchmarks.corpus import Material  # noqa: E402
from benchmarks.llamaindex import LlamaIndex, environment, installed, peak_mb  # noqa: E402
from benchmarks.stores import DrawnVectors, OwnProcess, kept, model, model_folder, tell  # noqa: E402
from retrieval import minilm  # noqa: E402
from retrieval.embedding import Embedder  # noqa: E402
from retrieval.ingest import ingest, ingest_files  # noqa: E402
from retrieval.passages import split  # noqa: E402
from retrieval.readers import document_files  # noqa: E402
from retrieval.search import search  # noqa: E402
from retrieval.store import Store  # noqa: E402
from retrieval.types import Article, Scope  # noqa: E402
from service.answering import PASSAGES_READ, Answerer  # noqa: E402
from service.types import Question  # noqa: E402
from service.writers import ExtractiveWriter  # noqa: E402

WARM_UP = 20  # questions, asked before the clock runs
LEAST_COSINE = 0.99  # of our vectors and torch's, from the same weights: ours may be rounded (retrieval/minilm.py)
MOST_ASKED = 1_000  # questions, so that p99 is of ten


@dataclass(frozen=True)
class Size:
    """How much is done."""

    rounds: int
    articles: int
    """In one round of ingest."""
    searched: tuple[int, ...]
    answered: int
    questions: int
    """Answered."""


FULL = Size(rounds=5, articles=150, searched=(1_000, 10_000, 100_000), answered=20_000, questions=400)
QUICK = Size(rounds=1, articles=30, searched=(1_000, 4_000), answered=1_000, questions=60)


@dataclass(frozen=True)
class Figure:
    """A number, and the target that it has, if any."""

    name: str
    value: float
    unit: str
    at_least: float | None = None
    at_most: float | None = None

    @property
    def met(self) -> bool | None:
        """Tell whether the target is met; None without one."""
        if self.at_least is None and self.at_most is None:
            return None
        return (self.at_least or 0) <= self.value <= (self.at_most or float("inf"))

    def __str__(self) -> str:
        """Give a line of at most 80 columns."""
        target = ""
        if self.met is not None:
            bound = f"≥ {self.at_least:g}" if self.at_least is not None else f"≤ {self.at_most:g}"
            target = f"{bound} {'met' if self.met else 'MISSED'}"
        digits = 4 if not self.unit else next(n for least, n in ((1000, 0), (10, 1), (0, 2)) if self.value >= least)
        number = f"{self.value:,.{digits}f}"
        return f"  {self.name:<40} {number:>9} {self.unit:<10} {target}".rstrip()


# Ingest


def time_ingest(texts: Material, size: Size, cache: Path, *, make: bool) -> Iterator[Figure]:
    """Ingest the same articles with groundwire and with LlamaIndex, turn by turn."""
    articles = islice(texts.articles(), size.rounds * size.articles)
    rounds = [list(islice(articles, size.articles)) for _ in range(size.rounds)]
    peer = cache / "llamaindex"
    ours: list[Ingested] = []
    whole: list[dict[str, float]] = []
    usual: list[dict[str, float]] = []
    cosine = 0.0
    with OwnProcess() as groundwire:
        groundwire(warm_up)
        if make or installed(peer):
            with LlamaIndex(environment(peer), model_folder()) as llamaindex:
                cosine = _least_cosine(llamaindex, rounds[0])
                for some in rounds:
                    pairs = [(one.source.title, one.text) for one in some]
                    ours.append(groundwire(ingest_once, some))
                    whole.append(llamaindex.ingest(pairs, chunk_size=256, chunk_overlap=20))
                    usual.append(llamaindex.ingest(pairs))
        else:
            tell("LlamaIndex is not installed for this yet: without --quick it is, once (2.7 GB on Linux)")
            ours = [groundwire(ingest_once, some) for some in rounds]

    words = [sum(len(one.text.split()) for one in some) for some in rounds]
    rates = [count / one.seconds for count, one in zip(words, ours, strict=True)]
    yield Figure(f"groundwire, {sum(words):,} words", statistics.median(rates), "words/s")
    for name, rows, least in (("256 tokens", whole, 2.0), ("the default 1,024", usual, None)):
        if rows:
            theirs = [count / row["seconds"] for count, row in zip(words, rows, strict=True)]
            yield Figure(f"LlamaIndex, {name}", statistics.median(theirs), "words/s")
            yield Figure("  of its words, read by the model", 100 * rows[0]["read"], "%")
            ratio = statistics.median(our / their for our, their in zip(rates, theirs, strict=True))
            yield Figure("  groundwire is faster by", ratio, "times", at_least=least)
    yield Figure("groundwire's memory", ours[-1].peak_mb, "MB")
    if usual:
        yield Figure("LlamaIndex's memory", usual[-1]["peak_mb"], "MB")
        yield Figure("least cosine of both pipelines' vectors", cosine, "")

    best = max(one.gflops for one in ours)
    rate = statistics.median(one.embedded for one in ours)
    yield Figure("passages embedded alone", rate, "a second")
    yield Figure("  that float32 matmul here would allow", best / ours[0].gflop, "a second")
    yield Figure("  float32 matmul here", best, "GFLOP/s")
    yield Figure("passages ingested", statistics.median(one.passages / one.seconds for one in ours), "a second")


@dataclass(frozen=True)
class Ingested:
    """What a round of ingest took."""

    seconds: float
    passages: int
    embedded: float
    """Passages embedded a second, without anything else."""
    gflop: float
    """That a passage needs."""
    gflops: float
    """That this machine's float32 matrix multiplication did in the same minute."""
    peak_mb: float


def ingest_once(articles: Sequence[Article]) -> Ingested:
    """Ingest articles as files, as `groundwire ingest` does, into a new store; then embed their passages alone."""
    passages = [f"{one.source.title}\n{passage.text}" for one in articles for passage in split(one)]
    with tempfile.TemporaryDirectory() as folder:
        corpus.write(articles, Path(folder) / "articles")
        seconds = ingest_folder(Path(folder) / "articles", Path(folder) / "store", model())
    alone = passages[:200]
    began = time.perf_counter()
    asyncio.run(model().embed(alone))
    embedded = len(alone) / (time.perf_counter() - began)
    return Ingested(seconds, len(passages), embedded, _gflop(alone), _matrix_gflops(), peak_mb())


def ingest_folder(articles: Path, folder: Path, embedder: Embedder) -> float:
    """Ingest a folder of files into the store in another, and give the seconds."""

    async def run() -> float:
        with Store.open_embedded(folder, embedder) as store:
            began = time.perf_counter()
            async for one in ingest_files(document_files([articles]), lambda one: ingest(one, store, embedder)):
                assert one.outcome == "created", one.reason  # noqa: S101 - there is nothing to time otherwise
            return time.perf_counter() - began

    return asyncio.run(run())


def _least_cosine(peer: LlamaIndex, articles: Sequence[Article]) -> float:
    """Make sure that both pipelines run the same model before they are compared."""
    texts = [passage.text for one in articles[:5] for passage in split(one)]
    cosines = (asyncio.run(model().embed(texts)) * np.array(peer.embed(texts))).sum(axis=1)
    if cosines.min() < LEAST_COSINE:
        raise RuntimeError(f"LlamaIndex computes other vectors: their cosines with ours go down to {cosines.min():.4f}")
    return float(cosines.min())


def _gflop(texts: Sequence[str]) -> float:
    """Count the floating-point operations of MiniLM's matrix products for a text, in billions; padding left out."""
    from tokenizers import Tokenizer  # noqa: PLC0415 - as the model itself imports it

    tokenizer = Tokenizer.from_file(str(model_folder() / minilm.TOKENIZER))
    tokenizer.no_padding()
    tokenizer.enable_truncation(minilm.WORD_PIECES)
    lengths = np.array([len(one) for one in tokenizer.encode_batch(list(texts))])
    width = minilm.DIMENSIONS
    # A layer: 4 products of width by width and 2 of width by 4 widths for each word piece, and 2 of all with all.
    layer = lengths * 2 * (4 * width**2 + 2 * 4 * width**2) + 2 * 2 * lengths**2 * width
    return float(minilm.LAYERS * layer.mean() / 1e9)


def _matrix_gflops() -> float:
    """Give the best of a second's float32 products of 512 by 512: other work on the machine can only slow them."""
    left = np.random.default_rng(1).random((512, 512), dtype=np.float32)
    best, began = float("inf"), time.perf_counter()
    while (now := time.perf_counter()) - began < 1:
        left @ left
        best = min(best, time.perf_counter() - now)
    return 2 * 512**3 / best / 1e9


# Search


def time_searches(texts: Material, size: Size, cache: Path) -> Iterator[Figure]:
    """Search stores of growing size, each in a process that has done nothing else."""
    for passages in size.searched:
        folder = kept(texts, passages, cache, drawn=True)
        with OwnProcess() as groundwire:
            found = groundwire(search_all, folder, texts.questions[:MOST_ASKED])
        target = passages == max(FULL.searched)
        at = f"{passages:,} passages"
        yield Figure(f"{at}, p50", found.p50, "ms", at_most=40 if target else None)
        yield Figure(f"{at}, p99", found.p99, "ms", at_most=100 if target else None)
        yield Figure("  of the processor's time", found.cpu, "ms")
        for name, (p50, p99) in found.scoped.items():
            yield Figure(f"  {name}, p50", p50, "ms")
            yield Figure(f"  {name}, p99", p99, "ms")
        yield Figure("  opening the store", found.opened, "s")
        yield Figure("  the first search", found.first, "s")
        yield Figure("  memory", found.peak_mb, "MB")


@dataclass(frozen=True)
class Searched:
    """What searches took, in milliseconds; `opened` and `first`, before which Chroma has read no vector, in seconds."""

    p50: float
    p99: float
    cpu: float
    scoped: dict[str, tuple[float, float]]
    opened: float
    first: float
    peak_mb: float


def search_all(folder: Path, questions: Sequence[str]) -> Searched:
    """Ask the questions of the store in a folder, then a part of them in scopes."""
    embedder = DrawnVectors()

    async def run() -> Searched:
        began = time.perf_counter()
        with Store.open_embedded(folder, embedder) as store:
            opened = time.perf_counter() - began

            async def ask(asked: Sequence[str], scope: Scope) -> list[float]:
                taken: list[float] = []
                for question in asked:
                    began = time.perf_counter()
                    await search(question, store, embedder, limit=PASSAGES_READ, scope=scope)
                    taken.append(1000 * (time.perf_counter() - began))
                return taken

            [first, *_] = await ask(questions[-WARM_UP:], Scope())
            began_cpu = time.process_time()
            taken = await ask(questions, Scope())
            cpu = 1000 * (time.process_time() - began_cpu) / len(questions)
            articles = (await store.corpus()).articles
            tenth = corpus.NEWEST - timedelta(hours=articles // 10)
            scopes = {
                "the last tenth of the days": Scope(after=tenth),
                "the first nine tenths": Scope(before=tenth),
                f"one outlet of {corpus.OUTLETS}": Scope(outlets=("Outlet 7",)),
                "ten articles": Scope(
                    article_ids=tuple(f"{number:06}" for number in range(0, articles, articles // 10))
                ),
            }
            some = questions[: len(questions) // 5]
            scoped = {name: _percentiles(await ask(some, scope)) for name, scope in scopes.items()}
            return Searched(*_percentiles(taken), cpu, scoped, opened, first / 1000, peak_mb())

    return asyncio.run(run())


# Answer


def time_answers(texts: Material, size: Size, cache: Path) -> Iterator[Figure]:
    """Answer questions, each for the first time, in a process that has done nothing else."""
    folder = kept(texts, size.answered, cache, drawn=False)
    with OwnProcess() as groundwire:
        found = groundwire(answer_all, folder, texts.questions[: size.questions + WARM_UP])
    at = f"{size.answered:,} passages"
    yield Figure(f"{at}, p50", found.p50, "ms", at_most=60 if size is FULL else None)
    yield Figure(f"{at}, p99", found.p99, "ms")
    yield Figure("  of the processor's time", found.cpu, "ms")
    for stage, taken in found.stages.items():
        yield Figure(f"  {stage}, p50", taken, "ms")
    yield Figure(f"  answered, of {found.asked} questions", 100 * found.answered, "%")
    yield Figure("  memory", found.peak_mb, "MB")


@dataclass(frozen=True)
class Answered:
    """What answers took, in milliseconds."""

    asked: int
    answered: float
    p50: float
    p99: float
    cpu: float
    stages: dict[str, float]
    peak_mb: float


def answer_all(folder: Path, questions: Sequence[str]) -> Answered:
    """Ask the questions of the store in a folder; the last ones come first, and are not timed."""
    embedder = model()

    async def run() -> Answered:
        with Store.open_embedded(folder, embedder) as store:
            answerer = Answerer(store, embedder, ExtractiveWriter(embedder, embedder.words))
            for question in questions[-WARM_UP:]:
                await answerer.answer(Question(question=question))
            asked = questions[:-WARM_UP]
            taken: list[float] = []
            stages: dict[str, list[float]] = {}
            answered = 0
            began_cpu = time.process_time()
            for question in asked:
                began = time.perf_counter()
                answer = await answerer.answer(Question(question=question))
                taken.append(1000 * (time.perf_counter() - began))
                answered += answer.answered
                for stage, milliseconds in answer.timings_ms.items():
                    stages.setdefault(stage, []).append(milliseconds)
            cpu = 1000 * (time.process_time() - began_cpu) / len(asked)
        medians = {stage: statistics.median(some) for stage, some in stages.items() if stage != "total"}
        return Answered(len(asked), answered / len(asked), *_percentiles(taken), cpu, medians, peak_mb())

    return asyncio.run(run())


# The machine


def warm_up() -> None:
    """Load the model and run it once."""
    asyncio.run(model().embed(["warm"]))


def _percentiles(milliseconds: Sequence[float]) -> tuple[float, float]:
    p50, p99 = np.percentile(milliseconds, [50, 99])
    return float(p50), float(p99)


def main() -> None:
    """Print the figures part by part."""
    cached = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "groundwire-benchmarks"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="part", help="ingest, search, answer")
    parser.add_argument(
        "--data", type=Path, help="a folder with squad2/ and clapnq/; without it, this repository's news"
    )
    parser.add_argument("--cache", type=Path, default=cached, help="where stores and LlamaIndex are kept (%(default)s)")
    parser.add_argument("--quick", action="store_true", help="two minutes' worth: small sizes, which have no targets")
    parser.add_argument("--json", action="store_true", help="figures as JSON instead of lines")
    arguments = parser.parse_args()
    try:
        texts = corpus.read(arguments.data)
    except FileNotFoundError as error:
        parser.error(str(error))
    size = QUICK if arguments.quick else FULL
    arguments.cache.mkdir(parents=True, exist_ok=True)
    parts = {
        "ingest": lambda: time_ingest(texts, size, arguments.cache, make=not arguments.quick),
        "search": lambda: time_searches(texts, size, arguments.cache),
        "answer": lambda: time_answers(texts, size, arguments.cache),
    }
    if unknown := set(arguments.parts) - set(parts):
        parser.error(f"there is no part {', '.join(sorted(unknown))}: {', '.join(parts)}")

    show = functools.partial(print, flush=True) if not arguments.json else tell
    show(f"Texts: {texts.origin}, and variations of them")
    figures = []
    for name in arguments.parts or parts:
        show(f"\n{name}{f' (load average {os.getloadavg()[0]:.1f})' if hasattr(os, 'getloadavg') else ''}")
        for figure in parts[name]():
            figures.append({"part": name, **asdict(figure), "met": figure.met})
            show(str(figure))
    if arguments.json:
        print(json.dumps({"texts": texts.origin, "figures": figures}, indent=2))


if __name__ == "__main__":
    main()
