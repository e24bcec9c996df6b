"""Ingest passages a second, and the p50 and p99 of an answer, beside this machine's own matrix multiplication.

    python benchmarks/speed.py [--json]

The corpus is the sample articles. An answer is the whole path in process, without HTTP: search, write, prove, number.
The first time a question is asked the vectors of the sentences it reads are computed; the second time they are there.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import yaml

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from retrieval import readers  # noqa: E402 - the repository is on the path from here on
from retrieval.ingest import ingest  # noqa: E402
from retrieval.minilm import MiniLM  # noqa: E402
from retrieval.passages import split, text_to_embed  # noqa: E402
from retrieval.store import Store  # noqa: E402
from service.answering import Answerer  # noqa: E402
from service.types import Question  # noqa: E402
from service.writers import ExtractiveWriter  # noqa: E402

GFLOP_A_PASSAGE = 4.3  # six layers over some 200 word pieces


def matrix_gflops() -> float:
    """Give the best of a second's float32 products of 512 by 512: other work on the machine can only slow them."""
    left = np.random.default_rng(1).random((512, 512), dtype=np.float32)
    best, began = float("inf"), time.perf_counter()
    while (now := time.perf_counter()) - began < 1:
        left @ left
        best = min(best, time.perf_counter() - now)
    return 2 * 512**3 / best / 1e9


async def measure(folder: Path) -> dict[str, float]:
    """Ingest the sample articles into a new store and ask the fixed questions, each of them twice."""
    embedder = MiniLM()
    await embedder.embed(["warm"])
    articles = [readers.read(file) for file in readers.article_files([ROOT / "seeds" / "articles"])]
    passages = [text_to_embed(passage) for article in articles for passage in split(article)]
    cases = yaml.safe_load((ROOT / "seeds" / "questions.yaml").read_text(encoding="utf-8"))["cases"]
    with Store.open_embedded(folder, embedder) as store:
        began = time.perf_counter()
        for article in articles:
            await ingest(article, store, embedder)
        ingested = time.perf_counter() - began
        began = time.perf_counter()
        await embedder.embed(passages)
        embedded = time.perf_counter() - began

        answerer = Answerer(store, embedder, ExtractiveWriter(embedder))
        rounds: list[list[float]] = []
        for _ in range(2):
            taken = []
            for case in cases:
                began = time.perf_counter()
                await answerer.answer(Question(question=case["question"]))
                taken.append(1000 * (time.perf_counter() - began))
            rounds.append(taken)
    again = statistics.quantiles(rounds[1], n=100)
    return {
        "matrix_gflops": matrix_gflops(),
        "passages": len(passages),
        "ingest_passages_a_second": len(passages) / ingested,
        "embed_passages_a_second": len(passages) / embedded,
        "questions": len(cases),
        "first_time_p50_ms": statistics.median(rounds[0]),
        "answer_p50_ms": again[49],
        "answer_p99_ms": again[98],
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(measure(Path(folder)))
    if arguments.json:
        print(json.dumps(figures, indent=2))
        return
    most = figures["matrix_gflops"] / GFLOP_A_PASSAGE
    print(f"matrix multiplication    {figures['matrix_gflops']:8.0f} GFLOP/s in float32")
    print(f"   which would embed     {most:8.1f} passages of 150 words a second, if all were matrix products")
    print(f"embedding                {figures['embed_passages_a_second']:8.1f} passages a second, of about 100 words")
    ingested = f"{figures['ingest_passages_a_second']:8.1f} passages a second, {figures['passages']:.0f} passages"
    ingested = f"{figures['ingest_passages_a_second']:8.1f} passages a second, {figures['passages']:.0f} passages"
    print(f"ingest                   {ingested}")
    print(f"an answer, first asked   {figures['first_time_p50_ms']:8.1f} ms p50, {figures['questions']:.0f} questions")
    print(f"an answer, asked again   {figures['answer_p50_ms']:8.1f} ms p50, {figures['answer_p99_ms']:.1f} ms p99")


if __name__ == "__main__":
    main()
